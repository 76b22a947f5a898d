/*
 * Input, InputPath and InputTransformer.
 *
 * A template is filled textually, as EventBridge does: a variable outside
 * quotes becomes its JSON value, inside a quoted text its bare text.  When the
 * filled template is no JSON, there is nothing to hand on.  What is JSON
 * whatever its values are is not printed to be parsed again: shape.h.
 */
#include "pavane/transform.h"

#include <string.h>

#include "pavane/pick.h"
#include "pavane/text.h"
#include "shape.h"

#define MAX_VARIABLES 100
#define MAX_TEMPLATE  8192
#define MAX_FILLED    (1024 * 1024)

enum transform_kind {
    TRANSFORM_ALL,
    TRANSFORM_CONSTANT,
    TRANSFORM_PATH,
    TRANSFORM_TEMPLATE
};

struct piece {
    const char *text; /* literal, or: */
    uint32_t len;
    int variable; /* index, RESERVED_..., or -1 */
    bool quoted;
};

enum reserved {
    RESERVED_EVENT_JSON = 1000,
    RESERVED_EVENT,
    RESERVED_TIME,
    RESERVED_RULE_NAME,
    RESERVED_RULE_ARN,
};

struct pav_transform {
    enum transform_kind kind;
    const struct pav_doc *constant;
    const struct pav_path *path;
    const struct pav_pick **variables;
    const struct pav_doc **names;
    uint32_t variable_count;
    struct piece *pieces;
    uint32_t piece_count;
    const struct shape *shape; /* of its variables in order; NULL: only text */
    bool all_quoted;           /* the template is one quoted text */
    bool expressions;
};

static enum pav_rc
path_of(struct pav_arena *a, const struct pav_doc *v, const char *at,
        const struct pav_path **out, struct pav_err *err)
{
    struct pav_path *p;
    struct pav_err why;

    if (v->kind != PAV_STRING)
        return pav_fail(err, PAV_INVALID, at, "a path must be a string");
    if (pav_path_compile(a, v->text, v->len, &p, &why) != PAV_OK)
        return pav_fail(err, PAV_INVALID, at, "%s", why.message);
    *out = p;
    return PAV_OK;
}

static enum pav_rc
pick_of(struct pav_arena *a, const struct pav_doc *v, bool expressions,
        const struct pav_pick **out, struct pav_err *err)
{
    static const char at[] = "/inputTransformer/InputPathsMap";
    const struct pav_path *path = NULL;
    struct pav_err why;
    enum pav_rc rc;

    if (v->kind == PAV_STRING && expressions)
        return pav_pick_compile(a, v->text, v->len, out, &why) == PAV_OK
                   ? PAV_OK
                   : pav_fail(err, PAV_INVALID, at, "%s", why.message);
    rc = path_of(a, v, at, &path, err);
    *out = rc == PAV_OK ? pav_pick_of_path(a, v->text, path) : NULL;
    return rc;
}

static int
variable_find(const struct pav_transform *t, const char *name, size_t len)
{
    static const struct {
        const char *name;
        int code;
    } known[] = {{"aws.events.event.json", RESERVED_EVENT_JSON},
                 {"aws.events.event", RESERVED_EVENT},
                 {"aws.events.event.ingestion-time", RESERVED_TIME},
                 {"aws.events.rule-name", RESERVED_RULE_NAME},
                 {"aws.events.rule-arn", RESERVED_RULE_ARN}};
    uint32_t i;

    for (i = 0; i < t->variable_count; i++)
        if (t->names[i]->len == len &&
            memcmp(t->names[i]->text, name, len) == 0)
            return (int)i;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == len &&
            memcmp(known[i].name, name, len) == 0)
            return known[i].code;
    return -1;
}

static void
add_piece(struct pav_arena *a, struct pav_transform *t, const char *text,
          size_t len, int variable, bool quoted)
{
    struct piece *v =
        pav_arena_append(a, t->pieces, t->piece_count, sizeof(*v));

    v[t->piece_count].text = text;
    v[t->piece_count].len = (uint32_t)len;
    v[t->piece_count].variable = variable;
    v[t->piece_count++].quoted = quoted;
    t->pieces = v;
}

