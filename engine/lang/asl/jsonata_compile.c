/*
 * Fields of JSONata: a text that begins with {% and ends with %} is an
 * expression, at any depth; all else is what it is.
 */
#include <string.h>

#include "pavane/text.h"
#include "compile.h"
#include "jsonata.h"
#include "kind.h"
#include "model.h"
#include "origin.h"

/* ---- places ---- */

/* ---- expressions ---- */

static bool
is_expression(const struct pav_doc *d)
{
    return d != NULL && d->kind == PAV_STRING &&
           pav_jsonata_is_marked(d->text, d->len);
}

bool
jsonata_is_computed(const struct pav_doc *o, const char *key)
{
    return is_expression(pav_doc_get(o, key));
}

struct referring {
    struct compiler *c;
    const struct pav_doc *d;
    const struct place *place;
    unsigned allowed, needs;
    const char *told[8]; /* names that were refused, each once */
    unsigned told_count;
};

static void
refuse(struct referring *r, const char *what, const char *where)
{
    unsigned i;

    for (i = 0; i < r->told_count; i++)
        if (strcmp(r->told[i], what) == 0)
            return;
    if (r->told_count == sizeof(r->told) / sizeof(r->told[0]))
        return;
    r->told[r->told_count++] = what;
    compile_fault(r->c, PAV_ERROR, "UNSUPPORTED_JSONATA_EXPRESSION", r->place,
                  r->d->at, "Reference to '%s' %sis not supported.", what,
                  where);
}

static bool
is_word(const struct pav_bytes *b, const char *word)
{
    return b->p != NULL && b->len == strlen(word) &&
           memcmp(b->p, word, b->len) == 0;
}

/* $states.MEMBER */
static void
refer_to_states(struct referring *r, const struct pav_jsonata_reference *ref)
{
    static const struct {
        const char *name, *whole;
        enum states_member bit;
    } members[] = {{"input", "$states.input", STATES_INPUT},
                   {"context", "$states.context", STATES_CONTEXT},
                   {"result", "$states.result", STATES_RESULT},
                   {"errorOutput", "$states.errorOutput", STATES_ERROR}};
    size_t i;

    if (ref->members[0].p == NULL)
        r->needs |=
            STATES_INPUT | STATES_CONTEXT | STATES_RESULT | STATES_ERROR;
    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!is_word(&ref->members[0], members[i].name))
            continue;
        r->needs |= members[i].bit;
        if ((members[i].bit & r->allowed) == 0)
            refuse(r, members[i].whole, "");
    }
    /* the execution's input is kept for those who ask for it */
    if (ref->members[0].p == NULL ||
        (is_word(&ref->members[0], "context") &&
         (ref->members[1].p == NULL ||
          (is_word(&ref->members[1], "Execution") &&
           (ref->members[2].p == NULL || is_word(&ref->members[2], "Input"))))))
        r->c->needs_input = true;
}

static void
refer(void *ctx, const struct pav_jsonata_reference *ref)
{
    struct referring *r = ctx;
    const char *name = pav_arena_strndup(r->c->arena, ref->name, ref->len);

    if (ref->place == PAV_JSONATA_TOP_NAME)
        refuse(r, name, "at the top level ");
    else if (*name == '\0' || strcmp(name, "$") == 0)
        refuse(r, *name == '\0' ? "$" : "$$", "");
    else if (strcmp(name, "states") == 0)
        refer_to_states(r, ref);
    else
        refer_to_variable(r->c, name);
}

/* Bytes of UTF-8 that \uXXXX stands for; half of a pair has half of them. */
static uint32_t
escaped_bytes(const char *digits)
{
    int unit = pav_hex(digits, digits + 4, 4);

    if (unit < 0x80)
        return 1;
    return unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
}

/* The place in the definition of a byte of a text in it: escapes are longer
 * there. */
