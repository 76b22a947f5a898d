/*
 * JSONPath in the dialect of Step Functions, which is Jayway 2.0.0's: an
 * indefinite path (wildcard, scan, slice, filter, several indexes) yields a
 * list, also with one match or none; a definite one yields its value or is not
 * found.  `$$` names the context object.  Reference paths hold names and
 * single indexes only.  Texts of failures are the library's own.
 */
#ifndef PAVANE_PATH_H
#define PAVANE_PATH_H

#include "pavane/doc.h"

struct pav_path;

enum pav_path_end {
    PAV_PATH_FOUND,
    PAV_PATH_NOT_FOUND,  /* nothing at a definite path */
    PAV_PATH_WRONG_TYPE, /* an index or a filter on something else */
};

/*
 * Compile `text` (borrowed; outlives the path) into the arena.
 * Errors: PAV_INVALID, err->message names what was found where.
 */
PAV_MUSTUSE enum pav_rc
pav_path_compile(struct pav_arena *a, const char *text, size_t len,
                 struct pav_path **out, struct pav_err *err);

bool pav_path_is_definite(const struct pav_path *p);
bool pav_path_is_reference(const struct pav_path *p);
bool pav_path_is_context(const struct pav_path *p); /* begins with $$ */
/* Reaches into $$.Execution.Input, or takes all of $$ or $$.Execution. */
bool pav_path_needs_input(const struct pav_path *p);

/*
 * Evaluate against `root`; what is made lives in `a`.  On failure, `why` (may
 * be NULL) gets the library's text.
 */
enum pav_path_end
pav_path_eval(const struct pav_path *p, const struct pav_doc *root,
              struct pav_arena *a, const struct pav_doc **out,
              struct pav_err *why);

/* The same; `*visited`: the values that it went through. */
enum pav_path_end
pav_path_eval_counted(const struct pav_path *p, const struct pav_doc *root,
                      struct pav_arena *a, const struct pav_doc **out,
                      struct pav_err *why, uint32_t *visited);

/*
 * `root` with `value` put at a reference path: missing objects are created,
 * what is there is replaced.  NULL when the path leads through something that
 * is neither object nor array, or beside an array's items.
 */
const struct pav_doc *
pav_path_put(const struct pav_path *p, const struct pav_doc *root,
             const struct pav_doc *value, struct pav_arena *a);

/* Java's toString() of a value, as the service prints some of them. */
void pav_java_text(const struct pav_doc *d, struct pav_buf *out);

#endif
