/*
 * Statements of the writer: prepared together, bound by value, run.
 *
 * An error of any of them is kept for the commit, which then fails as a whole:
 * who stages rows asks nothing in between.
 */
#include <stdio.h>
#include <string.h>

#include "store_int.h"

enum {
    SQL_BEGIN = ROWS_AT(transactions),
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_UNDO,
    SQL_RELEASE,
    SQL_PROBE,
};

static const char *const texts[] = {
    SQL_TEXT(SQL_BEGIN) = "BEGIN IMMEDIATE",
    SQL_TEXT(SQL_COMMIT) = "COMMIT",
    SQL_TEXT(SQL_ROLLBACK) = "ROLLBACK",
    SQL_TEXT(SQL_SAVEPOINT) = "SAVEPOINT action",
    SQL_TEXT(SQL_UNDO) = "ROLLBACK TO action",
    SQL_TEXT(SQL_RELEASE) = "RELEASE action",
    SQL_TEXT(SQL_PROBE) = "INSERT OR REPLACE INTO probe(id,at) VALUES(1,?1)",
};

const struct rows transactions_rows = {texts, sizeof(texts) / sizeof(texts[0])};

#define ROWS_OF(name) &name##_rows,
static const struct rows *const all_rows[] = {ALL_ROWS(ROWS_OF)};

/* ---- failures ---- */

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz_"

static bool
has_word(const char *list, const char *word, size_t len)
{
    const char *at = list;

    while ((at = strstr(at, word)) != NULL && at[len] != '\0' && at[len] != ',')
        at += len;
    return at != NULL;
}

/* The tables that a statement names: "execution, attribute". */
static void
tables_of(const char *sql, char *out, size_t room)
{
    static const char *const before[] = {" FROM ", " INTO ", " JOIN ",
                                         "UPDATE "};
    size_t i, n = 0;
    const char *at;
    char name[64];

    out[0] = '\0';
    for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        for (at = sql; (at = strstr(at, before[i])) != NULL && n < room;) {
            size_t len = strspn(at += strlen(before[i]), NAME_LETTERS);

            snprintf(name, sizeof(name), "%.*s", (int)len, at);
            if (len > 0 && len < sizeof(name) && !has_word(out, name, len))
                n += (size_t)snprintf(out + n, room - n, "%s%s",
                                      n == 0 ? "" : ", ", name);
        }
    }
}

void
sql_failure(sqlite3 *db, int code, const char *sql, char *out, size_t room)
{
    char tables[160];

    tables_of(sql, tables, sizeof(tables));
    snprintf(out, room, "%s%s%s%s (code %d) in: %.120s",
             *tables == '\0' ? "" : "in table ", tables,
             *tables == '\0' ? "" : ": ", sqlite3_errmsg(db), code, sql);
}

void
store_failed(struct pav_store *s, int code, const char *sql)
{
    if (s->failed != SQLITE_OK)
        return;
    s->failed = code;
    sql_failure(s->db, code, sql, s->failure, sizeof(s->failure));
}

void
pav_store_spoilt(struct pav_store *s, const char *what)
{
    if (s->failed != SQLITE_OK)
        return;
    s->failed = SQLITE_CORRUPT;
    snprintf(s->failure, sizeof(s->failure), "%s", what);
}

/* ---- all of them ---- */

/* At the start: what the schema lacks is told there. */
bool
statements_prepare(struct pav_store *s)
{
    int r, i;

    for (r = 0; r < ROWS_COUNT; r++) {
        PAV_ASSERT(all_rows[r]->count <= STATEMENTS_MAX);
        for (i = 0; i < all_rows[r]->count; i++) {
            const char *text = all_rows[r]->texts[i];

            if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT,
                                   &s->statements[r][i], NULL) != SQLITE_OK) {
                store_failed(s, sqlite3_errcode(s->db), text);
                return false;
            }
        }
    }
    return true;
}

void
statements_finalize(struct pav_store *s)
{
    int r, i;

    for (r = 0; r < ROWS_COUNT; r++)
        for (i = 0; i < STATEMENTS_MAX; i++)
            sqlite3_finalize(s->statements[r][i]);
}

/* ---- one of them ---- */

static sqlite3_stmt *
statement(struct pav_store *s, int id)
{
    PAV_ASSERT(id >= 0 && id < ROWS_COUNT * STATEMENTS_MAX);
    return s->statements[id / STATEMENTS_MAX][id % STATEMENTS_MAX];
}

static void
run(struct pav_store *s, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);

    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        store_failed(s, sqlite3_extended_errcode(s->db), sqlite3_sql(st));
    sqlite3_reset(st);
}

