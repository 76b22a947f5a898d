/*
 * Paths: each step maps over what the one before it gave, and what it gives is
 * flattened into one sequence.  With `@`, `#` or `%` in it, a path carries
 * tuples along: the value and the names that are bound on its way.
 */
#include <math.h>
#include <string.h>

#include "eval.h"
#include "functions.h"

/* ---- tuples ---- */

static void
tuple_set(struct eval *e, struct tuple *t, uint32_t symbol, struct value v)
{
    uint32_t i;

    for (i = 0; i < t->count; i++)
        if (t->v[i].symbol == symbol) {
            t->v[i].value = v;
            return;
        }
    t->v = pav_arena_append(e->arena, t->v, t->count, sizeof(*t->v));
    t->v[t->count].symbol = symbol;
    t->v[t->count++].value = v;
}

/* With room for one more, so that nobody else's bindings are written to. */
static struct tuple *
tuple_copy(struct eval *e, const struct tuple *from)
{
    struct tuple *t = pav_arena_zalloc(e->arena, sizeof(*t));
    uint32_t i;

    if (from == NULL || !take_steps(e, from->count * from->count / 16) ||
        !may_make(e, from->count * sizeof(*t->v)))
        return t;
    t->item = from->item;
    for (i = 0; i < from->count; i++)
        tuple_set(e, t, from->v[i].symbol, from->v[i].value);
    return t;
}

static struct value
value_tuple(struct tuple *t)
{
    return (struct value){.kind = V_TUPLE, .tuple = t};
}

static bool
is_stream(struct value v)
{
    return v.kind == V_LIST && v.list->tuple_stream;
}

static struct list *
stream_new(struct eval *e)
{
    struct list *l = sequence_new(e->arena);

    l->tuple_stream = true;
    return l;
}

/* ---- predicates ---- */

static bool
names_index(double n, uint32_t len, uint32_t i)
{
    n = floor(n);
    return (n < 0 ? n + len : n) == i;
}

static bool
all_numeric(struct eval *e, struct value v)
{
    uint32_t i;

    if (!is_array(v))
        return false;
    for (i = 0; i < array_len(v); i++)
        if (!is_numeric(e, array_at(v, i)))
            return false;
    return true;
}

static struct value
constant_index(struct eval *e, const struct node *filter, struct value input,
               struct list *kept)
{
    uint32_t len = is_array(input) ? array_len(input) : 1;
    double i = floor(filter->number);
    struct value item;

    if (i < 0)
        i += len;
    if (!(i >= 0 && i < len))
        return value_list(kept);
    item = is_array(input) ? array_at(input, (uint32_t)i) : input;
    if (is_array(item))
        return item;
    if (item.kind != V_NOTHING)
        list_push(e->arena, kept, item);
    return value_list(kept);
}

struct value
eval_filter(struct eval *e, const struct node *filter, struct value input,
            struct scope *scope)
{
    struct list *kept = sequence_new(e->arena);
    uint32_t i, j, len = is_array(input) ? array_len(input) : 1;

    kept->tuple_stream = is_stream(input);
    if (e->failed)
        return nothing;
    if (filter->type == N_NUMBER)
        return constant_index(e, filter, input, kept);
    for (i = 0; i < len && !e->failed; i++) {
        struct value item = is_array(input) ? array_at(input, i) : input;
        struct scope *inner = scope;
        struct value on = item_of(e, item, &inner), result;

        result = evaluate(e, filter, on, inner);
        if (is_numeric(e, result)) {
            if (names_index(double_of(result), len, i))
                list_push(e->arena, kept, item);
        } else if (is_array(result) && !take_steps(e, array_len(result) / 4)) {
            break;
        } else if (all_numeric(e, result)) {
            for (j = 0; j < array_len(result); j++)
                if (names_index(double_of(array_at(result, j)), len, i))
                    list_push(e->arena, kept, item);
        } else if (truth(e, result)) {
            list_push(e->arena, kept, item);
        }
    }
    return value_list(kept);
}

static struct value
eval_stages(struct eval *e, const struct node *n, struct value v,
            struct scope *scope)
{
    uint32_t i, j;

    if (n->extras == NULL)
        return v;
    for (i = 0; i < n->extras->stage_count && !e->failed; i++) {
        const struct stage *stage = &n->extras->stages[i];

        if (stage->filter != NULL)
            v = eval_filter(e, stage->filter, v, scope);
        else
            for (j = 0; is_stream(v) && j < v.list->count; j++)
                tuple_set(e, v.list->items[j].tuple, stage->index,
                          value_number(j));
    }
    return v;
}

/* ---- steps ---- */

static struct value
eval_step(struct eval *e, const struct node *n, struct value input,
          struct scope *scope, bool last)
{
    struct list *results, *flat;
    uint32_t i, len;

