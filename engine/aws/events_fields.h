/* Fields that actions of EventBridge and Scheduler share. */
#ifndef PAVANE_AWS_EVENTS_FIELDS_H
#define PAVANE_AWS_EVENTS_FIELDS_H

#include "aws.h"

/* clang-format off */
#define TEXT(name, required, max) {name, FIELD_TEXT, required, 1, max, NULL}
#define ANY(name, type)           {name, type, false, 0, 0, NULL}
#define NAME(name, max)           TEXT(name, true, max)
#define PLAIN(name, max)          {name, FIELD_NAME, true, 1, max, NULL}
#define PAGE \
    {"Limit", FIELD_WHOLE, false, 1, 100, NULL}, TEXT("NextToken", false, 2048)
#define TAGS(required, min) \
    {"Tags", FIELD_LIST, required, 0, 0, NULL}, \
    {"Tags[].Key", FIELD_TEXT, true, 1, 128, NULL}, \
    {"Tags[].Value", FIELD_TEXT, true, min, 256, NULL}
#define TAG_KEYS \
    {"TagKeys", FIELD_LIST, true, 0, 0, NULL}, \
    {"TagKeys[]", FIELD_TEXT, false, 1, 128, NULL}
#define BUS TEXT("EventBusName", false, 1600)
/* clang-format on */

#endif
