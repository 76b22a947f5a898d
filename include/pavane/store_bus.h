/*
 * The store's rows of the bus: deliveries, schedules, archived events, batches,
 * and what is known of waits.  Buses, rules, archives and the like are names
 * (store_work.h).  All of them belong to the writer's thread; see store.h.
 */
#ifndef PAVANE_STORE_BUS_H
#define PAVANE_STORE_BUS_H

#include "pavane/store_work.h"

/* ---- deliveries: what a target outside must be sent ---- */

enum pav_delivery_status { PAV_DELIVERY_OPEN, PAV_DELIVERY_DEAD };

struct pav_delivery_row {
    int64_t id;       /* never given twice */
    int64_t event_id; /* 0: a schedule's */
    const char *rule_arn, *target_arn, *target_id;
    struct pav_bytes target; /* JSON: the target as the rule had it */
    struct pav_bytes body;
    int64_t created_at, due_at, attempts;
    int64_t lease; /* the daemon that has it in flight, by its lifetime */
    int status;    /* enum pav_delivery_status */
    const char *error_code, *error_message, *condition; /* or NULL */
    /* What it shares its places in flight with: a hash of its target; from
     * PAV_LANE_IN_ORDER on also of its group, and one after the other. */
    uint32_t lane;
};

#define PAV_LANE_IN_ORDER 4096
/* As due_at: it waits for a place in its lane. */
#define PAV_DELIVERY_BLOCKED INT64_MAX

/* Fills row->id. */
void pav_store_delivery_add(struct pav_store *s, struct pav_delivery_row *row);
/* Times, attempts, taken, status and error. */
void pav_store_delivery_update(struct pav_store *s,
                               const struct pav_delivery_row *row);
void pav_store_delivery_delete(struct pav_store *s, int64_t id);
bool pav_store_delivery(struct pav_store *s, int64_t id, struct pav_arena *a,
                        struct pav_delivery_row *out);
/* The open one that is due first; false: there is none. */
bool pav_store_delivery_due(struct pav_store *s, struct pav_arena *a,
                            struct pav_delivery_row *out);
/* The next one that waits for a place in this lane, behind the id `after`. */
bool
pav_store_delivery_blocked(struct pav_store *s, uint32_t lane, int64_t after,
                           struct pav_arena *a, struct pav_delivery_row *out);
/* How many wait in each lane that has some. */
void
pav_store_delivery_lanes(struct pav_store *s,
                         void (*fn)(void *arg, uint32_t lane, uint32_t blocked),
                         void *arg);
/* The one that holds each lane that keeps an order. */
void
pav_store_delivery_holders(struct pav_store *s,
                           void (*fn)(void *arg, uint32_t lane, int64_t id),
                           void *arg);
/* When that is; INT64_MAX: none is due ever. */
int64_t pav_store_delivery_due_at(struct pav_store *s);
/* Dead ones behind `after`, in order. */
uint32_t
pav_store_deliveries_dead(struct pav_store *s, int64_t after, uint32_t max,
                          struct pav_arena *a, struct pav_delivery_row *out);
bool pav_store_deliveries_open(struct pav_store *s);
/* What another daemon had in flight is due now; of a lane that keeps an order
 * the first alone. */
void pav_store_deliveries_reset(struct pav_store *s, int64_t lifetime,
                                int64_t now_ms);

/* ---- schedules ---- */

enum pav_scheduled { PAV_SCHEDULED_RULE, PAV_SCHEDULED };

struct pav_schedule_row {
    int64_t id;
    int kind;      /* enum pav_scheduled */
    int64_t owner; /* the rule's bus, or the group's number */
    const char *name;
    int64_t next_at; /* 0: never again */
    struct pav_bytes body;
    int64_t last_at;         /* when it was done last; 0: never yet */
    const char *last_result; /* what came of that, in words; NULL: not known */
};
/* Such a result begins so when an execution was started: its id follows. */
#define PAV_STARTED_IT "started "
#define PAV_HANDED_ON  "handed to the deliveries"

/* New, or in place of the one of this name; fills row->id.  What was last stays
 * as it is. */
void pav_store_schedule_put(struct pav_store *s, struct pav_schedule_row *row);
void pav_store_schedule_next(struct pav_store *s, int64_t id, int64_t next_at,
                             int64_t last_at, const char *last_result);
