/* Fields that actions of Step Functions share. */
#ifndef PAVANE_AWS_STATES_FIELDS_H
#define PAVANE_AWS_STATES_FIELDS_H

#include "aws.h"

/* clang-format off */
#define ARN(name)  {name, FIELD_TEXT, true, 1, 2000, NULL}
#define ARN_(name) {name, FIELD_TEXT, false, 1, 2000, NULL}
#define PAGING \
    {"maxResults", FIELD_WHOLE, false, 0, 1000, NULL}, \
    {"nextToken", FIELD_TEXT, false, 1, 3096, NULL}
#define INCLUDED \
    {"includedData", FIELD_TEXT, false, 0, 0, "ALL_DATA, METADATA_ONLY"}
#define ENCRYPTION \
    {"encryptionConfiguration", FIELD_OBJECT, false, 0, 0, NULL}, \
    {"encryptionConfiguration.type", FIELD_TEXT, true, 0, 0, \
     "AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY"}, \
    {"encryptionConfiguration.kmsKeyId", FIELD_TEXT, false, 1, 2048, NULL}, \
    {"encryptionConfiguration.kmsDataKeyReusePeriodSeconds", FIELD_WHOLE, \
     false, 60, 900, NULL}
#define TAGS(required) \
    {"tags", FIELD_LIST, required, 0, 0, NULL}, \
    {"tags[].key", FIELD_TEXT, false, 1, 128, NULL}, \
    {"tags[].value", FIELD_TEXT, false, 0, 256, NULL}
#define TYPE {"type", FIELD_TEXT, false, 0, 0, "STANDARD, EXPRESS"}
/* clang-format on */

#endif
