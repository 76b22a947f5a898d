/*
 * A connection: what it reads, what it writes, and until when.
 *
 * Its input is one buffer: the head, then the body behind it.  While a request
 * waits for its reply, what a client sends ahead stays in the buffer; when the
 * buffer is full, nobody reads.
 *
 *   READ_HEAD -> READ_BODY -> WAIT_REPLY -> WRITE -> READ_HEAD | closed
 *                                        -> STREAM -> closed
 *
 * A refused request ends in LINGER: what its client still sends is read and
 * thrown away for a while, or a reset would take the answer from it.  One that
 * had its time closes at once.
 *
 * H1  Deadlines are absolute: a byte now and then does not extend them.
 * H2  A slot's generation grows when its connection closes: old references
 *     find nobody.
 * H3  A stream's reader that falls behind is cut off: it comes back and is
 *     told what it missed, or that it missed too much.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pavane/buf.h"
#include "pavane/clock.h"
#include "pavane/log.h"
#include "pavane/mem.h"
#include "connection.h"

#define BODY_S        30
#define BODY_GRACE_S  5
#define BODY_RATE     1024 /* bytes a second that a body must bring */
#define IDLE_S        60
#define STALL_S       15
#define REPLY_S       60
#define SLOWEST       (64 * 1024) /* bytes a second that a reader must take */
#define LINGER_S      3
#define LINGER_MAX    (16u << 20)
#define FIRST_BUFFER  4096
#define READ_AHEAD    (64 * 1024)
#define MAX_REQUESTS  10000
#define STREAM_MAX    (256 * 1024) /* unsent bytes of a stream: H3 */
#define STREAM_KERNEL (64 * 1024)  /* that the kernel holds of it */
#define HEAVY         (1u << 20)   /* an answer of that many bytes */
#define HEAVY_MAX     (256u << 20) /* of all such that are unsent */
#define NEVER         INT64_MAX

static void process(struct connection *c);
static void heavy_sent(struct connection *c);
static void stream_sent(struct connection *c);

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

void
set_deadline(struct connection *c, int seconds)
{
    c->deadline_us = pav_clock_mono_us() + (int64_t)seconds * 1000000;
}

void
connection_close(struct connection *c)
{
    struct pav_http *h = c->server;

    if (c->state == CLOSED)
        return;
    if (c->reading)
        event_del(&c->readable);
    if (c->writing)
        event_del(&c->writable);
    heavy_sent(c);
    if (c->state == STREAM)
        h->counts.streams--;
    c->io.kind->close(&c->io);
    free(c->in);
    free(c->out);
    c->in = c->out = NULL;
    c->in_len = c->in_cap = c->out_len = c->out_cap = c->out_at = 0;
    c->state = CLOSED;
    c->generation++; /* H2 */
    server_closed(h, c);
}

void
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

static struct connection *
connection_of(struct pav_http *h, struct pav_ref ref, enum state state)
{
    struct connection *c = ref.slot < h->slot_count ? h->slots[ref.slot] : NULL;

    return c != NULL && c->generation == ref.generation && c->state == state
               ? c
               : NULL;
}

/* ---- writing ---- */

