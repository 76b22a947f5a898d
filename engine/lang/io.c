/*
 * Data through a state, in the order that the language prescribes:
 *
 *   InputPath -> Parameters -> work -> ResultSelector -> ResultPath (onto the
 *   raw input) -> OutputPath
 *
 * A path that finds nothing is States.Runtime, with the service's texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pavane/map_run.h"
#include "pavane/text.h"
#include "step_int.h"

void
fail_as(struct stepper *st, const char *error, const char *cause)
{
    struct failure *e = &st->failure;

    memset(e, 0, sizeof(*e));
    e->error = error;
    e->cause = cause;
    e->kind = pav_states_error_find(error);
    e->fixed = e->kind == PAV_STATES_RUNTIME;
}

__attribute__((format(printf, 4, 0))) static bool
vfail(struct stepper *st, const struct frame *f, enum pav_states_error error,
      const char *fmt, va_list ap)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, ap);
    PAV_ASSERT(len >= 0);
    text = pav_arena_alloc(st->arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    fail_as(st, pav_states_error(error), text);
    if (st->inspection == NULL) /* TestState says the error alone */
        st->failure.cause = pav_arena_printf(
            st->arena,
            "An error occurred while executing the state '%s' (entered at the "
            "event id #%lld). %s",
            f->state->name, (long long)f->entered_id, text);
    return false;
}

bool
fail_runtime(struct stepper *st, const struct frame *f, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(st, f, PAV_STATES_RUNTIME, fmt, ap);
    va_end(ap);
    return false;
}

