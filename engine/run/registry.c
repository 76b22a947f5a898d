/*
 * The machines that the engine knows: current versions with their rules, and
 * older versions as long as executions need them.
 *
 * A definition arrives compiled.  Its row is staged and committed by itself;
 * it takes effect only after that (define_committed), so that a turn which is
 * rolled back leaves nothing behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "pavane/log.h"
#include "pavane/text.h"
#include "bus/bus.h"
#include "published.h"
#include "log_history.h"
#include "registry.h"

static const char *
arn_of(struct pav_engine *e, const char *kind, const char *name)
{
    return pav_arn_put(&e->arena, "states", e->config.region, e->config.account,
                       "%s:%s", kind, name);
}

struct machine *
machine_by_name(struct pav_engine *e, const char *name)
{
    struct machine *m;

    for (m = e->machines; m != NULL; m = m->next)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

struct machine *
machine_by_id(struct pav_engine *e, int64_t id)
{
    struct machine *m;

    for (m = e->machines; m != NULL; m = m->next)
        if (m->id == id)
            return m;
    return NULL;
}

static struct machine *
machine_new(struct pav_engine *e, int64_t id, const char *name)
{
    struct machine *m = pav_xcalloc(1, sizeof(*m)), **last;

    m->id = id;
    m->name = pav_xstrdup(name);
    m->arn = pav_xstrdup(arn_of(e, "stateMachine", name));
    m->execution_arn = pav_xstrdup(
        pav_arena_printf(&e->arena, "%s:", arn_of(e, "execution", name)));
    for (last = &e->machines; *last != NULL; last = &(*last)->next)
        ;
    *last = m; /* in order of their ids: rules are asked in that order */
    e->counts.machines++;
    return m;
}

static struct version *
version_add(struct pav_engine *e, int64_t id, struct machine *m,
            struct pav_machine *compiled)
{
    struct version *v = pav_xcalloc(1, sizeof(*v));

    v->id = id;
    v->machine = m;
    v->compiled = compiled;
    v->next = e->versions;
    e->versions = v;
    return v;
}

static struct pav_machine *
compile_stored(const struct pav_machine_row *row, struct pav_arena *a)
{
    struct pav_faults faults;
    struct pav_machine *m;

    pav_faults_init(&faults, a);
    m = pav_machine_compile(row->definition.p, row->definition.len,
                            (enum pav_machine_type)row->type, &faults);
    if (m == NULL) {
        struct pav_log_ctx ctx = {.machine = row->name};

        pav_log(PAV_LOG_ERROR, &ctx,
                "stored version %lld does not compile any more: %s at %s",
                (long long)row->version, faults.v[0].message,
                faults.v[0].pointer);
    }
    return m;
}

struct version *
version_get(struct pav_engine *e, int64_t id)
{
    struct version *v;
    struct pav_machine_row row;
    struct pav_machine *compiled;

    for (v = e->versions; v != NULL; v = v->next)
        if (v->id == id)
            return v;
    if (!pav_store_version(e->store, id, &e->arena, &row))
        return NULL;
    compiled = compile_stored(&row, &e->arena);
    if (compiled == NULL)
        return NULL;
    return version_add(e, id, machine_by_id(e, row.id), compiled);
}

static void
set_current(struct pav_engine *e, struct machine *m,
            const struct pav_machine_row *row, struct version *v,
            struct pav_rules *rules)
{
    if (m->rules != NULL)
        e->counts.rules -= m->rules->count;
    bus_detach(e, m);
    pav_rules_free(m->rules);
    m->rules = rules;
    e->place_is_free = true; /* it may take more now */
    if (rules != NULL) {
        e->counts.rules += rules->count;
        bus_attach(e, m);
    }
    m->current = v;
    m->by_folder = row->by_folder;
    m->active = row->active;
    m->type = (enum pav_machine_type)row->type;
    m->first_at = row->first_at;
    m->version_no = row->version;
    m->created_at = row->created_at;
    free((char *)(uintptr_t)m->role_arn);
    m->role_arn = pav_xstrdup(row->role_arn);
    logging_set(e, m, row->attributes);
}