static struct pav_bytes
arena_bytes(struct pav_arena *a, const struct pav_buf *b)
{
    return (struct pav_bytes){
        pav_arena_strndup(a, b->p == NULL ? "" : b->p, b->len), b->len};
}

/* Has it the same tree whatever its values are? */
static void
find_shape(struct pav_arena *a, struct pav_transform *t)
{
    uint32_t *holes = pav_arena_alloc(a, (t->piece_count + 1) * sizeof(*holes));
    uint32_t i, count = 0;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    for (i = 0; i < t->piece_count; i++) {
        const struct piece *p = &t->pieces[i];

        if (p->quoted || p->variable == RESERVED_EVENT_JSON ||
            p->variable == RESERVED_EVENT)
            break;
        if (p->variable >= 0) {
            holes[count++] = (uint32_t)b.len;
            pav_buf_puts(&b, "null");
        } else {
            pav_buf_put(&b, p->text, p->len);
        }
    }
    if (i == t->piece_count && count > 0)
        t->shape = shape_compile(a, arena_bytes(a, &b), holes, count);
    pav_buf_fini(&b);
}

static enum pav_rc
template_compile(struct pav_arena *a, struct pav_transform *t,
                 const struct pav_doc *v, struct pav_err *err)
{
    const char *text, *p, *end, *start;
    bool quoted = false;

    if (v == NULL || v->kind != PAV_STRING || v->len == 0 ||
        v->len > MAX_TEMPLATE)
        return pav_fail(err, PAV_INVALID, "/inputTransformer/InputTemplate",
                        "a template is a string of 1 to %d bytes",
                        MAX_TEMPLATE);
    text = v->text;
    end = text + v->len;
    for (p = start = text; p < end; p++) {
        const char *close;
        int variable;

        if (*p == '\\' && p + 1 < end) {
            p++;
            continue;
        }
        if (*p == '"')
            quoted = !quoted;
        if (*p != '<')
            continue;
        close = memchr(p, '>', (size_t)(end - p));
        if (close == NULL)
            break;
        variable = variable_find(t, p + 1, (size_t)(close - p) - 1);
        if (variable < 0)
            return pav_fail(err, PAV_INVALID, "/inputTransformer/InputTemplate",
                            "InputTemplate contains invalid placeholder %.*s",
                            (int)(close - p) - 1, p + 1);
        if (p > start)
            add_piece(a, t, start, (size_t)(p - start), -1, false);
        add_piece(a, t, p, (size_t)(close - p) + 1, variable, quoted);
        start = close + 1;
        p = close;
    }
    add_piece(a, t, start, (size_t)(end - start), -1, false);
    for (p = text; p < end && (*p == ' ' || *p == '\n'); p++)
        ;
    t->all_quoted = p < end && *p == '"';
    find_shape(a, t);
    return PAV_OK;
}

static enum pav_rc
transformer_compile(struct pav_arena *a, struct pav_transform *t,
                    const struct pav_doc *d, struct pav_err *err)
{
    const struct pav_doc *map = pav_doc_get(d, "InputPathsMap");
    uint32_t i;
    enum pav_rc rc;

    t->kind = TRANSFORM_TEMPLATE;
    if (d->kind != PAV_OBJECT ||
        (map != NULL && (map->kind != PAV_OBJECT || map->len > MAX_VARIABLES)))
        return pav_fail(err, PAV_INVALID, "/inputTransformer",
                        "an object with InputPathsMap (at most %d paths) and "
                        "InputTemplate is expected",
                        MAX_VARIABLES);
    if (map != NULL) {
        t->variables = pav_arena_alloc(a, (map->len + 1) * sizeof(void *));
        t->names = pav_arena_alloc(a, (map->len + 1) * sizeof(void *));
        for (i = 0; i < map->len; i++) {
            const struct pav_member *m = &map->members[i];

            rc = pick_of(a, &m->value, t->expressions, &t->variables[i], err);
            if (rc != PAV_OK)
                return rc;
            t->names[i] = pav_doc_new_str(a, m->key, m->len);
            t->variable_count++;
        }
    }
    return template_compile(a, t, pav_doc_get(d, "InputTemplate"), err);
}

