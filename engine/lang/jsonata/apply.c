/*
 * Functions: called, given, partly applied and chained.
 *
 * A lambda whose body ends in a call gives a thunk instead, which is called
 * where the lambda was: recursion in tail position needs no stack.
 */
#include "eval.h"

#include <string.h>

#include "functions.h"

#define CALL_STEPS 3 /* what a call costs beside what it does */

struct value
eval_lambda(struct eval *e, const struct node *n, struct value input,
            struct scope *scope)
{
    struct function *f = function_new(e, F_LAMBDA);

    f->node = n;
    f->input = input;
    f->scope = scope;
    f->thunk = n->thunk;
    f->params = n->kids + 1;
    f->param_count = f->arity = n->count - 1;
    return value_function(f);
}

/* ---- calling ---- */

static struct value
call_lambda(struct eval *e, const struct function *f, const struct call *c)
{
    struct scope *scope = scope_new(e, f->scope);
    uint32_t i;

    for (i = 0; i < f->param_count; i++)
        scope_bind(e, scope, f->params[i]->symbol, arg(c, i));
    return evaluate(e, f->node->kids[0], f->input, scope);
}

static struct value
call_checked(struct eval *e, struct function *f, struct call *c);

/* As in the reference, a function of the table takes what it gets then: its
 * signature is not asked. */
static struct value
call_partial(struct eval *e, const struct function *f, const struct call *c)
{
    struct value *args =
        pav_arena_alloc(e->arena, (f->given_count + 1) * sizeof(*args));
    struct call inner = {.args = args,
                         .count = f->given_count,
                         .context = {.kind = V_NULL},
                         .scope = c->scope};
    uint32_t i, used = 0;

    for (i = 0; i < f->given_count; i++)
        args[i] = f->given[i].kind == V_TUPLE ? arg(c, used++) : f->given[i];
    if (f->inner->kind == F_BUILTIN)
        return call_checked(e, f->inner, &inner);
    return call_function(e, f->inner, args, f->given_count, inner.context,
                         c->scope);
}

static struct value
transformed(struct eval *e, const struct function *f, struct value v);

/* Its signature; NULL: it takes anything. */
static const struct signature *
signature_of(const struct function *f)
{
    static const struct param object = {.mask = S_OBJECT | S_ARRAY | S_MISSING};
    static const struct signature one = {.count = 1, .params = &object};

    switch ((enum function_kind)f->kind) {
    case F_BUILTIN:
        return builtin_signature(f->builtin);
    case F_LAMBDA:
        return f->params == f->node->kids + 1 ? f->node->signature : NULL;
    case F_TRANSFORM:
        return &one;
    case F_REGEX:
    case F_NEXT:
    case F_CHAIN:
    case F_PARTIAL:
    case F_WRAPPED:
        break;
    }
    return NULL;
}

static struct value
call_checked(struct eval *e, struct function *f, struct call *c)
{
    const struct value null = {.kind = V_NULL};
    struct value v;

    switch ((enum function_kind)f->kind) {
    case F_BUILTIN:
        return builtins[f->builtin].fn(e, c);
    case F_LAMBDA:
        return call_lambda(e, f, c);
    case F_TRANSFORM:
        return transformed(e, f, arg(c, 0));
    case F_REGEX:
        v = arg(c, 1);
        if (arg(c, 0).kind != V_STRING)
            return nothing;
        return regex_call(
            e, f->node, arg(c, 0),
            is_number(v) && double_of(v) > 0 && double_of(v) < 4e9
                ? bytes_of_units(arg(c, 0), (uint32_t)double_of(v))
                : 0);
    case F_NEXT:
        return regex_next(e, f);
    case F_CHAIN:
        v = arg(c, 0);
        v = call_function(e, f->first, &v, 1, null, c->scope);
        return e->failed ? nothing
                         : call_function(e, f->second, &v, 1, null, c->scope);
    case F_PARTIAL:
        return call_partial(e, f, c);
    case F_WRAPPED:
        return call_function(e, f->first, c->args, c->count, null, c->scope);
    }
    return nothing;
}

/* What failed in a call is said to be of the function, by its name. */
static void
thrown_in(struct eval *e, const struct function *f)
{
    if (e->thrown.token == NULL && f->token != NULL) {
        e->thrown.token = f->token;
        e->thrown.token_len = f->token_len;
    }
    if (e->thrown.end == 0) {
        e->thrown.at = f->at;
        e->thrown.end = f->end;
    }
}

