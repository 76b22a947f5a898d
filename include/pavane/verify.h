/*
 * Is a database whole?  Reads all of it, changes nothing, and takes as long as
 * that takes; the daemon must not run.
 */
#ifndef PAVANE_VERIFY_H
#define PAVANE_VERIFY_H

#include "pavane/store.h"

#define PAV_FINDINGS_SHOWN 10

struct pav_check {
    const char *name;  /* one word */
    const char *claim; /* what must hold */
    int64_t wrong;     /* how often it does not */
    /* The first of them, in words; owned by the check's caller. */
    const char *findings[PAV_FINDINGS_SHOWN];
    int shown;
};

/*
 * `begins` is called before each check, with nothing found, and `ends` behind
 * it.  Errors: PAV_MISSING, PAV_INVALID and PAV_IO when the file cannot be
 * checked at all; what is wrong in it is no error but counted in `*wrong`.
 */
PAV_MUSTUSE enum pav_rc
pav_store_verify(const char *path,
                 void (*begins)(void *arg, const struct pav_check *c),
                 void (*ends)(void *arg, const struct pav_check *c), void *arg,
                 int64_t *wrong, struct pav_err *err);

#endif
