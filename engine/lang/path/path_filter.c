/*
 * JSONPath filters: [?(...)].
 *
 *   or    = and *( "||" and )
 *   and   = term *( "&&" term )
 *   term  = "(" or ")" | "!" path | operand [ op operand ]
 *   op    = == != < <= > >= =~
 *
 * Meaning, observed of Jayway 2.0.0: a lone path asks for a member that is
 * there and not null; a missing operand never matches, not even with `!=`; a
 * number equals its text; other kinds differ.  Text in double quotes matches
 * nothing.  A regular expression must match the whole text.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "path_int.h"

#define MAX_DEPTH 32

enum filter_kind {
    FILTER_OR,
    FILTER_AND,
    FILTER_THERE,
    FILTER_ABSENT,
    FILTER_COMPARE
};
enum filter_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MATCH };

/* Small: a filter of n characters may have n / 3 of them. */
struct operand {
    union {
        const struct pav_doc *literal;
        const struct token *tokens;
        const char *pattern; /* a regular expression, with its flags */
    };
    uint32_t pattern_len, flags;
    enum operand_kind {
        OPERAND_PATH,
        OPERAND_LITERAL,
        OPERAND_NOTHING, /* what matches nothing */
        OPERAND_PATTERN
    } kind;
    bool at_root;
};

struct filter {
    uint8_t kind, op; /* enum filter_kind, enum filter_op */
    union {
        struct { /* OR, AND: a chain goes on to the right */
            const struct filter *left, *right;
        };
        struct {
            struct operand *x, *y;
        };
    };
};

static enum pav_rc read_or(struct reader *r, const struct filter **out);

static bool
next_is(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    reader_blanks(r);
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
        return false;
    r->p += len;
    return true;
}

static enum pav_rc
read_text(struct reader *r, struct operand *o)
{
    char quote = *r->p++, *text, *w;
    const char *start = r->p;

    while (r->p < r->end && *r->p != quote)
        r->p += *r->p == '\\' && r->p + 1 < r->end ? 2 : 1;
    if (r->p >= r->end)
        return reader_fail(r, "this text has no end");
    w = text = pav_arena_alloc(r->arena, (size_t)(r->p - start) + 1);
    for (; start < r->p; start++) {
        if (*start == '\\' && start[1] == quote)
            start++;
        *w++ = *start;
    }
    r->p++;
    o->kind = quote == '"' ? OPERAND_NOTHING : OPERAND_LITERAL;
    o->literal = pav_doc_new_str(r->arena, text, (size_t)(w - text));
    return PAV_OK;
}

static enum pav_rc
read_pattern(struct reader *r, struct operand *o)
{
    const char *start = ++r->p;
    pcre2_code *code;
    int error;
    PCRE2_SIZE offset;

    while (r->p < r->end && *r->p != '/')
        r->p += *r->p == '\\' && r->p + 1 < r->end ? 2 : 1;
    if (r->p >= r->end)
        return reader_fail(r, "this regular expression has no end");
    o->pattern = start;
    o->kind = OPERAND_PATTERN;
    o->pattern_len = (uint32_t)(r->p - start);
    r->p++;
    o->flags = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    if (r->p < r->end && *r->p == 'i') {
        o->flags |= PCRE2_CASELESS;
        r->p++;
    }
    code = pcre2_compile((PCRE2_SPTR)o->pattern, o->pattern_len, o->flags,
                         &error, &offset, NULL);
    if (code == NULL)
        return reader_fail(r, "this regular expression is not valid");
    pcre2_code_free(code);
    return PAV_OK;
}

