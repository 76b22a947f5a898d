/* The overview, the list of executions, finding by key, and events. */
#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "pages_int.h"

#define ROWS 50

/* What rules.json's "index" found: "customer: c1", "item: a, b". */
static const struct pav_doc *
attributes_view(struct pav_query *q, const char *json)
{
    const struct pav_doc *all = pav_doc_own(q->arena, json, strlen(json));
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < all->len; i++) {
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "name",
                  pav_arena_strndup(q->arena, all->members[i].key,
                                    all->members[i].len));
        view_states(&m, "values",
                    pav_doc_text(q->arena, &all->members[i].value));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

const struct pav_doc *
view_execution(struct pav_query *q, const struct pav_execution_view *x)
{
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_number(&m, "id", x->row.id);
    view_text(&m, "key", x->row.key == NULL ? x->row.name : x->row.key);
    view_text(&m, "name", x->row.name);
    view_text(&m, "machine", x->machine);
    view_number(&m, "version", x->version);
    view_text(&m, "link", view_execution_link(q, x->machine, x->row.name));
    view_text(&m, "machine_link", view_link(q, "machines/", x->machine));
    view_states(&m, "states", x->row.states);
    view_time(&m, "started", x->row.started_at);
    view_time(&m, "stopped", x->row.stopped_at);
    if (x->row.stopped_at == 0)
        view_number(&m, "since_ms", x->row.started_at);
    view_span(&m, "duration",
              (x->row.stopped_at == 0 ? q->now_ms : x->row.stopped_at) -
                  x->row.started_at);
    view_status(&m, (enum pav_status)x->row.status);
    pav_members_puts(&m, "attributes", attributes_view(q, x->attributes));
    return pav_members_object(&m);
}

static const struct pav_doc *
execution_rows(struct pav_query *q, const struct pav_execution_filter *f,
               int64_t *next)
{
    struct pav_execution_view *v;
    uint32_t count = pav_reader_executions(q->reader, f, q->arena, &v, next);
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++)
        pav_items_add(&rows, view_execution(q, &v[i]));
    return pav_items_array(&rows);
}

/* ---- overview ---- */

static const char *
count_text(struct pav_arena *a, int64_t n)
{
    return n > PAV_COUNT_CAP ? pav_arena_printf(a, "%d+", PAV_COUNT_CAP)
                             : pav_arena_printf(a, "%lld", (long long)n);
}

#define OVERDUE_SHOWN 50

/* What nobody should have to look for. */
static void
add_overdue(struct pav_query *q, struct pav_members *out)
{
    struct pav_wait_filter f = {.limit = OVERDUE_SHOWN, .overdue = true};
    struct pav_wait_view_row *v;
    struct pav_items rows;
    uint32_t i, count;
    bool more;

    count = pav_reader_waits(q->reader, &f, q->arena, &v, &more);
    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++) {
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "key", v[i].key == NULL ? v[i].execution : v[i].key);
        view_text(&m, "link",
                  view_execution_link(q, v[i].machine, v[i].execution));
        view_text(&m, "machine", v[i].machine);
        view_text(&m, "state", v[i].row.state);
        view_text(&m, "awaits",
                  v[i].row.awaits == NULL ? "its next event" : v[i].row.awaits);
        view_time(&m, "since", v[i].row.since_at);
        view_time(&m, "due", v[i].overdue_since);
        pav_items_add(&rows, pav_members_object(&m));
    }
    view_bool(out, "overdue_any", count > 0);
    view_bool(out, "overdue_more", more);
    pav_members_puts(out, "overdue", pav_items_array(&rows));
}

static void
add_loss(struct pav_query *q, struct pav_members *m)
{
    const struct pav_loss *l = q->loss;

    view_bool(m, "missing", pav_loss_any(l));
    view_text(m, "missing_events", count_text(q->arena, l->events));
    view_text(m, "missing_executions", count_text(q->arena, l->executions));
    view_text(m, "missing_commits", count_text(q->arena, l->commits));
    view_bool(m, "missing_known", l->events > 0);
    view_text(m, "missing_first",
              count_text(q->arena, l->last_event - l->events + 1));
    view_text(m, "missing_last", count_text(q->arena, l->last_event));
}

