/*
 * Reading the store: a read-only connection of one thread, for query jobs.
 *
 * Lists are newest first and paged by key: a page ends with the id to go on
 * before; no offsets.  What is returned lives in the arena.
 *
 * No function here fails by itself: a query that cannot be answered (the disk,
 * a damaged page, the budget of pav_reader_begin()) looks like one without
 * rows, and is kept.  Whoever answers for what was read asks
 * pav_reader_failed() first, and tells the error instead of the answer.
 */
#ifndef PAVANE_READER_H
#define PAVANE_READER_H

#include "pavane/store_bus.h"

struct pav_reader;

PAV_MUSTUSE enum pav_rc
pav_reader_open(const char *path, struct pav_reader **out, struct pav_err *err);
/* The newest events are found by their ids in the memory of this store, which
 * is of the same file and outlives the reader; otherwise one by one. */
void pav_reader_recent(struct pav_reader *r, const struct pav_store *s);
void pav_reader_close(struct pav_reader *r);
/* One consistent view between the two; what takes longer is ended. */
void pav_reader_begin(struct pav_reader *r, int64_t budget_us);
void pav_reader_end(struct pav_reader *r);
/* What was read is not as it was written: pav_reader_failed() will say so. */
void pav_reader_spoilt(struct pav_reader *r, const char *what);
/* Was something ended because it took too long? */
bool pav_reader_timed_out(const struct pav_reader *r);
/* What failed since pav_reader_begin(): PAV_OK; PAV_BUSY: the time was up;
 * PAV_IO: the file cannot be read.  err->message says why. */
PAV_MUSTUSE enum pav_rc
pav_reader_failed(const struct pav_reader *r, struct pav_err *err);

/* ---- executions ---- */

struct pav_execution_view {
    struct pav_execution_row row;
    const char *machine;
    int64_t version;
    const char *attributes; /* {NAME: [VALUE, ...]} in JSON */
    const char *waits;      /* what it waits for, as its row has it: JSON */
    int64_t overdue_since;  /* the first of its waits that is; 0: none */
};

struct pav_passed;
enum pav_execution_order {
    PAV_NEWEST_FIRST,
    /* Of those in progress, by machine and state alone, or of those overdue. */
    PAV_OLDEST_FIRST,
    /* What took the last steps, by machine, status and state alone: within the
     * newest PAV_MOVES_SEEN steps. */
    PAV_LAST_MOVED_FIRST,
};
#define PAV_MOVES_SEEN 200000
struct pav_execution_filter {
    const char *key, *machine; /* NULL: any */
    const char *state;         /* it is there; NULL: anywhere */
    int status;                /* enum pav_status; -1: any */
    int64_t run_id;            /* of this map run; 0: any */
    int redriven;              /* 1: those that were, 2: those not; 0: any */
    bool exclude_map_children; /* without those of map runs */
    const char *qualifier;     /* started through it: number or alias; NULL */
    /* A search, newest first: */
    const char *attribute, *value; /* an indexed path has it; NULL: any */
    bool value_begins;             /* its value only begins so */
    const char
        *stands; /* [["MACHINE","\"STATE\""],...]: in one of these; NULL */
    enum pav_execution_order order;
    const char *event_type;              /* such an event moved it; NULL: any */
    int64_t started_from, started_until; /* 0: any time */
    int64_t ended_from, ended_until;     /* 0: any, or not at all */
    /* Ended, and passed that; NULL: any.  With status (then passed->end is its
     * name), attribute and value alone: the others, and value_begins, are not
     * looked at. */
    const struct pav_passed *passed;
    bool overdue;         /* a wait of it is */
    const char *awaits;   /* a wait of it names this type; NULL: any */
    const char *prefix;   /* its name begins so; NULL: any */
    const char *contains; /* the same, anywhere, in either case */
    int64_t before;       /* what `*next` said; 0: from the first */
    uint32_t limit;
};

/* It asks for machine, status, state and lateness alone, which are counted. */
bool pav_filter_is_plain(const struct pav_execution_filter *f);

/*
 * Running executions of a machine by current states, those of its map runs too:
 * their `states` and how many, exactly.
 */
struct pav_stand {
    const char *states; /* a JSON list */
    int64_t count;
};
void pav_reader_current_states(struct pav_reader *r, int64_t machine_id,
                               struct pav_arena *a, struct pav_stand **out,
                               uint32_t *count);

/* How many of its waits are overdue, by state: `states` is that name. */
uint32_t pav_reader_late(struct pav_reader *r, int64_t machine_id,
                         struct pav_arena *a, struct pav_stand **out);
