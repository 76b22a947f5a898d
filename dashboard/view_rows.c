/* Rows that several pages show: executions, dispositions; and their filters. */
#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "links.h"
#include "parameters.h"
#include "view_rows.h"

/* The executions that have the same first value. */
static const char *
attribute_link(struct pav_query *q, const char *name, size_t len,
               const struct pav_doc *values)
{
    const char *value =
        values->len == 0 ? "" : pav_doc_str(q->arena, &values->items[0]);

    return view_link(
        q, "executions?q=",
        pav_arena_printf(q->arena,
                         value != NULL && strchr(value, ' ') != NULL
                             ? "%.*s:\"%s\""
                             : "%.*s:%s",
                         (int)len, name, value == NULL ? "" : value));
}

#define COLUMNS 10

const struct pav_doc *
view_columns(struct pav_query *q)
{
    const char *text = page_parameter(q, "columns");
    struct pav_items list;
    size_t len;

    pav_items_init(&list, q->arena);
    for (; text != NULL && *text != '\0' && list.count < COLUMNS; text += len) {
        text += strspn(text, ", ");
        len = strcspn(text, ", ");
        if (len > 0)
            pav_items_add(&list, pav_doc_new_str(q->arena, text, len));
    }
    return pav_items_array(&list);
}

/* The attributes that the reader wants as columns, in their order. */
static const struct pav_doc *
cells_view(struct pav_query *q, const struct pav_doc *columns,
           const struct pav_doc *all)
{
    struct pav_items cells;
    uint32_t i;

    pav_items_init(&cells, q->arena);
    for (i = 0; i < columns->len; i++) {
        const char *name = pav_doc_str(q->arena, &columns->items[i]);
        const struct pav_doc *values = pav_doc_get(all, name);
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "column", name);
        view_text(&m, "values", "");
        if (values != NULL)
            view_states(&m, "values", pav_doc_text(q->arena, values));
        pav_items_add(&cells, pav_members_object(&m));
    }
    return pav_items_array(&cells);
}

static bool
is_column(const struct pav_doc *columns, const char *name, size_t len)
{
    uint32_t i;

    for (i = 0; i < columns->len; i++)
        if (columns->items[i].len == len &&
            memcmp(columns->items[i].text, name, len) == 0)
            return true;
    return false;
}

/* What rules.json's "index" found: "customer: c1", "item: a, b"; but for what
 * has a column. */
