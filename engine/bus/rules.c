/* rules.json, compiled: see pavane/rules.h. */
#include "pavane/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S     86400
#define YEAR_S    31536000
#define MAX_RULES 1000
#define BATCH_MAX 10000
#define MAX_OPEN  100000
#define BATCH_MS  60000

struct reading {
    struct pav_rules *rules;
    struct pav_faults *faults;
    const struct pav_pick *key[PAV_KEY_PARTS]; /* the machine's */
    uint32_t key_count;
};

static void
fault(struct reading *r, const char *pointer, const struct pav_doc *at,
      const char *text, const char *what)
{
    pav_faults_add(r->faults, PAV_ERROR, "INVALID_RULES", pointer, at->at,
                   "%s%s", text, what);
}

/* A path to the values of an attribute. */
static const struct pav_path *
read_path(struct reading *r, const struct pav_doc *v, const char *pointer)
{
    struct pav_path *p;
    struct pav_err err;

    if (v->kind != PAV_STRING || pav_path_compile(&r->rules->arena, v->text,
                                                  v->len, &p, &err) != PAV_OK) {
        pav_faults_add(r->faults, PAV_ERROR, "INVALID_RULES", pointer, v->at,
                       "a path to an attribute is expected, as "
                       "\"$.detail.id\"%s%s",
                       v->kind == PAV_STRING ? ": " : "",
                       v->kind == PAV_STRING ? err.message : "");
        return NULL;
    }
    if (pav_path_is_context(p))
        fault(r, pointer, v,
              "a path to an attribute must name values of the event", "");
    return p;
}

/* A path, or an expression; `alone`: it may give several ids. */
static const struct pav_pick *
read_pick(struct reading *r, const struct pav_doc *v, const char *pointer,
          bool alone)
{
    const struct pav_pick *p;
    struct pav_err err;

    if (v->kind != PAV_STRING || pav_pick_compile(&r->rules->arena, v->text,
                                                  v->len, &p, &err) != PAV_OK) {
        pav_faults_add(r->faults, PAV_ERROR, "INVALID_RULES", pointer, v->at,
                       "a path to the correlation id is expected, as "
                       "\"$.detail.id\", or an expression, as \"{%% detail.id "
                       "%%}\"%s%s",
                       v->kind == PAV_STRING ? ": " : "",
                       v->kind == PAV_STRING ? err.message : "");
        return NULL;
    }
    if (pav_pick_is_context(p))
        fault(r, pointer, v,
              "a path to the correlation id must name a value of the event",
              "");
    else if (!alone && !pav_pick_is_single(p))
        fault(r, pointer, v,
              "a path to a part of the correlation id must name one value, "
              "without [*], .., a slice or a filter",
              "");
    return p;
}

/* One path, or several: a composite id. */
static uint32_t
read_key(struct reading *r, const struct pav_doc *v, const char *pointer,
         const struct pav_pick *out[PAV_KEY_PARTS])
{
    uint32_t i, count = v->kind == PAV_ARRAY ? v->len : 1;

    if (count == 0 || count > PAV_KEY_PARTS) {
        fault(r, pointer, v, "a correlation id has 1 to 8 paths", "");
        return 0;
    }
    for (i = 0; i < count; i++)
        out[i] = read_pick(r, v->kind == PAV_ARRAY ? &v->items[i] : v, pointer,
                           count == 1);
    return count;
}

static void
check_fields(struct reading *r, const struct pav_doc *d, const char *pointer,
             const char *const *known, size_t count)
{
    uint32_t i;
    size_t j;

    for (i = 0; i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        for (j = 0; j < count; j++)
            if (pav_member_is(m, known[j]))
                break;
        if (j == count)
            pav_faults_add(r->faults, PAV_WARNING, "UNKNOWN_FIELD", pointer,
                           m->at, "there is no field '%.*s' here", (int)m->len,
                           m->key);
    }
}

static void
read_seconds(struct reading *r, const char *pointer, const struct pav_doc *o,
             const char *key, int64_t max, int64_t scale, int64_t *out)
{
    const struct pav_doc *v = pav_doc_get(o, key);
    int64_t n;

    if (v == NULL)
        return;
    if (!pav_doc_int(v, &n) || n < 0 || n > max)
        fault(r, pointer, v, "a whole number is expected for ", key);
    else
        *out = n * scale;
}

