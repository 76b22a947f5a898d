#!/usr/bin/env python3
"""The bus against the real daemon: rules and targets, deliveries, archives and
replays, schedules, batches, schemas, and who may put events."""
import html
import http.server
import json
import os
import re
import threading
import time
import unittest
import urllib.parse

from harness import TOP, Daemon, cli, main, until

START = {"Comment": "holds its input", "StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}
ORDER = {"StartAt": "Wait", "States": {
    "Wait": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken",
             "Parameters": {"EventPattern": {"detail-type": ["Paid"]}}, "End": True}}}
RULES = {"correlationId": "$.detail.id",
         "start": [{"name": "placed", "pattern": {"detail-type": ["Placed"]}}],
         "resume": [{"name": "next", "pattern": {"detail-type": ["Paid"]}}]}
ACCOUNT = "arn:aws:events:us-east-1:000000000000:"


class Sink:
    """An HTTP endpoint that keeps what it gets; `answer` decides the status."""

    def __init__(self, answer=lambda n, request: 200):
        self.got, self.life, sink = [], 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body,
                           "at": time.monotonic(), "life": sink.life}
                sink.got.append(request)
                status = answer(len(sink.got), request)
                status, reply = status if isinstance(status, tuple) else (status, b"{}")
                request["answered"] = sink.life
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    pass  # its daemon was killed meanwhile

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def heard(self):
        """Those whose answer could be heard: their daemon was not killed meanwhile."""
        return [r for r in self.got if r["life"] == r.get("answered")]

    def keys(self):
        return [r["headers"]["X-Pavane-Idempotency-Key"] for r in self.got]


