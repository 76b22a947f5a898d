/* Events in any of their forms: what is made of one is JSON, and an event. */
#include "fuzz.h"
#include "pavane/envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pav_envelope_defaults defaults = {
        .region = "r", .account = "0", .fresh_id = "x", .now_ms = 1000};
    struct pav_envelope first, again;
    const struct pav_doc *d;
    struct pav_arena a;
    struct pav_err err;

    if (len == 0)
        return 0;
    defaults.stamps = data[0] & 1;
    defaults.speaks_for = data[0] & 2 ? "1,2" : NULL;
    pav_arena_init(&a, 4096);
    if (pav_envelope_read_any((const char *)data + 1, len - 1, &defaults, &a,
                              &first, &err) == PAV_OK) {
        FUZZ_CHECK(pav_doc_parse(&a, first.text.p, first.text.len, NULL, &d,
                                 &err) == PAV_OK);
        FUZZ_CHECK(pav_doc_get(d, "detail") != NULL);
        defaults.stamps = false;
        if (pav_doc_get(d, "detail")->kind == PAV_OBJECT) {
            FUZZ_CHECK(pav_envelope_read_any(first.text.p, first.text.len,
                                             &defaults, &a, &again,
                                             &err) == PAV_OK);
            FUZZ_CHECK(again.id.len == first.id.len);
        }
    }
    pav_arena_fini(&a);
    return 0;
}
