/* Steps: determinism, data flow, retries, catches, branches, timers. */
#include "unit.h"

#include "../kept_records.h"

#define NOW 1767225600000

struct run {
    struct pav_arena arena;
    struct pav_machine *machine;
    struct pav_identity id;
    struct pav_step_out out;
    struct kept_records records;
    struct pav_record *record;
    const struct pav_doc *input;
    int64_t next_id, now;
    char types[65536]; /* history event types, a blank behind each */
};

static void
begin(struct run *r, const char *definition)
{
    struct pav_faults f;

    memset(r, 0, sizeof(*r));
    pav_arena_init(&r->arena, 65536);
    pav_faults_init(&f, &r->arena);
    r->machine =
        pav_machine_compile(definition, strlen(definition), PAV_STANDARD, &f);
    if (r->machine == NULL)
        fail_msg("%s: %s", f.v[0].pointer, f.v[0].message);
    r->id.execution_no = 7;
    r->id.execution_arn = "arn:aws:states:us-east-1:0:execution:m:x";
    r->id.execution_name = "x";
    r->id.machine_arn = "arn:aws:states:us-east-1:0:stateMachine:m";
    r->id.machine_name = "m";
    r->id.role_arn = "";
    r->id.region = "us-east-1";
    r->id.started_at = NOW;
    r->now = NOW;
    r->next_id = 1;
}

static void
end(struct run *r)
{
    pav_machine_free(r->machine);
    pav_arena_fini(&r->arena);
}

static const struct pav_doc *
doc(struct run *r, const char *text)
{
    return pav_doc_own(&r->arena, text, strlen(text));
}

static void
wake(struct run *r, struct pav_wake w)
{
    struct pav_step_in in = {.machine = r->machine,
                             .identity = &r->id,
                             .record = r->record,
                             .execution_input = r->input,
                             .first_event_id = r->next_id,
                             .wake = w,
                             .now_ms = r->now};
    struct pav_step_out again;
    uint32_t i;

    memset(in.seed, 42, sizeof(in.seed));
    pav_step(&in, &r->arena, &r->out);
    /* The same arguments give the same bytes, every time. */
    pav_step(&in, &r->arena, &again);
    assert_int_equal(again.record.len, r->out.record.len);
    assert_memory_equal(again.record.p, r->out.record.p, again.record.len);
    pav_buf_fini(&again.record);
    r->records.machine = r->machine;
    r->record = keep_record(&r->records, &r->out.record, &r->arena);
    pav_buf_fini(&r->out.record);
    for (i = 0; i < r->out.event_count; i++) {
        struct pav_history_event e;

        pav_history_event(r->record, i, r->next_id, &r->arena, &e);
        assert_int_equal(e.id, r->next_id + i);
        assert_true(e.previous_id < e.id);
        strcat(r->types, e.type);
        strcat(r->types, " ");
    }
    r->next_id += r->out.event_count;
}

static void
start(struct run *r, const char *input)
{
    struct pav_wake w = {.kind = PAV_WAKE_START, .output = doc(r, input)};

    r->input = w.output;
    wake(r, w);
}

static void
succeed(struct run *r, uint32_t wait, const char *output)
{
    struct pav_wake w = {.kind = PAV_WAKE_SUCCESS,
                         .no = r->out.waits[wait].no,
                         .output = doc(r, output)};

    wake(r, w);
}

static void
fail_wait(struct run *r, uint32_t wait, const char *error)
{
    struct pav_wake w = {
        .kind = PAV_WAKE_FAILURE, .no = r->out.waits[wait].no, .error = error};

    wake(r, w);
}

static void
fire(struct run *r)
{
    struct pav_wake w = {.kind = PAV_WAKE_TIMER, .no = r->out.timers[0].no};

    r->now = r->out.timers[0].due_at;
    wake(r, w);
}

static void
expect_output(struct run *r, const char *text)
{
    struct pav_buf b;

    assert_int_equal(r->out.status, PAV_SUCCEEDED);
    pav_buf_init(&b, 1 << 20);
    pav_doc_print(r->out.output, &b);
    assert_string_equal(b.p, text);
    pav_buf_fini(&b);
}

#define CALLBACK                                                               \
    "\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::sqs:sendMessage"        \
    ".waitForTaskToken\""