static const struct pav_doc *
attributes_view(struct pav_query *q, const struct pav_doc *columns,
                const struct pav_doc *all)
{
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < all->len; i++) {
        struct pav_members m;

        if (is_column(columns, all->members[i].key, all->members[i].len))
            continue;
        pav_members_init(&m, q->arena);
        view_text(&m, "name",
                  pav_arena_strndup(q->arena, all->members[i].key,
                                    all->members[i].len));
        view_states(&m, "values",
                    pav_doc_text(q->arena, &all->members[i].value));
        view_text(&m, "link",
                  attribute_link(q, all->members[i].key, all->members[i].len,
                                 &all->members[i].value));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

#define KEPT 16

/* What rows of one list have in common: rules, parsed once, and sources. */
struct common {
    struct {
        int64_t version_id;
        const char *awaits;
        const char *from;
    } kept[KEPT];
    uint32_t count;
    const struct pav_doc *columns; /* names of attributes */
    /* of the machine of the last row */
    const char *machine;
    struct pav_wait_time *times;
    uint32_t time_count;
    bool moved; /* they say when they moved last */
};

static const char *
from_of(struct pav_query *q, int64_t version_id, const char *awaits,
        const struct pav_doc *pattern)
{
    const char *text = pav_reader_rules(q->reader, version_id, q->arena);
    const struct pav_doc *rules;

    if (pav_doc_parse_copy(q->arena, text, strlen(text), NULL, &rules, NULL) !=
        PAV_OK)
        rules = NULL;
    return pav_awaited_from(q->reader, rules, awaits, pattern, q->now_ms,
                            q->arena);
}

static const char *
kept_from(struct pav_query *q, struct common *c, int64_t version_id,
          const char *awaits)
{
    uint32_t i;

    for (i = 0; i < c->count; i++)
        if (c->kept[i].version_id == version_id &&
            strcmp(c->kept[i].awaits, awaits) == 0)
            return c->kept[i].from;
    if (c->count == KEPT)
        return from_of(q, version_id, awaits, NULL);
    c->kept[c->count].version_id = version_id;
    c->kept[c->count].awaits = awaits;
    c->kept[c->count].from = from_of(q, version_id, awaits, NULL);
    return c->kept[c->count++].from;
}

/* How long half of such waits take at most. */
static void
add_usual(struct pav_query *q, struct common *c, struct pav_members *m,
          const char *machine, const char *state)
{
    struct pav_wait_stats times;

    if (c->machine == NULL || strcmp(c->machine, machine) != 0) {
        c->machine = machine;
        c->time_count =
            pav_reader_wait_times(q->reader, machine, q->arena, &c->times);
    }
    if (state != NULL && pav_usual(c->times, c->time_count, state, &times))
        view_span(m, "usual", pav_wait_stats_quantile(&times, 0.5));
}

/* The first of its waits for events, in words: what, from whom, since when. */
static void
add_wait(struct pav_query *q, struct common *c, struct pav_members *m,
         const struct pav_execution_view *x)
{
    const struct pav_doc *all =
        pav_doc_own(q->arena, x->waits, strlen(x->waits));
    const struct pav_doc *wait;
    const char *awaits, *pattern;
    int64_t since;

    if (all->kind != PAV_ARRAY || all->len == 0 ||
        all->items[0].kind != PAV_ARRAY || all->items[0].len < 7)
        return;
    wait = &all->items[0];
    pattern = pav_doc_str(q->arena, &wait->items[3]);
    awaits = pav_doc_str(q->arena, &wait->items[4]);
    view_text(m, "awaits", awaits);
    add_usual(q, c, m, x->machine, pav_doc_str(q->arena, &wait->items[1]));
    if (all->len > 1)
        view_number(m, "more_waits", all->len - 1);
    if (pav_doc_int(&wait->items[5], &since) && since != x->row.started_at)
        view_time(m, "since", since); /* else it is said already */
    if (pattern != NULL)
        view_text(m, "from",
                  from_of(q, x->row.version_id, awaits,
                          pav_doc_own(q->arena, pattern, strlen(pattern))));
    else if (awaits != NULL)
        view_text(m, "from", kept_from(q, c, x->row.version_id, awaits));
}

static const struct pav_doc *
execution_row(struct pav_query *q, struct common *c,
              const struct pav_execution_view *x)
{
    const struct pav_doc *attributes;
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
    if (x->row.status == PAV_RUNNING)
        add_wait(q, c, &m, x);
    view_time(&m, "late_since", x->overdue_since);
    if (c->moved)
        view_time(&m, "moved", pav_reader_step_at(q->reader, x->row.last_step));
    view_time(&m, "started", x->row.started_at);
    view_time(&m, "stopped", x->row.stopped_at);
    if (x->row.stopped_at == 0)
        view_number(&m, "since_ms", x->row.started_at);
    view_span(&m, "duration",
              (x->row.stopped_at == 0 ? q->now_ms : x->row.stopped_at) -
                  x->row.started_at);
    view_status(&m, (enum pav_status)x->row.status);
    attributes = pav_doc_own(q->arena, x->attributes, strlen(x->attributes));
    pav_members_puts(&m, "attributes",
                     attributes_view(q, c->columns, attributes));
    pav_members_puts(&m, "cells", cells_view(q, c->columns, attributes));
    return pav_members_object(&m);
}

const struct pav_doc *
view_execution(struct pav_query *q, const struct pav_execution_view *x)
{
    struct common c = {.columns = view_columns(q)};

    return execution_row(q, &c, x);
}

static const struct pav_doc *
execution_rows(struct pav_query *q, struct common *c,
               const struct pav_execution_view *v, uint32_t count)
{
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++)
        pav_items_add(&rows, execution_row(q, c, &v[i]));
    return pav_items_array(&rows);
}

const struct pav_doc *
view_execution_rows(struct pav_query *q, const struct pav_execution_view *v,
                    uint32_t count)
{
    struct common c = {.columns = view_columns(q)};

    return execution_rows(q, &c, v, count);
}

const struct pav_doc *
view_executions(struct pav_query *q, const struct pav_execution_filter *f,
                int64_t *next)
{
    struct common c = {.columns = view_columns(q),
                       .moved = f->order == PAV_LAST_MOVED_FIRST};
    struct pav_execution_view *v;
    uint32_t count = pav_reader_executions(q->reader, f, q->arena, &v, next);

    return execution_rows(q, &c, v, count);
}

const char *
view_capped(struct pav_arena *a, int64_t n)
{
    return n > PAV_COUNT_CAP
               ? pav_arena_printf(a, "%s+", view_count(a, PAV_COUNT_CAP))
               : view_count(a, n);
}