static void
request_over(struct connection *c)
{
    size_t rest;

    c->out_len = c->out_at = 0;
    heavy_sent(c);
    if (c->out_cap > READ_AHEAD) {
        free(c->out);
        c->out = NULL;
        c->out_cap = 0;
    }
    if ((c->refused || (c->close_after && c->in_len > c->body_end)) &&
        !c->late && !c->server->draining) {
        c->state = LINGER;
        c->lingered = 0;
        c->io.kind->end(&c->io);
        set_deadline(c, LINGER_S);
        read_on(c, true);
        return;
    }
    if (c->close_after || c->late || c->server->draining) {
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
    read_on(c, !c->ended);
}

/* Write what there is; true when all of it went out. */
static bool
flush_out(struct connection *c)
{
    while (c->out_at < c->out_len) {
        ssize_t n = c->io.kind->send(&c->io, c->out + c->out_at,
                                     c->out_len - c->out_at);

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
        if (c->state == STREAM)
            set_deadline(c, STALL_S); /* it takes what it is sent */
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
out_text(struct connection *c, const char *text)
{
    out_put(c, text, strlen(text));
}

static void
out_number(struct connection *c, size_t n)
{
    char digits[24], *p = digits + sizeof(digits);

    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    out_put(c, p, (size_t)(digits + sizeof(digits) - p));
}

/* Piece by piece: a format costs more than all of it. */
static void
put_reply(struct connection *c, const struct pav_reply *r)
{
    out_text(c, "HTTP/1.1 ");
    out_number(c, (size_t)r->status);
    out_text(c, " ");
    out_text(c, status_reason(r->status));
    out_text(c, "\r\nDate: ");
    out_text(c, date_now(c->server));
    out_text(c, "\r\nContent-Length: ");
    out_number(c, r->len);
    out_text(c, r->forever ? "\r\nX-Content-Type-Options: nosniff\r\n"
                             "Cache-Control: public, max-age=31536000, "
                             "immutable\r\n"
                           : "\r\nX-Content-Type-Options: nosniff\r\n"
                             "Cache-Control: no-store\r\n");
    if (r->type != NULL) {
        out_text(c, "Content-Type: ");
        out_text(c, r->type);
        out_text(c, "\r\n");
    }
    out_text(c, "x-amzn-RequestId: ");
    out_text(c, c->id);
    out_text(c, "\r\n");
    if (c->close_after)
        out_text(c, "Connection: close\r\n");
    if (r->headers != NULL)
        out_text(c, r->headers);
    if (r->status == 503 || r->status == 429)
        out_text(c, "Retry-After: 1\r\n");
    out_text(c, "\r\n");
    if (!c->head_only)
        out_put(c, r->body, r->len);
}

static struct pav_request
request_of(const struct connection *c)
{
    struct pav_request req = {.method = c->head.method,
                              .path = c->head.path,
                              .query = c->head.query,
                              .depth = c->head.depth,
                              .host = c->head.host,
                              .content_type = c->head.content_type,
                              .fields = c->head.fields,
                              .field_count = c->head.field_count,
                              .caller = c->caller,
                              .id = c->id,
                              .body = ""};

    return req;
}

static void
count_reply(struct connection *c, const struct pav_reply *r)
{
    const struct pav_http_config *config = &c->server->config;
    int64_t us = pav_clock_mono_us() - c->asked_us;
    int code = r->status / 100 - 2;
    struct pav_request req;

    if (code >= 0 && code < PAV_CODES)
        pav_histogram_add(&c->server->counts.took[c->route][code],
                          pav_bounds_seconds, (double)us / 1e6);
    if (config->answered == NULL)
        return;
    req = request_of(c);
    config->answered(config->arg, &req, r->status, r->len, us);
}

void
pav_http_route(struct pav_http *h, struct pav_ref ref, unsigned route)
{
    struct connection *c = connection_of(h, ref, WAIT_REPLY);

    PAV_ASSERT(route < PAV_ROUTES);
    if (c != NULL)
        c->route = route;
}

static void
reply_now(struct connection *c, const struct pav_reply *r)
{
    if (c->state == WAIT_REPLY)
        count_reply(c, r);
    c->state = WRITE;
    /* H1: for a large answer more, but never again for each piece of it. */
    set_deadline(c, STALL_S + (int)(r->len / SLOWEST));
    put_reply(c, r);
    if (flush_out(c))
        request_over(c);
}

/* Large answers that nobody reads must not fill the memory. */
static const struct pav_reply *
if_there_is_room(struct pav_http *h, struct connection *c,
                 const struct pav_reply *reply)
{
    static const struct pav_reply busy = {
        .status = 503,
        .type = "application/json",
        .body = "{\"error\":\"busy\",\"message\":\"too many large answers "
                "are on their way\"}\n",
        .len = 69};

    if (reply->len < HEAVY)
        return reply;
    if (h->heavy + reply->len > HEAVY_MAX)
        return &busy;
    c->heavy = reply->len;
    h->heavy += reply->len;
    return reply;
}

static void
heavy_sent(struct connection *c)
{
    c->server->heavy -= c->heavy;
    c->heavy = 0;
}

void
pav_http_reply(struct pav_http *h, struct pav_ref ref,
               const struct pav_reply *reply)
{
    struct connection *c = connection_of(h, ref, WAIT_REPLY);

    if (c == NULL)
        return; /* the client has gone; what it caused stays */
    reply_now(c, if_there_is_room(h, c, reply));
    if (c->generation == ref.generation && !c->handling)
        process(c);
}

bool
pav_http_waits(struct pav_http *h, struct pav_ref ref)
{
    const struct connection *c = connection_of(h, ref, WAIT_REPLY);

    return c != NULL && !c->ended;
}

/* In the form of a UUID; one seed a process, so that it costs little. */
static void
name_request(struct connection *c)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t half[2] = {c->server->id_seed, ++c->server->id_count};
    int i, at = 0;

    half[0] ^= half[1] * 0x9E3779B97F4A7C15u;
    for (i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            c->id[at++] = '-';
        c->id[at++] = digits[half[i / 16] >> (60 - i % 16 * 4) & 15];
    }
    c->id[at] = '\0';
}

void
refuse(struct connection *c, int status, const char *why)
{
    struct pav_buf b;
    struct pav_reply r = {.status = status, .type = "application/json"};

    name_request(c);
    if (status == 401)
        r.headers = "WWW-Authenticate: Bearer realm=\"pavane\"\r\n";
    if (status == 501)
        r.headers = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n";
    if (status == 415)
        r.headers = "Accept-Encoding: identity\r\n";
    if (status == 401 || status == 403)
        pav_log(PAV_LOG_WARN, NULL, "request %s refused with %d: %s", c->id,
                status, why);

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
    struct pav_request req = request_of(c);

    PAV_ASSERT(c->state == READ_BODY);
    req.body = c->in + c->head.bytes;
    req.body_len = body_len;
    h->counts.requests++;
    name_request(c);
    c->state = WAIT_REPLY;
    c->head_only = c->head.method == PAV_HEAD;
    c->close_after =
        !c->head.keep_alive || h->draining || ++c->requests >= MAX_REQUESTS;
    set_deadline(c, REPLY_S);
    c->asked_us = c->deadline_us - REPLY_S * 1000000LL;
    c->route = 0;
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
    struct pav_request req = request_of(c);
    const char *why = "";
    int status = h->config.admit == NULL
                     ? 0
                     : h->config.admit(h->config.arg, &req, &c->caller, &why);

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
    c->body_from_us = pav_clock_mono_us();
    set_deadline(c, BODY_S);
    memset(&c->chunks, 0, sizeof(c->chunks));
    c->chunks.from = c->chunks.out = c->head.bytes;
    if (c->head.expect_continue && (c->head.length > 0 || c->head.chunked)) {
        out_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (flush_out(c))
            c->out_len = c->out_at = 0; /* or the rest goes first */
        else if (c->state == CLOSED)
            return false;
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
    for (i = 0; i < h->field_count; i++) {
        MOVE(h->fields[i].name);
        MOVE(h->fields[i].value);
    }
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
        return "only GET, HEAD, POST, PUT, DELETE and OPTIONS are understood";
    case 505:
        return "only HTTP/1.1 and HTTP/1.0 are understood";
    default:
        return "the request is malformed";
    }
}

/* Requests that came in one piece are taken one after the other, not nested. */
static void
take_requests(struct connection *c)
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
process(struct connection *c)
{
    take_requests(c);
    if (c->ended && (c->state == READ_HEAD || c->state == READ_BODY))
        connection_close(c); /* what is there will never be whole */
}

static void
throw_away(struct connection *c)
{
    char scratch[16 * 1024];
    ssize_t n = c->io.kind->receive(&c->io, scratch, sizeof(scratch));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->lingered += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->lingered > LINGER_MAX)
        connection_close(c);
}

void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    ssize_t n;
    size_t room;

    (void)fd;
    (void)what;
    if (c->state == LINGER || c->state == STREAM ||
        (c->state == WRITE && c->refused)) {
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
        if (c->state == READ_HEAD)
            in_reserve(c, c->in_cap + READ_AHEAD);
        else
            grow_for_body(c, c->in_cap + READ_AHEAD);
    }
    room = c->in_cap - c->in_len;
    n = c->io.kind->receive(&c->io, c->in + c->in_len,
                            room < READ_AHEAD ? room : READ_AHEAD);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 && (c->state == WAIT_REPLY || c->state == WRITE)) {
        c->ended = true;
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

void
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
    } else if (c->state == STREAM) {
        stream_sent(c);
    }
}

