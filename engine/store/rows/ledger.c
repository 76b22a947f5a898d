/* What became of events, counted by source, type, machine, kind and hour. */
#include "store/columns.h"
#include "store/store_int.h"

enum {
    SQL_LEDGER_ADD = ROWS_AT(ledger),
    SQL_LEDGER_UPTO,
    SQL_LEDGER_CATCH_UP,
    SQL_LEDGER_MARK,
    SQL_LEDGER_FORGET,
};

#define COUNTED "(SELECT event_id FROM progress WHERE name='ledger')"
#define ADDS                                                                   \
    "INSERT INTO ledger(hour,source,type,machine_id,kind,reason,count,"        \
    "events,first_at,last_at) "
#define TO_THAT                                                                \
    " ON CONFLICT DO UPDATE SET count=count+excluded.count,"                   \
    "events=events+excluded.events,"                                           \
    "last_at=max(last_at,excluded.last_at)"

static const char *const texts[] = {
    SQL_TEXT(SQL_LEDGER_ADD) =
        ADDS "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)" TO_THAT,
    SQL_TEXT(SQL_LEDGER_UPTO) =
        "UPDATE progress SET event_id=?1 WHERE name='ledger'",
    /* Where it stood, when it did not fit, is not in its row; the commonest
     * groups alone, as many as an hour has (run/ledger.c, L1). */
    SQL_TEXT(SQL_LEDGER_CATCH_UP) = ADDS
    "SELECT at/3600000,source,type,machine,kind,reason,count(*),"
    "sum(first),min(at),max(at) FROM (SELECT e.received_at AS at," EVENT_SOURCE
    " AS source," EVENT_TYPE " AS type,"
    "e.first_machine AS machine,e.first_kind AS kind,'' AS reason,"
    "1 AS first FROM event e WHERE e.id>" COUNTED
    " AND e.first_kind IS NOT NULL UNION ALL"
    " SELECT d.at," EVENT_SOURCE "," EVENT_TYPE
    ",coalesce(d.machine_id,0),d.kind,"
    "CASE WHEN d.kind IN (3,6,7,8)"
    " THEN substr(coalesce(d.detail,''),1,50) ELSE '' END,"
    "d.id%" PER_EVENT "=0 AND e.first_kind IS NULL"
    " FROM disposition d JOIN event e ON e.id=" EVENT_OF(
        "d") " WHERE d.id>=(" COUNTED "+1)*" PER_EVENT ") WHERE 1"
             " GROUP BY 1,2,3,4,5,6 ORDER BY 7 DESC LIMIT 1000" TO_THAT,
    SQL_TEXT(SQL_LEDGER_MARK) =
        "UPDATE progress SET event_id=(SELECT coalesce(max(id),event_id)"
        " FROM event) WHERE name='ledger'",
    SQL_TEXT(SQL_LEDGER_FORGET) =
        "DELETE FROM ledger WHERE hour=(SELECT min(hour) FROM ledger)"
        " AND hour<?1",
};

const struct rows ledger_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_ledger_add(struct pav_store *s, const struct pav_ledger_row *row)
{
    STORE_DO(s, SQL_LEDGER_ADD, INT(row->hour), TEXT(row->source),
             TEXT(row->type), INT(row->machine_id), INT(row->kind),
             TEXT(row->reason), INT(row->count), INT(row->events),
             INT(row->first_at), INT(row->last_at));
}

void
pav_store_ledger_upto(struct pav_store *s, int64_t event_id)
{
    STORE_DO(s, SQL_LEDGER_UPTO, INT(event_id));
}

void
pav_store_ledger_catch_up(struct pav_store *s)
{
    store_do(s, SQL_LEDGER_CATCH_UP, NULL, 0);
    if (store_changes(s) > 0)
        store_do(s, SQL_LEDGER_MARK, NULL, 0);
}

int
pav_store_ledger_forget(struct pav_store *s, int64_t hour)
{
    STORE_DO(s, SQL_LEDGER_FORGET, INT(hour));
    return store_changes(s);
}
