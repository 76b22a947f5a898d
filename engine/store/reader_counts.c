/* How many rows there are, for /metrics. */
#include "columns.h"
#include "reader_int.h"

void
pav_reader_counts(struct pav_reader *r, int64_t now_ms, struct pav_arena *a,
                  struct pav_row_counts *out)
{
    uint32_t room = reader_count(r, "SELECT count(*) FROM machine");
    sqlite3_stmt *st = reader_ask(
        r, "SELECT m.id,m.name,s.status,sum(s.count) FROM machine m LEFT JOIN"
           " standing s ON s.machine_id=m.id GROUP BY m.id,s.status");
    int64_t last = 0;

    memset(out, 0, sizeof(*out));
    out->machines = pav_arena_zalloc(a, (room + 1) * sizeof(*out->machines));
    while (reader_row(r, st)) {
        int status = sqlite3_column_int(st, 2);

        if (sqlite3_column_int64(st, 0) != last) {
            if (out->machine_count == room)
                break;
            last = sqlite3_column_int64(st, 0);
            out->machines[out->machine_count++].name = column_str(st, 1, a);
        }
        if (status >= 0 && status < 5)
            out->machines[out->machine_count - 1].executions[status] =
                sqlite3_column_int64(st, 3);
    }
    sqlite3_reset(st);
    out->timers = reader_count(r, "SELECT count(*) FROM timer");
    out->parked = reader_count(r, "SELECT count(*) FROM parked");
    out->overdue = reader_count(r, "SELECT count(*) FROM overdue");
    out->deliveries =
        reader_count(r, "SELECT count(*) FROM delivery WHERE status=0");
    out->dead_letters =
        reader_count(r, "SELECT count(*) FROM delivery WHERE status=1");
    out->to_gather = reader_count(
        r, "SELECT count(*) FROM execution WHERE id>coalesce((SELECT last_id"
           " FROM search_text ORDER BY first_id DESC LIMIT 1),0)");
    out->schedules = reader_count(r, "SELECT count(*) FROM schedule");
    st = reader_ask(r, "SELECT count(*) FROM timer WHERE due_at<=?1");
    STORE_BIND(st, INT(now_ms));
    if (reader_row(r, st))
        out->timers_due = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
}

int64_t
pav_reader_first_timer(struct pav_reader *r)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT due_at FROM timer ORDER BY due_at LIMIT 1");
    int64_t due = 0;

    if (reader_row(r, st)) {
        due = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return due;
}

uint32_t
pav_reader_attribute_counts(struct pav_reader *r, const char *name,
                            const char *by, const char *machine, int64_t from,
                            int64_t until, uint32_t limit, struct pav_arena *a,
                            struct pav_attribute_count **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT t.value,b.value,count(*) FROM attribute t"
           " JOIN execution x ON x.id=t.execution_id"
           " JOIN machine m ON m.id=x.machine_id"
           " LEFT JOIN attribute b ON ?2 IS NOT NULL AND b.name=?2"
           " AND b.execution_id=t.execution_id"
           " WHERE t.name=?1 AND (?3 IS NULL OR m.name=?3)"
           " AND (?4=0 OR x.started_at>=?4) AND (?5=0 OR x.started_at<?5)"
           " AND (?2 IS NULL OR b.value IS NOT NULL)"
           " GROUP BY 1,2 ORDER BY 3 DESC,1,2 LIMIT ?6");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, ((size_t)limit + 1) * sizeof(**out));
    STORE_BIND(st, TEXT(name), TEXT(by), TEXT(machine), INT(from), INT(until),
               INT(limit));
    while (n < limit && reader_row(r, st)) {
        (*out)[n].value = column_str(st, 0, a);
        (*out)[n].by = by == NULL ? NULL : column_str(st, 1, a);
        (*out)[n++].count = sqlite3_column_int64(st, 2);
    }
    sqlite3_reset(st);
    return n;
}