class Bus(unittest.TestCase):
    options = {}

    def setUp(self):
        self.d = Daemon(**self.options)
        self.folder = self.d.folder
        self.prepare()
        self.d.start()
        self.addCleanup(self.d.__exit__)

    def prepare(self):
        pass

    def machine(self, name, definition=START, rules=None):
        os.makedirs(os.path.join(self.folder, "machines", name), exist_ok=True)
        path = os.path.join(self.folder, "machines", name)
        json.dump(definition, open(os.path.join(path, "machine.asl.json"), "w"))
        if rules:
            json.dump(rules, open(os.path.join(path, "rules.json"), "w"))
        self.d.machines = os.path.join(self.folder, "machines")

    def services(self, **services):
        path = os.path.join(self.folder, "services.json")
        json.dump(services, open(path, "w"))
        self.d.options["services"] = path

    def events(self, action, wanted=200, **parameters):
        status, data = self.d.ask("POST", "/", json.dumps(parameters), {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": ("" if "." in action else "AWSEvents.") + action})
        self.assertEqual(status, wanted, data)
        return json.loads(data)

    def refused(self, error, action, **parameters):
        answer = self.events(action, 400, **parameters)
        self.assertEqual(answer["__type"], error)
        return answer["message"]

    def rule(self, name, pattern, *targets, **more):
        self.events("PutRule", Name=name, EventPattern=json.dumps(pattern), **more)
        self.events("PutTargets", Rule=name, Targets=[
            {"Id": str(i), **({"Arn": t} if isinstance(t, str) else t)} for i, t in enumerate(targets)],
            **{k: v for k, v in more.items() if k == "EventBusName"})

    def put(self, source="shop", kind="Placed", bus=None, **detail):
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
        if bus:
            entry["EventBusName"] = bus
        answer = self.events("PutEvents", Entries=[entry])
        self.assertEqual(answer["FailedEntryCount"], 0)
        return answer["Entries"][0]["EventId"]

    def inputs(self, machine):
        arn = "arn:aws:states:us-east-1:000000000000:stateMachine:" + machine
        listed = self.d.aws("ListExecutions", stateMachineArn=arn)[1]["executions"]
        return [json.loads(self.d.aws("DescribeExecution", executionArn=x["executionArn"])[1]["input"])
                for x in reversed(listed)]

    def destination(self, name, url, auth="API_KEY", rate=300, **parameters):
        parameters = parameters or {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "hush"}}
        connection = self.events("CreateConnection", Name=name, AuthorizationType=auth, AuthParameters=parameters)
        return self.events("CreateApiDestination", Name=name, ConnectionArn=connection["ConnectionArn"],
                           InvocationEndpoint=url, HttpMethod="POST",
                           InvocationRateLimitPerSecond=rate)["ApiDestinationArn"]


STATES = "arn:aws:states:us-east-1:000000000000:stateMachine:"


class Rules(Bus):
    def prepare(self):
        self.machine("keep")
        self.machine("order", ORDER, RULES)

    def test_a_rule_starts_a_machine_with_what_it_makes_of_the_event(self):
        self.rule("all", {"source": ["shop"]}, {"Arn": STATES + "keep", "InputTransformer": {
            "InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": <n>, "rule": "<aws.events.rule-name>"}'}},
            {"Arn": STATES + "keep", "InputPath": "$.detail"}, {"Arn": STATES + "keep", "Input": '{"x": 1}'})
        self.put(n=7)
        self.put(source="elsewhere", n=8)
        self.assertCountEqual(self.inputs("keep"), [{"n": 7, "rule": "all"}, {"n": 7}, {"x": 1}])
        self.events("DisableRule", Name="all")
        self.put(n=9)
        self.assertEqual(len(self.inputs("keep")), 3)
        self.events("EnableRule", Name="all")
        self.put(n=10)
        self.assertEqual(len(self.inputs("keep")), 6)

    def test_rules_outlive_a_kill(self):
        self.rule("all", {"source": ["shop"]}, STATES + "keep")
        self.d.kill()
        self.d.start()
        self.put(n=1)
        self.assertEqual(self.inputs("keep")[0]["detail"], {"n": 1})
        self.assertEqual(self.events("DescribeRule", Name="all")["State"], "ENABLED")

    def test_another_bus(self):
        self.events("CreateEventBus", Name="side")
        self.rule("there", {"detail": {"go": [True]}}, ACCOUNT + "event-bus/side")
        self.rule("here", {"source": ["shop"]}, {"Arn": STATES + "keep", "InputPath": "$.detail"}, EventBusName="side")
        self.rule("back", {"source": ["shop"]}, ACCOUNT + "event-bus/default", EventBusName="side")
        self.put(go=True)
        self.put(go=False)
        self.put(bus="side", direct=1)
        self.assertEqual(self.inputs("keep"), [{"go": True}, {"direct": 1}])
        self.assertIn("has rules", self.refused("ValidationException", "DeleteEventBus", Name="side"))

    def test_a_target_resumes_a_machine(self):
        self.rule("paid", {"detail-type": ["Settled"]}, "arn:aws:pavane:us-east-1:000000000000:resume/order")
        self.put(id="a")
        self.put(kind="Settled", id="a")  # the wait names Paid: it takes no other
        self.assertEqual(self.d.executions(correlationId="a")[0]["status"], "FAILED")

    def test_a_duplicate_reaches_no_target_again(self):
        self.rule("all", {"source": ["shop"]}, STATES + "keep")
        event = {"id": "1", "source": "shop", "detail-type": "x", "detail": {}}
        self.assertEqual(self.d.send(event), [("keep", "started")])
        self.assertEqual(self.d.send(event), [(None, "duplicate")])

    def test_an_event_without_a_rule_says_which_came_nearest(self):
        self.rule("near", {"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}}, STATES + "keep")
        self.put(kind="Other", n=3)
        [d] = self.d.get("/api/v1/dispositions?disposition=unmatched")["dispositions"]
        self.assertEqual(d["detail"], "no rule matches; nearest: rule 'near', where 1 of 2 conditions hold, "
                                      "detail.n does not: it wants [{\"numeric\":[\">\",5]}]")

    def test_D6_a_misspelt_event_is_told_what_was_meant(self):
        self.machine("dmap", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, {"correlationId": "$.detail.x", "start": [
            {"name": "r", "pattern": {"source": ["elsewhere"]}}]})
        self.machine("order2", {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, {"correlationId": "$.detail.id", "start": [
            {"name": "received", "pattern": {"source": ["order.service"], "detail-type": ["OrderReceived"]}}], "resume": [
            {"name": "moved on", "pattern": {"source": ["other.service"], "detail-type": [{"anything-but": "OrderReceived"}]}}]})
        self.d.stop()
        self.d.start()

        def told(source, kind):
            self.assertEqual(self.d.send({"source": source, "detail-type": kind, "detail": {"id": "1"}}), [(None, "unmatched")])
            return self.d.get("/api/v1/dispositions?disposition=unmatched&limit=1")["dispositions"][0]["detail"]

        self.assertEqual(told("order.service", "OrderRecieved"), "no rule matches; nearest: rule 'received' of machine 'order2', "
                                                                 "which wants detail-type 'OrderReceived', not 'OrderRecieved'")
        self.assertEqual(told("order.servise", "OrderReceived"), "no rule matches; nearest: rule 'received' of machine 'order2', "
                                                                 "which wants source 'order.service', not 'order.servise'")
        self.assertEqual(told("nobody", "Nothing"), "no rule matches")

    def test_refusals(self):
        self.assertEqual(self.refused("InvalidEventPatternException", "PutRule", Name="x", EventPattern='{"a": 1}'),
                         'Event pattern is not valid. Reason: "a" must be an object or an array')
        self.assertEqual(self.refused("ValidationException", "PutRule", Name="x", ScheduleExpression="rate(1 minutes)"),
                         "Parameter ScheduleExpression is not valid.")
        self.events("CreateEventBus", Name="b")
        self.assertEqual(
            self.refused("ValidationException", "PutRule", Name="x", ScheduleExpression="rate(1 minute)",
                         EventBusName="b"),
            "ScheduleExpression is supported only on the default event bus.")
        self.assertEqual(self.refused("ResourceNotFoundException", "DescribeRule", Name="x"),
                         "Rule x does not exist on EventBus default.")
        self.events("PutRule", Name="x", EventPattern='{"a":["b"]}')
        self.assertEqual(
            self.refused("ValidationException", "PutTargets", Rule="x", Targets=[
                {"Id": "t", "Arn": STATES + "keep", "Input": "1", "InputPath": "$"}]),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.")
        self.assertEqual(
            self.refused("ValidationException", "PutTargets", Rule="x", Targets=[
                {"Id": "t", "Arn": STATES + "keep", "InputTransformer": {"InputTemplate": "<nope>"}}]),
            "InputTemplate for target t contains invalid placeholder nope.")
        self.assertTrue(self.refused("ValidationException", "PutEvents", Entries=[{}] * 11).endswith(
            "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10"))
        self.assertEqual(self.refused("ValidationException", "PutEvents", Entries=[
            {"Source": "s", "DetailType": "d", "Detail": '{"x":"%s"}' % ("y" * 1048576)}]),
            "Total size of the entries in the request is over the limit.")
        answer = self.events("PutEvents", Entries=[
            {"DetailType": "d", "Detail": "{}"}, {"Source": "s", "Detail": "{}"}, {"Source": "s", "DetailType": "d"},
            {"Source": "s", "DetailType": "d", "Detail": "[1]"}, {"Source": "s", "DetailType": "d", "Detail": "{}"}])
        self.assertEqual(answer["FailedEntryCount"], 4)
        self.assertEqual([(e.get("ErrorCode"), e.get("ErrorMessage")) for e in answer["Entries"]], [
            ("InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
            ("InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
            ("InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
            ("MalformedDetail", "Detail is malformed."), (None, None)])

    def test_a_pattern_tried(self):
        event = {"id": "1", "account": "1", "source": "s", "time": "2026-01-01T00:00:00Z", "region": "r",
                 "detail-type": "d", "detail": {"f": "a/b.png"}}
        ask = lambda p: self.events("TestEventPattern", EventPattern=json.dumps(p), Event=json.dumps(event))["Result"]
        self.assertTrue(ask({"detail": {"f": [{"wildcard": "*/*.png"}]}}))
        self.assertFalse(ask({"detail": {"f": [{"wildcard": "*.jpg"}]}}))
        event.pop("time")
        self.assertEqual(self.refused("ValidationException", "TestEventPattern", EventPattern='{"a":["b"]}',
                                      Event=json.dumps(event)), "Parameter Event is not valid.")


class Tried(Bus):
    """An event pasted into the page: what it says of each rule is what the bus does."""

    def verdict(self, event, bus="try"):
        page = self.d.ask("GET", "/bus/try?" + urllib.parse.urlencode({"bus": bus, "event": event}))[1].decode()
        said = html.unescape(re.sub(r"<[^>]*>", "", page[page.index("</form>"):]))
        return re.findall(r"(?m)^(?:Rule of the bus|\w+, rule) (\S+)(?: \(starts\))?: (.*)$", said), said

    def cases(self):
        for folder in (os.path.join(TOP, "tests", "conformance", "cases"), os.environ.get("PAVANE_CONFORMANCE")):
            for root, _, files in os.walk(os.path.join(folder, "event-patterns") if folder else "/nowhere"):
                for name in sorted(f for f in files if f.endswith(".json")):
                    with open(os.path.join(root, name)) as f:
                        yield from json.load(f).get("cases") or []

    def test_it_says_what_TestEventPattern_says(self):
        self.events("CreateEventBus", Name="try")
        envelope = {"id": "1", "account": "1", "source": "s", "time": "2026-01-01T00:00:00Z", "region": "r", "detail-type": "d"}
        asked = 0
        dotted = [{"event": e, "pattern": p} for e, p in (
            ('{"a":{"b":"yy"},"a.b":"x"}', '{"a":{"b":["x"]}}'), ('{"a.b":"y"}', '{"a":{"b":["x"]},"a.b":["y"]}'),
            ('{"a.b":"y"}', '{"a.b":["y"],"a":{"b":["x"]}}'),
            ('{"a.b":[{"c":"x"},{"c":"z","d":1}]}', '{"a":{"b":{"c":["x"],"d":[{"exists":false}]}}}'))]
        for case in [*dotted, *self.cases()]:
            event, pattern = case.get("event"), case.get("pattern")
            if not isinstance(event, str) or not isinstance(pattern, str) or len(urllib.parse.quote(event)) > 3500:
                continue
            try:
                whole = json.loads(event)
            except ValueError:
                continue
            if not isinstance(whole, dict):
                continue
            event = event.rstrip()[:-1] + "".join(
                ("," if whole or i else "") + json.dumps(k) + ":" + json.dumps(v)
                for i, (k, v) in enumerate((k, v) for k, v in envelope.items() if k not in whole)) + "}"
            status, answer = self.d.ask("POST", "/", json.dumps({"Name": "r", "EventBusName": "try", "EventPattern": pattern}),
                                        {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents.PutRule"})
            if status != 200:
                continue
            asked += 1
            wanted = self.events("TestEventPattern", EventPattern=pattern, Event=event)["Result"]
            self.assertEqual(self.verdict(event)[0][:1] in ([("r", "✓ takes it")],), wanted, (case.get("id"), pattern, event))
        print("%d patterns" % asked)
        self.assertGreater(asked, 80)

    def test_fields_that_hold_apart_and_rules_that_are_off(self):
        self.events("CreateEventBus", Name="try")
        put = lambda name, pattern, **more: self.events("PutRule", Name=name, EventPattern=json.dumps(pattern), EventBusName="try", **more)
        put("both", {"detail": {"items": {"k": ["a"], "v": [2]}}})
        put("off", {"detail": {"items": {"k": ["a"]}}}, State="DISABLED")
        self.events("PutRule", Name="elsewhere", EventPattern='{"detail":{"items":{"k":["a"]}}}')
        event = '{"source":"s","detail-type":"d","detail":{"items":[{"k":"a","v":1},{"k":"b","v":2}]}}'
        rules, said = self.verdict(event)
        self.assertEqual(rules, [("both", "✕ 2 of 2 hold, but not together in one element of a list"), ("off", "✕ it is disabled; 1 of 1 hold")])
        self.assertIn(("elsewhere", "✓ takes it"), self.verdict(event, "default")[0])
        self.assertIn("There is no bus nope", self.verdict(event, "nope")[1])
        for i in range(12):
            put("more-%d" % i, {"source": ["s"]})
        rules, said = self.verdict(event)
        self.assertIn("12 rules take it; these are 10 of them.", said)
        self.assertEqual([v for _, v in rules[:11]], ["✓ takes it"] * 10 + ["✕ 2 of 2 hold, but not together in one element of a list"])

    def test_none_is_passed_over(self):
        """The first and last of what is read at once, and those between."""
        self.events("CreateEventBus", Name="try")
        for i in range(1001):
            self.events("PutRule", Name="r%04d" % i, EventPattern=json.dumps({"detail": {"n": ["v%d" % i]}}), EventBusName="try")
        for i in (0, 499, 500, 999, 1000):
            self.assertEqual(self.verdict('{"detail":{"n":"v%d"}}' % i)[0][0], ("r%04d" % i, "✓ takes it"))


class Deliveries(Bus):
    def prepare(self):
        self.failing, self.gate = [0], threading.Event()
        self.gate.set()
        self.sink = Sink(lambda n, r: self.gate.wait(20) and (503 if n <= self.failing[0] else 200))
        self.addCleanup(self.sink.close)
        host = self.sink.url[7:]
        self.services(allow=[host], functions={"*": self.sink.url}, queues={"*": self.sink.url + "/queue"},
                      buses={"*": self.sink.url})
        self.d.options["data"] = os.path.join(self.folder, "data")

    def dead(self):
        return self.d.get("/api/v1/dead-letters")["deadLetters"]

    def test_a_destination_gets_the_event_with_its_key(self):
        arn = self.destination("hook", self.sink.url + "/in/*")
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "InputPath": "$.detail", "HttpParameters": {
            "PathParameterValues": ["a b"], "HeaderParameters": {"X-Extra": "1"}, "QueryStringParameters": {"q": "2"}}})
        self.put(n=1)
        [r] = until(lambda: self.sink.got)
        self.assertEqual((r["method"], r["path"], json.loads(r["body"])), ("POST", "/in/a%20b?q=2", {"n": 1}))
        self.assertEqual((r["headers"]["X-Key"], r["headers"]["X-Extra"]), ("hush", "1"))
        self.assertEqual(r["headers"]["User-Agent"], "Amazon/EventBridge/ApiDestinations")
        self.assertNotIn("hush", json.dumps(self.events("DescribeConnection", Name="hook")))

    def test_basic_and_oauth(self):
        tokens = []

        def answer(n, request):
            if request["path"] == "/token":
                tokens.append(request["body"])
                return 200, b'{"access_token": "t%d", "expires_in": 3600}' % len(tokens)
            return 401 if request["headers"].get("Authorization") == "Bearer t1" and len(tokens) > 0 and n > 3 else 200

        sink = Sink(answer)
        self.addCleanup(sink.close)
        self.d.kill()
        self.services(allow=[sink.url[7:]])
        self.d.start()
        basic = self.destination("basic", sink.url, "BASIC",
                                 BasicAuthParameters={"Username": "u", "Password": "p"})
        oauth = self.destination("oauth", sink.url + "/in", "OAUTH_CLIENT_CREDENTIALS", OAuthParameters={
            "AuthorizationEndpoint": sink.url + "/token", "HttpMethod": "POST",
            "ClientParameters": {"ClientID": "me", "ClientSecret": "it"}})
        self.rule("basic", {"detail-type": ["basic"]}, basic)
        self.rule("oauth", {"detail-type": ["oauth"]}, oauth)
        self.put(kind="basic")
        until(lambda: len(sink.got) == 1)
        self.assertEqual(sink.got[0]["headers"]["Authorization"], "Basic dTpw")
        self.put(kind="oauth")
        until(lambda: len(sink.got) == 3)
        self.assertEqual(tokens, [b"grant_type=client_credentials&client_id=me&client_secret=it"])
        self.put(kind="oauth")  # the token is refused now: another is fetched, once
        until(lambda: len(sink.got) == 6)
        self.assertEqual([r["headers"].get("Authorization") for r in sink.got[3:]], ["Bearer t1", None, "Bearer t2"])

    def test_down_for_a_while_and_then_all_of_it(self):
        self.failing[0] = 12
        arn = self.destination("hook", self.sink.url)
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "InputPath": "$.detail"})
        for n in range(10):
            self.put(n=n)
        until(lambda: len(self.sink.got) >= 22, 40)
        good = [json.loads(r["body"])["n"] for r in self.sink.got[12:]]
        self.assertEqual(sorted(good), list(range(10)))
        self.assertEqual(self.dead(), [])

    def test_dead_letters_and_back(self):
        self.failing[0] = 10 ** 9
        arn = self.destination("hook", self.sink.url)
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "RetryPolicy": {"MaximumRetryAttempts": 1}})
        self.put(n=1)
        [letter] = until(self.dead)
        self.assertEqual((letter["errorCode"], letter["exhaustedRetryCondition"], letter["retryAttempts"],
                          letter["ruleArn"], letter["targetArn"]),
                         ("HTTP_STATUS_503", "MaximumRetryAttempts", 1, ACCOUNT + "rule/all", arn))
        self.failing[0] = 0
        self.assertIn("HTTP_STATUS_503", cli("dead-letters", url=self.d.url)[1])
        code, out, err = cli("dead-letters", "--redrive", letter["id"], url=self.d.url)
        self.assertEqual((code, out), (0, "1\n"), err)
        until(lambda: len(self.sink.got) == 3)
        self.assertEqual(len(set(self.sink.keys())), 1)
        until(lambda: not self.dead())

    def test_what_is_refused_is_not_tried_again(self):
        arn = self.destination("hook", "http://127.0.0.1:1")  # not in `allow`, and private
        self.rule("all", {"source": ["shop"]}, arn, "arn:aws:kinesis:us-east-1:0:stream/s", STATES + "nobody")
        self.put()
        until(lambda: len(self.dead()) == 3)
        self.assertEqual({d["errorCode"] for d in self.dead()}, {"NO_RESOURCE", "CONNECTION_FAILURE"})

    def test_the_rate_of_a_destination(self):
        arn = self.destination("slow", self.sink.url, rate=20)
        self.rule("all", {"source": ["shop"]}, arn)
        for n in range(30):
            self.put(n=n)
        until(lambda: len(self.sink.got) == 30)
        # 30 slots at 20 a second, by when they came, however slowly they were put
        self.assertGreater(self.sink.got[-1]["at"] - self.sink.got[0]["at"], 1.0)

    def test_mapped_services(self):
        self.rule("all", {"source": ["shop"]}, "arn:aws:lambda:us-east-1:0:function:f",
                  "arn:aws:sqs:us-east-1:0:queue", "arn:aws:events:us-east-1:1:event-bus/far")
        self.put(n=1)
        until(lambda: len(self.sink.got) == 3)
        self.assertEqual({r["path"] for r in self.sink.got},
                         {"/2015-03-31/functions/f/invocations", "/queue", "/events?bus=far"})

    def test_a_log_in_parts(self):
        self.rule("all", {"source": ["shop"]}, {"Arn": "arn:aws:logs:us-east-1:0:log-group:/aws/events/x",
                                               "KinesisParameters": {"PartitionKeyPath": "$.detail.where"}})
        for where in ("north", "../south", "north"):
            self.put(where=where)
        folder = os.path.join(self.folder, "data", "logs", "-aws-events-x")

        def lines():
            out = {}
            for part in os.listdir(folder) if os.path.isdir(folder) else []:
                for f in os.listdir(os.path.join(folder, part)):
                    out[part] = [json.loads(x) for x in open(os.path.join(folder, part, f))]
            return out if sum(map(len, out.values())) == 3 else None

        found = until(lines)
        self.assertEqual({k: len(v) for k, v in found.items()}, {"north": 2, "-..-south": 1})
        self.assertEqual(found["north"][0]["event"]["detail"], {"where": "north"})

    def test_a_log_whose_days_are_over(self):
        folder = os.path.join(self.folder, "data", "logs", "days")
        old = ["2020-01-01.jsonl", "2020-01-01.3.jsonl", "north/2020-01-02.jsonl"]
        others = ["2020-01-01.txt", "2020-01-01.jsonl.kept", "9999-01-01.jsonl", "north/notes.jsonl"]
        os.makedirs(os.path.join(folder, "north"))
        for name in old + others:
            open(os.path.join(folder, name), "w").close()
        for logs, gone in (({"other": {"retentionInDays": 1}}, False), ({"*": {"retentionInDays": 30}}, True)):
            self.services(logs=logs)
            self.d.stop()
            self.d.start()
            self.rule("all", {"source": ["shop"]}, "arn:aws:logs:us-east-1:0:log-group:days")
            for name in os.listdir(folder):  # a day begins with its first line
                if name not in old + others and name != "north":
                    os.remove(os.path.join(folder, name))
            self.put(n=1)
            until(lambda: any(name not in old + others and name != "north" and os.path.getsize(os.path.join(folder, name))
                              for name in os.listdir(folder)))
            for name in old + others:
                self.assertEqual(os.path.exists(os.path.join(folder, name)), name in others or not gone, name)
            days = [(name, os.path.getsize(os.path.join(at, name))) for at, _, names in os.walk(folder) for name in names
                    if name.endswith(".jsonl") and name != "notes.jsonl"]
            groups = {g["name"]: g for g in self.d.get("/api/v1/log-groups")["logGroups"]}
            self.assertEqual(groups["days"], {"name": "days", "bytes": sum(size for _, size in days), "files": len(days),
                                              "oldestDay": min(name[:10] for name, _ in days)})
            self.assertIn('pavane_log_group_bytes{group="days"} %d\n' % groups["days"]["bytes"], self.d.ask("GET", "/metrics")[1].decode())

    def test_kills_lose_no_delivery(self):
        arn = self.destination("hook", self.sink.url)
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "InputPath": "$.detail"})
        sent = 0
        for _ in range(4):
            self.gate.clear()
            before = len(self.sink.got)
            for _ in range(40):
                self.put(n=sent)
                sent += 1
            until(lambda: len(self.sink.got) > before)  # it is in progress, and has no answer
            self.d.kill()
            self.sink.life += 1  # what arrived and was not answered is not delivered
            self.gate.set()
            self.d.start()
        until(lambda: len({json.loads(r["body"])["n"] for r in self.sink.heard()}) == sent, 60)
        # What came twice came with its key.
        by_key = {}
        for r in self.sink.got:
            by_key.setdefault(r["headers"]["X-Pavane-Idempotency-Key"], set()).add(r["body"])
        self.assertEqual(len(by_key), sent)
        self.assertTrue(all(len(v) == 1 for v in by_key.values()))


    def test_a_dead_target_leaves_room_for_others(self):
        stuck = self.destination("stuck", self.sink.url + "/stuck")
        well = Sink()
        self.addCleanup(well.close)
        self.services(allow=[self.sink.url[7:], well.url[7:]])
        self.d.stop()
        self.d.start()
        self.gate.clear()
        self.rule("stuck", {"detail": {"to": ["stuck"]}}, stuck)
        self.rule("well", {"detail": {"to": ["well"]}}, self.destination("well", well.url))
        for n in range(100):
            self.put(to="stuck", n=n)
        self.put(to="well")
        until(lambda: len(well.got) == 1, 30)
        self.assertLessEqual(len(self.sink.got), 48)  # 16 at a time, even when a busy machine let some of them time out
        self.gate.set()
        until(lambda: len({json.loads(r["body"])["detail"]["n"] for r in self.sink.got}) == 100, 30)

    def test_a_connection_without_authorisation(self):
        arn = self.destination("hook", self.sink.url)
        name = self.events("ListConnections")["Connections"][0]["Name"]
        self.events("DeauthorizeConnection", Name=name)
        self.rule("all", {"source": ["shop"]}, arn)
        for n in range(70):
            self.put(n=n)
        until(lambda: len(self.dead()) == 70)
        self.assertEqual({d["errorCode"] for d in self.dead()}, {"AUTHORIZATION_FAILURE"})

    def test_what_frames_a_request_is_not_the_targets(self):
        arn = self.destination("hook", self.sink.url + "/*/x")
        self.rule("all", {"source": ["shop"]}, {"Arn": arn, "HttpParameters": {
            "HeaderParameters": {"Transfer-Encoding": "chunked", "Host": "evil", "X-Mine": "1"},
            "PathParameterValues": [".."]}},
            {"Arn": "arn:aws:lambda:us-east-1:0:function:../../admin?x=1#y"})
        self.put(n=1)
        until(lambda: len(self.sink.got) == 2)
        called, hook = sorted(self.sink.got, key=lambda r: "X-Mine" in r["headers"])
        self.assertEqual(called["path"], "/2015-03-31/functions/..%2F..%2Fadmin%3Fx%3D1%23y/invocations")
        self.assertEqual((hook["path"], hook["headers"]["Host"], hook["headers"]["X-Mine"]),
                         ("/%2E%2E/x", self.sink.url[7:], "1"))
        self.assertNotIn("Transfer-Encoding", hook["headers"])


class Hostile(Bus):
    """Requests of wrong types, and names that are not names: refused, and nothing ends."""

    def tearDown(self):
        self.assertTrue(self.d.get("/api/v1/status")["ready"])

    def test_lists_in_which_nothing_fits_together(self):
        """20,000 elements, of which each has half of what is wanted: for a wait, a rule and the page, in a turn that nobody feels."""
        wanted = {"source": ["s"], "detail-type": ["go"], "detail": {"a": {"x": ["v"], "y": ["w"]}}}
        self.machine("hears", {"StartAt": "Hear", "States": {"Hear": {
            "Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "Parameters": {"EventPattern": wanted}, "End": True}}},
            {"correlationId": "$.detail.id", "start": [{"name": "p", "pattern": {"source": ["s"], "detail-type": ["begin"]}}],
             "resume": [{"name": "r", "pattern": {"source": ["s"], "detail-type": ["go"]}}], "policies": {"unexpected": "record"}})
        self.d.stop()
        self.d.start()
        self.events("PutRule", Name="together", EventPattern=json.dumps(wanted))
        self.d.send({"source": "s", "detail-type": "begin", "detail": {"id": "k"}})
        apart = [{"x": "v", "y": "n"}] * 20000 + [{"x": "n", "y": "w"}]
        for elements, became, takes in ((apart, "unexpected", False), (apart + [{"x": "v", "y": "w"}], "resumed", True)):
            event = {"id": became, "source": "s", "detail-type": "go", "detail": {"id": "k", "a": elements}}
            self.assertIn(("hears", became), self.d.send(event))
            whole = {**event, "account": "1", "time": "2026-01-01T00:00:00Z", "region": "r"}
            self.assertEqual(self.events("TestEventPattern", EventPattern=json.dumps(wanted), Event=json.dumps(whole))["Result"], takes)
            page = self.d.ask("POST", "/bus/try", json.dumps(event), {"Content-Type": "application/json"})[1].decode()
            self.assertEqual("Rule of the bus <b>together</b>: <span class=\"stand succeeded\">\u2713 takes it" in page, takes)

    def test_targets(self):
        self.events("PutRule", Name="r", EventPattern='{"source":["s"]}')
        for wrong in ({"Arn": 5}, {"Arn": ""}, {"Arn": "arn:x", "RetryPolicy": {"MaximumRetryAttempts": 186}},
                      {"Arn": "arn:x", "RetryPolicy": {"MaximumEventAgeInSeconds": 1 << 62}}):
            self.refused("ValidationException", "PutTargets", Rule="r", Targets=[{"Id": "1", **wrong}])
            status, data = self.d.ask("POST", "/schedules/x", json.dumps({
                "ScheduleExpression": "at(2020-01-01T00:00:00)", "Target": wrong,
                "FlexibleTimeWindow": {"Mode": "OFF"}}))
            self.assertEqual(status, 400, data)

    def test_names(self):
        for name in ("a b", "a/b", "a:b", "\u00e9", ""):
            self.refused("ValidationException", "PutRule", Name=name, EventPattern='{"source":["s"]}')
        self.events("CreateEventBus", Name="a/b")
        self.refused("ValidationException", "CreateEventBus", Name="a:b")

    def test_archives_and_replays(self):
        self.refused("ValidationException", "CreateArchive", ArchiveName="a", RetentionDays=2 ** 63 - 1,
                     EventSourceArn=ACCOUNT + "event-bus/default")
        self.events("CreateArchive", ArchiveName="a", EventSourceArn=ACCOUNT + "event-bus/default")
        for more, error in (({"Destination": {"FilterArns": "aaaaaaaa"}}, "ValidationException"),
                            ({"Destination": {"FilterArns": [5]}}, "SerializationException"),
                            ({"Speed": -1}, "ValidationException")):
            self.refused(error, "StartReplay", **{
                "ReplayName": "p", "EventSourceArn": ACCOUNT + "archive/a", "EventStartTime": 1, "EventEndTime": 9e9,
                **more, "Destination": {"Arn": ACCOUNT + "event-bus/default", **more.get("Destination", {})}})

    def test_policies_of_a_bus(self):
        for policy in ({"Statement": "aaaaaaaa"}, {"Statement": [5]}, {}):
            self.refused("ValidationException", "PutPermission", Policy=json.dumps(policy))
        self.events("PutPermission", StatementId="x", Principal="*", Action="events:PutEvents")

    def test_connections(self):
        for method, endpoint in (("POST /x HTTP/1.1\r\nX: 1", "http://127.0.0.1:1"), ("POST", 5)):
            self.refused("ValidationException", "CreateConnection", Name="c",
                         AuthorizationType="OAUTH_CLIENT_CREDENTIALS",
                         AuthParameters={"OAuthParameters": {"HttpMethod": method, "AuthorizationEndpoint": endpoint,
                                                             "ClientParameters": {"ClientID": "i", "ClientSecret": "s"}}})
        self.events("CreateConnection", Name="c", AuthorizationType="BASIC", AuthParameters={
            "BasicAuthParameters": {"Username": "u", "Password": "hush"},
            "InvocationHttpParameters": {"HeaderParameters": [{"Key": "k", "Value": "hush", "IsValueSecret": True},
                                                              {"Key": "l", "Value": "open", "IsValueSecret": False}]}})
        shown = json.dumps(self.events("DescribeConnection", Name="c"))
        self.assertNotIn("hush", shown)
        self.assertIn("open", shown)

    def test_a_schema_that_asks_too_much(self):
        for schema in ({"x": {"allOf": "aaaa"}, "$ref": "#/x"}, {"x": {"minimum": "1"}, "$ref": "#/x"}):
            self.refused("ValidationException", "Pavane.PutSchema", Source="s", DetailType="d", Schema=schema)
        self.events("Pavane.PutSchema", Source="s", DetailType="d", Schema={
            "properties": {"v": {"contains": {"pattern": "^(a+)+$"}}, "w": {"$ref": "#/$defs/list"}},
            "$defs": {"list": {"items": {"$ref": "#/$defs/list"}}}})
        self.assertEqual(self.d.send({"source": "s", "detail-type": "d", "detail": {"v": ["a" * 30 + "!"] * 5000}}),
                         [(None, "rejected")])
        [d] = self.d.get("/api/v1/dispositions?disposition=rejected")["dispositions"]
        self.assertIn("asks too much", d["detail"])
        self.events("Pavane.PutSchema", Source="a@b", DetailType="c", Schema={"required": ["no"]})
        self.assertEqual(self.d.send({"source": "a", "detail-type": "b@c", "detail": {}}), [(None, "unmatched")])

    def test_groups_keep_apart(self):
        for n in range(103):
            self.assertEqual(self.d.ask("POST", "/schedule-groups/g%03d" % n, "{}")[0], 200)
        body = {"ScheduleExpression": "at(2099-01-01T00:00:00)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "arn:aws:sqs:us-east-1:0:q", "RoleArn": "r"}, "GroupName": "g101"}
        self.assertEqual(self.d.ask("POST", "/schedules/mine", json.dumps(body))[0], 200)
        self.assertEqual(self.d.ask("GET", "/schedules/mine?groupName=g102")[0], 404)
        self.assertEqual(self.d.ask("DELETE", "/schedule-groups/g102")[0], 200)
        self.assertEqual(self.d.ask("GET", "/schedules/mine?groupName=g101")[0], 200)
        self.assertEqual([s["Name"] for s in self.d.get("/schedules")["Schedules"]], ["mine"])

    def test_a_bus_that_comes_again(self):
        self.events("CreateEventBus", Name="b")
        self.events("CreateArchive", ArchiveName="a", EventSourceArn=ACCOUNT + "event-bus/b")
        self.events("DeleteEventBus", Name="b")
        self.events("CreateEventBus", Name="b")
        self.put(bus="b", n=1)
        self.assertEqual(self.events("DescribeArchive", ArchiveName="a")["EventCount"], 1)

    def test_many_buses(self):
        for n in range(10):
            self.events("CreateEventBus", Name="b%d" % n)
        for rule in "rs":
            self.events("PutRule", Name=rule, EventPattern='{"source":["shop"]}')
        for n in range(10):
            self.events("PutTargets", Rule="rs"[n // 5], Targets=[
                {"Id": str(n), "Arn": ACCOUNT + "event-bus/b%d" % n}])
            self.events("CreateArchive", ArchiveName="a%d" % n, EventSourceArn=ACCOUNT + "event-bus/b%d" % n)
        self.put(n=1)
        self.assertEqual(self.d.get("/api/v1/dead-letters")["deadLetters"], [])
        self.assertEqual({a["EventCount"] for a in self.events("ListArchives")["Archives"]}, {1})


class Two(Bus):
    def test_the_bus_of_another_daemon(self):
        with Daemon() as far:
            self.d.kill()
            self.services(buses={"*": far.url})
            self.d.start()
            self.rule("there", {"source": ["shop"]}, "arn:aws:events:us-east-1:1:event-bus/default")
            event = {"id": "7", "source": "shop", "detail-type": "x", "detail": {"n": 1}}
            self.assertEqual(self.d.send(event), [(None, "routed")])
            [d] = until(lambda: far.get("/api/v1/dispositions?eventId=7")["dispositions"])
            self.assertEqual(d["disposition"], "unmatched")


class Accounts(Bus):
    """Who may put: accounts of the token file, as the bus's policy lets them in."""
    OURS, THEIRS = "o" * 16, "t" * 16

    def prepare(self):
        path = os.path.join(self.folder, "tokens")
        open(path, "w").write("%s\n%s 111122223333\n" % (self.OURS, self.THEIRS))
        self.d.options["token-file"] = path

    def as_(self, token, method, path, body, **headers):
        status, data = self.d.ask(method, path, body and json.dumps(body), {
            "Content-Type": "application/json", "Authorization": "Bearer " + token, **headers})
        return status, json.loads(data) if data else None

    def api(self, token, action, **parameters):
        return self.as_(token, "POST", "/", parameters, **{"X-Amz-Target": "AWSEvents." + action})

    def newest_input(self):
        listed = self.as_(self.OURS, "POST", "/", {"stateMachineArn": STATES + "keep"},
                          **{"X-Amz-Target": "AWSStepFunctions.ListExecutions"})[1]["executions"]
        return listed and json.loads(self.as_(
            self.OURS, "POST", "/", {"executionArn": listed[0]["executionArn"]},
            **{"X-Amz-Target": "AWSStepFunctions.DescribeExecution"})[1]["input"])

    def tried(self, token):
        entry = {"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "open"}
        answer = self.api(token, "PutEvents", Entries=[entry])[1]["Entries"][0].get("ErrorCode", "in")
        posted = self.as_(token, "POST", "/events?bus=open", {"source": "s", "detail-type": "d", "detail": {}})[1]
        self.assertEqual(posted["results"][0]["status"], "accepted" if answer == "in" else "rejected")
        return answer

    def test_a_policy(self):
        self.api(self.OURS, "CreateEventBus", Name="open")
        self.assertEqual(self.tried(self.OURS), "in")
        self.assertEqual(self.tried(self.THEIRS), "AccessDeniedException")
        self.api(self.OURS, "PutPermission", EventBusName="open", StatementId="them", Principal="111122223333",
                 Action="events:PutEvents")
        self.assertEqual(self.tried(self.THEIRS), "in")
        [d] = self.api(self.OURS, "DescribeEventBus", Name="open")[1:]
        self.assertIn("111122223333", d["Policy"])
        self.api(self.OURS, "RemovePermission", EventBusName="open", StatementId="them")
        self.assertEqual(self.tried(self.THEIRS), "AccessDeniedException")
        for statements, want in (
                ([("Allow", "*", None)], "in"), ([("Allow", {"AWS": ["999", "111122223333"]}, None)], "in"),
                ([("Allow", {"AWS": "999"}, None)], "AccessDeniedException"),
                ([("Allow", "*", None), ("Deny", {"AWS": "arn:aws:iam::111122223333:root"}, None)],
                 "AccessDeniedException")):
            policy = {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Principal": who, "Action": "events:PutEvents", "Resource": "*",
                 **({"Condition": condition} if condition else {})} for effect, who, condition in statements]}
            self.assertEqual(self.api(self.OURS, "PutPermission", EventBusName="open", Policy=json.dumps(policy))[0],
                             200)
            self.assertEqual(self.tried(self.THEIRS), want, policy)

    def test_B15_what_a_policy_cannot_do_is_refused(self):
        self.api(self.OURS, "CreateEventBus", Name="open")
        for statement in ({"Action": "events:PutRule"}, {"Action": ["events:PutEvents", "events:PutTargets"]},
                          {"Action": "events:PutEvents", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o"}}},
                          {"NotAction": "events:PutRule"}, {}):
            policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Resource": "*", **statement}]}
            status, answer = self.api(self.OURS, "PutPermission", EventBusName="open", Policy=json.dumps(policy))
            self.assertEqual((status, answer["__type"]), (400, "ValidationException"), statement)
        status, answer = self.api(self.OURS, "PutPermission", EventBusName="open", StatementId="x", Principal="*",
                                  Action="events:PutEvents", Condition={"Type": "StringEquals",
                                                                        "Key": "aws:PrincipalOrgID", "Value": "o"})
        self.assertEqual(status, 400, answer)
        self.assertEqual(self.tried(self.THEIRS), "AccessDeniedException")
        self.assertNotIn("Policy", self.api(self.OURS, "DescribeEventBus", Name="open")[1])

    def test_B11_the_account_of_the_token_is_stamped(self):
        path = self.d.options["token-file"]
        open(path, "w").write("%s\n%s 111122223333\n%s 444455556666 777788889999,222233334444\n"
                              % (self.OURS, self.THEIRS, "f" * 16))
        self.machine("keep")
        self.d.stop()
        self.d.start()
        self.api(self.OURS, "PutPermission", StatementId="all", Principal="*", Action="events:PutEvents")
        self.api(self.OURS, "PutRule", Name="all", EventPattern='{"source":["s"]}')
        self.api(self.OURS, "PutTargets", Rule="all", Targets=[{"Id": "1", "Arn": STATES + "keep"}])
        event = {"source": "s", "detail-type": "d", "detail": {}, "account": "999999999999", "region": "mars"}
        for token, account, want in ((self.THEIRS, "999999999999", "111122223333"), ("f" * 16, "777788889999", "777788889999"),
                                     ("f" * 16, "999999999999", "444455556666"), (self.OURS, "888888888888", "888888888888")):
            self.as_(token, "POST", "/events", {**event, "account": account})
            e = self.newest_input()
            self.assertEqual(e["account"], want, (token, account))
            self.assertEqual(e["region"], "mars" if account == want else "us-east-1")
        answer = self.as_(self.THEIRS, "POST", "/events", {**event, "source": "aws.iam"})[1]["results"][0]
        self.assertEqual(answer["status"], "rejected", answer)
        self.assertIn("Not authorized for the source", json.dumps(answer))

    def test_B12_a_replay_has_the_envelope_as_it_was(self):
        self.api(self.OURS, "PutPermission", StatementId="all", Principal="*", Action="events:PutEvents")
        self.api(self.OURS, "CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        self.as_(self.THEIRS, "POST", "/events", {"source": "s", "detail-type": "d", "detail": {"n": 1}})
        self.machine("keep")
        self.d.stop()
        self.d.start()
        self.api(self.OURS, "PutRule", Name="replayed", EventPattern=json.dumps({"replay-name": [{"exists": True}]}))
        self.api(self.OURS, "PutTargets", Rule="replayed", Targets=[{"Id": "1", "Arn": STATES + "keep"}])
        now = time.time()
        self.api(self.OURS, "StartReplay", ReplayName="r", EventSourceArn=ACCOUNT + "archive/all",
                 EventStartTime=now - 3600, EventEndTime=now + 3600, Destination={"Arn": ACCOUNT + "event-bus/default"})
        self.assertEqual(until(self.newest_input)["account"], "111122223333")

    def test_a_guest_may_do_nothing_else(self):
        for method, path, target in (("POST", "/", "AWSEvents.PutRule"), ("POST", "/", "AWSStepFunctions.ListStateMachines"),
                                     ("GET", "/api/v1/executions", ""), ("GET", "/metrics", ""), ("GET", "/", "")):
            status, _ = self.as_(self.THEIRS, method, path, {} if method == "POST" else None,
                                 **({"X-Amz-Target": target} if target else {}))
            self.assertEqual(status, 403, (method, path, target))
        self.assertEqual(self.as_("x" * 16, "GET", "/api/v1/executions", None)[0], 401)

    def test_another_daemon_is_let_in_by_its_token(self):
        self.api(self.OURS, "PutPermission", StatementId="them", Principal="111122223333", Action="events:PutEvents")
        with Daemon() as other:
            path = os.path.join(other.folder, "services.json")
            json.dump({"buses": {"*": "http://127.0.0.1:%d" % self.d.port}, "busTokens": {"*": self.THEIRS}},
                      open(path, "w"))
            other.options["services"] = path
            other.stop()
            other.start()
            self.d, ours = other, self.d
            self.rule("across", {"source": ["shop"]}, "arn:aws:events:us-east-1:999999999999:event-bus/default")
            self.put(n=1)
            self.d = ours
            seen = lambda: self.as_(self.OURS, "GET", "/api/v1/dispositions", None)[1]["dispositions"]
            until(lambda: len(seen()) == 1)


class Archives(Bus):
    def prepare(self):
        self.machine("keep")
        self.machine("order", ORDER, RULES)

    def archive(self, name="all", **more):
        return self.events("CreateArchive", ArchiveName=name, EventSourceArn=ACCOUNT + "event-bus/default",
                           **more)["ArchiveArn"]

    def replay(self, name, archive, **more):
        self.events("StartReplay", ReplayName=name, EventSourceArn=archive, EventStartTime=1, EventEndTime=4e9,
                    Destination={"Arn": ACCOUNT + "event-bus/default", **more})
        return until(lambda: (lambda r: r["State"] == "COMPLETED" and r)(
            self.events("DescribeReplay", ReplayName=name)))

    def test_archive_and_replay_in_order(self):
        archive = self.archive(EventPattern='{"source":["shop"]}')
        for n in (3, 1, 2):
            self.put(n=n)
        self.put(source="else", n=9)
        about = self.events("DescribeArchive", ArchiveName="all")
        self.assertEqual((about["EventCount"], about["State"]), (3, "ENABLED"))
        self.rule("keep", {"replay-name": [{"exists": True}]}, {"Arn": STATES + "keep"})
        self.replay("r1", archive)
        kept = self.inputs("keep")
        self.assertEqual([k["detail"]["n"] for k in kept], [3, 1, 2])
        self.assertEqual({k["replay-name"] for k in kept}, {"r1"})
        self.assertEqual(self.events("DescribeArchive", ArchiveName="all")["EventCount"], 3)
        self.replay("r2", archive, FilterArns=[ACCOUNT + "rule/other"])
        self.assertEqual(len(self.inputs("keep")), 3)

    def test_the_speed_of_a_replay(self):
        archive = self.archive(EventPattern='{"source":["shop"]}')
        for second in (1, 3):
            self.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "x", "Detail": "{}", "Time": second}])
        began = time.monotonic()
        self.replay("fast", archive)
        self.assertLess(time.monotonic() - began, 0.8)
        self.events("StartReplay", ReplayName="paced", EventSourceArn=archive, EventStartTime=1, EventEndTime=4e9,
                    Destination={"Arn": ACCOUNT + "event-bus/default"}, Speed=2)
        until(lambda: self.events("DescribeReplay", ReplayName="paced")["State"] == "COMPLETED")
        self.assertGreater(time.monotonic() - began, 1.0)
        rows = dict(re.findall(r'data-label="Replay"><b>([^<]*)<(.*?)</tr>', self.d.ask("GET", "/bus/archives")[1].decode(), re.S))
        self.assertEqual([re.findall(r'class="number">([^<]*)<', rows[name]) for name in ("fast", "paced")], [["full", "2"], ["2×", "2"]])

    def test_errors(self):
        self.assertEqual(self.refused("ResourceNotFoundException", "CreateArchive", ArchiveName="a",
                                      EventSourceArn=ACCOUNT + "event-bus/nope"), "Event bus nope does not exist.")
        archive = self.archive()
        self.assertEqual(self.refused("ResourceAlreadyExistsException", "CreateArchive", ArchiveName="all",
                                      EventSourceArn=ACCOUNT + "event-bus/default"), "Archive all already exists.")
        self.assertEqual(self.refused("ResourceNotFoundException", "DescribeArchive", ArchiveName="x"),
                         "Archive x does not exist.")
        ask = {"ReplayName": "r", "EventSourceArn": archive, "EventStartTime": 1, "EventEndTime": 2,
               "Destination": {"Arn": ACCOUNT + "event-bus/default"}}
        for change, text in (
                ({"EventSourceArn": ACCOUNT + "archive/x"},
                 "Parameter EventSourceArn is not valid. Reason: Archive x does not exist."),
                ({"EventEndTime": 1}, "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
                                      "EventEndTime."),
                ({"Destination": {"Arn": ACCOUNT + "event-bus/y"}},
                 "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")):
            self.assertEqual(self.refused("ValidationException", "StartReplay", **{**ask, **change}), text)
        self.assertEqual(self.refused("ResourceNotFoundException", "DescribeReplay", ReplayName="r"),
                         "Replay r does not exist.")
        self.replay("r", archive)
        self.assertEqual(self.refused("ResourceAlreadyExistsException", "StartReplay", **ask),
                         "Replay r already exists.")

    def test_a_replay_is_cancelled(self):
        self.events("CreateArchive", ArchiveName="c", EventSourceArn=ACCOUNT + "event-bus/default")
        self.put(n=1)
        time.sleep(0.05)  # what lies between them is the pause of the replay
        self.put(n=2)
        self.events("StartReplay", ReplayName="slow", EventSourceArn=ACCOUNT + "archive/c", EventStartTime=1,
                    EventEndTime=9e9, Speed=0.0001, Destination={"Arn": ACCOUNT + "event-bus/default"})
        until(lambda: self.events("DescribeReplay", ReplayName="slow")["State"] == "RUNNING")
        self.assertIn(self.events("CancelReplay", ReplayName="slow")["State"], ("CANCELLING", "CANCELLED"))
        until(lambda: self.events("DescribeReplay", ReplayName="slow")["State"] == "CANCELLED")
        self.refused("IllegalStatusException", "CancelReplay", ReplayName="slow")

    def test_retention(self):
        for name, days in (("day", 1), ("ever", 0)):
            self.events("CreateArchive", ArchiveName=name, RetentionDays=days,
                        EventSourceArn=ACCOUNT + "event-bus/default")
        size = lambda name: (lambda a: (a["EventCount"], a["SizeBytes"]))(self.events("DescribeArchive", ArchiveName=name))
        for n in range(5):
            self.put(n=n)
        self.assertEqual(size("day"), size("ever"))
        five = size("ever")
        self.d.stop()
        self.d.start(clock_offset_seconds=90000)
        self.put(n=5)
        until(lambda: size("day")[0] == 1)
        self.assertEqual(size("ever"), (6, five[1] + size("day")[1]))

    def kept(self):
        [m] = [m for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == "keep"]
        return sum(m["executions"].values())

    def test_kills_during_a_replay(self):
        archive = self.archive(EventPattern='{"source":["shop"]}')
        for i in range(100):
            self.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "x", "Detail": json.dumps(
                {"n": i * 10 + k})} for k in range(10)])
        self.rule("keep", {"replay-name": ["r"]}, {"Arn": STATES + "keep", "InputPath": "$.detail"})
        self.events("StartReplay", ReplayName="r", EventSourceArn=archive, EventStartTime=1, EventEndTime=4e9,
                    Destination={"Arn": ACCOUNT + "event-bus/default"}, Speed=0.1)
        for some in (50, 250, 450, 650):  # it is in progress each time
            until(lambda: self.kept() >= some)
            self.assertLess(self.kept(), 1000)
            self.d.kill()
            self.d.start()
        until(lambda: self.events("DescribeReplay", ReplayName="r")["State"] == "COMPLETED")
        seen, page = [], {}
        while True:
            status, answer = self.d.aws("ListExecutions", stateMachineArn=STATES + "keep", maxResults=1000, **page)
            seen += [x["executionArn"] for x in answer["executions"]]
            if "nextToken" not in answer:
                break
            page = {"nextToken": answer["nextToken"]}
        self.assertEqual(len(seen), 1000)
        some = [json.loads(self.d.aws("DescribeExecution", executionArn=x)[1]["input"])["n"] for x in seen[::97]]
        self.assertEqual(some, [999 - i for i in range(0, 1000, 97)])


class Pages(Bus):
    options = {"virtual_clock": "2026-03-02T09:00:00Z"}

    def page(self, path):
        return self.d.ask("GET", path)[1].decode()

    def test_what_the_bus_is_doing(self):
        """Rules say when they last matched, schedules their next five times, dead letters and deliveries are in groups."""
        dead = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
        self.events("PutRule", Name="paid", EventPattern=json.dumps({"detail-type": ["Paid"]}))
        self.events("PutRule", Name="quiet", EventPattern=json.dumps({"detail-type": ["Never"]}))
        self.events("PutTargets", Rule="paid", Targets=[{"Id": "1", "Arn": dead, "RetryPolicy": {"MaximumRetryAttempts": 0}}])
        for n in range(3):
            self.put(kind="Paid", id=str(n))
        until(lambda: len(self.d.get("/api/v1/dead-letters")["deadLetters"]) == 3)
        rows = {name: row for name, row in re.findall(r"<td data-label=\"Rule\"><div><b>([^<]*)</b>(.*?)</tr>", self.page("/bus/rules"), re.S)}
        self.assertIn("09:00:0", rows["paid"].split('data-label="Last"')[1][:120])
        self.assertIn(">never<", rows["quiet"])
        self.d.move("2026-03-02T09:01:00Z")
        rows = {name: row for name, row in re.findall(r"<td data-label=\"Rule\"><div><b>([^<]*)</b>(.*?)</tr>", self.page("/bus/rules"), re.S)}
        self.assertIn('data-label="A minute" class="number">3<', rows["paid"])
        page = self.page("/bus/deliveries")
        self.assertRegex(page, r"<li><b>3</b> to function <b>nobody</b>: <code>\w+</code>")
        self.assertEqual(page.count('data-label="Attempts"'), 3)
        self.d.ask("POST", "/schedules/nightly", json.dumps({
            "ScheduleExpression": "cron(0 3 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "r"}}))
        page = self.page("/bus/schedules")
        self.assertEqual(re.findall(r'datetime="2026-03-(\d+)T03:00:00.000Z"', page), ["03", "04", "05", "06", "07"])
        self.assertIn("<small>not yet</small>", page)
        for path, to in (("dead-letters", "bus/deliveries"), ("replays", "bus/archives#replays")):
            self.assertEqual(self.d.ask("GET", "/bus/" + path)[0], 303)
            self.assertTrue(self.d.headers["Location"].endswith(to))

    def test_what_came_of_schedules_last(self):
        """A link to what was started, a refusal in words, what is on its way; kept behind a change and a restart."""
        self.machine("keep")
        self.d.stop()
        self.d.start()
        target = {"ok": {"Arn": STATES + "keep"}, "bad": {"Arn": STATES + "nobody"},
                  "away": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}, "put": {"Arn": ACCOUNT + "event-bus/default",
                           "EventBridgeParameters": {"Source": "s", "DetailType": "t"}}}
        for name, to in target.items():
            self.d.ask("POST", "/schedules/" + name, json.dumps({
                "ScheduleExpression": "cron(0 10 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"RoleArn": "r", "Input": "{}", **to}}))
        self.events("PutRule", Name="tick", ScheduleExpression="cron(0 10 * * ? *)")
        self.d.move("2026-03-02T10:00:01Z")

        def last():
            rows = re.findall(r'data-label="Schedule"><div><b>([^<]*)</b>.*?data-label="Last"><div>(.*?)</div>', self.page("/bus/schedules"), re.S)
            return {name: cell for name, cell in rows}
        cells = until(lambda: all("10:00" in c for c in last().values()) and last())
        [started] = self.d.executions(machine="keep")
        self.assertIn('started <a href="../executions/%s">' % started["executionId"].replace(":", "%3A"), cells["ok"])
        self.assertIn("NO_RESOURCE: State Machine Does Not Exist", cells["bad"])
        self.assertIn("handed to the deliveries", cells["away"])
        self.assertIn("an event on its bus", cells["put"])
        self.assertIn("it has no targets", cells["tick"])
        self.d.ask("PUT", "/schedules/bad", json.dumps({"ScheduleExpression": "cron(0 11 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
                                                        "Target": {"RoleArn": "r", **target["ok"]}}))
        self.d.stop()
        self.d.start()
        self.assertEqual(last(), cells)

    def test_what_has_no_schema(self):
        for n in range(3):
            self.put(kind="Seen", id=str(n))
        self.put(kind="Known", id="k")
        self.d.ask("POST", "/", json.dumps({"Source": "shop", "DetailType": "Known", "Schema": {"type": "object"}}),
                   {"X-Amz-Target": "Pavane.PutSchema"})
        self.d.move("2026-03-02T09:01:00Z")  # the ledger is written now and then
        row = until(lambda: re.search(r'data-label="Type">Seen</td>.*?number">3<.*?href="([^"]*)"', self.page("/bus/schemas"), re.S))
        status, answer = self.d.ask("GET", "/" + html.unescape(row.group(1)).replace("../", ""))
        self.assertEqual((status, json.loads(answer)["samples"]), (200, 3))
        self.assertEqual(self.page("/bus/schemas").count('data-label="Type">Known<'), 1)

    def test_what_else_the_buses_have(self):
        self.assertIn("aws events create-connection", self.page("/bus/resources"))
        self.events("CreateEventBus", Name="shipments")
        arn = self.events("CreateConnection", Name="pager-way", AuthorizationType="API_KEY", AuthParameters={
            "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "very-secret"}})["ConnectionArn"]
        self.events("CreateApiDestination", Name="pager", ConnectionArn=arn, InvocationEndpoint="https://pager.example/h<k",
                    HttpMethod="POST", InvocationRateLimitPerSecond=7)
        self.d.ask("POST", "/schedule-groups/nightly-ones", "{}")
        page = self.page("/bus/resources")
        for text in ("shipments", "pager-way", "API_KEY", "https://pager.example/h&lt;k", "7 a second at most", "nightly-ones"):
            self.assertIn(text, page)
        self.assertNotIn("very-secret", page)


class WhatIf(Bus):
    def prepare(self):
        self.machine("order", ORDER, RULES)
        changed = json.loads(json.dumps(ORDER))
        changed["States"]["Wait"].update(End=False, Next="More")
        del changed["States"]["Wait"]["End"]
        changed["States"]["More"] = {**ORDER["States"]["Wait"], "Parameters": {
            "EventPattern": {"detail-type": ["Shipped"]}}}
        path = os.path.join(self.folder, "changed", "order")
        os.makedirs(path)
        json.dump(changed, open(os.path.join(path, "machine.asl.json"), "w"))
        json.dump(RULES, open(os.path.join(path, "rules.json"), "w"))

    def test_a_changed_machine(self):
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        for key in ("a", "b"):
            self.put(id=key)
            self.put(kind="Paid", id=key)
        self.put(id="c")
        same = os.path.join(self.folder, "machines", "order")
        code, out, err = cli("what-if", same, "--archive", "all", url=self.d.url)
        self.assertEqual((code, out), (0, "5 events, 0 of them unmatched; 3 ids: 3 end as they did, 0 otherwise, 0 of "
                                          "these stranded, 0 open in another state\n"), err)
        code, out, err = cli("what-if", os.path.join(self.folder, "changed", "order"), "--archive", "all", "--json",
                             url=self.d.url)
        self.assertEqual(code, 1, err)
        found = json.loads(out)["items"]
        self.assertEqual({(f["correlationId"], f["was"], f["wouldBe"], f["stranded"]) for f in found},
                         {("a", "SUCCEEDED", "RUNNING", True), ("b", "SUCCEEDED", "RUNNING", True)})
        self.assertEqual(len(self.d.executions(machine="order")), 3)  # the daemon's are as they were
        self.assertIn("No change was tried", self.d.ask("GET", "/bus/archives")[1].decode())
        code, out, err = cli("what-if", os.path.join(self.folder, "changed", "order"), "--archive", "all", "--tell", url=self.d.url)
        self.assertEqual(code, 1, err)
        page = self.d.ask("GET", "/bus/archives")[1].decode().split("What changes would do")[-1]
        self.assertEqual(re.findall(r'class="number(?: zero)?">(\d+)<', page), ["5", "3", "2", "2", "0"])
        self.events("Pavane.PutWhatIf", 400, Archive="all", Machine="nobody", Events=1, Ids=1, Differ=0, Stranded=0, Elsewhere=0)
        self.events("DeleteArchive", ArchiveName="all")
        self.assertIn("No change was tried", self.d.ask("GET", "/bus/archives")[1].decode())
        self.assertIn("There is no archive", self.events("Pavane.PutWhatIf", 400, Archive="nope", Machine="m", Events=1, Ids=1, Differ=0,
                                                         Stranded=0, Elsewhere=0)["message"])
        self.assertEqual(cli("what-if", same, "--archive", "nope", url=self.d.url)[0], 1)

    def test_timers_have_had_their_time(self):
        definition = {"StartAt": "Soon", "States": {"Soon": {"Type": "Wait", "Seconds": 1, "Next": "Wait"}, **ORDER["States"]}}
        self.machine("timed", definition, RULES)
        self.d.stop()
        self.d.start()
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        self.put(id="a")
        until(lambda: self.d.executions(machine="timed")[0]["currentStates"] == ["Wait"])
        path = os.path.join(self.folder, "machines", "timed")
        code, out, err = cli("what-if", path, "--archive", "all", url=self.d.url)
        self.assertEqual(code, 0, out + err)

    def test_those_that_are_open_in_another_state(self):
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default")
        self.put(id="a")
        changed = os.path.join(self.folder, "changed", "order")
        definition = json.load(open(os.path.join(changed, "machine.asl.json")))
        definition["States"]["Look first"] = definition["States"]["More"] | {"Next": definition["StartAt"]}
        del definition["States"]["Look first"]["End"]
        definition["StartAt"] = "Look first"
        json.dump(definition, open(os.path.join(changed, "machine.asl.json"), "w"))
        code, out, err = cli("what-if", changed, "--archive", "all", url=self.d.url)
        self.assertEqual((code, out), (1, 'a\tis open in ["Wait"], would be in ["Look first"]\n'
                                          "1 events, 0 of them unmatched; 1 ids: 0 end as they did, 1 otherwise, 0 of these "
                                          "stranded, 1 open in another state\n"), err)
        code, out, err = cli("what-if", changed, "--archive", "all", "--json", url=self.d.url)
        self.assertEqual([(f["was"], f["wouldBe"], f["wasIn"], f["states"]) for f in json.loads(out)["items"]],
                         [("RUNNING", "RUNNING", ["Wait"], ["Look first"])])

    def test_C1_what_if_sees_all_ids(self):
        self.events("CreateArchive", ArchiveName="all", EventSourceArn=ACCOUNT + "event-bus/default",
                    EventPattern='{"source":["s"]}')
        for first in range(0, 2500, 500):
            self.d.post([{"source": "s", "detail-type": "Placed", "detail": {"id": "k%d" % (first + i)}} for i in range(500)])
        code, out, err = cli("what-if", os.path.join(self.folder, "machines", "order"), "--archive", "all", url=self.d.url)
        self.assertEqual((code, out), (0, "2500 events, 0 of them unmatched; 2500 ids: 2500 end as they did, 0 otherwise, "
                                          "0 of these stranded, 0 open in another state\n"), err)


class Schedules(Bus):
    def prepare(self):
        self.machine("keep")

    def schedule(self, method, name, body=None, status=200, query=""):
        got, data = self.d.ask(method, "/schedules/" + name + query, json.dumps(body) if body is not None else None)
        self.assertEqual(got, status, data)
        return json.loads(data)

    def test_a_one_off(self):
        at = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 2))
        self.schedule("POST", "once", {"ScheduleExpression": at, "FlexibleTimeWindow": {"Mode": "OFF"},
                                       "ActionAfterCompletion": "DELETE",
                                       "Target": {"Arn": STATES + "keep", "RoleArn": "r", "Input": '{"n": 1}'}})
        self.assertEqual(self.schedule("GET", "once")["ScheduleExpression"], at)
        until(lambda: self.inputs("keep") == [{"n": 1}])
        self.schedule("GET", "once", status=404)

    def test_local_times_and_errors(self):
        body = {"ScheduleExpression": "cron(30 2 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "ScheduleExpressionTimezone": "Europe/Berlin", "Target": {"Arn": STATES + "keep", "RoleArn": "r"}}
        self.schedule("POST", "night", body)
        self.schedule("POST", "night", body, 409)
        self.schedule("PUT", "night", {**body, "ScheduleExpressionTimezone": "Europe/Nowhere"}, 400)
        self.schedule("PUT", "night", {**body, "State": "DISABLED"})
        self.assertEqual(self.schedule("GET", "night")["State"], "DISABLED")
        self.schedule("POST", "x", body, 404, "?groupName=nope")
        self.schedule("DELETE", "night")
        self.schedule("DELETE", "night", status=404)

    def test_B17_B18_words_of_the_input_and_a_rate_that_begins_at_once(self):
        target = {"Arn": STATES + "keep", "RoleArn": "r", "Input": json.dumps({
            "at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>", "x": "<aws.scheduler.execution-id>",
            "n": "<aws.scheduler.attempt-number>", "other": "<aws.scheduler.none> <b>"})}
        body = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        arn = self.schedule("POST", "hourly", body)["ScheduleArn"]
        [got] = until(lambda: self.inputs("keep"))
        self.assertRegex(got["at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual((got["by"], got["n"], got["other"], len(got["x"])), (arn, "1", "<aws.scheduler.none> <b>", 36))
        self.d.stop()
        self.d.start(clock_offset_seconds=3500)
        self.assertEqual(len(self.inputs("keep")), 1)
        self.d.stop()
        self.d.start(clock_offset_seconds=3601)
        until(lambda: len(self.inputs("keep")) == 2)

    def test_C7_groups_tokens_and_tags(self):
        def rest(method, path, body=None, status=200):
            got, data = self.d.ask(method, path, None if body is None else json.dumps(body))
            self.assertEqual((got, self.d.headers["Content-Type"].split(";")[0]), (status, "application/json"), (path, data))
            return json.loads(data or "{}")

        tags = [{"Key": "team", "Value": "shop"}, {"Key": "a b", "Value": "x"}]
        group = {"ClientToken": "t1", "Tags": tags}
        arn = rest("POST", "/schedule-groups/g1", group)["ScheduleGroupArn"]
        self.assertEqual(rest("POST", "/schedule-groups/g1", group)["ScheduleGroupArn"], arn)
        rest("POST", "/schedule-groups/g1", {"ClientToken": "t2"}, 409)
        rest("POST", "/schedule-groups/g2", {})
        names, token = [], ""
        while token is not None:
            page = rest("GET", "/schedule-groups?MaxResults=1" + token)
            self.assertLessEqual(len(page["ScheduleGroups"]), 1)
            names += [g["Name"] for g in page["ScheduleGroups"]]
            token = "&NextToken=" + urllib.parse.quote(page["NextToken"]) if "NextToken" in page else None
        self.assertEqual(names, ["default", "g1", "g2"])
        self.assertEqual([g["Name"] for g in rest("GET", "/schedule-groups?NamePrefix=g")["ScheduleGroups"]], ["g1", "g2"])
        tagged = "/tags/" + urllib.parse.quote(arn, safe="")
        self.assertEqual(rest("GET", tagged)["Tags"], tags)
        rest("POST", tagged, {"Tags": [{"Key": "n", "Value": "1"}]})
        rest("DELETE", tagged + "?TagKeys=team&TagKeys=a%20b")
        self.assertEqual(rest("GET", tagged)["Tags"], [{"Key": "n", "Value": "1"}])
        rest("GET", "/tags/" + urllib.parse.quote(arn + "x", safe=""), status=404)
        rest("GET", "/tags/none", status=400)
        rest("PUT", tagged, {}, 404)
        body = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "ClientToken": "c",
                "Target": {"Arn": STATES + "keep", "RoleArn": "r"}}
        self.assertEqual(self.schedule("POST", "twice", body), self.schedule("POST", "twice", body))
        self.schedule("POST", "twice", {**body, "ClientToken": "d"}, 409)

    def test_a_rule_by_the_clock_and_kills(self):
        # Every minute: the clock is put forward, and the daemon killed about the moment.
        self.events("PutRule", Name="tick", ScheduleExpression="rate(1 minute)")
        self.events("PutTargets", Rule="tick", Targets=[{"Id": "1", "Arn": STATES + "keep"}])
        for k in range(1, 6):
            self.d.kill()
            self.d.start(clock_offset_seconds=61 * k)
            until(lambda: len(self.inputs("keep")) >= k)
        got = self.inputs("keep")
        self.assertEqual(len(got), 5)
        self.assertEqual((got[0]["source"], got[0]["detail-type"], got[0]["resources"]),
                         ("aws.events", "Scheduled Event", [ACCOUNT + "rule/tick"]))


class Machines(Bus):
    def prepare(self):
        self.machine("batch", START, {"correlationId": "$.detail.shop", "start": [
            {"name": "sold", "pattern": {"detail-type": ["Sold"]}, "inputPath": "$.detail.n",
             "batch": {"count": 3, "seconds": 3600}}]})
        self.machine("pair", ORDER, {**RULES, "correlationId": ["$.detail.a", "$.detail.b"]})
        self.machine("twice", ORDER, {**RULES, "policies": {"duplicateContent": True}})

    def test_a_batch_starts_once(self):
        for n in (1, 2):
            self.assertEqual(self.d.send({"source": "s", "detail-type": "Sold", "detail": {"shop": "x", "n": n}}),
                             [("batch", "parked")])
        self.d.kill()
        self.d.start()
        self.d.send({"source": "s", "detail-type": "Sold", "detail": {"shop": "y", "n": 9}})
        self.d.send({"source": "s", "detail-type": "Sold", "detail": {"shop": "x", "n": 3}})
        self.assertEqual(self.inputs("batch"), [[1, 2, 3]])
        kinds = [x["disposition"] for x in self.d.get("/api/v1/dispositions?correlationId=x")["dispositions"]]
        self.assertEqual(kinds, ["started"] * 3)
        self.d.kill()
        self.d.start(clock_offset_seconds=3601)
        until(lambda: len(self.inputs("batch")) == 2)
        self.assertEqual(self.inputs("batch")[1], [9])

    def test_a_composite_id(self):
        self.d.send({"source": "s", "detail-type": "Placed", "detail": {"id": 0, "a": "x|y", "b": 7}})
        [x] = self.d.executions(machine="pair")
        self.assertEqual(x["correlationId"], "x\\|y|7")
        self.assertEqual(dict(self.d.send({"source": "s", "detail-type": "Paid",
                                           "detail": {"a": "x|y", "b": 8}}))["pair"], "parked")
        self.assertEqual(dict(self.d.send({"source": "s", "detail-type": "Paid",
                                           "detail": {"a": "x|y", "b": 7}}))["pair"], "resumed")

    def test_the_same_content_by_another_id(self):
        event = {"id": "1", "source": "s", "detail-type": "Paid", "detail": {"id": "q", "sum": 5}}
        self.assertEqual(dict(self.d.send(event))["twice"], "parked")
        self.assertEqual(dict(self.d.send({**event, "id": "2"}))["twice"], "duplicate")
        self.assertEqual(dict(self.d.send({**event, "id": "3", "detail": {"id": "q", "sum": 6}}))["twice"], "parked")


class Schemas(Bus):
    def test_policies(self):
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "pattern": "^o-"},
                                                                       "n": {"type": "integer", "minimum": 1}}}
        self.events("Pavane.PutSchema", Source="shop", DetailType="Placed", Policy="reject", Schema=schema)
        event = {"source": "shop", "detail-type": "Placed", "detail": {"id": "o-1", "n": 0}}
        self.assertEqual(self.d.send(event), [(None, "rejected")])
        [d] = self.d.get("/api/v1/dispositions?disposition=rejected")["dispositions"]
        self.assertEqual(d["detail"], "it does not fit its schema: /n: at least 1 is expected")
        self.events("Pavane.PutSchema", Source="shop", DetailType="Placed", Policy="record", Schema=schema)
        self.assertEqual(self.d.send(event)[0], (None, "unexpected"))
        event["detail"]["n"] = 1
        self.assertEqual(self.d.send(event), [(None, "unmatched")])
        self.events("Pavane.DeleteSchema", Source="shop", DetailType="Placed")
        self.assertEqual(self.refused("ValidationException", "Pavane.PutSchema", Source="s", DetailType="d",
                                      Schema={"type": "strin"}),
                         "Parameter Schema is not valid. Reason: null, boolean, number, integer, string, array or "
                         "object is expected at /type")

    def test_discovery(self):
        for n in range(30):
            self.d.send({"source": "shop", "detail-type": "Sold", "detail": {
                "n": n, "kind": "ab"[n % 2], **({"note": "x%d" % n} if n % 3 else {})}})
        schema = self.d.get("/api/v1/schemas/discover?source=shop&detailType=Sold")
        self.assertEqual(schema["accounts"], ["000000000000"])
        self.assertEqual(schema["samples"], 30)
        self.assertEqual(schema["schema"]["properties"], {
            "n": {"type": "integer"}, "kind": {"type": "string", "enum": ["b", "a"]}, "note": {"type": "string"}})
        self.assertEqual(schema["schema"]["required"], ["n", "kind"])


if __name__ == "__main__":
    main()
