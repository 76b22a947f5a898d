/*
 * Actions of the Step Functions API that are about names: published versions,
 * aliases, activities, tags, map runs, deleting.  Requests come checked for
 * shape; answers are JSON.  Rows are the truth: nothing of this is kept in
 * memory, but for a machine that is deleted, which loses its name behind the
 * commit (control_swap).
 */
#include <stdio.h>
#include <string.h>

#include "pavane/digest.h"
#include "pavane/folder.h"
#include "pavane/text.h"
#include "run_int.h"

#define VERSIONS_MAX 1000
#define ALIASES_MAX  100
#define TAGS_MAX     50
#define PAGE_MAX     1000

struct control {
    struct pav_engine *e;
    struct pav_job *j;
    struct pav_arena *a; /* of the turn */
    struct pav_members out;
};

/* False after the job has failed. */
static bool
tags_put(struct control *c, const char *arn, const struct pav_doc *tags);

/* ---- requests and answers ---- */

static const char *
text_of(const struct control *c, const char *key)
{
    const struct pav_doc *d = pav_doc_get(c->j->request, key);

    return d == NULL || d->kind != PAV_STRING ? NULL : pav_doc_str(c->a, d);
}

static int64_t
int_in(const struct pav_doc *o, const char *key)
{
    const struct pav_doc *d = pav_doc_get(o, key);
    int64_t n = 0;

    if (d != NULL)
        (void)pav_doc_int(d, &n);
    return n;
}

