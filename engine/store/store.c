/* The store: opening, migrating, the transaction of a turn, checkpoints. */
#include "pavane/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/clock.h"
#include "pavane/log.h"
#include "columns.h"
#include "schema.h"
#include "seen.h"
#include "store_int.h"
#include "vfs.h"

/*
 * The pages of the log at which it is copied back.  A checkpoint is in the
 * turn: at 800 it takes 4 ms; at 1,500 it takes 5.5, and a twentieth more
 * events pass.
 */
#define CHECKPOINT_PAGES 800
/* A checkpoint that a reader held up is tried again after so long, doubled at
 * each such try. */
#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS   2000

static const char *const disposition_names[PAV_DISPOSITIONS] = {
    [PAV_STARTED] = "started",       [PAV_RESUMED] = "resumed",
    [PAV_PARKED] = "parked",         [PAV_DUPLICATE] = "duplicate",
    [PAV_UNEXPECTED] = "unexpected", [PAV_LATE] = "late",
    [PAV_UNMATCHED] = "unmatched",   [PAV_REJECTED] = "rejected",
    [PAV_EXPIRED] = "expired",       [PAV_ROUTED] = "routed",
};

const char *
pav_disposition_name(enum pav_disposition d)
{
    return disposition_names[d];
}

bool
pav_disposition_find(const char *name, enum pav_disposition *out)
{
    int i;

    for (i = 0; i < PAV_DISPOSITIONS; i++) {
        if (strcmp(disposition_names[i], name) == 0) {
            *out = (enum pav_disposition)i;
            return true;
        }
    }
    return false;
}

/* ---- opening ---- */

#define RESTORE                                                                \
    "restore the file from a backup, or save the rest with 'sqlite3 FILE "     \
    ".recover | sqlite3 NEW'"

static enum pav_rc
open_failed(struct pav_store *s, struct pav_err *err, const char *what)
{
    int code =
        s->failed != SQLITE_OK ? s->failed & 0xff : sqlite3_errcode(s->db);

    switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return pav_fail(err, PAV_IO, s->path,
                        "the database is in use by another process; stop it, "
                        "or name another file");
    case SQLITE_NOTADB:
        return pav_fail(err, PAV_INVALID, s->path,
                        "this file is no SQLite database, or its first page "
                        "is damaged; name another file, or restore it from a "
                        "backup");
    case SQLITE_CORRUPT:
        return pav_fail(err, PAV_DAMAGED, s->path,
                        "the database is damaged where the daemon begins to "
                        "read: " RESTORE " ('pavane verify' lists what is "
                        "wrong) (%s)",
                        s->failure);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return pav_fail(err, PAV_IO, s->path,
                        "cannot be opened for writing (%s): does the folder "
                        "exist, and may this user write there?",
                        sqlite3_errmsg(s->db));
    case SQLITE_FULL:
        return pav_fail(err, PAV_FULL, s->path, "no space left on the disk");
    default:
        return pav_fail(err, PAV_IO, s->path, "cannot %s: %s", what,
                        s->failed != SQLITE_OK ? s->failure
                                               : sqlite3_errmsg(s->db));
    }
}

static bool
run_sql(struct pav_store *s, const char *sql)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    store_failed(s, sqlite3_errcode(s->db), sql);
    return false;
}

static bool
ask_int(struct pav_store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *st;
    bool ok;

    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
        store_failed(s, sqlite3_errcode(s->db), sql);
        return false;
    }
    ok = sqlite3_step(st) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(st, 0);
    else
        store_failed(s, sqlite3_errcode(s->db), sql);
    sqlite3_finalize(st);
    return ok;
}

/* Is it ours, and of which version? */
static enum pav_rc
check_identity(struct pav_store *s, int64_t *version, struct pav_err *err)
{
    int64_t application, tables;

    if (!ask_int(s, "PRAGMA application_id", &application) ||
        !ask_int(s, "PRAGMA user_version", version) ||
        !ask_int(s, "SELECT count(*) FROM sqlite_schema", &tables))
        return open_failed(s, err, "read it");
    if (application == 0 && *version == 0 && tables == 0)
        return PAV_OK; /* empty: new */
    if (application != PAV_APPLICATION_ID)
        return pav_fail(err, PAV_INVALID, s->path,
                        "this database belongs to another program "
                        "(application id %lld); name another file",
                        (long long)application);
    if (*version > schema_version)
        return pav_fail(err, PAV_INVALID, s->path,
                        "this database has schema version %lld, this program "
                        "knows %d; use a newer pavane",
                        (long long)*version, schema_version);
    return PAV_OK;
}

