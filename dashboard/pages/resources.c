/* What the buses have beside rules: themselves, connections, destinations,
 * groups of schedules. */
#include <string.h>

#include "bus.h"

#define MOST 1000

/* A row each: its name, what it says of itself, and where it leads. */
static const struct pav_doc *
rows_of(struct pav_query *q, int kind)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(q->reader, kind, 0, "", MOST, q->arena,
                                  &rows),
             i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_doc *body = bus_row_body(q, rows[i].body);
        struct pav_members m;

        pav_members_init(&m, q->arena);
        bus_describe(q, &m, rows[i].name, body);
        view_text(&m, "way",
                  pav_doc_member_str(q->arena, body, "AuthorizationType"));
        view_text(&m, "method",
                  pav_doc_member_str(q->arena, body, "HttpMethod"));
        view_text(&m, "address",
                  pav_doc_member_str(q->arena, body, "InvocationEndpoint"));
        if (pav_doc_get(body, "InvocationRateLimitPerSecond") != NULL)
            view_amount(
                &m, "rate",
                pav_doc_member_int(body, "InvocationRateLimitPerSecond"));
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "buses", rows_of(q, PAV_NAME_BUS));
    pav_members_puts(&m, "connections", rows_of(q, PAV_NAME_CONNECTION));
    pav_members_puts(&m, "destinations", rows_of(q, PAV_NAME_DESTINATION));
    pav_members_puts(&m, "groups", rows_of(q, PAV_NAME_GROUP));
    bus_show(q, "resources", "Buses and connections", "in_resources", &m);
}

const struct page_route resources_page = {"/bus/resources", "pavane:ReadEvents",
                                          PAGE_ITSELF, show};
