/* What matched, on its way to its targets: see send.c. */
#ifndef PAVANE_RUN_SEND_H
#define PAVANE_RUN_SEND_H

#include "pavane/store_work.h"
#include "bus/bus.h"
#include "turn/turn.h"

struct execution;

struct sending {
    const char *rule_arn, *rule_name;
    int64_t event_id; /* 0: a schedule's */
    struct pav_bytes text;
    const struct pav_doc *doc; /* the event; NULL: read from the text */
    const char *name;          /* of a machine's execution; NULL: made up */
    /* What came of it: the first failure of several targets, else the last. */
    enum sending_end {
        SENT_NOWHERE,
        SENT_TO_BUS,
        SENT_ON,  /* a delivery */
        STARTED,  /* `started`, of `machine` */
        SENT_DEAD /* a dead letter: `code`, `message` or NULL */
    } end;
    const struct execution *started;
    const char *machine, *code, *message;
};
/* Sends one target its input; `*started`: the machine that was started. */
void target_send(struct pav_engine *e, struct sending *s,
                 const struct target *t, struct execution **started);
/* schedules.c: one of Scheduler's universal targets that is served inside:
 * true, and it was done, or is a dead letter. */
bool universal_served(struct pav_engine *e, struct sending *s,
                      const struct target *t);
/* Notes what came of it, unless something failed before; false then. */
bool sending_ends(struct sending *s, enum sending_end end);
/* What cannot be sent, with EventBridge's code: kept as a dead letter. */
void
target_dead(struct pav_engine *e, struct sending *s, const struct target *t,
            struct pav_bytes body, const char *code, const char *message);

#endif
