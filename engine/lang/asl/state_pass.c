/* Pass: hands its input on, or a literal Result. */
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"
#include "origin.h"

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    (void)place;
    s->pass.result = pav_doc_get(d, "Result");
    if (s->pass.result != NULL)
        machine_origin_add(c->machine, s->pass.result, PAYLOAD_DEFINITION,
                           s->pass.result->at);
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *d;

    if (!s->language->arguments(st, f, &d))
        return GO_FAILED;
    if (s->pass.result != NULL) {
        d = s->pass.result;
        inspect_again(st, "result", d);
    }
    return state_output(st, f, s->query, d, &f->result) ? GO_NEXT : GO_FAILED;
}

const struct state_kind pass_kind = {
    .name = "Pass",
    .entered = EV_PASS_ENTERED,
    .exited = EV_PASS_EXITED,
    .has = HAS_NEXT | HAS_DATA | HAS_ARGUMENTS | HAS_RESULT | HAS_ASSIGN,
    .compile = compile,
    .enter = enter_state,
};
