/* Moments as people read them: see when.h. */
#include "when.h"

#include <string.h>

#include "pavane/text.h"
#include "choices.h"

#define ZONE_LEN 64

struct civil {
    int64_t year;
    int month, day, weekday; /* from 1; 0 is Sunday */
    int hour, minute, second, ms;
};

void
when_begin(struct when *w, struct pav_query *q)
{
    const char *name = choice_of(q, ZONE_COOKIE);
    struct pav_err err;

    *w = (struct when){.name = "UTC", .now_ms = q->now_ms};
    if (name != NULL && strlen(name) < ZONE_LEN &&
        pav_zone_load(name, &w->zone, &err) == PAV_OK)
        w->name = name;
}

void
when_end(struct when *w)
{
    pav_zone_free(w->zone);
}

static struct civil
civil_of(const struct when *w, int64_t ms)
{
    struct civil c;
    int64_t utc = ms >= 0 ? ms / 1000 : (ms - 999) / 1000;
    int64_t s = pav_zone_local(w->zone, utc);
    int64_t days = s >= 0 ? s / 86400 : (s - 86399) / 86400;
    int of_day = (int)(s - days * 86400);

    pav_civil_from_days(days, &c.year, &c.month, &c.day);
    c.weekday = (int)(((days + 4) % 7 + 7) % 7);
    c.hour = of_day / 3600;
    c.minute = of_day / 60 % 60;
    c.second = of_day % 60;
    c.ms = (int)(ms - utc * 1000);
    return c;
}

void
when_words(const struct when *w, int64_t ms, struct pav_buf *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    struct civil c = civil_of(w, ms), now = civil_of(w, w->now_ms);

    if (c.year == now.year && c.month == now.month && c.day == now.day)
        pav_buf_printf(out, "%02d:%02d:%02d", c.hour, c.minute, c.second);
    else if (c.year == now.year)
        pav_buf_printf(out, "%.3s %d %.3s %02d:%02d", weekdays + c.weekday * 3,
                       c.day, months + (c.month - 1) * 3, c.hour, c.minute);
    else
        pav_buf_printf(out, "%d %.3s %lld %02d:%02d", c.day,
                       months + (c.month - 1) * 3, (long long)c.year, c.hour,
                       c.minute);
}

void
when_exact(const struct when *w, int64_t ms, struct pav_buf *out)
{
    struct civil c = civil_of(w, ms);

    pav_buf_printf(out, "%04lld-%02d-%02d %02d:%02d:%02d.%03d",
                   (long long)c.year, c.month, c.day, c.hour, c.minute,
                   c.second, c.ms);
}

void
when_element(const struct when *w, int64_t ms, bool exact, struct pav_buf *out)
{
    char utc[PAV_TIME_LEN];

    pav_time_format(ms, utc);
    pav_buf_printf(out, "<time datetime=\"%s\" title=\"%s\">", utc, utc);
    if (exact)
        when_exact(w, ms, out);
    else
        when_words(w, ms, out);
    pav_buf_puts(out, "</time>");
}
