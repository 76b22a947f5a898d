/* What the fields of a services file hold. */
#ifndef PAVANE_FOLDER_SERVICE_CHECKS_H
#define PAVANE_FOLDER_SERVICE_CHECKS_H

#include "pavane/services.h"

/* Of a map whose fields have their kinds.  Errors: PAV_INVALID, PAV_LIMIT, at
 * the field. */
PAV_MUSTUSE enum pav_rc
service_map_check(const struct pav_service_map *m, struct pav_err *err);

#endif
