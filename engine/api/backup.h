/* Copies of the database that the daemon makes: see backup.c. */
#ifndef PAVANE_API_BACKUP_H
#define PAVANE_API_BACKUP_H

#include "pavane/api.h"

void backup_init(struct pav_api *api);
void backup_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void backup_post(struct pav_api *api, const struct pav_request *req,
                 struct pav_ref ref);
/* Ends one that runs. */
void backup_stop(struct pav_api *api);
void backup_free(struct pav_api *api);

#endif
