/* What became of events. */
#include "store/columns.h"
#include "store/store_int.h"

enum {
    SQL_DISPOSITION_INSERT = ROWS_AT(dispositions),
    SQL_DISPOSITION_CHANGE,
    SQL_CONCERNED,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_DISPOSITION_INSERT) =
        "INSERT INTO disposition(id,machine_id,execution_id,key,kind,early,"
        "at,detail) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    SQL_TEXT(SQL_DISPOSITION_CHANGE) =
        "UPDATE disposition SET kind=?2,machine_id=?3,execution_id=?4,early=1,"
        "at=?5 WHERE id=?1",
    SQL_TEXT(SQL_CONCERNED) =
        "SELECT execution_id FROM disposition WHERE id>=?1*" PER_EVENT " AND "
        "id<(?1+1)*" PER_EVENT " AND machine_id IS ?2 AND kind NOT IN (7,8)"
        " UNION ALL SELECT first_execution FROM event WHERE id=?1 AND"
        " first_machine=?2",
};

const struct rows dispositions_rows = {texts, sizeof(texts) / sizeof(texts[0])};

/* Its key is the execution's then, and its time the event's. */
static bool
goes_with_its_event(const struct pav_store *s,
                    const struct pav_disposition_row *row)
{
    return s->disposed.count == 1 && s->arriving.open &&
           s->arriving.row.id == row->event_id && row->kind <= PAV_RESUMED &&
           row->execution_id != 0 && row->machine_id != 0 &&
           row->key.p != NULL && row->detail == NULL && !row->early &&
           row->at == s->arriving.row.received_at;
}

void
pav_store_disposition_add(struct pav_store *s, struct pav_disposition_row *row)
{
    if (row->event_id != s->disposed.event) {
        s->disposed.event = row->event_id;
        s->disposed.count = 0;
    }
    PAV_ASSERT(s->disposed.count < PAV_DISPOSITIONS_MAX);
    row->id = row->event_id * PAV_DISPOSITIONS_MAX + s->disposed.count++;
    if (goes_with_its_event(s, row)) {
        s->arriving.taken = true;
        s->arriving.kind = row->kind;
        s->arriving.machine_id = row->machine_id;
        s->arriving.execution_id = row->execution_id;
        return;
    }
    STORE_DO(s, SQL_DISPOSITION_INSERT, INT(row->id),
             INT_OR_NULL(row->machine_id), INT_OR_NULL(row->execution_id),
             BYTES(row->key), INT(row->kind), INT(row->early), INT(row->at),
             TEXT(row->detail));
}

void
pav_store_disposition_change(struct pav_store *s, int64_t id,
                             enum pav_disposition kind, int64_t machine_id,
                             int64_t execution_id, int64_t now_ms)
{
    STORE_DO(s, SQL_DISPOSITION_CHANGE, INT(id), INT(kind),
             INT_OR_NULL(machine_id), INT_OR_NULL(execution_id), INT(now_ms));
}

bool
pav_store_concerned(struct pav_store *s, int64_t event_id, int64_t machine_id,
                    int64_t *execution_id)
{
    sqlite3_stmt *st;

    if (event_id == s->arriving.row.id)
        pav_store_event_done(s);
    st = STORE_ASK(s, SQL_CONCERNED, INT(event_id), INT_OR_NULL(machine_id));
    if (!store_row(s, st))
        return false;
    *execution_id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return true;
}
