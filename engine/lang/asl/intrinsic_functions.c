/*
 * The eighteen intrinsic functions.  Texts of their failures are Pavane's own:
 * none of the service's is on record.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/path.h"
#include "pavane/text.h"
#include "intrinsic_int.h"
#include "stepper.h"

#define TEXT_MAX  10000 /* characters of what is hashed or coded */
#define RANGE_MAX 1000  /* items that ArrayRange makes */

/* ---- arguments ---- */

static const char *
kind_word(const struct pav_doc *d)
{
    static const char *const words[] = {
        [PAV_NULL] = "null",       [PAV_FALSE] = "a boolean",
        [PAV_TRUE] = "a boolean",  [PAV_NUMBER] = "a number",
        [PAV_STRING] = "a string", [PAV_ARRAY] = "an array",
        [PAV_OBJECT] = "an object"};

    return words[d->kind];
}

static bool
wants(struct args *a, uint32_t i, enum pav_kind kind, const char *word)
{
    if (a->v[i]->kind == kind)
        return true;
    call_fail(a, "Argument %u must be %s, but was %s", i + 1, word,
              kind_word(a->v[i]));
    return false;
}

static bool
wants_text(struct args *a, uint32_t i)
{
    return wants(a, i, PAV_STRING, "a string");
}

static bool
wants_array(struct args *a, uint32_t i)
{
    return wants(a, i, PAV_ARRAY, "an array");
}

/* Rounded half up, as Java's Math.round(). */
static bool
wants_whole(struct args *a, uint32_t i, int64_t *out)
{
    double n;

    if (!wants(a, i, PAV_NUMBER, "a number"))
        return false;
    if (pav_doc_int(a->v[i], out))
        return true;
    n = floor(pav_doc_double(a->v[i]) + 0.5);
    if (!(fabs(n) < 9e15)) {
        call_fail(a, "Argument %u is too large", i + 1);
        return false;
    }
    *out = (int64_t)n;
    return true;
}

static bool
wants_short(struct args *a, const char *text, size_t len)
{
    if (pav_utf8_count(text, len) <= TEXT_MAX)
        return true;
    call_fail(a, "Argument 1 has more than %d characters", TEXT_MAX);
    return false;
}

static const struct pav_doc *
text_doc(struct args *a, struct pav_buf *b)
{
    const char *p =
        pav_arena_strndup(a->st->arena, b->p == NULL ? "" : b->p, b->len);
    const struct pav_doc *d = pav_doc_new_str(a->st->arena, p, b->len);

    if (b->over)
        d = call_fail(a, "The result is too large");
    pav_buf_fini(b);
    return d;
}

/* ---- texts ---- */

/*
 * `{}` takes the next argument.  In a literal, `\{` and `\}` are braces; a text
 * out of the data has no escapes.
 */
static const struct pav_doc *
format(struct args *a)
{
    const struct arg *first = &a->call->args[0];
    bool literal = first->raw != NULL;
    const char *p, *end;
    uint32_t next = 1;
    struct pav_buf b;

    if (!wants_text(a, 0))
        return NULL;
    p = literal ? first->raw : a->v[0]->text;
    end = p + (literal ? first->raw_len : a->v[0]->len);
    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    for (; p < end; p++) {
        if (literal && *p == '\\') {
            pav_buf_putc(&b, *++p);
        } else if (*p == '{' && p + 1 < end && p[1] == '}') {
            if (next < a->count)
                pav_java_text(a->v[next], &b);
            next++;
            p++;
        } else {
            pav_buf_putc(&b, *p);
        }
    }
    if (next == a->count)
        return text_doc(a, &b);
    pav_buf_fini(&b);
    return call_fail(a, "%u places {} are in the text, %u values are given",
                     next - 1, a->count - 1);
}

static const struct pav_doc *
string_to_json(struct args *a)
{
    const struct pav_doc *d;
    struct pav_err err;
    uint32_t i = 0;

    if (!wants_text(a, 0))
        return NULL;
    while (i < a->v[0]->len && strchr(" \t\r\n", a->v[0]->text[i]) != NULL)
        i++;
    if (i == a->v[0]->len)
        return &pav_doc_null;
    if (pav_doc_parse(a->st->arena, a->v[0]->text, a->v[0]->len, NULL, &d,
                      &err) == PAV_OK)
        return d;
    return call_fail(a, "The text is not JSON: %s (%s)", err.message, err.at);
}

