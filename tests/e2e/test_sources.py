#!/usr/bin/env python3
"""Queues that are read into buses: what is in them becomes events, each once, and is
deleted when it is durable."""
import http.server
import json
import os
import resource
import threading
import time
import unittest

from harness import Daemon, main, until
from test_bus import Bus

ONCE = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 86400, "End": True}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "s", "pattern": {"source": ["shop"]}}]}


class Queue:
    """Speaks SQS's JSON protocol: a message that was received is out of sight for a
    while, and comes again unless it is deleted; at the third time it is set aside."""

    def __init__(self, hidden=0.3, waits=0):
        self.hidden, self.waits, self.lock = hidden, waits, threading.Condition()
        self.messages, self.aside, self.asked, self.serial, self.refuses, self.keeps = [], [], 0, 0, None, set()
        self.may_delete = threading.Event()
        self.may_delete.set()
        queue = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service, action = self.headers["X-Amz-Target"].split(".")
                assert service == "AmazonSQS" and body["QueueUrl"] == queue.url and self.path == "/", (action, self.path)
                status, answer = queue.refuses or getattr(queue, action)(body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # its daemon was killed meanwhile

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/000000000000/orders" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def put(self, *bodies):
        with self.lock:
            for body in bodies:
                self.serial += 1
                self.messages.append({"id": "m%d" % self.serial, "seen": 0, "until": 0, "sent": 1700000000000 + self.serial,
                                      "body": body if isinstance(body, str) else json.dumps(body)})
            self.lock.notify_all()

    def visible(self):
        now = time.monotonic()
        return [m for m in self.messages if m["until"] <= now]

    def ReceiveMessage(self, body):
        end = time.monotonic() + self.waits
        with self.lock:
            self.asked += 1
            while not self.visible() and time.monotonic() < end:
                self.lock.wait(0.05)
            found = []
            for m in self.visible()[:body["MaxNumberOfMessages"]]:
                m["seen"] += 1
                if m["seen"] > 3:
                    self.messages.remove(m)
                    self.aside.append(m["body"])
                    continue
                m["until"] = time.monotonic() + self.hidden
                m["receipt"] = "%s-%d" % (m["id"], m["seen"])
                found.append({"MessageId": m["id"], "ReceiptHandle": m["receipt"], "Body": m["body"],
                              "Attributes": {"SentTimestamp": str(m["sent"])}})
        return 200, {"Messages": found} if found else {}

    def DeleteMessageBatch(self, body):
        if not self.may_delete.is_set():
            self.may_delete.wait(60)
            return 500, {}
        done, failed = [], []
        with self.lock:
            for entry in body["Entries"]:
                [m] = [m for m in self.messages if m.get("receipt") == entry["ReceiptHandle"]] or [None]
                if m and m["id"] in self.keeps:
                    self.keeps.remove(m["id"])
                    failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
                    continue
                if m:
                    self.messages.remove(m)
                done.append({"Id": entry["Id"]})
        return 200, {"Successful": done, "Failed": failed}


class Sources(Bus):
    def prepare(self):
        self.queue = Queue()
        self.addCleanup(self.queue.close)
        machine = os.path.join(self.folder, "machines", "m")
        os.makedirs(machine)
        for name, content in (("machine.asl.json", ONCE), ("rules.json", RULES)):
            json.dump(content, open(os.path.join(machine, name), "w"))
        self.d.options["machines"] = os.path.join(self.folder, "machines")
        self.source()

    def source(self, **more):
        self.services(sources={"orders": {"queue": self.queue.url, "source": "shop", "detailType": "Ordered",
                                          "idleSeconds": 1, **more}})

    def again(self):
        self.d.stop()
        self.d.start()

    def ids(self):
        return sorted(x["correlationId"] for x in self.d.executions(machine="m", limit=1000))

    def empty(self):
        until(lambda: not self.queue.messages, what=lambda: self.queue.messages)

    def metric(self, name):
        lines = self.d.ask("GET", "/metrics")[1].decode().split("\n")
        [value] = [line.split()[-1] for line in lines if line.startswith('pavane_source_%s' % name)]
        return int(value)

    def test_each_form_of_an_event(self):
        self.queue.put({"id": "own", "source": "shop", "detail-type": "X", "detail": {"id": "a"}},
                       {"Source": "shop", "DetailType": "X", "Detail": json.dumps({"id": "b"})},
                       {"specversion": "1.0", "id": "c1", "source": "shop", "type": "X", "data": {"id": "c"}},
                       {"id": "d"}, "no JSON", [1, 2])
        self.empty()
        self.assertEqual(self.ids(), ["a", "b", "c", "d"])
        told = {d["eventId"]: d for d in self.d.get("/api/v1/dispositions")["dispositions"]}
        self.assertEqual(set(told), {"own", "m2", "c1", "m4", "m5", "m6"})
        self.assertEqual((told["m4"]["source"], told["m4"]["detailType"], told["m4"]["disposition"]), ("shop", "Ordered", "started"))
        self.assertEqual({told[m]["disposition"] for m in ("m5", "m6")}, {"rejected"})  # no id: kept, and told
        until(lambda: self.metric('messages_total{source="orders",what="deleted"}') == 6)

    def test_what_is_no_event_stays_in_the_queue(self):
        self.services(sources={"orders": {"queue": self.queue.url, "idleSeconds": 1}})
        self.again()
        self.queue.put("no event", {"detail-type": "X"}, {"source": "shop", "detail-type": "X", "detail": {"id": "a"}})
        until(lambda: len(self.queue.aside) == 2)
        self.assertEqual(self.queue.aside, ["no event", '{"detail-type": "X"}'])
        self.assertEqual(self.ids(), ["a"])
        log = self.d.read_log()
        self.assertIn('the message m1 stays in the queue: it is no event, and the source says no \\"source\\"', log)
        self.assertIn("the message m2 stays in the queue: ", log)
        self.assertEqual(self.metric('messages_total{source="orders",what="refused"}'), 6)

    def test_deleted_behind_the_commit_and_never_twice(self):
        self.queue.may_delete.clear()
        self.queue.put({"id": "a"})
        until(lambda: self.ids() == ["a"])
        self.d.kill()  # stored, not deleted
        self.queue.may_delete.set()
        self.d.start()
        self.empty()
        self.assertEqual(self.ids(), ["a"])
        [again] = until(lambda: [d for d in self.d.get("/api/v1/dispositions")["dispositions"] if d["disposition"] == "duplicate"])
        self.assertIn("this source sent this id", again["detail"])

    def test_many_with_kills(self):
        self.queue.put(*({"id": "n%d" % n} for n in range(600)))
        for n in (100, 250, 400):
            until(lambda: len(self.queue.messages) <= 600 - n)
            self.d.kill()
            self.d.start()
        self.empty()
        self.assertEqual(self.queue.aside, [])
        started = self.d.get("/api/v1/disposition-counts?machine=m")["counts"]["started"]
        self.assertEqual(started, 600)

    def test_some_are_not_deleted(self):
        self.queue.keeps = {"m2"}
        self.queue.put({"id": "a"}, {"id": "b"}, {"id": "c"})
        self.empty()
        self.assertEqual(self.ids(), ["a", "b", "c"])
        self.assertIn("1 of 3 messages could not be deleted", self.d.read_log())

    def test_a_queue_that_fails_is_asked_again(self):
        self.queue.refuses = (403, {"__type": "com.amazonaws.sqs#AccessDenied"})
        self.queue.put({"id": "a"})
        until(lambda: "ReceiveMessage was answered 403" in self.d.read_log())
        self.queue.refuses = None
        self.empty()
        self.assertIn("source orders answers again", self.d.read_log())
        self.assertGreater(self.metric('failures_total{source="orders"}'), 0)

    def test_a_queue_that_keeps_the_question(self):
        self.queue.waits = 20
        self.again()
        until(lambda: self.queue.asked)
        asked = self.queue.asked
        for n in range(5):
            self.queue.put({"id": "n%d" % n})
            until(lambda: len(self.ids()) == n + 1)
        self.empty()
        self.assertLessEqual(self.queue.asked - asked, 10)
        until(lambda: self.queue.asked > asked + 4)
        self.d.stop()  # with a question open
        self.d.start()

    def disposition(self, event):
        return [d["disposition"] for d in self.d.get("/api/v1/dispositions?eventId=" + event)["dispositions"]]

    def test_a_turn_that_was_thrown_away_loses_nothing(self):
        """The disk is full when a batch is stored: it is stored later, what a schema refuses too."""
        self.queue.hidden = 60
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        self.events("Pavane.PutSchema", Source="shop", DetailType="Ordered", Policy="reject",
                    Schema={"type": "object", "required": ["id"]})
        self.d.stop()
        self.d.preexec = limit
        self.d.start()
        pad = "x" * 230000
        self.queue.put({"no": "id"}, *({"id": "n%d" % n, "pad": pad} for n in range(8)))
        until(lambda: "no space left on the disk" in self.d.read_log())
        self.assertEqual(len(self.queue.messages), 9)  # none was deleted
        resource.prlimit(self.d.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.empty()
        self.assertEqual(self.ids(), ["n%d" % n for n in range(8)])
        self.assertEqual(self.disposition("m1"), ["rejected"])

    def test_ids_that_are_none(self):
        for id in ("", "x" * 257, 7, None, "a\0b"):
            self.queue.put({"id": "never"})
            self.queue.messages[-1]["id"] = id
        self.queue.put({"id": "fine"})
        odd = ('back\\slash', 'quo"te', 'x","source":"evil', "new\nline")
        for n, id in enumerate(odd):
            self.queue.put({"id": "odd%d" % n})
            self.queue.messages[-1]["id"] = id
        until(lambda: len(self.ids()) == 5)
        self.assertEqual(self.ids(), ["fine", "odd0", "odd1", "odd2", "odd3"])
        until(lambda: len(self.queue.aside) == 5)
        self.assertIn("its MessageId is no text of 1 to 256 bytes", self.d.read_log())

    def test_receipts_go_where_they_came_from(self):
        self.queue.waits = 30
        self.again()
        until(lambda: self.queue.asked)
        other = Queue()
        self.addCleanup(other.close)
        self.services(sources={"orders": {"queue": other.url, "source": "shop", "detailType": "Ordered", "idleSeconds": 1}})
        self.d.process.send_signal(1)
        until(lambda: other.asked)  # while the old question is open
        self.queue.put({"id": "a"})
        self.empty()
        self.assertEqual(self.ids(), ["a"])

    def test_nothing_is_asked_for_while_nothing_is_deleted(self):
        self.queue.hidden, delete = 0, self.queue.DeleteMessageBatch
        tried = []
        self.queue.DeleteMessageBatch = lambda body: tried.append(body) or (403, {"__type": "AccessDenied"})
        self.queue.put({"id": "a"})
        until(lambda: len(tried) == 3)
        self.assertEqual((tried[0], self.queue.messages[0]["seen"]), (tried[2], 1))
        self.assertIn("DeleteMessageBatch was answered 403", self.d.read_log())
        self.queue.DeleteMessageBatch = delete
        self.empty()
        counts = self.d.get("/api/v1/disposition-counts?machine=m")["counts"]
        self.assertEqual((counts["started"], counts["duplicate"]), (1, 0))

    def test_a_bus_that_there_is_not_yet(self):
        self.source(bus="late")
        self.again()
        self.queue.put({"id": "a"})
        until(lambda: "there is no bus 'late'" in self.d.read_log())
        self.assertEqual(self.queue.messages[0]["seen"], 0)
        self.events("CreateEventBus", Name="late")
        self.empty()

    def test_sources_come_and_go_with_the_file(self):
        other = Queue()
        self.addCleanup(other.close)
        self.services(sources={"other": {"queue": other.url, "source": "shop", "detailType": "X", "idleSeconds": 1,
                                         "bus": "arn:aws:events:us-east-1:000000000000:event-bus/default"}})
        self.d.process.send_signal(1)
        other.put({"id": "o"})
        until(lambda: self.ids() == ["o"])
        before = self.queue.asked
        self.queue.put({"id": "a"})
        other.put({"id": "p"})
        until(lambda: self.ids() == ["o", "p"])
        self.assertLessEqual(self.queue.asked, before + 1)


class Faults(unittest.TestCase):
    def test_faults_are_told(self):
        for fields, why in (({}, '"queue" is the http or https URL'), ({"queue": "orders"}, '"queue" is the http'),
                            ({"queue": "http://x/q", "batchSize": 11}, "from 1 to 10"),
                            ({"queue": "http://x/q", "idleSeconds": 0}, "from 1 to 3600"),
                            ({"queue": "http://x/q", "source": "s"}, "together"),
                            ({"queue": "http://x/q", "qeue": "s"}, "it has queue, bus,")):
            with Daemon() as d:
                pass
            path = os.path.join(d.folder, "services.json")
            os.makedirs(d.folder, exist_ok=True)
            json.dump({"sources": {"s": fields}}, open(path, "w"))
            d.options["services"] = path
            with self.assertRaises(RuntimeError) as e:
                d.start()
            self.assertIn(why, str(e.exception))
            self.assertIn(path + ":1:", str(e.exception))


if __name__ == "__main__":
    main()
