/* Functions of arrays, and those that give each item to a function. */
#include <math.h>
#include <string.h>

#include "eval.h"
#include "functions.h"

FUNCTION(fn_count)
{
    (void)e;
    return value_number(is_array(arg(c, 0)) ? array_len(arg(c, 0)) : 0);
}

FUNCTION(fn_append)
{
    return append(e, arg(c, 0), arg(c, 1));
}

/* ---- order ---- */

static bool
all_of(struct value v, bool numbers)
{
    uint32_t i;

    for (i = 0; i < array_len(v); i++) {
        struct value item = array_at(v, i);

        if (numbers ? !is_number(item) : item.kind != V_STRING)
            return false;
    }
    return true;
}

static bool
by_value(struct eval *e, void *ctx, struct value x, struct value y)
{
    (void)ctx;
    if (!take_steps(e, 1))
        return false;
    if (x.kind == V_STRING)
        return compare_texts(e, x, y) > 0;
    return double_of(x) > double_of(y);
}

static bool
by_function(struct eval *e, void *ctx, struct value x, struct value y)
{
    struct value args[2] = {x, y};
    struct value *f = ctx, v;

    v = call_function(e, f->function, args, 2, (struct value){.kind = V_NULL},
                      NULL);
    /* as JavaScript sees it: an empty list is true */
    return !e->failed && (is_array(v) || is_object(v) || truth(e, v));
}

FUNCTION(fn_sort)
{
    struct value v = arg(c, 0), f = arg(c, 1);

    if (!is_array(v))
        return nothing;
    if (array_len(v) <= 1)
        return v;
    if (f.kind == V_FUNCTION)
        return sort_stable(e, v, by_function, &f);
    if (all_of(v, true) || all_of(v, false))
        return sort_stable(e, v, by_value, NULL);
    throw_error(e, "D3070");
    e->thrown.index = 1;
    return nothing;
}

static struct list *
list_of(struct eval *e, struct value v)
{
    struct list *l;

    if (!may_make(e, array_len(v) * sizeof(v)) ||
        !take_steps(e, array_len(v) / 8))
        return NULL;
    l = list_new(e->arena, array_len(v));
    list_push_all(e->arena, l, v);
    return l;
}

FUNCTION(fn_reverse)
{
    struct value v = arg(c, 0);
    struct list *l;
    uint32_t i, n;

    if (!is_array(v))
        return nothing;
    n = array_len(v);
    if (n <= 1)
        return v;
    l = list_of(e, v);
    for (i = 0; l != NULL && i < n; i++)
        l->items[i] = array_at(v, n - 1 - i);
    return l == NULL ? nothing : value_list(l);
}

double
draw_number(struct eval *e)
{
    return e->in->draw == NULL
               ? 0.5
               : (double)(e->in->draw(e->in->ctx) >> 11) / 9007199254740992.0;
}

FUNCTION(fn_shuffle)
{
    struct value v = arg(c, 0);
    struct list *l;
    uint32_t i, j;

    if (!is_array(v))
        return nothing;
    if (array_len(v) <= 1)
        return v;
    l = list_of(e, v);
    for (i = 0; l != NULL && i < l->count; i++) {
        j = (uint32_t)(draw_number(e) * (i + 1));
        if (i != j)
            l->items[i] = l->items[j];
        l->items[j] = array_at(v, i);
    }
    return l == NULL ? nothing : value_list(l);
}

/* ---- $distinct ---- */

struct seen {
    uint32_t *index; /* by hash: place + 1 */
    uint32_t len;
    const struct list *items;
};

static bool
was_seen(struct seen *s, struct value v, uint64_t *left)
{
    uint32_t i = (uint32_t)value_hash(v, left) & (s->len - 1);

    for (; s->index[i] != 0 && *left > 0; i = (i + 1) & (s->len - 1))
        if (value_equal(s->items->items[s->index[i] - 1], v, left))
            return true;
    s->index[i] = s->items->count + 1;
    return false;
}

