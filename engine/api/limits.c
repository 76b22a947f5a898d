/*
 * GET /api/v1/limits: what is bounded, by how much, and how much of it is used.
 *
 *   {"limits": [{"name", "what", "max", "used": number or null,
 *                "setting": what raises it, or null}]}
 *
 * `used` is null where the limit is one of each thing, as an event's bytes.
 * /metrics has those with a use: pavane_limit_used, pavane_limit_max.
 */
#include <string.h>

#include "pavane/rules.h"
#include "pavane/step.h"
#include "doors.h"
#include "front.h"
#include "limits.h"
#include "streams.h"

struct listing {
    struct pav_arena *a;
    struct pav_items *out;
};

static void
add(struct listing *l, const char *name, const char *what, int64_t max,
    int64_t used, const char *setting)
{
    struct pav_members m;

    pav_members_init(&m, l->a);
    pav_members_str(&m, "name", name);
    pav_members_str(&m, "what", what);
    pav_members_int(&m, "max", max);
    if (used < 0)
        pav_members_puts(&m, "used", &pav_doc_null);
    else
        pav_members_int(&m, "used", used);
    pav_members_puts(&m, "setting",
                     setting == NULL ? &pav_doc_null
                                     : pav_doc_new_cstr(l->a, setting));
    pav_items_add(l->out, pav_members_object(&m));
}

/* Executions of the machines that have policies.maxOpen. */
static void
add_machines(struct listing *l, struct pav_reader *reader)
{
    struct pav_machine_view *v, one;
    uint32_t n = pav_reader_machines(reader, true, l->a, &v), i;

    for (i = 0; i < n; i++) {
        const struct pav_doc *rules;
        int64_t max;

        if (v[i].row.id == 0 ||
            !pav_reader_machine(reader, v[i].row.name, l->a, &one) ||
            pav_doc_parse(l->a, one.row.rules.p, one.row.rules.len, NULL,
                          &rules, NULL) != PAV_OK)
            continue;
        max = pav_doc_member_int(pav_doc_get(rules, "policies"), "maxOpen");
        if (max > 0)
            add(l, pav_arena_printf(l->a, "executions of %s", v[i].row.name),
                "executions of the machine that are open at once", max,
                v[i].counts[PAV_RUNNING], "policies.maxOpen of its rules.json");
    }
}

void
limits_list(const struct query_job *qu, struct pav_reader *reader,
            struct pav_items *out)
{
    static const struct {
        const char *name, *what;
        int64_t max;
    } fixed[] = {{"bytes of an event", "its JSON text", PAV_PAYLOAD_MAX},
                 {"bytes of an input or output", "of a state or an execution",
                  PAV_PAYLOAD_MAX},
                 {"bytes of a definition", "of a machine", PAV_DEFINITION_MAX},
                 {"events of a POST", "to /events", 10000},
                 {"entries of PutEvents", "of one call", 10},
                 {"targets of a rule", "of PutTargets", 5},
                 {"tags", "of one thing", 50},
                 {"items of a queried table",
                  "of a local one; a scan has pages", 10000}};
    struct listing l = {.a = (struct pav_arena *)(uintptr_t)&qu->arena,
                        .out = out};
    const struct pav_engine_config *set =
        pav_engine_settings(qu->api->config.engine);
    size_t i;

    add(&l, "queue", "requests that wait for the engine; more get 503",
        set->queue_max, (int64_t)qu->status.queue, "--queue");
    add(&l, "connections", "connections at once; more get 503",
        qu->http.open_max, qu->http.open, "--max-connections");
    add(&l, "streams", "of changes, at once", STREAMS_MAX, qu->http.streams,
        NULL);
    add(&l, "deliveries in flight", "to targets outside; the others wait",
        PAV_DELIVERIES_MAX, qu->status.delivering, NULL);
    add_machines(&l, reader);
    for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        add(&l, fixed[i].name, fixed[i].what, fixed[i].max, -1, NULL);
    add(&l, "history events", "of an execution; then it fails",
        set->history_max, -1, "--history-max");
}

static void
limits(struct pav_query *q)
{
    struct pav_items list;
    struct pav_members m;

    pav_items_init(&list, q->arena);
    limits_list(query_job_of(q), q->reader, &list);
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "limits", pav_items_array(&list));
    pav_buf_puts(&q->out, pav_doc_text(q->arena, pav_members_object(&m)));
    pav_buf_putc(&q->out, '\n');
}

/* The page of them, which a question cannot ask the front for. */
static void
limits_shown(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_items list;

    pav_items_init(&list, q->arena);
    limits_list(qu, q->reader, &list);
    q->limits = pav_items_array(&list);
    qu->api->config.page(q);
}

static void
ask(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
    pav_query_fn run)
{
    struct query_job *qu = query_job_new(api, req, ref, run);

    pav_engine_status(api->config.engine, &qu->status);
    qu->http = *pav_http_counts(api->config.http);
    qu->undurable = true;
    qu->q.feed = streams_place(api, qu->q.arena); /* before it reads */
    query_job_push(api, qu);
}

void
limits_get(struct pav_api *api, const struct pav_request *req,
           struct pav_ref ref)
{
    ask(api, req, ref, limits);
}

void
limits_page_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref)
{
    ask(api, req, ref, limits_shown);
}
