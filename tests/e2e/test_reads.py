"""What was acknowledged is read, always; and a read that fails says so.

PAVANE_SLOW_READER says how many seconds the slow reader runs (20).
"""
import json
import os
import re
import sqlite3
import threading
import time
import unittest
import urllib.parse

from harness import Daemon, cli, main, until

SECONDS = float(os.environ.get("PAVANE_SLOW_READER", "20"))

# Runs into the limit of its history, 25,000 events, and ends: a page that is slow to read.
LOOP = {"StartAt": "Next", "States": {
    "Next": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Again"},
    "Again": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Next"}],
              "Default": "Never"},
    "Never": {"Type": "Succeed"}}}
WAITING = {"StartAt": "Wait", "States": {
    "Wait": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken",
             "Parameters": {"EventPattern": {"source": ["shop"], "detail-type": ["Paid"]}}, "End": True}}}
RULES = {"correlationId": "$.detail.id",
         "start": [{"name": "placed", "pattern": {"source": ["shop"], "detail-type": ["Placed"]}}],
         "resume": [{"name": "paid", "pattern": {"source": ["shop"], "detail-type": ["Paid"]}}]}
ROLE = "arn:aws:iam::000000000000:role/r"


def machine(folder, name, definition, rules=None):
    path = os.path.join(folder, "machines", name)
    os.makedirs(path)
    with open(os.path.join(path, "machine.asl.json"), "w") as f:
        json.dump(definition, f)
    if rules:
        with open(os.path.join(path, "rules.json"), "w") as f:
            json.dump(rules, f)


def event(n, kind="Placed"):
    return {"id": "%s-%d" % (kind, n), "source": "shop", "detail-type": kind, "detail": {"id": "order-%d" % n}}


class SlowReader(unittest.TestCase):
    """A reader holds the log up while others post single events and read what they were told at once."""

    def setUp(self):
        self.wrong, self.asked, self.ends = [], 0, threading.Event()
        self.lock = threading.Lock()

    def read_slowly(self, d):
        paths = ["/executions/loop:huge", "/api/v1/executions/loop%3Ahuge/history?limit=1000",
                 "/api/v1/executions/loop%3Ahuge/history?limit=1&from=2"]
        while not self.ends.is_set():
            for path in paths:
                d.ask("GET", path)

    def post_and_read(self, d, page, first, step):
        n = first
        while not self.ends.is_set():
            n += step
            execution, status = "wait:order-%d" % n, d.post(event(n))[0]
            if status != 200:
                self.wrong.append((n, status))
                continue
            self.check(d, n, execution, page, 3)
            d.post(event(n, "Paid"))
            self.check(d, n, execution, page, 8)

    def check(self, d, n, execution, page, events):
        """The list, the execution and its whole history in pages of this size."""
        seen, query = [], "?limit=%d" % page
        where = "/api/v1/executions/" + urllib.parse.quote(execution, safe="")
        status, data = d.ask("GET", where)
        while status == 200 and query:
            status, data = d.ask("GET", where + "/history" + query)
            if status == 200:
                answer = json.loads(data)
                seen += [e["id"] for e in answer["events"]]
                query = answer["next"] and "?limit=%d&next=%s" % (page, answer["next"])
        with self.lock:
            self.asked += 1
            if status != 200 or len(seen) < events or seen != list(range(1, len(seen) + 1)):
                self.wrong.append((n, page, status, seen, data[:200]))

    def test_A1_what_was_acknowledged_is_read(self):
        with Daemon(clock_offset_seconds=0) as d:
            machine(d.folder, "wait", WAITING, RULES)
            machine(d.folder, "loop", LOOP)
            d.kill()
            d.machines = os.path.join(d.folder, "machines")
            d.start()
            d.aws("StartExecution", stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:loop",
                  name="huge", input='{"n": 1}')
            until(lambda: d.get("/api/v1/executions/loop%3Ahuge")["status"] != "RUNNING", 60)
            before = d.get("/api/v1/status")
            work = [threading.Thread(target=self.read_slowly, args=(d,)) for _ in range(2)]
            work += [threading.Thread(target=self.post_and_read, args=(d, page, i, 4))
                     for i, page in enumerate((1, 3, 100, 1000))]
            for t in work:
                t.start()
            self.ends.wait(SECONDS)
            self.ends.set()
            for t in work:
                t.join()
            after = d.get("/api/v1/status")
            print("%d reads behind an acknowledged event, %d wrong" % (self.asked, len(self.wrong)))
            self.assertGreater(self.asked, 20)
            self.assertEqual(self.wrong, [])
            # A partial checkpoint backs off: tries are by time, not by event.
            tries = after["commits"]["checkpointMicroseconds"]["count"] - before["commits"]["checkpointMicroseconds"]["count"]
            print("%d checkpoints in %d events" % (tries, after["engine"]["events"] - before["engine"]["events"]))
            self.assertLess(tries, max(20 * SECONDS, (after["engine"]["events"] - before["engine"]["events"]) / 4))


