/* The six functions that Step Functions adds.  Numbers are cut towards zero. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "eval.h"
#include "functions.h"

#define ITEMS_MAX 360145 /* there the service's memory is met */

static struct value
throw_message(struct eval *e, const char *message)
{
    return throw_text(e, "D3137", message, strlen(message));
}

/* The n-th argument does not fit. */
static struct value
mismatch(struct eval *e, const char *code, uint32_t index, const char *type)
{
    throw_error(e, code);
    e->thrown.index = index;
    e->thrown.type = type;
    return nothing;
}

/* $partition(array, size) */
FUNCTION(fn_partition)
{
    struct value v = arg(c, 0);
    struct list *l, *part;
    uint32_t i, n;
    double size;

    if (v.kind == V_NOTHING)
        return nothing;
    if (!is_array(v))
        return mismatch(e, "T0412", 1, "arrays");
    n = array_len(v);
    size = is_number(arg(c, 1)) ? trunc(double_of(arg(c, 1))) : n;
    if (size < 0)
        return throw_message(e, "Second argument must be zero or greater");
    if (!(size > 0) || n == 0)
        return nothing;
    if (!take_steps(e, n / 4) || !may_make(e, n * 4 * sizeof(v)))
        return nothing;
    l = sequence_new(e->arena);
    l->keep_singleton = true;
    for (i = 0; i < n;) {
        part = list_new(e->arena, 4);
        for (; i < n && part->count < size; i++)
            list_push(e->arena, part, array_at(v, i));
        list_push(e->arena, l, value_list(part));
    }
    return value_list(l);
}

/* $range(first, last, step): the last too, when it is met */
FUNCTION(fn_range)
{
    struct list *l = sequence_new(e->arena);
    double from, to, step, count;

    if (!is_number(arg(c, 0)) || !is_number(arg(c, 1)) || !is_number(arg(c, 2)))
        return nothing;
    from = trunc(double_of(arg(c, 0)));
    to = trunc(double_of(arg(c, 1)));
    step = trunc(double_of(arg(c, 2)));
    if (step == 0 || !isfinite(step) || !isfinite(from) || !isfinite(to))
        return nothing;
    count = floor((to - from) / step) + 1;
    if (!(count >= 1))
        return nothing;
    if (count > ITEMS_MAX)
        return throw_bound(e, OUT_OF_MEMORY);
    if (!take_steps(e, (uint64_t)count / 16) ||
        !may_make(e, (size_t)count * sizeof(struct value)))
        return nothing;
    list_reserve(e->arena, l, (uint32_t)count);
    while (l->count < count)
        list_push(e->arena, l, value_number(from + step * l->count));
    return value_list(l);
}

/* $hash(text, algorithm) */
FUNCTION(fn_hash)
{
    struct value text = arg(c, 0), name = arg(c, 1);
    char hex[PAV_DIGEST_HEX], word[16];

    if (text.kind != V_STRING || name.kind != V_STRING)
        return nothing;
    snprintf(word, sizeof(word), "%.*s", (int)name.len, name.text);
    if (!take_steps(e, text.len / 64))
        return nothing;
    if (name.len >= sizeof(word) ||
        !pav_digest_hex(word, text.text, text.len, hex))
        return throw_message(
            e, pav_arena_printf(e->arena, "Unsupported hash algorithm: %.*s",
                                (int)name.len, name.text));
    return value_string(pav_arena_strdup(e->arena, hex), strlen(hex));
}

/* The first nextDouble() of Java's Random with that seed. */
static double
java_random(int64_t seed)
{
    const uint64_t mask = (1ULL << 48) - 1;
    uint64_t s = ((uint64_t)seed ^ 0x5DEECE66DULL) & mask, high;

    s = (s * 0x5DEECE66DULL + 0xB) & mask;
    high = s >> 22;
    s = (s * 0x5DEECE66DULL + 0xB) & mask;
    return (double)((high << 27) + (s >> 21)) / 9007199254740992.0;
}

FUNCTION(fn_random)
{
    double seed;

    if (!is_number(arg(c, 0)))
        return value_number(draw_number(e));
    seed = trunc(double_of(arg(c, 0)));
    return value_number(
        java_random(fabs(seed) < 9.2e18 ? (int64_t)seed : INT64_MAX));
}

FUNCTION(fn_uuid)
{
    uint8_t bytes[16];
    char text[37];
    uint64_t draw;
    int i;

    (void)c;
    for (i = 0; i < 16; i += 8) {
        draw = e->in->draw == NULL ? 0 : e->in->draw(e->in->ctx);
        memcpy(bytes + i, &draw, 8);
    }
    pav_uuid4_of(bytes, text);
    return value_string(pav_arena_strdup(e->arena, text), 36);
}

static bool
holds_infinite(const struct pav_doc *d)
{
    uint32_t i;

    if (d->kind == PAV_NUMBER)
        return isinf(pav_doc_double(d));
    for (i = 0; (d->kind == PAV_ARRAY || d->kind == PAV_OBJECT) && i < d->len;
         i++)
        if (holds_infinite(d->kind == PAV_ARRAY ? &d->items[i]
                                                : &d->members[i].value))
            return true;
    return false;
}

/* $parse(text) */
FUNCTION(fn_parse)
{
    static const struct pav_doc_opts once = {.dup = PAV_DUP_REFUSE,
                                             .max_depth = PAV_DEPTH_MAX};
    struct value text = arg(c, 0);
    const struct pav_doc *d;

    if (text.kind != V_STRING)
        return nothing;
    if (!take_steps(e, text.len / 16) || !may_make(e, 8 * (size_t)text.len))
        return nothing;
    if (pav_doc_parse(e->arena, text.text, text.len, &once, &d, NULL) !=
            PAV_OK ||
        holds_infinite(d))
        return throw_message(e, "Invalid JSON");
    return value_of_doc(d);
}
