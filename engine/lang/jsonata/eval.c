/* JSONata's evaluator: everything but paths (path.c) and calls (apply.c). */
#include "eval.h"

#include <math.h>
#include <string.h>

#include "functions.h"

static struct value
throw_at(struct eval *e, const char *code, const struct node *n, struct value v)
{
    throw_value(e, code, v);
    thrown_at(e, n);
    return nothing;
}

/* ---- truth and numbers ---- */

bool
is_numeric(struct eval *e, struct value v)
{
    double n;

    if (!is_number(v))
        return false;
    n = double_of(v);
    if (isinf(n))
        throw_value(e, "D1001", v);
    return !isnan(n);
}

bool
truth(struct eval *e, struct value v)
{
    uint32_t i, n;

    switch ((enum value_kind)v.kind) {
    case V_NOTHING:
    case V_NULL:
    case V_FALSE:
        return false;
    case V_FUNCTION: /* the reference has objects, or JavaScript's functions */
        return v.function->kind != F_WRAPPED && v.function->kind != F_REGEX &&
               v.function->kind != F_NEXT;
    case V_TRUE:
    case V_TUPLE:
        return true;
    case V_NUMBER:
    case V_DOC_NUMBER:
        return is_numeric(e, v) && double_of(v) != 0;
    case V_STRING:
        return v.len > 0;
    case V_DOC_OBJECT:
    case V_MAP:
        return object_len(v) > 0;
    case V_DOC_ARRAY:
    case V_LIST:
        if (!take_steps(e, 1) || !nest(e))
            return false;
        n = array_len(v);
        for (i = 0; i < n && !truth(e, array_at(v, i)); i++)
            ;
        unnest(e);
        return take_steps(e, i / 8) && i < n;
    }
    return false;
}

/* ---- sequences ---- */

struct value
collapse(struct value v)
{
    if (!is_sequence(v) || v.list->tuple_stream)
        return v;
    if (v.list->count == 0)
        return nothing;
    return v.list->count == 1 && !v.list->keep_singleton ? v.list->items[0] : v;
}

/*
 * What is gathered item by item, $reduce(..., $append), would be copied each
 * time.  So the list that comes of an append has the items of the one before
 * it, and a tail that is its own: who appends to a list first takes its tail,
 * and leaves it none.
 */
static struct list *
longer(struct eval *e, struct list *x, uint32_t more)
{
    uint32_t n = x->count + more;
    struct list *l;

    if (!x->open || x->cap < n) {
        uint32_t cap = x->open ? 2 * n : n;

        if (!may_make(e, cap * sizeof(struct value)))
            return NULL;
        l = list_new(e->arena, cap);
        list_push_all(e->arena, l, value_list(x));
    } else {
        if (!may_make(e, sizeof(*l) + more * sizeof(struct value)))
            return NULL;
        l = list_new(e->arena, 0);
        l->items = x->items;
        l->count = x->count;
        l->cap = x->cap;
        x->cap = x->count;
        x->open = false;
    }
    l->open = true;
    return l;
}

struct value
append(struct eval *e, struct value x, struct value y)
{
    uint32_t more = is_array(y) ? array_len(y) : 1, n;
    struct list *l;

    if (x.kind == V_NOTHING)
        return y;
    if (y.kind == V_NOTHING)
        return x;
    if (x.kind == V_LIST) {
        l = longer(e, x.list, more);
        if (l == NULL)
            return nothing;
    } else {
        n = (is_array(x) ? array_len(x) : 1) + more;
        if (!may_make(e, n * sizeof(struct value)))
            return nothing;
        l = list_new(e->arena, n);
        list_push_all(e->arena, l, x);
        l->open = true;
    }
    list_push_all(e->arena, l, y);
    return value_list(l);
}