static void
read_batch(struct reading *r, const struct pav_doc *d, struct pav_rule *rule,
           const char *pointer)
{
    if (d->kind != PAV_OBJECT || !rule->starts) {
        fault(r, pointer, d,
              "a batch is {\"count\": N, \"seconds\": T}, of a start rule", "");
        return;
    }
    rule->batch_count = BATCH_MAX;
    rule->batch_ms = BATCH_MS;
    read_seconds(r, pointer, d, "count", BATCH_MAX, 1, &rule->batch_count);
    read_seconds(r, pointer, d, "seconds", DAY_S, 1000, &rule->batch_ms);
    if (rule->batch_count < 1 || rule->batch_ms < 1)
        fault(r, pointer, d, "count and seconds of a batch are above 0", "");
}

/* A value that is asked for, not one that is ruled out. */
static bool
asks_for_values(const struct pav_doc *list)
{
    uint32_t i;

    for (i = 0; list != NULL && list->kind == PAV_ARRAY && i < list->len; i++)
        if (pav_doc_get(&list->items[i], "anything-but") == NULL &&
            pav_doc_get(&list->items[i], "exists") == NULL)
            return true;
    return false;
}

/*
 * A machine that takes "anything but X" means what services say, and not that
 * its own execution has started: such rules hear no changes of status.
 */
static bool
names_something(const struct pav_doc *pattern)
{
    return asks_for_values(pav_doc_get(pattern, "source")) ||
           asks_for_values(pav_doc_get(pattern, "detail-type")) ||
           pav_doc_get(pattern, "$or") != NULL;
}

/* The member of `d` whose name begins a path of dots; the rest of it. */
static const struct pav_member *
member_at(const struct pav_doc *d, const char **path)
{
    uint32_t i;

    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++) {
        const struct pav_member *m = &d->members[i];

        if (m->len > 0 && m->len <= strlen(*path) &&
            memcmp(*path, m->key, m->len) == 0 &&
            ((*path)[m->len] == '.' || (*path)[m->len] == '\0')) {
            *path += m->len + ((*path)[m->len] == '.');
            return m;
        }
    }
    return NULL;
}

/* At the field that is wrong, as far as it can be told. */
static void
pattern_fault(struct reading *r, const char *pointer, const struct pav_doc *d,
              const struct pav_err *err)
{
    struct pav_arena *a = &r->rules->arena;
    const char *path = err->at;
    const struct pav_member *m;

    while (*path != '\0' && (m = member_at(d, &path)) != NULL) {
        d = &m->value;
        pointer = pav_arena_printf(a, "%s/%.*s", pointer, (int)m->len, m->key);
    }
    pav_faults_add(r->faults, PAV_ERROR, "INVALID_RULES", pointer, d->at,
                   "Event pattern is not valid. Reason: %s%s%s%s", err->message,
                   *err->at == '\0' ? "" : " (at '", err->at,
                   *err->at == '\0' ? "" : "')");
}

