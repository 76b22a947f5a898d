/* One event as its producer sent it. */
#include <string.h>

#include "pavane/insight.h"
#include "pavane/text.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "view_rows.h"

#define TRIED 5

static const struct pav_doc *
fields_view(struct pav_query *q, const struct pav_tried_rule *x)
{
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < x->count; i++) {
        const struct pav_tried_field *f = &x->fields[i];
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "path", f->path);
        view_text(&m, "wanted", f->wanted);
        view_text(&m, "came", f->came);
        view_bool(&m, "holds", f->holds);
        view_text(&m, "meant", f->meant);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* Why rules take it or not, nearest first. */
static void
add_tried(struct pav_query *q, const struct pav_event_row *e,
          struct pav_members *out)
{
    struct pav_tried_rule *v;
    uint32_t n = pav_rules_tried(q->reader, e, TRIED, q->arena, &v), i;
    struct pav_items rows;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "machine", v[i].machine);
        view_text(&m, "machine_link", view_link(q, "machines/", v[i].machine));
        view_text(&m, "rule", v[i].rule);
        view_bool(&m, "starts", v[i].starts);
        view_bool(&m, "takes", v[i].held == v[i].count);
        view_number(&m, "held", v[i].held);
        view_text(
            &m, "held_text",
            pav_arena_printf(q->arena, "%u of %u", v[i].held, v[i].count));
        pav_members_puts(&m, "fields", fields_view(q, &v[i]));
        pav_items_add(&rows, pav_members_object(&m));
    }
    pav_members_puts(out, "tried", pav_items_array(&rows));
}

static void
show(struct pav_query *q, const char *rest)
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
    add_tried(q, &e, &m);
    f.event_id = pav_arena_strndup(q->arena, e.event_id.p, e.event_id.len);
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    page_show(q, &(struct page){.name = "event",
                                .title = "Event",
                                .topics = "events",
                                .place = "at_events",
                                .view = &m});
}

const struct page_route event_page = {"/events", "pavane:ReadEvents",
                                      PAGE_BELOW, show};