enum pav_rc
pav_transform_compile(struct pav_arena *a, const struct pav_doc *rule,
                      bool expressions, struct pav_transform **out,
                      struct pav_err *err)
{
    struct pav_transform *t = pav_arena_zalloc(a, sizeof(*t));
    const struct pav_doc *input = pav_doc_get(rule, "input");
    const struct pav_doc *path = pav_doc_get(rule, "inputPath");
    const struct pav_doc *transformer = pav_doc_get(rule, "inputTransformer");

    *out = t;
    t->expressions = expressions;
    if ((input != NULL) + (path != NULL) + (transformer != NULL) > 1)
        return pav_fail(err, PAV_INVALID, "",
                        "only one of input, inputPath and inputTransformer "
                        "can be given");
    if (input != NULL) {
        t->kind = TRANSFORM_CONSTANT;
        t->constant = input;
    } else if (path != NULL) {
        t->kind = TRANSFORM_PATH;
        return path_of(a, path, "/inputPath", &t->path, err);
    } else if (transformer != NULL) {
        return transformer_compile(a, t, transformer, err);
    }
    return PAV_OK;
}

/* ---- applying ---- */

static const struct pav_doc *
reserved_value(int code, const struct pav_doc *event,
               const struct pav_transform_context *context, struct pav_arena *a)
{
    struct pav_members m;
    char when[PAV_TIME_LEN];
    uint32_t i;

    switch (code) {
    case RESERVED_EVENT_JSON:
        return event;
    case RESERVED_TIME:
        pav_time_format(context->now_ms, when);
        strcpy(when + 19, "Z"); /* EventBridge writes whole seconds */
        return pav_doc_new_cstr(a, pav_arena_strdup(a, when));
    case RESERVED_RULE_NAME:
        return pav_doc_new_cstr(a, context->rule_name);
    case RESERVED_RULE_ARN:
        return pav_doc_new_cstr(a, context->rule_arn);
    default:
        break;
    }
    pav_members_init(&m, a);
    for (i = 0; i < event->len; i++) {
        const struct pav_member *e = &event->members[i];

        if (e->len == 11 && memcmp(e->key, "detail-type", 11) == 0)
            pav_members_add(&m, "detailType", 10, &e->value);
        else if (!(e->len == 6 && memcmp(e->key, "detail", 6) == 0))
            pav_members_add(&m, e->key, e->len, &e->value);
    }
    return pav_members_object(&m);
}

/* Inside a quoted text: bare; objects and lists lose their quote marks when
 * the whole template is a text. */
static void
put_quoted(struct pav_buf *b, const struct pav_doc *v, bool all_quoted)
{
    struct pav_buf text;
    size_t i;

    if (v->kind == PAV_STRING) {
        pav_buf_put(b, v->text, v->len);
        return;
    }
    pav_buf_init(&text, MAX_FILLED);
    pav_doc_print(v, &text);
    for (i = 0; i < text.len; i++)
        if (!all_quoted || text.p[i] != '"')
            pav_buf_putc(b, text.p[i]);
    pav_buf_fini(&text);
}

/* Each line is a text of its own. */
static bool
are_texts(struct pav_bytes text, struct pav_arena *a)
{
    const char *p = text.p, *end = p + text.len;

    while (p < end) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        const struct pav_doc *d;
        size_t len = (size_t)((line == NULL ? end : line) - p);

        if (pav_doc_parse(a, p, len, NULL, &d, NULL) != PAV_OK ||
            d->kind != PAV_STRING)
            return false;
        p += len + 1;
    }
    return true;
}

static const struct pav_doc *
piece_value(const struct pav_transform *t, const struct piece *p,
            const struct pav_doc *event,
            const struct pav_transform_context *context, struct pav_arena *a)
{
    if (p->variable >= RESERVED_EVENT_JSON)
        return reserved_value(p->variable, event, context, a);
    return pav_pick_eval(t->variables[p->variable], event, context->now_ms, a);
}

