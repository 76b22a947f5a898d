/* A blocking HTTP client for the command line, on libcurl. */
#ifndef PAVANE_CLIENT_H
#define PAVANE_CLIENT_H

#include <stddef.h>

#include "pavane/err.h"

struct pav_answer {
    long status;
    char *body; /* free() */
    size_t len;
};

/*
 * GET when `body` is NULL, else POST as `type`; `target` is an X-Amz-Target
 * or NULL, `token` a bearer token or NULL.  Errors: PAV_IO, err->at the URL:
 * nobody answered.
 */
PAV_MUSTUSE enum pav_rc
pav_client_ask(const char *url, const char *type, const char *target,
               const char *token, const char *body, size_t len,
               struct pav_answer *out, struct pav_err *err);

#endif
