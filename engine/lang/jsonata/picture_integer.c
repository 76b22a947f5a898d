/*
 * $formatInteger and $parseInteger: "#,##0", "001;o", "A", "i", "Ww".  Source:
 * XPath and XQuery Functions 3.1, 4.6, and what the reference makes of it.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "pavane/text.h"
#include "functions.h"
#include "picture_int.h"

#define TEXT_MAX (1u << 20)

/* ---- words ---- */

static const char *const few[] = {
    "Zero",    "One",     "Two",       "Three",    "Four",
    "Five",    "Six",     "Seven",     "Eight",    "Nine",
    "Ten",     "Eleven",  "Twelve",    "Thirteen", "Fourteen",
    "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
static const char *const ordinals[] = {
    "Zeroth",    "First",     "Second",      "Third",      "Fourth",
    "Fifth",     "Sixth",     "Seventh",     "Eighth",     "Ninth",
    "Tenth",     "Eleventh",  "Twelfth",     "Thirteenth", "Fourteenth",
    "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
static const char *const decades[] = {"Twenty", "Thirty", "Forty",
                                      "Fifty",  "Sixty",  "Seventy",
                                      "Eighty", "Ninety", "Hundred"};
static const char *const magnitudes[] = {"Thousand", "Million", "Billion",
                                         "Trillion"};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
put_words(double n, bool follows, bool ordinal, struct pav_buf *out)
{
    double rest, factor;
    int magnitude;

    if (out->over)
        return;
    if (n <= 19) {
        pav_buf_puts(out, follows ? " and " : "");
        pav_buf_puts(out, (ordinal ? ordinals : few)[(int)n]);
        return;
    }
    if (n < 100) {
        pav_buf_puts(out, follows ? " and " : "");
        pav_buf_puts(out, decades[(int)(n / 10) - 2]);
        rest = fmod(n, 10);
        if (rest > 0) {
            pav_buf_putc(out, '-');
            put_words(rest, false, ordinal, out);
        } else if (ordinal) { /* "Twentieth" */
            out->len--;
            pav_buf_puts(out, "ieth");
        }
        return;
    }
    pav_buf_puts(out, follows ? ", " : "");
    if (n < 1000) {
        rest = fmod(n, 100);
        pav_buf_puts(out, few[(int)(n / 100)]);
        pav_buf_puts(out, " Hundred");
    } else {
        magnitude = (int)floor(log10(n) / 3);
        if (magnitude > (int)COUNT(magnitudes))
            magnitude = COUNT(magnitudes);
        factor = pow(10, magnitude * 3);
        rest = n - floor(n / factor) * factor;
        put_words(floor(n / factor), false, false, out);
        pav_buf_printf(out, " %s", magnitudes[magnitude - 1]);
    }
    if (rest > 0)
        put_words(rest, true, ordinal, out);
    else if (ordinal)
        pav_buf_puts(out, "th");
}

static bool
word_is(const char *p, size_t len, const char *word, const char *end,
        size_t shorter)
{
    size_t stem = strlen(word) - shorter, i;

    if (len != stem + strlen(end))
        return false;
    for (i = 0; i < stem; i++)
        if (p[i] != tolower((unsigned char)word[i]))
            return false;
    return memcmp(p + stem, end, len - stem) == 0;
}

/* NaN: no such word. */
static double
word_value(const char *p, size_t len)
{
    size_t i;

    for (i = 0; i < COUNT(few); i++)
        if (word_is(p, len, few[i], "", 0) ||
            word_is(p, len, ordinals[i], "", 0))
            return (double)i;
    for (i = 0; i < COUNT(decades); i++)
        if (word_is(p, len, decades[i], "", 0) ||
            word_is(p, len, decades[i], "ieth", 1))
            return (double)(i + 2) * 10;
    if (word_is(p, len, "Hundredth", "", 0))
        return 100;
    for (i = 0; i < COUNT(magnitudes); i++)
        if (word_is(p, len, magnitudes[i], "", 0) ||
            word_is(p, len, magnitudes[i], "th", 0))
            return pow(10, (double)(i + 1) * 3);
    return NOT_A_NUMBER;
}

#define SEGMENTS_MAX 64

/* The end of the word at p, and where the next one begins. */
static size_t
word_end(const char *p, size_t len, size_t *next)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (p[i] == ',' && i + 1 < len && isspace((unsigned char)p[i + 1])) {
            *next = i + 2;
            return i;
        }
        if (len - i > 5 && isspace((unsigned char)p[i]) &&
            memcmp(p + i + 1, "and", 3) == 0 &&
            isspace((unsigned char)p[i + 4])) {
            *next = i + 5;
            return i;
        }
        if (isspace((unsigned char)p[i]) || p[i] == '-' || p[i] == '\\') {
            *next = i + 1;
            return i;
        }
    }
    *next = len + 1;
    return len;
}

