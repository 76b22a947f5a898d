/*
 * /api/v1/waits, /api/v1/dispositions, /api/v1/machines and /api/v1/status.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "parameters.h"
#include "resources.h"

#define EXPORT_MAX 20000

static void
add_id(struct pav_query *q, cJSON *o, const char *machine, const char *name)
{
    json_add_text(o, "executionId",
                  machine == NULL || name == NULL
                      ? NULL
                      : pav_arena_printf(q->arena, "%s:%s", machine, name));
}

/* ---- waits ---- */

void
waits_get(struct pav_query *q)
{
    struct pav_wait_filter f = {.machine = query_text(q, "machine"),
                                .key = query_text(q, "correlationId"),
                                .state = query_text(q, "state"),
                                .overdue = query_text(q, "overdue") != NULL};
    const char *after = query_text(q, "next");
    struct pav_listed_wait *v;
    cJSON *json, *waits;
    uint32_t count, i;
    bool more;

    if (!query_limit(q, &f.limit))
        return;
    if (f.state != NULL && f.machine == NULL) {
        query_error(q, 400, "state",
                    "a state is a machine's: 'machine' says whose");
        return;
    }
    if (after != NULL) {
        long long id;
        unsigned no;

        if (sscanf(after, "%lld.%u", &id, &no) != 2) {
            query_error(q, 400, "next",
                        "'next' takes the value of 'next' of the page before");
            return;
        }
        f.after_execution = id;
        f.after_no = no;
    }
    count = pav_reader_waits(q->reader, &f, q->arena, &v, &more);
    json = cJSON_CreateObject();
    waits = cJSON_AddArrayToObject(json, "waits");
    for (i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();

        add_id(q, o, v[i].machine, v[i].execution);
        json_add_text(o, "machine", v[i].machine);
        json_add_text(o, "correlationId", v[i].key);
        json_add_text(o, "state", v[i].row.state);
        if (v[i].place > 0)
            cJSON_AddNumberToObject(o, "place", v[i].place);
        json_add_text(o, "eventName", v[i].row.event_name);
        json_add_text(o, "eventPattern", v[i].row.pattern);
        json_add_text(o, "awaits", v[i].row.awaits);
        json_add_time(o, "since", v[i].row.since_at);
        json_add_time(o, "due", v[i].row.due_at);
        json_add_time(o, "overdueSince", v[i].overdue_since);
        cJSON_AddItemToArray(waits, o);
    }
    json_add_text(
        json, "next",
        !more ? NULL
              : pav_arena_printf(q->arena, "%lld.%u",
                                 (long long)v[count - 1].row.execution_id,
                                 v[count - 1].row.no));
    query_json(q, json);
}

/* ---- dispositions ---- */

static const char *
text_of(struct pav_query *q, struct pav_bytes b)
{
    return b.p == NULL ? NULL : pav_arena_strndup(q->arena, b.p, b.len);
}

static bool
read_dispositions_filter(struct pav_query *q, struct pav_disposition_filter *f)
{
    const char *kind = query_text(q, "disposition");
    enum pav_disposition wanted;

    f->event_id = query_text(q, "eventId");
    f->key = query_text(q, "correlationId");
    f->machine = query_text(q, "machine");
    f->source = query_text(q, "source");
    f->detail_type = query_text(q, "detailType");
    f->kind = -1;
    if (!query_time(q, "from", &f->from_at) ||
        !query_time(q, "until", &f->until_at))
        return false;
    if (kind == NULL)
        return true;
    if (!pav_disposition_find(kind, &wanted)) {
        query_error(q, 400, "disposition",
                    "one of started, resumed, parked, duplicate, "
                    "unexpected, late, unmatched, rejected, expired, routed is "
                    "wanted");
        return false;
    }
    f->kind = wanted;
    return true;
}

