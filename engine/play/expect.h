/*
 * What a play expects of a stage.
 *
 *   { "executions":   [{"machine", "correlationId", "status", "state",
 *                       "output", "input", "error", "cause", ...}],
 *     "dispositions": [{"disposition", "machine", "correlationId", ...}],
 *     "requests":     [{"standIn", "method", "url", "json", "headers", ...}],
 *     "logs":         [{"log": GROUP, "event": JSON}],
 *     "items":        [{"table", "item": JSON}],
 *     "objects":      [{"path", "lines", "text", "json"}],
 *     "deadLetters":  [{...}] }
 *
 * Each element says what one of the kind has, and maybe more; "count" says how
 * many there are that fit, 1 without it.  A text between "{%" and "%}" is an
 * expression of JSONata over the value in its place, which must give true.
 * Requests without a count come in the order in which they are listed.  In a
 * system of several daemons each, but for requests, has "daemon", a name.
 */
#ifndef PAVANE_PLAY_EXPECT_H
#define PAVANE_PLAY_EXPECT_H

#include "stage.h"

/* Is it a list of expectations?  Errors: PAV_INVALID, `*at` what is wrong. */
PAV_MUSTUSE enum pav_rc
expect_check(const struct pav_doc *expect, const struct pav_doc **at,
             struct pav_err *err);
/* True when all of it holds; else what does not, and what there was instead, is
 * in `report`.  Errors: PAV_IO: it cannot be looked at. */
PAV_MUSTUSE enum pav_rc
expect_holds(struct stage *s, const char *system, const struct pav_doc *expect,
             struct pav_buf *report, bool *holds, struct pav_err *err);
/* Has `there` all that `wanted` says? */
bool expect_fits(struct pav_arena *a, const struct pav_doc *wanted,
                 const struct pav_doc *there);

#endif
