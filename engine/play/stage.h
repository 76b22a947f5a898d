/*
 * A stage: a daemon of its own in a folder that is gone afterwards, on a
 * virtual clock or the system's, with stand-ins for what is outside.
 */
#ifndef PAVANE_PLAY_STAGE_H
#define PAVANE_PLAY_STAGE_H

#include <sys/types.h>

#include "pavane/client.h"
#include "stand_ins.h"

struct stage {
    struct pav_arena arena;
    const char *machines; /* a system, or a folder of them */
    char dir[64];
    const char *clock; /* where it begins; NULL: the system's */
    const char *listen;
    char url[64]; /* of the daemon */
    pid_t pid;    /* 0: it does not run */
    struct stand_ins *stand_ins;
};

/* The stand-ins of the systems, and a daemon that has `machines`.  Errors:
 * PAV_INVALID, PAV_IO.  It is closed in any case. */
PAV_MUSTUSE enum pav_rc
stage_open(struct stage *s, const char *const *systems, uint32_t count,
           const char *machines, const char *clock, const char *listen,
           struct pav_err *err);
/* From now on SIGINT and SIGTERM make what is asked of a stage fail, so that it
 * is closed in order. */
void stage_catch_ends(void);
void stage_close(struct stage *s);
/* As a power cut would end it, and again. */
PAV_MUSTUSE enum pav_rc stage_kill(struct stage *s, struct pav_err *err);
/* "DIR/data" */
const char *stage_data(struct stage *s);

/*
 * Ask the daemon: POST with a body, GET without; the answer's JSON in the
 * arena, null when it is none.  Errors: PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
stage_ask(struct stage *s, const char *path, const char *target,
          const struct pav_doc *body, long *status, const struct pav_doc **out,
          struct pav_err *err);
/* Until nothing is in progress, inside or out. */
PAV_MUSTUSE enum pav_rc stage_settle(struct stage *s, struct pav_err *err);
/* So much virtual time passes: what is due on the way is due at its moment. */
PAV_MUSTUSE enum pav_rc
stage_pass(struct stage *s, double seconds, struct pav_err *err);

#endif
