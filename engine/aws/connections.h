/* What connections and API destinations share. */
#ifndef PAVANE_AWS_CONNECTIONS_H
#define PAVANE_AWS_CONNECTIONS_H

#include "aws.h"

/* "...:KIND/NAME/UUID" */
const char *fresh_arn(struct control *c, const char *kind, const char *name);
/* The row of this kind that "Name" names; false after the job has failed. */
bool connection_asked(struct control *c, int kind, const char *what,
                      struct pav_name_row *row, const struct pav_doc **body);

#endif
