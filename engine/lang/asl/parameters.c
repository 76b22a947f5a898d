/*
 * Parameters of optimised integrations: one that nobody reads is told, or a
 * misspelt "Payload" would send nothing for ever.  The names are those of each
 * action's API.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "model.h"
#include "task.h"

#define NAMES_MAX 24

#define CONDITION                                                              \
    "ConditionExpression ConditionalOperator Expected "                        \
    "ExpressionAttributeNames ExpressionAttributeValues "                      \
    "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues "         \
    "ReturnValuesOnConditionCheckFailure"

static const struct {
    const char *service, *method;
    const char *read;   /* by whoever does the action here, or refused there */
    const char *unread; /* the service knows it; here it has no effect */
} actions[] = {
    {"lambda", "invoke", "FunctionName Payload InvocationType",
     "ClientContext LogType Qualifier TenantId"},
    {"sqs", "sendMessage",
     "QueueUrl MessageBody DelaySeconds MessageAttributes "
     "MessageDeduplicationId MessageGroupId MessageSystemAttributes",
     ""},
    {"sns", "publish",
     "TopicArn TargetArn Message MessageAttributes MessageDeduplicationId "
     "MessageGroupId MessageStructure PhoneNumber Subject",
     ""},
    {"states", "startExecution", "StateMachineArn Input Name", "TraceHeader"},
    {"sfn", "startExecution", "StateMachineArn Input Name", "TraceHeader"},
    {"sfn", "stopExecution", "ExecutionArn Error Cause", ""},
    {"sfn", "describeExecution", "ExecutionArn", "IncludedData"},
    {"sfn", "listExecutions", "StateMachineArn StatusFilter MaxResults",
     "MapRunArn NextToken RedriveFilter"},
    {"sfn", "sendTaskSuccess", "TaskToken Output", ""},
    {"sfn", "sendTaskFailure", "TaskToken Error Cause", ""},
    {"sfn", "sendTaskHeartbeat", "TaskToken", ""},
    {"events", "putEvents", "Entries", "EndpointId"},
    {"eventbridge", "putEvents", "Entries", "EndpointId"},
    {"http", "invoke",
     "ApiEndpoint Method Authentication Headers QueryParameters RequestBody "
     "Transform",
     "InvocationConfig"},
    {"dynamodb", "getItem",
     "TableName Key AttributesToGet ConsistentRead ExpressionAttributeNames "
     "ProjectionExpression ReturnConsumedCapacity",
     ""},
    {"dynamodb", "putItem", "TableName Item " CONDITION, ""},
    {"dynamodb", "updateItem",
     "TableName Key AttributeUpdates UpdateExpression " CONDITION, ""},
    {"dynamodb", "deleteItem", "TableName Key " CONDITION, ""},
};

static const char entry_fields[] =
    "Source DetailType Detail EventBusName Resources Time TraceHeader";

static bool
has_word(const char *list, const char *word, size_t len)
{
    for (; *list != '\0'; list += strcspn(list, " "), list += *list == ' ')
        if (strcspn(list, " ") == len && memcmp(list, word, len) == 0)
            return true;
    return false;
}

/* The word of a list that is meant; NULL: none is near. */
static const char *
near_word(struct compiler *c, const char *list, const char *word)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    size_t n = 0;

    for (; *list != '\0' && n < NAMES_MAX;
         list += strcspn(list, " "), list += *list == ' ')
        names[n++] = pav_arena_strndup(c->arena, list, strcspn(list, " "));
    return pav_text_near(word, names);
}

/* `what`: whose fields they are, "lambda:invoke". */
static void
check_names(struct compiler *c, const struct pav_doc *d,
            const struct place *place, const char *what, const char *read,
            const char *unread)
{
    uint32_t i;

    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        size_t len = m->len;
        const char *name, *meant;

        if (len > 2 && memcmp(m->key + len - 2, ".$", 2) == 0)
            len -= 2;
        if (has_word(read, m->key, len))
            continue;
        name = pav_arena_strndup(c->arena, m->key, len);
        if (has_word(unread, m->key, len)) {
            compile_fault(c, PAV_WARNING, "NO_EFFECT", place_of(c, place, name),
                          m->at, "'%s' of %s has no effect here", name, what);
            continue;
        }
        meant = near_word(c, read, name);
        compile_fault(c, PAV_WARNING, "UNKNOWN_FIELD", place_of(c, place, name),
                      m->at, "%s has no '%s'; it is ignored%s%s%s", what, name,
                      meant == NULL ? "" : "; did you mean '",
                      meant == NULL ? "" : meant, meant == NULL ? "" : "'?");
    }
}

static void
check_entries(struct compiler *c, const struct pav_doc *list,
              const struct place *place)
{
    uint32_t i;

    place = place_of(c, place, "Entries");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        check_names(c, &list->items[i], place_at(c, place, i),
                    "an entry of putEvents", entry_fields, "");
}

void
parameters_check(struct compiler *c, const struct resource *r,
                 const struct pav_doc *parameters, const struct place *place)
{
    size_t i;

    if (parameters == NULL || parameters->kind != PAV_OBJECT ||
        r->service == NULL || r->method == NULL)
        return;
    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].service, r->service) != 0 ||
            strcmp(actions[i].method, r->method) != 0)
            continue;
        check_names(c, parameters, place,
                    pav_arena_printf(c->arena, "%s:%s", r->service, r->method),
                    actions[i].read, actions[i].unread);
        check_entries(c, pav_doc_get(parameters, "Entries"), place);
        return;
    }
}
