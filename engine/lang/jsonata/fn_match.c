/*
 * $contains, $match, $replace, $split.  What matches is a text, a regular
 * expression, or a function that answers as one does: {match, start, end,
 * groups, next}.
 */
#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "eval.h"
#include "functions.h"

/* Matches one after the other. */
struct matcher {
    struct value text, subject; /* of the regex */
    const struct node *regex;   /* NULL: `next` is called */
    struct value next;
    bool first;
    struct match m; /* the one that was found */
    struct value matched;
    struct value object; /* as a function gave it; nothing of a regex */
};

static struct value
member(struct value o, const char *key)
{
    return is_object(o) ? object_get(o, key, (uint32_t)strlen(key)) : nothing;
}

static void
matcher_init(struct eval *e, struct matcher *m, struct value text,
             struct value f)
{
    memset(m, 0, sizeof(*m));
    m->text = text;
    m->regex = regex_of(f);
    if (m->regex != NULL && take_steps(e, text.len / 64))
        m->subject = regex_subject(e, text);
    m->next = f;
    m->first = true;
}

static bool
next_of_regex(struct eval *e, struct matcher *m)
{
    uint32_t from = m->first ? 0 : m->m.end;

    if (!m->first && from >= m->text.len)
        return false;
    if (regex_match(e, m->regex, m->text, m->subject, from, &m->m) !=
        MATCH_FOUND)
        return false;
    if (!m->first && m->m.start == m->m.end) {
        throw_value(e, "D1004",
                    value_string(m->regex->pattern, m->regex->count));
        thrown_at(e, m->regex);
        return false;
    }
    m->matched = value_string(m->text.text + m->m.start, m->m.end - m->m.start);
    return true;
}

static uint32_t
place(struct matcher *m, const char *key)
{
    struct value v = member(m->object, key);
    double n = is_number(v) ? double_of(v) : 0;

    return n > 0 && n < 4e9 ? bytes_of_units(m->text, (uint32_t)n) : 0;
}

static bool
next_of_function(struct eval *e, struct matcher *m)
{
    const struct value null = {.kind = V_NULL};

    if (m->next.kind != V_FUNCTION)
        return false;
    m->object = call_function(e, m->next.function, &m->text, m->first ? 1 : 0,
                              null, NULL);
    if (e->failed || m->object.kind == V_NOTHING)
        return false;
    if (!is_number(member(m->object, "start")) &&
        !is_array(member(m->object, "groups")) &&
        member(m->object, "next").kind != V_FUNCTION) {
        throw_error(e, "T1010");
        return false;
    }
    m->matched = member(m->object, "match");
    if (m->matched.kind != V_STRING)
        m->matched = value_string("", 0);
    m->m.start = place(m, "start");
    m->m.end = place(m, "end");
    m->m.groups = member(m->object, "groups");
    m->next = member(m->object, "next");
    return take_steps(e, 1);
}

static bool
matcher_next(struct eval *e, struct matcher *m)
{
    bool found =
        m->regex != NULL ? next_of_regex(e, m) : next_of_function(e, m);

    m->first = false;
    return found;
}

/* ---- texts in texts ---- */

static const char *
find(struct value text, uint32_t from, struct value what)
{
    return memmem(text.text + from, text.len - from, what.text, what.len);
}

FUNCTION(fn_contains)
{
    struct value text = arg(c, 0), what = arg(c, 1);
    struct matcher m;

    if (text.kind != V_STRING || what.kind == V_NOTHING)
        return nothing;
    if (what.kind == V_STRING)
        return value_bool(take_steps(e, text.len / 64) &&
                          find(text, 0, what) != NULL);
    matcher_init(e, &m, text, what);
    return value_bool(matcher_next(e, &m));
}

/* Infinity without one. */
static double
limit_of(struct eval *e, struct value v, const char *code)
{
    if (!is_number(v))
        return HUGE_VAL;
    if (double_of(v) < 0)
        throw_value(e, code, v);
    return double_of(v);
}

FUNCTION(fn_match)
{
    struct value text = arg(c, 0);
    double limit = limit_of(e, arg(c, 2), "D3040");
    struct list *results = sequence_new(e->arena);
    struct matcher m;

    if (text.kind != V_STRING || e->failed)
        return nothing;
    matcher_init(e, &m, text, arg(c, 1));
    while (results->count < limit && matcher_next(e, &m)) {
        struct map *one = map_new(e->arena);

        map_put(e->arena, one, "match", 5, m.matched);
        map_put(e->arena, one, "index", 5,
                m.regex == NULL ? member(m.object, "start")
                                : value_number(units_in(text.text, m.m.start)));
        map_put(e->arena, one, "groups", 6, m.m.groups);
        list_push(e->arena, results, value_map(one));
    }
    return value_list(results);
}

/* ---- $replace ---- */

/* The number that the digits say, as JavaScript's parseInt(); -1: none. */
static int
group_number(const char *p, size_t len, unsigned max_digits, size_t *used)
{
    int n = -1;
    size_t i;

    for (i = 0; i < len && i < max_digits && p[i] >= '0' && p[i] <= '9'; i++)
        n = (n < 0 ? 0 : n * 10) + p[i] - '0';
    *used = i;
    return n;
}

static unsigned
digits_in(uint32_t n)
{
    unsigned digits = 1;

    while (n >= 10) {
        n /= 10;
        digits++;
    }
    return digits;
}

/* What `$1` and so on stand for: its length in the template. */
static size_t
put_group(const struct matcher *m, const char *p, size_t len,
          struct pav_buf *out)
{
    uint32_t groups = is_array(m->m.groups) ? array_len(m->m.groups) : 0;
    unsigned max_digits = digits_in(groups);
    size_t used;
    int n = group_number(p, len, max_digits, &used);
    struct value v;

