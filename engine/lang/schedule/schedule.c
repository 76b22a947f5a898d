/* Schedule expressions: see pavane/schedule.h. */
#include "pavane/schedule.h"

#include <stdio.h>
#include <string.h>

#include "pavane/text.h"

#define FIRST_YEAR 1970
#define LAST_YEAR  2199
#define MAX_TEXT   256
#define DAY        86400

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY",
                                          "JUN", "JUL", "AUG", "SEP", "OCT",
                                          "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED",
                                            "THU", "FRI", "SAT", NULL};

static enum pav_rc
refuse(struct pav_err *err, const char *what, const char *text)
{
    return pav_fail(err, PAV_INVALID, "ScheduleExpression", "%s: '%s'", what,
                    text);
}

/* ---- rate ---- */

static enum pav_rc
rate_parse(const char *p, struct pav_schedule *out, struct pav_err *err)
{
    static const struct {
        const char *one, *many;
        int64_t ms;
    } units[] = {{"minute)", "minutes)", 60000},
                 {"hour)", "hours)", 3600000},
                 {"day)", "days)", 86400000}};
    const char *digits = p;
    int64_t n = 0;
    size_t i;

    for (; *p >= '0' && *p <= '9' && n < 100000000; p++)
        n = n * 10 + (*p - '0');
    if (p == digits || n == 0 || *p != ' ')
        return refuse(err, "a rate is a whole number above 0, a blank, a unit",
                      digits);
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(p + 1, n == 1 ? units[i].one : units[i].many) == 0) {
            out->kind = PAV_SCHEDULE_RATE;
            out->every_ms = n * units[i].ms;
            return PAV_OK;
        }
    return refuse(err,
                  "the unit of a rate is minute, hour or day for 1, and "
                  "minutes, hours or days above",
                  digits);
}

/* ---- at ---- */

static int
month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};

    return lengths[month - 1] +
           (month == 2 &&
            ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
}

static enum pav_rc
at_parse(const char *p, struct pav_schedule *out, struct pav_err *err)
{
    int y, mo, d, h, mi, s, n = 0;

    if (strlen(p) != 20 || strspn(p, "0123456789-T:)") != 20 ||
        sscanf(p, "%4d-%2d-%2dT%2d:%2d:%2d)%n", &y, &mo, &d, &h, &mi, &s, &n) !=
            6 ||
        n != 20 || y < FIRST_YEAR || mo < 1 || mo > 12 || d < 1 ||
        d > month_length(y, mo) || h > 23 || mi > 59 || s > 59)
        return refuse(err, "at(yyyy-mm-ddThh:mm:ss) is expected", p);
    out->kind = PAV_SCHEDULE_AT;
    out->at = pav_days_from_civil(y, mo, d) * DAY + h * 3600 + mi * 60 + s;
    return PAV_OK;
}

/* ---- cron ---- */

struct field {
    const char *p, *end;
    int low, high;
    const char *const *names; /* of low, low + 1, ... */
    uint64_t *bits;           /* of low, in words of 64 */
};

static bool
read_value(struct field *f, int *out)
{
    const char *start = f->p;
    int i;

    for (*out = 0; f->p < f->end && *f->p >= '0' && *f->p <= '9' && *out < 9999;
         f->p++)
        *out = *out * 10 + (*f->p - '0');
    if (f->p > start)
        return *out >= f->low && *out <= f->high;
    for (i = 0; f->names != NULL && f->names[i] != NULL; i++)
        if (f->end - f->p >= 3 && strncmp(f->p, f->names[i], 3) == 0) {
            f->p += 3;
            *out = f->low + i;
            return true;
        }
    return false;
}

static void
set_bit(struct field *f, int value)
{
    int i = value - f->low;

    f->bits[i / 64] |= (uint64_t)1 << i % 64;
}

/* "*", "a", "a-b", each perhaps with "/step". */
static bool
read_part(struct field *f)
{
    int from, to, step = 1, v;
    bool ranged = true;

    if (f->p < f->end && *f->p == '*') {
        f->p++;
        from = f->low;
        to = f->high;
    } else {
        if (!read_value(f, &from))
            return false;
        to = from;
        ranged = f->p < f->end && *f->p == '-';
        if (ranged) {
            f->p++;
            if (!read_value(f, &to))
                return false;
        }
    }
    if (f->p < f->end && *f->p == '/') {
        struct field number = {f->p + 1, f->end, 1, f->high, NULL, NULL};

        if (!read_value(&number, &step))
            return false;
        f->p = number.p;
        if (!ranged)
            to = f->high;
    }
    for (v = from;; v += step) {
        if (from <= to ? v > to : v > to + f->high - f->low + 1)
            break;
        set_bit(f, v > f->high ? v - f->high + f->low - 1 : v);
    }
    return true;
}

