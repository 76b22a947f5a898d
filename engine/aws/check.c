/*
 * A request against the fields of its action: what is missing, of another type
 * or out of bounds gets the service's own error; what is unknown is passed
 * over.
 */
#include <ctype.h>
#include <string.h>

#include "pavane/log.h"
#include "pavane/text.h"
#include "aws.h"

struct check {
    struct pav_arena *arena;
    const struct pav_doc *request;
    struct pav_buf faults; /* of constraints */
    unsigned count;
    const char *serialization; /* of types; it wins */
};

/* `at`: as the service names it, "tags.1.member.key". */
static void
violate(struct check *c, const char *at, const struct pav_doc *v,
        const char *constraint)
{
    struct pav_buf *b = &c->faults;

    if (c->count++ > 0)
        pav_buf_puts(b, "; ");
    pav_buf_puts(b, "Value ");
    if (v == NULL || v->kind == PAV_NULL) {
        pav_buf_puts(b, "null");
    } else {
        pav_buf_putc(b, '\'');
        if (v->kind == PAV_STRING)
            pav_buf_put(b, v->text, v->len > 200 ? 200 : v->len);
        else
            pav_doc_print(v, b);
        pav_buf_putc(b, '\'');
    }
    pav_buf_printf(b, " at '%s' failed to satisfy constraint: Member must %s",
                   at, constraint);
}

static bool
has_type(const struct pav_doc *v, enum field_type type)
{
    int64_t n;

    switch (type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_PATH:
        return v->kind == PAV_STRING;
    case FIELD_WHOLE:
        return v->kind == PAV_NUMBER && pav_doc_int(v, &n);
    case FIELD_NUMBER:
        return v->kind == PAV_NUMBER;
    case FIELD_FLAG:
        return pav_doc_is_bool(v);
    case FIELD_LIST:
        return v->kind == PAV_ARRAY;
    case FIELD_OBJECT:
        return v->kind == PAV_OBJECT;
    }
    return false;
}

static const char *
type_word(enum field_type type)
{
    static const char *const words[] = {
        [FIELD_TEXT] = "a string",   [FIELD_NAME] = "a string",
        [FIELD_PATH] = "a string",   [FIELD_WHOLE] = "an integer",
        [FIELD_NUMBER] = "a number", [FIELD_FLAG] = "a boolean",
        [FIELD_LIST] = "a list",     [FIELD_OBJECT] = "an object"};

    return words[type];
}

static bool
among(const char *words, const struct pav_doc *v)
{
    const char *p = words;

    while (p != NULL) {
        size_t len = strcspn(p, ",");

        if (len == v->len && memcmp(p, v->text, len) == 0)
            return true;
        p = p[len] == ',' ? p + len + 2 : NULL;
    }
    return false;
}

static bool
is_text(enum field_type type)
{
    return type == FIELD_TEXT || type == FIELD_NAME || type == FIELD_PATH;
}

static bool
is_plain(enum field_type type, const struct pav_doc *v)
{
    uint32_t i;

    for (i = 0; type != FIELD_TEXT && i < v->len; i++)
        if (!isalnum((unsigned char)v->text[i]) &&
            (v->text[i] == '\0' || strchr(".-_", v->text[i]) == NULL) &&
            (type != FIELD_PATH || v->text[i] != '/'))
            return false;
    return true;
}

static void
check_bounds(struct check *c, const struct aws_field *f,
             const struct pav_doc *v, const char *at)
{
    bool text = is_text(f->type);
    double n = text                    ? (double)pav_utf8_count(v->text, v->len)
               : f->type == FIELD_LIST ? (double)v->len
                                       : pav_doc_double(v);
    const char *what = text || f->type == FIELD_LIST ? "length" : "value";

    if (n < (double)f->min)
        violate(c, at, v,
                pav_arena_printf(c->arena,
                                 "have %s greater than or equal to %lld", what,
                                 (long long)f->min));
    if (f->max > 0 && n > (double)f->max)
        violate(c, at, v,
                pav_arena_printf(c->arena, "have %s less than or equal to %lld",
                                 what, (long long)f->max));
    if (text && !is_plain(f->type, v))
        violate(
            c, at, v,
            pav_arena_printf(c->arena, "satisfy regular expression pattern: %s",
                             f->type == FIELD_PATH ? "[/\\.\\-_A-Za-z0-9]+"
                                                   : "[\\.\\-_A-Za-z0-9]+"));
    if (f->values != NULL && !among(f->values, v))
        violate(c, at, v,
                pav_arena_printf(c->arena, "satisfy enum value set: [%s]",
                                 f->values));
}

