/* Rows of local tables. */
#include "pavane/store_bus.h"
#include "store/sql.h"

enum {
    SQL_TABLE_GET = ROWS_AT(tables),
    SQL_TABLE_PUT,
    SQL_TABLE_DELETE,
    SQL_TABLE_NEXT,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_TABLE_GET) =
        "SELECT body FROM table_item WHERE table_name=?1 AND key=?2",
    SQL_TEXT(SQL_TABLE_PUT) =
        ("INSERT OR REPLACE INTO table_item(table_name,key,body) "
         "VALUES(?1,?2,?3)"),
    SQL_TEXT(SQL_TABLE_DELETE) =
        "DELETE FROM table_item WHERE table_name=?1 AND key=?2",
    SQL_TEXT(SQL_TABLE_NEXT) =
        "SELECT key,body FROM table_item WHERE table_name=?1 AND key>?2"
        " ORDER BY key LIMIT 1",
};

const struct rows tables_rows = {texts, sizeof(texts) / sizeof(texts[0])};

bool
pav_store_table_get(struct pav_store *s, const char *table, const char *key,
                    struct pav_arena *a, struct pav_bytes *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_TABLE_GET, TEXT(table), TEXT(key));

    if (!store_row(s, st))
        return false;
    *out = column_bytes(st, 0, a);
    sqlite3_reset(st);
    return true;
}

void
pav_store_table_put(struct pav_store *s, const char *table, const char *key,
                    struct pav_bytes item)
{
    STORE_DO(s, SQL_TABLE_PUT, TEXT(table), TEXT(key), BYTES(item));
}

void
pav_store_table_delete(struct pav_store *s, const char *table, const char *key)
{
    STORE_DO(s, SQL_TABLE_DELETE, TEXT(table), TEXT(key));
}

bool
pav_store_table_next(struct pav_store *s, const char *table, const char *after,
                     struct pav_arena *a, struct pav_table_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_TABLE_NEXT, TEXT(table), TEXT(after));

    if (!store_row(s, st))
        return false;
    out->key = column_str(st, 0, a);
    out->body = column_bytes(st, 1, a);
    sqlite3_reset(st);
    return true;
}
