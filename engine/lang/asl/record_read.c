/* Records read again: where an execution stands.  See record_write.c. */
#include <string.h>

#include "frame.h"
#include "model.h"
#include "record.h"

/*
 * Inside the events there are numbers and texts, whose quotes are escaped: the
 * last place that looks like their beginning is it.
 */
const struct pav_doc *
pav_step_record(struct pav_arena *a, const char *text, size_t len)
{
    size_t mark = strlen(EVENTS_FROM), at = len;
    char *part;

    if (len < 5 || memcmp(text, "{\"w\":", 5) != 0)
        return pav_doc_own(a, text, len); /* of semantics 1 */
    do
        at = at < mark + 1 ? 0 : at - 1;
    while (at > 0 && memcmp(text + at, EVENTS_FROM,
                            mark < len - at ? mark : len - at) != 0);
    PAV_ASSERT(at > 0);
    part = pav_arena_alloc(a, at + 1);
    memcpy(part, text, at);
    part[at] = '}';
    return pav_doc_own(a, part, at + 1);
}

static int64_t
number_of(const struct pav_doc *o, const char *key)
{
    int64_t n = 0;
    const struct pav_doc *v = pav_doc_get(o, key);

    if (v != NULL && !pav_doc_int(v, &n))
        PAV_BUG("a record with a number that is none");
    return n;
}

static const struct pav_doc *
payload_of(const struct pav_doc *record, const struct pav_doc *o,
           const char *key)
{
    if (pav_doc_get(o, key) == NULL)
        return NULL;
    return pav_doc_at(pav_doc_get(record, "p"), (uint32_t)number_of(o, key));
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
read_map(struct frame *f, const struct pav_doc *record, const struct pav_doc *d,
         struct pav_arena *a)
{
    struct map_state *map = pav_arena_zalloc(a, sizeof(*map));
    const struct pav_doc *results = payload_of(record, d, "z");
    uint32_t i;

    map->items = payload_of(record, d, "i");
    map->effective = payload_of(record, d, "e");
    map->started_id = number_of(d, "s");
    map->next = (uint32_t)number_of(d, "l");
    map->concurrency = (uint32_t)number_of(d, "c");
    map->results = pav_arena_zalloc(a, (map->items->len + 1) * sizeof(void *));
    for (i = 0; i < map->next; i++)
        map->results[i] = &results->items[i];
    for (i = 0; i < f->kid_count; i++)
        map->results[f->kids[i]->index] = NULL;
    map->done = map->next - f->kid_count;
    f->map = map;
}

static struct frame *
read_frame(const struct pav_machine *m, const struct pav_doc *record,
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
    f->phase = (enum phase)number_of(d, "p");
    f->previous_id = number_of(d, "v");
    f->entered_id = number_of(d, "h");
    f->entered_at = number_of(d, "a");
    f->input = payload_of(record, d, "i");
    f->output = payload_of(record, d, "o");
    f->variables = payload_of(record, d, "x");
    f->named = payload_of(record, d, "q");
    f->beat_s = number_of(d, "t");
    f->beat_at = number_of(d, "u");
    f->stage = (enum stage)number_of(d, "y");
    f->index = (uint32_t)number_of(d, "j");
    f->no = (uint32_t)number_of(d, "n");
    f->due_at = number_of(d, "d");
    f->token = pav_doc_str(a, pav_doc_get(d, "k"));
    f->retry_count = number_of(d, "c");
    read_attempts(f, pav_doc_get(d, "r"), a);
    if (kids == NULL)
        return f;
    f->kid_count = kids->len;
    f->kids = pav_arena_alloc(a, (kids->len + MAP_CONCURRENCY) *
                                     sizeof(struct frame *));
    for (i = 0; i < kids->len; i++)
        f->kids[i] = read_frame(m, record, &kids->items[i], f, a);
    if (f->phase == PHASE_MAP)
        read_map(f, record, pav_doc_get(d, "m"), a);
    return f;
}

struct frame *
record_frames(const struct pav_machine *m, const struct pav_doc *record,
              struct pav_arena *a, uint32_t *next_no)
{
    const struct pav_doc *d = pav_doc_get(record, "f");

    *next_no = (uint32_t)number_of(record, "w");
    return d == NULL ? NULL : read_frame(m, record, d, NULL, a);
}
