/* TestState: see pavane/test_state.h. */
#include "pavane/test_state.h"

#include <string.h>

#include "pavane/digest.h"
#include "frame.h"
#include "kind.h"
#include "leave.h"
#include "query.h"
#include "record.h"
#include "retry.h"
#include "stepper.h"
#include "model.h"

/* ---- what is shown ---- */

/* ---- the request ---- */

struct trial {
    const struct pav_test_in *in;
    struct pav_arena *arena;
    struct pav_machine *machine;
    const struct state *state;
    struct pav_test_out *out;
    const char **error, **why;
};

static bool
refuse(struct trial *t, const char *error, const char *why)
{
    *t->error = error;
    *t->why = why;
    return false;
}

static bool
invalid(struct trial *t, const char *why)
{
    return refuse(t, "ValidationException", why);
}

static bool
compile(struct trial *t)
{
    const struct pav_test_in *in = t->in;
    const char *text = in->definition;
    size_t len = in->len;
    struct pav_faults faults;
    uint32_t i = 0;

    if (in->state == NULL) {
        text = pav_arena_printf(t->arena,
                                "{\"StartAt\":\"" PAV_LONE_STATE
                                "\",\"States\":{\"" PAV_LONE_STATE "\":%.*s}}",
                                (int)len, in->definition);
        len = strlen(text);
    }
    pav_faults_init(&faults, t->arena);
    t->machine = machine_compile(text, len, PAV_STANDARD, query_languages,
                                 in->state == NULL, &faults);
    if (t->machine == NULL) {
        while (faults.v[i].severity != PAV_ERROR)
            i++;
        return refuse(
            t, "InvalidDefinition",
            pav_arena_printf(
                t->arena, "Invalid State Machine Definition: '%s: %s at %s'",
                faults.v[i].code, faults.v[i].message,
                *faults.v[i].pointer == '\0' ? "/" : faults.v[i].pointer));
    }
    t->state =
        machine_find(t->machine, in->state == NULL ? PAV_LONE_STATE : in->state,
                     strlen(in->state == NULL ? PAV_LONE_STATE : in->state));
    if (t->state == NULL)
        return invalid(t, "State not found in definition");
    return true;
}

static bool
has_mock(const struct pav_test_in *in)
{
    return in->result != NULL || in->mocked_error;
}

static bool
check_mock(struct trial *t)
{
    const struct pav_test_in *in = t->in;
    const struct state *s = t->state;
    bool works = s->kind->has & HAS_WORK, task = s->kind->has & HAS_TASK;

    if (in->result != NULL && in->mocked_error)
        return invalid(t, "A test mock should have only one of the following "
                          "fields: [result, errorOutput].");
    if (in->reveal_secrets && has_mock(in))
        return invalid(t, "TestState does not support RevealSecrets when a "
                          "mock is specified.");
    if (has_mock(in) && !works)
        return invalid(t, pav_arena_printf(t->arena,
                                           "State type '%s' is not supported "
                                           "when a mock is specified",
                                           s->kind->name));
    if (!has_mock(in) && in->failed_iterations >= 0)
        return invalid(t, "TestState does not support MapIterationFailureCount "
                          "when a mock is not specified.");
    if (!has_mock(in) && works && !task)
        return refuse(t, "InvalidDefinition",
                      "TestState API does not support Map or Parallel states. "
                      "Supported state types include: [Task, Wait, Pass, "
                      "Succeed, Fail, Choice]");
    if (!has_mock(in) && task && in->role_arn == NULL)
        return invalid(t, "RoleArn must be specified when testing a Task "
                          "state");
    if (!has_mock(in) && task)
        return invalid(t, "A Task state is tested with a mock: no service is "
                          "called from here");
    return true;
}

