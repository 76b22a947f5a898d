#!/usr/bin/env python3
"""Events from the door to the execution: whose they are, which bus, CloudEvents,
what machines make of them, and where loops end."""
import base64
import json
import os
import re
import time
import unittest

from harness import Daemon, main, until
from test_bus import ACCOUNT, RULES, START, STATES, ORDER, Bus

ROLE = "arn:aws:iam::000000000000:role/r"


def puts(entry, resource="events:putEvents", **more):
    return {"StartAt": "P", "States": {"P": {"Type": "Task", "Resource": "arn:aws:states:::" + resource,
                                             "Parameters": {"Entries": [entry]}, "End": True, **more}}}


class Doors(Bus):
    def prepare(self):
        self.machine("keep")
        self.machine("order", ORDER, RULES)

    def post(self, body, query="", **headers):
        status, data = self.d.ask("POST", "/events" + query, body if isinstance(body, (bytes, str)) else json.dumps(body),
                                  headers)
        return status, json.loads(data) if data else None

    def loaded(self, name):
        until(lambda: [m for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == name])

    def keep_all(self, pattern):
        self.rule("all", pattern, STATES + "keep")

    def run_task(self, name, definition, value=None):
        arn = self.d.aws("CreateStateMachine", name=name, definition=json.dumps(definition),
                         roleArn=ROLE)[1]["stateMachineArn"]
        x = self.d.aws("StartExecution", stateMachineArn=arn, name="x1", input=json.dumps(value or {}))[1]["executionArn"]
        return until(lambda: (lambda d: d if d["status"] != "RUNNING" else None)(
            self.d.aws("DescribeExecution", executionArn=x)[1]))

    # ---- tasks

    def test_L3_the_arns_of_machine_and_execution_are_resources(self):
        self.keep_all({"source": ["mine"]})
        for name, own in (("a", []), ("b", ["one", "two"])):
            entry = {"Source": "mine", "DetailType": "T", "Detail": {"n": 1}}
            if own:
                entry["Resources"] = own
            d = self.run_task(name, puts(entry))
            self.assertEqual(d["status"], "SUCCEEDED", d)
            self.assertEqual(until(lambda: self.inputs("keep"))[-1]["resources"],
                             own + [STATES + name, d["executionArn"]])

    def test_L4_one_check_for_both_doors(self):
        for n, (entry, code, message) in enumerate([
                ({"Source": "s", "DetailType": "t", "Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
                ({"Source": "s", "DetailType": "t", "Detail": "{"}, "MalformedDetail", "Detail is malformed."),
                ({"Source": "s", "DetailType": "t", "Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
                ({"Source": "aws.x", "DetailType": "t", "Detail": "{}"}, "NotAuthorizedForSourceException",
                 "Not authorized for the source."),
                ({"DetailType": "t", "Detail": "{}"}, "InvalidArgument",
                 "Parameter Source is not valid. Reason: Source is a required argument."),
                ({"Source": "s", "Detail": "{}"}, "InvalidArgument",
                 "Parameter DetailType is not valid. Reason: DetailType is a required argument.")]):
            api = self.events("PutEvents", Entries=[entry])
            self.assertEqual(api["FailedEntryCount"], 1)
            self.assertEqual((api["Entries"][0]["ErrorCode"], api["Entries"][0]["ErrorMessage"]), (code, message))
            d = self.run_task("m%d" % n, puts(entry))
            self.assertEqual((d["status"], d["error"]), ("FAILED", "EventBridge.FailedEntry"))
            self.assertEqual(json.loads(d["cause"])["Entries"], [{"ErrorCode": code, "ErrorMessage": message}])

    # ---- buses

    def test_B13_entries_name_their_bus(self):
        self.events("CreateEventBus", Name="other")
        self.events("PutRule", Name="r", EventBusName="other", EventPattern='{"source":["s"]}')
        self.events("PutTargets", Rule="r", EventBusName="other", Targets=[{"Id": "1", "Arn": STATES + "keep"}])
        entry = {"Source": "s", "DetailType": "t", "Detail": "{}"}
        status, answer = self.post({"Entries": [{**entry, "EventBusName": "other"}, entry,
                                                {**entry, "EventBusName": ACCOUNT + "event-bus/other"},
                                                {**entry, "EventBusName": "nope"}]})
        self.assertEqual(status, 200)
        kinds = [[x["disposition"] for x in r["dispositions"]] for r in answer["results"]]
        self.assertEqual(kinds, [["started"], ["unmatched"], ["started"], ["unmatched"]])
        self.assertIn("no such bus 'nope'", answer["results"][3]["dispositions"][0]["detail"])
        self.assertEqual(self.post({**entry, "EventBusName": "other"})[1]["results"][0]["dispositions"][0]["disposition"],
                         "started")

    def test_C5_a_bus_that_nobody_created_takes_nothing(self):
        event = {"source": "s", "detail-type": "Placed", "detail": {"id": "1"}}
        for query in ("?bus=nope", "?bus=" + ACCOUNT.replace(":", "%3A") + "event-bus%2Fnope"):
            [o] = self.post(event, query)[1]["results"][0]["dispositions"]
            self.assertEqual((o["machine"], o["disposition"]), (None, "unmatched"))
            self.assertIn("no such bus", o["detail"])
        answer = self.events("PutEvents", Entries=[{"Source": "s", "DetailType": "Placed", "Detail": '{"id":"2"}',
                                                    "EventBusName": "nope"}])
        self.assertEqual(answer["FailedEntryCount"], 0)
        self.assertEqual(self.d.executions(), [])
        self.assertIn("no such bus 'nope'", open(self.d.log.name).read())
        self.assertEqual(self.post(event)[1]["results"][0]["dispositions"][0]["disposition"], "started")

    def test_C5_rules_of_a_bus_that_is_not_there_are_a_fault(self):
        self.machine("far", ORDER, {**RULES, "bus": "later"})
        fault = until(lambda: [m["fault"] for m in self.d.get("/api/v1/machines")["machines"]
                               if m["machine"] == "far" and m["fault"]])
        self.assertIn("there is no bus 'later'", fault[0])
        event = {"source": "s", "detail-type": "Placed", "detail": {"id": "9"}}
        self.assertEqual([o["machine"] for o in self.post(event)[1]["results"][0]["dispositions"]], ["order"])
        self.events("CreateEventBus", Name="later")
        self.assertEqual([o["machine"] for o in self.post(event, "?bus=later")[1]["results"][0]["dispositions"]], ["far"])
        self.assertEqual([m["fault"] for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == "far"], [None])

    def test_B10_targets_that_nobody_serves(self):
        self.events("PutRule", Name="r", EventPattern='{"source":["s"]}')
        bad = ["nonsense", "arn:aws:lambda", "arn:aws::us-east-1:0:x", "arn:aws:sqs:us-east-1:0:"]
        good = ["arn:aws:firehose:us-east-1:000000000000:deliverystream/d", STATES + "mispelt", STATES + "keep"]
        answer = self.events("PutTargets", Rule="r",
                             Targets=[{"Id": str(i), "Arn": a} for i, a in enumerate(bad + good)])
        self.assertEqual(answer["FailedEntryCount"], len(bad))
        self.assertEqual([f["TargetId"] for f in answer["FailedEntries"]], ["0", "1", "2", "3"])
        self.assertIn("not in correct format", answer["FailedEntries"][0]["ErrorMessage"])
        self.assertEqual([t["Arn"] for t in self.events("ListTargetsByRule", Rule="r")["Targets"]], good)
        log = open(self.d.log.name).read()
        self.assertIn("firehose:us-east-1:000000000000:deliverystream/d: nobody serves", log)
        self.assertIn("mispelt: there is no such machine yet", log)
        self.assertNotIn(STATES + "keep:", log)

    # ---- status changes

    def test_B1_rules_and_archives_get_status_changes(self):
        patterns = {"by source": {"source": ["aws.states"]}, "by type": {"detail-type": [{"prefix": "Step Functions"}]},
                    "by status": {"detail": {"status": ["SUCCEEDED"]}},
                    "by or": {"$or": [{"source": ["x"]}, {"detail": {"name": ["n1"], "status": ["RUNNING"]}}]},
                    "by account": {"account": ["000000000000"], "source": [{"anything-but": "shop"}]},
                    "not": {"source": ["shop"]}}
        for name, pattern in patterns.items():
            self.events("PutRule", Name=name.replace(" ", "-"), EventPattern=json.dumps(pattern))
            self.events("PutTargets", Rule=name.replace(" ", "-"), Targets=[
                {"Id": "1", "Arn": "arn:aws:logs:us-east-1:0:log-group:" + name.replace(" ", "-")}])
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        self.events("CreateArchive", ArchiveName="some", EventSourceArn=ACCOUNT + "event-bus/default",
                    EventPattern='{"source":["aws.states"]}')
        self.d.aws("StartExecution", stateMachineArn=STATES + "keep", name="n1", input="{}")
        counts = lambda: [self.events("DescribeArchive", ArchiveName=n)["EventCount"] for n in ("all", "some")]
        until(lambda: counts() == [2, 2])
        dead = lambda: sorted(x["targetArn"].rsplit(":", 1)[1] for x in self.d.get("/api/v1/dead-letters")["deadLetters"])
        until(lambda: len(dead()) == 8)  # no --data here: what would have been written
        self.assertEqual(dead(), ["by-account", "by-account", "by-or", "by-source", "by-source", "by-status", "by-type", "by-type"])

    def test_B14_a_loop_is_cut(self):
        loop = puts({"Source": "loop", "DetailType": "again", "Detail": {}})
        self.machine("looping", loop, {"correlationId": "$.id", "start": [
            {"name": "again", "pattern": {"source": ["loop"]}}]})
        self.loaded("looping")
        self.d.aws("CreateStateMachine", name="byrule", definition=json.dumps(puts(
            {"Source": "loop2", "DetailType": "again", "Detail": {}})), roleArn=ROLE)
        self.rule("again", {"source": ["loop2"]}, STATES + "byrule")
        self.d.send({"source": "loop", "detail-type": "again", "detail": {}})
        self.d.send({"source": "loop2", "detail-type": "again", "detail": {}})
        [letter] = until(lambda: self.d.get("/api/v1/dead-letters")["deadLetters"])
        self.assertEqual(letter["errorCode"], "LOOP")
        self.assertIn("--event-depth", letter["errorMessage"])
        for machine in ("looping", "byrule"):
            until(lambda: len([x for x in self.d.executions(machine=machine, limit=1000) if x["status"] == "SUCCEEDED"]) == 17)
        [x] = self.d.get("/api/v1/dispositions?disposition=rejected")["dispositions"]
        self.assertIn("a loop?", x["detail"])
        self.assertIn("pavane_event_loops_cut_total 2\n", self.d.ask("GET", "/metrics")[1].decode())
        self.d.kill()
        self.d.start()
        self.assertEqual(len(self.d.executions(machine="looping", limit=1000)), 17)

    def test_B14_a_rule_on_status_changes_that_starts_a_machine_ends(self):
        self.rule("echo", {"source": ["aws.states"]}, STATES + "keep")
        self.d.aws("StartExecution", stateMachineArn=STATES + "order", name="o", input="{}")
        until(lambda: self.d.get("/api/v1/dead-letters")["deadLetters"], 60)

    def test_A18_what_starts_itself_twice_keeps_to_a_rate(self):
        """It would double for ever; others and what comes from outside are not slowed down."""
        def waiting():
            return int(re.search(r"(?m)^pavane_starts_waiting (\d+)$", self.d.ask("GET", "/metrics")[1].decode()).group(1))
        def count(machine):
            [m] = [m for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == machine]
            return sum(m["executions"].values())
        start = lambda **next_: {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
                                 "Parameters": {"StateMachineArn": STATES + "twice"}, **next_}
        self.d.stop()
        self.d.start(start_rate=1)
        self.d.aws("CreateStateMachine", name="twice", roleArn=ROLE, definition=json.dumps(
            {"StartAt": "A", "States": {"A": start(Next="B"), "B": start(End=True)}}))
        entry = {"Source": "loop", "DetailType": "again", "Detail": {}}
        both = puts(entry)
        both["States"]["P"]["Parameters"]["Entries"] *= 2
        self.machine("looping", both, {"correlationId": "$.id", "start": [
            {"name": "again", "pattern": {"source": ["loop"]}}]})
        self.loaded("looping")
        began = time.time()
        self.d.aws("StartExecution", stateMachineArn=STATES + "twice", input="{}")
        self.d.send({"source": "loop", "detail-type": "again", "detail": {}})
        until(lambda: waiting() > 50)
        for n in range(300):  # from outside
            self.assertEqual(self.d.aws("StartExecution", stateMachineArn=STATES + "order", name="n%d" % n, input="{}")[0], 200)
        # A burst of 104, one a second, and one that was begun from outside; of the loop also what is not so deep.
        twice, looping, most = count("twice"), count("looping"), 104 + time.time() - began + 5
        self.assertLess(twice, most)
        self.assertLess(looping, 2 * most + 15)
        self.assertIn("does it start itself?", self.d.read_log())
        self.d.kill()
        self.d.start(start_rate=0)  # and none is forgotten
        until(lambda: waiting() == 0 and count("twice") > 1000, 60)
        until(lambda: count("looping") > 1000, 60)

    # ---- targets' versions

    def test_C3_a_target_names_a_version_or_an_alias(self):
        arn = self.d.aws("CreateStateMachine", name="v", roleArn=ROLE, publish=True, definition=json.dumps(
            {"StartAt": "One", "States": {"One": {"Type": "Pass", "Result": 1, "End": True}}}))[1]["stateMachineArn"]
        self.d.aws("CreateStateMachineAlias", name="live", routingConfiguration=[
            {"stateMachineVersionArn": arn + ":1", "weight": 100}])
        self.d.aws("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(
            {"StartAt": "Two", "States": {"Two": {"Type": "Pass", "Result": 2, "End": True}}}))
        self.rule("r", {"source": ["shop"]}, arn + ":1", arn + ":live", arn, arn + ":9")
        self.put()
        found = []
        for x in until(lambda: self.d.aws("ListExecutions", stateMachineArn=arn)[1]["executions"]):
            d = self.d.aws("DescribeExecution", executionArn=x["executionArn"])[1]
            found.append((d["output"], d.get("stateMachineVersionArn"), d.get("stateMachineAliasArn")))
        self.assertEqual(sorted(found, key=str), sorted([("1", arn + ":1", None), ("1", arn + ":1", arn + ":live"),
                                                         ("2", None, None)], key=str))
        [letter] = self.d.get("/api/v1/dead-letters")["deadLetters"]
        self.assertEqual((letter["targetArn"], letter["errorCode"]), (arn + ":9", "NO_RESOURCE"))

    # ---- CloudEvents

    CE = {"ce-specversion": "1.0", "ce-source": "shop", "ce-type": "Placed"}

    def test_E1_binary_headers_are_decoded_once(self):
        self.keep_all({"source": ["shop"], "detail-type": ["Order Placed \u20ac"]})
        status, answer = self.post({"id": "1"}, **{**self.CE, "ce-type": "Order%20Placed%20%E2%82%AC", "ce-id": "a%2520b",
                                                   "ce-subject": '"quoted %22x%22"'})
        self.assertEqual((status, answer["results"][0]["eventId"]), (200, "a%20b"))
        [kept] = self.inputs("keep")
        self.assertEqual((kept["id"], kept["subject"]), ("a%20b", 'quoted "x"'))
        # The same event, structured: a duplicate.
        answer = self.post({"specversion": "1.0", "id": "a%20b", "source": "shop", "type": "Order Placed \u20ac",
                            "data": {"id": "1"}})[1]
        self.assertEqual(answer["results"][0]["dispositions"][0]["disposition"], "duplicate")
        for value in ("%C3%28", "%", "%4", "%zz", "%00", "%ED%A0%80"):
            status, answer = self.post({"id": "1"}, **{**self.CE, "ce-id": "x", "ce-subject": value})
            self.assertEqual((status, answer.get("at")), (400, "ce-subject"), value)

    def test_E2_data_base64(self):
        self.keep_all({"source": ["shop"]})
        event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "t"}
        data = base64.b64encode(b'{"a":[1,2]}').decode()
        for more in ({}, {"datacontenttype": "application/json"}, {"datacontenttype": "application/x+json; charset=utf-8"}):
            self.assertEqual(self.post({**event, "id": str(more), "data_base64": data, **more})[0], 200)
            self.assertEqual(self.inputs("keep")[-1]["detail"], {"a": [1, 2]})
        for more in ({"data": {}}, {"data_base64": "&&&"}, {"data_base64": base64.b64encode(b"text").decode()},
                     {"datacontenttype": "text/plain"}, {"data_base64": 5}):
            status, answer = self.post({**event, "data_base64": data, **more})
            self.assertEqual((status, answer["results"][0]["status"]), (400, "rejected"), more)
            self.assertEqual(answer["results"][0]["error"]["at"], "/data_base64")

    def test_E3_attributes_and_extensions_are_matched_and_correlated(self):
        self.machine("bysubject", ORDER, {
            "correlationId": "$.subject",
            "start": [{"name": "s", "pattern": {"source": ["shop"], "detail-type": ["Begun"], "tenant": ["acme"]}}],
            "resume": [{"name": "r", "pattern": {"detail-type": ["Paid"], "subject": [{"exists": True}]}}]})
        self.loaded("bysubject")
        event = {"specversion": "1.0", "source": "shop", "subject": "s-1", "data": {}}
        self.assertEqual(dict(self.d.send({**event, "id": "1", "type": "Begun", "tenant": "other"})).get("bysubject"), None)
        self.assertEqual(dict(self.d.send({**event, "id": "2", "type": "Begun", "tenant": "acme"}))["bysubject"], "started")
        status, answer = self.post({}, **{**self.CE, "ce-id": "3", "ce-type": "Paid", "ce-subject": "s-1"})
        self.assertIn(("bysubject", "resumed"), [(o["machine"], o["disposition"]) for o in answer["results"][0]["dispositions"]])
        [x] = self.d.executions(machine="bysubject")
        self.assertEqual((x["correlationId"], x["status"]), ("s-1", "SUCCEEDED"))

    def test_E3_a_member_of_PutEvents_is_no_attribute(self):
        """The envelope stays one that can be read again, as a replay and a POST of what was kept do."""
        self.keep_all({"source": ["shop"]})
        event = {"specversion": "1.0", "id": "1", "source": "shop", "type": "t", "data": {}, "tenant": "acme"}
        self.assertEqual(self.post({**event, "Source": "e", "DetailType": 1, "Detail": "x", "EventBusName": 5, "Id": "2"})[0], 200)
        [kept] = self.inputs("keep")
        self.assertEqual((kept["source"], kept["tenant"], [k for k in kept if k[0].isupper()]), ("shop", "acme", []))
        self.assertEqual(self.post(kept)[1]["results"][0]["eventId"], "1")

    def test_E4_what_a_schema_refuses_is_said(self):
        self.events("Pavane.PutSchema", Source="shop", DetailType="Placed", Policy="reject",
                    Schema={"type": "object", "required": ["id"]})
        status, answer = self.post({"source": "shop", "detail-type": "Placed", "detail": {}})
        [r] = answer["results"]
        self.assertEqual((status, r["status"], r["error"]["at"]), (200, "rejected", "/detail"))
        self.assertEqual(r["dispositions"][0]["disposition"], "rejected")
        answer = self.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "Placed", "Detail": "{}"}])
        self.assertEqual(answer["FailedEntryCount"], 1)
        self.assertIn("schema", answer["Entries"][0]["ErrorMessage"])

    def test_E5_numbers_that_are_equal_are_one_id(self):
        event = lambda n, kind: '{"source":"s","detail-type":"%s","detail":{"id":%s}}' % (kind, n)
        for spellings in (("1234", "1234.0"), ("1.234e3", "1234.00"), ("0.1", "1e-1"), ("-0", "0"), ("5E2", "500"),
                          ("12345678901234567890123", "12345678901234567890123")):
            first = [o for o in self.post(event(spellings[0], "Placed"))[1]["results"][0]["dispositions"] if o["machine"] == "order"]
            self.assertIn(first[0]["disposition"], ("started", "unexpected", "late", "duplicate"), spellings)
            then = [o for o in self.post(event(spellings[1], "Paid"))[1]["results"][0]["dispositions"] if o["machine"] == "order"]
            self.assertEqual(then[0]["executionId"], first[0]["executionId"], spellings)
        self.assertEqual({x["correlationId"] for x in self.d.executions(machine="order")},
                         {"1234", "0.1", "0", "500", "12345678901234567890123"})

    # ---- bounds

    def test_B22_a_window_of_0_is_off(self):
        for name, seconds in (("off", 0), ("on", 60)):
            self.machine(name, ORDER, {**RULES, "policies": {"duplicateWindowSeconds": seconds, "duplicateContent": True}})
            self.loaded(name)
        event = {"id": "e", "source": "s", "detail-type": "Paid", "detail": {"id": "q"}}
        answer = self.post([event, event, {**event, "id": "f"}])[1]["results"]
        for name, want in (("off", ["parked"] * 3), ("on", ["parked", "duplicate", "duplicate"])):
            self.assertEqual([o["disposition"] for r in answer for o in r["dispositions"] if o["machine"] == name], want)

    def test_B24_more_targets_than_an_event_may_concern(self):
        for n in range(220):
            self.events("PutRule", Name="r%d" % n, EventPattern='{"source":["s"]}')
            self.events("PutTargets", Rule="r%d" % n, Targets=[
                {"Id": str(i), "Arn": STATES + "keep"} for i in range(5)])
        results = self.post({"source": "s", "detail-type": "t", "detail": {}})[1]["results"][0]
        self.assertEqual(len(results["dispositions"]), 1001)
        self.assertEqual(results["dispositions"][-1]["disposition"], "rejected")
        self.assertIn("more than 1,000", results["dispositions"][-1]["detail"])

    def test_D5_own_events_that_nobody_asks_for_are_not_kept(self):
        self.machine("slow", ORDER, {**RULES, "correlationId": "$.detail.slow", "overdue": {"Wait": 1}})
        self.loaded("slow")
        self.d.send({"source": "s", "detail-type": "Placed", "detail": {"slow": "1", "id": "s1"}})
        self.d.stop()
        self.d.start(clock_offset_seconds=5)
        until(lambda: self.d.get("/api/v1/waits?overdue=1")["waits"])
        self.assertEqual(self.d.get("/api/v1/dispositions?disposition=unmatched")["dispositions"], [])


