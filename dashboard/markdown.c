/* Markdown: see markdown.h. */
#include "markdown.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (16 * 1024)

/* The title: the page has one already. */
static void
skip_title(const char **text, size_t *len)
{
    const char *eol;

    if (*len < 2 || memcmp(*text, "# ", 2) != 0)
        return;
    eol = memchr(*text, '\n', *len);
    *len = eol == NULL ? 0 : *len - (size_t)(eol + 1 - *text);
    *text = eol == NULL ? "" : eol + 1;
}

/* Pictures lie in the folder, where no page reaches them; the page draws the
 * graph itself. */
static void
drop_pictures(cmark_node *root)
{
    cmark_iter *it = cmark_iter_new(root);
    cmark_event_type event;

    while ((event = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(it);
        cmark_node *parent = cmark_node_parent(node);

        if (event != CMARK_EVENT_EXIT ||
            cmark_node_get_type(node) != CMARK_NODE_IMAGE)
            continue;
        cmark_node_unlink(node);
        cmark_node_free(node);
        if (cmark_node_first_child(parent) == NULL)
            cmark_node_set_user_data(parent, parent); /* nothing is left */
    }
    cmark_iter_free(it);
    it = cmark_iter_new(root);
    while ((event = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(it);

        if (event == CMARK_EVENT_EXIT &&
            cmark_node_get_user_data(node) != NULL) {
            cmark_node_unlink(node);
            cmark_node_free(node);
        }
    }
    cmark_iter_free(it);
}

void
markdown_render(const char *text, size_t len, struct pav_buf *out)
{
    cmark_node *root;
    char *html;

    skip_title(&text, &len);
    if (len > INPUT_MAX)
        len = INPUT_MAX;
    root = cmark_parse_document(text, len, CMARK_OPT_VALIDATE_UTF8);
    if (root == NULL)
        return;
    drop_pictures(root);
    html = cmark_render_html(root, CMARK_OPT_SAFE | CMARK_OPT_VALIDATE_UTF8);
    if (html != NULL)
        pav_buf_puts(out, html);
    free(html);
    cmark_node_free(root);
}

void
markdown_plain(const char *text, size_t len, struct pav_buf *out)
{
    cmark_event_type event;
    cmark_node *root, *node;
    cmark_iter *it;

    if (len > INPUT_MAX)
        len = INPUT_MAX;
    root = cmark_parse_document(text, len, CMARK_OPT_VALIDATE_UTF8);
    if (root == NULL)
        return;
    it = cmark_iter_new(root);
    while ((event = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
        node = cmark_iter_get_node(it);
        switch (cmark_node_get_type(node)) {
        case CMARK_NODE_TEXT:
        case CMARK_NODE_CODE:
        case CMARK_NODE_CODE_BLOCK:
            pav_buf_puts(out, cmark_node_get_literal(node));
            break;
        case CMARK_NODE_SOFTBREAK:
        case CMARK_NODE_LINEBREAK:
            pav_buf_putc(out, ' ');
            break;
        case CMARK_NODE_PARAGRAPH:
        case CMARK_NODE_HEADING:
            if (event == CMARK_EVENT_EXIT && cmark_node_next(node) != NULL)
                pav_buf_putc(out, ' ');
            break;
        default:
            break;
        }
    }
    cmark_iter_free(it);
    cmark_node_free(root);
}

static bool
is_heading(const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\r'))
        len--;
    return len == name_len + 3 && memcmp(line, "## ", 3) == 0 &&
           memcmp(line + 3, name, name_len) == 0;
}

const char *
markdown_section(const char *text, size_t text_len, const char *name,
                 size_t *len)
{
    const char *p = text, *end = text + text_len, *start = NULL;

    while (p < end) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t line = (size_t)((eol == NULL ? end : eol) - p);

        if (start != NULL && line > 2 && memcmp(p, "## ", 3) == 0)
            break;
        if (start == NULL && name != NULL && is_heading(p, line, name))
            start = p + line;
        if (name == NULL && line > 2 && memcmp(p, "## ", 3) == 0)
            break;
        p = eol == NULL ? end : eol + 1;
    }
    if (name == NULL)
        start = text;
    *len = start == NULL ? 0 : (size_t)(p - start);
    return start == NULL ? "" : start;
}
