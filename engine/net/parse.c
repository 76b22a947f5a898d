/*
 * HTTP/1.1 framing, strictly as RFC 9112 has it and no more lenient:
 * CRLF only, token names, no blank before a colon, no folding, exactly one
 * Host, Content-Length of digits and once, Transfer-Encoding exactly "chunked",
 * never both.  Chunk extensions are read over, trailers are dropped.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pavane/text.h"
#include "parse.h"

#define LINE_MAX_ (8 * 1024)

static bool
is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(const char *p, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (!is_token_char((unsigned char)p[i]))
            return false;
    return len > 0;
}

/* A host and its port, without a user in front. */
static bool
is_authority(const char *p, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (!isalnum((unsigned char)p[i]) && strchr("-._~:[]", p[i]) == NULL)
            return false;
    return len > 0;
}

/* ---- the request line ---- */

static int
target_parse(char *target, struct head *h)
{
    char *p;

    for (p = target; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || *p == '#')
            return 400;
    if (strncasecmp(target, "http://", 7) == 0) { /* the absolute form */
        h->authority = target + 7;
        p = strchr(target + 7, '/');
        if (p == NULL)
            return 400;
        h->authority_len = (size_t)(p - h->authority);
        if (!is_authority(h->authority, h->authority_len))
            return 400;
        target = p;
    }
    if (*target != '/')
        return 400;
    h->path = target;
    p = strchr(target, '?');
    h->query = p == NULL ? target + strlen(target) : p + 1;
    if (p != NULL)
        *p = '\0';
    for (p = h->path + 1; *p != '\0'; p++)
        h->depth += *p == '/';
    return pav_url_decode(h->path) ? 0 : 400;
}

static int
request_line(char *line, struct head *h, bool *old)
{
    char *target = strchr(line, ' '), *version;

    if (target == NULL || !is_token(line, (size_t)(target - line)))
        return 400;
    *target++ = '\0';
    version = strchr(target, ' ');
    if (version == NULL)
        return 400;
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") == 0)
        *old = false;
    else if (strcmp(version, "HTTP/1.0") == 0)
        *old = true;
    else
        return strncmp(version, "HTTP/", 5) == 0 && strlen(version) == 8 ? 505
                                                                         : 400;
    if (strcmp(line, "GET") == 0)
        h->method = PAV_GET;
    else if (strcmp(line, "HEAD") == 0)
        h->method = PAV_HEAD;
    else if (strcmp(line, "POST") == 0)
        h->method = PAV_POST;
    else if (strcmp(line, "PUT") == 0)
        h->method = PAV_PUT;
    else if (strcmp(line, "DELETE") == 0)
        h->method = PAV_DELETE;
    else if (strcmp(line, "OPTIONS") == 0)
        h->method = PAV_OPTIONS;
    else
        return 501;
    if (h->method == PAV_OPTIONS && strcmp(target, "*") == 0)
        *target = '/'; /* the server as a whole */
    return target_parse(target, h);
}

/* ---- fields ---- */

static int
content_length(const char *value, struct head *h)
{
    const char *p;
    size_t n = 0;

    if (h->has_length || *value == '\0')
        return 400;
    for (p = value; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return 400;
        n = n * 10 + (size_t)(*p - '0');
        if (n > 0x7fffffff)
            return 413;
    }
    h->has_length = true;
    h->length = n;
    return 0;
}

static void
lower_media_type(char *value)
{
    char *p;

    for (p = value; *p != '\0' && *p != ';' && *p != ' ' && *p != '\t'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    *p = '\0';
}

/* Is an option in a list by comma? */
static bool
has_option(const char *list, const char *option)
{
    size_t len = strlen(option);

    while (*list != '\0') {
        size_t n;

        list += strspn(list, " \t,");
        n = strcspn(list, " \t,");
        if (n == len && strncasecmp(list, option, len) == 0)
            return true;
        list += n;
    }
    return false;
}

/* One of them alone may be there: which of two is meant, nobody knows. */
static bool
comes_twice(const struct head *h, const char *name)
{
    static const char *const single[] = {"origin", "content-encoding"};
    int i, count = 0;
    size_t s;

    for (s = 0; s < sizeof(single) / sizeof(single[0]); s++)
        if (strcasecmp(name, single[s]) == 0)
            for (i = 0; i < h->field_count; i++)
                count += strcasecmp(h->fields[i].name, name) == 0;
    return count > 1;
}

/* `h->fields` has it already. */
static int
field(char *name, char *value, struct head *h)
{
    if (comes_twice(h, name))
        return 400;
    if (strcasecmp(name, "host") == 0) {
        if (h->host != NULL)
            return 400;
        h->host = value;
    } else if (strcasecmp(name, "content-length") == 0) {
        return content_length(value, h);
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        if (h->chunked || strcasecmp(value, "chunked") != 0)
            return 400;
        h->chunked = true;
    } else if (strcasecmp(name, "connection") == 0) {
        if (has_option(value, "close"))
            h->keep_alive = false;
    } else if (strcasecmp(name, "expect") == 0) {
        if (strcasecmp(value, "100-continue") != 0)
            return 417;
        h->expect_continue = true;
    } else if (strcasecmp(name, "content-type") == 0) {
        if (*h->content_type != '\0')
            return 400;
        lower_media_type(value);
        h->content_type = value;
    }
    return 0;
}

static int
field_line(char *line, struct head *h)
{
    char *colon = strchr(line, ':'), *value, *end;
    bool tabbed = false;

    if (colon == NULL || !is_token(line, (size_t)(colon - line)))
        return 400;
    *colon = '\0';
    value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) {
        tabbed |= end[-1] == '\t';
        *--end = '\0';
    }
    /* llhttp takes "chunked" with a tab behind it for another coding. */
    if (tabbed && strcasecmp(line, "transfer-encoding") == 0)
        return 400;
    for (end = value; *end != '\0'; end++)
        if (((unsigned char)*end < 0x20 && *end != '\t') || *end == 0x7f)
            return 400;
    h->fields[h->field_count].name = line;
    h->fields[h->field_count++].value = value;
    return field(line, value, h);
}

