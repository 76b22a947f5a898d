/*
 * The stays of an execution against time, as SVG: a row each, in order, on the
 * reader's clock; many stays in one state are one row.  Time in which nothing
 * happens at all, when it is more than a fifth of the whole, is folded: a break
 * with its length.
 *
 * Drawn with attributes alone, for the policy of our pages has no room for
 * style in markup.
 */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"

#define ROW     26
#define SAYS    14  /* pixels more, of a row with a line of its own */
#define NAMES   210 /* pixels for names */
#define BARS    760
#define ROWS    300
#define TICKS   5
#define HEADER  40
#define FOLD    5    /* a gap of more than a FOLDth is folded */
#define LEAST   1000 /* ms that are left when the gaps are folded */
#define BREAK   56   /* pixels of a folded gap */
#define FOLDED  8    /* gaps at most */
#define CLOSEST 120  /* pixels between two ticks */
#define MANY    12   /* more stays in a state are one row */

struct gap {
    int64_t from, until;
};

struct row {
    uint32_t visit; /* the first, or the only one */
    uint32_t stays;
};

struct timeline {
    const struct trace *trace;
    struct row *rows;
    uint32_t row_count;
    const struct when *when;
    int64_t from, until;
    struct gap gaps[FOLDED];
    int count;
    const struct timeline_look *look;
    struct pav_buf *b;
};

/* ---- time to pixels ---- */

static int64_t
folded_ms(const struct timeline *t)
{
    int64_t sum = 0;
    int i;

    for (i = 0; i < t->count; i++)
        sum += t->gaps[i].until - t->gaps[i].from;
    return sum;
}

static double
x_of(const struct timeline *t, int64_t ms)
{
    int64_t shown = t->until - t->from - folded_ms(t), before = ms - t->from;
    double room = BARS - t->count * BREAK, breaks = 0;
    int i;

    if (ms < t->from)
        return NAMES;
    if (ms > t->until)
        return NAMES + BARS;
    for (i = 0; i < t->count; i++) {
        const struct gap *g = &t->gaps[i];

        if (ms >= g->until) {
            before -= g->until - g->from;
            breaks += BREAK;
        } else if (ms > g->from) { /* inside: by its share of the break */
            before -= ms - g->from;
            breaks += (double)BREAK * (double)(ms - g->from) /
                      (double)(g->until - g->from);
        }
    }
    return NAMES + breaks +
           (shown < 1 ? 0 : (double)before * room / (double)shown);
}

