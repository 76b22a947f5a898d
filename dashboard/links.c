/* See links.h. */
#include "links.h"

#include <string.h>

#include "pavane/http.h"

const char *
page_root(struct pav_query *q)
{
    const char *root = "";
    unsigned i;

    for (i = 0; i < q->depth && i < 16; i++)
        root = pav_arena_printf(q->arena, "%s../", root);
    return root;
}

const char *
view_encoded(struct pav_query *q, const char *value)
{
    return view_link(q, "", value) + strlen(page_root(q));
}

const char *
view_execution_link(struct pav_query *q, const char *machine, const char *name)
{
    return view_link(q, "executions/",
                     pav_arena_printf(q->arena, "%s:%s", machine, name));
}

const char *
view_link(struct pav_query *q, const char *path, const char *segment)
{
    struct pav_buf b;
    const char *link;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, page_root(q));
    pav_buf_puts(&b, path);
    pav_url_encode(&b, segment, strlen(segment));
    link = pav_arena_strdup(q->arena, b.p);
    pav_buf_fini(&b);
    return link;
}
