/* The front: the daemon's HTTP side, and what comes back to its thread. */
#ifndef PAVANE_API_FRONT_H
#define PAVANE_API_FRONT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "pavane/api.h"
#include "pavane/outbound.h"

struct pav_api {
    struct pav_api_config config;
    struct pav_sender sender; /* of all jobs with a ticket */
    struct pav_queue *questions;
    struct pav_queue *objects; /* to be read or written, for map runs */
    struct pav_queue *slow;    /* those that took too long among the others */
    struct pav_queue *folds;   /* fold.c */
    struct {
        int64_t upto;  /* the step that was reached; -1: not known */
        int64_t named; /* the execution whose name was gathered last */
        bool busy;
        /* of the fold's thread: what the last one took, and when it looked at
         * how many events had come */
        int64_t took_us, looked_us;
        uint64_t events;
    } fold;
    char *pages_at; /* where the dashboard is: "http://HOST:PORT/" */
    struct {
        bool busy;
        int64_t looked_us;
    } alerts; /* alerts.c */
    pthread_t *threads;
    struct pav_reader **readers;
    int reader_count, thread_count;
    struct pav_folder *folder;
    bool scanning; /* one scan at a time */
    struct streams *streams;
    struct pav_job *gathered, **gathered_last; /* for the engine: ticket.c */
    uint32_t gathered_count;
    uint64_t shed; /* requests that found the engine's queue full */
    /* Of the query threads: reads that failed, and when the disk failed one
     * last; 0: never. */
    atomic_uint_fast64_t read_errors, slow_queries;
    atomic_int_fast64_t unread_us;
    int64_t started_us;
    dev_t db_device; /* of the database, when it was opened */
    ino_t db_inode;
    bool db_gone;
    struct pav_outbound *outbound;
    struct pav_job *unsent;  /* replies that found the engine's queue full */
    struct pav_job *unasked; /* objects that too many questions kept out */
    struct backup *backup;   /* backup.c */
    struct token *tokens;    /* OAuth's, of connections: outgoing.c */
    struct access_log *access_log; /* NULL: none */
    struct pav_tally *emf;         /* metrics of what was logged: emf.c */
    struct pav_tally *functions;   /* their calls: outgoing.c */
    struct pav_tally *sources;     /* queues that are read: sources.c */
};

#endif
