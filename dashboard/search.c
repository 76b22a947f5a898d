/* What a list's address asks for: see search.h. */
#include "parameters.h"
#include "search.h"

#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "links.h"
#include "view.h"

#define PATH      "executions"
#define TERMS_MAX 20
#define LATE      "late"
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    INT64_C(86400000)

/* Fields of the form, and of links from other pages. */
static const char *const fields[] = {
    "key",          "machine",  "status", "state", "startedFrom",
    "startedUntil", "children", "run",    "sort",  "version",
    "passed",       "stay",     "ended",  "where"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

struct reading {
    struct pav_query *q;
    struct search *s;
    const char *terms[TERMS_MAX]; /* of q */
    uint32_t count;
    const char *passed, *stay; /* as they are asked for, or NULL */
    int64_t version;           /* its number; 0: the current one */
};

/* ---- links ---- */

static void
put_parameter(struct pav_buf *b, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    pav_buf_printf(b, "%s%s=", memchr(b->p, '?', b->len) == NULL ? "?" : "&",
                   name);
    pav_url_encode(b, value, strlen(value));
}

/* The list with all that is asked for but this. */
static const char *
without(const struct reading *r, const char *field, uint32_t term)
{
    struct pav_buf b, words;
    const char *link;
    uint32_t i;
    size_t k;

    pav_buf_init(&b, 1 << 16);
    pav_buf_init(&words, 1 << 16);
    pav_buf_printf(&b, "%s" PATH, page_root(r->q));
    for (k = 0; k < FIELDS; k++)
        if (field == NULL || strcmp(fields[k], field) != 0)
            put_parameter(&b, fields[k], page_parameter(r->q, fields[k]));
    for (i = 0; i < r->count; i++)
        if (i != term)
            pav_buf_printf(&words, "%s%s", words.len == 0 ? "" : " ",
                           r->terms[i]);
    put_parameter(&b, "q", words.p);
    link = pav_arena_strndup(r->q->arena, b.p, b.len);
    pav_buf_fini(&words);
    pav_buf_fini(&b);
    return link;
}

static void
add_chip(struct reading *r, const char *name, const char *value,
         const char *link)
{
    struct pav_members m;

    pav_members_init(&m, r->q->arena);
    view_text(&m, "name", name);
    view_text(&m, "value", value);
    view_text(&m, "without", link);
    pav_items_add(&r->s->chips, pav_members_object(&m));
}

static void
not_read(struct reading *r, const char *what)
{
    pav_items_add(&r->s->unread, pav_doc_new_cstr(r->q->arena, what));
}

/* ---- values ---- */

/* "2h", "30min", "7d": so many ms; -1: it is none. */
static int64_t
span_of(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"s", 1000},        {"min", 60000},    {"m", 60000},
                 {"h", 3600000},     {"d", 86400000},   {"w", 604800000},
                 {"days", 86400000}, {"hours", 3600000}};
    size_t digits = strspn(text, "0123456789"), i;
    int64_t n;

    if (digits == 0 || digits > 6 || !pav_parse_int(text, digits, &n))
        return -1;
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text + digits, units[i].unit) == 0)
            return n * units[i].ms;
    return -1;
}

/* A time as RFC 3339, or a date, or a span before now; false: it is none. */
static bool
time_of(const struct reading *r, const char *text, int64_t *ms)
{
    int64_t span = span_of(text);
    const char *midnight;

    if (span >= 0) {
        *ms = r->q->now_ms - span;
        return true;
    }
    if (pav_time_parse(text, strlen(text), ms))
        return true;
    midnight = pav_arena_printf(r->q->arena, "%sT00:00:00Z", text);
    return strlen(text) == 10 && pav_time_parse(midnight, strlen(midnight), ms);
}

