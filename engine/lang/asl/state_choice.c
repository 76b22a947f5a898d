/* Choice: the first rule that holds says where to go, else Default. */
#include <string.h>

#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    const struct pav_doc *choices = pav_doc_get(d, "Choices");
    const struct pav_doc *by_default = pav_doc_get(d, "Default");
    const struct place *inner = place_of(c, place, "Choices");
    uint32_t i;

    s->choice.default_name = member_str(c, d, place, "Default", false);
    s->choice.default_at = by_default == NULL ? 0 : by_default->at;
    if (choices == NULL || choices->kind != PAV_ARRAY || choices->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field 'Choices' must be a list with a rule in it");
        return;
    }
    s->choice.rules =
        pav_arena_zalloc(c->arena, choices->len * sizeof(*s->choice.rules));
    s->choice.count = choices->len;
    for (i = 0; i < choices->len; i++) {
        struct choice_rule *r = &s->choice.rules[i];
        const struct pav_doc *rule = &choices->items[i];

        r->place = place_at(c, inner, i);
        r->at = rule->at;
        r->test = c->language->test(c, rule, r->place);
        if (rule->kind != PAV_OBJECT)
            continue;
        r->query = c->language->rule(c, s, rule, r->place);
        r->next_name = member_str(c, rule, r->place, "Next", true);
    }
}

static void
link(struct compiler *c, struct state *s)
{
    uint32_t i;

    for (i = 0; i < s->choice.count; i++) {
        struct choice_rule *r = &s->choice.rules[i];

        r->next = target_find(c, s->scope, r->next_name,
                              place_of(c, r->place, "Next"), r->at);
    }
    s->choice.default_next =
        target_find(c, s->scope, s->choice.default_name,
                    place_of(c, s->place, "Default"), s->choice.default_at);
}

static bool
target(const struct state *s, uint32_t i, const struct state **next)
{
    if (i > s->choice.count)
        return false;
    *next =
        i < s->choice.count ? s->choice.rules[i].next : s->choice.default_next;
    return true;
}

static const char *
event_names(struct compiler *c, const struct state *s)
{
    const char *names = NULL;
    uint32_t i;

    for (i = 0; s->language->event_names != NULL && i < s->choice.count; i++)
        names = s->language->event_names(c, s->choice.rules[i].test, names);
    return names;
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct query *query = s->query;
    const struct pav_doc *from;
    bool holds = false;
    uint32_t i;

    if (!s->language->arguments(st, f, &from))
        return GO_FAILED;
    f->jump = s->choice.default_next;
    for (i = 0; i < s->choice.count && !holds; i++) {
        const struct choice_rule *r = &s->choice.rules[i];

        if (!s->language->holds(st, f, r->test, from, &holds))
            return GO_FAILED;
        if (holds) {
            f->jump = r->next;
            query = r->query;
        }
    }
    if (!holds)
        f->via_default = true;
    if (f->jump == NULL) {
        /* An event that no rule is meant for counts as one that led to a
         * Fail state. */
        st->out->unexpected = true;
        fail_runtime(st, f,
                     "Failed to transition out of the state. The state does "
                     "not point to a next state.");
        return GO_FAILED;
    }
    return state_output(st, f, query, from, &f->result) ? GO_TO : GO_FAILED;
}

static const char *const own_fields[] = {"Choices", "Default", NULL};

const struct state_kind choice_kind = {
    .name = "Choice",
    .entered = EV_CHOICE_ENTERED,
    .exited = EV_CHOICE_EXITED,
    .has = HAS_DATA | HAS_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .link = link,
    .enter = enter_state,
    .target = target,
    .event_names = event_names,
};
