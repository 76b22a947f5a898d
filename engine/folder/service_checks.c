/* What the fields of a services file hold: see pavane/services.h. */
#include "service_checks.h"

#include <string.h>

static bool
is_url(const struct pav_doc *v)
{
    return v != NULL && v->kind == PAV_STRING && v->len >= 8 &&
           (memcmp(v->text, "http://", 7) == 0 ||
            memcmp(v->text, "https://", 8) == 0);
}

/* Every value is one. */
static enum pav_rc
check_endpoints(const struct pav_doc *d, const char *key, struct pav_err *err)
{
    uint32_t i;

    for (i = 0; d != NULL && i < d->len; i++)
        if (!is_url(&d->members[i].value))
            return pav_fail(err, PAV_INVALID, key,
                            "'%.*s' must be mapped to an http or https URL",
                            (int)d->members[i].len, d->members[i].key);
    return PAV_OK;
}

/* "ssm", "organizations:describeAccount" */
static enum pav_rc
check_sdk(const struct pav_doc *sdk, struct pav_err *err)
{
    uint32_t i, k, colons;

    for (i = 0; sdk != NULL && i < sdk->len; i++) {
        const struct pav_member *m = &sdk->members[i];

        for (k = colons = 0; k < m->len; k++) {
            colons += m->key[k] == ':';
            if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                       "0123456789-:",
                       m->key[k]) == NULL)
                break;
        }
        if (k < m->len || m->len == 0 || colons > 1 || m->key[0] == ':' ||
            m->key[m->len - 1] == ':')
            return pav_fail(err, PAV_INVALID, "sdk",
                            "'%.*s' must be a service, as \"ssm\", or one of "
                            "its actions, as \"ssm:getParameter\"",
                            (int)m->len, m->key);
    }
    return PAV_OK;
}

static enum pav_rc
check_buckets(const struct pav_doc *all, struct pav_err *err)
{
    uint32_t i;

    for (i = 0; all != NULL && i < all->len; i++) {
        const struct pav_doc *d = &all->members[i].value;
        const struct pav_doc *events = pav_doc_get(d, "events");

        if (d->kind != PAV_OBJECT || d->len != 1 || events == NULL ||
            !pav_doc_is_bool(events))
            return pav_fail(err, PAV_INVALID, "buckets",
                            "'%.*s' must be {\"events\": true} or false",
                            (int)all->members[i].len, all->members[i].key);
    }
    return PAV_OK;
}

static enum pav_rc
check_tables(const struct pav_doc *tables, struct pav_err *err)
{
    uint32_t i, k;

    for (i = 0; tables != NULL && i < tables->len; i++) {
        const struct pav_doc *key =
            pav_doc_get(&tables->members[i].value, "key");
        const struct pav_doc *ttl =
            pav_doc_get(&tables->members[i].value, "ttl");

        for (k = 0; key != NULL && key->kind == PAV_ARRAY && k < key->len; k++)
            if (key->items[k].kind != PAV_STRING)
                break;
        if (key == NULL || key->kind != PAV_ARRAY || key->len < 1 ||
            key->len > 2 || k < key->len)
            return pav_fail(err, PAV_INVALID, "tables",
                            "'%.*s' needs \"key\": a list of one or two "
                            "attribute names",
                            (int)tables->members[i].len,
                            tables->members[i].key);
        for (k = 0; k < tables->members[i].value.len; k++) {
            const struct pav_member *m = &tables->members[i].value.members[k];

            if (!pav_member_is(m, "key") && !pav_member_is(m, "ttl"))
                return pav_fail(err, PAV_INVALID, "tables",
                                "a table has \"key\" and \"ttl\", there is "
                                "no '%.*s'",
                                (int)m->len, m->key);
        }
        if (ttl != NULL && ttl->kind != PAV_STRING)
            return pav_fail(err, PAV_INVALID, "tables",
                            "the \"ttl\" of '%.*s' is the name of an "
                            "attribute",
                            (int)tables->members[i].len,
                            tables->members[i].key);
    }
    return PAV_OK;
}

static bool
is_text(const struct pav_doc *d, const char *key)
{
    const struct pav_doc *v = pav_doc_get(d, key);

    return v != NULL && v->kind == PAV_STRING;
}

static enum pav_rc
check_connections(const struct pav_doc *all, struct pav_err *err)
{
    uint32_t i;

    for (i = 0; all != NULL && i < all->len; i++) {
        const struct pav_doc *d = &all->members[i].value;
        bool basic = pav_doc_is_str(pav_doc_get(d, "type"), "BASIC");
        bool key = pav_doc_is_str(pav_doc_get(d, "type"), "API_KEY");

        if ((!basic && !key) || d->len != 3 ||
            !is_text(d, basic ? "username" : "name") ||
            !is_text(d, basic ? "password" : "value"))
            return pav_fail(err, PAV_INVALID, "connections",
                            "'%.*s' must be {\"type\": \"BASIC\", "
                            "\"username\", \"password\"} or {\"type\": "
                            "\"API_KEY\", \"name\", \"value\"}; those of "
                            "OAuth are made by CreateConnection",
                            (int)all->members[i].len, all->members[i].key);
    }
    return PAV_OK;
}

