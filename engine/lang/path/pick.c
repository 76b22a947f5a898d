/* Paths and expressions of rules: see pavane/pick.h. */
#include "pavane/pick.h"

#include <string.h>

#include "pavane/jsonata.h"

struct pav_pick {
    const char *text;
    const struct pav_path *path; /* or: */
    const struct pav_jsonata *expression;
};

static enum pav_rc
expression_compile(struct pav_arena *a, struct pav_pick *p, const char *text,
                   size_t len, struct pav_err *err)
{
    struct pav_jsonata_error error;

    if (pav_jsonata_compile(a, text + 2, len - 4, PAV_JSONATA_AWS, NULL,
                            &p->expression, &error) == PAV_OK)
        return PAV_OK;
    return pav_fail(err, PAV_INVALID, "", "%s%sat byte %u: %s", error.code,
                    *error.code == '\0' ? "" : " ", error.at + 3,
                    error.message);
}

enum pav_rc
pav_pick_compile(struct pav_arena *a, const char *text, size_t len,
                 const struct pav_pick **out, struct pav_err *err)
{
    struct pav_pick *p = pav_arena_zalloc(a, sizeof(*p));
    struct pav_path *path;
    enum pav_rc rc;

    p->text = pav_arena_strndup(a, text, len);
    *out = p;
    if (pav_jsonata_is_marked(text, len))
        return expression_compile(a, p, text, len, err);
    rc = pav_path_compile(a, text, len, &path, err);
    p->path = path;
    return rc;
}

const struct pav_pick *
pav_pick_of_path(struct pav_arena *a, const char *text,
                 const struct pav_path *path)
{
    struct pav_pick *p = pav_arena_zalloc(a, sizeof(*p));

    p->text = text;
    p->path = path;
    return p;
}

bool
pav_pick_is_path(const struct pav_pick *p)
{
    return p->path != NULL;
}

const char *
pav_pick_text(const struct pav_pick *p)
{
    return p->text;
}

bool
pav_pick_is_single(const struct pav_pick *p)
{
    return p->path == NULL || pav_path_is_definite(p->path);
}

bool
pav_pick_is_context(const struct pav_pick *p)
{
    return p->path != NULL && pav_path_is_context(p->path);
}

const struct pav_doc *
pav_pick_eval(const struct pav_pick *p, const struct pav_doc *event,
              int64_t now_ms, struct pav_arena *a)
{
    struct pav_jsonata_in in = {.input = event,
                                .now_ms = now_ms,
                                .max_steps = PAV_PICK_STEPS,
                                .max_bytes = PAV_PICK_BYTES};
    struct pav_jsonata_error error;
    const struct pav_doc *v = NULL;

    if (p->path != NULL)
        return pav_path_eval(p->path, event, a, &v, NULL) == PAV_PATH_FOUND
                   ? v
                   : NULL;
    return pav_jsonata_eval(p->expression, a, &in, &v, &error) ==
                   PAV_JSONATA_VALUE
               ? v
               : NULL;
}
