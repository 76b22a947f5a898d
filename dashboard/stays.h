/* The stays of an execution against time: the picture, and as a table. */
#ifndef PAVANE_DASHBOARD_STAYS_H
#define PAVANE_DASHBOARD_STAYS_H

#include "answer.h"

/*
 * ?from= and ?to= (RFC 3339): what was in that time alone; ?unfold=1: with
 * its idle time; ?each=1: states that were entered often have a row for each
 * stay.  `page`: the link to the timeline without these; `state`: in front of
 * the name of a state.
 */
void stays_add(const struct asked *k, const char *page, const char *state,
               struct pav_members *m, struct pav_buf *picture);

/* A row for each visit whose state or error has the text (NULL: any), the
 * newest first. */
void
stays_add_rows(const struct asked *k, const char *text, struct pav_members *m);

#endif
