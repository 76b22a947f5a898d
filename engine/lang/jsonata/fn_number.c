/* Functions of numbers, and those that make one of many. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "eval.h"
#include "functions.h"

/* ---- $number ---- */

static uint32_t
digits(struct value text, uint32_t at)
{
    uint32_t n = 0;

    while (at + n < text.len && isdigit((unsigned char)text.text[at + n]))
        n++;
    return n;
}

static bool
is_decimal(struct value text)
{
    uint32_t i = text.len > 0 && text.text[0] == '-', n = digits(text, i);

    if (n == 0)
        return false;
    i += n;
    if (i < text.len && text.text[i] == '.') {
        n = digits(text, i + 1);
        if (n == 0)
            return false;
        i += 1 + n;
    }
    if (i < text.len && (text.text[i] | 0x20) == 'e') {
        i += 1 + (i + 1 < text.len &&
                  (text.text[i + 1] == '-' || text.text[i + 1] == '+'));
        n = digits(text, i);
        if (n == 0)
            return false;
        i += n;
    }
    return i == text.len;
}

/* 0x1F, 0b101, 0o17 */
static bool
is_prefixed(struct value text, double *out)
{
    int base, digit;
    uint32_t i;

    if (text.len < 3 || text.text[0] != '0')
        return false;
    switch (text.text[1] | 0x20) {
    case 'x':
        base = 16;
        break;
    case 'o':
        base = 8;
        break;
    case 'b':
        base = 2;
        break;
    default:
        return false;
    }
    for (*out = 0, i = 2; i < text.len; i++) {
        digit = pav_hex_digit((unsigned char)text.text[i]);
        if (digit < 0 || digit >= base)
            return false;
        *out = *out * base + digit;
    }
    return true;
}

FUNCTION(fn_number)
{
    struct value v = arg(c, 0);
    double n;

    if (v.kind == V_NOTHING || is_number(v))
        return v;
    if (v.kind == V_TRUE || v.kind == V_FALSE)
        return value_number(v.kind == V_TRUE);
    if (v.kind == V_STRING && is_decimal(v)) {
        n = strtod(pav_arena_strndup(e->arena, v.text, v.len), NULL);
        if (isfinite(n))
            return value_number(n);
    }
    if (v.kind == V_STRING && is_prefixed(v, &n))
        return value_number(n);
    throw_value(e, "D3030", v);
    e->thrown.index = 1;
    return nothing;
}

/* ---- one of one ---- */

FUNCTION(fn_abs)
{
    (void)e;
    return is_number(arg(c, 0)) ? value_number(fabs(double_of(arg(c, 0))))
                                : nothing;
}

FUNCTION(fn_floor)
{
    (void)e;
    return is_number(arg(c, 0)) ? value_number(floor(double_of(arg(c, 0))))
                                : nothing;
}

FUNCTION(fn_ceil)
{
    (void)e;
    return is_number(arg(c, 0)) ? value_number(ceil(double_of(arg(c, 0))))
                                : nothing;
}

FUNCTION(fn_sqrt)
{
    double n;

    if (!is_number(arg(c, 0)))
        return nothing;
    n = double_of(arg(c, 0));
    if (n < 0)
        return throw_value(e, "D3060", arg(c, 0));
    return value_number(sqrt(n));
}

FUNCTION(fn_power)
{
    double n;

    if (!is_number(arg(c, 0)))
        return nothing;
    n = is_number(arg(c, 1)) ? pow(double_of(arg(c, 0)), double_of(arg(c, 1)))
                             : NOT_A_NUMBER;
    if (isfinite(n))
        return value_number(n);
    throw_value(e, "D3061", arg(c, 0));
    e->thrown.value2 = arg(c, 1);
    return nothing;
}

/* ---- rounding: halves to the even neighbour ---- */

