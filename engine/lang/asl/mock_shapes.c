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
    int64_t min; /* of a WHOLE; 0: any */
};

#define CAPACITY                                                               \
    {"ConsumedCapacity", OBJECT, false, 0},                                    \
        {"ConsumedCapacity.TableName", TEXT, false, 0},                        \
        {"ConsumedCapacity.CapacityUnits", NUMBER, false, 0},                  \
        {"ConsumedCapacity.ReadCapacityUnits", NUMBER, false, 0},              \
    {                                                                          \
        "ConsumedCapacity.WriteCapacityUnits", NUMBER, false, 0                \
    }

static const struct field get_item[] = {
    {"Item", OBJECT, false, 0}, CAPACITY, {0}};
static const struct field put_item[] = {
    {"Attributes", OBJECT, false, 0},
    {"ItemCollectionMetrics", OBJECT, false, 0},
    CAPACITY,
    {0}};
static const struct field put_events[] = {
    {"FailedEntryCount", WHOLE, false, 0},
    {"Entries", LIST, false, 0},
    {"Entries[].EventId", TEXT, false, 0},
    {"Entries[].ErrorCode", TEXT, false, 0},
    {"Entries[].ErrorMessage", TEXT, false, 0},
    {0}};
static const struct field invoke[] = {{"StatusCode", WHOLE, false, 0},
                                      {"FunctionError", TEXT, false, 0},
                                      {"LogResult", TEXT, false, 0},
                                      {"ExecutedVersion", TEXT, false, 0},
                                      {0}};
#define FUNCTION "Configuration."
static const struct field get_function[] = {
    {"Configuration", OBJECT, false, 0},
    {FUNCTION "FunctionName", TEXT, false, 0},
    {FUNCTION "FunctionArn", TEXT, false, 0},
    {FUNCTION "Runtime", TEXT, false, 0},
    {FUNCTION "Role", TEXT, false, 0},
    {FUNCTION "Handler", TEXT, false, 0},
    {FUNCTION "CodeSize", WHOLE, false, 0},
    {FUNCTION "Description", TEXT, false, 0},
    {FUNCTION "Timeout", WHOLE, false, 1},
    {FUNCTION "MemorySize", WHOLE, false, 128},
    {FUNCTION "LastModified", TEXT, false, 0},
    {FUNCTION "CodeSha256", TEXT, false, 0},
    {FUNCTION "Version", TEXT, false, 0},
    {FUNCTION "RevisionId", TEXT, false, 0},
    {FUNCTION "Layers", LIST, false, 0},
    {FUNCTION "State", TEXT, false, 0},
    {FUNCTION "PackageType", TEXT, false, 0},
    {FUNCTION "Architectures", LIST, false, 0},
    {"Code", OBJECT, false, 0},
    {"Code.RepositoryType", TEXT, false, 0},
    {"Code.Location", TEXT, false, 0},
    {"Code.ImageUri", TEXT, false, 0},
    {"Tags", OBJECT, false, 0},
    {"Concurrency", OBJECT, false, 0},
    {"Concurrency.ReservedConcurrentExecutions", WHOLE, false, 0},
    {0}};
static const struct field kms_encrypt[] = {
    {"CiphertextBlob", TEXT, false, 0},
    {"KeyId", TEXT, false, 0},
    {"EncryptionAlgorithm", TEXT, false, 0},
    {0}};
static const struct field kms_decrypt[] = {
    {"Plaintext", TEXT, false, 0},
    {"KeyId", TEXT, false, 0},
    {"EncryptionAlgorithm", TEXT, false, 0},
    {0}};
static const struct field send_message[] = {
    {"MessageId", TEXT, false, 0},
    {"MD5OfMessageBody", TEXT, false, 0},
    {"MD5OfMessageAttributes", TEXT, false, 0},
    {"MD5OfMessageSystemAttributes", TEXT, false, 0},
    {"SequenceNumber", TEXT, false, 0},
    {0}};
static const struct field publish[] = {
    {"MessageId", TEXT, false, 0}, {"SequenceNumber", TEXT, false, 0}, {0}};
static const struct field start_execution[] = {
    {"ExecutionArn", TEXT, true, 0}, {"StartDate", TEXT, true, 0}, {0}};
static const struct field http_invoke[] = {{"StatusCode", WHOLE, false, 0},
                                           {"StatusText", TEXT, false, 0},
                                           {"Headers", OBJECT, false, 0},
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
    {"lambda", "getFunction", get_function},
    {"kms", "encrypt", kms_encrypt},
    {"kms", "decrypt", kms_decrypt},
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

/* `path` names what is expected below `d`; NULL: fine. */
static const char *
check_field(const struct field *f, const char *path, const struct pav_doc *d,
            enum pav_field_check check, struct pav_arena *a)
{
    size_t len = strcspn(path, ".[");
    const struct pav_doc *v = pav_doc_getn(d, path, len);
    const char *rest = path + len, *why;
    int64_t n;
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
    if (why != NULL)
        return pav_arena_printf(a, "Field '%s' must be %s", path, why);
    if (f->min > 0 && pav_doc_int(v, &n) && n < f->min)
        return pav_arena_printf(a, "Field '%s' is less than the minimum value",
                                path);
    return NULL;
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
