/*
 * The seeds of a fuzz target, each once and without a fuzzer: how long the
 * longest takes, in microseconds of the processor, and which it is.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/file.h"
#include "fuzz.h"

int
main(int argc, char **argv)
{
    int64_t max = 0;
    char longest[256] = "", path[4096];
    struct dirent *entry;
    struct pav_err err;
    DIR *dir;

    if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(dir)) != NULL) {
        int64_t began;
        char *text;
        size_t len;

        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        if (*entry->d_name == '.' ||
            pav_file_read(path, 16u << 20, &text, &len, &err) != PAV_OK)
            continue;
        began = pav_clock_thread_us();
        LLVMFuzzerTestOneInput((const uint8_t *)text, len);
        if (pav_clock_thread_us() - began >= max) {
            max = pav_clock_thread_us() - began;
            snprintf(longest, sizeof(longest), "%s", entry->d_name);
        }
        free(text);
    }
    closedir(dir);
    printf("%lld seed %s/%s\n", (long long)max,
           strrchr(argv[1], '/') == NULL ? argv[1] : strrchr(argv[1], '/') + 1,
           longest);
    return 0;
}