static bool
read_status(struct pav_execution_filter *f, const char *value)
{
    enum pav_status status;
    char upper[32];
    size_t i;

    if (strcmp(value, LATE) == 0 || strcmp(value, "overdue") == 0) {
        f->overdue = true;
        return true;
    }
    for (i = 0; value[i] != '\0' && i + 1 < sizeof(upper); i++)
        upper[i] = value[i] == '-' || value[i] == ' ' ? '_'
                   : value[i] >= 'a' && value[i] <= 'z'
                       ? (char)(value[i] - 'a' + 'A')
                       : value[i];
    upper[i] = '\0';
    if (!pav_status_find(upper, &status))
        return false;
    f->status = (int)status;
    return true;
}

/* ---- parts ---- */

/* "shop.service or bank" names both. */
static bool
names_source(const char *from, const char *source)
{
    size_t len = strlen(source);
    const char *at = from;

    while (at != NULL && (at = strstr(at, source)) != NULL) {
        if ((at == from || strncmp(at - 4, " or ", 4) == 0) &&
            (at[len] == '\0' || strncmp(at + len, " or ", 4) == 0))
            return true;
        at += len;
    }
    return false;
}

/* The states in which executions wait for something of that producer. */
static bool
read_from(const struct reading *r, const char *source)
{
    struct pav_debt *debts;
    uint32_t n = pav_debts(r->q->reader, r->q->now_ms, r->q->arena, &debts), i;
    struct pav_items list;
    struct pav_buf token;

    if (r->s->f.stands != NULL)
        return false;
    pav_items_init(&list, r->q->arena);
    for (i = 0; i < n; i++) {
        struct pav_items pair;

        if (debts[i].from == NULL || !names_source(debts[i].from, source))
            continue;
        pav_buf_init(&token, 1 << 16);
        pav_buf_jsons(&token, debts[i].state);
        pav_items_init(&pair, r->q->arena);
        pav_items_add(&pair, pav_doc_new_cstr(r->q->arena, debts[i].machine));
        pav_items_add(&pair,
                      pav_doc_new_cstr(r->q->arena,
                                       pav_arena_strdup(r->q->arena, token.p)));
        pav_items_add(&list, pav_items_array(&pair));
        pav_buf_fini(&token);
    }
    r->s->f.stands = pav_doc_text(r->q->arena, pav_items_array(&list));
    return true;
}

/* "Lyon", "Order.*": of a name that executions are found by. */
static void
read_attribute(struct reading *r, const char *name, const char *value)
{
    struct pav_execution_filter *f = &r->s->f;
    size_t len = strlen(value);

    f->attribute = name;
    f->value_begins = len > 0 && value[len - 1] == '*';
    f->value = f->value_begins ? pav_arena_strndup(r->q->arena, value, len - 1)
                               : value;
}

static bool
midnight_of(const char *day, int64_t *ms)
{
    char text[32];

    snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
    return pav_time_parse(text, strlen(text), ms);
}

/* "2026-11-20", "2026-11-20..2026-11-22", "2026-11-20T07": ended on that day,
 * on one of those, within that hour, UTC. */
static bool
read_ended(struct pav_execution_filter *f, const char *value)
{
    size_t len = strlen(value);
    bool is_range = len == 22 && memcmp(value + 10, "..", 2) == 0;
    int64_t hour;

    if (len == 13 && value[10] == 'T') {
        if (!pav_parse_int(value + 11, 2, &hour) || hour < 0 || hour > 23 ||
            !midnight_of(value, &f->ended_from))
            return false;
        f->ended_from += hour * HOUR_MS;
        f->ended_until = f->ended_from + HOUR_MS;
        return true;
    }

    if ((len != 10 && !is_range) || !midnight_of(value, &f->ended_from) ||
        !midnight_of(is_range ? value + 12 : value, &f->ended_until))
        return false;
    f->ended_until += DAY_MS;
    return true;
}

/* ---- what executions passed: links of the flow of a machine ---- */

