/* What the targets of JSONata share: an expression, evaluated twice. */
#ifndef PAVANE_FUZZ_JSONATA_H
#define PAVANE_FUZZ_JSONATA_H

#include "fuzz.h"
#include "pavane/jsonata.h"

struct fuzz_values {
    const char *names[2];
    const struct pav_doc *docs[2];
};

static inline const struct pav_doc *
fuzz_variable(void *ctx, const char *name, size_t len)
{
    const struct fuzz_values *v = ctx;
    int i;

    for (i = 0; v != NULL && i < 2; i++)
        if (v->names[i] != NULL && strlen(v->names[i]) == len &&
            memcmp(v->names[i], name, len) == 0)
            return v->docs[i];
    return NULL;
}

/* The bytes as a string; NULL when they are no UTF-8. */
static inline const struct pav_doc *
fuzz_text(struct pav_arena *a, const uint8_t *data, size_t len)
{
    const struct pav_doc *d;
    struct pav_buf b;

    pav_buf_init(&b, 8u << 20);
    pav_buf_json(&b, (const char *)data, len);
    d = fuzz_parse(a, (const uint8_t *)b.p, b.len, PAV_DUP_LAST);
    pav_buf_fini(&b);
    return d;
}

/* The same arguments, the same result; what it says is text. */
static inline void
fuzz_evaluate(struct pav_arena *a, const char *text, size_t len,
              const struct pav_doc *input, struct fuzz_values *values)
{
    struct pav_jsonata_error error = {0};
    const struct pav_doc *out = NULL, *again = NULL;
    const struct pav_jsonata *x;
    uint64_t steps[2] = {0, 0};
    struct pav_jsonata_in in = {.input = input,
                                .variable = fuzz_variable,
                                .ctx = values,
                                .now_ms = 1700000000000,
                                .max_steps = 20000,
                                .max_bytes = PAV_JSONATA_BYTES / 2,
                                .steps = &steps[0]};
    enum pav_jsonata_end end;
    struct pav_outline outline;
    struct pav_buf b;

    if (pav_jsonata_compile(a, text, len, PAV_JSONATA_REFERENCE, NULL, &x,
                            &error) != PAV_OK) {
        FUZZ_CHECK(error.message != NULL && error.at <= len);
        return;
    }
    end = pav_jsonata_eval(x, a, &in, &out, &error);
    if (end == PAV_JSONATA_FAILED)
        FUZZ_CHECK(error.message != NULL && error.message[0] != '\0');
    in.steps = &steps[1];
    FUZZ_CHECK(pav_jsonata_eval(x, a, &in, &again, &error) == end);
    FUZZ_CHECK(steps[0] == steps[1]);
    if (end != PAV_JSONATA_VALUE)
        return;
    FUZZ_CHECK(pav_doc_equal(out, again));
    pav_buf_init(&b, 64u << 20);
    pav_doc_print(out, &b);
    FUZZ_CHECK(b.over ||
               pav_doc_check(b.p, b.len, PAV_DEPTH_MAX, &outline, NULL));
    pav_buf_fini(&b);
}

#endif
