/*
 * A play: what happens to a system, and what is expected then.
 *
 *   { "description": TEXT, "begins": TIME,
 *     "steps": [ {"send": EVENT | [EVENT], "bus": NAME,
 *                 "dispositions": [WORD], "status": 200},
 *                {"call": ACTION, "with": {}, "answers": {}, "error": NAME,
 *                 "status": 403},
 *                {"get": PATH, "answers": {}, "status": 200},
 *                {"after": SECONDS},
 *                {"kill": true | NAME}, {"stop": NAME}, {"start": NAME},
 *                {"scenario": NAME, "state": STATE},
 *                {"expect": {...}} ],
 *     "expect": {...} }
 *
 * A step has one of send, call, get, after, kill, stop, start, scenario and
 * expect; "note" may explain it.  In a system of several daemons
 * (daemons/NAME.json) "daemon" says which one is sent to or called, the first
 * without it; "token" is another than its own.  ACTION as AWS names it,
 * "StartExecution", "events:PutEvents", "pavane:RedriveDeadLetters".  What can
 * be expected: play/expect.h.
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
 * Checks what only plays read of the system `path`, or of each in that folder:
 * plays, stand-ins, daemons.  Fault lines go to `report`, as pav_folder_check()
 * has them, `*bad` is how many; `daemon` is told of each folder that a daemon
 * of its own serves.
 */
void pav_play_check(const char *path, struct pav_buf *report, unsigned *bad,
                    void (*daemon)(void *ctx, const char *folder), void *ctx);

/*
 * Brings up a system, or each of a folder of them, in real time: stand-ins, a
 * daemon, the events of events/ and the beginning of each play.  Systems with
 * traffic (play/traffic.h) have had it for so many days, and go on having it.
 * Then `ready` is told where the daemon is; `once`: it ends behind that, else
 * when the process is asked to end.  Errors: PAV_INVALID, PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
pav_up(const char *path, const char *listen, bool once, int days,
       void (*told)(const char *system, const char *what),
       void (*ready)(const char *url), struct pav_err *err);

#endif
