#!/usr/bin/env python3
"""A disk that is full from any write on, a clock that jumps, more requests than can be served.

Each has a model of its own that knows what must be there, and a planted bug that
it must see (tests/faults/planted.py).
"""
import http.client
import json
import os
import random
import threading
import unittest

from harness import MACHINES, main, until
from test_power import Recorded

KINDS = [("order.service", "OrderReceived"), ("payment.service", "PaymentSettled"),
         ("shop.service", "ShopAccepted"), ("delivery.service", "ParcelDelivered")]
HISTORY = [5, 13, 21, 28]  # events after each of an order's four
STRIDE = int(os.environ.get("PAVANE_FULL_STRIDE", "4"))


def event(key, step):
    source, kind = KINDS[step]
    return {"id": "%s-%d" % (key, step), "source": source, "detail-type": kind, "detail": {"orderId": key}}


class Full(unittest.TestCase):
    """What was acknowledged is there and done once; what was refused can be sent again, without a restart."""

    def attempt(self, at):
        """The disk is full from the at-th write on; whether it came to that."""
        os.environ["RECORDER_FULL_AT"] = str(at)
        d, acked, refused, full, self.freed = Recorded(MACHINES), [], [], False, False
        try:
            try:
                d.start()
            except RuntimeError as told:
                self.assertIn("no space left on the disk", str(told))
                os.remove(d.full)
                full, os.environ["RECORDER_FULL_AT"] = True, "0"
                d.start()
            for n in range(3):
                for step in range(4):
                    status, answer = d.post(event("o-%d" % n, step))
                    if status == 200:
                        acked.append((n, step))
                    else:
                        self.assertEqual(status, 507, (at, answer))
                        self.assertIn("no space left on the disk", answer["message"])
                        refused += [(n, s) for s in range(step, 4)]
                        break  # as a client does: the next one only behind this
            if refused:
                self.assertEqual((d.ask("GET", "/readyz")[0], d.ask("GET", "/livez")[0]), (503, 200))
            self.check(d, acked)
            for n, step in refused:
                self.assertEqual(self.send(d, n, step), "started" if step == 0 else "resumed", (at, n, step))
            for n, step in acked:
                self.assertEqual(self.send(d, n, step), "duplicate", (at, n, step))
            everything = [(n, step) for n in range(3) for step in range(4)]
            self.check(d, everything)
            full |= os.path.exists(d.full) or self.freed
            d.kill()
            if os.path.exists(d.full):
                os.remove(d.full)
            del os.environ["RECORDER_FULL_AT"]
            d.start()
            self.check(d, everything)
            return full
        finally:
            os.environ.pop("RECORDER_FULL_AT", None)
            d.__exit__()

    def send(self, d, n, step):
        """Its disposition, once there is space: the disk may become full only now."""
        if os.path.exists(d.full):
            os.remove(d.full)
            self.freed = True
            until(lambda: d.ask("GET", "/readyz")[0] == 200)
        status, answer = d.post(event("o-%d" % n, step))
        if status == 507:
            return self.send(d, n, step)
        return answer["results"][0]["dispositions"][0]["disposition"]

    def check(self, d, acked):
        """The daemon's executions against what the acknowledged events make of each order."""
        there = {x["correlationId"]: x for x in d.executions(limit=100)}
        for n in range(3):
            steps = sum(1 for key, _ in acked if key == n)
            self.assertEqual("o-%d" % n in there, steps > 0)
            if steps > 0:
                self.assertEqual(len(d.history(there["o-%d" % n]["executionId"])), HISTORY[steps - 1])

    def test_full_from_any_write_on(self):
        at, tried = random.Random(os.environ.get("PAVANE_SEED")).randrange(1, STRIDE + 1), 0
        while self.attempt(at):
            at += STRIDE
            tried += 1
        print("  full at %d of %d writes" % (tried, at))
        self.assertGreater(at, 20)