static bool
load_row(void *arg, const struct pav_machine_row *row)
{
    struct pav_engine *e = arg;
    struct machine *m = machine_new(e, row->id, row->name);
    struct pav_machine *compiled = compile_stored(row, &e->arena);
    struct pav_rules *rules = NULL;
    struct pav_faults faults;
    struct pav_machine_row copy = *row;

    pav_faults_init(&faults, &e->arena);
    if (compiled != NULL)
        rules =
            pav_rules_compile(row->rules.p, row->rules.len, compiled, &faults);
    if (compiled == NULL || rules == NULL)
        copy.active = false;
    set_current(e, m, &copy,
                compiled == NULL ? NULL
                                 : version_add(e, row->version_id, m, compiled),
                rules);
    return true;
}

static void
load_open_version(void *arg, int64_t id)
{
    struct pav_engine *e = arg;

    (void)version_get(e, id);
}

struct ids {
    int64_t *v;
    size_t count;
};

static void
collect_id(void *arg, int64_t id)
{
    struct ids *ids = arg;

    ids->v = pav_xrealloc(ids->v, (ids->count + 1) * sizeof(*ids->v));
    ids->v[ids->count++] = id;
}

void
registry_load(struct pav_engine *e)
{
    struct ids ids = {NULL, 0};
    size_t i;

    pav_store_machines(e->store, load_row, e);
    pav_store_open_versions(e->store, collect_id, &ids);
    for (i = 0; i < ids.count; i++)
        load_open_version(e, ids.v[i]);
    free(ids.v);
}

void
registry_forget(struct pav_engine *e, int64_t machine_id)
{
    struct machine *m = machine_by_id(e, machine_id);
    char name[256];

    if (m == NULL)
        return;
    snprintf(name, sizeof(name), "%s~%lld", m->name, (long long)m->id);
    free((char *)(uintptr_t)m->name);
    m->name = pav_xstrdup(name);
    if (m->rules != NULL)
        e->counts.rules -= m->rules->count;
    bus_detach(e, m);
    pav_rules_free(m->rules);
    m->rules = NULL;
    m->active = false;
}

void
registry_free(struct pav_engine *e)
{
    struct machine *m;
    struct version *v;

    while ((v = e->versions) != NULL) {
        e->versions = v->next;
        pav_machine_free(v->compiled);
        free(v);
    }
    while ((m = e->machines) != NULL) {
        e->machines = m->next;
        pav_rules_free(m->rules);
        free((char *)(uintptr_t)m->name);
        free((char *)(uintptr_t)m->arn);
        free((char *)(uintptr_t)m->execution_arn);
        free(m->logging.to);
        free((char *)(uintptr_t)m->role_arn);
        free(m);
    }
}

/* ---- defining ---- */

static bool
same_bytes(struct pav_bytes x, struct pav_bytes y)
{
    return x.len == y.len && (x.len == 0 || memcmp(x.p, y.p, x.len) == 0);
}

/* The stored current version of a machine, in the turn's arena. */
static bool
current_row(struct pav_engine *e, const struct machine *m,
            struct pav_machine_row *row)
{
    return m->current != NULL &&
           pav_store_version(e->store, m->current->id, &e->arena, row);
}

static bool
same_attributes(const struct pav_machine_row *x,
                const struct pav_machine_row *y)
{
    return x->type == y->type &&
           strcmp(x->attributes == NULL ? "{}" : x->attributes,
                  y->attributes == NULL ? "{}" : y->attributes) == 0;
}

/* CreateStateMachine: the same again is fine, another is not. */
static bool
create_is_settled(struct pav_engine *e, struct pav_define_job *j,
                  const struct machine *m)
{
    struct pav_machine_row row;

    if (m == NULL)
        return false;
    if (m->by_folder) {
        job_fail(&j->job, PAV_CONFLICT, "ConflictException", m->name,
                 "State machine '%s' belongs to a folder: change its files "
                 "instead",
                 m->name);
    } else if (current_row(e, m, &row) && same_attributes(&row, &j->row) &&
               same_bytes(row.definition, j->row.definition)) {
        j->at = row.first_at;
        if (j->publish)
            j->published = version_publish(
                e, machine_by_id(e, row.id), row.version_id, row.version,
                j->description, &row.created_at, false);
    } else {
        job_fail(&j->job, PAV_CONFLICT, "StateMachineAlreadyExists", m->name,
                 "State Machine Already Exists: '%s'", m->arn);
    }
    return true;
}

