/*
 * One step of an execution, a pure function: the same machine, snapshot, wake,
 * time and seed give the same bytes.  Waiting is data; nothing blocks.
 *
 * A step ends when every branch waits, when the execution is over, or when its
 * budget of transitions is spent (then a timer of number PAV_TIMER_GO_ON is
 * due at once).  Its `record` holds the history events of the step, each
 * payload once, and the frames to go on from; it is written as one journal
 * row.  Format: record_write.c.
 */
#ifndef PAVANE_STEP_H
#define PAVANE_STEP_H

#include "pavane/machine.h"
#include "pavane/pattern.h"
#include "pavane/record.h"

#define PAV_PAYLOAD_MAX  262144 /* bytes of a state's input or output */
#define PAV_ERROR_MAX    256    /* characters */
#define PAV_CAUSE_MAX    32768
#define PAV_LOCATION_MAX 256
#define PAV_HISTORY_MAX  25000
#define PAV_SEED_LEN     16

enum pav_status {
    PAV_RUNNING,
    PAV_SUCCEEDED,
    PAV_FAILED,
    PAV_TIMED_OUT,
    PAV_ABORTED,
};
const char *pav_status_name(enum pav_status s);
/* False when there is no such status. */
bool pav_status_find(const char *name, enum pav_status *out);

enum pav_wake_kind {
    PAV_WAKE_START,     /* output: the execution's input */
    PAV_WAKE_SUCCESS,   /* no, output */
    PAV_WAKE_FAILURE,   /* no, error, cause */
    PAV_WAKE_TIMER,     /* no */
    PAV_WAKE_STOP,      /* error, cause: ends ABORTED */
    PAV_WAKE_FAIL,      /* error, cause: ends FAILED, whatever waits */
    PAV_WAKE_STARTED,   /* no, worker: somebody has taken the task */
    PAV_WAKE_SUBMITTED, /* no, output: the reply that precedes the end */
    PAV_WAKE_HEARTBEAT, /* no */
    PAV_WAKE_REDRIVE,   /* an execution that failed goes on where it did */
};

/* Timers that belong to no state. */
#define PAV_TIMER_MACHINE 0          /* the machine's TimeoutSeconds */
#define PAV_TIMER_GO_ON   UINT32_MAX /* the budget was spent */

struct pav_wake {
    enum pav_wake_kind kind;
    uint32_t no; /* wait or timer */
    const struct pav_doc *output;
    const char *error, *cause; /* may be NULL; NUL-terminated */
    const char *worker;        /* may be NULL */
};

/* What is done with a task that nobody serves. */
enum pav_unmapped {
    PAV_UNMAPPED_DEFAULT, /* a callback waits, anything else fails */
    PAV_UNMAPPED_FAIL,
    PAV_UNMAPPED_WAIT,
};

/* Who serves tasks: "SERVICE:ACTION", or "*" for all.  Borrowed. */
struct pav_services {
    const char *const *names;
    uint32_t count;
    enum pav_unmapped unmapped;
};

/* Who is stepped; all borrowed. */
struct pav_identity {
    int64_t execution_no; /* goes into task tokens */
    const char *execution_arn, *execution_name;
    const char *machine_arn, *machine_name;
    const char *role_arn, *region, *account;
    int64_t started_at;
    int64_t redrive_count, redriven_at;
    const char *correlation_id; /* NULL: none */
};

/*
 * The event that wake.output is, or is a part of: the record refers to its body
 * then.  Its JSON text is `before`, a part that is in the body from `body_at`
 * on, `len` bytes of it, and `behind`; a value's `at` is its place in that.
 */
struct pav_event_text {
    struct pav_bytes before, behind;
    size_t body_at, len;
};

