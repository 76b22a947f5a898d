/*
 * Templates: the pages under dashboard/pages, filled from a document.
 *
 *   {{a.b}}            the text of a value, escaped; absent: nothing
 *   {{@a}} {{@@a}}     a moment in ms, as a <time> in words, or exact
 *   {{#a}}...{{/a}}    once for each item of a list, once for anything else
 *                      that is there, not null, not false and not empty
 *   {{^a}}...{{/a}}    once when the above would give nothing
 *   {{>name}}          another page, in place
 *   {{{slot}}}         markup that this program made; only from `slots`
 *
 * Escaping is by construction: values cannot reach the page otherwise than
 * escaped, and a slot is filled by code, never from a document.
 */
#ifndef PAVANE_TEMPLATE_H
#define PAVANE_TEMPLATE_H

#include "pavane/doc.h"

struct when;

struct slot {
    const char *name;
    const struct pav_buf *html;
};

/* A page that is missing or malformed is a bug: the pages are built in. */
void template_render(const char *page, const struct pav_doc *view,
                     const struct slot *slots, size_t slot_count,
                     const struct when *when, struct pav_buf *out);

/* Files that are built in; NULL when there is none of that name. */
const char *asset_get(const char *name, size_t *len);
/* A hash of all of them: it changes when one of them does. */
const char *asset_build(void);

#endif
