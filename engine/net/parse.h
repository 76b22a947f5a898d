/* Framing: heads and chunks. */
#ifndef PAVANE_NET_PARSE_H
#define PAVANE_NET_PARSE_H

#include "pavane/http.h"

#define HEAD_MAX   (24 * 1024) /* request line 8 KiB, fields 16 KiB */
#define FIELDS_MAX 64

/* A request's head, parsed in place: lines become C strings. */
struct head {
    enum pav_method method;
    char *path, *query;
    unsigned depth;
    const char *host, *content_type;
    struct pav_field fields[FIELDS_MAX];
    int field_count;
    const char *authority; /* of the absolute form; not ended */
    size_t authority_len;
    bool keep_alive, chunked, expect_continue, has_length;
    size_t length; /* of the body */
    size_t bytes;  /* of the head, with its last CRLF */
};

enum parsed { PARSED_MORE, PARSED_OK, PARSED_BAD };

/*
 * Parse a head at `p`, which is changed.  PARSED_BAD: `*status` says how
 * (400, 414, 431, 501, 505).
 */
enum parsed head_parse(char *p, size_t len, struct head *out, int *status);

/*
 * Decode chunks in place from p[*from] on; the decoded bytes gather at
 * p[*out].  PARSED_OK: *from follows the last trailer.
 */
struct chunks {
    size_t from, out; /* offsets into the buffer */
    size_t left;      /* of the chunk at hand */
    int state;
    unsigned digits; /* of its size */
    size_t trailer;  /* bytes of trailers and extensions so far */
    char name[20];   /* of the trailer at hand, as far as it matters */
    unsigned name_len;
};
enum parsed chunks_parse(char *p, size_t len, struct chunks *c);

#endif
