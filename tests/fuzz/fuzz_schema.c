/* Schemas: a line with a schema, then a value; and what is discovered of it. */
#include "fuzz.h"
#include "pavane/schema.h"

static void
discover(const struct pav_doc *v, struct pav_arena *a)
{
    struct pav_discovery *d = pav_discovery_new();
    struct pav_schema *s;
    struct pav_err err;

    pav_discovery_add(d, v);
    if (pav_schema_compile(pav_discovery_schema(d, a), &s, &err) == PAV_OK) {
        FUZZ_CHECK(pav_schema_accepts(s, v, a, &err));
        pav_schema_free(s);
    }
    pav_discovery_free(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t line = fuzz_line(data, len), before;
    const struct pav_doc *doc, *value = &pav_doc_empty_object;
    struct pav_schema *s;
    struct pav_arena a;
    struct pav_err err;

    pav_arena_init(&a, 4096);
    doc = fuzz_parse(&a, data, line, PAV_DUP_REFUSE);
    if (line < len)
        value = fuzz_parse(&a, data + line + 1, len - line - 1, PAV_DUP_LAST);
    before = fuzz_bytes();
    if (doc != NULL && pav_schema_compile(doc, &s, &err) == PAV_OK) {
        FUZZ_HOLDS(before, line);
        if (value != NULL)
            pav_schema_accepts(s, value, &a, &err);
        pav_schema_free(s);
    }
    if (value != NULL)
        discover(value, &a);
    pav_arena_fini(&a);
    return 0;
}
