/* A step in the making; shared by the kinds of states and the driver. */
#ifndef PAVANE_STEP_INT_H
#define PAVANE_STEP_INT_H

#include "pavane/step.h"
#include "machine_int.h"

enum phase {
    PHASE_ENTER,    /* runnable: the state is entered next */
    PHASE_TASK,     /* waits for its token, maybe with a timeout */
    PHASE_WAIT,     /* a Wait state, until due */
    PHASE_RETRY,    /* between attempts, until due */
    PHASE_PARALLEL, /* its kids run or wait */
    PHASE_DONE,     /* a branch that has its output */
};

/* Where one scope stands.  The root frame is the execution. */
struct frame {
    struct frame *parent;
    struct frame **kids;
    uint32_t kid_count;
    const struct scope *scope;
    const struct state *state;
    enum phase phase;
    int64_t previous_id, entered_id, entered_at;
    const struct pav_doc *input;  /* the state's raw input */
    const struct pav_doc *result; /* in hand between enter and leave */
    const struct pav_doc *output; /* PHASE_DONE */
    const struct state *jump;     /* GO_TO */
    uint32_t no;                  /* of its wait or timer */
    int64_t due_at;               /* 0: none */
    const char *token;
    const struct pav_doc *named; /* a dynamic event name or pattern */
    int64_t *attempts;           /* by retrier; NULL: none yet */
    int64_t retry_count;
    bool via_default; /* since the last wait, within this step */
    const struct pav_doc *context;
};

struct failure {
    const char *error, *cause; /* NULL: absent */
    bool fixed;                /* States.Runtime: neither retried nor caught */
    bool of_task;              /* a task failed: TaskStateAborted in a branch */
};

/* History event types, in the order of record.c's table. */
enum event_type {
    EV_NONE,
    EV_EXECUTION_STARTED,
    EV_EXECUTION_SUCCEEDED,
    EV_EXECUTION_FAILED,
    EV_EXECUTION_TIMED_OUT,
    EV_EXECUTION_ABORTED,
    EV_PASS_ENTERED,
    EV_PASS_EXITED,
    EV_TASK_ENTERED,
    EV_TASK_EXITED,
    EV_CHOICE_ENTERED,
    EV_CHOICE_EXITED,
    EV_WAIT_ENTERED,
    EV_WAIT_EXITED,
    EV_SUCCEED_ENTERED,
    EV_SUCCEED_EXITED,
    EV_FAIL_ENTERED,
    EV_PARALLEL_ENTERED,
    EV_PARALLEL_EXITED,
    EV_PARALLEL_STARTED,
    EV_PARALLEL_SUCCEEDED,
    EV_PARALLEL_FAILED,
    EV_PARALLEL_ABORTED,
    EV_TASK_SCHEDULED,
    EV_TASK_STARTED,
    EV_TASK_SUBMITTED,
    EV_TASK_SUCCEEDED,
    EV_TASK_FAILED,
    EV_TASK_TIMED_OUT,
    EV_TASK_ABORTED,
    EV_WAIT_ABORTED,
    EV_COUNT,
};

/* Payloads and events in the making (record.c). */
#define RECENT_PAYLOADS 32
struct recorder {
    struct pav_buf payloads, events;
    uint32_t payload_count, event_count;
    struct {
        const struct pav_doc *doc;
        uint32_t ref;
    } recent[RECENT_PAYLOADS];
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
    uint32_t budget;
    bool over; /* the execution has ended */
    const char *last_state;
};

/* What an event may hold besides its type; unused members are NULL or 0. */
struct event_data {
    const struct pav_doc *name, *payload, *resource_type, *resource;
    const char *error, *cause;
    int64_t timeout_s;
};

/* Returns the event's id; 0 once the execution is over. */
int64_t emit(struct stepper *st, enum event_type type, int64_t previous_id,
             const struct event_data *data);
/* Emit and chain: the event becomes the frame's last. */
void emit_next(struct stepper *st, struct frame *f, enum event_type type,
               const struct event_data *data);

/* record.c */
void recorder_init(struct recorder *r);
void recorder_fini(struct recorder *r);
/* The payload's place; PAYLOAD_TOO_BIG when it exceeds PAV_PAYLOAD_MAX. */
#define PAYLOAD_TOO_BIG UINT32_MAX
uint32_t recorder_ref(struct recorder *r, const struct pav_doc *d);
void recorder_event(struct recorder *r, enum event_type type,
                    int64_t previous_id, const struct event_data *data);
void recorder_finish(struct stepper *st, struct pav_buf *out);
struct frame *
record_frames(const struct pav_machine *m, const struct pav_doc *record,
              struct pav_arena *a, uint32_t *next_no);

/* io.c: data through a state, in the order that the language prescribes */
const struct pav_doc *context_of(struct stepper *st, struct frame *f);
/* False, with the failure set, when a path finds nothing. */
bool
io_input(struct stepper *st, struct frame *f, const struct pav_doc **effective);
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
/* Evaluate against `from` or the context; no failure is set. */
enum pav_path_end io_path(struct stepper *st, struct frame *f,
                          const struct pav_path *p, const struct pav_doc *from,
                          const struct pav_doc **out, struct pav_err *why);
/* States.Runtime with the usual prefix; always false. */
bool fail_runtime(struct stepper *st, const struct frame *f, const char *fmt,
                  ...) PAV_PRINTF(3, 4);
bool fail_with(struct stepper *st, const struct frame *f, const char *error,
               const char *fmt, ...) PAV_PRINTF(4, 5);

/* retry.c */
/* True when the frame now waits for another attempt. */
bool retry_try(struct stepper *st, struct frame *f, const struct failure *e);
const struct catcher *
catch_find(const struct state *s, const struct failure *e);

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
