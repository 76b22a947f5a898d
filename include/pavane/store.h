/*
 * The store: rows and bytes in one SQLite file.  It knows nothing of state
 * kinds.
 *
 * One connection writes and checkpoints, and only on the thread that adopted
 * it: the VFS shim (store/vfs.c) aborts the process when another thread
 * writes.  Writes are staged in one transaction and become durable together
 * in pav_store_commit() (synchronous=FULL).  A staged write never fails by
 * itself: an error is kept and reported by the commit.
 *
 * Readers are connections of their own, read-only, one for a thread
 * (reader.h).  All times are milliseconds since the epoch, UTC.
 */
#ifndef PAVANE_STORE_H
#define PAVANE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "pavane/buf.h"
#include "pavane/err.h"
#include "pavane/mem.h"
#include "pavane/stored.h"

#define PAV_APPLICATION_ID 0x50415641 /* "PAVA" */

struct pav_store;

/* The word "pending" is reserved: for an event whose outcome at another node is
 * not known yet. */
enum pav_disposition {
    PAV_STARTED,
    PAV_RESUMED,
    PAV_PARKED,
    PAV_DUPLICATE,
    PAV_UNEXPECTED,
    PAV_LATE,
    PAV_UNMATCHED,
    PAV_REJECTED,
    PAV_EXPIRED,
    PAV_ROUTED, /* a rule's targets got it, no machine is concerned */
    PAV_DISPOSITIONS,
};
const char *pav_disposition_name(enum pav_disposition d);
bool pav_disposition_find(const char *name, enum pav_disposition *out);

/*
 * Open or create the file and bring its schema up to date.  Errors: PAV_IO
 * (cannot be opened or written, is in use), PAV_INVALID (not Pavane's, or of a
 * newer version).  err->at is the path.
 */
PAV_MUSTUSE enum pav_rc
pav_store_open(const char *path, struct pav_store **out, struct pav_err *err);
/*
 * Acknowledged data that the file did not have any more when it was opened:
 * its log was damaged or cut off, or an older file was put in its place.
 */
struct pav_loss {
    int64_t events, executions, steps; /* durable once, and missing */
    int64_t last_event;                /* the id of the last one missing */
    int64_t commits; /* in the log, behind a damage, that cannot be read */
};
const struct pav_loss *pav_store_loss(const struct pav_store *s);
/* Is anything missing, for sure or as it seems? */
bool pav_loss_any(const struct pav_loss *l);
/* How much of the file is kept in memory; 16 MB by default. */
void pav_store_cache(struct pav_store *s, int64_t megabytes);
/* The calling thread is the one that writes from now on. */
void pav_store_adopt(struct pav_store *s);
/* Checkpoints and closes; readers are closed by then. */
void pav_store_close(struct pav_store *s);

/*
 * Commit what was staged; returns at once when nothing was.  After it the rows
 * are in the log and visible to readers, but durable only once pav_store_sync()
 * has returned, which must be called before any reply is sent.
 * PAV_FULL: no space.  PAV_DAMAGED: a page cannot be read, or rows contradict
 * each other.  All of it was rolled back then.  PAV_IO: anything else; the
 * process must end, for start-up is recovery.
 */
PAV_MUSTUSE enum pav_rc
pav_store_commit(struct pav_store *s, struct pav_err *err);
/* Is there anything to commit? */
bool pav_store_staged(const struct pav_store *s);
/* On any thread, while the writer does not commit: true when a commit is not
 * known to be durable. */
bool pav_store_sync_pending(const struct pav_store *s);
/* Makes every commit so far durable; aborts the process when it cannot. */
void pav_store_sync(struct pav_store *s);
/* On any thread but the one that syncs: until all that readers can see by now
 * is durable. */
void pav_store_await_durable(void);
/* On any thread: for how long a sync has been in flight, in us; 0: none is. */
int64_t pav_store_sync_us(void);
/*
 * Around an action that may be refused when it has written already: what it
 * wrote goes, what the transaction had before stays.
 */
void pav_store_action_begin(struct pav_store *s);
void pav_store_action_end(struct pav_store *s, bool keep);
void pav_store_rollback(struct pav_store *s);
/* What was read is not as it was written: the commit answers PAV_DAMAGED. */
void pav_store_spoilt(struct pav_store *s, const char *what);
/* True when the log is long enough, or `idle` and not empty. */
bool pav_store_wants_checkpoint(const struct pav_store *s, bool idle);
/* Copies the log back.  Until pav_store_finish_checkpoint(), which may be
 * called on any thread, the log cannot begin anew: the next commit finishes by
 * itself. */
