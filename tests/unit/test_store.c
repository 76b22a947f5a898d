/* The store: whose file it is, rollback, the one-writer rule. */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pavane/reader.h"
#include "pavane/store_bus.h"

static char dir[64], path[128];

static int
setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/pavane-unit-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/t.db", dir);
    return 0;
}

static int
teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static struct pav_store *
open_store(void)
{
    struct pav_store *s = NULL;
    struct pav_err err;

    if (pav_store_open(path, &s, &err) != PAV_OK)
        fail_msg("%s: %s", err.at, err.message);
    return s;
}

static void
add_event(struct pav_store *s, const char *id)
{
    struct pav_event_row row = {.id = pav_store_next_event(s),
                                .received_at = 5,
                                .source = {"s", 1},
                                .event_id = {id, strlen(id)},
                                .detail_type = {"t", 1},
                                .body = {"{}", 2}};

    pav_store_event_add(s, &row);
    pav_store_event_done(s);
}

static int64_t
seen(struct pav_store *s, const char *source, const char *id)
{
    struct pav_bytes a = {source, strlen(source)}, c = {id, strlen(id)};
    int64_t at = 0;

    return pav_store_event_seen(s, a, c, &at);
}

static void
test_commit_and_rollback(void **state)
{
    struct pav_store *s = open_store();
    struct pav_err err;

    (void)state;
    add_event(s, "a");
    assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    add_event(s, "b");
    assert_int_not_equal(seen(s, "s", "b"), 0);
    pav_store_rollback(s);
    assert_int_equal(seen(s, "s", "b"), 0);
    assert_int_equal(seen(s, "s", "a"), 1);
    assert_int_equal(seen(s, "other", "a"), 0);
    assert_int_equal(pav_store_next_event(s), 2); /* the number came back */
    pav_store_close(s);
    s = open_store();
    assert_int_equal(seen(s, "s", "a"), 1);
    pav_store_close(s);
}

static void
check_seen(struct pav_store *s, int from, int until, bool there)
{
    char id[16];
    int i;

    for (i = from; i < until; i++) {
        snprintf(id, sizeof(id), "e%d", i);
        if ((seen(s, "s", id) == i + 1) != there)
            fail_msg("%s is %s", id, there ? "not known" : "known");
    }
}

static void
add_events(struct pav_store *s, int from, int until, int each)
{
    struct pav_err err;
    char id[16];
    int i;

    for (i = from; i < until; i++) {
        snprintf(id, sizeof(id), "e%d", i);
        add_event(s, id);
        if ((i + 1) % each == 0)
            assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    }
}

/*
 * Every event is known while its entry is in memory, goes into the table and
 * is there, over restarts and rollbacks in between (N1 to N3 of seen.c).
 */
static void
test_events_stay_known(void **state)
{
    struct pav_store *s = open_store();
    int round;

    (void)state;
    add_events(s, 0, 40000, 500); /* a tail is full and half gone in */
    check_seen(s, 0, 40000, true);
    check_seen(s, 40000, 40500, false);
    for (round = 0; round < 3; round++) {
        add_events(s, 40000, 40300, 1000);
        check_seen(s, 39900, 40300, true);
        pav_store_rollback(s);
        check_seen(s, 40000, 40300, false);
        check_seen(s, 0, 40000, true);
    }
    pav_store_close(s);
    s = open_store();
    check_seen(s, 0, 40000, true);
    add_events(s, 40000, 120000, 250);
    check_seen(s, 0, 120000, true);
    pav_store_close(s);
    s = open_store();
    check_seen(s, 0, 120000, true);
    pav_store_close(s);
}

#ifdef PAV_HARD
#define TAIL   1024
#define MERGED 20000
#elif defined(__SANITIZE_THREAD__)
#define TAIL   32768
#define MERGED 80000 /* one thread: what is merged shows nothing there */
#else
#define TAIL   32768
#define MERGED 720000 /* the first runs are merged from 557,056 to 688,128 */
#endif
#define EPOCH (4 * TAIL)

