/*
 * Signatures of functions, "<s-nn?:s>": which kinds of arguments there may be,
 * and what replaces those that are missing.  They are matched as the
 * reference does, which makes a regular expression of them.
 */
#include <string.h>

#include "eval.h"
#include "functions.h"

/* ---- reading ---- */

#define PARAMS_MAX 64 /* the matching goes as deep */

static uint8_t
kind_bit(char c)
{
    static const char kinds[] = "snblaofm";
    const char *at = c == '\0' ? NULL : strchr(kinds, c);

    return at == NULL ? 0 : (uint8_t)(1u << (at - kinds));
}

static size_t
closing(const char *text, size_t len, size_t at, char open, char close)
{
    int depth = 1;

    while (++at < len) {
        if (text[at] == close && --depth == 0)
            break;
        if (text[at] == open)
            depth++;
    }
    return at;
}

struct reading {
    struct pav_arena *arena;
    const char *text;
    size_t len, at;
    struct param *params;
    uint32_t count;
    char type; /* of the last one: `(` a choice */
};

static void
add(struct reading *r, uint8_t mask, char type)
{
    r->params =
        pav_arena_append(r->arena, r->params, r->count, sizeof(*r->params));
    memset(&r->params[r->count], 0, sizeof(*r->params));
    r->params[r->count].mask = mask;
    r->params[r->count++].array = type == 'a';
    r->type = type;
}

static const char *
read_choice(struct reading *r)
{
    size_t end = closing(r->text, r->len, r->at, '(', ')');
    uint8_t mask = S_MISSING;
    size_t i;

    for (i = r->at + 1; i < end; i++) {
        if (r->text[i] == '<')
            return "S0402";
        mask |= kind_bit(r->text[i]);
    }
    add(r, mask, '(');
    r->at = end;
    return NULL;
}

static const char *
read_subtype(struct reading *r)
{
    size_t end;

    if (r->count == 0 || (r->type != 'a' && r->type != 'f'))
        return "S0401";
    end = closing(r->text, r->len, r->at, '<', '>');
    if (end > r->len)
        end = r->len;
    r->params[r->count - 1].subtype = r->text + r->at + 1;
    r->params[r->count - 1].subtype_len = (uint32_t)(end - r->at - 1);
    r->at = end;
    return NULL;
}

static void
read_mark(struct reading *r, char c)
{
    struct param *last = r->count == 0 ? NULL : &r->params[r->count - 1];

    if (last == NULL)
        return;
    if (c == '+')
        last->many = true;
    if (c == '-')
        last->context = true;
    if (c != '+') {
        last->lazy = last->optional;
        last->optional = true;
    }
}

static const char *
read_one(struct reading *r)
{
    char c = r->text[r->at];

    switch (c) {
    case 's':
    case 'n':
    case 'b':
    case 'l':
    case 'o':
        add(r, kind_bit(c) | S_MISSING, c);
        return NULL;
    case 'a':
    case 'x':
        add(r, 0xFF, c);
        return NULL;
    case 'f':
        add(r, S_FUNCTION, c);
        return NULL;
    case 'j':
        add(r, (uint8_t)~S_FUNCTION, c);
        return NULL;
    case '-':
    case '?':
    case '+':
        read_mark(r, c);
        return NULL;
    case '(':
        return read_choice(r);
    case '<':
        return read_subtype(r);
    default:
        return NULL;
    }
}

struct signature *
signature_parse(struct pav_arena *a, const char *text, size_t len,
                const char **code, uint32_t *offset)
{
    struct reading r = {.arena = a, .text = text, .len = len, .at = 1};
    struct signature *s = pav_arena_zalloc(a, sizeof(*s));

    for (; r.at < len && text[r.at] != ':'; r.at++) {
        *offset = (uint32_t)r.at;
        *code = read_one(&r);
        if (*code == NULL && r.count > PARAMS_MAX)
            *code = "S0401";
        if (*code != NULL)
            return NULL;
    }
    s->count = r.count;
    s->params = r.params;
    return s;
}

/* ---- matching ---- */

#define HOPELESS_ROOM 256

static uint8_t
kind_of(struct value v)
{
    static const uint8_t bits[] = {
        [V_NOTHING] = S_MISSING, [V_NULL] = S_NULL,
        [V_FALSE] = S_BOOL,      [V_TRUE] = S_BOOL,
        [V_NUMBER] = S_NUMBER,   [V_DOC_NUMBER] = S_NUMBER,
        [V_STRING] = S_STRING,   [V_DOC_ARRAY] = S_ARRAY,
        [V_LIST] = S_ARRAY,      [V_DOC_OBJECT] = S_OBJECT,
        [V_MAP] = S_OBJECT,      [V_FUNCTION] = S_FUNCTION,
        [V_TUPLE] = S_MISSING,
    };

    return bits[v.kind];
}

struct matching {
    const struct param *params;
    uint32_t param_count, count;
    const struct value *args;
    uint32_t *taken;   /* by parameter */
    uint8_t *hopeless; /* by parameter and argument: tried in vain */
    bool whole;        /* all arguments have to be taken */
};

