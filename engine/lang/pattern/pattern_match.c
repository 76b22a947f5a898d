/*
 * Event patterns: one entry of a list, compiled and asked.
 * Operators and refusals as EventBridge has them.
 */
#include <string.h>

#include "pavane/text.h"
#include "pattern_int.h"

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

/* Is one form of a character at the head or the tail of the value? */
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
        count = pav_char_upper(code, form);
        n = form_length(form, count, at, left, tail);
        if (n == 0) {
            count = pav_char_lower(code, form);
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

static bool
same_address(const struct matcher *m, const struct pav_doc *v)
{
    uint8_t address[16];

    return address_of(v, address) &&
           memcmp(address, m->address, sizeof(address)) == 0;
}

bool
number_in_range(const struct matcher *m, double x)
{
    if (m->has_low && (m->low_open ? !(x > m->low) : !(x >= m->low)))
        return false;
    return !m->has_high || (m->high_open ? x < m->high : x <= m->high);
}

static bool
in_range(const struct matcher *m, const struct pav_doc *v)
{
    double x;

    return number_comparable(v, &x) && number_in_range(m, x);
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
    case MATCH_WILDCARD:
        return v->kind == PAV_STRING && wildcard_accepts(m->wildcard, v);
    case MATCH_CIDR:
        return cidr_accepts(m, v);
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

static enum pav_rc
affix_compile(const struct pav_member *m, struct matcher *out,
              struct pav_err *err)
{
    bool prefix = pav_member_is(m, "prefix");
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
    if (!pav_member_is(&v->members[0], "equals-ignore-case"))
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

/* What EventBridge's parser calls the element at `i`: its text. */
static enum pav_rc
numeric_refuse(struct pav_err *err, const char *before,
               const struct pav_doc *list, uint32_t i)
{
    const struct pav_doc *v = pav_doc_at(list, i);
    static const char *const words[] = {[PAV_NULL] = "null",
                                        [PAV_FALSE] = "false",
                                        [PAV_TRUE] = "true",
                                        [PAV_ARRAY] = "[",
                                        [PAV_OBJECT] = "{"};

    if (v == NULL)
        return reason(err, before, "]", 1, "");
    if (v->kind == PAV_NUMBER || v->kind == PAV_STRING)
        return reason(err, before, v->text, (int)v->len, "");
    return reason(err, before, words[v->kind], (int)strlen(words[v->kind]), "");
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

/* The second half of a range: "<" or "<=", and a number. */
static enum pav_rc
numeric_top(const struct pav_doc *v, struct matcher *out, struct pav_err *err)
{
    const struct pav_doc *op = pav_doc_at(v, 2);
    enum pav_rc rc;

    if (op->kind != PAV_STRING)
        return numeric_refuse(err, "Bad value in numeric range: ", v, 2);
    if (!pav_doc_is_str(op, "<") && !pav_doc_is_str(op, "<="))
        return numeric_refuse(err, "Bad numeric range operator: ", v, 2);
    rc = numeric_bound(v, 2, &out->high, err);
    if (rc != PAV_OK)
        return rc;
    if (v->len > 4)
        return plain(err, "Too many terms in numeric range expression");
    out->has_high = true;
    out->high_open = op->len == 1;
    return out->low < out->high ? PAV_OK
                                : plain(err, "Bottom must be less than top");
}

static enum pav_rc
numeric_compile(const struct pav_doc *v, struct matcher *out,
                struct pav_err *err)
{
    const struct pav_doc *op;
    bool low, equals;
    double n;
    enum pav_rc rc;

    out->kind = MATCH_NUMERIC;
    if (v->kind != PAV_ARRAY)
        return plain(err, "Value of numeric must be an array.");
    op = pav_doc_at(v, 0);
    if (op == NULL || op->kind != PAV_STRING)
        return numeric_refuse(err, "Invalid member in numeric match: ", v, 0);
    equals = pav_doc_is_str(op, "=");
    low = pav_doc_is_str(op, ">") || pav_doc_is_str(op, ">=");
    if (!equals && !low && !pav_doc_is_str(op, "<") &&
        !pav_doc_is_str(op, "<="))
        return numeric_refuse(err, "Unrecognized numeric range operator: ", v,
                              0);
    rc = numeric_bound(v, 0, &n, err);
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
    if (v->len == 2)
        return PAV_OK;
    return low ? numeric_top(v, out, err)
               : plain(err, "Too many elements in numeric expression");
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

    for (i = 0; i < count; i++) {
        if (items[i].kind != PAV_STRING && items[i].kind != PAV_NUMBER)
            return plain(err, v->kind == PAV_ARRAY
                                  ? "Inside anything but list, "
                                    "start|null|boolean is not supported."
                                  : "Value of anything-but must be an array "
                                    "or single string/number value.");
        if (items[i].kind == PAV_NUMBER &&
            !number_comparable(&items[i], &ignored))
            return reason(err, "Cannot compare number : ", items[i].text,
                          (int)items[i].len, "");
        parts[i].kind = MATCH_EXACT;
        parts[i].value = &items[i];
        if (items[i].kind == PAV_STRING &&
            address_of(&items[i], parts[i].address))
            parts[i].kind = MATCH_ADDRESS;
    }
    for (i = 0; i < count; i++)
        if (items[i].kind != items[0].kind)
            break;
    if (i < count || count == 0)
        return plain(err, "Inside anything but list, either all values are "
                          "number or string, mixed type is not supported");
    out->parts = parts;
    out->count = count;
    return PAV_OK;
}

/* anything-but's inner operators, each with a string or a list of strings. */
static const struct not_operator {
    const char *name;
    enum match_kind kind;
    const char *refusal;   /* an element of another kind */
    bool strings_or_lists; /* says so itself of what is neither */
    bool empty;            /* "" is allowed */
} not_operators[] = {
    {"prefix", MATCH_PREFIX, "prefix/suffix match pattern must be a string",
     false, false},
    {"suffix", MATCH_SUFFIX, "prefix/suffix match pattern must be a string",
     false, false},
    {"equals-ignore-case", MATCH_IGNORE_CASE,
     "Inside anything-but/equals-ignore-case list, number|start|null|boolean "
     "is not supported.",
     true, true},
    {"wildcard", MATCH_WILDCARD, "wildcard match pattern must be a string",
     true, true}};

static enum pav_rc
not_operator(struct pav_arena *a, const struct pav_member *m,
             struct matcher *out, struct pav_err *err)
{
    const struct pav_doc *v = &m->value;
    const struct pav_doc *items = v->kind == PAV_ARRAY ? v->items : v;
    uint32_t i, count = v->kind == PAV_ARRAY ? v->len : 1;
    struct matcher *parts = pav_arena_zalloc(a, (count + 1) * sizeof(*parts));
    const struct not_operator *op = NULL;
    enum pav_rc rc;
    size_t k;

    for (k = 0; k < sizeof(not_operators) / sizeof(not_operators[0]); k++)
        if (pav_member_is(m, not_operators[k].name))
            op = &not_operators[k];
    if (op == NULL)
        return reason(err, "Unsupported anything-but pattern: ", m->key,
                      (int)m->len, "");
    if (v->kind != PAV_ARRAY && v->kind != PAV_STRING &&
        v->kind != PAV_NUMBER && !op->strings_or_lists)
        return plain(err, "Value of anything-but must be an array or single "
                          "string/number value.");
    if (count == 0)
        return plain(err, "Empty arrays are not allowed");
    for (i = 0; i < count; i++) {
        if (items[i].kind != PAV_STRING)
            return plain(err, op->refusal);
        if (items[i].len == 0 && !op->empty)
            return plain(err, "Null prefix/suffix not allowed");
        parts[i].kind = op->kind;
        parts[i].value = &items[i];
        rc = op->kind == MATCH_WILDCARD
                 ? wildcard_compile(a, &items[i], &parts[i], err)
                 : PAV_OK;
        if (rc != PAV_OK)
            return rc;
    }
    out->parts = parts;
    out->count = count;
    return PAV_OK;
}

static enum pav_rc
not_compile(struct pav_arena *a, const struct pav_doc *v, struct matcher *out,
            struct pav_err *err)
{
    enum pav_rc rc;

    out->kind = MATCH_NOT;
    if (v->kind != PAV_OBJECT)
        return not_list(a, v, out, err);
    if (v->len == 0)
        return plain(err, "Anything-But expression name not found");
    rc = not_operator(a, &v->members[0], out, err);
    return rc != PAV_OK || v->len == 1
               ? rc
               : plain(err, "Too many elements in numeric expression");
}

static enum pav_rc
string_compile(const struct pav_member *m, enum match_kind kind,
               const char *refusal, struct matcher *out, struct pav_err *err)
{
    out->kind = kind;
    out->value = &m->value;
    return m->value.kind == PAV_STRING ? PAV_OK : plain(err, refusal);
}

static enum pav_rc
exists_compile(const struct pav_doc *v, struct matcher *out,
               struct pav_err *err)
{
    out->kind = v->kind == PAV_TRUE ? MATCH_EXISTS : MATCH_ABSENT;
    return pav_doc_is_bool(v)
               ? PAV_OK
               : plain(err, "exists match pattern must be either true or "
                            "false.");
}

static enum pav_rc
operator_compile(struct pav_arena *a, const struct pav_member *m,
                 struct matcher *out, struct pav_err *err)
{
    const struct pav_doc *v = &m->value;

    if (pav_member_is(m, "prefix") || pav_member_is(m, "suffix"))
        return affix_compile(m, out, err);
    if (pav_member_is(m, "equals-ignore-case"))
        return string_compile(
            m, MATCH_IGNORE_CASE,
            "equals-ignore-case match pattern must be a string", out, err);
    if (pav_member_is(m, "exactly"))
        return string_compile(m, MATCH_EXACT,
                              "exact match pattern must be a string", out, err);
    if (pav_member_is(m, "numeric"))
        return numeric_compile(v, out, err);
    if (pav_member_is(m, "anything-but"))
        return not_compile(a, v, out, err);
    if (pav_member_is(m, "exists"))
        return exists_compile(v, out, err);
    if (pav_member_is(m, "wildcard"))
        return v->kind == PAV_STRING
                   ? wildcard_compile(a, v, out, err)
                   : plain(err, "wildcard match pattern must be a string");
    if (pav_member_is(m, "cidr")) /* the service says "prefix" here, too */
        return v->kind == PAV_STRING
                   ? cidr_compile(v, out, err)
                   : plain(err, "prefix match pattern must be a string");
    return reason(err, "Unrecognized match type ", m->key, (int)m->len, "");
}

enum pav_rc
matcher_compile(struct pav_arena *a, const struct pav_doc *d,
                struct matcher *out, struct pav_err *err)
{
    enum pav_rc rc;

    memset(out, 0, sizeof(*out));
    if (d->kind == PAV_ARRAY)
        return plain(err, "Match value must be String, number, true, false, "
                          "or null");
    if (d->kind != PAV_OBJECT) {
        out->kind = address_of(d, out->address) ? MATCH_ADDRESS : MATCH_EXACT;
        out->value = d;
        return PAV_OK;
    }
    if (d->len == 0)
        return plain(err, "Match expression name not found");
    rc = operator_compile(a, &d->members[0], out, err);
    if (rc != PAV_OK || d->len == 1)
        return rc;
    return plain(err, out->kind == MATCH_NUMERIC || out->kind == MATCH_NOT
                          ? "Too many elements in numeric expression"
                          : "Only one key allowed in match expression");
}
