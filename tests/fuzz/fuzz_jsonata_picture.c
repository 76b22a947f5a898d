/* JSONata's pictures: a byte that says which, a picture, a line, a value. */
#include "fuzz_jsonata.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const uses[] = {
        "$formatNumber($number($v), $p)",
        "$formatInteger($number($v), $p)",
        "$parseInteger($v, $p)",
        "$fromMillis($number($v), $p)",
        "$toMillis($v, $p)",
        "$fromMillis(1709210096789, $p, $v)",
        "$formatNumber(1234.5, $p, {\"zero-digit\": $v})",
        "$toMillis($v)",
        "$formatBase($number($v), $number($p))"};
    struct fuzz_values values = {.names = {"p", "v"}};
    struct pav_arena a;
    const char *use;
    size_t line;

    if (len < 2)
        return 0;
    use = uses[data[0] % (sizeof(uses) / sizeof(uses[0]))];
    data++;
    len--;
    line = fuzz_line(data, len);
    pav_arena_init(&a, 4096);
    values.docs[0] = fuzz_text(&a, data, line);
    values.docs[1] = line < len ? fuzz_text(&a, data + line + 1, len - line - 1)
                                : pav_doc_new_cstr(&a, "12");
    if (values.docs[0] != NULL && values.docs[1] != NULL)
        fuzz_evaluate(&a, use, strlen(use), NULL, &values);
    pav_arena_fini(&a);
    return 0;
}
