/*
 * $formatNumber: XPath's picture strings, "#,##0.00;(#,##0.00)".  Source: XPath
 * and XQuery Functions 3.1, 4.7, and what the reference makes of it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "eval.h"
#include "functions.h"
#include "picture_int.h"

#define PICTURE_MAX 1024 /* characters */
#define NUMBER_MAX  1024 /* characters of what is made */
#define DIGITS_MAX  100  /* behind the point */

struct chars {
    const uint32_t *v;
    uint32_t n;
};

struct symbols_used {
    uint32_t decimal, grouping, exponent, minus, percent, per_mille, zero,
        digit, separator;
};

struct part {
    struct chars picture, prefix, suffix, active, mantissa, integer, fraction,
        exponent;
    bool has_exponent;
};

struct layout {
    uint32_t grouping[PICTURE_MAX], fraction_grouping[PICTURE_MAX];
    uint32_t grouping_count, fraction_grouping_count, regular;
    int min_integer, scaling, min_fraction, max_fraction, min_exponent;
};

static struct chars
sub(struct chars c, uint32_t from, uint32_t to)
{
    from = from > c.n ? c.n : from;
    to = to > c.n ? c.n : to;
    return (struct chars){c.v + from, to > from ? to - from : 0};
}

static int
index_of(struct chars c, uint32_t what, uint32_t from)
{
    uint32_t i;

    for (i = from; i < c.n; i++)
        if (c.v[i] == what)
            return (int)i;
    return -1;
}

static int
last_index_of(struct chars c, uint32_t what)
{
    uint32_t i;

    for (i = c.n; i-- > 0;)
        if (c.v[i] == what)
            return (int)i;
    return -1;
}

static bool
is_digit(const struct symbols_used *s, uint32_t c)
{
    return c >= s->zero && c < s->zero + 10;
}

static int
count_digits(const struct symbols_used *s, struct chars c, bool optional)
{
    int count = 0;
    uint32_t i;

    for (i = 0; i < c.n; i++)
        count += is_digit(s, c.v[i]) || (optional && c.v[i] == s->digit);
    return count;
}

static bool
is_active(const struct symbols_used *s, uint32_t c)
{
    return is_digit(s, c) || c == s->decimal || c == s->exponent ||
           c == s->grouping || c == s->digit || c == s->separator;
}

/* ---- reading ---- */

/* False when nothing of it is active. */
static bool
split(const struct symbols_used *s, struct chars picture, struct part *p)
{
    uint32_t first = 0, last = picture.n;
    int at;

    memset(p, 0, sizeof(*p));
    while (first < picture.n &&
           (!is_active(s, picture.v[first]) || picture.v[first] == s->exponent))
        first++;
    while (last > 0 && (!is_active(s, picture.v[last - 1]) ||
                        picture.v[last - 1] == s->exponent))
        last--;
    if (first == picture.n)
        return false;
    p->picture = picture;
    p->prefix = sub(picture, 0, first);
    p->suffix = sub(picture, last, picture.n);
    p->active = sub(picture, first, last);
    p->mantissa = p->active;
    at = index_of(picture, s->exponent, first);
    if (at >= 0 && (uint32_t)at <= last) { /* the place is of the whole */
        p->has_exponent = true;
        p->mantissa = sub(p->active, 0, (uint32_t)at);
        p->exponent = sub(p->active, (uint32_t)at + 1, p->active.n);
    }
    at = index_of(p->mantissa, s->decimal, 0);
    p->integer = p->mantissa;
    p->fraction = p->suffix;
    if (at >= 0) {
        p->integer = sub(p->mantissa, 0, (uint32_t)at);
        p->fraction = sub(p->mantissa, (uint32_t)at + 1, p->mantissa.n);
    }
    return true;
}

static bool
is_at(struct chars c, int at, uint32_t what)
{
    return at >= 0 && (uint32_t)at < c.n && c.v[at] == what;
}

static bool
holds_passive(const struct symbols_used *s, struct chars c)
{
    uint32_t i;

    for (i = 0; i < c.n; i++)
        if (!is_active(s, c.v[i]))
            return true;
    return false;
}

