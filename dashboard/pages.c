/*
 * The dashboard: routes, the frame around every page, members of views.
 *
 * A page is a view (a document) and a template; both are made on a query
 * thread.  All links are relative to the root that the browser asked.
 */
#include "pavane/pages.h"

#include <stdio.h>
#include <string.h>

#include "pavane/http.h"
#include "pavane/text.h"
#include "pages_int.h"
#include "trace.h"

#define HTML "text/html; charset=utf-8"
#define SECURITY                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "         \
    "style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src "  \
    "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "    \
    "require-trusted-types-for 'script'; trusted-types pavane\r\n"             \
    "Referrer-Policy: same-origin\r\n"                                         \
    "Cross-Origin-Opener-Policy: same-origin\r\n"
#define THEME_COOKIE "theme"
#define STATES_SHOW  12

const char *const page_security = SECURITY;

static const struct {
    const char *prefix;
    void (*run)(struct pav_query *q, const char *rest);
} routes[] = {
    {"/find", page_find},
    {"/by-key/", page_by_key},
    {"/executions", page_executions},
    {"/machines", page_machines},
    {"/events", page_events},
    {"/help", page_help},
    {"/theme", page_theme},
};

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
            q->headers = SECURITY;
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
        "back",  "before", "children", "disposition", "from",  "id",
        "key",   "limit",  "machine",  "overdue",     "part",  "q",
        "state", "status", "tab",      "to",          "visit", NULL};
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
    if (strcmp(q->path, "/") == 0) {
        page_overview(q, "");
        return;
    }
    for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        size_t len = strlen(routes[i].prefix);
        const char *rest = q->path + len;

        if (strncmp(q->path, routes[i].prefix, len) == 0 &&
            (*rest == '\0' || *rest == '/' ||
             routes[i].prefix[len - 1] == '/')) {
            routes[i].run(q, *rest == '/' ? rest + 1 : rest);
            return;
        }
    }
    page_missing(q, "There is no such page.");
}

/* ---- the frame ---- */

const char *
page_root(struct pav_query *q)
{
    const char *root = "";
    unsigned i;

    for (i = 0; i < q->depth && i < 16; i++)
        root = pav_arena_printf(q->arena, "%s../", root);
    return root;
}

/* The reader's choice; NULL: as the system has it. */
static const char *
theme_of(const struct pav_query *q)
{
    const char *p = q->cookie;

    for (; (p = strstr(p, THEME_COOKIE "=")) != NULL; p++) {
        const char *value = p + strlen(THEME_COOKIE "=");

        if (p != q->cookie && p[-1] != ' ' && p[-1] != ';')
            continue;
        if (strncmp(value, "dark", 4) == 0)
            return "dark";
        return strncmp(value, "light", 5) == 0 ? "light" : NULL;
    }
    return NULL;
}

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
add_frame(struct pav_query *q, const struct page *p, struct pav_members *m)
{
    const char *theme = theme_of(q);

    view_text(m, "root", page_root(q));
    view_text(m, "build", asset_build());
    view_text(m, "title", p->title);
    view_text(m, "query", page_parameter(q, "q"));
    view_text(m, "topics", p->topics == NULL ? "" : p->topics);
    view_text(m, "feed", q->feed);
    view_number(m, "now_ms", q->now_ms);
    view_time(m, "now", q->now_ms);
    view_text(m, "here", here(q));
    view_text(m, "theme", theme == NULL ? "system" : theme);
    view_text(m, "other_theme",
              theme == NULL                ? "dark"
              : strcmp(theme, "dark") == 0 ? "light"
                                           : "system");
    if (p->place != NULL)
        view_bool(m, p->place, true);
}

void
page_show(struct pav_query *q, const struct page *p)
{
    const char *part = page_parameter(q, "part");
    struct pav_buf body;
    struct slot frame = {"body", &body};
    struct pav_members m;

    pav_buf_init(&body, 32u << 20);
    view_text(p->view, "host", q->host);
    view_text(p->view, "root", page_root(q));
    template_render(p->name, pav_members_object(p->view), p->slots,
                    p->slot_count, &body);
    pav_members_init(&m, q->arena);
    add_frame(q, p, &m);
    q->type = HTML;
    q->headers = SECURITY;
    template_render(part != NULL && strcmp(part, "main") == 0 ? "main"
                                                              : "frame",
                    pav_members_object(&m), &frame, 1, &q->out);
    if (body.over) { /* nothing is cut silently */
        q->status = 413;
        q->type = "text/plain; charset=utf-8";
        q->out.len = 0;
        pav_buf_puts(&q->out, "This page is too large to be shown; the API "
                              "gives it in parts.\n");
    }
    pav_buf_fini(&body);
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

static bool
is_printable(const char *s)
{
    while (*s > 0x20 && *s < 0x7f)
        s++;
    return *s == '\0';
}

/* /theme?to=dark&back=executions: a choice that lasts a year. */
void
page_theme(struct pav_query *q, const char *rest)
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
    q->headers =
        pav_arena_printf(q->arena,
                         "%sSet-Cookie: " THEME_COOKIE
                         "=%s; Path=/; Max-Age=%d; SameSite=Lax\r\n",
                         q->headers, known ? to : "", known ? 31536000 : 0);
}

