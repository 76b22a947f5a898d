/*
 * Reading the store: see pavane/reader.h.
 *
 * R1  An error is no empty answer.  Whatever SQLite says but a row or the end
 *     is kept in the reader, and pav_reader_failed() tells it; only
 *     reader_ask(), reader_row() and run_now() call SQLite, so that no place
 *     can forget to.
 */
#include "pavane/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/flow.h"
#include "columns.h"
#include "reader_int.h"
#include "seen.h"
#include "store_int.h"
#include "vfs.h"

#define STEPS_MAX 100000
#define HOUR_MS   INT64_C(3600000)

struct pav_reader {
    sqlite3 *db;
    sqlite3_stmt **cache; /* prepared statements, by their text */
    const char **texts;
    size_t count;
    int64_t budget_us;
    int64_t deadline_us; /* INT64_MAX: none */
    int failed;          /* R1: SQLite's code of the first error */
    char failure[512];
    struct seen *seen; /* the writer's memory, or NULL */
    struct pav_sources sources;
    struct kept *kept; /* until the next begin */
};

/* Nothing but reading is allowed, whatever a text says. */
static int
authorise(void *arg, int action, const char *a, const char *b, const char *c,
          const char *d)
{
    (void)arg;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
    case SQLITE_TRANSACTION:
        return SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

static int
on_progress(void *arg)
{
    struct pav_reader *r = arg;

    return pav_clock_mono_us() >= r->deadline_us;
}

enum pav_rc
pav_reader_open(const char *path, struct pav_reader **out, struct pav_err *err)
{
    struct pav_reader *r = pav_xcalloc(1, sizeof(*r));

    r->deadline_us = INT64_MAX;
    vfs_register();
    if (sqlite3_open_v2(path, &r->db,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        STORE_VFS) != SQLITE_OK) {
        enum pav_rc rc = pav_fail(err, PAV_IO, path, "cannot be read: %s",
                                  sqlite3_errmsg(r->db));

        sqlite3_close(r->db);
        free(r);
        return rc;
    }
    sqlite3_exec(r->db,
                 "PRAGMA query_only=ON; PRAGMA mmap_size=0;"
                 "PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;"
                 "PRAGMA trusted_schema=OFF; PRAGMA automatic_index=OFF;"
                 /* Its columns are declared now: that is no reading. */
                 "SELECT 1 FROM json_each('[]')",
                 NULL, NULL, NULL);
    sqlite3_db_config(r->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_set_authorizer(r->db, authorise, NULL);
    sqlite3_progress_handler(r->db, 10000, on_progress, r);
    sqlite3_busy_timeout(r->db, 5000);
    *out = r;
    return PAV_OK;
}

void
pav_reader_recent(struct pav_reader *r, const struct pav_store *s)
{
    r->seen = s->seen;
}

struct seen *
reader_seen_of(const struct pav_reader *r)
{
    return r->seen;
}

struct kept {
    struct kept *next;
    int64_t number;
    struct pav_bytes text;
};

const struct pav_bytes *
reader_kept(const struct pav_reader *r, int64_t number)
{
    const struct kept *k = r->kept;

    while (k != NULL && k->number != number)
        k = k->next;
    return k == NULL ? NULL : &k->text;
}

const struct pav_bytes *
reader_keep(struct pav_reader *r, int64_t number, const void *text, size_t len)
{
    struct kept *k = pav_xmalloc(sizeof(*k) + len + 1);

    memcpy(k + 1, text == NULL ? "" : text, len);
    k->number = number;
    k->text = (struct pav_bytes){(const char *)(k + 1), len};
    k->next = r->kept;
    r->kept = k;
    return &k->text;
}

static void
forget_kept(struct pav_reader *r)
{
    struct kept *k;

    while ((k = r->kept) != NULL) {
        r->kept = k->next;
        free(k);
    }
}

void
pav_reader_close(struct pav_reader *r)
{
    size_t i;

    if (r == NULL)
        return;
    forget_kept(r);
    for (i = 0; i < r->count; i++)
        sqlite3_finalize(r->cache[i]);
    free(r->cache);
    free(r->texts);
    sqlite3_close(r->db);
    free(r);
}

/* R1 */
static void
keep_failure(struct pav_reader *r, const char *sql)
{
    if (r->failed != SQLITE_OK)
        return;
    r->failed = sqlite3_extended_errcode(r->db);
    sql_failure(r->db, r->failed, sql, r->failure, sizeof(r->failure));
}

/* R1: what was read contradicts itself. */
void
pav_reader_spoilt(struct pav_reader *r, const char *what)
{
    if (r->failed != SQLITE_OK)
        return;
    r->failed = SQLITE_CORRUPT;
    snprintf(r->failure, sizeof(r->failure), "%s", what);
}

/* NULL when it cannot be prepared: it has no rows then, and R1. */
sqlite3_stmt *
reader_ask(struct pav_reader *r, const char *sql)
{
    size_t i;

    for (i = 0; i < r->count; i++)
        if (r->texts[i] == sql)
            return r->cache[i];
    r->cache = pav_xrealloc(r->cache, (r->count + 1) * sizeof(*r->cache));
    r->texts = pav_xrealloc(r->texts, (r->count + 1) * sizeof(*r->texts));
    if (sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                           &r->cache[r->count], NULL) != SQLITE_OK) {
        keep_failure(r, sql);
        return NULL;
    }
    r->texts[r->count] = sql;
    return r->cache[r->count++];
}

bool
reader_row(struct pav_reader *r, sqlite3_stmt *st)
{
    int rc;

    if (st == NULL)
        return false;
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        keep_failure(r, sqlite3_sql(st));
    sqlite3_reset(st);
    return false;
}

struct pav_sources *
reader_sources_of(struct pav_reader *r)
{
    return &r->sources;
}

static void
run_now(struct pav_reader *r, const char *sql)
{
    reader_row(r, reader_ask(r, sql));
}

void
pav_reader_begin(struct pav_reader *r, int64_t budget_us)
{
    r->budget_us = budget_us;
    r->deadline_us = pav_clock_mono_us() + budget_us;
    r->failed = SQLITE_OK;
    forget_kept(r);
    run_now(r, "BEGIN");
}

void
pav_reader_end(struct pav_reader *r)
{
    size_t i;

    for (i = 0; i < r->count; i++)
        sqlite3_reset(r->cache[i]);
    r->deadline_us = INT64_MAX;
    if (!sqlite3_get_autocommit(r->db))
        run_now(r, "COMMIT");
}

bool
pav_reader_timed_out(const struct pav_reader *r)
{
    return (r->failed & 0xff) == SQLITE_INTERRUPT;
}

enum pav_rc
pav_reader_failed(const struct pav_reader *r, struct pav_err *err)
{
    switch (r->failed & 0xff) {
    case SQLITE_OK:
        return PAV_OK;
    case SQLITE_INTERRUPT:
        return pav_fail(err, PAV_BUSY, "",
                        "the query took longer than %lld ms and was ended; ask "
                        "for less: a smaller limit, or a filter more",
                        (long long)r->budget_us / 1000);
    case SQLITE_BUSY:
        return pav_fail(err, PAV_BUSY, "", "%s", r->failure);
    default:
        return pav_fail(err, PAV_IO, "", "%s", r->failure);
    }
}

/* ---- executions ---- */

#define EXECUTION_VIEW                                                         \
    "SELECT x.id,x.machine_id,x.version_id,x.name,x.key,x.status,"             \
    "x.started_at,x.stopped_at,x.first_step,x.last_step,x.next_event,"         \
    "x.states,m.name,v.version,(SELECT json_group_object(name,json(v)) FROM"   \
    " (SELECT name,json_group_array(value) v FROM attribute"                   \
    " WHERE execution_id=x.id GROUP BY name)),x.waits,"                        \
    "coalesce((SELECT min(due_at) FROM overdue WHERE execution_id=x.id),0)"    \
    " FROM execution x"                                                        \
    " JOIN machine m ON m.id=x.machine_id"                                     \
    " JOIN machine_version v ON v.id=x.version_id "

static void
execution_from(sqlite3_stmt *st, struct pav_arena *a,
               struct pav_execution_view *out)
{
    out->row.id = sqlite3_column_int64(st, 0);
    out->row.machine_id = sqlite3_column_int64(st, 1);
    out->row.version_id = sqlite3_column_int64(st, 2);
    out->row.name = column_str(st, 3, a);
    out->row.key = column_str(st, 4, a);
    out->row.status = sqlite3_column_int(st, 5);
    out->row.started_at = sqlite3_column_int64(st, 6);
    out->row.stopped_at = sqlite3_column_int64(st, 7);
    out->row.first_step = sqlite3_column_int64(st, 8);
    out->row.last_step = sqlite3_column_int64(st, 9);
    out->row.next_event = sqlite3_column_int64(st, 10);
    out->row.states = column_str(st, 11, a);
    out->machine = column_str(st, 12, a);
    out->version = sqlite3_column_int64(st, 13);
    out->attributes = column_str(st, 14, a);
    out->waits = column_str(st, 15, a);
    out->overdue_since = sqlite3_column_int64(st, 16);
}

struct execution_list {
    struct pav_execution_view *v;
    uint32_t count, cap;
};

static void
collect(struct pav_reader *r, sqlite3_stmt *st, struct pav_arena *a,
        struct execution_list *list)
{
    while (list->count < list->cap && reader_row(r, st))
        execution_from(st, a, &list->v[list->count++]);
    sqlite3_reset(st);
}

static int
newest_first(const void *x, const void *y)
{
    const struct pav_execution_view *a = x, *b = y;

    return a->row.id < b->row.id ? 1 : a->row.id > b->row.id ? -1 : 0;
}

int64_t
reader_machine_id(struct pav_reader *r, const char *name)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT id FROM machine WHERE name=?1");
    int64_t id = 0;

    STORE_BIND(st, TEXT(name));
    if (reader_row(r, st)) {
        id = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return id;
}

int64_t *
reader_machines(struct pav_reader *r, struct pav_arena *a, uint32_t *count)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT id FROM machine ORDER BY id");
    int64_t *ids = NULL;

    *count = 0;
    while (reader_row(r, st)) {
        ids = pav_arena_append(a, ids, *count, sizeof(*ids));
        ids[(*count)++] = sqlite3_column_int64(st, 0);
    }
    sqlite3_reset(st);
    return ids;
}

