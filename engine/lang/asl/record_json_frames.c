/* Frames out of a record as JSON text.  Format: record_json.c. */
#include "frame.h"
#include "model.h"
#include "record.h"

static struct payload
payload_of(struct pav_record *r, const struct pav_doc *o, const char *key)
{
    struct payload p = {.doc = NULL};

    if (pav_doc_get(o, key) != NULL) {
        p.from = r;
        p.place = (uint32_t)json_number(o, key);
    }
    return p;
}

static const struct pav_doc *
value_of(struct pav_record *r, const struct pav_doc *o, const char *key)
{
    struct payload p = payload_of(r, o, key);

    return payload_doc(&p);
}

static void
read_attempts(struct frame *f, const struct pav_doc *list, struct pav_arena *a)
{
    uint32_t i;

    if (list == NULL)
        return;
    PAV_ASSERT(list->len == f->state->retrier_count);
    f->attempts = pav_arena_alloc(a, list->len * sizeof(*f->attempts));
    for (i = 0; i < list->len; i++)
        if (!pav_doc_int(&list->items[i], &f->attempts[i]))
            PAV_BUG("a record with a number that is none");
}

static void
read_map(struct pav_record *r, struct frame *f, const struct pav_doc *d,
         struct pav_arena *a)
{
    struct map_state *map = pav_arena_zalloc(a, sizeof(*map));
    const struct pav_doc *results = value_of(r, d, "z");
    uint32_t i;

    map->items = payload_of(r, d, "i");
    map->effective = payload_of(r, d, "e");
    map->item_count = payload_doc(&map->items)->len;
    map->started_id = json_number(d, "s");
    map->next = (uint32_t)json_number(d, "l");
    map->concurrency = (uint32_t)json_number(d, "c");
    map->results =
        pav_arena_zalloc(a, (map->item_count + 1) * sizeof(*map->results));
    for (i = 0; i < map->next; i++)
        map->results[i].doc = &results->items[i];
    for (i = 0; i < f->kid_count; i++)
        map->results[f->kids[i]->index].doc = NULL;
    map->done = map->next - f->kid_count;
    f->map = map;
}

static struct frame *
read_frame(const struct pav_machine *m, struct pav_record *r,
           const struct pav_doc *d, struct frame *parent, struct pav_arena *a)
{
    struct frame *f = pav_arena_zalloc(a, sizeof(*f));
    const struct pav_doc *name = pav_doc_get(d, "s");
    const struct pav_doc *kids = pav_doc_get(d, "b");
    uint32_t i;

    f->parent = parent;
    f->state = machine_find(m, name->text, name->len);
    PAV_ASSERT(f->state != NULL);
    f->scope = f->state->scope;
    f->phase = (enum phase)json_number(d, "p");
    f->previous_id = json_number(d, "v");
    f->entered_id = json_number(d, "h");
    f->entered_at = json_number(d, "a");
    f->input = payload_of(r, d, "i");
    f->output = payload_of(r, d, "o");
    f->variables = value_of(r, d, "x");
    f->named = value_of(r, d, "q");
    f->beat_s = json_number(d, "t");
    f->beat_at = json_number(d, "u");
    f->stage = (enum stage)json_number(d, "y");
    f->index = (uint32_t)json_number(d, "j");
    f->no = (uint32_t)json_number(d, "n");
    f->due_at = json_number(d, "d");
    f->token = pav_doc_str(a, pav_doc_get(d, "k"));
    f->retry_count = json_number(d, "c");
    read_attempts(f, pav_doc_get(d, "r"), a);
    if (kids == NULL)
        return f;
    f->kid_count = kids->len;
    f->kids = pav_arena_alloc(a, (kids->len + MAP_CONCURRENCY) *
                                     sizeof(struct frame *));
    for (i = 0; i < kids->len; i++)
        f->kids[i] = read_frame(m, r, &kids->items[i], f, a);
    if (f->phase == PHASE_MAP)
        read_map(r, f, pav_doc_get(d, "m"), a);
    return f;
}

struct frame *
json_frames(const struct pav_machine *m, struct pav_record *r,
            struct pav_arena *a)
{
    const struct pav_doc *d = pav_doc_get(r->json, "f");

    return d == NULL ? NULL : read_frame(m, r, d, NULL, a);
}
