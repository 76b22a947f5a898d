"""Tasks of every kind, against the real daemon and a real HTTP server beside it."""
import base64
import http.client
import http.server
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from harness import Daemon, cli, main, until

T = "arn:aws:states:::"
ROLE = "arn:aws:iam::000000000000:role/none"


def arn(kind, name):
    return "arn:aws:states:us-east-1:000000000000:%s:%s" % (kind, name)


class Outside:
    """An HTTP server that remembers what it was asked."""

    def __init__(self):
        outside = self
        self.requests, self.delay = [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outside.requests.append((self.command, self.path, dict(self.headers), body))
                time.sleep(outside.delay)
                status, headers, answer = outside.answer(self.path, body)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except ConnectionError:
                    pass  # the caller's deadline had passed

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = "127.0.0.1:%d" % self.server.server_port
        self.url = "http://" + self.host

    def answer(self, path, body):
        if "/bad/" in path:
            return 200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorType":"Mine","errorMessage":"no"}'
        if "/gone" in path:
            return 404, {}, b"{}"
        if "/moved" in path:
            return 302, {"Location": self.url + "/elsewhere"}, b""
        if "/large" in path:
            return 200, {}, b"x" * 5000
        return 200, {"Content-Type": "application/json"}, b'{"echo":%s}' % (body if body[:1] in (b"{", b"[") else b'"-"')

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pavane-tasks-")
        self.outside = Outside()
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data)
        services = {"functions": {"*": self.outside.url}, "queues": {"*": self.outside.url + "/queue"},
                    "topics": {"*": self.outside.url + "/topic"}, "allow": [self.outside.host],
                    "connections": {"c1": {"type": "BASIC", "username": "u", "password": "p"}},
                    "tables": {"orders": {"key": ["id"]}}, "answerBytes": 4000, "timeoutSeconds": 5}
        self.services = os.path.join(self.folder, "services.json")
        with open(self.services, "w") as f:
            json.dump(services, f)
        self.d = Daemon(folder=self.folder, services=self.services, data=self.data).start()

    def tearDown(self):
        try:
            if self.d.process:
                self.d.stop()
        finally:
            self.outside.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, action, **parameters):
        status, answer = self.d.aws(action, **parameters)
        self.assertEqual(status, 200, answer)
        return answer

    def machine(self, name, states, **more):
        definition = json.dumps({"StartAt": list(states)[0], "States": states})
        return self.ask("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **more)["stateMachineArn"]

    def start(self, machine_arn, value=None, **more):
        return self.ask("StartExecution", stateMachineArn=machine_arn, input=json.dumps(value or {}, separators=(",", ":")), **more)["executionArn"]

    def describe(self, execution):
        return self.ask("DescribeExecution", executionArn=execution)

    def ended(self, execution):
        return until(lambda: (lambda d: d if d["status"] != "RUNNING" else None)(self.describe(execution)))

    def run_one(self, name, states, value=None):
        """(status, output, error, execution)"""
        execution = self.start(self.machine(name, states), value)
        d = self.ended(execution)
        return d["status"], json.loads(d.get("output", "null")), d.get("error"), execution

    def types(self, execution):
        events = self.ask("GetExecutionHistory", executionArn=execution, maxResults=1000)["events"]
        return [e["type"] for e in events]


def task(resource, parameters=None, **more):
    state = {"Type": "Task", "Resource": resource if resource.startswith("arn:") else T + resource, "End": True, **more}
    if parameters is not None:
        state["Parameters"] = parameters
    return {"A": state}


class Services(Case):
    def test_lambda(self):
        status, output, _, x = self.run_one("f", task("lambda:invoke", {"FunctionName": "f", "Payload.$": "$"}), {"x": 1})
        self.assertEqual((status, output["Payload"], output["StatusCode"]), ("SUCCEEDED", {"echo": {"x": 1}}, 200))
        self.assertIn("RequestId", output["SdkResponseMetadata"])
        self.assertEqual(self.outside.requests[0][1], "/2015-03-31/functions/f/invocations")
        self.assertIn("X-Pavane-Idempotency-Key", self.outside.requests[0][2])
        self.assertIn("TaskSucceeded", self.types(x))
        status, output, _, x = self.run_one("g", task("arn:aws:lambda:us-east-1:000000000000:function:g"), {"y": 2})
        self.assertEqual((status, output), ("SUCCEEDED", {"echo": {"y": 2}}))
        self.assertIn("LambdaFunctionSucceeded", self.types(x))

    def test_lambda_errors(self):
        status, _, error, _ = self.run_one("f", task("lambda:invoke", {"FunctionName": "bad"}))
        self.assertEqual((status, error), ("FAILED", "Mine"))
        self.outside.delay = 2
        status, _, error, _ = self.run_one("g", task("lambda:invoke", {"FunctionName": "f"}, TimeoutSeconds=1))
        self.assertEqual((status, error), ("FAILED", "States.Timeout"))

    def test_a_call_survives_a_kill(self):
        """It is made again, with the same key, and ends the task once."""
        self.outside.delay = 0.5
        x = self.start(self.machine("f", task("lambda:invoke", {"FunctionName": "f"})))
        until(lambda: self.outside.requests)
        self.d.kill()
        self.d.start()
        self.assertEqual(self.ended(x)["status"], "SUCCEEDED")
        self.assertEqual(len({r[2]["X-Pavane-Idempotency-Key"] for r in self.outside.requests}), 1)
        self.assertEqual(len(self.outside.requests), 2)
        self.assertEqual(self.types(x).count("TaskSucceeded"), 1)

    def test_messages(self):
        status, output, _, _ = self.run_one("q", task("sqs:sendMessage", {"QueueUrl": "q1", "MessageBody": {"a": 1}}))
        self.assertEqual((status, output["MD5OfMessageBody"]), ("SUCCEEDED", "bb6cb5c68df4652941caf652a366f2d8"))
        self.assertEqual(self.outside.requests[0][3], b'{"a":1}')
        status, output, _, _ = self.run_one("s", task("sns:publish", {"TopicArn": "t", "Message": "hi"}))
        self.assertEqual((status, self.outside.requests[1][3]), ("SUCCEEDED", b"hi"))
        _, _, error, _ = self.run_one("e", task("sqs:sendMessage", {"QueueUrl": "q1", "MessageBody": ""}))
        self.assertEqual(error, "SQS.AmazonSQSException")

    def test_callback_through_a_queue(self):
        x = self.start(self.machine("cb", task("sqs:sendMessage.waitForTaskToken", {
            "QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}, HeartbeatSeconds=60)))
        until(lambda: "TaskSubmitted" in self.types(x))
        token = json.loads(self.outside.requests[0][3])["token"]
        self.ask("SendTaskHeartbeat", taskToken=token)
        self.ask("SendTaskSuccess", taskToken=token, output='{"ok":true}')
        self.assertEqual(json.loads(self.ended(x)["output"]), {"ok": True})
        status, answer = self.d.aws("SendTaskSuccess", taskToken=token, output="{}")
        self.assertEqual((status, answer["__type"]), (400, "TaskTimedOut"))

    def test_http(self):
        status, output, _, _ = self.run_one("h", task("http:invoke", {
            "ApiEndpoint": self.outside.url + "/x", "Method": "PUT", "RequestBody": {"z": 1},
            "QueryParameters": {"q": ["1", "a b"]}, "Headers": {"X-Mine": "1"},
            "Authentication": {"ConnectionArn": "c1"}}))
        self.assertEqual((status, output["StatusCode"], output["ResponseBody"]), ("SUCCEEDED", 200, {"echo": {"z": 1}}))
        method, path, headers, _ = self.outside.requests[0]
        self.assertEqual((method, path, headers["X-Mine"]), ("PUT", "/x?q=1&q=a%20b", "1"))
        self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(b"u:p").decode())

    def test_http_is_fenced(self):
        for path, error in (("/moved", "States.Http.StatusCode.302"), ("/gone", "States.Http.StatusCode.404"),
                            ("/large", "States.Http.Socket")):
            _, _, found, _ = self.run_one(path[1:], task("http:invoke", {"ApiEndpoint": self.outside.url + path, "Method": "GET"}))
            self.assertEqual(found, error)
        self.assertEqual(len(self.outside.requests), 3)  # no redirect was followed
        for name, url in (("n1", "http://example.com/"), ("n2", "http://localhost:1/"),
                          ("n3", "http://%s@example.com/" % self.outside.host), ("n4", "file:///etc/passwd")):
            _, _, found, _ = self.run_one(name, task("http:invoke", {"ApiEndpoint": url, "Method": "GET"}))
            self.assertEqual(found, "Pavane.HostNotAllowed")

    def test_a_name_that_leads_inside(self):
        """The address is looked at, not the name alone."""
        self.d.stop()
        services = json.load(open(self.services))
        services["allow"] = ["pavane-test.localhost:%d" % self.outside.server.server_port]
        json.dump(services, open(self.services, "w"))
        self.d.start()
        _, _, error, _ = self.run_one("n", task("http:invoke", {
            "ApiEndpoint": "http://" + services["allow"][0] + "/", "Method": "GET"}))
        self.assertEqual(error, "States.Http.Socket")
        self.assertEqual(self.outside.requests, [])

    def test_tables(self):
        key = {"TableName": "orders", "Key": {"id": {"S": "1"}}}
        states = {
            "P": {"Type": "Task", "Resource": T + "dynamodb:putItem", "ResultPath": None, "Next": "U", "Parameters": {
                "TableName": "orders", "Item": {"id": {"S": "1"}, "n": {"N": "4"}},
                "ConditionExpression": "attribute_not_exists(id)"}},
            "U": {"Type": "Task", "Resource": T + "dynamodb:updateItem", "ResultPath": None, "Next": "G", "Parameters": {
                **key, "UpdateExpression": "SET #n = #n + :one, x = if_not_exists(x, :x) REMOVE gone",
                "ConditionExpression": "#n BETWEEN :one AND :nine AND NOT (x = :x OR contains(id, :x))",
                "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {
                    ":one": {"N": "1"}, ":nine": {"N": "9"}, ":x": {"S": "X"}}}},
            "G": {"Type": "Task", "Resource": T + "dynamodb:getItem", "Parameters": key, "Next": "D"},
            "D": {"Type": "Task", "Resource": T + "aws-sdk:dynamodb:deleteItem", "End": True,
                  "Parameters": {**key, "ReturnValues": "ALL_OLD"}, "ResultPath": "$.deleted"}}
        status, output, _, _ = self.run_one("t", states)
        self.assertEqual((status, output["Item"]), ("SUCCEEDED", {"id": {"S": "1"}, "n": {"N": "5"}, "x": {"S": "X"}}))
        self.assertEqual(output["deleted"]["Attributes"], output["Item"])
        for name, parameters, error in (
                ("none", {"TableName": "nope", "Item": {"id": {"S": "1"}}}, "DynamoDB.ResourceNotFoundException"),
                ("key", {"TableName": "orders", "Item": {"x": {"S": "1"}}}, "DynamoDB.AmazonDynamoDBException"),
                ("cond", {"TableName": "orders", "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_exists(id)"},
                 "DynamoDB.ConditionalCheckFailedException")):
            self.assertEqual(self.run_one(name, task("dynamodb:putItem", parameters))[2], error)

    def test_what_nobody_serves(self):
        status, _, error, _ = self.run_one("u", task("glue:startJobRun", {}))
        self.assertEqual((status, error), ("FAILED", "Pavane.ResourceNotMapped"))
        x = self.start(self.machine("w", task("aws-sdk:s3:listBuckets.waitForTaskToken", {})))
        self.assertEqual(self.describe(x)["status"], "RUNNING")
        self.assertIn("TaskSubmitted", self.types(x))


class Children(Case):
    def setUp(self):
        super().setUp()
        self.child = self.machine("child", {"A": {"Type": "Pass", "Result": {"r": 1}, "End": True}})
        self.failing = self.machine("failing", {"A": {"Type": "Fail", "Error": "E", "Cause": "C"}})
        self.waiting = self.machine("waiting", {"A": {"Type": "Wait", "Seconds": 3600, "End": True}})

    def test_start_execution(self):
        status, output, _, _ = self.run_one("p", task("states:startExecution", {"StateMachineArn": self.child, "Input": {"a": 1}}))
        self.assertEqual(status, "SUCCEEDED")
        self.assertEqual(json.loads(self.describe(output["ExecutionArn"])["input"]), {"a": 1})
        status, output, _, x = self.run_one("s", task("states:startExecution.sync", {"StateMachineArn": self.child, "Input": {"a": 1}}))
        self.assertEqual((output["Output"], output["Input"], output["Status"]), ('{"r":1}', '{"a":1}', "SUCCEEDED"))
        self.assertIn("TaskSubmitted", self.types(x))
        status, output, _, _ = self.run_one("s2", task("states:startExecution.sync:2", {"StateMachineArn": self.child}))
        self.assertEqual(output["Output"], {"r": 1})
        status, _, error, x = self.run_one("f", task("states:startExecution.sync", {"StateMachineArn": self.failing}))
        self.assertEqual((status, error, json.loads(self.describe(x)["cause"])["Error"]), ("FAILED", "States.TaskFailed", "E"))
        _, _, error, _ = self.run_one("n", task("states:startExecution", {"StateMachineArn": arn("stateMachine", "nope")}))
        self.assertEqual(error, "StepFunctions.StateMachineDoesNotExistException")
        states = task("states:startExecution", {"StateMachineArn": self.waiting, "Name": "one"})
        self.assertEqual(self.run_one("d1", states)[0], "SUCCEEDED")
        self.assertEqual(self.run_one("d2", states)[2], "StepFunctions.ExecutionAlreadyExistsException")

    def test_parent_and_child_end_together(self):
        x = self.start(self.machine("p", task("states:startExecution.sync", {"StateMachineArn": self.waiting, "Name": "c"})))
        child = arn("execution", "waiting:c")
        until(lambda: self.d.aws("DescribeExecution", executionArn=child)[0] == 200)
        self.ask("StopExecution", executionArn=x)
        self.assertEqual(self.ended(child)["status"], "ABORTED")

    def test_D4_the_page_says_what_is_waited_for(self):
        def answer(x):
            page = self.d.ask("GET", "/executions/" + urllib.parse.quote(":".join(x.split(":")[-2:])))[1].decode()
            return re.sub(r"<[^>]*>", "", page.split('id="answer">')[1].split("</div>")[0]), page

        x = self.start(self.machine("p", task("states:startExecution.sync", {"StateMachineArn": self.waiting, "Name": "c"})))
        until(lambda: "TaskSubmitted" in self.types(x))
        text, page = answer(x)
        self.assertIn("waits in A for the execution waiting:c, which is in A, since", text)
        self.assertRegex(page, r'<a href="[^"]*executions/waiting%3Ac">')
        text, _ = answer(arn("execution", "waiting:c"))
        self.assertRegex(text, r"sleeps in A until \w")
        computed = {"S": {"Type": "Wait", "SecondsPath": "$.n", "End": True}, "T": {"Type": "Wait", "TimestampPath": "$.t", "End": True}}
        x = self.start(self.machine("s", {"S": computed["S"]}), {"n": 86400})
        self.assertRegex(answer(x)[0], r"sleeps in S until \w")
        x = self.start(self.machine("t", {"T": computed["T"]}), {"t": "2199-05-06T07:08:09Z"})
        self.assertIn("sleeps in T until 6 May 2199 07:08", answer(x)[0])
        x = self.start(self.machine("q", task("sqs:sendMessage.waitForTaskToken", {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}})))
        until(lambda: "TaskSubmitted" in self.types(x))
        self.assertIn("for its callback token, given to sqs:sendMessage", answer(x)[0])
        wait = {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "End": True,
                "Parameters": {"EventPattern": {"detail-type": ["Paid"]}}}
        both = {"B": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "E", "States": {"E": wait}}, {
            "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}]}}
        text = answer(self.start(self.machine("both", both)))[0]
        self.assertIn("waits in E for Paid", text)
        self.assertNotIn("no time limit is set", text)
        each = {"M": {"Type": "Map", "End": True, "ItemsPath": "$.l", "ItemProcessor": {"StartAt": "E", "States": {"E": wait}}}}
        text = answer(self.start(self.machine("each", each), {"l": [1, 2, 3]}))[0]
        self.assertEqual((text.count("waits in E"), ", in 3 of 3 items, since" in text), (1, True), text)

    def test_survives_a_kill(self):
        child = self.machine("brief", {"A": {"Type": "Wait", "Seconds": 1, "End": True}})
        x = self.start(self.machine("p", task("states:startExecution.sync", {"StateMachineArn": child, "Name": "c"})))
        self.d.kill()
        self.d.start()
        self.assertEqual(self.ended(x)["status"], "SUCCEEDED")
        self.assertEqual(self.types(x).count("TaskSubmitted"), 1)


class Activities(Case):
    def poll(self, activity):
        return self.ask("GetActivityTask", activityArn=activity, workerName="w")

    def test_long_poll(self):
        activity = self.ask("CreateActivity", name="work")["activityArn"]
        machine = self.machine("m", task(activity, HeartbeatSeconds=60))
        got = []
        poller = threading.Thread(target=lambda: got.append(self.poll(activity)))
        poller.start()
        until(lambda: self.d.get("/api/v1/status")["http"]["open"] > 1)  # the poller's, beside this one
        x = self.start(machine, {"q": 1})
        poller.join()
        self.assertEqual(json.loads(got[0]["input"]), {"q": 1})
        self.ask("SendTaskHeartbeat", taskToken=got[0]["taskToken"])
        self.ask("SendTaskFailure", taskToken=got[0]["taskToken"], error="E")
        self.assertEqual(self.ended(x)["error"], "E")
        self.assertEqual([t for t in self.types(x) if t.startswith("Activity")],
                         ["ActivityScheduled", "ActivityStarted", "ActivityFailed"])

    def test_oldest_first_and_once(self):
        activity = self.ask("CreateActivity", name="work")["activityArn"]
        machine = self.machine("m", task(activity))
        for n in range(5):
            self.start(machine, {"n": n})
        self.assertEqual([json.loads(self.poll(activity)["input"])["n"] for _ in range(5)], list(range(5)))
        self.d.kill()
        self.d.start()
        self.assertEqual(self.d.aws("GetActivityTask", activityArn=arn("activity", "none"))[1]["__type"], "ActivityDoesNotExist")

    def test_a_worker_that_left(self):
        activity = self.ask("CreateActivity", name="work")["activityArn"]
        machine = self.machine("m", task(activity))
        c = http.client.HTTPConnection("127.0.0.1", self.d.port, timeout=20)
        c.request("POST", "/", json.dumps({"activityArn": activity}), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AWSStepFunctions.GetActivityTask"})
        time.sleep(0.2)
        c.close()
        time.sleep(0.2)
        self.start(machine, {"n": 1})
        self.assertEqual(json.loads(self.poll(activity)["input"]), {"n": 1})


class MapRuns(Case):
    def states(self, inner, **more):
        return {"M": {"Type": "Map", "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": inner}},
            "End": True, **more}}

    def put(self, bucket, key, text):
        path = os.path.join(self.data, bucket, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def reader(self, key, **config):
        return {"Resource": T + "s3:getObject", "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": key}}

    def test_objects(self):
        inner = {"Type": "Pass", "End": True}
        self.put("b", "x.csv", 'a,b\n1,"x,""y"\n2,z\n')
        self.put("b", "x.json", '{"rows":[1,2,3]}')
        self.put("b", "x.jsonl", '{"n":1}\n\n{"n":2}\n')
        for name, reader, expected in (
                ("csv", self.reader("x.csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW"), [{"a": "1", "b": 'x,"y'}, {"a": "2", "b": "z"}]),
                ("json", self.reader("x.json", InputType="JSON", ItemsPointer="/rows", MaxItems=2), [1, 2]),
                ("jsonl", self.reader("x.jsonl", InputType="JSONL"), [{"n": 1}, {"n": 2}])):
            self.assertEqual(self.run_one(name, self.states(inner, ItemReader=reader))[:2], ("SUCCEEDED", expected))
        lists = {"Resource": T + "s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "x.j"}}
        status, output, _, _ = self.run_one("list", self.states(inner, ItemReader=lists))
        self.assertEqual([o["Key"] for o in output], ["x.json", "x.jsonl"])

    def test_an_object_that_got_shorter(self):
        """It is read again after a kill: what was put into rows of the longer one is not run."""
        inner = {"Type": "Pass", "End": True}
        self.put("b", "n.json", json.dumps([{"i": i, "pad": "x" * 100} for i in range(40000)]))
        x = self.start(self.machine("m", self.states(inner, ItemReader=self.reader("n.json", InputType="JSON"), ResultPath=None)))
        run = until(lambda: self.ask("ListMapRuns", executionArn=x)["mapRuns"])[0]["mapRunArn"]
        counts = lambda: self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]
        until(lambda: counts()["pending"] > 0)
        self.d.kill()
        filled = cli("verify", "--db", self.d.db)
        self.assertEqual(filled[0], 0, filled)
        self.put("b", "n.json", json.dumps([{"i": i} for i in range(100)]))
        self.d.start()
        until(lambda: self.describe(x)["status"] != "RUNNING", 60)
        self.assertEqual(self.describe(x)["status"], "SUCCEEDED")
        said = counts()
        self.assertEqual((said["succeeded"], said["pending"], said["running"]), (said["total"], 0, 0), said)
        self.assertIn(said["total"], (100, 40000))  # the second: it was in rows before the kill

    def test_wide_tables(self):
        inner = {"Type": "Pass", "End": True}
        self.put("b", "head.csv", ",".join("c%d" % n for n in range(5000)) + "\n1\n")
        self.put("b", "cells.csv", ",".join("%x" % n for n in range(1500)) + "\n" + "1\n" * 20000)
        for name, said in (("head", "CSV headers have at most 10 KiB."), ("cells", "The rows have more than 10000000 fields.")):
            reader = self.reader(name + ".csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW")
            _, _, error, x = self.run_one(name, self.states(inner, ItemReader=reader))
            self.assertEqual((error, self.describe(x)["cause"]), ("States.ItemReaderFailed", said))

    def test_objects_stay_inside(self):
        os.symlink("/etc/passwd", os.path.join(self.data, "link"))
        os.makedirs(os.path.join(self.data, "b"))
        outside = os.path.join(self.folder, "outside.json")
        with open(outside, "w") as f:
            f.write("[1]")
        os.symlink(outside, os.path.join(self.data, "b", "link"))
        for name, key in (("dots", "../../../etc/passwd"), ("link", "link"), ("none", "nope")):
            _, _, error, _ = self.run_one(name, self.states({"Type": "Pass", "End": True}, ItemReader=self.reader(key, InputType="JSON")))
            self.assertEqual(error, "States.ItemReaderFailed")

    def test_A17_what_is_written_stays_inside(self):
        """Not even a folder is made behind a link, and a name is not cut at U+0000."""
        outside = os.path.join(self.folder, "outside")
        os.makedirs(outside)
        os.makedirs(self.data, exist_ok=True)
        os.symlink(outside, os.path.join(self.data, "out"))
        def states(bucket):
            return self.states({"Type": "Pass", "End": True}, ItemsPath="$.l", ResultWriter={
                "Resource": T + "s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "p"}})
        self.assertEqual(self.run_one("link", states("out"), {"l": [1]})[2], "States.ResultWriterFailed")
        self.assertEqual(os.listdir(outside), [])
        self.assertEqual(self.run_one("nul", states("b\0c"), {"l": [1]})[2], "States.ResultWriterFailed")
        self.assertFalse(os.path.exists(os.path.join(self.data, "b")))
        self.put("b", "x.json", "[1]")
        reader = self.states({"Type": "Pass", "End": True}, ItemReader=self.reader("x.json\0y", InputType="JSON"))
        self.assertEqual(self.run_one("cut", reader)[2], "States.ItemReaderFailed")

    def test_batches_and_results(self):
        states = self.states({"Type": "Pass", "End": True}, ItemsPath="$.l", Label="batches",
                             ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"k": 1}},
                             ResultWriter={"Resource": T + "s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}})
        status, output, _, x = self.run_one("m", states, {"l": [1, 2, 3]})
        self.assertEqual(status, "SUCCEEDED")
        manifest = json.load(open(os.path.join(self.data, "out", output["ResultWriterDetails"]["Key"])))
        results = json.load(open(os.path.join(self.data, "out", manifest["ResultFiles"]["SUCCEEDED"][0]["Key"])))
        self.assertEqual(sorted(json.loads(r["Input"])["Items"] for r in results), [[1, 2], [3]])
        run = self.ask("ListMapRuns", executionArn=x)["mapRuns"][0]["mapRunArn"]
        self.assertIn("/batches:", run)
        self.assertEqual(self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]["succeeded"], 2)
        children = self.ask("ListExecutions", mapRunArn=run)["executions"]
        self.assertEqual(len(children), 2)
        self.assertEqual(self.types(children[0]["executionArn"])[-1], "ExecutionSucceeded")
        self.assertEqual(len(self.ask("ListExecutions", stateMachineArn=arn("stateMachine", "m"))["executions"]), 1)

    def test_tolerance(self):
        inner = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericGreaterThan": 2, "Next": "F"}], "Default": "S"}
        more = {"F": {"Type": "Fail", "Error": "Big"}, "S": {"Type": "Succeed"}}
        for name, tolerance, status in (("t0", {}, "FAILED"), ("t1", {"ToleratedFailureCount": 1}, "SUCCEEDED"),
                                        ("t2", {"ToleratedFailurePercentage": 20}, "FAILED")):
            states = self.states(inner, ItemsPath="$.l", MaxConcurrency=1, **tolerance)
            states["M"]["ItemProcessor"]["States"].update({k: v for k, v in more.items()})
            found, output, error, _ = self.run_one(name, states, {"l": [1, 2, 3]})
            self.assertEqual(found, status)
            self.assertEqual(error if status == "FAILED" else output,
                             "States.ExceedToleratedFailureThreshold" if status == "FAILED" else [1, 2])

    def test_concurrency_and_update(self):
        self.put("b", "n.json", json.dumps(list(range(6))))
        states = self.states({"Type": "Task", "Resource": T + "aws-sdk:s3:x.waitForTaskToken", "Parameters": {}, "End": True},
                             ItemReader=self.reader("n.json", InputType="JSON"), MaxConcurrency=2)
        x = self.start(self.machine("m", states))
        run = until(lambda: self.ask("ListMapRuns", executionArn=x)["mapRuns"])[0]["mapRunArn"]
        until(lambda: self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]["running"] == 2)
        self.ask("UpdateMapRun", mapRunArn=run, maxConcurrency=5)
        until(lambda: self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]["running"] == 5)
        self.ask("StopExecution", executionArn=x)
        until(lambda: self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]["aborted"] == 5)
        self.assertEqual(self.ask("ListExecutions", mapRunArn=run, statusFilter="RUNNING")["executions"], [])

    def test_redrive(self):
        """The same map run goes on; what had succeeded is not called again."""
        inner = {"Type": "Task", "Resource": T + "lambda:invoke", "OutputPath": "$.Payload", "End": True,
                 "Parameters": {"FunctionName.$": "$", "Payload.$": "$"}}
        x = self.start(self.machine("m", self.states(inner, MaxConcurrency=1)), ["good", "bad", "good2"])
        self.assertEqual(self.ended(x)["error"], "States.ExceedToleratedFailureThreshold")
        [run] = [r["mapRunArn"] for r in self.ask("ListMapRuns", executionArn=x)["mapRuns"]]
        self.outside.answer = lambda path, body: (200, {}, b'"mended"')
        self.ask("RedriveExecution", executionArn=x)
        d = self.ended(x)
        self.assertEqual((d["status"], json.loads(d["output"])), ("SUCCEEDED", [{"echo": "-"}, "mended", "mended"]))
        self.assertEqual([p.split("/")[3] for _, p, _, _ in self.outside.requests], ["good", "bad", "bad", "good2"])
        described = self.ask("DescribeMapRun", mapRunArn=run)
        self.assertEqual((described["status"], described["redriveCount"], described["itemCounts"]["succeeded"]), ("SUCCEEDED", 1, 3))
        self.assertEqual(self.types(x)[-6:], ["ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded", "MapStateSucceeded",
                                              "MapStateExited", "ExecutionSucceeded"])

    def test_C2_a_redrive_whose_children_fail_at_once(self):
        """Whatever the children do, nothing stays RUNNING that nothing could wake."""
        fail = {"Type": "Fail", "Error": "E"}
        children = {
            "fail": {"I": fail},
            "failing-pass": {"I": {"Type": "Pass", "Parameters": {"x.$": "$.absent"}, "End": True}},
            "wait-then-fail": {"I": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": fail},
            "nested-map": {"I": {"Type": "Map", "ItemsPath": "$.list", "End": True,
                                 "ItemProcessor": {"StartAt": "F", "States": {"F": fail}}}},
        }
        for name, states in children.items():  # B19: lists leave out what a Map started
            outer = {"M": {"Type": "Map", "End": True, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": states}}}
            x = self.start(self.machine(name, outer), [{"list": [1]}, {"list": [2]}, {"list": [3]}])
            self.assertEqual(self.ended(x)["status"], "FAILED", name)
            for n in range(1, 3):
                self.ask("RedriveExecution", executionArn=x)
                d = self.ended(x)
                self.assertEqual((d["status"], d["redriveCount"]), ("FAILED", n), name)
                [run] = [r["mapRunArn"] for r in self.ask("ListMapRuns", executionArn=x)["mapRuns"]]
                run = self.ask("DescribeMapRun", mapRunArn=run)
                self.assertEqual((run["status"], run["redriveCount"]), ("FAILED", n), name)
                self.assertGreaterEqual(run["redriveDate"], run["startDate"])
            self.assertEqual(self.ask("ListExecutions", mapRunArn=run["mapRunArn"], statusFilter="RUNNING")["executions"], [])
            self.assertEqual(len(self.d.executions(machine=name)), 1)
            self.assertEqual(len(self.d.executions(machine=name, children="true")), 4)
        self.assertEqual(len(self.d.executions()), len(children))
        self.assertEqual(len(self.d.executions(children="true")), 4 * len(children))
        self.assertEqual(self.ask("ListExecutions", statusFilter="RUNNING", stateMachineArn=arn("stateMachine", "fail"))["executions"], [])

    def test_survives_kills(self):
        """Killed again and again, every item runs to its end once."""
        self.put("b", "n.json", json.dumps(list(range(9000))))
        states = self.states({"Type": "Pass", "End": True}, ItemReader=self.reader("n.json", InputType="JSON"))
        x = self.start(self.machine("m", states))
        run = until(lambda: self.ask("ListMapRuns", executionArn=x)["mapRuns"])[0]["mapRunArn"]
        done = 0
        while done < 6000:
            counts = until(lambda: (lambda c: c if c["succeeded"] > done else None)(
                self.ask("DescribeMapRun", mapRunArn=run)["itemCounts"]))
            done = counts["succeeded"] + 1500
            self.d.kill()
            self.d.start()
        d = self.ended(x)
        self.assertEqual((d["status"], json.loads(d["output"])), ("SUCCEEDED", list(range(9000))))
        seen, token = set(), {}
        while True:
            page = self.ask("ListExecutions", mapRunArn=run, maxResults=1000, **token)
            seen |= {e["executionArn"] for e in page["executions"]}
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        self.assertEqual(len(seen), 9000)


class Lives(Case):
    def test_express(self):
        m = self.machine("e", {"A": {"Type": "Wait", "Seconds": 1, "End": True}}, type="EXPRESS")
        answer = self.ask("StartSyncExecution", stateMachineArn=m, name="n", input='{"a":1}')
        self.assertEqual((answer["status"], answer["output"], answer["name"]), ("SUCCEEDED", '{"a":1}', "n"))
        self.assertIn(":express:e:n:", answer["executionArn"])
        self.assertEqual(self.ask("StartSyncExecution", stateMachineArn=m, name="n")["status"], "SUCCEEDED")
        standard = self.machine("s", {"A": {"Type": "Succeed"}})
        self.assertEqual(self.d.aws("StartSyncExecution", stateMachineArn=standard)[1],
                         {"__type": "StateMachineTypeNotSupported",
                          "message": "This operation is not supported by this type of state machine"})

    def test_redrive(self):
        branch = {"StartAt": "W", "States": {"W": {
            "Type": "Task", "Resource": T + "sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}, "End": True}}}
        good = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "good", "End": True}}}
        x = self.start(self.machine("m", {"B": {"Type": "Parallel", "Branches": [branch, good], "End": True}}))
        until(lambda: self.outside.requests)
        self.ask("SendTaskFailure", taskToken=json.loads(self.outside.requests[0][3])["t"], error="E")
        self.assertEqual(self.ended(x)["redriveStatus"], "REDRIVABLE")
        date = self.ask("RedriveExecution", executionArn=x, clientToken="once")
        self.assertEqual(self.ask("RedriveExecution", executionArn=x, clientToken="once"), date)
        self.assertEqual(self.d.aws("RedriveExecution", executionArn=x)[1]["__type"], "ExecutionNotRedrivable")
        until(lambda: len(self.outside.requests) == 2)
        self.ask("SendTaskSuccess", taskToken=json.loads(self.outside.requests[1][3])["t"], output='"late"')
        d = self.ended(x)
        self.assertEqual((json.loads(d["output"]), d["redriveCount"]), (["late", "good"], 1))
        self.assertEqual(self.types(x).count("PassStateEntered"), 1)  # the branch that had ended is not run again
        self.assertEqual(len(self.ask("ListExecutions", stateMachineArn=arn("stateMachine", "m"), redriveFilter="REDRIVEN")["executions"]), 1)
        self.assertEqual(self.ask("ListExecutions", stateMachineArn=arn("stateMachine", "m"), redriveFilter="NOT_REDRIVEN")["executions"], [])

    def test_versions_and_aliases(self):
        m = self.machine("m", {"A": {"Type": "Pass", "Result": 1, "End": True}})
        one = self.ask("PublishStateMachineVersion", stateMachineArn=m)["stateMachineVersionArn"]
        self.assertEqual(self.ask("PublishStateMachineVersion", stateMachineArn=m)["stateMachineVersionArn"], one)
        two = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}})
        updated = self.ask("UpdateStateMachine", stateMachineArn=m, definition=two, publish=True)
        self.assertEqual(updated["stateMachineVersionArn"], m + ":2")
        alias = self.ask("CreateStateMachineAlias", name="live", routingConfiguration=[
            {"stateMachineVersionArn": one, "weight": 100}])["stateMachineAliasArn"]
        for start, output in ((m, 2), (m + ":2", 2), (one, 1), (alias, 1)):
            self.assertEqual(json.loads(self.ended(self.start(start))["output"]), output)
        self.assertEqual(self.d.aws("DeleteStateMachineVersion", stateMachineVersionArn=one)[1]["__type"], "ConflictException")
        self.ask("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=[
            {"stateMachineVersionArn": m + ":2", "weight": 100}])
        self.assertEqual(json.loads(self.ended(self.start(alias))["output"]), 2)
        self.ask("DeleteStateMachineVersion", stateMachineVersionArn=one)
        self.assertEqual([v["stateMachineVersionArn"] for v in
                          self.ask("ListStateMachineVersions", stateMachineArn=m)["stateMachineVersions"]], [m + ":2"])

    def test_delete(self):
        m = self.machine("m", {"A": {"Type": "Wait", "Seconds": 3600, "End": True}})
        self.start(m)
        self.ask("DeleteStateMachine", stateMachineArn=m)
        self.assertEqual(self.d.aws("StartExecution", stateMachineArn=m)[1]["__type"], "StateMachineDoesNotExist")
        until(lambda: not self.d.executions(status="RUNNING"))
        again = self.machine("m", {"A": {"Type": "Succeed"}})  # the name is free
        self.assertEqual(self.ended(self.start(again))["status"], "SUCCEEDED")
        self.d.stop()
        self.d.start()
        self.assertEqual(len(self.ask("ListStateMachines")["stateMachines"]), 1)

    def test_status_events(self):
        machines = os.path.join(self.folder, "machines")
        os.makedirs(os.path.join(machines, "watch"))
        json.dump({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, open(os.path.join(machines, "watch", "machine.asl.json"), "w"))
        json.dump({"correlationId": "$.detail.executionArn", "start": [{"name": "failed", "pattern": {
            "source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"], "detail": {"status": ["FAILED"]}}}],
            "resume": []}, open(os.path.join(machines, "watch", "rules.json"), "w"))
        self.d.stop()
        self.d.machines = machines
        self.d.start()
        x = self.start(self.machine("m", {"A": {"Type": "Fail", "Error": "E", "Cause": "C"}}), {"in": 1})
        seen = until(lambda: self.d.executions(machine="watch"))
        self.assertEqual(seen[0]["correlationId"], x)
        event = json.loads(self.describe(arn("execution", seen[0]["executionId"]))["input"])
        detail = event["detail"]
        self.assertEqual((event["source"], detail["status"], detail["error"], detail["input"], detail["output"]),
                         ("aws.states", "FAILED", "E", '{"in":1}', None))
        self.assertIsInstance(detail["startDate"], int)

    def test_what_is_too_large_or_too_deep(self):
        """Each of these once ended the daemon."""
        self.d.long_turns = True  # what an execution holds, some 30 MB here, is written in one turn
        item = {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 1, "End": True}}}}
        distributed = {**item, "ItemProcessor": {**item["ItemProcessor"], "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}}
        sys.setrecursionlimit(5000)
        deep = json.loads("[" * 998 + "]" * 998)
        large = {"v%d" % n: {"Type": "Pass", "Assign": {"v%d.$" % n: "$.x"}, "Next": "v%d" % (n + 1)} for n in range(42)}
        branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
        large["v42"] = {"Type": "Parallel", "Branches": [branch], "End": True, "Assign": {"w.$": "$$.Execution.Input.x"},
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"w.$": "$$.Execution.Input.x"}, "Next": "Z"}]}
        large["Z"] = {"Type": "Succeed"}
        for name, states, value, error in (
                ("writer", {"A": {**distributed, "ResultWriter": {"Resource": T + "s3:putObject", "Parameters": {"Bucket": 5, "Prefix": 7}}}},
                 [1], "States.ResultWriterFailed"),
                ("credentials", task("lambda:invoke", {"FunctionName": "f"}, Credentials={"RoleArn.$": "$.x", "b.$": "$.x"}),
                 {"x": "x" * 200000}, "States.DataLimitExceeded"),
                ("deep items", {"A": {**distributed, "ItemSelector": {"a.$": "$$.Map.Item.Value"}}}, [[deep]], None),
                ("deep map", {"A": {**item, "InputPath": "$$", "ItemsPath": "$.Execution.Input[0]"}}, [[1, 2], [deep]], "States.DataLimitExceeded"),
                ("many results", {"A": {**item, "ItemsPath": "$.l", "ItemProcessor": {"StartAt": "I", "States": {"I": {
                    "Type": "Pass", "Parameters": {"a.$": "$$.Execution.Input.x"}, "End": True}}}}},
                 {"x": "x" * 240000, "l": [0] * 400}, "States.DataLimitExceeded"),
                ("many branches", {"A": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "P%d" % n, "States": {
                    "P%d" % n: {"Type": "Pass", "Parameters": {"a.$": "$.x"}, "Next": "W%d" % n},
                    "W%d" % n: {"Type": "Wait", "Seconds": 1, "End": True}}} for n in range(300)]}},
                 {"x": "x" * 250000}, "States.DataLimitExceeded"),
                ("variables", large, {"x": "x" * 249500}, "States.DataLimitExceeded")):
            with self.subTest(name):
                self.assertEqual(self.run_one(name.replace(" ", "-"), states, value)[2], error)
        for name, definition in (("resource", task("arn:aws:lambda:us-east-1:000000000000:function:" + "f" * 300000)),
                                 ("variables", {"A": {"Type": "Pass", "End": True, "Parameters": {"p%d.$" % n: "$v%d" % n for n in range(20000)}}})):
            text = json.dumps({"StartAt": "A", "States": definition})
            self.assertEqual(self.ask("ValidateStateMachineDefinition", definition=text)["result"], "FAIL", name)

    def test_an_open_map_is_drawn_open(self):
        wait = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "W"}], "Default": "S"}
        x = self.start(self.machine("m", {"M": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "C", "States": {
            "C": wait, "W": {"Type": "Wait", "Seconds": 3600, "End": True}, "S": {"Type": "Succeed"}}}}}), [1, 2])
        until(lambda: "MapIterationSucceeded" in self.types(x))
        svg = self.d.ask("GET", "/executions/m:%s?part=svg" % x.rsplit(":", 1)[1])[1]
        svg = svg.decode() if isinstance(svg, bytes) else svg
        self.assertIn("State M, Map, waiting", svg)

    def test_an_end_in_the_midst_of_a_map(self):
        self.d.stop()
        self.d.start(history_max=100)
        states = {"P%d" % n: {"Type": "Pass", "Next": "P%d" % (n + 1)} for n in range(10)}
        states["P10"] = {"Type": "Map", "End": True, "ItemProcessor": {
            "StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 60, "End": True}}}}
        status, _, error, _ = self.run_one("m", states, list(range(60)))
        self.assertEqual((status, error), ("FAILED", "States.Runtime"))

    def test_causes_do_not_grow_without_end(self):
        states = {"C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 0, "Next": "F"}], "Default": "D"},
                  "D": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, -1)"}, "Next": "X"},
                  "X": {"Type": "Task", "Resource": T + "states:startExecution.sync", "End": True,
                        "Parameters": {"StateMachineArn": arn("stateMachine", "s"), "Input.$": "$"}},
                  "F": {"Type": "Fail", "Error": "E", "Cause": "C"}}
        x = self.start(self.machine("s", states), {"n": 30})
        d = self.ended(x)
        self.assertEqual((d["status"], d["error"], len(d["cause"])), ("FAILED", "States.TaskFailed", 32768))

    def test_hostile_definitions_hold_nobody_up(self):
        loop = self.machine("loop", {
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": True, "Next": "Z"}], "Default": "B"},
            "B": {"Type": "Pass", "Next": "A"}, "Z": {"Type": "Succeed"}})
        x = self.start(loop)
        wide = self.machine("wide", {"M": {"Type": "Map", "ItemProcessor": {
            "StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}, "End": True}})
        y = self.start(wide, [0] * 130000)
        quick = self.machine("quick", {"A": {"Type": "Succeed"}})
        for _ in range(20):
            self.assertEqual(self.ended(self.start(quick))["status"], "SUCCEEDED")
        for execution in (x, y):
            self.assertEqual(self.ended(execution)["cause"], "The execution reached the maximum number of history events (25000).")


if __name__ == "__main__":
    main()
