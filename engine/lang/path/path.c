/*
 * JSONPath: compiling and evaluating.  Filters are in path_filter.c.
 *
 * Evaluation walks tokens over values and collects matches.  Jayway raises
 * exceptions; here a walk returns an end, and only the array wildcard swallows
 * "not found", as that library does.
 */
#include "pavane/path.h"

#include <string.h>

#include "pavane/text.h"
#include "path_int.h"

/* ---- compiling ---- */

void
reader_blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
        r->p++;
}

enum pav_rc
reader_fail(struct reader *r, const char *what)
{
    return pav_fail(r->err, PAV_INVALID, "", "%s at character %u of '%.*s'",
                    what, (unsigned)(r->p - r->start) + 1,
                    (int)(r->end - r->start), r->start);
}

static struct token *
token_new(struct reader *r, enum token_kind kind)
{
    struct token *t = pav_arena_zalloc(r->arena, sizeof(*t));

    t->kind = (uint8_t)kind;
    return t;
}

/* The first lies in the token itself. */
static void
add_name(struct reader *r, struct token *t, const char *text, size_t len)
{
    struct name *names = &t->one;

    if (t->count > 0)
        names = pav_arena_append(r->arena, t->names, t->count, sizeof(*names));
    names[t->count].text = text;
    names[t->count].len = (uint32_t)len;
    t->names = names;
    t->count++;
}

static void
add_index(struct reader *r, struct token *t, int64_t index)
{
    int64_t *all = &t->from;

    if (t->count > 0)
        all = pav_arena_append(r->arena, t->indexes, t->count, sizeof(*all));
    all[t->count++] = index;
    t->indexes = all;
}

/* A name behind a dot: up to the next dot, bracket or the end. */
static enum pav_rc
dotted_name(struct reader *r, struct token **out)
{
    const char *stops = r->in_filter ? ".[ \t()=!<>&|," : ".[ \t";
    const char *start = r->p, *piece;
    struct token *t = token_new(r, TOKEN_NAMES);

    while (r->p < r->end && strchr(stops, *r->p) == NULL)
        r->p++;
    if (r->in_filter && r->end - r->p >= 2 && r->p[0] == '(' && r->p[1] == ')')
        r->p += 2; /* a call is a name like any other: `@.a.length()` */
    if (r->p == start)
        return reader_fail(r, "a name was expected");
    piece = memchr(start, '\'', (size_t)(r->p - start));
    if (piece == NULL) {
        add_name(r, t, start, (size_t)(r->p - start));
    } else { /* Jayway takes what is outside quotes as several names */
        const char *quote = memchr(piece + 1, '\'', (size_t)(r->p - piece - 1));

        if (quote == NULL)
            return reader_fail(r, "this quote has no partner");
        add_name(r, t, start, (size_t)(piece - start));
        add_name(r, t, quote + 1, (size_t)(r->p - quote - 1));
    }
    *out = t;
    return PAV_OK;
}

/* 'name' in brackets; \' stands for a quote, other backslashes stay. */
static enum pav_rc
quoted_name(struct reader *r, struct token *t)
{
    const char *start = ++r->p;
    char *text, *w;

    while (r->p < r->end && *r->p != '\'')
        r->p += *r->p == '\\' && r->p + 1 < r->end ? 2 : 1;
    if (r->p >= r->end)
        return reader_fail(r, "this quoted name has no end");
    if (memchr(start, '\\', (size_t)(r->p - start)) == NULL) {
        add_name(r, t, start, (size_t)(r->p - start));
        r->p++;
        return PAV_OK;
    }
    w = text = pav_arena_alloc(r->arena, (size_t)(r->p - start) + 1);
    for (; start < r->p; start++) {
        if (*start == '\\' && start[1] == '\'')
            start++;
        *w++ = *start;
    }
    add_name(r, t, text, (size_t)(w - text));
    r->p++;
    return PAV_OK;
}

static bool
read_int(struct reader *r, int64_t *out)
{
    bool minus = r->p < r->end && *r->p == '-';
    const char *start = r->p + (minus ? 1 : 0), *q = start;

    while (q < r->end && *q >= '0' && *q <= '9')
        q++;
    if (q == start || !pav_parse_int(start, (size_t)(q - start), out))
        return false;
    if (minus)
        *out = -*out;
    r->p = q;
    reader_blanks(r);
    return true;
}

