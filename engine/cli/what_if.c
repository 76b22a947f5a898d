/*
 * pavane what-if: archived events played on a changed machine, and what would
 * have become of each id.
 *
 * The events come from a daemon's archive, in the order of a replay; the
 * machine is played on a stage of its own (rig.h), with the pauses that were
 * between the events.  Nothing reaches the daemon.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/http.h"
#include "cli.h"
#include "rig.h"

static const struct pav_setting settings[] = {
    {"archive", PAV_SET_TEXT, "NAME", NULL, 0, 0, "the archive to play"},
    {"live", PAV_SET_TEXT, "MACHINE", NULL, 0, 0,
     "the daemon's machine to compare with; usually of the folder's name"},
    {"tell", PAV_SET_FLAG, "", NULL, 0, 0,
     "tell the daemon what it came to, for the page of its archives"},
    SETTINGS_REMOTE,
    SETTING_JSON,
    SETTING_HELP};

/* How it ended, of one id. */
struct fate {
    struct fate *next;
    const char *key, *live, *here;
    const char *live_states, *states; /* JSON; live: "[]" of none */
    bool stranded, elsewhere;         /* open here and there, in other states */
};

struct play {
    const struct pav_settings *s;
    struct rig *rig;
    struct pav_arena a;
    const char *live;
    uint32_t events, unmatched;
    int64_t last_at;
    struct fate *first, **last; /* in the order in which they were found */
    void *by_key;               /* of tsearch(3) */
    uint32_t fate_count, differ, stranded, elsewhere;
};

static const struct cli_shape EVENTS = {"events", PAV_ARRAY};
static const struct cli_shape EXECUTIONS = {"executions", PAV_ARRAY};

/* ---- the events ---- */

/* What a daemon says itself of its executions, an archive may have as well. */
static bool
is_own(const struct pav_doc *event)
{
    const struct pav_doc *source = pav_doc_get(event, "source");

    return source != NULL && (pav_doc_is_str(source, "aws.states") ||
                              pav_doc_is_str(source, "pavane"));
}

static void
play_event(struct play *p, const struct pav_doc *entry)
{
    const struct pav_doc *event = pav_doc_get(entry, "event"), *v;
    const char *detail, *what;
    int64_t at = 0;

    v = pav_doc_get(entry, "at");
    if (v != NULL)
        (void)pav_doc_int(v, &at);
    if (p->last_at > 0 && at > p->last_at)
        rig_pass(p->rig, at - p->last_at);
    p->last_at = at;
    what = rig_event(p->rig, event, &detail);
    if (strcmp(what, "unmatched") != 0)
        p->events++;
    else if (!is_own(event)) {
        p->events++;
        p->unmatched++;
    }
    rig_settle(p->rig);
}

/* 0, or the exit code. */
static int
play_archive(struct play *p)
{
    const char *name = pav_settings_text(p->s, "archive"), *next = NULL;
    struct pav_arena pages;
    struct pav_buf path;
    int code = 0;

    pav_arena_init(&pages, 1 << 16);
    pav_buf_init(&path, 65536);
    do {
        const struct pav_doc *page, *list;
        uint32_t i;

        path.len = 0;
        pav_buf_puts(&path, "/api/v1/archives/");
        pav_url_encode(&path, name, strlen(name));
        pav_buf_puts(&path, "/events?limit=1000");
        if (next != NULL)
            pav_buf_printf(&path, "&next=%s", next);
        pav_arena_reset(&pages);
        code = cli_ask("what-if", p->s, path.p, EVENTS, &pages, &page);
        if (code != 0)
            break;
        list = pav_doc_get(page, "events");
        for (i = 0; i < list->len; i++)
            play_event(p, &list->items[i]);
        next = cli_text(&pages, page, "next");
        cli_progress("%u events played", p->events);
    } while (*next != '\0');
    cli_progress_ends();
    pav_buf_fini(&path);
    pav_arena_fini(&pages);
    return code;
}