class Requests(Bus):
    """What other clients ask."""

    def raw(self, text):
        import socket
        with socket.create_connection(("127.0.0.1", self.d.port)) as s:
            s.sendall(text.encode())
            s.shutdown(socket.SHUT_WR)
            data = b""
            while True:
                part = s.recv(65536)
                if not part:
                    return data.decode()
                data += part

    def test_C13_what_clients_ask(self):
        self.d.ask("OPTIONS", "/events")
        status, _ = self.d.ask("OPTIONS", "/events")
        self.assertEqual((status, self.d.headers["Allow"]), (204, "GET, HEAD, POST, OPTIONS"))
        self.assertTrue(self.raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").startswith("HTTP/1.1 204"))
        self.assertTrue(self.raw("GET /livez HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200"))
        self.assertTrue(self.raw("GET /livez HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 400"))
        status, data = self.d.ask("POST", "/events", b"\x1f\x8b", {"Content-Encoding": "gzip"})
        self.assertEqual(status, 415)
        self.assertIn(b"compressed", data)
        for path in ("/events", "/api/v1/executions", "/"):
            status, _ = self.d.ask("DELETE", path)
            self.assertEqual(status, 405)
            self.assertIn("OPTIONS", self.d.headers["Allow"])
        status, _ = self.d.ask("OPTIONS", "/events", None, {"WebHook-Request-Origin": "eventemitter.example.com",
                                                            "WebHook-Request-Rate": "120"})
        self.assertEqual((status, self.d.headers["WebHook-Allowed-Origin"], self.d.headers["WebHook-Allowed-Rate"]),
                         (204, "eventemitter.example.com", "*"))

    def test_C13_cloud_events_that_are_no_json(self):
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        ce = {"ce-specversion": "1.0", "ce-source": "s", "ce-type": "t"}
        for n, (kind, body, detail) in enumerate([
                ("text/plain", "hello \u20ac".encode(), "hello \u20ac"), ("image/png", b"\x89PNG", {"data_base64": "iVBORw=="}),
                ("text/plain", b"\xff", {"data_base64": "/w=="}), ("application/json", b"[1]", [1])]):
            status, data = self.d.ask("POST", "/events", body, {**ce, "ce-id": str(n), "Content-Type": kind})
            self.assertEqual(status, 200, data)
            e = self.d.get("/api/v1/archives/all/events")["events"][-1]["event"]
            self.assertEqual((e["data"], e["datacontenttype"]), (detail, kind))
        self.assertEqual(self.d.ask("POST", "/events", b"no json", {**ce, "ce-id": "9"})[0], 400)

    def test_C10_each_answer_has_an_id(self):
        seen = set()
        for method, path, body in (("GET", "/livez", None), ("GET", "/executions", None), ("GET", "/api/v1/nope", None),
                                   ("POST", "/events", "{}"), ("POST", "/", "{}"), ("DELETE", "/x", None)):
            self.d.ask(method, path, body)
            self.assertRegex(self.d.headers["x-amzn-RequestId"], r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
            seen.add(self.d.headers["x-amzn-RequestId"])
        self.assertEqual(len(seen), 6)

    def test_A17_reports_of_browsers_and_tokens(self):
        status, _ = self.d.ask("POST", "/events", "[]", {"Content-Type": "application/reports+json"})
        self.assertEqual(status, 415)
        tokens = os.path.join(self.folder, "tokens")
        open(tokens, "w").write("t" * 16)
        os.chmod(tokens, 0o666)
        with self.assertRaisesRegex(RuntimeError, "others may write"):
            Daemon(folder=self.folder, db=os.path.join(self.folder, "q.db"), token_file=tokens).start()
        os.chmod(tokens, 0o600)
        with Daemon(folder=self.folder, db=os.path.join(self.folder, "q.db"), token_file=tokens) as d:
            status, _ = d.ask("GET", "/executions")
            self.assertEqual((status, d.headers["WWW-Authenticate"]), (401, 'Bearer realm="pavane"'))
            self.assertIn(d.headers["x-amzn-RequestId"], open(d.log.name).read())


if __name__ == "__main__":
    main()