static struct pav_bytes
printed(struct control *c, const struct pav_doc *d)
{
    struct pav_bytes out;
    struct pav_buf b;

    pav_buf_init(&b, SIZE_MAX / 2);
    pav_doc_print(d, &b);
    out.len = b.len;
    out.p = pav_arena_strndup(c->a, b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

static const struct pav_doc *
body_of(struct control *c, const struct pav_name_row *row)
{
    return pav_doc_own(c->a, row->body.p, row->body.len);
}

static uint32_t
page_size(struct control *c)
{
    int64_t n = int_in(c->j->request, "maxResults");

    return n <= 0 ? 100 : n > PAGE_MAX ? PAGE_MAX : (uint32_t)n;
}

/*
 * A page's token is "ACTION NAME" in Base64: behind which name the next page
 * begins, and of which list.  NULL after the job has failed.
 */
static const char *
page_start(struct control *c)
{
    const char *token = text_of(c, "nextToken");
    size_t len, action = strlen(c->j->action);
    char *text;

    if (token == NULL)
        return "";
    text = pav_arena_zalloc(c->a, strlen(token) + 4);
    if (pav_base64_decode(token, strlen(token), text, &len) && len > action &&
        memcmp(text, c->j->action, action) == 0 && text[action] == ' ' &&
        memchr(text, 0, len) == NULL) {
        text[len] = '\0';
        return text + action + 1;
    }
    job_fail(c->j, PAV_INVALID, "InvalidToken", "nextToken",
             "Invalid Token: 'Invalid token'");
    return NULL;
}

static void
page_next(struct control *c, const char *name)
{
    char *text = pav_arena_printf(c->a, "%s %s", c->j->action, name);
    size_t room = (strlen(text) + 2) / 3 * 4 + 1;
    char *token = pav_arena_zalloc(c->a, room);

    pav_base64(text, strlen(text), token);
    pav_members_str(&c->out, "nextToken", token);
}

/* ---- ARNs ---- */

/* "...:stateMachine:NAME[:QUALIFIER]" */
static struct machine *
machine_in(struct control *c, const char *key, const char **qualifier)
{
    const char *arn = text_of(c, key), *p;
    struct machine *m = NULL;
    size_t len;

    *qualifier = NULL;
    p = arn == NULL ? NULL : strstr(arn, ":stateMachine:");
    if (p == NULL || strncmp(arn, "arn:", 4) != 0) {
        job_fail(c->j, PAV_INVALID, "InvalidArn", key, "Invalid Arn: '%s'",
                 arn == NULL ? "" : arn);
        return NULL;
    }
    p += strlen(":stateMachine:");
    len = strcspn(p, ":");
    if (p[len] == ':')
        *qualifier = p + len + 1;
    m = machine_by_name(c->e, pav_arena_strndup(c->a, p, len));
    if (m != NULL && m->current != NULL)
        return m;
    job_fail(c->j, PAV_MISSING, "StateMachineDoesNotExist", key,
             "State Machine Does Not Exist: '%s'", arn);
    return NULL;
}

static const char *
qualified_arn(struct control *c, const struct machine *m, const char *name)
{
    return pav_arena_printf(c->a, "%s:%s", m->arn, name);
}

static const char *
revision_id(struct pav_arena *a, int64_t n)
{
    return pav_arena_printf(a, "%lld", (long long)n);
}

static bool
is_number(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

static const char *
number_name(struct control *c, int64_t n)
{
    return pav_arena_printf(c->a, "%010lld", (long long)n);
}

/* ---- versions ---- */

static bool
find_version(struct pav_engine *e, struct machine *m, int64_t number,
             struct pav_name_row *row)
{
    char name[24];

    snprintf(name, sizeof(name), "%010lld", (long long)number);
    return pav_store_name(e->store, PAV_NAME_VERSION, m->id, name, &e->arena,
                          row);
}

/* One of an alias's versions, by their weights. */
static int64_t
route(const struct pav_doc *routing)
{
    uint32_t i, drawn;
    int64_t sum = 0;

    pav_random(&drawn, sizeof(drawn));
    drawn %= 100;
    for (i = 0; routing != NULL && i < routing->len; i++) {
        sum += int_in(&routing->items[i], "weight");
        if (drawn < sum)
            return int_in(&routing->items[i], "number");
    }
    return 0;
}

struct version *
version_of(struct pav_engine *e, struct machine *m, const char *qualifier,
           struct pav_note_row *note)
{
    struct pav_name_row row;
    int64_t number = 0;

    if (qualifier == NULL || *qualifier == '\0')
        return m->current;
    if (!is_number(qualifier)) {
        if (!pav_store_name(e->store, PAV_NAME_ALIAS, m->id, qualifier,
                            &e->arena, &row))
            return NULL;
        note->alias = qualifier;
        number = route(pav_doc_get(
            pav_doc_own(&e->arena, row.body.p, row.body.len), "routing"));
    } else if (!pav_parse_int(qualifier, strlen(qualifier), &number)) {
        return NULL;
    }
    if (!find_version(e, m, number, &row))
        return NULL;
    note->version_no = number;
    return version_get(
        e,
        int_in(pav_doc_own(&e->arena, row.body.p, row.body.len), "versionId"));
}

static int64_t
last_version(struct pav_engine *e, struct machine *m, struct pav_name_row *row)
{
    static const char *const before[] = {""};
    struct pav_name_row rows[100];
    const char *after = before[0];
    int64_t last = 0;
    uint32_t n;

    do {
        n = pav_store_names(e->store, PAV_NAME_VERSION, m->id, after, 100,
                            &e->arena, rows);
        if (n > 0) {
            *row = rows[n - 1];
            after = rows[n - 1].name;
            last = rows[n - 1].number;
        }
    } while (n == 100);
    return last;
}

int64_t
version_publish(struct pav_engine *e, struct machine *m, int64_t version_id,
                int64_t revision, const char *description, int64_t *created_at,
                bool again)
{
    struct pav_name_row row = {0};
    int64_t number = last_version(e, m, &row);
    const struct pav_doc *body;
    struct pav_members b;
    struct pav_buf text;
    char name[24];

    *created_at = pav_clock_ms(e->clock);
    if (number > 0) {
        body = pav_doc_own(&e->arena, row.body.p, row.body.len);
        if (!again && int_in(body, "versionId") == version_id) {
            *created_at = int_in(body, "createdAt");
            return number;
        }
    }
    number++;
    snprintf(name, sizeof(name), "%010lld", (long long)number);
    pav_members_init(&b, &e->arena);
    pav_members_int(&b, "versionId", version_id);
    pav_members_int(&b, "revision", revision);
    pav_members_int(&b, "createdAt", *created_at);
    pav_members_str(&b, "description", description);
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(pav_members_object(&b), &text);
    row.kind = PAV_NAME_VERSION;
    row.owner = m->id;
    row.number = number;
    row.name = name;
    row.body.p = text.p;
    row.body.len = text.len;
    pav_store_name_put(e->store, &row);
    pav_buf_fini(&text);
    return number;
}

static void
publish_version(struct control *c)
{
    const char *qualifier, *revision = text_of(c, "revisionId");
    struct machine *m = machine_in(c, "stateMachineArn", &qualifier);
    struct pav_name_row row;
    int64_t number, at;

    if (m == NULL)
        return;
    if (revision != NULL &&
        strcmp(revision, revision_id(c->a, m->version_no)) != 0) {
        job_fail(c->j, PAV_CONFLICT, "ConflictException", "revisionId",
                 "The current revision of the state machine is not '%s'",
                 revision);
        return;
    }
    if (last_version(c->e, m, &row) >= VERSIONS_MAX) {
        job_fail(c->j, PAV_LIMIT, "ServiceQuotaExceededException",
                 "stateMachineArn", "At most %d versions of a state machine",
                 VERSIONS_MAX);
        return;
    }
    number = version_publish(c->e, m, m->current->id, m->version_no,
                             text_of(c, "description"), &at, false);
    pav_members_date(&c->out, "creationDate", at);
    pav_members_str(
        &c->out, "stateMachineVersionArn",
        qualified_arn(c, m, pav_arena_printf(c->a, "%lld", (long long)number)));
}

static bool
alias_uses(struct control *c, const struct pav_name_row *alias, int64_t number)
{
    const struct pav_doc *routing = pav_doc_get(body_of(c, alias), "routing");
    uint32_t i;

    for (i = 0; routing != NULL && i < routing->len; i++)
        if (int_in(&routing->items[i], "number") == number)
            return true;
    return false;
}

static void
delete_version(struct control *c)
{
    struct pav_name_row aliases[ALIASES_MAX];
    const char *qualifier;
    struct machine *m = machine_in(c, "stateMachineVersionArn", &qualifier);
    int64_t number = 0;
    uint32_t i, n;

    if (m == NULL)
        return;
    if (qualifier == NULL || !is_number(qualifier) ||
        !pav_parse_int(qualifier, strlen(qualifier), &number)) {
        job_fail(c->j, PAV_INVALID, "ValidationException",
                 "stateMachineVersionArn", "Version ARN is required");
        return;
    }
    n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "", ALIASES_MAX,
                        c->a, aliases);
    for (i = 0; i < n; i++) {
        if (!alias_uses(c, &aliases[i], number))
            continue;
        job_fail(c->j, PAV_CONFLICT, "ConflictException",
                 "stateMachineVersionArn",
                 "Version to be deleted must not be referenced by an alias. "
                 "Current list of aliases referencing this version: [%s]",
                 aliases[i].name);
        return;
    }
    pav_store_name_delete(c->e->store, PAV_NAME_VERSION, m->id,
                          number_name(c, number));
}

static void
list_versions(struct control *c)
{
    const char *qualifier;
    struct machine *m = machine_in(c, "stateMachineArn", &qualifier);
    uint32_t limit = page_size(c), i = 0, n, total = 0;
    struct pav_name_row *rows;
    const char *after = "", *start = page_start(c);
    struct pav_items list;

    if (m == NULL || start == NULL)
        return;
    rows = pav_arena_alloc(c->a, (VERSIONS_MAX + 100) * sizeof(*rows));
    do {
        n = pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, after, 100,
                            c->a, rows + total);
        total += n;
        if (n > 0)
            after = rows[total - 1].name;
    } while (n == 100 && total < VERSIONS_MAX);
    pav_items_init(&list, c->a);
    for (n = total; n-- > 0 && i < limit;) { /* the newest first */
        struct pav_members v;

        if (*start != '\0' && strcmp(rows[n].name, start) >= 0)
            continue;
        pav_members_init(&v, c->a);
        pav_members_str(
            &v, "stateMachineVersionArn",
            qualified_arn(
                c, m,
                pav_arena_printf(c->a, "%lld", (long long)rows[n].number)));
        pav_members_date(&v, "creationDate",
                         int_in(body_of(c, &rows[n]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
        i++;
        after = rows[n].name;
    }
    pav_members_puts(&c->out, "stateMachineVersions", pav_items_array(&list));
    if (i == limit && n < total) /* one was passed on the way out */
        page_next(c, after);
}

/* ---- aliases ---- */

/* [{stateMachineVersionArn, weight}] of the request, as rows have it. */
static const struct pav_doc *
routing_of(struct control *c, struct machine **m)
{
    const struct pav_doc *list =
        pav_doc_get(c->j->request, "routingConfiguration");
    struct pav_items routing;
    struct pav_name_row row;
    int64_t sum = 0;
    uint32_t i;

    pav_items_init(&routing, c->a);
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *d = &list->items[i];
        const struct pav_doc *arn = pav_doc_get(d, "stateMachineVersionArn");
        const char *text = arn == NULL ? NULL : pav_doc_str(c->a, arn);
        const char *p = text == NULL ? NULL : strstr(text, ":stateMachine:");
        const char *colon = p == NULL ? NULL : strrchr(text, ':');
        struct machine *of;
        struct pav_members r;
        int64_t number = 0;

        if (p == NULL || !is_number(colon + 1) ||
            !pav_parse_int(colon + 1, strlen(colon + 1), &number)) {
            job_fail(c->j, PAV_INVALID, "ValidationException",
                     "routingConfiguration",
                     "Routing configuration must contain version ARNs");
            return NULL;
        }
        p += strlen(":stateMachine:");
        of = machine_by_name(c->e,
                             pav_arena_strndup(c->a, p, (size_t)(colon - p)));
        if (of == NULL || (*m != NULL && of != *m)) {
            job_fail(c->j, of == NULL ? PAV_MISSING : PAV_INVALID,
                     of == NULL ? "ResourceNotFound" : "ValidationException",
                     "routingConfiguration",
                     of == NULL ? "Request references a resource that does not "
                                  "exist: '%s'"
                                : "Routing configuration must contain versions "
                                  "of one state machine: '%s'",
                     text);
            return NULL;
        }
        *m = of;
        if (!find_version(c->e, of, number, &row)) {
            job_fail(c->j, PAV_MISSING, "ResourceNotFound",
                     "routingConfiguration",
                     "Request references a resource that does not exist: '%s'",
                     text);
            return NULL;
        }
        pav_members_init(&r, c->a);
        pav_members_int(&r, "number", number);
        pav_members_int(&r, "weight", int_in(d, "weight"));
        sum += int_in(d, "weight");
        pav_items_add(&routing, pav_members_object(&r));
    }
    if (routing.count < 1 || routing.count > 2 || sum != 100) {
        job_fail(c->j, PAV_INVALID, "ValidationException",
                 "routingConfiguration",
                 "Sum of routing configuration weights must equal 100, over "
                 "one or two versions");
        return NULL;
    }
    return pav_items_array(&routing);
}

static void
store_alias(struct control *c, struct machine *m, const char *name,
            const char *description, const struct pav_doc *routing,
            int64_t created_at, int64_t updated_at)
{
    struct pav_name_row row = {
        .kind = PAV_NAME_ALIAS, .owner = m->id, .name = name};
    struct pav_members b;

    pav_members_init(&b, c->a);
    pav_members_str(&b, "description", description);
    pav_members_puts(&b, "routing", routing);
    pav_members_int(&b, "createdAt", created_at);
    pav_members_int(&b, "updatedAt", updated_at);
    row.body = printed(c, pav_members_object(&b));
    pav_store_name_put(c->e->store, &row);
}

static bool
same_text(const struct pav_doc *d, const char *text)
{
    if (d == NULL || text == NULL)
        return d == NULL && text == NULL;
    return pav_doc_is_str(d, text);
}

static void
create_alias(struct control *c)
{
    const char *name = text_of(c, "name");
    const char *description = text_of(c, "description");
    struct machine *m = NULL;
    const struct pav_doc *routing = routing_of(c, &m), *body;
    struct pav_name_row row, rows[ALIASES_MAX];
    int64_t now = pav_clock_ms(c->e->clock);

    if (routing == NULL)
        return;
    if (!pav_name_valid(name) || is_number(name)) {
        job_fail(c->j, PAV_INVALID, "InvalidName", "name", "Invalid Name: '%s'",
                 name);
        return;
    }
    if (pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, name, c->a, &row)) {
        body = body_of(c, &row);
        if (!pav_doc_equal(pav_doc_get(body, "routing"), routing) ||
            !same_text(pav_doc_get(body, "description"), description)) {
            job_fail(c->j, PAV_CONFLICT, "ConflictException", "name",
                     "The alias '%s' exists already with another configuration",
                     name);
            return;
        }
        now = int_in(body, "createdAt");
    } else if (pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "",
                               ALIASES_MAX, c->a, rows) >= ALIASES_MAX) {
        job_fail(c->j, PAV_LIMIT, "ServiceQuotaExceededException", "name",
                 "At most %d aliases of a state machine", ALIASES_MAX);
        return;
    } else {
        store_alias(c, m, name, description, routing, now, now);
    }
    pav_members_str(&c->out, "stateMachineAliasArn", qualified_arn(c, m, name));
    pav_members_date(&c->out, "creationDate", now);
}

static struct machine *
find_alias(struct control *c, const char **name, struct pav_name_row *row)
{
    struct machine *m = machine_in(c, "stateMachineAliasArn", name);

    if (m == NULL)
        return NULL;
    if (*name != NULL &&
        pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, *name, c->a, row))
        return m;
    job_fail(c->j, PAV_MISSING, "ResourceNotFound", "stateMachineAliasArn",
             "Request references a resource that does not exist: '%s'",
             text_of(c, "stateMachineAliasArn"));
    return NULL;
}

