/*
 * JSON Schema: see pavane/schema.h.  A schema is walked as it is written; only
 * regular expressions are compiled before.
 */
#include "pavane/schema.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <math.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"

#define MAX_DEPTH   64
#define MAX_PLACES  1000
#define MATCH_STEPS 200000 /* of one value's first match; later ones fewer */
#define MATCH_MIN   1000
#define MAX_SHOWN   500     /* characters of a place */
#define MAX_TRIES   1000000 /* of one value: $ref and anyOf may multiply */

struct expression {
    struct expression *next;
    const struct pav_doc *text; /* borrowed: its identity */
    const char *key;            /* or, of patternProperties, the key */
    pcre2_code *code;
};

struct pav_schema {
    const struct pav_doc *root;
    const struct pav_doc *places[MAX_PLACES]; /* that $ref points to, checked */
    uint32_t place_count;
    struct expression *expressions;
};

/* ---- compiling ---- */

static const char *const types[] = {"null",   "boolean", "number", "integer",
                                    "string", "array",   "object"};

static enum pav_rc
refuse(struct pav_err *err, const char *at, const char *what)
{
    return pav_fail(err, PAV_INVALID, at, "%s", what);
}

static enum pav_rc
add_expression(struct pav_schema *s, const struct pav_doc *text,
               const char *key, const char *p, size_t len, const char *at,
               struct pav_err *err)
{
    struct expression *x = pav_xcalloc(1, sizeof(*x));
    int code;
    PCRE2_SIZE place;

    x->text = text;
    x->key = key;
    x->code = pcre2_compile((PCRE2_SPTR)p, len,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
                                PCRE2_DOLLAR_ENDONLY,
                            &code, &place, NULL);
    if (x->code == NULL) {
        free(x);
        return refuse(err, at, "this is no regular expression");
    }
    x->next = s->expressions;
    s->expressions = x;
    return PAV_OK;
}

static enum pav_rc check(struct pav_schema *s, const struct pav_doc *d,
                         const char *at, unsigned depth, struct pav_err *err);

static enum pav_rc
check_map(struct pav_schema *s, const struct pav_doc *d, const char *at,
          unsigned depth, bool patterns, struct pav_err *err)
{
    uint32_t i;
    enum pav_rc rc = PAV_OK;

    if (d->kind != PAV_OBJECT)
        return refuse(err, at, "an object is expected");
    for (i = 0; i < d->len && rc == PAV_OK; i++) {
        const struct pav_member *m = &d->members[i];
        char inner[256];

        snprintf(inner, sizeof(inner), "%.120s/%.*s", at,
                 (int)(m->len > 100 ? 100 : m->len), m->key);
        if (patterns)
            rc = add_expression(s, NULL, m->key, m->key, m->len, inner, err);
        if (rc == PAV_OK)
            rc = check(s, &m->value, inner, depth + 1, err);
    }
    return rc;
}

static enum pav_rc
check_list(struct pav_schema *s, const struct pav_doc *d, const char *at,
           unsigned depth, struct pav_err *err)
{
    uint32_t i;
    enum pav_rc rc = PAV_OK;

    if (d->kind != PAV_ARRAY || d->len == 0)
        return refuse(err, at, "a list of schemas is expected");
    for (i = 0; i < d->len && rc == PAV_OK; i++) {
        char inner[256];

        snprintf(inner, sizeof(inner), "%.200s/%u", at, i);
        rc = check(s, &d->items[i], inner, depth + 1, err);
    }
    return rc;
}

