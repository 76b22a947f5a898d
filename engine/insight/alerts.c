/* What alert rules find: see pavane/alerts.h. */
#include "pavane/alerts.h"

#include <string.h>

#include "pavane/doc.h"
#include "pavane/ledger.h"
#include "pavane/step.h"

#define SILENCE "silence"
#define TIMERS  "timers"
#define DISK    "disk"
#define FAILED  "failedRate"
#define LOST    "unmatchedRate"
#define ENOUGH  10      /* fewer have no rate */
#define LAST    200     /* executions that a rate is of */
#define HOUR_MS 3600000 /* that a rate of events is of, and what is of this */
#define WHY_MAX 1000    /* bytes of a reason that are told */

static const struct {
    const char *word;
    int64_t threshold; /* when the rule names none */
} others[] = {
    {SILENCE, 60}, {TIMERS, 60}, {DISK, 1024}, {FAILED, 10}, {LOST, 10}};
#define OTHERS (int)(sizeof(others) / sizeof(others[0]))

int64_t
pav_alert_threshold(const char *watches)
{
    int i;

    for (i = 0; i < OTHERS; i++)
        if (strcmp(others[i].word, watches) == 0)
            return others[i].threshold;
    return 1; /* a group is there */
}

const char *
pav_alert_word(int i)
{
    if (i < PAV_ATTENTION_KINDS)
        return pav_attention_name((enum pav_attention_kind)i);
    i -= PAV_ATTENTION_KINDS;
    return i < OTHERS ? others[i].word : NULL;
}

bool
pav_alert_watches(const char *word)
{
    int i;

    for (i = 0; pav_alert_word(i) != NULL; i++)
        if (strcmp(pav_alert_word(i), word) == 0)
            return true;
    return false;
}

const char *
pav_alert_refusal(const char *watches, bool machine, bool source)
{
    enum pav_attention_kind kind;
    bool silence = strcmp(watches, SILENCE) == 0;
    bool group = pav_attention_find(watches, &kind);
    bool of_events = silence || strcmp(watches, LOST) == 0;

    if (silence && !source)
        return "it says whose silence is meant";
    if (source && !of_events && (!group || kind < PAV_ATTENTION_UNMATCHED))
        return "only silence and events have a source: unmatched, unexpected, "
               "rejected, parked, expired, unmatchedRate";
    if (machine && strcmp(watches, FAILED) != 0 &&
        (!group || kind == PAV_ATTENTION_DEAD || kind == PAV_ATTENTION_STUCK ||
         kind == PAV_ATTENTION_UNMATCHED))
        return "what this watches is not about a machine";
    return NULL;
}

uint32_t
pav_alert_rules(struct pav_reader *r, struct pav_arena *a,
                struct pav_alert_rule **out)
{
    struct pav_name_row *rows;
    uint32_t n = pav_reader_names(r, PAV_NAME_ALERT, 0, "", PAV_ALERTS_MAX, a,
                                  &rows),
             i;

    *out = pav_arena_zalloc(a, ((size_t)n + 1) * sizeof(**out));
    for (i = 0; i < n; i++) {
        const struct pav_doc *d =
            pav_doc_own(a, rows[i].body.p, rows[i].body.len);

        (*out)[i] = (struct pav_alert_rule){
            .name = rows[i].name,
            .watches = pav_doc_member_str(a, d, "Watches"),
            .machine = pav_doc_member_str(a, d, "Machine"),
            .source = pav_doc_member_str(a, d, "Source"),
            .comment = pav_doc_member_str(a, d, "Comment"),
            .threshold = pav_doc_member_int(d, "Threshold")};
    }
    return n;
}

struct finding {
    struct pav_reader *r;
    struct pav_arena *a;
    int64_t now_ms, free_mb;
    struct pav_attention *groups;
    uint32_t group_count;
    struct pav_alert *v;
    uint32_t count;
    const char **partial;
    uint32_t partial_count;
};

