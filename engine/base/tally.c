/* Numbers by name: see pavane/tally.h. */
#include "pavane/tally.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/mem.h"

#define BUCKETS 256
#define OTHER   "other"

struct pav_tally {
    struct pav_tally_row *_Atomic first;
    struct pav_tally_row *last;
    uint32_t count, max;
    struct pav_tally_row *by_hash[BUCKETS];
};

struct pav_tally *
pav_tally_new(uint32_t max)
{
    struct pav_tally *t = pav_xcalloc(1, sizeof(*t));

    t->max = max;
    return t;
}

void
pav_tally_free(struct pav_tally *t)
{
    struct pav_tally_row *r, *next;

    if (t == NULL)
        return;
    for (r = atomic_load(&t->first); r != NULL; r = next) {
        next = atomic_load(&r->next);
        free((char *)(uintptr_t)r->name);
        free((char *)(uintptr_t)r->part);
        free(r);
    }
    free(t);
}

struct pav_tally_row *
pav_tally_row(struct pav_tally *t, const char *name, const char *part)
{
    uint64_t hash = pav_hash64(name, strlen(name), strlen(part));
    struct pav_tally_row **bucket =
        &t->by_hash[(hash ^ pav_hash64(part, strlen(part), hash)) % BUCKETS];
    struct pav_tally_row *r;

    for (r = *bucket; r != NULL; r = r->same)
        if (strcmp(r->name, name) == 0 && strcmp(r->part, part) == 0)
            return r;
    if (t->count >= t->max && strcmp(name, OTHER) != 0)
        return pav_tally_row(t, OTHER, "");
    r = pav_xcalloc(1, sizeof(*r));
    r->name = pav_xstrdup(name);
    r->part = pav_xstrdup(part);
    r->same = *bucket;
    *bucket = r;
    t->count++;
    if (t->last == NULL)
        atomic_store_explicit(&t->first, r, memory_order_release);
    else
        atomic_store_explicit(&t->last->next, r, memory_order_release);
    t->last = r;
    return r;
}

const struct pav_tally_row *
pav_tally_first(const struct pav_tally *t)
{
    return t == NULL ? NULL
                     : atomic_load_explicit(&t->first, memory_order_acquire);
}