static enum pav_rc
check_type(const struct pav_doc *d, const char *at, struct pav_err *err)
{
    const struct pav_doc *v = d->kind == PAV_ARRAY ? d->items : d;
    uint32_t i, count = d->kind == PAV_ARRAY ? d->len : 1;
    size_t k;

    for (i = 0; i < count; i++) {
        for (k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            if (pav_doc_is_str(&v[i], types[k]))
                break;
        if (k == sizeof(types) / sizeof(types[0]))
            return refuse(err, at,
                          "null, boolean, number, integer, string, array or "
                          "object is expected");
    }
    return PAV_OK;
}

enum shape {
    SHAPE_SCHEMA,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_PATTERNS,
    SHAPE_NUMBER,
    SHAPE_ARRAY,
    SHAPE_TYPE,
    SHAPE_REGEX,
    SHAPE_REF
};

static const struct {
    const char *name;
    enum shape shape;
} keywords[] = {{"properties", SHAPE_MAP},
                {"$defs", SHAPE_MAP},
                {"definitions", SHAPE_MAP},
                {"dependentSchemas", SHAPE_MAP},
                {"patternProperties", SHAPE_PATTERNS},
                {"additionalProperties", SHAPE_SCHEMA},
                {"propertyNames", SHAPE_SCHEMA},
                {"items", SHAPE_SCHEMA},
                {"contains", SHAPE_SCHEMA},
                {"not", SHAPE_SCHEMA},
                {"if", SHAPE_SCHEMA},
                {"then", SHAPE_SCHEMA},
                {"else", SHAPE_SCHEMA},
                {"prefixItems", SHAPE_LIST},
                {"allOf", SHAPE_LIST},
                {"anyOf", SHAPE_LIST},
                {"oneOf", SHAPE_LIST},
                {"minimum", SHAPE_NUMBER},
                {"maximum", SHAPE_NUMBER},
                {"exclusiveMinimum", SHAPE_NUMBER},
                {"exclusiveMaximum", SHAPE_NUMBER},
                {"multipleOf", SHAPE_NUMBER},
                {"minLength", SHAPE_NUMBER},
                {"maxLength", SHAPE_NUMBER},
                {"minItems", SHAPE_NUMBER},
                {"maxItems", SHAPE_NUMBER},
                {"minProperties", SHAPE_NUMBER},
                {"maxProperties", SHAPE_NUMBER},
                {"required", SHAPE_ARRAY},
                {"enum", SHAPE_ARRAY},
                {"type", SHAPE_TYPE},
                {"pattern", SHAPE_REGEX},
                {"$ref", SHAPE_REF}};

static const struct pav_doc *
resolve(const struct pav_schema *s, const struct pav_doc *ref)
{
    const struct pav_doc *d = s->root;
    const char *p = ref->text, *end = ref->text + ref->len;

    if (p == end || *p != '#')
        return NULL;
    for (p++; p < end && d != NULL;) {
        char name[256];
        size_t n = 0;

        if (*p++ != '/')
            return NULL;
        for (; p < end && *p != '/' && n < sizeof(name) - 1; p++) {
            if (*p == '~' && p + 1 < end && (p[1] == '0' || p[1] == '1'))
                name[n++] = *++p == '0' ? '~' : '/';
            else
                name[n++] = *p;
        }
        name[n] = '\0';
        d = d->kind == PAV_ARRAY
                ? pav_doc_at(d, (uint32_t)strtoul(name, NULL, 10))
                : pav_doc_getn(d, name, n);
    }
    return d;
}

/* What $ref points to may be where no keyword leads: a schema it must be. */
static enum pav_rc
check_place(struct pav_schema *s, const struct pav_doc *d, const char *at,
            unsigned depth, struct pav_err *err)
{
    uint32_t i;

    if (d == NULL)
        return refuse(err, at,
                      "a place within this schema is expected, such as "
                      "#/$defs/address");
    for (i = 0; i < s->place_count; i++)
        if (s->places[i] == d)
            return PAV_OK;
    if (s->place_count == MAX_PLACES)
        return refuse(err, at, "more than 1000 places are referred to");
    s->places[s->place_count++] = d;
    return check(s, d, at, depth + 1, err);
}

static enum pav_rc
check_keyword(struct pav_schema *s, enum shape shape, const struct pav_doc *v,
              const char *at, unsigned depth, struct pav_err *err)
{
    switch (shape) {
    case SHAPE_SCHEMA:
        return check(s, v, at, depth + 1, err);
    case SHAPE_LIST:
        return check_list(s, v, at, depth, err);
    case SHAPE_MAP:
        return check_map(s, v, at, depth, false, err);
    case SHAPE_PATTERNS:
        return check_map(s, v, at, depth, true, err);
    case SHAPE_NUMBER:
        return v->kind == PAV_NUMBER ? PAV_OK
                                     : refuse(err, at, "a number is expected");
    case SHAPE_ARRAY:
        return v->kind == PAV_ARRAY ? PAV_OK
                                    : refuse(err, at, "a list is expected");
    case SHAPE_TYPE:
        return check_type(v, at, err);
    case SHAPE_REGEX:
        return v->kind == PAV_STRING
                   ? add_expression(s, v, NULL, v->text, v->len, at, err)
                   : refuse(err, at, "a regular expression is expected");
    case SHAPE_REF:
        return check_place(s, v->kind == PAV_STRING ? resolve(s, v) : NULL, at,
                           depth, err);
    }
    return PAV_OK;
}

static enum pav_rc
check(struct pav_schema *s, const struct pav_doc *d, const char *at,
      unsigned depth, struct pav_err *err)
{
    enum pav_rc rc = PAV_OK;
    size_t k;

    if (pav_doc_is_bool(d))
        return PAV_OK;
    if (d->kind != PAV_OBJECT)
        return refuse(err, at, "a schema is an object, true or false");
    if (depth > MAX_DEPTH)
        return refuse(err, at, "nested too deeply");
    for (k = 0; k < sizeof(keywords) / sizeof(keywords[0]) && rc == PAV_OK;
         k++) {
        const struct pav_doc *v = pav_doc_get(d, keywords[k].name);
        char inner[256];

        if (v == NULL)
            continue;
        snprintf(inner, sizeof(inner), "%.200s/%s", at, keywords[k].name);
        rc = check_keyword(s, keywords[k].shape, v, inner, depth, err);
    }
    return rc;
}

enum pav_rc
pav_schema_compile(const struct pav_doc *doc, struct pav_schema **out,
                   struct pav_err *err)
{
    struct pav_schema *s = pav_xcalloc(1, sizeof(*s));
    enum pav_rc rc;

    s->root = doc;
    rc = doc == NULL ? refuse(err, "", "there is no schema")
                     : check(s, doc, "", 0, err);
    if (rc != PAV_OK) {
        pav_schema_free(s);
        return rc;
    }
    *out = s;
    return PAV_OK;
}

void
pav_schema_free(struct pav_schema *s)
{
    struct expression *x;

    if (s == NULL)
        return;
    while ((x = s->expressions) != NULL) {
        s->expressions = x->next;
        pcre2_code_free(x->code);
        free(x);
    }
    free(s);
}

/* ---- asking ---- */

struct asking {
    const struct pav_schema *schema;
    struct pav_arena *a;
    struct pav_err *err;
    unsigned depth, quiet; /* within what may fail: nobody reads why */
    uint32_t tries, matches;
};

static bool accepts(struct asking *q, const struct pav_doc *schema,
                    const struct pav_doc *v, const char *at);

static bool
would_accept(struct asking *q, const struct pav_doc *schema,
             const struct pav_doc *v, const char *at)
{
    bool fine;

    q->quiet++;
    fine = accepts(q, schema, v, at);
    q->quiet--;
    return fine;
}

/* For a message; a long one is cut. */
static const char *
shown(struct asking *q, const struct pav_doc *d)
{
    return q->quiet > 0 ? "" : pav_doc_text(q->a, d);
}

static bool
fail(struct asking *q, const char *at, const char *fmt, const char *what)
{
    char message[256];

    if (q->quiet > 0)
        return false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(message, sizeof(message), fmt, what);
#pragma GCC diagnostic pop
    (void)pav_fail(q->err, PAV_INVALID, at, "%s", message);
    return false;
}

static bool
matches(struct asking *q, const struct pav_doc *text, const char *key,
        const char *p, size_t len)
{
    const struct expression *x = q->schema->expressions;
    uint32_t limit = MATCH_STEPS / ++q->matches;
    pcre2_match_data *data;
    pcre2_match_context *context;
    int rc;

    while (x != NULL && (text != NULL ? x->text != text : x->key != key))
        x = x->next;
    if (x == NULL)
        return true;
    data = pcre2_match_data_create(1, NULL);
    context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, limit > MATCH_MIN ? limit : MATCH_MIN);
    rc = pcre2_match(x->code, (PCRE2_SPTR)p, len, 0, 0, data, context);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    q->tries++;
    if (rc == PCRE2_ERROR_MATCHLIMIT)
        q->tries = MAX_TRIES + 1;
    return rc >= 0;
}