static bool
has_adjacent(struct chars c, uint32_t what)
{
    uint32_t i;

    for (i = 1; i < c.n; i++)
        if (c.v[i] == what && c.v[i - 1] == what)
            return true;
    return false;
}

/* The last rule that it breaks; NULL: none. */
static const char *
check(const struct symbols_used *s, const struct part *p)
{
    struct chars all = p->picture;
    int point = index_of(all, s->decimal, 0), at;
    bool percent = index_of(all, s->percent, 0) >= 0;
    bool per_mille = index_of(all, s->per_mille, 0) >= 0;
    const char *wrong = NULL;

    if (point != last_index_of(all, s->decimal))
        wrong = "D3081";
    if (index_of(all, s->percent, 0) != last_index_of(all, s->percent))
        wrong = "D3082";
    if (index_of(all, s->per_mille, 0) != last_index_of(all, s->per_mille))
        wrong = "D3083";
    if (percent && per_mille)
        wrong = "D3084";
    if (count_digits(s, p->mantissa, true) == 0)
        wrong = "D3085";
    if (holds_passive(s, p->active))
        wrong = "D3086";
    if (point >= 0 ? is_at(all, point - 1, s->grouping) ||
                         is_at(all, point + 1, s->grouping)
                   : false)
        wrong = "D3087";
    if (point < 0 && is_at(p->integer, (int)p->integer.n - 1, s->grouping))
        wrong = "D3088";
    if (has_adjacent(all, s->grouping))
        wrong = "D3089";
    at = index_of(p->integer, s->digit, 0);
    if (at >= 0 && count_digits(s, sub(p->integer, 0, (uint32_t)at), false) > 0)
        wrong = "D3090";
    at = last_index_of(p->fraction, s->digit);
    if (at >= 0 &&
        count_digits(s, sub(p->fraction, (uint32_t)at, p->fraction.n), false) >
            0)
        wrong = "D3091";
    if (p->has_exponent && p->exponent.n > 0 && (percent || per_mille))
        wrong = "D3092";
    if (p->has_exponent &&
        (p->exponent.n == 0 ||
         count_digits(s, p->exponent, false) != (int)p->exponent.n))
        wrong = "D3093";
    return wrong;
}

static uint32_t
grouping_places(const struct symbols_used *s, const struct part *p,
                struct chars c, bool to_left, uint32_t *places)
{
    int at = index_of(c, s->grouping, 0);
    uint32_t count = 0;

    while (at >= 0 && count < PICTURE_MAX) {
        places[count++] = (uint32_t)count_digits(
            s, to_left ? sub(c, 0, (uint32_t)at) : sub(c, (uint32_t)at, c.n),
            true);
        at = index_of(p->integer, s->grouping, (uint32_t)at + 1);
    }
    return count;
}

static uint32_t
gcd(uint32_t a, uint32_t b)
{
    return b == 0 ? a : gcd(b, a % b);
}

/* The distance, when they stand at all its multiples; 0: they do not. */
uint32_t
regular_distance(const uint32_t *places, uint32_t count)
{
    uint32_t factor, i, j;

    if (count == 0)
        return 0;
    factor = places[0];
    for (i = 1; i < count; i++)
        factor = gcd(factor, places[i]);
    for (i = 1; i <= count; i++) {
        for (j = 0; j < count && places[j] != i * factor; j++)
            ;
        if (j == count)
            return 0;
    }
    return factor;
}

static void
analyse(const struct symbols_used *s, const struct part *p, struct layout *l)
{
    memset(l, 0, sizeof(*l));
    l->grouping_count = grouping_places(s, p, p->integer, false, l->grouping);
    l->regular = regular_distance(l->grouping, l->grouping_count);
    l->fraction_grouping_count =
        grouping_places(s, p, p->fraction, true, l->fraction_grouping);
    l->min_integer = l->scaling = count_digits(s, p->integer, false);
    l->min_fraction = count_digits(s, p->fraction, false);
    l->max_fraction = count_digits(s, p->fraction, true);
    if (l->min_integer == 0 && l->max_fraction == 0) {
        if (p->has_exponent)
            l->min_fraction = l->max_fraction = 1;
        else
            l->min_integer = 1;
    }
    if (p->has_exponent && l->min_integer == 0 &&
        index_of(p->integer, s->digit, 0) >= 0)
        l->min_integer = 1;
    if (l->min_integer == 0 && l->min_fraction == 0)
        l->min_fraction = 1;
    if (p->has_exponent)
        l->min_exponent = count_digits(s, p->exponent, false);
}

