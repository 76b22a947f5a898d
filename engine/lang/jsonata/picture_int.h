/* Pictures of whole numbers, which those of dates are made of. */
#ifndef PAVANE_JSONATA_PICTURE_INT_H
#define PAVANE_JSONATA_PICTURE_INT_H

#include "eval.h"

enum integer_primary {
    INTEGER_DECIMAL,
    INTEGER_LETTERS,
    INTEGER_ROMAN,
    INTEGER_WORDS,
    INTEGER_SEQUENCE, /* what there is no way to count in */
};
enum integer_case { CASE_LOWER, CASE_UPPER, CASE_TITLE };

#define SEPARATORS_MAX 64
struct integer_picture {
    enum integer_primary primary;
    enum integer_case letters;
    bool ordinal;
    uint32_t zero;           /* the code point of its digit 0 */
    int mandatory, optional; /* digits */
    uint32_t regular; /* separators at all multiples of it; 0: as listed */
    uint32_t count;   /* of separators */
    struct {
        uint32_t place, code;
    } separators[SEPARATORS_MAX];
    struct value text;
};

/* False: D3131 was thrown. */
bool
integer_picture(struct eval *e, struct value text, struct integer_picture *out);
/* Appends the number; false: thrown. */
bool integer_format(struct eval *e, double n, const struct integer_picture *p,
                    struct pav_buf *out);
/* The pattern of such numbers, `digits` of them (0: any); false: thrown. */
bool integer_pattern(struct eval *e, const struct integer_picture *p,
                     int digits, struct pav_buf *out);
/* NaN when it is none. */
double integer_parse(struct eval *e, const struct integer_picture *p,
                     struct value text);

uint32_t regular_distance(const uint32_t *places, uint32_t count);

#endif
