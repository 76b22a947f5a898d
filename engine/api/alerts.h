/* Alert rules are looked at now and then: see alerts.c. */
#ifndef PAVANE_API_ALERTS_H
#define PAVANE_API_ALERTS_H

#include "front.h"

void alerts_tick(struct pav_api *api);

#endif
