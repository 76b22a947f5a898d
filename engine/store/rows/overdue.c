/* Waits over their deadline, and what is known of waits. */
#include "store/store_int.h"

enum {
    SQL_OVERDUE_ADD = ROWS_AT(overdue),
    SQL_OVERDUE_DELETE,
    SQL_WAIT_STAT_PUT,
    SQL_WAIT_STAT_GET,
    SQL_CONTENT_GET,
    SQL_CONTENT_PUT,
    SQL_CONTENT_FORGET,
    SQL_ATTRIBUTE_ADD,
    SQL_ATTRIBUTE_DROP,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_OVERDUE_ADD) =
        "INSERT OR REPLACE INTO overdue(execution_id,no,machine_id,state,"
        "since_at,due_at,at) VALUES(?1,?2,?3,?4,?5,?6,?7)",
    SQL_TEXT(SQL_OVERDUE_DELETE) =
        "DELETE FROM overdue WHERE execution_id=?1 AND no=?2",
    SQL_TEXT(SQL_WAIT_STAT_PUT) =
        "INSERT OR REPLACE INTO wait_stat(machine_id,state,histogram) "
        "VALUES(?1,?2,?3)",
    SQL_TEXT(SQL_WAIT_STAT_GET) =
        "SELECT histogram FROM wait_stat WHERE machine_id=?1 AND state=?2",
    SQL_TEXT(SQL_CONTENT_GET) = "SELECT event_id,at FROM content_seen"
                                " WHERE machine_id=?1 AND hash=?2",
    SQL_TEXT(SQL_CONTENT_PUT) =
        "INSERT OR REPLACE INTO content_seen(machine_id,hash,"
        "event_id,at) VALUES(?1,?2,?3,?4)",
    SQL_TEXT(SQL_CONTENT_FORGET) =
        "DELETE FROM content_seen WHERE (machine_id,hash) IN (SELECT"
        " machine_id,hash FROM content_seen WHERE machine_id=?1 AND at<?2"
        " ORDER BY at LIMIT 2)",
    SQL_TEXT(SQL_ATTRIBUTE_ADD) = "INSERT OR IGNORE INTO attribute(name,value,"
                                  "execution_id) VALUES(?1,?2,?3)",
    SQL_TEXT(SQL_ATTRIBUTE_DROP) =
        "DELETE FROM attribute WHERE execution_id=?1 AND name=?2",
};

const struct rows overdue_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_overdue_add(struct pav_store *s, const struct pav_overdue_row *row)
{
    STORE_DO(s, SQL_OVERDUE_ADD, INT(row->execution_id), INT(row->no),
             INT(row->machine_id), TEXT(row->state), INT(row->since_at),
             INT(row->due_at), INT(row->at));
    s->overdue++;
}

bool
pav_store_overdue_delete(struct pav_store *s, int64_t execution_id, uint32_t no)
{
    if (s->overdue == 0) /* an execution's every wait asks */
        return false;
    STORE_DO(s, SQL_OVERDUE_DELETE, INT(execution_id), INT(no));
    if (store_changes(s) == 0)
        return false;
    s->overdue--;
    return true;
}

void
pav_store_wait_stat_put(struct pav_store *s, int64_t machine_id,
                        const char *state, struct pav_bytes histogram)
{
    STORE_DO(s, SQL_WAIT_STAT_PUT, INT(machine_id), TEXT(state),
             BLOB(histogram));
}

bool
pav_store_wait_stat(struct pav_store *s, int64_t machine_id, const char *state,
                    struct pav_arena *a, struct pav_bytes *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_WAIT_STAT_GET, INT(machine_id), TEXT(state));

    if (!store_row(s, st))
        return false;
    *out = column_bytes(st, 0, a);
    sqlite3_reset(st);
    return true;
}

void
pav_store_attribute_add(struct pav_store *s, const char *name,
                        const char *value, int64_t execution_id)
{
    STORE_DO(s, SQL_ATTRIBUTE_ADD, TEXT(name), TEXT(value), INT(execution_id));
}

void
pav_store_attribute_drop(struct pav_store *s, const char *name,
                         int64_t execution_id)
{
    STORE_DO(s, SQL_ATTRIBUTE_DROP, INT(execution_id), TEXT(name));
}

int64_t
pav_store_content_seen(struct pav_store *s, int64_t machine_id, int64_t hash,
                       int64_t *at)
{
    sqlite3_stmt *st;
    int64_t id;

    st = STORE_ASK(s, SQL_CONTENT_GET, INT(machine_id), INT(hash));
    if (!store_row(s, st))
        return 0;
    id = sqlite3_column_int64(st, 0);
    *at = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return id;
}

void
pav_store_content_put(struct pav_store *s, int64_t machine_id, int64_t hash,
                      int64_t event_id, int64_t at, int64_t window_ms)
{
    STORE_DO(s, SQL_CONTENT_PUT, INT(machine_id), INT(hash), INT(event_id),
             INT(at));
    STORE_DO(s, SQL_CONTENT_FORGET, INT(machine_id), INT(at - window_ms));
}
