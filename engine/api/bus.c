/*
 * What the bus can be asked: /api/v1/dead-letters, /api/v1/wait-times,
 * /api/v1/archives/NAME/events and /api/v1/schemas/discover.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/wait_stats.h"
#include "pavane/schema.h"
#include "log_files.h"
#include "parameters.h"
#include "query_job.h"
#include "resources.h"

static void
answer(struct pav_query *q, struct pav_members *m)
{
    pav_doc_print(pav_members_object(m), &q->out);
    pav_buf_putc(&q->out, '\n');
}

static void
put_next(struct pav_query *q, struct pav_members *m, int64_t next)
{
    if (next == 0)
        pav_members_puts(m, "next", &pav_doc_null);
    else
        pav_members_str(m, "next",
                        pav_arena_printf(q->arena, "%lld", (long long)next));
}

/* What both lists of deliveries begin with. */
static void
delivery_begin(struct pav_query *q, struct pav_members *m,
               const struct pav_delivery_row *row)
{
    pav_members_init(m, q->arena);
    pav_members_str(m, "id",
                    pav_arena_printf(q->arena, "%lld", (long long)row->id));
    pav_members_str(m, "ruleArn", row->rule_arn);
    pav_members_str(m, "targetArn", row->target_arn);
    pav_members_str(m, "targetId", row->target_id);
}

/* ---- dead letters ---- */

static const struct pav_doc *
letter(struct pav_query *q, const struct pav_delivery_row *row)
{
    struct pav_arena *a = q->arena;
    struct pav_members m;

    delivery_begin(q, &m, row);
    pav_members_str(&m, "errorCode", row->error_code);
    pav_members_str(&m, "errorMessage", row->error_message);
    pav_members_str(&m, "exhaustedRetryCondition", row->condition);
    pav_members_int(&m, "retryAttempts",
                    row->attempts > 0 ? row->attempts - 1 : 0);
    pav_members_time(&m, "created", row->created_at);
    pav_members_puts(&m, "body",
                     pav_doc_new_str(a, row->body.p, row->body.len));
    return pav_members_object(&m);
}

/* ---- open deliveries ---- */

static void
put_text(struct pav_members *m, const char *key, const char *text)
{
    if (text == NULL)
        pav_members_puts(m, key, &pav_doc_null);
    else
        pav_members_str(m, key, text);
}

static const struct pav_doc *
delivery(struct pav_query *q, const struct pav_delivery_row *row)
{
    struct pav_members m;

    delivery_begin(q, &m, row);
    pav_members_int(&m, "attempts", row->attempts);
    put_text(&m, "lastErrorCode", row->error_code);
    put_text(&m, "lastErrorMessage", row->error_message);
    pav_members_time(&m, "created", row->created_at);
    if (row->due_at == PAV_DELIVERY_BLOCKED)
        pav_members_puts(&m, "due", &pav_doc_null);
    else
        pav_members_time(&m, "due", row->due_at);
    pav_members_str(&m, "status",
                    row->due_at == PAV_DELIVERY_BLOCKED ? "waiting"
                    : row->lease > 0                    ? "sent"
                                                        : "due");
    return pav_members_object(&m);
}

static void
delivery_page(
    struct pav_query *q, const char *key,
    uint32_t (*read)(struct pav_reader *r, int64_t after, uint32_t limit,
                     struct pav_arena *a, struct pav_delivery_row **out),
    const struct pav_doc *(*entry)(struct pav_query *q,
                                   const struct pav_delivery_row *row))
{
    struct pav_delivery_row *rows;
    struct pav_items list;
    struct pav_members m;
    uint32_t limit, count, i;
    int64_t after;

    if (!query_limit(q, &limit) || !query_number(q, "next", &after))
        return;
    count = read(q->reader, after, limit + 1, q->arena, &rows);
    pav_items_init(&list, q->arena);
    for (i = 0; i < count && i < limit; i++)
        pav_items_add(&list, entry(q, &rows[i]));
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, key, pav_items_array(&list));
    put_next(q, &m, count > limit ? rows[limit - 1].id : 0);
    answer(q, &m);
}

void
dead_letters_get(struct pav_query *q)
{
    delivery_page(q, "deadLetters", pav_reader_dead_letters, letter);
}

void
deliveries_get(struct pav_query *q)
{
    delivery_page(q, "deliveries", pav_reader_deliveries, delivery);
}

void
log_groups_get(struct pav_query *q)
{
    const struct pav_api *api = query_job_of(q)->api;
    const char *data = pav_api_settings(api)->data;
    struct log_size *v;
    uint32_t n = data == NULL ? 0 : log_sizes(q->arena, data, &v), i;
    struct pav_items list;
    struct pav_members m;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        pav_members_init(&m, q->arena);
        pav_members_str(&m, "name", v[i].name);
        pav_members_int(&m, "bytes", v[i].bytes);
        pav_members_int(&m, "files", v[i].files);
        if (v[i].files > 0)
            pav_members_str(&m, "oldestDay", v[i].oldest);
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "logGroups", pav_items_array(&list));
    answer(q, &m);
}

/* ---- how long waits take ---- */