void pav_store_schedule_delete(struct pav_store *s, int64_t id);
bool pav_store_schedule(struct pav_store *s, int kind, int64_t owner,
                        const char *name, struct pav_arena *a,
                        struct pav_schedule_row *out);
/* The one that is due first; false: there is none. */
bool pav_store_schedule_due(struct pav_store *s, struct pav_arena *a,
                            struct pav_schedule_row *out);
int64_t pav_store_schedule_due_at(struct pav_store *s);
/* In order of names behind `after` ("" for the first), at most `max`. */
uint32_t pav_store_schedules(struct pav_store *s, int kind, int64_t owner,
                             const char *after, uint32_t max,
                             struct pav_arena *a, struct pav_schedule_row *out);

/* ---- archives ---- */

struct pav_archived {
    int64_t at, event_id; /* at: the event's own time */
};

void pav_store_archive_add(struct pav_store *s, int64_t archive_id, int64_t at,
                           int64_t event_id, size_t bytes);
/* The first one behind `after` and before `end_at`; false: none. */
bool pav_store_archive_next(struct pav_store *s, int64_t archive_id,
                            struct pav_archived after, int64_t end_at,
                            struct pav_archived *out);
void pav_store_archive_count(struct pav_store *s, int64_t archive_id,
                             int64_t *count, int64_t *bytes);
/* Forgets those before `before_at`, at most `max`; how many, and their bytes.
 */
uint32_t
pav_store_archive_forget(struct pav_store *s, int64_t archive_id,
                         int64_t before_at, uint32_t max, int64_t *bytes);

/* ---- batches: events that wait for others ---- */

struct pav_batch_row {
    int64_t machine_id;
    const char *key, *rule;
    int64_t due_at, count;
};

void pav_store_batch_put(struct pav_store *s, const struct pav_batch_row *row);
void pav_store_batch_delete(struct pav_store *s, int64_t machine_id,
                            const char *key, const char *rule);
bool pav_store_batch(struct pav_store *s, int64_t machine_id, const char *key,
                     const char *rule, struct pav_batch_row *out);
bool pav_store_batch_due(struct pav_store *s, struct pav_arena *a,
                         struct pav_batch_row *out);
int64_t pav_store_batch_due_at(struct pav_store *s);
/* Starts that wait for a place have a time beyond all times: this one, and when
 * they began to wait.  The first of a machine's; how many of a machine's
 * executions are open, at most `max`. */
#define PAV_BATCH_HELD INT64_C(4611686018427387904)
bool pav_store_batch_held(struct pav_store *s, int64_t machine_id,
                          struct pav_arena *a, struct pav_batch_row *out);
int64_t
pav_store_open_count(struct pav_store *s, int64_t machine_id, int64_t max);

/* ---- waits ---- */

/* A wait that is over its deadline. */
struct pav_overdue_row {
    int64_t execution_id;
    uint32_t no;
    int64_t machine_id;
    const char *state;
    int64_t since_at, due_at, at;
};

void
pav_store_overdue_add(struct pav_store *s, const struct pav_overdue_row *row);
/* True when there was one. */
bool pav_store_overdue_delete(struct pav_store *s, int64_t execution_id,
                              uint32_t no);
bool pav_store_wait(struct pav_store *s, int64_t execution_id, uint32_t no,
                    struct pav_arena *a, struct pav_wait_row *out);
/* How many outcomes of one kind a source's events of a type had in an hour. */
struct pav_ledger_row {
    int64_t hour; /* since 1970 */
    const char *source, *type;
    int64_t machine_id;    /* 0: of none */
    int kind;              /* enum pav_disposition */
    const char *reason;    /* "": there is none to tell */
    int64_t count, events; /* outcomes; events of which it was the first */
    int64_t first_at, last_at;
};

/* Added to what the hour has. */
void
pav_store_ledger_add(struct pav_store *s, const struct pav_ledger_row *row);
/* All events up to that one are counted. */
void pav_store_ledger_upto(struct pav_store *s, int64_t event_id);
/* Those behind it are, from their rows. */
void pav_store_ledger_catch_up(struct pav_store *s);
/* The oldest hour, when it is before that one: how many rows. */
int pav_store_ledger_forget(struct pav_store *s, int64_t hour);