/* Its decimal text with the exponent moved, read again. */
static double
shifted(double n, int by)
{
    char text[PAV_DOUBLE_LEN + 16], *e;
    size_t len;
    int exponent = 0;

    if (!isfinite(n))
        return n;
    len = pav_double_text(n, text);
    text[len] = '\0';
    e = strchr(text, 'e');
    if (e != NULL) {
        exponent = atoi(e + 1);
        *e = '\0';
    }
    len = strlen(text);
    snprintf(text + len, sizeof(text) - len, "e%d", exponent + by);
    return strtod(text, NULL);
}

double
round_half_even(double n, int precision)
{
    double result;

    if (precision != 0)
        n = shifted(n, precision);
    result = floor(n);
    if (n - result >= 0.5)
        result += 1;
    if (fabs(result - n) == 0.5 && fabs(fmod(result, 2)) == 1)
        result -= 1;
    if (precision != 0)
        result = shifted(result, -precision);
    return result == 0 ? 0 : result;
}

FUNCTION(fn_round)
{
    double precision;

    (void)e;
    if (!is_number(arg(c, 0)))
        return nothing;
    precision = is_number(arg(c, 1)) ? double_of(arg(c, 1)) : 0;
    if (precision != trunc(precision)) /* "1e1.5" is no number */
        return value_number(NOT_A_NUMBER);
    precision = precision > 400 ? 400 : (precision < -400 ? -400 : precision);
    return value_number(round_half_even(double_of(arg(c, 0)), (int)precision));
}

/* ---- $formatBase ---- */

#define TWO_53 9007199254740992.0

FUNCTION(fn_format_base)
{
    static const char digit[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char text[1100], *p = text + sizeof(text);
    double n, radix;

    if (!is_number(arg(c, 0)))
        return nothing;
    n = round_half_even(double_of(arg(c, 0)), 0);
    radix =
        is_number(arg(c, 1)) ? round_half_even(double_of(arg(c, 1)), 0) : 10;
    if (!(radix >= 2 && radix <= 36))
        return throw_value(e, "D3100", value_number(radix));
    if (!isfinite(n) || (radix == 10 && fabs(n) >= 1e15))
        return to_text(e, value_number(n), false);
    n = fabs(n);
    while (n >= TWO_53) { /* digits that a double does not have */
        n /= radix;
        *--p = '0';
    }
    do {
        double rest = fmod(n, radix);

        *--p = digit[(int)rest];
        n = (n - rest) / radix;
    } while (n > 0);
    if (double_of(arg(c, 0)) < 0 &&
        !(p[0] == '0' && p + 1 == text + sizeof(text)))
        *--p = '-';
    return value_string(
        pav_arena_strndup(e->arena, p, (size_t)(text + sizeof(text) - p)),
        (size_t)(text + sizeof(text) - p));
}

/* ---- one of many ---- */

static double
number_at(struct value v, uint32_t i)
{
    struct value item = array_at(v, i);

    return is_number(item) ? double_of(item) : NOT_A_NUMBER;
}

static double
total(struct value v)
{
    double sum = 0;
    uint32_t i;

    for (i = 0; i < array_len(v); i++)
        sum += number_at(v, i);
    return sum;
}

FUNCTION(fn_sum)
{
    struct value v = arg(c, 0);

    return is_array(v) && take_steps(e, array_len(v) / 8)
               ? value_number(total(v))
               : nothing;
}

FUNCTION(fn_average)
{
    struct value v = arg(c, 0);

    return is_array(v) && array_len(v) > 0 && take_steps(e, array_len(v) / 8)
               ? value_number(total(v) / array_len(v))
               : nothing;
}

static struct value
extreme(struct eval *e, struct value v, int sign)
{
    double best;
    uint32_t i;

    if (!is_array(v) || array_len(v) == 0 || !take_steps(e, array_len(v) / 8))
        return nothing;
    best = number_at(v, 0);
    for (i = 1; i < array_len(v); i++) {
        double n = number_at(v, i);

        if (sign * n > sign * best || isnan(n))
            best = n;
    }
    return value_number(best);
}

FUNCTION(fn_max)
{
    return extreme(e, arg(c, 0), 1);
}

FUNCTION(fn_min)
{
    return extreme(e, arg(c, 0), -1);
}
