#!/usr/bin/env python3
"""What the daemon keeps: files of its own that change under it, disks that fill
or hang, secrets, and that a refused action leaves no trace."""
import contextlib
import json
import os
import resource
import shutil
import socket
import sqlite3
import tempfile
import threading
import unittest

from harness import Daemon, MACHINES, main, until
from test_power import Recorded

START = {"source": "order.service", "detail-type": "OrderReceived"}


def order(key, **more):
    return {**START, "id": key, "detail": {"orderId": key, **more}}


def ask(d, action, **request):
    target = "AWSEvents." + action[7:] if action.startswith("events:") else "AWSStepFunctions." + action
    status, data = d.ask("POST", "/", json.dumps(request), {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target})
    return status, json.loads(data)


COUNTS = ('INSERT INTO "ledger"', 'INSERT INTO "flow"', 'INSERT INTO "progress"')  # written behind, now and then


def content(d):
    """All rows of the database but for its counts, from a copy of its files."""
    with tempfile.TemporaryDirectory() as folder:
        for end in ("", "-wal"):
            if os.path.exists(d.db + end):
                shutil.copy(d.db + end, os.path.join(folder, "p.db" + end))
        db = sqlite3.connect(os.path.join(folder, "p.db"))
        try:
            return "\n".join(line for line in db.iterdump() if not line.startswith(COUNTS))
        finally:
            db.close()


