/*
 * POST /: AWS JSON 1.0 (X-Amz-Target: AWSStepFunctions.ACTION,
 * AWSEvents.ACTION, Pavane.ACTION), so that AWS's own clients are the remote
 * control.
 *
 * The door of the actions in aws/: a request is checked against its action's
 * fields, goes where its work is done, and what comes of it is printed.  Errors
 * are HTTP 400 with {"__type","message"}; dates are epoch seconds with a
 * fraction.  Clients put "sync-" before the host for StartSyncExecution and
 * TestState: such a Host is ours as well (auth/access.c).
 */
#include <string.h>

#include "aws/aws.h"
#include "query_job.h"
#include "reply.h"
#include "doors.h"
#include "ticket.h"

static void
aws_fail(struct pav_api *api, struct pav_ref ref, int status, const char *type,
         const char *message)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 20);
    aws_error_put(&b, type, message);
    api_reply(api, ref, status, AWS_TYPE, b.p, b.len);
    pav_buf_fini(&b);
}

static void
undone(struct pav_api *api, struct pav_ref ref, const void *about,
       struct pav_job *job)
{
    (void)api;
    (void)ref;
    (void)about;
    (void)job;
}

static void
answer(struct pav_api *api, struct pav_ref ref, const void *about,
       struct pav_job *job)
{
    const struct aws_action *action = about;
    struct aws_place place = {pav_api_settings(api)->region,
                              pav_api_settings(api)->account};
    struct pav_members m;
    struct pav_job *undo;
    const char *text;

    if (job->rc != PAV_OK) {
        aws_fail(api, ref, job->rc == PAV_FULL ? 507 : 400,
                 job->aws_error == NULL ? "InternalFailure" : job->aws_error,
                 job->err.message);
        return;
    }
    if (action->undo != NULL &&
        !pav_http_waits(pav_api_settings(api)->http, ref) &&
        (undo = action->undo(job)) != NULL) {
        api_submit(api, ref, undo, undone, NULL);
        return;
    }
    if (job->kind == &pav_control_kind) {
        const struct pav_buf *b = &((struct pav_control_job *)job)->answer;

        api_reply(api, ref, 200, AWS_TYPE, b->p, b->len);
        return;
    }
    pav_members_init(&m, &job->arena);
    if (action->answer != NULL)
        action->answer(&place, job, &m);
    text = pav_doc_text(&job->arena, pav_members_object(&m));
    api_reply(api, ref, 200, AWS_TYPE, text, strlen(text));
}

/* ---- to the engine ---- */

static bool
fill(struct aws_change *c)
{
    struct pav_control_job *j;

    if (c->action->fill != NULL)
        return c->action->fill(c);
    j = (struct pav_control_job *)c->job;
    j->action = c->action->name;
    j->request = c->request;
    return true;
}

static void
change(struct pav_api *api, const struct pav_request *req, struct pav_ref ref,
       const struct aws_action *action)
{
    struct aws_change c = {.action = action,
                           .job = pav_job_new(action->kind),
                           .region = pav_api_settings(api)->region,
                           .account = pav_api_settings(api)->account,
                           .now_ms = pav_api_now_ms(api)};
    const struct pav_external_account *external = req->caller;

    if (external != NULL) {
        c.external = external->account;
        c.speaks_for = external->speaks_for;
    }
    if (aws_check(action, req->body, req->body_len, &c.job->arena, &c.request,
                  &c.error, &c.message) &&
        fill(&c)) {
        api_submit(api, ref, c.job, answer, action);
        return;
    }
    aws_fail(api, ref, 400, c.error, c.message);
    pav_job_free(c.job);
}

/* ---- to a query thread ---- */

/* What was compiled goes on to the engine. */
static void
define(struct pav_api *api, struct query_job *qu)
{
    struct pav_job *job = qu->job;

    qu->job = NULL;
    api_submit(api, qu->ref, job, answer, aws_find_target(qu->q.target));
}

static void
read_action(struct pav_query *q)
{
    const struct aws_action *action = aws_find_target(q->target);
    struct query_job *qu = query_job_of(q);
    struct aws_read r = {.q = q};
    const char *type, *why;

    q->type = AWS_TYPE;
    if (!aws_check(action, q->body, q->body_len, q->arena, &r.request, &type,
                   &why)) {
        read_fail(&r, type, "%s", why);
        return;
    }
    action->read(&r);
    if (r.define == NULL)
        return;
    qu->job = &r.define->job;
    qu->on = define;
}

void
aws_post(struct pav_api *api, const struct pav_request *req, struct pav_ref ref)
{
    const char *target = pav_request_text(req, "X-Amz-Target");
    const struct aws_action *action = aws_find_target(target);

    if (action == NULL)
        aws_fail(api, ref, 400, "UnknownOperationException",
                 strchr(target, '.') != NULL
                     ? "there is no such action"
                     : "the header X-Amz-Target: AWSStepFunctions.ACTION, "
                       "AWSEvents.ACTION or Pavane.ACTION is expected");
    else if (action->read != NULL)
        api_ask(api, req, ref, read_action);
    else
        change(api, req, ref, action);
}
