/*
 * Normalising: literals of `masks` become their masks, times with a zone
 * become "date", `<name>` and a few words stand for anything.
 */
#include "normal.h"

#include <string.h>

#include "pavane/text.h"

static bool
is_wild_word(const struct pav_doc *d)
{
    static const char *const words[] = {
        "date", "timestamp", "datetime", "start-date", "stop-date",
        "start-time", "entered-time", "RequestId", "snf_role_arn",
        "sfn_role_arn", "x-amzn-RequestId", "X-Amzn-Trace-Id", "x-amz-crc32",
        "RandomNumberGenerated",
        /* opaque names */
        "a_task_token", "map_run_arn"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (pav_doc_is_str(d, words[i]))
            return true;
    return false;
}

static size_t
time_at(const char *p, const char *end)
{
    size_t len;
    int64_t ms;

    if (end - p < 20 || p[4] != '-' || p[10] != 'T')
        return 0;
    for (len = 20; len <= 35 && len <= (size_t)(end - p); len++)
        if (pav_time_parse(p, len, &ms))
            return len;
    return 0;
}

static const char *
masked_text(const struct normal *n, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *p = d->text, *end = d->text + d->len;
    char *out;
    uint32_t i;

    pav_buf_init(&b, 1 << 24);
    while (p < end) {
        size_t len = 0;

        for (i = 0; n->masks != NULL && i < n->masks->len; i++) {
            const struct pav_doc *pair = pav_doc_at(n->masks, i);
            const struct pav_doc *from = pav_doc_at(pair, 0);
            const struct pav_doc *to = pav_doc_at(pair, 1);

            if (from->len > 0 && (size_t)(end - p) >= from->len &&
                memcmp(p, from->text, from->len) == 0) {
                pav_buf_put(&b, to->text, to->len);
                len = from->len;
                break;
            }
        }
        if (len == 0 && (len = time_at(p, end)) > 0)
            pav_buf_puts(&b, "date");
        if (len == 0) {
            pav_buf_putc(&b, *p);
            len = 1;
        }
        p += len;
    }
    out = pav_arena_strndup(n->arena, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

/* `<name>` and `<<name>:1>` in `want` match any text that is not empty. */
static bool
glob(const char *want, const char *got)
{
    while (*want != '\0') {
        if (*want == '<') {
            const char *close = want;
            int depth = 0;

            do {
                depth += *close == '<' ? 1 : *close == '>' ? -1 : 0;
                close++;
            } while (depth > 0 && *close != '\0');
            if (depth == 0) {
                for (; *got != '\0'; got++)
                    if (glob(close, got + 1))
                        return true;
                return false;
            }
        }
        if (*want++ != *got++)
            return false;
    }
    return *got == '\0';
}

static bool
ignored(const struct pav_member *m)
{
    static const char *const keys[] = {"roleArn",
                                       "region",
                                       "inputDetails",
                                       "outputDetails",
                                       "assignedVariablesDetails",
                                       "SdkHttpMetadata",
                                       "SdkResponseMetadata",
                                       "RoleArn"};
    size_t i;

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strlen(keys[i]) == m->len && memcmp(keys[i], m->key, m->len) == 0)
            return true;
    return false;
}

static bool
texts_equal(const struct normal *n, const struct pav_doc *want,
            const struct pav_doc *got)
{
    const struct pav_doc *parsed;

    if (is_wild_word(want))
        return true;
    if (glob(masked_text(n, want), masked_text(n, got)))
        return true;
    /* The same JSON in other clothes. */
    if (want->len > 1 && want->text[0] == '"' &&
        pav_doc_parse(n->arena, want->text, want->len, NULL, &parsed, NULL) ==
            PAV_OK)
        return normal_equal(n, parsed, got);
    if (want->len > 0 && got->len > 0 &&
        pav_doc_parse(n->arena, want->text, want->len, NULL, &want, NULL) ==
            PAV_OK &&
        pav_doc_parse(n->arena, got->text, got->len, NULL, &parsed, NULL) ==
            PAV_OK)
        return want->kind != PAV_STRING && normal_equal(n, want, parsed);
    return false;
}

static bool
objects_equal(const struct normal *n, const struct pav_doc *want,
              const struct pav_doc *got)
{
    uint32_t i;

    for (i = 0; i < want->len; i++) {
        const struct pav_member *m = &want->members[i];
        const struct pav_doc *v = pav_doc_getn(got, m->key, m->len);

        if (!ignored(m) && (v == NULL || !normal_equal(n, &m->value, v)))
            return false;
    }
    for (i = 0; i < got->len; i++) {
        const struct pav_member *m = &got->members[i];

        if (!ignored(m) && pav_doc_getn(want, m->key, m->len) == NULL)
            return false;
    }
    return true;
}

bool
normal_equal(const struct normal *n, const struct pav_doc *want,
             const struct pav_doc *got)
{
    const struct pav_doc *parsed;
    uint32_t i;

    if (want->kind == PAV_STRING && is_wild_word(want))
        return true;
    if (want->kind == PAV_STRING && got->kind == PAV_STRING)
        return texts_equal(n, want, got);
    /* Payloads: JSON text on one side, the value on the other. */
    if (want->kind == PAV_STRING &&
        pav_doc_parse(n->arena, want->text, want->len, NULL, &parsed, NULL) ==
            PAV_OK)
        return parsed->kind != PAV_STRING && normal_equal(n, parsed, got);
    if (want->kind == PAV_STRING && want->len > 2 && want->text[0] == '<')
        return true;
    if (got->kind == PAV_STRING && got->len > 1 &&
        pav_doc_parse(n->arena, got->text, got->len, NULL, &parsed, NULL) ==
            PAV_OK)
        return parsed->kind != PAV_STRING && normal_equal(n, want, parsed);
    if (want->kind != got->kind)
        return false;
    if (want->kind == PAV_OBJECT)
        return objects_equal(n, want, got);
    if (want->kind != PAV_ARRAY)
        return pav_doc_equal(want, got);
    if (want->len != got->len)
        return false;
    for (i = 0; i < want->len; i++)
        if (!normal_equal(n, &want->items[i], &got->items[i]))
            return false;
    return true;
}