/* The members that a given context may have, by the object that they are in. */
static const struct {
    const char *object, *member;
    enum pav_kind kind;
    const char *wanted;
} context_members[] = {
    {"Execution", "Id", PAV_STRING, "a string"},
    {"Execution", "Input", PAV_NULL, NULL}, /* anything */
    {"Execution", "Name", PAV_STRING, "a string"},
    {"Execution", "RoleArn", PAV_STRING, "a string"},
    {"Execution", "StartTime", PAV_STRING, "a string"},
    {"Execution", "RedriveCount", PAV_NUMBER, "a number"},
    {"Execution", "RedriveTime", PAV_STRING, "a string"},
    {"State", "Name", PAV_STRING, "a string"},
    {"State", "EnteredTime", PAV_STRING, "a string"},
    {"State", "RetryCount", PAV_NUMBER, "a number"},
    {"StateMachine", "Id", PAV_STRING, "a string"},
    {"StateMachine", "Name", PAV_STRING, "a string"},
    {"Task", "Token", PAV_STRING, "a string"},
};
#define CONTEXT_MEMBERS (sizeof(context_members) / sizeof(context_members[0]))

static bool
invalid_context(struct trial *t, const char *why)
{
    return invalid(
        t,
        pav_arena_printf(t->arena, "Invalid Context object provided: %s", why));
}

static bool
check_context_member(struct trial *t, const char *object,
                     const struct pav_member *m)
{
    const char *name =
        pav_arena_printf(t->arena, "%s.%.*s", object, (int)m->len, m->key);
    size_t i;

    for (i = 0; i < CONTEXT_MEMBERS; i++) {
        if (strcmp(context_members[i].object, object) != 0 ||
            strcmp(context_members[i].member, name + strlen(object) + 1) != 0)
            continue;
        if (context_members[i].wanted == NULL ||
            m->value.kind == context_members[i].kind)
            return true;
        return invalid_context(t,
                               pav_arena_printf(t->arena, "%s must be %s", name,
                                                context_members[i].wanted));
    }
    return invalid_context(
        t, pav_arena_printf(t->arena, "Field '%s' is not allowed", name));
}

static bool
check_context(struct trial *t)
{
    const struct pav_doc *d = t->in->context;
    uint32_t i, j;
    size_t k;

    if (d == NULL)
        return true;
    if (d->kind != PAV_OBJECT)
        return invalid_context(t, "it must be an object");
    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        const char *name = pav_arena_strndup(t->arena, m->key, m->len);

        if (strcmp(name, "Map") == 0)
            return invalid_context(t, "'Map' field is not supported when "
                                      "mocking a Context object");
        for (k = 0; k < CONTEXT_MEMBERS; k++)
            if (strcmp(context_members[k].object, name) == 0)
                break;
        if (k == CONTEXT_MEMBERS)
            return invalid_context(
                t,
                pav_arena_printf(t->arena, "Field '%s' is not allowed", name));
        if (m->value.kind != PAV_OBJECT)
            return invalid_context(
                t, pav_arena_printf(t->arena, "%s must be an object", name));
        for (j = 0; j < m->value.len; j++)
            if (!check_context_member(t, name, &m->value.members[j]))
                return false;
    }
    return true;
}

static bool
check_result(struct trial *t)
{
    const struct state_kind *kind = t->state->kind;
    const char *why = NULL;

    if (t->in->result != NULL && kind->mock_fault != NULL)
        why = kind->mock_fault(t->state, t->in, t->arena);
    return why == NULL || invalid(t, why);
}

/* ---- running ---- */

/* Work was wanted: the mock does it.  False: it fails. */
static bool
do_mocked(struct trial *t, struct stepper *st, struct frame *f)
{
    const struct pav_test_in *in = t->in;
    const struct state_kind *kind = t->state->kind;

    if (in->mocked_error) {
        fail_as(st, in->error, in->cause);
        return false;
    }
    if (kind->mock_exceeds != NULL &&
        kind->mock_exceeds(t->state, in->failed_iterations)) {
        fail_as(st,
                pav_states_error(PAV_STATES_EXCEED_TOLERATED_FAILURE_THRESHOLD),
                "The specified tolerated failure threshold was exceeded");
        return false;
    }
    return state_output(st, f, t->state->query, in->result, &f->result);
}

