/*
 * Event patterns, in the forms {"cases": [{pattern, event, match}]},
 * {"invalid": [{pattern, reason}]}, {"valid": [{pattern}]},
 * {"rulesets": [{rules, events: [{event, matched}]}]}, {"input": {"cases"}}
 * (what a target is sent) and {"schedule": {valid, invalid}}; patterns and
 * events are JSON texts.  Each pattern is asked alone and in an index.
 */
#include <string.h>

#include "pavane/index.h"
#include "pavane/schedule.h"
#include "pavane/text.h"
#include "pavane/transform.h"
#include "conformance.h"

static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};

static bool
compile(struct pav_arena *a, const struct pav_doc *text,
        struct pav_pattern **out, struct pav_err *err)
{
    const struct pav_doc *doc;

    return pav_doc_parse(a, text->text, text->len, &keep, &doc, err) ==
               PAV_OK &&
           pav_pattern_compile(a, doc, out, err) == PAV_OK;
}

/* The answer of one rule alone, and that of an index with only this rule. */
static bool
matches(struct pav_arena *a, const struct pav_pattern *p,
        const struct pav_doc *text, bool *agree)
{
    struct pav_index *ix;
    struct pav_outline outline;
    struct pav_matches found;
    const struct pav_doc *doc;
    struct pav_event event;
    bool alone;

    *agree = true;
    if (pav_doc_parse(a, text->text, text->len, &keep, &doc, NULL) != PAV_OK ||
        doc->kind != PAV_OBJECT)
        return false;
    pav_event_init(&event, doc, a);
    alone = pav_pattern_matches(p, &event);
    ix = pav_index_new();
    (void)pav_index_add(ix, p, &outline);
    *agree =
        pav_doc_check(text->text, text->len, PAV_DEPTH_MAX, &outline, NULL);
    if (*agree) {
        pav_index_match(ix, text->text, text->len, outline.simple, a, &found);
        *agree = found.count == alone;
    }
    pav_index_free(ix);
    return alone;
}

static void
run_cases(struct tally *t, const struct pav_doc *cases)
{
    uint32_t i;

    for (i = 0; i < cases->len; i++) {
        const struct pav_doc *c = pav_doc_at(cases, i);
        const struct pav_doc *pattern = pav_doc_get(c, "pattern");
        const struct pav_doc *match = pav_doc_get(c, "match");
        struct pav_pattern *p;
        struct pav_err err;
        bool accepted, agree = true;

        if (pattern == NULL || pattern->kind != PAV_STRING || match == NULL ||
            !pav_doc_is_bool(match) || pav_doc_get(c, "variants") != NULL) {
            tally_skip(t);
            continue;
        }
        accepted = compile(&t->arena, pattern, &p, &err);
        tally_case(t,
                   accepted &&
                       matches(&t->arena, p, pav_doc_get(c, "event"), &agree) ==
                           (match->kind == PAV_TRUE) &&
                       agree,
                   pav_doc_get(c, "id"),
                   !accepted ? err.message
                   : agree   ? "the other answer"
                             : "the index answers otherwise");
    }
}

/* Reasons of the JSON parser are its own; the compiler's are EventBridge's. */
static bool
reason_counts(const struct pav_doc *c)
{
    const struct pav_doc *family = pav_doc_get(c, "family");

    return !pav_doc_is_str(family, "syntax") &&
           !pav_doc_is_str(family, "damaged");
}

static bool
is_json(struct pav_arena *a, const struct pav_doc *text)
{
    const struct pav_doc *ignored;

    return pav_doc_parse(a, text->text, text->len, &keep, &ignored, NULL) ==
           PAV_OK;
}

/* The first line of "reason", or of a "message" behind its introduction. */
static bool
same_reason(struct pav_arena *a, const struct pav_doc *c, const char *got)
{
    static const char before[] = "Event pattern is not valid. Reason: ";
    const struct pav_doc *want = pav_doc_get(c, "reason");
    const char *text;

    if (want == NULL)
        want = pav_doc_get(c, "message");
    text = want == NULL ? NULL : pav_doc_str(a, want);
    if (text == NULL || !reason_counts(c) ||
        !is_json(a, pav_doc_get(c, "pattern")))
        return true;
    if (strncmp(text, before, sizeof(before) - 1) == 0)
        text += sizeof(before) - 1;
    return strlen(got) == strcspn(text, "\n") &&
           strncmp(text, got, strlen(got)) == 0;
}

