/*
 * Deliveries on the front thread: what a target outside is sent, and what its
 * answer means.
 *
 *   api-destination   HTTP with its connection's authorisation
 *   lambda, sqs, sns  the endpoints of the services file
 *   event-bus         another Pavane: POST /events?bus=NAME of its endpoint
 *   logs              a line of JSON, appended to a file under --data, on a
 *                     query thread
 *
 * 429, 5xx and no answer are tried again, others are not; a token of OAuth that
 * is refused (401, 407) is fetched anew, once.  Every request bears
 * X-Pavane-Idempotency-Key, every line its deliveryId: the same delivery sent
 * again has the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/digest.h"
#include "pavane/file.h"
#include "pavane/services.h"
#include "pavane/text.h"
#include "api_int.h"

#define TIMEOUT_MS   5000 /* as the service has it */
#define ANSWER_MAX   65536
#define MAX_HEADERS  60
#define MAX_TOKENS   100
#define DAY_S        86400
#define ROTATE_BYTES (64 << 20)
#define EARLY_MS     60000 /* a token is fetched anew so long before its end */

struct delivery {
    struct pav_api *api;
    struct pav_job *reply;
    struct pav_arena *a; /* the reply's */
    const struct pav_doc *target, *destination, *connection;
    const char *arn;
    struct pav_bytes body;
    const char *headers[MAX_HEADERS + 1];
    int header_count;
    bool token_was_fresh;
    struct pav_buf query; /* of parameters, "" at first */
};

/* ---- answers ---- */

static void
finish(struct delivery *d)
{
    pav_buf_fini(&d->query);
    reply_submit(d->api, d->reply);
}

