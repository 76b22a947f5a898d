/* What is due by the clock. */
#include <stdlib.h>

#include "bus.h"

static void
add_targets(struct pav_query *q, struct pav_members *m,
            const struct pav_doc *body)
{
    const char *arn =
        pav_doc_member_str(q->arena, pav_doc_get(body, "Target"), "Arn");
    struct pav_items list;

    pav_items_init(&list, q->arena);
    if (arn != NULL)
        pav_items_add(&list, bus_target(q, arn));
    pav_members_puts(m, "targets", pav_items_array(&list));
}

static const struct pav_doc *
schedule_view(struct pav_query *q, const struct pav_schedule_row *row)
{
    const struct pav_doc *body = bus_row_body(q, row->body);
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_text(&m, "name", row->name);
    view_bool(&m, "is_rule", row->kind == PAV_SCHEDULED_RULE);
    view_text(&m, "description",
              pav_doc_member_str(q->arena, body, "Description"));
    view_text(&m, "expression",
              pav_doc_member_str(q->arena, body, "ScheduleExpression"));
    view_text(&m, "zone",
              pav_doc_member_str(q->arena, body, "ScheduleExpressionTimezone"));
    view_bool(&m, "disabled",
              pav_doc_is_str(pav_doc_get(body, "State"), "DISABLED"));
    if (row->next_at > 0)
        view_time(&m, "at", row->next_at);
    add_targets(q, &m, body);
    return pav_members_object(&m);
}

static void
show(struct pav_query *q, const char *rest)
{
    const char *from = page_parameter(q, "from");
    int64_t skip = from == NULL ? 0 : strtoll(from, NULL, 10);
    struct pav_schedule_row *rows;
    struct pav_items list;
    struct pav_members m;
    uint32_t count, i;

    (void)rest;
    skip = skip < 0 || skip > PAV_COUNT_CAP ? 0 : skip;
    count = pav_reader_schedules(q->reader, skip, ROWS + 1, q->arena, &rows);
    pav_items_init(&list, q->arena);
    for (i = 0; i < count && i < ROWS; i++)
        pav_items_add(&list, schedule_view(q, &rows[i]));
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "schedules", pav_items_array(&list));
    if (count > ROWS && skip + ROWS <= PAV_COUNT_CAP)
        bus_next(q, &m, "bus/schedules",
                 pav_arena_printf(q->arena, "%lld", (long long)(skip + ROWS)));
    bus_show(q, "schedules", "Schedules", "in_schedules", &m);
}

const struct page_route schedules_page = {"/bus/schedules", "pavane:ReadEvents",
                                          PAGE_ITSELF, show};
