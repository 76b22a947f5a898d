#!/usr/bin/env python3
"""What comes from outside costs at most so much: memory of what is compiled, work of a
step, length of a turn."""
import json
import threading
import time
import unittest

from harness import Daemon, main, until
from test_bus import STATES, Bus

ROLE = "arn:aws:iam::000000000000:role/none"


def resident(d):
    with open("/proc/%d/statm" % d.process.pid) as f:
        return int(f.read().split()[1]) * 4096


def passes(fields, **more):
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": fields, "End": True, **more}}}


class Compiled(Bus):
    """At most thirty times the text, and linear time."""

    def growth(self, act):
        before = resident(self.d)
        began = time.monotonic()
        act()
        return resident(self.d) - before, time.monotonic() - began

    def test_A3_templates_of_many_variables(self):
        self.events("PutRule", Name="r", EventPattern='{"source":["s"]}')
        targets = [{"Id": str(i), "Arn": STATES + "m", "InputTransformer": {
            "InputPathsMap": {"v": "$.id"}, "InputTemplate": '"' + "<v>" * 2600 + '"'}} for i in range(5)]
        grown, took = self.growth(lambda: self.events("PutTargets", Rule="r", Targets=targets))
        print("five targets: %.1f MB, %.2f s" % (grown / 1e6, took))
        self.assertLess(grown, 8 << 20)
        self.d.kill()
        began = time.monotonic()
        self.d.start()
        self.assertLess(time.monotonic() - began, 5)
        self.assertLess(resident(self.d), 100 << 20)

    def test_A4_paths_of_many_names(self):
        for name, path in (("names", "$[" + ",".join(["'a'"] * 16000) + "]"), ("dots", "$" + ".a" * 32000),
                           ("indexes", "$[" + ",".join(["1"] * 30000) + "]"),
                           ("filter", "$[?(" + "||".join(["@.a"] * 12000) + ")]")):
            definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": path, "End": True}}})
            grown, took = self.growth(lambda: self.d.aws("CreateStateMachine", name=name, definition=definition, roleArn=ROLE))
            print("%s: %.1f MB, %.2f s for %d bytes" % (name, grown / 1e6, took, len(definition)))
            self.assertLess(grown, 16 << 20, name)
            status, answer = self.d.aws("StartExecution", stateMachineArn=STATES + name, input='{"a":1}')
            self.assertEqual(status, 200, answer)
            until(lambda: self.d.executions(machine=name)[0]["status"] in ("SUCCEEDED", "FAILED"))

    def test_many_fields_compile_in_linear_time(self):
        definition = json.dumps(passes({"a%d.$" % i: "$" for i in range(50000)}))
        _, took = self.growth(lambda: self.d.aws("CreateStateMachine", name="fields", definition=definition, roleArn=ROLE))
        self.assertLess(took, 3)