/* "(@.length-1)": Jayway's way to the end of a list; blanks may be in it. */
static enum pav_rc
length_minus(struct reader *r, struct token **out)
{
    static const char word[] = "@.length";
    struct token *t = token_new(r, TOKEN_INDEXES);
    int64_t n;

    r->p++;
    reader_blanks(r);
    if ((size_t)(r->end - r->p) < sizeof(word) - 1 ||
        memcmp(r->p, word, sizeof(word) - 1) != 0)
        return reader_fail(r, "(@.length-N) was expected");
    r->p += sizeof(word) - 1;
    reader_blanks(r);
    if (r->p >= r->end || *r->p++ != '-')
        return reader_fail(r, "'-' and a number were expected");
    reader_blanks(r);
    if (!read_int(r, &n) || n < 1)
        return reader_fail(r, "a number from 1 was expected");
    if (r->p >= r->end || *r->p++ != ')')
        return reader_fail(r, "')' was expected");
    add_index(r, t, n);
    t->from_end = true;
    *out = t;
    return PAV_OK;
}

/* Numbers in brackets: an index, several, or a slice. */
static enum pav_rc
numbers(struct reader *r, struct token **out)
{
    struct token *t = token_new(r, TOKEN_INDEXES);
    int64_t n = 0, step;
    bool has = read_int(r, &n);

    if (r->p < r->end && *r->p == ':') {
        t->kind = TOKEN_SLICE;
        t->has_from = has;
        t->from = n;
        r->p++;
        reader_blanks(r);
        t->has_to = read_int(r, &t->to);
        if (!t->has_from && !t->has_to)
            return reader_fail(r, "a slice needs a number");
        if (r->p < r->end && *r->p == ':') { /* a step is read and ignored */
            r->p++;
            if (!t->has_to || !read_int(r, &step))
                return reader_fail(r, "a number was expected");
        }
        *out = t;
        return PAV_OK;
    }
    if (!has)
        return reader_fail(r, "a name, number, '*' or '?' was expected");
    add_index(r, t, n);
    while (r->p < r->end && *r->p == ',') {
        r->p++;
        reader_blanks(r);
        if (!read_int(r, &n))
            return reader_fail(r, "a number was expected");
        add_index(r, t, n);
    }
    *out = t;
    return PAV_OK;
}

static enum pav_rc
names_in_brackets(struct reader *r, struct token **out)
{
    struct token *t = token_new(r, TOKEN_NAMES);
    enum pav_rc rc;

    *out = t;
    for (;;) {
        rc = quoted_name(r, t);
        if (rc != PAV_OK)
            return rc;
        reader_blanks(r);
        if (r->p >= r->end || *r->p != ',')
            return PAV_OK;
        r->p++;
        reader_blanks(r);
        if (r->p >= r->end || *r->p != '\'')
            return reader_fail(r, "a quoted name was expected");
    }
}

/* r->p is behind '['. */
static enum pav_rc
bracket(struct reader *r, struct token **out)
{
    enum pav_rc rc;

    reader_blanks(r);
    if (r->p < r->end && *r->p == '*') {
        r->p++;
        *out = token_new(r, TOKEN_WILDCARD);
        rc = PAV_OK;
    } else if (r->p < r->end && *r->p == '\'') {
        rc = names_in_brackets(r, out);
    } else if (r->p < r->end && *r->p == '?') {
        r->p++;
        reader_blanks(r);
        if (r->p >= r->end || *r->p != '(')
            return reader_fail(r, "'(' was expected");
        r->p++;
        *out = token_new(r, TOKEN_FILTER);
        rc = filter_compile(r, &(*out)->filter);
    } else if (r->p < r->end && *r->p == '(') {
        rc = length_minus(r, out);
    } else {
        rc = numbers(r, out);
    }
    if (rc != PAV_OK)
        return rc;
    reader_blanks(r);
    if (r->p >= r->end || *r->p != ']')
        return reader_fail(r, "']' was expected");
    r->p++;
    return PAV_OK;
}

/* One name or one index. */
static bool
leads_to_one(const struct token *t)
{
    return t->count == 1 &&
           (t->kind == TOKEN_NAMES || t->kind == TOKEN_INDEXES);
}

