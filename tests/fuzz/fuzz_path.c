/* JSONPath: a line with a path, then a document to look it up in. */
#include "fuzz.h"
#include "pavane/path.h"

static const char by_default[] =
    "{\"a\":[1,2,{\"b\":\"x\",\"c\":null},[[]]],\"b\":{\"a\":{\"a\":true}},"
    "\"n\":1.5,\"detail-type\":\"T\",\"\":0}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t line = fuzz_line(data, len);
    const struct pav_doc *root = NULL, *out, *put;
    struct pav_path *path;
    struct pav_arena a;
    struct pav_err err;
    struct pav_buf b;

    pav_arena_init(&a, 1024);
    if (line < len)
        root = fuzz_parse(&a, data + line + 1, len - line - 1, PAV_DUP_LAST);
    if (root == NULL)
        root = fuzz_parse(&a, (const uint8_t *)by_default,
                          sizeof(by_default) - 1, PAV_DUP_LAST);
    if (pav_path_compile(&a, (const char *)data, line, &path, &err) == PAV_OK) {
        (void)pav_path_is_definite(path);
        (void)pav_path_needs_input(path);
        if (pav_path_eval(path, root, &a, &out, &err) == PAV_PATH_FOUND) {
            pav_buf_init(&b, 1u << 20);
            pav_doc_print(out, &b);
            pav_buf_fini(&b);
        }
        if (pav_path_is_reference(path) &&
            (put = pav_path_put(path, root, root, &a)) != NULL)
            FUZZ_CHECK(pav_path_eval(path, put, &a, &out, &err) ==
                           PAV_PATH_FOUND &&
                       pav_doc_equal(out, root));
    }
    pav_arena_fini(&a);
    return 0;
}
