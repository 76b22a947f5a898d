/* Outbound HTTP: see pavane/outbound.h. */
#include "pavane/outbound.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pavane/buf.h"
#include "loop.h"

#define CONNECTIONS 256
#define HEADERS_MAX (64 * 1024)

struct transfer {
    struct transfer *next, **link;
    struct pav_outbound *owner;
    struct pool *pool;
    CURL *curl;
    struct curl_slist *headers, *connect_to;
    char *body;
    struct pav_buf answer, answer_headers;
    bool private_allowed, refused_address;
    void (*done)(void *arg, const struct pav_incoming *in);
    void *arg;
};

/* O2: whose connections are kept together. */
struct pool {
    struct pav_outbound *owner;
    CURLM *multi;
    struct event *timer;
};

struct pav_outbound {
    struct pav_http *server;
    struct pool pools[2]; /* by private_allowed */
    struct transfer *transfers;
    uint32_t count;
    char *stand_ins; /* where they are; NULL: nowhere */
};

struct watched {
    struct event *event;
};

/* ---- which addresses ---- */

static bool
private_v4(uint32_t a)
{
    return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 ||
           a >> 16 == 0xA9FE || a >> 20 == 0xAC1 || a >> 16 == 0xC0A8 ||
           a >> 22 == 0x191 /* 100.64/10 */ || a >> 8 == 0xC00000 ||
           a >> 17 == 0x6309 /* 198.18/15 */ || a >> 28 >= 14;
}

static bool
is_private(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)sa;

        return private_v4(ntohl(in->sin_addr.s_addr));
    }
    if (sa->sa_family == AF_INET6) {
        const struct in6_addr *a =
            &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        uint32_t v4;

        memcpy(&v4, a->s6_addr + 12, 4);
        if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a))
            return private_v4(ntohl(v4));
        return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) ||
               IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_MULTICAST(a) ||
               IN6_IS_ADDR_SITELOCAL(a) || (a->s6_addr[0] & 0xFE) == 0xFC ||
               /* What carries an address of version 4: 64:ff9b::/32,
                * 2002::/16, 2001::/32. */
               (a->s6_addr[0] == 0 && a->s6_addr[1] == 0x64) ||
               (a->s6_addr[0] == 0x20 && a->s6_addr[1] == 2) ||
               (a->s6_addr[0] == 0x20 && a->s6_addr[1] == 1 &&
                a->s6_addr[2] == 0 && a->s6_addr[3] == 0);
    }
    return true;
}

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = arg;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        (!t->private_allowed && is_private(&address->addr))) {
        t->refused_address = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* ---- ends ---- */

static void
transfer_free(struct transfer *t)
{
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    t->owner->count--;
    curl_multi_remove_handle(t->pool->multi, t->curl);
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->connect_to);
    pav_buf_fini(&t->answer);
    pav_buf_fini(&t->answer_headers);
    free(t->body);
    free(t);
}

static void
finish(struct transfer *t, CURLcode code)
{
    struct pav_incoming in = {
        .body = t->answer.p == NULL ? "" : t->answer.p,
        .len = t->answer.len,
        .headers = t->answer_headers.p == NULL ? "" : t->answer_headers.p};

    if (t->answer.over || t->answer_headers.over)
        in.error = "the answer is longer than it may be";
    else if (t->refused_address)
        in.error = "the host's address is private or link-local, which is not "
                   "allowed: name it in \"allow\" of the services file, or "
                   "set \"allowPrivate\"";
    else if (code != CURLE_OK)
        in.error = curl_easy_strerror(code);
    else
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &in.status);
    in.refused = t->refused_address;
    in.timed_out = code == CURLE_OPERATION_TIMEDOUT;
    t->done(t->arg, &in);
    transfer_free(t);
}

static void
look(struct pool *o)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(o->multi, &left)) != NULL) {
        struct transfer *t = NULL;
        CURLcode code = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        finish(t, code);
    }
}