enum pav_rc
path_tokens(struct reader *r, struct token **first)
{
    struct token **last = first;
    enum pav_rc rc;
    bool one = false;

    *first = NULL;
    while (r->p < r->end && (*r->p == '.' || *r->p == '[')) {
        bool dot = *r->p == '.';

        if (dot && r->end - r->p >= 2 && r->p[1] == '.') {
            r->p++;
            *last = token_new(r, TOKEN_SCAN);
            last = &(*last)->next;
            r->definite = one = false;
        }
        r->p++;
        if (dot && r->p < r->end && *r->p == '[') {
            dot = false;
            r->p++;
        }
        if (!dot) {
            rc = bracket(r, last);
        } else if (r->p < r->end && *r->p == '*') {
            r->p++;
            *last = token_new(r, TOKEN_WILDCARD);
            rc = PAV_OK;
        } else {
            rc = dotted_name(r, last);
        }
        if (rc != PAV_OK)
            return rc;
        (*last)->after_one = one;
        one = leads_to_one(*last);
        if (!one && (*last)->kind != TOKEN_NAMES) /* several make one object */
            r->definite = false;
        last = &(*last)->next;
    }
    return PAV_OK;
}

enum pav_rc
pav_path_compile(struct pav_arena *a, const char *text, size_t len,
                 struct pav_path **out, struct pav_err *err)
{
    struct pav_path *p = pav_arena_zalloc(a, sizeof(*p));
    struct reader r = {.arena = a,
                       .start = text,
                       .p = text,
                       .end = text + len,
                       .err = err,
                       .definite = true};
    enum pav_rc rc;

    if (len == 0 || *text != '$')
        return reader_fail(&r, "a path begins with '$'; found something else");
    r.p++;
    if (r.p < r.end && *r.p == '$') {
        p->context = true;
        r.p++;
    }
    rc = path_tokens(&r, &p->first);
    if (rc != PAV_OK)
        return rc;
    if (r.p < r.end)
        return reader_fail(&r, "unexpected character");
    p->text = pav_arena_strndup(a, text, len);
    p->len = (uint32_t)len;
    p->definite = r.definite;
    *out = p;
    return PAV_OK;
}

bool
pav_path_is_definite(const struct pav_path *p)
{
    return p->definite;
}

bool
pav_path_is_context(const struct pav_path *p)
{
    return p->context;
}

/* Outside of quotes. */
static bool
has_any_of(const struct pav_path *p, const char *characters)
{
    bool quoted = false;
    uint32_t i;

    for (i = 0; i < p->len; i++) {
        if (p->text[i] == '\\')
            i++;
        else if (p->text[i] == '\'')
            quoted = !quoted;
        else if (!quoted && strchr(characters, p->text[i]) != NULL)
            return true;
    }
    return false;
}

bool
pav_path_is_reference(const struct pav_path *p)
{
    const struct token *t;

    if (has_any_of(p, "@,:?("))
        return false;
    for (t = p->first; t != NULL; t = t->next)
        if (!leads_to_one(t))
            return false;
    return true;
}

static bool
token_names(const struct token *t, const char *name)
{
    return t->kind == TOKEN_NAMES && t->count == 1 &&
           t->names[0].len == strlen(name) &&
           memcmp(t->names[0].text, name, t->names[0].len) == 0;
}

bool
pav_path_needs_input(const struct pav_path *p)
{
    const struct token *t = p->first;

    if (!p->context)
        return false;
    if (t == NULL || t->kind != TOKEN_NAMES || t->count != 1)
        return true;
    if (!token_names(t, "Execution"))
        return false;
    t = t->next;
    return t == NULL || t->kind != TOKEN_NAMES || token_names(t, "Input");
}

/* ---- evaluating ---- */

/* The way from the root to a value, for messages; lives on the C stack. */
struct trail {
    const struct trail *up;
    const struct name *names; /* `count` of them, or: */
    uint32_t count;
    int64_t index;
};

struct walk {
    const struct pav_doc *root;
    struct pav_arena *arena;
    struct pav_items found;
    struct pav_err *why;
    bool definite;
    uint32_t *budget; /* values that may still be visited */
};

#define BUDGET 200000

static enum pav_path_end
walk(struct walk *w, const struct token *t, const struct pav_doc *at,
     const struct trail *trail);

static void
print_names(const struct name *names, uint32_t count, struct pav_buf *b)
{
    uint32_t i;

    pav_buf_putc(b, '[');
    for (i = 0; i < count; i++) {
        pav_buf_puts(b, i == 0 ? "'" : ", '");
        pav_buf_put(b, names[i].text, names[i].len);
        pav_buf_putc(b, '\'');
    }
    pav_buf_putc(b, ']');
}

