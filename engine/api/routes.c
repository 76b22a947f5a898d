/*
 * Which request is answered where: one row a resource that is read, and what
 * each path allows.
 */
#include "pavane/api.h"

#include <stdio.h>
#include <string.h>

#include "backup.h"
#include "doors.h"
#include "query_job.h"
#include "reply.h"
#include "resources.h"
#include "streams.h"

#define EVENTS_PATH  "/events"
#define BACKUP_PATH  "/api/v1/backup" /* pavane:Backup */
#define TRY_PATH     "/bus/try"       /* a page that takes an event to read */
#define AWS_BODY_MAX (4 * 1024 * 1024)

static void
ask_page(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    struct query_job *qu =
        query_job_new(api, req, ref, pav_api_settings(api)->page);

    qu->q.feed = streams_place(api, qu->q.arena); /* before it reads */
    query_job_push(api, qu);
}

/*
 * What can be read under these paths: on the front, or on a query
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
    /* clang-format off */
    {"/livez", "pavane:ReadHealth", livez, NULL, false, {NULL}},
    {"/readyz", "pavane:ReadHealth", readyz, NULL, false, {NULL}},
    {"/metrics", "pavane:ReadMetrics", metrics_get, NULL, false, {NULL}},
    {"/api/v1/status", "pavane:ReadStatus", status_get, NULL, false, {NULL}},
    {"/api/v1/backup", "pavane:ReadStatus", backup_get, NULL, false, {NULL}},
    {"/api/v1/limits", "pavane:ReadStatus", limits_get, NULL, false, {NULL}},
    {"/bus/limits", "pavane:ReadStatus", limits_page_get, NULL, false, {NULL}},
    {"/api/v1/stream", "pavane:ReadStream", stream_get, NULL, false, {NULL}},
    {"/api/v1/executions", "pavane:ReadExecutions", NULL, executions_get, true,
     {"correlationId", "machine", "status", "state", "startedFrom",
      "startedUntil", "eventType", "attribute", "children", "limit", "next",
      "from"}},
    {"/api/v1/attention", "pavane:ReadExecutions", NULL, attention_get, false,
     {NULL}},
    {"/api/v1/alerts", "pavane:ReadExecutions", NULL, alerts_get, false,
     {NULL}},
    {"/api/v1/producers", "pavane:ReadEvents", NULL, producers_get, false,
     {"hours"}},
    {"/api/v1/deviations", "pavane:ReadEvents", NULL, deviations_get, false,
     {"hours", "source", "machine", "disposition", "limit"}},
    {"/api/v1/flow", "pavane:ReadExecutions", NULL, flow_get, false,
     {"machine", "days"}},
    {"/api/v1/waits", "pavane:ReadExecutions", NULL, waits_get, false,
     {"correlationId", "machine", "state", "overdue", "limit", "next"}},
    {"/api/v1/dispositions", "pavane:ReadEvents", NULL, dispositions_get, false,
     {"eventId", "correlationId", "disposition", "machine", "source",
      "detailType", "from", "until", "format", "limit", "next"}},
    {"/api/v1/disposition-counts", "pavane:ReadEvents", NULL,
     disposition_counts_get, false,
     {"machine", "source", "detailType", "from", "until"}},
    {"/api/v1/attribute-counts", "pavane:ReadExecutions", NULL,
     attribute_counts_get, false,
     {"attribute", "by", "machine", "from", "until"}},
    {"/api/v1/dead-letters", "pavane:ReadDeliveries", NULL, dead_letters_get,
     false, {"limit", "next"}},
    {"/api/v1/deliveries", "pavane:ReadDeliveries", NULL, deliveries_get, false,
     {"limit", "next"}},
    {"/api/v1/log-groups", "pavane:ReadDeliveries", NULL, log_groups_get, false,
     {NULL}},
    {"/api/v1/wait-times", "pavane:ReadExecutions", NULL, wait_times_get, false,
     {"machine"}},
    {"/api/v1/archives", "pavane:ReadEvents", NULL, archives_get, true,
     {"limit", "next"}},
    {"/api/v1/schemas/discover", "pavane:ReadEvents", NULL, discover_get, false,
     {"source", "detailType"}},
    {"/api/v1/machines", "pavane:ReadMachines", NULL, machines_get, false,
     {NULL}},
};
/* clang-format on */

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
                  "there is nothing to read here; /api/v1/attention, "
                  "/api/v1/producers, /api/v1/deviations, "
                  "/api/v1/flow, "
                  "/api/v1/executions, "
                  "/api/v1/waits, /api/v1/wait-times, /api/v1/dispositions, "
                  "/api/v1/disposition-counts, /api/v1/attribute-counts, "
                  "/api/v1/dead-letters, "
                  "/api/v1/deliveries, /api/v1/log-groups, "
                  "/api/v1/archives/NAME/events, /api/v1/schemas/discover, "
                  "/api/v1/machines, /api/v1/limits, /api/v1/status, "
                  "/api/v1/backup and "
                  "/api/v1/stream are");
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

