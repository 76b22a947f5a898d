/* What a reader chose: see choices.h. */
#include "choices.h"

#include <string.h>

const char *
choice_of(struct pav_query *q, const char *cookie)
{
    size_t len = strlen(cookie);
    const char *p = q->cookie;

    for (; (p = strstr(p, cookie)) != NULL; p++)
        if ((p == q->cookie || p[-1] == ' ' || p[-1] == ';') && p[len] == '=') {
            size_t size = strcspn(p + len + 1, "; ");

            return size == 0 ? NULL
                             : pav_arena_strndup(q->arena, p + len + 1, size);
        }
    return NULL;
}

const char *
choice_of_theme(struct pav_query *q)
{
    const char *theme = choice_of(q, THEME_COOKIE);

    return theme != NULL &&
                   (strcmp(theme, "dark") == 0 || strcmp(theme, "light") == 0)
               ? theme
               : NULL;
}
