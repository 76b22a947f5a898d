#include "pavane/arn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PARTS 5 /* before the resource */

bool
pav_arn_is(const char *text, size_t len)
{
    const char *p = text, *end = text + len, *colon;
    int part;

    if (len < 4 || memcmp(text, "arn:", 4) != 0)
        return false;
    for (part = 0; part < PARTS; part++, p = colon + 1) {
        colon = memchr(p, ':', (size_t)(end - p));
        if (colon == NULL || (part <= 2 && colon == p) ||
            memchr(p, ' ', (size_t)(colon - p)) != NULL)
            return false;
    }
    return p < end;
}

const char *
pav_arn_resource(const char *text, const char *service)
{
    const char *p = text, *colon;
    int part;

    if (text == NULL || strncmp(text, "arn:", 4) != 0)
        return NULL;
    for (part = 0; part < PARTS; part++, p = colon + 1) {
        colon = strchr(p, ':');
        if (colon == NULL)
            return NULL;
        if (part == 2 && service != NULL &&
            (strlen(service) != (size_t)(colon - p) ||
             memcmp(p, service, strlen(service)) != 0))
            return NULL;
    }
    return *p == '\0' ? NULL : p;
}

const char *
pav_arn_name(const char *text, const char *service, const char *kind)
{
    const char *p = pav_arn_resource(text, service);
    size_t len = strlen(kind);

    if (p == NULL || strncmp(p, kind, len) != 0 ||
        (p[len] != ':' && p[len] != '/') || p[len + 1] == '\0')
        return NULL;
    return p + len + 1;
}

const char *
pav_arn_put(struct pav_arena *a, const char *service, const char *region,
            const char *account, const char *resource, ...)
{
    const char *head =
        pav_arena_printf(a, "arn:aws:%s:%s:%s:", service, region, account);
    size_t head_len = strlen(head), len;
    char *text;
    va_list ap;

    va_start(ap, resource);
    len = (size_t)vsnprintf(NULL, 0, resource, ap);
    va_end(ap);
    text = pav_arena_alloc(a, head_len + len + 1);
    memcpy(text, head, head_len);
    va_start(ap, resource);
    vsnprintf(text + head_len, len + 1, resource, ap);
    va_end(ap);
    return text;
}

/* ---- Step Functions' ---- */

bool
pav_arn_machine(struct pav_arena *a, const char *text,
                struct pav_states_arn *out)
{
    const char *p = pav_arn_name(text, "states", "stateMachine");
    size_t len;

    memset(out, 0, sizeof(*out));
    if (p == NULL)
        return false;
    len = strcspn(p, ":");
    out->machine = pav_arena_strndup(a, p, len);
    if (p[len] == ':')
        out->qualifier = p + len + 1;
    return len > 0 &&
           (out->qualifier == NULL ||
            (*out->qualifier != '\0' && strchr(out->qualifier, ':') == NULL));
}

bool
pav_arn_execution(struct pav_arena *a, const char *text,
                  struct pav_states_arn *out)
{
    const char *p = pav_arn_name(text, "states", "execution");
    size_t len, slash;

    memset(out, 0, sizeof(*out));
    if (p == NULL) {
        p = pav_arn_name(text, "states", "express");
        out->express = p != NULL;
    }
    if (p == NULL)
        return false;
    len = strcspn(p, ":");
    slash = strcspn(p, ":/");
    out->machine = pav_arena_strndup(a, p, slash);
    if (slash < len)
        out->label = pav_arena_strndup(a, p + slash + 1, len - slash - 1);
    if (p[len] != ':' || p[len + 1] == '\0' || slash == 0)
        return false;
    out->name = p + len + 1;
    return out->express || strchr(out->name, ':') == NULL;
}

const char *
pav_arn_rule(const char *arn)
{
    const char *p = arn;
    int colons;

    for (colons = 0; p != NULL && colons < 5; colons++) {
        p = strchr(p, ':');
        p = p == NULL ? NULL : p + 1;
    }
    if (p == NULL)
        return arn;
    return strncmp(p, "rule/", 5) == 0 ? p + 5 : p;
}
