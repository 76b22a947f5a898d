/* Functions of texts.  They count code points. */
#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "eval.h"
#include "functions.h"

FUNCTION(fn_string)
{
    return to_text(e, arg(c, 0), arg(c, 1).kind == V_TRUE);
}

static uint32_t
points_in(struct value text)
{
    uint32_t n = 0, i;

    for (i = 0; i < text.len; i++)
        n += ((unsigned char)text.text[i] & 0xC0) != 0x80;
    return n;
}

/* The byte at which so many code points end. */
static uint32_t
bytes_of_points(struct value text, double points)
{
    uint32_t i = 0;

    while (i < text.len && points >= 1) {
        for (i++; i < text.len && ((unsigned char)text.text[i] & 0xC0) == 0x80;)
            i++;
        points--;
    }
    return i;
}

/* As JavaScript's slice() reads a place: towards zero, from the end when it is
 * negative. */
static double
slice_place(double n, uint32_t count)
{
    n = isnan(n) ? 0 : trunc(n);
    if (n < 0)
        n += count;
    return n < 0 ? 0 : (n > count ? count : n);
}

static struct value
slice(struct value text, double from, double to)
{
    uint32_t count = points_in(text), start, end;

    from = slice_place(from, count);
    to = slice_place(to, count);
    if (from >= to)
        return value_string("", 0);
    start = bytes_of_points(text, from);
    end = bytes_of_points(text, to);
    return value_string(text.text + start, end - start);
}

FUNCTION(fn_substring)
{
    struct value text = arg(c, 0), length = arg(c, 2);
    double start, count;

    if (text.kind != V_STRING || !take_steps(e, text.len / 64))
        return nothing;
    start = is_number(arg(c, 1)) ? double_of(arg(c, 1)) : 0;
    count = points_in(text);
    if (count + start < 0)
        start = 0;
    if (!is_number(length))
        return slice(text, start, count);
    if (double_of(length) <= 0)
        return value_string("", 0);
    return slice(text, start,
                 start >= 0 ? start + double_of(length)
                            : count + start + double_of(length));
}

static struct value
split_at(struct eval *e, struct call *c, bool before)
{
    struct value text = arg(c, 0), what = arg(c, 1);
    const char *at;
    uint32_t skip;

    if (text.kind != V_STRING || !take_steps(e, text.len / 64))
        return nothing;
    if (what.kind == V_NOTHING) /* JavaScript looks for this word */
        what = value_string("undefined", 9);
    at = what.kind != V_STRING
             ? NULL
             : memmem(text.text, text.len, what.text, what.len);
    if (at == NULL)
        return text;
    if (before)
        return value_string(text.text, (size_t)(at - text.text));
    skip = (uint32_t)(at - text.text) + what.len;
    return value_string(text.text + skip, text.len - skip);
}

FUNCTION(fn_substring_before)
{
    return split_at(e, c, true);
}

FUNCTION(fn_substring_after)
{
    return split_at(e, c, false);
}

/* ---- upper and lower case ---- */

static bool
is_letter(uint32_t code)
{
    uint32_t up[3], low[3];

    return pav_char_upper(code, up) > 1 || pav_char_lower(code, low) > 1 ||
           up[0] != low[0];
}

/* A sigma at the end of a word has a form of its own. */
static bool
is_final_sigma(struct value text, uint32_t at, size_t len)
{
    uint32_t before = at;
    size_t ignored;

    return at > 0 && is_letter(text_point_before(text, &before)) &&
           (at + len >= text.len ||
            !is_letter(pav_utf8_get(text.text + at + len, &ignored)));
}

static struct value
in_case(struct eval *e, struct value text, bool upper)
{
    struct pav_buf b;
    uint32_t i = 0, j, n, forms[3];
    size_t len;

    if (text.kind != V_STRING || !take_steps(e, text.len / 64))
        return nothing;
    pav_buf_init(&b, STRING_MAX);
    for (; i < text.len; i += (uint32_t)len) {
        unsigned char ch = (unsigned char)text.text[i];
        uint32_t code;

        if (ch < 0x80) {
            bool turns =
                upper ? ch >= 'a' && ch <= 'z' : ch >= 'A' && ch <= 'Z';

            pav_buf_putc(&b, (char)(turns ? ch ^ 0x20 : ch));
            len = 1;
            continue;
        }
        code = pav_utf8_get(text.text + i, &len);
        n = upper ? pav_char_upper(code, forms) : pav_char_lower(code, forms);
        if (!upper && code == 0x3A3 && is_final_sigma(text, i, len))
            forms[0] = 0x3C2;
        for (j = 0; j < n; j++)
            pav_buf_utf8(&b, forms[j]);
    }
    return text_of_buf(e, &b);
}

FUNCTION(fn_lowercase)
{
    return in_case(e, arg(c, 0), false);
}

FUNCTION(fn_uppercase)
{
    return in_case(e, arg(c, 0), true);
}

/* ---- the rest ---- */

FUNCTION(fn_length)
{
    if (arg(c, 0).kind != V_STRING || !take_steps(e, arg(c, 0).len / 64))
        return nothing;
    return value_number(points_in(arg(c, 0)));
}

/* Runs of blanks become one, those at the ends go. */
FUNCTION(fn_trim)
{
    struct value text = arg(c, 0);
    char *out;
    uint32_t i, len = 0;

    if (text.kind != V_STRING || !may_make(e, text.len) ||
        !take_steps(e, text.len / 64))
        return nothing;
    out = pav_arena_alloc(e->arena, text.len + 1);
    for (i = 0; i < text.len; i++) {
        bool blank =
            strchr(" \t\n\r", text.text[i]) != NULL && text.text[i] != '\0';

        if (!blank)
            out[len++] = text.text[i];
        else if (len > 0 && out[len - 1] != ' ')
            out[len++] = ' ';
    }
    if (len > 0 && out[len - 1] == ' ')
        len--;
    return value_string(out, len);
}

FUNCTION(fn_pad)
{
    struct value text = arg(c, 0), with = arg(c, 2), padding;
    double width = is_number(arg(c, 1)) ? trunc(double_of(arg(c, 1))) : 0;
    double count;
    struct pav_buf b;

    if (text.kind != V_STRING || !take_steps(e, text.len / 64))
        return nothing;
    if (with.kind != V_STRING || with.len == 0)
        with = value_string(" ", 1);
    count = fabs(width) - points_in(text);
    if (!(count > 0))
        return text;
    if (count * with.len > STRING_MAX)
        return throw_bound(e, OUT_OF_MEMORY);
    pav_buf_init(&b, STRING_MAX);
    while (count > 0) {
        uint32_t points = points_in(with);

        if (points <= count)
            pav_buf_put(&b, with.text, with.len);
        else
            pav_buf_put(&b, with.text, bytes_of_points(with, count));
        count -= points;
    }
    padding = text_of_buf(e, &b);
    if (e->failed)
        return nothing;
    return width > 0 ? concat(e, text, padding) : concat(e, padding, text);
}

FUNCTION(fn_join)
{
    struct value texts = arg(c, 0), by = arg(c, 1);
    struct pav_buf b;
    uint32_t i;

    if (!is_array(texts))
        return nothing;
    pav_buf_init(&b, STRING_MAX);
    for (i = 0; i < array_len(texts); i++) {
        struct value v = array_at(texts, i);

        if (i > 0 && by.kind == V_STRING)
            pav_buf_put(&b, by.text, by.len);
        if (v.kind == V_STRING)
            pav_buf_put(&b, v.text, v.len);
    }
    take_steps(e, array_len(texts) / 8 + b.len / 256);
    return text_of_buf(e, &b);
}
