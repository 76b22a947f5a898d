/* Pass: hands its input on, or a literal Result, placed by ResultPath. */
#include "step_int.h"

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    (void)c;
    (void)pointer;
    s->pass.result = pav_doc_get(d, "Result");
}

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct pav_doc *effective;

    if (!io_input(st, f, &effective))
        return GO_FAILED;
    if (f->state->pass.result != NULL) {
        effective = f->state->pass.result;
        inspect_again(st, "result", effective);
    }
    return io_output(st, f, effective, &f->result) ? GO_NEXT : GO_FAILED;
}

static const char *const own_fields[] = {"Result", NULL};

const struct state_kind pass_kind = {
    .name = "Pass",
    .entered = EV_PASS_ENTERED,
    .exited = EV_PASS_EXITED,
    .fields = FIELD_NEXT | FIELD_IO | FIELD_PARAMETERS | FIELD_RESULT_PATH |
              FIELD_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter,
};
