/*
 * Connections: how API destinations and http:invoke are authorised.
 */
#include <string.h>

#include "pavane/arn.h"
#include "pavane/digest.h"
#include "turn/turn.h"
#include "connections.h"
#include "events_fields.h"
#include "rows.h"

const char *
fresh_arn(struct control *c, const char *kind, const char *name)
{
    char id[37];

    pav_uuid4(id);
    return pav_arena_printf(c->a, "%s/%s", events_arn(c, kind, name), id);
}

bool
connection_asked(struct control *c, int kind, const char *what,
                 struct pav_name_row *row, const struct pav_doc **body)
{
    const char *name = control_text(c, "Name");

    if (events_row(c, kind, 0, name, row, body))
        return true;
    job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException", "Name",
             "Failed to describe the %s(s). %s '%s' does not exist.", what,
             strcmp(what, "connection") == 0 ? "Connection" : "ApiDestination",
             name);
    return false;
}

static bool
is_filled(const struct pav_doc *v)
{
    return v != NULL && v->kind == PAV_STRING && v->len > 0;
}

/* What AuthParameters must hold for each type; NULL: it does. */
static const char *
auth_fault(const char *type, const struct pav_doc *auth)
{
    static const struct {
        const char *type, *key, *fields[3];
    } rows[] = {
        {"BASIC", "BasicAuthParameters", {"Username", "Password", NULL}},
        {"API_KEY",
         "ApiKeyAuthParameters",
         {"ApiKeyName", "ApiKeyValue", NULL}},
        {"OAUTH_CLIENT_CREDENTIALS",
         "OAuthParameters",
         {"AuthorizationEndpoint", "HttpMethod", NULL}}};
    size_t i;
    int k;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pav_doc *d = pav_doc_get(auth, rows[i].key);

        if (strcmp(rows[i].type, type) != 0)
            continue;
        for (k = 0; rows[i].fields[k] != NULL; k++)
            if (!is_filled(pav_doc_get(d, rows[i].fields[k])))
                return rows[i].key;
        d = pav_doc_get(d, "HttpMethod");
        return d == NULL || pav_doc_is_str(d, "GET") ||
                       pav_doc_is_str(d, "POST") || pav_doc_is_str(d, "PUT")
                   ? NULL
                   : "OAuthParameters.HttpMethod";
    }
    return "AuthorizationType";
}

/* Secrets stay inside: what is shown leaves them out.  `hidden`: IsValueSecret
 * is beside it. */
static bool
is_secret(const struct pav_member *m, bool hidden)
{
    static const char *const secrets[] = {"Password", "ApiKeyValue",
                                          "ClientSecret", "Value"};
    size_t count = sizeof(secrets) / sizeof(secrets[0]) - !hidden, i;

    for (i = 0; i < count; i++)
        if (pav_member_is(m, secrets[i]))
            return true;
    return false;
}

static const struct pav_doc *
without_secrets(struct pav_arena *a, const struct pav_doc *d, unsigned depth)
{
    struct pav_members m;
    struct pav_items list;
    bool hidden;
    uint32_t i;

    if (depth > 20)
        return &pav_doc_null;
    if (d->kind == PAV_ARRAY) {
        pav_items_init(&list, a);
        for (i = 0; i < d->len; i++)
            pav_items_add(&list, without_secrets(a, &d->items[i], depth + 1));
        return pav_items_array(&list);
    }
    if (d->kind != PAV_OBJECT)
        return d;
    pav_members_init(&m, a);
    hidden = pav_doc_get(d, "IsValueSecret") != NULL &&
             pav_doc_get(d, "IsValueSecret")->kind == PAV_TRUE;
    for (i = 0; i < d->len; i++)
        if (!is_secret(&d->members[i], hidden))
            pav_members_add(
                &m, d->members[i].key, d->members[i].len,
                without_secrets(a, &d->members[i].value, depth + 1));
    return pav_members_object(&m);
}

static void
connection_answer(struct control *c, const struct pav_doc *body)
{
    events_copy(
        &c->out, body,
        (const char *const[]){"ConnectionArn", "ConnectionState", NULL});
    events_date(&c->out, body, "CreationTime");
    events_date(&c->out, body, "LastModifiedTime");
    events_date(&c->out, body, "LastAuthorizedTime");
}

static void
put_connection(struct control *c, const char *arn, int64_t created,
               const struct pav_doc *old)
{
    const char *name = control_text(c, "Name");
    static const char *const fields[] = {"Description", "AuthorizationType",
                                         "AuthParameters", NULL};
    const struct pav_doc *type, *auth;
    int64_t now = pav_clock_ms(c->e->clock);
    struct pav_members m;
    const char *fault;

    pav_members_init(&m, c->a);
    if (old != NULL)
        events_copy(&m, old, fields);
    events_copy(&m, c->j->request, fields);
    type = pav_doc_get(pav_members_object(&m), "AuthorizationType");
    auth = pav_doc_get(pav_members_object(&m), "AuthParameters");
    fault = auth_fault(type == NULL ? "" : pav_doc_str(c->a, type), auth);
    if (fault != NULL) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException",
                 "AuthParameters",
                 "Parameter %s is not valid. Reason: it does not fit the "
                 "AuthorizationType.",
                 fault);
        return;
    }
    pav_members_str(&m, "ConnectionArn", arn);
    pav_members_str(&m, "ConnectionState", "AUTHORIZED");
    pav_members_int(&m, "CreationTime", created == 0 ? now : created);
    pav_members_int(&m, "LastModifiedTime", now);
    pav_members_int(&m, "LastAuthorizedTime", now);
    events_put(c, PAV_NAME_CONNECTION, 0, name, 0, &m);
    connection_answer(c, pav_members_object(&m));
}

