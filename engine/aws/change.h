/* What the actions that become jobs share. */
#ifndef PAVANE_AWS_CHANGE_H
#define PAVANE_AWS_CHANGE_H

#include "aws.h"

/* Always false. */
bool change_fail(struct aws_change *c, const char *type, const char *fmt, ...)
    PAV_PRINTF(3, 4);
/* JSON text of the request; false after the refusal. */
bool change_payload(struct aws_change *c, const char *key, const char *fallback,
                    const char *error, const char *message,
                    const struct pav_doc **out);

#endif
