/* What needs somebody: a group for each thing, and where to look. */
#include <stdlib.h>
#include <string.h>

#include "pavane/attention.h"
#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/text.h"
#include "bus.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "parameters.h"

/* "executions?machine=M&NAME=VALUE" */
static const char *
list_link(struct pav_query *q, const struct pav_attention *x, const char *name,
          const char *value)
{
    struct pav_buf b;
    const char *link;

    pav_buf_init(&b, 8192);
    pav_buf_puts(&b, page_root(q));
    pav_buf_puts(&b, "executions?machine=");
    pav_url_encode(&b, x->machine, strlen(x->machine));
    pav_buf_printf(&b, "&%s=", name);
    pav_url_encode(&b, value, strlen(value));
    link = pav_arena_strndup(q->arena, b.p, b.len);
    pav_buf_fini(&b);
    return link;
}

/* Those of the day, and of its error, when it is known by it. */
static const char *
failed_link(struct pav_query *q, const struct pav_attention *x)
{
    const char *link =
        list_link(q, x, "status", pav_status_name((enum pav_status)x->status));
    struct pav_buf b;

    pav_buf_init(&b, 8192);
    pav_buf_printf(&b, "%s&q=ended%%3C1d", link);
    if (x->why != NULL) {
        pav_url_encode(&b, " error:\"", 8);
        pav_url_encode(&b, x->why, strlen(x->why));
        pav_url_encode(&b, "\"", 1);
    }
    link = pav_arena_strndup(q->arena, b.p, b.len);
    pav_buf_fini(&b);
    return link;
}

/* The events of the group: "SOURCE: TYPE" is what it is about. */
static const char *
events_link(struct pav_query *q, const struct pav_attention *x)
{
    const char *colon = x->what == NULL ? NULL : strstr(x->what, ": ");
    char from[PAV_TIME_LEN];
    const char *link =
        pav_arena_printf(q->arena, "%sevents?disposition=%s", page_root(q),
                         pav_attention_name(x->kind));
    struct pav_buf b;

    if (colon == NULL)
        return link;
    pav_buf_init(&b, 8192);
    pav_buf_printf(&b, "%s&from=%s&source=", link,
                   pav_time_format(x->oldest_at, from));
    pav_url_encode(&b, x->what, (size_t)(colon - x->what));
    pav_buf_puts(&b, "&type=");
    pav_url_encode(&b, colon + 2, strlen(colon + 2));
    pav_buf_puts(&b, "&machine=");
    if (x->machine != NULL)
        pav_url_encode(&b, x->machine, strlen(x->machine));
    else
        pav_url_encode(&b, OF_NO_MACHINE, strlen(OF_NO_MACHINE));
    if (x->why != NULL && x->kind != PAV_ATTENTION_UNEXPECTED &&
        x->kind != PAV_ATTENTION_PARKED) {
        pav_buf_puts(&b, "&why=");
        pav_url_encode(&b, x->why, strlen(x->why));
    }
    link = pav_arena_strndup(q->arena, b.p, b.len);
    pav_buf_fini(&b);
    return link;
}

static const char *
link_of(struct pav_query *q, const struct pav_attention *x)
{
    switch (x->kind) {
    case PAV_ATTENTION_FAULT:
        return pav_arena_printf(q->arena, "%smachines", page_root(q));
    case PAV_ATTENTION_OVERDUE:
        return pav_arena_printf(q->arena, "%s&status=late",
                                list_link(q, x, "state", x->what));
    case PAV_ATTENTION_FAILED:
        return failed_link(q, x);
    case PAV_ATTENTION_DEAD:
    case PAV_ATTENTION_STUCK:
        return pav_arena_printf(q->arena, "%sbus/deliveries", page_root(q));
    default:
        return events_link(q, x);
    }
}

/* "executions ended badly": the page says of which time. */
static const char *
short_says(struct pav_arena *a, const struct pav_attention *x)
{
    const char *says = pav_attention_says(x->kind, x->count),
               *day = strstr(says, " within a day");

    return day == NULL ? says
                       : pav_arena_strndup(a, says, (size_t)(day - says));
}

/* The reason, without what the row says already. */
static const char *
without_what(const char *why)
{
    static const char *const said[] = {
        "no rule matches; ",
        "no transition for this event: the execution goes on; ",
        "no transition for this event: "};
    size_t i;

    for (i = 0; why != NULL && i < sizeof(said) / sizeof(said[0]); i++)
        if (strncmp(why, said[i], strlen(said[i])) == 0)
            return why + strlen(said[i]);
    return why;
}

