/*
 * JSONata's grammar: top down operator precedence.  An operator's left binding
 * power says how strongly it takes what stands before it.  What comes out is
 * the tree as it was written; resolve.c makes paths of it.
 */
#include <string.h>

#include "node.h"
#include "functions.h"

struct parser {
    struct parse *p;
    struct lexer lexer;
    struct token t; /* the next one */
};

static struct node *expression(struct parser *r, int power);

static bool
is_op(const struct token *t, const char *op)
{
    return t->type == T_OPERATOR && strcmp(t->op, op) == 0;
}

/* As messages show it. */
static const char *
token_json(struct parse *p, const struct token *t)
{
    struct pav_buf b;
    const char *text;

    if (t->type == T_NUMBER || t->type == T_VALUE)
        return pav_arena_strndup(p->arena, t->text, t->len);
    if (t->type == T_REGEX)
        return "{}";
    pav_buf_init(&b, 6u * t->len + 8);
    pav_buf_json(&b, t->text, t->len);
    text = pav_arena_strndup(p->arena, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static void *
fail_at(struct parser *r, const char *code, const struct token *t)
{
    return parse_fail(r->p, code, t->at, t->end, token_json(r->p, t), NULL);
}

static void
advance(struct parser *r, bool after_value)
{
    lexer_next(&r->lexer, after_value, &r->t);
    if (is_op(&r->t, "!") || is_op(&r->t, "~"))
        fail_at(r, "S0204", &r->t);
}

static void
expect_then(struct parser *r, const char *op, bool after_value)
{
    if (!is_op(&r->t, op))
        parse_fail(r->p, r->t.type == T_END ? "S0203" : "S0202", r->t.at,
                   r->t.end, token_json(r->p, &r->t),
                   pav_arena_printf(r->p->arena, "\"%s\"", op));
    else
        advance(r, after_value);
}

static void
expect(struct parser *r, const char *op)
{
    expect_then(r, op, false);
}

static struct node *
at_token(struct parser *r, enum node_type type, const struct token *t)
{
    return node_new(r->p, type, t->at, t->end);
}

/* ---- what begins an expression ---- */

static struct node *
literal(struct parser *r, const struct token *t)
{
    struct node *n = at_token(r, N_NAME, t);

    switch (t->type) {
    case T_NUMBER:
        n->type = N_NUMBER;
        n->number = t->number;
        return n;
    case T_VALUE:
        n->type =
            t->text[0] == 't' ? N_TRUE : (t->text[0] == 'f' ? N_FALSE : N_NULL);
        return n;
    case T_VARIABLE:
        n->type = N_VARIABLE;
        n->name = t->text;
        n->count = t->len;
        n->symbol = t->len == 0 ? 0 : symbol_of(r->p->symbols, t->text, t->len);
        return n;
    case T_REGEX:
        n->type = N_REGEX;
        n->pattern = t->text;
        n->count = t->len;
        n->flags = t->flags;
        return regex_compile(r->p, n) ? n : NULL;
    case T_STRING:
        n->type = N_STRING;
        break;
    case T_NAME:
        break;
    case T_OPERATOR: /* and, or, in */
        n->type = N_OPERATOR;
        break;
    case T_END:
        n->type = N_END;
        break;
    }
    n->text = t->text;
    n->count = t->len;
    return n;
}

static struct node *
block(struct parser *r, const struct token *t)
{
    struct node *n = at_token(r, N_BLOCK, t);

    while (!is_op(&r->t, ")") && !r->p->failed) {
        node_add(r->p, n, expression(r, 0));
        if (!is_op(&r->t, ";"))
            break;
        advance(r, false);
    }
    expect_then(r, ")", true);
    return n;
}

static struct node *
array(struct parser *r, const struct token *t)
{
    struct node *n = at_token(r, N_ARRAY, t);

    while (!is_op(&r->t, "]") && !r->p->failed) {
        struct node *item = expression(r, 0);

        if (is_op(&r->t, "..")) {
            struct node *range = at_token(r, N_BINARY, &r->t);

            range->op = OP_RANGE;
            advance(r, false);
            range->a = item;
            range->b = expression(r, 0);
            node_above(r->p, range, range->a);
            node_above(r->p, range, range->b);
            item = range;
        }
        node_add(r->p, n, item);
        if (!is_op(&r->t, ","))
            break;
        advance(r, false);
        if (is_op(&r->t, "]"))
            fail_at(r, "S0211", &r->t);
    }
    expect_then(r, "]", true);
    return n;
}

/* Keys and values up to `}`, added to the node. */
static void
pairs(struct parser *r, struct node *n)
{
    while (!is_op(&r->t, "}") && !r->p->failed) {
        node_add(r->p, n, expression(r, 0));
        expect(r, ":");
        node_add(r->p, n, expression(r, 0));
        if (!is_op(&r->t, ","))
            break;
        advance(r, false);
        if (is_op(&r->t, "}"))
            fail_at(r, "S0211", &r->t);
    }
    expect_then(r, "}", true);
}

static struct node *
transform(struct parser *r, const struct token *t)
{
    struct node *n = at_token(r, N_TRANSFORM, t);

    n->a = expression(r, 0);
    expect(r, "|");
    n->b = expression(r, 0);
    if (is_op(&r->t, ",")) {
        advance(r, false);
        n->c = expression(r, 0);
    }
    expect(r, "|");
    node_above(r->p, n, n->a);
    node_above(r->p, n, n->b);
    node_above(r->p, n, n->c);
    return n;
}

static struct node *
prefix(struct parser *r, const struct token *t)
{
    struct node *n;

    if (t->type != T_OPERATOR || t->op[0] == 'a' || t->op[0] == 'o' ||
        t->op[0] == 'i')
        return literal(r, t);
    if (is_op(t, "*"))
        return at_token(r, N_WILDCARD, t);
    if (is_op(t, "**"))
        return at_token(r, N_DESCENDANT, t);
    if (is_op(t, "%"))
        return ++r->p->parents > PARENTS_MAX
                   ? parse_fail(r->p, "", t->at, t->end, NULL, STACK_OVERFLOW)
                   : at_token(r, N_PARENT, t);
    if (is_op(t, "("))
        return block(r, t);
    if (is_op(t, "["))
        return array(r, t);
    if (is_op(t, "|"))
        return transform(r, t);
    if (is_op(t, "{")) {
        n = at_token(r, N_OBJECT, t);
        pairs(r, n);
        return n;
    }
    if (!is_op(t, "-"))
        return fail_at(r, "S0211", t);
    n = at_token(r, N_NEGATE, t);
    n->a = expression(r, 70);
    node_above(r->p, n, n->a);
    return n;
}

/* ---- what goes on with one ---- */

static const struct {
    char text[4];
    uint8_t op; /* of an N_BINARY; OP_NONE: of its own */
    uint8_t power;
} infixes[] = {
    {".", OP_DOT, 75},         {"[", OP_NONE, 80},
    {"{", OP_NONE, 70},        {"(", OP_NONE, 80},
    {"@", OP_NONE, 80},        {"#", OP_NONE, 80},
    {"?", OP_NONE, 20},        {"+", OP_ADD, 50},
    {"-", OP_SUBTRACT, 50},    {"*", OP_MULTIPLY, 60},
    {"/", OP_DIVIDE, 60},      {"%", OP_MODULO, 60},
    {"=", OP_EQUAL, 40},       {"<", OP_LESS, 40},
    {">", OP_GREATER, 40},     {"^", OP_NONE, 40},
    {":=", OP_NONE, 10},       {"!=", OP_NOT_EQUAL, 40},
    {"<=", OP_LESS_EQUAL, 40}, {">=", OP_GREATER_EQUAL, 40},
    {"~>", OP_NONE, 40},       {"and", OP_AND, 30},
    {"or", OP_OR, 25},         {"in", OP_IN, 40},
    {"&", OP_CONCAT, 50},      {"?:", OP_DEFAULT, 40},
    {"??", OP_COALESCE, 40},
};

static int
infix_of(const struct token *t)
{
    size_t i;

    if (t->type == T_OPERATOR)
        for (i = 0; i < sizeof(infixes) / sizeof(infixes[0]); i++)
            if (strcmp(infixes[i].text, t->op) == 0)
                return (int)i;
    return -1;
}

static void
signature(struct parser *r, struct node *lambda)
{
    uint32_t start = r->t.at, offset;
    const char *code = NULL;
    struct pav_buf b;
    int depth = 1;

    pav_buf_init(&b, r->p->len + 16);
    pav_buf_putc(&b, '<');
    while (depth > 0 && !is_op(&r->t, "{") && r->t.type != T_END) {
        advance(r, false);
        depth += is_op(&r->t, "<") ? 1 : (is_op(&r->t, ">") ? -1 : 0);
        pav_buf_put(&b, r->t.text, r->t.len);
    }
    expect(r, ">");
    if (!r->p->failed) {
        lambda->signature = signature_parse(
            r->p->arena, pav_arena_strndup(r->p->arena, b.p, b.len), b.len,
            &code, &offset);
        if (lambda->signature == NULL)
            parse_fail(r->p, code, start + offset, start + offset + 1, NULL,
                       NULL);
    }
    pav_buf_fini(&b);
}

static struct node *
lambda(struct parser *r, struct node *call)
{
    struct node *n = node_like(r->p, N_LAMBDA, call);
    uint32_t i;

    for (i = 1; i < call->count; i++)
        if (call->kids[i]->type != N_VARIABLE) {
            const struct node *arg = call->kids[i];

            return parse_fail(r->p, "S0208", arg->at, arg->at + arg->width,
                              pav_arena_printf(r->p->arena, "\"%.*s\"",
                                               arg->width,
                                               r->p->text + arg->at),
                              pav_arena_printf(r->p->arena, "%u", i));
        }
    if (is_op(&r->t, "<"))
        signature(r, n);
    expect(r, "{");
    node_add(r->p, n, expression(r, 0));
    expect(r, "}");
    for (i = 1; i < call->count && !r->p->failed; i++)
        node_add(r->p, n, call->kids[i]);
    return n;
}

static struct node *
call(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = at_token(r, N_FUNCTION, t);

    node_add(r->p, n, left);
    while (!is_op(&r->t, ")") && !r->p->failed) {
        if (is_op(&r->t, "?")) {
            n->type = N_PARTIAL;
            node_add(r->p, n, at_token(r, N_HOLE, &r->t));
            advance(r, false);
        } else {
            node_add(r->p, n, expression(r, 0));
        }
        if (!is_op(&r->t, ","))
            break;
        advance(r, false);
        if (is_op(&r->t, ")"))
            fail_at(r, "S0211", &r->t);
    }
    expect_then(r, ")", true);
    if (r->p->failed)
        return NULL;
    if (left->type == N_NAME &&
        ((left->count == 8 && memcmp(left->text, "function", 8) == 0) ||
         (left->count == 2 && memcmp(left->text, "\xCE\xBB", 2) == 0)))
        return lambda(r, n);
    return n;
}

static struct node *
filter(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = left;

    if (is_op(&r->t, "]")) {
        while (n->type == N_FILTERED)
            n = n->a;
        n->keep_array = true;
        advance(r, false);
        return left;
    }
    n = at_token(r, N_FILTERED, t);
    n->a = left;
    n->b = expression(r, 0);
    node_above(r->p, n, n->a);
    node_above(r->p, n, n->b);
    expect_then(r, "]", true);
    return n;
}

static struct node *
sorted(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = at_token(r, N_SORTED, t);

    n->left = left;
    node_above(r->p, n, left);
    expect(r, "(");
    while (!r->p->failed) {
        bool descending = is_op(&r->t, ">");
        struct node *term;

        if (descending || is_op(&r->t, "<"))
            advance(r, false);
        term = expression(r, 0);
        if (term != NULL)
            term->descending = descending;
        node_add(r->p, n, term);
        if (!is_op(&r->t, ","))
            break;
        advance(r, false);
    }
    expect(r, ")");
    return n;
}

static struct node *
bound(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = at_token(r, is_op(t, "@") ? N_FOCUSED : N_INDEXED, t);

    n->a = left;
    n->b = expression(r, 80);
    if (!r->p->failed && n->b->type != N_VARIABLE)
        return parse_fail(r->p, "S0214", n->b->at, n->b->at + n->b->width,
                          pav_arena_printf(r->p->arena, "\"%s\"", t->op), NULL);
    node_above(r->p, n, left);
    return n;
}

static struct node *
condition(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = at_token(r, N_CONDITION, t);

    n->a = left;
    n->b = expression(r, 0);
    if (is_op(&r->t, ":")) {
        advance(r, false);
        n->c = expression(r, 0);
    }
    node_above(r->p, n, n->a);
    node_above(r->p, n, n->b);
    node_above(r->p, n, n->c);
    return n;
}

static struct node *
assignment(struct parser *r, const struct token *t, struct node *left)
{
    struct node *n = at_token(r, N_BIND, t);

    if (left->type != N_VARIABLE)
        return parse_fail(r->p, "S0212", left->at, left->at + left->width,
                          pav_arena_printf(r->p->arena, "\"%.*s\"", left->width,
                                           r->p->text + left->at),
                          NULL);
    n->a = left;
    n->b = expression(r, 9);
    node_above(r->p, n, n->a);
    node_above(r->p, n, n->b);
    return n;
}

static struct node *
binary(struct parser *r, const struct token *t, struct node *left, int i)
{
    struct node *n = at_token(r, is_op(t, "~>") ? N_APPLY : N_BINARY, t);

    n->op = infixes[i].op;
    n->a = left;
    n->b = expression(r, n->op >= OP_COALESCE ? 0 : infixes[i].power);
    node_above(r->p, n, n->a);
    node_above(r->p, n, n->b);
    return n;
}

static struct node *
infix(struct parser *r, const struct token *t, struct node *left, int i)
{
    struct node *n;

    if (infixes[i].op != OP_NONE || is_op(t, "~>"))
        return binary(r, t, left, i);
    switch (t->op[0]) {
    case '(':
        return call(r, t, left);
    case '[':
        return filter(r, t, left);
    case '^':
        return sorted(r, t, left);
    case ':':
        return assignment(r, t, left);
    case '?':
        return condition(r, t, left);
    case '{':
        n = at_token(r, N_GROUPED, t);
        n->left = left;
        node_above(r->p, n, left);
        pairs(r, n);
        return n;
    default:
        return bound(r, t, left);
    }
}

static struct node *
expression(struct parser *r, int power)
{
    struct token t = r->t;
    struct node *left;
    int i;

    if (r->p->failed)
        return NULL;
    if (++r->p->depth > HEIGHT_MAX)
        return parse_fail(r->p, "", t.at, t.end, NULL, STACK_OVERFLOW);
    advance(r, true);
    left = r->p->failed ? NULL : prefix(r, &t);
    while (!r->p->failed && (i = infix_of(&r->t)) >= 0 &&
           power < infixes[i].power) {
        t = r->t;
        advance(r, false);
        left = infix(r, &t, left, i);
    }
    r->p->depth--;
    return r->p->failed ? NULL : left;
}

struct node *
parse_expression(struct parse *p)
{
    struct parser r = {.p = p, .lexer = {.p = p}};
    struct node *n;

    advance(&r, false);
    n = expression(&r, 0);
    if (!p->failed && r.t.type != T_END)
        fail_at(&r, "S0201", &r.t);
    return p->failed ? NULL : n;
}
