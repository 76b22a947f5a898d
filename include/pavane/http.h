/*
 * The HTTP/1.1 server of the front thread: strict framing (RFC 9112 and
 * nothing lenient), ceilings, absolute deadlines, deferred replies.
 *
 * A request is handed to the handler complete; its pointers live for the
 * length of the call.  The reply is given there or later, by reference: when
 * the client has gone meanwhile, a reply goes nowhere.  All functions belong
 * to the front thread, but for pav_http_post() and pav_http_end().
 *
 * Before the handler: any framing error is 400 and close; the Host must be a
 * known one (403), a foreign Origin gets 403, a write without a JSON media type
 * 415, so that no web page can post to a local daemon.
 */
#ifndef PAVANE_HTTP_H
#define PAVANE_HTTP_H

#include "pavane/err.h"
#include "pavane/histogram.h"
#include "pavane/queue.h"

struct pav_http;

struct pav_ref {
    uint32_t slot, generation;
};

enum pav_method {
    PAV_GET,
    PAV_HEAD,
    PAV_POST,
    PAV_PUT,
    PAV_DELETE,
    PAV_OPTIONS
};

struct pav_request {
    enum pav_method method;
    const char *path, *query; /* NUL-terminated; query "" when absent */
    unsigned depth;           /* slashes in the path as it came, less one */
    const char *host;         /* as the client wrote it */
    const char *content_type; /* lower case, without parameters; "" */
    const char *target;       /* X-Amz-Target, "" */
    const char *const *ce;    /* ce-* header names and values by turns, NULL */
    const char *accept;       /* of the last such field; "" */
    const char *cookie, *last_event_id; /* "" */
    const struct pav_guest *guest;      /* as long as the server; NULL: ours */
    const char *encoding;               /* Content-Encoding; "" */
    const char *webhook;                /* WebHook-Request-Origin; "" */
    const char *id;                     /* x-amzn-RequestId of the answer */
    const char *body;
    size_t body_len;
};

/* Another account, known by its token: it may put events, no more. */
struct pav_guest {
    const char *token, *account;
    const char *speaks_for; /* other accounts, by comma, or "*"; NULL: none */
};

struct pav_http_config {
    const char *address;            /* "127.0.0.1" */
    int port;                       /* 0: any */
    const char *hosts;              /* further names, by comma; NULL */
    const char *token;              /* asked of everyone when not NULL */
    const struct pav_guest *guests; /* up to a token of NULL; NULL: none */
    int max_connections, max_per_address;
    /* A complete request. */
    void (*handle)(void *arg, const struct pav_request *req,
                   struct pav_ref ref);
    /* The most bytes that a body may have for this path; 0: none. */
    size_t (*body_max)(void *arg, enum pav_method m, const char *path);
    /* A node that another thread posted; it is the receiver's now. */
    void (*message)(void *arg, struct pav_node *node);
    /* About once a second. */
    void (*tick)(void *arg);
    /* What pav_http_alarm() asked for. */
    void (*alarm)(void *arg);
    void *arg;
};

/* Binds and listens.  Errors: PAV_IO, err->at is the address. */
PAV_MUSTUSE enum pav_rc
pav_http_new(const struct pav_http_config *config, struct pav_http **out,
             struct pav_err *err);
int pav_http_port(const struct pav_http *h);
/* From the loop's thread: other tokens from now on; borrowed, and those before
 * as long as a request may look at them. */
void pav_http_tokens(struct pav_http *h, const char *token,
                     const struct pav_guest *guests);
/* Serve until pav_http_end(), then finish what was begun. */
void pav_http_run(struct pav_http *h);
/* From any thread or signal handler: stop accepting, drain, return. */
void pav_http_end(struct pav_http *h);
void pav_http_free(struct pav_http *h);

/* From any thread: nodes for `message`, as a chain. */
void pav_http_post(struct pav_http *h, struct pav_node *first);

struct pav_reply {
    int status;
    const char *type;    /* "application/json"; NULL: no body */
    const char *headers; /* further lines, each with CRLF; NULL */
    bool forever;        /* it never changes: may be kept for a year */
    const char *body;
    size_t len;
};

/* Copies; goes nowhere when the client has gone. */
void pav_http_reply(struct pav_http *h, struct pav_ref ref,
                    const struct pav_reply *reply);

/* Is the client that a reply is for still there? */
bool pav_http_waits(struct pav_http *h, struct pav_ref ref);

/*
 * Streams: an answer that goes on.  It begins with the bytes of `headers`
 * (lines with CRLF) and ends when the client leaves, falls behind by more than
 * 256 KiB, or takes nothing for 15 s; `put` and `open` then say false.
 */
bool pav_http_stream(struct pav_http *h, struct pav_ref ref, const char *type,
                     const char *headers);
bool pav_http_stream_put(struct pav_http *h, struct pav_ref ref, const char *p,
                         size_t len);
bool pav_http_stream_open(struct pav_http *h, struct pav_ref ref);

/* Call `alarm` once, this much later; nothing when it is set already. */
void pav_http_alarm(struct pav_http *h, int ms);

/* Which class of requests this one is, for the counts; 0 to PAV_ROUTES - 1. */
void pav_http_route(struct pav_http *h, struct pav_ref ref, unsigned route);

#define PAV_ROUTES 8
#define PAV_CODES  4 /* 2xx, 3xx, 4xx, 5xx */

struct pav_http_counts {
    struct pav_histogram took[PAV_ROUTES][PAV_CODES]; /* seconds */
    uint64_t accepted, requests, refused, bad, timed_out, streams_cut;
    uint32_t open, streams;
};
/* Borrowed. */
const struct pav_http_counts *pav_http_counts(const struct pav_http *h);

/* Value of a query parameter, decoded, in `out`; NULL when absent or long. */
const char *
pav_query_get(const char *query, const char *name, char *out, size_t room);
#define PAV_QUERY_VALUE_MAX 4096
/* The n-th value of that name, from 0. */
const char *pav_query_nth(const char *query, const char *name, unsigned nth,
                          char *out, size_t room);
/*
 * False when the query has a name that is none of `names` (NULL at the end), or
 * a value that pav_query_get() cannot give; the name is then in `bad`.
 */
bool pav_query_known(const char *query, const char *const *names, char *bad,
                     size_t room);
/* Append a text, percent-encoded, for a query or a path segment. */
struct pav_buf;
void pav_url_encode(struct pav_buf *b, const char *s, size_t len);
/* In place; false when it is no valid encoding or holds NUL. */
bool pav_url_decode(char *s);

#endif