/* How many executions are where; `count` is added to what there is. */
struct pav_standing_row {
    int64_t machine_id;
    bool child; /* of a map run */
    int status;
    const char *states; /* as the execution's row has them */
    int64_t count;
};
void
pav_store_standing_add(struct pav_store *s, const struct pav_standing_row *row);

/* Added to what the day has: pavane/flow.h.  `upto`: the last step that was
 * folded. */
struct pav_flow_row;
void pav_store_flow_add(struct pav_store *s, const struct pav_flow_row *row,
                        int64_t upto);
/* All executions that ended up to that step are in it; up to which they are. */
int64_t pav_store_flow_at(struct pav_store *s);
void pav_store_flow_upto(struct pav_store *s, int64_t step);
/* Of days before that one, some: how many rows. */
int pav_store_flow_forget(struct pav_store *s, int64_t day, int limit);
/* The same of which executions a machine's sums were. */
int pav_store_passed_forget(struct pav_store *s, int64_t machine_id,
                            int64_t day, int limit);

/* Names of executions one behind the other, for a search in all of them:
 * store/search_text.c. */
struct pav_search_text {
    int64_t after; /* the last_id of the row before; 0: it is the first */
    int64_t first_id, last_id;
    struct pav_bytes ids, text;
    /* When they were started, but for children of map runs. */
    struct pav_starts {
        int64_t machine_id, hour, count;
    } * starts;
    uint32_t start_count;
    int64_t forgets; /* executions that were forgotten, as it was gathered */
};
/* Nothing, when another row is the last, or executions were forgotten since
 * that may be in it. */
void
pav_store_search_text_add(struct pav_store *s, const struct pav_search_text *t);
/* Rows of executions that are forgotten, some: how many. */
int pav_store_search_text_forget(struct pav_store *s, int limit);
/* Counts of starts before an hour, some: how many. */
int pav_store_started_forget(struct pav_store *s, int64_t hour, int limit);

/* How long waits of a state took: a histogram's bytes. */
void pav_store_wait_stat_put(struct pav_store *s, int64_t machine_id,
                             const char *state, struct pav_bytes histogram);
bool
pav_store_wait_stat(struct pav_store *s, int64_t machine_id, const char *state,
                    struct pav_arena *a, struct pav_bytes *out);

/* The last event of this content, by a hash, and when it came; 0: none. */
int64_t pav_store_content_seen(struct pav_store *s, int64_t machine_id,
                               int64_t hash, int64_t *at);
/* Also forgets some that are older than `window_ms`. */
void
pav_store_content_put(struct pav_store *s, int64_t machine_id, int64_t hash,
                      int64_t event_id, int64_t at, int64_t window_ms);

/* An indexed path of a payload: where it led to for an execution. */
void pav_store_attribute_add(struct pav_store *s, const char *name,
                             const char *value, int64_t execution_id);
/* All its values of that name. */
void pav_store_attribute_drop(struct pav_store *s, const char *name,
                              int64_t execution_id);
/* The attribute that each has which ended with an error: its name. */
#define PAV_ATTRIBUTE_ERROR "Error"

/* ---- what is forgotten: rows/forget.c ---- */

/* The next execution by id: its id, machine, status, times and last step. */
bool pav_store_execution_next(struct pav_store *s, int64_t after,
                              struct pav_execution_row *out);
/*
 * Deletes an execution that has ended, with what is its alone but its events,
 * `max` steps of it at a time, from the newest back.  True when it is gone.
 */
bool pav_store_forget_execution(struct pav_store *s,
                                const struct pav_execution_row *row, int max);
/*
 * Events behind `*after` that came before a time and that no execution, parked
 * row or archive has, of the next `max`; `*after` goes on, `*forgotten` grows.
 * False when none is left to look at.
 */
bool pav_store_forget_events(struct pav_store *s, int64_t *after,
                             int64_t before_ms, int max, int64_t *forgotten);
/* Hashes of events that are gone, of the next `max` behind a place; false at
 * the end. */
bool pav_store_forget_seen(struct pav_store *s, int64_t after[2], int max);
/* Dead letters of before a time; how many went. */
int pav_store_forget_dead(struct pav_store *s, int64_t before_ms, int max);
/* Pages of the file, and those of them that are free. */
void pav_store_space(struct pav_store *s, int64_t *pages, int64_t *free_pages);
/* Some free pages go back to the file system. */
void pav_store_give_back(struct pav_store *s);

#endif