/* A Wait whose time is over; its input was shown already. */
static bool
waited(struct trial *t, struct stepper *st, struct frame *f)
{
    struct inspection *inspection = st->inspection;
    bool fine;

    st->inspection = NULL;
    fine = t->state->language->arguments(st, f, &f->result);
    st->inspection = inspection;
    return fine && state_output(st, f, t->state->query, f->result, &f->result);
}

static bool
run(struct trial *t, struct stepper *st, struct frame *f)
{
    switch (t->state->kind->enter(st, f)) {
    case GO_NEXT:
        f->jump = t->state->next;
        return true;
    case GO_TO:
        return true;
    case GO_WAIT:
    case GO_BRANCHES:
        f->jump = t->state->next;
        if (f->phase == PHASE_WAIT)
            return waited(t, st, f);
        return do_mocked(t, st, f);
    case GO_FAILED:
        return false;
    }
    return false;
}

static void
put_int(struct pav_members *m, const char *key, int64_t n)
{
    pav_members_puts(m, key, pav_doc_new_int(m->arena, n));
}

static void
failed(struct trial *t, struct stepper *st, struct frame *f)
{
    struct failure e = st->failure;
    int i = retrier_of(t->state, &e);
    const struct catcher *c = catch_find(t->state, &e);
    struct pav_members details;

    t->out->error = e.error;
    t->out->cause = e.cause;
    t->out->status = "FAILED";
    pav_members_init(&details, t->arena);
    if (i >= 0) {
        const struct retrier *r = &t->state->retriers[i];

        put_int(&details, "retryIndex", i);
        if (t->in->retry_count < r->max_attempts) {
            put_int(&details, "retryBackoffIntervalSeconds",
                    (int64_t)retry_delay(r, t->in->retry_count));
            t->out->status = "RETRIABLE";
        }
    }
    if (strcmp(t->out->status, "FAILED") == 0 && c != NULL) {
        const struct pav_doc *error = error_output(st, &e);

        put_int(&details, "catchIndex", c - t->state->catchers);
        if (state_output(st, f, c->query, error, &t->out->output)) {
            t->out->status = "CAUGHT_ERROR";
            t->out->next_state = c->next->name;
        }
    }
    if (details.count > 0)
        inspect(st, "errorDetails", pav_members_object(&details));
}

/* Keeps what the kind shows; the list ends with NULL. */
static void
keep_shown(struct pav_members *m, const char *const *shown)
{
    uint32_t i, kept = 0;

    for (i = 0; i < m->count; i++)
        if (pav_member_in(&m->v[i], shown))
            m->v[kept++] = m->v[i];
    m->count = kept;
}

static const char *
made_up_name(const struct trial *t, const char *what)
{
    uint8_t digest[PAV_SHA256_LEN];
    char *name = pav_arena_alloc(t->arena, 37);
    const char *of = pav_arena_printf(t->arena, "%s %llu", what,
                                      (unsigned long long)t->in->seed);

    pav_sha256(of, strlen(of), digest);
    pav_uuid4_of(digest, name);
    return name;
}

/* Of an execution that never was: an express one of a machine that is none. */
static struct pav_identity
made_up_identity(const struct trial *t)
{
    const char *machine = made_up_name(t, "machine"),
               *name = made_up_name(t, "execution");
    const char *in =
        pav_arena_printf(t->arena, "arn:aws:states:%s:%s",
                         t->in->region == NULL ? "" : t->in->region,
                         t->in->account == NULL ? "" : t->in->account);

    return (struct pav_identity){
        .execution_arn =
            pav_arena_printf(t->arena, "%s:express:%s:%s", in, machine, name),
        .execution_name = name,
        .machine_arn =
            pav_arena_printf(t->arena, "%s:stateMachine:%s", in, machine),
        .machine_name = machine,
        .region = t->in->region == NULL ? "" : t->in->region,
        .account = t->in->account == NULL ? "" : t->in->account,
        .role_arn = t->in->role_arn == NULL ? "" : t->in->role_arn,
        .started_at = t->in->now_ms};
}

