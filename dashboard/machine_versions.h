/* What a machine has been, and what a version changed: ?tab=versions. */
#ifndef PAVANE_DASHBOARD_MACHINE_VERSIONS_H
#define PAVANE_DASHBOARD_MACHINE_VERSIONS_H

#include "pavane/query.h"

void
machine_versions_show(struct pav_query *q, const struct pav_machine_view *v);

#endif