/* It was printed as the event's text has it. */
static bool
is_as_read(const struct pav_transform_context *context, const struct pav_doc *v,
           struct pav_bytes printed)
{
    return v->at > 0 && context->text.p != NULL &&
           v->at - 1u + printed.len <= context->text.len &&
           memcmp(context->text.p + v->at - 1, printed.p, printed.len) == 0;
}

static struct pav_bytes
fill(const struct pav_transform *t, const struct pav_doc *event,
     const struct pav_transform_context *context, struct pav_arena *a,
     struct pav_transform_part *part)
{
    struct pav_bytes out = {NULL, 0}, printed;
    size_t before, part_at = 0;
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, MAX_FILLED);
    for (i = 0; i < t->piece_count; i++) {
        const struct piece *p = &t->pieces[i];
        const struct pav_doc *v = NULL;

        if (p->variable < 0) {
            pav_buf_put(&b, p->text, p->len);
            continue;
        }
        v = piece_value(t, p, event, context, a);
        if (v == NULL) {
            pav_buf_puts(&b, p->quoted ? "" : "\"\"");
        } else if (p->quoted) {
            put_quoted(&b, v, t->all_quoted);
        } else {
            before = b.len;
            pav_doc_print(v, &b);
            printed.p = b.p + before;
            printed.len = b.len - before;
            if (printed.len > part->len && is_as_read(context, v, printed)) {
                part_at = before;
                part->at = v->at - 1u;
                part->len = printed.len;
            }
        }
    }
    if (!b.over) {
        out = arena_bytes(a, &b);
        part->before = (struct pav_bytes){out.p, part_at};
        part->behind.p = out.p + part_at + part->len;
        part->behind.len = out.len - part_at - part->len;
    }
    pav_buf_fini(&b);
    return out;
}

/* What the filled text is read as. */
static const struct pav_doc *
fill_text(const struct pav_transform *t, const struct pav_doc *event,
          const struct pav_transform_context *context, struct pav_arena *a,
          struct pav_transform_part *part, struct pav_err *err)
{
    const struct pav_doc *v;
    struct pav_bytes text;

    part->len = 0;
    text = fill(t, event, context, a, part);
    if (text.p == NULL)
        pav_fail(err, PAV_LIMIT, context->rule_name,
                 "the filled template is too long");
    else if (pav_doc_parse(a, text.p, text.len, NULL, &v, err) == PAV_OK)
        return v;
    return NULL;
}

/* ---- without its text ---- */

/* It is read from the plain part of the event's text.  An expression's value
 * may have been read from another text. */
static bool
is_plain(const struct pav_transform *t, const struct piece *p,
         const struct pav_transform_context *context, const struct pav_doc *v)
{
    return p->variable < RESERVED_EVENT_JSON &&
           pav_pick_is_path(t->variables[p->variable]) && v->at > 0 &&
           v->at - 1u >= context->plain_at &&
           v->at - 1u < context->plain_at + context->plain_len;
}

/* Bytes of a plain value; of another one, which is no container, at most so
 * many. */
static size_t
text_bound(const struct pav_transform_context *context, const struct pav_doc *v,
           bool plain)
{
    struct pav_outline ignored;
    size_t used = 0;

    switch ((enum pav_kind)v->kind) {
    case PAV_NULL:
    case PAV_TRUE:
        return 4;
    case PAV_FALSE:
        return 5;
    case PAV_NUMBER:
        return v->len;
    case PAV_STRING:
        return plain ? v->len + 2 : v->len * 6 + 2;
    case PAV_ARRAY:
    case PAV_OBJECT:
        break;
    }
    if (v->at - 1u == context->plain_at)
        return context->plain_len;
    (void)pav_doc_check(context->text.p + v->at - 1,
                        context->plain_at + context->plain_len - v->at + 1,
                        PAV_DEPTH_MAX, &ignored, &used);
    return used;
}