struct value
lookup(struct eval *e, struct value v, const char *key, uint32_t len)
{
    struct list *found;
    uint32_t i, n;

    if (is_object(v))
        return object_get(v, key, len);
    if (!is_array(v))
        return nothing;
    found = sequence_new(e->arena);
    n = array_len(v);
    if (!take_steps(e, 1 + n / 8) || !nest(e))
        return nothing;
    for (i = 0; i < n && !e->failed; i++) {
        struct value one = lookup(e, array_at(v, i), key, len);

        if (one.kind != V_NOTHING && may_push(e, one))
            list_push_all(e->arena, found, one);
    }
    unnest(e);
    return value_list(found);
}

/* ---- operators ---- */

static const char *
op_text(uint8_t op)
{
    static const char *const texts[] = {
        [OP_ADD] = "+",
        [OP_SUBTRACT] = "-",
        [OP_MULTIPLY] = "*",
        [OP_DIVIDE] = "/",
        [OP_MODULO] = "%",
        [OP_EQUAL] = "=",
        [OP_NOT_EQUAL] = "!=",
        [OP_LESS] = "<",
        [OP_LESS_EQUAL] = "<=",
        [OP_GREATER] = ">",
        [OP_GREATER_EQUAL] = ">=",
        [OP_CONCAT] = "&",
        [OP_AND] = "and",
        [OP_OR] = "or",
        [OP_IN] = "in",
        [OP_RANGE] = "..",
        [OP_COALESCE] = "??",
        [OP_DEFAULT] = "?:",
    };

    return texts[op];
}

static struct value
arithmetic(struct eval *e, uint8_t op, struct value x, struct value y)
{
    double a, b;

    if (x.kind != V_NOTHING && !is_numeric(e, x))
        return throw_value(e, "T2001", x);
    if (y.kind != V_NOTHING && !is_numeric(e, y))
        return throw_value(e, "T2002", y);
    if (e->failed || x.kind == V_NOTHING || y.kind == V_NOTHING)
        return nothing;
    a = double_of(x);
    b = double_of(y);
    switch (op) {
    case OP_ADD:
        return value_number(a + b);
    case OP_SUBTRACT:
        return value_number(a - b);
    case OP_MULTIPLY:
        return value_number(a * b);
    case OP_DIVIDE:
        return value_number(a / b);
    default:
        return value_number(fmod(a, b));
    }
}

int
compare_texts(struct eval *e, struct value x, struct value y)
{
    return take_steps(e, (x.len < y.len ? x.len : y.len) / 64)
               ? text_compare(x, y)
               : 0;
}

static bool
comparable(struct value v)
{
    return v.kind == V_NOTHING || v.kind == V_STRING || is_number(v);
}

static struct value
comparison(struct eval *e, uint8_t op, struct value x, struct value y)
{
    bool less, equal;

    if (!comparable(x) || !comparable(y))
        return throw_value(e, "T2010",
                           x.kind == V_STRING || is_number(x) ? y : x);
    if (x.kind == V_NOTHING || y.kind == V_NOTHING)
        return nothing;
    if ((x.kind == V_STRING) != (y.kind == V_STRING)) {
        throw_value(e, "T2009", x);
        e->thrown.value2 = y;
        return nothing;
    }
    if (x.kind == V_STRING) {
        int c = compare_texts(e, x, y);

        less = c < 0;
        equal = c == 0;
    } else {
        double a = double_of(x), b = double_of(y);

        less = a < b;
        equal = a == b;
        if (isnan(a) || isnan(b))
            return value_bool(false);
    }
    switch (op) {
    case OP_LESS:
        return value_bool(less);
    case OP_LESS_EQUAL:
        return value_bool(less || equal);
    case OP_GREATER:
        return value_bool(!less && !equal);
    default:
        return value_bool(!less);
    }
}

static bool
equal(struct eval *e, struct value x, struct value y)
{
    uint64_t left = steps_left(e), before = left;
    bool same = value_equal(x, y, &left);

    return take_steps(e, before - left + (left == 0)) && same;
}

/*
 * Objects and arrays that were made here are equal when they are the same.
 * Those of documents by their value: whether two of them are one in memory
 * depends on how they came there.
 */
