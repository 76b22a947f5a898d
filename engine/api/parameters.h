/* Parameters of a query, and what it answers. */
#ifndef PAVANE_API_PARAMETERS_H
#define PAVANE_API_PARAMETERS_H

#include <cjson/cJSON.h>

#include "pavane/query.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

/* "limit" of the query, within bounds; false after query_error(). */
bool query_limit(struct pav_query *q, uint32_t *limit);
/* A whole number parameter, 0 when absent; false after query_error(). */
bool query_number(struct pav_query *q, const char *name, int64_t *out);
/* A time parameter (RFC 3339), 0 when absent; false after query_error(). */
bool query_time(struct pav_query *q, const char *name, int64_t *out);
/* A text parameter in the arena, NULL when absent. */
const char *query_text(struct pav_query *q, const char *name);

void query_error(struct pav_query *q, int status, const char *at,
                 const char *message);
/* The same in the form of AWS's APIs. */
void aws_query_error(struct pav_query *q, int status, const char *message);
/* Prints and deletes the paper into the answer. */
void query_json(struct pav_query *q, cJSON *json);
/* Members of an answer; NULL and 0 are null. */
void json_add_text(cJSON *o, const char *key, const char *text);
void json_add_time(cJSON *o, const char *key, int64_t ms);

#endif
