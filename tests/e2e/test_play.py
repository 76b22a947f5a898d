"""pavane test and pavane simulate: a machine's folder played on a virtual clock."""
import glob
import json
import os
import subprocess
import tempfile
import unittest
from unittest import mock

from harness import MACHINES, PAVANE, cli, main

LAMBDA = "arn:aws:states:::lambda:invoke"
DEFINITION = {"StartAt": "Charge", "States": {
    "Charge": {"Type": "Task", "Resource": LAMBDA, "Parameters": {"FunctionName": "charge", "Payload.$": "$"},
               "ResultSelector": {"id.$": "$.Payload.id"}, "ResultPath": "$.charge",
               "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 3}],
               "Catch": [{"ErrorEquals": ["Declined"], "ResultPath": "$.error", "Next": "Refused"}], "Next": "Enough?"},
    "Enough?": {"Type": "Choice", "Choices": [{"Variable": "$.amount", "NumericGreaterThan": 100, "Next": "Approve"}],
                "Default": "Done"},
    "Approve": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}, "TimeoutSeconds": 86400, "Next": "Done"},
    "Refused": {"Type": "Fail", "Error": "Refused", "CausePath": "$.error.Cause"}, "Done": {"Type": "Succeed"}}}
MOCKS = {
    "StateMachines": {"pay": {
        "TestCases": {"Small": {"Charge": "Charged"}, "Large": {"Charge": "Charged", "Approve": "Approved"},
                      "Busy": {"Charge": "BusyTwice"}, "Declined": {"Charge": "Declined"}},
        "Inputs": {"Small": {"amount": 5}, "Large": {"amount": 500}, "Busy": {"amount": 5}, "Declined": {"amount": 5}},
        "Expect": {"Small": {"status": "SUCCEEDED", "output": {"amount": 5, "charge": {"id": 7}}},
                   "Large": {"status": "SUCCEEDED", "output": {"ok": True}, "states": ["Done"]},
                   "Busy": {"status": "SUCCEEDED"},
                   "Declined": {"status": "FAILED", "error": "Refused", "cause": "no money"}}}},
    "MockedResponses": {
        "Charged": {"0": {"Return": {"StatusCode": 200, "Payload": {"id": 7}}}},
        "BusyTwice": {"0-1": {"Throw": {"Error": "Busy", "Cause": "later"}}, "2": {"Return": {"Payload": {"id": 7}}}},
        "Declined": {"0": {"Throw": {"Error": "Declined", "Cause": "no money"}}},
        "Approved": {"0": {"Return": {"ok": True}}}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "s", "pattern": {"source": ["shop"]}, "inputPath": "$.detail"}], "resume": []}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.machine = os.path.join(self.folder.name, "pay")
        os.makedirs(os.path.join(self.machine, "events"))
        self.write("machine.asl.json", DEFINITION)
        self.write("rules.json", RULES)
        self.write("mocks.json", MOCKS)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, value):
        with open(os.path.join(self.machine, name), "w") as f:
            json.dump(value, f)

    def mocks(self, change):
        changed = json.loads(json.dumps(MOCKS))
        change(changed)
        self.write("mocks.json", changed)


