/*
 * The front's side of everything: tickets for the engine, questions for the
 * query threads.  Which request goes where is in routes.c.
 *
 * A GET becomes a question; a change becomes a job of the engine with a ticket
 * that knows who waits.  Both come back as notes through the server's queue,
 * and only there a reply is given.
 */
#include "pavane/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pavane/clock.h"
#include "pavane/log.h"
#include "alerts.h"
#include "backup.h"
#include "handed_out.h"
#include "query_job.h"
#include "streams.h"
#include "ticket.h"
#include "access_log.h"
#include "emf.h"
#include "fold.h"
#include "front.h"

#define QUESTIONS_MAX 4096

/* ---- the folder ---- */

static void
scan_folder(struct pav_query *q)
{
    struct pav_err err;

    if (pav_folder_scan(query_job_of(q)->api->folder, &err) != PAV_OK)
        pav_log(PAV_LOG_WARN, NULL, "%s: %s", err.at, err.message);
}

static bool
database_is_there(const struct pav_api *api)
{
    struct stat st;

    return stat(api->config.db, &st) == 0 && st.st_ino == api->db_inode &&
           st.st_dev == api->db_device && st.st_nlink > 0;
}

bool
pav_api_failed(const struct pav_api *api)
{
    return api->db_gone;
}

void
pav_api_tick(void *arg)
{
    struct pav_api *api = arg;
    struct query_job *scan;

    if (!api->db_gone && !database_is_there(api)) {
        api->db_gone = true;
        pav_log(PAV_LOG_ERROR, NULL,
                "%s was deleted or replaced while it was open: what came since "
                "is lost with the file; the daemon ends. Put the file back, or "
                "start on another",
                api->config.db);
        pav_http_end(api->config.http);
    }
    streams_tick(api);
    replies_tick(api);
    objects_tick(api);
    fold_tick(api);
    alerts_tick(api);
    if (api->folder == NULL || api->scanning)
        return;
    scan = query_job_alone(api, scan_folder);
    scan->busy = &api->scanning;
    api->scanning = query_job_push(api, scan);
}

/* ---- messages ---- */

static void
answered(struct pav_api *api, struct query_job *qu)
{
    struct pav_reply r = {.status = qu->q.status,
                          .type = qu->q.type,
                          .headers = qu->q.headers,
                          .forever = qu->q.forever,
                          .body = qu->q.out.p == NULL ? "" : qu->q.out.p,
                          .len = qu->q.out.len};

    if (qu->busy != NULL)
        *qu->busy = false;
    if (qu->on != NULL)
        qu->on(api, qu);
    else
        pav_http_reply(api->config.http, qu->ref, &r);
    query_job_free(qu);
}

/* What the engine hands out; the job changes hands. */
static void
take_work(struct pav_api *api, struct pav_job *job)
{
    static const struct {
        const struct pav_job_kind *kind;
        void (*take)(struct pav_api *api, struct pav_job *job);
    } kinds[] = {{&pav_call_kind, calls_take},
                 {&pav_deliver_kind, deliveries_take},
                 {&pav_receive_kind, sources_take},
                 {&pav_read_kind, objects_take},
                 {&pav_write_kind, objects_take}};
    size_t i;

    if (api->outbound == NULL) { /* the daemon ends: its row is there */
        pav_job_free(job);
        return;
    }
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (job->kind == kinds[i].kind) {
            kinds[i].take(api, job);
            return;
        }
    PAV_BUG("a job that nobody takes");
}

void
pav_api_message(void *arg, struct pav_node *node)
{
    struct pav_api *api = arg;
    struct message *message = (struct message *)node;

    if (message->kind == MESSAGE_WORK) {
        take_work(api, message->job);
    } else if (message->kind == MESSAGE_FEED) {
        streams_take(api, message->feed);
    } else if (message->kind == MESSAGE_ANSWER) {
        answered(api, message->answer);
    } else {
        ticket_answer(message->job);
        pav_job_free(message->job);
    }
}

/* ---- life ---- */

enum pav_rc
pav_api_new(const struct pav_api_config *config, struct pav_api **out,
            struct pav_err *err)
{
    struct pav_api *api = pav_xcalloc(1, sizeof(*api));
    struct stat st;
    int i;

    api->config = *config;
    tickets_init(api);
    api->started_us = pav_clock_mono_us();
    if (stat(config->db, &st) == 0) {
        api->db_device = st.st_dev;
        api->db_inode = st.st_ino;
    }
    api->streams = streams_new();
    outgoing_init(api);
    api->emf = pav_tally_new(EMF_MAX);
    backup_init(api);
    api->questions = pav_queue_new(QUESTIONS_MAX, false);
    api->slow = pav_queue_new(SLOW_MAX, false);
    api->objects = pav_queue_new(QUESTIONS_MAX, false);
    api->folds = pav_queue_new(SLOW_MAX, false);
    api->fold.upto = -1;
    api->reader_count = config->query_threads + 3;
    api->readers =
        pav_xcalloc((size_t)api->reader_count, sizeof(*api->readers));
    api->threads =
        pav_xcalloc((size_t)api->reader_count, sizeof(*api->threads));
    for (i = 0; i < api->reader_count; i++) {
        enum pav_rc rc = pav_reader_open(config->db, &api->readers[i], err);

        if (rc != PAV_OK) {
            pav_api_free(api);
            return rc;
        }
    }
    if (config->access_log != NULL) {
        enum pav_rc rc = access_log_open(
            config->access_log, config->access_fields, &api->access_log, err);

        if (rc != PAV_OK) {
            pav_api_free(api);
            return rc;
        }
    }
    *out = api;
    return PAV_OK;
}

