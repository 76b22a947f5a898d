/* Succeed: ends its scope with its input. */
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "model.h"

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *d;

    return s->language->arguments(st, f, &d) &&
                   state_output(st, f, s->query, d, &f->result)
               ? GO_NEXT
               : GO_FAILED;
}

const struct state_kind succeed_kind = {
    .name = "Succeed",
    .entered = EV_SUCCEED_ENTERED,
    .exited = EV_SUCCEED_EXITED,
    .has = HAS_DATA | ENDS,
    .enter = enter_state,
};
