/*
 * What became of an event for one machine: told to the store, to who watches,
 * and to who sent it.
 */
#include "pavane/log.h"
#include "outcome.h"
#include "send.h"

#define MAX_CONCERNED 1000

static const char *
copied(struct arrival *ar, const char *text)
{
    return text == NULL ? NULL : pav_arena_strdup(ar->out, text);
}

static int64_t
record(struct arrival *ar, const struct verdict *v)
{
    struct pav_engine *e = ar->e;
    struct pav_event_item *item = ar->item;
    struct pav_disposition_row row = {
        .event_id = ar->id,
        .machine_id = v->machine == NULL ? 0 : v->machine->id,
        .execution_id = v->execution == NULL ? 0 : v->execution->id,
        .key = {v->key, v->key == NULL ? 0 : strlen(v->key)},
        .kind = v->kind,
        .at = ar->now_ms,
        .detail = v->detail,
    };
    struct pav_outcome *o;

    if (item->outcome_count == ar->capacity) {
        uint32_t cap = ar->capacity == 0 ? 2 : ar->capacity * 2;
        struct pav_outcome *grown =
            pav_arena_alloc(ar->out, cap * sizeof(*grown));

        if (item->outcome_count > 0)
            memcpy(grown, item->outcomes, item->outcome_count * sizeof(*grown));
        item->outcomes = grown;
        ar->capacity = cap;
    }
    pav_store_disposition_add(e->store, &row);
    feed_disposition(e, v->kind);
    o = &item->outcomes[item->outcome_count++];
    o->machine = copied(ar, v->machine == NULL ? NULL : v->machine->name);
    o->execution =
        copied(ar, v->execution == NULL ? NULL : v->execution->name);
    o->disposition = v->kind;
    o->detail = copied(ar, v->detail);
    return row.id;
}

int64_t
settle(struct arrival *ar, const struct verdict *v)
{
    return has_room(ar) ? record(ar, v) : 0;
}

void
reject(struct arrival *ar, struct verdict *v, const char *why)
{
    v->kind = PAV_REJECTED;
    v->detail = why;
    settle(ar, v);
}

/* May it have one disposition more?  What is left out is said: crowd(). */
bool
has_room(struct arrival *ar)
{
    ar->crowded |= ar->item->outcome_count >= MAX_CONCERNED;
    return !ar->crowded;
}

/* The last disposition of an event that concerns more than it may. */
void
crowd(struct arrival *ar)
{
    struct verdict v = {
        .kind = PAV_REJECTED,
        .detail = "the event concerns more than 1,000 machines and rules: the "
                  "others do not get it"};

    if (!ar->crowded)
        return;
    record(ar, &v);
    pav_log(PAV_LOG_WARN, NULL, "event %.*s of %.*s: %s",
            (int)ar->envelope->id.len, ar->envelope->id.p,
            (int)ar->envelope->source.len, ar->envelope->source.p, v.detail);
}

/* Each machine that makes an event, which starts the next one, goes deeper. */
bool
is_loop(const struct arrival *ar)
{
    int64_t max = ar->e->config.depth_max;

    return ar->item->depth > (max == 0 ? PAV_DEPTH : max);
}

const char *
loop_text(struct arrival *ar)
{
    int64_t max = ar->e->config.depth_max;

    ar->e->counts.loops_cut++;
    return pav_arena_printf(&ar->e->arena,
                            "the event comes through %lld machines that "
                            "started each other: a loop? --event-depth is "
                            "%lld",
                            (long long)ar->item->depth,
                            (long long)(max == 0 ? PAV_DEPTH : max));
}
