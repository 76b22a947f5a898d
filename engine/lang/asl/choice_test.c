/*
 * Choice rules: And, Or, Not and 39 operators, one row each.
 *
 * A type that does not fit makes a test false, never an error; a variable that
 * is not there is an error for all but IsPresent.  Strings compare by UTF-16
 * unit, numbers as binary64, times as instants.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "query.h"
#include "expr.h"
#include "stepper.h"

#define MAX_DEPTH 64

enum test_kind { TEST_AND, TEST_OR, TEST_NOT, TEST_OPERATOR };

struct test {
    enum test_kind kind;
    uint32_t count; /* of parts */
    const struct test *const *parts;
    const struct choice_op *op;
    const struct expr *variable, *operand_path;
    const struct pav_doc *operand;
};

enum op_kind {
    OP_STRING,
    OP_NUMERIC,
    OP_TIMESTAMP,
    OP_BOOLEAN,
    OP_MATCHES,
    OP_IS
};
enum op_rel { REL_EQ, REL_LT, REL_GT, REL_LE, REL_GE };
enum is_what {
    IS_NULL,
    IS_PRESENT,
    IS_NUMERIC,
    IS_STRING,
    IS_BOOLEAN,
    IS_TIMESTAMP
};

struct choice_op {
    const char *name;
    enum op_kind kind;
    int what;  /* enum op_rel or enum is_what */
    bool path; /* the operand is a path */
};

#define COMPARES(prefix, kind)                                                 \
    {prefix "Equals", kind, REL_EQ, false},                                    \
        {prefix "EqualsPath", kind, REL_EQ, true},                             \
        {prefix "LessThan", kind, REL_LT, false},                              \
        {prefix "LessThanPath", kind, REL_LT, true},                           \
        {prefix "GreaterThan", kind, REL_GT, false},                           \
        {prefix "GreaterThanPath", kind, REL_GT, true},                        \
        {prefix "LessThanEquals", kind, REL_LE, false},                        \
        {prefix "LessThanEqualsPath", kind, REL_LE, true},                     \
        {prefix "GreaterThanEquals", kind, REL_GE, false},                     \
    {                                                                          \
        prefix "GreaterThanEqualsPath", kind, REL_GE, true                     \
    }

static const struct choice_op ops[] = {
    COMPARES("String", OP_STRING),
    COMPARES("Numeric", OP_NUMERIC),
    COMPARES("Timestamp", OP_TIMESTAMP),
    {"BooleanEquals", OP_BOOLEAN, REL_EQ, false},
    {"BooleanEqualsPath", OP_BOOLEAN, REL_EQ, true},
    {"StringMatches", OP_MATCHES, 0, false},
    {"IsNull", OP_IS, IS_NULL, false},
    {"IsPresent", OP_IS, IS_PRESENT, false},
    {"IsNumeric", OP_IS, IS_NUMERIC, false},
    {"IsString", OP_IS, IS_STRING, false},
    {"IsBoolean", OP_IS, IS_BOOLEAN, false},
    {"IsTimestamp", OP_IS, IS_TIMESTAMP, false},
};
#define OP_COUNT (sizeof(ops) / sizeof(ops[0]))

/* ---- compiling ---- */

static const struct choice_op *
op_find(const struct pav_member *m)
{
    size_t i;

    for (i = 0; i < OP_COUNT; i++)
        if (pav_member_is(m, ops[i].name))
            return &ops[i];
    return NULL;
}

/* "; 'StringEqual' is none: did you mean 'StringEquals'?", or nothing. */
static const char *
probably_meant(struct compiler *c, const struct pav_doc *rule)
{
    const char *names[OP_COUNT + 1], *near, *key;
    uint32_t i;

    for (i = 0; i < OP_COUNT; i++)
        names[i] = ops[i].name;
    names[OP_COUNT] = NULL;
    for (i = 0; i < rule->len; i++) {
        key = pav_arena_strndup(c->arena, rule->members[i].key,
                                rule->members[i].len);
        near = pav_text_near(key, names);
        if (near != NULL)
            return pav_arena_printf(
                c->arena, "; '%s' is none: did you mean '%s'?", key, near);
    }
    return "";
}

