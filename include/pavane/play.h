/*
 * A play: what happens to a system, and what is expected then.
 *
 *   { "description": TEXT, "begins": TIME,
 *     "steps": [ {"send": EVENT | [EVENT], "bus": NAME,
 *                 "dispositions": [WORD], "status": 200},
 *                {"call": ACTION, "with": {}, "answers": {}, "error": NAME},
 *                {"after": SECONDS},
 *                {"kill": true},
 *                {"scenario": NAME, "state": STATE},
 *                {"expect": {...}} ],
 *     "expect": {...} }
 *
 * A step has one of send, call, after, kill, scenario and expect; "note" may
 * explain it.  ACTION as AWS names it, "StartExecution", "events:PutEvents",
 * "pavane:RedriveDeadLetters".  What can be expected: play/expect.h.
 */
#ifndef PAVANE_PLAY_H
#define PAVANE_PLAY_H

#include <stdbool.h>

#include "pavane/buf.h"
#include "pavane/err.h"

/*
 * Plays FILE on a stage of its own with the system in DIR.  `*passed`, and what
 * was not as expected in `report`.  Errors: PAV_INVALID with the place, PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
pav_play(const char *dir, const char *file, struct pav_buf *report,
         bool *passed, struct pav_err *err);

/*
 * Brings up a system, or each of a folder of them, in real time: stand-ins, a
 * daemon, the events of events/ and the beginning of each play.  Then `ready`
 * is told where the daemon is; `once`: it ends behind that, else when the
 * process is asked to end.  Errors: PAV_INVALID, PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
pav_up(const char *path, const char *listen, bool once,
       void (*told)(const char *system, const char *what),
       void (*ready)(const char *url), struct pav_err *err);

#endif
