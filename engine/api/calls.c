/*
 * Calls of services outside: a task of the engine's becomes an HTTP request,
 * its answer a reply for the engine.  Shapes, errors and texts are those of the
 * services' integrations; what is not on the list of services is not sent.
 * Each request carries X-Pavane-Idempotency-Key: the same task sent again,
 * after a crash, has the same one.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/services.h"
#include "handed_out.h"
#include "outgoing.h"
#include "service_target.h"
#include "s3.h"

/* A call in flight; lives in the job that it answers. */
struct call {
    struct outgoing o; /* its arena is the reply's */
    struct pav_api *api;
    struct pav_reply_job *reply;
    struct pav_arena *a; /* the reply's */
    const struct pav_doc *with;
    const char *service, *method;
    bool bare; /* a function's ARN: its payload is the result */
    bool sdk;  /* by aws-sdk */
    void (*done)(void *arg, const struct pav_incoming *in);
};

/* ---- replies ---- */

static void
fail(struct call *c, const char *error, const char *cause)
{
    c->reply->failure = true;
    c->reply->error = pav_arena_strdup(c->a, error);
    c->reply->cause = pav_arena_utf8(c->a, cause, strlen(cause));
    reply_submit(c->api, &c->reply->job);
}

/* "TEXT (Service: X; Status Code: N; Error Code: C; ...)" */
static void
refuse(struct call *c, const char *error, const char *service, int status,
       const char *code, const char *text)
{
    char id[37];

    pav_uuid4(id);
    fail(c, error,
         pav_arena_printf(c->a,
                          "%s (Service: %s; Status Code: %d; Error Code: %s; "
                          "Request ID: %s; Proxy: null)",
                          text, service, status, code, id));
}

static void
succeed(struct call *c, const struct pav_doc *output)
{
    c->reply->output = output;
    reply_submit(c->api, &c->reply->job);
}

/* ---- headers ---- */

/* The value of a header line; NULL: it is not there. */
static const char *
header_of(struct call *c, const struct pav_incoming *in, const char *name)
{
    size_t len = strlen(name);
    const char *p = in->headers, *end;

    while (*p != '\0') {
        end = strstr(p, "\r\n");
        if (end == NULL)
            break;
        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            p += len + 1;
            while (*p == ' ')
                p++;
            return pav_arena_strndup(c->a, p, (size_t)(end - p));
        }
        p = end + 2;
    }
    return NULL;
}

/* {NAME: [value]}, or {NAME: value}. */
static const struct pav_doc *
headers_doc(struct call *c, const struct pav_incoming *in, bool lists)
{
    const char *p = in->headers, *end, *colon;
    struct pav_members m;

    pav_members_init(&m, c->a);
    for (; (end = strstr(p, "\r\n")) != NULL; p = end + 2) {
        struct pav_items items;
        const struct pav_doc *v;

        colon = memchr(p, ':', (size_t)(end - p));
        if (colon == NULL)
            continue;
        v = pav_doc_new_cstr(
            c->a,
            pav_arena_strndup(c->a, colon + 1 + (colon[1] == ' '),
                              (size_t)(end - colon - 1 - (colon[1] == ' '))));
        if (lists) {
            pav_items_init(&items, c->a);
            pav_items_add(&items, v);
            v = pav_items_array(&items);
        }
        pav_members_puts(&m, pav_arena_strndup(c->a, p, (size_t)(colon - p)),
                         v);
    }
    return pav_members_object(&m);
}

static void
put_metadata(struct call *c, const struct pav_incoming *in,
             struct pav_members *m)
{
    struct pav_members http, response;
    const char *id = header_of(c, in, "x-amzn-RequestId");
    char made_up[37];

    pav_uuid4(made_up);
    pav_members_init(&http, c->a);
    pav_members_puts(&http, "AllHttpHeaders", headers_doc(c, in, true));
    pav_members_puts(&http, "HttpHeaders", headers_doc(c, in, false));
    pav_members_int(&http, "HttpStatusCode", in->status);
    pav_members_puts(m, "SdkHttpMetadata", pav_members_object(&http));
    pav_members_init(&response, c->a);
    pav_members_str(&response, "RequestId",
                    id == NULL ? pav_arena_strdup(c->a, made_up) : id);
    pav_members_puts(m, "SdkResponseMetadata", pav_members_object(&response));
}