static void
print_trail(const struct trail *t, struct pav_buf *b)
{
    if (t == NULL) {
        pav_buf_putc(b, '$');
        return;
    }
    print_trail(t->up, b);
    if (t->names != NULL)
        print_names(t->names, t->count, b);
    else
        pav_buf_printf(b, "[%lld]", (long long)t->index);
}

static enum pav_path_end
not_found(struct walk *w, const char *before, const struct trail *t,
          const char *behind)
{
    struct pav_buf b;

    if (w->why == NULL)
        return PAV_PATH_NOT_FOUND;
    pav_buf_init(&b, 4096);
    print_trail(t, &b);
    pav_fail(w->why, PAV_MISSING, "", "%s%s%s", before, b.p == NULL ? "" : b.p,
             behind);
    pav_buf_fini(&b);
    return PAV_PATH_NOT_FOUND;
}

static enum pav_path_end
exhausted(struct walk *w)
{
    pav_fail(w->why, PAV_LIMIT, "",
             "The path leads through more than %d values", BUDGET);
    return PAV_PATH_WRONG_TYPE; /* which nothing swallows */
}

/* Of indexes or a slice. */
static void
print_indexes(const struct token *t, struct pav_buf *b)
{
    uint32_t i;

    pav_buf_putc(b, '[');
    if (t->kind == TOKEN_SLICE) {
        if (t->has_from)
            pav_buf_int(b, t->from);
        pav_buf_putc(b, ':');
        if (t->has_to)
            pav_buf_int(b, t->to);
    }
    for (i = 0; i < t->count; i++) {
        if (i > 0)
            pav_buf_putc(b, ',');
        if (t->from_end)
            pav_buf_puts(b, "(@.length-");
        pav_buf_int(b, t->indexes[i]);
        if (t->from_end)
            pav_buf_putc(b, ')');
    }
    pav_buf_putc(b, ']');
}

static void
print_rest(const struct token *t, struct pav_buf *b)
{
    for (; t != NULL; t = t->next) {
        if (t->kind == TOKEN_NAMES)
            print_names(t->names, t->count, b);
        else if (t->kind == TOKEN_WILDCARD)
            pav_buf_puts(b, "[*]");
        else if (t->kind == TOKEN_SCAN)
            pav_buf_puts(b, "..");
        else if (t->kind == TOKEN_FILTER)
            pav_buf_puts(b, "[?]");
        else
            print_indexes(t, b);
    }
}

static enum pav_path_end
wrong_type(struct walk *w, const struct token *t, const struct pav_doc *at)
{
    struct pav_buf b;

    if (w->why == NULL)
        return PAV_PATH_WRONG_TYPE;
    pav_buf_init(&b, 4096);
    if (t->kind == TOKEN_FILTER) {
        pav_buf_puts(&b, "Filter: [?] can not be applied to primitives.");
    } else {
        pav_buf_puts(&b, "Filter: ");
        print_indexes(t, &b);
        print_rest(t->next, &b);
        pav_buf_puts(&b, " can only be applied to arrays.");
    }
    pav_buf_puts(&b, " Current context is: ");
    pav_java_text(at, &b);
    pav_fail(w->why, PAV_INVALID, "", "%s", b.p);
    pav_buf_fini(&b);
    return PAV_PATH_WRONG_TYPE;
}

static bool
is_definite(const struct token *t)
{
    while (t != NULL && leads_to_one(t))
        t = t->next;
    return t == NULL;
}

