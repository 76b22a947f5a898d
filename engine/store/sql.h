/*
 * Statements of the writer.  A table's texts are in its own file of rows/,
 * numbered from ROWS_AT(its name) on, and all are prepared when the store is
 * opened. */
#ifndef PAVANE_STORE_SQL_H
#define PAVANE_STORE_SQL_H

#include <sqlite3.h>

#include "pavane/store.h"

/* One line a file of rows/, or of the store's own statements. */
/* clang-format off */
#define ALL_ROWS(X) \
    X(transactions) X(seen) X(seen_runs) X(machines) X(events) X(dispositions) \
    X(executions) X(steps) X(timers) X(parked) X(faults) X(tasks) X(meta) \
    X(map_runs) X(tables) X(names) X(deliveries) X(schedules) X(archives) \
    X(batches) X(overdue) X(ledger) X(flow) X(standing) X(search_text) \
    X(forget)
/* clang-format on */

#define ROWS_NUMBER(name) ROWS_##name,
enum { ALL_ROWS(ROWS_NUMBER) ROWS_COUNT };

#define STATEMENTS_MAX 24 /* of a file */
#define ROWS_AT(name)  (ROWS_##name * STATEMENTS_MAX)
#define SQL_TEXT(id)   [(id) % STATEMENTS_MAX]

struct rows {
    const char *const *texts; /* by number, from ROWS_AT() on */
    int count;
};

#define ROWS_EXTERN(name) extern const struct rows name##_rows;
ALL_ROWS(ROWS_EXTERN)

/* Ids come from here alone: the writer gives each once, and nobody computes
 * with them. */
enum store_id { ID_MACHINE, ID_VERSION, ID_RUN, ID_DELIVERY, ID_SCHEDULE, IDS };
int64_t store_new_id(struct pav_store *s, enum store_id of);

/* ---- values that are bound, in the order of ?1, ?2, ... ---- */

struct bound {
    enum { BOUND_INT, BOUND_REAL, BOUND_NULL, BOUND_TEXT, BOUND_BLOB } kind;
    int64_t n; /* or the length; -1: NUL-terminated */
    double real;
    const char *p; /* borrowed until the statement is bound again */
};

#define INT(v)         ((struct bound){.kind = BOUND_INT, .n = (v)})
#define REAL(v)        ((struct bound){.kind = BOUND_REAL, .real = (v)})
#define NONE           ((struct bound){.kind = BOUND_NULL})
#define INT_OR_NULL(v) bound_int_or_null(v) /* 0: null */
#define TEXT(v)        bound_text(v)        /* NULL: null */
#define BYTES(v)       bound_bytes(v)       /* NULL: null */
#define BLOB(v)        bound_blob(v)        /* NULL: empty */
struct bound bound_int_or_null(int64_t n);
struct bound bound_text(const char *text);
struct bound bound_bytes(struct pav_bytes b);
struct bound bound_blob(struct pav_bytes b);

#define BOUND(...)                                                             \
    (const struct bound[]){__VA_ARGS__},                                       \
        sizeof((const struct bound[]){__VA_ARGS__}) / sizeof(struct bound)

/* ---- running ---- */

/* Begins a transaction when there is none, and runs a statement to its end; an
 * error is kept for the commit. */
#define STORE_DO(s, id, ...) store_do(s, id, BOUND(__VA_ARGS__))
/* A statement that reads; rows come with store_row(). */
#define STORE_ASK(s, id, ...) store_ask(s, id, BOUND(__VA_ARGS__))
/* One that writes and gives rows. */
#define STORE_WRITE(s, id, ...) store_write(s, id, BOUND(__VA_ARGS__))
void store_do(struct pav_store *s, int id, const struct bound *v, int n);
sqlite3_stmt *
store_ask(struct pav_store *s, int id, const struct bound *v, int n);
sqlite3_stmt *
store_write(struct pav_store *s, int id, const struct bound *v, int n);
/* One that reads and needs no values. */
#define store_read(s, id) store_ask(s, id, NULL, 0)
/* True on a row; resets on the end and on errors. */
bool store_row(struct pav_store *s, sqlite3_stmt *st);
/* The first column of the first row of one without values; INT64_MAX: none. */
int64_t store_number(struct pav_store *s, int id);
/* How many rows the last store_do() changed. */
int store_changes(struct pav_store *s);

const char *column_str(sqlite3_stmt *st, int i, struct pav_arena *a);
struct pav_bytes column_bytes(sqlite3_stmt *st, int i, struct pav_arena *a);

/* What went wrong where: the table that `sql` reads or writes, and SQLite's
 * words. */
void
sql_failure(sqlite3 *db, int code, const char *sql, char *out, size_t room);

/* An error by itself: the commit will say it. */
void store_failed(struct pav_store *s, int code, const char *sql);

/* For statements of other connections: readers'.  From ?1 on. */
#define STORE_BIND(st, ...) bind_all(st, BOUND(__VA_ARGS__))
void bind_all(sqlite3_stmt *st, const struct bound *v, int n);
void bind_text(sqlite3_stmt *st, int i, const char *text);
void bind_bytes(sqlite3_stmt *st, int i, struct pav_bytes b);

/* ---- the store's own ---- */

bool statements_prepare(struct pav_store *s);
void statements_finalize(struct pav_store *s);
void statements_commit(struct pav_store *s);
/* Of all that a transaction did. */
void statements_rollback(struct pav_store *s);
/* The end of an action within a transaction. */
void statements_release(struct pav_store *s, bool keep);
/* A write that changes nothing. */
void statements_probe(struct pav_store *s);

#endif