class Work(unittest.TestCase):
    def setUp(self):
        self.d = Daemon()
        self.d.start()
        self.addCleanup(self.d.__exit__)

    def run_one(self, name, definition, value):
        arn = self.d.aws("CreateStateMachine", name=name, definition=json.dumps(definition),
                         roleArn=ROLE)[1]["stateMachineArn"]
        x = self.d.aws("StartExecution", stateMachineArn=arn, input=json.dumps(value))[1]["executionArn"]
        return until(lambda: (lambda d: d if d["status"] != "RUNNING" else None)(
            self.d.aws("DescribeExecution", executionArn=x)[1]), 60)

    def longest(self):
        self.d.send({"source": "t", "detail-type": "t"})  # a turn more: those before are counted
        return self.d.get("/api/v1/status")["microseconds"]["longestTurn"]

    def test_A5_a_step_has_a_budget_of_work(self):
        text = ",".join(["a"] * 100000)
        wide = [list(range(10)) for _ in range(5000)]
        cases = {
            "split": (passes({"f%d.$" % i: "States.ArrayLength(States.StringSplit($.a, ','))" for i in range(9000)}), {"a": text}),
            "scan": (passes({"f%d.$" % i: "$..nothing" for i in range(9000)}), {"a": wide}),
            "scalars": (passes({"f%d.$" % i: "$..nothing" for i in range(9000)}), {"a": [0] * 80000}),
            "members": (passes({"f%d.$" % i: "$..nothing" for i in range(9000)}), {"k%d" % i: 0 for i in range(16000)}),
            "filter": (passes({"f%d.$" % i: "$.a[?(@.x==1||@.y==2)]" for i in range(9000)}), {"a": wide}),
            "contains": (passes({"f%d.$" % i: "States.ArrayContains($.a, 7)" for i in range(9000)}), {"a": list(range(30000))}),
            "merge": (passes({"f%d.$" % i: "States.JsonToString($)" for i in range(9000)}), {"a": text})}
        for name, choice, text in (("stars", "*a*b*c*d*e*f", "a" * 240000), ("long_piece", "*" + "a" * 200 + "b*", "a" * 240000)):
            choices = [{"Variable": "$.a", "StringMatches": choice, "Next": "B"}] * 2000
            cases[name] = ({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": choices, "Default": "B"},
                                                       "B": {"Type": "Succeed"}}}, {"a": text})
        for name, (definition, value) in cases.items():
            end = self.run_one(name, definition, value)
            print("%-10s longest turn %d us" % (name, self.longest()))
            self.assertEqual((end["status"], end.get("error")), ("FAILED", "States.Runtime"), name)
            self.assertIn("goes through more than", end["cause"], name)

    def test_A5_much_work_over_many_states_goes_on_in_other_turns(self):
        split = {"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength(States.StringSplit($.a, ','))", "a.$": "$.a"}}
        states = {"S%d" % i: {**split, "Next": "S%d" % (i + 1)} for i in range(50)}
        states["S50"] = {"Type": "Succeed"}
        ends = threading.Event()
        arn = self.d.aws("CreateStateMachine", name="long", definition=json.dumps({"StartAt": "S0", "States": states}),
                         roleArn=ROLE)[1]["stateMachineArn"]
        for n in range(10):
            self.d.aws("StartExecution", stateMachineArn=arn, input=json.dumps({"a": ",".join(["a"] * 60000)}))
        until(lambda: all(x["status"] == "SUCCEEDED" for x in self.d.executions(machine="long")), 60)
        print("longest turn %d us" % self.longest())

    def test_A20_test_state_has_the_same_budget(self):
        definition = json.dumps({"Type": "Pass", "End": True, "Parameters": {
            "f%d.$" % i: "States.ArrayLength(States.StringSplit($.a, ','))" for i in range(3000)}})
        began = time.monotonic()
        status, answer = self.d.aws("TestState", definition=definition, roleArn=ROLE,
                                    input=json.dumps({"a": ",".join(["a"] * 100000)}))
        self.assertEqual((status, answer["status"], answer["error"]), (200, "FAILED", "States.Runtime"), answer)
        self.assertLess(time.monotonic() - began, 5)

    def test_L2_the_last_element(self):
        for path, want in (("$.a[(@.length-1)]", 3), ("$.a[(@.length-3)]", 1), ("$.a[( @.length - 2 )]", 2),
                           ("$.b[(@.length-1)].c", "last"), ("$.b[0].d[(@.length-1)]", 9)):
            end = self.run_one("l" + str(abs(hash(path))), {"StartAt": "A", "States": {"A": {
                "Type": "Pass", "Parameters": {"r.$": path}, "End": True}}},
                {"a": [1, 2, 3], "b": [{"c": "first", "d": [8, 9]}, {"c": "last"}]})
            self.assertEqual((end["status"], json.loads(end.get("output", "null"))), ("SUCCEEDED", {"r": want}), path)
        for path in ("$.a[(@.length-4)]", "$.none[(@.length-1)]", "$.a[0][(@.length-1)]"):
            end = self.run_one("m" + str(abs(hash(path))), {"StartAt": "A", "States": {"A": {
                "Type": "Pass", "InputPath": path, "End": True}}}, {"a": [1, 2, 3]})
            self.assertEqual((end["status"], end["error"]), ("FAILED", "States.Runtime"), path)


if __name__ == "__main__":
    main()