    if (n->type == N_SORT)
        return eval_stages(e, n, eval_sort(e, n, input, scope), scope);
    flat = sequence_new(e->arena);
    len = array_len(input);
    if (len == 1) { /* most often */
        struct value v = evaluate(e, n, array_at(input, 0), scope);

        v = eval_stages(e, n, v, scope);
        if (v.kind == V_NOTHING)
            return value_list(flat);
        if (last && is_array(v) && !is_sequence(v))
            return v;
        if (!is_array(v) || (v.kind == V_LIST && v.list->cons))
            list_push(e->arena, flat, v);
        else if (may_make(e, array_len(v) * sizeof(v)))
            list_push_all(e->arena, flat, v);
        return value_list(flat);
    }
    results = list_new(e->arena, len);
    for (i = 0; i < len && !e->failed; i++) {
        struct value v = evaluate(e, n, array_at(input, i), scope);

        v = eval_stages(e, n, v, scope);
        if (v.kind != V_NOTHING)
            list_push(e->arena, results, v);
    }
    if (last && results->count == 1 && is_array(results->items[0]) &&
        !is_sequence(results->items[0]))
        return results->items[0];
    for (i = 0; i < results->count && !e->failed; i++) {
        struct value v = results->items[i];

        if (!is_array(v) || (v.kind == V_LIST && v.list->cons))
            list_push(e->arena, flat, v);
        else if (may_make(e, array_len(v) * sizeof(v)))
            list_push_all(e->arena, flat, v);
    }
    return value_list(flat);
}

/* One item that a tuple's step gave, as a tuple. */
static struct tuple *
next_tuple(struct eval *e, const struct node *n, const struct tuple *from,
           struct value item, uint32_t index)
{
    const struct extras *x = n->extras;
    struct tuple *t = tuple_copy(e, from);
    uint32_t i;

    if (item.kind == V_TUPLE) {
        for (i = 0; i < item.tuple->count; i++)
            tuple_set(e, t, item.tuple->v[i].symbol, item.tuple->v[i].value);
        t->item = item.tuple->item;
        return t;
    }
    if (x != NULL && x->focus != 0)
        tuple_set(e, t, x->focus, item);
    else
        t->item = item;
    if (x != NULL && x->index != 0)
        tuple_set(e, t, x->index, value_number(index));
    if (x != NULL && x->ancestor != NULL)
        tuple_set(e, t, x->ancestor->label, from->item);
    return t;
}

static struct list *
tuples_of(struct eval *e, struct value input)
{
    struct list *stream = stream_new(e);
    uint32_t i;

    for (i = 0; i < array_len(input); i++) {
        struct tuple *t = tuple_copy(e, NULL);

        t->item = array_at(input, i);
        list_push(e->arena, stream, value_tuple(t));
    }
    return stream;
}

static struct list *
sorted_tuples(struct eval *e, const struct node *n, struct value input,
              struct scope *scope)
{
    struct value sorted = eval_sort(e, n, input, scope);
    struct list *stream;
    uint32_t i;

    if (e->failed || is_stream(sorted))
        return e->failed ? stream_new(e) : sorted.list;
    stream = tuples_of(e, sorted);
    for (i = 0; n->extras != NULL && n->extras->index != 0 && i < stream->count;
         i++)
        tuple_set(e, stream->items[i].tuple, n->extras->index, value_number(i));
    return stream;
}

static struct list *
eval_tuple_step(struct eval *e, const struct node *n, struct value input,
                struct list *before, struct scope *scope)
{
    struct list *stream;
    struct value v;
    uint32_t i, j;

    if (n->type == N_SORT) {
        stream = sorted_tuples(
            e, n, before == NULL ? input : value_list(before), scope);
    } else {
        if (before == NULL)
            before = tuples_of(e, input);
        stream = stream_new(e);
        for (i = 0; i < before->count && !e->failed; i++) {
            const struct tuple *t = before->items[i].tuple;

            v = evaluate(e, n, t->item, scope_of_tuple(e, scope, t));
            if (v.kind == V_NOTHING)
                continue;
            for (j = 0; j < (is_array(v) ? array_len(v) : 1) && !e->failed; j++)
                if (take_steps(e, 1))
                    list_push(
                        e->arena, stream,
                        value_tuple(next_tuple(
                            e, n, t, is_array(v) ? array_at(v, j) : v, j)));
        }
    }
    v = eval_stages(e, n, value_list(stream), scope);
    return e->failed || !is_stream(v) ? stream_new(e) : v.list;
}

