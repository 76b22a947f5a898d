/*
 * Parallel: every branch gets the same input; the outputs make a list in the
 * order of the branches.  step.c joins them.
 */
#include "step_int.h"

#define MAX_BRANCHES 500

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const char *pointer)
{
    const struct pav_doc *branches = pav_doc_get(d, "Branches");
    const char *inner = pointer_to(c, pointer, "Branches");
    uint32_t i;

    if (branches != NULL && branches->kind == PAV_ARRAY && branches->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, inner, branches->at,
                      "Value cannot be empty");
        return;
    }
    if (branches == NULL || branches->kind != PAV_ARRAY ||
        branches->len > MAX_BRANCHES) {
        compile_fault(c, PAV_ERROR, SCHEMA, pointer, d->at,
                      "The field 'Branches' must be a list of 1 to %d "
                      "branches",
                      MAX_BRANCHES);
        return;
    }
    s->parallel.branches =
        pav_arena_alloc(c->arena, branches->len * sizeof(void *));
    c->depth++;
    for (i = 0; i < branches->len; i++)
        s->parallel.branches[s->parallel.count++] = scope_compile(
            c, &branches->items[i], pointer_at(c, inner, i), s, s->scope);
    c->depth--;
}

static enum outcome
enter(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *effective;
    uint32_t i;

    if (!io_input(st, f, &effective))
        return GO_FAILED;
    if (io_too_big(st, effective)) {
        fail_with(st, f, PAV_STATES_DATA_LIMIT_EXCEEDED,
                  "The branches' input exceeds the maximum number of bytes "
                  "service limit.");
        return GO_FAILED;
    }
    emit_next(st, f, EV_PARALLEL_STARTED, NULL);
    f->kids = pav_arena_alloc(st->arena, s->parallel.count * sizeof(*f->kids));
    f->kid_count = s->parallel.count;
    for (i = 0; i < f->kid_count; i++) {
        struct frame *kid = pav_arena_zalloc(st->arena, sizeof(*kid));

        kid->parent = f;
        kid->scope = s->parallel.branches[i];
        kid->state = kid->scope->start;
        kid->phase = PHASE_ENTER;
        kid->input = effective;
        kid->previous_id = f->previous_id;
        f->kids[i] = kid;
    }
    f->phase = PHASE_PARALLEL;
    return GO_BRANCHES;
}

static const char *const own_fields[] = {"Branches", NULL};

const struct state_kind parallel_kind = {
    .name = "Parallel",
    .entered = EV_PARALLEL_ENTERED,
    .exited = EV_PARALLEL_EXITED,
    .fields = FIELD_NEXT | FIELD_IO | FIELD_PARAMETERS | FIELD_RESULT_PATH |
              FIELD_RESULT_SELECTOR | FIELD_ERRORS | FIELD_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter,
};
