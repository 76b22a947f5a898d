/*
 * Archives of events.
 */

#include "bus/bus.h"
#include "events_fields.h"
#include "rows.h"

static const char *const archive_fields[] = {
    "EventSourceArn", "Description",      "EventPattern",
    "RetentionDays",  "KmsKeyIdentifier", NULL};

static bool
archive_asked(struct control *c, struct pav_name_row *row,
              const struct pav_doc **body)
{
    const char *name = control_text(c, "ArchiveName");

    if (events_row(c, PAV_NAME_ARCHIVE, 0, name, row, body))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
             "ArchiveName", "Archive %s does not exist.", name);
    return false;
}

static void
archive_answer(struct control *c, const char *name, const struct pav_doc *body)
{
    pav_members_str(&c->out, "ArchiveArn", events_arn(c, "archive", name));
    events_copy(&c->out, body, (const char *const[]){"State", NULL});
    events_date(&c->out, body, "CreationTime");
}

static void
create_archive(struct control *c)
{
    const char *name = control_text(c, "ArchiveName");
    const char *source =
        events_name_of(c, control_text(c, "EventSourceArn"), "event-bus");
    struct pav_name_row row;
    const struct pav_doc *body;
    struct pav_members m;

    if (bus_by_name(c->e, source) == NULL) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "EventSourceArn", "Event bus %s does not exist.", source);
        return;
    }
    if (events_row(c, PAV_NAME_ARCHIVE, 0, name, &row, &body)) {
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "ArchiveName", "Archive %s already exists.", name);
        return;
    }
    if (!events_check_pattern(c, control_text(c, "EventPattern")))
        return;
    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, archive_fields);
    pav_members_str(&m, "State", "ENABLED");
    pav_members_int(&m, "CreationTime", pav_clock_ms(c->e->clock));
    events_put(c, PAV_NAME_ARCHIVE, 0, name,
               events_fresh_number(c, PAV_NAME_ARCHIVE, "archive"), &m);
    archive_answer(c, name, pav_members_object(&m));
    events_touch(c, PAV_TOUCHED_ARCHIVE, NULL, name);
}

static void
update_archive(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    struct pav_members m;

    if (!archive_asked(c, &row, &body) ||
        !events_check_pattern(c, control_text(c, "EventPattern")))
        return;
    pav_members_init(&m, c->a);
    events_copy(&m, body, archive_fields);
    events_copy(&m, body, (const char *const[]){"State", "CreationTime", NULL});
    events_copy(&m, c->j->request, archive_fields);
    events_put(c, PAV_NAME_ARCHIVE, 0, row.name, row.number, &m);
    archive_answer(c, row.name, pav_members_object(&m));
    events_touch(c, PAV_TOUCHED_ARCHIVE, NULL, row.name);
}

static const struct pav_doc *
archive_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const char *source = control_text(c, "EventSourceArn");
    const char *state = control_text(c, "State");
    const struct archive *a = archive_by_name(c->e, row->name);
    struct pav_members m;

    if ((source != NULL &&
         !pav_doc_is_str(pav_doc_get(body, "EventSourceArn"), source)) ||
        (state != NULL && !pav_doc_is_str(pav_doc_get(body, "State"), state)))
        return NULL;
    pav_members_init(&m, c->a);
    pav_members_str(&m, "ArchiveName", row->name);
    events_copy(&m, body,
                (const char *const[]){"EventSourceArn", "State",
                                      "RetentionDays", NULL});
    if (pav_doc_get(body, "RetentionDays") == NULL)
        pav_members_int(&m, "RetentionDays", 0);
    pav_members_int(&m, "SizeBytes", a == NULL ? 0 : a->bytes);
    pav_members_int(&m, "EventCount", a == NULL ? 0 : a->count);
    events_date(&m, body, "CreationTime");
    return pav_members_object(&m);
}

static void
describe_archive(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (!archive_asked(c, &row, &body))
        return;
    events_answer(c, archive_entry(c, &row));
    pav_members_str(&c->out, "ArchiveArn", events_arn(c, "archive", row.name));
    events_copy(&c->out, body,
                (const char *const[]){"Description", "EventPattern",
                                      "KmsKeyIdentifier", NULL});
}

static void
list_archives(struct control *c)
{
    events_list(c, PAV_NAME_ARCHIVE, 0, "Archives", archive_entry);
}

static void
delete_archive(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    int64_t bytes;

    if (!archive_asked(c, &row, &body))
        return;
    pav_store_name_delete(c->e->store, PAV_NAME_ARCHIVE, 0, row.name);
    told_forget_archive(c, row.name);
    while (pav_store_archive_forget(c->e->store, row.number, INT64_MAX, 10000,
                                    &bytes) > 0)
        ;
    events_touch(c, PAV_TOUCHED_ARCHIVE, NULL, row.name);
}

FIELDS(create_archive, PLAIN("ArchiveName", 48), NAME("EventSourceArn", 1600),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"RetentionDays", FIELD_WHOLE, false, 0, INT32_MAX, NULL},
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(update_archive, PLAIN("ArchiveName", 48),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"EventPattern", FIELD_TEXT, false, 0, 4096, NULL},
       {"RetentionDays", FIELD_WHOLE, false, 0, INT32_MAX, NULL},
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(named, PLAIN("ArchiveName", 48));
FIELDS(list_archives, TEXT("NamePrefix", false, 48),
       TEXT("EventSourceArn", false, 1600),
       {"State", FIELD_TEXT, false, 0, 0,
        "ENABLED, DISABLED, CREATING, UPDATING, CREATE_FAILED, UPDATE_FAILED"},
       PAGE);

/* ---- the table ---- */

const struct aws_action events_archives_actions[] = {
    ALONE_ON_ENGINE("events:CreateArchive", "events:CreateArchive",
                    create_archive, create_archive),
    ON_ENGINE("events:DescribeArchive", "events:DescribeArchive", named,
              describe_archive),
    ALONE_ON_ENGINE("events:UpdateArchive", "events:UpdateArchive",
                    update_archive, update_archive),
    ALONE_ON_ENGINE("events:DeleteArchive", "events:DeleteArchive", named,
                    delete_archive),
    ON_ENGINE("events:ListArchives", "events:ListArchives", list_archives,
              list_archives),
    END_OF_ACTIONS};
