/* Whose events a wait takes: see pavane/insight.h. */
#include "pavane/insight.h"

#include <string.h>

#include "pavane/ledger.h"

#define SOURCES_MAX 16
#define MONTH_MS    INT64_C(2592000000)
#define OR          " or "

struct sources {
    const char *v[SOURCES_MAX];
    uint32_t count;
};

static bool
has(const struct sources *s, const char *name)
{
    uint32_t i;

    for (i = 0; i < s->count; i++)
        if (strcmp(s->v[i], name) == 0)
            return true;
    return false;
}

/* The texts of a pattern's "source". */
static void
add_sources(struct sources *s, const struct pav_doc *pattern,
            struct pav_arena *a)
{
    const struct pav_doc *list = pav_doc_get(pattern, "source");
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const char *name = pav_doc_str(a, &list->items[i]);

        if (name != NULL && s->count < SOURCES_MAX && !has(s, name))
            s->v[s->count++] = name;
    }
}

/* Is the type one of "A or B"? */
static bool
is_awaited(const char *awaits, const char *type)
{
    size_t len = strlen(type);
    const char *p = awaits;

    while ((p = strstr(p, type)) != NULL) {
        bool begins =
            p == awaits || (p - awaits >= (long)strlen(OR) &&
                            strncmp(p - strlen(OR), OR, strlen(OR)) == 0);

        if (begins && (p[len] == '\0' || strncmp(p + len, OR, strlen(OR)) == 0))
            return true;
        p++;
    }
    return false;
}

/* Could a rule let one of the awaited types in? */
static bool
lets_in(const struct pav_doc *rule_pattern, const char *awaits,
        struct pav_arena *a)
{
    const struct pav_doc *types = pav_doc_get(rule_pattern, "detail-type");
    uint32_t i;

    if (awaits == NULL || types == NULL || types->kind != PAV_ARRAY)
        return true;
    for (i = 0; i < types->len; i++) {
        const char *type = pav_doc_str(a, &types->items[i]);

        if (type == NULL || is_awaited(awaits, type)) /* no text: a test */
            return true;
    }
    return false;
}

static void
add_of_rules(struct sources *s, const struct pav_doc *rules, const char *awaits,
             struct pav_arena *a)
{
    const struct pav_doc *list = pav_doc_get(rules, "resume");
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        const struct pav_doc *pattern = pav_doc_get(&list->items[i], "pattern");

        if (pattern != NULL && lets_in(pattern, awaits, a))
            add_sources(s, pattern, a);
    }
}

/* Of several, those that do send it; all when none has. */
static void
narrow(struct sources *s, struct pav_reader *r, const char *awaits,
       int64_t now_ms, struct pav_arena *a)
{
    struct sources sending = {.count = 0};
    const char *p = awaits, *end;
    uint32_t i;

    for (; p != NULL; p = *end == '\0' ? NULL : end + strlen(OR)) {
        const char **senders;
        uint32_t count;

        end = strstr(p, OR);
        if (end == NULL)
            end = p + strlen(p);
        count =
            pav_reader_senders(r, pav_arena_strndup(a, p, (size_t)(end - p)),
                               now_ms - MONTH_MS, a, &senders);
        for (i = 0; i < count; i++)
            if (has(s, senders[i]) && !has(&sending, senders[i]))
                sending.v[sending.count++] = senders[i];
    }
    if (sending.count > 0)
        *s = sending;
}

const char *
pav_awaited_from(struct pav_reader *r, const struct pav_doc *rules,
                 const char *awaits, const struct pav_doc *pattern,
                 int64_t now_ms, struct pav_arena *a)
{
    struct sources s = {.count = 0};
    const char *text = NULL;
    uint32_t i;

    if (pattern != NULL)
        add_sources(&s, pattern, a);
    if (s.count == 0 && rules != NULL)
        add_of_rules(&s, rules, awaits, a);
    if (s.count > 1 && awaits != NULL)
        narrow(&s, r, awaits, now_ms, a);
    for (i = 0; i < s.count; i++)
        text = text == NULL ? s.v[i]
                            : pav_arena_printf(a, "%s" OR "%s", text, s.v[i]);
    return text;
}
