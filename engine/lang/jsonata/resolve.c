/*
 * From the tree as it was written to the tree that is evaluated: `a.b[c]`
 * becomes a path of steps with their stages, `%` finds the step whose input it
 * is, and the calls at the end of a function's body become thunks, so that
 * recursion there needs no stack.
 */
#include <string.h>

#include "node.h"
#include "functions.h"

static struct node *
fail(struct parse *p, const char *code, const struct node *n)
{
    return parse_fail(p, code, n->at, n->at + n->width, NULL, NULL);
}

/* ---- `%` ---- */

static const char *
type_name(const struct node *n)
{
    static const char *const names[] = {
        [N_STRING] = "string",
        [N_NUMBER] = "number",
        [N_NULL] = "value",
        [N_TRUE] = "value",
        [N_FALSE] = "value",
        [N_VARIABLE] = "variable",
        [N_DESCENDANT] = "descendant",
        [N_REGEX] = "regex",
        [N_BINARY] = "binary",
        [N_NEGATE] = "unary",
        [N_ARRAY] = "unary",
        [N_OBJECT] = "unary",
        [N_FUNCTION] = "function",
        [N_PARTIAL] = "partial",
        [N_LAMBDA] = "lambda",
        [N_CONDITION] = "condition",
        [N_BIND] = "bind",
        [N_APPLY] = "apply",
        [N_TRANSFORM] = "transform",
        [N_SORT] = "sort",
        [N_PARENT] = "parent",
        [N_PATH] = "path",
    };
    const char *name =
        n->type < sizeof(names) / sizeof(names[0]) ? names[n->type] : NULL;

    return name == NULL ? "unknown" : name;
}

struct node *
no_parent(struct parse *p, const struct node *n)
{
    return parse_fail(p, "S0217", n->at, n->at + n->width,
                      pav_arena_printf(p->arena, "\"%s\"", type_name(n)), NULL);
}

static void
seek_parent(struct parse *p, struct node *n, struct slot *slot)
{
    uint32_t i;

    switch (n->type) {
    case N_NAME:
    case N_WILDCARD:
        if (--slot->level == 0) {
            struct extras *x = extras_of(p, n);

            if (x->ancestor != NULL)
                slot->label = x->ancestor->label;
            x->ancestor = slot;
            n->tuple = true;
        }
        return;
    case N_PARENT:
        slot->level++;
        return;
    case N_BLOCK:
        if (n->count > 0) {
            n->tuple = true;
            seek_parent(p, n->kids[n->count - 1], slot);
        }
        return;
    case N_PATH:
        n->tuple = true;
        i = n->count;
        do
            seek_parent(p, n->kids[--i], slot);
        while (slot->level > 0 && i > 0 && !p->failed);
        return;
    default:
        no_parent(p, n);
    }
}

static void
seeking_add(struct parse *p, struct node *n, struct slot *slot)
{
    struct extras *x = extras_of(p, n);

    x->seeking = pav_arena_append(p->arena, x->seeking, x->seeking_count,
                                  sizeof(struct slot *));
    x->seeking[x->seeking_count++] = slot;
}

/* What the value looks for, the result that it is part of looks for too. */
static void
push_ancestry(struct parse *p, struct node *result, const struct node *value)
{
    uint32_t i;

    if (value == NULL)
        return;
    for (i = 0; value->extras != NULL && i < value->extras->seeking_count; i++)
        seeking_add(p, result, value->extras->seeking[i]);
    if (value->type == N_PARENT)
        seeking_add(p, result, value->slot);
}

static bool
has_focus(const struct node *n)
{
    return n->extras != NULL && n->extras->focus != 0;
}

static void
resolve_slot(struct parse *p, struct node *path, struct slot *slot)
{
    uint32_t i = path->count - 1;

    while (slot->level > 0 && !p->failed) {
        struct node *step;

        if (i == 0) {
            seeking_add(p, path, slot);
            return;
        }
        step = path->kids[--i];
        while (i > 0 && has_focus(step) && has_focus(path->kids[i - 1]))
            step = path->kids[--i];
        seek_parent(p, step, slot);
    }
}