/* InputPath, Parameters, ResultSelector, ResultPath, OutputPath, in order. */
static void
test_data_flow(void **state)
{
    struct run r;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"InputPath\":\"$.in\",\"Parameters\":{\"x.$\":\"$.v\","
              "\"t.$\":\"$$.Task.Token\",\"n.$\":\"$$.Execution.Input.in.v\"},"
              "\"ResultSelector\":{\"got.$\":\"$.answer\"},\"ResultPath\":"
              "\"$.in.result\",\"OutputPath\":\"$.in\",\"End\":true}}}");
    start(&r, "{\"in\":{\"v\":1.50},\"other\":2}");
    assert_int_equal(r.out.wait_count, 1);
    assert_int_equal(strlen(r.out.waits[0].token), PAV_TOKEN_LEN);
    succeed(&r, 0, "{\"answer\":[1],\"noise\":true}");
    expect_output(&r, "{\"v\":1.50,\"result\":{\"got\":[1]}}");
    assert_string_equal(
        r.types, "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted "
                 "TaskSubmitted TaskSucceeded TaskStateExited "
                 "ExecutionSucceeded ");
    end(&r);
}

static void
test_token_names_its_wait(void **state)
{
    struct run r;
    int64_t execution;
    uint32_t no;

    (void)state;
    begin(&r,
          "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK ",\"End\":true}}}");
    start(&r, "{}");
    assert_true(
        pav_token_read(r.out.waits[0].token, PAV_TOKEN_LEN, &execution, &no));
    assert_int_equal(execution, 7);
    assert_int_equal(no, r.out.waits[0].no);
    assert_false(pav_token_read("short", 5, &execution, &no));
    end(&r);
}

/* Defaults: 1 s, 3 attempts, rate 2; a new token for every attempt. */
static void
test_retry_then_fail(void **state)
{
    static const int64_t delays[] = {1000, 2000, 4000};
    struct run r;
    const char *token = "";
    int i;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}],"
              "\"End\":true}}}");
    start(&r, "{}");
    for (i = 0; i < 3; i++) {
        assert_string_not_equal(r.out.waits[0].token, token);
        token = r.out.waits[0].token;
        fail_wait(&r, 0, "Oops");
        assert_int_equal(r.out.wait_count, 0);
        assert_int_equal(r.out.timers[0].due_at - r.now, delays[i]);
        fire(&r);
    }
    fail_wait(&r, 0, "Oops");
    assert_int_equal(r.out.status, PAV_FAILED);
    assert_string_equal(r.out.error, "Oops");
    end(&r);
}

static void
test_catch_keeps_input(void **state)
{
    struct run r;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"Catch\":[{\"ErrorEquals\":[\"Other\"],\"Next\":\"Z\"},"
              "{\"ErrorEquals\":[\"States.TaskFailed\"],\"ResultPath\":"
              "\"$.why\",\"Next\":\"Z\"}],\"End\":true},\"Z\":{\"Type\":"
              "\"Succeed\"}}}");
    start(&r, "{\"a\":1}");
    fail_wait(&r, 0, NULL);
    expect_output(&r, "{\"a\":1,\"why\":{\"Error\":null,\"Cause\":null}}");
    end(&r);
}

static void
test_timeout(void **state)
{
    struct run r;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"TimeoutSeconds\":60,\"Catch\":[{\"ErrorEquals\":"
              "[\"States.Timeout\"],\"Next\":\"Z\"}],\"End\":true},"
              "\"Z\":{\"Type\":\"Succeed\"}}}");
    start(&r, "{}");
    assert_int_equal(r.out.timers[0].due_at, NOW + 60000);
    fire(&r);
    assert_int_equal(r.out.status, PAV_SUCCEEDED);
    assert_non_null(strstr(r.types, "TaskTimedOut TaskStateExited"));
    end(&r);
}

static void
test_machine_timeout(void **state)
{
    struct run r;

    (void)state;
    begin(&r, "{\"TimeoutSeconds\":5,\"StartAt\":\"A\",\"States\":{\"A\":{"
              "\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}}");
    start(&r, "{}");
    assert_int_equal(r.out.timer_count, 2);
    r.out.timers = &r.out.timers[1];
    assert_int_equal(r.out.timers[0].no, PAV_TIMER_MACHINE);
    fire(&r);
    assert_int_equal(r.out.status, PAV_TIMED_OUT);
    end(&r);
}

#define BRANCHES                                                               \
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\","             \
    "\"Branches\":"                                                            \
    "[{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK                         \
    ",\"End\":true}}},{\"StartAt\":\"B\",\"States\":{\"B\":{" CALLBACK         \
    ",\"Next\":\"C\"},\"C\":{\"Type\":\"Pass\",\"End\":true}}}]"

