/* Start rules that gather events. */
#include "pavane/store_bus.h"
#include "store/sql.h"

enum {
    SQL_BATCH_PUT = ROWS_AT(batches),
    SQL_BATCH_DELETE,
    SQL_BATCH_GET,
    SQL_BATCH_DUE,
    SQL_BATCH_DUE_AT,
    SQL_BATCH_HELD,
    SQL_OPEN_COUNT,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_BATCH_PUT) =
        "INSERT OR REPLACE INTO batch(machine_id,key,rule,due_at,"
        "count) VALUES(?1,?2,?3,?4,?5)",
    SQL_TEXT(SQL_BATCH_DELETE) =
        "DELETE FROM batch WHERE machine_id=?1 AND key=?2 AND rule=?3",
    SQL_TEXT(SQL_BATCH_GET) = "SELECT due_at,count FROM batch"
                              " WHERE machine_id=?1 AND key=?2 AND rule=?3",
    SQL_TEXT(SQL_BATCH_DUE) =
        "SELECT machine_id,key,rule,due_at,count FROM batch"
        " WHERE due_at<4611686018427387904 ORDER BY due_at LIMIT 1",
    SQL_TEXT(SQL_BATCH_DUE_AT) =
        "SELECT due_at FROM batch WHERE due_at<4611686018427387904"
        " ORDER BY due_at LIMIT 1",
    SQL_TEXT(SQL_BATCH_HELD) =
        "SELECT machine_id,key,rule,due_at,count FROM batch"
        " WHERE due_at>=4611686018427387904 AND machine_id=?1"
        " ORDER BY due_at LIMIT 1",
    SQL_TEXT(SQL_OPEN_COUNT) =
        "SELECT count(*) FROM (SELECT 1 FROM execution"
        " x WHERE machine_id=?1 AND status=0 AND NOT EXISTS(SELECT 1 FROM"
        " note n WHERE n.execution_id=x.id AND n.run_id>0) LIMIT ?2)",
};

const struct rows batches_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_batch_put(struct pav_store *s, const struct pav_batch_row *row)
{
    STORE_DO(s, SQL_BATCH_PUT, INT(row->machine_id), TEXT(row->key),
             TEXT(row->rule), INT(row->due_at), INT(row->count));
}

void
pav_store_batch_delete(struct pav_store *s, int64_t machine_id, const char *key,
                       const char *rule)
{
    STORE_DO(s, SQL_BATCH_DELETE, INT(machine_id), TEXT(key), TEXT(rule));
}

bool
pav_store_batch(struct pav_store *s, int64_t machine_id, const char *key,
                const char *rule, struct pav_batch_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_BATCH_GET, INT(machine_id), TEXT(key), TEXT(rule));

    if (!store_row(s, st))
        return false;
    out->machine_id = machine_id;
    out->key = key;
    out->rule = rule;
    out->due_at = sqlite3_column_int64(st, 0);
    out->count = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return true;
}

static bool
batch_from(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
           struct pav_batch_row *out)
{
    if (!store_row(s, st))
        return false;
    out->machine_id = sqlite3_column_int64(st, 0);
    out->key = column_str(st, 1, a);
    out->rule = column_str(st, 2, a);
    out->due_at = sqlite3_column_int64(st, 3);
    out->count = sqlite3_column_int64(st, 4);
    sqlite3_reset(st);
    return true;
}

int64_t
pav_store_batch_due_at(struct pav_store *s)
{
    return store_number(s, SQL_BATCH_DUE_AT);
}

bool
pav_store_batch_due(struct pav_store *s, struct pav_arena *a,
                    struct pav_batch_row *out)
{
    return batch_from(s, store_read(s, SQL_BATCH_DUE), a, out);
}

bool
pav_store_batch_held(struct pav_store *s, int64_t machine_id,
                     struct pav_arena *a, struct pav_batch_row *out)
{
    return batch_from(s, STORE_ASK(s, SQL_BATCH_HELD, INT(machine_id)), a, out);
}

int64_t
pav_store_open_count(struct pav_store *s, int64_t machine_id, int64_t max)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_OPEN_COUNT, INT(machine_id), INT(max));
    int64_t n = 0;

    if (store_row(s, st)) {
        n = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return n;
}
