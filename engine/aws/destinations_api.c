/*
 * The EventBridge API on the engine's thread: connections and API destinations;
 * and our own actions about what was not delivered and about schemas.
 */
#include <string.h>

#include "pavane/digest.h"
#include "pavane/schema.h"
#include "turn/turn.h"
#include "request.h"

/* ---- connections ---- */

static const char *
fresh_arn(struct control *c, const char *kind, const char *name)
{
    char id[37];

    pav_uuid4(id);
    return pav_arena_printf(c->a, "%s/%s", events_arn(c, kind, name), id);
}

static bool
asked(struct control *c, int kind, const char *what, struct pav_name_row *row,
      const struct pav_doc **body)
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
 * stands beside it. */
static bool
is_secret(const struct pav_member *m, bool hidden)
{
    static const char *const secrets[] = {"Password", "ApiKeyValue",
                                          "ClientSecret", "Value"};
    size_t count = sizeof(secrets) / sizeof(secrets[0]) - !hidden, i;

    for (i = 0; i < count; i++)
        if (strlen(secrets[i]) == m->len &&
            memcmp(secrets[i], m->key, m->len) == 0)
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

    if (!asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
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

    if (!asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
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
                    pav_arena_printf(c->a,
                                     "arn:aws:secretsmanager:%s:%s:secret:"
                                     "events!connection/%s",
                                     c->e->config.region, c->e->config.account,
                                     row.name));
}

static void
delete_connection(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (!asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
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

    if (!asked(c, PAV_NAME_CONNECTION, "connection", &row, &body))
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

/* ---- API destinations ---- */

static const char *const destination_fields[] = {"Description",
                                                 "ConnectionArn",
                                                 "InvocationEndpoint",
                                                 "HttpMethod",
                                                 "InvocationRateLimitPerSecond",
                                                 NULL};

static void
put_destination(struct control *c, const char *arn, int64_t created,
                const struct pav_doc *old)
{
    const char *name = control_text(c, "Name"), *connection;
    int64_t now = pav_clock_ms(c->e->clock);
    struct pav_name_row row;
    const struct pav_doc *body, *all;
    struct pav_members m;

    pav_members_init(&m, c->a);
    if (old != NULL)
        events_copy(&m, old, destination_fields);
    events_copy(&m, c->j->request, destination_fields);
    all = pav_doc_get(pav_members_object(&m), "ConnectionArn");
    connection = events_name_of(c, pav_doc_str(c->a, all), ":connection/");
    if (!events_row(c, PAV_NAME_CONNECTION, 0, connection, &row, &body)) {
        job_fail(&c->j->job, PAV_MISSING, "ResourceNotFoundException",
                 "ConnectionArn", "Connection '%s' does not exist.",
                 connection);
        return;
    }
    pav_members_str(&m, "ApiDestinationArn", arn);
    pav_members_str(&m, "ApiDestinationState", "ACTIVE");
    pav_members_int(&m, "CreationTime", created == 0 ? now : created);
    pav_members_int(&m, "LastModifiedTime", now);
    events_put(c, PAV_NAME_DESTINATION, 0, name, 0, &m);
    events_copy(&c->out, pav_members_object(&m),
                (const char *const[]){"ApiDestinationArn",
                                      "ApiDestinationState", NULL});
    events_date(&c->out, pav_members_object(&m), "CreationTime");
    events_date(&c->out, pav_members_object(&m), "LastModifiedTime");
}

static void
create_destination(struct control *c)
{
    const char *name = control_text(c, "Name");
    struct pav_name_row row;
    const struct pav_doc *body;

    if (events_row(c, PAV_NAME_DESTINATION, 0, name, &row, &body))
        job_fail(&c->j->job, PAV_CONFLICT, "ResourceAlreadyExistsException",
                 "Name", "An api-destination '%s' already exists.", name);
    else
        put_destination(c, fresh_arn(c, "api-destination", name), 0, NULL);
}

static void
update_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (asked(c, PAV_NAME_DESTINATION, "api-destination", &row, &body))
        put_destination(
            c, pav_doc_str(c->a, pav_doc_get(body, "ApiDestinationArn")),
            pav_doc_member_int(body, "CreationTime"), body);
}

static const struct pav_doc *
destination_entry(struct control *c, const struct pav_name_row *row)
{
    const struct pav_doc *body = control_body(c, row);
    const char *connection = control_text(c, "ConnectionArn");
    struct pav_members m;

    if (connection != NULL &&
        !pav_doc_is_str(pav_doc_get(body, "ConnectionArn"), connection))
        return NULL;
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Name", row->name);
    events_copy(&m, body,
                (const char *const[]){"ApiDestinationArn",
                                      "ApiDestinationState", NULL});
    events_copy(&m, body, destination_fields + 1);
    events_date(&m, body, "CreationTime");
    events_date(&m, body, "LastModifiedTime");
    return pav_members_object(&m);
}

static void
describe_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body, *entry;
    uint32_t i;

    if (!asked(c, PAV_NAME_DESTINATION, "api-destination", &row, &body))
        return;
    entry = destination_entry(c, &row);
    for (i = 0; entry != NULL && i < entry->len; i++)
        pav_members_add(&c->out, entry->members[i].key, entry->members[i].len,
                        &entry->members[i].value);
    events_copy(&c->out, body, (const char *const[]){"Description", NULL});
}

static void
delete_destination(struct control *c)
{
    struct pav_name_row row;
    const struct pav_doc *body;

    if (asked(c, PAV_NAME_DESTINATION, "api-destination", &row, &body))
        pav_store_name_delete(c->e->store, PAV_NAME_DESTINATION, 0, row.name);
}

static void
list_destinations(struct control *c)
{
    events_list(c, PAV_NAME_DESTINATION, 0, "ApiDestinations",
                destination_entry);
}

/* ---- dead letters ---- */

#define LETTERS_MAX 1000

/* Those of "Ids"; without them all, of one target if it is named, up to
 * LETTERS_MAX at a time: Count says whether to ask again. */
static void
each_letter(struct control *c,
            void (*fn)(struct control *c, struct pav_delivery_row *row))
{
    const struct pav_doc *ids = pav_doc_get(c->j->request, "Ids");
    const char *target = control_text(c, "TargetArn");
    struct pav_delivery_row rows[50], row;
    int64_t after = 0, count = 0, id;
    uint32_t i, n;

    for (i = 0; ids != NULL && i < ids->len; i++)
        if (pav_doc_int(&ids->items[i], &id) &&
            pav_store_delivery(c->e->store, id, c->a, &row) &&
            row.status == PAV_DELIVERY_DEAD &&
            (target == NULL || strcmp(row.target_arn, target) == 0)) {
            fn(c, &row);
            count++;
        }
    for (n = 50; ids == NULL && n == 50 && count < LETTERS_MAX;) {
        n = pav_store_deliveries_dead(c->e->store, after, 50, c->a, rows);
        for (i = 0; i < n; i++) {
            after = rows[i].id;
            if (target != NULL && strcmp(rows[i].target_arn, target) != 0)
                continue;
            fn(c, &rows[i]);
            count++;
        }
    }
    pav_members_int(&c->out, "Count", count);
}

/* From the beginning: its attempts and its age count anew, its key stays. */
static void
redrive_letter(struct control *c, struct pav_delivery_row *row)
{
    row->status = PAV_DELIVERY_OPEN;
    row->attempts = 0;
    row->created_at = row->due_at = pav_clock_ms(c->e->clock);
    row->error_code = row->error_message = row->condition = NULL;
    pav_store_delivery_update(c->e->store, row);
}

static void
redrive_letters(struct control *c)
{
    each_letter(c, redrive_letter);
}

static void
delete_letter(struct control *c, struct pav_delivery_row *row)
{
    pav_store_delivery_delete(c->e->store, row->id);
}

static void
delete_letters(struct control *c)
{
    if (pav_doc_get(c->j->request, "Ids") == NULL &&
        control_text(c, "TargetArn") == NULL)
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Ids",
                 "Ids, or a TargetArn, say which dead letters are to go.");
    else
        each_letter(c, delete_letter);
}

