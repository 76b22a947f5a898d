/*
 * The HTTP/1.1 server of the front thread: strict framing (RFC 9112 and
 * nothing lenient), ceilings, absolute deadlines, deferred replies.
 *
 * A request is handed to the handler complete; its pointers live for the
 * length of the call.  The reply is given there or later, by reference: when
 * the client has gone meanwhile, a reply goes nowhere.  All functions belong
 * to the front thread, but for pav_http_post() and pav_http_end().
 *
 * Before the handler: any framing error is 400 and close; then the owner's
 * `admit` is asked, before a body is read.
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

struct pav_field {
    const char *name, *value; /* as they came */
};

struct pav_request {
    enum pav_method method;
    const char *path, *query; /* NUL-terminated; query "" when absent */
    unsigned depth;           /* slashes in the path as it came, less one */
    const char *host;         /* as the client wrote it */
    const char *content_type; /* lower case, without parameters; "" */
    const struct pav_field *fields; /* all of the header, in order */
    int field_count;
    const void *caller; /* what `admit` gave */
    const char *id;     /* x-amzn-RequestId of the answer */
    const char *body;
    size_t body_len;
};

/* The value of the last field of this name, in any case; NULL: none. */
const char *pav_request_field(const struct pav_request *req, const char *name);
/* The same; "": none. */
const char *pav_request_text(const struct pav_request *req, const char *name);

struct pav_http_config {
    const char *address; /* "127.0.0.1" */
    int port;            /* 0: any */
    int max_connections, max_per_address;
    /*
     * A request whose head has come, and no body yet: 0 when it may go on, else
     * the status and a sentence.  `*caller` becomes the request's.  NULL: all
     * may.
     */
    int (*admit)(void *arg, const struct pav_request *req, const void **caller,
                 const char **why);
    /* A complete request. */
    void (*handle)(void *arg, const struct pav_request *req,
                   struct pav_ref ref);
    /* The most bytes that a body may have for this path; 0: none. */
    size_t (*body_max)(void *arg, enum pav_method m, const char *path);
    /* It was answered, after so long; NULL: nobody asks. */
    void (*answered)(void *arg, const struct pav_request *req, int status,
                     size_t bytes, int64_t us);
    /* A node that another thread posted; it is the receiver's now. */
    void (*message)(void *arg, struct pav_node *node);
    /* About once a second. */
    void (*passed)(void *arg); /* see pav_http_soon() */
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
/* Serve until pav_http_end(), then finish what was begun. */
void pav_http_run(struct pav_http *h);
/* From any thread or signal handler: stop accepting, drain, return. */
void pav_http_end(struct pav_http *h);
void pav_http_free(struct pav_http *h);

/* `passed` is called once, behind what is ready in this pass of the loop. */
void pav_http_soon(struct pav_http *h);

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
    uint32_t open, open_max, streams;
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
