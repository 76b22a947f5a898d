/*
 * What a command prints: held back until it is whole.  A terminal gets rows in
 * columns and no line that is wider than it; whoever watches gets it again when
 * it has changed.  Pipes and files get it as it was printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pavane/text.h"
#include "cli.h"

#define WATCH_S     2
#define WIDTH       80 /* of a terminal that does not say */
#define LEAST_WIDTH 40
#define COLUMNS_MAX 8
#define GAP         2 /* between columns */
#define HANGING     4 /* what goes on in the next line */

static size_t
width_of(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH;
    return size.ws_col < LEAST_WIDTH ? LEAST_WIDTH : size.ws_col;
}

static void
put_blanks(size_t n)
{
    while (n-- > 0)
        putchar(' ');
}

/* A line, without its end, in as many as the width asks for; between words. */
static void
put_folded(const char *line, size_t len, size_t width)
{
    size_t indent = strspn(line, " "), left = width;

    indent = (indent < len ? indent : 0) + HANGING;
    while (pav_utf8_count(line, len) > left) {
        size_t at = 0, i;

        for (i = 1; i < len; i++)
            if (line[i] == ' ' && line[i - 1] != ' ') {
                if (pav_utf8_count(line, i) > left)
                    break;
                at = i;
            }
        if (at == 0) /* one word that is wider */
            at = i;
        fwrite(line, 1, at, stdout);
        while (at < len && line[at] == ' ')
            at++;
        line += at;
        len -= at;
        if (len == 0)
            break;
        putchar('\n');
        put_blanks(indent);
        left = width > indent ? width - indent : 1;
    }
    fwrite(line, 1, len, stdout);
    putchar('\n');
}

struct cells {
    const char *p[COLUMNS_MAX];
    size_t len[COLUMNS_MAX];
    size_t count;
};

/* Between tabs; the last has what is behind it. */
static void
read_cells(const char *line, size_t len, struct cells *c)
{
    for (c->count = 0;; len -= c->len[c->count++] + 1) {
        const char *tab =
            c->count + 1 < COLUMNS_MAX ? memchr(line, '\t', len) : NULL;

        c->p[c->count] = line;
        c->len[c->count] = tab == NULL ? len : (size_t)(tab - line);
        if (tab == NULL)
            break;
        line = tab + 1;
    }
    c->count++;
}

/* Lines with tabs, from `p` to `end`. */
static void
put_rows(const char *p, const char *end, size_t width)
{
    size_t widths[COLUMNS_MAX] = {0}, sum = 0, last = 0, i;
    const char *line, *eol;
    struct pav_buf b;
    struct cells c;

    for (line = p; line < end; line = eol + 1) {
        eol = memchr(line, '\n', (size_t)(end - line));
        read_cells(line, (size_t)(eol - line), &c);
        for (i = 0; i < c.count; i++) {
            size_t n = pav_utf8_count(c.p[i], c.len[i]);

            widths[i] = n > widths[i] ? n : widths[i];
        }
    }
    for (i = 0; i < COLUMNS_MAX; i++) {
        sum += widths[i] == 0 ? 0 : widths[i] + GAP;
        last = widths[i] == 0 ? last : i;
    }
    /* The widest give way: what is wider pushes the rest of its row. */
    for (; sum > width + GAP; sum--) {
        size_t widest = 0;

        for (i = 1; i < last; i++)
            widest = widths[i] > widths[widest] ? i : widest;
        if (widest == last || widths[widest] == 0)
            break;
        widths[widest]--;
    }
    pav_buf_init(&b, SIZE_MAX / 2);
    for (line = p; line < end; line = eol + 1) {
        eol = memchr(line, '\n', (size_t)(end - line));
        read_cells(line, (size_t)(eol - line), &c);
        b.len = 0;
        for (i = 0; i < c.count; i++) {
            size_t n = pav_utf8_count(c.p[i], c.len[i]);

            pav_buf_put(&b, c.p[i], c.len[i]);
            if (i + 1 < c.count)
                for (n = n < widths[i] ? widths[i] - n + GAP : GAP; n > 0; n--)
                    pav_buf_putc(&b, ' ');
        }
        while (b.len > 0 && b.p[b.len - 1] == ' ')
            b.len--;
        put_folded(b.p == NULL ? "" : b.p, b.len, width);
    }
    pav_buf_fini(&b);
}

static void
put_for_terminal(const char *text, size_t len)
{
    const char *p = text, *end = text + len, *eol, *rows = NULL;
    size_t width = width_of();

    for (; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        if (eol == NULL)
            eol = end;
        if (memchr(p, '\t', (size_t)(eol - p)) != NULL && eol < end) {
            rows = rows == NULL ? p : rows;
            continue;
        }
        if (rows != NULL)
            put_rows(rows, p, width);
        rows = NULL;
        put_folded(p, (size_t)(eol - p), width);
    }
    if (rows != NULL)
        put_rows(rows, end, width);
}

/* What is held back of a stream, which is a variable here: free(text). */
struct held {
    FILE **stream, *real;
    char *text;
    size_t len;
};

static void
hold(struct held *h, FILE **stream)
{
    h->stream = stream;
    h->real = *stream;
    *stream = open_memstream(&h->text, &h->len);
    if (*stream == NULL)
        abort(); /* as every allocation that fails */
}

static void
release(struct held *h)
{
    fclose(*h->stream);
    *h->stream = h->real;
}

int
cli_print(const struct pav_settings *s, int argc, char **argv, bool watch,
          int (*once)(const struct pav_settings *s, int argc, char **argv))
{
    bool raw = !isatty(STDOUT_FILENO) || pav_settings_flag(s, "json");
    struct held last = {.text = NULL}, out, said;
    bool refused;
    int code;

    do {
        hold(&out, &stdout);
        hold(&said, &stderr); /* so that it comes behind */
        code = once(s, argc, argv);
        release(&said);
        release(&out);
        if (last.text == NULL || out.len != last.len ||
            memcmp(out.text, last.text, out.len) != 0) {
            if (raw)
                fwrite(out.text, 1, out.len, stdout);
            else
                put_for_terminal(out.text, out.len);
            fflush(stdout);
        }
        fwrite(said.text, 1, said.len, stderr);
        refused = said.len > 0;
        free(said.text);
        free(last.text);
        last = out;
    } while (watch && code <= 1 && !refused && sleep(WATCH_S) == 0);
    free(last.text);
    return code;
}
