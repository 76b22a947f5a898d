/* Timers. */
#include "store/sql.h"

enum {
    SQL_TIMER_INSERT = ROWS_AT(timers),
    SQL_TIMER_DELETE,
    SQL_TIMER_FIRST,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_TIMER_INSERT) =
        "INSERT OR IGNORE INTO timer(due_at,execution_id,no) "
        "VALUES(?1,?2,?3)",
    SQL_TEXT(SQL_TIMER_DELETE) =
        "DELETE FROM timer WHERE due_at=?1 AND execution_id=?2 AND no=?3",
    SQL_TEXT(SQL_TIMER_FIRST) = "SELECT due_at,execution_id,no FROM timer "
                                "ORDER BY due_at,execution_id,no LIMIT 1",
};

const struct rows timers_rows = {texts, sizeof(texts) / sizeof(texts[0])};

static void
timer_run(struct pav_store *s, int id, int64_t due_at, int64_t execution_id,
          uint32_t no)
{
    STORE_DO(s, id, INT(due_at), INT(execution_id), INT(no));
}

void
pav_store_timer_add(struct pav_store *s, int64_t due_at, int64_t execution_id,
                    uint32_t no)
{
    timer_run(s, SQL_TIMER_INSERT, due_at, execution_id, no);
}

void
pav_store_timer_delete(struct pav_store *s, int64_t due_at,
                       int64_t execution_id, uint32_t no)
{
    timer_run(s, SQL_TIMER_DELETE, due_at, execution_id, no);
}

bool
pav_store_timer_first(struct pav_store *s, int64_t *due_at,
                      int64_t *execution_id, uint32_t *no)
{
    sqlite3_stmt *st = store_read(s, SQL_TIMER_FIRST);

    if (!store_row(s, st))
        return false;
    *due_at = sqlite3_column_int64(st, 0);
    *execution_id = sqlite3_column_int64(st, 1);
    *no = (uint32_t)sqlite3_column_int64(st, 2);
    sqlite3_reset(st);
    return true;
}