static void
update_alias(struct control *c)
{
    const char *name, *description = text_of(c, "description");
    const struct pav_doc *body, *routing;
    struct pav_name_row row;
    struct machine *m = find_alias(c, &name, &row);
    int64_t now = pav_clock_ms(c->e->clock);

    if (m == NULL)
        return;
    body = body_of(c, &row);
    routing = pav_doc_get(body, "routing");
    if (pav_doc_get(c->j->request, "routingConfiguration") != NULL)
        routing = routing_of(c, &m);
    if (routing == NULL)
        return;
    if (description == NULL && pav_doc_get(body, "description") != NULL)
        description = pav_doc_str(c->a, pav_doc_get(body, "description"));
    store_alias(c, m, name, description, routing, int_in(body, "createdAt"),
                now);
    pav_members_date(&c->out, "updateDate", now);
}

static void
describe_alias(struct control *c)
{
    const char *name;
    struct pav_name_row row;
    struct machine *m = find_alias(c, &name, &row);
    const struct pav_doc *body, *routing;
    struct pav_items list;
    uint32_t i;

    if (m == NULL)
        return;
    body = body_of(c, &row);
    routing = pav_doc_get(body, "routing");
    pav_items_init(&list, c->a);
    for (i = 0; i < routing->len; i++) {
        struct pav_members r;

        pav_members_init(&r, c->a);
        pav_members_str(
            &r, "stateMachineVersionArn",
            qualified_arn(c, m,
                          pav_arena_printf(c->a, "%lld",
                                           (long long)int_in(&routing->items[i],
                                                             "number"))));
        pav_members_int(&r, "weight", int_in(&routing->items[i], "weight"));
        pav_items_add(&list, pav_members_object(&r));
    }
    pav_members_str(&c->out, "stateMachineAliasArn", qualified_arn(c, m, name));
    pav_members_str(&c->out, "name", name);
    if (pav_doc_get(body, "description") != NULL)
        pav_members_puts(&c->out, "description",
                         pav_doc_get(body, "description"));
    pav_members_puts(&c->out, "routingConfiguration", pav_items_array(&list));
    pav_members_date(&c->out, "creationDate", int_in(body, "createdAt"));
    pav_members_date(&c->out, "updateDate", int_in(body, "updatedAt"));
}

