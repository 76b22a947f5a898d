/*
 * What became of events, counted by who sent them (engine/run/ledger.c).
 * Counts are of whole hours: from the hour of `from_ms` on.
 */
#ifndef PAVANE_LEDGER_H
#define PAVANE_LEDGER_H

#include "pavane/reader.h"

#define PAV_LEDGER_BARS 12
/* The source, and the type, of what is not counted apart. */
#define PAV_LEDGER_OTHERS "(others)"
#define PAV_LEDGER_TEXT   200 /* bytes of a text that are kept, at most */

/* A source, and what became of its events: of each the first outcome, by kind;
 * and all outcomes, for an event may concern several machines. */
struct pav_producer {
    const char *source;
    int64_t events, firsts[PAV_DISPOSITIONS], outcomes[PAV_DISPOSITIONS];
    int64_t first_at, last_at;
    int64_t bars[PAV_LEDGER_BARS]; /* events, in as many parts of the time */
};

/* The most events first. */
uint32_t pav_reader_producers(struct pav_reader *r, int64_t from_ms,
                              int64_t now_ms, uint32_t limit,
                              struct pav_arena *a, struct pav_producer **out);

/* What sources send, by type, that has no schema: the most events first. */
struct pav_sent {
    const char *source, *type;
    int64_t events, last_at;
};
uint32_t
pav_reader_without_schema(struct pav_reader *r, int64_t from_ms, uint32_t limit,
                          struct pav_arena *a, struct pav_sent **out);

/* By how much the newest events of a source came behind their own `time`, which
 * has whole seconds: half of them by no more. */
struct pav_skew {
    const char *source;
    int64_t ms; /* below 0: its clock goes ahead */
};
uint32_t pav_reader_skews(struct pav_reader *r, struct pav_arena *a,
                          struct pav_skew **out);

/* Outcomes of a kind that tells of something wrong: not started, resumed,
 * parked or routed. */
bool pav_is_deviation(enum pav_disposition kind);

struct pav_deviation {
    const char *source, *type;
    const char *machine; /* NULL: of none, or it is gone */
    enum pav_disposition kind;
    const char *reason; /* where it stood, or why; "" */
    int64_t count, of;  /* of so many events of the source and type */
    int64_t first_at, last_at;
    int64_t bars[PAV_LEDGER_BARS];
};

struct pav_deviation_filter {
    const char *source; /* NULL: any */
    const char *machine;
    const char *state; /* executions stood in it; NULL: anywhere */
    int kind;          /* enum pav_disposition; -1: any */
    int64_t from_ms, now_ms;
    int64_t until_ms; /* up to the end of its hour; 0: now */
    uint32_t limit;
};

/* The most first. */
uint32_t pav_reader_deviations(struct pav_reader *r,
                               const struct pav_deviation_filter *f,
                               struct pav_arena *a, struct pav_deviation **out);

/* Sources whose events of the type moved something since then. */
uint32_t
pav_reader_senders(struct pav_reader *r, const char *type, int64_t from_ms,
                   struct pav_arena *a, const char ***out);

#endif
