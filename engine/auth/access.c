/* See pavane/access.h. */
#include "pavane/access.h"

#include <string.h>
#include <strings.h>

/* The name in a Host value: without the port, brackets kept off. */
static size_t
host_name(const char *host, const char **name)
{
    const char *end;

    if (*host == '[') {
        *name = host + 1;
        end = strchr(host, ']');
        if (end == NULL || (end[1] != '\0' &&
                            (end[1] != ':' ||
                             strspn(end + 2, "0123456789") != strlen(end + 2))))
            return 0;
        return (size_t)(end - host) - 1;
    }
    *name = host;
    end = strchrnul(host, ':');
    if (*end == ':' && strspn(end + 1, "0123456789") != strlen(end + 1))
        return 0;
    return (size_t)(end - host);
}

static bool
name_is(const char *name, size_t len, const char *known, size_t known_len)
{
    return len == known_len && strncasecmp(name, known, len) == 0;
}

static bool
host_known(const struct pav_access *c, const char *host)
{
    static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
    const char *name, *p, *comma;
    size_t len = host_name(host, &name), i;

    if (len > 5 && strncasecmp(name, "sync-", 5) == 0) {
        name += 5; /* AWS's clients put it there for two actions */
        len -= 5;
    }
    for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (name_is(name, len, always[i], strlen(always[i])))
            return true;
    if (name_is(name, len, c->address, strlen(c->address)))
        return true;
    for (p = c->hosts; p != NULL && *p != '\0'; p = comma + 1) {
        comma = strchrnul(p, ',');
        if (name_is(name, len, p, (size_t)(comma - p)))
            return true;
        if (*comma == '\0')
            break;
    }
    return false;
}

static bool
origin_is_ours(const char *origin, const char *host)
{
    const char *at = strstr(origin, "://");

    return at != NULL && strcasecmp(at + 3, host) == 0;
}

/* A browser sends "application/reports+json" to wherever a page says, unasked.
 */
static bool
media_type_is_json(const char *type)
{
    size_t len = strlen(type);

    return strcmp(type, "application/json") == 0 ||
           strncmp(type, "application/x-amz-json-1.", 25) == 0 ||
           (len > 5 && strcmp(type + len - 5, "+json") == 0 &&
            strcmp(type, "application/reports+json") != 0);
}

/* Its time does not depend on where the texts differ. */
static bool
token_fits(const char *authorization, const char *token)
{
    unsigned char differ = 0;
    size_t i, len = strlen(token);

    if (strncasecmp(authorization, "Bearer ", 7) != 0 ||
        strlen(authorization + 7) != len)
        return false;
    for (i = 0; i < len; i++)
        differ |= (unsigned char)(authorization[7 + i] ^ token[i]);
    return differ == 0;
}

/* NULL: no guest has this token. */
static const struct pav_external_account *
external_of(const struct pav_external_account *g, const char *authorization)
{
    for (; g != NULL && g->token != NULL; g++)
        if (token_fits(authorization, g->token))
            return g;
    return NULL;
}

static bool
puts_events(const struct pav_request *req)
{
    return req->method == PAV_POST &&
           (strcmp(req->path, "/events") == 0 ||
            (strcmp(req->path, "/") == 0 &&
             strcmp(pav_request_text(req, "X-Amz-Target"),
                    "AWSEvents.PutEvents") == 0));
}

/* Binary mode: no page sends a ce- field unasked, and its body may be
 * anything. */
static bool
is_cloud_event(const struct pav_request *req)
{
    return pav_request_field(req, "ce-specversion") != NULL;
}

int
pav_access_check(const struct pav_access *access, const struct pav_request *req,
                 const struct pav_external_account **external, const char **why)
{
    const char *origin = pav_request_text(req, "Origin");
    const char *encoding = pav_request_text(req, "Content-Encoding");
    const char *authorization = pav_request_text(req, "Authorization");

    *external = NULL;
    if (!host_known(access, req->host)) {
        *why = "this Host is not known here; --hosts names further ones";
        return 403;
    }
    if (*origin != '\0' && !origin_is_ours(origin, req->host)) {
        *why = "requests of other origins are refused";
        return 403;
    }
    if (*encoding != '\0' && strcasecmp(encoding, "identity") != 0) {
        *why = "a body must not be compressed: leave Content-Encoding out";
        return 415;
    }
    if ((req->method == PAV_POST || req->method == PAV_PUT) &&
        !is_cloud_event(req) && !media_type_is_json(req->content_type)) {
        *why = "the Content-Type of a write must be application/json or "
               "another JSON type";
        return 415;
    }
    *external = external_of(access->externals, authorization);
    if (*external != NULL && !puts_events(req)) {
        *why = "another account may put events, and nothing else";
        return 403;
    }
    if (*external == NULL && access->token != NULL &&
        strcmp(req->path, "/livez") != 0 && strcmp(req->path, "/readyz") != 0 &&
        !token_fits(authorization, access->token)) {
        *why = "missing or wrong bearer token (--token-file)";
        return 401;
    }
    return 0;
}
