/*
 * /api/v1/executions: what AWS has no name for, or pages need.
 *
 *   GET /api/v1/executions?correlationId&machine&status&state&limit&next, and
 *       &startedFrom&startedUntil&eventType&attribute=NAME:VALUE
 *   GET /api/v1/executions/MACHINE:NAME
 *   GET /api/v1/executions/MACHINE:NAME/history?limit&from&next
 */
#include <stdio.h>
#include <string.h>

#include "pavane/journal.h"
#include "pavane/text.h"
#include "aws/aws.h"
#include "parameters.h"
#include "resources.h"

#define PREFIX        "/api/v1/executions"
#define HISTORY_BYTES (4u << 20) /* a page of a history ends there */

static void
put_time(struct pav_buf *b, const char *key, int64_t ms)
{
    char when[PAV_TIME_LEN];

    if (ms == 0)
        pav_buf_printf(b, ",\"%s\":null", key);
    else
        pav_buf_printf(b, ",\"%s\":\"%s\"", key, pav_time_format(ms, when));
}

static void
put_execution(const struct pav_execution_view *x, struct pav_buf *b)
{
    pav_buf_puts(b, "{\"executionId\":\"");
    pav_buf_json_inner(b, x->machine, strlen(x->machine));
    pav_buf_putc(b, ':');
    pav_buf_json_inner(b, x->row.name, strlen(x->row.name));
    pav_buf_puts(b, "\",\"machine\":");
    pav_buf_jsons(b, x->machine);
    pav_buf_printf(
        b, ",\"version\":%lld,\"correlationId\":", (long long)x->version);
    if (x->row.key == NULL)
        pav_buf_puts(b, "null");
    else
        pav_buf_jsons(b, x->row.key);
    pav_buf_printf(b, ",\"status\":\"%s\"",
                   pav_status_name((enum pav_status)x->row.status));
    put_time(b, "startDate", x->row.started_at);
    put_time(b, "stopDate", x->row.stopped_at);
    pav_buf_puts(b, ",\"currentStates\":");
    pav_buf_puts(b, x->row.states);
    pav_buf_puts(b, ",\"attributes\":");
    pav_buf_puts(b, x->attributes);
    pav_buf_putc(b, '}');
}

static void
put_text(struct pav_buf *b, const char *key, const struct pav_doc *text)
{
    pav_buf_printf(b, ",\"%s\":", key);
    if (text == NULL)
        pav_buf_puts(b, "null");
    else
        pav_doc_print(text, b);
}

/* One execution: also how it ended, which its last event says. */
static void
one(struct pav_query *q, const struct pav_execution_view *x)
{
    struct pav_history_event e;

    (void)read_end(q, x, &e);
    put_execution(x, &q->out);
    q->out.len--; /* its last brace */
    put_text(&q->out, "output",
             x->row.status == PAV_SUCCEEDED ? e.payload : NULL);
    put_text(&q->out, "error", e.error);
    put_text(&q->out, "cause", e.cause);
    pav_buf_puts(&q->out, "}\n");
}

/* attribute=NAME:VALUE, of rules.json's "index". */
static bool
read_attribute(struct pav_query *q, struct pav_execution_filter *f)
{
    const char *text = query_text(q, "attribute"), *colon;

    if (text == NULL)
        return true;
    colon = strchr(text, ':');
    if (colon == NULL) {
        query_error(
            q, 400, "attribute",
            "NAME:VALUE is expected, a name of \"index\" in rules.json");
        return false;
    }
    f->attribute = pav_arena_strndup(q->arena, text, (size_t)(colon - text));
    f->value = colon + 1;
    return true;
}