static void
try_state(struct trial *t)
{
    static const char *const all[] = {"*"};
    static const struct pav_services services = {all, 1, PAV_UNMAPPED_DEFAULT};
    const struct pav_identity identity = made_up_identity(t);
    struct pav_step_in in = {.machine = t->machine,
                             .identity = &identity,
                             .execution_input = t->in->input,
                             .first_event_id = 1,
                             .now_ms = t->in->now_ms,
                             .services = &services};
    struct pav_step_out ignored = {0};
    struct inspection inspection = {.context = t->in->context};
    struct stepper st = {.in = &in,
                         .machine = t->machine,
                         .arena = t->arena,
                         .out = &ignored,
                         .next_id = 1,
                         .next_no = 1,
                         .inspection = &inspection};
    struct frame *f = pav_arena_zalloc(t->arena, sizeof(*f));

    memcpy(in.seed, &t->in->seed, sizeof(t->in->seed));
    recorder_init(&st.rec, &st);
    pav_members_init(&inspection.data, t->arena);
    f->scope = t->state->scope;
    f->state = t->state;
    f->input =
        MADE(t->in->input == NULL ? &pav_doc_empty_object : t->in->input);
    f->variables = t->in->variables;
    f->retry_count = t->in->retry_count;
    inspect(&st, "input", f->input.doc);
    st.root = f;
    if (run(t, &st, f) && !too_big(&st, f->result)) {
        t->out->status = "SUCCEEDED";
        t->out->output = f->result;
        t->out->next_state = f->jump == NULL ? NULL : f->jump->name;
        if (f->assigned != NULL)
            inspect(&st, "variables", f->assigned);
    } else {
        if (st.failure.error == NULL && t->state->kind->exited != 0 &&
            !t->in->mocked_error)
            fail_as(&st, pav_states_error(PAV_STATES_DATA_LIMIT_EXCEEDED),
                    NULL);
        failed(t, &st, f);
    }
    if (t->state->kind->shown != NULL)
        keep_shown(&inspection.data, t->state->kind->shown);
    t->out->inspection = pav_members_object(&inspection.data);
    recorder_fini(&st.rec);
}

bool
pav_test_state(const struct pav_test_in *in, struct pav_arena *a,
               struct pav_test_out *out, const char **error, const char **why)
{
    struct trial t = {
        .in = in, .arena = a, .out = out, .error = error, .why = why};
    bool fine;

    memset(out, 0, sizeof(*out));
    fine =
        compile(&t) && check_context(&t) && check_mock(&t) && check_result(&t);
    if (fine)
        try_state(&t);
    if (t.machine != NULL) {
        /* What was found may lie in the definition. */
        struct pav_buf b;

        if (fine && out->next_state != NULL)
            out->next_state = pav_arena_strdup(a, out->next_state);
        if (fine && out->error != NULL)
            out->error = pav_arena_strdup(a, out->error);
        if (fine && out->cause != NULL)
            out->cause = pav_arena_strdup(a, out->cause);
        pav_buf_init(&b, SIZE_MAX / 2);
        if (fine && out->output != NULL) {
            pav_doc_print(out->output, &b);
            out->output = pav_doc_own(a, b.p, b.len);
            b.len = 0;
        }
        if (fine) {
            pav_doc_print(out->inspection, &b);
            out->inspection = pav_doc_own(a, b.p, b.len);
        }
        pav_buf_fini(&b);
        pav_machine_free(t.machine);
    }
    return fine;
}
