/*
 * Event patterns: one entry of a list, compiled and asked.
 * Operators and refusals as in events.md 2.3 and 2.5.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <math.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_int.h"

/* ---- numbers ---- */

/* The decimal of a number's text: digits without outer zeros, and the power
 * of ten of the first one. */
static int
decimal_of(const char *text, size_t len, char *digits, size_t room, long *power)
{
    size_t i, n = 0;
    long point = 0, exponent = 0;
    bool seen_point = false;

    for (i = 0; i < len && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.') {
            seen_point = true;
        } else if (text[i] >= '0' && text[i] <= '9') {
            if (n > 0 || text[i] != '0') {
                if (n == room)
                    return -1;
                digits[n++] = text[i];
                if (!seen_point)
                    point++;
            } else if (seen_point) {
                point--;
            }
        }
    }
    if (i < len)
        exponent = strtol(text + i + 1, NULL, 10);
    while (n > 0 && digits[n - 1] == '0')
        n--;
    *power = n == 0 ? 0 : point + exponent;
    return (int)n;
}

bool
number_comparable(const struct pav_doc *d, double *out)
{
    char shortest[40], x[800], y[40];
    int len = 0, precision, m, n;
    long p, q;

    if (d->kind != PAV_NUMBER)
        return false;
    *out = pav_doc_double(d);
    if (!isfinite(*out))
        return false;
    if (d->len <= 15 && memchr(d->text, 'e', d->len) == NULL &&
        memchr(d->text, 'E', d->len) == NULL)
        return true;
    for (precision = 15; precision <= 17; precision++) {
        len = snprintf(shortest, sizeof(shortest), "%.*g", precision, *out);
        if (strtod(shortest, NULL) == *out)
            break;
    }
    m = decimal_of(d->text, d->len, x, sizeof(x), &p);
    n = decimal_of(shortest, (size_t)len, y, sizeof(y), &q);
    return m == n && p == q && (m <= 0 || memcmp(x, y, (size_t)m) == 0);
}

/* ---- asking ---- */

static bool
starts_with(const struct pav_doc *v, const struct pav_doc *with)
{
    return v->len >= with->len && memcmp(v->text, with->text, with->len) == 0;
}

static bool
ends_with(const struct pav_doc *v, const struct pav_doc *with)
{
    return v->len >= with->len &&
           memcmp(v->text + v->len - with->len, with->text, with->len) == 0;
}

