/* One event as its producer sent it. */
#include <string.h>

#include "pavane/pattern.h"
#include "pavane/text.h"
#include "graph/graphs.h"
#include "graph/trace.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "pages.h"
#include "tried.h"
#include "view_rows.h"

#define LINKED 2000 /* bytes of an event; more goes into no address */

static const char *
try_link(struct pav_query *q, const struct pav_event_row *e)
{
    const char *bus = pav_reader_bus(q->reader, e->bus_id, q->arena);
    const char *path =
        bus == NULL || e->bus_id == 1
            ? "bus/try?event="
            : pav_arena_printf(q->arena,
                               "bus/try?bus=%s&event=", view_encoded(q, bus));

    return view_link(q, path,
                     pav_arena_strndup(q->arena, e->body.p, e->body.len));
}

/* ---- the way of it: path, id, execution, state ---- */

static bool
takes(struct pav_query *q, const struct pav_doc *rule, struct pav_event *event)
{
    const struct pav_doc *pattern = pav_doc_get(rule, "pattern");
    struct pav_pattern *compiled;

    return pattern != NULL &&
           pav_pattern_compile(q->arena, pattern, &compiled, NULL) == PAV_OK &&
           pav_pattern_matches(compiled, event);
}

/* The text or number at "$.detail.a"; NULL: there is none, or it is no such
 * path. */
static const char *
text_at(struct pav_query *q, const struct pav_doc *doc,
        const struct pav_doc *path)
{
    const char *p = pav_doc_str(q->arena, path);
    size_t len;

    if (p == NULL || *p != '$')
        return NULL;
    for (p++; *p == '.' && doc != NULL; p += len) {
        len = strcspn(++p, ".[");
        doc = pav_doc_getn(doc, p, len);
    }
    if (doc == NULL || *p != '\0')
        return NULL;
    return doc->kind == PAV_STRING   ? pav_doc_str(q->arena, doc)
           : doc->kind == PAV_NUMBER ? pav_doc_text(q->arena, doc)
                                     : NULL;
}

/* Is it the path, or the list of them, that led to the id? */
static bool
leads_to(struct pav_query *q, const struct pav_doc *path,
         const struct pav_event *event, struct pav_bytes key)
{
    const char *text, *one;
    uint32_t i;

    if (path == NULL)
        return false;
    if (path->kind != PAV_ARRAY) {
        text = pav_doc_str(q->arena, path);
        if (text != NULL && strncmp(text, "{%", 2) == 0)
            return true; /* an expression: it is not worked out again */
        text = text_at(q, event->doc, path);
    } else {
        for (text = "", i = 0; i < path->len && text != NULL; i++) {
            one = text_at(q, event->doc, &path->items[i]);
            text = one == NULL ? NULL
                               : pav_arena_printf(q->arena, "%s%s%s", text,
                                                  i == 0 ? "" : "|", one);
        }
    }
    return text != NULL && strlen(text) == key.len &&
           memcmp(text, key.p, key.len) == 0;
}

/* Where rules look for the id in such an event, of those that had this outcome;
 * NULL: none of them led to it. */
static const struct pav_doc *
path_of_key(struct pav_query *q, struct pav_bytes text,
            const struct pav_disposition_row *row, struct pav_event *event)
{
    static const char *const kinds[] = {"start", "resume"};
    const struct pav_doc *rules, *list, *path;
    uint32_t i;
    size_t k;

    if (pav_doc_parse_copy(q->arena, text.p, text.len, NULL, &rules, NULL) !=
        PAV_OK)
        return NULL;
    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        if (row->kind == (k == 0 ? PAV_RESUMED : PAV_STARTED))
            continue;
        list = pav_doc_get(rules, kinds[k]);
        for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len;
             i++) {
            path = pav_doc_get(&list->items[i], "correlationId");
            if (path == NULL)
                path = pav_doc_get(rules, "correlationId");
            if (takes(q, &list->items[i], event) &&
                leads_to(q, path, event, row->key))
                return path;
        }
    }
    return NULL;
}

/* The stay that the event ended. */
static void
add_state(struct pav_query *q, struct pav_members *m,
          const struct pav_execution_view *x,
          const struct pav_machine_row *version, int64_t event)
{
    const struct visit *v = NULL;
    struct trace t;
    uint32_t i;

    trace_read(q, x, graphs_get(kept_of(q)->graphs, version), &t);
    for (i = 0; i < t.count; i++) /* what is around it is left behind it */
        if (t.visits[i].exited_by == event &&
            (v == NULL || t.visits[i].exited_id < v->exited_id))
            v = &t.visits[i];
    if (v == NULL)
        return;
    view_text(m, "state", v->name);
    view_text(m, "state_link",
              pav_arena_printf(q->arena, "%s?state=%s&visit=%u",
                               view_execution_link(q, x->machine, x->row.name),
                               view_encoded(q, v->name), v->number));
}

