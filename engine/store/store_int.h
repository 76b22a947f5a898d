/* What the files of the store share. */
#ifndef PAVANE_STORE_INT_H
#define PAVANE_STORE_INT_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "pavane/store_bus.h"

#define STORE_VFS "pavane"

/* Registers the shim; the first call counts. */
void vfs_register(void);
/* Asked once, with its name, when the next log is opened and before it is read:
 * the database is locked by then.  False: it is not opened. */
void vfs_before_log(bool (*fn)(void *arg, const char *name), void *arg);
/* Writes are allowed on the calling thread alone from now on. */
void vfs_set_writer(void);

/* May commits owe the sync of the log from now on?  On the writer's thread. */
void vfs_owe(bool on);
bool vfs_owes(void);
/* Until the syncs that are owed by now are done. */
void vfs_await(void);
/* For how long a sync has been under way; 0: none is. */
int64_t vfs_sync_us(void);
/* Syncs what is owed, on any thread; aborts when that fails. */
void vfs_log_sync(void);

/* One prepared statement an id; the texts are in sql.c. */
enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_UNDO,
    SQL_RELEASE,
    SQL_MACHINE_INSERT,
    SQL_MACHINE_UPDATE,
    SQL_MACHINE_ACTIVE,
    SQL_MACHINE_BY_NAME,
    SQL_MACHINES,
    SQL_VERSION_INSERT,
    SQL_VERSION_GET,
    SQL_EVENT_INSERT,
    SQL_SEEN_INSERT,
    SQL_SEEN_GET,
    SQL_SEEN_TAIL,
    SQL_PROGRESS_PUT,
    SQL_EVENT_IS,
    SQL_EVENT_GET,
    SQL_DISPOSITION_INSERT,
    SQL_DISPOSITION_CHANGE,
    SQL_DISPOSITION_LAST,
    SQL_CONCERNED,
    SQL_EXECUTION_INSERT,
    SQL_EXECUTION_UPDATE,
    SQL_EXECUTION_MOVE,
    SQL_EXECUTION_GET,
    SQL_EXECUTION_NAMED,
    SQL_EXECUTION_OF_KEY,
    SQL_EXECUTION_BEFORE,
    SQL_STEP_INSERT,
    SQL_STEP_GET,
    SQL_WAIT_INSERT,
    SQL_WAIT_DELETE,
    SQL_TIMER_INSERT,
    SQL_TIMER_DELETE,
    SQL_TIMER_FIRST,
    SQL_PARK,
    SQL_UNPARK,
    SQL_PARKED_NEXT,
    SQL_PARKED_COUNT,
    SQL_PARKED_FIRST,
    SQL_PARKED_TOTAL,
    SQL_OPEN_VERSIONS,
    SQL_FAULT_PUT,
    SQL_FAULT_NAMES,
    SQL_FAULT_DELETE,
    SQL_PROBE,
    SQL_TASK_INSERT,
    SQL_TASK_DELETE,
    SQL_TASK_TAKEN,
    SQL_TASK_GET,
    SQL_TASK_WAITING,
    SQL_TASKS,
    SQL_TASK_TOTAL,
    SQL_NOTE_PUT,
    SQL_NOTE_GET,
    SQL_NOTE_TOTAL,
    SQL_CHILDREN,
    SQL_CHILD_OF,
    SQL_RUN_INSERT,
    SQL_RUN_UPDATE,
    SQL_RUN_GET,
    SQL_RUN_BY_ARN,
    SQL_RUN_OF,
    SQL_RUNS_OF,
    SQL_LEFT,
    SQL_ITEM_INSERT,
    SQL_ITEM_CUT,
    SQL_ITEM_UPDATE,
    SQL_ITEM_GET,
    SQL_ITEM_WITH,
    SQL_TABLE_GET,
    SQL_TABLE_PUT,
    SQL_TABLE_DELETE,
    SQL_NAME_PUT,
    SQL_NAME_DELETE,
    SQL_NAME_GET,
    SQL_NAMES,
    SQL_MACHINE_RENAME,
    SQL_MACHINE_ATTRIBUTES,
    SQL_OPEN_OF_MACHINE,
    SQL_DELIVERY_INSERT,
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
    SQL_SCHEDULE_PUT,
    SQL_SCHEDULE_NEXT,
    SQL_SCHEDULE_DELETE,
    SQL_SCHEDULE_GET,
    SQL_SCHEDULE_DUE,
    SQL_SCHEDULE_DUE_AT,
    SQL_SCHEDULES,
    SQL_ARCHIVE_ADD,
    SQL_ARCHIVE_NEXT,
    SQL_ARCHIVE_COUNT,
    SQL_ARCHIVE_FORGET,
    SQL_BATCH_PUT,
    SQL_BATCH_DELETE,
    SQL_BATCH_GET,
    SQL_BATCH_DUE,
    SQL_BATCH_DUE_AT,
    SQL_OVERDUE_ADD,
    SQL_OVERDUE_DELETE,
    SQL_OVERDUE_TOTAL,
    SQL_WAIT_GET,
    SQL_WAIT_STAT_PUT,
    SQL_WAIT_STAT_GET,
    SQL_CONTENT_GET,
    SQL_CONTENT_PUT,
    SQL_CONTENT_FORGET,
    SQL_ATTRIBUTE_ADD,
    SQL_COUNT,
};

