/* Rows of work and of names: see pavane/store_work.h. */
#include "pavane/store_work.h"

#include <string.h>

#include "store_int.h"

/* ---- tasks ---- */

void
pav_store_task_add(struct pav_store *s, const struct pav_task_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_TASK_INSERT);

    sqlite3_bind_int64(st, 1, row->execution_id);
    sqlite3_bind_int64(st, 2, row->no);
    sqlite3_bind_int(st, 3, row->call);
    bind_text(st, 4, row->resource);
    bind_text(st, 5, row->state);
    bind_text(st, 6, row->token);
    bind_blob(st, 7, row->with);
    sqlite3_bind_int64(st, 8, row->at);
    store_run(s, st);
    s->tasks++;
}

void
pav_store_task_delete(struct pav_store *s, int64_t execution_id, uint32_t no)
{
    sqlite3_stmt *st;

    if (s->tasks == 0)
        return;
    st = store_write(s, SQL_TASK_DELETE);
    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    store_run(s, st);
    s->tasks -= sqlite3_changes(s->db);
}

void
pav_store_task_taken(struct pav_store *s, int64_t execution_id, uint32_t no,
                     int64_t taken)
{
    sqlite3_stmt *st = store_write(s, SQL_TASK_TAKEN);

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    sqlite3_bind_int64(st, 3, taken);
    store_run(s, st);
}

static void
task_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_task_row *out)
{
    out->execution_id = sqlite3_column_int64(st, 0);
    out->no = (uint32_t)sqlite3_column_int64(st, 1);
    out->call = sqlite3_column_int(st, 2);
    out->resource = column_str(st, 3, a);
    out->state = column_str(st, 4, a);
    out->token = column_str(st, 5, a);
    out->with = column_bytes(st, 6, a);
    out->at = sqlite3_column_int64(st, 7);
    out->taken = sqlite3_column_int64(st, 8);
    sqlite3_reset(st);
}

bool
pav_store_task(struct pav_store *s, int64_t execution_id, uint32_t no,
               struct pav_arena *a, struct pav_task_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_TASK_GET);

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    if (!store_row(s, st))
        return false;
    task_from(st, a, out);
    return true;
}

bool
pav_store_task_waiting(struct pav_store *s, const char *resource,
                       struct pav_arena *a, struct pav_task_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_TASK_WAITING);

    bind_text(st, 1, resource);
    if (!store_row(s, st))
        return false;
    task_from(st, a, out);
    return true;
}

void
pav_store_tasks(struct pav_store *s,
                void (*fn)(void *arg, int64_t execution_id, uint32_t no),
                void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_TASKS);

    while (store_row(s, st))
        fn(arg, sqlite3_column_int64(st, 0),
           (uint32_t)sqlite3_column_int64(st, 1));
}

/* ---- notes ---- */

void
pav_store_note_put(struct pav_store *s, const struct pav_note_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_NOTE_PUT);

    sqlite3_bind_int64(st, 1, row->execution_id);
    sqlite3_bind_int64(st, 2, row->redrive_count);
    sqlite3_bind_int64(st, 3, row->redriven_at);
    bind_text(st, 4, row->redrive_token);
    sqlite3_bind_int64(st, 5, row->version_no);
    bind_text(st, 6, row->alias);
    bind_text(st, 7, row->trace);
    sqlite3_bind_int64(st, 8, row->parent_id);
    sqlite3_bind_int64(st, 9, row->parent_no);
    sqlite3_bind_int64(st, 10, row->run_id);
    sqlite3_bind_int64(st, 11, row->item);
    bind_text(st, 12, row->map_state);
    bind_text(st, 13, row->label);
    store_run(s, st);
    s->notes++;
}

bool
pav_store_note(struct pav_store *s, int64_t execution_id, struct pav_arena *a,
               struct pav_note_row *out)
{
    sqlite3_stmt *st;

