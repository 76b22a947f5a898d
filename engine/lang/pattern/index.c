/*
 * The index: rules, their tests, and the verdict.  The model is in
 * index_int.h; how values are found in index_values.c; how an event is read in
 * index_walk.c; which rule came nearest in index_near.c.
 *
 * X1  An event is walked once.  A field that no rule names costs the step over
 *     its text, whatever the number of rules.
 * X2  A sub-rule hangs on its access, the test that fewest values fulfil; only
 *     when that holds are its other tests asked, each once an event.
 * X3  Tests that say the same are one, shared by the rules that have it.
 * X4  The verdict is that of pav_pattern_matches(), event for event; the index
 *     may be wrong about speed alone.
 *
 * What it does not do: order rules.  Owners are found in no order.
 */
#include "pavane/index.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "choose.h"
#include "index_int.h"

#define FEW        4 /* children that are looked through */
#define TEST_CHUNK 192

/* ---- paths ---- */

static void
children_hash(struct pav_index *ix, struct node *n)
{
    uint32_t i, j, len = n->child_cap * 2;

    if (n->child_table != NULL)
        ix->bytes -= len * sizeof(*n->child_table);
    free(n->child_table);
    n->child_table = NULL;
    if (n->child_count <= FEW)
        return;
    n->child_table = pav_xcalloc(len, sizeof(*n->child_table));
    ix->bytes += len * sizeof(*n->child_table);
    for (i = 0; i < n->child_count; i++) {
        j = (uint32_t)n->children[i]->hash & (len - 1);
        while (n->child_table[j] != NULL)
            j = (j + 1) & (len - 1);
        n->child_table[j] = n->children[i];
    }
}

static struct node *
node_add(struct pav_index *ix, struct node *parent, const char *name,
         uint32_t len)
{
    struct node *n = pav_xcalloc(1, sizeof(*n));
    uint32_t cap = parent->child_cap;

    n->parent = parent;
    n->name = pav_xmalloc(len + 1);
    memcpy(n->name, name, len);
    n->name[len] = '\0';
    n->len = len;
    n->hash = node_name_hash(name, len);
    n->seed = ++ix->next_seed * 0xD6E8FEB86659FD93u;
    parent->uses++;
    parent->children = index_grow(ix, parent->children, parent->child_count,
                                  &parent->child_cap, sizeof(n));
    parent->children[parent->child_count++] = n;
    if (parent->child_cap != cap || parent->child_table == NULL) {
        children_hash(ix, parent);
    } else {
        uint32_t mask = parent->child_cap * 2 - 1, i = (uint32_t)n->hash & mask;

        while (parent->child_table[i] != NULL)
            i = (i + 1) & mask;
        parent->child_table[i] = n;
    }
    ix->node_count++;
    ix->bytes += sizeof(*n) + len + 1;
    return n;
}

static struct node *
node_at(struct pav_index *ix, const char *path, size_t len)
{
    struct node *n = &ix->root;
    const char *end = path + len;

    while (len > 0 && path <= end) {
        const char *dot = memchr(path, '.', (size_t)(end - path));
        uint32_t part = (uint32_t)((dot == NULL ? end : dot) - path);
        struct node *child = node_child(n, path, part);

        n = child != NULL ? child : node_add(ix, n, path, part);
        path += part + 1;
    }
    return n;
}

/* Gone when nobody uses it, and so on upwards. */
static void
node_release(struct pav_index *ix, struct node *n)
{
    struct node *parent;
    uint32_t i;

    while (--n->uses == 0 && n->parent != NULL) {
        parent = n->parent;
        for (i = 0; parent->children[i] != n; i++)
            ;
        parent->children[i] = parent->children[--parent->child_count];
        children_hash(ix, parent);
        ix->node_count--;
        ix->bytes -= sizeof(*n) + n->len + 1;
        values_free(n->values);
        free(n->children);
        free(n->child_table);
        free(n->name);
        free(n);
        n = parent;
    }
}

/* ---- tests ---- */

static uint8_t
rank_of(const struct test *t)
{
    static const uint8_t ranks[] = {
        [MATCH_EXACT] = 0,
        [MATCH_ADDRESS] = 0,
        [MATCH_IGNORE_CASE] = 0,
        [MATCH_PREFIX] = 1,
        [MATCH_SUFFIX] = 1,
        [MATCH_PREFIX_IGNORE_CASE] = 1,
        [MATCH_SUFFIX_IGNORE_CASE] = 1,
        [MATCH_WILDCARD] = 1,
        [MATCH_CIDR] = 1,
        [MATCH_NUMERIC] = 2,
        [MATCH_EXISTS] = 4,
        [MATCH_NOT] = 4,
        [MATCH_ABSENT] = 5,
    };
    uint8_t worst = 0;
    uint32_t i;

    for (i = 0; i < t->count; i++)
        if (ranks[t->matchers[i].kind] > worst)
            worst = ranks[t->matchers[i].kind];
    return worst;
}

