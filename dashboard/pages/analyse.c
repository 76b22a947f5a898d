/* What usually happens: by machine, how many were started and how many ended
 * how each day, or each hour of a day or two, and how long it took them. */
#include <stdlib.h>
#include <string.h>

#include "pavane/flow.h"
#include "pavane/insight.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "chart.h"
#include "frame.h"
#include "links.h"
#include "pages.h"
#include "parameters.h"
#include "range.h"
#include "view.h"

#define HOUR_MS    INT64_C(3600000)
#define DAY_MS     INT64_C(86400000)
#define DAYS_HOURS 2 /* so many days are shown by the hour */

struct analysis {
    struct pav_query *q;
    struct range range;
    int64_t part_ms;     /* a day, or an hour */
    int64_t from, until; /* parts since 1970 */
    struct pav_flow_row *rows;
    struct pav_started *started;
    uint32_t count, started_count;
    struct pav_wait_stats *times; /* of the machine in hand, by parts */
};

/* A machine's share of them. */
struct part_of {
    const char *machine;
    const struct pav_flow_row *rows;
    const struct pav_started *started;
    uint32_t count, started_count;
};

static bool
is_by_hour(const struct analysis *x)
{
    return x->part_ms == HOUR_MS;
}

/* As the search takes it: "2026-11-20", "2026-11-20T07". */
static const char *
part_asked(const struct analysis *x, int64_t part)
{
    char when[PAV_TIME_LEN];

    return pav_arena_strndup(x->q->arena,
                             pav_time_format(part * x->part_ms, when),
                             is_by_hour(x) ? 13 : 10);
}

static const char *
part_name(const struct analysis *x, int64_t part)
{
    return is_by_hour(x)
               ? pav_arena_printf(x->q->arena, "%s %s:00",
                                  view_day(x->q->arena, part * x->part_ms),
                                  part_asked(x, part) + 11)
               : view_day(x->q->arena, part * x->part_ms);
}

/* The machine's own flow, of that day alone. */
static const char *
day_link(const struct analysis *x, const char *machine, int64_t part)
{
    const char *day = view_day(x->q->arena, part * x->part_ms);

    return pav_arena_printf(x->q->arena, "%s?tab=flow&from=%s&to=%s",
                            view_link(x->q, "machines/", machine), day, day);
}

/* Those that were started from a part up to another, whatever became of them.
 */
static const char *
started_link(const struct analysis *x, const char *machine, int64_t part,
             int64_t behind)
{
    char from[PAV_TIME_LEN], until[PAV_TIME_LEN];

    return pav_arena_printf(x->q->arena, "%s&startedFrom=%s&startedUntil=%s",
                            view_link(x->q, "executions?machine=", machine),
                            pav_time_format(part * x->part_ms, from),
                            pav_time_format(behind * x->part_ms, until));
}

static const char *
times_text(struct pav_arena *a, const struct chart_day *d)
{
    char half[64], most[64];

    return pav_arena_printf(a, "%s: half within %s, 95 %% within %s", d->name,
                            pav_time_span(d->p50, half, sizeof(half)),
                            pav_time_span(d->p95, most, sizeof(most)));
}

/* Those that ended "2026-11-20" or so, with a word more of the search. */
static const char *
ended_link(const struct analysis *x, const char *machine, const char *when,
           const char *more)
{
    return view_link(x->q, "executions?q=",
                     pav_arena_printf(x->q->arena, "machine:\"%s\" %sended:%s",
                                      machine, more, when));
}

/* How many ended badly: a number for each way, which leads to them. */
static void
add_bad(const struct analysis *x, struct pav_members *m, const char *machine,
        const char *when, const struct chart_day *sum)
{
    static const struct {
        enum pav_status status;
        const char *word;
    } ways[] = {{PAV_FAILED, "failed"},
                {PAV_TIMED_OUT, "timed-out"},
                {PAV_ABORTED, "aborted"}};
    struct pav_items rows;
    size_t i;

    pav_items_init(&rows, x->q->arena);
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct pav_members o;

        if (sum->parts[ways[i].status] == 0)
            continue;
        pav_members_init(&o, x->q->arena);
        view_amount(&o, "bad", sum->parts[ways[i].status]);
        view_text(&o, "way", ways[i].word);
        view_text(&o, "bad_list",
                  ended_link(x, machine, when,
                             pav_arena_printf(x->q->arena, "status:%s ",
                                              ways[i].word)));
        pav_items_add(&rows, pav_members_object(&o));
    }
    view_bool(m, "bad_any", rows.count > 0);
    pav_members_puts(m, "bads", pav_items_array(&rows));
}

