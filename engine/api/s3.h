/* S3's actions of tasks, on the folder of objects. */
#ifndef PAVANE_API_S3_H
#define PAVANE_API_S3_H

#include "handed_out.h"

/* Is there a folder of objects, and the action? */
bool s3_serves(const struct pav_api *api, const char *method);
/* The reply goes to the engine; it owns what else is given. */
void s3_take(struct pav_api *api, struct pav_reply_job *reply,
             const struct pav_doc *with, const char *method, const char *key);

#endif
