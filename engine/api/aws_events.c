/*
 * The EventBridge API (AWS JSON 1.1, X-Amz-Target: AWSEvents.ACTION), our own
 * actions (Pavane.ACTION), and EventBridge Scheduler's REST API (/schedules,
 * /schedule-groups), which becomes actions of the same form.
 */
#include <stdio.h>
#include <string.h>

#include "pavane/envelope.h"
#include "pavane/pattern.h"
#include "pavane/text.h"
#include "aws_int.h"

/* ---- PutEvents ---- */

static void
refuse_entry(struct pav_arena *a, struct pav_event_item *item, const char *code,
             const char *message)
{
    item->code = code;
    item->message = pav_arena_strdup(a, message);
    item->error = item->message;
}

static size_t
text_bytes(const struct pav_doc *entry, const char *key)
{
    const struct pav_doc *v = pav_doc_get(entry, key);

    return v == NULL || v->kind != PAV_STRING ? 0 : v->len;
}

static size_t
entry_bytes(const struct pav_doc *entry)
{
    const struct pav_doc *resources = pav_doc_get(entry, "Resources");
    size_t n = pav_doc_get(entry, "Time") != NULL ? 14 : 0;
    uint32_t i;

    n += text_bytes(entry, "Source") + text_bytes(entry, "DetailType") +
         text_bytes(entry, "Detail");
    for (i = 0; resources != NULL && resources->kind == PAV_ARRAY &&
                i < resources->len;
         i++)
        n += resources->items[i].len;
    return n;
}

static void
read_entry(struct aws_change *c, const struct pav_doc *entry,
           struct pav_event_item *item)
{
    struct pav_arena *a = &c->job->arena;
    struct pav_envelope_defaults defaults = {
        .region = c->api->config.region,
        .account =
            c->guest != NULL ? c->guest->account : c->api->config.account,
        .stamps = c->guest != NULL,
        .now_ms = api_now_ms(c->api)};
    const char *code,
        *fault = pav_entry_fault(a, entry, &defaults, &item->event, &code);

    if (fault != NULL) {
        refuse_entry(a, item, code, fault);
        return;
    }
    if (item->event.bus.p != NULL)
        item->bus =
            pav_arena_strndup(a, item->event.bus.p, item->event.bus.len);
    item->body.p = pav_doc_text(a, entry);
    item->body.len = strlen(item->body.p);
    item->event.known_id = false; /* the service's clients have none to give */
}

static bool
put_events_fill(struct aws_change *c)
{
    struct pav_events_job *j = (struct pav_events_job *)c->job;
    const struct pav_doc *entries = pav_doc_get(c->request, "Entries");
    size_t bytes = 0;
    uint32_t i;

    for (i = 0; i < entries->len; i++)
        bytes += entry_bytes(&entries->items[i]);
    if (bytes > PAV_EVENTS_MAX)
        return change_fail(c, "ValidationException",
                           "Total size of the entries in the request is over "
                           "the limit.");
    if (c->guest != NULL) {
        j->account = c->guest->account;
        j->speaks_for = c->guest->speaks_for;
    }
    j->item_count = entries->len;
    j->items =
        pav_arena_zalloc(&j->job.arena, entries->len * sizeof(*j->items));
    for (i = 0; i < entries->len; i++)
        read_entry(c, &entries->items[i], &j->items[i]);
    return true;
}

static void
put_events_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_events_job *j = (struct pav_events_job *)job;
    struct pav_arena *a = &job->arena;
    struct pav_members m;
    struct pav_items list;
    int64_t failed = 0;
    uint32_t i;

    if (!aws_fine(api, ref, job))
        return;
    pav_items_init(&list, a);
    for (i = 0; i < j->item_count; i++) {
        const struct pav_event_item *item = &j->items[i];
        struct pav_members entry;

        pav_members_init(&entry, a);
        if (item->code == NULL) {
            pav_members_puts(
                &entry, "EventId",
                pav_doc_new_str(a, item->event.id.p, item->event.id.len));
        } else {
            pav_members_str(&entry, "ErrorCode", item->code);
            pav_members_str(&entry, "ErrorMessage", item->message);
            failed++;
        }
        pav_items_add(&list, pav_members_object(&entry));
    }
    pav_members_init(&m, a);
    pav_members_int(&m, "FailedEntryCount", failed);
    pav_members_puts(&m, "Entries", pav_items_array(&list));
    aws_answer(api, ref, job, &m);
}

/* ---- TestEventPattern ---- */