/* ---- schemas ---- */

static const char *
schema_name(struct control *c)
{
    return pav_arena_printf(c->a, "%s\x01%s", control_text(c, "Source"),
                            control_text(c, "DetailType"));
}

static void
put_schema(struct control *c)
{
    const struct pav_doc *content = pav_doc_get(c->j->request, "Schema");
    const char *policy = control_text(c, "Policy");
    struct pav_schema *compiled;
    struct pav_members m;
    struct pav_err err;

    if (pav_schema_compile(content, &compiled, &err) != PAV_OK) {
        job_fail(&c->j->job, PAV_INVALID, "ValidationException", "Schema",
                 "Parameter Schema is not valid. Reason: %s at %s", err.message,
                 err.at[0] == '\0' ? "/" : err.at);
        return;
    }
    pav_schema_free(compiled);
    pav_members_init(&m, c->a);
    pav_members_str(&m, "Source", control_text(c, "Source"));
    pav_members_str(&m, "DetailType", control_text(c, "DetailType"));
    pav_members_str(&m, "Policy", policy == NULL ? "reject" : policy);
    pav_members_puts(&m, "Schema", content);
    events_put(c, PAV_NAME_SCHEMA, 0, schema_name(c), 0, &m);
    events_touch(c, PAV_TOUCHED_SCHEMAS, NULL, "");
}

static void
delete_schema(struct control *c)
{
    pav_store_name_delete(c->e->store, PAV_NAME_SCHEMA, 0, schema_name(c));
    events_touch(c, PAV_TOUCHED_SCHEMAS, NULL, "");
}

static const struct pav_doc *
schema_entry(struct control *c, const struct pav_name_row *row)
{
    return control_body(c, row);
}

static void
list_schemas(struct control *c)
{
    events_list(c, PAV_NAME_SCHEMA, 0, "Schemas", schema_entry);
}

const struct control_action destinations_actions[] = {
    {"events:CreateConnection", create_connection, false},
    {"events:UpdateConnection", update_connection, false},
    {"events:DescribeConnection", describe_connection, false},
    {"events:DeleteConnection", delete_connection, false},
    {"events:DeauthorizeConnection", deauthorize_connection, false},
    {"events:ListConnections", list_connections, false},
    {"events:CreateApiDestination", create_destination, false},
    {"events:UpdateApiDestination", update_destination, false},
    {"events:DescribeApiDestination", describe_destination, false},
    {"events:DeleteApiDestination", delete_destination, false},
    {"events:ListApiDestinations", list_destinations, false},
    {"pavane:RedriveDeadLetters", redrive_letters, false},
    {"pavane:DeleteDeadLetters", delete_letters, false},
    {"pavane:PutSchema", put_schema, true},
    {"pavane:DeleteSchema", delete_schema, true},
    {"pavane:ListSchemas", list_schemas, false},
    {NULL, NULL, false},
};