static void
resolve_ancestry(struct parse *p, struct node *path)
{
    struct node *last = path->kids[path->count - 1];
    uint32_t i, count = last->extras == NULL ? 0 : last->extras->seeking_count;

    for (i = 0; i < count && !p->failed; i++)
        resolve_slot(p, path, last->extras->seeking[i]);
    if (last->type == N_PARENT)
        resolve_slot(p, path, last->slot);
}

/* ---- paths ---- */

static struct node *
last_step(struct node *n)
{
    return n->type == N_PATH ? n->kids[n->count - 1] : n;
}

static struct node *
path_of(struct parse *p, struct node *step)
{
    struct node *path = node_like(p, N_PATH, step);

    node_add(p, path, step);
    return path;
}

/* Its predicates, as a step, are stages. */
static void
predicates_to_stages(struct node *n)
{
    struct extras *x = n->extras;

    if (x == NULL || x->predicate_count == 0)
        return;
    x->stages = x->predicates;
    x->stage_count = x->predicate_count;
    x->predicates = NULL;
    x->predicate_count = 0;
}

static bool
check_steps(struct parse *p, struct node *path)
{
    uint32_t i;

    for (i = 0; i < path->count; i++) {
        struct node *step = path->kids[i];

        if (step->type == N_NUMBER || step->type == N_NULL ||
            step->type == N_TRUE || step->type == N_FALSE) {
            parse_fail(
                p, "S0213", step->at, step->at + step->width, NULL,
                pav_arena_strndup(p->arena, p->text + step->at, step->width));
            return false;
        }
        if (step->type == N_STRING)
            step->type = N_NAME;
        path->keep_singleton |= step->keep_array;
    }
    if (path->kids[0]->type == N_ARRAY)
        path->kids[0]->cons_array = true;
    if (last_step(path)->type == N_ARRAY)
        last_step(path)->cons_array = true;
    return true;
}

static struct node *
dot(struct parse *p, struct node *n)
{
    struct node *left = resolve(p, n->a), *path, *rest;
    uint32_t i;

    if (left == NULL)
        return NULL;
    path = left->type == N_PATH ? left : path_of(p, left);
    if (left->type == N_PARENT)
        seeking_add(p, path, left->slot);
    rest = resolve(p, n->b);
    if (rest == NULL)
        return NULL;
    if (rest->type == N_PATH) {
        for (i = 0; i < rest->count; i++)
            node_add(p, path, rest->kids[i]);
    } else {
        predicates_to_stages(rest);
        node_add(p, path, rest);
    }
    if (!check_steps(p, path))
        return NULL;
    resolve_ancestry(p, path);
    return path;
}

static void
stage_add(struct parse *p, struct stage **list, uint32_t *count,
          struct node *filter, uint32_t index)
{
    *list = pav_arena_append(p->arena, *list, *count, sizeof(**list));
    (*list)[*count].filter = filter;
    (*list)[(*count)++].index = index;
}

static struct node *
filtered(struct parse *p, struct node *n)
{
    struct node *result = resolve(p, n->a), *step, *filter;
    struct extras *x;
    uint32_t i;

    if (result == NULL)
        return NULL;
    step = last_step(result);
    x = extras_of(p, step);
    if (x->group != NULL)
        return fail(p, "S0209", n);
    filter = resolve(p, n->b);
    if (filter == NULL)
        return NULL;
    for (i = 0; filter->extras != NULL && i < filter->extras->seeking_count;
         i++) {
        struct slot *slot = filter->extras->seeking[i];

        if (slot->level == 1)
            seek_parent(p, step, slot);
        else
            slot->level--;
    }
    if (i > 0)
        push_ancestry(p, step, filter);
    if (result->type == N_PATH)
        stage_add(p, &x->stages, &x->stage_count, filter, 0);
    else
        stage_add(p, &x->predicates, &x->predicate_count, filter, 0);
    node_above(p, step, filter);
    return result;
}

static bool
resolve_kids(struct parse *p, struct node *n, uint32_t from,
             struct node *seeker)
{
    uint32_t i;

    for (i = from; i < n->count; i++) {
        n->kids[i] = resolve(p, n->kids[i]);
        if (n->kids[i] == NULL)
            return false;
        if (seeker != NULL)
            push_ancestry(p, seeker, n->kids[i]);
    }
    return true;
}