/* ---- making ---- */

struct made {
    uint32_t v[NUMBER_MAX + 4 * PICTURE_MAX];
    uint32_t n;
};

/* `at` from the end when it is negative, as JavaScript's slice() has it. */
static void
insert(struct made *m, int at, uint32_t c)
{
    uint32_t place;

    if (at < 0)
        at = at + (int)m->n < 0 ? 0 : at + (int)m->n;
    place = at > (int)m->n ? m->n : (uint32_t)at;
    if (m->n == sizeof(m->v) / sizeof(m->v[0]))
        return;
    memmove(m->v + place + 1, m->v + place, (m->n - place) * sizeof(*m->v));
    m->v[place] = c;
    m->n++;
}

static int
point_in(const struct made *m, const struct symbols_used *s)
{
    return index_of((struct chars){m->v, m->n}, s->decimal, 0);
}

/* The digits of its absolute value, with so many behind the point. */
static void
put_fixed(struct made *m, const struct symbols_used *s, double n, int digits)
{
    char text[NUMBER_MAX];
    int i, len = snprintf(text, sizeof(text), "%.*f",
                          digits > DIGITS_MAX ? DIGITS_MAX : digits, fabs(n));

    for (i = 0; i < len; i++)
        insert(m, (int)m->n,
               text[i] == '.' ? s->decimal
                              : s->zero + (uint32_t)(text[i] - '0'));
}

static void
put_grouping(struct made *m, const struct symbols_used *s,
             const struct layout *l)
{
    int point = point_in(m, s), i;
    uint32_t j;

    if (l->regular > 0) {
        for (i = 1; i <= (point - 1) / (int)l->regular; i++)
            insert(m, point - i * (int)l->regular, s->grouping);
    } else {
        for (j = 0; j < l->grouping_count; j++, point++)
            insert(m, point - (int)l->grouping[j], s->grouping);
    }
    point = point_in(m, s);
    for (j = 0; j < l->fraction_grouping_count; j++)
        insert(m, (int)l->fraction_grouping[j] + point + 1, s->grouping);
}

static void
put_mantissa(struct made *m, const struct symbols_used *s, const struct part *p,
             const struct layout *l, double mantissa)
{
    int point, i, pad;
    uint32_t from = 0;

    put_fixed(m, s, round_half_even(mantissa, l->max_fraction),
              l->max_fraction);
    if (point_in(m, s) < 0)
        insert(m, (int)m->n, s->decimal);
    while (from < m->n && m->v[from] == s->zero)
        from++;
    memmove(m->v, m->v + from, (m->n - from) * sizeof(*m->v));
    m->n -= from;
    while (m->n > 0 && m->v[m->n - 1] == s->zero)
        m->n--;
    point = point_in(m, s);
    pad = l->min_fraction - ((int)m->n - point - 1);
    for (i = 0; i < l->min_integer - point; i++)
        insert(m, 0, s->zero);
    for (i = 0; i < pad; i++)
        insert(m, (int)m->n, s->zero);
    put_grouping(m, s, l);
    point = point_in(m, s);
    if (index_of(p->picture, s->decimal, 0) < 0 || point == (int)m->n - 1)
        m->n--;
}

static void
put_exponent(struct made *m, const struct symbols_used *s,
             const struct layout *l, int exponent)
{
    struct made digits = {.n = 0};
    uint32_t i;

    put_fixed(&digits, s, exponent, 0);
    while ((int)digits.n < l->min_exponent)
        insert(&digits, 0, s->zero);
    insert(m, (int)m->n, s->exponent);
    if (exponent < 0)
        insert(m, (int)m->n, s->minus);
    for (i = 0; i < digits.n; i++)
        insert(m, (int)m->n, digits.v[i]);
}

