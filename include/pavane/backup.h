/*
 * A copy of a database that is in use: as of one moment, all that is committed
 * by then.  The daemon's process alone can read it meanwhile (it keeps others
 * out), so the daemon makes the copy.
 */
#ifndef PAVANE_BACKUP_H
#define PAVANE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "pavane/err.h"

/*
 * Copies `from` to `to`, which must not exist: under the name `to`.part until
 * it is whole and durable, readable for its owner alone.  `go_on` is called
 * every few hundred pages with how many of all are copied; false ends it.
 * While it runs the log of `from` is not cut short, and grows.
 * On any thread.  Errors: PAV_CONFLICT (`to` is there), PAV_FULL, PAV_IO,
 * PAV_BUSY (ended by `go_on`); nothing is left behind.
 */
PAV_MUSTUSE enum pav_rc
pav_store_backup(const char *from, const char *to,
                 bool (*go_on)(void *arg, int64_t copied, int64_t pages),
                 void *arg, struct pav_err *err);

#endif
