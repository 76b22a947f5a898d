/* Published versions, aliases, buses and all that has a name. */
#include "pavane/store_bus.h"
#include "store/bus_columns.h"
#include "store/sql.h"

enum {
    SQL_NAME_PUT = ROWS_AT(names),
    SQL_NAME_DELETE,
    SQL_NAME_GET,
    SQL_NAMES,
    SQL_NAMES_CHANGE,
    SQL_NAMES_CHANGED,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_NAME_PUT) =
        "INSERT OR REPLACE INTO name(kind,owner,name,number,body,changed) "
        "VALUES(?1,?2,?3,?4,?5,"
        "(SELECT event_id FROM progress WHERE name='names'))",
    SQL_TEXT(SQL_NAME_DELETE) =
        "DELETE FROM name WHERE kind=?1 AND owner=?2 AND name=?3",
    SQL_TEXT(SQL_NAME_GET) = "SELECT " NAME_COLUMNS " FROM name"
                             " WHERE kind=?1 AND owner=?2 AND name=?3",
    SQL_TEXT(SQL_NAMES) = "SELECT " NAME_COLUMNS " FROM name"
                          " WHERE kind=?1 AND owner=?2 AND name>?3"
                          " ORDER BY name LIMIT ?4",
    SQL_TEXT(SQL_NAMES_CHANGE) =
        "UPDATE progress SET event_id=event_id+1 WHERE name='names'",
    SQL_TEXT(SQL_NAMES_CHANGED) =
        "SELECT event_id FROM progress WHERE name='names'",
};

const struct rows names_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_name_put(struct pav_store *s, const struct pav_name_row *row)
{
    store_do(s, SQL_NAMES_CHANGE, NULL, 0);
    STORE_DO(s, SQL_NAME_PUT, INT(row->kind), INT(row->owner), TEXT(row->name),
             INT(row->number), BYTES(row->body));
}

void
pav_store_name_delete(struct pav_store *s, int kind, int64_t owner,
                      const char *name)
{
    store_do(s, SQL_NAMES_CHANGE, NULL, 0);
    STORE_DO(s, SQL_NAME_DELETE, INT(kind), INT(owner), TEXT(name));
}

int64_t
pav_store_names_changed(struct pav_store *s)
{
    return store_number(s, SQL_NAMES_CHANGED);
}

void
name_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_name_row *out)
{
    out->kind = sqlite3_column_int(st, 0);
    out->owner = sqlite3_column_int64(st, 1);
    out->name = column_str(st, 2, a);
    out->number = sqlite3_column_int64(st, 3);
    out->body = column_bytes(st, 4, a);
}

bool
pav_store_name(struct pav_store *s, int kind, int64_t owner, const char *name,
               struct pav_arena *a, struct pav_name_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_NAME_GET, INT(kind), INT(owner), TEXT(name));

    if (!store_row(s, st))
        return false;
    name_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

uint32_t
pav_store_names(struct pav_store *s, int kind, int64_t owner, const char *after,
                uint32_t max, struct pav_arena *a, struct pav_name_row *out)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    st = STORE_ASK(s, SQL_NAMES, INT(kind), INT(owner), TEXT(after), INT(max));
    while (store_row(s, st))
        name_from(st, a, &out[n++]);
    return n;
}
