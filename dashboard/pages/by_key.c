/* Finding: an execution by its key, an event by its id. */
#include <string.h>

#include "pavane/arn.h"
#include "frame.h"
#include "links.h"
#include "manual.h"
#include "pages.h"
#include "parameters.h"
#include "search.h"
#include "view_rows.h"

/* As view_link(), from the root. */
static const char *
path_to(struct pav_query *q, const char *path, const char *segment)
{
    return view_link(q, path, segment) + strlen(page_root(q));
}

#define NEAR 20 /* of each kind that a search finds */

static const struct pav_doc *
unmatched_rows(struct pav_query *q, const char *text)
{
    struct pav_event_row *v;
    uint32_t n = pav_reader_unmatched_with(q->reader, text, NEAR, q->arena, &v),
             i;
    struct pav_items rows;

    pav_items_init(&rows, q->arena);
    for (i = 0; i < n; i++) {
        struct pav_members m;

        pav_members_init(&m, q->arena);
        view_bytes(&m, "type", v[i].detail_type);
        view_bytes(&m, "source", v[i].source);
        view_time(&m, "received", v[i].received_at);
        view_text(
            &m, "link",
            view_link(q, "events/",
                      pav_arena_printf(q->arena, "%lld", (long long)v[i].id)));
        pav_items_add(&rows, pav_members_object(&m));
    }
    return pav_items_array(&rows);
}

/* The last number in it, as of "order 168" and "#168". */
static const char *
number_in(struct pav_arena *a, const char *text)
{
    const char *end = text + strlen(text), *begin;

    while (end > text && (end[-1] < '0' || end[-1] > '9'))
        end--;
    for (begin = end; begin > text && begin[-1] >= '0' && begin[-1] <= '9';)
        begin--;
    return end - begin < 2 ? ""
                           : pav_arena_strndup(a, begin, (size_t)(end - begin));
}

/* What is like the text: names, values, and events that nobody took. */
static void
add_near(struct pav_query *q, struct pav_members *m, const char *text)
{
    struct pav_execution_view *v;
    const struct pav_doc *rows;
    const char *rows_of;
    uint32_t n;
    bool all;

    n = pav_reader_names_with(q->reader, text, NEAR, q->arena, &v, &all);
    if (n == 0 && *(rows_of = number_in(q->arena, text)) != '\0')
        n = pav_reader_names_with(q->reader, rows_of, NEAR, q->arena, &v, &all);
    view_bool(m, "near_part", !all);
    pav_members_puts(m, "near", view_execution_rows(q, v, n));
    view_bool(m, "near_any", n > 0);
    view_bool(m, "near_full", n == NEAR);
    view_text(m, "near_all", view_link(q, "executions?q=", text));
    n = pav_reader_valued(q->reader, text, NEAR, q->arena, &v);
    pav_members_puts(m, "valued", view_execution_rows(q, v, n));
    view_bool(m, "valued_any", n > 0);
    rows = manual_list(q, text);
    pav_members_puts(m, "manual", rows);
    view_bool(m, "manual_any", rows->len > 0);
    rows = unmatched_rows(q, text);
    pav_members_puts(m, "unmatched", rows);
    if (rows->len > 0)
        view_text(m, "unmatched_count",
                  pav_arena_printf(q->arena, "%u%s", rows->len,
                                   rows->len == NEAR ? "+" : ""));
}

/* ?part=suggest: names for the box, while it is typed into. */
static void
suggest(struct pav_query *q, const char *text)
{
    struct pav_execution_filter f = {.status = -1, .limit = 8, .prefix = text};
    struct pav_execution_view *v;
    struct pav_items names;
    uint32_t n, i;
    int64_t next;

    n = pav_reader_executions(q->reader, &f, q->arena, &v, &next);
    pav_items_init(&names, q->arena);
    for (i = 0; i < n; i++)
        pav_items_add(&names, pav_doc_new_cstr(q->arena, v[i].row.key == NULL
                                                             ? v[i].row.name
                                                             : v[i].row.key));
    q->headers = page_security;
    pav_doc_print(pav_items_array(&names), &q->out);
}

/* Pasted ids have blanks around them. */
static const char *
trimmed(struct pav_arena *a, const char *text)
{
    size_t len;

    if (text == NULL)
        return NULL;
    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    return len == 0 ? NULL : pav_arena_strndup(a, text, len);
}

/* "MACHINE:NAME" of one that there is. */
static bool
is_execution(struct pav_query *q, const char *id)
{
    const char *colon = strchr(id, ':');
    struct pav_execution_view one;

    return colon != NULL &&
           pav_reader_execution(
               q->reader, pav_arena_strndup(q->arena, id, (size_t)(colon - id)),
               colon + 1, q->arena, &one);
}