static bool
is_type(const struct pav_doc *v, const struct pav_doc *type)
{
    static const char *const names[] = {
        [PAV_NULL] = "null",     [PAV_FALSE] = "boolean",
        [PAV_TRUE] = "boolean",  [PAV_NUMBER] = "number",
        [PAV_STRING] = "string", [PAV_ARRAY] = "array",
        [PAV_OBJECT] = "object"};
    double x;

    if (pav_doc_is_str(type, names[v->kind]))
        return true;
    if (v->kind != PAV_NUMBER || !pav_doc_is_str(type, "integer"))
        return false;
    x = pav_doc_double(v);
    return isfinite(x) && floor(x) == x;
}

static bool
check_of_type(struct asking *q, const struct pav_doc *type,
              const struct pav_doc *v, const char *at)
{
    uint32_t i;

    if (type->kind != PAV_ARRAY)
        return is_type(v, type) ||
               fail(q, at, "%s is expected", pav_doc_str(q->a, type));
    for (i = 0; i < type->len; i++)
        if (is_type(v, &type->items[i]))
            return true;
    return fail(q, at, "one of the types %s is expected", shown(q, type));
}

static bool
check_numbers(struct asking *q, const struct pav_doc *s,
              const struct pav_doc *v, const char *at)
{
    const struct pav_doc *n;
    double by, ratio;

    if ((n = pav_doc_get(s, "minimum")) != NULL && pav_doc_number_cmp(v, n) < 0)
        return fail(q, at, "at least %s is expected", shown(q, n));
    if ((n = pav_doc_get(s, "maximum")) != NULL && pav_doc_number_cmp(v, n) > 0)
        return fail(q, at, "at most %s is expected", shown(q, n));
    if ((n = pav_doc_get(s, "exclusiveMinimum")) != NULL &&
        pav_doc_number_cmp(v, n) <= 0)
        return fail(q, at, "more than %s is expected", shown(q, n));
    if ((n = pav_doc_get(s, "exclusiveMaximum")) != NULL &&
        pav_doc_number_cmp(v, n) >= 0)
        return fail(q, at, "less than %s is expected", shown(q, n));
    if ((n = pav_doc_get(s, "multipleOf")) != NULL) {
        by = pav_doc_double(n);
        ratio = pav_doc_double(v) / by;
        if (by > 0 && fabs(ratio - nearbyint(ratio)) > 1e-9)
            return fail(q, at, "a multiple of %s is expected", shown(q, n));
    }
    return true;
}