/* One machine's share: a column for each day, or hour. */
static void
fill_days(const struct analysis *x, const struct part_of *p,
          struct chart_day *days, struct pav_wait_stats *whole)
{
    uint32_t count = (uint32_t)(x->until - x->from), i, k;
    struct pav_arena *a = x->q->arena;
    struct pav_wait_stats *times = x->times;

    memset(times, 0, count * sizeof(*times));

    for (i = 0; i < p->count; i++) {
        uint32_t at = (uint32_t)(p->rows[i].day - x->from);
        struct pav_wait_stats one;
        enum pav_status status;

        if (at >= count || !pav_status_find(p->rows[i].b, &status))
            continue;
        days[at].parts[status] += p->rows[i].count;
        pav_wait_stats_read(&one, p->rows[i].histogram);
        pav_wait_stats_merge(&times[at], &one);
        pav_wait_stats_merge(whole, &one);
    }
    for (i = 0; i < p->started_count; i++) {
        k = (uint32_t)(p->started[i].hour * HOUR_MS / x->part_ms - x->from);
        if (k < count)
            days[k].started += p->started[i].count;
    }
    for (k = 0; k < count; k++) {
        int64_t good = days[k].parts[PAV_SUCCEEDED], all = chart_sum(&days[k]);

        days[k].name = part_name(x, x->from + k);
        days[k].p50 = days[k].p95 = -1;
        days[k].says =
            pav_arena_printf(a, "%s: %s started, %s ended, %s of them badly",
                             days[k].name, view_count(a, days[k].started),
                             view_count(a, all), view_count(a, all - good));
        if (all == 0)
            continue;
        days[k].p50 = pav_wait_stats_quantile(&times[k], 0.5);
        days[k].p95 = pav_wait_stats_quantile(&times[k], 0.95);
        days[k].link =
            ended_link(x, p->machine, part_asked(x, x->from + k), "");
        days[k].times_link = day_link(x, p->machine, x->from + k);
        days[k].times_say = times_text(a, &days[k]);
    }
}