static enum pav_path_end
walk_names(struct walk *w, const struct token *t, const struct pav_doc *at,
           const struct trail *trail)
{
    struct trail here = {trail, t->names, t->count, 0};
    const struct pav_doc *v;
    uint32_t i;

    if (at->kind != PAV_OBJECT) {
        struct pav_buf names;
        char before[512];

        if (w->why == NULL)
            return PAV_PATH_NOT_FOUND;
        pav_buf_init(&names, 400);
        print_names(t->names, t->count, &names);
        strcpy(before, "Property ");
        strncat(before, names.p, 400);
        strcat(before, " not found in path ");
        pav_buf_fini(&names);
        return not_found(w, before, trail, "");
    }
    if (t->count > 1) {
        struct pav_members m;

        if (t->next != NULL) {
            (void)not_found(w,
                            "Multi properties can only be used as path "
                            "leafs: ",
                            &here, "");
            return PAV_PATH_WRONG_TYPE;
        }

        pav_members_init(&m, w->arena);
        for (i = 0; i < t->count; i++) {
            v = pav_doc_getn(at, t->names[i].text, t->names[i].len);
            if (v != NULL)
                pav_members_put(&m, t->names[i].text, t->names[i].len, v);
        }
        return walk(w, NULL, pav_members_object(&m), &here);
    }
    v = pav_doc_getn(at, t->names[0].text, t->names[0].len);
    if (v != NULL)
        return walk(w, t->next, v, &here);
    if (t->next == NULL)
        return not_found(w, "No results for path: ", &here, "");
    /* An indefinite path just finds nothing, unless all around is definite. */
    if (!w->definite && !(t->after_one && is_definite(t->next)))
        return PAV_PATH_FOUND;
    return not_found(w, "Missing property in path ", &here, "");
}

static enum pav_path_end
walk_index(struct walk *w, const struct token *t, const struct pav_doc *at,
           int64_t index, const struct trail *trail)
{
    struct trail here = {trail, NULL, 0, index};

    if (index < 0 || index >= (int64_t)at->len)
        return not_found(w, "Index out of bounds when evaluating path ", &here,
                         "");
    return walk(w, t->next, &at->items[index], &here);
}

static enum pav_path_end
walk_array(struct walk *w, const struct token *t, const struct pav_doc *at,
           const struct trail *trail)
{
    int64_t i, from = 0, to;
    enum pav_path_end end = PAV_PATH_FOUND;

    if (at->kind == PAV_NULL)
        return not_found(w, "The path ", trail, " is null");
    if (at->kind != PAV_ARRAY)
        return wrong_type(w, t, at);
    if (t->from_end)
        return walk_index(w, t, at, (int64_t)at->len - t->indexes[0], trail);
    if (t->kind == TOKEN_INDEXES) {
        for (i = 0; i < (int64_t)t->count && end == PAV_PATH_FOUND; i++)
            end = walk_index(w, t, at, t->indexes[i], trail);
        return end;
    }
    to = at->len;
    if (t->has_from && !t->has_to) {
        from = t->from < 0 ? to + t->from : t->from;
        if (from < 0)
            from = 0;
    } else if (!t->has_from) {
        if (t->to < 0)
            to += t->to;
        else if (t->to < to)
            to = t->to;
    } else { /* with both ends, Jayway does not count from the end */
        from = t->from;
        if (t->to < to)
            to = t->to;
    }
    if (at->len == 0)
        return PAV_PATH_FOUND;
    for (i = from; i < to && end == PAV_PATH_FOUND; i++)
        end = walk_index(w, t, at, i, trail);
    return end;
}

static enum pav_path_end
walk_wildcard(struct walk *w, const struct token *t, const struct pav_doc *at,
              const struct trail *trail)
{
    enum pav_path_end end = PAV_PATH_FOUND;
    uint32_t i;

    if (at->kind == PAV_OBJECT) {
        for (i = 0; i < at->len && end == PAV_PATH_FOUND; i++) {
            struct name name = {at->members[i].key, at->members[i].len};
            struct trail here = {trail, &name, 1, 0};

            end = walk(w, t->next, &at->members[i].value, &here);
        }
        return end;
    }
    for (i = 0; at->kind == PAV_ARRAY && i < at->len; i++) {
        struct trail here = {trail, NULL, 0, i};

        if (walk(w, t->next, &at->items[i], &here) == PAV_PATH_WRONG_TYPE)
            return PAV_PATH_WRONG_TYPE;
    }
    return PAV_PATH_FOUND;
}

static enum pav_path_end
walk_filter(struct walk *w, const struct token *t, const struct pav_doc *at,
            const struct trail *trail)
{
    enum pav_path_end end = PAV_PATH_FOUND;
    bool accepted;
    uint32_t i;

    if (at->kind == PAV_OBJECT) {
        end = filter_ask(t->filter, at, w->root, w->arena, w->why, w->budget,
                         &accepted);
        return end == PAV_PATH_FOUND && accepted ? walk(w, t->next, at, trail)
                                                 : end;
    }
    if (at->kind != PAV_ARRAY)
        return wrong_type(w, t, at);
    for (i = 0; i < at->len && end == PAV_PATH_FOUND; i++) {
        struct trail here = {trail, NULL, 0, i};

        end = filter_ask(t->filter, &at->items[i], w->root, w->arena, w->why,
                         w->budget, &accepted);
        if (end == PAV_PATH_FOUND && accepted)
            end = walk(w, t->next, &at->items[i], &here);
    }
    return end;
}

