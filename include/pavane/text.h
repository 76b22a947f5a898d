/*
 * Text: UTF-8, times, and small conversions.
 *
 * Times are milliseconds since the epoch, UTC.  Source of the time formats:
 * RFC 3339 for what Pavane writes; for what it reads, the ISO 8601 extended
 * offset date-time that Step Functions asks for (uppercase T, Z or +hh:mm, any
 * number of fraction digits).
 */
#ifndef PAVANE_TEXT_H
#define PAVANE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at `p`, 0 when it is not UTF-8. */
size_t pav_utf8_len(const char *p, const char *end);
/*
 * How many bytes at `p` are plain in JSON: printable ASCII without quote and
 * backslash.  Looks at eight at a time; may stop early.
 */
static inline size_t
pav_plain_bytes(const char *p, size_t len)
{
    const uint64_t ones = 0x0101010101010101u, highs = ones << 7;
    size_t n = 0;

    while (len - n >= 8) {
        uint64_t x, quote, slash, odd;

        memcpy(&x, p + n, 8);
        quote = x ^ (ones * '"');
        slash = x ^ (ones * '\\');
        odd = ((x - ones * 0x20) | x | ((quote - ones) & ~quote) |
               ((slash - ones) & ~slash)) &
              highs;
        if (odd != 0)
            return n + (size_t)(__builtin_ctzll(odd) / 8);
        n += 8;
    }
    return n;
}
/* Write a code point (surrogates too, as three bytes); returns the bytes. */
size_t pav_utf8_put(char *out, uint32_t code);
/* The code point at `p` and its length; `p` is valid UTF-8. */
uint32_t pav_utf8_get(const char *p, size_t *len);
size_t pav_utf8_count(const char *s, size_t len);
/* How much of a text is at most so many bytes of whole characters. */
size_t pav_utf8_cut(const char *p, size_t len, size_t most);

/* The value of a hexadecimal digit, of `count` of them; -1: there are none. */
int pav_hex_digit(int c);
int pav_hex(const char *p, const char *end, int count);

/* The full upper and lower forms of a character (case.c); how many code points
 * they have. */
uint32_t pav_char_upper(uint32_t code, uint32_t out[3]);
uint32_t pav_char_lower(uint32_t code, uint32_t out[3]);

/* A whole number's digits, at the end of `digits`: from what is returned on. */
#define PAV_INT_LEN 20
const char *pav_int_text(int64_t n, char digits[PAV_INT_LEN]);

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
int64_t pav_days_from_civil(int64_t year, int month, int day);
void pav_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

#define PAV_TIME_LEN 25 /* "2026-11-24T10:12:13.456Z" and its NUL */

/* RFC 3339 with milliseconds and Z. */
const char *pav_time_format(int64_t ms, char out[PAV_TIME_LEN]);
bool pav_time_parse(const char *s, size_t len, int64_t *ms);
/* -1, 0, 1 by all digits of the fractions; false when one is no time. */
bool pav_time_cmp(const char *x, size_t x_len, const char *y, size_t y_len,
                  int *out);

/* "3 h 4 min", for people. */
const char *pav_time_span(int64_t ms, char *out, size_t len);

/*
 * The word of the list (it ends with NULL) that was probably meant: at most two
 * letters other, more or fewer; NULL when none is near.
 */
const char *pav_text_near(const char *word, const char *const *list);
/* The same, and how many letters. */
const char *
pav_text_nearest(const char *word, const char *const *list, size_t *far);

/* The shortest text that reads back as the number, as JavaScript writes it;
 * returns its length.  Not for NaN and infinite ones. */
#define PAV_DOUBLE_LEN 32
size_t pav_double_text(double n, char out[PAV_DOUBLE_LEN]);

/* Digits only, whole text; false when it does not fit. */
bool pav_parse_int(const char *s, size_t len, int64_t *out);

#endif