const char *
reader_state_token(const struct pav_execution_filter *f, struct pav_arena *a)
{
    struct pav_buf b;
    const char *token;

    if (f->state == NULL)
        return NULL;
    pav_buf_init(&b, 1 << 16);
    pav_buf_jsons(&b, f->state);
    token = pav_arena_strdup(a, b.p);
    pav_buf_fini(&b);
    return token;
}

/* It was not started by a distributed Map. */
#define NO_CHILD                                                               \
    "NOT EXISTS(SELECT 1 FROM note n WHERE n.execution_id=x.id"                \
    " AND n.run_id>0)"

#define OF_STATUS(status)                                                      \
    EXECUTION_VIEW "WHERE x.machine_id=?1 AND x.status=?2 AND " status         \
                   " AND x.id<?3 AND (?5 IS NULL OR instr(x.states,?5)>0)"     \
                   " AND (?6=0 OR " NO_CHILD ")"                               \
                   " AND (?7=0 OR (?7=1)=EXISTS(SELECT 1 FROM note n"          \
                   " WHERE n.execution_id=x.id AND n.redrive_count>0))"        \
                   " AND (?8 IS NULL OR EXISTS(SELECT 1 FROM note n"           \
                   " WHERE n.execution_id=x.id AND"                            \
                   " (n.alias=?8 OR CAST(n.version_no AS TEXT)=?8)))"          \
                   " ORDER BY x.id DESC LIMIT ?4"