class Clock(unittest.TestCase):
    """The model's clock: it follows the system's forwards, and goes on from where it was when that goes back."""

    def test_jumps(self):
        """Waits are due between the seconds that the clock jumps by: what a test takes never decides."""
        seed = int(os.environ.get("PAVANE_SEED", random.randrange(1 << 30)))
        print("  seed", seed)
        dice, role = random.Random(seed), "arn:aws:iam::000000000000:role/r"
        with Recorded() as d:
            states = {"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}
            arn = d.aws("CreateStateMachine", name="w", roleArn=role,
                        definition=json.dumps({"StartAt": "W", "States": states}))[1]["stateMachineArn"]
            system = now = 0  # seconds beyond the system's own, as the daemon's clock has them
            due = {}
            for step in range(30):
                if dice.random() < 0.6:
                    seconds = dice.randrange(0, 4) * 1000 + 500
                    x = d.aws("StartExecution", stateMachineArn=arn, input=json.dumps({"s": seconds}))[1]["executionArn"]
                    due[x] = now + seconds
                system += dice.randrange(-3, 4) * 1000
                with open(d.clock, "w") as f:
                    f.write(str(system))
                if dice.random() < 0.2:
                    d.kill()
                    d.start()
                    now = system  # nobody remembers the time of before
                now = max(now, system)
                # A turn: the daemon does not know of what the clock was between two looks at it.
                self.assertEqual(d.ask("POST", "/", "{}", {"Content-Type": "application/x-amz-json-1.1",
                                                           "X-Amz-Target": "AWSEvents.ListRules"})[0], 200)
                for x in [x for x in due if due[x] <= now]:
                    until(lambda: d.aws("DescribeExecution", executionArn=x)[1]["status"] == "SUCCEEDED")
                    del due[x]
                for x in due:
                    self.assertEqual(d.aws("DescribeExecution", executionArn=x)[1]["status"], "RUNNING", (step, due[x], now))


class Overload(unittest.TestCase):
    """Many more requests than a short queue takes: each is done or refused with a reason, and memory stays as it was."""

    def test_more_than_it_can_do(self):
        answers, lock = {}, threading.Lock()
        body = {"pad": "x" * 20000}

        def client(number):
            c = http.client.HTTPConnection("127.0.0.1", d.port, timeout=60)
            for n in range(30):
                key = "k-%d-%d" % (number, n)
                e = {**event(key, 0), "detail": {"orderId": key, **body}}
                c.request("POST", "/events", body=json.dumps(e), headers={"Content-Type": "application/json"})
                r = c.getresponse()
                r.read()
                with lock:
                    answers[key] = (r.status, r.getheader("Retry-After"))
            c.close()

        with Recorded(MACHINES, queue=16) as d:
            open(d.hang, "w").close()  # the engine comes to a stand behind a sync
            threads = [threading.Thread(target=client, args=(n,)) for n in range(200)]
            for t in threads:
                t.start()
            try:
                until(lambda: sum(1 for status, _ in list(answers.values()) if status == 503) > 1000, 30)
                held = memory(d)
            finally:
                os.remove(d.hang)
            for t in threads:
                t.join()
            done = {key for key, (status, _) in answers.items() if status == 200}
            refused = {key for key in answers if key not in done}
            print("  %d done, %d refused, %d MB" % (len(done), len(refused), held))
            self.assertEqual({answers[key][0] for key in refused}, {503})
            self.assertTrue(all(answers[key][1] for key in refused))
            self.assertLessEqual(d.get("/api/v1/status")["engine"]["queueMost"], 16)
            self.assertLess(held, 100)
            for key in done:
                self.assertEqual(len(d.executions(correlationId=key)), 1, key)
            for key in sorted(refused)[:200]:
                self.assertEqual(d.executions(correlationId=key), [], key)
                self.assertEqual(d.send(event(key, 0)), [("order", "started")])


def memory(d):
    with open("/proc/%d/status" % d.process.pid) as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) // 1024


if __name__ == "__main__":
    main()
