/* Reading the bus: see pavane/reader.h. */
#include <string.h>

#include "bus_columns.h"
#include "columns.h"
#include "reader_int.h"

static uint32_t
delivery_rows(struct pav_reader *r, sqlite3_stmt *st, int64_t after,
              uint32_t limit, struct pav_arena *a,
              struct pav_delivery_row **out)
{
    uint32_t n = 0;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(after), INT(limit));
    while (n < limit && reader_row(r, st))
        delivery_from(st, a, &(*out)[n++]);
    sqlite3_reset(st);
    return n;
}

uint32_t
pav_reader_dead_letters(struct pav_reader *r, int64_t after, uint32_t limit,
                        struct pav_arena *a, struct pav_delivery_row **out)
{
    return delivery_rows(
        r,
        reader_ask(r, "SELECT " DELIVERY_COLUMNS " FROM delivery"
                      " WHERE status=1 AND id>?1 ORDER BY id LIMIT ?2"),
        after, limit, a, out);
}

uint32_t
pav_reader_deliveries(struct pav_reader *r, int64_t after, uint32_t limit,
                      struct pav_arena *a, struct pav_delivery_row **out)
{
    return delivery_rows(
        r,
        reader_ask(r, "SELECT " DELIVERY_COLUMNS " FROM delivery"
                      " WHERE status=0 AND id>?1 ORDER BY id LIMIT ?2"),
        after, limit, a, out);
}

#define GROUPED 10000

uint32_t
pav_reader_delivery_groups(struct pav_reader *r, bool dead, uint32_t limit,
                           struct pav_arena *a, struct pav_delivery_group **out,
                           bool *more)
{
#define GROUPS(which)                                                          \
    "SELECT target_arn,error_code,count(*),sum(taken>0),"                      \
    "sum(due_at=9223372036854775807),min(created_at),max(created_at),"         \
    "min(due_at) FROM (SELECT target_arn,error_code,taken,due_at,created_at "  \
    "FROM delivery WHERE status=" which                                        \
    " ORDER BY id DESC LIMIT ?1) GROUP BY target_arn,error_code"               \
    " ORDER BY count(*) DESC,target_arn LIMIT ?2"
    sqlite3_stmt *st =
        dead ? reader_ask(r, GROUPS("1")) : reader_ask(r, GROUPS("0"));
    int64_t counted = 0;
    uint32_t n = 0, i;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(GROUPED), INT(limit));
    while (n < limit && reader_row(r, st))
        (*out)[n++] = (struct pav_delivery_group){
            .target_arn = column_str(st, 0, a),
            .error_code = column_str(st, 1, a),
            .count = sqlite3_column_int64(st, 2),
            .sent = sqlite3_column_int64(st, 3),
            .blocked = sqlite3_column_int64(st, 4),
            .oldest_at = sqlite3_column_int64(st, 5),
            .newest_at = sqlite3_column_int64(st, 6),
            .due_at = sqlite3_column_int64(st, 7)};
    sqlite3_reset(st);
    for (i = 0; i < n; i++)
        counted += (*out)[i].count;
    *more = counted >= GROUPED;
    return n;
}

uint32_t
pav_reader_names(struct pav_reader *r, int kind, int64_t after_owner,
                 const char *after, uint32_t limit, struct pav_arena *a,
                 struct pav_name_row **out)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT " NAME_COLUMNS " FROM name"
                                     " WHERE kind=?1 AND (owner,name)>(?2,?3)"
                                     " ORDER BY owner,name LIMIT ?4");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(kind), INT(after_owner), TEXT(after), INT(limit));
    while (n < limit && reader_row(r, st))
        name_from(st, a, &(*out)[n++]);
    sqlite3_reset(st);
    return n;
}

int64_t
pav_reader_names_changed(struct pav_reader *r)
{
    return reader_progress(r, "names");
}

const char *
pav_reader_bus(struct pav_reader *r, int64_t id, struct pav_arena *a)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT name FROM name WHERE kind=?1"
                                     " AND owner=0 AND number=?2");
    const char *name = NULL;

    if (id == 1)
        return "default";
    STORE_BIND(st, INT(PAV_NAME_BUS), INT(id));
    if (reader_row(r, st))
        name = column_str(st, 0, a);
    sqlite3_reset(st);
    return name;
}

uint32_t
pav_reader_schedules(struct pav_reader *r, int64_t skip, uint32_t limit,
                     struct pav_arena *a, struct pav_schedule_row **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT * FROM (SELECT " SCHEDULE_COLUMNS " FROM schedule"
           " WHERE next_at>0 ORDER BY next_at,id LIMIT ?1+?2) UNION ALL"
           " SELECT * FROM (SELECT " SCHEDULE_COLUMNS " FROM schedule"
           " WHERE next_at=0 ORDER BY kind,owner,name LIMIT ?1+?2)"
           " LIMIT ?2 OFFSET ?1");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, INT(skip), INT(limit));
    while (n < limit && reader_row(r, st))
        schedule_from(st, a, &(*out)[n++]);
    sqlite3_reset(st);
    return n;
}

int64_t
pav_reader_archive_count(struct pav_reader *r, int64_t id)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT count(*) FROM (SELECT 1 FROM archive_event"
                      " WHERE archive_id=?1 LIMIT ?2)");
    int64_t n = 0;

    STORE_BIND(st, INT(id), INT(PAV_COUNT_CAP + 1));
    if (reader_row(r, st))
        n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

