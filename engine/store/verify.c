/*
 * Checking a whole database: its pages by SQLite, and what rows of one table
 * say about another's.  A check is a query for what is wrong, in words.
 */
#include "pavane/verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/text.h"
#include "columns.h"
#include "schema.h"
#include "seen.h"
#include "seen_runs.h"
#include "store_int.h"
#include "vfs.h"

#define CACHE "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"

/* Rows of a table for which another has no row. */
#define WITHOUT(words, from, where, there, key)                                \
    "SELECT " words " FROM " from " WHERE " where " AND NOT EXISTS"            \
    " (SELECT 1 FROM " there " WHERE " key ")"
#define ALL  "1"
#define RUNS "x.status=0" /* PAV_RUNNING */

static const struct {
    const char *name, *claim, *sql;
} queries[] = {
    {"file", "each page and each index is whole",
     "SELECT integrity_check FROM pragma_integrity_check(1000)"
     " WHERE integrity_check<>'ok'"},
    {"events", "the ids of events have no gap, behind what was forgotten",
     "SELECT CASE WHEN id=before+2 THEN 'event '||(id-1)||' is missing'"
     " ELSE 'events '||(before+1)||' to '||(id-1)||' are missing' END"
     " FROM (SELECT id,lag(id,1,(SELECT event_id FROM progress"
     " WHERE name='forgotten event')) OVER (ORDER BY id) before FROM event"
     " WHERE id>(SELECT event_id FROM progress WHERE name='forgotten event'))"
     " WHERE id>before+1"},
    {"dispositions", "each belongs to an event that is there",
     WITHOUT(
         "'disposition '||d.id||': event '||" EVENT_OF("d") "||' is missing'",
         "disposition d", ALL, "event e", "e.id=" EVENT_OF("d"))},
    {"executions", "each has its machine's version",
     WITHOUT("'execution '||x.id||' ('||x.name||'): version '||x.version_id||"
             "' is missing'",
             "execution x", ALL, "machine_version v", "v.id=x.version_id")},
    {"standing", "each execution is counted where it is",
     "SELECT 'machine '||machine_id||', status '||status||', '||states||': '||"
     "sum(counted)||' are counted, '||sum(there)||' are there' FROM (SELECT"
     " machine_id,child,status,states,count AS counted,0 AS there FROM standing"
     " UNION ALL SELECT x.machine_id,coalesce(n.run_id,0)>0,x.status,x.states,"
     "0,count(*) FROM execution x LEFT JOIN note n ON n.execution_id=x.id"
     " GROUP BY 1,2,3,4) GROUP BY machine_id,child,status,states"
     " HAVING sum(counted)<>sum(there)"},
    {"first-steps", "each execution has its first step",
     WITHOUT("'execution '||x.id||' ('||x.name||'): step '||x.first_step||"
             "' is missing'",
             "execution x", ALL, "step s",
             "s.id=x.first_step AND s.execution_id=x.id")},
    {"last-steps", "each execution has its last step, and history up to there",
     WITHOUT("'execution '||x.id||' ('||x.name||'): step '||x.last_step||"
             "' is missing, or its history ends elsewhere'",
             "execution x", ALL, "step s",
             "s.id=x.last_step AND s.execution_id=x.id"
             " AND s.first_event+s.event_count=x.next_event")},
    {"steps", "each belongs to an execution that is there",
     WITHOUT("'step '||s.id||': execution '||s.execution_id||' is missing'",
             "step s", ALL, "execution x", "x.id=s.execution_id")},
    {"journal", "each step follows one of its execution without a gap",
     WITHOUT("'step '||s.id||' of execution '||s.execution_id||"
             "' does not follow step '||s.previous",
             "step s", "s.previous<>0", "step p",
             "p.id=s.previous AND p.execution_id=s.execution_id"
             " AND p.first_event+p.event_count=s.first_event")},
    {"records", "what each step wrote is as it was written",
     "SELECT 'step '||id||' of execution '||execution_id||': its record is "
     "not as it was written' FROM step WHERE sum NOT IN (0,"
     "row_sum(id,record))"},
    {"bodies", "what each producer wrote is as it was written",
     "SELECT 'event '||id||': its body is not as it was written' FROM event"
     " WHERE sum NOT IN (0,row_sum(id,body))"},
    {"causes", "the event that moved a step is there",
     WITHOUT("'step '||s.id||': event '||s.event_id||' is missing'", "step s",
             "s.event_id>0", "event e", "e.id=s.event_id")},
    {"taken", "the execution that an event started or resumed is there",
     WITHOUT("'event '||e.id||': execution '||e.first_execution||"
             "' is missing'",
             "event e",
             "e.first_kind IS NOT NULL AND e.first_execution>(SELECT event_id"
             " FROM progress WHERE name='forgotten execution')",
             "execution x", "x.id=e.first_execution")},
    {"waits", "only executions that run wait",
     "SELECT 'execution '||x.id||' ('||x.name||') has ended and waits'"
     " FROM execution x WHERE x.status<>0 AND x.waits<>'[]'"},
    {"timers", "each belongs to an execution that runs",
     WITHOUT("'timer '||t.no||' of execution '||t.execution_id||"
             "': that does not run'",
             "timer t", ALL, "execution x", "x.id=t.execution_id AND " RUNS)},
    {"tasks", "each belongs to an execution that runs",
     WITHOUT("'task '||t.no||' of execution '||t.execution_id||"
             "': that does not run'",
             "task t", ALL, "execution x", "x.id=t.execution_id AND " RUNS)},
    {"parked", "each is an event that is there",
     WITHOUT("'parked event '||p.event_id||' is missing'", "parked p", ALL,
             "event e", "e.id=p.event_id")},
    {"archives", "each event of an archive is there",
     WITHOUT("'archive '||a.archive_id||': event '||a.event_id||"
             "' is missing'",
             "archive_event a", ALL, "event e", "e.id=a.event_id")},
    {"map-runs", "each has as many items as it says",
     "SELECT 'map run '||id||': it says '||total||' items, and '||there||"
     "' are there' FROM (SELECT r.id,r.total,(SELECT count(*) FROM map_item i"
     " WHERE i.run_id=r.id) there FROM map_run r WHERE r.total>=0)"
     " WHERE there<>total"},
    {"items", "each belongs to a map run that is there",
     WITHOUT("'item '||i.item||' of map run '||i.run_id||': the run is "
             "missing'",
             "map_item i", ALL, "map_run r", "r.id=i.run_id")},
};

