/* See parameters.h. */
#include "parameters.h"

#include <stdio.h>

#include "pavane/http.h"

const char *
page_parameter(struct pav_query *q, const char *name)
{
    char *room = pav_arena_alloc(q->arena, PAV_QUERY_VALUE_MAX);
    const char *v = pav_query_get(q->query, name, room, PAV_QUERY_VALUE_MAX);

    return v == NULL || *v == '\0' ? NULL : v;
}

int64_t
page_before(struct pav_query *q)
{
    const char *text = page_parameter(q, "before");
    long long n = 0;

    if (text != NULL && sscanf(text, "%lld", &n) != 1)
        n = 0;
    return n < 0 ? 0 : n;
}
