/* Copies of a database: see pavane/backup.h. */
#include "pavane/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "pavane/mem.h"
#include "vfs.h"

#define PAGES_AT_ONCE 256
#define PAUSE_US      1000 /* for those that read and write beside it */

struct copy {
    const char *from, *to;
    char part[4096];
    sqlite3 *source, *target;
    struct pav_err *err;
};

static enum pav_rc
failed(struct copy *c, sqlite3 *db, const char *what)
{
    int code = sqlite3_errcode(db);

    if (code == SQLITE_FULL)
        return pav_fail(c->err, PAV_FULL, c->to, "no space left on the disk");
    return pav_fail(c->err, PAV_IO, c->to, "cannot %s: %s", what,
                    sqlite3_errmsg(db));
}

/* As of now, for as long as it is open. */
static enum pav_rc
open_source(struct copy *c)
{
    if (sqlite3_open_v2(c->from, &c->source,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        STORE_VFS) != SQLITE_OK ||
        sqlite3_exec(c->source, "BEGIN; SELECT count(*) FROM sqlite_schema",
                     NULL, NULL, NULL) != SQLITE_OK)
        return failed(c, c->source, "read the database");
    sqlite3_db_config(c->source, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return PAV_OK;
}

static enum pav_rc
open_target(struct copy *c)
{
    int fd;

    if (access(c->to, F_OK) == 0)
        return pav_fail(c->err, PAV_CONFLICT, c->to,
                        "this file is there already; name another one");
    (void)unlink(c->part); /* of a copy that a crash cut off */
    fd = open(c->part, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return pav_fail(c->err, PAV_IO, c->part, "cannot be made: %s",
                        strerror(errno));
    close(fd);
    if (sqlite3_open_v2(c->part, &c->target,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        "unix") != SQLITE_OK ||
        sqlite3_exec(c->target,
                     "PRAGMA journal_mode=OFF;"
                     "PRAGMA synchronous=OFF", /* finish() syncs */
                     NULL, NULL, NULL) != SQLITE_OK)
        return failed(c, c->target, "open the copy");
    return PAV_OK;
}

static enum pav_rc
copy_pages(struct copy *c,
           bool (*go_on)(void *arg, int64_t copied, int64_t pages), void *arg)
{
    sqlite3_backup *b =
        sqlite3_backup_init(c->target, "main", c->source, "main");
    int rc = SQLITE_OK;
    bool ended = false;

    if (b == NULL)
        return failed(c, c->target, "begin the copy");
    while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
        int64_t pages;

        rc = sqlite3_backup_step(b, PAGES_AT_ONCE);
        pages = sqlite3_backup_pagecount(b);
        ended = !go_on(arg, pages - sqlite3_backup_remaining(b), pages);
        if (ended)
            break;
        if (rc != SQLITE_DONE)
            usleep(PAUSE_US);
    }
    (void)sqlite3_backup_finish(b);
    if (ended)
        return pav_fail(c->err, PAV_BUSY, c->to, "the copy was ended");
    return rc == SQLITE_DONE ? PAV_OK : failed(c, c->target, "copy");
}

static bool
sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool fine = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return fine;
}

/* Durable, and under its name. */
static enum pav_rc
finish(struct copy *c)
{
    char folder[4096];
    char *slash;

    snprintf(folder, sizeof(folder), "%s", c->to);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        slash[slash == folder] = '\0';
    if (!sync_path(c->part, O_RDWR) || link(c->part, c->to) != 0 ||
        !sync_path(folder, O_RDONLY | O_DIRECTORY))
        return pav_fail(c->err, PAV_IO, c->to, "cannot be written: %s",
                        strerror(errno));
    return PAV_OK;
}

enum pav_rc
pav_store_backup(const char *from, const char *to,
                 bool (*go_on)(void *arg, int64_t copied, int64_t pages),
                 void *arg, struct pav_err *err)
{
    struct copy c = {.from = from, .to = to, .err = err};
    enum pav_rc rc;

    vfs_register();
    if (snprintf(c.part, sizeof(c.part), "%s.part", to) >= (int)sizeof(c.part))
        return pav_fail(err, PAV_INVALID, to, "the name is too long");
    rc = open_source(&c);
    if (rc == PAV_OK)
        rc = open_target(&c);
    if (rc == PAV_OK)
        rc = copy_pages(&c, go_on, arg);
    sqlite3_close(c.target);
    sqlite3_close(c.source);
    if (rc == PAV_OK)
        rc = finish(&c);
    (void)unlink(c.part);
    return rc;
}
