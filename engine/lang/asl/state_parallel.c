/*
 * Parallel: every branch gets the same input; the outputs make a list in the
 * order of the branches.  leave.c joins them.
 */
#include "pavane/test_state.h"
#include "compile.h"
#include "frame.h"
#include "kind.h"
#include "query.h"
#include "stepper.h"
#include "model.h"

#define MAX_BRANCHES 500

static void
compile(struct compiler *c, struct state *s, const struct pav_doc *d,
        const struct place *place)
{
    const struct pav_doc *branches = pav_doc_get(d, "Branches");
    const struct place *inner = place_of(c, place, "Branches");
    uint32_t i;

    if (branches != NULL && branches->kind == PAV_ARRAY && branches->len == 0) {
        compile_fault(c, PAV_ERROR, SCHEMA, inner, branches->at,
                      "Value cannot be empty");
        return;
    }
    if (branches == NULL || branches->kind != PAV_ARRAY ||
        branches->len > MAX_BRANCHES) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field 'Branches' must be a list of 1 to %d "
                      "branches",
                      MAX_BRANCHES);
        return;
    }
    s->parallel.branches =
        pav_arena_alloc(c->arena, branches->len * sizeof(void *));
    c->depth++;
    for (i = 0; i < branches->len; i++)
        s->parallel.branches[s->parallel.count++] = c->scope(
            c, &branches->items[i], place_at(c, inner, i), s, s->scope);
    c->depth--;
}

static const struct scope *
inner(const struct state *s, uint32_t i)
{
    return i < s->parallel.count ? s->parallel.branches[i] : NULL;
}

static const char *
mock_fault(const struct state *s, const struct pav_test_in *in,
           struct pav_arena *a)
{
    (void)a;
    if (in->result->kind != PAV_ARRAY)
        return "Mocked result must be an array.";
    if (in->result->len != s->parallel.count)
        return "Mocked result must contain the same number of items as number "
               "of Parallel branches.";
    return NULL;
}

static enum outcome
enter_state(struct stepper *st, struct frame *f)
{
    const struct state *s = f->state;
    const struct pav_doc *effective;
    uint32_t i;

    if (!s->language->arguments(st, f, &effective))
        return GO_FAILED;
    if (too_big(st, effective)) {
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
        kid->input = MADE(effective);
        kid->previous_id = f->previous_id;
        f->kids[i] = kid;
    }
    f->phase = PHASE_PARALLEL;
    return GO_BRANCHES;
}

/* Of a Parallel the service shows no more. */
static const char *const shown[] = {"input",           "afterResultSelector",
                                    "afterResultPath", "errorDetails",
                                    "variables",       NULL};
static const char *const own_fields[] = {"Branches", NULL};

const struct state_kind parallel_kind = {
    .name = "Parallel",
    .entered = EV_PARALLEL_ENTERED,
    .exited = EV_PARALLEL_EXITED,
    .failed = EV_PARALLEL_FAILED,
    .has = HAS_NEXT | HAS_DATA | HAS_ARGUMENTS | HAS_RESULT | HAS_WORK |
           HAS_ERRORS | HAS_ASSIGN,
    .own_fields = own_fields,
    .compile = compile,
    .enter = enter_state,
    .inner = inner,
    .mock_fault = mock_fault,
    .shown = shown,
};