static const char *
text_of(struct call *c, const char *key)
{
    const struct pav_doc *d = pav_doc_get(c->with, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(c->a, d);
}

/* No header or parameter that a definition gives leads to this but http's. */
static void
not_sent(void *arg, const char *code, const char *why, bool retryable)
{
    struct call *c = arg;

    (void)retryable;
    fail(c,
         strcmp(code, "AUTHORIZATION_FAILURE") == 0
             ? "States.Http.StatusCode.401"
             : "States.Runtime",
         why);
}

static void
call_ends(void *arg, const struct pav_incoming *in)
{
    struct call *c = arg;

    if (in == NULL) /* the daemon ends; it is made again at the next start */
        pav_job_free(&c->reply->job);
    else
        c->done(c, in);
}

static void
send(struct call *c, const char *method, const char *url, struct pav_bytes body,
     bool private_allowed,
     void (*done)(void *arg, const struct pav_incoming *in))
{
    c->o.method = method;
    c->o.url = url;
    c->o.body = body;
    c->o.timeout_ms = pav_api_settings(c->api)->services->timeout_ms;
    c->o.answer_max = pav_api_settings(c->api)->services->answer_max;
    c->o.private_allowed = private_allowed;
    c->done = done;
    c->o.done = call_ends;
    outgoing_send(&c->o);
}

/* A text as it is, NULs and all; anything else as JSON. */
static struct pav_bytes
bytes_of(struct call *c, const struct pav_doc *d)
{
    struct pav_bytes b;

    b.p = d->kind == PAV_STRING ? pav_doc_str(c->a, d) : pav_doc_text(c->a, d);
    b.len = d->kind == PAV_STRING ? d->len : strlen(b.p);
    return b;
}

/* JSON when it is, else a text. */
static const struct pav_doc *
body_doc(struct call *c, const struct pav_incoming *in)
{
    const struct pav_doc *d;

    if (in->len == 0)
        return &pav_doc_null;
    if (pav_doc_parse_copy(c->a, in->body, in->len, NULL, &d, NULL) == PAV_OK)
        return d;
    return pav_doc_new_str(c->a, pav_arena_strndup(c->a, in->body, in->len),
                           in->len);
}

/* ---- lambda ---- */

static void
lambda_failed(struct call *c, const struct pav_incoming *in)
{
    const struct pav_doc *d = body_doc(c, in);
    const struct pav_doc *type = pav_doc_get(d, "errorType");

    fail(c,
         type == NULL || type->kind != PAV_STRING ? "Lambda.Unknown"
                                                  : pav_doc_str(c->a, type),
         pav_doc_text(c->a, d));
}

static void
lambda_done(void *arg, const struct pav_incoming *in)
{
    struct call *c = arg;
    struct pav_members m;
    const char *version;

    outgoing_count(&c->o, in);
    if (in->error != NULL) {
        fail(c, in->timed_out ? "States.Timeout" : "Lambda.SdkClientException",
             pav_arena_printf(c->a, "The function could not be called: %s",
                              in->error));
        return;
    }
    if (in->status == 404) {
        refuse(c, "Lambda.ResourceNotFoundException", "AWSLambda", 404,
               "ResourceNotFoundException", "Function not found");
        return;
    }
    if (in->status >= 300) {
        refuse(
            c,
            in->status >= 500 ? "Lambda.ServiceException"
                              : "Lambda.AWSLambdaException",
            "AWSLambda", (int)in->status, "ServiceException",
            pav_arena_strndup(c->a, in->body, in->len > 2000 ? 2000 : in->len));
        return;
    }
    if (header_of(c, in, "X-Amz-Function-Error") != NULL) {
        lambda_failed(c, in);
        return;
    }
    if (c->bare) {
        succeed(c, body_doc(c, in));
        return;
    }
    version = header_of(c, in, "X-Amz-Executed-Version");
    pav_members_init(&m, c->a);
    pav_members_str(&m, "ExecutedVersion",
                    version == NULL ? "$LATEST" : version);
    pav_members_puts(&m, "Payload", body_doc(c, in));
    put_metadata(c, in, &m);
    pav_members_int(&m, "StatusCode", in->status);
    succeed(c, pav_members_object(&m));
}

/* A function's name out of its name or ARN, without a qualifier. */
static const char *
function_name(struct call *c, const char *text)
{
    const char *p = text == NULL ? NULL : strstr(text, ":function:");

    if (p != NULL)
        text = p + strlen(":function:");
    return text == NULL ? NULL
                        : pav_arena_strndup(c->a, text, strcspn(text, ":"));
}

static void
lambda(struct call *c)
{
    const struct pav_service_map *map = pav_api_settings(c->api)->services;
    const char *name =
        c->bare ? c->method : function_name(c, text_of(c, "FunctionName"));
    const char *kind = text_of(c, "InvocationType"), *endpoint;
    const struct pav_doc *payload =
        c->bare ? c->with : pav_doc_get(c->with, "Payload");
    struct pav_bytes json = {"", 0};

    if (payload != NULL) {
        json.p = pav_doc_text(c->a, payload);
        json.len = strlen(json.p);
    }
    name = function_name(c, name);
    endpoint = name == NULL
                   ? NULL
                   : pav_service_endpoint(map, map->functions, name, c->a);
    if (endpoint == NULL) {
        refuse(c, "Lambda.ResourceNotFoundException", "AWSLambda", 404,
               "ResourceNotFoundException",
               pav_arena_printf(c->a,
                                "Function not found: '%s' is not in "
                                "\"functions\" of the services file",
                                name == NULL ? "" : name));
        return;
    }
    c->o.function = name;
    outgoing_header(&c->o, "Content-Type", "application/json");
    outgoing_header(&c->o, "X-Amz-Invocation-Type",
                    kind == NULL ? "RequestResponse" : kind);
    send(c, "POST",
         pav_arena_printf(c->a, "%s/2015-03-31/functions/%s/invocations",
                          endpoint, name),
         payload == NULL ? (struct pav_bytes){"{}", 2} : json, true,
         lambda_done);
}

/* ---- sqs and sns ---- */

static void
message_done(void *arg, const struct pav_incoming *in)
{
    struct call *c = arg;
    bool queue = strcmp(c->service, "sqs") == 0;
    const struct pav_doc *body =
        pav_doc_get(c->with, queue ? "MessageBody" : "Message");
    struct pav_members m;
    char id[37], md5[PAV_DIGEST_HEX];
    const char *text;

    if (in->error != NULL || in->status >= 300) {
        refuse(c, queue ? "SQS.AmazonSQSException" : "SNS.AmazonSNSException",
               queue ? "AmazonSQS" : "AmazonSNS", (int)in->status,
               "ServiceUnavailable",
               in->error != NULL ? in->error : "The endpoint refused it");
        return;
    }
    text = body->kind == PAV_STRING ? pav_doc_str(c->a, body)
                                    : pav_doc_text(c->a, body);
    pav_uuid4(id);
    pav_members_init(&m, c->a);
    if (queue && pav_digest_hex("MD5", text, strlen(text), md5))
        pav_members_str(&m, "MD5OfMessageBody", pav_arena_strdup(c->a, md5));
    pav_members_str(&m, "MessageId", pav_arena_strdup(c->a, id));
    put_metadata(c, in, &m);
    succeed(c, pav_members_object(&m));
}

/* What a message has beside its body goes along as header fields. */
static void
put_message_fields(struct call *c)
{
    static const char *const fields[] = {"DelaySeconds",
                                         "MessageAttributes",
                                         "MessageDeduplicationId",
                                         "MessageGroupId",
                                         "MessageStructure",
                                         "MessageSystemAttributes",
                                         "PhoneNumber",
                                         "Subject"};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct pav_doc *v = pav_doc_get(c->with, fields[i]);

        if (v != NULL)
            outgoing_header(&c->o,
                            pav_arena_printf(c->a, "X-Pavane-%s", fields[i]),
                            v->kind == PAV_STRING ? pav_doc_str(c->a, v)
                                                  : pav_doc_text(c->a, v));
    }
}

