/*
 * Intrinsic calls: `States.Name(argument, ...)`, read at compile time.
 *
 *   argument   text in single quotes | number | true | false | null
 *            | path | $$path | $variable | call
 *   escapes    \' \{ \} \\ ; any other backslash in a text
 *              is refused, as the service does
 *
 * Calls nest at most ten deep.  A path ends at the comma or parenthesis that
 * its own brackets and quotes do not enclose.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "intrinsic_int.h"
#include "expr.h"
#include "stepper.h"

#define MAX_NESTING 10
#define MAX_ARGS    1000
#define PREFIX      "States."

struct call_reader {
    struct compiler *c;
    const char *start, *p, *end;
    struct pav_err *err;
    int depth;
};

bool
is_call(const char *text, size_t len)
{
    return len > strlen(PREFIX) && memcmp(text, PREFIX, strlen(PREFIX)) == 0;
}

static bool
refuse(struct call_reader *r, const char *what)
{
    (void)pav_fail(r->err, PAV_INVALID, "", "%s at character %u", what,
                   (unsigned)(r->p - r->start) + 1);
    return false;
}

static void
skip_blanks(struct call_reader *r)
{
    while (r->p < r->end && strchr(" \t\n\r", *r->p) != NULL)
        r->p++;
}

static bool
read_text(struct call_reader *r, struct arg *a)
{
    const char *from = ++r->p; /* behind the quote */
    char *w, *text;

    while (r->p < r->end && *r->p != '\'') {
        if (*r->p != '\\') {
            r->p++;
            continue;
        }
        if (r->end - r->p < 2 || strchr("'{}\\", r->p[1]) == NULL)
            return refuse(r, "a backslash must be before ' { } or \\");
        r->p += 2;
    }
    if (r->p == r->end)
        return refuse(r, "a text is not closed");
    a->raw = from;
    a->raw_len = (uint32_t)(r->p - from);
    w = text = pav_arena_alloc(r->c->arena, a->raw_len + 1);
    for (; from < r->p; from++) {
        if (*from == '\\')
            from++;
        *w++ = *from;
    }
    a->literal = pav_doc_new_str(r->c->arena, text, (size_t)(w - text));
    r->p++;
    return true;
}

/* Where a path that begins at `p` ends. */
static const char *
path_end(const char *p, const char *end)
{
    bool quoted = false;
    int depth = 0;

    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '\'')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*p == '[' || *p == '(')
            depth++;
        else if (*p == ']' || (*p == ')' && depth > 0))
            depth--;
        else if (depth == 0 && (*p == ',' || *p == ')'))
            break;
    }
    return p;
}

