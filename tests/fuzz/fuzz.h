/*
 * What the fuzz targets share.  Each is one libFuzzer program; a target takes
 * bytes of any kind and must come back without a report of the sanitizers.
 */
#ifndef PAVANE_FUZZ_H
#define PAVANE_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZ_SEEDS
#include <malloc.h>
#else
#include <sanitizer/allocator_interface.h>
#endif

#include "pavane/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_CHECK(what)                                                       \
    do {                                                                       \
        if (!(what))                                                           \
            pav_bug(__FILE__, __LINE__, #what);                                \
    } while (0)

/*
 * What is compiled from outside holds at most 30 times its text.  The slack is
 * what an empty one holds: first chunks of arenas, tables.
 */
#define FUZZ_SLACK (64u << 10)
static inline size_t
fuzz_bytes(void)
{
#ifdef FUZZ_SEEDS
    return mallinfo2().uordblks;
#else
    return __sanitizer_get_current_allocated_bytes();
#endif
}
#define FUZZ_HOLDS(before, len)                                                \
    FUZZ_CHECK(fuzz_bytes() - (before) <= 30 * (len) + FUZZ_SLACK)

/* Input of two parts: a line, and what follows it. */
static inline size_t
fuzz_line(const uint8_t *data, size_t len)
{
    const uint8_t *end = memchr(data, '\n', len);

    return end == NULL ? len : (size_t)(end - data);
}

static inline const struct pav_doc *
fuzz_parse(struct pav_arena *a, const uint8_t *data, size_t len,
           enum pav_dup dup)
{
    struct pav_doc_opts opts = {.dup = dup};
    const struct pav_doc *d = NULL;

    if (pav_doc_parse_copy(a, (const char *)data, len, &opts, &d, NULL) !=
        PAV_OK)
        return NULL;
    return d;
}

#endif
