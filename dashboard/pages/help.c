/* What the pages show. */
#include "frame.h"
#include "pages.h"

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    page_show(q, &(struct page){.name = "help",
                                .title = "Help",
                                .place = "at_help",
                                .view = &m});
}

const struct page_route help_page = {"/help", "pavane:ReadHelp",
                                     PAGE_ITSELF | PAGE_BELOW, show};
