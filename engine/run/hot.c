/*
 * Executions that moved lately: their row and the record of their last step, so
 * that the next event finds them without asking the store.
 *
 * H1  What is here is what the store would answer.  execution_keep() is the one
 *     place that changes an execution, and puts it here; whoever throws staged
 *     rows away calls hot_forget().
 * H2  Only open executions of a key are here, without a meta row, and of one
 *     key the newest.
 * H3  They take at most the budget (--hot-mb); the one that was used longest
 *     ago goes first.  A restart begins with none.
 * H4  What is dropped stays in memory until the turn ends: it was handed out.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "hot.h"

struct hot_execution {
    struct hot_execution *newer, *older; /* by use */
    struct hot_execution *next_of_key, *next_of_id;
    struct pav_execution_row row; /* its texts are in `bytes`, as the record */
    struct pav_stored stored;
    const struct pav_doc *input; /* a block of its own; NULL: not kept */
    size_t input_len;
    uint64_t hash; /* of machine and key */
    size_t size;
    char bytes[];
};

struct hot {
    struct hot_execution *newest, *oldest;
    struct hot_execution *dropped;          /* in this turn, by `older`: H4 */
    struct hot_execution **by_key, **by_id; /* `slots` each */
    size_t slots, count, size;
};

#define SLOTS_FIRST 1024
#define INPUT_MAX   8192 /* bytes of an input that is kept */

static uint64_t
hash_of(int64_t machine_id, const char *key)
{
    return pav_hash64(key, strlen(key), (uint64_t)machine_id);
}

static size_t
slot_of_id(const struct hot *h, int64_t id)
{
    return (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 20) & (h->slots - 1);
}

/* ---- the lists ---- */

static void
unchain(struct hot_execution **p, const struct hot_execution *x, bool of_key)
{
    while (*p != x)
        p = of_key ? &(*p)->next_of_key : &(*p)->next_of_id;
    *p = of_key ? x->next_of_key : x->next_of_id;
}

static void
chain(struct hot *h, struct hot_execution *x)
{
    size_t key = (size_t)x->hash & (h->slots - 1);
    size_t id = slot_of_id(h, x->row.id);

    x->next_of_key = h->by_key[key];
    h->by_key[key] = x;
    x->next_of_id = h->by_id[id];
    h->by_id[id] = x;
}

static void
unlink_use(struct hot *h, struct hot_execution *x)
{
    *(x->newer == NULL ? &h->newest : &x->newer->older) = x->older;
    *(x->older == NULL ? &h->oldest : &x->older->newer) = x->newer;
}

static void
link_use(struct hot *h, struct hot_execution *x)
{
    x->newer = NULL;
    x->older = h->newest;
    *(h->newest == NULL ? &h->oldest : &h->newest->newer) = x;
    h->newest = x;
}

static void
drop(struct hot *h, struct hot_execution *x)
{
    unchain(&h->by_key[(size_t)x->hash & (h->slots - 1)], x, true);
    unchain(&h->by_id[slot_of_id(h, x->row.id)], x, false);
    unlink_use(h, x);
    h->size -= x->size;
    h->count--;
    x->older = h->dropped;
    h->dropped = x;
}

void
hot_end_turn(struct pav_engine *e)
{
    struct hot_execution *x;

    while (e->hot != NULL && (x = e->hot->dropped) != NULL) {
        e->hot->dropped = x->older;
        free((void *)(uintptr_t)x->input);
        free(x);
    }
}

static void
grow(struct hot *h)
{
    struct hot_execution *x;

    h->slots = h->slots == 0 ? SLOTS_FIRST : h->slots * 2;
    free(h->by_key);
    free(h->by_id);
    h->by_key = pav_xcalloc(h->slots, sizeof(*h->by_key));
    h->by_id = pav_xcalloc(h->slots, sizeof(*h->by_id));
    for (x = h->newest; x != NULL; x = x->older)
        chain(h, x);
}

/* ---- finding ---- */

static struct hot_execution *
find_id(const struct hot *h, int64_t id)
{
    struct hot_execution *x;

    if (h == NULL || h->slots == 0)
        return NULL;
    for (x = h->by_id[slot_of_id(h, id)]; x != NULL; x = x->next_of_id)
        if (x->row.id == id)
            return x;
    return NULL;
}

static struct hot_execution *
find_key(const struct hot *h, int64_t machine_id, const char *key)
{
    struct hot_execution *x;
    uint64_t hash;

    if (h == NULL || h->slots == 0)
        return NULL;
    hash = hash_of(machine_id, key);
    for (x = h->by_key[(size_t)hash & (h->slots - 1)]; x != NULL;
         x = x->next_of_key)
        if (x->hash == hash && x->row.machine_id == machine_id &&
            strcmp(x->row.key, key) == 0)
            return x;
    return NULL;
}

