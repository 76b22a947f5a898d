/* Executions, one row each. */
#include "store/columns.h"
#include "store/sql.h"

enum {
    SQL_EXECUTION_INSERT = ROWS_AT(executions),
    SQL_EXECUTION_UPDATE,
    SQL_EXECUTION_MOVE,
    SQL_EXECUTION_GET,
    SQL_EXECUTION_NAMED,
    SQL_EXECUTION_OF_KEY,
    SQL_EXECUTION_BEFORE,
    SQL_WAIT_GET,
    SQL_WAIT_COUNT,
};

#define EXECUTION_COLUMNS                                                      \
    "id,machine_id,version_id,name,key,status,started_at,stopped_at,"          \
    "first_step,last_step,next_event,states,depth"

static const char *const texts[] = {
    SQL_TEXT(SQL_EXECUTION_INSERT) =
        "INSERT INTO execution(" EXECUTION_COLUMNS
        ",waits) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
        "?13,?14)",
    /* Leaves the indexed columns alone: no index is touched. */
    SQL_TEXT(SQL_EXECUTION_UPDATE) =
        "UPDATE execution SET last_step=?2,next_event=?3,states=?4,waits=?5 "
        "WHERE id=?1",
    SQL_TEXT(SQL_EXECUTION_MOVE) =
        "UPDATE execution SET last_step=?2,next_event=?3,states=?4,waits=?5,"
        "status=?6,stopped_at=?7 WHERE id=?1",
    SQL_TEXT(SQL_EXECUTION_GET) =
        "SELECT " EXECUTION_COLUMNS " FROM execution WHERE id=?1",
    SQL_TEXT(SQL_EXECUTION_NAMED) =
        "SELECT " EXECUTION_COLUMNS
        " FROM execution WHERE name=?2 AND machine_id=?1",
    SQL_TEXT(SQL_EXECUTION_OF_KEY) =
        "SELECT " EXECUTION_COLUMNS " FROM execution x WHERE " OF_KEY(
            "?2") " AND machine_id=?1 ORDER BY id DESC",
    SQL_TEXT(SQL_EXECUTION_BEFORE) =
        "SELECT " EXECUTION_COLUMNS " FROM execution WHERE id=(SELECT max(id)"
        " FROM (SELECT max(id) AS id FROM execution x WHERE machine_id=?1 "
        "AND " IS_OPEN " AND id<?2"
        " UNION ALL SELECT max(id) FROM execution x WHERE machine_id=?1 AND"
        " status=1 AND " IS_ENDED " AND id<?2"
        " UNION ALL SELECT max(id) FROM execution x WHERE machine_id=?1 AND"
        " status=2 AND " IS_ENDED " AND id<?2"
        " UNION ALL SELECT max(id) FROM execution x WHERE machine_id=?1 AND"
        " status=3 AND " IS_ENDED " AND id<?2"
        " UNION ALL SELECT max(id) FROM execution x WHERE machine_id=?1 AND"
        " status=4 AND " IS_ENDED " AND id<?2"
        "))",
    SQL_TEXT(SQL_WAIT_GET) = "SELECT " WAIT_COLUMNS " FROM execution x," WAITS
                             " WHERE x.id=?1 AND " WAIT_NO "=?2",
    SQL_TEXT(SQL_WAIT_COUNT) =
        "SELECT coalesce(sum(json_array_length(waits)),0) FROM execution x"
        " WHERE " IS_OPEN,
};

const struct rows executions_rows = {texts, sizeof(texts) / sizeof(texts[0])};

/* The column's text. */
static struct pav_buf
waits_text(const struct pav_execution_row *row)
{
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_buf_putc(&b, '[');
    for (i = 0; i < row->wait_count; i++) {
        const struct pav_wait_row *w = &row->waits[i];
        const char *words[] = {w->state, w->event_name, w->pattern, w->awaits};
        size_t t;

        pav_buf_puts(&b, i == 0 ? "[" : ",[");
        pav_buf_int(&b, w->no);
        for (t = 0; t < sizeof(words) / sizeof(words[0]); t++) {
            pav_buf_putc(&b, ',');
            if (words[t] == NULL)
                pav_buf_puts(&b, "null");
            else
                pav_buf_jsons(&b, words[t]);
        }
        pav_buf_putc(&b, ',');
        pav_buf_int(&b, w->since_at);
        pav_buf_putc(&b, ',');
        pav_buf_int(&b, w->due_at);
        pav_buf_putc(&b, ']');
    }
    pav_buf_putc(&b, ']');
    return b;
}

