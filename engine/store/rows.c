/* The store: one function a typed read or write, over the statements. */
#include <string.h>

#include "pavane/digest.h"
#include "store_int.h"

#define ORDINALS 1024

/* ---- machines ---- */

static void
machine_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_machine_row *row)
{
    row->id = sqlite3_column_int64(st, 0);
    row->version_id = sqlite3_column_int64(st, 1);
    row->name = column_str(st, 2, a);
    row->by_folder = sqlite3_column_int(st, 3) != 0;
    row->active = sqlite3_column_int(st, 4) != 0;
    row->version = sqlite3_column_int64(st, 5);
    row->created_at = sqlite3_column_int64(st, 6);
    row->definition = column_bytes(st, 7, a);
    row->rules = column_bytes(st, 8, a);
    row->readme = column_bytes(st, 9, a);
    row->role_arn = column_str(st, 10, a);
    row->type = sqlite3_column_int(st, 11);
    row->attributes = column_str(st, 12, a);
    row->first_at = sqlite3_column_int64(st, 13);
}

void
pav_store_machine_put(struct pav_store *s, struct pav_machine_row *row,
                      int64_t now_ms)
{
    sqlite3_stmt *st = store_write(s, SQL_MACHINE_BY_NAME);

    row->version = 1;
    bind_text(st, 1, row->name);
    if (store_row(s, st)) {
        row->id = sqlite3_column_int64(st, 0);
        row->version = sqlite3_column_int64(st, 1) + 1;
        sqlite3_reset(st);
    } else {
        st = store_write(s, SQL_MACHINE_INSERT);
        bind_text(st, 1, row->name);
        sqlite3_bind_int(st, 2, row->by_folder);
        sqlite3_bind_int64(st, 3, now_ms);
        sqlite3_bind_int(st, 4, row->type);
        store_run(s, st);
        row->id = sqlite3_last_insert_rowid(s->db);
    }
    st = store_write(s, SQL_VERSION_INSERT);
    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->version);
    bind_bytes(st, 3, row->definition);
    bind_bytes(st, 4, row->rules);
    bind_bytes(st, 5, row->readme);
    bind_text(st, 6, row->role_arn);
    sqlite3_bind_int64(st, 7, now_ms);
    store_run(s, st);
    row->version_id = sqlite3_last_insert_rowid(s->db);
    row->created_at = now_ms;
    st = store_write(s, SQL_MACHINE_UPDATE);
    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->version);
    sqlite3_bind_int64(st, 3, row->version_id);
    sqlite3_bind_int(st, 4, row->by_folder);
    store_run(s, st);
}

void
pav_store_machine_rename(struct pav_store *s, int64_t machine_id,
                         const char *name)
{
    sqlite3_stmt *st = store_write(s, SQL_MACHINE_RENAME);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, name);
    store_run(s, st);
}

void
pav_store_machine_attributes(struct pav_store *s, int64_t machine_id,
                             const char *attributes)
{
    sqlite3_stmt *st = store_write(s, SQL_MACHINE_ATTRIBUTES);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, attributes);
    store_run(s, st);
}

uint32_t
pav_store_open_of_machine(struct pav_store *s, int64_t machine_id, int64_t *ids,
                          uint32_t max)
{
    sqlite3_stmt *st = store_read(s, SQL_OPEN_OF_MACHINE);
    uint32_t n = 0;

    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int64(st, 2, max);
    while (store_row(s, st))
        ids[n++] = sqlite3_column_int64(st, 0);
    return n;
}

void
pav_store_machine_active(struct pav_store *s, int64_t machine_id, bool active)
{
    sqlite3_stmt *st = store_write(s, SQL_MACHINE_ACTIVE);

    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int(st, 2, active);
    store_run(s, st);
}

void
pav_store_machines(struct pav_store *s,
                   bool (*fn)(void *arg, const struct pav_machine_row *row),
                   void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_MACHINES);
    struct pav_arena a;
    bool more = true;

    pav_arena_init(&a, 64 * 1024);
    while (more && store_row(s, st)) {
        struct pav_machine_row row;

        machine_from(st, &a, &row);
        more = fn(arg, &row);
        pav_arena_reset(&a);
    }
    sqlite3_reset(st);
    pav_arena_fini(&a);
}

bool
pav_store_version(struct pav_store *s, int64_t version_id, struct pav_arena *a,
                  struct pav_machine_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_VERSION_GET);

    sqlite3_bind_int64(st, 1, version_id);
    if (!store_row(s, st))
        return false;
    machine_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

void
pav_store_open_versions(struct pav_store *s,
                        void (*fn)(void *arg, int64_t version_id), void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_OPEN_VERSIONS);

    while (store_row(s, st))
        fn(arg, sqlite3_column_int64(st, 0));
}

