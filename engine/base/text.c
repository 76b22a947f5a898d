/* Text: see pavane/text.h. */
#include "pavane/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t
pav_utf8_len(const char *s, const char *end)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t left = (size_t)(end - s);

    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return left >= 2 && (p[1] & 0xC0) == 0x80 ? 2 : 0;
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if (left < 3 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return 0;
        if (p[0] == 0xE0 && p[1] < 0xA0)
            return 0;
        return p[0] == 0xED && p[1] >= 0xA0 ? 0 : 3;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if (left < 4 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80 ||
            (p[3] & 0xC0) != 0x80)
            return 0;
        if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
            return 0;
        return 4;
    }
    return 0;
}

size_t
pav_utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

uint32_t
pav_utf8_get(const char *s, size_t *len)
{
    const unsigned char *p = (const unsigned char *)s;

    if (p[0] < 0x80) {
        *len = 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *len = 2;
        return ((p[0] & 0x1Fu) << 6) | (p[1] & 0x3Fu);
    }
    if (p[0] < 0xF0) {
        *len = 3;
        return ((p[0] & 0x0Fu) << 12) | ((p[1] & 0x3Fu) << 6) | (p[2] & 0x3Fu);
    }
    *len = 4;
    return ((p[0] & 0x07u) << 18) | ((p[1] & 0x3Fu) << 12) |
           ((p[2] & 0x3Fu) << 6) | (p[3] & 0x3Fu);
}

size_t
pav_utf8_cut(const char *p, size_t len, size_t most)
{
    if (len <= most)
        return len;
    while (most > 0 && ((unsigned char)p[most] & 0xc0) == 0x80)
        most--;
    return most;
}

