/* The kinds of states: a row each, and which fields they may have. */
#include "compile.h"
#include "kind.h"
#include "query.h"

#define KIND_OF(name) &name##_kind,
const struct state_kind *const state_kinds[] = {ALL_KINDS(KIND_OF) NULL};

const struct state_kind *
kind_find(const struct pav_doc *type)
{
    uint32_t i;

    for (i = 0; state_kinds[i] != NULL; i++)
        if (pav_doc_is_str(type, state_kinds[i]->name))
            return state_kinds[i];
    return NULL;
}

bool
field_allowed(const struct state_kind *k, const struct query_language *l,
              const struct pav_member *m)
{
    static const char *const common[] = {"Type", "Comment", "QueryLanguage",
                                         NULL};
    static const struct {
        enum has has;
        const char *fields[3];
    } capabilities[] = {
        {HAS_NEXT, {"Next", "End"}},
        {HAS_ASSIGN, {"Assign"}},
        {HAS_ERRORS, {"Retry", "Catch"}},
    };
    size_t i;

    for (i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
        if ((k->has & capabilities[i].has) &&
            pav_member_in(m, capabilities[i].fields))
            return true;
    return pav_member_in(m, common) || pav_member_in(m, k->own_fields) ||
           (l->has_field != NULL && l->has_field(k, m));
}

bool
field_of_some_kind(const struct query_language *l, const struct pav_member *m)
{
    const struct state_kind *const *kind;

    for (kind = state_kinds; *kind != NULL; kind++)
        if (field_allowed(*kind, l, m))
            return true;
    return false;
}