static void
list(struct pav_query *q)
{
    struct pav_execution_filter f = {.status = -1};
    struct pav_execution_view *v;
    const char *status = query_text(q, "status");
    enum pav_status wanted;
    uint32_t count, i;
    int64_t next;

    f.key = query_text(q, "correlationId");
    f.machine = query_text(q, "machine");
    f.state = query_text(q, "state");
    f.event_type = query_text(q, "eventType");
    f.exclude_map_children = query_text(q, "children") == NULL;
    if (!query_limit(q, &f.limit) || !query_number(q, "next", &f.before) ||
        !query_time(q, "startedFrom", &f.started_from) ||
        !query_time(q, "startedUntil", &f.started_until) ||
        !read_attribute(q, &f))
        return;
    if (status != NULL) {
        if (!pav_status_find(status, &wanted)) {
            query_error(q, 400, "status",
                        "one of RUNNING, SUCCEEDED, FAILED, TIMED_OUT, "
                        "ABORTED is expected");
            return;
        }
        f.status = wanted;
    }
    count = pav_reader_executions(q->reader, &f, q->arena, &v, &next);
    pav_buf_puts(&q->out, "{\"executions\":[");
    for (i = 0; i < count; i++) {
        if (i > 0)
            pav_buf_putc(&q->out, ',');
        put_execution(&v[i], &q->out);
    }
    if (next == 0)
        pav_buf_puts(&q->out, "],\"next\":null}\n");
    else
        pav_buf_printf(&q->out, "],\"next\":\"%lld\"}\n", (long long)next);
}

static void
history(struct pav_query *q, const struct pav_execution_view *x)
{
    struct pav_step_row *steps;
    uint32_t count, i, limit;
    int64_t from, next, first = 1, sent = 0, last = 0;

    if (!query_limit(q, &limit) || !query_number(q, "from", &from) ||
        !query_number(q, "next", &next))
        return;
    if (query_text(q, "limit") == NULL)
        limit = PAGE_MAX;
    if (from > 0 || next > 0)
        first = next > 0 ? next : from;
    count = pav_reader_steps(q->reader, x->row.last_step, first, limit,
                             q->arena, &steps);
    pav_buf_puts(&q->out, "{\"events\":[");
    for (i = 0; i < count; i++) {
        struct pav_record *record =
            pav_reader_record(q->reader, &steps[i], q->arena);
        char when[PAV_TIME_LEN], quoted[PAV_TIME_LEN + 2];
        uint32_t j;

        snprintf(quoted, sizeof(quoted), "\"%s\"",
                 pav_time_format(steps[i].at, when));
        for (j = 0; j < steps[i].event_count; j++) {
            int64_t id = steps[i].first_event + j;
            struct pav_history_event e;

            if (id < first || sent == limit || q->out.len > HISTORY_BYTES)
                continue;
            pav_history_event(record, j, steps[i].first_event, q->arena, &e);
            if (sent++ > 0)
                pav_buf_putc(&q->out, ',');
            pav_history_print(&e, quoted, "", q->region, true, &q->out);
            last = id;
        }
    }
    if (last > 0 && last + 1 < x->row.next_event)
        pav_buf_printf(&q->out, "],\"next\":\"%lld\"}\n", (long long)last + 1);
    else
        pav_buf_puts(&q->out, "],\"next\":null}\n");
}

void
executions_get(struct pav_query *q)
{
    const char *rest = q->path + strlen(PREFIX);
    struct pav_execution_view x;
    char *id, *colon, *tail;

    if (*rest == '\0' || strcmp(rest, "/") == 0) {
        list(q);
        return;
    }
    id = pav_arena_strdup(q->arena, rest + 1);
    colon = strchr(id, ':');
    tail = strchr(id, '/');
    if (tail != NULL)
        *tail++ = '\0';
    if (colon != NULL)
        *colon++ = '\0';
    if (colon == NULL ||
        !pav_reader_execution(q->reader, id, colon, q->arena, &x)) {
        query_error(q, 404, rest + 1,
                    "there is no such execution; an id is MACHINE:NAME");
        return;
    }
    if (tail == NULL) {
        one(q, &x);
    } else if (strcmp(tail, "history") == 0) {
        history(q, &x);
    } else {
        query_error(q, 404, q->path, "an execution has /history");
    }
}