static void
limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The id of the n-th event.  Each 64th has one that comes again, once in each
 * of the four runs of an epoch. */
static const char *
again_id(int n, char id[24])
{
    if (n % 64 == 0)
        snprintf(id, 24, "a%d-%d", n / EPOCH, n % TAIL);
    else
        snprintf(id, 24, "e%d", n);
    return id;
}

/* Of ids that came again the last is found, wherever each is. */
static void
check_again(struct pav_store *s, int until)
{
    char id[24];
    int n;

    for (n = 0; n < until; n += 64)
        if ((n + TAIL >= until || (n + TAIL) / EPOCH > n / EPOCH) &&
            seen(s, "s", again_id(n, id)) != n + 1)
            fail_msg("%s is %d, not %d", id, (int)seen(s, "s", id), n + 1);
    for (n = 1; n < until; n += 999)
        if (n % 64 != 0 && seen(s, "s", again_id(n, id)) != n + 1)
            fail_msg("%s is not known", id);
}

/* So it is while runs are merged, over rollbacks and restarts in the middle (R1
 * to R4 of seen_runs.c). */
static void
test_events_stay_known_in_a_merge(void **state)
{
    struct pav_store *s = open_store();
    int n, step = MERGED / 80, i;
    struct pav_err err;
    char id[24];

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    for (n = 0; n < MERGED;) {
        add_event(s, again_id(n++, id));
        if (n % 100 == 0)
            assert_int_equal(pav_store_commit(s, &err), PAV_OK);
        if (n % step != 0)
            continue;
        assert_int_equal(pav_store_commit(s, &err), PAV_OK);
        for (i = 0; i < 300; i++)
            add_event(s, again_id(n + i, id));
        limit_files(1); /* the commit fails as on a full disk */
        assert_int_equal(pav_store_commit(s, &err), PAV_FULL);
        limit_files(RLIM_INFINITY);
        assert_int_equal(seen(s, "s", again_id(n + 1, id)), 0);
        check_again(s, n);
        if (n / step % 10 == 0) {
            pav_store_close(s);
            s = open_store();
            check_again(s, n);
        }
    }
    pav_store_close(s);
}

/* An id that comes again is found as its last event, wherever the first is. */
static void
test_the_last_of_an_id_is_found(void **state)
{
    struct pav_store *s = open_store();
    struct pav_err err;

    (void)state;
    add_events(s, 0, 80000, 500);
    add_event(s, "e7");
    assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    assert_int_equal(seen(s, "s", "e7"), 80001);
    assert_int_equal(seen(s, "s", "e8"), 9);
    pav_store_close(s);
    s = open_store();
    assert_int_equal(seen(s, "s", "e7"), 80001);
    pav_store_close(s);
}

/* A commit is not durable before its sync, and is known not to be. */
static void
test_a_commit_owes_its_sync(void **state)
{
    struct pav_store *s = open_store();
    struct pav_err err;
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        add_event(s, "a");
        assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    }
    assert_true(pav_store_sync_pending(s));
    pav_store_sync(s);
    assert_false(pav_store_sync_pending(s));
    /* A checkpoint leaves nothing owed: the log was synced before it. */
    add_event(s, "b");
    assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    pav_store_checkpoint(s);
    assert_false(pav_store_sync_pending(s));
    /* The log begins anew: its head is synced at once, what follows owes. */
    add_event(s, "c");
    assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    assert_true(pav_store_sync_pending(s));
    pav_store_close(s);
}

/* A second row of one id is a bug that the transaction reports. */
static void
test_a_failed_write_fails_the_commit(void **state)
{
    struct pav_store *s = open_store();
    struct pav_event_row row = {.id = 1,
                                .source = {"s", 1},
                                .event_id = {"a", 1},
                                .detail_type = {"t", 1},
                                .body = {"{}", 2}};
    struct pav_err err;

    (void)state;
    pav_store_event_add(s, &row);
    pav_store_event_add(s, &row);
    assert_int_equal(pav_store_commit(s, &err), PAV_DAMAGED);
    pav_store_rollback(s);
    pav_store_close(s);
}

