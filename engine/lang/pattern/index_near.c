/*
 * The index: which rule came nearest to an event that none took.
 *
 * The tests of MAX_NEAR rules and of what hangs on tests that hold are asked,
 * and how near each rule is follows from their answers and from the event's
 * source and detail-type.  What nobody takes comes again and again: for the
 * same answers and names the outcome is remembered.
 */
#include "pavane/index.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "index_int.h"

#define MAX_NEAR 64
#define OUTCOMES 256

enum { HOLDS = 4, NEARLY = 3 }; /* what a condition counts */

struct outcome {
    uint64_t key; /* of names and answers; 0: none */
    const struct subrule_entry *entry;
    uint32_t held, failed, score;
    struct test *expects; /* one of its texts is nearly the event's; or NULL */
    size_t far;           /* from it, in letters */
};

struct near_memory {
    /* Of the first MAX_NEAR rules, each once; but for those of the names, which
     * are in the key, and those that were looked up when the event was read:
     * the index has the list of those that hold. */
    struct test **tests;
    uint32_t count, cap, entries;
    struct outcome outcomes[OUTCOMES];
};

void
near_forget(struct pav_index *ix)
{
    if (ix->near == NULL)
        return;
    ix->bytes -= sizeof(*ix->near) + ix->near->cap * sizeof(*ix->near->tests);
    free(ix->near->tests);
    free(ix->near);
    ix->near = NULL;
}

/* All that hold are known, when the event has been read. */
static bool
is_looked_up(const struct test *t)
{
    return t->hanging_count > 0 && !t->absent;
}

static void
learn_test(struct pav_index *ix, struct test *t)
{
    struct near_memory *m = ix->near;
    uint32_t i;

    if (is_looked_up(t) || t->names != NAMES_NEITHER)
        return;
    for (i = 0; i < m->count; i++)
        if (m->tests[i] == t)
            return;
    m->tests = index_grow(ix, m->tests, m->count, &m->cap, sizeof(t));
    m->tests[m->count++] = t;
}

static void
learn(struct pav_index *ix)
{
    const struct pav_index_rule *r;
    uint32_t i, j;

    ix->near = pav_xcalloc(1, sizeof(*ix->near));
    ix->bytes += sizeof(*ix->near);
    for (r = ix->rules; r != NULL; r = r->next)
        for (i = 0; i < r->count && ix->near->entries < MAX_NEAR;
             i++, ix->near->entries++)
            for (j = 0; j < r->entries[i]->count; j++)
                learn_test(ix, r->entries[i]->tests[j]);
}

static bool
holds(struct pav_index *ix, struct test *t)
{
    if (is_looked_up(t))
        return t->known == ix->event && t->holds;
    return test_fulfilled(ix, t) || (t->absent && t->node->seen != ix->event);
}

static bool
only_excludes(const struct test *t)
{
    static const char head[] = "[{\"anything-but\"";

    return t->text_len > strlen(head) &&
           memcmp(t->text, head, strlen(head)) == 0;
}

static struct pav_bytes
name_of(const struct pav_near *near, const struct test *t)
{
    static const struct pav_bytes none = {NULL, 0};

    return t->names == NAMES_SOURCE ? near->source
           : t->names == NAMES_TYPE ? near->detail_type
                                    : none;
}

/* Of the texts of a list, the one that the event's is nearly; or NULL. */
static const char *
nearly(struct pav_index *ix, const struct test *t, struct pav_bytes name,
       size_t *far)
{
    const struct pav_doc *list;
    const char **texts;
    uint32_t i, n = 0;

    if (name.p == NULL)
        return NULL;
    list = pav_doc_own(ix->arena, t->text, t->text_len);
    texts = pav_arena_alloc(ix->arena, (list->len + 1) * sizeof(*texts));
    for (i = 0; i < list->len; i++)
        if (list->items[i].kind == PAV_STRING)
            texts[n++] = pav_doc_str(ix->arena, &list->items[i]);
    texts[n] = NULL;
    return pav_text_nearest(pav_arena_strndup(ix->arena, name.p, name.len),
                            texts, far);
}