static void
message(struct call *c)
{
    const struct pav_service_map *map = pav_api_settings(c->api)->services;
    bool queue = strcmp(c->service, "sqs") == 0;
    const char *name = text_of(c, queue ? "QueueUrl" : "TopicArn");
    const struct pav_doc *body =
        pav_doc_get(c->with, queue ? "MessageBody" : "Message");
    const char *endpoint;

    if (name == NULL && !queue)
        name = text_of(c, "TargetArn");
    endpoint = name == NULL
                   ? NULL
                   : pav_service_endpoint(
                         map, queue ? map->queues : map->topics, name, c->a);
    if (endpoint == NULL) {
        if (queue)
            refuse(c, "SQS.QueueDoesNotExistException", "AmazonSQS", 400,
                   "AWS.SimpleQueueService.NonExistentQueue",
                   "The specified queue does not exist.");
        else
            refuse(c, "SNS.NotFoundException", "AmazonSNS", 404, "NotFound",
                   "Topic does not exist");
        return;
    }
    if (body == NULL || body->kind == PAV_NULL ||
        (body->kind == PAV_STRING && body->len == 0)) {
        refuse(c, queue ? "SQS.AmazonSQSException" : "SNS.AmazonSNSException",
               queue ? "AmazonSQS" : "AmazonSNS", 400, "MissingParameter",
               queue ? "The request must contain the parameter MessageBody."
                     : "Invalid parameter: Empty message");
        return;
    }
    outgoing_header(&c->o, "Content-Type",
                    body->kind == PAV_STRING ? "text/plain; charset=utf-8"
                                             : "application/json");
    outgoing_header(&c->o, queue ? "X-Pavane-Queue" : "X-Pavane-Topic", name);
    put_message_fields(c);
    send(c, "POST", endpoint, bytes_of(c, body), true, message_done);
}

