/*
 * Documents: the strict parser (RFC 8259, UTF-8).
 *
 * Iterative: values that are complete wait on one stack until their array or
 * object closes, and are then copied into the arena as one contiguous run, so
 * that every container is an array of nodes.  No recursion, no backtracking.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "doc_int.h"

#define MAX_DEPTH (PAV_DEPTH_MAX + 10) /* for pav_doc_own() alone */
#define MAX_KEYS  100000

struct open {
    uint32_t first; /* index in the stack of its first member */
    uint32_t at;
    bool object;
};

struct parser {
    struct pav_arena *arena;
    const char *text, *p, *end;
    const struct pav_doc_opts *opts;
    struct pav_err *err;
    struct pav_member *stack;
    uint32_t count, cap;
    struct open *opens;
    uint32_t depth;
};

void
pav_doc_place(const char *text, size_t len, uint32_t at, unsigned *line,
              unsigned *column)
{
    size_t i, off = at == 0 ? 0 : at - 1;

    *line = *column = 1;
    for (i = 0; i < off && i < len; i++) {
        if (text[i] == '\n') {
            (*line)++;
            *column = 1;
        } else {
            (*column)++;
        }
    }
}

enum pav_rc
pav_doc_fail_at(struct pav_err *err, const char *path, const char *text,
                size_t len, const struct pav_doc *at, const char *why)
{
    unsigned line, column;
    char place[512];

    pav_doc_place(text, len, at->at, &line, &column);
    snprintf(place, sizeof(place), "%s:%u:%u", path, line, column);
    return pav_fail(err, PAV_INVALID, place, "%s", why);
}

#define PLACE "line %u, column %u"

void
pav_doc_fault_place(const struct pav_err *err, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    (void)sscanf(err->at, PLACE, line, column);
}

static enum pav_rc
fail(struct parser *ps, enum pav_rc rc, const char *p, const char *what)
{
    unsigned line, column;
    char place[64];

    pav_doc_place(ps->text, (size_t)(ps->end - ps->text),
                  (uint32_t)(p - ps->text) + 1, &line, &column);
    snprintf(place, sizeof(place), PLACE, line, column);
    return pav_fail(ps->err, rc, place, "%s", what);
}

static void
skip_blanks(struct parser *ps)
{
    while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\n' ||
                               *ps->p == '\r' || *ps->p == '\t'))
        ps->p++;
}

/* ---- strings ---- */

