/*
 * Questions: what a query thread answers, with its own reader, and the lanes
 * that they wait in.  What comes of one may be a reply, or a job for the engine
 * (`on`).
 */
#include <stddef.h>
#include <stdlib.h>

#include "pavane/services.h"
#include "pavane/log.h"
#include "pavane/thread.h"
#include "parameters.h"
#include "query_job.h"
#include "reply.h"
#include "front.h"

#define ANSWER_MAX (64u << 20)

struct query_job *
query_job_of(struct pav_query *q)
{
    return (struct query_job *)(void *)((char *)q -
                                        offsetof(struct query_job, q));
}

/* Nothing was done and nothing said: as it came. */
static void
query_job_afresh(struct query_job *qu)
{
    pav_job_free(qu->job);
    qu->job = NULL;
    qu->on = NULL;
    qu->q.status = 200;
    qu->q.type = "application/json";
    qu->q.headers = NULL;
    qu->q.forever = false;
    qu->q.out.len = 0;
    qu->q.out.over = false;
}

/* Whatever it had said, this is the answer, by the API that was asked. */
static void
query_job_fails(struct query_job *qu, int status, const char *message)
{
    query_job_afresh(qu);
    if (*qu->q.target != '\0')
        aws_query_error(&qu->q, status, message);
    else
        query_error(&qu->q, status, qu->q.path, message);
}

/* R1: what could not be read is told, whatever the job made of it. */
static void
tell_failed_read(struct query_job *qu)
{
    struct pav_api *api = qu->api;
    struct pav_err err;
    enum pav_rc rc;

    if (pav_doc_was_damaged())
        pav_reader_spoilt(qu->q.reader, PAV_DOC_DAMAGED);
    rc = pav_reader_failed(qu->q.reader, &err);
    if (rc == PAV_OK)
        return;
    atomic_fetch_add(&api->read_errors, 1);
    if (rc == PAV_IO) {
        atomic_store(&api->unread_us, pav_clock_mono_us());
        pav_log(PAV_LOG_ERROR, NULL, "%s: the database cannot be read: %s",
                qu->q.path, err.message);
    }
    query_job_fails(qu, pav_rc_http(rc), err.message);
}

/* "gzip, br", but not "gzip;q=0". */
static bool
takes_gzip(const char *accepts)
{
    const char *p = strstr(accepts, "gzip");

    if (p == NULL)
        return false;
    p += strlen("gzip");
    p += strspn(p, " \t");
    if (*p != ';')
        return true;
    p += 1 + strspn(p + 1, " \t");
    return strncmp(p, "q=", 2) != 0 || strtod(p + 2, NULL) > 0;
}

struct query_job *
query_job_new(struct pav_api *api, const struct pav_request *req,
              struct pav_ref ref, pav_query_fn run)
{
    struct query_job *qu = pav_xcalloc(1, sizeof(*qu));
    struct pav_arena *a = &qu->arena;

    pav_arena_init(a, 8192);
    qu->api = api;
    qu->ref = ref;
    qu->run = run;
    qu->message.kind = MESSAGE_ANSWER;
    qu->message.answer = qu;
    qu->q.arena = a;
    qu->q.path = pav_arena_strdup(a, req->path);
    qu->q.depth = req->depth;
    qu->q.query = pav_arena_strdup(a, req->query);
    qu->q.host = pav_arena_strdup(a, req->host);
    qu->q.target = pav_arena_strdup(a, pav_request_text(req, "X-Amz-Target"));
    qu->q.cookie = pav_arena_strdup(a, pav_request_text(req, "Cookie"));
    qu->packs = takes_gzip(pav_request_text(req, "Accept-Encoding"));
    if (req->body_len > 0)
        qu->q.body = pav_arena_strndup(a, req->body, req->body_len);
    qu->q.body_len = req->body_len;
    qu->q.region = api->config.region;
    qu->q.account = api->config.account;
    qu->q.now_ms = pav_api_now_ms(api);
    qu->q.loss = &api->config.loss;
    qu->q.tally = api->config.engine == NULL
                      ? NULL
                      : pav_engine_tally(api->config.engine);
    qu->q.feed = "";
    qu->q.status = 200;
    qu->q.type = "application/json";
    pav_buf_init(&qu->q.out, ANSWER_MAX);
    qu->services = api->config.services;
    return qu;
}

