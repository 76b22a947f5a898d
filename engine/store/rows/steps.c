/* The journal: a row a step. */
#include "pavane/digest.h"
#include "store/columns.h"
#include "store/sql.h"

enum {
    SQL_STEP_INSERT = ROWS_AT(steps),
    SQL_STEP_GET,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_STEP_INSERT) =
        "INSERT INTO step(id,execution_id,previous,at,first_event,"
        "event_count,semantics,wake,event_id,seed,record,sum) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    SQL_TEXT(SQL_STEP_GET) = "SELECT " STEP_COLUMNS " FROM step WHERE id=?1",
};

const struct rows steps_rows = {texts, sizeof(texts) / sizeof(texts[0])};

/* 0: of before there were sums. */
int64_t
row_sum(int64_t id, struct pav_bytes what)
{
    int64_t sum = (int64_t)pav_hash64(what.p, what.len, (uint64_t)id);

    return sum == 0 ? 1 : sum;
}

void
pav_store_step_add(struct pav_store *s, const struct pav_step_row *row)
{
    PAV_ASSERT(row->id > 0 && row->execution_id > 0);
    STORE_DO(s, SQL_STEP_INSERT, INT(row->id), INT(row->execution_id),
             INT(row->previous), INT(row->at), INT(row->first_event),
             INT(row->event_count), INT(row->semantics), INT(row->wake),
             INT(row->event_id), BLOB(row->seed), BLOB(row->record),
             INT(row_sum(row->id, row->record)));
}

bool
step_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_step_row *out)
{
    int64_t sum;

    out->id = sqlite3_column_int64(st, 0);
    out->execution_id = sqlite3_column_int64(st, 1);
    out->previous = sqlite3_column_int64(st, 2);
    out->at = sqlite3_column_int64(st, 3);
    out->first_event = sqlite3_column_int64(st, 4);
    out->event_count = sqlite3_column_int64(st, 5);
    out->semantics = sqlite3_column_int(st, 6);
    out->wake = sqlite3_column_int(st, 7);
    out->event_id = sqlite3_column_int64(st, 8);
    out->seed = column_bytes(st, 9, a);
    out->record = column_bytes(st, 10, a);
    sum = sqlite3_column_int64(st, 11);
    return sum == 0 || sum == row_sum(out->id, out->record);
}

struct pav_stored
pav_step_stored(const struct pav_step_row *row)
{
    return (struct pav_stored){.id = row->id,
                               .previous = row->previous,
                               .execution_id = row->execution_id,
                               .event_id = row->event_id,
                               .bytes = row->record};
}

bool
pav_store_step(struct pav_store *s, int64_t id, struct pav_arena *a,
               struct pav_step_row *out)
{
    sqlite3_stmt *st;

    bool whole;

    st = STORE_ASK(s, SQL_STEP_GET, INT(id));
    whole = store_row(s, st) && step_from(st, a, out);
    sqlite3_reset(st);
    if (!whole)
        pav_store_spoilt(s, "in table step: a step of an execution is missing, "
                            "or not as it was written");
    return whole;
}
