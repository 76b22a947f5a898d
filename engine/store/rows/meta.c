/* What is special about an execution. */
#include "store/columns.h"
#include "store/store_int.h"

enum {
    SQL_META_PUT = ROWS_AT(meta),
    SQL_META_GET,
    SQL_CHILDREN,
    SQL_CHILD_OF,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_META_PUT) =
        "INSERT OR REPLACE INTO note(execution_id,redrive_count,redriven_at,"
        "redrive_token,version_no,alias,trace,parent_id,parent_no,run_id,item,"
        "map_state,label) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    SQL_TEXT(SQL_META_GET) =
        "SELECT " META_COLUMNS " FROM note n WHERE n.execution_id=?1",
    SQL_TEXT(SQL_CHILDREN) =
        "SELECT n.execution_id FROM note n JOIN execution e"
        " ON e.id=n.execution_id WHERE n.parent_id>0 AND n.parent_id=?1"
        " AND n.parent_no=?2 AND e.status=0 LIMIT ?3",
    SQL_TEXT(SQL_CHILD_OF) = ("SELECT execution_id FROM note WHERE parent_id>0"
                              " AND parent_id=?1 AND parent_no=?2 LIMIT 1"),
};

const struct rows meta_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_meta_put(struct pav_store *s, const struct pav_meta_row *row)
{
    STORE_DO(s, SQL_META_PUT, INT(row->execution_id), INT(row->redrive_count),
             INT(row->redriven_at), TEXT(row->redrive_token),
             INT(row->version_no), TEXT(row->alias), TEXT(row->trace),
             INT(row->parent_id), INT(row->parent_no), INT(row->run_id),
             INT(row->item), TEXT(row->map_state), TEXT(row->label));
    s->notes++;
}

bool
pav_store_meta(struct pav_store *s, int64_t execution_id, struct pav_arena *a,
               struct pav_meta_row *out)
{
    sqlite3_stmt *st;

    memset(out, 0, sizeof(*out));
    out->execution_id = execution_id;
    if (s->notes == 0) /* as on most days */
        return false;
    st = STORE_ASK(s, SQL_META_GET, INT(execution_id));
    if (!store_row(s, st))
        return false;
    meta_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

void
meta_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_meta_row *out)
{
    out->execution_id = sqlite3_column_int64(st, 0);
    out->redrive_count = sqlite3_column_int64(st, 1);
    out->redriven_at = sqlite3_column_int64(st, 2);
    out->redrive_token = column_str(st, 3, a);
    out->version_no = sqlite3_column_int64(st, 4);
    out->alias = column_str(st, 5, a);
    out->trace = column_str(st, 6, a);
    out->parent_id = sqlite3_column_int64(st, 7);
    out->parent_no = (uint32_t)sqlite3_column_int64(st, 8);
    out->run_id = sqlite3_column_int64(st, 9);
    out->item = sqlite3_column_int64(st, 10);
    out->map_state = column_str(st, 11, a);
    out->label = column_str(st, 12, a);
}

uint32_t
pav_store_children(struct pav_store *s, int64_t parent_id, uint32_t parent_no,
                   int64_t *ids, uint32_t max)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    if (s->notes == 0)
        return 0;
    st = STORE_ASK(s, SQL_CHILDREN, INT(parent_id), INT(parent_no), INT(max));
    while (store_row(s, st))
        ids[n++] = sqlite3_column_int64(st, 0);
    return n;
}

int64_t
pav_store_child_of(struct pav_store *s, int64_t parent_id, uint32_t parent_no)
{
    sqlite3_stmt *st;
    int64_t id = 0;

    if (s->notes == 0)
        return 0;
    st = STORE_ASK(s, SQL_CHILD_OF, INT(parent_id), INT(parent_no));
    if (!store_row(s, st))
        return 0;
    id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return id;
}
