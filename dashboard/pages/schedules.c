/* What is due by the clock. */
#include <string.h>

#include "pavane/schedule.h"
#include "bus.h"
#include "links.h"

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

#define LATER 4 /* times behind the next one */

static const struct pav_doc *
later_view(struct pav_query *q, const struct pav_doc *body, int64_t at)
{
    struct pav_items list;
    int i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < LATER; i++) {
        struct pav_members m;

        at = pav_scheduled_after(body, at, q->arena);
        if (at == 0)
            break;
        pav_members_init(&m, q->arena);
        view_time(&m, "later", at);
        pav_items_add(&list, pav_members_object(&m));
    }
    return pav_items_array(&list);
}

/* How the execution stands that was started: "MACHINE:NAME". */
static void
add_status(struct pav_query *q, struct pav_members *m, const char *id)
{
    const char *colon = strchr(id, ':');
    struct pav_execution_view x;

    if (colon != NULL &&
        pav_reader_execution(
            q->reader, pav_arena_strndup(q->arena, id, (size_t)(colon - id)),
            colon + 1, q->arena, &x))
        view_status(m, (enum pav_status)x.row.status);
}

/* When it was due last, and what came of it. */
static void
add_last(struct pav_query *q, struct pav_members *m,
         const struct pav_schedule_row *row)
{
    size_t started = strlen(PAV_STARTED_IT);

    if (row->last_at == 0)
        return;
    view_time(m, "last", row->last_at);
    if (row->last_result == NULL)
        return;
    if (strcmp(row->last_result, PAV_HANDED_ON) == 0) {
        view_text(m, "handed", row->last_result);
    } else if (strncmp(row->last_result, PAV_STARTED_IT, started) == 0) {
        add_status(q, m, row->last_result + started);
        view_text(m, "started", row->last_result + started);
        view_text(m, "started_link",
                  view_link(q, "executions/", row->last_result + started));
    } else {
        view_text(m, "result", row->last_result);
    }
}

static const struct pav_doc *
schedule_view(struct pav_query *q, const struct pav_schedule_row *row)
{
    const struct pav_doc *body = bus_row_body(q, row->body), *later;
    struct pav_members m;

    pav_members_init(&m, q->arena);
    bus_describe(q, &m, row->name, body);
    view_bool(&m, "is_rule", row->kind == PAV_SCHEDULED_RULE);
    view_text(&m, "zone",
              pav_doc_member_str(q->arena, body, "ScheduleExpressionTimezone"));
    if (row->next_at > 0) {
        view_time(&m, "at", row->next_at);
        later = later_view(q, body, row->next_at);
        pav_members_puts(&m, "then", later);
        view_bool(&m, "then_any", later->len > 0);
    }
    add_last(q, &m, row);
    add_targets(q, &m, body);
    return pav_members_object(&m);
}

static void
show(struct pav_query *q, const char *rest)
{
    int64_t skip = bus_from(q);
    struct pav_schedule_row *rows;
    struct pav_items list;
    struct pav_members m;
    uint32_t count, i;

    (void)rest;
    skip = skip > PAV_COUNT_CAP ? 0 : skip;
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
