/*
 * Deliveries: what targets outside are sent, until they have it.
 *
 * A row is staged with what caused it, and handed to the front behind the
 * commit.  It stays until the target has answered; one that was in flight when
 * a daemon was killed is sent again with the same key.  A failure is tried
 * again with growing pauses, up to the target's RetryPolicy (185 attempts, 24
 * hours); then, or when there is nobody to send it to, the row is a dead letter
 * and stays, with EventBridge's code, until somebody sends it again.  A target
 * with a DeadLetterConfig has its queue told as well.
 *
 * L1  A target's deliveries share a lane, with so many places in flight as its
 *     kind has, or as "concurrency" of the services files says.  What finds
 *     none is blocked: it costs nothing until a place is free, and then the
 *     oldest goes first.
 * L2  A lane from PAV_LANE_IN_ORDER on belongs to one group of a FIFO queue:
 *     one delivery holds it until the queue has it or it is dead, also while it
 *     waits to be tried again.
 * L3  Logs and other buses are sent what is blocked in one go.  When that
 *     fails, each of them is tried again alone.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/log.h"
#include "bus.h"

#define MAX_OF_ONE     16 /* in flight to one target */
#define MAX_OF_BUS     4  /* lists of events */
#define BATCH_MAX      200
#define BATCH_BYTES    (768 * 1024)
#define SLOT_TAKEN     -1 /* as `taken`: its turn at the rate is due_at */
#define TURN_MAX       256
#define LEASE_MS       1000000 /* longer than any request lasts */
#define MAX_ATTEMPTS   185
#define MAX_AGE_S      86400
#define FIRST_PAUSE_MS 1000
#define MAX_PAUSE_MS   600000

/* ---- lanes ---- */

#define LANES 8192 /* from PAV_LANE_IN_ORDER on one at a time */

struct deliveries {
    struct lane {
        int64_t next_us; /* when the next request may go, by its rate */
        int64_t holder;  /* IN_ORDER: the delivery that the others wait for */
        uint32_t under_way, blocked;
    } lanes[LANES];
    bool to_look; /* one may have a place for what is blocked */
};

static bool
is_log(const char *arn)
{
    return pav_arn_resource(arn, "logs") != NULL;
}

static bool
is_bus(const char *arn)
{
    return pav_arn_name(arn, "events", "event-bus") != NULL;
}

/* What the services files say of it, by its ARN or its name; 0: nothing. */
static int64_t
places_asked(struct pav_engine *e, const char *arn)
{
    const struct pav_doc *all = e->config.concurrency, *v;
    const char *name = pav_arn_name(arn, "lambda", "function");
    int64_t n = 0;

    if (all == NULL)
        return 0;
    if (name == NULL)
        name = pav_arn_name(arn, "events", "api-destination");
    if (name == NULL)
        name = pav_arn_resource(arn, "sqs");
    if (name == NULL)
        name = pav_arn_resource(arn, "sns");
    v = pav_doc_get(all, arn);
    if (v == NULL && name != NULL)
        v = pav_doc_getn(all, name, strcspn(name, ":/"));
    if (v == NULL)
        v = pav_doc_get(all, "*");
    if (v != NULL)
        (void)pav_doc_int(v, &n);
    return n;
}

static uint32_t
places_of(struct pav_engine *e, uint32_t lane, const char *arn)
{
    int64_t asked;

    if (lane >= PAV_LANE_IN_ORDER || is_log(arn))
        return 1;
    asked = places_asked(e, arn);
    return asked > 0 ? (uint32_t)asked : is_bus(arn) ? MAX_OF_BUS : MAX_OF_ONE;
}

