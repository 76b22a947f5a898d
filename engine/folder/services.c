/* The services file: see pavane/services.h. */
#include "pavane/services.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pavane/file.h"
#include "service_checks.h"

#define FILE_MAX_LEN (1 << 20)

/* `at` is the field of the file. */
__attribute__((format(printf, 3, 4))) static enum pav_rc
fail_in(const struct pav_member *m, struct pav_err *err, const char *fmt, ...)
{
    char key[64], message[512];
    va_list ap;

    snprintf(key, sizeof(key), "%.*s", (int)m->len, m->key);
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    return pav_fail(err, PAV_INVALID, key, "%s", message);
}

static enum pav_rc
of_kind(const struct pav_doc *d, const char *key, enum pav_kind kind,
        const char *word, const struct pav_doc **out, struct pav_err *err)
{
    *out = pav_doc_get(d, key);
    if (*out == NULL || (*out)->kind == kind)
        return PAV_OK;
    return pav_fail(err, PAV_INVALID, key, "'%s' must be %s", key, word);
}

static enum pav_rc
check_known(const struct pav_doc *d, struct pav_err *err)
{
    static const char *const known[] = {
        "functions",    "queues",      "topics",     "allow",
        "allowPrivate", "connections", "tables",     "timeoutSeconds",
        "answerBytes",  "buses",       "busTokens",  "logs",
        "sdk",          "buckets",     "parameters", "secrets",
        "concurrency",  "sources",     NULL};
    uint32_t i;

    for (i = 0; i < d->len; i++)
        if (!pav_member_in(&d->members[i], known))
            return fail_in(&d->members[i], err, "there is no field '%.*s'",
                           (int)d->members[i].len, d->members[i].key);
    return PAV_OK;
}

/* ---- parameters and secrets ---- */

#define SECRET_MAX 65536
#define MASK_MIN   6 /* bytes: shorter ones, and digits alone, are everywhere */

static const struct pav_doc *
text_of_file(struct pav_arena *a, const char *folder, const char *file,
             struct pav_err *err)
{
    const char *path =
        *file == '/' ? file : pav_arena_printf(a, "%s/%s", folder, file);
    const struct pav_doc *d;
    char *text;
    size_t len;

    if (pav_file_read(path, SECRET_MAX, &text, &len, err) != PAV_OK)
        return NULL;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    d = pav_doc_new_str(a, pav_arena_strndup(a, text, len), len);
    free(text);
    return d;
}

/* Its text, wherever it is kept; NULL: there is none. */
static const struct pav_doc *
resolved(struct pav_arena *a, const char *folder, const struct pav_doc *d,
         struct pav_err *err)
{
    const char *env = pav_doc_member_str(a, d, "env");
    const char *file = pav_doc_member_str(a, d, "file");

    if (d->kind == PAV_STRING)
        return d;
    if (d->kind == PAV_OBJECT && d->len == 1 && env != NULL) {
        if (getenv(env) != NULL)
            return pav_doc_new_cstr(a, pav_arena_strdup(a, getenv(env)));
        (void)!pav_fail(err, PAV_MISSING, "",
                        "the environment of the daemon has no '%s'", env);
        return NULL;
    }
    if (d->kind == PAV_OBJECT && d->len == 1 && file != NULL)
        return text_of_file(a, folder, file, err);
    (void)!pav_fail(err, PAV_INVALID, "",
                    "a text, {\"env\": \"NAME\"} or {\"file\": \"PATH\"} "
                    "is expected");
    return NULL;
}

static void
mask(struct pav_service_map *m, const char *p, size_t len)
{
    uint32_t i;

    if (len < MASK_MIN || strspn(p, "0123456789") >= len)
        return;
    for (i = 0; i < m->masked_count; i++)
        if (m->masked[i].len == len && memcmp(m->masked[i].p, p, len) == 0)
            return;
    m->masked = pav_arena_append(&m->arena, m->masked, m->masked_count,
                                 sizeof(*m->masked));
    m->masked[m->masked_count++] =
        (struct pav_bytes){pav_arena_strndup(&m->arena, p, len), len};
}

