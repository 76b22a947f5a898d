/* Paste an event: which rules would take it, and why others would not. */
#include <string.h>

#include "bus.h"
#include "pages.h"
#include "parameters.h"
#include "tried.h"
#include "view.h"

#define BUSES 1000

/* The number of the bus that is asked for, of those to choose from; 0: there is
 * none of that name. */
static int64_t
add_buses(struct pav_query *q, struct pav_members *m, const char *asked)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(q->reader, PAV_NAME_BUS, 0, "", BUSES,
                                  q->arena, &rows),
             i;
    int64_t bus = strcmp(asked, "default") == 0 ? 1 : 0;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members o;
        bool is_it = strcmp(rows[i].name, asked) == 0;

        pav_members_init(&o, q->arena);
        view_text(&o, "name", rows[i].name);
        view_bool(&o, "selected", is_it);
        pav_items_add(&list, pav_members_object(&o));
        if (is_it)
            bus = rows[i].number;
    }
    view_bool(m, "buses_any", n > 0);
    pav_members_puts(m, "buses", pav_items_array(&list));
    return bus;
}

static void
show(struct pav_query *q, const char *rest)
{
    const char *event = q->body_len > 0 ? q->body : page_parameter(q, "event");
    const char *asked = page_parameter(q, "bus");
    struct pav_members m;
    int64_t bus;

    (void)rest;
    pav_members_init(&m, q->arena);
    view_text(&m, "event", event);
    bus = add_buses(q, &m, asked == NULL ? "default" : asked);
    if (bus == 0)
        view_text(&m, "no_such", asked);
    else if (event != NULL)
        tried_add(q, (struct pav_bytes){event, strlen(event)}, bus, &m);
    bus_show(q, "tryevent", "Try an event", "in_try", &m);
}

const struct page_route try_event_page = {"/bus/try", "pavane:ReadEvents",
                                          PAGE_ITSELF, show};
