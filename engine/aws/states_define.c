/*
 * CreateStateMachine, UpdateStateMachine, ValidateStateMachineDefinition:
 * compiled on a query thread; a machine then goes on to the engine.
 */
#include <string.h>

#include "pavane/arn.h"
#include "reads.h"
#include "states_fields.h"

static const char *
place(const struct pav_fault *f)
{
    return *f->pointer == '\0' ? "/" : f->pointer;
}

static void
answer(const struct aws_place *p, struct pav_job *job, struct pav_members *m)
{
    struct pav_define_job *j = (struct pav_define_job *)job;
    struct pav_arena *a = &job->arena;
    const char *arn = pav_arn_put(a, "states", p->region, p->account,
                                  "stateMachine:%s", j->row.name);

    if (j->update) {
        pav_members_date(m, "updateDate", j->at);
        pav_members_str(m, "revisionId",
                        pav_arena_printf(a, "%lld", (long long)j->row.version));
    } else {
        pav_members_str(m, "stateMachineArn", arn);
        pav_members_date(m, "creationDate", j->at);
    }
    if (j->published > 0)
        pav_members_str(
            m, "stateMachineVersionArn",
            pav_arena_printf(a, "%s:%lld", arn, (long long)j->published));
}

static bool
role_is_fine(struct aws_read *r)
{
    const char *arn = request_text(r->q->arena, r->request, "roleArn");

    if (arn == NULL || strncmp(arn, "arn:", 4) == 0)
        return true;
    read_fail(r, "InvalidArn", "Invalid Role Arn: '%s'", arn);
    return false;
}

/* A member that is there; null stands for one that is not. */
static const struct pav_doc *
given(const struct pav_doc *o, const char *key)
{
    const struct pav_doc *v = pav_doc_get(o, key);

    return v == NULL || v->kind == PAV_NULL ? NULL : v;
}

/* What is logged goes somewhere: one log group. */
static bool
logging_is_fine(struct aws_read *r)
{
    static const char *const levels[] = {"OFF", "ALL", "ERROR", "FATAL"};
    const struct pav_doc *logging = given(r->request, "loggingConfiguration");
    const struct pav_doc *level = given(logging, "level");
    const struct pav_doc *to = given(logging, "destinations");
    size_t i = 0;

    while (level != NULL && i < 4 && !pav_doc_is_str(level, levels[i]))
        i++;
    if (i == 4) {
        read_fail(r, "InvalidLoggingConfiguration",
                  "Invalid Logging Configuration: the level is one of ALL, "
                  "ERROR, FATAL, OFF");
        return false;
    }
    if ((i == 0 && (to == NULL || to->len <= 1)) ||
        (to != NULL && to->len == 1 &&
         given(given(&to->items[0], "cloudWatchLogsLogGroup"), "logGroupArn") !=
             NULL))
        return true;
    read_fail(r, "InvalidLoggingConfiguration",
              "Invalid Logging Configuration: Must specify exactly one Log "
              "Destination.");
    return false;
}

static bool
encryption_is_fine(struct aws_read *r)
{
    const struct pav_doc *e = given(r->request, "encryptionConfiguration");
    bool customer =
        pav_doc_is_str(pav_doc_get(e, "type"), "CUSTOMER_MANAGED_KMS_KEY");

    if (e == NULL || customer == (given(e, "kmsKeyId") != NULL))
        return true;
    read_fail(r, "InvalidEncryptionConfiguration",
              customer
                  ? "Invalid Encryption Configuration: kmsKeyId is expected "
                    "with type CUSTOMER_MANAGED_KMS_KEY"
                  : "Invalid Encryption Configuration: kmsKeyId belongs "
                    "to type CUSTOMER_MANAGED_KMS_KEY");
    return false;
}

/* Level, trace and key settings are kept and shown; nothing acts on them. */
static bool
attributes_of(struct aws_read *r, struct pav_define_job *job, bool create)
{
    static const char *const names[] = {"loggingConfiguration",
                                        "tracingConfiguration",
                                        "encryptionConfiguration"};
    const struct pav_doc *enabled =
        pav_doc_get(pav_doc_get(r->request, "tracingConfiguration"), "enabled");
    struct pav_members m;
    size_t i;

    if (!logging_is_fine(r) || !encryption_is_fine(r))
        return false;
    if (enabled != NULL && !pav_doc_is_bool(enabled)) {
        read_fail(r, "InvalidTracingConfiguration",
                  "Invalid Tracing Configuration: enabled is true or false");
        return false;
    }
    pav_members_init(&m, &job->job.arena);
    for (i = 0; i < 3; i++)
        if (pav_doc_get(r->request, names[i]) != NULL)
            pav_members_puts(&m, names[i], pav_doc_get(r->request, names[i]));
    if (m.count > 0 || create)
        job->row.attributes =
            pav_doc_text(&job->job.arena, pav_members_object(&m));
    return true;
}

