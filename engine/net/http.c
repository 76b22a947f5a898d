/*
 * The server: sockets, buffers, deadlines.  One loop on one thread.
 *
 * A connection is a slot.  Its input is one buffer: the head, then the body
 * behind it.  While a request waits for its reply, what a client sends ahead
 * stays in the buffer; when the buffer is full, nobody reads.
 *
 *   READ_HEAD -> READ_BODY -> WAIT_REPLY -> WRITE -> READ_HEAD | closed
 *
 * A refused request ends in LINGER: what its client still sends is read and
 * thrown away for a while, or a reset would take the answer from it.
 *
 * H1  Deadlines are absolute: a byte now and then does not extend them.
 * H2  A slot's generation grows when its connection closes: old references
 *     find nobody.
 */
#include "pavane/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pavane/buf.h"
#include "pavane/clock.h"
#include "pavane/log.h"
#include "pavane/mem.h"
#include "net_int.h"

#define HEAD_S       5
#define BODY_S       30
#define IDLE_S       60
#define STALL_S      15
#define REPLY_S      60
#define SLOWEST      (64 * 1024) /* bytes a second that a reader must take */
#define DRAIN_S      5
#define LINGER_S     3
#define LINGER_MAX   (16u << 20)
#define FIRST_BUFFER 4096
#define READ_AHEAD   (64 * 1024)
#define MAX_REQUESTS 100000

enum state { CLOSED, READ_HEAD, READ_BODY, WAIT_REPLY, WRITE, LINGER };

struct connection {
    struct pav_http *server;
    int fd;
    uint32_t slot, generation;
    enum state state;
    struct event readable, writable;
    bool reading, writing;
    char *in;
    size_t in_len, in_cap;
    struct head head;
    struct chunks chunks;
    size_t body_end; /* in `in`, of the request at hand */
    char *out;
    size_t out_len, out_at, out_cap;
    bool close_after, head_only, refused;
    bool handling;   /* a reply now comes from within the handler */
    size_t lingered; /* bytes thrown away */
    int64_t deadline_us;
    unsigned requests;
};

struct pav_http {
    struct pav_http_config config;
    struct event_base *base;
    struct event *accepting, *ticking, *posted, *ending;
    struct pav_queue *queue;
    struct connection **slots;
    uint32_t slot_count, free_count, *free_slots;
    int listen_fd, reserve_fd, end_fd, port;
    bool draining;
    int64_t drain_until_us;
    struct pav_http_counts counts;
    char date[64];
    time_t date_at;
};

static void process(struct connection *c);

const char *
status_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {{200, "OK"},
                {303, "See Other"},
                {304, "Not Modified"},
                {400, "Bad Request"},
                {401, "Unauthorized"},
                {403, "Forbidden"},
                {404, "Not Found"},
                {405, "Method Not Allowed"},
                {408, "Request Timeout"},
                {409, "Conflict"},
                {413, "Content Too Large"},
                {414, "URI Too Long"},
                {415, "Unsupported Media Type"},
                {417, "Expectation Failed"},
                {431, "Request Header Fields Too Large"},
                {500, "Internal Server Error"},
                {501, "Not Implemented"},
                {503, "Service Unavailable"},
                {505, "HTTP Version Not Supported"},
                {507, "Insufficient Storage"}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return "Unknown";
}

/* ---- connections ---- */

static void
set_deadline(struct connection *c, int seconds)
{
    c->deadline_us = pav_clock_mono_us() + (int64_t)seconds * 1000000;
}

static void
connection_close(struct connection *c)
{
    struct pav_http *h = c->server;

    if (c->state == CLOSED)
        return;
    if (c->reading)
        event_del(&c->readable);
    if (c->writing)
        event_del(&c->writable);
    close(c->fd);
    free(c->in);
    free(c->out);
    c->in = c->out = NULL;
    c->in_len = c->in_cap = c->out_len = c->out_cap = c->out_at = 0;
    c->state = CLOSED;
    c->generation++; /* H2 */
    h->counts.open--;
    h->free_slots[h->free_count++] = c->slot;
}