bool
fail_with(struct stepper *st, const struct frame *f,
          enum pav_states_error error, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(st, f, error, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- work ---- */

bool
spend(struct stepper *st, const struct frame *f, uint64_t bytes)
{
    st->work += bytes;
    st->state_work += bytes;
    if (st->state_work <= STATE_WORK_MAX)
        return true;
    return fail_runtime(st, f,
                        "The evaluation of this state goes through more than "
                        "%u bytes: split it over several states, or make its "
                        "input smaller",
                        STATE_WORK_MAX);
}

uint64_t
doc_work(const struct pav_doc *d)
{
    uint64_t sum = 8;
    uint32_t i;

    if (d->kind == PAV_STRING || d->kind == PAV_NUMBER)
        return d->len;
    for (i = 0; d->kind == PAV_ARRAY && i < d->len; i++)
        sum += 64 + doc_work(&d->items[i]);
    for (i = 0; d->kind == PAV_OBJECT && i < d->len; i++)
        sum += 96 + d->members[i].len + doc_work(&d->members[i].value);
    return sum;
}

/* ---- the context object ---- */

static void
put_str(struct pav_members *m, const char *key, const char *value)
{
    pav_members_add(m, key, strlen(key),
                    pav_doc_new_cstr(m->arena, value == NULL ? "" : value));
}

static const struct pav_doc *
time_doc(struct pav_arena *a, int64_t ms)
{
    char text[PAV_TIME_LEN];

    return pav_doc_new_cstr(a, pav_arena_strdup(a, pav_time_format(ms, text)));
}

/* Map.Item: of the iteration that the frame is in, or that is selected. */
static void
put_map(struct stepper *st, const struct frame *f, struct pav_members *top)
{
    struct pav_members map, item;
    const struct pav_doc *value = NULL;
    const struct pav_map_origin *origin = NULL;
    int64_t index = 0;

    if (f->map != NULL && f->map->item != NULL) {
        value = f->map->item;
        index = f->map->item_index;
        origin = f->map->origin;
    }
    for (; value == NULL && f->parent != NULL; f = f->parent) {
        if (f->parent->phase != PHASE_MAP)
            continue;
        index = f->index;
        value = &f->parent->map->items->items[index];
    }
    if (value == NULL)
        return;
    pav_members_init(&map, st->arena);
    pav_members_init(&item, st->arena);
    pav_members_add(&item, "Index", 5, pav_doc_new_int(st->arena, index));
    if (origin != NULL && origin->keyed) {
        pav_members_puts(&item, "Key", pav_doc_get(value, "Key"));
        value = pav_doc_get(value, "Value");
    }
    pav_members_add(&item, "Value", 5, value);
    put_str(&item, "Source", origin == NULL ? "STATE_DATA" : origin->source);
    pav_members_add(&map, "Item", 4, pav_members_object(&item));
    pav_members_add(top, "Map", 3, pav_members_object(&map));
}

const struct pav_doc *
context_of(struct stepper *st, struct frame *f)
{
    const struct pav_identity *id = st->in->identity;
    struct pav_arena *a = st->arena;
    struct pav_members top, m;

    if (st->inspection != NULL && st->inspection->context != NULL)
        return st->inspection->context;
    if (f->context != NULL)
        return f->context;
    pav_members_init(&top, a);
    pav_members_init(&m, a);
    put_str(&m, "Id", id->execution_arn);
    if (st->in->execution_input != NULL)
        pav_members_add(&m, "Input", 5, st->in->execution_input);
    pav_members_add(&m, "StartTime", 9, time_doc(a, id->started_at));
    put_str(&m, "Name", id->execution_name);
    put_str(&m, "RoleArn", id->role_arn);
    pav_members_add(&m, "RedriveCount", 12,
                    pav_doc_new_int(a, id->redrive_count));
    if (id->redrive_count > 0)
        pav_members_add(&m, "RedriveTime", 11, time_doc(a, id->redriven_at));
    pav_members_add(&top, "Execution", 9, pav_members_object(&m));
    pav_members_init(&m, a);
    put_str(&m, "Id", id->machine_arn);
    put_str(&m, "Name", id->machine_name);
    pav_members_add(&top, "StateMachine", 12, pav_members_object(&m));
    pav_members_init(&m, a);
    put_str(&m, "Name", f->state->name);
    pav_members_add(&m, "EnteredTime", 11, time_doc(a, f->entered_at));
    if (f->state->kind == &task_kind)
        pav_members_add(&m, "RetryCount", 10,
                        pav_doc_new_int(a, f->retry_count));
    pav_members_add(&top, "State", 5, pav_members_object(&m));
    if (f->token != NULL && f->state->kind == &task_kind) {
        pav_members_init(&m, a);
        put_str(&m, "Token", f->token);
        pav_members_add(&top, "Task", 4, pav_members_object(&m));
    }
    put_map(st, f, &top);
    f->context = pav_members_object(&top);
    return f->context;
}

/* ---- paths and templates ---- */

bool
io_too_big(struct stepper *st, const struct pav_doc *d)
{
    return d != NULL && recorder_ref(&st->rec, d) == PAYLOAD_TOO_BIG;
}

bool
io_path_field(struct stepper *st, struct frame *f,
              const struct path_field *field, const struct pav_doc *from,
              const struct pav_doc **out)
{
    struct pav_err why;

    if (!field->given) {
        *out = from;
        return true;
    }
    if (field->null) {
        *out = &pav_doc_empty_object;
        return true;
    }
    if (from->kind == PAV_NULL && field->expr->kind == EXPR_PATH &&
        strcmp(field->expr->text, "$") != 0)
        return fail_runtime(st, f,
                            "Unable to apply Path transformation to null or "
                            "empty input.");
    if (expr_eval(st, f, field->expr, from, out, &why) == EXPR_FOUND)
        return true;
    return fail_runtime(st, f, "Invalid path '%s' : %s", field->expr->text,
                        why.message);
}

static bool
template_expr(struct stepper *st, struct frame *f, const struct tmpl *t,
              const struct pav_doc *from, const struct pav_doc **out)
{
    struct pav_buf text;

    switch (expr_eval(st, f, t->expr, from, out, NULL)) {
    case EXPR_FOUND:
        return true;
    case EXPR_FAILED:
        return false;
    case EXPR_NOTHING:
        break;
    }
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(from, &text);
    fail_runtime(st, f,
                 "The JSONPath '%s' specified for the field '%s' could not be "
                 "found in the input '%s'",
                 t->expr->text, t->field, text.p == NULL ? "" : text.p);
    pav_buf_fini(&text);
    return false;
}

bool
io_template(struct stepper *st, struct frame *f, const struct tmpl *t,
            const struct pav_doc *from, const struct pav_doc **out)
{
    struct pav_members members;
    struct pav_items items;
    uint32_t i;

    switch (t->kind) {
    case TMPL_LITERAL:
        *out = t->literal;
        return true;
    case TMPL_EXPR:
        return template_expr(st, f, t, from, out);
    case TMPL_OBJECT:
        pav_members_init(&members, st->arena);
        for (i = 0; i < t->count; i++) {
            const struct tmpl_member *m = &t->members[i];
            const struct pav_doc *v;

            if (!io_template(st, f, m->value, from, &v))
                return false;
            pav_members_add(&members, m->key, m->len, v);
        }
        *out = pav_members_object(&members);
        return true;
    case TMPL_ARRAY:
        pav_items_init(&items, st->arena);
        for (i = 0; i < t->count; i++) {
            const struct pav_doc *v;

            if (!io_template(st, f, t->members[i].value, from, &v))
                return false;
            pav_items_add(&items, v);
        }
        *out = pav_items_array(&items);
        return true;
    }
    return false;
}

/* ---- the two halves ---- */

bool
io_input(struct stepper *st, struct frame *f, const struct pav_doc **effective)
{
    const struct state *s = f->state;
    const struct pav_doc *d;

    if (!io_path_field(st, f, &s->input_path, f->input, &d))
        return false;
    inspect(st, "afterInputPath", d);
    *effective = d;
    if (s->parameters != NULL &&
        !io_template(st, f, s->parameters, d, effective))
        return false;
    inspect(st, "afterParameters", *effective);
    return true;
}

bool
io_result_path(struct stepper *st, struct frame *f,
               const struct path_field *field, const struct pav_doc *result,
               const struct pav_doc **out)
{
    struct pav_buf text;

    if (!field->given) {
        *out = result;
        return true;
    }
    if (field->null) {
        *out = f->input;
        return true;
    }
    *out = pav_path_put(field->expr->path, f->input, result, st->arena);
    if (*out != NULL)
        return true;
    pav_buf_init(&text, PAV_PAYLOAD_MAX);
    pav_doc_print(f->input, &text);
    fail_with(st, f, PAV_STATES_RESULT_PATH_MATCH_FAILURE,
              "Unable to apply ResultPath '%s' to the input '%s'",
              field->expr->text, text.p);
    pav_buf_fini(&text);
    return false;
}

bool
io_output(struct stepper *st, struct frame *f, const struct pav_doc *result,
          const struct pav_doc **output)
{
    const struct state *s = f->state;
    const struct pav_doc *d = result;

    if (s->kind != &pass_kind)
        inspect(st, "result", result);
    if (!io_assign(st, f, s->assign, result))
        return false;
    if (s->result_selector != NULL &&
        !io_template(st, f, s->result_selector, result, &d))
        return false;
    inspect(st, "afterResultSelector", d);
    if (!io_result_path(st, f, &s->result_path, d, &d))
        return false;
    inspect(st, "afterResultPath", d);
    return io_path_field(st, f, &s->output_path, d, output);
}
