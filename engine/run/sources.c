/*
 * Queues that are read into buses: each source asks its queue for messages, and
 * each message becomes an event.
 *
 * Q1  A message is deleted when its event is durable: its receipt goes along
 *     with the next question, which leaves behind the commit.  Lost in between,
 *     the message comes again under its own id, and is a duplicate.
 * Q2  One that is no event stays in the queue, whose own policy says what
 *     becomes of it.
 * Q3  A source has one question in flight.  The answer to an older one, which a
 *     rollback brought again, only has its messages deleted.
 * Q4  An empty queue that does not keep the question until it has something
 *     (long polling) is asked at growing distances, up to idleSeconds; one that
 *     fails up to a minute.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/log.h"
#include "due.h"
#include "intake.h"

#define FIRST_PAUSE_MS   1000
#define FAILURE_PAUSE_MS 60000
#define IDLE_S           20

struct source {
    const char *name;
    const struct pav_doc *settings;
    bool asks; /* a question is in flight, of this number */
    uint64_t serial;
    int64_t next_ms, pause_ms;
    bool fails;
};

struct sources {
    struct source *v;
    uint32_t count;
    uint64_t serial;
    struct pav_arena arena;
};

static struct source *
source_named(struct sources *s, const char *name)
{
    uint32_t i;

    for (i = 0; s != NULL && i < s->count; i++)
        if (strcmp(s->v[i].name, name) == 0)
            return &s->v[i];
    return NULL;
}

void
sources_fini(struct pav_engine *e)
{
    if (e->sources == NULL)
        return;
    free(e->sources->v);
    pav_arena_fini(&e->sources->arena);
    free(e->sources);
    e->sources = NULL;
}

/* One that stays goes on where it is. */
void
sources_change(struct pav_engine *e)
{
    const struct pav_doc *all = e->config.sources;
    struct sources *s = pav_xcalloc(1, sizeof(*s));
    uint32_t i;

    pav_arena_init(&s->arena, 1024);
    s->serial = e->sources == NULL ? 0 : e->sources->serial;
    s->count = all == NULL || e->config.manual ? 0 : all->len;
    s->v = pav_xcalloc(s->count + 1, sizeof(*s->v));
    for (i = 0; i < s->count; i++) {
        const char *name = pav_arena_strndup(&s->arena, all->members[i].key,
                                             all->members[i].len);
        const struct source *before = source_named(e->sources, name);

        if (before != NULL)
            s->v[i] = *before;
        s->v[i].name = name;
        s->v[i].settings = &all->members[i].value;
    }
    sources_fini(e);
    e->sources = s;
}

int64_t
sources_next(struct pav_engine *e)
{
    int64_t next = INT64_MAX;
    uint32_t i;

    for (i = 0; e->sources != NULL && i < e->sources->count; i++)
        if (!e->sources->v[i].asks && e->sources->v[i].next_ms < next)
            next = e->sources->v[i].next_ms;
    return next;
}

static struct pav_receive_job *
hand_out(struct pav_engine *e, struct source *s, bool asks)
{
    struct pav_receive_job *j = job_hand_out(e, &pav_receive_kind);
    struct pav_arena *a = &j->job.arena;
    const char *text = pav_doc_text(a, s->settings);

    j->source = pav_arena_strdup(a, s->name);
    j->settings = pav_doc_own(a, text, strlen(text));
    j->asks = asks;
    j->serial = ++e->sources->serial;
    if (asks) {
        s->asks = true;
        s->serial = j->serial;
    }
    return j;
}

void
sources_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    uint32_t i;

    for (i = 0; e->sources != NULL && i < e->sources->count; i++)
        if (!e->sources->v[i].asks && e->sources->v[i].next_ms <= now)
            hand_out(e, &e->sources->v[i], true);
}

/* It was not handed out. */
static void
not_asked(struct pav_engine *e, struct pav_job *job)
{
    const struct pav_receive_job *j = (const struct pav_receive_job *)job;
    struct source *s = source_named(e->sources, j->source);

    if (s != NULL && s->serial == j->serial)
        s->asks = false;
}

const struct pav_job_kind pav_receive_kind = {
    .size = sizeof(struct pav_receive_job), .lost = not_asked};

static void
pause_for(struct pav_engine *e, struct source *s, int64_t most_ms)
{
    s->pause_ms = s->pause_ms == 0 ? FIRST_PAUSE_MS : 2 * s->pause_ms;
    if (s->pause_ms > most_ms)
        s->pause_ms = most_ms;
    s->next_ms = pav_clock_ms(e->clock) + s->pause_ms;
}

static void
failed(struct pav_engine *e, struct source *s, const char *why)
{
    pav_log(s->fails ? PAV_LOG_DEBUG : PAV_LOG_WARN, NULL,
            "source %s: %s; it is asked again", s->name, why);
    s->fails = true;
    pause_for(e, s, FAILURE_PAUSE_MS);
}

/* Q1, Q2: what a schema refuses is stored, too. */
static uint32_t
stored(const struct pav_received_job *j, const char **receipts)
{
    uint32_t i, count = 0;

    for (i = 0; i < j->events.item_count; i++)
        if (j->events.items[i].error == NULL ||
            j->events.items[i].outcome_count > 0)
            receipts[count++] = j->receipts[i];
    return count;
}

static void
rest(struct pav_engine *e, struct source *s)
{
    const struct pav_doc *idle = pav_doc_get(s->settings, "idleSeconds");
    int64_t idle_s = IDLE_S;

    if (idle != NULL)
        (void)pav_doc_int(idle, &idle_s);
    pause_for(e, s, idle_s * 1000);
}

static void
received(struct pav_engine *e, struct pav_job *job)
{
    struct pav_received_job *j = (struct pav_received_job *)job;
    struct source *s = source_named(e->sources, j->source);
    struct pav_receive_job *next;
    const char **receipts;
    uint32_t count, i;
    bool asks;

    if (s == NULL) /* gone: what it had comes to whoever asks next */
        return;
    asks = s->asks && s->serial == j->serial; /* Q3 */
    s->asks = s->asks && !asks;
    if (j->failure != NULL) {
        if (asks)
            failed(e, s, j->failure);
        return;
    }
    if (s->fails)
        pav_log(PAV_LOG_INFO, NULL, "source %s answers again", s->name);
    s->fails = false;
    intake_events(e, job);
    receipts = pav_arena_alloc(&job->arena,
                               (j->events.item_count + 1) * sizeof(*receipts));
    count = stored(j, receipts);
    if (count == 0 && (!asks || !j->waited)) {
        if (asks)
            rest(e, s);
        return;
    }
    s->pause_ms = 0;
    next = hand_out(e, s, asks);
    next->receipts =
        pav_arena_alloc(&next->job.arena, (count + 1) * sizeof(*receipts));
    for (i = 0; i < count; i++)
        next->receipts[next->receipt_count++] =
            pav_arena_strdup(&next->job.arena, receipts[i]);
}

const struct pav_job_kind pav_received_kind = {
    .size = sizeof(struct pav_received_job),
    .advance = received,
    .events = intake_count,
    .is_answer = true};