static void
fail(struct delivery *d, const char *code, const char *cause, bool again)
{
    d->reply->failure = true;
    d->reply->error = pav_arena_strdup(d->a, code);
    d->reply->cause = pav_arena_strndup(d->a, cause, strnlen(cause, 1000));
    d->reply->again = again;
    finish(d);
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

static void send(struct delivery *d);
static void token_forget(struct delivery *d);

static void
answered(void *arg, const struct pav_incoming *in)
{
    struct delivery *d = arg;
    char code[32];

    if (in->error != NULL) {
        fail(d, in->timed_out ? "TIMEOUT" : "CONNECTION_FAILURE", in->error,
             true);
        return;
    }
    if (in->status >= 200 && in->status < 300) {
        finish(d);
        return;
    }
    if ((in->status == 401 || in->status == 407) && !d->token_was_fresh &&
        pav_doc_is_str(pav_doc_get(d->connection, "AuthorizationType"),
                       "OAUTH_CLIENT_CREDENTIALS")) {
        token_forget(d);
        send(d);
        return;
    }
    d->reply->retry_ms = retry_after(in);
    snprintf(code, sizeof(code), "HTTP_STATUS_%ld", in->status);
    fail(d, in->status == 429 ? "THROTTLING" : code,
         pav_arena_printf(d->a, "%s answered %ld: %.*s", d->arn, in->status,
                          (int)(in->len > 500 ? 500 : in->len), in->body),
         in->status == 429 || in->status >= 500);
}

/* ---- requests ---- */

/* What frames a request is not the target's to say. */
static bool
is_free_header(const char *name)
{
    static const char *const framing[] = {
        "Host",       "Content-Length", "Transfer-Encoding",
        "Connection", "Expect",         "TE",
        "Trailer",    "Upgrade"};
    size_t i;

    for (i = 0; i < sizeof(framing) / sizeof(framing[0]); i++)
        if (strcasecmp(name, framing[i]) == 0)
            return false;
    return *name != '\0' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

static void
add_header(struct delivery *d, const char *name, const char *value)
{
    if (d->header_count < MAX_HEADERS && name != NULL && value != NULL &&
        strpbrk(value, "\r\n") == NULL && is_free_header(name))
        d->headers[d->header_count++] =
            pav_arena_printf(d->a, "%s: %s", name, value);
}

static void
add_query(struct delivery *d, const char *name, size_t len, const char *value)
{
    if (d->query.len > 0)
        pav_buf_putc(&d->query, '&');
    pav_url_encode(&d->query, name, len);
    pav_buf_putc(&d->query, '=');
    pav_url_encode(&d->query, value, strlen(value));
}

/* The target's HttpParameters; those of the connection win. */
static void
put_parameters(struct delivery *d)
{
    const struct pav_doc *target = pav_doc_get(d->target, "HttpParameters");
    const struct pav_doc *extra =
        pav_doc_get(pav_doc_get(d->connection, "AuthParameters"),
                    "InvocationHttpParameters");
    const struct pav_doc *list, *map;
    uint32_t i;

    map = pav_doc_get(target, "HeaderParameters");
    for (i = 0; map != NULL && map->kind == PAV_OBJECT && i < map->len; i++)
        add_header(
            d,
            pav_arena_strndup(d->a, map->members[i].key, map->members[i].len),
            pav_doc_str(d->a, &map->members[i].value));
    map = pav_doc_get(target, "QueryStringParameters");
    for (i = 0; map != NULL && map->kind == PAV_OBJECT && i < map->len; i++)
        if (map->members[i].value.kind == PAV_STRING)
            add_query(d, map->members[i].key, map->members[i].len,
                      pav_doc_str(d->a, &map->members[i].value));
    list = pav_doc_get(extra, "HeaderParameters");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        add_header(d, pav_doc_member_str(d->a, &list->items[i], "Key"),
                   pav_doc_member_str(d->a, &list->items[i], "Value"));
    list = pav_doc_get(extra, "QueryStringParameters");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const char *key = pav_doc_member_str(d->a, &list->items[i], "Key");
        const char *value = pav_doc_member_str(d->a, &list->items[i], "Value");

        if (key != NULL && value != NULL)
            add_query(d, key, strlen(key), value);
    }
}

/* Members of the body that the connection adds. */
static void
put_body_parameters(struct delivery *d)
{
    const struct pav_doc *list =
        pav_doc_get(pav_doc_get(pav_doc_get(d->connection, "AuthParameters"),
                                "InvocationHttpParameters"),
                    "BodyParameters");
    const struct pav_doc *body;
    struct pav_members m;
    uint32_t i;

    if (list == NULL || list->kind != PAV_ARRAY || list->len == 0 ||
        pav_doc_parse(d->a, d->body.p, d->body.len, NULL, &body, NULL) !=
            PAV_OK ||
        body->kind != PAV_OBJECT)
        return;
    pav_members_init(&m, d->a);
    for (i = 0; i < list->len; i++) {
        const char *key = pav_doc_member_str(d->a, &list->items[i], "Key");
        const struct pav_doc *value = pav_doc_get(&list->items[i], "Value");

        if (key != NULL && value != NULL)
            pav_members_puts(&m, key, value);
    }
    d->body.p =
        pav_doc_text(d->a, pav_doc_merge(d->a, body, pav_members_object(&m)));
    d->body.len = strlen(d->body.p);
}

/* Each `*` of the endpoint is one of PathParameterValues, in order. */
static const char *
endpoint_of(struct delivery *d)
{
    const char *p = pav_doc_member_str(d->a, d->destination,
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
    if (d->query.len > 0) {
        pav_buf_putc(&b, strchr(b.p, '?') == NULL ? '?' : '&');
        pav_buf_put(&b, d->query.p, d->query.len);
    }
    text = pav_arena_strdup(d->a, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return text;
}

static void
post(struct delivery *d, const char *method, const char *url,
     bool private_allowed)
{
    bool bare = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    struct pav_outgoing out = {.method = method,
                               .url = url,
                               .headers = d->headers,
                               .body = bare ? NULL : d->body.p,
                               .len = bare ? 0 : d->body.len,
                               .timeout_ms = TIMEOUT_MS,
                               .answer_max = ANSWER_MAX,
                               .private_allowed = private_allowed};

    add_header(d, "X-Pavane-Idempotency-Key", d->reply->key);
    d->headers[d->header_count] = NULL;
    pav_outbound_send(d->api->outbound, &out, answered, d);
}

/* ---- OAuth's client credentials ---- */

struct token {
    char *connection; /* its ARN, and when it was changed last */
    char *text;
    int64_t until_ms;
};

static struct token *
token_of(struct delivery *d, bool make)
{
    const char *arn = pav_doc_member_str(d->a, d->connection, "ConnectionArn");
    const struct pav_doc *changed =
        pav_doc_get(d->connection, "LastModifiedTime");
    struct token *tokens = d->api->tokens, *oldest = &tokens[0];
    int i;

    if (arn != NULL && changed != NULL)
        arn = pav_arena_printf(d->a, "%s %s", arn, pav_doc_text(d->a, changed));
    for (i = 0; i < MAX_TOKENS; i++) {
        if (tokens[i].connection != NULL && arn != NULL &&
            strcmp(tokens[i].connection, arn) == 0)
            return &tokens[i];
        if (tokens[i].until_ms < oldest->until_ms)
            oldest = &tokens[i];
    }
    if (!make || arn == NULL)
        return NULL;
    free(oldest->connection);
    free(oldest->text);
    oldest->connection = pav_xstrdup(arn);
    oldest->text = NULL;
    return oldest;
}

static void
token_forget(struct delivery *d)
{
    struct token *t = token_of(d, false);

    if (t != NULL)
        t->until_ms = 0;
}

static void send_with_token(struct delivery *d, const char *token);

static void
token_came(void *arg, const struct pav_incoming *in)
{
    struct delivery *d = arg;
    const struct pav_doc *answer, *text, *seconds;
    struct token *t;
    int64_t n = 300;

    if (in->error != NULL || in->status >= 300 ||
        pav_doc_parse_copy(d->a, in->body, in->len, NULL, &answer, NULL) !=
            PAV_OK ||
        (text = pav_doc_get(answer, "access_token")) == NULL ||
        text->kind != PAV_STRING) {
        fail(d, "AUTHORIZATION_FAILURE",
             in->error != NULL
                 ? in->error
                 : pav_arena_printf(d->a,
                                    "the authorization endpoint answered %ld "
                                    "without an access_token",
                                    in->status),
             in->error != NULL || in->status == 429 || in->status >= 500);
        return;
    }
    seconds = pav_doc_get(answer, "expires_in");
    if (seconds != NULL)
        (void)pav_doc_int(seconds, &n);
    t = token_of(d, true);
    if (t != NULL) {
        free(t->text);
        t->text = pav_xstrdup(pav_doc_str(d->a, text));
        t->until_ms = api_now_ms(d->api) + bounded_s(n) * 1000 - EARLY_MS;
    }
    d->token_was_fresh = true;
    send_with_token(d, pav_doc_str(d->a, text));
}

static void
put_form(struct pav_buf *b, const char *key, const char *value)
{
    if (value == NULL)
        return;
    if (b->len > 0)
        pav_buf_putc(b, '&');
    pav_url_encode(b, key, strlen(key));
    pav_buf_putc(b, '=');
    pav_url_encode(b, value, strlen(value));
}

static void
fetch_token(struct delivery *d)
{
    const struct pav_doc *oauth = pav_doc_get(
        pav_doc_get(d->connection, "AuthParameters"), "OAuthParameters");
    const struct pav_doc *client = pav_doc_get(oauth, "ClientParameters");
    const struct pav_doc *more = pav_doc_get(
        pav_doc_get(oauth, "OAuthHttpParameters"), "BodyParameters");
    const char *url = pav_doc_member_str(d->a, oauth, "AuthorizationEndpoint");
    const char *method = pav_doc_member_str(d->a, oauth, "HttpMethod");
    static const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded",
        "Accept: application/json", NULL};
    struct pav_outgoing out = {.method = method == NULL ? "POST" : method,
                               .url = url,
                               .headers = headers,
                               .timeout_ms = TIMEOUT_MS,
                               .answer_max = ANSWER_MAX};
    struct pav_buf b;
    uint32_t i;

    out.private_allowed = d->api->config.services->allow_private;
    if (url == NULL) {
        fail(d, "AUTHORIZATION_FAILURE", "the connection is not authorized",
             false);
        return;
    }
    (void)pav_service_allows(d->api->config.services, url, d->a,
                             &out.private_allowed);
    pav_buf_init(&b, 1 << 16);
    put_form(&b, "grant_type", "client_credentials");
    put_form(&b, "client_id", pav_doc_member_str(d->a, client, "ClientID"));
    put_form(&b, "client_secret",
             pav_doc_member_str(d->a, client, "ClientSecret"));
    for (i = 0; more != NULL && more->kind == PAV_ARRAY && i < more->len; i++)
        put_form(&b, pav_doc_member_str(d->a, &more->items[i], "Key"),
                 pav_doc_member_str(d->a, &more->items[i], "Value"));
    if (strcmp(out.method, "GET") == 0) {
        out.url = pav_arena_printf(d->a, "%s?%s", url, b.p);
    } else {
        out.body = pav_arena_strdup(d->a, b.p);
        out.len = b.len;
    }
    pav_buf_fini(&b);
    pav_outbound_send(d->api->outbound, &out, token_came, d);
}

/* ---- API destinations ---- */

static void
send_with_token(struct delivery *d, const char *token)
{
    const struct pav_service_map *map = d->api->config.services;
    const struct pav_doc *auth = pav_doc_get(d->connection, "AuthParameters");
    const struct pav_doc *basic = pav_doc_get(auth, "BasicAuthParameters");
    const struct pav_doc *key = pav_doc_get(auth, "ApiKeyAuthParameters");
    const char *method = pav_doc_member_str(d->a, d->destination, "HttpMethod"),
               *url;
    bool private_allowed = map->allow_private;

    d->header_count = 0;
    d->query.len = 0;
    add_header(d, "User-Agent", "Amazon/EventBridge/ApiDestinations");
    add_header(d, "Content-Type", "application/json; charset=utf-8");
    put_parameters(d);
    put_body_parameters(d);
    if (basic != NULL) {
        const char *user = pav_doc_member_str(d->a, basic, "Username");
        const char *word = pav_doc_member_str(d->a, basic, "Password");
        const char *both = pav_arena_printf(
            d->a, "%s:%s", user == NULL ? "" : user, word == NULL ? "" : word);
        char *coded = pav_arena_zalloc(d->a, strlen(both) * 4 / 3 + 8);

        pav_base64(both, strlen(both), coded);
        add_header(d, "Authorization",
                   pav_arena_printf(d->a, "Basic %s", coded));
    }
    if (key != NULL)
        add_header(d, pav_doc_member_str(d->a, key, "ApiKeyName"),
                   pav_doc_member_str(d->a, key, "ApiKeyValue"));
    if (token != NULL)
        add_header(d, "Authorization",
                   pav_arena_printf(d->a, "Bearer %s", token));
    url = endpoint_of(d);
    (void)pav_service_allows(map, url, d->a, &private_allowed);
    post(d, method == NULL ? "POST" : method, url, private_allowed);
}

static void
send(struct delivery *d)
{
    const struct token *t;

    if (pav_doc_is_str(pav_doc_get(d->connection, "ConnectionState"),
                       "DEAUTHORIZED")) {
        fail(d, "AUTHORIZATION_FAILURE", "the connection is not authorized",
             false);
        return;
    }
    if (!pav_doc_is_str(pav_doc_get(d->connection, "AuthorizationType"),
                        "OAUTH_CLIENT_CREDENTIALS")) {
        send_with_token(d, NULL);
        return;
    }
    t = token_of(d, false);
    if (t != NULL && t->text != NULL && t->until_ms > api_now_ms(d->api))
        send_with_token(d, t->text);
    else
        fetch_token(d);
}

/* ---- mapped services, and other buses ---- */

static const char *
encoded(struct delivery *d, const char *text)
{
    struct pav_buf b;
    const char *out;

    pav_buf_init(&b, 1 << 16);
    pav_url_encode(&b, text, strlen(text));
    out = pav_arena_strndup(d->a, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

static void
send_mapped(struct delivery *d)
{
    const struct pav_service_map *map = d->api->config.services;
    const char *p, *endpoint = NULL, *path = "", *token;

    if ((p = strstr(d->arn, ":function:")) != NULL) {
        const char *name =
            pav_arena_strndup(d->a, p + 10, strcspn(p + 10, ":"));

        endpoint = pav_service_endpoint(map, map->functions, name, d->a);
        path = pav_arena_printf(d->a, "/2015-03-31/functions/%s/invocations",
                                encoded(d, name));
        add_header(d, "X-Amz-Invocation-Type", "Event");
    } else if (strstr(d->arn, ":sqs:") != NULL) {
        endpoint = pav_service_endpoint(map, map->queues, d->arn, d->a);
        add_header(d, "X-Pavane-Queue", d->arn);
    } else if (strstr(d->arn, ":sns:") != NULL) {
        endpoint = pav_service_endpoint(map, map->topics, d->arn, d->a);
        add_header(d, "X-Pavane-Topic", d->arn);
    } else if ((p = strstr(d->arn, ":event-bus/")) != NULL) {
        endpoint = pav_service_endpoint(map, map->buses, d->arn, d->a);
        path = pav_arena_printf(d->a, "/events?bus=%s", encoded(d, p + 11));
        token = pav_service_endpoint(map, map->bus_tokens, d->arn, d->a);
        if (token != NULL)
            add_header(d, "Authorization",
                       pav_arena_printf(d->a, "Bearer %s", token));
    }
    if (endpoint == NULL) {
        fail(d, "NO_RESOURCE",
             pav_arena_printf(d->a,
                              "nothing serves '%s': the services file "
                              "does not map it",
                              d->arn),
             false);
        return;
    }
    add_header(d, "Content-Type", "application/json");
    post(d, "POST", pav_arena_printf(d->a, "%s%s", endpoint, path), true);
}

/* ---- logs ---- */

/* What a path may have: else a dash. */
static const char *
plain_name(struct pav_arena *a, const char *text)
{
    char *out = pav_arena_strndup(a, text, strnlen(text, 100)), *p;

    for (p = out; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
              (*p >= '0' && *p <= '9') || strchr("-_.", *p) != NULL))
            *p = '-';
    if (*out == '\0' || *out == '.')
        return pav_arena_printf(a, "-%s", out);
    return out;
}

/* "$.detail.region" of KinesisParameters.PartitionKeyPath: a folder a value. */
static const char *
partition_of(struct pav_arena *a, const struct pav_doc *target,
             const struct pav_doc *event)
{
    const struct pav_doc *path = pav_doc_get(
        pav_doc_get(target, "KinesisParameters"), "PartitionKeyPath");
    const char *p;

    if (path == NULL || path->kind != PAV_STRING || path->len < 3)
        return NULL;
    for (p = pav_doc_str(a, path) + 1; *p == '.' && event != NULL;) {
        size_t len = strcspn(p + 1, ".");

        event = pav_doc_getn(event, p + 1, len);
        p += 1 + len;
    }
    if (event == NULL)
        return "none";
    return plain_name(a, event->kind == PAV_STRING ? pav_doc_str(a, event)
                                                   : pav_doc_text(a, event));
}

/* DATA/logs/GROUP[/PARTITION]/YYYY-MM-DD[.N].jsonl; N when one is full. */
static int
log_open(struct pav_arena *a, const char *folder, int64_t now_ms)
{
    char when[PAV_TIME_LEN];
    int n, fd;

    pav_time_format(now_ms, when);
    for (n = 0; n < 10000; n++) {
        char *path =
            n == 0 ? pav_arena_printf(a, "%s/%.10s.jsonl", folder, when)
                   : pav_arena_printf(a, "%s/%.10s.%d.jsonl", folder, when, n);
        struct stat st;

        (void)pav_file_folders(path);
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return -1;
        if (fstat(fd, &st) == 0 && st.st_size < ROTATE_BYTES)
            return fd;
        close(fd);
    }
    return -1;
}

static bool
write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return fdatasync(fd) == 0;
}

/* On a query thread. */
static void
log_line(struct pav_query *q)
{
    struct question *qu =
        (struct question *)(void *)((char *)q - offsetof(struct question, q));
    struct pav_job *reply = qu->object;
    const char *data = qu->api->config.data;
    const struct pav_doc *event = NULL;
    const char *p = strstr(reply->resource, ":log-group:"), *partition, *group;
    const struct pav_doc *target = pav_doc_get(reply->request, "Target");
    struct pav_buf line;
    int fd;

    if (pav_doc_parse(q->arena, reply->with.p, reply->with.len, NULL, &event,
                      NULL) != PAV_OK)
        event = NULL; /* several lines: a text */
    group = p == NULL ? "events" : p + strlen(":log-group:");
    group = plain_name(q->arena,
                       pav_arena_strndup(q->arena, group, strcspn(group, ":")));
    partition = partition_of(q->arena, target, event);
    fd = data == NULL
             ? -1
             : log_open(q->arena,
                        pav_arena_printf(q->arena, "%s/logs/%s%s%s", data,
                                         group, partition == NULL ? "" : "/",
                                         partition == NULL ? "" : partition),
                        q->now_ms);
    pav_buf_init(&line, SIZE_MAX / 2);
    pav_buf_printf(&line, "{\"deliveryId\":%lld,\"event\":",
                   (long long)reply->delivery_id);
    if (event != NULL)
        pav_doc_print(event, &line);
    else
        pav_buf_json(&line, reply->with.p, reply->with.len);
    pav_buf_puts(&line, "}\n");
    if (fd < 0 || !write_all(fd, line.p, line.len)) {
        reply->failure = true;
        reply->error = "LOG_FAILURE";
        reply->cause = data == NULL
                           ? "there is no folder of logs: --data names one"
                           : "the file cannot be written";
        reply->again = data != NULL;
    }
    if (fd >= 0)
        close(fd);
    pav_buf_fini(&line);
}

static void
log_later(struct delivery *d, struct pav_job *job)
{
    struct pav_request none = {
        .path = "", .query = "", .host = "", .target = "", .cookie = ""};
    struct pav_ref nobody = {UINT32_MAX, 0};
    struct question *qu = question_new(d->api, &none, nobody, log_line);
    const char *text = pav_doc_text(d->a, job->request);

    d->reply->resource = pav_arena_strdup(d->a, d->arn);
    d->reply->with = d->body;
    d->reply->request = pav_doc_own(d->a, text, strlen(text));
    pav_buf_fini(&d->query);
    qu->object = d->reply;
    if (!pav_queue_push(d->api->questions, &qu->node)) {
        qu->object = NULL;
        question_free(qu);
        d->reply->failure = d->reply->again = true;
        d->reply->error = "THROTTLING";
        d->reply->cause = "too many questions wait";
        reply_submit(d->api, d->reply);
    }
}

/* ---- the way out ---- */

void
deliveries_take(struct pav_api *api, struct pav_job *job)
{
    struct pav_job *reply = pav_job_new(PAV_JOB_DELIVERED);
    struct delivery *d = pav_arena_zalloc(&reply->arena, sizeof(*d));
    const char *text;

    d->api = api;
    d->reply = reply;
    d->a = &reply->arena;
    pav_buf_init(&d->query, 1 << 16);
    reply->delivery_id = job->delivery_id;
    reply->key = pav_arena_strdup(d->a, job->key);
    text = pav_doc_text(d->a, job->request);
    job->request = pav_doc_own(d->a, text, strlen(text));
    d->target = pav_doc_get(job->request, "Target");
    d->destination = pav_doc_get(job->request, "Destination");
    d->connection = pav_doc_get(job->request, "Connection");
    reply->resource = d->arn = pav_arena_strdup(d->a, job->resource);
    d->body.p = pav_arena_strndup(d->a, job->with.p, job->with.len);
    d->body.len = job->with.len;
    if (d->destination != NULL)
        send(d);
    else if (strstr(d->arn, ":logs:") != NULL)
        log_later(d, job);
    else
        send_mapped(d);
}

void
deliveries_free(struct pav_api *api)
{
    int i;

    for (i = 0; api->tokens != NULL && i < MAX_TOKENS; i++) {
        free(api->tokens[i].connection);
        free(api->tokens[i].text);
    }
    free(api->tokens);
    api->tokens = NULL;
}

void
deliveries_init(struct pav_api *api)
{
    api->tokens = pav_xcalloc(MAX_TOKENS, sizeof(*api->tokens));
}
