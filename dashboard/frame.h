/* The frame around every page, and its links. */
#ifndef PAVANE_DASHBOARD_FRAME_H
#define PAVANE_DASHBOARD_FRAME_H

#include "pavane/doc.h"
#include "pavane/query.h"
#include "template.h"

/*
 * Fill a page: the frame around it is the same for all.  With ?part=main only
 * its inside is given, for a page that is open already.
 */
struct page {
    const char *name; /* of the template */
    const char *title;
    const char *place;  /* of the navigation: "executions"; NULL */
    const char *topics; /* what it follows live, by blanks; NULL */
    struct pav_members *view;
    const struct slot *slots;
    size_t slot_count;
};
void page_show(struct pav_query *q, const struct page *p);
/* A picture that did not fit is a sentence instead. */
void page_picture_fits(struct pav_buf *picture);
/* The headers of every page. */
extern const char *const page_security;
void page_missing(struct pav_query *q, const char *message);
/* `path` from the root, without a slash in front. */
void page_redirect(struct pav_query *q, const char *path);

#endif
