/* Tasks: resources when they are compiled, ends and timeouts when they run. */
#ifndef PAVANE_ASL_TASK_H
#define PAVANE_ASL_TASK_H

#include "pavane/history.h"
#include "pavane/step.h"

struct compiler;
struct place;
struct event_data;
struct frame;
struct resource;
struct stepper;

/* resource.c */
/* resource.c: an ARN as histories name it; null when it is none. */
void
resource_history(const struct pav_doc *arn, struct pav_arena *a,
                 const struct pav_doc **type, const struct pav_doc **action);
bool resource_compile(struct compiler *c, const struct pav_doc *state,
                      const struct place *place, struct resource *out);
/* parameters.c: warns of those of an integration that nobody reads. */
void
parameters_check(struct compiler *c, const struct resource *r,
                 const struct pav_doc *parameters, const struct place *place);

/* state_task.c */
void task_ended(struct stepper *st, struct frame *f, enum pav_event_type type,
                const char *error, const char *cause);
void task_started(struct stepper *st, struct frame *f, const char *worker);
void task_succeeded(struct stepper *st, struct frame *f,
                    const struct pav_doc *result);
void task_submitted(struct stepper *st, struct frame *f,
                    const struct pav_doc *output);
/* Its event of this kind, of TaskScheduled and those behind it. */
void task_emit(struct stepper *st, struct frame *f, enum pav_event_type type,
               struct event_data *data);
/* task_timeouts.c: all that are due at this instant. */
void tasks_time_out(struct stepper *st);

/* What a frame's wait shows. */
void wait_view(const struct frame *f, struct pav_arena *a,
               struct pav_wait_view *out);

#endif
