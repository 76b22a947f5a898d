/* Leaving states, entering the next. */
#ifndef PAVANE_ASL_LEAVE_H
#define PAVANE_ASL_LEAVE_H

#include "pavane/doc.h"

struct failure;
struct frame;
struct state;
struct stepper;

/* leave.c: `next` NULL: the scope ends. */
void leave(struct stepper *st, struct frame *f, const struct pav_doc *output,
           const struct state *next);
/* Through Next, with what its work came out as. */
void
leave_with(struct stepper *st, struct frame *f, const struct pav_doc *result);
/* The failure in `st` meets this frame, then the frames around it. */
void fail_frame(struct stepper *st, struct frame *f);
/* A Map all of whose iterations have ended. */
void map_end(struct stepper *st, struct frame *map);
/* {Error, Cause}, null where there is none. */
const struct pav_doc *error_output(struct stepper *st, const struct failure *e);

/* enter.c: the state of a frame in PHASE_ENTER. */
void enter(struct stepper *st, struct frame *f);
/* The state again, for another attempt: no event says that it is entered. */
void enter_again(struct stepper *st, struct frame *f);

/* redrive.c: what had not ended goes on. */
void redrive(struct stepper *st);

#endif
