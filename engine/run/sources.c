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
 * Q4  A source whose settings change is another one; what it was asked for is
 *     deleted where it was asked.
 * Q5  While receipts cannot be deleted no more is asked for: they are tried
 *     again first.
 * Q6  An empty queue that does not keep the question until it has something
 *     (long polling) is asked at growing distances, up to idleSeconds; one that
 *     fails up to a minute.
 */
#include <stdlib.h>
#include <string.h>

#include "pavane/log.h"
#include "bus/bus.h"
#include "due.h"
#include "intake.h"

#define FIRST_PAUSE_MS   1000
#define RECEIPTS_MAX     10
#define FAILURE_PAUSE_MS 60000
#define IDLE_S           20

struct source {
    const char *name;
    const struct pav_doc *settings;
    bool asks; /* a question is in flight, of this number */
    uint64_t serial;
    int64_t next_ms;
    int64_t idle_ms, failing_ms; /* the last pause; 0: there is none */
    bool fails;
    char *left[RECEIPTS_MAX]; /* Q5 */
    uint32_t left_count;
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

static void
forget_receipts(struct source *s)
{
    while (s->left_count > 0)
        free(s->left[--s->left_count]);
}

void
sources_fini(struct pav_engine *e)
{
    uint32_t i;

    if (e->sources == NULL)
        return;
    for (i = 0; i < e->sources->count; i++)
        forget_receipts(&e->sources->v[i]);
    free(e->sources->v);
    pav_arena_fini(&e->sources->arena);
    free(e->sources);
    e->sources = NULL;
}

/* One that stays as it was goes on where it is. */
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
        struct source *before = source_named(e->sources, name);

        if (before != NULL &&
            pav_doc_equal(before->settings, &all->members[i].value)) {
            s->v[i] = *before;
            before->left_count = 0;
        }
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
hand_out(struct pav_engine *e, struct source *s, const struct pav_doc *settings,
         bool asks)
{
    struct pav_receive_job *j = job_hand_out(e, &pav_receive_kind);
    struct pav_arena *a = &j->job.arena;
    const char *text = pav_doc_text(a, settings);

    j->source = pav_arena_strdup(a, s->name);
    j->settings = pav_doc_own(a, text, strlen(text));
    j->receipts = pav_arena_alloc(a, RECEIPTS_MAX * sizeof(*j->receipts));
    j->asks = asks;
    j->serial = ++e->sources->serial;
    if (asks) {
        s->asks = true;
        s->serial = j->serial;
    }
    return j;
}

static void
add_receipt(struct pav_receive_job *j, const char *receipt)
{
    if (j->receipt_count < RECEIPTS_MAX)
        j->receipts[j->receipt_count++] =
            pav_arena_strdup(&j->job.arena, receipt);
}

static void
pause_for(struct pav_engine *e, struct source *s, int64_t *pause_ms,
          int64_t most_ms)
{
    *pause_ms = *pause_ms == 0 ? FIRST_PAUSE_MS : 2 * *pause_ms;
    if (*pause_ms > most_ms)
        *pause_ms = most_ms;
    s->next_ms = pav_clock_ms(e->clock) + *pause_ms;
}

static void
failed(struct pav_engine *e, struct source *s, const char *why)
{
    pav_log(s->fails ? PAV_LOG_DEBUG : PAV_LOG_WARN, NULL,
            "source %s: %s; it is asked again", s->name, why);
    s->fails = true;
    pause_for(e, s, &s->failing_ms, FAILURE_PAUSE_MS);
}

/* Its messages would be events that concern nobody. */
static bool
has_bus(struct pav_engine *e, struct source *s)
{
    const char *name = pav_doc_member_str(&e->arena, s->settings, "bus");

    if (name == NULL || bus_of(e, name) != NULL)
        return true;
    failed(e, s,
           pav_arena_printf(&e->arena,
                            "there is no bus '%s': CreateEventBus "
                            "makes one",
                            name));
    return false;
}

static void
ask(struct pav_engine *e, struct source *s)
{
    struct pav_receive_job *j;
    uint32_t i;

    if (!has_bus(e, s))
        return;
    j = hand_out(e, s, s->settings, true);
    for (i = 0; i < s->left_count; i++)
        add_receipt(j, s->left[i]);
    forget_receipts(s);
}

void
sources_run(struct pav_engine *e)
{
    int64_t now = pav_clock_ms(e->clock);
    uint32_t i;

    for (i = 0; e->sources != NULL && i < e->sources->count; i++)
        if (!e->sources->v[i].asks && e->sources->v[i].next_ms <= now)
            ask(e, &e->sources->v[i]);
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

/* A turn that was thrown away left its marks; which were no events before is
 * known by their text. */
static void
begin_afresh(struct pav_received_job *j)
{
    uint32_t i;

    for (i = 0; i < j->events.item_count; i++) {
        struct pav_event_item *item = &j->events.items[i];

        item->outcome_count = 0;
        if (item->event.text.p != NULL)
            item->error = item->code = item->message = NULL;
    }
}

static void
rest(struct pav_engine *e, struct source *s)
{
    const struct pav_doc *idle = pav_doc_get(s->settings, "idleSeconds");
    int64_t idle_s = IDLE_S;

    if (idle != NULL)
        (void)pav_doc_int(idle, &idle_s);
    pause_for(e, s, &s->idle_ms, idle_s * 1000);
}

static void
keep_receipts(struct source *s, const struct pav_received_job *j)
{
    uint32_t i;

    for (i = 0; i < j->undeleted_count && s->left_count < RECEIPTS_MAX; i++)
        s->left[s->left_count++] = pav_xstrdup(j->undeleted[i]);
}

static void
received(struct pav_engine *e, struct pav_job *job)
{
    struct pav_received_job *j = (struct pav_received_job *)job;
    struct source *s = source_named(e->sources, j->source);
    struct pav_receive_job *next;
    uint32_t i, count = 0;
    bool asks;

    if (s == NULL) /* gone: what it had comes to whoever asks next */
        return;
    asks = s->asks && s->serial == j->serial; /* Q3, Q4 */
    s->asks = s->asks && !asks;
    if (j->failure != NULL) {
        if (asks) {
            keep_receipts(s, j);
            failed(e, s, j->failure);
        }
        return;
    }
    if (s->fails && asks) {
        pav_log(PAV_LOG_INFO, NULL, "source %s answers again", s->name);
        s->fails = false;
        s->failing_ms = 0;
    }
    begin_afresh(j);
    intake_events(e, job);
    for (i = 0; i < j->events.item_count; i++) /* Q1, Q2 */
        count += j->events.items[i].event.text.p != NULL;
    if (count == 0 && !(asks && j->waited)) {
        if (asks)
            rest(e, s);
        return;
    }
    s->idle_ms = 0;
    next = hand_out(e, s, j->settings, asks);
    for (i = 0; i < j->events.item_count; i++)
        if (j->events.items[i].event.text.p != NULL)
            add_receipt(next, j->receipts[i]);
}

const struct pav_job_kind pav_received_kind = {
    .size = sizeof(struct pav_received_job),
    .advance = received,
    .events = intake_count,
    .is_answer = true};
