/* pavane completion: the table of commands for shells, and for man. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct pav_setting settings[] = {SETTING_HELP};

static void
print_options(const struct command *c, const char *between)
{
    size_t i;

    for (i = 0; i < c->setting_count; i++)
        printf("%s--%s", i == 0 ? "" : between, c->settings[i].name);
}

static void
bash(void)
{
    size_t i;

    puts("# completion of pavane for bash: source it, or install it as\n"
         "# share/bash-completion/completions/pavane\n"
         "_pavane() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} options=--help");
    printf("    local commands=\"");
    for (i = 0; i < cli_command_count; i++)
        printf("%s%s", i == 0 ? "" : " ", cli_commands[i]->name);
    puts("\"\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "        COMPREPLY=($(compgen -W \"$commands --help --version\" -- "
         "\"$word\"))\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (i = 0; i < cli_command_count; i++) {
        printf("    %s) options=\"", cli_commands[i]->name);
        print_options(cli_commands[i], " ");
        puts("\" ;;");
    }
    puts("    esac\n"
         "    case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -F _pavane pavane");
}

/* Inside of '...', where zsh takes ":" and brackets for its own. */
static void
print_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr(":[]\\", *text) != NULL)
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void
zsh(void)
{
    size_t i, k;

    puts("#compdef pavane\n"
         "# completion of pavane for zsh: install it as\n"
         "# share/zsh/site-functions/_pavane\n"
         "local -a commands\n"
         "commands=(");
    for (i = 0; i < cli_command_count; i++) {
        printf("    '%s:", cli_commands[i]->name);
        print_quoted(cli_commands[i]->summary);
        puts("'");
    }
    puts(")\n"
         "if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "fi\n"
         "case $words[2] in");
    for (i = 0; i < cli_command_count; i++) {
        const struct command *c = cli_commands[i];

        printf("%s) _arguments", c->name);
        for (k = 0; k < c->setting_count; k++) {
            printf(" \\\n    '--%s[", c->settings[k].name);
            print_quoted(c->settings[k].help);
            printf("]%s'",
                   c->settings[k].type == PAV_SET_FLAG ? "" : ":value:_files");
        }
        puts(" \\\n    '*:file:_files' ;;");
    }
    puts("esac");
}

/* A line of roff: "-" is a hyphen there, "." and "'" at its beginning are
 * requests. */
static void
print_roff(const char *text)
{
    bool begins = true;

    for (; *text != '\0'; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
        begins = *text == '\n';
    }
}

static void
print_command(const struct command *c)
{
    size_t i;

    fputs(".SS ", stdout);
    print_roff(c->name);
    fputs("\n.B pavane ", stdout);
    print_roff(c->name);
    fputs("\n", stdout);
    print_roff(c->arguments);
    fputs("\n.PP\n", stdout);
    print_roff(c->summary);
    fputs(".\n", stdout);
    if (c->text != NULL) {
        fputs(".PP\n", stdout);
        print_roff(c->text);
    }
    for (i = 0; i < c->setting_count; i++) {
        const struct pav_setting *t = &c->settings[i];

        if (strcmp(t->name, "help") == 0)
            continue;
        fputs(".TP\n.B \\-\\-", stdout);
        print_roff(t->name);
        printf(" %s\n", t->unit);
        print_roff(t->help);
        fputs("\n", stdout);
        if (t->by_default != NULL) {
            fputs("[", stdout);
            print_roff(t->by_default);
            fputs("]\n", stdout);
        }
    }
}

static void
man(void)
{
    size_t i;

    puts(".TH PAVANE 1 \"\" \"Pavane\" \"User Commands\"\n"
         ".SH NAME\n"
         "pavane \\- what a choreography of services is doing, and where each "
         "order stands\n"
         ".SH SYNOPSIS\n"
         ".B pavane\n"
         ".I COMMAND\n"
         ".RI [ options ]\n"
         ".SH DESCRIPTION\n"
         "Services POST their events to one daemon; rules with EventBridge "
         "patterns match\n"
         "them, and for each correlation id one Amazon States Language machine "
         "runs. The\n"
         "daemon's dashboard shows every execution as a graph with its "
         "history.\n"
         ".PP\n"
         "Each command has\n"
         ".BR \\-\\-help ;\n"
         "each option may be in the environment, as\n"
         ".BI PAVANE_ NAME\\fR.\n"
         ".SH COMMANDS");
    for (i = 0; i < cli_command_count; i++)
        print_command(cli_commands[i]);
    puts(
        ".SH SIGNALS\n"
        ".TP\n"
        ".BR SIGTERM \", \" SIGINT\n"
        "the daemon finishes what it has acknowledged and ends\n"
        ".TP\n"
        ".B SIGHUP\n"
        "the daemon reads its settings, its services and its tokens again; a "
        "fault leaves\n"
        "all as they were\n"
        ".SH EXIT STATUS\n"
        "0 fine; 1 refused or not found; 2 usage or a setting; 3 the daemon or "
        "the machine\n"
        "cannot be reached or used.\n"
        ".SH EXAMPLES\n"
        ".nf\n"
        "pavane serve \\-\\-db pavane.db \\-\\-machines my\\-machines\n"
        "pavane send event.json\n"
        "pavane show order\\-1234\n"
        ".fi");
}

static int
completion(const struct pav_settings *s, int argc, char **argv)
{
    (void)s;
    if (argc == 1 && strcmp(argv[0], "bash") == 0)
        bash();
    else if (argc == 1 && strcmp(argv[0], "zsh") == 0)
        zsh();
    else if (argc == 1 && strcmp(argv[0], "man") == 0)
        man();
    else
        return cli_usage(&completion_command, "bash, zsh or man is expected");
    return 0;
}

const struct command completion_command = {
    "completion",
    "bash|zsh|man",
    "print what a shell needs to complete commands, or the manual page",
    "In a shell: source <(pavane completion bash).  'cmake --install' puts all "
    "where shells\nand man look for them.\n",
    settings,
    sizeof(settings) / sizeof(settings[0]),
    completion};
