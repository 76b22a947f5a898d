/* HTTP framing: what is refused, what is taken, and where it ends. */
#include "unit.h"

#include <stdio.h>

#include "../../engine/net/parse.h"

#define OK(rest) "POST /events?a=b HTTP/1.1\r\nHost: x\r\n" rest "\r\n"
#define LEN      "Content-Length: 2\r\n"
#define TE       "Transfer-Encoding: chunked\r\n"

static enum parsed
parse(const char *text, size_t len, struct head *h, int *status)
{
    static char room[65536];

    memcpy(room, text, len);
    return head_parse(room, len, h, status);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } bad[] = {
        {"POST /  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"POST /\r\nHost: x\r\n\r\n", 400},
        {"PO ST / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"PATCH / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"POST x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST /\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n\r\n", 400},
        {"POST / HTTP/1.1\nHost: x\n\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\n\r\n", 400},
        {OK("Host: y\r\n"), 400},
        {OK("Host : y\r\n"), 400},
        {OK(LEN LEN), 400},
        {OK(LEN "Content-Length: 3\r\n"), 400},
        {OK("Content-Length: +2\r\n"), 400},
        {OK("Content-Length: 2, 2\r\n"), 400},
        {OK("Content-Length: 0x2\r\n"), 400},
        {OK("Content-Length: \r\n"), 400},
        {OK("Content-Length: 99999999999\r\n"), 413},
        {OK(LEN TE), 400},
        {OK(TE TE), 400},
        {OK("Transfer-Encoding: xchunked\r\n"), 400},
        {OK("Transfer-Encoding: chunked, identity\r\n"), 400},
        {OK("Transfer-Encoding:\x0b"
            "chunked\r\n"),
         400},
        {OK("Transfer-Encoding : chunked\r\n"), 400},
        {OK(" folded: x\r\n"), 400},
        {OK("A: b\r\n folded\r\n"), 400},
        {OK(": empty\r\n"), 400},
        {OK("na me: x\r\n"), 400},
        {OK("n\xc3\xa4me: x\r\n"), 400},
        {OK("A: b\x7f\r\n"), 400},
        {OK("A: b\rc\r\n"), 400},
        {OK("Expect: 200-ok\r\n"), 417},
        {"POST / HTTP/1.0\r\nHost: x\r\n" TE "\r\n", 400},
    };
    struct head h;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        int status = 0;

        if (parse(bad[i].text, strlen(bad[i].text), &h, &status) !=
                PARSED_BAD ||
            status != bad[i].status)
            fail_msg("%d instead of %d: %s", status, bad[i].status,
                     bad[i].text);
    }
}

static void
test_nul_in_a_value(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n";
    struct head h;
    int status;

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &h, &status), PARSED_BAD);
}

static void
test_taken(void **state)
{
    static const char text[] =
        OK("content-length:2\r\nContent-Type: Application/JSON; charset=x\r\n"
           "X-Amz-Target: AWSStepFunctions.ListStateMachines\r\n"
           "ce-specversion: 1.0\r\n");
    struct pav_request req = {0};
    struct head h;
    int status;
    size_t cut;

    (void)state;
    for (cut = 0; cut < strlen(text); cut++)
        assert_int_equal(parse(text, cut, &h, &status), PARSED_MORE);
    assert_int_equal(parse(text, strlen(text), &h, &status), PARSED_OK);
    assert_int_equal(h.bytes, strlen(text));
    assert_string_equal(h.path, "/events");
    assert_string_equal(h.query, "a=b");
    assert_string_equal(h.content_type, "application/json");
    assert_int_equal(h.length, 2);
    assert_true(h.keep_alive);
    req.fields = h.fields;
    req.field_count = h.field_count;
    assert_string_equal(pav_request_field(&req, "CE-SpecVersion"), "1.0");
    assert_string_equal(pav_request_text(&req, "x-amz-target"),
                        "AWSStepFunctions.ListStateMachines");
    assert_null(pav_request_field(&req, "Origin"));
}

static void
test_limits(void **state)
{
    static char text[65536];
    struct head h;
    int status, i;
    size_t len;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    assert_int_equal(parse(text, 9000, &h, &status), PARSED_BAD);
    assert_int_equal(status, 414);
    len = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (i = 0; i < 100; i++)
        len += (size_t)sprintf(text + len, "A%d: b\r\n", i);
    len += (size_t)sprintf(text + len, "\r\n");
    assert_int_equal(parse(text, len, &h, &status), PARSED_BAD);
    assert_int_equal(status, 431);
}

/* Whatever the split, the decoded body and the end are the same. */
static void
test_chunks_at_every_split(void **state)
{
    static const char text[] =
        "4\r\nWiki\r\n6;ext=1\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n"
        "0\r\nTrailer: x\r\n\r\nNEXT";
    size_t len = strlen(text), split;

    (void)state;
    for (split = 0; split <= len; split++) {
        char room[256];
        struct chunks c = {0};
        enum parsed first;

        memcpy(room, text, len);
        first = chunks_parse(room, split, &c);
        if (first == PARSED_MORE)
            first = chunks_parse(room, len, &c);
        assert_int_equal(first, PARSED_OK);
        assert_int_equal(c.out, 24);
        assert_memory_equal(room, "Wikipedia in \r\n\r\nchunks.", 24);
        assert_int_equal(c.from, len - 4);
    }
}

static void
test_chunks_refused(void **state)
{
    static const char *const bad[] = {"0x2\r\n",
                                      " 2\r\nab\r\n",
                                      "2 \r\nab\r\n",
                                      "2\nab\r\n",
                                      "2\r\nabXX",
                                      "g\r\n",
                                      "\r\n",
                                      "fffffffff\r\n",
                                      "-1\r\n",
                                      "2\r\nab\r0",
                                      "0\r\n bad\r\n",
                                      "2;a\nab",
                                      "0\r\nno colon\r\n",
                                      "0\r\nfoo\r\n",
                                      "2;\x01\r\n",
                                      "000000002\r\n"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(bad); i++) {
        char room[64];
        struct chunks c = {0};

        strcpy(room, bad[i]);
        if (chunks_parse(room, strlen(room), &c) != PARSED_BAD)
            fail_msg("accepted: %s", bad[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nul_in_a_value),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_chunks_at_every_split),
        cmocka_unit_test(test_chunks_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