class Files(unittest.TestCase):
    def test_A8_a_database_that_was_deleted_or_replaced(self):
        for change in (lambda path: os.remove(path), lambda path: os.replace(shutil.copy(path, path + ".copy"), path)):
            d = Daemon(MACHINES).start()
            d.may_die = True
            try:
                d.send(order("a"))
                change(d.db)
                self.assertEqual(d.process.wait(20), 3)
                self.assertIn("was deleted or replaced while it was open", d.read_log())
            finally:
                d.__exit__()

    def test_A12_a_file_that_may_not_grow_is_a_full_disk(self):
        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

        with Daemon(MACHINES, preexec=small) as d:
            acked = []
            for n in range(2000):
                status, answer = d.post(order("o%d" % n, pad="x" * 20000))
                if status != 200:
                    break
                acked.append("o%d" % n)
            self.assertEqual((status, "no space left" in answer["message"]), (507, True), answer)
            resource.prlimit(d.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            until(lambda: d.ask("GET", "/readyz")[0] == 200)
            self.assertEqual(d.send(order("after")), [("order", "started")])
            for key in acked:
                self.assertEqual(d.send(order(key, pad="x" * 20000)), [("order", "duplicate")])

    def test_A16_secrets_are_nobody_elses(self):
        with Daemon(MACHINES) as d:
            made = ask(d, "events:CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters={
                "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "S3CRET-of-a-connection"}})
            self.assertEqual(made[0], 200, made)
            for name in os.listdir(d.folder):
                if name.startswith("p.db"):
                    self.assertEqual(os.stat(os.path.join(d.folder, name)).st_mode & 0o77, 0, name)
            ask(d, "events:DeleteConnection", Name="c")
            d.stop()
            with open(d.db, "rb") as f:
                self.assertNotIn(b"S3CRET-of-a-connection", f.read())
            os.chmod(d.db, 0o644)  # as an older daemon left it
            d.start()
            self.assertEqual(os.stat(d.db).st_mode & 0o77, 0)

    def test_A19_a_sync_that_does_not_come_back(self):
        with Recorded(MACHINES) as d:
            open(d.hang, "w").close()
            posted = threading.Thread(target=d.send, args=(order("a"),))
            posted.start()
            try:
                until(lambda: b"a sync of the disk" in d.ask("GET", "/readyz")[1])
                self.assertEqual(d.ask("GET", "/livez")[0], 200)
                # Counts never wait for the disk, whatever waits beside them.
                waits = threading.Thread(target=d.send, args=(order("b"),))
                waits.start()
                for path in ("/metrics", "/api/v1/status"):
                    for _ in range(3):
                        self.assertEqual(d.ask("GET", path)[0], 200)
                self.assertTrue(posted.is_alive())
                self.assertTrue(waits.is_alive())
            finally:
                os.remove(d.hang)
                posted.join()
                waits.join()
            until(lambda: d.ask("GET", "/readyz")[0] == 200)


    def test_A19_a_supervisor_is_told(self):
        """sd_notify: ready; alive while front, engine and flusher go on, so not while a sync hangs; stopping."""
        with tempfile.TemporaryDirectory() as t, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            def silent():
                s.settimeout(2.5)
                try:
                    return s.recv(100) and False
                except TimeoutError:
                    return True
                finally:
                    s.settimeout(30)

            s.bind(t + "/notify")
            s.settimeout(30)
            os.environ.update(NOTIFY_SOCKET=t + "/notify", WATCHDOG_USEC="4000000")
            try:
                d = Recorded(MACHINES).start()
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
            with contextlib.ExitStack() as ending:
                ending.callback(d.__exit__)
                self.assertEqual([s.recv(100), s.recv(100)], [b"READY=1", b"WATCHDOG=1"])
                open(d.hang, "w").close()
                posted = threading.Thread(target=d.send, args=(order("a"),))
                posted.start()
                try:
                    until(silent, 60)
                finally:
                    os.remove(d.hang)
                    posted.join()
                self.assertEqual(s.recv(100), b"WATCHDOG=1")
                d.stop()
                until(lambda: s.recv(100) == b"STOPPING=1")


class Clock(unittest.TestCase):
    def test_A11_a_clock_that_jumps(self):
        """Back by an hour, what is due in seconds is due in seconds; forward while idle, it is done at once."""
        role = "arn:aws:iam::000000000000:role/r"
        with Recorded() as d:
            def waiting(name, seconds):
                states = {"W": {"Type": "Wait", "Seconds": seconds, "End": True}}
                m = d.aws("CreateStateMachine", name=name, roleArn=role, definition=json.dumps({"StartAt": "W", "States": states}))
                return d.aws("StartExecution", stateMachineArn=m[1]["stateMachineArn"])[1]["executionArn"]

            def ends(x):
                until(lambda: d.aws("DescribeExecution", executionArn=x)[1]["status"] == "SUCCEEDED")

            brief, long = waiting("brief", 3), waiting("long", 3500)
            with open(d.clock, "w") as f:
                f.write("-3600")
            ends(brief)
            until(lambda: "behind what it was" in d.read_log())
            with open(d.clock, "w") as f:
                f.write("3600")
            ends(long)
            until(lambda: "jumped forward" in d.read_log())


class Refusals(unittest.TestCase):
    def test_C8_what_is_refused_is_not_done(self):
        many = [{"key": "k%d" % n, "value": "v"} for n in range(51)]
        upper = [{"Key": "k%d" % n, "Value": "v"} for n in range(51)]
        arn = "arn:aws:states:us-east-1:000000000000:"
        role = "arn:aws:iam::000000000000:role/r"
        target = {"Arn": arn + "stateMachine:order", "RoleArn": role}
        calls = [("CreateActivity", dict(name="a", tags=many)),
                 ("CreateStateMachine", dict(name="m", roleArn=role, tags=many,
                                             definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}')),
                 ("CreateStateMachine", dict(name="m", roleArn=role, definition="{}")),
                 ("TagResource", dict(resourceArn=arn + "stateMachine:order", tags=many)),
                 ("events:CreateEventBus", dict(Name="b", Tags=upper)),
                 ("events:PutRule", dict(Name="r", EventPattern='{"source":["s"]}', Tags=upper)),
                 ("events:PutRule", dict(Name="r", EventPattern='{"source":"s"}')),
                 ("events:PutTargets", dict(Rule="none", Targets=[{"Id": "1", "Arn": target["Arn"]}])),
                 ("events:TagResource", dict(ResourceARN="arn:aws:events:us-east-1:000000000000:event-bus/default", Tags=upper)),
                 ("events:CreateArchive", dict(ArchiveName="a", EventSourceArn="arn:aws:events:us-east-1:000000000000:event-bus/no")),
                 ("events:CreateApiDestination", dict(Name="d", ConnectionArn="arn:none", HttpMethod="POST", InvocationEndpoint="x")),
                 ("RedriveExecution", dict(executionArn=arn + "execution:order:none")),
                 ("StartExecution", dict(stateMachineArn=arn + "stateMachine:none")),
                 ("StartExecution", dict(stateMachineArn=arn + "stateMachine:order", input="{")),
                 ("SendTaskSuccess", dict(taskToken="none", output="1"))]
        with Daemon(MACHINES) as d:
            until(lambda: len(d.get("/api/v1/machines")["machines"]) == 3)
            self.assertEqual(d.send(order("a")), [("order", "started")])
            for action, request in calls:
                before = content(d)
                status, answer = ask(d, action, **request)
                if status == 200:
                    self.assertTrue(answer.get("FailedEntryCount"), (action, request))
                self.assertEqual(content(d), before, action)

    def test_C9_fields_of_newer_clients_are_passed_over(self):
        with Daemon(MACHINES, log_level="debug") as d:
            self.assertEqual(d.aws("ListActivities", maxResults=5, inventedLater={"x": 1})[0], 200)
            self.assertIn("the field 'inventedLater' is passed over", d.read_log())
            d.aws("CreateActivity", name="a", tags=[], encryptionLater=1)
            self.assertIn("activities", d.aws("ListActivities")[1])


class Metrics(unittest.TestCase):
    def test_C16_each_metric_says_what_it_is(self):
        with Daemon(MACHINES) as d:
            text, told = d.ask("GET", "/metrics")[1].decode(), set()
            for line in text.splitlines():
                if line.startswith("# HELP "):
                    told.add(line.split()[2])
                elif not line.startswith("#"):
                    name = line.split("{")[0].split()[0]
                    for end in ("_bucket", "_sum", "_count"):
                        name = name[:-len(end)] if name.endswith(end) and name[:-len(end)] in told else name
                    self.assertIn(name, told)
            self.assertIn("process_cpu_seconds_total", told)

    def test_C16_openmetrics_when_asked_for(self):
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
        from prometheus_client.parser import text_string_to_metric_families as plain
        with Daemon(MACHINES) as d:
            d.send(order("a"))
            for accept in ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1",
                           "text/plain;version=0.0.4", "*/*"):
                status, data = d.ask("GET", "/metrics", headers={"Accept": accept})
                new = accept.startswith("application")
                self.assertEqual(status, 200)
                self.assertIn("application/openmetrics-text; version=1.0.0" if new else "text/plain; version=0.0.4",
                              d.headers["Content-Type"])
                found = {s.name: s.value for f in (families if new else plain)(data.decode()) for s in f.samples}
                self.assertEqual(found["pavane_transitions_total"], 1)
                self.assertIn("pavane_turn_duration_seconds_count", found)


if __name__ == "__main__":
    main()
