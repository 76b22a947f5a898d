/* A folder's bus.json: see bus_file.h. */
#include "bus_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "pavane/folder.h"
#include "pavane/text.h"
#include "aws/owned.h"

#define FILE_MAX_LEN (1 << 20)
#define SECRET_MAX   4096
#define THINGS_MAX   1000 /* they are applied within one turn */

struct reading {
    struct pav_apply_job *j;
    struct pav_arena *a;
    struct pav_faults faults;
    const char *dir;
    struct pav_declared *things;
    uint32_t count;
};

static const char *const target_fields[] = {"machine",
                                            "resume",
                                            "function",
                                            "topic",
                                            "queue",
                                            "log",
                                            "bus",
                                            "destination",
                                            "Arn",
                                            "Id",
                                            "RoleArn",
                                            "Input",
                                            "InputPath",
                                            "InputTransformer",
                                            "KinesisParameters",
                                            "RunCommandParameters",
                                            "EcsParameters",
                                            "BatchParameters",
                                            "SqsParameters",
                                            "HttpParameters",
                                            "DeadLetterConfig",
                                            "RetryPolicy",
                                            "AppSyncParameters",
                                            "EventBridgeParameters",
                                            "SageMakerPipelineParameters",
                                            "RedshiftDataParameters",
                                            NULL};
#define TARGET_NAMES 9 /* of them, the first say where it leads */

/* In the order in which they are made: a rule's bus before the rule. */
static const struct section {
    const char *name, *kind;
    const char *key;   /* the field that an object's keys are; NULL: a list */
    const char *extra; /* a field beside those of the action, or NULL */
} sections[] = {{"buses", "bus", "Name", NULL},
                {"permissions", "permission", "StatementId", NULL},
                {"connections", "connection", "Name", NULL},
                {"apiDestinations", "destination", "Name", "Connection"},
                {"schemas", "schema", NULL, NULL},
                {"archives", "archive", "ArchiveName", "EventBusName"},
                {"rules", "rule", "Name", "Targets"},
                {"scheduleGroups", "group", "Name", NULL},
                {"schedules", "schedule", "Name", NULL}};
#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

static void
unknown(struct reading *r, const struct pav_member *m, const char *pointer,
        const char *const *known)
{
    const char *key = pav_arena_strndup(r->a, m->key, m->len);
    const char *near = pav_text_near(key, known);

    pav_faults_add(&r->faults, PAV_ERROR, "UNKNOWN_FIELD", pointer, m->at,
                   "there is no field '%s' here%s%s%s", key,
                   near == NULL ? "" : "; is '", near == NULL ? "" : near,
                   near == NULL ? "" : "' meant?");
}

/* ---- secrets ---- */

static const struct pav_doc *
secret_of(struct reading *r, const struct pav_doc *d, const char *pointer)
{
    const char *env = pav_doc_member_str(r->a, d, "env");
    const char *file = pav_doc_member_str(r->a, d, "file"), *path;
    struct pav_err err;
    char *text;
    size_t len;

    if (env != NULL) {
        if (getenv(env) != NULL)
            return pav_doc_new_cstr(r->a, getenv(env));
        pav_faults_add(&r->faults, PAV_ERROR, "NO_SECRET", pointer, d->at,
                       "the environment of the daemon has no '%s'", env);
        return &pav_doc_null;
    }
    path = *file == '/' ? file : pav_arena_printf(r->a, "%s/%s", r->dir, file);
    if (pav_file_read(path, SECRET_MAX, &text, &len, &err) != PAV_OK) {
        pav_faults_add(&r->faults, PAV_ERROR, "NO_SECRET", pointer, d->at,
                       "'%s': %s", path, err.message);
        return &pav_doc_null;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    d = pav_doc_new_str(r->a, pav_arena_strndup(r->a, text, len), len);
    free(text);
    return d;
}

static const struct pav_doc *
with_secrets(struct reading *r, const struct pav_doc *d, const char *pointer)
{
    struct pav_members m;
    struct pav_doc *copy;
    uint32_t i;

    if (d->kind != PAV_OBJECT)
        return d;
    if (d->len == 1 && d->members[0].value.kind == PAV_STRING &&
        (pav_member_is(&d->members[0], "env") ||
         pav_member_is(&d->members[0], "file")))
        return secret_of(r, d, pointer);
    pav_members_init(&m, r->a);
    for (i = 0; i < d->len; i++)
        pav_members_add(&m, d->members[i].key, d->members[i].len,
                        with_secrets(r, &d->members[i].value, pointer));
    copy = pav_arena_alloc(r->a, sizeof(*copy));
    *copy = *pav_members_object(&m);
    copy->at = d->at;
    return copy;
}

/* ---- a thing ---- */

static void
check_target(struct reading *r, const struct pav_doc *d, const char *pointer)
{
    uint32_t i, k, leads = 0;

    if (d->kind != PAV_OBJECT) {
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_TARGET", pointer, d->at,
                       "a target is an object, as {\"machine\": \"order\"}");
        return;
    }
    for (i = 0; i < d->len; i++) {
        for (k = 0; target_fields[k] != NULL; k++)
            if (pav_member_is(&d->members[i], target_fields[k]))
                break;
        if (target_fields[k] == NULL)
            unknown(r, &d->members[i], pointer, target_fields);
        else if (k < TARGET_NAMES && d->members[i].value.kind != PAV_STRING)
            pav_faults_add(&r->faults, PAV_ERROR, "INVALID_TARGET", pointer,
                           d->members[i].value.at,
                           "'%s' is a name: a text is expected",
                           target_fields[k]);
        else
            leads += k < TARGET_NAMES;
    }
    if (leads != 1)
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_TARGET", pointer, d->at,
                       "a target leads to one place: it has one of machine, "
                       "resume, function, topic, queue, log, bus, destination "
                       "or Arn");
}

