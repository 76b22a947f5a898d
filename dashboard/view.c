/* Members of views: what a template shows. */
#include <stdio.h>
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

const char *
view_day(struct pav_arena *a, int64_t ms)
{
    char when[PAV_TIME_LEN];

    return pav_arena_strndup(a, pav_time_format(ms, when), 10);
}

const char *
view_share(struct pav_arena *a, int64_t part, int64_t of)
{
    return pav_arena_printf(a, "%lld %%",
                            (long long)((part * 100 + of / 2) / of));
}

const char *
view_span_text(struct pav_arena *a, int64_t ms)
{
    char span[64];

    return pav_arena_strdup(a, pav_time_span(ms, span, sizeof(span)));
}

void
view_span(struct pav_members *m, const char *key, int64_t ms)
{
    char span[64];

    view_text(
        m, key,
        pav_arena_strdup(m->arena, pav_time_span(ms, span, sizeof(span))));
}

/* U+2581 to U+2588, U+2007 (as wide as a digit) for nothing; three bytes. */
static const char *
bar_of(int64_t n, int64_t most)
{
    static const char *const bars[] = {"\u2007", "▁", "▂", "▃", "▄",
                                       "▅",      "▆", "▇", "█"};

    return bars[most <= 0 || n <= 0 ? 0 : (n * 8 + most - 1) / most];
}

const char *
view_bar(struct pav_arena *a, int64_t n, int64_t most)
{
    return pav_arena_strdup(a, bar_of(n, most));
}

void
view_bars(struct pav_members *m, const char *key, const int64_t *v,
          uint32_t count)
{
    char text[3 * 92 + 1]; /* 90 days */
    size_t len = 0;
    int64_t max = 0;
    uint32_t i;

    for (i = 0; i < count; i++)
        if (v[i] > max)
            max = v[i];
    for (i = 0; i < count && len + 3 < sizeof(text); i++, len += 3)
        memcpy(text + len, bar_of(v[i], max), 3);
    text[len] = '\0';
    view_text(m, key, pav_arena_strdup(m->arena, text));
}

const char *
view_count(struct pav_arena *a, int64_t n)
{
    const char *rest = "";

    for (; n >= 1000; n /= 1000)
        rest = pav_arena_printf(a, ",%03d%s", (int)(n % 1000), rest);
    return pav_arena_printf(a, "%d%s", (int)n, rest);
}

void
view_amount(struct pav_members *m, const char *key, int64_t n)
{
    view_text(m, key, view_count(m->arena, n));
    if (n == 0)
        view_text(m, pav_arena_printf(m->arena, "%s_class", key), " zero");
}

static bool
is_same(const struct pav_doc *d, uint32_t i, uint32_t k)
{
    return d->items[i].len == d->items[k].len &&
           memcmp(d->items[i].text, d->items[k].text, d->items[i].len) == 0;
}

void
view_states(struct pav_members *m, const char *key, const char *json)
{
    const struct pav_doc *d = pav_doc_own(m->arena, json, strlen(json));
    struct pav_buf b;
    uint32_t i, k, same, shown = 0;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, "");
    for (i = 0; i < d->len && shown < STATES_SHOW; i += same) {
        for (same = 1, k = i + 1; k < d->len && is_same(d, i, k); k++)
            same++;
        pav_buf_printf(&b, "%s%.*s", i == 0 ? "" : ", ", (int)d->items[i].len,
                       d->items[i].text);
        if (same > 1)
            pav_buf_printf(&b, " ×%u", same);
        shown++;
    }
    if (i < d->len)
        pav_buf_printf(&b, ", and %u more", d->len - i);
    view_text(m, key, pav_arena_strdup(m->arena, b.p));
    pav_buf_fini(&b);
}

/* Signs that turn the direction of what follows are written as JSON may write
 * them: a value moves no quote and no comma. */
static const char *
without_turns(struct pav_arena *a, const char *p, size_t len)
{
    const char *end = p + len, *text;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    for (; p < end; p++) {
        unsigned char second = p + 2 < end ? (unsigned char)p[1] : 0,
                      third = p + 2 < end ? (unsigned char)p[2] : 0;
        bool turns = (unsigned char)*p == 0xe2 &&
                     ((second == 0x80 && third >= 0xaa && third <= 0xae) ||
                      (second == 0x81 && third >= 0xa6 && third <= 0xa9));

        if (!turns) {
            pav_buf_putc(&b, *p);
            continue;
        }
        pav_buf_printf(&b, "\\u20%02x",
                       (unsigned)((second & 3) << 6 | (third & 0x3f)));
        p += 2;
    }
    text = pav_arena_strndup(a, b.len == 0 ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return text;
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
    out = without_turns(a, b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

#define PAYLOAD_SHOW (64 * 1024)

const char *
view_payload(struct pav_arena *a, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;
    size_t len;

    pav_buf_init(&b, PAYLOAD_SHOW);
    pav_doc_print_pretty(d, &b);
    len = b.len;
    if (b.over) {
        while (len > 0 && ((unsigned char)b.p[len - 1] & 0xc0) == 0x80)
            len--; /* not inside a character */
        if (len > 0 && (unsigned char)b.p[len - 1] >= 0xc0)
            len--;
        text = pav_arena_printf(a, "%s\n... cut here: the API gives the whole",
                                without_turns(a, b.p, len));
    } else {
        text = without_turns(a, b.p, len);
    }
    pav_buf_fini(&b);
    return text;
}

void
view_look(struct pav_members *m, enum pav_mark_status s)
{
    view_text(m, "class", pav_looks[s].class);
    view_text(m, "word", pav_looks[s].word);
    view_text(m, "sign", pav_looks[s].sign);
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
