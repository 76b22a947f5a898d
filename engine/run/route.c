/*
 * An event on a bus: which machines, rules and archives want it, and what each
 * of them is given.
 *
 * R1  The index says what matches before anything is done: what one of them
 *     does cannot change what another one gets.
 * R2  Machines come in the order of their ids, then rules; so the same event
 *     has the same dispositions in the same order.
 * R3  A bus has an event once, over whatever way it came; eight buses in a row
 *     and 64 in all end every loop.
 * R4  Nearly matching conditions are looked for only when nothing matched.
 */
#include <stdlib.h>

#include "pavane/text.h"

#include "dedupe.h"
#include "registry.h"
#include "route.h"
#include "send.h"
#include "start_resume.h"
#include "runner.h"

#define MAX_HOPS 8 /* from bus to bus */

/* What an event matched there, before anything is done about it. */
struct matched {
    struct match *machines;
    uint32_t machine_count;
    struct bus_rule **rules;
    uint32_t rule_count;
    bool archived;
};

/* A replay may be for some rules alone: their ARNs, or a machine's. */
static bool
is_wanted(const struct event_context *ec, const char *arn)
{
    const struct pav_doc *only = ec->item->only;
    uint32_t i;

    if (only == NULL || only->kind != PAV_ARRAY || only->len == 0)
        return true;
    for (i = 0; i < only->len; i++)
        if (pav_doc_is_str(&only->items[i], arn))
            return true;
    return false;
}

static struct match *
match_of(struct matched *all, struct machine *m)
{
    uint32_t i;

    for (i = 0; i < all->machine_count; i++)
        if (all->machines[i].machine == m)
            return &all->machines[i];
    memset(&all->machines[i], 0, sizeof(all->machines[i]));
    all->machines[i].machine = m;
    all->machine_count++;
    return &all->machines[i];
}

static int
by_machine(const void *x, const void *y)
{
    const struct match *a = x, *b = y;

    return a->machine->id < b->machine->id ? -1
                                           : a->machine->id > b->machine->id;
}

static void
archive_event(struct event_context *ec, struct archive *a)
{
    struct pav_engine *e = ec->e;

    if (ec->item->replay != NULL)
        return;
    pav_store_archive_add(e->store, a->id, ec->envelope->at, ec->id,
                          ec->envelope->text.len);
    a->count++;
    a->bytes += (int64_t)ec->envelope->text.len;
}

/* A change of an execution's status, said by the engine. */
bool
is_status(const struct pav_event_item *item)
{
    return item->own && item->event.source.len == strlen(PAV_STATUS_SOURCE) &&
           memcmp(item->event.source.p, PAV_STATUS_SOURCE,
                  strlen(PAV_STATUS_SOURCE)) == 0;
}

static void
sort_subject(struct event_context *ec, struct index_owner *index_owner,
             struct matched *all)
{
    struct machine_rule *r;
    struct matched_rule *matched_rule;
    struct match *m;

    switch (index_owner->kind) {
    case OWNER_ARCHIVE:
        archive_event(ec, (struct archive *)(void *)index_owner);
        break;
    case OWNER_RULE:
        all->rules[all->rule_count] = (struct bus_rule *)(void *)index_owner;
        all->rule_count +=
            is_wanted(ec, all->rules[all->rule_count]->arn) ? 1 : 0;
        break;
    case OWNER_MACHINE:
        r = (struct machine_rule *)(void *)index_owner;
        if (!is_wanted(ec, r->machine->arn) ||
            (is_status(ec->item) && !index_owner->asks_status))
            break;
        m = match_of(all, r->machine);
        matched_rule = r->rule->starts ? &m->start : &m->resume;
        if (matched_rule->rule == NULL || r < matched_rule->rule)
            matched_rule->rule = r;
        break;
    }
}

static void
find_keys(struct event_context *ec, struct matched_rule *m)
{
    const char *why = NULL;

    if (m->rule == NULL)
        return;
    m->key_count = correlation_keys(ec, m->rule, &m->keys, &why);
    m->key =
        m->key_count > 0 ? m->keys[0] : correlation_key(ec, m->rule, &m->why);
    if (why != NULL)
        m->why = why;
}

