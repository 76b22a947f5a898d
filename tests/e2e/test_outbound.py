#!/usr/bin/env python3
"""What goes out, from the rule or the task to the receiver: headers, addresses,
credentials, lanes, order, dead letters."""
import collections
import json
import os
import threading
import time
import unittest

import test_bus
from harness import Daemon, main, until
from test_bus import ACCOUNT, Bus, Sink

T = "arn:aws:states:::"
ROLE = "arn:aws:iam::000000000000:role/r"


class Out(Bus):
    def prepare(self):
        self.answer = lambda n, r: 200
        self.sink = Sink(lambda n, r: self.answer(n, r))
        self.addCleanup(self.sink.close)
        self.services(**self.mapped())
        self.d.options["data"] = os.path.join(self.folder, "data")

    def mapped(self):
        return dict(allow=[self.sink.url[7:]], functions={"*": self.sink.url}, queues={"*": self.sink.url + "/queue"},
                    buses={"*": self.sink.url}, timeoutSeconds=20)

    def dead(self):
        return self.d.get("/api/v1/dead-letters")["deadLetters"]

    def task(self, name, parameters, value=None, resource="http:invoke"):
        definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": T + resource, "End": True,
                                                       "Parameters": parameters}}}
        arn = self.d.aws("CreateStateMachine", name=name, definition=json.dumps(definition),
                         roleArn=ROLE)[1]["stateMachineArn"]
        x = self.d.aws("StartExecution", stateMachineArn=arn, input=json.dumps(value or {}))[1]["executionArn"]

        def ended():
            d = self.d.aws("DescribeExecution", executionArn=x)[1]
            return d if d["status"] != "RUNNING" else None
        return until(ended)


