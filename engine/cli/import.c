/*
 * pavane import --cloudformation TEMPLATE DIR: machine folders out of a
 * CloudFormation template.
 *
 *   AWS::StepFunctions::StateMachine -> DIR/LOGICAL_ID/machine.asl.json, the
 *     definition untouched but for resolved references (Ref and Fn::GetAtt
 *     give logical names, AWS::Partition "aws").
 *   AWS::Events::Rule -> rules.  A target whose transformed input names a
 *     state machine, an execution name and an input is a start rule of that
 *     machine; a rule whose target names none is a resume rule, owned by the
 *     machine whose start rule has the same source, and handed on over the
 *     shared token table.
 *
 *   AWS::Serverless::StateMachine -> the same; its events with a pattern are
 *     start rules.  Its Definition, or the file of its DefinitionUri, has
 *     DefinitionSubstitutions put in.
 *   All else of EventBridge and its Scheduler -> DIR/bus/bus.json.
 *
 * The template is JSON or YAML.  The correlation id of a start rule is what its
 * execution name is filled with; of a resume rule, its `entityId`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/file.h"
#include "pavane/machine.h"
#include "cli.h"
#include "import_bus.h"
#include "yaml_doc.h"

#define TEMPLATE_MAX (16u << 20)
#define MAX_RULES    10000

static const struct pav_setting settings[] = {
    {"cloudformation", PAV_SET_TEXT, "TEMPLATE", NULL, 0, 0,
     "the template to read, as JSON or YAML"},
    {"force", PAV_SET_FLAG, NULL, NULL, 0, 0,
     "write over rules that were "
     "changed by hand"},
    SETTING_JSON,
    SETTING_HELP};

struct rule;

struct import {
    struct pav_arena arena;
    const struct pav_doc *resources;
    const char *dir, *path;
    struct rule *all; /* those of machines */
    uint32_t rule_count;
    bool force;
    unsigned written, faulty, rules, left_out, buses;
    struct pav_buf notes;
};

/* A rule on its way to its machine. */
struct rule {
    const char *name;
    const struct pav_doc *pattern, *paths; /* paths: InputPathsMap */
    const char *input;                     /* the template handed on */
    const char *machine;                   /* NULL: to be owned */
    const char *correlation;               /* a path, or NULL */
    bool starts;
};

/* ---- intrinsic functions of templates, as text ---- */

static void
resolve(struct import *im, const struct pav_doc *d, struct pav_buf *out);

/* Imported rules are on the default bus: so do the template's own buses. */
static bool
is_bus(struct import *im, const struct pav_doc *name)
{
    const char *dot = name == NULL || name->kind != PAV_STRING
                          ? NULL
                          : memchr(name->text, '.', name->len);
    size_t len = dot == NULL ? 0 : (size_t)(dot - name->text);

    if (name == NULL || name->kind != PAV_STRING)
        return false;
    return pav_doc_is_str(
        pav_doc_get(pav_doc_getn(im->resources, name->text,
                                 dot == NULL ? name->len : len),
                    "Type"),
        "AWS::Events::EventBus");
}

static void
resolve_ref(struct import *im, const struct pav_doc *d, struct pav_buf *out)
{
    if (is_bus(im, d))
        pav_buf_puts(out, "default");
    else if (pav_doc_is_str(d, "AWS::Partition"))
        pav_buf_puts(out, "aws");
    else if (pav_doc_is_str(d, "AWS::Region"))
        pav_buf_puts(out, "us-east-1");
    else if (pav_doc_is_str(d, "AWS::AccountId"))
        pav_buf_puts(out, "000000000000");
    else if (d->kind == PAV_STRING)
        pav_buf_put(out, d->text, d->len);
}

/* ${Name} and ${Name.Attribute}; ${!Literal} stays. */
static void
resolve_sub(struct import *im, const struct pav_doc *d, struct pav_buf *out)
{
    const struct pav_doc *text = d->kind == PAV_ARRAY ? pav_doc_at(d, 0) : d;
    const char *p = text->text, *end = p + text->len;

    while (p < end) {
        const char *close = *p == '$' && p + 1 < end && p[1] == '{'
                                ? memchr(p, '}', (size_t)(end - p))
                                : NULL;

        if (close == NULL) {
            pav_buf_putc(out, *p++);
        } else {
            struct pav_doc name = {.kind = PAV_STRING,
                                   .len = (uint32_t)(close - p) - 2,
                                   .text = p + 2};

            resolve_ref(im, &name, out);
            p = close + 1;
        }
    }
}

