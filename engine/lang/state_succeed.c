/* Succeed: ends its scope with its input. */
#include "step_int.h"

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct pav_doc *d;

    if (!io_path_field(st, f, &f->state->input_path, f->input, &d))
        return GO_FAILED;
    inspect(st, "afterInputPath", d);
    if (!io_path_field(st, f, &f->state->output_path, d, &f->result))
        return GO_FAILED;
    return GO_NEXT;
}

const struct state_kind succeed_kind = {
    .name = "Succeed",
    .entered = EV_SUCCEED_ENTERED,
    .exited = EV_SUCCEED_EXITED,
    .fields = FIELD_IO,
    .enter = enter,
};
