/* Values as text: JSON, and what $string makes of them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "eval.h"
#include "functions.h"

struct printer {
    struct eval *e;
    struct pav_buf *out;
    bool rounded, pretty;
    unsigned depth;
};

static void print(struct printer *p, struct value v);

double
fifteen_digits(double n)
{
    char text[PAV_DOUBLE_LEN];

    snprintf(text, sizeof(text), "%.15g", n);
    return strtod(text, NULL);
}

static void
print_number(struct printer *p, struct value v)
{
    char text[PAV_DOUBLE_LEN];
    double n = double_of(v);
    int64_t whole;

    if (v.kind == V_DOC_NUMBER && pav_doc_int(v.doc, &whole)) {
        pav_buf_int(p->out, whole);
        return;
    }
    if (isnan(n) || isinf(n)) {
        if (isinf(n) && p->rounded)
            throw_value(p->e, "D1001", v);
        pav_buf_puts(p->out, "null");
        return;
    }
    if (p->rounded && n != floor(n))
        n = fifteen_digits(n);
    pav_buf_put(p->out, text, pav_double_text(n, text));
}

static void
new_line(struct printer *p)
{
    unsigned i;

    if (!p->pretty)
        return;
    pav_buf_putc(p->out, '\n');
    for (i = 0; i < p->depth; i++)
        pav_buf_puts(p->out, "  ");
}

static void
print_array(struct printer *p, struct value v)
{
    uint32_t i, n = array_len(v);

    pav_buf_putc(p->out, '[');
    p->depth++;
    for (i = 0; i < n; i++) {
        if (i > 0)
            pav_buf_putc(p->out, ',');
        new_line(p);
        print(p, array_at(v, i));
    }
    p->depth--;
    if (n > 0)
        new_line(p);
    pav_buf_putc(p->out, ']');
}

static void
print_object(struct printer *p, struct value v)
{
    uint32_t i, n = object_len(v), put = 0;

    pav_buf_putc(p->out, '{');
    p->depth++;
    for (i = 0; i < n; i++) {
        struct entry entry = object_at(v, i);

        if (entry.value.kind == V_NOTHING)
            continue;
        if (put++ > 0)
            pav_buf_putc(p->out, ',');
        new_line(p);
        pav_buf_json(p->out, entry.key, entry.len);
        pav_buf_puts(p->out, p->pretty ? ": " : ":");
        print(p, entry.value);
    }
    p->depth--;
    if (put > 0)
        new_line(p);
    pav_buf_putc(p->out, '}');
}

static void
print(struct printer *p, struct value v)
{
    if (p->out->over || p->depth > PAV_DEPTH_MAX)
        return;
    switch ((enum value_kind)v.kind) {
    case V_NOTHING:
    case V_NULL:
        pav_buf_puts(p->out, "null");
        break;
    case V_FALSE:
    case V_TRUE:
        pav_buf_puts(p->out, v.kind == V_TRUE ? "true" : "false");
        break;
    case V_NUMBER:
    case V_DOC_NUMBER:
        print_number(p, v);
        break;
    case V_STRING:
        pav_buf_json(p->out, v.text, v.len);
        break;
    case V_DOC_ARRAY:
    case V_LIST:
        print_array(p, v);
        break;
    case V_DOC_OBJECT:
    case V_MAP:
        print_object(p, v);
        break;
    case V_FUNCTION:
    case V_TUPLE:
        pav_buf_puts(p->out, "\"\"");
        break;
    }
}

void
print_json(struct eval *e, struct value v, bool rounded, bool pretty,
           struct pav_buf *out)
{
    struct printer p = {
        .e = e, .out = out, .rounded = rounded, .pretty = pretty};

    if (v.kind == V_NOTHING)
        pav_buf_puts(out, "undefined");
    else
        print(&p, v);
}

struct value
text_of_buf(struct eval *e, struct pav_buf *b)
{
    struct value v;

    if (b->over)
        throw_bound(e, OUT_OF_MEMORY);
    if (e->failed || !may_make(e, b->len)) {
        v = nothing;
    } else {
        v = value_string(
            pav_arena_strndup(e->arena, b->p == NULL ? "" : b->p, b->len),
            b->len);
    }
    pav_buf_fini(b);
    return v;
}

struct value
to_text(struct eval *e, struct value v, bool pretty)
{
    struct pav_buf b;

    if (v.kind == V_STRING || v.kind == V_NOTHING)
        return v;
    if (v.kind == V_FUNCTION)
        return value_string("", 0);
    if (is_number(v) && !isfinite(double_of(v)))
        return throw_value(e, "D3001", v);
    if (v.kind == V_LIST && v.list->outer)
        v = v.list->items[0];
    pav_buf_init(&b, STRING_MAX);
    print_json(e, v, true, pretty, &b);
    take_steps(e, b.len / 64);
    return text_of_buf(e, &b);
}

/* A character of two units. */
static void
halves(struct eval *e, const char *p, struct list *l)
{
    char *text = pav_arena_alloc(e->arena, 6);
    size_t len;
    uint32_t code = pav_utf8_get(p, &len) - 0x10000;

    pav_utf8_put(text, 0xD800 + (code >> 10));
    pav_utf8_put(text + 3, 0xDC00 + (code & 0x3FF));
    list_push(e->arena, l, value_string(text, 3));
    list_push(e->arena, l, value_string(text + 3, 3));
}

