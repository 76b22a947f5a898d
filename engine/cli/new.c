/* pavane new: a system to begin with, which passes its own play. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pavane/mem.h"
#include "cli.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const struct pav_setting settings[] = {
    {"in", PAV_SET_TEXT, "DIR", ".", 0, 0, "the folder that gets it"},
    {"source", PAV_SET_TEXT, "SOURCE", "shop", 0, 0,
     "who sends the events: their 'source'"},
    {"start", PAV_SET_TEXT, "TYPE", "Ordered", 0, 0,
     "the event that starts one: its 'detail-type'"},
    {"then", PAV_SET_TEXT, "TYPE", "Paid", 0, 0,
     "the event that it waits for then"},
    {"id", PAV_SET_TEXT, "FIELD", "orderId", 0, 0,
     "the field of 'detail' that says which one an event is about"},
    SETTING_HELP};

struct fresh {
    struct pav_arena a;
    const char *dir;
    int code; /* not 0: it cannot go on */
};

/* As JSON. */
static const char *
quoted(struct fresh *f, const char *text)
{
    struct pav_buf b;
    const char *out;

    pav_buf_init(&b, 1 << 16);
    pav_buf_json(&b, text, strlen(text));
    out = pav_arena_strdup(&f->a, b.p);
    pav_buf_fini(&b);
    return out;
}

static void
make_folder(struct fresh *f, const char *path)
{
    if (f->code == 0 && mkdir(path, 0777) != 0) {
        fprintf(stderr, "pavane new: %s: %s\n", path,
                errno == EEXIST ? "it is there already: name another"
                                : strerror(errno));
        f->code = 1;
    }
}

static void
write_file(struct fresh *f, const char *name, const char *text)
{
    const char *path = pav_arena_printf(&f->a, "%s/%s", f->dir, name);
    FILE *out = f->code != 0 ? NULL : fopen(path, "wxe");

    if (f->code != 0)
        return;
    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0) {
        fprintf(stderr, "pavane new: %s: %s\n", path, strerror(errno));
        f->code = 3;
    }
}

static void
write_machine(struct fresh *f, const char *source, const char *then)
{
    write_file(
        f, "machine.asl.json",
        pav_arena_printf(
            &f->a,
            "{\n"
            "  \"QueryLanguage\": \"JSONata\",\n"
            "  \"StartAt\": \"Await next\",\n"
            "  \"States\": {\n"
            "    \"Await next\": {\n"
            "      \"Type\": \"Task\",\n"
            "      \"Resource\": "
            "\"arn:pavane:states:::event.waitForTaskToken\",\n"
            "      \"Arguments\": { \"EventPattern\": { \"source\": [ %s ], "
            "\"detail-type\": [ %s ] } },\n"
            "      \"Output\": \"{%% $states.result.detail %%}\",\n"
            "      \"Next\": \"Done\"\n"
            "    },\n"
            "    \"Done\": { \"Type\": \"Succeed\" }\n"
            "  }\n"
            "}\n",
            source, then));
}

static void
write_rules(struct fresh *f, const char *id, const char *source,
            const char *start, const char *then)
{
    write_file(f, "rules.json",
               pav_arena_printf(
                   &f->a,
                   "{\n"
                   "  \"correlationId\": %s,\n"
                   "  \"start\": [ { \"name\": \"it begins\", \"pattern\": { "
                   "\"source\": [ %s ], \"detail-type\": [ %s ] } } ],\n"
                   "  \"resume\": [ { \"name\": \"it goes on\", \"pattern\": { "
                   "\"source\": [ %s ], \"detail-type\": [ %s ] } } ],\n"
                   "  \"policies\": { \"unexpected\": \"record\" }\n"
                   "}\n",
                   quoted(f, pav_arena_printf(&f->a, "$.detail.%s", id)),
                   source, start, source, then));
}

static void
write_bus(struct fresh *f, const char *name)
{
    write_file(
        f, "bus.json",
        pav_arena_printf(
            &f->a,
            "{\n"
            "  \"rules\": {\n"
            "    \"%.40s-failed\": {\n"
            "      \"EventPattern\": {\n"
            "        \"source\": [ \"aws.states\" ],\n"
            "        \"detail\": { \"status\": [ \"FAILED\", \"TIMED_OUT\" ], "
            "\"stateMachineArn\": [ { \"suffix\": \":%s\" } ] }\n"
            "      },\n"
            "      \"Targets\": [ { \"log\": \"%s-failed\", \"InputPath\": "
            "\"$.detail\" } ]\n"
            "    }\n"
            "  }\n"
            "}\n",
            name, name, name));
}

