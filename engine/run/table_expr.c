/*
 * Conditions and updates, as far as single top-level attributes go:
 *
 *   condition  OR, AND, NOT, ( ), = <> < <= > >=, BETWEEN, IN,
 *              attribute_exists, attribute_not_exists, attribute_type,
 *              begins_with, contains, size
 *   update     SET a = v [+|- v], if_not_exists(a, v), list_append(v, v);
 *              REMOVE a; ADD a :number
 *
 * Attributes are names or #names, values are :values.  Rules: DynamoDB's
 * developer guide.
 *
 * E1  One pass reads and evaluates: a scanner and a function for each level of
 *     precedence, OR lowest.  What is not reached (behind AND, OR) is read too,
 *     so that a mistake shows whatever the row holds.
 * E2  A text that is refused changes nothing.
 *
 * What it does not do: paths into attributes, and sets.
 */
#include "table_expr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include "table_expr.h"

#define MAX_DEPTH 50

struct scan {
    struct table_expr *x;
    const char *p;
    char word[256]; /* the token at hand; "" at the end */
    int depth;
};

static bool
refuse(struct scan *s, const char *what)
{
    if (s->x->why == NULL)
        s->x->why = pav_arena_printf(
            s->x->arena, "Invalid expression: %s near '%s'", what, s->word);
    return false;
}

static void
advance(struct scan *s)
{
    const char *from;
    size_t len;

    while (isspace((unsigned char)*s->p))
        s->p++;
    from = s->p;
    if (strchr("(),+-", *s->p) != NULL && *s->p != '\0')
        s->p++;
    else if (strchr("<>=", *s->p) != NULL && *s->p != '\0')
        s->p += strspn(s->p, "<>=");
    else
        s->p += strcspn(s->p, "(),+-<>= \t\r\n");
    len = (size_t)(s->p - from);
    if (len >= sizeof(s->word))
        len = sizeof(s->word) - 1;
    memcpy(s->word, from, len);
    s->word[len] = '\0';
}

static bool
is(const struct scan *s, const char *word)
{
    return strcasecmp(s->word, word) == 0;
}

static bool
eat(struct scan *s, const char *word)
{
    if (!is(s, word))
        return refuse(s,
                      pav_arena_printf(s->x->arena, "'%s' is expected", word));
    advance(s);
    return true;
}

/* The attribute's name at hand; NULL: it is none. */
static const char *
name_of(struct scan *s)
{
    const struct pav_doc *d;
    const char *name = s->word;

    if (*name == '\0' || *name == ':' || strchr("(),+-<>=", *name) != NULL) {
        refuse(s, "an attribute is expected");
        return NULL;
    }
    if (*name == '#') {
        d = pav_doc_get(s->x->names, name);
        if (d == NULL || d->kind != PAV_STRING) {
            refuse(s, "the name is not in ExpressionAttributeNames");
            return NULL;
        }
        name = pav_doc_str(s->x->arena, d);
    } else if (strpbrk(name, ".[") != NULL) {
        refuse(s, "only top-level attributes are served here");
        return NULL;
    }
    name = pav_arena_strdup(s->x->arena, name);
    advance(s);
    return name;
}

static bool operand(struct scan *s, const struct pav_doc **out);

static bool
size_operand(struct scan *s, const struct pav_doc **out)
{
    const struct pav_doc *v = NULL;
    struct pav_members m;
    uint32_t n = 0;

    advance(s);
    if (!eat(s, "(") || !operand(s, &v) || !eat(s, ")"))
        return false;
    if (v != NULL && v->len == 1)
        n = v->members[0].value.len;
    pav_members_init(&m, s->x->arena);
    pav_members_puts(
        &m, "N",
        pav_doc_new_cstr(s->x->arena, pav_arena_printf(s->x->arena, "%u", n)));
    *out = v == NULL ? NULL : pav_members_object(&m);
    return true;
}

/* An attribute's value (NULL: absent) or a :value. */
static bool
operand(struct scan *s, const struct pav_doc **out)
{
    const char *name;

    *out = NULL;
    if (is(s, "size"))
        return size_operand(s, out);
    if (*s->word == ':') {
        *out = pav_doc_get(s->x->values, s->word);
        if (*out == NULL)
            return refuse(s, "the value is not in ExpressionAttributeValues");
        advance(s);
        return true;
    }
    name = name_of(s);
    if (name == NULL)
        return false;
    *out = s->x->item == NULL ? NULL : pav_doc_get(s->x->item, name);
    return true;
}

