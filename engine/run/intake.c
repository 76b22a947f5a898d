/*
 * Events come in: from producers, from an archive, from the engine itself.
 *
 * I1  Every event is stored, before anything else is done about it; one of our
 *     own that nobody asks for is not made at all.
 * I2  It has exactly one disposition for each machine that it concerns; one
 *     that only rules of the API take is `routed`, one that concerns nobody
 *     `unmatched`.
 * I3  It is text until somebody needs more of it than rules ask for
 *     (context_event()).
 *
 * What it does not do: decide.  route.c says who gets the event, dedupe.c
 * whether it came before, start_resume.c what comes of it.
 */
#include "pavane/log.h"
#include "intake.h"
#include "outcome.h"
#include "route.h"

/* ---- schemas ---- */

/* The answer says it as well, in the words of both doors. */
static void
tell_refusal(struct event_context *ec, const char *why)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, "{\"at\":\"/detail\",\"message\":");
    pav_buf_jsons(&b, why);
    pav_buf_putc(&b, '}');
    ec->item->error = pav_arena_strdup(ec->out, b.p);
    pav_buf_fini(&b);
    ec->item->code = "InvalidArgument";
    ec->item->message = pav_arena_strdup(ec->out, why);
}

/* False when the event's schema refuses it: that is its disposition then. */
static bool
schema_admits(struct event_context *ec)
{
    struct verdict v = {.kind = PAV_REJECTED};
    bool rejects;
    const char *why;

    if (ec->e->schemas == NULL)
        return true;
    why = schema_refuses(ec->e, ec->envelope, &rejects);
    if (why == NULL)
        return true;
    v.kind = rejects ? PAV_REJECTED : PAV_UNEXPECTED;
    v.detail =
        pav_arena_printf(&ec->e->arena, "it does not fit its schema: %s", why);
    record_outcome(ec, &v);
    if (rejects)
        tell_refusal(ec, v.detail);
    return !rejects;
}

/* NULL: nobody has created it. */
static struct bus *
bus_for(struct pav_engine *e, const struct pav_event_item *item)
{
    return item->bus_id != 0 ? bus_by_id(e, item->bus_id)
                             : bus_of(e, item->bus);
}

static void
no_such_bus(struct event_context *ec)
{
    const char *name = ec->item->bus == NULL ? "" : ec->item->bus;
    struct verdict v = {
        .kind = PAV_UNMATCHED,
        .detail = pav_arena_printf(
            &ec->e->arena, "no such bus '%s': CreateEventBus makes one", name)};

    pav_log(PAV_LOG_WARN, NULL, "event %.*s of %.*s: %s",
            (int)ec->envelope->id.len, ec->envelope->id.p,
            (int)ec->envelope->source.len, ec->envelope->source.p, v.detail);
    record_outcome(ec, &v);
}

/* Would anybody see an event of the engine's own? */
static bool
is_asked_for(struct pav_engine *e, const struct bus *b,
             const struct pav_event_item *item)
{
    const struct pav_envelope *envelope = &item->event;
    struct pav_matches found;
    const struct archive *a;
    uint32_t i;

    for (a = e->archives; a != NULL; a = a->next)
        if (a->all && a->bus == b)
            return true;
    pav_index_match(b->index, envelope->text.p, envelope->text.len,
                    envelope->simple, &e->arena, &found);
    for (i = 0; i < found.count; i++) {
        const struct index_owner *s = found.owners[i];

        if (s->kind != OWNER_MACHINE || s->asks_status || !is_status(item))
            return true;
    }
    return false;
}

static void
enter(struct event_context *ec, struct bus *b)
{
    if (b == NULL) {
        no_such_bus(ec);
        return;
    }
    if (!schema_admits(ec))
        return;
    route(ec, b);
    crowd(ec);
    if (ec->item->outcome_count == 0)
        nobody(ec, b);
}