/* ---- http:invoke ---- */

static void
http_done(void *arg, const struct pav_incoming *in)
{
    struct call *c = arg;
    struct pav_members m;

    if (in->error != NULL) {
        fail(c, "States.Http.Socket", in->error);
        return;
    }
    if (outgoing_again(&c->o, in))
        return;
    pav_members_init(&m, c->a);
    pav_members_puts(&m, "Headers", headers_doc(c, in, true));
    pav_members_puts(&m, "ResponseBody", body_doc(c, in));
    pav_members_int(&m, "StatusCode", in->status);
    if (in->status >= 200 && in->status < 300) {
        succeed(c, pav_members_object(&m));
        return;
    }
    fail(c, pav_arena_printf(c->a, "States.Http.StatusCode.%ld", in->status),
         pav_doc_text(c->a, pav_members_object(&m)));
}

/* The services file's connection in the form of CreateConnection's. */
static const struct pav_doc *
mapped_connection(struct call *c, const struct pav_doc *arn)
{
    const struct pav_doc *map = pav_api_settings(c->api)->services->connections;
    const struct pav_doc *d =
        map == NULL || arn == NULL || arn->kind != PAV_STRING
            ? NULL
            : pav_doc_getn(map, arn->text, arn->len);
    bool basic = pav_doc_is_str(pav_doc_get(d, "type"), "BASIC");
    struct pav_members fields, auth, m;

    if (d == NULL)
        return NULL;
    pav_members_init(&fields, c->a);
    pav_members_puts(&fields, basic ? "Username" : "ApiKeyName",
                     pav_doc_get(d, basic ? "username" : "name"));
    pav_members_puts(&fields, basic ? "Password" : "ApiKeyValue",
                     pav_doc_get(d, basic ? "password" : "value"));
    pav_members_init(&auth, c->a);
    pav_members_puts(&auth,
                     basic ? "BasicAuthParameters" : "ApiKeyAuthParameters",
                     pav_members_object(&fields));
    pav_members_init(&m, c->a);
    pav_members_puts(&m, "AuthParameters", pav_members_object(&auth));
    return pav_members_object(&m);
}

/* That of CreateConnection comes with the task. */
static bool
authorise(struct call *c, const struct pav_doc *connection)
{
    const struct pav_doc *authentication =
        pav_doc_get(c->with, "Authentication");

    c->o.connection = NULL;
    if (authentication == NULL)
        return true;
    c->o.connection =
        mapped_connection(c, pav_doc_get(authentication, "ConnectionArn"));
    if (c->o.connection == NULL)
        c->o.connection = connection;
    return c->o.connection != NULL;
}

static void
put_query(struct call *c)
{
    const struct pav_doc *q = pav_doc_get(c->with, "QueryParameters");
    uint32_t i, k;

    for (i = 0; q != NULL && q->kind == PAV_OBJECT && i < q->len; i++) {
        const struct pav_doc *v = &q->members[i].value;
        uint32_t n = v->kind == PAV_ARRAY ? v->len : 1;

        for (k = 0; k < n; k++) {
            const struct pav_doc *one = v->kind == PAV_ARRAY ? &v->items[k] : v;

            outgoing_query(&c->o, q->members[i].key, q->members[i].len,
                           one->kind == PAV_STRING ? pav_doc_str(c->a, one)
                                                   : pav_doc_text(c->a, one),
                           k > 0);
        }
    }
}