class Gate(Out):
    """One gate for header fields, one for addresses."""

    def test_A6_header_fields_cannot_split_or_frame_a_request(self):
        for n, (name, value) in enumerate([
                ("X-A\r\nX-Evil", "1"), ("X-A\r\n\r\nGET /evil HTTP/1.1\r\nX", "1"), ("X A", "1"), ("X\u0000B", "1"),
                ("Host", "evil"), ("content-length", "5"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
                ("X-V", "a\r\nX-Evil: 1"), ("X-V", "a\u0001"), ("", "1"), ("X:Y", "1")]):
            d = self.task("split%d" % n, {"ApiEndpoint": self.sink.url + "/x", "Method": "GET",
                                          "Headers.$": "States.StringToJson($.h)"},
                          {"h": json.dumps({name: value})})
            self.assertEqual((d["status"], d.get("error")), ("FAILED", "States.Runtime"), (name, value))
            self.assertIn("header", d["cause"])
        self.assertEqual(self.sink.got, [])
        d = self.task("fine", {"ApiEndpoint": self.sink.url + "/x", "Method": "GET",
                               "Headers": {"X-Tab": "a\tb", "x-tab": "last", "X-Empty": ""}})
        self.assertEqual(d["status"], "SUCCEEDED")
        headers = {k.lower(): v for k, v in self.sink.got[0]["headers"].items()}
        self.assertEqual((headers["x-tab"], headers["x-empty"]), ("last", ""))

    def test_A7_a_connection_of_those_who_may_is_not_for_those_who_may_not(self):
        self.services(**{**self.mapped(), "allow": ["pavane-inside.localhost:%s" % self.sink.url.rsplit(":", 1)[1]]})
        self.d.stop()
        self.d.start()
        inside = self.destination("inside", "http://pavane-inside.localhost:%s/x" % self.sink.url.rsplit(":", 1)[1])
        self.services(**{**self.mapped(), "functions": {
            "*": "http://pavane-inside.localhost:%s" % self.sink.url.rsplit(":", 1)[1]},
            "allow": ["pavane-inside.localhost:%s" % self.sink.url.rsplit(":", 1)[1]]})
        self.d.stop()
        self.d.start()
        self.rule("f", {"detail-type": ["F"]}, "arn:aws:lambda:us-east-1:0:function:f")
        self.rule("d", {"detail-type": ["D"]}, inside)
        for _ in range(3):
            self.put(kind="F")
        until(lambda: len(self.sink.got) == 3)  # its connection stays open
        for _ in range(3):
            self.put(kind="D")
        until(lambda: len(self.dead()) == 3)
        self.assertEqual({r["path"] for r in self.sink.got}, {"/2015-03-31/functions/f/invocations"})

    def test_A21_private_ranges(self):
        # Literal addresses that the operator did not write down.
        for n, host in enumerate(("[fec0::1]", "198.18.0.1", "198.19.255.1", "[2002:7f00:1::]", "[2001:0:1::1]",
                                  "192.0.0.8", "[::ffff:198.18.0.1]")):
            self.rule("r%d" % n, {"detail": {"n": [n]}}, self.destination("h%d" % n, "http://%s:9/" % host))
            self.put(n=n)
            [letter] = until(lambda: [x for x in self.dead() if x["targetArn"].split("/")[1] == "h%d" % n])
            self.assertIn("private", letter["errorMessage"], host)

    def test_A21_listen_takes_addresses(self):
        with self.assertRaisesRegex(RuntimeError, "loopback"):
            Daemon(folder=self.folder, db=os.path.join(self.folder, "q.db"), listen="127.name:0").start()


class Credentials(Out):
    def test_B7_what_the_connection_says_holds(self):
        connection = self.events("CreateConnection", Name="c", AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "hush"},
            "InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "X-Tenant", "Value": "ours", "IsValueSecret": False}],
                "QueryStringParameters": [{"Key": "tenant", "Value": "ours", "IsValueSecret": False}]}})
        arn = self.events("CreateApiDestination", Name="c", ConnectionArn=connection["ConnectionArn"],
                          InvocationEndpoint=self.sink.url + "/in", HttpMethod="POST")["ApiDestinationArn"]
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "HttpParameters": {
            "HeaderParameters": {"x-key": "mine", "X-TENANT": "theirs"},
            "QueryStringParameters": {"tenant": "theirs", "q": "1"}}})
        self.put(n=1)
        [r] = until(lambda: self.sink.got)
        names = [k.lower() for k in r["headers"]]
        self.assertEqual(len(names), len(set(names)), names)
        headers = {k.lower(): v for k, v in r["headers"].items()}
        self.assertEqual((headers["x-key"], headers["x-tenant"]), ("hush", "ours"))
        self.assertEqual(sorted(r["path"].split("?")[1].split("&")), ["q=1", "tenant=ours"])

    def test_B23_one_kind_of_connection_for_both(self):
        self.answer = lambda n, r: (200, b'{"access_token":"t1","expires_in":300}') if r["path"] == "/token" else 200
        oauth = self.events("CreateConnection", Name="o", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={
            "OAuthParameters": {"AuthorizationEndpoint": self.sink.url + "/token", "HttpMethod": "POST",
                                "ClientParameters": {"ClientID": "me", "ClientSecret": "secret-9"}}})["ConnectionArn"]
        key = self.events("CreateConnection", Name="k", AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret-8"}})["ConnectionArn"]
        for name, connection in (("o", oauth), ("k", key)):
            d = self.task(name, {"ApiEndpoint": self.sink.url + "/call", "Method": "POST", "RequestBody": {"a": 1},
                                 "Authentication": {"ConnectionArn": connection}})
            self.assertEqual(d["status"], "SUCCEEDED", d)
            history = json.dumps(self.d.aws("GetExecutionHistory", executionArn=d["executionArn"],
                                            includeExecutionData=True)[1])
            self.assertNotIn("secret-", history)
        calls = [r["headers"] for r in self.sink.got if r["path"] == "/call"]
        self.assertEqual((calls[0]["Authorization"], calls[1]["X-Key"]), ("Bearer t1", "secret-8"))
        d = self.task("none", {"ApiEndpoint": self.sink.url + "/call", "Method": "GET",
                               "Authentication": {"ConnectionArn": oauth + "x"}})
        self.assertEqual(d["error"], "Pavane.ConnectionNotMapped")


class Targets(Out):
    def test_B8_parameters_out_of_the_event(self):
        arn = self.destination("hook", self.sink.url + "/in/*/of/*")
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "HttpParameters": {
            "PathParameterValues": ["$.detail.id", "fixed"], "HeaderParameters": {"X-Id": "$.detail.id", "X-N": "$.detail.n"},
            "QueryStringParameters": {"type": "$.detail-type", "all": "$.detail.list"}}})
        self.put(id="a/b", n=5, list=[1, 2])
        [r] = until(lambda: self.sink.got)
        self.assertEqual(r["path"], "/in/a%2Fb/of/fixed?type=Placed&all=%5B1%2C2%5D")
        self.assertEqual((r["headers"]["X-Id"], r["headers"]["X-N"]), ("a/b", "5"))

    def test_B5_a_slow_function_is_called_once(self):
        self.answer = lambda n, r: time.sleep(6) or 200
        self.rule("all", {"source": ["shop"]}, "arn:aws:lambda:us-east-1:0:function:slow")
        self.put(n=1)
        until(lambda: re_metric(self.d, "pavane_deliveries_open") == 0, 15)
        self.assertEqual(len(self.sink.got), 1)
        self.assertEqual(self.sink.got[0]["headers"]["X-Amz-Invocation-Type"], "Event")

    def test_targets_that_are_an_action(self):
        self.services(**dict(self.mapped(), sdk={s: self.sink.url + "/" + s for s in ("firehose", "kinesis", "glue:notifyEvent", "ssmincidents", "sqs:sendMessage")},
                             tables={"t": {"key": ["id"]}}))
        self.d.stop()
        self.d.start()
        arn = "arn:aws:%s:us-east-1:000000000000:"
        plan = "arn:aws:ssm-incidents::000000000000:response-plan/p"
        self.rule("all", {"source": ["shop"]}, *[dict(t, Id="t%d" % i) for i, t in enumerate((
            {"Arn": arn % "firehose" + "deliverystream/d", "InputPath": "$.detail"},
            {"Arn": arn % "kinesis" + "stream/s", "InputPath": "$.detail", "KinesisParameters": {"PartitionKeyPath": "$.detail.n"}},
            {"Arn": arn % "glue" + "workflow/w", "InputPath": "$.detail"}, {"Arn": plan, "InputPath": "$.detail"}))])
        self.put(n=5)
        until(lambda: len(self.sink.got) == 4)
        by = {r["path"]: (r["headers"]["X-Amz-Target"], json.loads(r["body"])) for r in self.sink.got}
        self.assertEqual(by, {
            "/firehose": ("Firehose.PutRecord", {"DeliveryStreamName": "d", "Record": {"Data": "eyJuIjo1fQ=="}}),
            "/kinesis": ("Kinesis.PutRecord", {"StreamName": "s", "Data": "eyJuIjo1fQ==", "PartitionKey": "5"}),
            "/glue:notifyEvent": ("Glue.NotifyEvent", {"Name": "w", "Event": '{"n":5}'}),
            "/ssmincidents": ("SsmIncidents.StartIncident", {"responsePlanArn": plan, "triggerDetails": {"source": "aws.events", "rawData": {"n": 5}}})})
        del self.sink.got[:]
        self.rule("told", {"source": ["scheduler"]}, arn % "logs" + "log-group:told")
        role = "arn:aws:iam::000000000000:role/r"
        for name, action, value in (
                ("put", "eventbridge:putEvents", {"Entries": [{"Source": "scheduler", "DetailType": "t", "Detail": '{"x":1}'}]}),
                ("send", "sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "b"}),
                ("item", "dynamodb:putItem", {"TableName": "t", "Item": {"id": {"S": "1"}}}),
                ("wrong", "dynamodb:putItem", {"TableName": "none", "Item": {"id": {"S": "1"}}}),
                ("empty", "eventbridge:putEvents", {}), ("start", "sfn:startExecution", {"Input": "{}"}),
                ("nobody", "nobody:doIt", {})):
            self.assertEqual(self.d.ask("POST", "/schedules/" + name, json.dumps({
                "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {
                    "Arn": "arn:aws:scheduler:::aws-sdk:" + action, "RoleArn": role, "Input": json.dumps(value)}}),
                {"Content-Type": "application/json"})[0], 200)
        [sent] = until(lambda: self.sink.got)
        self.assertEqual((sent["headers"]["X-Amz-Target"], json.loads(sent["body"])), ("Sqs.SendMessage", {"QueueUrl": "q", "MessageBody": "b"}))
        letters = until(lambda: self.dead() if len(self.dead()) == 4 else None)
        self.assertEqual(sorted((r["targetId"], r["errorCode"]) for r in letters), [
            ("empty", "ValidationException"), ("nobody", "NO_RESOURCE"), ("start", "ValidationException"), ("wrong", "ResourceNotFoundException")])
        until(lambda: re_metric(self.d, 'pavane_target_delivered_total{rule="told",target="0"}') == 1)
        status, data = self.d.ask("POST", "/", json.dumps({"TableName": "t"}), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.Scan"})
        self.assertEqual((status, json.loads(data)["Items"]), (200, [{"id": {"S": "1"}}]))

    def test_metrics_name_the_rule_the_target_and_the_function(self):
        answers = iter((429, 500, 200))
        self.answer = lambda n, r: next(answers)
        self.rule("all", {"source": ["shop"]}, {"Arn": "arn:aws:lambda:us-east-1:0:function:f", "Id": 'a"b'})
        self.put(n=1)
        of = lambda name, more="": re_metric(self.d, 'pavane_%s{rule="all"%s}' % (name, more))
        target = ',target="a\\"b"'
        until(lambda: of("rule_matched_total") == 1)
        oldest = until(lambda: of("target_oldest_seconds", target))
        self.assertLess(oldest, 60)
        until(lambda: of("target_delivered_total", target) == 1, 30)
        self.assertEqual([of("target_%s_total" % n, target) for n in ("invocations", "failed", "throttled", "dead_letters")], [3, 1, 1, 0])
        self.assertGreater(of("target_delivery_seconds_total", target), 0)
        self.assertIsNone(of("target_oldest_seconds", target))
        of = lambda name: re_metric(self.d, 'pavane_function_%s_total{function="f"}' % name)
        self.assertEqual([of(n) for n in ("calls", "errors", "throttled")], [3, 1, 1])
        self.assertGreater(of("seconds"), 0)

    def test_metrics_in_what_is_logged(self):
        self.rule("log", {"source": ["shop"]}, "arn:aws:logs:us-east-1:000000000000:log-group:whole",
                  {"Arn": "arn:aws:logs:us-east-1:000000000000:log-group:detail", "InputPath": "$.detail"})
        directive = {"Namespace": "shop/paris", "Dimensions": [["service", "none"], []], "Metrics": [{"Name": "Sold", "Unit": "Count"}, {"Name": "Absent"}]}
        for sold in (2, [1, 0.5], "many", -3, [-1e300]):
            self.put(_aws={"Timestamp": 1, "CloudWatchMetrics": [directive, "no directive"]}, service='a"b', Sold=sold)
        self.put(_aws="nothing", Sold=7)
        of = lambda name, dimensions: re_metric(self.d, 'pavane_emf_%s{namespace="shop/paris",metric="Sold",dimensions="%s"}' % (name, dimensions))
        until(lambda: of("samples_total", "") == 6)
        self.assertEqual([of(n, d) for n in ("total", "samples_total") for d in ('service=a\\"b', "")], [7, 7, 6, 6])  # both logs have them

    def test_B9_what_can_never_succeed_is_dead_at_once(self):
        arn = self.destination("hook", "http://127.0.0.1:1/")
        self.rule("all", {"source": ["shop"]}, arn)
        self.put(n=1)
        [letter] = until(self.dead)
        self.assertEqual(letter["errorCode"], "CONNECTION_FAILURE")
        self.assertIn("allowPrivate", letter["errorMessage"])

    def test_B9_open_deliveries_can_be_listed(self):
        self.answer = lambda n, r: (503, b"later")
        self.rule("all", {"source": ["shop"]}, self.destination("hook", self.sink.url + "/x"))
        self.put(n=1)
        def tried():
            rows = self.d.get("/api/v1/deliveries")["deliveries"]
            return rows if rows and rows[0]["lastErrorCode"] else None
        [row] = until(tried)
        self.assertEqual(row["lastErrorCode"], "HTTP_STATUS_503")
        self.assertIn("later", row["lastErrorMessage"])
        self.assertGreaterEqual(row["attempts"], 1)
        self.assertIn("api-destination/hook/", row["targetArn"])
        self.assertIsNotNone(row["due"])

    def test_B6_a_function_that_fails_is_called_thrice(self):
        class Errors(Sink):
            pass
        self.sink.server.RequestHandlerClass.end_headers_of = None
        handler = self.sink.server.RequestHandlerClass
        plain = handler.end_headers
        handler.end_headers = lambda h: (h.send_header("X-Amz-Function-Error", "Unhandled"), plain(h))[1]
        self.rule("all", {"source": ["shop"]}, "arn:aws:lambda:us-east-1:0:function:f")
        self.put(n=1)
        [letter] = until(self.dead, 30)
        self.assertEqual((letter["errorCode"], letter["retryAttempts"], len(self.sink.got)), ("FUNCTION_ERROR", 2, 3))
        self.assertEqual(letter["exhaustedRetryCondition"], "MaximumRetryAttempts")

    def test_B4_the_queue_of_dead_letters_is_told(self):
        self.answer = lambda n, r: 200 if r["path"] == "/queue" else 400
        queue = "arn:aws:sqs:us-east-1:000000000000:dead"
        arn = self.destination("hook", self.sink.url + "/hook")
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "Id": "t1", "DeadLetterConfig": {"Arn": queue}},
                  {"Arn": test_bus.STATES + "nobody", "Id": "t2", "DeadLetterConfig": {"Arn": queue}})
        event_id = self.put(n=7)
        letters = until(lambda: [r for r in self.sink.got if r["path"] == "/queue"] if
                        len([r for r in self.sink.got if r["path"] == "/queue"]) == 2 else None)
        found = {}
        for r in letters:
            self.assertEqual(r["headers"]["X-Pavane-Queue"], queue)
            self.assertEqual(json.loads(r["body"])["id"], event_id)
            attributes = {k: v["StringValue"] for k, v in json.loads(r["headers"]["X-Pavane-MessageAttributes"]).items()}
            self.assertEqual(attributes["RULE_ARN"], ACCOUNT + "rule/all")
            found[attributes["TARGET_ARN"]] = (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"])
        self.assertEqual(found, {arn: ("HTTP_STATUS_400", "0"), test_bus.STATES + "nobody": ("NO_RESOURCE", "0")})


def re_metric(d, name):
    for line in d.ask("GET", "/metrics")[1].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


class Lanes(Out):
    def test_B3_a_group_of_a_fifo_queue_keeps_its_order(self):
        failing = threading.Event()
        lock, under_way, overlaps, seen = threading.Lock(), collections.Counter(), [], set()

        def answer(n, r):
            group = r["headers"]["X-Pavane-MessageGroupId"]
            with lock:
                under_way[group] += 1
                if under_way[group] > 1:
                    overlaps.append(group)
            time.sleep(0.002)
            number = json.loads(r["body"])["n"]
            with lock:
                under_way[group] -= 1
                first = (group, number) not in seen
                seen.add((group, number))
            return 503 if number == 3 and first else 200
        self.answer = answer
        self.rule("all", {"source": ["shop"]}, {
            "Arn": "arn:aws:sqs:us-east-1:000000000000:orders.fifo", "InputPath": "$.detail",
            "SqsParameters": {"MessageGroupId": "$.detail.group"}})
        for n in range(30):
            for group in ("a", "b", "c"):
                self.put(group=group, n=n)
        until(lambda: re_metric(self.d, "pavane_deliveries_open") == 0, 40)
        order = collections.defaultdict(list)
        keys = collections.defaultdict(set)
        for r in self.sink.got:
            body = json.loads(r["body"])
            keys[(body["group"], body["n"])].add(r["headers"]["X-Pavane-MessageDeduplicationId"])
            if not order[body["group"]] or order[body["group"]][-1] != body["n"]:
                order[body["group"]].append(body["n"])
        for group in "abc":
            self.assertEqual(order[group], list(range(30)), group)
        self.assertEqual(overlaps, [])
        self.assertTrue(all(len(v) == 1 for v in keys.values()))

    def test_B3_the_order_outlives_kills(self):
        gate = threading.Event()
        self.answer = lambda n, r: gate.wait(0.02) and 200 or 200
        self.rule("all", {"source": ["shop"]}, {
            "Arn": "arn:aws:sqs:us-east-1:000000000000:orders.fifo", "InputPath": "$.detail",
            "SqsParameters": {"MessageGroupId": "one"}})
        for n in range(60):
            self.put(n=n)
            if n % 20 == 10:
                self.d.kill()
                self.d.start()
        until(lambda: re_metric(self.d, "pavane_deliveries_open") == 0, 40)
        got = [json.loads(r["body"])["n"] for r in self.sink.got]
        firsts = list(dict.fromkeys(got))
        self.assertEqual(firsts, list(range(60)))

    def many(self, count, *targets):
        self.rule("all", {"source": ["shop"]}, *targets)
        for first in range(0, count, 500):
            status, answer = self.d.post([{"id": "e%d" % (first + i), "source": "shop", "detail-type": "Placed",
                                           "detail": {"n": first + i}} for i in range(min(500, count - first))])
            self.assertEqual(status, 200)
        return time.monotonic()

    def test_B2_a_log_takes_lines_in_batches(self):
        began = self.many(5000, "arn:aws:logs:us-east-1:0:log-group:lines")
        folder = os.path.join(self.folder, "data", "logs", "lines")

        def lines():
            out = []
            for f in os.listdir(folder) if os.path.isdir(folder) else []:
                out += open(os.path.join(folder, f)).read().splitlines()
            return out if len(out) >= 5000 else None
        found = [json.loads(x) for x in until(lines, 20)]
        took = time.monotonic() - began
        print("5,000 lines in %.2f s" % took)
        self.assertEqual([x["event"]["detail"]["n"] for x in found], list(range(5000)))
        self.assertLess(took, 20)

    def test_B2_another_pavane_takes_lists(self):
        with Daemon() as other:
            self.services(**{**self.mapped(), "buses": {"*": other.url}})
            self.d.stop()
            self.d.start()
            began = self.many(5000, "arn:aws:events:us-east-1:999999999999:event-bus/default")
            until(lambda: other.get("/api/v1/status")["engine"]["events"] >= 5000, 20)
            took = time.monotonic() - began
            print("5,000 events to another in %.2f s" % took)
            until(lambda: re_metric(self.d, "pavane_deliveries_open") == 0)
            self.assertEqual(other.get("/api/v1/status")["engine"]["events"], 5000)
            # Fewer requests than events: they went in lists.
            self.assertLess(other.get("/api/v1/status")["http"]["requests"], 2500)

    def test_B2_places_are_filled_when_they_are_free(self):
        self.answer = lambda n, r: time.sleep(0.005) or 200
        self.many(2000, "arn:aws:lambda:us-east-1:0:function:f")
        until(lambda: len(self.sink.got) == 2000, 30)
        self.assertEqual(len(set(self.sink.keys())), 2000)

    def test_so_many_at_once_as_the_services_say(self):
        lock, many = threading.Lock(), threading.Event()
        now, most = collections.Counter(), collections.Counter()

        def answer(n, r):
            name = r["path"].split("/")[3]
            with lock:
                now[name] += 1
                most[name] = max(most[name], now[name])
                if now["wide"] >= 20:
                    many.set()
            many.wait(60)
            with lock:
                now[name] -= 1
            return 200
        self.answer = answer
        self.services(**self.mapped(), concurrency={"narrow": 3, "*": 20})
        self.d.stop()
        self.d.start()
        self.many(100, "arn:aws:lambda:us-east-1:0:function:narrow", "arn:aws:lambda:us-east-1:0:function:wide:live")
        self.assertTrue(many.wait(60))
        until(lambda: len(self.sink.got) == 200)
        self.assertEqual(most, {"narrow": 3, "wide": 20})
        until(lambda: re_metric(self.d, "pavane_deliveries_open") == 0)


if __name__ == "__main__":
    main()
