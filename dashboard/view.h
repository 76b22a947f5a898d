/* Members of views: what a template shows. */
#ifndef PAVANE_DASHBOARD_VIEW_H
#define PAVANE_DASHBOARD_VIEW_H

#include "pavane/doc.h"
#include "pavane/graph.h"
#include "pavane/step.h"

/* What the check of a folder's files says: as "fault", else as "warning". */
void view_report(struct pav_members *m, const char *report);
void view_text(struct pav_members *m, const char *key, const char *text);
void view_bytes(struct pav_members *m, const char *key, struct pav_bytes b);
void view_number(struct pav_members *m, const char *key, int64_t n);
void view_bool(struct pav_members *m, const char *key, bool b);
/* KEY: shown by {{@KEY}} or {{@@KEY}}; absent when it is 0. */
void view_time(struct pav_members *m, const char *key, int64_t ms);
/* "2026-11-20"; "91 %" of something; "3 h 4 min". */
const char *view_day(struct pav_arena *a, int64_t ms);
const char *view_share(struct pav_arena *a, int64_t part, int64_t of);
const char *view_span_text(struct pav_arena *a, int64_t ms);
/* KEY: "3 h 4 min" */
void view_span(struct pav_members *m, const char *key, int64_t ms);
/* A bar as a sign, as high as it has to be beside the most. */
const char *view_bar(struct pav_arena *a, int64_t n, int64_t most);
/* KEY: "▁▂ █", a sign for each number against the largest. */
void view_bars(struct pav_members *m, const char *key, const int64_t *v,
               uint32_t count);
/* "1,234"; and KEY: that; KEY_class: " zero" when it is none. */
const char *view_count(struct pav_arena *a, int64_t n);
void view_amount(struct pav_members *m, const char *key, int64_t n);
/* "State A, State B" out of a row's JSON list. */
void view_states(struct pav_members *m, const char *key, const char *json);
/* The status as ASL names it, its class and its sign. */
void view_status(struct pav_members *m, enum pav_status s);
/* How a state stands: its class, its word and its sign. */
void view_look(struct pav_members *m, enum pav_mark_status s);
/* Readable JSON, in the arena; of a large one the beginning. */
const char *view_payload(struct pav_arena *a, const struct pav_doc *d);
/* Readable JSON of a text that is JSON, in the arena. */
const char *view_pretty(struct pav_arena *a, const char *text, size_t len);

#endif
