/*
 * Who sends what, and who owes what:
 *
 *   GET /api/v1/producers?hours
 *     {"producers": [{"source", "events", "outcomes": {"started": N, ...},
 *                     "first", "last"}],
 *      "debts": [{"source", "machine", "state", "awaits", "count",
 *                 "overdue", "oldestOverdue"}]}
 *   GET /api/v1/deviations?hours&source&machine&disposition&limit
 *     {"deviations": [{"source", "detailType", "disposition", "machine",
 *                      "reason", "count", "of", "first", "last"}]}
 *
 * Counted by whole hours, those of the last 24 unless `hours` says more.
 */
#include "pavane/attention.h"
#include "pavane/insight.h"
#include "pavane/ledger.h"
#include "parameters.h"
#include "resources.h"

#define HOUR_MS   3600000
#define HOURS     24
#define HOURS_MAX 2400

/* "hours" as the time from which on; false after query_error(). */
static bool
read_from(struct pav_query *q, int64_t *from_ms)
{
    int64_t hours;

    if (!query_number(q, "hours", &hours))
        return false;
    if (hours > HOURS_MAX) {
        query_error(q, 400, "hours", "the last 2,400 hours can be asked for");
        return false;
    }
    *from_ms = q->now_ms - (hours == 0 ? HOURS : hours) * HOUR_MS;
    return true;
}

static cJSON *
producer_json(const struct pav_producer *p)
{
    cJSON *o = cJSON_CreateObject(), *outcomes;
    int k;

    cJSON_AddStringToObject(o, "source", p->source);
    cJSON_AddNumberToObject(o, "events", (double)p->events);
    outcomes = cJSON_AddObjectToObject(o, "outcomes");
    for (k = 0; k < PAV_DISPOSITIONS; k++)
        if (p->outcomes[k] > 0)
            cJSON_AddNumberToObject(
                outcomes, pav_disposition_name((enum pav_disposition)k),
                (double)p->outcomes[k]);
    json_add_time(o, "first", p->first_at);
    json_add_time(o, "last", p->last_at);
    return o;
}

static cJSON *
debt_json(const struct pav_debt *d)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "source", d->from);
    cJSON_AddStringToObject(o, "machine", d->machine);
    cJSON_AddStringToObject(o, "state", d->state);
    json_add_text(o, "awaits", d->awaits);
    cJSON_AddNumberToObject(o, "count", (double)d->count);
    cJSON_AddNumberToObject(o, "overdue", (double)d->overdue);
    json_add_time(o, "oldestOverdue", d->overdue_at);
    return o;
}

void
producers_get(struct pav_query *q)
{
    struct pav_producer *v;
    struct pav_debt *debts;
    cJSON *json, *list;
    uint32_t n, i;
    int64_t from;

    if (!read_from(q, &from))
        return;
    json = cJSON_CreateObject();
    n = pav_reader_producers(q->reader, from, q->now_ms, PAGE_MAX, q->arena,
                             &v);
    list = cJSON_AddArrayToObject(json, "producers");
    for (i = 0; i < n; i++)
        cJSON_AddItemToArray(list, producer_json(&v[i]));
    n = pav_debts(q->reader, q->now_ms, q->arena, &debts);
    list = cJSON_AddArrayToObject(json, "debts");
    for (i = 0; i < n; i++)
        cJSON_AddItemToArray(list, debt_json(&debts[i]));
    query_json(q, json);
}

static cJSON *
deviation_json(struct pav_query *q, const struct pav_deviation *d)
{
    const char *group = pav_attention_of_events(d->kind, d->machine, d->source,
                                                d->type, d->reason, q->arena);
    const struct pav_mark *mark =
        pav_reader_mark(q->reader, group, q->now_ms, q->arena);
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "source", d->source);
    cJSON_AddStringToObject(o, "detailType", d->type);
    cJSON_AddStringToObject(o, "disposition", pav_disposition_name(d->kind));
    json_add_text(o, "machine", d->machine);
    cJSON_AddStringToObject(o, "reason", d->reason);
    cJSON_AddNumberToObject(o, "count", (double)d->count);
    cJSON_AddNumberToObject(o, "of", (double)d->of);
    json_add_time(o, "first", d->first_at);
    json_add_time(o, "last", d->last_at);
    cJSON_AddStringToObject(o, "group", group);
    json_add_text(o, "as", mark == NULL ? NULL : mark->as);
    json_add_text(o, "muted", mark == NULL ? NULL : mark->reason);
    return o;
}

void
deviations_get(struct pav_query *q)
{
    struct pav_deviation_filter f = {.kind = -1, .now_ms = q->now_ms};
    const char *kind = query_text(q, "disposition");
    struct pav_deviation *v;
    enum pav_disposition d;
    cJSON *json, *list;
    uint32_t n, i;

    if (!read_from(q, &f.from_ms) || !query_limit(q, &f.limit))
        return;
    if (kind != NULL && !pav_disposition_find(kind, &d)) {
        query_error(q, 400, "disposition", "there is no such disposition");
        return;
    }
    if (kind != NULL)
        f.kind = (int)d;
    f.source = query_text(q, "source");
    f.machine = query_text(q, "machine");
    n = pav_reader_deviations(q->reader, &f, q->arena, &v);
    json = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(json, "deviations");
    for (i = 0; i < n; i++)
        cJSON_AddItemToArray(list, deviation_json(q, &v[i]));
    query_json(q, json);
}
