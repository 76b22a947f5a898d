/* rules.json: compiled, put into an index, applied to an event. */
#include "fuzz.h"
#include "pavane/index.h"
#include "pavane/rules.h"

static const char event[] =
    "{\"version\":\"0\",\"id\":\"1\",\"detail-type\":\"t\",\"source\":\"s\","
    "\"account\":\"0\",\"time\":\"2026-01-01T00:00:00Z\",\"region\":\"r\","
    "\"resources\":[\"a\"],\"detail\":{\"id\":1,\"a\":[{\"b\":\"<c>\"}]}}";

static void
apply(struct pav_rules *rules, struct pav_arena *a)
{
    struct pav_transform_context context = {"rule", "arn", 1000};
    struct pav_index *ix = pav_index_new();
    const struct pav_doc *d;
    struct pav_matches found;
    struct pav_err err;
    uint32_t i;

    FUZZ_CHECK(pav_doc_parse(a, event, sizeof(event) - 1, NULL, &d, NULL) ==
               PAV_OK);
    for (i = 0; i < rules->count; i++) {
        pav_index_add(ix, rules->rules[i].pattern, &rules->rules[i]);
        pav_transform_apply(rules->rules[i].transform, d, &context, a, NULL,
                            &err);
        pav_transform_text(rules->rules[i].transform, d, &context, a, &err);
    }
    pav_index_match(ix, event, sizeof(event) - 1, true, a, &found);
    pav_index_free(ix);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t before = fuzz_bytes();
    struct pav_faults faults;
    struct pav_rules *rules;
    struct pav_arena a;

    pav_arena_init(&a, 4096);
    pav_faults_init(&faults, &a);
    rules = pav_rules_compile((const char *)data, len, NULL, &faults);
    if (rules != NULL) {
        FUZZ_HOLDS(before, len);
        apply(rules, &a);
    }
    pav_rules_free(rules);
    pav_arena_fini(&a);
    return 0;
}