static enum pav_rc
migrate(struct pav_store *s, int64_t version, struct pav_err *err)
{
    char sql[128];

    if (version == schema_version)
        return PAV_OK;
    if (!run_sql(s, "BEGIN IMMEDIATE"))
        return open_failed(s, err, "migrate it");
    for (; version < schema_version; version++)
        if (!run_sql(s, schema_migrations[version]))
            return open_failed(s, err, "migrate it");
    snprintf(sql, sizeof(sql),
             "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
             PAV_APPLICATION_ID, schema_version);
    if (!run_sql(s, sql))
        return open_failed(s, err, "migrate it");
    return PAV_OK;
}

static int64_t
after(int64_t last, int64_t floor)
{
    return (last > floor ? last : floor) + 1;
}

/* Those of deliveries are never given twice, though their rows go. */
static const char *const last_ids[IDS] = {
    [ID_MACHINE] = "SELECT coalesce(max(id),0) FROM machine",
    [ID_VERSION] = "SELECT coalesce(max(id),0) FROM machine_version",
    [ID_RUN] = "SELECT coalesce(max(id),0) FROM map_run",
    [ID_DELIVERY] = ("SELECT coalesce(max(seq),0) FROM sqlite_sequence"
                     " WHERE name='delivery'"),
    [ID_SCHEDULE] = "SELECT coalesce(max(id),0) FROM schedule"};

int64_t
store_new_id(struct pav_store *s, enum store_id of)
{
    PAV_ASSERT(of < IDS);
    return s->next_id[of]++;
}

static bool
load_ids(struct pav_store *s)
{
    int i;

    for (i = 0; i < IDS; i++) {
        if (!ask_int(s, last_ids[i], &s->next_id[i]))
            return false;
        s->next_id[i]++;
    }
    return true;
}

static bool
load_counters(struct pav_store *s)
{
    int64_t event = 0, told = 0, execution = 0, step = 0;

    if (!ask_int(s, "SELECT id FROM database", &s->database) ||
        !ask_int(s, LAST_ID("event"), &event) ||
        !ask_int(s, "SELECT coalesce(max(id),0)/" PER_EVENT " FROM disposition",
                 &told) ||
        !ask_int(s, LAST_ID("execution"), &execution) ||
        !ask_int(s, LAST_ID("step"), &step) ||
        !ask_int(s, "SELECT count(*) FROM parked", &s->parked) ||
        !ask_int(s, "SELECT count(*) FROM task", &s->tasks) ||
        !ask_int(s, "SELECT count(*) FROM note", &s->notes) ||
        !ask_int(s, "SELECT count(*) FROM overdue", &s->overdue) ||
        !load_ids(s))
        return false;
    event = event > told ? event : told; /* of a file that was spoilt */
    s->disposed.event = 0;
    s->next_event = after(event, s->floor.event);
    s->next_execution = after(execution, s->floor.execution);
    s->next_step = after(step, s->floor.step);
    return true;
}

static int
on_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct pav_store *s = arg;

    (void)db;
    (void)name;
    s->log_pages = pages;
    return SQLITE_OK;
}

static enum pav_rc
configure(struct pav_store *s, struct pav_err *err)
{
    int64_t version, synchronous;
    int on;
    enum pav_rc rc;

    /* Before the first table: the way free pages are kept. */
    if (!run_sql(s, "PRAGMA auto_vacuum=INCREMENTAL"))
        return open_failed(s, err, "open it");
    rc = check_identity(s, &version, err);
    if (rc != PAV_OK)
        return rc;
    if (!run_sql(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                    "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0;"
                    "PRAGMA journal_size_limit=67108864;"
                    "PRAGMA cache_spill=OFF; PRAGMA cache_size=-16384;"
                    "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
                    "PRAGMA cell_size_check=ON; PRAGMA secure_delete=FAST"))
        return open_failed(s, err, "configure it");
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
    if (!ask_int(s, "PRAGMA synchronous", &synchronous) || synchronous != 2)
        return pav_fail(err, PAV_IO, s->path,
                        "SQLite does not keep synchronous=FULL");
    sqlite3_wal_hook(s->db, on_log, s);
    return migrate(s, version, err);
}