static cJSON *
disposition_json(struct pav_query *q, const struct pav_disposition_view *d)
{
    cJSON *o = cJSON_CreateObject();

    json_add_text(o, "eventId", text_of(q, d->event_id));
    json_add_text(o, "source", text_of(q, d->source));
    json_add_text(o, "detailType", text_of(q, d->detail_type));
    json_add_text(o, "machine", d->machine);
    json_add_text(o, "correlationId", text_of(q, d->row.key));
    add_id(q, o, d->machine, d->execution);
    json_add_text(o, "disposition", pav_disposition_name(d->row.kind));
    cJSON_AddBoolToObject(o, "early", d->row.early);
    json_add_time(o, "received", d->received_at);
    json_add_time(o, "at", d->row.at);
    json_add_text(o, "detail", d->row.detail);
    return o;
}

/* Quoted as RFC 4180 has it; a text that a table would take for a formula gets
 * an apostrophe in front. */
static void
put_cell(struct pav_buf *b, const char *text)
{
    const char *p;

    pav_buf_putc(b, '"');
    if (text != NULL && *text != '\0' && strchr("=+-@\t\r", *text) != NULL)
        pav_buf_putc(b, '\'');
    for (p = text == NULL ? "" : text; *p != '\0'; p++) {
        if (*p == '"')
            pav_buf_putc(b, '"');
        pav_buf_putc(b, *p);
    }
    pav_buf_putc(b, '"');
}

static void
put_csv(struct pav_query *q, const struct pav_disposition_view *v,
        uint32_t count)
{
    uint32_t i, k;

    q->type = "text/csv; charset=utf-8";
    pav_buf_puts(&q->out, "received,disposition,machine,correlationId,"
                          "executionName,eventId,source,detailType,detail\r\n");
    for (i = 0; i < count; i++) {
        char when[PAV_TIME_LEN];
        const char *cells[] = {pav_time_format(v[i].received_at, when),
                               pav_disposition_name(v[i].row.kind),
                               v[i].machine,
                               text_of(q, v[i].row.key),
                               v[i].execution,
                               text_of(q, v[i].event_id),
                               text_of(q, v[i].source),
                               text_of(q, v[i].detail_type),
                               v[i].row.detail};

        for (k = 0; k < sizeof(cells) / sizeof(cells[0]); k++) {
            if (k > 0)
                pav_buf_putc(&q->out, ',');
            put_cell(&q->out, cells[k]);
        }
        pav_buf_puts(&q->out, "\r\n");
    }
}

static void
put_lines(struct pav_query *q, const struct pav_disposition_view *v,
          uint32_t count)
{
    uint32_t i;

    q->type = "application/x-ndjson";
    for (i = 0; i < count; i++) {
        cJSON *o = disposition_json(q, &v[i]);
        char *text = cJSON_PrintUnformatted(o);

        pav_buf_puts(&q->out, text);
        pav_buf_putc(&q->out, '\n');
        cJSON_free(text);
        cJSON_Delete(o);
    }
}

/* A file, not a page: at most EXPORT_MOST rows; X-Pavane-Next goes into
 * ?next= for those behind them. */
static void export(struct pav_query *q, struct pav_disposition_filter *f,
                   const char *format)
{
    struct pav_disposition_view *v;
    uint32_t count;
    int64_t next;

    if (query_text(q, "limit") == NULL)
        f->limit = EXPORT_MAX;
    count = pav_reader_dispositions(q->reader, f, q->arena, &v, &next);
    if (next != 0)
        q->headers = pav_arena_printf(q->arena, "X-Pavane-Next: %lld\r\n",
                                      (long long)next);
    if (strcmp(format, "csv") == 0)
        put_csv(q, v, count);
    else if (strcmp(format, "jsonl") == 0)
        put_lines(q, v, count);
    else
        query_error(q, 400, "format", "csv or jsonl is expected");
}