void
page_help(struct pav_query *q, const char *rest)
{
    struct pav_members m;

    (void)rest;
    pav_members_init(&m, q->arena);
    page_show(q, &(struct page){.name = "help",
                                .title = "Help",
                                .place = "at_help",
                                .view = &m});
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

/* ---- members ---- */

void
view_report(struct pav_members *m, const char *report)
{
    bool error = report != NULL && strstr(report, ": error: ") != NULL;

    view_text(m, error ? "fault" : "warning", report);
}

void
view_text(struct pav_members *m, const char *key, const char *text)
{
    if (text != NULL)
        pav_members_puts(m, key, pav_doc_new_cstr(m->arena, text));
}

void
view_bytes(struct pav_members *m, const char *key, struct pav_bytes b)
{
    if (b.p != NULL)
        pav_members_puts(m, key, pav_doc_new_str(m->arena, b.p, b.len));
}

void
view_number(struct pav_members *m, const char *key, int64_t n)
{
    pav_members_puts(m, key, pav_doc_new_int(m->arena, n));
}

void
view_bool(struct pav_members *m, const char *key, bool b)
{
    pav_members_puts(m, key, pav_doc_new_bool(b));
}

void
view_time(struct pav_members *m, const char *key, int64_t ms)
{
    char when[PAV_TIME_LEN];

    if (ms != 0)
        view_text(m, key,
                  pav_arena_strdup(m->arena, pav_time_format(ms, when)));
}

void
view_span(struct pav_members *m, const char *key, int64_t ms)
{
    char span[64];

    view_text(
        m, key,
        pav_arena_strdup(m->arena, pav_time_span(ms, span, sizeof(span))));
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

const char *
view_execution_link(struct pav_query *q, const char *machine, const char *name)
{
    return view_link(q, "executions/",
                     pav_arena_printf(q->arena, "%s:%s", machine, name));
}

void
view_status(struct pav_members *m, enum pav_status s)
{
    const struct pav_look *look = &pav_looks[trace_mark(s)];

    view_text(m, "status", pav_status_name(s));
    view_text(m, "status_word", look->word);
    view_text(m, "status_class", look->class);
    view_text(m, "status_sign", look->sign);
}

void
view_states(struct pav_members *m, const char *key, const char *json)
{
    const struct pav_doc *d = pav_doc_own(m->arena, json, strlen(json));
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, "");
    for (i = 0; i < d->len && i < STATES_SHOW; i++)
        pav_buf_printf(&b, "%s%.*s", i == 0 ? "" : ", ", (int)d->items[i].len,
                       d->items[i].text);
    if (d->len > STATES_SHOW)
        pav_buf_printf(&b, ", and %u more", d->len - STATES_SHOW);
    view_text(m, key, pav_arena_strdup(m->arena, b.p));
    pav_buf_fini(&b);
}

const char *
page_parameter(struct pav_query *q, const char *name)
{
    char *room = pav_arena_alloc(q->arena, PAV_QUERY_VALUE_MAX);
    const char *v = pav_query_get(q->query, name, room, PAV_QUERY_VALUE_MAX);

    return v == NULL || *v == '\0' ? NULL : v;
}

const char *
view_pretty(struct pav_arena *a, const char *text, size_t len)
{
    const struct pav_doc *d;
    struct pav_buf b;
    const char *out;

    if (pav_doc_parse_copy(a, text, len, NULL, &d, NULL) != PAV_OK)
        return pav_arena_strndup(a, text, len);
    pav_buf_init(&b, 32u << 20);
    pav_doc_print_pretty(d, &b);
    out = pav_arena_strndup(a, b.p, b.len);
    pav_buf_fini(&b);
    return out;
}
