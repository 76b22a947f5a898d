/*
 * What is forgotten: executions that ended long ago, with all that is theirs,
 * and events that nothing refers to any more.
 *
 * An execution goes from its newest step back, so many rows at a time, and is
 * whole in between: only its history is shorter.  Events, and their hashes, are
 * swept in the order of their tables, many in a statement: those go that are
 * old enough and that no execution has any more.
 */
#include "store/columns.h"
#include "store/starts.h"
#include "store/store_int.h"

enum {
    SQL_EXPIRED_NEXT = ROWS_AT(forget),
    SQL_STEP_DELETE,
    SQL_EXECUTION_CUT,
    SQL_EXECUTION_DELETE,
    SQL_IS_CHILD,
    SQL_ATTRIBUTES_DELETE,
    SQL_META_DELETE,
    SQL_ITEMS_DELETE,
    SQL_RUNS_DELETE,
    SQL_EVENT_LAST,
    SQL_EVENTS_DELETE,
    SQL_EVENTS_LEAVE,
    SQL_DISPOSITIONS_DELETE,
    SQL_SEEN_LAST,
    SQL_SEEN_DELETE,
    SQL_FORGOTTEN_PUT,
    SQL_DEAD_DELETE,
    SQL_VACUUM,
    SQL_FREE_PAGES,
    SQL_PAGES,
    SQL_STARTED_KEEP,
    SQL_FORGETS,
};

/* An event's execution is there; or one of a row of its own, or it is parked.
 */
#define IS_TAKEN "SELECT 1 FROM execution x WHERE x.id=event.first_execution"
#define IS_DISPOSED                                                            \
    "SELECT 1 FROM disposition d LEFT JOIN execution x ON"                     \
    " x.id=d.execution_id WHERE " OF_EVENT(                                    \
        "d", "event.id") " AND (d.kind=2 OR x.id IS NOT NULL)"

