/* One event as its producer sent it. */
#include <string.h>

#include "pavane/text.h"
#include "frame.h"
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
    pav_members_puts(&m, "dispositions", view_dispositions(q, &f, &next));
    page_show(q, &(struct page){.name = "event",
                                .title = "Event",
                                .topics = "events",
                                .place = "at_events",
                                .view = &m});
}

const struct page_route event_page = {"/events", "pavane:ReadEvents",
                                      PAGE_BELOW, show};