/* "2000..8000": longer than the first, and not longer than the second. */
static bool
read_stay(struct reading *r, struct pav_passed *p)
{
    const char *text = r->stay, *dots = strstr(text, "..");
    int64_t from, until;

    if (dots == NULL || !pav_parse_int(text, (size_t)(dots - text), &from) ||
        !pav_parse_int(dots + 2, strlen(dots + 2), &until) || from >= until)
        return false;
    p->class_from = pav_wait_stats_class(from + 1);
    p->class_until = pav_wait_stats_class(until) + 1;
    return true;
}

/* A state; ["FROM","TO"], null for the start and the end, "Catch" behind them
 * when it was caught; {"way":"A > B","status":"FAILED"}; {"status":"FAILED"}.
 */
static void
read_what(struct reading *r, struct pav_passed *p)
{
    static const struct pav_doc_opts strict = {PAV_DUP_REFUSE, 4, 4};
    struct pav_arena *a = r->q->arena;
    const struct pav_doc *d = NULL;
    struct pav_err err;

    p->kind = PAV_FLOW_STATE;
    p->a = r->passed;
    p->b = "";
    if (pav_doc_parse_copy(a, r->passed, strlen(r->passed), &strict, &d,
                           &err) != PAV_OK)
        return;
    if (d->kind == PAV_ARRAY && d->len >= 2) {
        p->kind = d->len == 2 ? PAV_FLOW_EDGE : PAV_FLOW_CATCH;
        p->a = pav_doc_str(a, pav_doc_at(d, 0));
        p->b = pav_doc_str(a, pav_doc_at(d, 1));
    } else if (d->kind == PAV_OBJECT) {
        p->a = pav_doc_member_str(a, d, "way");
        p->kind = p->a == NULL ? PAV_FLOW_END : PAV_FLOW_WAY;
        p->b = pav_doc_member_str(a, d, "status");
    }
    p->a = p->a == NULL ? "" : p->a;
    p->b = p->b == NULL ? "" : p->b;
}

#define PASSED_DAYS 100 /* that are looked at when no day is named */
#define PASSED_MOST 400
#define VERSIONS    200

static int64_t
version_of(struct reading *r)
{
    struct pav_machine_view m;
    struct pav_version_view *v;
    uint32_t n, i;

    if (r->s->f.machine == NULL ||
        !pav_reader_machine(r->q->reader, r->s->f.machine, r->q->arena, &m))
        return 0;
    n = pav_reader_versions(r->q->reader, m.row.id, VERSIONS, r->q->arena, &v);
    for (i = 0; i < n; i++)
        if (v[i].number == (r->version == 0 ? m.row.version : r->version))
            return v[i].id;
    return 0;
}

/* Beside it there is a machine and at most a status, an attribute and days. */
static bool
read_passed(struct reading *r)
{
    struct pav_execution_filter *f = &r->s->f, rest = *f;
    struct pav_passed *p = &r->s->passed;

    rest.attribute = NULL;
    rest.ended_from = rest.ended_until = 0;
    *p = (struct pav_passed){.version_id = version_of(r)};
    p->until_day = r->q->now_ms / DAY_MS + 1;
    p->from_day = p->until_day - PASSED_DAYS;
    if (f->ended_from % DAY_MS != 0 || f->ended_until % DAY_MS != 0 ||
        (f->ended_from != 0 && f->ended_until == 0))
        return false; /* lists are by the day */
    if (f->ended_from != 0) {
        p->from_day = f->ended_from / DAY_MS;
        p->until_day = f->ended_until / DAY_MS;
    }
    if (p->until_day > r->q->now_ms / DAY_MS + 1)
        p->until_day = r->q->now_ms / DAY_MS + 1;
    if (p->from_day < p->until_day - PASSED_MOST)
        p->from_day = p->until_day - PASSED_MOST;
    if (p->version_id == 0 || !pav_filter_is_plain(&rest) || f->overdue ||
        f->state != NULL || (f->attribute != NULL && f->value_begins) ||
        (r->stay != NULL && !read_stay(r, p)))
        return false;
    read_what(r, p);
    if (f->status >= 0)
        p->end = pav_status_name((enum pav_status)f->status);
    f->passed = p;
    f->exclude_map_children = false; /* they are in no sum */
    return true;
}

