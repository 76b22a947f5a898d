/*
 * The feed: what a turn changed, gathered while it advances and handed on
 * behind its commit (T1).  Nothing is gathered while nobody watches.
 *
 * A turn tells all that it changes or nothing: whether somebody watches is
 * looked at once, where it begins.  So who begins to watch knows whether a
 * turn is in progress that tells nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "turn.h"

static struct pav_feed *
feed_of(struct pav_engine *e)
{
    if (e->config.feed == NULL || atomic_load(&e->telling) != TELLING_ALL)
        return NULL;
    if (e->feed == NULL) {
        e->feed = pav_xcalloc(1, sizeof(*e->feed));
        pav_arena_init(&e->feed->arena, 4096);
    }
    return e->feed;
}

void
feed_execution(struct pav_engine *e, const char *machine,
               const struct pav_execution_row *x, bool started)
{
    struct pav_feed *f = feed_of(e);
    struct pav_change *c;

    if (f == NULL)
        return;
    if (f->count == f->cap) {
        f->cap = f->cap == 0 ? 32 : f->cap * 2;
        c = pav_arena_alloc(&f->arena, f->cap * sizeof(*c));
        if (f->count > 0)
            memcpy(c, f->changes, f->count * sizeof(*c));
        f->changes = c;
    }
    c = &f->changes[f->count++];
    c->machine = pav_arena_strdup(&f->arena, machine);
    c->name = pav_arena_strdup(&f->arena, x->name);
    c->key = x->key == NULL ? NULL : pav_arena_strdup(&f->arena, x->key);
    c->states = pav_arena_strdup(&f->arena, x->states);
    c->status = (enum pav_status)x->status;
    c->started = started;
    c->events = x->next_event - 1;
}

void
feed_disposition(struct pav_engine *e, enum pav_disposition kind)
{
    struct pav_feed *f = feed_of(e);

    e->counts.dispositions[kind]++;
    if (f != NULL)
        f->dispositions[kind]++;
}

void
feed_machines(struct pav_engine *e)
{
    struct pav_feed *f = feed_of(e);

    if (f != NULL)
        f->machines = true;
}

struct pav_feed *
feed_take(struct pav_engine *e, bool committed)
{
    struct pav_feed *f = e->feed;

    e->feed = NULL;
    if (committed)
        return f;
    pav_feed_free(f);
    return NULL;
}

void
pav_feed_free(struct pav_feed *f)
{
    if (f == NULL)
        return;
    pav_arena_fini(&f->arena);
    free(f);
}

void
feed_turn_begins(struct pav_engine *e)
{
    atomic_store(&e->telling, TELLING_UNKNOWN);
    atomic_store(&e->telling,
                 atomic_load(&e->watched) ? TELLING_ALL : TELLING_NOTHING);
}

void
feed_turn_ends(struct pav_engine *e)
{
    atomic_store(&e->telling, TELLING_BETWEEN);
}

bool
pav_engine_watch(struct pav_engine *e, bool wanted)
{
    int telling;

    atomic_store(&e->watched, wanted);
    telling = atomic_load(&e->telling);
    return telling == TELLING_BETWEEN || telling == TELLING_ALL;
}
