/* The machines that the engine knows: see registry.c. */
#ifndef PAVANE_RUN_REGISTRY_H
#define PAVANE_RUN_REGISTRY_H

#include "pavane/store_work.h"
#include "turn/turn.h"

void registry_load(struct pav_engine *e);
void registry_free(struct pav_engine *e);
struct machine *machine_by_name(struct pav_engine *e, const char *name);
struct machine *machine_by_id(struct pav_engine *e, int64_t id);
/* Loads and compiles it when needed; NULL when it cannot be. */
struct version *version_get(struct pav_engine *e, int64_t id);
/* A machine that was deleted: it has no name any more. */
void registry_forget(struct pav_engine *e, int64_t machine_id);
/* The version that a qualifier, a number or an alias, names; into `note` how it
 * was named.  NULL: there is none. */
struct version *version_of(struct pav_engine *e, struct machine *m,
                           const char *qualifier, struct pav_meta_row *meta);
bool qualifier_is_number(const char *text);

#endif