static void
arrive(struct pav_engine *e, struct pav_arena *out, struct pav_event_item *item)
{
    struct event_context ec = {.e = e,
                               .out = out,
                               .item = item,
                               .envelope = &item->event,
                               .now_ms = pav_clock_ms(e->clock)};
    struct bus *b = bus_for(e, item);
    struct pav_event_row row = {.received_at = ec.now_ms,
                                .source = item->event.source,
                                .event_id = item->event.id,
                                .detail_type = item->event.detail_type,
                                .body = item->body,
                                .bus_id = b == NULL ? 0 : b->id,
                                .replay = item->replay,
                                .account =
                                    item->event.stamped ? item->account : NULL,
                                .depth = item->depth};
    int64_t depth = e->depth;

    item->outcomes = NULL;
    item->outcome_count = 0;
    if (item->own && (b == NULL || !is_asked_for(e, b, item)))
        return;
    ec.id = row.id = pav_store_next_event(e->store);
    ec.visited_mark = ++e->arrivals;
    if (item->event.known_id && item->replay == NULL)
        ec.last_seen = pav_store_event_seen(e->store, item->event.source,
                                            item->event.id, &ec.last_at);
    pav_store_event_add(e->store, &row);
    e->counts.events++;
    e->depth = item->depth;
    enter(&ec, b);
    pav_store_event_done(e->store);
    e->depth = depth;
}

void
intake_text(struct pav_engine *e, struct pav_bytes text, bool known_id,
            struct pav_event_item *item)
{
    struct pav_envelope_defaults defaults = {.region = e->config.region,
                                             .account = e->config.account,
                                             .replay = item->replay,
                                             .now_ms = pav_clock_ms(e->clock)};
    struct pav_err err;

    if (pav_envelope_read_any(text.p, text.len, &defaults, &e->arena,
                              &item->event, &err) != PAV_OK) {
        pav_log(PAV_LOG_WARN, NULL, "an event of our own is none: %s %s",
                err.at, err.message);
        return;
    }
    item->event.known_id &= known_id;
    if (item->body.p == NULL)
        item->body = item->event.text;
    arrive(e, &e->arena, item);
}

void
intake_replayed(struct pav_engine *e, const struct pav_event_row *row,
                struct pav_event_item *item)
{
    struct pav_envelope_defaults defaults = {
        .region = e->config.region,
        .account = row->account != NULL ? row->account : e->config.account,
        .stamps = row->account != NULL,
        .fresh_id = row->event_id.p,
        .replay = item->replay,
        .now_ms = row->received_at};

    item->account = row->account;
    item->depth = row->depth;
    if (pav_envelope_read_any(row->body.p, row->body.len, &defaults, &e->arena,
                              &item->event, NULL) == PAV_OK)
        arrive(e, &e->arena, item);
}

void
intake_own(struct pav_engine *e, const struct pav_doc *d, int64_t depth)
{
    struct pav_event_item item = {.depth = depth, .own = true};
    struct pav_bytes text = {pav_doc_text(&e->arena, d), 0};

    text.len = strlen(text.p);
    intake_text(e, text, false, &item);
}

static bool
may_put(struct pav_engine *e, struct pav_events_job *j,
        struct pav_event_item *item)
{
    const struct bus *b;

    if (j->account == NULL)
        return true;
    b = bus_for(e, item);
    if (b == NULL || bus_admits(e, b, j->account))
        return true; /* of no bus: nobody gets it */
    item->code = "AccessDeniedException";
    item->message = pav_arena_printf(&j->job.arena,
                                     "Account %s is not authorized to perform: "
                                     "events:PutEvents on resource: %s",
                                     j->account, b->arn);
    item->error = pav_arena_printf(
        &j->job.arena, "{\"at\":\"\",\"message\":\"%s\"}", item->message);
    return false;
}

void
intake_events(struct pav_engine *e, struct pav_job *job)
{
    struct pav_events_job *j = (struct pav_events_job *)job;
    uint32_t i;

    for (i = 0; i < j->item_count; i++) {
        if (j->items[i].error != NULL || !may_put(e, j, &j->items[i]))
            continue;
        j->items[i].account = j->account;
        arrive(e, &job->arena, &j->items[i]);
        turn_trim_arena(e);
    }
}

uint32_t
intake_count(const struct pav_job *job, size_t *bytes)
{
    const struct pav_events_job *j = (const struct pav_events_job *)job;
    uint32_t i;

    for (i = 0; i < j->item_count; i++)
        *bytes += j->items[i].body.len;
    return j->item_count;
}

const struct pav_job_kind pav_events_kind = {.size =
                                                 sizeof(struct pav_events_job),
                                             .advance = intake_events,
                                             .events = intake_count};
