/*
 * The front's side of everything: routes, tickets for the engine, questions
 * for the query threads.
 *
 * A GET becomes a question; a change becomes a job of the engine with a ticket
 * that knows who waits.  Both come back as notes through the server's queue,
 * and only there a reply is given.
 */
#include "pavane/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/clock.h"
#include "pavane/log.h"
#include "pavane/paper.h"
#include "pavane/text.h"
#include "api_int.h"

#define QUESTIONS_MAX 4096
#define UNREAD_US     10000000 /* a read failed: not ready for so long */
#define ANSWER_MAX    (64u << 20)

int64_t
api_now_ms(const struct pav_api *api)
{
    struct pav_clock c;

    pav_clock_real(&c, api->config.clock_offset_ms);
    return pav_clock_ms(&c);
}

/* ---- replies ---- */

void
api_reply(struct pav_api *api, struct pav_ref ref, int status, const char *type,
          const char *body, size_t len)
{
    struct pav_reply r = {
        .status = status, .type = type, .body = body, .len = len};

    pav_http_reply(api->config.http, ref, &r);
}

static void
put_error(struct pav_buf *b, const char *error, const char *at,
          const char *message)
{
    pav_buf_puts(b, "{\"error\":");
    pav_buf_jsons(b, error);
    if (at != NULL && *at != '\0') {
        pav_buf_puts(b, ",\"at\":");
        pav_buf_jsons(b, at);
    }
    pav_buf_puts(b, ",\"message\":");
    pav_buf_jsons(b, message);
    pav_buf_puts(b, "}\n");
}

void
api_error(struct pav_api *api, struct pav_ref ref, int status,
          const char *error, const char *at, const char *message)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 16);
    put_error(&b, error, at, message);
    api_reply(api, ref, status, "application/json", b.p, b.len);
    pav_buf_fini(&b);
}

void
query_error(struct pav_query *q, int status, const char *at,
            const char *message)
{
    q->status = status;
    q->type = "application/json";
    q->out.len = 0;
    put_error(&q->out,
              status == 404   ? "missing"
              : status == 503 ? "busy"
              : status >= 500 ? "io"
                              : "invalid",
              at, message);
}

/* Nothing was done and nothing said: as it came. */
static void
question_afresh(struct question *qu)
{
    pav_job_free(qu->define);
    qu->define = NULL;
    qu->q.status = 200;
    qu->q.type = "application/json";
    qu->q.headers = NULL;
    qu->q.forever = false;
    qu->q.out.len = 0;
    qu->q.out.over = false;
}

/* Whatever it had said, this is the answer, by the API that was asked. */
static void
question_fails(struct question *qu, int status, const char *message)
{
    question_afresh(qu);
    if (*qu->q.target != '\0')
        aws_query_error(&qu->q, status, message);
    else
        query_error(&qu->q, status, qu->q.path, message);
}

/* R1: what could not be read is told, whatever the job made of it. */
static void
tell_failed_read(struct question *qu)
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
    question_fails(qu, pav_rc_http(rc), err.message);
}

void
query_paper(struct pav_query *q, cJSON *paper)
{
    size_t len;
    char *text = pav_paper_print(paper, &len);

    pav_buf_put(&q->out, text, len);
    pav_buf_putc(&q->out, '\n');
    free(text);
}

/* ---- parameters ---- */

const char *
query_text(struct pav_query *q, const char *name)
{
    char *room = pav_arena_alloc(q->arena, PAV_QUERY_VALUE_MAX);

    return pav_query_get(q->query, name, room, PAV_QUERY_VALUE_MAX);
}

bool
query_number(struct pav_query *q, const char *name, int64_t *out)
{
    const char *text = query_text(q, name);

    *out = 0;
    if (text == NULL || *text == '\0')
        return true;
    if (pav_parse_int(text, strlen(text), out))
        return true;
    query_error(q, 400, name, "a whole number is wanted");
    return false;
}