struct pav_step_in {
    const struct pav_machine *machine;
    const struct pav_identity *identity;
    struct pav_record *record;             /* of the last step; NULL to start */
    const struct pav_event_text *event;    /* what moves it; NULL: no event */
    const struct pav_doc *execution_input; /* when the machine needs it */
    int64_t first_event_id; /* of the events that this step makes */
    struct pav_wake wake;
    int64_t now_ms;
    uint8_t seed[PAV_SEED_LEN];
    uint32_t budget;                     /* transitions; 0: the usual 1,000 */
    uint32_t history_max;                /* events; 0: PAV_HISTORY_MAX */
    const struct pav_services *services; /* NULL: nobody serves */
    /* A child of a distributed Map: the state whose processor it runs.
     * NULL: the whole machine. */
    const char *map_state;
};

/* Who must be asked for a task's work. */
enum pav_call {
    PAV_CALL_NONE,     /* nobody: it waits for its token */
    PAV_CALL_SERVICE,  /* a service, by its resource */
    PAV_CALL_ACTIVITY, /* a worker that polls */
    PAV_CALL_MAP_RUN,  /* a distributed Map: see map_run.h */
};

/* An open task. */
struct pav_wait_view {
    uint32_t no;
    const char *state;
    const char *token;   /* NULL: none */
    const char *map_run; /* the ARN of a map run; NULL: it is a task */
    /* Of a task that this step has opened: */
    enum pav_call call;
    const struct pav_doc *called_with, *arn;
    bool started;
    bool takes_events;      /* a fitting event may be its end */
    const char *event_name; /* the event it names; NULL: it takes any */
    const struct pav_pattern *pattern; /* names events by pattern, or NULL */
    const char *pattern_text;
    const char *awaits; /* for people: what would move it, or NULL */
    int64_t since_at;
    int64_t due_at;  /* its TimeoutSeconds; 0: none */
    int64_t beat_at; /* its HeartbeatSeconds; 0: none */
    bool in_parallel;
};

enum pav_timer_kind {
    PAV_TIMES_OUT, /* a task, its heartbeat, the machine */
    PAV_WAKES,     /* a Wait */
    PAV_RETRIES,   /* a task whose attempt failed */
    PAV_GOES_ON,   /* what the budget left */
};
struct pav_timer {
    uint32_t no;
    int64_t due_at;
    enum pav_timer_kind kind;
    const char *state; /* whose it is; NULL: the execution's */
    int64_t attempt;   /* PAV_RETRIES: how many there were */
};

struct pav_step_out {
    enum pav_status status;
    const struct pav_doc *output; /* SUCCEEDED */
    const char *error, *cause;    /* may be NULL */
    struct pav_buf record;        /* to be released with pav_buf_fini() */
    uint32_t event_count;
    bool unexpected; /* a Fail was reached through a Choice's Default */
    bool moving;     /* a branch waits for time, and goes on by itself */
    /* After the step, in the arena: */
    const struct pav_wait_view *waits;
    uint32_t wait_count;
    const struct pav_timer *timers;
    uint32_t timer_count;
    const char *const *states; /* current ones; the last one when it ended */
    uint32_t state_count;
};

/* What is made lives in `a`, which must outlive `out`. */
void pav_step(const struct pav_step_in *in, struct pav_arena *a,
              struct pav_step_out *out);

/* The open waits and timers that a record speaks of, without a step. */
void pav_step_view(const struct pav_machine *m, struct pav_record *record,
                   int64_t started_at, struct pav_arena *a,
                   struct pav_step_out *out);

/*
 * Is there a wait, reachable from the record's frames without another event,
 * or by any path behind them, that names this event?
 */
bool
pav_step_named_ahead(const struct pav_machine *m, struct pav_record *record,
                     struct pav_event *event, struct pav_arena *a);

/* ---- task tokens ---- */

#define PAV_TOKEN_LEN 43
/* The execution and wait that a token speaks of; false when malformed. */
bool pav_token_read(const char *token, size_t len, int64_t *execution_no,
                    uint32_t *no);

#endif
