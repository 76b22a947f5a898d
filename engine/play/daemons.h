/*
 * The daemons of a system that needs several, daemons/NAME.json:
 *
 *   { "folder": "member",            what it serves, below the system
 *     "account": "111111111111", "region": "eu-west-1",
 *     "tokens": {"TOKEN": {"account": "222222222222",
 *                          "speaksFor": ["333333333333"] | "*"}} }
 *
 * http://NAME.test leads to each of them.  The tokens are those that others
 * come with, as --token-file has them; plays alone have their own.
 */
#ifndef PAVANE_PLAY_DAEMONS_H
#define PAVANE_PLAY_DAEMONS_H

#include <sys/types.h>

#include "pavane/doc.h"

struct daemon {
    const char *name;   /* NULL: the only one */
    const char *system; /* whose it is; NULL: of all */
    const char *machines, *account, *region;
    const char *tokens; /* lines of a file of tokens; NULL: it is open */
    /* the stage's: */
    const char *dir, *listen, *token;
    char url[64];
    pid_t pid; /* 0: it does not run */
};

struct daemons {
    struct daemon *v;
    uint32_t count;
};

/* Those of a system's folder, by name; none is fine.  Errors: PAV_INVALID with
 * the place, PAV_IO. */
PAV_MUSTUSE enum pav_rc daemons_read(struct pav_arena *a, const char *system,
                                     struct daemons *out, struct pav_err *err);
void
daemons_add(struct pav_arena *a, struct daemons *all, const struct daemon *d);

#endif
