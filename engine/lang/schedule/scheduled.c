/* When what has a schedule is due next: see pavane/schedule.h. */
#include "pavane/schedule.h"

#include <string.h>

int64_t
pav_scheduled_after(const struct pav_doc *body, int64_t after_ms,
                    struct pav_arena *a)
{
    const char *expression = pav_doc_member_str(a, body, "ScheduleExpression");
    const char *name =
        pav_doc_member_str(a, body, "ScheduleExpressionTimezone");
    int64_t start = pav_doc_member_int(body, "StartDate");
    int64_t end = pav_doc_member_int(body, "EndDate"), next;
    int64_t begin =
        start != 0 ? start : pav_doc_member_int(body, "CreationDate");
    struct pav_schedule s;
    struct pav_zone *zone = NULL;

    if (expression == NULL ||
        pav_schedule_parse(expression, &s, NULL) != PAV_OK)
        return 0;
    if (name != NULL && strcmp(name, "UTC") != 0 &&
        pav_zone_load(name, &zone, NULL) != PAV_OK)
        return 0;
    if (s.kind != PAV_SCHEDULE_AT && start != 0 && after_ms < start)
        after_ms = start - 1;
    next = pav_schedule_next(&s, zone, begin, after_ms);
    pav_zone_free(zone);
    if (next == INT64_MAX ||
        (end != 0 && next > end && s.kind != PAV_SCHEDULE_AT))
        return 0;
    return next;
}