/* ---- events ---- */

int64_t
seen_hash(struct pav_bytes event_id)
{
    return (int64_t)(pav_hash64(event_id.p, event_id.len, 0) & ~0xFFFFull);
}

int64_t
seen_hash_of(struct pav_bytes source, struct pav_bytes event_id)
{
    return seen_hash(event_id) |
           (int64_t)(pav_hash64(source.p, source.len, 0) & 0xFFFF);
}

void
pav_store_event_add(struct pav_store *s, const struct pav_event_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_EVENT_INSERT);

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->received_at);
    bind_bytes(st, 3, row->source);
    bind_bytes(st, 4, row->event_id);
    bind_bytes(st, 5, row->detail_type);
    bind_blob(st, 6, row->body);
    sqlite3_bind_int64(st, 7, row->bus_id);
    bind_text(st, 8, row->replay);
    bind_text(st, 9, row->account);
    sqlite3_bind_int64(st, 10, row->depth);
    store_run(s, st);
    seen_add(s, seen_hash_of(row->source, row->event_id), row->id);
}

int64_t
pav_store_event_seen(struct pav_store *s, struct pav_bytes source,
                     struct pav_bytes event_id, int64_t *received_at)
{
    return seen_find(s, seen_hash_of(source, event_id), source, event_id,
                     received_at);
}

void
event_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_event_row *out)
{
    memset(out, 0, sizeof(*out));
    out->id = sqlite3_column_int64(st, 0);
    out->received_at = sqlite3_column_int64(st, 1);
    out->source = column_bytes(st, 2, a);
    out->event_id = column_bytes(st, 3, a);
    out->detail_type = column_bytes(st, 4, a);
    out->body = column_bytes(st, 5, a);
    out->bus_id = sqlite3_column_int64(st, 6);
    out->replay = column_str(st, 7, a);
    out->account = column_str(st, 8, a);
    out->depth = sqlite3_column_int64(st, 9);
}

bool
pav_store_event(struct pav_store *s, int64_t id, struct pav_arena *a,
                struct pav_event_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_EVENT_GET);

    sqlite3_bind_int64(st, 1, id);
    if (!store_row(s, st))
        return false;
    event_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

/* ---- dispositions ---- */

void
pav_store_disposition_add(struct pav_store *s, struct pav_disposition_row *row,
                          uint32_t ordinal)
{
    sqlite3_stmt *st = store_write(s, SQL_DISPOSITION_INSERT);

    PAV_ASSERT(ordinal < ORDINALS);
    row->id = row->event_id * ORDINALS + ordinal;
    sqlite3_bind_int64(st, 1, row->id);
    bind_int_or_null(st, 2, row->machine_id);
    bind_int_or_null(st, 3, row->execution_id);
    bind_bytes(st, 4, row->key);
    sqlite3_bind_int(st, 5, row->kind);
    sqlite3_bind_int(st, 6, row->early);
    sqlite3_bind_int64(st, 7, row->at);
    bind_text(st, 8, row->detail);
    store_run(s, st);
}

void
pav_store_disposition_change(struct pav_store *s, int64_t id,
                             enum pav_disposition kind, int64_t machine_id,
                             int64_t execution_id, int64_t now_ms)
{
    sqlite3_stmt *st = store_write(s, SQL_DISPOSITION_CHANGE);

    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int(st, 2, kind);
    bind_int_or_null(st, 3, machine_id);
    bind_int_or_null(st, 4, execution_id);
    sqlite3_bind_int64(st, 5, now_ms);
    store_run(s, st);
}

bool
pav_store_concerned(struct pav_store *s, int64_t event_id, int64_t machine_id,
                    int64_t *execution_id)
{
    sqlite3_stmt *st = store_read(s, SQL_CONCERNED);

    sqlite3_bind_int64(st, 1, event_id);
    bind_int_or_null(st, 2, machine_id);
    if (!store_row(s, st))
        return false;
    *execution_id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return true;
}

/* ---- executions ---- */

void
pav_store_execution_add(struct pav_store *s,
                        const struct pav_execution_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_EXECUTION_INSERT);

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->machine_id);
    sqlite3_bind_int64(st, 3, row->version_id);
    bind_text(st, 4, row->name);
    bind_text(st, 5, row->key);
    sqlite3_bind_int(st, 6, row->status);
    sqlite3_bind_int64(st, 7, row->started_at);
    sqlite3_bind_int64(st, 8, row->stopped_at);
    sqlite3_bind_int64(st, 9, row->first_step);
    sqlite3_bind_int64(st, 10, row->last_step);
    sqlite3_bind_int64(st, 11, row->next_event);
    bind_text(st, 12, row->states);
    sqlite3_bind_int64(st, 13, row->depth);
    store_run(s, st);
}

