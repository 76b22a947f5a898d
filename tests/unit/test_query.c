/*
 * The seam of the query languages: a small language beside JSONPath.
 *
 * "Plain" hands data on as it is, and its rules are {"Is": VALUE}: the input is
 * that value.  It is all that Pass and Choice ask of a language.
 */
#include "unit.h"

#include "lang/asl/compile.h"
#include "lang/asl/frame.h"
#include "lang/asl/kind.h"
#include "lang/asl/model.h"
#include "lang/asl/query.h"
#include "pavane/step.h"

/* ---- the language ---- */

struct test {
    const struct pav_doc *is;
};

static bool
plain_has_field(const struct state_kind *k, const struct pav_member *m)
{
    return (k->has & HAS_RESULT) && m->len == 6 && !memcmp(m->key, "Result", 6);
}

static const struct query *
plain_query(struct compiler *c, const struct state *s, const struct pav_doc *d,
            const struct place *place)
{
    (void)c, (void)s, (void)d, (void)place;
    return NULL;
}

static const struct test *
plain_test(struct compiler *c, const struct pav_doc *d,
           const struct place *place)
{
    struct test *t = pav_arena_zalloc(c->arena, sizeof(*t));

    t->is = pav_doc_get(d, "Is");
    if (t->is == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at, "no 'Is'");
    return t;
}

static bool
plain_arguments(struct stepper *st, struct frame *f, const struct pav_doc **out)
{
    (void)st;
    *out = payload_doc(&f->input);
    return true;
}

static bool
plain_output(struct stepper *st, struct frame *f, const struct query *q,
             const struct pav_doc *result, const struct pav_doc **out)
{
    (void)st, (void)f, (void)q;
    *out = result;
    return true;
}

static bool
plain_assign(struct stepper *st, struct frame *f, const struct query *q,
             const struct pav_doc *result, const struct pav_doc **out)
{
    (void)st, (void)f, (void)q, (void)result;
    *out = NULL;
    return true;
}

static bool
plain_holds(struct stepper *st, struct frame *f, const struct test *t,
            const struct pav_doc *from, bool *holds)
{
    (void)st, (void)f;
    *holds = pav_doc_equal(t->is, from);
    return true;
}

static const char *const plain_fields[] = {"Result", "Is", NULL};
static const struct query_language plain = {.name = "Plain",
                                            .own_fields = plain_fields,
                                            .has_field = plain_has_field,
                                            .state = plain_query,
                                            .rule = plain_query,
                                            .catcher = plain_query,
                                            .test = plain_test,
                                            .arguments = plain_arguments,
                                            .output = plain_output,
                                            .assign = plain_assign,
                                            .holds = plain_holds};
static const struct query_language *const both[] = {&jsonpath_language, &plain,
                                                    NULL};

/* ---- machines in it ---- */

struct run {
    struct pav_arena arena;
    struct pav_faults faults;
    struct pav_machine *machine;
    struct pav_step_out out;
};

static void
compile(struct run *r, const char *text)
{
    pav_arena_init(&r->arena, 4096);
    pav_faults_init(&r->faults, &r->arena);
    r->machine = machine_compile(text, strlen(text), PAV_STANDARD, both, false,
                                 &r->faults);
}

static void
start(struct run *r, const char *input)
{
    static const struct pav_identity id = {.execution_arn = "",
                                           .execution_name = "",
                                           .machine_arn = "",
                                           .machine_name = "",
                                           .role_arn = "",
                                           .region = "",
                                           .account = ""};
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &id,
                             .first_event_id = 1,
                             .wake = {.kind = PAV_WAKE_START}};

    assert_non_null(r->machine);
    in.wake.output = pav_doc_own(&r->arena, input, strlen(input));
    pav_step(&in, &r->arena, &r->out);
    pav_buf_fini(&r->out.record);
}

static void
end(struct run *r)
{
    pav_machine_free(r->machine);
    pav_arena_fini(&r->arena);
}

static const char *const tells_apart =
    "{\"QueryLanguage\":\"Plain\",\"StartAt\":\"Which\",\"States\":{"
    "\"Which\":{\"Type\":\"Choice\",\"Default\":\"Other\","
    "\"Choices\":[{\"Is\":\"red\",\"Next\":\"Red\"}]},"
    "\"Red\":{\"Type\":\"Pass\",\"Result\":\"stop\",\"End\":true},"
    "\"Other\":{\"Type\":\"Pass\",\"End\":true}}}";

static void
assert_output(struct run *r, const char *text)
{
    assert_int_equal(r->out.status, PAV_SUCCEEDED);
    assert_true(pav_doc_is_str(r->out.output, text));
}

static void
test_pass_and_choice(void **state)
{
    struct run r;

    (void)state;
    compile(&r, tells_apart);
    start(&r, "\"red\"");
    assert_output(&r, "stop");
    start(&r, "\"green\"");
    assert_output(&r, "green");
    end(&r);
}

/* A state may have another language than its machine. */
static void
test_mixed(void **state)
{
    struct run r;

    (void)state;
    compile(&r, "{\"StartAt\":\"Pick\",\"States\":{"
                "\"Pick\":{\"Type\":\"Pass\",\"InputPath\":\"$.colour\","
                "\"Next\":\"Which\"},"
                "\"Which\":{\"Type\":\"Choice\",\"QueryLanguage\":\"Plain\","
                "\"Choices\":[{\"Is\":\"red\",\"Next\":\"Red\"}]},"
                "\"Red\":{\"Type\":\"Succeed\"}}}");
    start(&r, "{\"colour\":\"red\"}");
    assert_output(&r, "red");
    end(&r);
}

/* Fields of one language mean nothing in another; its faults are told. */
static void
test_faults(void **state)
{
    struct run r;

    (void)state;
    compile(&r, "{\"QueryLanguage\":\"Plain\",\"StartAt\":\"A\",\"States\":{"
                "\"A\":{\"Type\":\"Pass\",\"InputPath\":\"$.a\",\"End\":true}}"
                "}");
    assert_null(r.machine);
    assert_string_equal(r.faults.v[0].message,
                        "The QueryLanguage is set to 'Plain', but field "
                        "'InputPath' is only supported for the 'JSONPath' "
                        "QueryLanguage");
    end(&r);
    compile(&r, "{\"QueryLanguage\":\"Plain\",\"StartAt\":\"A\",\"States\":{"
                "\"A\":{\"Type\":\"Choice\",\"Choices\":[{\"Next\":\"B\"}]},"
                "\"B\":{\"Type\":\"Pass\",\"End\":true}}}");
    assert_null(r.machine);
    assert_string_equal(r.faults.v[0].message, "no 'Is'");
    assert_string_equal(r.faults.v[0].pointer, "/States/A/Choices/0");
    end(&r);
    compile(&r, "{\"QueryLanguage\":\"SQL\",\"StartAt\":\"A\",\"States\":{"
                "\"A\":{\"Type\":\"Pass\",\"End\":true}}}");
    assert_null(r.machine);
    assert_string_equal(r.faults.v[0].message,
                        "The field 'QueryLanguage' should have one of these "
                        "values: [JSONPath, Plain]");
    end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pass_and_choice),
                                       cmocka_unit_test(test_mixed),
                                       cmocka_unit_test(test_faults)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