class Damage(unittest.TestCase):
    """A page of the database that is damaged: reads that meet it say so."""

    def test_A2_a_torn_page_is_no_empty_answer(self):
        with Daemon() as d:
            self.wait_in_a_damaged(d, "step", 300)
            answers = {path: d.ask("GET", path) for path in
                       ("/api/v1/executions/wait%3Aorder-7/history", "/executions/wait:order-7",
                        "/api/v1/dispositions?correlationId=order-7")}
            for path, (status, data) in answers.items():
                self.assertEqual(status, 500, (path, data[:200]))
                self.assertIn(b"malformed", data, path)
            status, data = d.aws("GetExecutionHistory",
                                 executionArn="arn:aws:states:us-east-1:000000000000:execution:wait:order-7")
            self.assertEqual((status, data["__type"].split("#")[-1]), (500, "InternalServerError"))
            self.assertEqual(d.ask("GET", "/readyz")[0], 503)
            self.assertRegex(d.ask("GET", "/metrics")[1].decode(), r"(?m)^pavane_read_errors_total 4$")
            self.assertEqual(d.ask("GET", "/api/v1/executions?limit=1000")[0], 200)
            self.assertIn("cannot be read", open(d.log.name).read())

    def test_T5_an_event_that_meets_damage_is_answered_and_others_go_on(self):
        with Daemon() as d:
            self.wait_in_a_damaged(d, "execution", 2000)
            refused = 0
            for n in range(0, 2000, 100):
                status, answer = d.post(event(n, "Paid"))
                self.assertIn(status, (200, 500))
                refused += status == 500
                if status == 500:
                    self.assertIn("damaged", answer["message"])
                    self.assertIn("restore the file from a backup", answer["message"])
            self.assertGreater(refused, 10)
            for n in range(3000, 3020):
                self.assertEqual(d.post(event(n))[1]["results"][0]["dispositions"][0]["disposition"], "started")
                self.assertEqual(d.post(event(n, "Paid"))[1]["results"][0]["dispositions"][0]["disposition"], "resumed")
            self.assertIn("damaged", d.read_log())

    def wait_in_a_damaged(self, d, table, orders):
        """So many orders wait; then a table's pages are damaged."""
        machine(d.folder, "wait", WAITING, RULES)
        d.kill()
        d.machines = os.path.join(d.folder, "machines")
        d.start()
        for n in range(orders):
            d.post(event(n))
        d.stop()
        self.damage(d.db, table)
        d.start()

    def damage(self, db, table):
        """Zeroes the leaves of a table but for the last one, which the start reads."""
        from subprocess import run
        out = run(["sqlite3", db, "select pageno from dbstat where name='%s' and pagetype='leaf' and path<>"
                   "(select max(path) from dbstat where name='%s' and pagetype='leaf')" % (table, table)], capture_output=True, text=True)
        pages = [int(n) for n in out.stdout.split()]
        self.assertTrue(pages, out.stderr)
        size = int(run(["sqlite3", db, "pragma page_size"], capture_output=True, text=True).stdout)
        with open(db, "r+b") as f:
            for page in pages:
                f.seek((page - 1) * size)
                f.write(bytes(size))


