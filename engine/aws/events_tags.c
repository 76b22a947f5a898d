/*
 * Tags of buses and rules.
 */
#include <string.h>

#include "pavane/arn.h"
#include "bus/bus.h"
#include "events_fields.h"
#include "rows.h"

/* Only what is there has tags. */
static const char *
tagged(struct control *c)
{
    const char *arn = control_text(c, "ResourceARN"), *p;
    struct pav_name_row row;
    struct bus *b = NULL;
    char *bus;

    if ((p = pav_arn_name(arn, "events", "event-bus")) != NULL) {
        b = bus_by_name(c->e, p);
    } else if ((p = pav_arn_name(arn, "events", "rule")) != NULL) {
        bus = pav_arena_strdup(c->a, p);
        p = strchr(bus, '/');
        if (p != NULL)
            bus[p - bus] = '\0';
        b = bus_by_name(c->e, p == NULL ? DEFAULT_BUS : bus);
        if (b != NULL && !pav_store_name(c->e->store, PAV_NAME_RULE, b->id,
                                         p == NULL ? bus : p + 1, c->a, &row))
            b = NULL;
    }
    if (b != NULL)
        return arn;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
             "ResourceARN", "Resource %s does not exist.", arn);
    return NULL;
}

static void
tag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL &&
        !events_tags_add(c, arn, pav_doc_get(c->j->request, "Tags")))
        job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", "Tags",
                 "The requested resource exceeds the maximum number allowed.");
}

static void
untag_resource(struct control *c)
{
    tags_remove(c, tagged(c), pav_doc_get(c->j->request, "TagKeys"));
}

static void
list_tags(struct control *c)
{
    events_tags(c, tagged(c));
}

FIELDS(tag, NAME("ResourceARN", 1600), TAGS(true, 0));
FIELDS(untag, NAME("ResourceARN", 1600), TAG_KEYS);
FIELDS(tags, NAME("ResourceARN", 1600));

/* ---- the table ---- */

const struct aws_action events_tags_actions[] = {
    ON_ENGINE("events:TagResource", "events:TagResource", tag, tag_resource),
    ON_ENGINE("events:UntagResource", "events:UntagResource", untag,
              untag_resource),
    ON_ENGINE("events:ListTagsForResource", "events:ListTagsForResource", tags,
              list_tags),
    END_OF_ACTIONS};
