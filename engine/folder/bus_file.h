/*
 * A folder's bus.json: what it declares beside machines.
 *
 *   { "buses":           {"NAME": {...CreateEventBus}},
 *     "permissions":     {"STATEMENT": {"EventBusName", "Principal"}},
 *     "connections":     {"NAME": {...CreateConnection}},
 *     "apiDestinations": {"NAME": {"Connection": NAME,
 *                                  ...CreateApiDestination}},
 *     "schemas":         [{"Source", "DetailType", "Policy", "Schema"}],
 *     "archives":        {"NAME": {"EventBusName", ...CreateArchive}},
 *     "rules":           {"NAME": {...PutRule, "Targets": [TARGET]}},
 *     "scheduleGroups":  {"NAME": {}},
 *     "schedules":       {"NAME": {...CreateSchedule, "Target": TARGET}} }
 *
 * Fields are the API's own.  Where the API wants JSON in a text (EventPattern,
 * Input, InputTemplate) JSON is written here.  A TARGET has an Arn, or one of
 * "machine", "resume", "function", "topic", "queue", "log", "bus",
 * "destination": a name.  In connections {"env": NAME} and {"file": PATH} are a
 * text that is kept elsewhere.
 */
#ifndef PAVANE_FOLDER_BUS_FILE_H
#define PAVANE_FOLDER_BUS_FILE_H

#include "pavane/engine.h"

/*
 * Reads DIR/bus.json for the folder `system`; the job belongs to the caller.
 * Without the file it declares nothing.  NULL when a fault is an error.
 */
struct pav_apply_job *
bus_file_read(const char *dir, const char *system, struct pav_buf *report);

#endif
