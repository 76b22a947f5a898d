/*
 * What became of an event for one machine: told to the store, to who watches,
 * and to who sent it.
 */
#include "pavane/log.h"
#include "ledger.h"
#include "outcome.h"
#include "send.h"

#define MAX_CONCERNED 1000

static const char *
copied(struct event_context *ec, const char *text)
{
    return text == NULL ? NULL : pav_arena_strdup(ec->out, text);
}

static int64_t
record(struct event_context *ec, const struct verdict *v)
{
    struct pav_engine *e = ec->e;
    struct pav_event_item *item = ec->item;
    struct pav_disposition_row row = {
        .event_id = ec->id,
        .machine_id = v->machine == NULL ? 0 : v->machine->id,
        .execution_id = v->execution == NULL ? 0 : v->execution->id,
        .key = {v->key, v->key == NULL ? 0 : strlen(v->key)},
        .kind = v->kind,
        .at = ec->now_ms,
        .detail = v->detail,
    };
    struct pav_outcome *o;

    PAV_ASSERT(v->kind < PAV_DISPOSITIONS && ec->id > 0);

    if (item->outcome_count == ec->capacity) {
        uint32_t cap = ec->capacity == 0 ? 2 : ec->capacity * 2;
        struct pav_outcome *grown =
            pav_arena_alloc(ec->out, cap * sizeof(*grown));

        if (item->outcome_count > 0)
            memcpy(grown, item->outcomes, item->outcome_count * sizeof(*grown));
        item->outcomes = grown;
        ec->capacity = cap;
    }
    pav_store_disposition_add(e->store, &row);
    ledger_count(ec, v);
    feed_disposition(e, v->kind);
    o = &item->outcomes[item->outcome_count++];
    o->machine = copied(ec, v->machine == NULL ? NULL : v->machine->name);
    o->execution = copied(ec, v->execution == NULL ? NULL : v->execution->name);
    o->disposition = v->kind;
    o->detail = copied(ec, v->detail);
    return row.id;
}

int64_t
record_outcome(struct event_context *ec, const struct verdict *v)
{
    return has_room(ec) ? record(ec, v) : 0;
}

void
reject(struct event_context *ec, struct verdict *v, const char *why)
{
    v->kind = PAV_REJECTED;
    v->detail = why;
    record_outcome(ec, v);
}

/* May it have one disposition more?  What is left out is reported: crowd(). */
bool
has_room(struct event_context *ec)
{
    ec->crowded |= ec->item->outcome_count >= MAX_CONCERNED;
    return !ec->crowded;
}

/* The last disposition of an event that concerns more than it may. */
void
crowd(struct event_context *ec)
{
    struct verdict v = {
        .kind = PAV_REJECTED,
        .detail = "the event concerns more than 1,000 machines and rules: the "
                  "others do not get it"};

    if (!ec->crowded)
        return;
    record(ec, &v);
    pav_log(PAV_LOG_WARN, NULL, "event %.*s of %.*s: %s",
            (int)ec->envelope->id.len, ec->envelope->id.p,
            (int)ec->envelope->source.len, ec->envelope->source.p, v.detail);
}

/* Each machine that makes an event, which starts the next one, goes deeper. */
bool
is_loop(const struct event_context *ec)
{
    int64_t max = ec->e->config.depth_max;

    return ec->item->depth > (max == 0 ? PAV_DEPTH : max);
}

const char *
loop_text(struct event_context *ec)
{
    int64_t max = ec->e->config.depth_max;

    ec->e->counts.loops_cut++;
    return pav_arena_printf(&ec->e->arena,
                            "the event comes through %lld machines that "
                            "started each other: a loop? --event-depth is "
                            "%lld",
                            (long long)ec->item->depth,
                            (long long)(max == 0 ? PAV_DEPTH : max));
}