void
dispositions_get(struct pav_query *q)
{
    struct pav_disposition_filter f = {.limit = 0};
    const char *format = query_text(q, "format");
    struct pav_disposition_view *v;
    cJSON *json, *list;
    uint32_t count, i;
    int64_t next;

    if (!query_limit(q, &f.limit) || !query_number(q, "next", &f.before) ||
        !read_dispositions_filter(q, &f))
        return;
    if (format != NULL) {
        export(q, &f, format);
        return;
    }
    count = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next);
    json = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(json, "dispositions");
    for (i = 0; i < count; i++)
        cJSON_AddItemToArray(list, disposition_json(q, &v[i]));
    json_add_text(
        json, "next",
        next == 0 ? NULL : pav_arena_printf(q->arena, "%lld", (long long)next));
    query_json(q, json);
}

void
disposition_counts_get(struct pav_query *q)
{
    struct pav_disposition_filter f = {.limit = 0};
    int64_t counts[PAV_DISPOSITIONS];
    cJSON *json, *o;
    int i;

    if (!read_dispositions_filter(q, &f))
        return;
    (void)pav_reader_disposition_counts(q->reader, &f, counts);
    json = cJSON_CreateObject();
    o = cJSON_AddObjectToObject(json, "counts");
    for (i = 0; i < PAV_DISPOSITIONS; i++)
        cJSON_AddNumberToObject(o,
                                pav_disposition_name((enum pav_disposition)i),
                                (double)counts[i]);
    query_json(q, json);
}

/* ---- attributes ---- */

#define VALUES_MAX 1000

/* {"attribute","by","counts":[{"value","by","count"}]} */
void
attribute_counts_get(struct pav_query *q)
{
    const char *name = query_text(q, "attribute"), *by = query_text(q, "by");
    struct pav_attribute_count *v;
    int64_t from = 0, until = 0;
    cJSON *json, *list, *o;
    uint32_t n, i;

    if (name == NULL) {
        query_error(q, 400, "attribute",
                    "attribute is expected: the name of one that a machine's "
                    "\"index\" has");
        return;
    }
    if (!query_time(q, "from", &from) || !query_time(q, "until", &until))
        return;
    n = pav_reader_attribute_counts(q->reader, name, by,
                                    query_text(q, "machine"), from, until,
                                    VALUES_MAX, q->arena, &v);
    json = cJSON_CreateObject();
    json_add_text(json, "attribute", name);
    json_add_text(json, "by", by);
    list = cJSON_AddArrayToObject(json, "counts");
    for (i = 0; i < n; i++) {
        o = cJSON_CreateObject();
        json_add_text(o, "value", v[i].value);
        if (by != NULL)
            json_add_text(o, "by", v[i].by);
        cJSON_AddNumberToObject(o, "count", (double)v[i].count);
        cJSON_AddItemToArray(list, o);
    }
    query_json(q, json);
}

/* ---- machines ---- */

void
machines_get(struct pav_query *q)
{
    struct pav_machine_view *v;
    uint32_t count = pav_reader_machines(q->reader, true, q->arena, &v), i;
    cJSON *json = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(json, "machines");
    int status;

    for (i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON *counts = cJSON_CreateObject();

        json_add_text(o, "machine", v[i].row.name);
        cJSON_AddNumberToObject(o, "version", (double)v[i].row.version);
        cJSON_AddBoolToObject(o, "active", v[i].row.active);
        json_add_text(o, "owner",
                      v[i].row.by_folder || v[i].row.id == 0 ? "folder"
                                                             : "api");
        json_add_time(o, "created", v[i].row.created_at);
        for (status = 0; status < 5; status++)
            cJSON_AddNumberToObject(counts,
                                    pav_status_name((enum pav_status)status),
                                    (double)v[i].counts[status]);
        cJSON_AddItemToObject(o, "executions", counts);
        json_add_text(o, "fault", v[i].fault);
        cJSON_AddItemToArray(list, o);
    }
    query_json(q, json);
}
