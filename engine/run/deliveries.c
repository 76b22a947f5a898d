/*
 * Deliveries: what targets outside are sent, until they have it.
 *
 * A row is staged with what caused it, and handed to the front behind the
 * commit.  It stays until the target has answered; one that was under way when
 * a daemon was killed is sent again with the same key.  A failure is tried
 * again with growing pauses, up to the target's RetryPolicy (185 attempts, 24
 * hours); then, or when there is nobody to send it to, the row is a dead letter
 * and stays, with EventBridge's code, until somebody sends it again.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/log.h"
#include "bus_int.h"

#define MAX_UNDER_WAY  64
#define MOST_OF_ONE    16 /* under way to one target */
#define LOOK_MS        10
#define SLOT_TAKEN     -1 /* as `taken`: its turn at the rate is due_at */
#define TURN_MOST      64
#define LEASE_MS       120000 /* longer than any request lasts */
#define MAX_ATTEMPTS   185
#define MAX_AGE_S      86400
#define FIRST_PAUSE_MS 1000
#define MOST_PAUSE_MS  600000

void
deliveries_load(struct pav_engine *e)
{
    if (pav_store_delivery_due_at(e->store) != INT64_MAX)
        pav_store_deliveries_reset(e->store, e->lifetime,
                                   pav_clock_ms(e->clock));
}

int64_t
deliveries_next(struct pav_engine *e)
{
    if (e->config.by_hand || e->counts.delivering >= MAX_UNDER_WAY)
        return INT64_MAX;
    return pav_store_delivery_due_at(e->store);
}

static const struct pav_doc *
target_of(struct pav_engine *e, const struct pav_delivery_row *row)
{
    return pav_doc_own(&e->arena, row->target.p, row->target.len);
}

static void
bury(struct pav_engine *e, struct pav_delivery_row *row, const char *code,
     const char *message, const char *condition)
{
    row->status = PAV_DELIVERY_DEAD;
    row->taken = 0;
    row->error_code = code;
    row->error_message = message;
    row->condition = condition;
    pav_store_delivery_update(e->store, row);
    e->counts.dead_letters++;
    pav_log(PAV_LOG_WARN, NULL,
            "not delivered to %s after %lld attempts: %s %s", row->target_arn,
            (long long)row->attempts, code, message);
}

/* ---- API destinations ---- */

/* What an ARN names, "...:RESOURCE/NAME/ID"; NULL: there is no such thing. */
static const struct pav_doc *
named(struct pav_engine *e, int kind, const char *arn, const char *resource)
{
    struct pav_arena *a = &e->arena;
    const char *p = arn == NULL ? NULL : strstr(arn, resource);
    struct pav_name_row row;

    if (p == NULL)
        return NULL;
    p += strlen(resource);
    if (!pav_store_name(e->store, kind, 0,
                        pav_arena_strndup(a, p, strcspn(p, "/")), a, &row))
        return NULL;
    return pav_doc_own(a, row.body.p, row.body.len);
}

/* A destination's row and its connection's; NULL: one of them is gone. */
static const struct pav_doc *
destination_setup(struct pav_engine *e, const char *arn,
                  struct pav_members *setup)
{
    const struct pav_doc *d =
        named(e, PAV_NAME_DESTINATION, arn, ":api-destination/");
    const struct pav_doc *connection =
        d == NULL ? NULL
                  : named(e, PAV_NAME_CONNECTION,
                          pav_doc_member_str(&e->arena, d, "ConnectionArn"),
                          ":connection/");

    if (connection == NULL)
        return NULL;
    pav_members_puts(setup, "Destination", d);
    pav_members_puts(setup, "Connection", connection);
    return d;
}

/* ---- turns ---- */

static struct pav_rate *
rate_of(struct pav_engine *e, const char *arn)
{
    return &e->rates[pav_hash64(arn, strlen(arn), 5) % PAV_RATES];
}

/* When the destination's rate lets this one go: the slot is its own. */
static int64_t
rate_slot(struct pav_rate *r, const struct pav_doc *destination, int64_t now)
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

/* A target that answers slowly has few under way, so that it leaves room for
 * others; what waits for it looks again one after the other. */
static int64_t
next_look(struct pav_rate *r, int64_t now)
{
    r->next_try = (r->next_try > now ? r->next_try : now) + LOOK_MS;
    return r->next_try;
}

static void
put_off(struct pav_engine *e, struct pav_delivery_row *row, int64_t until)
{
    row->due_at = until;
    pav_store_delivery_update(e->store, row);
}

/* ---- sending ---- */

static void
hand_out(struct pav_engine *e, struct pav_delivery_row *row,
         struct pav_members *setup)
{
    struct pav_job *j = work_hand_out(e, PAV_JOB_DELIVER);
    struct pav_arena *a = &j->arena;
    const char *text;

