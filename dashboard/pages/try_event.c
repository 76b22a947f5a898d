/* Paste an event: which rules would take it, and why others would not. */
#include <string.h>

#include "bus.h"
#include "pages.h"
#include "parameters.h"
#include "tried.h"
#include "view.h"

static void
show(struct pav_query *q, const char *rest)
{
    const char *event = page_parameter(q, "event");
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    view_text(&m, "event", event);
    if (event != NULL)
        tried_add(q, (struct pav_bytes){event, strlen(event)}, &m);
    bus_show(q, "tryevent", "Try an event", "in_try", &m);
}

const struct page_route try_event_page = {"/bus/try", "pavane:ReadEvents",
                                          PAGE_ITSELF, show};