static void
match_bus(struct event_context *ec, struct bus *b, struct matched *all)
{
    struct pav_arena *a = &ec->e->arena;
    struct pav_matches found;
    struct archive *archive;
    uint32_t i;

    memset(all, 0, sizeof(*all));
    pav_index_match(b->index, ec->envelope->text.p, ec->envelope->text.len,
                    ec->envelope->simple, a, &found);
    all->machines =
        pav_arena_alloc(a, (found.count + 1) * sizeof(*all->machines));
    all->rules = pav_arena_alloc(a, (found.count + 1) * sizeof(*all->rules));
    for (i = 0; i < found.count; i++)
        sort_subject(ec, found.owners[i], all);
    for (archive = ec->e->archives; archive != NULL; archive = archive->next)
        if (archive->all && archive->bus == b)
            archive_event(ec, archive);
    for (i = 0; i < all->machine_count; i++) {
        struct match *m = &all->machines[i];

        find_keys(ec, &m->start);
        find_keys(ec, &m->resume);
    }
    if (all->machine_count > 1)
        qsort(all->machines, all->machine_count, sizeof(*all->machines),
              by_machine);
}

/* As if a resume rule of that machine had matched. */
static void
send_to_wait(struct event_context *ec, const struct target *t,
             struct sending *s)
{
    struct machine *m = machine_by_name(ec->e, t->name);
    struct match match = {.machine = m};
    uint32_t i;

    for (i = 0; m != NULL && i < m->bus_rule_count; i++)
        if (!m->bus_rules[i].rule->starts && match.resume.rule == NULL)
            match.resume.rule = &m->bus_rules[i];
    if (match.resume.rule == NULL) {
        target_dead(ec->e, s, t, ec->envelope->text, "NO_RESOURCE",
                    "there is no machine of that name with a resume rule");
        return;
    }
    if (m->visited_mark != ec->visited_mark) {
        /* Its index may be another: out of the tree. */
        struct machine_rule plain = *match.resume.rule;

        plain.slotted = false;
        match.resume.key = correlation_key(ec, &plain, &match.resume.why);
        dispatch_to_machine(ec, &match);
    }
}

static void
send_to_bus(struct event_context *ec, const struct target *t, struct sending *s)
{
    struct bus *to = bus_by_name(ec->e, t->name);
    uint32_t i;

    PAV_ASSERT(ec->visited_count <= MAX_BUSES && ec->hops <= MAX_HOPS);
    for (i = 0; i < ec->visited_count; i++)
        if (to != NULL && ec->visited[i] == to)
            return; /* a bus has an event once, over whatever way */
    if (to == NULL)
        target_dead(ec->e, s, t, ec->envelope->text, "NO_RESOURCE",
                    pav_arena_printf(&ec->e->arena,
                                     "Event bus %s does not exist.", t->name));
    else if (ec->hops == MAX_HOPS || ec->visited_count == MAX_BUSES)
        target_dead(ec->e, s, t, ec->envelope->text, "TOO_MANY_HOPS",
                    "the event came over eight buses in a row, or to 64 in "
                    "all");
    else
        route(ec, to);
}

static void
send_all(struct event_context *ec, struct bus_rule *r)
{
    struct sending s = {.rule_arn = r->arn,
                        .rule_name = r->name,
                        .event_id = ec->id,
                        .text = ec->envelope->text,
                        .doc = ec->event.doc};
    struct verdict v = {.kind = PAV_ROUTED};
    uint32_t i, elsewhere = 0;

    tally_rule(ec->e, r, ec->now_ms);
    for (i = 0; i < r->target_count; i++) {
        const struct target *t = &r->targets[i];
        struct execution *x = NULL;

        if (is_loop(ec) && t->kind != TARGET_RESUME) {
            target_dead(ec->e, &s, t, ec->envelope->text, "LOOP",
                        loop_text(ec));
        } else if (t->kind == TARGET_BUS && !t->outside) {
            send_to_bus(ec, t, &s);
        } else if (t->kind == TARGET_RESUME) {
            send_to_wait(ec, t, &s);
            continue;
        } else {
            target_send(ec->e, &s, t, &x);
        }
        if (x == NULL) {
            elsewhere++;
        } else if (has_room(ec)) {
            struct verdict started = {.machine = x->version->machine,
                                      .kind = PAV_STARTED,
                                      .execution = &x->row,
                                      .detail = r->name};

            record_outcome(ec, &started);
        }
    }
    if (r->target_count > 0 && elsewhere == 0)
        return;
    v.detail = pav_arena_printf(&ec->e->arena, "rule '%s': %u target%s",
                                r->name, elsewhere, elsewhere == 1 ? "" : "s");
    if (has_room(ec))
        record_outcome(ec, &v);
}

