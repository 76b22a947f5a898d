/* The records of one execution, kept as the journal keeps them: for tests that
 * step by themselves. */
#ifndef PAVANE_TESTS_KEPT_RECORDS_H
#define PAVANE_TESTS_KEPT_RECORDS_H

#include "pavane/history.h"
#include "pavane/step.h"

struct kept_records {
    struct pav_machine *machine;
    struct pav_bytes event; /* the body of every event */
    struct pav_stored *v;   /* by id, from 1 */
    uint32_t count;
    struct pav_sources sources;
};

static inline bool
kept_event(void *arg, int64_t id, struct pav_arena *a, struct pav_bytes *body)
{
    (void)id;
    (void)a;
    *body = ((struct kept_records *)arg)->event;
    return true;
}

static inline bool
kept_step(void *arg, int64_t id, struct pav_arena *a, struct pav_stored *out)
{
    struct kept_records *k = arg;

    (void)a;
    PAV_ASSERT(id > 0 && id <= k->count);
    *out = k->v[id - 1];
    return true;
}

static inline bool
kept_definition(void *arg, int64_t execution_id, struct pav_arena *a,
                struct pav_bytes *text)
{
    return pav_record_definition(((struct kept_records *)arg)->machine,
                                 execution_id, a, text);
}

/* What a step made, in the arena, opened. */
static inline struct pav_record *
keep_record(struct kept_records *k, const struct pav_buf *record,
            struct pav_arena *a)
{
    struct pav_stored *s;

    k->sources = (struct pav_sources){.arg = k,
                                      .event = kept_event,
                                      .step = kept_step,
                                      .definition = kept_definition};
    k->v = pav_arena_append(a, k->v, k->count, sizeof(*k->v));
    s = &k->v[k->count];
    *s = (struct pav_stored){.id = k->count + 1, .previous = k->count};
    s->bytes.p = pav_arena_strndup(a, record->p, record->len);
    s->bytes.len = record->len;
    k->count++;
    return pav_record_open(s, &k->sources, a);
}

#endif
