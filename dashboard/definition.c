/* What a definition's text says of one of its states: see definition.h. */
#include "definition.h"

#include <string.h>

const struct pav_doc *
definition_of(const struct pav_doc *d, const char *state)
{
    const struct pav_doc *states = pav_doc_get(d, "States"), *hit;
    uint32_t i;

    if (d->kind == PAV_ARRAY) {
        for (i = 0; i < d->len; i++)
            if ((hit = definition_of(&d->items[i], state)) != NULL)
                return hit;
        return NULL;
    }
    if (states == NULL || states->kind != PAV_OBJECT)
        return NULL;
    if ((hit = pav_doc_get(states, state)) != NULL)
        return hit;
    for (i = 0; i < states->len; i++) {
        static const char *const inside[] = {"Branches", "ItemProcessor",
                                             "Iterator"};
        size_t k;

        for (k = 0; k < 3; k++) {
            const struct pav_doc *next =
                pav_doc_get(&states->members[i].value, inside[k]);

            if (next != NULL && (hit = definition_of(next, state)) != NULL)
                return hit;
        }
    }
    return NULL;
}

const char *
definition_next(struct pav_arena *a, const struct pav_doc *state)
{
    return state == NULL ? NULL : pav_doc_member_str(a, state, "Next");
}

static bool
catches_timeout(struct pav_arena *a, const struct pav_doc *catcher)
{
    const struct pav_doc *errors = pav_doc_get(catcher, "ErrorEquals");
    uint32_t i;

    for (i = 0; errors != NULL && errors->kind == PAV_ARRAY && i < errors->len;
         i++) {
        const char *name = pav_doc_str(a, &errors->items[i]);

        if (name != NULL && (strcmp(name, "States.Timeout") == 0 ||
                             strcmp(name, "States.ALL") == 0))
            return true;
    }
    return false;
}

const char *
definition_on_timeout(struct pav_arena *a, const struct pav_doc *state)
{
    const struct pav_doc *list =
        state == NULL ? NULL : pav_doc_get(state, "Catch");
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        if (catches_timeout(a, &list->items[i]))
            return definition_next(a, &list->items[i]);
    return NULL;
}

const char *
definition_awaits(struct pav_arena *a, const struct pav_doc *state)
{
    static const char *const places[] = {"Parameters", "Arguments"};
    const struct pav_doc *types = NULL;
    const char *text = NULL, *type;
    uint32_t i;

    for (i = 0; state != NULL && types == NULL && i < 2; i++)
        types = pav_doc_get(
            pav_doc_get(pav_doc_get(state, places[i]), "EventPattern"),
            "detail-type");
    for (i = 0; types != NULL && types->kind == PAV_ARRAY && i < types->len;
         i++) {
        if (types->items[i].kind != PAV_STRING)
            return NULL;
        type = pav_doc_str(a, &types->items[i]);
        if (strncmp(type, "{%", 2) == 0) /* it is worked out */
            return NULL;
        text =
            text == NULL ? type : pav_arena_printf(a, "%s or %s", text, type);
    }
    return text;
}

#define ATTEMPTS_USUAL 3 /* MaxAttempts where a retrier does not say */

int64_t
definition_attempts(const struct pav_doc *state)
{
    const struct pav_doc *list = pav_doc_get(state, "Retry"), *most;
    int64_t n = ATTEMPTS_USUAL;

    if (list == NULL || list->kind != PAV_ARRAY || list->len != 1)
        return 0;
    most = pav_doc_get(&list->items[0], "MaxAttempts");
    if (most != NULL && !pav_doc_int(most, &n))
        return 0;
    return n + 1;
}