void
page_overview(struct pav_query *q, const char *rest)
{
    struct pav_execution_filter f = {.status = -1, .apart = true, .limit = 10};
    struct pav_machine_view *v;
    uint32_t count = pav_reader_machines(q->reader, true, q->arena, &v), i;
    struct pav_items machines;
    struct pav_members m;
    int64_t next;

    (void)rest;
    pav_items_init(&machines, q->arena);
    for (i = 0; i < count; i++) {
        pav_members_init(&m, q->arena);
        view_text(&m, "name", v[i].row.name);
        view_bool(&m, "loaded", v[i].row.id != 0);
        view_text(&m, "link", view_link(q, "machines/", v[i].row.name));
        view_text(&m, "list",
                  view_link(q, "executions?machine=", v[i].row.name));
        view_text(&m, "running", count_text(q->arena, v[i].counts[0]));
        view_text(&m, "succeeded", count_text(q->arena, v[i].counts[1]));
        view_text(&m, "failed", count_text(q->arena, v[i].counts[2]));
        view_text(&m, "timedout", count_text(q->arena, v[i].counts[3]));
        view_text(&m, "aborted", count_text(q->arena, v[i].counts[4]));
        view_bool(&m, "inactive", v[i].row.id != 0 && !v[i].row.active);
        view_report(&m, v[i].fault);
        pav_items_add(&machines, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "machines", pav_items_array(&machines));
    add_loss(q, &m);
    add_overdue(q, &m);
    pav_members_puts(&m, "executions", execution_rows(q, &f, &next));
    page_show(q, &(struct page){.name = "overview",
                                .title = "Overview",
                                .topics = "executions machines",
                                .view = &m});
}

/* ---- the list ---- */

static void
add_chip(struct pav_items *chips, const char *name, const char *value)
{
    struct pav_members m;

    if (value == NULL)
        return;
    pav_members_init(&m, chips->arena);
    view_text(&m, "name", name);
    view_text(&m, "value", value);
    pav_items_add(chips, pav_members_object(&m));
}

static void
add_link_parameter(struct pav_buf *b, const char *name, const char *value)
{
    if (value == NULL)
        return;
    pav_buf_printf(b, "%s=", name);
    pav_url_encode(b, value, strlen(value));
    pav_buf_putc(b, '&');
}

static const char *
next_link(struct pav_query *q, const char *path, const char *const *names,
          int64_t next)
{
    struct pav_buf b;
    const char *link;

    if (next == 0)
        return NULL;
    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, page_root(q));
    pav_buf_puts(&b, path);
    for (; *names != NULL; names++)
        add_link_parameter(&b, *names, page_parameter(q, *names));
    pav_buf_printf(&b, "before=%lld", (long long)next);
    link = pav_arena_strdup(q->arena, b.p);
    pav_buf_fini(&b);
    return link;
}

static int64_t
before_parameter(struct pav_query *q)
{
    const char *text = page_parameter(q, "before");
    long long n = 0;

    if (text != NULL && sscanf(text, "%lld", &n) != 1)
        n = 0;
    return n < 0 ? 0 : n;
}

static void
add_statuses(struct pav_members *m, const char *chosen)
{
    struct pav_items list;
    int s;

    pav_items_init(&list, m->arena);
    for (s = PAV_RUNNING; s <= PAV_ABORTED; s++) {
        struct pav_members o;
        const char *name = pav_status_name((enum pav_status)s);

        pav_members_init(&o, m->arena);
        view_text(&o, "name", name);
        view_bool(&o, "selected", chosen != NULL && strcmp(chosen, name) == 0);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "statuses", pav_items_array(&list));
}

