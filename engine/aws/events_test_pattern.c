/*
 * TestEventPattern.
 */
#include <string.h>

#include "pavane/pattern.h"
#include "events_fields.h"
#include "reads.h"

static bool
is_whole_event(const struct pav_doc *event)
{
    static const char *const needed[] = {"id",   "account", "source",
                                         "time", "region",  "detail-type"};
    size_t i;

    if (event->kind != PAV_OBJECT)
        return false;
    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (pav_doc_get(event, needed[i]) == NULL)
            return false;
    return true;
}

static void
test_pattern(struct aws_read *r)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    struct pav_arena *a = r->q->arena;
    const char *text = request_text(a, r->request, "EventPattern");
    const char *event_text = request_text(a, r->request, "Event");
    const struct pav_doc *doc = NULL, *event;
    struct pav_pattern *pattern;
    struct pav_event e;
    struct pav_members m;
    struct pav_err err;

    if ((*text != '\0' &&
         pav_doc_parse(a, text, strlen(text), &keep, &doc, &err) != PAV_OK) ||
        pav_pattern_compile(a, doc, &pattern, &err) != PAV_OK) {
        read_fail(r, "InvalidEventPatternException",
                  "Event pattern is not valid. Reason: %s", err.message);
        return;
    }
    if (pav_doc_parse(a, event_text, strlen(event_text), &keep, &event, NULL) !=
            PAV_OK ||
        !is_whole_event(event)) {
        read_fail(r, "ValidationException", "Parameter Event is not valid.");
        return;
    }
    pav_event_init(&e, event, a);
    pav_members_init(&m, a);
    pav_members_puts(&m, "Result",
                     pav_doc_new_bool(pav_pattern_matches(pattern, &e)));
    read_answer(r, &m);
}

FIELDS(test_pattern, {"EventPattern", FIELD_TEXT, true, 0, 4096, NULL},
       {"Event", FIELD_TEXT, true, 0, 0, NULL});

/* ---- the table ---- */

const struct aws_action events_test_pattern_actions[] = {
    ON_READER("events:TestEventPattern", "events:TestEventPattern",
              test_pattern, test_pattern),
    END_OF_ACTIONS};
