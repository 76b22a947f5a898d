/* Which execution an event is about: see correlate.c. */
#ifndef PAVANE_RUN_CORRELATE_H
#define PAVANE_RUN_CORRELATE_H

#include "bus/bus.h"

#define MAX_BUSES 64   /* that one event comes to */
#define KEY_MAX   1024 /* bytes of a key */

/* One event on its way through the machines. */
struct event_context {
    struct pav_engine *e;
    struct pav_arena *out; /* the job's: what the sender reads */
    struct pav_event_item *item;
    const struct pav_envelope *envelope;
    struct pav_event event; /* doc NULL until it is needed */
    int64_t id, now_ms;
    uint64_t visited_mark;
    bool gone; /* a machine whose folder is gone would have been concerned */
    int64_t last_seen; /* the last event of this (source, id), or 0 */
    int64_t last_at;
    uint32_t capacity;
    const struct bus *visited[MAX_BUSES];
    uint32_t visited_count, hops; /* all buses; those in a row to this one */
    bool crowded;                 /* it would concern more than it may */
};

/* The event as a tree, made when it is asked for first. */
struct pav_event *context_event(struct event_context *ec);
/* The event as what moves an execution.  What it brings came out of this
 * transform, with `part`. */
struct cause;
struct pav_transform;
struct pav_transform_part;
struct cause
context_cause(const struct event_context *ec, const struct pav_transform *t,
              const struct pav_transform_part *part);

/* Several, each once, where the rule's only path or expression gives a list:
 * how many; 0: it gives none, and `why` may say more. */
#define KEYS_MAX 100
uint32_t
correlation_keys(struct event_context *ec, const struct machine_rule *r,
                 const char ***keys, const char **why);
/* correlate.c: the key that a rule finds in the event; NULL, and `*why`. */
const char *correlation_key(struct event_context *ec,
                            const struct machine_rule *r, const char **why);
/*
 * Of an execution that no rule of its machine starts: the key that its input
 * has, where correlationIdOfInput asks for one; `*key` stays as it is where it
 * does not.  False: the input has none, or one is open, and `*why`.
 */
bool input_key(struct pav_engine *e, const struct machine *m,
               const struct pav_doc *input, const char **key, const char **why);
/* A name for an execution of a key, behind the newest one of it (or NULL):
 * "order-1", "order-1-2", "order-1-3". */
const char *execution_name(struct pav_engine *e, const struct machine *m,
                           const char *key, const char *newest);

#endif
