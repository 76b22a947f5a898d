/*
 * Alert rules: every two seconds a query thread looks at what they watch, and
 * the engine gets what they found.
 *
 * GET /api/v1/alerts:
 *   {"alerts": [{"name", "watches", "threshold", "machine", "source",
 *                "comment", "raised": [{"group", "says", "count", "machine",
 *                "what", "why", "since", "raised", "page"}]}]}
 */
#include "alerts.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <sys/statvfs.h>

#include "pavane/alerts.h"
#include "pavane/clock.h"
#include "pavane/jobs.h"
#include "parameters.h"
#include "query_job.h"
#include "reply.h"
#include "resources.h"

#define EVERY_US INT64_C(2000000)

static int64_t
free_megabytes(const struct pav_api *api)
{
    struct statvfs s;

    return statvfs(api->config.db, &s) != 0
               ? INT64_MAX
               : (int64_t)((double)s.f_bavail * (double)s.f_frsize / 1048576);
}

/* Rules are few, and mostly none: then there is nothing to compare. */
static bool
any_named(struct pav_query *q, enum pav_name_kind kind)
{
    struct pav_name_row *rows;

    return pav_reader_names(q->reader, kind, 0, "", 1, q->arena, &rows) > 0;
}

static void
look(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_alerts_job *j;

    if (!any_named(q, PAV_NAME_ALERT) && !any_named(q, PAV_NAME_RAISED))
        return;
    j = pav_job_new(&pav_alerts_kind);
    qu->job = &j->job;
    j->pages = pav_arena_strdup(&j->job.arena, qu->api->pages_at);
    j->count = pav_alerts_found(q->reader, q->now_ms, free_megabytes(qu->api),
                                &j->job.arena, &j->found, &j->partial);
}

/* Back on the front.  What the engine has no room for is found again. */
static void
looked(struct pav_api *api, struct query_job *qu)
{
    struct pav_job *j = qu->job;

    if (j == NULL || qu->q.status >= 400)
        return;
    qu->job = NULL;
    if (!pav_engine_submit(api->config.engine, j))
        pav_job_free(j);
}

void
alerts_tick(struct pav_api *api)
{
    int64_t now_us = pav_clock_mono_us();
    struct query_job *qu;

    if (api->alerts.busy || now_us - api->alerts.looked_us < EVERY_US)
        return;
    api->alerts.looked_us = now_us;
    qu = query_job_alone(api, look);
    qu->on = looked;
    qu->busy = &api->alerts.busy;
    /* Among those that may take long: it looks at all that is wrong. */
    api->alerts.busy = pav_queue_push(api->slow, &qu->node);
    if (!api->alerts.busy)
        query_job_free(qu);
}

/* ---- the answer ---- */

/* What was told of the rule, as its event had it. */
static cJSON *
raised_json(const char *rule, const struct pav_name_row *rows, uint32_t n)
{
    cJSON *list = cJSON_CreateArray();
    uint32_t i;

    for (i = 0; i < n; i++) {
        cJSON *x = cJSON_ParseWithLength(rows[i].body.p, rows[i].body.len);
        const cJSON *of = cJSON_GetObjectItemCaseSensitive(x, "alert");

        if (cJSON_IsString(of) && strcmp(of->valuestring, rule) == 0)
            cJSON_AddItemToArray(list, x);
        else
            cJSON_Delete(x);
    }
    return list;
}

void
alerts_get(struct pav_query *q)
{
    struct pav_alert_rule *rules;
    struct pav_name_row *raised;
    uint32_t n = pav_alert_rules(q->reader, q->arena, &rules), i,
             told = pav_reader_names(q->reader, PAV_NAME_RAISED, 0, "",
                                     PAV_RAISED_MAX, q->arena, &raised);
    cJSON *json = cJSON_CreateObject(),
          *list = cJSON_AddArrayToObject(json, "alerts");

    for (i = 0; i < n; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "name", rules[i].name);
        cJSON_AddStringToObject(o, "watches", rules[i].watches);
        cJSON_AddNumberToObject(o, "threshold", (double)rules[i].threshold);
        json_add_text(o, "machine", rules[i].machine);
        json_add_text(o, "source", rules[i].source);
        json_add_text(o, "comment", rules[i].comment);
        cJSON_AddItemToObject(o, "raised",
                              raised_json(rules[i].name, raised, told));
        cJSON_AddItemToArray(list, o);
    }
    query_json(q, json);
}
