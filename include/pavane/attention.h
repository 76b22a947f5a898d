/*
 * What needs somebody: a group for each thing that is wrong, never a row for
 * each execution or event that it happened to.
 */
#ifndef PAVANE_ATTENTION_H
#define PAVANE_ATTENTION_H

#include "pavane/reader.h"

enum pav_attention_kind {
    PAV_ATTENTION_FAULT,   /* a folder that cannot be loaded */
    PAV_ATTENTION_OVERDUE, /* waits over their deadline, by machine, state */
    PAV_ATTENTION_FAILED,  /* executions of the last day, by machine, status */
    PAV_ATTENTION_DEAD,    /* dead letters, by target and code */
    PAV_ATTENTION_STUCK,   /* deliveries that failed and are tried again */
    PAV_ATTENTION_UNMATCHED,  /* events of the last day, by source and type */
    PAV_ATTENTION_UNEXPECTED, /* the same, that fitted nowhere */
    PAV_ATTENTION_REJECTED,   /* the same, that no machine could take */
    PAV_ATTENTION_PARKED,     /* early events whose time will soon be over */
    PAV_ATTENTION_EXPIRED,    /* those whose time was over */
    PAV_ATTENTION_KINDS
};
/* "overdue"; and what is counted: "waits are overdue". */
const char *pav_attention_name(enum pav_attention_kind kind);
const char *pav_attention_says(enum pav_attention_kind kind, int64_t count);

#define PAV_ATTENTION_BARS 12

struct pav_attention {
    enum pav_attention_kind kind;
    int64_t count;
    bool more; /* at least so many: it was not counted further */
    int64_t oldest_at, newest_at;
    int64_t bars[PAV_ATTENTION_BARS]; /* of the last day, two hours each */
    const char *machine;              /* NULL: it is not about one */
    const char *what;  /* a state, a target's ARN, SOURCE: TYPE; or NULL */
    int status;        /* of PAV_ATTENTION_FAILED: enum pav_status */
    const char *why;   /* an error, a reason; or NULL */
    const char *group; /* its name, the same as long as it is there */
    const struct pav_mark *mark; /* nobody is told; NULL: it counts */
};

/* What somebody has said of a group, after which it does not count. */
struct pav_mark {
    const char *as;     /* "muted", "expected" or "accepted" */
    const char *reason; /* in words */
    int64_t until;      /* 0: without an end */
};
/* A group's; NULL: it has none, or its time is over. */
const struct pav_mark *pav_reader_mark(struct pav_reader *r, const char *group,
                                       int64_t now_ms, struct pav_arena *a);
/* The group of events of a source and type that became this; `machine` NULL: of
 * none.  What did not fit is one group, in whichever state. */
const char *
pav_attention_of_events(enum pav_disposition kind, const char *machine,
                        const char *source, const char *type,
                        const char *reason, struct pav_arena *a);

bool pav_attention_find(const char *name, enum pav_attention_kind *out);

/* The gravest kind first, in a kind the oldest; those that are marked last. */
uint32_t pav_reader_attention(struct pav_reader *r, int64_t now_ms,
                              struct pav_arena *a, struct pav_attention **out);

/* Of the newest executions of a machine that ended within a day, at most
 * `last`: how many there are, and how many failed or timed out. */
struct pav_ended_badly {
    const char *machine;
    int64_t ended, bad;
};
/* `machine` NULL: of each. */
uint32_t
pav_reader_ended_badly(struct pav_reader *r, const char *machine, uint32_t last,
                       int64_t now_ms, struct pav_arena *a,
                       struct pav_ended_badly **out);

#endif