/* L1, L2 */
static uint32_t
lane_of(struct pav_engine *e, const struct pav_delivery_row *row)
{
    const char *group = NULL;
    uint32_t lane =
        (uint32_t)(pav_hash64(row->target_arn, strlen(row->target_arn), 5) %
                   PAV_LANE_IN_ORDER);

    if (pav_arn_resource(row->target_arn, "sqs") != NULL)
        group = pav_doc_member_str(
            &e->arena,
            pav_doc_get(pav_doc_own(&e->arena, row->target.p, row->target.len),
                        "SqsParameters"),
            "MessageGroupId");
    if (group == NULL)
        return lane;
    return PAV_LANE_IN_ORDER +
           (uint32_t)(pav_hash64(group, strlen(group), lane) %
                      (LANES - PAV_LANE_IN_ORDER));
}

/* Is there a place for this one? */
static bool
has_place(struct pav_engine *e, const struct pav_delivery_row *row)
{
    const struct lane *l = &e->deliveries->lanes[row->lane];

    if (row->lane >= PAV_LANE_IN_ORDER && l->holder != 0)
        return l->holder == row->id;
    return l->under_way < places_of(e, row->lane, row->target_arn);
}

void
deliveries_add(struct pav_engine *e, struct pav_delivery_row *row)
{
    struct lane *l;

    PAV_ASSERT(row->target_arn != NULL && row->body.p != NULL);
    row->lane = lane_of(e, row);
    l = &e->deliveries->lanes[row->lane];
    if (row->status == PAV_DELIVERY_OPEN &&
        (l->blocked > 0 || !has_place(e, row))) {
        row->due_at = PAV_DELIVERY_BLOCKED;
        l->blocked++;
    }
    pav_store_delivery_add(e->store, row);
}

static void
put_off(struct pav_engine *e, struct pav_delivery_row *row, int64_t until)
{
    e->deliveries->lanes[row->lane].blocked += until == PAV_DELIVERY_BLOCKED;
    row->due_at = until;
    pav_store_delivery_update(e->store, row);
}

static void
count_blocked(void *arg, uint32_t lane, uint32_t blocked)
{
    struct pav_engine *e = arg;

    e->deliveries->lanes[lane % LANES].blocked = blocked;
}

static void
set_holder(void *arg, uint32_t lane, int64_t id)
{
    struct pav_engine *e = arg;

    e->deliveries->lanes[lane % LANES].holder = id;
}

/* What the rows say. */
static void
lanes_count(struct pav_engine *e)
{
    uint32_t i;

    for (i = 0; i < LANES; i++) {
        e->deliveries->lanes[i].blocked = 0;
        e->deliveries->lanes[i].holder = 0;
    }
    pav_store_delivery_lanes(e->store, count_blocked, e);
    pav_store_delivery_holders(e->store, set_holder, e);
    e->deliveries->to_look = true;
}

void
deliveries_lost(struct pav_engine *e)
{
    lanes_count(e);
}

void
deliveries_look(struct pav_engine *e)
{
    e->deliveries->to_look = true;
}

void
deliveries_fini(struct pav_engine *e)
{
    free(e->deliveries);
    e->deliveries = NULL;
}

void
deliveries_load(struct pav_engine *e)
{
    e->deliveries = pav_xcalloc(1, sizeof(*e->deliveries));
    if (!pav_store_deliveries_open(e->store))
        return;
    pav_store_deliveries_reset(e->store, e->lifetime, pav_clock_ms(e->clock));
    lanes_count(e);
}

int64_t
deliveries_next(struct pav_engine *e)
{
    if (e->config.manual || e->counts.delivering >= PAV_DELIVERIES_MAX)
        return INT64_MAX;
    if (e->deliveries->to_look)
        return 0;
    return pav_store_delivery_due_at(e->store);
}

static const struct pav_doc *
target_of(struct pav_engine *e, const struct pav_delivery_row *row)
{
    return pav_doc_own(&e->arena, row->target.p, row->target.len);
}

/* ---- dead letters ---- */