/* JSON, or a form when the Transform says so. */
static struct pav_bytes
request_body(struct call *c)
{
    const struct pav_doc *body = pav_doc_get(c->with, "RequestBody");
    const struct pav_doc *how =
        pav_doc_get(pav_doc_get(c->with, "Transform"), "RequestBodyEncoding");
    struct pav_bytes form = {NULL, 0};
    struct pav_buf b;
    uint32_t i;

    if (body == NULL || body->kind == PAV_NULL)
        return form;
    if (how == NULL || !pav_doc_is_str(how, "URL_ENCODED") ||
        body->kind != PAV_OBJECT) {
        outgoing_header(&c->o, "Content-Type", "application/json");
        return bytes_of(c, body);
    }
    outgoing_header(&c->o, "Content-Type", "application/x-www-form-urlencoded");
    pav_buf_init(&b, 1 << 20);
    for (i = 0; i < body->len; i++) {
        struct pav_bytes value = bytes_of(c, &body->members[i].value);

        if (i > 0)
            pav_buf_putc(&b, '&');
        pav_url_encode(&b, body->members[i].key, body->members[i].len);
        pav_buf_putc(&b, '=');
        pav_url_encode(&b, value.p, value.len);
    }
    form.p = pav_arena_strdup(c->a, b.p == NULL ? "" : b.p);
    form.len = b.len;
    pav_buf_fini(&b);
    return form;
}

static void
put_headers(struct call *c)
{
    const struct pav_doc *h = pav_doc_get(c->with, "Headers");
    uint32_t i;

    for (i = 0; h != NULL && h->kind == PAV_OBJECT && i < h->len; i++) {
        const struct pav_member *m = &h->members[i];
        struct pav_bytes value = bytes_of(c, &m->value);

        /* A text with U+0000 in it is no name and no value. */
        outgoing_header(&c->o,
                        memchr(m->key, '\0', m->len) != NULL
                            ? ""
                            : pav_arena_strndup(c->a, m->key, m->len),
                        memchr(value.p, '\0', value.len) != NULL ? NULL
                                                                 : value.p);
    }
}

static void
http(struct call *c)
{
    const char *url = text_of(c, "ApiEndpoint"), *method = text_of(c, "Method");
    struct pav_bytes body;
    const struct pav_doc *connection = c->o.connection;
    bool private_allowed = false;

    if (url == NULL || method == NULL || strlen(method) > 10 ||
        strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(method)) {
        fail(c, "States.Runtime",
             "http:invoke needs ApiEndpoint and Method in its Parameters");
        return;
    }
    if (!pav_service_allows(pav_api_settings(c->api)->services, url, c->a,
                            &private_allowed)) {
        fail(c, "Pavane.HostNotAllowed",
             pav_arena_printf(c->a,
                              "The host of '%s' is not in \"allow\" of the "
                              "services file",
                              url));
        return;
    }
    if (!authorise(c, connection)) {
        fail(c, "Pavane.ConnectionNotMapped",
             "The connection is neither one of CreateConnection nor in "
             "\"connections\" of the services file");
        return;
    }
    put_query(c);
    body = request_body(c);
    put_headers(c);
    send(c, method, url, body, private_allowed, http_done);
}

/* ---- any other ---- */

/* "com.amazonaws.x#NotFoundException", or "NotFound": the SDK's class. */
static const char *
exception_of(struct call *c, const struct pav_incoming *in,
             const struct pav_doc *body)
{
    const char *type = pav_doc_member_str(c->a, body, "__type"), *hash;
    size_t len, tail = strlen("Exception");

    if (type == NULL)
        type = header_of(c, in, "x-amzn-ErrorType");
    if (type == NULL || *type == '\0')
        return pav_arena_printf(c->a, "%sException",
                                service_class(c->a, c->service));
    hash = strchr(type, '#');
    type = hash == NULL ? type : hash + 1;
    len = strcspn(type, ":");
    type = pav_arena_strndup(c->a, type, len);
    return len > tail && strcmp(type + len - tail, "Exception") == 0
               ? type
               : pav_arena_printf(c->a, "%sException", type);
}