static void
delete_alias(struct control *c)
{
    const char *name;
    struct machine *m = machine_in(c, "stateMachineAliasArn", &name);
    struct pav_name_row row;

    if (m == NULL || name == NULL)
        return;
    if (!pav_store_name(c->e->store, PAV_NAME_ALIAS, m->id, name, c->a, &row))
        job_fail(c->j, PAV_MISSING, "ResourceNotFound", "stateMachineAliasArn",
                 "Request references a resource that does not exist: '%s'",
                 text_of(c, "stateMachineAliasArn"));
    else
        pav_store_name_delete(c->e->store, PAV_NAME_ALIAS, m->id, name);
}

static void
list_aliases(struct control *c)
{
    const char *qualifier;
    struct machine *m = machine_in(c, "stateMachineArn", &qualifier);
    struct pav_name_row rows[ALIASES_MAX + 1];
    uint32_t limit = page_size(c), n, i, sent = 0;
    struct pav_items list;

    if (m == NULL)
        return;
    n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, page_start(c),
                        ALIASES_MAX + 1, c->a, rows);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && sent < limit; i++) {
        struct pav_members v;
        int64_t number = 0;

        if (qualifier != NULL &&
            (!pav_parse_int(qualifier, strlen(qualifier), &number) ||
             !alias_uses(c, &rows[i], number)))
            continue;
        pav_members_init(&v, c->a);
        pav_members_str(&v, "stateMachineAliasArn",
                        qualified_arn(c, m, rows[i].name));
        pav_members_date(&v, "creationDate",
                         int_in(body_of(c, &rows[i]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
        sent++;
    }
    pav_members_puts(&c->out, "stateMachineAliases", pav_items_array(&list));
    if (i < n)
        page_next(c, rows[i - 1].name);
}

/* ---- activities ---- */

static const char *
activity_arn(struct control *c, const char *name)
{
    return pav_arena_printf(c->a, "arn:aws:states:%s:%s:activity:%s",
                            c->e->config.region, c->e->config.account, name);
}

static void
create_activity(struct control *c)
{
    const char *name = text_of(c, "name");
    struct pav_name_row row = {.kind = PAV_NAME_ACTIVITY, .name = name};
    struct pav_name_row there;
    struct pav_members b;
    int64_t now = pav_clock_ms(c->e->clock);

    if (!pav_name_valid(name)) {
        job_fail(c->j, PAV_INVALID, "InvalidName", "name", "Invalid Name: '%s'",
                 name);
        return;
    }
    if (pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0, name, c->a, &there)) {
        now = int_in(body_of(c, &there), "createdAt");
    } else {
        pav_members_init(&b, c->a);
        pav_members_int(&b, "createdAt", now);
        row.body = printed(c, pav_members_object(&b));
        pav_store_name_put(c->e->store, &row);
        if (!tags_put(c, activity_arn(c, name),
                      pav_doc_get(c->j->request, "tags")))
            return;
    }
    pav_members_str(&c->out, "activityArn", activity_arn(c, name));
    pav_members_date(&c->out, "creationDate", now);
}

static const char *
activity_name(struct control *c)
{
    const char *arn = text_of(c, "activityArn");
    const char *p = arn == NULL ? NULL : strstr(arn, ":activity:");

    if (p != NULL && strncmp(arn, "arn:", 4) == 0)
        return p + strlen(":activity:");
    job_fail(c->j, PAV_INVALID, "InvalidArn", "activityArn",
             "Invalid Arn: '%s'", arn == NULL ? "" : arn);
    return NULL;
}

static void
describe_activity(struct control *c)
{
    const char *name = activity_name(c);
    struct pav_name_row row;

    if (name == NULL)
        return;
    if (!pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0, name, c->a, &row)) {
        job_fail(c->j, PAV_MISSING, "ActivityDoesNotExist", "activityArn",
                 "Activity Does Not Exist: '%s'", activity_arn(c, name));
        return;
    }
    pav_members_str(&c->out, "activityArn", activity_arn(c, name));
    pav_members_str(&c->out, "name", name);
    pav_members_date(&c->out, "creationDate",
                     int_in(body_of(c, &row), "createdAt"));
}

