/*
 * The layered layout of one scope, after Sugiyama: ranks by the longest way,
 * bends where an edge passes a rank, few crossings, then places and ways.
 *
 * L1  An edge that closes a loop is turned round for the layout; everything
 *     else leads downwards.
 * L2  Edges of one class to one state share their bends: they run as one
 *     line (a bus) as soon as they can.  Loops back to one state likewise.
 * L3  A label is a vertex of its own, so that nothing lies over it.
 * L4  The work is bounded by counting, not by time: the same definition gives
 *     the same picture.  With more than BENDS_MAX bends edges that pass a rank
 *     are drawn straight to their end, whatever lies between.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_int.h"

#define SWEEPS      24
#define SWEEP_WORK  3000000 /* vertices and segments times sweeps */
#define BENDS_MAX   40000
#define SWAP_WORK   4096 /* pairs of neighbours that one swap looks at */
#define GAP_MIN     34.0
#define GAP_MAX     96.0
#define PORT_STEP   18.0
#define LOOP_BESIDE 26.0

/* The classes of L2, and how many ways an edge may take to its target. */
enum trunk_class { TRUNK_NEXT, TRUNK_CATCH, TRUNK_BACK, TRUNK_CLASSES };

struct route {
    uint32_t *segments;
    uint32_t count;
    uint32_t label; /* vertex, or NONE */
};

struct layout {
    struct pav_arena *arena, *keep; /* for the work; for what stays */
    bool plain;                     /* L4 */
    struct scope *scope;
    uint32_t *rank;    /* of nodes */
    uint32_t **trunks; /* [node * classes + class][rank]: a bend, or NONE */
    struct layers layers;
    struct route *ways; /* of edges */
};

/* ---- loops and ranks ---- */

static uint32_t
edge_length(const struct edge *e)
{
    return *e->label == '\0' ? 1 : 2; /* L3 */
}

static void
push_down(struct layout *l, const struct edge *e, uint32_t upper,
          uint32_t lower)
{
    uint32_t min = l->rank[upper] + edge_length(e);

    if (l->rank[lower] < min)
        l->rank[lower] = min;
}

struct visit {
    uint32_t node, next;
};

/* Depth first in the order of the definition; `order` ends up reversed. */
static uint32_t
mark_loops(struct layout *l, uint32_t root, uint8_t *seen, struct visit *stack,
           uint32_t *finished, uint32_t done)
{
    const struct scope *s = l->scope;
    uint32_t depth = 0;

    stack[depth++] = (struct visit){root, s->nodes[root].first_edge};
    seen[root] = 1;
    while (depth > 0) {
        struct visit *v = &stack[depth - 1];
        const struct node *n = &s->nodes[v->node];

        if (v->next < n->first_edge + n->edge_count) {
            struct edge *e = &s->edges[v->next++];

            if (seen[e->to] == 1) {
                e->back = true; /* L1 */
            } else if (seen[e->to] == 0) {
                seen[e->to] = 1;
                stack[depth++] =
                    (struct visit){e->to, s->nodes[e->to].first_edge};
            }
        } else {
            seen[v->node] = 2;
            finished[done++] = v->node;
            depth--;
        }
    }
    return done;
}

/*
 * The longest way from the start.  A loop that has a label needs room for it
 * as well, though it leads upwards.
 */
static void
find_ranks(struct layout *l)
{
    struct scope *s = l->scope;
    uint8_t *seen = pav_arena_zalloc(l->arena, s->count);
    struct visit *stack =
        pav_arena_alloc(l->arena, (s->count + 1) * sizeof(*stack));
    uint32_t *finished = pav_arena_alloc(l->arena, s->count * 4);
    uint32_t *first = pav_arena_alloc(l->arena, s->count * 4);
    uint32_t *following = pav_arena_alloc(l->arena, s->edge_count * 4);
    uint32_t done = 0, i, j;

    for (i = 0; i < s->count; i++)
        if (seen[i] == 0)
            done = mark_loops(l, i, seen, stack, finished, done);
    memset(first, 0xff, s->count * 4);
    for (i = 0; i < s->edge_count; i++) {
        struct edge *e = &s->edges[i];

        if (e->from == e->to)
            s->nodes[e->from].loops = true;
        if (!e->back || e->from == e->to)
            continue;
        following[i] = first[e->to];
        first[e->to] = i;
    }
    for (i = done; i-- > 0;) { /* sources first */
        const struct node *n = &s->nodes[finished[i]];

        for (j = n->first_edge; j < n->first_edge + n->edge_count; j++)
            if (!s->edges[j].back)
                push_down(l, &s->edges[j], s->edges[j].from, s->edges[j].to);
        for (j = first[finished[i]]; j != NONE; j = following[j])
            push_down(l, &s->edges[j], s->edges[j].to, s->edges[j].from);
    }
}

