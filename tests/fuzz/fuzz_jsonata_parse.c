/* JSONata's parser: an expression; what is kept of it is bounded. */
#include "fuzz.h"
#include "pavane/jsonata.h"

static void
look(void *ctx, const struct pav_jsonata_reference *r)
{
    size_t *bytes = ctx;

    *bytes += r->len;
    FUZZ_CHECK(r->name != NULL || r->len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t before = fuzz_bytes(), bytes = 0;
    struct pav_jsonata_error error;
    const struct pav_jsonata *x;
    struct pav_arena a;
    char *text;

    pav_arena_init(&a, 4096);
    text = pav_arena_strndup(&a, (const char *)data, len);
    if (pav_jsonata_compile(&a, text, len, PAV_JSONATA_AWS, NULL, &x, &error) ==
        PAV_OK) {
        FUZZ_HOLDS(before, len);
        pav_jsonata_references(x, look, &bytes);
    } else {
        FUZZ_CHECK(error.message != NULL && error.at <= len);
    }
    pav_arena_fini(&a);
    return 0;
}
