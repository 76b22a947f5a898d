/*
 * The engine's side of actions: requests come checked for shape, answers are
 * JSON.  What the resources share, and their tables.
 */
#ifndef PAVANE_AWS_REQUEST_H
#define PAVANE_AWS_REQUEST_H

#include "pavane/store_work.h"
#include "bus/bus.h"

#define ALIASES_MAX 100 /* of a machine */

struct control {
    struct pav_engine *e;
    struct pav_control_job *j;
    struct pav_arena *a; /* of the turn */
    struct pav_members out;
};

struct control_action {
    const char *action; /* "CreateActivity", "events:PutRule" */
    void (*run)(struct control *c);
    bool
        alone; /* in its transaction: what it changes is read again behind it */
};
extern const struct control_action events_actions[], archives_actions[],
    destinations_actions[], scheduler_actions[];

bool request_is(const struct control *c, const char *key);
const char *control_text(const struct control *c, const char *key);
struct pav_bytes control_printed(struct control *c, const struct pav_doc *d);
const struct pav_doc *
control_body(struct control *c, const struct pav_name_row *row);
uint32_t control_page_size(struct control *c);
/*
 * A page's token is "ACTION NAME" in Base64: behind which name the next page
 * begins, and of which list.  NULL after the job has failed.
 */
const char *control_page_start(struct control *c);
void control_page_next(struct control *c, const char *name);
/* "...:stateMachine:NAME[:QUALIFIER]" */
struct machine *
control_machine(struct control *c, const char *key, const char **qualifier);

/* versions.c */
void publish_version(struct control *c);
void delete_version(struct control *c);
void list_versions(struct control *c);
void create_alias(struct control *c);
void update_alias(struct control *c);
void describe_alias(struct control *c);
void delete_alias(struct control *c);
void list_aliases(struct control *c);

/* Tags of these keys go; `keys` NULL: none. */
void
tags_remove(struct control *c, const char *arn, const struct pav_doc *keys);

/* ---- EventBridge's ---- */

/* The name in an ARN, behind `resource` (":event-bus/"); or the text itself. */
const char *
events_name_of(struct control *c, const char *text, const char *resource);
const char *events_arn(struct control *c, const char *kind, const char *name);
/* Members of `d` that are there, by their names (NULL at the end). */
void events_copy(struct pav_members *out, const struct pav_doc *d,
                 const char *const *keys);
/* A time of the body, in the API's form; nothing when it has none. */
void events_date(struct pav_members *out, const struct pav_doc *body,
                 const char *key);
void events_put(struct control *c, int kind, int64_t owner, const char *name,
                int64_t number, struct pav_members *body);
bool events_row(struct control *c, int kind, int64_t owner, const char *name,
                struct pav_name_row *row, const struct pav_doc **body);
/* A page under `key`; `entry` NULL leaves a row out. */
void
events_list(struct control *c, int kind, int64_t owner, const char *key,
            const struct pav_doc *(*entry)(struct control *c,
                                           const struct pav_name_row *row));
/* [{Key, Value}] */
bool
events_tags_add(struct control *c, const char *arn, const struct pav_doc *tags);
/* Its tags, as Tags of the answer. */
void events_tags(struct control *c, const char *arn);
/* The request's Tags, of what was just made; the job fails by too many. */
void events_tags_of_new(struct control *c, const char *arn);
/* False after the job has failed. */
bool events_check_pattern(struct control *c, const char *text);
/* What the engine reads again behind the commit. */
void events_touch(struct control *c, enum pav_touched touched, const char *bus,
                  const char *name);
/* Its members, into the answer. */
void events_answer(struct control *c, const struct pav_doc *d);
/* A number that no thing of this kind has had: rows of events bear them. */
int64_t events_fresh_number(struct control *c, int kind, const char *counter);

#endif