static struct value
call_once(struct eval *e, struct value proc, const struct value *args,
          uint32_t count, struct value context, struct scope *scope)
{
    struct call c = {
        .args = args, .count = count, .context = context, .scope = scope};
    const struct signature *signature;
    struct value v = nothing;

    if (proc.kind != V_FUNCTION)
        return throw_error(e, "T1006");
    if (!take_steps(e, CALL_STEPS))
        return nothing;
    signature = signature_of(proc.function);
    if (signature == NULL ||
        signature_check(e, signature, args, count, context, &c))
        v = call_checked(e, proc.function, &c);
    if (e->failed)
        thrown_in(e, proc.function);
    return v;
}

/* The name in front of the parentheses. */
static void
name_call(struct function *f, const struct node *procedure,
          const struct node *place)
{
    const struct node *n =
        procedure->type == N_PATH ? procedure->kids[0] : procedure;

    if (f->kind != F_BUILTIN && f->kind != F_LAMBDA && f->kind != F_TRANSFORM)
        return;
    f->token = NULL;
    if (n->type == N_NAME || n->type == N_VARIABLE || n->type == N_STRING) {
        f->token = n->text;
        f->token_len = n->count;
    }
    f->at = place->at;
    f->end = place->at + place->width;
}

static bool
is_thunk(struct value v)
{
    return v.kind == V_FUNCTION && v.function->kind == F_LAMBDA &&
           v.function->thunk;
}

/* The call that a thunk stands for. */
static struct value
call_thunk(struct eval *e, const struct function *thunk, struct value context,
           struct scope *scope)
{
    const struct node *call = thunk->node->kids[0];
    struct value *args = pav_arena_alloc(e->arena, call->count * sizeof(*args));
    struct value proc = evaluate(e, call->kids[0], thunk->input, thunk->scope);
    uint32_t i;

    if (proc.kind == V_FUNCTION)
        name_call(proc.function, call->kids[0], call->kids[0]);
    for (i = 1; i < call->count && !e->failed; i++)
        args[i - 1] = evaluate(e, call->kids[i], thunk->input, thunk->scope);
    if (e->failed)
        return nothing;
    return call_once(e, proc, args, call->count - 1, context, scope);
}

static struct value
call_value(struct eval *e, struct value proc, const struct value *args,
           uint32_t count, struct value context, struct scope *scope)
{
    struct value v;

    if (!nest(e)) /* calls of calls that no expression stands between */
        return nothing;
    v = call_once(e, proc, args, count, context, scope);
    while (!e->failed && is_thunk(v))
        v = call_thunk(e, v.function, context, scope);
    unnest(e);
    return v;
}

struct value
call_function(struct eval *e, struct function *f, const struct value *args,
              uint32_t count, struct value context, struct scope *scope)
{
    return call_value(e, value_function(f), args, count, context, scope);
}

struct value
call_given(struct eval *e, struct value f, struct value x, struct value y,
           struct value z)
{
    struct value args[3] = {x, y, z};
    uint32_t arity = f.kind == V_FUNCTION ? f.function->arity : 1;

    return call_value(e, f, args, arity < 1 ? 1 : (arity > 3 ? 3 : arity),
                      (struct value){.kind = V_NULL}, NULL);
}

/* ---- `f(...)` ---- */

/* `name(...)`, where `$name` was meant. */
static bool
is_name_of_function(struct eval *e, const struct node *procedure,
                    struct scope *scope)
{
    const struct node *n;
    const char *name;
    int i;

    if (procedure->type != N_PATH || procedure->kids[0]->type != N_NAME)
        return false;
    n = procedure->kids[0];
    name = pav_arena_strndup(e->arena, n->text, n->count);
    i = builtin_find(n->text, n->count);
    return (i >= 0 && builtin_is_of(i, e->level)) ||
           truth(e, binding_of_name(e, scope, name));
}

static struct value
throw_non_function(struct eval *e, const char *with_name, const char *without,
                   const struct node *n, struct value proc, struct scope *scope)
{
    const struct node *procedure = n->kids[0];
    const struct node *name =
        procedure->type == N_PATH ? procedure->kids[0] : procedure;

    throw_error(e, proc.kind == V_NOTHING &&
                           is_name_of_function(e, procedure, scope)
                       ? with_name
                       : without);
    if (name->type == N_NAME || name->type == N_VARIABLE) {
        e->thrown.token = name->text;
        e->thrown.token_len = name->count;
    }
    thrown_at(e, n);
    return nothing;
}