static const struct pav_doc *
json_to_string(struct args *a)
{
    struct pav_buf b;

    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    pav_doc_print(a->v[0], &b);
    return text_doc(a, &b);
}

static int
by_text(const void *x, const void *y)
{
    return strcmp(x, y);
}

/* The characters of a text, sorted, each as a text of its own. */
struct characters {
    char (*v)[8];
    size_t count;
};

static struct characters
characters_of(struct pav_arena *a, const struct pav_doc *text)
{
    const char *p = text->text, *end = p + text->len;
    struct characters c = {.v = pav_arena_zalloc(a, (size_t)text->len * 8 + 8)};

    while (p < end) {
        size_t len = pav_utf8_len(p, end);

        if (len == 0)
            len = 1; /* a lone surrogate's bytes */
        memcpy(c.v[c.count++], p, len);
        p += len;
    }
    qsort(c.v, c.count, sizeof(*c.v), by_text);
    return c;
}

/* Where a text is split: at each of these characters. */
struct separators {
    bool ascii[128];
    struct characters all;
};

static bool
separates(const struct separators *s, const char *p, size_t len)
{
    char one[8] = {0};

    if ((unsigned char)*p < 128)
        return s->ascii[(unsigned char)*p];
    memcpy(one, p, len);
    return bsearch(one, s->all.v, s->all.count, sizeof(*s->all.v), by_text) !=
           NULL;
}

/* How many pieces; into v, unless NULL, which has room for them. */
static uint32_t
split(const struct pav_doc *text, const struct separators *s, struct pav_doc *v)
{
    const char *p = text->text, *end = p + text->len, *from = p;
    uint32_t count = 0;

    while (p <= end) {
        size_t len =
            p == end || (unsigned char)*p < 128 ? 1 : pav_utf8_len(p, end);

        if (len == 0)
            len = 1;
        if (p == end || separates(s, p, len)) {
            if (p > from && v != NULL)
                v[count] = (struct pav_doc){.kind = PAV_STRING,
                                            .len = (uint32_t)(p - from),
                                            .text = from};
            count += p > from;
            from = p + len;
        }
        p += len;
    }
    return count;
}

/* Each character of the second argument separates; empty pieces vanish. */
static const struct pav_doc *
string_split(struct args *a)
{
    struct separators s = {.ascii = {false}};
    struct pav_items items;
    size_t i;

    if (!wants_text(a, 0) || !wants_text(a, 1))
        return NULL;
    s.all = characters_of(a->st->arena, a->v[1]);
    for (i = 0; i < s.all.count; i++)
        if ((unsigned char)s.all.v[i][0] < 128)
            s.ascii[(unsigned char)s.all.v[i][0]] = true;
    pav_items_init(&items, a->st->arena);
    pav_items_reserve(&items, split(a->v[0], &s, NULL)); /* they are many */
    items.count = split(a->v[0], &s, items.v);
    return pav_items_array(&items);
}

static const struct pav_doc *
base64_encode(struct args *a)
{
    size_t room, len;
    char *out;

    if (!wants_text(a, 0) || !wants_short(a, a->v[0]->text, a->v[0]->len))
        return NULL;
    room = ((size_t)a->v[0]->len + 2) / 3 * 4 + 1;
    out = pav_arena_alloc(a->st->arena, room);
    len = pav_base64(a->v[0]->text, a->v[0]->len, out);
    return pav_doc_new_str(a->st->arena, out, len);
}

static const struct pav_doc *
base64_decode(struct args *a)
{
    size_t len, i, n;
    char *out;

    if (!wants_text(a, 0) || !wants_short(a, a->v[0]->text, a->v[0]->len))
        return NULL;
    out = pav_arena_alloc(a->st->arena, (size_t)a->v[0]->len + 4);
    if (!pav_base64_decode(a->v[0]->text, a->v[0]->len, out, &len))
        return call_fail(a, "The text is not Base64");
    for (i = 0; i < len; i += n) {
        n = pav_utf8_len(out + i, out + len);
        if (n == 0)
            return call_fail(a, "What was decoded is not UTF-8");
    }
    return pav_doc_new_str(a->st->arena, out, len);
}