/* How many of a machine and status are, or ended, in the state. */
static int64_t
count_in_state(struct pav_reader *r, int64_t machine_id, int status,
               const char *token)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT coalesce(sum(count),0) FROM standing WHERE"
                      " machine_id=?1 AND status=?2 AND instr(states,?3)>0");
    int64_t n = 0;

    STORE_BIND(st, INT(machine_id), INT(status), TEXT(token));
    if (reader_row(r, st))
        n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

/* The newest of one machine and status, by their index.  Of a state no more are
 * looked for than there are. */
static void
of_status(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t machine_id, int status, int64_t before, uint32_t limit,
          struct pav_arena *a, struct execution_list *list)
{
    sqlite3_stmt *st = status == 0 ? reader_ask(r, OF_STATUS(IS_OPEN))
                                   : reader_ask(r, OF_STATUS(IS_ENDED));
    const char *token = reader_state_token(f, a);
    int64_t there = limit;

    if (token != NULL &&
        (there = count_in_state(r, machine_id, status, token)) == 0)
        return;
    STORE_BIND(st, INT(machine_id), INT(status), INT(before),
               INT(there < limit ? there : limit), TEXT(token),
               INT(f->exclude_map_children), INT(f->redriven),
               TEXT(f->qualifier));
    collect(r, st, a, list);
}

static void
merge(struct execution_list *list, uint32_t limit)
{
    qsort(list->v, list->count, sizeof(*list->v), newest_first);
    if (list->count > limit)
        list->count = limit;
}

static void
by_machine(struct pav_reader *r, const struct pav_execution_filter *f,
           int64_t before, uint32_t limit, struct pav_arena *a,
           struct execution_list *list)
{
    int64_t machine_id = reader_machine_id(r, f->machine);
    int status;

    for (status = 0; status < 5; status++)
        if (f->status < 0 || f->status == status)
            of_status(r, f, machine_id, status, before, limit, a, list);
    merge(list, limit);
}

static void
by_status(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    uint32_t count, i;
    int64_t *machines = reader_machines(r, a, &count);

    int status;

    for (i = 0; i < count; i++)
        for (status = 0; status < 5; status++) {
            if (f->status >= 0 && f->status != status)
                continue;
            of_status(r, f, machines[i], status, before, limit, a, list);
            merge(list, limit);
        }
}

static void
by_run(struct pav_reader *r, const struct pav_execution_filter *f,
       int64_t before, uint32_t limit, struct pav_arena *a,
       struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "WHERE x.id IN (SELECT execution_id FROM note"
                          " WHERE run_id>0 AND run_id=?1"
                          " AND execution_id<?2) AND (?3<0 OR x.status=?3)"
                          " ORDER BY x.id DESC LIMIT ?4");

    STORE_BIND(st, INT(f->run_id), INT(before), INT(f->status), INT(limit));
    collect(r, st, a, list);
}

