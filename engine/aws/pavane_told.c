/*
 * What was tried elsewhere and told here, for the pages: which transitions a
 * machine's test cases take (`pavane test --tell`), kept by the definition that
 * was tested; what a change would do to the events of an archive
 * (`pavane what-if --tell`).  Our own actions.
 */
#include <string.h>

#include "run/registry.h"
#include "turn/turn.h"
#include "events_fields.h"
#include "rows.h"

#define KEPT 20 /* definitions of a machine, the newest */

/* One more is coming: the oldest goes. */
static void
forget_oldest(struct control *c, int64_t machine_id)
{
    struct pav_name_row rows[KEPT];
    uint32_t n = pav_store_names(c->e->store, PAV_NAME_TESTED, machine_id, "",
                                 KEPT, c->a, rows),
             i, oldest = 0;

    if (n < KEPT)
        return;
    for (i = 1; i < n; i++)
        if (rows[i].number < rows[oldest].number)
            oldest = i;
    pav_store_name_delete(c->e->store, PAV_NAME_TESTED, machine_id,
                          rows[oldest].name);
}

/* The request's; NULL after the job has failed. */
static const struct machine *
machine_told(struct control *c)
{
    const char *name = control_text(c, "Machine");
    const struct machine *m = machine_by_name(c->e, name);

    if (m == NULL)
        job_fail(
            &c->j->job, PAV_MISSING, "ResourceNotFoundException", name,
            "There is no machine '%s' here; load it, then tell what was tried.",
            name);
    return m;
}

static void
put_tested(struct control *c)
{
    static const char *const told[] = {"Cases", "Transitions", NULL};
    const struct machine *m = machine_told(c);
    const char *digest = control_text(c, "Digest");
    struct pav_name_row one;
    struct pav_members body;

    if (m == NULL)
        return;
    if (!pav_store_name(c->e->store, PAV_NAME_TESTED, m->id, digest, c->a,
                        &one))
        forget_oldest(c, m->id);
    pav_members_init(&body, c->a);
    events_copy(&body, c->j->request, told);
    events_put(c, PAV_NAME_TESTED, m->id, digest, pav_clock_ms(c->e->clock),
               &body);
    pav_members_str(&c->out, "Machine", control_text(c, "Machine"));
}

static void
put_what_if(struct control *c)
{
    static const char *const told[] = {"Archive",   "Machine", "Events",
                                       "Ids",       "Differ",  "Stranded",
                                       "Elsewhere", NULL};
    const char *archive = control_text(c, "Archive");
    struct pav_name_row one;
    struct pav_members body;

    if (!pav_store_name(c->e->store, PAV_NAME_ARCHIVE, 0, archive, c->a,
                        &one)) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", archive,
                 "There is no archive '%s' here.", archive);
        return;
    }
    if (machine_told(c) == NULL)
        return;
    pav_members_init(&body, c->a);
    events_copy(&body, c->j->request, told);
    events_put(
        c, PAV_NAME_WHAT_IF, 0,
        pav_arena_printf(c->a, "%s %s", archive, control_text(c, "Machine")),
        pav_clock_ms(c->e->clock), &body);
    pav_members_str(&c->out, "Archive", archive);
}

void
told_forget_archive(struct control *c, const char *archive)
{
    const char *begins = pav_arena_printf(c->a, "%s ", archive);
    struct pav_name_row row;

    while (pav_store_names(c->e->store, PAV_NAME_WHAT_IF, 0, begins, 1, c->a,
                           &row) == 1 &&
           strncmp(row.name, begins, strlen(begins)) == 0)
        pav_store_name_delete(c->e->store, PAV_NAME_WHAT_IF, 0, row.name);
}

#define AMOUNT(name)                                                           \
    {                                                                          \
        name, FIELD_WHOLE, true, 0, INT64_C(1000000000000), NULL               \
    }

FIELDS(put_tested, TEXT("Machine", true, 80),
       {"Digest", FIELD_NAME, true, 64, 64, NULL},
       {"Cases", FIELD_LIST, true, 0, 10000, NULL},
       {"Cases[].Name", FIELD_TEXT, true, 1, 256, NULL},
       {"Cases[].Passed", FIELD_FLAG, true, 0, 0, NULL},
       {"Transitions", FIELD_LIST, true, 0, 10000, NULL},
       {"Transitions[].From", FIELD_TEXT, true, 1, 80, NULL},
       {"Transitions[].To", FIELD_TEXT, true, 1, 80, NULL},
       {"Transitions[].Catch", FIELD_FLAG, true, 0, 0, NULL},
       {"Transitions[].Cases", FIELD_LIST, true, 0, 10000, NULL},
       {"Transitions[].Cases[]", FIELD_TEXT, true, 1, 256, NULL});

FIELDS(put_what_if, PLAIN("Archive", 48), TEXT("Machine", true, 80),
       AMOUNT("Events"), AMOUNT("Ids"), AMOUNT("Differ"), AMOUNT("Stranded"),
       AMOUNT("Elsewhere"));

/* ---- the table ---- */

const struct aws_action pavane_told_actions[] = {
    ON_ENGINE("pavane:PutTested", "pavane:PutTested", put_tested, put_tested),
    ON_ENGINE("pavane:PutWhatIf", "pavane:PutWhatIf", put_what_if, put_what_if),
    END_OF_ACTIONS};