/* The daemon's executions have had that time as well. */
static void
pass_until_now(struct play *p)
{
    struct pav_clock clock;
    int64_t now;

    pav_clock_real(&clock, 0);
    now = pav_clock_ms(&clock);
    if (p->events == 0 || now <= p->last_at)
        return;
    rig_pass(p->rig, now - p->last_at);
    rig_settle(p->rig);
}

/* ---- comparing ---- */

static int
by_key(const void *x, const void *y)
{
    return strcmp(((const struct fate *)x)->key, ((const struct fate *)y)->key);
}

static void
keep_node(void *node)
{
    (void)node; /* it is the arena's */
}

static void
add_fate(void *arg, const struct pav_execution_view *x)
{
    struct play *p = arg;
    struct fate *f, **found;

    if (x->row.key == NULL)
        return;
    f = pav_arena_zalloc(&p->a, sizeof(*f));
    f->key = pav_arena_strdup(&p->a, x->row.key);
    found = tsearch(f, &p->by_key, by_key);
    if (found == NULL)
        abort();     /* as every allocation that fails */
    if (*found != f) /* of several lives, the newest comes first */
        return;
    f->here = pav_status_name((enum pav_status)x->row.status);
    f->states = pav_arena_strdup(&p->a, x->row.states);
    *p->last = f;
    p->last = &f->next;
    p->fate_count++;
}

static int
compare(struct play *p)
{
    struct pav_buf path;
    struct fate *f;
    uint32_t asked = 0;
    int code = 0;

    pav_buf_init(&path, 65536);
    for (f = p->first; f != NULL && code == 0; f = f->next) {
        const struct pav_doc *answer, *list;

        cli_progress("%u of %u ids compared", asked++, p->fate_count);
        path.len = 0;
        pav_buf_puts(&path, "/api/v1/executions?limit=1&machine=");
        pav_url_encode(&path, p->live, strlen(p->live));
        pav_buf_puts(&path, "&correlationId=");
        pav_url_encode(&path, f->key, strlen(f->key));
        code = cli_ask("what-if", p->s, path.p, EXECUTIONS, &p->a, &answer);
        if (code != 0)
            break;
        list = pav_doc_get(answer, "executions");
        f->live = list->len == 0 ? "none"
                                 : cli_text(&p->a, &list->items[0], "status");
        f->stranded = strcmp(f->here, "RUNNING") == 0 &&
                      strcmp(f->live, "RUNNING") != 0 &&
                      strcmp(f->live, "none") != 0;
        f->live_states =
            list->len == 0 ? "[]"
                           : pav_doc_text(&p->a, pav_doc_get(&list->items[0],
                                                             "currentStates"));
        f->elsewhere = strcmp(f->here, "RUNNING") == 0 &&
                       strcmp(f->live, "RUNNING") == 0 &&
                       strcmp(f->states, f->live_states) != 0;
        p->stranded += f->stranded;
        p->elsewhere += f->elsewhere;
        p->differ += f->elsewhere || strcmp(f->here, f->live) != 0;
    }
    cli_progress_ends();
    pav_buf_fini(&path);
    return code;
}

static void
print_text(const struct play *p)
{
    const struct fate *f;

    for (f = p->first; f != NULL; f = f->next) {
        if (f->stranded)
            printf("%s\twas %s, would be stranded in %s\n", f->key, f->live,
                   f->states);
        else if (f->elsewhere)
            printf("%s\tis open in %s, would be in %s\n", f->key,
                   f->live_states, f->states);
        else if (strcmp(f->here, f->live) != 0)
            printf("%s\twas %s, would be %s\n", f->key, f->live, f->here);
    }
    printf("%u events, %u of them unmatched; %u ids: %u end as they did, %u "
           "otherwise, %u of these stranded, %u open in another state\n",
           p->events, p->unmatched, p->fate_count, p->fate_count - p->differ,
           p->differ, p->stranded, p->elsewhere);
}