/* With a slash at its end, whatever it was given. */
static char *
pages_at(const struct pav_api_config *config, const struct pav_http *h)
{
    const char *url = config->pages_at, *address = config->access.address;
    bool six = strchr(address, ':') != NULL;
    char *text = pav_xmalloc(strlen(url == NULL ? address : url) + 32);

    if (url != NULL)
        sprintf(text, "%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/");
    else
        sprintf(text, "http://%s%s%s:%d/", six ? "[" : "", address,
                six ? "]" : "", pav_http_port(h));
    return text;
}

/* The i-th reader's. */
static void
start_lane(struct pav_api *api, int i)
{
    const struct lane quick = {
        .questions = api->questions, .quick = true, .name = "query"};
    const struct lane others[] = {
        {.questions = api->slow, .name = "slow"},
        {.questions = api->objects, .name = "objects"},
        {.questions = api->folds, .name = "fold"}};
    struct lane *l = pav_xmalloc(sizeof(*l));

    *l = i < api->config.query_threads ? quick
                                       : others[i - api->config.query_threads];
    l->api = api;
    l->reader = api->readers[i];
    if (pthread_create(&api->threads[i], NULL, lane_run, l) != 0)
        PAV_BUG("a query thread cannot be started");
    api->thread_count++;
}

enum pav_rc
pav_api_bind(struct pav_api *api, struct pav_engine *e, struct pav_http *h,
             struct pav_err *err)
{
    int i;

    api->config.engine = e;
    api->config.http = h;
    for (i = 0; i < api->reader_count; i++)
        pav_reader_recent(api->readers[i], pav_engine_settings(e)->store);
    api->pages_at = pages_at(&api->config, h);
    api->outbound = pav_outbound_new(h);
    pav_outbound_stand_ins(api->outbound, api->config.stand_ins);
    if (api->config.machines != NULL) {
        enum pav_rc rc;

        api->folder = pav_folder_new(api->config.machines, e);
        rc = pav_folder_scan(api->folder, err);
        if (rc != PAV_OK)
            return rc;
    }
    for (i = 0; i < api->reader_count; i++)
        start_lane(api, i);
    return PAV_OK;
}

void
pav_api_tokens(struct pav_api *api, const char *token,
               const struct pav_external_account *externals)
{
    api->config.access.token = token;
    api->config.access.externals = externals;
}

bool
pav_api_services(struct pav_api *api, struct pav_service_map *map)
{
    struct pav_services_job *j = pav_job_new(&pav_services_kind);

    j->services = map->served;
    j->service_count = map->served_count;
    j->tables = map->tables;
    j->concurrency = map->concurrency;
    j->sources = map->sources;
    if (!pav_engine_submit(api->config.engine, &j->job)) {
        pav_job_free(&j->job);
        return false;
    }
    map->before = api->config.services;
    api->config.services = map;
    return true;
}

void
pav_api_reopen(struct pav_api *api)
{
    access_log_again(api->access_log);
}

void
pav_api_answered(void *arg, const struct pav_request *req, int status,
                 size_t bytes, int64_t us)
{
    access_log_add(((struct pav_api *)arg)->access_log, req, status, bytes, us);
}

void
pav_api_read_folder(struct pav_api *api)
{
    if (api->folder != NULL)
        pav_folder_again(api->folder);
}

uint64_t
pav_api_services_stamp(const struct pav_api *api)
{
    uint64_t stamp = pav_folder_services_stamp(api->folder);

    return stamp == 0 ? 1 : stamp; /* no folder has no files */
}

/* What they were about is asked again at the next start. */
static void
jobs_drop(struct pav_job **list)
{
    struct pav_job *j;

    while ((j = *list) != NULL) {
        *list = pav_job_next(j);
        pav_job_free(j);
    }
}

void
pav_api_stop(struct pav_api *api)
{
    int i;

    pav_outbound_free(api->outbound);
    api->outbound = NULL;
    pav_queue_close(api->questions);
    pav_queue_close(api->slow);
    pav_queue_close(api->objects);
    pav_queue_close(api->folds);
    for (i = 0; i < api->thread_count; i++)
        pthread_join(api->threads[i], NULL);
    api->thread_count = 0;
    for (i = 0; i < api->reader_count; i++) {
        pav_reader_close(api->readers[i]);
        api->readers[i] = NULL;
    }
}

void
pav_api_free(struct pav_api *api)
{
    int i;

    if (api == NULL)
        return;
    for (i = 0; i < api->reader_count; i++)
        pav_reader_close(api->readers[i]);
    pav_folder_free(api->folder);
    streams_free(api->streams);
    outgoing_free(api);
    backup_free(api);
    access_log_close(api->access_log);
    pav_tally_free(api->emf);
    jobs_drop(&api->gathered); /* the loop ended before */
    jobs_drop(&api->unsent);   /* the engine did */
    jobs_drop(&api->unasked);
    pav_queue_free(api->questions);
    pav_queue_free(api->slow);
    pav_queue_free(api->objects);
    pav_queue_free(api->folds);
    free(api->readers);
    free(api->threads);
    free(api->pages_at);
    free(api);
}