class Test(Case):
    def test_the_machines_here(self):
        for machine in sorted(os.path.dirname(p) for p in glob.glob(MACHINES + "/*/machine.asl.json")):
            code, out, err = cli("test", machine)
            self.assertEqual(code, 0, out + err)
            self.assertRegex(out, r"\d+ of \d+ transitions taken")

    def test_mocked_cases(self):
        code, out, err = cli("test", self.machine)
        self.assertEqual(code, 0, out + err)
        self.assertIn("5 of 5 transitions taken\n4 passed, 0 failed", out)
        with tempfile.TemporaryDirectory() as scratch, mock.patch.dict(os.environ, {"TMPDIR": scratch}):
            answer = json.loads(cli("test", self.machine, "--json", "--only", "Small")[1])
            self.assertEqual(os.listdir(scratch), [])
        self.assertEqual([(c["case"], c["passed"]) for c in answer["items"]], [("Small", True)])
        self.assertEqual({(t["from"], t["to"]): t["taken"] for t in answer["transitions"]}, {
            ("Charge", "Enough?"): True, ("Enough?", "Done"): True, ("Enough?", "Approve"): False,
            ("Approve", "Done"): False, ("Charge", "Refused"): False})

    def test_events_with_mocks(self):
        self.write("events/paid.json", {"mocks": "Small", "events": [
            {"id": "1", "source": "shop", "detail-type": "T", "detail": {"id": "a", "amount": 5}},
            {"id": "1", "source": "shop", "detail-type": "T", "detail": {"id": "a", "amount": 5}, "afterSeconds": 30}],
            "expect": {"status": "SUCCEEDED", "dispositions": ["started", "duplicate"]}})
        code, out, err = cli("test", self.machine, "--only", "paid.json")
        self.assertEqual(code, 0, out + err)

    def test_what_differs_is_said(self):
        for change, said in (
                (lambda m: m["StateMachines"]["pay"]["Expect"]["Small"].update(output={"amount": 6}),
                 'FAIL  Small                        output: wanted {"amount":6}, got {"amount":5,"charge":{"id":7}}'),
                (lambda m: m["StateMachines"]["pay"]["Expect"]["Declined"].update(status="SUCCEEDED"),
                 "status: wanted \"SUCCEEDED\", got FAILED, Refused: no money"),
                (lambda m: m["MockedResponses"]["BusyTwice"].pop("2"),
                 "state 'Charge': MockedResponses has no end for attempt 2"),
                (lambda m: m["StateMachines"]["pay"]["Expect"]["Busy"].update(historyEvents=1), "historyEvents: wanted 1, got"),
                (lambda m: m["StateMachines"]["pay"].update(TestCases={"None": {}}, Expect={}),
                 'it still waits in ["Charge"], and no mocked end says how to go on')):
            self.mocks(change)
            code, out, _ = cli("test", self.machine)
            self.assertEqual(code, 1)
            self.assertIn(said, out)
            self.assertIn("1 failed", out)

    def test_bad_input(self):
        for arguments, code, said in (((), 2, "one machine's folder is expected"), ((self.folder.name + "/none",), 1, "none"),
                                      ((self.machine, "--only", "x"), 1, "no case is named x"),
                                      ((self.machine, "--mocks", "/none"), 1, "/none")):
            found, out, err = cli("test", *arguments)
            self.assertIn(said, err)
            self.assertEqual(found, code)
        self.write("machine.asl.json", {"StartAt": "A", "States": {}})
        code, _, err = cli("test", self.machine)
        self.assertEqual(code, 1)
        self.assertIn("SCHEMA_VALIDATION_FAILED", err)


class Simulate(Case):
    def play(self, *words):
        p = subprocess.run([PAVANE, "simulate", self.machine], input="\n".join(words) + "\n", capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout + p.stderr

    def test_by_hand(self):
        code, out = self.play('start {"amount": 500}', "fail Busy later", "next", 'ok {"Payload": {"id": 1}}', "show", 'ok Approve {"x": 1}')
        self.assertEqual(code, 0, out)
        for said in ("TaskFailed  Busy: later", "2026-01-01T00:01:00.000Z  RUNNING", "waits: Approve", "until 2026-01-02T00:01:00.000Z",
                     'ExecutionSucceeded  {"x":1}', 'SUCCEEDED  ["Done"]'):
            self.assertIn(said, out)

    def test_time_and_events(self):
        code, out = self.play('event {"id":"1","source":"shop","detail-type":"T","detail":{"id":"a","amount":500}}',
                              'ok {"Payload":{"id":1}}', "pass 86399", "pass 1")
        self.assertEqual(code, 0, out)
        self.assertIn("the event is started", out)
        self.assertIn("FAILED", out.splitlines()[-1])
        self.assertIn("States.Timeout", out)

    def test_what_cannot_be_done_is_said(self):
        code, out = self.play("ok", "dance", "start {", "pass x", "next", "stop", "help", "quit", "start")
        self.assertEqual(code, 1)
        for said in ("no task is open", "dance: no such word", "not JSON", "how many seconds?", "nothing waits for time",
                     "nothing runs", "the execution is aborted"):
            self.assertIn(said, out)
        self.assertNotIn("ExecutionStarted", out)


if __name__ == "__main__":
    main()