/* What was reported of the folder, and what keeps its rules from working. */
static void
note_bus(struct pav_engine *e, struct pav_define_job *j)
{
    const char *report = j->report;

    if (j->rules != NULL && j->rules->count > 0 &&
        bus_by_name(e, j->rules->bus) == NULL)
        report = pav_arena_printf(
            &e->arena,
            "%s%s%s/rules.json:1:1: error: NO_SUCH_BUS: there is no bus '%s': "
            "its "
            "rules get nothing until CreateEventBus makes it (/bus)",
            report == NULL ? "" : report, report == NULL ? "" : "\n",
            j->row.name, j->rules->bus);
    pav_store_fault_put(e->store, j->row.name, report, pav_clock_ms(e->clock));
}

/* A folder whose files say what is stored already. */
static bool
folder_is_settled(struct pav_engine *e, struct pav_define_job *j,
                  struct machine *m)
{
    struct pav_machine_row row;

    note_bus(e, j);
    if (m == NULL || !m->by_folder || !current_row(e, m, &row) ||
        !same_bytes(row.definition, j->row.definition) ||
        !same_bytes(row.rules, j->row.rules) ||
        !same_bytes(row.readme, j->row.readme))
        return false;
    if (!m->active && m->rules != NULL)
        pav_store_machine_active(e->store, m->id, true);
    return true;
}

/* UpdateStateMachine: what is not given stays. */
static bool
update_is_settled(struct pav_engine *e, struct pav_define_job *j,
                  struct machine *m)
{
    struct pav_machine_row row;

    if (m == NULL || !current_row(e, m, &row)) {
        job_fail(&j->job, PAV_MISSING, "StateMachineDoesNotExist", j->row.name,
                 "State Machine Does Not Exist: '%s'", j->row.name);
        return true;
    }
    if (m->by_folder) {
        job_fail(&j->job, PAV_CONFLICT, "ConflictException", m->name,
                 "State machine '%s' belongs to a folder: change its files "
                 "instead",
                 m->name);
        return true;
    }
    if (j->row.role_arn == NULL)
        j->row.role_arn = row.role_arn;
    j->row.type = row.type;
    j->row.first_at = row.first_at;
    if (j->row.attributes == NULL)
        j->row.attributes = row.attributes;
    else
        pav_store_machine_attributes(e->store, m->id, j->row.attributes);
    return false;
}

static void
publish_defined(struct pav_engine *e, struct pav_define_job *j)
{
    struct machine stand_in = {.id = j->row.id};
    int64_t at;

    if (j->publish)
        j->published =
            version_publish(e, &stand_in, j->row.version_id, j->row.version,
                            j->description, &at, true);
}

static void
define_stage(struct pav_engine *e, struct pav_job *job)
{
    struct pav_define_job *j = (struct pav_define_job *)job;
    struct machine *m = machine_by_name(e, j->row.name);

    if (j->update) {
        if (update_is_settled(e, j, m))
            return;
        j->row.active = true;
        pav_store_machine_put(e->store, &j->row, pav_clock_ms(e->clock));
        publish_defined(e, j);
        j->at = j->row.created_at;
        return;
    }
    if (j->row.by_folder ? folder_is_settled(e, j, m)
                         : create_is_settled(e, j, m))
        return;
    j->row.active = true;
    pav_store_machine_put(e->store, &j->row, pav_clock_ms(e->clock));
    if (j->row.attributes != NULL)
        pav_store_machine_attributes(e->store, j->row.id, j->row.attributes);
    if (j->tags != NULL)
        (void)tags_add(e, /* the front has counted them */
                       arn_of(e, "stateMachine", j->row.name), j->tags);
    publish_defined(e, j);
    j->row.first_at = j->at = j->row.created_at;
}

