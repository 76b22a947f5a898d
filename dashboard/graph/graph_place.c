/*
 * Where vertices are in their ranks: Brandes and Koepf, "Fast and simple
 * horizontal coordinate assignment".
 *
 * Four layouts, leftmost and rightmost, aligned with the rank above and the
 * one below; a vertex is between the two middle ones of its four places.
 * Each of the four keeps every distance, so their middle does as well: nothing
 * can overlap.  Blocks are packed as a longest way through the graph of
 * neighbours, which avoids the known flaw of the published packing.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_int.h"

#define GAP_NODES    34.0
#define GAP_BENDS    16.0
#define GAP_MIXED    22.0
#define CROSSED_WORK 20000000

struct placing {
    struct layers *l;
    bool *crossed;         /* segments that must not be made straight */
    uint32_t *root, *next; /* of blocks: their first vertex, the next one */
    uint32_t *degree, *queue, *first, *following;
    double *at; /* of blocks */
};

double
layers_distance(const struct layers *l, uint32_t left, uint32_t right)
{
    const struct vertex *u = &l->v[left], *v = &l->v[right];
    double gap = u->node != NONE && v->node != NONE   ? GAP_NODES
                 : u->node == NONE && v->node == NONE ? GAP_BENDS
                                                      : GAP_MIXED;

    return u->w / 2 + u->beside + gap + v->w / 2;
}

static int
strength(const struct segment *s)
{
    return s->main ? 2 : s->inner ? 1 : 0;
}

/* The stronger of two that cross stays straight: the usual way, long edges. */
static void
mark_crossed_at(struct placing *p, uint32_t r, uint32_t i)
{
    const struct layers *l = p->l;
    const struct vertex *u = &l->v[l->ranks[r][i]];
    uint32_t j, x, y;

    for (j = 0; j < u->down_count; j++) {
        const struct segment *s = &l->s[u->down[j]];
        uint32_t to = l->v[s->lower].order;

        for (x = 0; strength(s) > 0 && x < l->rank_counts[r]; x++) {
            const struct vertex *v = &l->v[l->ranks[r][x]];

            for (y = 0; x != i && y < v->down_count; y++) {
                uint32_t k = v->down[y], end = l->v[l->s[k].lower].order;

                if ((x < i) != (end <= to) && end != to &&
                    strength(&l->s[k]) < strength(s))
                    p->crossed[k] = true;
            }
        }
    }
}

/* Where very many pass a rank, all are alike: the work must stay small. */
static void
mark_crossed(struct placing *p)
{
    const struct layers *l = p->l;
    uint64_t work = 0;
    uint32_t r, i, segments;

    for (r = 0; r + 1 < l->rank_count; r++) {
        for (segments = 0, i = 0; i < l->rank_counts[r]; i++)
            segments += l->v[l->ranks[r][i]].down_count;
        work += (uint64_t)segments * segments;
        if (work > CROSSED_WORK)
            return;
        for (i = 0; i < l->rank_counts[r]; i++)
            mark_crossed_at(p, r, i);
    }
}

/* ---- blocks ---- */

static int64_t
position(const struct layers *l, uint32_t v, bool rightmost)
{
    const struct vertex *x = &l->v[v];

    return rightmost ? (int64_t)l->rank_counts[x->rank] - 1 - x->order
                     : x->order;
}

/* The segments to the neighbours on one side, in the order of those. */
static void
sort_neighbours(const struct layers *l, const struct vertex *v, bool upwards,
                bool rightmost, uint32_t *sorted)
{
    uint32_t count = upwards ? v->up_count : v->down_count, i, j;
    const uint32_t *segments = upwards ? v->up : v->down;

    for (i = 0; i < count; i++) {
        uint32_t s = segments[i];
        int64_t at =
            position(l, upwards ? l->s[s].upper : l->s[s].lower, rightmost);

        for (j = i; j > 0; j--) {
            uint32_t o = sorted[j - 1];

            if (position(l, upwards ? l->s[o].upper : l->s[o].lower,
                         rightmost) <= at)
                break;
            sorted[j] = o;
        }
        sorted[j] = s;
    }
}

static bool
try_align(struct placing *p, uint32_t v, uint32_t segment, bool upwards,
          bool rightmost, int64_t *last)
{
    const struct layers *l = p->l;
    uint32_t u = upwards ? l->s[segment].upper : l->s[segment].lower;
    int64_t at = position(l, u, rightmost);

    if (p->crossed[segment] || at <= *last)
        return false;
    p->next[u] = v;
    p->root[v] = p->root[u];
    p->next[v] = p->root[v];
    *last = at;
    return true;
}

static void
align_rank(struct placing *p, uint32_t r, bool upwards, bool rightmost,
           uint32_t *sorted)
{
    const struct layers *l = p->l;
    uint32_t n = l->rank_counts[r], i, k;
    int64_t last = -1;

    for (i = 0; i < n; i++) {
        uint32_t at = l->ranks[r][rightmost ? n - 1 - i : i];
        const struct vertex *v = &l->v[at];
        uint32_t count = upwards ? v->up_count : v->down_count;
        bool done = false;

        if (count == 0)
            continue;
        sort_neighbours(l, v, upwards, rightmost, sorted);
        for (k = 0; k < count && !done; k++)
            if (l->s[sorted[k]].main)
                done = try_align(p, at, sorted[k], upwards, rightmost, &last);
        if (!done)
            done = try_align(p, at, sorted[(count - 1) / 2], upwards, rightmost,
                             &last);
        if (!done && count % 2 == 0)
            (void)try_align(p, at, sorted[count / 2], upwards, rightmost,
                            &last);
    }
}