#ifdef PAV_HARD
/* H1 */
static void
must_be_as_stored(struct pav_engine *e, const struct pav_execution_row *row)
{
    struct pav_execution_row stored;

    PAV_ASSERT(pav_store_execution_of_key(e->store, row->machine_id, row->key,
                                          &e->arena, &stored));
    PAV_ASSERT(stored.id == row->id && stored.last_step == row->last_step &&
               stored.next_event == row->next_event &&
               stored.status == row->status &&
               strcmp(stored.states, row->states) == 0);
}
#endif

bool
hot_of_key(struct pav_engine *e, int64_t machine_id, const char *key,
           struct pav_execution_row *out)
{
    struct hot_execution *x = find_key(e->hot, machine_id, key);

    if (x == NULL) {
        e->counts.hot_misses++;
        return false;
    }
    e->counts.hot_hits++;
    unlink_use(e->hot, x);
    link_use(e->hot, x);
    *out = x->row;
#ifdef PAV_HARD
    must_be_as_stored(e, out);
#endif
    return true;
}

bool
hot_record(struct pav_engine *e, const struct pav_execution_row *row,
           struct pav_stored *out)
{
    const struct hot_execution *x = find_id(e->hot, row->id);

    if (x == NULL || x->stored.id != row->last_step)
        return false;
    *out = x->stored;
    return true;
}

const struct pav_doc *
hot_input(struct pav_engine *e, int64_t id)
{
    const struct hot_execution *x = find_id(e->hot, id);

    return x == NULL ? NULL : x->input;
}

/* ---- keeping ---- */

static char *
put(char **at, const void *p, size_t len)
{
    char *copy = *at;

    memcpy(copy, p, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static struct hot_execution *
copy_of(const struct pav_execution_row *row, const struct pav_stored *stored)
{
    size_t name = strlen(row->name), key = strlen(row->key);
    size_t states = strlen(row->states), record = stored->bytes.len;
    size_t size =
        sizeof(struct hot_execution) + name + key + states + record + 4;
    struct hot_execution *c = pav_xmalloc(size);
    char *at = c->bytes;

    c->row = *row;
    c->row.moved = false;
    c->row.waits = NULL;
    c->row.wait_count = 0;
    c->row.name = put(&at, row->name, name);
    c->row.key = put(&at, row->key, key);
    c->row.states = put(&at, row->states, states);
    c->stored = *stored;
    c->stored.bytes.p = put(&at, stored->bytes.p, record);
    c->input = NULL;
    c->input_len = 0;
    c->hash = hash_of(row->machine_id, row->key);
    c->size = size;
    return c;
}

static void
count(struct pav_engine *e)
{
    e->counts.hot = e->hot->count;
    e->counts.hot_bytes = e->hot->size;
}

void
hot_keep(struct pav_engine *e, const struct pav_execution_row *row,
         const struct pav_stored *stored, bool has_meta,
         const struct pav_doc *input)
{
    struct hot_execution *same = find_id(e->hot, row->id), *before, *c;
    size_t budget = (size_t)e->config.hot_bytes;

    if (same != NULL)
        drop(e->hot, same);
    if (row->key == NULL || has_meta || row->status != PAV_RUNNING ||
        budget == 0) {
        if (same != NULL)
            count(e);
        return;
    }
    if (e->hot == NULL)
        e->hot = pav_xcalloc(1, sizeof(*e->hot));
    before = find_key(e->hot, row->machine_id, row->key);
    if (before != NULL && before->row.id > row->id) { /* H2 */
        count(e);
        return;
    }
    if (before != NULL)
        drop(e->hot, before);
    c = copy_of(row, stored);
    if (input != NULL) {
        c->input = pav_doc_pack(input, INPUT_MAX, &c->input_len);
    } else if (same != NULL && same->input != NULL) { /* it is handed on */
        c->input = same->input;
        c->input_len = same->input_len;
        same->input = NULL;
    }
    if (c->input != NULL)
        c->size += c->input_len;
    e->hot->count++;
    e->hot->size += c->size;
    link_use(e->hot, c);
    if (e->hot->count > e->hot->slots)
        grow(e->hot); /* chains it as well */
    else
        chain(e->hot, c);
    while (e->hot->size > budget)
        drop(e->hot, e->hot->oldest);
    count(e);
}

void
hot_forget(struct pav_engine *e)
{
    while (e->hot != NULL && e->hot->oldest != NULL)
        drop(e->hot, e->hot->oldest);
    if (e->hot != NULL)
        count(e);
}

void
hot_free(struct pav_engine *e)
{
    hot_forget(e);
    hot_end_turn(e);
    if (e->hot == NULL)
        return;
    free(e->hot->by_key);
    free(e->hot->by_id);
    free(e->hot);
    e->hot = NULL;
}
