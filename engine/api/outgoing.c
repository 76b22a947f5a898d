/* Requests on their way out: see outgoing.h. */
#include "front.h"
#include "handed_out.h"
#include "outgoing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pavane/clock.h"
#include "pavane/digest.h"
#include "pavane/tally.h"

#define TOKEN_TIMEOUT_MS 5000
#define TOKEN_MAX        65536
#define MAX_TOKENS       100
#define FUNCTIONS_MAX    10000 /* that are told apart */
#define SOURCES_MAX      1000
#define DAY_S            86400
/* A token is fetched anew so long before its end. */
#define EARLY_MS 60000

/* ---- what it is made of ---- */

void
outgoing_header(struct outgoing *o, const char *name, const char *value)
{
    if (o->strips && name != NULL && pav_header_is_reserved(name))
        return;
    if (o->err.rc == PAV_OK)
        (void)!pav_headers_set(&o->headers, o->a, name, value, &o->err);
}

void
outgoing_query(struct outgoing *o, const char *name, size_t len,
               const char *value, bool more)
{
    int i = o->query_count;

    if (value == NULL)
        return;
    if (!more)
        for (i = 0; i < o->query_count; i++)
            if (o->query[i].len == len &&
                memcmp(o->query[i].name, name, len) == 0)
                break;
    if (i == QUERY_MAX) {
        (void)!pav_fail(&o->err, PAV_LIMIT, "query",
                        "at most %d query parameters", QUERY_MAX);
        return;
    }
    o->query[i].name = name;
    o->query[i].len = len;
    o->query[i].value = value;
    o->query_count += i == o->query_count;
}

static const char *
whole_url(struct outgoing *o)
{
    struct pav_buf b;
    const char *text;
    int i;

    if (o->query_count == 0)
        return o->url;
    pav_buf_init(&b, 1 << 17);
    pav_buf_puts(&b, o->url);
    for (i = 0; i < o->query_count; i++) {
        pav_buf_putc(&b, i == 0 && strchr(o->url, '?') == NULL ? '?' : '&');
        pav_url_encode(&b, o->query[i].name, o->query[i].len);
        pav_buf_putc(&b, '=');
        pav_url_encode(&b, o->query[i].value, strlen(o->query[i].value));
    }
    if (b.over)
        (void)!pav_fail(&o->err, PAV_LIMIT, "query",
                        "the address is longer than 131072 bytes");
    text = pav_arena_strdup(o->a, b.over ? "" : b.p);
    pav_buf_fini(&b);
    return text;
}

/* ---- what the connection adds ---- */

static const struct pav_doc *
auth_of(const struct outgoing *o)
{
    return pav_doc_get(o->connection, "AuthParameters");
}

/* Members of a JSON body; a body of another kind is left as it is. */
static void
put_body_parameters(struct outgoing *o, const struct pav_doc *list)
{
    const struct pav_doc *body;
    struct pav_members m;
    uint32_t i;

    if (list == NULL || list->kind != PAV_ARRAY || list->len == 0)
        return;
    if (o->body.p == NULL)
        body = NULL;
    else if (pav_doc_parse(o->a, o->body.p, o->body.len, NULL, &body, NULL) !=
                 PAV_OK ||
             body->kind != PAV_OBJECT)
        return;
    pav_members_init(&m, o->a);
    for (i = 0; i < list->len; i++) {
        const char *key = pav_doc_member_str(o->a, &list->items[i], "Key");
        const struct pav_doc *value = pav_doc_get(&list->items[i], "Value");

        if (key != NULL && value != NULL)
            pav_members_puts(&m, key, value);
    }
    o->body.p = pav_doc_text(
        o->a, body == NULL ? pav_members_object(&m)
                           : pav_doc_merge(o->a, body, pav_members_object(&m)));
    o->body.len = strlen(o->body.p);
}

static void
put_connection_parameters(struct outgoing *o)
{
    const struct pav_doc *extra =
        pav_doc_get(auth_of(o), "InvocationHttpParameters");
    const struct pav_doc *list = pav_doc_get(extra, "HeaderParameters");
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        outgoing_header(o, pav_doc_member_str(o->a, &list->items[i], "Key"),
                        pav_doc_member_str(o->a, &list->items[i], "Value"));
    list = pav_doc_get(extra, "QueryStringParameters");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const char *key = pav_doc_member_str(o->a, &list->items[i], "Key");

        if (key != NULL)
            outgoing_query(o, key, strlen(key),
                           pav_doc_member_str(o->a, &list->items[i], "Value"),
                           false);
    }
    put_body_parameters(o, pav_doc_get(extra, "BodyParameters"));
}

