/* Replies of the front, and the parameters of a query. */
#include <stdlib.h>
#include <string.h>

#include "pavane/clock.h"
#include "pavane/cjson.h"
#include "pavane/text.h"
#include "aws/aws.h"
#include "front.h"
#include "parameters.h"
#include "reply.h"
#include "doors.h"

int64_t
pav_api_now_ms(const struct pav_api *api)
{
    struct pav_engine *e = pav_api_settings(api)->engine;
    int64_t virtual_ms = e == NULL ? 0 : pav_engine_virtual_ms(e);
    struct pav_clock c;

    if (virtual_ms != 0)
        return virtual_ms;
    pav_clock_real(&c, pav_api_settings(api)->clock_offset_ms);
    return pav_clock_ms(&c);
}

void
api_reply(struct pav_api *api, struct pav_ref ref, int status, const char *type,
          const char *body, size_t len)
{
    struct pav_reply r = {
        .status = status, .type = type, .body = body, .len = len};

    pav_http_reply(pav_api_settings(api)->http, ref, &r);
}

void
api_error_put(struct pav_buf *b, const char *error, const char *at,
              const char *message)
{
    pav_buf_puts(b, "{\"error\":");
    pav_buf_jsons(b, error);
    if (at != NULL && *at != '\0') {
        pav_buf_puts(b, ",\"at\":");
        pav_buf_jsons(b, at);
    }
    pav_buf_puts(b, ",\"message\":");
    pav_buf_jsons(b, message);
    pav_buf_puts(b, "}\n");
}

void
api_error(struct pav_api *api, struct pav_ref ref, int status,
          const char *error, const char *at, const char *message)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 16);
    api_error_put(&b, error, at, message);
    api_reply(api, ref, status, "application/json", b.p, b.len);
    pav_buf_fini(&b);
}

void
query_error(struct pav_query *q, int status, const char *at,
            const char *message)
{
    q->status = status;
    q->type = "application/json";
    q->out.len = 0;
    api_error_put(&q->out,
                  status == 404   ? "missing"
                  : status == 503 ? "busy"
                  : status >= 500 ? "io"
                                  : "invalid",
                  at, message);
}

void
aws_query_error(struct pav_query *q, int status, const char *message)
{
    q->status = status;
    q->type = AWS_TYPE;
    q->out.len = 0;
    aws_error_put(&q->out,
                  status == 503 ? "ServiceUnavailable" : "InternalServerError",
                  message);
}

void
query_json(struct pav_query *q, cJSON *json)
{
    size_t len;
    char *text = pav_cjson_print(json, &len);

    pav_buf_put(&q->out, text, len);
    pav_buf_putc(&q->out, '\n');
    free(text);
}

const char *
route_name(int route)
{
    static const char *const names[ROUTES] = {"other", "events", "aws", "api",
                                              "pages"};

    return names[route];
}

/* ---- parameters ---- */

const char *
query_text(struct pav_query *q, const char *name)
{
    char *room = pav_arena_alloc(q->arena, PAV_QUERY_VALUE_MAX);

    return pav_query_get(q->query, name, room, PAV_QUERY_VALUE_MAX);
}

bool
query_number(struct pav_query *q, const char *name, int64_t *out)
{
    const char *text = query_text(q, name);

    *out = 0;
    if (text == NULL || *text == '\0')
        return true;
    if (pav_parse_int(text, strlen(text), out))
        return true;
    query_error(q, 400, name, "a whole number is expected");
    return false;
}

bool
query_time(struct pav_query *q, const char *name, int64_t *out)
{
    const char *text = query_text(q, name);

    *out = 0;
    if (text == NULL || *text == '\0' ||
        pav_time_parse(text, strlen(text), out))
        return true;
    query_error(q, 400, name, "a time as 2026-11-24T10:12:13Z is expected");
    return false;
}

bool
query_limit(struct pav_query *q, uint32_t *limit)
{
    int64_t n;

    if (!query_number(q, "limit", &n))
        return false;
    if (n > PAGE_MAX) {
        query_error(q, 400, "limit", "at most 1000 a page");
        return false;
    }
    *limit = n == 0 ? PAGE_DEFAULT : (uint32_t)n;
    return true;
}

void
json_add_text(cJSON *o, const char *key, const char *text)
{
    if (text == NULL)
        cJSON_AddNullToObject(o, key);
    else
        cJSON_AddStringToObject(o, key, text);
}

void
json_add_time(cJSON *o, const char *key, int64_t ms)
{
    char when[PAV_TIME_LEN];

    json_add_text(o, key, ms == 0 ? NULL : pav_time_format(ms, when));
}

const struct pav_api_config *
pav_api_settings(const struct pav_api *api)
{
    return &api->config;
}
