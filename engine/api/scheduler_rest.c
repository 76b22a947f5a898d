/*
 * EventBridge Scheduler's REST API (/schedules, /schedule-groups, /tags), which
 * becomes actions of the same form as the others.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "aws/aws.h"
#include "reply.h"
#include "doors.h"
#include "ticket.h"

#define TAGS_PATH "/tags/"

static void
rest_error(struct pav_api *api, struct pav_ref ref, int status,
           const char *type, const char *message)
{
    struct pav_buf b;
    char header[128];
    struct pav_reply r = {
        .status = status, .type = "application/json", .headers = header};

    snprintf(header, sizeof(header), "X-Amzn-ErrorType: %.90s\r\n", type);
    pav_buf_init(&b, 1 << 16);
    pav_buf_puts(&b, "{\"Message\":");
    pav_buf_jsons(&b, message);
    pav_buf_putc(&b, '}');
    r.body = b.p;
    r.len = b.len;
    pav_http_reply(pav_api_settings(api)->http, ref, &r);
    pav_buf_fini(&b);
}

static void
rest_answer(struct pav_api *api, struct pav_ref ref, const void *about,
            struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;
    int status = job->rc == PAV_OK         ? 200
                 : job->rc == PAV_MISSING  ? 404
                 : job->rc == PAV_CONFLICT ? 409
                 : job->rc == PAV_FULL     ? 507
                                           : 400;

    (void)about;
    if (job->rc == PAV_OK)
        api_reply(api, ref, 200, "application/json", j->answer.p,
                  j->answer.len);
    else
        rest_error(api, ref, status,
                   job->aws_error == NULL ? "InternalServerException"
                                          : job->aws_error,
                   job->err.message);
}

/* A query's parameters under the names that actions have. */
static void
put_query(struct pav_members *m, struct pav_arena *a, const char *query)
{
    static const char *const names[][2] = {{"groupName", "GroupName"},
                                           {"clientToken", "ClientToken"},
                                           {"ScheduleGroup", "GroupName"},
                                           {"NamePrefix", "NamePrefix"},
                                           {"State", "State"},
                                           {"MaxResults", "MaxResults"},
                                           {"NextToken", "NextToken"}};
    int64_t n;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *room = pav_arena_alloc(a, PAV_QUERY_VALUE_MAX);
        const char *v =
            pav_query_get(query, names[i][0], room, PAV_QUERY_VALUE_MAX);

        if (v != NULL && strcmp(names[i][1], "MaxResults") == 0 &&
            pav_parse_int(v, strlen(v), &n))
            pav_members_int(m, names[i][1], n);
        else if (v != NULL)
            pav_members_str(m, names[i][1], v);
    }
}

/* Each TagKeys of a query, as a list. */
static void
put_tag_keys(struct pav_members *m, struct pav_arena *a, const char *query)
{
    struct pav_items keys;
    const char *p = query;

    pav_items_init(&keys, a);
    for (; *p != '\0'; p += strcspn(p, "&"), p += *p == '&') {
        char *room = pav_arena_alloc(a, PAV_QUERY_VALUE_MAX);
        const char *v;

        if (strncmp(p, "TagKeys=", 8) == 0 &&
            (v = pav_query_get(p, "TagKeys", room, PAV_QUERY_VALUE_MAX)) !=
                NULL)
            pav_items_add(&keys, pav_doc_new_cstr(a, v));
    }
    pav_members_puts(m, "TagKeys", pav_items_array(&keys));
}

static const char *
rest_action(const struct pav_request *req, const char **name)
{
    bool groups = strncmp(req->path, "/schedule-groups", 16) == 0;
    const char *rest = req->path + (groups ? 16 : 10);

    if (strncmp(req->path, TAGS_PATH, strlen(TAGS_PATH)) == 0) {
        *name = req->path + strlen(TAGS_PATH);
        return req->method == PAV_GET      ? "scheduler:ListTagsForResource"
               : req->method == PAV_POST   ? "scheduler:TagResource"
               : req->method == PAV_DELETE ? "scheduler:UntagResource"
                                           : NULL;
    }
    *name = *rest == '/' ? rest + 1 : NULL;
    if (*name == NULL || **name == '\0')
        return req->method != PAV_GET ? NULL
               : groups               ? "scheduler:ListScheduleGroups"
                                      : "scheduler:ListSchedules";
    switch (req->method) {
    case PAV_GET:
        return groups ? "scheduler:GetScheduleGroup" : "scheduler:GetSchedule";
    case PAV_POST:
        return groups ? "scheduler:CreateScheduleGroup"
                      : "scheduler:CreateSchedule";
    case PAV_PUT:
        return groups ? NULL : "scheduler:UpdateSchedule";
    case PAV_DELETE:
        return groups ? "scheduler:DeleteScheduleGroup"
                      : "scheduler:DeleteSchedule";
    case PAV_HEAD:
    case PAV_OPTIONS:
        break;
    }
    return NULL;
}

void
scheduler_rest(struct pav_api *api, const struct pav_request *req,
               struct pav_ref ref)
{
    const char *name, *action = rest_action(req, &name), *type, *why;
    struct pav_control_job *job = pav_job_new(&pav_control_kind);
    struct pav_arena *a = &job->job.arena;
    const struct aws_action *found;
    const struct pav_doc *body = &pav_doc_empty_object;
    struct pav_members m;
    const char *text;

    found = action == NULL ? NULL : aws_find(action);
    if (found == NULL) {
        rest_error(api, ref, 404, "ResourceNotFoundException",
                   "there is no such action");
        pav_job_free(&job->job);
        return;
    }
    pav_members_init(&m, a);
    put_query(&m, a, req->query);
    pav_members_str(&m,
                    strncmp(req->path, TAGS_PATH, strlen(TAGS_PATH)) == 0
                        ? "ResourceArn"
                        : "Name",
                    name != NULL && *name != '\0' ? name : NULL);
    if (strcmp(found->name, "scheduler:UntagResource") == 0)
        put_tag_keys(&m, a, req->query);
    if (req->body_len > 0 && (pav_doc_parse_copy(a, req->body, req->body_len,
                                                 NULL, &body, NULL) != PAV_OK ||
                              body->kind != PAV_OBJECT)) {
        rest_error(api, ref, 400, "ValidationException",
                   "the body must be a JSON object");
        pav_job_free(&job->job);
        return;
    }
    text = pav_doc_text(a, pav_doc_merge(a, body, pav_members_object(&m)));
    if (!aws_check(found, text, strlen(text), a, &job->request, &type, &why)) {
        rest_error(api, ref, 400, "ValidationException", why);
        pav_job_free(&job->job);
        return;
    }
    job->action = found->name;
    api_submit(api, ref, &job->job, rest_answer, found);
}
