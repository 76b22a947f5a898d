/* rules.json: compiled, put into an index, applied to an event. */
#include "fuzz.h"
#include "pavane/index.h"
#include "pavane/rules.h"

static const char event[] =
    "{\"version\":\"0\",\"id\":\"1\",\"detail-type\":\"t\",\"source\":\"s\","
    "\"account\":\"0\",\"time\":\"2026-01-01T00:00:00Z\",\"region\":\"r\","
    "\"resources\":[\"a\"],\"detail\":{\"id\":1,\"a\":[{\"b\":\"<c>\"}],"
    "\"t\":true,\"f\":false,\"n\":null,\"p\":\"eyJuIjoxMjM0NX0=\"}}";

/* A tree that is filled is what its text would be read as, and its part stands
 * in the event. */
static void
same_both_ways(const struct pav_transform *t, const struct pav_doc *d,
               struct pav_transform_context *context, struct pav_arena *a)
{
    struct pav_transform_part part;
    const struct pav_doc *filled, *read;
    struct pav_buf text;
    struct pav_err err;

    filled = pav_transform_apply(t, d, context, a, &part, &err);
    context->text.p = NULL;
    context->plain_len = 0;
    read = pav_transform_apply(t, d, context, a, NULL, &err);
    FUZZ_CHECK((filled == NULL) == (read == NULL));
    FUZZ_CHECK(filled == NULL ||
               strcmp(pav_doc_text(a, filled), pav_doc_text(a, read)) == 0);
    if (part.len == 0)
        return;
    pav_buf_init(&text, 1 << 21);
    pav_buf_put(&text, part.before.p, part.before.len);
    pav_buf_put(&text, event + part.at, part.len);
    pav_buf_put(&text, part.behind.p, part.behind.len);
    FUZZ_CHECK(pav_doc_parse(a, text.p, text.len, NULL, &read, &err) ==
                   PAV_OK &&
               strcmp(pav_doc_text(a, filled), pav_doc_text(a, read)) == 0);
    pav_buf_fini(&text);
}

static void
apply(struct pav_rules *rules, struct pav_arena *a)
{
    struct pav_transform_context context = {
        .rule_name = "rule", .rule_arn = "arn", .now_ms = 1000};
    struct pav_index *ix = pav_index_new();
    const struct pav_doc *d;
    struct pav_matches found;
    struct pav_err err;
    uint32_t i;

    FUZZ_CHECK(pav_doc_parse(a, event, sizeof(event) - 1, NULL, &d, NULL) ==
               PAV_OK);
    for (i = 0; i < rules->count; i++) {
        pav_index_add(ix, rules->rules[i].pattern, &rules->rules[i]);
        context.text = (struct pav_bytes){event, sizeof(event) - 1};
        context.plain_len = sizeof(event) - 1;
        same_both_ways(rules->rules[i].transform, d, &context, a);
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