void
wait_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_wait_row *out)
{
    out->execution_id = sqlite3_column_int64(st, 0);
    out->no = (uint32_t)sqlite3_column_int64(st, 1);
    out->state = column_str(st, 2, a);
    out->event_name = column_str(st, 3, a);
    out->pattern = column_str(st, 4, a);
    out->awaits = column_str(st, 5, a);
    out->since_at = sqlite3_column_int64(st, 6);
    out->due_at = sqlite3_column_int64(st, 7);
}

bool
pav_store_wait(struct pav_store *s, int64_t execution_id, uint32_t no,
               struct pav_arena *a, struct pav_wait_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_WAIT_GET, INT(execution_id), INT(no));

    if (!store_row(s, st))
        return false;
    wait_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

int64_t
pav_store_count_waits(struct pav_store *s)
{
    return store_number(s, SQL_WAIT_COUNT);
}

void
pav_store_execution_add(struct pav_store *s,
                        const struct pav_execution_row *row)
{
    struct pav_buf waits = waits_text(row);

    PAV_ASSERT(row->id > 0 && row->version_id > 0 && row->name != NULL);
    STORE_DO(s, SQL_EXECUTION_INSERT, INT(row->id), INT(row->machine_id),
             INT(row->version_id), TEXT(row->name), TEXT(row->key),
             INT(row->status), INT(row->started_at), INT(row->stopped_at),
             INT(row->first_step), INT(row->last_step), INT(row->next_event),
             TEXT(row->states), INT(row->depth), TEXT(waits.p));
    pav_buf_fini(&waits);
}

void
pav_store_execution_update(struct pav_store *s,
                           const struct pav_execution_row *row)
{
    struct pav_buf waits = waits_text(row);

    if (row->moved)
        STORE_DO(s, SQL_EXECUTION_MOVE, INT(row->id), INT(row->last_step),
                 INT(row->next_event), TEXT(row->states), TEXT(waits.p),
                 INT(row->status), INT(row->stopped_at));
    else
        STORE_DO(s, SQL_EXECUTION_UPDATE, INT(row->id), INT(row->last_step),
                 INT(row->next_event), TEXT(row->states), TEXT(waits.p));
    pav_buf_fini(&waits);
}

static void
execution_columns(sqlite3_stmt *st, struct pav_arena *a,
                  struct pav_execution_row *out)
{
    memset(out, 0, sizeof(*out));
    out->id = sqlite3_column_int64(st, 0);
    out->machine_id = sqlite3_column_int64(st, 1);
    out->version_id = sqlite3_column_int64(st, 2);
    out->name = column_str(st, 3, a);
    out->key = column_str(st, 4, a);
    out->status = sqlite3_column_int(st, 5);
    out->started_at = sqlite3_column_int64(st, 6);
    out->stopped_at = sqlite3_column_int64(st, 7);
    out->first_step = sqlite3_column_int64(st, 8);
    out->last_step = sqlite3_column_int64(st, 9);
    out->next_event = sqlite3_column_int64(st, 10);
    out->states = column_str(st, 11, a);
    out->depth = sqlite3_column_int64(st, 12);
}

static bool
execution_from(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
               struct pav_execution_row *out)
{
    if (!store_row(s, st))
        return false;
    execution_columns(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_execution(struct pav_store *s, int64_t id, struct pav_arena *a,
                    struct pav_execution_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_EXECUTION_GET, INT(id));

    return execution_from(s, st, a, out);
}

bool
pav_store_execution_named(struct pav_store *s, int64_t machine_id,
                          const char *name, struct pav_arena *a,
                          struct pav_execution_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_EXECUTION_NAMED, INT(machine_id), TEXT(name));

    return execution_from(s, st, a, out);
}

bool
pav_store_execution_before(struct pav_store *s, int64_t machine_id,
                           int64_t before, struct pav_arena *a,
                           struct pav_execution_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_EXECUTION_BEFORE, INT(machine_id), INT(before));

    return execution_from(s, st, a, out);
}

bool
pav_store_execution_of_key(struct pav_store *s, int64_t machine_id,
                           const char *key, struct pav_arena *a,
                           struct pav_execution_row *out)
{
    sqlite3_stmt *st;
    bool any = false;

    /* The open one is the newest, mostly; SQLite would sort for that. */
    st = STORE_ASK(s, SQL_EXECUTION_OF_KEY, INT(machine_id), TEXT(key));
    while (store_row(s, st)) {
        bool open = sqlite3_column_int(st, 5) == 0;

        if (!any || open)
            execution_columns(st, a, out);
        any = true;
        if (open)
            break;
    }
    sqlite3_reset(st);
    return any;
}
