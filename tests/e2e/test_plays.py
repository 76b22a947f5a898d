#!/usr/bin/env python3
"""pavane play and pavane up: systems on stage, with stand-ins, a clock that is moved, and a kill in between."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

from harness import PAVANE, TOP, Daemon, cli, main, until
from test_systems import write

CALL = {"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {
    "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "price", "Payload": "{% $states.input.detail %}"},
            "Output": {"price": "{% $states.result.Payload.price %}"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3}], "Next": "Sleep"},
    "Sleep": {"Type": "Wait", "Seconds": 3600, "End": True}}}
RULES = {"correlationId": "$.detail.id", "start": [{"pattern": {"detail-type": ["Asked"]}}]}
BUS = {"rules": {"asked": {"EventPattern": {"detail-type": ["Priced"]}, "Targets": [{"log": "prices", "InputPath": "$.detail"}]}}}
STAND_IN = {"mappings": [
    {"scenarioName": "shop", "requiredScenarioState": "down", "priority": 1,
     "request": {"method": "POST", "urlPath": "/2015-03-31/functions/price/invocations"}, "response": {"status": 503, "body": "closed"}},
    {"request": {"method": "POST", "urlPath": "/2015-03-31/functions/price/invocations", "bodyPatterns": [{"matchesJsonPath": "$.id"}]},
     "response": {"jsonBody": {"price": "{% request.json.n * 2 %}", "before": "{% $count(requests) %}"}},
     "serveEventListeners": [{"name": "webhook", "parameters": {"method": "POST", "url": "http://pavane.test/events", "jsonBody": {
         "source": "shop", "id": "{% 'priced-' & request.json.id %}", "detail-type": "Priced", "detail": {"id": "{% request.json.id %}"}}}}]}]}
ASKED = {"source": "shop", "id": "e1", "detail-type": "Asked", "detail": {"id": "a", "n": 21}}
PLAY = {"description": "Asked while the shop is closed; it opens, the daemon is killed, an hour later all is done.",
        "begins": "2026-03-01T09:00:00Z",
        "steps": [{"scenario": "shop", "state": "down"},
                  {"send": ASKED, "dispositions": ["started"]},
                  {"expect": {"requests": [{"standIn": "shop", "method": "POST", "json": {"id": "a"}}], "executions": [{"state": "Ask"}]}},
                  {"scenario": "shop", "state": "Started"},
                  {"after": 59}, {"expect": {"requests": [{"count": 1}]}},
                  {"after": 1}, {"expect": {"requests": [{"count": 2}], "executions": [{"state": "Sleep", "status": "RUNNING"}]}},
                  {"kill": True},
                  {"after": 3599.5}, {"expect": {"executions": [{"status": "RUNNING"}]}},
                  {"after": 0.5},
                  {"call": "DescribeExecution", "with": {"executionArn": "arn:aws:states:us-east-1:000000000000:execution:ask:none"},
                   "error": "ExecutionDoesNotExist"}],
        "expect": {"executions": [{"correlationId": "a", "status": "SUCCEEDED", "output": {"price": 42},
                                   "startDate": "{% $contains($, '2026-03-01T09:00:00') %}"}],
                   "logs": [{"log": "prices", "event": {"id": "a"}}], "deadLetters": [{"count": 0}]}}


class Plays(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pavane-plays-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.system = os.path.join(self.folder, "shop")
        self.put("machines/ask/machine.asl.json", CALL)
        self.put("machines/ask/rules.json", RULES)
        self.put("bus.json", BUS)
        self.put("services.json", {"functions": {"price": "http://shop.test"}})
        self.put("stand-ins/shop.json", STAND_IN)
        self.put("plays/closed.json", PLAY)

    def put(self, name, value):
        write(os.path.join(self.system, name), value)

    def test_a_play(self):
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)
        self.assertRegex(out, r"ok +\S+/shop closed +[\d.]+ s\n1 passed, 0 failed\n")
        self.assertEqual([f for f in os.listdir(self.folder) if f != "shop"], [])

    def test_what_is_not_as_expected_is_told(self):
        for old, new, wanted in (
                ('"price": 42', '"price": 43', r"not as expected:\n  - executions \{.*43.*\}: 1 expected, 0 found\n  \+ .*\"price\":42"),
                ('{"count": 1}', '{"count": 7}', r"- requests \{\}: 7 expected, 1 found"),
                ('"started"', '"parked"', r"closed.json:\d+:\d+: dispositions \[\"parked\"\] expected, \[\"started\"\] found"),
                ('"error": "ExecutionDoesNotExist"', '"error": "Other"', r"DescribeExecution answers .*ExecutionDoesNotExist")):
            text = json.dumps(PLAY, indent=1)
            text = re.sub(r"\[\s+(\S+)\s+\]", r"[\1]", re.sub(r"\{\s+(\"count\": \d+)\s+\}", r"{\1}", text))
            self.assertIn(old, text)
            self.put("plays/closed.json", text.replace(old, new, 1))
            code, out, _ = cli("play", self.system)
            self.assertEqual(code, 1, out)
            self.assertRegex(out, wanted)

    def test_faults_have_their_place(self):
        text = json.dumps(PLAY, indent=1)
        for name, content, wanted in (
                ("plays/closed.json", text.replace('"kill"', '"kil"'), r"plays/closed.json:\d+:\d+: a step has one of send"),
                ("plays/closed.json", text.replace('"expect"', '"expects"', 1), r"a step has one of send"),
                ("plays/closed.json", text.replace('"executions"', '"executoins"', 1), r"closed.json:\d+:\d+: there is no 'executoins'"),
                ("plays/closed.json", text.replace('"begins"', '"begin"', 1), r"there is no field 'begin' here"),
                ("plays/closed.json", "{,", r"closed.json:1:2: "),
                ("plays/closed.json", text.replace('"after": 59', '"after": 1e15'), r"closed.json:\d+:\d+: seconds are expected, at most a hundred years"),
                ("plays/closed.json", text.replace('"state": "down"', '"state": 5'), r"closed.json:\d+:\d+: a text is expected"),
                ("plays/closed.json", text.replace('"count": 1', '"count": "many"'), r"\"count\" is a whole number"),
                ("stand-ins/shop.json", '{"mappings": [{"request": {"headers": ["a"]}, "response": {}}]}', r"shop.json:1:\d+: 'headers' must be an object"),
                ("stand-ins/shop.json", "{}", r"stand-ins/shop.json:1:1: \"mappings\", a list, is expected"),
                ("stand-ins/shop.json", json.dumps(STAND_IN, indent=1).replace('"urlPath"', '"urlpath"', 1),
                 r"shop.json:\d+:\d+: there is no field 'urlpath' here"),
                ("bus.json", json.dumps(BUS).replace('"log"', '"lok"'), r"bus.json:1:\d+: error: UNKNOWN_FIELD"),
                ("machines/ask/machine.asl.json", json.dumps(CALL).replace('"Wait"', '"Weit"'), r"machine.asl.json:1:\d+: error: ")):
            with self.subTest(wanted):
                kept = open(os.path.join(self.system, name)).read()
                self.put(name, content)
                code, out, err = cli("play", self.system)
                self.assertNotEqual(code, 0)
                self.assertRegex(err, wanted)
                self.put(name, kept)
        code, _, err = cli("play", self.folder)
        self.assertEqual((code, "there are no plays here" in err), (1, True))

    def several(self, play, **daemons):
        """A branch forwards to an office; each has a log."""
        arn = "arn:aws:events:us-east-1:111122223333:event-bus/default"
        self.system = os.path.join(self.folder, "firm")
        bus = lambda target: {"rules": {"all": {"EventPattern": {"source": [{"prefix": ""}]}, "Targets": [{"log": "seen"}] + target}}}
        forward = {"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/forward"}
        self.put("office/bus.json", dict(bus([]), permissions={"branch": {"Principal": "444455556666", "Action": "events:PutEvents"}}))
        self.put("branch/bus.json", bus([forward]))
        self.put("branch/services.json", {"buses": {arn: "http://office.test"}, "busTokens": {arn: "the-branch-is-known-by-this"}})
        self.put("daemons/branch.json", daemons.get("branch", {"folder": "branch", "account": "444455556666", "region": "eu-west-1"}))
        self.put("daemons/office.json", daemons.get("office", {"folder": "office", "account": "111122223333", "tokens": {
            "the-branch-is-known-by-this": {"account": "444455556666", "speaksFor": ["444455556666"]}}}))
        self.put("plays/one.json", play)
        return cli("play", self.system)

    def test_several_daemons_share_a_clock_and_a_network(self):
        sold = lambda n: {"source": "shop", "id": "s%d" % n, "detail-type": "Sold", "detail": {"n": n}}
        seen = lambda daemon, count, **event: {"daemon": daemon, "log": "seen", "count": count, "event": event}
        code, out, err = self.several({"steps": [
            {"send": sold(1), "note": "to the first of them by name: the branch"},
            {"expect": {"logs": [seen("branch", 1), seen("office", 1, account="444455556666", region="eu-west-1")]}},
            {"stop": "office"},
            {"send": sold(2), "daemon": "branch"},
            {"after": 3600},
            {"expect": {"logs": [seen("branch", 2), {"log": "seen", "count": 2}]}},
            {"kill": "branch"},
            {"start": "office"},
            {"after": 7200},
            {"get": "/api/v1/dispositions", "daemon": "office", "token": "a token that nobody knows", "status": 401},
            {"get": "/api/v1/dispositions", "daemon": "office", "answers": {"dispositions": "{% $count($) = 2 and $[0].at > '2026-01-01T01:00:00' %}"}}],
            "expect": {"logs": [seen("office", 2), seen("office", 1, id="s2", time="2026-01-01T00:00:00Z")], "deadLetters": [{"count": 0}]}})
        self.assertEqual((code, err), (0, ""), out + err)
        self.assertEqual(cli("validate", self.folder)[:2][0], 0)
        for step in ({"stop": "nowhere"}, {"send": sold(1), "daemon": "nowhere"}):
            code, _, err = self.several({"steps": [step]})
            self.assertRegex(err, r"one.json:\d+:\d+: the system has no daemon 'nowhere'")

    def test_validate_reads_plays_stand_ins_and_daemons(self):
        self.several({"steps": [], "expect": {}})
        for name, content, wanted in (
                ("daemons/office.json", '{"folder": "attic"}', r"office.json:1:12: error: INVALID_DAEMON: the system has no such folder"),
                ("daemons/office.json", '{"folder": "office", "acount": "1"}', r"office.json:1:32: .*there is no field 'acount' here"),
                ("daemons/office.json", '{"folder": "office", "account": "1"}', r"office.json:1:33: .*an account has 12 digits"),
                ("daemons/office.json", '{"folder": "office", "tokens": {"short": {"account": "111122223333"}}}', r"a token has 16 characters or more"),
                ("daemons/office.json", '{"folder"', r"office.json:1:10: error: INVALID_DAEMON"),
                ("office/bus.json", '{"rules": 5}', r"firm/office/bus.json:1:\d+: error: "),
                ("plays/one.json", '{"steps": [{"expect": {"logs": [{"event": "{% 1 + %}"}]}}]}',
                 r"one.json:1:43: error: INVALID_PLAY: character \d+: Unexpected end of expression"),
                ("../shop/stand-ins/shop.json", '{"mappings": [{"request": {}, "response": {"body": "{% a( %}"}}]}',
                 r"shop.json:1:52: error: INVALID_STAND_IN: character \d+: ")):
            with self.subTest(wanted):
                kept = open(os.path.join(self.system, name)).read()
                self.put(name, content)
                code, out, err = cli("validate", self.folder)
                self.assertNotEqual(code, 0)
                self.assertRegex(out + err, wanted)
                self.put(name, kept)
        code, out, err = cli("validate", self.folder)
        self.assertEqual(code, 0, out + err)

    def max_open(self, policy, steps, rule=None):
        self.system = os.path.join(self.folder, "few")
        self.put("machines/slow/machine.asl.json", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}})
        self.put("machines/slow/rules.json", {"correlationId": "$.detail.id", "policies": policy, "start": [
            dict({"name": "go", "pattern": {"detail-type": ["Go"]}}, **(rule or {}))]})
        self.put("machines/caller/machine.asl.json", {"StartAt": "S", "States": {"S": {
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True, "Parameters": {
                "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:slow", "Input": {}}}}})
        self.put("bus.json", {"rules": {"target": {"EventPattern": {"detail-type": ["Target"]}, "Targets": [{"machine": "slow"}]}}})
        self.put("plays/few.json", {"steps": steps})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)

    def test_of_a_machine_only_so_many_executions_are_open(self):
        go = lambda *ids: [{"source": "x", "id": "e" + i, "detail-type": "Go", "detail": {"id": i, "n": 1}} for i in ids]
        running = lambda *ids, **more: {"expect": {"executions": [dict({"machine": "slow", "status": "RUNNING", "count": len(ids)}, **more)] + [
            {"correlationId": i, "status": "RUNNING"} for i in ids]}}
        arn = "arn:aws:states:us-east-1:000000000000:stateMachine:"
        self.max_open({"maxOpen": 2}, [
            {"send": go("a", "b", "c", "d", "e"), "dispositions": ["started", "started", "parked", "parked", "parked"]},
            running("a", "b"),
            {"send": go("c")[0] | {"id": "again", "detail": {"id": "c", "n": 2}}, "dispositions": ["unexpected"]},
            {"call": "StartExecution", "with": {"stateMachineArn": arn + "slow"}, "error": "ExecutionLimitExceeded"},
            {"call": "StartExecution", "with": {"stateMachineArn": arn + "caller", "name": "called"}},
            {"send": {"source": "x", "id": "t", "detail-type": "Target", "detail": {}}},
            {"expect": {"executions": [{"name": "called", "status": "FAILED", "error": "StepFunctions.ExecutionLimitExceededException"}],
                        "deadLetters": [{"errorCode": "ExecutionLimitExceeded"}]}},
            {"kill": True},
            running("a", "b"),
            {"after": 60}, running("c", "d"),
            {"expect": {"executions": [{"correlationId": "c", "input": {"detail": {"n": 1}}}]}},
            {"after": 60}, running("e"),
            {"get": "/api/v1/limits", "answers": {"limits": "{% $[name = 'executions of slow'].(max = 2 and used = 1 and $contains(setting, 'maxOpen'))"
                                                            " and $[name = 'queue'].(max = 65536 and setting = '--queue') and $[name = 'bytes of an event'].used = null %}"}},
            {"expect": {"dispositions": [{"disposition": "started", "count": 5}, {"disposition": "parked", "count": 0}]}},
            {"send": go("f"), "dispositions": ["started"]}])
        self.max_open({"maxOpen": 2, "aboveMaxOpen": "refuse"}, [
            {"send": go("a", "b", "c"), "dispositions": ["started", "started", "rejected"]},
            {"after": 60}, {"send": go("d"), "dispositions": ["started"]}, running("d")])
        same = lambda *ids: [dict(e, detail={"id": "k", "n": e["id"]}) for e in go(*ids)]
        self.max_open({"maxOpen": 1, "generations": True}, [
            {"send": same("a", "b"), "note": "two start the first run"}, {"expect": {"executions": [{"machine": "slow", "count": 1}]}},
            {"send": same("c", "d", "e")},
            {"expect": {"executions": [{"machine": "slow", "count": 1}]}},
            {"after": 60},
            {"expect": {"executions": [{"machine": "slow", "status": "SUCCEEDED"}, {"machine": "slow", "status": "RUNNING", "input": "{% $count($) = 2 %}"}]}},
            {"after": 610}, {"expect": {"executions": [{"machine": "slow", "count": 3}, {"machine": "slow", "status": "RUNNING", "input": "{% $type($) = 'array' and $count($) = 1 %}"}]}}],
            {"batch": {"count": 2, "seconds": 600}})

    def test_who_waits_for_a_place_outlives_a_kill(self):
        """An execution ended, and the daemon with it, before the next one was started: the next daemon starts it."""
        go = lambda i: {"source": "x", "id": "e" + i, "detail-type": "Go", "detail": {"id": i}}
        self.max_open({"maxOpen": 1}, [{"send": go("a")}, {"send": go("b"), "dispositions": ["parked"]}, {"kill": True},
                                       {"expect": {"executions": [{"machine": "slow", "count": 1}]}}, {"after": 60}, {"kill": True},
                                       {"expect": {"executions": [{"correlationId": "b", "status": "RUNNING"}]}}])
        # more are allowed from the next start on
        self.system = os.path.join(self.folder, "few")
        d = Daemon(self.system).start()
        self.addCleanup(d.__exit__)
        d.send(go("a"))
        d.send(go("b"))
        self.assertEqual([x["correlationId"] for x in d.executions(machine="slow")], ["a"])
        d.kill()
        rules = json.load(open(self.system + "/machines/slow/rules.json"))
        rules["policies"]["maxOpen"] = 2
        self.put("machines/slow/rules.json", rules)
        d.start()
        until(lambda: len(d.executions(machine="slow")) == 2)
        # a folder that goes keeps them waiting, until it is back
        self.assertEqual(d.send(go("c")), [("slow", "parked")])
        away = os.path.join(self.folder, "away")
        shutil.move(self.system + "/machines/slow", away)
        slow = lambda: [m for m in d.get("/api/v1/machines")["machines"] if m["machine"] == "slow"][0]
        until(lambda: not slow()["active"])
        arn = "arn:aws:states:us-east-1:000000000000:execution:slow:a"
        self.assertEqual(d.aws("StopExecution", executionArn=arn)[0], 200)
        self.assertEqual(len(d.executions(machine="slow")), 2)
        shutil.move(away, self.system + "/machines/slow")
        until(lambda: len(d.executions(machine="slow")) == 3)

    def test_parameters_and_secrets_are_used_and_not_shown(self):
        task = lambda resource, arguments, **more: dict({"Type": "Task", "Resource": "arn:aws:states:::" + resource, "Arguments": arguments}, **more)
        self.put("machines/ask/machine.asl.json", {"QueryLanguage": "JSONata", "StartAt": "Where", "States": {
            "Where": task("aws-sdk:ssm:getParameter", {"Name": "/shop/key", "WithDecryption": True}, Assign={"key": "{% $states.result.Parameter.Value %}"}, Next="Who"),
            "Who": task("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "clerk"},
                        Assign={"clerk": "{% $parse($states.result.SecretString) %}"}, Next="Ask"),
            "Ask": task("lambda:invoke", {"FunctionName": "price", "Payload": {"id": "{% $key %}", "n": 1, "password": "{% $clerk.password %}"}},
                        Output={"key": "{% $key %}", "password": "{% $clerk.password %}", "price": "{% $states.result.Payload.price %}",
                                "pin": "{% $clerk.db.pin %}", "long": "{% $clerk.long %}"}, Next="None"),
            "None": task("aws-sdk:ssm:getParameter", {"Name": "/shop/none"}, Catch=[
                {"ErrorEquals": ["Ssm.ParameterNotFoundException"], "Output": "{% $states.input %}", "Next": "End"}], Next="End"),
            "End": {"Type": "Succeed"}}})
        services = {"functions": {"price": "http://shop.test"}, "parameters": {"/shop/key": {"env": "PAVANE_TEST_KEY"}, "/shop/name": "the shop"},
                    "secrets": {"clerk": {"file": "clerk.json"}}}
        self.put("services.json", services)
        with open(os.path.join(self.system, "clerk.json"), "w") as f:
            json.dump({"user": "clerk", "password": 'a "pass" & word', "db": {"pin": "NESTEDpw99"}, "short": "passw0", "long": "passw0rd-long"}, f)
        os.environ["PAVANE_TEST_KEY"] = "key-of-the-shop"
        self.addCleanup(os.environ.pop, "PAVANE_TEST_KEY", None)
        x = "arn:aws:states:us-east-1:000000000000:execution:ask:a"
        self.put("plays/closed.json", {"steps": [
            {"send": ASKED},
            {"expect": {"executions": [{"status": "SUCCEEDED"}]}},
            {"call": "GetExecutionHistory", "with": {"executionArn": x}, "answers":
                "{% ($s := $string($); $contains($s, '****') and $not($contains($s, 'key-of-the-shop')) and $not($contains($s, '& word'))) %}"},
            {"get": "/api/v1/executions/ask:a", "answers": "{% $not($contains($string($), 'key-of-the-shop')) %}"}],
            "expect": {"executions": [{"status": "SUCCEEDED", "output": {"key": "****", "password": "****", "price": 2, "pin": "****", "long": "****"}}],
                       "requests": [{"json": {"id": "key-of-the-shop", "password": 'a "pass" & word'}}]}})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)
        for wrong, wanted in (({"file": "nowhere"}, r"services.json:\d+:\d+: error: SERVICES: 'clerk': .*nowhere"), ({"env": "PAVANE_NO_SUCH"}, "has no 'PAVANE_NO_SUCH'"),
                              ({"env": "HOME", "file": "x"}, "a text, .* is expected"), (5, "is expected")):
            self.put("services.json", dict(services, secrets={"clerk": wrong}))
            self.assertRegex(cli("validate", self.system)[1], wanted)

    def test_histories_are_logged_by_level(self):
        self.system = os.path.join(self.folder, "logs")
        log = "arn:aws:logs:us-east-1:000000000000:log-group:%s:*"
        definition = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Pass", "Result": {"x": 1}, "Next": "E"}, "E": {"Type": "Fail", "Error": "Bad", "Cause": "so"}}})
        for level in ("ALL", "ERROR", "FATAL"):
            self.put("machines/%s/machine.asl.json" % level.lower(), {"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "none"}, "End": True}}})
            self.put("machines/%s/rules.json" % level.lower(), {"correlationId": "$.detail.id", "start": [{"pattern": {"detail-type": [level]}}],
                     "logging": {"level": level, "log": level.lower(), "includeExecutionData": level == "ALL"}})
        self.put("machines/odd/machine.asl.json", {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
        self.put("machines/odd/rules.json", {"correlationId": "$.detail.id", "start": [{"pattern": {"detail-type": ["odd"]}}], "logging": {"level": "FATAL", "log": 'a "quoted" name'}})
        create = lambda name, **more: {"call": "CreateStateMachine", "with": {"name": name, "definition": definition, "roleArn": "arn:aws:iam::000000000000:role/x", **more}}
        self.put("plays/one.json", {"steps": [
            {"send": [{"source": "x", "id": level, "detail-type": level, "detail": {"id": "a"}} for level in ("ALL", "ERROR", "FATAL")]},
            create("api", loggingConfiguration={"level": "ERROR", "includeExecutionData": True, "destinations": [
                {"cloudWatchLogsLogGroup": {"logGroupArn": log % "api"}}]}), create("none"),
            {"call": "StartExecution", "with": {"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:api", "name": "one"}},
            {"call": "StartExecution", "with": {"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:none"}}],
            "expect": {"logs": [
                {"log": "all", "count": 6}, {"log": "all", "event": {"id": "1", "type": "ExecutionStarted", "previous_event_id": "0", "redrive_count": "0",
                    "execution_arn": "arn:aws:states:us-east-1:000000000000:execution:all:a", "event_timestamp": "1767225600000",
                    "details": {"input": "{% $contains($, '\"detail-type\":\"ALL\"') %}"}}},
                {"log": "error", "count": 2}, {"log": "error", "event": {"type": "TaskFailed", "details": {"error": "Pavane.ResourceNotMapped", "resource": "invoke"}}},
                {"log": "fatal", "count": 1}, {"log": "fatal", "event": {"type": "ExecutionFailed", "details": "{% $not($exists(input)) %}"}},
                {"log": "api", "count": 2}, {"log": "api", "event": {"type": "FailStateEntered"}}, {"log": "api", "event": {"type": "ExecutionFailed", "details": {"error": "Bad", "cause": "so"}}},
                {"count": 11}], "deadLetters": [{"count": 0}]}})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)
        self.put("machines/all/rules.json", {"correlationId": "$.id", "start": [{"pattern": {"a": ["b"]}}], "logging": {"level": "SOME", "log": "x"}})
        self.assertRegex(cli("validate", self.system)[1], r'rules.json:\d+:\d+: error: .*the level is "ALL", "ERROR" or "FATAL"')

    def test_what_waits_for_a_place_keeps_the_laws_of_starts(self):
        """Found by a review: the order, one open execution a key, early events, loops, attributes, redrives."""
        go = lambda i, kind="Go", **d: {"source": "x", "id": kind + i + str(d), "detail-type": kind, "detail": {"id": i, **d}}
        self.max_open({"maxOpen": 1}, [
            {"send": [go("a")] + [go(i) for i in "zyxb"]}, {"after": 60},
            {"expect": {"executions": [{"correlationId": "z", "status": "RUNNING"}]}},
            {"send": go("new"), "dispositions": ["parked"], "note": "others wait before it"},
            {"after": 60}, {"expect": {"executions": [{"correlationId": "y", "status": "RUNNING"}]}}, {"after": 1000},
            {"expect": {"executions": [{"status": "SUCCEEDED", "count": 6}]}},
            {"get": "/api/v1/attribute-counts?attribute=n", "answers": {"counts": []}}])
        self.system = os.path.join(self.folder, "laws")
        rules = {"correlationId": "$.detail.id", "policies": {"maxOpen": 1, "generations": True}, "index": {"city": "$.detail.city"}, "start": [
            {"name": "one", "pattern": {"detail-type": ["Go"]}}, {"name": "two", "pattern": {"detail-type": ["Went"]}}],
            "resume": [{"name": "end", "pattern": {"detail-type": ["End"]}}]}
        wait = {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "Parameters": {"EventPattern": {"detail-type": ["End"]}}, "End": True}
        self.put("machines/w/machine.asl.json", {"StartAt": "W", "States": {"W": wait}})
        self.put("machines/w/rules.json", rules)
        self.put("machines/loop/machine.asl.json", {"StartAt": "P", "States": {"P": {
            "Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "End": True, "Parameters": {"Entries": [
                {"Source": "x", "DetailType": "Loop", "Detail": {"id.$": "States.UUID()"}}]}}}})
        self.put("machines/loop/rules.json", {"correlationId": "$.detail.id", "policies": {"maxOpen": 1}, "start": [{"pattern": {"detail-type": ["Loop"]}}]})
        self.put("bus.json", {"rules": {"target": {"EventPattern": {"detail-type": ["Target"]}, "Targets": [{"machine": "w"}]}}})
        x = "arn:aws:states:us-east-1:000000000000:execution:w:"
        self.put("plays/one.json", {"steps": [
            {"send": [go("a"), go("k"), go("k", "Went"), go("c", city="Rome")], "dispositions": ["started", "parked", "unexpected", "parked"]},
            {"send": go("a", "End"), "dispositions": ["resumed"]},
            {"expect": {"executions": [{"correlationId": "k", "status": "RUNNING", "count": 1}]}},
            {"send": go("a", again=1), "dispositions": ["parked"], "note": "its second generation waits"},
            {"send": go("a", "End", early=1), "dispositions": ["parked"], "note": "and its event is early, not late"},
            {"send": {"source": "x", "id": "t", "detail-type": "Target", "detail": {"id": "t"}}},
            {"expect": {"deadLetters": [{"errorCode": "ExecutionLimitExceeded"}]}},
            {"send": go("k", "End")}, {"expect": {"executions": [{"correlationId": "c", "status": "RUNNING"}]}},
            {"get": "/api/v1/attribute-counts?attribute=city", "answers": {"counts": [{"value": "Rome", "count": 1}]}},
            {"call": "StopExecution", "with": {"executionArn": x + "c"}},
            {"expect": {"executions": [{"correlationId": "a", "status": "SUCCEEDED", "count": 2}]}},
            {"call": "pavane:RedriveDeadLetters"},
            {"expect": {"deadLetters": [{"count": 0}], "executions": [{"status": "RUNNING", "count": 1}]}},
            {"call": "RedriveExecution", "with": {"executionArn": x + "c"}, "error": "ExecutionLimitExceeded"},
            {"send": go("1", "Loop")}, {"after": 10}],
            "expect": {"executions": [{"machine": "loop", "count": 17}]}})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)

    def test_any_integration_can_be_mapped(self):
        task = lambda resource, with_, **more: dict({"Type": "Task", "Resource": "arn:aws:states:::" + resource, "Arguments": with_}, **more)
        self.put("machines/ask/machine.asl.json", {"QueryLanguage": "JSONata", "StartAt": "Describe", "States": {
            "Describe": task("aws-sdk:organizations:describeAccount", {"AccountId": "1"}, Assign={"name": "{% $states.result.Account.Name %}"},
                             Next="Run"),
            "Run": task("glue:startJobRun.sync", {"JobName": "crawl"}, Assign={"run": "{% $states.result.JobRunId %}"}, Next="Refused"),
            "Refused": task("aws-sdk:organizations:listParents", {"ChildId": "1"}, End=True,
                            Catch=[{"ErrorEquals": ["Organizations.ChildNotFoundException"], "Next": "Unmapped",
                                    "Assign": {"cause": "{% $states.errorOutput.Cause %}"}}]),
            "Unmapped": task("aws-sdk:textract:detectDocumentText", {}, End=True,
                             Catch=[{"ErrorEquals": ["Pavane.ResourceNotMapped"], "Next": "Done"}]),
            "Done": {"Type": "Pass", "Output": {"name": "{% $name %}", "run": "{% $run %}", "cause": "{% $cause %}"}, "End": True}}})
        self.put("services.json", {"sdk": {"organizations": "http://aws.test/organizations", "glue:startJobRun": "http://aws.test/glue"}})
        self.put("stand-ins/shop.json", {"mappings": []})
        answer = lambda target, status, body: {
            "request": {"method": "POST", "headers": {"X-Amz-Target": {"equalTo": target}}}, "response": {"status": status, "jsonBody": body}}
        self.put("stand-ins/aws.json", {"mappings": [
            answer("Organizations.DescribeAccount", 200, {"Account": {"Name": "{% 'account ' & request.json.AccountId %}"}}),
            answer("Glue.StartJobRun", 200, {"JobRunId": "jr_{1}", "JobRunState": "SUCCEEDED"}),
            answer("Organizations.ListParents", 400, {"__type": "com.amazonaws.organizations#ChildNotFoundException", "message": "nobody"})]})
        self.put("plays/closed.json", {"steps": [{"send": ASKED}], "expect": {
            "requests": [{"standIn": "aws", "json": {"AccountId": "1"}}, {"url": "/glue", "json": {"JobName": "crawl"}}, {"json": {"ChildId": "1"}}],
            "executions": [{"status": "SUCCEEDED", "output": {"name": "account 1", "run": "jr_{1}", "cause": "{% $contains($, 'nobody (Service: Organizations, Status Code: 400') %}"}}]}})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)
        self.put("services.json", {"sdk": {"organizations:": "http://aws.test"}})
        self.assertIn("must be a service, as \"ssm\"", cli("play", self.system)[2] + cli("play", self.system)[1])

    def test_what_comes_to_a_stand_in_may_be_any_bytes(self):
        self.put("services.json", {"functions": {"price": "http://shop.test/x?a=%FF%00b"}})
        self.put("stand-ins/shop.json", {"mappings": [{"request": {"method": "POST"}, "response": {
            "jsonBody": {"price": 42}, "fixedDelayMilliseconds": -1, "status": 200}, "priority": 9},
            {"request": {"method": "POST"}, "response": {"jsonBody": {"price": 42}}, "priority": 1}]})
        self.put("plays/closed.json", {"steps": [{"send": ASKED}], "expect": {"requests": [{"standIn": "shop"}], "executions": [{"state": "Sleep"}]}})
        code, out, err = cli("play", self.system)
        self.assertEqual((code, err), (0, ""), out + err)

    def test_a_play_that_is_ended_leaves_nothing(self):
        tmp = os.path.join(self.folder, "tmp")
        os.mkdir(tmp)
        self.put("stand-ins/shop.json", {"mappings": [{"request": {"method": "POST"}, "response": {"fixedDelayMilliseconds": 3600000}}]})
        p = subprocess.Popen([PAVANE, "play", self.system], env=dict(os.environ, TMPDIR=tmp), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        until(lambda: os.listdir(tmp) and os.path.exists(os.path.join(tmp, os.listdir(tmp)[0], "pavane.db")))
        daemons = lambda: [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and tmp.encode() in self.command_line(pid)]
        until(daemons)
        p.send_signal(signal.SIGTERM)
        err = p.communicate(timeout=30)[1]
        self.assertIn("it was ended", err)
        until(lambda: not daemons())
        self.assertEqual(os.listdir(tmp), [])

    def command_line(self, pid):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                return f.read()
        except OSError:
            return b""

    def test_new_makes_what_passes_its_own_play(self):
        for flags in ((), ("--source", 'a "source"', "--start", "Begun\\", "--then", "Ended", "--id", "key")):
            into = tempfile.mkdtemp(dir=self.folder)
            code, out, err = cli("new", "fresh", "--in", into, *flags)
            self.assertEqual((code, err), (0, ""))
            folder = os.path.join(into, "fresh")
            self.assertEqual(cli("validate", folder), (0, "2 valid\n", ""))
            code, out, err = cli("play", folder)
            self.assertEqual((code, err), (0, ""), out + err)
            code, _, err = cli("new", "fresh", "--in", into)
            self.assertEqual((code, "it is there already" in err), (1, True))
        self.assertEqual(cli("new", "no/name")[0], 2)
        self.assertEqual(cli("new")[0], 2)
        for wrong in (("--source", ""), ("--id", "a.b"), ("--start", "x" * 129), ("--start", "Paid")):
            self.assertEqual(cli("new", "other", "--in", self.folder, *wrong)[0], 2, wrong)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "other")))

    def test_up(self):
        p = subprocess.Popen([PAVANE, "up", self.folder, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        try:
            lines = []
            while not lines or "The dashboard" not in lines[-1]:
                lines.append(p.stdout.readline())
                self.assertTrue(lines[-1], lines)
            self.assertRegex(lines[0], "plays/closed.json +begun")
            url = re.search(r"http://\S+", lines[-1]).group()
            got = lambda: json.load(urllib.request.urlopen(url + "/api/v1/executions"))["executions"]
            until(lambda: [x for x in got() if x["machine"] == "ask"])
            p.send_signal(signal.SIGINT)
            self.assertEqual(p.wait(20), 0)
            with self.assertRaises(OSError):
                got()
        finally:
            p.kill()
            p.wait()
            p.stdout.close()
        code, _, err = cli("up", os.path.join(self.folder, "nowhere"))
        self.assertEqual((code != 0, "no system is here" in err), (True, True))


if __name__ == "__main__":
    main()
