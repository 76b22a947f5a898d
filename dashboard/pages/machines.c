/* The list of machines. */
#include "frame.h"
#include "pages.h"
#include "view_rows.h"

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_machine_view *v;
    uint32_t count = pav_reader_machines(q->reader, true, q->arena, &v), i;
    struct pav_items rows;
    struct pav_members m;

    (void)rest;
    pav_items_init(&rows, q->arena);
    for (i = 0; i < count; i++)
        pav_items_add(&rows, view_machine(q, &v[i]));
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "machines", pav_items_array(&rows));
    page_show(q, &(struct page){.name = "machines",
                                .title = "Machines",
                                .place = "at_machines",
                                .topics = "executions machines",
                                .view = &m});
}

const struct page_route machines_page = {"/machines", "pavane:ReadMachines",
                                         PAGE_ITSELF, show};