static void
mask_html(struct pav_service_map *m, const char *p, size_t len)
{
    struct pav_buf b;

    pav_buf_init(&b, 64 * SECRET_MAX);
    pav_buf_html(&b, p, len);
    mask(m, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
}

/* As it is, in JSON, in JSON within JSON; each of them in HTML, too. */
static void
mask_text(struct pav_service_map *m, const struct pav_doc *d)
{
    const char *p = pav_arena_strndup(&m->arena, d->text, d->len);
    size_t len = d->len;
    struct pav_buf b;
    int i;

    for (i = 0; i < 3; i++) {
        mask(m, p, len);
        mask_html(m, p, len);
        pav_buf_init(&b, 16 * SECRET_MAX);
        pav_buf_json_inner(&b, p, len);
        len = b.len;
        p = pav_arena_strndup(&m->arena, b.p == NULL ? "" : b.p, len);
        pav_buf_fini(&b);
    }
}

static void
mask_values(struct pav_service_map *m, const struct pav_doc *d)
{
    uint32_t i;

    if (d->kind == PAV_STRING)
        mask_text(m, d);
    for (i = 0; (d->kind == PAV_OBJECT || d->kind == PAV_ARRAY) && i < d->len;
         i++)
        mask_values(m, d->kind == PAV_OBJECT ? &d->members[i].value
                                             : &d->items[i]);
}

/* A secret that is JSON: what is in it. */
static void
mask_members(struct pav_service_map *m, const struct pav_doc *d)
{
    static const struct pav_doc_opts opts = {PAV_DUP_LAST, 100, 0};
    const struct pav_doc *json;

    if (pav_doc_parse_copy(&m->arena, d->text, d->len, &opts, &json, NULL) ==
        PAV_OK)
        mask_values(m, json);
}

static int
longest_first(const void *x, const void *y)
{
    const struct pav_bytes *a = x, *b = y;

    return a->len > b->len ? -1 : a->len < b->len;
}

/* The file's document with texts in place of where they are kept. */
static enum pav_rc
resolve_texts(struct pav_service_map *m, const char *folder, const char *key,
              const struct pav_doc **d, struct pav_err *err)
{
    const struct pav_doc *all = pav_doc_get(*d, key);
    struct pav_members texts, whole;
    uint32_t i;

    if (all == NULL)
        return PAV_OK;
    if (all->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, key, "an object is expected");
    pav_members_init(&texts, &m->arena);
    for (i = 0; i < all->len; i++) {
        const struct pav_member *one = &all->members[i];
        struct pav_err why;
        const struct pav_doc *text =
            resolved(&m->arena, folder, &one->value, &why);

        if (text == NULL)
            return pav_fail(err, PAV_INVALID, key, "'%.*s': %s%s%s",
                            (int)one->len, one->key, why.at,
                            *why.at == '\0' ? "" : ": ", why.message);
        pav_members_add(&texts, one->key, one->len, text);
        if (strcmp(key, "secrets") == 0 || one->value.kind == PAV_OBJECT) {
            mask_text(m, text);
            mask_members(m, text);
        }
    }
    pav_members_init(&whole, &m->arena);
    for (i = 0; i < (*d)->len; i++) {
        const struct pav_member *one = &(*d)->members[i];

        pav_members_add(&whole, one->key, one->len,
                        pav_member_is(one, key) ? pav_members_object(&texts)
                                                : &one->value);
    }
    *d = pav_members_object(&whole);
    return PAV_OK;
}

static enum pav_rc
read_numbers(struct pav_service_map *m, const struct pav_doc *d,
             struct pav_err *err)
{
    const struct pav_doc *seconds = pav_doc_get(d, "timeoutSeconds");
    const struct pav_doc *bytes = pav_doc_get(d, "answerBytes");
    const struct pav_doc *private = pav_doc_get(d, "allowPrivate");
    int64_t n;

    if (seconds != NULL) {
        if (!pav_doc_int(seconds, &n) || n < 1 || n > 900)
            return pav_fail(err, PAV_INVALID, "timeoutSeconds",
                            "a number from 1 to 900 is expected");
        m->timeout_ms = n * 1000;
    }
    if (bytes != NULL) {
        if (!pav_doc_int(bytes, &n) || n < 1 || n > 64 << 20)
            return pav_fail(err, PAV_INVALID, "answerBytes",
                            "a number from 1 to 67108864 is expected");
        m->answer_max = (size_t)n;
    }
    if (private != NULL && !pav_doc_is_bool(private))
        return pav_fail(err, PAV_INVALID, "allowPrivate",
                        "true or false is expected");
    m->allow_private = private != NULL && private->kind == PAV_TRUE;
    return PAV_OK;
}

static enum pav_rc
read_map(struct pav_service_map *m, const struct pav_doc *d,
         struct pav_err *err)
{
    const struct {
        const char *key;
        enum pav_kind kind;
        const struct pav_doc **out;
    } fields[] = {{"functions", PAV_OBJECT, &m->functions},
                  {"queues", PAV_OBJECT, &m->queues},
                  {"topics", PAV_OBJECT, &m->topics},
                  {"buses", PAV_OBJECT, &m->buses},
                  {"sdk", PAV_OBJECT, &m->sdk},
                  {"buckets", PAV_OBJECT, &m->buckets},
                  {"busTokens", PAV_OBJECT, &m->bus_tokens},
                  {"allow", PAV_ARRAY, &m->allow},
                  {"connections", PAV_OBJECT, &m->connections},
                  {"tables", PAV_OBJECT, &m->tables},
                  {"parameters", PAV_OBJECT, &m->parameters},
                  {"secrets", PAV_OBJECT, &m->secrets},
                  {"logs", PAV_OBJECT, &m->logs},
                  {"concurrency", PAV_OBJECT, &m->concurrency},
                  {"sources", PAV_OBJECT, &m->sources}};
    enum pav_rc rc;
    size_t i;

    if (d->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, "", "an object is expected");
    rc = check_known(d, err);
    for (i = 0; rc == PAV_OK && i < sizeof(fields) / sizeof(fields[0]); i++)
        rc = of_kind(d, fields[i].key, fields[i].kind,
                     fields[i].kind == PAV_ARRAY ? "a list" : "an object",
                     fields[i].out, err);
    if (rc == PAV_OK)
        rc = service_map_check(m, err);
    if (rc == PAV_OK)
        rc = read_numbers(m, d, err);
    return rc;
}

static void
serve(struct pav_service_map *m, const char *name)
{
    m->served = pav_arena_append(&m->arena, m->served, m->served_count,
                                 sizeof(*m->served));
    m->served[m->served_count++] = name;
}

static void
list_served(struct pav_service_map *m)
{
    uint32_t i;

    if (m->functions != NULL)
        serve(m, "lambda:invoke");
    if (m->queues != NULL)
        serve(m, "sqs:sendMessage");
    if (m->topics != NULL)
        serve(m, "sns:publish");
    if (m->allow != NULL)
        serve(m, "http:invoke");
    if (m->parameters != NULL)
        serve(m, "ssm:getParameter");
    if (m->secrets != NULL)
        serve(m, "secretsmanager:getSecretValue");
    for (i = 0; m->sdk != NULL && i < m->sdk->len; i++) {
        const struct pav_member *s = &m->sdk->members[i];

        serve(m, pav_arena_printf(&m->arena, "%.*s%s", (int)s->len, s->key,
                                  memchr(s->key, ':', s->len) == NULL ? ":*"
                                                                      : ""));
    }
}

void
pav_service_map_objects(struct pav_service_map *m)
{
    static const char *const names[] = {"s3:getObject", "s3:headObject",
                                        "s3:putObject", "s3:deleteObject",
                                        "s3:listObjectsV2"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        serve(m, names[i]);
}

/* ---- several files ---- */

struct merging {
    struct pav_service_map *map;
    struct pav_arena *a;
    struct pav_members all;
    const char *path; /* of the file that is added */
};

/* Numbers and flags are for all systems. */
static bool
is_for_all(const struct pav_member *m)
{
    static const char *const keys[] = {"timeoutSeconds", "answerBytes",
                                       "allowPrivate", NULL};

    return pav_member_in(m, keys);
}

static enum pav_rc
add_names(struct merging *g, const struct pav_member *m,
          const struct pav_doc *there, struct pav_err *err)
{
    const struct pav_doc *fresh = &m->value;
    uint32_t i;

    for (i = 0; i < fresh->len; i++) {
        const struct pav_member *f = &fresh->members[i];
        const struct pav_doc *old = pav_doc_getn(there, f->key, f->len);

        if (old != NULL && !pav_doc_equal(old, &f->value))
            return fail_in(m, err,
                           "'%.*s' of \"%.*s\" is mapped otherwise by another "
                           "file: name it differently, or map it once",
                           (int)f->len, f->key, (int)m->len, m->key);
    }
    pav_members_put(&g->all, m->key, m->len, pav_doc_merge(g->a, there, fresh));
    return PAV_OK;
}

static void
add_items(struct merging *g, const struct pav_member *m,
          const struct pav_doc *there)
{
    struct pav_items list;
    uint32_t i;

    pav_items_init(&list, g->a);
    for (i = 0; i < there->len; i++)
        pav_items_add(&list, &there->items[i]);
    for (i = 0; i < m->value.len; i++)
        pav_items_add(&list, &m->value.items[i]);
    pav_members_put(&g->all, m->key, m->len, pav_items_array(&list));
}

/* A file that is fine by itself is added to those before. */
static enum pav_rc
add_file(struct merging *g, const struct pav_doc *d, bool operators,
         struct pav_err *err)
{
    struct pav_service_map alone = {.timeout_ms = 0};
    enum pav_rc rc = read_map(&alone, d, err);
    uint32_t i;

    for (i = 0; rc == PAV_OK && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];
        const struct pav_doc *there =
            pav_doc_getn(pav_members_object(&g->all), m->key, m->len);

        if (!operators && is_for_all(m))
            rc = fail_in(m, err,
                         "'%.*s' is for all systems: the file of --services "
                         "says it",
                         (int)m->len, m->key);
        else if (there == NULL)
            pav_members_put(&g->all, m->key, m->len, &m->value);
        else if (m->value.kind == PAV_OBJECT)
            rc = add_names(g, m, there, err);
        else if (m->value.kind == PAV_ARRAY)
            add_items(g, m, there);
    }
    return rc;
}

/* "FILE:LINE:COLUMN" of what is wrong: of a field, or of the text itself. */
static enum pav_rc
fail_at(const struct merging *g, const struct pav_err *why, const char *text,
        size_t len, const struct pav_doc *d, struct pav_err *err)
{
    unsigned line = 1, column = 1;
    uint32_t i;

    if (d == NULL)
        pav_doc_fault_place(why, &line, &column);
    for (i = 0; d != NULL && d->kind == PAV_OBJECT && i < d->len; i++)
        if (pav_member_is(&d->members[i], why->at))
            pav_doc_place(text, len, d->members[i].at, &line, &column);
    return pav_fail(err, why->rc,
                    pav_arena_printf(g->a, "%s:%u:%u", g->path, line, column),
                    "%s", why->message);
}

static enum pav_rc
read_file(struct merging *g, bool operators, struct pav_err *err)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 100, 0};
    const char *slash = strrchr(g->path, '/');
    const char *folder =
        slash == NULL
            ? "."
            : pav_arena_strndup(g->a, g->path, (size_t)(slash - g->path));
    const struct pav_doc *d = NULL, *written;
    struct pav_err why;
    char *text = NULL;
    size_t len;
    enum pav_rc rc = pav_file_read(g->path, FILE_MAX_LEN, &text, &len, err);

    if (rc != PAV_OK)
        return rc;
    rc = pav_doc_parse_copy(g->a, text, len, &opts, &d, &why);
    written = d;
    if (rc == PAV_OK && d->kind == PAV_OBJECT) {
        rc = resolve_texts(g->map, folder, "parameters", &d, &why);
        if (rc == PAV_OK)
            rc = resolve_texts(g->map, folder, "secrets", &d, &why);
    }
    if (rc == PAV_OK)
        rc = add_file(g, d, operators, &why);
    if (rc != PAV_OK)
        rc = fail_at(g, &why, text, len, written, err);
    free(text);
    return rc;
}

