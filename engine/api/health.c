/* Is the daemon well: /livez, /readyz, /api/v1/status. */
#include "pavane/api.h"

#include <stdio.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/cjson.h"
#include "doors.h"
#include "front.h"
#include "parameters.h"
#include "reply.h"
#include "streams.h"

/* A sync that does not come back. */
#define SLOW_SYNC_US 1000000
#define DEAD_SYNC_US 60000000
#define UNREAD_US    10000000 /* a read failed: not ready for so long */

void
livez(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    (void)req;
    if (pav_store_sync_us() > DEAD_SYNC_US) {
        api_error(api, ref, 503, "not alive", NULL,
                  "a sync of the disk has not come back for a minute");
        return;
    }
    api_reply(api, ref, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

void
readyz(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    int64_t unread_us = atomic_load(&api->unread_us);

    (void)req;
    if (api->db_gone)
        api_error(api, ref, 503, "not ready", NULL,
                  "the database's file was deleted or replaced");
    else if (pav_store_sync_us() > SLOW_SYNC_US)
        api_error(api, ref, 503, "not ready", NULL,
                  "a sync of the disk has not come back for a second");
    else if (!pav_engine_ready(api->config.engine))
        api_error(api, ref, 503, "not ready", NULL,
                  "the disk is full, or the daemon ends");
    else if (unread_us != 0 && pav_clock_mono_us() - unread_us < UNREAD_US)
        api_error(api, ref, 503, "not ready", NULL,
                  "the database could not be read within the last 10 s; the "
                  "log names what failed");
    else
        api_reply(api, ref, 200, "text/plain; charset=utf-8", "ready\n", 6);
}

/* ---- status ---- */

/* {"count","mean","p50","p99"}: the latter two are bounds of classes. */
static void
add_spread(cJSON *o, const char *key, const struct pav_histogram *h,
           const double bounds[PAV_CLASSES], double unit)
{
    cJSON *s = cJSON_AddObjectToObject(o, key);
    uint64_t n = pav_histogram_count(h);

    cJSON_AddNumberToObject(s, "count", (double)n);
    cJSON_AddNumberToObject(s, "mean", n == 0 ? 0 : h->sum / (double)n * unit);
    cJSON_AddNumberToObject(s, "p50",
                            pav_histogram_quantile(h, bounds, 0.5) * unit);
    cJSON_AddNumberToObject(s, "p99",
                            pav_histogram_quantile(h, bounds, 0.99) * unit);
}

void
status_get(struct pav_api *api, const struct pav_request *req,
           struct pav_ref ref)
{
    struct pav_status_view view, *s = &view;
    const struct pav_http_counts *h =
        pav_http_counts(pav_api_settings(api)->http);
    const struct pav_loss *loss = &pav_api_settings(api)->loss;
    cJSON *json = cJSON_CreateObject(), *o;
    char *text;
    size_t len;
    char id[24];

    (void)req;
    pav_engine_status(pav_api_settings(api)->engine, s);
    cJSON_AddBoolToObject(json, "ready",
                          pav_engine_ready(pav_api_settings(api)->engine));
    cJSON_AddNumberToObject(
        json, "uptimeSeconds",
        (double)((pav_clock_mono_us() - api->started_us) / 1000000));
    o = cJSON_AddObjectToObject(json, "engine");
    cJSON_AddNumberToObject(o, "turns", (double)s->turns);
    cJSON_AddNumberToObject(o, "events", (double)s->events);
    cJSON_AddNumberToObject(o, "steps", (double)s->steps);
    cJSON_AddNumberToObject(o, "commits", (double)s->commits);
    cJSON_AddNumberToObject(o, "rollbacks", (double)s->rollbacks);
    cJSON_AddNumberToObject(o, "queue", (double)s->queue);
    cJSON_AddNumberToObject(o, "queueMost", (double)s->queue_max);
    cJSON_AddNumberToObject(o, "machines", (double)s->machines);
    cJSON_AddNumberToObject(o, "rules", (double)s->rules);
    json_add_time(o, "nextTimer", s->next_timer_at);
    o = cJSON_AddObjectToObject(json, "microseconds");
    cJSON_AddNumberToObject(o, "collect", (double)s->collect_us);
    cJSON_AddNumberToObject(o, "advance", (double)s->advance_us);
    cJSON_AddNumberToObject(o, "flush", (double)s->flush_us);
    cJSON_AddNumberToObject(o, "commit", (double)s->commit_us);
    cJSON_AddNumberToObject(o, "release", (double)s->release_us);
    cJSON_AddNumberToObject(o, "checkpoint", (double)s->checkpoint_us);
    cJSON_AddNumberToObject(o, "longestTurn", (double)s->turn_max_us);
    o = cJSON_AddObjectToObject(json, "commits");
    add_spread(o, "eventsEach", &s->batch, pav_bounds_items, 1);
    add_spread(o, "microsecondsEach", &s->commit, pav_bounds_seconds, 1e6);
    add_spread(o, "syncMicroseconds", &s->sync, pav_bounds_seconds, 1e6);
    add_spread(o, "checkpointMicroseconds", &s->checkpoint, pav_bounds_seconds,
               1e6);
    o = cJSON_AddObjectToObject(json, "retention");
    cJSON_AddNumberToObject(o, "forgottenExecutions",
                            (double)s->forgotten_executions);
    cJSON_AddNumberToObject(o, "forgottenEvents", (double)s->forgotten_events);
    cJSON_AddNumberToObject(o, "filePages", (double)s->file_pages);
    cJSON_AddNumberToObject(o, "freePages", (double)s->free_pages);
    o = cJSON_AddObjectToObject(json, "hotExecutions");
    cJSON_AddNumberToObject(o, "count", (double)s->hot);
    cJSON_AddNumberToObject(o, "bytes", (double)s->hot_bytes);
    cJSON_AddNumberToObject(o, "hits", (double)s->hot_hits);
    cJSON_AddNumberToObject(o, "misses", (double)s->hot_misses);
    o = cJSON_AddObjectToObject(json, "http");
    cJSON_AddNumberToObject(o, "open", h->open);
    cJSON_AddNumberToObject(o, "accepted", (double)h->accepted);
    cJSON_AddNumberToObject(o, "requests", (double)h->requests);
    cJSON_AddNumberToObject(o, "refused", (double)h->refused);
    cJSON_AddNumberToObject(o, "bad", (double)h->bad);
    cJSON_AddNumberToObject(o, "timedOut", (double)h->timed_out);
    cJSON_AddNumberToObject(o, "streams", streams_count(api->streams));
    cJSON_AddBoolToObject(o, "watched", streams_watching(api->streams));
    cJSON_AddNumberToObject(o, "streamsCut", (double)h->streams_cut);
    cJSON_AddNumberToObject(o, "resyncs",
                            (double)streams_resyncs(api->streams));
    o = cJSON_AddObjectToObject(json, "missing");
    cJSON_AddNumberToObject(o, "events", (double)loss->events);
    cJSON_AddNumberToObject(o, "executions", (double)loss->executions);
    cJSON_AddNumberToObject(o, "steps", (double)loss->steps);
    snprintf(id, sizeof(id), "%lld", (long long)loss->last_event);
    cJSON_AddStringToObject(o, "lastEvent", id);
    cJSON_AddNumberToObject(o, "unreadableCommits", (double)loss->commits);
    cJSON_AddNumberToObject(json, "questions",
                            (double)pav_queue_count(api->questions));
    cJSON_AddNumberToObject(json, "slowQuestions",
                            (double)pav_queue_count(api->slow));
    cJSON_AddNumberToObject(json, "errors", (double)pav_fail_count());
    text = pav_cjson_print(json, &len);
    api_reply(api, ref, 200, "application/json", text, len);
    cJSON_free(text);
}