static void
put_attribute(struct pav_engine *e, struct pav_members *m, const char *key,
              const char *text, bool number)
{
    struct pav_members v;

    if (text == NULL)
        return;
    pav_members_init(&v, &e->arena);
    pav_members_str(&v, "DataType", number ? "Number" : "String");
    pav_members_str(&v, "StringValue", text);
    pav_members_puts(m, key, pav_members_object(&v));
}

/* The queue of its DeadLetterConfig gets what could not be sent, with the
 * service's attributes; a letter to such a queue has none itself. */
static void
tell_queue(struct pav_engine *e, const struct pav_delivery_row *row)
{
    struct pav_arena *a = &e->arena;
    const char *arn = pav_doc_member_str(
        a, pav_doc_get(target_of(e, row), "DeadLetterConfig"), "Arn");
    struct pav_members target, attributes;
    struct pav_delivery_row letter = {.event_id = row->event_id,
                                      .rule_arn = row->rule_arn,
                                      .target_arn = arn,
                                      .target_id = row->target_id,
                                      .body = row->body};

    if (arn == NULL)
        return;
    pav_members_init(&attributes, a);
    put_attribute(e, &attributes, "RULE_ARN", row->rule_arn, false);
    put_attribute(e, &attributes, "TARGET_ARN", row->target_arn, false);
    put_attribute(e, &attributes, "ERROR_CODE", row->error_code, false);
    put_attribute(e, &attributes, "ERROR_MESSAGE", row->error_message, false);
    put_attribute(e, &attributes, "EXHAUSTED_RETRY_CONDITION", row->condition,
                  false);
    put_attribute(
        e, &attributes, "RETRY_ATTEMPTS",
        pav_arena_printf(
            a, "%lld", (long long)(row->attempts > 0 ? row->attempts - 1 : 0)),
        true);
    pav_members_init(&target, a);
    pav_members_str(&target, "Arn", arn);
    pav_members_puts(&target, "MessageAttributes",
                     pav_members_object(&attributes));
    letter.target.p = pav_doc_text(a, pav_members_object(&target));
    letter.target.len = strlen(letter.target.p);
    letter.created_at = letter.due_at = pav_clock_ms(e->clock);
    deliveries_add(e, &letter);
}

void
deliveries_dead(struct pav_engine *e, struct pav_delivery_row *row)
{
    row->status = PAV_DELIVERY_DEAD;
    deliveries_add(e, row);
    e->counts.dead_letters++;
    tally_target(e, row->rule_arn, row->target_id, PAV_TARGET_DEAD, 1);
    tell_queue(e, row);
}

/* It holds its lane no longer. */
static void
let_go(struct pav_engine *e, const struct pav_delivery_row *row)
{
    if (e->deliveries->lanes[row->lane].holder == row->id)
        e->deliveries->lanes[row->lane].holder = 0;
    e->deliveries->to_look =
        e->deliveries->to_look || e->deliveries->lanes[row->lane].blocked > 0;
}

static void
dead_letter(struct pav_engine *e, struct pav_delivery_row *row,
            const char *code, const char *message, const char *condition)
{
    let_go(e, row);
    row->status = PAV_DELIVERY_DEAD;
    row->lease = 0;
    row->error_code = code;
    row->error_message = message;
    row->condition = condition;
    pav_store_delivery_update(e->store, row);
    e->counts.dead_letters++;
    tally_target(e, row->rule_arn, row->target_id, PAV_TARGET_DEAD, 1);
    pav_log(PAV_LOG_WARN, NULL,
            "not delivered to %s after %lld attempts: %s %s", row->target_arn,
            (long long)row->attempts, code, message);
    tell_queue(e, row);
}

/* ---- API destinations ---- */

/* What an ARN names, "...:KIND/NAME/ID"; NULL: there is no such thing. */
static const struct pav_doc *
named(struct pav_engine *e, int kind, const char *arn, const char *resource)
{
    struct pav_arena *a = &e->arena;
    const char *p = pav_arn_name(arn, "events", resource);
    struct pav_name_row row;

    if (p == NULL)
        return NULL;
    if (!pav_store_name(e->store, kind, 0,
                        pav_arena_strndup(a, p, strcspn(p, "/")), a, &row))
        return NULL;
    return pav_doc_own(a, row.body.p, row.body.len);
}