static void
test_parallel_in_any_order(void **state)
{
    struct run r;

    (void)state;
    begin(&r, BRANCHES ",\"End\":true}}}");
    start(&r, "{}");
    assert_int_equal(r.out.wait_count, 2);
    succeed(&r, 1, "\"second\"");
    assert_int_equal(r.out.wait_count, 1);
    assert_string_equal(r.out.waits[0].state, "A");
    succeed(&r, 0, "\"first\"");
    expect_output(&r, "[\"first\",\"second\"]");
    end(&r);
}

static void
test_parallel_fails_and_is_caught(void **state)
{
    struct run r;

    (void)state;
    begin(&r, BRANCHES ",\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],"
                       "\"Next\":\"Z\"}],\"Next\":\"Z\"},\"Z\":{\"Type\":"
                       "\"Succeed\"}}}");
    start(&r, "{}");
    fail_wait(&r, 0, "Broken");
    expect_output(&r, "{\"Error\":\"Broken\",\"Cause\":null}");
    assert_non_null(strstr(r.types,
                           "TaskFailed TaskStateAborted TaskStateAborted "
                           "ParallelStateFailed ParallelStateExited"));
    end(&r);
}

static void
test_parallel_retries_from_the_start(void **state)
{
    struct run r;

    (void)state;
    begin(&r, BRANCHES ",\"Retry\":[{\"ErrorEquals\":[\"Broken\"]}],"
                       "\"End\":true}}}");
    start(&r, "{}");
    fail_wait(&r, 1, "Broken");
    assert_int_equal(r.out.wait_count, 0);
    fire(&r);
    assert_int_equal(r.out.wait_count, 2);
    assert_null(strstr(r.types, "ParallelStateFailed"));
    succeed(&r, 0, "1");
    succeed(&r, 0, "2");
    expect_output(&r, "[1,2]");
    end(&r);
}

static void
test_unexpected_is_told(void **state)
{
    static const char definition[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
        ",\"Next\":\"C\"},\"C\":{\"Type\":\"Choice\",\"Choices\":[{"
        "\"Variable\":\"$.n\",\"StringEquals\":\"good\",\"Next\":\"Z\"}],"
        "\"Default\":\"P\"},\"P\":{\"Type\":\"Pass\",\"Next\":\"F\"},"
        "\"F\":{\"Type\":\"Fail\"},\"Z\":{\"Type\":\"Succeed\"}}}";
    struct run r;

    (void)state;
    begin(&r, definition);
    start(&r, "{}");
    succeed(&r, 0, "{\"n\":\"bad\"}");
    assert_true(r.out.unexpected);
    assert_int_equal(r.out.status, PAV_FAILED);
    end(&r);
    begin(&r, definition);
    start(&r, "{}");
    succeed(&r, 0, "{\"n\":\"good\"}");
    assert_false(r.out.unexpected);
    end(&r);
}

/* A loop without end runs in slices and stops at the service's limit. */
static void
test_history_limit(void **state)
{
    struct run r;
    int slices = 0;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
              "\"Next\":\"B\"},\"B\":{\"Type\":\"Choice\",\"Choices\":[{"
              "\"Variable\":\"$.stop\",\"IsPresent\":true,\"Next\":\"Z\"}],"
              "\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}");
    r.types[0] = '\0';
    start(&r, "{}");
    while (r.out.status == PAV_RUNNING && slices++ < 100) {
        r.types[0] = '\0';
        assert_int_equal(r.out.timers[0].no, PAV_TIMER_GO_ON);
        fire(&r);
    }
    assert_int_equal(r.out.status, PAV_FAILED);
    assert_string_equal(r.out.error, "States.Runtime");
    assert_int_equal(r.next_id - 1, PAV_HISTORY_MAX);
    end(&r);
}

static void
test_too_large(void **state)
{
    struct run r;
    struct pav_buf b;
    int i;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"Next\":\"Z\",\"Catch\":[{\"ErrorEquals\":["
              "\"States.DataLimitExceeded\"],\"Next\":\"Z\"}]},\"Z\":{"
              "\"Type\":\"Succeed\"}}}");
    start(&r, "{}");
    pav_buf_init(&b, 1 << 20);
    pav_buf_putc(&b, '"');
    for (i = 0; i < PAV_PAYLOAD_MAX; i++)
        pav_buf_putc(&b, 'x');
    pav_buf_putc(&b, '"');
    succeed(&r, 0, b.p);
    assert_int_equal(r.out.status, PAV_SUCCEEDED);
    assert_non_null(strstr(r.types, "TaskFailed TaskStateExited"));
    pav_buf_fini(&b);
    end(&r);
}

