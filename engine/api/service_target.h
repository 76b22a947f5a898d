/* What the SDK calls a service, and targets that are a service's action. */
#ifndef PAVANE_SERVICE_TARGET_H
#define PAVANE_SERVICE_TARGET_H

#include "pavane/doc.h"

/* "SecretsManager" of "secretsmanager". */
const char *service_class(struct pav_arena *a, const char *service);

/* An action that a target's ARN stands for. */
struct service_target {
    const char *service, *action; /* "firehose", "PutRecord" */
    const struct pav_doc *with;   /* its parameters */
};
/*
 * Firehose and Kinesis streams, Glue workflows, Incident Manager's response
 * plans, and Scheduler's universal targets, whose `body` is the parameters.
 * False: the ARN is none of these.
 */
bool service_target_of(struct pav_arena *a, const char *arn,
                       const struct pav_doc *target, struct pav_bytes body,
                       struct service_target *out);

#endif
