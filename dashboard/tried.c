/* Rules tried on an event: see tried.h. */
#include "tried.h"

#include "pavane/insight.h"
#include "links.h"
#include "view.h"

#define TRIED 10 /* that take it, and that come near */

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

/* Why rules of a bus take it or not, nearest first. */
void
tried_add(struct pav_query *q, struct pav_bytes event, int64_t bus,
          struct pav_members *out)
{
    struct pav_tried tried;
    struct pav_items rows;
    struct pav_err err;
    uint32_t i;

    if (pav_rules_tried(q->reader, event, bus, TRIED, q->arena, &tried, &err) !=
        PAV_OK) {
        view_text(out, "tried_fault",
                  pav_arena_printf(q->arena, "%s: %s", err.at, err.message));
        return;
    }
    if (tried.taking > TRIED) {
        view_amount(out, "taking", tried.taking);
        view_number(out, "taking_shown", TRIED);
    }
    view_bool(out, "tried_partial", tried.partial);
    pav_items_init(&rows, q->arena);
    for (i = 0; i < tried.count; i++) {
        const struct pav_tried_rule *x = &tried.rules[i];
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_text(&m, "machine", x->machine);
        if (x->machine != NULL)
            view_text(&m, "machine_link",
                      view_link(q, "machines/", x->machine));
        view_text(&m, "rule", x->rule);
        view_bool(&m, "starts", x->starts);
        view_bool(&m, "takes", x->takes);
        view_bool(&m, "disabled", x->disabled);
        view_bool(&m, "apart",
                  !x->takes && !x->disabled && x->held == x->count);
        view_text(&m, "held_text",
                  pav_arena_printf(q->arena, "%u of %u", x->held, x->count));
        pav_members_puts(&m, "fields", fields_view(q, x));
        pav_items_add(&rows, pav_members_object(&m));
    }
    pav_members_puts(out, "tried", pav_items_array(&rows));
}
