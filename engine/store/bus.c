/* The rows of the bus: see pavane/store_bus.h. */
#include "pavane/store_bus.h"

#include "store_int.h"

/* ---- deliveries ---- */

void
pav_store_delivery_add(struct pav_store *s, struct pav_delivery_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_DELIVERY_INSERT);

    sqlite3_bind_int64(st, 1, row->event_id);
    bind_text(st, 2, row->rule_arn);
    bind_text(st, 3, row->target_arn);
    bind_text(st, 4, row->target_id);
    bind_bytes(st, 5, row->target);
    bind_blob(st, 6, row->body);
    sqlite3_bind_int64(st, 7, row->created_at);
    sqlite3_bind_int64(st, 8, row->due_at);
    sqlite3_bind_int(st, 9, row->status);
    bind_text(st, 10, row->error_code);
    bind_text(st, 11, row->error_message);
    bind_text(st, 12, row->condition);
    sqlite3_bind_int64(st, 13, row->lane);
    store_run(s, st);
    row->id = sqlite3_last_insert_rowid(s->db);
}

void
pav_store_delivery_update(struct pav_store *s,
                          const struct pav_delivery_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_DELIVERY_UPDATE);

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->created_at);
    sqlite3_bind_int64(st, 3, row->due_at);
    sqlite3_bind_int64(st, 4, row->attempts);
    sqlite3_bind_int64(st, 5, row->taken);
    sqlite3_bind_int(st, 6, row->status);
    bind_text(st, 7, row->error_code);
    bind_text(st, 8, row->error_message);
    bind_text(st, 9, row->condition);
    store_run(s, st);
}

void
pav_store_delivery_delete(struct pav_store *s, int64_t id)
{
    sqlite3_stmt *st = store_write(s, SQL_DELIVERY_DELETE);

    sqlite3_bind_int64(st, 1, id);
    store_run(s, st);
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
    out->taken = sqlite3_column_int64(st, 10);
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
    sqlite3_stmt *st = store_read(s, SQL_DELIVERY_GET);

    sqlite3_bind_int64(st, 1, id);
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
    sqlite3_stmt *st = store_read(s, SQL_DELIVERY_BLOCKED);

    sqlite3_bind_int64(st, 1, lane);
    sqlite3_bind_int64(st, 2, after);
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
static int64_t
first_number(struct pav_store *s, enum statement id)
{
    sqlite3_stmt *st = store_read(s, id);
    int64_t n;

    if (!store_row(s, st))
        return INT64_MAX;
    n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

bool
pav_store_deliveries_open(struct pav_store *s)
{
    return first_number(s, SQL_DELIVERY_DUE_AT) != INT64_MAX ||
           first_number(s, SQL_DELIVERY_LANES) != INT64_MAX;
}

int64_t
pav_store_delivery_due_at(struct pav_store *s)
{
    return first_number(s, SQL_DELIVERY_DUE_AT);
}

uint32_t
pav_store_deliveries_dead(struct pav_store *s, int64_t after, uint32_t max,
                          struct pav_arena *a, struct pav_delivery_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_DELIVERIES_DEAD);
    uint32_t n = 0;

    sqlite3_bind_int64(st, 1, after);
    sqlite3_bind_int64(st, 2, max);
    while (store_row(s, st))
        delivery_from(st, a, &out[n++]);
    return n;
}

void
pav_store_deliveries_reset(struct pav_store *s, int64_t lifetime,
                           int64_t now_ms)
{
    sqlite3_stmt *st = store_write(s, SQL_DELIVERIES_RESET);

    sqlite3_bind_int64(st, 1, lifetime);
    sqlite3_bind_int64(st, 2, now_ms);
    store_run(s, st);
    st = store_write(s, SQL_DELIVERIES_IN_ORDER);
    sqlite3_bind_int64(st, 1, PAV_LANE_IN_ORDER);
    store_run(s, st);
}

/* ---- schedules ---- */

void
pav_store_schedule_put(struct pav_store *s, struct pav_schedule_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_SCHEDULE_PUT);

    sqlite3_bind_int(st, 1, row->kind);
    sqlite3_bind_int64(st, 2, row->owner);
    bind_text(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->next_at);
    bind_bytes(st, 5, row->body);
    store_run(s, st);
    row->id = sqlite3_last_insert_rowid(s->db);
}

void
pav_store_schedule_next(struct pav_store *s, int64_t id, int64_t next_at)
{
    sqlite3_stmt *st = store_write(s, SQL_SCHEDULE_NEXT);

    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, next_at);
    store_run(s, st);
}

void
pav_store_schedule_delete(struct pav_store *s, int64_t id)
{
    sqlite3_stmt *st = store_write(s, SQL_SCHEDULE_DELETE);

    sqlite3_bind_int64(st, 1, id);
    store_run(s, st);
}

