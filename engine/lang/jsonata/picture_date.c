/*
 * $fromMillis, $toMillis, $now, $millis: dates by pictures,
 * "[Y0001]-[M01]-[D01]", and ISO 8601 without one.  Source: XPath and XQuery
 * Functions 3.1, 9.8.4, and what the reference makes of it.  Weeks are ISO's.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/text.h"
#include "functions.h"
#include "picture_int.h"
#include "regex_text.h"

#define TEXT_MAX  (1u << 20)
#define DAY       86400000.0
#define MS_MAX    8.64e15
#define PARTS_MAX 64

static const char *const days[] = {"",          "Monday",   "Tuesday",
                                   "Wednesday", "Thursday", "Friday",
                                   "Saturday",  "Sunday"};
static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

/* ---- dates ---- */

static double
days_of(double year, int month)
{
    return (double)pav_days_from_civil(
        (int64_t)year + (month > 11) - (month < 0), (month + 12) % 12 + 1, 1);
}

struct date {
    double ms, day; /* since 1970; the day's number */
    double year;
    int month, dom; /* from 0; from 1 */
};

static struct date
date_of(double ms)
{
    struct date d = {.ms = ms, .day = floor(ms / DAY)};
    double left;

    d.year = floor(d.day / 365.2425) + 1970;
    while (days_of(d.year, 0) > d.day)
        d.year--;
    while (days_of(d.year + 1, 0) <= d.day)
        d.year++;
    while (d.month < 11 && days_of(d.year, d.month + 1) <= d.day)
        d.month++;
    left = d.day - days_of(d.year, d.month);
    d.dom = (int)left + 1;
    return d;
}

/* 1 Monday to 7 Sunday */
static int
weekday(double day)
{
    int n = (int)fmod(day + 3, 7);

    return (n < 0 ? n + 7 : n) + 1;
}

/* The day on which the first week of the year, or month, begins. */
static double
first_week(double year, int month)
{
    double first = days_of(year, month);
    int on = weekday(first);

    return on > 4 ? first + (8 - on) : first - (on - 1);
}

/* The week in a period of months: its first ones around it are given. */
static double
week_in(double day, double last, double this, double next, double most)
{
    double week = floor((day - this) / 7) + 1;

    if (week > most && day >= next)
        return 1;
    return week < 1 ? floor((day - last) / 7) + 1 : week;
}

/* A part of a date that is a number. */
static double
fragment(const struct date *d, char component)
{
    double in_day = d->ms - d->day * DAY, hour = floor(in_day / 3600000), n;

    switch (component) {
    case 'Y':
        return d->year;
    case 'M':
        return d->month + 1;
    case 'D':
        return d->dom;
    case 'd':
        return d->day - days_of(d->year, 0) + 1;
    case 'F':
        return weekday(d->day);
    case 'W':
        return week_in(d->day, first_week(d->year - 1, 0),
                       first_week(d->year, 0), first_week(d->year + 1, 0), 52);
    case 'w':
        return week_in(d->day, first_week(d->year, d->month - 1),
                       first_week(d->year, d->month),
                       first_week(d->year, d->month + 1), 4);
    case 'X':
        if (d->day < first_week(d->year, 0))
            return d->year - 1;
        return d->day >= first_week(d->year + 1, 0) ? d->year + 1 : d->year;
    case 'x':
        n = d->month;
        if (d->day < first_week(d->year, d->month))
            n--;
        else if (d->day >= first_week(d->year, d->month + 1))
            n++;
        return fmod(n + 12, 12) + 1;
    case 'H':
        return hour;
    case 'h':
        return fmod(hour + 11, 12) + 1;
    case 'm':
        return fmod(floor(in_day / 60000), 60);
    case 's':
        return fmod(floor(in_day / 1000), 60);
    case 'f':
        return fmod(in_day, 1000);
    default:
        return NOT_A_NUMBER;
    }
}

/* ---- pictures ---- */

enum names { NAMES_NONE, NAMES_LOWER, NAMES_UPPER, NAMES_TITLE };

struct date_part {
    struct value literal; /* a text; else a component */
    char component;
    enum names names;
    bool zone_letter; /* a `t`: "Z" for UTC */
    bool has_integer;
    struct integer_picture integer;
    int max_width, digits; /* 0: none; -1: any */
};

