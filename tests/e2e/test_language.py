#!/usr/bin/env python3
"""The language where a daemon or a command is needed to show it: readers of
distributed Maps, integrations inside, what validation tells of waits."""
import json
import os
import unittest

from harness import cli, main, until
from test_tasks import T, Case, arn

PASS = {"Type": "Pass", "End": True}


class Readers(Case):
    def put(self, bucket, key, text):
        path = os.path.join(self.data, bucket, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="") as f:
            f.write(text)

    def states(self, reader=None, inner=PASS, **more):
        return {"M": {"Type": "Map", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States": {"I": inner}},
            **({"ItemReader": reader} if reader else {}), **more}}

    def get(self, key, **config):
        return {"Resource": T + "s3:getObject", "ReaderConfig": config, "Parameters": {"Bucket": "b", "Key": key}}

    def test_L5_quotes_and_backslashes_of_csv(self):
        rows = [('abc,123,"commas, "" and a\nnewline",{""MyKey"":""MyValue""},"[1,2,3]"',
                 ["abc", "123", 'commas, " and a\nnewline', '{"MyKey":"MyValue"}', "[1,2,3]"]),
                (r'a\\b,c\,d,e\"f,g\xh,"i\\j\"k"', ["a\\b", "c,d", 'e"f', "gxh", 'i\\j"k']),
                ('""a"",x"y,"",,"z"', ['a"', 'x"y', "", "", "z"])]
        for n, (text, want) in enumerate(rows[:2]):
            self.put("b", "r%d.csv" % n, text + "\n")
            reader = self.get("r%d.csv" % n, InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=list("abcde"))
            status, output, _, _ = self.run_one("csv%d" % n, self.states(reader))
            self.assertEqual((status, list(output[0].values())), ("SUCCEEDED", want))
        self.put("b", "pipe.csv", "x\\|y|z\n")
        reader = self.get("pipe.csv", InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["p", "q"], CSVDelimiter="PIPE")
        self.assertEqual(self.run_one("pipe", self.states(reader))[1], [{"p": "x|y", "q": "z"}])

    def test_L6_members_of_an_object(self):
        self.put("b", "o.json", '{"k1":{"n":1},"k2":2}')
        reader = self.get("o.json", InputType="JSON")
        self.assertEqual(self.run_one("plain", self.states(reader))[1],
                         [{"Key": "k1", "Value": {"n": 1}}, {"Key": "k2", "Value": 2}])
        selector = {"key.$": "$$.Map.Item.Key", "value.$": "$$.Map.Item.Value", "source.$": "$$.Map.Item.Source"}
        self.assertEqual(self.run_one("selected", self.states(reader, ItemSelector=selector))[1],
                         [{"key": "k1", "value": {"n": 1}, "source": "S3://b/o.json"},
                          {"key": "k2", "value": 2, "source": "S3://b/o.json"}])
        self.put("b", "n.json", '{"rows":{"x":1}}')
        self.assertEqual(self.run_one("below", self.states(self.get("n.json", InputType="JSON", ItemsPointer="/rows")))[1],
                         [{"Key": "x", "Value": 1}])
        self.put("b", "s.json", '"text"')
        self.assertEqual(self.run_one("scalar", self.states(self.get("s.json", InputType="JSON")))[2], "States.ItemReaderFailed")

    def test_L7_load_and_flatten(self):
        self.put("b", "in/1.jsonl", '{"n":1}\n{"n":2}\n')
        self.put("b", "in/2.jsonl", '{"n":3}\n')
        self.put("b", "out.jsonl", '{"n":9}\n')
        reader = {"Resource": T + "s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "in/"},
                  "ReaderConfig": {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}}
        selector = {"n.$": "$$.Map.Item.Value.n", "from.$": "$$.Map.Item.Source"}
        self.assertEqual(self.run_one("flat", self.states(reader, ItemSelector=selector))[1],
                         [{"n": 1, "from": "S3://b/in/1.jsonl"}, {"n": 2, "from": "S3://b/in/1.jsonl"},
                          {"n": 3, "from": "S3://b/in/2.jsonl"}])
        reader["ReaderConfig"]["MaxItems"] = 2
        self.assertEqual(len(self.run_one("max", self.states(reader))[1]), 2)
        for name, reader, said in (
                ("r1", self.get("x", InputType="JSON", Transformation="LOAD_AND_FLATTEN"), "belongs to s3:listObjectsV2"),
                ("r2", self.get("x", InputType="JSON", Transformation="SOME"), "LOAD_AND_FLATTEN"),
                ("r3", self.get("x", InputType="JSON", ManifestType="ATHENA_DATA"), "'ManifestType' is not served"),
                ("r4", self.get("x", InputType="JSON", Misspelt=1), "'Misspelt' is not served"),
                ("r5", {**self.get("x", InputType="JSON"), "Else": 1}, "'Else' is not served")):
            status, answer = self.d.aws("CreateStateMachine", name=name, roleArn="arn:aws:iam::0:role/r", definition=json.dumps(
                {"StartAt": "M", "States": self.states(reader)}))
            self.assertEqual(status, 400, name)
            self.assertIn(said, answer["message"])

    def test_L8_the_source_of_an_item(self):
        selector = {"s.$": "$$.Map.Item.Source"}
        self.assertEqual(self.run_one("data", self.states(ItemSelector=selector, ItemsPath="$.l"), {"l": [1]})[1], [{"s": "STATE_DATA"}])
        inline = {"M": {"Type": "Map", "ItemsPath": "$.l", "ItemSelector": selector, "End": True,
                        "ItemProcessor": {"StartAt": "I", "States": {"I": PASS}}}}
        self.assertEqual(self.run_one("inline", inline, {"l": [1, 2]})[1], [{"s": "STATE_DATA"}] * 2)
        self.put("b", "k/x.json", "[1]")
        self.assertEqual(self.run_one("object", self.states(self.get("k/x.json", InputType="JSON"), ItemSelector=selector))[1],
                         [{"s": "S3://b/k/x.json"}])
        lists = {"Resource": T + "s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "k/"}}
        self.assertEqual(self.run_one("bucket", self.states(lists, ItemSelector=selector))[1], [{"s": "S3://b"}])

    def test_L10_the_exit_of_a_map_points_at_the_start_of_its_run(self):
        _, _, _, x = self.run_one("m", self.states(ItemsPath="$.l"), {"l": [1]})
        events = self.ask("GetExecutionHistory", executionArn=x)["events"]
        before = {e["type"]: e["previousEventId"] for e in events}
        ids = {e["type"]: e["id"] for e in events}
        self.assertEqual(before["MapStateExited"], ids["MapRunStarted"])
        self.assertEqual(before["MapStateSucceeded"], ids["MapRunSucceeded"])


class Integrations(Case):
    def task(self, name, resource, parameters, value=None):
        return self.run_one(name, {"A": {"Type": "Task", "Resource": T + resource, "Parameters": parameters, "End": True}}, value)

    def test_L1_double_quotes_in_texts(self):
        for n, (call, want) in enumerate([
                ("States.StringToJson('{\"a\": \"b\"}')", {"a": "b"}), ("States.Format('say \"{}\"', $.x)", 'say "hi"'),
                ("States.Array('\"', 'a\"b')", ['"', 'a"b'])]):
            self.assertEqual(self.run_one("q%d" % n, {"A": {**PASS, "Parameters": {"r.$": call}}}, {"x": "hi"})[:2],
                             ("SUCCEEDED", {"r": want}))
        status, answer = self.d.aws("CreateStateMachine", name="bad", roleArn="arn:aws:iam::0:role/r", definition=json.dumps(
            {"StartAt": "A", "States": {"A": {**PASS, "Parameters": {"r.$": "States.Format('\\\"')"}}}}))
        self.assertEqual(status, 400, answer)

    def test_L9_text_parameters_take_objects(self):
        waiting = self.machine("waiting", {"A": {"Type": "Task", "Resource": T + "sqs:sendMessage.waitForTaskToken", "End": True,
                                                 "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}}})
        x = self.start(waiting)
        token = json.loads(until(lambda: self.outside.requests)[0][3])["token"]
        status, output, error, _ = self.task("send", "aws-sdk:sfn:sendTaskSuccess", {"TaskToken": token, "Output": {"n": [1]}})
        self.assertEqual((status, output), ("SUCCEEDED", {}), error)
        self.assertEqual((self.ended(x)["status"], json.loads(self.describe(x)["output"])), ("SUCCEEDED", {"n": [1]}))

    def test_L9_stop_and_list_executions(self):
        wait = self.machine("w", {"A": {"Type": "Wait", "Seconds": 1000, "End": True}})
        x = self.start(wait, name="one")
        status, output, _, _ = self.task("list", "aws-sdk:sfn:listExecutions", {"StateMachineArn": wait, "StatusFilter": "RUNNING"})
        self.assertEqual([(e["Name"], e["Status"], e["ExecutionArn"]) for e in output["Executions"]], [("one", "RUNNING", x)])
        status, output, _, _ = self.task("stop", "aws-sdk:sfn:stopExecution", {"ExecutionArn": x, "Error": "E", "Cause": {"why": 1}})
        self.assertEqual((status, list(output)), ("SUCCEEDED", ["StopDate"]))
        d = self.describe(x)
        self.assertEqual((d["status"], d["error"], d["cause"]), ("ABORTED", "E", '{"why":1}'))
        self.assertEqual(self.task("none", "aws-sdk:sfn:stopExecution", {"ExecutionArn": x + "x"})[2], "Sfn.ExecutionDoesNotExistException")

    def test_L12_updates_in_the_older_form(self):
        def update(name, updates, returns="ALL_NEW", **more):
            return self.task(name, "aws-sdk:dynamodb:updateItem", {
                "TableName": "orders", "Key": {"id": {"S": "1"}}, "AttributeUpdates": updates, "ReturnValues": returns, **more})
        self.assertEqual(update("u1", {"a": {"Value": {"S": "x"}}, "n": {"Value": {"N": "2"}, "Action": "ADD"},
                                       "s": {"Value": {"SS": ["p", "q"]}, "Action": "PUT"}})[1]["Attributes"],
                         {"id": {"S": "1"}, "a": {"S": "x"}, "n": {"N": "2"}, "s": {"SS": ["p", "q"]}})
        status, output, _, _ = update("u2", {"n": {"Value": {"N": "3"}, "Action": "ADD"}, "a": {"Action": "DELETE"},
                                             "s": {"Value": {"SS": ["p"]}, "Action": "DELETE"}}, "UPDATED_NEW")
        self.assertEqual(output, {"Attributes": {"n": {"N": "5"}, "s": {"SS": ["q"]}}})
        self.assertEqual(update("u3", {"n": {"Value": {"N": "7"}, "Action": "PUT"}}, "UPDATED_OLD")[1], {"Attributes": {"n": {"N": "5"}}})
        status, output, _, _ = self.task("u4", "dynamodb:updateItem", {
            "TableName": "orders", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET n = n + :one, z = :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW"})
        self.assertEqual(output, {"Attributes": {"n": {"N": "8"}, "z": {"N": "1"}}})
        for name, more in (("f1", {"Expected": {}}), ("f2", {"ReturnValues": "SOME"}), ("f3", {"Misspelt": 1}),
                           ("f4", {"UpdateExpression": "SET a = :a"})):
            status, _, error, x = self.task(name, "aws-sdk:dynamodb:updateItem", {
                "TableName": "orders", "Key": {"id": {"S": "1"}}, "AttributeUpdates": {"a": {"Value": {"S": "y"}}}, **more})
            self.assertEqual((status, error), ("FAILED", "DynamoDb.DynamoDbException"), name)
            if name == "f3":
                self.assertIn("Misspelt is not served", self.describe(x)["cause"])
        status, output, _, _ = self.task("g", "dynamodb:getItem", {"TableName": "orders", "Key": {"id": {"S": "1"}}})
        self.assertNotIn("a", output["Item"])


class TestOfAState(Case):
    def trial(self, definition, **more):
        return self.d.aws("TestState", definition=json.dumps(definition), **more)[1]

    def test_L11_what_cannot_be_tried(self):
        parallel = {"Type": "Parallel", "End": True, "Branches": [{"StartAt": x, "States": {x: PASS}} for x in "AB"]}
        alone = {"StartAt": "P", "States": {"P": parallel}}
        for definition, more, error, message in (
                (alone, {"stateName": "Z"}, "ValidationException", "State not found in definition"),
                (parallel, {"mock": {"result": "{x", "fieldValidationMode": "NONE"}}, "ValidationException", "Mocked result must be valid JSON"),
                (parallel, {"mock": {"result": "[1]"}}, "ValidationException",
                 "Mocked result must contain the same number of items as number of Parallel branches."),
                (parallel, {}, "InvalidDefinition", "TestState API does not support Map or Parallel states. Supported state types "
                                                    "include: [Task, Wait, Pass, Succeed, Fail, Choice]")):
            self.assertEqual(self.trial(definition, **more), {"__type": error, "message": message})
        shown = self.trial(parallel, inspectionLevel="DEBUG", mock={"result": "[1, 2]"})
        self.assertEqual(shown["inspectionData"], {"input": "{}", "afterResultSelector": "[1,2]", "afterResultPath": "[1,2]"})


class Validation(Case):
    made = 0

    def validated(self, pattern, rules):
        folder = os.path.join(self.folder, "machines", "m%d" % self.made)
        self.made += 1
        os.makedirs(folder)
        json.dump({"StartAt": "W", "States": {"W": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken",
                                                    "Parameters": {"EventPattern": pattern}, "End": True}}},
                  open(os.path.join(folder, "machine.asl.json"), "w"))
        json.dump({"correlationId": "$.detail.id", "start": [{"name": "s", "pattern": {"source": ["begin"]}}], "resume": rules},
                  open(os.path.join(folder, "rules.json"), "w"))
        code, out, _ = cli("validate", folder)
        self.assertEqual(code, 0, out)
        return out

    def test_L14_a_wait_that_asks_for_what_a_rule_makes(self):
        out = self.validated({"ProductName": ["x"]}, [{"name": "r", "pattern": {"source": ["shop"]}, "inputPath": "$.detail"}])
        self.assertRegex(out, r"rules.json:\d+:\d+: warning: WAIT_MATCHES_NOTHING: state 'W' .*'ProductName'.*\"detail\"")

    def test_C6_a_wait_whose_event_no_rule_lets_pass(self):
        out = self.validated({"source": ["shop"], "detail-type": ["Paid"]},
                             [{"name": "bank", "pattern": {"source": ["bank"]}}, {"name": "else", "pattern": {"detail-type": ["Sent"]}}])
        self.assertRegex(out, r"WAIT_MATCHES_NOTHING: state 'W' waits for an event that no resume rule lets pass \('bank', 'else'\)")
        for pattern, rules in (({"source": ["shop"]}, [{"name": "r", "pattern": {"source": [{"prefix": "sh"}]}}]),
                               ({"source": ["a", "shop"]}, [{"name": "r", "pattern": {"source": ["shop"]}}]),
                               ({"detail": {"n": [1]}}, [{"name": "r", "pattern": {"source": ["shop"]}}]),
                               ({"source": [{"anything-but": "x"}]}, [{"name": "r", "pattern": {"source": ["shop"]}}])):
            self.assertNotIn("WAIT_MATCHES_NOTHING", self.validated(pattern, rules))
        self.assertIn("there is none", self.validated({"source": ["shop"]}, []))


if __name__ == "__main__":
    main()