/* The first way out of every state, from the start on. */
static void
mark_main(struct layout *l)
{
    const struct scope *s = l->scope;
    uint8_t *seen = pav_arena_zalloc(l->arena, s->count);
    uint32_t at = 0, i;

    while (!seen[at]) {
        const struct node *n = &s->nodes[at];

        seen[at] = 1;
        for (i = n->first_edge; i < n->first_edge + n->edge_count; i++) {
            struct edge *e = &s->edges[i];

            if (!e->back && e->kind != EDGE_CATCH) {
                e->main = true;
                at = e->to;
                break;
            }
        }
    }
}

/* ---- vertices and segments ---- */

static uint32_t
vertex_add(struct layers *l, uint32_t node, uint32_t edge, uint32_t rank,
           double w)
{
    struct vertex *v;

    if (l->count == l->cap) {
        struct vertex *more;

        l->cap = l->cap == 0 ? 64 : l->cap * 2;
        more = pav_arena_alloc(l->arena, l->cap * sizeof(*more));
        if (l->count > 0)
            memcpy(more, l->v, l->count * sizeof(*more));
        l->v = more;
    }
    v = &l->v[l->count];
    memset(v, 0, sizeof(*v));
    v->node = node;
    v->edge = edge;
    v->rank = rank;
    v->w = w;
    v->bundle = NONE;
    return l->count++;
}

static uint32_t
segment_add(struct layers *l, uint32_t upper, uint32_t lower)
{
    struct segment *s;

    if (l->segment_count == l->segment_cap) {
        struct segment *more;

        l->segment_cap = l->segment_cap == 0 ? 64 : l->segment_cap * 2;
        more = pav_arena_alloc(l->arena, l->segment_cap * sizeof(*more));
        if (l->segment_count > 0)
            memcpy(more, l->s, l->segment_count * sizeof(*more));
        l->s = more;
    }
    s = &l->s[l->segment_count];
    memset(s, 0, sizeof(*s));
    s->upper = upper;
    s->lower = lower;
    s->inner = l->v[upper].node == NONE && l->v[lower].node == NONE;
    return l->segment_count++;
}

static enum trunk_class
class_of(const struct edge *e)
{
    return e->back                 ? TRUNK_BACK
           : e->kind == EDGE_CATCH ? TRUNK_CATCH
                                   : TRUNK_NEXT;
}

static uint32_t *
trunk_of(struct layout *l, uint32_t node, enum trunk_class class)
{
    uint32_t **t = &l->trunks[node * TRUNK_CLASSES + class];
    uint32_t ranks = l->layers.rank_count;

    if (*t == NULL) {
        *t = pav_arena_alloc(l->arena, ranks * sizeof(**t));
        memset(*t, 0xff, ranks * sizeof(**t));
    }
    return *t;
}

static uint32_t
bend_at(struct layout *l, uint32_t *bundle, uint32_t rank)
{
    if (bundle[rank] == NONE)
        bundle[rank] = vertex_add(&l->layers, NONE, NONE, rank, 0);
    return bundle[rank];
}

/*
 * The way of an edge, top to bottom.  Forward: from its state over its label
 * to the target's trunk.  Back: from the target's trunk to its label and the
 * state that it leaves.
 */
