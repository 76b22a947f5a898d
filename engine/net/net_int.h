/* What the files of the HTTP server share. */
#ifndef PAVANE_NET_INT_H
#define PAVANE_NET_INT_H

#include "pavane/http.h"

#define HEAD_MAX   (24 * 1024) /* request line 8 KiB, fields 16 KiB */
#define LINE_MAX_  (8 * 1024)
#define FIELDS_MAX 64
#define CE_MAX     32

/* A request's head, parsed in place: lines become C strings. */
struct head {
    enum pav_method method;
    char *path, *query;
    const char *host, *content_type, *target, *origin, *authorization;
    const char *ce[2 * CE_MAX + 1];
    int ce_count;
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
 * p[*out].  PARSED_OK: *from stands behind the last trailer.
 */
struct chunks {
    size_t from, out; /* offsets into the buffer */
    size_t left;      /* of the chunk at hand */
    int state;
    unsigned digits; /* of its size */
    size_t trailer;  /* bytes of trailers and extensions so far */
};
enum parsed chunks_parse(char *p, size_t len, struct chunks *c);

/* access.c: 0 when allowed, else the status; `*why` is a sentence. */
int access_check(const struct pav_http_config *config, const struct head *h,
                 const char **why);
bool address_is_loopback(const char *address);

const char *status_reason(int status);

/* 0 to 15, or -1. */
int hex_digit(char c);

#endif