void pav_store_checkpoint(struct pav_store *s);
void pav_store_finish_checkpoint(struct pav_store *s);
/* Can a row be written and made durable right now? */
PAV_MUSTUSE enum pav_rc
pav_store_probe(struct pav_store *s, struct pav_err *err);

/* The next ids; counted in memory, corrected by a rollback. */
int64_t pav_store_next_event(struct pav_store *s);
int64_t pav_store_next_execution(struct pav_store *s);
int64_t pav_store_next_step(struct pav_store *s);

/* ---- machines ---- */

struct pav_machine_row {
    int64_t id, version_id;
    const char *name;
    bool by_folder, active;
    int64_t version, created_at;
    struct pav_bytes definition, rules, readme;
    const char *role_arn;
    int type;               /* enum pav_machine_type; of a new one */
    const char *attributes; /* JSON: logging, tracing, encryption; or NULL */
    int64_t first_at;       /* when the machine itself was created */
};

/* A new machine, or a new current version of one; fills the ids. */
void pav_store_machine_put(struct pav_store *s, struct pav_machine_row *row,
                           int64_t now_ms);
void
pav_store_machine_active(struct pav_store *s, int64_t machine_id, bool active);
/* Current versions, in order of their ids; `fn` false ends it. */
void
pav_store_machines(struct pav_store *s,
                   bool (*fn)(void *arg, const struct pav_machine_row *row),
                   void *arg);
/* One version; NULL bytes when there is none. Copied into the arena. */
bool pav_store_version(struct pav_store *s, int64_t version_id,
                       struct pav_arena *a, struct pav_machine_row *out);

/* ---- events ---- */

struct pav_event_row {
    int64_t id; /* the sequence */
    int64_t received_at;
    struct pav_bytes source, event_id, detail_type, body;
    int64_t bus_id;
    const char *replay;  /* the replay that brought it again; or NULL */
    const char *account; /* stamped: its sender's; NULL: as the body says */
    int64_t depth; /* machines that it comes through, one behind another */
};

/* Staged; what the row points to is read until pav_store_event_done(), which
 * is called before anything of it goes.  Its first disposition may become a
 * part of the row in between. */
void pav_store_event_add(struct pav_store *s, const struct pav_event_row *row);
void pav_store_event_done(struct pav_store *s);
/* The last event of this (source, id) and when it came; 0: there is none. */
int64_t pav_store_event_seen(struct pav_store *s, struct pav_bytes source,
                             struct pav_bytes event_id, int64_t *received_at);
bool pav_store_event(struct pav_store *s, int64_t id, struct pav_arena *a,
                     struct pav_event_row *out);

/* ---- dispositions ---- */

struct pav_disposition_row {
    int64_t id, event_id;
    int64_t machine_id, execution_id; /* 0: none */
    struct pav_bytes key;             /* p NULL: none */
    enum pav_disposition kind;
    bool early; /* was parked before */
    int64_t at;
    const char *detail; /* why, or NULL */
};

/* Most that one event may have. */
#define PAV_DISPOSITIONS_MAX 1024
/* Fills row->id.  All of an event are added in one transaction, at most
 * PAV_DISPOSITIONS_MAX. */
void
pav_store_disposition_add(struct pav_store *s, struct pav_disposition_row *row);
/* parked becomes started, resumed or expired. */
void pav_store_disposition_change(struct pav_store *s, int64_t id,
                                  enum pav_disposition kind, int64_t machine_id,
                                  int64_t execution_id, int64_t now_ms);
/* Did that event concern this machine (or nobody, for machine 0)? */
bool pav_store_concerned(struct pav_store *s, int64_t event_id,
                         int64_t machine_id, int64_t *execution_id);

/* ---- executions and their steps ---- */

struct pav_wait_row {
    int64_t execution_id;
    uint32_t no;
    const char *state;
    const char *event_name, *pattern; /* what it names; NULL: any event */
    const char *awaits;               /* for people; NULL: unknown */
    int64_t since_at, due_at;
};

