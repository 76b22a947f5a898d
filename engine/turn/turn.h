/*
 * What everything on the engine's thread has in hand: the engine itself, its
 * jobs, the queue of work, what a turn may use, who is told what it changed.
 *
 * The engine's thread alone uses it.  What a room keeps for longer than a turn
 * is a struct of its own behind a pointer, which others do not look into.
 */
#ifndef PAVANE_TURN_TURN_H
#define PAVANE_TURN_TURN_H

#include <pthread.h>
#include "pavane/tally.h"
#include "pavane/engine.h"

/* A version of a machine that is loaded; freed with the engine. */
struct version {
    struct version *next;
    int64_t id;
    struct machine *machine;
    struct pav_machine *compiled;
};

/* A machine by name; `current` decides about new starts and about rules. */
struct machine {
    struct machine *next;
    int64_t id;
    const char *name, *arn;    /* owned */
    const char *execution_arn; /* of its executions, without their names */
    bool by_folder, active;
    enum pav_machine_type type;
    int64_t version_no, created_at, first_at;
    struct version *current;
    struct pav_rules *rules;
    struct machine_rule *bus_rules; /* those in the index of its bus */
    uint32_t bus_rule_count;
    const char *role_arn;            /* owned */
    uint64_t visited_mark;           /* the last arrival that did */
    int64_t paced_us, paced_told_at; /* pace.c; 0: never */
    struct {
        enum logging_level {
            LOGGING_OFF,
            LOGGING_FATAL,
            LOGGING_ERROR,
            LOGGING_ALL
        } level;
        bool with_data; /* payloads too */
        char *to;       /* a log group's ARN; owned */
    } logging;          /* of its histories: run/log_history.c */
};

/* Does the turn in flight tell what it changes? */
enum telling {
    TELLING_BETWEEN, /* none is in progress */
    TELLING_UNKNOWN, /* it has just begun */
    TELLING_ALL,
    TELLING_NOTHING
};

/* Work that waits for its turn. */
enum work_kind {
    WORK_TASK,       /* a task must be called, or a map run to go on */
    WORK_ABANDON,    /* a task has gone: so do its children */
    WORK_ENDED,      /* a child has ended */
    WORK_STATUS,     /* an execution's status changed: an event */
    WORK_DELETE,     /* executions of a deleted machine end */
    WORK_RUN,        /* a map run goes on */
    WORK_FILL,       /* a map run gets more of its items */
    WORK_RESULTS,    /* results of a map run are put together */
    WORK_STOP_ITEMS, /* a map run has ended: so do its executions */
};
struct work {
    enum work_kind kind;
    int64_t id; /* execution or machine */
    uint32_t no;
};

struct pav_engine {
    struct pav_engine_config config;
    struct pav_store *store;
    struct pav_clock *clock;
    struct pav_queue *queue;
    pthread_t thread;
    struct flusher *flusher; /* NULL when the engine is turned by hand */
    bool threaded;
    atomic_bool ready, watched;
    atomic_int telling; /* enum telling, of the turn in flight */
    atomic_int_fast64_t virtual_now_ms; /* 0: the clock is the system's */

    /* Known in memory, and swapped behind commits. */
    struct machine *machines;
    struct version *versions;
    struct bus *buses; /* the default one first */
    struct archive *archives;
    struct schemas *schemas; /* NULL: none */
    uint32_t status_rules;   /* rules and archives that may ask for those */
    const char **served;     /* services: those inside and those outside */
    uint32_t served_count;
    int64_t lifetime; /* of this engine: above 1, and unlike others */

    /* of the turn */
    struct pav_arena arena;
    struct pav_job *jobs, **jobs_last; /* to be released */
    struct pav_node *rest; /* jobs that this turn has no time for any more */
    int64_t began_us;      /* the turn, or what was settled last in it */
    uint64_t arrivals;     /* never counted back, unlike ids */
    uint64_t committed_events; /* as of the last commit */
    int64_t committed_waits;   /* the same */
    int64_t depth;         /* of what is acted for: an event, an execution */
    struct pav_feed *feed; /* of the turn; NULL when nobody watches */

