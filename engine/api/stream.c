/*
 * GET /api/v1/stream?topic=...: what changes, as server-sent events.
 *
 *   topic=executions      every execution that moves
 *   topic=execution:ID    one of them
 *   topic=events          how many events came, by disposition
 *   topic=machines        a machine was defined
 *
 *   id: EPOCH-N           the number of the last change in this message
 *   event: hello          {"now": ms}; the stream has begun
 *   event: changes        {"executions":[{"id","machine","key","status",
 *                         "states","events","started"}],
 *                         "events":{"started":n,...},"machines":true}
 *   event: resync         what came between is not known any more, or is too
 *                         much to be told: ask again for what you show
 *
 * Changes are numbered as they become durable and kept in a ring.  A client
 * goes on behind Last-Event-ID (or ?after=); the epoch is the daemon's start:
 * after a restart everybody is told to resync.  A page says at which number it
 * was made, and its stream goes on behind that: changes are
 * numbered for ALONE_S after a page, also while no stream is open.  Messages go
 * out at most every FLUSH_MS, so that a busy daemon does not drown its readers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/text.h"
#include "front.h"
#include "message.h"
#include "reply.h"
#include "doors.h"
#include "streams.h"

#define RING        10000 /* changes that can be told again */
#define TOPICS_MAX  64
#define FLUSH_MS    100
#define TELL_MAX    500 /* changes in one message; then a resync */
#define TELL_BYTES  (128 * 1024)
#define STATES_MAX  4096 /* bytes; of a wider execution none are told */
#define HEARTBEAT_S 15
#define ALONE_S     10
#define HEADERS     "X-Accel-Buffering: no\r\n"

enum change_kind { CHANGE_EXECUTION, CHANGE_EVENTS, CHANGE_MACHINES };

struct change {
    enum change_kind kind;
    uint64_t id; /* a hash of "machine:name"; a false one costs a look */
    char *text;  /* its JSON; owned */
    uint32_t dispositions[PAV_DISPOSITIONS];
};

struct subscriber {
    struct pav_ref ref;
    uint64_t sent; /* the number of the last change it knows */
    bool executions, events, machines;
    uint64_t ids[TOPICS_MAX]; /* hashes of the executions that it follows */
    uint32_t id_count;
};

struct streams {
    struct change *ring;
    uint64_t last;  /* number of the newest change; 0: none yet */
    uint64_t first; /* number of the oldest one in the ring */
    int64_t epoch;
    struct subscriber *v;
    uint32_t count;
    int quiet_s;         /* since the last heartbeat */
    bool watching, sure; /* sure: all that changes from now on is told */
    int alone_s;         /* since a page was made, while no stream is open */
    uint64_t resyncs;
};

struct streams *
streams_new(void)
{
    struct streams *s = pav_xcalloc(1, sizeof(*s));

    s->ring = pav_xcalloc(RING, sizeof(*s->ring));
    s->v = pav_xcalloc(STREAMS_MAX, sizeof(*s->v));
    s->first = 1;
    return s;
}

void
streams_free(struct streams *s)
{
    uint32_t i;

    if (s == NULL)
        return;
    for (i = 0; i < RING; i++)
        free(s->ring[i].text);
    free(s->ring);
    free(s->v);
    free(s);
}

uint32_t
streams_count(const struct streams *s)
{
    return s->count;
}

bool
streams_watching(const struct streams *s)
{
    return s->watching;
}

uint64_t
streams_resyncs(const struct streams *s)
{
    return s->resyncs;
}

/* ---- the ring ---- */

static struct change *
ring_add(struct streams *s, enum change_kind kind)
{
    struct change *c = &s->ring[++s->last % RING];

    if (s->last - s->first >= RING)
        s->first = s->last - RING + 1;
    free(c->text);
    memset(c, 0, sizeof(*c));
    c->kind = kind;
    return c;
}

static void
ring_add_execution(struct streams *s, const struct pav_change *x)
{
    struct change *c = ring_add(s, CHANGE_EXECUTION);
    struct pav_buf b;
    size_t len;
    char *id;

    pav_buf_init(&b, 1 << 20);
    pav_buf_printf(&b, "%s:%s", x->machine, x->name);
    id = pav_buf_take(&b, &len);
    c->id = pav_hash64(id, len, 0);
    pav_buf_init(&b, 1 << 20);
    pav_buf_puts(&b, "{\"id\":");
    pav_buf_json(&b, id, len);
    free(id);
    pav_buf_puts(&b, ",\"machine\":");
    pav_buf_jsons(&b, x->machine);
    pav_buf_puts(&b, ",\"key\":");
    if (x->key == NULL)
        pav_buf_puts(&b, "null");
    else
        pav_buf_jsons(&b, x->key);
    pav_buf_printf(&b,
                   ",\"status\":\"%s\",\"states\":%s,\"events\":%lld,"
                   "\"started\":%s}",
                   pav_status_name(x->status),
                   strlen(x->states) > STATES_MAX ? "[]" : x->states,
                   (long long)x->events, x->started ? "true" : "false");
    c->text = pav_buf_take(&b, &len);
}