const struct pav_doc *
connection_of(struct pav_engine *e, const char *arn)
{
    return named(e, PAV_NAME_CONNECTION, arn, "connection");
}

/* A destination's row and its connection's; NULL: one of them is gone. */
static const struct pav_doc *
destination_setup(struct pav_engine *e, const char *arn,
                  struct pav_members *setup)
{
    const struct pav_doc *d =
        named(e, PAV_NAME_DESTINATION, arn, "api-destination");
    const struct pav_doc *connection =
        d == NULL ? NULL
                  : connection_of(
                        e, pav_doc_member_str(&e->arena, d, "ConnectionArn"));

    if (connection == NULL)
        return NULL;
    pav_members_puts(setup, "Destination", d);
    pav_members_puts(setup, "Connection", connection);
    return d;
}

/* ---- turns ---- */

/* When the destination's rate lets this one go: the slot is its own. */
static int64_t
rate_slot(struct lane *r, const struct pav_doc *destination, int64_t now)
{
    const struct pav_doc *rate =
        pav_doc_get(destination, "InvocationRateLimitPerSecond");
    int64_t per_second = 300, slot;

    if (rate != NULL)
        (void)pav_doc_int(rate, &per_second);
    slot = r->next_us > now * 1000 ? r->next_us : now * 1000;
    r->next_us = slot + 1000000 / (per_second < 1 ? 1 : per_second);
    return slot / 1000;
}

/* ---- sending ---- */

/* L3: its followers go with it, up to a ceiling. */
static bool
may_gather(const struct pav_delivery_row *row)
{
    return row->attempts == 0 &&
           (is_log(row->target_arn) || is_bus(row->target_arn));
}

static bool
same_target(const struct pav_delivery_row *x, const struct pav_delivery_row *y)
{
    return strcmp(x->target_arn, y->target_arn) == 0 &&
           x->target.len == y->target.len &&
           memcmp(x->target.p, y->target.p, x->target.len) == 0;
}

static void
add_part(struct pav_engine *e, struct pav_deliver_job *j,
         struct pav_delivery_row *row)
{
    struct pav_delivery_part *part = &j->parts[j->part_count++];

    part->id = row->id;
    part->body.p = pav_arena_strndup(&j->job.arena, row->body.p, row->body.len);
    part->body.len = row->body.len;
    e->deliveries->lanes[row->lane].blocked -=
        row->due_at == PAV_DELIVERY_BLOCKED;
    row->attempts++;
    tally_target(e, row->rule_arn, row->target_id, PAV_TARGET_INVOKED, 1);
    row->lease = e->lifetime;
    row->due_at = pav_clock_ms(e->clock) + LEASE_MS;
    pav_store_delivery_update(e->store, row);
}

static void
gather(struct pav_engine *e, struct pav_deliver_job *j,
       const struct pav_delivery_row *first)
{
    size_t bytes = first->body.len;
    struct pav_delivery_row row = {.id = first->id};

    while (j->part_count < BATCH_MAX &&
           e->deliveries->lanes[first->lane].blocked > 0 &&
           pav_store_delivery_blocked(e->store, first->lane, row.id, &e->arena,
                                      &row)) {
        if (!may_gather(&row) || !same_target(first, &row))
            continue;
        bytes += row.body.len;
        if (bytes > BATCH_BYTES)
            break;
        add_part(e, j, &row);
    }
}

/* It was not handed out. */
static void
not_sent(struct pav_engine *e, struct pav_job *job)
{
    struct pav_deliver_job *j = (struct pav_deliver_job *)job;

    e->counts.delivering--;
    e->deliveries->lanes[j->lane].under_way--;
}

