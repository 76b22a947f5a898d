/* What the files of the document module share. */
#ifndef PAVANE_DOC_INT_H
#define PAVANE_DOC_INT_H

#include "pavane/doc.h"

/* Objects with more members carry a sorted index behind them. */
#define DOC_INDEX_FROM 16

/* `members` is followed by room for `count` pointers; fills them. */
void doc_index_build(struct pav_member *members, uint32_t count);

#endif
