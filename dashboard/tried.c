/* Rules tried on an event: see tried.h. */
#include "tried.h"

#include "pavane/insight.h"
#include "links.h"
#include "view.h"

#define TRIED 5

static const struct pav_doc *
fields_view(struct pav_query *q, const struct pav_tried_rule *x)
{
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < x->count; i++) {
        const struct pav_tried_field *f = &x->fields[i];
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "path", f->path);
        view_text(&m, "wanted", f->wanted);
        view_text(&m, "came", f->came);
        view_bool(&m, "holds", f->holds);
        view_text(&m, "meant", f->meant);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* Why rules take it or not, nearest first. */
void
tried_add(struct pav_query *q, struct pav_bytes event, struct pav_members *out)
{
    struct pav_tried_rule *v;
    struct pav_items rows;
    struct pav_err err;
    uint32_t n, i;

    if (pav_rules_tried(q->reader, event, TRIED, q->arena, &v, &n, &err) !=
        PAV_OK) {
        view_text(out, "tried_fault",
                  pav_arena_printf(q->arena, "%s: %s", err.at, err.message));
        return;
    }
    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "machine", v[i].machine);
        if (v[i].machine != NULL)
            view_text(&m, "machine_link",
                      view_link(q, "machines/", v[i].machine));
        view_text(&m, "rule", v[i].rule);
        view_bool(&m, "starts", v[i].starts);
        view_bool(&m, "takes", v[i].held == v[i].count);
        view_number(&m, "held", v[i].held);
        view_text(
            &m, "held_text",
            pav_arena_printf(q->arena, "%u of %u", v[i].held, v[i].count));
        pav_members_puts(&m, "fields", fields_view(q, &v[i]));
        pav_items_add(&rows, pav_members_object(&m));
    }
    pav_members_puts(out, "tried", pav_items_array(&rows));
}