static bool
check_count(struct asking *q, const struct pav_doc *s, const char *min,
            const char *max, size_t count, const char *at)
{
    const struct pav_doc *n;

    if ((n = pav_doc_get(s, min)) != NULL && (double)count < pav_doc_double(n))
        return fail(q, at, "at least %s are expected", shown(q, n));
    if ((n = pav_doc_get(s, max)) != NULL && (double)count > pav_doc_double(n))
        return fail(q, at, "at most %s are expected", shown(q, n));
    return true;
}

static bool
check_text(struct asking *q, const struct pav_doc *s, const struct pav_doc *v,
           const char *at)
{
    const struct pav_doc *pattern = pav_doc_get(s, "pattern");

    if (!check_count(q, s, "minLength", "maxLength",
                     pav_utf8_count(v->text, v->len), at))
        return false;
    return pattern == NULL || matches(q, pattern, NULL, v->text, v->len) ||
           fail(q, at, "a text that matches %s is expected", shown(q, pattern));
}

static const char *
inside(struct asking *q, const char *at, const char *name, uint32_t len)
{
    return q->quiet > 0 ? at
                        : pav_arena_printf(q->a, "%.*s/%.*s", MAX_SHOWN, at,
                                           len < 64 ? (int)len : 64, name);
}

static const char *
inside_item(struct asking *q, const char *at, uint32_t i)
{
    char number[16];

    return inside(q, at, number,
                  (uint32_t)snprintf(number, sizeof(number), "%u", i));
}

