/*
 * Outbound HTTP on the front thread: libcurl's multi interface on libevent.
 *
 * A request is copied, sent, and answered once through `done`.  No redirects
 * are followed, the answer has a ceiling and a deadline, and the address that
 * the host's name came out as is looked at before it is connected to: private
 * and link-local ones are refused unless the caller allows them.
 */
#ifndef PAVANE_OUTBOUND_H
#define PAVANE_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pavane/http.h"

struct pav_outbound;

struct pav_outgoing {
    const char *method;         /* "POST" */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value" lines; NULL at the end */
    const char *body;           /* NULL: none */
    size_t len;
    int64_t timeout_ms;
    size_t answer_max;
    bool private_allowed;
};

struct pav_incoming {
    long status;       /* 0: there was no answer */
    const char *error; /* why there was none; NULL */
    bool timed_out;
    const char *body;
    size_t len;
    const char *headers; /* lines with CRLF, as they came */
};

/* The server's loop; ends before it does. */
struct pav_outbound *pav_outbound_new(struct pav_http *h);
/* What is under way is dropped; `done` is not called for it. */
void pav_outbound_free(struct pav_outbound *o);
void pav_outbound_send(struct pav_outbound *o, const struct pav_outgoing *out,
                       void (*done)(void *arg, const struct pav_incoming *in),
                       void *arg);
uint32_t pav_outbound_count(const struct pav_outbound *o);

#endif
