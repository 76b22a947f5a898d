/* The side of actions that a query thread does: see reads.c. */
#ifndef PAVANE_AWS_READS_H
#define PAVANE_AWS_READS_H

#include "pavane/history.h"
#include "aws.h"

/* The text, or NULL when it is absent. */
const char *request_text(struct pav_arena *a, const struct pav_doc *request,
                         const char *key);
int64_t
request_int(const struct pav_doc *request, const char *key, int64_t fallback);
bool
request_flag(const struct pav_doc *request, const char *key, bool fallback);

void read_answer(struct aws_read *r, struct pav_members *answer);

uint32_t read_page_size(struct aws_read *r);
/* A token of ours is a number; false after the answer. */
bool read_page_start(struct aws_read *r, int64_t *out);
void read_put_token(struct aws_read *r, struct pav_members *m, int64_t next);

const char *read_machine_arn(struct aws_read *r, const char *name);
const char *
read_execution_arn(struct aws_read *r, const char *machine, const char *name,
                   const struct pav_meta_row *meta);
/* The machine of "stateMachineArn"; false after the answer. */
bool read_find_machine(struct aws_read *r, struct pav_states_arn *arn,
                       struct pav_machine_view *out);
/* The execution of "executionArn"; false after the answer. */
bool read_find_execution(struct aws_read *r, struct pav_execution_view *x,
                         struct pav_meta_row *meta);

#endif
