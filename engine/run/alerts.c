/*
 * Alerts: what rules found is compared with what was told.  What is new has a
 * row and an event on the bus, "Alert Raised"; what is gone loses its row and
 * has "Alert Resolved".  Both in one commit, so that a group is told once a
 * rule whatever dies between; who is to hear it, rules of the bus say.
 */
#include <string.h>

#include "pavane/alerts.h"
#include "pavane/jobs.h"
#include "pavane/store_work.h"
#include "intake.h"

static void
put_text(struct pav_members *m, const char *name, const char *text)
{
    if (text != NULL)
        pav_members_str(m, name, text);
}

static void
tell(struct pav_engine *e, const char *type, const struct pav_doc *detail)
{
    struct pav_members m;

    pav_members_init(&m, &e->arena);
    pav_members_str(&m, "source", "pavane");
    pav_members_str(&m, "detail-type", type);
    pav_members_puts(&m, "detail", detail);
    intake_own(e, pav_members_object(&m), 1);
}

static const char *
name_of(struct pav_engine *e, const struct pav_alert *x)
{
    return pav_arena_printf(&e->arena, "%s %s", x->rule, x->group);
}

static void
raise_it(struct pav_engine *e, const struct pav_alerts_job *j,
         const struct pav_alert *x)
{
    int64_t now = pav_clock_ms(e->clock);
    struct pav_name_row row = {.kind = PAV_NAME_RAISED, .name = name_of(e, x)};
    const struct pav_doc *detail;
    struct pav_members m;

    pav_members_init(&m, &e->arena);
    /* The same in both of its events, and of no other time. */
    pav_members_str(
        &m, "key",
        pav_arena_printf(&e->arena, "%s %lld", row.name, (long long)now));
    pav_members_str(&m, "alert", x->rule);
    pav_members_str(&m, "watches", x->watches);
    pav_members_str(&m, "group", x->group);
    pav_members_str(&m, "says", x->says);
    pav_members_int(&m, "count", x->count);
    pav_members_str(&m, "path", x->path);
    put_text(&m, "machine", x->machine);
    put_text(&m, "what", x->what);
    put_text(&m, "why", x->why);
    pav_members_time(&m, "since", x->since);
    pav_members_time(&m, "raised", now);
    pav_members_str(&m, "page",
                    pav_arena_printf(&e->arena, "%s%s", j->pages, x->path));
    detail = pav_members_object(&m);
    row.body.p = pav_doc_text(&e->arena, detail);
    row.body.len = strlen(row.body.p);
    pav_store_name_put(e->store, &row);
    tell(e, "Alert Raised", detail);
}

static void
resolve(struct pav_engine *e, const struct pav_name_row *row)
{
    const struct pav_doc *raised = NULL;
    struct pav_members m;
    uint32_t i;

    if (pav_doc_parse(&e->arena, row->body.p, row->body.len, NULL, &raised,
                      NULL) != PAV_OK)
        raised = &pav_doc_null;
    pav_members_init(&m, &e->arena);
    for (i = 0; raised->kind == PAV_OBJECT && i < raised->len; i++)
        pav_members_put(&m, raised->members[i].key, raised->members[i].len,
                        &raised->members[i].value);
    pav_members_time(&m, "resolved", pav_clock_ms(e->clock));
    pav_store_name_delete(e->store, PAV_NAME_RAISED, 0, row->name);
    tell(e, "Alert Resolved", pav_members_object(&m));
}

/* Is the row of that rule?  Its name is "RULE GROUP". */
static bool
is_of(const struct pav_name_row *row, const char *rule)
{
    size_t len = strlen(rule);

    return strncmp(row->name, rule, len) == 0 && row->name[len] == ' ';
}

static bool
may_be_gone(const struct pav_alerts_job *j, const struct pav_name_row *row)
{
    const char **rule;

    for (rule = j->partial; *rule != NULL; rule++)
        if (is_of(row, *rule))
            return false;
    return true;
}

static uint32_t
raised_of(const struct pav_name_row *rows, uint32_t n, const char *rule)
{
    uint32_t count = 0, i;

    for (i = 0; i < n; i++)
        count += is_of(&rows[i], rule);
    return count;
}

static void
advance(struct pav_engine *e, struct pav_job *job)
{
    const struct pav_alerts_job *j = (const struct pav_alerts_job *)job;
    struct pav_name_row *rows =
        pav_arena_alloc(&e->arena, PAV_RAISED_MAX * sizeof(*rows));
    uint32_t n = pav_store_names(e->store, PAV_NAME_RAISED, 0, "",
                                 PAV_RAISED_MAX, &e->arena, rows),
             i, k;
    bool *told = pav_arena_zalloc(&e->arena, j->count + 1);

    e->counts.calls++; /* nobody asked: it is its own call */
    for (i = 0; i < n; i++) {
        for (k = 0; k < j->count; k++)
            if (is_of(&rows[i], j->found[k].rule) &&
                strcmp(rows[i].name + strlen(j->found[k].rule) + 1,
                       j->found[k].group) == 0)
                break;
        if (k < j->count)
            told[k] = true;
        else if (may_be_gone(j, &rows[i]))
            resolve(e, &rows[i]);
    }
    for (k = 0; k < j->count; k++)
        if (!told[k] &&
            raised_of(rows, n, j->found[k].rule) < PAV_ALERT_GROUPS_MAX)
            raise_it(e, j, &j->found[k]);
}

const struct pav_job_kind pav_alerts_kind = {
    .size = sizeof(struct pav_alerts_job), .advance = advance};
