/* What targets outside must be sent. */
#include "store/bus_columns.h"
#include "store/sql.h"

enum {
    SQL_DELIVERY_INSERT = ROWS_AT(deliveries),
    SQL_DELIVERY_UPDATE,
    SQL_DELIVERY_DELETE,
    SQL_DELIVERY_GET,
    SQL_DELIVERY_DUE,
    SQL_DELIVERY_DUE_AT,
    SQL_DELIVERIES_DEAD,
    SQL_DELIVERIES_RESET,
    SQL_DELIVERY_BLOCKED,
    SQL_DELIVERY_LANES,
    SQL_DELIVERY_HOLDERS,
    SQL_DELIVERIES_IN_ORDER,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_DELIVERY_INSERT) =
        "INSERT INTO delivery(event_id,rule_arn,target_arn,target_id,target,"
        "body,created_at,due_at,status,error_code,error_message,condition,lane,"
        "id) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    SQL_TEXT(SQL_DELIVERY_UPDATE) =
        "UPDATE delivery SET created_at=?2,due_at=?3,attempts=?4,taken=?5,"
        "status=?6,error_code=?7,error_message=?8,condition=?9 WHERE id=?1",
    SQL_TEXT(SQL_DELIVERY_DELETE) = "DELETE FROM delivery WHERE id=?1",
    SQL_TEXT(SQL_DELIVERY_GET) =
        "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id=?1",
    SQL_TEXT(SQL_DELIVERY_DUE) = "SELECT " DELIVERY_COLUMNS " FROM delivery"
                                 " WHERE status=0 ORDER BY due_at,id LIMIT 1",
    SQL_TEXT(SQL_DELIVERY_DUE_AT) = "SELECT due_at FROM delivery WHERE status=0"
                                    " ORDER BY due_at,id LIMIT 1",
    SQL_TEXT(SQL_DELIVERIES_DEAD) =
        "SELECT " DELIVERY_COLUMNS " FROM delivery"
        " WHERE status=1 AND id>?1 ORDER BY id LIMIT ?2",
    SQL_TEXT(SQL_DELIVERIES_RESET) =
        "UPDATE delivery SET taken=0,due_at=?2 WHERE status=0 AND due_at>?2"
        " AND taken NOT IN (0,?1) AND due_at<9223372036854775807",
    SQL_TEXT(SQL_DELIVERY_BLOCKED) =
        "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE status=0"
        " AND due_at=9223372036854775807 AND lane=?1 AND id>?2"
        " ORDER BY id LIMIT 1",
    SQL_TEXT(SQL_DELIVERY_LANES) =
        "SELECT lane,count(*) FROM delivery WHERE status=0"
        " AND due_at=9223372036854775807 GROUP BY lane",
    SQL_TEXT(SQL_DELIVERY_HOLDERS) =
        "SELECT lane,min(id) FROM delivery WHERE status=0 AND lane>=4096"
        " AND due_at<9223372036854775807 GROUP BY lane",
    SQL_TEXT(SQL_DELIVERIES_IN_ORDER) =
        "UPDATE delivery SET due_at=9223372036854775807 WHERE status=0"
        " AND lane>=?1 AND due_at<9223372036854775807 AND EXISTS(SELECT 1 FROM"
        " delivery d WHERE d.status=0 AND d.lane=delivery.lane"
        " AND d.lane>=4096 AND d.id<delivery.id)",
};

const struct rows deliveries_rows = {texts, sizeof(texts) / sizeof(texts[0])};

void
pav_store_delivery_add(struct pav_store *s, struct pav_delivery_row *row)
{
    row->id = store_new_id(s, ID_DELIVERY);
    STORE_DO(s, SQL_DELIVERY_INSERT, INT(row->event_id), TEXT(row->rule_arn),
             TEXT(row->target_arn), TEXT(row->target_id), BYTES(row->target),
             BLOB(row->body), INT(row->created_at), INT(row->due_at),
             INT(row->status), TEXT(row->error_code), TEXT(row->error_message),
             TEXT(row->condition), INT(row->lane), INT(row->id));
}

