/* Choice: the first rule that holds says where to go, else Default. */
#include <string.h>

#include "step_int.h"

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    const struct pav_doc *choices = pav_doc_get(d, "Choices");
    const struct pav_doc *otherwise = pav_doc_get(d, "Default");
    const char *inner = pointer_to(c, pointer, "Choices");
    uint32_t i;

    s->choice.default_name = member_str(c, d, pointer, "Default", false);
    s->choice.default_at = otherwise == NULL ? 0 : otherwise->at;
    if (choices == NULL || choices->kind != PAV_ARRAY || choices->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "The field 'Choices' must be a list with a rule in it");
        return;
    }
    s->choice.rules =
        pav_arena_zalloc(c->arena, choices->len * sizeof(*s->choice.rules));
    s->choice.count = choices->len;
    for (i = 0; i < choices->len; i++) {
        struct choice_rule *r = &s->choice.rules[i];
        const struct pav_doc *rule = &choices->items[i];

        r->pointer = pointer_at(c, inner, i);
        r->at = rule->at;
        r->test = test_compile(c, rule, r->pointer, 0);
        if (rule->kind != PAV_OBJECT)
            continue;
        r->assign = member_assign(c, rule, r->pointer);
        r->next_name = member_str(c, rule, r->pointer, "Next", true);
    }
}

static void
link(struct compiler *c, struct state *s)
{
    uint32_t i;

    for (i = 0; i < s->choice.count; i++) {
        struct choice_rule *r = &s->choice.rules[i];

        r->next = target_find(c, s->scope, r->next_name,
                              pointer_to(c, r->pointer, "Next"), r->at);
    }
    s->choice.otherwise =
        target_find(c, s->scope, s->choice.default_name,
                    pointer_to(c, s->pointer, "Default"), s->choice.default_at);
}

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct tmpl *assign = s->assign;
    const struct pav_doc *from;
    uint32_t i;

    if (!io_path_field(st, f, &s->input_path, f->input, &from))
        return GO_FAILED;
    inspect(st, "afterInputPath", from);
    f->jump = s->choice.otherwise;
    for (i = 0; i < s->choice.count; i++) {
        bool holds = false;

        if (!test_holds(st, f, s->choice.rules[i].test, from, &holds))
            return GO_FAILED;
        if (holds) {
            f->jump = s->choice.rules[i].next;
            assign = s->choice.rules[i].assign;
            break;
        }
    }
    if (i == s->choice.count)
        f->via_default = true;
    if (f->jump == NULL) {
        /* No event was meant that leads nowhere: the same as a Fail. */
        st->out->unexpected = true;
        fail_runtime(st, f,
                     "Failed to transition out of the state. The state does "
                     "not point to a next state.");
        return GO_FAILED;
    }
    return io_assign(st, f, assign, from) &&
                   io_path_field(st, f, &s->output_path, from, &f->result)
               ? GO_TO
               : GO_FAILED;
}

static const char *const own_fields[] = {"Choices", "Default", NULL};

const struct state_kind choice_kind = {
    .name = "Choice",
    .entered = EV_CHOICE_ENTERED,
    .exited = EV_CHOICE_EXITED,
    .fields = FIELD_IO | FIELD_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .link = link,
    .enter = enter,
};
