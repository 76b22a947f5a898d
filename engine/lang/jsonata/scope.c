/* Scopes, and the functions that are made in them. */
#include <string.h>

#include "eval.h"

struct scope *
scope_new(struct eval *e, struct scope *up)
{
    struct scope *s = pav_arena_alloc(e->arena, sizeof(*s));

    s->up = up;
    s->v = NULL;
    s->count = s->cap = 0;
    return s;
}

void
scope_bind(struct eval *e, struct scope *s, uint32_t symbol, struct value v)
{
    struct binding *grown;
    uint32_t i;

    if (!take_steps(e, s->count / 32))
        return;
    for (i = 0; i < s->count; i++)
        if (s->v[i].symbol == symbol) {
            s->v[i].value = v;
            return;
        }
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 2 : s->cap * 2;
        grown = pav_arena_alloc(e->arena, s->cap * sizeof(*grown));
        if (s->count > 0)
            memcpy(grown, s->v, s->count * sizeof(*grown));
        s->v = grown;
    }
    s->v[s->count].symbol = symbol;
    s->v[s->count++].value = v;
}

struct value
scope_find(struct eval *e, const struct scope *s, uint32_t symbol)
{
    uint32_t i, seen = 0;

    for (; s != NULL; s = s->up)
        for (i = s->count, seen += 1 + i; i-- > 0;)
            if (s->v[i].symbol == symbol)
                return take_steps(e, seen / 32) ? s->v[i].value : nothing;
    return take_steps(e, seen / 32) ? e->globals[symbol - 1] : nothing;
}

struct value
binding_of_name(struct eval *e, const struct scope *s, const char *name)
{
    uint32_t i;

    if (!take_steps(e, e->global_count / 32))
        return nothing;
    for (i = 0; i < e->global_count; i++)
        if (e->symbols.v[i].name != NULL &&
            e->symbols.v[i].len == strlen(name) &&
            memcmp(e->symbols.v[i].name, name, strlen(name)) == 0)
            return scope_find(e, s, i + 1);
    return nothing;
}

struct scope *
scope_of_tuple(struct eval *e, struct scope *up, const struct tuple *t)
{
    struct scope *s = scope_new(e, up);
    uint32_t i;

    for (i = 0; i < t->count; i++)
        scope_bind(e, s, t->v[i].symbol, t->v[i].value);
    return s;
}

struct value
item_of(struct eval *e, struct value item, struct scope **scope)
{
    if (item.kind != V_TUPLE)
        return item;
    *scope = scope_of_tuple(e, *scope, item.tuple);
    return item.tuple->item;
}

struct function *
function_new(struct eval *e, enum function_kind kind)
{
    struct function *f = pav_arena_zalloc(e->arena, sizeof(*f));

    f->kind = (uint8_t)kind;
    return f;
}

struct value
value_function(struct function *f)
{
    return (struct value){.kind = V_FUNCTION, .function = f};
}