/* What an older daemon left for others to read. */
static void
keep_private(const char *path)
{
    static const char *const ends[] = {"", "-wal"};
    char name[4096];
    struct stat st;
    size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        if (stat(name, &st) == 0 && S_ISREG(st.st_mode) &&
            (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
            chmod(name, st.st_mode & S_IRWXU) != 0)
            pav_log(PAV_LOG_WARN, NULL, "%s: others may read it", name);
    }
}

struct log_check {
    struct pav_store *store;
    struct pav_err *err;
    enum pav_rc rc;
};

static bool
check_log(void *arg, const char *name)
{
    struct log_check *c = arg;

    c->rc = witness_check_log(c->store, name, c->err);
    return c->rc == PAV_OK;
}

static enum pav_rc
open_checked(struct pav_store *s, struct pav_err *err)
{
    struct pav_err log_err = {0};
    struct log_check check = {.store = s, .err = &log_err, .rc = PAV_OK};
    enum pav_rc rc;

    vfs_before_log(check_log, &check);
    rc = configure(s, err);
    vfs_before_log(NULL, NULL);
    if (check.rc != PAV_OK) {
        *err = log_err;
        return check.rc;
    }
    return rc;
}

enum pav_rc
pav_store_open(const char *path, struct pav_store **out, struct pav_err *err)
{
    struct pav_store *s = pav_xcalloc(1, sizeof(*s));
    enum pav_rc rc;

    vfs_register();
    vfs_set_writer();
    keep_private(path);
    s->path = pav_xstrdup(path);
    s->witness_fd = -1;
    if (sqlite3_open_v2(path, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                            SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        STORE_VFS) != SQLITE_OK) {
        sqlite3_extended_result_codes(s->db, 0);
        rc = open_failed(s, err, "open it");
        goto out;
    }
    sqlite3_extended_result_codes(s->db, 0);
    rc = open_checked(s, err);
    if (rc == PAV_OK &&
        (!statements_prepare(s) || !load_counters(s) || !seen_open(s)))
        rc = open_failed(s, err, "read it");
    if (rc == PAV_OK) {
        witness_open(s);
        if (!load_counters(s)) /* beyond what is missing */
            rc = open_failed(s, err, "read it");
    }
out:
    if (rc != PAV_OK) {
        seen_close(s);
        witness_close(s);
        statements_finalize(s);
        sqlite3_close(s->db);
        free(s->path);
        free(s);
        return rc;
    }
    *out = s;
    return PAV_OK;
}

void
pav_store_cache(struct pav_store *s, int64_t megabytes)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%lld",
             (long long)megabytes * 1024);
    if (!run_sql(s, sql))
        PAV_BUG(sqlite3_errmsg(s->db));
}

void
pav_store_adopt(struct pav_store *s)
{
    (void)s;
    vfs_set_writer();
}

void
pav_store_close(struct pav_store *s)
{
    if (s == NULL)
        return;
    if (s->in_transaction)
        pav_store_rollback(s);
    statements_finalize(s);
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                              NULL);
    if (sqlite3_close(s->db) != SQLITE_OK)
        PAV_BUG("a statement of the store was left open");
    witness_write(s, witness_look(s)); /* closing has synced it all */
    witness_close(s);
    seen_close(s);
    free(s->path);
    free(s);
}

/* ---- the transaction ---- */

