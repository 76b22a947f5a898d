/* Stand-ins: see stand_ins.h. */
#include "stand_ins.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/client.h"
#include "pavane/clock.h"
#include "pavane/file.h"
#include "pavane/http.h"
#include "pavane/text.h"
#include "stubs.h"

#define FILE_MAX_LEN (1 << 20)
#define BODY_MAX     (4 << 20)
#define DELAY_MAX_MS 3600000
#define DOMAIN       ".test"
#define SCHEME       "http://"

struct stand_in {
    const char *name;
    const struct pav_doc *mappings;
};

struct scenario {
    const char *name, *state;
};

/* A daemon, and where it is; `url` NULL: it is down. */
struct seat {
    const char *name;
    char *url, *token;
};

/* An answer that takes its time, and what follows it. */
struct answer {
    struct answer *next;
    int64_t due_us;
    struct pav_ref ref;
    int status;
    char *type, *body, *headers;
    size_t len;
    char *hook_url, *hook_body; /* NULL: there is no webhook */
};

struct stand_ins {
    struct pav_arena arena; /* of what was read, and of scenarios */
    struct stand_in *v;
    uint32_t count;
    struct pav_http *http;
    pthread_t thread;
    struct answer *answers; /* the thread's */
    /* behind the lock */
    pthread_mutex_t lock;
    struct pav_arena got_arena;
    struct pav_items got;
    struct scenario *scenarios;
    uint32_t scenario_count;
    struct seat *seats;
    uint32_t seat_count;
    int pending;            /* answers and webhooks to come */
    struct pav_node ending; /* what tells the thread */
};

/* ---- scenarios, under the lock ---- */

static struct scenario *
scenario_of(struct stand_ins *s, const char *name)
{
    uint32_t i;

    for (i = 0; i < s->scenario_count; i++)
        if (strcmp(s->scenarios[i].name, name) == 0)
            return &s->scenarios[i];
    return NULL;
}

static void
scenario_add(struct stand_ins *s, const char *name)
{
    if (name == NULL || scenario_of(s, name) != NULL)
        return;
    s->scenarios = pav_arena_append(&s->arena, s->scenarios, s->scenario_count,
                                    sizeof(*s->scenarios));
    s->scenarios[s->scenario_count++] =
        (struct scenario){.name = name, .state = "Started"};
}

bool
stand_ins_scenario(struct stand_ins *s, const char *name, const char *state)
{
    struct scenario *found;

    pthread_mutex_lock(&s->lock);
    found = scenario_of(s, name);
    if (found != NULL)
        found->state = pav_arena_strdup(&s->arena, state);
    pthread_mutex_unlock(&s->lock);
    return found != NULL;
}

static bool
is_in_state(struct stand_ins *s, struct pav_arena *a,
            const struct pav_doc *mapping)
{
    const char *name = pav_doc_member_str(a, mapping, "scenarioName");
    const char *want = pav_doc_member_str(a, mapping, "requiredScenarioState");
    const struct scenario *found = name == NULL ? NULL : scenario_of(s, name);

    return found == NULL || want == NULL || strcmp(found->state, want) == 0;
}

static void
change_state(struct stand_ins *s, const struct pav_doc *mapping)
{
    const char *name = pav_doc_member_str(&s->arena, mapping, "scenarioName");
    const char *now =
        pav_doc_member_str(&s->arena, mapping, "newScenarioState");
    struct scenario *found = name == NULL ? NULL : scenario_of(s, name);

    if (found != NULL && now != NULL)
        found->state = now;
}

/* ---- a request ---- */

static const char *
utf8(struct pav_arena *a, const char *text)
{
    return pav_arena_utf8(a, text, strlen(text));
}

static const char *const methods[] = {
    [PAV_GET] = "GET", [PAV_HEAD] = "HEAD",     [PAV_POST] = "POST",
    [PAV_PUT] = "PUT", [PAV_DELETE] = "DELETE", [PAV_OPTIONS] = "OPTIONS"};

