/*
 * Documents: every byte checked, without a tree.
 *
 * Accepts what the parser accepts, and says where the members of the outermost
 * object stand; who wants to know why a text is refused asks the parser.
 *
 * It also says whether the text is simple: every key names one value, by
 * itself.  Then a reader that looks for some keys may stop once it has seen
 * them.  It may say no of a simple text (keys are compared by a hash), never
 * yes of another.
 */
#include <string.h>

#include "pavane/text.h"
#include "doc_int.h"

#define MAX_OPEN_KEYS  1024 /* of all objects that are open */
#define MAX_CLOSE_KEYS 64   /* of one, for each pair to be looked at */

struct check {
    const char *p, *end;
    bool simple;      /* so far */
    bool plain;       /* no blank, no escape so far */
    bool key_escaped; /* of the last key */
    uint32_t depth, max_depth;
    bool object[PAV_DEPTH_MAX];          /* or array */
    uint16_t first_key[PAV_DEPTH_MAX];   /* of each that is open */
    uint32_t keys[MAX_OPEN_KEYS], count; /* their hashes */
    struct pav_outline *out;
};

static void
blanks(struct check *c)
{
    while (c->p < c->end &&
           (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t')) {
        c->p++;
        c->plain = false;
    }
}

static bool
escape(struct check *c)
{
    if (c->end - c->p < 2)
        return false;
    if (c->p[1] == 'u') {
        if (pav_hex(c->p + 2, c->end, 4) < 0)
            return false;
        c->p += 6;
        return true;
    }
    if (memchr("\"\\/bfnrt", c->p[1], 8) == NULL)
        return false;
    c->p += 2;
    return true;
}

/* `p` is behind the opening quote; then behind the closing one. */
static bool
string(struct check *c, bool *escaped)
{
    *escaped = false;
    for (;;) {
        size_t n;

        c->p += pav_plain_bytes(c->p, (size_t)(c->end - c->p));
        if (c->p == c->end)
            return false;
        if (*c->p == '"') {
            c->p++;
            return true;
        }
        if (*c->p == '\\') {
            *escaped = true;
            c->plain = false;
            if (!escape(c))
                return false;
            continue;
        }
        n = (unsigned char)*c->p < 0x20 ? 0 : pav_utf8_len(c->p, c->end);
        if (n == 0)
            return false;
        c->p += n;
    }
}

static bool
digits(struct check *c)
{
    const char *start = c->p;

    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return c->p > start;
}

static bool
number(struct check *c)
{
    if (*c->p == '-')
        c->p++;
    if (c->p < c->end && *c->p == '0')
        c->p++;
    else if (!digits(c))
        return false;
    if (c->p < c->end && *c->p == '.') {
        c->p++;
        if (!digits(c))
            return false;
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        c->p++;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
            c->p++;
        if (!digits(c))
            return false;
    }
    return c->p == c->end || *c->p < '0' || *c->p > '9';
}

static bool
word(struct check *c, const char *text, size_t len)
{
    if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
        return false;
    c->p += len;
    return true;
}

static bool
scalar(struct check *c)
{
    bool ignored;

    switch (*c->p) {
    case '"':
        c->p++;
        return string(c, &ignored);
    case 't':
        return word(c, "true", 4);
    case 'f':
        return word(c, "false", 5);
    case 'n':
        return word(c, "null", 4);
    default:
        return number(c);
    }
}

/* ---- keys ---- */

/* Equal keys have equal hashes; the ends of a long key must do. */
static uint32_t
hash_of(const char *key, size_t len)
{
    uint64_t first = 0, last = 0;

    memcpy(&first, key, len < 8 ? len : 8);
    if (len > 8)
        memcpy(&last, key + len - 8, 8);
    first = (first ^ (last * 0x9E3779B97F4A7C15u) ^ len) * 0xD6E8FEB86659FD93u;
    return (uint32_t)(first >> 32);
}

static void
remember_key(struct check *c, const char *key, size_t len)
{
    uint32_t hash, i, first;

    if (!c->simple)
        return;
    first = c->first_key[c->depth - 1];
    if (c->key_escaped || len == 0 || memchr(key, '.', len) != NULL ||
        c->count == MAX_OPEN_KEYS || c->count - first == MAX_CLOSE_KEYS) {
        c->simple = false;
        return;
    }
    hash = hash_of(key, len);
    for (i = first; i < c->count; i++)
        if (c->keys[i] == hash)
            c->simple = false;
    c->keys[c->count++] = hash;
}

/* A member of the outermost object begins: its key is there. */
static void
outline_key(struct check *c, const char *key, size_t len)
{
    struct pav_outline *o = c->out;
    uint32_t i;

    if (c->key_escaped)
        o->whole = false;
    for (i = 0; i < o->count && o->whole; i++)
        if (o->members[i].key_len == len &&
            memcmp(o->members[i].key, key, len) == 0)
            o->whole = false;
    if (o->count == PAV_OUTLINE_MAX)
        o->whole = false;
    if (!o->whole)
        return;
    o->members[o->count].key = key;
    o->members[o->count++].key_len = (uint32_t)len;
}

static void
outline_value(struct check *c, const char *start, bool ends)
{
    struct pav_outline *o = c->out;
    struct pav_span *m;

    if (!o->whole || o->count == 0)
        return;
    m = &o->members[o->count - 1];
    if (ends)
        m->len = (uint32_t)(c->p - m->p);
    else
        m->p = start;
}

/* `p` is at a key; then behind its colon and blanks. */
static bool
key(struct check *c)
{
    const char *start = c->p + 1;
    size_t len;

    if (c->p == c->end || *c->p != '"')
        return false;
    c->p++;
    if (!string(c, &c->key_escaped))
        return false;
    len = (size_t)(c->p - start) - 1;
    remember_key(c, start, len);
    if (c->depth == 1)
        outline_key(c, start, len);
    blanks(c);
    if (c->p == c->end || *c->p != ':')
        return false;
    c->p++;
    blanks(c);
    if (c->depth == 1)
        outline_value(c, c->p, false);
    return true;
}

/* ---- containers ---- */

/* 1: opened and a value follows; 0: it was empty, and is closed. */
static int
open_container(struct check *c)
{
    bool object = *c->p == '{';

    if (c->depth == c->max_depth)
        return -1;
    c->object[c->depth] = object;
    c->first_key[c->depth] = (uint16_t)c->count;
    c->depth++;
    c->p++;
    blanks(c);
    if (c->p < c->end && *c->p == (object ? '}' : ']')) {
        c->p++;
        c->depth--;
        return 0;
    }
    return !object || key(c) ? 1 : -1;
}

/* Behind a value: 1: another one follows; 0: all is closed. */
static int
close_containers(struct check *c)
{
    while (c->depth > 0) {
        bool object = c->object[c->depth - 1];

        if (c->depth == 1 && object)
            outline_value(c, NULL, true);
        blanks(c);
        if (c->p == c->end)
            return -1;
        if (*c->p == ',') {
            c->p++;
            blanks(c);
            return !object || key(c) ? 1 : -1;
        }
        if (*c->p != (object ? '}' : ']'))
            return -1;
        c->p++;
        c->depth--;
        c->count = c->first_key[c->depth];
    }
    return 0;
}

bool
pav_doc_check(const char *text, size_t len, uint32_t max_depth,
              struct pav_outline *out, size_t *used)
{
    struct check c = {.p = text,
                      .end = text + len,
                      .simple = true,
                      .plain = true,
                      .max_depth = max_depth,
                      .out = out};
    int more = 1;

    PAV_ASSERT(max_depth <= PAV_DEPTH_MAX);
    out->count = 0;
    out->whole = true;
    if (len >= UINT32_MAX)
        return false;
    while (more == 1) {
        blanks(&c);
        if (c.p == c.end)
            return false;
        if (*c.p == '{' || *c.p == '[') {
            more = open_container(&c);
            if (more == 0)
                more = close_containers(&c);
        } else {
            more = scalar(&c) ? close_containers(&c) : -1;
        }
    }
    if (more < 0)
        return false;
    out->simple = c.simple;
    out->plain = c.plain && c.simple;
    if (used != NULL) {
        *used = (size_t)(c.p - text);
        return true;
    }
    blanks(&c);
    return c.p == c.end;
}

uint32_t
pav_doc_unescape(const char *raw, size_t len, char *out)
{
    const char *p = raw, *end = raw + len;
    char *w = out;

    while (p < end) {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        int high, low;

        if (*p != '\\') {
            *w++ = *p++;
            continue;
        }
        p += 2;
        if (p[-1] != 'u') {
            *w++ = to[(const char *)memchr(from, p[-1], 8) - from];
            continue;
        }
        high = pav_hex(p, end, 4);
        p += 4;
        if (high >= 0xD800 && high <= 0xDBFF && end - p >= 6 && p[0] == '\\' &&
            p[1] == 'u' && (low = pav_hex(p + 2, end, 4)) >= 0xDC00 &&
            low <= 0xDFFF) {
            p += 6;
            high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        }
        w += pav_utf8_put(w, (uint32_t)high);
    }
    return (uint32_t)(w - out);
}
