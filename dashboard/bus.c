/* What the pages of the bus share. */
#include "bus.h"
#include "links.h"
#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#include "pavane/arn.h"
#include "pavane/http.h"

void
bus_show(struct pav_query *q, const char *name, const char *title,
         const char *part, struct pav_members *m)
{
    view_bool(m, part, true);
    page_show(q, &(struct page){.name = name,
                                .title = title,
                                .place = "at_bus",
                                .topics = NULL,
                                .view = m});
}

const struct pav_doc *
bus_target(struct pav_query *q, const char *arn)
{
    static const struct {
        const char *service, *kind, *word, *page;
    } kinds[] = {{"states", "stateMachine", "machine", "machines/"},
                 {"lambda", "function", "function", NULL},
                 {"events", "event-bus", "bus", NULL},
                 {"events", "api-destination", "destination", NULL},
                 {"logs", "log-group", "log", NULL}};
    const char *name = NULL, *word = "";
    struct pav_members m;
    size_t i, len;

    pav_members_init(&m, q->arena);
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && name == NULL; i++) {
        name = pav_arn_name(arn, kinds[i].service, kinds[i].kind);
        if (name == NULL)
            continue;
        len = strcspn(
            name, strcmp(word = kinds[i].word, "destination") == 0 ? "/" : ":");
        name = pav_arena_strndup(q->arena, name, len);
        if (kinds[i].page != NULL)
            view_text(&m, "link", view_link(q, kinds[i].page, name));
    }
    if (name == NULL && (name = pav_arn_resource(arn, "sqs")) != NULL)
        word = "queue";
    if (name == NULL && (name = pav_arn_resource(arn, "sns")) != NULL)
        word = "topic";
    view_text(&m, "kind", word);
    view_text(&m, "name", name == NULL ? arn : name);
    return pav_members_object(&m);
}

const struct pav_doc *
bus_row_body(struct pav_query *q, struct pav_bytes body)
{
    const struct pav_doc *d;

    if (pav_doc_parse(q->arena, body.p, body.len, NULL, &d, NULL) != PAV_OK)
        return &pav_doc_empty_object;
    return d;
}

void
bus_describe(struct pav_query *q, struct pav_members *m, const char *name,
             const struct pav_doc *body)
{
    view_text(m, "name", name);
    view_text(m, "description",
              pav_doc_member_str(q->arena, body, "Description"));
    view_text(m, "expression",
              pav_doc_member_str(q->arena, body, "ScheduleExpression"));
    view_bool(m, "disabled",
              pav_doc_is_str(pav_doc_get(body, "State"), "DISABLED"));
}

int64_t
bus_from(struct pav_query *q)
{
    const char *text = page_parameter(q, "from");
    int64_t from = text == NULL ? 0 : strtoll(text, NULL, 10);

    return from < 0 ? 0 : from;
}

void
bus_json(struct pav_query *q, struct pav_members *m, const char *key,
         const struct pav_doc *body, const char *member)
{
    const char *text = pav_doc_member_str(q->arena, body, member);

    if (text != NULL)
        view_text(m, key, view_pretty(q->arena, text, strlen(text)));
}

void
bus_next(struct pav_query *q, struct pav_members *m, const char *path,
         const char *from)
{
    struct pav_buf b;

    if (from == NULL)
        return;
    pav_buf_init(&b, 8192);
    pav_buf_puts(&b, page_root(q));
    pav_buf_puts(&b, path);
    pav_buf_puts(&b, "?from=");
    pav_url_encode(&b, from, strlen(from));
    view_text(m, "next", pav_arena_strndup(q->arena, b.p, b.len));
    pav_buf_fini(&b);
}

struct bus_numbers
bus_numbers(const struct pav_query *q, const char *rule)
{
    uint64_t minute = (uint64_t)(q->now_ms / 60000);
    struct bus_numbers sum = {0};
    const struct pav_tally_row *r =
        q->tally == NULL ? NULL : pav_tally_first(q->tally);

    for (; r != NULL; r = atomic_load(&r->next)) {
        if (strcmp(r->name, rule) != 0)
            continue;
        if (*r->part == '\0') {
            sum.matched = pav_tally_get(r, PAV_RULE_MATCHED);
            sum.last_ms = pav_tally_get(r, PAV_RULE_LAST_MS);
            if (pav_tally_get(r, PAV_RULE_MINUTE) == minute)
                sum.a_minute = pav_tally_get(r, PAV_RULE_IN_LAST_ONE);
            else if (pav_tally_get(r, PAV_RULE_MINUTE) + 1 == minute)
                sum.a_minute = pav_tally_get(r, PAV_RULE_IN_MINUTE);
            continue;
        }
        sum.delivered += pav_tally_get(r, PAV_TARGET_DELIVERED);
        sum.failed += pav_tally_get(r, PAV_TARGET_FAILED) +
                      pav_tally_get(r, PAV_TARGET_THROTTLED);
        sum.dead += pav_tally_get(r, PAV_TARGET_DEAD);
    }
    return sum;
}
