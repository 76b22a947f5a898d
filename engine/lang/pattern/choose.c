/*
 * Fields that lie in the same elements: see choose.h.
 *
 * X1  In the order of the event, all that lies in an array is side by side, by
 *     rising index.  So what is in other elements than a field that was chosen
 *     is skipped by halving, not one by one.
 */
#include "choose.h"

#include <stdlib.h>

#include "pavane/mem.h"

#define MAX_TRIES 100000

struct choosing {
    const struct candidates *lists;
    uint32_t list_count;
    const struct candidate *chosen[PATTERN_MAX_PATHS];
    uint32_t count, left;
};

/* Places in an array that none of those chosen is in. */
struct gap {
    uint32_t level, array;
    uint32_t below; /* its elements below that; UINT32_MAX: all of them */
};

static bool
is_in(const struct gap *gap, const struct candidate *f)
{
    return f->place_count > gap->level &&
           f->places[gap->level].array == gap->array &&
           f->places[gap->level].index < gap->below;
}

/* Is it in another element than one that was chosen?  Arrays that both are in
 * are the outermost ones of both. */
static bool
disagrees(const struct choosing *c, const struct candidate *f, struct gap *gap)
{
    uint32_t i, k;

    for (i = 0; i < c->count; i++) {
        const struct candidate *g = c->chosen[i];

        for (k = 0; k < f->place_count && k < g->place_count &&
                    f->places[k].array == g->places[k].array;
             k++) {
            if (f->places[k].index == g->places[k].index)
                continue;
            gap->level = k;
            gap->array = f->places[k].array;
            gap->below = f->places[k].index < g->places[k].index
                             ? g->places[k].index
                             : UINT32_MAX;
            return true;
        }
    }
    return false;
}

/* The first behind `from`, which is in the gap, that is not.  X1. */
static uint32_t
skip(const struct candidate *v, uint32_t count, uint32_t from,
     const struct gap *gap)
{
    uint32_t in = from, step = 1, out;

    while (step < count - in && is_in(gap, &v[in + step])) {
        in += step;
        step = step < count ? step * 2 : step;
    }
    out = step < count - in ? in + step : count;
    while (out - in > 1) {
        uint32_t middle = in + (out - in) / 2;

        if (is_in(gap, &v[middle]))
            in = middle;
        else
            out = middle;
    }
    return out;
}

/* The first from there on that agrees with all that is chosen; `count`: none
 * does. */
static uint32_t
next_agreeing(const struct choosing *c, const struct candidate *v,
              uint32_t count, uint32_t from)
{
    struct gap gap;

    while (from < count && disagrees(c, &v[from], &gap))
        from = skip(v, count, from, &gap);
    return from;
}

static bool
choose_from(struct choosing *c, uint32_t at)
{
    const struct candidates *list;
    uint32_t i;

    if (at == c->list_count)
        return true;
    list = &c->lists[at];
    for (i = 0; c->left > 0; i++) {
        i = next_agreeing(c, list->fit, list->fit_count, i);
        if (i == list->fit_count)
            break;
        c->left--;
        c->chosen[c->count++] = &list->fit[i];
        if (choose_from(c, at + 1))
            return true;
        c->count--;
    }
    return list->absent &&
           next_agreeing(c, list->all, list->all_count, 0) == list->all_count &&
           choose_from(c, at + 1);
}

struct candidate *
candidates_room(uint32_t fields)
{
    return pav_xmalloc(((size_t)fields * 2 + 1) * sizeof(struct candidate));
}

void
candidates_free(const struct candidates *lists, uint32_t count)
{
    while (count-- > 0)
        free((void *)(uintptr_t)lists[count].all);
}

bool
choose(const struct candidates *lists, uint32_t count)
{
    struct choosing c = {
        .lists = lists, .list_count = count, .left = MAX_TRIES};

    return choose_from(&c, 0);
}
