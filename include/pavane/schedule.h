/*
 * Schedule expressions: rate(...), cron(...) and at(...).
 *
 * rate(VALUE UNIT): minute(s), hour(s), day(s); the unit is singular for 1.
 * cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR): `,` `-` `*` `/`, in
 * the day fields also `?` `L` `W` `#`; exactly one of them is `?`; ranges may
 * go over the end.  at(yyyy-mm-ddThh:mm:ss): once.
 * cron and at mean local time: a time that the clocks go over is left out, one
 * that comes twice counts once.  Source: EventBridge User Guide, schedules;
 * EventBridge Scheduler User Guide, schedule types.
 */
#ifndef PAVANE_SCHEDULE_H
#define PAVANE_SCHEDULE_H

#include "pavane/doc.h"
#include "pavane/err.h"
#include "pavane/zone.h"

enum pav_schedule_kind {
    PAV_SCHEDULE_RATE,
    PAV_SCHEDULE_CRON,
    PAV_SCHEDULE_AT
};

struct pav_schedule {
    enum pav_schedule_kind kind;
    int64_t every_ms; /* rate */
    int64_t at;       /* at: local seconds */
    /* cron: a bit a value */
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* weekdays: bit 1 is Sunday */
    uint64_t years[4];                      /* from 1970 */
    int last_offset;                        /* L-3: 3; -1: no L */
    int nearest;                            /* 15W: 15; 32: LW; 0: none */
    int last_weekday;                       /* 6L: 6; 0: none */
    int nth_weekday, nth;
    bool by_weekday; /* the day of the month is ? */
};

/* Errors: PAV_INVALID. */
PAV_MUSTUSE enum pav_rc
pav_schedule_parse(const char *text, struct pav_schedule *out,
                   struct pav_err *err);
/*
 * The first time behind `after_ms`; INT64_MAX: there is none.  A rate counts
 * from `begin_ms`.
 */
int64_t
pav_schedule_next(const struct pav_schedule *s, const struct pav_zone *z,
                  int64_t begin_ms, int64_t after_ms);

/*
 * The same of a rule with a ScheduleExpression, or a schedule, as its body has
 * it: its expression, its zone, its StartDate and EndDate; 0: never again.
 */
int64_t pav_scheduled_after(const struct pav_doc *body, int64_t after_ms,
                            struct pav_arena *a);

#endif
