/* The stays of an execution: see stays.h. */
#include "stays.h"

#include <string.h>

#include "pavane/insight.h"
#include "pavane/text.h"
#include "pavane/wait_stats.h"
#include "graph/timeline.h"
#include "links.h"
#include "parameters.h"
#include "view_rows.h"
#include "when.h"

#define STAYS 300 /* the last ones, as the picture has them */

struct window {
    const struct asked *k;
    const char *page;
    int64_t began, ended; /* the execution; ended: or now */
    int64_t from, until;  /* what is looked at */
    bool part;            /* of it */
    bool unfold, each;
};

static int64_t
moment(const struct window *w, const char *name, int64_t otherwise)
{
    const char *text = page_parameter(w->k->q, name);
    int64_t ms;

    if (text == NULL || !pav_time_parse(text, strlen(text), &ms))
        return otherwise;
    return ms < w->began ? w->began : ms > w->ended ? w->ended : ms;
}

static void
window_read(struct window *w)
{
    const struct pav_execution_row *row = &w->k->x->row;

    w->began = row->started_at;
    w->ended = row->stopped_at != 0 ? row->stopped_at : w->k->q->now_ms;
    w->from = moment(w, "from", w->began);
    w->until = moment(w, "to", w->ended);
    if (w->until <= w->from) {
        w->from = w->began;
        w->until = w->ended;
    }
    w->part = w->from != w->began || w->until != w->ended;
    w->unfold = page_parameter(w->k->q, "unfold") != NULL;
    w->each = page_parameter(w->k->q, "each") != NULL;
}

/* The same page otherwise. */
static const char *
window_link(const struct window *w, int64_t from, int64_t until, bool unfold,
            bool each)
{
    char first[PAV_TIME_LEN], last[PAV_TIME_LEN];
    const char *link = w->page;

    if (from > w->began || until < w->ended)
        link = pav_arena_printf(w->k->q->arena, "%s&from=%s&to=%s", link,
                                pav_time_format(from, first),
                                pav_time_format(until, last));
    return pav_arena_printf(w->k->q->arena, "%s%s%s", link,
                            unfold ? "&unfold=1" : "", each ? "&each=1" : "");
}

/* Links: nearer, farther, before and behind, the whole. */
static void
add_zoom(const struct window *w, struct pav_members *m)
{
    int64_t span = w->until - w->from, quarter = span / 4;
    int64_t from = w->from - span / 2, until = w->until + span / 2;

    if (span > 4)
        view_text(m, "time_nearer",
                  window_link(w, w->from + quarter, w->until - quarter,
                              w->unfold, w->each));
    if (!w->part)
        return;
    view_text(m, "time_farther",
              window_link(w, from < w->began ? w->began : from,
                          until > w->ended ? w->ended : until, w->unfold,
                          w->each));
    view_text(m, "all_time",
              window_link(w, w->began, w->ended, w->unfold, w->each));
    if (w->from > w->began)
        view_text(m, "time_before",
                  window_link(
                      w, w->from - span < w->began ? w->began : w->from - span,
                      w->from, w->unfold, w->each));
    if (w->until < w->ended)
        view_text(
            m, "time_after",
            window_link(w, w->until,
                        w->until + span > w->ended ? w->ended : w->until + span,
                        w->unfold, w->each));
}

/* How long half of the stays take, of those waits that are known: by visit. */
static const int64_t *
usual_stays(const struct asked *k)
{
    struct pav_wait_time *v;
    uint32_t n = pav_reader_wait_times(k->q->reader, k->x->machine, k->q->arena,
                                       &v),
             i, at;
    int64_t half, *usual = pav_arena_zalloc(k->q->arena, (k->trace->count + 1) *
                                                             sizeof(*usual));
    struct pav_wait_stats times;

    for (at = 0; at < n; at++) {
        if (!pav_usual(&v[at], 1, v[at].state, &times))
            continue;
        half = pav_wait_stats_quantile(&times, 0.5);
        for (i = 0; i < k->trace->count; i++)
            if (strcmp(k->trace->visits[i].name, v[at].state) == 0)
                usual[i] = half;
    }
    return usual;
}

