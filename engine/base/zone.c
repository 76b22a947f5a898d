/*
 * Time zones: see pavane/zone.h.
 *
 * Read are the 64-bit transitions of a TZif file and the rule in its footer,
 * which holds behind the last of them ("CET-1CEST,M3.5.0,M10.5.0/3").
 */
#include "pavane/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "pavane/mem.h"
#include "pavane/text.h"

#define FOLDER   "/usr/share/zoneinfo"
#define MAX_FILE (1 << 20)
#define DAY      86400

/* When the clocks change, within a year: a week of a month, or a day. */
struct change {
    char kind; /* 'M', 'J' or 'D' */
    int month, week, day;
    int64_t at; /* seconds into that day */
};

struct pav_zone {
    uint32_t count, types;
    int64_t *transitions;
    uint8_t *type_of;
    int32_t *offsets; /* of each type */
    /* behind the last transition */
    bool has_rule, has_summer;
    int32_t winter, summer;
    struct change begins, ends; /* summer */
};

/* ---- the footer ---- */

static const char *
zone_word(const char *p)
{
    if (*p == '<') {
        p = strchr(p, '>');
        return p == NULL ? NULL : p + 1;
    }
    while (isalpha((unsigned char)*p))
        p++;
    return p;
}

/* [+-]h[:m[:s]] */
static const char *
zone_hours(const char *p, int64_t *out)
{
    int64_t sign = *p == '-' ? -1 : 1, unit = 3600, n;

    if (*p == '+' || *p == '-')
        p++;
    for (*out = 0; isdigit((unsigned char)*p); unit /= 60) {
        for (n = 0; isdigit((unsigned char)*p) && n < 1000; p++)
            n = n * 10 + (*p - '0');
        *out += n * unit;
        if (*p != ':' || unit == 1)
            break;
        p++;
    }
    *out *= sign;
    return p;
}

static const char *
zone_change(const char *p, struct change *c)
{
    int n = 0;

    memset(c, 0, sizeof(*c));
    c->at = 7200;
    if (*p++ != ',')
        return NULL;
    if (sscanf(p, "M%d.%d.%d%n", &c->month, &c->week, &c->day, &n) == 3)
        c->kind = 'M';
    else if (sscanf(p, "J%d%n", &c->day, &n) == 1)
        c->kind = 'J';
    else if (sscanf(p, "%d%n", &c->day, &n) == 1)
        c->kind = 'D';
    else
        return NULL;
    p += n;
    return *p == '/' ? zone_hours(p + 1, &c->at) : p;
}

static void
zone_footer(struct pav_zone *z, const char *text)
{
    const char *p = zone_word(text);
    int64_t hours;

    if (p == NULL || p == text)
        return;
    p = zone_hours(p, &hours);
    z->has_rule = true;
    z->winter = (int32_t)-hours;
    if (*p == '\0')
        return;
    p = zone_word(p);
    if (p == NULL)
        return;
    z->summer = z->winter + 3600;
    if (*p != ',' && *p != '\0') {
        p = zone_hours(p, &hours);
        z->summer = (int32_t)-hours;
    }
    p = zone_change(p, &z->begins);
    if (p != NULL)
        p = zone_change(p, &z->ends);
    z->has_summer = p != NULL;
}

/* ---- the file ---- */

static uint32_t
be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static int64_t
be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct header {
    uint32_t utc, standard, leaps, times, types, letters;
};