static const struct pav_doc *
hash(struct args *a)
{
    const struct pav_doc *d = a->v[0];
    const char *hex;
    struct pav_buf b;

    if (!wants_text(a, 1))
        return NULL;
    pav_buf_init(&b, PAV_PAYLOAD_MAX);
    if (d->kind == PAV_STRING)
        pav_buf_put(&b, d->text, d->len);
    else
        pav_doc_print(d, &b);
    hex = NULL;
    if (wants_short(a, b.p == NULL ? "" : b.p, b.len)) {
        char *out = pav_arena_alloc(a->st->arena, PAV_DIGEST_HEX);
        const char *name = pav_doc_str(a->st->arena, a->v[1]);

        hex = pav_digest_hex(name, b.p == NULL ? "" : b.p, b.len, out) ? out
                                                                       : NULL;
        if (hex == NULL)
            call_fail(a,
                      "'%s' is none of MD5, SHA-1, SHA-256, SHA-384 and "
                      "SHA-512",
                      name);
    }
    pav_buf_fini(&b);
    return hex == NULL ? NULL : pav_doc_new_cstr(a->st->arena, hex);
}

/* Out of the step's seed: the same step gives the same UUID. */
static const struct pav_doc *
uuid(struct args *a)
{
    char *out = pav_arena_alloc(a->st->arena, 37);

    step_uuid(a->st, out);
    return pav_doc_new_cstr(a->st->arena, out);
}

/* ---- arrays ---- */

static const struct pav_doc *
array(struct args *a)
{
    struct pav_items items;
    uint32_t i;

    pav_items_init(&items, a->st->arena);
    for (i = 0; i < a->count; i++)
        pav_items_add(&items, a->v[i]);
    return pav_items_array(&items);
}

static const struct pav_doc *
array_partition(struct args *a)
{
    struct pav_items chunks, chunk;
    int64_t size;
    uint32_t i;

    if (!wants_array(a, 0) || !wants_whole(a, 1, &size))
        return NULL;
    if (size < 1)
        return call_fail(a, "The size of a part must be 1 or more");
    pav_items_init(&chunks, a->st->arena);
    pav_items_init(&chunk, a->st->arena);
    for (i = 0; i < a->v[0]->len; i++) {
        pav_items_add(&chunk, &a->v[0]->items[i]);
        if (chunk.count == size || i + 1 == a->v[0]->len) {
            pav_items_add(&chunks, pav_items_array(&chunk));
            pav_items_init(&chunk, a->st->arena);
        }
    }
    return pav_items_array(&chunks);
}

static bool
contains(const struct pav_doc *items, uint32_t count, const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (pav_doc_equal(&items[i], d))
            return true;
    return false;
}

static const struct pav_doc *
array_contains(struct args *a)
{
    if (!wants_array(a, 0))
        return NULL;
    return pav_doc_new_bool(contains(a->v[0]->items, a->v[0]->len, a->v[1]));
}

static const struct pav_doc *
array_range(struct args *a)
{
    struct pav_items items;
    int64_t from, to, step, n;

    if (!wants_whole(a, 0, &from) || !wants_whole(a, 1, &to) ||
        !wants_whole(a, 2, &step))
        return NULL;
    if (step == 0)
        return call_fail(a, "The step must not be zero");
    pav_items_init(&items, a->st->arena);
    for (n = from; step > 0 ? n <= to : n >= to; n += step) {
        if (items.count == RANGE_MAX)
            return call_fail(a, "The range has more than %d items", RANGE_MAX);
        pav_items_add(&items, pav_doc_new_int(a->st->arena, n));
        if (step > 0 ? n > INT64_MAX - step : n < INT64_MIN - step)
            break;
    }
    return pav_items_array(&items);
}

static const struct pav_doc *
array_get_item(struct args *a)
{
    int64_t i;

    if (!wants_array(a, 0) || !wants_whole(a, 1, &i))
        return NULL;
    if (i < 0 || i >= a->v[0]->len)
        return call_fail(a, "The index %lld is outside of an array of %u items",
                         (long long)i, a->v[0]->len);
    return &a->v[0]->items[i];
}

static const struct pav_doc *
array_length(struct args *a)
{
    if (!wants_array(a, 0))
        return NULL;
    return pav_doc_new_int(a->st->arena, a->v[0]->len);
}

