/* Where scopes stand: the frames of an execution. */
#ifndef PAVANE_ASL_FRAME_H
#define PAVANE_ASL_FRAME_H

#include "pavane/step.h"

enum phase {
    PHASE_ENTER,    /* runnable: the state is entered next */
    PHASE_TASK,     /* a task runs or waits for its token */
    PHASE_WAIT,     /* a Wait state, until due */
    PHASE_RETRY,    /* between attempts, until due */
    PHASE_PARALLEL, /* its kids run or wait */
    PHASE_DONE,     /* a branch that has its output */
    PHASE_MAP,      /* its kids are the iterations that were started */
    PHASE_RUN,      /* a distributed Map: its run goes on elsewhere */
};

/* How far a task has come; later ones imply the earlier. */
enum stage { STAGE_SCHEDULED, STAGE_STARTED, STAGE_SUBMITTED };

/* A value that may still be in the record where it was found. */
struct payload {
    const struct pav_doc *doc; /* NULL: not fetched, or there is none */
    struct pav_record *from;   /* NULL: made in this step, or there is none */
    uint32_t place;
};
#define MADE(d) ((struct payload){.doc = (d)})
bool is_given(const struct payload *p);
/* Fetched when it is asked for first; NULL: there is none. */
const struct pav_doc *payload_doc(const struct payload *p);

/* Where one scope stands.  The root frame is the execution. */
struct frame {
    struct frame *parent;
    struct frame **kids;
    uint32_t kid_count;
    const struct scope *scope;
    const struct state *state;
    enum phase phase;
    int64_t previous_id, entered_id, entered_at;
    struct payload input;            /* the state's raw input */
    const struct pav_doc *result;    /* in hand between enter and leave */
    struct payload output;           /* PHASE_DONE */
    const struct pav_doc *variables; /* of this scope; NULL: none */
    const struct pav_doc *assigned;  /* takes effect at leaving; or NULL */
    const struct state *jump;        /* GO_TO */
    uint32_t no;                     /* of its wait or timer */
    int64_t due_at;                  /* 0: none */
    int64_t beat_s, beat_at;         /* PHASE_TASK: its heartbeats; 0: none */
    enum stage stage;                /* PHASE_TASK */
    bool timed_out;                  /* PHASE_TASK, within a step */
    const char *token; /* of a callback; PHASE_RUN: the map run's ARN */
    const struct pav_doc *named; /* a dynamic event name or pattern */
    enum pav_call call; /* PHASE_TASK, PHASE_RUN: who is asked; one step */
    const struct pav_doc *called_with; /* with what; one step */
    int64_t *attempts;                 /* by retrier; NULL: none yet */
    int64_t retry_count;
    bool via_default; /* since the last wait, within this step */
    const struct pav_doc *context;
    struct map_state *map; /* PHASE_MAP, and PHASE_RUN when it is entered */
    uint32_t index;        /* of an iteration */
};

/* An inline Map at work. */
struct map_state {
    struct payload items, effective; /* the input behind InputPath */
    uint32_t item_count;
    int64_t started_id;         /* MapStateStarted */
    struct payload *results;    /* by item; none: not yet */
    uint32_t next, done;        /* iterations started and ended */
    uint32_t concurrency;       /* 0: as many as there may be */
    const struct pav_doc *item; /* the context's, in selecting */
    uint32_t item_index;
    const struct pav_map_origin *origin; /* of it; NULL: the input */
};
/* What a frame of a record has: see record_write.c. */
enum frame_bit {
    FRAME_INPUT = 1,
    FRAME_OUTPUT = 2,
    FRAME_VARIABLES = 4,
    FRAME_NAMED = 8,
    FRAME_NO = 16,
    FRAME_DUE = 32,
    FRAME_BEAT = 64,
    FRAME_BEAT_AT = 128,
    FRAME_STAGE = 256,
    FRAME_INDEX = 512,
    FRAME_RETRIES = 1024,
    FRAME_TOKEN = 2048,
    FRAME_ATTEMPTS = 4096,
    FRAME_MAP = 8192,
    FRAME_KIDS = 16384,
};

#define MAP_CONCURRENCY 40 /* iterations of an inline Map at a time */

bool has_kids(const struct frame *f);
/* The items of all Maps that are at work, below this frame and at it. */
uint32_t open_items(const struct frame *f);
/* The frame that waits under this number, or NULL. */
struct frame *frame_waiting(struct frame *f, uint32_t no);
/* When its timer is due: the timeout or the next heartbeat; 0: none. */
int64_t frame_due(const struct frame *f);
bool map_may_start(const struct frame *map);
/* The variable in this scope or around it, or NULL. */
const struct pav_doc *variable_find(const struct frame *f, const char *name);

#endif
