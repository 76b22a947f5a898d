/* Functions of any value: its truth, its type, failures, $eval. */
#include <math.h>
#include <string.h>

#include "eval.h"
#include "functions.h"

FUNCTION(fn_boolean)
{
    return arg(c, 0).kind == V_NOTHING ? nothing
                                       : value_bool(truth(e, arg(c, 0)));
}

FUNCTION(fn_not)
{
    return arg(c, 0).kind == V_NOTHING ? nothing
                                       : value_bool(!truth(e, arg(c, 0)));
}

FUNCTION(fn_exists)
{
    (void)e;
    return value_bool(arg(c, 0).kind != V_NOTHING);
}

FUNCTION(fn_type)
{
    static const char *const names[] = {
        [V_NULL] = "null",         [V_FALSE] = "boolean",
        [V_TRUE] = "boolean",      [V_NUMBER] = "number",
        [V_DOC_NUMBER] = "number", [V_STRING] = "string",
        [V_DOC_ARRAY] = "array",   [V_LIST] = "array",
        [V_DOC_OBJECT] = "object", [V_MAP] = "object",
        [V_FUNCTION] = "function",
    };
    struct value v = arg(c, 0);

    if (v.kind == V_NOTHING || v.kind == V_TUPLE)
        return nothing;
    if (is_number(v) && !is_numeric(e, v)) /* NaN is an object */
        return e->failed ? nothing : value_string("object", 6);
    return value_string(names[v.kind], strlen(names[v.kind]));
}

static struct value
throw_message(struct eval *e, const char *code, struct value message,
              const char *otherwise)
{
    return message.kind == V_STRING && message.len > 0
               ? throw_text(e, code, message.text, message.len)
               : throw_text(e, code, otherwise, strlen(otherwise));
}

FUNCTION(fn_error)
{
    return throw_message(e, "D3137", arg(c, 0), "$error() function evaluated");
}

FUNCTION(fn_assert)
{
    if (arg(c, 0).kind == V_TRUE)
        return nothing;
    return throw_message(e, "D3141", arg(c, 1), "$assert() statement failed");
}

FUNCTION(fn_clone)
{
    return arg(c, 0).kind == V_NOTHING ? nothing : value_clone(e, arg(c, 0));
}

/* ---- $eval, which Step Functions does not have ---- */

/* The symbols of the expression are shared with others: ours are a copy. */
static void
own_symbols(struct eval *e)
{
    struct symbols *s = &e->symbols;
    uint32_t room = 1;
    struct symbol *v;

    if (s->arena == e->arena)
        return;
    while (room < s->count + 1)
        room *= 2;
    v = pav_arena_alloc(e->arena, room * sizeof(*v));
    if (s->count > 0)
        memcpy(v, s->v, s->count * sizeof(*v));
    s->v = v;
    s->arena = e->arena;
}

static struct value
throw_of_text(struct eval *e, const char *code, const char *message)
{
    e->failed = false;
    return throw_value(e, code, value_string(message, strlen(message)));
}

FUNCTION(fn_eval)
{
    struct value text = arg(c, 0), on = arg(c, 1), v;
    struct pav_jsonata_error error;
    const struct node *n;

    if (text.kind != V_STRING)
        return nothing;
    own_symbols(e);
    n = parse_whole(e->arena, text.text, text.len, e->level, &e->symbols,
                    &error);
    if (n == NULL)
        return throw_of_text(e, "D3120", error.message);
    globals_grow(e);
    if (on.kind == V_NOTHING) {
        on = c->context;
    } else if (is_array(on) && !is_sequence(on)) {
        struct list *outer = sequence_new(e->arena);

        list_push(e->arena, outer, on);
        outer->outer = true;
        on = value_list(outer);
    }
    v = evaluate(e, n, on, scope_new(e, c->scope));
    if (e->failed && e->thrown.code[0] != '\0') {
        message_fill(e, &error);
        return throw_of_text(e, "D3121", error.message);
    }
    return v;
}