static void
is_partial(struct finding *f, const struct pav_alert_rule *rule)
{
    if (f->partial_count == 0 ||
        strcmp(f->partial[f->partial_count - 1], rule->name) != 0)
        f->partial[f->partial_count++] = rule->name;
}

static struct pav_alert *
add(struct finding *f, const struct pav_alert_rule *rule, const char *group)
{
    struct pav_alert *x = &f->v[f->count++];

    *x = (struct pav_alert){.rule = rule->name,
                            .watches = rule->watches,
                            .group = group,
                            .path = "alerts"};
    return x;
}

/* "order.service: OrderReceived" of an event's group is of that source. */
static bool
is_from(const struct pav_attention *g, const char *source)
{
    size_t len = strlen(source);

    return g->what != NULL && strncmp(g->what, source, len) == 0 &&
           strncmp(g->what + len, ": ", 2) == 0;
}

static void
find_groups(struct finding *f, const struct pav_alert_rule *rule,
            enum pav_attention_kind kind)
{
    uint32_t i, found = 0;

    for (i = 0; i < f->group_count; i++) {
        const struct pav_attention *g = &f->groups[i];
        struct pav_alert *x;

        if (g->kind == kind && g->more)
            is_partial(f, rule);
        if (g->kind != kind || g->mark != NULL || g->count < rule->threshold ||
            (rule->machine != NULL &&
             (g->machine == NULL || strcmp(g->machine, rule->machine) != 0)) ||
            (rule->source != NULL && !is_from(g, rule->source)))
            continue;
        if (found == PAV_ALERT_GROUPS_MAX) {
            is_partial(f, rule);
            return;
        }
        found++;
        x = add(f, rule, g->group);
        x->path = pav_arena_printf(f->a, "attention#%s", g->group);
        x->says = pav_arena_printf(f->a, "%lld%s %s", (long long)g->count,
                                   g->more ? " or more" : "",
                                   pav_attention_says(kind, g->count));
        x->machine = g->machine;
        x->what = kind == PAV_ATTENTION_FAILED
                      ? pav_status_name((enum pav_status)g->status)
                      : g->what;
        if (g->why != NULL)
            x->why = pav_arena_utf8(f->a, g->why, strnlen(g->why, WHY_MAX));
        x->count = g->count;
        x->since = g->oldest_at;
    }
}

/* Of who has ever sent something: nobody is silent who never spoke. */
static void
find_silence(struct finding *f, const struct pav_alert_rule *rule)
{
    int64_t last =
        rule->source == NULL ? 0 : pav_reader_heard(f->r, rule->source);
    struct pav_alert *x;

    if (last == 0) /* or too long ago for the ledger to know */
        is_partial(f, rule);
    if (last == 0 || f->now_ms - last < rule->threshold * 60000)
        return;
    x = add(f, rule, SILENCE);
    x->says =
        pav_arena_printf(f->a, "%s has sent nothing for %lld minutes",
                         rule->source, (long long)((f->now_ms - last) / 60000));
    x->what = rule->source;
    x->count = (f->now_ms - last) / 60000;
    x->since = last;
}

static void
find_late_timers(struct finding *f, const struct pav_alert_rule *rule)
{
    int64_t due = pav_reader_first_timer(f->r);
    struct pav_alert *x;

    if (due == 0 || f->now_ms - due < rule->threshold * 1000)
        return;
    x = add(f, rule, TIMERS);
    x->count = (f->now_ms - due) / 1000;
    x->says = pav_arena_printf(f->a, "timers fire %lld seconds late",
                               (long long)x->count);
    x->since = due;
}

static void
find_full_disk(struct finding *f, const struct pav_alert_rule *rule)
{
    struct pav_alert *x;

    if (f->free_mb >= rule->threshold)
        return;
    x = add(f, rule, DISK);
    x->count = f->free_mb;
    x->says = pav_arena_printf(f->a, "%lld MB are free for the database",
                               (long long)f->free_mb);
    x->since = f->now_ms;
}

