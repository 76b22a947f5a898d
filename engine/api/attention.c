/*
 * GET /api/v1/attention: what needs somebody, a group for each thing.
 *
 *   {"attention": [{"kind", "count", "more": there are more than that, "says",
 *                   "machine", "what", "why", "oldest", "newest", "group",
 *                   "as": "muted", "expected", "accepted", or null: it counts;
 *                   "muted": for what reason, "mutedUntil"}]}
 */
#include "pavane/attention.h"
#include "pavane/step.h"
#include "resources.h"

static void
put(struct pav_members *m, const char *key, const char *text)
{
    if (text == NULL)
        pav_members_puts(m, key, &pav_doc_null);
    else
        pav_members_str(m, key, text);
}

void
attention_get(struct pav_query *q)
{
    struct pav_attention *v;
    uint32_t count = pav_reader_attention(q->reader, q->now_ms, q->arena, &v);
    struct pav_items list;
    struct pav_members m;
    uint32_t i;

    pav_items_init(&list, q->arena);
    for (i = 0; i < count; i++) {
        pav_members_init(&m, q->arena);
        pav_members_str(&m, "kind", pav_attention_name(v[i].kind));
        pav_members_int(&m, "count", v[i].count);
        pav_members_puts(&m, "more", pav_doc_new_bool(v[i].more));
        pav_members_str(&m, "says", pav_attention_says(v[i].kind, v[i].count));
        put(&m, "machine", v[i].machine);
        put(&m, "what",
            v[i].kind == PAV_ATTENTION_FAILED
                ? pav_status_name((enum pav_status)v[i].status)
                : v[i].what);
        put(&m, "why", v[i].why);
        pav_members_time(&m, "oldest", v[i].oldest_at);
        pav_members_time(&m, "newest", v[i].newest_at);
        pav_members_str(&m, "group", v[i].group);
        put(&m, "as", v[i].mark == NULL ? NULL : v[i].mark->as);
        put(&m, "muted", v[i].mark == NULL ? NULL : v[i].mark->reason);
        if (v[i].mark != NULL && v[i].mark->until != 0)
            pav_members_time(&m, "mutedUntil", v[i].mark->until);
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, q->arena);
    pav_members_puts(&m, "attention", pav_items_array(&list));
    pav_doc_print(pav_members_object(&m), &q->out);
    pav_buf_putc(&q->out, '\n');
}