static const struct pav_doc *
query_of(struct pav_arena *a, const char *query)
{
    struct pav_members m;
    const char *p = query;

    pav_members_init(&m, a);
    while (*p != '\0') {
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        char *value = pav_arena_strndup(a, p + name + (name < len),
                                        len - name - (name < len));

        (void)pav_url_decode(value);
        pav_members_puts(&m, pav_arena_utf8(a, p, name),
                         pav_doc_new_cstr(a, utf8(a, value)));
        p += len + (p[len] == '&');
    }
    return pav_members_object(&m);
}

static const struct pav_doc *
request_doc(struct pav_arena *a, const char *name,
            const struct pav_request *req)
{
    const struct pav_doc *json = NULL;
    struct pav_members m, headers;
    const char *body =
        pav_arena_utf8(a, req->body_len == 0 ? "" : req->body, req->body_len);
    int i;

    pav_members_init(&headers, a);
    for (i = 0; i < req->field_count; i++)
        pav_members_puts(&headers, utf8(a, req->fields[i].name),
                         pav_doc_new_cstr(a, utf8(a, req->fields[i].value)));
    pav_members_init(&m, a);
    pav_members_str(&m, "standIn", name);
    pav_members_str(&m, "method", methods[req->method]);
    pav_members_str(&m, "url",
                    pav_arena_printf(a, "%s%s%s", utf8(a, req->path),
                                     *req->query == '\0' ? "" : "?",
                                     req->query));
    pav_members_str(&m, "path", utf8(a, req->path));
    pav_members_puts(&m, "query", query_of(a, utf8(a, req->query)));
    pav_members_puts(&m, "headers", pav_members_object(&headers));
    pav_members_str(&m, "body", body);
    if (pav_doc_parse(a, body, strlen(body), NULL, &json, NULL) == PAV_OK)
        pav_members_puts(&m, "json", json);
    return pav_members_object(&m);
}

/* The daemon of "central.test:80". */
static const struct seat *
seat_of(const struct stand_ins *s, const char *host)
{
    size_t len = strcspn(host, "."), i;

    if (strncmp(host + len, DOMAIN, strlen(DOMAIN)) != 0)
        return NULL;
    for (i = 0; i < s->seat_count; i++)
        if (strlen(s->seats[i].name) == len &&
            memcmp(s->seats[i].name, host, len) == 0)
            return &s->seats[i];
    return NULL;
}

/* "hub.test:80" */
static const struct stand_in *
stand_in_of(const struct stand_ins *s, const char *host)
{
    size_t len = strcspn(host, "."), i;

    if (strncmp(host + len, DOMAIN, strlen(DOMAIN)) != 0)
        return NULL;
    for (i = 0; i < s->count; i++)
        if (strlen(s->v[i].name) == len && memcmp(s->v[i].name, host, len) == 0)
            return &s->v[i];
    return NULL;
}

static const struct pav_doc *
mapping_of(struct stand_ins *s, struct pav_arena *a, const struct stand_in *v,
           const struct pav_doc *request)
{
    const struct pav_doc *best = NULL;
    int64_t least = INT64_MAX;
    uint32_t i;

    for (i = 0; i < v->mappings->len; i++) {
        const struct pav_doc *m = &v->mappings->items[i];
        int64_t priority = pav_doc_get(m, "priority") == NULL
                               ? 5
                               : pav_doc_member_int(m, "priority");

        if (priority < least && is_in_state(s, a, m) &&
            stub_fits(a, m, request)) {
            best = m;
            least = priority;
        }
    }
    return best;
}

/* Earlier ones of the same stand-in, for expressions. */
static const struct pav_doc *
input_of(struct stand_ins *s, struct pav_arena *a,
         const struct pav_doc *request)
{
    const struct pav_doc *name = pav_doc_get(request, "standIn");
    struct pav_items before;
    struct pav_members m;
    uint32_t i;

    pav_items_init(&before, a);
    for (i = 0; i < s->got.count; i++)
        if (pav_doc_equal(pav_doc_get(&s->got.v[i], "standIn"), name))
            pav_items_add(&before, &s->got.v[i]);
    pav_members_init(&m, a);
    pav_members_puts(&m, "request", request);
    pav_members_puts(&m, "requests", pav_items_array(&before));
    return pav_members_object(&m);
}

