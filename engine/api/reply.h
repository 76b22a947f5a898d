/* Replies, and errors in the form of /api/v1. */
#ifndef PAVANE_API_REPLY_H
#define PAVANE_API_REPLY_H

#include "pavane/api.h"

void api_reply(struct pav_api *api, struct pav_ref ref, int status,
               const char *type, const char *body, size_t len);
/* {"error","message"}, and "at" when there is one. */
void api_error_put(struct pav_buf *b, const char *error, const char *at,
                   const char *message);
void api_error(struct pav_api *api, struct pav_ref ref, int status,
               const char *error, const char *at, const char *message);

#endif