static void
execution_list(struct pav_query *q)
{
    static const char *const kept[] = {"key",   "machine",  "status",
                                       "state", "children", NULL};
    struct pav_execution_filter f = {.key = page_parameter(q, "key"),
                                     .machine = page_parameter(q, "machine"),
                                     .state = page_parameter(q, "state"),
                                     .status = -1,
                                     .apart = !page_parameter(q, "children"),
                                     .before = before_parameter(q),
                                     .limit = ROWS};
    const char *status = page_parameter(q, "status");
    enum pav_status wanted;
    struct pav_items chips;
    struct pav_members m;
    int64_t next;

    if (status != NULL && !pav_status_find(status, &wanted)) {
        page_missing(q, "There is no such status; the list offers them.");
        return;
    }
    if (status != NULL)
        f.status = wanted;
    pav_members_init(&m, q->arena);
    pav_items_init(&chips, q->arena);
    add_chip(&chips, "key", f.key);
    add_chip(&chips, "machine", f.machine);
    add_chip(&chips, "state", f.state);
    add_chip(&chips, "status", f.status < 0 ? NULL : status);
    pav_members_puts(&m, "chips", pav_items_array(&chips));
    view_bool(&m, "chips_any", chips.count > 0);
    pav_members_puts(&m, "executions", execution_rows(q, &f, &next));
    view_text(&m, "next", next_link(q, "executions?", kept, next));
    view_text(&m, "key", f.key);
    view_text(&m, "machine", f.machine);
    view_text(&m, "state", f.state);
    add_statuses(&m, f.status < 0 ? NULL : status);
    page_show(q, &(struct page){.name = "executions",
                                .title = "Executions",
                                .place = "at_executions",
                                .topics = f.before == 0 ? "executions" : NULL,
                                .view = &m});
}

void
page_executions(struct pav_query *q, const char *rest)
{
    if (*rest == '\0')
        execution_list(q);
    else
        page_execution(q, rest);
}

/* ---- finding ---- */

/* As view_link(), from the root. */
static const char *
path_to(struct pav_query *q, const char *path, const char *segment)
{
    return view_link(q, path, segment) + strlen(page_root(q));
}

void
page_find(struct pav_query *q, const char *rest)
{
    const char *what = page_parameter(q, "q");
    size_t len;

    (void)rest;
    if (what != NULL) { /* pasted ids have blanks around them */
        what += strspn(what, " \t\r\n");
        len = strlen(what);
        while (len > 0 && strchr(" \t\r\n", what[len - 1]) != NULL)
            len--;
        what = len == 0 ? NULL : pav_arena_strndup(q->arena, what, len);
    }
    page_redirect(q, what == NULL ? "executions" : path_to(q, "by-key/", what));
}

void
page_by_key(struct pav_query *q, const char *rest)
{
    struct pav_execution_filter f = {.key = rest, .status = -1, .limit = ROWS};
    struct pav_disposition_filter d = {.key = rest, .kind = -1, .limit = ROWS};
    struct pav_execution_view *v, one;
    struct pav_members m;
    const struct pav_doc *events;
    const char *colon = strchr(rest, ':'), *id;
    uint32_t count;
    int64_t next;

    if (*rest == '\0' && (id = page_parameter(q, "id")) != NULL) {
        d.key = f.key = rest = id;
        colon = strchr(rest, ':');
    } else if (*rest == '\0') {
        page_redirect(q, "executions");
        return;
    }
    count = pav_reader_executions(q->reader, &f, q->arena, &v, &next);
    if (count == 1) {
        page_redirect(q,
                      path_to(q, "executions/",
                              pav_arena_printf(q->arena, "%s:%s", v[0].machine,
                                               v[0].row.name)));
        return;
    }
    if (count == 0 && colon != NULL &&
        pav_reader_execution(
            q->reader,
            pav_arena_strndup(q->arena, rest, (size_t)(colon - rest)),
            colon + 1, q->arena, &one)) {
        page_redirect(q, path_to(q, "executions/", rest));
        return;
    }
    pav_members_init(&m, q->arena);
    view_text(&m, "key", rest);
    pav_members_puts(&m, "executions", execution_rows(q, &f, &next));
    view_bool(&m, "any", count > 0);
    events = view_dispositions(q, &d, &next);
    if (count == 0 && events->len == 0) { /* an event's id, perhaps */
        d.key = NULL;
        d.event_id = rest;
        events = view_dispositions(q, &d, &next);
        view_bool(&m, "by_event", events->len > 0);
    }
    pav_members_puts(&m, "dispositions", events);
    view_bool(&m, "dispositions_any", events->len > 0);
    if (count == 0 && (d.key != NULL || events->len == 0))
        q->status = 404;
    page_show(q, &(struct page){.name = "bykey",
                                .title = rest,
                                .topics = "executions events",
                                .view = &m});
}

