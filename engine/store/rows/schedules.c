/* What is due when. */
#include "pavane/store_bus.h"
#include "store/bus_columns.h"
#include "store/sql.h"

enum {
    SQL_SCHEDULE_PUT = ROWS_AT(schedules),
    SQL_SCHEDULE_NEXT,
    SQL_SCHEDULE_DELETE,
    SQL_SCHEDULE_GET,
    SQL_SCHEDULE_DUE,
    SQL_SCHEDULE_DUE_AT,
    SQL_SCHEDULES,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_SCHEDULE_PUT) =
        "INSERT INTO schedule(kind,owner,name,next_at,body,id) "
        "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(kind,owner,name) DO UPDATE SET "
        "next_at=excluded.next_at,body=excluded.body RETURNING id",
    SQL_TEXT(SQL_SCHEDULE_NEXT) = "UPDATE schedule SET next_at=?2,last_at=?3,"
                                  "last_result=?4 WHERE id=?1",
    SQL_TEXT(SQL_SCHEDULE_DELETE) = "DELETE FROM schedule WHERE id=?1",
    SQL_TEXT(SQL_SCHEDULE_GET) = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                                 " WHERE kind=?1 AND owner=?2 AND name=?3",
    SQL_TEXT(SQL_SCHEDULE_DUE) = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                                 " WHERE next_at>0 ORDER BY next_at,id LIMIT 1",
    SQL_TEXT(SQL_SCHEDULE_DUE_AT) =
        "SELECT next_at FROM schedule WHERE next_at>0"
        " ORDER BY next_at,id LIMIT 1",
    SQL_TEXT(SQL_SCHEDULES) = "SELECT " SCHEDULE_COLUMNS " FROM schedule"
                              " WHERE kind=?1 AND owner=?2 AND name>?3"
                              " ORDER BY name LIMIT ?4",
};

const struct rows schedules_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_schedule_put(struct pav_store *s, struct pav_schedule_row *row)
{
    sqlite3_stmt *st = STORE_WRITE(
        s, SQL_SCHEDULE_PUT, INT(row->kind), INT(row->owner), TEXT(row->name),
        INT(row->next_at), BYTES(row->body), INT(store_new_id(s, ID_SCHEDULE)));

    while (store_row(s, st)) /* that of the row which was there, or the new */
        row->id = sqlite3_column_int64(st, 0);
}

void
pav_store_schedule_next(struct pav_store *s, int64_t id, int64_t next_at,
                        int64_t last_at, const char *last_result)
{
    STORE_DO(s, SQL_SCHEDULE_NEXT, INT(id), INT(next_at), INT(last_at),
             TEXT(last_result));
}

void
pav_store_schedule_delete(struct pav_store *s, int64_t id)
{
    STORE_DO(s, SQL_SCHEDULE_DELETE, INT(id));
}

void
schedule_from(sqlite3_stmt *st, struct pav_arena *a,
              struct pav_schedule_row *out)
{
    out->id = sqlite3_column_int64(st, 0);
    out->kind = sqlite3_column_int(st, 1);
    out->owner = sqlite3_column_int64(st, 2);
    out->name = column_str(st, 3, a);
    out->next_at = sqlite3_column_int64(st, 4);
    out->body = column_bytes(st, 5, a);
    out->last_at = sqlite3_column_int64(st, 6);
    out->last_result = column_str(st, 7, a);
}

static bool
schedule_row(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
             struct pav_schedule_row *out)
{
    if (!store_row(s, st))
        return false;
    schedule_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_schedule(struct pav_store *s, int kind, int64_t owner,
                   const char *name, struct pav_arena *a,
                   struct pav_schedule_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_SCHEDULE_GET, INT(kind), INT(owner), TEXT(name));

    return schedule_row(s, st, a, out);
}

bool
pav_store_schedule_due(struct pav_store *s, struct pav_arena *a,
                       struct pav_schedule_row *out)
{
    return schedule_row(s, store_read(s, SQL_SCHEDULE_DUE), a, out);
}

int64_t
pav_store_schedule_due_at(struct pav_store *s)
{
    return store_number(s, SQL_SCHEDULE_DUE_AT);
}

uint32_t
pav_store_schedules(struct pav_store *s, int kind, int64_t owner,
                    const char *after, uint32_t max, struct pav_arena *a,
                    struct pav_schedule_row *out)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    st = STORE_ASK(s, SQL_SCHEDULES, INT(kind), INT(owner), TEXT(after),
                   INT(max));
    while (store_row(s, st))
        schedule_from(st, a, &out[n++]);
    return n;
}
