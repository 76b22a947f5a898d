/* Whether a wait that is still to come names an event: it is kept for it. */
#include "pavane/pattern.h"
#include "frame.h"
#include "kind.h"
#include "model.h"
#include "record.h"

struct ahead {
    struct pav_event *event;
    bool *seen;
};

static bool ahead_from(struct ahead *h, const struct state *s);

/* Everything that may follow a state. */
static bool
ahead_behind(struct ahead *h, const struct state *s)
{
    const struct state *next;
    uint32_t i;

    if (ahead_from(h, s->next))
        return true;
    for (i = 0; i < s->catcher_count; i++)
        if (ahead_from(h, s->catchers[i].next))
            return true;
    if (s->kind->target == NULL)
        return false;
    for (i = 0; s->kind->target(s, i, &next); i++)
        if (ahead_from(h, next))
            return true;
    return false;
}

static bool
ahead_from(struct ahead *h, const struct state *s)
{
    const struct scope *inner;
    uint32_t i;

    if (s == NULL || h->seen[s->index])
        return false;
    h->seen[s->index] = true;
    if (s->kind->names_event != NULL && s->kind->names_event(s, h->event))
        return true;
    if (s->kind->inner != NULL && !s->apart)
        for (i = 0; (inner = s->kind->inner(s, i)) != NULL; i++)
            if (ahead_from(h, inner->start))
                return true;
    return ahead_behind(h, s);
}

/* The branches of a frame that runs have their own frames. */
static bool
ahead_of_frames(struct ahead *h, const struct frame *f)
{
    uint32_t i;

    if (f->phase == PHASE_MAP && map_may_start(f) &&
        ahead_from(h, f->state->kind->inner(f->state, 0)->start))
        return true;
    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        if (ahead_of_frames(h, f->kids[i]))
            return true;
    if (f->phase == PHASE_ENTER || f->phase == PHASE_RETRY)
        return ahead_from(h, f->state); /* it is still to open its wait */
    return f->phase != PHASE_DONE && ahead_behind(h, f->state);
}

bool
pav_step_named_ahead(const struct pav_machine *m, struct pav_record *record,
                     struct pav_event *event, struct pav_arena *a)
{
    struct ahead h = {.event = event, .seen = pav_arena_zalloc(a, m->count)};
    struct frame *root = record_frames(m, record, a);

    return root != NULL && ahead_of_frames(&h, root);
}
