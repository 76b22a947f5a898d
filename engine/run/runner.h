/* One execution in hand: see runner.c. */
#ifndef PAVANE_RUN_RUNNER_H
#define PAVANE_RUN_RUNNER_H

#include "pavane/history.h"
#include "pavane/store_work.h"
#include "turn/turn.h"

/*
 * Which semantics wrote a step.  To be raised when the same machine, record,
 * wake, time and seed would give other bytes.
 */
#define SEMANTICS 4

struct cause;

/* An execution in hand, for the length of a turn. */
struct execution {
    struct pav_execution_row row;
    struct version *version;
    struct pav_stored stored;  /* of the last step */
    struct pav_record *record; /* opened when needed: execution_record() */
    const struct pav_doc *input;
    struct pav_step_out before; /* its waits and timers */
    bool has_meta;
    struct pav_meta_row meta; /* zeroes when it has none */
};

bool execution_load(struct pav_engine *e, const struct pav_execution_row *row,
                    struct execution *out);
struct pav_record *execution_record(struct pav_engine *e, struct execution *x);
/* The record of a step of it, for who reads that alone. */
struct pav_record *execution_record_of(struct pav_engine *e, struct version *v,
                                       const struct pav_step_row *step);
/* The input that an execution of this row was started with; NULL: its first
 * step is damaged. */
const struct pav_doc *
execution_input(struct pav_engine *e, const struct pav_execution_row *row);
/* The pure step; nothing is staged.  `event` NULL: none moves it. */
void execution_step(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, const struct cause *event,
                    int64_t now_ms, uint8_t seed[PAV_SEED_LEN],
                    struct pav_step_out *out);
/* Stage what a step gave, and go on from it. */
void execution_keep(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, const struct cause *event,
                    const uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out);
/* Step and keep. */
void execution_wake(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, const struct cause *event);
/* A new execution of the current version; started at once. */
void execution_start(struct pav_engine *e, struct machine *m, const char *name,
                     const char *key, const struct pav_doc *input,
                     const struct cause *event, struct execution *out);
/* The same of a given version, with a note (NULL: none). */
void execution_start_as(struct pav_engine *e, struct version *v,
                        const char *name, const char *key,
                        const struct pav_doc *input, const struct cause *event,
                        const struct pav_meta_row *meta, struct execution *out);
const char *execution_arn(struct pav_engine *e, const struct execution *x);
/* Its end: the payload and texts of the last event. */
void execution_end(struct pav_engine *e, const struct pav_execution_row *row,
                   struct pav_history_event *out);

/* The execution that a job names, loaded; false after the job has failed. */
bool execution_find(struct pav_engine *e, struct pav_job *j,
                    const char *machine, const char *name, struct execution *x);

#endif
