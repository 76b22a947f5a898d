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
#include "columns.h"
#include "reader_int.h"
#include "seen.h"
#include "store_int.h"
#include "vfs.h"

#define STEPS_MAX 100000

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

bool
reader_stopped(struct pav_reader *r)
{
    if (r->failed == SQLITE_OK && pav_clock_mono_us() >= r->deadline_us)
        r->failed = SQLITE_INTERRUPT; /* R1: a part is no answer */
    return r->failed != SQLITE_OK;
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

struct reader_link
reader_step_link(struct pav_reader *r, int64_t id)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT previous,event_id,first_event FROM step WHERE id=?1");
    struct reader_link link = {0, 0, 0};

    STORE_BIND(st, INT(id));
    if (!reader_row(r, st)) {
        pav_reader_spoilt(r, MISSING_STEP);
        return link;
    }
    link.previous = sqlite3_column_int64(st, 0);
    link.event_id = sqlite3_column_int64(st, 1);
    link.first_event = sqlite3_column_int64(st, 2);
    sqlite3_reset(st);
    return link;
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
        struct reader_link link = reader_step_link(r, id);

        if (link.first_event == 0)
            break;
        first = link.first_event;
        if (*count == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            ids = pav_xrealloc(ids, cap * sizeof(*ids));
        }
        if (first >= until) /* behind the page: only passed */
            *count = 0;
        ids[(*count)++] = id;
        id = link.previous;
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

int64_t
reader_number(struct pav_reader *r, sqlite3_stmt *st)
{
    int64_t n = 0;

    if (reader_row(r, st)) {
        n = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return n;
}

int64_t
reader_machine_id(struct pav_reader *r, const char *name)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT id FROM machine WHERE name=?1");

    STORE_BIND(st, TEXT(name));
    return reader_number(r, st);
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

int64_t
reader_progress(struct pav_reader *r, const char *name)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT event_id FROM progress WHERE name=?1");

    STORE_BIND(st, TEXT(name));
    return reader_number(r, st);
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

    STORE_BIND(st, TEXT(arn));
    return reader_number(r, st);
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