static struct node *
grouped(struct parse *p, struct node *n)
{
    struct node *result = resolve(p, n->left);
    struct extras *x;

    if (result == NULL)
        return NULL;
    x = extras_of(p, result);
    if (x->group != NULL)
        return fail(p, "S0210", n);
    n->type = N_OBJECT;
    n->left = NULL;
    if (!resolve_kids(p, n, 0, NULL))
        return NULL;
    x->group = n;
    return result;
}

static struct node *
sorted(struct parse *p, struct node *n)
{
    struct node *result = resolve(p, n->left);
    uint32_t i;

    if (result == NULL)
        return NULL;
    if (result->type != N_PATH)
        result = path_of(p, result);
    n->type = N_SORT;
    n->left = NULL;
    for (i = 0; i < n->count; i++) {
        bool descending = n->kids[i]->descending;

        n->kids[i] = resolve(p, n->kids[i]);
        if (n->kids[i] == NULL)
            return NULL;
        n->kids[i]->descending = descending;
        push_ancestry(p, n, n->kids[i]);
    }
    node_add(p, result, n);
    resolve_ancestry(p, result);
    return result;
}

static struct node *
focused(struct parse *p, struct node *n)
{
    struct node *result = resolve(p, n->a), *step;
    struct extras *x;

    if (result == NULL)
        return NULL;
    step = last_step(result);
    x = extras_of(p, step);
    if (x->stage_count > 0 || x->predicate_count > 0)
        return fail(p, "S0215", n);
    if (step->type == N_SORT)
        return fail(p, "S0216", n);
    step->keep_array |= n->keep_array;
    x->focus = n->b->symbol;
    step->tuple = true;
    return result;
}

static struct node *
indexed(struct parse *p, struct node *n)
{
    struct node *result = resolve(p, n->a), *step;
    struct extras *x;

    if (result == NULL)
        return NULL;
    step = last_step(result);
    if (result->type != N_PATH) {
        predicates_to_stages(step);
        result = path_of(p, step);
    }
    x = extras_of(p, step);
    if (x->stage_count == 0)
        x->index = n->b->symbol;
    else
        stage_add(p, &x->stages, &x->stage_count, NULL, n->b->symbol);
    step->tuple = true;
    return result;
}

/* ---- the rest ---- */

/* a, b and c, in this order. */
static struct node *
resolve_three(struct parse *p, struct node *n, bool seeks)
{
    struct node **all[] = {&n->a, &n->b, &n->c};
    size_t i;

    for (i = 0; i < 3; i++) {
        if (*all[i] == NULL)
            continue;
        *all[i] = resolve(p, *all[i]);
        if (*all[i] == NULL)
            return NULL;
        if (seeks)
            push_ancestry(p, n, *all[i]);
    }
    return n;
}

static struct node *
negate(struct parse *p, struct node *n)
{
    n->a = resolve(p, n->a);
    if (n->a == NULL)
        return NULL;
    if (n->a->type == N_NUMBER) {
        n->a->number = -n->a->number;
        return n->a;
    }
    push_ancestry(p, n, n->a);
    return n;
}

static struct node *
block(struct parse *p, struct node *n)
{
    uint32_t i;

    if (!resolve_kids(p, n, 0, n))
        return NULL;
    for (i = 0; i < n->count; i++) {
        const struct node *part = n->kids[i];

        if (part->cons_array ||
            (part->type == N_PATH && part->kids[0]->cons_array))
            n->cons_array = true;
    }
    return n;
}

static struct node *
tail_call(struct parse *p, struct node *n)
{
    struct node *thunk;

    switch (n->type) {
    case N_FUNCTION:
        if (n->extras != NULL && n->extras->predicate_count > 0)
            return n;
        thunk = node_like(p, N_LAMBDA, n);
        thunk->thunk = true;
        node_add(p, thunk, n);
        return thunk;
    case N_CONDITION:
        n->b = tail_call(p, n->b);
        if (n->c != NULL)
            n->c = tail_call(p, n->c);
        return n;
    case N_BLOCK:
        if (n->count > 0)
            n->kids[n->count - 1] = tail_call(p, n->kids[n->count - 1]);
        return n;
    default:
        return n;
    }
}

