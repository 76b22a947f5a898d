#!/usr/bin/env python3
"""Plants one bug at a time in a copy of the tree; a safety test must turn red.

  planted.py [--rounds N] [--share K/N] [WORD...]

  --rounds N   each bug must be seen N times of N, not once
  --share K/N  the K-th of N parts of them, for N lanes beside each other
  WORD         only the bugs whose names have one of the words

A test that stays green, or a place that is gone from the code, is a failure.
Prints a line a bug and, at last, "N passed, N failed, N skipped".
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
E2E = [sys.executable, "tests/e2e/test_faults.py"]

# what, file, the place, what is there then, the test that must see it: in
# build-fuzz when it is a target of it, in build-asan or build-tsan when it says so
BUGS = [
    ("answers before the commit", "engine/run/engine.c",
     "    switch (pav_store_commit(e->store, &err)) {",
     "    if (alone == NULL) {\n        jobs_return(e->jobs);\n        e->jobs = NULL;\n"
     "        e->jobs_last = &e->jobs;\n        usleep(3000);\n    }\n    switch (pav_store_commit(e->store, &err)) {", E2E),
    ("answers before the sync", "engine/run/flusher.c",
     "        took = timed_sync(f->engine);\n        release(f->engine, f->feed, f->jobs);",
     "        release(f->engine, f->feed, f->jobs);\n        took = timed_sync(f->engine);",
     ["build/tests/unit_run"]),
    ("forgets which events came before", "engine/run/dedupe.c",
     "    if (!was_taken(ec, m, &execution_id)) {",
     "    was_taken(ec, m, &execution_id);\n    {", ["build/tests/unit_run"]),
    ("drops early events", "engine/run/match_wait.c",
     "    while (applied && x->row.status == PAV_RUNNING) {",
     "    applied = false;\n    while (applied && x->row.status == PAV_RUNNING) {", ["build/tests/unit_run"]),
    ("loses timers", "engine/run/runner.c",
     "            pav_store_timer_add(e->store, after->timers[i].due_at, x->row.id,\n"
     "                                after->timers[i].no);",
     "            (void)e;", ["build/tests/unit_run"]),
    ("lets any thread write", "engine/store/vfs.c",
     "    if (has_writer && !pthread_equal(writer, pthread_self()))",
     "    if (false && !pthread_equal(writer, pthread_self()))", ["build/tests/unit_store"]),
    ("takes a list that was cut off for whole", "engine/store/reader.c",
     "        r->failed = SQLITE_INTERRUPT; /* R1: a part is no answer */", "        return true;", ["build/tests/unit_run"]),
    ("adds a fold behind one that was lost", "engine/run/fold.c", " || j->after != pav_store_flow_at(e->store)", "",
     ["build/tests/unit_run"]),
    ("jumps over elements that agree", "engine/lang/pattern/choose.c", "                             ? g->places[k].index\n", "                             ? g->places[k].index + 1\n",
     ["build/tests/unit_pattern"]),
    ("forgets what was started", "engine/store/rows/forget.c", "    STORE_DO(s, SQL_STARTED_KEEP, INT(id));\n", "",
     [sys.executable, "tests/e2e/test_retention.py", "Retention.test_what_was_started_stays_counted"]),
    ("finds no event on its way to the disk", "engine/store/seen.c",
     "        put_recent(ids, n->going, n->going_count, hash, upto);\n", "", ["build/tests/unit_store"]),
    ("asks nobody again after a kill", "engine/run/work.c",
     "    else if (!local_call(e, &task) && task.lease != e->lifetime)",
     "    else if (!local_call(e, &task) && task.lease == 0)",
     [sys.executable, "tests/e2e/test_tasks.py", "Services.test_a_call_survives_a_kill"]),
    ("forgets items that ended", "engine/run/work.c",
     "    pav_store_left(e->store, load_left, e);", "    (void)load_left;",
     [sys.executable, "tests/e2e/test_tasks.py", "MapRuns.test_survives_kills"]),
    ("forgets deliveries after a kill", "engine/bus/deliveries.c",
     "    if (!pav_store_deliveries_open(e->store))", "    if (e != NULL)",
     [sys.executable, "tests/e2e/test_bus.py", "Deliveries.test_kills_lose_no_delivery"]),
    ("a message comes without its id", "engine/api/sources.c",
     "    item->event.known_id = true;", "",
     [sys.executable, "tests/e2e/test_sources.py", "Sources.test_deleted_behind_the_commit_and_never_twice"]),
    ("keeps the marks of a turn that was thrown away", "engine/run/sources.c", "    begin_afresh(j);\n", "",
     [sys.executable, "tests/e2e/test_sources.py", "Sources.test_a_turn_that_was_thrown_away_loses_nothing"]),
    ("deletes what it could not store", "engine/run/sources.c",
     "        if (j->events.items[i].event.text.p != NULL)\n            add_receipt", "        if (true)\n            add_receipt",
     [sys.executable, "tests/e2e/test_sources.py", "Sources.test_what_is_no_event_stays_in_the_queue"]),
    ("a replay forgets its place", "engine/run/replays.c",
     'at = {pav_doc_member_int(body, "LastAt"),', 'at = {pav_doc_member_int(body, "LastAt") + 20,',
     [sys.executable, "tests/e2e/test_bus.py", "Archives.test_kills_during_a_replay"]),
    ("matches over elements of an array", "engine/lang/pattern/choose.c",
     "            if (f->places[k].index == g->places[k].index)\n", "            if (true)\n",
     ["build/tests/conformance", "event-patterns", "tests/conformance/cases/event-patterns"]),
    ("lets calls nest as they will", "engine/lang/jsonata/apply.c",
     "    if (!nest(e)) /* calls of calls that no expression stands between */", "    if (e->nesting++ > 1000000)",
     ["build/tests/conformance", "asl", "tests/conformance/cases/asl"]),
    ("a list of one stays a list", "engine/lang/jsonata/eval.c",
     "    return v.list->count == 1 && !v.list->keep_singleton ? v.list->items[0] : v;", "    return v;",
     ["build/tests/conformance", "jsonata", "tests/conformance/cases/jsonata"]),
    ("prints markup", "engine/base/buf.c", 'as = "&lt;";', 'as = "<";', ["build/tests/unit_pages"]),
    ("takes two lengths", "engine/net/parse.c",
     "    if (h->has_length || *value == '\\0')", "    if (*value == '\\0')", ["build/tests/unit_http_parse"]),
    ("skips the sync of a commit", "engine/store/vfs.c",
     "        rc = fdatasync(log_file->sync_fd);", "        rc = 0;",
     [sys.executable, "tests/e2e/test_power.py", "Power.test_T4_nothing_that_was_told_is_lost"]),
    ("tells readers before the sync", "engine/api/query_job.c",
     "    if (!qu->undurable)\n        pav_store_await_durable(); /* T1: of what was read as well */\n", "",
     [sys.executable, "tests/e2e/test_power.py", "Power.test_T4_nothing_that_was_told_is_lost"]),
    ("leaves no witness", "engine/store/store.c", "    witness_write(s, ends);\n", "    (void)ends;\n",
     [sys.executable, "tests/e2e/test_reads.py", "Files.test_A9_what_a_damaged_log_lost_is_told"]),
    ("trusts what it reads", "engine/store/rows/steps.c",
     "return sum == 0 || sum == row_sum(out->id, out->record);", "return sum != -1;",
     [sys.executable, "tests/e2e/test_reads.py", "Files.test_A10_damage_is_named_and_nothing_is_short"]),
    ("forgets what others need", "engine/store/rows/forget.c",
     "\"SELECT 1 FROM execution x WHERE x.id=event.first_execution\"", "\"SELECT 1 WHERE 0\"",
     [sys.executable, "tests/e2e/test_retention.py", "Retention.test_what_ended_long_ago_goes_with_all_that_is_its"]),
    ("owes the database's sync for ever", "engine/store/vfs.c",
     "    if (real->pMethods->xSync(real, SQLITE_SYNC_NORMAL) != SQLITE_OK)",
     "    if (real == NULL)",
     [sys.executable, "tests/e2e/test_power.py", "Power.test_T4_nothing_that_was_told_is_lost"]),
    ("counts what it forgot", "engine/store/rows/forget.c",
     "        pav_store_standing_add(s, &gone);", "",
     [sys.executable, "tests/e2e/test_retention.py"]),
    ("counts what a full disk threw away", "engine/run/standing.c",
     "    if (s == NULL || !s->any)\n        return;\n    memset", "    if (s == NULL || !s->any || e->full)\n        return;\n    memset",
     [sys.executable, "tests/e2e/test_keeping.py", "Files.test_A12_a_file_that_may_not_grow_is_a_full_disk"]),
    ("tells an alert twice", "engine/run/alerts.c", "            told[k] = true;", "            told[k] = false;",
     [sys.executable, "tests/e2e/test_alerts.py", "Alerts.test_a_group_is_told_once_until_it_is_gone"]),
    ("refers to another payload", "engine/lang/asl/record_write.c",
     "    return (r->carried[p - from->payloads] = r->payload_count) - 1;", "    return r->payload_count - 2;",
     ["build/tests/unit_record"]),
    ("never ends the log", "engine/store/store.c",
     "    return s->retry_ms == 0 || pav_clock_mono_us() >= s->retry_at_us;", "    return false;",
     [sys.executable, "tests/e2e/test_power.py", "Power.test_T4_checkpoints_let_the_log_begin_anew"]),
    ("loses ids over a rollback", "engine/store/seen.c",
     "    n->gone = n->gone_committed; /* N2 */\n", "",
     [sys.executable, "tests/e2e/test_power.py", "Rollback"]),
    ("forgets how far a merge had come", "engine/store/seen_runs.c",
     "    s->runs->from = s->runs->from_committed; /* R4 */\n", "",
     ["build/tests/unit_store"]),
    ("believes a run that is merged", "engine/store/seen_runs.c",
     "    if (r->table_empty)\n", "    if (r->table_empty || id != 0)\n", ["build/tests/unit_store"]),
    ("drops what it should merge", "engine/store/seen_runs.c",
     "            if (e[i].hash >= from && e[i].hash <= end)", "            if (e[i].hash > from && e[i].hash < end)",
     ["build/tests/unit_store"]),
    ("takes a full disk for a commit", "engine/run/engine.c", "        turn_lost(e, &err);\n", "        committed = true;\n",
     [sys.executable, "tests/e2e/test_strain.py", "Full"]),
    ("keeps what a full disk took", "engine/run/engine.c",
     "    hot_forget(e);\n    e->counts.waits = e->committed_waits;", "    e->counts.waits = e->committed_waits;",
     [sys.executable, "tests/e2e/test_strain.py", "Full"]),
    ("goes back with the system's clock", "engine/base/clock.c", "    if (now < before - JUMP_MS) {", "    if (false) {",
     [sys.executable, "tests/e2e/test_strain.py", "Clock"]),
    ("bears any number of requests", "engine/cli/serve.c", 'pav_settings_int(s, "queue")', "10000000",
     [sys.executable, "tests/e2e/test_strain.py", "Overload"]),
    ("takes the beginning of a token", "engine/auth/access.c",
     "    size_t i, len = strlen(token);",
     "    size_t i, len = strlen(authorization) < 8 ? 99 : strlen(authorization + 7);",
     [sys.executable, "tests/e2e/test_bad_input.py", "Token"]),
    ("follows links out of the data", "engine/api/object_files.c",
     "    return strncmp(real, root, len) == 0 && real[len] == '/';", "    return true;",
     [sys.executable, "tests/e2e/test_tasks.py", "MapRuns.test_objects_stay_inside"]),
    ("bears with slow bodies", "engine/net/connection.c",
     "    return c->state == READ_BODY && seconds >= BODY_GRACE_S &&", "    return false && seconds >= BODY_GRACE_S &&",
     [sys.executable, "tests/e2e/test_http.py", "Raw.test_slow_body_is_cut_off"]),
    ("gives away what a folder owns", "engine/aws/owned.c", "           refuse(c, &row);\n}", "           false;\n}",
     [sys.executable, "tests/e2e/test_systems.py", "Systems.test_it_is_the_folders"]),
    ("keeps in memory what a fault took back", "engine/aws/apply.c", "        read_again(e, j);\n        changes", "        changes",
     [sys.executable, "tests/e2e/test_systems.py", "Systems.test_a_fault_has_its_place_and_changes_nothing"]),
    ("forgets who waits for a place", "engine/run/runner.c",
     "        e->place_is_free || (x->version->machine->rules != NULL &&", "        e->place_is_free || (false &&",
     [sys.executable, "tests/e2e/test_plays.py", "Plays.test_of_a_machine_only_so_many_executions_are_open"]),
    ("does half of a transaction", "engine/run/table_batch.c", "    if (list == NULL || !look_at_parts(b, list))", "    if (list == NULL)",
     [sys.executable, "tests/e2e/test_systems.py", "Systems.test_tables_in_batches_and_transactions"]),
    ("shows secrets", "engine/api/query_job.c", "    pav_service_mask(qu->services, &qu->q.out);\n", "",
     [sys.executable, "tests/e2e/test_plays.py", "Plays.test_parameters_and_secrets_are_used_and_not_shown"]),
    ("leaks", "engine/folder/scan.c", "    pav_arena_fini(&a);\n    return PAV_OK;", "    return PAV_OK;",
     ["asan", sys.executable, "tests/e2e/test_machines.py", "Commands.test_a_session"]),
    ("races", "engine/run/engine.c", "    struct pav_node *rest = pav_queue_push_some(e->queue, &j->node);",
     "    struct pav_node *rest = (e->counts.commits++, pav_queue_push_some(e->queue, &j->node));",
     ["tsan", sys.executable, "tests/e2e/test_http.py", "Raw.test_pipelined", "Raw.test_a_client_that_left"]),
    ("writes behind a name", "engine/net/parse.c", "    if (c->name_len < sizeof(c->name))",
     "    if (c->name_len < 99)",
     ["build-fuzz/tests/fuzz_http", "-runs=400000", "-seed=1", "-max_len=1024", "-dict=tests/fuzz/http.dict",
      "build-fuzz/corpus", "tests/fuzz/seeds/http"]),
    ("counts nothing again after a kill", "engine/run/engine.c", "    pav_store_ledger_catch_up(e->store);\n", "",
     [sys.executable, "tests/e2e/test_ledger.py", "Ledger.test_it_is_what_the_rows_say"]),
    ("folds what was folded", "engine/run/fold.c", "    pav_store_flow_upto(e->store, j->upto);\n", "",
     [sys.executable, "tests/e2e/test_flow.py"]),
]


def run(tree, *args, **more):
    more.setdefault("timeout", 900)
    return subprocess.run(args, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **more)


def tree_of(test):
    if test[0] in ("asan", "tsan"):
        return "build-" + test[0], test[1:]
    return "build-fuzz" if test[0].startswith("build-fuzz") else "build", test


def built(tree, test):
    """Builds what the test runs, and nothing else: linking all would take three times as long."""
    where, test = tree_of(test)
    targets = [os.path.basename(test[0])] if test[0].startswith("build") else ["pavane", "recorder"]
    r = run(tree, "cmake", "--build", where, "--target", *targets)
    if r.returncode != 0:
        print(r.stdout[-3000:])
    return r.returncode == 0


# A build for each bug: neither debuggers nor the last of speed are for these.
QUICK = "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1"


def configured(tree):
    fuzz = run(tree, "cmake", "-G", "Ninja", "-S", ".", "-B", "build-fuzz", "-DPAV_FUZZ=ON", QUICK,
               env={**os.environ, "CC": "clang"})
    os.makedirs(os.path.join(tree, "build-fuzz", "corpus"))
    return fuzz.returncode == 0 and all(
        run(tree, "cmake", "-G", "Ninja", "-S", ".", "-B", where, QUICK, *more).returncode == 0
        for where, more in (("build", []), ("build-asan", ["-DPAV_SANITIZE=ON"]), ("build-tsan", ["-DPAV_TSAN=ON"])))


def sees(tree, test, patience="120", seconds=900):
    """What the test says when it turns red; None when it is green."""
    where, test = tree_of(test)
    env = {**os.environ, "PAVANE": os.path.join(tree, where, "pavane"), "PAVANE_KILLS": "5" if where == "build-tsan" else "40",
           "PAVANE_SEED": "7", "PAVANE_PATIENCE": patience}
    try:
        r = run(tree, *test, env=env, timeout=seconds)
    except subprocess.TimeoutExpired:  # a test that never ends is red as well
        return "no end within %d s" % seconds
    if r.returncode == 0:
        return None
    with open(os.path.join(tree, "red.log"), "w") as f:
        f.write(r.stdout)
    said = [line for line in r.stdout.splitlines() if "Error" in line or "ERROR" in line or "level=bug" in line]
    return said[0][:120] if said else "exit code %d" % r.returncode


def try_bug(tree, rounds, seconds, file, place, bug, test):
    path = os.path.join(tree, file)
    text = open(path).read()
    if text.count(place) != 1:
        return None, "the place is not (once) in " + file
    open(path, "w").write(text.replace(place, bug))
    try:
        if not built(tree, test):
            return None, "it does not build"
        for n in range(rounds):
            said = sees(tree, test, "20", seconds)  # what never comes is not waited for
            if said is None:
                return None, "%s stays green in round %d of %d" % (test[-1], n + 1, rounds)
        return said, None
    finally:
        open(path, "w").write(text)


def share(text):
    k, n = (int(x) for x in text.split("/"))
    if not 1 <= k <= n:
        raise ValueError
    return k, n


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--share", type=share, default=(1, 1))
    parser.add_argument("words", nargs="*")
    o = parser.parse_args()
    chosen = [b for b in BUGS if not o.words or any(w in b[0] for w in o.words)]
    # Those of builds of their own are together: each share makes few builds.
    chosen.sort(key=lambda b: tree_of(b[4])[0] != "build")
    k, n = o.share
    chosen = chosen[len(chosen) * (k - 1) // n:len(chosen) * k // n]
    if not chosen or o.rounds < 1:
        parser.error("no bug has one of these words, or no round is to be run")
    passed = failed = 0
    tree = tempfile.mkdtemp(prefix="pavane-planted-")
    try:
        for part in ("engine", "dashboard", "include", "machines", "tests", "CMakeLists.txt"):
            source, target = os.path.join(TOP, part), os.path.join(tree, part)
            shutil.copytree(source, target) if os.path.isdir(source) else shutil.copy(source, target)
        if not configured(tree):
            sys.exit("the copy cannot be configured")
        took = {}
        for test in {tuple(b[4]) for b in chosen}:
            if not built(tree, test):
                sys.exit("the copy does not build")
            began = time.monotonic()
            if sees(tree, test):
                sys.exit("%s is red without any bug:\n%s"
                         % (test[-1], open(os.path.join(tree, "red.log")).read()[-3000:]))
            took[test] = time.monotonic() - began
        for name, *bug in chosen:
            began = time.monotonic()
            said, why_not = try_bug(tree, o.rounds, 40 + 10 * took[tuple(bug[3])], *bug)
            print("%-54s %3d s  %s" % (name, time.monotonic() - began, "seen: " + said if said else "NOT SEEN: " + why_not),
                  flush=True)
            passed += said is not None
            failed += said is None
    finally:
        shutil.rmtree(tree)
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
