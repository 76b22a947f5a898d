/* Help: signs, keys, how to search; and the pages of the manual. */
#include "frame.h"
#include "manual.h"
#include "pages.h"
#include "parameters.h"
#include "view.h"

static void
show_one(struct pav_query *q, const char *name)
{
    struct pav_buf html;
    struct slot slot = {"text", &html};
    struct pav_members m;
    const char *title;

    pav_buf_init(&html, 1 << 20);
    title = manual_page(q, name, &html);
    pav_members_init(&m, q->arena);
    view_text(&m, "title", title);
    pav_members_puts(&m, "manual", manual_list(q, NULL));
    if (title == NULL)
        page_missing(q, "There is no such page of the manual.");
    else
        page_show(q, &(struct page){.name = "manual",
                                    .title = title,
                                    .place = "at_help",
                                    .view = &m,
                                    .slots = &slot,
                                    .slot_count = 1});
    pav_buf_fini(&html);
}

static void
show(struct pav_query *q, const char *rest)
{
    const char *text = page_parameter(q, "find");
    struct pav_members m;

    if (*rest != '\0') {
        show_one(q, rest);
        return;
    }
    pav_members_init(&m, q->arena);
    view_text(&m, "find", text);
    pav_members_puts(&m, "manual", manual_list(q, text));
    page_show(q, &(struct page){.name = "help",
                                .title = "Help",
                                .place = "at_help",
                                .view = &m});
}

const struct page_route help_page = {"/help", "pavane:ReadHelp",
                                     PAGE_ITSELF | PAGE_BELOW, show};
