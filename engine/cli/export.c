/* pavane export: a bus.json out of what a running daemon has. */
#include <stdio.h>
#include <string.h>

#include "pavane/arn.h"
#include "cli.h"

static const struct pav_setting settings[] = {SETTINGS_REMOTE, SETTING_HELP};

struct export
{
    const struct pav_settings *s;
    struct pav_arena a;
    const char *here; /* ":REGION:ACCOUNT:" of the daemon */
    struct pav_members out;
    int code; /* not 0: it cannot go on */
};

/* ---- asking ---- */

/* NULL after a failure. */
static const struct pav_doc *
ask(struct export *x, const char *action, const struct pav_doc *request,
    const char *key)
{
    const char *text = pav_doc_text(&x->a, request);
    const struct pav_doc *answer;

    if (x->code == 0)
        x->code = cli_ask_action(
            "export", x->s, action, (struct pav_bytes){text, strlen(text)},
            (struct cli_shape){key, PAV_ARRAY}, &x->a, &answer);
    return x->code == 0 ? answer : NULL;
}

static const struct pav_doc *
one_field(struct export *x, const char *key, const struct pav_doc *value)
{
    struct pav_members m;

    pav_members_init(&m, &x->a);
    pav_members_puts(&m, key, value);
    return pav_members_object(&m);
}

/* All pages of a list. */
static struct pav_items
list(struct export *x, const char *action, const char *key,
     const struct pav_doc *request)
{
    struct pav_items all;
    const struct pav_doc *page;
    uint32_t i;

    pav_items_init(&all, &x->a);
    while ((page = ask(x, action, request, key)) != NULL) {
        const struct pav_doc *v = pav_doc_get(page, key);
        const struct pav_doc *next = pav_doc_get(page, "NextToken");

        for (i = 0; i < v->len; i++)
            pav_items_add(&all, &v->items[i]);
        if (next == NULL || next->kind != PAV_STRING)
            break;
        request =
            pav_doc_merge(&x->a, request, one_field(x, "NextToken", next));
    }
    return all;
}

/* What an action answers about one thing; {} after a failure. */
static const struct pav_doc *
describe(struct export *x, const char *action, const char *key,
         const struct pav_doc *name, const char *shown)
{
    const char *text = pav_doc_text(&x->a, one_field(x, key, name));
    const struct pav_doc *answer = &pav_doc_empty_object;

    if (x->code == 0)
        x->code = cli_ask_action(
            "export", x->s, action, (struct pav_bytes){text, strlen(text)},
            (struct cli_shape){shown, PAV_STRING}, &x->a, &answer);
    return answer;
}

/* ---- in the words of bus.json ---- */

static void
copy(struct pav_members *m, const struct pav_doc *from, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (pav_doc_get(from, *keys) != NULL)
            pav_members_puts(m, *keys, pav_doc_get(from, *keys));
}

/* JSON that the API has in a text. */
static void
put_json(struct export *x, struct pav_members *m, const struct pav_doc *from,
         const char *key)
{
    static const struct pav_doc_opts keep = {PAV_DUP_KEEP, 0, 0};
    const struct pav_doc *text = pav_doc_get(from, key), *json;

    if (text == NULL)
        return;
    if (text->kind == PAV_STRING && pav_doc_parse(&x->a, text->text, text->len,
                                                  &keep, &json, NULL) == PAV_OK)
        text = json;
    pav_members_puts(m, key, text);
}

