/* The list of executions, and the same as a table for a spreadsheet. */
#include <string.h>

#include "pavane/flow.h"
#include "pavane/text.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "parameters.h"
#include "search.h"
#include "view_rows.h"

#define CSV_ROWS 10000

static void
add_statuses(struct pav_members *m, const struct search *s)
{
    struct pav_items list;
    int i;

    pav_items_init(&list, m->arena);
    for (i = PAV_RUNNING; i <= PAV_ABORTED; i++) {
        struct pav_members o;

        pav_members_init(&o, m->arena);
        view_text(&o, "name", pav_status_name((enum pav_status)i));
        view_bool(&o, "selected", s->f.status == i && !s->f.overdue);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "statuses", pav_items_array(&list));
    view_bool(m, "late", s->f.overdue);
}

#define VIEWS 50

/* Lists that somebody gave a name. */
static void
add_views(struct pav_query *q, struct pav_members *m)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(q->reader, PAV_NAME_VIEW, 0, "", VIEWS,
                                  q->arena, &rows),
             i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "name", rows[i].name);
        view_text(&o, "link", view_link(q, "views/", rows[i].name));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "views", pav_items_array(&list));
}

/* ---- as CSV (RFC 4180) ---- */

static void
put_cell(struct pav_buf *b, const char *text, char behind)
{
    /* A spreadsheet takes what begins with these for a formula. */
    bool formula = *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
    const char *p;

    pav_buf_putc(b, '"');
    if (formula)
        pav_buf_putc(b, '\'');
    for (p = text; *p != '\0'; p++) {
        if (*p == '"')
            pav_buf_putc(b, '"');
        pav_buf_putc(b, *p);
    }
    pav_buf_printf(b, "\"%c", behind);
}

static void
put_moment(struct pav_buf *b, int64_t ms, char behind)
{
    char when[PAV_TIME_LEN];

    if (ms != 0)
        pav_buf_puts(b, pav_time_format(ms, when));
    pav_buf_putc(b, behind);
}

static void
answer_csv(struct pav_query *q, struct search *s)
{
    struct pav_execution_view *v;
    uint32_t count, i;
    int64_t next;

    s->f.limit = CSV_ROWS;
    count = pav_reader_executions(q->reader, &s->f, q->arena, &v, &next);
    q->type = "text/csv; charset=utf-8";
    q->headers = "Content-Disposition: attachment; "
                 "filename=\"executions.csv\"\r\n";
    pav_buf_puts(&q->out, "key,machine,version,status,states,started,stopped,"
                          "overdue since,attributes\r\n");
    for (i = 0; i < count; i++) {
        const struct pav_execution_row *x = &v[i].row;

        put_cell(&q->out, x->key == NULL ? x->name : x->key, ',');
        put_cell(&q->out, v[i].machine, ',');
        pav_buf_printf(&q->out, "%lld,", (long long)v[i].version);
        put_cell(&q->out, pav_status_name((enum pav_status)x->status), ',');
        put_cell(&q->out, x->states, ',');
        put_moment(&q->out, x->started_at, ',');
        put_moment(&q->out, x->stopped_at, ',');
        put_moment(&q->out, v[i].overdue_since, ',');
        put_cell(&q->out, v[i].attributes, '\r');
        pav_buf_putc(&q->out, '\n');
    }
}

static const char *
total(struct pav_query *q, const struct pav_execution_filter *f)
{
    int64_t n = pav_reader_total(q->reader, f, q->arena);

    return n < 0 ? NULL : view_count(q->arena, n);
}

#define DAY_MS INT64_C(86400000)

/* What ended today (UTC), as far as it is folded, which is within seconds. */
static void
add_today(struct pav_query *q, struct pav_members *m)
{
    int64_t today = q->now_ms / DAY_MS, done = 0, failed = 0;
    struct pav_flow_row *v;
    uint32_t n = pav_reader_flow_ends(q->reader, NULL, today, today + 1,
                                      q->arena, &v),
             i;
    char now[PAV_TIME_LEN];

    for (i = 0; i < n; i++) {
        if (strcmp(v[i].b, pav_status_name(PAV_SUCCEEDED)) == 0)
            done += v[i].count;
        else if (strcmp(v[i].b, pav_status_name(PAV_FAILED)) == 0)
            failed += v[i].count;
    }
    view_text(m, "today",
              pav_arena_strndup(q->arena, pav_time_format(q->now_ms, now), 10));
    view_amount(m, "done_today", done);
    view_amount(m, "failed_today", failed);
}

/* How many the lists have that are asked for most, and this one. */
static void
add_totals(struct pav_query *q, struct pav_members *m, const struct search *s)
{
    struct pav_execution_filter f = {.status = -1,
                                     .exclude_map_children = true};

    view_text(m, "total", total(q, &s->f));
    view_text(m, "all", total(q, &f));
    f.status = PAV_RUNNING;
    view_text(m, "in_flight", total(q, &f));
    f.status = PAV_FAILED;
    view_text(m, "failed", total(q, &f));
    f = (struct pav_execution_filter){.status = -1, .overdue = true};
    view_text(m, "late_count", total(q, &f));
    add_today(q, m);
}