const struct pav_job_kind pav_deliver_kind = {
    .size = sizeof(struct pav_deliver_job), .lost = not_sent};

static void
hand_out(struct pav_engine *e, struct pav_delivery_row *row,
         struct pav_members *setup)
{
    struct pav_deliver_job *j = job_hand_out(e, &pav_deliver_kind);
    struct pav_arena *a = &j->job.arena;
    const char *text;
    bool gathers = may_gather(row);

    pav_members_puts(setup, "Target", target_of(e, row));
    text = pav_doc_text(a, pav_members_object(setup));
    j->settings = pav_doc_own(a, text, strlen(text));
    j->target_arn = pav_arena_strdup(a, row->target_arn);
    j->key = pav_arena_printf(a, "delivery-%lld", (long long)row->id);
    j->lane = row->lane;
    j->parts =
        pav_arena_alloc(a, (gathers ? BATCH_MAX : 1) * sizeof(*j->parts));
    add_part(e, j, row);
    if (gathers)
        gather(e, j, row);
    e->deliveries->lanes[row->lane].under_way++;
    if (row->lane >= PAV_LANE_IN_ORDER)
        e->deliveries->lanes[row->lane].holder = row->id;
    e->counts.delivering++;
}

/* Its turn has come, if there is a place. */
static void
send_one(struct pav_engine *e, struct pav_delivery_row *row, int64_t now)
{
    struct pav_members setup;
    const struct pav_doc *destination;
    int64_t slot;

    pav_members_init(&setup, &e->arena);
    destination = destination_setup(e, row->target_arn, &setup);
    if (destination == NULL &&
        pav_arn_name(row->target_arn, "events", "api-destination") != NULL) {
        e->deliveries->lanes[row->lane].blocked -=
            row->due_at == PAV_DELIVERY_BLOCKED;
        dead_letter(e, row, "NO_RESOURCE",
                    "The API destination or its connection does not exist.",
                    NULL);
        return;
    }
    if (destination != NULL && row->lease != SLOT_TAKEN) {
        slot = rate_slot(&e->deliveries->lanes[row->lane], destination, now);
        row->lease = SLOT_TAKEN;
        if (slot > now) {
            e->deliveries->lanes[row->lane].blocked -=
                row->due_at == PAV_DELIVERY_BLOCKED;
            put_off(e, row, slot);
            return;
        }
    }
    hand_out(e, row, &setup);
}

/* False: it is not due yet, and none behind it is. */
static bool
send_first(struct pav_engine *e, int64_t now)
{
    struct pav_delivery_row row;

    if (!pav_store_delivery_due(e->store, &e->arena, &row) || row.due_at > now)
        return false;
    if (has_place(e, &row))
        send_one(e, &row, now);
    else
        put_off(e, &row, PAV_DELIVERY_BLOCKED);
    return true;
}

/* L1: places that became free. */
static void
fill_lane(struct pav_engine *e, uint32_t lane, int64_t now)
{
    struct lane *l = &e->deliveries->lanes[lane];
    struct pav_delivery_row row;

    while (l->blocked > 0 && e->counts.delivering < PAV_DELIVERIES_MAX) {
        if (!pav_store_delivery_blocked(e->store, lane, 0, &e->arena, &row)) {
            l->blocked = 0;
            return;
        }
        if (!has_place(e, &row))
            return;
        send_one(e, &row, now);
        turn_trim_arena(e);
    }
}

void
deliveries_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    uint32_t i;
    int n = 0;

    if (e->config.manual)
        return;
    if (e->deliveries->to_look && e->counts.delivering < PAV_DELIVERIES_MAX) {
        e->deliveries->to_look = false;
        for (i = 0; i < LANES; i++)
            if (e->deliveries->lanes[i].blocked > 0)
                fill_lane(e, i, now);
    }
    while (n++ < TURN_MAX && deliveries_next(e) <= now && send_first(e, now))
        turn_trim_arena(e);
}