struct date_picture {
    struct date_part parts[PARTS_MAX];
    uint32_t count;
};

static const char *
default_presentation(char component)
{
    static const char *const all[] = {
        "Y1", "M1", "D1",  "d1",  "Fn", "W1",     "w1",     "X1", "x1", "H1",
        "h1", "Pn", "m01", "s01", "f1", "Z01:01", "z01:01", "Cn", "En"};
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i][0] == component)
            return all[i] + 1;
    return NULL;
}

/* A literal, `]]` in it as `]`. */
static void
add_literal(struct eval *e, struct date_picture *d, struct value text)
{
    char *copy;
    uint32_t i, len = 0;

    if (text.len == 0 || d->count == PARTS_MAX)
        return;
    copy = pav_arena_alloc(e->arena, text.len + 1);
    for (i = 0; i < text.len; i++) {
        copy[len++] = text.text[i];
        if (text.text[i] == ']' && i + 1 < text.len && text.text[i + 1] == ']')
            i++;
    }
    memset(&d->parts[d->count], 0, sizeof(d->parts[0]));
    d->parts[d->count++].literal = value_string(copy, len);
}

/* "4-4", "*-2", "3": the least and the most; -1: not said. */
static void
read_width(const char *p, size_t len, int *least, int *most)
{
    char text[16];
    char *dash;

    *least = *most = -1;
    if (len >= sizeof(text))
        return;
    memcpy(text, p, len);
    text[len] = '\0';
    dash = strchr(text, '-');
    if (dash != NULL) {
        *dash = '\0';
        if (dash[1] >= '0' && dash[1] <= '9')
            *most = atoi(dash + 1);
    }
    if (text[0] >= '0' && text[0] <= '9')
        *least = atoi(text);
    *least = *least > 1000 ? 1000 : *least;
    *most = *most > 1000 ? 1000 : *most;
}

static bool
read_integer(struct eval *e, struct date_part *p, struct value presentation,
             char modifier, int least)
{
    int width;

    if (modifier != '\0') {
        char *text = pav_arena_alloc(e->arena, presentation.len + 2);

        memcpy(text, presentation.text, presentation.len);
        text[presentation.len] = ';';
        text[presentation.len + 1] = modifier;
        presentation = value_string(text, presentation.len + 2);
    }
    if (!integer_picture(e, presentation, &p->integer))
        return false;
    p->has_integer = true;
    if (least >= 0 && p->integer.mandatory < least)
        p->integer.mandatory = least;
    if (strchr("YMD", p->component) == NULL)
        return true;
    p->digits = -1;
    width = p->integer.mandatory + p->integer.optional;
    if (p->max_width > 0) {
        p->digits = p->max_width;
        p->integer.mandatory = p->digits;
    } else if (width >= 2 && p->integer.primary == INTEGER_DECIMAL) {
        p->digits = width;
    }
    return true;
}

static void
read_names(struct date_part *p, struct value presentation)
{
    if (presentation.len == 0)
        return;
    if (presentation.text[0] == 'n')
        p->names = NAMES_LOWER;
    else if (presentation.text[0] == 'N')
        p->names = presentation.len > 1 && presentation.text[1] == 'n'
                       ? NAMES_TITLE
                       : NAMES_UPPER;
}

/* Bytes of the first character. */
static size_t
first_char(const char *text)
{
    size_t len;

    pav_utf8_get(text, &len);
    return len;
}

/* What stands between brackets, without blanks. */
static bool
read_marker(struct eval *e, struct date_part *p, const char *text, size_t len)
{
    size_t end = len;
    int least = -1, most = -1;
    char modifier = '\0';
    struct value presentation;
    const char *standard;

    memset(p, 0, sizeof(*p));
    p->component = len == 0 ? '\0' : text[0];
    while (end > 0 && text[end - 1] != ',')
        end--;
    if (end > 0)
        read_width(text + end, len - end, &least, &most);
    p->max_width = most > 0 ? most : 0;
    presentation = value_string(text + 1, len == 0 ? 0 : len - 1);
    if (end > 0) /* up to the comma */
        presentation.len = end > 1 ? (uint32_t)end - 2 : 0;
    if (presentation.len > 1 &&
        memchr("atco", presentation.text[presentation.len - 1], 4) != NULL)
        modifier = presentation.text[--presentation.len];
    p->zone_letter = modifier == 't';
    if (presentation.len == 0 && modifier == '\0') {
        standard = default_presentation(p->component);
        if (standard == NULL) {
            throw_value(e, "D3132",
                        value_string(text, len == 0 ? 0 : first_char(text)));
            return false;
        }
        presentation = value_string(standard, strlen(standard));
    }
    read_names(p, presentation);
    if (p->component == 'Z' || p->component == 'z') {
        p->has_integer = true;
        return integer_picture(e, presentation, &p->integer);
    }
    if (p->names == NAMES_NONE && p->component != '\0' &&
        strchr("YMDdFWwXxHhmsf", p->component) != NULL)
        return read_integer(e, p, presentation, modifier, least);
    return true;
}

