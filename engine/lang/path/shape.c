/* Templates as trees: see shape.h. */
#include "shape.h"

#include <string.h>

#define CONSTANT UINT32_MAX /* no hole in it */

struct node {
    struct node *kids; /* NULL: all of it is as the template has it */
    uint32_t hole;     /* which value stands here; or CONSTANT */
};

struct shape {
    const struct pav_doc *doc; /* with null in the holes */
    struct node root;
    uint32_t *depths; /* of each hole */
};

struct compiling {
    struct pav_arena *arena;
    const uint32_t *holes;
    uint32_t count, found;
    uint32_t *depths;
};

static uint32_t
hole_at(const struct compiling *c, const struct pav_doc *d)
{
    uint32_t i;

    for (i = 0; d->kind == PAV_NULL && i < c->count; i++)
        if (c->holes[i] + 1 == d->at)
            return i;
    return CONSTANT;
}

static const struct pav_doc *
kid_of(const struct pav_doc *d, uint32_t i)
{
    return d->kind == PAV_OBJECT ? &d->members[i].value : &d->items[i];
}

/* True: there is a hole in it. */
static bool
node_compile(struct compiling *c, const struct pav_doc *d, uint32_t depth,
             struct node *out)
{
    bool holes = false;
    struct node *kids;
    uint32_t i;

    out->kids = NULL;
    out->hole = hole_at(c, d);
    if (out->hole != CONSTANT) {
        c->depths[out->hole] = depth;
        return true;
    }
    if (d->kind != PAV_OBJECT && d->kind != PAV_ARRAY)
        return false;
    kids = pav_arena_alloc(c->arena, d->len * sizeof(*kids) + 1);
    for (i = 0; i < d->len; i++)
        holes |= node_compile(c, kid_of(d, i), depth + 1, &kids[i]);
    if (holes)
        out->kids = kids;
    return holes;
}

const struct shape *
shape_compile(struct pav_arena *a, struct pav_bytes text, const uint32_t *holes,
              uint32_t count)
{
    struct compiling c = {.arena = a, .holes = holes, .count = count};
    struct shape *s = pav_arena_alloc(a, sizeof(*s));

    if (pav_doc_parse(a, text.p, text.len, NULL, &s->doc, NULL) != PAV_OK)
        return NULL;
    s->depths = c.depths = pav_arena_alloc(a, (count + 1) * sizeof(*s->depths));
    memset(s->depths, 0xff, count * sizeof(*s->depths));
    (void)node_compile(&c, s->doc, 0, &s->root);
    return s;
}

uint32_t
shape_depth(const struct shape *s, uint32_t n)
{
    return s->depths[n];
}

static void
node_fill(const struct node *n, const struct pav_doc *d,
          const struct pav_doc *const *values, struct pav_arena *a,
          struct pav_doc *out)
{
    struct pav_member *members;
    struct pav_doc *items;
    uint32_t i;

    *out = n->hole == CONSTANT ? *d : *values[n->hole];
    if (n->kids == NULL)
        return;
    out->index = 0;
    if (d->kind == PAV_ARRAY) {
        out->items = items = pav_arena_alloc(a, d->len * sizeof(*items));
        for (i = 0; i < d->len; i++)
            node_fill(&n->kids[i], &d->items[i], values, a, &items[i]);
        return;
    }
    out->members = members = pav_arena_alloc(a, d->len * sizeof(*members));
    for (i = 0; i < d->len; i++) {
        members[i] = d->members[i];
        node_fill(&n->kids[i], &d->members[i].value, values, a,
                  &members[i].value);
    }
}

const struct pav_doc *
shape_fill(const struct shape *s, const struct pav_doc *const *values,
           struct pav_arena *a)
{
    struct pav_doc *d = pav_arena_alloc(a, sizeof(*d));

    node_fill(&s->root, s->doc, values, a, d);
    d->at = 1;
    return d;
}
