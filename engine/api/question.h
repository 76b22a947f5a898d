/* Requests that a query thread answers. */
#ifndef PAVANE_API_QUESTION_H
#define PAVANE_API_QUESTION_H

#include "note.h"
#include "pavane/query.h"

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

/* A question for the query threads; false when there are too many. */
bool api_ask(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run);
/* The two halves of it. */
struct question *
question_new(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run);
/* One that nobody waits for. */
struct question *question_alone(struct pav_api *api, pav_query_fn run);
/* False when there are too many; it is still the caller's. */
bool question_queue(struct pav_api *api, struct question *qu);
/* The same, with an answer that says so. */
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

#endif