/* "events:us-east-1:000000000000:event-bus/x" is the bus x, when it is here. */
static bool
put_named(struct export *x, struct pav_members *m, const char *arn)
{
    static const struct {
        const char *key, *service, *kind; /* kind "": all of the resource */
    } rows[] = {{"machine", "states", "stateMachine"},
                {"resume", "pavane", "resume"},
                {"function", "lambda", "function"},
                {"log", "logs", "log-group"},
                {"bus", "events", "event-bus"},
                {"destination", "events", "api-destination"},
                {"topic", "sns", ""},
                {"queue", "sqs", ""}};
    size_t i;

    if (arn == NULL || strstr(arn, x->here) == NULL)
        return false;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name =
            *rows[i].kind == '\0'
                ? pav_arn_resource(arn, rows[i].service)
                : pav_arn_name(arn, rows[i].service, rows[i].kind);
        size_t len;

        if (name == NULL)
            continue;
        len = strcmp(rows[i].key, "destination") == 0 ? strcspn(name, "/")
                                                      : strlen(name);
        pav_members_puts(m, rows[i].key, pav_doc_new_str(&x->a, name, len));
        return true;
    }
    return false;
}

static const struct pav_doc *
target_of(struct export *x, const struct pav_doc *d)
{
    const char *arn = pav_doc_member_str(&x->a, d, "Arn");
    struct pav_members m;
    uint32_t i;

    pav_members_init(&m, &x->a);
    if (!put_named(x, &m, arn))
        pav_members_str(&m, "Arn", arn);
    for (i = 0; i < d->len; i++) {
        const struct pav_member *f = &d->members[i];

        if (f->len == 3 && memcmp(f->key, "Arn", 3) == 0)
            continue;
        if (f->len == 5 && memcmp(f->key, "Input", 5) == 0)
            put_json(x, &m, d, "Input");
        else
            pav_members_add(&m, f->key, f->len, &f->value);
    }
    return pav_members_object(&m);
}

/* By name; as a list when two have the same, on two buses. */
static void
put_section(struct export *x, const char *section, const char *key,
            const struct pav_items *things)
{
    struct pav_members by_name;
    struct pav_items copy_of = *things;
    uint32_t i, k;

    if (things->count == 0 || x->code != 0)
        return;
    pav_members_init(&by_name, &x->a);
    for (i = 0; key != NULL && i < things->count; i++) {
        const struct pav_doc *d = &things->v[i], *name = pav_doc_get(d, key);
        struct pav_members rest;

        pav_members_init(&rest, &x->a);
        for (k = 0; k < d->len; k++)
            if (&d->members[k].value != name)
                pav_members_add(&rest, d->members[k].key, d->members[k].len,
                                &d->members[k].value);
        pav_members_put(&by_name, pav_doc_str(&x->a, name), name->len,
                        pav_members_object(&rest));
    }
    if (key != NULL && by_name.count == things->count)
        pav_members_puts(&x->out, section, pav_members_object(&by_name));
    else
        pav_members_puts(&x->out, section, pav_items_array(&copy_of));
}

/* ---- sections ---- */

static void
put_bus_name(struct export *x, struct pav_members *m, const struct pav_doc *bus)
{
    (void)x;
    if (!pav_doc_is_str(bus, "default"))
        pav_members_puts(m, "EventBusName", bus);
}

/* Who may put events: a statement of PutPermission. */
static void
add_permissions(struct export *x, const struct pav_doc *bus,
                struct pav_items *out)
{
    const struct pav_doc *text = pav_doc_get(bus, "Policy"), *policy, *list;
    uint32_t i;

    if (text == NULL || text->kind != PAV_STRING ||
        pav_doc_parse(&x->a, text->text, text->len, NULL, &policy, NULL) !=
            PAV_OK)
        return;
    list = pav_doc_get(policy, "Statement");
    for (i = 0; list != NULL && i < list->len; i++) {
        const struct pav_doc *who = pav_doc_get(&list->items[i], "Principal");
        const char *arn = pav_doc_member_str(&x->a, who, "AWS");
        struct pav_members m;

        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "StatementId",
                         pav_doc_get(&list->items[i], "Sid"));
        pav_members_puts(&m, "EventBusName", pav_doc_get(bus, "Name"));
        pav_members_str(&m, "Principal",
                        arn == NULL || strlen(arn) < 25
                            ? "*"
                            : pav_arena_strndup(&x->a, arn + 13, 12));
        pav_members_str(&m, "Action", "events:PutEvents");
        pav_items_add(out, pav_members_object(&m));
    }
}