static uint32_t
place_in(const struct compiler *c, const struct pav_doc *d, uint32_t offset)
{
    const char *p = c->machine->text + d->at,
               *end = c->machine->text + c->machine->text_len;
    uint32_t decoded = 0;

    if (d->at == 0)
        return 0;
    while (p < end && decoded < offset) {
        if (*p != '\\') {
            decoded++;
            p++;
        } else if (p + 1 < end && p[1] == 'u') {
            decoded += escaped_bytes(p + 2);
            p += 6;
        } else {
            decoded++;
            p += 2;
        }
    }
    return (uint32_t)(p - c->machine->text) + 1;
}

static const struct computed *
compute(struct compiler *c, const struct pav_doc *d, const struct place *place,
        unsigned allowed)
{
    struct computed *x = pav_arena_zalloc(c->arena, sizeof(*x));
    struct referring r = {.c = c, .d = d, .place = place, .allowed = allowed};
    struct pav_jsonata_error error;
    const char *text = d->text + 2;
    size_t len = d->len - 4;

    while (len > 0 && strchr(" \t\r\n", text[0]) != NULL && text[0] != '\0')
        text++, len--;
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL &&
           text[len - 1] != '\0')
        len--;
    x->text = text;
    x->len = (uint32_t)len;
    x->place = place;
    if (pav_jsonata_compile(c->arena, x->text, len, PAV_JSONATA_AWS,
                            &c->trees_room, &x->expression, &error) != PAV_OK) {
        compile_fault(c, PAV_ERROR, "INVALID_JSONATA_EXPRESSION", place,
                      place_in(c, d, (uint32_t)(text - d->text) + error.at),
                      "%s", error.message);
        return x;
    }
    pav_jsonata_references(x->expression, refer, &r);
    x->needs = r.needs & allowed;
    return x;
}

/* ---- JSON with computed parts ---- */

static bool
has_expressions(const struct pav_doc *d)
{
    uint32_t i;

    if (is_expression(d))
        return true;
    for (i = 0; (d->kind == PAV_OBJECT || d->kind == PAV_ARRAY) && i < d->len;
         i++)
        if (has_expressions(d->kind == PAV_OBJECT ? &d->members[i].value
                                                  : &d->items[i]))
            return true;
    return false;
}

static void
shape(struct compiler *c, const struct pav_doc *d, const struct place *place,
      unsigned allowed, struct shaped *out)
{
    struct shaped_member *members;
    uint32_t i;

    if (is_expression(d)) {
        out->kind = SHAPED_COMPUTED;
        out->computed = compute(c, d, place, allowed);
        return;
    }
    if (!has_expressions(d)) {
        out->kind = SHAPED_LITERAL;
        out->literal = d;
        return;
    }
    out->kind = d->kind == PAV_OBJECT ? SHAPED_OBJECT : SHAPED_ARRAY;
    out->count = d->len;
    out->members = members =
        pav_arena_zalloc(c->arena, d->len * sizeof(*members));
    for (i = 0; i < d->len; i++) {
        struct shaped *value = &members[i].value;

        if (d->kind == PAV_OBJECT) {
            const struct pav_member *m = &d->members[i];

            members[i].key = m->key;
            members[i].len = m->len;
            shape(c, &m->value, place_of_member(c, place, m), allowed, value);
        } else {
            shape(c, &d->items[i], place_at(c, place, i), allowed, value);
        }
    }
}

static const struct shaped *
member_shape(struct compiler *c, const struct pav_doc *o,
             const struct place *place, const char *key, unsigned allowed)
{
    const struct pav_doc *v = pav_doc_get(o, key);
    struct shaped *out;

    if (v == NULL)
        return NULL;
    out = pav_arena_zalloc(c->arena, sizeof(*out));
    shape(c, v, place_of(c, place, key), allowed, out);
    if (out->kind == SHAPED_LITERAL)
        machine_origin_add(c->machine, v, PAYLOAD_DEFINITION, v->at);
    return out;
}

/* ---- fields ---- */

#define ALWAYS (STATES_INPUT | STATES_CONTEXT)

