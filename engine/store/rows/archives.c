/* Which events an archive has. */
#include "pavane/store_bus.h"
#include "store/sql.h"

enum {
    SQL_ARCHIVE_ADD = ROWS_AT(archives),
    SQL_ARCHIVE_NEXT,
    SQL_ARCHIVE_COUNT,
    SQL_ARCHIVE_FORGET,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_ARCHIVE_ADD) =
        "INSERT OR IGNORE INTO archive_event(archive_id,at,event_id,bytes) "
        "VALUES(?1,?2,?3,?4)",
    SQL_TEXT(SQL_ARCHIVE_NEXT) =
        "SELECT at,event_id FROM archive_event WHERE archive_id=?1"
        " AND (at,event_id)>(?2,?3) AND at<?4 ORDER BY at,event_id LIMIT 1",
    SQL_TEXT(SQL_ARCHIVE_COUNT) = "SELECT count(*),coalesce(sum(bytes),0)"
                                  " FROM archive_event WHERE archive_id=?1",
    SQL_TEXT(SQL_ARCHIVE_FORGET) =
        "DELETE FROM archive_event WHERE archive_id=?1 AND (at,event_id) IN"
        " (SELECT at,event_id FROM archive_event WHERE archive_id=?1 AND at<?2"
        " ORDER BY at,event_id LIMIT ?3) RETURNING bytes",
};

const struct rows archives_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_archive_add(struct pav_store *s, int64_t archive_id, int64_t at,
                      int64_t event_id, size_t bytes)
{
    STORE_DO(s, SQL_ARCHIVE_ADD, INT(archive_id), INT(at), INT(event_id),
             INT((int64_t)bytes));
}

bool
pav_store_archive_next(struct pav_store *s, int64_t archive_id,
                       struct pav_archived after, int64_t end_at,
                       struct pav_archived *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_ARCHIVE_NEXT, INT(archive_id), INT(after.at),
                  INT(after.event_id), INT(end_at));

    if (!store_row(s, st))
        return false;
    out->at = sqlite3_column_int64(st, 0);
    out->event_id = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return true;
}

void
pav_store_archive_count(struct pav_store *s, int64_t archive_id, int64_t *count,
                        int64_t *bytes)
{
    sqlite3_stmt *st;

    *count = *bytes = 0;
    st = STORE_ASK(s, SQL_ARCHIVE_COUNT, INT(archive_id));
    if (!store_row(s, st))
        return;
    *count = sqlite3_column_int64(st, 0);
    *bytes = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
}

uint32_t
pav_store_archive_forget(struct pav_store *s, int64_t archive_id,
                         int64_t before_at, uint32_t max, int64_t *bytes)
{
    sqlite3_stmt *st = STORE_WRITE(s, SQL_ARCHIVE_FORGET, INT(archive_id),
                                   INT(before_at), INT(max));
    uint32_t n = 0;

    for (*bytes = 0; store_row(s, st); n++)
        *bytes += sqlite3_column_int64(st, 0);
    return n;
}
