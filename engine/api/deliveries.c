/*
 * Deliveries on the front thread: what a target outside is sent, and what its
 * answer means.
 *
 *   api-destination   HTTP with its connection's authorisation
 *   lambda, sqs, sns  the endpoints of the services file
 *   firehose, kinesis, glue, ssm-incidents, and Scheduler's universal targets
 *                     the endpoints of "sdk" (service_target.c)
 *   event-bus         another Pavane: POST /events?bus=NAME of its endpoint,
 *                     several events in one list
 *   logs              lines of JSON, appended to a file under --data, on a
 *                     query thread, several with one sync
 *
 * 429, 5xx and no answer are tried again, others are not.  A function's own
 * error (X-Amz-Function-Error) is tried again twice, as the service does.
 * Every request bears X-Pavane-Idempotency-Key, every line its deliveryId: the
 * same delivery sent again has the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pavane/arn.h"
#include "pavane/services.h"
#include "pavane/text.h"
#include "emf.h"
#include "front.h"
#include "handed_out.h"
#include "log_files.h"
#include "outgoing.h"
#include "query_job.h"
#include "service_target.h"

#define TIMEOUT_MS       5000 /* of a destination, as the service has it */
#define ANSWER_MAX       65536
#define BUS_ANSWER_MAX   (4 << 20)
#define DAY_S            86400
#define FUNCTION_RETRIES 2

struct delivery {
    struct outgoing o; /* its arena is the reply's */
    struct pav_delivered_job *reply;
    const struct pav_doc *target, *destination;
    const char *arn;
    const char *log_group;
    int64_t log_days;
    bool function, bus;
    const char *type; /* of what is sent; NULL: JSON */
};

/* ---- answers ---- */

static void
finish(struct delivery *d)
{
    reply_submit(d->o.api, &d->reply->job);
}

static void
fail(struct delivery *d, const char *code, const char *cause, bool retryable)
{
    d->reply->failure = true;
    d->reply->error = pav_arena_strdup(d->o.a, code);
    d->reply->cause = pav_arena_utf8(d->o.a, cause, strnlen(cause, 1000));
    d->reply->retryable = retryable;
    finish(d);
}

static void
not_sent(void *arg, const char *code, const char *why, bool retryable)
{
    fail(arg, code, why, retryable);
}

static int64_t
bounded_s(int64_t seconds)
{
    return seconds > DAY_S ? DAY_S : seconds < -1 ? -1 : seconds;
}

/* Milliseconds; a negative one stops it. */
static int64_t
retry_after(const struct pav_incoming *in)
{
    const char *p = in->headers, *end;

    for (; p != NULL && (end = strstr(p, "\r\n")) != NULL; p = end + 2)
        if (strncasecmp(p, "Retry-After:", 12) == 0)
            return bounded_s(strtoll(p + 12, NULL, 10)) * 1000;
    return 0;
}

static bool
has_header(const struct pav_incoming *in, const char *name)
{
    size_t len = strlen(name);
    const char *p = in->headers, *end;

    for (; p != NULL && (end = strstr(p, "\r\n")) != NULL; p = end + 2)
        if (strncasecmp(p, name, len) == 0 && p[len] == ':')
            return true;
    return false;
}

/* Another Pavane says of each event what became of it; NULL: it took all. */
static const char *
refused_event(struct delivery *d, const struct pav_incoming *in)
{
    const struct pav_doc *answer, *results;
    uint32_t i;

    if (pav_doc_parse_copy(d->o.a, in->body, in->len, NULL, &answer, NULL) !=
        PAV_OK)
        return "its answer is no JSON: is it a Pavane?";
    results = pav_doc_get(answer, "results");
    if (results == NULL || results->kind != PAV_ARRAY)
        return "its answer has no results: is it a Pavane?";
    for (i = 0; i < results->len; i++)
        if (!pav_doc_is_str(pav_doc_get(&results->items[i], "status"),
                            "accepted"))
            return pav_doc_text(d->o.a, &results->items[i]);
    return NULL;
}