static bool
is_key(struct pav_query *q, const char *id)
{
    struct pav_execution_filter f = {.key = id, .status = -1, .limit = 1};
    struct pav_execution_view *v;
    int64_t next;

    return pav_reader_executions(q->reader, &f, q->arena, &v, &next) > 0;
}

static void
find(struct pav_query *q, const char *rest)
{
    const char *what = trimmed(q->arena, page_parameter(q, "q"));
    const char *part = page_parameter(q, "part");
    struct pav_states_arn arn;
    int64_t event;

    (void)rest;
    if (part != NULL && strcmp(part, "suggest") == 0 && what != NULL)
        suggest(q, what);
    else if (what != NULL && pav_arn_execution(q->arena, what, &arn))
        page_redirect(q, path_to(q, "executions/",
                                 pav_arena_printf(q->arena, "%s:%s",
                                                  arn.machine, arn.name)));
    else if (what != NULL && pav_arn_machine(q->arena, what, &arn))
        page_redirect(q, path_to(q, "machines/", arn.machine));
    else if (what != NULL && search_has_words(q, what) &&
             !is_execution(q, what))
        page_redirect(q, path_to(q, "executions?q=", what));
    else if (what != NULL && !is_key(q, what) &&
             (event = view_one_event(q, what)) != 0)
        page_redirect(
            q, path_to(q, "events/",
                       pav_arena_printf(q->arena, "%lld", (long long)event)));
    else
        page_redirect(q, what == NULL ? "executions"
                                      : path_to(q, "by-key/", what));
}

#define TEXT_END ".txt"

/* /by-key/ID.txt: its answer in plain text, for tickets and bots.  False: no
 * execution, or several, have the id. */
static bool
answer_as_text(struct pav_query *q, const char *id)
{
    size_t len = strlen(id), end = strlen(TEXT_END);
    struct pav_execution_filter f = {.status = -1, .limit = 2};
    struct pav_execution_view *v;
    int64_t next;

    if (len <= end || strcmp(id + len - end, TEXT_END) != 0)
        return false;
    f.key = pav_arena_strndup(q->arena, id, len - end);
    if (pav_reader_executions(q->reader, &f, q->arena, &v, &next) != 1)
        return false;
    page_redirect(q, pav_arena_printf(
                         q->arena, "%s?part=text",
                         path_to(q, "executions/",
                                 pav_arena_printf(q->arena, "%s:%s", v->machine,
                                                  v->row.name))));
    return true;
}

static void
show(struct pav_query *q, const char *rest)
{
    struct pav_execution_filter f = {.key = rest, .status = -1, .limit = ROWS};
    struct pav_disposition_filter d = {.key = rest, .kind = -1, .limit = ROWS};
    struct pav_execution_view *v;
    struct pav_members m;
    const struct pav_doc *events;
    const char *id;
    uint32_t count;
    int64_t next;

    if (*rest == '\0' && (id = page_parameter(q, "id")) != NULL) {
        d.key = f.key = rest = id;
    } else if (*rest == '\0') {
        page_redirect(q, "executions");
        return;
    }
    count = pav_reader_executions(q->reader, &f, q->arena, &v, &next);
    if (count == 0 && answer_as_text(q, rest))
        return;
    if (count == 1) {
        page_redirect(q,
                      path_to(q, "executions/",
                              pav_arena_printf(q->arena, "%s:%s", v[0].machine,
                                               v[0].row.name)));
        return;
    }
    if (count == 0 && is_execution(q, rest)) {
        page_redirect(q, path_to(q, "executions/", rest));
        return;
    }
    pav_members_init(&m, q->arena);
    view_text(&m, "key", rest);
    pav_members_puts(&m, "executions", view_executions(q, &f, &next));
    view_bool(&m, "any", count > 0);
    events = view_dispositions(q, &d, &next);
    if (count == 0 && events->len == 0) { /* an event's id, perhaps */
        d.key = NULL;
        d.event_id = rest;
        events = view_dispositions(q, &d, &next);
        view_bool(&m, "by_event", events->len > 0);
    }
    pav_members_puts(&m, "dispositions", events);
    view_bool(&m, "dispositions_any", events->len > 0);
    if (count == 0 && (d.key != NULL || events->len == 0)) {
        q->status = 404;
        add_near(q, &m, rest);
    }
    page_show(q, &(struct page){.name = "by_key",
                                .title = rest,
                                .topics = "executions events",
                                .view = &m});
}

const struct page_route by_key_page = {"/by-key", "pavane:ReadExecutions",
                                       PAGE_ITSELF | PAGE_BELOW, show};
const struct page_route find_page = {"/find", "pavane:ReadExecutions",
                                     PAGE_ITSELF | PAGE_BELOW, find};
