/* pavane graph: a machine's picture, without a daemon. */
#include "pavane/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pavane/file.h"
#include "pavane/machine.h"
#include "cli.h"

static const struct pav_setting settings[] = {
    {"out", PAV_SET_TEXT, "FILE", NULL, 0, 0,
     "where to write; standard output otherwise"},
    {"json", PAV_SET_FLAG, "", NULL, 0, 0,
     "the places of states and transitions instead of a picture"},
    SETTING_HELP};

static void
say_faults(const struct pav_faults *faults, const char *path)
{
    struct pav_buf b;

    if (faults->count == 0)
        return;
    pav_buf_init(&b, 64u << 20);
    pav_faults_print(faults, path, &b);
    fputs(b.p, stderr);
    pav_buf_fini(&b);
}

/* A definition, or the one in a machine's folder. */
static enum pav_rc
read_definition(struct pav_arena *a, const char *path,
                const struct pav_doc **definition, struct pav_machine **machine,
                struct pav_err *err)
{
    struct pav_doc_opts opts = {.dup = PAV_DUP_LAST};
    struct pav_faults faults;
    struct stat st;
    char *text;
    size_t len;
    enum pav_rc rc;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        path = pav_arena_printf(a, "%s/machine.asl.json", path);
    rc = pav_file_read(path, PAV_DEFINITION_MAX, &text, &len, err);
    if (rc != PAV_OK)
        return rc;
    rc = pav_doc_parse_copy(a, text, len, &opts, definition, err);
    if (rc == PAV_OK) {
        /* With faults it is drawn all the same, without what Tasks wait for. */
        pav_faults_init(&faults, a);
        *machine = pav_machine_compile(text, len, PAV_STANDARD, &faults);
        say_faults(&faults, path);
    }
    free(text);
    return rc;
}

static enum pav_rc
write_out(const char *path, const struct pav_buf *b, struct pav_err *err)
{
    FILE *f = path == NULL ? stdout : fopen(path, "wb");
    bool good;

    if (f == NULL)
        return pav_fail(err, PAV_IO, path, "cannot be written");
    good = fwrite(b->p, 1, b->len, f) == b->len;
    good = (path == NULL ? fflush(f) : fclose(f)) == 0 && good;
    return good ? PAV_OK
                : pav_fail(err, PAV_IO, path == NULL ? "output" : path,
                           "cannot be written to its end");
}

static int
run(const struct pav_settings *s, int argc, char **argv)
{
    const struct pav_doc *definition = NULL;
    struct pav_machine *machine = NULL;
    struct pav_graph *g;
    struct pav_arena a;
    struct pav_err err;
    struct pav_buf b;
    enum pav_rc rc;
    int code;

    if (argc != 1)
        return cli_usage(&graph_command,
                         "one definition or machine's folder is expected");
    pav_arena_init(&a, 1 << 16);
    rc = read_definition(&a, argv[0], &definition, &machine, &err);
    if (rc == PAV_OK) {
        g = pav_graph_new(definition, machine);
        pav_buf_init(&b, 64u << 20);
        if (pav_graph_states(g) == 0)
            rc = pav_fail(&err, PAV_INVALID, argv[0],
                          "there are no States in it, or more than %d",
                          PAV_GRAPH_STATES);
        else if (pav_settings_flag(s, "json"))
            pav_graph_json(g, &b);
        else
            pav_graph_svg(g, NULL, pav_graph_style(), &b);
        if (rc == PAV_OK && b.over)
            rc = pav_fail(&err, PAV_LIMIT, argv[0],
                          "it would take more than 64 MiB to draw");
        if (rc == PAV_OK)
            rc = write_out(pav_settings_text(s, "out"), &b, &err);
        pav_buf_fini(&b);
        pav_graph_free(g);
    }
    code = rc != PAV_OK ? cli_fail("graph", &err) : machine == NULL;
    pav_machine_free(machine);
    pav_arena_fini(&a);
    return code;
}

const struct command graph_command = {
    .name = "graph",
    .arguments = "PATH [--out FILE]",
    .summary = "draw a machine: a definition or a machine's folder, as SVG",
    .text = "A definition with faults is drawn as far as it can be read; the "
            "faults are reported,\nand the exit code is 1.\n",
    .settings = settings,
    .setting_count = sizeof(settings) / sizeof(settings[0]),
    .run = run,
};
