/* What alert rules find: see pavane/alerts.h. */
#include "pavane/alerts.h"

#include <string.h>

#include "pavane/doc.h"
#include "pavane/step.h"

#define SILENCE "silence"
#define TIMERS  "timers"
#define DISK    "disk"
#define OTHERS  3

const char *const *
pav_alert_words(void)
{
    static const char *words[PAV_ATTENTION_KINDS + OTHERS + 1];
    int i;

    for (i = 0; i < PAV_ATTENTION_KINDS; i++)
        words[i] = pav_attention_name((enum pav_attention_kind)i);
    words[i++] = SILENCE;
    words[i++] = TIMERS;
    words[i] = DISK;
    return words;
}

bool
pav_alert_watches(const char *word)
{
    enum pav_attention_kind kind;

    return pav_attention_find(word, &kind) || strcmp(word, SILENCE) == 0 ||
           strcmp(word, TIMERS) == 0 || strcmp(word, DISK) == 0;
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
};

static struct pav_alert *
add(struct finding *f, const struct pav_alert_rule *rule, const char *group)
{
    static struct pav_alert beyond; /* as many as may be are there */
    struct pav_alert *x =
        f->count < PAV_ALERTS_MAX ? &f->v[f->count++] : &beyond;

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
           g->what[len] == ':';
}

static void
find_groups(struct finding *f, const struct pav_alert_rule *rule,
            enum pav_attention_kind kind)
{
    uint32_t i;

    for (i = 0; i < f->group_count; i++) {
        const struct pav_attention *g = &f->groups[i];
        struct pav_alert *x;

        if (g->kind != kind || g->muted != NULL || g->count < rule->threshold ||
            (rule->machine != NULL &&
             (g->machine == NULL || strcmp(g->machine, rule->machine) != 0)) ||
            (rule->source != NULL && !is_from(g, rule->source)))
            continue;
        x = add(f, rule, g->group);
        x->path = pav_arena_printf(f->a, "attention#%s", g->group);
        x->says = pav_arena_printf(f->a, "%lld%s %s", (long long)g->count,
                                   g->more ? " or more" : "",
                                   pav_attention_says(kind, g->count));
        x->machine = g->machine;
        x->what = kind == PAV_ATTENTION_FAILED
                      ? pav_status_name((enum pav_status)g->status)
                      : g->what;
        x->why = g->why;
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

uint32_t
pav_alerts_found(struct pav_reader *r, int64_t now_ms, int64_t free_mb,
                 struct pav_arena *a, struct pav_alert **out)
{
    struct finding f = {.r = r, .a = a, .now_ms = now_ms, .free_mb = free_mb};
    struct pav_alert_rule *rules;
    uint32_t n = pav_alert_rules(r, a, &rules), i;
    enum pav_attention_kind kind;

    f.v = pav_arena_alloc(a, PAV_ALERTS_MAX * sizeof(*f.v));
    if (n > 0)
        f.group_count = pav_reader_attention(r, now_ms, a, &f.groups);
    for (i = 0; i < n; i++)
        if (pav_attention_find(rules[i].watches, &kind))
            find_groups(&f, &rules[i], kind);
        else if (strcmp(rules[i].watches, SILENCE) == 0)
            find_silence(&f, &rules[i]);
        else if (strcmp(rules[i].watches, TIMERS) == 0)
            find_late_timers(&f, &rules[i]);
        else
            find_full_disk(&f, &rules[i]);
    *out = f.v;
    return f.count;
}
