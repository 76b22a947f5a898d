/* The shim under SQLite: which thread writes, and syncs that are owed. */
#ifndef PAVANE_STORE_VFS_H
#define PAVANE_STORE_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define STORE_VFS "pavane"

/* Registers the shim; the first call counts. */
void vfs_register(void);
/* Asked once, with its name, when the next log is opened and before it is read:
 * the database is locked by then.  False: it is not opened. */
void vfs_before_log(bool (*fn)(void *arg, const char *name), void *arg);
/* Writes are allowed on the calling thread alone from now on. */
void vfs_set_writer(void);

/* May commits owe the sync of the log from now on?  On the writer's thread. */
void vfs_defer_sync(bool on);
bool vfs_sync_pending(void);
/* Until the syncs that are owed by now are done. */
void vfs_await(void);
/* For how long a sync has been in flight; 0: none is. */
int64_t vfs_sync_us(void);
/* Syncs what is owed, on any thread; aborts when that fails. */
void vfs_log_sync(void);

/* May a checkpoint owe the sync of the database?  On the writer's thread. */
void vfs_defer_copy(bool on);
bool vfs_copy_pending(void);
/* Does what is owed, on any thread; aborts when that fails. */
void vfs_copy_sync(void);

#endif
