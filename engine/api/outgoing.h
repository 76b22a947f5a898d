/*
 * A request on its way out, as tasks (calls.c) and deliveries (deliveries.c)
 * make it: header fields and query parameters of which each name stands once,
 * and a connection that authorises it.  What the connection says replaces what
 * anybody else said by the same name.
 */
#ifndef PAVANE_OUTGOING_H
#define PAVANE_OUTGOING_H

#include "pavane/api.h"
#include "pavane/outbound.h"

#define QUERY_MAX 100

struct outgoing {
    struct pav_api *api;
    struct pav_arena *a; /* lives as long as the request */
    struct pav_headers headers;
    struct {
        const char *name, *value;
        size_t len; /* of the name */
    } query[QUERY_MAX];
    int query_count;
    const char *method, *url;
    struct pav_bytes body; /* p NULL: none */
    bool private_allowed;
    int64_t timeout_ms;
    size_t answer_max;
    const char *key;      /* X-Pavane-Idempotency-Key */
    const char *function; /* whose calls are counted; NULL: none's */
    int64_t began_us;
    /* As CreateConnection takes it, with its ARN; NULL: no authorisation. */
    const struct pav_doc *connection;
    /* Reserved header fields are left out instead of refused, as EventBridge
     * does for API destinations. */
    bool strips;
    bool token_was_fresh;
    struct pav_err err; /* rc not PAV_OK: it is not sent, for this reason */
    /* `in` is NULL when the daemon ends: what `arg` has is freed. */
    void (*done)(void *arg, const struct pav_incoming *in);
    /* It was not sent; `again`: later it may be. */
    void (*failed)(void *arg, const char *code, const char *why,
                   bool retryable);
    void *arg;
};

void outgoing_header(struct outgoing *o, const char *name, const char *value);
/* One of the same name is replaced; `more`: it is beside them. */
void outgoing_query(struct outgoing *o, const char *name, size_t len,
                    const char *value, bool more);
/* Sends it, with what its connection adds; a token of OAuth is fetched before.
 * The answer comes to `done`, or `failed` is called, either once. */
void outgoing_send(struct outgoing *o);
/* Its function's calls and their time, behind an answer. */
enum function_count {
    FUNCTION_CALLS,
    FUNCTION_ERRORS,
    FUNCTION_THROTTLED,
    FUNCTION_US
};
void outgoing_count(const struct outgoing *o, const struct pav_incoming *in);
/* Of a queue that is read. */
enum source_count {
    SOURCE_RECEIVED,
    SOURCE_DELETED,
    SOURCE_REFUSED,
    SOURCE_FAILURES
};
void source_count(struct pav_api *api, const char *source,
                  enum source_count what, uint64_t n);
/* On an answer that refuses a token of OAuth (401, 407): true when it is sent
 * again with a fresh one. */
bool outgoing_again(struct outgoing *o, const struct pav_incoming *in);

#endif