/* How many executions the filter has in all, exactly; -1: only reading them all
 * would tell. */
int64_t
pav_reader_total(struct pav_reader *r, const struct pav_execution_filter *f,
                 struct pav_arena *a);

/* `*next`: the id to go on before, 0 when this was the last page. */
uint32_t
pav_reader_executions(struct pav_reader *r,
                      const struct pav_execution_filter *f, struct pav_arena *a,
                      struct pav_execution_view **out, int64_t *next);
bool pav_reader_execution(struct pav_reader *r, const char *machine,
                          const char *name, struct pav_arena *a,
                          struct pav_execution_view *out);

/* Names of executions behind those that are gathered, and behind `after`, as
 * the next row; false: they are too few for one. */
bool pav_reader_search_text(struct pav_reader *r, int64_t after,
                            struct pav_arena *a, struct pav_search_text *out);

/* Names of attributes that executions have, in order. */
uint32_t pav_reader_attribute_names(struct pav_reader *r, uint32_t limit,
                                    struct pav_arena *a, const char ***out);
/* Is there an execution with an attribute of this name? */
bool pav_reader_has_attribute(struct pav_reader *r, const char *name);
/* The path of a view, by its name; NULL: there is none. */
const char *
pav_reader_view(struct pav_reader *r, const char *name, struct pav_arena *a);
/* The rules of a version, as they were written; "": none. */
const char *
pav_reader_rules(struct pav_reader *r, int64_t version_id, struct pav_arena *a);
/*
 * Executions whose name has the text in it, in either case, those first where
 * it is a word of its own at the end, then where it begins the name; `limit` at
 * most.  Looks at the newest 30,000 names (`*all`: there are no more) and at
 * those that the text makes with the beginnings of newer ones.
 */
uint32_t pav_reader_names_with(struct pav_reader *r, const char *text,
                               uint32_t limit, struct pav_arena *a,
                               struct pav_execution_view **out, bool *all);
/* The newest executions with the text as the value of an attribute. */
uint32_t
pav_reader_valued(struct pav_reader *r, const char *value, uint32_t limit,
                  struct pav_arena *a, struct pav_execution_view **out);
/* Events that no rule matched and that hold the text, of the newest 10,000. */
uint32_t pav_reader_unmatched_with(struct pav_reader *r, const char *text,
                                   uint32_t limit, struct pav_arena *a,
                                   struct pav_event_row **out);

/*
 * The steps of an execution that hold history events from `from` on, oldest
 * first, at most `events` events' worth.  Records are loaded.
 */
uint32_t pav_reader_steps(struct pav_reader *r, int64_t last_step, int64_t from,
                          int64_t events, struct pav_arena *a,
                          struct pav_step_row **out);
/* Some steps are further back than PAV_MOVES_SEEN. */
bool pav_reader_moves_pass(struct pav_reader *r);
/* When a step was taken, by its id; 0: it is not there. */
int64_t pav_reader_step_at(struct pav_reader *r, int64_t id);
/*
 * All steps of an execution, oldest first, one at a time: the row lives until
 * `fn` returns.
 */
void pav_reader_walk(struct pav_reader *r, int64_t last_step,
                     void (*fn)(void *arg, const struct pav_step_row *step),
                     void *arg);
bool pav_reader_step(struct pav_reader *r, int64_t id, struct pav_arena *a,
                     struct pav_step_row *out);
/* Where a record's payloads are found; definitions are kept until the next
 * pav_reader_begin(). */
const struct pav_sources *pav_reader_sources(struct pav_reader *r);

/* What is special about an execution; false, and zeroes: nothing. */
bool pav_reader_meta(struct pav_reader *r, int64_t execution_id,
                     struct pav_arena *a, struct pav_meta_row *out);

/* What it started, oldest first: executions of its tasks and of its map runs;
 * and what started it, false: no execution did. */
uint32_t
pav_reader_children(struct pav_reader *r, int64_t execution_id, uint32_t limit,
                    struct pav_arena *a, struct pav_execution_view **out);
bool pav_reader_parent(struct pav_reader *r, int64_t execution_id,
                       struct pav_arena *a, struct pav_execution_view *out);
/* Map runs of an execution, with how many of their items stand how. */
struct pav_run_counts {
    int64_t id;
    const char *state;
    int64_t total, pending, running, succeeded, failed, timed_out, aborted;
};
uint32_t
pav_reader_runs(struct pav_reader *r, int64_t execution_id, uint32_t limit,
                struct pav_arena *a, struct pav_run_counts **out);