/* Compiled, or NULL after InvalidDefinition. */
static struct pav_machine *
compile(struct aws_read *r, const char *text, size_t len,
        enum pav_machine_type type)
{
    struct pav_faults faults;
    struct pav_machine *m;
    uint32_t i = 0;

    pav_faults_init(&faults, r->q->arena);
    m = pav_machine_compile(text, len, type, &faults);
    if (m != NULL)
        return m;
    while (faults.v[i].severity != PAV_ERROR)
        i++;
    read_fail(r, "InvalidDefinition",
              "Invalid State Machine Definition: '%s: %s at %s'",
              faults.v[i].code, faults.v[i].message, place(&faults.v[i]));
    return NULL;
}

static void
hand_on(struct aws_read *r, struct pav_define_job *job, const char *definition)
{
    struct pav_faults faults;

    pav_faults_init(&faults, r->q->arena);
    job->rules = pav_rules_compile("", 0, NULL, &faults);
    job->row.definition.len = strlen(definition);
    job->row.definition.p = pav_arena_strdup(&job->job.arena, definition);
    job->row.rules.p = job->row.readme.p = "";
    job->publish = request_flag(r->request, "publish", false);
    job->description =
        request_text(&job->job.arena, r->request, "versionDescription");
    r->define = job;
}

/* The description belongs to a version. */
static bool
publish_is_fine(struct aws_read *r)
{
    if (pav_doc_get(r->request, "versionDescription") == NULL ||
        request_flag(r->request, "publish", false))
        return true;
    read_fail(r, "ValidationException",
              "Version description can only be set when publish is true");
    return false;
}

static void
create_machine(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    const char *name = request_text(a, r->request, "name");
    const char *definition = request_text(a, r->request, "definition");
    const char *type = request_text(a, r->request, "type");
    const struct pav_doc *tags = pav_doc_get(r->request, "tags");
    enum pav_machine_type wanted = PAV_STANDARD;
    struct pav_machine *compiled;
    struct pav_define_job *job;

    if (!pav_name_valid(name)) {
        read_fail(r, "InvalidName", "Invalid Name: '%s'", name);
        return;
    }
    if (tags != NULL && tags->len > 50) {
        read_fail(r, "TooManyTags", "A resource has at most 50 tags");
        return;
    }
    if (type != NULL)
        (void)pav_machine_type_find(type, &wanted);
    if (!publish_is_fine(r) ||
        (compiled = compile(r, definition, strlen(definition), wanted)) == NULL)
        return;
    job = pav_job_new(&pav_define_kind);
    job->compiled = compiled;
    job->row.name = pav_arena_strdup(&job->job.arena, name);
    job->row.role_arn = request_text(&job->job.arena, r->request, "roleArn");
    job->row.type = wanted;
    if (tags != NULL)
        job->tags =
            pav_doc_own(&job->job.arena, pav_doc_text(&job->job.arena, tags),
                        strlen(pav_doc_text(&job->job.arena, tags)));
    if (!role_is_fine(r) || !attributes_of(r, job, true)) {
        pav_job_free(&job->job);
        return;
    }
    hand_on(r, job, definition);
}

static void
update_machine(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    const char *text = request_text(a, r->request, "stateMachineArn");
    const char *definition = request_text(a, r->request, "definition");
    struct pav_machine_view view;
    struct pav_machine *compiled;
    struct pav_states_arn arn;
    struct pav_define_job *job;

    if (!pav_arn_machine(a, text, &arn) || arn.qualifier != NULL) {
        read_fail(r, "InvalidArn", "Invalid Arn: '%s'", text);
        return;
    }
    if (!pav_reader_machine(r->q->reader, arn.machine, a, &view)) {
        read_fail(r, "StateMachineDoesNotExist",
                  "State Machine Does Not Exist: '%s'", text);
        return;
    }
    if (definition == NULL && pav_doc_get(r->request, "roleArn") == NULL &&
        pav_doc_get(r->request, "loggingConfiguration") == NULL &&
        pav_doc_get(r->request, "tracingConfiguration") == NULL &&
        pav_doc_get(r->request, "encryptionConfiguration") == NULL) {
        read_fail(r, "MissingRequiredParameter",
                  "Either the definition, the role ARN, the "
                  "LoggingConfiguration, or the TracingConfiguration must be "
                  "specified");
        return;
    }
    if (definition == NULL)
        definition = pav_arena_strndup(a, view.row.definition.p,
                                       view.row.definition.len);
    if (!publish_is_fine(r) ||
        (compiled = compile(r, definition, strlen(definition),
                            (enum pav_machine_type)view.row.type)) == NULL)
        return;
    job = pav_job_new(&pav_define_kind);
    job->update = true;
    job->compiled = compiled;
    job->row.name = pav_arena_strdup(&job->job.arena, arn.machine);
    job->row.role_arn = request_text(&job->job.arena, r->request, "roleArn");
    if (!role_is_fine(r) || !attributes_of(r, job, false)) {
        pav_job_free(&job->job);
        return;
    }
    if (job->row.attributes != NULL && view.row.attributes != NULL)
        job->row.attributes = pav_doc_text(
            &job->job.arena,
            pav_doc_merge(&job->job.arena,
                          pav_doc_own(&job->job.arena, view.row.attributes,
                                      strlen(view.row.attributes)),
                          pav_doc_own(&job->job.arena, job->row.attributes,
                                      strlen(job->row.attributes))));
    hand_on(r, job, definition);
}

