/* What actions of Step Functions on the engine's thread share. */
#ifndef PAVANE_AWS_STATES_H
#define PAVANE_AWS_STATES_H

#include "aws.h"

#define ALIASES_MAX 100 /* of a machine */

/* "...:stateMachine:NAME[:QUALIFIER]"; NULL after the job has failed. */
struct machine *
control_machine(struct control *c, const char *key, const char **qualifier);
/* "MACHINE'S ARN:NAME" */
const char *
qualified_arn(struct control *c, const struct machine *m, const char *name);
/* states_aliases.c: does this row's alias lead to the version? */
bool
alias_uses(struct control *c, const struct pav_name_row *alias, int64_t number);
/* states_tags.c; false after the job has failed. */
bool
states_tags_put(struct control *c, const char *arn, const struct pav_doc *tags);

#endif
