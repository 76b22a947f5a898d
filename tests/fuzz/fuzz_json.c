/* JSON: what is read is printed again and read as the same. */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pav_doc_opts opts = {.dup = PAV_DUP_LAST, .max_depth = 200};
    const struct pav_doc *d, *again, *pretty;
    struct pav_arena a;
    struct pav_buf b;
    struct pav_err err;

    if (len == 0)
        return 0;
    opts.dup = (enum pav_dup)(data[0] % 3);
    pav_arena_init(&a, 1024);
    if (pav_doc_parse(&a, (const char *)data + 1, len - 1, &opts, &d, &err) ==
        PAV_OK) {
        pav_buf_init(&b, 1u << 24);
        pav_doc_print(d, &b);
        FUZZ_CHECK(pav_doc_parse_copy(&a, b.p, b.len, &opts, &again, &err) ==
                   PAV_OK);
        FUZZ_CHECK(opts.dup == PAV_DUP_KEEP || pav_doc_equal(d, again));
        b.len = 0;
        pav_doc_print_pretty(d, &b);
        FUZZ_CHECK(pav_doc_parse_copy(&a, b.p, b.len, &opts, &pretty, &err) ==
                   PAV_OK);
        FUZZ_CHECK(opts.dup == PAV_DUP_KEEP || pav_doc_equal(again, pretty));
        pav_buf_fini(&b);
    }
    pav_arena_fini(&a);
    return 0;
}
