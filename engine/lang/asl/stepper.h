/* A step in the making: what its files share. */
#ifndef PAVANE_ASL_STEPPER_H
#define PAVANE_ASL_STEPPER_H

#include "pavane/errors.h"
#include "pavane/history.h"
#include "pavane/step.h"

struct state;
struct value;

struct failure {
    const char *error, *cause; /* NULL: absent */
    enum pav_states_error kind;
    bool fixed;     /* States.Runtime: neither retried nor caught */
    bool of_task;   /* a task failed: TaskStateAborted in a branch */
    bool of_run;    /* a map run failed: MapStateFailed */
    bool heartbeat; /* States.Timeout, matched by HeartbeatTimeout too */
};

/* What a template of the definition gave, for records: the values of its
 * computed members, in order. */
struct templated {
    const struct templated *before;
    const struct pav_doc *doc, **values;
    uint32_t at, count;
};

/* Payloads and events in the making (record_write.c). */
#define RECENT_PAYLOADS 32
struct recorder {
    struct stepper *st;
    const struct pav_step_in *in;
    struct pav_buf payloads, events, text;
    uint32_t payload_count, event_count, recent_count;
    struct {
        const struct pav_doc *doc;
        uint32_t ref;
    } recent[RECENT_PAYLOADS];
    uint32_t *carried; /* by place in the last record: place here, plus 1 */
    bool too_large;
};

struct stepper {
    const struct pav_step_in *in;
    const struct pav_machine *machine;
    struct pav_arena *arena;
    struct pav_step_out *out;
    struct recorder rec;
    struct frame *root;
    struct failure failure;
    int64_t next_id;
    uint32_t next_no;
    uint32_t budget, draws;
    uint64_t work, state_work; /* spend() */
    bool over;                 /* the execution has ended */
    const char *last_state;
    struct inspection *inspection;     /* TestState looks on; or NULL */
    const struct templated *templated; /* the last one */
    struct templated *filling;         /* that is evaluated now; or NULL */
};

/* ---- events (emit.c) ---- */

/* What an event may hold besides its type; unused members are NULL or 0. */
struct event_data {
    const struct state *state; /* entered, exited or iterated over */
    const struct pav_doc *payload, *resource_type, *resource;
    const struct pav_doc *assigned, *credentials;
    const char *error, *cause, *text; /* text: a worker's or a run's name */
    int64_t timeout_s, heartbeat_s;
    uint32_t number; /* an index, or a length */
};

/* Returns the event's id; 0 once the execution is over. */
int64_t emit(struct stepper *st, enum pav_event_type type, int64_t previous_id,
             const struct event_data *data);
/* Emit and chain: the event becomes the frame's last. */
void emit_next(struct stepper *st, struct frame *f, enum pav_event_type type,
               const struct event_data *data);
/* The execution's end, without an event. */
void end(struct stepper *st, enum pav_status status);
/* The execution's end, with an event of its own. */
void
end_failed(struct stepper *st, enum pav_status status, enum pav_event_type type,
           int64_t previous_id, const char *error, const char *cause);
/* At most `max` characters of a text; NULL of none. */
const char *cut(struct stepper *st, const char *text, size_t max);
/* The printed value is too long for a payload; NULL is not. */
bool too_big(struct stepper *st, const struct pav_doc *d);

/* ---- failures and costs (failures.c) ---- */

/* States.Runtime with the usual prefix; always false. */
bool fail_runtime(struct stepper *st, const struct frame *f, const char *fmt,
                  ...) PAV_PRINTF(3, 4);
bool
fail_with(struct stepper *st, const struct frame *f,
          enum pav_states_error error, const char *fmt, ...) PAV_PRINTF(4, 5);
/* The failure as it is, of any name; NULL: without one. */
void fail_as(struct stepper *st, const char *error, const char *cause);

/* What a value came out as does not fit: "The FIELD parameter WHAT: TEXT ==
 * FOUND". */
bool
fail_value(struct stepper *st, const struct frame *f, const struct value *v,
           const char *what, const struct pav_doc *found);

/*
 * Work is bytes that an evaluation goes through.  A state may do STATE_WORK_MAX
 * of it, else it fails with States.Runtime and spend() is false; a step that
 * did STEP_WORK goes on in a later turn.  So a turn of the engine stays short,
 * whatever a definition asks for.
 */
#define STATE_WORK_MAX (8u << 20)
#define STEP_WORK      (2u << 20)
bool spend(struct stepper *st, const struct frame *f, uint64_t bytes);
/* The same of what has failed already. */
void spend_unasked(struct stepper *st, uint64_t bytes);
/* About how many bytes it takes to go through it. */
uint64_t doc_work(const struct pav_doc *d);

/* ---- randomness out of the step's seed, another at each call (draws.c) ----
 */

uint64_t step_random(struct stepper *st);
void step_uuid(struct stepper *st, char out[37]);

/* ---- context.c ---- */

const struct pav_doc *context_of(struct stepper *st, struct frame *f);

/* ---- inspect.c: what TestState shows ---- */

struct inspection {
    struct pav_members data;
    const struct pav_doc *context; /* given; or NULL */
};
void inspect(struct stepper *st, const char *key, const struct pav_doc *d);
/* What was shown so far does not count: this does. */
void
inspect_again(struct stepper *st, const char *key, const struct pav_doc *d);

#endif