static bool
read_sort(struct pav_execution_filter *f, const char *value)
{
    f->order = strcmp(value, "oldest") == 0  ? PAV_OLDEST_FIRST
               : strcmp(value, "moved") == 0 ? PAV_LAST_MOVED_FIRST
                                             : PAV_NEWEST_FIRST;
    return f->order != PAV_NEWEST_FIRST;
}

/* One part by its name; false: it cannot be read so, or was there before. */
static bool
read_part(struct reading *r, const char *name, const char *value)
{
    struct pav_execution_filter *f = &r->s->f;
    size_t len = strlen(value);

    if (strcmp(name, "status") == 0)
        return read_status(f, value);
    if (strcmp(name, "machine") == 0 && f->machine == NULL)
        f->machine = value;
    else if (strcmp(name, "state") == 0 && f->state == NULL)
        f->state = value;
    else if (strcmp(name, "waits") == 0 && f->awaits == NULL)
        f->awaits = value;
    else if (strcmp(name, "startedFrom") == 0)
        return time_of(r, value, &f->started_from);
    else if (strcmp(name, "startedUntil") == 0)
        return time_of(r, value, &f->started_until);
    else if (strcmp(name, "run") == 0)
        return pav_parse_int(value, len, &f->run_id) && f->run_id > 0;
    else if (strcmp(name, "children") == 0)
        f->exclude_map_children = false;
    else if (strcmp(name, "key") == 0 && (f->key != NULL || f->prefix != NULL))
        return false;
    else if (strcmp(name, "key") == 0 && len > 0 && value[len - 1] == '*')
        f->prefix = pav_arena_strndup(r->q->arena, value, len - 1);
    else if (strcmp(name, "key") == 0)
        f->key = value;
    else if (strcmp(name, "sort") == 0)
        return f->order == PAV_NEWEST_FIRST && read_sort(f, value);
    else if (strcmp(name, "ended") == 0)
        return read_ended(f, value);
    else if (strcmp(name, "from") == 0)
        return read_from(r, value);
    else if (f->attribute == NULL &&
             pav_reader_has_attribute(r->q->reader, name))
        read_attribute(r, name, value);
    else if (f->attribute == NULL && strcmp(name, "error") == 0)
        read_attribute(r, "Error", value);
    else
        return false;
    return true;
}

/* A part of the address that is no word of q: there, attributes may have such
 * names. */
static bool
read_field(struct reading *r, const char *name, const char *value)
{
    size_t len = strlen(value), at = strcspn(value, ":");

    if (strcmp(name, "passed") == 0)
        r->passed = value;
    else if (strcmp(name, "stay") == 0)
        r->stay = value;
    else if (strcmp(name, "version") == 0)
        return pav_parse_int(value, len, &r->version) && r->version > 0;
    else if (strcmp(name, "where") != 0)
        return read_part(r, name, value);
    else if (value[at] == '\0')
        return false;
    else { /* as it is, whatever signs it has */
        r->s->f.attribute = pav_arena_strndup(r->q->arena, value, at);
        r->s->f.value = value + at + 1;
    }
    return true;
}

/* "started>2h", "age>2h": longer ago than that; "started>2026-11-01": after;
 * "ended<1d": not longer ago. */
static bool
read_comparison(struct reading *r, const char *name, char sign,
                const char *value)
{
    struct pav_execution_filter *f = &r->s->f;
    bool is_span = span_of(value) >= 0;
    int64_t at;

    if (strcmp(name, "ended") == 0 && sign == '<' && time_of(r, value, &at)) {
        f->ended_from = at;
        return is_span;
    }
    if ((strcmp(name, "started") != 0 &&
         (strcmp(name, "age") != 0 || !is_span)) ||
        !time_of(r, value, &at))
        return false;
    if (strcmp(name, "age") == 0 && f->status < 0)
        f->status = PAV_RUNNING; /* what has ended grows no older */
    if ((sign == '>') == is_span)
        f->started_until = at;
    else
        f->started_from = at;
    return true;
}