static bool
is_whole_event(const struct pav_doc *event)
{
    static const char *const needed[] = {"id",   "account", "source",
                                         "time", "region",  "detail-type"};
    size_t i;

    if (event->kind != PAV_OBJECT)
        return false;
    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (pav_doc_get(event, needed[i]) == NULL)
            return false;
    return true;
}

static void
test_pattern(struct aws_read *r)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    struct pav_arena *a = r->q->arena;
    const char *text = request_text(a, r->request, "EventPattern");
    const char *event_text = request_text(a, r->request, "Event");
    const struct pav_doc *doc = NULL, *event;
    struct pav_pattern *pattern;
    struct pav_event e;
    struct pav_members m;
    struct pav_err err;

    if ((*text != '\0' &&
         pav_doc_parse(a, text, strlen(text), &keep, &doc, &err) != PAV_OK) ||
        pav_pattern_compile(a, doc, &pattern, &err) != PAV_OK) {
        read_fail(r, "InvalidEventPatternException",
                  "Event pattern is not valid. Reason: %s", err.message);
        return;
    }
    if (pav_doc_parse(a, event_text, strlen(event_text), &keep, &event, NULL) !=
            PAV_OK ||
        !is_whole_event(event)) {
        read_fail(r, "ValidationException", "Parameter Event is not valid.");
        return;
    }
    pav_event_init(&e, event, a);
    pav_members_init(&m, a);
    pav_members_puts(&m, "Result",
                     pav_doc_new_bool(pav_pattern_matches(pattern, &e)));
    read_answer(r, &m);
}

/* ---- the table ---- */

#define FIELDS(name, ...)                                                      \
    static const struct aws_field name##_fields[] = {                          \
        __VA_ARGS__, {NULL, FIELD_TEXT, false, 0, 0, NULL}}
#define TEXT(name, required, most)                                             \
    {                                                                          \
        name, FIELD_TEXT, required, 1, most, NULL                              \
    }
#define ANY(name, type)                                                        \
    {                                                                          \
        name, type, false, 0, 0, NULL                                          \
    }
#define NAME(name, most) TEXT(name, true, most)
#define PLAIN(name, most)                                                      \
    {                                                                          \
        name, FIELD_NAME, true, 1, most, NULL                                  \
    }
#define PAGE                                                                   \
    {"Limit", FIELD_WHOLE, false, 1, 100, NULL}, TEXT("NextToken", false, 2048)
#define TAGS(required, least)                                                  \
    {"Tags", FIELD_LIST, required, 0, 0, NULL},                                \
        {"Tags[].Key", FIELD_TEXT, true, 1, 128, NULL},                        \
    {                                                                          \
        "Tags[].Value", FIELD_TEXT, true, least, 256, NULL                     \
    }
#define TAG_KEYS                                                               \
    {"TagKeys", FIELD_LIST, true, 0, 0, NULL},                                 \
    {                                                                          \
        "TagKeys[]", FIELD_TEXT, false, 1, 128, NULL                           \
    }
#define SECRET(path) TEXT("AuthParameters." path, true, 512)
#define PARAMETER(list)                                                        \
    {"AuthParameters.InvocationHttpParameters." list,                          \
     FIELD_LIST,                                                               \
     false,                                                                    \
     0,                                                                        \
     100,                                                                      \
     NULL},                                                                    \
        {"AuthParameters.InvocationHttpParameters." list "[].Key",             \
         FIELD_TEXT,                                                           \
         false,                                                                \
         0,                                                                    \
         512,                                                                  \
         NULL},                                                                \
    {                                                                          \
        "AuthParameters.InvocationHttpParameters." list "[].Value",            \
            FIELD_TEXT, false, 0, 512, NULL                                    \
    }
#define AUTH_PARAMETERS                                                        \
    SECRET("BasicAuthParameters.Username"),                                    \
        SECRET("BasicAuthParameters.Password"),                                \
        SECRET("ApiKeyAuthParameters.ApiKeyName"),                             \
        SECRET("ApiKeyAuthParameters.ApiKeyValue"),                            \
        PARAMETER("HeaderParameters"), PARAMETER("QueryStringParameters")
#define BUS TEXT("EventBusName", false, 1600)

FIELDS(put_events, {"Entries", FIELD_LIST, true, 1, 10, NULL},
       TEXT("Entries[].EventBusName", false, 1600),
       {"Entries[].Resources[]", FIELD_TEXT, false, 0, 2048, NULL},
       TEXT("Entries[].TraceHeader", false, 500),
       TEXT("EndpointId", false, 50));
FIELDS(test_pattern, {"EventPattern", FIELD_TEXT, true, 0, 4096, NULL},
       {"Event", FIELD_TEXT, true, 0, 0, NULL});