static void
put_basic(struct outgoing *o, const struct pav_doc *basic)
{
    const char *user = pav_doc_member_str(o->a, basic, "Username");
    const char *word = pav_doc_member_str(o->a, basic, "Password");
    const char *both = pav_arena_printf(o->a, "%s:%s", user == NULL ? "" : user,
                                        word == NULL ? "" : word);
    char *coded = pav_arena_zalloc(o->a, strlen(both) * 4 / 3 + 8);

    pav_base64(both, strlen(both), coded);
    outgoing_header(o, "Authorization",
                    pav_arena_printf(o->a, "Basic %s", coded));
}

/* ---- the way out ---- */

static void
send_now(struct outgoing *o, const char *token)
{
    const struct pav_doc *basic =
        pav_doc_get(auth_of(o), "BasicAuthParameters");
    const struct pav_doc *key = pav_doc_get(auth_of(o), "ApiKeyAuthParameters");
    struct pav_outgoing out = {.method = o->method,
                               .headers = &o->headers,
                               .timeout_ms = o->timeout_ms,
                               .answer_max = o->answer_max,
                               .private_allowed = o->private_allowed};

    put_connection_parameters(o);
    if (basic != NULL)
        put_basic(o, basic);
    if (key != NULL)
        outgoing_header(o, pav_doc_member_str(o->a, key, "ApiKeyName"),
                        pav_doc_member_str(o->a, key, "ApiKeyValue"));
    if (token != NULL)
        outgoing_header(o, "Authorization",
                        pav_arena_printf(o->a, "Bearer %s", token));
    out.url = whole_url(o);
    if (o->err.rc != PAV_OK) {
        o->failed(o->arg, "INVALID_PARAMETER", o->err.message, false);
        return;
    }
    pav_headers_key(&o->headers, o->a, o->key);
    if (strcmp(o->method, "GET") != 0 && strcmp(o->method, "HEAD") != 0) {
        out.body = o->body.p;
        out.len = o->body.len;
    }
    pav_outbound_send(o->api->outbound, &out, o->done, o->arg);
}

/* ---- OAuth's client credentials ---- */

struct token {
    char *connection; /* its ARN, and when it was changed last */
    char *text;
    int64_t until_ms;
};

static bool
wants_token(const struct outgoing *o)
{
    return pav_doc_is_str(pav_doc_get(o->connection, "AuthorizationType"),
                          "OAUTH_CLIENT_CREDENTIALS");
}