/* ---- conditions ---- */

static const char *
type_of(const struct pav_doc *v)
{
    return v != NULL && v->kind == PAV_OBJECT && v->len == 1 ? v->members[0].key
                                                             : NULL;
}

static bool
same_type(const struct pav_doc *x, const struct pav_doc *y)
{
    return type_of(x) != NULL && type_of(y) != NULL &&
           x->members[0].len == y->members[0].len &&
           memcmp(x->members[0].key, y->members[0].key, x->members[0].len) == 0;
}

static double
number_of(struct scan *s, const struct pav_doc *v)
{
    const struct pav_doc *n = pav_doc_get(v, "N");
    const char *text = n == NULL ? NULL : pav_doc_str(s->x->arena, n);

    return text == NULL ? 0 : strtod(text, NULL);
}

/* -2: they do not compare. */
static int
order(struct scan *s, const struct pav_doc *x, const struct pav_doc *y)
{
    const struct pav_doc *a, *b;
    uint32_t min;
    int cmp;

    if (!same_type(x, y))
        return -2;
    if (pav_doc_get(x, "N") != NULL) {
        double m = number_of(s, x), n = number_of(s, y);

        return m < n ? -1 : m > n;
    }
    a = &x->members[0].value;
    b = &y->members[0].value;
    if (a->kind != PAV_STRING || b->kind != PAV_STRING)
        return pav_doc_equal(a, b) ? 0 : -2;
    min = a->len < b->len ? a->len : b->len;
    cmp = memcmp(a->text, b->text, min);
    if (cmp == 0)
        return a->len < b->len ? -1 : a->len > b->len;
    return cmp < 0 ? -1 : 1;
}

static bool
compared(struct scan *s, const struct pav_doc *x, const char *op,
         const struct pav_doc *y)
{
    int cmp = order(s, x, y);

    if (strcmp(op, "<>") == 0)
        return x != NULL && y != NULL && cmp != 0;
    if (cmp == -2)
        return false;
    return strcmp(op, "=") == 0    ? cmp == 0
           : strcmp(op, "<") == 0  ? cmp < 0
           : strcmp(op, "<=") == 0 ? cmp <= 0
           : strcmp(op, ">") == 0  ? cmp > 0
                                   : cmp >= 0;
}

static bool
text_function(const struct pav_doc *x, const struct pav_doc *y, bool begins)
{
    const struct pav_doc *a = pav_doc_get(x, "S"), *b = pav_doc_get(y, "S");
    uint32_t i;

    if (a != NULL && b != NULL && a->kind == PAV_STRING &&
        b->kind == PAV_STRING)
        return begins ? a->len >= b->len && !memcmp(a->text, b->text, b->len)
                      : memmem(a->text, a->len, b->text, b->len) != NULL;
    a = pav_doc_get(x, "L");
    for (i = 0; !begins && a != NULL && i < a->len; i++)
        if (pav_doc_equal(&a->items[i], y))
            return true;
    return false;
}

static bool
function(struct scan *s, bool *holds)
{
    char name[32];
    const struct pav_doc *x = NULL, *y = NULL;

    snprintf(name, sizeof(name), "%s", s->word);
    advance(s);
    if (!eat(s, "(") || !operand(s, &x))
        return false;
    if (strcmp(name, "attribute_exists") == 0) {
        *holds = x != NULL;
        return eat(s, ")");
    }
    if (strcmp(name, "attribute_not_exists") == 0) {
        *holds = x == NULL;
        return eat(s, ")");
    }
    if (!eat(s, ",") || !operand(s, &y) || !eat(s, ")"))
        return false;
    if (strcmp(name, "attribute_type") == 0)
        *holds =
            type_of(x) != NULL && pav_doc_get(y, "S") != NULL &&
            pav_doc_is_str(pav_doc_get(y, "S"),
                           pav_arena_strndup(s->x->arena, x->members[0].key,
                                             x->members[0].len));
    else
        *holds = text_function(x, y, strcmp(name, "begins_with") == 0);
    return true;
}