static void
other_done(void *arg, const struct pav_incoming *in)
{
    struct call *c = arg;
    const struct pav_doc *body;
    const char *text, *type;
    char id[37];

    if (in->error != NULL) {
        fail(c,
             in->timed_out ? "States.Timeout"
                           : pav_arena_printf(c->a, "%s.SdkClientException",
                                              service_class(c->a, c->service)),
             pav_arena_printf(c->a, "%s:%s could not be called: %s", c->service,
                              c->method, in->error));
        return;
    }
    body = body_doc(c, in);
    if (in->status < 300) {
        succeed(c, in->len == 0 ? &pav_doc_empty_object : body);
        return;
    }
    type = exception_of(c, in, body);
    text = pav_doc_member_str(c->a, body, "message");
    if (text == NULL)
        text = pav_doc_member_str(c->a, body, "Message");
    if (text == NULL)
        text = body->kind == PAV_STRING ? pav_doc_str(c->a, body)
                                        : pav_doc_text(c->a, body);
    if (!c->sdk) {
        refuse(c,
               pav_arena_printf(c->a, "%s.%s", service_class(c->a, c->service),
                                type),
               service_class(c->a, c->service), (int)in->status, type, text);
        return;
    }
    pav_uuid4(id);
    fail(c,
         pav_arena_printf(c->a, "%s.%s", service_class(c->a, c->service), type),
         pav_arena_printf(
             c->a, "%s (Service: %s, Status Code: %ld, Request ID: %s)", text,
             service_class(c->a, c->service), in->status, id));
}

/* What "sdk" has for a name; NULL: nothing. */
static const char *
other_endpoint(struct call *c, const char *name)
{
    const struct pav_doc *sdk = pav_api_settings(c->api)->services->sdk;

    return pav_doc_member_str(c->a, sdk, name);
}

static void
other(struct call *c, const char *endpoint)
{
    char *action = pav_arena_strdup(c->a, c->method);
    const char *text = pav_doc_text(c->a, c->with);

    if (*action >= 'a' && *action <= 'z')
        *action = (char)(*action - 32);
    outgoing_header(&c->o, "Content-Type", "application/x-amz-json-1.1");
    outgoing_header(&c->o, "X-Amz-Target",
                    pav_arena_printf(c->a, "%s.%s",
                                     service_class(c->a, c->service), action));
    send(c, "POST", endpoint, (struct pav_bytes){text, strlen(text)}, true,
         other_done);
}

/* ---- parameters and secrets of the services file ---- */

static void
get_parameter(struct call *c)
{
    const struct pav_service_map *map = pav_api_settings(c->api)->services;
    const char *name = text_of(c, "Name");
    const struct pav_doc *value =
        name == NULL ? NULL : pav_doc_get(map->parameters, name);
    struct pav_members m, out;

    if (value == NULL) {
        refuse(c, "Ssm.ParameterNotFoundException", "Ssm", 400,
               "ParameterNotFound",
               pav_arena_printf(c->a,
                                "'%s' is not in \"parameters\" of the "
                                "services file",
                                name == NULL ? "" : name));
        return;
    }
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Arn",
                    pav_arn_put(c->a, "ssm", pav_api_settings(c->api)->region,
                                pav_api_settings(c->api)->account,
                                "parameter%s%s", *name == '/' ? "" : "/",
                                name));
    pav_members_str(&m, "DataType", "text");
    pav_members_str(&m, "Name", name);
    pav_members_str(&m, "Type", "SecureString");
    pav_members_puts(&m, "Value", value);
    pav_members_int(&m, "Version", 1);
    pav_members_init(&out, c->a);
    pav_members_puts(&out, "Parameter", pav_members_object(&m));
    succeed(c, pav_members_object(&out));
}