static void
schedule_from(sqlite3_stmt *st, struct pav_arena *a,
              struct pav_schedule_row *out)
{
    out->id = sqlite3_column_int64(st, 0);
    out->kind = sqlite3_column_int(st, 1);
    out->owner = sqlite3_column_int64(st, 2);
    out->name = column_str(st, 3, a);
    out->next_at = sqlite3_column_int64(st, 4);
    out->body = column_bytes(st, 5, a);
}

static bool
schedule_row(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
             struct pav_schedule_row *out)
{
    if (!store_row(s, st))
        return false;
    schedule_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_schedule(struct pav_store *s, int kind, int64_t owner,
                   const char *name, struct pav_arena *a,
                   struct pav_schedule_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_SCHEDULE_GET);

    sqlite3_bind_int(st, 1, kind);
    sqlite3_bind_int64(st, 2, owner);
    bind_text(st, 3, name);
    return schedule_row(s, st, a, out);
}

bool
pav_store_schedule_due(struct pav_store *s, struct pav_arena *a,
                       struct pav_schedule_row *out)
{
    return schedule_row(s, store_read(s, SQL_SCHEDULE_DUE), a, out);
}

int64_t
pav_store_schedule_due_at(struct pav_store *s)
{
    return first_number(s, SQL_SCHEDULE_DUE_AT);
}

uint32_t
pav_store_schedules(struct pav_store *s, int kind, int64_t owner,
                    const char *after, uint32_t max, struct pav_arena *a,
                    struct pav_schedule_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_SCHEDULES);
    uint32_t n = 0;

    sqlite3_bind_int(st, 1, kind);
    sqlite3_bind_int64(st, 2, owner);
    bind_text(st, 3, after);
    sqlite3_bind_int64(st, 4, max);
    while (store_row(s, st))
        schedule_from(st, a, &out[n++]);
    return n;
}

/* ---- archives ---- */

void
pav_store_archive_add(struct pav_store *s, int64_t archive_id, int64_t at,
                      int64_t event_id, size_t bytes)
{
    sqlite3_stmt *st = store_write(s, SQL_ARCHIVE_ADD);

    sqlite3_bind_int64(st, 1, archive_id);
    sqlite3_bind_int64(st, 2, at);
    sqlite3_bind_int64(st, 3, event_id);
    sqlite3_bind_int64(st, 4, (int64_t)bytes);
    store_run(s, st);
}

bool
pav_store_archive_next(struct pav_store *s, int64_t archive_id,
                       struct pav_archived after, int64_t end_at,
                       struct pav_archived *out)
{
    sqlite3_stmt *st = store_read(s, SQL_ARCHIVE_NEXT);

    sqlite3_bind_int64(st, 1, archive_id);
    sqlite3_bind_int64(st, 2, after.at);
    sqlite3_bind_int64(st, 3, after.event_id);
    sqlite3_bind_int64(st, 4, end_at);
    if (!store_row(s, st))
        return false;
    out->at = sqlite3_column_int64(st, 0);
    out->event_id = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return true;
}

void
pav_store_archive_count(struct pav_store *s, int64_t archive_id, int64_t *count,
                        int64_t *bytes)
{
    sqlite3_stmt *st = store_read(s, SQL_ARCHIVE_COUNT);

    *count = *bytes = 0;
    sqlite3_bind_int64(st, 1, archive_id);
    if (!store_row(s, st))
        return;
    *count = sqlite3_column_int64(st, 0);
    *bytes = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
}

uint32_t
pav_store_archive_forget(struct pav_store *s, int64_t archive_id,
                         int64_t before_at, uint32_t max, int64_t *bytes)
{
    sqlite3_stmt *st = store_write(s, SQL_ARCHIVE_FORGET);
    uint32_t n = 0;

    sqlite3_bind_int64(st, 1, archive_id);
    sqlite3_bind_int64(st, 2, before_at);
    sqlite3_bind_int64(st, 3, max);
    for (*bytes = 0; store_row(s, st); n++)
        *bytes += sqlite3_column_int64(st, 0);
    return n;
}

/* ---- batches ---- */

void
pav_store_batch_put(struct pav_store *s, const struct pav_batch_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_BATCH_PUT);

    sqlite3_bind_int64(st, 1, row->machine_id);
    bind_text(st, 2, row->key);
    bind_text(st, 3, row->rule);
    sqlite3_bind_int64(st, 4, row->due_at);
    sqlite3_bind_int64(st, 5, row->count);
    store_run(s, st);
}

static sqlite3_stmt *
of_batch(sqlite3_stmt *st, int64_t machine_id, const char *key,
         const char *rule)
{
    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, key);
    bind_text(st, 3, rule);
    return st;
}

void
pav_store_batch_delete(struct pav_store *s, int64_t machine_id, const char *key,
                       const char *rule)
{
    store_run(
        s, of_batch(store_write(s, SQL_BATCH_DELETE), machine_id, key, rule));
}