struct verification {
    sqlite3 *db;
    const char *path;
    void (*begins)(void *arg, const struct pav_check *c);
    void (*ends)(void *arg, const struct pav_check *c);
    void *arg;
    int64_t wrong;
    struct pav_arena arena;
};

/* Damaged texts go to a terminal and into JSON. */
static const char *
printable(struct pav_arena *a, const char *text)
{
    size_t len = strlen(text), i;
    char *copy = pav_arena_strndup(a, text, len);

    for (i = 0; i < len;) {
        size_t n = pav_utf8_len(text + i, text + len);

        if (n == 0 || (unsigned char)text[i] < ' ') {
            copy[i] = '?';
            n = 1;
        }
        i += n;
    }
    return copy;
}

static void
found(struct verification *v, struct pav_check *c, const char *what)
{
    c->wrong++;
    if (c->shown < PAV_FINDINGS_SHOWN)
        c->findings[c->shown++] =
            printable(&v->arena, what == NULL ? "" : what);
}

static void
begin(struct verification *v, struct pav_check *c, const char *name,
      const char *claim)
{
    memset(c, 0, sizeof(*c));
    c->name = name;
    c->claim = claim;
    v->begins(v->arg, c);
}

static void
end(struct verification *v, struct pav_check *c)
{
    v->wrong += c->wrong;
    v->ends(v->arg, c);
    pav_arena_reset(&v->arena);
}

