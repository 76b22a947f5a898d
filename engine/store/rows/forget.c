/*
 * What is forgotten: executions that ended long ago, with all that is theirs,
 * and events that nothing refers to any more.
 *
 * An execution goes from its newest step back, so many rows at a time, and is
 * whole in between: only its history is shorter.  An event goes with the last
 * execution that it moved, or by itself when it moved none.
 */
#include "store/columns.h"
#include "store/seen.h"
#include "store/store_int.h"

enum {
    SQL_EXPIRED_NEXT = ROWS_AT(forget),
    SQL_STEP_OF,
    SQL_STEP_DELETE,
    SQL_EXECUTION_CUT,
    SQL_EXECUTION_DELETE,
    SQL_ATTRIBUTES_DELETE,
    SQL_META_DELETE,
    SQL_ITEMS_DELETE,
    SQL_RUNS_DELETE,
    SQL_DISPOSITIONS_LEAVE,
    SQL_EVENT_LEAVE,
    SQL_EVENT_IS_HELD,
    SQL_EVENT_NAMES,
    SQL_EVENT_DELETE,
    SQL_DISPOSITIONS_DELETE,
    SQL_SEEN_DELETE,
    SQL_EVENT_NEXT,
    SQL_FORGOTTEN_PUT,
    SQL_DEAD_DELETE,
    SQL_VACUUM,
    SQL_FREE_PAGES,
    SQL_PAGES,
};

#define OF_IT(column)                                                          \
    column ">=?1*" PER_EVENT " AND " column "<(?1+1)*" PER_EVENT

static const char *const texts[] = {
    SQL_TEXT(SQL_EXPIRED_NEXT) =
        "SELECT id,machine_id,status,started_at,stopped_at,last_step"
        " FROM execution WHERE id>?1 ORDER BY id LIMIT 1",
    SQL_TEXT(SQL_STEP_OF) = "SELECT previous,event_id,first_event FROM step"
                            " WHERE id=?1",
    SQL_TEXT(SQL_STEP_DELETE) = "DELETE FROM step WHERE id=?1",
    /* So long ago that nobody can redrive it. */
    SQL_TEXT(SQL_EXECUTION_CUT) =
        "UPDATE execution SET last_step=?2,next_event=?3,stopped_at=1"
        " WHERE id=?1",
    SQL_TEXT(SQL_EXECUTION_DELETE) = "DELETE FROM execution WHERE id=?1",
    SQL_TEXT(SQL_ATTRIBUTES_DELETE) =
        "DELETE FROM attribute WHERE execution_id=?1",
    SQL_TEXT(SQL_META_DELETE) = "DELETE FROM note WHERE execution_id=?1",
    SQL_TEXT(SQL_ITEMS_DELETE) =
        "DELETE FROM map_item WHERE (run_id,item) IN (SELECT i.run_id,i.item"
        " FROM map_run r JOIN map_item i ON i.run_id=r.id"
        " WHERE r.execution_id=?1 LIMIT ?2)",
    SQL_TEXT(SQL_RUNS_DELETE) = "DELETE FROM map_run WHERE execution_id=?1",
    SQL_TEXT(SQL_DISPOSITIONS_LEAVE) =
        "DELETE FROM disposition WHERE " OF_IT("id") " AND execution_id=?2",
    SQL_TEXT(SQL_EVENT_LEAVE) =
        "UPDATE event SET first_kind=NULL,first_machine=NULL,"
        "first_execution=NULL WHERE id=?1 AND first_execution=?2",
    /* By an execution that is there, a parked row, or an archive. */
    SQL_TEXT(SQL_EVENT_IS_HELD) =
        "SELECT 1 FROM event e JOIN execution x ON x.id=e.first_execution"
        " WHERE e.id=?1 UNION ALL SELECT 1 FROM disposition d"
        " LEFT JOIN execution x ON x.id=d.execution_id WHERE " OF_IT(
            "d.id") " AND (d.kind=2 OR x.id IS NOT NULL)"
                    " UNION ALL SELECT 1 FROM archive_event WHERE event_id=?1 "
                    "LIMIT 1",
    SQL_TEXT(SQL_EVENT_NAMES) =
        "SELECT " EVENT_SOURCE "," EVENT_ID " FROM event e WHERE id=?1",
    SQL_TEXT(SQL_EVENT_DELETE) = "DELETE FROM event WHERE id=?1",
    SQL_TEXT(SQL_DISPOSITIONS_DELETE) =
        "DELETE FROM disposition WHERE " OF_IT("id"),
    SQL_TEXT(SQL_SEEN_DELETE) =
        "DELETE FROM event_seen WHERE hash=?1 AND event_id=?2",
    SQL_TEXT(SQL_EVENT_NEXT) =
        "SELECT id,received_at FROM event WHERE id>?1 ORDER BY id LIMIT 1",
    SQL_TEXT(SQL_FORGOTTEN_PUT) =
        "UPDATE progress SET event_id=?2 WHERE name=?1 AND event_id<?2",
    SQL_TEXT(SQL_DEAD_DELETE) =
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery"
        " WHERE status=1 AND created_at<?1 ORDER BY id LIMIT ?2)",
    SQL_TEXT(SQL_VACUUM) = "PRAGMA incremental_vacuum(64)",
    SQL_TEXT(SQL_FREE_PAGES) = "PRAGMA freelist_count",
    SQL_TEXT(SQL_PAGES) = "PRAGMA page_count",
};

const struct rows forget_rows = {texts, sizeof(texts) / sizeof(texts[0])};

