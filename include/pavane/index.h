/*
 * One index over all rules of a bus: which of them does an event match?
 *
 * The event is read once, as text; only what some rule names is looked at, and
 * reading stops when nothing is left to decide.  The cost of an event is that
 * of the named fields that it has and of the rules that it matches; it does not
 * grow with the number of rules, except for rules that have nothing but
 * anything-but, exists or the like to be found by.
 *
 * A rule's answer never depends on other rules: the index finds candidates by
 * one condition of each, and decides the others as pav_pattern_matches() would.
 *
 * Rules come and go one by one, between events.  All of an index belongs to one
 * thread.
 */
#ifndef PAVANE_INDEX_H
#define PAVANE_INDEX_H

#include "pavane/pattern.h"

struct pav_index *pav_index_new(void);
void pav_index_free(struct pav_index *ix);

/*
 * The pattern is borrowed for the length of the call.  `owner` is what a match
 * names; not NULL.  Cost: the number of conditions.
 */
struct pav_index_rule *
pav_index_add(struct pav_index *ix, const struct pav_pattern *p, void *owner);
void pav_index_remove(struct pav_index *ix, struct pav_index_rule *rule);

/*
 * Also find the value at a path of names joined by dots (no arrays).  Returns
 * its slot, the same for the same path; to be given back as often as asked for.
 */
uint32_t pav_index_watch(struct pav_index *ix, const char *path, size_t len);
void pav_index_unwatch(struct pav_index *ix, uint32_t slot);

/* What an event matched; borrowed from the index until the next event. */
struct pav_matches {
    void *const *owners; /* each once, in no order */
    uint32_t count;
};

/*
 * `text` is a JSON object that was checked (pav_doc_check()); `simple` is what
 * the check found.  Memory comes from `a`, which must live until the next
 * event.
 */
void pav_index_match(struct pav_index *ix, const char *text, size_t len,
                     bool simple, struct pav_arena *a, struct pav_matches *out);

/* The value in a slot, as written in the last event; `len` 0: it has none. */
struct pav_bytes pav_index_watched(const struct pav_index *ix, uint32_t slot);

/*
 * Of an event that matched nothing: the rule that came nearest, among those
 * that share a condition with the event and a few more.  A condition that holds
 * counts, unless it only says what is not wanted; a source or a detail-type
 * that is nearly the one that is expected counts nearly as much.
 */
struct pav_near {
    struct pav_bytes source, detail_type; /* given: the event's */
    bool (*counts)(void *owner);          /* given: which rules do; NULL: all */
    /* found */
    const char *path; /* of the condition that failed; lives as the rule does */
    struct pav_bytes wanted; /* there, JSON; the same */
    uint32_t held, of; /* equal: each holds, but not in one array's element */
    const char *expected; /* a text near the event's, in the arena; or NULL */
};

/* NULL: there is none. */
void *pav_index_nearest(struct pav_index *ix, struct pav_near *near);

struct pav_index_size {
    uint64_t rules, conditions, paths, bytes;
};
void pav_index_size(const struct pav_index *ix, struct pav_index_size *out);

#endif