/* Does the token behind `..` apply to this node at all? */
static bool
scan_hits(const struct token *t, const struct pav_doc *at)
{
    uint32_t i;

    switch (t->kind) {
    case TOKEN_NAMES:
        for (i = 0; i < t->count; i++)
            if (pav_doc_getn(at, t->names[i].text, t->names[i].len) == NULL)
                return false;
        return at->kind == PAV_OBJECT;
    case TOKEN_INDEXES:
    case TOKEN_SLICE:
        return at->kind == PAV_ARRAY;
    case TOKEN_FILTER: /* which is asked on the way on */
        return at->kind == PAV_OBJECT;
    case TOKEN_WILDCARD:
    case TOKEN_SCAN:
        return true;
    }
    return false;
}

static bool
has_inside(const struct pav_doc *at)
{
    return at->kind == PAV_OBJECT || at->kind == PAV_ARRAY;
}

/* So many that only have their kind looked at are as one that is visited. */
#define PASSED_A_VISIT 8

/* Depth first, parents before children. */
static enum pav_path_end
walk_scan(struct walk *w, const struct token *t, const struct pav_doc *at,
          const struct trail *trail)
{
    enum pav_path_end end = PAV_PATH_FOUND;
    uint32_t passed = 1 + at->len / PASSED_A_VISIT, i;

    if (!has_inside(at))
        return PAV_PATH_FOUND;
    if (*w->budget < passed)
        *w->budget = 0;
    if (*w->budget == 0)
        return exhausted(w);
    *w->budget -= passed;
    if (scan_hits(t->next, at))
        end = walk(w, t->next, at, trail);
    for (i = 0; i < at->len && end == PAV_PATH_FOUND; i++) {
        if (at->kind == PAV_OBJECT && has_inside(&at->members[i].value)) {
            struct name name = {at->members[i].key, at->members[i].len};
            struct trail here = {trail, &name, 1, 0};

            end = walk_scan(w, t, &at->members[i].value, &here);
        } else if (at->kind == PAV_ARRAY && has_inside(&at->items[i])) {
            struct trail here = {trail, NULL, 0, i};

            end = walk_scan(w, t, &at->items[i], &here);
        }
    }
    return end;
}

static enum pav_path_end
walk(struct walk *w, const struct token *t, const struct pav_doc *at,
     const struct trail *trail)
{
    if (*w->budget == 0)
        return exhausted(w);
    (*w->budget)--;
    if (t == NULL) {
        pav_items_add(&w->found, at);
        return PAV_PATH_FOUND;
    }
    switch (t->kind) {
    case TOKEN_NAMES:
        return walk_names(w, t, at, trail);
    case TOKEN_INDEXES:
    case TOKEN_SLICE:
        return walk_array(w, t, at, trail);
    case TOKEN_WILDCARD:
        return walk_wildcard(w, t, at, trail);
    case TOKEN_FILTER:
        return walk_filter(w, t, at, trail);
    case TOKEN_SCAN:
        return walk_scan(w, t, at, trail);
    }
    return PAV_PATH_NOT_FOUND;
}

enum pav_path_end
tokens_eval(const struct token *first, bool definite,
            const struct pav_doc *from, const struct pav_doc *root,
            struct pav_arena *a, const struct pav_doc **out,
            struct pav_err *why, uint32_t *budget)
{
    struct walk w = {.root = root,
                     .arena = a,
                     .why = why,
                     .definite = definite,
                     .budget = budget};
    const struct token *t = first;
    enum pav_path_end end;

    if (definite) { /* the common case: nothing to collect */
        const struct pav_doc *at = from;

        for (; t != NULL && at != NULL && t->count == 1 && !t->from_end;
             t = t->next)
            at = t->kind == TOKEN_NAMES
                     ? pav_doc_getn(at, t->names[0].text, t->names[0].len)
                 : t->indexes[0] >= 0 ? pav_doc_at(at, (uint32_t)t->indexes[0])
                                      : NULL;
        if (t == NULL && at != NULL) {
            *out = at;
            return PAV_PATH_FOUND;
        }
    }
    pav_items_init(&w.found, a);
    end = walk(&w, first, from, NULL);
    if (end == PAV_PATH_FOUND && *budget == 0)
        end = exhausted(&w); /* what a filter gave up on */
    if (end != PAV_PATH_FOUND)
        return end;
    *out = definite ? &w.found.v[0] : pav_items_array(&w.found);
    return PAV_PATH_FOUND;
}

