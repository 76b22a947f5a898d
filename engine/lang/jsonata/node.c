/* Nodes, and the names of variables in them. */
#include <string.h>

#include "pavane/digest.h"
#include "node.h"
#include "functions.h"

struct node *
node_new(struct parse *p, enum node_type type, uint32_t at, uint32_t end)
{
    struct node *n = pav_arena_zalloc(p->arena, sizeof(*n));

    n->type = (uint8_t)type;
    n->at = at;
    n->width = (uint8_t)(end - at > 255 ? 255 : end - at);
    n->height = 1;
    return n;
}

struct node *
node_like(struct parse *p, enum node_type type, const struct node *n)
{
    return node_new(p, type, n->at, n->at + n->width);
}

void
node_above(struct parse *p, struct node *n, const struct node *kid)
{
    if (kid == NULL || kid->height < n->height)
        return;
    n->height = kid->height + 1;
    if (n->height > HEIGHT_MAX)
        parse_fail(p, "", n->at, n->at + n->width, NULL, STACK_OVERFLOW);
}

void
node_add(struct parse *p, struct node *n, struct node *kid)
{
    n->kids = pav_arena_append(p->arena, n->kids, n->count, sizeof(*n->kids));
    n->kids[n->count++] = kid;
    node_above(p, n, kid);
}

struct extras *
extras_of(struct parse *p, struct node *n)
{
    if (n->extras == NULL)
        n->extras = pav_arena_zalloc(p->arena, sizeof(*n->extras));
    return n->extras;
}

/* ---- symbols ---- */

#define FEW 16 /* names that are searched one by one */

static uint32_t *
symbol_slot(const struct symbols *s, const char *name, size_t len)
{
    uint32_t i = (uint32_t)pav_hash64(name, len, 0) & (s->index_len - 1);

    for (; s->index[i] != 0; i = (i + 1) & (s->index_len - 1)) {
        const struct symbol *one = &s->v[s->index[i] - 1];

        if (one->len == len && memcmp(one->name, name, len) == 0)
            break;
    }
    return &s->index[i];
}

static void
symbols_index(struct symbols *s)
{
    uint32_t i;

    s->index_len = 4 * FEW;
    while (s->index_len < 4 * s->count)
        s->index_len *= 2;
    s->index = pav_arena_zalloc(s->arena, s->index_len * sizeof(*s->index));
    for (i = 0; i < s->count; i++)
        if (s->v[i].name != NULL)
            *symbol_slot(s, s->v[i].name, s->v[i].len) = i + 1;
}

static uint32_t
symbol_find(const struct symbols *s, const char *name, size_t len)
{
    uint32_t i;

    if (s->index != NULL)
        return *symbol_slot(s, name, len);
    for (i = 0; i < s->count; i++)
        if (s->v[i].name != NULL && s->v[i].len == len &&
            memcmp(s->v[i].name, name, len) == 0)
            return i + 1;
    return 0;
}

uint32_t
symbol_of(struct symbols *s, const char *name, size_t len)
{
    uint32_t known = symbol_find(s, name, len);

    if (known != 0)
        return known;
    s->v = pav_arena_append(s->arena, s->v, s->count, sizeof(*s->v));
    s->v[s->count].name = name;
    s->v[s->count++].len = (uint32_t)len;
    if (s->count > FEW && 2 * s->count > s->index_len)
        symbols_index(s);
    else if (s->index != NULL)
        *symbol_slot(s, name, len) = s->count;
    return s->count;
}

uint32_t
symbol_fresh(struct symbols *s)
{
    s->v = pav_arena_append(s->arena, s->v, s->count, sizeof(*s->v));
    s->v[s->count].name = NULL;
    s->v[s->count].len = 0;
    return ++s->count;
}
