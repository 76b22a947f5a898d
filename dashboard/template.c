/* Templates: see template.h. */
#include "template.h"

#include <stdio.h>
#include <string.h>

#include "pavane/text.h"
#include "when.h"

#define MAX_DEPTH 16

/* The values around the place that is rendered, innermost last. */
struct scope {
    const struct scope *up;
    const struct pav_doc *value;
};

struct render {
    const struct slot *slots;
    size_t slot_count;
    const struct when *when;
    struct pav_buf *out;
    unsigned depth;
};

static const char *block(struct render *r, const char *p, const char *end,
                         const struct scope *scope, bool show,
                         const char *until, size_t until_len);

static const struct pav_doc *
lookup(const struct scope *scope, const char *name, size_t len)
{
    const char *dot = memchr(name, '.', len);
    size_t first = dot == NULL ? len : (size_t)(dot - name);
    const struct pav_doc *v = NULL;

    if (len == 1 && *name == '.')
        return scope->value;
    for (; scope != NULL && v == NULL; scope = scope->up)
        v = pav_doc_getn(scope->value, name, first);
    while (dot != NULL && v != NULL) {
        const char *next = dot + 1;
        size_t left = len - (size_t)(next - name);

        dot = memchr(next, '.', left);
        v = pav_doc_getn(v, next, dot == NULL ? left : (size_t)(dot - next));
    }
    return v;
}

static bool
shows(const struct pav_doc *v)
{
    if (v == NULL || v->kind == PAV_NULL || v->kind == PAV_FALSE)
        return false;
    if (v->kind == PAV_STRING || v->kind == PAV_ARRAY)
        return v->len > 0;
    return !(v->kind == PAV_NUMBER && v->len == 1 && *v->text == '0');
}

/*
 * Could a value turn the text around it: has it characters that are written
 * from the right, or that say so (U+200E to U+2069)?  Sees a few more.
 */
static bool
turns_text(const struct pav_doc *v)
{
    uint32_t i;

    for (i = 0; i + 1 < v->len; i++) {
        unsigned char a = (unsigned char)v->text[i],
                      b = (unsigned char)v->text[i + 1];

        if ((a >= 0xD6 && a <= 0xDF) || (a == 0xE0 && b <= 0xA3) ||
            (a == 0xE2 && (b == 0x80 || b == 0x81)) ||
            (a == 0xEF && b >= 0xAC) || (a == 0xF0 && b >= 0x90 && b <= 0x9E))
            return true;
    }
    return false;
}

/* In a tag it would be a part of a link or a name. */
static bool
in_tag(const struct pav_buf *out)
{
    size_t i = out->len;

    while (i > 0 && out->p[i - 1] != '<' && out->p[i - 1] != '>')
        i--;
    return i > 0 && out->p[i - 1] == '<';
}

static void
put_value(struct render *r, const struct pav_doc *v)
{
    bool apart;

    if (v == NULL || (v->kind != PAV_STRING && v->kind != PAV_NUMBER))
        return;
    apart = turns_text(v) && !in_tag(r->out);
    if (apart)
        pav_buf_puts(r->out, "\xE2\x81\xA8"); /* U+2068, first strong isolate */
    pav_buf_html(r->out, v->text, v->len);
    if (apart)
        pav_buf_puts(r->out, "\xE2\x81\xA9"); /* U+2069, its end */
}

static void
put_moment(struct render *r, const struct pav_doc *v, bool exact)
{
    int64_t ms;

    if (v != NULL && v->kind == PAV_NUMBER &&
        pav_parse_int(v->text, v->len, &ms))
        when_element(r->when, ms, exact, r->out);
}

static void
put_slot(struct render *r, const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < r->slot_count; i++)
        if (strlen(r->slots[i].name) == len &&
            memcmp(r->slots[i].name, name, len) == 0 &&
            r->slots[i].html->p != NULL)
            pav_buf_put(r->out, r->slots[i].html->p, r->slots[i].html->len);
}

/* A section's inside is at `p`; returns what is behind its end. */
static const char *
section(struct render *r, const char *p, const char *end,
        const struct scope *scope, bool show, bool inverted, const char *name,
        size_t len)
{
    const struct pav_doc *v = show ? lookup(scope, name, len) : NULL;
    const char *behind = p;
    uint32_t i;

    if (!show || shows(v) == inverted)
        return block(r, p, end, scope, false, name, len);
    if (!inverted && v->kind == PAV_ARRAY) {
        for (i = 0; i < v->len; i++) {
            struct scope inner = {scope, &v->items[i]};

            behind = block(r, p, end, &inner, true, name, len);
        }
        return behind;
    }
    if (!inverted && v->kind == PAV_OBJECT) {
        struct scope inner = {scope, v};

        return block(r, p, end, &inner, true, name, len);
    }
    return block(r, p, end, scope, true, name, len);
}

static void
partial(struct render *r, const char *name, size_t len,
        const struct scope *scope)
{
    char file[128];
    const char *text;
    size_t bytes;

    snprintf(file, sizeof(file), "%.*s.html", (int)len, name);
    text = asset_get(file, &bytes);
    if (text == NULL || ++r->depth > MAX_DEPTH)
        PAV_BUG(file);
    block(r, text, text + bytes, scope, true, NULL, 0);
    r->depth--;
}

/* Renders up to {{/until}} and returns what follows it. */
static const char *
block(struct render *r, const char *p, const char *end,
      const struct scope *scope, bool show, const char *until, size_t until_len)
{
    while (p < end) {
        const char *tag = memmem(p, (size_t)(end - p), "{{", 2), *close;
        bool slot = tag != NULL && end - tag > 2 && tag[2] == '{';
        size_t len;

        if (tag == NULL)
            tag = end;
        if (show)
            pav_buf_put(r->out, p, (size_t)(tag - p));
        if (tag == end)
            break;
        tag += slot ? 3 : 2;
        close =
            memmem(tag, (size_t)(end - tag), slot ? "}}}" : "}}", slot ? 3 : 2);
        if (close == NULL)
            PAV_BUG("a tag of a page has no end");
        len = (size_t)(close - tag);
        p = close + (slot ? 3 : 2);
        if (slot) {
            if (show)
                put_slot(r, tag, len);
            continue;
        }
        switch (*tag) {
        case '#':
        case '^':
            p = section(r, p, end, scope, show, *tag == '^', tag + 1, len - 1);
            break;
        case '/':
            if (until == NULL || len - 1 != until_len ||
                memcmp(tag + 1, until, until_len) != 0)
                PAV_BUG("a section of a page ends where it should not");
            return p;
        case '>':
            if (show)
                partial(r, tag + 1, len - 1, scope);
            break;
        case '@':
            if (show) {
                size_t signs = tag[1] == '@' ? 2 : 1;

                put_moment(r, lookup(scope, tag + signs, len - signs),
                           signs == 2);
            }
            break;
        default:
            if (show)
                put_value(r, lookup(scope, tag, len));
            break;
        }
    }
    if (until != NULL)
        PAV_BUG("a section of a page has no end");
    return end;
}

void
template_render(const char *page, const struct pav_doc *view,
                const struct slot *slots, size_t slot_count,
                const struct when *when, struct pav_buf *out)
{
    struct render r = {slots, slot_count, when, out, 0};
    struct scope scope = {NULL, view};

    partial(&r, page, strlen(page), &scope);
}