static void
by_key(struct pav_reader *r, const struct pav_execution_filter *f,
       int64_t before, uint32_t limit, struct pav_arena *a,
       struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "WHERE " OF_KEY("?1") " AND x.id<?2"
                                                " AND (?3 IS NULL OR m.name=?3)"
                                                " AND (?4<0 OR x.status=?4)"
                                                " AND (?6 IS NULL OR"
                                                " instr(x.states,?6)>0)"
                                                " ORDER BY x.id DESC LIMIT ?5");

    STORE_BIND(st, TEXT(f->key), INT(before), TEXT(f->machine), INT(f->status),
               INT(limit), TEXT(reader_state_token(f, a)));
    collect(r, st, a, list);
}

/* What only the rows themselves tell. */
static bool
looks_into_rows(const struct pav_execution_filter *f)
{
    return f->attribute != NULL || f->event_type != NULL ||
           f->started_from != 0 || f->started_until != 0 || f->awaits != NULL ||
           f->prefix != NULL || f->contains != NULL || f->stands != NULL ||
           f->ended_from != 0 || f->ended_until != 0 || f->passed != NULL;
}

/* Each row is looked at, newest first. */
static bool
is_search(const struct pav_execution_filter *f)
{
    return f->overdue || looks_into_rows(f);
}

bool
pav_filter_is_plain(const struct pav_execution_filter *f)
{
    return !looks_into_rows(f) && f->key == NULL && f->run_id == 0 &&
           f->redriven == 0 && f->qualifier == NULL;
}

#define SEARCHED                                                               \
    "AND x.id<?1 AND (?2 IS NULL OR x.key=?2) AND (?3 IS NULL OR m.name=?3)"   \
    " AND (?4<0 OR x.status=?4) AND (?5 IS NULL OR instr(x.states,?5)>0)"      \
    " AND (?6=0 OR x.started_at>=?6) AND (?7=0 OR x.started_at<?7)"            \
    " AND (?8 IS NULL OR x.id IN (SELECT e.first_execution FROM"               \
    " (SELECT first_execution,detail_type,detail_type_at,body FROM event"      \
    " ORDER BY id DESC LIMIT 200000) e WHERE " EVENT_TYPE "=?8"                \
    " UNION ALL SELECT d.execution_id"                                         \
    " FROM (SELECT id,execution_id FROM disposition ORDER BY id DESC"          \
    " LIMIT 200000) d JOIN event e ON e.id=" EVENT_OF(                         \
        "d") " WHERE " EVENT_TYPE "=?8))"                                      \
             " AND (?12 IS NULL OR (x.waits<>'[]' AND EXISTS(SELECT 1 "        \
             "FROM " WAITS                                                     \
             " WHERE instr(' or '||json_extract(w.value,'$[4]')||' or ',"      \
             "' or '||?12||' or ')>0)))"                                       \
             " AND (?13 IS NULL OR instr(lower(x.name),lower(?13))>0"          \
             " OR instr(lower(x.key),lower(?13))>0)"                           \
             " AND (?14=0 OR NOT EXISTS(SELECT 1 FROM note n"                  \
             " WHERE n.execution_id=x.id AND n.run_id>0))"                     \
             " AND x.id>=?15 AND (?18 IS NULL OR (x.status=0 AND EXISTS("      \
             "SELECT 1 FROM json_each(?18) j WHERE m.name=j.value->>0 AND"     \
             " instr(x.states,j.value->>1)>0)))"                               \
             " AND (?19=0 OR x.stopped_at>=?19) AND (?20=0 OR"                 \
             " (x.stopped_at<?20 AND x.stopped_at<>0)) ORDER BY x.id DESC "    \
             "LIMIT ?9"

/* The first execution of about that time: ids and starts go up together, but
 * for clocks that were set back, hence an hour less. */
static int64_t
first_since(struct pav_reader *r, int64_t ms)
{
    int64_t low = 0, high = INT64_MAX, mid;
    sqlite3_stmt *st;

    if (ms == 0)
        return 0;
    ms -= HOUR_MS;
    st = reader_ask(r, "SELECT coalesce(max(id),0) FROM execution");
    if (reader_row(r, st)) {
        high = sqlite3_column_int64(st, 0) + 1;
        sqlite3_reset(st);
    }
    while (low < high) {
        int64_t id = 0, at = 0;

        mid = low + (high - low) / 2;
        st = reader_ask(r, "SELECT id,started_at FROM execution WHERE id>=?1"
                           " ORDER BY id LIMIT 1");
        STORE_BIND(st, INT(mid));
        if (reader_row(r, st)) {
            id = sqlite3_column_int64(st, 0);
            at = sqlite3_column_int64(st, 1);
            sqlite3_reset(st);
        }
        if (id == 0 || at >= ms)
            high = mid;
        else
            low = id + 1;
    }
    return low;
}

#define NARROW 10000