/* ---- libcurl on the loop ---- */

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct pool *o = arg;
    int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
                         (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

    curl_multi_socket_action(o->multi, fd, flags, &running);
    look(o);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pool *o = arg;
    int running;

    (void)fd;
    (void)what;
    curl_multi_socket_action(o->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    look(o);
}

static int
watch_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *socketp)
{
    struct pool *o = arg;
    struct watched *w = socketp;
    short events = (short)(EV_PERSIST | (what != CURL_POLL_OUT ? EV_READ : 0) |
                           (what != CURL_POLL_IN ? EV_WRITE : 0));

    (void)curl;
    if (w != NULL)
        event_free(w->event);
    if (what == CURL_POLL_REMOVE) {
        free(w);
        curl_multi_assign(o->multi, fd, NULL);
        return 0;
    }
    if (w == NULL) {
        w = pav_xcalloc(1, sizeof(*w));
        curl_multi_assign(o->multi, fd, w);
    }
    w->event = event_new(http_loop(o->owner->server), fd, events, on_socket, o);
    event_add(w->event, NULL);
    return 0;
}

static int
set_timer(CURLM *multi, long ms, void *arg)
{
    struct pool *o = arg;
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

    (void)multi;
    if (ms < 0)
        event_del(o->timer);
    else
        event_add(o->timer, &tv);
    return 0;
}

/* ---- transfers ---- */

static size_t
on_bytes(char *p, size_t size, size_t n, void *arg)
{
    struct pav_buf *b = arg;

    pav_buf_put(b, p, size * n);
    return b->over ? 0 : size * n;
}

