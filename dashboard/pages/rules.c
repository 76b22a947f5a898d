/* The rules of the buses, their targets, and what those got. */
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "parameters.h"

static const struct pav_doc *
rule_view(struct pav_query *q, const struct pav_name_row *row)
{
    const struct pav_doc *body = bus_row_body(q, row->body);
    const struct pav_doc *targets = pav_doc_get(body, "Targets");
    const char *bus = pav_reader_bus(q->reader, row->owner, q->arena);
    struct pav_items list;
    struct pav_members m;
    struct bus_numbers n;
    uint32_t i;

    bus = bus == NULL ? "" : bus;
    n = bus_numbers(q,
                    strcmp(bus, "default") == 0
                        ? row->name
                        : pav_arena_printf(q->arena, "%s/%s", bus, row->name));
    pav_members_init(&m, q->arena);
    bus_describe(q, &m, row->name, body);
    view_text(&m, "bus", bus);
    bus_json(q, &m, "pattern", body, "EventPattern");
    pav_items_init(&list, q->arena);
    for (i = 0;
         targets != NULL && targets->kind == PAV_ARRAY && i < targets->len;
         i++) {
        const char *arn =
            pav_doc_member_str(q->arena, &targets->items[i], "Arn");

        if (arn != NULL)
            pav_items_add(&list, bus_target(q, arn));
    }
    pav_members_puts(&m, "targets", pav_items_array(&list));
    view_amount(&m, "matched", (int64_t)n.matched);
    view_amount(&m, "a_minute", (int64_t)n.a_minute);
    view_time(&m, "last", (int64_t)n.last_ms);
    view_amount(&m, "delivered", (int64_t)n.delivered);
    view_amount(&m, "failed", (int64_t)n.failed);
    view_amount(&m, "dead", (int64_t)n.dead);
    view_bool(&m, "dead_any", n.dead > 0);
    return pav_members_object(&m);
}

/* Where a page begins: "BUS NUMBER:NAME". */
static void
show(struct pav_query *q, const char *rest)
{
    const char *from = page_parameter(q, "from"), *name = "";
    struct pav_name_row *rows;
    struct pav_items list;
    struct pav_members m;
    uint32_t count, i;

    (void)rest;
    if (from != NULL && (name = strchr(from, ':')) != NULL)
        name++;
    count = pav_reader_names(
        q->reader, PAV_NAME_RULE, from == NULL ? 0 : strtoll(from, NULL, 10),
        name == NULL ? "" : name, ROWS + 1, q->arena, &rows);
    pav_items_init(&list, q->arena);
    for (i = 0; i < count && i < ROWS; i++)
        pav_items_add(&list, rule_view(q, &rows[i]));
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "rules", pav_items_array(&list));
    if (count > ROWS)
        bus_next(q, &m, "bus/rules",
                 pav_arena_printf(q->arena, "%lld:%s",
                                  (long long)rows[ROWS - 1].owner,
                                  rows[ROWS - 1].name));
    bus_show(q, "rules", "Rules", "in_rules", &m);
}

const struct page_route rules_page = {"/bus/rules", "pavane:ReadEvents",
                                      PAGE_ITSELF, show};
