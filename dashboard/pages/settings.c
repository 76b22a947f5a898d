/* What a reader chooses for this browser: the clock, and light or dark. */
#include <string.h>

#include "choices.h"
#include "frame.h"
#include "pages.h"
#include "parameters.h"
#include "view.h"
#include "when.h"

#define MAX_AGE 31536000 /* s: a choice lasts a year */

static bool
is_printable(const char *s)
{
    while (*s > 0x20 && *s < 0x7f)
        s++;
    return *s == '\0';
}

/* Only a way inside: no scheme, no host, nothing that no link has. */
static const char *
way_back(struct pav_query *q)
{
    const char *back = page_parameter(q, "back");

    return back == NULL || *back == '/' || !is_printable(back) ||
                   strpbrk(back, ":\\") != NULL
               ? ""
               : back;
}

/* Back, with the choice in a cookie; NULL: the choice is taken back. */
static void
choose(struct pav_query *q, const char *cookie, const char *value)
{
    page_redirect(q, way_back(q));
    q->headers = pav_arena_printf(
        q->arena, "%sSet-Cookie: %s=%s; Path=/; Max-Age=%d; SameSite=Lax\r\n",
        q->headers, cookie, value == NULL ? "" : value,
        value == NULL ? 0 : MAX_AGE);
}

/* /theme?to=dark&back=executions */
static void
choose_theme(struct pav_query *q, const char *rest)
{
    const char *to = page_parameter(q, "to");
    bool known =
        to != NULL && (strcmp(to, "dark") == 0 || strcmp(to, "light") == 0);

    (void)rest;
    choose(q, THEME_COOKIE, known ? to : NULL);
}

/* /rows?to=compact&back=executions */
static void
choose_rows(struct pav_query *q, const char *rest)
{
    const char *to = page_parameter(q, "to");
    bool compact = to != NULL && strcmp(to, "compact") == 0;

    (void)rest;
    choose(q, ROWS_COOKIE, compact ? to : NULL);
}

/* /zone?to=Europe/Berlin&back=executions */
static void
choose_zone(struct pav_query *q, const char *rest)
{
    const char *to = page_parameter(q, "to");
    struct pav_zone *zone;
    struct pav_err err;

    (void)rest;
    if (to == NULL || strcmp(to, "UTC") == 0) {
        choose(q, ZONE_COOKIE, NULL);
    } else if (pav_zone_load(to, &zone, &err) == PAV_OK) {
        pav_zone_free(zone);
        choose(q, ZONE_COOKIE, to);
    } else {
        page_missing(q, pav_arena_printf(
                            q->arena,
                            "The clock stays as it is: %s. Zones have names "
                            "as Europe/Berlin or America/New_York.",
                            err.message));
        q->status = 400;
    }
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_members m;
    struct when when;

    (void)rest;
    when_begin(&when, q);
    pav_members_init(&m, q->arena);
    view_text(&m, "back", way_back(q));
    view_text(&m, "chosen", when.name);
    page_show(
        q, &(struct page){.name = "settings", .title = "Settings", .view = &m});
    when_end(&when);
}

const struct page_route settings_page = {"/settings", "pavane:ReadHelp",
                                         PAGE_ITSELF, show};
const struct page_route zone_page = {"/zone", "pavane:ReadHelp", PAGE_ITSELF,
                                     choose_zone};
const struct page_route theme_page = {"/theme", "pavane:ReadHelp",
                                      PAGE_ITSELF | PAGE_BELOW, choose_theme};
const struct page_route rows_page = {"/rows", "pavane:ReadHelp", PAGE_ITSELF,
                                     choose_rows};
