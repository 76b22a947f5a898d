/*
 * Alert rules, and groups of what is wrong that nobody is told of.  Our
 * own actions.
 */
#include <string.h>

#include "pavane/alerts.h"
#include "turn/turn.h"
#include "events_fields.h"
#include "rows.h"

static void
refuse(struct control *c, const char *field, const char *reason)
{
    job_fail(&c->j->job, PAV_INVALID, "ValidationException", field,
             "Parameter %s is not valid. Reason: %s", field, reason);
}

/* "one of overdue, failed, ...": what may be watched. */
static const char *
one_of(struct control *c)
{
    const char *const *words = pav_alert_words();
    const char *text = "one of";

    for (; *words != NULL; words++)
        text = pav_arena_printf(c->a, "%s %s%s", text, *words,
                                words[1] == NULL ? "" : ",");
    return text;
}

static void
put_alert(struct control *c)
{
    static const char *const texts[] = {"Watches", "Machine", "Source",
                                        "Comment", NULL};
    const char *watches = control_text(c, "Watches");
    bool silence = strcmp(watches, "silence") == 0;
    int64_t threshold = pav_doc_member_int(c->j->request, "Threshold");
    struct pav_members m;

    if (!pav_alert_watches(watches)) {
        refuse(c, "Watches", one_of(c));
        return;
    }
    if (silence && control_text(c, "Source") == NULL) {
        refuse(c, "Source", "it says whose silence is meant");
        return;
    }
    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, texts);
    pav_members_int(&m, "Threshold",
                    pav_doc_get(c->j->request, "Threshold") != NULL ? threshold
                    : silence                                       ? 60
                    : strcmp(watches, "timers") == 0                ? 60
                    : strcmp(watches, "disk") == 0                  ? 1024
                                                                    : 1);
    events_put(c, PAV_NAME_ALERT, 0, control_text(c, "Name"), 0, &m);
}

static void
delete_alert(struct control *c)
{
    pav_store_name_delete(c->e->store, PAV_NAME_ALERT, 0,
                          control_text(c, "Name"));
}

static const struct pav_doc *
alert_entry(struct control *c, const struct pav_name_row *row)
{
    static const char *const fields[] = {"Watches", "Threshold", "Machine",
                                         "Source",  "Comment",   NULL};
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    events_copy(&m, control_body(c, row), fields);
    return pav_members_object(&m);
}

static void
list_alerts(struct control *c)
{
    events_list(c, PAV_NAME_ALERT, 0, "Alerts", alert_entry);
}

/* ---- mutes ---- */

static void
put_mute(struct control *c)
{
    struct pav_members m;

    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, (const char *const[]){"Reason", NULL});
    pav_members_int(&m, "Until",
                    pav_clock_ms(c->e->clock) +
                        pav_doc_member_int(c->j->request, "Minutes") * 60000);
    events_put(c, PAV_NAME_MUTE, 0, control_text(c, "Group"), 0, &m);
    pav_members_str(&c->out, "Group", control_text(c, "Group"));
}

static void
delete_mute(struct control *c)
{
    pav_store_name_delete(c->e->store, PAV_NAME_MUTE, 0,
                          control_text(c, "Group"));
    pav_members_str(&c->out, "Group", control_text(c, "Group"));
}

static const struct pav_doc *
mute_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Group", row->name);
    events_copy(&m, body, (const char *const[]){"Reason", NULL});
    pav_members_time(&m, "Until", pav_doc_member_int(body, "Until"));
    return pav_members_object(&m);
}

static void
list_mutes(struct control *c)
{
    events_list(c, PAV_NAME_MUTE, 0, "Mutes", mute_entry);
}

#define YEAR_MIN 525600

FIELDS(put_alert, PLAIN("Name", 64), TEXT("Watches", true, 32),
       {"Threshold", FIELD_WHOLE, false, 1, 1000000000, NULL},
       TEXT("Machine", false, 80), TEXT("Source", false, 256),
       TEXT("Comment", false, 512));
FIELDS(alert, PLAIN("Name", 64));
FIELDS(list, TEXT("NamePrefix", false, 256), PAGE);
FIELDS(put_mute, PLAIN("Group", 64), TEXT("Reason", true, 512),
       {"Minutes", FIELD_WHOLE, true, 1, YEAR_MIN, NULL});
FIELDS(mute, PLAIN("Group", 64));

/* ---- the table ---- */

const struct aws_action pavane_alerts_actions[] = {
    ON_ENGINE("pavane:PutAlert", "pavane:PutAlert", put_alert, put_alert),
    ON_ENGINE("pavane:DeleteAlert", "pavane:DeleteAlert", alert, delete_alert),
    ON_ENGINE("pavane:ListAlerts", "pavane:ListAlerts", list, list_alerts),
    ON_ENGINE("pavane:PutMute", "pavane:PutMute", put_mute, put_mute),
    ON_ENGINE("pavane:DeleteMute", "pavane:DeleteMute", mute, delete_mute),
    ON_ENGINE("pavane:ListMutes", "pavane:ListMutes", list, list_mutes),
    END_OF_ACTIONS};
