/* What is asked of services, activities and map runs. */
#include "store/store_int.h"

enum {
    SQL_TASK_INSERT = ROWS_AT(tasks),
    SQL_TASK_DELETE,
    SQL_TASK_TAKEN,
    SQL_TASK_GET,
    SQL_TASK_WAITING,
    SQL_TASKS,
};

#define TASK_COLUMNS                                                           \
    "execution_id,no,call,resource,state,token,called_with,at,taken"

static const char *const texts[] = {
    SQL_TEXT(SQL_TASK_INSERT) =
        "INSERT INTO task(execution_id,no,call,resource,state,token,"
        "called_with,at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    SQL_TEXT(SQL_TASK_DELETE) =
        "DELETE FROM task WHERE execution_id=?1 AND no=?2",
    SQL_TEXT(SQL_TASK_TAKEN) =
        "UPDATE task SET taken=?3 WHERE execution_id=?1 AND no=?2",
    SQL_TEXT(SQL_TASK_GET) =
        "SELECT " TASK_COLUMNS " FROM task WHERE execution_id=?1 AND no=?2",
    SQL_TEXT(SQL_TASK_WAITING) =
        "SELECT " TASK_COLUMNS " FROM task WHERE call=2 AND taken=0"
        " AND resource=?1 ORDER BY at,execution_id,no LIMIT 1",
    SQL_TEXT(SQL_TASKS) = "SELECT execution_id,no FROM task WHERE call IN (1,3)"
                          " ORDER BY execution_id,no",
};

const struct rows tasks_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_task_add(struct pav_store *s, const struct pav_task_row *row)
{
    STORE_DO(s, SQL_TASK_INSERT, INT(row->execution_id), INT(row->no),
             INT(row->call), TEXT(row->resource), TEXT(row->state),
             TEXT(row->token), BLOB(row->with), INT(row->at));
    s->tasks++;
}

void
pav_store_task_delete(struct pav_store *s, int64_t execution_id, uint32_t no)
{
    if (s->tasks == 0)
        return;
    STORE_DO(s, SQL_TASK_DELETE, INT(execution_id), INT(no));
    s->tasks -= store_changes(s);
}

void
pav_store_task_taken(struct pav_store *s, int64_t execution_id, uint32_t no,
                     int64_t lease)
{
    STORE_DO(s, SQL_TASK_TAKEN, INT(execution_id), INT(no), INT(lease));
}

static void
task_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_task_row *out)
{
    out->execution_id = sqlite3_column_int64(st, 0);
    out->no = (uint32_t)sqlite3_column_int64(st, 1);
    out->call = sqlite3_column_int(st, 2);
    out->resource = column_str(st, 3, a);
    out->state = column_str(st, 4, a);
    out->token = column_str(st, 5, a);
    out->with = column_bytes(st, 6, a);
    out->at = sqlite3_column_int64(st, 7);
    out->lease = sqlite3_column_int64(st, 8);
    sqlite3_reset(st);
}

bool
pav_store_task(struct pav_store *s, int64_t execution_id, uint32_t no,
               struct pav_arena *a, struct pav_task_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_TASK_GET, INT(execution_id), INT(no));

    if (!store_row(s, st))
        return false;
    task_from(st, a, out);
    return true;
}

bool
pav_store_task_waiting(struct pav_store *s, const char *resource,
                       struct pav_arena *a, struct pav_task_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_TASK_WAITING, TEXT(resource));

    if (!store_row(s, st))
        return false;
    task_from(st, a, out);
    return true;
}

void
pav_store_tasks(struct pav_store *s,
                void (*fn)(void *arg, int64_t execution_id, uint32_t no),
                void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_TASKS);

    while (store_row(s, st))
        fn(arg, sqlite3_column_int64(st, 0),
           (uint32_t)sqlite3_column_int64(st, 1));
}