static void
way_make(struct layout *l, struct edge *e)
{
    struct layers *y = &l->layers;
    struct route *w = &l->ways[e - l->scope->edges];
    uint32_t top = e->back ? e->to : e->from, end = e->back ? e->from : e->to;
    uint32_t from = l->rank[top], to = l->rank[end], rank, at = top, next;
    uint32_t label_rank = *e->label == '\0' ? NONE
                          : e->back         ? to - 1
                                            : from + 1;
    uint32_t *bundle =
        to - from > 1 && !l->plain ? trunk_of(l, e->to, class_of(e)) : NULL;

    w->label = NONE;
    if (l->plain && to - from > 1) {
        e->label = "";
        return;
    }
    w->segments = pav_arena_alloc(l->arena, (to - from) * sizeof(uint32_t));
    for (rank = from + 1; rank <= to; rank++) {
        uint32_t segment, dummy;

        if (rank == to)
            next = end;
        else if (rank == label_rank)
            next = w->label = vertex_add(
                y, NONE, (uint32_t)(e - l->scope->edges), rank, e->label_w);
        else
            next = bend_at(l, bundle, rank);
        /* L2: a bend goes on in one way, and a loop's comes from one. */
        dummy = e->back ? next : at;
        if (dummy == top || dummy == end || dummy == w->label)
            dummy = NONE;
        if (dummy != NONE && y->v[dummy].bundle != NONE) {
            segment = y->v[dummy].bundle;
        } else {
            segment = segment_add(y, at, next);
            if (dummy != NONE)
                y->v[dummy].bundle = segment;
        }
        w->segments[w->count++] = segment;
        if (e->main)
            y->s[segment].main = true;
        at = next;
    }
}

static void
join_vertices(struct layers *l)
{
    uint32_t i;

    for (i = 0; i < l->segment_count; i++) {
        l->v[l->s[i].upper].down_count++;
        l->v[l->s[i].lower].up_count++;
    }
    for (i = 0; i < l->count; i++) {
        struct vertex *v = &l->v[i];

        v->up = pav_arena_alloc(l->arena, (v->up_count + 1) * sizeof(*v->up));
        v->down =
            pav_arena_alloc(l->arena, (v->down_count + 1) * sizeof(*v->down));
        v->up_count = v->down_count = 0;
    }
    for (i = 0; i < l->segment_count; i++) {
        struct vertex *u = &l->v[l->s[i].upper], *v = &l->v[l->s[i].lower];

        u->down[u->down_count++] = i;
        v->up[v->up_count++] = i;
    }
}

/* How many bends the shared ways need: of each trunk its longest. */
static uint64_t
count_bends(struct layout *l)
{
    const struct scope *s = l->scope;
    uint32_t *longest =
        pav_arena_zalloc(l->arena, s->count * TRUNK_CLASSES * 4u);
    uint64_t sum = 0;
    uint32_t i;

    for (i = 0; i < s->edge_count; i++) {
        const struct edge *e = &s->edges[i];
        uint32_t x = l->rank[e->from], y = l->rank[e->to];
        uint32_t span = x > y ? x - y : y - x;
        uint32_t *bundle = &longest[e->to * TRUNK_CLASSES + class_of(e)];

        if (span > *bundle + 1) {
            sum += span - 1 - *bundle;
            *bundle = span - 1;
        }
    }
    return sum;
}

static void
build_layers(struct layout *l)
{
    struct scope *s = l->scope;
    struct layers *y = &l->layers;
    uint32_t i;

    y->arena = l->arena;
    l->plain = count_bends(l) > BENDS_MAX;
    for (i = 0; i < s->count; i++)
        if (l->rank[i] + 1 > y->rank_count)
            y->rank_count = l->rank[i] + 1;
    for (i = 0; i < s->count; i++) {
        uint32_t v = vertex_add(y, i, NONE, l->rank[i], s->nodes[i].w);

        y->v[v].beside = s->nodes[i].loops ? LOOP_BESIDE : 0;
    }
    for (i = 0; i < s->edge_count; i++)
        if (s->edges[i].from != s->edges[i].to)
            way_make(l, &s->edges[i]);
    join_vertices(y);
}

/* ---- the order within ranks ---- */

static void
order_first(struct layers *l)
{
    uint32_t *sizes = pav_arena_zalloc(l->arena, l->rank_count * 4);
    uint8_t *seen = pav_arena_zalloc(l->arena, l->count);
    uint32_t *stack = pav_arena_alloc(
        l->arena, (l->count + l->segment_count + 1) * sizeof(*stack));
    uint32_t i, depth, root;

    for (i = 0; i < l->count; i++)
        sizes[l->v[i].rank]++;
    l->ranks = pav_arena_alloc(l->arena, l->rank_count * sizeof(*l->ranks));
    l->rank_counts = pav_arena_zalloc(l->arena, l->rank_count * 4);
    for (i = 0; i < l->rank_count; i++)
        l->ranks[i] = pav_arena_alloc(l->arena, (sizes[i] + 1) * 4);
    for (root = 0; root < l->count; root++) {
        if (seen[root])
            continue;
        depth = 0;
        stack[depth++] = root;
        while (depth > 0) {
            struct vertex *v = &l->v[stack[--depth]];
            uint32_t at = (uint32_t)(v - l->v);

            if (seen[at])
                continue;
            seen[at] = 1;
            v->order = l->rank_counts[v->rank];
            l->ranks[v->rank][l->rank_counts[v->rank]++] = at;
            for (i = v->down_count; i-- > 0;)
                if (!seen[l->s[v->down[i]].lower])
                    stack[depth++] = l->s[v->down[i]].lower;
        }
    }
}

