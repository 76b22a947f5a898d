/* Who sends what, who errs, and who owes what executions wait for. */
#include <string.h>

#include "pavane/attention.h"
#include "pavane/http.h"
#include "pavane/insight.h"
#include "pavane/ledger.h"
#include "pavane/text.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "parameters.h"
#include "range.h"
#include "view.h"
#include "view_rows.h"

#define PRODUCERS_MAX 200

struct ledger_page {
    struct pav_query *q;
    struct range range;
    struct pav_debt *debts;
    uint32_t debt_count;
    struct pav_answer_times *times;
    uint32_t time_count;
    struct pav_skew *skews;
    uint32_t skew_count;
};

/* Tenths of a percent, as "97.9 %"; "0" for none. */
static void
add_share(struct pav_members *m, const char *key, int64_t part, int64_t of)
{
    int64_t tenths = of == 0 ? 0 : (part * 1000 + of / 2) / of;

    if (part == 0)
        return;
    view_text(m, key,
              tenths == 0 ? "<0.1 %"
                          : pav_arena_printf(m->arena, "%lld.%lld %%",
                                             (long long)tenths / 10,
                                             (long long)tenths % 10));
}

static bool
is_owed_by(const struct pav_debt *d, const char *source)
{
    return d->from != NULL && strcmp(d->from, source) == 0;
}

static void
add_debts(const struct ledger_page *p, struct pav_members *m,
          const char *source)
{
    int64_t count = 0, overdue = 0, oldest = 0;
    uint32_t i;

    for (i = 0; i < p->debt_count; i++) {
        const struct pav_debt *d = &p->debts[i];

        if (!is_owed_by(d, source))
            continue;
        count += d->count;
        overdue += d->overdue;
        if (d->overdue_at != 0 && (oldest == 0 || d->overdue_at < oldest))
            oldest = d->overdue_at;
    }
    if (count == 0)
        return;
    view_amount(m, "owes", count);
    if (overdue > 0) {
        view_amount(m, "overdue", overdue);
        view_time(m, "oldest", oldest);
        view_span(m, "oldest_span", p->q->now_ms - oldest);
    }
}

/* How long it lets executions wait, once some waits have told. */
static void
add_times(const struct ledger_page *p, struct pav_members *m,
          const char *source)
{
    uint32_t i;

    for (i = 0; i < p->time_count; i++) {
        const struct pav_wait_stats *times = &p->times[i].times;

        if (strcmp(p->times[i].from, source) != 0 ||
            pav_wait_stats_count(times) < PAV_USUAL_FROM)
            continue;
        view_span(m, "half", pav_wait_stats_quantile(times, 0.5));
        view_span(m, "most", pav_wait_stats_quantile(times, 0.95));
    }
}

#define SKEW_MS 2000 /* less is the way, and times of whole seconds */

/* Events whose own time is another than when they came. */
static void
add_skew(const struct ledger_page *p, struct pav_members *m, const char *source)
{
    uint32_t i;

    for (i = 0; i < p->skew_count; i++) {
        int64_t ms = p->skews[i].ms;

        if (strcmp(p->skews[i].source, source) != 0)
            continue;
        view_bool(m, "ahead", ms <= -SKEW_MS);
        if (ms <= -SKEW_MS || ms >= SKEW_MS)
            view_span(m, "skew", ms < 0 ? -ms : ms);
    }
}

/* Of the range; a tenth of an event a minute at least. */
static void
add_rate(const struct ledger_page *p, struct pav_members *m, int64_t events)
{
    int64_t minutes = (p->range.until_ms - p->range.from_ms) / 60000;
    int64_t tenths = minutes <= 0 ? 0 : events * 10 / minutes;

    if (tenths >= 100)
        view_amount(m, "rate", tenths / 10);
    else if (tenths > 0)
        view_text(m, "rate",
                  pav_arena_printf(m->arena, "%lld.%lld",
                                   (long long)tenths / 10,
                                   (long long)tenths % 10));
}

static const struct pav_doc *
producer_row(const struct ledger_page *p, const struct pav_producer *v)
{
    static const struct {
        const char *key;
        enum pav_disposition kind;
    } shares[] = {{"early", PAV_PARKED},          {"duplicate", PAV_DUPLICATE},
                  {"unexpected", PAV_UNEXPECTED}, {"late", PAV_LATE},
                  {"unmatched", PAV_UNMATCHED},   {"rejected", PAV_REJECTED}};
    struct pav_members m;
    size_t i;

    pav_members_init(&m, p->q->arena);
    view_text(&m, "source", v->source);
    view_text(&m, "link", view_producer_link(p->q, v->source));
    view_amount(&m, "events", v->events);
    add_rate(p, &m, v->events);
    view_bars(&m, "bars", v->bars, PAV_LEDGER_BARS);
    add_share(&m, "moved",
              v->firsts[PAV_STARTED] + v->firsts[PAV_RESUMED] +
                  v->firsts[PAV_ROUTED],
              v->events);
    for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
        add_share(&m, shares[i].key, v->firsts[shares[i].kind], v->events);
    view_time(&m, "last", v->last_at);
    add_debts(p, &m, v->source);
    add_times(p, &m, v->source);
    add_skew(p, &m, v->source);
    return pav_members_object(&m);
}