/* A map run by its ARN, 0: none; and the other way. */
int64_t pav_reader_run_id(struct pav_reader *r, const char *arn);
const char *
pav_reader_run_arn(struct pav_reader *r, int64_t run_id, struct pav_arena *a);

/* ---- waits ---- */

struct pav_listed_wait {
    struct pav_wait_row row;
    const char *machine, *execution, *key;
    int64_t overdue_since; /* 0: it is not */
    uint32_t place; /* in the line of its machine's state, from 1; 0: the filter
                     * names no machine and state */
};

struct pav_wait_filter {
    const char *machine, *key, *state; /* NULL: any */
    int64_t execution_id;              /* 0: any */
    int64_t after_execution;           /* paging, oldest first */
    uint32_t after_no, limit;
    bool overdue; /* only those */
};

uint32_t
pav_reader_waits(struct pav_reader *r, const struct pav_wait_filter *f,
                 struct pav_arena *a, struct pav_listed_wait **out, bool *more);

/* ---- dispositions and events ---- */

struct pav_disposition_view {
    struct pav_disposition_row row;
    const char *machine, *execution; /* NULL: none */
    struct pav_bytes source, event_id, detail_type;
    int64_t received_at;
};

struct pav_disposition_filter {
    const char *event_id, *key; /* NULL: any */
    int64_t event;              /* the id of the event's row; 0: any */
    int kind;                   /* enum pav_disposition; -1: any */
    int64_t execution_id;       /* 0: any */
    const char *machine, *source, *detail_type; /* NULL: any */
    bool of_no_machine;
    const char *why;           /* in these words; NULL: any, or none */
    const char *says;          /* with these among its words; NULL: the same */
    int64_t from_at, until_at; /* when it became so; 0: any time */
    int64_t newest;            /* of so many newest events; 0: of all */
    int64_t before;
    uint32_t limit;
};

/* How many there are of each kind, by machine, source, type and time. */
uint32_t pav_reader_disposition_counts(struct pav_reader *r,
                                       const struct pav_disposition_filter *f,
                                       int64_t counts[PAV_DISPOSITIONS]);
uint32_t
pav_reader_dispositions(struct pav_reader *r,
                        const struct pav_disposition_filter *f,
                        struct pav_arena *a, struct pav_disposition_view **out,
                        int64_t *next);
/* Until when an early event is kept for a machine; 0: it is not. */
int64_t pav_reader_parked_until(struct pav_reader *r,
                                const struct pav_disposition_row *d);
/* The event as its producer sent it. */
bool pav_reader_event(struct pav_reader *r, int64_t id, struct pav_arena *a,
                      struct pav_event_row *out);

/* ---- the bus ---- */

/* Oldest first, behind the id `after`. */
uint32_t
pav_reader_dead_letters(struct pav_reader *r, int64_t after, uint32_t limit,
                        struct pav_arena *a, struct pav_delivery_row **out);

/* The same of those that are open. */
uint32_t
pav_reader_deliveries(struct pav_reader *r, int64_t after, uint32_t limit,
                      struct pav_arena *a, struct pav_delivery_row **out);

/* Those of a target and an error code, of the newest 10,000. */
struct pav_delivery_group {
    const char *target_arn, *error_code; /* code NULL: no error yet */
    int64_t count, sent, blocked;        /* sent: not answered yet */
    int64_t oldest_at, newest_at, due_at;
};
/* What is given up, or what is open; the most first.  `*more`: there are others
 * than those that were looked at. */
uint32_t
pav_reader_delivery_groups(struct pav_reader *r, bool dead, uint32_t limit,
                           struct pav_arena *a, struct pav_delivery_group **out,
                           bool *more);

/* Buses, rules, archives and the like, of all owners, behind a place. */
uint32_t pav_reader_names(struct pav_reader *r, int kind, int64_t after_owner,
                          const char *after, uint32_t limit,
                          struct pav_arena *a, struct pav_name_row **out);
/* Grows with each name that is put or deleted. */
int64_t pav_reader_names_changed(struct pav_reader *r);
/* A bus's name, by its number; NULL: it is gone. */
const char *
pav_reader_bus(struct pav_reader *r, int64_t id, struct pav_arena *a);
/* Those that are due next first, then those that are over; of both kinds. */
uint32_t
pav_reader_schedules(struct pav_reader *r, int64_t skip, uint32_t limit,
                     struct pav_arena *a, struct pav_schedule_row **out);
/* Events of an archive, PAV_COUNT_CAP + 1 at most. */
int64_t pav_reader_archive_count(struct pav_reader *r, int64_t id);