/* Crossings between rank r and the next: inversions, by a binary tree. */
static uint64_t
crossings_below(const struct layers *l, uint32_t r, uint32_t *tree,
                uint32_t *ends)
{
    uint32_t n = l->rank_counts[r + 1], i, j, k;
    uint64_t sum = 0;

    memset(tree, 0, (n + 1) * sizeof(*tree));
    for (i = 0; i < l->rank_counts[r]; i++) {
        const struct vertex *v = &l->v[l->ranks[r][i]];
        uint32_t count = v->down_count;

        for (j = 0; j < count; j++)
            ends[j] = l->v[l->s[v->down[j]].lower].order;
        for (j = 0; j < count; j++) /* those that lie right of it so far */
            for (k = n - ends[j] - 1; k > 0; k -= k & -k)
                sum += tree[k];
        for (j = 0; j < count; j++)
            for (k = n - ends[j]; k <= n; k += k & -k)
                tree[k]++;
    }
    return sum;
}

static uint64_t
crossings(const struct layers *l, uint32_t *tree, uint32_t *ends)
{
    uint64_t sum = 0;
    uint32_t r;

    for (r = 0; r + 1 < l->rank_count; r++)
        sum += crossings_below(l, r, tree, ends);
    return sum;
}

struct weight {
    double mean;
    uint32_t vertex, order;
};

