#include "pavane/pages.h"
void
pav_page(struct pav_query *q)
{
    q->type = "text/html; charset=utf-8";
    pav_buf_puts(&q->out, "soon");
}
