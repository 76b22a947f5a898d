/*
 * What was not delivered: sent again, or deleted.  Our own actions.
 */
#include <string.h>

#include "pavane/text.h"
#include "run/send.h"
#include "turn/turn.h"
#include "events_fields.h"

#define LETTERS_MAX 1000

/* Ids are texts; clients of before send numbers. */
static bool
read_id(const struct pav_doc *d, int64_t *id)
{
    return d->kind == PAV_STRING ? pav_parse_int(d->text, d->len, id)
                                 : pav_doc_int(d, id);
}

/* Those of "Ids"; without them all, of one target if it is named, up to
 * LETTERS_MAX at a time: Count says whether to ask again. */
static void
each_letter(struct control *c,
            void (*fn)(struct control *c, struct pav_delivery_row *row))
{
    const struct pav_doc *ids = pav_doc_get(c->j->request, "Ids");
    const char *target = control_text(c, "TargetArn");
    struct pav_delivery_row rows[50], row;
    int64_t after = 0, count = 0, id;
    uint32_t i, n;

    for (i = 0; ids != NULL && i < ids->len; i++)
        if (read_id(&ids->items[i], &id) &&
            pav_store_delivery(c->e->store, id, c->a, &row) &&
            row.status == PAV_DELIVERY_DEAD &&
            (target == NULL || strcmp(row.target_arn, target) == 0)) {
            fn(c, &row);
            count++;
        }
    for (n = 50; ids == NULL && n == 50 && count < LETTERS_MAX;) {
        n = pav_store_deliveries_dead(c->e->store, after, 50, c->a, rows);
        for (i = 0; i < n; i++) {
            after = rows[i].id;
            if (target != NULL && strcmp(rows[i].target_arn, target) != 0)
                continue;
            fn(c, &rows[i]);
            count++;
        }
    }
    pav_members_int(&c->out, "Count", count);
}

/* A machine, or an action that is served inside: done at once.  What fails
 * again is a letter again. */
static bool
is_inside(struct control *c, const struct pav_delivery_row *row)
{
    struct sending s = {.rule_arn = row->rule_arn,
                        .rule_name = row->target_id,
                        .event_id = row->event_id,
                        .text = row->body};
    struct pav_members plain;
    struct execution *x;
    struct target t;
    struct pav_err err;

    pav_members_init(&plain, c->a);
    pav_members_str(&plain, "Id", row->target_id);
    pav_members_str(&plain, "Arn", row->target_arn);
    if (target_read(c->e, c->a, pav_members_object(&plain), &t, &err) != PAV_OK)
        return false;
    if (t.kind == TARGET_MACHINE)
        target_send(c->e, &s, &t, &x);
    else if (!universal_served(c->e, &s, &t))
        return false;
    return true;
}

/* From the beginning: its attempts and its age count anew, its key stays. */
static void
redrive_letter(struct control *c, struct pav_delivery_row *row)
{
    if (is_inside(c, row)) {
        pav_store_delivery_delete(c->e->store, row->id);
        return;
    }
    row->status = PAV_DELIVERY_OPEN;
    row->attempts = 0;
    row->created_at = row->due_at = pav_clock_ms(c->e->clock);
    row->error_code = row->error_message = row->condition = NULL;
    pav_store_delivery_update(c->e->store, row);
}

static void
redrive_letters(struct control *c)
{
    each_letter(c, redrive_letter);
}

static void
delete_letter(struct control *c, struct pav_delivery_row *row)
{
    pav_store_delivery_delete(c->e->store, row->id);
}

static void
delete_letters(struct control *c)
{
    if (pav_doc_get(c->j->request, "Ids") == NULL &&
        control_text(c, "TargetArn") == NULL)
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Ids",
                 "Ids, or a TargetArn, say which dead letters are to go.");
    else
        each_letter(c, delete_letter);
}

FIELDS(letters, {"Ids", FIELD_LIST, false, 0, 1000, NULL},
       TEXT("TargetArn", false, 1600));

/* ---- the table ---- */

const struct aws_action pavane_dead_letters_actions[] = {
    ON_ENGINE("pavane:RedriveDeadLetters", "pavane:RedriveDeadLetters", letters,
              redrive_letters),
    ON_ENGINE("pavane:DeleteDeadLetters", "pavane:DeleteDeadLetters", letters,
              delete_letters),
    END_OF_ACTIONS};
