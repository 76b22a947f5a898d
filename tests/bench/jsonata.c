/*
 * Expressions of JSONata, evaluated alone.
 *
 *   bench_jsonata DOCUMENT EXPRESSIONS TIMES
 *
 * DOCUMENT is a JSON file, EXPRESSIONS has one a line.  Prints a line for each:
 * nanoseconds of one evaluation, and of one with its document read from text
 * and its result printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pavane/file.h"
#include "pavane/jsonata.h"

static _Noreturn void
fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_jsonata: %s: %s\n", what, why);
    exit(2);
}

static int64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct pav_doc *
evaluate(const struct pav_jsonata *x, struct pav_arena *a,
         const struct pav_doc *input)
{
    struct pav_jsonata_in in = {.input = input, .now_ms = 1700000000000};
    struct pav_jsonata_error error;
    const struct pav_doc *out = &pav_doc_null;

    if (pav_jsonata_eval(x, a, &in, &out, &error) == PAV_JSONATA_FAILED)
        fail("an expression", error.message);
    return out;
}

static void
measure(const char *line, size_t len, const char *text, size_t text_len,
        long times)
{
    const struct pav_jsonata *x;
    struct pav_jsonata_error error;
    const struct pav_doc *input;
    struct pav_arena kept, a;
    int64_t began, alone, whole;
    struct pav_buf b;
    long i;

    pav_arena_init(&kept, 65536);
    pav_arena_init(&a, 1 << 20);
    if (pav_jsonata_compile(&kept, line, len, PAV_JSONATA_AWS, NULL, &x,
                            &error) != PAV_OK ||
        pav_doc_parse(&kept, text, text_len, NULL, &input, NULL) != PAV_OK)
        fail(line, error.message);
    began = now_ns();
    for (i = 0; i < times; i++) {
        evaluate(x, &a, input);
        pav_arena_reset(&a);
    }
    alone = now_ns() - began;
    pav_buf_init(&b, 1u << 24);
    began = now_ns();
    for (i = 0; i < times; i++) {
        if (pav_doc_parse(&a, text, text_len, NULL, &input, NULL) != PAV_OK)
            fail("the document", "it is not JSON");
        b.len = 0;
        pav_doc_print(evaluate(x, &a, input), &b);
        pav_arena_reset(&a);
    }
    whole = now_ns() - began;
    printf("%.0f %.0f\n", (double)alone / (double)times,
           (double)whole / (double)times);
    pav_buf_fini(&b);
    pav_arena_fini(&a);
    pav_arena_fini(&kept);
}

int
main(int argc, char **argv)
{
    char *document, *lines, *line, *next;
    size_t document_len, len;
    struct pav_err err;

    if (argc != 4 || atol(argv[3]) < 1)
        fail("usage", "bench_jsonata DOCUMENT EXPRESSIONS TIMES");
    if (pav_file_read(argv[1], 1u << 24, &document, &document_len, &err) !=
            PAV_OK ||
        pav_file_read(argv[2], 1u << 20, &lines, &len, &err) != PAV_OK)
        fail(err.at, err.message);
    for (line = lines; *line != '\0'; line = next) {
        next = line + strcspn(line, "\n");
        if (next > line)
            measure(line, (size_t)(next - line), document, document_len,
                    atol(argv[3]));
        next += *next == '\n';
    }
    free(lines);
    free(document);
    return 0;
}