static const struct pav_doc *
group_view(struct pav_query *q, const struct pav_attention *x,
           const struct pav_debt *debt)
{
    const struct pav_doc *target;
    char when[PAV_TIME_LEN];
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_text(&m, "class", pav_attention_name(x->kind));
    view_text(&m, "count",
              pav_arena_printf(q->arena, "%lld%s", (long long)x->count,
                               x->more ? "+" : ""));
    view_text(&m, "says", short_says(q->arena, x));
    view_text(&m, "machine", x->machine);
    if (x->machine != NULL)
        view_text(&m, "machine_link", view_link(q, "machines/", x->machine));
    view_text(&m, "what",
              x->kind == PAV_ATTENTION_FAILED
                  ? pav_status_name((enum pav_status)x->status)
                  : x->what);
    if (x->kind == PAV_ATTENTION_DEAD || x->kind == PAV_ATTENTION_STUCK) {
        target = bus_target(q, x->what);
        view_text(
            &m, "what",
            pav_arena_printf(q->arena, "%s %s",
                             pav_doc_member_str(q->arena, target, "kind"),
                             pav_doc_member_str(q->arena, target, "name")));
    }
    view_text(&m, "why", without_what(x->why));
    if (debt != NULL && debt->from != NULL) {
        view_text(&m, "from", debt->from);
        view_text(&m, "from_link", view_producer_link(q, debt->from));
        view_text(&m, "awaits", debt->awaits);
    }
    view_text(&m, "group", x->group);
    view_text(&m, "mark_what",
              pav_arena_printf(
                  q->arena, "%lld%s %s%s%s%s%s", (long long)x->count,
                  x->more ? "+" : "", pav_attention_says(x->kind, x->count),
                  x->machine == NULL ? "" : ": ",
                  x->machine == NULL ? "" : x->machine,
                  x->what == NULL ? "" : ", ", x->what == NULL ? "" : x->what));
    view_mark(&m, x->mark);
    view_bars(&m, "bars", x->bars, PAV_ATTENTION_BARS);
    view_time(&m, "oldest", x->oldest_at);
    view_span(&m, "age", q->now_ms - x->oldest_at);
    view_text(&m, "oldest_exact",
              pav_arena_strdup(q->arena, pav_time_format(x->oldest_at, when)));
    if (x->newest_at > x->oldest_at)
        view_span(&m, "newest_age", q->now_ms - x->newest_at);
    view_text(&m, "link", link_of(q, x));
    return pav_members_object(&m);
}

static int
oldest_first(const void *x, const void *y)
{
    const struct pav_attention *a = x, *b = y;

    if ((a->mark != NULL) != (b->mark != NULL))
        return a->mark != NULL ? 1 : -1;
    return a->oldest_at < b->oldest_at ? -1 : a->oldest_at > b->oldest_at;
}

static int
most_first(const void *x, const void *y)
{
    const struct pav_attention *a = x, *b = y;

    if ((a->mark != NULL) != (b->mark != NULL))
        return a->mark != NULL ? 1 : -1;
    return a->count > b->count ? -1 : a->count < b->count;
}

static const struct order {
    const char *name, *words; /* name "": unless another is asked for */
    int (*compare)(const void *x, const void *y);
} orders[] = {{"", "gravest first", NULL},
              {"oldest", "oldest first", oldest_first},
              {"most", "most first", most_first}};
#define ORDERS (sizeof(orders) / sizeof(orders[0]))

static bool
is_order(const struct order *o, const char *sort)
{
    return strcmp(o->name, sort == NULL ? "" : sort) == 0;
}

static void
sort_groups(struct pav_attention *v, uint32_t count, const char *sort)
{
    size_t i;

    for (i = 0; i < ORDERS && count > 1; i++)
        if (is_order(&orders[i], sort) && orders[i].compare != NULL)
            qsort(v, count, sizeof(*v), orders[i].compare);
}

static void
add_sorts(struct pav_query *q, struct pav_members *m, const char *sort)
{
    struct pav_items list;
    size_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < ORDERS; i++) {
        struct pav_members o;

        pav_members_init(&o, q->arena);
        view_text(&o, "words", orders[i].words);
        view_text(&o, "link",
                  pav_arena_printf(q->arena, "%sattention%s%s", page_root(q),
                                   i == 0 ? "" : "?sort=", orders[i].name));
        view_bool(&o, "current", is_order(&orders[i], sort));
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "sorts", pav_items_array(&list));
}

/* Of many groups so many are in sight: a screen. */
#define MANY     25
#define IN_SIGHT 20

static void
show_groups(struct pav_query *q)
{
    struct pav_attention *v;
    uint32_t count = pav_reader_attention(q->reader, q->now_ms, q->arena, &v);
    struct pav_debt *debts;
    uint32_t debt_count = pav_debts(q->reader, q->now_ms, q->arena, &debts);
    const char *sort = page_parameter(q, "sort");
    struct pav_items list, more;
    struct pav_members m;
    uint32_t i;

    sort_groups(v, count, sort);
    pav_items_init(&list, q->arena);
    pav_items_init(&more, q->arena);
    for (i = 0; i < count; i++)
        pav_items_add(count > MANY && i >= IN_SIGHT ? &more : &list,
                      group_view(q, &v[i],
                                 v[i].kind == PAV_ATTENTION_OVERDUE
                                     ? pav_debt_find(debts, debt_count,
                                                     v[i].machine, v[i].what)
                                     : NULL));
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "groups", pav_items_array(&list));
    pav_members_puts(&m, "more_groups", pav_items_array(&more));
    if (more.count > 0)
        view_number(&m, "more_count", more.count);
    add_sorts(q, &m, sort);
    for (i = 0; i < ORDERS && !is_order(&orders[i], sort); i++)
        ;
    if (i == ORDERS)
        view_not_read(q, &m, "sort");
    page_show(q, &(struct page){.name = "attention",
                                .title = "Attention",
                                .place = "at_attention",
                                .topics = "executions events machines",
                                .view = &m});
}

static void
show(struct pav_query *q, const char *rest)
{
    const char *part = page_parameter(q, "part");

    (void)rest;
    if (part == NULL || strcmp(part, "count") != 0) {
        show_groups(q);
        return;
    }
    q->type = "text/plain; charset=utf-8"; /* the badge of a page that stands */
    q->headers = page_security;
    pav_buf_int(&q->out, kept_wrong(q));
}

const struct page_route attention_page = {"/attention", "pavane:ReadExecutions",
                                          PAGE_ITSELF, show};
