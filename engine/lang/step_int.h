/* A step in the making; shared by the kinds of states and the driver. */
#ifndef PAVANE_STEP_INT_H
#define PAVANE_STEP_INT_H

#include "pavane/errors.h"
#include "pavane/history.h"
#include "pavane/step.h"
#include "machine_int.h"

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

/* Where one scope stands.  The root frame is the execution. */
struct frame {
    struct frame *parent;
    struct frame **kids;
    uint32_t kid_count;
    const struct scope *scope;
    const struct state *state;
    enum phase phase;
    int64_t previous_id, entered_id, entered_at;
    const struct pav_doc *input;     /* the state's raw input */
    const struct pav_doc *result;    /* in hand between enter and leave */
    const struct pav_doc *output;    /* PHASE_DONE */
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
    const struct pav_doc *items, *effective; /* the input behind InputPath */
    int64_t started_id;                      /* MapStateStarted */
    const struct pav_doc **results;          /* by item; NULL: not yet */
    uint32_t next, done;                     /* iterations started and ended */
    uint32_t concurrency;                    /* 0: as many as there may be */
    const struct pav_doc *item;              /* the context's, in selecting */
    uint32_t item_index;
    const struct pav_map_origin *origin; /* of it; NULL: the input */
};
#define MAP_CONCURRENCY 40 /* iterations of an inline Map at a time */

struct failure {
    const char *error, *cause; /* NULL: absent */
    enum pav_states_error kind;
    bool fixed;     /* States.Runtime: neither retried nor caught */
    bool of_task;   /* a task failed: TaskStateAborted in a branch */
    bool of_run;    /* a map run failed: MapStateFailed */
    bool heartbeat; /* States.Timeout, matched by HeartbeatTimeout too */
};

/* Payloads and events in the making (record_write.c). */
#define RECENT_PAYLOADS 32
struct recorder {
    struct pav_buf payloads, events;
    uint32_t payload_count, event_count;
    struct {
        const struct pav_doc *doc;
        uint32_t ref;
    } recent[RECENT_PAYLOADS];
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
    struct frame *failed;          /* whose failure ended it */
    struct inspection *inspection; /* TestState looks on; or NULL */
};

