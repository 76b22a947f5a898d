/* Resources that are rows of names: see rows.c. */
#ifndef PAVANE_AWS_ROWS_H
#define PAVANE_AWS_ROWS_H

#include "aws.h"

/* Tags of these keys go; `keys` NULL: none. */
void
tags_remove(struct control *c, const char *arn, const struct pav_doc *keys);

/* The name in an ARN of this kind ("event-bus"); or the text itself. */
const char *
events_name_of(struct control *c, const char *text, const char *kind);
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
/* Its tags, as Tags of the answer; nothing when it was refused (NULL). */
void events_tags(struct control *c, const char *arn);
/* The request's Tags, of what was just made; the job fails by too many. */
void events_tags_of_new(struct control *c, const char *arn);
/* False after the job has failed. */
bool events_check_pattern(struct control *c, const char *text);
/* What the engine reads again behind the commit. */
void events_touch(struct control *c, enum pav_touched touched, const char *bus,
                  const char *name);
/* What was tried on an archive that goes: pavane_told.c. */
void told_forget_archive(struct control *c, const char *archive);
/* Its members, into the answer. */
void events_answer(struct control *c, const struct pav_doc *d);
/* A number that no thing of this kind has had: rows of events bear them. */
int64_t events_fresh_number(struct control *c, int kind, const char *counter);

#endif
