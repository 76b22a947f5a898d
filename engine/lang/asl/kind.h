/*
 * A kind of state: one file behind one row of the table in kinds.c.
 *
 * Nobody asks a state which kind it is of: what differs by kind is a member
 * here.  A member that is NULL or 0 means that the kind has none of it.
 */
#ifndef PAVANE_ASL_KIND_H
#define PAVANE_ASL_KIND_H

#include "pavane/history.h"

struct compiler;
struct place;
struct query_language;
struct state;
struct stepper;
struct frame;
struct pav_event;
struct pav_test_in;

/* What a kind's states have; the fields that say it are the language's. */
enum has {
    HAS_NEXT = 1,      /* Next, End */
    HAS_DATA = 2,      /* its input and output can be filtered */
    HAS_ARGUMENTS = 4, /* what its work is given can be put together */
    HAS_RESULT = 8,    /* where its result goes can be chosen */
    HAS_WORK = 16,     /* its result comes from elsewhere and can be mocked */
    HAS_ERRORS = 32,   /* Retry, Catch */
    HAS_ASSIGN = 64,
    HAS_ITEMS = 128, /* a list that is mapped over */
    HAS_TASK = 256,  /* RetryCount and Task.Token in its context */
    ENDS = 512,      /* its scope */
};

enum outcome {
    GO_NEXT,     /* f->result is set; leave through Next or End */
    GO_TO,       /* the same, to f->jump */
    GO_WAIT,     /* the frame waits */
    GO_BRANCHES, /* kids were made, or will be */
    GO_FAILED,   /* the stepper's failure is set */
};

struct state_kind {
    const char *name;
    enum pav_event_type entered, exited; /* exited 0: never */
    enum pav_event_type failed; /* when what is inside it fails; 0: none */
    unsigned has;
    const char *const *own_fields; /* in any language; NULL-terminated */
    void (*compile)(struct compiler *c, struct state *s,
                    const struct pav_doc *d, const struct place *place);
    /* Once all states of the scope are known. */
    void (*link)(struct compiler *c, struct state *s);
    enum outcome (*enter)(struct stepper *st, struct frame *f);

    /* The i-th of the scopes inside it; NULL: there are no more. */
    const struct scope *(*inner)(const struct state *s, uint32_t i);
    /* Where it may go besides Next and catchers: the i-th way is `*next`, which
     * may be NULL; false: there are no more. */
    bool (*target)(const struct state *s, uint32_t i,
                   const struct state **next);
    /* It waits for this event by name or pattern. */
    bool (*names_event)(const struct state *s, struct pav_event *event);
    /* For people: the names of events that it tells apart; NULL: none. */
    const char *(*event_names)(struct compiler *c, const struct state *s);

    /* TestState: why this mocked result does not fit; NULL: it does. */
    const char *(*mock_fault)(const struct state *s,
                              const struct pav_test_in *in,
                              struct pav_arena *a);
    /* More iterations failed, the mock says, than it tolerates. */
    bool (*mock_exceeds)(const struct state *s, int64_t failed);
    /* What TestState shows of it; NULL: all. */
    const char *const *shown;
};

/* One line a kind, of state_NAME.c. */
/* clang-format off */
#define ALL_KINDS(X) \
    X(task) X(wait) X(pass) X(succeed) X(fail) X(choice) X(parallel) X(map)
/* clang-format on */

#define KIND_EXTERN(name) extern const struct state_kind name##_kind;
ALL_KINDS(KIND_EXTERN)
extern const struct state_kind *const state_kinds[]; /* ends with NULL */

const struct state_kind *kind_find(const struct pav_doc *type);
/* A state of this kind may have the member, in this language. */
bool field_allowed(const struct state_kind *k, const struct query_language *l,
                   const struct pav_member *m);
/* States of some kind may. */
bool
field_of_some_kind(const struct query_language *l, const struct pav_member *m);

#endif
