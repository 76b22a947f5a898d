/*
 * Published versions: rows that name one stored definition; their numbers are
 * never given again.  aws/states_versions.c is their API.
 */
#include <stdio.h>
#include "published.h"

bool
published_find(struct pav_engine *e, struct machine *m, int64_t number,
               struct pav_name_row *row)
{
    char name[24];

    snprintf(name, sizeof(name), "%010lld", (long long)number);
    return pav_store_name(e->store, PAV_NAME_VERSION, m->id, name, &e->arena,
                          row);
}

/* The newest one that is there (0: none), and how many there are. */
int64_t
published_last(struct pav_engine *e, struct machine *m,
               struct pav_name_row *row, uint32_t *count)
{
    static const char *const before[] = {""};
    struct pav_name_row rows[100];
    const char *after = before[0];
    int64_t last = 0;
    uint32_t n;

    do {
        n = pav_store_names(e->store, PAV_NAME_VERSION, m->id, after, 100,
                            &e->arena, rows);
        *count += n;
        if (n > 0) {
            *row = rows[n - 1];
            after = rows[n - 1].name;
            last = rows[n - 1].number;
        }
    } while (n == 100);
    return last;
}

int64_t
version_publish(struct pav_engine *e, struct machine *m, int64_t version_id,
                int64_t revision, const char *description, int64_t *created_at,
                bool again)
{
    struct pav_name_row row = {0}, given;
    uint32_t count = 0;
    int64_t number = published_last(e, m, &row, &count);
    const struct pav_doc *body;
    struct pav_members b;
    struct pav_buf text;
    char name[24];

    *created_at = pav_clock_ms(e->clock);
    if (number > 0) {
        body = pav_doc_own(&e->arena, row.body.p, row.body.len);
        if (!again && pav_doc_member_int(body, "versionId") == version_id) {
            *created_at = pav_doc_member_int(body, "createdAt");
            return number;
        }
    }
    /* The number of one that was deleted is not given again. */
    if (pav_store_name(e->store, PAV_NAME_LAST_VERSION, m->id, "", &e->arena,
                       &given) &&
        given.number > number)
        number = given.number;
    number++;
    snprintf(name, sizeof(name), "%010lld", (long long)number);
    pav_members_init(&b, &e->arena);
    pav_members_int(&b, "versionId", version_id);
    pav_members_int(&b, "revision", revision);
    pav_members_int(&b, "createdAt", *created_at);
    pav_members_str(&b, "description", description);
    pav_buf_init(&text, SIZE_MAX / 2);
    pav_doc_print(pav_members_object(&b), &text);
    row.kind = PAV_NAME_VERSION;
    row.owner = m->id;
    row.number = number;
    row.name = name;
    row.body.p = text.p;
    row.body.len = text.len;
    pav_store_name_put(e->store, &row);
    pav_buf_fini(&text);
    return number;
}
