/* What TestState shows of a state at work; nothing when nobody looks on. */
#include "stepper.h"

void
inspect(struct stepper *st, const char *key, const struct pav_doc *d)
{
    if (st->inspection != NULL)
        pav_members_puts(&st->inspection->data, key, d);
}

void
inspect_again(struct stepper *st, const char *key, const struct pav_doc *d)
{
    const struct pav_doc *input;

    if (st->inspection == NULL)
        return;
    input = pav_doc_get(pav_members_object(&st->inspection->data), "input");
    pav_members_init(&st->inspection->data, st->arena);
    inspect(st, "input", input);
    inspect(st, key, d);
}
