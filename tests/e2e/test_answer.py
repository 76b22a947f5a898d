"""The answer to "where does it stand?", a sentence for each kind of standing, as plain text.

On a virtual clock, so that each sentence is the same for ever: data/answers.txt has them.
"""
import json
import os
import tempfile
import unittest

from harness import Daemon, TOP, golden, main, until

GOLDEN = os.path.join(TOP, "tests", "e2e", "data", "answers.txt")
EVENT = "arn:pavane:states:::event.waitForTaskToken"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:"


def wait_for(*types, **more):
    return {"Type": "Task", "Resource": EVENT, "Parameters": {"EventPattern": {"detail-type": list(types)}}, "Next": "Done", **more}


DONE = {"Done": {"Type": "Succeed"}, "Missed": {"Type": "Fail", "Error": "Order.Missed", "Cause": "Nobody answered <in time>."}}
CATCH = [{"ErrorEquals": ["States.Timeout"], "Next": "Missed"}]


def machine(name, **states):
    """Of the ends, those that something leads to."""
    led_to = json.dumps(states)
    return {"StartAt": name, "States": {**states, **{n: s for n, s in DONE.items() if '"%s"' % n in led_to}}}


def branches(*states):
    return {"Type": "Parallel", "Next": "Done", "Branches": [
        {"StartAt": n, "States": {n: {**s, "Next": "Over " + n}, "Over " + n: {"Type": "Pass", "End": True}}} for n, s in states]}


