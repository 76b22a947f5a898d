/* Requests that wait for a job of the engine. */
#ifndef PAVANE_API_TICKET_H
#define PAVANE_API_TICKET_H

#include "pavane/api.h"

/* Who waits for a job of the engine, and how to answer. */
typedef void (*ticket_fn)(struct pav_api *api, struct pav_ref ref,
                          const void *about, struct pav_job *job);
/* Answers `job` at the end of a ticket. */
void ticket_answer(struct pav_job *job);

/* ticket.c: the job's answer goes to `ref` by `answer`; 503 when the engine is
 * full. */
void api_submit(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
                ticket_fn answer, const void *about);
void tickets_init(struct pav_api *api);

#endif
