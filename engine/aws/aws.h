/*
 * Actions of AWS's APIs: Step Functions, EventBridge, Scheduler, and our own
 * ("pavane:").  One resource is one file; its table says of each action what it
 * is called, what one must be allowed, which fields its request has, and where
 * its work is done:
 *
 *   on the engine's thread, within a turn      ON_ENGINE, ALONE_ON_ENGINE
 *   on a query thread, with a reader           ON_READER
 *   as a job of another kind                   AS_JOB
 *
 * table.c lists the resources.  The doors (api/) check a request against its
 * fields, bring it where its work is done, and print what it answers; this room
 * knows no HTTP.
 */
#ifndef PAVANE_AWS_H
#define PAVANE_AWS_H

#include "pavane/arn.h"
#include "pavane/engine.h"
#include "pavane/history.h"
#include "pavane/query.h"
#include "pavane/store_work.h"

/* ---- fields of requests ---- */

enum field_type {
    FIELD_TEXT,   /* min and max: characters */
    FIELD_NAME,   /* the same, of [.\-_A-Za-z0-9] */
    FIELD_PATH,   /* and with slashes: an event bus's name */
    FIELD_WHOLE,  /* min and max: the value */
    FIELD_NUMBER, /* the same */
    FIELD_FLAG,
    FIELD_LIST,
    FIELD_OBJECT,
};

struct aws_field {
    const char *name; /* or where it stands: "Target.Arn", "Tags[].Key" */
    enum field_type type;
    bool required;      /* wherever what has it is there */
    int64_t min, max;   /* max 0: no bound */
    const char *values; /* "A, B": those that there are; or NULL */
};

/* clang-format off */
#define FIELDS(name, ...) \
    static const struct aws_field name##_fields[] = { \
        __VA_ARGS__, {NULL, FIELD_TEXT, false, 0, 0, NULL}}
/* clang-format on */

/* ---- on the engine's thread ---- */

struct control {
    struct pav_engine *e;
    struct pav_control_job *j; /* job_fail() refuses */
    struct pav_arena *a;       /* of the turn */
    struct pav_members out;    /* the answer */
};

/* A text of the request; NULL: absent. */
const char *control_text(const struct control *c, const char *key);
bool request_is(const struct control *c, const char *key);
struct pav_bytes control_printed(struct control *c, const struct pav_doc *d);
const struct pav_doc *
control_body(struct control *c, const struct pav_name_row *row);
/* What the action touched is read again. */
void control_refresh(struct pav_engine *e, const struct pav_control_job *j);

/* ---- on a query thread ---- */

struct aws_read {
    struct pav_query *q;
    const struct pav_doc *request; /* in the query's arena */
    struct pav_define_job *define; /* set: on to the engine with it */
};

/* ---- as a job ---- */

/* On the front's thread: the request becomes the job. */
struct aws_change {
    const struct aws_action *action;
    const struct pav_doc *request; /* in the job's arena */
    struct pav_job *job;           /* of the action's kind */
    const char *region, *account;
    int64_t now_ms;
    const char *external,
        *speaks_for;             /* the account that asks; NULL: our own */
    const char *error, *message; /* of a refusal: change_fail() */
};

/* Whose ARNs are printed. */
struct aws_place {
    const char *region, *account;
};

/* ---- the table ---- */

struct aws_action {
    const char *name;       /* "StartExecution", "events:PutRule" */
    const char *permission; /* IAM's word; what is asked of who calls it */
    const struct aws_field *fields; /* ended by a NULL name */
    void (*run)(struct control *c);
    bool
        alone; /* in its transaction: what it changes is read again behind it */
    void (*read)(struct aws_read *r);
    const struct pav_job_kind *kind;    /* of the job; pav_control_kind: run */
    bool (*fill)(struct aws_change *c); /* false: it is refused */
    void (*answer)(const struct aws_place *p, struct pav_job *job,
                   struct pav_members *out); /* NULL: {} */
    /* Nobody is there any more to take the answer: a job that undoes it. */
    struct pav_job *(*undo)(const struct pav_job *job);
};

/* clang-format off */
#define ON_ENGINE(name, permission, fields, fn) \
    {name, permission, fields##_fields, fn, false, NULL, &pav_control_kind, \
     NULL, NULL, NULL}
#define ALONE_ON_ENGINE(name, permission, fields, fn) \
    {name, permission, fields##_fields, fn, true, NULL, &pav_control_kind, \
     NULL, NULL, NULL}
#define ON_READER(name, permission, fields, fn) \
    {name, permission, fields##_fields, NULL, false, fn, NULL, NULL, NULL, \
     NULL}
#define AS_JOB(name, permission, fields, kind, fill, answer) \
    {name, permission, fields##_fields, NULL, false, NULL, &kind, fill, \
     answer, NULL}
#define END_OF_ACTIONS \
    {NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL}
/* clang-format on */

/* NULL: there is none of this name. */
const struct aws_action *aws_find(const char *name);
/* By the header X-Amz-Target: "AWSEvents.PutRule". */
const struct aws_action *aws_find_target(const char *target);

/* A request against an action's fields; false with the error's type and text.
 * What is unknown is passed over. */
bool aws_check(const struct aws_action *action, const char *body, size_t len,
               struct pav_arena *a, const struct pav_doc **request,
               const char **type, const char **why);

/* Does it know a field of this name, at the top of its requests? */
bool
aws_field_known(const struct aws_action *action, const char *name, size_t len);

#define AWS_TYPE "application/x-amz-json-1.0"
/* {"__type","message"} */
void aws_error_put(struct pav_buf *b, const char *type, const char *message);
void read_fail(struct aws_read *r, const char *type, const char *fmt, ...)
    PAV_PRINTF(3, 4);

/* reads.c */
/* The last event of an execution that has ended; else false, and zeroes. */
bool read_end(struct pav_query *q, const struct pav_execution_view *x,
              struct pav_history_event *out);

#endif