static int
by_time(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

/* Between any two moments at which a stay begins or ends. */
static void
find_gaps(struct timeline *t)
{
    uint32_t n = 0, i;
    int64_t *at = pav_xmalloc((2 * (size_t)t->trace->count + 2) * sizeof(*at));

    at[n++] = t->from;
    at[n++] = t->until;
    for (i = 0; i < t->trace->count; i++) {
        at[n++] = t->trace->visits[i].entered_at;
        if (t->trace->visits[i].exited_at != 0)
            at[n++] = t->trace->visits[i].exited_at;
    }
    qsort(at, n, sizeof(*at), by_time);
    for (i = 0; i + 1 < n && t->count < FOLDED; i++)
        if (at[i] >= t->from && at[i + 1] <= t->until &&
            at[i + 1] - at[i] > (t->until - t->from) / FOLD)
            t->gaps[t->count++] = (struct gap){at[i], at[i + 1]};
    if (t->until - t->from - folded_ms(t) < LEAST)
        t->count = 0; /* nothing would be left that is worth its room */
    free(at);
}

/* ---- drawing ---- */

#define FINE 10000 /* ms in all: then moments have their milliseconds */

static void
put_moment(const struct timeline *t, int64_t ms)
{
    struct pav_buf b;
    const char *blank;

    if (t->until - t->from >= FINE) {
        when_words(t->when, ms, t->b);
        return;
    }
    pav_buf_init(&b, 128);
    when_exact(t->when, ms, &b);
    pav_buf_putc(&b, '\0');
    blank = strchr(b.p, ' '); /* behind the day */
    pav_buf_puts(t->b, blank == NULL ? b.p : blank + 1);
    pav_buf_fini(&b);
}

static void
put_tick(struct timeline *t, int64_t ms, double x, unsigned height, bool last)
{
    pav_buf_printf(t->b,
                   "<path class=\"tick\" d=\"M%.1f %dV%u\"/><text class=\"%s\" "
                   "x=\"%.1f\" y=\"15\">",
                   x, HEADER, height, last ? "last" : "scale", x);
    put_moment(t, ms);
    pav_buf_puts(t->b, "</text>");
}

static void
put_axis(struct timeline *t, unsigned height)
{
    double last = -CLOSEST, x;
    char span[64];
    int i;

    for (i = 0; i <= TICKS; i++) {
        int64_t ms = t->from + (t->until - t->from) * i / TICKS;
        bool folded = false;
        int k;

        for (k = 0; k < t->count; k++)
            folded |= ms > t->gaps[k].from && ms < t->gaps[k].until;
        x = x_of(t, ms);
        if (!folded && (x - last >= CLOSEST || i == TICKS) &&
            (i == TICKS || NAMES + BARS - x >= CLOSEST)) {
            put_tick(t, ms, x, height, i == TICKS);
            last = x;
        }
    }
    for (i = 0; i < t->count; i++) {
        x = x_of(t, t->gaps[i].from);
        pav_time_span(t->gaps[i].until - t->gaps[i].from, span, sizeof(span));
        pav_buf_puts(t->b, "<a href=\"");
        pav_buf_htmls(t->b, t->look->other);
        pav_buf_printf(t->b,
                       "\"><title>%s of idle time: unfold it</title><rect "
                       "class=\"fold\" x=\"%.1f\" y=\"%d\" "
                       "width=\"%d\" height=\"%u\"/><text class=\"scale "
                       "idle\" x=\"%.1f\" y=\"33\">%s</text></a>",
                       span, x, HEADER, BREAK, height - HEADER, x + BREAK / 2.0,
                       span);
    }
}

/* Behind the stay's own bar: how long it usually is. */
static void
put_usual(struct timeline *t, const struct visit *v, int64_t usual, unsigned y)
{
    double x = x_of(t, v->entered_at), end = x_of(t, v->entered_at + usual);
    char span[64];

    if (usual == 0 || v->entered_at + usual <= t->from)
        return;
    if (end > NAMES + BARS)
        end = NAMES + BARS;
    pav_buf_printf(t->b,
                   "<rect class=\"usual\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" "
                   "height=\"20\" rx=\"3\"><title>usually %s</title></rect>",
                   x, y + 3, end - x < 3 ? 3 : end - x,
                   pav_time_span(usual, span, sizeof(span)));
}

static int64_t
end_of(const struct timeline *t, const struct visit *v)
{
    return v->exited_at != 0 ? v->exited_at : t->look->ended;
}

/* From when until when it lasted, at least three pixels. */
static double
put_bar(struct timeline *t, const char *class, int64_t from, int64_t until,
        unsigned y, unsigned height)
{
    double x = x_of(t, from), w = x_of(t, until) - x;

    if (w < 3)
        w = 3;
    if (x + w > NAMES + BARS)
        x = NAMES + BARS - w;
    pav_buf_printf(t->b,
                   "<rect class=\"%s\" x=\"%.1f\" y=\"%u\" "
                   "width=\"%.1f\" height=\"%u\" rx=\"3\"/>",
                   class, x, y, w, height);
    return x + w;
}

/* Of a task that was tried again: its attempts, and the pauses between. */
static double
put_attempts(struct timeline *t, const struct visit *v, unsigned y)
{
    const struct attempt *a;
    double end =
        put_bar(t, "bar pauses", v->entered_at, end_of(t, v), y + 11, 4);

    for (a = v->first; a != NULL; a = a->next) {
        int64_t until = a->until != 0 ? a->until : end_of(t, v);

        if (a->from <= t->until && until >= t->from)
            put_bar(t, a->until != 0 ? "attempt failed" : "attempt", a->from,
                    until, y + 5, 16);
    }
    return end;
}

static void
put_late(struct timeline *t, const struct visit *v, unsigned y)
{
    if (v->late_at != 0 && v->late_at < t->until)
        put_bar(t, "late", v->late_at, end_of(t, v), y + 5, 16);
}

/* Many stays in a state: of those that stand alike, what is closer than a pixel
 * is drawn once. */
static void
put_stays(struct timeline *t, const struct row *r, unsigned y)
{
    const struct visit *first = &t->trace->visits[r->visit], *v;
    enum pav_mark_status before = PAV_MARK_NONE;
    double drawn = 0;
    char class[32];

    for (v = first; v < t->trace->visits + t->trace->count; v++) {
        if (v->state != first->state || !timeline_shows(v, t->from, t->until))
            continue;
        if (v->status == before && x_of(t, end_of(t, v)) < drawn + 1)
            continue;
        before = v->status;
        snprintf(class, sizeof(class), "bar %s", pav_looks[v->status].class);
        drawn = put_bar(t, class, v->entered_at, end_of(t, v), y + 5, 16);
        put_late(t, v, y);
    }
}

/* "×1501, half within 2 s, the longest 3 d" */
static void
say_stays(struct timeline *t, const struct row *r, struct pav_buf *out)
{
    const struct visit *first = &t->trace->visits[r->visit], *v;
    int64_t *ms = pav_xmalloc(r->stays * sizeof(*ms));
    char half[64], most[64];
    uint32_t n = 0;

    for (v = first; v < t->trace->visits + t->trace->count; v++)
        if (v->state == first->state && timeline_shows(v, t->from, t->until))
            ms[n++] = end_of(t, v) - v->entered_at;
    qsort(ms, n, sizeof(*ms), by_time);
    pav_buf_printf(out, "×%u, half within %s, the longest %s", n,
                   pav_time_span(ms[(n - 1) / 2], half, sizeof(half)),
                   pav_time_span(ms[n - 1], most, sizeof(most)));
    free(ms);
}

static unsigned
row_height(const struct row *r)
{
    return r->stays > 1 ? ROW + SAYS : ROW;
}

/* Its link, up to what is drawn over the row. */
static void
begin_row(struct timeline *t, const struct row *r, const struct visit *v,
          const char *says, unsigned y)
{
    pav_buf_printf(t->b, "<a class=\"%s\" href=\"", pav_looks[v->status].class);
    pav_buf_htmls(t->b, t->look->link);
    pav_url_encode(t->b, v->name, strlen(v->name));
    pav_buf_printf(t->b, "&amp;visit=%u", v->number);
    pav_buf_puts(t->b, "\"><title>");
    pav_buf_htmls(t->b, v->name);
    pav_buf_printf(t->b, ": %s, from ", says);
    when_exact(t->when, v->entered_at, t->b);
    pav_buf_printf(t->b,
                   "</title><rect class=\"row\" x=\"0\" y=\"%u\" width=\"%d\" "
                   "height=\"%u\"/><text class=\"name\" x=\"4\" y=\"%u\">",
                   y, NAMES + BARS, row_height(r), y + 17);
    pav_buf_htmls(t->b, v->name);
    pav_buf_puts(t->b, "</text>");
}

/* Of a row of many stays the one that somebody should look at: what is late,
 * what failed, what goes on, the first. */
static const struct visit *
worst_of(const struct timeline *t, const struct row *r)
{
    static const enum pav_mark_status order[] = {
        PAV_MARK_OVERDUE, PAV_MARK_FAILED, PAV_MARK_TIMED_OUT,
        PAV_MARK_RUNNING};
    const struct visit *first = &t->trace->visits[r->visit], *v;
    size_t i;

    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        for (v = first; v < t->trace->visits + t->trace->count; v++)
            if (v->state == first->state && v->status == order[i] &&
                timeline_shows(v, t->from, t->until))
                return v;
    return first;
}

static void
put_group(struct timeline *t, const struct row *r, unsigned y)
{
    struct pav_buf says;

    pav_buf_init(&says, 256);
    say_stays(t, r, &says);
    begin_row(t, r, worst_of(t, r), says.p, y);
    put_stays(t, r, y);
    pav_buf_printf(t->b,
                   "<text class=\"after\" x=\"%d\" y=\"%u\">%s</text></a>\n",
                   NAMES, y + ROW + 7, says.p);
    pav_buf_fini(&says);
}

static void
put_row(struct timeline *t, const struct row *r, unsigned y)
{
    const struct visit *v = &t->trace->visits[r->visit];
    double x = x_of(t, v->entered_at), end;
    char span[64];

    pav_time_span(end_of(t, v) - v->entered_at, span, sizeof(span));
    begin_row(t, r, v, span, y);
    if (t->look->usual != NULL)
        put_usual(t, v, t->look->usual[v - t->trace->visits], y);
    if (v->attempts > 1)
        end = put_attempts(t, v, y);
    else
        end = put_bar(t, "bar", v->entered_at, end_of(t, v), y + 5, 16);
    put_late(t, v, y);
    /* Behind the bar, before it, or on it: wherever there is room. */
    if (end <= NAMES + BARS - 90)
        pav_buf_printf(t->b, "<text class=\"after\" x=\"%.1f\" y=\"%u\">",
                       end + 6, y + 17);
    else
        pav_buf_printf(t->b, "<text class=\"last%s\" x=\"%.1f\" y=\"%u\">",
                       x - 6 < NAMES + 60 ? " over" : "",
                       x - 6 < NAMES + 60 ? NAMES + BARS - 6.0 : x - 6, y + 17);
    pav_buf_printf(t->b, "%s</text></a>\n", span);
}

/* ---- the whole ---- */

bool
timeline_shows(const struct visit *v, int64_t from, int64_t until)
{
    return v->entered_at <= until &&
           (v->exited_at == 0 || v->exited_at >= from);
}

/* How many stays in each state are shown, by state of the graph. */
static uint32_t *
count_stays(const struct timeline *t)
{
    const struct trace *tr = t->trace;
    uint32_t states = 0, i, *stays;

    for (i = 0; i < tr->count; i++)
        if (tr->visits[i].state != PAV_GRAPH_NONE &&
            tr->visits[i].state >= states)
            states = tr->visits[i].state + 1;
    stays = pav_xcalloc((size_t)states + 1, sizeof(*stays));
    for (i = 0; i < tr->count; i++)
        if (tr->visits[i].state != PAV_GRAPH_NONE &&
            timeline_shows(&tr->visits[i], t->from, t->until))
            stays[tr->visits[i].state]++;
    return stays;
}

/* A row for each stay that is shown, but for states with many of them; how many
 * such there are. */
static uint32_t
find_rows(struct timeline *t)
{
    const struct trace *tr = t->trace;
    uint32_t *stays = count_stays(t), groups = 0, i;

    t->rows = pav_xmalloc(((size_t)tr->count + 1) * sizeof(*t->rows));
    for (i = 0; i < tr->count; i++) {
        const struct visit *v = &tr->visits[i];
        struct row r = {.visit = i, .stays = 1};

        if (!timeline_shows(v, t->from, t->until))
            continue;
        if (v->state != PAV_GRAPH_NONE && !t->look->each) {
            if (stays[v->state] == 0)
                continue; /* its row is there */
            if (stays[v->state] > MANY) {
                r.stays = stays[v->state];
                stays[v->state] = 0;
                groups++;
            }
        }
        t->rows[t->row_count++] = r;
    }
    free(stays);
    return groups;
}

/* Where time bends, for who marks a part of the picture: "210:1764,970:1999" */
static void
put_scale(struct timeline *t)
{
    int i;

    pav_buf_printf(t->b, " data-scale=\"%d:%lld", NAMES, (long long)t->from);
    for (i = 0; i < t->count; i++)
        pav_buf_printf(t->b, ",%.1f:%lld,%.1f:%lld", x_of(t, t->gaps[i].from),
                       (long long)t->gaps[i].from, x_of(t, t->gaps[i].until),
                       (long long)t->gaps[i].until);
    pav_buf_printf(t->b, ",%d:%lld\" data-window=\"", NAMES + BARS,
                   (long long)t->until);
    pav_buf_htmls(t->b, t->look->window);
    pav_buf_putc(t->b, '"');
}

void
timeline_svg(const struct trace *trace, const struct timeline_look *look,
             struct pav_buf *out, struct timeline_drawn *drawn)
{
    struct timeline t = {.trace = trace,
                         .when = look->when,
                         .from = look->from,
                         .until = look->until - look->from < 1 ? look->from + 1
                                                               : look->until,
                         .look = look,
                         .b = out};
    uint32_t first, i;
    unsigned height = HEADER + 4, y = HEADER;

    drawn->groups = find_rows(&t);
    first = t.row_count > ROWS ? t.row_count - ROWS : 0;
    drawn->left_out = first;
    for (i = first; i < t.row_count; i++)
        height += row_height(&t.rows[i]);
    find_gaps(&t);
    drawn->gaps = t.count;
    if (look->whole)
        t.count = 0;
    pav_buf_printf(out,
                   "<svg class=\"timeline\" viewBox=\"0 0 %d %u\" width=\"%d\" "
                   "height=\"%u\" role=\"group\" aria-label=\"Timeline\"",
                   NAMES + BARS + 10, height, NAMES + BARS + 10, height);
    put_scale(&t);
    pav_buf_puts(out, ">\n<pattern id=\"hatch\" width=\"6\" height=\"6\" "
                      "patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" "
                      "d=\"M0 6L6 0\"/></pattern>\n");
    put_axis(&t, height);
    for (i = first; i < t.row_count; i++) {
        if (t.rows[i].stays > 1)
            put_group(&t, &t.rows[i], y);
        else
            put_row(&t, &t.rows[i], y);
        y += row_height(&t.rows[i]);
    }
    pav_buf_puts(out, "</svg>\n");
    free(t.rows);
}
