/*
 * A stage: daemons of its own in a folder that is gone afterwards, on a virtual
 * clock or the system's, with stand-ins for what is outside.
 */
#ifndef PAVANE_PLAY_STAGE_H
#define PAVANE_PLAY_STAGE_H

#include "pavane/client.h"
#include "daemons.h"
#include "stand_ins.h"

struct stage {
    struct pav_arena arena;
    char dir[64];
    const char *clock; /* where it begins; NULL: the system's */
    struct daemons daemons;
    struct stand_ins *stand_ins;
};

/*
 * The stand-ins of the systems, and their daemons: those that a system says it
 * needs, and one for all others, which has `machines`.  The first that listens
 * does so at `listen`.  The one for all others begins with the database in the
 * folder `from`; NULL: with none.  Errors: PAV_INVALID, PAV_IO.  It is closed
 * in any case.
 */
PAV_MUSTUSE enum pav_rc
stage_open(struct stage *s, const char *const *systems, uint32_t count,
           const char *machines, const char *clock, const char *from,
           const char *listen, struct pav_err *err);
/* All its daemons end in order; what they keep stays until it is closed. */
void stage_end(struct stage *s);
/* A folder with all that is in it. */
void stage_remove(const char *dir);
/* From now on SIGINT and SIGTERM make what is asked of a stage fail, so that it
 * is closed in order. */
void stage_catch_ends(void);
void stage_close(struct stage *s);

/* The daemon that a system's play speaks to: the one with this name; NULL: the
 * first of the system.  NULL: it has no such one. */
struct daemon *
stage_daemon(struct stage *s, const char *system, const char *name);
/* It ends, as a power cut would end it; and goes on where time is now. */
PAV_MUSTUSE enum pav_rc
stage_stop(struct stage *s, struct daemon *d, struct pav_err *err);
PAV_MUSTUSE enum pav_rc
stage_start(struct stage *s, struct daemon *d, struct pav_err *err);
/* "DIR/data" */
const char *stage_data(struct stage *s, const struct daemon *d);

/*
 * Ask a daemon: POST with a body, GET without; the answer's JSON in the arena,
 * null when it is none.  `token`: another than the stage's own; NULL: that.
 * Errors: PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
stage_ask(struct stage *s, const struct daemon *d, const char *token,
          const char *path, const char *target, const struct pav_doc *body,
          long *status, const struct pav_doc **out, struct pav_err *err);
/* Until nothing is in progress, inside or out. */
PAV_MUSTUSE enum pav_rc stage_settle(struct stage *s, struct pav_err *err);
/* So much virtual time passes: what is due on the way is due at its moment, in
 * whichever daemon. */
PAV_MUSTUSE enum pav_rc
stage_pass(struct stage *s, double seconds, struct pav_err *err);

#endif
