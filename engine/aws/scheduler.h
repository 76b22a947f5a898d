/* What schedules and their groups share: see scheduler_groups.c. */
#ifndef PAVANE_AWS_SCHEDULER_H
#define PAVANE_AWS_SCHEDULER_H

#include "aws.h"

#define DEFAULT_GROUP "default"

const char *scheduler_arn(struct control *c, const char *kind,
                          const char *group, const char *name);
/* A group's number; 0 after the job has failed. */
int64_t group_asked(struct control *c, const char *name);
/* Is the request one that was done, by its ClientToken? */
bool is_resent(struct control *c, const struct pav_doc *body);
uint32_t schedules_page_size(struct control *c);

#endif
