/* Settings files: as --settings FILE. */
#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"
#include "pavane/settings.h"

static const struct pav_setting table[] = {
    {"db", PAV_SET_TEXT, "FILE", "pavane.db", 0, 0, ""},
    {"queue", PAV_SET_INT, "N", "5", 1, 10, ""},
    {"json", PAV_SET_FLAG, NULL, NULL, 0, 0, ""},
    {"settings", PAV_SET_TEXT, "FILE", NULL, 0, 0, ""}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char path[64];
    char name[] = "pavane", flag[] = "--settings";
    char *argv[] = {name, flag, path, NULL};
    struct pav_settings *s =
        pav_settings_new(table, sizeof(table) / sizeof(table[0]));
    struct pav_err err;
    int argc = 3;
    FILE *f;

    if (*path == '\0')
        snprintf(path, sizeof(path), "/tmp/pavane-fuzz-%d", (int)getpid());
    f = fopen(path, "wb");
    FUZZ_CHECK(f != NULL && fwrite(data, 1, len, f) == len && fclose(f) == 0);
    if (pav_settings_read(s, &argc, argv, &err) == PAV_OK) {
        FUZZ_CHECK(pav_settings_text(s, "db") != NULL);
        FUZZ_CHECK(pav_settings_int(s, "queue") >= 1 &&
                   pav_settings_int(s, "queue") <= 10);
    } else {
        FUZZ_CHECK(*err.message != '\0');
    }
    pav_settings_free(s);
    (void)unlink(path);
    return 0;
}