static void
read_rule(struct reading *r, const struct pav_doc *d, bool starts,
          const char *pointer)
{
    static const char *const known[] = {
        "name",  "pattern",     "correlationId",
        "input", "inputPath",   "inputTransformer",
        "scope", "description", "batch"};
    static const char *const envelope[] = {
        "version", "id",     "detail-type", "source", "account",
        "time",    "region", "resources",   "detail", "$or"};
    struct pav_arena *a = &r->rules->arena;
    struct pav_rule *rule = &r->rules->rules[r->rules->count++];
    const struct pav_doc *v;
    struct pav_pattern *pattern;
    struct pav_transform *transform;
    struct pav_err err;

    if (d->kind != PAV_OBJECT) {
        fault(r, pointer, d, "a rule must be an object", "");
        return;
    }
    check_fields(r, d, pointer, known, sizeof(known) / sizeof(known[0]));
    rule->starts = starts;
    rule->name = pav_doc_str(a, pav_doc_get(d, "name"));
    if (rule->name == NULL)
        rule->name = starts ? "start" : "resume";
    memcpy(rule->key, r->key, sizeof(rule->key));
    rule->key_count = r->key_count;
    if ((v = pav_doc_get(d, "correlationId")) != NULL)
        rule->key_count = read_key(r, v, pointer, rule->key);
    else if (rule->key_count == 0)
        fault(r, pointer, d,
              "no correlationId, neither here nor at the top: which order, "
              "which car is an event about?",
              "");
    v = pav_doc_get(d, "pattern");
    if (v == NULL)
        fault(r, pointer, d, "the field 'pattern' is required", "");
    else if (pav_pattern_compile(a, v, &pattern, &err) != PAV_OK)
        pattern_fault(r, pav_arena_printf(a, "%s/pattern", pointer), v, &err);
    else
        rule->pattern = pattern;
    rule->pattern_doc = v;
    rule->asks_status =
        rule->pattern != NULL && names_something(v) &&
        pav_pattern_may_match(v, PAV_STATUS_SOURCE, PAV_STATUS_TYPE, a);
    if (v != NULL && v->kind == PAV_OBJECT) /* others can never match */
        check_fields(r, v, pav_arena_printf(a, "%s/pattern", pointer), envelope,
                     sizeof(envelope) / sizeof(envelope[0]));
    if (pav_transform_compile(a, d, true, &transform, &err) != PAV_OK)
        fault(r, pav_arena_printf(a, "%s%s", pointer, err.at), d, "",
              err.message);
    else
        rule->transform = transform;
    v = pav_doc_get(d, "scope");
    rule->token_table = pav_doc_is_str(v, "tokenTable");
    if (v != NULL && !rule->token_table && !pav_doc_is_str(v, "machine"))
        fault(r, pointer, v, "scope is \"machine\" or \"tokenTable\"", "");
    if ((v = pav_doc_get(d, "batch")) != NULL)
        read_batch(r, v, rule, pointer);
}

static void
read_list(struct reading *r, const struct pav_doc *list, bool starts)
{
    const char *key = starts ? "start" : "resume";
    uint32_t i;

    if (list == NULL)
        return;
    if (list->kind != PAV_ARRAY) {
        fault(r, starts ? "/start" : "/resume", list, "must be a list of rules",
              "");
        return;
    }
    for (i = 0; i < list->len; i++)
        read_rule(r, &list->items[i], starts,
                  pav_arena_printf(&r->rules->arena, "/%s/%u", key, i));
}

static bool
read_flag(struct reading *r, const struct pav_doc *d, const char *key)
{
    const struct pav_doc *v = pav_doc_get(d, key);

    if (v != NULL && !pav_doc_is_bool(v))
        fault(r, "/policies", v, "true or false is expected for ", key);
    return v != NULL && v->kind == PAV_TRUE;
}

static void
read_policies(struct reading *r, const struct pav_doc *d)
{
    struct pav_rules *rules = r->rules;
    static const char *const known[] = {
        "unexpected",    "earlySeconds",
        "earlyMax",      "duplicateWindowSeconds",
        "generations",   "unmapped",
        "retentionDays", "duplicateContent",
        "maxOpen",       "aboveMaxOpen"};
    const struct pav_doc *v;

    if (d == NULL)
        return;
    if (d->kind != PAV_OBJECT) {
        fault(r, "/policies", d, "policies must be an object", "");
        return;
    }
    check_fields(r, d, "/policies", known, sizeof(known) / sizeof(known[0]));
    v = pav_doc_get(d, "unexpected");
    if (pav_doc_is_str(v, "record"))
        rules->unexpected = PAV_POLICY_RECORD;
    else if (pav_doc_is_str(v, "park"))
        rules->unexpected = PAV_POLICY_PARK;
    else if (v != NULL && !pav_doc_is_str(v, "fail"))
        fault(r, "/policies/unexpected", v,
              "unexpected is \"fail\", \"record\" or \"park\"", "");
    read_seconds(r, "/policies", d, "earlySeconds", YEAR_S, 1000,
                 &rules->early_ms);
    read_seconds(r, "/policies", d, "earlyMax", 100000, 1, &rules->early_max);
    read_seconds(r, "/policies", d, "retentionDays", 36500, 1,
                 &rules->retention_days);
    read_seconds(r, "/policies", d, "duplicateWindowSeconds", YEAR_S, 1000,
                 &rules->duplicate_ms);
    v = pav_doc_get(d, "unmapped");
    if (v != NULL && pav_doc_is_str(v, "fail"))
        rules->unmapped = PAV_UNMAPPED_FAIL;
    else if (v != NULL && pav_doc_is_str(v, "wait"))
        rules->unmapped = PAV_UNMAPPED_WAIT;
    else if (v != NULL)
        fault(r, "/policies/unmapped", v, "\"fail\" or \"wait\" is expected",
              "");
    read_seconds(r, "/policies", d, "maxOpen", MAX_OPEN, 1, &rules->max_open);
    v = pav_doc_get(d, "aboveMaxOpen");
    rules->refuses_above = pav_doc_is_str(v, "refuse");
    if (v != NULL && !rules->refuses_above && !pav_doc_is_str(v, "wait"))
        fault(r, "/policies/aboveMaxOpen", v,
              "\"wait\" or \"refuse\" is expected", "");
    else if (v != NULL && rules->max_open == 0)
        fault(r, "/policies/aboveMaxOpen", v, "it says nothing without maxOpen",
              "");
    rules->generations = read_flag(r, d, "generations");
    rules->duplicate_content = read_flag(r, d, "duplicateContent");
}