static const char *
tree_name(struct verification *v, int64_t root)
{
    sqlite3_stmt *st;
    const char *name = NULL;

    if (sqlite3_prepare_v2(v->db,
                           "SELECT type||' '||name FROM sqlite_schema"
                           " WHERE rootpage=?1",
                           -1, &st, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_int64(st, 1, root);
    if (sqlite3_step(st) == SQLITE_ROW)
        name = column_str(st, 0, &v->arena);
    sqlite3_finalize(st);
    return name;
}

/* SQLite tells of several pages in one row, and of trees by their root. */
static void
found_in_file(struct verification *v, struct pav_check *c, const char *rows)
{
    char *save = NULL, *copy = pav_arena_strdup(&v->arena, rows), *line;

    for (line = strtok_r(copy, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *rest = NULL;
        const char *tree = strncmp(line, "Tree ", 5) == 0
                               ? tree_name(v, strtoll(line + 5, &rest, 10))
                               : NULL;

        if (strncmp(line, "***", 3) != 0)
            found(v, c,
                  tree == NULL
                      ? line
                      : pav_arena_printf(&v->arena, "%s:%s", tree, rest));
    }
}

/* A page that cannot be read ends a query: that is a finding as well. */
static void
run_query(struct verification *v, const char *name, const char *claim,
          const char *sql)
{
    void (*take)(struct verification * v, struct pav_check * c,
                 const char *row) =
        strcmp(name, "file") == 0 ? found_in_file : found;
    struct pav_check c;
    sqlite3_stmt *st = NULL;
    int rc;

    begin(v, &c, name, claim);
    rc = sqlite3_prepare_v2(v->db, sql, -1, &st, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        if (rc == SQLITE_ROW)
            take(v, &c, column_str(st, 0, &v->arena));
    }
    if (rc != SQLITE_DONE)
        found(v, &c,
              pav_arena_printf(&v->arena, "the check could not go on: %s",
                               sqlite3_errmsg(v->db)));
    sqlite3_finalize(st);
    end(v, &c);
}

static int64_t
ask(struct verification *v, const char *sql)
{
    sqlite3_stmt *st;
    int64_t n = 0;

    if (sqlite3_prepare_v2(v->db, sql, -1, &st, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void
check_log(struct verification *v)
{
    const char *name = pav_arena_printf(&v->arena, "%s-wal", v->path);
    struct pav_check c;
    int64_t unread;
    int fd;

    begin(v, &c, "log", "each commit in the log (-wal) can be read");
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    unread = fd < 0 ? 0 : witness_unread(fd);
    if (fd >= 0)
        close(fd);
    if (unread > 0)
        found(v, &c,
              pav_arena_printf(&v->arena,
                               "%lld commits follow a damaged place of the log",
                               (long long)unread));
    end(v, &c);
}

static void
compare_end(struct verification *v, struct pav_check *c, const char *what,
            int64_t had, const char *sql)
{
    int64_t have = ask(v, sql);

    if (had > have)
        found(v, c,
              pav_arena_printf(&v->arena,
                               "%s %lld to %lld were durable and are missing",
                               what, (long long)have + 1, (long long)had));
}

static void
check_witness(struct verification *v)
{
    struct pav_ends had;
    struct pav_check c;

    begin(v, &c, "acknowledged", "all that was durable is there (-witness)");
    if (witness_read(v->path, ask(v, "SELECT id FROM database"), &had)) {
        compare_end(v, &c, "events", had.event, LAST_ID("event"));
        compare_end(v, &c, "executions", had.execution, LAST_ID("execution"));
        compare_end(v, &c, "steps", had.step, LAST_ID("step"));
    }
    end(v, &c);
}

/* An id that is in no index would be taken for new when it comes again. */
#define IN_RUNS                                                                \
    "CREATE TEMP TABLE in_run(hash,id,PRIMARY KEY(hash,id)) WITHOUT ROWID;"    \
    "INSERT OR IGNORE INTO in_run WITH RECURSIVE place(n) AS (SELECT 0"        \
    " UNION ALL SELECT n+1 FROM place WHERE n+1<(SELECT"                       \
    " max(length(entries))/16 FROM event_run)) SELECT run_hash(entries,n),"    \
    "run_id(entries,n) FROM event_run,place WHERE n<length(entries)/16"
#define IS_KNOWN(table, id)                                                    \
    "EXISTS (SELECT 1 FROM " table " s WHERE s.hash=seen_hash(" EVENT_SOURCE   \
    "," EVENT_ID ") AND s." id "=e.id)"

static void
check_ids(struct verification *v)
{
    /* The query cannot go on when this fails. */
    sqlite3_exec(v->db, IN_RUNS, NULL, NULL, NULL);
    run_query(
        v, "ids", "each event is known by its id when it comes again",
        "SELECT 'event '||e.id||': its id would be taken for new' FROM"
        " event e WHERE e.id<=(SELECT event_id FROM progress"
        " WHERE name='seen') AND NOT " IS_KNOWN(
            "event_seen", "event_id") " AND NOT " IS_KNOWN("in_run", "id"));
}

static enum pav_rc
refuse(struct verification *v, struct pav_err *err)
{
    switch (sqlite3_errcode(v->db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return pav_fail(err, PAV_IO, v->path,
                        "the database is in use; stop the daemon first");
    case SQLITE_NOTADB:
        return pav_fail(err, PAV_INVALID, v->path,
                        "this file is no SQLite database, or its first page is "
                        "damaged: restore it from a backup");
    default:
        return pav_fail(err, PAV_IO, v->path, "cannot be read: %s",
                        sqlite3_errmsg(v->db));
    }
}

static struct pav_bytes
value_bytes(sqlite3_value *v)
{
    const char *p = sqlite3_value_blob(v);

    return (struct pav_bytes){p, (size_t)sqlite3_value_bytes(v)};
}

static void
row_sum_sql(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    sqlite3_result_int64(c,
                         row_sum(sqlite3_value_int64(v[0]), value_bytes(v[1])));
}

static void
seen_hash_sql(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    sqlite3_result_int64(c, seen_hash_of(value_bytes(v[0]), value_bytes(v[1])));
}

static void
run_entry_sql(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct pav_bytes row = value_bytes(v[0]);
    uint32_t at = (uint32_t)sqlite3_value_int(v[1]);
    struct seen_entry e = {0};

    (void)n;
    if (at < run_entries(row.len))
        e = run_entry(row.p, at);
    sqlite3_result_int64(c, sqlite3_user_data(c) == NULL ? e.hash : e.id);
}

static const struct {
    const char *name;
    void (*f)(sqlite3_context *c, int n, sqlite3_value **v);
    bool of_id;
} functions[] = {
    {"row_sum", row_sum_sql, false},
    {"seen_hash", seen_hash_sql, false},
    {"run_hash", run_entry_sql, false},
    {"run_id", run_entry_sql, true},
};

static enum pav_rc
open_checked(struct verification *v, struct pav_err *err)
{
    int64_t version;
    struct stat st;
    size_t i;

    if (stat(v->path, &st) != 0)
        return pav_fail(err, PAV_MISSING, v->path, "there is no such file");
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return pav_fail(err, PAV_INVALID, v->path,
                        S_ISREG(st.st_mode) ? "this file is empty"
                                            : "this is no plain file");
    vfs_register();
    if (sqlite3_open_v2(v->path, &v->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        STORE_VFS) != SQLITE_OK ||
        sqlite3_exec(v->db, CACHE "SELECT count(*) FROM sqlite_schema", NULL,
                     NULL, NULL) != SQLITE_OK)
        return refuse(v, err);
    sqlite3_db_config(v->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        sqlite3_create_function(
            v->db, functions[i].name, 2, SQLITE_UTF8,
            functions[i].of_id ? (void *)(uintptr_t)&functions[i] : NULL,
            functions[i].f, NULL, NULL);
    version = ask(v, "PRAGMA user_version");
    if (ask(v, "PRAGMA application_id") != PAV_APPLICATION_ID)
        return pav_fail(err, PAV_INVALID, v->path,
                        "this database belongs to another program");
    if (version != schema_version)
        return pav_fail(err, PAV_INVALID, v->path,
                        "this database has schema version %lld and this "
                        "program knows %d: start the daemon once, or use the "
                        "pavane that wrote it",
                        (long long)version, schema_version);
    return PAV_OK;
}

enum pav_rc
pav_store_verify(const char *path,
                 void (*begins)(void *arg, const struct pav_check *c),
                 void (*ends)(void *arg, const struct pav_check *c), void *arg,
                 int64_t *wrong, struct pav_err *err)
{
    struct verification v = {
        .path = path, .begins = begins, .ends = ends, .arg = arg};
    enum pav_rc rc = open_checked(&v, err);
    size_t i;

    pav_arena_init(&v.arena, 4096);
    if (rc == PAV_OK) {
        check_log(&v);
        check_witness(&v);
        for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
            run_query(&v, queries[i].name, queries[i].claim, queries[i].sql);
        check_ids(&v);
    }
    pav_arena_fini(&v.arena);
    sqlite3_close(v.db);
    *wrong = v.wrong;
    return rc;
}