static bool
pattern_is_sound(const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; i < d->len; i++) {
        if (d->text[i] != '\\')
            continue;
        if (++i == d->len || (d->text[i] != '*' && d->text[i] != '\\'))
            return false;
    }
    return true;
}

static void
operand_compile(struct compiler *c, struct test *t, const struct pav_member *m,
                const struct pav_doc *rule, const struct place *place)
{
    int64_t ignored;
    static const char *const wanted[] = {
        [OP_STRING] = "a string",    [OP_NUMERIC] = "a number",
        [OP_TIMESTAMP] = "a string", [OP_BOOLEAN] = "true or false",
        [OP_MATCHES] = "a string",   [OP_IS] = "true or false"};
    static const enum pav_kind kinds[] = {
        [OP_STRING] = PAV_STRING,    [OP_NUMERIC] = PAV_NUMBER,
        [OP_TIMESTAMP] = PAV_STRING, [OP_BOOLEAN] = PAV_TRUE,
        [OP_MATCHES] = PAV_STRING,   [OP_IS] = PAV_TRUE};
    const struct pav_doc *v = &m->value;
    bool fits;

    if (t->op->path) {
        t->operand_path =
            member_expr(c, rule, place, t->op->name, EXPR_ANY_PATH);
        return;
    }
    fits = kinds[t->op->kind] == PAV_TRUE ? pav_doc_is_bool(v)
                                          : v->kind == kinds[t->op->kind];
    if (!fits) {
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, t->op->name),
                      v->at, "The field '%s' must be %s", t->op->name,
                      wanted[t->op->kind]);
        return;
    }
    t->operand = v;
    if (t->op->kind == OP_TIMESTAMP &&
        !pav_time_parse(v->text, v->len, &ignored))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, t->op->name),
                      v->at, "String does not match RFC3339 timestamp");
    if (t->op->kind == OP_MATCHES && !pattern_is_sound(v))
        compile_fault(c, PAV_ERROR, SCHEMA, place_of(c, place, t->op->name),
                      v->at,
                      "A backslash in a StringMatches pattern must be "
                      "before '*' or another backslash");
}

static const struct test *
rule_compile(struct compiler *c, const struct pav_doc *d,
             const struct place *place, uint32_t depth);

static void
parts_compile(struct compiler *c, struct test *t, const struct pav_member *m,
              const struct place *place, uint32_t depth)
{
    const struct pav_doc *v = &m->value;
    const struct test **parts;
    uint32_t i;

    if (t->kind == TEST_NOT) {
        parts = pav_arena_alloc(c->arena, sizeof(*parts));
        parts[0] = rule_compile(c, v, place, depth + 1);
        t->count = 1;
        t->parts = parts;
        return;
    }
    if (v->kind != PAV_ARRAY || v->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "'And' and 'Or' take a list with a rule in it");
        return;
    }
    parts = pav_arena_alloc(c->arena, v->len * sizeof(*parts));
    for (i = 0; i < v->len; i++)
        parts[i] =
            rule_compile(c, &v->items[i], place_at(c, place, i), depth + 1);
    t->count = v->len;
    t->parts = parts;
}

static const struct test *
rule_compile(struct compiler *c, const struct pav_doc *d,
             const struct place *place, uint32_t depth)
{
    struct test *t = pav_arena_zalloc(c->arena, sizeof(*t));
    const struct pav_member *found = NULL;
    uint32_t i, count = 0;

    if (d->kind != PAV_OBJECT || depth > MAX_DEPTH) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "A rule must be an object, nested at most %d deep",
                      MAX_DEPTH);
        return t;
    }
    check_language(c, d, place);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        if (op_find(m) != NULL || (m->len == 3 && !memcmp(m->key, "And", 3)) ||
            (m->len == 2 && !memcmp(m->key, "Or", 2)) ||
            (m->len == 3 && !memcmp(m->key, "Not", 3))) {
            found = m;
            count++;
        }
    }
    if (count != 1) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "A rule needs exactly one operator, %u are given%s",
                      count, count == 0 ? probably_meant(c, d) : "");
        return t;
    }
    if (depth > 0 && pav_doc_get(d, "Next") != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "Only a rule at the top has the field 'Next'");
    t->op = op_find(found);
    if (t->op == NULL) {
        const char *key = pav_arena_strndup(c->arena, found->key, found->len);

        t->kind = *key == 'A' ? TEST_AND : *key == 'O' ? TEST_OR : TEST_NOT;
        parts_compile(c, t, found, place_of(c, place, key), depth);
        return t;
    }
    t->kind = TEST_OPERATOR;
    if (member_str(c, d, place, "Variable", true) != NULL)
        t->variable = member_expr(c, d, place, "Variable", EXPR_ANY_PATH);
    operand_compile(c, t, found, d, place);
    return t;
}