/* By the part of its conditions that holds; then by the letters that differ. */
static bool
is_nearer(const struct outcome *x, const struct outcome *y)
{
    uint64_t one, other;

    if (x->score == 0 || y->entry == NULL)
        return x->score > 0;
    one = (uint64_t)x->score * y->entry->count;
    other = (uint64_t)y->score * x->entry->count;
    return one > other || (one == other && x->far < y->far);
}

static void
measure(struct pav_index *ix, const struct subrule_entry *entry,
        const struct pav_near *near, struct outcome *best)
{
    struct outcome now = {.entry = entry, .failed = entry->count - 1};
    uint32_t i;

    if (near->counts != NULL && !near->counts(entry->rule->owner))
        return;
    for (i = entry->count; i-- > 0;) {
        struct test *t = entry->tests[i];

        if (holds(ix, t)) {
            now.held++;
            now.score += only_excludes(t) ? 0 : HOLDS;
            continue;
        }
        if (now.expects != NULL)
            continue;
        now.failed = i;
        if (nearly(ix, t, name_of(near, t), &now.far) == NULL)
            continue;
        now.expects = t;
        now.score += NEARLY;
    }
    if (is_nearer(&now, best))
        *best = now;
}

static void
measure_all(struct pav_index *ix, const struct pav_near *near,
            struct outcome *best)
{
    const struct pav_index_rule *r;
    uint32_t i, j, left = MAX_NEAR;

    for (i = 0; i < ix->holding_count && left > 0; i++)
        for (j = 0; j < ix->holding[i]->hanging_count && left > 0; j++, left--)
            measure(ix, ix->holding[i]->hanging[j], near, best);
    for (r = ix->rules; r != NULL && left > 0; r = r->next)
        for (j = 0; j < r->count && left > 0; j++, left--)
            measure(ix, r->entries[j], near, best);
}

static uint64_t
mix(uint64_t key, uint64_t more)
{
    key = (key ^ more) * 0x9E3779B97F4A7C15u;
    return key ^ key >> 32;
}

/* Of all that measure_all() may ask. */
static uint64_t
key_of(struct pav_index *ix, const struct pav_near *near)
{
    const struct near_memory *m = ix->near;
    uint64_t bits = 0;
    uint64_t key = mix(pav_hash64(near->source.p, near->source.len, 0),
                       pav_hash64(near->detail_type.p, near->detail_type.len,
                                  near->detail_type.p == NULL));
    uint32_t i, j, k, left = MAX_NEAR;

    for (i = 0; i < m->count; i++) {
        bits = bits << 1 | holds(ix, m->tests[i]);
        if (i % 64 == 63)
            key = mix(key, bits);
    }
    key = mix(key, bits);
    for (i = 0; i < ix->holding_count; i++) {
        const struct test *t = ix->holding[i];

        key = mix(key, (uint64_t)(uintptr_t)t);
        for (j = 0; j < t->hanging_count && left > 0; j++, left--)
            for (k = 0; k < t->hanging[j]->count; k++)
                if (t->hanging[j]->tests[k]->names == NAMES_NEITHER)
                    key = mix(key, holds(ix, t->hanging[j]->tests[k]));
    }
    return key | 1;
}

void *
pav_index_nearest(struct pav_index *ix, struct pav_near *near)
{
    struct outcome *found;
    const struct test *failed;
    uint64_t key;
    size_t far;

    if (ix->near == NULL)
        learn(ix);
    key = key_of(ix, near);
    found = &ix->near->outcomes[key >> 8 & (OUTCOMES - 1)];
    if (found->key != key) {
        *found = (struct outcome){.key = key};
        measure_all(ix, near, found);
        found->key = key;
    }
    if (found->entry == NULL)
        return NULL;
    failed = found->entry->tests[found->failed];
    near->path = failed->path;
    near->wanted = (struct pav_bytes){failed->text, failed->text_len};
    near->held = found->held;
    near->of = found->entry->count;
    near->expected =
        found->expects == NULL
            ? NULL
            : nearly(ix, found->expects, name_of(near, found->expects), &far);
    return found->entry->rule->owner;
}
