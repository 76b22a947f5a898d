/* Targets that are a service's action: see service_target.h. */
#include "service_target.h"

#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"

const char *
service_class(struct pav_arena *a, const char *service)
{
    static const struct {
        const char *service, *name;
    } rows[] = {
        {"apigateway", "ApiGateway"},   {"cloudformation", "CloudFormation"},
        {"cloudwatch", "CloudWatch"},   {"dynamodb", "DynamoDb"},
        {"eventbridge", "EventBridge"}, {"secretsmanager", "SecretsManager"},
        {"securityhub", "SecurityHub"}, {"ssmincidents", "SsmIncidents"}};
    char *name;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].service, service) == 0)
            return rows[i].name;
    name = pav_arena_strdup(a, service);
    if (*name >= 'a' && *name <= 'z')
        *name = (char)(*name - 32);
    return name;
}

static const char *
base64_of(struct pav_arena *a, struct pav_bytes body)
{
    char *text = pav_arena_alloc(a, body.len * 4 / 3 + 8);

    pav_base64(body.p, body.len, text);
    return text;
}

static void
firehose(struct pav_arena *a, const char *name, const struct pav_doc *target,
         struct pav_bytes body, struct pav_members *m)
{
    struct pav_members record;

    (void)target;
    pav_members_init(&record, a);
    pav_members_str(&record, "Data", base64_of(a, body));
    pav_members_str(m, "DeliveryStreamName", name);
    pav_members_puts(m, "Record", pav_members_object(&record));
}

/* Without a PartitionKeyPath, or one that leads to nothing, the key is the id
 * of what is sent, or the stream's name. */
static void
kinesis(struct pav_arena *a, const char *name, const struct pav_doc *target,
        struct pav_bytes body, struct pav_members *m)
{
    const char *key = pav_doc_member_str(
        a, pav_doc_get(target, "KinesisParameters"), "PartitionKeyPath");
    const struct pav_doc *event;

    if (key != NULL && *key == '\0')
        key = NULL;
    if (key == NULL &&
        pav_doc_parse_copy(a, body.p, body.len, NULL, &event, NULL) == PAV_OK)
        key = pav_doc_member_str(a, event, "id");
    pav_members_str(m, "StreamName", name);
    pav_members_str(m, "Data", base64_of(a, body));
    pav_members_str(m, "PartitionKey", key == NULL ? name : key);
}

static void
glue(struct pav_arena *a, const char *name, const struct pav_doc *target,
     struct pav_bytes body, struct pav_members *m)
{
    (void)target;
    pav_members_str(m, "Name", name);
    pav_members_str(m, "Event", pav_arena_strndup(a, body.p, body.len));
}

static void
incidents(struct pav_arena *a, const char *name, const struct pav_doc *target,
          struct pav_bytes body, struct pav_members *m)
{
    struct pav_members trigger;
    const struct pav_doc *event;

    (void)name;
    pav_members_init(&trigger, a);
    pav_members_str(&trigger, "source", "aws.events");
    if (pav_doc_parse_copy(a, body.p, body.len, NULL, &event, NULL) == PAV_OK)
        pav_members_puts(&trigger, "rawData", event);
    pav_members_puts(m, "responsePlanArn", pav_doc_get(target, "Arn"));
    pav_members_puts(m, "triggerDetails", pav_members_object(&trigger));
}

/* "arn:aws:scheduler:::aws-sdk:SERVICE:ACTION" */
static bool
universal(struct pav_arena *a, const char *arn, struct pav_bytes body,
          struct service_target *out)
{
    const char *p = strstr(arn, ":::aws-sdk:"), *action;
    char *name;

    if (p == NULL)
        return false;
    p += strlen(":::aws-sdk:");
    action = strchr(p, ':');
    if (action == NULL)
        return false;
    out->service = pav_arena_strndup(a, p, (size_t)(action - p));
    name = pav_arena_strdup(a, action + 1);
    if (*name >= 'a' && *name <= 'z')
        *name = (char)(*name - 32);
    out->action = name;
    if (pav_doc_parse_copy(a, body.p, body.len, NULL, &out->with, NULL) !=
        PAV_OK)
        out->with = &pav_doc_empty_object;
    return true;
}

bool
service_target_of(struct pav_arena *a, const char *arn,
                  const struct pav_doc *target, struct pav_bytes body,
                  struct service_target *out)
{
    static const struct {
        const char *of, *resource, *service, *action;
        void (*fill)(struct pav_arena *a, const char *name,
                     const struct pav_doc *target, struct pav_bytes body,
                     struct pav_members *m);
    } rows[] = {
        {"firehose", "deliverystream", "firehose", "PutRecord", firehose},
        {"kinesis", "stream", "kinesis", "PutRecord", kinesis},
        {"glue", "workflow", "glue", "NotifyEvent", glue},
        {"ssm-incidents", "response-plan", "ssmincidents", "StartIncident",
         incidents}};
    struct pav_members m;
    size_t i;

    if (universal(a, arn, body, out))
        return true;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name = pav_arn_name(arn, rows[i].of, rows[i].resource);

        if (name == NULL)
            continue;
        pav_members_init(&m, a);
        rows[i].fill(a, name, target, body, &m);
        out->service = rows[i].service;
        out->action = rows[i].action;
        out->with = pav_members_object(&m);
        return true;
    }
    return false;
}