/* The head's lines, each ended by CRLF; the last one is empty. */
static int
lines(char *p, size_t len, struct head *h)
{
    char *end = p + len;
    int count = 0, status;
    bool old = false;

    h->keep_alive = true;
    while (p < end) {
        char *eol = memchr(p, '\n', (size_t)(end - p));

        if (eol == NULL || eol == p || eol[-1] != '\r')
            return 400;
        eol[-1] = '\0';
        if (strlen(p) != (size_t)(eol - 1 - p)) /* a NUL inside */
            return 400;
        if (memchr(p, '\r', (size_t)(eol - 1 - p)) != NULL)
            return 400;
        if (count == 0) {
            if (eol - p > LINE_MAX_)
                return 414;
            status = request_line(p, h, &old);
        } else if (*p == '\0') {
            break;
        } else if (count > FIELDS_MAX) {
            return 431;
        } else {
            status = field_line(p, h);
        }
        if (status != 0)
            return status;
        count++;
        p = eol + 1;
    }
    if (h->authority != NULL && h->host != NULL &&
        (strlen(h->host) != h->authority_len ||
         strncasecmp(h->host, h->authority, h->authority_len) != 0))
        return 400;
    if (h->host == NULL && old) /* HTTP/1.0 needs none; no browser speaks it */
        h->host = "localhost";
    if (h->host == NULL || (h->chunked && (h->has_length || old)))
        return 400;
    if (old)
        h->keep_alive = h->expect_continue = false; /* RFC 9110, 10.1.1 */
    return 0;
}

static size_t
head_end(const char *p, size_t len)
{
    const char *hit = memmem(p, len, "\r\n\r\n", 4);

    return hit == NULL ? 0 : (size_t)(hit - p) + 4;
}

/* A line feed without its carriage return shows before the head is complete. */
static bool
has_bare_line_feed(const char *p, size_t len)
{
    const char *q = p, *end = p + len;

    while ((q = memchr(q, '\n', (size_t)(end - q))) != NULL) {
        if (q == p || q[-1] != '\r')
            return true;
        q++;
    }
    return false;
}

enum parsed
head_parse(char *p, size_t len, struct head *out, int *status)
{
    size_t bytes = head_end(p, len < HEAD_MAX ? len : HEAD_MAX);

    memset(out, 0, sizeof(*out));
    out->content_type = "";
    if (bytes == 0) {
        if (has_bare_line_feed(p, len)) {
            *status = 400;
            return PARSED_BAD;
        }
        if (len > LINE_MAX_ && memchr(p, '\n', len) == NULL) {
            *status = 414;
            return PARSED_BAD;
        }
        *status = 431;
        return len >= HEAD_MAX ? PARSED_BAD : PARSED_MORE;
    }
    out->bytes = bytes;
    *status = lines(p, bytes, out);
    return *status == 0 ? PARSED_OK : PARSED_BAD;
}

/* ---- chunks ---- */

enum chunk_state {
    CHUNK_FIRST_DIGIT, /* where a zeroed struct begins */
    CHUNK_SIZE,
    CHUNK_EXTENSION, /* ";name" or ";name=value", once, without quotes */
    CHUNK_EXTENSION_NAME,
    CHUNK_EXTENSION_EQUALS,
    CHUNK_EXTENSION_VALUE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* at the start of a line */
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_LINE,
    CHUNK_TRAILER_LF,
    CHUNK_END_LF,
};