static void
delete_activity(struct control *c)
{
    const char *name = activity_name(c);

    if (name == NULL)
        return;
    pav_store_name_delete(c->e->store, PAV_NAME_ACTIVITY, 0, name);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, activity_arn(c, name));
}

static void
list_activities(struct control *c)
{
    uint32_t limit = page_size(c), n, i;
    struct pav_name_row *rows =
        pav_arena_alloc(c->a, (limit + 1) * sizeof(*rows));
    struct pav_items list;

    n = pav_store_names(c->e->store, PAV_NAME_ACTIVITY, 0, page_start(c),
                        limit + 1, c->a, rows);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && i < limit; i++) {
        struct pav_members v;

        pav_members_init(&v, c->a);
        pav_members_str(&v, "activityArn", activity_arn(c, rows[i].name));
        pav_members_str(&v, "name", rows[i].name);
        pav_members_date(&v, "creationDate",
                         int_in(body_of(c, &rows[i]), "createdAt"));
        pav_items_add(&list, pav_members_object(&v));
    }
    pav_members_puts(&c->out, "activities", pav_items_array(&list));
    if (n > limit)
        page_next(c, rows[limit - 1].name);
}

/* ---- tags ---- */

static bool
tags_put(struct control *c, const char *arn, const struct pav_doc *tags)
{
    struct pav_name_row row = {.kind = PAV_NAME_TAGS, .name = arn}, there;
    struct pav_members all;
    uint32_t i;

    if (tags == NULL || tags->len == 0)
        return true;
    pav_members_init(&all, c->a);
    if (pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &there)) {
        const struct pav_doc *old = body_of(c, &there);

        for (i = 0; i < old->len; i++)
            pav_members_add(&all, old->members[i].key, old->members[i].len,
                            &old->members[i].value);
    }
    for (i = 0; i < tags->len; i++) {
        const struct pav_doc *key = pav_doc_get(&tags->items[i], "key");
        const struct pav_doc *value = pav_doc_get(&tags->items[i], "value");

        if (key != NULL && key->kind == PAV_STRING)
            pav_members_put(&all, key->text, key->len,
                            value == NULL ? pav_doc_new_str(c->a, "", 0)
                                          : value);
    }
    if (all.count > TAGS_MAX) {
        job_fail(c->j, PAV_LIMIT, "TooManyTags", "tags",
                 "A resource has at most %d tags", TAGS_MAX);
        return false;
    }
    row.body = printed(c, pav_members_object(&all));
    pav_store_name_put(c->e->store, &row);
    return true;
}

