/*
 * The store's rows of work that an execution waits for (tasks, children, map
 * runs, items of local tables) and of names beside machines (versions, aliases,
 * tags, activities).  All of them belong to the writer's thread; see store.h.
 */
#ifndef PAVANE_STORE_WORK_H
#define PAVANE_STORE_WORK_H

#include "pavane/store.h"

/* ---- tasks: what is asked of somebody, until it has ended ---- */

struct pav_task_row {
    int64_t execution_id;
    uint32_t no;
    int call;             /* enum pav_call */
    const char *resource; /* an ARN */
    const char *state;
    const char *token;     /* or NULL */
    struct pav_bytes with; /* JSON: what it is called with */
    int64_t at;
    /* 0: nobody has it; 1: a worker, a child, or the token's holder has;
     * larger: the daemon that asked for it outside, by its number for a
     * lifetime. */
    int64_t lease;
};

void pav_store_task_add(struct pav_store *s, const struct pav_task_row *row);
void
pav_store_task_delete(struct pav_store *s, int64_t execution_id, uint32_t no);
void pav_store_task_taken(struct pav_store *s, int64_t execution_id,
                          uint32_t no, int64_t lease);
bool pav_store_task(struct pav_store *s, int64_t execution_id, uint32_t no,
                    struct pav_arena *a, struct pav_task_row *out);
/* The oldest one of an activity that nobody has taken. */
bool pav_store_task_waiting(struct pav_store *s, const char *resource,
                            struct pav_arena *a, struct pav_task_row *out);
/* All that are not of activities, for the start. */
void pav_store_tasks(struct pav_store *s,
                     void (*fn)(void *arg, int64_t execution_id, uint32_t no),
                     void *arg);

/* What was in flight when a daemon was killed. */
enum pav_left {
    PAV_LEFT_RUN,     /* a map run that is open */
    PAV_LEFT_ENDED,   /* an execution that has ended, its item has not */
    PAV_LEFT_ITEMS,   /* a map run that has ended, its items have not */
    PAV_LEFT_CHILD,   /* the child of a task (id, no) that is gone */
    PAV_LEFT_MACHINE, /* a deleted machine with open executions */
};
void pav_store_left(struct pav_store *s,
                    void (*fn)(void *arg, enum pav_left left, int64_t id,
                               uint32_t no),
                    void *arg);

/* ---- what is special about an execution; most have no note ---- */

struct pav_meta_row {
    int64_t execution_id;
    int64_t redrive_count, redriven_at;
    const char *redrive_token; /* the last clientToken, or NULL */
    int64_t version_no;        /* started as this published version; 0: none */
    const char *alias;         /* started through it, or NULL */
    const char *trace;         /* traceHeader, or NULL */
    int64_t parent_id;         /* whose task it is; 0: none */
    uint32_t parent_no;
    int64_t run_id, item;  /* of a map run; 0: none */
    const char *map_state; /* the Map whose processor it runs, or NULL */
    const char *label;     /* of the map run: "MACHINE/LABEL" in its ARN */
};

void pav_store_meta_put(struct pav_store *s, const struct pav_meta_row *row);
/* False, and zeroes, when the execution has none. */
bool pav_store_meta(struct pav_store *s, int64_t execution_id,
                    struct pav_arena *a, struct pav_meta_row *out);
/* Open executions that are a task's children; at most `max` ids. */
uint32_t pav_store_children(struct pav_store *s, int64_t parent_id,
                            uint32_t parent_no, int64_t *ids, uint32_t max);

/* The one that a task has started, open or ended; 0: none. */
int64_t
pav_store_child_of(struct pav_store *s, int64_t parent_id, uint32_t parent_no);

/* ---- map runs ---- */

enum pav_item_status {
    PAV_ITEM_PENDING,
    PAV_ITEM_RUNNING,
    PAV_ITEM_SUCCEEDED,
    PAV_ITEM_FAILED,
    PAV_ITEM_TIMED_OUT,
    PAV_ITEM_ABORTED,
    PAV_ITEM_STATUSES
};

struct pav_run_row {
    int64_t id, execution_id;
    uint32_t no;
    const char *arn, *state;
    struct pav_bytes spec; /* see map_run.h */
    int status;            /* enum pav_status */
    int64_t max_concurrency;
    double tolerated_percentage; /* negative: none */
    int64_t tolerated_count;     /* negative: none */
    int64_t counts[PAV_ITEM_STATUSES], total;
    int64_t started_at, stopped_at, redrive_count, redriven_at;
};

void pav_store_run_add(struct pav_store *s, struct pav_run_row *row);
void pav_store_run_update(struct pav_store *s, const struct pav_run_row *row);
bool pav_store_run(struct pav_store *s, int64_t id, struct pav_arena *a,
                   struct pav_run_row *out);