static bool
is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static int
extension(struct chunks *c, char byte)
{
    bool named = c->state == CHUNK_EXTENSION_NAME;
    bool whole = named || c->state == CHUNK_EXTENSION_VALUE;

    if (++c->trailer > LINE_MAX_)
        return -1;
    if (is_token_char((unsigned char)byte) && byte != '|') /* llhttp's view */
        return named || c->state == CHUNK_EXTENSION ? CHUNK_EXTENSION_NAME
                                                    : CHUNK_EXTENSION_VALUE;
    if (byte == '=' && named)
        return CHUNK_EXTENSION_EQUALS;
    return byte == '\r' && whole ? CHUNK_SIZE_LF : -1;
}

/* Framing has no place behind the body: RFC 9110, 6.5.1. */
static bool
is_framing(const struct chunks *c)
{
    static const char *const names[] = {"content-length", "transfer-encoding",
                                        "host", "connection"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (c->name_len == strlen(names[i]) &&
            strncasecmp(c->name, names[i], c->name_len) == 0)
            return true;
    return false;
}

static int
trailer_name(struct chunks *c, char byte)
{
    if (!is_token_char((unsigned char)byte) || ++c->trailer > LINE_MAX_)
        return -1;
    if (c->name_len < sizeof(c->name))
        c->name[c->name_len] = byte;
    c->name_len++;
    return CHUNK_TRAILER_NAME;
}

/* One byte that is no data; the next state, or -1. */
static int
chunk_byte(struct chunks *c, char byte)
{
    int digit = pav_hex_digit(byte);

    switch ((enum chunk_state)c->state) {
    case CHUNK_FIRST_DIGIT:
        if (digit < 0)
            return -1;
        c->left = (size_t)digit;
        c->digits = 1;
        return CHUNK_SIZE;
    case CHUNK_SIZE:
        if (digit >= 0) {
            if (c->left > 0x7ffffff || ++c->digits > 8)
                return -1;
            c->left = c->left * 16 + (size_t)digit;
            return CHUNK_SIZE;
        }
        if (byte == ';')
            return CHUNK_EXTENSION;
        return byte == '\r' ? CHUNK_SIZE_LF : -1;
    case CHUNK_EXTENSION:
    case CHUNK_EXTENSION_NAME:
    case CHUNK_EXTENSION_EQUALS:
    case CHUNK_EXTENSION_VALUE:
        return extension(c, byte);
    case CHUNK_SIZE_LF:
        if (byte != '\n')
            return -1;
        return c->left == 0 ? CHUNK_TRAILER : CHUNK_DATA;
    case CHUNK_DATA_CR:
        return byte == '\r' ? CHUNK_DATA_LF : -1;
    case CHUNK_DATA_LF:
        return byte == '\n' ? CHUNK_FIRST_DIGIT : -1;
    case CHUNK_TRAILER:
        if (byte == '\r')
            return CHUNK_END_LF;
        c->name_len = 0;
        return trailer_name(c, byte);
    case CHUNK_TRAILER_NAME:
        if (byte == ':')
            return is_framing(c) ? -1 : CHUNK_TRAILER_LINE;
        return trailer_name(c, byte);
    case CHUNK_TRAILER_LINE:
        if (byte == '\r')
            return CHUNK_TRAILER_LF;
        return is_control(byte) || ++c->trailer > LINE_MAX_
                   ? -1
                   : CHUNK_TRAILER_LINE;
    case CHUNK_TRAILER_LF:
        return byte == '\n' ? CHUNK_TRAILER : -1;
    case CHUNK_END_LF:
    case CHUNK_DATA:
        break;
    }
    return -1;
}

enum parsed
chunks_parse(char *p, size_t len, struct chunks *c)
{
    while (c->from < len) {
        if (c->state == CHUNK_DATA) {
            size_t n = len - c->from < c->left ? len - c->from : c->left;

            memmove(p + c->out, p + c->from, n);
            c->out += n;
            c->from += n;
            c->left -= n;
            if (c->left == 0)
                c->state = CHUNK_DATA_CR;
            continue;
        }
        if (c->state == CHUNK_END_LF) {
            if (p[c->from++] != '\n')
                return PARSED_BAD;
            return PARSED_OK;
        }
        c->state = chunk_byte(c, p[c->from++]);
        if (c->state < 0)
            return PARSED_BAD;
    }
    return PARSED_MORE;
}

/* ---- asking ---- */

const char *
pav_request_field(const struct pav_request *req, const char *name)
{
    int i;

    for (i = req->field_count; i-- > 0;)
        if (strcasecmp(req->fields[i].name, name) == 0)
            return req->fields[i].value;
    return NULL;
}

const char *
pav_request_text(const struct pav_request *req, const char *name)
{
    const char *value = pav_request_field(req, name);

    return value == NULL ? "" : value;
}