static bool
identical(struct eval *e, struct value x, struct value y)
{
    if (is_number(x) && is_number(y))
        return double_of(x) == double_of(y);
    if (x.kind != y.kind)
        return false;
    if (x.kind == V_STRING || x.kind == V_DOC_ARRAY || x.kind == V_DOC_OBJECT)
        return equal(e, x, y);
    return x.kind <= V_TRUE || x.doc == y.doc;
}

static struct value
includes(struct eval *e, struct value x, struct value y)
{
    uint32_t i, n;

    if (x.kind == V_NOTHING || y.kind == V_NOTHING)
        return value_bool(false);
    if (!is_array(y))
        return value_bool(identical(e, x, y));
    n = array_len(y);
    for (i = 0; i < n && !e->failed; i++)
        if (identical(e, x, array_at(y, i)))
            break;
    return value_bool(take_steps(e, i / 4) && i < n);
}

#define RANGE_MAX     1e7
#define RANGE_MAX_AWS 873782 /* there the memory is met */

static bool
is_whole(struct value v)
{
    double n = is_number(v) ? double_of(v) : NOT_A_NUMBER;

    return n == floor(n) && !isinf(n);
}

static struct value
range(struct eval *e, struct value x, struct value y)
{
    struct list *l;
    double from, to, size;

    if (x.kind != V_NOTHING && !is_whole(x))
        return throw_value(e, "T2003", x);
    if (y.kind != V_NOTHING && !is_whole(y))
        return throw_value(e, "T2004", y);
    if (x.kind == V_NOTHING || y.kind == V_NOTHING)
        return nothing;
    from = double_of(x);
    to = double_of(y);
    if (from > to)
        return nothing;
    size = to - from + 1;
    if (size > RANGE_MAX)
        return throw_value(e, "D2014", value_number(size));
    if (e->level == PAV_JSONATA_AWS && size > RANGE_MAX_AWS)
        return throw_bound(e, OUT_OF_MEMORY);
    if (!may_make(e, (size_t)size * sizeof(struct value)) ||
        !take_steps(e, (uint64_t)size / 32))
        return nothing;
    l = list_new(e->arena, (uint32_t)size);
    l->sequence = true;
    for (; l->count < (uint32_t)size; l->count++)
        l->items[l->count] = value_number(from + l->count);
    return value_list(l);
}

static struct value
concatenation(struct eval *e, struct value x, struct value y)
{
    struct value a = to_text(e, x, false), b = to_text(e, y, false);

    if (e->failed)
        return nothing;
    if (a.kind == V_NOTHING)
        a = value_string("", 0);
    if (b.kind == V_NOTHING)
        b = value_string("", 0);
    return concat(e, a, b);
}

static struct value
operation(struct eval *e, uint8_t op, struct value x, struct value y)
{
    switch ((enum op)op) {
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_MULTIPLY:
    case OP_DIVIDE:
    case OP_MODULO:
        return arithmetic(e, op, x, y);
    case OP_EQUAL:
    case OP_NOT_EQUAL:
        if (x.kind == V_NOTHING || y.kind == V_NOTHING)
            return value_bool(false);
        return value_bool(equal(e, x, y) == (op == OP_EQUAL));
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        return comparison(e, op, x, y);
    case OP_CONCAT:
        return concatenation(e, x, y);
    case OP_IN:
        return includes(e, x, y);
    case OP_RANGE:
        return range(e, x, y);
    case OP_AND:
    case OP_OR:
    case OP_COALESCE:
    case OP_DEFAULT:
    case OP_DOT:
    case OP_NONE:
        break;
    }
    return nothing;
}

/* The operator is what it is about, also when the right side failed. */
static void
thrown_by_operator(struct eval *e, const struct node *n)
{
    e->thrown.token = op_text(n->op);
    e->thrown.token_len = strlen(e->thrown.token);
    e->thrown.end = 0;
    thrown_at(e, n);
}

