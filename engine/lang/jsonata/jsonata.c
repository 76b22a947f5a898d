/* An expression as a whole: compiled, and what it refers to. */
#include <string.h>

#include "pavane/text.h"
#include "node.h"

/* Half a character, which JSON can say, is as good as a whole one. */
static bool
is_utf8(const char *p, size_t len)
{
    const char *end = p + len;

    while (p < end) {
        size_t n = pav_utf8_len(p, end);

        if (n == 0 && end - p >= 3 && (unsigned char)p[0] == 0xED &&
            (unsigned char)p[1] >= 0xA0 &&
            ((unsigned char)p[1] & 0xC0) == 0x80 &&
            ((unsigned char)p[2] & 0xC0) == 0x80)
            n = 3;
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

static struct node *
whole(struct parse *p)
{
    struct node *n;

    if (!is_utf8(p->text, p->len))
        return parse_fail(p, "", 0, 1, NULL, "The expression is not UTF-8");
    n = parse_expression(p);

    if (n != NULL)
        n = resolve(p, n);
    if (n != NULL && (n->type == N_PARENT ||
                      (n->extras != NULL && n->extras->seeking_count > 0)))
        return no_parent(p, n);
    return p->failed ? NULL : n;
}

struct node *
parse_whole(struct pav_arena *a, const char *text, size_t len,
            enum pav_jsonata_level level, struct symbols *symbols,
            struct pav_jsonata_error *error)
{
    struct parse p = {.arena = a,
                      .symbols = symbols,
                      .text = text,
                      .len = (uint32_t)len,
                      .level = level,
                      .error = error};

    symbols->arena = a;
    memset(error, 0, sizeof(*error));
    return whole(&p);
}

/*
 * What is kept is bounded by the text, whatever it says, so that what a whole
 * definition holds is too.  Nearly all that people write is below.
 */
#define KEPT_MAX(len) (256 + 24 * (size_t)(len))

enum pav_rc
pav_jsonata_compile(struct pav_arena *a, const char *text, size_t len,
                    enum pav_jsonata_level level, size_t *room,
                    const struct pav_jsonata **out,
                    struct pav_jsonata_error *error)
{
    size_t taken;
    struct pav_jsonata *x = pav_arena_zalloc(a, sizeof(*x));
    struct pav_arena scratch;
    struct symbols symbols = {.count = 0};
    const struct node *root;

    x->text = text;
    x->len = (uint32_t)len;
    x->level = level;
    *out = x;
    pav_arena_init(&scratch, 4096);
    root = parse_whole(&scratch, text, len, level, &symbols, error);
    if (root == NULL) { /* the words of it outlive the scratch */
        error->message = pav_arena_strdup(a, error->message);
        if (error->token != NULL)
            error->token = pav_arena_strdup(a, error->token);
    }
    taken = scratch.total - (size_t)(scratch.end - scratch.next);
    if (root != NULL && taken <= KEPT_MAX(len) &&
        (room == NULL || taken <= *room)) {
        x->root = parse_whole(a, text, len, level, &x->symbols, error);
        if (room != NULL)
            *room -= taken;
    }
    pav_arena_fini(&scratch);
    return root == NULL ? PAV_INVALID : PAV_OK;
}

/* ---- what it refers to ---- */

struct walk {
    pav_jsonata_reference_fn fn;
    void *ctx;
    const struct node *root;
};

static void walk(const struct walk *w, const struct node *n, bool top);

/* A variable, with the names behind it in its path; NULL: there is none. */
static void
walk_variable(const struct walk *w, const struct node *n,
              const struct node *path)
{
    struct pav_jsonata_reference r = {
        .place = PAV_JSONATA_VARIABLE, .name = n->name, .len = n->count};
    uint32_t i;

    for (i = 0; path != NULL && i < 3 && i + 1 < path->count &&
                path->kids[i + 1]->type == N_NAME;
         i++) {
        r.members[i].p = path->kids[i + 1]->text;
        r.members[i].len = path->kids[i + 1]->count;
    }
    w->fn(w->ctx, &r);
}

static void
walk_extras(const struct walk *w, const struct node *n)
{
    uint32_t i;

    if (n->extras == NULL)
        return;
    for (i = 0; i < n->extras->predicate_count; i++)
        walk(w, n->extras->predicates[i].filter, false);
    for (i = 0; i < n->extras->stage_count; i++)
        walk(w, n->extras->stages[i].filter, false);
    if (n->extras->group != NULL)
        walk(w, n->extras->group, false);
}

static void
walk_path(const struct walk *w, const struct node *n, bool top)
{
    const struct node *first = n->kids[0];
    uint32_t i;

    if (first->type == N_VARIABLE) {
        if (first->symbol != 0 || top)
            walk_variable(w, first, n);
        walk_extras(w, first);
    } else if (first->type == N_NAME) {
        struct pav_jsonata_reference r = {.place = PAV_JSONATA_TOP_NAME,
                                          .name = first->text,
                                          .len = first->count};

        if (top)
            w->fn(w->ctx, &r);
        walk_extras(w, first);
    } else {
        walk(w, first, top);
    }
    for (i = 1; i < n->count; i++)
        walk(w, n->kids[i], false);
}

enum shape { SHAPE_NONE, SHAPE_THREE, SHAPE_KIDS };

/* Where a node has those below it. */
static enum shape
shape_of(const struct node *n)
{
    static const uint8_t shapes[N_END + 1] = {
        [N_BINARY] = SHAPE_THREE,    [N_NEGATE] = SHAPE_THREE,
        [N_CONDITION] = SHAPE_THREE, [N_APPLY] = SHAPE_THREE,
        [N_TRANSFORM] = SHAPE_THREE, [N_SORT] = SHAPE_KIDS,
        [N_ARRAY] = SHAPE_KIDS,      [N_OBJECT] = SHAPE_KIDS,
        [N_FUNCTION] = SHAPE_KIDS,   [N_PARTIAL] = SHAPE_KIDS,
        [N_BLOCK] = SHAPE_KIDS,
    };

    return shapes[n->type];
}

/* `top`: what it is evaluated on is the input of the whole. */
static void
walk(const struct walk *w, const struct node *n, bool top)
{
    uint32_t i;

    if (n == NULL)
        return;
    top = top && n->type != N_TRANSFORM && n->type != N_SORT;
    if (n->type == N_VARIABLE && (n->symbol != 0 || top))
        walk_variable(w, n, NULL);
    else if (n->type == N_PATH)
        walk_path(w, n, top);
    else if (n->type == N_BIND)
        walk(w, n->b, top);
    else if (n->type == N_LAMBDA)
        walk(w, n->kids[0], top);
    else if (shape_of(n) == SHAPE_THREE) {
        walk(w, n->a, top);
        walk(w, n->b, top);
        walk(w, n->c, top);
    }
    for (i = 0; shape_of(n) == SHAPE_KIDS && i < n->count; i++)
        walk(w, n->kids[i], top);
    walk_extras(w, n);
}

void
pav_jsonata_references(const struct pav_jsonata *x, pav_jsonata_reference_fn fn,
                       void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx, .root = x->root};
    struct pav_jsonata_error error;
    struct symbols symbols = {.count = 0};
    struct pav_arena scratch;

    pav_arena_init(&scratch, 4096);
    if (w.root == NULL)
        w.root =
            parse_whole(&scratch, x->text, x->len, x->level, &symbols, &error);
    walk(&w, w.root, true);
    pav_arena_fini(&scratch);
}
