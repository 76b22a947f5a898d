/* pavane: finds the subcommand, reads its settings, runs it. */
#include <stdio.h>
#include <string.h>

#include "pavane/api.h"
#include "pavane/text.h"
#include "cli/cli.h"

const struct command *const cli_commands[] = {
    &serve_command,      &new_command,        &validate_command,
    &graph_command,      &import_command,     &eval_command,
    &play_command,       &up_command,         &export_command,
    &test_command,       &simulate_command,   &send_command,
    &list_command,       &show_command,       &history_command,
    &what_if_command,    &attention_command,  &alerts_command,
    &mute_command,       &producers_command,  &flow_command,
    &deviations_command, &deliveries_command, &dead_letters_command,
    &verify_command,     &backup_command,     &restore_command,
    &completion_command};
const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

static void
print_commands(FILE *to)
{
    size_t i;

    fputs("pavane - what a choreography of services is doing, and where each "
          "order is\n\nusage: pavane COMMAND [options]\n\n",
          to);
    for (i = 0; i < cli_command_count; i++)
        fprintf(to, "  %-12s %s\n", cli_commands[i]->name,
                cli_commands[i]->summary);
    fputs("\n'pavane COMMAND --help' tells more.\n", to);
}

static int
print_help(const struct command *c)
{
    struct pav_buf b;

    pav_buf_init(&b, 1 << 16);
    pav_buf_printf(&b, "usage: pavane %s %s\n\n%s\n", c->name, c->arguments,
                   c->summary);
    if (c->text != NULL)
        pav_buf_printf(&b, "\n%s", c->text);
    pav_buf_puts(&b, "\noptions, also as PAVANE_NAME in the environment:\n");
    pav_settings_help(c->settings, c->setting_count, &b);
    fputs(b.p, stdout);
    pav_buf_fini(&b);
    return 0;
}

static int
run(const struct command *c, int argc, char **argv)
{
    struct pav_settings *s = pav_settings_new(c->settings, c->setting_count);
    struct pav_err err;
    int code;

    if (pav_settings_read(s, &argc, argv, &err) != PAV_OK) {
        fprintf(stderr, "pavane %s: %s: %s\n", c->name, err.at, err.message);
        code = 2;
    } else if (pav_settings_flag(s, "help")) {
        code = print_help(c);
    } else {
        code = c->run(s, argc, argv);
    }
    pav_settings_free(s);
    return code;
}

int
main(int argc, char **argv)
{
    const char *names[64] = {NULL}, *near;
    size_t i;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("pavane " PAV_VERSION);
        return 0;
    }
    for (i = 0; i < cli_command_count; i++)
        if (strcmp(argv[1], cli_commands[i]->name) == 0)
            return run(cli_commands[i], argc - 2, argv + 2);
    for (i = 0; i < cli_command_count; i++)
        names[i] = cli_commands[i]->name;
    PAV_ASSERT(cli_command_count < sizeof(names) / sizeof(names[0]));
    near = pav_text_near(argv[1], names);
    fprintf(stderr, "pavane: there is no command '%s'%s%s%s\n\n", argv[1],
            near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
            near == NULL ? "" : "'?");
    print_commands(stderr);
    return 2;
}
