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
#define SEMANTICS 3

/* An execution in hand, for the length of a turn. */
struct execution {
    struct pav_execution_row row;
    struct version *version;
    /* Of the last step; parsed when it is needed: execution_record(). */
    struct pav_bytes record_text;
    const struct pav_doc *record, *input;
    struct pav_step_out before; /* its waits and timers */
    bool has_meta;
    struct pav_meta_row meta; /* zeroes when it has none */
};

bool execution_load(struct pav_engine *e, const struct pav_execution_row *row,
                    struct execution *out);
const struct pav_doc *
execution_record(struct pav_engine *e, struct execution *x);
/* The pure step; nothing is staged. */
void execution_step(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t now_ms,
                    uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out);
/* Stage what a step gave, and go on from it. */
void execution_keep(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t event_id,
                    const uint8_t seed[PAV_SEED_LEN], struct pav_step_out *out);
/* Step and keep. */
void execution_wake(struct pav_engine *e, struct execution *x,
                    const struct pav_wake *wake, int64_t event_id);
/* A new execution of the current version; started at once. */
void execution_start(struct pav_engine *e, struct machine *m, const char *name,
                     const char *key, const struct pav_doc *input,
                     int64_t event_id, struct execution *out);
/* The same of a given version, with a note (NULL: none). */
void execution_start_as(struct pav_engine *e, struct version *v,
                        const char *name, const char *key,
                        const struct pav_doc *input, int64_t event_id,
                        const struct pav_meta_row *meta, struct execution *out);
const char *execution_arn(struct pav_engine *e, const struct execution *x);
/* Its end: the payload and texts of the last event. */
void execution_end(struct pav_engine *e, const struct pav_execution_row *row,
                   struct pav_history_event *out);

/* The execution that a job names, loaded; false after the job has failed. */
bool execution_find(struct pav_engine *e, struct pav_job *j,
                    const char *machine, const char *name, struct execution *x);

#endif