/* {"level": "ALL" | "ERROR" | "FATAL", "log": GROUP,
 *  "includeExecutionData": true} */
static void
read_logging(struct reading *r, const struct pav_doc *d)
{
    static const char *const known[] = {"level", "log", "includeExecutionData"};
    const struct pav_doc *level = pav_doc_get(d, "level");
    const struct pav_doc *log = pav_doc_get(d, "log");

    if (d == NULL)
        return;
    if (d->kind != PAV_OBJECT || log == NULL || log->kind != PAV_STRING ||
        log->len == 0) {
        fault(r, "/logging", d,
              "an object with \"log\", the name of a log group, is expected",
              "");
        return;
    }
    check_fields(r, d, "/logging", known, sizeof(known) / sizeof(known[0]));
    r->rules->log_failures = pav_doc_is_str(level, "ERROR");
    r->rules->log_ends = pav_doc_is_str(level, "FATAL");
    if (level != NULL && !r->rules->log_failures && !r->rules->log_ends &&
        !pav_doc_is_str(level, "ALL"))
        fault(r, "/logging/level", level,
              "the level is \"ALL\", \"ERROR\" or \"FATAL\"", "");
    r->rules->log_data = read_flag(r, d, "includeExecutionData");
    r->rules->log = pav_doc_str(&r->rules->arena, log);
}

static bool
has_state(const struct pav_machine *m, const char *name)
{
    uint32_t i;

    for (i = 0; i < pav_machine_state_count(m); i++)
        if (strcmp(pav_machine_state(m, i).name, name) == 0)
            return true;
    return false;
}

static void
read_overdue(struct reading *r, const struct pav_doc *d,
             const struct pav_machine *m)
{
    struct pav_rules *rules = r->rules;
    uint32_t i;
    int64_t n;

    if (d == NULL)
        return;
    if (d->kind != PAV_OBJECT) {
        fault(r, "/overdue", d, "an object of states is expected", "");
        return;
    }
    rules->deadlines = pav_arena_zalloc(
        &rules->arena, (d->len + 1) * sizeof(*rules->deadlines));
    for (i = 0; i < d->len; i++) {
        const struct pav_member *e = &d->members[i];
        struct pav_deadline *out = &rules->deadlines[rules->deadline_count++];

        out->state = pav_arena_strndup(&rules->arena, e->key, e->len);
        if (pav_doc_is_str(&e->value, "p95"))
            out->quantile = 95;
        else if (pav_doc_is_str(&e->value, "p99"))
            out->quantile = 99;
        else if (pav_doc_int(&e->value, &n) && n >= 1 && n <= 10 * YEAR_S)
            out->ms = n * 1000;
        else
            fault(r, "/overdue", &e->value,
                  "a number of seconds, \"p95\" or \"p99\" is expected for ",
                  out->state);
        if (m != NULL && !has_state(m, out->state))
            fault(r, "/overdue", &e->value, "the machine has no state ",
                  out->state);
    }
}

/* ---- what a wait names, and what rules let pass ---- */

static const struct pav_doc *
named_pattern(const struct pav_doc *state)
{
    const struct pav_doc *resource = pav_doc_get(state, "Resource");
    const struct pav_doc *parameters = pav_doc_get(state, "Parameters"), *d;

    if (parameters == NULL)
        parameters = pav_doc_get(state, "Arguments");
    d = pav_doc_get(parameters, "EventPattern");

    return pav_doc_is_str(resource,
                          "arn:pavane:states:::event.waitForTaskToken") &&
                   d != NULL && d->kind == PAV_OBJECT
               ? d
               : NULL;
}