enum pav_rc
pav_service_map_read(const char *const *paths, uint32_t count,
                     struct pav_buf *skipped, struct pav_service_map **out,
                     struct pav_err *err)
{
    struct pav_service_map *m = pav_xcalloc(1, sizeof(*m));
    struct merging g = {.map = m, .a = &m->arena};
    struct pav_members before;
    enum pav_rc rc = PAV_OK;
    uint32_t i;

    pav_arena_init(&m->arena, 4096);
    pav_members_init(&g.all, &m->arena);
    m->timeout_ms = 60000;
    m->answer_max = 1 << 20;
    for (i = 0; rc == PAV_OK && i < count; i++) {
        g.path = paths[i];
        before = g.all; /* what a file with a fault added goes again */
        before.v = pav_arena_alloc(g.a, (g.all.cap + 1) * sizeof(*before.v));
        if (g.all.count > 0)
            memcpy(before.v, g.all.v, g.all.count * sizeof(*before.v));
        if (g.path != NULL)
            rc = read_file(&g, i == 0, err);
        if (rc != PAV_OK && i > 0 && skipped != NULL) {
            pav_buf_printf(skipped, "%s: %s\n", err->at, err->message);
            g.all = before;
            rc = PAV_OK;
        }
    }
    if (rc == PAV_OK)
        rc = read_map(m, pav_members_object(&g.all), err);
    if (rc != PAV_OK) {
        pav_service_map_free(m);
        return rc;
    }
    list_served(m);
    if (m->masked_count > 1) /* one may begin with another */
        qsort(m->masked, m->masked_count, sizeof(*m->masked), longest_first);
    *out = m;
    return PAV_OK;
}

