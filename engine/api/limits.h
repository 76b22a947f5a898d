/* What is bounded, and how much of it is used: see limits.c. */
#ifndef PAVANE_LIMITS_H
#define PAVANE_LIMITS_H

#include "query_job.h"

/* The list's elements, of a job that has the status and HTTP's counts. */
void limits_list(const struct query_job *qu, struct pav_reader *reader,
                 struct pav_items *out);

#endif