/* Have few names that beginning?  Else the newest rows are looked through. */
static bool
is_narrow(struct pav_reader *r, const char *prefix)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT count(*) FROM (SELECT 1 FROM execution WHERE name>=?1 AND"
           " name<?1||x'f48fbfbf' LIMIT ?2)");
    bool narrow;

    STORE_BIND(st, TEXT(prefix), INT(NARROW + 1));
    narrow = !reader_row(r, st) || sqlite3_column_int64(st, 0) <= NARROW;
    sqlite3_reset(st);
    return narrow;
}

/* What a search begins with: the rows that the narrowest of its parts gives. */
static sqlite3_stmt *
search_ask(struct pav_reader *r, const struct pav_execution_filter *f)
{
    if (f->attribute != NULL && f->value_begins)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM attribute"
                          " WHERE name=?10 AND value>=?11 AND"
                          " value<?11||x'f48fbfbf')"
                          " AND (?16=0 OR EXISTS(SELECT 1 FROM overdue o"
                          " WHERE o.execution_id=x.id))"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->attribute != NULL)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM attribute"
                          " WHERE name=?10 AND value=?11)"
                          " AND (?16=0 OR EXISTS(SELECT 1 FROM overdue o"
                          " WHERE o.execution_id=x.id))"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->overdue)
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT execution_id FROM overdue"
                          " WHERE execution_id<?1)"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->stands != NULL) /* what waits is in progress: by its index */
        return reader_ask(r, EXECUTION_VIEW
                          "WHERE x.id IN (SELECT id FROM execution WHERE"
                          " status=0 AND machine_id>0)"
                          " AND (?17 IS NULL OR (x.name>=?17 AND"
                          " x.name<?17||x'f48fbfbf')) " SEARCHED);
    if (f->prefix != NULL && is_narrow(r, f->prefix))
        return reader_ask(
            r, EXECUTION_VIEW
            "WHERE x.id IN (SELECT id FROM execution"
            " WHERE name>=?17 AND name<?17||x'f48fbfbf') " SEARCHED);
    if (f->prefix != NULL)
        return reader_ask(
            r, EXECUTION_VIEW
            "WHERE +x.name>=?17 AND +x.name<?17||x'f48fbfbf' " SEARCHED);
    return reader_ask(r, EXECUTION_VIEW "WHERE 1 " SEARCHED);
}

static void
by_search(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    int64_t first = first_since(r, f->started_from), last;
    sqlite3_stmt *st = search_ask(r, f);

    /* What began behind that has not ended before it. */
    if (f->ended_until != 0 &&
        (last = first_since(r, f->ended_until + 2 * HOUR_MS)) < before)
        before = last;
    STORE_BIND(st, INT(before), TEXT(f->key), TEXT(f->machine), INT(f->status),
               TEXT(reader_state_token(f, a)), INT(f->started_from),
               INT(f->started_until), TEXT(f->event_type), INT(limit),
               TEXT(f->attribute), TEXT(f->value), TEXT(f->awaits),
               TEXT(f->contains), INT(f->exclude_map_children), INT(first),
               INT(f->overdue), TEXT(f->prefix), TEXT(f->stands),
               INT(f->ended_from), INT(f->ended_until));
    collect(r, st, a, list);
}

/* What passed something, the newest first. */
static void
by_passed(struct pav_reader *r, const struct pav_execution_filter *f,
          int64_t before, uint32_t limit, struct pav_arena *a,
          struct execution_list *list)
{
    struct pav_execution_view *v;
    struct pav_id_set set;
    int64_t id;

    reader_passed(r, f, a, &set);
    for (id = (before < set.end ? before : set.end) - 1;
         id >= set.first && list->count < limit; id--) {
        v = &list->v[list->count];
        if (pav_id_set_has(&set, id) && reader_execution_of(r, id, a, v) &&
            (f->status < 0 || v->row.status == f->status))
            list->count++;
    }
}

static int
oldest_first(const void *x, const void *y)
{
    return newest_first(y, x);
}

/* What is in progress, the oldest first. */
static void
by_age(struct pav_reader *r, const struct pav_execution_filter *f,
       uint32_t limit, struct pav_arena *a, struct execution_list *list)
{
    uint32_t count, i;
    int64_t *machines = reader_machines(r, a, &count);

    if (f->machine != NULL && count > 0) {
        machines[0] = reader_machine_id(r, f->machine);
        count = 1;
    }
    for (i = 0; i < count; i++) {
        sqlite3_stmt *st = reader_ask(
            r, EXECUTION_VIEW "WHERE x.machine_id=?1 AND " IS_OPEN
                              " AND x.id>?2 AND (?4 IS NULL OR"
                              " instr(x.states,?4)>0) AND (?5=0 OR " NO_CHILD
                              ") ORDER BY x.id LIMIT ?3");

        STORE_BIND(st, INT(machines[i]), INT(f->before), INT(limit),
                   TEXT(reader_state_token(f, a)),
                   INT(f->exclude_map_children));
        collect(r, st, a, list);
        qsort(list->v, list->count, sizeof(*list->v), oldest_first);
        if (list->count > limit)
            list->count = limit;
    }
}