extern const char *const sql_texts[SQL_COUNT];
extern const char *const sql_migrations[];
extern const int sql_version; /* of the schema: the number of migrations */

/* The last of each that there is. */
struct pav_ends {
    int64_t event, execution, step;
};

struct pav_store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[SQL_COUNT];
    bool in_transaction;
    enum { ACTION_NONE, ACTION_BEGUN, ACTION_WROTE } action;
    int failed; /* the first error of this transaction, an SQLite code */
    char failure[512];
    int64_t next_event, next_execution, next_step;
    int64_t parked;       /* how many events are parked in all */
    int64_t tasks, notes; /* how many rows there are of each, or were */
    int64_t overdue;      /* how many waits are */
    int log_pages;
    int64_t retry_ms, retry_at_us; /* of a checkpoint; 0: at once */
    struct seen *seen;
    /* witness.c */
    int64_t database; /* its random id */
    struct {
        atomic_int_fast64_t event, execution, step;
    } committed;
    struct pav_ends witnessed; /* what the file says */
    struct pav_ends floor;     /* ids up to there were given away */
    int witness_fd;            /* -1: none */
    struct pav_loss loss;
};

/* witness.c: what shows that acknowledged commits are gone. */
enum pav_rc
witness_check_log(struct pav_store *s, const char *log, struct pav_err *err);
/* Behind the counters: what is missing is said, and the file opened. */
void witness_open(struct pav_store *s);
void witness_close(struct pav_store *s);
/* Behind a commit, on the writer's thread. */
void witness_committed(struct pav_store *s);
/* Around a sync, on the thread that syncs. */
struct pav_ends witness_look(const struct pav_store *s);
void witness_write(struct pav_store *s, struct pav_ends durable);
/* What the file beside this database says; false: none that is its. */
bool witness_read(const char *path, int64_t database, struct pav_ends *out);
/* How many commits stand in a log where SQLite will not read them. */
int64_t witness_unread(int fd);

/* seen.c: which events came before. */
bool seen_open(struct pav_store *s);
void seen_close(struct pav_store *s);
void seen_add(struct pav_store *s, int64_t hash, int64_t id);
/* The last event of this (source, id); 0: there is none. */
int64_t seen_find(struct pav_store *s, int64_t hash, struct pav_bytes source,
                  struct pav_bytes event_id, int64_t *received_at);
void seen_before_commit(struct pav_store *s);
void seen_after_commit(struct pav_store *s);
void seen_rollback(struct pav_store *s);
int64_t seen_hash_of(struct pav_bytes source, struct pav_bytes event_id);

/* What went wrong where: the table that `sql` reads or writes, and SQLite's
 * words. */
void
sql_failure(sqlite3 *db, int code, const char *sql, char *out, size_t room);

/* Begin when needed, and give a statement ready to be bound. */
sqlite3_stmt *store_write(struct pav_store *s, enum statement id);
sqlite3_stmt *store_read(struct pav_store *s, enum statement id);
/* Run to its end; an error is kept for the commit. */
void store_run(struct pav_store *s, sqlite3_stmt *st);
/* True on a row; resets on the end and on errors. */
bool store_row(struct pav_store *s, sqlite3_stmt *st);

/* The first key of event_seen for an id; the last 16 bits are the source's. */
int64_t seen_hash(struct pav_bytes event_id);

void bind_text(sqlite3_stmt *st, int i, const char *text);
void bind_bytes(sqlite3_stmt *st, int i, struct pav_bytes b);
void bind_blob(sqlite3_stmt *st, int i, struct pav_bytes b);
void bind_int_or_null(sqlite3_stmt *st, int i, int64_t n);
const char *column_str(sqlite3_stmt *st, int i, struct pav_arena *a);
struct pav_bytes column_bytes(sqlite3_stmt *st, int i, struct pav_arena *a);

#define EVENT_COLUMNS                                                          \
    "e.id,e.received_at,e.source,e.event_id,e.detail_type,e.body,e.bus_id,"    \
    "e.replay,e.account,e.depth"
void
event_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_event_row *out);

/* Of every SELECT that delivery_from() reads. */
#define DELIVERY_COLUMNS                                                       \
    "id,event_id,rule_arn,target_arn,target_id,target,body,created_at,due_at," \
    "attempts,taken,status,error_code,error_message,condition,lane"
void delivery_from(sqlite3_stmt *st, struct pav_arena *a,
                   struct pav_delivery_row *out);

/* Of every SELECT that step_from() reads. */
#define STEP_COLUMNS                                                           \
    "id,execution_id,previous,at,first_event,event_count,semantics,wake,"      \
    "event_id,seed,record,sum"
#define NOTE_COLUMNS                                                           \
    "n.execution_id,n.redrive_count,n.redriven_at,n.redrive_token,"            \
    "n.version_no,n.alias,n.trace,n.parent_id,n.parent_no,n.run_id,n.item,"    \
    "n.map_state,n.label"
void note_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_note_row *out);
int64_t step_sum(int64_t id, struct pav_bytes record);
/* False: its record is not as it was written. */
bool step_from(sqlite3_stmt *st, struct pav_arena *a, struct pav_step_row *out);

#endif
