/* Text, times, buffers, queues, settings, digests, the clock. */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "pavane/arn.h"
#include "pavane/buf.h"
#include "pavane/clock.h"
#include "pavane/digest.h"
#include "pavane/cjson.h"
#include "pavane/queue.h"
#include "pavane/settings.h"
#include "pavane/text.h"

static void
test_times(void **state)
{
    int order;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"1970-01-01T00:00:00Z", 0},
                {"2026-11-24T10:12:13.456Z", 1795515133456},
                {"2026-11-24T10:12:13.4Z", 1795515133400},
                {"2026-11-24T10:12:13.456789123Z", 1795515133456},
                {"2026-11-24T12:12:13+02:00", 1795515133000},
                {"2024-02-29T00:00:00Z", 1709164800000},
                {"1969-12-31T23:59:59Z", -1000}};
    static const char *const bad[] = {"",
                                      "2026-11-24",
                                      "2026-11-24T10:12:13",
                                      "2026-11-24t10:12:13Z",
                                      "2026-11-24T10:12:13z",
                                      "2026-13-01T00:00:00Z",
                                      "2025-02-29T00:00:00Z",
                                      "2026-11-24T24:00:00Z",
                                      "2026-11-24T10:12:13.Z",
                                      "2026-11-24T10:12:13+0200",
                                      "2026-11-24 10:12:13Z"};
    char out[PAV_TIME_LEN];
    int64_t ms;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(good); i++) {
        assert_true(pav_time_parse(good[i].text, strlen(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (i = 0; i < COUNT(bad); i++)
        if (pav_time_parse(bad[i], strlen(bad[i]), &ms))
            fail_msg("accepted: %s", bad[i]);
    assert_true(pav_time_cmp("2026-11-24T10:00:00.0001Z", 25,
                             "2026-11-24T11:00:00.0002+01:00", 30, &order));
    assert_int_equal(order, -1);
    assert_true(pav_time_cmp("2026-11-24T10:00:00.5Z", 22,
                             "2026-11-24T10:00:00.50000000000Z", 32, &order));
    assert_int_equal(order, 0);
    assert_string_equal(pav_time_format(1795515133456, out),
                        "2026-11-24T10:12:13.456Z");
    assert_string_equal(pav_time_format(-1, out), "1969-12-31T23:59:59.999Z");
}

/* Each day of ten thousand years is read again as what it was. */
static void
test_days(void **state)
{
    char out[PAV_TIME_LEN];
    int64_t day, ms, last = pav_days_from_civil(9999, 12, 31);

    (void)state;
    for (day = pav_days_from_civil(0, 1, 1); day <= last; day++) {
        int64_t at =
            day * 86400000 + (day * 7919 % 86400000 + 86400000) % 86400000;

        pav_time_format(at, out);
        assert_true(pav_time_parse(out, strlen(out), &ms));
        assert_int_equal(ms, at);
    }
    assert_string_equal(pav_time_format(INT64_MAX, out),
                        "9999-12-31T23:59:59.999Z");
    assert_string_equal(pav_time_format(INT64_MIN, out),
                        "9999-12-31T23:59:59.999Z");
}

static void
test_html_and_json_escapes(void **state)
{
    struct pav_buf b;

    (void)state;
    pav_buf_init(&b, 1000);
    pav_buf_html(&b, "<a b='c'>&\"", 11);
    assert_string_equal(b.p, "&lt;a b=&#39;c&#39;&gt;&amp;&quot;");
    b.len = 0;
    pav_buf_json(&b, "\"\\\n\x01\x7f", 5);
    assert_string_equal(b.p, "\"\\\"\\\\\\n\\u0001\x7f\"");
    pav_buf_fini(&b);
}

static void
test_ceiling(void **state)
{
    struct pav_buf b;

    (void)state;
    pav_buf_init(&b, 8);
    pav_buf_puts(&b, "12345");
    assert_false(b.over);
    pav_buf_puts(&b, "6789");
    assert_true(b.over);
    pav_buf_puts(&b, "x"); /* sticky */
    assert_string_equal(b.p, "12345");
    pav_buf_fini(&b);
}

struct item {
    struct pav_node node;
    int n;
};

static void *
push_some(void *arg)
{
    struct pav_queue *q = arg;
    int i;

    for (i = 0; i < 1000; i++) {
        struct item *it = calloc(1, sizeof(*it));

        it->n = i;
        while (!pav_queue_push(q, &it->node))
            ;
    }
    return NULL;
}

static void
test_queue(void **state)
{
    struct pav_queue *q = pav_queue_new(64, false);
    pthread_t threads[4];
    struct pav_node *n, *next;
    int i, got = 0;

    (void)state;
    for (i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, push_some, q);
    while (got < 4000) {
        for (n = pav_queue_take(q, 7, -1); n != NULL; n = next) {
            next = n->next;
            free(n);
            got++;
        }
    }
    for (i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(pav_queue_count(q), 0);
    assert_null(pav_queue_take(q, 1, 0));
    pav_queue_close(q);
    assert_null(pav_queue_take(q, 1, -1)); /* closed: does not wait */
    pav_queue_free(q);
}

static void
test_queue_is_bounded_and_in_order(void **state)
{
    struct pav_queue *q = pav_queue_new(3, true);
    struct item items[4];
    struct pav_node *n;
    int i;

    (void)state;
    for (i = 0; i < 4; i++) {
        items[i].n = i;
        assert_int_equal(pav_queue_push(q, &items[i].node), i < 3);
    }
    n = pav_queue_take(q, 2, 0);
    assert_int_equal(((struct item *)n)->n, 0);
    assert_int_equal(((struct item *)n->next)->n, 1);
    assert_null(n->next->next);
    assert_int_equal(pav_queue_count(q), 1);
    n = pav_queue_take(q, 9, 0);
    assert_int_equal(((struct item *)n)->n, 2);
    pav_queue_free(q);
}

static const struct pav_setting table[] = {
    {"name", PAV_SET_TEXT, "TEXT", "none", 0, 0, "a text"},
    {"count", PAV_SET_INT, "N", "5", 1, 10, "a number"},
    {"loud", PAV_SET_FLAG, "", NULL, 0, 0, "a flag"},
};

static void
test_settings(void **state)
{
    static const char *const args[] = {"--count", "7", "word", "--loud",
                                       "--name=x y"};
    struct pav_settings *s = pav_settings_new(table, COUNT(table));
    char *argv[5];
    struct pav_err err;
    int argc = 5, i;

    (void)state;
    for (i = 0; i < 5; i++)
        argv[i] = strdup(args[i]);
    {
        char *copy[5];

        memcpy(copy, argv, sizeof(copy));
        assert_int_equal(pav_settings_read(s, &argc, argv, &err), PAV_OK);
        assert_int_equal(argc, 1);
        assert_string_equal(argv[0], "word");
        assert_int_equal(pav_settings_int(s, "count"), 7);
        assert_true(pav_settings_flag(s, "loud"));
        assert_string_equal(pav_settings_text(s, "name"), "x y");
        for (i = 0; i < 5; i++)
            free(copy[i]);
    }
    pav_settings_free(s);
}

static void
test_settings_refuse(void **state)
{
    static const struct {
        const char *args[2];
        const char *at;
    } bad[] = {{{"--count", "11"}, "--count"},
               {{"--count", "x"}, "--count"},
               {{"--nothing", "1"}, "--nothing"},
               {{"word", "--count"}, "--count"}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        struct pav_settings *s = pav_settings_new(table, COUNT(table));
        char a[32], b[32], *argv[2] = {a, b};
        struct pav_err err;
        int argc = 2;

        strcpy(a, bad[i].args[0]);
        strcpy(b, bad[i].args[1]);
        assert_int_equal(pav_settings_read(s, &argc, argv, &err), PAV_INVALID);
        assert_string_equal(err.at, bad[i].at);
        pav_settings_free(s);
    }
}

static void
test_base64url(void **state)
{
    uint8_t in[40], out[40];
    char text[80];
    size_t n;

    (void)state;
    for (n = 1; n < sizeof(in); n++) {
        size_t len;

        pav_random(in, n);
        len = pav_base64url(in, n, text);
        assert_int_equal(pav_base64url_decode(text, len, out, sizeof(out)), n);
        assert_memory_equal(in, out, n);
    }
    assert_int_equal(pav_base64url_decode("a+b=", 4, out, sizeof(out)), 0);
}

static void
test_json_of_settings_is_strict(void **state)
{
    static const char *const bad[] = {"{\"a\":1,\"a\":2}", "[1]x", "01",
                                      "{\"a\":\"\xff\"}"};
    struct pav_err err;
    cJSON *o = NULL;
    size_t i;
    int ok;

    (void)state;
    for (i = 0; i < COUNT(bad); i++)
        assert_int_not_equal(pav_cjson_parse(bad[i], strlen(bad[i]), &o, &err),
                             PAV_OK);
    assert_int_equal(pav_cjson_parse("{\"A\":1,\"a\":\"x\"}", 15, &o, &err),
                     PAV_OK);
    assert_string_equal(pav_cjson_str(o, "a"), "x");
    assert_int_equal(pav_cjson_int(o, "A", 0, &ok), 1);
    cJSON_Delete(o);
}

static void
test_clock_freezes(void **state)
{
    struct pav_clock c;
    int64_t now;

    (void)state;
    pav_clock_virtual(&c, 1000);
    pav_clock_advance(&c, 5);
    assert_int_equal(pav_clock_ms(&c), 1005);
    pav_clock_real(&c, 3600000);
    now = pav_clock_ms(&c);
    assert_int_equal(pav_clock_ms(&c), now); /* frozen until forgotten */
    pav_clock_forget(&c);
    assert_true(pav_clock_ms(&c) >= now);
}

/* ARNs of AWS and of ours, and what is none. */
static void
test_arns(void **state)
{
    static const char machine[] =
        "arn:aws-cn:states:eu-west-1:123456789012:stateMachine:order";
    static const char *const none[] = {"", "arn", "arn:aws:states:r:a",
                                       "arn::states:r:a:stateMachine:m",
                                       "urn:aws:states:r:a:stateMachine:m"};
    struct pav_states_arn arn;
    struct pav_arena a;
    size_t i;

    (void)state;
    pav_arena_init(&a, 1024);
    for (i = 0; i < COUNT(none); i++)
        if (pav_arn_is(none[i], strlen(none[i])))
            fail_msg("taken: %s", none[i]);
    assert_true(pav_arn_is(machine, strlen(machine)));
    assert_string_equal(pav_arn_resource(machine, "states"),
                        "stateMachine:order");
    assert_null(pav_arn_resource(machine, "events"));
    assert_string_equal(pav_arn_name(machine, "states", "stateMachine"),
                        "order");
    assert_null(pav_arn_name(machine, "states", "activity"));
    assert_string_equal(
        pav_arn_put(&a, "events", "us-east-1", "0", "rule/%s", "r"),
        "arn:aws:events:us-east-1:0:rule/r");

    assert_true(pav_arn_machine(&a, machine, &arn));
    assert_string_equal(arn.machine, "order");
    assert_null(arn.qualifier);
    assert_true(pav_arn_machine(
        &a, "arn:aws:states:r:0:stateMachine:order:live", &arn));
    assert_string_equal(arn.qualifier, "live");
    assert_true(
        pav_arn_execution(&a, "arn:aws:states:r:0:execution:order:k-1", &arn));
    assert_string_equal(arn.machine, "order");
    assert_string_equal(arn.name, "k-1");
    assert_null(arn.label);
    assert_true(pav_arn_execution(
        &a, "arn:aws:states:r:0:execution:order/label:child", &arn));
    assert_string_equal(arn.label, "label");
    assert_true(
        pav_arn_execution(&a, "arn:aws:states:r:0:express:order:k:1234", &arn));
    assert_true(arn.express);
    assert_false(pav_arn_execution(&a, machine, &arn));
    pav_arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_html_and_json_escapes),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_queue_is_bounded_and_in_order),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_refuse),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_json_of_settings_is_strict),
        cmocka_unit_test(test_clock_freezes),
        cmocka_unit_test(test_arns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