static int
by_mean(const void *x, const void *y)
{
    const struct weight *a = x, *b = y;

    if (a->mean != b->mean)
        return a->mean < b->mean ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Every vertex goes to the mean of its neighbours on one side. */
static void
sort_rank(struct layers *l, uint32_t r, bool downwards, struct weight *w)
{
    uint32_t n = l->rank_counts[r], i, j;

    for (i = 0; i < n; i++) {
        const struct vertex *v = &l->v[l->ranks[r][i]];
        uint32_t count = downwards ? v->up_count : v->down_count;
        double sum = 0;

        for (j = 0; j < count; j++)
            sum += downwards ? l->v[l->s[v->up[j]].upper].order
                             : l->v[l->s[v->down[j]].lower].order;
        w[i].mean = count == 0 ? v->order : sum / count;
        w[i].vertex = l->ranks[r][i];
        w[i].order = v->order;
    }
    qsort(w, n, sizeof(*w), by_mean);
    for (i = 0; i < n; i++) {
        l->ranks[r][i] = w[i].vertex;
        l->v[w[i].vertex].order = i;
    }
}

/* How many crossings two neighbours make in this order, less the other. */
static int64_t
gain_of_swap(const struct layers *l, const struct vertex *u,
             const struct vertex *v)
{
    int64_t gain = 0;
    uint32_t i, j;

    if ((uint64_t)u->up_count * v->up_count > SWAP_WORK ||
        (uint64_t)u->down_count * v->down_count > SWAP_WORK)
        return 0;
    for (i = 0; i < u->up_count; i++)
        for (j = 0; j < v->up_count; j++) {
            uint32_t a = l->v[l->s[u->up[i]].upper].order;
            uint32_t b = l->v[l->s[v->up[j]].upper].order;

            gain += (a > b) - (a < b);
        }
    for (i = 0; i < u->down_count; i++)
        for (j = 0; j < v->down_count; j++) {
            uint32_t a = l->v[l->s[u->down[i]].lower].order;
            uint32_t b = l->v[l->s[v->down[j]].lower].order;

            gain += (a > b) - (a < b);
        }
    return gain;
}

static void
swap_neighbours(struct layers *l)
{
    bool better = true;
    uint32_t r, i;
    int round;

    for (round = 0; better && round < 6; round++) {
        better = false;
        for (r = 0; r < l->rank_count; r++) {
            for (i = 0; i + 1 < l->rank_counts[r]; i++) {
                uint32_t u = l->ranks[r][i], v = l->ranks[r][i + 1];

                if (gain_of_swap(l, &l->v[u], &l->v[v]) <= 0)
                    continue;
                l->ranks[r][i] = v;
                l->ranks[r][i + 1] = u;
                l->v[v].order = i;
                l->v[u].order = i + 1;
                better = true;
            }
        }
    }
}

static void
orders_copy(struct layers *l, uint32_t *kept, bool back)
{
    uint32_t i;

    for (i = 0; i < l->count; i++) {
        if (!back) {
            kept[i] = l->v[i].order;
            continue;
        }
        l->v[i].order = kept[i];
        l->ranks[l->v[i].rank][kept[i]] = i;
    }
}

static void
order_ranks(struct layers *l)
{
    uint32_t *tree = pav_arena_alloc(l->arena, (l->count + 2) * 4);
    uint32_t *ends = pav_arena_alloc(l->arena, (l->segment_count + 1) * 4);
    uint32_t *kept = pav_arena_alloc(l->arena, (l->count + 1) * 4);
    struct weight *w = pav_arena_alloc(l->arena, (l->count + 1) * sizeof(*w));
    uint32_t sweeps = SWEEP_WORK / (l->count + l->segment_count + 1), i, r;
    uint64_t min, now;

    order_first(l);
    orders_copy(l, kept, false);
    min = crossings(l, tree, ends);
    if (sweeps > SWEEPS)
        sweeps = SWEEPS;
    for (i = 0; i < sweeps + 2 && min > 0; i++) {
        if (i % 2 == 0)
            for (r = 1; r < l->rank_count; r++)
                sort_rank(l, r, true, w);
        else
            for (r = l->rank_count; r-- > 0;)
                sort_rank(l, r, false, w);
        swap_neighbours(l);
        now = crossings(l, tree, ends);
        if (now < min) {
            min = now;
            orders_copy(l, kept, false);
        }
    }
    orders_copy(l, kept, true);
}

/* ---- places and ways ---- */

struct port {
    uint32_t segment;
    double x; /* of its other end */
};

static int
by_x(const void *x, const void *y)
{
    const struct port *a = x, *b = y;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return a->segment < b->segment ? -1 : a->segment > b->segment;
}

/* Spread the ends of segments along a state's border; the main one in the
 * middle. */
static void
spread_ports(struct layers *l, struct vertex *v, bool below, struct port *p)
{
    uint32_t n = below ? v->down_count : v->up_count, i, middle = NONE;
    double step, half = v->w / 2 - 14;

    for (i = 0; i < n; i++) {
        struct segment *s = &l->s[below ? v->down[i] : v->up[i]];

        p[i].segment = below ? v->down[i] : v->up[i];
        p[i].x = below ? l->v[s->lower].x : l->v[s->upper].x;
    }
    qsort(p, n, sizeof(*p), by_x);
    for (i = 0; i < n; i++)
        if (l->s[p[i].segment].main)
            middle = i;
    step = v->node == NONE || half <= 0 ? 0 : PORT_STEP;
    if (n > 1 && step * (n - 1) > 2 * half)
        step = 2 * half / (n - 1);
    for (i = 0; i < n; i++) {
        double off =
            ((double)i - (middle == NONE ? (n - 1) / 2.0 : middle)) * step;

        off = off > half ? half : off < -half ? -half : off;
        if (step <= 0)
            off = 0;
        if (below)
            l->s[p[i].segment].upper_x = v->x + off;
        else
            l->s[p[i].segment].lower_x = v->x + off;
    }
}

static void
find_ports(struct layers *l)
{
    struct port *p =
        pav_arena_alloc(l->arena, (l->segment_count + 1) * sizeof(*p));
    uint32_t i;

    for (i = 0; i < l->count; i++) {
        spread_ports(l, &l->v[i], true, p);
        spread_ports(l, &l->v[i], false, p);
    }
}

/* Top and height of every rank; curves that lead far need more room. */
static void
find_bands(struct layout *l, double *top, double *height)
{
    struct layers *y = &l->layers;
    double at = 0;
    uint32_t r, i, j;

    for (r = 0; r < y->rank_count; r++) {
        double far = 0;

        height[r] = 0;
        for (i = 0; i < y->rank_counts[r]; i++) {
            const struct vertex *v = &y->v[y->ranks[r][i]];
            double h = v->node != NONE   ? l->scope->nodes[v->node].h
                       : v->edge != NONE ? LABEL_H
                                         : 0;

            if (h > height[r])
                height[r] = h;
            for (j = 0; j < v->down_count; j++) {
                const struct segment *s = &y->s[v->down[j]];
                double dx = s->lower_x - s->upper_x;

                dx = dx < 0 ? -dx : dx;
                far = dx > far ? dx : far;
            }
        }
        top[r] = at;
        at += height[r] + (far * 0.16 < GAP_MIN   ? GAP_MIN
                           : far * 0.16 > GAP_MAX ? GAP_MAX
                                                  : far * 0.16);
    }
}

static void
turn_round(struct point *p, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n / 2; i++) {
        struct point kept = p[i];

        p[i] = p[n - 1 - i];
        p[n - 1 - i] = kept;
    }
}