/* What is late, the longest late first; `before` of them are passed. */
static void
by_lateness(struct pav_reader *r, const struct pav_execution_filter *f,
            uint32_t limit, struct pav_arena *a, struct execution_list *list)
{
    sqlite3_stmt *st = reader_ask(
        r, EXECUTION_VIEW "JOIN (SELECT execution_id,min(due_at) AS due FROM"
                          " overdue GROUP BY 1) o ON o.execution_id=x.id"
                          " WHERE (?3 IS NULL OR m.name=?3) AND (?4 IS NULL OR"
                          " instr(x.states,?4)>0)"
                          " ORDER BY o.due,x.id LIMIT ?2 OFFSET ?1");

    STORE_BIND(st, INT(f->before), INT(limit), TEXT(f->machine),
               TEXT(reader_state_token(f, a)));
    collect(r, st, a, list);
}

uint32_t
pav_reader_executions(struct pav_reader *r,
                      const struct pav_execution_filter *f, struct pav_arena *a,
                      struct pav_execution_view **out, int64_t *next)
{
    int64_t before = f->before == 0 ? INT64_MAX : f->before;
    uint32_t limit = f->limit + 1; /* one more tells whether there is more */
    struct execution_list list = {.cap = limit * 5};
    sqlite3_stmt *st;

    list.v = pav_arena_alloc(a, list.cap * sizeof(*list.v));
    if (f->stands != NULL && strcmp(f->stands, "[]") == 0) {
        /* nobody waits so */
    } else if (f->passed != NULL) {
        by_passed(r, f, before, limit, a, &list);
    } else if (f->oldest_first && f->overdue) {
        by_lateness(r, f, limit, a, &list);
    } else if (f->oldest_first) {
        by_age(r, f, limit, a, &list);
    } else if (is_search(f)) {
        by_search(r, f, before, limit, a, &list);
    } else if (f->run_id != 0) {
        by_run(r, f, before, limit, a, &list);
    } else if (f->key != NULL) {
        by_key(r, f, before, limit, a, &list);
    } else if (f->machine != NULL) {
        by_machine(r, f, before, limit, a, &list);
    } else if (f->status >= 0 || f->state != NULL) {
        by_status(r, f, before, limit, a, &list);
    } else {
        st = reader_ask(r, EXECUTION_VIEW "WHERE x.id<?1 AND (?3=0 OR " NO_CHILD
                                          ") "
                                          "ORDER BY x.id DESC LIMIT ?2");
        STORE_BIND(st, INT(before), INT(limit), INT(f->exclude_map_children));
        collect(r, st, a, &list);
    }
    *next = 0;
    if (list.count > f->limit) {
        list.count = f->limit;
        *next = f->oldest_first && f->overdue ? f->before + f->limit
                                              : list.v[list.count - 1].row.id;
    }
    *out = list.v;
    return list.count;
}

bool
pav_reader_execution(struct pav_reader *r, const char *machine,
                     const char *name, struct pav_arena *a,
                     struct pav_execution_view *out)
{
    sqlite3_stmt *st =
        reader_ask(r, EXECUTION_VIEW "WHERE x.name=?2 AND x.machine_id=?1");

    STORE_BIND(st, INT(reader_machine_id(r, machine)), TEXT(name));
    if (!reader_row(r, st))
        return false;
    execution_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
reader_execution_of(struct pav_reader *r, int64_t id, struct pav_arena *a,
                    struct pav_execution_view *out)
{
    sqlite3_stmt *st = reader_ask(r, EXECUTION_VIEW "WHERE x.id=?1");

