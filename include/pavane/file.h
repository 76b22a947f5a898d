/* Whole files, with a ceiling. */
#ifndef PAVANE_FILE_H
#define PAVANE_FILE_H

#include <stddef.h>

#include "pavane/err.h"

/* `*text` (free()) is followed by a NUL. Errors: PAV_MISSING, PAV_IO,
 * PAV_LIMIT. */
PAV_MUSTUSE enum pav_rc pav_file_read(const char *path, size_t max, char **text,
                                      size_t *len, struct pav_err *err);
/* Written beside it and renamed, so that a reader sees the old or the new. */
PAV_MUSTUSE enum pav_rc pav_file_write(const char *path, const void *p,
                                       size_t len, struct pav_err *err);

/*
 * Makes the folders that lead to `path`, which begins with `root`; false: one
 * could not be made, or a link leads out of the root: nothing is made there.
 */
bool pav_file_folders(const char *root, char *path);

#endif