static bool
read_list(struct field *f)
{
    if (f->p == f->end)
        return false;
    for (;;) {
        if (!read_part(f))
            return false;
        if (f->p == f->end)
            return true;
        if (*f->p++ != ',')
            return false;
    }
}

static bool
is_text(const struct field *f, const char *text)
{
    return (size_t)(f->end - f->p) == strlen(text) &&
           memcmp(f->p, text, strlen(text)) == 0;
}

static bool
read_month_day(struct field *f, struct pav_schedule *s)
{
    struct field copy = *f;
    uint64_t bits = 0;
    int n;

    f->bits = &bits;
    if (is_text(f, "L")) {
        s->last_offset = 0;
        return true;
    }
    if (is_text(f, "LW")) {
        s->nearest = 32;
        return true;
    }
    if (f->end - f->p > 2 && f->p[0] == 'L' && f->p[1] == '-') {
        copy.p += 2;
        copy.low = 1;
        copy.high = 30;
        return read_value(&copy, &s->last_offset) && copy.p == copy.end;
    }
    if (f->end[-1] == 'W') {
        copy.end--;
        return read_value(&copy, &n) && copy.p == copy.end &&
               (s->nearest = n) > 0;
    }
    if (!read_list(f))
        return false;
    s->days = (uint32_t)bits << 1;
    return true;
}

static bool
read_weekday(struct field *f, struct pav_schedule *s)
{
    const char *mark = memchr(f->p, '#', (size_t)(f->end - f->p));
    struct field copy = *f;
    uint64_t bits = 0;

    f->bits = &bits;
    if (is_text(f, "L")) {
        s->weekdays = 1u << 7;
        return true;
    }
    if (mark != NULL) {
        copy.end = mark;
        if (!read_value(&copy, &s->nth_weekday) || copy.p != mark)
            return false;
        copy.p = mark + 1;
        copy.end = f->end;
        copy.low = 1;
        copy.high = 5;
        copy.names = NULL;
        return read_value(&copy, &s->nth) && copy.p == copy.end;
    }
    if (f->end[-1] == 'L') {
        copy.end--;
        return read_value(&copy, &s->last_weekday) && copy.p == copy.end;
    }
    if (!read_list(f))
        return false;
    s->weekdays = (uint32_t)bits << 1;
    return true;
}

static enum pav_rc
cron_parse(const char *p, struct pav_schedule *s, struct pav_err *err)
{
    struct field f[6];
    uint64_t minutes = 0, hours = 0, months = 0;
    const char *text = p;
    int i;

    s->kind = PAV_SCHEDULE_CRON;
    s->last_offset = -1;
    for (i = 0; i < 6; i++) {
        static const int lows[] = {0, 0, 1, 1, 1, FIRST_YEAR};
        static const int highs[] = {59, 23, 31, 12, 7, LAST_YEAR};

        f[i].p = p;
        p += strcspn(p, " )");
        f[i].end = p;
        f[i].low = lows[i];
        f[i].high = highs[i];
        f[i].names = i == 3 ? month_names : i == 4 ? weekday_names : NULL;
        if (f[i].p == p || *p != (i == 5 ? ')' : ' '))
            return refuse(err, "cron has six fields, a blank between them",
                          text);
        while (*p == ' ')
            p++;
    }
    if (strcmp(p, ")") != 0)
        return refuse(err, "unexpected text after the )", text);
    f[0].bits = &minutes;
    f[1].bits = &hours;
    f[3].bits = &months;
    f[5].bits = s->years;
    if (!read_list(&f[0]) || !read_list(&f[1]) || !read_list(&f[3]) ||
        !read_list(&f[5]))
        return refuse(err, "minutes, hours, month or year are not right", text);
    s->minutes = minutes;
    s->hours = (uint32_t)hours;
    s->months = (uint32_t)months << 1;
    s->by_weekday = is_text(&f[2], "?");
    if (s->by_weekday == is_text(&f[4], "?"))
        return refuse(err, "exactly one of the two day fields is ?", text);
    if (s->by_weekday ? !read_weekday(&f[4], s) : !read_month_day(&f[2], s))
        return refuse(err, "the day is not right", text);
    return PAV_OK;
}

enum pav_rc
pav_schedule_parse(const char *text, struct pav_schedule *out,
                   struct pav_err *err)
{
    memset(out, 0, sizeof(*out));
    if (strlen(text) <= MAX_TEXT) {
        if (strncmp(text, "rate(", 5) == 0)
            return rate_parse(text + 5, out, err);
        if (strncmp(text, "cron(", 5) == 0)
            return cron_parse(text + 5, out, err);
        if (strncmp(text, "at(", 3) == 0)
            return at_parse(text + 3, out, err);
    }
    return refuse(err, "rate(...), cron(...) or at(...) is expected", text);
}

