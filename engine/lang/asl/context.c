/* The context object ($$, $states.context): who runs, and which item is at
 * hand. */
#include <string.h>

#include "pavane/map_run.h"
#include "pavane/text.h"
#include "frame.h"
#include "kind.h"
#include "model.h"
#include "stepper.h"

static void
put_str(struct pav_members *m, const char *key, const char *value)
{
    pav_members_add(m, key, strlen(key),
                    pav_doc_new_cstr(m->arena, value == NULL ? "" : value));
}

static const struct pav_doc *
time_doc(struct pav_arena *a, int64_t ms)
{
    char text[PAV_TIME_LEN];

    return pav_doc_new_cstr(a, pav_arena_strdup(a, pav_time_format(ms, text)));
}

/* Map.Item: of the iteration that the frame is in, or that is selected. */
static void
put_map(struct stepper *st, const struct frame *f, struct pav_members *top)
{
    struct pav_members map, item;
    const struct pav_doc *value = NULL;
    const struct pav_map_origin *origin = NULL;
    int64_t index = 0;

    if (f->map != NULL && f->map->item != NULL) {
        value = f->map->item;
        index = f->map->item_index;
        origin = f->map->origin;
    }
    for (; value == NULL && f->parent != NULL; f = f->parent) {
        if (f->parent->phase != PHASE_MAP)
            continue;
        index = f->index;
        value = &payload_doc(&f->parent->map->items)->items[index];
    }
    if (value == NULL)
        return;
    pav_members_init(&map, st->arena);
    pav_members_init(&item, st->arena);
    pav_members_add(&item, "Index", 5, pav_doc_new_int(st->arena, index));
    if (origin != NULL && origin->keyed) {
        pav_members_puts(&item, "Key", pav_doc_get(value, "Key"));
        value = pav_doc_get(value, "Value");
    }
    pav_members_add(&item, "Value", 5, value);
    put_str(&item, "Source", origin == NULL ? "STATE_DATA" : origin->source);
    pav_members_add(&map, "Item", 4, pav_members_object(&item));
    pav_members_add(top, "Map", 3, pav_members_object(&map));
}

const struct pav_doc *
context_of(struct stepper *st, struct frame *f)
{
    const struct pav_identity *id = st->in->identity;
    struct pav_arena *a = st->arena;
    struct pav_members top, m;

    if (st->inspection != NULL && st->inspection->context != NULL)
        return st->inspection->context;
    if (f->context != NULL)
        return f->context;
    pav_members_init(&top, a);
    pav_members_init(&m, a);
    put_str(&m, "Id", id->execution_arn);
    if (st->in->execution_input != NULL)
        pav_members_add(&m, "Input", 5, st->in->execution_input);
    pav_members_add(&m, "StartTime", 9, time_doc(a, id->started_at));
    put_str(&m, "Name", id->execution_name);
    put_str(&m, "RoleArn", id->role_arn);
    if (st->inspection == NULL) /* TestState has none */
        pav_members_add(&m, "RedriveCount", 12,
                        pav_doc_new_int(a, id->redrive_count));
    if (id->redrive_count > 0)
        pav_members_add(&m, "RedriveTime", 11, time_doc(a, id->redriven_at));
    pav_members_add(&top, "Execution", 9, pav_members_object(&m));
    pav_members_init(&m, a);
    put_str(&m, "Id", id->machine_arn);
    put_str(&m, "Name", id->machine_name);
    pav_members_add(&top, "StateMachine", 12, pav_members_object(&m));
    pav_members_init(&m, a);
    put_str(&m, "Name", f->state->name);
    pav_members_add(&m, "EnteredTime", 11, time_doc(a, f->entered_at));
    if (f->state->kind->has & HAS_ERRORS)
        pav_members_add(&m, "RetryCount", 10,
                        pav_doc_new_int(a, f->retry_count));
    pav_members_add(&top, "State", 5, pav_members_object(&m));
    if (f->token != NULL && (f->state->kind->has & HAS_TASK)) {
        pav_members_init(&m, a);
        put_str(&m, "Token", f->token);
        pav_members_add(&top, "Task", 4, pav_members_object(&m));
    }
    put_map(st, f, &top);
    if (id->correlation_id != NULL) { /* ours, not the service's */
        pav_members_init(&m, a);
        put_str(&m, "CorrelationId", id->correlation_id);
        pav_members_add(&top, "Pavane", 6, pav_members_object(&m));
    }
    f->context = pav_members_object(&top);
    return f->context;
}