/* A small loop on the right side of a state. */
static void
loop_route(struct layout *l, struct edge *e)
{
    const struct node *n = &l->scope->nodes[e->from];
    double x = n->x + n->w, y = n->y + n->h / 2;

    e->points = pav_arena_alloc(l->keep, 4 * sizeof(*e->points));
    e->point_count = 4;
    e->points[0] = (struct point){x, y + 12};
    e->points[1] = (struct point){x + 18, y + 12};
    e->points[2] = (struct point){x + 18, y - 12};
    e->points[3] = (struct point){x, y - 12};
}

/* Where a curve leads straight down, it and its neighbours are one line. */
static void
keep_points(struct layout *l, struct edge *e, struct point *p, uint32_t n)
{
    uint32_t i, kept = 1;

    for (i = 1; i + 1 < n; i += 2) {
        double dx = p[i].x - p[i + 1].x;

        if (dx < 0.05 && dx > -0.05)
            continue;
        p[kept++] = p[i];
        p[kept++] = p[i + 1];
    }
    p[kept++] = p[n - 1];
    e->point_count = kept;
    e->points = pav_arena_alloc(l->keep, kept * sizeof(*p));
    memcpy(e->points, p, kept * sizeof(*p));
}

/* L4: from box to box. */
static void
route_plain(struct layout *l, struct edge *e, const double *top,
            const double *height)
{
    const struct scope *s = l->scope;
    const struct node *x = &s->nodes[e->back ? e->to : e->from];
    const struct node *y = &s->nodes[e->back ? e->from : e->to];
    uint32_t r = l->rank[x - s->nodes], q = l->rank[y - s->nodes];
    struct point p[4] = {{x->x + x->w / 2, x->y + x->h},
                         {x->x + x->w / 2, top[r] + height[r]},
                         {y->x + y->w / 2, top[q]},
                         {y->x + y->w / 2, y->y}};

    if (e->back)
        turn_round(p, 4);
    keep_points(l, e, p, 4);
}

static void
route(struct layout *l, struct edge *e, const double *top, const double *height)
{
    const struct layers *y = &l->layers;
    const struct route *w = &l->ways[e - l->scope->edges];
    struct point *p;
    uint32_t i, n = 0;

    p = pav_arena_alloc(l->arena, (2 * w->count + 2) * sizeof(*p));
    for (i = 0; i < w->count; i++) {
        const struct segment *s = &y->s[w->segments[i]];
        const struct vertex *u = &y->v[s->upper], *v = &y->v[s->lower];
        const struct node *from =
            u->node == NONE ? NULL : &l->scope->nodes[u->node];

        if (i == 0)
            p[n++] = (struct point){s->upper_x, from->y + from->h};
        p[n++] = (struct point){s->upper_x, top[u->rank] + height[u->rank]};
        p[n++] = (struct point){s->lower_x, top[v->rank]};
        if (i + 1 == w->count)
            p[n++] = (struct point){s->lower_x, l->scope->nodes[v->node].y};
    }
    if (e->back)
        turn_round(p, n);
    keep_points(l, e, p, n);
    if (w->label != NONE) {
        const struct vertex *v = &y->v[w->label];

        e->label_at.x = v->x;
        e->label_at.y = top[v->rank] + height[v->rank] / 2;
    }
}