/* What an event may hold besides its type; unused members are NULL or 0. */
struct event_data {
    const struct pav_doc *name, *payload, *resource_type, *resource;
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

/* record_write.c, record_read.c */
void recorder_init(struct recorder *r);
void recorder_fini(struct recorder *r);
/* The payload's place; PAYLOAD_TOO_BIG when it exceeds PAV_PAYLOAD_MAX. */
#define PAYLOAD_TOO_BIG UINT32_MAX
uint32_t recorder_ref(struct recorder *r, const struct pav_doc *d);
void recorder_event(struct recorder *r, enum pav_event_type type,
                    int64_t previous_id, const struct event_data *data);
/* False: what stands open is larger than a record may be; nothing is made, the
 * events are still there. */
#define RECORD_MAX (32u << 20)
bool recorder_finish(struct stepper *st, struct pav_buf *out);
struct frame *
record_frames(const struct pav_machine *m, const struct pav_doc *record,
              struct pav_arena *a, uint32_t *next_no);

/* io.c: data through a state, in the order that the language prescribes */
const struct pav_doc *context_of(struct stepper *st, struct frame *f);
/* False, with the failure set, when a path finds nothing. */
bool
io_input(struct stepper *st, struct frame *f, const struct pav_doc **effective);
/* Sets what Assign says too: leave() applies it. */
bool io_output(struct stepper *st, struct frame *f,
               const struct pav_doc *result, const struct pav_doc **output);
bool io_path_field(struct stepper *st, struct frame *f,
                   const struct path_field *field, const struct pav_doc *from,
                   const struct pav_doc **out);
bool io_template(struct stepper *st, struct frame *f, const struct tmpl *t,
                 const struct pav_doc *from, const struct pav_doc **out);
bool io_result_path(struct stepper *st, struct frame *f,
                    const struct path_field *field,
                    const struct pav_doc *result, const struct pav_doc **out);
/* The printed value is too long for a payload. */
bool io_too_big(struct stepper *st, const struct pav_doc *d);

/* expr.c */
enum expr_end {
    EXPR_FOUND,
    EXPR_NOTHING,
    EXPR_FAILED /* the failure is set */
};
enum expr_end expr_eval(struct stepper *st, struct frame *f,
                        const struct expr *e, const struct pav_doc *from,
                        const struct pav_doc **out, struct pav_err *why);
const struct pav_doc *variable_find(const struct frame *f, const char *name);
/* intrinsic.c */
enum expr_end
call_eval(struct stepper *st, struct frame *f, const struct expr *e,
          const struct pav_doc *from, const struct pav_doc **out);
/* assign.c: evaluates into f->assigned; `t` may be NULL. */
bool io_assign(struct stepper *st, struct frame *f, const struct tmpl *t,
               const struct pav_doc *from);
bool assign_apply(struct stepper *st, struct frame *f);

/* Randomness out of the step's seed, another at each call. */
uint64_t step_random(struct stepper *st);
void step_uuid(struct stepper *st, char out[37]);

/*
 * Work is bytes that an evaluation goes through.  A state may do STATE_WORK_MAX
 * of it, else it fails with States.Runtime and spend() is false; a step that
 * did STEP_WORK goes on in a later turn.  So a turn of the engine stays short,
 * whatever a definition asks for.
 */
#define STATE_WORK_MAX (16u << 20)
#define STEP_WORK      (4u << 20)
bool spend(struct stepper *st, const struct frame *f, uint64_t bytes);
/* About how many bytes it takes to go through it. */
uint64_t doc_work(const struct pav_doc *d);

/* States.Runtime with the usual prefix; always false. */
bool fail_runtime(struct stepper *st, const struct frame *f, const char *fmt,
                  ...) PAV_PRINTF(3, 4);
bool
fail_with(struct stepper *st, const struct frame *f,
          enum pav_states_error error, const char *fmt, ...) PAV_PRINTF(4, 5);
/* The failure as it is, of any name; NULL: without one. */
void fail_as(struct stepper *st, const char *error, const char *cause);

/* test_state.c: what TestState shows; nothing when nobody looks on. */
struct inspection {
    struct pav_members data;
    const struct pav_doc *context; /* given; or NULL */
};
void inspect(struct stepper *st, const char *key, const struct pav_doc *d);
/* What was shown so far does not count: this does. */
void
inspect_again(struct stepper *st, const char *key, const struct pav_doc *d);

/* retry.c */
/* Which retrier or catcher is meant; -1: none. */
int retrier_of(const struct state *s, const struct failure *e);
double retry_delay(const struct retrier *r, int64_t attempts);
/* True when the frame now waits for another attempt. */
bool retry_try(struct stepper *st, struct frame *f, const struct failure *e);
const struct catcher *
catch_find(const struct state *s, const struct failure *e);

/* state_task.c */
void task_ended(struct stepper *st, struct frame *f, enum pav_event_type type,
                const char *error, const char *cause);
/* Which of a kind of resource's event types. */
enum pav_event_type
task_event(const struct frame *f, enum pav_event_type of_service);
void task_started(struct stepper *st, struct frame *f, const char *worker);
void task_succeeded(struct stepper *st, struct frame *f,
                    const struct pav_doc *result);
void task_submitted(struct stepper *st, struct frame *f,
                    const struct pav_doc *output);

/* state_map.c */
/* The next iteration, started; NULL: none may start now, or it failed. */
struct frame *map_start_next(struct stepper *st, struct frame *map);
bool map_may_start(const struct frame *map);
const struct pav_doc *map_results(struct stepper *st, const struct frame *map);
/* map_run.c: what a distributed Map's run is told; NULL: failed. */
const struct pav_doc *
map_run_spec(struct stepper *st, struct frame *f, const struct pav_doc *items);
void
map_run_ended(struct stepper *st, struct frame *f, const struct pav_wake *wake);
/* A Map's number: literal or at a path; false: it is none. */
bool number_of_field(struct stepper *st, struct frame *f,
                     const struct number_field *n, const struct pav_doc *from,
                     const char *name, double *out);

/* step.c */
/* The frame that waits under this number, or NULL. */
struct frame *frame_waiting(struct frame *f, uint32_t no);
void fail_frame(struct stepper *st, struct frame *f);
/* {Error, Cause}, null where there is none. */
const struct pav_doc *error_output(struct stepper *st, const struct failure *e);
void leave(struct stepper *st, struct frame *f, const struct pav_doc *output,
           const struct state *next);

/* choice.c */
const struct test *test_compile(struct compiler *c, const struct pav_doc *d,
                                const char *pointer, uint32_t depth);
/* False, with the failure set, when a variable's path finds nothing. */
bool test_holds(struct stepper *st, struct frame *f, const struct test *t,
                const struct pav_doc *from, bool *holds);

/* What a frame's wait shows. */
void wait_view(const struct frame *f, struct pav_arena *a,
               struct pav_wait_view *out);

#endif