static void
check_value(struct check *c, const struct aws_field *f, const struct pav_doc *v,
            const char *at)
{
    if (v == NULL || v->kind == PAV_NULL) {
        if (f->required)
            violate(c, at, v, "not be null");
        return;
    }
    if (!has_type(v, f->type)) {
        c->serialization = pav_arena_printf(
            c->arena, "The field '%s' must be %s", at, type_word(f->type));
        return;
    }
    if (is_text(f->type) || f->type == FIELD_WHOLE || f->type == FIELD_NUMBER ||
        f->type == FIELD_LIST)
        check_bounds(c, f, v, at);
}

/* The service names members as its clients' code does. */
static const char *
member_name(struct check *c, const char *at, const char *name, size_t len)
{
    char *out = pav_arena_printf(c->arena, "%s%s%.*s", at,
                                 *at == '\0' ? "" : ".", (int)len, name);
    char *first = out + strlen(out) - len;

    if (*first >= 'A' && *first <= 'Z')
        *first = (char)(*first + 32);
    return out;
}

/* "Tags[].Key" below `v`: in what is there of it; its elements' kinds are the
 * same field's business. */
static void
check_path(struct check *c, const struct aws_field *f, const char *path,
           const struct pav_doc *v, const char *at)
{
    size_t len = strcspn(path, ".[");
    const struct pav_doc *m = pav_doc_getn(v, path, len);
    uint32_t i;

    at = member_name(c, at, path, len);
    path += len;
    if (*path == '\0') {
        check_value(c, f, m, at);
        return;
    }
    if (m == NULL || m->kind == PAV_NULL)
        return;
    if (*path == '.') {
        if (m->kind == PAV_OBJECT)
            check_path(c, f, path + 1, m, at);
        else
            c->serialization = pav_arena_printf(
                c->arena, "The field '%s' must be an object", at);
        return;
    }
    path += 2; /* "[]" */
    for (i = 0; m->kind == PAV_ARRAY && i < m->len; i++) {
        const char *element =
            pav_arena_printf(c->arena, "%s.%u.member", at, i + 1);

        if (*path == '\0')
            check_value(c, f, &m->items[i], element);
        else if (m->items[i].kind == PAV_OBJECT)
            check_path(c, f, path + 1, &m->items[i], element);
        else
            c->serialization = pav_arena_printf(
                c->arena, "The field '%s' must be an object", element);
    }
}

bool
aws_field_known(const struct aws_action *action, const char *name, size_t len)
{
    const struct aws_field *f;

    for (f = action->fields; f->name != NULL; f++)
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
            return true;
    return false;
}

/* Newer clients send what is new: the service passes it over as well. */
static void
tell_unknown(const struct check *c, const struct aws_action *action)
{
    uint32_t i;

    for (i = 0; i < c->request->len; i++) {
        const struct pav_member *m = &c->request->members[i];

        if (!aws_field_known(action, m->key, m->len))
            pav_log(PAV_LOG_DEBUG, NULL,
                    "%s: the field '%.*s' is passed over: it is not known here",
                    action->name, (int)m->len, m->key);
    }
}

bool
aws_check(const struct aws_action *action, const char *body, size_t len,
          struct pav_arena *a, const struct pav_doc **request,
          const char **type, const char **why)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    struct check c = {.arena = a};
    const struct aws_field *f;
    struct pav_err err;

    *type = "SerializationException";
    if (len == 0) {
        body = "{}";
        len = 2;
    }
    if (pav_doc_parse_copy(a, body, len, &opts, request, &err) != PAV_OK) {
        *why = pav_arena_printf(a, "The request is not JSON: %s (%s)",
                                err.message, err.at);
        return false;
    }
    if ((*request)->kind != PAV_OBJECT) {
        *why = "The request must be a JSON object";
        return false;
    }
    if (pav_doc_holds_nul(*request)) {
        *why = "The request holds U+0000 in a string";
        return false;
    }
    c.request = *request;
    pav_buf_init(&c.faults, 64 * 1024);
    for (f = action->fields; f->name != NULL; f++)
        check_path(&c, f, f->name, c.request, "");
    tell_unknown(&c, action);
    if (c.serialization == NULL && c.count > 0) {
        *type = "ValidationException";
        c.serialization =
            pav_arena_printf(a, "%u validation error%s detected: %s", c.count,
                             c.count == 1 ? "" : "s", c.faults.p);
    }
    pav_buf_fini(&c.faults);
    *why = c.serialization;
    return c.serialization == NULL;
}
