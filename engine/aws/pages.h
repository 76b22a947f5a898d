/* Pages of names, on the engine's thread. */
#ifndef PAVANE_AWS_PAGES_H
#define PAVANE_AWS_PAGES_H

#include "aws.h"

uint32_t control_page_size(struct control *c);
/*
 * A page's token is "ACTION NAME" in Base64: behind which name the next page
 * begins, and of which list.  NULL after the job has failed.
 */
const char *control_page_start(struct control *c);
void control_page_next(struct control *c, const char *name);

#endif