/* The parameters from `p` take arguments from `from`; what all took. */
static bool
match_from(struct matching *m, uint32_t p, uint32_t from)
{
    const struct param *param;
    uint32_t most = 0, least, n;
    uint8_t *hopeless;

    if (p == m->param_count)
        return !m->whole || from == m->count;
    hopeless = &m->hopeless[p * (m->count + 1) + from];
    if (*hopeless)
        return false;
    param = &m->params[p];
    least = param->optional ? 0 : 1;
    while (from + most < m->count && (param->many || most == 0) &&
           (kind_of(m->args[from + most]) & param->mask) != 0)
        most++;
    for (n = param->lazy ? least : most; n >= least && n <= most;
         n += param->lazy ? 1u : (uint32_t)-1) {
        m->taken[p] = n;
        if (match_from(m, p + 1, from + n))
            return true;
        if (n == 0 && !param->lazy)
            break;
    }
    *hopeless = 1;
    return false;
}

static bool
try_match(struct eval *e, struct matching *m)
{
    size_t len = (size_t)(m->param_count + 1) * (m->count + 1);
    uint8_t room[HOPELESS_ROOM];

    if (!take_steps(e, len / 8))
        return false;
    m->hopeless = room;
    if (len > sizeof(room)) {
        if (!may_make(e, len))
            return false;
        m->hopeless = pav_arena_alloc(e->arena, len);
    }
    memset(m->hopeless, 0, len);
    return match_from(m, 0, 0);
}

static void
throw_mismatch(struct eval *e, struct matching *m)
{
    uint32_t good = 0, i, j, all = m->param_count;

    m->whole = false;
    for (i = 0; i < all; i++) {
        m->param_count = i + 1;
        if (!try_match(e, m))
            break;
        for (good = 0, j = 0; j <= i; j++)
            good += m->taken[j];
    }
    throw_value(e, "T0410", good < m->count ? m->args[good] : nothing);
    e->thrown.index = good + 1;
}

/* ---- arguments ---- */

static bool
items_are(struct value v, uint8_t kind)
{
    uint32_t i, n = array_len(v);

    for (i = 0; i < n; i++)
        if (kind_of(array_at(v, i)) != kind)
            return false;
    return true;
}

static const char *
plural(char kind)
{
    static const char *const words[] = {"arrays",  "booleans", "functions",
                                        "numbers", "objects",  "strings"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i][0] == kind)
            return words[i];
    return NULL;
}

/* An argument where an array is wanted: `alone` when no other was taken. */
static struct value
as_array(struct eval *e, const struct param *p, struct value v, bool alone,
         uint32_t index)
{
    struct list *l;
    bool fine = true;

    if (v.kind == V_NOTHING)
        return v;
    if (p->subtype != NULL) {
        uint8_t kind = p->subtype_len == 0 ? 0 : kind_bit(p->subtype[0]);

        fine = is_array(v) ? items_are(v, kind)
                           : alone && p->subtype_len == 1 && kind_of(v) == kind;
    }
    if (!fine) {
        throw_value(e, "T0412", v);
        e->thrown.index = index + 1;
        e->thrown.type = p->subtype_len == 1 ? plural(p->subtype[0]) : NULL;
        return nothing;
    }
    if (is_array(v))
        return v;
    l = list_new(e->arena, 1);
    list_push(e->arena, l, v);
    return value_list(l);
}

/* The value of an argument that is not there. */
static struct value
missing(struct eval *e, const struct param *p, struct value context,
        uint32_t index)
{
    if ((kind_of(context) & p->mask) != 0)
        return context;
    throw_value(e, "T0411", context);
    e->thrown.index = index + 1;
    return nothing;
}

/* Nothing behind the last: a missing one takes the place of what follows. */
static struct value
argument_at(const struct value *args, uint32_t count, uint32_t i)
{
    return i < count ? args[i] : nothing;
}

bool
signature_check(struct eval *e, const struct signature *s,
                const struct value *args, uint32_t count, struct value context,
                struct call *out)
{
    uint32_t room[CALL_ROOM], p, n, at = 0, made = 0;
    struct value *to = out->room;
    struct matching m = {.params = s->params,
                         .param_count = s->count,
                         .count = count,
                         .args = args,
                         .taken = room,
                         .whole = true};

    if (s->count > CALL_ROOM)
        m.taken = pav_arena_alloc(e->arena, s->count * sizeof(uint32_t));
    if (s->count + count > CALL_ROOM)
        to = pav_arena_alloc(e->arena, (s->count + count) * sizeof(*to));
    if (!try_match(e, &m)) {
        throw_mismatch(e, &m);
        return false;
    }
    for (p = 0; p < s->count && !e->failed; p++) {
        const struct param *param = &s->params[p];

        if (m.taken[p] == 0) {
            if (param->context)
                to[made++] = missing(e, param, context, at);
            else
                to[made++] = argument_at(args, count, at), at++;
        }
        for (n = 0; n < m.taken[p] && !e->failed; n++, at++)
            to[made++] = param->array
                             ? as_array(e, param, argument_at(args, count, at),
                                        m.taken[p] == 1, at)
                             : argument_at(args, count, at);
    }
    out->args = to;
    out->count = made;
    return !e->failed;
}