const struct test *
test_compile(struct compiler *c, const struct pav_doc *d,
             const struct place *place)
{
    return rule_compile(c, d, place, 0);
}

/* ---- what a Choice asks of an event, for people ---- */

static const char *const name_paths[] = {"$.eventName", "$.detail-type",
                                         "$['detail-type']", "$.detailType"};

const char *
test_event_names(struct compiler *c, const struct test *t, const char *so_far)
{
    uint32_t i;

    for (i = 0; i < t->count; i++)
        so_far = test_event_names(c, t->parts[i], so_far);
    if (t->kind != TEST_OPERATOR || t->op->kind != OP_STRING ||
        t->op->what != REL_EQ || t->op->path || t->variable == NULL)
        return so_far;
    for (i = 0; i < sizeof(name_paths) / sizeof(name_paths[0]); i++) {
        const char *name;

        if (strcmp(t->variable->text, name_paths[i]) != 0)
            continue;
        name = pav_doc_str(c->arena, t->operand);
        if (name == NULL) /* reported already: no text */
            return so_far;
        if (so_far == NULL || strstr(so_far, name) == NULL)
            return awaits_add(c, so_far, name);
    }
    return so_far;
}

/* ---- at run time ---- */

/* Order by UTF-16 unit: characters beyond U+FFFF are before U+E000. */
static int
string_cmp(const struct pav_doc *x, const struct pav_doc *y)
{
    uint32_t i, min = x->len < y->len ? x->len : y->len;

    for (i = 0; i < min; i++) {
        unsigned char a = (unsigned char)x->text[i];
        unsigned char b = (unsigned char)y->text[i];

        if (a == b)
            continue;
        if (a >= 0xEE && b >= 0xEE && (a >= 0xF0) != (b >= 0xF0))
            return a >= 0xF0 ? -1 : 1;
        return a < b ? -1 : 1;
    }
    return x->len < y->len ? -1 : x->len > y->len;
}

static bool
related(enum op_rel rel, int cmp)
{
    switch (rel) {
    case REL_EQ:
        return cmp == 0;
    case REL_LT:
        return cmp < 0;
    case REL_GT:
        return cmp > 0;
    case REL_LE:
        return cmp <= 0;
    case REL_GE:
        return cmp >= 0;
    }
    return false;
}

/* `*` stands for any run: what is between two stars is sought from the left. */
static bool
text_matches(const struct pav_doc *pattern, const struct pav_doc *text,
             struct pav_arena *a)
{
    char *piece = pav_arena_alloc(a, pattern->len + 1);
    const char *p = text->text, *end = p + text->len;
    bool first = true, last;
    uint32_t i = 0;

    do {
        uint32_t n = 0;

        for (; i < pattern->len && pattern->text[i] != '*'; i++) {
            if (pattern->text[i] == '\\' && i + 1 < pattern->len)
                i++;
            piece[n++] = pattern->text[i];
        }
        last = i == pattern->len;
        if ((size_t)(end - p) < n || (first && last && end - p != n))
            return false;
        if (first)
            p = memcmp(p, piece, n) == 0 ? p : NULL;
        else if (last)
            p = memcmp(end - n, piece, n) == 0 ? end - n : NULL;
        else
            p = memmem(p, (size_t)(end - p), piece, n);
        if (p == NULL)
            return false;
        p += n;
        first = false;
        i++;
    } while (!last);
    return true;
}