static void
get_secret_value(struct call *c)
{
    const struct pav_service_map *map = pav_api_settings(c->api)->services;
    const char *id = text_of(c, "SecretId"), *name;
    const struct pav_doc *value;
    struct pav_members m;
    struct pav_items stages;

    name = id == NULL ? NULL : pav_arn_name(id, "secretsmanager", "secret");
    name = name == NULL ? id : name;
    value = name == NULL ? NULL : pav_doc_get(map->secrets, name);
    if (value == NULL) {
        refuse(c, "SecretsManager.ResourceNotFoundException", "SecretsManager",
               400, "ResourceNotFoundException",
               pav_arena_printf(c->a,
                                "Secrets Manager can't find the specified "
                                "secret: '%s' is not in \"secrets\" of the "
                                "services file",
                                id == NULL ? "" : id));
        return;
    }
    pav_items_init(&stages, c->a);
    pav_items_add(&stages, pav_doc_new_cstr(c->a, "AWSCURRENT"));
    pav_members_init(&m, c->a);
    pav_members_str(
        &m, "Arn",
        pav_arn_put(c->a, "secretsmanager", pav_api_settings(c->api)->region,
                    pav_api_settings(c->api)->account, "secret:%s", name));
    pav_members_str(&m, "Name", name);
    pav_members_puts(&m, "SecretString", value);
    pav_members_puts(&m, "VersionStages", pav_items_array(&stages));
    succeed(c, pav_members_object(&m));
}

/* ---- dispatch ---- */

static bool
read_resource(struct call *c, const char *arn)
{
    const char *p = pav_arn_name(arn, "lambda", "function"), *rest;

    c->bare = p != NULL;
    if (c->bare) {
        c->service = "lambda";
        c->method = p;
        return true;
    }
    p = pav_arn_resource(arn, "states");
    if (p == NULL)
        return false;
    c->sdk = strncmp(p, "aws-sdk:", 8) == 0;
    if (c->sdk)
        p += 8;
    rest = strchr(p, ':');
    if (rest == NULL)
        return false;
    c->service = pav_arena_strndup(c->a, p, (size_t)(rest - p));
    c->method = pav_arena_strndup(c->a, rest + 1, strcspn(rest + 1, "."));
    return true;
}

static void
call(struct pav_api *api, const struct pav_call_job *job)
{
    static const struct {
        const char *service, *method;
        void (*run)(struct call *c);
    } rows[] = {{"lambda", NULL, lambda},
                {"sqs", "sendMessage", message},
                {"sns", "publish", message},
                {"http", "invoke", http},
                {"ssm", "getParameter", get_parameter},
                {"secretsmanager", "getSecretValue", get_secret_value}};
    struct pav_reply_job *reply = pav_job_new(&pav_reply_kind);
    struct call *c = pav_arena_zalloc(&reply->job.arena, sizeof(*c));
    const char *endpoint;
    size_t i;

    c->api = c->o.api = api;
    c->reply = reply;
    c->a = c->o.a = &reply->job.arena;
    c->o.arg = c;
    c->o.failed = not_sent;
    reply->execution_id = job->execution_id;
    reply->no = job->no;
    c->o.key = pav_arena_strdup(c->a, job->key);
    if (job->connection != NULL) {
        const char *text = pav_doc_text(c->a, job->connection);

        c->o.connection = pav_doc_own(c->a, text, strlen(text));
    }
    c->with =
        pav_doc_own(c->a, pav_arena_strndup(c->a, job->with.p, job->with.len),
                    job->with.len);
    if (!read_resource(c, pav_arena_strdup(c->a, job->resource))) {
        fail(c, "Pavane.ResourceNotMapped",
             pav_arena_printf(c->a, "Nothing serves '%s'", job->resource));
        return;
    }
    if (c->sdk && strcmp(c->service, "s3") == 0 && s3_serves(api, c->method)) {
        s3_take(api, reply, c->with, c->method, c->o.key);
        return;
    }
    endpoint = other_endpoint(
        c, pav_arena_printf(c->a, "%s:%s", c->service, c->method));
    for (i = 0; endpoint == NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].service, c->service) == 0 &&
            (rows[i].method == NULL ||
             strcmp(rows[i].method, c->method) == 0)) {
            rows[i].run(c);
            return;
        }
    if (endpoint == NULL)
        endpoint = other_endpoint(c, c->service);
    if (endpoint != NULL)
        other(c, endpoint);
    else
        fail(c, "Pavane.ResourceNotMapped",
             pav_arena_printf(c->a, "Nothing serves '%s'", job->resource));
}

/* On the front thread; the job changes hands. */
void
calls_take(struct pav_api *api, struct pav_job *job)
{
    call(api, (struct pav_call_job *)job);
    pav_job_free(job);
}