/* A machine or an activity that is there. */
static const char *
tagged(struct control *c)
{
    const char *arn = text_of(c, "resourceArn"), *p;
    struct pav_name_row row;

    if (arn == NULL || strncmp(arn, "arn:", 4) != 0 ||
        strstr(arn, ":states:") == NULL) {
        job_fail(c->j, PAV_INVALID, "InvalidArn", "resourceArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return NULL;
    }
    p = strstr(arn, ":stateMachine:");
    if (p != NULL &&
        machine_by_name(c->e, p + strlen(":stateMachine:")) != NULL)
        return arn;
    p = strstr(arn, ":activity:");
    if (p != NULL && pav_store_name(c->e->store, PAV_NAME_ACTIVITY, 0,
                                    p + strlen(":activity:"), c->a, &row))
        return arn;
    job_fail(c->j, PAV_MISSING, "ResourceNotFound", "resourceArn",
             "Resource not found: '%s'", arn);
    return NULL;
}

static void
tag_resource(struct control *c)
{
    const char *arn = tagged(c);

    if (arn != NULL)
        (void)tags_put(c, arn, pav_doc_get(c->j->request, "tags"));
}

static void
untag_resource(struct control *c)
{
    const struct pav_doc *keys = pav_doc_get(c->j->request, "tagKeys"), *old;
    const char *arn = tagged(c);
    struct pav_name_row row;
    struct pav_members left;
    uint32_t i, k;

    if (arn == NULL ||
        !pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &row))
        return;
    old = body_of(c, &row);
    pav_members_init(&left, c->a);
    for (i = 0; i < old->len; i++) {
        for (k = 0; keys != NULL && k < keys->len; k++)
            if (keys->items[k].kind == PAV_STRING &&
                keys->items[k].len == old->members[i].len &&
                memcmp(keys->items[k].text, old->members[i].key,
                       old->members[i].len) == 0)
                break;
        if (keys == NULL || k == keys->len)
            pav_members_add(&left, old->members[i].key, old->members[i].len,
                            &old->members[i].value);
    }
    row.body = printed(c, pav_members_object(&left));
    pav_store_name_put(c->e->store, &row);
}

static void
list_tags(struct control *c)
{
    const char *arn = tagged(c);
    const struct pav_doc *all = &pav_doc_empty_object;
    struct pav_name_row row;
    struct pav_items list;
    uint32_t i;

    if (arn == NULL)
        return;
    if (pav_store_name(c->e->store, PAV_NAME_TAGS, 0, arn, c->a, &row))
        all = body_of(c, &row);
    pav_items_init(&list, c->a);
    for (i = 0; i < all->len; i++) {
        struct pav_members t;

        pav_members_init(&t, c->a);
        pav_members_puts(
            &t, "key",
            pav_doc_new_str(c->a, all->members[i].key, all->members[i].len));
        pav_members_puts(&t, "value", &all->members[i].value);
        pav_items_add(&list, pav_members_object(&t));
    }
    pav_members_puts(&c->out, "tags", pav_items_array(&list));
}

/* ---- map runs ---- */

