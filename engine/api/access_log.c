/* The access log: see access_log.h. */
#include "access_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/buf.h"
#include "pavane/clock.h"
#include "pavane/log.h"
#include "pavane/mem.h"
#include "pavane/text.h"

#define FIELDS_MAX   16
#define LINE_MAX_LEN (64 << 10)

struct line {
    const struct pav_request *req;
    int status;
    size_t bytes;
    int64_t us;
};

static void
put_time(const struct line *l, struct pav_buf *b)
{
    char when[PAV_TIME_LEN];
    struct pav_clock c;

    (void)l;
    pav_clock_real(&c, 0);
    pav_time_format(pav_clock_ms(&c), when);
    pav_buf_jsons(b, when);
}

static void
put_method(const struct line *l, struct pav_buf *b)
{
    static const char *const names[] = {
        [PAV_GET] = "GET", [PAV_HEAD] = "HEAD",     [PAV_POST] = "POST",
        [PAV_PUT] = "PUT", [PAV_DELETE] = "DELETE", [PAV_OPTIONS] = "OPTIONS"};

    pav_buf_jsons(b, names[l->req->method]);
}

static void
put_id(const struct line *l, struct pav_buf *b)
{
    pav_buf_jsons(b, l->req->id);
}

/* What is no UTF-8 is shown by question marks. */
static void
put_text(struct pav_buf *b, const char *text)
{
    const char *p = text, *end = text + strlen(text);

    pav_buf_putc(b, '"');
    while (p < end) {
        size_t n = pav_utf8_len(p, end);

        if (n == 0)
            pav_buf_putc(b, '?');
        else
            pav_buf_json_inner(b, p, n);
        p += n == 0 ? 1 : n;
    }
    pav_buf_putc(b, '"');
}

static void
put_path(const struct line *l, struct pav_buf *b)
{
    put_text(b, l->req->path);
}

static void
put_query(const struct line *l, struct pav_buf *b)
{
    put_text(b, l->req->query);
}

static void
put_status(const struct line *l, struct pav_buf *b)
{
    pav_buf_int(b, l->status);
}

static void
put_ms(const struct line *l, struct pav_buf *b)
{
    pav_buf_printf(b, "%.3f", (double)l->us / 1e3);
}

static void
put_bytes(const struct line *l, struct pav_buf *b)
{
    pav_buf_int(b, (int64_t)l->bytes);
}

static void
put_target(const struct line *l, struct pav_buf *b)
{
    put_text(b, pav_request_text(l->req, "X-Amz-Target"));
}

static void
put_agent(const struct line *l, struct pav_buf *b)
{
    put_text(b, pav_request_text(l->req, "User-Agent"));
}

static const struct field {
    const char *name;
    void (*put)(const struct line *l, struct pav_buf *b);
} known[] = {{"time", put_time},  {"id", put_id},       {"method", put_method},
             {"path", put_path},  {"query", put_query}, {"status", put_status},
             {"ms", put_ms},      {"bytes", put_bytes}, {"target", put_target},
             {"agent", put_agent}};
#define KNOWN (sizeof(known) / sizeof(known[0]))

struct access_log {
    char *path;
    FILE *f;
    const struct field *fields[FIELDS_MAX];
    uint32_t count;
};

static const struct field *
field_named(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < KNOWN; i++)
        if (strlen(known[i].name) == len &&
            memcmp(known[i].name, name, len) == 0)
            return &known[i];
    return NULL;
}

static enum pav_rc
choose(struct access_log *l, const char *fields, struct pav_err *err)
{
    const char *p = fields;

    for (; *p != '\0'; p += *p == ',') {
        size_t len = strcspn(p, ",");
        const struct field *f = field_named(p, len);

        if (f == NULL || l->count == FIELDS_MAX)
            return pav_fail(err, PAV_INVALID, "--access-fields",
                            "there is no field '%.*s': time, id, method, path, "
                            "query, status, ms, bytes, target and agent are, "
                            "by comma",
                            (int)len, p);
        l->fields[l->count++] = f;
        p += len;
    }
    if (l->count == 0)
        return pav_fail(err, PAV_INVALID, "--access-fields",
                        "a field at least is expected");
    return PAV_OK;
}

enum pav_rc
access_log_open(const char *path, const char *fields, struct access_log **out,
                struct pav_err *err)
{
    struct access_log *l = pav_xcalloc(1, sizeof(*l));
    enum pav_rc rc = choose(l, fields, err);

    if (rc == PAV_OK) {
        l->path = pav_xstrdup(path);
        l->f = fopen(path, "ae");
        if (l->f == NULL)
            rc =
                pav_fail(err, PAV_IO, path, "the access log cannot be written");
    }
    if (rc == PAV_OK)
        *out = l;
    else
        access_log_close(l);
    return rc;
}

void
access_log_again(struct access_log *l)
{
    FILE *f;

    if (l == NULL)
        return;
    f = fopen(l->path, "ae");
    if (f == NULL) {
        pav_log(PAV_LOG_ERROR, NULL,
                "%s: the access log cannot be opened again: it goes on in the "
                "file that was open",
                l->path);
        return;
    }
    fclose(l->f);
    l->f = f;
}

void
access_log_close(struct access_log *l)
{
    if (l == NULL)
        return;
    if (l->f != NULL)
        fclose(l->f);
    free(l->path);
    free(l);
}

void
access_log_add(struct access_log *l, const struct pav_request *req, int status,
               size_t bytes, int64_t us)
{
    struct line line = {.req = req, .status = status, .bytes = bytes, .us = us};
    struct pav_buf b;
    uint32_t i;

    pav_buf_init(&b, LINE_MAX_LEN);
    for (i = 0; i < l->count; i++) {
        pav_buf_printf(&b, "%c\"%s\":", i == 0 ? '{' : ',', l->fields[i]->name);
        l->fields[i]->put(&line, &b);
    }
    pav_buf_puts(&b, "}\n");
    if (!b.over) { /* whole lines alone, for whoever reads along */
        fwrite(b.p, 1, b.len, l->f);
        fflush(l->f);
    }
    pav_buf_fini(&b);
}
