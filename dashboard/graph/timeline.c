/*
 * The stays of an execution against time, as SVG: a bar each, in order.
 * Drawn with attributes alone, for the policy of our pages has no room for
 * style in markup.
 */
#include "timeline.h"

#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"

#define ROW    26
#define NAMES  210 /* pixels for names */
#define BARS   760
#define ROWS   300
#define TICKS  5
#define HEADER 24

static void
put_ticks(struct pav_buf *b, int64_t span, unsigned height)
{
    char text[64], last[64] = "";
    int i;

    for (i = 0; i <= TICKS; i++) {
        int x = NAMES + BARS * i / TICKS;

        pav_time_span(span * i / TICKS, text, sizeof(text));
        pav_buf_printf(b, "<path class=\"tick\" d=\"M%d %dV%u\"/>", x, HEADER,
                       height);
        if (strcmp(text, last) != 0) /* a short span has fewer */
            pav_buf_printf(b, "<text class=\"%s\" x=\"%d\" y=\"15\">%s</text>",
                           i == TICKS ? "last" : "scale", x, text);
        memcpy(last, text, sizeof(last));
    }
}

static void
put_row(struct pav_buf *b, const struct visit *v, unsigned row, int64_t from,
        int64_t span, int64_t now, const char *link)
{
    int64_t until = v->exited_at != 0 ? v->exited_at : now;
    double x = NAMES + (double)(v->entered_at - from) * BARS / (double)span;
    double w = (double)(until - v->entered_at) * BARS / (double)span;
    unsigned y = HEADER + row * ROW;
    char text[64];

    if (w < 3)
        w = 3;
    if (x + w > NAMES + BARS)
        x = NAMES + BARS - w;
    pav_buf_printf(b, "<a class=\"%s\" href=\"", pav_looks[v->status].class);
    pav_buf_htmls(b, link);
    pav_url_encode(b, v->name, strlen(v->name));
    pav_buf_printf(b, "&amp;visit=%u\"><title>", v->number);
    pav_buf_htmls(b, v->name);
    pav_buf_printf(b, ": %s</title>",
                   pav_time_span(until - v->entered_at, text, sizeof(text)));
    pav_buf_printf(b,
                   "<rect class=\"row\" x=\"0\" y=\"%u\" width=\"%d\" "
                   "height=\"%d\"/><text class=\"name\" x=\"4\" y=\"%u\">",
                   y, NAMES + BARS, ROW, y + 17);
    pav_buf_htmls(b, v->name);
    pav_buf_printf(b,
                   "</text><rect class=\"bar\" x=\"%.1f\" y=\"%u\" "
                   "width=\"%.1f\" height=\"16\" rx=\"3\"/><text class=\"%s\" "
                   "x=\"%.1f\" y=\"%u\">%s</text></a>\n",
                   x, y + 5, w, x + w > NAMES + BARS - 90 ? "last" : "after",
                   x + w > NAMES + BARS - 90 ? x - 6 : x + w + 6, y + 17, text);
}

void
timeline_svg(const struct trace *t, int64_t from, int64_t until,
             const char *link, struct pav_buf *out)
{
    int64_t span = until - from < 1 ? 1 : until - from;
    uint32_t first = t->count > ROWS ? t->count - ROWS : 0, i;
    unsigned height = HEADER + (t->count - first) * ROW + 4;

    pav_buf_printf(out,
                   "<svg class=\"timeline\" viewBox=\"0 0 %d %u\" width=\"%d\" "
                   "height=\"%u\" role=\"group\" aria-label=\"Timeline\">\n",
                   NAMES + BARS + 10, height, NAMES + BARS + 10, height);
    put_ticks(out, span, height);
    for (i = first; i < t->count; i++)
        put_row(out, &t->visits[i], i - first, from, span, until, link);
    pav_buf_puts(out, "</svg>\n");
    if (first > 0)
        pav_buf_printf(out, "<p>The last %d of %u stays.</p>\n", ROWS,
                       t->count);
}
