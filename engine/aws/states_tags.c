/*
 * Tags of machines and activities.
 */

#include "pavane/arn.h"
#include "run/registry.h"
#include "rows.h"
#include "states.h"
#include "states_fields.h"

bool
states_tags_put(struct control *c, const char *arn, const struct pav_doc *tags)
{
    if (tags_add(c->e, arn, tags))
        return true;
    job_fail(&c->j->job, PAV_LIMIT, "TooManyTags", "tags",
             "A resource has at most %d tags", TAGS_MAX);
    return false;
}

/* A machine or an activity that is there. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "resourceArn"), *name;
    struct pav_name_row row;

    if (pav_arn_resource(arn, "states") == NULL) {
        job_fail(&c->j->job, PAV_INVALID, "InvalidArn", "resourceArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return NULL;
    }
    name = pav_arn_name(arn, "states", "stateMachine");
    if (name != NULL && machine_by_name(c->e, name) != NULL)
        return arn;
    name = pav_arn_name(arn, "states", "activity");
    if (name != NULL &&
        pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0, name, c->a, &row))
        return arn;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFound", "resourceArn",
             "Resource not found: '%s'", arn);
    return NULL;
}

static void
tag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        (void)states_tags_put(c, arn, pav_doc_get(c->j->request, "tags"));
}

static void
untag_resource(struct control *c)
{
    tags_remove(c, tagged(c), pav_doc_get(c->j->request, "tagKeys"));
}

static void
list_tags(struct control *c)
{
    const char *arn = tagged(c);
    const struct pav_doc *all = &pav_doc_empty_object;
    struct pav_name_row row;
    struct pav_items list;
    uint32_t i;

    if (arn == NULL)
        return;
    if (pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &row))
        all = control_body(c, &row);
    pav_items_init(&list, c->a);
    for (i = 0; i < all->len; i++) {
        struct pav_members t;

        pav_members_init(&t, c->a);
        pav_members_puts(
            &t, "key",
            pav_doc_new_str(c->a, all->members[i].key, all->members[i].len));
        pav_members_puts(&t, "value", &all->members[i].value);
        pav_items_add(&list, pav_members_object(&t));
    }
    pav_members_puts(&c->out, "tags", pav_items_array(&list));
}

FIELDS(tag, ARN("resourceArn"), TAGS(true));
FIELDS(untag, ARN("resourceArn"), {"tagKeys", FIELD_LIST, true, 0, 0, NULL},
       {"tagKeys[]", FIELD_TEXT, false, 1, 128, NULL});
FIELDS(tags, ARN("resourceArn"));

/* ---- the table ---- */

const struct aws_action states_tags_actions[] = {
    ON_ENGINE("TagResource", "states:TagResource", tag, tag_resource),
    ON_ENGINE("UntagResource", "states:UntagResource", untag, untag_resource),
    ON_ENGINE("ListTagsForResource", "states:ListTagsForResource", tags,
              list_tags),
    END_OF_ACTIONS};