/* `ps->p` is behind "\u". */
static enum pav_rc
unicode_escape(struct parser *ps, char **w)
{
    int high, low;

    if ((high = pav_hex(ps->p, ps->end, 4)) < 0)
        return fail(ps, PAV_INVALID, ps->p,
                    "\\u is not followed by four hexadecimal digits");
    ps->p += 4;
    if (high >= 0xD800 && high <= 0xDBFF && ps->end - ps->p >= 6 &&
        ps->p[0] == '\\' && ps->p[1] == 'u' &&
        (low = pav_hex(ps->p + 2, ps->end, 4)) >= 0xDC00 && low <= 0xDFFF) {
        ps->p += 6;
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    *w += pav_utf8_put(*w, (uint32_t)high);
    return PAV_OK;
}

/* The part of a string from its first escape on; apart, so that string(), which
 * most never leave, stays small. */
__attribute__((noinline)) static enum pav_rc
string_with_escapes(struct parser *ps, const char *start, const char **out,
                    uint32_t *len)
{
    const char *q = ps->p;
    char *w, *text;
    enum pav_rc rc;

    while (q < ps->end && *q != '"') {
        q += *q == '\\' ? 2 : 1;
        if (q < ps->end)
            q += pav_plain_bytes(q, (size_t)(ps->end - q));
    }
    if (q >= ps->end)
        return fail(ps, PAV_INVALID, start - 1, "this string has no end");
    text = pav_arena_alloc(ps->arena, (size_t)(q - start) + 1);
    memcpy(text, start, (size_t)(ps->p - start));
    w = text + (ps->p - start);
    while (*ps->p != '"') {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *hit;
        size_t n;

        n = pav_plain_bytes(ps->p, (size_t)(q - ps->p));
        memcpy(w, ps->p, n);
        w += n;
        ps->p += n;
        if (*ps->p == '"')
            break;
        if (*ps->p != '\\') {
            n = pav_utf8_len(ps->p, ps->end);
            if (n == 0 || (unsigned char)*ps->p < 0x20)
                return fail(ps, PAV_INVALID, ps->p,
                            n == 0 ? "these bytes are not UTF-8"
                                   : "a control character must be escaped");
            memcpy(w, ps->p, n);
            w += n;
            ps->p += n;
            continue;
        }
        ps->p++;
        if (*ps->p == 'u') {
            ps->p++;
            rc = unicode_escape(ps, &w);
            if (rc != PAV_OK)
                return rc;
            continue;
        }
        hit = *ps->p == '\0' ? NULL : strchr(from, *ps->p);
        if (hit == NULL)
            return fail(ps, PAV_INVALID, ps->p - 1,
                        "no such escape in a string");
        *w++ = to[hit - from];
        ps->p++;
    }
    ps->p++;
    *out = text;
    *len = (uint32_t)(w - text);
    return PAV_OK;
}

/* `ps->p` is behind the opening quote. */
static enum pav_rc
string(struct parser *ps, const char **out, uint32_t *len)
{
    const char *start = ps->p;

    while (ps->p < ps->end) {
        unsigned char c;

        ps->p += pav_plain_bytes(ps->p, (size_t)(ps->end - ps->p));
        if (ps->p == ps->end)
            break;
        c = (unsigned char)*ps->p;
        if (c == '"') {
            *out = start;
            *len = (uint32_t)(ps->p - start);
            ps->p++;
            return PAV_OK;
        }
        if (c == '\\')
            return string_with_escapes(ps, start, out, len);
        if (c < 0x20)
            return fail(ps, PAV_INVALID, ps->p,
                        "a control character must be escaped");
        if (c < 0x80) {
            ps->p++;
        } else {
            size_t n = pav_utf8_len(ps->p, ps->end);

            if (n == 0)
                return fail(ps, PAV_INVALID, ps->p,
                            "these bytes are not UTF-8");
            ps->p += n;
        }
    }
    return fail(ps, PAV_INVALID, start - 1, "this string has no end");
}

/* ---- numbers and words ---- */

static bool
digits(struct parser *ps)
{
    const char *start = ps->p;

    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
        ps->p++;
    return ps->p > start;
}

static enum pav_rc
number(struct parser *ps, struct pav_doc *d)
{
    const char *start = ps->p;

    if (*ps->p == '-')
        ps->p++;
    if (ps->p < ps->end && *ps->p == '0')
        ps->p++;
    else if (!digits(ps))
        return fail(ps, PAV_INVALID, start, "a value was expected here");
    if (ps->p < ps->end && *ps->p == '.') {
        ps->p++;
        if (!digits(ps))
            return fail(ps, PAV_INVALID, start,
                        "a number needs digits behind its point");
    }
    if (ps->p < ps->end && (*ps->p == 'e' || *ps->p == 'E')) {
        ps->p++;
        if (ps->p < ps->end && (*ps->p == '+' || *ps->p == '-'))
            ps->p++;
        if (!digits(ps))
            return fail(ps, PAV_INVALID, start,
                        "a number needs digits in its exponent");
    }
    if (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
        return fail(ps, PAV_INVALID, start, "a number has no leading zero");
    d->kind = PAV_NUMBER;
    d->text = start;
    d->len = (uint32_t)(ps->p - start);
    return PAV_OK;
}

static enum pav_rc
scalar(struct parser *ps, struct pav_doc *d)
{
    static const struct {
        const char *text;
        size_t len;
        enum pav_kind kind;
    } words[] = {
        {"true", 4, PAV_TRUE}, {"false", 5, PAV_FALSE}, {"null", 4, PAV_NULL}};
    size_t i;

    if (*ps->p == '"') {
        ps->p++;
        d->kind = PAV_STRING;
        return string(ps, &d->text, &d->len);
    }
    if (*ps->p < 'a')
        return number(ps, d);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((size_t)(ps->end - ps->p) >= words[i].len &&
            memcmp(ps->p, words[i].text, words[i].len) == 0) {
            ps->p += words[i].len;
            d->kind = (uint8_t)words[i].kind;
            d->len = 0;
            d->text = NULL;
            return PAV_OK;
        }
    }
    return number(ps, d);
}

/* ---- containers ---- */

static struct pav_member *
push(struct parser *ps)
{
    if (ps->count == ps->cap) {
        ps->cap *= 2;
        ps->stack = pav_xrealloc(ps->stack, ps->cap * sizeof(*ps->stack));
    }
    return &ps->stack[ps->count++];
}

static enum pav_rc
open_container(struct parser *ps, bool object)
{
    uint32_t max = ps->opts->max_depth;

    if (max == 0)
        max = PAV_DEPTH_MAX;
    PAV_ASSERT(max <= MAX_DEPTH);
    if (ps->depth >= max)
        return fail(ps, PAV_LIMIT, ps->p, "nested too deeply");
    ps->opens[ps->depth].first = ps->count;
    ps->opens[ps->depth].at = (uint32_t)(ps->p - ps->text) + 1;
    ps->opens[ps->depth].object = object;
    ps->depth++;
    ps->p++;
    return PAV_OK;
}

/*
 * Keeps the last of each key, in the place of the first; returns the count.
 * `*copy` is the last duplicate, if there is one.
 */
static uint32_t
drop_duplicates(struct pav_member *m, uint32_t count, struct pav_member *copy)
{
    uint32_t i, j, kept = 0;

    for (i = 0; i < count; i++) {
        for (j = 0; j < kept; j++)
            if (m[j].len == m[i].len &&
                memcmp(m[j].key, m[i].key, m[i].len) == 0)
                break;
        if (j < kept) {
            *copy = m[i]; /* its place is taken by what follows */
            m[j].value = m[i].value;
        } else {
            m[kept++] = m[i];
        }
    }
    return kept;
}

/* The same for many members, by sorting. */
static const struct pav_member *
find_duplicate(struct pav_member *m, uint32_t count)
{
    const struct pav_member **index =
        (const struct pav_member **)(void *)(m + count);
    uint32_t i;

    for (i = 1; i < count; i++)
        if (index[i]->len == index[i - 1]->len &&
            memcmp(index[i]->key, index[i - 1]->key, index[i]->len) == 0)
            return index[i] > index[i - 1] ? index[i] : index[i - 1];
    return NULL;
}

static enum pav_rc
close_object(struct parser *ps, const struct open *o, struct pav_doc *d)
{
    uint32_t count = ps->count - o->first;
    uint32_t max = ps->opts->max_keys == 0 ? MAX_KEYS : ps->opts->max_keys;
    const struct pav_member *duplicate = NULL;
    struct pav_member *from = ps->stack + o->first, *m, copy = {.key = NULL};
    bool big = count > DOC_INDEX_FROM;

    if (count > max)
        return fail(ps, PAV_LIMIT, ps->text + o->at - 1,
                    "too many members in one object");
    if (!big && ps->opts->dup != PAV_DUP_KEEP)
        count = drop_duplicates(from, count, &copy);
    if (copy.key != NULL)
        duplicate = &copy;
    m = pav_arena_alloc(ps->arena,
                        count * (sizeof(*m) + (big ? sizeof(void *) : 0)));
    memcpy(m, from, count * sizeof(*m));
    if (big) {
        doc_index_build(m, count);
        if (ps->opts->dup != PAV_DUP_KEEP &&
            (duplicate = find_duplicate(m, count)) != NULL &&
            ps->opts->dup == PAV_DUP_LAST) {
            struct pav_member ignored;

            count = drop_duplicates(m, count, &ignored);
            doc_index_build(m, count);
        }
    }
    if (duplicate != NULL && ps->opts->dup == PAV_DUP_REFUSE) {
        char what[128];

        snprintf(
            what, sizeof(what), "the key '%.*s' appears twice in one object",
            (int)(duplicate->len < 64 ? duplicate->len : 64), duplicate->key);
        return fail(ps, PAV_INVALID, ps->text + duplicate->at - 1, what);
    }
    d->kind = PAV_OBJECT;
    d->index = big;
    d->len = count;
    d->members = m;
    ps->count = o->first;
    return PAV_OK;
}

static void
close_array(struct parser *ps, const struct open *o, struct pav_doc *d)
{
    uint32_t i, count = ps->count - o->first;
    struct pav_doc *items =
        pav_arena_alloc(ps->arena, count * sizeof(*items) + 1);

    for (i = 0; i < count; i++)
        items[i] = ps->stack[o->first + i].value;
    d->kind = PAV_ARRAY;
    d->len = count;
    d->items = items;
    ps->count = o->first;
}

static enum pav_rc
key(struct parser *ps)
{
    struct pav_member *m;
    enum pav_rc rc;

    if (ps->p >= ps->end || *ps->p != '"')
        return fail(ps, PAV_INVALID, ps->p,
                    "a key in double quotes was expected here");
    m = push(ps);
    m->at = (uint32_t)(ps->p - ps->text) + 1;
    ps->p++;
    rc = string(ps, &m->key, &m->len);
    if (rc != PAV_OK)
        return rc;
    skip_blanks(ps);
    if (ps->p >= ps->end || *ps->p != ':')
        return fail(ps, PAV_INVALID, ps->p, "a ':' was expected here");
    ps->p++;
    return PAV_OK;
}

/*
 * A value is complete in `d`: hand it to what is open, and close as long as
 * closing brackets follow.  Sets *done when the whole document is complete.
 */
static enum pav_rc
complete(struct parser *ps, struct pav_doc *d, bool *done)
{
    enum pav_rc rc;

    for (;;) {
        struct open *o;

        if (ps->depth == 0) {
            *done = true;
            return PAV_OK;
        }
        o = &ps->opens[ps->depth - 1];
        if (o->object)
            ps->stack[ps->count - 1].value = *d;
        else
            push(ps)->value = *d;
        skip_blanks(ps);
        if (ps->p < ps->end && *ps->p == ',') {
            ps->p++;
            skip_blanks(ps);
            return o->object ? key(ps) : PAV_OK;
        }
        if (ps->p >= ps->end || *ps->p != (o->object ? '}' : ']'))
            return fail(ps, PAV_INVALID, ps->p,
                        o->object ? "a ',' or '}' was expected here"
                                  : "a ',' or ']' was expected here");
        memset(d, 0, sizeof(*d));
        d->at = o->at;
        if (o->object) {
            rc = close_object(ps, o, d);
            if (rc != PAV_OK)
                return rc;
        } else {
            close_array(ps, o, d);
        }
        ps->depth--;
        ps->p++;
    }
}

/* Begin one value at ps->p; complete it when it is not a filled container. */
static enum pav_rc
value(struct parser *ps, struct pav_doc *d, bool *done)
{
    enum pav_rc rc;
    bool object;

    skip_blanks(ps);
    if (ps->p >= ps->end)
        return fail(ps, PAV_INVALID, ps->p, "the text ends too early");
    memset(d, 0, sizeof(*d));
    d->at = (uint32_t)(ps->p - ps->text) + 1;
    if (*ps->p != '{' && *ps->p != '[') {
        rc = scalar(ps, d);
        return rc != PAV_OK ? rc : complete(ps, d, done);
    }
    object = *ps->p == '{';
    rc = open_container(ps, object);
    if (rc != PAV_OK)
        return rc;
    skip_blanks(ps);
    if (ps->p < ps->end && *ps->p == (object ? '}' : ']')) {
        d->kind = object ? PAV_OBJECT : PAV_ARRAY;
        ps->depth--;
        ps->p++;
        return complete(ps, d, done);
    }
    return object ? key(ps) : PAV_OK;
}

enum pav_rc
pav_doc_parse(struct pav_arena *a, const char *text, size_t len,
              const struct pav_doc_opts *opts, const struct pav_doc **out,
              struct pav_err *err)
{
    static const struct pav_doc_opts by_default = {PAV_DUP_LAST, 0, 0};
    struct open opens[MAX_DEPTH];
    struct parser ps = {.arena = a,
                        .text = text,
                        .p = text,
                        .end = text + len,
                        .opts = opts == NULL ? &by_default : opts,
                        .err = err,
                        .cap = 64,
                        .opens = opens};
    struct pav_doc d, *root;
    bool done = false;
    enum pav_rc rc = PAV_OK;

    if (len >= UINT32_MAX)
        return pav_fail(err, PAV_LIMIT, "", "a text of 4 GiB or more");
    ps.stack = pav_xmalloc(ps.cap * sizeof(*ps.stack));
    while (rc == PAV_OK && !done)
        rc = value(&ps, &d, &done);
    if (rc == PAV_OK) {
        skip_blanks(&ps);
        if (ps.p < ps.end)
            rc = fail(&ps, PAV_INVALID, ps.p,
                      "text behind the end of the value");
    }
    if (rc == PAV_OK) {
        root = pav_arena_alloc(a, sizeof(*root));
        *root = d;
        *out = root;
    }
    free(ps.stack);
    return rc;
}

enum pav_rc
pav_doc_parse_copy(struct pav_arena *a, const char *text, size_t len,
                   const struct pav_doc_opts *opts, const struct pav_doc **out,
                   struct pav_err *err)
{
    return pav_doc_parse(a, pav_arena_strndup(a, text, len), len, opts, out,
                         err);
}

static bool expects_damage; /* set before there are threads */
static _Thread_local bool damaged;

const struct pav_doc *
pav_doc_own(struct pav_arena *a, const char *text, size_t len)
{
    static const struct pav_doc_opts opts = {PAV_DUP_LAST, MAX_DEPTH, 0};
    const struct pav_doc *d;
    struct pav_err err;

    if (pav_doc_parse_copy(a, text, len, &opts, &d, &err) == PAV_OK)
        return d;
    if (!expects_damage)
        PAV_BUG(err.message);
    damaged = true;
    return &pav_doc_null;
}

void
pav_doc_expect_damage(void)
{
    expects_damage = true;
}

bool
pav_doc_was_damaged(void)
{
    bool was = damaged;

    damaged = false;
    return was;
}