void
pav_store_execution_update(struct pav_store *s,
                           const struct pav_execution_row *row)
{
    sqlite3_stmt *st =
        store_write(s, row->moved ? SQL_EXECUTION_MOVE : SQL_EXECUTION_UPDATE);

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->last_step);
    sqlite3_bind_int64(st, 3, row->next_event);
    bind_text(st, 4, row->states);
    if (row->moved) {
        sqlite3_bind_int(st, 5, row->status);
        sqlite3_bind_int64(st, 6, row->stopped_at);
    }
    store_run(s, st);
}

static void
execution_columns(sqlite3_stmt *st, struct pav_arena *a,
                  struct pav_execution_row *out)
{
    memset(out, 0, sizeof(*out));
    out->id = sqlite3_column_int64(st, 0);
    out->machine_id = sqlite3_column_int64(st, 1);
    out->version_id = sqlite3_column_int64(st, 2);
    out->name = column_str(st, 3, a);
    out->key = column_str(st, 4, a);
    out->status = sqlite3_column_int(st, 5);
    out->started_at = sqlite3_column_int64(st, 6);
    out->stopped_at = sqlite3_column_int64(st, 7);
    out->first_step = sqlite3_column_int64(st, 8);
    out->last_step = sqlite3_column_int64(st, 9);
    out->next_event = sqlite3_column_int64(st, 10);
    out->states = column_str(st, 11, a);
    out->depth = sqlite3_column_int64(st, 12);
}

static bool
execution_from(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
               struct pav_execution_row *out)
{
    if (!store_row(s, st))
        return false;
    execution_columns(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_execution(struct pav_store *s, int64_t id, struct pav_arena *a,
                    struct pav_execution_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_EXECUTION_GET);

    sqlite3_bind_int64(st, 1, id);
    return execution_from(s, st, a, out);
}

bool
pav_store_execution_named(struct pav_store *s, int64_t machine_id,
                          const char *name, struct pav_arena *a,
                          struct pav_execution_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_EXECUTION_NAMED);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, name);
    return execution_from(s, st, a, out);
}

bool
pav_store_execution_before(struct pav_store *s, int64_t machine_id,
                           int64_t before, struct pav_arena *a,
                           struct pav_execution_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_EXECUTION_BEFORE);

    sqlite3_bind_int64(st, 1, machine_id);
    sqlite3_bind_int64(st, 2, before);
    return execution_from(s, st, a, out);
}

bool
pav_store_execution_of_key(struct pav_store *s, int64_t machine_id,
                           const char *key, struct pav_arena *a,
                           struct pav_execution_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_EXECUTION_OF_KEY);
    bool any = false;

    /* The open one is the newest, mostly; SQLite would sort for that. */
    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, key);
    while (store_row(s, st)) {
        bool open = sqlite3_column_int(st, 5) == 0;

        if (!any || open)
            execution_columns(st, a, out);
        any = true;
        if (open)
            break;
    }
    sqlite3_reset(st);
    return any;
}

/* ---- steps ---- */

/* A record is read by code that trusts it.  0: of before there were sums. */
int64_t
step_sum(int64_t id, struct pav_bytes record)
{
    int64_t sum = (int64_t)pav_hash64(record.p, record.len, (uint64_t)id);

    return sum == 0 ? 1 : sum;
}

void
pav_store_step_add(struct pav_store *s, const struct pav_step_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_STEP_INSERT);

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int64(st, 2, row->execution_id);
    sqlite3_bind_int64(st, 3, row->previous);
    sqlite3_bind_int64(st, 4, row->at);
    sqlite3_bind_int64(st, 5, row->first_event);
    sqlite3_bind_int64(st, 6, row->event_count);
    sqlite3_bind_int(st, 7, row->semantics);
    sqlite3_bind_int(st, 8, row->wake);
    sqlite3_bind_int64(st, 9, row->event_id);
    bind_blob(st, 10, row->seed);
    bind_blob(st, 11, row->record);
    sqlite3_bind_int64(st, 12, step_sum(row->id, row->record));
    store_run(s, st);
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
    return sum == 0 || sum == step_sum(out->id, out->record);
}

bool
pav_store_step(struct pav_store *s, int64_t id, struct pav_arena *a,
               struct pav_step_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_STEP_GET);

    bool whole;

    sqlite3_bind_int64(st, 1, id);
    whole = store_row(s, st) && step_from(st, a, out);
    sqlite3_reset(st);
    if (!whole)
        pav_store_spoilt(s, "in table step: a step of an execution is missing, "
                            "or not as it was written");
    return whole;
}

/* ---- waits and timers ---- */