size_t
pav_utf8_count(const char *s, size_t len)
{
    size_t i, n = 0;

    for (i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

const char *
pav_int_text(int64_t n, char digits[PAV_INT_LEN])
{
    char *p = digits + PAV_INT_LEN;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u != 0);
    if (n < 0)
        *--p = '-';
    return p;
}

/* ---- times; civil-day arithmetic, proleptic Gregorian ---- */

int64_t
pav_days_from_civil(int64_t y, int m, int d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

#define DAY_MS    86400000
#define FIRST_DAY (-719528) /* of the year 0 */
#define LAST_DAY  2932896   /* of the year 9999 */

void
pav_civil_from_days(int64_t days, int64_t *y, int *m, int *d)
{
    int64_t from_march = days + 719468;
    int64_t era = (from_march >= 0 ? from_march : from_march - 146096) / 146097;
    int64_t doe = from_march - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = (int)(doe - (365 * yoe + yoe / 4 - yoe / 100));
    int month = (5 * doy + 2) / 153; /* from March on */

    *d = doy - (153 * month + 2) / 5 + 1;
    *m = month < 10 ? month + 3 : month - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

static void
put_digits(char *out, int count, int value)
{
    while (count-- > 0) {
        out[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

const char *
pav_time_format(int64_t ms, char out[PAV_TIME_LEN])
{
    static const char form[] = "yyyy-mm-ddThh:mm:ss.mmmZ";
    int64_t days = ms / DAY_MS, y;
    int m, d, part = (int)(ms % DAY_MS);

    if (part < 0) {
        part += DAY_MS;
        days--;
    }
    if (days < FIRST_DAY || days > LAST_DAY)
        return strcpy(out, "9999-12-31T23:59:59.999Z");
    pav_civil_from_days(days, &y, &m, &d);
    memcpy(out, form, sizeof(form));
    put_digits(out, 4, (int)y);
    put_digits(out + 5, 2, m);
    put_digits(out + 8, 2, d);
    put_digits(out + 11, 2, part / 3600000);
    put_digits(out + 14, 2, part / 60000 % 60);
    put_digits(out + 17, 2, part / 1000 % 60);
    put_digits(out + 20, 3, part % 1000);
    return out;
}

static bool
two(const char *p, int *out)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return true;
}

static bool
zone(const char *p, const char *end, int64_t *offset_s)
{
    int h, m;

    *offset_s = 0;
    if (end - p == 1 && *p == 'Z')
        return true;
    if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':' ||
        !two(p + 1, &h) || !two(p + 4, &m) || h > 18 || m > 59)
        return false;
    *offset_s = (h * 60 + m) * 60 * (*p == '-' ? -1 : 1);
    return true;
}

bool
pav_time_parse(const char *s, size_t len, int64_t *ms)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31};
    const char *end = s + len, *p;
    int century, year, month, day, hour, minute, second, scale = 100;
    int64_t fraction = 0, offset;

    if (len < 20 || !two(s, &century) || !two(s + 2, &year) || s[4] != '-' ||
        !two(s + 5, &month) || s[7] != '-' || !two(s + 8, &day) ||
        s[10] != 'T' || !two(s + 11, &hour) || s[13] != ':' ||
        !two(s + 14, &minute) || s[16] != ':' || !two(s + 17, &second))
        return false;
    year += century * 100;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1] ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    if (month == 2 && day == 29 &&
        (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    p = s + 19;
    if (*p == '.') {
        const char *digits = ++p;

        for (; p < end && *p >= '0' && *p <= '9'; p++, scale /= 10)
            fraction += (*p - '0') * scale;
        if (p == digits)
            return false;
    }
    if (!zone(p, end, &offset))
        return false;
    *ms = ((pav_days_from_civil(year, month, day) * 24 + hour) * 60 + minute) *
              60000 +
          second * 1000 + fraction - offset * 1000;
    return true;
}

/* The n-th digit behind the point of a time, 0 behind the last. */
static int
fraction_digit(const char *s, size_t len, size_t n)
{
    size_t i;

    for (i = 20; s[19] == '.' && i <= 20 + n; i++)
        if (i >= len || s[i] < '0' || s[i] > '9')
            return 0;
    return s[19] == '.' ? s[20 + n] - '0' : 0;
}

bool
pav_time_cmp(const char *x, size_t x_len, const char *y, size_t y_len, int *out)
{
    int64_t a, b;
    size_t i, max = x_len > y_len ? x_len : y_len;

    if (!pav_time_parse(x, x_len, &a) || !pav_time_parse(y, y_len, &b))
        return false;
    *out = a < b ? -1 : a > b;
    for (i = 3; *out == 0 && i < max; i++) {
        int c = fraction_digit(x, x_len, i), d = fraction_digit(y, y_len, i);

        *out = c < d ? -1 : c > d;
    }
    return true;
}

const char *
pav_time_span(int64_t ms, char *out, size_t len)
{
    int64_t s = ms < 0 ? 0 : ms / 1000;

    if (ms < 1000)
        snprintf(out, len, "%d ms", ms < 0 ? 0 : (int)ms);
    else if (s < 60)
        snprintf(out, len, "%d s", (int)s);
    else if (s < 3600)
        snprintf(out, len, "%d min", (int)(s / 60));
    else if (s < 86400)
        snprintf(out, len, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
    else
        snprintf(out, len, "%lld d %d h", (long long)(s / 86400),
                 (int)(s / 3600 % 24));
    return out;
}

#define NEAR_MAX 64 /* longer words are not compared */

/* Letters to change, add or drop, and neighbours to swap, to get from x to y.
 */
static size_t
distance(const char *x, const char *y)
{
    size_t rows[3][NEAR_MAX + 1], n = strlen(x), m = strlen(y), i, j;

    for (j = 0; j <= m; j++)
        rows[0][j] = j;
    for (i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3];

        now[0] = i;
        for (j = 1; j <= m; j++) {
            size_t min = before[j - 1] + (x[i - 1] != y[j - 1]);

            if (before[j] + 1 < min)
                min = before[j] + 1;
            if (now[j - 1] + 1 < min)
                min = now[j - 1] + 1;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] &&
                x[i - 2] == y[j - 1] && rows[(i + 1) % 3][j - 2] + 1 < min)
                min = rows[(i + 1) % 3][j - 2] + 1;
            now[j] = min;
        }
    }
    return rows[n % 3][m];
}

const char *
pav_text_nearest(const char *word, const char *const *list, size_t *far)
{
    size_t len = strlen(word);
    const char *near = NULL;

    *far = len < 4 ? 2 : 3;
    if (len > NEAR_MAX)
        return NULL;
    for (; *list != NULL; list++) {
        size_t other = strlen(*list), now;

        if (other > NEAR_MAX || other > len + 2 || len > other + 2)
            continue;
        now = distance(word, *list);
        if (now < *far) {
            *far = now;
            near = *list;
        }
    }
    return near;
}

const char *
pav_text_near(const char *word, const char *const *list)
{
    size_t far;

    return pav_text_nearest(word, list, &far);
}

bool
pav_parse_int(const char *s, size_t len, int64_t *out)
{
    int64_t v = 0;
    size_t i;

    if (len == 0 || len > 18)
        return false;
    for (i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (s[i] - '0');
    }
    *out = v;
    return true;
}

/* ---- numbers ---- */

/* The digits without zeros at their end, and where the point stands: 0.DIGITS
 * times ten to the power of it. */
static int
shortest_digits(double n, char digits[20], int *point)
{
    char text[PAV_DOUBLE_LEN];
    int precision, count = 0, i;

    for (precision = 14; precision <= 16; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, n);
        if (strtod(text, NULL) == n)
            break;
    }
    for (i = 0; text[i] != 'e'; i++)
        if (text[i] != '.')
            digits[count++] = text[i];
    *point = atoi(text + i + 1) + 1;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

size_t
pav_double_text(double n, char out[PAV_DOUBLE_LEN])
{
    char digits[20], *w = out;
    int count, point, i;

    if (n == floor(n) && fabs(n) < 1e15)
        return (size_t)snprintf(out, PAV_DOUBLE_LEN, "%" PRId64, (int64_t)n);
    if (n < 0)
        *w++ = '-';
    count = shortest_digits(fabs(n), digits, &point);
    if (point > 21 || point < -5) {
        *w++ = digits[0];
        if (count > 1)
            *w++ = '.';
        memcpy(w, digits + 1, (size_t)count - 1);
        w += count - 1;
        w += sprintf(w, "e%+d", point - 1);
        return (size_t)(w - out);
    }
    if (point <= 0)
        w += sprintf(w, "0.%.*s", -point, "00000");
    for (i = 0; i < count || i < point; i++) {
        *w++ = i < count ? digits[i] : '0';
        if (i + 1 == point && point < count)
            *w++ = '.';
    }
    *w = '\0';
    return (size_t)(w - out);
}

/* ---- hexadecimal digits ---- */

int
pav_hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int
pav_hex(const char *p, const char *end, int count)
{
    int i, v = 0;

    if (end - p < count)
        return -1;
    for (i = 0; i < count; i++) {
        int digit = pav_hex_digit((unsigned char)p[i]);

        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}
