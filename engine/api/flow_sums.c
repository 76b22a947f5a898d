/*
 * GET /api/v1/flow?machine&days: how executions of its current version flow,
 * those that ended in so many days, today among them:
 *
 *   {"machine", "version", "ended", "ends": [{"status", ...}],
 *    "states": [{"state", ...}], "ways": [{"way", "status", ...}],
 *    "transitions": [{"from": null at the start, "to": null at the end,
 *                     "caught", "count"}]}
 *
 * "..." being count, sumMs, p50Ms and p95Ms; the last two are right within a
 * fifth.
 */
#include "pavane/flow.h"
#include "pavane/wait_stats.h"
#include "parameters.h"
#include "resources.h"

#define DAY_MS   86400000
#define DAYS     7
#define DAYS_MAX 100

static void
add_times(cJSON *o, const struct pav_flow_row *r)
{
    struct pav_wait_stats times;

    pav_wait_stats_read(&times, r->histogram);
    cJSON_AddNumberToObject(o, "count", (double)r->count);
    cJSON_AddNumberToObject(o, "sumMs", (double)r->sum_ms);
    cJSON_AddNumberToObject(o, "p50Ms",
                            (double)pav_wait_stats_quantile(&times, 0.5));
    cJSON_AddNumberToObject(o, "p95Ms",
                            (double)pav_wait_stats_quantile(&times, 0.95));
}

static void
add_transition(cJSON *list, const struct pav_flow_row *r)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "from", *r->a == '\0' ? NULL : r->a);
    json_add_text(o, "to", *r->b == '\0' ? NULL : r->b);
    cJSON_AddBoolToObject(o, "caught", r->kind == PAV_FLOW_CATCH);
    cJSON_AddNumberToObject(o, "count", (double)r->count);
    cJSON_AddItemToArray(list, o);
}

static void
add_row(cJSON *lists[4], const struct pav_flow_row *r)
{
    cJSON *o;

    if (r->kind == PAV_FLOW_EDGE || r->kind == PAV_FLOW_CATCH) {
        add_transition(lists[2], r);
        return;
    }
    o = cJSON_CreateObject();
    if (r->kind == PAV_FLOW_STATE)
        cJSON_AddStringToObject(o, "state", r->a);
    if (r->kind == PAV_FLOW_WAY)
        cJSON_AddStringToObject(o, "way", r->a);
    if (r->kind != PAV_FLOW_STATE)
        cJSON_AddStringToObject(o, "status", r->b);
    add_times(o, r);
    cJSON_AddItemToArray(lists[r->kind == PAV_FLOW_STATE ? 1
                               : r->kind == PAV_FLOW_WAY ? 3
                                                         : 0],
                         o);
}

void
flow_get(struct pav_query *q)
{
    static const char *const names[] = {"ends", "states", "transitions",
                                        "ways"};
    const char *machine = query_text(q, "machine");
    struct pav_machine_view v;
    struct pav_flow_row *rows;
    cJSON *json, *lists[4];
    int64_t days, today = q->now_ms / DAY_MS, ended = 0;
    uint32_t n, i;

    if (!query_number(q, "days", &days))
        return;
    if (days > DAYS_MAX) {
        query_error(q, 400, "days", "the last 100 days can be asked for");
        return;
    }
    if (machine == NULL ||
        !pav_reader_machine(q->reader, machine, q->arena, &v)) {
        query_error(q, machine == NULL ? 400 : 404, "machine",
                    machine == NULL ? "which machine?"
                                    : "there is no machine of this name");
        return;
    }
    n = pav_reader_flow(q->reader, v.row.version_id,
                        today + 1 - (days == 0 ? DAYS : days), today + 1,
                        q->arena, &rows);
    json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "machine", v.row.name);
    cJSON_AddNumberToObject(json, "version", (double)v.row.version);
    for (i = 0; i < n; i++)
        ended += rows[i].kind == PAV_FLOW_END ? rows[i].count : 0;
    cJSON_AddNumberToObject(json, "ended", (double)ended);
    for (i = 0; i < 4; i++)
        lists[i] = cJSON_AddArrayToObject(json, names[i]);
    for (i = 0; i < n; i++)
        add_row(lists, &rows[i]);
    query_json(q, json);
}