static enum pav_rc
read_operand(struct reader *r, struct operand **out)
{
    struct operand *o = pav_arena_zalloc(r->arena, sizeof(*o));
    static const struct {
        const char *word;
        const struct pav_doc *value;
    } words[] = {{"true", &pav_doc_true},
                 {"false", &pav_doc_false},
                 {"null", &pav_doc_null}};
    const char *start;
    size_t i;

    *out = o;
    reader_blanks(r);
    if (r->p >= r->end)
        return reader_fail(r, "a value was expected");
    if (*r->p == '@' || *r->p == '$') {
        struct reader inner = *r;
        struct token *first;
        enum pav_rc rc;

        o->at_root = *r->p == '$';
        inner.p++;
        inner.definite = inner.in_filter = true;
        rc = path_tokens(&inner, &first);
        o->tokens = first;
        r->p = inner.p;
        if (rc == PAV_OK && !inner.definite)
            rc = reader_fail(r, "a predicate's path must be definite");
        return rc;
    }
    if (*r->p == '\'' || *r->p == '"')
        return read_text(r, o);
    if (*r->p == '/')
        return read_pattern(r, o);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (next_is(r, words[i].word)) {
            o->kind = OPERAND_LITERAL;
            o->literal = words[i].value;
            return PAV_OK;
        }
    }
    o->kind = OPERAND_LITERAL;
    for (start = r->p; r->p < r->end && strchr("+-.0123456789eE", *r->p);)
        r->p++;
    if (r->p == start ||
        pav_doc_parse_copy(r->arena, start, (size_t)(r->p - start), NULL,
                           &o->literal, NULL) != PAV_OK)
        return reader_fail(r, "a value was expected");
    return PAV_OK;
}

static enum pav_rc
read_term(struct reader *r, const struct filter **out)
{
    static const struct {
        const char *word;
        enum filter_op op;
    } ops[] = {{"==", OP_EQ},    {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE},
               {"=~", OP_MATCH}, {"<", OP_LT},  {">", OP_GT}};
    struct filter *f;
    enum pav_rc rc;
    size_t i;

    if (next_is(r, "(")) {
        rc = read_or(r, out);
        if (rc == PAV_OK && !next_is(r, ")"))
            rc = reader_fail(r, "')' was expected");
        return rc;
    }
    f = pav_arena_zalloc(r->arena, sizeof(*f));
    *out = f;
    if (next_is(r, "!")) {
        f->kind = FILTER_ABSENT;
        reader_blanks(r);
        if (r->p >= r->end || *r->p != '@')
            return reader_fail(r, "a path that begins with '@' was expected");
        return read_operand(r, &f->x);
    }
    f->kind = FILTER_THERE;
    rc = read_operand(r, &f->x);
    if (rc != PAV_OK)
        return rc;
    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (next_is(r, ops[i].word)) {
            f->kind = FILTER_COMPARE;
            f->op = (uint8_t)ops[i].op;
            rc = read_operand(r, &f->y);
            if (rc == PAV_OK &&
                (f->op == OP_MATCH) != (f->y->kind == OPERAND_PATTERN))
                rc = reader_fail(r, "=~ needs a regular expression");
            return rc;
        }
    }
    if (f->x->kind != OPERAND_PATH)
        return reader_fail(r, "a comparison was expected");
    return PAV_OK;
}

/* a || b || c is a || (b || c): who asks it goes to the right in a loop. */
static enum pav_rc
read_chain(struct reader *r, enum filter_kind kind, const char *word,
           enum pav_rc (*part)(struct reader *r, const struct filter **out),
           const struct filter **out)
{
    enum pav_rc rc = part(r, out);

    while (rc == PAV_OK && next_is(r, word)) {
        struct filter *f = pav_arena_zalloc(r->arena, sizeof(*f));

        f->kind = (uint8_t)kind;
        f->left = *out;
        *out = f;
        out = &f->right;
        rc = part(r, out);
    }
    return rc;
}

static enum pav_rc
read_and(struct reader *r, const struct filter **out)
{
    return read_chain(r, FILTER_AND, "&&", read_term, out);
}

static enum pav_rc
read_or(struct reader *r, const struct filter **out)
{
    enum pav_rc rc;

    if (++r->depth > MAX_DEPTH)
        return reader_fail(r, "parentheses are nested too deeply");
    rc = read_chain(r, FILTER_OR, "||", read_and, out);
    r->depth--;
    return rc;
}

enum pav_rc
filter_compile(struct reader *r, const struct filter **out)
{
    enum pav_rc rc = read_or(r, out);

    if (rc == PAV_OK && !next_is(r, ")"))
        rc = reader_fail(r, "')' was expected");
    return rc;
}

/* ---- evaluating ---- */

/* What a filter asks about; `wrong` fails the whole path. */
struct asked {
    const struct pav_doc *item, *root;
    struct pav_arena *arena;
    struct pav_err *why;
    uint32_t *budget;
    bool wrong;
};

