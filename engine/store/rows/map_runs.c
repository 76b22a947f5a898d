/* Distributed Maps: runs and their items. */
#include "pavane/store_bus.h"
#include "store/sql.h"

enum {
    SQL_RUN_INSERT = ROWS_AT(map_runs),
    SQL_RUN_UPDATE,
    SQL_RUN_GET,
    SQL_RUN_BY_ARN,
    SQL_RUN_OF,
    SQL_RUNS_OF,
    SQL_LEFT,
    SQL_ITEM_INSERT,
    SQL_ITEM_CUT,
    SQL_ITEM_UPDATE,
    SQL_ITEM_GET,
    SQL_ITEM_WITH,
};

#define RUN_COLUMNS                                                            \
    "id,execution_id,no,arn,state,spec,status,max_concurrency,"                \
    "tolerated_count,tolerated_percentage,total,started_at,stopped_at,"        \
    "redrive_count,pending,running,succeeded,failed,timed_out,aborted,"        \
    "redriven_at"

#define ITEM_COLUMNS "run_id,item,input,execution_id,status,output,error,cause"

static const char *const texts[] = {
    SQL_TEXT(SQL_RUN_INSERT) =
        "INSERT INTO map_run(execution_id,no,arn,state,spec,started_at,id) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7)",
    SQL_TEXT(SQL_RUN_UPDATE) =
        "UPDATE map_run SET status=?2,max_concurrency=?3,tolerated_count=?4,"
        "tolerated_percentage=?5,total=?6,stopped_at=?7,redrive_count=?8,"
        "pending=?9,running=?10,succeeded=?11,failed=?12,timed_out=?13,"
        "aborted=?14,redriven_at=?15 WHERE id=?1",
    SQL_TEXT(SQL_RUN_GET) = "SELECT " RUN_COLUMNS " FROM map_run WHERE id=?1",
    SQL_TEXT(SQL_RUN_BY_ARN) =
        "SELECT " RUN_COLUMNS " FROM map_run WHERE arn=?1",
    SQL_TEXT(SQL_RUN_OF) =
        "SELECT " RUN_COLUMNS " FROM map_run WHERE execution_id=?1 AND no=?2",
    SQL_TEXT(SQL_RUNS_OF) =
        "SELECT " RUN_COLUMNS " FROM map_run WHERE execution_id=?1 AND id>?2"
        " ORDER BY id LIMIT ?3",
    /* In the order of enum pav_left. */
    SQL_TEXT(SQL_LEFT) =
        "SELECT 0,id,0 FROM map_run WHERE status=0"
        " UNION ALL SELECT 1,i.execution_id,0 FROM map_run r"
        " JOIN map_item i ON i.run_id=r.id AND i.status=1"
        " JOIN execution x ON x.id=i.execution_id"
        " WHERE r.status=0 AND x.status<>0"
        " UNION ALL SELECT 2,id,0 FROM map_run WHERE running>0 AND status<>0"
        " UNION ALL SELECT 3,n.parent_id,n.parent_no FROM note n"
        " JOIN execution x ON x.id=n.execution_id AND x.status=0"
        " WHERE n.parent_id>0 AND NOT EXISTS(SELECT 1 FROM task t"
        " WHERE t.execution_id=n.parent_id AND t.no=n.parent_no)"
        " UNION ALL SELECT 4,m.id,0 FROM machine m WHERE instr(m.name,'~')>0"
        " AND EXISTS(SELECT 1 FROM execution x WHERE x.machine_id=m.id"
        " AND x.status=0)",
    SQL_TEXT(SQL_ITEM_INSERT) =
        "INSERT OR REPLACE INTO map_item(run_id,item,input) VALUES(?1,?2,?3)",
    SQL_TEXT(SQL_ITEM_CUT) =
        "DELETE FROM map_item WHERE run_id=?1 AND item>=?2",
    SQL_TEXT(SQL_ITEM_UPDATE) =
        "UPDATE map_item SET execution_id=?3,status=?4,output=?5,error=?6,"
        "cause=?7 WHERE run_id=?1 AND item=?2",
    SQL_TEXT(SQL_ITEM_GET) =
        "SELECT " ITEM_COLUMNS " FROM map_item WHERE run_id=?1 AND item=?2",
    SQL_TEXT(SQL_ITEM_WITH) =
        "SELECT " ITEM_COLUMNS " FROM map_item WHERE run_id=?1 AND status=?2"
        " AND item>?3 ORDER BY item LIMIT 1",
};

const struct rows map_runs_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_run_add(struct pav_store *s, struct pav_run_row *row)
{
    row->id = store_new_id(s, ID_RUN);
    STORE_DO(s, SQL_RUN_INSERT, INT(row->execution_id), INT(row->no),
             TEXT(row->arn), TEXT(row->state), BYTES(row->spec),
             INT(row->started_at), INT(row->id));
    pav_store_run_update(s, row);
}

