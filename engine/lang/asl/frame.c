/* Where scopes stand: questions about a tree of frames. */
#include "frame.h"
#include "record.h"

bool
is_given(const struct payload *p)
{
    return p->doc != NULL || p->from != NULL;
}

const struct pav_doc *
payload_doc(const struct payload *p)
{
    if (p->doc != NULL || p->from == NULL)
        return p->doc;
    return record_payload(p->from, p->place);
}

bool
has_kids(const struct frame *f)
{
    return f->phase == PHASE_PARALLEL || f->phase == PHASE_MAP;
}

uint32_t
open_items(const struct frame *f)
{
    uint32_t i, n = f->phase == PHASE_MAP ? f->map->item_count : 0;

    for (i = 0; has_kids(f) && i < f->kid_count; i++)
        n += open_items(f->kids[i]);
    return n;
}

static bool
is_waiting(const struct frame *f)
{
    return f->phase == PHASE_TASK || f->phase == PHASE_WAIT ||
           f->phase == PHASE_RETRY || f->phase == PHASE_RUN;
}

struct frame *
frame_waiting(struct frame *f, uint32_t no)
{
    uint32_t i;

    if (f->no == no && is_waiting(f))
        return f;
    for (i = 0; has_kids(f) && i < f->kid_count; i++) {
        struct frame *found = frame_waiting(f->kids[i], no);

        if (found != NULL)
            return found;
    }
    return NULL;
}

/* When a frame's timer is due: the timeout or the next heartbeat. */
int64_t
frame_due(const struct frame *f)
{
    if (f->phase != PHASE_TASK || f->beat_at == 0)
        return f->due_at;
    return f->due_at != 0 && f->due_at < f->beat_at ? f->due_at : f->beat_at;
}

bool
map_may_start(const struct frame *map)
{
    uint32_t max =
        map->map->concurrency == 0 || map->map->concurrency > MAP_CONCURRENCY
            ? MAP_CONCURRENCY
            : map->map->concurrency;

    return map->map->next < map->map->item_count && map->kid_count < max;
}

const struct pav_doc *
variable_find(const struct frame *f, const char *name)
{
    const struct pav_doc *v;

    for (; f != NULL; f = f->parent)
        if (f->variables != NULL &&
            (v = pav_doc_get(f->variables, name)) != NULL)
            return v;
    return NULL;
}
