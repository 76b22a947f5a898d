/*
 * A stage: one machine's folder, played by the real engine on a virtual clock
 * and a store of its own that is gone afterwards.  Nothing leaves the process:
 * tasks end when the stage is told to end them.
 */
#ifndef PAVANE_STAGE_H
#define PAVANE_STAGE_H

#include "pavane/engine.h"
#include "pavane/history.h"
#include "pavane/reader.h"

struct stage {
    struct pav_arena arena; /* of all that is asked of it */
    struct pav_engine *engine;
    struct pav_reader *reader;
    const char *machine;
    char dir[64], db[96];
    struct pav_sender sender;
    struct pav_job *done; /* the last one that came back */
};

/* `path` is a machine's folder.  What is wrong is printed as `command` says it;
 * the exit code, 0 and `*out` otherwise. */
int stage_open(const char *command, const char *path, struct stage **out);
void stage_free(struct stage *s);

/* What became of the event for the machine: a disposition and why. */
const char *
stage_event(struct stage *s, const struct pav_doc *event, const char **detail);
/* False with the error's text. */
bool
stage_start(struct stage *s, const struct pav_doc *input, const char **why);
bool stage_stop(struct stage *s, const char *error, const char *cause);

/* Turns until nothing is to be done at this moment. */
void stage_settle(struct stage *s);
int64_t stage_now(struct stage *s);
/* To the moment when a timer is due; false when there is none. */
bool stage_next_timer(struct stage *s);
void stage_pass(struct stage *s, int64_t ms);

/* The newest execution that is no map run's; false: there is none. */
bool stage_execution(struct stage *s, struct pav_execution_view *out);
/* Open tasks, those of map runs' executions too. */
uint32_t stage_waits(struct stage *s, struct pav_wait_view_row **out);
/* Ends an open task; `output` NULL: it fails. */
void stage_answer(struct stage *s, const struct pav_wait_row *wait,
                  const struct pav_doc *output, const char *error,
                  const char *cause);
/* Each event of an execution's history, in order. */
void stage_history(struct stage *s, const struct pav_execution_row *row,
                   void (*fn)(void *arg, const struct pav_history_event *e),
                   void *arg);
/* Each execution of the machine, those of map runs too. */
void stage_executions(struct stage *s,
                      void (*fn)(void *arg, const struct pav_execution_view *x),
                      void *arg);

#endif
