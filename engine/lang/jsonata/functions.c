/* The table of JSONata's functions. */
#include "functions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BOTH (BUILTIN_AWS | BUILTIN_REFERENCE)

/* In order of their names.  The arity is that of the reference's function,
 * which decides what `$map` and its like give it. */
const struct builtin builtins[] = {
    {"abs", "<n-:n>", 1, BOTH, fn_abs},
    {"append", "<xx:a>", 2, BOTH, fn_append},
    {"assert", "<bs?:x>", 2, BOTH, fn_assert},
    {"average", "<a<n>:n>", 1, BOTH, fn_average},
    {"base64decode", "<s-:s>", 1, BOTH, fn_base64decode},
    {"base64encode", "<s-:s>", 1, BOTH, fn_base64encode},
    {"boolean", "<x-:b>", 1, BOTH, fn_boolean},
    {"ceil", "<n-:n>", 1, BOTH, fn_ceil},
    {"clone", "<(oa)-:o>", 1, BOTH, fn_clone},
    {"contains", "<s-(sf):b>", 2, BOTH, fn_contains},
    {"count", "<a:n>", 1, BOTH, fn_count},
    {"decodeUrl", "<s-:s>", 1, BOTH, fn_decode_url},
    {"decodeUrlComponent", "<s-:s>", 1, BOTH, fn_decode_url_component},
    {"distinct", "<x:x>", 1, BOTH, fn_distinct},
    {"each", "<o-f:a>", 2, BOTH, fn_each},
    {"encodeUrl", "<s-:s>", 1, BOTH, fn_encode_url},
    {"encodeUrlComponent", "<s-:s>", 1, BOTH, fn_encode_url_component},
    {"error", "<s?:x>", 1, BOTH, fn_error},
    {"eval", "<sx?:x>", 2, BUILTIN_REFERENCE, fn_eval},
    {"exists", "<x:b>", 1, BOTH, fn_exists},
    {"filter", "<af>", 2, BOTH, fn_filter},
    {"floor", "<n-:n>", 1, BOTH, fn_floor},
    {"formatBase", "<n-n?:s>", 2, BOTH, fn_format_base},
    {"formatInteger", "<n-s:s>", 2, BOTH, fn_format_integer},
    {"formatNumber", "<n-so?:s>", 3, BOTH, fn_format_number},
    {"fromMillis", "<n-s?s?:s>", 3, BOTH, fn_from_millis},
    {"hash", "<ss?:s>", 2, BUILTIN_AWS, fn_hash},
    {"join", "<a<s>s?:s>", 2, BOTH, fn_join},
    {"keys", "<x-:a<s>>", 1, BOTH, fn_keys},
    {"length", "<s-:n>", 1, BOTH, fn_length},
    {"lookup", "<x-s:x>", 2, BOTH, fn_lookup},
    {"lowercase", "<s-:s>", 1, BOTH, fn_lowercase},
    {"map", "<af>", 2, BOTH, fn_map},
    {"match", "<s-f<s:o>n?:a<o>>", 3, BOTH, fn_match},
    {"max", "<a<n>:n>", 1, BOTH, fn_max},
    {"merge", "<a<o>:o>", 1, BOTH, fn_merge},
    {"millis", "<:n>", 0, BOTH, fn_millis},
    {"min", "<a<n>:n>", 1, BOTH, fn_min},
    {"not", "<x-:b>", 1, BOTH, fn_not},
    {"now", "<s?s?:s>", 2, BOTH, fn_now},
    {"number", "<(nsb)-:n>", 1, BOTH, fn_number},
    {"pad", "<s-ns?:s>", 3, BOTH, fn_pad},
    {"parse", "<s?:x>", 1, BUILTIN_AWS, fn_parse},
    {"parseInteger", "<s-s:n>", 2, BOTH, fn_parse_integer},
    {"partition", "<(am)n?:a>", 2, BUILTIN_AWS, fn_partition},
    {"power", "<n-n:n>", 2, BOTH, fn_power},
    {"random", "<n?:n>", 0, BOTH, fn_random},
    {"range", "<n?n?n?:a>", 3, BUILTIN_AWS, fn_range},
    {"reduce", "<afj?:j>", 3, BOTH, fn_reduce},
    {"replace", "<s-(sf)(sf)n?:s>", 4, BOTH, fn_replace},
    {"reverse", "<a:a>", 1, BOTH, fn_reverse},
    {"round", "<n-n?:n>", 2, BOTH, fn_round},
    {"shuffle", "<a:a>", 1, BOTH, fn_shuffle},
    {"sift", "<o-f?:o>", 2, BOTH, fn_sift},
    {"single", "<af?>", 2, BOTH, fn_single},
    {"sort", "<af?:a>", 2, BOTH, fn_sort},
    {"split", "<s-(sf)n?:a<s>>", 3, BOTH, fn_split},
    {"spread", "<x-:a<o>>", 1, BOTH, fn_spread},
    {"sqrt", "<n-:n>", 1, BOTH, fn_sqrt},
    {"string", "<x-b?:s>", 1, BOTH, fn_string},
    {"substring", "<s-nn?:s>", 3, BOTH, fn_substring},
    {"substringAfter", "<s-s:s>", 2, BOTH, fn_substring_after},
    {"substringBefore", "<s-s:s>", 2, BOTH, fn_substring_before},
    {"sum", "<a<n>:n>", 1, BOTH, fn_sum},
    {"toMillis", "<s-s?:n>", 2, BOTH, fn_to_millis},
    {"trim", "<s-:s>", 1, BOTH, fn_trim},
    {"type", "<x:s>", 1, BOTH, fn_type},
    {"uppercase", "<s-:s>", 1, BOTH, fn_uppercase},
    {"uuid", "<:s>", 0, BUILTIN_AWS, fn_uuid},
    {"zip", "<a+>", 0, BOTH, fn_zip},
};

#define COUNT (sizeof(builtins) / sizeof(builtins[0]))

int
builtin_find(const char *name, size_t len)
{
    size_t low = 0, high = COUNT;

    while (low < high) {
        size_t mid = low + (high - low) / 2, known = strlen(builtins[mid].name);
        int c = memcmp(builtins[mid].name, name, known < len ? known : len);

        if (c == 0)
            c = known < len ? -1 : known > len;
        if (c == 0)
            return (int)mid;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

bool
builtin_is_of(int i, enum pav_jsonata_level level)
{
    return (builtins[i].levels &
            (level == PAV_JSONATA_AWS ? BUILTIN_AWS : BUILTIN_REFERENCE)) != 0;
}

/* ---- their signatures, read once ---- */

static struct pav_arena signatures_arena;
static const struct signature *signatures[COUNT];
static pthread_once_t signatures_once = PTHREAD_ONCE_INIT;

static void
signatures_free(void)
{
    pav_arena_fini(&signatures_arena);
}

static void
signatures_read(void)
{
    const char *code;
    uint32_t offset;
    size_t i;

    pav_arena_init(&signatures_arena, 8192);
    for (i = 0; i < COUNT; i++) {
        signatures[i] =
            signature_parse(&signatures_arena, builtins[i].signature,
                            strlen(builtins[i].signature), &code, &offset);
        PAV_ASSERT(signatures[i] != NULL);
    }
    atexit(signatures_free);
}

const struct signature *
builtin_signature(int i)
{
    pthread_once(&signatures_once, signatures_read);
    return signatures[i];
}
