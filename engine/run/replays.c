/*
 * Archives grow old, and replays: events of an archive come again.
 *
 * A replay is a row with the place that it has reached; a slice of events and
 * the new place are written in one transaction, so that a kill repeats and
 * leaves out nothing.  Events come in the order of their own times, then of
 * arrival.  A speed (`pavane replay --speed`) keeps the pauses between them,
 * shortened.
 */
#include <math.h>
#include <string.h>

#include "bus/bus.h"
#include "due.h"
#include "intake.h"

#define SLICE          200
#define FORGET_EVERY   60000
#define FORGET_AT_ONCE 1000
#define MAX_REPLAYS    64
#define LONGEST_MS     1e14 /* a pause of centuries */

static const struct pav_doc *
body_of(struct pav_engine *e, const struct pav_name_row *row)
{
    return pav_doc_own(&e->arena, row->body.p, row->body.len);
}

/* The rows of those that run; there are few. */
static uint32_t
running(struct pav_engine *e, struct pav_name_row rows[MAX_REPLAYS])
{
    struct pav_name_row page[MAX_REPLAYS];
    const char *after = "";
    uint32_t count = 0, n, i;

    do {
        n = pav_store_names(e->store, PAV_NAME_REPLAY, 0, after, MAX_REPLAYS,
                            &e->arena, page);
        for (i = 0; i < n && count < MAX_REPLAYS; i++)
            if (page[i].number != 0) /* the time at which it goes on */
                rows[count++] = page[i];
        after = n == 0 ? "" : page[n - 1].name;
    } while (n == MAX_REPLAYS);
    return count;
}

int64_t
replays_next(struct pav_engine *e)
{
    struct pav_name_row rows[MAX_REPLAYS];
    int64_t next = INT64_MAX;
    uint32_t i, n;

    if (!e->replaying)
        return INT64_MAX;
    n = running(e, rows);
    for (i = 0; i < n; i++)
        if (rows[i].number < next)
            next = rows[i].number;
    e->replaying = n > 0;
    e->replays = n;
    return next;
}

static void
save(struct pav_engine *e, const struct pav_name_row *row,
     const struct pav_doc *body, struct pav_members *changes, int64_t next)
{
    struct pav_name_row put = *row;

    put.body.p = pav_doc_text(
        &e->arena, pav_doc_merge(&e->arena, body, pav_members_object(changes)));
    put.body.len = strlen(put.body.p);
    put.number = next;
    pav_store_name_put(e->store, &put);
}

static void
replay_event(struct pav_engine *e, const struct pav_doc *body, const char *name,
             int64_t event_id)
{
    struct pav_event_row row;
    struct pav_event_item item = {0};

    if (!pav_store_event(e->store, event_id, &e->arena, &row))
        return;
    item.bus_id = pav_doc_member_int(body, "BusId");
    item.replay = name;
    item.only = pav_doc_get(pav_doc_get(body, "Destination"), "FilterArns");
    item.body = row.body;
    intake_replayed(e, &row, &item);
}

static void
finish(struct pav_engine *e, const struct pav_name_row *row,
       const struct pav_doc *body, struct pav_members *changes)
{
    pav_members_str(changes, "State", "COMPLETED");
    pav_members_int(changes, "ReplayEndTime", pav_clock_ms(e->clock));
    save(e, row, body, changes, 0);
}

/* The bus of its archive may have gone meanwhile; then it ends.  A speed of 0
 * is as fast as it goes; else so many times as fast as it was. */
static void
go_on(struct pav_engine *e, const struct pav_name_row *row, int64_t now)
{
    const struct pav_doc *body = body_of(e, row);
    struct pav_archived at = {pav_doc_member_int(body, "LastAt"),
                              pav_doc_member_int(body, "LastId")},
                        next;
    int64_t end = pav_doc_member_int(body, "EventEndTime");
    int64_t archive_id = pav_doc_member_int(body, "ArchiveId"), begun,
            due = now;
    double speed = pav_doc_get(body, "Speed") == NULL
                       ? 0
                       : pav_doc_double(pav_doc_get(body, "Speed"));
    struct pav_members changes;
    int n = 0;

    pav_members_init(&changes, &e->arena);
    begun = pav_doc_member_int(body, "ReplayStartTime");
    if (bus_by_id(e, pav_doc_member_int(body, "BusId")) == NULL) {
        pav_members_str(&changes, "State", "FAILED");
        pav_members_str(&changes, "StateReason",
                        "The event bus does not exist any more.");
        save(e, row, body, &changes, 0);
        return;
    }
    pav_members_str(&changes, "State", "RUNNING");
    for (;;) {
        if (!pav_store_archive_next(e->store, archive_id, at, end, &next)) {
            if (n > 0 || at.event_id != 0)
                pav_members_int(&changes, "EventLastReplayedTime", at.at);
            pav_members_int(&changes, "Replayed",
                            pav_doc_member_int(body, "Replayed") + n);
            finish(e, row, body, &changes);
            return;
        }
        if (speed > 0)
            due =
                begun +
                (int64_t)fmin(
                    LONGEST_MS,
                    (double)(next.at - pav_doc_member_int(body, "EventFirst")) /
                        speed);
        if (due > now || n == SLICE)
            break;
        at = next;
        n++;
        replay_event(e, body, row->name, next.event_id);
    }
    pav_members_int(&changes, "LastAt", at.at);
    pav_members_int(&changes, "LastId", at.event_id);
    pav_members_int(&changes, "Replayed",
                    pav_doc_member_int(body, "Replayed") + n);
    if (at.event_id != 0)
        pav_members_int(&changes, "EventLastReplayedTime", at.at);
    save(e, row, body, &changes, due > now ? due : now);
}

void
replays_run(struct pav_engine *e)
{
    struct pav_name_row rows[MAX_REPLAYS];
    int64_t now = pav_clock_ms(e->clock);
    uint32_t i, n;

    if (!e->replaying)
        return;
    n = running(e, rows);
    for (i = 0; i < n; i++)
        if (rows[i].number <= now)
            go_on(e, &rows[i], now);
}

void
archives_forget(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    struct archive *a;
    int64_t bytes;
    uint32_t n;

    for (a = e->archives; a != NULL; a = a->next) {
        if (a->retention_ms == 0 || a->next_forget_at > now)
            continue;
        n = pav_store_archive_forget(e->store, a->id, now - a->retention_ms,
                                     FORGET_AT_ONCE, &bytes);
        a->count -= n;
        a->bytes -= bytes;
        if (n == 0)
            a->next_forget_at = now + FORGET_EVERY;
    }
}
