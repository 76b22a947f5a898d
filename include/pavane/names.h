/* Names of machines, executions and what else Step Functions names. */
#ifndef PAVANE_NAMES_H
#define PAVANE_NAMES_H

#include <stdbool.h>

#define PAV_NAME_MAX 80 /* characters */

/* May this be a machine's or an execution's name?  Step Functions' rule. */
bool pav_name_valid(const char *name);

#endif