void
pav_store_run_update(struct pav_store *s, const struct pav_run_row *row)
{
    const int64_t *n = row->counts;

    STORE_DO(s, SQL_RUN_UPDATE, INT(row->id), INT(row->status),
             INT(row->max_concurrency), INT(row->tolerated_count),
             REAL(row->tolerated_percentage), INT(row->total),
             INT(row->stopped_at), INT(row->redrive_count), INT(n[0]),
             INT(n[1]), INT(n[2]), INT(n[3]), INT(n[4]), INT(n[5]),
             INT(row->redriven_at));
}

static void
run_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_run_row *out)
{
    int i;

    out->id = sqlite3_column_int64(st, 0);
    out->execution_id = sqlite3_column_int64(st, 1);
    out->no = (uint32_t)sqlite3_column_int64(st, 2);
    out->arn = column_str(st, 3, a);
    out->state = column_str(st, 4, a);
    out->spec = column_bytes(st, 5, a);
    out->status = sqlite3_column_int(st, 6);
    out->max_concurrency = sqlite3_column_int64(st, 7);
    out->tolerated_count = sqlite3_column_int64(st, 8);
    out->tolerated_percentage = sqlite3_column_double(st, 9);
    out->total = sqlite3_column_int64(st, 10);
    out->started_at = sqlite3_column_int64(st, 11);
    out->stopped_at = sqlite3_column_int64(st, 12);
    out->redrive_count = sqlite3_column_int64(st, 13);
    for (i = 0; i < PAV_ITEM_STATUSES; i++)
        out->counts[i] = sqlite3_column_int64(st, 14 + i);
    out->redriven_at = sqlite3_column_int64(st, 14 + i);
}

static bool
one_run(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
        struct pav_run_row *out)
{
    if (!store_row(s, st))
        return false;
    run_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_run(struct pav_store *s, int64_t id, struct pav_arena *a,
              struct pav_run_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_RUN_GET, INT(id));

    return one_run(s, st, a, out);
}

bool
pav_store_run_by_arn(struct pav_store *s, const char *arn, struct pav_arena *a,
                     struct pav_run_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_RUN_BY_ARN, TEXT(arn));

    return one_run(s, st, a, out);
}

bool
pav_store_run_of(struct pav_store *s, int64_t execution_id, uint32_t no,
                 struct pav_arena *a, struct pav_run_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_RUN_OF, INT(execution_id), INT(no));

    return one_run(s, st, a, out);
}

uint32_t
pav_store_runs_of(struct pav_store *s, int64_t execution_id, int64_t after,
                  uint32_t max, struct pav_arena *a, struct pav_run_row *out)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    st = STORE_ASK(s, SQL_RUNS_OF, INT(execution_id), INT(after), INT(max));
    while (store_row(s, st))
        run_from(st, a, &out[n++]);
    return n;
}

void
pav_store_left(struct pav_store *s,
               void (*fn)(void *arg, enum pav_left left, int64_t id,
                          uint32_t no),
               void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_LEFT);

    while (store_row(s, st))
        fn(arg, (enum pav_left)sqlite3_column_int(st, 0),
           sqlite3_column_int64(st, 1), (uint32_t)sqlite3_column_int64(st, 2));
}

void
pav_store_item_add(struct pav_store *s, const struct pav_item_row *row)
{
    STORE_DO(s, SQL_ITEM_INSERT, INT(row->run_id), INT(row->item),
             BLOB(row->input));
}

void
pav_store_item_update(struct pav_store *s, const struct pav_item_row *row)
{
    STORE_DO(s, SQL_ITEM_UPDATE, INT(row->run_id), INT(row->item),
             INT(row->execution_id), INT(row->status),
             row->output.p == NULL ? NONE : BLOB(row->output), TEXT(row->error),
             TEXT(row->cause));
}

static bool
one_item(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
         struct pav_item_row *out)
{
    if (!store_row(s, st))
        return false;
    out->run_id = sqlite3_column_int64(st, 0);
    out->item = sqlite3_column_int64(st, 1);
    out->input = column_bytes(st, 2, a);
    out->execution_id = sqlite3_column_int64(st, 3);
    out->status = (enum pav_item_status)sqlite3_column_int(st, 4);
    memset(&out->output, 0, sizeof(out->output));
    if (sqlite3_column_type(st, 5) != SQLITE_NULL)
        out->output = column_bytes(st, 5, a);
    out->error = column_str(st, 6, a);
    out->cause = column_str(st, 7, a);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_item(struct pav_store *s, int64_t run_id, int64_t item,
               struct pav_arena *a, struct pav_item_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_ITEM_GET, INT(run_id), INT(item));

    return one_item(s, st, a, out);
}

void
pav_store_items_cut(struct pav_store *s, int64_t run_id, int64_t count)
{
    STORE_DO(s, SQL_ITEM_CUT, INT(run_id), INT(count));
}

bool
pav_store_item_with(struct pav_store *s, int64_t run_id,
                    enum pav_item_status status, int64_t after,
                    struct pav_arena *a, struct pav_item_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_ITEM_WITH, INT(run_id), INT(status), INT(after));

    return one_item(s, st, a, out);
}