struct pav_table_view {
    const char *name;
    int64_t count; /* PAV_COUNT_CAP + 1 at most */
};
/* Local tables that have items. */
uint32_t pav_reader_tables(struct pav_reader *r, struct pav_arena *a,
                           struct pav_table_view **out);
struct pav_table_item {
    const char *key;       /* JSON: its values, as DynamoDB writes them */
    struct pav_bytes body; /* the item, the same */
};
uint32_t pav_reader_items(struct pav_reader *r, const char *table, int64_t skip,
                          uint32_t limit, struct pav_arena *a,
                          struct pav_table_item **out);

struct pav_wait_time {
    const char *machine, *state;
    struct pav_bytes histogram; /* pav_learned_read() */
};
uint32_t pav_reader_wait_times(struct pav_reader *r, const char *machine,
                               struct pav_arena *a, struct pav_wait_time **out);

/* Events of an archive in the order of a replay, received_at being their own
 * time; false: there is no such one. */
bool pav_reader_archive(struct pav_reader *r, const char *name,
                        struct pav_archived after, uint32_t limit,
                        struct pav_arena *a, struct pav_event_row **out,
                        uint32_t *count, struct pav_archived *last);
/* The newest events of a source and type, among the last 200,000. */
uint32_t pav_reader_events_of(struct pav_reader *r, const char *source,
                              const char *detail_type, uint32_t limit,
                              struct pav_arena *a, struct pav_event_row **out);

/* ---- rows, for metrics ---- */

struct pav_row_counts {
    struct {
        const char *name;
        int64_t executions[5]; /* by enum pav_status */
    } * machines;
    uint32_t machine_count;
    int64_t timers, timers_due, parked, overdue, deliveries, dead_letters,
        schedules, to_gather;
};

/* Open deliveries by rule and target: how many, and when the oldest was made;
 * of 10,000 at most, those that are due first. */
struct pav_delivery_age {
    const char *rule_arn, *target_id;
    int64_t count, oldest_at;
};
uint32_t pav_reader_delivery_ages(struct pav_reader *r, struct pav_arena *a,
                                  struct pav_delivery_age **out);

/* Executions by the values of an attribute, and of a second one beside it
 * (NULL: none), the most first; times are those of their starts, 0: any.  Cost
 * grows with the executions that have the attribute. */
struct pav_attribute_count {
    const char *value, *by; /* by NULL: no second attribute was asked for */
    int64_t count;
};
uint32_t
pav_reader_attribute_counts(struct pav_reader *r, const char *name,
                            const char *by, const char *machine, int64_t from,
                            int64_t until, uint32_t limit, struct pav_arena *a,
                            struct pav_attribute_count **out);

/* When the producer's last event came, in the hours that the ledger has; 0:
 * never.  A few seconds late. */
int64_t pav_reader_heard(struct pav_reader *r, const char *source);
int64_t pav_reader_first_timer(struct pav_reader *r); /* due; 0: none */

/* Exact; executions of map runs are counted with the others. */
void pav_reader_counts(struct pav_reader *r, int64_t now_ms,
                       struct pav_arena *a, struct pav_row_counts *out);

/* ---- machines ---- */

#define PAV_COUNT_CAP 10000 /* counts stop there: "10,000+" */

struct pav_machine_view {
    struct pav_machine_row row;
    int64_t counts[5]; /* by enum pav_status, without those of map runs */
    int64_t children;  /* executions of map runs */
    const char *fault; /* what keeps its folder from being loaded; NULL */
};

/* Current versions; `counted` fills the counts. Faulty folders that never
 * loaded come too, with row.id 0. */
uint32_t
pav_reader_machines(struct pav_reader *r, bool counted, struct pav_arena *a,
                    struct pav_machine_view **out);
bool pav_reader_machine(struct pav_reader *r, const char *name,
                        struct pav_arena *a, struct pav_machine_view *out);
/* A published version, by its number or through an alias (its first one). */
struct pav_name_view {
    int64_t number, version_id, created_at;
    const char *description; /* or NULL */
};
bool pav_reader_published(struct pav_reader *r, int64_t machine_id,
                          const char *qualifier, struct pav_arena *a,
                          struct pav_name_view *out);
/* What a machine has been, the newest first. */
struct pav_version_view {
    int64_t id, number, created_at;
};
uint32_t
pav_reader_versions(struct pav_reader *r, int64_t machine_id, uint32_t limit,
                    struct pav_arena *a, struct pav_version_view **out);
bool pav_reader_version(struct pav_reader *r, int64_t version_id,
                        struct pav_arena *a, struct pav_machine_row *out);

#endif
