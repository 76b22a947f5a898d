/*
 * The VFS shim: SQLite's "unix-excl" (other processes are kept out, several
 * connections of this one share the index in memory), and three things more.
 *
 * V1  Only the thread that adopted the store writes, truncates or syncs.
 *     Debian 12's SQLite loses data when two connections commit or checkpoint
 *     at once; this makes such a mistake an abort instead.
 * V2  Neighbouring writes are gathered and written at once: SQLite writes a
 *     frame's head and its page apart, and a checkpoint page by page.  A
 *     frame is published behind a sync of the log, and a sync writes what was
 *     gathered first.  A checkpoint that a reader holds up ends without a
 *     sync of the database, and readers then take the copied pages from the
 *     file: so SQLITE_FCNTL_CKPT_DONE, which comes before they may, writes
 *     what was gathered.  It cannot fail; when that write did, the checkpoint
 *     fails in its truncate, or the process ends before readers are let in.
 * V3  The sync of a commit may be owed (vfs_owe()): whoever answers for the
 *     commit calls vfs_log_sync() before, on any thread.  Never owed are the
 *     sync of a checkpoint, which the log must be safe for before pages leave
 *     it, and the one behind a new head of the log, which must not be
 *     overtaken by what follows it.
 * V4  The sync of the database behind a checkpoint may be owed as well
 *     (vfs_defer_copy()): until it is done the log has all of it, so the writer
 *     does it before the log begins anew, unless vfs_copy_sync() did it on
 *     another thread meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "store_int.h"
#include "vfs.h"

#define AWAIT_US   50
#define GATHER_MAX (120 * 1024) /* unixWrite() takes less than 128 KiB */

struct shim_file {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct */
    const char *name;   /* SQLite's, as long as the file is open */
    bool is_log;
    char *gathered; /* V2 */
    int gathered_len;
    sqlite3_int64 gathered_at;
    int copy_failed; /* V2: SQLite's code for the end of a checkpoint */
    bool new_head;   /* V3: the log began anew and was not synced since */
    int sync_fd;     /* V3: the same file; -1 */
};

static bool owing; /* of the writer: its commits may owe their sync */
/* Syncs that were owed so far, and how many of them are done.  One is counted
 * before its frames are published: who sees a commit sees its debt. */
static atomic_uint_fast64_t sync_pending, synced;
static atomic_int_fast64_t sync_began_us; /* that is in progress; 0: none */
static struct shim_file *log_file;        /* that the writer appends to */

/* V4: databases that were copied to, and how many of those syncs are done. */
static bool owing_copy;
static atomic_uint_fast64_t copied, copies_synced;
static struct shim_file *_Atomic copied_to;

static bool (*before_log)(void *arg, const char *name);
static void *before_log_arg;

static sqlite3_vfs shim;
static sqlite3_vfs *unix_vfs;
static pthread_t writer;
static bool has_writer;

static struct shim_file *
shim_of(sqlite3_file *f)
{
    return (struct shim_file *)(void *)f;
}

static sqlite3_file *
real_of(sqlite3_file *f)
{
    return shim_of(f)->real;
}

/* ---- V2 ---- */

/* A quota that is used up and a size that is not allowed are full disks. */
static int
write_real(struct shim_file *s, const void *p, int n, sqlite3_int64 at)
{
    int rc;

    errno = 0;
    rc = s->real->pMethods->xWrite(s->real, p, n, at);
    if (rc == SQLITE_IOERR_WRITE && (errno == EDQUOT || errno == EFBIG))
        rc = SQLITE_FULL;
    return rc;
}

static int
write_gathered(struct shim_file *s)
{
    int len = s->gathered_len;

    s->gathered_len = 0;
    if (len == 0)
        return SQLITE_OK;
    return write_real(s, s->gathered, len, s->gathered_at);
}

static int
gather(struct shim_file *s, const void *p, int n, sqlite3_int64 at)
{
    int rc = SQLITE_OK;

    if (s->gathered_len > 0 && (at != s->gathered_at + s->gathered_len ||
                                s->gathered_len + n > GATHER_MAX))
        rc = write_gathered(s);
    if (rc != SQLITE_OK)
        return rc;
    if (n > GATHER_MAX)
        return write_real(s, p, n, at);
    if (s->gathered == NULL)
        s->gathered = pav_xmalloc(GATHER_MAX);
    if (s->gathered_len == 0)
        s->gathered_at = at;
    memcpy(s->gathered + s->gathered_len, p, (size_t)n);
    s->gathered_len += n;
    return SQLITE_OK;
}

/* ---- V3 ---- */

void
vfs_defer_sync(bool on)
{
    owing = on;
}

bool
vfs_sync_pending(void)
{
    return atomic_load(&sync_pending) != atomic_load(&synced);
}

void
vfs_await(void)
{
    uint_fast64_t seen = atomic_load(&sync_pending);

    while (atomic_load(&synced) < seen)
        usleep(AWAIT_US);
}

int64_t
vfs_sync_us(void)
{
    int64_t began = atomic_load(&sync_began_us);

    return began == 0 ? 0 : pav_clock_mono_us() - began;
}

