/* Event patterns: a line with a pattern, then an event. */
#include "fuzz.h"
#include "pavane/pattern.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t line = fuzz_line(data, len);
    const struct pav_doc *doc, *body;
    struct pav_pattern *pattern;
    struct pav_event event;
    struct pav_arena a;
    struct pav_err err;
    bool first;

    pav_arena_init(&a, 1024);
    doc = fuzz_parse(&a, data, line, PAV_DUP_KEEP);
    body = line < len
               ? fuzz_parse(&a, data + line + 1, len - line - 1, PAV_DUP_LAST)
               : NULL;
    if (body == NULL || body->kind != PAV_OBJECT)
        body = &pav_doc_empty_object;
    if (doc != NULL && pav_pattern_compile(&a, doc, &pattern, &err) == PAV_OK) {
        pav_event_init(&event, body, &a);
        first = pav_pattern_matches(pattern, &event);
        FUZZ_CHECK(first == pav_pattern_matches(pattern, &event));
    }
    pav_arena_fini(&a);
    return 0;
}
