/*
 * JSONata: {"cases": [{"id", "expr", "data" | "dataset", "bindings", "result" |
 * "undefinedResult" | "code" | "error", "since", ...}]}, and datasets.json:
 * {name: document}, or "datasets" beside the cases.  A case reads its document
 * as the input.
 */
#include <string.h>

#include "pavane/jsonata.h"
#include "conformance.h"

struct asked {
    const struct pav_doc *bindings;
};

static const struct pav_doc *
variable(void *ctx, const char *name, size_t len)
{
    const struct asked *a = ctx;

    return pav_doc_getn(a->bindings, name, len);
}

static uint64_t
draw(void *ctx)
{
    static uint64_t x = 42;

    (void)ctx;
    x = x * 6364136223846793005u + 1442695040888963407u;
    return x ^ x >> 31;
}

/* Numbers as doubles. */
static bool
equal(const struct pav_doc *x, const struct pav_doc *y)
{
    const struct pav_doc *other;
    uint32_t i;

    if (x->kind != y->kind)
        return false;
    if (x->kind == PAV_NUMBER)
        return pav_doc_double(x) == pav_doc_double(y);
    if (x->kind != PAV_ARRAY && x->kind != PAV_OBJECT)
        return pav_doc_equal(x, y);
    if (x->len != y->len)
        return false;
    for (i = 0; i < x->len; i++) {
        other = x->kind == PAV_ARRAY
                    ? &y->items[i]
                    : pav_doc_getn(y, x->members[i].key, x->members[i].len);
        if (other == NULL ||
            !equal(x->kind == PAV_ARRAY ? &x->items[i] : &x->members[i].value,
                   other))
            return false;
    }
    return true;
}

static bool
equal_in_any_order(const struct pav_doc *x, const struct pav_doc *y)
{
    bool used[256] = {false};
    uint32_t i, j;

    if (x->kind != PAV_ARRAY || y->kind != PAV_ARRAY || x->len != y->len ||
        x->len > 256)
        return equal(x, y);
    for (i = 0; i < x->len; i++) {
        for (j = 0; j < y->len; j++)
            if (!used[j] && equal(&x->items[i], &y->items[j]))
                break;
        if (j == y->len)
            return false;
        used[j] = true;
    }
    return true;
}

static bool
error_is(const struct pav_doc *want, const struct pav_jsonata_error *got,
         bool message)
{
    const struct pav_doc *code = pav_doc_get(want, "code"),
                         *token = pav_doc_get(want, "token"),
                         *text = pav_doc_get(want, "message");

    if (want->kind == PAV_OBJECT && want->len == 0)
        return true; /* some failure */
    /* the guards of the reference's suite have a code of their own */
    if (code != NULL && pav_doc_is_str(code, "U1001"))
        return got->code[0] == '\0';
    return code != NULL && pav_doc_is_str(code, got->code) &&
           (token == NULL || token->kind != PAV_STRING ||
            (got->token != NULL && pav_doc_is_str(token, got->token))) &&
           (!message || text == NULL || pav_doc_is_str(text, got->message));
}

static const char *
judge(const struct pav_doc *c, enum pav_jsonata_end end,
      const struct pav_doc *value, const struct pav_jsonata_error *error,
      struct pav_arena *a)
{
    const struct pav_doc *result = pav_doc_get(c, "result"),
                         *own = pav_doc_get(c, "error");
    bool unordered = pav_doc_get(c, "unordered") == &pav_doc_true ||
                     (pav_doc_get(c, "unordered") != NULL &&
                      pav_doc_get(c, "unordered")->kind == PAV_TRUE);

    if (end == PAV_JSONATA_FAILED) {
        if (own != NULL ? error_is(own, error, true)
                        : error_is(c, error, false))
            return NULL;
        return pav_arena_printf(a, "failed: %s %s (%s)", error->code,
                                error->message,
                                error->token == NULL ? "-" : error->token);
    }
    if (end == PAV_JSONATA_NOTHING)
        return pav_doc_get(c, "undefinedResult") != NULL ? NULL : "nothing";
    if (end == PAV_JSONATA_FUNCTION)
        return pav_doc_get(c, "undefinedResult") != NULL ||
                       (result != NULL && pav_doc_is_str(result, ""))
                   ? NULL
                   : "a function";
    if (result != NULL &&
        (unordered ? equal_in_any_order(value, result) : equal(value, result)))
        return NULL;
    return pav_arena_printf(a, "gave %.300s", pav_doc_text(a, value));
}

static void
run_case(struct tally *t, const struct pav_doc *c, const struct pav_doc *own)
{
    const struct pav_doc *expr = pav_doc_get(c, "expr"),
                         *dataset = pav_doc_get(c, "dataset"),
                         *depth = pav_doc_get(c, "depth"), *value = NULL;
    struct asked asked = {.bindings = pav_doc_get(c, "bindings")};
    struct pav_jsonata_in in = {.input = pav_doc_get(c, "data"),
                                .variable = variable,
                                .draw = draw,
                                .ctx = &asked,
                                .now_ms = 1700000000000,
                                .max_depth = 900,
                                .max_steps = 20000000,
                                .max_bytes = 1u << 30};
    const struct pav_jsonata *x;
    struct pav_jsonata_error error;
    enum pav_jsonata_end end = PAV_JSONATA_FAILED;
    const char *why;

    if (in.input == NULL && dataset != NULL && dataset->kind == PAV_STRING)
        in.input = pav_doc_getn(own, dataset->text, dataset->len);
    if (in.input == NULL && dataset != NULL && dataset->kind == PAV_STRING)
        in.input = pav_doc_getn(t->datasets, dataset->text, dataset->len);
    if (depth != NULL)
        in.max_depth = (uint32_t)pav_doc_double(depth);
    if (pav_jsonata_compile(&t->arena, expr->text, expr->len,
                            PAV_JSONATA_REFERENCE, NULL, &x, &error) == PAV_OK)
        end = pav_jsonata_eval(x, &t->arena, &in, &value, &error);
    why = judge(c, end, value, &error, &t->arena);
    tally_case(t, why == NULL, pav_doc_get(c, "id"), why);
}

void
run_jsonata(struct tally *t, const struct pav_doc *file)
{
    const struct pav_doc *cases = pav_doc_get(file, "cases");
    uint32_t i;

    for (i = 0; cases != NULL && i < cases->len; i++)
        run_case(t, pav_doc_at(cases, i), pav_doc_get(file, "datasets"));
}