void
wait_times_get(struct pav_query *q)
{
    struct pav_wait_time *v;
    uint32_t count = pav_reader_wait_times(q->reader, query_text(q, "machine"),
                                           q->arena, &v),
             i;
    struct pav_items list;
    struct pav_members m;

    pav_items_init(&list, q->arena);
    for (i = 0; i < count; i++) {
        struct pav_wait_stats l;

        pav_wait_stats_read(&l, v[i].histogram);
        pav_members_init(&m, q->arena);
        pav_members_str(&m, "machine", v[i].machine);
        pav_members_str(&m, "state", v[i].state);
        pav_members_int(&m, "count", (int64_t)pav_wait_stats_count(&l));
        pav_members_int(&m, "p50Ms", pav_wait_stats_quantile(&l, 0.5));
        pav_members_int(&m, "p95Ms", pav_wait_stats_quantile(&l, 0.95));
        pav_members_int(&m, "p99Ms", pav_wait_stats_quantile(&l, 0.99));
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "waitTimes", pav_items_array(&list));
    answer(q, &m);
}

/* ---- archived events ---- */

/* As their producers sent them, in the order of a replay. */
void
archives_get(struct pav_query *q)
{
    const char *rest = q->path + strlen("/api/v1/archives");
    const char *next = query_text(q, "next");
    struct pav_archived after = {INT64_MIN, 0};
    struct pav_event_row *rows;
    struct pav_archived last;
    uint32_t limit, count, i;
    char *name;
    size_t len;

    name = pav_arena_strdup(q->arena, *rest == '/' ? rest + 1 : rest);
    len = strlen(name);
    if (len < 8 || strcmp(name + len - 7, "/events") != 0) {
        query_error(q, 404, q->path, "/api/v1/archives/NAME/events is there");
        return;
    }
    name[len - 7] = '\0';
    if (!query_limit(q, &limit))
        return;
    if (next != NULL) {
        long long at, id;

        if (sscanf(next, "%lld.%lld", &at, &id) != 2) {
            query_error(q, 400, "next",
                        "'next' takes the value of 'next' of the page before");
            return;
        }
        after.at = at;
        after.event_id = id;
    }
    if (!pav_reader_archive(q->reader, name, after, limit, q->arena, &rows,
                            &count, &last)) {
        query_error(q, 404, name, "there is no such archive");
        return;
    }
    pav_buf_puts(&q->out, "{\"events\":[");
    for (i = 0; i < count; i++) {
        pav_buf_puts(&q->out, i > 0 ? ",\n{\"id\":" : "\n{\"id\":");
        pav_buf_json(&q->out, rows[i].event_id.p, rows[i].event_id.len);
        pav_buf_printf(&q->out, ",\"at\":%lld", (long long)rows[i].received_at);
        if (rows[i].account != NULL) /* stamped, whatever the event says */
            pav_buf_printf(&q->out, ",\"account\":\"%s\"", rows[i].account);
        pav_buf_puts(&q->out, ",\"event\":");
        pav_buf_put(&q->out, rows[i].body.p, rows[i].body.len);
        pav_buf_putc(&q->out, '}');
    }
    if (count == limit)
        pav_buf_printf(&q->out, "],\"next\":\"%lld.%lld\"}\n",
                       (long long)last.at, (long long)last.event_id);
    else
        pav_buf_puts(&q->out, "],\"next\":null}\n");
}

/* ---- discovery ---- */

#define SAMPLES      1000
#define SAMPLES_SIZE (8 << 20) /* bytes; their trees take many times that */

/* Whose events they are, each once. */
static void
add_account(struct pav_items *accounts, const struct pav_doc *account)
{
    uint32_t i;

    for (i = 0; i < accounts->count; i++)
        if (pav_doc_equal(&accounts->v[i], account))
            return;
    pav_items_add(accounts, account);
}

void
discover_get(struct pav_query *q)
{
    struct pav_discovery *d = pav_discovery_new();
    struct pav_items accounts;
    const char *source = query_text(q, "source");
    const char *type = query_text(q, "detailType");
    struct pav_event_row *rows;
    struct pav_members m;
    uint32_t count, i;
    int64_t seen = 0;
    size_t size = 0;

    if (source == NULL || type == NULL) {
        pav_discovery_free(d);
        query_error(q, 400, "source", "source and detailType are expected");
        return;
    }
    pav_items_init(&accounts, q->arena);
    count =
        pav_reader_events_of(q->reader, source, type, SAMPLES, q->arena, &rows);
    for (i = 0; i < count && size < SAMPLES_SIZE; i++) {
        struct pav_envelope_defaults defaults = {
            .region = q->region,
            .account = rows[i].account == NULL ? q->account : rows[i].account,
            .fresh_id = "x",
            .stamps = rows[i].account != NULL};
        struct pav_envelope e;
        const struct pav_doc *event;

        size += rows[i].body.len;
        if (pav_envelope_read_any(rows[i].body.p, rows[i].body.len, &defaults,
                                  q->arena, &e, NULL) != PAV_OK ||
            pav_doc_parse(q->arena, e.text.p, e.text.len, NULL, &event, NULL) !=
                PAV_OK)
            continue;
        pav_discovery_add(d, pav_doc_get(event, "detail"));
        add_account(&accounts, pav_doc_get(event, "account"));
        seen++;
    }
    pav_members_init(&m, q->arena);
    pav_members_str(&m, "source", source);
    pav_members_str(&m, "detailType", type);
    pav_members_int(&m, "samples", seen);
    pav_members_puts(&m, "accounts", pav_items_array(&accounts));
    pav_members_puts(&m, "schema", pav_discovery_schema(d, q->arena));
    pav_discovery_free(d);
    answer(q, &m);
}