static struct node *
binary(struct parse *p, struct node *n)
{
    struct node *test;

    if (n->op == OP_DOT)
        return dot(p, n);
    if (n->op != OP_DEFAULT && n->op != OP_COALESCE)
        return resolve_three(p, n, true);
    /* `a ?: b` is $boolean(a) ? a : b; `a ?? b` asks $exists(a) */
    n->a = resolve(p, n->a);
    n->c = n->b == NULL ? NULL : resolve(p, n->b);
    if (n->a == NULL || n->c == NULL)
        return NULL;
    n->b = n->a;
    test = node_like(p, N_FUNCTION, n);
    n->a = node_like(p, N_VARIABLE, n);
    n->a->name = n->op == OP_COALESCE ? "exists" : "boolean";
    n->a->count = (uint32_t)strlen(n->a->name);
    n->a->symbol = symbol_of(p->symbols, n->a->name, n->a->count);
    node_add(p, test, n->a);
    node_add(p, test, n->b);
    n->a = test;
    n->type = N_CONDITION;
    return n;
}

static struct node *
all_kids(struct parse *p, struct node *n)
{
    return resolve_kids(p, n, 0, n) ? n : NULL;
}

static struct node *
call(struct parse *p, struct node *n)
{
    if (!resolve_kids(p, n, 1, n))
        return NULL;
    n->kids[0] = resolve(p, n->kids[0]);
    return n->kids[0] == NULL ? NULL : n;
}

static struct node *
lambda(struct parse *p, struct node *n)
{
    n->kids[0] = resolve(p, n->kids[0]);
    if (n->kids[0] == NULL)
        return NULL;
    n->kids[0] = tail_call(p, n->kids[0]);
    return n;
}

static struct node *
condition(struct parse *p, struct node *n)
{
    return resolve_three(p, n, true);
}

static struct node *
transform(struct parse *p, struct node *n)
{
    return resolve_three(p, n, false);
}

static struct node *
bind(struct parse *p, struct node *n)
{
    n->b = resolve(p, n->b);
    push_ancestry(p, n, n->b);
    return n->b == NULL ? NULL : n;
}

static struct node *
apply(struct parse *p, struct node *n)
{
    if (resolve_three(p, n, false) == NULL)
        return NULL;
    n->keep_array |= n->a->keep_array || n->b->keep_array;
    return n;
}

static struct node *
name(struct parse *p, struct node *n)
{
    struct node *path;

    n->type = N_NAME; /* also of and, or, in */
    path = path_of(p, n);
    path->keep_singleton = n->keep_array;
    path->keep_array = n->keep_array;
    return path;
}

static struct node *
parent(struct parse *p, struct node *n)
{
    n->slot = pav_arena_zalloc(p->arena, sizeof(*n->slot));
    n->slot->label = symbol_fresh(p->symbols);
    n->slot->level = 1;
    return n;
}

static struct node *
unexpected_end(struct parse *p, struct node *n)
{
    return parse_fail(p, "S0207", n->at, n->at, "\"(end)\"", NULL);
}

/* By type; those without are what they are. */
static struct node *(*const resolvers[])(struct parse *p, struct node *n) = {
    [N_BINARY] = binary,       [N_FILTERED] = filtered,
    [N_GROUPED] = grouped,     [N_SORTED] = sorted,
    [N_FOCUSED] = focused,     [N_INDEXED] = indexed,
    [N_NEGATE] = negate,       [N_ARRAY] = all_kids,
    [N_OBJECT] = all_kids,     [N_FUNCTION] = call,
    [N_PARTIAL] = call,        [N_LAMBDA] = lambda,
    [N_CONDITION] = condition, [N_TRANSFORM] = transform,
    [N_BIND] = bind,           [N_APPLY] = apply,
    [N_BLOCK] = block,         [N_OPERATOR] = name,
    [N_NAME] = name,           [N_PARENT] = parent,
    [N_END] = unexpected_end,
};

struct node *
resolve(struct parse *p, struct node *n)
{
    bool keep_array;
    struct node *result;

    if (n == NULL || p->failed)
        return NULL;
    keep_array = n->keep_array;
    result = resolvers[n->type] == NULL ? n : resolvers[n->type](p, n);
    if (p->failed)
        return NULL;
    if (result != NULL && keep_array)
        result->keep_array = true;
    return result;
}
