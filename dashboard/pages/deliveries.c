/* What targets outside have not got: dead letters, and what is in flight. */
#include "pavane/arn.h"
#include "pavane/text.h"
#include "bus.h"

#define BODY_SHOWN 8192 /* bytes */

static const struct pav_doc *
delivery_view(struct pav_query *q, const struct pav_delivery_row *row)
{
    const struct pav_doc *target = bus_target(q, row->target_arn);
    bool blocked = row->due_at == PAV_DELIVERY_BLOCKED;
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_number(&m, "id", row->id);
    view_time(&m, "created", row->created_at);
    pav_members_puts(&m, "kind", pav_doc_get(target, "kind"));
    pav_members_puts(&m, "target", pav_doc_get(target, "name"));
    view_text(&m, "rule", pav_arn_rule(row->rule_arn));
    view_text(&m, "code", row->error_code);
    view_text(&m, "why", row->error_message);
    view_number(&m, "attempts", row->attempts);
    view_text(
        &m, "body",
        row->body.len <= BODY_SHOWN
            ? view_pretty(q->arena, row->body.p, row->body.len)
            : pav_arena_printf(
                  q->arena, "%.*s\n... cut here: the API gives the whole",
                  (int)pav_utf8_cut(row->body.p, row->body.len, BODY_SHOWN),
                  row->body.p));
    view_text(&m, "state",
              blocked          ? "waits for a place"
              : row->lease > 0 ? "sent, not answered yet"
                               : "due");
    if (!blocked && row->lease <= 0)
        view_time(&m, "due", row->due_at);
    return pav_members_object(&m);
}

static const struct pav_doc *
views(struct pav_query *q, const struct pav_delivery_row *rows, uint32_t count)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < count && i < ROWS; i++)
        pav_items_add(&list, delivery_view(q, &rows[i]));
    return pav_items_array(&list);
}

#define GROUPS 50

/* By target and error: how many, and how they stand. */
static const struct pav_doc *
groups_view(struct pav_query *q, bool dead, struct pav_members *page)
{
    struct pav_delivery_group *v;
    bool more;
    uint32_t n = pav_reader_delivery_groups(q->reader, dead, GROUPS, q->arena,
                                            &v, &more),
             i;
    struct pav_items list;

    view_bool(page, dead ? "dead_in_part" : "open_in_part", more);
    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_delivery_group *g = &v[i];
        const struct pav_doc *target = bus_target(q, g->target_arn);
        struct pav_members m;

        pav_members_init(&m, q->arena);
        pav_members_puts(&m, "kind", pav_doc_get(target, "kind"));
        pav_members_puts(&m, "target", pav_doc_get(target, "name"));
        view_amount(&m, "count", g->count);
        view_text(&m, "code", g->error_code);
        view_time(&m, "oldest", g->oldest_at);
        view_time(&m, "newest", g->newest_at);
        if (g->sent > 0)
            view_amount(&m, "sent", g->sent);
        if (g->blocked > 0)
            view_amount(&m, "blocked", g->blocked);
        if (!dead && g->error_code != NULL && g->due_at > q->now_ms &&
            g->due_at != PAV_DELIVERY_BLOCKED)
            view_time(&m, "until", g->due_at);
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_delivery_row *dead, *open;
    struct pav_members m;
    uint32_t dead_count, open_count;

    (void)rest;
    dead_count = pav_reader_dead_letters(q->reader, bus_from(q), ROWS + 1,
                                         q->arena, &dead);
    open_count = pav_reader_deliveries(q->reader, 0, ROWS + 1, q->arena, &open);
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "dead_groups", groups_view(q, true, &m));
    pav_members_puts(&m, "open_groups", groups_view(q, false, &m));
    view_bool(&m, "open_any", open_count > 0);
    pav_members_puts(&m, "dead", views(q, dead, dead_count));
    pav_members_puts(&m, "open", views(q, open, open_count));
    view_bool(&m, "dead_any", dead_count > 0);
    view_bool(&m, "open_more", open_count > ROWS);
    if (dead_count > ROWS)
        bus_next(
            q, &m, "bus/deliveries",
            pav_arena_printf(q->arena, "%lld", (long long)dead[ROWS - 1].id));
    bus_show(q, "deliveries", "Deliveries", "in_deliveries", &m);
}

static void
show_dead(struct pav_query *q, const char *rest)
{
    (void)rest;
    page_redirect(q, "bus/deliveries");
}

const struct page_route dead_letters_page = {
    "/bus/dead-letters", "pavane:ReadDeliveries", PAGE_ITSELF, show_dead};
const struct page_route deliveries_page = {
    "/bus/deliveries", "pavane:ReadDeliveries", PAGE_ITSELF, show};