/* As its reader says it. */
static const char *
chip_value(const struct reading *r, const char *name, const char *value)
{
    struct reading one = *r;
    struct pav_passed p = {0};
    struct pav_arena *a = r->q->arena;
    char from[64], until[64];

    one.passed = one.stay = value;
    if (strcmp(name, "stay") == 0 && read_stay(&one, &p))
        return pav_arena_printf(
            a, "over %s, up to %s",
            pav_time_span(pav_wait_stats_longest(p.class_from - 1), from,
                          sizeof(from)),
            pav_time_span(pav_wait_stats_longest(p.class_until - 1), until,
                          sizeof(until)));
    if (strcmp(name, "passed") != 0)
        return value;
    read_what(&one, &p);
    if (p.kind == PAV_FLOW_STATE)
        return p.a;
    if (p.kind == PAV_FLOW_END)
        return p.b;
    if (p.kind == PAV_FLOW_WAY)
        return pav_arena_printf(a, "%s, %s", p.a, p.b);
    return pav_arena_printf(a, "%s → %s%s", *p.a == '\0' ? "start" : p.a,
                            *p.b == '\0' ? "end" : p.b,
                            p.kind == PAV_FLOW_CATCH ? ", caught" : "");
}

static void
read_term(struct reading *r, uint32_t i)
{
    const char *term = r->terms[i];
    size_t at = strcspn(term, ":<>");
    const char *name = pav_arena_strndup(r->q->arena, term, at), *value;
    size_t len;
    bool read;

    if (term[at] == '\0') {
        len = strlen(term);
        if (len >= 2 && *term == '"' && term[len - 1] == '"')
            term = pav_arena_strndup(r->q->arena, term + 1, len - 2);
        if (r->s->f.contains != NULL) {
            not_read(r, term);
            return;
        }
        r->s->f.contains = term;
        add_chip(r, "key contains", term, without(r, NULL, i));
        return;
    }
    value = term + at + 1;
    len = strlen(value);
    if (len >= 2 && *value == '"' && value[len - 1] == '"')
        value = pav_arena_strndup(r->q->arena, value + 1, len - 2);
    read = *value != '\0' &&
           (term[at] == ':' ? read_part(r, name, value)
                            : read_comparison(r, name, term[at], value));
    if (!read)
        not_read(r, term);
    else
        add_chip(r, name,
                 term[at] == ':'
                     ? chip_value(r, name, value)
                     : pav_arena_printf(r->q->arena, "%c %s", term[at], value),
                 without(r, NULL, i));
}

/* Parts of q, by blanks that are not between double quotes. */
static void
split(struct reading *r, const char *text)
{
    for (;;) {
        bool quoted = false;
        const char *begin;

        text += strspn(text, " \t");
        if (*text == '\0')
            return;
        if (r->count == TERMS_MAX) {
            not_read(r, text);
            return;
        }
        for (begin = text; *text != '\0' && (quoted || *text != ' '); text++)
            quoted ^= *text == '"';
        r->terms[r->count++] =
            pav_arena_strndup(r->q->arena, begin, (size_t)(text - begin));
    }
}

bool
search_has_words(struct pav_query *q, const char *text)
{
    static const char *const words[] = {"status", "machine", "state", "waits",
                                        "from",   "key",     "error", "started",
                                        "age",    "ended",   "sort",  NULL};
    struct search s;
    struct reading r = {.q = q, .s = &s};
    uint32_t i;
    int k;

    pav_items_init(&s.unread, q->arena);
    split(&r, text);
    for (i = 0; i < r.count; i++) {
        size_t at = strcspn(r.terms[i], ":<>");
        const char *name = pav_arena_strndup(q->arena, r.terms[i], at);

        if (r.terms[i][at] == '\0' || at == 0)
            continue;
        for (k = 0; words[k] != NULL; k++)
            if (strcmp(words[k], name) == 0)
                return true;
        if (pav_reader_has_attribute(q->reader, name))
            return true;
    }
    return false;
}