void
pav_service_map_free(struct pav_service_map *m)
{
    if (m == NULL)
        return;
    pav_arena_fini(&m->arena);
    free(m);
}

static void
mask_one(const struct pav_bytes *secret, struct pav_buf *b)
{
    const char *p = b->p, *end, *at;
    struct pav_buf out;

    at = p == NULL ? NULL : memmem(p, b->len, secret->p, secret->len);
    if (at == NULL)
        return;
    end = p + b->len;
    pav_buf_init(&out, b->max);
    for (; at != NULL;
         at = memmem(p, (size_t)(end - p), secret->p, secret->len)) {
        pav_buf_put(&out, p, (size_t)(at - p));
        pav_buf_puts(&out, "****");
        p = at + secret->len;
    }
    pav_buf_put(&out, p, (size_t)(end - p));
    out.over = b->over;
    pav_buf_fini(b);
    *b = out;
}

void
pav_service_mask(const struct pav_service_map *m, struct pav_buf *b)
{
    uint32_t i;

    for (; m != NULL; m = m->before)
        for (i = 0; i < m->masked_count; i++)
            mask_one(&m->masked[i], b);
}

const char *
pav_service_endpoint(const struct pav_service_map *m, const struct pav_doc *map,
                     const char *name, struct pav_arena *a)
{
    const struct pav_doc *d = map == NULL ? NULL : pav_doc_get(map, name);

    (void)m;
    if (d == NULL && map != NULL)
        d = pav_doc_get(map, "*");
    return d == NULL ? NULL : pav_doc_str(a, d);
}