    if (max_digits > 1 && n > (int)groups)
        n = group_number(p, len, max_digits - 1, &used);
    if (n < 0) {
        pav_buf_putc(out, '$');
        return 0;
    }
    if (n >= 1 && n <= (int)groups) {
        v = array_at(m->m.groups, (uint32_t)n - 1);
        if (v.kind == V_STRING)
            pav_buf_put(out, v.text, v.len);
    }
    return digits_in((uint32_t)n);
}

static void
put_template(const struct matcher *m, struct value by, struct pav_buf *out)
{
    size_t i;

    for (i = 0; i < by.len; i++) {
        char next = i + 1 < by.len ? by.text[i + 1] : '\0';

        if (by.text[i] != '$') {
            pav_buf_putc(out, by.text[i]);
        } else if (next == '$') {
            pav_buf_putc(out, '$');
            i++;
        } else if (next == '0') {
            pav_buf_put(out, m->matched.text, m->matched.len);
            i++;
        } else {
            i += put_group(m, by.text + i + 1, by.len - i - 1, out);
        }
    }
}

/* The match as a function of the caller's is given it. */
static struct value
match_object(struct eval *e, const struct matcher *m)
{
    return m->regex == NULL ? m->object
                            : value_map(match_map(e, m->text, &m->m));
}

static void
put_replacement(struct eval *e, const struct matcher *m, struct value by,
                struct pav_buf *out)
{
    struct value v;

    if (by.kind == V_STRING) {
        put_template(m, by, out);
        return;
    }
    v = call_given(e, by, match_object(e, m), nothing, nothing);
    if (!e->failed && v.kind != V_STRING)
        throw_value(e, "D3012", v);
    else if (!e->failed)
        pav_buf_put(out, v.text, v.len);
}

static void
replace_text(struct eval *e, struct value text, struct value what,
             struct value by, double limit, struct pav_buf *out)
{
    const char *at;
    uint32_t from = 0, count = 0;

    if (!take_steps(e, text.len / 64))
        return;
    while (count < limit && (at = find(text, from, what)) != NULL &&
           take_steps(e, 1)) {
        uint32_t start = (uint32_t)(at - text.text);

        pav_buf_put(out, text.text + from, start - from);
        pav_buf_put(out, by.text, by.len);
        from = start + what.len;
        count++;
    }
    pav_buf_put(out, text.text + from, text.len - from);
}

static void
replace_matches(struct eval *e, struct value text, struct value what,
                struct value by, double limit, struct pav_buf *out)
{
    uint32_t from = 0, count = 0;
    struct matcher m;

    matcher_init(e, &m, text, what);
    while (count < limit && !e->failed && !out->over && matcher_next(e, &m)) {
        if (m.m.start > from)
            pav_buf_put(out, text.text + from, m.m.start - from);
        put_replacement(e, &m, by, out);
        from = m.regex != NULL
                   ? m.m.end
                   : bytes_of_units(
                         text, units_in(text.text, m.m.start) +
                                   units_in(m.matched.text, m.matched.len));
        count++;
    }
    pav_buf_put(out, text.text + from, text.len - from);
}

#define REPLACED_MAX (8u << 20)

FUNCTION(fn_replace)
{
    struct value text = arg(c, 0), what = arg(c, 1), by = arg(c, 2);
    double limit;
    struct pav_buf b;

    if (text.kind != V_STRING)
        return nothing;
    if (what.kind == V_STRING && what.len == 0)
        return throw_value(e, "D3010", what);
    limit = limit_of(e, arg(c, 3), "D3011");
    if (e->failed || limit == 0)
        return text;
    pav_buf_init(&b, REPLACED_MAX);
    if (what.kind == V_STRING && by.kind != V_STRING)
        replace_text(e, text, what, value_string("", 0), limit, &b);
    else if (what.kind == V_STRING)
        replace_text(e, text, what, by, limit, &b);
    else
        replace_matches(e, text, what, by, limit, &b);
    return text_of_buf(e, &b);
}

/* ---- $split ---- */

static struct value
split_text(struct eval *e, struct value text, struct value by, double limit)
{
    struct list *l = list_new(e->arena, 8);
    uint32_t from = 0;
    const char *at;

    if (!take_steps(e, text.len / 64))
        return nothing;
    if (by.len == 0)
        return split_units(e, text, limit);
    while (l->count < limit && (at = find(text, from, by)) != NULL &&
           take_steps(e, 1)) {
        uint32_t start = (uint32_t)(at - text.text);

        list_push(e->arena, l, value_string(text.text + from, start - from));
        from = start + by.len;
    }
    if (l->count < limit)
        list_push(e->arena, l, value_string(text.text + from, text.len - from));
    return value_list(l);
}

FUNCTION(fn_split)
{
    struct value text = arg(c, 0), by = arg(c, 1);
    struct list *l = list_new(e->arena, 8);
    struct matcher m;
    uint32_t from = 0;
    double limit;

    if (text.kind != V_STRING)
        return nothing;
    limit = limit_of(e, arg(c, 2), "D3020");
    if (e->failed)
        return nothing;
    if (by.kind == V_STRING)
        return split_text(e, text, by, floor(limit));
    matcher_init(e, &m, text, by);
    while (l->count < limit && matcher_next(e, &m)) {
        uint32_t start = m.m.start < from ? from : m.m.start;

        list_push(e->arena, l, value_string(text.text + from, start - from));
        from = m.m.end < start ? start : m.m.end;
    }
    if (l->count < limit)
        list_push(e->arena, l, value_string(text.text + from, text.len - from));
    return value_list(l);
}
