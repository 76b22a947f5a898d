/*
 * Who may ask the daemon for what: known hosts, no foreign origin, JSON for
 * writes, tokens.  Together they keep web pages in a browser from posting to a
 * local daemon.
 */
#ifndef PAVANE_ACCESS_H
#define PAVANE_ACCESS_H

#include "pavane/http.h"

/* Another account, known by its token: it may put events, no more. */
struct pav_external_account {
    const char *token, *account;
    const char *speaks_for; /* other accounts, by comma, or "*"; NULL: none */
};

/* All borrowed. */
struct pav_access {
    const char *address; /* that the daemon listens on */
    const char *hosts;   /* further names, by comma; NULL */
    const char *token;   /* asked of everyone when not NULL */
    const struct pav_external_account
        *externals; /* up to a token of NULL; NULL: none */
};

/* 0 when the request is admitted, else the status and a sentence.  `*guest`:
 * whose token it has; NULL: none. */
int
pav_access_check(const struct pav_access *access, const struct pav_request *req,
                 const struct pav_external_account **external,
                 const char **why);

#endif
