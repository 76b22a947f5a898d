/* Frames out of a record.  Format: record_write.c. */
#include "frame.h"
#include "model.h"
#include "record.h"

struct reading {
    const struct pav_machine *machine;
    struct pav_record *record;
    struct pav_arena *arena;
    const uint8_t *p, *limit;
};

static uint64_t
number(struct reading *r)
{
    return record_number(&r->p, r->limit);
}

static struct payload
payload_at(struct reading *r)
{
    return (struct payload){.from = r->record, .place = (uint32_t)number(r)};
}

/* As payload_at(), of a place plus 1. */
static struct payload
payload_or_none(struct reading *r)
{
    uint64_t place = number(r);

    struct payload p = {.doc = NULL};

    if (place > 0) {
        p.from = r->record;
        p.place = (uint32_t)place - 1;
    }
    return p;
}

static const struct pav_doc *
value(struct reading *r)
{
    struct payload p = payload_or_none(r);

    return payload_doc(&p);
}

static const char *
text(struct reading *r)
{
    uint64_t len = number(r);
    const char *p = (const char *)r->p;

    PAV_ASSERT(len > 0 && len - 1 <= (uint64_t)(r->limit - r->p));
    r->p += len - 1;
    return pav_arena_strndup(r->arena, p, (size_t)len - 1);
}

static void
read_attempts(struct reading *r, struct frame *f)
{
    uint32_t i, n = f->state->retrier_count;

    f->attempts = pav_arena_alloc(r->arena, (n + 1) * sizeof(*f->attempts));
    for (i = 0; i < n; i++)
        f->attempts[i] = (int64_t)number(r);
}

static void
read_map(struct reading *r, struct frame *f)
{
    struct map_state *map = pav_arena_zalloc(r->arena, sizeof(*map));
    uint32_t i;

    map->items = payload_at(r);
    map->effective = payload_at(r);
    map->started_id = (int64_t)number(r);
    map->item_count = (uint32_t)number(r);
    map->next = (uint32_t)number(r);
    map->concurrency = (uint32_t)number(r);
    PAV_ASSERT(map->next <= map->item_count);
    map->results = pav_arena_zalloc(r->arena, (map->item_count + 1) *
                                                  sizeof(*map->results));
    for (i = 0; i < map->next; i++)
        map->results[i] = payload_or_none(r);
    f->map = map;
}

static void
read_fields(struct reading *r, struct frame *f)
{
    unsigned bits;

    f->phase = (enum phase) * r->p++;
    f->previous_id = (int64_t)number(r);
    f->entered_id = (int64_t)number(r);
    f->entered_at = (int64_t)number(r);
    bits = (unsigned)number(r);
    if (bits & FRAME_INPUT)
        f->input = payload_or_none(r);
    if (bits & FRAME_OUTPUT)
        f->output = payload_or_none(r);
    if (bits & FRAME_VARIABLES)
        f->variables = value(r);
    if (bits & FRAME_NAMED)
        f->named = value(r);
    if (bits & FRAME_NO)
        f->no = (uint32_t)number(r);
    if (bits & FRAME_DUE)
        f->due_at = (int64_t)number(r);
    if (bits & FRAME_BEAT)
        f->beat_s = (int64_t)number(r);
    if (bits & FRAME_BEAT_AT)
        f->beat_at = (int64_t)number(r);
    if (bits & FRAME_STAGE)
        f->stage = (enum stage)number(r);
    if (bits & FRAME_INDEX)
        f->index = (uint32_t)number(r);
    if (bits & FRAME_RETRIES)
        f->retry_count = (int64_t)number(r);
    if (bits & FRAME_TOKEN)
        f->token = text(r);
    if (bits & FRAME_ATTEMPTS)
        read_attempts(r, f);
    if (bits & FRAME_MAP)
        read_map(r, f);
    f->kid_count = bits & FRAME_KIDS ? (uint32_t)number(r) : 0;
    if (bits & FRAME_KIDS)
        f->kids = pav_arena_alloc(r->arena, (f->kid_count + MAP_CONCURRENCY) *
                                                sizeof(struct frame *));
}

static struct frame *
read_frame(struct reading *r, struct frame *parent)
{
    struct frame *f = pav_arena_zalloc(r->arena, sizeof(*f));
    uint32_t i;

    f->parent = parent;
    f->state = machine_state_at(r->machine, (uint32_t)number(r));
    PAV_ASSERT(f->state != NULL && r->p < r->limit);
    f->scope = f->state->scope;
    read_fields(r, f);
    for (i = 0; i < f->kid_count; i++)
        f->kids[i] = read_frame(r, f);
    if (f->map != NULL)
        f->map->done = f->map->next - f->kid_count;
    return f;
}

struct frame *
record_frames(const struct pav_machine *m, struct pav_record *record,
              struct pav_arena *a)
{
    struct reading r = {.machine = m,
                        .record = record,
                        .arena = a,
                        .p = record->frames,
                        .limit = record->frames_end};

    if (record->json != NULL)
        return json_frames(m, record, a);
    return r.p == r.limit ? NULL : read_frame(&r, NULL);
}