    pav_members_puts(setup, "Target", target_of(e, row));
    text = pav_doc_text(a, pav_members_object(setup));
    j->request = pav_doc_own(a, text, strlen(text));
    j->delivery_id = row->id;
    j->resource = pav_arena_strdup(a, row->target_arn);
    j->with.p = pav_arena_strndup(a, row->body.p, row->body.len);
    j->with.len = row->body.len;
    j->key = pav_arena_printf(a, "delivery-%lld", (long long)row->id);
    row->attempts++;
    row->taken = e->lifetime;
    row->due_at = pav_clock_ms(e->clock) + LEASE_MS;
    pav_store_delivery_update(e->store, row);
    e->counts.delivering++;
}

/* False: it is not due yet, and none behind it is. */
static bool
send_first(struct pav_engine *e, int64_t now)
{
    struct pav_delivery_row row;
    struct pav_members setup;
    const struct pav_doc *destination;
    struct pav_rate *r;
    int64_t slot;

    if (!pav_store_delivery_due(e->store, &e->arena, &row) || row.due_at > now)
        return false;
    pav_members_init(&setup, &e->arena);
    destination = destination_setup(e, row.target_arn, &setup);
    if (destination == NULL &&
        strstr(row.target_arn, ":api-destination/") != NULL) {
        bury(e, &row, "NO_RESOURCE",
             "The API destination or its connection does not exist.", NULL);
        return true;
    }
    r = rate_of(e, row.target_arn);
    if (destination != NULL && row.taken != SLOT_TAKEN) {
        slot = rate_slot(r, destination, now);
        row.taken = SLOT_TAKEN;
        if (slot > now) {
            put_off(e, &row, slot);
            return true;
        }
    }
    if (r->under_way >= MOST_OF_ONE) {
        put_off(e, &row, next_look(r, now));
        return true;
    }
    r->under_way++;
    hand_out(e, &row, &setup);
    return true;
}

void
deliveries_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    int n = 0;

    while (n++ < TURN_MOST && deliveries_next(e) <= now && send_first(e, now))
        turn_breathe(e);
}

/* ---- answers ---- */

static int64_t
policy(const struct pav_doc *target, const char *key, int64_t otherwise)
{
    const struct pav_doc *v =
        pav_doc_get(pav_doc_get(target, "RetryPolicy"), key);

    if (v != NULL)
        (void)pav_doc_int(v, &otherwise);
    return otherwise;
}

/* Doubled each time, and up to half of it more or less. */
static int64_t
pause_ms(int64_t attempts)
{
    int64_t ms = attempts > 10 ? MOST_PAUSE_MS
                               : (int64_t)FIRST_PAUSE_MS << (attempts - 1);
    uint64_t chance;

    if (ms > MOST_PAUSE_MS)
        ms = MOST_PAUSE_MS;
    pav_random(&chance, sizeof(chance));
    return ms / 2 + (int64_t)(chance % (uint64_t)ms);
}

static void
failed(struct pav_engine *e, struct pav_delivery_row *row,
       const struct pav_job *j)
{
    const struct pav_doc *target = target_of(e, row);
    int64_t now = pav_clock_ms(e->clock), pause = pause_ms(row->attempts);

    row->taken = 0;
    row->error_code = j->error;
    row->error_message = j->cause;
    if (!j->again || j->retry_ms < 0) {
        bury(e, row, j->error, j->cause, NULL);
        return;
    }
    if (j->retry_ms > pause)
        pause = j->retry_ms;
    if (row->attempts > policy(target, "MaximumRetryAttempts", MAX_ATTEMPTS)) {
        bury(e, row, j->error, j->cause, "MaximumRetryAttempts");
        return;
    }
    if (now + pause - row->created_at >
        policy(target, "MaximumEventAgeInSeconds", MAX_AGE_S) * 1000) {
        bury(e, row, j->error, j->cause, "MaximumEventAgeInSeconds");
        return;
    }
    row->due_at = now + pause;
    e->counts.retried++;
    pav_store_delivery_update(e->store, row);
}

void
deliveries_reply(struct pav_engine *e, struct pav_job *j)
{
    struct pav_delivery_row row;
    struct pav_rate *r;

    if (!j->held) { /* it comes again behind a rollback */
        e->counts.delivering -= e->counts.delivering > 0;
        r = rate_of(e, j->resource);
        r->under_way -= r->under_way > 0;
        j->held = true;
    }
    if (!pav_store_delivery(e->store, j->delivery_id, &e->arena, &row) ||
        row.status != PAV_DELIVERY_OPEN)
        return;
    if (j->failure) {
        failed(e, &row, j);
        return;
    }
    pav_store_delivery_delete(e->store, row.id);
    e->counts.delivered++;
}