/* The i-th text of a field's list; NULL: there is none, or it is no text. */
static const char *
literal(struct pav_arena *a, const struct pav_doc *pattern, const char *field,
        uint32_t i)
{
    const struct pav_doc *list = pav_doc_get(pattern, field);

    return list == NULL || list->kind != PAV_ARRAY || i >= list->len
               ? NULL
               : pav_doc_str(a, &list->items[i]);
}

/* Does some resume rule let an event pass that the wait takes? */
static bool
lets_pass(struct reading *r, const struct pav_doc *wait)
{
    const struct pav_rules *rules = r->rules;
    struct pav_arena *a = &r->rules->arena;
    uint32_t k, s, t, sources = 1, types = 1;
    const struct pav_doc *list;

    list = pav_doc_get(wait, "source");
    if (list != NULL && list->kind == PAV_ARRAY && list->len > 0)
        sources = list->len;
    list = pav_doc_get(wait, "detail-type");
    if (list != NULL && list->kind == PAV_ARRAY && list->len > 0)
        types = list->len;
    for (k = 0; k < rules->count; k++)
        for (s = 0; !rules->rules[k].starts && s < sources; s++)
            for (t = 0; t < types; t++)
                if (rules->rules[k].pattern != NULL &&
                    pav_pattern_may_match(rules->rules[k].pattern_doc,
                                          literal(a, wait, "source", s),
                                          literal(a, wait, "detail-type", t),
                                          a))
                    return true;
    return false;
}

static const char *
rule_names(struct reading *r)
{
    struct pav_buf b;
    const char *names;
    uint32_t i, n = 0;

    pav_buf_init(&b, 1 << 16);
    for (i = 0; i < r->rules->count; i++)
        if (!r->rules->rules[i].starts)
            pav_buf_printf(&b, "%s'%s'", n++ == 0 ? "" : ", ",
                           r->rules->rules[i].name);
    names = pav_arena_strdup(&r->rules->arena, b.p == NULL ? "" : b.p);
    pav_buf_fini(&b);
    return names;
}

/* A wait that no event can come to. */
static void
check_waits(struct reading *r, const struct pav_machine *m, uint32_t at)
{
    static const char *const envelope[] = {
        "version", "id",        "detail-type", "source",      "account", "time",
        "region",  "resources", "detail",      "replay-name", "subject", "$or"};
    uint32_t i, k;
    size_t n;

    for (i = 0; m != NULL && i < pav_machine_state_count(m); i++) {
        struct pav_state_view s = pav_machine_state(m, i);
        const struct pav_doc *wait = named_pattern(s.source);

        if (wait == NULL)
            continue;
        for (k = 0; k < wait->len; k++) {
            const struct pav_member *f = &wait->members[k];

            for (n = 0; n < sizeof(envelope) / sizeof(envelope[0]); n++)
                if (pav_member_is(f, envelope[n]))
                    break;
            if (n == sizeof(envelope) / sizeof(envelope[0]))
                pav_faults_add(r->faults, PAV_WARNING, "WAIT_MATCHES_NOTHING",
                               "/resume", at,
                               "state '%s' waits for events with '%.*s': an "
                               "EventPattern asks the event's envelope, not "
                               "what a rule makes of it; did you mean "
                               "{\"detail\": {\"%.*s\": ...}}?",
                               s.name, (int)f->len, f->key, (int)f->len,
                               f->key);
        }
        if (!lets_pass(r, wait))
            pav_faults_add(
                r->faults, PAV_WARNING, "WAIT_MATCHES_NOTHING", "/resume", at,
                "state '%s' waits for an event that no resume rule lets pass "
                "(%s): their source or detail-type differ",
                s.name,
                *rule_names(r) == '\0' ? "there is none" : rule_names(r));
    }
}

