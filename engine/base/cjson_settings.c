/* Settings: see pavane/settings.h.  The file is a paper. */
#include "pavane/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/file.h"
#include "pavane/mem.h"
#include "pavane/cjson.h"
#include "pavane/text.h"

#define FILE_MAX (64 * 1024)

struct pav_settings {
    const struct pav_setting *table;
    size_t count;
    char **values;   /* NULL: not given; owned */
    bool *from_file; /* and not from the flags or the environment */
};

struct pav_settings *
pav_settings_new(const struct pav_setting *table, size_t count)
{
    struct pav_settings *s = pav_xcalloc(1, sizeof(*s));

    s->table = table;
    s->count = count;
    s->values = pav_xcalloc(count, sizeof(*s->values));
    s->from_file = pav_xcalloc(count, sizeof(*s->from_file));
    return s;
}

void
pav_settings_free(struct pav_settings *s)
{
    size_t i;

    if (s == NULL)
        return;
    for (i = 0; i < s->count; i++)
        free(s->values[i]);
    free(s->values);
    free(s->from_file);
    free(s);
}

static size_t
find(const struct pav_settings *s, const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < s->count; i++)
        if (strlen(s->table[i].name) == len &&
            memcmp(s->table[i].name, name, len) == 0)
            break;
    return i;
}

/* `place` names where the value came from, for the message. */
static enum pav_rc
set(struct pav_settings *s, size_t i, const char *value, const char *place,
    struct pav_err *err)
{
    const struct pav_setting *row = &s->table[i];
    int64_t n;

    if (row->type == PAV_SET_INT && (!pav_parse_int(value, strlen(value), &n) ||
                                     n < row->min || n > row->max))
        return pav_fail(err, PAV_INVALID, place,
                        "'%s' is not a whole number from %lld to %lld", value,
                        (long long)row->min, (long long)row->max);
    if (row->type == PAV_SET_FLAG && strcmp(value, "true") != 0 &&
        strcmp(value, "false") != 0)
        return pav_fail(err, PAV_INVALID, place, "'%s' is not true or false",
                        value);
    free(s->values[i]);
    s->values[i] = pav_xstrdup(value);
    return PAV_OK;
}

static enum pav_rc
no_such(const struct pav_settings *s, const char *place, const char *name,
        size_t len, const char *kind, struct pav_err *err)
{
    const char **names = pav_xcalloc(s->count + 1, sizeof(*names)), *near;
    char word[64];
    size_t i;

    for (i = 0; i < s->count; i++)
        names[i] = s->table[i].name;
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    near = pav_text_near(word, names);
    free(names);
    if (near != NULL)
        return pav_fail(err, PAV_INVALID, place,
                        "there is no %s '%s'; did you mean '%s'?", kind, word,
                        near);
    return pav_fail(err, PAV_INVALID, place,
                    "there is no %s '%s'; --help lists them", kind, word);
}

static enum pav_rc
read_flags(struct pav_settings *s, int *argc, char **argv, struct pav_err *err)
{
    int i, kept = 0;
    enum pav_rc rc;

    for (i = 0; i < *argc; i++) {
        const char *arg = argv[i], *equals = strchr(arg, '='), *value;
        size_t len, row;

        if (strcmp(arg, "-h") == 0 && find(s, "help", 4) < s->count) {
            rc = set(s, find(s, "help", 4), "true", arg, err);
            if (rc != PAV_OK)
                return rc;
            continue;
        }
        if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0') {
            argv[kept++] = argv[i];
            continue;
        }
        len = equals == NULL ? strlen(arg + 2) : (size_t)(equals - arg) - 2;
        row = find(s, arg + 2, len);
        if (row == s->count)
            return no_such(s, arg, arg + 2, len, "option", err);
        if (equals != NULL)
            value = equals + 1;
        else if (s->table[row].type == PAV_SET_FLAG)
            value = "true";
        else if (i + 1 < *argc)
            value = argv[++i];
        else
            return pav_fail(err, PAV_INVALID, arg, "a %s must follow",
                            s->table[row].unit);
        rc = set(s, row, value, arg, err);
        if (rc != PAV_OK)
            return rc;
    }
    *argc = kept;
    return PAV_OK;
}

static enum pav_rc
read_environment(struct pav_settings *s, struct pav_err *err)
{
    size_t i, j;
    enum pav_rc rc;

    for (i = 0; i < s->count; i++) {
        char name[64];
        const char *value;

        snprintf(name, sizeof(name), "PAVANE_%s", s->table[i].name);
        for (j = 0; name[j] != '\0'; j++)
            name[j] = name[j] == '-' ? '_' : (char)toupper(name[j]);
        value = getenv(name);
        if (value == NULL || s->values[i] != NULL)
            continue;
        rc = set(s, i, value, name, err);
        if (rc != PAV_OK)
            return rc;
    }
    return PAV_OK;
}