static void
create_connection(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row;
    const struct pav_doc *body;

    if (events_row(c, PAV_NAME_CONNECTION, 0, name, &row, &body))
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "Name", "Connection %s already exists.", name);
    else
        put_connection(c, fresh_arn(c, "connection", name), 0, NULL);
}

static void
update_connection(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body, *arn;

    if (!connection_asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
        return;
    arn = pav_doc_get(body, "ConnectionArn");
    put_connection(c, pav_doc_str(c->a, arn),
                   pav_doc_member_int(body, "CreationTime"), body);
}

static void
describe_connection(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body, *auth;

    if (!connection_asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
        return;
    pav_members_str(&c->out, "Name", row.name);
    connection_answer(c, body);
    events_copy(
        &c->out, body,
        (const char *const[]){"Description", "AuthorizationType", NULL});
    auth = pav_doc_get(body, "AuthParameters");
    if (auth != NULL)
        pav_members_puts(&c->out, "AuthParameters",
                         without_secrets(c->a, auth, 0));
    pav_members_str(&c->out, "SecretArn",
                    pav_arn_put(c->a, "secretsmanager", c->e->config.region,
                                c->e->config.account,
                                "secret:events!connection/%s", row.name));
}

static void
delete_connection(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (!connection_asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
        return;
    pav_store_name_delete(c->e->store, PAV_NAME_CONNECTION, 0, row.name);
    connection_answer(c, body);
    pav_members_str(&c->out, "ConnectionState", "DELETING");
}

static void
deauthorize_connection(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;
    struct pav_members m;

    if (!connection_asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
        return;
    pav_members_init(&m, c->a);
    pav_members_str(&m, "ConnectionState", "DEAUTHORIZED");
    pav_members_puts(&m, "AuthParameters", &pav_doc_empty_object);
    body = pav_doc_merge(c->a, body, pav_members_object(&m));
    row.body = control_printed(c, body);
    pav_store_name_put(c->e->store, &row);
    connection_answer(c, body);
}

static const struct pav_doc *
connection_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const char *state = control_text(c, "ConnectionState");
    struct pav_members m;

    if (state != NULL &&
        !pav_doc_is_str(pav_doc_get(body, "ConnectionState"), state))
        return NULL;
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    events_copy(&m, body,
                (const char *const[]){"ConnectionArn", "ConnectionState",
                                      "AuthorizationType", NULL});
    events_date(&m, body, "CreationTime");
    events_date(&m, body, "LastModifiedTime");
    events_date(&m, body, "LastAuthorizedTime");
    return pav_members_object(&m);
}

static void
list_connections(struct control *c)
{
    events_list(c, PAV_NAME_CONNECTION, 0, "Connections", connection_entry);
}

/* clang-format off */
#define SECRET(path) TEXT("AuthParameters." path, true, 512)
#define PARAMETER(list) \
    {"AuthParameters.InvocationHttpParameters." list, FIELD_LIST, false, 0, \
     100, NULL}, \
    {"AuthParameters.InvocationHttpParameters." list "[].Key", FIELD_TEXT, \
     false, 0, 512, NULL}, \
    {"AuthParameters.InvocationHttpParameters." list "[].Value", FIELD_TEXT, \
     false, 0, 512, NULL}
#define AUTH_PARAMETERS \
    SECRET("BasicAuthParameters.Username"), \
    SECRET("BasicAuthParameters.Password"), \
    SECRET("ApiKeyAuthParameters.ApiKeyName"), \
    SECRET("ApiKeyAuthParameters.ApiKeyValue"), \
    PARAMETER("HeaderParameters"), PARAMETER("QueryStringParameters")
/* clang-format on */

FIELDS(create_connection, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"AuthorizationType", FIELD_TEXT, true, 0, 0,
        "BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY"},
       {"AuthParameters", FIELD_OBJECT, true, 0, 0, NULL}, AUTH_PARAMETERS,
       ANY("InvocationConnectivityParameters", FIELD_OBJECT),
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(update_connection, PLAIN("Name", 64),
       {"Description", FIELD_TEXT, false, 0, 512, NULL},
       {"AuthorizationType", FIELD_TEXT, false, 0, 0,
        "BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY"},
       ANY("AuthParameters", FIELD_OBJECT), AUTH_PARAMETERS,
       ANY("InvocationConnectivityParameters", FIELD_OBJECT),
       ANY("KmsKeyIdentifier", FIELD_TEXT));
FIELDS(named, PLAIN("Name", 64));
FIELDS(list_connections, TEXT("NamePrefix", false, 64),
       {"ConnectionState", FIELD_TEXT, false, 0, 0,
        "CREATING, UPDATING, DELETING, AUTHORIZED, DEAUTHORIZED, AUTHORIZING, "
        "DEAUTHORIZING, ACTIVE, FAILED_CONNECTIVITY"},
       PAGE);

/* ---- the table ---- */

const struct aws_action events_connections_actions[] = {
    ON_ENGINE("events:CreateConnection", "events:CreateConnection",
              create_connection, create_connection),
    ON_ENGINE("events:UpdateConnection", "events:UpdateConnection",
              update_connection, update_connection),
    ON_ENGINE("events:DescribeConnection", "events:DescribeConnection", named,
              describe_connection),
    ON_ENGINE("events:DeleteConnection", "events:DeleteConnection", named,
              delete_connection),
    ON_ENGINE("events:DeauthorizeConnection", "events:DeauthorizeConnection",
              named, deauthorize_connection),
    ON_ENGINE("events:ListConnections", "events:ListConnections",
              list_connections, list_connections),
    END_OF_ACTIONS};
