/*
 * Outbound HTTP on the front thread: libcurl's multi interface on libevent.
 *
 * A request is copied, sent, and answered once through `done`.  No redirects
 * are followed, and the answer has a ceiling and a deadline.
 *
 * The one gate for all that goes out:
 * O1  Header fields are made by pav_headers_set() alone, which refuses names
 *     that are no tokens, values with control characters, and the fields that
 *     frame a request or name its host.
 * O2  The address that the host's name came out as is looked at before it is
 *     connected to: private and link-local ones are refused unless the caller
 *     allows them.  Connections are kept open for those who may apart from
 *     those for who may not, so a connection that is used again was looked at
 *     for its kind.
 */
#ifndef PAVANE_OUTBOUND_H
#define PAVANE_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pavane/http.h"
#include "pavane/mem.h"

/* Lines "Name: value"; one of a name, whatever its case. */
#define PAV_HEADERS_MAX 100
struct pav_headers {
    const char *lines[PAV_HEADERS_MAX];
    int count;
};

/* Does it frame a request, or is it otherwise Pavane's alone? */
bool pav_header_is_reserved(const char *name);
/* O1.  One of the same name is replaced.  Errors: PAV_INVALID, `at` being the
 * name as far as it can be shown; PAV_LIMIT: too many. */
PAV_MUSTUSE enum pav_rc
pav_headers_set(struct pav_headers *h, struct pav_arena *a, const char *name,
                const char *value, struct pav_err *err);

/* The key by which a receiver knows the same request sent again. */
void
pav_headers_key(struct pav_headers *h, struct pav_arena *a, const char *key);

struct pav_outgoing {
    const char *method;                /* "POST" */
    const char *url;                   /* http or https */
    const struct pav_headers *headers; /* NULL: none */
    const char *body;                  /* NULL: none */
    size_t len;
    int64_t timeout_ms;
    size_t answer_max;
    bool private_allowed;
};

struct pav_incoming {
    long status;       /* 0: there was no answer */
    const char *error; /* why there was none; NULL */
    bool timed_out;
    bool refused; /* it cannot succeed later either: O2 */
    const char *body;
    size_t len;
    const char *headers; /* lines with CRLF, as they came */
};

/* Hosts whose names end so are stand-ins: reserved for that by RFC 6761. */
#define PAV_STAND_IN_DOMAIN ".test"

/* The server's loop; ends before it does. */
struct pav_outbound *pav_outbound_new(struct pav_http *h);
/* Where stand-ins are, "ADDRESS:PORT": requests to them are connected there,
 * and may be although it is private.  NULL: there are none. */
void pav_outbound_stand_ins(struct pav_outbound *o, const char *place);
/* What is in progress is dropped: `done` is told NULL, to free what it has. */
void pav_outbound_free(struct pav_outbound *o);
void pav_outbound_send(struct pav_outbound *o, const struct pav_outgoing *out,
                       void (*done)(void *arg, const struct pav_incoming *in),
                       void *arg);

#endif