/* ---- answers, on the thread ---- */

static void
answer_free(struct answer *n)
{
    free(n->type);
    free(n->body);
    free(n->headers);
    free(n->hook_url);
    free(n->hook_body);
    free(n);
}

static void
call_hook(struct stand_ins *s, struct answer *n)
{
    const char *path, *token = NULL;
    const struct seat *seat;
    struct pav_arena a;
    struct pav_answer got;
    struct pav_err err;
    const char *url = n->hook_url;

    if (url == NULL)
        return;
    pav_arena_init(&a, 1024);
    if (strncmp(url, SCHEME, strlen(SCHEME)) == 0) {
        path = url + strlen(SCHEME);
        pthread_mutex_lock(&s->lock);
        seat = seat_of(s, path);
        if (seat != NULL && seat->url != NULL) {
            url = pav_arena_printf(&a, "%s%s", seat->url,
                                   path + strcspn(path, "/"));
            token =
                seat->token == NULL ? NULL : pav_arena_strdup(&a, seat->token);
        }
        pthread_mutex_unlock(&s->lock);
    }
    if (pav_client_ask(url, "application/json", NULL, token, n->hook_body,
                       strlen(n->hook_body), &got, &err) == PAV_OK)
        free(got.body);
    pav_arena_fini(&a);
}

static void
send_due(void *arg)
{
    struct stand_ins *s = arg;
    struct answer **at = &s->answers, *n;
    int64_t now = pav_clock_mono_us(), next = INT64_MAX;

    while ((n = *at) != NULL) {
        struct pav_reply r = {.status = n->status,
                              .type = n->type,
                              .headers = n->headers,
                              .body = n->body,
                              .len = n->len};

        if (n->due_us > now) {
            next = n->due_us < next ? n->due_us : next;
            at = &n->next;
            continue;
        }
        *at = n->next;
        pav_http_reply(s->http, n->ref, &r);
        call_hook(s, n);
        pthread_mutex_lock(&s->lock);
        s->pending--;
        pthread_mutex_unlock(&s->lock);
        answer_free(n);
    }
    if (next != INT64_MAX)
        pav_http_alarm(s->http, (int)((next - now) / 1000) + 1);
}

/* The stand-ins end: nobody waits any more. */
static void
send_all(void *arg, struct pav_node *node)
{
    struct stand_ins *s = arg;
    struct answer *n;

    (void)node;
    for (n = s->answers; n != NULL; n = n->next)
        n->due_us = 0;
    send_due(s);
}

static char *
text_of(struct pav_arena *a, const struct pav_doc *d)
{
    if (d == NULL)
        return pav_xstrdup("");
    return pav_xstrdup(d->kind == PAV_STRING ? pav_doc_str(a, d)
                                             : pav_doc_text(a, d));
}

static void
fill_headers(struct pav_arena *a, struct answer *n,
             const struct pav_doc *headers)
{
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, 1 << 16);
    for (i = 0;
         headers != NULL && headers->kind == PAV_OBJECT && i < headers->len;
         i++) {
        const struct pav_member *h = &headers->members[i];
        const char *value = pav_doc_str(a, &h->value);

        if (h->len == 12 && memcmp(h->key, "Content-Type", 12) == 0) {
            free(n->type);
            n->type = pav_xstrdup(value == NULL ? "" : value);
        } else {
            pav_buf_printf(&b, "%.*s: %s\r\n", (int)h->len, h->key,
                           value == NULL ? pav_doc_text(a, &h->value) : value);
        }
    }
    n->headers = pav_xstrdup(b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
}