static void
define_committed(struct pav_engine *e, struct pav_job *job)
{
    struct pav_define_job *j = (struct pav_define_job *)job;
    struct pav_log_ctx ctx = {.machine = j->row.name};
    struct machine *m = machine_by_name(e, j->row.name);

    if (j->row.version_id == 0) { /* refused, or nothing new but the folder */
        if (m != NULL && m->by_folder && j->row.by_folder && m->rules != NULL) {
            m->active = true;
            e->place_is_free = true; /* what waited for a place may start */
        }
        return;
    }
    if (m == NULL)
        m = machine_new(e, j->row.id, j->row.name);
    set_current(e, m, &j->row,
                version_add(e, j->row.version_id, m, j->compiled), j->rules);
    j->compiled = NULL;
    j->rules = NULL;
    pav_log(PAV_LOG_INFO, &ctx, "version %lld is in force",
            (long long)j->row.version);
}

static void
define_fini(struct pav_job *job)
{
    struct pav_define_job *j = (struct pav_define_job *)job;

    pav_machine_free(j->compiled);
    pav_rules_free(j->rules);
}

const struct pav_job_kind pav_define_kind = {.size =
                                                 sizeof(struct pav_define_job),
                                             .advance = define_stage,
                                             .committed = define_committed,
                                             .fini = define_fini};

/* ---- folders ---- */

static void
fault_stage(struct pav_engine *e, struct pav_job *job)
{
    struct pav_fault_job *j = (struct pav_fault_job *)job;

    pav_store_fault_put(e->store, j->name, j->report, pav_clock_ms(e->clock));
}

const struct pav_job_kind pav_fault_kind = {
    .size = sizeof(struct pav_fault_job), .advance = fault_stage};

static bool
has_vanished(const struct machine *m, const struct pav_folders_job *j)
{
    uint32_t i;

    if (!m->by_folder || !m->active)
        return false;
    for (i = 0; i < j->machine_count; i++)
        if (strcmp(j->names[i], m->name) == 0)
            return false;
    return true;
}

static void
folders_stage(struct pav_engine *e, struct pav_job *job)
{
    struct pav_folders_job *j = (struct pav_folders_job *)job;
    struct machine *m;

    for (m = e->machines; m != NULL; m = m->next)
        if (has_vanished(m, j))
            pav_store_machine_active(e->store, m->id, false);
    pav_store_faults_keep(e->store, j->names, j->name_count);
}

static void
folders_committed(struct pav_engine *e, struct pav_job *job)
{
    struct pav_folders_job *j = (struct pav_folders_job *)job;
    struct machine *m;

    for (m = e->machines; m != NULL; m = m->next)
        if (has_vanished(m, j))
            m->active = false;
}

const struct pav_job_kind pav_folders_kind = {
    .size = sizeof(struct pav_folders_job),
    .advance = folders_stage,
    .committed = folders_committed};

/* ---- qualifiers ---- */

bool
qualifier_is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* One of an alias's versions, by their weights. */
static int64_t
draw(const struct pav_doc *routing)
{
    uint32_t i, drawn;
    int64_t sum = 0;

    pav_random(&drawn, sizeof(drawn));
    drawn %= 100;
    for (i = 0; routing != NULL && i < routing->len; i++) {
        sum += pav_doc_member_int(&routing->items[i], "weight");
        if (drawn < sum)
            return pav_doc_member_int(&routing->items[i], "number");
    }
    return 0;
}

struct version *
version_of(struct pav_engine *e, struct machine *m, const char *qualifier,
           struct pav_meta_row *meta)
{
    struct pav_name_row row;
    int64_t number = 0;

    if (qualifier == NULL || *qualifier == '\0')
        return m->current;
    if (!qualifier_is_number(qualifier)) {
        if (!pav_store_name(e->store, PAV_NAME_ALIAS, m->id, qualifier,
                            &e->arena, &row))
            return NULL;
        meta->alias = qualifier;
        number = draw(pav_doc_get(
            pav_doc_own(&e->arena, row.body.p, row.body.len), "routing"));
    } else if (!pav_parse_int(qualifier, strlen(qualifier), &number)) {
        return NULL;
    }
    if (!published_find(e, m, number, &row))
        return NULL;
    meta->version_no = number;
    return version_get(
        e, pav_doc_member_int(pav_doc_own(&e->arena, row.body.p, row.body.len),
                              "versionId"));
}