class Lanes(unittest.TestCase):
    """Whoever asks for little does not wait for those who ask for much."""

    def test_A13_cheap_reads_pass_slow_ones(self):
        def metric(name):
            return float(re.search(r"(?m)^pavane_%s (\S+)$" % name, d.ask("GET", "/metrics")[1].decode()).group(1))

        def ask_much():
            while not ends.is_set():
                status, data = d.ask("GET", "/api/v1/dispositions?source=last&detailType=Placed&limit=1")
                with lock:
                    answers.append((status, [x["eventId"] for x in json.loads(data)["dispositions"]]))

        ends, lock, answers = threading.Event(), threading.Lock(), []
        with Daemon() as d:
            d.post({"id": "first", "source": "last", "detail-type": "Placed"})
            for i in range(60):
                d.post([{"id": "n-%d-%d" % (i, k), "source": "shop", "detail-type": "Placed"} for k in range(1000)])
            # One event in the oldest place: all of the others are looked at.
            self.assertEqual([x["eventId"] for x in d.get("/api/v1/dispositions?source=last&limit=1")["dispositions"]], ["first"])
            work = [threading.Thread(target=ask_much) for _ in range(8)]
            for t in work:
                t.start()
            until(lambda: len(answers) >= 16, 60)
            passed = []
            for i in range(100):
                before = len(answers)
                self.assertEqual(d.ask("GET", "/api/v1/executions?limit=1")[0], 200)
                passed.append(len(answers) - before)
            ends.set()
            for t in work:
                t.join()
            self.assertEqual({str(a) for a in answers}, {str((200, ["first"]))})
            print("slow answers while a cheap one was awaited: %s" % sorted(passed)[::10])
            self.assertLessEqual(sorted(passed)[50], 1)
            self.assertGreater(metric("slow_queries_total"), 8)

    def test_A13_a_few_waits_are_found_among_many(self):
        """An execution's, a key's and a machine's, in pages."""
        with Daemon() as d:
            for name in ("wait", "other"):
                rules = dict(RULES, start=[{"name": "placed", "pattern": {"source": ["shop"], "detail-type": [name]}}])
                machine(d.folder, name, WAITING, rules)
            d.kill()
            d.machines = os.path.join(d.folder, "machines")
            d.start()
            for n in range(60):
                d.post(event(n, "other" if n % 20 == 7 else "wait"))

            def waits(query, limit):
                found, after = [], ""
                while after is not None:
                    page = d.get("/api/v1/waits?limit=%d&%s%s" % (limit, query, after))
                    self.assertLessEqual(len(page["waits"]), limit)
                    found += [w["executionId"] for w in page["waits"]]
                    after = page["next"] and "&next=" + page["next"]
                return found
            every = ["%s:order-%d" % ("other" if n % 20 == 7 else "wait", n) for n in range(60)]
            for limit in (1, 7, 100):
                self.assertEqual(waits("", limit), every)
                self.assertEqual(waits("machine=other", limit), [x for x in every if x.startswith("other")])
                self.assertEqual(waits("machine=wait", limit), [x for x in every if x.startswith("wait")])
                self.assertEqual(waits("correlationId=order-7", limit), ["other:order-7"])
                self.assertEqual(waits("correlationId=order-7&machine=wait", limit), [])
                self.assertEqual(waits("machine=nobody", limit), [])


class OfAKey(unittest.TestCase):
    """What became of the events of one id is found by its executions' steps and by rows of its own: none is left out."""

    def test_pages_of_an_id_are_those_of_all(self):
        again = {**RULES, "resume": [{"name": "paid", "pattern": {"source": ["shop"], "detail-type": ["Paid", "Odd"]}}]}
        with Daemon() as d:
            for name in ("wait", "other"):
                machine(d.folder, name, WAITING, again)
            d.machines = os.path.join(d.folder, "machines")
            d.stop()
            d.start()
            early, odd = ("Paid", "Placed", "Paid"), ("Placed", "Odd", "Paid")
            for n, kinds in ((1, early), (2, ("Placed", "Paid", "Paid")), (1, early), (3, odd), (4, ("Paid",))):
                for kind in kinds:
                    d.post(event(n, kind))
                d.post({**event(n, "Paid"), "id": "again-%d" % n})
            listed = d.get("/api/v1/dispositions?limit=1000")["dispositions"]
            kinds = {x["disposition"] for x in listed}
            self.assertLessEqual({"started", "resumed", "parked", "unexpected", "duplicate", "late"}, kinds)
            self.assertTrue(any(x["early"] and x["disposition"] == "resumed" for x in listed), listed)
            for n in (1, 2, 3, 4, 5):
                for query, fits in [("", lambda x: True), ("&machine=wait", lambda x: x["machine"] == "wait")] + [
                        ("&disposition=" + kind, lambda x, kind=kind: x["disposition"] == kind) for kind in kinds]:
                    wanted = [x for x in listed if x["correlationId"] == "order-%d" % n and fits(x)]
                    for limit in (1, 2, 3, 100):
                        self.assertEqual(self.paged(d, "correlationId=order-%d%s" % (n, query), limit), wanted,
                                         (n, query, limit))

    def paged(self, d, query, limit):
        found, after = [], ""
        while after is not None:
            page = d.get("/api/v1/dispositions?limit=%d&%s%s" % (limit, query, after))
            self.assertLessEqual(len(page["dispositions"]), limit)
            found += page["dispositions"]
            after = page["next"] and "&next=" + page["next"]
        return found