    memset(out, 0, sizeof(*out));
    out->execution_id = execution_id;
    if (s->notes == 0) /* as on most days */
        return false;
    st = store_read(s, SQL_NOTE_GET);
    sqlite3_bind_int64(st, 1, execution_id);
    if (!store_row(s, st))
        return false;
    note_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

void
note_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_note_row *out)
{
    out->execution_id = sqlite3_column_int64(st, 0);
    out->redrive_count = sqlite3_column_int64(st, 1);
    out->redriven_at = sqlite3_column_int64(st, 2);
    out->redrive_token = column_str(st, 3, a);
    out->version_no = sqlite3_column_int64(st, 4);
    out->alias = column_str(st, 5, a);
    out->trace = column_str(st, 6, a);
    out->parent_id = sqlite3_column_int64(st, 7);
    out->parent_no = (uint32_t)sqlite3_column_int64(st, 8);
    out->run_id = sqlite3_column_int64(st, 9);
    out->item = sqlite3_column_int64(st, 10);
    out->map_state = column_str(st, 11, a);
    out->label = column_str(st, 12, a);
}

uint32_t
pav_store_children(struct pav_store *s, int64_t parent_id, uint32_t parent_no,
                   int64_t *ids, uint32_t max)
{
    sqlite3_stmt *st;
    uint32_t n = 0;

    if (s->notes == 0)
        return 0;
    st = store_read(s, SQL_CHILDREN);
    sqlite3_bind_int64(st, 1, parent_id);
    sqlite3_bind_int64(st, 2, parent_no);
    sqlite3_bind_int64(st, 3, max);
    while (store_row(s, st))
        ids[n++] = sqlite3_column_int64(st, 0);
    return n;
}

int64_t
pav_store_child_of(struct pav_store *s, int64_t parent_id, uint32_t parent_no)
{
    sqlite3_stmt *st;
    int64_t id = 0;

    if (s->notes == 0)
        return 0;
    st = store_read(s, SQL_CHILD_OF);
    sqlite3_bind_int64(st, 1, parent_id);
    sqlite3_bind_int64(st, 2, parent_no);
    if (!store_row(s, st))
        return 0;
    id = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return id;
}

/* ---- map runs ---- */

static void
bind_run(sqlite3_stmt *st, const struct pav_run_row *row)
{
    int i;

    sqlite3_bind_int64(st, 1, row->id);
    sqlite3_bind_int(st, 2, row->status);
    sqlite3_bind_int64(st, 3, row->max_concurrency);
    sqlite3_bind_int64(st, 4, row->tolerated_count);
    sqlite3_bind_double(st, 5, row->tolerated_percentage);
    sqlite3_bind_int64(st, 6, row->total);
    sqlite3_bind_int64(st, 7, row->stopped_at);
    sqlite3_bind_int64(st, 8, row->redrive_count);
    for (i = 0; i < PAV_ITEM_STATUSES; i++)
        sqlite3_bind_int64(st, 9 + i, row->counts[i]);
    sqlite3_bind_int64(st, 9 + i, row->redriven_at);
}

void
pav_store_run_add(struct pav_store *s, struct pav_run_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_RUN_INSERT);

    sqlite3_bind_int64(st, 1, row->execution_id);
    sqlite3_bind_int64(st, 2, row->no);
    bind_text(st, 3, row->arn);
    bind_text(st, 4, row->state);
    bind_bytes(st, 5, row->spec);
    sqlite3_bind_int64(st, 6, row->started_at);
    store_run(s, st);
    row->id = sqlite3_last_insert_rowid(s->db);
    pav_store_run_update(s, row);
}

void
pav_store_run_update(struct pav_store *s, const struct pav_run_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_RUN_UPDATE);

    bind_run(st, row);
    store_run(s, st);
}

static void
run_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_run_row *out)
{
    int i;

    out->id = sqlite3_column_int64(st, 0);
    out->execution_id = sqlite3_column_int64(st, 1);
    out->no = (uint32_t)sqlite3_column_int64(st, 2);
    out->arn = column_str(st, 3, a);
    out->state = column_str(st, 4, a);
    out->spec = column_bytes(st, 5, a);
    out->status = sqlite3_column_int(st, 6);
    out->max_concurrency = sqlite3_column_int64(st, 7);
    out->tolerated_count = sqlite3_column_int64(st, 8);
    out->tolerated_percentage = sqlite3_column_double(st, 9);
    out->total = sqlite3_column_int64(st, 10);
    out->started_at = sqlite3_column_int64(st, 11);
    out->stopped_at = sqlite3_column_int64(st, 12);
    out->redrive_count = sqlite3_column_int64(st, 13);
    for (i = 0; i < PAV_ITEM_STATUSES; i++)
        out->counts[i] = sqlite3_column_int64(st, 14 + i);
    out->redriven_at = sqlite3_column_int64(st, 14 + i);
}