static void
resolve_join(struct import *im, const struct pav_doc *d, struct pav_buf *out)
{
    const struct pav_doc *between = pav_doc_at(d, 0), *list = pav_doc_at(d, 1);
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++) {
        if (i > 0 && between->kind == PAV_STRING)
            pav_buf_put(out, between->text, between->len);
        resolve(im, &list->items[i], out);
    }
}

static void
resolve(struct import *im, const struct pav_doc *d, struct pav_buf *out)
{
    const struct pav_doc *v;

    if (d == NULL)
        return;
    if (d->kind == PAV_STRING) {
        pav_buf_put(out, d->text, d->len);
    } else if ((v = pav_doc_get(d, "Ref")) != NULL) {
        resolve_ref(im, v, out);
    } else if ((v = pav_doc_get(d, "Fn::Sub")) != NULL) {
        resolve_sub(im, v, out);
    } else if ((v = pav_doc_get(d, "Fn::Join")) != NULL) {
        resolve_join(im, v, out);
    } else if ((v = pav_doc_get(d, "Fn::GetAtt")) != NULL) {
        resolve_ref(im, pav_doc_at(v, 0), out);
        if (!is_bus(im, pav_doc_at(v, 0))) {
            pav_buf_putc(out, '.');
            resolve(im, pav_doc_at(v, 1), out);
        }
    } else {
        pav_doc_print(d, out);
    }
}