static const struct pav_doc *
stay_view(const struct asked *k, const struct visit *v, const char *state)
{
    int64_t until = v->exited_at != 0           ? v->exited_at
                    : k->x->row.stopped_at != 0 ? k->x->row.stopped_at
                                                : k->q->now_ms;
    struct pav_members m;

    pav_members_init(&m, k->q->arena);
    view_text(&m, "state", v->name);
    view_text(&m, "link",
              pav_arena_printf(
                  k->q->arena, "%s&visit=%u",
                  view_link(k->q, state + strlen(page_root(k->q)), v->name),
                  v->number));
    view_look(&m, v->status);
    if (v->item > 0)
        view_number(&m, "item", v->item);
    view_text(&m, "error", v->error);
    view_time(&m, "entered", v->entered_at);
    view_time(&m, "left", v->exited_at);
    view_span(&m, "lasted", until - v->entered_at);
    return pav_members_object(&m);
}

/* A row for each stay: what the picture shows, for who reads it as a table. */
static const struct pav_doc *
stays_view(const struct window *w, const char *state)
{
    const struct trace *t = w->k->trace;
    struct pav_items rows;
    uint32_t i, first = t->count;
    int left = STAYS;

    while (first > 0 && left > 0)
        left -= timeline_shows(&t->visits[--first], w->from, w->until);
    pav_items_init(&rows, w->k->q->arena);
    for (i = first; i < t->count; i++)
        if (timeline_shows(&t->visits[i], w->from, w->until))
            pav_items_add(&rows, stay_view(w->k, &t->visits[i], state));
    return pav_items_array(&rows);
}

void
stays_add_rows(const struct asked *k, const char *text, struct pav_members *m)
{
    const char *state = pav_arena_printf(
        k->q->arena, "%s?tab=history&only=visits&state=", k->link);
    struct pav_items rows;
    int64_t found = 0;
    uint32_t i;

    pav_items_init(&rows, k->q->arena);
    for (i = k->trace->count; i-- > 0;) {
        const struct visit *v = &k->trace->visits[i];

        if (text != NULL && strcasestr(v->name, text) == NULL &&
            (v->error == NULL || strcasestr(v->error, text) == NULL))
            continue;
        if (found++ < STAYS)
            pav_items_add(&rows, stay_view(k, v, state));
    }
    pav_members_puts(m, "stays", pav_items_array(&rows));
    view_amount(m, "visits_found", found);
    if (found > STAYS)
        view_number(m, "visits_shown", STAYS);
}

void
stays_add(const struct asked *k, const char *page, const char *state,
          struct pav_members *m, struct pav_buf *picture)
{
    struct window w = {.k = k, .page = page};
    struct timeline_look look = {.link = state, .usual = usual_stays(k)};
    struct timeline_drawn drawn;
    struct when when;

    window_read(&w);
    look.from = w.from;
    look.until = w.until;
    look.ended = w.ended;
    look.whole = w.unfold || w.part; /* who looks closely wants it even */
    look.each = w.each;
    look.window = window_link(&w, w.began, w.ended, w.unfold, w.each);
    look.other = window_link(&w, w.from, w.until, !w.unfold, w.each);
    look.when = &when;
    when_begin(&when, k->q);
    timeline_svg(k->trace, &look, picture, &drawn);
    when_end(&when);
    if (w.part) {
        view_time(m, "window_from", w.from);
        view_time(m, "window_until", w.until);
    }
    add_zoom(&w, m);
    if (drawn.gaps > 0 && w.unfold && !w.part)
        view_text(m, "fold_idle", look.other);
    if (drawn.groups > 0)
        view_text(m, "each_stay",
                  window_link(&w, w.from, w.until, w.unfold, true));
    if (w.each)
        view_text(m, "group_stays",
                  window_link(&w, w.from, w.until, w.unfold, false));
    if (drawn.left_out > 0)
        view_text(m, "rows_left_out", view_count(k->q->arena, drawn.left_out));
    pav_members_puts(m, "stays", stays_view(&w, state));
}