bool
pav_store_execution_next(struct pav_store *s, int64_t after,
                         struct pav_execution_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_EXPIRED_NEXT, INT(after));

    memset(out, 0, sizeof(*out));
    if (!store_row(s, st))
        return false;
    out->id = sqlite3_column_int64(st, 0);
    out->machine_id = sqlite3_column_int64(st, 1);
    out->status = sqlite3_column_int(st, 2);
    out->started_at = sqlite3_column_int64(st, 3);
    out->stopped_at = sqlite3_column_int64(st, 4);
    out->last_step = sqlite3_column_int64(st, 5);
    sqlite3_reset(st);
    return true;
}

/* Its id is not given again, and nobody misses it. */
static void
forgotten(struct pav_store *s, const char *name, int64_t id)
{
    STORE_DO(s, SQL_FORGOTTEN_PUT, TEXT(name), INT(id));
}

/* ---- events ---- */

static bool
is_held(struct pav_store *s, int64_t event_id)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_EVENT_IS_HELD, INT(event_id));
    bool held = store_row(s, st);

    sqlite3_reset(st);
    return held;
}

/* Rows that went. */
static int
event_delete(struct pav_store *s, int64_t id)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_EVENT_NAMES, INT(id));
    struct pav_bytes source, name;
    int64_t hash;

    if (!store_row(s, st))
        return 0;
    source.p = (const char *)sqlite3_column_text(st, 0);
    source.len = (size_t)sqlite3_column_bytes(st, 0);
    name.p = (const char *)sqlite3_column_text(st, 1);
    name.len = (size_t)sqlite3_column_bytes(st, 1);
    hash = seen_hash_of(source, name);
    sqlite3_reset(st);
    STORE_DO(s, SQL_SEEN_DELETE, INT(hash), INT(id));
    STORE_DO(s, SQL_DISPOSITIONS_DELETE, INT(id));
    STORE_DO(s, SQL_EVENT_DELETE, INT(id));
    forgotten(s, "forgotten event", id);
    return 3;
}

int
pav_store_forget_events(struct pav_store *s, int64_t *after, int64_t before_ms,
                        int max, int64_t *count)
{
    int rows = 0;

    while (rows < max) {
        sqlite3_stmt *st = STORE_ASK(s, SQL_EVENT_NEXT, INT(*after));
        int64_t id, at;

        if (!store_row(s, st))
            return -1;
        id = sqlite3_column_int64(st, 0);
        at = sqlite3_column_int64(st, 1);
        sqlite3_reset(st);
        if (at >= before_ms)
            return -1;
        *after = id;
        rows++;
        if (is_held(s, id))
            continue;
        rows += event_delete(s, id);
        (*count)++;
    }
    return rows;
}

/* ---- executions ---- */

/* The event that moved a step of an execution that goes. */
static int
leave_event(struct pav_store *s, int64_t event_id, int64_t execution_id,
            int64_t *count)
{
    STORE_DO(s, SQL_EVENT_LEAVE, INT(event_id), INT(execution_id));
    STORE_DO(s, SQL_DISPOSITIONS_LEAVE, INT(event_id), INT(execution_id));
    if (is_held(s, event_id))
        return 2;
    (*count)++;
    return 2 + event_delete(s, event_id);
}

static int
delete_rest(struct pav_store *s, int64_t id, int max)
{
    int items;

    STORE_DO(s, SQL_ITEMS_DELETE, INT(id), INT(max));
    items = store_changes(s);
    if (items >= max)
        return items; /* the rest another time */
    STORE_DO(s, SQL_RUNS_DELETE, INT(id));
    STORE_DO(s, SQL_ATTRIBUTES_DELETE, INT(id));
    STORE_DO(s, SQL_META_DELETE, INT(id));
    STORE_DO(s, SQL_EXECUTION_DELETE, INT(id));
    forgotten(s, "forgotten execution", id);
    return -1;
}

int
pav_store_forget_execution(struct pav_store *s,
                           const struct pav_execution_row *row, int max,
                           int64_t *events)
{
    int64_t step = row->last_step, next = 0;
    int rows = 0, rest;

    forgotten(s, "forgotten step", step);
    while (step != 0 && rows < max) {
        sqlite3_stmt *st = STORE_ASK(s, SQL_STEP_OF, INT(step));
        int64_t id = step, event_id;

        if (!store_row(s, st))
            break; /* its history was damaged: the rest of it goes */
        step = sqlite3_column_int64(st, 0);
        event_id = sqlite3_column_int64(st, 1);
        next = sqlite3_column_int64(st, 2);
        sqlite3_reset(st);
        STORE_DO(s, SQL_STEP_DELETE, INT(id));
        rows++;
        if (event_id != 0)
            rows += leave_event(s, event_id, row->id, events);
    }
    if (step == 0 || rows < max) {
        rest = delete_rest(s, row->id, max);
        return rest < 0 ? -1 : rows + rest;
    }
    STORE_DO(s, SQL_EXECUTION_CUT, INT(row->id), INT(step), INT(next));
    return rows;
}

int
pav_store_forget_dead(struct pav_store *s, int64_t before_ms, int max)
{
    STORE_DO(s, SQL_DEAD_DELETE, INT(before_ms), INT(max));
    return store_changes(s);
}

/* ---- space ---- */

void
pav_store_space(struct pav_store *s, int64_t *pages, int64_t *free_pages)
{
    *pages = store_number(s, SQL_PAGES);
    *free_pages = store_number(s, SQL_FREE_PAGES);
}

void
pav_store_give_back(struct pav_store *s)
{
    sqlite3_stmt *st = store_write(s, SQL_VACUUM, NULL, 0);

    while (store_row(s, st))
        ;
}
