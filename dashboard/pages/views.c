/* Views: lists that somebody gave a name. */
#include <string.h>

#include "frame.h"
#include "pages.h"

/* /views/NAME: to the list that has it. */
static void
show(struct pav_query *q, const char *name)
{
    const char *path = pav_reader_view(q->reader, name, q->arena);

    if (path == NULL)
        page_missing(q, "There is no view of this name.");
    else
        page_redirect(q, path);
}

const struct page_route views_page = {"/views", "pavane:ReadExecutions",
                                      PAGE_BELOW, show};
