/* Differences of two documents: see diff.h. */
#include "diff.h"

#include "view.h"

#define VALUE_MAX 300 /* bytes of a value that a row shows */
#define KEY_MAX   100 /* and of each key on the way to it */
#define DEPTH_MAX 32

enum change { ADDED, REMOVED, CHANGED };

struct diff {
    struct pav_arena *arena;
    struct pav_items rows;
};

static void
put_value(struct pav_members *m, const char *key, const struct pav_doc *d)
{
    struct pav_buf b;
    int cut = VALUE_MAX;

    if (d == NULL)
        return;
    pav_buf_init(&b, 4096);
    pav_doc_print(d, &b);
    if (b.len <= VALUE_MAX && !b.over) {
        view_text(m, key, pav_arena_strndup(m->arena, b.p, b.len));
    } else {
        while (((unsigned char)b.p[cut] & 0xc0) == 0x80)
            cut--; /* not inside a character */
        view_text(m, key, pav_arena_printf(m->arena, "%.*s…", cut, b.p));
    }
    pav_buf_fini(&b);
}

/* Where we are: written out only for a row. */
struct step {
    const struct step *up;
    const char *key; /* NULL: an index */
    uint32_t len, index;
};

static void
put_path(const struct step *at, struct pav_buf *b)
{
    if (at == NULL) {
        pav_buf_putc(b, '$');
        return;
    }
    put_path(at->up, b);
    if (at->key == NULL)
        pav_buf_printf(b, "[%u]", at->index);
    else
        pav_buf_printf(b, ".%.*s", (int)(at->len < KEY_MAX ? at->len : KEY_MAX),
                       at->key);
}

static void
row_add(struct diff *d, enum change c, const struct step *at,
        const struct pav_doc *before, const struct pav_doc *after)
{
    static const struct {
        const char *sign, *word;
    } looks[] = {{"+", "added"}, {"−", "removed"}, {"~", "changed"}};
    struct pav_members m;
    struct pav_buf path;

    if (d->rows.count > DIFF_MAX)
        return;
    pav_members_init(&m, d->arena);
    if (d->rows.count == DIFF_MAX) {
        view_text(&m, "path", "and more");
    } else {
        pav_buf_init(&path, 1 << 16);
        put_path(at, &path);
        view_text(&m, "path", pav_arena_strdup(d->arena, path.p));
        pav_buf_fini(&path);
        view_text(&m, "sign", looks[c].sign);
        view_text(&m, "word", looks[c].word);
        put_value(&m, "before", before);
        put_value(&m, "after", after);
    }
    pav_items_add(&d->rows, pav_members_object(&m));
}

static void
compare(struct diff *d, const struct step *at, const struct pav_doc *before,
        const struct pav_doc *after, unsigned depth);

static void
compare_objects(struct diff *d, const struct step *up,
                const struct pav_doc *before, const struct pav_doc *after,
                unsigned depth)
{
    uint32_t i;

    for (i = 0; i < before->len && d->rows.count <= DIFF_MAX; i++) {
        const struct pav_member *m = &before->members[i];
        const struct pav_doc *other = pav_doc_getn(after, m->key, m->len);
        struct step at = {up, m->key, m->len, 0};

        if (other == NULL)
            row_add(d, REMOVED, &at, &m->value, NULL);
        else
            compare(d, &at, &m->value, other, depth + 1);
    }
    for (i = 0; i < after->len && d->rows.count <= DIFF_MAX; i++) {
        const struct pav_member *m = &after->members[i];
        struct step at = {up, m->key, m->len, 0};

        if (pav_doc_getn(before, m->key, m->len) == NULL)
            row_add(d, ADDED, &at, NULL, &m->value);
    }
}

static void
compare_arrays(struct diff *d, const struct step *up,
               const struct pav_doc *before, const struct pav_doc *after,
               unsigned depth)
{
    uint32_t i;

    for (i = 0;
         (i < before->len || i < after->len) && d->rows.count <= DIFF_MAX;
         i++) {
        struct step at = {up, NULL, 0, i};

        if (i >= after->len)
            row_add(d, REMOVED, &at, &before->items[i], NULL);
        else if (i >= before->len)
            row_add(d, ADDED, &at, NULL, &after->items[i]);
        else
            compare(d, &at, &before->items[i], &after->items[i], depth + 1);
    }
}

static void
compare(struct diff *d, const struct step *at, const struct pav_doc *before,
        const struct pav_doc *after, unsigned depth)
{
    if (depth < DEPTH_MAX && before->kind == PAV_OBJECT &&
        after->kind == PAV_OBJECT)
        compare_objects(d, at, before, after, depth);
    else if (depth < DEPTH_MAX && before->kind == PAV_ARRAY &&
             after->kind == PAV_ARRAY)
        compare_arrays(d, at, before, after, depth);
    else if (!pav_doc_equal(before, after))
        row_add(d, CHANGED, at, before, after);
}

const struct pav_doc *
diff_rows(struct pav_arena *a, const struct pav_doc *before,
          const struct pav_doc *after)
{
    struct diff d = {.arena = a};

    pav_items_init(&d.rows, a);
    compare(&d, NULL, before, after, 0);
    return pav_items_array(&d.rows);
}
