/* How wide texts are, and how they are shortened. */
#include <string.h>

#include "pavane/text.h"
#include "graph_int.h"

const char *
text_shorten(struct pav_arena *a, const char *text, unsigned max)
{
    const char *p = text, *end = text + strlen(text), *cut = text;
    unsigned n = 0;

    while (p < end) {
        size_t len = pav_utf8_len(p, end);

        if (n + 1 == max)
            cut = p;
        if (++n > max)
            return pav_arena_printf(a, "%.*s…", (int)(cut - text), text);
        p += len == 0 ? 1 : len;
    }
    return text;
}

double
text_width(const char *text, double px)
{
    /* Of 1/100 em, for ASCII; a sans-serif of average width. */
    static const unsigned char widths[] = {
        28, 34, 40, 72, 60, 84, 76, 26, 38, 38, 50, 72, 32, 38, 32, 36,
        60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 34, 34, 72, 72, 72, 54,
        96, 70, 68, 70, 74, 62, 60, 76, 76, 36, 38, 68, 58, 86, 78, 78,
        64, 78, 70, 66, 64, 74, 70, 98, 68, 66, 66, 38, 36, 38, 72, 52,
        52, 60, 62, 56, 62, 60, 36, 62, 62, 30, 30, 58, 30, 94, 62, 62,
        62, 62, 42, 54, 40, 62, 58, 78, 58, 58, 54, 56, 36, 56, 72};
    const char *p = text, *end = text + strlen(text);
    double sum = 0;

    while (p < end) {
        size_t len = pav_utf8_len(p, end);
        unsigned char c = (unsigned char)*p;

        if (len <= 1)
            sum += c >= 0x20 && c < 0x7f ? widths[c - 0x20] : 0;
        else
            sum += pav_utf8_get(p, &len) < 0x2e80 ? 72 : 104;
        p += len == 0 ? 1 : len;
    }
    return sum * px / 100 * 1.1;
}

#define TYPE "detail-type = "

const char *
edge_label(struct pav_arena *a, const struct edge *e)
{
    struct pav_buf b;
    const char *p = e->label, *text;

    pav_buf_init(&b, 1 << 16);
    while (*p != '\0') {
        size_t n = strcspn(p, " ");
        const char *name = p;

        if (*p == '$' && memchr(p, '(', n) == NULL) {
            const char *dot = memrchr(p, '.', n);

            if (dot != NULL && dot + 1 < p + n)
                name = dot + 1;
        }
        if (strncmp(name, TYPE, strlen(TYPE)) == 0) { /* its name says it */
            p = name + strlen(TYPE);
            continue;
        }
        pav_buf_put(&b, name, (size_t)(p + n - name));
        p += n;
        while (*p == ' ') {
            pav_buf_putc(&b, ' ');
            p++;
        }
    }
    text =
        text_shorten(a, pav_arena_strdup(a, b.p == NULL ? "" : b.p), LABEL_MAX);
    pav_buf_fini(&b);
    return text;
}