static void
print_json(struct play *p)
{
    struct pav_members m;
    struct pav_items list;
    const struct fate *f;

    pav_items_init(&list, &p->a);
    for (f = p->first; f != NULL; f = f->next) {
        if (strcmp(f->here, f->live) == 0 && !f->elsewhere)
            continue;
        pav_members_init(&m, &p->a);
        pav_members_str(&m, "correlationId", f->key);
        pav_members_str(&m, "was", f->live);
        pav_members_str(&m, "wouldBe", f->here);
        pav_members_puts(&m, "stranded", pav_doc_new_bool(f->stranded));
        pav_members_puts(&m, "states",
                         pav_doc_own(&p->a, f->states, strlen(f->states)));
        pav_members_puts(
            &m, "wasIn",
            pav_doc_own(&p->a, f->live_states, strlen(f->live_states)));
        pav_items_add(&list, pav_members_object(&m));
    }
    pav_members_init(&m, &p->a);
    pav_members_int(&m, "events", p->events);
    pav_members_int(&m, "unmatched", p->unmatched);
    pav_members_int(&m, "ids", p->fate_count);
    pav_members_puts(&m, "items", pav_items_array(&list));
    pav_members_puts(&m, "next", &pav_doc_null);
    cli_print_json(pav_members_object(&m));
}

static int
tell(struct play *p)
{
    static const struct cli_shape shape = {"Archive", PAV_STRING};
    const struct pav_doc *answer;
    struct pav_members m;
    const char *text;

    pav_members_init(&m, &p->a);
    pav_members_str(&m, "Archive", pav_settings_text(p->s, "archive"));
    pav_members_str(&m, "Machine", p->live);
    pav_members_int(&m, "Events", p->events);
    pav_members_int(&m, "Ids", p->fate_count);
    pav_members_int(&m, "Differ", p->differ);
    pav_members_int(&m, "Stranded", p->stranded);
    pav_members_int(&m, "Elsewhere", p->elsewhere);
    text = pav_doc_text(&p->a, pav_members_object(&m));
    return cli_ask_action("what-if", p->s, "Pavane.PutWhatIf",
                          (struct pav_bytes){text, strlen(text)}, shape, &p->a,
                          &answer);
}

static int
what_if(const struct pav_settings *s, int argc, char **argv)
{
    struct play p = {.s = s};
    int code;

    if (argc != 1)
        return cli_usage(&what_if_command, "one machine's folder is expected");
    if (pav_settings_text(s, "archive") == NULL)
        return cli_usage(&what_if_command, "--archive NAME is expected");
    code = rig_open("what-if", argv[0], &p.rig);
    if (code != 0)
        return code;
    pav_arena_init(&p.a, 1 << 16);
    p.last = &p.first;
    p.live = pav_settings_text(s, "live");
    if (p.live == NULL)
        p.live = p.rig->machine;
    code = play_archive(&p);
    if (code == 0) {
        pass_until_now(&p);
        rig_executions(p.rig, add_fate, &p);
        code = compare(&p);
    }
    if (code == 0 && pav_settings_flag(s, "json"))
        print_json(&p);
    else if (code == 0)
        print_text(&p);
    if (code == 0 && pav_settings_flag(s, "tell"))
        code = tell(&p);
    if (code == 0 && p.differ > 0)
        code = 1;
    rig_free(p.rig);
    tdestroy(p.by_key, keep_node);
    pav_arena_fini(&p.a);
    return code;
}

const struct command what_if_command = {
    "what-if",
    "MACHINE --archive NAME",
    "play archived events on a changed machine, and list what would differ",
    "The events of the archive are taken from the daemon and played on the\n"
    "folder's machine, apart from everything that runs.  Listed are the ids "
    "whose\nend differs from the daemon's, those that would be stranded: still "
    "waiting\nwhere they had ended, and those that are open and would be in "
    "another state.\nExit code 1: there are such ids.\n",
    settings,
    sizeof(settings) / sizeof(settings[0]),
    what_if};