static void
pool_init(struct pool *o, struct pav_outbound *owner)
{
    o->owner = owner;
    o->multi = curl_multi_init();
    o->timer = event_new(http_loop(owner->server), -1, 0, on_timer, o);
    if (o->multi == NULL || o->timer == NULL)
        PAV_BUG("libcurl cannot start");
    curl_multi_setopt(o->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(o->multi, CURLMOPT_SOCKETDATA, o);
    curl_multi_setopt(o->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(o->multi, CURLMOPT_TIMERDATA, o);
    curl_multi_setopt(o->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)CONNECTIONS);
}

struct pav_outbound *
pav_outbound_new(struct pav_http *h)
{
    struct pav_outbound *o = pav_xcalloc(1, sizeof(*o));

    o->server = h;
    pool_init(&o->pools[0], o);
    pool_init(&o->pools[1], o);
    return o;
}

void
pav_outbound_free(struct pav_outbound *o)
{
    int i;

    if (o == NULL)
        return;
    while (o->transfers != NULL) {
        o->transfers->done(o->transfers->arg, NULL);
        transfer_free(o->transfers);
    }
    for (i = 0; i < 2; i++) {
        curl_multi_cleanup(o->pools[i].multi);
        event_free(o->pools[i].timer);
    }
    free(o->stand_ins);
    free(o);
}

/* ---- O1 ---- */

/* What frames a request, or names its host, is not for others to say. */
bool
pav_header_is_reserved(const char *name)
{
    static const char *const framing[] = {"Host",
                                          "Content-Length",
                                          "Transfer-Encoding",
                                          "Connection",
                                          "Keep-Alive",
                                          "Proxy-Connection",
                                          "Proxy-Authorization",
                                          "Expect",
                                          "TE",
                                          "Trailer",
                                          "Upgrade",
                                          "X-Pavane-Idempotency-Key"};
    size_t i;

    for (i = 0; i < sizeof(framing) / sizeof(framing[0]); i++)
        if (strcasecmp(name, framing[i]) == 0)
            return true;
    return false;
}

static bool
has_control(const char *value)
{
    for (; *value != '\0'; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7F)
            return true;
    return false;
}

static void
put_line(struct pav_headers *h, struct pav_arena *a, const char *name,
         const char *value)
{
    size_t len = strlen(name);
    int i;

    for (i = 0; i < h->count; i++)
        if (strncasecmp(h->lines[i], name, len) == 0 &&
            (h->lines[i][len] == ':' || h->lines[i][len] == ';'))
            break;
    /* libcurl sends a field without a value when ';' stands for it. */
    h->lines[i] = *value == '\0' ? pav_arena_printf(a, "%s;", name)
                                 : pav_arena_printf(a, "%s: %s", name, value);
    h->count += i == h->count;
}

enum pav_rc
pav_headers_set(struct pav_headers *h, struct pav_arena *a, const char *name,
                const char *value, struct pav_err *err)
{
    static const char token[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        "0123456789!#$%&'*+-.^_`|~";

    if (name == NULL || *name == '\0' || strspn(name, token) != strlen(name))
        return pav_fail(err, PAV_INVALID, name,
                        "this is no name of a header field: letters, digits "
                        "and !#$%%&'*+-.^_`|~ make one");
    if (pav_header_is_reserved(name))
        return pav_fail(err, PAV_INVALID, name,
                        "the header field '%s' is set by Pavane alone", name);
    if (value == NULL || has_control(value))
        return pav_fail(err, PAV_INVALID, name,
                        "the value of the header field '%s' has control "
                        "characters, or is no text",
                        name);
    if (h->count == PAV_HEADERS_MAX)
        return pav_fail(err, PAV_LIMIT, name, "at most %d header fields",
                        PAV_HEADERS_MAX);
    put_line(h, a, name, value);
    return PAV_OK;
}

void
pav_headers_key(struct pav_headers *h, struct pav_arena *a, const char *key)
{
    if (h->count == PAV_HEADERS_MAX)
        h->count--;
    put_line(h, a, "X-Pavane-Idempotency-Key", key);
}

/* ---- sending ---- */

/* Else it could bring headers, or a request of its own. */
static bool
is_method(const char *text)
{
    return *text != '\0' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "-") == strlen(text);
}

static void
set_request(struct transfer *t, const struct pav_outgoing *out)
{
    CURL *c = t->curl;

    curl_easy_setopt(c, CURLOPT_URL, out->url);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST,
                     is_method(out->method) ? out->method : "INVALID");
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)out->timeout_ms);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    if (t->body != NULL) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)out->len);
    }
    if (strcmp(out->method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
}

void
pav_outbound_stand_ins(struct pav_outbound *o, const char *place)
{
    free(o->stand_ins);
    o->stand_ins = place == NULL ? NULL : pav_xstrdup(place);
}

/* "http://hub.test/x" */
static bool
is_stand_in(const char *url)
{
    size_t domain = strlen(PAV_STAND_IN_DOMAIN), len;
    const char *host = strstr(url, "://");

    if (host == NULL)
        return false;
    host += 3;
    len = strcspn(host, ":/?#");
    return len > domain &&
           memcmp(host + len - domain, PAV_STAND_IN_DOMAIN, domain) == 0;
}

static void
connect_to_stand_in(struct transfer *t, const char *place)
{
    char to[256];

    snprintf(to, sizeof(to), "::%.200s", place); /* whatever host and port */
    t->connect_to = curl_slist_append(NULL, to);
    curl_easy_setopt(t->curl, CURLOPT_CONNECT_TO, t->connect_to);
}

void
pav_outbound_send(struct pav_outbound *o, const struct pav_outgoing *out,
                  void (*done)(void *arg, const struct pav_incoming *in),
                  void *arg)
{
    struct transfer *t = pav_xcalloc(1, sizeof(*t));
    bool stand_in = o->stand_ins != NULL && is_stand_in(out->url);
    int i;

    t->owner = o;
    t->done = done;
    t->arg = arg;
    t->private_allowed = out->private_allowed || stand_in;
    t->pool = &o->pools[t->private_allowed];
    t->link = &o->transfers;
    t->next = o->transfers;
    if (t->next != NULL)
        t->next->link = &t->next;
    o->transfers = t;
    o->count++;
    t->curl = curl_easy_init();
    if (t->curl == NULL)
        PAV_BUG("libcurl cannot start");
    pav_buf_init(&t->answer, out->answer_max);
    pav_buf_init(&t->answer_headers, HEADERS_MAX);
    for (i = 0; out->headers != NULL && i < out->headers->count; i++)
        t->headers = curl_slist_append(t->headers, out->headers->lines[i]);
    t->headers = curl_slist_append(t->headers, "Expect:");
    if (out->body != NULL) {
        t->body = pav_xmalloc(out->len + 1);
        memcpy(t->body, out->body, out->len);
    }
    set_request(t, out);
    if (stand_in)
        connect_to_stand_in(t, o->stand_ins);
    curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, &t->answer);
    curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_bytes);
    curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, &t->answer_headers);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
    if (curl_multi_add_handle(t->pool->multi, t->curl) != CURLM_OK)
        PAV_BUG("libcurl takes no more transfers");
}