static enum pav_rc
read_file(struct pav_settings *s, const char *path, struct pav_err *err)
{
    cJSON *json = NULL;
    const cJSON *member;
    char *text = NULL;
    size_t len;
    enum pav_rc rc;

    rc = pav_file_read(path, FILE_MAX, &text, &len, err);
    if (rc == PAV_OK)
        rc = pav_cjson_parse(text, len, &json, err);
    if (rc != PAV_OK)
        goto out;
    if (!cJSON_IsObject(json)) {
        rc = pav_fail(err, PAV_INVALID, path,
                      "an object of settings is expected: {\"listen\": ...}");
        goto out;
    }
    cJSON_ArrayForEach(member, json)
    {
        size_t row = find(s, member->string, strlen(member->string));
        char number[32];
        const char *value = cJSON_GetStringValue(member);

        if (row == s->count) {
            rc = no_such(s, path, member->string, strlen(member->string),
                         "setting", err);
            goto out;
        }
        if (cJSON_IsNumber(member) && s->table[row].type == PAV_SET_TEXT) {
            rc = pav_fail(err, PAV_INVALID, path, "'%s' must be a text (%s)",
                          member->string, s->table[row].unit);
            goto out;
        }
        if (cJSON_IsNumber(member)) {
            snprintf(number, sizeof(number), "%.0f", member->valuedouble);
            value = number;
        } else if (cJSON_IsBool(member)) {
            value = cJSON_IsTrue(member) ? "true" : "false";
        }
        if (value == NULL) {
            rc = pav_fail(err, PAV_INVALID, path,
                          "'%s' must be a text, a number or a boolean",
                          member->string);
            goto out;
        }
        if (s->values[row] == NULL) {
            rc = set(s, row, value, path, err);
            s->from_file[row] = true;
        }
        if (rc != PAV_OK)
            goto out;
    }
out:
    cJSON_Delete(json);
    free(text);
    return rc;
}

enum pav_rc
pav_settings_read(struct pav_settings *s, int *argc, char **argv,
                  struct pav_err *err)
{
    const char *path;
    enum pav_rc rc;
    size_t i;

    rc = read_flags(s, argc, argv, err);
    if (rc == PAV_OK)
        rc = read_environment(s, err);
    i = find(s, "settings", strlen("settings"));
    path = i < s->count ? s->values[i] : NULL;
    if (rc == PAV_OK && path != NULL)
        rc = read_file(s, path, err);
    return rc;
}

enum pav_rc
pav_settings_again(const struct pav_settings *old, struct pav_settings **out,
                   struct pav_err *err)
{
    struct pav_settings *s = pav_settings_new(old->table, old->count);
    const char *path = NULL;
    enum pav_rc rc = PAV_OK;
    size_t i;

    for (i = 0; i < s->count; i++)
        if (old->values[i] != NULL && !old->from_file[i])
            s->values[i] = pav_xstrdup(old->values[i]);
    i = find(s, "settings", strlen("settings"));
    if (i < s->count)
        path = s->values[i];
    if (path != NULL)
        rc = read_file(s, path, err);
    if (rc == PAV_OK)
        *out = s;
    else
        pav_settings_free(s);
    return rc;
}

const char *
pav_settings_text(const struct pav_settings *s, const char *name)
{
    size_t i = find(s, name, strlen(name));

    PAV_ASSERT(i < s->count);
    return s->values[i] != NULL ? s->values[i] : s->table[i].by_default;
}

int64_t
pav_settings_int(const struct pav_settings *s, const char *name)
{
    const char *text = pav_settings_text(s, name);
    int64_t n = 0;

    if (text != NULL && !pav_parse_int(text, strlen(text), &n))
        PAV_BUG(name);
    return n;
}

bool
pav_settings_flag(const struct pav_settings *s, const char *name)
{
    const char *text = pav_settings_text(s, name);

    return text != NULL && strcmp(text, "true") == 0;
}

void
pav_settings_help(const struct pav_setting *table, size_t count,
                  struct pav_buf *out)
{
    size_t i;

    for (i = 0; i < count; i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s%s%s", table[i].name,
                 table[i].type == PAV_SET_FLAG ? "" : " ",
                 table[i].type == PAV_SET_FLAG ? "" : table[i].unit);
        pav_buf_printf(out, "  %-30s %s", left, table[i].help);
        if (table[i].by_default != NULL && table[i].type != PAV_SET_FLAG)
            pav_buf_printf(out, " [%s]", table[i].by_default);
        pav_buf_putc(out, '\n');
    }
}
