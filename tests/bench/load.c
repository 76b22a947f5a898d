/*
 * The load: many orders, four events each, over keep-alive connections.
 *
 *   bench_load --port P [--orders N] [--connections C] [--window W]
 *              [--batch B] [--rate R] [--first S] [--steps K] [--prefix TEXT]
 *
 * Closed loop: each connection has one request in flight and W orders (at
 * least B) in turn; an order's next event leaves only after the one before was
 * answered.  Open loop (--rate, requests a second): a request is due at its
 * time, whether or not the ones before were answered, and its latency counts
 * from then.  --first and --steps choose a part of each order's four events.
 * Prints one JSON object.  Exit code 1 when an answer was not 200.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEPS     4
#define BATCH_MAX 200
#define ROOM      (BATCH_MAX * 1024 + 512)

static const struct {
    const char *source, *type;
} steps[STEPS] = {{"order.service", "OrderReceived"},
                  {"payment.service", "PaymentSettled"},
                  {"shop.service", "ShopAccepted"},
                  {"delivery.service", "ParcelDelivered"}};

struct options {
    int port, connections, window, batch, first, steps;
    long orders;
    double rate;
    const char *prefix;
};

struct slot {
    long order; /* -1: none left */
    int step;
};

struct connection {
    int fd;
    struct slot *slots;
    int slot_count, next; /* in turn */
    int sent[BATCH_MAX], sent_count;
    char *out;
    size_t out_len, out_at;
    char in[4096];
    size_t in_len, body_left;
    bool busy, in_body;
    double since;
};

static struct options o = {.connections = 64,
                           .window = 16,
                           .batch = 1,
                           .steps = STEPS,
                           .orders = 2000,
                           .prefix = "bench"};
static long next_order, events, errors;
static uint32_t *took; /* microseconds */
static size_t took_count, took_cap;

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
die(const char *what)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
    exit(3);
}

/* About 600 bytes, of which the detail has 400. */
static size_t
event_text(char *p, long order, int step)
{
    return (size_t)sprintf(
        p,
        "{\"version\":\"0\",\"id\":\"%s-%ld-%d\",\"detail-type\":\"%s\","
        "\"source\":\"%s\",\"account\":\"000000000000\",\"time\":"
        "\"2026-11-24T10:00:00Z\",\"region\":\"us-east-1\",\"resources\":[],"
        "\"detail\":{\"orderId\":\"%s-%ld\",\"items\":[{\"sku\":\"A-1001\","
        "\"quantity\":2},{\"sku\":\"B-2002\",\"quantity\":1}],\"customer\":{"
        "\"id\":\"c-%ld\",\"name\":\"Marie Exemple\",\"street\":\"12, rue des "
        "Tulipes\",\"city\":\"Luxembourg\",\"zip\":\"L-1234\"},\"amount\":36."
        "99,"
        "\"currency\":\"EUR\",\"channel\":\"web\",\"inTime\":true,\"note\":"
        "\"Ring twice, leave it with the neighbour at number 14 if nobody "
        "answers; the gate is open until nine\"}}",
        o.prefix, order, step, steps[step].type, steps[step].source, o.prefix,
        order, order);
}

static void
slot_fill(struct slot *s)
{
    s->order = next_order < o.orders ? next_order++ : -1;
    s->step = o.first;
}

/* The next event of `batch` orders in turn; false when none is left. */
static bool
request_make(struct connection *c)
{
    static char body[ROOM];
    size_t len = 0;
    int i;

    c->sent_count = 0;
    if (o.batch > 1)
        body[len++] = '[';
    for (i = 0; i < c->slot_count && c->sent_count < o.batch; i++) {
        int at = (c->next + i) % c->slot_count;
        struct slot *s = &c->slots[at];

        if (s->order < 0)
            continue;
        if (c->sent_count > 0)
            body[len++] = ',';
        len += event_text(body + len, s->order, s->step);
        c->sent[c->sent_count++] = at;
    }
    if (c->sent_count == 0)
        return false;
    c->next = (c->sent[c->sent_count - 1] + 1) % c->slot_count;
    if (o.batch > 1)
        body[len++] = ']';
    c->out_len = (size_t)sprintf(
        c->out,
        "POST /events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: "
        "application/json\r\nContent-Length: %zu\r\n\r\n",
        o.port, len);
    memcpy(c->out + c->out_len, body, len);
    c->out_len += len;
    c->out_at = 0;
    c->busy = true;
    return true;
}

static void
send_on(struct connection *c)
{
    ssize_t n =
        send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN)
        die("send");
    if (n > 0)
        c->out_at += (size_t)n;
}

static void
answered(struct connection *c)
{
    int i;

    if (took_count == took_cap) {
        took_cap = took_cap == 0 ? 1 << 16 : took_cap * 2;
        took = realloc(took, took_cap * sizeof(*took));
        if (took == NULL)
            die("memory");
    }
    took[took_count++] = (uint32_t)((now() - c->since) * 1e6);
    events += c->sent_count;
    for (i = 0; i < c->sent_count; i++) {
        struct slot *s = &c->slots[c->sent[i]];

        if (++s->step >= o.first + o.steps)
            slot_fill(s);
    }
    c->busy = false;
}