bool
jsonata_has_field(const struct state_kind *k, const struct pav_member *m)
{
    static const char *const output[] = {"Output", NULL};
    static const char *const arguments[] = {"Arguments", NULL};
    static const char *const items[] = {"Items", NULL};

    return ((k->has & HAS_DATA) && pav_member_in(m, output)) ||
           ((k->has & HAS_ARGUMENTS) && (k->has & HAS_WORK) &&
            pav_member_in(m, arguments)) ||
           ((k->has & HAS_ITEMS) && pav_member_in(m, items));
}

static const struct shaped *
assign_shape(struct compiler *c, const struct pav_doc *d,
             const struct place *place, unsigned allowed)
{
    return member_assign(c, d, place) == NULL
               ? NULL
               : member_shape(c, d, place, "Assign", allowed);
}

static const struct query *
ends(struct compiler *c, struct query *q, const struct pav_doc *d,
     const struct place *place, bool assigns, enum states_member more)
{
    q->more = more;
    q->output = member_shape(c, d, place, "Output", ALWAYS | more);
    if (assigns)
        q->assign = assign_shape(c, d, place, ALWAYS | more);
    return q;
}

const struct query *
jsonata_state(struct compiler *c, const struct state *s,
              const struct pav_doc *d, const struct place *place)
{
    struct query *q = pav_arena_zalloc(c->arena, sizeof(*q));
    const struct pav_doc *items = pav_doc_get(d, "Items");
    unsigned has = s->kind->has;

    if ((has & HAS_ARGUMENTS) && (has & HAS_WORK))
        q->arguments = member_shape(c, d, place, "Arguments", ALWAYS);
    if (has & HAS_ITEMS)
        q->items = member_shape(c, d, place, "Items", ALWAYS);
    if (q->items != NULL && items->kind != PAV_ARRAY &&
        items->kind != PAV_OBJECT && !is_expression(items))
        wrong_type(c, items, place, "Items", "a list or an expression");
    if ((has & HAS_DATA) == 0)
        return q;
    return ends(c, q, d, place, has & HAS_ASSIGN,
                has & HAS_WORK ? STATES_RESULT : 0);
}

const struct query *
jsonata_rule(struct compiler *c, const struct state *s, const struct pav_doc *d,
             const struct place *place)
{
    (void)s;
    return ends(c, pav_arena_zalloc(c->arena, sizeof(struct query)), d, place,
                true, 0);
}

const struct query *
jsonata_catcher(struct compiler *c, const struct state *s,
                const struct pav_doc *d, const struct place *place)
{
    (void)s;
    return ends(c, pav_arena_zalloc(c->arena, sizeof(struct query)), d, place,
                true, STATES_ERROR);
}

const struct test *
jsonata_test(struct compiler *c, const struct pav_doc *d,
             const struct place *place)
{
    struct test *t = pav_arena_zalloc(c->arena, sizeof(*t));
    const struct pav_doc *v = pav_doc_get(d, "Condition");

    check_language(c, d, place);
    t->condition = member_shape(c, d, place, "Condition", ALWAYS);
    t->place = place_of(c, place, "Condition");
    if (v == NULL)
        compile_fault(c, PAV_ERROR, SCHEMA, place, d->at,
                      "The field 'Condition' is required but was missing");
    else if (!pav_doc_is_bool(v) && !is_expression(v))
        wrong_type(c, v, place, "Condition", "an expression, or true or false");
    return t;
}

const struct value *
jsonata_member(struct compiler *c, const struct pav_doc *o,
               const struct place *place, const char *key, enum value_form form)
{
    struct jsonata_value *v;

    if (form != VALUE_TEMPLATE && !jsonata_is_computed(o, key))
        return NULL;
    if (pav_doc_get(o, key) == NULL)
        return NULL;
    v = pav_arena_zalloc(c->arena, sizeof(*v));
    v->form = form;
    v->shaped = member_shape(c, o, place, key, ALWAYS);
    v->value.field = key;
    if (v->shaped->kind == SHAPED_LITERAL)
        v->value.literal = v->shaped->literal;
    if (v->shaped->kind == SHAPED_COMPUTED)
        v->value.text = v->shaped->computed->text;
    return &v->value;
}