struct value
eval_function(struct eval *e, const struct node *n, struct value input,
              struct scope *scope, const struct value *first)
{
    struct value room[CALL_ROOM], *args = room, v;
    struct value proc = evaluate(e, n->kids[0], input, scope);
    uint32_t i, count = 0;

    if (n->count > CALL_ROOM)
        args = pav_arena_alloc(e->arena, (n->count + 1) * sizeof(*args));
    if (proc.kind == V_NOTHING && !e->failed &&
        is_name_of_function(e, n->kids[0], scope))
        return throw_non_function(e, "T1005", "T1006", n, proc, scope);
    if (first != NULL)
        args[count++] = *first;
    for (i = 1; i < n->count && !e->failed; i++) {
        v = evaluate(e, n->kids[i], input, scope);
        if (v.kind == V_FUNCTION && v.function->kind != F_WRAPPED) {
            struct function *wrapped = function_new(e, F_WRAPPED);

            wrapped->first = v.function;
            wrapped->arity = v.function->arity;
            v = value_function(wrapped);
        }
        args[count++] = v;
    }
    if (e->failed)
        return nothing;
    if (proc.kind != V_FUNCTION)
        return throw_non_function(e, "T1006", "T1006", n, proc, scope);
    name_call(proc.function, n->kids[0], n);
    v = call_value(e, proc, args, count, input, scope);
    if (e->failed) {
        struct function call = {.kind = F_LAMBDA};

        name_call(&call, n->kids[0], n);
        thrown_in(e, &call);
    }
    return v;
}

/* ---- `f(?, x)` ---- */

static struct value
partial_lambda(struct eval *e, const struct function *f,
               const struct value *args, uint32_t count)
{
    struct function *partial = function_new(e, F_LAMBDA);
    struct node **open =
        pav_arena_alloc(e->arena, (f->param_count + 1) * sizeof(*open));
    uint32_t i;

    partial->node = f->node;
    partial->input = f->input;
    partial->scope = scope_new(e, f->scope);
    partial->params = open;
    for (i = 0; i < f->param_count; i++) {
        struct value v = i < count ? args[i] : nothing;

        if (v.kind == V_TUPLE)
            open[partial->param_count++] = f->params[i];
        else
            scope_bind(e, partial->scope, f->params[i]->symbol, v);
    }
    partial->arity = partial->param_count;
    return value_function(partial);
}

struct value
eval_partial(struct eval *e, const struct node *n, struct value input,
             struct scope *scope)
{
    const struct value still_open = {.kind = V_TUPLE};
    struct value *args = pav_arena_alloc(e->arena, n->count * sizeof(*args));
    struct function *partial;
    struct value proc;
    uint32_t i, open = 0;

    for (i = 1; i < n->count && !e->failed; i++) {
        bool hole = n->kids[i]->type == N_HOLE;

        args[i - 1] = still_open;
        if (!hole)
            args[i - 1] = evaluate(e, n->kids[i], input, scope);
        open += hole;
    }
    proc = evaluate(e, n->kids[0], input, scope);
    if (e->failed)
        return nothing;
    if (proc.kind != V_FUNCTION)
        return throw_non_function(e, "T1007", "T1008", n, proc, scope);
    if (proc.function->kind == F_LAMBDA)
        return partial_lambda(e, proc.function, args, n->count - 1);
    partial = function_new(e, F_PARTIAL);
    partial->inner = proc.function;
    partial->given = args;
    partial->given_count = n->count - 1;
    partial->arity = open;
    return value_function(partial);
}

/* ---- `x ~> f` ---- */

struct value
eval_apply(struct eval *e, const struct node *n, struct value input,
           struct scope *scope)
{
    struct value x = evaluate(e, n->a, input, scope), f;
    struct function *chain;

    if (e->failed)
        return nothing;
    if (n->b->type == N_FUNCTION)
        return eval_function(e, n->b, input, scope, &x);
    f = evaluate(e, n->b, input, scope);
    if (e->failed)
        return nothing;
    if (f.kind != V_FUNCTION) {
        throw_value(e, "T2006", f);
        thrown_at(e, n);
        return nothing;
    }
    if (x.kind != V_FUNCTION)
        return call_value(e, f, &x, 1, (struct value){.kind = V_NULL}, scope);
    chain = function_new(e, F_CHAIN);
    chain->first = x.function;
    chain->second = f.function;
    chain->arity = 1;
    return value_function(chain);
}

/* ---- `| pattern | update, delete |` ---- */

