/*
 * Markdown to HTML, by libcmark in its safe mode: raw HTML and unsafe links
 * are dropped.  Input beyond 16 KiB is cut (cmark 0.30 can be quadratic).  A
 * title ("# ...") in the first line is left out.
 */
#ifndef PAVANE_MARKDOWN_H
#define PAVANE_MARKDOWN_H

#include "pavane/buf.h"

void markdown_render(const char *text, size_t len, struct pav_buf *out);
/* The same as plain text, without its marks; not escaped. */
void markdown_plain(const char *text, size_t len, struct pav_buf *out);
/*
 * The part under the `##` heading that equals a state's name; with `name` NULL
 * what is before the first such heading of `names`.  len 0: nothing.
 */
const char *markdown_section(const char *text, size_t text_len,
                             const char *name, size_t *len);

#endif
