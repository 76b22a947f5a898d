/* Regular expressions: PCRE2 with JavaScript's meaning, within bounds. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "eval.h"
#include "functions.h"
#include "regex_text.h"

#define HEAP_LIMIT  4096 /* KiB */
#define MATCH_STEPS 40   /* what a match costs beside its text */

/* ---- what a match costs ---- */

/* Patterns are compiled with a call in front of each of their items. */
struct counting {
    PCRE2_SIZE last;     /* where the one before was tried */
    uint64_t taken, max; /* in calls, each a step */
};

static int
count(pcre2_callout_block *b, void *ctx)
{
    struct counting *c = ctx;
    PCRE2_SIZE at = b->current_position;

    c->taken += 1 + (at > c->last ? at - c->last : c->last - at) / 16;
    c->last = at;
    return c->taken > c->max ? PCRE2_ERROR_CALLOUT : 0;
}

/* ---- matching ---- */

static const char *
lone_half(const char *p, const char *end)
{
    while ((p = memchr(p, 0xED, (size_t)(end - p))) != NULL) {
        if (end - p > 2 && (unsigned char)p[1] >= 0xA0)
            return p;
        p++;
    }
    return NULL;
}

struct value
regex_subject(struct eval *e, struct value text)
{
    const char *end = text.text + text.len;
    const char *at = lone_half(text.text, end);
    char *copy;

    if (at == NULL || !take_steps(e, text.len / 64) || !may_make(e, text.len))
        return text;
    copy = pav_arena_strndup(e->arena, text.text, text.len);
    for (; at != NULL; at = lone_half(at + 3, end))
        memcpy(copy + (at - text.text), "\xEF\xBF\xBD", 3);
    return value_string(copy, text.len);
}

static struct value
groups_of(struct eval *e, pcre2_match_data *data, int count, struct value text)
{
    PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
    uint32_t all = pcre2_get_ovector_count(data), i;
    struct list *groups = list_new(e->arena, all);

    for (i = 1; i < all; i++) {
        bool set = i < (uint32_t)count && at[2 * i] != PCRE2_UNSET;

        list_push(
            e->arena, groups,
            set ? value_string(text.text + at[2 * i], at[2 * i + 1] - at[2 * i])
                : nothing);
    }
    return value_list(groups);
}

static void
take_match(struct eval *e, const struct counting *c, struct value text,
           int result)
{
    uint64_t rest = result == PCRE2_ERROR_NOMATCH && c->last < text.len
                        ? text.len - c->last
                        : 0; /* looked through for a beginning, in vain */

    if (take_steps(e, MATCH_STEPS + c->taken + rest / 64) && result < 0 &&
        result != PCRE2_ERROR_NOMATCH)
        throw_bound(e, OUT_OF_TIME);
}

enum match_end
regex_match(struct eval *e, const struct node *n, struct value text,
            struct value subject, uint32_t from, struct match *m)
{
    const pcre2_code *code = n->code;
    struct counting c = {.last = from, .max = steps_left(e)};
    pcre2_match_data *data;
    pcre2_match_context *limits;
    enum match_end end = MATCH_NONE;
    int result;

    if (e->failed)
        return MATCH_FAILED;
    data = pcre2_match_data_create_from_pattern(code, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_heap_limit(limits, HEAP_LIMIT);
    pcre2_set_callout(limits, count, &c);
    result = pcre2_match(code, (PCRE2_SPTR)subject.text, subject.len, from,
                         PCRE2_NO_UTF_CHECK, data, limits);
    take_match(e, &c, subject, result);
    if (result > 0) {
        PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

        m->start = (uint32_t)at[0];
        m->end = (uint32_t)(at[1] < at[0] ? at[0] : at[1]);
        m->groups = groups_of(e, data, result, text);
        end = MATCH_FOUND;
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return e->failed ? MATCH_FAILED : end;
}

bool
regex_groups(struct eval *e, const struct pav_buf *pattern, struct value text,
             struct value *groups)
{
    struct node n = {.count = (uint32_t)pattern->len};
    PCRE2_SIZE at;
    struct match m;
    int error;
    bool found;

    if (!take_steps(e, 64 + pattern->len / 4))
        return false;
    n.code = pcre2_compile((PCRE2_SPTR)pattern->p, pattern->len,
                           PCRE2_UTF | PCRE2_AUTO_CALLOUT | PCRE2_CASELESS |
                               PCRE2_DOLLAR_ENDONLY,
                           &error, &at, NULL);
    if (n.code == NULL)
        return false;
    found =
        regex_match(e, &n, text, regex_subject(e, text), 0, &m) == MATCH_FOUND;
    pcre2_code_free((pcre2_code *)(uintptr_t)n.code);
    if (found)
        *groups = m.groups;
    return found;
}

/* ---- as functions ---- */

const struct node *
regex_of(struct value f)
{
    const struct function *fn = f.kind == V_FUNCTION ? f.function : NULL;

    while (fn != NULL && fn->kind == F_WRAPPED)
        fn = fn->first;
    return fn != NULL && fn->kind == F_REGEX ? fn->node : NULL;
}

struct map *
match_map(struct eval *e, struct value text, const struct match *m)
{
    struct map *o = map_new(e->arena);

    map_put(e->arena, o, "match", 5,
            value_string(text.text + m->start, m->end - m->start));
    map_put(e->arena, o, "start", 5,
            value_number(units_in(text.text, m->start)));
    map_put(e->arena, o, "end", 3, value_number(units_in(text.text, m->end)));
    map_put(e->arena, o, "groups", 6, m->groups);
    return o;
}

struct value
regex_call(struct eval *e, const struct node *n, struct value text,
           uint32_t from)
{
    struct map *result;
    struct function *next;
    struct match m;

    if (from > text.len || !take_steps(e, text.len / 64) ||
        regex_match(e, n, text, regex_subject(e, text), from, &m) !=
            MATCH_FOUND)
        return nothing;
    next = function_new(e, F_NEXT);
    next->regex = n;
    next->text = text;
    next->offset = m.end;
    result = match_map(e, text, &m);
    map_put(e->arena, result, "next", 4, value_function(next));
    return value_map(result);
}

struct value
regex_next(struct eval *e, const struct function *next)
{
    struct value v;

    if (next->offset >= next->text.len)
        return nothing;
    v = regex_call(e, next->regex, next->text, next->offset);
    if (v.kind == V_MAP && object_get(v, "match", 5).len == 0) {
        throw_value(e, "D1004",
                    value_string(next->regex->pattern, next->regex->count));
        thrown_at(e, next->regex);
        return nothing;
    }
    return v;
}