static bool
read_bracket(struct eval *e, struct date_picture *d, struct value text,
             uint32_t *at)
{
    const char *close =
        memchr(text.text + *at, ']', text.len - *at); /* or NULL: thrown */
    char *marker = pav_arena_alloc(
        e->arena,
        close == NULL ? text.len : (size_t)(close - text.text) - *at + 1);
    size_t len = 0;

    for (++*at; *at < text.len && text.text[*at] != ']'; ++*at)
        if (!isspace((unsigned char)text.text[*at]))
            marker[len++] = text.text[*at];
    if (*at >= text.len) {
        throw_error(e, "D3135");
        return false;
    }
    ++*at;
    if (d->count == PARTS_MAX) {
        throw_bound(e, OUT_OF_MEMORY);
        return false;
    }
    return read_marker(e, &d->parts[d->count++], marker, len);
}

static bool
date_picture(struct eval *e, struct value text, struct date_picture *d)
{
    uint32_t at = 0, start = 0;

    d->count = 0;
    if (!take_steps(e, 16 + text.len / 4) ||
        !may_make(e, 256 + 2 * (size_t)text.len))
        return false;
    while (at < text.len) {
        if (text.text[at] != '[') {
            at++;
            continue;
        }
        add_literal(e, d, value_string(text.text + start, at - start));
        if (at + 1 < text.len && text.text[at + 1] == '[') {
            add_literal(e, d, value_string("[", 1));
            at += 2;
        } else if (!read_bracket(e, d, text, &at)) {
            return false;
        }
        start = at;
    }
    add_literal(e, d, value_string(text.text + start, text.len - start));
    return true;
}

/* ---- formatting ---- */

static void
put_cased(const char *word, size_t len, enum names names, struct pav_buf *out)
{
    size_t i;

    for (i = 0; i < len; i++) {
        int ch = (unsigned char)word[i];

        if (names == NAMES_UPPER)
            ch = toupper(ch);
        else if (names == NAMES_LOWER)
            ch = tolower(ch);
        pav_buf_putc(out, (char)ch);
    }
}

static bool
put_name(struct eval *e, const struct date_part *p, double n,
         struct pav_buf *out)
{
    const char *word;
    size_t len;

    if (p->component != 'M' && p->component != 'x' && p->component != 'F') {
        throw_value(e, "D3133", value_string(&p->component, 1));
        return false;
    }
    word = p->component == 'F' ? days[(int)n] : months[(int)n - 1];
    len = strlen(word);
    if (p->max_width > 0 && len > (size_t)p->max_width)
        len = (size_t)p->max_width;
    put_cased(word, len, p->names, out);
    return true;
}

struct zone {
    double hours, minutes;
};

static bool
put_zone(struct eval *e, const struct date_part *p, const struct zone *z,
         struct pav_buf *out)
{
    double offset = z->hours * 100 + z->minutes;
    int digits = p->integer.mandatory;

    if (offset == 0 && p->zone_letter) {
        pav_buf_putc(out, 'Z');
        return true;
    }
    if (p->component == 'z')
        pav_buf_puts(out, "GMT");
    if (offset >= 0)
        pav_buf_putc(out, '+');
    if (p->integer.regular > 0 || digits == 3 || digits == 4)
        return integer_format(e, offset, &p->integer, out);
    if (digits != 1 && digits != 2) {
        throw_value(e, "D3134", value_number(digits));
        return false;
    }
    if (!integer_format(e, z->hours, &p->integer, out))
        return false;
    if (z->minutes != 0)
        pav_buf_printf(out, ":%02d", (int)z->minutes);
    return true;
}