FIELDS(create_bus, {"Name", FIELD_PATH, true, 1, 256, NULL},
       TEXT("EventSourceName", false, 256), ANY("Description", FIELD_TEXT),
       ANY("KmsKeyIdentifier", FIELD_TEXT),
       ANY("DeadLetterConfig", FIELD_OBJECT), ANY("LogConfig", FIELD_OBJECT),
       TAGS(false, 0));
FIELDS(update_bus, TEXT("Name", false, 256), ANY("Description", FIELD_TEXT),
       ANY("KmsKeyIdentifier", FIELD_TEXT),
       ANY("DeadLetterConfig", FIELD_OBJECT), ANY("LogConfig", FIELD_OBJECT));
FIELDS(bus, TEXT("Name", false, 1600));
FIELDS(delete_bus, NAME("Name", 256));
FIELDS(list_prefix, TEXT("NamePrefix", false, 256), PAGE);
FIELDS(put_permission, BUS, TEXT("Action", false, 64),
       TEXT("Principal", false, 12), TEXT("StatementId", false, 64),
       ANY("Condition", FIELD_OBJECT), ANY("Policy", FIELD_TEXT));
FIELDS(remove_permission, BUS, TEXT("StatementId", false, 64),
       ANY("RemoveAllPermissions", FIELD_FLAG));
