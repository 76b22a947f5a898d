/*
 * Views: lists of the dashboard that somebody gave a name.  Our own actions.
 */
#include <string.h>

#include "turn/turn.h"
#include "events_fields.h"
#include "rows.h"

/* A way inside the dashboard, as a link has it: no scheme, host or control
 * character. */
static bool
is_inside(const char *path)
{
    const char *p;

    if (*path == '/' || strchr(path, '\\') != NULL ||
        memchr(path, ':', strcspn(path, "?")) != NULL)
        return false;
    for (p = path; *p != '\0'; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return true;
}

static void
put_view(struct control *c)
{
    const char *path = control_text(c, "Path");
    struct pav_members m;

    if (!is_inside(path)) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Path",
                 "Parameter Path is not valid. Reason: a path of the dashboard "
                 "is expected, as executions?q=status:late");
        return;
    }
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Path", path);
    events_put(c, PAV_NAME_VIEW, 0, control_text(c, "Name"), 0, &m);
}

static void
delete_view(struct control *c)
{
    pav_store_name_delete(c->e->store, PAV_NAME_VIEW, 0,
                          control_text(c, "Name"));
}

static const struct pav_doc *
view_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    pav_members_str(&m, "Path", pav_doc_member_str(c->a, body, "Path"));
    return pav_members_object(&m);
}

static void
list_views(struct control *c)
{
    events_list(c, PAV_NAME_VIEW, 0, "Views", view_entry);
}

FIELDS(put_view, TEXT("Name", true, 64), TEXT("Path", true, 2048));
FIELDS(view, TEXT("Name", true, 64));
FIELDS(list, TEXT("NamePrefix", false, 256), PAGE);

/* ---- the table ---- */

const struct aws_action pavane_views_actions[] = {
    ON_ENGINE("pavane:PutView", "pavane:PutView", put_view, put_view),
    ON_ENGINE("pavane:DeleteView", "pavane:DeleteView", view, delete_view),
    ON_ENGINE("pavane:ListViews", "pavane:ListViews", list, list_views),
    END_OF_ACTIONS};
