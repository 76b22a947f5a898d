/* What the engine hands out: calls, deliveries, objects, tokens. */
#ifndef PAVANE_API_HANDED_OUT_H
#define PAVANE_API_HANDED_OUT_H

#include "pavane/api.h"

/* outgoing.c: tokens of connections. */
void outgoing_init(struct pav_api *api);
void outgoing_free(struct pav_api *api);

/* calls.c, objects.c: what the engine hands out. */
void calls_take(struct pav_api *api, struct pav_job *job);
void deliveries_take(struct pav_api *api, struct pav_job *job);
void replies_tick(struct pav_api *api);
/* On the front thread: an answer for the engine, which is kept when its queue
 * is full. */
void reply_submit(struct pav_api *api, struct pav_job *reply);
void objects_tick(struct pav_api *api);
void objects_take(struct pav_api *api, struct pav_job *job);
/* sources.c */
void sources_take(struct pav_api *api, struct pav_job *job);

#endif