/* The rules of now brought it there, or those of the version, when they were
 * others then. */
static const struct pav_doc *
way_view(struct pav_query *q, const struct pav_disposition_view *d,
         struct pav_event *event)
{
    struct pav_machine_row version;
    struct pav_machine_view machine;
    struct pav_execution_view x;
    const struct pav_doc *path = NULL;
    struct pav_members m;
    bool has_execution =
        d->execution != NULL &&
        pav_reader_execution(q->reader, d->machine, d->execution, q->arena,
                             &x) &&
        pav_reader_version(q->reader, x.row.version_id, q->arena, &version);

    if (d->machine == NULL || d->row.key.p == NULL)
        return NULL;
    if (pav_reader_machine(q->reader, d->machine, q->arena, &machine))
        path = path_of_key(q, machine.row.rules, &d->row, event);
    if (path == NULL && has_execution)
        path = path_of_key(q, version.rules, &d->row, event);
    if (path == NULL && !has_execution)
        return NULL;
    pav_members_init(&m, q->arena);
    view_text(&m, "path",
              path == NULL               ? NULL
              : path->kind == PAV_STRING ? pav_doc_str(q->arena, path)
                                         : pav_doc_text(q->arena, path));
    view_bytes(&m, "way_key", d->row.key);
    view_text(&m, "execution",
              has_execution ? pav_arena_printf(q->arena, "%s:%s", d->machine,
                                               d->execution)
                            : d->machine);
    view_text(&m, "execution_link",
              has_execution ? view_execution_link(q, d->machine, d->execution)
                            : view_link(q, "machines/", d->machine));
    view_bool(&m, "starts", d->row.kind == PAV_STARTED);
    if (has_execution && d->row.kind == PAV_RESUMED)
        add_state(q, &m, &x, &version, d->row.event_id);
    return pav_members_object(&m);
}

#define WAYS 5

/* For each machine that it came to: by which path it has whose id, and where it
 * was taken. */
static const struct pav_doc *
ways_view(struct pav_query *q, const struct pav_event_row *e)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    struct pav_disposition_filter f = {
        .kind = -1, .limit = WAYS, .event = e->id};
    struct pav_disposition_view *v;
    struct pav_event event;
    const struct pav_doc *doc, *way;
    struct pav_items list;
    int64_t next;
    uint32_t n = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next), i;

    pav_items_init(&list, q->arena);
    if (pav_doc_parse(q->arena, e->body.p, e->body.len, &keep, &doc, NULL) ==
        PAV_OK) {
        pav_event_init(&event, doc, q->arena);
        for (i = 0; i < n; i++)
            if ((way = way_view(q, &v[i], &event)) != NULL)
                pav_items_add(&list, way);
    }
    return pav_items_array(&list);
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_disposition_filter f = {.kind = -1, .limit = ROWS};
    struct pav_event_row e;
    struct pav_members m;
    int64_t id, next;
    const char *same;

    if (!pav_parse_int(rest, strlen(rest), &id) ||
        !pav_reader_event(q->reader, id, q->arena, &e)) {
        page_missing(q, "There is no such event.");
        return;
    }
    pav_members_init(&m, q->arena);
    view_bytes(&m, "id", e.event_id);
    view_bytes(&m, "type", e.detail_type);
    view_bytes(&m, "source", e.source);
    view_text(&m, "source_link",
              view_link(q, "producers/",
                        pav_arena_strndup(q->arena, e.source.p, e.source.len)));
    view_time(&m, "received", e.received_at);
    view_text(&m, "body", view_pretty(q->arena, e.body.p, e.body.len));
    tried_add(q, e.body, e.bus_id, &m);
    same = pav_arena_strndup(q->arena, e.event_id.p, e.event_id.len);
    if (view_one_event(q, same) == 0)
        view_text(&m, "same_link", view_link(q, "by-key/", same));
    if (e.body.len <= LINKED)
        view_text(&m, "try_link", try_link(q, &e));
    f.event = id;
    pav_members_puts(&m, "ways", ways_view(q, &e));
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    page_show(q, &(struct page){.name = "event",
                                .title = "Event",
                                .topics = "events",
                                .place = "at_events",
                                .view = &m});
}

const struct page_route event_page = {"/events", "pavane:ReadEvents",
                                      PAGE_BELOW, show};