/* An id that came within a day was sent on then. */
static bool
was_sent(const struct event_context *ec)
{
    return ec->last_seen != 0 && ec->now_ms - ec->last_at <= DAY_MS;
}

void
route(struct event_context *ec, struct bus *b)
{
    struct matched all;
    uint32_t i;

    ec->visited[ec->visited_count++] = b;
    ec->hops++;
    match_bus(ec, b, &all);
    for (i = 0; i < all.machine_count; i++)
        if (all.machines[i].machine->visited_mark != ec->visited_mark)
            dispatch_to_machine(ec, &all.machines[i]);
    if (all.rule_count > 0 && was_sent(ec)) {
        struct verdict v = {.kind = PAV_DUPLICATE,
                            .detail = "this source sent this id before"};

        if (has_room(ec))
            record_outcome(ec, &v);
        all.rule_count = 0;
    }
    for (i = 0; i < all.rule_count; i++)
        send_all(ec, all.rules[i]);
    ec->hops--;
}

#define WANTED_SHOWN 100 /* bytes */

static bool
is_a_rule(void *owner)
{
    return ((const struct index_owner *)owner)->kind != OWNER_ARCHIVE;
}

/* "; nearest: rule 'x' of machine 'm', 2 of 3 conditions, not detail.status":
 * each event that nobody takes has one, so nothing is formatted here. */
static void
put_nearest(struct event_context *ec, const struct bus *b, struct pav_buf *out)
{
    struct pav_near near = {.source = ec->envelope->source,
                            .detail_type = ec->envelope->detail_type,
                            .counts = is_a_rule};
    struct index_owner *owner = pav_index_nearest(b->index, &near);

    if (owner == NULL)
        return;
    pav_buf_puts(out, "; nearest: rule '");
    if (owner->kind == OWNER_MACHINE) {
        struct machine_rule *r = (struct machine_rule *)(void *)owner;

        pav_buf_puts(out, r->rule->name);
        pav_buf_puts(out, "' of machine '");
        pav_buf_puts(out, r->machine->name);
    } else {
        pav_buf_puts(out, ((struct bus_rule *)(void *)owner)->name);
    }
    if (near.expected != NULL) {
        const struct pav_bytes *name =
            strcmp(near.path, "source") == 0 ? &near.source : &near.detail_type;

        pav_buf_puts(out, "', which wants ");
        pav_buf_puts(out, near.path);
        pav_buf_puts(out, " '");
        pav_buf_puts(out, near.expected);
        pav_buf_puts(out, "', not '");
        pav_buf_put(out, name->p, name->len);
        pav_buf_puts(out, "'");
    } else if (near.held == near.of) {
        pav_buf_puts(out, "', whose conditions hold in no one element of an "
                          "array together");
    } else {
        pav_buf_puts(out, "', where ");
        pav_buf_int(out, near.held);
        pav_buf_puts(out, " of ");
        pav_buf_int(out, near.of);
        pav_buf_puts(out, " conditions hold, ");
        pav_buf_puts(out, near.path);
        pav_buf_puts(out, " does not: it wants ");
        pav_buf_put(out, near.wanted.p,
                    pav_utf8_cut(near.wanted.p, near.wanted.len, WANTED_SHOWN));
        if (near.wanted.len > WANTED_SHOWN)
            pav_buf_puts(out, "...");
    }
}

void
nobody(struct event_context *ec, const struct bus *b)
{
    struct verdict v = {.kind = PAV_UNMATCHED};
    struct pav_buf why;
    int64_t ignored;

    pav_buf_init(&why, PAV_PAYLOAD_MAX);
    if (ec->gone)
        v.detail = "only a machine whose folder is gone has a rule for it: "
                   "nothing starts there";
    else {
        pav_buf_puts(&why, "no rule matches");
        put_nearest(ec, b, &why);
        v.detail = pav_arena_strndup(&ec->e->arena, why.p, why.len);
    }
    if (ec->last_seen != 0 &&
        pav_store_concerned(ec->e->store, ec->last_seen, 0, &ignored)) {
        v.kind = PAV_DUPLICATE;
        v.detail = "this source sent this id before";
    }
    pav_buf_fini(&why);
    record_outcome(ec, &v);
}
