/* JavaScript's regular expressions, written as PCRE2 has them. */
#ifndef PAVANE_JSONATA_REGEX_SYNTAX_H
#define PAVANE_JSONATA_REGEX_SYNTAX_H

#include "pavane/buf.h"

/* NULL, or what is wrong with it. */
const char *regex_rewrite(const char *text, size_t len, struct pav_buf *out);

#endif
