/* What actions on the engine's thread share: their requests and rows. */

#include "run/registry.h"
#include "aws.h"

const char *
control_text(const struct control *c, const char *key)
{
    const struct pav_doc *d = pav_doc_get(c->j->request, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(c->a, d);
}

bool
request_is(const struct control *c, const char *key)
{
    const struct pav_doc *d = pav_doc_get(c->j->request, key);

    return d != NULL && d->kind == PAV_TRUE;
}

struct pav_bytes
control_printed(struct control *c, const struct pav_doc *d)
{
    struct pav_bytes out;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(d, &b);
    out.len = b.len;
    out.p = pav_arena_strndup(c->a, b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

const struct pav_doc *
control_body(struct control *c, const struct pav_name_row *row)
{
    return pav_doc_own(c->a, row->body.p, row->body.len);
}
