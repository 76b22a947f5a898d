"""What was acknowledged is read, always; and a read that fails says so.

PAVANE_SLOW_READER says how many seconds the slow reader runs (20).
"""
import json
import os
import re
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


if __name__ == "__main__":
    main()