static bool
put_part(struct eval *e, const struct date *d, const struct zone *z,
         const struct date_part *p, struct pav_buf *out)
{
    double n;

    if (p->literal.kind == V_STRING) {
        pav_buf_put(out, p->literal.text, p->literal.len);
        return true;
    }
    switch (p->component) {
    case 'Z':
    case 'z':
        return put_zone(e, p, z, out);
    case 'P':
        put_cased(fragment(d, 'H') >= 12 ? "pm" : "am", 2,
                  p->names == NAMES_UPPER ? NAMES_UPPER : NAMES_TITLE, out);
        return true;
    case 'C':
    case 'E':
        pav_buf_puts(out, "ISO");
        return true;
    default:
        break;
    }
    n = fragment(d, p->component);
    if (isnan(n)) {
        pav_buf_puts(out, "undefined");
        return true;
    }
    if (p->component == 'Y' && p->digits > 0 && p->digits < 16)
        n = fmod(n, pow(10, p->digits));
    return p->names != NAMES_NONE && p->component != 'f'
               ? put_name(e, p, n, out)
               : integer_format(e, n, &p->integer, out);
}

/* What JavaScript's parseInt() reads; NaN: nothing. */
static double
leading_int(struct value text)
{
    uint32_t i = 0, digits = 0;
    double n = 0, sign = 1;

    while (i < text.len && isspace((unsigned char)text.text[i]))
        i++;
    if (i < text.len && (text.text[i] == '-' || text.text[i] == '+'))
        sign = text.text[i++] == '-' ? -1 : 1;
    for (; i < text.len && isdigit((unsigned char)text.text[i]); i++, digits++)
        n = n * 10 + text.text[i] - '0';
    return digits == 0 ? NOT_A_NUMBER : sign * n;
}

static struct value
format_date(struct eval *e, double ms, struct value picture, struct value zone)
{
    static const char iso[] = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]"
                              "[Z01:01t]";
    struct zone z = {0, 0};
    struct date_picture d;
    struct pav_buf b;
    struct date date;
    double offset;
    uint32_t i;

    if (zone.kind == V_STRING) {
        offset = leading_int(zone);
        z.hours = floor(offset / 100);
        z.minutes = fmod(offset, 100);
    }
    if (!date_picture(e,
                      picture.kind == V_STRING
                          ? picture
                          : value_string(iso, sizeof(iso) - 1),
                      &d))
        return nothing;
    ms += (60 * z.hours + z.minutes) * 60000;
    if (!(fabs(ms) <= MS_MAX))
        return value_string("Invalid Date", 12);
    date = date_of(trunc(ms));
    pav_buf_init(&b, TEXT_MAX);
    for (i = 0; i < d.count && !e->failed; i++)
        put_part(e, &date, &z, &d.parts[i], &b);
    if (!e->failed)
        return text_of_buf(e, &b);
    pav_buf_fini(&b);
    return nothing;
}

FUNCTION(fn_from_millis)
{
    return is_number(arg(c, 0))
               ? format_date(e, double_of(arg(c, 0)), arg(c, 1), arg(c, 2))
               : nothing;
}

FUNCTION(fn_now)
{
    return format_date(e, (double)e->in->now_ms, arg(c, 0), arg(c, 1));
}

FUNCTION(fn_millis)
{
    (void)c;
    return value_number((double)e->in->now_ms);
}

/* ---- parsing by a picture ---- */

static void
zone_pattern(const struct date_part *p, struct pav_buf *out)
{

    if (p->component == 'z')
        pav_buf_puts(out, "GMT");
    pav_buf_puts(out, "[-+][0-9]+");
    if (p->integer.regular > 0) {
        if (p->integer.separators[0].code < 0x80 &&
            ispunct((int)p->integer.separators[0].code))
            pav_buf_putc(out, '\\');
        pav_buf_utf8(out, p->integer.separators[0].code);
        pav_buf_puts(out, "[0-9]+");
    }
}

