/*
 * Resources of Task states.
 *
 *   arn:PARTITION:states:::SERVICE:ACTION[.sync|.sync:2|.waitForTaskToken]
 *   arn:PARTITION:states:::aws-sdk:SERVICE:ACTION[.waitForTaskToken]
 *   arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
 *   arn:PARTITION:states:REGION:ACCOUNT:activity:NAME
 *   arn:pavane:states:::event.waitForTaskToken
 *
 * The optimised services have a list of actions; every action of the SDK is
 * taken.  Texts are the service's.
 */
#include <string.h>

#include "compile.h"
#include "model.h"
#include "origin.h"
#include "task.h"

#define CALLBACK_SUFFIX ".waitForTaskToken"
#define ARN_MAX         1600
#define PAVANE_EVENT    "arn:pavane:states:::event" CALLBACK_SUFFIX

/* The optimised integrations: Step Functions developer guide. */
static const struct optimised {
    const char *service;
    const char *actions; /* each between blanks; "*": any */
} optimised[] = {
    {"apigateway", " invoke "},
    {"athena", " startQueryExecution stopQueryExecution getQueryExecution "
               "getQueryResults "},
    {"batch", " submitJob "},
    {"bedrock", " invokeModel createModelCustomizationJob "},
    {"codebuild", " startBuild stopBuild batchDeleteBuilds batchGetReports "
                  "startBuildBatch stopBuildBatch retryBuildBatch "
                  "deleteBuildBatch "},
    {"databrew", " startJobRun "},
    {"dynamodb", " getItem putItem updateItem deleteItem "},
    {"ecs", " runTask "},
    {"eks", "*"},
    {"elasticmapreduce", "*"},
    {"emr-containers", "*"},
    {"emr-serverless", "*"},
    {"events", " putEvents "},
    {"glue", " startJobRun "},
    {"http", " invoke "},
    {"lambda", " invoke "},
    {"mediaconvert", " createJob "},
    {"sagemaker", "*"},
    {"sns", " publish "},
    {"sqs", " sendMessage "},
    {"states", " startExecution "},
};

static bool
is_optimised(const char *service, const char *action)
{
    char needle[128];
    size_t i;

    if (strlen(action) > sizeof(needle) - 3)
        return false;
    needle[0] = ' ';
    strcpy(needle + 1, action);
    strcat(needle, " ");
    for (i = 0; i < sizeof(optimised) / sizeof(optimised[0]); i++)
        if (strcmp(optimised[i].service, service) == 0)
            return *optimised[i].actions == '*' ||
                   strstr(optimised[i].actions, needle) != NULL;
    return false;
}

static bool
ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text), n = strlen(tail);

    return len > n && strcmp(text + len - n, tail) == 0;
}

/* Splits "updateItem.waitForTaskToken". */
static void
read_action(struct pav_arena *a, const char *action, struct resource *r)
{
    r->action = pav_doc_new_cstr(a, action);
    r->integration = ends_with(action, CALLBACK_SUFFIX) ? CALLBACK
                     : ends_with(action, ".sync:2")     ? SYNC_2
                     : ends_with(action, ".sync")       ? SYNC
                                                        : REQUEST_RESPONSE;
    r->method = pav_arena_strndup(a, action, strcspn(action, "."));
}

/* `rest` follows "arn:aws:states:::". */
static bool
read_service(struct pav_arena *a, const char *rest, struct resource *r)
{
    const char *colon = strchr(rest, ':');

    r->sdk = strncmp(rest, "aws-sdk:", 8) == 0;
    if (r->sdk)
        colon = strchr(rest + 8, ':');
    if (colon == NULL || colon == rest || colon[1] == '\0')
        return false;
    r->kind = RESOURCE_SERVICE;
    r->type = pav_doc_new_str(a, rest, (size_t)(colon - rest));
    r->service = pav_arena_strndup(a, rest + (r->sdk ? 8 : 0),
                                   (size_t)(colon - rest) - (r->sdk ? 8 : 0));
    read_action(a, colon + 1, r);
    return r->sdk || is_optimised(r->service, r->method);
}

static bool
read_arn(struct pav_arena *a, const char *text, struct resource *r)
{
    char *copy = pav_arena_strdup(a, text), *parts[5], *rest = copy;
    int i;

    for (i = 0; i < 5 && rest != NULL; i++)
        parts[i] = strsep(&rest, ":");
    if (rest == NULL || *rest == '\0' || strcmp(parts[0], "arn") != 0)
        return false;
    if (strcmp(parts[1], "pavane") == 0) {
        r->kind = RESOURCE_EVENT;
        r->service = "event";
        r->type = pav_doc_new_cstr(a, "event");
        read_action(a, rest, r);
        return strcmp(text, PAVANE_EVENT) == 0;
    }
    if (strcmp(parts[2], "lambda") == 0 && strncmp(rest, "function:", 9) == 0) {
        r->kind = RESOURCE_LAMBDA;
        r->service = "lambda";
        r->method = rest + 9;
        return rest[9] != '\0';
    }
    if (strcmp(parts[2], "states") != 0)
        return false;
    if (strncmp(rest, "activity:", 9) == 0) {
        r->kind = RESOURCE_ACTIVITY;
        r->service = "activity";
        r->method = rest + 9;
        return rest[9] != '\0';
    }
    return read_service(a, rest, r);
}

/* What an express machine cannot wait for. */
static void
check_express(struct compiler *c, const struct resource *r,
              const struct place *place, uint32_t at)
{
    const char *what = NULL;

    if (r->kind == RESOURCE_ACTIVITY)
        what = "Activity ARN";
    else if (r->integration == SYNC || r->integration == SYNC_2)
        what = "'.sync' service integration";
    else if (r->integration == CALLBACK) /* the service's text ends so */
        what = "'.waitForTaskToken' service integration ";
    if (c->machine->express && what != NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, at,
                      "Express state machine does not support %s", what);
}

bool
resource_compile(struct compiler *c, const struct pav_doc *state,
                 const struct place *place, struct resource *out)
{
    const struct pav_doc *v = pav_doc_get(state, "Resource");
    const char *text = member_str(c, state, place, "Resource", true);

    if (text == NULL)
        return false;
    place = place_of(c, place, "Resource");
    out->arn = v;
    if (!read_arn(c->arena, text, out)) {
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "The resource provided %s is not recognized. The value "
                      "is not a valid resource ARN, or the resource is not "
                      "available in this region.%s",
                      text,
                      strncmp(text, "arn:pavane:", 11) == 0
                          ? " Pavane's own is " PAVANE_EVENT
                          : "");
        return false;
    }
    if (v->len > ARN_MAX)
        compile_fault(c, PAV_ERROR, SCHEMA, place, v->at,
                      "A resource has at most %d bytes, this one %u", ARN_MAX,
                      v->len);
    check_express(c, out, place, v->at);
    if (out->type == NULL) {
        machine_origin_add(c->machine, v, PAYLOAD_DEFINITION, v->at);
    } else {
        machine_origin_add(c->machine, out->type, PAYLOAD_RESOURCE_TYPE, v->at);
        machine_origin_add(c->machine, out->action, PAYLOAD_RESOURCE, v->at);
    }
    return true;
}

void
resource_history(const struct pav_doc *arn, struct pav_arena *a,
                 const struct pav_doc **type, const struct pav_doc **action)
{
    struct resource r = {.arn = arn};

    *type = *action = &pav_doc_null;
    if (arn->kind != PAV_STRING || !read_arn(a, pav_doc_str(a, arn), &r) ||
        r.type == NULL)
        return;
    *type = r.type;
    *action = r.action;
}
