/* JSONata's regular expressions: a line with one, then the text. */
#include "fuzz_jsonata.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const uses[][2] = {
        {"$match($t, /", "/i)"},
        {"$split($t, /", "/)"},
        {"$replace($t, /", "/m, \"<$1$0>\")"}};
    struct fuzz_values values = {.names = {"t", NULL}};
    size_t line, i;
    struct pav_arena a;
    struct pav_buf text;

    line = fuzz_line(data, len);
    if (line > 2000 || memchr(data, 0, line) != NULL)
        return 0;
    pav_arena_init(&a, 4096);
    values.docs[0] = line < len
                         ? fuzz_text(&a, data + line + 1, len - line - 1)
                         : pav_doc_new_cstr(&a, "aaaa bbb 12-34 \xC3\xA4");
    for (i = 0; values.docs[0] != NULL && i < sizeof(uses) / sizeof(uses[0]);
         i++) {
        pav_buf_init(&text, 1u << 16);
        pav_buf_puts(&text, uses[i][0]);
        pav_buf_put(&text, data, line);
        pav_buf_puts(&text, uses[i][1]);
        fuzz_evaluate(&a, text.p, text.len, NULL, &values);
        pav_buf_fini(&text);
    }
    pav_arena_fini(&a);
    return 0;
}