static const char *const texts[] = {
    SQL_TEXT(SQL_EXPIRED_NEXT) =
        "SELECT id,machine_id,status,started_at,stopped_at,last_step"
        " FROM execution WHERE id>?1 ORDER BY id LIMIT 1",
    SQL_TEXT(SQL_STEP_DELETE) =
        "DELETE FROM step WHERE id=?1 RETURNING previous,first_event",
    /* So long ago that nobody can redrive it. */
    SQL_TEXT(SQL_EXECUTION_CUT) =
        "UPDATE execution SET last_step=?2,next_event=?3,stopped_at=1"
        " WHERE id=?1",
    SQL_TEXT(SQL_EXECUTION_DELETE) =
        "DELETE FROM execution WHERE id=?1 RETURNING machine_id,status,states",
    SQL_TEXT(SQL_IS_CHILD) =
        "SELECT count(*) FROM note WHERE execution_id=?1 AND run_id>0",
    SQL_TEXT(SQL_ATTRIBUTES_DELETE) =
        "DELETE FROM attribute WHERE execution_id=?1",
    /* That it was started, when it was not gathered yet: search_text.c. */
    SQL_TEXT(SQL_STARTED_KEEP) =
        "INSERT INTO started(hour,machine_id,count) SELECT started_at/3600000,"
        "machine_id,1 FROM execution x WHERE id=?1 AND id>" GATHERED_UPTO
        " AND " NO_CHILD " ON CONFLICT DO UPDATE SET count=count+1",
    SQL_TEXT(SQL_FORGETS) =
        "UPDATE progress SET event_id=event_id+1 WHERE name='forgets' AND"
        " ?1>" GATHERED_UPTO,
    SQL_TEXT(SQL_META_DELETE) = "DELETE FROM note WHERE execution_id=?1",
    SQL_TEXT(SQL_ITEMS_DELETE) =
        "DELETE FROM map_item WHERE (run_id,item) IN (SELECT i.run_id,i.item"
        " FROM map_run r JOIN map_item i ON i.run_id=r.id"
        " WHERE r.execution_id=?1 LIMIT ?2)",
    SQL_TEXT(SQL_RUNS_DELETE) = "DELETE FROM map_run WHERE execution_id=?1",
    /* Of the next ?3 events that came before ?2. */
    SQL_TEXT(SQL_EVENT_LAST) =
        "SELECT max(id) FROM (SELECT id,received_at FROM event WHERE id>?1"
        " ORDER BY id LIMIT ?3) WHERE received_at<?2",
    SQL_TEXT(SQL_EVENTS_DELETE) =
        "DELETE FROM event WHERE id>?1 AND id<=?2 AND NOT EXISTS(" IS_TAKEN
        ") AND NOT EXISTS(" IS_DISPOSED
        ") AND NOT EXISTS(SELECT 1 FROM archive_event a"
        " WHERE a.event_id=event.id)",
    /* Others have them. */
    SQL_TEXT(SQL_EVENTS_LEAVE) =
        "UPDATE event SET first_kind=NULL,first_machine=NULL,"
        "first_execution=NULL WHERE id>?1 AND id<=?2"
        " AND first_kind IS NOT NULL AND NOT EXISTS(" IS_TAKEN ")",
    SQL_TEXT(SQL_DISPOSITIONS_DELETE) =
        "DELETE FROM disposition WHERE id>=(?1+1)*" PER_EVENT
        " AND id<(?2+1)*" PER_EVENT " AND NOT EXISTS(SELECT 1 FROM event e"
        " WHERE e.id=" EVENT_OF("disposition") ")",
    SQL_TEXT(SQL_SEEN_LAST) =
        "SELECT hash,event_id FROM event_seen WHERE (hash,event_id)>(?1,?2)"
        " ORDER BY hash,event_id LIMIT 1 OFFSET ?3",
    SQL_TEXT(SQL_SEEN_DELETE) =
        "DELETE FROM event_seen WHERE (hash,event_id)>(?1,?2)"
        " AND (hash,event_id)<=(?3,?4) AND event_id<=(SELECT p.event_id"
        " FROM progress p WHERE p.name='forgotten event') AND NOT EXISTS"
        "(SELECT 1 FROM event e WHERE e.id=event_seen.event_id)",
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
numbers(struct pav_store *s, sqlite3_stmt *st, int64_t *first, int64_t *second)
{
    bool any = store_row(s, st) && sqlite3_column_type(st, 0) != SQLITE_NULL;

    if (any)
        *first = sqlite3_column_int64(st, 0);
    if (any && second != NULL)
        *second = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return any;
}

bool
pav_store_forget_events(struct pav_store *s, int64_t *after, int64_t before_ms,
                        int max, int64_t *count)
{
    int64_t last;

    if (!numbers(
            s,
            STORE_ASK(s, SQL_EVENT_LAST, INT(*after), INT(before_ms), INT(max)),
            &last, NULL))
        return false;
    STORE_DO(s, SQL_EVENTS_DELETE, INT(*after), INT(last));
    if (store_changes(s) > 0) {
        *count += store_changes(s);
        forgotten(s, "forgotten event", last);
    }
    STORE_DO(s, SQL_EVENTS_LEAVE, INT(*after), INT(last));
    STORE_DO(s, SQL_DISPOSITIONS_DELETE, INT(*after), INT(last));
    *after = last;
    return true;
}

bool
pav_store_forget_seen(struct pav_store *s, int64_t after[2], int max)
{
    int64_t hash = INT64_MAX, id = INT64_MAX;
    bool more = numbers(
        s, STORE_ASK(s, SQL_SEEN_LAST, INT(after[0]), INT(after[1]), INT(max)),
        &hash, &id);

    STORE_DO(s, SQL_SEEN_DELETE, INT(after[0]), INT(after[1]), INT(hash),
             INT(id));
    after[0] = hash;
    after[1] = id;
    return more;
}

/* ---- executions ---- */

/* The row goes, and is counted no more. */
static void
delete_row(struct pav_store *s, int64_t id)
{
    struct pav_standing_row gone = {.count = -1};
    struct pav_arena a;
    int64_t child = 0;
    sqlite3_stmt *st;

    numbers(s, STORE_ASK(s, SQL_IS_CHILD, INT(id)), &child, NULL);
    gone.child = child > 0;
    pav_arena_init(&a, 1024);
    st = STORE_WRITE(s, SQL_EXECUTION_DELETE, INT(id));
    if (store_row(s, st)) {
        gone.machine_id = sqlite3_column_int64(st, 0);
        gone.status = sqlite3_column_int(st, 1);
        gone.states = column_str(st, 2, &a);
        sqlite3_reset(st);
        pav_store_standing_add(s, &gone);
    }
    pav_arena_fini(&a);
}

/* False: not all of it yet. */
static bool
delete_rest(struct pav_store *s, int64_t id, int max)
{
    STORE_DO(s, SQL_ITEMS_DELETE, INT(id), INT(max));
    if (store_changes(s) >= max)
        return false;
    STORE_DO(s, SQL_RUNS_DELETE, INT(id));
    STORE_DO(s, SQL_ATTRIBUTES_DELETE, INT(id));
    STORE_DO(s, SQL_STARTED_KEEP, INT(id));
    delete_row(s, id);
    STORE_DO(s, SQL_META_DELETE, INT(id));
    STORE_DO(s, SQL_FORGETS, INT(id));
    forgotten(s, "forgotten execution", id);
    return true;
}

bool
pav_store_forget_execution(struct pav_store *s,
                           const struct pav_execution_row *row, int max)
{
    int64_t step = row->last_step, next = 0;
    int rows = 0;

    forgotten(s, "forgotten step", step);
    while (step != 0 && rows++ < max)
        if (!numbers(s, STORE_WRITE(s, SQL_STEP_DELETE, INT(step)), &step,
                     &next))
            step = 0; /* its history was damaged: the rest of it goes */
    if (step == 0)
        return delete_rest(s, row->id, max);
    STORE_DO(s, SQL_EXECUTION_CUT, INT(row->id), INT(step), INT(next));
    return false;
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
