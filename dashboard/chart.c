/* See chart.h. */
#include "chart.h"

#define WIDTH  720.0
#define HEIGHT 110.0 /* of the columns, and of the band below them */
#define BAND   60.0
#define GAP    26.0 /* between them: the names of the days */
#define LEFT   4.0

int64_t
chart_sum(const struct chart_day *d)
{
    int64_t sum = 0;
    int i;

    for (i = 0; i < CHART_PARTS; i++)
        sum += d->parts[i];
    return sum;
}

static double
height_of(int64_t count, int64_t most)
{
    return (double)count / (double)most * (HEIGHT - 4);
}

/* What is clicked and pointed at; a link is ended behind what it is around. */
static void
put_room(struct pav_buf *b, const char *link, const char *says, double x,
         double y, double w, double h)
{
    if (link != NULL) {
        pav_buf_puts(b, "<a href=\"");
        pav_buf_htmls(b, link);
        pav_buf_puts(b, "\">");
    }
    pav_buf_printf(b,
                   "<rect class=\"room\" x=\"%.1f\" y=\"%.0f\" "
                   "width=\"%.1f\" height=\"%.0f\"/><title>",
                   x, y, w, h);
    pav_buf_htmls(b, says);
    pav_buf_puts(b, "</title>");
}

static void
put_column(struct pav_buf *b, const struct chart_day *d, double x, double w,
           int64_t most)
{
    static const char *const classes[CHART_PARTS] = {
        "running", "succeeded", "failed", "timedout", "aborted"};
    double y = HEIGHT;
    int i;

    put_room(b, d->link, d->says, x, 0, w, HEIGHT);
    for (i = 0; i < CHART_PARTS; i++) {
        double h = height_of(d->parts[i], most);

        if (d->parts[i] == 0)
            continue;
        if (h < 2)
            h = 2; /* one failure of a million is seen */
        y -= h;
        pav_buf_printf(b,
                       "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
                       "width=\"%.1f\" height=\"%.1f\"/>",
                       classes[i], x + 1, y, w > 3 ? w - 2 : w, h);
    }
    if (d->started > 0)
        pav_buf_printf(b,
                       "<rect class=\"started\" x=\"%.1f\" y=\"%.1f\" "
                       "width=\"%.1f\" height=\"2\"/>",
                       x, HEIGHT - 1 - height_of(d->started, most), w);
    if (d->link != NULL)
        pav_buf_puts(b, "</a>");
}

/* From the median up to what 95 % are within. */
static void
put_band(struct pav_buf *b, const struct chart_day *d, double x, double w,
         int64_t longest)
{
    double top = HEIGHT + GAP, low, high;

    if (d->p50 < 0)
        return;
    low = (double)d->p50 / (double)longest * (BAND - 4);
    high = (double)d->p95 / (double)longest * (BAND - 4);
    put_room(b, d->times_link, d->times_say, x, top, w, BAND);
    pav_buf_printf(b,
                   "<rect class=\"band\" x=\"%.1f\" y=\"%.1f\" "
                   "width=\"%.1f\" height=\"%.1f\"/>"
                   "<rect class=\"median\" x=\"%.1f\" y=\"%.1f\" "
                   "width=\"%.1f\" height=\"2\"/>",
                   x + 1, top + BAND - high, w > 3 ? w - 2 : w,
                   high - low < 2 ? 2 : high - low, x + 1, top + BAND - low - 1,
                   w > 3 ? w - 2 : w);
    if (d->times_link != NULL)
        pav_buf_puts(b, "</a>");
}

static void
put_words(struct pav_buf *b, double x, double y, const char *anchor,
          const char *text)
{
    pav_buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y,
                   anchor);
    pav_buf_htmls(b, text);
    pav_buf_puts(b, "</text>");
}

void
chart_draw(struct pav_buf *b, const char *title, const struct chart_day *days,
           uint32_t count, const char *most_words, const char *longest_words)
{
    double w = (WIDTH - LEFT) / (count == 0 ? 1 : count);
    int64_t most = 1, longest = 1;
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (chart_sum(&days[i]) > most)
            most = chart_sum(&days[i]);
        if (days[i].started > most)
            most = days[i].started;
        if (days[i].p95 > longest)
            longest = days[i].p95;
    }
    pav_buf_printf(b, "<svg class=\"chart\" viewBox=\"0 0 %.0f %.0f\" ", WIDTH,
                   HEIGHT + GAP + BAND);
    pav_buf_puts(b, "role=\"group\" aria-label=\"");
    pav_buf_htmls(b, title);
    pav_buf_puts(b, "\">");
    for (i = 0; i < count; i++) {
        put_column(b, &days[i], LEFT + w * i, w, most);
        put_band(b, &days[i], LEFT + w * i, w, longest);
    }
    if (count > 0) {
        put_words(b, LEFT, HEIGHT + 14, "start", days[0].name);
        put_words(b, WIDTH, HEIGHT + 14, "end", days[count - 1].name);
        put_words(b, LEFT, 11, "start", most_words);
        put_words(b, LEFT, HEIGHT + GAP + 9, "start", longest_words);
    }
    pav_buf_puts(b, "</svg>");
}
