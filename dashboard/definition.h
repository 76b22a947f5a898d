/* What a definition's text says of one of its states. */
#ifndef PAVANE_DASHBOARD_DEFINITION_H
#define PAVANE_DASHBOARD_DEFINITION_H

#include "pavane/doc.h"

/* The definition of a state, in whatever scope; NULL: there is none. */
const struct pav_doc *definition_of(const struct pav_doc *d, const char *state);
/* Where a state leads to; NULL: it ends its scope, or a choice decides. */
const char *definition_next(struct pav_arena *a, const struct pav_doc *state);
/* The same when it times out; NULL: its scope fails. */
const char *
definition_on_timeout(struct pav_arena *a, const struct pav_doc *state);
/* "Paid or Refused", the types that it waits for; NULL: it waits for none, or
 * its pattern tells more than types. */
const char *definition_awaits(struct pav_arena *a, const struct pav_doc *state);
/* How often a task is tried at most; 0: none is tried again, or that depends on
 * the error. */
int64_t definition_attempts(const struct pav_doc *state);

#endif