static void
add_rules(struct export *x, const struct pav_doc *bus, struct pav_items *out)
{
    const struct pav_doc *on =
        one_field(x, "EventBusName", pav_doc_get(bus, "Name"));
    struct pav_items rules = list(x, "AWSEvents.ListRules", "Rules", on);
    uint32_t i, k;

    for (i = 0; i < rules.count; i++) {
        const struct pav_doc *r = &rules.v[i];
        struct pav_items targets,
            there = list(
                x, "AWSEvents.ListTargetsByRule", "Targets",
                pav_doc_merge(&x->a, on,
                              one_field(x, "Rule", pav_doc_get(r, "Name"))));
        struct pav_members m;

        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "Name", pav_doc_get(r, "Name"));
        put_bus_name(x, &m, pav_doc_get(bus, "Name"));
        copy(&m, r,
             (const char *const[]){"Description", "ScheduleExpression",
                                   "RoleArn", NULL});
        if (!pav_doc_is_str(pav_doc_get(r, "State"), "ENABLED"))
            pav_members_puts(&m, "State", pav_doc_get(r, "State"));
        put_json(x, &m, r, "EventPattern");
        pav_items_init(&targets, &x->a);
        for (k = 0; k < there.count; k++)
            pav_items_add(&targets, target_of(x, &there.v[k]));
        pav_members_puts(&m, "Targets", pav_items_array(&targets));
        pav_items_add(out, pav_members_object(&m));
    }
}

static void
export_buses(struct export *x)
{
    struct pav_items all = list(x, "AWSEvents.ListEventBuses", "EventBuses",
                                &pav_doc_empty_object);
    struct pav_items buses, permissions, rules;
    uint32_t i;

    pav_items_init(&buses, &x->a);
    pav_items_init(&permissions, &x->a);
    pav_items_init(&rules, &x->a);
    for (i = 0; i < all.count; i++) {
        struct pav_members m;
        const char *arn = pav_doc_member_str(&x->a, &all.v[i], "Arn");

        if (i == 0 && arn != NULL) { /* arn:aws:events:REGION:ACCOUNT:... */
            const char *from = arn + strlen("arn:aws:events");
            const char *end = strstr(from, ":event-bus/");

            x->here =
                end == NULL
                    ? ":"
                    : pav_arena_printf(&x->a, "%.*s:", (int)(end - from), from);
        }
        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "Name", pav_doc_get(&all.v[i], "Name"));
        copy(&m, &all.v[i],
             (const char *const[]){"Description", "DeadLetterConfig", NULL});
        if (!pav_doc_is_str(pav_doc_get(&all.v[i], "Name"), "default"))
            pav_items_add(&buses, pav_members_object(&m));
        add_permissions(x, &all.v[i], &permissions);
        add_rules(x, &all.v[i], &rules);
    }
    put_section(x, "buses", "Name", &buses);
    put_section(x, "permissions", "StatementId", &permissions);
    put_section(x, "rules", "Name", &rules);
}