static void
registry_grow(struct pav_index *ix)
{
    struct test **old = ix->registry, *t, *next;
    uint64_t i, count = ix->registry_len;

    ix->registry_len = count == 0 ? 64 : count * 2;
    ix->registry = pav_xcalloc(ix->registry_len, sizeof(*ix->registry));
    ix->bytes += (ix->registry_len - count) * sizeof(*ix->registry);
    for (i = 0; i < count; i++)
        for (t = old[i]; t != NULL; t = next) {
            struct test **p = &ix->registry[t->hash & (ix->registry_len - 1)];

            next = t->next;
            t->next = *p;
            *p = t;
        }
    free(old);
}

/* Its own matchers, so that a pattern need not outlive the call. */
static struct test *
test_new(struct pav_index *ix, struct node *n, const struct rule_path *p,
         const struct pav_buf *text, uint64_t hash)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    struct test *t = pav_xcalloc(1, sizeof(*t));
    struct matcher *matchers;
    const struct pav_doc *list;
    struct pav_err err;
    uint32_t i;

    pav_arena_init(&t->arena, TEST_CHUNK);
    t->node = n;
    t->hash = hash;
    t->text = pav_arena_strndup(&t->arena, text->p, text->len);
    t->text_len = (uint32_t)text->len;
    t->path = pav_arena_strndup(&t->arena, p->path, p->len);
    t->names = strcmp(t->path, "source") == 0        ? NAMES_SOURCE
               : strcmp(t->path, "detail-type") == 0 ? NAMES_TYPE
                                                     : NAMES_NEITHER;
    if (pav_doc_parse(&t->arena, t->text, t->text_len, &keep, &list, &err) !=
        PAV_OK)
        PAV_BUG("a list of matchers that was printed is no JSON");
    t->count = list->len;
    matchers = pav_arena_zalloc(&t->arena, list->len * sizeof(*matchers));
    for (i = 0; i < list->len; i++) {
        if (matcher_compile(&t->arena, &list->items[i], &matchers[i], &err) !=
            PAV_OK)
            PAV_BUG("a matcher that was compiled before is refused");
        t->absent |= matchers[i].kind == MATCH_ABSENT;
    }
    t->matchers = matchers;
    t->rank = rank_of(t);
    n->uses++;
    n->tests++;
    ix->test_count++;
    ix->bytes += sizeof(*t) + t->arena.total;
    if (ix->test_count > ix->registry_len)
        registry_grow(ix);
    t->next = ix->registry[hash & (ix->registry_len - 1)];
    ix->registry[hash & (ix->registry_len - 1)] = t;
    return t;
}

static struct test *
test_get(struct pav_index *ix, const struct rule_path *p)
{
    struct node *n = node_at(ix, p->path, p->len);
    struct test *t = NULL;
    struct pav_buf text;
    uint64_t hash;

    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(p->list, &text);
    hash = pav_hash64(text.p, text.len, n->seed);
    if (ix->registry_len > 0)
        t = ix->registry[hash & (ix->registry_len - 1)];
    while (t != NULL &&
           (t->node != n || t->hash != hash || t->text_len != text.len ||
            memcmp(t->text, text.p, text.len) != 0))
        t = t->next;
    if (t == NULL)
        t = test_new(ix, n, p, &text, hash);
    pav_buf_fini(&text);
    t->uses++;
    return t;
}

static void
test_release(struct pav_index *ix, struct test *t)
{
    struct test **p = &ix->registry[t->hash & (ix->registry_len - 1)];
    struct node *n = t->node;

    if (--t->uses > 0)
        return;
    while (*p != t)
        p = &(*p)->next;
    *p = t->next;
    ix->test_count--;
    ix->bytes -=
        sizeof(*t) + t->arena.total + t->hanging_cap * sizeof(*t->hanging);
    free(t->hanging);
    pav_arena_fini(&t->arena);
    free(t);
    n->tests--;
    node_release(ix, n);
}

/* ---- sub-rules ---- */