static bool
in_list(struct scan *s, const struct pav_doc *x, bool *holds)
{
    const struct pav_doc *y;

    *holds = false;
    advance(s);
    if (!eat(s, "("))
        return false;
    for (;;) {
        if (!operand(s, &y))
            return false;
        *holds |= order(s, x, y) == 0;
        if (!is(s, ","))
            return eat(s, ")");
        advance(s);
    }
}

static bool either(struct scan *s, bool *holds);

static bool
comparison(struct scan *s, bool *holds)
{
    const struct pav_doc *x, *y, *z;
    char op[4];

    if (!operand(s, &x))
        return false;
    if (is(s, "IN"))
        return in_list(s, x, holds);
    if (is(s, "BETWEEN")) {
        advance(s);
        if (!operand(s, &y) || !eat(s, "AND") || !operand(s, &z))
            return false;
        *holds = compared(s, x, ">=", y) && compared(s, x, "<=", z);
        return true;
    }
    if (strchr("<>=", *s->word) == NULL || strlen(s->word) > 2 ||
        *s->word == '\0')
        return refuse(s, "a comparison is expected");
    strcpy(op, s->word);
    advance(s);
    if (!operand(s, &y))
        return false;
    *holds = compared(s, x, op, y);
    return true;
}

static bool
primary(struct scan *s, bool *holds)
{
    static const char *const functions[] = {
        "attribute_exists", "attribute_not_exists", "attribute_type",
        "begins_with", "contains"};
    bool fine;
    size_t i;

    if (is(s, "NOT")) {
        advance(s);
        if (++s->depth > MAX_DEPTH)
            return refuse(s, "it nests too deeply");
        fine = primary(s, holds);
        *holds = !*holds;
        return fine;
    }
    if (is(s, "(")) {
        advance(s);
        if (++s->depth > MAX_DEPTH)
            return refuse(s, "it nests too deeply");
        return either(s, holds) && eat(s, ")");
    }
    for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strcmp(s->word, functions[i]) == 0)
            return function(s, holds);
    return comparison(s, holds);
}

static bool
both(struct scan *s, bool *holds)
{
    bool more;

    if (!primary(s, holds))
        return false;
    while (is(s, "AND")) {
        advance(s);
        if (!primary(s, &more))
            return false;
        *holds &= more;
    }
    return true;
}

static bool
either(struct scan *s, bool *holds)
{
    bool more;

    if (!both(s, holds))
        return false;
    while (is(s, "OR")) {
        advance(s);
        if (!both(s, &more))
            return false;
        *holds |= more;
    }
    return true;
}

bool
table_condition(struct table_expr *x, const char *text, bool *holds)
{
    struct scan s = {.x = x, .p = text};

    advance(&s);
    if (!either(&s, holds))
        return false;
    return *s.word == '\0' || refuse(&s, "unexpected text after it");
}

/* ---- updates ---- */

/* Exactly, when both are integers of 64 bits; otherwise as binary64. */
static bool
whole_of(const struct pav_doc *v, int64_t *out)
{
    const struct pav_doc *d = pav_doc_get(v, "N");
    char text[24], *end;

    if (d->len == 0 || d->len > 18)
        return false;
    memcpy(text, d->text, d->len);
    text[d->len] = '\0';
    *out = strtoll(text, &end, 10);
    return *end == '\0';
}

static const struct pav_doc *
sum(struct scan *s, const struct pav_doc *x, const struct pav_doc *y, int sign)
{
    struct pav_members m;
    char text[40];
    int64_t a, b;
    double n;

    if (pav_doc_get(x, "N") == NULL || pav_doc_get(y, "N") == NULL) {
        refuse(s, "an operand is no number");
        return NULL;
    }
    if (whole_of(x, &a) && whole_of(y, &b) &&
        !(sign > 0 ? __builtin_add_overflow(a, b, &a)
                   : __builtin_sub_overflow(a, b, &a))) {
        snprintf(text, sizeof(text), "%lld", (long long)a);
    } else {
        n = number_of(s, x) + sign * number_of(s, y);
        if (!isfinite(n)) {
            refuse(s, "Number overflow");
            return NULL;
        }
        snprintf(text, sizeof(text), "%.17g", n);
    }
    pav_members_init(&m, s->x->arena);
    pav_members_puts(
        &m, "N",
        pav_doc_new_cstr(s->x->arena, pav_arena_strdup(s->x->arena, text)));
    return pav_members_object(&m);
}