/* Case folding is the library's; the anchors say which part must agree. */
static bool
folded(const struct matcher *m, const struct pav_doc *v)
{
    uint32_t flags = PCRE2_UTF | PCRE2_CASELESS | PCRE2_NO_UTF_CHECK;
    pcre2_code *code;
    pcre2_match_data *data;
    PCRE2_SIZE offset;
    int error, hits = -1;

    if (m->kind != MATCH_SUFFIX_IGNORE_CASE)
        flags |= PCRE2_ANCHORED;
    if (m->kind != MATCH_PREFIX_IGNORE_CASE)
        flags |= PCRE2_ENDANCHORED;
    code = pcre2_compile((PCRE2_SPTR)m->value->text, m->value->len,
                         flags | PCRE2_LITERAL, &error, &offset, NULL);
    if (code == NULL)
        return false;
    data = pcre2_match_data_create_from_pattern(code, NULL);
    hits = pcre2_match(code, (PCRE2_SPTR)v->text, v->len, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return hits >= 0;
}

static bool
exact(const struct pav_doc *want, const struct pav_doc *v)
{
    double x, y;

    if (want->kind != v->kind)
        return false;
    if (v->kind != PAV_NUMBER && v->kind != PAV_STRING)
        return true;
    if (want->len == v->len && memcmp(want->text, v->text, v->len) == 0)
        return true;
    return v->kind == PAV_NUMBER && number_comparable(want, &x) &&
           number_comparable(v, &y) && x == y;
}

static bool
in_range(const struct matcher *m, const struct pav_doc *v)
{
    double x;

    if (!number_comparable(v, &x))
        return false;
    if (m->has_low && (m->low_open ? !(x > m->low) : !(x >= m->low)))
        return false;
    return !m->has_high || (m->high_open ? x < m->high : x <= m->high);
}

bool
matcher_accepts(const struct matcher *m, const struct pav_doc *v)
{
    uint32_t i;

    switch (m->kind) {
    case MATCH_EXACT:
        return exact(m->value, v);
    case MATCH_PREFIX:
        return v->kind == PAV_STRING && starts_with(v, m->value);
    case MATCH_SUFFIX:
        return v->kind == PAV_STRING && ends_with(v, m->value);
    case MATCH_IGNORE_CASE:
    case MATCH_PREFIX_IGNORE_CASE:
    case MATCH_SUFFIX_IGNORE_CASE:
        return v->kind == PAV_STRING && folded(m, v);
    case MATCH_NUMERIC:
        return in_range(m, v);
    case MATCH_EXISTS:
        return true;
    case MATCH_ABSENT:
        return false;
    case MATCH_NOT:
        for (i = 0; i < m->count; i++)
            if (matcher_accepts(&m->parts[i], v))
                return false;
        return true;
    }
    return false;
}

/* ---- compiling ---- */

static enum pav_rc
reason(struct pav_err *err, const char *before, const char *name, int len,
       const char *behind)
{
    return pav_fail(err, PAV_INVALID, "", "%s%.*s%s", before, len, name,
                    behind);
}

static enum pav_rc
plain(struct pav_err *err, const char *text)
{
    return pav_fail(err, PAV_INVALID, "", "%s", text);
}

static bool
key_is(const struct pav_member *m, const char *name)
{
    return m->len == strlen(name) && memcmp(m->key, name, m->len) == 0;
}

static enum pav_rc
affix_compile(const struct pav_member *m, struct matcher *out,
              struct pav_err *err)
{
    bool prefix = key_is(m, "prefix");
    const struct pav_doc *v = &m->value;

    out->kind = prefix ? MATCH_PREFIX : MATCH_SUFFIX;
    out->value = v;
    if (v->kind == PAV_STRING)
        return PAV_OK;
    if (v->kind != PAV_OBJECT)
        return plain(err, prefix ? "prefix match pattern must be a string"
                                 : "suffix match pattern must be a string");
    if (v->len == 0)
        return plain(err, prefix ? "Prefix expression name not found"
                                 : "Suffix expression name not found");
    if (!key_is(&v->members[0], "equals-ignore-case"))
        return reason(err,
                      prefix ? "Unsupported prefix pattern: "
                             : "Unsupported suffix pattern: ",
                      v->members[0].key, (int)v->members[0].len, "");
    if (v->len > 1)
        return plain(err, "Only one key allowed in match expression");
    out->kind = prefix ? MATCH_PREFIX_IGNORE_CASE : MATCH_SUFFIX_IGNORE_CASE;
    out->value = &v->members[0].value;
    if (out->value->kind != PAV_STRING)
        return plain(err, "equals-ignore-case match pattern must be a string");
    return PAV_OK;
}

static enum pav_rc
numeric_bound(const struct pav_doc *v, uint32_t i, double *out,
              struct pav_err *err)
{
    const struct pav_doc *op = &v->items[i], *n = pav_doc_at(v, i + 1);
    bool equals = pav_doc_is_str(op, "=");

    if (n == NULL || n->kind != PAV_NUMBER)
        return equals ? plain(err, "Value of equals must be numeric")
                      : reason(err, "Value of ", op->text, (int)op->len,
                               " must be numeric");
    if (!number_comparable(n, out))
        return reason(err, "Cannot compare number : ", n->text, (int)n->len,
                      "");
    return PAV_OK;
}

static enum pav_rc
numeric_compile(const struct pav_doc *v, struct matcher *out,
                struct pav_err *err)
{
    uint32_t i;
    enum pav_rc rc;

    out->kind = MATCH_NUMERIC;
    if (v->kind != PAV_ARRAY)
        return plain(err, "Value of numeric must be an array.");
    if (v->len == 0)
        return plain(err, "Invalid member in numeric match: ]");
    for (i = 0; i < v->len; i += 2) {
        const struct pav_doc *op = &v->items[i];
        bool low, equals;
        double n;

        if (op->kind != PAV_STRING)
            return plain(err, "Invalid member in numeric match: value");
        equals = pav_doc_is_str(op, "=");
        low = pav_doc_is_str(op, ">") || pav_doc_is_str(op, ">=");
        if (!equals && !low && !pav_doc_is_str(op, "<") &&
            !pav_doc_is_str(op, "<="))
            return reason(err,
                          "Unrecognized numeric range operator: ", op->text,
                          (int)op->len, "");
        if (i == 2 && (equals || low))
            return reason(err, "Bad numeric range operator: ", op->text,
                          (int)op->len, "");
        if (i == 4 || (i == 2 && !out->has_low) || (i == 2 && out->has_high))
            return plain(err, "Too many elements in numeric expression");
        rc = numeric_bound(v, i, &n, err);
        if (rc != PAV_OK)
            return rc;
        if (equals || low) {
            out->has_low = true;
            out->low = n;
            out->low_open = op->len == 1 && low;
        }
        if (equals || !low) {
            out->has_high = true;
            out->high = n;
            out->high_open = op->len == 1 && !equals;
        }
    }
    if (v->len == 4 && !(out->low < out->high))
        return plain(err, "Bottom must be less than top");
    return PAV_OK;
}

/* anything-but's scalar or list: strings or numbers, of one kind. */
static enum pav_rc
not_list(struct pav_arena *a, const struct pav_doc *v, struct matcher *out,
         struct pav_err *err)
{
    const struct pav_doc *items = v->kind == PAV_ARRAY ? v->items : v;
    uint32_t i, count = v->kind == PAV_ARRAY ? v->len : 1;
    struct matcher *parts = pav_arena_zalloc(a, (count + 1) * sizeof(*parts));

    if (count == 0)
        return plain(err, "Empty arrays are not allowed");
    for (i = 0; i < count; i++) {
        if (items[i].kind != PAV_STRING && items[i].kind != PAV_NUMBER)
            return plain(err, v->kind == PAV_ARRAY
                                  ? "Inside anything but list, "
                                    "start|null|boolean is not supported."
                                  : "Value of anything-but must be an array "
                                    "or single string/number value.");
        if (items[i].kind != items[0].kind)
            return plain(err, "Inside anything but list, either all values "
                              "are number or string, mixed type is not "
                              "supported");
        parts[i].kind = MATCH_EXACT;
        parts[i].value = &items[i];
    }
    out->parts = parts;
    out->count = count;
    return PAV_OK;
}

/* anything-but's inner operator, with a string or a list of strings. */
static enum pav_rc
not_operator(struct pav_arena *a, const struct pav_member *m,
             struct matcher *out, struct pav_err *err)
{
    const struct pav_doc *v = &m->value;
    const struct pav_doc *items = v->kind == PAV_ARRAY ? v->items : v;
    uint32_t i, count = v->kind == PAV_ARRAY ? v->len : 1;
    struct matcher *parts = pav_arena_zalloc(a, (count + 1) * sizeof(*parts));
    enum match_kind kind = MATCH_IGNORE_CASE;

    if (key_is(m, "wildcard"))
        return plain(err, "The wildcard operator is not built yet");
    if (key_is(m, "prefix"))
        kind = MATCH_PREFIX;
    else if (key_is(m, "suffix"))
        kind = MATCH_SUFFIX;
    else if (!key_is(m, "equals-ignore-case"))
        return reason(err, "Unsupported anything-but pattern: ", m->key,
                      (int)m->len, "");
    if (count == 0)
        return plain(err, "Empty arrays are not allowed");
    for (i = 0; i < count; i++) {
        if (items[i].kind != PAV_STRING)
            return plain(err, kind == MATCH_IGNORE_CASE
                                  ? "Inside anything-but/equals-ignore-case "
                                    "list, number|start|null|boolean is not "
                                    "supported."
                                  : "prefix/suffix match pattern must be a "
                                    "string");
        if (items[i].len == 0 && kind != MATCH_IGNORE_CASE)
            return plain(err, "Null prefix/suffix not allowed");
        parts[i].kind = kind;
        parts[i].value = &items[i];
    }
    out->parts = parts;
    out->count = count;
    return PAV_OK;
}

static enum pav_rc
not_compile(struct pav_arena *a, const struct pav_doc *v, struct matcher *out,
            struct pav_err *err)
{
    out->kind = MATCH_NOT;
    if (v->kind != PAV_OBJECT)
        return not_list(a, v, out, err);
    if (v->len == 0)
        return plain(err, "Anything-But expression name not found");
    if (v->len > 1)
        return plain(err, "Only one key allowed in match expression");
    return not_operator(a, &v->members[0], out, err);
}

static enum pav_rc
string_compile(const struct pav_member *m, enum match_kind kind,
               const char *refusal, struct matcher *out, struct pav_err *err)
{
    out->kind = kind;
    out->value = &m->value;
    return m->value.kind == PAV_STRING ? PAV_OK : plain(err, refusal);
}

enum pav_rc
matcher_compile(struct pav_arena *a, const struct pav_doc *d,
                struct matcher *out, struct pav_err *err)
{
    const struct pav_member *m;

    memset(out, 0, sizeof(*out));
    if (d->kind == PAV_ARRAY)
        return plain(err, "Match value must be String, number, true, false, "
                          "or null");
    if (d->kind != PAV_OBJECT) {
        out->kind = MATCH_EXACT;
        out->value = d;
        return PAV_OK;
    }
    if (d->len == 0)
        return plain(err, "Match expression name not found");
    m = &d->members[0];
    if (d->len > 1)
        return plain(err, key_is(m, "numeric") || key_is(m, "anything-but")
                              ? "Too many elements in numeric expression"
                              : "Only one key allowed in match expression");
    if (key_is(m, "prefix") || key_is(m, "suffix"))
        return affix_compile(m, out, err);
    if (key_is(m, "equals-ignore-case"))
        return string_compile(
            m, MATCH_IGNORE_CASE,
            "equals-ignore-case match pattern must be a string", out, err);
    if (key_is(m, "exactly"))
        return string_compile(m, MATCH_EXACT,
                              "exact match pattern must be a string", out, err);
    if (key_is(m, "numeric"))
        return numeric_compile(&m->value, out, err);
    if (key_is(m, "anything-but"))
        return not_compile(a, &m->value, out, err);
    if (key_is(m, "exists")) {
        if (!pav_doc_is_bool(&m->value))
            return plain(err, "exists match pattern must be either true or "
                              "false.");
        out->kind = m->value.kind == PAV_TRUE ? MATCH_EXISTS : MATCH_ABSENT;
        return PAV_OK;
    }
    if (key_is(m, "wildcard") || key_is(m, "cidr"))
        return reason(err, "The ", m->key, (int)m->len,
                      " operator is not built yet");
    return reason(err, "Unrecognized match type ", m->key, (int)m->len, "");
}