void
pav_store_wait_add(struct pav_store *s, const struct pav_wait_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_WAIT_INSERT);

    sqlite3_bind_int64(st, 1, row->execution_id);
    sqlite3_bind_int64(st, 2, row->no);
    bind_text(st, 3, row->state);
    bind_text(st, 4, row->event_name);
    bind_text(st, 5, row->pattern);
    bind_text(st, 6, row->awaits);
    sqlite3_bind_int64(st, 7, row->since_at);
    sqlite3_bind_int64(st, 8, row->due_at);
    store_run(s, st);
}

void
pav_store_wait_delete(struct pav_store *s, int64_t execution_id, uint32_t no)
{
    sqlite3_stmt *st = store_write(s, SQL_WAIT_DELETE);

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    store_run(s, st);
}

static void
timer_run(struct pav_store *s, enum statement id, int64_t due_at,
          int64_t execution_id, uint32_t no)
{
    sqlite3_stmt *st = store_write(s, id);

    sqlite3_bind_int64(st, 1, due_at);
    sqlite3_bind_int64(st, 2, execution_id);
    sqlite3_bind_int64(st, 3, no);
    store_run(s, st);
}

void
pav_store_timer_add(struct pav_store *s, int64_t due_at, int64_t execution_id,
                    uint32_t no)
{
    timer_run(s, SQL_TIMER_INSERT, due_at, execution_id, no);
}

void
pav_store_timer_delete(struct pav_store *s, int64_t due_at,
                       int64_t execution_id, uint32_t no)
{
    timer_run(s, SQL_TIMER_DELETE, due_at, execution_id, no);
}

bool
pav_store_timer_first(struct pav_store *s, int64_t *due_at,
                      int64_t *execution_id, uint32_t *no)
{
    sqlite3_stmt *st = store_read(s, SQL_TIMER_FIRST);

    if (!store_row(s, st))
        return false;
    *due_at = sqlite3_column_int64(st, 0);
    *execution_id = sqlite3_column_int64(st, 1);
    *no = (uint32_t)sqlite3_column_int64(st, 2);
    sqlite3_reset(st);
    return true;
}

/* ---- parked events ---- */

void
pav_store_park(struct pav_store *s, const struct pav_parked_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_PARK);

    sqlite3_bind_int64(st, 1, row->machine_id);
    bind_text(st, 2, row->key);
    sqlite3_bind_int64(st, 3, row->event_id);
    sqlite3_bind_int64(st, 4, row->disposition_id);
    sqlite3_bind_int64(st, 5, row->expires_at);
    sqlite3_bind_int(st, 6, row->shared);
    bind_blob(st, 7, row->input);
    store_run(s, st);
    s->parked++;
}

void
pav_store_unpark(struct pav_store *s, int64_t machine_id, const char *key,
                 int64_t event_id)
{
    sqlite3_stmt *st = store_write(s, SQL_UNPARK);

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, key);
    sqlite3_bind_int64(st, 3, event_id);
    store_run(s, st);
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
    sqlite3_stmt *st = store_read(s, SQL_PARKED_NEXT);

    if (s->parked == 0) /* the common case costs nothing */
        return false;
    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, key);
    sqlite3_bind_int64(st, 3, after);
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
    sqlite3_stmt *st = store_read(s, SQL_PARKED_COUNT);
    int64_t n = 0;

    sqlite3_bind_int64(st, 1, machine_id);
    bind_text(st, 2, key);
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

/* ---- folder faults ---- */

void
pav_store_fault_put(struct pav_store *s, const char *name, const char *report,
                    int64_t now_ms)
{
    sqlite3_stmt *st =
        store_write(s, report == NULL ? SQL_FAULT_DELETE : SQL_FAULT_PUT);

    bind_text(st, 1, name);
    if (report != NULL) {
        bind_text(st, 2, report);
        sqlite3_bind_int64(st, 3, now_ms);
    }
    store_run(s, st);
}

void
pav_store_faults_keep(struct pav_store *s, const char *const *names,
                      uint32_t count)
{
    sqlite3_stmt *st = store_read(s, SQL_FAULT_NAMES);
    struct pav_arena a;
    struct name {
        struct name *next;
        const char *name;
    } *gone = NULL;
    uint32_t i;

    pav_arena_init(&a, 1024);
    while (store_row(s, st)) {
        const char *name = column_str(st, 0, &a);
        struct name *n = pav_arena_alloc(&a, sizeof(*n));

        for (i = 0; i < count && strcmp(names[i], name) != 0;)
            i++;
        if (i < count)
            continue;
        n->name = name;
        n->next = gone;
        gone = n;
    }
    sqlite3_reset(st);
    for (; gone != NULL; gone = gone->next)
        pav_store_fault_put(s, gone->name, NULL, 0);
    pav_arena_fini(&a);
}
