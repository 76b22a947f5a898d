/* Compiling definitions: every fault at once, each with its place. */
#include "unit.h"

#include "pavane/machine.h"

static struct pav_arena arena;

static int
setup(void **state)
{
    (void)state;
    pav_arena_init(&arena, 4096);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    pav_arena_fini(&arena);
    return 0;
}

static const char *
faults_of(const char *text)
{
    struct pav_faults f;
    struct pav_machine *m;
    struct pav_buf b;
    const char *out;

    pav_faults_init(&f, &arena);
    m = pav_machine_compile(text, strlen(text), PAV_STANDARD, &f);
    assert_int_equal(m == NULL, f.errors > 0);
    pav_machine_free(m);
    pav_buf_init(&b, 1 << 20);
    pav_faults_print(&f, "m", &b);
    out = pav_arena_strdup(&arena, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return out;
}

static void
expect_fault(const char *text, const char *line)
{
    const char *all = faults_of(text);

    if (strstr(all, line) == NULL)
        fail_msg("wanted: %s\ngot: %s", line, all);
}

#define PASS_TO(next)                                                          \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"" next \
    "\"}}}"
#define ONE(state)                                                             \
    "{\"StartAt\":\"A\",\"States\":{\"A\":" state                              \
    ",\"Z\":{\"Type\":\"Succeed\"}}}"
#define TASK                                                                   \
    "\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::sqs:sendMessage"        \
    ".waitForTaskToken\",\"Next\":\"Z\""

static void
test_three_faults_at_once(void **state)
{
    static const char text[] =
        "{\n \"StartAt\": \"A\",\n \"States\": {\n"
        "  \"A\": { \"Type\": \"Choice\", \"Choices\": [] },\n"
        "  \"B\": { \"Type\": \"Pass\", \"Next\": \"Nowhere\" },\n"
        "  \"C\": { \"Type\": \"Wait\", \"Seconds\": -1, \"End\": true }\n"
        " }\n}";

    (void)state;
    expect_fault(text, "m:4:8: error: SCHEMA_VALIDATION_FAILED: The field "
                       "'Choices' must be a list with a rule in it "
                       "(/States/A)");
    expect_fault(text, "m:5:34: error: MISSING_TRANSITION_TARGET: There is no "
                       "state 'Nowhere' among the states here "
                       "(/States/B/Next)");
    expect_fault(text, "m:6:37: error: SCHEMA_VALIDATION_FAILED: The field "
                       "'Seconds' must be a whole number from 0 to 99999999 "
                       "(/States/C/Seconds)");
}

static void
test_faults(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"[", "INVALID_JSON_DESCRIPTION"},
        {"{}", "These fields are required: [StartAt, States] (/)"},
        {"{\"StartAt\":\"A\"}", "These fields are required: [States]"},
        {"{\"StartAt\":\"B\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}",
         "There is no state 'B'"},
        {PASS_TO("A"), "No state here ends"},
        {ONE("{\"Type\":\"Nap\"}"),
         "The field 'Type' should have one of these values"},
        {ONE("{\"Next\":\"Z\"}"),
         "The field 'Type' is required but was missing"},
        {ONE("{\"Type\":\"Map\",\"Next\":\"Z\"}"),
         "The field 'ItemProcessor' is required but was missing"},
        {ONE("{\"Type\":\"Map\",\"Next\":\"Z\",\"ItemBatcher\":{},"
             "\"ItemProcessor\":{}}"),
         "The field 'ItemBatcher' belongs to the mode DISTRIBUTED"},
        {ONE("{\"Type\":\"Map\",\"Next\":\"Z\",\"MaxConcurrency\":1,"
             "\"MaxConcurrencyPath\":\"$.a\",\"ItemProcessor\":{}}"),
         "Only one of 'MaxConcurrency' and 'MaxConcurrencyPath'"},
        {ONE("{\"Type\":\"Pass\"}"), "One of the fields 'Next' and 'End'"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"End\":true}"),
         "Only one of 'Next' and 'End'"},
        {ONE("{\"Type\":\"Pass\",\"End\":true}"),
         "No transition leads to the state 'Z'"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"InputPath\":\"$.[\"}"),
         "must be a valid JSONPath"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"ResultPath\":\"$.a[*]\"}"),
         "must be a valid reference path"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"ResultPath\":\"$$.a\"}"),
         "cannot write to the context object"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Parameters\":"
             "{\"a.$\":\"x\"}}"),
         "The value for the field 'a.$' must be a valid JSONPath or a valid "
         "intrinsic function call (/States/A/Parameters)"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Parameters\":"
             "{\"a\":1,\"a.$\":\"$\"}}"),
         "The field 'a' is given twice"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Parameters\":"
             "{\"a.$\":\"States.UUID(1)\"}}"),
         "must be a valid JSONPath or a valid intrinsic function call"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Assign\":{\"a.b\":1}}"),
         "'a.b' is no name for a variable"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Output\":{}}"),
         "The QueryLanguage is set to 'JSONPath', but field 'Output' is only "
         "supported for the 'JSONata' QueryLanguage"},
        {ONE("{\"Type\":\"Wait\",\"Next\":\"Z\"}"), "0 are given"},
        {ONE("{\"Type\":\"Wait\",\"Next\":\"Z\",\"Seconds\":1,"
             "\"SecondsPath\":\"$.a\"}"),
         "2 are given"},
        {ONE("{\"Type\":\"Wait\",\"Next\":\"Z\",\"Timestamp\":\"soon\"}"),
         "String does not match RFC3339 timestamp"},
        {ONE("{\"Type\":\"Task\",\"Resource\":\"x\",\"Next\":\"Z\"}"),
         "The resource provided x is not recognized."},
        {ONE("{\"Type\":\"Task\",\"Resource\":"
             "\"arn:aws:states:::lambda:drop\",\"Next\":\"Z\"}"),
         "The resource provided arn:aws:states:::lambda:drop is not "
         "recognized."},
        {ONE("{" TASK ",\"HeartbeatSeconds\":9,\"TimeoutSeconds\":9}"),
         "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'"},
        {ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]},"
             "{\"ErrorEquals\":[\"X\"]}]}"),
         "'States.ALL' must be alone, in the last entry"},
        {ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[]}]}"),
         "'ErrorEquals' must be a list"},
        {ONE("{" TASK ",\"Retry\":[{\"ErrorEquals\":[\"X\"],"
             "\"BackoffRate\":0.5}]}"),
         "'BackoffRate' must be a number of 1 or more"},
        {ONE("{" TASK ",\"Catch\":[{\"ErrorEquals\":[\"X\"],"
             "\"Next\":\"Q\"}]}"),
         "There is no state 'Q'"},
        {ONE("{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\","
             "\"StringEquals\":1,\"Next\":\"Z\"}]}"),
         "The field 'StringEquals' must be a string"},
        {ONE("{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\","
             "\"Next\":\"Z\"}]}"),
         "exactly one operator, 0 are given"},
        {ONE("{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\","
             "\"StringMatches\":\"a\\\\b\",\"Next\":\"Z\"}]}"),
         "A backslash in a StringMatches pattern"},
        {ONE("{\"Type\":\"Parallel\",\"Branches\":[],\"Next\":\"Z\"}"),
         "Value cannot be empty (/States/A/Branches)"},
        {ONE("{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":[{\"StartAt\":"
             "\"Z\",\"States\":{\"Z\":{\"Type\":\"Succeed\"}}}]}"),
         "The state name 'Z' appears twice"},
        {ONE("{\"Type\":\"Parallel\",\"Next\":\"Z\",\"Branches\":[{\"StartAt\":"
             "\"B\",\"States\":{\"B\":{\"Type\":\"Pass\",\"Next\":\"Z\"}}}]}"),
         "There is no state 'Z' among the states here"},
        {ONE("{\"Type\":\"Pass\",\"Next\":\"Z\",\"Colour\":1}"),
         "warning: UNKNOWN_FIELD"},
        {"{\"StartAt\":\"A\",\"StartAt\":\"A\",\"States\":{}}",
         "the key 'StartAt' appears twice"},
        /* a text is expected; what the task awaits is asked all the same */
        {"{\"StartAt\":\"A\",\"States\":{\"A\":{" TASK
         "},\"Z\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":"
         "\"$.detail-type\",\"StringEquals\":\"X\",\"Next\":\"E\"},"
         "{\"Variable\":\"$.detail-type\",\"StringEquals\":5,\"Next\":\"E\"}"
         "]},\"E\":{\"Type\":\"Succeed\"}}}",
         "StringEquals"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++)
        expect_fault(cases[i].text, cases[i].fault);
}

static void
test_good_ones(void **state)
{
    static const char *const good[] = {
        ONE("{" TASK ",\"Retry\":[],\"Catch\":[]}"),
        ONE("{\"Type\":\"Fail\"}"),
    };

    (void)state;
    assert_null(strstr(faults_of(good[0]), "error"));
    expect_fault(good[1], "No transition leads to the state 'Z'");
}

static void
test_awaits(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{" TASK
        "},\"Z\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":"
        "\"$.eventName\",\"StringEquals\":\"Paid\",\"Next\":\"E\"},{\"Or\":["
        "{\"Variable\":\"$.eventName\",\"StringEquals\":\"Paid\"},"
        "{\"Variable\":\"$.eventName\",\"StringEquals\":\"Cancelled\"}],"
        "\"Next\":\"E\"}],\"Default\":\"E\"},\"E\":{\"Type\":\"Succeed\"}}}";
    struct pav_faults f;
    struct pav_machine *m;

    (void)state;
    pav_faults_init(&f, &arena);
    m = pav_machine_compile(text, strlen(text), PAV_STANDARD, &f);
    assert_non_null(m);
    assert_string_equal(pav_machine_state(m, 0).awaits, "Paid or Cancelled");
    pav_machine_free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_three_faults_at_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_good_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_awaits, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
