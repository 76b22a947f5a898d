/*
 * Papers: settings, API requests and replies, as cJSON.
 *
 * Every text passes Pavane's strict check (doc.h, duplicate keys refused)
 * before cJSON sees it, because cJSON takes more than JSON.  Payloads,
 * definitions and patterns are never papers.
 */
#ifndef PAVANE_CJSON_H
#define PAVANE_CJSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "pavane/err.h"

/* `*out` belongs to the caller (cJSON_Delete). Errors: PAV_INVALID, PAV_LIMIT.
 */
PAV_MUSTUSE enum pav_rc
pav_cjson_parse(const char *text, size_t len, cJSON **out, struct pav_err *err);
/* The string member, or NULL when it is absent or no string. */
const char *pav_cjson_str(const cJSON *o, const char *key);
/* The integer member, or `missing`; false in *ok when it is no integer. */
int64_t
pav_cjson_int(const cJSON *o, const char *key, int64_t missing, int *ok);
/* Compact text (free()); deletes `o`. */
char *pav_cjson_print(cJSON *o, size_t *len);

#endif
