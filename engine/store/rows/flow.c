/* How executions flow, by version and day. */
#include <string.h>

#include "pavane/flow.h"
#include "pavane/wait_stats.h"
#include "store/store_int.h"

enum {
    SQL_FLOW_GET = ROWS_AT(flow),
    SQL_FLOW_PUT,
    SQL_FLOW_UPTO,
    SQL_FLOW_FORGET,
    SQL_PASSED_GET,
    SQL_PASSED_PUT,
    SQL_PASSED_FORGET,
    SQL_FLOW_AT,
};

/* Steps whose executions share a row of `passed`, so that one has hundreds. */
#define PART_STEPS 1024

static const char *const texts[] = {
    SQL_TEXT(SQL_FLOW_GET) =
        "SELECT count,sum_ms,histogram FROM flow WHERE version_id=?1 AND"
        " day=?2 AND kind=?3 AND a=?4 AND b=?5",
    SQL_TEXT(SQL_FLOW_PUT) =
        "INSERT OR REPLACE INTO flow(version_id,day,kind,a,b,count,sum_ms,"
        "histogram) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    SQL_TEXT(SQL_FLOW_UPTO) =
        "UPDATE progress SET event_id=?1 WHERE name='flow'",
    SQL_TEXT(SQL_FLOW_FORGET) =
        "DELETE FROM flow WHERE (version_id,day,kind,a,b) IN (SELECT"
        " version_id,day,kind,a,b FROM flow WHERE day<?1 LIMIT ?2)",
    SQL_TEXT(SQL_PASSED_GET) =
        "SELECT entries FROM passed WHERE day=?1 AND version_id=?2 AND kind=?3"
        " AND a=?4 AND b=?5 AND part=?6",
    SQL_TEXT(SQL_PASSED_PUT) =
        "INSERT OR REPLACE INTO passed(day,version_id,kind,a,b,part,entries)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7)",
    SQL_TEXT(SQL_PASSED_FORGET) =
        "DELETE FROM passed WHERE (version_id,day,kind,a,b,part) IN (SELECT"
        " version_id,day,kind,a,b,part FROM machine_version v CROSS JOIN passed"
        " p ON p.version_id=v.id AND p.day<?1 WHERE v.machine_id=?2 LIMIT ?3)",
    SQL_TEXT(SQL_FLOW_AT) = "SELECT event_id FROM progress WHERE name='flow'",
};

const struct rows flow_rows = {texts, sizeof(texts) / sizeof(texts[0])};

static void
passed_add(struct pav_store *s, const struct pav_flow_row *row, int64_t part)
{
    struct pav_buf b;
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_PASSED_GET, INT(row->day), INT(row->version_id),
                  INT(row->kind), TEXT(row->a), TEXT(row->b), INT(part));

    pav_buf_init(&b, SIZE_MAX / 2);
    if (store_row(s, st)) {
        pav_buf_put(&b, sqlite3_column_blob(st, 0),
                    (size_t)sqlite3_column_bytes(st, 0));
        sqlite3_reset(st);
    }
    pav_buf_put(&b, row->passed.p, row->passed.len);
    STORE_DO(s, SQL_PASSED_PUT, INT(row->day), INT(row->version_id),
             INT(row->kind), TEXT(row->a), TEXT(row->b), INT(part),
             BLOB(((struct pav_bytes){b.p, b.len})));
    pav_buf_fini(&b);
}

void
pav_store_flow_add(struct pav_store *s, const struct pav_flow_row *row,
                   int64_t upto)
{
    struct pav_wait_stats times, more;
    int64_t count = row->count, sum = row->sum_ms;
    sqlite3_stmt *st;

    pav_wait_stats_read(&times, row->histogram);
    st = STORE_ASK(s, SQL_FLOW_GET, INT(row->version_id), INT(row->day),
                   INT(row->kind), TEXT(row->a), TEXT(row->b));
    if (store_row(s, st)) {
        count += sqlite3_column_int64(st, 0);
        sum += sqlite3_column_int64(st, 1);
        pav_wait_stats_read(
            &more, (struct pav_bytes){sqlite3_column_blob(st, 2),
                                      (size_t)sqlite3_column_bytes(st, 2)});
        pav_wait_stats_merge(&times, &more);
        sqlite3_reset(st);
    }
    STORE_DO(s, SQL_FLOW_PUT, INT(row->version_id), INT(row->day),
             INT(row->kind), TEXT(row->a), TEXT(row->b), INT(count), INT(sum),
             BLOB(pav_wait_stats_bytes(&times)));
    if (row->passed.len > 0)
        passed_add(s, row, upto / PART_STEPS);
}

int64_t
pav_store_flow_at(struct pav_store *s)
{
    sqlite3_stmt *st = store_read(s, SQL_FLOW_AT);
    int64_t step = 0;

    if (store_row(s, st)) {
        step = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }
    return step;
}

void
pav_store_flow_upto(struct pav_store *s, int64_t step)
{
    STORE_DO(s, SQL_FLOW_UPTO, INT(step));
}

int
pav_store_flow_forget(struct pav_store *s, int64_t day, int limit)
{
    STORE_DO(s, SQL_FLOW_FORGET, INT(day), INT(limit));
    return store_changes(s);
}

int
pav_store_passed_forget(struct pav_store *s, int64_t machine_id, int64_t day,
                        int limit)
{
    STORE_DO(s, SQL_PASSED_FORGET, INT(day), INT(machine_id), INT(limit));
    return store_changes(s);
}
