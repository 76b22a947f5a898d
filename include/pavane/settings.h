/*
 * Settings: one table gives each its name, type, unit, default, bounds and
 * help.  A value comes from the flag (--name), else the environment
 * (PAVANE_NAME), else the settings file (a JSON object, --settings FILE), else
 * the default.  The same table makes --help.
 */
#ifndef PAVANE_SETTINGS_H
#define PAVANE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pavane/buf.h"
#include "pavane/err.h"

enum pav_setting_type { PAV_SET_TEXT, PAV_SET_INT, PAV_SET_FLAG };

struct pav_setting {
    const char *name; /* "early-seconds" */
    enum pav_setting_type type;
    const char *unit;       /* shown in help: "FILE", "SECONDS" */
    const char *by_default; /* the default, as text; NULL: none */
    int64_t min, max;       /* for PAV_SET_INT */
    const char *help;
};

/* `table` is borrowed and outlives the settings. */
struct pav_settings *
pav_settings_new(const struct pav_setting *table, size_t count);
void pav_settings_free(struct pav_settings *s);

/*
 * Read flags, environment and file.  Words that are no flag stay in
 * argv[0..*argc), in order.  Errors: PAV_INVALID naming the flag, variable or
 * key, what was found and what is expected; PAV_IO for the file.
 */
PAV_MUSTUSE enum pav_rc pav_settings_read(struct pav_settings *s, int *argc,
                                          char **argv, struct pav_err *err);

/* The same flags and environment, with the file as it is now. */
PAV_MUSTUSE enum pav_rc
pav_settings_again(const struct pav_settings *old, struct pav_settings **out,
                   struct pav_err *err);

const char *pav_settings_text(const struct pav_settings *s, const char *name);
int64_t pav_settings_int(const struct pav_settings *s, const char *name);
bool pav_settings_flag(const struct pav_settings *s, const char *name);
/* The part of --help that lists the table. */
void pav_settings_help(const struct pav_setting *table, size_t count,
                       struct pav_buf *out);

#endif