static bool
check_array(struct asking *q, const struct pav_doc *s, const struct pav_doc *v,
            const char *at)
{
    const struct pav_doc *first = pav_doc_get(s, "prefixItems");
    const struct pav_doc *items = pav_doc_get(s, "items");
    const struct pav_doc *contains = pav_doc_get(s, "contains");
    const struct pav_doc *unique = pav_doc_get(s, "uniqueItems");
    uint32_t i, j;
    bool found = false;

    if (!check_count(q, s, "minItems", "maxItems", v->len, at))
        return false;
    for (i = 0; i < v->len; i++) {
        const struct pav_doc *rule =
            first != NULL && i < first->len ? &first->items[i] : items;

        if (rule != NULL &&
            !accepts(q, rule, &v->items[i], inside_item(q, at, i)))
            return false;
        found |=
            contains != NULL && would_accept(q, contains, &v->items[i], at);
    }
    if (contains != NULL && !found)
        return fail(q, at, "%s", "no item is as one must be");
    for (i = 0; unique != NULL && unique->kind == PAV_TRUE && i < v->len &&
                v->len <= 1000;
         i++)
        for (j = 0; j < i; j++)
            if (pav_doc_equal(&v->items[i], &v->items[j]))
                return fail(q, at, "%s", "an item appears twice");
    return true;
}

static bool
check_member(struct asking *q, const struct pav_doc *s,
             const struct pav_member *m, const char *at)
{
    const struct pav_doc *named =
        pav_doc_getn(pav_doc_get(s, "properties"), m->key, m->len);
    const struct pav_doc *patterns = pav_doc_get(s, "patternProperties");
    const struct pav_doc *others = pav_doc_get(s, "additionalProperties");
    bool known = named != NULL;
    uint32_t i;

    at = inside(q, at, m->key, m->len);
    if (named != NULL && !accepts(q, named, &m->value, at))
        return false;
    for (i = 0; patterns != NULL && i < patterns->len; i++) {
        const struct pav_member *p = &patterns->members[i];

        if (!matches(q, NULL, p->key, m->key, m->len))
            continue;
        known = true;
        if (!accepts(q, &p->value, &m->value, at))
            return false;
    }
    if (known || others == NULL)
        return true;
    if (others->kind == PAV_FALSE)
        return fail(q, at, "%s", "no such member is allowed");
    return accepts(q, others, &m->value, at);
}

static bool
has_all(struct asking *q, const struct pav_doc *names, const struct pav_doc *v,
        const char *at)
{
    uint32_t i;

    for (i = 0; names != NULL && names->kind == PAV_ARRAY && i < names->len;
         i++)
        if (names->items[i].kind == PAV_STRING &&
            pav_doc_getn(v, names->items[i].text, names->items[i].len) == NULL)
            return fail(q, at, "the member %s is required",
                        shown(q, &names->items[i]));
    return true;
}

static bool
check_object(struct asking *q, const struct pav_doc *s, const struct pav_doc *v,
             const char *at)
{
    const struct pav_doc *names = pav_doc_get(s, "propertyNames");
    const struct pav_doc *with = pav_doc_get(s, "dependentRequired");
    const struct pav_doc *schemas = pav_doc_get(s, "dependentSchemas");
    uint32_t i;

    if (!check_count(q, s, "minProperties", "maxProperties", v->len, at) ||
        !has_all(q, pav_doc_get(s, "required"), v, at))
        return false;
    for (i = 0; i < v->len; i++) {
        const struct pav_member *m = &v->members[i];
        const struct pav_doc *needs = pav_doc_getn(with, m->key, m->len);
        const struct pav_doc *rule = pav_doc_getn(schemas, m->key, m->len);
        struct pav_doc name = {
            .kind = PAV_STRING, .len = m->len, .text = m->key};

        if ((names != NULL && !accepts(q, names, &name, at)) ||
            !has_all(q, needs, v, at) ||
            (rule != NULL && !accepts(q, rule, v, at)) ||
            !check_member(q, s, m, at))
            return false;
    }
    return true;
}

