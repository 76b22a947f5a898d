/* Requests that a query thread answers. */
#ifndef PAVANE_API_QUERY_JOB_H
#define PAVANE_API_QUERY_JOB_H

#include "message.h"
#include "pavane/query.h"

/* A query job on its way; owns its arena and its bytes. */
struct query_job {
    struct pav_node node;
    struct message message;
    struct pav_arena arena;
    struct pav_query q;
    pav_query_fn run;
    struct pav_ref ref;
    struct pav_api *api;
    struct pav_status_view status; /* of /metrics */
    struct pav_http_counts http;
    uint64_t shed;
    const struct pav_service_map *services; /* whose secrets are masked */
    bool openmetrics;    /* of /metrics: the client reads that */
    bool undurable;      /* it may be answered before what it read is durable */
    bool packs;          /* the client takes gzip */
    struct pav_job *job; /* what it works on, or has made */
    bool *busy;          /* the front's; false again whatever becomes of it */
    /* On the front, in place of a reply: what is done with the job. */
    void (*on)(struct pav_api *api, struct query_job *qu);
};

/* A question for the query threads; false when there are too many. */
bool api_ask(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run);
/* The two halves of it. */
struct query_job *
query_job_new(struct pav_api *api, const struct pav_request *req,
              struct pav_ref ref, pav_query_fn run);
/* One that nobody waits for. */
struct query_job *query_job_alone(struct pav_api *api, pav_query_fn run);
/* False when there are too many; it is still the caller's. */
bool query_job_queue(struct pav_api *api, struct query_job *qu);
/* The same, with an answer that says so. */
bool query_job_push(struct pav_api *api, struct query_job *qu);
void query_job_free(struct query_job *qu);
struct query_job *query_job_of(struct pav_query *q);
/* As `on`: the job is an answer for the engine. */
void query_job_replies(struct pav_api *api, struct query_job *qu);

#define SLOW_MAX 64 /* that wait in the slow lane */

struct lane {
    struct pav_api *api;
    struct pav_reader *reader;
    struct pav_queue *questions;
    bool quick;
    const char *name; /* its thread's */
};
/* The thread of a lane, which is freed. */
void *lane_run(void *lane);

#endif
