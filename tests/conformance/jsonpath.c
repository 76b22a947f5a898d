/*
 * JSONPath: {"cases": [{"id", "selector", "document", "use", "jayway_2_0_0"}]}.
 * Cases of use "require" and "prefer-2.0.0" count, others are skipped.
 */
#include "pavane/path.h"
#include "conformance.h"

static const char *
outcome_of(struct pav_arena *a, const struct pav_doc *selector,
           const struct pav_doc *document, const struct pav_doc **value)
{
    struct pav_path *p;
    struct pav_err err;

    *value = NULL;
    if (pav_path_compile(a, selector->text, selector->len, &p, &err) != PAV_OK)
        return "invalid-path";
    switch (pav_path_eval(p, document, a, value, &err)) {
    case PAV_PATH_FOUND:
        return "value";
    case PAV_PATH_NOT_FOUND:
        return "not-found";
    case PAV_PATH_WRONG_TYPE:
        return "wrong-type";
    }
    return "?";
}

void
run_jsonpath(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *cases = pav_doc_get(file, "cases");
    uint32_t i;

    for (i = 0; cases != NULL && i < cases->len; i++) {
        const struct pav_doc *c = pav_doc_at(cases, i), *value;
        const struct pav_doc *use = pav_doc_get(c, "use");
        const struct pav_doc *expect = pav_doc_get(c, "jayway_2_0_0");
        const struct pav_doc *error = pav_doc_get(expect, "error");
        const char *got;

        if (expect == NULL || (!pav_doc_is_str(use, "require") &&
                               !pav_doc_is_str(use, "prefer-2.0.0"))) {
            tally_skip(t);
            continue;
        }
        got = outcome_of(&t->arena, pav_doc_get(c, "selector"),
                         pav_doc_get(c, "document"), &value);
        tally_case(t,
                   error != NULL
                       ? pav_doc_is_str(error, got)
                       : value != NULL &&
                             pav_doc_equal(value, pav_doc_get(expect, "value")),
                   pav_doc_get(c, "id"), got);
    }
}