static void
write_file(const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void
test_foreign_files(void **state)
{
    char command[256];
    struct pav_store *s = NULL;
    struct pav_err err;

    (void)state;
    write_file("this is no database, only a text that is long enough to see");
    assert_int_equal(pav_store_open(path, &s, &err), PAV_INVALID);
    assert_string_equal(err.at, path);
    unlink(path);
    snprintf(command, sizeof(command),
             "sqlite3 %s 'CREATE TABLE t(a); PRAGMA application_id=7'", path);
    if (system(command) == 0) {
        assert_int_equal(pav_store_open(path, &s, &err), PAV_INVALID);
        assert_non_null(strstr(err.message, "another program"));
    }
    unlink(path);
    pav_store_close(open_store());
    snprintf(command, sizeof(command),
             "sqlite3 %s 'PRAGMA user_version=99' >/dev/null", path);
    if (system(command) == 0) {
        assert_int_equal(pav_store_open(path, &s, &err), PAV_INVALID);
        assert_non_null(strstr(err.message, "schema version 99"));
    }
    assert_int_equal(pav_store_open("/nowhere/x.db", &s, &err), PAV_IO);
}

static void
test_another_process_is_kept_out(void **state)
{
    struct pav_store *s = open_store();
    int status;
    pid_t child;

    (void)state;
    add_event(s, "a");
    assert_int_equal(pav_store_commit(s, NULL), PAV_OK);
    child = fork();
    if (child == 0) {
        char command[256];

        snprintf(command, sizeof(command),
                 "sqlite3 %s 'SELECT 1 FROM event' >/dev/null 2>&1", path);
        _exit(system(command) == 0);
    }
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    pav_store_close(s);
}

static void *
write_from_elsewhere(void *arg)
{
    add_event(arg, "x");
    (void)!pav_store_commit(arg, NULL);
    return NULL;
}

/* The planted bug: a thread that does not own the store writes to it. */
static void
test_one_writer(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct pav_store *s = open_store();
        pthread_t t;

        fclose(stderr);
        add_event(s, "a");
        if (pav_store_commit(s, NULL) != PAV_OK)
            _exit(1);
        pthread_create(&t, NULL, write_from_elsewhere, s);
        pthread_join(t, NULL);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
test_readers_see_commits_only(void **state)
{
    struct pav_store *s = open_store();
    struct pav_reader *r;
    struct pav_arena a;
    struct pav_event_row row;
    struct pav_err err;

    (void)state;
    pav_arena_init(&a, 4096);
    assert_int_equal(pav_reader_open(path, &r, &err), PAV_OK);
    add_event(s, "a");
    pav_reader_begin(r, 2000000);
    assert_false(pav_reader_event(r, 1, &a, &row));
    pav_reader_end(r);
    assert_int_equal(pav_store_commit(s, &err), PAV_OK);
    pav_reader_begin(r, 2000000);
    assert_true(pav_reader_event(r, 1, &a, &row));
    pav_reader_end(r);
    pav_reader_close(r);
    pav_arena_fini(&a);
    pav_store_close(s);
}

static bool
is_found(struct pav_reader *r, int n)
{
    struct pav_disposition_filter f = {.kind = -1, .limit = 3};
    struct pav_disposition_view *v;
    struct pav_arena a;
    char id[32];
    uint32_t count;
    int64_t next;

    snprintf(id, sizeof(id), "e-%d", n);
    f.event_id = id;
    pav_arena_init(&a, 4096);
    pav_reader_begin(r, 2000000);
    count = pav_reader_dispositions(r, &f, &a, &v, &next);
    pav_reader_end(r);
    pav_arena_fini(&a);
    return count == 1;
}

/* An event is found by its id wherever its entry is: in the tail, going into a
 * run, in a run; by a reader that looks into the memory, and one that does
 * not. */
static void
test_an_event_is_found_by_its_id(void **state)
{
    enum { COMMITS = 90, EACH = 1000 };
    struct pav_store *s = open_store();
    struct pav_reader *near, *far;
    struct pav_err err;
    char id[32];
    int i, n;

    (void)state;
    assert_int_equal(pav_reader_open(path, &near, &err), PAV_OK);
    assert_int_equal(pav_reader_open(path, &far, &err), PAV_OK);
    pav_reader_recent(near, s);
    for (i = 0; i < COMMITS; i++) {
        for (n = i * EACH; n < (i + 1) * EACH; n++) {
            struct pav_disposition_row row = {.event_id = n + 1,
                                              .kind = PAV_UNMATCHED};

            snprintf(id, sizeof(id), "e-%d", n);
            add_event(s, id);
            pav_store_disposition_add(s, &row);
        }
        assert_false(is_found(near, n - 1));
        assert_int_equal(pav_store_commit(s, &err), PAV_OK);
        for (n = 0; n <= i; n += 1 + i / 9)
            assert_true(is_found(near, n * EACH + 7));
        assert_true(is_found(near, (i + 1) * EACH - 1));
        assert_false(is_found(near, (i + 1) * EACH));
        if (i % 10 == 0)
            assert_true(is_found(far, i * EACH + 7));
    }
    pav_reader_close(near);
    pav_reader_close(far);
    pav_store_close(s);
}

/* The store gives each id once; an event's dispositions stand together. */
static void
test_ids_come_from_the_store(void **state)
{
    struct pav_store *s = open_store();
    struct pav_disposition_row first = {.event_id = 1, .kind = PAV_PARKED};
    struct pav_disposition_row second = {.event_id = 1, .kind = PAV_LATE};
    struct pav_schedule_row one = {
        .name = "one", .next_at = 5, .body = {"{}", 2}};
    struct pav_schedule_row two = {
        .name = "two", .next_at = 6, .body = {"{}", 2}};
    struct pav_delivery_row d = {.rule_arn = "r",
                                 .target_arn = "t",
                                 .target_id = "i",
                                 .target = {"{}", 2},
                                 .body = {"{}", 2}};
    int64_t id, sent;

    (void)state;
    add_event(s, "e");
    pav_store_disposition_add(s, &first);
    pav_store_disposition_add(s, &second);
    assert_int_equal(second.id, first.id + 1);
    pav_store_schedule_put(s, &one);
    pav_store_schedule_put(s, &two);
    id = one.id;
    assert_int_not_equal(one.id, two.id);
    pav_store_schedule_put(s, &one); /* it is there: the same */
    assert_int_equal(one.id, id);
    pav_store_delivery_add(s, &d);
    sent = d.id;
    pav_store_delivery_delete(s, sent);
    assert_int_equal(pav_store_commit(s, NULL), PAV_OK);
    pav_store_close(s);
    s = open_store();
    pav_store_delivery_add(s, &d);
    assert_int_equal(d.id, sent + 1); /* though its row is gone */
    pav_store_close(s);
}

static void
test_names_say_that_they_changed(void **state)
{
    struct pav_store *s = open_store();
    struct pav_name_row row = {.kind = 1, .name = "n", .body = {"{}", 2}};
    int64_t before = pav_store_names_changed(s);

    (void)state;
    pav_store_name_put(s, &row);
    assert_true(pav_store_names_changed(s) > before);
    before = pav_store_names_changed(s);
    pav_store_name_delete(s, 1, 0, "n");
    assert_true(pav_store_names_changed(s) > before);
    pav_store_close(s);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_commit_and_rollback),
        T(test_a_commit_owes_its_sync),
        T(test_events_stay_known),
        T(test_events_stay_known_in_a_merge),
        T(test_the_last_of_an_id_is_found),
        T(test_a_failed_write_fails_the_commit),
        T(test_foreign_files),
        T(test_another_process_is_kept_out),
        T(test_one_writer),
        T(test_readers_see_commits_only),
        T(test_an_event_is_found_by_its_id),
        T(test_ids_come_from_the_store),
        T(test_names_say_that_they_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