/* `bad` of `all` are at least so many percent. */
static struct pav_alert *
add_rate(struct finding *f, const struct pav_alert_rule *rule,
         const char *group, int64_t bad, int64_t all)
{
    struct pav_alert *x;

    if (all < ENOUGH || bad * 100 < all * rule->threshold)
        return NULL;
    x = add(f, rule, group);
    x->count = bad * 100 / all;
    x->since = f->now_ms;
    return x;
}

static void
find_failures(struct finding *f, const struct pav_alert_rule *rule)
{
    struct pav_ended_badly *v;
    uint32_t n = pav_reader_ended_badly(f->r, rule->machine, LAST, f->now_ms,
                                        f->a, &v),
             i, found = 0;

    for (i = 0; i < n; i++) {
        struct pav_alert *x;

        if (found == PAV_ALERT_GROUPS_MAX) {
            is_partial(f, rule);
            return;
        }
        x = add_rate(f, rule,
                     pav_arena_printf(f->a, FAILED ":%s", v[i].machine),
                     v[i].bad, v[i].ended);
        if (x == NULL)
            continue;
        found++;
        x->machine = v[i].machine;
        x->says = pav_arena_printf(
            f->a, "%lld %% of the last %lld executions ended badly",
            (long long)x->count, (long long)v[i].ended);
    }
}

static void
find_unmatched(struct finding *f, const struct pav_alert_rule *rule)
{
    struct pav_producer *v;
    uint32_t n = pav_reader_producers(f->r, f->now_ms - HOUR_MS, f->now_ms,
                                      UINT32_MAX, f->a, &v),
             i;
    int64_t bad = 0, all = 0;
    struct pav_alert *x;

    for (i = 0; i < n; i++)
        if (rule->source == NULL || strcmp(v[i].source, rule->source) == 0) {
            bad += v[i].firsts[PAV_UNMATCHED];
            all += v[i].events;
        }
    x = add_rate(f, rule, LOST, bad, all);
    if (x == NULL)
        return;
    x->what = rule->source;
    x->path = pav_arena_printf(f->a, "deviations?disposition=%s",
                               pav_disposition_name(PAV_UNMATCHED));
    x->says = pav_arena_printf(
        f->a, "%lld %% of %lld events within the hour matched no rule",
        (long long)x->count, (long long)all);
}

uint32_t
pav_alerts_found(struct pav_reader *r, int64_t now_ms, int64_t free_mb,
                 struct pav_arena *a, struct pav_alert **out,
                 const char ***partial)
{
    struct finding f = {.r = r, .a = a, .now_ms = now_ms, .free_mb = free_mb};
    struct pav_alert_rule *rules;
    uint32_t n = pav_alert_rules(r, a, &rules), i;
    enum pav_attention_kind kind;

    f.v = pav_arena_alloc(a, ((size_t)n * PAV_ALERT_GROUPS_MAX + 1) *
                                 sizeof(*f.v));
    f.partial = pav_arena_zalloc(a, ((size_t)n + 1) * sizeof(*f.partial));
    if (n > 0)
        f.group_count = pav_reader_attention(r, now_ms, a, &f.groups);
    for (i = 0; i < n; i++)
        if (pav_attention_find(rules[i].watches, &kind))
            find_groups(&f, &rules[i], kind);
        else if (strcmp(rules[i].watches, SILENCE) == 0)
            find_silence(&f, &rules[i]);
        else if (strcmp(rules[i].watches, TIMERS) == 0)
            find_late_timers(&f, &rules[i]);
        else if (strcmp(rules[i].watches, FAILED) == 0)
            find_failures(&f, &rules[i]);
        else if (strcmp(rules[i].watches, LOST) == 0)
            find_unmatched(&f, &rules[i]);
        else
            find_full_disk(&f, &rules[i]);
    *out = f.v;
    *partial = f.partial;
    return f.count;
}
