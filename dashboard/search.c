/* What a list's address asks for: see search.h. */
#include "parameters.h"
#include "search.h"

#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/text.h"
#include "links.h"
#include "view.h"

#define PATH      "executions"
#define TERMS_MAX 20
#define LATE      "late"

/* Fields of the form, and of links from other pages. */
static const char *const fields[] = {"key",      "machine",     "status",
                                     "state",    "startedFrom", "startedUntil",
                                     "children", "run",         "sort"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

struct reading {
    struct pav_query *q;
    struct search *s;
    const char *terms[TERMS_MAX]; /* of q */
    uint32_t count;
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

/* "2026-11-20": ended on that day, UTC. */
static bool
read_ended(struct pav_execution_filter *f, const char *value)
{
    char midnight[32];

    if (strlen(value) != 10)
        return false;
    snprintf(midnight, sizeof(midnight), "%sT00:00:00Z", value);
    if (!pav_time_parse(midnight, strlen(midnight), &f->ended_from))
        return false;
    f->ended_until = f->ended_from + 86400000;
    return true;
}

/* Only what is in progress, or late, is kept by its age. */
static bool
read_sort(struct pav_execution_filter *f, const char *value)
{
    f->oldest_first = strcmp(value, "oldest") == 0;
    return f->oldest_first;
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
        return read_sort(f, value);
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

/* "started>2h", "age>2h": longer ago than that; "started>2026-11-01": after. */
static bool
read_comparison(struct reading *r, const char *name, char sign,
                const char *value)
{
    struct pav_execution_filter *f = &r->s->f;
    bool is_span = span_of(value) >= 0;
    int64_t at;

    if ((strcmp(name, "started") != 0 &&
         (strcmp(name, "age") != 0 || !is_span)) ||
        !time_of(r, value, &at))
        return false;
    if ((sign == '>') == is_span)
        f->started_until = at;
    else
        f->started_from = at;
    return true;
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
        add_chip(r,
                 term[at] == ':'
                     ? name
                     : pav_arena_printf(r->q->arena, "%s %c", name, term[at]),
                 value, without(r, NULL, i));
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

/* Lists that are kept by age have a machine and a state besides, at most. */
bool
search_may_be_by_age(const struct search *s)
{
    const struct pav_execution_filter *f = &s->f;

    return (f->overdue || f->status == PAV_RUNNING) && pav_filter_is_plain(f);
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
        if (read_part(&r, fields[k], value))
            add_chip(&r, fields[k], value, without(&r, fields[k], TERMS_MAX));
        else
            not_read(&r, pav_arena_printf(q->arena, "%s:%s", fields[k], value));
    }
    for (i = 0; i < r.count; i++)
        read_term(&r, i);
    if (s->f.oldest_first && !search_may_be_by_age(s)) {
        s->f.oldest_first = false;
        not_read(&r, "sort:oldest, which goes with status:RUNNING or "
                     "status:late, a machine and a state");
    }
    /* What is late, or stands on the graph, is so wherever it was started. */
    if (s->f.overdue || s->f.state != NULL)
        s->f.exclude_map_children = false;
}
