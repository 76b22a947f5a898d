/*
 * The access log: a line of JSON for each answer, with the fields that were
 * chosen, in their order.  Of one thread, the front's.
 *
 *   time     "2026-01-01T00:00:00.000Z"   method   "POST"
 *   id       of the request               path     "/events"
 *   status   200                          query    "bus=orders"
 *   ms       to the answer                target   X-Amz-Target
 *   bytes    of its body                  agent    User-Agent
 */
#ifndef PAVANE_ACCESS_LOG_H
#define PAVANE_ACCESS_LOG_H

#include "pavane/http.h"

struct access_log;

/* `fields` by comma.  Errors: PAV_INVALID: no such field; PAV_IO: the file
 * cannot be written. */
PAV_MUSTUSE enum pav_rc
access_log_open(const char *path, const char *fields, struct access_log **out,
                struct pav_err *err);
/* What was written is on its way to the file; a file that was moved away is
 * made anew. */
void access_log_again(struct access_log *l);
void access_log_close(struct access_log *l);
void access_log_add(struct access_log *l, const struct pav_request *req,
                    int status, size_t bytes, int64_t us);

#endif