FUNCTION(fn_distinct)
{
    struct value v = arg(c, 0);
    struct seen seen = {.len = 16};
    struct list *l;
    uint32_t i, n;

    if (!is_array(v) || array_len(v) <= 1)
        return v;
    n = array_len(v);
    while (seen.len < 2 * n)
        seen.len *= 2;
    if (!may_make(e, n * sizeof(v) + seen.len * sizeof(uint32_t)))
        return nothing;
    seen.index = pav_arena_zalloc(e->arena, seen.len * sizeof(uint32_t));
    seen.items = l = list_new(e->arena, 8);
    l->sequence = is_sequence(v);
    for (i = 0; i < n && take_steps(e, 4); i++) {
        uint64_t left = steps_left(e), before = left;

        if (!was_seen(&seen, array_at(v, i), &left))
            list_push(e->arena, l, array_at(v, i));
        take_steps(e, before - left + (left == 0));
    }
    return value_list(l);
}

FUNCTION(fn_zip)
{
    struct list *l = list_new(e->arena, 8), *tuple;
    uint32_t i, j, n = UINT32_MAX;

    for (i = 0; i < c->count; i++) {
        uint32_t len = is_array(c->args[i]) ? array_len(c->args[i]) : 0;

        n = len < n ? len : n;
    }
    if (c->count == 0 ||
        !may_make(e, (size_t)n * (c->count + 4) * sizeof(struct value)))
        return c->count == 0 ? value_list(l) : nothing;
    for (i = 0; i < n && take_steps(e, 1); i++) {
        tuple = list_new(e->arena, c->count);
        for (j = 0; j < c->count; j++)
            list_push(e->arena, tuple, array_at(c->args[j], i));
        list_push(e->arena, l, value_list(tuple));
    }
    return value_list(l);
}

/* ---- with a function ---- */

FUNCTION(fn_map)
{
    struct value v = arg(c, 0), f = arg(c, 1), one;
    struct list *l = sequence_new(e->arena);
    uint32_t i;

    if (!is_array(v))
        return nothing;
    for (i = 0; i < array_len(v) && !e->failed; i++) {
        one = call_given(e, f, array_at(v, i), value_number(i), v);
        if (one.kind != V_NOTHING)
            list_push(e->arena, l, one);
    }
    return value_list(l);
}

FUNCTION(fn_filter)
{
    struct value v = arg(c, 0), f = arg(c, 1);
    struct list *l = sequence_new(e->arena);
    uint32_t i;

    if (!is_array(v))
        return nothing;
    for (i = 0; i < array_len(v) && !e->failed; i++)
        if (truth(e, call_given(e, f, array_at(v, i), value_number(i), v)))
            list_push(e->arena, l, array_at(v, i));
    return value_list(l);
}

FUNCTION(fn_single)
{
    struct value v = arg(c, 0), f = arg(c, 1), found = nothing;
    bool any = false;
    uint32_t i;

    if (!is_array(v))
        return nothing;
    for (i = 0; i < array_len(v) && !e->failed; i++) {
        if (f.kind == V_FUNCTION &&
            !truth(e, call_given(e, f, array_at(v, i), value_number(i), v)))
            continue;
        if (any) {
            throw_error(e, "D3138");
            e->thrown.index = i;
        }
        found = array_at(v, i);
        any = true;
    }
    if (!any && !e->failed)
        throw_error(e, "D3139");
    return found;
}

FUNCTION(fn_reduce)
{
    struct value v = arg(c, 0), f = arg(c, 1), args[4];
    uint32_t i = 0, arity;

    if (!is_array(v))
        return nothing;
    arity = f.kind == V_FUNCTION ? f.function->arity : 0;
    if (arity < 2) {
        throw_error(e, "D3050");
        e->thrown.index = 1;
        return nothing;
    }
    args[0] = arg(c, 2);
    if (args[0].kind == V_NOTHING && array_len(v) > 0)
        args[0] = array_at(v, i++);
    for (; i < array_len(v) && !e->failed; i++) {
        args[1] = array_at(v, i);
        args[2] = value_number(i);
        args[3] = v;
        args[0] = call_function(e, f.function, args, arity > 4 ? 4 : arity,
                                (struct value){.kind = V_NULL}, c->scope);
    }
    return args[0];
}