static const char *
event(struct fresh *f, const char *number, const char *source, const char *type,
      const char *id)
{
    return pav_arena_printf(
        &f->a,
        "{ \"source\": %s, \"id\": \"%s\", \"detail-type\": %s, \"detail\": { "
        "%s: \"a\" } }",
        source, number, type, quoted(f, id));
}

static void
write_play(struct fresh *f, const char *id, const char *source,
           const char *start, const char *then)
{
    make_folder(f, pav_arena_printf(&f->a, "%s/plays", f->dir));
    write_file(
        f, "plays/first.json",
        pav_arena_printf(
            &f->a,
            "{\n"
            "  \"description\": \"It begins, the daemon is killed, an hour "
            "passes, it goes on and is done.\",\n"
            "  \"steps\": [\n"
            "    { \"send\": %s, \"dispositions\": [ \"started\" ] },\n"
            "    { \"kill\": true },\n"
            "    { \"after\": 3600 },\n"
            "    { \"expect\": { \"executions\": [ { \"correlationId\": "
            "\"a\", \"state\": \"Await next\" } ] } },\n"
            "    { \"send\": %s, \"dispositions\": [ \"resumed\" ] }\n"
            "  ],\n"
            "  \"expect\": { \"executions\": [ { \"correlationId\": \"a\", "
            "\"status\": \"SUCCEEDED\" } ] }\n"
            "}\n",
            event(f, "1", source, start, id), event(f, "2", source, then, id)));
}

/* What an event of EventBridge may have as its source or its type. */
static bool
fits(const char *text)
{
    return *text != '\0' && strlen(text) <= 128;
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const char *id = pav_settings_text(s, "id"), *source, *start, *then;
    struct fresh f = {.code = 0};
    const char *name;

    if (argc != 1)
        return cli_usage(&new_command, "a name for the system is expected");
    name = argv[0];
    if (strspn(name, LETTERS "_.-") != strlen(name) || *name == '\0' ||
        *name == '.' || strlen(name) > 64)
        return cli_usage(&new_command,
                         "a name has 1 to 64 letters, digits, _ . and -, and "
                         "does not begin with a dot");
    if (strspn(id, LETTERS "_") != strlen(id) || *id == '\0')
        return cli_usage(&new_command,
                         "a field (--id) has letters, digits and _");
    if (!fits(pav_settings_text(s, "source")) ||
        !fits(pav_settings_text(s, "start")) ||
        !fits(pav_settings_text(s, "then")))
        return cli_usage(&new_command,
                         "--source, --start and --then have 1 to 128 bytes");
    if (strcmp(pav_settings_text(s, "start"), pav_settings_text(s, "then")) ==
        0)
        return cli_usage(&new_command,
                         "--start and --then name two different events");
    pav_arena_init(&f.a, 1 << 14);
    f.dir = pav_arena_printf(&f.a, "%s/%s", pav_settings_text(s, "in"), name);
    source = quoted(&f, pav_settings_text(s, "source"));
    start = quoted(&f, pav_settings_text(s, "start"));
    then = quoted(&f, pav_settings_text(s, "then"));
    make_folder(&f, f.dir);
    write_machine(&f, source, then);
    write_rules(&f, id, source, start, then);
    write_bus(&f, name);
    write_play(&f, id, source, start, then);
    write_file(&f, "README.md",
               pav_arena_printf(&f.a,
                                "# %s\n\nWhat it is for, who sends its events, "
                                "and who looks at it.\n\n## Await next\nWhat "
                                "somebody should know who finds one waiting "
                                "here.\n",
                                name));
    if (f.code == 0)
        printf("%s is there. Try it: pavane play %s; look at it: pavane up "
               "%s\n",
               f.dir, f.dir, f.dir);
    pav_arena_fini(&f.a);
    return f.code;
}

const struct command new_command = {
    .name = "new",
    .arguments = "NAME [--in DIR]",
    .summary = "make a system to begin with, which passes its own play",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
