/* The pages, one a file; a line here and its route there is all that it takes.
 */
#ifndef PAVANE_DASHBOARD_PAGES_H
#define PAVANE_DASHBOARD_PAGES_H

#include "pavane/query.h"

/* clang-format off */
#define ALL_PAGES(X) \
    X(overview) X(attention) X(alerts) X(find) X(by_key) X(executions) \
    X(execution) X(analyse) X(compare) X(views) X(machines) X(machine) \
    X(events) X(event) X(deviations) X(producers) X(rules) X(try_event) \
    X(deliveries) X(dead_letters) X(schedules) X(archives) X(replays) \
    X(resources) X(tables) X(schemas) X(limits) \
    X(help) X(settings) X(zone) X(theme) X(rows)
/* clang-format on */

enum page_where {
    PAGE_ITSELF = 1, /* the path, with or without a slash behind it */
    PAGE_BELOW = 2,  /* what follows the path and a slash: an id, a name */
};

struct page_route {
    const char *path, *permission;
    unsigned where; /* enum page_where */
    /* `rest` is what follows the path, "" at most.  Makes the whole answer. */
    void (*show)(struct pav_query *q, const char *rest);
};

#define PAGE_EXTERN(name) extern const struct page_route name##_page;
ALL_PAGES(PAGE_EXTERN)

#endif
