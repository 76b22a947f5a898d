/*
 * Which numbers EventBridge compares: those that are finite as binary64 and
 * whose decimal is that of the shortest text that reads back as it.
 *
 * The common number is decided in a few integer operations: up to 15 digits
 * always compare, more than 17 never do, and for 16 and 17 it is asked in 128
 * bits whether a shorter text lies in the binary64's interval, and whether this
 * one is the nearest of its length.  What does not fit there goes the long way,
 * by printing and reading.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_int.h"

#define SURE_DIGITS 15
#define MAX_DIGITS  17

/* digits * 10^power, without zeros at the end of the digits. */
struct decimal {
    uint64_t digits;
    int count; /* of digits; 0: zero; MOST_DIGITS + 1: more than that */
    int power;
    bool negative;
};

/* Up to 19 digits, zeros before and behind included; false: more. */
static bool
decimal_short(const char *p, const char *end, struct decimal *out,
              const char **exponent)
{
    const char *start = p, *point = NULL;
    uint64_t digits = 0;

    for (; p < end; p++) {
        unsigned d = (unsigned)(unsigned char)*p - '0';

        if (d < 10)
            digits = digits * 10 + d;
        else if (*p == '.')
            point = p;
        else
            break;
    }
    *exponent = p;
    if (p - start - (point != NULL) > 19)
        return false;
    out->power = point == NULL ? 0 : (int)(point + 1 - p);
    while (digits != 0 && digits % 10 == 0) {
        digits /= 10;
        out->power++;
    }
    out->digits = digits;
    for (out->count = 0; digits >= 10000; digits /= 10000)
        out->count += 4;
    for (; digits > 0; digits /= 10)
        out->count++;
    return true;
}

/* Any number of digits; those beyond MOST_DIGITS are only counted. */
static void
decimal_long(const char *p, const char *end, struct decimal *out)
{
    int zeros = 0;
    bool point = false;

    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        out->power -= point;
        if (*p == '0') { /* counts when a digit follows */
            zeros += out->count > 0;
            continue;
        }
        out->count += zeros + 1;
        if (out->count <= MAX_DIGITS) {
            for (; zeros > 0; zeros--)
                out->digits *= 10;
            out->digits = out->digits * 10 + (uint64_t)(*p - '0');
        }
        zeros = 0;
    }
    out->power += zeros;
}

static void
decimal_of(const char *text, size_t len, struct decimal *out)
{
    const char *p = text, *end = text + len, *exponent;

    memset(out, 0, sizeof(*out));
    if (p < end && *p == '-') {
        out->negative = true;
        p++;
    }
    if (!decimal_short(p, end, out, &exponent)) {
        memset(out, 0, offsetof(struct decimal, negative));
        decimal_long(p, end, out);
    }
    if (exponent < end) {
        char copy[16];
        size_t n = (size_t)(end - exponent) - 1;
        long power;

        /* Longer ones are far out of reach, or have zeros in front. */
        memcpy(copy, exponent + 1, n < sizeof(copy) ? n : sizeof(copy) - 1);
        copy[n < sizeof(copy) ? n : sizeof(copy) - 1] = '\0';
        power = n < sizeof(copy) ? strtol(copy, NULL, 10)
                                 : strtol(exponent + 1, NULL, 10);
        if (power > 100000 || power < -100000)
            power = power > 0 ? 100000 : -100000;
        out->power += (int)power;
    }
    if (out->count == 0)
        out->power = 0;
    if (out->count > MAX_DIGITS)
        out->count = MAX_DIGITS + 1;
}

static bool
same_decimal(const struct decimal *x, const struct decimal *y)
{
    return x->count == y->count && x->power == y->power &&
           x->digits == y->digits;
}

static bool
comparable_by_printing(const char *text, size_t len, const struct decimal *d,
                       double *out)
{
    char copy[64], shortest[40];
    struct decimal other;
    int precision, n = 0;

    if (len < sizeof(copy)) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        *out = strtod(copy, NULL);
    } else { /* zeros before or behind: the decimal has it all */
        snprintf(copy, sizeof(copy), "%s%llue%d", d->negative ? "-" : "",
                 (unsigned long long)d->digits, d->power);
        *out = strtod(copy, NULL);
    }
    if (!isfinite(*out))
        return false;
    for (precision = 1; precision <= MAX_DIGITS; precision++) {
        n = snprintf(shortest, sizeof(shortest), "%.*g", precision, *out);
        if (strtod(shortest, NULL) == *out)
            break;
    }
    decimal_of(shortest, (size_t)n, &other);
    return same_decimal(d, &other);
}