/* How long ago they were started at most. */
static void
add_spans(struct pav_members *m, const char *asked)
{
    static const struct {
        const char *span, *words;
    } spans[] = {{"1h", "the last hour"},
                 {"24h", "the last 24 hours"},
                 {"7d", "the last 7 days"},
                 {"30d", "the last 30 days"}};
    struct pav_items list;
    size_t i;

    pav_items_init(&list, m->arena);
    for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        struct pav_members o;

        pav_members_init(&o, m->arena);
        view_text(&o, "span", spans[i].span);
        view_text(&o, "words", spans[i].words);
        view_bool(&o, "chosen",
                  asked != NULL && strcmp(asked, spans[i].span) == 0);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "spans", pav_items_array(&list));
}

static const char *
order_link(struct pav_query *q, const char *path, const struct search *s)
{
    static const char *const others[] = {"machine", "status", "state",
                                         "columns", NULL};
    const char *link = view_with(q, path, others);

    return *s->unsorted == '\0'
               ? link
               : pav_arena_printf(q->arena, "%s%sq=%s", link,
                                  link[strlen(link) - 1] == '?' ? "" : "&",
                                  view_encoded(q, s->unsorted));
}

/* The orders that these may stand in. */
static void
add_orders(struct pav_query *q, struct pav_members *m, const struct search *s)
{
    static const struct {
        enum pav_execution_order order;
        const char *link, *words;
        bool (*may)(const struct search *s);
    } orders[] = {{PAV_NEWEST_FIRST, "executions?", "newest", NULL},
                  {PAV_LAST_MOVED_FIRST, "executions?sort=moved", "last moved",
                   search_may_be_by_moves},
                  {PAV_OLDEST_FIRST, "executions?sort=oldest", "oldest",
                   search_may_be_by_age}};
    struct pav_items list;
    size_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct pav_members o;

        if (orders[i].may != NULL && !orders[i].may(s))
            continue;
        pav_members_init(&o, q->arena);
        view_text(&o, "order_words", orders[i].words);
        view_text(&o, "order_link", order_link(q, orders[i].link, s));
        view_bool(&o, "order_this", s->f.order == orders[i].order);
        pav_items_add(&list, pav_members_object(&o));
    }
    view_bool(m, "orders_any", list.count > 1);
    pav_members_puts(m, "orders", pav_items_array(&list));
}

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {
        "key",          "machine", "status", "state", "children", "startedFrom",
        "startedUntil", "q",       "run",    "sort",  "columns",  "version",
        "passed",       "stay",    "ended",  "where", NULL};
    const char *part = page_parameter(q, "part");
    struct pav_members m;
    struct search s;
    int64_t next;

    (void)rest;
    search_read(q, &s);
    if (part != NULL && strcmp(part, "csv") == 0) {
        answer_csv(q, &s);
        return;
    }
    s.f.before = page_before(q);
    s.f.limit = ROWS;
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "chips", pav_items_array(&s.chips));
    view_bool(&m, "chips_any", s.chips.count > 0);
    pav_members_puts(&m, "unread", pav_items_array(&s.unread));
    view_bool(&m, "unread_any", s.unread.count > 0);
    pav_members_puts(&m, "executions", view_executions(q, &s.f, &next));
    view_text(&m, "next", view_next(q, "executions?", kept, next));
    view_text(&m, "csv", view_next(q, "executions?part=csv&", kept, INT64_MAX));
    view_text(&m, "machine", s.f.machine);
    view_text(&m, "state", s.f.state);
    view_text(&m, "words", page_parameter(q, "q"));
    add_spans(&m, page_parameter(q, "startedFrom"));
    pav_members_puts(&m, "columns", view_columns(q));
    view_text(&m, "columns_text", page_parameter(q, "columns"));
    add_orders(q, &m, &s);
    view_bool(&m, "by_moves", s.f.order == PAV_LAST_MOVED_FIRST);
    if (s.f.order == PAV_LAST_MOVED_FIRST && next == 0 &&
        pav_reader_moves_pass(q->reader))
        view_amount(&m, "moves_seen", PAV_MOVES_SEEN);
    add_statuses(&m, &s);
    add_totals(q, &m, &s);
    add_views(q, &m);
    page_show(q, &(struct page){.name = "executions",
                                .title = "Executions",
                                .place = "at_executions",
                                /* Elsewhere a change would move all rows. */
                                .topics = s.f.before == 0 &&
                                                  s.f.order == PAV_NEWEST_FIRST
                                              ? "executions"
                                              : NULL,
                                .view = &m});
}

const struct page_route executions_page = {
    "/executions", "pavane:ReadExecutions", PAGE_ITSELF, show};
