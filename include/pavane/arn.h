/*
 * ARNs: "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE", where RESOURCE is
 * often "KIND:NAME" or "KIND/NAME".
 *
 * Partition, region and account of an ARN that comes in are not compared: what
 * was written for an account of AWS's works unchanged.
 */
#ifndef PAVANE_ARN_H
#define PAVANE_ARN_H

#include <stdbool.h>

#include "pavane/err.h"
#include "pavane/mem.h"

/* Has it the form of one?  Partition, service and resource are there; region
 * and account may be empty. */
bool pav_arn_is(const char *text, size_t len);
/* Its RESOURCE; NULL: it is no ARN (of that service, when it is not NULL). */
const char *pav_arn_resource(const char *text, const char *service);
/* What follows KIND; NULL: it is no ARN of that service and kind. */
const char *
pav_arn_name(const char *text, const char *service, const char *kind);
/* One of ours, with "aws" as its partition. */
const char *
pav_arn_put(struct pav_arena *a, const char *service, const char *region,
            const char *account, const char *resource, ...) PAV_PRINTF(5, 6);

/* Those of Step Functions, in parts. */
struct pav_states_arn {
    const char *machine;
    const char *qualifier; /* a version or an alias; or NULL */
    const char *label;     /* of a map run's execution; or NULL */
    const char *name;      /* of an execution */
    bool express;
};
/* "...:stateMachine:MACHINE[:QUALIFIER]"; false when it is none. */
bool pav_arn_machine(struct pav_arena *a, const char *text,
                     struct pav_states_arn *out);
/* "...:execution:MACHINE[/LABEL]:NAME", "...:express:MACHINE:NAME:UUID" */
bool pav_arn_execution(struct pav_arena *a, const char *text,
                       struct pav_states_arn *out);

/* "orders/paid" of "arn:aws:events:REGION:ACCOUNT:rule/orders/paid"; of another
 * resource, as a schedule, its kind and name.  Part of `arn`. */
const char *pav_arn_rule(const char *arn);

#endif
