/* What the index, its values and its walk all need: a child of a node by its
 * name, room in a list, a test that holds. */
#include <string.h>

#include "index_int.h"

void *
index_grow(struct pav_index *ix, void *v, uint32_t count, uint32_t *cap,
           size_t size)
{
    uint32_t more;

    if (count < *cap)
        return v;
    more = *cap == 0 ? 2 : *cap;
    *cap += more;
    ix->bytes += more * size;
    return pav_xrealloc(v, *cap * size);
}

uint64_t
node_name_hash(const char *name, uint32_t len)
{
    uint64_t first = 0, last = 0;

    memcpy(&first, name, len < 8 ? len : 8);
    if (len > 8)
        memcpy(&last, name + len - 8, 8);
    first = (first ^ (last << 7) ^ ((uint64_t)len << 56)) * 0x9E3779B97F4A7C15u;
    return first ^ (first >> 31);
}

static bool
is_named(const struct node *n, const char *name, uint32_t len)
{
    return n->len == len && memcmp(n->name, name, len) == 0;
}

struct node *
node_child(const struct node *n, const char *name, uint32_t len)
{
    uint32_t i;

    if (n->child_table == NULL) {
        for (i = 0; i < n->child_count; i++)
            if (is_named(n->children[i], name, len))
                return n->children[i];
        return NULL;
    }
    i = (uint32_t)node_name_hash(name, len) & (n->child_cap * 2 - 1);
    for (; n->child_table[i] != NULL; i = (i + 1) & (n->child_cap * 2 - 1))
        if (is_named(n->child_table[i], name, len))
            return n->child_table[i];
    return NULL;
}

void
test_holds_now(struct pav_index *ix, struct test *t)
{
    t->known = ix->event;
    t->holds = true;
    if (ix->holding_count == ix->holding_cap) {
        ix->holding_cap = ix->holding_cap == 0 ? 16 : ix->holding_cap * 2;
        ix->holding =
            pav_xrealloc(ix->holding, ix->holding_cap * sizeof(*ix->holding));
    }
    ix->holding[ix->holding_count++] = t;
}

bool
list_accepts(const struct test *t, const struct pav_doc *v)
{
    uint32_t i;

    for (i = 0; i < t->count; i++)
        if (matcher_accepts(&t->matchers[i], v))
            return true;
    return false;
}

bool
test_fulfilled(struct pav_index *ix, struct test *t)
{
    const struct field *f;

    if (t->known == ix->event)
        return t->holds;
    t->known = ix->event;
    t->holds = false;
    if (t->node->seen != ix->event)
        return false;
    for (f = t->node->first; f != NULL && !t->holds; f = f->next)
        t->holds = list_accepts(t, &f->value);
    return t->holds;
}