static struct token *
token_of(struct outgoing *o, bool make)
{
    const char *arn = pav_doc_member_str(o->a, o->connection, "ConnectionArn");
    const struct pav_doc *changed =
        pav_doc_get(o->connection, "LastModifiedTime");
    struct token *tokens = o->api->tokens, *oldest = &tokens[0];
    int i;

    if (arn != NULL && changed != NULL)
        arn = pav_arena_printf(o->a, "%s %s", arn, pav_doc_text(o->a, changed));
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

static int64_t
bounded_s(int64_t seconds)
{
    return seconds > DAY_S ? DAY_S : seconds < 0 ? 0 : seconds;
}

static void
token_keep(struct outgoing *o, const char *text, int64_t seconds)
{
    struct token *t = token_of(o, true);

    if (t == NULL)
        return;
    free(t->text);
    t->text = pav_xstrdup(text);
    t->until_ms = pav_api_now_ms(o->api) + bounded_s(seconds) * 1000 - EARLY_MS;
}

static void
token_came(void *arg, const struct pav_incoming *in)
{
    struct outgoing *o = arg;
    const struct pav_doc *answer, *text, *seconds;
    int64_t n = 300;

    if (in == NULL) {
        o->done(o->arg, NULL);
        return;
    }
    if (in->error != NULL) {
        o->failed(o->arg, "AUTHORIZATION_FAILURE", in->error, !in->refused);
        return;
    }
    if (in->status >= 300 ||
        pav_doc_parse_copy(o->a, in->body, in->len, NULL, &answer, NULL) !=
            PAV_OK ||
        (text = pav_doc_get(answer, "access_token")) == NULL ||
        text->kind != PAV_STRING) {
        o->failed(o->arg, "AUTHORIZATION_FAILURE",
                  pav_arena_printf(o->a,
                                   "the authorization endpoint answered %ld "
                                   "without an access_token",
                                   in->status),
                  in->status == 429 || in->status >= 500);
        return;
    }
    seconds = pav_doc_get(answer, "expires_in");
    if (seconds != NULL)
        (void)pav_doc_int(seconds, &n);
    token_keep(o, pav_doc_str(o->a, text), n);
    o->token_was_fresh = true;
    send_now(o, pav_doc_str(o->a, text));
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

/* What the authorization endpoint is sent. */
static const char *
token_form(struct outgoing *o, const struct pav_doc *oauth)
{
    const struct pav_doc *client = pav_doc_get(oauth, "ClientParameters");
    const struct pav_doc *more = pav_doc_get(
        pav_doc_get(oauth, "OAuthHttpParameters"), "BodyParameters");
    struct pav_buf b;
    const char *text;
    uint32_t i;

    pav_buf_init(&b, 1 << 16);
    put_form(&b, "grant_type", "client_credentials");
    put_form(&b, "client_id", pav_doc_member_str(o->a, client, "ClientID"));
    put_form(&b, "client_secret",
             pav_doc_member_str(o->a, client, "ClientSecret"));
    for (i = 0; more != NULL && more->kind == PAV_ARRAY && i < more->len; i++)
        put_form(&b, pav_doc_member_str(o->a, &more->items[i], "Key"),
                 pav_doc_member_str(o->a, &more->items[i], "Value"));
    text = pav_arena_strdup(o->a, b.p);
    pav_buf_fini(&b);
    return text;
}

static void
fetch_token(struct outgoing *o)
{
    const struct pav_doc *oauth = pav_doc_get(auth_of(o), "OAuthParameters");
    const char *url = pav_doc_member_str(o->a, oauth, "AuthorizationEndpoint");
    const char *method = pav_doc_member_str(o->a, oauth, "HttpMethod"), *form;
    struct pav_headers headers = {.count = 0};
    struct pav_outgoing out = {.method = method == NULL ? "POST" : method,
                               .url = url,
                               .headers = &headers,
                               .timeout_ms = TOKEN_TIMEOUT_MS,
                               .answer_max = TOKEN_MAX};

    out.private_allowed = pav_api_settings(o->api)->services->allow_private;
    if (url == NULL) {
        o->failed(o->arg, "AUTHORIZATION_FAILURE",
                  "the connection is not authorized", false);
        return;
    }
    (void)!pav_headers_set(&headers, o->a, "Content-Type",
                           "application/x-www-form-urlencoded", NULL);
    (void)!pav_headers_set(&headers, o->a, "Accept", "application/json", NULL);
    (void)pav_service_allows(pav_api_settings(o->api)->services, url, o->a,
                             &out.private_allowed);
    form = token_form(o, oauth);
    if (strcmp(out.method, "GET") == 0) {
        out.url = pav_arena_printf(o->a, "%s?%s", url, form);
    } else {
        out.body = form;
        out.len = strlen(form);
    }
    pav_outbound_send(o->api->outbound, &out, token_came, o);
}

void
outgoing_send(struct outgoing *o)
{
    const struct token *t;

    o->began_us = pav_clock_mono_us();
    if (pav_doc_is_str(pav_doc_get(o->connection, "ConnectionState"),
                       "DEAUTHORIZED")) {
        o->failed(o->arg, "AUTHORIZATION_FAILURE",
                  "the connection is not authorized", false);
        return;
    }
    t = wants_token(o) ? token_of(o, false) : NULL;
    if (!wants_token(o))
        send_now(o, NULL);
    else if (t != NULL && t->text != NULL &&
             t->until_ms > pav_api_now_ms(o->api))
        send_now(o, t->text);
    else
        fetch_token(o);
}

void
outgoing_count(const struct outgoing *o, const struct pav_incoming *in)
{
    struct pav_tally_row *r;
    const char *p;
    bool error = in->error != NULL || in->status >= 300;

    if (o->function == NULL)
        return;
    r = pav_tally_row(o->api->functions, o->function, "");
    for (p = in->headers; p != NULL && !error; p = strstr(p, "\r\n")) {
        p += *p == '\r' ? 2 : 0;
        error = strncasecmp(p, "X-Amz-Function-Error:", 21) == 0;
    }
    pav_tally_add(r, FUNCTION_CALLS, 1);
    pav_tally_add(r, FUNCTION_US,
                  (uint64_t)(pav_clock_mono_us() - o->began_us));
    if (in->error == NULL && in->status == 429)
        pav_tally_add(r, FUNCTION_THROTTLED, 1);
    else if (error)
        pav_tally_add(r, FUNCTION_ERRORS, 1);
}

void
source_count(struct pav_api *api, const char *source, enum source_count what,
             uint64_t n)
{
    pav_tally_add(pav_tally_row(api->sources, source, ""), what, n);
}

bool
outgoing_again(struct outgoing *o, const struct pav_incoming *in)
{
    struct token *t;

    if ((in->status != 401 && in->status != 407) || o->token_was_fresh ||
        !wants_token(o))
        return false;
    t = token_of(o, false);
    if (t != NULL)
        t->until_ms = 0;
    outgoing_send(o);
    return true;
}

void
outgoing_free(struct pav_api *api)
{
    int i;

    pav_tally_free(api->functions);
    pav_tally_free(api->sources);
    for (i = 0; api->tokens != NULL && i < MAX_TOKENS; i++) {
        free(api->tokens[i].connection);
        free(api->tokens[i].text);
    }
    free(api->tokens);
    api->tokens = NULL;
}

void
outgoing_init(struct pav_api *api)
{
    api->functions = pav_tally_new(FUNCTIONS_MAX);
    api->sources = pav_tally_new(SOURCES_MAX);
    api->tokens = pav_xcalloc(MAX_TOKENS, sizeof(*api->tokens));
}