FIELDS(put_rule, PLAIN("Name", 64),
       {"ScheduleExpression", FIELD_TEXT, false, 0, 256, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"State", FIELD_TEXT, false, 0, 0,
        "ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       TEXT("RoleArn", false, 1600), TAGS(false, 0), BUS);
FIELDS(rule, PLAIN("Name", 64), BUS);
FIELDS(delete_rule, PLAIN("Name", 64), BUS, ANY("Force", FIELD_FLAG));
FIELDS(list_rules, TEXT("NamePrefix", false, 64), BUS, PAGE);
FIELDS(by_target, NAME("TargetArn", 1600), BUS, PAGE);
FIELDS(put_targets, PLAIN("Rule", 64), BUS,
       {"Targets", FIELD_LIST, true, 1, 100, NULL},
       TEXT("Targets[].RoleArn", false, 1600),
       TEXT("Targets[].DeadLetterConfig.Arn", false, 1600));
FIELDS(remove_targets, PLAIN("Rule", 64), BUS,
       {"Ids", FIELD_LIST, true, 1, 100, NULL},
       {"Ids[]", FIELD_NAME, false, 1, 64, NULL}, ANY("Force", FIELD_FLAG));
FIELDS(list_targets, PLAIN("Rule", 64), BUS, PAGE);
FIELDS(create_archive, PLAIN("ArchiveName", 48), NAME("EventSourceArn", 1600),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"RetentionDays", FIELD_WHOLE, false, 0, INT32_MAX, NULL},
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(update_archive, PLAIN("ArchiveName", 48),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"RetentionDays", FIELD_WHOLE, false, 0, INT32_MAX, NULL},
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(archive, PLAIN("ArchiveName", 48));
FIELDS(list_archives, TEXT("NamePrefix", false, 48),
       TEXT("EventSourceArn", false, 1600),
       {"State", FIELD_TEXT, false, 0, 0,
        "ENABLED, DISABLED, CREATING, UPDATING, CREATE_FAILED, UPDATE_FAILED"},
       PAGE);
FIELDS(start_replay, PLAIN("ReplayName", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       NAME("EventSourceArn", 1600),
       {"EventStartTime", FIELD_NUMBER, true, 0, 0, NULL},
       {"EventEndTime", FIELD_NUMBER, true, 0, 0, NULL},
       {"Destination", FIELD_OBJECT, true, 0, 0, NULL},
       TEXT("Destination.Arn", true, 1600),
       TEXT("Destination.FilterArns[]", false, 1600),
       {"Speed", FIELD_NUMBER, false, 0, 0, NULL});
FIELDS(replay, PLAIN("ReplayName", 64));
FIELDS(list_replays, TEXT("NamePrefix", false, 64),
       TEXT("EventSourceArn", false, 1600),
       {"State", FIELD_TEXT, false, 0, 0,
        "STARTING, RUNNING, CANCELLING, COMPLETED, CANCELLED, FAILED"},
       PAGE);
FIELDS(create_connection, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"AuthorizationType", FIELD_TEXT, true, 0, 0,
        "BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY"},
       {"AuthParameters", FIELD_OBJECT, true, 0, 0, NULL}, AUTH_PARAMETERS,
       ANY("InvocationConnectivityParameters", FIELD_OBJECT),
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(update_connection, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"AuthorizationType", FIELD_TEXT, false, 0, 0,
        "BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY"},
       ANY("AuthParameters", FIELD_OBJECT), AUTH_PARAMETERS,
       ANY("InvocationConnectivityParameters", FIELD_OBJECT),
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(named, PLAIN("Name", 64));
FIELDS(list_connections, TEXT("NamePrefix", false, 64),
       {"ConnectionState", FIELD_TEXT, false, 0, 0,
        "CREATING, UPDATING, DELETING, AUTHORIZED, DEAUTHORIZED, AUTHORIZING, "
        "DEAUTHORIZING, ACTIVE, FAILED_CONNECTIVITY"},
       PAGE);
FIELDS(create_destination, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       NAME("ConnectionArn", 1600), NAME("InvocationEndpoint", 2048),
       {"HttpMethod", FIELD_TEXT, true, 0, 0,
        "POST, GET, HEAD, OPTIONS, PUT, PATCH, DELETE"},
       {"InvocationRateLimitPerSecond", FIELD_WHOLE, false, 1, 0, NULL});
FIELDS(update_destination, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       TEXT("ConnectionArn", false, 1600),
       TEXT("InvocationEndpoint", false, 2048),
       {"HttpMethod", FIELD_TEXT, false, 0, 0,
        "POST, GET, HEAD, OPTIONS, PUT, PATCH, DELETE"},
       {"InvocationRateLimitPerSecond", FIELD_WHOLE, false, 1, 0, NULL});
FIELDS(list_destinations, TEXT("NamePrefix", false, 64),
       TEXT("ConnectionArn", false, 1600), PAGE);
FIELDS(tag, NAME("ResourceARN", 1600), TAGS(true, 0));
FIELDS(untag, NAME("ResourceARN", 1600), TAG_KEYS);
FIELDS(tags, NAME("ResourceARN", 1600));
FIELDS(letters, {"Ids", FIELD_LIST, false, 0, 1000, NULL},
       TEXT("TargetArn", false, 1600));
FIELDS(put_schema, NAME("Source", 256), NAME("DetailType", 128),
       {"Policy", FIELD_TEXT, false, 0, 0, "reject, record"},
       {"Schema", FIELD_OBJECT, true, 0, 0, NULL});
FIELDS(schema, NAME("Source", 256), NAME("DetailType", 128));
FIELDS(schedule, PLAIN("Name", 64), TEXT("GroupName", false, 64),
       TEXT("ClientToken", false, 64),
       {"ScheduleExpression", FIELD_TEXT, true, 1, 256, NULL},
       TEXT("ScheduleExpressionTimezone", false, 50),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"State", FIELD_TEXT, false, 0, 0, "ENABLED, DISABLED"},
       {"Target", FIELD_OBJECT, true, 0, 0, NULL},
       TEXT("Target.Arn", true, 1600), TEXT("Target.RoleArn", false, 1600),
       TEXT("Target.DeadLetterConfig.Arn", false, 1600),
       TEXT("Target.EventBridgeParameters.DetailType", true, 128),
       TEXT("Target.EventBridgeParameters.Source", true, 256),
       TEXT("Target.SqsParameters.MessageGroupId", false, 128),
       {"FlexibleTimeWindow", FIELD_OBJECT, true, 0, 0, NULL},
       {"FlexibleTimeWindow.Mode", FIELD_TEXT, true, 0, 0, "OFF, FLEXIBLE"},
       {"FlexibleTimeWindow.MaximumWindowInMinutes", FIELD_WHOLE, false, 1,
        1440, NULL},
       {"ActionAfterCompletion", FIELD_TEXT, false, 0, 0, "NONE, DELETE"},
       TEXT("KmsKeyArn", false, 2048), ANY("StartDate", FIELD_NUMBER),
       ANY("EndDate", FIELD_NUMBER));
FIELDS(one_schedule, PLAIN("Name", 64), TEXT("GroupName", false, 64),
       TEXT("ClientToken", false, 64));
FIELDS(list_schedules, TEXT("GroupName", false, 64),
       TEXT("NamePrefix", false, 64),
       {"State", FIELD_TEXT, false, 0, 0, "ENABLED, DISABLED"},
       {"MaxResults", FIELD_WHOLE, false, 1, 100, NULL},
       TEXT("NextToken", false, 2048));
FIELDS(list_groups, TEXT("NamePrefix", false, 64),
       {"MaxResults", FIELD_WHOLE, false, 1, 100, NULL},
       TEXT("NextToken", false, 2048));
FIELDS(group_tag, NAME("ResourceArn", 1011), TAGS(true, 1));
FIELDS(group_untag, NAME("ResourceArn", 1011), TAG_KEYS);
FIELDS(group_tags, NAME("ResourceArn", 1011));
FIELDS(group, PLAIN("Name", 64), TEXT("ClientToken", false, 64),
       TAGS(false, 1));

#define CONTROL(name, fields)                                                  \
    {                                                                          \
        name, fields##_fields, &pav_control_kind, control_fill,                \
            control_answer, NULL                                               \
    }

const struct aws_action events_actions_table[] = {
    {"events:PutEvents", put_events_fields, &pav_events_kind, put_events_fill,
     put_events_answer, NULL},
    {"events:TestEventPattern", test_pattern_fields, NULL, NULL, NULL,
     test_pattern},
    CONTROL("events:CreateEventBus", create_bus),
    CONTROL("events:DescribeEventBus", bus),
    CONTROL("events:UpdateEventBus", update_bus),
    CONTROL("events:DeleteEventBus", delete_bus),
    CONTROL("events:ListEventBuses", list_prefix),
    CONTROL("events:PutPermission", put_permission),
    CONTROL("events:RemovePermission", remove_permission),
    CONTROL("events:PutRule", put_rule),
    CONTROL("events:DescribeRule", rule),
    CONTROL("events:DeleteRule", delete_rule),
    CONTROL("events:EnableRule", rule),
    CONTROL("events:DisableRule", rule),
    CONTROL("events:ListRules", list_rules),
    CONTROL("events:ListRuleNamesByTarget", by_target),
    CONTROL("events:PutTargets", put_targets),
    CONTROL("events:RemoveTargets", remove_targets),
    CONTROL("events:ListTargetsByRule", list_targets),
    CONTROL("events:CreateArchive", create_archive),
    CONTROL("events:DescribeArchive", archive),
    CONTROL("events:UpdateArchive", update_archive),
    CONTROL("events:DeleteArchive", archive),
    CONTROL("events:ListArchives", list_archives),
    CONTROL("events:StartReplay", start_replay),
    CONTROL("events:DescribeReplay", replay),
    CONTROL("events:CancelReplay", replay),
    CONTROL("events:ListReplays", list_replays),
    CONTROL("events:CreateConnection", create_connection),
    CONTROL("events:UpdateConnection", update_connection),
    CONTROL("events:DescribeConnection", named),
    CONTROL("events:DeleteConnection", named),
    CONTROL("events:DeauthorizeConnection", named),
    CONTROL("events:ListConnections", list_connections),
    CONTROL("events:CreateApiDestination", create_destination),
    CONTROL("events:UpdateApiDestination", update_destination),
    CONTROL("events:DescribeApiDestination", named),
    CONTROL("events:DeleteApiDestination", named),
    CONTROL("events:ListApiDestinations", list_destinations),
    CONTROL("events:TagResource", tag),
    CONTROL("events:UntagResource", untag),
    CONTROL("events:ListTagsForResource", tags),
    CONTROL("pavane:RedriveDeadLetters", letters),
    CONTROL("pavane:DeleteDeadLetters", letters),
    CONTROL("pavane:PutSchema", put_schema),
    CONTROL("pavane:DeleteSchema", schema),
    CONTROL("pavane:ListSchemas", list_prefix),
    CONTROL("scheduler:CreateSchedule", schedule),
    CONTROL("scheduler:UpdateSchedule", schedule),
    CONTROL("scheduler:GetSchedule", one_schedule),
    CONTROL("scheduler:DeleteSchedule", one_schedule),
    CONTROL("scheduler:ListSchedules", list_schedules),
    CONTROL("scheduler:CreateScheduleGroup", group),
    CONTROL("scheduler:GetScheduleGroup", group),
    CONTROL("scheduler:DeleteScheduleGroup", group),
    CONTROL("scheduler:ListScheduleGroups", list_groups),
    CONTROL("scheduler:TagResource", group_tag),
    CONTROL("scheduler:UntagResource", group_untag),
    CONTROL("scheduler:ListTagsForResource", group_tags),
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

/* ---- Scheduler's REST ---- */

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
    pav_http_reply(api->config.http, ref, &r);
    pav_buf_fini(&b);
}

static void
rest_answer(struct pav_api *api, struct pav_ref ref, struct pav_job *job)
{
    struct pav_control_job *j = (struct pav_control_job *)job;
    int status = job->rc == PAV_OK         ? 200
                 : job->rc == PAV_MISSING  ? 404
                 : job->rc == PAV_CONFLICT ? 409
                 : job->rc == PAV_FULL     ? 507
                                           : 400;

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
    api_submit(api, ref, &job->job, rest_answer);
}