# machine: definition, events that follow the start, minutes that pass
KINDS = {
    "event": (machine("Hear", Hear=wait_for("Paid", "Refused")), [], 0),
    "overdue": (machine("Hear", Hear=wait_for("Paid")), [], 90),
    "limited": (machine("Hear", Hear=wait_for("Paid", TimeoutSeconds=7200, Catch=CATCH)), [], 30),
    "deadly": (machine("Hear", Hear=wait_for("Paid", TimeoutSeconds=7200)), [], 30),
    "pattern": (machine("Hear", Hear={**wait_for(), "Parameters": {"EventPattern": {"source": ["bank"], "detail": {"sum": [7]}}}}), [], 0),
    "asleep": (machine("Rest", Rest={"Type": "Wait", "Seconds": 600, "Next": "Done"}), [], 4),
    "again": (machine("Call", Call={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": True,
                                    "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 300}]}), [], 1),
    "parent": (machine("Child", Child={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": True,
                                       "Parameters": {"StateMachineArn": MACHINE + "event", "Name": "c-1", "Input": {}}}), [], 0),
    "callback": (machine("Ask", Ask={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
                                     "Parameters": {"QueueUrl": "http://q/1", "MessageBody.$": "$$.Task.Token"}}), [], 0),
    "work": (machine("Call", Call={"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True,
                                   "Parameters": {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m"}}), [], 0),
    "window": (machine("Both", Both=branches(("Hear", wait_for("Found")), ("Window", {"Type": "Wait", "Seconds": 600}))), [], 2),
    "several": (machine("Each", Each={"Type": "Map", "ItemsPath": "$.detail.items", "Next": "Done", "ItemProcessor": {
        "StartAt": "Hear", "States": {"Hear": {**wait_for("Stocked"), "Next": "Kept?"}, "Kept?": {"Type": "Pass", "End": True}}}}), [], 0),
    "one": (machine("Each", Each={"Type": "Map", "ItemsPath": "$.detail.items", "Next": "Done", "MaxConcurrency": 2, "ItemProcessor": {
        "StartAt": "Hear", "States": {"Hear": {**wait_for("Stocked"), "Next": "Kept"}, "Kept": {"Type": "Pass", "End": True}}}}), ["Stocked"], 0),
    "misled": (machine("Hear", Hear={**wait_for(TimeoutSeconds=60), "Parameters": {"EventPattern": {"detail-type": ["Paid"], "detail": {"sum": [7]}}}}),
               ["Paid"], 3),
    "apart": (machine("Both", Both=branches(("Soon", wait_for("Found", TimeoutSeconds=60)), ("Later", wait_for("Kept")))), [], 3),
    "alone": (machine("Hear", Hear=wait_for("Paid", "Refused", TimeoutSeconds=60)), [], 3),
    "many": (machine("Both", Both=branches(*[("Hear %d" % i, wait_for("Found %d" % i)) for i in range(7)])), [], 0),
    "ended": (machine("Hear", Hear=wait_for("Paid")), ["Paid", "Odd"], 0),
    "missed": (machine("Hear", Hear=wait_for("Paid", TimeoutSeconds=60, Catch=CATCH)), [], 3),
    "timedout": (dict(machine("Hear", Hear=wait_for("Paid")), TimeoutSeconds=60), [], 3),
    "usual": (machine("Hear", Hear=wait_for("Paid")), [], 5),
    "astray": (machine("Hear", Hear=wait_for("Paid")), ["Odd", "Odd", "Even"], 0),
}


class Answers(unittest.TestCase):
    def aws(self, action, **fields):
        status, answer = self.d.aws(action, **fields)
        self.assertEqual(status, 200, answer)
        return answer

    def move(self, minutes):
        self.d.move("2026-03-02T%02d:%02d:00Z" % (9 + minutes // 60, minutes % 60), quiet=True)

    def test_each_kind_of_standing(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, (definition, _, _) in KINDS.items():
                at = os.path.join(folder, name)
                os.mkdir(at)
                rules = {"correlationId": "$.detail.id", "start": [{"name": "begin", "pattern": {"source": ["shop"], "detail-type": ["Start"],
                                                                                             "detail": {"kind": [name]}}}],
                         "resume": [{"name": "on", "pattern": {"source": ["bank", "shop"], "detail-type": [{"anything-but": "Start"}]}}],
                         "policies": {"unexpected": "record", "unmapped": "wait" if name in ("callback", "work") else "fail"}}
                if name == "overdue":
                    rules["overdue"] = {"Hear": 3600}
                for file, what in (("machine.asl.json", definition), ("rules.json", rules)):
                    with open(os.path.join(at, file), "w") as f:
                        json.dump(what, f)
            with Daemon(folder, virtual_clock="2026-03-02T09:00:00Z") as self.d:
                said = []
                until(lambda: len([m for m in self.d.get("/api/v1/machines")["machines"] if m.get("version")]) == len(KINDS),
                      what=lambda: self.d.get("/api/v1/machines"))
                last = 0
                for name, (_, events, minutes) in sorted(KINDS.items(), key=lambda k: k[1][2]):
                    self.assertIn((name, "started"), self.d.send({"source": "shop", "detail-type": "Start", "detail": {
                        "id": name + "-1", "kind": name, "items": [1, 2, 3]}}))
                    if name == "usual":
                        for i in range(2, 14):
                            self.d.send({"source": "shop", "detail-type": "Start", "detail": {"id": "usual-%d" % i, "kind": name}})
                    for e in events:
                        self.d.send({"source": "bank", "detail-type": e, "detail": {"id": name + "-1"}})
                for name, (_, _, minutes) in sorted(KINDS.items(), key=lambda k: k[1][2]):
                    if name == "usual":  # twelve others, of three minutes each
                        for i in range(2, 14):
                            self.d.send({"source": "bank", "detail-type": "Paid", "detail": {"id": "usual-%d" % i}})
                    if minutes > last:
                        self.move(minutes)
                        last = minutes
                    said.append("# %s, %d min\n%s" % (name, minutes, self.text(name)))
        text = "\n".join(said)
        self.assertEqual(text, golden(GOLDEN, text))
        self.assertNotIn("its next event", text)

    def text(self, name):
        def ready():
            status, body = self.d.ask("GET", "/executions/%s%%3A%s-1?part=text" % (name, name))
            return status == 200 and body.decode().rsplit("\n", 2)[0] + "\n"
        return until(ready)


if __name__ == "__main__":
    main()