static void
ring_take(struct streams *s, const struct pav_feed *f)
{
    bool any = false;
    uint32_t i;

    for (i = 0; i < f->count; i++)
        ring_add_execution(s, &f->changes[i]);
    for (i = 0; i < PAV_DISPOSITIONS; i++)
        any = any || f->dispositions[i] > 0;
    if (any)
        memcpy(ring_add(s, CHANGE_EVENTS)->dispositions, f->dispositions,
               sizeof(f->dispositions));
    if (f->machines)
        (void)ring_add(s, CHANGE_MACHINES);
}

/* ---- telling ---- */

static bool
follows(const struct subscriber *s, const struct change *c)
{
    uint32_t i;

    if (c->kind == CHANGE_EVENTS)
        return s->events;
    if (c->kind == CHANGE_MACHINES)
        return s->machines;
    if (s->executions)
        return true;
    for (i = 0; i < s->id_count; i++)
        if (s->ids[i] == c->id)
            return true;
    return false;
}

static void
put_counts(struct pav_buf *b, const uint32_t sums[PAV_DISPOSITIONS])
{
    bool first = true;
    int i;

    for (i = 0; i < PAV_DISPOSITIONS; i++) {
        if (sums[i] == 0)
            continue;
        pav_buf_printf(b, "%s\"%s\":%u", first ? ",\"events\":{" : ",",
                       pav_disposition_name((enum pav_disposition)i), sums[i]);
        first = false;
    }
    if (!first)
        pav_buf_putc(b, '}');
}

/* One message with what it follows behind `sent`; empty when nothing is. */
static void
put_changes(struct streams *s, struct subscriber *sub, struct pav_buf *b)
{
    uint32_t sums[PAV_DISPOSITIONS] = {0}, told = 0, i;
    bool machines = false, any = false, lost = sub->sent + 1 < s->first;
    uint64_t n;

    pav_buf_printf(b, "id: %lld-%llu\nevent: changes\ndata: {\"executions\":[",
                   (long long)s->epoch, (unsigned long long)s->last);
    for (n = sub->sent + 1; n <= s->last && !lost; n++) {
        const struct change *c = &s->ring[n % RING];

        if (!follows(sub, c))
            continue;
        any = true;
        if (c->kind == CHANGE_EXECUTION) {
            if (told++ > 0)
                pav_buf_putc(b, ',');
            pav_buf_puts(b, c->text);
        }
        lost = told > TELL_MAX || b->len > TELL_BYTES;
        machines = machines || c->kind == CHANGE_MACHINES;
        for (i = 0; c->kind == CHANGE_EVENTS && i < PAV_DISPOSITIONS; i++)
            sums[i] += c->dispositions[i];
    }
    pav_buf_putc(b, ']');
    put_counts(b, sums);
    pav_buf_puts(b, machines ? ",\"machines\":true}\n\n" : "}\n\n");
    if (!any)
        b->len = 0;
    if (lost) { /* or too much to be told */
        b->len = 0;
        b->over = false;
        s->resyncs++;
        pav_buf_printf(b, "id: %lld-%llu\nevent: resync\ndata: {}\n\n",
                       (long long)s->epoch, (unsigned long long)s->last);
    }
    sub->sent = s->last;
}

static void
unsubscribe(struct pav_api *api, uint32_t i)
{
    struct streams *s = api->streams;

    s->v[i] = s->v[--s->count];
    s->alone_s = 0;
}

/* Nothing is gathered from now on: who comes back has missed something. */
static void
watch_no_more(struct pav_api *api)
{
    struct streams *s = api->streams;

    s->watching = s->sure = false;
    (void)pav_engine_watch(api->config.engine, false);
    s->first = ++s->last + 1;
}

static void
begin_epoch(struct pav_api *api)
{
    if (api->streams->epoch == 0)
        api->streams->epoch = pav_api_now_ms(api);
}

/* A turn that was in flight when somebody began may tell nothing: it is asked
 * until it is over. */
static void
watch(struct pav_api *api)
{
    struct streams *s = api->streams;

    if (!s->sure)
        s->sure = pav_engine_watch(api->config.engine, true);
    s->watching = true;
}

const char *
streams_place(struct pav_api *api, struct pav_arena *a)
{
    struct streams *s = api->streams;

    begin_epoch(api);
    s->alone_s = 0;
    watch(api);
    if (!s->sure)
        return "";
    return pav_arena_printf(a, "%lld-%llu", (long long)s->epoch,
                            (unsigned long long)s->last);
}

/* The alarm: everybody hears what is new. */
void
pav_api_alarm(void *arg)
{
    struct pav_api *api = arg;
    struct streams *s = api->streams;
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, 8u << 20);
    for (i = s->count; i-- > 0;) {
        b.len = 0;
        put_changes(s, &s->v[i], &b);
        if (b.len > 0 &&
            !pav_http_stream_put(api->config.http, s->v[i].ref, b.p, b.len))
            unsubscribe(api, i);
    }
    pav_buf_fini(&b);
}