static void
hang(struct pav_index *ix, struct subrule_entry *entry)
{
    struct test *t = entry->tests[entry->access];

    if (t->hanging_count == 0) {
        values_add(ix, t);
        if (t->absent) {
            ix->absent = index_grow(ix, ix->absent, ix->absent_count,
                                    &ix->absent_cap, sizeof(*ix->absent));
            ix->absent[ix->absent_count++] = t;
        }
    }
    t->hanging = index_grow(ix, t->hanging, t->hanging_count, &t->hanging_cap,
                            sizeof(*t->hanging));
    entry->hangs_at = t->hanging_count;
    t->hanging[t->hanging_count++] = entry;
}

static void
unhang(struct pav_index *ix, struct subrule_entry *entry)
{
    struct test *t = entry->tests[entry->access];
    struct subrule_entry *last = t->hanging[--t->hanging_count];
    uint32_t i;

    t->hanging[entry->hangs_at] = last;
    last->hangs_at = entry->hangs_at;
    if (t->hanging_count > 0)
        return;
    values_remove(ix, t);
    for (i = 0; t->absent && i < ix->absent_count; i++)
        if (ix->absent[i] == t) {
            ix->absent[i] = ix->absent[--ix->absent_count];
            break;
        }
}

/* Few values fulfil it, and few rules hang on it. */
static bool
is_better(const struct test *x, const struct test *y)
{
    bool vague_x = x->rank >= 4, vague_y = y->rank >= 4;

    if (x->absent != y->absent)
        return y->absent;
    if (vague_x != vague_y)
        return vague_y;
    if (x->hanging_count != y->hanging_count)
        return x->hanging_count < y->hanging_count;
    return x->rank < y->rank;
}

static struct subrule_entry *
entry_new(struct pav_index *ix, struct pav_index_rule *rule,
          const struct subrule *r)
{
    size_t size = sizeof(struct subrule_entry) + r->count * sizeof(void *);
    struct subrule_entry *entry = pav_xcalloc(1, size);
    uint32_t i;

    entry->rule = rule;
    entry->count = r->count;
    for (i = 0; i < r->count; i++) {
        entry->tests[i] = test_get(ix, &r->paths[i]);
        entry->tests[i]->node->keep += r->count > 1;
        if (i > 0 && is_better(entry->tests[i], entry->tests[entry->access]))
            entry->access = i;
    }
    ix->bytes += size;
    hang(ix, entry);
    return entry;
}

static void
entry_free(struct pav_index *ix, struct subrule_entry *entry)
{
    uint32_t i;

    unhang(ix, entry);
    for (i = 0; i < entry->count; i++) {
        entry->tests[i]->node->keep -= entry->count > 1;
        test_release(ix, entry->tests[i]);
    }
    ix->bytes -= sizeof(struct subrule_entry) + entry->count * sizeof(void *);
    free(entry);
}

/* ---- rules ---- */

struct pav_index *
pav_index_new(void)
{
    struct pav_index *ix = pav_xcalloc(1, sizeof(*ix));

    ix->bytes = sizeof(*ix);
    ix->random = 1;
    ix->root.seed = 0x5851F42D4C957F2Du;
    return ix;
}

struct pav_index_rule *
pav_index_add(struct pav_index *ix, const struct pav_pattern *p, void *owner)
{
    size_t size = sizeof(struct pav_index_rule) + p->count * sizeof(void *);
    struct pav_index_rule *rule = pav_xcalloc(1, size);

    rule->owner = owner;
    for (; rule->count < p->count; rule->count++)
        rule->entries[rule->count] =
            entry_new(ix, rule, &p->rules[rule->count]);
    near_forget(ix);
    rule->next = ix->rules;
    if (ix->rules != NULL)
        ix->rules->previous = rule;
    ix->rules = rule;
    ix->rule_count++;
    ix->bytes += size;
    return rule;
}

void
pav_index_remove(struct pav_index *ix, struct pav_index_rule *rule)
{
    uint32_t i;

    near_forget(ix);
    for (i = 0; i < rule->count; i++)
        entry_free(ix, rule->entries[i]);
    if (rule->previous != NULL)
        rule->previous->next = rule->next;
    else
        ix->rules = rule->next;
    if (rule->next != NULL)
        rule->next->previous = rule->previous;
    ix->rule_count--;
    ix->bytes -= sizeof(*rule) + rule->count * sizeof(void *);
    free(rule);
}

void
pav_index_free(struct pav_index *ix)
{
    uint32_t i;

    if (ix == NULL)
        return;
    while (ix->rules != NULL)
        pav_index_remove(ix, ix->rules);
    for (i = 0; i < ix->watch_count; i++)
        while (ix->watches[i].node != NULL)
            pav_index_unwatch(ix, i);
    values_free(ix->root.values);
    free(ix->root.children);
    free(ix->root.child_table);
    free(ix->buckets);
    free(ix->filter);
    free(ix->registry);
    free(ix->absent);
    free(ix->watches);
    free(ix->holding);
    free(ix->owners);
    free(ix->near);
    free(ix);
}

