/*
 * How many executions of a machine are in which status and states: rows that
 * are exact, so that no page counts executions.
 *
 * A turn counts in memory what it moves and adds the differences within its own
 * commit: a few rows a turn, however many events it has.  `pavane verify` holds
 * the rows against the executions.
 */
#include "standing.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/store_bus.h"

#define BUCKETS 64

struct place {
    struct place *next;
    struct pav_standing_row row; /* what the turn added, may be negative */
};

/* Of the transaction in progress. */
struct standing {
    struct pav_arena arena;
    struct place *buckets[BUCKETS];
    bool any;
};

static uint32_t
bucket_of(const struct pav_standing_row *r)
{
    uint32_t hash = (uint32_t)r->machine_id * 31 + (uint32_t)r->status;
    const char *p;

    for (p = r->states; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return hash % BUCKETS;
}

void
standing_count(struct pav_engine *e, const struct execution *x, int64_t count)
{
    struct pav_standing_row r = {.machine_id = x->row.machine_id,
                                 .child = x->has_meta && x->meta.run_id > 0,
                                 .status = x->row.status,
                                 .states = x->row.states};
    struct place **at, *p;

    if (e->standing == NULL) {
        e->standing = pav_xcalloc(1, sizeof(*e->standing));
        pav_arena_init(&e->standing->arena, 1 << 14);
    }
    at = &e->standing->buckets[bucket_of(&r)];
    for (p = *at; p != NULL; p = p->next)
        if (p->row.machine_id == r.machine_id && p->row.child == r.child &&
            p->row.status == r.status && strcmp(p->row.states, r.states) == 0)
            break;
    if (p == NULL) {
        p = pav_arena_zalloc(&e->standing->arena, sizeof(*p));
        p->row = r;
        p->row.states = pav_arena_strdup(&e->standing->arena, r.states);
        p->next = *at;
        *at = p;
        e->standing->any = true;
    }
    p->row.count += count;
}

void
standing_write(struct pav_engine *e)
{
    const struct place *p;
    int i;

    if (e->standing == NULL || !e->standing->any)
        return;
    for (i = 0; i < BUCKETS; i++)
        for (p = e->standing->buckets[i]; p != NULL; p = p->next)
            if (p->row.count != 0)
                pav_store_standing_add(e->store, &p->row);
}

void
standing_settle(struct pav_engine *e)
{
    struct standing *s = e->standing;

    if (s == NULL || !s->any)
        return;
    memset(s->buckets, 0, sizeof(s->buckets));
    s->any = false;
    pav_arena_reset(&s->arena);
}

void
standing_fini(struct pav_engine *e)
{
    if (e->standing != NULL)
        pav_arena_fini(&e->standing->arena);
    free(e->standing);
}