static bool
part_pattern(struct eval *e, const struct date_part *p, struct pav_buf *out)
{
    uint32_t i;

    if (p->literal.kind == V_STRING) {
        for (i = 0; i < p->literal.len; i++) {
            if (ispunct((unsigned char)p->literal.text[i]))
                pav_buf_putc(out, '\\');
            pav_buf_putc(out, p->literal.text[i]);
        }
        return true;
    }
    if (p->component == 'Z' || p->component == 'z') {
        zone_pattern(p, out);
        return true;
    }
    if (p->has_integer)
        return integer_pattern(e, &p->integer, p->digits, out);
    if (p->component == '\0' || strchr("MxFP", p->component) == NULL) {
        throw_value(e, "D3133", value_string(&p->component, 1));
        return false;
    }
    pav_buf_puts(out, "[a-zA-Z]+");
    return true;
}

static bool
name_is(struct value text, const char *name, int max_width)
{
    size_t len = strlen(name);

    if (max_width > 0 && len > (size_t)max_width)
        len = (size_t)max_width;
    return text.len == len && memcmp(text.text, name, len) == 0;
}

/* NaN: it is none. */
static double
name_value(const struct date_part *p, struct value text)
{
    int i;

    if (p->component == 'P')
        return name_is(text, "am", 0) || name_is(text, "AM", 0)
                   ? 0
                   : (name_is(text, "pm", 0) || name_is(text, "PM", 0)
                          ? 1
                          : NOT_A_NUMBER);
    if (p->component == 'F') {
        for (i = 1; i <= 7; i++)
            if (name_is(text, days[i], p->max_width))
                return i;
        return NOT_A_NUMBER;
    }
    for (i = 0; i < 12; i++)
        if (name_is(text, months[i], p->max_width))
            return i + 1;
    return NOT_A_NUMBER;
}

/* Minutes that a zone is ahead. */
static double
zone_value(const struct date_part *p, struct value text)
{
    struct value minutes = {.kind = V_STRING};
    size_t len;
    uint32_t i;

    if (p->component == 'z')
        text = value_string(text.text + 3, text.len - 3);
    if (p->integer.regular > 0) {
        for (i = 0; i < text.len && pav_utf8_get(text.text + i, &len) !=
                                        p->integer.separators[0].code;)
            i++;
        if (i < text.len) {
            pav_utf8_get(text.text + i, &len);
            minutes = value_string(text.text + i + len, text.len - i - len);
            text.len = i;
        }
    } else if (text.len > 3) {
        minutes = value_string(text.text + 3, text.len - 3);
        text.len = 3;
    }
    return leading_int(text) * 60 +
           (minutes.len == 0 ? 0 : leading_int(minutes));
}

/* What was read, by component. */
struct parsed {
    double v[128];
    bool has[128];
    bool any;
};

static void
read_part(struct eval *e, const struct date_part *p, struct value text,
          struct parsed *out)
{
    double n;

    if (p->literal.kind == V_STRING || text.kind != V_STRING)
        return;
    if (p->component == 'Z' || p->component == 'z') {
        n = zone_value(p, text);
    } else if (p->component == 'f' && p->has_integer && text.len > 3) {
        n = integer_parse(e, &p->integer, value_string(text.text, 3));
    } else {
        n = p->has_integer ? integer_parse(e, &p->integer, text)
                           : name_value(p, text);
    }
    out->any = true;
    if (isnan(n) && !p->has_integer)
        return; /* a name that there is not */
    out->v[(unsigned char)p->component] = n;
    out->has[(unsigned char)p->component] = true;
}

static unsigned
mask_of(const struct parsed *p, const char *components)
{
    unsigned mask = 0;

    for (; *components != '\0'; components++) {
        unsigned char at = (unsigned char)*components;

        mask = mask << 1 | (p->has[at] && p->v[at] != 0);
    }
    return mask;
}

/* Some of its bits are set, and none beside them. */
static bool
is_within(unsigned mask, unsigned type)
{
    return (~type & mask) == 0 && (type & mask) != 0;
}

/* What is missing is of now before the first part that was given, and least
 * behind it.  False: D3136 was thrown. */