static enum pav_rc
check_concurrency(const struct pav_doc *d, struct pav_err *err)
{
    uint32_t i;
    int64_t n;

    for (i = 0; d != NULL && i < d->len; i++)
        if (!pav_doc_int(&d->members[i].value, &n) || n < 1 || n > 1000)
            return pav_fail(err, PAV_INVALID, "concurrency",
                            "'%.*s': a number from 1 to 1000 is expected",
                            (int)d->members[i].len, d->members[i].key);
    return PAV_OK;
}

static enum pav_rc
check_logs(const struct pav_doc *logs, struct pav_err *err)
{
    uint32_t i;
    int64_t n;

    for (i = 0; logs != NULL && i < logs->len; i++) {
        const struct pav_doc *d = &logs->members[i].value;
        const struct pav_doc *days = pav_doc_get(d, "retentionInDays");

        if (d->kind != PAV_OBJECT || d->len != 1 || days == NULL ||
            !pav_doc_int(days, &n) || n < 1 || n > 3653)
            return pav_fail(err, PAV_INVALID, "logs",
                            "'%.*s' must be {\"retentionInDays\": N}, N from 1 "
                            "to 3653",
                            (int)logs->members[i].len, logs->members[i].key);
    }
    return PAV_OK;
}

#define SOURCES_MAX 50 /* each may hold a connection */

/* Absent, or a text of 1 to 256 bytes. */
static bool
is_name(const struct pav_doc *v)
{
    return v == NULL || (v->kind == PAV_STRING && v->len > 0 && v->len <= 256);
}

static const char *
source_fault(const struct pav_doc *d)
{
    static const char *const known[] = {
        "queue",     "bus",         "source", "detailType",
        "batchSize", "idleSeconds", NULL};
    const struct pav_doc *batch = pav_doc_get(d, "batchSize");
    const struct pav_doc *idle = pav_doc_get(d, "idleSeconds");
    int64_t n;
    uint32_t i;

    if (d->kind != PAV_OBJECT || !is_url(pav_doc_get(d, "queue")))
        return "\"queue\" is the http or https URL of a queue";
    for (i = 0; i < d->len; i++)
        if (!pav_member_in(&d->members[i], known))
            return "it has queue, bus, source, detailType, batchSize and "
                   "idleSeconds";
    if (!is_name(pav_doc_get(d, "bus")) || !is_name(pav_doc_get(d, "source")) ||
        !is_name(pav_doc_get(d, "detailType")) ||
        is_text(d, "source") != is_text(d, "detailType"))
        return "\"bus\", \"source\" and \"detailType\" are texts of 1 to 256 "
               "bytes, the last two of them together";
    if (batch != NULL && (!pav_doc_int(batch, &n) || n < 1 || n > 10))
        return "\"batchSize\" is a number from 1 to 10";
    if (idle != NULL && (!pav_doc_int(idle, &n) || n < 1 || n > 3600))
        return "\"idleSeconds\" is a number from 1 to 3600";
    return NULL;
}

static enum pav_rc
check_sources(const struct pav_doc *all, struct pav_err *err)
{
    uint32_t i;

    if (all != NULL && all->len > SOURCES_MAX)
        return pav_fail(err, PAV_LIMIT, "sources", "at most %d", SOURCES_MAX);
    for (i = 0; all != NULL && i < all->len; i++) {
        const char *why = source_fault(&all->members[i].value);

        if (why != NULL)
            return pav_fail(err, PAV_INVALID, "sources", "'%.*s': %s",
                            (int)all->members[i].len, all->members[i].key, why);
    }
    return PAV_OK;
}

enum pav_rc
service_map_check(const struct pav_service_map *m, struct pav_err *err)
{
    enum pav_rc rc = check_endpoints(m->functions, "functions", err);

    if (rc == PAV_OK)
        rc = check_endpoints(m->queues, "queues", err);
    if (rc == PAV_OK)
        rc = check_endpoints(m->topics, "topics", err);
    if (rc == PAV_OK)
        rc = check_endpoints(m->buses, "buses", err);
    if (rc == PAV_OK)
        rc = check_endpoints(m->sdk, "sdk", err);
    if (rc == PAV_OK)
        rc = check_sdk(m->sdk, err);
    if (rc == PAV_OK)
        rc = check_buckets(m->buckets, err);
    if (rc == PAV_OK)
        rc = check_connections(m->connections, err);
    if (rc == PAV_OK)
        rc = check_tables(m->tables, err);
    if (rc == PAV_OK)
        rc = check_logs(m->logs, err);
    if (rc == PAV_OK)
        rc = check_concurrency(m->concurrency, err);
    if (rc == PAV_OK)
        rc = check_sources(m->sources, err);
    return rc;
}
