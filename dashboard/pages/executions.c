/* The list of executions. */
#include <string.h>

#include "frame.h"
#include "links.h"
#include "pages.h"
#include "view_rows.h"

static void
add_statuses(struct pav_members *m, const char *chosen)
{
    struct pav_items list;
    int s;

    pav_items_init(&list, m->arena);
    for (s = PAV_RUNNING; s <= PAV_ABORTED; s++) {
        struct pav_members o;
        const char *name = pav_status_name((enum pav_status)s);

        pav_members_init(&o, m->arena);
        view_text(&o, "name", name);
        view_bool(&o, "selected", chosen != NULL && strcmp(chosen, name) == 0);
        pav_items_add(&list, pav_members_object(&o));
    }
    pav_members_puts(m, "statuses", pav_items_array(&list));
}

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"key",   "machine",  "status",
                                       "state", "children", NULL};
    struct pav_execution_filter f = {.key = page_parameter(q, "key"),
                                     .machine = page_parameter(q, "machine"),
                                     .state = page_parameter(q, "state"),
                                     .status = -1,
                                     .exclude_map_children =
                                         !page_parameter(q, "children"),
                                     .before = page_before(q),
                                     .limit = ROWS};
    const char *status = page_parameter(q, "status");
    enum pav_status wanted;
    struct pav_items chips;
    struct pav_members m;
    int64_t next;

    (void)rest;
    pav_members_init(&m, q->arena);
    if (status != NULL && pav_status_find(status, &wanted))
        f.status = wanted;
    else
        view_text(&m, "no_such", status);
    pav_items_init(&chips, q->arena);
    view_chip(&chips, "key", f.key);
    view_chip(&chips, "machine", f.machine);
    view_chip(&chips, "state", f.state);
    view_chip(&chips, "status", f.status < 0 ? NULL : status);
    pav_members_puts(&m, "chips", pav_items_array(&chips));
    view_bool(&m, "chips_any", chips.count > 0);
    pav_members_puts(&m, "executions", view_executions(q, &f, &next));
    view_text(&m, "next", view_next(q, "executions?", kept, next));
    view_text(&m, "key", f.key);
    view_text(&m, "machine", f.machine);
    view_text(&m, "state", f.state);
    add_statuses(&m, f.status < 0 ? NULL : status);
    page_show(q, &(struct page){.name = "executions",
                                .title = "Executions",
                                .place = "at_executions",
                                .topics = f.before == 0 ? "executions" : NULL,
                                .view = &m});
}

const struct page_route executions_page = {
    "/executions", "pavane:ReadExecutions", PAGE_ITSELF, show};