static void
fill_hook(struct pav_arena *a, struct answer *n, const struct pav_doc *mapping,
          const struct pav_doc *input)
{
    const struct pav_doc *p =
        pav_doc_get(pav_doc_at(pav_doc_get(mapping, "serveEventListeners"), 0),
                    "parameters");
    const char *url;

    if (p == NULL)
        return;
    p = stub_fill(a, p, input);
    url = pav_doc_member_str(a, p, "url");
    n->hook_url = pav_xstrdup(url == NULL ? "" : url);
    n->hook_body = text_of(a, pav_doc_get(p, "jsonBody") == NULL
                                  ? pav_doc_get(p, "body")
                                  : pav_doc_get(p, "jsonBody"));
}

static void
fill_answer(struct pav_arena *a, struct answer *n,
            const struct pav_doc *mapping, const struct pav_doc *input)
{
    const struct pav_doc *r =
        stub_fill(a, pav_doc_get(mapping, "response"), input);
    const struct pav_doc *json = pav_doc_get(r, "jsonBody");
    int64_t status = pav_doc_member_int(r, "status");
    int64_t delay = pav_doc_member_int(r, "fixedDelayMilliseconds");

    n->status = status == 0 ? 200 : (int)status;
    n->type = pav_xstrdup(json == NULL ? "text/plain" : "application/json");
    n->body = text_of(a, json == NULL ? pav_doc_get(r, "body") : json);
    fill_headers(a, n, pav_doc_get(r, "headers"));
    delay = delay < 0 ? 0 : delay > DELAY_MAX_MS ? DELAY_MAX_MS : delay;
    n->due_us = pav_clock_mono_us() + 1000 * delay;
    fill_hook(a, n, mapping, input);
}

static void
nobody_answers(struct pav_arena *a, struct answer *n, const struct stand_in *v,
               const struct pav_doc *request)
{
    struct pav_members m;

    pav_members_init(&m, a);
    pav_members_str(&m, "message",
                    v == NULL ? "there is no stand-in for this host"
                              : "no mapping fits this request");
    pav_members_puts(&m, "request", request);
    n->status = 404;
    n->type = pav_xstrdup("application/json");
    n->body = text_of(a, pav_members_object(&m));
    n->headers = pav_xstrdup("");
}

#define BEARER "Bearer "

/* A daemon asks another one: handed on, and answered at once. */
static void
hand_on(struct stand_ins *s, const char *to, const struct pav_request *req,
        struct pav_ref ref)
{
    const char *token = pav_request_field(req, "Authorization");
    const char *type = pav_request_field(req, "Content-Type");
    struct pav_reply r = {.status = 503, .type = "text/plain", .body = ""};
    struct pav_answer got = {.body = NULL};
    struct pav_arena a;
    struct pav_err err;

    pav_arena_init(&a, 1 << 14);
    if (token != NULL && strncmp(token, BEARER, strlen(BEARER)) == 0)
        token += strlen(BEARER);
    if (to != NULL &&
        pav_client_ask(
            pav_arena_printf(&a, "%s%s%s%s", to, req->path,
                             *req->query == '\0' ? "" : "?", req->query),
            type == NULL ? "application/json" : type,
            pav_request_field(req, "X-Amz-Target"), token,
            req->method == PAV_POST
                ? pav_arena_strndup(&a, req->body_len == 0 ? "" : req->body,
                                    req->body_len)
                : NULL,
            req->body_len, &got, &err) == PAV_OK) {
        r.status = (int)got.status;
        r.type = "application/json";
        r.body = got.body;
        r.len = got.len;
    }
    pav_http_reply(s->http, ref, &r);
    free(got.body);
    pav_arena_fini(&a);
}

/* True when the host is a daemon's. */
static bool
is_handed_on(struct stand_ins *s, const struct pav_request *req,
             struct pav_ref ref)
{
    const struct seat *seat;
    char *to = NULL;
    bool found;

    pthread_mutex_lock(&s->lock);
    seat = seat_of(s, req->host);
    found = seat != NULL;
    if (found && seat->url != NULL)
        to = pav_xstrdup(seat->url);
    pthread_mutex_unlock(&s->lock);
    if (found)
        hand_on(s, to, req, ref);
    free(to);
    return found;
}

