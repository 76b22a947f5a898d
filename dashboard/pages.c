/*
 * The dashboard: which page a path is, and the files that pages need.
 *
 * A page is a view (a document) and a template; both are made on a query
 * thread.  pages/ has one file for each, with its template beside it.
 */
#include "pavane/pages.h"

#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "frame.h"
#include "pages/pages.h"

#define PAGE_OF(name) &name##_page,
static const struct page_route *const routes[] = {ALL_PAGES(PAGE_OF)};

static const struct {
    const char *ending, *type;
} types[] = {{".css", "text/css; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".svg", "image/svg+xml"}};

/* "/assets/BUILD/NAME": with the build in its path it may be kept for ever. */
static bool
serve_file(struct pav_query *q)
{
    const char *name = strrchr(q->path, '/') + 1, *text;
    size_t i, len, ending;
    char ours[128];

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        ending = strlen(types[i].ending);
        if (strlen(name) > ending &&
            strcmp(name + strlen(name) - ending, types[i].ending) == 0 &&
            (text = asset_get(name, &len)) != NULL) {
            snprintf(ours, sizeof(ours), "/assets/%s/%s", asset_build(), name);
            q->forever = strcmp(q->path, ours) == 0;
            q->type = types[i].type;
            q->headers = page_security;
            pav_buf_put(&q->out, text, len);
            return true;
        }
    }
    return false;
}

void
pav_page(struct pav_query *q)
{
    /* Of all pages: a misspelt filter must not show everything. */
    static const char *const parameters[] = {
        "back",    "before",      "children",     "disposition", "from",
        "id",      "startedFrom", "startedUntil", "sort",        "version",
        "unfold",  "each",        "why",          "says",        "item",
        "columns", "passed",      "stay",         "ended",       "where",
        "range",   "at",          "only",         "run",         "a",
        "b",       "event",       "find",         "source",      "type",
        "key",     "limit",       "machine",      "overdue",     "part",
        "q",       "state",       "status",       "tab",         "to",
        "visit",   "show",        "until",        "bus",         NULL};
    char bad[64];
    size_t i;

    if (strncmp(q->path, "/assets/", 8) == 0 && serve_file(q))
        return;
    if (!pav_query_known(q->query, parameters, bad, sizeof(bad))) {
        page_missing(q, pav_arena_printf(q->arena,
                                         "No page has a parameter '%s'; those "
                                         "that there are, are on its forms.",
                                         bad));
        q->status = 400;
        return;
    }
    for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t len = strlen(routes[i]->path);
        const char *rest = q->path + len;

        if (strncmp(q->path, routes[i]->path, len) != 0 ||
            (*rest != '\0' && (*rest != '/' || len == 1)))
            continue;
        rest += *rest == '/';
        if (routes[i]->where & (*rest == '\0' ? PAGE_ITSELF : PAGE_BELOW)) {
            routes[i]->show(q, rest);
            return;
        }
    }
    page_missing(q, "There is no such page.");
}
