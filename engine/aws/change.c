/*
 * What the actions that become jobs share.
 */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "reads.h"

bool
change_fail(struct aws_change *c, const char *type, const char *fmt, ...)
{
    char message[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    c->error = type;
    c->message = pav_arena_strdup(&c->job->arena, message);
    return false;
}

bool
change_payload(struct aws_change *c, const char *key, const char *fallback,
               const char *error, const char *message,
               const struct pav_doc **out)
{
    const char *text = request_text(&c->job->arena, c->request, key);
    struct pav_err err;

    if (text == NULL)
        text = fallback;
    if (strlen(text) > PAV_PAYLOAD_MAX)
        return change_fail(c, error, "%s (it is longer than 262144 bytes)",
                           message);
    if (pav_doc_parse_copy(&c->job->arena, text, strlen(text), NULL, out,
                           &err) == PAV_OK)
        return true;
    if (*text == '\0')
        return change_fail(c, error, "%s", message);
    return change_fail(c, error, "%s (%s: %s)", message, err.at, err.message);
}