static void
validate_definition(struct aws_read *r)
{
    struct pav_arena *a = r->q->arena;
    const char *text = request_text(a, r->request, "definition");
    const char *type = request_text(a, r->request, "type");
    const char *severity = request_text(a, r->request, "severity");
    int64_t limit = request_int(r->request, "maxResults", 100);
    bool warnings = severity != NULL && strcmp(severity, "WARNING") == 0;
    enum pav_machine_type wanted = PAV_STANDARD;
    struct pav_faults faults;
    struct pav_items list;
    struct pav_members m;
    bool truncated = false;
    uint32_t i;

    if (type != NULL)
        (void)pav_machine_type_find(type, &wanted);
    pav_faults_init(&faults, a);
    pav_machine_free(pav_machine_compile(text, strlen(text), wanted, &faults));
    pav_items_init(&list, a);
    for (i = 0; i < faults.count; i++) {
        const struct pav_fault *f = &faults.v[i];
        struct pav_members d;

        if (f->severity != PAV_ERROR && !warnings)
            continue;
        if (list.count >= (limit == 0 ? 100 : limit)) {
            truncated = true;
            break;
        }
        pav_members_init(&d, a);
        pav_members_str(&d, "severity",
                        f->severity == PAV_ERROR ? "ERROR" : "WARNING");
        pav_members_str(&d, "code", f->code);
        pav_members_str(&d, "message", f->message);
        pav_members_str(&d, "location", place(f));
        pav_items_add(&list, pav_members_object(&d));
    }
    pav_members_init(&m, a);
    pav_members_str(&m, "result", faults.errors > 0 ? "FAIL" : "OK");
    pav_members_puts(&m, "diagnostics", pav_items_array(&list));
    pav_members_puts(&m, "truncated", pav_doc_new_bool(truncated));
    read_answer(r, &m);
}

/* clang-format off */
#define LOG_GROUP \
    "loggingConfiguration.destinations[].cloudWatchLogsLogGroup.logGroupArn"
#define CONFIGURATION \
    {"loggingConfiguration", FIELD_OBJECT, false, 0, 0, NULL}, \
    {"loggingConfiguration.destinations", FIELD_LIST, false, 0, 0, NULL}, \
    {LOG_GROUP, FIELD_TEXT, false, 1, 256, NULL}, \
    {"tracingConfiguration", FIELD_OBJECT, false, 0, 0, NULL}, ENCRYPTION, \
    {"publish", FIELD_FLAG, false, 0, 0, NULL}, \
    {"versionDescription", FIELD_TEXT, false, 0, 256, NULL}
/* clang-format on */

FIELDS(create, {"name", FIELD_TEXT, true, 1, 80, NULL},
       {"definition", FIELD_TEXT, true, 1, 1048576, NULL},
       {"roleArn", FIELD_TEXT, true, 1, 256, NULL}, TYPE, TAGS(false),
       CONFIGURATION);
FIELDS(update, ARN("stateMachineArn"),
       {"definition", FIELD_TEXT, false, 1, 1048576, NULL},
       {"roleArn", FIELD_TEXT, false, 1, 256, NULL}, CONFIGURATION);
FIELDS(validate, {"definition", FIELD_TEXT, true, 1, 1048576, NULL}, TYPE,
       {"severity", FIELD_TEXT, false, 0, 0, "ERROR, WARNING"},
       {"maxResults", FIELD_WHOLE, false, 0, 100, NULL});

#define COMPILED(name, permission, fields, fn)                                 \
    {                                                                          \
        name, permission, fields##_fields, NULL, false, fn, &pav_define_kind,  \
            NULL, answer, NULL                                                 \
    }

/* ---- the table ---- */

const struct aws_action states_define_actions[] = {
    COMPILED("CreateStateMachine", "states:CreateStateMachine", create,
             create_machine),
    COMPILED("UpdateStateMachine", "states:UpdateStateMachine", update,
             update_machine),
    ON_READER("ValidateStateMachineDefinition",
              "states:ValidateStateMachineDefinition", validate,
              validate_definition),
    END_OF_ACTIONS};
