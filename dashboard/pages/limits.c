/* What is bounded, by how much, and how much of it is used. */
#include "bus.h"

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_items rows;
    struct pav_members m;
    uint32_t i, n = q->limits == NULL ? 0 : q->limits->len;

    (void)rest;
    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_doc *l = &q->limits->items[i];
        int64_t max = pav_doc_member_int(l, "max"), used;

        pav_members_init(&m, q->arena);
        pav_members_puts(&m, "name", pav_doc_get(l, "name"));
        pav_members_puts(&m, "what", pav_doc_get(l, "what"));
        view_text(&m, "setting", pav_doc_member_str(q->arena, l, "setting"));
        view_amount(&m, "max", max);
        if (pav_doc_int(pav_doc_get(l, "used"), &used)) {
            view_amount(&m, "used", used);
            view_bool(&m, "near", used * 10 >= max * 8);
        }
        pav_items_add(&rows, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "limits", pav_items_array(&rows));
    bus_show(q, "limits", "Limits", "in_limits", &m);
}

const struct page_route limits_page = {"/bus/limits", "pavane:ReadStatus",
                                       PAGE_ITSELF, show};
