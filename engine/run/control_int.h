/*
 * Actions of the API that are about names, on the engine's thread: what
 * control.c and versions.c share.
 */
#ifndef PAVANE_CONTROL_INT_H
#define PAVANE_CONTROL_INT_H

#include "run_int.h"

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

#endif
