/* JSON with cJSON: see pavane/cjson.h. */
#include "pavane/cjson.h"

#include <math.h>
#include <string.h>

#include "pavane/doc.h"

#define JSON_DEPTH 64

enum pav_rc
pav_cjson_parse(const char *text, size_t len, cJSON **out, struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, JSON_DEPTH, 5000};
    struct pav_arena arena;
    const struct pav_doc *checked;
    enum pav_rc rc;

    pav_arena_init(&arena, 4096);
    rc = pav_doc_parse(&arena, text, len, &opts, &checked, err);
    if (rc == PAV_OK && pav_doc_holds_nul(checked))
        /* cJSON ends a text there: what is behind it would be lost unseen. */
        rc = pav_fail(err, PAV_INVALID, "", "a text holds U+0000");
    pav_arena_fini(&arena);
    if (rc != PAV_OK)
        return rc;
    *out = cJSON_ParseWithLength(text, len);
    if (*out == NULL)
        return pav_fail(err, PAV_INVALID, "",
                        "the text holds a lone surrogate");
    return PAV_OK;
}

const char *
pav_cjson_str(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

int64_t
pav_cjson_int(const cJSON *o, const char *key, int64_t missing, int *ok)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    *ok = 1;
    if (v == NULL || cJSON_IsNull(v))
        return missing;
    if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble) ||
        fabs(v->valuedouble) > 9007199254740992.0) {
        *ok = 0;
        return missing;
    }
    return (int64_t)v->valuedouble;
}

char *
pav_cjson_print(cJSON *o, size_t *len)
{
    char *text = cJSON_PrintUnformatted(o);

    cJSON_Delete(o);
    if (text == NULL)
        PAV_BUG("out of memory");
    if (len != NULL)
        *len = strlen(text);
    return text;
}