/* A secret is told by nobody: the environment has it, under this name. */
static const struct pav_doc *
secret_of(struct export *x, const struct pav_doc *name)
{
    char *env = pav_arena_printf(&x->a, "PAVANE_%s_SECRET",
                                 pav_doc_str(&x->a, name)),
         *p;

    for (p = env; *p != '\0'; p++)
        *p = *p >= 'a' && *p <= 'z'                                 ? *p - 32
             : (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ? *p
                                                                    : '_';
    return one_field(x, "env", pav_doc_new_cstr(&x->a, env));
}

static const struct pav_doc *
with_secret(struct export *x, const struct pav_doc *auth,
            const struct pav_doc *name)
{
    static const char *const secrets[][2] = {
        {"BasicAuthParameters", "Password"},
        {"ApiKeyAuthParameters", "ApiKeyValue"}};
    size_t i;

    for (i = 0; i < 2; i++) {
        const struct pav_doc *d = pav_doc_get(auth, secrets[i][0]);

        if (d != NULL)
            auth = pav_doc_merge(
                &x->a, auth,
                one_field(x, secrets[i][0],
                          pav_doc_merge(&x->a, d,
                                        one_field(x, secrets[i][1],
                                                  secret_of(x, name)))));
    }
    return auth;
}

static void
export_connections(struct export *x)
{
    struct pav_items all = list(x, "AWSEvents.ListConnections", "Connections",
                                &pav_doc_empty_object);
    struct pav_items out;
    uint32_t i;

    pav_items_init(&out, &x->a);
    for (i = 0; i < all.count; i++) {
        const struct pav_doc *name = pav_doc_get(&all.v[i], "Name");
        const struct pav_doc *d = describe(x, "AWSEvents.DescribeConnection",
                                           "Name", name, "ConnectionArn");
        struct pav_members m;

        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "Name", name);
        copy(&m, d,
             (const char *const[]){"Description", "AuthorizationType", NULL});
        if (pav_doc_get(d, "AuthParameters") != NULL)
            pav_members_puts(
                &m, "AuthParameters",
                with_secret(x, pav_doc_get(d, "AuthParameters"), name));
        pav_items_add(&out, pav_members_object(&m));
    }
    put_section(x, "connections", "Name", &out);
}

static void
export_destinations(struct export *x)
{
    struct pav_items all = list(x, "AWSEvents.ListApiDestinations",
                                "ApiDestinations", &pav_doc_empty_object);
    struct pav_items out;
    uint32_t i;

    pav_items_init(&out, &x->a);
    for (i = 0; i < all.count; i++) {
        const char *connection =
            pav_arn_name(pav_doc_member_str(&x->a, &all.v[i], "ConnectionArn"),
                         "events", "connection");
        struct pav_members m;

        pav_members_init(&m, &x->a);
        copy(&m, &all.v[i],
             (const char *const[]){"Name", "InvocationEndpoint", "HttpMethod",
                                   "InvocationRateLimitPerSecond", NULL});
        if (connection != NULL)
            pav_members_puts(
                &m, "Connection",
                pav_doc_new_str(&x->a, connection, strcspn(connection, "/")));
        pav_items_add(&out, pav_members_object(&m));
    }
    put_section(x, "apiDestinations", "Name", &out);
}

static void
export_archives(struct export *x)
{
    struct pav_items all =
        list(x, "AWSEvents.ListArchives", "Archives", &pav_doc_empty_object);
    struct pav_items out;
    uint32_t i;

    pav_items_init(&out, &x->a);
    for (i = 0; i < all.count; i++) {
        const struct pav_doc *name = pav_doc_get(&all.v[i], "ArchiveName");
        const struct pav_doc *d = describe(x, "AWSEvents.DescribeArchive",
                                           "ArchiveName", name, "ArchiveArn");
        const char *bus =
            pav_arn_name(pav_doc_member_str(&x->a, d, "EventSourceArn"),
                         "events", "event-bus");
        struct pav_members m;

        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "ArchiveName", name);
        if (bus != NULL)
            put_bus_name(x, &m, pav_doc_new_cstr(&x->a, bus));
        copy(&m, d,
             (const char *const[]){"Description", "RetentionDays", NULL});
        put_json(x, &m, d, "EventPattern");
        pav_items_add(&out, pav_members_object(&m));
    }
    put_section(x, "archives", "ArchiveName", &out);
}

static void
export_schemas(struct export *x)
{
    struct pav_items all =
        list(x, "Pavane.ListSchemas", "Schemas", &pav_doc_empty_object);

    put_section(x, "schemas", NULL, &all);
}