static void
check_targets(struct reading *r, const struct pav_doc *fields,
              const char *pointer)
{
    const struct pav_doc *list = pav_doc_get(fields, "Targets");
    const struct pav_doc *one = pav_doc_get(fields, "Target");
    uint32_t i;

    if (one != NULL)
        check_target(r, one, pav_arena_printf(r->a, "%s/Target", pointer));
    if (list != NULL && list->kind != PAV_ARRAY)
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_TARGET", pointer,
                       list->at, "a list of targets is expected");
    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        check_target(r, &list->items[i],
                     pav_arena_printf(r->a, "%s/Targets/%u", pointer, i));
}

static void
check_fields(struct reading *r, const struct section *s,
             const struct pav_doc *fields, const char *pointer)
{
    const struct aws_action *a = aws_find(owned_kind(s->kind)->create);
    const char *known[64];
    const struct aws_field *f;
    uint32_t i, count = 0;

    for (f = a->fields; f->name != NULL && count < 62; f++)
        known[count++] = f->name;
    if (s->extra != NULL)
        known[count++] = s->extra;
    known[count] = NULL;
    for (i = 0; i < fields->len; i++) {
        const struct pav_member *m = &fields->members[i];

        if (pav_member_is(m, "Tags"))
            pav_faults_add(&r->faults, PAV_ERROR, "UNKNOWN_FIELD", pointer,
                           m->at, "tags are put by the API: TagResource");
        else if ((!aws_field_known(a, m->key, m->len) &&
                  !(s->extra != NULL && pav_member_is(m, s->extra))) ||
                 (strcmp(s->kind, "permission") == 0 &&
                  pav_member_is(m, "Policy")))
            unknown(r, m, pointer, known);
    }
    check_targets(r, fields, pointer);
}

/* `name` NULL: the fields have it. */
static void
add(struct reading *r, const struct section *s, const struct pav_doc *fields,
    const struct pav_member *name, const char *pointer)
{
    struct pav_declared *thing;
    struct pav_members m;
    struct pav_doc *whole;
    uint32_t i;

    if (fields->kind != PAV_OBJECT) {
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_BUS", pointer,
                       fields->at, "an object is expected");
        return;
    }
    check_fields(r, s, fields, pointer);
    pav_members_init(&m, r->a);
    if (name != NULL)
        pav_members_puts(&m, s->key,
                         pav_doc_new_str(r->a, name->key, name->len));
    for (i = 0; i < fields->len; i++)
        pav_members_put(
            &m, fields->members[i].key, fields->members[i].len,
            strcmp(s->kind, "connection") == 0
                ? with_secrets(r, &fields->members[i].value, pointer)
                : &fields->members[i].value);
    whole = pav_arena_alloc(r->a, sizeof(*whole));
    *whole = *pav_members_object(&m);
    whole->at = name == NULL ? fields->at : name->at;
    if (r->count == THINGS_MAX) {
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_BUS", pointer, whole->at,
                       "a folder declares at most %d things: make two of it",
                       THINGS_MAX);
        return;
    }
    r->things = pav_arena_append(r->a, r->things, r->count, sizeof(*thing));
    thing = &r->things[r->count++];
    thing->kind = s->kind;
    thing->fields = whole;
}

