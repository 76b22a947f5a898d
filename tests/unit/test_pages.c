/* Templates and Markdown: nothing that a user sent becomes markup. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../dashboard/graph/diff.h"
#include "../../dashboard/markdown.h"
#include "../../dashboard/template.h"
#include "../../dashboard/view.h"
#include "../../dashboard/when.h"

static const struct when utc = {.name = "UTC"};

static void
test_values_are_escaped(void **state)
{
    struct pav_arena a;
    struct pav_members m;
    struct pav_buf out;

    (void)state;
    pav_arena_init(&a, 4096);
    pav_members_init(&m, &a);
    view_text(&m, "message", "<script>alert('x')</script> & \"y\"");
    pav_buf_init(&out, 1 << 16);
    template_render("missing", pav_members_object(&m), NULL, 0, &utc, &out);
    assert_null(strstr(out.p, "<script>"));
    assert_non_null(strstr(out.p, "&lt;script&gt;alert(&#39;x&#39;)"));
    pav_buf_fini(&out);
    pav_arena_fini(&a);
}

static void
test_slots_come_from_code_only(void **state)
{
    struct pav_arena a;
    struct pav_members m;
    struct pav_buf out, html;
    struct slot slot = {"body", &html};

    (void)state;
    pav_arena_init(&a, 4096);
    pav_members_init(&m, &a);
    view_text(&m, "title", "t");
    view_text(&m, "body", "<b>from a document</b>");
    pav_buf_init(&html, 100);
    pav_buf_puts(&html, "<i>from code</i>");
    pav_buf_init(&out, 1 << 16);
    template_render("frame", pav_members_object(&m), &slot, 1, &utc, &out);
    assert_non_null(strstr(out.p, "<i>from code</i>"));
    assert_null(strstr(out.p, "from a document"));
    pav_buf_fini(&html);
    pav_buf_fini(&out);
    pav_arena_fini(&a);
}

static void
test_markdown_is_safe(void **state)
{
    static const char text[] =
        "# Title\n\nHello *you* <script>x</script> [a](javascript:x) "
        "<img onerror=x>\n\n![the graph](graph.svg)\n\n[![x](y.png) "
        "*and*](z)\n";
    struct pav_buf out;

    (void)state;
    pav_buf_init(&out, 1 << 16);
    markdown_render(text, strlen(text), &out);
    assert_non_null(strstr(out.p, "<em>you</em>"));
    assert_null(strstr(out.p, "<script"));
    assert_null(strstr(out.p, "javascript:"));
    assert_null(strstr(out.p, "<img"));
    assert_null(strstr(out.p, "<p></p>"));
    assert_non_null(strstr(out.p, "<em>and</em>"));
    assert_null(strstr(out.p, "Title"));
    pav_buf_fini(&out);
}

static void
test_sections(void **state)
{
    static const char text[] = "# T\nintro\n## A\none\n## B b\ntwo\n";
    size_t len;
    const char *p = markdown_section(text, strlen(text), "A", &len);

    (void)state;
    assert_memory_equal(p, "\none\n", len);
    p = markdown_section(text, strlen(text), "B b", &len);
    assert_memory_equal(p, "\ntwo\n", len);
    (void)markdown_section(text, strlen(text), "C", &len);
    assert_int_equal(len, 0);
    p = markdown_section(text, strlen(text), NULL, &len);
    assert_memory_equal(p, "# T\nintro\n", len);
}

/* A long key above many items: the way there is written for a row alone. */
static void
test_difference_is_cheap(void **state)
{
    size_t key = 100000, items = 50000, len = 0, i;
    char *text = pav_xmalloc(2 * key + 4 * items), *p;
    const struct pav_doc *before, *after, *rows;
    struct pav_arena a;

    (void)state;
    pav_arena_init(&a, 1 << 16);
    len += (size_t)sprintf(text, "{\"");
    memset(text + len, 'k', key);
    len += key;
    len += (size_t)sprintf(text + len, "\":[1");
    for (i = 1; i < items; i++)
        len += (size_t)sprintf(text + len, ",1");
    len += (size_t)sprintf(text + len, "]}");
    before = pav_doc_own(&a, text, len);
    p = pav_arena_strndup(&a, text, len);
    p[len - 3] = '2';
    after = pav_doc_own(&a, p, len);
    rows = diff_rows(&a, before, after);
    assert_int_equal(rows->len, 1);
    assert_true(pav_doc_is_str(pav_doc_get(&rows->items[0], "before"), "1"));
    assert_true(pav_doc_is_str(pav_doc_get(&rows->items[0], "after"), "2"));
    assert_true(a.total < 16u << 20);
    pav_arena_fini(&a);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_escaped),
        cmocka_unit_test(test_difference_is_cheap),
        cmocka_unit_test(test_slots_come_from_code_only),
        cmocka_unit_test(test_markdown_is_safe),
        cmocka_unit_test(test_sections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