static void
read_on(struct connection *c, bool on)
{
    if (on == c->reading)
        return;
    c->reading = on;
    if (on)
        event_add(&c->readable, NULL);
    else
        event_del(&c->readable);
}

static void
in_reserve(struct connection *c, size_t cap)
{
    if (c->in_cap >= cap)
        return;
    c->in = pav_xrealloc(c->in, cap);
    c->in_cap = cap;
}

/* ---- writing ---- */

static void
request_over(struct connection *c)
{
    size_t rest;

    c->out_len = c->out_at = 0;
    if (c->out_cap > READ_AHEAD) {
        free(c->out);
        c->out = NULL;
        c->out_cap = 0;
    }
    if (c->refused && !c->server->draining) {
        c->state = LINGER;
        c->lingered = 0;
        shutdown(c->fd, SHUT_WR);
        set_deadline(c, LINGER_S);
        read_on(c, true);
        return;
    }
    if (c->close_after || c->server->draining) {
        connection_close(c);
        return;
    }
    rest = c->in_len - c->body_end;
    memmove(c->in, c->in + c->body_end, rest);
    c->in_len = rest;
    c->body_end = 0;
    c->state = READ_HEAD;
    set_deadline(c, rest > 0 ? HEAD_S : IDLE_S);
    if (rest == 0 && c->in_cap > READ_AHEAD) {
        free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
    read_on(c, true);
}

/* Write what there is; true when all of it went out. */
static bool
flush_out(struct connection *c)
{
    while (c->out_at < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
                         MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!c->writing) {
                c->writing = true;
                event_add(&c->writable, NULL);
            }
            return false;
        }
        if (n <= 0) {
            connection_close(c);
            return false;
        }
        c->out_at += (size_t)n;
    }
    if (c->writing) {
        c->writing = false;
        event_del(&c->writable);
    }
    return true;
}

static void
out_put(struct connection *c, const void *p, size_t len)
{
    if (c->out_len + len > c->out_cap) {
        size_t cap = c->out_cap == 0 ? 1024 : c->out_cap * 2;

        if (cap < c->out_len + len)
            cap = c->out_len + len;
        c->out = pav_xrealloc(c->out, cap);
        c->out_cap = cap;
    }
    memcpy(c->out + c->out_len, p, len);
    c->out_len += len;
}