    /* of the disk */
    bool full;             /* the last commit found no space */
    bool damaged;          /* a page is: each thing is committed alone */
    int64_t rest_until_us; /* damaged: what is due waits so long */
    int64_t next_probe_at;
    int64_t jump_told_us; /* when a clock that is behind was told; 0: never */

    /* What waits. */
    struct works {
        struct work *v;
        size_t first, count, cap;
    } works;
    struct hot *hot;   /* hot.c; NULL: nothing yet */
    struct pace *pace; /* pace.c */
    struct {
        int stage;                /* of a pass: retention.c */
        int64_t after;            /* the place that it has reached */
        int64_t hashes[2], swept; /* the same of hashes; events gone by then */
        int64_t next_at;          /* when the next slice may come */
        int64_t executions, events; /* forgotten since the start */
        uint64_t seen;              /* events that had come at the last slice */
        int64_t pages, free_pages;  /* as of the last pass */
        uint32_t table;             /* of the services file, and */
        char *key;                  /* the item of it that was reached */
    } retention;
    struct wait_times *wait_times; /* wait_times.c; NULL: nothing yet */
    struct ledger *ledger;         /* ledger.c; NULL: nothing yet */
    struct standing *standing;     /* standing.c; NULL: nothing yet */
    struct deliveries *deliveries; /* deliveries.c */
    struct sources *sources;       /* sources.c */
    struct pav_tally *tally;       /* of rules and targets: bus/tally.c */
    struct results *results;       /* of map runs, that are put together */
    struct pav_object_job *made;   /* inputs of map runs, not yet rows */
    struct pav_poll_job *polls, **polls_last;
    struct pav_start_job *syncs; /* StartSyncExecution, open */
    struct pav_job *again;       /* answers whose turn was rolled back */
    bool replaying;              /* perhaps; some replay runs */
    int64_t held_last;  /* when the last one began to wait, microseconds */
    bool place_is_free; /* perhaps a start that waits can be made: batch.c */
    uint32_t replays;   /* how many did when it was looked at last */

    struct pav_status_view counts;     /* the engine's thread's */
    struct pav_status_view published;  /* as it was a turn ago */
    pthread_mutex_t publishing;        /* of that alone */
    atomic_int_fast64_t turn_began_us; /* 0: between turns */
};

/* ---- budget.c ---- */

/* Has the turn taken so long that what can wait does? */
bool turn_is_long(const struct pav_engine *e);
/* Between two units of work: frees what they used when it is much. */
void turn_trim_arena(struct pav_engine *e);

/* ---- job.c ---- */

void job_fail(struct pav_job *j, enum pav_rc rc, const char *aws_error,
              const char *at, const char *fmt, ...) PAV_PRINTF(5, 6);
/* It goes back behind the commit of this turn. */
void job_release(struct pav_engine *e, struct pav_job *j);
/* One of the engine's own, handed out behind the commit. */
void *job_hand_out(struct pav_engine *e, const struct pav_job_kind *kind);
/* Each to its sender: behind a durable commit. */
void jobs_return(struct pav_job *first);

/* ---- works.c ---- */

void
work_add(struct pav_engine *e, enum work_kind kind, int64_t id, uint32_t no);
/* The oldest, which goes; false: there is none. */
bool work_next(struct pav_engine *e, struct work *out);
size_t work_waiting(const struct pav_engine *e);
void work_forget(struct pav_engine *e);
void work_free(struct pav_engine *e);

/* ---- tags.c ---- */

/* [{key, value}] beside those that are there; false: too many. */
#define TAGS_MAX 50
bool
tags_add(struct pav_engine *e, const char *arn, const struct pav_doc *tags);

/* ---- feed.c: what those who watch are told after the commit ---- */

void feed_execution(struct pav_engine *e, const char *machine,
                    const struct pav_execution_row *x, bool started);
void feed_disposition(struct pav_engine *e, enum pav_disposition kind);
void feed_machines(struct pav_engine *e);
/* Around the turn's work and its commits. */
void feed_turn_begins(struct pav_engine *e);
void feed_turn_ends(struct pav_engine *e);
/* What was gathered, behind a commit; NULL, and nothing is kept, behind a
 * rollback. */
struct pav_feed *feed_take(struct pav_engine *e, bool committed);

#endif
