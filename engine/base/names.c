#include "pavane/names.h"

#include <string.h>

#include "pavane/text.h"

bool
pav_name_valid(const char *name)
{
    const char *p;

    if (*name == '\0' || pav_utf8_count(name, strlen(name)) > PAV_NAME_MAX)
        return false;
    for (p = name; *p != '\0'; p += pav_utf8_len(p, p + strlen(p)))
        if (pav_utf8_len(p, p + strlen(p)) == 0 || (unsigned char)*p <= 0x20 ||
            *p == 0x7f ||
            ((unsigned char)*p == 0xC2 && (unsigned char)p[1] < 0xA0) ||
            strchr("<>{}[]?*\"#%\\^|~`$&,;:/", *p) != NULL)
            return false;
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}
