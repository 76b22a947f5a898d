/* The beginning of a play, in real time. */
#ifndef PAVANE_PLAY_SCRIPT_H
#define PAVANE_PLAY_SCRIPT_H

#include "stage.h"

/* Its steps up to the first that needs time or a kill; what is not as expected
 * is in `report`.  Errors: PAV_INVALID, PAV_IO. */
PAV_MUSTUSE enum pav_rc
script_begin(struct stage *stage, const char *system, const char *file,
             struct pav_buf *report, struct pav_err *err);

/* Is the file one?  Errors: PAV_INVALID with the place, PAV_IO. */
PAV_MUSTUSE enum pav_rc script_check(const char *file, struct pav_err *err);

#endif