const char *
view_with(struct pav_query *q, const char *path, const char *const *names)
{
    struct pav_buf b;
    const char *link;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, page_root(q));
    pav_buf_puts(&b, path);
    for (; *names != NULL; names++) {
        const char *value = page_parameter(q, *names);

        if (value == NULL)
            continue;
        pav_buf_printf(&b, b.p[b.len - 1] == '?' ? "%s=" : "&%s=", *names);
        pav_url_encode(&b, value, strlen(value));
    }
    link = pav_arena_strdup(q->arena, b.p);
    pav_buf_fini(&b);
    return link;
}

const char *
view_next(struct pav_query *q, const char *path, const char *const *names,
          int64_t next)
{
    return next == 0 ? NULL
                     : view_with(q,
                                 pav_arena_printf(q->arena, "%sbefore=%lld",
                                                  path, (long long)next),
                                 names);
}

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
        else if (d->execution != NULL) /* one that has no id of its own */
            view_text(&m, "key", d->execution);
        view_text(&m, "disposition", pav_disposition_name(d->row.kind));
        view_bool(&m, "moved", d->row.kind == PAV_RESUMED);
        view_bool(&m, "began", d->row.kind == PAV_STARTED);
        view_bool(&m, "early", d->row.early);
        if (d->row.kind == PAV_PARKED)
            view_time(&m, "kept_until",
                      pav_reader_parked_until(q->reader, &d->row));
        view_text(&m, "machine", d->machine);
        view_text(&m, "detail", d->row.detail);
        if (d->machine != NULL && d->execution != NULL)
            view_text(&m, "link",
                      view_execution_link(q, d->machine, d->execution));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

const struct pav_doc *
view_machine(struct pav_query *q, const struct pav_machine_view *v)
{
    static const char *const keys[] = {"running", "succeeded", "failed",
                                       "timedout", "aborted"};
    struct pav_members m;
    int i;

    pav_members_init(&m, q->arena);
    view_text(&m, "name", v->row.name);
    view_text(&m, "link", view_link(q, "machines/", v->row.name));
    view_text(&m, "list", view_link(q, "executions?machine=", v->row.name));
    view_bool(&m, "loaded", v->row.id != 0);
    view_number(&m, "version", v->row.version);
    view_time(&m, "created", v->row.created_at);
    view_bool(&m, "by_folder", v->row.by_folder);
    view_text(&m, "owner",
              v->row.by_folder || v->row.id == 0 ? "folder" : "API");
    view_bool(&m, "inactive", v->row.id != 0 && !v->row.active);
    for (i = 0; i < 5; i++)
        view_amount(&m, keys[i], v->counts[i]);
    if (v->children > 0)
        view_text(&m, "children", view_count(q->arena, v->children));
    view_report(&m, v->fault);
    return pav_members_object(&m);
}

void
view_mark(struct pav_members *m, const struct pav_mark *mark)
{
    if (mark == NULL)
        return;
    view_text(m, "as", mark->as);
    view_text(m, "muted", mark->reason);
    if (mark->until != 0)
        view_time(m, "muted_until", mark->until);
}

void
view_not_read(struct pav_query *q, struct pav_members *m, const char *name)
{
    const struct pav_doc *so_far =
        pav_doc_get(pav_members_object(m), "not_read");
    const char *this =
        pav_arena_printf(q->arena, "%s=%s", name, page_parameter(q, name));

    view_text(m, "not_read",
              so_far == NULL
                  ? this
                  : pav_arena_printf(q->arena, "%s, %s",
                                     pav_doc_str(q->arena, so_far), this));
}

void
view_check_number(struct pav_query *q, struct pav_members *m, const char *name)
{
    const char *text = page_parameter(q, name);
    int64_t n;

    if (text != NULL && (!pav_parse_int(text, strlen(text), &n) || n < 1))
        view_not_read(q, m, name);
}

const char *
view_producer_link(struct pav_query *q, const char *from)
{
    return strstr(from, " or ") == NULL ? view_link(q, "producers/", from)
                                        : NULL;
}

int64_t
view_one_event(struct pav_query *q, const char *id)
{
    struct pav_disposition_filter f = {
        .event_id = id, .kind = -1, .limit = ROWS};
    struct pav_disposition_view *v;
    int64_t next;
    uint32_t n = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next), i;

    for (i = 1; i < n; i++)
        if (v[i].row.event_id != v[0].row.event_id)
            return 0;
    return n == 0 ? 0 : v[0].row.event_id;
}
