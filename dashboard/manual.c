/* The manual: see manual.h. */
#include "manual.h"

#include <string.h>

#include "links.h"
#include "markdown.h"
#include "template.h"
#include "view.h"

/* A file of manual/ each, in the order of the list. */
static const struct {
    const char *name, *title, *about;
} manual[] = {
    {"stuck", "An order is stuck", "what it waits for, and how to bring it on"},
    {"vanished", "An event vanished", "what became of it, and why"},
    {"target", "A target is down", "what is tried again, and dead letters"},
    {"told", "Be told what is wrong", "alerts, webhooks, and what is muted"},
    {"change", "Change a machine", "what runs, what starts, what would differ"},
    {"flow", "How executions flow", "times, ways, what is never taken"},
    {"producers", "Who owes what", "who sends, who errs, who is late"}};
#define PAGES (sizeof(manual) / sizeof(manual[0]))

static const char *
text_of(struct pav_query *q, size_t i, size_t *len)
{
    return asset_get(pav_arena_printf(q->arena, "%s.md", manual[i].name), len);
}

/* Pages that have the text, in either case; all of them without one. */
const struct pav_doc *
manual_list(struct pav_query *q, const char *text)
{
    struct pav_items rows;
    size_t i, len;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < PAGES; i++) {
        const char *page = text_of(q, i, &len);
        struct pav_members m;

        if (text != NULL &&
            strcasestr(pav_arena_strndup(q->arena, page, len), text) == NULL)
            continue;
        pav_members_init(&m, q->arena);
        view_text(&m, "link", view_link(q, "help/", manual[i].name));
        view_text(&m, "title", manual[i].title);
        view_text(&m, "about", manual[i].about);
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

const char *
manual_page(struct pav_query *q, const char *name, struct pav_buf *html)
{
    size_t i, len;

    for (i = 0; i < PAGES; i++) {
        const char *text;

        if (strcmp(name, manual[i].name) != 0)
            continue;
        text = text_of(q, i, &len);
        markdown_render(text, len, html);
        return manual[i].title;
    }
    return NULL;
}
