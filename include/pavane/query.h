/*
 * A query job: a question answered on a query thread, with its SQL, its view
 * and its rendering; what comes back to the front is finished bytes.
 */
#ifndef PAVANE_QUERY_H
#define PAVANE_QUERY_H

#include "pavane/buf.h"
#include "pavane/reader.h"
#include "pavane/tally.h"

struct pav_query {
    /* given */
    struct pav_reader *reader;
    struct pav_arena *arena;
    const char *path, *query, *host; /* as in the request; path decoded */
    unsigned depth;                  /* of the path, as it was asked */
    void *pages;                     /* the pages' own, of this thread */
    const char *cookie;              /* "" */
    const char *target, *body;       /* of a POST; NULL otherwise */
    size_t body_len;
    const char *region, *account;
    int64_t now_ms;
    const char *feed; /* a page's: all later changes are told behind this place
                       * of the stream; "" when that is not known */
    const struct pav_loss *loss;   /* what was missing at the start */
    const struct pav_tally *tally; /* by rule and target: engine.h */
    const struct pav_doc *limits;  /* of their page, or NULL */
    /* filled in */
    int status;          /* 200 unless set */
    const char *type;    /* "application/json" unless set */
    const char *headers; /* further lines; NULL: none */
    bool forever;        /* the answer never changes */
    struct pav_buf out;
};

typedef void (*pav_query_fn)(struct pav_query *q);

#endif