/* Enough of HTTP: a status, a length, a body that is not looked at. */
static void
receive(struct connection *c)
{
    for (;;) {
        ssize_t n =
            recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len - 1, 0);
        char *end, *length;

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            die("the server closed a connection");
        c->in_len += (size_t)n;
        if (!c->in_body) {
            c->in[c->in_len] = '\0';
            end = strstr(c->in, "\r\n\r\n");
            if (end == NULL)
                continue;
            length = strcasestr(c->in, "content-length:");
            if (strncmp(c->in, "HTTP/1.1 200", 12) != 0)
                errors++;
            c->body_left = length == NULL ? 0 : strtoul(length + 15, NULL, 10);
            c->in_len -= (size_t)(end + 4 - c->in);
            c->in_body = true;
        }
        if (c->in_len < c->body_left) {
            c->body_left -= c->in_len;
            c->in_len = 0;
            continue;
        }
        c->in_len = 0;
        c->in_body = false;
        answered(c);
        return;
    }
}

static void
connection_open(struct connection *c, int epoll)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)o.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    int one = 1, i;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->out = malloc(ROOM);
    c->slot_count = o.window > o.batch ? o.window : o.batch;
    c->slots = calloc((size_t)c->slot_count, sizeof(*c->slots));
    if (c->out == NULL || c->slots == NULL)
        die("memory");
    for (i = 0; i < c->slot_count; i++)
        slot_fill(&c->slots[i]);
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
}

static void
start(struct connection *c, double since, int *busy)
{
    if (!request_make(c))
        return;
    c->since = since;
    ++*busy;
    while (c->out_at < c->out_len)
        send_on(c);
}

static void
run(struct connection *all, int epoll)
{
    struct epoll_event ready[256];
    double begun = now();
    long due = 0;
    int i, n, busy = 0, turn = 0;

    for (i = 0; o.rate <= 0 && i < o.connections; i++)
        start(&all[i], now(), &busy);
    for (;;) {
        bool left = o.rate > 0 && due < o.orders * o.steps / o.batch;

        if (busy == 0 && !left)
            return;
        /* What is due goes out on the next connection that is free. */
        for (i = 0; left && i < o.connections; i++) {
            struct connection *c = &all[turn % o.connections];
            double at = begun + (double)due / o.rate;

            if (now() < at)
                break;
            turn++;
            if (c->busy)
                continue;
            due++;
            start(c, at, &busy);
            left = due < o.orders * o.steps / o.batch;
        }
        n = epoll_wait(epoll, ready, 256, left || busy == 0 ? 1 : -1);
        for (i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;

            receive(c);
            if (c->busy)
                continue;
            busy--;
            if (o.rate <= 0)
                start(c, now(), &busy);
        }
    }
}

static int
by_size(const void *x, const void *y)
{
    const uint32_t *a = x, *b = y;

    return *a < *b ? -1 : *a > *b;
}

static double
quantile(double share)
{
    return took_count == 0
               ? 0
               : took[(size_t)((double)(took_count - 1) * share)] / 1e3;
}

static void
options_read(int argc, char **argv)
{
    int i;

    for (i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];

        if (strcmp(name, "--port") == 0)
            o.port = atoi(value);
        else if (strcmp(name, "--orders") == 0)
            o.orders = atol(value);
        else if (strcmp(name, "--connections") == 0)
            o.connections = atoi(value);
        else if (strcmp(name, "--window") == 0)
            o.window = atoi(value);
        else if (strcmp(name, "--batch") == 0)
            o.batch = atoi(value);
        else if (strcmp(name, "--rate") == 0)
            o.rate = atof(value);
        else if (strcmp(name, "--first") == 0)
            o.first = atoi(value);
        else if (strcmp(name, "--steps") == 0)
            o.steps = atoi(value);
        else if (strcmp(name, "--prefix") == 0)
            o.prefix = value;
        else
            break;
    }
    if (i != argc || o.port == 0 || o.batch < 1 || o.batch > BATCH_MAX ||
        o.first + o.steps > STEPS) {
        fputs("usage: bench_load --port P [--orders N] [--connections C] "
              "[--window W] [--batch B] [--rate R] [--first S] [--steps K] "
              "[--prefix TEXT]\n",
              stderr);
        exit(2);
    }
}

int
main(int argc, char **argv)
{
    struct connection *all;
    int epoll = epoll_create1(EPOLL_CLOEXEC), i;
    double begun, seconds;

    options_read(argc, argv);
    all = calloc((size_t)o.connections, sizeof(*all));
    if (all == NULL || epoll < 0)
        die("start");
    for (i = 0; i < o.connections; i++)
        connection_open(&all[i], epoll);
    begun = now();
    run(all, epoll);
    seconds = now() - begun;
    qsort(took, took_count, sizeof(*took), by_size);
    printf("{\"events\":%ld,\"requests\":%zu,\"errors\":%ld,\"seconds\":%.3f,"
           "\"eventsPerSecond\":%.0f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n",
           events, took_count, errors, seconds, (double)events / seconds,
           quantile(0.5), quantile(0.99), quantile(1));
    return errors > 0;
}