void
pav_store_delivery_update(struct pav_store *s,
                          const struct pav_delivery_row *row)
{
    STORE_DO(s, SQL_DELIVERY_UPDATE, INT(row->id), INT(row->created_at),
             INT(row->due_at), INT(row->attempts), INT(row->lease),
             INT(row->status), TEXT(row->error_code), TEXT(row->error_message),
             TEXT(row->condition));
}

void
pav_store_delivery_delete(struct pav_store *s, int64_t id)
{
    STORE_DO(s, SQL_DELIVERY_DELETE, INT(id));
}

void
delivery_from(sqlite3_stmt *st, struct pav_arena *a,
              struct pav_delivery_row *out)
{
    out->id = sqlite3_column_int64(st, 0);
    out->event_id = sqlite3_column_int64(st, 1);
    out->rule_arn = column_str(st, 2, a);
    out->target_arn = column_str(st, 3, a);
    out->target_id = column_str(st, 4, a);
    out->target = column_bytes(st, 5, a);
    out->body = column_bytes(st, 6, a);
    out->created_at = sqlite3_column_int64(st, 7);
    out->due_at = sqlite3_column_int64(st, 8);
    out->attempts = sqlite3_column_int64(st, 9);
    out->lease = sqlite3_column_int64(st, 10);
    out->status = sqlite3_column_int(st, 11);
    out->error_code = column_str(st, 12, a);
    out->error_message = column_str(st, 13, a);
    out->condition = column_str(st, 14, a);
    out->lane = (uint32_t)sqlite3_column_int64(st, 15);
}

static bool
delivery_row(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
             struct pav_delivery_row *out)
{
    if (!store_row(s, st))
        return false;
    delivery_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_delivery(struct pav_store *s, int64_t id, struct pav_arena *a,
                   struct pav_delivery_row *out)
{
    sqlite3_stmt *st = STORE_ASK(s, SQL_DELIVERY_GET, INT(id));

    return delivery_row(s, st, a, out);
}

bool
pav_store_delivery_due(struct pav_store *s, struct pav_arena *a,
                       struct pav_delivery_row *out)
{
    return delivery_row(s, store_read(s, SQL_DELIVERY_DUE), a, out);
}

bool
pav_store_delivery_blocked(struct pav_store *s, uint32_t lane, int64_t after,
                           struct pav_arena *a, struct pav_delivery_row *out)
{
    sqlite3_stmt *st =
        STORE_ASK(s, SQL_DELIVERY_BLOCKED, INT(lane), INT(after));

    return delivery_row(s, st, a, out);
}

void
pav_store_delivery_lanes(struct pav_store *s,
                         void (*fn)(void *arg, uint32_t lane, uint32_t blocked),
                         void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_DELIVERY_LANES);

    while (store_row(s, st))
        fn(arg, (uint32_t)sqlite3_column_int64(st, 0),
           (uint32_t)sqlite3_column_int64(st, 1));
}

void
pav_store_delivery_holders(struct pav_store *s,
                           void (*fn)(void *arg, uint32_t lane, int64_t id),
                           void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_DELIVERY_HOLDERS);

    while (store_row(s, st))
        fn(arg, (uint32_t)sqlite3_column_int64(st, 0),
           sqlite3_column_int64(st, 1));
}

/* The number in the first row's first column; INT64_MAX: there is no row. */
bool
pav_store_deliveries_open(struct pav_store *s)
{
    return store_number(s, SQL_DELIVERY_DUE_AT) != INT64_MAX ||
           store_number(s, SQL_DELIVERY_LANES) != INT64_MAX;
}

int64_t
pav_store_delivery_due_at(struct pav_store *s)
{
    return store_number(s, SQL_DELIVERY_DUE_AT);
}

uint32_t
pav_store_deliveries_dead(struct pav_store *s, int64_t after, uint32_t max,
                          struct pav_arena *a, struct pav_delivery_row *out)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    st = STORE_ASK(s, SQL_DELIVERIES_DEAD, INT(after), INT(max));
    while (store_row(s, st))
        delivery_from(st, a, &out[n++]);
    return n;
}

void
pav_store_deliveries_reset(struct pav_store *s, int64_t lifetime,
                           int64_t now_ms)
{
    STORE_DO(s, SQL_DELIVERIES_RESET, INT(lifetime), INT(now_ms));
    STORE_DO(s, SQL_DELIVERIES_IN_ORDER, INT(PAV_LANE_IN_ORDER));
}