static bool
complete(struct eval *e, struct parsed *p, const char *components)
{
    struct date now = date_of((double)e->in->now_ms);
    bool started = false, ended = false;

    for (; *components != '\0'; components++) {
        unsigned char at = (unsigned char)*components;

        if (p->has[at]) {
            started = true;
            if (ended) {
                throw_error(e, "D3136");
                return false;
            }
            continue;
        }
        p->has[at] = true;
        if (started) {
            p->v[at] = strchr("MDd", at) != NULL ? 1 : 0;
            ended = true;
        } else {
            p->v[at] = at == 'P' ? NOT_A_NUMBER : fragment(&now, (char)at);
        }
    }
    return true;
}

/* As JavaScript's Date.UTC(): years below 100 are of the last century. */
static double
utc(double year, double month, double day, double in_day)
{
    if (!(fabs(year) < 400000 && fabs(month) < 1e6 && fabs(day) < 1e9))
        return NOT_A_NUMBER;
    if (year >= 0 && year <= 99)
        year += 1900;
    year += floor(month / 12);
    month -= floor(month / 12) * 12;
    return (days_of(year, (int)month) + day - 1) * DAY + in_day;
}

static struct value
millis_of(struct eval *e, struct parsed *p)
{
    unsigned date = mask_of(p, "YXMxWwdD"), time = mask_of(p, "PHhmsf");
    bool by_day = !is_within(date, 161) && is_within(date, 130);
    bool by_week_of_month = is_within(date, 84);
    bool by_week = !by_week_of_month && is_within(date, 72);
    bool half_days = !is_within(time, 23) && is_within(time, 47);
    char components[16];
    double month, ms, hour;

    strcpy(components, by_day             ? "YD"
                       : by_week_of_month ? "XxwF"
                       : by_week          ? "XWF"
                                          : "YMD");
    strcat(components, half_days ? "Phmsf" : "Hmsf");
    if (!complete(e, p, components))
        return nothing;
    if (by_week_of_month || by_week)
        return throw_error(e, "D3136");
    month = p->has['M'] && p->v['M'] > 0 ? p->v['M'] - 1 : 0;
    if (by_day) {
        double day = utc(p->v['Y'], 0, p->v['d'], 0);
        struct date d;

        if (isnan(day))
            return value_number(day);
        d = date_of(day);
        month = d.month;
        p->v['D'] = d.dom;
    }
    hour = p->v['H'];
    if (half_days)
        hour = (p->v['h'] == 12 ? 0 : p->v['h']) + (p->v['P'] == 1 ? 12 : 0);
    ms = utc(p->v['Y'], month, p->v['D'],
             hour * 3600000 + p->v['m'] * 60000 + p->v['s'] * 1000 + p->v['f']);
    if (p->has['Z'] && p->v['Z'] != 0)
        ms -= p->v['Z'] * 60000;
    else if (p->has['z'])
        ms -= p->v['z'] * 60000;
    return value_number(ms);
}

static struct value
parse_by_picture(struct eval *e, struct value text, struct value picture)
{
    struct date_picture d;
    struct parsed parsed = {.any = false};
    struct value groups;
    struct pav_buf b;
    uint32_t i;
    bool fits = true;

    if (!date_picture(e, picture, &d))
        return nothing;
    pav_buf_init(&b, TEXT_MAX);
    pav_buf_putc(&b, '^');
    for (i = 0; i < d.count && fits; i++) {
        pav_buf_putc(&b, '(');
        fits = part_pattern(e, &d.parts[i], &b);
        pav_buf_putc(&b, ')');
    }
    pav_buf_putc(&b, '$');
    fits = fits && regex_groups(e, &b, text, &groups);
    pav_buf_fini(&b);
    if (!fits)
        return nothing;
    for (i = 0; i < d.count && !e->failed; i++)
        read_part(e, &d.parts[i], array_at(groups, i), &parsed);
    return parsed.any && !e->failed ? millis_of(e, &parsed) : nothing;
}

/* ---- ISO 8601 ---- */

struct iso {
    const char *p, *end;
};

/* So many digits; -1: they are not there. */
static int
iso_digits(struct iso *s, int count)
{
    int n = 0, i;

    if (s->end - s->p < count)
        return -1;
    for (i = 0; i < count; i++) {
        if (!isdigit((unsigned char)s->p[i]))
            return -1;
        n = n * 10 + s->p[i] - '0';
    }
    s->p += count;
    return n;
}

/* Two of them, the first at most this one; -1: they are not there. */
static int
iso_pair(struct iso *s, char most)
{
    return s->p < s->end && *s->p <= most ? iso_digits(s, 2) : -1;
}