static void
answered(void *arg, const struct pav_incoming *in)
{
    struct delivery *d = arg;
    const char *refused;
    char code[32];

    if (in == NULL) { /* the daemon ends; it is sent again at the next start */
        pav_job_free(&d->reply->job);
        return;
    }
    outgoing_count(&d->o, in);
    if (in->error != NULL) {
        fail(d, in->timed_out ? "TIMEOUT" : "CONNECTION_FAILURE", in->error,
             !in->refused);
        return;
    }
    if (d->function && has_header(in, "X-Amz-Function-Error")) {
        d->reply->retries = FUNCTION_RETRIES;
        fail(d, "FUNCTION_ERROR",
             pav_arena_printf(d->o.a, "%s failed: %.*s", d->arn,
                              (int)(in->len > 500 ? 500 : in->len), in->body),
             true);
        return;
    }
    refused = d->bus && in->status == 200 ? refused_event(d, in) : NULL;
    if (refused != NULL) {
        fail(d, "REJECTED", refused, false);
        return;
    }
    if (in->status >= 200 && in->status < 300) {
        finish(d);
        return;
    }
    if (outgoing_again(&d->o, in))
        return;
    d->reply->retry_ms = retry_after(in);
    snprintf(code, sizeof(code), "HTTP_STATUS_%ld", in->status);
    fail(d, in->status == 429 ? "THROTTLING" : code,
         pav_arena_printf(d->o.a, "%s answered %ld: %.*s", d->arn, in->status,
                          (int)(in->len > 500 ? 500 : in->len), in->body),
         in->status == 429 || in->status >= 500);
}

/* ---- API destinations ---- */

/* The target's HttpParameters; those of the connection replace them. */
static void
put_parameters(struct delivery *d)
{
    const struct pav_doc *target = pav_doc_get(d->target, "HttpParameters");
    const struct pav_doc *map = pav_doc_get(target, "HeaderParameters");
    struct pav_arena *a = d->o.a;
    uint32_t i;

    for (i = 0; map != NULL && map->kind == PAV_OBJECT && i < map->len; i++)
        outgoing_header(
            &d->o,
            pav_arena_strndup(a, map->members[i].key, map->members[i].len),
            pav_doc_str(a, &map->members[i].value));
    map = pav_doc_get(target, "QueryStringParameters");
    for (i = 0; map != NULL && map->kind == PAV_OBJECT && i < map->len; i++)
        if (map->members[i].value.kind == PAV_STRING)
            outgoing_query(&d->o, map->members[i].key, map->members[i].len,
                           pav_doc_str(a, &map->members[i].value), false);
}