static double
scaled(const struct layout *l, double n, int *exponent)
{
    double most = pow(10, l->scaling), least = pow(10, l->scaling - 1);

    *exponent = 0;
    if (l->min_exponent == 0 || n == 0 || !isfinite(n))
        return n;
    while (fabs(n) < least) {
        n *= 10;
        --*exponent;
    }
    while (fabs(n) > most) {
        n /= 10;
        ++*exponent;
    }
    return n;
}

static struct value
text_of_chars(struct eval *e, bool minus, const struct symbols_used *s,
              const struct part *p, const struct made *m)
{
    const struct chars all[] = {p->prefix, {m->v, m->n}, p->suffix};
    struct pav_buf b;
    uint32_t i, j;

    pav_buf_init(&b, 1u << 20);
    if (minus)
        pav_buf_utf8(&b, s->minus);
    for (i = 0; i < 3; i++)
        for (j = 0; j < all[i].n; j++)
            pav_buf_utf8(&b, all[i].v[j]);
    return text_of_buf(e, &b);
}

/* ---- all ---- */

static void
option(struct value options, const char *name, uint32_t *out)
{
    struct value v = is_object(options)
                         ? object_get(options, name, (uint32_t)strlen(name))
                         : nothing;
    size_t len;

    if (v.kind == V_STRING && v.len > 0)
        *out = pav_utf8_get(v.text, &len);
}

static struct symbols_used
options_of(struct value options)
{
    struct symbols_used s = {'.', ',', 'e', '-', '%', 0x2030, '0', '#', ';'};

    option(options, "decimal-separator", &s.decimal);
    option(options, "grouping-separator", &s.grouping);
    option(options, "exponent-separator", &s.exponent);
    option(options, "minus-sign", &s.minus);
    option(options, "percent", &s.percent);
    option(options, "per-mille", &s.per_mille);
    option(options, "zero-digit", &s.zero);
    option(options, "digit", &s.digit);
    option(options, "pattern-separator", &s.separator);
    return s;
}

FUNCTION(fn_format_number)
{
    struct symbols_used s = options_of(arg(c, 2));
    struct value text = arg(c, 1);
    uint32_t picture[PICTURE_MAX], count = 0, i;
    struct part parts[2], *p = parts;
    struct made made, *m = &made;
    struct layout layout, *l = &layout;
    const char *wrong;
    bool own_minus;
    double n;
    int at, exponent;
    size_t len;

    if (!is_number(arg(c, 0)) || text.kind != V_STRING ||
        !take_steps(e, 16 + text.len + (uint64_t)text.len * text.len / 32))
        return nothing;
    for (i = 0; i < text.len && count < PICTURE_MAX; i += (uint32_t)len)
        picture[count++] = pav_utf8_get(text.text + i, &len);
    at = index_of((struct chars){picture, count}, s.separator, 0);
    own_minus = at < 0;
    if (!own_minus &&
        at != last_index_of((struct chars){picture, count}, s.separator))
        return throw_error(e, "D3080");
    if (!split(&s, (struct chars){picture, own_minus ? count : (uint32_t)at},
               &parts[0]) ||
        (!own_minus &&
         !split(&s,
                sub((struct chars){picture, count}, (uint32_t)at + 1, count),
                &parts[1])))
        return throw_error(e, "D3086");
    wrong = check(&s, &parts[0]);
    if (wrong == NULL && !own_minus)
        wrong = check(&s, &parts[1]);
    if (wrong != NULL)
        return throw_error(e, wrong);
    n = double_of(arg(c, 0));
    if (!isfinite(n))
        return value_string(isnan(n) ? "NaN"
                                     : (n > 0 ? "Infinity" : "-Infinity"),
                            isnan(n) ? 3 : (n > 0 ? 8 : 9));
    if (n < 0 && !own_minus)
        p = &parts[1];
    memset(m, 0, sizeof(*m));
    analyse(&s, p, l);
    own_minus = own_minus && n < 0;
    if (index_of(p->picture, s.percent, 0) >= 0)
        n *= 100;
    else if (index_of(p->picture, s.per_mille, 0) >= 0)
        n *= 1000;
    n = scaled(l, n, &exponent);
    put_mantissa(m, &s, p, l, n);
    if (l->min_exponent > 0)
        put_exponent(m, &s, l, exponent);
    return text_of_chars(e, own_minus, &s, p, m);
}
