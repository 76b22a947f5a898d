/*
 * Expressions: paths into the data, the context object or a variable, and
 * intrinsic calls.  Which of them it is shows at the first characters, before
 * any JSONPath is read: `States.` a call, `$$` the context, `$name` a
 * variable, else a path.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "frame.h"
#include "expr.h"
#include "stepper.h"

#define WORK_OF_VISIT 48 /* bytes: what a path's result holds of a value */

static bool
is_variable(const char *text, size_t len)
{
    return len > 1 && text[0] == '$' && strchr(".[$", text[1]) == NULL;
}

/* `$name`, then a path as behind `$`. */
static enum pav_rc
variable_compile(struct compiler *c, struct expr *e, size_t len,
                 struct pav_err *err)
{
    size_t end = 1 + strcspn(e->text + 1, ".[");
    struct pav_path *path;
    enum pav_rc rc;
    char *rest;

    e->kind = EXPR_VARIABLE;
    e->name = pav_arena_strndup(c->arena, e->text + 1, end - 1);
    if (pav_utf8_count(e->name, end - 1) > PAV_NAME_MAX ||
        strpbrk(e->name, " ()'\",:@?*") != NULL)
        return pav_fail(err, PAV_INVALID, "", "'$%s' names no variable",
                        e->name);
    refer_to_variable(c, e->name);
    if (end == len)
        return PAV_OK;
    rest = pav_arena_printf(c->arena, "$%s", e->text + end);
    rc = pav_path_compile(c->arena, rest, strlen(rest), &path, err);
    e->path = path;
    return rc;
}

const struct expr *
expr_compile(struct compiler *c, const char *text, size_t len,
             struct pav_err *err)
{
    struct expr *e = pav_arena_zalloc(c->arena, sizeof(*e));
    struct pav_path *path;

    e->text = pav_arena_strndup(c->arena, text, len);
    if (memchr(text, 0, len) != NULL) {
        (void)pav_fail(err, PAV_INVALID, "", "a path cannot contain U+0000");
        return NULL;
    }
    if (is_call(text, len)) {
        e->kind = EXPR_CALL;
        e->call = call_compile(c, e->text, len, err);
        return e->call == NULL ? NULL : e;
    }
    if (is_variable(text, len))
        return variable_compile(c, e, len, err) == PAV_OK ? e : NULL;
    if (pav_path_compile(c->arena, e->text, len, &path, err) != PAV_OK)
        return NULL;
    e->path = path;
    e->kind = pav_path_is_context(path) ? EXPR_CONTEXT : EXPR_PATH;
    c->needs_input |= pav_path_needs_input(path);
    return e;
}

bool
expr_is_reference(const struct expr *e)
{
    return e->kind != EXPR_CALL &&
           (e->path == NULL || pav_path_is_reference(e->path));
}

/* ---- at run time ---- */

enum expr_end
expr_eval(struct stepper *st, struct frame *f, const struct expr *e,
          const struct pav_doc *from, const struct pav_doc **out,
          struct pav_err *why)
{
    enum pav_path_end end;
    uint32_t visited;

    switch (e->kind) {
    case EXPR_CALL:
        return call_eval(st, f, e, from, out);
    case EXPR_CONTEXT:
        from = context_of(st, f);
        break;
    case EXPR_VARIABLE:
        from = variable_find(f, e->name);
        if (from == NULL) {
            (void)pav_fail(why, PAV_MISSING, "", "No variable of the name $%s",
                           e->name);
            return EXPR_NOTHING;
        }
        if (e->path == NULL) {
            *out = from;
            return EXPR_FOUND;
        }
        break;
    case EXPR_PATH:
        break;
    }
    end = pav_path_eval_counted(e->path, from, st->arena, out, why, &visited);
    if (!spend(st, f, 16 + WORK_OF_VISIT * (uint64_t)visited))
        return EXPR_FAILED;
    return end == PAV_PATH_FOUND ? EXPR_FOUND : EXPR_NOTHING;
}