static bool
read_header(const unsigned char *p, size_t len, struct header *h)
{
    if (len < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    h->utc = be32(p + 20);
    h->standard = be32(p + 24);
    h->leaps = be32(p + 28);
    h->times = be32(p + 32);
    h->types = be32(p + 36);
    h->letters = be32(p + 40);
    return h->times < 10000 && h->types > 0 && h->types < 256 &&
           h->letters < 10000 && h->leaps < 1000 && h->utc < 256 &&
           h->standard < 256;
}

static size_t
body_len(const struct header *h, size_t time)
{
    return h->times * time + h->times + h->types * 6 + h->letters +
           h->leaps * (time + 4) + h->standard + h->utc;
}

static bool
read_zone(struct pav_zone *z, const unsigned char *p, size_t len)
{
    struct header h;
    size_t skip, body;
    uint32_t i;

    if (!read_header(p, len, &h) || p[4] < '2')
        return false;
    skip = 44 + body_len(&h, 4); /* the 32-bit block */
    if (skip > len || !read_header(p + skip, len - skip, &h))
        return false;
    p += skip + 44;
    len -= skip + 44;
    body = body_len(&h, 8);
    if (body > len)
        return false;
    z->count = h.times;
    z->types = h.types;
    z->transitions = pav_xcalloc(h.times + 1, sizeof(*z->transitions));
    z->type_of = pav_xcalloc(h.times + 1, 1);
    z->offsets = pav_xcalloc(h.types, sizeof(*z->offsets));
    for (i = 0; i < h.times; i++) {
        z->transitions[i] = be64(p + i * 8);
        z->type_of[i] = p[h.times * 8 + i];
        if (z->type_of[i] >= h.types)
            return false;
    }
    for (i = 0; i < h.types; i++)
        z->offsets[i] = (int32_t)be32(p + h.times * 9 + i * 6);
    if (len > body + 2 && p[body] == '\n') {
        char *footer = pav_xmalloc(len - body);
        size_t n = len - body - 1;

        memcpy(footer, p + body + 1, n);
        footer[n] = '\0';
        footer[strcspn(footer, "\n")] = '\0';
        zone_footer(z, footer);
        free(footer);
    }
    return true;
}

enum pav_rc
pav_zone_load(const char *name, struct pav_zone **out, struct pav_err *err)
{
    struct pav_zone *z;
    char path[256], *text = NULL;
    struct pav_err why;
    size_t len;
    bool read;

    /* Names are words of letters between slashes: no way out of the folder. */
    if (*name == '\0' || strlen(name) > 100 || strstr(name, "..") != NULL ||
        *name == '/' ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789_+-/") != strlen(name))
        return pav_fail(err, PAV_INVALID, name, "there is no time zone '%s'",
                        name);
    snprintf(path, sizeof(path), FOLDER "/%s", name);
    if (pav_file_read(path, MAX_FILE, &text, &len, &why) != PAV_OK)
        return pav_fail(
            err, PAV_INVALID, name,
            "there is no time zone '%s' in " FOLDER " (package tzdata)", name);
    z = pav_xcalloc(1, sizeof(*z));
    read = read_zone(z, (const unsigned char *)text, len);
    free(text);
    if (!read) {
        pav_zone_free(z);
        return pav_fail(err, PAV_INVALID, name, "'%s' is no time zone", name);
    }
    *out = z;
    return PAV_OK;
}

void
pav_zone_free(struct pav_zone *z)
{
    if (z == NULL)
        return;
    free(z->transitions);
    free(z->type_of);
    free(z->offsets);
    free(z);
}

/* ---- asking ---- */

static bool
is_leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Local seconds at which a change comes, by the clock before it. */
static int64_t
change_at(const struct change *c, int64_t year)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    int64_t first, day;
    int length;

    if (c->kind == 'J') /* 29 February is never counted */
        return (pav_days_from_civil(year, 1, 1) + c->day - 1 +
                (is_leap(year) && c->day > 59)) *
                   DAY +
               c->at;
    if (c->kind == 'D')
        return (pav_days_from_civil(year, 1, 1) + c->day) * DAY + c->at;
    first = pav_days_from_civil(year, c->month, 1);
    length = lengths[c->month - 1] + (c->month == 2 && is_leap(year));
    day = (c->day - (first + 4) % 7 + 7) % 7 + (c->week - 1) * 7;
    while (day >= length)
        day -= 7;
    return (first + day) * DAY + c->at;
}

static int64_t
year_of(int64_t local)
{
    int64_t days = (local >= 0 ? local : local - DAY + 1) / DAY;
    int64_t year = 1970 + days / 366;

    while (pav_days_from_civil(year + 1, 1, 1) <= days)
        year++;
    while (pav_days_from_civil(year, 1, 1) > days)
        year--;
    return year;
}

static int32_t
rule_offset(const struct pav_zone *z, int64_t utc)
{
    int64_t year, begins, ends;

    if (!z->has_summer)
        return z->winter;
    year = year_of(utc + z->winter);
    begins = change_at(&z->begins, year) - z->winter;
    ends = change_at(&z->ends, year) - z->summer;
    if (begins < ends)
        return utc >= begins && utc < ends ? z->summer : z->winter;
    return utc >= ends && utc < begins ? z->winter : z->summer;
}

static int32_t
offset_at(const struct pav_zone *z, int64_t utc)
{
    uint32_t low = 0, high = z->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (z->transitions[middle] <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->has_rule)
        return rule_offset(z, utc);
    return z->offsets[low == 0 ? 0 : z->type_of[low - 1]];
}

int64_t
pav_zone_local(const struct pav_zone *z, int64_t utc)
{
    return z == NULL ? utc : utc + offset_at(z, utc);
}

bool
pav_zone_utc(const struct pav_zone *z, int64_t local, int64_t *utc)
{
    int32_t offsets[2];
    int i;

    *utc = local;
    if (z == NULL)
        return true;
    /* No zone is more than a day away: the offsets before and behind. */
    offsets[0] = offset_at(z, local - DAY);
    offsets[1] = offset_at(z, local + DAY);
    for (i = 0; i < 2; i++) {
        *utc = local - offsets[i];
        if (pav_zone_local(z, *utc) == local)
            return true;
    }
    return false;
}