static const char *
resolved(struct import *im, const struct pav_doc *d)
{
    struct pav_buf b;
    const char *text;

    pav_buf_init(&b, TEMPLATE_MAX);
    resolve(im, d, &b);
    text = pav_arena_strndup(&im->arena, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return text;
}

/* ---- input templates ---- */

/* `"name":<v>` becomes JSON: each <v> outside quotes a marked text. */
static const struct pav_doc *
template_doc(struct import *im, const char *template)
{
    const struct pav_doc *d;
    struct pav_buf b;
    bool quoted = false;
    const char *p;

    pav_buf_init(&b, TEMPLATE_MAX);
    for (p = template; *p != '\0'; p++) {
        if (*p == '"' && (p == template || p[-1] != '\\'))
            quoted = !quoted;
        if (*p == '<' && !quoted)
            pav_buf_puts(&b, "\"\\u0001<");
        else if (*p == '>' && !quoted)
            pav_buf_puts(&b, ">\\u0001\"");
        else
            pav_buf_putc(&b, *p);
    }
    if (pav_doc_parse_copy(&im->arena, b.p == NULL ? "" : b.p, b.len, NULL, &d,
                           NULL) != PAV_OK)
        d = NULL;
    pav_buf_fini(&b);
    return d;
}

/* The other way: marked texts become bare placeholders again. */
static const char *
template_text(struct import *im, const struct pav_doc *d)
{
    struct pav_buf b, out;
    const char *p, *text;

    pav_buf_init(&b, TEMPLATE_MAX);
    pav_buf_init(&out, TEMPLATE_MAX);
    pav_doc_print(d, &b);
    for (p = b.p; *p != '\0'; p++) {
        if (strncmp(p, "\"\\u0001<", 8) == 0) {
            pav_buf_putc(&out, '<');
            p += 7;
        } else if (strncmp(p, ">\\u0001\"", 8) == 0) {
            pav_buf_putc(&out, '>');
            p += 7;
        } else {
            pav_buf_putc(&out, *p);
        }
    }
    text = pav_arena_strndup(&im->arena, out.p, out.len);
    pav_buf_fini(&b);
    pav_buf_fini(&out);
    return text;
}

/* The path of a member that is one placeholder, or NULL. */
static const char *
placeholder_path(struct import *im, const struct pav_doc *d, const char *key,
                 const struct pav_doc *paths)
{
    const struct pav_doc *v = pav_doc_get(d, key);

    if (v == NULL || v->kind != PAV_STRING || v->len < 5 || v->text[0] != 1)
        return NULL;
    return pav_doc_str(&im->arena,
                       pav_doc_getn(paths, v->text + 2, v->len - 4));
}

/* ---- rules ---- */

static bool
makes_machine(const struct pav_doc *resource)
{
    const struct pav_doc *type = pav_doc_get(resource, "Type");

    return pav_doc_is_str(type, "AWS::StepFunctions::StateMachine") ||
           pav_doc_is_str(type, "AWS::Serverless::StateMachine");
}

static bool
is_machine(struct import *im, const char *logical_id)
{
    return makes_machine(pav_doc_get(im->resources, logical_id));
}

static bool
read_target(struct import *im, const struct pav_doc *target, struct rule *r)
{
    const struct pav_doc *transformer = pav_doc_get(target, "InputTransformer");
    const struct pav_doc *t;
    const char *template, *machine,
        *arn = resolved(im, pav_doc_get(target, "Arn"));

    r->paths = pav_doc_get(transformer, "InputPathsMap");
    if (is_machine(im, arn)) { /* EventBridge starts it without a function */
        r->starts = true;
        r->machine = arn;
        r->correlation = "$.id";
        return true;
    }
    if (transformer == NULL)
        return false;
    template = resolved(im, pav_doc_get(transformer, "InputTemplate"));
    t = template_doc(im, template);
    machine = pav_doc_str(&im->arena, pav_doc_get(t, "stateMachineArn"));
    if (machine != NULL && is_machine(im, machine)) {
        r->starts = true;
        r->machine = machine;
        r->correlation = placeholder_path(im, t, "name", r->paths);
        if (pav_doc_get(t, "input") != NULL)
            r->input = template_text(im, pav_doc_get(t, "input"));
    } else {
        r->correlation = placeholder_path(im, t, "entityId", r->paths);
        r->input = template;
    }
    return true;
}

static const struct pav_doc *
source_of(const struct rule *r)
{
    return pav_doc_at(pav_doc_get(r->pattern, "source"), 0);
}

/* Resume rules go to the machine whose start rule has the same source. */
static void
find_owners(struct rule *rules, uint32_t count)
{
    uint32_t i, j;

    for (i = 0; i < count; i++) {
        if (rules[i].machine != NULL)
            continue;
        for (j = 0; j < count; j++) {
            const struct pav_doc *x = source_of(&rules[i]);
            const struct pav_doc *y = source_of(&rules[j]);

            if (rules[j].starts && x != NULL && y != NULL &&
                pav_doc_equal(x, y)) {
                rules[i].machine = rules[j].machine;
                if (rules[i].correlation == NULL)
                    rules[i].correlation = rules[j].correlation;
            }
        }
    }
}

/* SAM: the events of a machine that have a pattern. */
static void
read_events(struct import *im, const struct pav_member *m, struct rule *rules,
            uint32_t *count)
{
    const struct pav_doc *events =
        pav_doc_get(pav_doc_get(&m->value, "Properties"), "Events");
    uint32_t i;

    for (i = 0; events != NULL && events->kind == PAV_OBJECT &&
                i < events->len && *count < MAX_RULES;
         i++) {
        const struct pav_member *e = &events->members[i];
        const struct pav_doc *pattern =
            pav_doc_get(pav_doc_get(&e->value, "Properties"), "Pattern");

        if (pattern != NULL)
            rules[(*count)++] = (struct rule){
                .name = pav_arena_strndup(&im->arena, e->key, e->len),
                .pattern = pattern,
                .machine = pav_arena_strndup(&im->arena, m->key, m->len),
                .correlation = "$.id",
                .starts = true};
    }
}

static uint32_t
read_rules(struct import *im, struct rule **out)
{
    struct rule *rules =
        pav_arena_zalloc(&im->arena, (MAX_RULES + 1) * sizeof(*rules));
    uint32_t i, count = 0;

    for (i = 0; i < im->resources->len && count < MAX_RULES; i++) {
        const struct pav_member *m = &im->resources->members[i];
        const struct pav_doc *p = pav_doc_get(&m->value, "Properties");
        struct rule *r = &rules[count];

        if (makes_machine(&m->value))
            read_events(im, m, rules, &count);
        r = &rules[count];
        if (!pav_doc_is_str(pav_doc_get(&m->value, "Type"),
                            "AWS::Events::Rule"))
            continue;
        r->name = pav_arena_strndup(&im->arena, m->key, m->len);
        r->pattern = pav_doc_get(p, "EventPattern");
        if (r->pattern == NULL ||
            pav_doc_is_str(pav_doc_get(p, "State"), "DISABLED") ||
            !read_target(im, pav_doc_at(pav_doc_get(p, "Targets"), 0), r)) {
            memset(r, 0, sizeof(*r)); /* a rule of bus.json */
            continue;
        }
        count++;
    }
    find_owners(rules, count);
    *out = rules;
    return count;
}

/* ---- writing a machine ---- */

static const struct pav_doc *
rule_doc(struct import *im, const struct rule *r)
{
    struct pav_arena *a = &im->arena;
    struct pav_members m, t;

    pav_members_init(&m, a);
    pav_members_puts(&m, "name", pav_doc_new_cstr(a, r->name));
    pav_members_puts(&m, "pattern", r->pattern);
    if (r->correlation != NULL)
        pav_members_puts(&m, "correlationId",
                         pav_doc_new_cstr(a, r->correlation));
    if (r->input != NULL) {
        pav_members_init(&t, a);
        if (r->paths != NULL)
            pav_members_puts(&t, "InputPathsMap", r->paths);
        pav_members_puts(&t, "InputTemplate", pav_doc_new_cstr(a, r->input));
        pav_members_puts(&m, "inputTransformer", pav_members_object(&t));
    }
    if (!r->starts)
        pav_members_puts(&m, "scope", pav_doc_new_cstr(a, "tokenTable"));
    return pav_members_object(&m);
}

static const struct pav_doc *
rules_doc(struct import *im, const char *machine, const struct rule *rules,
          uint32_t count)
{
    struct pav_members m;
    struct pav_items start, resume;
    uint32_t i;

    pav_items_init(&start, &im->arena);
    pav_items_init(&resume, &im->arena);
    for (i = 0; i < count; i++) {
        if (rules[i].machine == NULL || strcmp(rules[i].machine, machine) != 0)
            continue;
        pav_items_add(rules[i].starts ? &start : &resume,
                      rule_doc(im, &rules[i]));
        im->rules++;
    }
    pav_members_init(&m, &im->arena);
    pav_members_puts(&m, "start", pav_items_array(&start));
    pav_members_puts(&m, "resume", pav_items_array(&resume));
    return pav_members_object(&m);
}

static enum pav_rc
make_folder(const char *path, struct pav_err *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return PAV_OK;
    return pav_fail(err, PAV_IO, path, "cannot be made: %s", strerror(errno));
}

/* What somebody may have changed by hand is not written over. */
static enum pav_rc
check_untouched(struct import *im, const char *path, const struct pav_buf *text,
                struct pav_err *err)
{
    char *there;
    size_t len;
    bool same;

    if (im->force || access(path, F_OK) != 0)
        return PAV_OK;
    if (pav_file_read(path, TEMPLATE_MAX, &there, &len, err) != PAV_OK)
        return err->rc;
    same = len == text->len && memcmp(there, text->p, len) == 0;
    free(there);
    return same ? PAV_OK
                : pav_fail(err, PAV_CONFLICT, path,
                           "is there and differs; --force writes over it, or "
                           "name another folder");
}

static enum pav_rc
write_machine(struct import *im, const char *name, const char *definition,
              const struct pav_doc *rules, struct pav_err *err)
{
    struct pav_arena *a = &im->arena;
    const char *folder = pav_arena_printf(a, "%s/%s", im->dir, name);
    const char *readme = pav_arena_printf(
        a,
        "# %s\n\nImported from a CloudFormation template; the definition "
        "is as published.\n",
        name);
    struct pav_buf b;
    enum pav_rc rc = make_folder(folder, err);

    const char *rules_path = pav_arena_printf(a, "%s/rules.json", folder);

    pav_buf_init(&b, TEMPLATE_MAX);
    pav_doc_print_pretty(rules, &b);
    pav_buf_putc(&b, '\n');
    if (rc == PAV_OK)
        rc = check_untouched(im, rules_path, &b, err);
    if (rc == PAV_OK)
        rc = pav_file_write(pav_arena_printf(a, "%s/machine.asl.json", folder),
                            definition, strlen(definition), err);
    if (rc == PAV_OK)
        rc = pav_file_write(rules_path, b.p, b.len, err);
    pav_buf_fini(&b);
    if (rc == PAV_OK)
        rc = pav_file_write(pav_arena_printf(a, "%s/README.md", folder), readme,
                            strlen(readme), err);
    return rc;
}

/* A reference to what the template makes, as the ARN that it has here. */
static const char *
arn_of(struct import *im, const struct pav_doc *d)
{
    static const struct {
        const char *type, *arn;
    } rows[] = {
        {"::Function", "lambda:us-east-1:000000000000:function:%s"},
        {"::StateMachine", "states:us-east-1:000000000000:stateMachine:%s"},
        {"::SQS::Queue", "sqs:us-east-1:000000000000:%s"},
        {"::SNS::Topic", "sns:us-east-1:000000000000:%s"}};
    const char *text = resolved(im, d), *id, *type;
    size_t i;

    id = pav_arena_strndup(&im->arena, text, strcspn(text, "."));
    type =
        pav_doc_member_str(&im->arena, pav_doc_get(im->resources, id), "Type");
    for (i = 0; type != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strstr(type, rows[i].type) != NULL)
            return pav_arena_printf(&im->arena, "arn:aws:%.*s%s",
                                    (int)strlen(rows[i].arn) - 2, rows[i].arn,
                                    id);
    return text;
}

/* ${Name} of SAM's DefinitionSubstitutions. */
static const char *
substituted(struct import *im, const char *text, const struct pav_doc *names)
{
    const char *p = text, *end = text + strlen(text), *out;
    struct pav_buf b;

    if (names == NULL || names->kind != PAV_OBJECT)
        return text;
    pav_buf_init(&b, TEMPLATE_MAX);
    while (p < end) {
        const char *close = p[0] == '$' && p[1] == '{'
                                ? memchr(p, '}', (size_t)(end - p))
                                : NULL;
        const struct pav_doc *v =
            close == NULL ? NULL
                          : pav_doc_getn(names, p + 2, (size_t)(close - p) - 2);

        if (v == NULL) {
            pav_buf_putc(&b, *p++);
        } else {
            pav_buf_puts(&b, arn_of(im, v));
            p = close + 1;
        }
    }
    out = pav_arena_strndup(&im->arena, b.p == NULL ? "" : b.p, b.len);
    pav_buf_fini(&b);
    return out;
}

/* DefinitionUri: a file beside the template, JSON or YAML. */
static const struct pav_doc *
definition_file(struct import *im, const struct pav_doc *uri)
{
    const char *slash = strrchr(im->path, '/'), *file = resolved(im, uri);
    const struct pav_doc *d;
    struct pav_err err;
    char *text;
    size_t len;

    file = pav_arena_printf(&im->arena, "%.*s%s",
                            slash == NULL ? 0 : (int)(slash - im->path + 1),
                            im->path, file);
    if (pav_file_read(file, TEMPLATE_MAX, &text, &len, &err) != PAV_OK) {
        pav_buf_printf(&im->notes, "%s: %s\n", file, err.message);
        return NULL;
    }
    if (yaml_parse(&im->arena, text, len, &d, &err) != PAV_OK) {
        pav_buf_printf(&im->notes, "%s: %s: %s\n", file, err.at, err.message);
        d = NULL;
    }
    free(text);
    return d;
}

static enum pav_rc
import_machine(struct import *im, const struct pav_member *m,
               const struct rule *rules, uint32_t count, struct pav_err *err)
{
    struct pav_arena *a = &im->arena;
    const char *name = pav_arena_strndup(a, m->key, m->len);
    const struct pav_doc *p = pav_doc_get(&m->value, "Properties");
    const struct pav_doc *d = pav_doc_get(p, "DefinitionString");
    struct pav_faults faults;
    struct pav_machine *machine;
    const char *definition;
    enum pav_rc rc;

    if (d == NULL)
        d = pav_doc_get(p, "Definition");
    if (d == NULL && pav_doc_get(p, "DefinitionUri") != NULL)
        d = definition_file(im, pav_doc_get(p, "DefinitionUri"));
    definition = substituted(im, resolved(im, d),
                             pav_doc_get(p, "DefinitionSubstitutions"));
    pav_faults_init(&faults, a);
    machine = pav_machine_compile(definition, strlen(definition), PAV_STANDARD,
                                  &faults);
    if (machine == NULL) {
        im->faulty++;
        pav_buf_printf(&im->notes, "%s left out, its definition has faults:\n",
                       name);
        pav_faults_print(&faults, name, &im->notes);
        return PAV_OK;
    }
    pav_machine_free(machine);
    rc = write_machine(im, name, definition, rules_doc(im, name, rules, count),
                       err);
    if (rc == PAV_OK) {
        im->written++;
        pav_buf_printf(&im->notes, "%s written to %s/%s\n", name, im->dir,
                       name);
    }
    return rc;
}

static const char *
text_of_template(void *arg, const struct pav_doc *d)
{
    return resolved(arg, d);
}

/* A machine's own by now? */
static bool
is_taken(void *arg, const char *rule)
{
    const struct import *im = arg;
    uint32_t i;

    for (i = 0; i < im->rule_count; i++)
        if (im->all[i].machine != NULL && strcmp(im->all[i].name, rule) == 0)
            return true;
    return false;
}

/* What is no machine's: DIR/bus/bus.json. */
static enum pav_rc
import_bus(struct import *im, struct pav_err *err)
{
    struct template_text text = {text_of_template, im};
    const struct pav_doc *bus = bus_of_template(
        &im->arena, im->resources, &text, is_taken, &im->notes, &im->left_out);
    const char *folder = pav_arena_printf(&im->arena, "%s/bus", im->dir);
    const char *path = pav_arena_printf(&im->arena, "%s/bus.json", folder);
    struct pav_buf b;
    enum pav_rc rc;

    if (bus == NULL)
        return PAV_OK;
    pav_buf_init(&b, TEMPLATE_MAX);
    pav_doc_print_pretty(bus, &b);
    pav_buf_putc(&b, '\n');
    rc = make_folder(folder, err);
    if (rc == PAV_OK)
        rc = check_untouched(im, path, &b, err);
    if (rc == PAV_OK)
        rc = pav_file_write(path, b.p, b.len, err);
    if (rc == PAV_OK)
        pav_buf_printf(&im->notes, "bus written to %s\n", path);
    pav_buf_fini(&b);
    im->buses++;
    return rc;
}

static enum pav_rc
import(struct import *im, const char *path, struct pav_err *err)
{
    const struct pav_doc *template;
    struct rule *rules;
    uint32_t i, count;
    char *text;
    size_t len;
    enum pav_rc rc = pav_file_read(path, TEMPLATE_MAX, &text, &len, err);

    if (rc != PAV_OK)
        return rc;
    im->path = path;
    rc = yaml_parse(&im->arena, text, len, &template, err);
    free(text);
    if (rc != PAV_OK) {
        struct pav_err why = *err;

        return pav_fail(err, rc, path, "neither JSON nor YAML: %s: %s", why.at,
                        why.message);
    }
    im->resources = pav_doc_get(template, "Resources");
    if (im->resources == NULL || im->resources->kind != PAV_OBJECT)
        return pav_fail(err, PAV_INVALID, path,
                        "no CloudFormation template: 'Resources' is missing");
    rc = make_folder(im->dir, err);
    count = read_rules(im, &rules);
    im->all = rules;
    im->rule_count = count;
    for (i = 0; i < im->resources->len && rc == PAV_OK; i++) {
        const struct pav_member *m = &im->resources->members[i];

        if (makes_machine(&m->value))
            rc = import_machine(im, m, rules, count, err);
    }
    if (rc == PAV_OK)
        rc = import_bus(im, err);
    if (rc == PAV_OK && im->written + im->buses == 0)
        rc = pav_fail(err, PAV_INVALID, path,
                      "no state machine could be imported:\n%.600s",
                      im->notes.p == NULL ? "none is there" : im->notes.p);
    return rc;
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const char *path = pav_settings_text(s, "cloudformation");
    struct import im = {.written = 0};
    struct pav_err err;
    int code = 0;

    if (path == NULL || argc != 1)
        return cli_usage(&import_command, "a template and one folder are "
                                          "wanted");
    pav_arena_init(&im.arena, 1 << 20);
    pav_buf_init(&im.notes, TEMPLATE_MAX);
    im.dir = argv[0];
    im.force = pav_settings_flag(s, "force");
    if (import(&im, path, &err) != PAV_OK)
        code = cli_fail("import", &err);
    else if (pav_settings_flag(s, "json"))
        printf("{\"machines\":%u,\"rules\":%u,\"faulty\":%u,\"leftOut\":%u}\n",
               im.written, im.rules, im.faulty, im.left_out);
    else
        printf("%s%u machines and %u rules imported, %u machines and %u rules "
               "left out\n",
               im.notes.p == NULL ? "" : im.notes.p, im.written, im.rules,
               im.faulty, im.left_out);
    pav_buf_fini(&im.notes);
    pav_arena_fini(&im.arena);
    return code;
}

const struct command import_command = {
    .name = "import",
    .arguments = "--cloudformation TEMPLATE DIR",
    .summary = "make machine folders out of a CloudFormation template",
    .text = "The template is JSON or YAML, CloudFormation or SAM; what is no "
            "machine's\ngoes to DIR/bus/bus.json.  Definitions stay as they "
            "are.  A machine that uses what is not "
            "built yet is\nlisted with its faults and left out; the others "
            "are written.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
