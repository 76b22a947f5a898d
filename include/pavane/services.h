/*
 * Services files: what tasks reach outside, and the local tables.  The
 * operator's and those of systems are one map; a name is mapped once.
 *
 *   { "functions":   {"NAME": "http://127.0.0.1:9000", "*": ...},
 *     "queues":      {"QUEUE URL": "http://...", "*": ...},
 *     "topics":      {"TOPIC ARN": "http://...", "*": ...},
 *     "buses":       {"BUS ARN": "http://other-daemon:8080", "*": ...},
 *     "busTokens":   {"BUS ARN": "the token that it knows us by", "*": ...},
 *     "allow":       ["api.example.com", "127.0.0.1:9000"],
 *     "allowPrivate": false,
 *     "connections": {"ARN": {"type": "BASIC", "username", "password"}
 *                          | {"type": "API_KEY", "name", "value"}},
 *     "tables":      {"NAME": {"key": ["id", "sort"]}},
 *     "concurrency": {"TARGET": 4, "*": 16},
 *     "sources":     {"NAME": {"queue": "http://127.0.0.1:9324/0/orders",
 *                              "bus": "default", "source": "shop",
 *                              "detailType": "Ordered", "batchSize": 10,
 *                              "idleSeconds": 20}},
 *     "logs":        {"GROUP": {"retentionInDays": 30}, "*": ...},
 *     "buckets":     {"BUCKET": {"events": true}},
 *     "sdk":         {"SERVICE" | "SERVICE:ACTION": "http://..."},
 *     "parameters":  {"/name": "text" | {"env": "NAME"} | {"file": "PATH"}},
 *     "secrets":     {"NAME": "text" | {"env": "NAME"} | {"file": "PATH"}},
 *     "timeoutSeconds": 60, "answerBytes": 1048576 }
 *
 * What "sdk" maps is any integration that is served in no other way: its
 * parameters are posted as JSON, with X-Amz-Target: SERVICE.Action.
 *
 * "sources" are queues of SQS's JSON protocol whose messages become events of a
 * bus; "source" and "detailType" are those of a message that is none itself.
 *
 * "concurrency" is how many deliveries of rules and schedules are in flight at
 * once to a target: a function, queue, topic or API destination by its name,
 * any target by its ARN.  One group of a FIFO queue is one at a time, whatever
 * it says.
 *
 * Functions, queues and topics are endpoints that the operator chose: their
 * hosts are allowed.  http:invoke reaches the hosts of "allow" alone.
 */
#ifndef PAVANE_SERVICES_H
#define PAVANE_SERVICES_H

#include "pavane/buf.h"
#include "pavane/doc.h"

struct pav_service_map {
    struct pav_arena arena;
    const struct pav_doc *functions, *queues, *topics, *buses, *bus_tokens,
        *allow, *connections;
    const struct pav_doc *tables, *logs, *sdk, *buckets, *concurrency,
        *sources;                               /* NULL where there are none */
    const struct pav_doc *parameters, *secrets; /* their texts, by name */
    /* What no answer to a reader shows: secrets, parameters that are read from
     * elsewhere, as they look in JSON and HTML too. */
    struct pav_bytes *masked;
    uint32_t masked_count;
    /* What was mapped before, whose secrets stay out of sight; or NULL. */
    const struct pav_service_map *before;
    bool allow_private;
    int64_t timeout_ms;
    size_t answer_max;
    const char **served; /* "lambda:invoke", "ssm:*", ... */
    uint32_t served_count;
};

/* The first path is the operator's, NULL: there is none; the others are those
 * of systems.  `skipped` NULL: all must be fine; else a system's file with a
 * fault is left out, and a line in it says why.  Errors: PAV_IO, PAV_INVALID
 * with the place. */
PAV_MUSTUSE enum pav_rc
pav_service_map_read(const char *const *paths, uint32_t count,
                     struct pav_buf *skipped, struct pav_service_map **out,
                     struct pav_err *err);
/* In what readers get, secrets become "****". */
void pav_service_mask(const struct pav_service_map *m, struct pav_buf *b);
/* S3's actions are served: there is a folder of objects. */
void pav_service_map_objects(struct pav_service_map *m);
void pav_service_map_free(struct pav_service_map *m);
/* The endpoint of a name, or of "*"; NULL: none. */
const char *
pav_service_endpoint(const struct pav_service_map *m, const struct pav_doc *map,
                     const char *name, struct pav_arena *a);

/* Days that a log group's lines are kept; 0: for ever. */
int64_t
pav_service_log_days(const struct pav_service_map *m, const char *group);

/* Is the URL's host in "allow"?  An address that is there, or allowPrivate,
 * makes private ones right, too. */
bool pav_service_allows(const struct pav_service_map *m, const char *url,
                        struct pav_arena *a, bool *private_allowed);

#endif
