/* One event as its producer sent it. */
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "tried.h"
#include "view_rows.h"

/* Has another event its id? */
static bool
came_again(struct pav_query *q, const struct pav_event_row *e)
{
    struct pav_disposition_filter f = {
        .event_id = pav_arena_strndup(q->arena, e->event_id.p, e->event_id.len),
        .kind = -1,
        .limit = ROWS};
    struct pav_disposition_view *v;
    int64_t next;
    uint32_t n = pav_reader_dispositions(q->reader, &f, q->arena, &v, &next), i;

    for (i = 0; i < n; i++)
        if (v[i].row.event_id != e->id)
            return true;
    return false;
}

#define IN_A_LINK                                                              \
    2000 /* bytes of an event; more does not go into an address                \
          */

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
    view_text(&m, "source_link",
              view_link(q, "producers/",
                        pav_arena_strndup(q->arena, e.source.p, e.source.len)));
    view_time(&m, "received", e.received_at);
    view_text(&m, "body", view_pretty(q->arena, e.body.p, e.body.len));
    tried_add(q, e.body, &m);
    if (came_again(q, &e))
        view_text(&m, "same_link",
                  view_link(q, "by-key/",
                            pav_arena_strndup(q->arena, e.event_id.p,
                                              e.event_id.len)));
    if (e.body.len <= IN_A_LINK)
        view_text(&m, "try_link",
                  view_link(q, "bus/try?event=",
                            pav_arena_strndup(q->arena, e.body.p, e.body.len)));
    f.event = id;
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    page_show(q, &(struct page){.name = "event",
                                .title = "Event",
                                .topics = "events",
                                .place = "at_events",
                                .view = &m});
}

const struct page_route event_page = {"/events", "pavane:ReadEvents",
                                      PAGE_BELOW, show};
