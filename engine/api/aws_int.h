/* What the files of the Step Functions API share. */
#ifndef PAVANE_AWS_INT_H
#define PAVANE_AWS_INT_H

#include "api_int.h"

#define AWS_TYPE "application/x-amz-json-1.0"
#define TARGET   "AWSStepFunctions."

/* ---- the table of actions ---- */

enum field_type {
    FIELD_TEXT,   /* least and most: characters */
    FIELD_NAME,   /* the same, of [.\-_A-Za-z0-9] */
    FIELD_PATH,   /* and with slashes: an event bus's name */
    FIELD_WHOLE,  /* least and most: the value */
    FIELD_NUMBER, /* the same */
    FIELD_FLAG,
    FIELD_LIST,
    FIELD_OBJECT,
};

struct aws_field {
    const char *name; /* or where it stands: "Target.Arn", "Tags[].Key" */
    enum field_type type;
    bool required;       /* wherever what has it is there */
    int64_t least, most; /* most 0: no bound */
    const char *words;   /* "A, B": the values there are; or NULL */
};

/* An action that changes something: a job for the engine. */
struct aws_change;
typedef bool (*aws_fill_fn)(struct aws_change *c); /* false: answered */
typedef void (*aws_answer_fn)(struct pav_api *api, struct pav_ref ref,
                              struct pav_job *job);
/* One that reads, or compiles, on a query thread. */
struct aws_read;
typedef void (*aws_read_fn)(struct aws_read *r);

struct aws_action {
    const char *name;
    const struct aws_field *fields;  /* ended by a NULL name */
    const struct pav_job_kind *kind; /* of the job that fill makes */
    aws_fill_fn fill;                /* NULL: it reads */
    aws_answer_fn answer;
    aws_read_fn read;
};

struct aws_change {
    struct pav_api *api;
    struct pav_ref ref;
    const struct aws_action *action;
    const struct pav_doc *request; /* in the job's arena */
    struct pav_job *job;           /* of the action's kind */
    const struct pav_guest *guest; /* the account that asks; NULL: our own */
};

struct aws_read {
    struct pav_query *q;
    struct question *question;
    const struct pav_doc *request; /* in the query's arena */
};

/* ---- answers ---- */

void aws_fail(struct pav_api *api, struct pav_ref ref, int status,
              const char *type, const char *message);
void aws_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
                struct pav_members *answer);
/* False after the job's error was answered. */
bool
aws_fine(struct pav_api *api, struct pav_ref ref, const struct pav_job *job);
void read_fail(struct aws_read *r, const char *type, const char *fmt, ...)
    PAV_PRINTF(3, 4);
void read_answer(struct aws_read *r, struct pav_members *answer);
bool change_fail(struct aws_change *c, const char *type, const char *fmt, ...)
    PAV_PRINTF(3, 4); /* always false */

/* ---- requests ---- */

/* The text, or NULL when it is absent. */
const char *request_text(struct pav_arena *a, const struct pav_doc *request,
                         const char *key);
int64_t
request_int(const struct pav_doc *request, const char *key, int64_t otherwise);
bool
request_flag(const struct pav_doc *request, const char *key, bool otherwise);

/* An ARN of states, in parts; false when it is none of this kind. */
struct aws_arn {
    const char *machine;   /* or the activity */
    const char *label;     /* of a map run's execution; or NULL */
    const char *qualifier; /* a version or an alias; or NULL */
    const char *name;      /* of an execution */
    bool express;
};
bool aws_machine_arn(struct pav_arena *a, const char *arn, struct aws_arn *out);
bool
aws_execution_arn(struct pav_arena *a, const char *arn, struct aws_arn *out);

/* ---- the table ---- */

/* By its name here: "StartExecution", "events:PutRule"; NULL: there is none. */
const struct aws_action *aws_find(const char *name);
/* A request against an action's fields; false with the error's type and text.
 */
bool aws_check(const struct aws_action *action, const char *body, size_t len,
               struct pav_arena *a, const struct pav_doc **request,
               const char **type, const char **why);
/* An action that the engine's thread runs as it is: control.c there. */
bool control_fill(struct aws_change *c);
void
control_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job);

/* ---- aws_events.c ---- */
extern const struct aws_action events_actions_table[];

/* ---- aws_define.c ---- */
void aws_create(struct aws_read *r);
void aws_update(struct aws_read *r);
void aws_validate(struct aws_read *r);
void aws_test_state(struct aws_read *r);
/* ---- aws_read.c ---- */
void aws_list_machines(struct aws_read *r);
void aws_describe_machine(struct aws_read *r);
void aws_describe_machine_for(struct aws_read *r);
void aws_list_executions(struct aws_read *r);
void aws_describe_execution(struct aws_read *r);
void aws_history(struct aws_read *r);

#endif