static bool
find_run(struct control *c, struct pav_run_row *run)
{
    const char *arn = text_of(c, "mapRunArn");

    if (arn == NULL || strstr(arn, ":mapRun:") == NULL) {
        job_fail(c->j, PAV_INVALID, "InvalidArn", "mapRunArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return false;
    }
    if (pav_store_run_by_arn(c->e->store, arn, c->a, run))
        return true;
    job_fail(c->j, PAV_MISSING, "ResourceNotFound", "mapRunArn",
             "Resource not found: '%s'", arn);
    return false;
}

static const struct pav_doc *
run_counts(struct control *c, const struct pav_run_row *run, bool executions)
{
    struct pav_members m;
    int64_t ended = run->counts[PAV_ITEM_SUCCEEDED];

    pav_members_init(&m, c->a);
    pav_members_int(&m, "pending", run->counts[PAV_ITEM_PENDING]);
    pav_members_int(&m, "running", run->counts[PAV_ITEM_RUNNING]);
    pav_members_int(&m, "succeeded", ended);
    pav_members_int(&m, "failed", run->counts[PAV_ITEM_FAILED]);
    pav_members_int(&m, "timedOut", run->counts[PAV_ITEM_TIMED_OUT]);
    pav_members_int(&m, "aborted", run->counts[PAV_ITEM_ABORTED]);
    pav_members_int(&m, "total", run->total < 0 ? 0 : run->total);
    pav_members_int(&m, "resultsWritten",
                    executions || run->status != PAV_SUCCEEDED ? 0 : ended);
    pav_members_int(&m, "failuresNotRedrivable", 0);
    pav_members_int(&m, "pendingRedrive", 0);
    return pav_members_object(&m);
}

static void
put_execution_arn(struct control *c, struct pav_members *m,
                  const struct pav_run_row *run)
{
    struct execution x = {0};

    if (!pav_store_execution(c->e->store, run->execution_id, c->a, &x.row))
        return;
    x.version = version_get(c->e, x.row.version_id);
    (void)pav_store_note(c->e->store, x.row.id, c->a, &x.note);
    if (x.version == NULL)
        return;
    pav_members_str(m, "executionArn", execution_arn(c->e, &x));
    pav_members_str(m, "stateMachineArn", x.version->machine->arn);
}

static void
describe_run(struct control *c)
{
    struct pav_run_row run;
    struct pav_members m;
    struct pav_doc *share = pav_arena_zalloc(c->a, sizeof(*share));

    if (!find_run(c, &run))
        return;
    pav_members_init(&m, c->a);
    put_execution_arn(c, &m, &run);
    pav_members_str(&c->out, "mapRunArn", run.arn);
    if (m.count > 0)
        pav_members_puts(&c->out, "executionArn", &m.v[0].value);
    pav_members_str(&c->out, "status",
                    pav_status_name((enum pav_status)run.status));
    pav_members_date(&c->out, "startDate", run.started_at);
    if (run.stopped_at != 0)
        pav_members_date(&c->out, "stopDate", run.stopped_at);
    pav_members_int(&c->out, "maxConcurrency", run.max_concurrency);
    pav_members_puts(&c->out, "toleratedFailurePercentage",
                     pav_doc_new_double(c->a, run.tolerated_percentage < 0
                                                  ? 0
                                                  : run.tolerated_percentage));
    pav_members_int(&c->out, "toleratedFailureCount",
                    run.tolerated_count < 0 ? 0 : run.tolerated_count);
    pav_members_puts(&c->out, "itemCounts", run_counts(c, &run, false));
    pav_members_puts(&c->out, "executionCounts", run_counts(c, &run, true));
    pav_members_int(&c->out, "redriveCount", run.redrive_count);
}

/* "...:execution:MACHINE[/LABEL]:NAME" */
static bool
find_execution(struct control *c, struct pav_execution_row *row)
{
    const char *arn = text_of(c, "executionArn"), *p, *colon;
    struct machine *m;

    p = arn == NULL ? NULL : strstr(arn, ":execution:");
    colon = p == NULL ? NULL : strchr(p + strlen(":execution:"), ':');
    if (colon == NULL) {
        job_fail(c->j, PAV_INVALID, "InvalidArn", "executionArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return false;
    }
    p += strlen(":execution:");
    m = machine_by_name(c->e, pav_arena_strndup(c->a, p, strcspn(p, ":/")));
    if (m != NULL &&
        pav_store_execution_named(c->e->store, m->id, colon + 1, c->a, row))
        return true;
    job_fail(c->j, PAV_MISSING, "ExecutionDoesNotExist", "executionArn",
             "Execution Does Not Exist: '%s'", arn);
    return false;
}

static void
list_runs(struct control *c)
{
    uint32_t limit = page_size(c), n, i;
    struct pav_run_row *runs =
        pav_arena_alloc(c->a, (limit + 1) * sizeof(*runs));
    struct pav_execution_row row;
    struct pav_items list;
    const char *start = page_start(c);
    int64_t after = 0;

    if (start == NULL || !find_execution(c, &row))
        return;
    if (*start != '\0' && !pav_parse_int(start, strlen(start), &after)) {
        job_fail(c->j, PAV_INVALID, "InvalidToken", "nextToken",
                 "Invalid Token: 'Invalid token'");
        return;
    }
    n = pav_store_runs_of(c->e->store, row.id, after, limit + 1, c->a, runs);
    pav_items_init(&list, c->a);
    for (i = 0; i < n && i < limit; i++) {
        struct pav_members v;

        pav_members_init(&v, c->a);
        put_execution_arn(c, &v, &runs[i]);
        pav_members_str(&v, "mapRunArn", runs[i].arn);
        pav_members_date(&v, "startDate", runs[i].started_at);
        if (runs[i].stopped_at != 0)
            pav_members_date(&v, "stopDate", runs[i].stopped_at);
        pav_items_add(&list, pav_members_object(&v));
    }
    pav_members_puts(&c->out, "mapRuns", pav_items_array(&list));
    if (n > limit)
        pav_members_str(
            &c->out, "nextToken",
            pav_arena_printf(c->a, "%lld", (long long)runs[limit - 1].id));
}

static void
update_run(struct control *c)
{
    const struct pav_doc *request = c->j->request;
    struct pav_run_row run;

    if (!find_run(c, &run))
        return;
    if (pav_doc_get(request, "maxConcurrency") != NULL)
        run.max_concurrency = int_in(request, "maxConcurrency");
    if (pav_doc_get(request, "toleratedFailureCount") != NULL)
        run.tolerated_count = int_in(request, "toleratedFailureCount");
    if (pav_doc_get(request, "toleratedFailurePercentage") != NULL)
        run.tolerated_percentage =
            pav_doc_double(pav_doc_get(request, "toleratedFailurePercentage"));
    pav_store_run_update(c->e->store, &run);
    work_add(c->e, WORK_RUN, run.id, 0);
}

/* ---- deleting a machine ---- */

static void
delete_machine(struct control *c)
{
    const char *arn = text_of(c, "stateMachineArn");
    const char *p = arn == NULL ? NULL : strstr(arn, ":stateMachine:");
    struct pav_name_row rows[100];
    struct machine *m;
    uint32_t n;

    if (p == NULL || strncmp(arn, "arn:", 4) != 0) {
        job_fail(c->j, PAV_INVALID, "InvalidArn", "stateMachineArn",
                 "Invalid Arn: '%s'", arn == NULL ? "" : arn);
        return;
    }
    m = machine_by_name(c->e, p + strlen(":stateMachine:"));
    if (m == NULL) /* gone already: fine */
        return;
    if (m->by_folder && m->active) {
        job_fail(c->j, PAV_CONFLICT, "ValidationException", "stateMachineArn",
                 "State machine '%s' belongs to a folder: remove the folder "
                 "instead",
                 m->name);
        return;
    }
    do {
        n = pav_store_names(c->e->store, PAV_NAME_ALIAS, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_ALIAS, m->id,
                                  rows[--n].name);
        n = pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 100, c->a,
                            rows);
        while (n > 0)
            pav_store_name_delete(c->e->store, PAV_NAME_VERSION, m->id,
                                  rows[--n].name);
    } while (pav_store_names(c->e->store, PAV_NAME_VERSION, m->id, "", 1, c->a,
                             rows) > 0);
    pav_store_name_delete(c->e->store, PAV_NAME_TAGS, 0, m->arn);
    c->j->row.id = m->id;
    pav_store_machine_rename(
        c->e->store, m->id,
        pav_arena_printf(c->a, "%s~%lld", m->name, (long long)m->id));
}

/* ---- the table ---- */

static const struct {
    const char *action;
    void (*run)(struct control *c);
} actions[] = {
    {"PublishStateMachineVersion", publish_version},
    {"DeleteStateMachineVersion", delete_version},
    {"ListStateMachineVersions", list_versions},
    {"CreateStateMachineAlias", create_alias},
    {"UpdateStateMachineAlias", update_alias},
    {"DescribeStateMachineAlias", describe_alias},
    {"DeleteStateMachineAlias", delete_alias},
    {"ListStateMachineAliases", list_aliases},
    {"CreateActivity", create_activity},
    {"DescribeActivity", describe_activity},
    {"DeleteActivity", delete_activity},
    {"ListActivities", list_activities},
    {"TagResource", tag_resource},
    {"UntagResource", untag_resource},
    {"ListTagsForResource", list_tags},
    {"DescribeMapRun", describe_run},
    {"ListMapRuns", list_runs},
    {"UpdateMapRun", update_run},
    {"DeleteStateMachine", delete_machine},
};

void
control_run(struct pav_engine *e, struct pav_job *j)
{
    struct control c = {.e = e, .j = j, .a = &e->arena};
    size_t i;

    pav_members_init(&c.out, c.a);
    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].action, j->action) == 0)
            actions[i].run(&c);
    if (j->rc == PAV_OK) {
        pav_buf_init(&j->answer, SIZE_MAX / 2);
        pav_doc_print(pav_members_object(&c.out), &j->answer);
    }
}

void
control_swap(struct pav_engine *e, struct pav_job *j)
{
    if (j->row.id == 0 || j->rc != PAV_OK)
        return;
    registry_forget(e, j->row.id);
    work_add(e, WORK_DELETE, j->row.id, 0);
}
