/*
 * Stand-ins: the services outside of a system, for plays.  Each is a file of
 * stub mappings in WireMock's form, stand-ins/NAME.json, and answers for the
 * host NAME.test; all listen on one port of loopback, on a thread of their own.
 *
 *   { "mappings": [ {
 *       "priority": 5,
 *       "request":  {"method": "POST" | "ANY",
 *                    "url" | "urlPattern" | "urlPath" | "urlPathPattern"
 *                      | "urlPathTemplate",
 *                    "headers", "queryParameters": {"NAME": MATCH},
 *                    "bodyPatterns": [MATCH | {"equalToJson": JSON}
 *                                   | {"matchesJsonPath": PATH}]},
 *       "response": {"status": 200, "headers": {}, "body": TEXT
 *                      | "jsonBody": JSON, "fixedDelayMilliseconds": 0},
 *       "scenarioName", "requiredScenarioState", "newScenarioState",
 *       "serveEventListeners": [{"name": "webhook", "parameters":
 *          {"method": "POST", "url", "headers": {}, "body" | "jsonBody"}}]
 *   } ] }
 *   MATCH = {"equalTo" | "contains" | "matches" | "doesNotMatch": TEXT}
 *         | {"absent": true}
 *
 * The first mapping of the least priority that fits answers; without one 404,
 * which lists the mappings.  Texts between "{%" and "%}" in bodies, headers and
 * addresses are expressions of JSONata over {"request": {method, url, path,
 * query, headers, body, json}, "requests": [what that stand-in got before]}.
 * http://pavane.test is the daemon; those of a system that has several are at
 * http://NAME.test, for each other too.
 */
#ifndef PAVANE_PLAY_STAND_INS_H
#define PAVANE_PLAY_STAND_INS_H

#include "pavane/doc.h"

struct stand_ins;

/*
 * Reads the folder stand-ins of each system and listens.  Without one there are
 * none, and each host under .test answers 404.  Errors: PAV_INVALID with the
 * place; PAV_IO.
 */
PAV_MUSTUSE enum pav_rc
stand_ins_start(const char *const *systems, uint32_t count,
                struct stand_ins **out, struct pav_err *err);
/* Are its files what they must be?  Errors: PAV_INVALID with the place. */
PAV_MUSTUSE enum pav_rc
stand_ins_check(const char *system, struct pav_err *err);
void stand_ins_stop(struct stand_ins *s);
int stand_ins_port(const struct stand_ins *s);
/* Where http://NAME.test leads from now on, "http://127.0.0.1:8080" (NULL: it
 * is down), and the token that webhooks to it need.  `name` NULL: pavane. */
void stand_ins_daemon(struct stand_ins *s, const char *name, const char *url,
                      const char *token);
/* False: no stand-in has such a scenario. */
bool
stand_ins_scenario(struct stand_ins *s, const char *name, const char *state);
/* Is an answer, or a webhook, still to come? */
bool stand_ins_busy(struct stand_ins *s);
/* What they got, in order: {"standIn", "method", "url", "path", "headers",
 * "body", "json"}. */
const struct pav_doc *
stand_ins_requests(struct stand_ins *s, struct pav_arena *a);

#endif