static bool
read_path(struct call_reader *r, struct arg *a)
{
    const char *stop = path_end(r->p, r->end), *last = stop;

    while (last > r->p && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
    a->expr = expr_compile(r->c, r->p, (size_t)(last - r->p), r->err);
    r->p = stop;
    return a->expr != NULL;
}

/* A number, true, false or null: as JSON has them. */
static bool
read_word(struct call_reader *r, struct arg *a)
{
    size_t len = strcspn(r->p, ",) \t\n\r");
    struct pav_err ignored;

    if (len == 0 || strchr("[{\"", *r->p) != NULL ||
        pav_doc_parse(r->c->arena, r->p, len, NULL, &a->literal, &ignored) !=
            PAV_OK)
        return refuse(r, "an argument is a text in single quotes, a number, "
                         "true, false, null, a path or a call");
    r->p += len;
    return true;
}

static struct call *read_call(struct call_reader *r);

static bool
read_arg(struct call_reader *r, struct arg *a)
{
    if (r->p < r->end && *r->p == '\'')
        return read_text(r, a);
    if (r->p < r->end && *r->p == '$')
        return read_path(r, a);
    if (is_call(r->p, (size_t)(r->end - r->p))) {
        struct expr *e = pav_arena_zalloc(r->c->arena, sizeof(*e));
        const char *from = r->p;

        e->kind = EXPR_CALL;
        e->call = read_call(r);
        e->text = pav_arena_strndup(r->c->arena, from, (size_t)(r->p - from));
        a->expr = e;
        return e->call != NULL;
    }
    return read_word(r, a);
}

/* `r` follows the opening parenthesis. */
static bool
read_args(struct call_reader *r, struct call *call)
{
    struct arg *args = NULL;
    uint32_t cap = 0;

    skip_blanks(r);
    if (r->p < r->end && *r->p == ')') {
        r->p++;
        return true;
    }
    for (;;) {
        if (call->count == MAX_ARGS)
            return refuse(r, "there are too many arguments");
        if (call->count == cap) {
            struct arg *more;

            cap = cap == 0 ? 4 : cap * 2;
            more = pav_arena_zalloc(r->c->arena, cap * sizeof(*more));
            if (call->count > 0)
                memcpy(more, args, call->count * sizeof(*args));
            call->args = args = more;
        }
        skip_blanks(r);
        if (!read_arg(r, &args[call->count++]))
            return false;
        skip_blanks(r);
        if (r->p == r->end)
            return refuse(r, "a parenthesis is not closed");
        if (*r->p == ')') {
            r->p++;
            return true;
        }
        if (*r->p++ != ',')
            return refuse(r, "a comma or a closing parenthesis is expected");
    }
}

static struct call *
read_call(struct call_reader *r)
{
    struct call *call = pav_arena_zalloc(r->c->arena, sizeof(*call));
    const char *from = r->p;
    size_t len;

    if (r->depth == MAX_NESTING) {
        refuse(r, "calls nest more than ten deep");
        return NULL;
    }
    r->p += strlen(PREFIX);
    len = strcspn(r->p, "( \t");
    call->function = intrinsic_find(r->p, len);
    if (call->function == NULL) {
        refuse(r, "no intrinsic function of this name");
        return NULL;
    }
    r->p += len;
    skip_blanks(r);
    if (r->p == r->end || *r->p != '(') {
        refuse(r, "an opening parenthesis is expected");
        return NULL;
    }
    r->p++;
    r->depth++;
    if (!read_args(r, call))
        return NULL;
    r->depth--;
    call->text = from;
    call->text_len = (uint32_t)(r->p - from);
    if (call->count >= call->function->min &&
        call->count <= call->function->max)
        return call;
    (void)pav_fail(r->err, PAV_INVALID, "",
                   "States.%s takes %u to %u arguments, %u are given",
                   call->function->name, call->function->min,
                   call->function->max, call->count);
    return NULL;
}

/* `text` is NUL-terminated at `len`, and lives as long as the arena. */
const struct call *
call_compile(struct compiler *c, const char *text, size_t len,
             struct pav_err *err)
{
    struct call_reader r = {
        .c = c, .start = text, .p = text, .end = text + len, .err = err};
    struct call *call = read_call(&r);

    if (call != NULL && r.p < r.end) {
        refuse(&r, "unexpected text after the call");
        return NULL;
    }
    return call;
}

/* ---- at run time ---- */

static enum expr_end
argument_missing(struct stepper *st, struct frame *f, const struct call *call,
                 const struct expr *e, const struct pav_doc *from)
{
    struct pav_buf text;

    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(from, &text);
    fail_runtime(st, f,
                 "The function '%.*s' had the following error: The JsonPath "
                 "argument for the field '%s' could not be found in the input "
                 "'%s'",
                 (int)call->text_len, call->text, e->text,
                 text.p == NULL ? "" : text.p);
    pav_buf_fini(&text);
    return EXPR_FAILED;
}

enum expr_end
call_eval(struct stepper *st, struct frame *f, const struct expr *e,
          const struct pav_doc *from, const struct pav_doc **out)
{
    const struct call *call = e->call;
    const struct pav_doc **v =
        pav_arena_alloc(st->arena, (call->count + 1) * sizeof(*v));
    struct args a = {.st = st, .call = call, .v = v, .count = call->count};
    uint64_t work = 64;
    uint32_t i;

    for (i = 0; i < call->count; i++) {
        const struct arg *arg = &call->args[i];

        v[i] = arg->literal;
        if (v[i] != NULL)
            continue;
        switch (expr_eval(st, f, arg->expr, from, &v[i], NULL)) {
        case EXPR_FOUND:
            break;
        case EXPR_NOTHING:
            return argument_missing(st, f, call, arg->expr, from);
        case EXPR_FAILED:
            return EXPR_FAILED;
        }
    }
    for (i = 0; i < call->count; i++)
        work += doc_work(v[i]);
    if (!spend(st, f, work)) /* before it is done */
        return EXPR_FAILED;
    *out = call->function->run(&a);
    if (*out != NULL)
        return spend(st, f, doc_work(*out)) ? EXPR_FOUND : EXPR_FAILED;
    fail_with(st, f, PAV_STATES_INTRINSIC_FAILURE,
              "The function '%.*s' had the following error: %s",
              (int)call->text_len, call->text, a.why);
    return EXPR_FAILED;
}
