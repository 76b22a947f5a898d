/* Stub mappings: which of them a request fits.  See stand_ins.h. */
#ifndef PAVANE_PLAY_STUBS_H
#define PAVANE_PLAY_STUBS_H

#include "pavane/doc.h"

/* Is the mapping one?  Errors: PAV_INVALID, `*at` is what is wrong. */
PAV_MUSTUSE enum pav_rc
stub_check(struct pav_arena *a, const struct pav_doc *mapping,
           const struct pav_doc **at, struct pav_err *err);
/* Is each text between "{%" and "%}" an expression?  Errors as above. */
PAV_MUSTUSE enum pav_rc
stub_expressions(struct pav_arena *a, const struct pav_doc *d,
                 const struct pav_doc **at, struct pav_err *err);
/* `request` as stand_ins_requests() has it. */
bool stub_fits(struct pav_arena *a, const struct pav_doc *mapping,
               const struct pav_doc *request);
/* A document with each text between "{%" and "%}" evaluated over `input`; one
 * that fails becomes its error's text. */
const struct pav_doc *stub_fill(struct pav_arena *a, const struct pav_doc *d,
                                const struct pav_doc *input);

#endif