static bool
check_combined(struct asking *q, const struct pav_doc *s,
               const struct pav_doc *v, const char *at)
{
    const struct pav_doc *list, *d;
    uint32_t i, n = 0;

    if ((list = pav_doc_get(s, "allOf")) != NULL)
        for (i = 0; i < list->len; i++)
            if (!accepts(q, &list->items[i], v, at))
                return false;
    if ((list = pav_doc_get(s, "anyOf")) != NULL) {
        for (i = 0; i < list->len && !would_accept(q, &list->items[i], v, at);
             i++)
            ;
        if (i == list->len)
            return fail(q, at, "%s", "it is none of anyOf");
    }
    if ((list = pav_doc_get(s, "oneOf")) != NULL) {
        for (i = 0; i < list->len; i++)
            n += would_accept(q, &list->items[i], v, at);
        if (n != 1)
            return fail(q, at, "%s", "it is not exactly one of oneOf");
    }
    if ((d = pav_doc_get(s, "not")) != NULL && would_accept(q, d, v, at))
        return fail(q, at, "%s", "it is what it must not be");
    if ((d = pav_doc_get(s, "if")) != NULL) {
        d = pav_doc_get(s, would_accept(q, d, v, at) ? "then" : "else");
        if (d != NULL && !accepts(q, d, v, at))
            return false;
    }
    d = pav_doc_get(s, "$ref");
    return d == NULL || accepts(q, resolve(q->schema, d), v, at);
}

static bool
check_values(struct asking *q, const struct pav_doc *s, const struct pav_doc *v,
             const char *at)
{
    const struct pav_doc *d;
    uint32_t i;

    if ((d = pav_doc_get(s, "type")) != NULL && !check_of_type(q, d, v, at))
        return false;
    if ((d = pav_doc_get(s, "const")) != NULL && !pav_doc_equal(d, v))
        return fail(q, at, "%s is expected", shown(q, d));
    if ((d = pav_doc_get(s, "enum")) != NULL) {
        q->tries += d->len / 4;
        for (i = 0; i < d->len && !pav_doc_equal(&d->items[i], v); i++)
            ;
        if (i == d->len)
            return fail(q, at, "one of %s is expected", shown(q, d));
    }
    return true;
}

static bool
accepts(struct asking *q, const struct pav_doc *s, const struct pav_doc *v,
        const char *at)
{
    bool fine;

    if (s->kind != PAV_OBJECT)
        return s->kind == PAV_TRUE || fail(q, at, "%s", "nothing is allowed");
    if (++q->tries > MAX_TRIES || q->depth > MAX_DEPTH * 4)
        return fail(q, at, "%s", "the schema asks too much of this value");
    q->depth++;
    fine = check_values(q, s, v, at) &&
           (v->kind != PAV_NUMBER || check_numbers(q, s, v, at)) &&
           (v->kind != PAV_STRING || check_text(q, s, v, at)) &&
           (v->kind != PAV_ARRAY || check_array(q, s, v, at)) &&
           (v->kind != PAV_OBJECT || check_object(q, s, v, at)) &&
           check_combined(q, s, v, at);
    q->depth--;
    return fine;
}

bool
pav_schema_accepts(const struct pav_schema *s, const struct pav_doc *v,
                   struct pav_arena *a, struct pav_err *err)
{
    struct asking q = {.schema = s, .a = a, .err = err};

    bool fine = accepts(&q, s->root, v, "");

    if (q.tries > MAX_TRIES) /* whatever came of it: it was not looked at */
        return fail(&q, "", "%s", "the schema asks too much of this value");
    return fine;
}
