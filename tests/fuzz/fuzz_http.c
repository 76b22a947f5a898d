/*
 * HTTP framing beside llhttp in its strict mode: what we take, it takes, with
 * the same method, target and body, and the next request begins at the same
 * byte.  (It takes more than we do; that is no difference here.)  The same
 * stream cut at any byte must not be read otherwise.
 */
#include "fuzz.h"

#include <stdio.h>
#include <llhttp.h>

#include "../../engine/net/parse.h"

#define REQUESTS 8
#define ROOM     65536

struct request {
    char method[16];
    size_t target, target_len; /* in the stream */
    char body[ROOM];
    size_t body_len;
};

struct list {
    struct request v[REQUESTS];
    int count;    /* complete ones */
    bool refused; /* behind them */
};

/* ---- ours ---- */

/* One request at `p`; the bytes it takes, 0 for none. */
static size_t
take(const char *p, size_t len, size_t cut, struct request *r, bool *refused,
     bool *last)
{
    static char room[ROOM];
    struct chunks chunks = {0};
    const char *space;
    struct head h;
    int status;
    enum parsed first = PARSED_MORE, whole;

    if (cut < len) { /* as if only that much had come so far */
        memcpy(room, p, cut);
        first = head_parse(room, cut, &h, &status);
    }
    memcpy(room, p, len);
    whole = head_parse(room, len, &h, &status);
    FUZZ_CHECK(first != PARSED_BAD || whole == PARSED_BAD);
    *refused = whole == PARSED_BAD;
    if (whole != PARSED_OK)
        return 0;
    FUZZ_CHECK(h.bytes <= len && h.path >= room && h.path < room + h.bytes);
    FUZZ_CHECK(h.host != NULL && !(h.chunked && h.has_length));
    *last = !h.keep_alive;
    space = memchr(p, ' ', len);
    snprintf(r->method, sizeof(r->method), "%.*s", (int)(space - p), p);
    r->target = (size_t)(space + 1 - p);
    r->target_len =
        (size_t)((const char *)memchr(space + 1, ' ', len - r->target) - space -
                 1);
    if (!h.chunked) {
        if (len - h.bytes < h.length)
            return 0;
        memcpy(r->body, p + h.bytes, h.length);
        r->body_len = h.length;
        return h.bytes + h.length;
    }
    chunks.from = chunks.out = h.bytes;
    whole = PARSED_MORE;
    if (cut > h.bytes && cut < len)
        whole = chunks_parse(room, cut, &chunks);
    if (whole == PARSED_MORE)
        whole = chunks_parse(room, len, &chunks);
    *refused = whole == PARSED_BAD;
    if (whole != PARSED_OK)
        return 0;
    r->body_len = chunks.out - h.bytes;
    memcpy(r->body, room + h.bytes, r->body_len);
    return chunks.from;
}

static void
ours(const char *p, size_t len, size_t cut, struct list *l)
{
    size_t at = 0;
    bool last = false;

    l->count = 0;
    l->refused = false;
    while (l->count < REQUESTS && at < len && !last) {
        struct request *r = &l->v[l->count];
        size_t n = take(p + at, len - at, cut > at ? cut - at : len, r,
                        &l->refused, &last);

        if (n == 0)
            return;
        r->target += at;
        at += n;
        l->count++;
    }
}

/* ---- llhttp's ---- */

struct theirs {
    const char *stream;
    struct list *list;
};

static struct request *
current(llhttp_t *parser)
{
    struct theirs *t = parser->data;

    return t->list->count < REQUESTS ? &t->list->v[t->list->count] : NULL;
}

static int
on_begin(llhttp_t *parser)
{
    struct request *r = current(parser);

    if (r != NULL)
        r->target_len = r->body_len = 0;
    return 0;
}

static int
on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct request *r = current(parser);

    if (r == NULL)
        return 0;
    if (r->target_len == 0)
        r->target = (size_t)(at - ((struct theirs *)parser->data)->stream);
    r->target_len += len;
    return 0;
}

static int
on_headers(llhttp_t *parser)
{
    parser->upgrade = 0; /* we speak one protocol */
    return 0;
}

static int
on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct request *r = current(parser);

    if (r != NULL && r->body_len + len <= ROOM) {
        memcpy(r->body + r->body_len, at, len);
        r->body_len += len;
    }
    return 0;
}

static int
on_complete(llhttp_t *parser)
{
    struct request *r = current(parser);

    if (r != NULL) {
        snprintf(r->method, sizeof(r->method), "%s",
                 llhttp_method_name((llhttp_method_t)parser->method));
        ((struct theirs *)parser->data)->list->count++;
    }
    return 0;
}

static void
llhttps(const char *p, size_t len, struct list *l)
{
    static llhttp_settings_t settings;
    struct theirs t = {p, l};
    llhttp_t parser;

    llhttp_settings_init(&settings);
    settings.on_message_begin = on_begin;
    settings.on_url = on_url;
    settings.on_headers_complete = on_headers;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    l->count = 0;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &t;
    l->refused = llhttp_execute(&parser, p, len) != HPE_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct list we, cut, they;
    const char *p = (const char *)data + 2;
    size_t at;
    int i;

    if (len < 3 || len > ROOM / 2)
        return 0;
    at = (size_t)(data[0] | data[1] << 8) % (len - 2);
    ours(p, len - 2, len - 2, &we);
    ours(p, len - 2, at, &cut);
    FUZZ_CHECK(we.count == cut.count);
    llhttps(p, len - 2, &they);
    FUZZ_CHECK(we.count <= they.count);
    for (i = 0; i < we.count; i++) {
        const struct request *x = &we.v[i], *y = &they.v[i];

        FUZZ_CHECK(strcmp(x->method, y->method) == 0);
        FUZZ_CHECK(x->target == y->target && x->target_len == y->target_len);
        FUZZ_CHECK(x->body_len == y->body_len &&
                   memcmp(x->body, y->body, x->body_len) == 0);
    }
    return 0;
}
