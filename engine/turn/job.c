/* Jobs: see pavane/job.h. */
#include <stdio.h>
#include <stdlib.h>
#include "turn.h"

void *
pav_job_new(const struct pav_job_kind *kind)
{
    struct pav_job *j = pav_xcalloc(1, kind->size);

    j->kind = kind;
    pav_arena_init(&j->arena, 4096);
    return j;
}

void
pav_job_free(struct pav_job *j)
{
    if (j == NULL)
        return;
    if (j->kind->fini != NULL)
        j->kind->fini(j);
    pav_arena_fini(&j->arena);
    free(j);
}

struct pav_job *
pav_job_next(const struct pav_job *j)
{
    return (struct pav_job *)j->node.next;
}

void
job_fail(struct pav_job *j, enum pav_rc rc, const char *aws_error,
         const char *at, const char *fmt, ...)
{
    char message[768];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    j->rc = pav_fail(&j->err, rc, at, "%s", message);
    j->aws_error = aws_error;
}

/* ---- on their way out ---- */

void
job_release(struct pav_engine *e, struct pav_job *j)
{
    j->kept = false;
    j->node.next = NULL;
    *e->jobs_last = j;
    e->jobs_last = (struct pav_job **)(void *)&j->node.next;
}

void *
job_hand_out(struct pav_engine *e, const struct pav_job_kind *kind)
{
    struct pav_job *j = pav_job_new(kind);

    j->sender = e->config.outside;
    job_release(e, j);
    e->counts.calls++;
    return j;
}

void
jobs_return(struct pav_job *first)
{
    struct pav_job *last, *next;

    for (; first != NULL; first = next) {
        for (last = first; (next = pav_job_next(last)) != NULL; last = next)
            if (next->sender != first->sender)
                break;
        last->node.next = NULL;
        if (first->sender != NULL) {
            first->sender->done(first->sender, first);
            continue;
        }
        while ((last = first) != NULL) {
            first = pav_job_next(last);
            pav_job_free(last);
        }
    }
}
