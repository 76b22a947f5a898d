/*
 * conformance KIND DIR [--failures] [--known FILE]
 *
 * Runs every *.json of DIR against the language.  Prints one line
 * "category: passed/total" for each category, the ids of failures with
 * --failures, and at last "N passed, N failed, N skipped".  Skipped is what is
 * not ours to answer: checks of a client, calls of an API.  FILE holds the
 * known failures, {"KIND": {"id": "reason"}}: such a case is skipped too, and
 * fails when it passes, so that the list can only shrink. Exit code: 0 none
 * failed, 1 some failed, 2 usage.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "conformance.h"

#define FILE_MAX_LEN (64u << 20)

static const struct kind {
    const char *name;
    void (*run)(struct tally *t, const struct pav_doc *file);
} kinds[] = {{"asl", run_asl},
             {"event-patterns", run_event_patterns},
             {"jsonata", run_jsonata},
             {"jsonpath", run_jsonpath}};

void
tally_case(struct tally *t, bool passed, const struct pav_doc *id,
           const char *why)
{
    const struct pav_doc *reason = NULL;

    if (id != NULL && id->kind == PAV_STRING && t->known != NULL)
        reason = pav_doc_getn(t->known, id->text, id->len);
    if (reason != NULL && !passed) {
        t->skipped++;
        return;
    }
    if (passed && reason == NULL) {
        t->passed++;
        return;
    }
    if (passed)
        why = "passes, and is listed as a known failure: take it off the list";
    t->failed++;
    if (t->show_failures)
        printf("  failed %.*s: %s\n", id == NULL ? 1 : (int)id->len,
               id == NULL ? "?" : id->text, why);
}

void
tally_skip(struct tally *t)
{
    t->skipped++;
}

static void
run_file(const struct kind *k, struct tally *t, const char *dir,
         const char *name)
{
    const struct pav_doc *file;
    char path[4096], category[256], *text;
    struct pav_err err;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(category, sizeof(category), "%.*s", (int)strlen(name) - 5, name);
    if (pav_file_read(path, FILE_MAX_LEN, &text, &len, &err) != PAV_OK) {
        fprintf(stderr, "conformance: %s: %s\n", err.at, err.message);
        exit(2);
    }
    pav_arena_init(&t->arena, 1 << 20);
    if (pav_doc_parse(&t->arena, text, len, NULL, &file, &err) != PAV_OK) {
        fprintf(stderr, "conformance: %s: %s: %s\n", path, err.at, err.message);
        exit(2);
    }
    t->category = category;
    t->passed = t->failed = t->skipped = 0;
    k->run(t, file);
    if (t->passed + t->failed + t->skipped > 0)
        printf("%s: %u/%u\n", category, t->passed, t->passed + t->failed);
    t->all_passed += t->passed;
    t->all_failed += t->failed;
    t->all_skipped += t->skipped;
    pav_arena_fini(&t->arena);
    free(text);
}

static int
is_json(const struct dirent *e)
{
    size_t len = strlen(e->d_name);

    return len > 5 && strcmp(e->d_name + len - 5, ".json") == 0;
}

static void
usage(void)
{
    fputs("usage: conformance asl|event-patterns|jsonata|jsonpath DIR "
          "[--failures] "
          "[--known FILE]\n",
          stderr);
    exit(2);
}

static const struct pav_doc *
known_failures(struct pav_arena *a, const char *path, const char *kind)
{
    const struct pav_doc *doc;
    struct pav_err err;
    size_t len;
    char *text;

    if (pav_file_read(path, FILE_MAX_LEN, &text, &len, &err) != PAV_OK ||
        pav_doc_parse_copy(a, text, len, NULL, &doc, &err) != PAV_OK) {
        fprintf(stderr, "conformance: %s: %s: %s\n", path, err.at, err.message);
        exit(2);
    }
    free(text);
    return pav_doc_get(doc, kind);
}

/* Documents that the cases of several files share. */
static const struct pav_doc *
datasets_of(struct pav_arena *a, const char *dir)
{
    const struct pav_doc *doc = NULL;
    char path[4096], *text;
    size_t len;

    snprintf(path, sizeof(path), "%s/datasets.json", dir);
    if (pav_file_read(path, FILE_MAX_LEN, &text, &len, NULL) != PAV_OK)
        return NULL;
    if (pav_doc_parse_copy(a, text, len, NULL, &doc, NULL) != PAV_OK)
        doc = NULL;
    free(text);
    return doc;
}

int
main(int argc, char **argv)
{
    struct tally t = {.known = NULL};
    const struct kind *kind = NULL;
    struct pav_arena arena;
    struct dirent **names;
    size_t k;
    int i, count;

    for (k = 0; argc >= 3 && k < sizeof(kinds) / sizeof(kinds[0]); k++)
        if (strcmp(argv[1], kinds[k].name) == 0)
            kind = &kinds[k];
    if (kind == NULL)
        usage();
    pav_arena_init(&arena, 1 << 12);
    for (i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--failures") == 0)
            t.show_failures = true;
        else if (strcmp(argv[i], "--known") == 0 && i + 1 < argc)
            t.known = known_failures(&arena, argv[++i], kind->name);
        else
            usage();
    }
    t.datasets = datasets_of(&arena, argv[2]);
    count = scandir(argv[2], &names, is_json, alphasort);
    if (count < 0) {
        fprintf(stderr, "conformance: %s: cannot be read\n", argv[2]);
        return 2;
    }
    for (i = 0; i < count; i++) {
        run_file(kind, &t, argv[2], names[i]->d_name);
        free(names[i]);
    }
    free(names);
    pav_arena_fini(&arena);
    if (t.outcomes > 0)
        printf("outcomes %u/%u, histories %u/%u\n", t.outcomes_equal,
               t.outcomes, t.histories_equal, t.histories);
    printf("%u passed, %u failed, %u skipped\n", t.all_passed, t.all_failed,
           t.all_skipped);
    return t.all_failed > 0;
}
