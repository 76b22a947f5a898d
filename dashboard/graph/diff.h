/*
 * What a state changed: the differences between its input and its output, as
 * rows {"path","sign","word","class","before","after"} for a page.
 */
#ifndef PAVANE_DIFF_H
#define PAVANE_DIFF_H

#include "pavane/doc.h"

#define DIFF_MAX 200 /* rows; the last one says that there are more */

const struct pav_doc *
diff_rows(struct pav_arena *a, const struct pav_doc *before,
          const struct pav_doc *after);

#endif
