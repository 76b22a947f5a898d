/* YAML as JSON: see yaml_doc.h. */
#include "yaml_doc.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 100
#define NODES_MAX 200000 /* an alias is read again each time */

struct reading {
    struct pav_arena *a;
    yaml_document_t document;
    uint32_t nodes;
    struct pav_err *err;
};

static const struct pav_doc *
fail(struct reading *r, const yaml_mark_t *at, const char *why)
{
    char place[64];

    snprintf(place, sizeof(place), "line %zu, column %zu", at->line + 1,
             at->column + 1);
    (void)!pav_fail(r->err, PAV_INVALID, place, "%s", why);
    return NULL;
}

/* ---- scalars ---- */

static bool
is_one_of(const char *text, size_t len, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == len && memcmp(*words, text, len) == 0)
            return true;
    return false;
}

/* A plain one that says no text. */
static const struct pav_doc *
plain(struct reading *r, const char *text, size_t len)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    const struct pav_doc *d;

    if (is_one_of(text, len, nulls))
        return &pav_doc_null;
    if (is_one_of(text, len, trues))
        return pav_doc_new_bool(true);
    if (is_one_of(text, len, falses))
        return pav_doc_new_bool(false);
    if (strspn(text, "0123456789+-.eE") < len ||
        pav_doc_parse_copy(r->a, text, len, NULL, &d, NULL) != PAV_OK ||
        d->kind != PAV_NUMBER)
        return NULL;
    return d;
}

static const struct pav_doc *
scalar(struct reading *r, const yaml_node_t *n)
{
    const char *text = (const char *)n->data.scalar.value;
    size_t len = n->data.scalar.length;
    const struct pav_doc *d = NULL;

    if (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && n->tag != NULL &&
        strcmp((const char *)n->tag, YAML_STR_TAG) == 0)
        d = plain(r, text, len);
    return d == NULL
               ? pav_doc_new_str(r->a, pav_arena_strndup(r->a, text, len), len)
               : d;
}

/* ---- nodes ---- */

static const struct pav_doc *node(struct reading *r, int id, unsigned depth);

static const struct pav_doc *
sequence(struct reading *r, const yaml_node_t *n, unsigned depth)
{
    const yaml_node_item_t *i = n->data.sequence.items.start;
    struct pav_items items;

    pav_items_init(&items, r->a);
    for (; i < n->data.sequence.items.top; i++) {
        const struct pav_doc *d = node(r, *i, depth + 1);

        if (d == NULL)
            return NULL;
        pav_items_add(&items, d);
    }
    return pav_items_array(&items);
}

static const struct pav_doc *
mapping(struct reading *r, const yaml_node_t *n, unsigned depth)
{
    const yaml_node_pair_t *i = n->data.mapping.pairs.start;
    struct pav_members m;

    pav_members_init(&m, r->a);
    for (; i < n->data.mapping.pairs.top; i++) {
        yaml_node_t *key = yaml_document_get_node(&r->document, i->key);
        const struct pav_doc *d = node(r, i->value, depth + 1);

        if (key->type != YAML_SCALAR_NODE)
            return fail(r, &key->start_mark, "a key must be a text");
        if (d == NULL)
            return NULL;
        pav_members_put(&m,
                        pav_arena_strndup(r->a,
                                          (const char *)key->data.scalar.value,
                                          key->data.scalar.length),
                        key->data.scalar.length, d);
    }
    return pav_members_object(&m);
}

/* `!Name value`: {"Fn::Name": value}; `a.b` of GetAtt is two. */
static const struct pav_doc *
tagged(struct reading *r, const char *tag, const struct pav_doc *value)
{
    const char *dot;
    struct pav_items parts;
    struct pav_members m;

    if (strcmp(tag, "GetAtt") == 0 && value->kind == PAV_STRING &&
        (dot = memchr(value->text, '.', value->len)) != NULL) {
        size_t len = (size_t)(dot - value->text);

        pav_items_init(&parts, r->a);
        pav_items_add(&parts, pav_doc_new_str(r->a, value->text, len));
        pav_items_add(&parts,
                      pav_doc_new_str(r->a, dot + 1, value->len - len - 1));
        value = pav_items_array(&parts);
    }
    pav_members_init(&m, r->a);
    pav_members_puts(&m,
                     strcmp(tag, "Ref") == 0 || strcmp(tag, "Condition") == 0
                         ? pav_arena_strdup(r->a, tag)
                         : pav_arena_printf(r->a, "Fn::%s", tag),
                     value);
    return pav_members_object(&m);
}

static const struct pav_doc *
node(struct reading *r, int id, unsigned depth)
{
    yaml_node_t *n = yaml_document_get_node(&r->document, id);
    const char *tag = (const char *)n->tag;
    const struct pav_doc *d = NULL;

    if (depth > DEPTH_MAX || ++r->nodes > NODES_MAX)
        return fail(r, &n->start_mark,
                    "it nests too deeply, or is too long with its aliases");
    switch (n->type) {
    case YAML_SCALAR_NODE:
        d = scalar(r, n);
        break;
    case YAML_SEQUENCE_NODE:
        d = sequence(r, n, depth);
        break;
    case YAML_MAPPING_NODE:
        d = mapping(r, n, depth);
        break;
    case YAML_NO_NODE:
        d = &pav_doc_null;
        break;
    }
    return d != NULL && tag != NULL && tag[0] == '!' && tag[1] != '\0'
               ? tagged(r, tag + 1, d)
               : d;
}

enum pav_rc
yaml_parse(struct pav_arena *a, const char *text, size_t len,
           const struct pav_doc **out, struct pav_err *err)
{
    struct reading r = {.a = a, .err = err};
    yaml_parser_t parser;
    enum pav_rc rc = PAV_OK;

    if (text[strspn(text, " \t\r\n")] == '{')
        return pav_doc_parse_copy(a, text, len, NULL, out, err);
    if (!yaml_parser_initialize(&parser))
        PAV_BUG("libyaml cannot start");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &r.document)) {
        (void)fail(&r, &parser.problem_mark,
                   parser.problem == NULL ? "it is no YAML" : parser.problem);
        yaml_parser_delete(&parser);
        return PAV_INVALID;
    }
    if (yaml_document_get_root_node(&r.document) == NULL)
        *out = &pav_doc_null;
    else
        *out = node(&r, 1, 0);
    if (*out == NULL)
        rc = PAV_INVALID;
    yaml_document_delete(&r.document);
    yaml_parser_delete(&parser);
    return rc;
}