static void
run_verdicts(struct tally *t, const struct pav_doc *list, bool valid)
{
    uint32_t i;

    for (i = 0; i < list->len; i++) {
        const struct pav_doc *c = pav_doc_at(list, i);
        const struct pav_doc *pattern = pav_doc_get(c, "pattern");
        struct pav_pattern *p;
        struct pav_err err;
        bool accepted = compile(&t->arena, pattern, &p, &err);

        tally_case(t,
                   accepted == valid &&
                       (valid || same_reason(&t->arena, c, err.message)),
                   pav_doc_get(c, "id"), accepted ? "accepted" : err.message);
    }
}

static bool
is_listed(const struct pav_doc *names, const struct pav_member *m)
{
    uint32_t i;

    for (i = 0; i < names->len; i++)
        if (names->items[i].len == m->len &&
            memcmp(names->items[i].text, m->key, m->len) == 0)
            return true;
    return false;
}

/* All rules in one index: each event's matches, and no others. */
static void
run_ruleset(struct tally *t, const struct pav_doc *set)
{
    const struct pav_doc *rules = pav_doc_get(set, "rules");
    const struct pav_doc *events = pav_doc_get(set, "events");
    struct pav_index *ix = pav_index_new();
    uint32_t i, j, k;

    for (i = 0; i < rules->len; i++) {
        const struct pav_member *rule = &rules->members[i];
        struct pav_pattern *p;
        struct pav_err err;

        if (compile(&t->arena, &rule->value, &p, &err)) {
            union {
                const struct pav_member *member;
                void *owner;
            } as = {rule};

            (void)pav_index_add(ix, p, as.owner);
        } else {
            tally_case(t, false, pav_doc_get(set, "id"), err.message);
        }
    }
    for (j = 0; j < events->len; j++) {
        const struct pav_doc *e = pav_doc_at(events, j);
        const struct pav_doc *text = pav_doc_get(e, "event");
        struct pav_outline outline;
        struct pav_matches found;

        if (!pav_doc_check(text->text, text->len, PAV_DEPTH_MAX, &outline,
                           NULL)) {
            tally_case(t, false, pav_doc_get(set, "id"), "no JSON");
            continue;
        }
        pav_index_match(ix, text->text, text->len, outline.simple, &t->arena,
                        &found);
        for (i = 0; i < rules->len; i++) {
            const struct pav_member *rule = &rules->members[i];
            bool matched = false;

            for (k = 0; k < found.count; k++)
                matched |= found.owners[k] == rule;
            tally_case(t, matched == is_listed(pav_doc_get(e, "matched"), rule),
                       pav_doc_get(set, "id"), "the other answer");
        }
    }
    pav_index_free(ix);
}

/* ---- what targets are sent, and schedules ---- */

static const struct pav_doc *
renamed(struct pav_arena *a, const struct pav_doc *c)
{
    const struct pav_doc *paths = pav_doc_get(c, "paths");
    const struct pav_doc *path = pav_doc_get(c, "input_path");
    struct pav_members rule, transformer;

    pav_members_init(&rule, a);
    if (path != NULL) {
        pav_members_puts(&rule, "inputPath", path);
    } else {
        pav_members_init(&transformer, a);
        pav_members_puts(&transformer, "InputPathsMap", paths);
        pav_members_puts(&transformer, "InputTemplate",
                         pav_doc_get(c, "template"));
        pav_members_puts(&rule, "inputTransformer",
                         pav_members_object(&transformer));
    }
    return pav_members_object(&rule);
}

static const char *
text_or(struct pav_arena *a, const struct pav_doc *c, const char *key,
        const char *by_default)
{
    const struct pav_doc *v = pav_doc_get(c, key);

    return v == NULL ? by_default : pav_doc_str(a, v);
}

