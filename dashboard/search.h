/*
 * What the address of a list of executions asks for: its fields, and q, the
 * same in words.
 *
 *   status:late machine:order state:AwaitShop waits:ShopAccepted city:Lyon
 *   key:order-12* started>2h started<7d from:shop.service error:Order.* 1234
 *
 *
 * A word alone is a part of a key.  A value with blanks is in double quotes.
 */
#ifndef PAVANE_DASHBOARD_SEARCH_H
#define PAVANE_DASHBOARD_SEARCH_H

#include "pavane/doc.h"
#include "pavane/flow.h"
#include "pavane/query.h"

struct search {
    struct pav_execution_filter f;
    struct pav_items chips;   /* {name, value, without: the address less it} */
    struct pav_items unread;  /* texts of what was not understood */
    struct pav_passed passed; /* f.passed points to it, or is NULL */
    const char *unsorted;     /* q without its order; "": nothing else */
};

void search_read(struct pav_query *q, struct search *s);
/* Can the list be had with the oldest first, or what moved last? */
bool search_may_be_by_age(const struct search *s);
bool search_may_be_by_moves(const struct search *s);

/* "status:late city:Lyon": it has a part that only a search has. */
bool search_has_words(struct pav_query *q, const char *text);

#endif