bool
pav_store_batch(struct pav_store *s, int64_t machine_id, const char *key,
                const char *rule, struct pav_batch_row *out)
{
    sqlite3_stmt *st =
        of_batch(store_read(s, SQL_BATCH_GET), machine_id, key, rule);

    if (!store_row(s, st))
        return false;
    out->machine_id = machine_id;
    out->key = key;
    out->rule = rule;
    out->due_at = sqlite3_column_int64(st, 0);
    out->count = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_batch_due(struct pav_store *s, struct pav_arena *a,
                    struct pav_batch_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_BATCH_DUE);

    if (!store_row(s, st))
        return false;
    out->machine_id = sqlite3_column_int64(st, 0);
    out->key = column_str(st, 1, a);
    out->rule = column_str(st, 2, a);
    out->due_at = sqlite3_column_int64(st, 3);
    out->count = sqlite3_column_int64(st, 4);
    sqlite3_reset(st);
    return true;
}

int64_t
pav_store_batch_due_at(struct pav_store *s)
{
    return first_number(s, SQL_BATCH_DUE_AT);
}

/* ---- waits ---- */

void
pav_store_overdue_add(struct pav_store *s, const struct pav_overdue_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_OVERDUE_ADD);

    sqlite3_bind_int64(st, 1, row->execution_id);
    sqlite3_bind_int64(st, 2, row->no);
    sqlite3_bind_int64(st, 3, row->machine_id);
    bind_text(st, 4, row->state);
    sqlite3_bind_int64(st, 5, row->since_at);
    sqlite3_bind_int64(st, 6, row->due_at);
    sqlite3_bind_int64(st, 7, row->at);
    store_run(s, st);
    s->overdue++;
}

bool
pav_store_overdue_delete(struct pav_store *s, int64_t execution_id, uint32_t no)
{
    sqlite3_stmt *st;

    if (s->overdue == 0) /* an execution's every wait asks */
        return false;
    st = store_write(s, SQL_OVERDUE_DELETE);
    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    store_run(s, st);
    if (sqlite3_changes(s->db) == 0)
        return false;
    s->overdue--;
    return true;
}

bool
pav_store_wait(struct pav_store *s, int64_t execution_id, uint32_t no,
               struct pav_arena *a, struct pav_wait_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_WAIT_GET);

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    if (!store_row(s, st))
        return false;
    out->execution_id = execution_id;
    out->no = no;
    out->state = column_str(st, 0, a);
    out->event_name = column_str(st, 1, a);
    out->pattern = column_str(st, 2, a);
    out->awaits = column_str(st, 3, a);
    out->since_at = sqlite3_column_int64(st, 4);
    out->due_at = sqlite3_column_int64(st, 5);
    sqlite3_reset(st);
    return true;
}

void
pav_store_wait_stat_put(struct pav_store *s, int64_t machine_id,
                        const char *state, struct pav_bytes histogram)
{
    sqlite3_stmt *st = store_write(s, SQL_WAIT_STAT_PUT);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, state);
    bind_blob(st, 3, histogram);
    store_run(s, st);
}

bool
pav_store_wait_stat(struct pav_store *s, int64_t machine_id, const char *state,
                    struct pav_arena *a, struct pav_bytes *out)
{
    sqlite3_stmt *st = store_read(s, SQL_WAIT_STAT_GET);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, state);
    if (!store_row(s, st))
        return false;
    *out = column_bytes(st, 0, a);
    sqlite3_reset(st);
    return true;
}

void
pav_store_attribute_add(struct pav_store *s, const char *name,
                        const char *value, int64_t execution_id)
{
    sqlite3_stmt *st = store_write(s, SQL_ATTRIBUTE_ADD);

    bind_text(st, 1, name);
    bind_text(st, 2, value);
    sqlite3_bind_int64(st, 3, execution_id);
    store_run(s, st);
}

int64_t
pav_store_content_seen(struct pav_store *s, int64_t machine_id, int64_t hash,
                       int64_t *at)
{
    sqlite3_stmt *st = store_read(s, SQL_CONTENT_GET);
    int64_t id;

    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int64(st, 2, hash);
    if (!store_row(s, st))
        return 0;
    id = sqlite3_column_int64(st, 0);
    *at = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return id;
}

void
pav_store_content_put(struct pav_store *s, int64_t machine_id, int64_t hash,
                      int64_t event_id, int64_t at, int64_t window_ms)
{
    sqlite3_stmt *st = store_write(s, SQL_CONTENT_PUT);

    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int64(st, 2, hash);
    sqlite3_bind_int64(st, 3, event_id);
    sqlite3_bind_int64(st, 4, at);
    store_run(s, st);
    st = store_write(s, SQL_CONTENT_FORGET);
    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int64(st, 2, at - window_ms);
    store_run(s, st);
}