/* Where the event's text is known, a tree is filled instead of a text. */
static bool
is_same_as_tree(const struct pav_transform *t,
                struct pav_transform_context context,
                const struct pav_doc *event, struct pav_bytes text,
                struct pav_arena *a)
{
    struct pav_transform_part part;
    const struct pav_doc *filled;
    struct pav_err err;

    context.text.p = pav_doc_text(a, event);
    context.text.len = context.plain_len = strlen(context.text.p);
    if (pav_doc_parse(a, context.text.p, context.text.len, NULL, &event,
                      &err) != PAV_OK)
        return false;
    filled = pav_transform_apply(t, event, &context, a, &part, &err);
    return filled == NULL ||
           (strlen(pav_doc_text(a, filled)) == text.len &&
            memcmp(pav_doc_text(a, filled), text.p, text.len) == 0 &&
            part.at + part.len <= context.text.len);
}

static bool
input_is_right(struct pav_arena *a, const struct pav_doc *c)
{
    struct pav_transform_context context = {
        .rule_name = text_or(a, c, "rule_name", "rule"),
        .rule_arn = text_or(a, c, "rule_arn", "arn")};
    const char *time = text_or(a, c, "ingestion_time", "1970-01-01T00:00:00Z");
    const struct pav_doc *want = pav_doc_get(c, "output"), *got;
    const struct pav_doc *want_text = pav_doc_get(c, "output_text");
    struct pav_transform *t;
    struct pav_bytes text;
    struct pav_err err;

    if (!pav_time_parse(time, strlen(time), &context.now_ms) ||
        pav_transform_compile(a, renamed(a, c), false, &t, &err) != PAV_OK)
        return false;
    text = pav_transform_text(t, pav_doc_get(c, "event"), &context, a, &err);
    if (text.p == NULL)
        return pav_doc_get(c, "delivered") != NULL;
    if (!is_same_as_tree(t, context, pav_doc_get(c, "event"), text, a))
        return false;
    if (want_text != NULL)
        return want_text->len == text.len &&
               memcmp(want_text->text, text.p, text.len) == 0;
    return want != NULL &&
           pav_doc_parse(a, text.p, text.len, NULL, &got, NULL) == PAV_OK &&
           pav_doc_equal(want, got);
}

static void
run_facts(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *cases =
        pav_doc_get(pav_doc_get(file, "input"), "cases");
    const struct pav_doc *schedule = pav_doc_get(file, "schedule");
    static const char *const lists[] = {"valid", "invalid"};
    uint32_t i;
    int k;

    for (i = 0; cases != NULL && i < cases->len; i++)
        tally_case(t, input_is_right(&t->arena, &cases->items[i]),
                   pav_doc_get(&cases->items[i], "id"), "another input");
    for (k = 0; schedule != NULL && k < 2; k++) {
        const struct pav_doc *list = pav_doc_get(schedule, lists[k]);

        for (i = 0; list != NULL && i < list->len; i++) {
            struct pav_schedule parsed;
            struct pav_err err;
            bool valid =
                pav_schedule_parse(pav_doc_str(&t->arena, &list->items[i]),
                                   &parsed, &err) == PAV_OK;

            tally_case(t, valid == (k == 0), &list->items[i], "schedule");
        }
    }
}

void
run_event_patterns(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *list;
    uint32_t i;

    if (pav_doc_is_str(pav_doc_get(file, "group"), "contested"))
        return; /* where the oracle disputes itself */
    if ((list = pav_doc_get(file, "cases")) != NULL)
        run_cases(t, list);
    if ((list = pav_doc_get(file, "invalid")) != NULL)
        run_verdicts(t, list, false);
    if ((list = pav_doc_get(file, "valid")) != NULL)
        run_verdicts(t, list, true);
    run_facts(t, file);
    if ((list = pav_doc_get(file, "rulesets")) != NULL)
        for (i = 0; i < list->len; i++)
            run_ruleset(t, pav_doc_at(list, i));
}