bool
query_time(struct pav_query *q, const char *name, int64_t *out)
{
    const char *text = query_text(q, name);

    *out = 0;
    if (text == NULL || *text == '\0' ||
        pav_time_parse(text, strlen(text), out))
        return true;
    query_error(q, 400, name, "a time as 2026-11-24T10:12:13Z is wanted");
    return false;
}

bool
query_limit(struct pav_query *q, uint32_t *limit)
{
    int64_t n;

    if (!query_number(q, "limit", &n))
        return false;
    if (n > PAGE_MOST) {
        query_error(q, 400, "limit", "at most 1000 a page");
        return false;
    }
    *limit = n == 0 ? PAGE_USUAL : (uint32_t)n;
    return true;
}

/* ---- tickets ---- */

void
api_submit(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
           void (*answer)(struct pav_api *api, struct pav_ref ref,
                          struct pav_job *job))
{
    struct ticket *t = pav_arena_zalloc(&job->arena, sizeof(*t));

    t->note.kind = NOTE_ENGINE;
    t->note.job = job;
    t->ref = ref;
    t->api = api;
    t->answer = answer;
    job->owner = t;
    job->sender = &api->sender;
    if (pav_engine_submit(api->config.engine, job))
        return;
    pav_job_free(job);
    api->shed++;
    api_error(api, ref, 503, "busy", NULL,
              "too much is waiting, or the daemon ends; nothing was kept: try "
              "again");
}

/* On the engine's thread or its flusher's: what is answered, and what is handed
 * out, goes to the front. */
static void
came_back(struct pav_sender *sender, struct pav_job *first)
{
    struct pav_api *api =
        (struct pav_api *)(void *)((char *)sender -
                                   offsetof(struct pav_api, sender));
    struct pav_node *chain = NULL, **last = &chain;
    struct pav_job *j;

    for (j = first; j != NULL; j = pav_job_next(j)) {
        struct ticket *t = j->owner;

        if (j->kind->advance == NULL) {
            t = pav_arena_zalloc(&j->arena, sizeof(*t));
            t->note.kind = NOTE_WORK;
            t->note.job = j;
        }
        t->note.node.next = NULL;
        *last = &t->note.node;
        last = &t->note.node.next;
    }
    pav_http_post(api->config.http, chain);
}

struct pav_sender *
pav_api_sender(struct pav_api *api)
{
    return &api->sender;
}

/* ---- questions ---- */

struct question *
question_new(struct pav_api *api, const struct pav_request *req,
             struct pav_ref ref, pav_query_fn run)
{
    struct question *qu = pav_xcalloc(1, sizeof(*qu));
    struct pav_arena *a = &qu->arena;

    pav_arena_init(a, 8192);
    qu->api = api;
    qu->ref = ref;
    qu->run = run;
    qu->note.kind = NOTE_ANSWER;
    qu->note.answer = qu;
    qu->q.arena = a;
    qu->q.path = pav_arena_strdup(a, req->path);
    qu->q.depth = req->depth;
    qu->q.query = pav_arena_strdup(a, req->query);
    qu->q.host = pav_arena_strdup(a, req->host);
    qu->q.target = pav_arena_strdup(a, req->target);
    qu->q.cookie = pav_arena_strdup(a, req->cookie);
    if (req->body_len > 0)
        qu->q.body = pav_arena_strndup(a, req->body, req->body_len);
    qu->q.body_len = req->body_len;
    qu->q.region = api->config.region;
    qu->q.account = api->config.account;
    qu->q.now_ms = api_now_ms(api);
    qu->q.loss = &api->config.loss;
    qu->q.feed = "";
    qu->q.status = 200;
    qu->q.type = "application/json";
    pav_buf_init(&qu->q.out, ANSWER_MAX);
    return qu;
}

void
question_free(struct question *qu)
{
    pav_job_free(qu->define);
    pav_job_free(qu->object);
    pav_buf_fini(&qu->q.out);
    pav_arena_fini(&qu->arena);
    free(qu);
}