static void
place_all(struct layout *l)
{
    struct scope *s = l->scope;
    struct layers *y = &l->layers;
    double *top = pav_arena_alloc(l->arena, y->rank_count * sizeof(*top));
    double *height = pav_arena_alloc(l->arena, y->rank_count * sizeof(*height));
    uint32_t i, last = y->rank_count - 1;

    layers_place(y);
    find_ports(y);
    find_bands(l, top, height);
    s->w = 0;
    s->h = top[last] + height[last];
    for (i = 0; i < y->count; i++) {
        const struct vertex *v = &y->v[i];
        struct node *n = v->node == NONE ? NULL : &s->nodes[v->node];

        if (v->x + v->w / 2 + v->beside > s->w)
            s->w = v->x + v->w / 2 + v->beside;
        if (n == NULL)
            continue;
        n->x = v->x - n->w / 2;
        n->y = top[v->rank] + (height[v->rank] - n->h) / 2;
    }
    for (i = 0; i < s->edge_count; i++) {
        if (s->edges[i].from == s->edges[i].to)
            loop_route(l, &s->edges[i]);
        else if (l->ways[i].count == 0)
            route_plain(l, &s->edges[i], top, height);
        else
            route(l, &s->edges[i], top, height);
    }
}

/* ---- containers ---- */

static void
scope_move(struct scope *s, double dx, double dy)
{
    uint32_t i, j;

    s->x += dx;
    s->y += dy;
    for (i = 0; i < s->count; i++) {
        s->nodes[i].x += dx;
        s->nodes[i].y += dy;
        for (j = 0; j < s->nodes[i].scope_count; j++)
            scope_move(&s->nodes[i].scopes[j], dx, dy);
    }
    for (i = 0; i < s->edge_count; i++) {
        struct edge *e = &s->edges[i];

        e->label_at.x += dx;
        e->label_at.y += dy;
        for (j = 0; j < e->point_count; j++) {
            e->points[j].x += dx;
            e->points[j].y += dy;
        }
    }
}

/* A container is as large as its lanes side by side. */
static void
container_size(struct node *n)
{
    double wide = 2 * INSIDE, high = 0;
    uint32_t i;

    if (n->scope_count == 0)
        return;
    for (i = 0; i < n->scope_count; i++) {
        wide += n->scopes[i].w + (i == 0 ? 0 : LANE_GAP);
        high = n->scopes[i].h > high ? n->scopes[i].h : high;
    }
    n->h = HEADER_H + high + INSIDE;
    if (wide > n->w)
        n->w = wide;
}

static void
lanes_place(struct node *n)
{
    double wide = 0, x;
    uint32_t i;

    for (i = 0; i < n->scope_count; i++)
        wide += n->scopes[i].w + (i == 0 ? 0 : LANE_GAP);
    x = n->x + (n->w - wide) / 2;
    for (i = 0; i < n->scope_count; i++) {
        scope_move(&n->scopes[i], x, n->y + HEADER_H);
        x += n->scopes[i].w + LANE_GAP;
    }
}

void
graph_layout(struct pav_arena *a, struct scope *s)
{
    struct pav_arena work;
    struct layout l = {.arena = &work, .keep = a, .scope = s};
    uint32_t i, j;

    pav_arena_init(&work, 1 << 16);
    for (i = 0; i < s->count; i++) {
        for (j = 0; j < s->nodes[i].scope_count; j++)
            graph_layout(a, &s->nodes[i].scopes[j]);
        container_size(&s->nodes[i]);
    }
    for (i = 0; i < s->edge_count; i++) {
        struct edge *e = &s->edges[i];

        if (*e->label != '\0')
            e->label_w = text_width(edge_label(&work, e), 12) + 12;
    }
    l.rank = pav_arena_zalloc(&work, s->count * sizeof(*l.rank));
    l.trunks =
        pav_arena_zalloc(&work, s->count * TRUNK_CLASSES * sizeof(*l.trunks));
    l.ways = pav_arena_zalloc(&work, (s->edge_count + 1) * sizeof(*l.ways));
    find_ranks(&l);
    mark_main(&l);
    build_layers(&l);
    order_ranks(&l.layers);
    place_all(&l);
    for (i = 0; i < s->count; i++)
        lanes_place(&s->nodes[i]);
    pav_arena_fini(&work);
}