static struct value
items_of_stream(struct eval *e, const struct list *stream)
{
    struct list *l = sequence_new(e->arena);
    uint32_t i;

    for (i = 0; i < stream->count; i++)
        list_push(e->arena, l, stream->items[i].tuple->item);
    return value_list(l);
}

/*
 * The steps of a path that are names, through objects: they need no sequences.
 * Where it stops and with what; with nothing, when there is nothing.
 */
static uint32_t
walk_names(struct eval *e, const struct node *n, uint32_t end,
           struct value input, struct scope *scope, struct value *v)
{
    uint32_t i = 0;

    *v = input;
    if (end > 0 && n->kids[0]->type == N_VARIABLE &&
        n->kids[0]->extras == NULL && !n->kids[0]->keep_array) {
        *v = evaluate(e, n->kids[0], input, scope);
        i = 1;
    }
    for (; i < end && !is_array(*v); i++) {
        const struct node *step = n->kids[i];

        if (v->kind == V_NOTHING || step->type != N_NAME ||
            step->extras != NULL || step->keep_array)
            break;
        *v = is_object(*v) ? object_get(*v, step->text, step->count) : nothing;
    }
    return i;
}

static struct value
singleton(struct eval *e, struct value v)
{
    struct list *l = sequence_new(e->arena);

    list_push(e->arena, l, v);
    return value_list(l);
}

/* What the next step goes over. */
static struct value
as_sequence(struct eval *e, struct value v)
{
    return is_array(v) && !(v.kind == V_LIST && v.list->cons) ? v
                                                              : singleton(e, v);
}

/* The same as a sequence of its own, which one item is enough to end. */
static struct value
sequence_of(struct eval *e, struct value v)
{
    struct list *l = sequence_new(e->arena);

    v = as_sequence(e, v);
    if (may_push(e, v))
        list_push_all(e->arena, l, v);
    return value_list(l);
}

/*
 * What the next step goes over when the first one, an array in brackets with a
 * predicate, gave one item: the reference takes it for a list, and finds the
 * units of a string, and nothing in others.
 */
static struct value
taken_for_list(struct eval *e, struct value v)
{
    return v.kind == V_STRING ? split_units(e, v, HUGE_VAL)
                              : value_list(sequence_new(e->arena));
}

static bool
leads_no_further(struct value v)
{
    return v.kind == V_NOTHING || (v.kind == V_STRING && v.len == 0) ||
           (is_array(v) && array_len(v) == 0);
}

static struct value
keep_singleton(struct eval *e, struct value v)
{
    if (v.kind != V_LIST)
        return v;
    if (v.list->cons && !v.list->sequence)
        v = singleton(e, v);
    v.list->keep_singleton = true;
    return v;
}

struct value
eval_path(struct eval *e, const struct node *n, struct value input,
          struct scope *scope)
{
    const struct node *group = n->extras == NULL ? NULL : n->extras->group;
    bool plain = group == NULL && !n->keep_singleton && !n->tuple;
    struct list *tuples = NULL;
    struct value at, result;
    uint32_t i;

    i = walk_names(e, n, plain ? n->count : n->count - 1, input, scope, &at);
    if (plain && i > 0 && (i == n->count || at.kind == V_NOTHING) &&
        at.kind != V_LIST)
        return at;
    if (i > 0 && i < n->count && at.kind != V_NOTHING) {
        at = n->kids[i]->type == N_SORT ? sequence_of(e, at)
                                        : as_sequence(e, at);
    } else { /* from the start */
        i = 0;
        at = is_array(input) && n->kids[0]->type != N_VARIABLE
                 ? input
                 : singleton(e, input);
    }
    result = at;
    if (i > 0 && i < n->count && array_len(at) == 0) { /* no further */
        result = value_list(sequence_new(e->arena));
        i = n->count;
    }
    for (; i < n->count && !e->failed; i++) {
        const struct node *step = n->kids[i];

        if (tuples != NULL || step->tuple) {
            tuples = eval_tuple_step(e, step, at, tuples, scope);
            continue;
        }
        result = i == 0 && step->cons_array
                     ? evaluate(e, step, at, scope)
                     : eval_step(e, step, at, scope, i + 1 == n->count);
        if (leads_no_further(result))
            break;
        at = is_array(result) || i + 1 == n->count ? result
                                                   : taken_for_list(e, result);
    }
    if (e->failed)
        return nothing;
    if (tuples != NULL)
        result = n->tuple ? value_list(tuples) : items_of_stream(e, tuples);
    if (n->keep_singleton)
        result = keep_singleton(e, result);
    return group == NULL
               ? result
               : eval_group(e, group,
                            tuples == NULL ? result : value_list(tuples),
                            scope);
}

/* ---- objects, and grouping by a key ---- */

struct group {
    struct value data; /* what has the key: one item, or a list of them */
    uint32_t pair;
    bool many;
};