static void
read_section(struct reading *r, const struct section *s,
             const struct pav_doc *d)
{
    uint32_t i;

    if (d->kind == PAV_OBJECT && s->key != NULL) {
        for (i = 0; i < d->len; i++)
            add(r, s, &d->members[i].value, &d->members[i],
                pav_arena_printf(r->a, "/%s/%.*s", s->name,
                                 (int)d->members[i].len, d->members[i].key));
    } else if (d->kind == PAV_ARRAY) {
        for (i = 0; i < d->len; i++)
            add(r, s, &d->items[i], NULL,
                pav_arena_printf(r->a, "/%s/%u", s->name, i));
    } else {
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_BUS",
                       pav_arena_printf(r->a, "/%s", s->name), d->at,
                       s->key == NULL ? "a list is expected"
                                      : "an object is expected, by name: "
                                        "{\"NAME\": {...}}");
    }
}

static void
check_sections(struct reading *r, const struct pav_doc *d)
{
    const char *known[SECTIONS + 1];
    uint32_t i;
    size_t k;

    for (k = 0; k < SECTIONS; k++)
        known[k] = sections[k].name;
    known[SECTIONS] = NULL;
    for (i = 0; i < d->len; i++) {
        for (k = 0; k < SECTIONS; k++)
            if (pav_member_is(&d->members[i], sections[k].name))
                break;
        if (k == SECTIONS)
            unknown(r, &d->members[i], "", known);
    }
}

static void
read_all(struct reading *r, const struct pav_doc *d)
{
    size_t k;

    if (d->kind != PAV_OBJECT) {
        pav_faults_add(&r->faults, PAV_ERROR, "INVALID_BUS", "", d->at,
                       "an object is expected");
        return;
    }
    check_sections(r, d);
    for (k = 0; k < SECTIONS; k++)
        if (pav_doc_get(d, sections[k].name) != NULL)
            read_section(r, &sections[k], pav_doc_get(d, sections[k].name));
}

/* False: it cannot be read. */
static bool
read_text(struct reading *r, struct pav_buf *report)
{
    struct pav_err err;
    char *text;
    size_t len;
    enum pav_rc rc = pav_file_read(r->j->file, FILE_MAX_LEN, &text, &len, &err);

    r->j->text.p = "{}";
    r->j->text.len = 2;
    if (rc == PAV_MISSING)
        return true;
    if (rc != PAV_OK) {
        pav_buf_printf(report, "%s:1:1: error: FILE: %s (/)\n", r->j->file,
                       err.message);
        return false;
    }
    r->j->text.p = pav_arena_strndup(r->a, text, len);
    r->j->text.len = len;
    free(text);
    return true;
}

static bool
parse(struct reading *r, const struct pav_doc **d, struct pav_buf *report)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    unsigned line, column;
    struct pav_err err;

    if (pav_doc_parse(r->a, r->j->text.p, r->j->text.len, &opts, d, &err) ==
        PAV_OK)
        return true;
    pav_doc_fault_place(&err, &line, &column);
    pav_buf_printf(report, "%s:%u:%u: error: JSON: %s (/)\n", r->j->file, line,
                   column, err.message);
    return false;
}

struct pav_apply_job *
bus_file_read(const char *dir, const char *system, struct pav_buf *report)
{
    struct pav_apply_job *j = pav_job_new(&pav_apply_kind);
    struct reading r = {.j = j, .a = &j->job.arena, .dir = dir};
    const struct pav_doc *d = NULL;
    bool ok;

    j->system = pav_arena_strdup(r.a, system);
    j->file = pav_arena_printf(r.a, "%s/" PAV_FILE_BUS, dir);
    ok = read_text(&r, report) && parse(&r, &d, report);
    pav_faults_init(&r.faults, r.a);
    if (ok) {
        read_all(&r, d);
        pav_faults_place(&r.faults, j->text.p, j->text.len);
        pav_faults_print(&r.faults, j->file, report);
        ok = r.faults.errors == 0;
    }
    j->things = r.things;
    j->thing_count = r.count;
    if (ok)
        return j;
    pav_job_free(&j->job);
    return NULL;
}
