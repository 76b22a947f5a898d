"""The Step Functions API, by AWS's own command line and by hand; event forms; lists; live changes; metrics."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import Daemon, MACHINES, cli, find_token, main, until

WAITING = json.dumps({"StartAt": "Ask", "States": {
    "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token", "in.$": "$"}},
            "Next": "Say"},
    "Say": {"Type": "Pass", "ResultPath": "$.said", "Parameters": {"name.$": "$$.Execution.Name"}, "End": True}}})


class Api(unittest.TestCase):
    def setUp(self):
        self.d = Daemon(MACHINES).start()
        self.addCleanup(self.d.__exit__)

    def aws(self, action, *args):
        env = {**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
               "NO_PROXY": "*"}
        r = subprocess.run(["aws", "--endpoint-url", self.d.url, "--no-cli-pager", "--output", "json",
                            "stepfunctions", action, *args] if self.cli2() else
                           ["aws", "--endpoint-url", self.d.url, "--output", "json",
                            "stepfunctions", action, *args],
                           capture_output=True, text=True, env=env, timeout=120)
        return r.returncode, json.loads(r.stdout) if r.stdout.strip() else None, r.stderr

    @staticmethod
    def cli2():
        return b"aws-cli/2" in subprocess.run(["aws", "--version"], capture_output=True).stdout

    @unittest.skipUnless(shutil.which("aws"), "AWS's command line is not installed")
    def test_aws_cli(self):
        code, made, err = self.aws("create-state-machine", "--name", "ask", "--role-arn",
                                   "arn:aws:iam::000000000000:role/r", "--definition", WAITING)
        self.assertEqual(code, 0, err)
        arn = made["stateMachineArn"]
        self.assertEqual(arn, "arn:aws:states:us-east-1:000000000000:stateMachine:ask")
        code, listed, _ = self.aws("list-state-machines")
        self.assertEqual([m["name"] for m in listed["stateMachines"]], ["ask", "car", "finding", "order"])
        code, described, _ = self.aws("describe-state-machine", "--state-machine-arn", arn)
        self.assertEqual((described["status"], described["definition"]), ("ACTIVE", WAITING))
        code, run, err = self.aws("start-execution", "--state-machine-arn", arn, "--name", "one", "--input", '{"k": 1}')
        self.assertEqual(code, 0, err)
        code, history, _ = self.aws("get-execution-history", "--execution-arn", run["executionArn"])
        self.assertEqual([e["type"] for e in history["events"]],
                         ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted"])
        token = find_token(json.loads(history["events"][2]["taskScheduledEventDetails"]["parameters"]))
        code, _, err = self.aws("send-task-success", "--task-token", token, "--task-output", '{"v": 2}')
        self.assertEqual(code, 0, err)
        code, _, err = self.aws("send-task-success", "--task-token", token, "--task-output", '{"v": 2}')
        self.assertIn("TaskTimedOut", err)
        code, end, _ = self.aws("describe-execution", "--execution-arn", run["executionArn"])
        self.assertEqual((end["status"], json.loads(end["output"])),
                         ("SUCCEEDED", {"v": 2, "said": {"name": "one"}}))
        code, _, _ = self.aws("start-execution", "--state-machine-arn", arn, "--name", "two")
        code, stopped, err = self.aws("stop-execution", "--execution-arn", run["executionArn"].replace(":one", ":two"),
                                      "--error", "E", "--cause", "enough")
        self.assertEqual(code, 0, err)
        code, list_, _ = self.aws("list-executions", "--state-machine-arn", arn)
        self.assertEqual([(e["name"], e["status"]) for e in list_["executions"]],
                         [("two", "ABORTED"), ("one", "SUCCEEDED")])
        code, _, err = self.aws("describe-execution", "--execution-arn", run["executionArn"].replace(":one", ":none"))
        self.assertIn("ExecutionDoesNotExist", err)

    def create(self, definition=WAITING):
        status, made = self.d.aws("CreateStateMachine", name="m", roleArn="arn:aws:iam::000000000000:role/r", definition=definition)
        self.assertEqual(status, 200, made)
        return made["stateMachineArn"]

    def test_create_is_idempotent(self):
        arn = self.create()
        self.assertEqual(self.create(), arn)
        status, answer = self.d.aws("CreateStateMachine", name="m", roleArn="arn:aws:iam::000000000000:role/r", definition=WAITING + " ")
        self.assertEqual(answer["__type"], "StateMachineAlreadyExists")
        self.d.kill()
        self.d.start()
        self.assertEqual(self.create(), arn)

    def test_start_is_idempotent(self):
        arn = self.create()
        first = self.d.aws("StartExecution", stateMachineArn=arn, name="x", input="{}")
        self.assertEqual(self.d.aws("StartExecution", stateMachineArn=arn, name="x", input="{ }"), first)
        status, answer = self.d.aws("StartExecution", stateMachineArn=arn, name="x", input="[]")
        self.assertEqual(answer["__type"], "ExecutionAlreadyExists")

    def test_history_pages(self):
        arn = self.create()
        _, run = self.d.aws("StartExecution", stateMachineArn=arn, name="x")
        whole, pages, token = [], [], {}
        while True:
            _, page = self.d.aws("GetExecutionHistory", executionArn=run["executionArn"], maxResults=2, **token)
            pages.append(len(page["events"]))
            whole += [e["id"] for e in page["events"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        self.assertEqual((whole, pages), ([1, 2, 3, 4, 5], [2, 2, 1]))
        back, token = [], {}
        while True:
            _, page = self.d.aws("GetExecutionHistory", executionArn=run["executionArn"], maxResults=2,
                                 reverseOrder=True, **token)
            back += [e["id"] for e in page["events"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        self.assertEqual(back, [5, 4, 3, 2, 1])
        _, bare = self.d.aws("GetExecutionHistory", executionArn=run["executionArn"], includeExecutionData=False)
        self.assertNotIn("input", bare["events"][0]["executionStartedEventDetails"])

    def test_failure_is_retried_with_a_new_token(self):
        definition = json.loads(WAITING)
        definition["States"]["Ask"]["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]
        arn = self.create(json.dumps(definition))
        _, run = self.d.aws("StartExecution", stateMachineArn=arn, name="x")

        def events():
            return self.d.aws("GetExecutionHistory", executionArn=run["executionArn"])[1]["events"]

        def tokens():
            return [find_token(json.loads(e["taskScheduledEventDetails"]["parameters"]))
                    for e in events() if e["type"] == "TaskScheduled"]

        self.assertEqual(self.d.aws("SendTaskFailure", taskToken=tokens()[0], error="E")[0], 200)
        # the retry's timer survives a restart, an hour later
        self.d.kill()
        self.d.start(clock_offset_seconds=3600)
        from harness import until
        until(lambda: len(tokens()) == 2)
        self.assertNotEqual(*tokens())
        self.assertEqual(self.d.aws("SendTaskSuccess", taskToken=tokens()[1], output="{}")[0], 200)
        self.assertEqual(self.d.executions(machine="m")[0]["status"], "SUCCEEDED")

    def test_a_caught_error_stays_where_it_was(self):
        definition = json.loads(WAITING)
        definition["States"]["Ask"]["Catch"] = [{"ErrorEquals": ["Mine"], "Next": "Give up"}]
        definition["States"]["Give up"] = {"Type": "Fail", "Error": "Given.Up", "Cause": "nobody answered"}
        arn = self.create(json.dumps(definition))
        self.d.aws("StartExecution", stateMachineArn=arn, name="urn-x")
        history = self.d.history("m:urn-x")
        scheduled = next(e for e in history if e["type"] == "TaskScheduled")["taskScheduledEventDetails"]
        token = find_token(json.loads(scheduled["parameters"]))
        self.d.aws("SendTaskFailure", taskToken=token, error="Mine")
        x = self.d.get("/api/v1/executions/m:urn-x")
        self.assertEqual((x["status"], x["error"], x["cause"], x["output"]),
                         ("FAILED", "Given.Up", "nobody answered", None))
        page = self.d.ask("GET", "/executions/m:urn-x")[1].decode()
        self.assertIn('data-state="Ask" data-type="Task" data-status="caught"', page)
        self.assertIn('data-from="Ask" data-to="Give up" data-taken="1"', page)
        self.assertEqual(page.count("<code>Given.Up</code>"), 2)  # the answer, and the event that says so

    def test_find(self):
        self.d.post({"id": "e-77", "source": "order.service", "detail-type": "OrderReceived",
                     "detail": {"orderId": "o-77"}})
        self.assertEqual(self.d.ask("GET", "/find?q=o-77")[0], 303)
        self.assertEqual(self.d.ask("GET", "/by-key/o-77")[0], 303)
        status, page = self.d.ask("GET", "/by-key/e-77")
        self.assertEqual((status, b"It is the id of an event" in page, b"o-77" in page), (200, True, True))
        self.assertEqual(self.d.ask("GET", "/by-key/nothing")[0], 404)

    def test_entries(self):
        entry = {"Source": "order.service", "DetailType": "OrderReceived", "Detail": '{"orderId":"e1"}'}
        status, answer = self.d.post({"Entries": [entry]})
        self.assertEqual((status, answer["results"][0]["dispositions"][0]["disposition"]), (200, "started"))

    def test_numbers_stay_as_they_were(self):
        arn = self.create('{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}')
        text = '{"a":1.50,"b":9007199254740993,"c":0.30000000000000004,"d":"\\u0000"}'
        self.d.aws("StartExecution", stateMachineArn=arn, name="x", input=text)
        _, run = self.d.aws("DescribeExecution", executionArn=arn.replace("stateMachine", "execution") + ":x")
        self.assertEqual(run["output"], text)

    def test_event_forms(self):
        detail = {"orderId": "o1"}
        entry = {"Source": "order.service", "DetailType": "OrderReceived", "Detail": json.dumps(detail)}
        self.assertEqual(self.d.send(entry), [("order", "started")])
        ce = {"specversion": "1.0", "id": "c1", "source": "order.service", "type": "OrderReceived",
              "data": {"orderId": "o2"}}
        status, data = self.d.ask("POST", "/events", json.dumps(ce), {"Content-Type": "application/cloudevents+json"})
        self.assertEqual(json.loads(data)["results"][0]["dispositions"][0]["disposition"], "started")
        status, data = self.d.ask("POST", "/events", json.dumps([{**ce, "id": "c2", "data": {"orderId": "o3"}}]),
                                  {"Content-Type": "application/cloudevents-batch+json"})
        self.assertEqual(json.loads(data)["results"][0]["eventId"], "c2")
        status, data = self.d.ask("POST", "/events", json.dumps({"orderId": "o4"}),
                                  {"ce-specversion": "1.0", "ce-id": "c3", "ce-source": "order.service",
                                   "ce-type": "OrderReceived"})
        self.assertEqual(json.loads(data)["results"][0]["dispositions"][0]["executionId"], "order:o4")
        # an event without an id is no duplicate of itself
        bare = {"source": "x", "detail-type": "y"}
        ids = {self.d.post(bare)[1]["results"][0]["eventId"] for _ in range(3)}
        self.assertEqual(len(ids), 3)
        for i in ids:
            [d] = self.d.get("/api/v1/dispositions?eventId=" + i)["dispositions"]
            self.assertEqual(d["disposition"], "unmatched")

    def test_lists_page_by_key(self):
        events = [{"id": "e%d" % i, "source": "order.service", "detail-type": "OrderReceived",
                   "detail": {"orderId": "k%03d" % i}} for i in range(25)]
        self.d.post(events)
        for path, name in (("/api/v1/executions?limit=10", "executions"), ("/api/v1/waits?limit=10", "waits"),
                           ("/api/v1/dispositions?limit=10", "dispositions"),
                           ("/api/v1/executions?limit=10&machine=order&status=RUNNING", "executions"),
                           ("/api/v1/executions?limit=10&status=RUNNING", "executions")):
            seen, query = [], ""
            while True:
                page = self.d.get(path + query)
                seen += [x["correlationId"] for x in page[name]]
                if not page["next"]:
                    break
                query = "&next=" + page["next"]
            self.assertEqual(sorted(seen), ["k%03d" % i for i in range(25)], path)
        [w] = self.d.get("/api/v1/waits?correlationId=k003")["waits"]
        self.assertEqual((w["state"], w["awaits"], w["machine"]),
                         ("AwaitPayment", "PaymentSettled or PaymentRefused", "order"))

    def test_status(self):
        self.assertTrue(self.d.get("/api/v1/status")["ready"])
        until(lambda: self.d.get("/api/v1/status")["engine"]["machines"] == 3)

    # ---- live changes

    def stream(self, query, last=None):
        c = http.client.HTTPConnection("127.0.0.1", self.d.port, timeout=20)
        c.request("GET", "/api/v1/stream?" + query, headers={"Last-Event-ID": last} if last else {})
        self.addCleanup(c.close)
        return c.getresponse()

    def message(self, r):
        """The next message: (id, event, data)."""
        found = {}
        while True:
            line = r.readline().decode().rstrip("\n")
            if line == "" and "data" in found:
                return found["id"], found["event"], json.loads(found["data"])
            if ":" in line and not line.startswith(":"):
                key, value = line.split(":", 1)
                found[key] = value.strip()

    def order(self, kind, key):
        source = {"OrderReceived": "order.service", "PaymentSettled": "payment.service"}[kind]
        self.d.send({"source": source, "detail-type": kind, "detail": {"orderId": key}})

    def test_D16_a_page_says_where_its_stream_goes_on(self):
        """Also while nobody watched: what comes behind a page is told, what it shows already is not."""
        place = lambda path: re.search(r'data-feed="([^"]*)"', self.d.ask("GET", path)[1].decode()).group(1)
        self.order("OrderReceived", "f-1")
        first = until(lambda: place("/executions"))
        self.order("OrderReceived", "f-2")
        second = until(lambda: (lambda p: p if p != first else None)(place("/executions?part=main")))
        r = self.stream("topic=executions&after=" + first)
        self.assertEqual(self.message(r)[:2], (first, "hello"))
        self.assertEqual([x["key"] for x in self.message(r)[2]["executions"]], ["f-2"])
        r = self.stream("topic=executions&after=" + second)
        self.assertEqual(self.message(r)[:2], (second, "hello"))
        self.order("OrderReceived", "f-3")
        self.assertEqual([x["key"] for x in self.message(r)[2]["executions"]], ["f-3"])

    def test_stream(self):
        r = self.stream("topic=executions&topic=events")
        self.assertEqual(r.getheader("Content-Type"), "text/event-stream")
        first, event, data = self.message(r)
        self.assertEqual((event, list(data)), ("hello", ["now"]))
        self.order("OrderReceived", "s-1")
        number, event, data = self.message(r)
        self.assertEqual(event, "changes")
        self.assertEqual([(x["id"], x["key"], x["status"], x["states"], x["started"]) for x in data["executions"]],
                         [("order:s-1", "s-1", "RUNNING", ["AwaitPayment"], True)])
        self.assertEqual(data["events"], {"started": 1})
        self.order("PaymentSettled", "s-1")
        later, _, data = self.message(r)
        self.assertEqual(data["executions"][0]["states"], ["AwaitShop"])
        # whoever comes back gets what came between, and nothing twice
        again = self.stream("topic=executions", number)
        self.assertEqual(self.message(again)[:2], (number, "hello"))
        got, event, data = self.message(again)
        self.assertEqual((got, [x["states"] for x in data["executions"]]), (later, [["AwaitShop"]]))
        # one that is followed alone
        one = self.stream("topic=execution%3Aorder%3As-2")
        self.message(one)
        self.order("OrderReceived", "s-3")
        self.order("OrderReceived", "s-2")
        self.assertEqual([x["key"] for x in self.message(one)[2]["executions"]], ["s-2"])
        # what cannot be continued
        for last in ("1-1", "nonsense", first.split("-")[0] + "-99999"):
            self.assertEqual(self.message(self.stream("topic=executions", last))[1], "resync")
        self.assertEqual(self.message(self.stream("topic=executions&after=1-1"))[1], "resync")
        # three are held; the others were left, and that is noticed
        until(lambda: self.d.get("/api/v1/status")["http"]["streams"] == 3)
        for bad in ("", "topic=nothing", "topic=executions&x=1"):
            status, text = self.d.ask("GET", "/api/v1/stream?" + bad)
            self.assertEqual(status, 400)
            self.assertIn("topic=executions", json.loads(text)["message"])

    def test_nobody_misses_what_came_while_nobody_watched(self):
        r = self.stream("topic=executions")
        number = self.message(r)[0]
        r.close()
        until(lambda: self.d.get("/api/v1/status")["http"]["streams"] == 0)
        self.order("OrderReceived", "unseen-1")
        r = self.stream("topic=executions", number)  # within ten seconds it is still told
        self.assertEqual(self.message(r)[1], "hello")
        self.assertEqual([x["key"] for x in self.message(r)[2]["executions"]], ["unseen-1"])
        r.close()
        until(lambda: not self.d.get("/api/v1/status")["http"]["watched"], 40)
        self.order("OrderReceived", "unseen-2")
        self.assertEqual(self.message(self.stream("topic=executions", number))[1], "resync")

    def test_head_of_a_stream(self):
        status, text = self.d.ask("HEAD", "/api/v1/stream?topic=executions")
        self.assertEqual((status, text), (200, b""))
        self.assertEqual(self.d.get("/api/v1/status")["http"]["streams"], 0)
        many = "&".join("topic=execution:m:%d" % i for i in range(65))
        self.assertEqual(self.d.ask("GET", "/api/v1/stream?" + many)[0], 400)

    def test_a_long_gap_is_a_resync(self):
        r = self.stream("topic=executions")
        number = self.message(r)[0]
        for n in range(11):
            self.d.post([{"source": "order.service", "detail-type": "OrderReceived",
                          "detail": {"orderId": "gap-%d-%d" % (n, i)}} for i in range(1000)])
        self.assertEqual(self.message(self.stream("topic=executions", number))[1], "resync")

    # ---- the access log

    def test_the_access_log_has_the_fields_that_were_chosen(self):
        folder = tempfile.mkdtemp(prefix="pavane-access-")
        self.addCleanup(shutil.rmtree, folder, True)
        path = os.path.join(folder, "access.log")
        d = Daemon(access_log=path, access_fields="status,method,path,query,target,agent,bytes,ms,time,id")
        d.start()
        self.addCleanup(d.__exit__)
        lines = lambda: [json.loads(line) for line in open(path).read().splitlines()]
        body = d.ask("GET", "/livez?a=%22", headers={"User-Agent": 'a "browser"'})[1]
        d.ask("POST", "/", "{}", {"X-Amz-Target": "AWSStepFunctions.ListActivities", "Content-Type": "application/x-amz-json-1.0"})
        d.ask("GET", "/nowhere")
        first, second, third = until(lambda: lines() if len(lines()) == 3 else None)
        self.assertEqual(list(first), ["status", "method", "path", "query", "target", "agent", "bytes", "ms", "time", "id"])
        self.assertEqual([first[k] for k in ("status", "method", "path", "query", "target", "agent", "bytes")],
                         [200, "GET", "/livez", "a=%22", "", 'a "browser"', len(body)])
        self.assertEqual([second[k] for k in ("method", "path", "target")], ["POST", "/", "AWSStepFunctions.ListActivities"])
        self.assertEqual((third["status"], third["path"]), (404, "/nowhere"))
        self.assertEqual(third["id"], d.headers["x-amzn-RequestId"])
        self.assertGreater(second["ms"], 0)
        self.assertRegex(third["time"], r"^20\d\d-.*Z$")
        os.rename(path, path + ".1")
        os.kill(d.process.pid, signal.SIGHUP)
        until(lambda: os.path.exists(path))
        d.ask("GET", "/readyz")
        self.assertEqual([x["path"] for x in until(lines)], ["/readyz"])
        self.assertEqual(sum(1 for _ in open(path + ".1")), 3)
        for options, wanted in ((("--access-fields", "status,colour"), "there is no field 'colour'"), ((), "cannot be written")):
            code, _, err = cli("serve", "--db", os.path.join(folder, "x.db"), "--listen", "127.0.0.1:0",
                               "--access-log", path if options else os.path.join(folder, "no", "file"), *options)
            self.assertEqual((code != 0, wanted in err), (True, True), err)

    # ---- metrics

    def test_metrics(self):
        """The exposition's grammar, and that the numbers move."""
        self.order("OrderReceived", "m-1")
        self.d.send({"source": "nobody", "detail-type": "x", "detail": {}})
        status, text = self.d.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(self.d.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        kinds, values = {}, {}
        for line in text.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, kinds)
                kinds[name] = kind
                continue
            if line.startswith("# HELP "):
                continue
            m = re.fullmatch(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)', line)
            self.assertTrue(m, line)
            base = re.sub("_(bucket|sum|count)$", "", m[1])
            self.assertIn(base if kinds.get(base) == "histogram" else m[1], kinds)
            self.assertNotIn(m[1] + (m[2] or ""), values)
            values[m[1] + (m[2] or "")] = float(m[3])
        for name, kind in kinds.items():
            self.assertEqual(name.endswith("_total"), kind == "counter" and not name.startswith("process_cpu_seconds")
                             or name.endswith("_total"), name)
        self.assertEqual(values['pavane_events_received_total{result="started"}'], 1)
        self.assertEqual(values["pavane_events_unmatched_total"], 1)
        self.assertEqual(values['pavane_executions{machine="order",status="RUNNING"}'], 1)
        self.assertEqual(values["pavane_tokens_waiting"], 1)
        self.assertEqual(values["pavane_ack_duration_seconds_count"], 2)
        self.assertEqual(values['pavane_ack_duration_seconds_bucket{le="+Inf"}'], 2)
        self.assertGreaterEqual(values["pavane_sync_duration_seconds_count"], 2)
        self.assertGreater(values["pavane_wal_bytes"], 0)
        self.assertGreater(values["process_resident_memory_bytes"], 1e6)

    def test_status_shows_the_engine(self):
        self.order("OrderReceived", "m-1")
        s = self.d.get("/api/v1/status")
        self.assertEqual(set(s["microseconds"]), {"collect", "advance", "flush", "commit", "release", "checkpoint",
                                                   "longestTurn"})
        self.assertEqual(s["commits"]["eventsEach"]["mean"], 1)
        self.assertGreater(s["commits"]["syncMicroseconds"]["mean"], 0)
        for name in ("queue", "queueMost", "turns", "rollbacks"):
            self.assertIn(name, s["engine"])


if __name__ == "__main__":
    main()
