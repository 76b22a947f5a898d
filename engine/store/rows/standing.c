/* How many executions are where. */
#include "store/store_int.h"

enum {
    SQL_STANDING_ADD = ROWS_AT(standing),
    SQL_STANDING_CLEAR,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_STANDING_ADD) =
        "INSERT INTO standing(machine_id,child,status,states,count)"
        " VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET"
        " count=count+excluded.count RETURNING count",
    SQL_TEXT(SQL_STANDING_CLEAR) =
        "DELETE FROM standing WHERE machine_id=?1 AND child=?2 AND status=?3"
        " AND states=?4",
};

const struct rows standing_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_standing_add(struct pav_store *s, const struct pav_standing_row *row)
{
    sqlite3_stmt *st =
        STORE_WRITE(s, SQL_STANDING_ADD, INT(row->machine_id), INT(row->child),
                    INT(row->status), TEXT(row->states), INT(row->count));
    bool none;

    if (!store_row(s, st))
        return;
    none = sqlite3_column_int64(st, 0) == 0;
    sqlite3_reset(st);
    if (none)
        STORE_DO(s, SQL_STANDING_CLEAR, INT(row->machine_id), INT(row->child),
                 INT(row->status), TEXT(row->states));
}