static double
words_value(const char *p, size_t len)
{
    double segments[SEGMENTS_MAX] = {0}, sum = 0, n;
    size_t count = 1, from = 0, next, end, i;

    while (from <= len) {
        end = word_end(p + from, len - from, &next);
        n = word_value(p + from, end);
        if (n < 100) {
            if (segments[count - 1] >= 1000 && count < SEGMENTS_MAX)
                segments[count++] = 0;
            segments[count - 1] += n;
        } else {
            segments[count - 1] *= n;
        }
        from += next;
    }
    for (i = 0; i < count; i++)
        sum += segments[i];
    return sum;
}

/* ---- Roman numbers, letters ---- */

static void
put_roman(double n, bool upper, struct pav_buf *out)
{
    static const struct {
        int n;
        const char *lower, *upper;
    } numerals[] = {{1000, "m", "M"},  {900, "cm", "CM"}, {500, "d", "D"},
                    {400, "cd", "CD"}, {100, "c", "C"},   {90, "xc", "XC"},
                    {50, "l", "L"},    {40, "xl", "XL"},  {10, "x", "X"},
                    {9, "ix", "IX"},   {5, "v", "V"},     {4, "iv", "IV"},
                    {1, "i", "I"}};
    size_t i = 0;

    while (n >= 1 && !out->over) {
        while (n < numerals[i].n)
            i++;
        pav_buf_puts(out, upper ? numerals[i].upper : numerals[i].lower);
        n -= numerals[i].n;
    }
}

static double
roman_value(struct value text)
{
    static const char letters[] = "MDCLXVI";
    static const int values[] = {1000, 500, 100, 50, 10, 5, 1};
    double sum = 0;
    int most = 1;
    uint32_t i;

    for (i = text.len; i-- > 0;) {
        const char *at = strchr(letters, toupper((unsigned char)text.text[i]));

        if (at == NULL || *at == '\0')
            return NOT_A_NUMBER;
        if (values[at - letters] < most) {
            sum -= values[at - letters];
        } else {
            most = values[at - letters];
            sum += most;
        }
    }
    return sum;
}

static void
put_letters(double n, char first, struct pav_buf *out)
{
    char text[512];
    size_t at = sizeof(text);

    while (n > 0 && at > 0) {
        text[--at] = (char)((int)fmod(n - 1, 26) + first);
        n = floor((n - 1) / 26);
    }
    pav_buf_put(out, text + at, sizeof(text) - at);
}

static double
letters_value(struct value text, char first)
{
    double n = 0;
    uint32_t i;

    for (i = 0; i < text.len; i++)
        n += ((unsigned char)text.text[text.len - i - 1] - first + 1) *
             pow(26, i);
    return n;
}

/* ---- pictures ---- */

