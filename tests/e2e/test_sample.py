"""The published sample, definitions untouched, driven by its own fixtures.

PAVANE_SAMPLE names the folder that holds it; without it these tests are skipped.
"""
import json
import os
import tempfile
import threading
import unittest

from harness import Daemon, SAMPLE, cli, find_token, main, shape, until

SIMULATION = "arn:aws:states:us-east-1:000000000000:stateMachine:WorkflowSimulationFADC1FCC"
ORDER, CAR = "OrderStateMachineD9DE2AD0", "CarStateMachineBAF61D13"


def fixture(name):
    events = json.load(open(os.path.join(SAMPLE, name + ".events.json")))["events"]
    return [{"id": "%s-%d" % (name, i), "source": e["source"], "detail-type": e["detailType"],
             "detail": e["detail"]} for i, e in enumerate(events)]


def event(source, kind, key, **detail):
    return {"source": source, "detail-type": kind, "detail": {"id": key, **detail}}


@unittest.skipUnless(SAMPLE, "PAVANE_SAMPLE is not set")
class Sample(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pavane-sample-")
        self.machines = os.path.join(self.folder, "m")
        code, out, err = cli("import", "--cloudformation",
                             os.path.join(SAMPLE, "cloudformation.template.json"), self.machines)
        self.assertEqual(code, 0, err)
        self.imported = out
        self.d = Daemon(self.machines).start()
        self.addCleanup(self.d.__exit__)

    def policy(self, machine, policy):
        path = os.path.join(self.machines, machine, "rules.json")
        rules = json.load(open(path))
        rules["policies"] = {"unexpected": policy}
        json.dump(rules, open(path, "w"))
        until(lambda: any(m["machine"] == machine and m["version"] == 2
                          for m in self.d.get("/api/v1/machines")["machines"]))

    def drive(self, *fixtures, between=lambda: None):
        for name in fixtures:
            for e in fixture(name):
                self.assertEqual(self.d.post(e)[0], 200)
                between()

    def test_import_keeps_the_definitions(self):
        self.assertIn("3 machines and 4 rules imported, 0", self.imported)
        for name, file in ((ORDER, "order.asl.json"), (CAR, "car.asl.json")):
            definition = json.load(open(os.path.join(self.machines, name, "machine.asl.json")))
            self.assertEqual(definition, json.load(open(os.path.join(SAMPLE, file))))

    def test_the_simulation_plays_its_own_events(self):
        for name, machine, count in (("order", ORDER, 28), ("car", CAR, 72)):
            events = json.load(open(os.path.join(SAMPLE, name + ".events.json")))
            for e in events["events"]:
                e["wait"] = "0"
            x = self.d.aws("StartExecution", input=json.dumps(events), stateMachineArn=SIMULATION)[1]["executionArn"]
            until(lambda: self.d.aws("DescribeExecution", executionArn=x)[1]["status"] == "SUCCEEDED")
            [ended] = until(lambda: self.d.executions(machine=machine, status="SUCCEEDED"))
            self.assertEqual(len(self.d.history(ended["executionId"])), count)

    def test_both_fixtures(self):
        self.drive("order", "car")
        [order] = self.d.executions(correlationId="order-12345")
        [car] = self.d.executions(correlationId="car-88888")
        self.assertEqual((order["status"], car["status"]), ("SUCCEEDED", "SUCCEEDED"))
        histories = [self.d.history(x["executionId"]) for x in (order, car)]
        self.assertEqual([len(h) for h in histories], [28, 72])
        for h in histories:
            self.assertEqual([e["id"] for e in h], list(range(1, len(h) + 1)))
            self.assertEqual([e["previousEventId"] for e in h[:2]], [0, 0])
            scheduled = next(e for e in h if e["type"] == "TaskScheduled")["taskScheduledEventDetails"]
            self.assertEqual((scheduled["resourceType"], scheduled["resource"]),
                             ("aws-sdk:dynamodb", "updateItem.waitForTaskToken"))
        kinds = [d["disposition"] for d in self.d.get("/api/v1/dispositions?correlationId=order-12345")["dispositions"]]
        self.assertEqual(kinds, ["resumed", "resumed", "resumed", "started"])

    def test_unexpected_fails(self):
        self.d.post(event("order", "Order Placed", "o"))
        self.assertEqual(self.d.send(event("order", "Order Accepted", "o")), [(ORDER, "unexpected")])
        self.assertEqual(self.d.executions(correlationId="o")[0]["status"], "FAILED")

    def test_unexpected_in_a_parallel_aborts_with_500(self):
        self.d.post(event("car", "Car Announced", "c"))
        self.d.post(event("car", "Inspection Completed", "c", result="Success"))
        self.assertEqual(self.d.send(event("car", "Car Sold", "c")), [(CAR, "unexpected")])
        [x] = self.d.executions(correlationId="c")
        self.assertEqual(x["status"], "ABORTED")
        last = self.d.history(x["executionId"])[-1]
        self.assertEqual((last["type"], last["executionAbortedEventDetails"]["error"]), ("ExecutionAborted", "500"))

    def test_unexpected_is_recorded(self):
        self.policy(ORDER, "record")
        self.policy(CAR, "record")
        self.d.post(event("order", "Order Placed", "o"))
        self.assertEqual(self.d.send(event("order", "Order Accepted", "o")), [(ORDER, "unexpected")])
        self.assertEqual(self.d.executions(correlationId="o")[0]["currentStates"], ["WaitForConfirmation"])
        [d] = self.d.get("/api/v1/dispositions?disposition=unexpected")["dispositions"]
        self.assertEqual((d["correlationId"], d["detailType"]), ("o", "Order Accepted"))
        self.assertEqual(self.d.send(event("order", "Order Confirmed", "o")), [(ORDER, "resumed")])
        self.d.post(event("car", "Car Announced", "c"))
        self.d.post(event("car", "Inspection Completed", "c", result="Success"))
        self.d.post(event("car", "Car Sold", "c"))
        self.assertEqual(self.d.executions(correlationId="c")[0]["status"], "RUNNING")

    def test_duplicates_and_early_events(self):
        events = fixture("order")
        for e in events[1:] + events[:1]:
            self.d.post(e)
            self.d.post(e)
        [x] = self.d.executions(correlationId="order-12345")
        self.assertEqual((x["status"], len(self.d.history(x["executionId"]))), ("SUCCEEDED", 28))
        early = self.d.get("/api/v1/dispositions?correlationId=order-12345&disposition=resumed")["dispositions"]
        self.assertEqual([d["early"] for d in early], [True] * 3)
        self.assertEqual(len(self.d.get("/api/v1/dispositions?disposition=duplicate")["dispositions"]), 4)

    def test_64_on_one_token(self):
        self.d.post(event("order", "Order Placed", "o"))
        [x] = self.d.executions(correlationId="o")
        parameters = json.loads(self.d.history(x["executionId"])[2]["taskScheduledEventDetails"]["parameters"])
        token = find_token(parameters)
        answers, ready = [], threading.Barrier(64)

        def one():
            ready.wait()
            answers.append(self.d.aws("SendTaskSuccess", taskToken=token, output='{"eventName":"Order Confirmed"}'))

        threads = [threading.Thread(target=one) for _ in range(64)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(str(a[1].get("__type")) for a in answers), ["None"] + ["TaskTimedOut"] * 63)

    def test_kill_after_each_event(self):
        """Same ends, same histories apart from times, ids and tokens."""
        self.drive("order", "car")
        straight = [shape(self.d.history(m + ":" + k))
                    for m, k in ((ORDER, "order-12345"), (CAR, "car-88888"))]
        self.d.kill()
        os.unlink(self.d.db)
        for suffix in ("-wal", "-shm"):
            if os.path.exists(self.d.db + suffix):
                os.unlink(self.d.db + suffix)
        self.d.start()

        def crash():
            self.d.kill()
            self.d.start()

        self.drive("order", "car", between=crash)
        killed = [shape(self.d.history(m + ":" + k))
                  for m, k in ((ORDER, "order-12345"), (CAR, "car-88888"))]
        self.assertEqual(killed, straight)
        seen = self.d.get("/api/v1/dispositions?limit=1000")["dispositions"]
        self.assertEqual(len(seen), len(fixture("order")) + len(fixture("car")))


if __name__ == "__main__":
    main()