/* The methods that a path allows. */
static const char *
allowed(const char *path)
{
    if (is_scheduler(path))
        return "GET, POST, PUT, DELETE, OPTIONS";
    if (strcmp(path, EVENTS_PATH) == 0 || strcmp(path, BACKUP_PATH) == 0 ||
        strcmp(path, TRY_PATH) == 0)
        return "GET, HEAD, POST, OPTIONS";
    return strcmp(path, "/") == 0 ? "GET, HEAD, POST, OPTIONS"
                                  : "GET, HEAD, OPTIONS";
}

/* CloudEvents' webhooks ask first whether events may be sent here. */
static void
options(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    const char *webhook = pav_request_text(req, "WebHook-Request-Origin");
    char headers[1024];
    struct pav_reply r = {
        .status = 204, .headers = headers, .body = "", .len = 0};
    int n =
        snprintf(headers, sizeof(headers), "Allow: %s\r\n", allowed(req->path));

    if (*webhook != '\0' && strlen(webhook) < 512 &&
        strcmp(req->path, EVENTS_PATH) == 0)
        snprintf(headers + n, sizeof(headers) - (size_t)n,
                 "WebHook-Allowed-Origin: %s\r\nWebHook-Allowed-Rate: *\r\n",
                 webhook);
    pav_http_reply(pav_api_settings(api)->http, ref, &r);
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
    pav_http_reply(pav_api_settings(api)->http, ref, &r);
    pav_buf_fini(&b);
}

void
pav_api_handle(void *arg, const struct pav_request *req, struct pav_ref ref)
{
    struct pav_api *api = arg;
    static const char *const events_parameters[] = {"bus", NULL};
    bool events = strcmp(req->path, EVENTS_PATH) == 0;
    char bad[64];

    pav_http_route(pav_api_settings(api)->http, ref, route_of(req));
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
    else if (req->method == PAV_POST && strcmp(req->path, BACKUP_PATH) == 0)
        backup_post(api, req, ref);
    else if (req->method == PAV_POST && strcmp(req->path, TRY_PATH) == 0)
        ask_page(api, req, ref);
    else if (req->method == PAV_POST)
        api_error(api, ref, 404, "missing", req->path,
                  "POST /events takes events, POST / the Step Functions and "
                  "EventBridge APIs, POST /api/v1/backup makes a copy of the "
                  "database");
    else
        get(api, req, ref);
}

int
pav_api_admit(void *arg, const struct pav_request *req, const void **caller,
              const char **why)
{
    const struct pav_external_account *external;
    int status =
        pav_access_check(&pav_api_settings(arg)->access, req, &external, why);

    *caller = external;
    return status;
}

size_t
pav_api_body_max(void *arg, enum pav_method m, const char *path)
{
    (void)arg;
    if (m != PAV_POST && m != PAV_PUT)
        return m == PAV_DELETE ? 1024 : 0;
    return strcmp(path, "/") == 0 ? AWS_BODY_MAX : PAV_EVENTS_MAX;
}