static const struct pav_doc *
resolve(struct asked *q, const struct operand *o)
{
    const struct pav_doc *v;

    if (o->kind == OPERAND_NOTHING)
        return NULL;
    if (o->kind == OPERAND_LITERAL)
        return o->literal;
    switch (tokens_eval(o->tokens, true, o->at_root ? q->root : q->item,
                        q->root, q->arena, &v, q->why, q->budget)) {
    case PAV_PATH_FOUND:
        return v;
    case PAV_PATH_WRONG_TYPE:
        q->wrong = true;
        return NULL;
    case PAV_PATH_NOT_FOUND:
        break;
    }
    return NULL;
}

static bool
matches(const struct operand *o, const struct pav_doc *x)
{
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    PCRE2_SIZE offset;
    int error, hits;

    if (x->kind != PAV_STRING && x->kind != PAV_NUMBER)
        return false;
    code = pcre2_compile((PCRE2_SPTR)o->pattern, o->pattern_len, o->flags,
                         &error, &offset, NULL);
    if (code == NULL)
        return false;
    data = pcre2_match_data_create_from_pattern(code, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, 100000);
    pcre2_set_depth_limit(limits, 1000);
    hits = pcre2_match(code, (PCRE2_SPTR)x->text, x->len, 0, 0, data, limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return hits >= 0;
}

/* A text that is a number is one beside a number, when either is a literal. */
static const struct pav_doc *
as_number(const struct pav_doc *v, const struct pav_doc *beside,
          struct pav_arena *a)
{
    const struct pav_doc *number;

    if (v->kind != PAV_STRING || beside->kind != PAV_NUMBER ||
        pav_doc_parse(a, v->text, v->len, NULL, &number, NULL) != PAV_OK ||
        number->kind != PAV_NUMBER)
        return v;
    return number;
}

static bool
has_parts(const struct pav_doc *v)
{
    return v->kind == PAV_ARRAY || v->kind == PAV_OBJECT;
}

static bool
compare(const struct filter *f, const struct pav_doc *x,
        const struct pav_doc *y, struct pav_arena *a)
{
    int c;

    if (f->x->kind != OPERAND_PATH || f->y->kind != OPERAND_PATH) {
        const struct pav_doc *number = as_number(x, y, a);

        y = as_number(y, x, a);
        x = number;
    }
    if (f->op == OP_EQ)
        return pav_doc_equal(x, y);
    if (f->op == OP_NE)
        return !has_parts(x) && !has_parts(y) && !pav_doc_equal(x, y);
    if (x->kind != y->kind)
        return false;
    if (x->kind == PAV_NUMBER) {
        c = pav_doc_number_cmp(x, y);
    } else if (x->kind == PAV_STRING) {
        c = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
        if (c == 0)
            c = x->len < y->len ? -1 : x->len > y->len;
    } else {
        return false;
    }
    switch ((enum filter_op)f->op) {
    case OP_LT:
        return c < 0;
    case OP_LE:
        return c <= 0;
    case OP_GT:
        return c > 0;
    case OP_GE:
        return c >= 0;
    case OP_EQ:
    case OP_NE:
    case OP_MATCH:
        break;
    }
    return false;
}

static bool
accepts(struct asked *q, const struct filter *f)
{
    const struct pav_doc *x, *y;

    for (; f->kind == FILTER_OR || f->kind == FILTER_AND; f = f->right) {
        bool left = accepts(q, f->left);

        if (q->wrong || *q->budget == 0 || left == (f->kind == FILTER_OR))
            return left;
    }
    if (*q->budget == 0) /* tokens_eval() says so */
        return false;
    (*q->budget)--;
    x = resolve(q, f->x);
    if (f->kind != FILTER_COMPARE)
        return (x != NULL && x->kind != PAV_NULL) == (f->kind == FILTER_THERE);
    if (x == NULL)
        return false;
    if (f->op == OP_MATCH)
        return matches(f->y, x);
    y = resolve(q, f->y);
    return y != NULL && compare(f, x, y, q->arena);
}

enum pav_path_end
filter_ask(const struct filter *f, const struct pav_doc *item,
           const struct pav_doc *root, struct pav_arena *a, struct pav_err *why,
           uint32_t *budget, bool *accepted)
{
    struct asked q = {item, root, a, why, budget, false};

    *accepted = accepts(&q, f);
    return q.wrong ? PAV_PATH_WRONG_TYPE : PAV_PATH_FOUND;
}
