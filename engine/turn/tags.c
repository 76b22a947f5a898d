/* Tags of a resource, by its ARN: a row of names. */
#include <string.h>

#include "pavane/store_work.h"
#include "turn.h"

bool
tags_add(struct pav_engine *e, const char *arn, const struct pav_doc *tags)
{
    struct pav_name_row row = {.kind = PAV_NAME_TAGS, .name = arn}, there;
    struct pav_members all;
    const char *text;
    uint32_t i;

    pav_members_init(&all, &e->arena);
    if (pav_store_name(e->store, PAV_NAME_TAGS, 0, arn, &e->arena, &there)) {
        const struct pav_doc *old =
            pav_doc_own(&e->arena, there.body.p, there.body.len);

        for (i = 0; i < old->len; i++)
            pav_members_add(&all, old->members[i].key, old->members[i].len,
                            &old->members[i].value);
    }
    for (i = 0; tags != NULL && i < tags->len; i++) {
        const struct pav_doc *key = pav_doc_get(&tags->items[i], "key");
        const struct pav_doc *value = pav_doc_get(&tags->items[i], "value");

        if (key != NULL && key->kind == PAV_STRING)
            pav_members_put(&all, key->text, key->len,
                            value == NULL ? pav_doc_new_cstr(&e->arena, "")
                                          : value);
    }
    if (all.count > TAGS_MAX)
        return false;
    if (all.count == 0)
        return true;
    text = pav_doc_text(&e->arena, pav_members_object(&all));
    row.body.p = text;
    row.body.len = strlen(text);
    pav_store_name_put(e->store, &row);
    return true;
}