static void
read_index(struct reading *r, const struct pav_doc *d)
{
    struct pav_rules *rules = r->rules;
    uint32_t i;

    if (d == NULL)
        return;
    if (d->kind != PAV_OBJECT || d->len > 20) {
        fault(r, "/index", d, "an object of up to 20 paths is expected", "");
        return;
    }
    rules->indexed =
        pav_arena_zalloc(&rules->arena, (d->len + 1) * sizeof(*rules->indexed));
    for (i = 0; i < d->len; i++) {
        struct pav_indexed *out = &rules->indexed[rules->indexed_count++];

        out->name = pav_arena_strndup(&rules->arena, d->members[i].key,
                                      d->members[i].len);
        out->path =
            read_path(r, &d->members[i].value,
                      pav_arena_printf(&rules->arena, "/index/%s", out->name));
    }
}

static void
read_rules(struct reading *r, const struct pav_doc *d,
           const struct pav_machine *machine)
{
    static const char *const known[] = {
        "correlationId", "correlationIdOfInput", "start", "resume", "policies",
        "overdue",       "description",          "bus",   "index",  "logging"};
    const struct pav_doc *v, *start, *resume;
    uint32_t count = 0;

    if (d->kind != PAV_OBJECT) {
        fault(r, "", d, "rules must be an object", "");
        return;
    }
    check_fields(r, d, "", known, sizeof(known) / sizeof(known[0]));
    if ((v = pav_doc_get(d, "correlationId")) != NULL)
        r->key_count = read_key(r, v, "/correlationId", r->key);
    if ((v = pav_doc_get(d, "correlationIdOfInput")) != NULL)
        r->rules->input_key_count =
            read_key(r, v, "/correlationIdOfInput", r->rules->input_key);
    if ((v = pav_doc_get(d, "bus")) != NULL) {
        if (v->kind == PAV_STRING && v->len > 0)
            r->rules->bus = pav_doc_str(&r->rules->arena, v);
        else
            fault(r, "/bus", v, "the name of a bus is expected", "");
    }
    start = pav_doc_get(d, "start");
    resume = pav_doc_get(d, "resume");
    count += start != NULL && start->kind == PAV_ARRAY ? start->len : 0;
    count += resume != NULL && resume->kind == PAV_ARRAY ? resume->len : 0;
    if (count > MAX_RULES) {
        fault(r, "", d, "too many rules for one machine", "");
        return;
    }
    if (start != NULL && start->kind == PAV_ARRAY && start->len == 0)
        pav_faults_add(r->faults, PAV_WARNING, "NO_START", "/start", start->at,
                       "the list is empty: no event starts this machine");
    r->rules->rules = pav_arena_zalloc(&r->rules->arena,
                                       (count + 1) * sizeof(*r->rules->rules));
    read_list(r, start, true);
    read_list(r, resume, false);
    read_policies(r, pav_doc_get(d, "policies"));
    read_overdue(r, pav_doc_get(d, "overdue"), machine);
    read_index(r, pav_doc_get(d, "index"));
    read_logging(r, pav_doc_get(d, "logging"));
    check_waits(r, machine, resume == NULL ? d->at : resume->at);
}

struct pav_rules *
pav_rules_compile(const char *text, size_t len,
                  const struct pav_machine *machine, struct pav_faults *faults)
{
    static const struct pav_doc_opts opts = {PAV_DUP_REFUSE, 200, 0};
    struct pav_rules *rules = pav_xcalloc(1, sizeof(*rules));
    struct reading r = {.rules = rules, .faults = faults};
    const struct pav_doc *d;
    struct pav_err err;
    uint32_t errors = faults->errors;

    pav_arena_init(&rules->arena, 4096);
    rules->early_ms = (int64_t)DAY_S * 1000;
    rules->early_max = 100;
    rules->duplicate_ms = (int64_t)DAY_S * 1000;
    rules->bus = "default";
    if (len == 0)
        return rules;
    if (pav_doc_parse_copy(&rules->arena, text, len, &opts, &d, &err) !=
        PAV_OK) {
        unsigned line, column;

        pav_doc_fault_place(&err, &line, &column);
        pav_faults_add(faults, PAV_ERROR, "INVALID_JSON_DESCRIPTION", "", line,
                       "%s", err.message);
        faults->v[faults->count - 1].column = column;
    } else {
        read_rules(&r, d, machine);
        pav_faults_place(faults, text, len);
    }
    if (faults->errors > errors) {
        pav_rules_free(rules);
        return NULL;
    }
    return rules;
}

void
pav_rules_free(struct pav_rules *r)
{
    if (r == NULL)
        return;
    pav_arena_fini(&r->arena);
    free(r);
}