static void
handle(void *arg, const struct pav_request *req, struct pav_ref ref)
{
    struct stand_ins *s = arg;
    const struct stand_in *v = stand_in_of(s, req->host);
    const struct pav_doc *request, *mapping;
    struct answer *n;
    struct pav_arena a;

    if (is_handed_on(s, req, ref))
        return;
    n = pav_xcalloc(1, sizeof(*n));
    pav_arena_init(&a, 1 << 14);
    n->ref = ref;
    pthread_mutex_lock(&s->lock);
    request = request_doc(
        &s->got_arena,
        v == NULL ? pav_arena_strdup(&s->got_arena, req->host) : v->name, req);
    mapping = v == NULL ? NULL : mapping_of(s, &a, v, request);
    if (mapping == NULL) {
        nobody_answers(&a, n, v, request);
    } else {
        fill_answer(&a, n, mapping, input_of(s, &a, request));
        change_state(s, mapping);
    }
    pav_items_add(&s->got, request);
    s->pending++;
    pthread_mutex_unlock(&s->lock);
    n->len = strlen(n->body);
    pav_arena_fini(&a);
    n->next = s->answers;
    s->answers = n;
    send_due(s);
}

/* ---- files ---- */

static enum pav_rc
read_file(struct stand_ins *s, const char *path, const char *name,
          struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    const struct pav_doc *d, *list, *at;
    struct pav_err why;
    char *text = NULL;
    size_t len;
    uint32_t i;
    enum pav_rc rc = PAV_OK;

    for (i = 0; i < s->count; i++)
        if (strcmp(s->v[i].name, name) == 0)
            return pav_fail(err, PAV_INVALID, path,
                            "another system has a stand-in of this name: call "
                            "one of them otherwise");
    rc = pav_file_read(path, FILE_MAX_LEN, &text, &len, err);
    if (rc != PAV_OK)
        return rc;
    rc = pav_doc_parse_copy(&s->arena, text, len, &opts, &d, &why);
    if (rc != PAV_OK)
        rc = pav_fail(err, rc, path, "%s: %s", why.at, why.message);
    list = rc == PAV_OK ? pav_doc_get(d, "mappings") : NULL;
    if (rc == PAV_OK && (list == NULL || list->kind != PAV_ARRAY))
        rc = pav_doc_fail_at(err, path, text, len, d,
                             "\"mappings\", a list, is expected");
    for (i = 0; rc == PAV_OK && i < list->len; i++) {
        if (stub_check(&s->arena, &list->items[i], &at, &why) != PAV_OK)
            rc = pav_doc_fail_at(err, path, text, len, at, why.message);
        scenario_add(
            s, pav_doc_member_str(&s->arena, &list->items[i], "scenarioName"));
    }
    free(text);
    if (rc != PAV_OK)
        return rc;
    s->v = pav_arena_append(&s->arena, s->v, s->count, sizeof(*s->v));
    s->v[s->count++] = (struct stand_in){
        .name = pav_arena_strdup(&s->arena, name), .mappings = list};
    return PAV_OK;
}

static enum pav_rc
read_files(struct stand_ins *s, const char *dir, struct pav_err *err)
{
    const char *folder = pav_arena_printf(&s->arena, "%s/stand-ins", dir);
    DIR *d = opendir(folder);
    struct dirent *e;
    enum pav_rc rc = PAV_OK;

    while (rc == PAV_OK && d != NULL && (e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);

        if (*e->d_name != '.' && len > 5 &&
            strcmp(e->d_name + len - 5, ".json") == 0)
            rc = read_file(
                s, pav_arena_printf(&s->arena, "%s/%s", folder, e->d_name),
                pav_arena_strndup(&s->arena, e->d_name, len - 5), err);
    }
    if (d != NULL)
        closedir(d);
    return rc;
}

/* ---- life ---- */

static size_t
body_max(void *arg, enum pav_method m, const char *path)
{
    (void)arg;
    (void)m;
    (void)path;
    return BODY_MAX;
}

static void *
serve(void *arg)
{
    pav_http_run(((struct stand_ins *)arg)->http);
    return NULL;
}