/* A catcher whose own output is too large must not catch that again. */
static void
test_too_large_when_caught(void **state)
{
    struct run r;
    struct pav_buf b;
    int i;

    (void)state;
    begin(&r, "{\"StartAt\":\"A\",\"States\":{\"A\":{" CALLBACK
              ",\"Next\":\"Z\",\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],"
              "\"ResultPath\":\"$.e\",\"Next\":\"Z\"}]},\"Z\":{\"Type\":"
              "\"Succeed\"}}}");
    pav_buf_init(&b, 1 << 20);
    pav_buf_puts(&b, "{\"x\":\"");
    for (i = 0; i < PAV_PAYLOAD_MAX - 20; i++)
        pav_buf_putc(&b, 'x');
    pav_buf_puts(&b, "\"}");
    start(&r, b.p);
    fail_wait(&r, 0, "E");
    assert_int_equal(r.out.status, PAV_FAILED);
    pav_buf_fini(&b);
    end(&r);
}

static void
test_stop(void **state)
{
    struct run r;
    struct pav_wake w = {
        .kind = PAV_WAKE_STOP, .error = "500", .cause = "enough"};

    (void)state;
    begin(&r, BRANCHES ",\"End\":true}}}");
    start(&r, "{}");
    wake(&r, w);
    assert_int_equal(r.out.status, PAV_ABORTED);
    assert_string_equal(r.out.error, "500");
    assert_int_equal(r.out.wait_count, 0);
    end(&r);
}

/* A turn serves everybody: a loop goes on in a later one. */
static void
test_a_loop_pauses(void **state)
{
    static const char text[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
        "\"Parameters\":{\"x.$\":\"$.x\"},\"Next\":"
        "\"C\"},"
        "\"C\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.z\","
        "\"IsPresent\":true,\"Next\":\"E\"}],\"Default\":\"A\"},"
        "\"E\":{\"Type\":\"Succeed\"}}}";
    struct pav_buf b;
    struct run r;
    uint32_t few;
    int i;

    (void)state;
    begin(&r, text);
    start(&r, "{\"x\":1}");
    assert_int_equal(r.out.status, PAV_RUNNING);
    assert_int_equal(r.out.timer_count, 1);
    assert_int_equal(r.out.timers[0].no, PAV_TIMER_GO_ON);
    assert_true(r.out.timers[0].due_at > r.now);
    few = r.out.event_count;
    end(&r);

    pav_buf_init(&b, 1 << 20);
    pav_buf_puts(&b, "{\"x\":\"");
    for (i = 0; i < 250000; i++)
        pav_buf_putc(&b, 'x');
    pav_buf_puts(&b, "\"}");
    begin(&r, text);
    start(&r, b.p);
    assert_int_equal(r.out.status, PAV_RUNNING);
    assert_true(r.out.event_count < few / 10);
    pav_buf_fini(&b);
    end(&r);
}

/* It goes past the Parallel, straight to the end. */
static void
test_runtime_error_in_a_branch(void **state)
{
    struct run r;

    (void)state;
    begin(
        &r,
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":"
        "true,"
        "\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"E\"}],"
        "\"Branches\":[{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
        "\"InputPath\":\"$.no\",\"End\":true}}}]},\"E\":{\"Type\":"
        "\"Succeed\"}}}");
    start(&r, "{}");
    assert_int_equal(r.out.status, PAV_FAILED);
    assert_string_equal(r.out.error, "States.Runtime");
    assert_null(strstr(r.types, "ParallelStateFailed"));
    end(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_flow),
        cmocka_unit_test(test_token_names_its_wait),
        cmocka_unit_test(test_retry_then_fail),
        cmocka_unit_test(test_catch_keeps_input),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_machine_timeout),
        cmocka_unit_test(test_parallel_in_any_order),
        cmocka_unit_test(test_parallel_fails_and_is_caught),
        cmocka_unit_test(test_parallel_retries_from_the_start),
        cmocka_unit_test(test_unexpected_is_told),
        cmocka_unit_test(test_history_limit),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_too_large_when_caught),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_a_loop_pauses),
        cmocka_unit_test(test_runtime_error_in_a_branch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
