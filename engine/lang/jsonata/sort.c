/* Sorting: stable, by halves, as the reference does it. */
#include <string.h>

#include "eval.h"
#include "functions.h"

static void
merge(struct eval *e, struct value *items, struct value *room, uint32_t count,
      goes_after_fn goes_after, void *ctx)
{
    uint32_t middle = count / 2, i = 0, j = middle, w = 0;

    if (count < 2 || e->failed)
        return;
    merge(e, items, room, middle, goes_after, ctx);
    merge(e, items + middle, room, count - middle, goes_after, ctx);
    while (i < middle && j < count && !e->failed)
        room[w++] =
            goes_after(e, ctx, items[i], items[j]) ? items[j++] : items[i++];
    while (i < middle)
        room[w++] = items[i++];
    memcpy(items, room, w * sizeof(*items));
}

struct value
sort_stable(struct eval *e, struct value array, goes_after_fn goes_after,
            void *ctx)
{
    uint32_t count = array_len(array);
    struct list *l;

    if (!may_make(e, 2 * (size_t)count * sizeof(struct value)))
        return nothing;
    l = list_new(e->arena, count);
    list_push_all(e->arena, l, array);
    l->tuple_stream = array.kind == V_LIST && array.list->tuple_stream;
    merge(e, l->items, pav_arena_alloc(e->arena, count * sizeof(*l->items)),
          count, goes_after, ctx);
    return value_list(l);
}

/* ---- `^(...)` ---- */

struct order {
    const struct node *n;
    struct scope *scope;
};

static struct value
term_of(struct eval *e, const struct node *term, struct value item,
        struct scope *scope)
{
    item = item_of(e, item, &scope);
    return evaluate(e, term, item, scope);
}

static bool
sortable(struct value v)
{
    return v.kind == V_STRING || is_number(v);
}

/* -1, 0, 1; what is undefined comes last. */
static int
compare_terms(struct eval *e, const struct node *n, const struct node *term,
              struct value x, struct value y)
{
    int c;

    if (x.kind == V_NOTHING || y.kind == V_NOTHING)
        return (x.kind == V_NOTHING) - (y.kind == V_NOTHING);
    if (!sortable(x) || !sortable(y)) {
        throw_value(e, "T2008", sortable(x) ? y : x);
        thrown_at(e, n);
        return 0;
    }
    if ((x.kind == V_STRING) != (y.kind == V_STRING)) {
        throw_value(e, "T2007", x);
        e->thrown.value2 = y;
        thrown_at(e, n);
        return 0;
    }
    if (x.kind == V_STRING)
        c = compare_texts(e, x, y);
    else
        c = double_of(x) == double_of(y)
                ? 0
                : (double_of(x) < double_of(y) ? -1 : 1);
    return term->descending ? -c : c;
}

static bool
by_terms(struct eval *e, void *ctx, struct value x, struct value y)
{
    const struct order *order = ctx;
    uint32_t i;
    int c = 0;

    for (i = 0; c == 0 && i < order->n->count && !e->failed; i++) {
        const struct node *term = order->n->kids[i];
        struct value a = term_of(e, term, x, order->scope);
        struct value b = term_of(e, term, y, order->scope);

        if (!e->failed)
            c = compare_terms(e, order->n, term, a, b);
    }
    return c == 1;
}

struct value
eval_sort(struct eval *e, const struct node *n, struct value input,
          struct scope *scope)
{
    struct order order = {.n = n, .scope = scope};

    if (!is_array(input) || array_len(input) <= 1)
        return input;
    return sort_stable(e, input, by_terms, &order);
}
