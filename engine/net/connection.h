/* A connection, as the server and itself know it. */
#ifndef PAVANE_NET_CONNECTION_H
#define PAVANE_NET_CONNECTION_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <time.h>

#include "io.h"
#include "parse.h"

#define HEAD_S    5
#define ADDRESSES 4096

enum state { CLOSED, READ_HEAD, READ_BODY, WAIT_REPLY, WRITE, STREAM, LINGER };

struct connection {
    struct pav_http *server;
    struct io io;
    uint32_t slot, generation;
    enum state state;
    struct event readable, writable;
    bool reading, writing;
    char *in;
    size_t in_len, in_cap;
    struct head head;
    const void *caller; /* of the request at hand */
    struct chunks chunks;
    size_t body_end; /* in `in`, of the request at hand */
    char *out;
    size_t out_len, out_at, out_cap;
    bool close_after, head_only, refused;
    bool late;       /* it had its time: nobody waits for what it still sends */
    bool ended;      /* it sends no more, and may still listen */
    bool handling;   /* a reply now comes from within the handler */
    size_t heavy;    /* bytes of a large answer that is on its way */
    size_t lingered; /* bytes thrown away */
    int64_t deadline_us, body_from_us;
    int64_t asked_us; /* when the request was complete */
    unsigned route;
    uint64_t address; /* a hash of it */
    unsigned requests;
    char id[37]; /* of the request at hand */
};

struct pav_http {
    struct pav_http_config config;
    struct event_base *base;
    struct event *accepting, *ticking, *posted, *ending, *resuming, *alarm,
        *soon;
    bool soon_is_set;
    struct pav_queue *queue;
    struct connection **slots;
    uint32_t slot_count, free_count, *free_slots;
    int listen_fd, reserve_fd, end_fd, port;
    bool draining;
    int64_t drain_until_us, paused_at_us;
    uint32_t by_address[ADDRESSES];
    size_t heavy; /* bytes of all large answers that are on their way */
    struct pav_http_counts counts;
    uint64_t id_seed, id_count; /* of requests */
    char date[64];
    time_t date_at;
};

/* connection.c */
void on_readable(evutil_socket_t fd, short what, void *arg);
void on_writable(evutil_socket_t fd, short what, void *arg);
void connection_close(struct connection *c);
/* What its deadlines say, about once a second. */
void connection_tick(struct connection *c, int64_t now);
void set_deadline(struct connection *c, int seconds);
void read_on(struct connection *c, bool on);
/* An error of the framing or of access: said, and then the end. */
void refuse(struct connection *c, int status, const char *why);
/* server.c: its slot and its address are free again. */
void server_closed(struct pav_http *h, struct connection *c);

const char *status_reason(int status);

#endif