static bool
iso_is(struct iso *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* Milliseconds of a fraction. */
static double
iso_fraction(struct iso *s)
{
    double n = 0, unit = 100;
    int digits = 0;

    for (; s->p < s->end && isdigit((unsigned char)*s->p); s->p++, digits++) {
        if (digits < 3)
            n += (*s->p - '0') * unit;
        unit /= 10;
    }
    return digits == 0 ? NOT_A_NUMBER : n;
}

static double
iso_zone(struct iso *s)
{
    int sign, hours, minutes;

    if (s->p == s->end || iso_is(s, 'Z'))
        return 0;
    sign = *s->p == '+' ? 1 : (*s->p == '-' ? -1 : 0);
    s->p++;
    hours = iso_pair(s, '2');
    iso_is(s, ':');
    minutes = iso_pair(s, '5');
    return sign == 0 || hours < 0 || minutes < 0
               ? NOT_A_NUMBER
               : sign * (hours * 60 + minutes);
}

/* "2017", "2017-05", "2017-05-01", "2017-05-01T10:00:00.5+01:00"; NaN: not. */
static double
iso_ms(struct value text)
{
    struct iso s = {text.text, text.text + text.len};
    int year = iso_digits(&s, 4), month = 1, day = 1, h = 0, m = 0, sec = 0;
    double fraction = 0, zone;
    bool timed = false;

    if (year < 0)
        return NOT_A_NUMBER;
    if (s.p < s.end && *s.p == '-' && iso_is(&s, '-')) {
        month = iso_digits(&s, 2);
        if (s.p < s.end && *s.p == '-' && iso_is(&s, '-'))
            day = iso_digits(&s, 2);
    }
    if (iso_is(&s, 'T')) {
        timed = true;
        h = iso_digits(&s, 2);
        m = iso_is(&s, ':') ? iso_digits(&s, 2) : -1;
        sec = iso_is(&s, ':') ? iso_digits(&s, 2) : -1;
        if (iso_is(&s, '.'))
            fraction = iso_fraction(&s);
    }
    if (!timed && s.p < s.end && *s.p != 'Z')
        return NOT_A_NUMBER; /* JavaScript's, of a day alone */
    zone = iso_zone(&s);
    if (!(fabs(zone) < 24 * 60) || s.p != s.end || month < 1 || month > 12 ||
        day < 1 || day > 31 || h < 0 || h > 24 || m < 0 || m > 59 || sec < 0 ||
        sec > 59 || (h == 24 && (m > 0 || sec > 0 || fraction > 0)))
        return NOT_A_NUMBER;
    return (days_of(year, month - 1) + day - 1) * DAY + h * 3600000.0 +
           m * 60000.0 + sec * 1000.0 + fraction - zone * 60000;
}

/* The reference takes what looks like a time, and then reads it. */
static bool
looks_like_iso(struct value text)
{
    struct iso s = {text.text, text.text + text.len};

    if (iso_digits(&s, 4) < 0)
        return false;
    while (s.end - s.p >= 3 && s.p[0] == '-' && s.p[1] <= '3' &&
           isdigit((unsigned char)s.p[1]) && isdigit((unsigned char)s.p[2]) &&
           !(s.end - s.p >= 5 && isdigit((unsigned char)s.p[3])) &&
           !(s.end - s.p >= 6 && s.p[3] == ':'))
        s.p += 3;
    if (s.p < s.end && *s.p == 'T') {
        s.p++;
        if (iso_pair(&s, '2') < 0 || !iso_is(&s, ':') ||
            iso_pair(&s, '5') < 0 || !iso_is(&s, ':') || iso_pair(&s, '5') < 0)
            return false;
    }
    if (iso_is(&s, '.') && isnan(iso_fraction(&s)))
        return false;
    return !isnan(iso_zone(&s)) && s.p == s.end;
}

FUNCTION(fn_to_millis)
{
    struct value text = arg(c, 0);

    if (text.kind != V_STRING)
        return nothing;
    if (arg(c, 1).kind == V_STRING)
        return parse_by_picture(e, text, arg(c, 1));
    if (!looks_like_iso(text))
        return throw_value(e, "D3110", text);
    return value_number(iso_ms(text));
}