static bool
is_what(enum is_what what, const struct pav_doc *v)
{
    int64_t ms;

    switch (what) {
    case IS_NULL:
        return v->kind == PAV_NULL;
    case IS_PRESENT:
        return true;
    case IS_NUMERIC:
        return v->kind == PAV_NUMBER;
    case IS_STRING:
        return v->kind == PAV_STRING;
    case IS_BOOLEAN:
        return pav_doc_is_bool(v);
    case IS_TIMESTAMP:
        return v->kind == PAV_STRING && pav_time_parse(v->text, v->len, &ms);
    }
    return false;
}

static bool
compare(const struct test *t, const struct pav_doc *x, const struct pav_doc *y,
        struct pav_arena *a)
{
    double m, n;
    int order;

    switch (t->op->kind) {
    case OP_STRING:
        return x->kind == PAV_STRING && y->kind == PAV_STRING &&
               related(t->op->what, string_cmp(x, y));
    case OP_NUMERIC:
        if (x->kind != PAV_NUMBER || y->kind != PAV_NUMBER)
            return false;
        m = pav_doc_double(x);
        n = pav_doc_double(y);
        return related(t->op->what, m < n ? -1 : m > n);
    case OP_TIMESTAMP:
        if (x->kind != PAV_STRING || y->kind != PAV_STRING ||
            !pav_time_cmp(x->text, x->len, y->text, y->len, &order))
            return false;
        return related(t->op->what, order);
    case OP_BOOLEAN:
        return pav_doc_is_bool(x) && x->kind == y->kind;
    case OP_MATCHES:
        return x->kind == PAV_STRING && text_matches(y, x, a);
    case OP_IS:
        return is_what(t->op->what, x) == (y->kind == PAV_TRUE);
    }
    return false;
}

/* Bytes that compare() goes through; one that is sought, several times. */
#define WORK_OF_SEEKING 4

static uint64_t
compare_work(const struct test *t, const struct pav_doc *x,
             const struct pav_doc *y)
{
    if ((x->kind != PAV_STRING && x->kind != PAV_NUMBER) || x->kind != y->kind)
        return 0;
    if (t->op->kind == OP_STRING)
        return x->len < y->len ? x->len : y->len;
    return (t->op->kind == OP_MATCHES ? WORK_OF_SEEKING : 1) *
               (uint64_t)x->len +
           y->len;
}

static bool
operator_holds(struct stepper *st, struct frame *f, const struct test *t,
               const struct pav_doc *from, bool *holds)
{
    const struct pav_doc *x, *y = t->operand;

    if (expr_eval(st, f, t->variable, from, &x, NULL) != EXPR_FOUND) {
        if (t->op->kind == OP_IS && t->op->what == IS_PRESENT) {
            *holds = t->operand->kind == PAV_FALSE;
            return true;
        }
        return fail_runtime(st, f,
                            "Invalid path '%s': The choice state's condition "
                            "path references an invalid value.",
                            t->variable->text);
    }
    if (t->op->path &&
        expr_eval(st, f, t->operand_path, from, &y, NULL) != EXPR_FOUND)
        return fail_runtime(st, f,
                            "Invalid path '%s': The choice state's condition "
                            "path references an invalid value.",
                            t->operand_path->text);
    if (!spend(st, f, compare_work(t, x, y)))
        return false;
    *holds = compare(t, x, y, st->arena);
    return true;
}

bool
test_holds(struct stepper *st, struct frame *f, const struct test *t,
           const struct pav_doc *from, bool *holds)
{
    uint32_t i;

    switch (t->kind) {
    case TEST_OPERATOR:
        return operator_holds(st, f, t, from, holds);
    case TEST_NOT:
        if (!test_holds(st, f, t->parts[0], from, holds))
            return false;
        *holds = !*holds;
        return true;
    case TEST_AND:
    case TEST_OR:
        for (i = 0; i < t->count; i++) {
            if (!test_holds(st, f, t->parts[i], from, holds))
                return false;
            if (*holds == (t->kind == TEST_OR))
                return true;
        }
        return true;
    }
    return false;
}
