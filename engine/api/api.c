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

/* ---- the folder ---- */

static void
scan_folder(struct pav_query *q)
{
    struct pav_err err;

    if (pav_folder_scan(question_of(q)->api->folder, &err) != PAV_OK)
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
    replies_tick(api);
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
    if (qu->on != NULL)
        qu->on(api, qu);
    else
        pav_http_reply(api->config.http, qu->ref, &r);
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

        t->answer(api, t, job);
        pav_job_free(job);
    }
}

/* ---- routes ---- */

/* A sync that does not come back. */
#define SLOW_SYNC_US 1000000
#define DEAD_SYNC_US 60000000

static void
livez(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    (void)req;
    if (pav_store_sync_us() > DEAD_SYNC_US) {
        api_error(api, ref, 503, "not alive", NULL,
                  "a sync of the disk has not come back for a minute");
        return;
    }
    api_reply(api, ref, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static void
readyz(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    int64_t unread_us = atomic_load(&api->unread_us);

    (void)req;
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

/*
 * What may be asked by GET under these paths: on the front, or on a query
 * thread.  All else is a page.
 */
static const struct resource {
    const char *path, *permission;
    void (*front)(struct pav_api *api, const struct pav_request *req,
                  struct pav_ref ref);
    pav_query_fn run;
    bool deeper;                /* it has resources below it */
    const char *parameters[15]; /* of a query thread's; NULL at the end */
} resources[] = {
    {"/livez", "pavane:ReadHealth", livez, NULL, false, {NULL}},
    {"/readyz", "pavane:ReadHealth", readyz, NULL, false, {NULL}},
    {"/metrics", "pavane:ReadMetrics", metrics_get, NULL, false, {NULL}},
    {"/api/v1/status", "pavane:ReadStatus", status_get, NULL, false, {NULL}},
    {"/api/v1/stream", "pavane:ReadStream", stream_get, NULL, false, {NULL}},
    {"/api/v1/executions",
     "pavane:ReadExecutions",
     NULL,
     executions_get,
     true,
     {"correlationId", "machine", "status", "state", "startedFrom",
      "startedUntil", "eventType", "attribute", "children", "limit", "next",
      "from"}},
    {"/api/v1/waits",
     "pavane:ReadExecutions",
     NULL,
     waits_get,
     false,
     {"correlationId", "machine", "overdue", "limit", "next"}},
    {"/api/v1/dispositions",
     "pavane:ReadEvents",
     NULL,
     dispositions_get,
     false,
     {"eventId", "correlationId", "disposition", "machine", "source",
      "detailType", "from", "until", "format", "limit", "next"}},
    {"/api/v1/disposition-counts",
     "pavane:ReadEvents",
     NULL,
     disposition_counts_get,
     false,
     {"machine", "source", "detailType", "from", "until"}},
    {"/api/v1/dead-letters",
     "pavane:ReadDeliveries",
     NULL,
     dead_letters_get,
     false,
     {"limit", "next"}},
    {"/api/v1/deliveries",
     "pavane:ReadDeliveries",
     NULL,
     deliveries_get,
     false,
     {"limit", "next"}},
    {"/api/v1/wait-times",
     "pavane:ReadExecutions",
     NULL,
     wait_times_get,
     false,
     {"machine"}},
    {"/api/v1/archives",
     "pavane:ReadEvents",
     NULL,
     archives_get,
     true,
     {"limit", "next"}},
    {"/api/v1/schemas/discover",
     "pavane:ReadEvents",
     NULL,
     discover_get,
     false,
     {"source", "detailType"}},
    {"/api/v1/machines",
     "pavane:ReadMachines",
     NULL,
     machines_get,
     false,
     {NULL}},
};

/* A filter that is misspelt must not be answered with everything. */
static void
ask_resource(struct pav_api *api, const struct resource *r,
             const struct pav_request *req, struct pav_ref ref)
{
    char bad[64], why[256] = "it takes no parameters";
    size_t len = 0;
    int i;

    if (r->front != NULL) {
        r->front(api, req, ref);
        return;
    }
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

    for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        size_t len = strlen(resources[i].path);

        if (strncmp(req->path, resources[i].path, len) == 0 &&
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
    api_error_put(&b, "method", req->path, message);
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
    tickets_init(api);
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
        if (pthread_create(&api->threads[i], NULL, lane_run, arg) != 0)
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
