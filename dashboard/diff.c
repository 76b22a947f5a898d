/* Differences of two documents: see diff.h. */
#include "diff.h"

#include <string.h>

#define VALUE_MAX 300 /* bytes of a value that a row shows */

enum change { ADDED, REMOVED, CHANGED };

struct diff {
    struct pav_arena *arena;
    struct pav_items rows;
};

static void
put_text(struct pav_members *m, const char *key, const char *text)
{
    pav_members_puts(m, key, pav_doc_new_cstr(m->arena, text));
}

static void
put_value(struct pav_members *m, const char *key, const struct pav_doc *d)
{
    struct pav_buf b;
    int cut = VALUE_MAX;

    if (d == NULL)
        return;
    pav_buf_init(&b, 1u << 20);
    pav_doc_print(d, &b);
    if (b.len <= VALUE_MAX) {
        put_text(m, key, pav_arena_strndup(m->arena, b.p, b.len));
    } else {
        while (((unsigned char)b.p[cut] & 0xc0) == 0x80)
            cut--; /* not inside a character */
        put_text(
            m, key,
            pav_arena_printf(m->arena, "%.*s… (%zu bytes)", cut, b.p, b.len));
    }
    pav_buf_fini(&b);
}

static void
row_add(struct diff *d, enum change c, const char *path,
        const struct pav_doc *before, const struct pav_doc *after)
{
    static const struct {
        const char *sign, *word;
    } looks[] = {{"+", "added"}, {"−", "removed"}, {"~", "changed"}};
    struct pav_members m;

    if (d->rows.count > DIFF_MAX)
        return;
    pav_members_init(&m, d->arena);
    put_text(&m, "path", path);
    if (d->rows.count == DIFF_MAX) {
        put_text(&m, "path", "and more");
    } else {
        put_text(&m, "sign", looks[c].sign);
        put_text(&m, "word", looks[c].word);
        put_value(&m, "before", before);
        put_value(&m, "after", after);
    }
    pav_items_add(&d->rows, pav_members_object(&m));
}

static const char *
below(struct diff *d, const char *path, const char *key, uint32_t len)
{
    return pav_arena_printf(d->arena, "%s.%.*s", path, (int)len, key);
}

static void
compare(struct diff *d, const char *path, const struct pav_doc *before,
        const struct pav_doc *after, unsigned depth)
{
    uint32_t i;

    if (d->rows.count > DIFF_MAX || pav_doc_equal(before, after))
        return;
    if (before->kind == PAV_OBJECT && after->kind == PAV_OBJECT && depth < 32) {
        for (i = 0; i < before->len; i++) {
            const struct pav_member *m = &before->members[i];
            const struct pav_doc *other = pav_doc_getn(after, m->key, m->len);

            if (other == NULL)
                row_add(d, REMOVED, below(d, path, m->key, m->len), &m->value,
                        NULL);
            else
                compare(d, below(d, path, m->key, m->len), &m->value, other,
                        depth + 1);
        }
        for (i = 0; i < after->len; i++) {
            const struct pav_member *m = &after->members[i];

            if (pav_doc_getn(before, m->key, m->len) == NULL)
                row_add(d, ADDED, below(d, path, m->key, m->len), NULL,
                        &m->value);
        }
        return;
    }
    if (before->kind == PAV_ARRAY && after->kind == PAV_ARRAY && depth < 32) {
        for (i = 0; i < before->len || i < after->len; i++) {
            const char *at =
                pav_arena_printf(d->arena, "%s[%u]", path, (unsigned)i);

            if (i >= after->len)
                row_add(d, REMOVED, at, &before->items[i], NULL);
            else if (i >= before->len)
                row_add(d, ADDED, at, NULL, &after->items[i]);
            else
                compare(d, at, &before->items[i], &after->items[i], depth + 1);
        }
        return;
    }
    row_add(d, CHANGED, path, before, after);
}

const struct pav_doc *
diff_rows(struct pav_arena *a, const struct pav_doc *before,
          const struct pav_doc *after)
{
    struct diff d = {.arena = a};

    pav_items_init(&d.rows, a);
    compare(&d, "$", before, after, 0);
    return pav_items_array(&d.rows);
}
