/* Light or dark: a choice that lasts a year. */
#include <string.h>

#include "frame.h"
#include "links.h"
#include "pages.h"

#define THEME_MAX_AGE 31536000 /* s */

static bool
is_printable(const char *s)
{
    while (*s > 0x20 && *s < 0x7f)
        s++;
    return *s == '\0';
}

/* /theme?to=dark&back=executions: a choice that lasts a year. */
static void
show(struct pav_query *q, const char *rest)
{
    const char *to = page_parameter(q, "to"), *back = page_parameter(q, "back");
    bool known =
        to != NULL && (strcmp(to, "dark") == 0 || strcmp(to, "light") == 0);

    (void)rest;
    /* Only a way inside: no scheme, no host, nothing that no link has. */
    if (back == NULL || *back == '/' || !is_printable(back) ||
        strpbrk(back, ":\\") != NULL)
        back = "";
    page_redirect(q, back);
    q->headers = pav_arena_printf(q->arena,
                                  "%sSet-Cookie: " THEME_COOKIE
                                  "=%s; Path=/; Max-Age=%d; SameSite=Lax\r\n",
                                  q->headers, known ? to : "",
                                  known ? THEME_MAX_AGE : 0);
}

const struct page_route theme_page = {"/theme", "pavane:ReadHelp",
                                      PAGE_ITSELF | PAGE_BELOW, show};