int64_t
pav_service_log_days(const struct pav_service_map *m, const char *group)
{
    const struct pav_doc *d =
        m->logs == NULL ? NULL : pav_doc_get(m->logs, group);

    if (d == NULL && m->logs != NULL)
        d = pav_doc_get(m->logs, "*");
    return d == NULL ? 0 : pav_doc_member_int(d, "retentionInDays");
}

/* "host:port" and "host" of a URL; false when it is none. */
static bool
host_of(struct pav_arena *a, const char *url, const char **with_port,
        const char **bare)
{
    const char *p = strstr(url, "://");
    size_t len;

    if (p == NULL ||
        (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return false;
    p += 3;
    len = strcspn(p, "/?#");
    if (len == 0 || memchr(p, '@', len) != NULL || memchr(p, '\\', len) != NULL)
        return false;
    *with_port = pav_arena_strndup(a, p, len);
    *bare = **with_port == '['
                ? pav_arena_strndup(a, p, strcspn(p, "]") + 1)
                : pav_arena_strndup(a, p, strcspn(*with_port, ":"));
    return true;
}

bool
pav_service_allows(const struct pav_service_map *m, const char *url,
                   struct pav_arena *a, bool *private_allowed)
{
    const struct pav_doc *allow = m->allow;
    const char *with_port, *bare;
    uint32_t i;

    if (!host_of(a, url, &with_port, &bare))
        return false;
    for (i = 0; allow != NULL && i < allow->len; i++) {
        const char *entry = pav_doc_str(a, &allow->items[i]);

        if (entry == NULL ||
            (strcasecmp(entry, with_port) != 0 && strcasecmp(entry, bare) != 0))
            continue;
        /* An address that the operator wrote down is meant. */
        *private_allowed = m->allow_private ||
                           strspn(bare, "0123456789.") == strlen(bare) ||
                           *bare == '[' || strcasecmp(bare, "localhost") == 0;
        return true;
    }
    return false;
}