uint32_t
pav_reader_tables(struct pav_reader *r, struct pav_arena *a,
                  struct pav_table_view **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "WITH RECURSIVE t(name) AS (SELECT min(table_name) FROM table_item"
           " UNION ALL SELECT (SELECT min(table_name) FROM table_item"
           " WHERE table_name>name) FROM t WHERE name IS NOT NULL)"
           " SELECT name,(SELECT count(*) FROM (SELECT 1 FROM table_item"
           " WHERE table_name=name LIMIT ?1)) FROM t WHERE name IS NOT NULL"
           " LIMIT 1000");
    uint32_t n = 0;

    *out = NULL;
    STORE_BIND(st, INT(PAV_COUNT_CAP + 1));
    while (reader_row(r, st)) {
        *out = pav_arena_append(a, *out, n, sizeof(**out));
        (*out)[n].name = column_str(st, 0, a);
        (*out)[n++].count = sqlite3_column_int64(st, 1);
    }
    sqlite3_reset(st);
    return n;
}

uint32_t
pav_reader_items(struct pav_reader *r, const char *table, int64_t skip,
                 uint32_t limit, struct pav_arena *a,
                 struct pav_table_item **out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT key,body FROM table_item WHERE table_name=?1"
                      " ORDER BY key LIMIT ?3 OFFSET ?2");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, TEXT(table), INT(skip), INT(limit));
    while (n < limit && reader_row(r, st)) {
        (*out)[n].key = column_str(st, 0, a);
        (*out)[n++].body = column_bytes(st, 1, a);
    }
    sqlite3_reset(st);
    return n;
}

#define AGES_MAX 10000

uint32_t
pav_reader_delivery_ages(struct pav_reader *r, struct pav_arena *a,
                         struct pav_delivery_age **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT rule_arn,target_id,count(*),min(created_at) FROM (SELECT"
           " rule_arn,target_id,created_at FROM delivery WHERE status=0"
           " ORDER BY due_at,id LIMIT ?1) GROUP BY 1,2");
    uint32_t n = 0;

    *out = NULL;
    STORE_BIND(st, INT(AGES_MAX));
    while (reader_row(r, st)) {
        *out = pav_arena_append(a, *out, n, sizeof(**out));
        (*out)[n].rule_arn = column_str(st, 0, a);
        (*out)[n].target_id = column_str(st, 1, a);
        (*out)[n].count = sqlite3_column_int64(st, 2);
        (*out)[n++].oldest_at = sqlite3_column_int64(st, 3);
    }
    sqlite3_reset(st);
    return n;
}

uint32_t
pav_reader_wait_times(struct pav_reader *r, const char *machine,
                      struct pav_arena *a, struct pav_wait_time **out)
{
    sqlite3_stmt *st = reader_ask(
        r, "SELECT m.name,w.state,w.histogram FROM wait_stat w JOIN machine m"
           " ON m.id=w.machine_id WHERE (?1 IS NULL OR m.name=?1)"
           " AND instr(m.name,'~')=0 ORDER BY m.name,w.state LIMIT 10000");
    uint32_t n = 0, cap = 0;

    *out = NULL;
    STORE_BIND(st, TEXT(machine));
    while (reader_row(r, st)) {
        if (n == cap) {
            struct pav_wait_time *more;

            cap = cap == 0 ? 64 : cap * 2;
            more = pav_arena_alloc(a, cap * sizeof(*more));
            if (n > 0)
                memcpy(more, *out, n * sizeof(*more));
            *out = more;
        }
        (*out)[n].machine = column_str(st, 0, a);
        (*out)[n].state = column_str(st, 1, a);
        (*out)[n++].histogram = column_bytes(st, 2, a);
    }
    sqlite3_reset(st);
    return n;
}

bool
pav_reader_archive(struct pav_reader *r, const char *name,
                   struct pav_archived after, uint32_t limit,
                   struct pav_arena *a, struct pav_event_row **out,
                   uint32_t *count, struct pav_archived *last)
{
    sqlite3_stmt *st = reader_ask(r, "SELECT number FROM name WHERE kind=?1"
                                     " AND owner=0 AND name=?2");
    int64_t id;

    *count = 0;
    STORE_BIND(st, INT(PAV_NAME_ARCHIVE), TEXT(name));
    if (!reader_row(r, st))
        return false;
    id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    st = reader_ask(r, "SELECT " EVENT_COLUMNS ",x.at FROM archive_event x"
                       " JOIN event e ON e.id=x.event_id"
                       " WHERE x.archive_id=?1 AND (x.at,x.event_id)>(?2,?3)"
                       " ORDER BY x.at,x.event_id LIMIT ?4");
    STORE_BIND(st, INT(id), INT(after.at), INT(after.event_id), INT(limit));
    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    while (*count < limit && reader_row(r, st)) {
        if (!event_from(st, a, &(*out)[*count]))
            pav_reader_spoilt(r, EVENT_SPOILT);
        last->at = (*out)[*count].received_at =
            sqlite3_column_int64(st, EVENT_COLUMN_COUNT);
        last->event_id = (*out)[(*count)++].id;
    }
    sqlite3_reset(st);
    return true;
}

uint32_t
pav_reader_events_of(struct pav_reader *r, const char *source,
                     const char *detail_type, uint32_t limit,
                     struct pav_arena *a, struct pav_event_row **out)
{
    sqlite3_stmt *st =
        reader_ask(r, "SELECT " EVENT_COLUMNS " FROM (SELECT * FROM event"
                      " ORDER BY id DESC LIMIT 200000) e WHERE " EVENT_SOURCE
                      "=?1 AND " EVENT_TYPE "=?2 LIMIT ?3");
    uint32_t n = 0;

    *out = pav_arena_alloc(a, (limit + 1) * sizeof(**out));
    STORE_BIND(st, TEXT(source), TEXT(detail_type), INT(limit));
    while (n < limit && reader_row(r, st)) {
        if (!event_from(st, a, &(*out)[n++]))
            pav_reader_spoilt(r, EVENT_SPOILT);
    }
    sqlite3_reset(st);
    return n;
}