class Files(unittest.TestCase):
    """Databases and logs that were damaged while no daemon ran."""

    def kept(self, d):
        return {end: open(d.db + end, "rb").read() for end in ("", "-wal", "-witness") if os.path.exists(d.db + end)}

    def put(self, d, kept, **changed):
        for end in ("", "-wal", "-witness"):
            data = changed.get({"": "db", "-wal": "wal", "-witness": "witness"}[end], kept.get(end))
            if data is None and os.path.exists(d.db + end):
                os.remove(d.db + end)
            elif data is not None:
                open(d.db + end, "wb").write(data)
        open(d.log.name, "w").close()
        d.log_seen = 0

    def test_A9_what_a_damaged_log_lost_is_told(self):
        with Daemon() as d:
            for n in range(300):
                self.assertEqual(d.post(event(n))[0], 200)
            d.kill()
            kept = self.kept(d)
            wal, frame = kept["-wal"], 24 + 4096
            live = sum(1 for at in range(32, len(wal) - frame + 1, frame) if wal[at + 8:at + 16] == wal[16:24])
            self.assertGreater(live, 50)
            flip = lambda at: wal[:at] + bytes([wal[at] ^ 255]) + wal[at + 1:]
            middle = 32 + live // 2 * frame + 500
            # what is damaged; is the witness there; do the log's own frames tell it
            cases = [("nothing", wal, True, False), ("a frame", flip(middle), True, True),
                     ("its end", wal[:middle], True, False), ("its head", flip(3), True, True),
                     ("a salt", flip(18), True, True), ("all", None, True, False),
                     ("a frame", flip(middle), False, True), ("its head", flip(3), False, True)]
            for name, damaged, witness, told in cases:
                self.put(d, kept, wal=damaged, **({} if witness else {"witness": None}))
                if damaged is None:
                    os.path.exists(d.db + "-wal") and os.remove(d.db + "-wal")
                verified = cli("verify", "--db", d.db)
                d.start()
                log, missing = d.read_log(), d.get("/api/v1/status")["missing"]
                page, metrics = d.ask("GET", "/")[1].decode(), d.ask("GET", "/metrics")[1].decode()
                there = self.count(d)
                self.assertEqual(d.post(event(1000))[0], 200)
                d.kill()
                lost = 300 - there
                self.assertEqual(lost > 0, name != "nothing")
                self.assertEqual(verified[0], 1 if lost else 0, verified)
                self.assertEqual("Acknowledged data is missing" in page, lost > 0)
                self.assertEqual("acknowledged data" in log, lost > 0, log)
                self.assertEqual("the log is damaged" in log, told, log)
                self.assertEqual(missing["events"], lost if witness else 0)
                self.assertIn("pavane_events_missing %d\n" % (lost if witness else 0), metrics)
                if witness and lost:
                    self.assertIn("%d events (%d to 300)" % (lost, there + 1), log)
                    self.assertIn("events %d to 300 were durable and are missing" % (there + 1), verified[1])
                    # An id that was told is not given away again: there is a gap, for ever.
                    self.assertIn("events %d to 300 are missing" % (there + 1), cli("verify", "--db", d.db)[1])
                if told:
                    aside = [f for f in os.listdir(d.folder) if ".damaged-" in f]
                    self.assertEqual([open(os.path.join(d.folder, f), "rb").read() for f in aside], [damaged])
                    os.remove(os.path.join(d.folder, aside[0]))
            self.put(d, kept)
            d.start()

    def count(self, d):
        """The events that the database has."""
        n, query = 0, "?limit=200"
        while query:
            answer = d.get("/api/v1/dispositions" + query)
            n += len(answer["dispositions"])
            query = answer["next"] and "?limit=200&next=%s" % answer["next"]
        return n

    def test_an_id_that_no_index_has_is_told(self):
        with Daemon() as d:
            for block in range(0, 52000, 1000):
                status, answer = d.post([{"source": "ids", "id": "id-%d" % (block + n), "detail-type": "Counted", "detail": {}}
                                         for n in range(1000)])
                self.assertEqual(status, 200, answer)
            d.stop()
            db = sqlite3.connect(d.db)
            (run, first), = db.execute("select run,hash from event_run order by run,hash limit 1")
            self.assertEqual(cli("verify", "--db", d.db)[0], 0)
            db.execute("delete from event_run where run=? and hash=?", (run, first))
            db.commit()
            db.close()
            code, out, _ = cli("verify", "--db", d.db)
            self.assertEqual(code, 1)
            self.assertIn(": 56 findings", out)
            self.assertRegex(out, r"WRONG  ids +each event is known by its id when it comes again\n +event \d+: its id would be taken for new")

    def test_A10_damage_is_named_and_nothing_is_short(self):
        import random
        from subprocess import run
        dice = random.Random(10)
        with Daemon() as d:
            machine(d.folder, "wait", WAITING, RULES)
            d.kill()
            d.machines = os.path.join(d.folder, "machines")
            d.start()
            for n in range(200):
                d.post(event(n))
            for n in range(0, 200, 2):
                d.post(event(n, "Paid"))
            paths = ["/api/v1/executions?limit=1000", "/api/v1/waits?limit=1000",
                     "/api/v1/dispositions?limit=1000", "/api/v1/executions?status=RUNNING&limit=1000"]
            paths += ["/api/v1/executions/wait%%3Aorder-%d/history" % n for n in range(0, 200, 10)]
            whole = {path: d.get(path) for path in paths}
            d.stop()
            self.assertEqual(cli("verify", "--db", d.db)[:2][0], 0)
            kept = self.kept(d)
            first = "(select first_step from execution where name='order-77')"
            values = [bytes.fromhex(run(["sqlite3", d.db, sql], capture_output=True, text=True).stdout.strip()) for sql in (
                "select hex(record) from step where id=%s" % first,
                "select hex(e.body) from event e join step s on s.event_id=e.id where s.id=%s" % first)]
            out = run(["sqlite3", d.db, "select name,pageno from dbstat"], capture_output=True, text=True).stdout
            pages = {}
            for line in out.split():
                name, page = line.split("|")
                pages.setdefault(name, []).append(int(page))
            refused = ran = failed = 0
            for name in ("event", "step", "execution", "disposition", "machine_version", "execution_name",
                         "execution_open", "sqlite_schema", "timer"):
                for page in dice.sample(pages[name], min(3, len(pages[name]))):
                    at, how = (page - 1) * 4096, dice.choice((bytes(4096), dice.randbytes(4096)))
                    self.put(d, kept, db=kept[""][:at] + how + kept[""][at + 4096:])
                    self.assertIn(cli("verify", "--db", d.db)[0], (1, 3), name)
                    try:
                        d.start()
                    except RuntimeError:
                        refused += 1
                        self.assertRegex(d.read_log(), r"(damaged where the daemon begins to read|first page is damaged).*backup")
                        self.assertEqual(d.process.returncode, 3)
                        d._close()
                        continue
                    ran += 1
                    for path in paths:
                        status, data = d.ask("GET", path)
                        failed += status == 500
                        self.assertIn(status, (200, 500), path)
                        if status == 200:
                            self.assertEqual(json.loads(data), whole[path], (name, page, path))
                        else:
                            self.assertRegex(data.decode(), "in table [a-z_]+(, [a-z_]+)*: ", path)
                    d.stop()
            print("%d images refused at the start, %d ran, %d reads failed" % (refused, ran, failed))
            self.assertGreater(min(refused, ran, failed), 0)
            # SQLite sees nothing of these
            for value, words in zip(values, ("its record is not as it was written", "its body is not as it was written")):
                self.put(d, kept, db=self.flip(kept[""], value))
                code, out, _ = cli("verify", "--db", d.db)
                self.assertEqual((code, words in out), (1, True), out)
                d.start()
                status, data = d.ask("GET", "/api/v1/executions/wait%3Aorder-77/history")
                self.assertEqual((status, b"not as it was written" in data), (500, True), data)
                status, answer = d.post(event(77, "Paid"))
                if "record" in words:
                    self.assertEqual((status, "not as it was written" in answer["message"]), (500, True), answer)
                self.assertEqual(d.post(event(79, "Paid"))[0], 200)
                d.stop()

    def flip(self, data, value):
        """A byte in the middle of a value, wherever that is in the file."""
        out, at = bytearray(data), data.find(value)
        self.assertGreaterEqual(at, 0)
        while at >= 0:
            out[at + len(value) // 2] ^= 1
            at = data.find(value, at + 1)
        return bytes(out)


if __name__ == "__main__":
    main()