void
vfs_log_sync(void)
{
    uint_fast64_t now = atomic_load(&sync_pending);
    int rc;

    if (now == atomic_load(&synced))
        return;
    atomic_store(&sync_began_us, pav_clock_mono_us());
    do
        rc = fdatasync(log_file->sync_fd);
    while (rc != 0 && errno == EINTR);
    atomic_store(&sync_began_us, 0);
    if (rc != 0)
        PAV_BUG("the log cannot be synced");
    atomic_store(&synced, now);
}

/* ---- V4 ---- */

void
vfs_defer_copy(bool on)
{
    owing_copy = on;
}

bool
vfs_copy_pending(void)
{
    return atomic_load(&copied) != atomic_load(&copies_synced);
}

void
vfs_copy_sync(void)
{
    uint_fast64_t now = atomic_load(&copied), done;
    struct sqlite3_file *real;

    if (!vfs_copy_pending())
        return;
    real = atomic_load(&copied_to)->real;
    if (real->pMethods->xSync(real, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        PAV_BUG("the database cannot be synced");
    done = atomic_load(&copies_synced);
    while (done < now &&
           !atomic_compare_exchange_weak(&copies_synced, &done, now))
        ;
}

/* A second descriptor of the log; of the database there must be none, for
 * closing it would drop the locks. */
static bool
may_owe(struct shim_file *s)
{
    if (!owing || !s->is_log || s->new_head)
        return false;
    if (s->sync_fd < 0)
        s->sync_fd = open(s->name, O_RDWR | O_CLOEXEC);
    return s->sync_fd >= 0;
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
    struct shim_file *s = shim_of(f);

    if (s == log_file) {
        vfs_log_sync();
        log_file = NULL;
    }
    if (s == atomic_load(&copied_to)) {
        vfs_copy_sync();
        atomic_store(&copied_to, NULL);
    }
    if (write_gathered(s) != SQLITE_OK)
        PAV_BUG("a file was closed with bytes that cannot be written");
    free(s->gathered);
    if (s->is_log && s->sync_fd >= 0)
        close(s->sync_fd);
    return r->pMethods == NULL ? SQLITE_OK : r->pMethods->xClose(r);
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    if (shim_of(f)->gathered_len > 0) {
        int rc = write_gathered(shim_of(f));

        if (rc != SQLITE_OK)
            return rc;
    }
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct shim_file *s = shim_of(f);

    check_writer();
    if (s->is_log) {
        log_file = s;
        if (at == 0) {
            vfs_copy_sync();
            s->new_head = true;
        }
    }
    return gather(s, p, n, at);
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc;

    check_writer();
    rc = write_gathered(shim_of(f));
    if (rc == SQLITE_OK)
        rc = shim_of(f)->copy_failed;
    shim_of(f)->copy_failed = SQLITE_OK;
    return rc != SQLITE_OK ? rc
                           : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int
shim_sync(sqlite3_file *f, int flags)
{
    struct shim_file *s = shim_of(f);
    int rc;

    check_writer();
    rc = write_gathered(s);
    if (rc != SQLITE_OK)
        return rc;
    if (may_owe(s)) {
        atomic_fetch_add(&sync_pending, 1);
        return SQLITE_OK;
    }
    if (owing_copy && !s->is_log) {
        atomic_store(&copied_to, s);
        atomic_fetch_add(&copied, 1);
        return SQLITE_OK;
    }
    atomic_store(&sync_began_us, pav_clock_mono_us());
    rc = s->real->pMethods->xSync(s->real, flags);
    atomic_store(&sync_began_us, 0);
    if (rc == SQLITE_OK && s->is_log) {
        s->new_head = false;
        atomic_store(&synced, atomic_load(&sync_pending));
    }
    return rc;
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = write_gathered(shim_of(f));

    return rc != SQLITE_OK ? rc
                           : real_of(f)->pMethods->xFileSize(real_of(f), size);
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
    struct shim_file *s = shim_of(f);

    if (op == SQLITE_FCNTL_CKPT_DONE)
        s->copy_failed = write_gathered(s);
    return s->real->pMethods->xFileControl(s->real, op, arg);
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
    if (shim_of(f)->copy_failed != SQLITE_OK && (flags & SQLITE_SHM_UNLOCK))
        PAV_BUG("pages of a checkpoint cannot be written");
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

void
vfs_before_log(bool (*fn)(void *arg, const char *name), void *arg)
{
    before_log = fn;
    before_log_arg = arg;
}

static bool
may_open_log(const char *name)
{
    bool (*ask)(void *arg, const char *name) = before_log;

    before_log = NULL;
    return ask == NULL || ask(before_log_arg, name);
}

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
          int *out_flags)
{
    struct shim_file *s = (struct shim_file *)(void *)f;
    int rc;

    (void)vfs;
    memset(f, 0, (size_t)shim.szOsFile);
    s->real = (sqlite3_file *)(void *)(s + 1);
    s->name = name;
    s->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    s->sync_fd = -1;
    if (s->is_log && !may_open_log(name))
        return SQLITE_CANTOPEN;
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
