/*
 * Histories side by side.  In order and with all ids, but for two kinds of
 * recordings: those without order inside Parallel (a multiset, without the two
 * events that were lost), and those of a Map whose iterations may interleave:
 * there each event must have one of the same chain behind it.
 */
#include <string.h>

#include "asl_run.h"
#include "normal.h"

struct sides {
    struct run *r;
    const struct normal *n;
    const struct pav_doc *want;
    const struct pav_doc *got;
};

static bool
is_type(const struct pav_doc *event, const char *type)
{
    return pav_doc_is_str(pav_doc_get(event, "type"), type);
}

/* The same but for id and prev. */
static bool
same_event(const struct sides *s, const struct pav_doc *w,
           const struct pav_doc *g)
{
    const struct pav_doc *x = pav_doc_get(w, "details");
    const struct pav_doc *y = pav_doc_get(g, "details");

    if (!pav_doc_equal(pav_doc_get(w, "type"), pav_doc_get(g, "type")))
        return false;
    if (x == NULL || x->kind == PAV_NULL)
        return y == NULL || y->len == 0 || is_type(g, "ActivityStarted");
    return y != NULL && normal_equal(s->n, x, y);
}

static const struct pav_doc *
by_id(const struct pav_doc *events, const struct pav_doc *id)
{
    uint32_t i;

    for (i = 0; i < events->len; i++)
        if (pav_doc_equal(pav_doc_get(&events->items[i], "id"), id))
            return &events->items[i];
    return NULL;
}

static bool
same_chain(const struct sides *s, const struct pav_doc *w,
           const struct pav_doc *g, unsigned depth)
{
    while (w != NULL && g != NULL && depth-- > 0) {
        if (!same_event(s, w, g))
            return false;
        w = by_id(s->want, pav_doc_get(w, "prev"));
        g = by_id(s->got, pav_doc_get(g, "prev"));
    }
    return (w == NULL) == (g == NULL) || depth == UINT32_MAX;
}

static const char *
print_event(struct run *r, const char *what, const struct pav_doc *w,
            const struct pav_doc *g)
{
    const char *why;
    struct pav_buf b;

    pav_buf_init(&b, 4000);
    pav_buf_puts(&b, what);
    if (w != NULL)
        pav_doc_print(w, &b);
    pav_buf_puts(&b, " got ");
    if (g != NULL)
        pav_doc_print(g, &b);
    why = pav_arena_strdup(r->arena, b.p == NULL ? what : b.p);
    pav_buf_fini(&b);
    return why;
}

/* Until the summer of 2024 the exit of a distributed Map pointed at the end of
 * its run; the newest recordings, which hold, have its start there. */
static bool
same_previous(const struct sides *s, const struct pav_doc *w,
              const struct pav_doc *g)
{
    const struct pav_doc *x = pav_doc_get(w, "prev"), *before;
    const struct pav_doc *y = pav_doc_get(g, "prev");
    const struct pav_doc *recorded = pav_doc_get(s->r->c, "recorded");

    if (pav_doc_equal(x, y))
        return true;
    before = by_id(s->want, x);
    return is_type(w, "MapStateExited") && before != NULL &&
           is_type(before, "MapRunSucceeded") && recorded != NULL &&
           recorded->kind == PAV_STRING && recorded->len >= 7 &&
           memcmp(recorded->text, "2024-09", 7) < 0 &&
           by_id(s->got, y) != NULL &&
           is_type(by_id(s->got, y), "MapRunStarted");
}

static const char *
compare_ordered(const struct sides *s)
{
    uint32_t i;

    for (i = 0; i < s->want->len; i++) {
        const struct pav_doc *w = &s->want->items[i];
        const struct pav_doc *g = pav_doc_at(s->got, i);

        if (g == NULL || !same_event(s, w, g) ||
            !pav_doc_equal(pav_doc_get(w, "id"), pav_doc_get(g, "id")) ||
            !same_previous(s, w, g))
            return print_event(s->r, "event wanted ", w, g);
    }
    return s->want->len == s->got->len
               ? NULL
               : print_event(s->r, "more events than recorded: ", NULL,
                             pav_doc_at(s->got, s->want->len));
}

static bool
was_lost(const struct pav_doc *event)
{
    return is_type(event, "ParallelStateSucceeded") ||
           is_type(event, "ParallelStateFailed");
}

static const char *
compare_set(const struct sides *s, bool chains)
{
    bool *used = pav_arena_zalloc(s->r->arena, s->got->len + 1);
    uint32_t i, j, left = 0;

    for (i = 0; i < s->want->len; i++) {
        const struct pav_doc *w = &s->want->items[i];

        if (!chains && was_lost(w))
            continue;
        for (j = 0; j < s->got->len; j++)
            if (!used[j] && (chains ? same_chain(s, w, &s->got->items[j], 30000)
                                    : same_event(s, w, &s->got->items[j])))
                break;
        if (j == s->got->len)
            return print_event(s->r, "event missing: ", w, NULL);
        used[j] = true;
    }
    for (j = 0; j < s->got->len; j++)
        if (!used[j] && (chains || !was_lost(&s->got->items[j])) && left++ == 0)
            i = j;
    return left == 0 ? NULL
                     : print_event(s->r, "event not recorded: ", NULL,
                                   &s->got->items[i]);
}

/* A Map, not distributed, whose iterations may run side by side. */
static bool
interleaves(const struct pav_doc *d)
{
    uint32_t i;

    if (pav_doc_is_str(pav_doc_get(d, "Type"), "Map")) {
        const struct pav_doc *max = pav_doc_get(d, "MaxConcurrency");
        int64_t n = 0;

        if (max != NULL)
            (void)pav_doc_int(max, &n);
        if (n != 1)
            return true;
    }
    if (d->kind == PAV_OBJECT)
        for (i = 0; i < d->len; i++)
            if (interleaves(&d->members[i].value))
                return true;
    if (d->kind == PAV_ARRAY)
        for (i = 0; i < d->len; i++)
            if (interleaves(&d->items[i]))
                return true;
    return false;
}

static bool
is_unordered(const struct pav_doc *c, const struct pav_doc *want)
{
    int64_t id;
    uint32_t i;

    if (pav_doc_get(c, "history_order") != NULL)
        return true;
    for (i = 0; i < want->len; i++)
        if (pav_doc_int(pav_doc_get(&want->items[i], "id"), &id) && id == 0)
            return true;
    return false;
}

const char *
asl_compare_history(struct run *r, const struct pav_doc *masks,
                    const struct pav_doc *want)
{
    struct normal n = {r->arena, masks};
    struct sides s = {
        .r = r, .n = &n, .want = want, .got = pav_items_array(&r->history)};
    const char *why;

    if (is_unordered(r->c, want))
        return compare_set(&s, false);
    why = compare_ordered(&s);
    if (why != NULL && interleaves(pav_doc_get(r->c, "definition")))
        why = compare_set(&s, true);
    return why;
}
