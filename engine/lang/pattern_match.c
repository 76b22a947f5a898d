/*
 * Event patterns: one entry of a list, compiled and asked.
 * Operators and refusals as EventBridge has them.
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
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
    for (precision = 1; precision <= 17; precision++) {
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

/* Does one form of a character stand at the head or the tail of the value? */
static uint32_t
form_length(const uint32_t *form, uint32_t count, const char *p, uint32_t len,
            bool tail)
{
    char text[16];
    uint32_t i, n = 0;

    for (i = 0; i < count; i++)
        n += (uint32_t)pav_utf8_put(text + n, form[i]);
    if (n > len)
        return 0;
    return memcmp(tail ? p + len - n : p, text, n) == 0 ? n : 0;
}

/* Each character of the pattern stands for its own upper or lower form. */
static bool
folded(const struct matcher *m, const struct pav_doc *v)
{
    bool tail = m->kind == MATCH_SUFFIX_IGNORE_CASE;
    const char *p = m->value->text, *end = p + m->value->len, *at = v->text;
    uint32_t left = v->len;

    while (p < end) {
        uint32_t form[3], code, count, n;
        const char *q = tail ? end - 1 : p;
        size_t bytes;

        while (tail && q > p && ((unsigned char)*q & 0xC0) == 0x80)
            q--;
        code = pav_utf8_get(q, &bytes);
        count = case_upper(code, form);
        n = form_length(form, count, at, left, tail);
        if (n == 0) {
            count = case_lower(code, form);
            n = form_length(form, count, at, left, tail);
        }
        if (n == 0)
            return false;
        left -= n;
        if (tail) {
            end = q;
        } else {
            at += n;
            p += bytes;
        }
    }
    return left == 0 || m->kind != MATCH_IGNORE_CASE;
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

/*
 * The address that a text spells, IPv4 in its IPv6 form.  No dots inside IPv6:
 * EventBridge takes that spelling for a mere text.
 */
static bool
address_of(const struct pav_doc *v, uint8_t out[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[48];
    unsigned parts[4];
    int i, n = 0;

    if (v->len < 2 || v->len >= sizeof(text))
        return false;
    memcpy(text, v->text, v->len);
    text[v->len] = '\0';
    if (strchr(text, ':') != NULL)
        return strchr(text, '.') == NULL && inet_pton(AF_INET6, text, out) == 1;
    if (strspn(text, "0123456789.") != v->len ||
        sscanf(text, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2],
               &parts[3], &n) != 4 ||
        n != (int)v->len)
        return false;
    memcpy(out, mapped, sizeof(mapped));
    for (i = 0; i < 4; i++) {
        if (parts[i] > 255)
            return false;
        out[12 + i] = (uint8_t)parts[i];
    }
    return true;
}

static bool
same_address(const struct matcher *m, const struct pav_doc *v)
{
    uint8_t address[16];

    return v->kind == PAV_STRING && address_of(v, address) &&
           memcmp(address, m->address, sizeof(address)) == 0;
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
    case MATCH_ADDRESS:
        return same_address(m, v);
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
    double ignored;

    if (count == 0)
        return plain(err, "Empty arrays are not allowed");
    for (i = 0; i < count; i++) {
        if (items[i].kind != PAV_STRING && items[i].kind != PAV_NUMBER)
            return plain(err, v->kind == PAV_ARRAY
                                  ? "Inside anything but list, "
                                    "start|null|boolean is not supported."
                                  : "Value of anything-but must be an array "
                                    "or single string/number value.");
        if (items[i].kind == PAV_NUMBER &&
            !number_comparable(&items[i], &ignored))
            return plain(err, "Value of anything-but must be a number that is "
                              "comparable.");
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
        out->kind = d->kind == PAV_STRING && address_of(d, out->address)
                        ? MATCH_ADDRESS
                        : MATCH_EXACT;
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