static const char *
date_now(struct pav_http *h)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != h->date_at) {
        h->date_at = now;
        gmtime_r(&now, &tm);
        strftime(h->date, sizeof(h->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return h->date;
}

static void
put_reply(struct connection *c, const struct pav_reply *r)
{
    char head[1024];
    int n;

    n = snprintf(head, sizeof(head),
                 "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %zu\r\n"
                 "X-Content-Type-Options: nosniff\r\nCache-Control: "
                 "no-store\r\n%s%s%s%s",
                 r->status, status_reason(r->status), date_now(c->server),
                 r->len, r->type == NULL ? "" : "Content-Type: ",
                 r->type == NULL ? "" : r->type, r->type == NULL ? "" : "\r\n",
                 c->close_after ? "Connection: close\r\n" : "");
    out_put(c, head, (size_t)n);
    if (r->headers != NULL)
        out_put(c, r->headers, strlen(r->headers));
    out_put(c, "\r\n", 2);
    if (!c->head_only)
        out_put(c, r->body, r->len);
}

static void
reply_now(struct connection *c, const struct pav_reply *r)
{
    c->state = WRITE;
    /* H1: for a large answer more, but never again for each piece of it. */
    set_deadline(c, STALL_S + (int)(r->len / SLOWEST));
    put_reply(c, r);
    if (flush_out(c))
        request_over(c);
}

void
pav_http_reply(struct pav_http *h, struct pav_ref ref,
               const struct pav_reply *reply)
{
    struct connection *c;

    if (ref.slot >= h->slot_count)
        return;
    c = h->slots[ref.slot];
    if (c->generation != ref.generation || c->state != WAIT_REPLY)
        return; /* the client has gone; what it caused stays */
    reply_now(c, reply);
    if (c->generation == ref.generation && !c->handling)
        process(c);
}

/* An error of the framing or of access: said, and then the end. */
static void
refuse(struct connection *c, int status, const char *why)
{
    struct pav_buf b;
    struct pav_reply r = {.status = status, .type = "application/json"};

    c->server->counts.bad++;
    c->close_after = c->refused = true;
    c->head_only = c->head.method == PAV_HEAD;
    pav_buf_init(&b, 4096);
    pav_buf_printf(&b, "{\"error\":\"%s\",\"message\":\"%s\"}\n",
                   status_reason(status), why);
    r.body = b.p;
    r.len = b.len;
    reply_now(c, &r);
    pav_buf_fini(&b);
}

/* ---- requests ---- */

static void
hand_over(struct connection *c, size_t body_len)
{
    struct pav_http *h = c->server;
    struct pav_ref ref = {c->slot, c->generation};
    struct pav_request req = {.method = c->head.method,
                              .path = c->head.path,
                              .query = c->head.query,
                              .host = c->head.host,
                              .content_type = c->head.content_type,
                              .target = c->head.target,
                              .ce = c->head.ce,
                              .body = c->in + c->head.bytes,
                              .body_len = body_len};

    h->counts.requests++;
    c->state = WAIT_REPLY;
    c->head_only = c->head.method == PAV_HEAD;
    c->close_after =
        !c->head.keep_alive || h->draining || ++c->requests >= MAX_REQUESTS;
    set_deadline(c, REPLY_S);
    c->handling = true;
    h->config.handle(h->config.arg, &req, ref);
    c->handling = false;
}

/* The head's strings point into the buffer: it must not move meanwhile. */
static bool
begin_body(struct connection *c)
{
    struct pav_http *h = c->server;
    size_t max =
        h->config.body_max(h->config.arg, c->head.method, c->head.path);
    const char *why;
    int status = access_check(&h->config, &c->head, &why);

    if (status != 0) {
        refuse(c, status, why);
        return false;
    }
    if (c->head.length > max) {
        char text[128];

        snprintf(text, sizeof(text),
                 "the body has %zu bytes, at most %zu are taken here",
                 c->head.length, max);
        refuse(c, 413, text);
        return false;
    }
    c->state = READ_BODY;
    set_deadline(c, BODY_S);
    memset(&c->chunks, 0, sizeof(c->chunks));
    c->chunks.from = c->chunks.out = c->head.bytes;
    if (c->head.expect_continue && (c->head.length > 0 || c->head.chunked)) {
        out_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (!flush_out(c) && c->state == CLOSED)
            return false;
        c->out_len = c->out_at = 0;
    }
    return true;
}

/* Defaults are literals: only what lies in the old buffer moves. */
static void
rebase(struct head *h, uintptr_t from, size_t len, char *to)
{
    int i;

#define MOVE(field)                                                            \
    do {                                                                       \
        uintptr_t at = (uintptr_t)(field);                                     \
        if (at >= from && at < from + len)                                     \
            (field) = to + (at - from);                                        \
    } while (0)
    MOVE(h->path);
    MOVE(h->query);
    MOVE(h->host);
    MOVE(h->content_type);
    MOVE(h->target);
    MOVE(h->origin);
    MOVE(h->authorization);
    for (i = 0; i < 2 * h->ce_count; i++)
        MOVE(h->ce[i]);
#undef MOVE
}

/* Room for what is still to come; the head's strings move along. */
static void
grow_for_body(struct connection *c, size_t cap)
{
    char *old = c->in;
    uintptr_t before = (uintptr_t)old;

    if (c->in_cap >= cap)
        return;
    c->in = pav_xmalloc(cap);
    memcpy(c->in, old, c->in_len);
    c->in_cap = cap;
    rebase(&c->head, before, c->in_len, c->in);
    free(old);
}

static void
process_body(struct connection *c)
{
    size_t max = c->server->config.body_max(c->server->config.arg,
                                            c->head.method, c->head.path);

    if (!c->head.chunked) {
        c->body_end = c->head.bytes + c->head.length;
        if (c->in_len < c->body_end) {
            grow_for_body(c, c->body_end);
            return;
        }
        hand_over(c, c->head.length);
        return;
    }
    switch (chunks_parse(c->in, c->in_len, &c->chunks)) {
    case PARSED_BAD:
        refuse(c, 400, "the chunks of the body are malformed");
        return;
    case PARSED_MORE:
        if (c->chunks.out - c->head.bytes > max || c->chunks.left > max) {
            refuse(c, 413, "the body is larger than is taken here");
            return;
        }
        /* Decoded bytes move up: the rest of the buffer is free again. */
        memmove(c->in + c->chunks.out, c->in + c->chunks.from,
                c->in_len - c->chunks.from);
        c->in_len -= c->chunks.from - c->chunks.out;
        c->chunks.from = c->chunks.out;
        grow_for_body(c, c->in_len + READ_AHEAD);
        return;
    case PARSED_OK:
        if (c->chunks.out - c->head.bytes > max) {
            refuse(c, 413, "the body is larger than is taken here");
            return;
        }
        c->body_end = c->chunks.from;
        hand_over(c, c->chunks.out - c->head.bytes);
        return;
    }
}

static const char *
what_is_wrong(int status)
{
    switch (status) {
    case 413:
        return "the body is larger than is taken here";
    case 414:
        return "the request line is longer than 8192 bytes";
    case 417:
        return "only Expect: 100-continue is understood";
    case 431:
        return "the header is longer than is taken, or has too many fields";
    case 501:
        return "only GET, HEAD and POST are understood";
    case 505:
        return "only HTTP/1.1 and HTTP/1.0 are understood";
    default:
        return "the request is malformed";
    }
}

/* Requests that came in one piece are taken one after the other, not nested. */
static void
process(struct connection *c)
{
    int status = 400;

    while (c->state == READ_BODY || (c->state == READ_HEAD && c->in_len > 0)) {
        if (c->state == READ_HEAD) {
            switch (head_parse(c->in, c->in_len, &c->head, &status)) {
            case PARSED_MORE:
                in_reserve(c, c->in_len + FIRST_BUFFER);
                return;
            case PARSED_BAD:
                c->head.method = PAV_GET;
                refuse(c, status, what_is_wrong(status));
                return;
            case PARSED_OK:
                if (!begin_body(c))
                    return;
                break;
            }
        }
        process_body(c);
        if (c->state == READ_BODY)
            return; /* more must come */
    }
}

static void
throw_away(struct connection *c)
{
    char scratch[16 * 1024];
    ssize_t n = recv(c->fd, scratch, sizeof(scratch), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->lingered += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->lingered > LINGER_MAX)
        connection_close(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    ssize_t n;
    size_t room;

    (void)what;
    if (c->state == LINGER || (c->state == WRITE && c->refused)) {
        throw_away(c);
        return;
    }
    if (c->in == NULL)
        in_reserve(c, FIRST_BUFFER);
    if ((c->state == WAIT_REPLY || c->state == WRITE) &&
        c->in_len - c->body_end >= READ_AHEAD) {
        read_on(c, false); /* it has sent enough ahead */
        return;
    }
    if (c->in_len == c->in_cap) {
        if (c->state == WAIT_REPLY || c->state == WRITE) {
            grow_for_body(c, c->in_cap + READ_AHEAD);
        } else if (c->state == READ_BODY) {
            grow_for_body(c, c->in_cap + READ_AHEAD);
        } else {
            in_reserve(c, c->in_cap + READ_AHEAD);
        }
    }
    room = c->in_cap - c->in_len;
    n = recv(fd, c->in + c->in_len, room < READ_AHEAD ? room : READ_AHEAD, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 && (c->state == WAIT_REPLY || c->state == WRITE)) {
        c->close_after = true; /* it sends no more, and may still listen */
        read_on(c, false);
        return;
    }
    if (n <= 0) {
        connection_close(c);
        return;
    }
    if (c->state == READ_HEAD && c->in_len == 0)
        set_deadline(c, HEAD_S); /* H1: from the first byte on */
    c->in_len += (size_t)n;
    process(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;

    (void)fd;
    (void)what;
    if (!flush_out(c))
        return;
    if (c->state == WRITE) {
        request_over(c);
        process(c);
    }
}

/* ---- accepting ---- */

static struct connection *
slot_take(struct pav_http *h)
{
    struct connection *c;

    if (h->free_count > 0)
        return h->slots[h->free_slots[--h->free_count]];
    h->slots = pav_xrealloc(h->slots, (h->slot_count + 1) * sizeof(*h->slots));
    h->free_slots = pav_xrealloc(h->free_slots,
                                 (h->slot_count + 1) * sizeof(*h->free_slots));
    c = pav_xcalloc(1, sizeof(*c));
    c->server = h;
    c->slot = h->slot_count;
    h->slots[h->slot_count++] = c;
    return c;
}

static void
turn_away(int fd)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
        "Retry-After: 1\r\nContent-Length: 0\r\n\r\n";

    if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        errno = 0; /* nothing else can be said to it */
    close(fd);
}

/* No descriptor is left: the reserved one takes the client to tell it so. */
static void
out_of_descriptors(struct pav_http *h)
{
    int fd;

    close(h->reserve_fd);
    fd = accept4(h->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        turn_away(fd);
        h->counts.refused++;
    }
    h->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
    struct pav_http *h = arg;
    int i, one = 1;

    (void)what;
    for (i = 0; i < 64; i++) {
        int fd =
            accept4((int)listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct connection *c;

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                out_of_descriptors(h);
            return;
        }
        if (h->counts.open >= (uint32_t)h->config.max_connections) {
            turn_away(fd);
            h->counts.refused++;
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        c = slot_take(h);
        c->fd = fd;
        c->state = READ_HEAD;
        c->requests = 0;
        c->body_end = 0;
        c->close_after = c->head_only = c->refused = false;
        c->reading = c->writing = false;
        event_assign(&c->readable, h->base, fd, EV_READ | EV_PERSIST,
                     on_readable, c);
        event_assign(&c->writable, h->base, fd, EV_WRITE | EV_PERSIST,
                     on_writable, c);
        set_deadline(c, HEAD_S);
        read_on(c, true);
        h->counts.accepted++;
        h->counts.open++;
    }
}

/* ---- time, messages, the end ---- */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;
    int64_t now = pav_clock_mono_us();
    uint32_t i;

    (void)fd;
    (void)what;
    for (i = 0; i < h->slot_count; i++) {
        struct connection *c = h->slots[i];

        if (c->state == CLOSED || now < c->deadline_us)
            continue;
        h->counts.timed_out++;
        if ((c->state == READ_HEAD && c->in_len > 0) || c->state == READ_BODY)
            refuse(c, 408, "the request took too long");
        else if (c->state == WAIT_REPLY)
            refuse(c, 503,
                   "no answer came in time; an event that was sent "
                   "may have been kept");
        else
            connection_close(c);
    }
    if (h->draining && (h->counts.open == 0 || now >= h->drain_until_us))
        event_base_loopbreak(h->base);
    if (h->config.tick != NULL)
        h->config.tick(h->config.arg);
}

static void
on_posted(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;
    struct pav_node *n = pav_queue_take(h->queue, 4096, 0), *next;

    (void)fd;
    (void)what;
    for (; n != NULL; n = next) {
        next = n->next;
        h->config.message(h->config.arg, n);
    }
    if (h->draining && h->counts.open == 0)
        event_base_loopbreak(h->base);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;
    uint32_t i;

    (void)fd;
    (void)what;
    if (h->draining)
        return;
    h->draining = true;
    h->drain_until_us = pav_clock_mono_us() + DRAIN_S * 1000000LL;
    event_del(h->ending);
    event_del(h->accepting);
    close(h->listen_fd);
    h->listen_fd = -1;
    for (i = 0; i < h->slot_count; i++)
        if (h->slots[i]->state == READ_HEAD && h->slots[i]->in_len == 0)
            connection_close(h->slots[i]);
    if (h->counts.open == 0)
        event_base_loopbreak(h->base);
}

void
pav_http_end(struct pav_http *h)
{
    uint64_t one = 1;

    if (write(h->end_fd, &one, sizeof(one)) < 0)
        return; /* it was told before */
}

void
pav_http_post(struct pav_http *h, struct pav_node *first)
{
    pav_queue_push_all(h->queue, first);
}

/* ---- life ---- */

static enum pav_rc
listen_at(struct pav_http *h, struct pav_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char port[16], at[300];
    int one = 1, rc;

    snprintf(port, sizeof(port), "%d", h->config.port);
    snprintf(at, sizeof(at), "%s:%s", h->config.address, port);
    rc = getaddrinfo(h->config.address, port, &hints, &found);
    if (rc != 0)
        return pav_fail(err, PAV_IO, at, "no such address: %s",
                        gai_strerror(rc));
    h->listen_fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(h->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (h->listen_fd < 0 ||
        bind(h->listen_fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(h->listen_fd, 1024) != 0) {
        int error = errno;

        freeaddrinfo(found);
        return pav_fail(err, PAV_IO, at,
                        error == EADDRINUSE
                            ? "the port is in use by another program; choose "
                              "another with --listen ADDRESS:PORT (%s)"
                            : "cannot listen there: %s",
                        strerror(error));
    }
    freeaddrinfo(found);
    getsockname(h->listen_fd, (struct sockaddr *)&bound, &len);
    h->port = ntohs(bound.ss_family == AF_INET6
                        ? ((struct sockaddr_in6 *)&bound)->sin6_port
                        : ((struct sockaddr_in *)&bound)->sin_port);
    return PAV_OK;
}

static void
log_from_libevent(int severity, const char *text)
{
    pav_log(severity >= EVENT_LOG_ERR ? PAV_LOG_ERROR : PAV_LOG_DEBUG, NULL,
            "libevent: %s", text);
}

enum pav_rc
pav_http_new(const struct pav_http_config *config, struct pav_http **out,
             struct pav_err *err)
{
    struct pav_http *h = pav_xcalloc(1, sizeof(*h));
    struct timeval second = {1, 0};
    struct event_config *tuning = event_config_new();
    enum pav_rc rc;

    h->config = *config;
    h->listen_fd = h->reserve_fd = h->end_fd = -1;
    rc = listen_at(h, err);
    if (rc != PAV_OK) {
        event_config_free(tuning);
        if (h->listen_fd >= 0)
            close(h->listen_fd);
        free(h);
        return rc;
    }
    event_set_log_callback(log_from_libevent);
    event_config_set_flag(tuning, EVENT_BASE_FLAG_NOLOCK);
    h->base = event_base_new_with_config(tuning);
    event_config_free(tuning);
    PAV_ASSERT(h->base != NULL);
    h->queue = pav_queue_new(SIZE_MAX, true);
    h->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    h->end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    h->accepting =
        event_new(h->base, h->listen_fd, EV_READ | EV_PERSIST, on_accept, h);
    h->posted = event_new(h->base, pav_queue_fd(h->queue), EV_READ | EV_PERSIST,
                          on_posted, h);
    h->ending = event_new(h->base, h->end_fd, EV_READ | EV_PERSIST, on_end, h);
    h->ticking = event_new(h->base, -1, EV_PERSIST, on_tick, h);
    event_add(h->accepting, NULL);
    event_add(h->posted, NULL);
    event_add(h->ending, NULL);
    event_add(h->ticking, &second);
    *out = h;
    return PAV_OK;
}

int
pav_http_port(const struct pav_http *h)
{
    return h->port;
}

void
pav_http_run(struct pav_http *h)
{
    event_base_dispatch(h->base);
}

struct pav_http_counts
pav_http_counts(const struct pav_http *h)
{
    return h->counts;
}

void
pav_http_free(struct pav_http *h)
{
    struct pav_node *n, *next;
    uint32_t i;

    if (h == NULL)
        return;
    for (n = pav_queue_take(h->queue, SIZE_MAX, 0); n != NULL; n = next) {
        next = n->next;
        h->config.message(h->config.arg, n); /* nobody is there any more */
    }
    for (i = 0; i < h->slot_count; i++) {
        connection_close(h->slots[i]);
        free(h->slots[i]);
    }
    event_free(h->accepting);
    event_free(h->posted);
    event_free(h->ending);
    event_free(h->ticking);
    event_base_free(h->base);
    libevent_global_shutdown();
    pav_queue_free(h->queue);
    if (h->listen_fd >= 0)
        close(h->listen_fd);
    close(h->reserve_fd);
    close(h->end_fd);
    free(h->slots);
    free(h->free_slots);
    free(h);
}