static void
make_blocks(struct placing *p, bool upwards, bool rightmost, uint32_t *sorted)
{
    const struct layers *l = p->l;
    uint32_t i;

    for (i = 0; i < l->count; i++)
        p->root[i] = p->next[i] = i;
    for (i = 0; i < l->rank_count; i++)
        align_rank(p, upwards ? i : l->rank_count - 1 - i, upwards, rightmost,
                   sorted);
}

/* ---- packing ---- */

/* The right neighbour of a vertex, as the layout sees it; NONE. */
static uint32_t
beside(const struct layers *l, uint32_t v, bool rightmost)
{
    const struct vertex *x = &l->v[v];
    uint32_t n = l->rank_counts[x->rank];

    if (rightmost)
        return x->order == 0 ? NONE : l->ranks[x->rank][x->order - 1];
    return x->order + 1 == n ? NONE : l->ranks[x->rank][x->order + 1];
}

static double
apart(const struct layers *l, uint32_t v, uint32_t w, bool rightmost)
{
    return rightmost ? layers_distance(l, w, v) : layers_distance(l, v, w);
}

/* Every block as far left as its neighbours allow, then back to the right
 * where they leave room. */
static void
pack(struct placing *p, bool rightmost, double *x)
{
    const struct layers *l = p->l;
    uint32_t i, head = 0, tail = 0, v, w;

    memset(p->degree, 0, l->count * 4);
    memset(p->first, 0xff, l->count * 4);
    for (v = 0; v < l->count; v++) {
        p->at[v] = 0;
        p->following[v] = p->first[p->root[v]]; /* members of each block */
        p->first[p->root[v]] = v;
        w = beside(l, v, rightmost);
        if (w != NONE)
            p->degree[p->root[w]]++;
    }
    for (v = 0; v < l->count; v++)
        if (p->root[v] == v && p->degree[v] == 0)
            p->queue[tail++] = v;
    while (head < tail) {
        uint32_t block = p->queue[head++];

        for (v = p->first[block]; v != NONE; v = p->following[v]) {
            double min;

            w = beside(l, v, rightmost);
            if (w == NONE)
                continue;
            min = p->at[block] + apart(l, v, w, rightmost);
            if (p->at[p->root[w]] < min)
                p->at[p->root[w]] = min;
            if (--p->degree[p->root[w]] == 0)
                p->queue[tail++] = p->root[w];
        }
    }
    for (i = tail; i-- > 0;) {
        uint32_t block = p->queue[i];
        double max = -1;

        for (v = p->first[block]; v != NONE; v = p->following[v]) {
            double room;

            w = beside(l, v, rightmost);
            if (w == NONE)
                continue;
            room = p->at[p->root[w]] - apart(l, v, w, rightmost);
            if (max < 0 || room < max)
                max = room;
        }
        if (max > p->at[block])
            p->at[block] = max;
    }
    for (v = 0; v < l->count; v++)
        x[v] = rightmost ? -p->at[p->root[v]] : p->at[p->root[v]];
}

/* ---- the middle of four ---- */

static void
borders(const struct layers *l, const double *x, double *min, double *max)
{
    uint32_t v;

    *min = *max = 0;
    for (v = 0; v < l->count; v++) {
        double left = x[v] - l->v[v].w / 2;
        double right = x[v] + l->v[v].w / 2 + l->v[v].beside;

        if (v == 0 || left < *min)
            *min = left;
        if (v == 0 || right > *max)
            *max = right;
    }
}

static int
by_value(const void *x, const void *y)
{
    const double *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

static void
take_middle(struct layers *l, double *const x[4])
{
    double min[4], max[4], left, right;
    int i, best = 0;
    uint32_t v;

    for (i = 0; i < 4; i++) {
        borders(l, x[i], &min[i], &max[i]);
        if (max[i] - min[i] < max[best] - min[best])
            best = i;
    }
    for (i = 0; i < 4; i++) {
        double by = i % 2 == 0 ? min[best] - min[i] : max[best] - max[i];

        for (v = 0; v < l->count; v++)
            x[i][v] += by;
    }
    for (v = 0; v < l->count; v++) {
        double four[4] = {x[0][v], x[1][v], x[2][v], x[3][v]};

        qsort(four, 4, sizeof(four[0]), by_value);
        x[0][v] = (four[1] + four[2]) / 2;
    }
    borders(l, x[0], &left, &right);
    for (v = 0; v < l->count; v++)
        l->v[v].x = x[0][v] - left;
}

void
layers_place(struct layers *l)
{
    struct pav_arena *a = l->arena;
    size_t n = l->count + 1u;
    uint32_t *sorted = pav_arena_alloc(a, (l->segment_count + 1u) * 4);
    struct placing p = {.l = l,
                        .crossed = pav_arena_zalloc(a, l->segment_count + 1u),
                        .root = pav_arena_alloc(a, n * 4),
                        .next = pav_arena_alloc(a, n * 4),
                        .degree = pav_arena_alloc(a, n * 4),
                        .queue = pav_arena_alloc(a, n * 4),
                        .first = pav_arena_alloc(a, n * 4),
                        .following = pav_arena_alloc(a, n * 4),
                        .at = pav_arena_alloc(a, n * sizeof(double))};
    double *x[4];
    int i;

    mark_crossed(&p);
    for (i = 0; i < 4; i++) {
        bool rightmost = i % 2 == 1, upwards = i < 2;

        x[i] = pav_arena_alloc(a, n * sizeof(double));
        make_blocks(&p, upwards, rightmost, sorted);
        pack(&p, rightmost, x[i]);
    }
    take_middle(l, x);
}
