/* Members of views: what a template shows. */
#include <string.h>

#include "pavane/text.h"
#include "graph/trace.h"
#include "view.h"

#define STATES_SHOW 12

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
    if (ms != 0)
        view_number(m, key, ms);
}

void
view_span(struct pav_members *m, const char *key, int64_t ms)
{
    char span[64];

    view_text(
        m, key,
        pav_arena_strdup(m->arena, pav_time_span(ms, span, sizeof(span))));
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

void
view_status(struct pav_members *m, enum pav_status s)
{
    const struct pav_look *badge = &pav_looks[trace_mark(s)];

    view_text(m, "status", pav_status_name(s));
    view_text(m, "status_word", badge->word);
    view_text(m, "status_past",
              s == PAV_TIMED_OUT ? "timed out"
              : s == PAV_ABORTED ? "was stopped"
                                 : badge->word);
    view_text(m, "status_class", badge->class);
    view_text(m, "status_sign", badge->sign);
}