/* ---- next ---- */

/* 1 is Sunday. */
static int
weekday_of(int year, int month, int day)
{
    return (int)((pav_days_from_civil(year, month, day) + 4) % 7) + 1;
}

/* The weekday nearest to `day`, within its month. */
static int
nearest_weekday(int year, int month, int day)
{
    int length = month_length(year, month), w;

    if (day > length)
        day = length;
    w = weekday_of(year, month, day);
    if (w == 7)
        return day > 1 ? day - 1 : day + 2;
    if (w == 1)
        return day < length ? day + 1 : day - 2;
    return day;
}

static bool
day_fits(const struct pav_schedule *s, int year, int month, int day)
{
    int length = month_length(year, month), w;

    if (!s->by_weekday) {
        if (s->last_offset >= 0)
            return day == length - s->last_offset;
        if (s->nearest > 0)
            return (s->nearest == 32 || s->nearest <= length) &&
                   day == nearest_weekday(year, month, s->nearest);
        return s->days >> day & 1;
    }
    w = weekday_of(year, month, day);
    if (s->nth > 0)
        return w == s->nth_weekday && (day - 1) / 7 == s->nth - 1;
    if (s->last_weekday > 0)
        return w == s->last_weekday && day + 7 > length;
    return s->weekdays >> w & 1;
}

/* Minutes of the day that fit, from `from` on; -1: none. */
static int
minute_from(const struct pav_schedule *s, int from)
{
    int m;

    for (m = from; m < 1440; m++) {
        if ((s->hours >> m / 60 & 1) == 0)
            m = m / 60 * 60 + 59;
        else if (s->minutes >> m % 60 & 1)
            return m;
    }
    return -1;
}

/* Year, month and day of a local time. */
static void
date_of(int64_t local, int *year, int *month, int *day)
{
    int64_t days = local / DAY;

    *year = FIRST_YEAR + (int)(days / 366);
    while (pav_days_from_civil(*year + 1, 1, 1) <= days)
        ++*year;
    for (*month = 1;
         *month < 12 && pav_days_from_civil(*year, *month + 1, 1) <= days;)
        ++*month;
    *day = (int)(days - pav_days_from_civil(*year, *month, 1)) + 1;
}

/* The first local minute at or behind `local` that fits; -1: none. */
static int64_t
cron_from(const struct pav_schedule *s, int64_t local)
{
    int year, month, day, minute = (int)(local % DAY / 60);

    for (date_of(local, &year, &month, &day); year <= LAST_YEAR;
         year++, month = 1, day = 1, minute = 0) {
        int i = year - FIRST_YEAR;

        if ((s->years[i / 64] >> i % 64 & 1) == 0)
            continue;
        for (; month <= 12; month++, day = 1, minute = 0) {
            if ((s->months >> month & 1) == 0)
                continue;
            for (; day <= month_length(year, month); day++, minute = 0) {
                int at =
                    day_fits(s, year, month, day) ? minute_from(s, minute) : -1;

                if (at >= 0)
                    return pav_days_from_civil(year, month, day) * DAY +
                           at * 60;
            }
        }
    }
    return -1;
}

static int64_t
cron_next(const struct pav_schedule *s, const struct pav_zone *z,
          int64_t after_ms)
{
    int64_t after = after_ms / 1000, local = pav_zone_local(z, after), utc;

    if (local < 0)
        local = -60;
    local += 60 - local % 60;
    while ((local = cron_from(s, local)) >= 0) {
        if (pav_zone_utc(z, local, &utc) && utc > after)
            return utc * 1000;
        local += 60;
    }
    return INT64_MAX;
}

int64_t
pav_schedule_next(const struct pav_schedule *s, const struct pav_zone *z,
                  int64_t begin_ms, int64_t after_ms)
{
    int64_t utc;

    switch (s->kind) {
    case PAV_SCHEDULE_RATE:
        if (after_ms < begin_ms)
            return begin_ms;
        return begin_ms +
               ((after_ms - begin_ms) / s->every_ms + 1) * s->every_ms;
    case PAV_SCHEDULE_AT:
        if (!pav_zone_utc(z, s->at, &utc)) /* the clocks go over it */
            return INT64_MAX;
        return utc * 1000 > after_ms ? utc * 1000 : INT64_MAX;
    case PAV_SCHEDULE_CRON:
        return cron_next(s, z, after_ms);
    }
    return INT64_MAX;
}