static const struct pav_doc *
table_of(const struct analysis *x, const char *machine,
         const struct chart_day *days, uint32_t count)
{
    struct pav_items rows;
    uint32_t k;

    pav_items_init(&rows, x->q->arena);
    for (k = count; k-- > 0;) {
        struct pav_members m;
        int64_t all = chart_sum(&days[k]);

        if (all == 0 && days[k].started == 0)
            continue;
        pav_members_init(&m, x->q->arena);
        view_text(&m, "day", days[k].name);
        view_text(&m, "list", days[k].link);
        view_text(&m, "link", day_link(x, machine, x->from + k));
        view_amount(&m, "started", days[k].started);
        if (days[k].started > 0)
            view_text(&m, "started_list",
                      started_link(x, machine, x->from + k, x->from + k + 1));
        view_amount(&m, "ended", all);
        add_bad(x, &m, machine, part_asked(x, x->from + k), &days[k]);
        if (all > 0) {
            view_span(&m, "p50", days[k].p50);
            view_span(&m, "p95", days[k].p95);
        }
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* "▁▂▅█": a sign a day. */
static void
add_spark(struct pav_members *m, const struct chart_day *days, uint32_t count)
{
    int64_t *sums = pav_arena_alloc(m->arena, count * sizeof(*sums));
    uint32_t k;

    for (k = 0; k < count; k++)
        sums[k] = chart_sum(&days[k]);
    view_bars(m, "spark", sums, (int)count);
}

static void
add_chart(const struct analysis *x, const char *machine,
          const struct chart_day *days, uint32_t count, struct pav_buf *out)
{
    int64_t most = 0, longest = 0;
    struct pav_arena *a = x->q->arena;
    char span[64];
    uint32_t k;

    for (k = 0; k < count; k++) {
        most = chart_sum(&days[k]) > most ? chart_sum(&days[k]) : most;
        most = days[k].started > most ? days[k].started : most;
        longest = days[k].p95 > longest ? days[k].p95 : longest;
    }
    chart_draw(
        out,
        pav_arena_printf(a,
                         "%s: how many were started and ended each %s, and "
                         "how long they took; the table below has the same",
                         machine, is_by_hour(x) ? "hour" : "day"),
        days, count,
        pav_arena_printf(a, "%s %s", view_count(a, most),
                         is_by_hour(x) ? "an hour" : "a day"),
        longest <= 0
            ? ""
            : pav_arena_printf(a, "95 %% within %s; the line: half of them",
                               pav_time_span(longest, span, sizeof(span))));
}

/* A machine's row of the list; its chart and table when it is the one. */
static const struct pav_doc *
machine_view(const struct analysis *x, const struct part_of *p, bool shown,
             struct pav_members *page, struct pav_buf *chart)
{
    uint32_t count = (uint32_t)(x->until - x->from), k;
    struct pav_arena *a = x->q->arena;
    struct chart_day *days = pav_arena_zalloc(a, count * sizeof(*days));
    struct chart_day sum = {.started = 0};
    struct pav_wait_stats whole = {0};
    struct pav_members m;
    const char *when =
        pav_arena_printf(a, "%s..%s", view_day(a, x->from * x->part_ms),
                         view_day(a, (x->until - 1) * x->part_ms));
    int i;

    fill_days(x, p, days, &whole);
    for (k = 0; k < count; k++) {
        sum.started += days[k].started;
        for (i = 0; i < CHART_PARTS; i++)
            sum.parts[i] += days[k].parts[i];
    }
    pav_members_init(&m, a);
    view_text(&m, "machine", p->machine);
    view_text(&m, "link",
              pav_arena_printf(a, "%s&%s",
                               view_link(x->q, "analyse?machine=", p->machine),
                               x->range.asked));
    view_bool(&m, "shown", shown);
    view_amount(&m, "started", sum.started);
    if (sum.started > 0)
        view_text(&m, "started_list",
                  started_link(x, p->machine, x->from, x->until));
    view_amount(&m, "ended", chart_sum(&sum));
    add_bad(x, &m, p->machine, when, &sum);
    if (chart_sum(&sum) > 0) {
        view_text(&m, "list", ended_link(x, p->machine, when, ""));
        view_span(&m, "p50", pav_wait_stats_quantile(&whole, 0.5));
        view_span(&m, "p95", pav_wait_stats_quantile(&whole, 0.95));
    }
    add_spark(&m, days, count);
    if (shown) {
        view_text(page, "shown", p->machine);
        view_text(page, "flow",
                  pav_arena_printf(a, "%s?tab=flow&%s",
                                   view_link(x->q, "machines/", p->machine),
                                   x->range.asked));
        pav_members_puts(page, "days", table_of(x, p->machine, days, count));
        add_chart(x, p->machine, days, count, chart);
    }
    return pav_members_object(&m);
}

/* Both are in order of machines: the next one, and what there is of it. */
static bool
next_part(const struct analysis *x, uint32_t *row, uint32_t *started,
          struct part_of *out)
{
    const char *a = *row < x->count ? x->rows[*row].a : NULL,
               *b = *started < x->started_count ? x->started[*started].machine
                                                : NULL;

    if (a == NULL && b == NULL)
        return false;
    memset(out, 0, sizeof(*out));
    out->machine = a == NULL || (b != NULL && strcmp(b, a) < 0) ? b : a;
    if (a != NULL)
        out->rows = &x->rows[*row];
    if (b != NULL)
        out->started = &x->started[*started];
    for (; *row < x->count && strcmp(x->rows[*row].a, out->machine) == 0;
         (*row)++)
        out->count++;
    for (; *started < x->started_count &&
           strcmp(x->started[*started].machine, out->machine) == 0;
         (*started)++)
        out->started_count++;
    return true;
}

/* Of which machine there is the most, or the one that is asked for. */
static const char *
shown_one(const struct analysis *x, const char *wanted)
{
    uint32_t row = 0, started = 0, i;
    const char *name = "";
    int64_t most = -1, sum;
    struct part_of p;

    while (next_part(x, &row, &started, &p)) {
        if (wanted != NULL && strcmp(p.machine, wanted) == 0)
            return p.machine;
        sum = p.started_count > 0; /* what only started comes last */
        for (i = 0; i < p.count; i++)
            sum += p.rows[i].count;
        if (sum <= most)
            continue;
        most = sum;
        name = p.machine;
    }
    return name;
}

#define LATE_SHOWN 10

/* The states with the most overdue waits, now. */
static void
add_late(struct pav_query *q, struct pav_members *m)
{
    struct pav_debt *v, *worst;
    uint32_t n = pav_debts_when_late(q->reader, q->now_ms, q->arena, &v), i;
    struct pav_items list;

    pav_items_init(&list, q->arena);
    while (list.count < LATE_SHOWN) {
        struct pav_members o;

        worst = NULL;
        for (i = 0; i < n; i++)
            if (v[i].overdue > 0 &&
                (worst == NULL || v[i].overdue > worst->overdue))
                worst = &v[i];
        if (worst == NULL)
            break;
        pav_members_init(&o, q->arena);
        view_text(&o, "late_machine", worst->machine);
        view_text(&o, "late_state", worst->state);
        view_text(&o, "late_from", worst->from);
        view_amount(&o, "late_count", worst->overdue);
        view_span(&o, "late_oldest", q->now_ms - worst->overdue_at);
        view_text(&o, "late_link",
                  pav_arena_printf(
                      q->arena, "%s&status=late&state=%s",
                      view_link(q, "executions?machine=", worst->machine),
                      view_encoded(q, worst->state)));
        pav_items_add(&list, pav_members_object(&o));
        worst->overdue = 0;
    }
    view_bool(m, "late_any", list.count > 0);
    pav_members_puts(m, "late", pav_items_array(&list));
}

static int64_t
all_of(const struct pav_flow_row *v, uint32_t n)
{
    int64_t sum = 0;
    uint32_t i;

    for (i = 0; i < n; i++)
        sum += v[i].count;
    return sum;
}

/* Sums of before there were any by the hour are by the day. */
static void
read_hours(struct analysis *x, int64_t from_day, int64_t until_day)
{
    struct pav_flow_row *hours;
    uint32_t n = pav_reader_flow_hours(x->q->reader, from_day, until_day,
                                       x->q->arena, &hours);

    if (all_of(hours, n) < all_of(x->rows, x->count)) {
        x->part_ms = DAY_MS;
        x->from = from_day;
        x->until = until_day;
        return;
    }
    x->rows = hours;
    x->count = n;
}

static void
read_all(struct analysis *x)
{
    struct pav_query *q = x->q;
    int64_t from = x->range.from_ms / DAY_MS,
            until = x->range.until_ms / DAY_MS + 1;

    x->part_ms = until - from <= DAYS_HOURS ? HOUR_MS : DAY_MS;
    x->from = from * DAY_MS / x->part_ms;
    x->until = until * DAY_MS / x->part_ms;
    x->count =
        pav_reader_flow_ends(q->reader, NULL, from, until, q->arena, &x->rows);
    if (is_by_hour(x))
        read_hours(x, from, until);
    x->times = pav_arena_alloc(q->arena, (size_t)(x->until - x->from) *
                                             sizeof(*x->times));
    x->started_count = pav_reader_started(q->reader, from * 24, until * 24,
                                          q->arena, &x->started);
}

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"machine", NULL};
    const char *wanted = page_parameter(q, "machine"), *shown;
    struct analysis x = {.q = q, .range = range_read_days(q, "30d")};
    uint32_t row = 0, started = 0;
    struct pav_members m;
    struct pav_items machines;
    struct pav_buf chart;
    struct slot slot = {"chart", &chart};
    struct part_of p;

    (void)rest;
    read_all(&x);
    shown = shown_one(&x, wanted);
    pav_members_init(&m, q->arena);
    pav_items_init(&machines, q->arena);
    pav_buf_init(&chart, 1u << 20);
    while (next_part(&x, &row, &started, &p))
        pav_items_add(
            &machines,
            machine_view(&x, &p, strcmp(p.machine, shown) == 0, &m, &chart));
    if (wanted != NULL && strcmp(wanted, shown) != 0)
        view_text(&m, "unknown", wanted);
    view_bool(&m, "by_hour", is_by_hour(&x));
    pav_members_puts(&m, "machines", pav_items_array(&machines));
    view_bool(&m, "any", machines.count > 0);
    add_late(q, &m);
    range_add(q, &x.range, "analyse", kept, &m);
    page_show(q, &(struct page){.name = "analyse",
                                .title = "Analyse",
                                .place = "at_analyse",
                                .topics = "executions",
                                .view = &m,
                                .slots = &slot,
                                .slot_count = 1});
    pav_buf_fini(&chart);
}

const struct page_route analyse_page = {"/analyse", "pavane:ReadExecutions",
                                        PAGE_ITSELF, show};