static void
forget_the_gone(struct pav_api *api)
{
    struct streams *s = api->streams;
    uint32_t i;

    for (i = s->count; i-- > 0;)
        if (!pav_http_stream_open(api->config.http, s->v[i].ref))
            unsubscribe(api, i);
}

/* About once a second: who has gone, and a sign of life for who is there. */
void
streams_tick(struct pav_api *api)
{
    struct streams *s = api->streams;
    bool beat = ++s->quiet_s >= HEARTBEAT_S;
    uint32_t i;

    if (s->watching && s->count == 0 && ++s->alone_s > ALONE_S)
        watch_no_more(api);
    if (!beat) {
        forget_the_gone(api);
        return;
    }
    s->quiet_s = 0;
    for (i = s->count; i-- > 0;)
        if (!pav_http_stream_put(api->config.http, s->v[i].ref, ": here\n\n",
                                 8))
            unsubscribe(api, i);
}

/* On the engine's thread or its flusher's. */
void
pav_api_feed(void *arg, struct pav_feed *feed)
{
    struct pav_api *api = arg;
    struct message *message = pav_arena_zalloc(&feed->arena, sizeof(*message));

    message->kind = MESSAGE_FEED;
    message->feed = feed;
    pav_http_post(api->config.http, &message->node);
}

void
streams_take(struct pav_api *api, struct pav_feed *feed)
{
    ring_take(api->streams, feed);
    pav_feed_free(feed);
    if (api->streams->count > 0)
        pav_http_alarm(api->config.http, FLUSH_MS);
}

/* ---- subscribing ---- */

static bool
topics_read(const char *query, struct subscriber *sub, char *bad, size_t room)
{
    char topic[PAV_QUERY_VALUE_MAX];
    unsigned n;

    for (n = 0;; n++) {
        if (pav_query_nth(query, "topic", n, topic, sizeof(topic)) == NULL)
            return n > 0;
        if (n == TOPICS_MAX)
            return false;
        if (strcmp(topic, "executions") == 0)
            sub->executions = true;
        else if (strcmp(topic, "events") == 0)
            sub->events = true;
        else if (strcmp(topic, "machines") == 0)
            sub->machines = true;
        else if (strncmp(topic, "execution:", 10) == 0)
            sub->ids[sub->id_count++] =
                pav_hash64(topic + 10, strlen(topic + 10), 0);
        else {
            snprintf(bad, room, "%.100s", topic);
            return false;
        }
    }
}

/* Where to go on: false when what came behind it is not known any more. */
static bool
resume_at(const struct streams *s, const char *id, uint64_t *sent)
{
    long long epoch;
    unsigned long long n;

    *sent = s->last;
    if (*id == '\0')
        return true;
    if (sscanf(id, "%lld-%llu", &epoch, &n) != 2 || epoch != s->epoch ||
        n > s->last || n + 1 < s->first)
        return false;
    *sent = n;
    return true;
}

void
stream_get(struct pav_api *api, const struct pav_request *req,
           struct pav_ref ref)
{
    static const char *const known[] = {"topic", "after", NULL};
    struct streams *s = api->streams;
    struct subscriber sub = {.ref = ref};
    char bad[128] = "topic", after[64];
    const char *id = pav_request_text(req, "Last-Event-ID");
    struct pav_buf b;
    bool told;

    if (!pav_query_known(req->query, known, bad, sizeof(bad)) ||
        !topics_read(req->query, &sub, bad, sizeof(bad))) {
        api_error(api, ref, 400, "invalid", bad,
                  "topic=executions, execution:ID, events or machines, at most "
                  "64 of them, and after=ID of the last message");
        return;
    }
    if (req->method == PAV_HEAD) {
        api_reply(api, ref, 200, "text/event-stream", "", 0);
        return;
    }
    if (s->count == STREAMS_MAX)
        forget_the_gone(api);
    if (s->count == STREAMS_MAX) {
        api_error(api, ref, 503, "busy", NULL,
                  "512 streams are open; ask every 5 seconds instead");
        return;
    }
    begin_epoch(api);
    if (*id == '\0' &&
        pav_query_get(req->query, "after", after, sizeof(after)) != NULL)
        id = after;
    told = resume_at(s, id, &sub.sent);
    pav_buf_init(&b, 1 << 12);
    pav_buf_printf(&b,
                   "retry: 2000\n\nid: %lld-%llu\nevent: %s\ndata: "
                   "{\"now\":%lld}\n\n",
                   (long long)s->epoch, (unsigned long long)sub.sent,
                   told ? "hello" : "resync", (long long)pav_api_now_ms(api));
    s->resyncs += told ? 0 : 1;
    if (pav_http_stream(api->config.http, ref, "text/event-stream", HEADERS) &&
        pav_http_stream_put(api->config.http, ref, b.p, b.len)) {
        s->v[s->count++] = sub;
        watch(api);
        if (sub.sent < s->last)
            pav_http_alarm(api->config.http, 1);
    }
    pav_buf_fini(&b);
}