/* Lists that are kept by age have a machine and a state besides, at most. */
bool
search_may_be_by_age(const struct search *s)
{
    const struct pav_execution_filter *f = &s->f;

    return (f->overdue || f->status == PAV_RUNNING) && pav_filter_is_plain(f);
}

bool
search_may_be_by_moves(const struct search *s)
{
    return !s->f.overdue && pav_filter_is_plain(&s->f);
}

static void
drop_chip(struct reading *r, const char *name)
{
    struct pav_items kept, *chips = &r->s->chips;
    uint32_t i;

    pav_items_init(&kept, r->q->arena);
    for (i = 0; i < chips->count; i++)
        if (strcmp(pav_doc_member_str(r->q->arena, &chips->v[i], "name"),
                   name) != 0)
            pav_items_add(&kept, &chips->v[i]);
    *chips = kept;
}

static const char *
unsorted(const struct reading *r)
{
    const char *words = "";
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (strncmp(r->terms[i], "sort:", 5) != 0)
            words = pav_arena_printf(r->q->arena, "%s%s%s", words,
                                     *words == '\0' ? "" : " ", r->terms[i]);
    return words;
}

/* An order that the other parts do not allow is none. */
static void
check_sort(struct reading *r)
{
    struct pav_execution_filter *f = &r->s->f;

    if (f->order == PAV_OLDEST_FIRST && !search_may_be_by_age(r->s)) {
        drop_chip(r, "sort");
        f->order = PAV_NEWEST_FIRST;
        not_read(r, "sort:oldest, which goes with status:RUNNING or "
                    "status:late, a machine and a state alone");
    } else if (f->order == PAV_LAST_MOVED_FIRST &&
               !search_may_be_by_moves(r->s)) {
        drop_chip(r, "sort");
        f->order = PAV_NEWEST_FIRST;
        not_read(r, "sort:moved, which goes with a status, a machine and a "
                    "state alone");
    }
}

void
search_read(struct pav_query *q, struct search *s)
{
    struct reading r = {.q = q, .s = s};
    const char *words = page_parameter(q, "q");
    uint32_t i;
    size_t k;

    s->f = (struct pav_execution_filter){.status = -1,
                                         .exclude_map_children = true};
    pav_items_init(&s->chips, q->arena);
    pav_items_init(&s->unread, q->arena);
    if (words != NULL)
        split(&r, words);
    for (k = 0; k < FIELDS; k++) {
        const char *value = page_parameter(q, fields[k]);

        if (value == NULL)
            continue;
        if (read_field(&r, fields[k], value))
            add_chip(&r, fields[k], chip_value(&r, fields[k], value),
                     without(&r, fields[k], TERMS_MAX));
        else
            not_read(&r, pav_arena_printf(q->arena, "%s:%s", fields[k], value));
    }
    for (i = 0; i < r.count; i++)
        read_term(&r, i);
    s->unsorted = unsorted(&r);
    if (r.passed != NULL && !read_passed(&r))
        not_read(&r, pav_arena_printf(q->arena,
                                      "passed:%s, which goes with a machine, a "
                                      "version, a status, an attribute and "
                                      "days alone",
                                      r.passed));
    else if (r.passed == NULL && (r.stay != NULL || r.version != 0))
        not_read(&r, "stay and version, which go with passed");
    check_sort(&r);
    /* What is late, or stands on the graph, is so wherever it was started. */
    if (s->f.overdue || s->f.state != NULL)
        s->f.exclude_map_children = false;
}