static struct value
logic(struct eval *e, const struct node *n, struct value x, struct value input,
      struct scope *scope)
{
    bool holds = truth(e, x);

    if (!e->failed && holds == (n->op == OP_AND))
        holds = truth(e, evaluate(e, n->b, input, scope));
    if (e->failed)
        thrown_by_operator(e, n);
    return value_bool(holds);
}

static struct value
eval_binary(struct eval *e, const struct node *n, struct value input,
            struct scope *scope)
{
    struct value x = evaluate(e, n->a, input, scope), y;

    if (e->failed)
        return nothing;
    if (n->op == OP_AND || n->op == OP_OR)
        return logic(e, n, x, input, scope);
    y = evaluate(e, n->b, input, scope);
    if (e->failed)
        return nothing;
    y = operation(e, n->op, x, y);
    if (e->failed)
        thrown_by_operator(e, n);
    return y;
}

static struct value
eval_negate(struct eval *e, const struct node *n, struct value input,
            struct scope *scope)
{
    struct value v = evaluate(e, n->a, input, scope);

    if (e->failed || v.kind == V_NOTHING)
        return nothing;
    if (is_numeric(e, v))
        return value_number(-double_of(v));
    throw_at(e, "D1002", n, v);
    if (e->thrown.token == NULL) {
        e->thrown.token = "-";
        e->thrown.token_len = 1;
    }
    return nothing;
}

/* ---- constructors ---- */

static struct value
eval_array(struct eval *e, const struct node *n, struct value input,
           struct scope *scope)
{
    struct list *l = list_new(e->arena, n->count);
    uint32_t i;

    for (i = 0; i < n->count && !e->failed; i++) {
        struct value v = evaluate(e, n->kids[i], input, scope);

        if (v.kind == V_NOTHING)
            continue;
        if (n->kids[i]->type == N_ARRAY || !is_array(v)) {
            list_push(e->arena, l, v);
        } else if (may_make(e, array_len(v) * sizeof(v))) {
            list_push_all(e->arena, l, v);
        }
    }
    l->cons = n->cons_array;
    return value_list(l);
}

/* ---- parts of the input ---- */

static void
flatten(struct eval *e, struct list *l, struct value v)
{
    uint32_t i, n;

    if (!is_array(v)) {
        list_push(e->arena, l, v);
        return;
    }
    n = array_len(v);
    if (!take_steps(e, 1 + n / 8) || !nest(e))
        return;
    for (i = 0; i < n && !e->failed; i++)
        flatten(e, l, array_at(v, i));
    unnest(e);
}

static struct value
eval_wildcard(struct eval *e, struct value input)
{
    struct list *l = sequence_new(e->arena);
    uint32_t i, n;

    if (input.kind == V_LIST && input.list->outer && input.list->count > 0)
        input = input.list->items[0];
    n = is_array(input) ? array_len(input)
                        : (is_object(input) ? object_len(input) : 0);
    if (!take_steps(e, n / 8))
        return nothing;
    for (i = 0; i < n; i++)
        flatten(e, l,
                is_array(input) ? array_at(input, i)
                                : object_at(input, i).value);
    return value_list(l);
}

static void
descend(struct eval *e, struct list *l, struct value v)
{
    uint32_t i, n;

    if (!take_steps(e, 1) || !nest(e))
        return;
    if (!is_array(v))
        list_push(e->arena, l, v);
    n = is_array(v) ? array_len(v) : (is_object(v) ? object_len(v) : 0);
    for (i = 0; i < n && !e->failed; i++)
        descend(e, l, is_array(v) ? array_at(v, i) : object_at(v, i).value);
    unnest(e);
}

static struct value
eval_descendants(struct eval *e, struct value input)
{
    struct list *l = sequence_new(e->arena);

    if (input.kind == V_NOTHING)
        return nothing;
    descend(e, l, input);
    return l->count == 1 ? l->items[0] : value_list(l);
}