void
query_job_free(struct query_job *qu)
{
    pav_job_free(qu->job);
    pav_buf_fini(&qu->q.out);
    pav_arena_fini(&qu->arena);
    free(qu);
}

bool
api_ask(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
        pav_query_fn run)
{
    return query_job_push(api, query_job_new(api, req, ref, run));
}

struct query_job *
query_job_alone(struct pav_api *api, pav_query_fn run)
{
    static const struct pav_request none = {
        .path = "", .query = "", .host = ""};
    static const struct pav_ref nobody = {UINT32_MAX, 0};

    return query_job_new(api, &none, nobody, run);
}

bool
query_job_queue(struct pav_api *api, struct query_job *qu)
{
    return pav_queue_push(api->questions, &qu->node);
}

bool
query_job_push(struct pav_api *api, struct query_job *qu)
{
    struct pav_ref ref = qu->ref;

    if (query_job_queue(api, qu))
        return true;
    query_job_free(qu);
    api_error(api, ref, 503, "busy", NULL, "too many queries are waiting");
    return false;
}

/*
 * Lanes: whoever asks for little never waits for those who ask for much.  A
 * question that takes longer than QUICK_US among the others is ended and asked
 * again in the slow lane, which has one thread and SLOW_US for each.  Objects
 * of map runs are read and made into inputs in a lane of their own.
 */
#define QUICK_US 25000
#define SLOW_US  2000000

/* Last of all: what is masked, is masked in plain text.  What caches may keep
 * says that it comes in two forms. */
static void
pack(struct query_job *qu)
{
    const struct pav_api_config *config = &qu->api->config;
    bool packed = qu->packs && config->pack != NULL && config->pack(&qu->q.out);

    if (packed || qu->q.forever)
        qu->q.headers =
            pav_arena_printf(&qu->arena, "%s%sVary: Accept-Encoding\r\n",
                             qu->q.headers == NULL ? "" : qu->q.headers,
                             packed ? "Content-Encoding: gzip\r\n" : "");
}

static void
answer_question(const struct lane *l, struct query_job *qu)
{
    struct pav_api *api = l->api;

    pav_reader_begin(l->reader, l->quick ? QUICK_US : SLOW_US);
    qu->run(&qu->q);
    pav_reader_end(l->reader);
    if (l->quick && pav_reader_timed_out(l->reader)) {
        query_job_afresh(qu);
        atomic_fetch_add(&api->slow_queries, 1);
        if (pav_queue_push(api->slow, &qu->node))
            return;
        query_job_fails(qu, 503,
                        "too many long queries wait; ask for less, or later");
    } else {
        tell_failed_read(qu);
    }
    pav_service_mask(qu->services, &qu->q.out);
    if (!qu->undurable)
        pav_store_await_durable(); /* T1: of what was read as well */
    if (qu->q.out.over)
        query_error(&qu->q, 413, qu->q.path, "the answer is too large");
    pack(qu);
    qu->message.node.next = NULL;
    pav_http_post(api->config.http, &qu->message.node);
}

/* The thread of a lane, which is freed. */
void *
lane_run(void *arg)
{
    struct lane l = *(struct lane *)arg;
    void *pages = l.api->config.pages_new();
    struct pav_node *n;

    free(arg);
    pav_thread_is(l.name);
    while ((n = pav_queue_take(l.questions, 1, -1)) != NULL) {
        struct query_job *qu = (struct query_job *)n;

        qu->q.reader = l.reader;
        qu->q.pages = pages;
        answer_question(&l, qu);
    }
    l.api->config.pages_free(pages);
    return NULL;
}