/* Each `*` of the endpoint is one of PathParameterValues, in order. */
static const char *
endpoint_of(struct delivery *d)
{
    const char *p = pav_doc_member_str(d->o.a, d->destination,
                                       "InvocationEndpoint"),
               *text;
    const struct pav_doc *values = pav_doc_get(
        pav_doc_get(d->target, "HttpParameters"), "PathParameterValues");
    struct pav_buf b;
    uint32_t i = 0;

    pav_buf_init(&b, 1 << 16);
    for (; p != NULL && *p != '\0'; p++) {
        const struct pav_doc *v =
            *p == '*' && values != NULL ? pav_doc_at(values, i) : NULL;

        if (v != NULL && v->kind == PAV_STRING) {
            if (pav_doc_is_str(v, ".") || pav_doc_is_str(v, ".."))
                pav_buf_puts(&b, &"%2E%2E"[v->len == 1 ? 3 : 0]); /* a name */
            else
                pav_url_encode(&b, v->text, v->len);
            i++;
        } else {
            pav_buf_putc(&b, *p);
        }
    }
    text = pav_arena_strdup(d->o.a, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return text;
}

static void
send_destination(struct delivery *d)
{
    const struct pav_service_map *map = pav_api_settings(d->o.api)->services;
    const char *method =
        pav_doc_member_str(d->o.a, d->destination, "HttpMethod");

    outgoing_header(&d->o, "User-Agent", "Amazon/EventBridge/ApiDestinations");
    outgoing_header(&d->o, "Content-Type", "application/json; charset=utf-8");
    put_parameters(d);
    d->o.method = method == NULL ? "POST" : method;
    d->o.url = endpoint_of(d);
    d->o.private_allowed = map->allow_private;
    d->o.timeout_ms = TIMEOUT_MS;
    (void)pav_service_allows(map, d->o.url, d->o.a, &d->o.private_allowed);
    outgoing_send(&d->o);
}

/* ---- mapped services, and other buses ---- */

static const char *
encoded(struct delivery *d, const char *text)
{
    struct pav_buf b;
    const char *out;

    pav_buf_init(&b, 1 << 16);
    pav_url_encode(&b, text, strlen(text));
    out = pav_arena_strndup(d->o.a, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

static const char *
map_function(struct delivery *d, const char *name)
{
    const struct pav_service_map *map = pav_api_settings(d->o.api)->services;
    const char *endpoint;

    name = pav_arena_strndup(d->o.a, name, strcspn(name, ":"));
    endpoint = pav_service_endpoint(map, map->functions, name, d->o.a);
    if (endpoint == NULL)
        return NULL;
    d->function = true;
    d->o.function = name;
    outgoing_header(&d->o, "X-Amz-Invocation-Type", "Event");
    return pav_arena_printf(d->o.a, "%s/2015-03-31/functions/%s/invocations",
                            endpoint, encoded(d, name));
}

/* What a queue's message has beside its body. */
static const char *
map_queue(struct delivery *d)
{
    const struct pav_service_map *map = pav_api_settings(d->o.api)->services;
    const char *group = pav_doc_member_str(
        d->o.a, pav_doc_get(d->target, "SqsParameters"), "MessageGroupId");
    const struct pav_doc *attributes =
        pav_doc_get(d->target, "MessageAttributes");

    outgoing_header(&d->o, "X-Pavane-Queue", d->arn);
    if (group != NULL) {
        outgoing_header(&d->o, "X-Pavane-MessageGroupId", group);
        outgoing_header(&d->o, "X-Pavane-MessageDeduplicationId", d->o.key);
    }
    if (attributes != NULL)
        outgoing_header(&d->o, "X-Pavane-MessageAttributes",
                        pav_doc_text(d->o.a, attributes));
    return pav_service_endpoint(map, map->queues, d->arn, d->o.a);
}

static const char *
map_bus(struct delivery *d, const char *name)
{
    const struct pav_service_map *map = pav_api_settings(d->o.api)->services;
    const char *endpoint =
        pav_service_endpoint(map, map->buses, d->arn, d->o.a);
    const char *token =
        pav_service_endpoint(map, map->bus_tokens, d->arn, d->o.a);

    if (endpoint == NULL)
        return NULL;
    d->bus = true;
    d->o.answer_max = BUS_ANSWER_MAX;
    if (token != NULL)
        outgoing_header(&d->o, "Authorization",
                        pav_arena_printf(d->o.a, "Bearer %s", token));
    return pav_arena_printf(d->o.a, "%s/events?bus=%s", endpoint,
                            encoded(d, name));
}

/* The endpoint of "SERVICE:action", or of the service, in "sdk". */
static const char *
sdk_endpoint(struct delivery *d, const struct service_target *t)
{
    const struct pav_doc *sdk = pav_api_settings(d->o.api)->services->sdk;
    char *action = pav_arena_strdup(d->o.a, t->action);
    const char *one;

    if (*action >= 'A' && *action <= 'Z')
        *action = (char)(*action + 32);
    one = pav_doc_member_str(
        d->o.a, sdk, pav_arena_printf(d->o.a, "%s:%s", t->service, action));
    return one != NULL ? one : pav_doc_member_str(d->o.a, sdk, t->service);
}

static const char *
map_service(struct delivery *d, const struct service_target *t)
{
    const char *endpoint = sdk_endpoint(d, t);

    if (endpoint == NULL)
        return NULL;
    outgoing_header(&d->o, "X-Amz-Target",
                    pav_arena_printf(d->o.a, "%s.%s",
                                     service_class(d->o.a, t->service),
                                     t->action));
    d->type = "application/x-amz-json-1.1";
    d->o.body.p = pav_doc_text(d->o.a, t->with);
    d->o.body.len = strlen(d->o.body.p);
    return endpoint;
}

static void
send_mapped(struct delivery *d)
{
    struct service_target service;
    const struct pav_service_map *map = pav_api_settings(d->o.api)->services;
    const char *p;

    if ((p = pav_arn_name(d->arn, "lambda", "function")) != NULL) {
        d->o.url = map_function(d, p);
    } else if (pav_arn_resource(d->arn, "sqs") != NULL) {
        d->o.url = map_queue(d);
    } else if (pav_arn_resource(d->arn, "sns") != NULL) {
        d->o.url = pav_service_endpoint(map, map->topics, d->arn, d->o.a);
        outgoing_header(&d->o, "X-Pavane-Topic", d->arn);
    } else if ((p = pav_arn_name(d->arn, "events", "event-bus")) != NULL) {
        d->o.url = map_bus(d, p);
    } else if (service_target_of(d->o.a, d->arn, d->target, d->o.body,
                                 &service)) {
        d->o.url = map_service(d, &service);
    }
    if (d->o.url == NULL) {
        fail(d, "NO_RESOURCE",
             pav_arena_printf(d->o.a,
                              "nothing serves '%s': the services file "
                              "does not map it",
                              d->arn),
             false);
        return;
    }
    outgoing_header(&d->o, "Content-Type",
                    d->type == NULL ? "application/json" : d->type);
    d->o.method = "POST";
    d->o.private_allowed = true; /* the operator wrote it down */
    d->o.timeout_ms = map->timeout_ms;
    outgoing_send(&d->o);
}

/* ---- logs ---- */

static void
log_print(struct pav_buf *out, const struct pav_delivery_part *part,
          const struct pav_doc *event)
{
    pav_buf_printf(out,
                   "{\"deliveryId\":\"%lld\",\"event\":", (long long)part->id);
    if (event != NULL)
        pav_doc_print(event, out);
    else
        pav_buf_json(out, part->body.p, part->body.len);
    pav_buf_puts(out, "}\n");
}

/* On a query thread.  Lines that follow each other into one folder are written
 * together. */
static void
log_lines(struct pav_query *q)
{
    struct query_job *qu = query_job_of(q);
    struct pav_delivered_job *reply = (struct pav_delivered_job *)qu->job;
    const struct delivery *d = reply->job.owner;
    struct log_group g = {.data = pav_api_settings(qu->api)->data,
                          .name = d->log_group,
                          .days = d->log_days,
                          .target = d->target,
                          .now_ms = q->now_ms};
    const char *folder = NULL, *why = NULL;
    struct pav_buf lines;
    uint32_t i;

    pav_buf_init(&lines, SIZE_MAX / 2);
    for (i = 0; g.data != NULL && why == NULL && i < reply->part_count; i++) {
        const struct pav_delivery_part *part = &reply->parts[i];
        const struct pav_doc *event;
        const char *next;

        if (pav_doc_parse(q->arena, part->body.p, part->body.len, NULL, &event,
                          NULL) != PAV_OK)
            event = NULL; /* several lines: a text */
        next = log_folder(q->arena, &g, event);
        if (folder != NULL && strcmp(folder, next) != 0) {
            why = log_write(q->arena, &g, folder, &lines);
            lines.len = 0;
        }
        folder = next;
        log_print(&lines, part, event);
        if (pav_doc_is_str(pav_doc_get(d->target, "Id"), "pavane.logging"))
            pav_service_mask(qu->services, &lines);
    }
    if (folder != NULL && why == NULL)
        why = log_write(q->arena, &g, folder, &lines);
    if (g.data == NULL)
        why = "there is no folder of logs: --data names one";
    if (why != NULL) {
        reply->failure = true;
        reply->error = "LOG_FAILURE";
        reply->cause = pav_arena_strdup(&reply->job.arena, why);
        reply->retryable = g.data != NULL;
    }
    pav_buf_fini(&lines);
}

/* On the front again: what is in the file is counted, too. */
static void
log_written(struct pav_api *api, struct query_job *qu)
{
    const struct pav_delivered_job *reply =
        (const struct pav_delivered_job *)qu->job;
    uint32_t i;

    for (i = 0; !reply->failure && i < reply->part_count; i++)
        emf_take(api->emf, reply->parts[i].body);
    query_job_replies(api, qu);
}

static void
log_later(struct delivery *d)
{
    struct query_job *qu = query_job_alone(d->o.api, log_lines);
    const char *group = pav_arn_name(d->arn, "logs", "log-group");

    group = group == NULL ? "events" : group;
    d->log_group = pav_arena_strndup(d->o.a, group, strcspn(group, ":"));
    d->log_days = pav_service_log_days(pav_api_settings(d->o.api)->services,
                                       d->log_group);
    qu->job = &d->reply->job;
    qu->on = log_written;
    if (!query_job_queue(d->o.api, qu)) {
        qu->job = NULL;
        query_job_free(qu);
        fail(d, "THROTTLING", "too many queries are waiting", true);
    }
}

/* ---- the way out ---- */

/* The job's parts become the reply's. */
static void
copy_parts(struct delivery *d, const struct pav_deliver_job *job)
{
    struct pav_arena *a = d->o.a;
    struct pav_buf list;
    uint32_t i;

    d->reply->part_count = job->part_count;
    d->reply->parts =
        pav_arena_alloc(a, job->part_count * sizeof(*d->reply->parts));
    for (i = 0; i < job->part_count; i++) {
        d->reply->parts[i].id = job->parts[i].id;
        d->reply->parts[i].body.len = job->parts[i].body.len;
        d->reply->parts[i].body.p =
            pav_arena_strndup(a, job->parts[i].body.p, job->parts[i].body.len);
    }
    d->o.body = d->reply->parts[0].body;
    if (job->part_count == 1)
        return;
    pav_buf_init(&list, SIZE_MAX / 2);
    for (i = 0; i < job->part_count; i++) {
        pav_buf_putc(&list, i == 0 ? '[' : ',');
        pav_buf_put(&list, job->parts[i].body.p, job->parts[i].body.len);
    }
    pav_buf_putc(&list, ']');
    d->o.body.p = pav_arena_strndup(a, list.p, list.len);
    d->o.body.len = list.len;
    pav_buf_fini(&list);
}

static void
deliver(struct pav_api *api, const struct pav_deliver_job *job)
{
    struct pav_delivered_job *reply = pav_job_new(&pav_delivered_kind);
    struct pav_arena *a = &reply->job.arena;
    struct delivery *d = pav_arena_zalloc(a, sizeof(*d));
    const struct pav_doc *settings;
    const char *text;

    reply->job.owner = d;
    reply->lane = job->lane;
    d->reply = reply;
    d->o.api = api;
    d->o.a = a;
    d->o.key = pav_arena_strdup(a, job->key);
    d->o.done = answered;
    d->o.failed = not_sent;
    d->o.strips = true;
    d->o.arg = d;
    d->o.answer_max = ANSWER_MAX;
    text = pav_doc_text(a, job->settings);
    settings = pav_doc_own(a, text, strlen(text));
    d->target = pav_doc_get(settings, "Target");
    d->destination = pav_doc_get(settings, "Destination");
    d->o.connection = pav_doc_get(settings, "Connection");
    d->arn = pav_arena_strdup(a, job->target_arn);
    copy_parts(d, job);
    if (d->destination != NULL)
        send_destination(d);
    else if (pav_arn_resource(d->arn, "logs") != NULL)
        log_later(d);
    else
        send_mapped(d);
}

/* On the front thread; the job changes hands. */
void
deliveries_take(struct pav_api *api, struct pav_job *job)
{
    deliver(api, (struct pav_deliver_job *)job);
    pav_job_free(job);
}
