/* What actions about buses and their rules share. */
#ifndef PAVANE_AWS_BUSES_H
#define PAVANE_AWS_BUSES_H

#include "aws.h"

/* EventBusName, or the default one's. */
const char *bus_name(struct control *c);
/* The same, found; NULL after the job has failed. */
struct bus *bus_asked(struct control *c);
/* Its row's body; {} when it has none. */
const struct pav_doc *bus_body(struct control *c, const char *name);

/* events_rules.c: the rule that `key` names; NULL after the job has failed. */
struct bus *rule_asked(struct control *c, const char *key,
                       struct pav_name_row *row, const struct pav_doc **body);
void save_rule(struct control *c, const struct bus *b, const char *name,
               struct pav_members *body);
extern const char *const rule_fields[]; /* of a row, without State, Targets */

#endif