struct pav_execution_row {
    int64_t id, machine_id, version_id;
    const char *name, *key;         /* key NULL: started without one */
    int status;                     /* enum pav_status */
    int64_t started_at, stopped_at; /* 0: still open */
    int64_t first_step, last_step, next_event;
    const char *states; /* a JSON list of names */
    bool moved;         /* its status changed since it was read */
    int64_t depth;      /* of the event that started it, or of its parent */
    /* What it waits for now: written, never read with the row. */
    const struct pav_wait_row *waits;
    uint32_t wait_count;
};

/* How many waits are open, by counting them. */
int64_t pav_store_count_waits(struct pav_store *s);
void pav_store_execution_add(struct pav_store *s,
                             const struct pav_execution_row *row);
void pav_store_execution_update(struct pav_store *s,
                                const struct pav_execution_row *row);
bool pav_store_execution(struct pav_store *s, int64_t id, struct pav_arena *a,
                         struct pav_execution_row *out);
bool pav_store_execution_named(struct pav_store *s, int64_t machine_id,
                               const char *name, struct pav_arena *a,
                               struct pav_execution_row *out);
/* The newest of a machine's before an id. */
bool pav_store_execution_before(struct pav_store *s, int64_t machine_id,
                                int64_t before, struct pav_arena *a,
                                struct pav_execution_row *out);
/* The newest execution of a key: open ones before closed ones. */
bool pav_store_execution_of_key(struct pav_store *s, int64_t machine_id,
                                const char *key, struct pav_arena *a,
                                struct pav_execution_row *out);

struct pav_step_row {
    int64_t id, execution_id, previous; /* previous 0: the first */
    int64_t at, first_event, event_count;
    int semantics, wake; /* enum pav_wake_kind */
    int64_t event_id;    /* the event that woke it; 0: none */
    struct pav_bytes seed, record;
};

void pav_store_step_add(struct pav_store *s, const struct pav_step_row *row);
/* False: it is not there or not as it was written, which the commit answers
 * with PAV_DAMAGED. */
bool pav_store_step(struct pav_store *s, int64_t id, struct pav_arena *a,
                    struct pav_step_row *out);
struct pav_stored pav_step_stored(const struct pav_step_row *row);

/* ---- timers, parked events ---- */

void pav_store_timer_add(struct pav_store *s, int64_t due_at,
                         int64_t execution_id, uint32_t no);
void pav_store_timer_delete(struct pav_store *s, int64_t due_at,
                            int64_t execution_id, uint32_t no);
/* The earliest timer; false when there is none. */
bool pav_store_timer_first(struct pav_store *s, int64_t *due_at,
                           int64_t *execution_id, uint32_t *no);

struct pav_parked_row {
    int64_t machine_id, event_id, disposition_id, expires_at;
    const char *key;
    bool shared;            /* its rule may hand it over the token table */
    struct pav_bytes input; /* what the rule handed on */
};

void pav_store_park(struct pav_store *s, const struct pav_parked_row *row);
void pav_store_unpark(struct pav_store *s, int64_t machine_id, const char *key,
                      int64_t event_id);
/* The first parked event of a key behind `after`, in order of arrival. */
bool pav_store_parked_next(struct pav_store *s, int64_t machine_id,
                           const char *key, int64_t after, struct pav_arena *a,
                           struct pav_parked_row *out);
bool pav_store_has_parked(const struct pav_store *s);
int64_t pav_store_parked_count(struct pav_store *s, int64_t machine_id,
                               const char *key);
/* The one that expires first; false when there is none. */
bool pav_store_parked_first(struct pav_store *s, struct pav_arena *a,
                            struct pav_parked_row *out);

/* What is wrong with a machine's folder; `report` NULL: nothing any more. */
void pav_store_fault_put(struct pav_store *s, const char *name,
                         const char *report, int64_t now_ms);

/* Forgets what was wrong with folders that are none of `names`. */
void pav_store_faults_keep(struct pav_store *s, const char *const *names,
                           uint32_t count);

/* A machine that is deleted keeps its rows, under a name that no other has. */
void pav_store_machine_rename(struct pav_store *s, int64_t machine_id,
                              const char *name);
void pav_store_machine_attributes(struct pav_store *s, int64_t machine_id,
                                  const char *attributes);
/* Open executions of a machine, at most `max` ids. */
uint32_t pav_store_open_of_machine(struct pav_store *s, int64_t machine_id,
                                   int64_t *ids, uint32_t max);

/* Version ids with an open execution, for loading at the start. */
void
pav_store_open_versions(struct pav_store *s,
                        void (*fn)(void *arg, int64_t version_id), void *arg);

#endif