/* ---- events ---- */

const struct pav_doc *
view_dispositions(struct pav_query *q, const struct pav_disposition_filter *f,
                  int64_t *next)
{
    struct pav_disposition_view *v;
    uint32_t count = pav_reader_dispositions(q->reader, f, q->arena, &v, next);
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++) {
        const struct pav_disposition_view *d = &v[i];
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_number(&m, "row", d->row.id);
        view_time(&m, "received", d->received_at);
        view_bytes(&m, "source", d->source);
        view_bytes(&m, "type", d->detail_type);
        view_bytes(&m, "id", d->event_id);
        view_text(&m, "event_link",
                  view_link(q, "events/",
                            pav_arena_printf(q->arena, "%lld",
                                             (long long)d->row.event_id)));
        view_text(&m, "key", ""); /* never the page's own */
        if (d->row.key.p != NULL)
            view_bytes(&m, "key", d->row.key);
        view_text(&m, "disposition", pav_disposition_name(d->row.kind));
        view_bool(&m, "early", d->row.early);
        view_text(&m, "machine", d->machine);
        view_text(&m, "detail", d->row.detail);
        if (d->machine != NULL && d->execution != NULL)
            view_text(&m, "link",
                      view_execution_link(q, d->machine, d->execution));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* One event as its producer sent it. */
static void
one_event(struct pav_query *q, const char *rest)
{
    struct pav_disposition_filter f = {.kind = -1, .limit = ROWS};
    struct pav_event_row e;
    struct pav_members m;
    int64_t id, next;

    if (!pav_parse_int(rest, strlen(rest), &id) ||
        !pav_reader_event(q->reader, id, q->arena, &e)) {
        page_missing(q, "There is no such event.");
        return;
    }
    pav_members_init(&m, q->arena);
    view_bytes(&m, "id", e.event_id);
    view_bytes(&m, "type", e.detail_type);
    view_bytes(&m, "source", e.source);
    view_time(&m, "received", e.received_at);
    view_text(&m, "body", view_pretty(q->arena, e.body.p, e.body.len));
    f.event_id = pav_arena_strndup(q->arena, e.event_id.p, e.event_id.len);
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    page_show(q, &(struct page){.name = "event",
                                .title = "Event",
                                .place = "at_events",
                                .view = &m});
}

void
page_events(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"disposition", "key", NULL};
    struct pav_disposition_filter f = {.key = page_parameter(q, "key"),
                                       .kind = -1,
                                       .before = before_parameter(q),
                                       .limit = ROWS};
    const char *kind = page_parameter(q, "disposition");
    enum pav_disposition wanted;
    struct pav_items kinds;
    struct pav_members m;
    int64_t next;
    int k;

    if (*rest != '\0') {
        one_event(q, rest);
        return;
    }
    if (kind != NULL && pav_disposition_find(kind, &wanted))
        f.kind = wanted;
    pav_members_init(&m, q->arena);
    pav_items_init(&kinds, q->arena);
    for (k = 0; k < PAV_DISPOSITIONS; k++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "name", pav_disposition_name((enum pav_disposition)k));
        view_bool(&o, "selected", f.kind == k);
        pav_items_add(&kinds, pav_members_object(&o));
    }
    view_bool(&m, "filtered", kind != NULL || f.key != NULL);
    pav_members_puts(&m, "kinds", pav_items_array(&kinds));
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    view_text(&m, "key", f.key);
    view_text(&m, "next", next_link(q, "events?", kept, next));
    page_show(q, &(struct page){.name = "events",
                                .title = "Events",
                                .place = "at_events",
                                .topics = f.before == 0 ? "events" : NULL,
                                .view = &m});
}
