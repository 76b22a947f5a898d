/*
 * Jobs to the engine and back: who waits for one has a ticket.  What the engine
 * hands out comes the same way.
 */
#include <stddef.h>

#include "handed_out.h"
#include "query_job.h"
#include "reply.h"
#include "ticket.h"
#include "front.h"

/* Jobs that wake the engine together: more of them would leave it without work
 * while the front reads. */
#define GATHER_MAX 8

struct ticket {
    struct message message;
    struct pav_ref ref;
    struct pav_api *api;
    ticket_fn answer;
    const void *about; /* the answer's */
};

void
api_submit(struct pav_api *api, struct pav_ref ref, struct pav_job *job,
           ticket_fn answer, const void *about)
{
    struct ticket *t = pav_arena_zalloc(&job->arena, sizeof(*t));

    t->message.kind = MESSAGE_ENGINE;
    t->message.job = job;
    t->ref = ref;
    t->api = api;
    t->answer = answer;
    t->about = about;
    job->owner = t;
    job->sender = &api->sender;
    job->node.next = NULL;
    if (api->gathered == NULL)
        api->gathered_last = &api->gathered;
    *api->gathered_last = job;
    api->gathered_last = (struct pav_job **)(void *)&job->node.next;
    if (++api->gathered_count < GATHER_MAX)
        pav_http_soon(api->config.http);
    else
        pav_api_passed(api);
}

/* What came in one pass of the loop wakes the engine once. */
void
pav_api_passed(void *arg)
{
    struct pav_api *api = arg;
    struct pav_job *j = api->gathered, *next;

    api->gathered = NULL;
    api->gathered_count = 0;
    if (j != NULL)
        j = pav_engine_submit_all(api->config.engine, j);
    for (; j != NULL; j = next) {
        struct pav_ref ref = ((struct ticket *)j->owner)->ref;

        next = pav_job_next(j);
        pav_job_free(j);
        api->shed++;
        api_error(api, ref, 503, "busy", NULL,
                  "the queue is full or the daemon is shutting down; nothing "
                  "was stored: retry later");
    }
}

/* On the engine's thread or its flusher's: what is answered, and what is handed
 * out, goes to the front. */
static void
came_back(struct pav_sender *sender, struct pav_job *first)
{
    struct pav_api *api =
        (struct pav_api *)(void *)((char *)sender -
                                   offsetof(struct pav_api, sender));
    struct pav_node *chain = NULL, **last = &chain;
    struct pav_job *j;

    for (j = first; j != NULL; j = pav_job_next(j)) {
        struct ticket *t = j->owner;

        if (j->kind->advance == NULL) {
            t = pav_arena_zalloc(&j->arena, sizeof(*t));
            t->message.kind = MESSAGE_WORK;
            t->message.job = j;
        }
        t->message.node.next = NULL;
        *last = &t->message.node;
        last = &t->message.node.next;
    }
    pav_http_post(api->config.http, chain);
}

struct pav_sender *
pav_api_sender(struct pav_api *api)
{
    return &api->sender;
}

void
tickets_init(struct pav_api *api)
{
    api->sender.done = came_back;
}

/* The engine's queue may be full: then a second later. */
void
reply_submit(struct pav_api *api, struct pav_job *reply)
{
    if (pav_engine_submit(api->config.engine, reply))
        return;
    reply->node.next = (struct pav_node *)api->unsent;
    api->unsent = reply;
}

void
replies_tick(struct pav_api *api)
{
    struct pav_job *j = api->unsent, *next;

    api->unsent = NULL;
    for (; j != NULL; j = next) {
        next = pav_job_next(j);
        reply_submit(api, j);
    }
}

/* What a question made is an answer of the engine's own. */
void
query_job_replies(struct pav_api *api, struct query_job *qu)
{
    reply_submit(api, qu->job);
    qu->job = NULL;
}

void
ticket_answer(struct pav_job *job)
{
    const struct ticket *t = job->owner;

    PAV_ASSERT(job->owner != NULL);
    t->answer(t->api, t->ref, t->about, job);
}