/* Sources that owe and sent nothing in that time have a row all the same. */
static void
add_silent(const struct ledger_page *p, struct pav_items *rows,
           const struct pav_producer *sent, uint32_t count)
{
    uint32_t i, k;

    for (i = 0; i < p->debt_count; i++) {
        const struct pav_producer silent = {.source = p->debts[i].from};

        if (silent.source == NULL)
            continue;
        for (k = 0; k < count; k++)
            if (strcmp(sent[k].source, silent.source) == 0)
                break;
        if (k < count)
            continue;
        for (k = 0; k < i; k++)
            if (is_owed_by(&p->debts[k], silent.source))
                break;
        if (k == i)
            pav_items_add(rows, producer_row(p, &silent));
    }
}

static const struct pav_doc *
debt_rows(const struct ledger_page *p, const char *source)
{
    struct pav_items rows;
    uint32_t i;

    pav_items_init(&rows, p->q->arena);
    for (i = 0; i < p->debt_count; i++) {
        const struct pav_debt *d = &p->debts[i];
        struct pav_members m;

        if (!is_owed_by(d, source))
            continue;
        pav_members_init(&m, p->q->arena);
        view_text(&m, "machine", d->machine);
        view_text(&m, "machine_link", view_link(p->q, "machines/", d->machine));
        view_text(&m, "state", d->state);
        view_text(&m, "awaits", d->awaits);
        view_amount(&m, "count", d->count);
        view_text(
            &m, "link",
            view_link(p->q,
                      pav_arena_printf(
                          p->q->arena, "%s&status=RUNNING&state=",
                          view_link(p->q, "executions?machine=", d->machine) +
                              strlen(page_root(p->q))),
                      d->state));
        if (d->overdue > 0)
            view_amount(&m, "overdue", d->overdue);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* ---- deviations: rows of two pages ---- */

#define SAMPLES   5
#define LOOKED_AT 300 /* newest events of a kind, for samples of its rows */

/* The newest events of each kind that went wrong. */
struct newest {
    bool read;
    struct pav_disposition_view *v;
    uint32_t count;
};

static bool
is_text(struct pav_bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static bool
is_of(const struct pav_disposition_view *v, const struct pav_deviation *d)
{
    return is_text(v->source, d->source) && is_text(v->detail_type, d->type) &&
           (v->machine == NULL
                ? d->machine == NULL
                : d->machine != NULL && strcmp(v->machine, d->machine) == 0);
}

/* The reason is what the rows of its events say; of what did not fit where an
 * execution stood, it is the state. */
static bool
is_told(const struct pav_deviation *d)
{
    return *d->reason != '\0' && d->kind != PAV_UNEXPECTED &&
           d->kind != PAV_LATE;
}

/* What the rows of its events have in their words, as far as they tell; "": any
 * of them may be. */
static const char *
words_of(const struct pav_deviation *d, struct pav_arena *a)
{
    if (is_told(d))
        return d->reason;
    if (d->kind != PAV_UNEXPECTED || strncmp(d->reason, "in ", 3) != 0)
        return "";
    return pav_arena_printf(a, "; %.*s waits for",
                            (int)strcspn(d->reason + 3, ":,"), d->reason + 3);
}

static bool
has_words(const struct pav_disposition_view *v, const char *words)
{
    const char *detail = v->row.detail == NULL ? "" : v->row.detail;

    return strstr(detail, words) != NULL ||
           (*words == ';' && strstr(detail, " waits for") == NULL);
}

/* Some of its events, if there are any among the newest; `*words` becomes ""
 * when they do not have them. */
static const struct pav_doc *
samples_view(struct pav_query *q, const struct pav_deviation *d,
             const char **words, struct newest *of)
{
    struct pav_disposition_filter f = {.kind = (int)d->kind,
                                       .limit = LOOKED_AT};
    struct pav_items rows;
    int64_t next;
    uint32_t i, n = 0;
    bool told = is_told(d);

    if (!of->read)
        of->count =
            pav_reader_dispositions(q->reader, &f, q->arena, &of->v, &next);
    of->read = true;
    pav_items_init(&rows, q->arena);
    for (i = 0; i < of->count && n < SAMPLES; i++) {
        const struct pav_disposition_view *v = &of->v[i];
        struct pav_bytes id = v->row.key.len > 0 ? v->row.key : v->event_id;
        struct pav_members m;

        if (!is_of(v, d) || v->row.at < d->first_at || v->row.at > d->last_at ||
            !has_words(v, *words))
            continue;
        n++;
        told |= v->row.detail != NULL && strstr(v->row.detail, *words) != NULL;
        pav_members_init(&m, q->arena);
        view_text(&m, "sample", pav_arena_utf8(q->arena, id.p, id.len));
        view_text(&m, "sample_link",
                  view_link(q, "events/",
                            pav_arena_printf(q->arena, "%lld",
                                             (long long)v->row.event_id)));
        pav_items_add(&rows, pav_members_object(&m));
    }
    if (!told)
        *words = ""; /* nobody waited for an event there */
    return pav_items_array(&rows);
}

static void
put_parameter(struct pav_buf *b, const char *name, const char *value)
{
    pav_buf_printf(b, "&%s=", name);
    pav_url_encode(b, value, strlen(value));
}

/* The events of a row, from the first of them on; up to the last of a time that
 * is over. */
static const char *
list_of(struct pav_query *q, const struct pav_deviation *d, const char *words,
        bool over)
{
    char first[PAV_TIME_LEN], last[PAV_TIME_LEN];
    struct pav_buf b;
    const char *link;

    pav_buf_init(&b, 1 << 16);
    pav_buf_printf(&b, "%sevents?disposition=%s", page_root(q),
                   pav_disposition_name(d->kind));
    put_parameter(&b, "type", d->type);
    put_parameter(&b, "source", d->source);
    put_parameter(&b, "machine",
                  d->machine != NULL ? d->machine : OF_NO_MACHINE);
    if (*words != '\0')
        put_parameter(
            &b,
            is_told(d) && strlen(words) < PAV_LEDGER_TEXT - 3 ? "why" : "says",
            words);
    put_parameter(&b, "from", pav_time_format(d->first_at, first));
    if (over)
        put_parameter(&b, "until", pav_time_format(d->last_at + 1, last));
    link = pav_arena_strndup(q->arena, b.p, b.len);
    pav_buf_fini(&b);
    return link;
}

static const struct pav_doc *
deviation_rows(struct pav_query *q, const struct pav_deviation_filter *f)
{
    struct pav_deviation *v;
    uint32_t n = pav_reader_deviations(q->reader, f, q->arena, &v), i;
    struct newest newest[PAV_DISPOSITIONS] = {{0}};
    struct pav_items rows;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        const struct pav_deviation *d = &v[i];
        const char *group = pav_attention_of_events(
            d->kind, d->machine, d->source, d->type, d->reason, q->arena);
        const char *words = words_of(d, q->arena);
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_amount(&m, "count", d->count);
        view_text(&m, "source", d->source);
        view_text(&m, "source_link", view_link(q, "producers/", d->source));
        view_text(&m, "type", d->type);
        view_text(&m, "disposition", pav_disposition_name(d->kind));
        view_text(&m, "machine", d->machine);
        if (d->machine != NULL)
            view_text(&m, "machine_link",
                      view_link(q, "machines/", d->machine));
        view_text(&m, "reason", d->reason);
        if (d->count <= d->of) /* what expired may have come before */
            add_share(&m, "share", d->count, d->of);
        view_bars(&m, "bars", d->bars, PAV_LEDGER_BARS);
        view_time(&m, "first", d->first_at);
        view_bool(&m, "several", d->first_at < d->last_at);
        view_time(&m, "last", d->last_at);
        view_text(&m, "group", group);
        view_mark(&m, pav_reader_mark(q->reader, group, q->now_ms, q->arena));
        view_text(&m, "mark_what",
                  pav_arena_printf(q->arena, "%s: %s of %s%s%s",
                                   pav_disposition_name(d->kind), d->type,
                                   d->source, d->machine == NULL ? "" : " for ",
                                   d->machine == NULL ? "" : d->machine));
        pav_members_puts(&m, "samples",
                         samples_view(q, d, &words, &newest[d->kind]));
        view_text(&m, "link", list_of(q, d, words, f->until_ms != 0));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

static void
show_deviations(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"source", "machine", "state",
                                       "disposition", NULL};
    struct pav_deviation_filter f = {.kind = -1,
                                     .source = page_parameter(q, "source"),
                                     .machine = page_parameter(q, "machine"),
                                     .state = page_parameter(q, "state"),
                                     .now_ms = q->now_ms,
                                     .limit = PRODUCERS_MAX};
    struct range range = range_read_either(q, "24h");
    const char *kind = page_parameter(q, "disposition");
    enum pav_disposition d;
    struct pav_items kinds;
    struct pav_members m;
    int i;

    (void)rest;
    if (kind != NULL && pav_disposition_find(kind, &d))
        f.kind = (int)d;
    f.from_ms = range.from_ms;
    if (*range.name == '\0')
        f.until_ms = range.until_ms;
    pav_members_init(&m, q->arena);
    range_add(q, &range, "deviations", kept, &m);
    pav_items_init(&kinds, q->arena);
    for (i = 0; i < PAV_DISPOSITIONS; i++) {
        struct pav_members o;

        if (!pav_is_deviation((enum pav_disposition)i))
            continue;
        pav_members_init(&o, q->arena);
        view_text(&o, "name", pav_disposition_name((enum pav_disposition)i));
        view_bool(&o, "selected", f.kind == i);
        pav_items_add(&kinds, pav_members_object(&o));
    }
    pav_members_puts(&m, "kinds", pav_items_array(&kinds));
    view_text(&m, "source_asked", f.source);
    view_text(&m, "machine_asked", f.machine);
    view_text(&m, "state_asked", f.state);
    if (*range.name != '\0') {
        view_text(&m, "range_asked", range.name);
    } else {
        view_text(&m, "from_asked", page_parameter(q, "from"));
        view_text(&m, "to_asked", page_parameter(q, "to"));
    }
    pav_members_puts(&m, "deviations", deviation_rows(q, &f));
    page_show(q, &(struct page){.name = "deviations",
                                .title = "Deviations",
                                .place = "at_events",
                                .topics = "events",
                                .view = &m});
}

/* ---- one producer ---- */

static void
show_one(struct ledger_page *p, const char *source)
{
    static const char *const kept[] = {NULL};
    struct pav_deviation_filter f = {.kind = -1,
                                     .source = source,
                                     .from_ms = p->range.from_ms,
                                     .now_ms = p->q->now_ms,
                                     .limit = PRODUCERS_MAX};
    struct pav_producer *v, none = {.source = source};
    uint32_t n = pav_reader_producers(p->q->reader, p->range.from_ms,
                                      p->q->now_ms, UINT32_MAX, p->q->arena,
                                      &v),
             i;
    struct pav_members m;

    for (i = 0; i < n && strcmp(v[i].source, source) != 0; i++)
        continue;
    pav_members_init(&m, p->q->arena);
    range_add(p->q, &p->range,
              view_link(p->q, "producers/", source) + strlen(page_root(p->q)),
              kept, &m);
    pav_members_puts(&m, "producer", producer_row(p, i < n ? &v[i] : &none));
    pav_members_puts(&m, "debts", debt_rows(p, source));
    pav_members_puts(&m, "deviations", deviation_rows(p->q, &f));
    page_show(p->q, &(struct page){.name = "producer",
                                   .title = source,
                                   .place = "at_producers",
                                   .topics = "events executions",
                                   .view = &m});
}

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {NULL};
    struct ledger_page p = {.q = q, .range = range_read(q, "24h")};
    struct pav_producer *v;
    struct pav_items rows;
    struct pav_members m;
    uint32_t n, i;

    p.debt_count = pav_debts(q->reader, q->now_ms, q->arena, &p.debts);
    p.time_count = pav_answer_times(q->reader, q->now_ms, q->arena, &p.times);
    p.skew_count = pav_reader_skews(q->reader, q->arena, &p.skews);
    if (*rest != '\0') {
        show_one(&p, rest);
        return;
    }
    n = pav_reader_producers(q->reader, p.range.from_ms, q->now_ms,
                             PRODUCERS_MAX, q->arena, &v);
    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++)
        pav_items_add(&rows, producer_row(&p, &v[i]));
    add_silent(&p, &rows, v, n);
    pav_members_init(&m, q->arena);
    range_add(q, &p.range, "producers", kept, &m);
    pav_members_puts(&m, "producers", pav_items_array(&rows));
    page_show(q, &(struct page){.name = "producers",
                                .title = "Producers",
                                .place = "at_producers",
                                .topics = "events executions",
                                .view = &m});
}

const struct page_route producers_page = {"/producers", "pavane:ReadEvents",
                                          PAGE_ITSELF | PAGE_BELOW, show};
const struct page_route deviations_page = {"/deviations", "pavane:ReadEvents",
                                           PAGE_ITSELF, show_deviations};