static bool value(struct scan *s, const struct pav_doc **out);

static bool
joined_lists(struct scan *s, const struct pav_doc **out)
{
    const struct pav_doc *x, *y;
    struct pav_items items;
    struct pav_members m;
    uint32_t i;

    advance(s);
    if (!eat(s, "(") || !value(s, &x) || !eat(s, ",") || !value(s, &y) ||
        !eat(s, ")"))
        return false;
    x = pav_doc_get(x, "L");
    y = pav_doc_get(y, "L");
    if (x == NULL || y == NULL)
        return refuse(s, "list_append wants two lists");
    pav_items_init(&items, s->x->arena);
    for (i = 0; i < x->len; i++)
        pav_items_add(&items, &x->items[i]);
    for (i = 0; i < y->len; i++)
        pav_items_add(&items, &y->items[i]);
    pav_members_init(&m, s->x->arena);
    pav_members_puts(&m, "L", pav_items_array(&items));
    *out = pav_members_object(&m);
    return true;
}

static bool
value(struct scan *s, const struct pav_doc **out)
{
    if (++s->depth > MAX_DEPTH)
        return refuse(s, "it nests too deeply");
    if (strcmp(s->word, "list_append") == 0)
        return joined_lists(s, out);
    if (strcmp(s->word, "if_not_exists") == 0) {
        const struct pav_doc *by_default;

        advance(s);
        if (!eat(s, "(") || !operand(s, out) || !eat(s, ",") ||
            !value(s, &by_default) || !eat(s, ")"))
            return false;
        if (*out == NULL)
            *out = by_default;
        return true;
    }
    if (!operand(s, out))
        return false;
    return *out != NULL || refuse(s, "the attribute that is read is not there");
}

static bool
set_one(struct scan *s, struct pav_members *m)
{
    const char *name = name_of(s);
    const struct pav_doc *x, *y;
    int sign;

    if (name == NULL || !eat(s, "=") || !value(s, &x))
        return false;
    if (is(s, "+") || is(s, "-")) {
        sign = is(s, "+") ? 1 : -1;
        advance(s);
        if (!value(s, &y) || (x = sum(s, x, y, sign)) == NULL)
            return false;
    }
    pav_members_puts(m, name, x);
    return true;
}

static bool
add_one(struct scan *s, struct pav_members *m)
{
    const char *name = name_of(s);
    const struct pav_doc *x, *y;

    if (name == NULL || !value(s, &y))
        return false;
    x = s->x->item == NULL ? NULL : pav_doc_get(s->x->item, name);
    if (x != NULL && (y = sum(s, x, y, 1)) == NULL)
        return false;
    pav_members_puts(m, name, y);
    return true;
}

static bool
remove_one(struct scan *s, struct pav_members *m)
{
    const char *name = name_of(s);
    uint32_t i;

    if (name == NULL)
        return false;
    for (i = 0; i < m->count; i++) {
        if (!pav_member_is(&m->v[i], name))
            continue;
        memmove(&m->v[i], &m->v[i + 1], (m->count - i - 1) * sizeof(*m->v));
        m->count--;
        break;
    }
    return true;
}

const struct pav_doc *
table_update(struct table_expr *x, const char *text)
{
    static const struct {
        const char *word;
        bool (*one)(struct scan *s, struct pav_members *m);
    } clauses[] = {{"SET", set_one}, {"REMOVE", remove_one}, {"ADD", add_one}};
    struct scan s = {.x = x, .p = text};
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, x->arena);
    for (i = 0; x->item != NULL && i < x->item->len; i++)
        pav_members_add(&m, x->item->members[i].key, x->item->members[i].len,
                        &x->item->members[i].value);
    advance(&s);
    while (*s.word != '\0') {
        for (i = 0; i < 3 && !is(&s, clauses[i].word); i++)
            ;
        if (i == 3) {
            refuse(&s, "SET, REMOVE or ADD is expected");
            return NULL;
        }
        do {
            advance(&s);
            s.depth = 0;
            if (!clauses[i].one(&s, &m))
                return NULL;
        } while (is(&s, ","));
    }
    return pav_members_object(&m);
}

const struct pav_doc *
table_sum(struct table_expr *x, const struct pav_doc *a,
          const struct pav_doc *b)
{
    struct scan s = {.x = x};

    return sum(&s, a, b, 1);
}