/* Keeps the first of equals; many items are compared by their hashes first. */
static const struct pav_doc *
array_unique(struct args *a)
{
    uint32_t i, slots = 16, *table;
    struct pav_items items;

    if (!wants_array(a, 0))
        return NULL;
    while (slots < a->v[0]->len * 2)
        slots *= 2;
    table = pav_arena_zalloc(a->st->arena, slots * sizeof(*table));
    pav_items_init(&items, a->st->arena);
    for (i = 0; i < a->v[0]->len; i++) {
        const struct pav_doc *d = &a->v[0]->items[i];
        uint32_t at = (uint32_t)pav_doc_hash(d) & (slots - 1);

        while (table[at] != 0 && !pav_doc_equal(&items.v[table[at] - 1], d))
            at = (at + 1) & (slots - 1);
        if (table[at] != 0)
            continue;
        pav_items_add(&items, d);
        table[at] = items.count;
    }
    return pav_items_array(&items);
}

/* ---- objects and numbers ---- */

static const struct pav_doc *
json_merge(struct args *a)
{
    if (!wants(a, 0, PAV_OBJECT, "an object") ||
        !wants(a, 1, PAV_OBJECT, "an object"))
        return NULL;
    if (a->v[2]->kind != PAV_FALSE)
        return call_fail(a, "The third argument must be false: only shallow "
                            "merging is supported");
    return pav_doc_merge(a->st->arena, a->v[0], a->v[1]);
}

static const struct pav_doc *
math_add(struct args *a)
{
    int64_t x, y;

    if (!wants_whole(a, 0, &x) || !wants_whole(a, 1, &y))
        return NULL;
    if (x < INT32_MIN || x > INT32_MAX || y < INT32_MIN || y > INT32_MAX ||
        x + y < INT32_MIN || x + y > INT32_MAX)
        return call_fail(a, "The numbers must be from -2147483648 to "
                            "2147483647, and their sum");
    return pav_doc_new_int(a->st->arena, x + y);
}

/* java.util.Random. */
static uint32_t
java_next(uint64_t *state, int bits)
{
    *state = (*state * 0x5DEECE66Du + 0xBu) & ((1ull << 48) - 1);
    return (uint32_t)(*state >> (48 - bits));
}

static int64_t
java_below(uint64_t *state, int64_t bound)
{
    int64_t bits, value;

    if ((bound & -bound) == bound)
        return (bound * (int64_t)java_next(state, 31)) >> 31;
    do {
        bits = java_next(state, 31);
        value = bits % bound;
    } while (bits - value + (bound - 1) > INT32_MAX);
    return value;
}

static const struct pav_doc *
math_random(struct args *a)
{
    int64_t from, to, seed = 0;
    uint64_t state;

    if (!wants_whole(a, 0, &from) || !wants_whole(a, 1, &to) ||
        (a->count == 3 && !wants_whole(a, 2, &seed)))
        return NULL;
    if (to <= from || to - from > INT32_MAX || from < INT32_MIN ||
        to > INT32_MAX)
        return call_fail(a, "The end must be greater than the start, both "
                            "from -2147483648 to 2147483647");
    state = a->count == 3 ? (uint64_t)seed : step_random(a->st);
    state = (state ^ 0x5DEECE66Du) & ((1ull << 48) - 1);
    return pav_doc_new_int(a->st->arena, from + java_below(&state, to - from));
}

/* ---- the table ---- */

static const struct intrinsic functions[] = {
    {"Format", 1, UINT32_MAX, format},
    {"StringToJson", 1, 1, string_to_json},
    {"JsonToString", 1, 1, json_to_string},
    {"Array", 0, UINT32_MAX, array},
    {"ArrayPartition", 2, 2, array_partition},
    {"ArrayContains", 2, 2, array_contains},
    {"ArrayRange", 3, 3, array_range},
    {"ArrayGetItem", 2, 2, array_get_item},
    {"ArrayLength", 1, 1, array_length},
    {"ArrayUnique", 1, 1, array_unique},
    {"Base64Encode", 1, 1, base64_encode},
    {"Base64Decode", 1, 1, base64_decode},
    {"Hash", 2, 2, hash},
    {"JsonMerge", 3, 3, json_merge},
    {"MathRandom", 2, 3, math_random},
    {"MathAdd", 2, 2, math_add},
    {"StringSplit", 2, 2, string_split},
    {"UUID", 0, 0, uuid},
};

const struct intrinsic *
intrinsic_find(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strlen(functions[i].name) == len &&
            memcmp(functions[i].name, name, len) == 0)
            return &functions[i];
    return NULL;
}

const struct pav_doc *
call_fail(struct args *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(a->why, sizeof(a->why), fmt, ap);
    va_end(ap);
    return NULL;
}
