/*
 * Who may ask: known hosts, no foreign origin, JSON for writes, the token.
 * Together they keep web pages in a browser from posting to a local daemon.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "net_int.h"

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
host_known(const struct pav_http_config *c, const char *host)
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

    if (authorization == NULL ||
        strncasecmp(authorization, "Bearer ", 7) != 0 ||
        strlen(authorization + 7) != len)
        return false;
    for (i = 0; i < len; i++)
        differ |= (unsigned char)(authorization[7 + i] ^ token[i]);
    return differ == 0;
}

/* NULL: no guest has this token. */
static const struct pav_guest *
guest_of(const struct pav_guest *g, const char *authorization)
{
    for (; g != NULL && g->token != NULL; g++)
        if (token_fits(authorization, g->token))
            return g;
    return NULL;
}

static bool
puts_events(const struct head *h)
{
    return h->method == PAV_POST &&
           (strcmp(h->path, "/events") == 0 ||
            (strcmp(h->path, "/") == 0 &&
             strcmp(h->target, "AWSEvents.PutEvents") == 0));
}

/* Binary mode: no page sends a ce- field unasked, and its body may be
 * anything. */
static bool
is_cloud_event(const struct head *h)
{
    int i;

    for (i = 0; i < h->ce_count; i++)
        if (strcasecmp(h->ce[2 * i], "specversion") == 0)
            return true;
    return false;
}

int
access_check(const struct pav_http_config *c, struct head *h, const char **why)
{
    if (!host_known(c, h->host)) {
        *why = "this Host is not known here; --hosts names further ones";
        return 403;
    }
    if (h->origin != NULL && !origin_is_ours(h->origin, h->host)) {
        *why = "requests of other origins are refused";
        return 403;
    }
    if (*h->encoding != '\0' && strcasecmp(h->encoding, "identity") != 0) {
        *why = "a body must not be compressed: leave Content-Encoding out";
        return 415;
    }
    if ((h->method == PAV_POST || h->method == PAV_PUT) && !is_cloud_event(h) &&
        !media_type_is_json(h->content_type)) {
        *why = "the Content-Type of a write must be application/json or "
               "another JSON type";
        return 415;
    }
    h->guest = guest_of(c->guests, h->authorization);
    if (h->guest != NULL && !puts_events(h)) {
        *why = "another account may put events, and nothing else";
        return 403;
    }
    if (h->guest == NULL && c->token != NULL &&
        strcmp(h->path, "/livez") != 0 && strcmp(h->path, "/readyz") != 0 &&
        !token_fits(h->authorization, c->token)) {
        *why = "Authorization: Bearer with the token of --token-file is wanted";
        return 401;
    }
    return 0;
}
