/* Schedule expressions: what they name comes later, and again the same. */
#include "fuzz.h"
#include "pavane/schedule.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[512];
    struct pav_schedule s;
    struct pav_err err;
    int64_t after = 1767225600000, next;
    int i;

    if (len >= sizeof(text))
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    if (pav_schedule_parse(text, &s, &err) != PAV_OK)
        return 0;
    for (i = 0; i < 5; i++) {
        next = pav_schedule_next(&s, NULL, 1767225600000, after);
        FUZZ_CHECK(next == pav_schedule_next(&s, NULL, 1767225600000, after));
        if (next == INT64_MAX) /* never again */
            break;
        FUZZ_CHECK(next > after);
        after = next;
    }
    return 0;
}