bool
api_ask(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
        pav_query_fn run)
{
    return question_push(api, question_new(api, req, ref, run));
}

bool
question_push(struct pav_api *api, struct question *qu)
{
    struct pav_ref ref = qu->ref;

    if (pav_queue_push(api->questions, &qu->node))
        return true;
    question_free(qu);
    api_error(api, ref, 503, "busy", NULL, "too many questions wait");
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
#define SLOW_MAX 64 /* that wait */

struct lane {
    struct pav_api *api;
    struct pav_reader *reader;
    struct pav_queue *questions;
    bool quick;
};

static void
answer_question(const struct lane *l, struct question *qu)
{
    struct pav_api *api = l->api;

    pav_reader_begin(l->reader, l->quick ? QUICK_US : SLOW_US);
    qu->run(&qu->q);
    pav_reader_end(l->reader);
    if (l->quick && pav_reader_timed_out(l->reader)) {
        question_afresh(qu);
        atomic_fetch_add(&api->slow_queries, 1);
        if (pav_queue_push(api->slow, &qu->node))
            return;
        question_fails(qu, 503,
                       "too many long queries wait; ask for less, or later");
    } else {
        tell_failed_read(qu);
    }
    if (!qu->undurable)
        pav_store_await_durable(); /* T1: of what was read as well */
    if (qu->q.out.over)
        query_error(&qu->q, 413, qu->q.path, "the answer is too large");
    qu->note.node.next = NULL;
    pav_http_post(api->config.http, &qu->note.node);
}

static void *
answer_questions(void *arg)
{
    struct lane l = *(struct lane *)arg;
    void *pages = l.api->config.pages_new();
    struct pav_node *n;

    free(arg);
    while ((n = pav_queue_take(l.questions, 1, -1)) != NULL) {
        struct question *qu = (struct question *)n;

        qu->q.reader = l.reader;
        qu->q.pages = pages;
        answer_question(&l, qu);
    }
    l.api->config.pages_free(pages);
    return NULL;
}

/* ---- the folder ---- */

static void
scan_folder(struct pav_query *q)
{
    struct question *qu =
        (struct question *)(void *)((char *)q - offsetof(struct question, q));
    struct pav_err err;

    if (pav_folder_scan(qu->api->folder, &err) != PAV_OK)
        pav_log(PAV_LOG_WARN, NULL, "%s: %s", err.at, err.message);
}

static bool
database_is_there(const struct pav_api *api)
{
    struct stat st;

    return stat(api->config.db, &st) == 0 && st.st_ino == api->db_inode &&
           st.st_dev == api->db_device && st.st_nlink > 0;
}

bool
pav_api_failed(const struct pav_api *api)
{
    return api->db_gone;
}

void
pav_api_tick(void *arg)
{
    struct pav_api *api = arg;
    struct pav_request none = {
        .path = "", .query = "", .host = "", .target = "", .cookie = ""};
    struct pav_ref nobody = {UINT32_MAX, 0};

    if (!api->db_gone && !database_is_there(api)) {
        api->db_gone = true;
        pav_log(PAV_LOG_ERROR, NULL,
                "%s was deleted or replaced while it was open: what came since "
                "is lost with the file; the daemon ends. Put the file back, or "
                "start on another",
                api->config.db);
        pav_http_end(api->config.http);
    }
    streams_tick(api);
    calls_tick(api);
    objects_tick(api);
    if (api->folder == NULL || api->scanning)
        return;
    api->scanning = api_ask(api, &none, nobody, scan_folder);
}

/* ---- messages ---- */

static void
answered(struct pav_api *api, struct question *qu)
{
    struct pav_reply r = {.status = qu->q.status,
                          .type = qu->q.type,
                          .headers = qu->q.headers,
                          .forever = qu->q.forever,
                          .body = qu->q.out.p == NULL ? "" : qu->q.out.p,
                          .len = qu->q.out.len};

    if (qu->run == scan_folder)
        api->scanning = false;
    if (qu->define != NULL) {
        struct pav_job *job = qu->define;

        qu->define = NULL;
        api_submit(api, qu->ref, job, ((struct ticket *)job->owner)->answer);
    } else if (qu->object != NULL) {
        reply_submit(api, qu->object);
        qu->object = NULL;
    } else {
        pav_http_reply(api->config.http, qu->ref, &r);
    }
    question_free(qu);
}

/* What the engine hands out; the job changes hands. */
static void
take_work(struct pav_api *api, struct pav_job *job)
{
    static const struct {
        const struct pav_job_kind *kind;
        void (*take)(struct pav_api *api, struct pav_job *job);
    } kinds[] = {{&pav_call_kind, calls_take},
                 {&pav_deliver_kind, deliveries_take},
                 {&pav_read_kind, objects_take},
                 {&pav_write_kind, objects_take}};
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (job->kind == kinds[i].kind) {
            kinds[i].take(api, job);
            return;
        }
    PAV_BUG("a job that nobody takes");
}

void
pav_api_message(void *arg, struct pav_node *node)
{
    struct pav_api *api = arg;
    struct note *note = (struct note *)node;

    if (note->kind == NOTE_WORK) {
        take_work(api, note->job);
    } else if (note->kind == NOTE_FEED) {
        streams_take(api, note->feed);
    } else if (note->kind == NOTE_ANSWER) {
        answered(api, note->answer);
    } else {
        struct pav_job *job = note->job;
        struct ticket *t = job->owner;

        t->answer(api, t->ref, job);
        pav_job_free(job);
    }
}

/* ---- routes ---- */

/* A sync that does not come back. */
#define SLOW_SYNC_US 1000000
#define DEAD_SYNC_US 60000000

static void
livez(struct pav_api *api, struct pav_ref ref)
{
    if (pav_store_sync_us() > DEAD_SYNC_US) {
        api_error(api, ref, 503, "not alive", NULL,
                  "a sync of the disk has not come back for a minute");
        return;
    }
    api_reply(api, ref, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static void
readyz(struct pav_api *api, struct pav_ref ref)
{
    int64_t unread_us = atomic_load(&api->unread_us);

    if (api->db_gone)
        api_error(api, ref, 503, "not ready", NULL,
                  "the database's file was deleted or replaced");
    else if (pav_store_sync_us() > SLOW_SYNC_US)
        api_error(api, ref, 503, "not ready", NULL,
                  "a sync of the disk has not come back for a second");
    else if (!pav_engine_ready(api->config.engine))
        api_error(api, ref, 503, "not ready", NULL,
                  "the disk is full, or the daemon ends");
    else if (unread_us != 0 && pav_clock_mono_us() - unread_us < UNREAD_US)
        api_error(api, ref, 503, "not ready", NULL,
                  "the database could not be read within the last 10 s; the "
                  "log names what failed");
    else
        api_reply(api, ref, 200, "text/plain; charset=utf-8", "ready\n", 6);
}

static void
ask_page(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    struct question *qu = question_new(api, req, ref, api->config.page);

    qu->q.feed = streams_place(api, qu->q.arena); /* before it reads */
    question_push(api, qu);
}

static const struct resource {
    const char *prefix;
    pav_query_fn run;
    bool deeper;                /* it has resources below it */
    const char *parameters[15]; /* NULL at the end */
} resources[] = {
    {"/api/v1/executions",
     executions_get,
     true,
     {"correlationId", "machine", "status", "state", "startedFrom",
      "startedUntil", "eventType", "attribute", "children", "limit", "next",
      "from"}},
    {"/api/v1/waits",
     waits_get,
     false,
     {"correlationId", "machine", "overdue", "limit", "next"}},
    {"/api/v1/dispositions",
     dispositions_get,
     false,
     {"eventId", "correlationId", "disposition", "machine", "source",
      "detailType", "from", "until", "format", "limit", "next"}},
    {"/api/v1/disposition-counts",
     disposition_counts_get,
     false,
     {"machine", "source", "detailType", "from", "until"}},
    {"/api/v1/dead-letters", dead_letters_get, false, {"limit", "next"}},
    {"/api/v1/deliveries", deliveries_get, false, {"limit", "next"}},
    {"/api/v1/wait-times", wait_times_get, false, {"machine"}},
    {"/api/v1/archives", archives_get, true, {"limit", "next"}},
    {"/api/v1/schemas/discover", discover_get, false, {"source", "detailType"}},
    {"/api/v1/machines", machines_get, false, {NULL}},
};

/* A filter that is misspelt must not be answered with everything. */
static void
ask_resource(struct pav_api *api, const struct resource *r,
             const struct pav_request *req, struct pav_ref ref)
{
    char bad[64], why[256] = "it takes no parameters";
    size_t len = 0;
    int i;

    if (pav_query_known(req->query, r->parameters, bad, sizeof(bad))) {
        api_ask(api, req, ref, r->run);
        return;
    }
    for (i = 0; r->parameters[i] != NULL; i++)
        len += (size_t)snprintf(why + len, sizeof(why) - len, "%s%s",
                                i == 0 ? "the parameters, percent-encoded, are "
                                       : ", ",
                                r->parameters[i]);
    api_error(api, ref, 400, "invalid", bad, why);
}

static void
get(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    size_t i;

    if (strcmp(req->path, "/livez") == 0) {
        livez(api, ref);
        return;
    }
    if (strcmp(req->path, "/readyz") == 0) {
        readyz(api, ref);
        return;
    }
    if (strcmp(req->path, "/api/v1/status") == 0) {
        status_get(api, ref);
        return;
    }
    if (strcmp(req->path, "/metrics") == 0) {
        metrics_get(api, req, ref);
        return;
    }
    if (strcmp(req->path, "/api/v1/stream") == 0) {
        stream_get(api, req, ref);
        return;
    }
    for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        size_t len = strlen(resources[i].prefix);

        if (strncmp(req->path, resources[i].prefix, len) == 0 &&
            (req->path[len] == '\0' ||
             (req->path[len] == '/' && resources[i].deeper))) {
            ask_resource(api, &resources[i], req, ref);
            return;
        }
    }
    if (strncmp(req->path, "/api/", 5) == 0)
        api_error(api, ref, 404, "missing", req->path,
                  "there is nothing to read here; /api/v1/executions, "
                  "/api/v1/waits, /api/v1/wait-times, /api/v1/dispositions, "
                  "/api/v1/disposition-counts, /api/v1/dead-letters, "
                  "/api/v1/deliveries, "
                  "/api/v1/archives/NAME/events, /api/v1/schemas/discover, "
                  "/api/v1/machines, /api/v1/status and /api/v1/stream are");
    else
        ask_page(api, req, ref);
}

const char *
route_name(int route)
{
    static const char *const names[ROUTES] = {"other", "events", "aws", "api",
                                              "pages"};

    return names[route];
}

/* EventBridge Scheduler's API is REST. */
static bool
is_scheduler(const char *path)
{
    return strcmp(path, "/schedules") == 0 ||
           strncmp(path, "/schedules/", 11) == 0 ||
           strcmp(path, "/schedule-groups") == 0 ||
           strncmp(path, "/schedule-groups/", 17) == 0 ||
           strncmp(path, "/tags/", 6) == 0;
}

static enum route
route_of(const struct pav_request *req)
{
    if (req->method == PAV_POST)
        return strcmp(req->path, EVENTS_PATH) == 0 ? ROUTE_EVENTS
               : strcmp(req->path, "/") == 0       ? ROUTE_AWS
                                                   : ROUTE_OTHER;
    if (strncmp(req->path, "/api/", 5) == 0)
        return ROUTE_API;
    return strcmp(req->path, "/livez") == 0 ||
                   strcmp(req->path, "/readyz") == 0 ||
                   strcmp(req->path, "/metrics") == 0
               ? ROUTE_OTHER
               : ROUTE_PAGES;
}

/* What a path may be asked to do. */
static const char *
allowed(const char *path)
{
    if (is_scheduler(path))
        return "GET, POST, PUT, DELETE, OPTIONS";
    if (strcmp(path, EVENTS_PATH) == 0)
        return "GET, HEAD, POST, OPTIONS";
    return strcmp(path, "/") == 0 ? "GET, HEAD, POST, OPTIONS"
                                  : "GET, HEAD, OPTIONS";
}

/* CloudEvents' webhooks ask first whether events may be sent here. */
static void
options(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    char headers[1024];
    struct pav_reply r = {
        .status = 204, .headers = headers, .body = "", .len = 0};
    int n =
        snprintf(headers, sizeof(headers), "Allow: %s\r\n", allowed(req->path));

    if (*req->webhook != '\0' && strlen(req->webhook) < 512 &&
        strcmp(req->path, EVENTS_PATH) == 0)
        snprintf(headers + n, sizeof(headers) - (size_t)n,
                 "WebHook-Allowed-Origin: %s\r\nWebHook-Allowed-Rate: *\r\n",
                 req->webhook);
    pav_http_reply(api->config.http, ref, &r);
}

static void
not_allowed(struct pav_api *api, const struct pav_request *req,
            struct pav_ref ref)
{
    char headers[128], message[256];
    struct pav_buf b;
    struct pav_reply r = {
        .status = 405, .type = "application/json", .headers = headers};

    snprintf(headers, sizeof(headers), "Allow: %s\r\n", allowed(req->path));
    snprintf(message, sizeof(message), "this path takes %s",
             allowed(req->path));
    pav_buf_init(&b, 1 << 16);
    put_error(&b, "method", req->path, message);
    r.body = b.p;
    r.len = b.len;
    pav_http_reply(api->config.http, ref, &r);
    pav_buf_fini(&b);
}

void
pav_api_handle(void *arg, const struct pav_request *req, struct pav_ref ref)
{
    struct pav_api *api = arg;
    static const char *const events_parameters[] = {"bus", NULL};
    bool events = strcmp(req->path, EVENTS_PATH) == 0;
    char bad[64];

    pav_http_route(api->config.http, ref, route_of(req));
    if (req->method == PAV_OPTIONS)
        options(api, req, ref);
    else if (is_scheduler(req->path))
        scheduler_rest(api, req, ref);
    else if (req->method == PAV_PUT || req->method == PAV_DELETE)
        not_allowed(api, req, ref);
    else if (req->method == PAV_POST && events &&
             !pav_query_known(req->query, events_parameters, bad, sizeof(bad)))
        api_error(api, ref, 400, "invalid", bad,
                  "there is no such parameter: bus is the one there is");
    else if (req->method == PAV_POST && events)
        events_post(api, req, ref);
    else if (req->method == PAV_POST && strcmp(req->path, "/") == 0)
        aws_post(api, req, ref);
    else if (req->method == PAV_POST)
        api_error(api, ref, 404, "missing", req->path,
                  "POST /events takes events, POST / the Step Functions and "
                  "EventBridge APIs");
    else
        get(api, req, ref);
}

size_t
pav_api_body_max(void *arg, enum pav_method m, const char *path)
{
    (void)arg;
    if (m != PAV_POST && m != PAV_PUT)
        return m == PAV_DELETE ? 1024 : 0;
    return strcmp(path, "/") == 0 ? AWS_BODY_MAX : PAV_EVENTS_MAX;
}

/* ---- life ---- */

enum pav_rc
pav_api_new(const struct pav_api_config *config, struct pav_api **out,
            struct pav_err *err)
{
    struct pav_api *api = pav_xcalloc(1, sizeof(*api));
    struct stat st;
    int i;

    api->config = *config;
    api->sender.done = came_back;
    api->started_us = pav_clock_mono_us();
    if (stat(config->db, &st) == 0) {
        api->db_device = st.st_dev;
        api->db_inode = st.st_ino;
    }
    api->streams = streams_new();
    outgoing_init(api);
    api->questions = pav_queue_new(QUESTIONS_MAX, false);
    api->slow = pav_queue_new(SLOW_MAX, false);
    api->objects = pav_queue_new(QUESTIONS_MAX, false);
    api->reader_count = config->query_threads + 2;
    api->readers =
        pav_xcalloc((size_t)api->reader_count, sizeof(*api->readers));
    api->threads =
        pav_xcalloc((size_t)api->reader_count, sizeof(*api->threads));
    for (i = 0; i < api->reader_count; i++) {
        enum pav_rc rc = pav_reader_open(config->db, &api->readers[i], err);

        if (rc != PAV_OK) {
            pav_api_free(api);
            return rc;
        }
    }
    *out = api;
    return PAV_OK;
}

enum pav_rc
pav_api_bind(struct pav_api *api, struct pav_engine *e, struct pav_http *h,
             struct pav_err *err)
{
    int i;

    api->config.engine = e;
    api->config.http = h;
    api->outbound = pav_outbound_new(h);
    if (api->config.machines != NULL) {
        enum pav_rc rc;

        api->folder = pav_folder_new(api->config.machines, e);
        rc = pav_folder_scan(api->folder, err);
        if (rc != PAV_OK)
            return rc;
    }
    for (i = 0; i < api->reader_count; i++) {
        struct lane *arg = pav_xmalloc(sizeof(*arg));

        arg->api = api;
        arg->reader = api->readers[i];
        arg->quick = i < api->config.query_threads;
        arg->questions = arg->quick                       ? api->questions
                         : i == api->config.query_threads ? api->slow
                                                          : api->objects;
        if (pthread_create(&api->threads[i], NULL, answer_questions, arg) != 0)
            PAV_BUG("a query thread cannot be started");
        api->thread_count++;
    }
    return PAV_OK;
}

bool
pav_api_services(struct pav_api *api, const struct pav_service_map *map)
{
    struct pav_services_job *j = pav_job_new(&pav_services_kind);

    j->services = map->served;
    j->service_count = map->served_count;
    j->tables = map->tables;
    if (!pav_engine_submit(api->config.engine, &j->job)) {
        pav_job_free(&j->job);
        return false;
    }
    api->config.services = map;
    return true;
}

void
pav_api_stop(struct pav_api *api)
{
    struct pav_job *j;
    int i;

    pav_outbound_free(api->outbound);
    api->outbound = NULL;
    while ((j = api->unsent) != NULL) { /* asked again at the next start */
        api->unsent = pav_job_next(j);
        pav_job_free(j);
    }
    while ((j = api->unasked) != NULL) {
        api->unasked = pav_job_next(j);
        pav_job_free(j);
    }

    pav_queue_close(api->questions);
    pav_queue_close(api->slow);
    pav_queue_close(api->objects);
    for (i = 0; i < api->thread_count; i++)
        pthread_join(api->threads[i], NULL);
    api->thread_count = 0;
    for (i = 0; i < api->reader_count; i++) {
        pav_reader_close(api->readers[i]);
        api->readers[i] = NULL;
    }
}

void
pav_api_free(struct pav_api *api)
{
    int i;

    if (api == NULL)
        return;
    for (i = 0; i < api->reader_count; i++)
        pav_reader_close(api->readers[i]);
    pav_folder_free(api->folder);
    streams_free(api->streams);
    outgoing_free(api);
    pav_queue_free(api->questions);
    pav_queue_free(api->slow);
    pav_queue_free(api->objects);
    free(api->readers);
    free(api->threads);
    free(api);
}