    STORE_BIND(st, INT(id));
    if (!reader_row(r, st))
        return false;
    execution_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

/* ---- steps ---- */

#define MISSING_STEP                                                           \
    "in table step: a step of an execution is missing, or not as it was "      \
    "written"

bool
pav_reader_step(struct pav_reader *r, int64_t id, struct pav_arena *a,
                struct pav_step_row *out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT " STEP_COLUMNS " FROM step WHERE id=?1");

    bool whole;

    STORE_BIND(st, INT(id));
    whole = reader_row(r, st) && step_from(st, a, out);
    sqlite3_reset(st);
    if (!whole)
        pav_reader_spoilt(r, MISSING_STEP);
    return whole;
}

/*
 * The chain runs from the newest step back: the ids of those that hold events
 * from `from` on and before `until`, newest first; free().
 */
static int64_t *
chain(struct pav_reader *r, int64_t last_step, int64_t from, int64_t until,
      uint32_t *count)
{
    int64_t *ids = NULL, id = last_step, first = INT64_MAX;
    uint32_t cap = 0;

    *count = 0;
    while (id != 0 && first > from && *count < STEPS_MAX) {
        sqlite3_stmt *st =
            reader_ask(r, "SELECT previous,first_event FROM step WHERE id=?1");

        STORE_BIND(st, INT(id));
        if (!reader_row(r, st)) {
            pav_reader_spoilt(r, MISSING_STEP);
            break;
        }
        first = sqlite3_column_int64(st, 1);
        if (*count == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            ids = pav_xrealloc(ids, cap * sizeof(*ids));
        }
        if (first >= until) /* behind the page: only passed */
            *count = 0;
        ids[(*count)++] = id;
        id = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return ids;
}

uint32_t
pav_reader_steps(struct pav_reader *r, int64_t last_step, int64_t from,
                 int64_t events, struct pav_arena *a, struct pav_step_row **out)
{
    uint32_t count, i, n = 0;
    int64_t *ids = chain(r, last_step, from, from + events, &count);

    *out = pav_arena_alloc(a, (count + 1) * sizeof(**out));
    for (i = count; i-- > 0;)
        if (pav_reader_step(r, ids[i], a, &(*out)[n]) &&
            (*out)[n].first_event < from + events)
            n++;
    free(ids);
    return n;
}

void
pav_reader_walk(struct pav_reader *r, int64_t last_step,
                void (*fn)(void *arg, const struct pav_step_row *step),
                void *arg)
{
    uint32_t count, i;
    int64_t *ids = chain(r, last_step, 1, INT64_MAX, &count);
    struct pav_arena scratch;
    struct pav_step_row step;

    pav_arena_init(&scratch, 1 << 16);
    for (i = count; i-- > 0;) {
        if (pav_reader_step(r, ids[i], &scratch, &step))
            fn(arg, &step);
        pav_arena_reset(&scratch);
    }
    pav_arena_fini(&scratch);
    free(ids);
}

/* ---- events ---- */

bool
pav_reader_event(struct pav_reader *r, int64_t id, struct pav_arena *a,
                 struct pav_event_row *out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT " EVENT_COLUMNS " FROM event e WHERE id=?1");
    bool whole;

    memset(out, 0, sizeof(*out));
    STORE_BIND(st, INT(id));
    if (!reader_row(r, st))
        return false;
    whole = event_from(st, a, out);
    sqlite3_reset(st);
    if (!whole)
        pav_reader_spoilt(r, EVENT_SPOILT);
    return whole;
}

/* ---- machines ---- */

#define VERSION_VIEW                                                           \
    "SELECT m.id,v.id,m.name,m.by_folder,m.active,v.version,v.created_at,"     \
    "v.definition,v.rules,v.readme,v.role_arn,f.report,m.type,m.attributes,"   \
    "m.created_at"                                                             \
    " FROM machine_version v JOIN machine m ON m.id=v.machine_id"              \
    " LEFT JOIN folder_fault f ON f.name=m.name "

static void
machine_from(sqlite3_stmt *st, struct pav_arena *a,
             struct pav_machine_view *out)
{
    memset(out, 0, sizeof(*out));
    out->row.id = sqlite3_column_int64(st, 0);
    out->row.version_id = sqlite3_column_int64(st, 1);
    out->row.name = column_str(st, 2, a);
    out->row.by_folder = sqlite3_column_int(st, 3) != 0;
    out->row.active = sqlite3_column_int(st, 4) != 0;
    out->row.version = sqlite3_column_int64(st, 5);
    out->row.created_at = sqlite3_column_int64(st, 6);
    out->row.definition = column_bytes(st, 7, a);
    out->row.rules = column_bytes(st, 8, a);
    out->row.readme = column_bytes(st, 9, a);
    out->row.role_arn = column_str(st, 10, a);
    out->fault = column_str(st, 11, a);
    out->row.type = sqlite3_column_int(st, 12);
    out->row.attributes = column_str(st, 13, a);
    out->row.first_at = sqlite3_column_int64(st, 14);
}

static void
count_statuses(struct pav_reader *r, struct pav_machine_view *m)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT status,child,sum(count) FROM standing"
                      " WHERE machine_id=?1 GROUP BY 1,2");