static bool
one_run(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
        struct pav_run_row *out)
{
    if (!store_row(s, st))
        return false;
    run_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_run(struct pav_store *s, int64_t id, struct pav_arena *a,
              struct pav_run_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_RUN_GET);

    sqlite3_bind_int64(st, 1, id);
    return one_run(s, st, a, out);
}

bool
pav_store_run_by_arn(struct pav_store *s, const char *arn, struct pav_arena *a,
                     struct pav_run_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_RUN_BY_ARN);

    bind_text(st, 1, arn);
    return one_run(s, st, a, out);
}

bool
pav_store_run_of(struct pav_store *s, int64_t execution_id, uint32_t no,
                 struct pav_arena *a, struct pav_run_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_RUN_OF);

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, no);
    return one_run(s, st, a, out);
}

uint32_t
pav_store_runs_of(struct pav_store *s, int64_t execution_id, int64_t after,
                  uint32_t max, struct pav_arena *a, struct pav_run_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_RUNS_OF);
    uint32_t n = 0;

    sqlite3_bind_int64(st, 1, execution_id);
    sqlite3_bind_int64(st, 2, after);
    sqlite3_bind_int64(st, 3, max);
    while (store_row(s, st))
        run_from(st, a, &out[n++]);
    return n;
}

void
pav_store_left(struct pav_store *s,
               void (*fn)(void *arg, enum pav_left left, int64_t id,
                          uint32_t no),
               void *arg)
{
    sqlite3_stmt *st = store_read(s, SQL_LEFT);

    while (store_row(s, st))
        fn(arg, (enum pav_left)sqlite3_column_int(st, 0),
           sqlite3_column_int64(st, 1), (uint32_t)sqlite3_column_int64(st, 2));
}

void
pav_store_item_add(struct pav_store *s, const struct pav_item_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_ITEM_INSERT);

    sqlite3_bind_int64(st, 1, row->run_id);
    sqlite3_bind_int64(st, 2, row->item);
    bind_blob(st, 3, row->input);
    store_run(s, st);
}

void
pav_store_item_update(struct pav_store *s, const struct pav_item_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_ITEM_UPDATE);

    sqlite3_bind_int64(st, 1, row->run_id);
    sqlite3_bind_int64(st, 2, row->item);
    sqlite3_bind_int64(st, 3, row->execution_id);
    sqlite3_bind_int(st, 4, row->status);
    if (row->output.p == NULL)
        sqlite3_bind_null(st, 5);
    else
        bind_blob(st, 5, row->output);
    bind_text(st, 6, row->error);
    bind_text(st, 7, row->cause);
    store_run(s, st);
}

static bool
one_item(struct pav_store *s, sqlite3_stmt *st, struct pav_arena *a,
         struct pav_item_row *out)
{
    if (!store_row(s, st))
        return false;
    out->run_id = sqlite3_column_int64(st, 0);
    out->item = sqlite3_column_int64(st, 1);
    out->input = column_bytes(st, 2, a);
    out->execution_id = sqlite3_column_int64(st, 3);
    out->status = (enum pav_item_status)sqlite3_column_int(st, 4);
    memset(&out->output, 0, sizeof(out->output));
    if (sqlite3_column_type(st, 5) != SQLITE_NULL)
        out->output = column_bytes(st, 5, a);
    out->error = column_str(st, 6, a);
    out->cause = column_str(st, 7, a);
    sqlite3_reset(st);
    return true;
}

