/* What the pages share. */
#ifndef PAVANE_PAGES_INT_H
#define PAVANE_PAGES_INT_H

#include "pavane/doc.h"
#include "pavane/pages.h"
#include "pavane/step.h"
#include "template.h"

/* One page each; `rest` is what follows its prefix, "" at most. */
void page_overview(struct pav_query *q, const char *rest);
void page_find(struct pav_query *q, const char *rest);
void page_by_key(struct pav_query *q, const char *rest);
void page_executions(struct pav_query *q, const char *rest);
void page_execution(struct pav_query *q, const char *id);
void page_machines(struct pav_query *q, const char *rest);
void page_events(struct pav_query *q, const char *rest);
void page_help(struct pav_query *q, const char *rest);
void page_theme(struct pav_query *q, const char *rest);

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
/* Relative way from the page to the root: "", "../", ... */
const char *page_root(struct pav_query *q);

/* Members of views. */
/* What the check of a folder's files says: as "fault", else as "warning". */
void view_report(struct pav_members *m, const char *report);
void view_text(struct pav_members *m, const char *key, const char *text);
void view_bytes(struct pav_members *m, const char *key, struct pav_bytes b);
void view_number(struct pav_members *m, const char *key, int64_t n);
void view_bool(struct pav_members *m, const char *key, bool b);
/* KEY: RFC 3339 with milliseconds, for people and machines alike. */
void view_time(struct pav_members *m, const char *key, int64_t ms);
/* KEY: "3 h 4 min" */
void view_span(struct pav_members *m, const char *key, int64_t ms);
/* From the page to a path with an encoded last segment. */
const char *
view_link(struct pav_query *q, const char *path, const char *segment);
const char *
view_execution_link(struct pav_query *q, const char *machine, const char *name);
/* "State A, State B" out of a row's JSON list. */
void view_states(struct pav_members *m, const char *key, const char *json);
/* The status as ASL names it, its class and its sign. */
void view_status(struct pav_members *m, enum pav_status s);
/* A parameter of the query in the arena; NULL when absent or empty. */
const char *page_parameter(struct pav_query *q, const char *name);
/* One row of the list of executions. */
const struct pav_doc *
view_execution(struct pav_query *q, const struct pav_execution_view *x);
/* Dispositions as rows; `*next` as in the reader. */
const struct pav_doc *
view_dispositions(struct pav_query *q, const struct pav_disposition_filter *f,
                  int64_t *next);
/* Readable JSON of a text that is JSON, in the arena. */
const char *view_pretty(struct pav_arena *a, const char *text, size_t len);

#endif