static struct value
eval_variable(struct eval *e, const struct node *n, struct value input,
              struct scope *scope)
{
    if (n->symbol != 0)
        return scope_find(e, scope, n->symbol);
    return input.kind == V_LIST && input.list->outer ? input.list->items[0]
                                                     : input;
}

/* ---- all ---- */

static struct value
eval_block(struct eval *e, const struct node *n, struct value input,
           struct scope *scope)
{
    struct scope *inner = scope_new(e, scope);
    struct value v = nothing;
    uint32_t i;

    for (i = 0; i < n->count && !e->failed; i++)
        v = evaluate(e, n->kids[i], input, inner);
    return v;
}

static struct value
eval_condition(struct eval *e, const struct node *n, struct value input,
               struct scope *scope)
{
    struct value v = evaluate(e, n->a, input, scope);

    if (truth(e, v))
        return evaluate(e, n->b, input, scope);
    return n->c == NULL ? nothing : evaluate(e, n->c, input, scope);
}

static struct value
eval_regex(struct eval *e, const struct node *n)
{
    struct function *f = function_new(e, F_REGEX);

    f->node = n;
    f->arity = 2;
    return value_function(f);
}

static struct value
eval_node(struct eval *e, const struct node *n, struct value input,
          struct scope *scope)
{
    struct value v;

    switch ((enum node_type)n->type) {
    case N_PATH:
        return eval_path(e, n, input, scope);
    case N_BINARY:
        return eval_binary(e, n, input, scope);
    case N_NEGATE:
        return eval_negate(e, n, input, scope);
    case N_ARRAY:
        return eval_array(e, n, input, scope);
    case N_OBJECT:
        return eval_group(e, n, input, scope);
    case N_NAME:
        return lookup(e, input, n->text, n->count);
    case N_STRING:
        return value_string(n->text, n->count);
    case N_NUMBER:
        return value_number(n->number);
    case N_NULL:
        return (struct value){.kind = V_NULL};
    case N_TRUE:
    case N_FALSE:
        return value_bool(n->type == N_TRUE);
    case N_WILDCARD:
        return eval_wildcard(e, input);
    case N_DESCENDANT:
        return eval_descendants(e, input);
    case N_PARENT:
        return scope_find(e, scope, n->slot->label);
    case N_CONDITION:
        return eval_condition(e, n, input, scope);
    case N_BLOCK:
        return eval_block(e, n, input, scope);
    case N_BIND:
        v = evaluate(e, n->b, input, scope);
        if (!e->failed)
            scope_bind(e, scope, n->a->symbol, v);
        return v;
    case N_REGEX:
        return eval_regex(e, n);
    case N_FUNCTION:
        return eval_function(e, n, input, scope, NULL);
    case N_VARIABLE:
        return eval_variable(e, n, input, scope);
    case N_LAMBDA:
        return eval_lambda(e, n, input, scope);
    case N_PARTIAL:
        return eval_partial(e, n, input, scope);
    case N_APPLY:
        return eval_apply(e, n, input, scope);
    case N_TRANSFORM:
        return eval_transform(e, n, input, scope);
    case N_SORT: /* a step of a path */
    case N_HOLE:
    case N_FILTERED:
    case N_GROUPED:
    case N_SORTED:
    case N_FOCUSED:
    case N_INDEXED:
    case N_OPERATOR:
    case N_END:
        break;
    }
    return nothing;
}

struct value
evaluate(struct eval *e, const struct node *n, struct value input,
         struct scope *scope)
{
    struct value v;
    uint32_t i;

    if (e->failed || !take_steps(e, 1))
        return nothing;
    if (e->depth >= e->max_depth)
        return throw_bound(e, STACK_OVERFLOW);
    e->depth++;
    v = eval_node(e, n, input, scope);
    if (n->extras != NULL) {
        for (i = 0; i < n->extras->predicate_count; i++)
            v = eval_filter(e, n->extras->predicates[i].filter, v, scope);
        if (n->type != N_PATH && n->extras->group != NULL)
            v = eval_group(e, n->extras->group, v, scope);
    }
    e->depth--;
    if (!is_sequence(v) || v.list->tuple_stream)
        return v;
    if (n->keep_array)
        v.list->keep_singleton = true;
    return collapse(v);
}

