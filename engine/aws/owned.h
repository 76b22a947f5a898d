/*
 * Whose a thing is: what a folder's bus.json made belongs to the folder, and
 * the API does not change it.
 *
 * A row of names says so: its name is the thing's ("rule default/paid"), its
 * body {"system", "sum", "kind", "fields"}: the folder, the hash of what was
 * applied, and what names it to the actions that change it.
 */
#ifndef PAVANE_AWS_OWNED_H
#define PAVANE_AWS_OWNED_H

#include "aws.h"

struct owned_kind {
    const char *name;        /* "rule" */
    const char *identity[2]; /* fields that name one; NULL: only one does */
    const char *create, *update, *remove; /* actions */
    const char *describe; /* that fails when it is not there; or NULL */
};

/* In the order in which they are made. */
extern const struct owned_kind owned_kinds[];
const struct owned_kind *owned_kind(const char *name); /* NULL: there is none */
/* The name of the row for a thing with these fields. */
const char *owned_name(struct control *c, const struct owned_kind *k,
                       const struct pav_doc *fields);
/* Is the request about what a folder owns?  The job has failed then. */
bool owned_refuses(struct control *c);

#endif