bool
pav_store_item(struct pav_store *s, int64_t run_id, int64_t item,
               struct pav_arena *a, struct pav_item_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_ITEM_GET);

    sqlite3_bind_int64(st, 1, run_id);
    sqlite3_bind_int64(st, 2, item);
    return one_item(s, st, a, out);
}

void
pav_store_items_cut(struct pav_store *s, int64_t run_id, int64_t count)
{
    sqlite3_stmt *st = store_write(s, SQL_ITEM_CUT);

    sqlite3_bind_int64(st, 1, run_id);
    sqlite3_bind_int64(st, 2, count);
    store_run(s, st);
}

bool
pav_store_item_with(struct pav_store *s, int64_t run_id,
                    enum pav_item_status status, int64_t after,
                    struct pav_arena *a, struct pav_item_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_ITEM_WITH);

    sqlite3_bind_int64(st, 1, run_id);
    sqlite3_bind_int(st, 2, status);
    sqlite3_bind_int64(st, 3, after);
    return one_item(s, st, a, out);
}

/* ---- local tables ---- */

bool
pav_store_table_get(struct pav_store *s, const char *table, const char *key,
                    struct pav_arena *a, struct pav_bytes *out)
{
    sqlite3_stmt *st = store_read(s, SQL_TABLE_GET);

    bind_text(st, 1, table);
    bind_text(st, 2, key);
    if (!store_row(s, st))
        return false;
    *out = column_bytes(st, 0, a);
    sqlite3_reset(st);
    return true;
}

void
pav_store_table_put(struct pav_store *s, const char *table, const char *key,
                    struct pav_bytes item)
{
    sqlite3_stmt *st = store_write(s, SQL_TABLE_PUT);

    bind_text(st, 1, table);
    bind_text(st, 2, key);
    bind_bytes(st, 3, item);
    store_run(s, st);
}

void
pav_store_table_delete(struct pav_store *s, const char *table, const char *key)
{
    sqlite3_stmt *st = store_write(s, SQL_TABLE_DELETE);

    bind_text(st, 1, table);
    bind_text(st, 2, key);
    store_run(s, st);
}

/* ---- names ---- */

void
pav_store_name_put(struct pav_store *s, const struct pav_name_row *row)
{
    sqlite3_stmt *st = store_write(s, SQL_NAME_PUT);

    sqlite3_bind_int(st, 1, row->kind);
    sqlite3_bind_int64(st, 2, row->owner);
    bind_text(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->number);
    bind_bytes(st, 5, row->body);
    store_run(s, st);
}

void
pav_store_name_delete(struct pav_store *s, int kind, int64_t owner,
                      const char *name)
{
    sqlite3_stmt *st = store_write(s, SQL_NAME_DELETE);

    sqlite3_bind_int(st, 1, kind);
    sqlite3_bind_int64(st, 2, owner);
    bind_text(st, 3, name);
    store_run(s, st);
}

static void
name_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_name_row *out)
{
    out->kind = sqlite3_column_int(st, 0);
    out->owner = sqlite3_column_int64(st, 1);
    out->name = column_str(st, 2, a);
    out->number = sqlite3_column_int64(st, 3);
    out->body = column_bytes(st, 4, a);
}

bool
pav_store_name(struct pav_store *s, int kind, int64_t owner, const char *name,
               struct pav_arena *a, struct pav_name_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_NAME_GET);

    sqlite3_bind_int(st, 1, kind);
    sqlite3_bind_int64(st, 2, owner);
    bind_text(st, 3, name);
    if (!store_row(s, st))
        return false;
    name_from(st, a, out);
    sqlite3_reset(st);
    return true;
}

uint32_t
pav_store_names(struct pav_store *s, int kind, int64_t owner, const char *after,
                uint32_t max, struct pav_arena *a, struct pav_name_row *out)
{
    sqlite3_stmt *st = store_read(s, SQL_NAMES);
    uint32_t n = 0;

    sqlite3_bind_int(st, 1, kind);
    sqlite3_bind_int64(st, 2, owner);
    bind_text(st, 3, after);
    sqlite3_bind_int64(st, 4, max);
    while (store_row(s, st))
        name_from(st, a, &out[n++]);
    return n;
}