/* ---- the whole ---- */

/* The next symbol: a variable of the caller's, else a function. */
static void
global_bind(struct eval *e)
{
    const struct symbol *s = &e->symbols.v[e->global_count];
    struct value *v = &e->globals[e->global_count++];
    const struct pav_doc *d = NULL;
    struct function *f;
    int builtin;

    *v = nothing;
    if (s->name == NULL)
        return;
    if (s->len == 1 && s->name[0] == '$') {
        *v = e->root;
        return;
    }
    if (e->in->variable != NULL)
        d = e->in->variable(e->in->ctx, s->name, s->len);
    if (d != NULL) {
        *v = value_of_doc(d);
        return;
    }
    builtin = builtin_find(s->name, s->len);
    if (builtin >= 0 && builtin_is_of(builtin, e->level)) {
        f = function_new(e, F_BUILTIN);
        f->builtin = builtin;
        f->arity = builtins[builtin].arity;
        f->token = builtins[builtin].name;
        f->token_len = strlen(f->token);
        *v = value_function(f);
    }
}

void
globals_grow(struct eval *e)
{
    struct value *all =
        pav_arena_alloc(e->arena, (e->symbols.count + 1) * sizeof(*e->globals));

    e->steps += e->symbols.count - e->global_count;
    if (e->global_count > 0)
        memcpy(all, e->globals, e->global_count * sizeof(*all));
    e->globals = all;
    while (e->global_count < e->symbols.count)
        global_bind(e);
}

static enum pav_jsonata_end
finish(struct eval *e, struct value v, const struct pav_doc **out,
       struct pav_jsonata_error *error)
{
    size_t room = e->max_bytes, before = room;

    *out = e->failed ? NULL : doc_of_value(e->arena, v, &room);
    e->bytes += before - room;
    if (room == 0)
        throw_bound(e, OUT_OF_MEMORY);
    if (e->in->steps != NULL)
        *e->in->steps += e->steps + e->bytes / 64;
    if (e->failed) {
        message_fill(e, error);
        return PAV_JSONATA_FAILED;
    }
    if (v.kind == V_NOTHING)
        return PAV_JSONATA_NOTHING;
    return *out == NULL ? PAV_JSONATA_FUNCTION : PAV_JSONATA_VALUE;
}

enum pav_jsonata_end
pav_jsonata_eval(const struct pav_jsonata *x, struct pav_arena *a,
                 const struct pav_jsonata_in *in, const struct pav_doc **out,
                 struct pav_jsonata_error *error)
{
    struct eval e = {.arena = a, .in = in, .level = x->level};
    const struct node *root = x->root;
    struct value input = nothing;
    struct scope *scope;

    e.max_steps = in->max_steps == 0 ? PAV_JSONATA_STEPS : in->max_steps;
    e.max_depth = in->max_depth == 0 ? PAV_JSONATA_DEPTH : in->max_depth;
    e.max_bytes = in->max_bytes == 0 ? PAV_JSONATA_BYTES : in->max_bytes;
    e.arena_before = a->total;
    e.symbols = x->symbols;
    if (root == NULL) {
        e.steps += x->len;
        root = parse_whole(a, x->text, x->len, x->level, &e.symbols, error);
    }
    if (root == NULL)
        return PAV_JSONATA_FAILED; /* it was one when it was compiled */
    if (in->input != NULL)
        input = e.root = value_of_doc(in->input);
    globals_grow(&e);
    if (is_array(input)) {
        struct list *outer = sequence_new(a);

        list_push(a, outer, input);
        outer->outer = true;
        input = value_list(outer);
    }
    scope = scope_new(&e, NULL);
    return finish(&e, evaluate(&e, root, input, scope), out, error);
}
