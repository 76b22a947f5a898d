/* Local tables, and the items of one. */
#include <string.h>

#include "bus.h"
#include "links.h"

#define COLUMNS 12 /* attributes that have one */

static void
show_tables(struct pav_query *q)
{
    struct pav_table_view *v;
    uint32_t count = pav_reader_tables(q->reader, q->arena, &v), i;
    struct pav_items list;
    struct pav_members m;

    pav_items_init(&list, q->arena);
    for (i = 0; i < count; i++) {
        pav_members_init(&m, q->arena);
        view_text(&m, "name", v[i].name);
        view_text(&m, "link", view_link(q, "bus/tables/", v[i].name));
        view_text(&m, "count", view_capped(q->arena, v[i].count));
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "tables", pav_items_array(&list));
    bus_show(q, "tables", "Tables", "in_tables", &m);
}

/* ---- the items of one ---- */

struct columns {
    const struct pav_member *v[COLUMNS];
    uint32_t count;
};

static bool
has_column(const struct columns *c, const struct pav_member *m)
{
    uint32_t i;

    for (i = 0; i < c->count; i++)
        if (c->v[i]->len == m->len && memcmp(c->v[i]->key, m->key, m->len) == 0)
            return true;
    return false;
}

/* In the order in which items bring them: keys are what all have. */
static void
find_columns(struct columns *c, const struct pav_doc *item)
{
    uint32_t i;

    for (i = 0; i < item->len && c->count < COLUMNS; i++)
        if (!has_column(c, &item->members[i]))
            c->v[c->count++] = &item->members[i];
}

/* {"L": [{"S": "x"}]} as ["x"]: without the names of the kinds. */
static const struct pav_doc *
plain(struct pav_arena *a, const struct pav_doc *typed, int depth)
{
    const struct pav_member *of;
    struct pav_members m;
    struct pav_items items;
    struct pav_doc *number;
    uint32_t i;

    if (typed->kind != PAV_OBJECT || typed->len != 1 || depth == 32)
        return typed;
    of = &typed->members[0];
    if (pav_member_is(of, "NULL"))
        return &pav_doc_null;
    if (pav_member_is(of, "N") && of->value.kind == PAV_STRING) {
        number = pav_arena_alloc(a, sizeof(*number));
        *number = of->value;
        number->kind = PAV_NUMBER;
        return number;
    }
    if (pav_member_is(of, "L") && of->value.kind == PAV_ARRAY) {
        pav_items_init(&items, a);
        for (i = 0; i < of->value.len; i++)
            pav_items_add(&items, plain(a, &of->value.items[i], depth + 1));
        return pav_items_array(&items);
    }
    if (!pav_member_is(of, "M") || of->value.kind != PAV_OBJECT)
        return &of->value;
    pav_members_init(&m, a);
    for (i = 0; i < of->value.len; i++)
        pav_members_add(&m, of->value.members[i].key, of->value.members[i].len,
                        plain(a, &of->value.members[i].value, depth + 1));
    return pav_members_object(&m);
}

/* Texts as they are, other values as JSON. */
static void
add_cell(struct pav_query *q, struct pav_items *cells,
         const struct pav_member *column, const struct pav_doc *value)
{
    const struct pav_doc *v = value == NULL ? NULL : plain(q->arena, value, 0);
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_text(&m, "column",
              pav_arena_strndup(q->arena, column->key, column->len));
    view_bool(&m, "number", v != NULL && v->kind == PAV_NUMBER);
    if (v != NULL)
        view_text(&m, "text",
                  v->kind == PAV_STRING ? pav_doc_str(q->arena, v)
                                        : pav_doc_text(q->arena, v));
    pav_items_add(cells, pav_members_object(&m));
}

static void
add_items(struct pav_query *q, struct pav_members *m,
          const struct pav_table_item *v, uint32_t count)
{
    const struct pav_doc **items =
        pav_arena_alloc(q->arena, (count + 1) * sizeof(*items));
    struct columns columns = {.count = 0};
    struct pav_items list, heads;
    uint32_t i, k;

    for (i = 0; i < count; i++) {
        items[i] = bus_row_body(q, v[i].body);
        find_columns(&columns, items[i]);
    }
    pav_items_init(&heads, q->arena);
    for (k = 0; k < columns.count; k++) {
        struct pav_members head;

        pav_members_init(&head, q->arena);
        view_text(
            &head, "name",
            pav_arena_strndup(q->arena, columns.v[k]->key, columns.v[k]->len));
        pav_items_add(&heads, pav_members_object(&head));
    }
    pav_items_init(&list, q->arena);
    for (i = 0; i < count; i++) {
        struct pav_items cells;
        struct pav_members row;

        pav_items_init(&cells, q->arena);
        for (k = 0; k < columns.count; k++)
            add_cell(
                q, &cells, columns.v[k],
                pav_doc_getn(items[i], columns.v[k]->key, columns.v[k]->len));
        pav_members_init(&row, q->arena);
        pav_members_puts(&row, "cells", pav_items_array(&cells));
        pav_items_add(&list, pav_members_object(&row));
    }
    pav_members_puts(m, "columns", pav_items_array(&heads));
    pav_members_puts(m, "items", pav_items_array(&list));
}

static void
show(struct pav_query *q, const char *rest)
{
    int64_t skip = bus_from(q);
    struct pav_table_item *v;
    struct pav_members m;
    uint32_t count;

    if (*rest == '\0') {
        show_tables(q);
        return;
    }
    count = pav_reader_items(q->reader, rest, skip, ROWS + 1, q->arena, &v);
    if (count == 0 && skip == 0) {
        page_missing(q, "No table of this name has an item.");
        return;
    }
    pav_members_init(&m, q->arena);
    view_text(&m, "name", rest);
    view_bool(&m, "further", skip > 0);
    add_items(q, &m, v, count > ROWS ? ROWS : count);
    if (count > ROWS)
        bus_next(q, &m,
                 view_link(q, "bus/tables/", rest) + strlen(page_root(q)),
                 pav_arena_printf(q->arena, "%lld", (long long)(skip + ROWS)));
    bus_show(q, "table", rest, "in_tables", &m);
}

const struct page_route tables_page = {"/bus/tables", "pavane:ReadExecutions",
                                       PAGE_ITSELF | PAGE_BELOW, show};
