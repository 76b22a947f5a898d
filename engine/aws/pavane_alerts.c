/*
 * Alert rules, and groups of what is wrong that nobody is told of: muted for a
 * time, expected, or accepted.  Our own actions.
 */
#include <string.h>

#include "pavane/alerts.h"
#include "turn/turn.h"
#include "events_fields.h"
#include "rows.h"

#define MUTES_MAX 1000

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
    const char *text = "one of";
    int i;

    for (i = 0; pav_alert_word(i) != NULL; i++)
        text = pav_arena_printf(c->a, "%s %s%s", text, pav_alert_word(i),
                                pav_alert_word(i + 1) == NULL ? "" : ",");
    return text;
}

/* Is there one of the name, or room for it? */
static bool
has_room(struct control *c, int kind, const char *name, uint32_t max)
{
    struct pav_name_row one, *rows = pav_arena_alloc(c->a, max * sizeof(*rows));

    if (pav_store_name(c->e->store, kind, 0, name, c->a, &one) ||
        pav_store_names(c->e->store, kind, 0, "", max, c->a, rows) < max)
        return true;
    job_fail(&c->j->job, PAV_LIMIT, "LimitExceededException", name,
             "There are %u of them, as many as may be; delete one first.", max);
    return false;
}

static void
put_alert(struct control *c)
{
    static const char *const texts[] = {"Watches", "Machine", "Source",
                                        "Comment", NULL};
    const char *watches = control_text(c, "Watches"), *refusal;
    bool silence = strcmp(watches, "silence") == 0;
    int64_t threshold = pav_doc_member_int(c->j->request, "Threshold");
    struct pav_members m;

    if (!pav_alert_watches(watches)) {
        refuse(c, "Watches", one_of(c));
        return;
    }
    refusal = pav_alert_refusal(watches, control_text(c, "Machine") != NULL,
                                control_text(c, "Source") != NULL);
    if (refusal != NULL) {
        refuse(c,
               control_text(c, "Machine") != NULL && !silence ? "Machine"
                                                              : "Source",
               refusal);
        return;
    }
    if (!has_room(c, PAV_NAME_ALERT, control_text(c, "Name"), PAV_ALERTS_MAX))
        return;
    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, texts);
    pav_members_int(&m, "Threshold",
                    pav_doc_get(c->j->request, "Threshold") != NULL
                        ? threshold
                        : pav_alert_threshold(watches));
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

/* Those whose time is over go when another comes. */
static void
forget_mutes(struct control *c)
{
    struct pav_name_row *rows =
        pav_arena_alloc(c->a, MUTES_MAX * sizeof(*rows));
    uint32_t n = pav_store_names(c->e->store, PAV_NAME_MUTE, 0, "", MUTES_MAX,
                                 c->a, rows),
             i;

    for (i = 0; i < n; i++) {
        int64_t until = pav_doc_member_int(control_body(c, &rows[i]), "Until");

        if (until != 0 && until <= pav_clock_ms(c->e->clock))
            pav_store_name_delete(c->e->store, PAV_NAME_MUTE, 0, rows[i].name);
    }
}

static void
put_mute(struct control *c)
{
    const char *as = control_text(c, "As");
    int64_t minutes = pav_doc_member_int(c->j->request, "Minutes");
    struct pav_members m;

    if (minutes == 0 && (as == NULL || strcmp(as, "muted") == 0)) {
        refuse(c, "Minutes",
               "what is muted has an end; without one it may be expected or "
               "accepted");
        return;
    }
    forget_mutes(c);
    if (!has_room(c, PAV_NAME_MUTE, control_text(c, "Group"), MUTES_MAX))
        return;
    pav_members_init(&m, c->a);
    events_copy(&m, c->j->request, (const char *const[]){"As", "Reason", NULL});
    pav_members_int(&m, "Until",
                    minutes == 0 ? 0
                                 : pav_clock_ms(c->e->clock) + minutes * 60000);
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
    int64_t until = pav_doc_member_int(body, "Until");
    struct pav_members m;

    pav_members_init(&m, c->a);
    pav_members_str(&m, "Group", row->name);
    events_copy(&m, body, (const char *const[]){"As", "Reason", NULL});
    if (until != 0)
        pav_members_time(&m, "Until", until);
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
       {"As", FIELD_TEXT, false, 0, 0, "muted, expected, accepted"},
       {"Minutes", FIELD_WHOLE, false, 1, YEAR_MIN, NULL});
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
