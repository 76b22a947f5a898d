/* What the resources share. */
#ifndef PAVANE_API_INT_H
#define PAVANE_API_INT_H

#include <sys/types.h>

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>

#include "pavane/api.h"
#include "pavane/history.h"
#include "pavane/outbound.h"
#include "pavane/services.h"

#define EVENTS_PATH  "/events"
#define AWS_BODY_MAX (4 * 1024 * 1024)
#define PAGE_USUAL   100
#define PAGE_MOST    1000

/* What travels to the front: a finished job of the engine, or an answer. */
enum note_kind { NOTE_ENGINE, NOTE_ANSWER, NOTE_FEED, NOTE_WORK };

struct note {
    struct pav_node node;
    enum note_kind kind;
    struct pav_job *job;     /* NOTE_ENGINE, NOTE_WORK */
    struct question *answer; /* NOTE_ANSWER */
    struct pav_feed *feed;   /* NOTE_FEED; the note lies in it */
};

/* A query job on its way; owns its arena and its bytes. */
struct question {
    struct pav_node node;
    struct note note;
    struct pav_arena arena;
    struct pav_query q;
    pav_query_fn run;
    struct pav_ref ref;
    struct pav_api *api;
    struct pav_status_view status; /* of /metrics */
    struct pav_http_counts http;
    uint64_t shed;
    bool openmetrics;    /* of /metrics: the client reads that */
    bool undurable;      /* it may be answered before what it read is durable */
    struct pav_job *job; /* what it works on, or has made */
    /* On the front, in place of a reply: what is done with the job. */
    void (*on)(struct pav_api *api, struct question *qu);
};

/* Who waits for a job of the engine, and how to answer. */
struct ticket;
typedef void (*ticket_fn)(struct pav_api *api, const struct ticket *t,
                          struct pav_job *job);
struct ticket {
    struct note note;
    struct pav_ref ref;
    struct pav_api *api;
    ticket_fn answer;
    const void *about; /* the answer's */
};

struct pav_api {
    struct pav_api_config config;
    struct pav_sender sender; /* of all jobs with a ticket */
    struct pav_queue *questions;
    struct pav_queue *objects; /* to be read or written, for map runs */
    struct pav_queue *slow;    /* those that took too long among the others */
    pthread_t *threads;
    struct pav_reader **readers;
    int reader_count, thread_count;
    struct pav_folder *folder;
    bool scanning; /* one scan at a time */
    struct streams *streams;
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
    struct token *tokens;    /* OAuth's, of connections: outgoing.c */
};

/* ticket.c: the job's answer goes to `ref` by `answer`; 503 when the engine is
 * full. */
void api_submit(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
                ticket_fn answer, const void *about);
void tickets_init(struct pav_api *api);
/* A question for the query threads; false when there are too many. */
bool api_ask(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run);
/* The two halves of it. */
struct question *
question_new(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run);
bool question_push(struct pav_api *api, struct question *qu);
void question_free(struct question *qu);
struct question *question_of(struct pav_query *q);
/* As `on`: the job is an answer for the engine. */
void question_replies(struct pav_api *api, struct question *qu);

#define SLOW_MAX 64 /* that wait in the slow lane */

struct lane {
    struct pav_api *api;
    struct pav_reader *reader;
    struct pav_queue *questions;
    bool quick;
};
/* The thread of a lane, which is freed. */
void *lane_run(void *lane);

/* Classes of requests, for /metrics. */
enum route {
    ROUTE_OTHER,
    ROUTE_EVENTS,
    ROUTE_AWS,
    ROUTE_API,
    ROUTE_PAGES,
    ROUTES
};
const char *route_name(int route);
void api_reply(struct pav_api *api, struct pav_ref ref, int status,
               const char *type, const char *body, size_t len);
/* {"error","message"}, and "at" when there is one. */
void api_error_put(struct pav_buf *b, const char *error, const char *at,
                   const char *message);
void api_error(struct pav_api *api, struct pav_ref ref, int status,
               const char *error, const char *at, const char *message);
void query_error(struct pav_query *q, int status, const char *at,
                 const char *message);
/* The same in the form of AWS's APIs. */
void aws_query_error(struct pav_query *q, int status, const char *message);
/* Prints and deletes the paper into the answer. */
void query_paper(struct pav_query *q, cJSON *paper);
int64_t api_now_ms(const struct pav_api *api);

/* "limit" of the query, within bounds; false after query_error(). */
bool query_limit(struct pav_query *q, uint32_t *limit);
/* A whole number parameter, 0 when absent; false after query_error(). */
bool query_number(struct pav_query *q, const char *name, int64_t *out);
/* A time parameter (RFC 3339), 0 when absent; false after query_error(). */
bool query_time(struct pav_query *q, const char *name, int64_t *out);
/* A text parameter in the arena, NULL when absent. */
const char *query_text(struct pav_query *q, const char *name);

/* outgoing.c: tokens of connections. */
void outgoing_init(struct pav_api *api);
void outgoing_free(struct pav_api *api);

/* calls.c, objects.c: what the engine hands out. */
void calls_take(struct pav_api *api, struct pav_job *job);
void deliveries_take(struct pav_api *api, struct pav_job *job);
void replies_tick(struct pav_api *api);
/* On the front thread: an answer for the engine, which is kept when its queue
 * is full. */
void reply_submit(struct pav_api *api, struct pav_job *reply);
void objects_tick(struct pav_api *api);
void objects_take(struct pav_api *api, struct pav_job *job);

/* stream.c: who watches, and what they are told. */
struct streams *streams_new(void);
void streams_free(struct streams *s);
/* Where a page is made: its stream goes on behind it.  "": not known. */
const char *streams_place(struct pav_api *api, struct pav_arena *a);
void streams_take(struct pav_api *api, struct pav_feed *feed);
void streams_tick(struct pav_api *api);
/* Are changes gathered? */
bool streams_watching(const struct streams *s);
uint64_t streams_resyncs(const struct streams *s);
/* Who is told of changes; one who left is noticed within a second. */
uint32_t streams_count(const struct streams *s);

/* Resources. */
void stream_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void events_post(struct pav_api *api, const struct pav_request *req,
                 struct pav_ref ref);
void aws_post(struct pav_api *api, const struct pav_request *req,
              struct pav_ref ref);
void scheduler_rest(struct pav_api *api, const struct pav_request *req,
                    struct pav_ref ref);
void executions_get(struct pav_query *q);
void waits_get(struct pav_query *q);
void dispositions_get(struct pav_query *q);
void machines_get(struct pav_query *q);
void disposition_counts_get(struct pav_query *q);
void dead_letters_get(struct pav_query *q);
void deliveries_get(struct pav_query *q);
void wait_times_get(struct pav_query *q);
void archives_get(struct pav_query *q);
void discover_get(struct pav_query *q);
void status_get(struct pav_api *api, const struct pav_request *req,
                struct pav_ref ref);
void metrics_get(struct pav_api *api, const struct pav_request *req,
                 struct pav_ref ref);

#endif