enum pav_rc
pav_store_commit(struct pav_store *s, struct pav_err *err)
{
    int code;

    pav_store_event_done(s);
    if (!s->in_transaction && s->failed == SQLITE_OK)
        return PAV_OK; /* a read that failed is no empty answer */
    if (s->failed == SQLITE_OK)
        seen_before_commit(s);
    if (s->failed == SQLITE_OK) {
        vfs_defer_sync(true);
        statements_commit(s);
        vfs_defer_sync(false);
    }
    code = s->failed & 0xff;
    if (code == SQLITE_OK) {
        s->in_transaction = false;
        seen_after_commit(s);
        witness_committed(s);
        return PAV_OK;
    }
    if (code == SQLITE_FULL) {
        pav_store_rollback(s);
        return pav_fail(err, PAV_FULL, s->path, "no space left on the disk");
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_CONSTRAINT) {
        (void)pav_fail(err, PAV_DAMAGED, s->path,
                       "the database is damaged, and what is there cannot be "
                       "had; stop the daemon and " RESTORE " (%s)",
                       s->failure);
        pav_store_rollback(s);
        return PAV_DAMAGED;
    }
    return pav_fail(err, PAV_IO, s->path, "%s", s->failure);
}

void
pav_store_rollback(struct pav_store *s)
{
    s->arriving.open = false;
    statements_rollback(s);
    s->in_transaction = false;
    s->action = ACTION_NONE;
    s->failed = SQLITE_OK;
    seen_rollback(s);
    if (!load_counters(s) && (sqlite3_errcode(s->db) & 0xff) != SQLITE_CORRUPT)
        PAV_BUG(sqlite3_errmsg(s->db)); /* damaged: those before are kept */
    s->failed = SQLITE_OK;
}

void
pav_store_action_begin(struct pav_store *s)
{
    pav_store_event_done(s);
    s->action = ACTION_BEGUN;
}

void
pav_store_action_end(struct pav_store *s, bool keep)
{
    bool wrote;

    pav_store_event_done(s);
    wrote = s->action == ACTION_WROTE;
    s->action = ACTION_NONE;
    if (!wrote || s->failed != SQLITE_OK) /* then all of it goes */
        return;
    statements_release(s, keep);
}

bool
pav_store_wants_checkpoint(const struct pav_store *s, bool idle)
{
    if (s->log_pages < (idle ? 1 : CHECKPOINT_PAGES))
        return false;
    return s->retry_ms == 0 || pav_clock_mono_us() >= s->retry_at_us;
}

void
pav_store_checkpoint(struct pav_store *s)
{
    int in_log = 0, copied = 0, rc;

    vfs_defer_copy(true);
    rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                   &in_log, &copied);
    vfs_defer_copy(false);
    if (rc == SQLITE_OK && copied == in_log) {
        s->log_pages = 0; /* the next commit tells how long it is */
        s->retry_ms = 0;
        return;
    }
    if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_FULL) {
        s->retry_ms = s->retry_ms == 0 ? RETRY_FIRST_MS : s->retry_ms * 2;
        if (s->retry_ms > RETRY_MAX_MS)
            s->retry_ms = RETRY_MAX_MS;
        s->retry_at_us = pav_clock_mono_us() + s->retry_ms * 1000;
        return;
    }
    pav_log(PAV_LOG_ERROR, NULL, "checkpoint failed: %s",
            sqlite3_errmsg(s->db));
    PAV_BUG("checkpoint");
}

void
pav_store_finish_checkpoint(struct pav_store *s)
{
    (void)s;
    vfs_copy_sync();
}

bool
pav_store_staged(const struct pav_store *s)
{
    return s->in_transaction || s->failed != SQLITE_OK;
}

void
pav_store_await_durable(void)
{
    vfs_await();
}

int64_t
pav_store_sync_us(void)
{
    return vfs_sync_us();
}

bool
pav_store_sync_pending(const struct pav_store *s)
{
    (void)s;
    return vfs_sync_pending();
}

void
pav_store_sync(struct pav_store *s)
{
    struct pav_ends ends = witness_look(s);

    vfs_log_sync();
    witness_write(s, ends);
}

const struct pav_loss *
pav_store_loss(const struct pav_store *s)
{
    return &s->loss;
}

enum pav_rc
pav_store_probe(struct pav_store *s, struct pav_err *err)
{
    enum pav_rc rc;

    statements_probe(s);
    rc = pav_store_commit(s, err);
    pav_store_sync(s);
    return rc;
}

int64_t
pav_store_next_event(struct pav_store *s)
{
    return s->next_event++;
}

int64_t
pav_store_next_execution(struct pav_store *s)
{
    return s->next_execution++;
}

int64_t
pav_store_next_step(struct pav_store *s)
{
    return s->next_step++;
}
