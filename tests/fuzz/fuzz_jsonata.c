/* JSONata: a line with an expression, then its input as JSON. */
#include "fuzz_jsonata.h"

static const char by_default[] =
    "{\"a\":[1,2,{\"b\":\"x\",\"c\":null},[[]]],\"b\":{\"a\":{\"a\":true}},"
    "\"n\":1.5,\"s\":\"The quick \\u00e4 fox\",\"l\":[3,1,2],\"e\":[]}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t line = fuzz_line(data, len);
    const struct pav_doc *input = NULL;
    struct pav_arena a;

    pav_arena_init(&a, 4096);
    if (line < len)
        input = fuzz_parse(&a, data + line + 1, len - line - 1, PAV_DUP_LAST);
    if (input == NULL)
        input = fuzz_parse(&a, (const uint8_t *)by_default,
                           sizeof(by_default) - 1, PAV_DUP_LAST);
    fuzz_evaluate(&a, (const char *)data, line, input, NULL);
    pav_arena_fini(&a);
    return 0;
}