/* ---- streams ---- */

static void
stream_sent(struct connection *c)
{
    c->out_len = c->out_at = 0;
    c->deadline_us = NEVER;
}

bool
pav_http_stream(struct pav_http *h, struct pav_ref ref, const char *type,
                const char *headers)
{
    struct connection *c = connection_of(h, ref, WAIT_REPLY);
    int n, kernel = STREAM_KERNEL;
    char head[1024];

    if (c == NULL)
        return false;
    n = snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: %s\r\n"
                 "X-Content-Type-Options: nosniff\r\nCache-Control: "
                 "no-store\r\nConnection: close\r\n%s\r\n",
                 date_now(h), type, headers);
    c->state = STREAM;
    c->lingered = 0;
    setsockopt(c->io.fd, SOL_SOCKET, SO_SNDBUF, &kernel, sizeof(kernel));
    h->counts.streams++;
    read_on(c, true);
    return pav_http_stream_put(h, ref, head, (size_t)n);
}

bool
pav_http_stream_put(struct pav_http *h, struct pav_ref ref, const char *p,
                    size_t len)
{
    struct connection *c = connection_of(h, ref, STREAM);

    if (c == NULL)
        return false;
    if (c->out_len - c->out_at + len > STREAM_MAX) { /* H3 */
        h->counts.streams_cut++;
        connection_close(c);
        return false;
    }
    if (c->out_at > 0) {
        memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
        c->out_len -= c->out_at;
        c->out_at = 0;
    }
    if (c->out_len == 0)
        set_deadline(c, STALL_S);
    out_put(c, p, len);
    if (flush_out(c))
        stream_sent(c);
    return c->generation == ref.generation;
}

bool
pav_http_stream_open(struct pav_http *h, struct pav_ref ref)
{
    return connection_of(h, ref, STREAM) != NULL;
}

/* ---- deadlines ---- */

static bool
body_is_slow(const struct connection *c, int64_t now)
{
    int64_t seconds = (now - c->body_from_us) / 1000000;
    size_t got = c->in_len - c->head.bytes;

    return c->state == READ_BODY && seconds >= BODY_GRACE_S &&
           got < (size_t)seconds * BODY_RATE;
}

void
connection_tick(struct connection *c, int64_t now)
{
    if (c->state == CLOSED || (now < c->deadline_us && !body_is_slow(c, now)))
        return;
    c->server->counts.timed_out++;
    c->late = true;
    if ((c->state == READ_HEAD && c->in_len > 0) || c->state == READ_BODY)
        refuse(c, 408, "the request took too long");
    else if (c->state == WAIT_REPLY)
        refuse(c, 503,
               "no answer came in time; an event that was sent "
               "may have been kept");
    else
        connection_close(c);
}
