/* Documents: the parser's grammar, exactness, lookups, equality. */
#include "unit.h"

#include <stdio.h>

#include "pavane/doc.h"

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
printed(const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;

    pav_buf_init(&b, 1 << 24);
    pav_doc_print(d, &b);
    text = pav_arena_strndup(&arena, b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

static const struct pav_doc *
parse(const char *text)
{
    const struct pav_doc *d = NULL;
    struct pav_err err;

    if (pav_doc_parse(&arena, text, strlen(text), NULL, &d, &err) != PAV_OK)
        fail_msg("%s: %s: %s", text, err.at, err.message);
    return d;
}

/* Print then parse is identity, digit by digit. */
static void
test_identity(void **state)
{
    static const char *const same[] = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0",
                                       "1.0",
                                       "1e400",
                                       "0.30000000000000004",
                                       "9007199254740993",
                                       "123456789012345678901234567890",
                                       "-1.5E+3",
                                       "\"\"",
                                       "\"a\\u0000b\"",
                                       "\"\\ud800\"",
                                       "\"\\\"\\\\\\n\"",
                                       "\"\xc3\xbc\xf0\x9f\x9a\x97\"",
                                       "[]",
                                       "{}",
                                       "[1,[2,[3]],{}]",
                                       "{\"b\":1,\"a\":{\"c\":[]}}"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(same); i++)
        assert_string_equal(printed(parse(same[i])), same[i]);
}

static void
test_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "01",
                                      "1.",
                                      ".5",
                                      "+1",
                                      "1e",
                                      "nul",
                                      "tru",
                                      "[1,]",
                                      "[1",
                                      "{\"a\"}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "'a'",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\t\"",
                                      "\"\xff\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "[1]x",
                                      "\xef\xbb\xbf[]",
                                      "[1 2]",
                                      "{\"a\":1 \"b\":2}",
                                      "-",
                                      "1 2"};
    struct pav_err err;
    const struct pav_doc *d;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++)
        if (pav_doc_parse(&arena, bad[i], strlen(bad[i]), NULL, &d, &err) ==
            PAV_OK)
            fail_msg("accepted: %s", bad[i]);
}

static void
test_place_of_a_fault(void **state)
{
    static const char text[] = "{\n  \"a\": 1,\n  \"b\": x\n}";
    struct pav_err err;
    const struct pav_doc *d;

    (void)state;
    assert_int_equal(pav_doc_parse(&arena, text, strlen(text), NULL, &d, &err),
                     PAV_INVALID);
    assert_string_equal(err.at, "line 3, column 8");
}

static void
test_depth(void **state)
{
    char text[2100];
    struct pav_err err;
    const struct pav_doc *d;

    (void)state;
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    assert_int_equal(pav_doc_parse(&arena, text, 2000, NULL, &d, &err), PAV_OK);
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    assert_int_equal(pav_doc_parse(&arena, text, 2002, NULL, &d, &err),
                     PAV_LIMIT);
}

static void
test_duplicates(void **state)
{
    static const char text[] = "{\"a\":1,\"b\":2,\"a\":3}";
    struct pav_doc_opts opts = {PAV_DUP_LAST, 0, 0};
    const struct pav_doc *d;
    struct pav_err err;

    (void)state;
    assert_int_equal(pav_doc_parse(&arena, text, strlen(text), &opts, &d, &err),
                     PAV_OK);
    assert_string_equal(printed(d), "{\"a\":3,\"b\":2}");
    opts.dup = PAV_DUP_REFUSE;
    assert_int_equal(pav_doc_parse(&arena, text, strlen(text), &opts, &d, &err),
                     PAV_INVALID);
    opts.dup = PAV_DUP_KEEP;
    assert_int_equal(pav_doc_parse(&arena, text, strlen(text), &opts, &d, &err),
                     PAV_OK);
    assert_int_equal(d->len, 3);
    assert_string_equal(printed(pav_doc_get(d, "a")), "3");
}

/* Large objects are found through their index, small ones without. */
static void
test_large_objects(void **state)
{
    struct pav_buf b;
    const struct pav_doc *d;
    struct pav_err err;
    char key[32];
    int i, count;

    (void)state;
    for (count = 1; count <= 300; count += 13) {
        pav_buf_init(&b, 1 << 20);
        pav_buf_putc(&b, '{');
        for (i = 0; i < count; i++)
            pav_buf_printf(&b, "%s\"key%d\":%d", i == 0 ? "" : ",",
                           (i * 7919) % 1000, i);
        pav_buf_putc(&b, '}');
        assert_int_equal(pav_doc_parse_copy(&arena, b.p, b.len, NULL, &d, &err),
                         PAV_OK);
        for (i = 0; i < count; i++) {
            int64_t n = -1;

            snprintf(key, sizeof(key), "key%d", (i * 7919) % 1000);
            assert_true(pav_doc_int(pav_doc_get(d, key), &n));
            assert_int_equal(n, i);
        }
        assert_null(pav_doc_get(d, "key"));
        assert_null(pav_doc_get(d, "key1000"));
        pav_buf_fini(&b);
    }
}

static void
test_numbers(void **state)
{
    int64_t n;

    (void)state;
    assert_true(pav_doc_int(parse("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_true(pav_doc_int(parse("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    assert_false(pav_doc_int(parse("9223372036854775808"), &n));
    assert_true(pav_doc_int(parse("1.0"), &n));
    assert_int_equal(n, 1);
    assert_false(pav_doc_int(parse("1.5"), &n));
    assert_true(pav_doc_equal(parse("1"), parse("1.0")));
    assert_false(
        pav_doc_equal(parse("9007199254740993"), parse("9007199254740992")));
    assert_string_equal(printed(pav_doc_new_double(&arena, 0.1 + 0.2)),
                        "0.30000000000000004");
    assert_string_equal(printed(pav_doc_new_double(&arena, 0.1)), "0.1");
    assert_string_equal(printed(pav_doc_new_double(&arena, 3)), "3");
}

static void
test_equality(void **state)
{
    (void)state;
    assert_true(pav_doc_equal(parse("{\"a\":1,\"b\":[2]}"),
                              parse("{\"b\":[2.0],\"a\":1}")));
    assert_false(pav_doc_equal(parse("{\"a\":1}"), parse("{\"a\":1,\"b\":2}")));
    assert_false(pav_doc_equal(parse("[1,2]"), parse("[2,1]")));
    assert_false(pav_doc_equal(parse("null"), parse("false")));
    assert_false(pav_doc_equal(parse("\"1\""), parse("1")));
}

static void
test_making(void **state)
{
    struct pav_members m;
    struct pav_items it;
    int i;

    (void)state;
    pav_members_init(&m, &arena);
    for (i = 0; i < 40; i++)
        pav_members_puts(&m, pav_arena_printf(&arena, "k%d", i % 20),
                         pav_doc_new_int(&arena, i));
    assert_int_equal(m.count, 20);
    assert_string_equal(printed(pav_doc_get(pav_members_object(&m), "k3")),
                        "23");
    pav_items_init(&it, &arena);
    for (i = 0; i < 20; i++)
        pav_items_add(&it, pav_doc_new_bool(i % 2));
    assert_int_equal(pav_items_array(&it)->len, 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_place_of_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_equality, setup, teardown),
        cmocka_unit_test_setup_teardown(test_making, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