struct value
split_units(struct eval *e, struct value text, double limit)
{
    struct list *l = list_new(e->arena, 8);
    uint32_t i = 0, n;

    if (!take_steps(e, text.len / 16) ||
        !may_make(e, text.len * sizeof(struct value)))
        return nothing;
    for (; i < text.len && l->count < limit; i += n) {
        unsigned char lead = (unsigned char)text.text[i];

        n = lead < 0x80 ? 1 : (lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4));
        if (n < 4) {
            list_push(e->arena, l, value_string(text.text + i, n));
            continue;
        }
        halves(e, text.text + i, l);
    }
    if (l->count > limit)
        l->count--;
    return value_list(l);
}

/* The two halves of one character become it. */
static bool
halves_meet(struct value x, struct value y)
{
    const unsigned char *a = (const unsigned char *)x.text + x.len - 3;
    const unsigned char *b = (const unsigned char *)y.text;

    return x.len >= 3 && y.len >= 3 && a[0] == 0xED && a[1] >= 0xA0 &&
           a[1] < 0xB0 && b[0] == 0xED && b[1] >= 0xB0;
}

struct value
concat(struct eval *e, struct value x, struct value y)
{
    size_t len = (size_t)x.len + y.len, low, high;
    char *text;

    if (x.len == 0)
        return y;
    if (y.len == 0)
        return x;
    if (len > STRING_MAX)
        return throw_bound(e, OUT_OF_MEMORY);
    if (!may_make(e, len))
        return nothing;
    text = pav_arena_alloc(e->arena, len + 1);
    memcpy(text, x.text, x.len);
    if (halves_meet(x, y)) {
        high = pav_utf8_get(x.text + x.len - 3, &low);
        high = 0x10000 + ((high - 0xD800) << 10) +
               (pav_utf8_get(y.text, &low) - 0xDC00);
        pav_utf8_put(text + x.len - 3, (uint32_t)high);
        memcpy(text + x.len + 1, y.text + 3, y.len - 3);
        return value_string(text, len - 2);
    }
    memcpy(text + x.len, y.text, y.len);
    return value_string(text, len);
}

/* ---- units ---- */

/* Where no byte is 0x80 or higher, units are bytes. */
static bool
is_ascii(const char *p, size_t len)
{
    size_t i;
    uint64_t x;

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&x, p + i, 8);
        if (x & 0x8080808080808080u)
            return false;
    }
    for (; i < len; i++)
        if ((unsigned char)p[i] >= 0x80)
            return false;
    return true;
}

uint32_t
units_in(const char *p, size_t len)
{
    uint32_t n = 0;
    size_t i;

    if (is_ascii(p, len))
        return (uint32_t)len;
    for (i = 0; i < len; i++) {
        n += ((unsigned char)p[i] & 0xC0) != 0x80;
        n += (unsigned char)p[i] >= 0xF0;
    }
    return n;
}

uint32_t
bytes_of_units(struct value text, uint32_t units)
{
    uint32_t i = 0;

    if (is_ascii(text.text, text.len))
        return units < text.len ? units : text.len;
    while (i < text.len && units > 0) {
        unsigned char c = (unsigned char)text.text[i];

        units -= c >= 0xF0 && units > 1 ? 2 : 1;
        i += c < 0x80 ? 1 : (c < 0xE0 ? 2 : (c < 0xF0 ? 3 : 4));
    }
    return i < text.len ? i : text.len;
}