enum pav_rc
stand_ins_start(const char *const *systems, uint32_t count,
                struct stand_ins **out, struct pav_err *err)
{
    struct stand_ins *s = pav_xcalloc(1, sizeof(*s));
    struct pav_http_config config = {.address = "127.0.0.1",
                                     .max_connections = 4096,
                                     .max_per_address = 4096,
                                     .handle = handle,
                                     .body_max = body_max,
                                     .message = send_all,
                                     .alarm = send_due,
                                     .arg = s};
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    pthread_mutex_init(&s->lock, NULL);
    pav_arena_init(&s->arena, 1 << 14);
    pav_arena_init(&s->got_arena, 1 << 16);
    pav_items_init(&s->got, &s->got_arena);
    for (i = 0; rc == PAV_OK && i < count; i++)
        rc = read_files(s, systems[i], err);
    if (rc == PAV_OK)
        rc = pav_http_new(&config, &s->http, err);
    if (rc == PAV_OK && pthread_create(&s->thread, NULL, serve, s) != 0)
        PAV_BUG("a thread cannot be started");
    if (rc == PAV_OK) {
        *out = s;
        return PAV_OK;
    }
    pav_http_free(s->http);
    s->http = NULL;
    stand_ins_stop(s);
    return rc;
}

enum pav_rc
stand_ins_check(const char *system, struct pav_err *err)
{
    struct stand_ins s = {.count = 0};
    enum pav_rc rc;

    pav_arena_init(&s.arena, 1 << 14);
    rc = read_files(&s, system, err);
    pav_arena_fini(&s.arena);
    return rc;
}

void
stand_ins_stop(struct stand_ins *s)
{
    struct answer *n;
    uint32_t i;

    if (s == NULL)
        return;
    if (s->http != NULL) {
        pav_http_post(s->http, &s->ending);
        pav_http_end(s->http);
        pthread_join(s->thread, NULL);
        pav_http_free(s->http);
    }
    while ((n = s->answers) != NULL) {
        s->answers = n->next;
        answer_free(n);
    }
    pthread_mutex_destroy(&s->lock);
    pav_arena_fini(&s->got_arena);
    for (i = 0; i < s->seat_count; i++) {
        free(s->seats[i].url);
        free(s->seats[i].token);
    }
    pav_arena_fini(&s->arena);
    free(s);
}

int
stand_ins_port(const struct stand_ins *s)
{
    return pav_http_port(s->http);
}

void
stand_ins_daemon(struct stand_ins *s, const char *name, const char *url,
                 const char *token)
{
    struct seat *seat = NULL;
    uint32_t i;

    if (name == NULL)
        name = "pavane";
    pthread_mutex_lock(&s->lock);
    for (i = 0; seat == NULL && i < s->seat_count; i++)
        if (strcmp(s->seats[i].name, name) == 0)
            seat = &s->seats[i];
    if (seat == NULL) {
        s->seats = pav_arena_append(&s->arena, s->seats, s->seat_count,
                                    sizeof(*s->seats));
        seat = &s->seats[s->seat_count++];
        *seat = (struct seat){.name = pav_arena_strdup(&s->arena, name)};
    }
    free(seat->url);
    free(seat->token);
    seat->url = url == NULL ? NULL : pav_xstrdup(url);
    seat->token = token == NULL ? NULL : pav_xstrdup(token);
    pthread_mutex_unlock(&s->lock);
}

bool
stand_ins_busy(struct stand_ins *s)
{
    bool busy;

    pthread_mutex_lock(&s->lock);
    busy = s->pending > 0;
    pthread_mutex_unlock(&s->lock);
    return busy;
}

const struct pav_doc *
stand_ins_requests(struct stand_ins *s, struct pav_arena *a)
{
    const struct pav_doc *list;
    const char *text;

    pthread_mutex_lock(&s->lock);
    list = pav_items_array(&s->got);
    text = pav_doc_text(a, list);
    pthread_mutex_unlock(&s->lock);
    return pav_doc_own(a, text, strlen(text));
}
