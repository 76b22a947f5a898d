/* The writer's store. */
#ifndef PAVANE_STORE_STORE_INT_H
#define PAVANE_STORE_STORE_INT_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "pavane/store_bus.h"
#include "sql.h"
#include "witness.h"

struct pav_store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[ROWS_COUNT][STATEMENTS_MAX];
    bool in_transaction;
    enum { ACTION_NONE, ACTION_BEGUN, ACTION_WROTE } action;
    int failed; /* the first error of this transaction, an SQLite code */
    char failure[512];
    int64_t next_event, next_execution, next_step, next_id[IDS];
    struct {
        int64_t event; /* whose dispositions were added last */
        int count;
    } disposed;
    struct {
        bool open; /* its row is not written yet */
        struct pav_event_row row;
        bool taken; /* its first disposition goes with it */
        int kind;
        int64_t machine_id, execution_id;
    } arriving;
    int64_t parked;       /* how many events are parked in all */
    int64_t tasks, notes; /* how many rows there are of each, or were */
    int64_t overdue;      /* how many waits are */
    int log_pages;
    int64_t retry_ms, retry_at_us; /* of a checkpoint; 0: at once */
    struct seen *seen;
    struct seen_runs *runs; /* of it, on the disk */
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

#endif