bool
store_row(struct pav_store *s, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);

    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        store_failed(s, sqlite3_extended_errcode(s->db), sqlite3_sql(st));
    sqlite3_reset(st);
    return false;
}

static void
bind(sqlite3_stmt *st, int i, const struct bound *v)
{
    switch (v->kind) {
    case BOUND_INT:
        sqlite3_bind_int64(st, i, v->n);
        break;
    case BOUND_REAL:
        sqlite3_bind_double(st, i, v->real);
        break;
    case BOUND_NULL:
        sqlite3_bind_null(st, i);
        break;
    case BOUND_TEXT:
        sqlite3_bind_text(st, i, v->p, (int)v->n, SQLITE_STATIC);
        break;
    case BOUND_BLOB:
        sqlite3_bind_blob(st, i, v->p, (int)v->n, SQLITE_STATIC);
        break;
    }
}

static void
begin(struct pav_store *s)
{
    if (!s->in_transaction) {
        s->in_transaction = true;
        run(s, statement(s, SQL_BEGIN));
    }
    if (s->action == ACTION_BEGUN) {
        s->action = ACTION_WROTE;
        run(s, statement(s, SQL_SAVEPOINT));
    }
}

void
bind_all(sqlite3_stmt *st, const struct bound *v, int n)
{
    int i;

    for (i = 0; i < n; i++)
        bind(st, i + 1, &v[i]);
}

sqlite3_stmt *
store_ask(struct pav_store *s, int id, const struct bound *v, int n)
{
    sqlite3_stmt *st = statement(s, id);

    bind_all(st, v, n);
    return st;
}

sqlite3_stmt *
store_write(struct pav_store *s, int id, const struct bound *v, int n)
{
    begin(s);
    return store_ask(s, id, v, n);
}

void
store_do(struct pav_store *s, int id, const struct bound *v, int n)
{
    run(s, store_write(s, id, v, n));
}

int64_t
store_number(struct pav_store *s, int id)
{
    sqlite3_stmt *st = store_read(s, id);
    int64_t n;

    if (!store_row(s, st))
        return INT64_MAX;
    n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return n;
}

int
store_changes(struct pav_store *s)
{
    return sqlite3_changes(s->db);
}

/* ---- the transaction ---- */

void
statements_commit(struct pav_store *s)
{
    run(s, statement(s, SQL_COMMIT));
}

void
statements_rollback(struct pav_store *s)
{
    int r, i;

    for (r = 0; r < ROWS_COUNT; r++)
        for (i = 0; i < STATEMENTS_MAX; i++)
            if (s->statements[r][i] != NULL)
                sqlite3_reset(s->statements[r][i]);
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_step(statement(s, SQL_ROLLBACK));
    sqlite3_reset(statement(s, SQL_ROLLBACK));
}

void
statements_release(struct pav_store *s, bool keep)
{
    if (!keep)
        run(s, statement(s, SQL_UNDO));
    run(s, statement(s, SQL_RELEASE));
}

void
statements_probe(struct pav_store *s)
{
    STORE_DO(s, SQL_PROBE, INT(s->next_step));
}

/* ---- values ---- */

struct bound
bound_int_or_null(int64_t n)
{
    return n == 0 ? NONE : INT(n);
}

struct bound
bound_text(const char *text)
{
    return text == NULL
               ? NONE
               : (struct bound){.kind = BOUND_TEXT, .n = -1, .p = text};
}

struct bound
bound_bytes(struct pav_bytes b)
{
    return b.p == NULL ? NONE
                       : (struct bound){
                             .kind = BOUND_TEXT, .n = (int64_t)b.len, .p = b.p};
}

struct bound
bound_blob(struct pav_bytes b)
{
    return (struct bound){
        .kind = BOUND_BLOB, .n = (int64_t)b.len, .p = b.p == NULL ? "" : b.p};
}

void
bind_text(sqlite3_stmt *st, int i, const char *text)
{
    struct bound v = bound_text(text);

    bind(st, i, &v);
}

void
bind_bytes(sqlite3_stmt *st, int i, struct pav_bytes b)
{
    struct bound v = bound_bytes(b);

    bind(st, i, &v);
}

/* ---- columns ---- */

struct pav_bytes
column_bytes(sqlite3_stmt *st, int i, struct pav_arena *a)
{
    const void *p = sqlite3_column_blob(st, i);
    struct pav_bytes b = {NULL, (size_t)sqlite3_column_bytes(st, i)};

    if (sqlite3_column_type(st, i) != SQLITE_NULL)
        b.p = pav_arena_strndup(a, p == NULL ? "" : p, b.len);
    return b;
}

const char *
column_str(sqlite3_stmt *st, int i, struct pav_arena *a)
{
    return column_bytes(st, i, a).p;
}
