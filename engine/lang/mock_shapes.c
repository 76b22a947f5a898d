/*
 * Shapes of what services answer, as far as Pavane knows the service, for
 * TestState's check of mocked results.  A shape is a list of fields, each by
 * its path; a list's items are checked by "[]".  Fields that are not named are
 * fine, as they are for the service.  Source: the services' API models.
 */
#include <string.h>

#include "pavane/test_state.h"

enum want { TEXT, WHOLE, NUMBER, OBJECT, LIST, FLAG };

struct field {
    const char *path;
    enum want want;
    bool required;
};

#define CAPACITY                                                               \
    {"ConsumedCapacity", OBJECT, false},                                       \
        {"ConsumedCapacity.TableName", TEXT, false},                           \
        {"ConsumedCapacity.CapacityUnits", NUMBER, false},                     \
        {"ConsumedCapacity.ReadCapacityUnits", NUMBER, false},                 \
    {                                                                          \
        "ConsumedCapacity.WriteCapacityUnits", NUMBER, false                   \
    }

static const struct field get_item[] = {{"Item", OBJECT, false}, CAPACITY, {0}};
static const struct field put_item[] = {
    {"Attributes", OBJECT, false},
    {"ItemCollectionMetrics", OBJECT, false},
    CAPACITY,
    {0}};
static const struct field put_events[] = {
    {"FailedEntryCount", WHOLE, false},
    {"Entries", LIST, false},
    {"Entries[].EventId", TEXT, false},
    {"Entries[].ErrorCode", TEXT, false},
    {"Entries[].ErrorMessage", TEXT, false},
    {0}};
static const struct field invoke[] = {{"StatusCode", WHOLE, false},
                                      {"FunctionError", TEXT, false},
                                      {"LogResult", TEXT, false},
                                      {"ExecutedVersion", TEXT, false},
                                      {0}};
static const struct field send_message[] = {
    {"MessageId", TEXT, false},
    {"MD5OfMessageBody", TEXT, false},
    {"MD5OfMessageAttributes", TEXT, false},
    {"MD5OfMessageSystemAttributes", TEXT, false},
    {"SequenceNumber", TEXT, false},
    {0}};
static const struct field publish[] = {
    {"MessageId", TEXT, false}, {"SequenceNumber", TEXT, false}, {0}};
static const struct field start_execution[] = {
    {"ExecutionArn", TEXT, true}, {"StartDate", TEXT, true}, {0}};
static const struct field http_invoke[] = {{"StatusCode", WHOLE, false},
                                           {"StatusText", TEXT, false},
                                           {"Headers", OBJECT, false},
                                           {0}};

static const struct shape {
    const char *service, *method;
    const struct field *fields;
} shapes[] = {
    {"dynamodb", "getItem", get_item},
    {"dynamodb", "putItem", put_item},
    {"dynamodb", "updateItem", put_item},
    {"dynamodb", "deleteItem", put_item},
    {"events", "putEvents", put_events},
    {"lambda", "invoke", invoke},
    {"sqs", "sendMessage", send_message},
    {"sns", "publish", publish},
    {"states", "startExecution", start_execution},
    {"sfn", "startExecution", start_execution},
    {"http", "invoke", http_invoke},
};

static const char *
wrong(const struct pav_doc *d, enum want want)
{
    int64_t n;

    switch (want) {
    case TEXT:
        return d->kind == PAV_STRING ? NULL : "a string";
    case WHOLE:
        return d->kind == PAV_NUMBER && pav_doc_int(d, &n) ? NULL : "a number";
    case NUMBER:
        return d->kind == PAV_NUMBER ? NULL : "a number";
    case OBJECT:
        return d->kind == PAV_OBJECT ? NULL : "an object";
    case LIST:
        return d->kind == PAV_ARRAY ? NULL : "an array";
    case FLAG:
        return pav_doc_is_bool(d) ? NULL : "a boolean";
    }
    return NULL;
}

/* `path` names what is wanted below `d`; NULL: fine. */
static const char *
check_field(const struct field *f, const char *path, const struct pav_doc *d,
            enum pav_field_check check, struct pav_arena *a)
{
    size_t len = strcspn(path, ".[");
    const struct pav_doc *v = pav_doc_getn(d, path, len);
    const char *rest = path + len, *why;
    uint32_t i;

    if (v == NULL || v->kind == PAV_NULL)
        return f->required && check == PAV_CHECK_STRICT && v == NULL &&
                       *rest == '\0'
                   ? pav_arena_printf(a, "Required field '%s' is missing", path)
                   : NULL;
    if (*rest == '.')
        return check_field(f, rest + 1, v, check, a);
    if (*rest == '[') {
        for (i = 0; v->kind == PAV_ARRAY && i < v->len; i++)
            if ((why = check_field(f, rest + 3, &v->items[i], check, a)) !=
                NULL)
                return why;
        return NULL;
    }
    why = wrong(v, f->want);
    return why == NULL
               ? NULL
               : pav_arena_printf(a, "Field '%s' must be %s", path, why);
}

const char *
pav_mock_check(const char *service, const char *method,
               const struct pav_doc *result, enum pav_field_check check,
               struct pav_arena *a)
{
    const struct field *f;
    const char *why;
    size_t i;

    if (check == PAV_CHECK_NONE)
        return NULL;
    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].service, service) != 0 ||
            strcmp(shapes[i].method, method) != 0)
            continue;
        for (f = shapes[i].fields; f->path != NULL; f++)
            if ((why = check_field(f, f->path, result, check, a)) != NULL)
                return why;
    }
    return NULL;
}
