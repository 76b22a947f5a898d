/*
 * The frame around every page, its links, and what a page is when there is
 * none. All links are relative to the root that the browser asked.
 */
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "choices.h"
#include "frame.h"
#include "kept.h"
#include "links.h"
#include "parameters.h"
#include "view.h"
#include "when.h"

#define HTML "text/html; charset=utf-8"
#define SECURITY                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "         \
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src "  \
    "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "    \
    "require-trusted-types-for 'script'; trusted-types pavane\r\n"             \
    "Referrer-Policy: same-origin\r\n"                                         \
    "Cross-Origin-Opener-Policy: same-origin\r\n"

const char *const page_security = SECURITY;

/* The page itself, from the root, as a parameter of another link. */
static const char *
here(struct pav_query *q)
{
    struct pav_buf path, link;
    const char *p, *text;

    pav_buf_init(&path, 1 << 16);
    pav_buf_init(&link, 1 << 16);
    for (p = q->path + 1; *p != '\0'; p++) {
        if (*p == '/')
            pav_buf_putc(&path, '/');
        else
            pav_url_encode(&path, p, 1);
    }
    if (*q->query != '\0')
        pav_buf_printf(&path, "?%s", q->query);
    pav_url_encode(&link, path.p == NULL ? "" : path.p, path.len);
    text = pav_arena_strdup(q->arena, link.p == NULL ? "" : link.p);
    pav_buf_fini(&path);
    pav_buf_fini(&link);
    return text;
}

static void
add_frame(struct pav_query *q, const struct page *p, const struct when *when,
          struct pav_members *m)
{
    const char *theme = choice_of_theme(q);
    char now[PAV_TIME_LEN];
    struct pav_buf words;

    pav_buf_init(&words, 64);
    when_words(when, q->now_ms, &words);
    view_bytes(m, "now_words",
               (struct pav_bytes){
                   pav_arena_strndup(q->arena, words.p, words.len), words.len});
    pav_buf_fini(&words);
    view_text(m, "zone", when->name);
    view_text(m, "root", page_root(q));
    view_text(m, "build", asset_build());
    view_text(m, "title", p->title);
    view_text(m, "query", page_parameter(q, "q"));
    view_text(m, "topics", p->topics == NULL ? "" : p->topics);
    view_text(m, "feed", q->feed);
    view_number(m, "now_ms", q->now_ms);
    view_text(m, "now",
              pav_arena_strdup(q->arena, pav_time_format(q->now_ms, now)));
    view_text(m, "here", here(q));
    view_text(m, "theme", theme == NULL ? "system" : theme);
    if (choice_of(q, ROWS_COOKIE) != NULL)
        view_text(m, "rows", "compact");
    view_text(m, "other_theme",
              theme == NULL                ? "dark"
              : strcmp(theme, "dark") == 0 ? "light"
                                           : "system");
    view_number(m, "wrong", kept_wrong(q));
    if (p->place != NULL)
        view_bool(m, p->place, true);
}

void
page_show(struct pav_query *q, const struct page *p)
{
    const char *part = page_parameter(q, "part");
    const struct pav_doc *view;
    struct pav_buf body;
    struct slot frame = {"body", &body};
    struct pav_members m;
    struct when when;

    when_begin(&when, q);
    pav_buf_init(&body, 32u << 20);
    view_text(p->view, "host", q->host);
    view_text(p->view, "root", page_root(q));
    view = pav_members_object(p->view);
    template_render(p->name, view, p->slots, p->slot_count, &when, &body);
    pav_members_init(&m, q->arena);
    add_frame(q, p, &when, &m);
    view_text(&m, "not_read", pav_doc_member_str(q->arena, view, "not_read"));
    q->type = HTML;
    q->headers = SECURITY;
    template_render(part != NULL && strcmp(part, "main") == 0 ? "main"
                                                              : "frame",
                    pav_members_object(&m), &frame, 1, &when, &q->out);
    if (body.over) { /* nothing is cut silently */
        q->status = 413;
        q->type = "text/plain; charset=utf-8";
        q->out.len = 0;
        pav_buf_puts(&q->out, "This page is too large to be shown; the API "
                              "gives it in parts.\n");
    }
    pav_buf_fini(&body);
    when_end(&when);
}

void
page_picture_fits(struct pav_buf *picture)
{
    if (!picture->over)
        return;
    picture->len = 0;
    picture->over = false;
    pav_buf_puts(picture, "<p>This graph is too large to be drawn here.</p>");
}

void
page_missing(struct pav_query *q, const char *message)
{
    struct pav_members m;

    pav_members_init(&m, q->arena);
    view_text(&m, "message", message);
    q->status = 404;
    page_show(
        q, &(struct page){.name = "missing", .title = "Not found", .view = &m});
}

void
page_redirect(struct pav_query *q, const char *path)
{
    const char *root = page_root(q);

    q->status = 303;
    q->type = "text/plain; charset=utf-8";
    q->headers = pav_arena_printf(q->arena, "Location: %s%s\r\n",
                                  *root == '\0' ? "./" : root, path);
    pav_buf_puts(&q->out, "see there\n");
}
