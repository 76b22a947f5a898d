/* Retry and Catch. */
#ifndef PAVANE_ASL_RETRY_H
#define PAVANE_ASL_RETRY_H

#include "pavane/doc.h"

struct compiler;
struct failure;
struct frame;
struct retrier;
struct state;
struct stepper;

void
retry_compile(struct compiler *c, struct state *s, const struct place *place);
void
catch_compile(struct compiler *c, struct state *s, const struct place *place);

/* Which retrier is meant; -1: none. */
int retrier_of(const struct state *s, const struct failure *e);
double retry_delay(const struct retrier *r, int64_t attempts);
/* True when the frame now waits for another attempt. */
bool retry_try(struct stepper *st, struct frame *f, const struct failure *e);
const struct catcher *
catch_find(const struct state *s, const struct failure *e);

#endif