uint32_t
pav_index_watch(struct pav_index *ix, const char *path, size_t len)
{
    struct node *n = node_at(ix, path, len);
    uint32_t i;

    n->uses++;
    n->watches++;
    if (n->watch > 0)
        return n->watch - 1;
    for (i = 0; i < ix->watch_count && ix->watches[i].node != NULL; i++)
        ;
    if (i == ix->watch_count) {
        ix->watches = pav_xrealloc(ix->watches, (ix->watch_count + 1) *
                                                    sizeof(*ix->watches));
        ix->watch_count++;
    }
    memset(&ix->watches[i], 0, sizeof(ix->watches[i]));
    ix->watches[i].node = n;
    n->watch = i + 1;
    return i;
}

void
pav_index_unwatch(struct pav_index *ix, uint32_t slot)
{
    struct node *n = ix->watches[slot].node;

    if (--n->watches == 0) {
        ix->watches[slot].node = NULL;
        n->watch = 0;
    }
    node_release(ix, n);
}

void
pav_index_size(const struct pav_index *ix, struct pav_index_size *out)
{
    out->rules = ix->rule_count;
    out->conditions = ix->test_count;
    out->paths = ix->node_count;
    out->bytes = ix->bytes;
}

/* ---- the verdict ---- */

/* The fields at a test's path. */
static struct candidates
candidates_of(struct pav_index *ix, const struct test *t)
{
    const struct field *first =
        t->node->seen == ix->event ? t->node->first : NULL;
    struct candidates list = {.absent = t->absent};
    struct candidate *all, *fit;
    const struct field *f;

    for (f = first; f != NULL; f = f->next)
        list.all_count++;
    list.all = all = candidates_room(list.all_count);
    list.fit = fit = all + list.all_count;
    for (f = first; f != NULL; f = f->next) {
        *all++ = (struct candidate){f->places, f->place_count};
        if (list_accepts(t, &f->value))
            fit[list.fit_count++] = all[-1];
    }
    return list;
}

static bool
entry_matches(struct pav_index *ix, const struct subrule_entry *entry)
{
    struct candidates lists[PATTERN_MAX_PATHS];
    bool arrays = false, chosen;
    uint32_t i;

    for (i = 0; i < entry->count; i++) {
        struct test *t = entry->tests[i];
        bool seen = t->node->seen == ix->event;

        arrays |= seen && t->node->in_arrays;
        if (test_fulfilled(ix, t) || (t->absent && !seen))
            continue;
        /* Absent beside the element that the others choose, perhaps. */
        if (!t->absent || !t->node->in_arrays || entry->count == 1)
            return false;
    }
    if (!arrays || entry->count == 1)
        return true;
    for (i = 0; i < entry->count; i++)
        lists[i] = candidates_of(ix, entry->tests[i]);
    chosen = choose(lists, entry->count);
    candidates_free(lists, entry->count);
    return chosen;
}

static void
match_hanging(struct pav_index *ix, const struct test *t)
{
    uint32_t i;

    for (i = 0; i < t->hanging_count; i++) {
        struct pav_index_rule *rule = t->hanging[i]->rule;

        if (rule->matched == ix->event || !entry_matches(ix, t->hanging[i]))
            continue;
        rule->matched = ix->event;
        ix->owners = index_grow(ix, ix->owners, ix->owner_count, &ix->owner_cap,
                                sizeof(*ix->owners));
        ix->owners[ix->owner_count++] = rule->owner;
    }
}

void
pav_index_match(struct pav_index *ix, const char *text, size_t len, bool simple,
                struct pav_arena *a, struct pav_matches *out)
{
    uint32_t i, found;

    ix->event++;
    ix->arena = a;
    ix->holding_count = 0;
    ix->owner_count = 0;
    index_walk(ix, text, len, simple);
    found = ix->holding_count;
    for (i = 0; i < found; i++)
        match_hanging(ix, ix->holding[i]);
    for (i = 0; i < ix->absent_count; i++)
        if (ix->absent[i]->known != ix->event || !ix->absent[i]->holds)
            match_hanging(ix, ix->absent[i]);
    out->owners = ix->owners;
    out->count = ix->owner_count;
}

struct pav_bytes
pav_index_watched(const struct pav_index *ix, uint32_t slot)
{
    static const struct pav_bytes none = {"", 0};

    return ix->watches[slot].seen == ix->event ? ix->watches[slot].value : none;
}