/* What is grouped under one key, as fn append() puts it together. */
static void
group_add(struct eval *e, struct group *g, struct value item)
{
    struct list *l;

    if (item.kind == V_NOTHING)
        return;
    if (g->data.kind == V_NOTHING) {
        g->data = item;
        return;
    }
    if (!g->many) { /* a list of its own from now on */
        l = list_new(e->arena, 4);
        l->tuple_stream = g->data.kind == V_TUPLE;
        if (!may_push(e, g->data))
            return;
        list_push_all(e->arena, l, g->data);
        g->data = value_list(l);
        g->many = true;
    }
    if (may_push(e, item))
        list_push_all(e->arena, g->data.list, item);
}

/* Tuples under one key as one: the values of each name together. */
static struct tuple *
tuples_merged(struct eval *e, struct value data)
{
    const struct tuple *first =
        data.kind == V_TUPLE ? data.tuple : data.list->items[0].tuple;
    struct tuple *t = tuple_copy(e, first);
    struct group *parts; /* of each name, and at last the item */
    uint32_t i, j, k;

    if (data.kind == V_TUPLE)
        return t;
    parts = pav_arena_zalloc(e->arena, (t->count + 1) * sizeof(*parts));
    for (i = 0; i < data.list->count && take_steps(e, 1); i++) {
        const struct tuple *one = data.list->items[i].tuple;

        group_add(e, &parts[t->count], one->item);
        for (j = 0; j < one->count; j++)
            for (k = 0; k < t->count; k++)
                if (t->v[k].symbol == one->v[j].symbol)
                    group_add(e, &parts[k], one->v[j].value);
    }
    t->item = parts[t->count].data;
    for (k = 0; k < t->count; k++)
        t->v[k].value = parts[k].data;
    return t;
}

static struct value
group_throw(struct eval *e, const char *code, const struct node *n,
            struct value v)
{
    throw_value(e, code, v);
    thrown_at(e, n);
    return nothing;
}

/* The groups by key: entries whose values' numbers are places in *groups. */
static struct map *
group_items(struct eval *e, const struct node *n, struct value input,
            struct scope *scope, struct group **groups)
{
    struct map *keys = map_new(e->arena);
    uint32_t i, pair, count = 0;

    *groups = NULL;
    for (i = 0; i < array_len(input) && !e->failed; i++) {
        struct value item = array_at(input, i), on = item;
        struct scope *inner = scope;

        on = item_of(e, item, &inner);
        for (pair = 0; pair < n->count / 2 && !e->failed; pair++) {
            struct value key = evaluate(e, n->kids[2 * pair], on, inner);
            struct entry *known;
            struct group *g;

            if (e->failed || key.kind == V_NOTHING)
                continue;
            if (key.kind != V_STRING) {
                group_throw(e, "T1003", n, key);
                break;
            }
            if (!take_steps(e, key.len / 64))
                break;
            known = map_find(keys, key.text, key.len);
            if (known == NULL) {
                *groups = pav_arena_append(e->arena, *groups, count,
                                           sizeof(**groups));
                g = &(*groups)[count];
                memset(g, 0, sizeof(*g));
                g->pair = pair;
                map_put(e->arena, keys, key.text, key.len,
                        value_number(count++));
            } else {
                g = &(*groups)[(uint32_t)known->value.number];
                if (g->pair != pair)
                    group_throw(e, "D1009", n, key);
            }
            group_add(e, g, item);
        }
    }
    return keys;
}

struct value
eval_group(struct eval *e, const struct node *n, struct value input,
           struct scope *scope)
{
    struct map *result = map_new(e->arena), *keys;
    struct group *groups;
    bool streams = is_stream(input);
    uint32_t i;

    if (e->failed)
        return nothing;
    if (!is_array(input) || array_len(input) == 0) {
        struct list *l = list_new(e->arena, 1);

        list_push(e->arena, l, is_array(input) ? nothing : input);
        input = value_list(l);
    }
    if (!streams || input.list->items[0].kind != V_TUPLE)
        streams = false;
    keys = group_items(e, n, input, scope, &groups);
    for (i = 0; i < keys->count && !e->failed; i++) {
        const struct group *g = &groups[(uint32_t)keys->v[i].value.number];
        struct value on = g->data, v;
        struct scope *inner = scope;

        if (streams) {
            struct tuple *t = tuples_merged(e, g->data);

            inner = scope_of_tuple(e, scope, t);
            on = t->item;
        }
        v = evaluate(e, n->kids[2 * g->pair + 1], on, inner);
        if (v.kind != V_NOTHING)
            map_put(e->arena, result, keys->v[i].key, keys->v[i].len, v);
    }
    return value_map(result);
}
