/* Functions of objects. */
#include <string.h>

#include "eval.h"
#include "functions.h"

static void
add_keys(struct eval *e, struct map *keys, struct value v)
{
    uint32_t i,
        n = is_array(v) ? array_len(v) : (is_object(v) ? object_len(v) : 0);

    if (!take_steps(e, n / 4) || !nest(e))
        return;
    for (i = 0; i < n && !e->failed; i++) {
        if (is_array(v)) {
            add_keys(e, keys, array_at(v, i));
        } else {
            struct entry entry = object_at(v, i);

            map_put(e->arena, keys, entry.key, entry.len, nothing);
        }
    }
    unnest(e);
}

FUNCTION(fn_keys)
{
    struct map *keys = map_new(e->arena);
    struct list *l = sequence_new(e->arena);
    uint32_t i;

    add_keys(e, keys, arg(c, 0));
    for (i = 0; i < keys->count; i++)
        list_push(e->arena, l, value_string(keys->v[i].key, keys->v[i].len));
    return value_list(l);
}

FUNCTION(fn_lookup)
{
    struct value key = arg(c, 1);

    return key.kind == V_STRING ? lookup(e, arg(c, 0), key.text, key.len)
                                : nothing;
}

static void
add_spread(struct eval *e, struct list *l, struct value v)
{
    uint32_t i, n;

    if (!nest(e))
        return;
    if (is_array(v)) {
        n = array_len(v);
        for (i = 0; i < n && take_steps(e, 1); i++)
            add_spread(e, l, array_at(v, i));
    } else if (is_object(v)) {
        n = object_len(v);
        for (i = 0; i < n && take_steps(e, 1); i++) {
            struct entry entry = object_at(v, i);
            struct map *one = map_new(e->arena);

            map_put(e->arena, one, entry.key, entry.len, entry.value);
            list_push(e->arena, l, value_map(one));
        }
    } else {
        list_push(e->arena, l, v);
    }
    unnest(e);
}

FUNCTION(fn_spread)
{
    struct list *l = sequence_new(e->arena);

    if (!is_array(arg(c, 0)) && !is_object(arg(c, 0)))
        return arg(c, 0);
    add_spread(e, l, arg(c, 0));
    return value_list(l);
}

FUNCTION(fn_merge)
{
    struct value v = arg(c, 0);
    struct map *m = map_new(e->arena);
    uint32_t i, j;

    if (!is_array(v))
        return nothing;
    for (i = 0; i < array_len(v) && take_steps(e, 1); i++) {
        struct value one = array_at(v, i);

        for (j = 0; is_object(one) && j < object_len(one); j++) {
            struct entry entry = object_at(one, j);

            if (!take_steps(e, 2 + entry.len / 64) ||
                !may_make(e, 4 * sizeof(entry)))
                return nothing;
            map_put(e->arena, m, entry.key, entry.len, entry.value);
        }
    }
    return value_map(m);
}

FUNCTION(fn_sift)
{
    struct value v = arg(c, 0), f = arg(c, 1);
    struct map *m = map_new(e->arena);
    uint32_t i;

    for (i = 0; is_object(v) && i < object_len(v) && !e->failed; i++) {
        struct entry entry = object_at(v, i);

        if (truth(e, call_given(e, f, entry.value,
                                value_string(entry.key, entry.len), v)))
            map_put(e->arena, m, entry.key, entry.len, entry.value);
    }
    return m->count == 0 ? nothing : value_map(m);
}

FUNCTION(fn_each)
{
    struct value v = arg(c, 0), f = arg(c, 1), one;
    struct list *l = sequence_new(e->arena);
    uint32_t i;

    for (i = 0; is_object(v) && i < object_len(v) && !e->failed; i++) {
        struct entry entry = object_at(v, i);

        one = call_given(e, f, entry.value, value_string(entry.key, entry.len),
                         v);
        if (one.kind != V_NOTHING)
            list_push(e->arena, l, one);
    }
    return value_list(l);
}