/* ---- answers ---- */

static int64_t
policy(const struct pav_doc *target, const char *key, int64_t by_default)
{
    const struct pav_doc *v =
        pav_doc_get(pav_doc_get(target, "RetryPolicy"), key);

    if (v != NULL)
        (void)pav_doc_int(v, &by_default);
    return by_default;
}

/* Doubled each time, and up to half of it more or less. */
static int64_t
pause_ms(int64_t attempts)
{
    int64_t ms = attempts > 10 ? MAX_PAUSE_MS
                               : (int64_t)FIRST_PAUSE_MS << (attempts - 1);
    uint64_t chance;

    if (ms > MAX_PAUSE_MS)
        ms = MAX_PAUSE_MS;
    pav_random(&chance, sizeof(chance));
    return ms / 2 + (int64_t)(chance % (uint64_t)ms);
}

static void
failed(struct pav_engine *e, struct pav_delivery_row *row,
       const struct pav_delivered_job *j)
{
    const struct pav_doc *target = target_of(e, row);
    int64_t now = pav_clock_ms(e->clock), pause = pause_ms(row->attempts);
    int64_t retries;

    row->lease = 0;
    row->error_code = j->error;
    row->error_message = j->cause;
    tally_target(e, row->rule_arn, row->target_id,
                 strcmp(j->error, "THROTTLING") == 0 ? PAV_TARGET_THROTTLED
                                                     : PAV_TARGET_FAILED,
                 1);
    if (j->part_count > 1) { /* L3: which of them it was is not known */
        row->due_at = now;
        pav_store_delivery_update(e->store, row);
        return;
    }
    if (!j->retryable || j->retry_ms < 0) {
        dead_letter(e, row, j->error, j->cause, NULL);
        return;
    }
    if (j->retry_ms > pause)
        pause = j->retry_ms;
    retries = policy(target, "MaximumRetryAttempts", MAX_ATTEMPTS);
    if (j->retries > 0 && j->retries < retries)
        retries = j->retries;
    if (row->attempts > retries) {
        dead_letter(e, row, j->error, j->cause, "MaximumRetryAttempts");
        return;
    }
    if (now + pause - row->created_at >
        policy(target, "MaximumEventAgeInSeconds", MAX_AGE_S) * 1000) {
        dead_letter(e, row, j->error, j->cause, "MaximumEventAgeInSeconds");
        return;
    }
    row->due_at = now + pause;
    e->counts.retried++;
    pav_store_delivery_update(e->store, row);
}

static void
delivered(struct pav_engine *e, struct pav_job *job)
{
    struct pav_delivered_job *j = (struct pav_delivered_job *)job;
    struct pav_delivery_row row;
    uint32_t i;

    if (!j->counted) { /* it comes again behind a rollback */
        e->counts.delivering -= e->counts.delivering > 0;
        e->deliveries->lanes[j->lane].under_way -=
            e->deliveries->lanes[j->lane].under_way > 0;
        j->counted = true;
    }
    e->deliveries->to_look = true;
    for (i = 0; i < j->part_count; i++) {
        if (!pav_store_delivery(e->store, j->parts[i].id, &e->arena, &row) ||
            row.status != PAV_DELIVERY_OPEN)
            continue;
        if (j->failure) {
            failed(e, &row, j);
            continue;
        }
        let_go(e, &row);
        tally_target(e, row.rule_arn, row.target_id, PAV_TARGET_DELIVERED, 1);
        tally_target(e, row.rule_arn, row.target_id, PAV_TARGET_MS,
                     (uint64_t)(pav_clock_ms(e->clock) - row.created_at));
        pav_store_delivery_delete(e->store, row.id);
        e->counts.delivered++;
    }
}

const struct pav_job_kind pav_delivered_kind = {
    .size = sizeof(struct pav_delivered_job),
    .advance = delivered,
    .is_answer = true};