enum pav_path_end
pav_path_eval(const struct pav_path *p, const struct pav_doc *root,
              struct pav_arena *a, const struct pav_doc **out,
              struct pav_err *why)
{
    uint32_t budget = BUDGET;

    return tokens_eval(p->first, p->definite, root, root, a, out, why, &budget);
}

enum pav_path_end
pav_path_eval_counted(const struct pav_path *p, const struct pav_doc *root,
                      struct pav_arena *a, const struct pav_doc **out,
                      struct pav_err *why, uint32_t *visited)
{
    uint32_t budget = BUDGET;
    enum pav_path_end end =
        tokens_eval(p->first, p->definite, root, root, a, out, why, &budget);

    *visited = BUDGET - budget;
    return end;
}

/* ---- writing ---- */

static const struct pav_doc *
put(const struct token *t, const struct pav_doc *at,
    const struct pav_doc *value, struct pav_arena *a);

static const struct pav_doc *
put_member(const struct token *t, const struct pav_doc *at,
           const struct pav_doc *value, struct pav_arena *a)
{
    struct pav_members m;
    const struct pav_doc *old, *new;
    uint32_t i;

    if (at != NULL && at->kind != PAV_OBJECT)
        return NULL;
    pav_members_init(&m, a);
    for (i = 0; at != NULL && i < at->len; i++)
        pav_members_add(&m, at->members[i].key, at->members[i].len,
                        &at->members[i].value);
    old =
        at == NULL ? NULL : pav_doc_getn(at, t->names[0].text, t->names[0].len);
    new = put(t->next, old, value, a);
    if (new == NULL)
        return NULL;
    pav_members_put(&m, t->names[0].text, t->names[0].len, new);
    return pav_members_object(&m);
}

static const struct pav_doc *
put_item(const struct token *t, const struct pav_doc *at,
         const struct pav_doc *value, struct pav_arena *a)
{
    struct pav_items items;
    const struct pav_doc *new;
    int64_t index = t->indexes[0];
    uint32_t i;

    if (at == NULL || at->kind != PAV_ARRAY || index < 0 || index >= at->len)
        return NULL;
    pav_items_init(&items, a);
    for (i = 0; i < at->len; i++)
        pav_items_add(&items, &at->items[i]);
    new = put(t->next, &at->items[index], value, a);
    if (new == NULL)
        return NULL;
    items.v[index] = *new;
    return pav_items_array(&items);
}

static const struct pav_doc *
put(const struct token *t, const struct pav_doc *at,
    const struct pav_doc *value, struct pav_arena *a)
{
    if (t == NULL)
        return value;
    return t->kind == TOKEN_NAMES ? put_member(t, at, value, a)
                                  : put_item(t, at, value, a);
}

const struct pav_doc *
pav_path_put(const struct pav_path *p, const struct pav_doc *root,
             const struct pav_doc *value, struct pav_arena *a)
{
    PAV_ASSERT(pav_path_is_reference(p));
    return put(p->first, root, value, a);
}

void
pav_java_text(const struct pav_doc *d, struct pav_buf *out)
{
    uint32_t i;

    switch ((enum pav_kind)d->kind) {
    case PAV_STRING:
        pav_buf_put(out, d->text, d->len);
        break;
    case PAV_ARRAY:
        pav_buf_putc(out, '[');
        for (i = 0; i < d->len; i++) {
            if (i > 0)
                pav_buf_puts(out, ", ");
            pav_java_text(&d->items[i], out);
        }
        pav_buf_putc(out, ']');
        break;
    case PAV_OBJECT:
        pav_buf_putc(out, '{');
        for (i = 0; i < d->len; i++) {
            if (i > 0)
                pav_buf_puts(out, ", ");
            pav_buf_put(out, d->members[i].key, d->members[i].len);
            pav_buf_putc(out, '=');
            pav_java_text(&d->members[i].value, out);
        }
        pav_buf_putc(out, '}');
        break;
    case PAV_NULL:
    case PAV_TRUE:
    case PAV_FALSE:
    case PAV_NUMBER:
        pav_doc_print(d, out);
        break;
    }
}