    STORE_BIND(st, INT(m->row.id));
    while (reader_row(r, st)) {
        int status = sqlite3_column_int(st, 0);

        if (status < 0 || status >= 5)
            continue;
        if (sqlite3_column_int(st, 1) == 0)
            m->counts[status] = sqlite3_column_int64(st, 2);
        else
            m->children += sqlite3_column_int64(st, 2);
    }
    sqlite3_reset(st);
}

uint32_t
reader_count(struct pav_reader *r, const char *sql)
{
    sqlite3_stmt *st = reader_ask(r, sql);
    uint32_t n = 0;

    if (reader_row(r, st))
        n = (uint32_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

uint32_t
pav_reader_machines(struct pav_reader *r, bool counted, struct pav_arena *a,
                    struct pav_machine_view **out)
{
    uint32_t room = reader_count(r, "SELECT count(*) FROM machine") +
                    reader_count(r, "SELECT count(*) FROM folder_fault");
    uint32_t count = 0, i;
    sqlite3_stmt *st = reader_ask(
        r, VERSION_VIEW "WHERE v.id=m.version_id AND m.name NOT LIKE '%~%'"
                        " ORDER BY m.name");

    *out = pav_arena_alloc(a, (room + 1) * sizeof(**out));
    while (count < room && reader_row(r, st))
        machine_from(st, a, &(*out)[count++]);
    sqlite3_reset(st);
    for (i = 0; counted && i < count; i++)
        count_statuses(r, &(*out)[i]);
    st = reader_ask(r, "SELECT name,report FROM folder_fault WHERE name NOT IN "
                       "(SELECT name FROM machine) ORDER BY name");
    while (count < room && reader_row(r, st)) {
        struct pav_machine_view *m = &(*out)[count++];

        memset(m, 0, sizeof(*m));
        m->row.name = column_str(st, 0, a);
        m->fault = column_str(st, 1, a);
    }
    sqlite3_reset(st);
    return count;
}

bool
pav_reader_machine(struct pav_reader *r, const char *name, struct pav_arena *a,
                   struct pav_machine_view *out)
{
    sqlite3_stmt *st =
        reader_ask(r, VERSION_VIEW "WHERE m.name=?1 AND v.id=m.version_id");

    STORE_BIND(st, TEXT(name));
    if (!reader_row(r, st))
        return false;
    machine_from(st, a, out);
    sqlite3_reset(st);
    count_statuses(r, out);
    return true;
}

uint32_t
pav_reader_versions(struct pav_reader *r, int64_t machine_id, uint32_t limit,
                    struct pav_arena *a, struct pav_version_view **out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT id,version,created_at FROM machine_version"
                      " WHERE machine_id=?1 ORDER BY version DESC LIMIT ?2");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(machine_id), INT(limit));
    while (n < limit && reader_row(r, st)) {
        (*out)[n].id = sqlite3_column_int64(st, 0);
        (*out)[n].number = sqlite3_column_int64(st, 1);
        (*out)[n++].created_at = sqlite3_column_int64(st, 2);
    }
    sqlite3_reset(st);
    return n;
}

bool
pav_reader_version(struct pav_reader *r, int64_t version_id,
                   struct pav_arena *a, struct pav_machine_row *out)
{
    sqlite3_stmt *st = reader_ask(r, VERSION_VIEW "WHERE v.id=?1");
    struct pav_machine_view view;

    STORE_BIND(st, INT(version_id));
    if (!reader_row(r, st))
        return false;
    machine_from(st, a, &view);
    *out = view.row;
    sqlite3_reset(st);
    return true;
}

bool
pav_reader_meta(struct pav_reader *r, int64_t execution_id, struct pav_arena *a,
                struct pav_meta_row *out)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT " META_COLUMNS
                                     " FROM note n WHERE n.execution_id=?1");

    memset(out, 0, sizeof(*out));
    STORE_BIND(st, INT(execution_id));
    if (!reader_row(r, st))
        return false;
    meta_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

int64_t
pav_reader_run_id(struct pav_reader *r, const char *arn)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT id FROM map_run WHERE arn=?1");
    int64_t id = 0;

    STORE_BIND(st, TEXT(arn));
    if (reader_row(r, st)) {
        id = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return id;
}

const char *
pav_reader_run_arn(struct pav_reader *r, int64_t run_id, struct pav_arena *a)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT arn FROM map_run WHERE id=?1");
    const char *arn = NULL;

    STORE_BIND(st, INT(run_id));
    if (reader_row(r, st)) {
        arn = column_str(st, 0, a);
        sqlite3_reset(st);
    }
    return arn;
}

bool
pav_reader_published(struct pav_reader *r, int64_t machine_id,
                     const char *qualifier, struct pav_arena *a,
                     struct pav_name_view *out)
{
    /* An alias leads to the number of its first version. */
    sqlite3_stmt *st = reader_ask(
        r, "SELECT v.number,json_extract(v.body,'$.versionId'),"
           "json_extract(v.body,'$.createdAt'),"
           "json_extract(v.body,'$.description') FROM name v"
           " WHERE v.kind=0 AND v.owner=?1 AND v.number=coalesce((SELECT"
           " json_extract(body,'$.routing[0].number') FROM name"
           " WHERE kind=1 AND owner=?1 AND name=?2),"
           " CAST(?2 AS INTEGER))");

    memset(out, 0, sizeof(*out));
    STORE_BIND(st, INT(machine_id), TEXT(qualifier));
    if (!reader_row(r, st))
        return false;
    out->number = sqlite3_column_int64(st, 0);
    out->version_id = sqlite3_column_int64(st, 1);
    out->created_at = sqlite3_column_int64(st, 2);
    out->description = column_str(st, 3, a);
    sqlite3_reset(st);
    return true;
}