static struct value
clone_list(struct eval *e, struct value v)
{
    struct list *l = list_new(e->arena, array_len(v));
    uint32_t i, n = array_len(v);

    for (i = 0; i < n && !e->failed; i++)
        list_push(e->arena, l, value_clone(e, array_at(v, i)));
    return value_list(l);
}

static struct value
clone_object(struct eval *e, struct value v)
{
    struct map *m = map_new(e->arena);
    uint32_t i, n = object_len(v);

    for (i = 0; i < n && !e->failed; i++) {
        struct entry entry = object_at(v, i);

        map_put(e->arena, m, entry.key, entry.len, value_clone(e, entry.value));
    }
    return value_map(m);
}

/* The reference clones by way of the text that $string gives. */
static struct value
clone_number(struct eval *e, struct value v)
{
    double n = double_of(v);

    if (!is_numeric(e, v))
        return e->failed ? nothing : (struct value){.kind = V_NULL};
    return n == floor(n) ? v : value_number(fifteen_digits(n));
}

struct value
value_clone(struct eval *e, struct value v)
{
    if (is_number(v))
        return clone_number(e, v);
    if (!is_array(v) && !is_object(v))
        return v;
    if (!take_steps(e, 1 + (is_array(v) ? array_len(v) : object_len(v))) ||
        !may_make(e,
                  64 * (size_t)(is_array(v) ? array_len(v) : object_len(v))) ||
        !nest(e))
        return nothing;
    v = is_array(v) ? clone_list(e, v) : clone_object(e, v);
    unnest(e);
    return v;
}

struct value
eval_transform(struct eval *e, const struct node *n, struct value input,
               struct scope *scope)
{
    struct function *f = function_new(e, F_TRANSFORM);

    f->node = n;
    f->input = input;
    f->scope = scope;
    f->arity = 1;
    return value_function(f);
}

static void
update(struct eval *e, const struct function *f, struct value match)
{
    struct value v = evaluate(e, f->node->b, match, f->scope);
    uint32_t i;

    if (e->failed || v.kind == V_NOTHING)
        return;
    if (!is_object(v)) {
        throw_value(e, "T2011", v);
        thrown_at(e, f->node->b);
        return;
    }
    for (i = 0; match.kind == V_MAP && i < object_len(v) && !e->failed; i++) {
        struct entry entry = object_at(v, i);

        map_put(e->arena, match.map, entry.key, entry.len,
                value_clone(e, entry.value));
    }
}

static void
remove_members(struct eval *e, const struct function *f, struct value match)
{
    struct value v = evaluate(e, f->node->c, match, f->scope);
    uint32_t i, n;

    if (e->failed || v.kind == V_NOTHING)
        return;
    n = is_array(v) ? array_len(v) : 1;
    for (i = 0; i < n; i++)
        if ((is_array(v) ? array_at(v, i) : v).kind != V_STRING) {
            throw_value(e, "T2012", v);
            thrown_at(e, f->node->c);
            return;
        }
    for (i = 0; match.kind == V_MAP && i < n; i++) {
        struct value key = is_array(v) ? array_at(v, i) : v;

        if (take_steps(e, match.map->count / 8))
            map_remove(match.map, key.text, key.len);
    }
}

/* What `$clone` gives, when somebody has bound it. */
static bool
cloned(struct eval *e, const struct function *f, struct value v,
       struct value *out)
{
    struct value own = binding_of_name(e, f->scope, "clone");

    if (own.kind == V_NOTHING ||
        (own.kind == V_FUNCTION && own.function->kind == F_BUILTIN)) {
        *out = value_clone(e, v);
    } else if (own.kind != V_FUNCTION) {
        throw_error(e, "T2013");
        thrown_at(e, f->node);
    } else {
        *out = call_given(e, own, v, nothing, nothing);
    }
    return !e->failed;
}

static struct value
transformed(struct eval *e, const struct function *f, struct value v)
{
    struct value result, matches;
    uint32_t i, n;

    if (v.kind == V_NOTHING || !cloned(e, f, v, &result))
        return nothing;
    matches = evaluate(e, f->node->a, result, f->scope);
    if (matches.kind == V_NOTHING)
        return e->failed ? nothing : result;
    n = is_array(matches) ? array_len(matches) : 1;
    for (i = 0; i < n && !e->failed; i++) {
        struct value match = is_array(matches) ? array_at(matches, i) : matches;

        update(e, f, match);
        if (f->node->c != NULL && !e->failed)
            remove_members(e, f, match);
    }
    return result;
}
