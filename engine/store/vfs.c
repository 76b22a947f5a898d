/*
 * The VFS shim: SQLite's "unix-excl" (other processes are kept out, several
 * connections of this one share the index in memory), with one assertion: only
 * the thread that adopted the store writes, truncates or syncs.  Debian 12's
 * SQLite loses data when two connections commit or checkpoint at once; this
 * makes such a mistake an abort instead.
 */
#include <pthread.h>
#include <string.h>

#include "store_int.h"

struct shim_file {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct */
};

static sqlite3_vfs shim;
static sqlite3_vfs *unix_vfs;
static pthread_t writer;
static bool has_writer;

static sqlite3_file *
real_of(sqlite3_file *f)
{
    struct shim_file *s = (struct shim_file *)(void *)f;

    return s->real;
}

static void
check_writer(void)
{
    if (has_writer && !pthread_equal(writer, pthread_self()))
        PAV_BUG("a thread that does not own the store writes to it");
}

void
vfs_set_writer(void)
{
    writer = pthread_self();
    has_writer = true;
}

static int
shim_close(sqlite3_file *f)
{
    sqlite3_file *r = real_of(f);

    return r->pMethods == NULL ? SQLITE_OK : r->pMethods->xClose(r);
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    check_writer();
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    check_writer();
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int
shim_sync(sqlite3_file *f, int flags)
{
    check_writer();
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int
shim_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int
shim_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int
shim_check_lock(sqlite3_file *f, int *held)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), held);
}

static int
shim_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int
shim_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int
shim_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int
shim_shm_map(sqlite3_file *f, int page, int size, int extend,
             void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void
shim_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
shim_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
          int *out_flags)
{
    struct shim_file *s = (struct shim_file *)(void *)f;
    int rc;

    (void)vfs;
    memset(f, 0, (size_t)shim.szOsFile);
    s->real = (sqlite3_file *)(void *)(s + 1);
    rc = unix_vfs->xOpen(unix_vfs, name, s->real, flags, out_flags);
    s->base.pMethods = s->real->pMethods == NULL ? NULL : &methods;
    return rc;
}

void
vfs_register(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock);
    if (unix_vfs == NULL) {
        /* Before anything else of SQLite: its count of bytes takes a lock. */
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        unix_vfs = sqlite3_vfs_find("unix-excl");
        if (unix_vfs == NULL)
            PAV_BUG("SQLite without unix-excl");
        shim = *unix_vfs; /* all but opening is the real one's */
        shim.pNext = NULL;
        shim.zName = STORE_VFS;
        shim.szOsFile = (int)sizeof(struct shim_file) + unix_vfs->szOsFile;
        shim.xOpen = shim_open;
        if (sqlite3_vfs_register(&shim, 0) != SQLITE_OK)
            PAV_BUG("the VFS shim cannot be registered");
    }
    pthread_mutex_unlock(&lock);
}
