/* Documents: printing. */
#include "pavane/doc.h"

static void
break_line(struct pav_buf *out, int level)
{
    if (level < 0)
        return;
    pav_buf_putc(out, '\n');
    while (level-- > 0 && !out->over)
        pav_buf_put(out, "  ", 2);
}

/*
 * `level` < 0: compact, -1 - depth; otherwise the depth of indentation.  What
 * was made can be deeper than what the parser takes: the buffer is `over` then.
 */
static void
print(const struct pav_doc *d, struct pav_buf *out, int level, int deepest)
{
    int inner = level < 0 ? level - 1 : level + 1;
    uint32_t i;

    if (level < -1 - deepest) {
        out->over = true;
        return;
    }

    switch ((enum pav_kind)d->kind) {
    case PAV_NULL:
        pav_buf_put(out, "null", 4);
        break;
    case PAV_TRUE:
        pav_buf_put(out, "true", 4);
        break;
    case PAV_FALSE:
        pav_buf_put(out, "false", 5);
        break;
    case PAV_NUMBER:
        pav_buf_put(out, d->text, d->len);
        break;
    case PAV_STRING:
        pav_buf_json(out, d->text, d->len);
        break;
    case PAV_ARRAY:
        pav_buf_putc(out, '[');
        for (i = 0; i < d->len && !out->over; i++) {
            if (i > 0)
                pav_buf_putc(out, ',');
            break_line(out, inner);
            print(&d->items[i], out, inner, deepest);
        }
        if (d->len > 0)
            break_line(out, level);
        pav_buf_putc(out, ']');
        break;
    case PAV_OBJECT:
        pav_buf_putc(out, '{');
        for (i = 0; i < d->len && !out->over; i++) {
            if (i > 0)
                pav_buf_putc(out, ',');
            break_line(out, inner);
            pav_buf_json(out, d->members[i].key, d->members[i].len);
            pav_buf_put(out, ": ", level < 0 ? 1 : 2);
            print(&d->members[i].value, out, inner, deepest);
        }
        if (d->len > 0)
            break_line(out, level);
        pav_buf_putc(out, '}');
        break;
    }
}

void
pav_doc_print(const struct pav_doc *d, struct pav_buf *out)
{
    print(d, out, -1, PAV_DEPTH_MAX);
}

void
pav_doc_print_pretty(const struct pav_doc *d, struct pav_buf *out)
{
    print(d, out, 0, PAV_DEPTH_MAX);
}

void
pav_doc_print_own(const struct pav_doc *d, struct pav_buf *out)
{
    print(d, out, -1, PAV_DEPTH_MAX + PAV_DEPTH_OWN);
}

size_t
pav_doc_text_len(const struct pav_doc *d, size_t max)
{
    struct pav_buf b;
    size_t len;

    pav_buf_init(&b, max);
    pav_doc_print_own(d, &b);
    len = b.over ? SIZE_MAX : b.len;
    pav_buf_fini(&b);
    return len;
}

/* Takes what the text has at most off `*left`, each byte escaped; false: it may
 * have more, or is deep. */
static bool
fits_surely(const struct pav_doc *d, size_t *left, int depth)
{
    bool object = d->kind == PAV_OBJECT;
    size_t most = 5;
    uint32_t i;

    if (object || d->kind == PAV_ARRAY)
        most = 2 + (size_t)d->len * 4;
    else if (d->kind == PAV_STRING || d->kind == PAV_NUMBER)
        most = 2 + (size_t)d->len * 6;
    if (most > *left || depth > PAV_DEPTH_MAX)
        return false;
    *left -= most;
    for (i = 0; (object || d->kind == PAV_ARRAY) && i < d->len; i++) {
        most = object ? (size_t)d->members[i].len * 6 : 0;
        if (most > *left)
            return false;
        *left -= most;
        if (!fits_surely(object ? &d->members[i].value : &d->items[i], left,
                         depth + 1))
            return false;
    }
    return true;
}

bool
pav_doc_fits(const struct pav_doc *d, size_t max)
{
    size_t left = max;

    return fits_surely(d, &left, 0) || pav_doc_text_len(d, max) != SIZE_MAX;
}

const char *
pav_doc_text(struct pav_arena *a, const struct pav_doc *d)
{
    const char *text;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(d, &b);
    text = pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}