#if LDBL_MANT_DIG == 64 && defined(__SIZEOF_INT128__)

__extension__ typedef unsigned __int128 wide;

static const uint64_t tens[] = {1,
                                10,
                                100,
                                1000,
                                10000,
                                100000,
                                1000000,
                                10000000,
                                100000000,
                                1000000000,
                                10000000000,
                                100000000000,
                                1000000000000,
                                10000000000000,
                                100000000000000,
                                1000000000000000,
                                10000000000000000,
                                100000000000000000,
                                1000000000000000000};

/* digits / 10^places, correctly rounded; false when it is too near a tie. */
static bool
quotient(uint64_t digits, int places, double *out)
{
    long double q = (long double)digits / (long double)tens[places];
    uint64_t mantissa;

    memcpy(&mantissa, &q, sizeof(mantissa));
    mantissa &= 0x7FF; /* what binary64 cannot hold */
    *out = (double)q;
    return mantissa < 0x3FF || mantissa > 0x401;
}

/* Does `digits` / 10^places read back as m * 2^-shift? */
static bool
reads_back(uint64_t digits, int places, uint64_t m, int shift)
{
    wide x = (wide)digits << (shift + 1);
    wide low = (wide)(2 * m - 1) * tens[places];
    wide high = (wide)(2 * m + 1) * tens[places];

    return m % 2 == 0 ? x >= low && x <= high : x > low && x < high;
}

/* The value of a number of 16 or 17 digits; false: not decided here. */
static bool
value_by_quotient(const struct decimal *d, double *out)
{
    return d->power < 0 && d->power >= -18 &&
           quotient(d->digits, -d->power, out);
}

/* 1 or 0 for such a number, whose value is `x`; -1: not decided here. */
static int
comparable_by_interval(const struct decimal *d, double value)
{
    int places = -d->power, shift;
    uint64_t m, less;
    wide x, y, distance;

    memcpy(&m, &value, sizeof(m));
    shift = 1075 - (int)(m >> 52);
    m = (m & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    if (shift < 0 || shift > 68 || m == (uint64_t)1 << 52)
        return -1;
    less = d->digits / 10;
    if (reads_back(less, places - 1, m, shift) ||
        reads_back(less + 1, places - 1, m, shift))
        return 0;
    x = (wide)d->digits << shift;
    y = (wide)m * tens[places];
    distance = x > y ? x - y : y - x;
    if (2 * distance == (wide)1 << shift)
        return -1;
    return 2 * distance < (wide)1 << shift;
}

#else

static bool
value_by_quotient(const struct decimal *d, double *out)
{
    (void)d;
    (void)out;
    return false;
}

static int
comparable_by_interval(const struct decimal *d, double value)
{
    (void)d;
    (void)value;
    return -1;
}

#endif

/* True when the value alone is enough: what is left is comparable or not. */
static bool
value_of(const struct decimal *d, double *out)
{
    static const double exact[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    if (d->count <= SURE_DIGITS && d->power >= -22 && d->power <= 22)
        *out = d->power < 0 ? (double)d->digits / exact[-d->power]
                            : (double)d->digits * exact[d->power];
    else if (d->count <= SURE_DIGITS || !value_by_quotient(d, out))
        return false;
    return true;
}

bool
number_comparable(const struct pav_doc *v, double *out)
{
    struct decimal d;
    int verdict = 1;

    if (v->kind != PAV_NUMBER)
        return false;
    decimal_of(v->text, v->len, &d);
    if (d.count > MAX_DIGITS)
        return false;
    if (!value_of(&d, out))
        return comparable_by_printing(v->text, v->len, &d, out);
    if (d.count > SURE_DIGITS)
        verdict = comparable_by_interval(&d, *out);
    if (verdict < 0)
        return comparable_by_printing(v->text, v->len, &d, out);
    if (d.negative)
        *out = -*out;
    return verdict == 1;
}

bool
number_value(const struct pav_doc *v, double *out, bool *sure)
{
    struct decimal d;

    decimal_of(v->text, v->len, &d);
    if (d.count > MAX_DIGITS)
        return false;
    *sure = d.count <= SURE_DIGITS;
    if (!value_of(&d, out)) {
        *sure = true;
        return comparable_by_printing(v->text, v->len, &d, out);
    }
    if (d.negative)
        *out = -*out;
    return true;
}
