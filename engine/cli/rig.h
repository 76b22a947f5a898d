/*
 * A stage: one machine's folder, played by the real engine on a virtual clock
 * and a store of its own that is gone afterwards.  Nothing leaves the process:
 * tasks end when the stage is told to end them.
 */
#ifndef PAVANE_RIG_H
#define PAVANE_RIG_H

#include "pavane/engine.h"
#include "pavane/history.h"
#include "pavane/reader.h"

struct rig {
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
int rig_open(const char *command, const char *path, struct rig **out);
void rig_free(struct rig *s);

/* What became of the event for the machine: a disposition and why. */
const char *
rig_event(struct rig *s, const struct pav_doc *event, const char **detail);
/* False with the error's text. */
bool rig_start(struct rig *s, const struct pav_doc *input, const char **why);
bool rig_stop(struct rig *s, const char *error, const char *cause);

/* Turns until nothing must be done at this moment. */
void rig_settle(struct rig *s);
int64_t rig_now(struct rig *s);
/* To the moment when a timer is due; false when there is none. */
bool rig_next_timer(struct rig *s);
void rig_pass(struct rig *s, int64_t ms);

/* The newest execution that is no map run's; false: there is none. */
bool rig_execution(struct rig *s, struct pav_execution_view *out);
/* Open tasks, those of map runs' executions too. */
uint32_t rig_waits(struct rig *s, struct pav_listed_wait **out);
/* Ends an open task; `output` NULL: it fails. */
void
rig_answer(struct rig *s, const struct pav_wait_row *wait,
           const struct pav_doc *output, const char *error, const char *cause);
/* Each event of an execution's history, in order. */
void rig_history(struct rig *s, const struct pav_execution_row *row,
                 void (*fn)(void *arg, const struct pav_history_event *e),
                 void *arg);
/* Each execution of the machine, those of map runs too. */
void rig_executions(struct rig *s,
                    void (*fn)(void *arg, const struct pav_execution_view *x),
                    void *arg);

#endif
