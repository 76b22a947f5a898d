/* Events that came early. */
#include "store/store_int.h"

enum {
    SQL_PARK = ROWS_AT(parked),
    SQL_UNPARK,
    SQL_PARKED_NEXT,
    SQL_PARKED_COUNT,
    SQL_PARKED_FIRST,
};

#define PARKED_COLUMNS                                                         \
    "machine_id,key,event_id,disposition_id,expires_at,shared,input"

static const char *const texts[] = {
    SQL_TEXT(SQL_PARK) =
        "INSERT INTO parked(" PARKED_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7)",
    SQL_TEXT(SQL_UNPARK) =
        "DELETE FROM parked WHERE machine_id=?1 AND key=?2 AND event_id=?3",
    SQL_TEXT(SQL_PARKED_NEXT) =
        "SELECT " PARKED_COLUMNS " FROM parked WHERE machine_id=?1 AND key=?2"
        " AND event_id>?3 ORDER BY event_id LIMIT 1",
    SQL_TEXT(SQL_PARKED_COUNT) =
        "SELECT count(*) FROM parked WHERE machine_id=?1 AND key=?2",
    SQL_TEXT(SQL_PARKED_FIRST) =
        "SELECT " PARKED_COLUMNS " FROM parked ORDER BY expires_at LIMIT 1",
};

const struct rows parked_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_park(struct pav_store *s, const struct pav_parked_row *row)
{
    PAV_ASSERT(row->disposition_id > 0 && row->key != NULL);
    STORE_DO(s, SQL_PARK, INT(row->machine_id), TEXT(row->key),
             INT(row->event_id), INT(row->disposition_id), INT(row->expires_at),
             INT(row->shared), BLOB(row->input));
    s->parked++;
}

void
pav_store_unpark(struct pav_store *s, int64_t machine_id, const char *key,
                 int64_t event_id)
{
    STORE_DO(s, SQL_UNPARK, INT(machine_id), TEXT(key), INT(event_id));
    s->parked--;
}

static bool
parked_from(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
            struct pav_parked_row *out)
{
    if (!store_row(s, st))
        return false;
    out->machine_id = sqlite3_column_int64(st, 0);
    out->key = column_str(st, 1, a);
    out->event_id = sqlite3_column_int64(st, 2);
    out->disposition_id = sqlite3_column_int64(st, 3);
    out->expires_at = sqlite3_column_int64(st, 4);
    out->shared = sqlite3_column_int(st, 5) != 0;
    out->input = column_bytes(st, 6, a);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_parked_next(struct pav_store *s, int64_t machine_id, const char *key,
                      int64_t after, struct pav_arena *a,
                      struct pav_parked_row *out)
{
    sqlite3_stmt *st;

    if (s->parked == 0) /* the common case costs nothing */
        return false;
    st = STORE_ASK(s, SQL_PARKED_NEXT, INT(machine_id), TEXT(key), INT(after));
    return parked_from(s, st, a, out);
}

bool
pav_store_has_parked(const struct pav_store *s)
{
    return s->parked > 0;
}

int64_t
pav_store_parked_count(struct pav_store *s, int64_t machine_id, const char *key)
{
    sqlite3_stmt *st;
    int64_t n = 0;

    st = STORE_ASK(s, SQL_PARKED_COUNT, INT(machine_id), TEXT(key));
    if (store_row(s, st)) {
        n = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return n;
}

bool
pav_store_parked_first(struct pav_store *s, struct pav_arena *a,
                       struct pav_parked_row *out)
{
    if (s->parked == 0)
        return false;
    return parked_from(s, store_read(s, SQL_PARKED_FIRST), a, out);
}