static const uint32_t digit_groups[] = {
    0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6,
    0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900,
    0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

static uint32_t
group_of(uint32_t code)
{
    size_t i;

    for (i = 0; i < COUNT(digit_groups); i++)
        if (code >= digit_groups[i] && code <= digit_groups[i] + 9)
            return digit_groups[i];
    return 0;
}

static bool
read_digits(struct eval *e, struct value text, struct integer_picture *p)
{
    uint32_t at = text.len, place = 0, places[SEPARATORS_MAX], i;

    while (at > 0) { /* from the right: separators stand by their distance */
        uint32_t code = text_point_before(text, &at), group = group_of(code);

        if (group != 0) {
            p->mandatory++;
            place++;
            if (p->zero != 0 && p->zero != group) {
                throw_error(e, "D3131");
                return false;
            }
            p->zero = group;
        } else if (code == '#') {
            p->optional++;
            place++;
        } else if (p->count < SEPARATORS_MAX) {
            p->separators[p->count].place = place;
            p->separators[p->count++].code = code;
        }
    }
    if (p->mandatory == 0) {
        p->primary = INTEGER_SEQUENCE;
        return true;
    }
    for (i = 0; i < p->count; i++) {
        if (p->separators[i].code != p->separators[0].code)
            return true;
        places[i] = p->separators[i].place;
    }
    p->regular = regular_distance(places, p->count);
    return true;
}

bool
integer_picture(struct eval *e, struct value text, struct integer_picture *out)
{
    uint32_t end = text.len;

    memset(out, 0, sizeof(*out));
    if (!take_steps(e, text.len / 4))
        return false;
    while (end > 0 && text.text[end - 1] != ';')
        end--;
    if (end > 0) {
        out->ordinal = end < text.len && text.text[end] == 'o';
        text.len = end - 1;
    }
    out->text = text;
    if (text.len == 2 && memcmp(text.text, "Ww", 2) == 0) {
        out->primary = INTEGER_WORDS;
        out->letters = CASE_TITLE;
        return true;
    }
    if (text.len == 1 && strchr("AaIiWw", text.text[0]) != NULL &&
        text.text[0] != '\0') {
        char kind = (char)tolower((unsigned char)text.text[0]);

        out->letters = text.text[0] == kind ? CASE_LOWER : CASE_UPPER;
        out->primary = kind == 'a'
                           ? INTEGER_LETTERS
                           : (kind == 'i' ? INTEGER_ROMAN : INTEGER_WORDS);
        return true;
    }
    return read_digits(e, text, out);
}

/* ---- formatting ---- */

static void
put_code(struct pav_buf *out, uint32_t code)
{

    pav_buf_utf8(out, code);
}

/* Which separator stands before the last `left` digits; 0: none. */
static uint32_t
separator_at(const struct integer_picture *p, uint32_t left)
{
    uint32_t i;

    if (left == 0)
        return 0;
    if (p->regular > 0)
        return left % p->regular == 0 ? p->separators[0].code : 0;
    for (i = 0; i < p->count; i++)
        if (p->separators[i].place == left)
            return p->separators[i].code;
    return 0;
}

static void
put_ordinal(const char *digits, size_t len, struct pav_buf *out)
{
    static const char *const ends[] = {"st", "nd", "rd"};
    char last = digits[len - 1];

    if (last < '1' || last > '3' || (len > 1 && digits[len - 2] == '1'))
        pav_buf_puts(out, "th");
    else
        pav_buf_puts(out, ends[last - '1']);
}

static void
put_decimal(double n, const struct integer_picture *p, struct pav_buf *out)
{
    char text[PAV_DOUBLE_LEN];
    size_t len = pav_double_text(n, text), i,
           pad = p->mandatory > (int)len ? (size_t)p->mandatory - len : 0;

    for (i = 0; i < pad + len && !out->over; i++) {
        uint32_t separator =
            i == 0 ? 0 : separator_at(p, (uint32_t)(pad + len - i));

        if (separator != 0)
            put_code(out, separator);
        put_code(out,
                 (uint32_t)(i < pad ? '0' : text[i - pad]) - '0' + p->zero);
    }
    if (p->ordinal)
        put_ordinal(text, len, out);
}

bool
integer_format(struct eval *e, double n, const struct integer_picture *p,
               struct pav_buf *out)
{
    size_t start;

    if (p->primary == INTEGER_SEQUENCE) {
        throw_value(e, "D3130", p->text);
        return false;
    }
    if (!isfinite(n)) {
        pav_buf_puts(out, "NaN");
        return true;
    }
    if (n < 0)
        pav_buf_putc(out, '-');
    n = fabs(n);
    start = out->len;
    switch (p->primary) {
    case INTEGER_LETTERS:
        put_letters(n, p->letters == CASE_UPPER ? 'A' : 'a', out);
        break;
    case INTEGER_ROMAN:
        put_roman(n, p->letters == CASE_UPPER, out);
        break;
    case INTEGER_WORDS:
        put_words(n, false, p->ordinal, out);
        for (; p->letters != CASE_TITLE && start < out->len; start++)
            out->p[start] = (char)(p->letters == CASE_UPPER
                                       ? toupper((unsigned char)out->p[start])
                                       : tolower((unsigned char)out->p[start]));
        break;
    case INTEGER_DECIMAL:
        put_decimal(n, p, out);
        break;
    case INTEGER_SEQUENCE:
        break;
    }
    return true;
}

FUNCTION(fn_format_integer)
{
    struct integer_picture p;
    struct pav_buf b;

    if (!is_number(arg(c, 0)) || arg(c, 1).kind != V_STRING ||
        !integer_picture(e, arg(c, 1), &p))
        return nothing;
    pav_buf_init(&b, TEXT_MAX);
    if (integer_format(e, floor(double_of(arg(c, 0))), &p, &b) &&
        take_steps(e, b.len / 16))
        return text_of_buf(e, &b);
    pav_buf_fini(&b);
    return nothing;
}

/* ---- parsing ---- */

static void
put_word(struct pav_buf *out, const char *word, const char *end, size_t shorter)
{
    size_t i;

    for (i = 0; i + shorter < strlen(word); i++)
        pav_buf_putc(out, (char)tolower((unsigned char)word[i]));
    pav_buf_puts(out, end);
    pav_buf_putc(out, '|');
}

static void
words_pattern(struct pav_buf *out)
{
    size_t i;

    pav_buf_puts(out, "(?:");
    for (i = 0; i < COUNT(few); i++)
        put_word(out, few[i], "", 0);
    for (i = 0; i < COUNT(ordinals); i++)
        put_word(out, ordinals[i], "", 0);
    for (i = 0; i < COUNT(decades); i++) {
        put_word(out, decades[i], "", 0);
        put_word(out, decades[i], "ieth", 1);
    }
    pav_buf_puts(out, "hundredth|");
    for (i = 0; i < COUNT(magnitudes); i++) {
        put_word(out, magnitudes[i], "", 0);
        put_word(out, magnitudes[i], "th", 0);
    }
    pav_buf_puts(out, "and|[-, ])+");
}

bool
integer_pattern(struct eval *e, const struct integer_picture *p, int digits,
                struct pav_buf *out)
{
    switch (p->primary) {
    case INTEGER_LETTERS:
        pav_buf_puts(out, p->letters == CASE_UPPER ? "[A-Z]+" : "[a-z]+");
        return true;
    case INTEGER_ROMAN:
        pav_buf_puts(out,
                     p->letters == CASE_UPPER ? "[MDCLXVI]+" : "[mdclxvi]+");
        return true;
    case INTEGER_WORDS:
        words_pattern(out);
        return true;
    case INTEGER_DECIMAL:
        if (digits <= 0)
            pav_buf_puts(out, "[0-9]+");
        else if (p->optional == 0)
            pav_buf_printf(out, "[0-9]{%d}", digits);
        else
            pav_buf_printf(out, "[0-9]{%d,%d}",
                           digits > p->optional ? digits - p->optional : 0,
                           digits);
        if (p->ordinal)
            pav_buf_puts(out, "(?:th|st|nd|rd)");
        return true;
    case INTEGER_SEQUENCE:
        break;
    }
    throw_value(e, "D3130", p->text);
    return false;
}

static double
decimal_value(const struct integer_picture *p, struct value text)
{
    uint32_t i, j, digits = 0;
    double n = 0, sign = 1;
    size_t len;

    if (p->ordinal)
        text.len -= text.len < 2 ? text.len : 2;
    for (i = 0; i < text.len; i += (uint32_t)len) {
        uint32_t code = pav_utf8_get(text.text + i, &len);
        bool separates = p->regular > 0 && code == ',';

        for (j = 0; p->regular == 0 && j < p->count; j++)
            separates |= code == p->separators[j].code;
        if (separates)
            continue;
        if (digits == 0 && (code == '-' || code == '+') && sign == 1) {
            sign = code == '-' ? -1 : 1;
            continue;
        }
        if (digits == 0 && code == ' ')
            continue;
        if (code < p->zero || code > p->zero + 9)
            break;
        n = n * 10 + (code - p->zero);
        digits++;
    }
    return digits == 0 ? NOT_A_NUMBER : sign * n;
}

double
integer_parse(struct eval *e, const struct integer_picture *p,
              struct value text)
{
    char *lower;
    uint32_t i;

    switch (p->primary) {
    case INTEGER_LETTERS:
        return letters_value(text, p->letters == CASE_UPPER ? 'A' : 'a');
    case INTEGER_ROMAN:
        return roman_value(text);
    case INTEGER_WORDS:
        lower = pav_arena_strndup(e->arena, text.text, text.len);
        for (i = 0; i < text.len; i++)
            lower[i] = (char)tolower((unsigned char)lower[i]);
        return words_value(lower, text.len);
    case INTEGER_DECIMAL:
        return decimal_value(p, text);
    case INTEGER_SEQUENCE:
        break;
    }
    return NOT_A_NUMBER;
}

FUNCTION(fn_parse_integer)
{
    struct integer_picture p;

    if (arg(c, 0).kind != V_STRING || arg(c, 1).kind != V_STRING ||
        !integer_picture(e, arg(c, 1), &p) ||
        !take_steps(e, 8 * (uint64_t)arg(c, 0).len))
        return nothing;
    if (p.primary == INTEGER_SEQUENCE)
        return throw_value(e, "D3130", p.text);
    return value_number(integer_parse(e, &p, arg(c, 0)));
}
