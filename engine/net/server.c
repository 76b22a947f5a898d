/*
 * The server: one loop on one thread; who gets a connection, and when it all
 * ends.
 *
 * S1  A client that cannot be served is told so: at the cap of connections, at
 *     the cap of its address, without a descriptor (one is kept in reserve for
 *     that).
 * S2  When many are turned away the listener pauses: nobody makes us spin.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pavane/clock.h"
#include "pavane/digest.h"
#include "pavane/log.h"
#include "pavane/mem.h"
#include "connection.h"
#include "loop.h"

#define DRAIN_S    5
#define ACCEPT_MAX 64  /* connections a wake */
#define AWAY_MAX   16  /* turned away a wake: S2 */
#define PAUSE_MS   100 /* of the listener: S2 */

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
        errno = 0; /* nothing else can be reported to it */
    close(fd);
}

/* S2: for a moment. */
static void
pause_accepting(struct pav_http *h)
{
    struct timeval moment = {0, PAUSE_MS * 1000};
    int64_t now = pav_clock_mono_us();

    if (now - h->paused_at_us > 1000000)
        pav_log(PAV_LOG_WARN, NULL,
                "connections are turned away: %u are open, %llu were refused",
                h->counts.open, (unsigned long long)h->counts.refused);
    h->paused_at_us = now;
    event_del(h->accepting);
    event_add(h->resuming, &moment);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;

    (void)fd;
    (void)what;
    if (!h->draining)
        event_add(h->accepting, NULL);
}

static void
on_soon(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;

    (void)fd;
    (void)what;
    h->soon_is_set = false;
    h->config.passed(h->config.arg);
}

void
pav_http_soon(struct pav_http *h)
{
    if (!h->soon_is_set)
        event_active(h->soon, EV_TIMEOUT, 0); /* behind what is active */
    h->soon_is_set = true;
}

/* S1: the reserved descriptor takes the client to tell it so. */
static bool
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
    return fd >= 0;
}

/* ---- how many come from one address ---- */

static uint64_t
address_hash(const struct sockaddr_storage *a)
{
    const unsigned char *p;
    uint64_t hash = 1469598103934665603u;
    size_t i, len;

    if (a->ss_family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)a)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(v6);

        p = v6->s6_addr + (mapped ? 12 : 0);
        len = mapped ? 4 : 8; /* a site's share of the network */
    } else {
        p = (const void *)&((const struct sockaddr_in *)a)->sin_addr;
        len = 4;
    }
    for (i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

/* Two addresses that share a counter share its room: rare, and harmless. */
static uint32_t *
address_count(struct pav_http *h, uint64_t hash)
{
    return &h->by_address[(hash ^ hash >> 32) % ADDRESSES];
}

void
server_closed(struct pav_http *h, struct connection *c)
{
    h->counts.open--;
    --*address_count(h, c->address);
    h->free_slots[h->free_count++] = c->slot;
}

static void
accept_connection(struct pav_http *h, int fd, uint64_t address)
{
    struct connection *c = slot_take(h);
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->io.kind = &io_plain;
    c->io.fd = fd;
    c->address = address;
    c->state = READ_HEAD;
    c->requests = 0;
    c->body_end = 0;
    c->close_after = c->head_only = c->refused = c->ended = c->late = false;
    c->reading = c->writing = false;
    event_assign(&c->readable, h->base, fd, EV_READ | EV_PERSIST, on_readable,
                 c);
    event_assign(&c->writable, h->base, fd, EV_WRITE | EV_PERSIST, on_writable,
                 c);
    set_deadline(c, HEAD_S);
    read_on(c, true);
    ++*address_count(h, address);
    h->counts.accepted++;
    h->counts.open++;
}

static void
on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
    struct pav_http *h = arg;
    int i, away = 0;

    (void)what;
    for (i = 0; i < ACCEPT_MAX && away < AWAY_MAX; i++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof(from);
        int fd = accept4((int)listen_fd, (struct sockaddr *)&from, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        uint64_t address = address_hash(&from);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
            away = out_of_descriptors(h) ? away + 1 : AWAY_MAX;
        } else if (fd < 0) {
            break;
        } else if (h->counts.open >= (uint32_t)h->config.max_connections ||
                   *address_count(h, address) >=
                       (uint32_t)h->config.max_per_address) {
            turn_away(fd);
            h->counts.refused++;
            away++;
        } else {
            accept_connection(h, fd, address);
        }
    }
    if (away >= AWAY_MAX)
        pause_accepting(h);
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
    for (i = 0; i < h->slot_count; i++)
        connection_tick(h->slots[i], now);
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
        if (h->slots[i]->state == STREAM ||
            (h->slots[i]->state == READ_HEAD && h->slots[i]->in_len == 0))
            connection_close(h->slots[i]);
    if (h->counts.open == 0)
        event_base_loopbreak(h->base);
}

static void
on_alarm(evutil_socket_t fd, short what, void *arg)
{
    struct pav_http *h = arg;

    (void)fd;
    (void)what;
    h->config.alarm(h->config.arg);
}

void
pav_http_alarm(struct pav_http *h, int ms)
{
    struct timeval when = {ms / 1000, ms % 1000 * 1000};

    if (!event_pending(h->alarm, EV_TIMEOUT, NULL))
        event_add(h->alarm, &when);
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
    h->counts.open_max = (uint32_t)config->max_connections;
    pav_random(&h->id_seed, sizeof(h->id_seed));
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
    h->resuming = event_new(h->base, -1, 0, on_resume, h);
    h->alarm = event_new(h->base, -1, 0, on_alarm, h);
    h->soon = event_new(h->base, -1, 0, on_soon, h);
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

const struct pav_http_counts *
pav_http_counts(const struct pav_http *h)
{
    return &h->counts;
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
    event_free(h->resuming);
    event_free(h->alarm);
    event_free(h->soon);
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

struct event_base *
http_loop(struct pav_http *h)
{
    return h->base;
}