/* The text around the n-th value. */
static void
put_around(const struct pav_transform *t, const struct pav_doc *const *values,
           uint32_t n, struct pav_arena *a, struct pav_transform_part *part)
{
    struct pav_bytes *out = &part->before;
    struct pav_buf b;
    uint32_t i, k = 0;

    pav_buf_init(&b, MAX_FILLED);
    for (i = 0; i < t->piece_count; i++) {
        if (t->pieces[i].variable < 0) {
            pav_buf_put(&b, t->pieces[i].text, t->pieces[i].len);
        } else if (k != n) {
            pav_doc_print(values[k++], &b);
        } else {
            *out = arena_bytes(a, &b);
            out = &part->behind;
            b.len = 0;
            k++;
        }
    }
    *out = arena_bytes(a, &b);
    pav_buf_fini(&b);
}

/*
 * The tree that the filled text would be parsed to; NULL: that must be asked.
 * So it is when it could be too long or too deep.
 */
static const struct pav_doc *
fill_shape(const struct pav_transform *t, const struct pav_doc *event,
           const struct pav_transform_context *context, struct pav_arena *a,
           struct pav_transform_part *part)
{
    static const struct pav_doc nothing = {.kind = PAV_STRING, .text = ""};
    const struct pav_doc **values =
        pav_arena_alloc(a, t->piece_count * sizeof(void *));
    size_t all = MAX_TEMPLATE;
    uint32_t i, n = 0, best = 0;

    for (i = 0; i < t->piece_count; i++) {
        const struct pav_doc *v;
        bool plain;
        size_t len;

        if (t->pieces[i].variable < 0)
            continue;
        v = piece_value(t, &t->pieces[i], event, context, a);
        if (v == NULL)
            v = &nothing;
        plain = is_plain(t, &t->pieces[i], context, v);
        if ((v->kind == PAV_OBJECT || v->kind == PAV_ARRAY) &&
            (shape_depth(t->shape, n) > 1 || !plain))
            return NULL;
        len = text_bound(context, v, plain);
        if (len > part->len && plain) {
            best = n;
            part->at = v->at - 1u;
            part->len = len;
        }
        all += len;
        values[n++] = v;
    }
    if (all > MAX_FILLED)
        return NULL;
    if (part->len > 0)
        put_around(t, values, best, a, part);
    return shape_fill(t->shape, values, a);
}

const struct pav_doc *
pav_transform_apply(const struct pav_transform *t, const struct pav_doc *event,
                    const struct pav_transform_context *context,
                    struct pav_arena *a, struct pav_transform_part *part,
                    struct pav_err *err)
{
    static const struct pav_transform_part none = {.len = 0};
    struct pav_transform_part filled = none;
    const struct pav_doc *v = NULL;

    if (part != NULL)
        *part = none;
    switch (t->kind) {
    case TRANSFORM_ALL:
        return event;
    case TRANSFORM_CONSTANT:
        return t->constant;
    case TRANSFORM_PATH:
        return pav_path_eval(t->path, event, a, &v, err) == PAV_PATH_FOUND
                   ? v
                   : NULL;
    case TRANSFORM_TEMPLATE:
        if (t->shape != NULL)
            v = fill_shape(t, event, context, a, &filled);
        if (v == NULL)
            v = fill_text(t, event, context, a, &filled, err);
        if (part != NULL && v != NULL)
            *part = filled;
        return v;
    }
    return NULL;
}

struct pav_bytes
pav_transform_text(const struct pav_transform *t, const struct pav_doc *event,
                   const struct pav_transform_context *context,
                   struct pav_arena *a, struct pav_err *err)
{
    const struct pav_doc *v =
        pav_transform_apply(t, event, context, a, NULL, err);
    struct pav_transform_part part = {.len = 0};
    struct pav_bytes out = {NULL, 0};
    struct pav_buf b;

    if (v == NULL) {
        if (t->kind != TRANSFORM_TEMPLATE || !t->all_quoted)
            return out;
        out = fill(t, event, context, a, &part);
        if (out.p != NULL && !are_texts(out, a))
            out.p = NULL;
        return out;
    }
    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(v, &b);
    out = arena_bytes(a, &b);
    pav_buf_fini(&b);
    return out;
}

bool
pav_transform_is_all(const struct pav_transform *t)
{
    return t->kind == TRANSFORM_ALL;
}

bool
pav_transform_is_part(const struct pav_transform *t)
{
    return t->kind == TRANSFORM_ALL || t->kind == TRANSFORM_PATH;
}
