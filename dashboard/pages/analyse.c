/* What usually happens: by machine, how many ended how each day, and how long
 * it took them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

#define DAY_MS INT64_C(86400000)

struct analysis {
    struct pav_query *q;
    struct range range;
    int64_t from_day, until_day;
    struct pav_flow_row *rows;
    uint32_t count;
};

static const char *
day_name(struct pav_arena *a, int64_t day)
{
    time_t at = (time_t)(day * 86400);
    struct tm tm;
    char text[16];

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y-%m-%d", &tm);
    return pav_arena_strdup(a, text);
}

/* The machine's own flow, of that day alone. */
static const char *
day_link(struct pav_query *q, const char *machine, const char *day)
{
    return pav_arena_printf(q->arena, "%s?tab=flow&from=%s&to=%s",
                            view_link(q, "machines/", machine), day, day);
}

/* One machine's rows of the range: a column for each of its days. */
static void
fill_days(const struct analysis *x, const struct pav_flow_row *v, uint32_t n,
          struct chart_day *days, struct pav_wait_stats *whole, int64_t *ended,
          int64_t *failed)
{
    uint32_t count = (uint32_t)(x->until_day - x->from_day), i, k;
    struct pav_wait_stats *times =
        pav_arena_zalloc(x->q->arena, count * sizeof(*times));

    for (i = 0; i < n; i++) {
        uint32_t at = (uint32_t)(v[i].day - x->from_day);
        struct pav_wait_stats one;
        enum pav_status status;

        if (at >= count || !pav_status_find(v[i].b, &status))
            continue;
        days[at].parts[status] += v[i].count;
        pav_wait_stats_read(&one, v[i].histogram);
        pav_wait_stats_merge(&times[at], &one);
        pav_wait_stats_merge(whole, &one);
        *ended += v[i].count;
        if (status != PAV_SUCCEEDED)
            *failed += v[i].count;
    }
    for (k = 0; k < count; k++) {
        int64_t good = days[k].parts[PAV_SUCCEEDED], all = chart_sum(&days[k]);

        days[k].name = day_name(x->q->arena, x->from_day + k);
        days[k].p50 = days[k].p95 = -1;
        days[k].says =
            pav_arena_printf(x->q->arena, "%s: none ended", days[k].name);
        if (all == 0)
            continue;
        days[k].p50 = pav_wait_stats_quantile(&times[k], 0.5);
        days[k].p95 = pav_wait_stats_quantile(&times[k], 0.95);
        days[k].link =
            view_link(x->q, "executions?q=",
                      pav_arena_printf(x->q->arena, "machine:\"%s\" ended:%s",
                                       v->a, days[k].name));
        days[k].says = pav_arena_printf(
            x->q->arena, "%s: %s ended, %s of them badly", days[k].name,
            view_count(x->q->arena, all), view_count(x->q->arena, all - good));
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

        if (all == 0)
            continue;
        pav_members_init(&m, x->q->arena);
        view_text(&m, "day", days[k].name);
        view_text(&m, "list", days[k].link);
        view_text(&m, "link", day_link(x->q, machine, days[k].name));
        view_amount(&m, "ended", all);
        view_amount(&m, "bad", all - days[k].parts[PAV_SUCCEEDED]);
        view_span(&m, "p50", days[k].p50);
        view_span(&m, "p95", days[k].p95);
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
        longest = days[k].p95 > longest ? days[k].p95 : longest;
    }
    chart_draw(
        out,
        pav_arena_printf(a,
                         "%s: how many ended each day, and how long they "
                         "took; the table below has the same",
                         machine),
        days, count, pav_arena_printf(a, "%s a day", view_count(a, most)),
        pav_arena_printf(a, "95 %% within %s; the line: half of them",
                         pav_time_span(longest, span, sizeof(span))));
}

/* A machine's row of the list; its chart and table when it is the one. */
static const struct pav_doc *
machine_view(const struct analysis *x, const struct pav_flow_row *v, uint32_t n,
             bool shown, struct pav_members *page, struct pav_buf *chart)
{
    uint32_t count = (uint32_t)(x->until_day - x->from_day);
    struct pav_arena *a = x->q->arena;
    struct chart_day *days = pav_arena_zalloc(a, count * sizeof(*days));
    struct pav_wait_stats whole = {0};
    int64_t ended = 0, failed = 0;
    struct pav_members m;

    fill_days(x, v, n, days, &whole, &ended, &failed);
    pav_members_init(&m, a);
    view_text(&m, "machine", v->a);
    view_text(&m, "link",
              pav_arena_printf(a, "%s&%s",
                               view_link(x->q, "analyse?machine=", v->a),
                               x->range.asked));
    view_bool(&m, "shown", shown);
    view_amount(&m, "ended", ended);
    view_amount(&m, "bad", failed);
    view_span(&m, "p50", pav_wait_stats_quantile(&whole, 0.5));
    view_span(&m, "p95", pav_wait_stats_quantile(&whole, 0.95));
    add_spark(&m, days, count);
    if (shown) {
        view_text(page, "shown", v->a);
        view_text(page, "flow",
                  pav_arena_printf(a, "%s?tab=flow&%s",
                                   view_link(x->q, "machines/", v->a),
                                   x->range.asked));
        pav_members_puts(page, "days", table_of(x, v->a, days, count));
        add_chart(x, v->a, days, count, chart);
    }
    return pav_members_object(&m);
}

/* The machine of which the most ended. */
static const char *
most_of(const struct analysis *x)
{
    int64_t most = -1, sum = 0;
    const char *name = "";
    uint32_t i;

    for (i = 0; i < x->count; i++) {
        sum = i > 0 && strcmp(x->rows[i].a, x->rows[i - 1].a) == 0
                  ? sum + x->rows[i].count
                  : x->rows[i].count;
        if (sum > most) {
            most = sum;
            name = x->rows[i].a;
        }
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

static void
show(struct pav_query *q, const char *rest)
{
    static const char *const kept[] = {"machine", NULL};
    const char *wanted = page_parameter(q, "machine"), *most;
    struct analysis x = {.q = q, .range = range_read_days(q, "30d")};
    struct pav_members m;
    struct pav_items machines;
    struct pav_buf chart;
    struct slot slot = {"chart", &chart};
    uint32_t i, n;
    bool known = false;

    (void)rest;
    x.from_day = x.range.from_ms / DAY_MS;
    x.until_day = x.range.until_ms / DAY_MS + 1;
    x.count = pav_reader_flow_ends(q->reader, NULL, x.from_day, x.until_day,
                                   q->arena, &x.rows);
    for (i = 0; i < x.count && wanted != NULL; i++)
        known = known || strcmp(x.rows[i].a, wanted) == 0;
    most = most_of(&x);
    pav_members_init(&m, q->arena);
    pav_items_init(&machines, q->arena);
    pav_buf_init(&chart, 1u << 20);
    for (i = 0; i < x.count; i += n) {
        const struct pav_flow_row *v = &x.rows[i];

        for (n = 1; i + n < x.count && strcmp(x.rows[i + n].a, v->a) == 0;)
            n++;
        pav_items_add(&machines,
                      machine_view(&x, v, n,
                                   strcmp(v->a, known ? wanted : most) == 0, &m,
                                   &chart));
    }
    if (wanted != NULL && !known)
        view_text(&m, "unknown", wanted);
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