bool pav_store_run_by_arn(struct pav_store *s, const char *arn,
                          struct pav_arena *a, struct pav_run_row *out);
bool pav_store_run_of(struct pav_store *s, int64_t execution_id, uint32_t no,
                      struct pav_arena *a, struct pav_run_row *out);
/* Runs of an execution behind `after`, in order; the rows' spec is absent. */
uint32_t
pav_store_runs_of(struct pav_store *s, int64_t execution_id, int64_t after,
                  uint32_t max, struct pav_arena *a, struct pav_run_row *out);

struct pav_item_row {
    int64_t run_id, item, execution_id;
    enum pav_item_status status;
    struct pav_bytes input, output; /* p NULL: none */
    const char *error, *cause;
};

/* Only so many items stay: others are left of a list that was longer. */
void pav_store_items_cut(struct pav_store *s, int64_t run_id, int64_t count);
void pav_store_item_add(struct pav_store *s, const struct pav_item_row *row);
void pav_store_item_update(struct pav_store *s, const struct pav_item_row *row);
bool pav_store_item(struct pav_store *s, int64_t run_id, int64_t item,
                    struct pav_arena *a, struct pav_item_row *out);
/* The first item of a status; false when there is none. */
bool pav_store_item_with(struct pav_store *s, int64_t run_id,
                         enum pav_item_status status, int64_t after,
                         struct pav_arena *a, struct pav_item_row *out);

/* ---- items of local tables ---- */

struct pav_table_row {
    const char *key; /* the JSON of its key */
    struct pav_bytes body;
};

/* The first item whose key is behind `after`; false: there is none. */
bool
pav_store_table_next(struct pav_store *s, const char *table, const char *after,
                     struct pav_arena *a, struct pav_table_row *out);
bool
pav_store_table_get(struct pav_store *s, const char *table, const char *key,
                    struct pav_arena *a, struct pav_bytes *out);
void pav_store_table_put(struct pav_store *s, const char *table,
                         const char *key, struct pav_bytes item);
void
pav_store_table_delete(struct pav_store *s, const char *table, const char *key);

/* ---- names ---- */

/*
 * A thing by kind, owner and name, with a JSON body: a published version, an
 * alias, an activity, the tags of a resource.  `number` orders them.
 */
enum pav_name_kind {
    PAV_NAME_VERSION,      /* owner: machine id, number: its number */
    PAV_NAME_ALIAS,        /* owner: machine id */
    PAV_NAME_ACTIVITY,     /* owner 0 */
    PAV_NAME_TAGS,         /* owner 0, name: the ARN */
    PAV_NAME_LAST_VERSION, /* owner: machine id, number: of a deleted version */
    PAV_NAME_BUS,          /* owner 0, number: its id, from 2; 1 is default */
    PAV_NAME_RULE,         /* owner: bus id; the body has its targets */
    PAV_NAME_ARCHIVE,      /* owner 0, number: its id */
    PAV_NAME_REPLAY,       /* owner 0 */
    PAV_NAME_CONNECTION,   /* owner 0 */
    PAV_NAME_DESTINATION,  /* owner 0: API destinations */
    PAV_NAME_GROUP,        /* owner 0, number: its id: schedule groups */
    PAV_NAME_SCHEMA,       /* owner 0, name: SOURCE, \x01, DETAIL-TYPE */
    PAV_NAME_OWNED,        /* owner 0, name: what a folder made: aws/owned.h */
    PAV_NAME_VIEW,         /* owner 0: a list of the dashboard with a name */
    PAV_NAME_ALERT,        /* owner 0: a rule of what is told */
    PAV_NAME_RAISED,       /* owner 0, name: RULE GROUP; what was told */
    PAV_NAME_MUTE,         /* owner 0, name: a group that nobody is told of */
    PAV_NAME_TESTED,       /* owner: machine id, name: a definition's digest */
    PAV_NAME_WHAT_IF,      /* owner 0, name: ARCHIVE MACHINE; number: when */
};

struct pav_name_row {
    int kind;
    int64_t owner, number;
    const char *name;
    struct pav_bytes body;
};

void pav_store_name_put(struct pav_store *s, const struct pav_name_row *row);
void pav_store_name_delete(struct pav_store *s, int kind, int64_t owner,
                           const char *name);
bool
pav_store_name(struct pav_store *s, int kind, int64_t owner, const char *name,
               struct pav_arena *a, struct pav_name_row *out);
/* Grows with each name that is put or deleted: who has read the names knows by
 * it whether they are still those. */
int64_t pav_store_names_changed(struct pav_store *s);
/* In order of their names behind `after`, "" for the first; at most `max`. */
uint32_t
pav_store_names(struct pav_store *s, int kind, int64_t owner, const char *after,
                uint32_t max, struct pav_arena *a, struct pav_name_row *out);

#endif