/* ---- EventBridge Scheduler's API is REST ---- */

static struct pav_items
rest(struct export *x, const char *path, const char *key)
{
    const char *next = "";
    struct pav_items all;
    uint32_t i;

    pav_items_init(&all, &x->a);
    while (x->code == 0) {
        const struct pav_doc *page, *v;

        x->code =
            cli_ask("export", x->s,
                    pav_arena_printf(&x->a, "%s?MaxResults=100%s%s", path,
                                     *next == '\0' ? "" : "&NextToken=", next),
                    (struct cli_shape){key, PAV_ARRAY}, &x->a, &page);
        if (x->code != 0)
            break;
        v = pav_doc_get(page, key);
        for (i = 0; i < v->len; i++)
            pav_items_add(&all, &v->items[i]);
        next = cli_text(&x->a, page, "NextToken");
        if (*next == '\0')
            break;
    }
    return all;
}

static void
export_schedules(struct export *x)
{
    struct pav_items groups = rest(x, "/schedule-groups", "ScheduleGroups");
    struct pav_items all = rest(x, "/schedules", "Schedules"), out;
    uint32_t i;

    pav_items_init(&out, &x->a);
    for (i = 0; i < groups.count; i++)
        if (!pav_doc_is_str(pav_doc_get(&groups.v[i], "Name"), "default"))
            pav_items_add(
                &out, one_field(x, "Name", pav_doc_get(&groups.v[i], "Name")));
    put_section(x, "scheduleGroups", "Name", &out);
    pav_items_init(&out, &x->a);
    for (i = 0; x->code == 0 && i < all.count; i++) {
        const struct pav_doc *name = pav_doc_get(&all.v[i], "Name"), *d;
        const struct pav_doc *group = pav_doc_get(&all.v[i], "GroupName");
        struct pav_members m;

        x->code = cli_ask("export", x->s,
                          pav_arena_printf(&x->a, "/schedules/%s?groupName=%s",
                                           pav_doc_str(&x->a, name),
                                           pav_doc_str(&x->a, group)),
                          (struct cli_shape){"Target", PAV_OBJECT}, &x->a, &d);
        if (x->code != 0)
            return;
        pav_members_init(&m, &x->a);
        pav_members_puts(&m, "Name", name);
        if (!pav_doc_is_str(group, "default"))
            pav_members_puts(&m, "GroupName", group);
        copy(&m, d,
             (const char *const[]){"ScheduleExpression",
                                   "ScheduleExpressionTimezone", "Description",
                                   "StartDate", "EndDate", "FlexibleTimeWindow",
                                   "ActionAfterCompletion", NULL});
        if (!pav_doc_is_str(pav_doc_get(d, "State"), "ENABLED"))
            pav_members_puts(&m, "State", pav_doc_get(d, "State"));
        pav_members_puts(&m, "Target", target_of(x, pav_doc_get(d, "Target")));
        pav_items_add(&out, pav_members_object(&m));
    }
    put_section(x, "schedules", "Name", &out);
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    struct export x = {.s = s, .here = ":"};

    if (argc > 0)
        return cli_usage(&export_command, argv[0]);
    pav_arena_init(&x.a, 1 << 16);
    pav_members_init(&x.out, &x.a);
    export_buses(&x);
    export_connections(&x);
    export_destinations(&x);
    export_schemas(&x);
    export_archives(&x);
    export_schedules(&x);
    if (x.code == 0)
        cli_print_json(pav_members_object(&x.out));
    pav_arena_fini(&x.a);
    return x.code;
}

const struct command export_command = {
    .name = "export",
    .arguments = "[--url URL]",
    .summary = "write a bus.json out of what a running daemon has",
    .text = "Secrets of connections are told by nobody: they become "
            "{\"env\": \"PAVANE_NAME_SECRET\"}.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
