#!/usr/bin/env python3
"""Systems: folders whose bus.json declares buses, rules, schedules; applied whole, watched, owned."""
import json
import os
import re
import shutil
import tempfile
import time
import unittest

from harness import Daemon, TOP, cli, main, until

BUS = {
    "buses": {"orders": {"Description": "what shops sell"}},
    "permissions": {"partner": {"EventBusName": "orders", "Principal": "222222222222"}},
    "connections": {"desk": {"AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": {
        "Username": "shop", "Password": {"file": "secret"}}}}},
    "apiDestinations": {"tickets": {"Connection": "desk", "InvocationEndpoint": "http://127.0.0.1:9/t", "HttpMethod": "POST"}},
    "schemas": [{"Source": "shop", "DetailType": "Sold", "Schema": {"type": "object", "required": ["id"]}}],
    "archives": {"all": {"EventBusName": "orders", "RetentionDays": 3}},
    "rules": {
        "paid": {"EventBusName": "orders", "EventPattern": {"detail-type": ["Paid"]}, "Targets": [
            {"machine": "echo", "InputPath": "$.detail"}, {"log": "paid"}, {"log": "paid", "Input": {"seen": True}},
            {"destination": "tickets", "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": {"id": "<id>"}},
             "DeadLetterConfig": {"queue": "failed"}}]},
        "every": {"ScheduleExpression": "rate(1 hour)", "State": "DISABLED", "Targets": [{"log": "ticks", "Input": {"a": 1}}]}},
    "scheduleGroups": {"nightly": {}},
    "schedules": {"report": {"GroupName": "nightly", "ScheduleExpression": "rate(1 day)",
                             "Target": {"machine": "echo", "RoleArn": "arn:aws:iam::000000000000:role/none", "Input": {"x": 1}}}}}
ECHO = {"StartAt": "E", "States": {"E": {"Type": "Pass", "End": True}}}
OWNED = ["bus orders", "permission orders/partner", "connection desk", "destination tickets", "schema shop: Sold", "archive all",
         "rule orders/paid", "rule default/every", "group nightly", "schedule nightly/report"]


def write(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as f:
        f.write(value if isinstance(value, str) else json.dumps(value, indent=1))
    os.replace(path + ".new", path)


class Systems(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pavane-systems-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.shop = os.path.join(self.folder, "systems", "shop")
        write(os.path.join(self.shop, "machines", "echo", "machine.asl.json"), ECHO)
        write(os.path.join(self.shop, "secret"), "hush\n")
        self.put(BUS)
        self.d = Daemon(machines=os.path.join(self.folder, "systems"), data=os.path.join(self.folder, "data")).start()
        self.addCleanup(self.d.__exit__)

    def put(self, bus):
        write(os.path.join(self.shop, "bus.json"), bus)

    def said(self):
        return re.findall(r'msg="[^"]*: ([-+~] [^"]*)"', self.d.read_log())

    def wait_for(self, *lines):
        until(lambda: all(line in self.said() for line in lines))

    def events(self, action, **parameters):
        status, data = self.d.ask("POST", "/", json.dumps(parameters), {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents." + action})
        return status, json.loads(data or b"{}")

    def fault(self):
        return next((m["fault"] for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == "shop/bus.json"), None)

    def test_applied_whole_and_only_once(self):
        self.wait_for(*["+ " + name for name in OWNED])
        targets = self.events("ListTargetsByRule", Rule="paid", EventBusName="orders")[1]["Targets"]
        self.assertEqual([t["Id"] for t in targets], ["machine-echo", "log-paid", "log-paid-3", "destination-tickets"])
        self.assertEqual(targets[0]["Arn"], "arn:aws:states:us-east-1:000000000000:stateMachine:echo")
        self.assertEqual(targets[2]["Input"], '{"seen":true}')
        self.assertEqual(targets[3]["InputTransformer"]["InputTemplate"], '{"id":"<id>"}')
        self.assertEqual(targets[3]["DeadLetterConfig"], {"Arn": "arn:aws:sqs:us-east-1:000000000000:failed"})
        self.assertIn("/tickets/", targets[3]["Arn"])
        before = self.events("ListRules", EventBusName="orders"), self.events("ListConnections"), self.events("ListApiDestinations")
        # from the door to the receiver
        self.assertEqual(self.events("PutEvents", Entries=[{"Source": "shop", "DetailType": "Paid", "EventBusName": "orders",
                                                            "Detail": '{"id": 7}'}])[1]["FailedEntryCount"], 0)
        until(lambda: [x for x in self.d.executions(machine="echo") if x["status"] == "SUCCEEDED"])
        folder = os.path.join(self.folder, "data", "logs", "paid")
        until(lambda: os.path.isdir(folder) and sum(len(open(os.path.join(folder, f)).readlines()) for f in os.listdir(folder)) == 2)
        # the same again changes nothing: not on a start, not when the file is written anew
        count = len(self.said())
        self.d.stop()
        self.d.start()
        self.put(dict(BUS, rules=dict(BUS["rules"], more={"EventPattern": {"source": ["x"]}, "Targets": []})))
        self.wait_for("+ rule default/more")
        self.assertEqual(len(self.said()), count + 1)
        self.assertEqual((self.events("ListRules", EventBusName="orders"), self.events("ListConnections"),
                          self.events("ListApiDestinations")), before)

    def test_it_is_the_folders(self):
        self.wait_for("+ schedule nightly/report")
        for action, parameters in (
                ("PutRule", {"Name": "paid", "EventBusName": "orders", "EventPattern": '{"source":["x"]}'}),
                ("DisableRule", {"Name": "paid", "EventBusName": "arn:aws:events:us-east-1:000000000000:event-bus/orders"}),
                ("RemoveTargets", {"Rule": "paid", "EventBusName": "orders", "Ids": ["log-paid"]}),
                ("DeleteRule", {"Name": "every"}), ("DeleteEventBus", {"Name": "orders"}), ("DeleteArchive", {"ArchiveName": "all"}),
                ("DeauthorizeConnection", {"Name": "desk"}), ("DeleteApiDestination", {"Name": "tickets"}),
                ("RemovePermission", {"EventBusName": "orders", "StatementId": "partner"}),
                ("RemovePermission", {"EventBusName": "orders", "RemoveAllPermissions": True}),
                ("PutPermission", {"EventBusName": "orders", "Policy": '{"Statement":[]}'})):
            status, answer = self.events(action, **parameters)
            self.assertEqual((status, "belongs to the folder 'shop'" in answer["message"]), (400, True), (action, answer))
        self.assertEqual(self.events("EnableRule", Name="every")[1]["__type"], "ManagedRuleException")
        status, data = self.d.ask("DELETE", "/schedules/report?groupName=nightly")
        self.assertEqual((status, b"belongs to the folder" in data), (409, True), data)
        # what the API makes beside is left alone, and not taken
        self.assertEqual(self.events("PutRule", Name="mine", EventBusName="orders", EventPattern='{"source":["x"]}')[0], 200)
        self.put(dict(BUS, rules=dict(BUS["rules"], mine={"EventBusName": "orders", "EventPattern": {"source": ["y"]}})))
        until(lambda: "a call of the API made one of this name" in (self.fault() or ""))
        self.put({})
        until(lambda: "has rules" in (self.fault() or ""))  # the bus holds one that is not ours
        self.assertEqual(self.events("DeleteRule", Name="mine", EventBusName="orders")[0], 200)
        self.put("{ }")
        self.wait_for(*["- " + name for name in OWNED])
        self.assertEqual(self.events("ListEventBuses")[1]["EventBuses"][0]["Name"], "default")
        self.assertIsNone(self.fault())

    def test_what_left_goes_and_a_renamed_folder_keeps(self):
        self.wait_for("+ schedule nightly/report")
        other = os.path.join(self.folder, "systems", "store")
        os.rename(self.shop, other)
        self.wait_for("- bus orders")
        until(lambda: self.said().count("+ bus orders") == 2)
        self.assertIn("'store'", self.events("DeleteEventBus", Name="orders")[1]["message"])
        self.d.stop()
        shutil.rmtree(other)
        self.d.start()  # it was gone before
        until(lambda: self.said().count("- bus orders") == 2)
        until(lambda: not self.d.get("/api/v1/machines")["machines"][0]["active"])

    def test_a_fault_has_its_place_and_changes_nothing(self):
        self.wait_for("+ schedule nightly/report")
        text = json.dumps(BUS, indent=1)
        for old, new, wanted in (
                ('"Paid"', '{"nosuch": 1}', r"bus.json:\d+:\d+: error: InvalidEventPatternException: .*nosuch"),
                ('"rules"', '"rulez"', r"UNKNOWN_FIELD: there is no field 'rulez' here; is 'rules' meant\? \(/\)"),
                ('"State"', '"Stale"', r"UNKNOWN_FIELD: there is no field 'Stale' here; is 'State' meant\? \(/rules/every\)"),
                ('"machine"', '"mashine"', r"UNKNOWN_FIELD: there is no field 'mashine' here; is 'machine' meant\?"),
                ('"destination": "tickets"', '"destination": "tackets"', r"NO_SUCH_DESTINATION: there is no API destination 'tackets'"),
                ('"Connection": "desk"', '"Connection": "disk"', r"NO_SUCH_CONNECTION"),
                ('"GroupName": "nightly"', '"GroupName": "daily"', r"ResourceNotFoundException: Schedule group daily does not exist"),
                ('"rate(1 hour)"', '"rate(1 hours)"', r"ScheduleExpression is not valid"),
                ('"file": "secret"', '"file": "nowhere"', r"NO_SECRET: '.*nowhere'"),
                ('"file": "secret"', '"env": "PAVANE_NOT_SET"', r"NO_SECRET: the environment of the daemon has no 'PAVANE_NOT_SET'"),
                ('"RetentionDays": 3', '"RetentionDays": -3', r"ValidationException: .*retentionDays"),
                ('"log": "ticks"', '"log": 5', r"INVALID_TARGET: 'log' is a name"),
                ('"log": "ticks"', '"log": "ticks", "queue": "q"', r"a target leads to one place"),
                ('"type": "object"', '"type": "objekt"', r"Parameter Schema is not valid"),
                ('{\n "buses"', '{,\n "buses"', r"bus.json:1:2: error: JSON: ")):
            self.assertIn(old, text)
            self.put(text.replace(old, new, 1))
            until(lambda: re.search(wanted, self.fault() or ""), what=lambda: (wanted, self.fault()))
            place = re.search(r"bus\.json:(\d+):(\d+): ", self.fault())
            line = text.replace(old, new, 1).splitlines()[int(place.group(1)) - 1]
            self.assertLessEqual(int(place.group(2)), len(line) + 1)
            self.assertEqual(self.events("DescribeRule", Name="paid", EventBusName="orders")[1]["EventPattern"],
                             '{"detail-type":["Paid"]}')
        # what was fine in a file with a fault has not come about either, in rows or in memory
        self.put(text.replace('"Paid"', '"Sold"').replace('"rate(1 hour)"', '"rate(1 hours)"'))
        until(lambda: "is not valid" in self.fault())
        until(lambda: len(self.d.executions(machine="echo")) == 1)  # the schedule's: a rate begins at once
        self.events("PutEvents", Entries=[{"Source": "shop", "DetailType": t, "EventBusName": "orders", "Detail": '{"id": "%s"}' % t}
                                          for t in ("Sold", "Paid")])
        until(lambda: len(self.d.executions(machine="echo")) > 1)
        inputs = [self.d.aws("DescribeExecution", executionArn=x["executionArn"])[1]["input"] for x in self.d.aws(
            "ListExecutions", stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:echo")[1]["executions"]]
        self.assertEqual(sorted(inputs), ['{"id":"Paid"}', '{"x":1}'])
        self.put(text)
        until(lambda: self.fault() is None)
        self.assertEqual(len([line for line in self.said() if not line.startswith("+")]), 0)

    def test_two_folders_are_told_apart(self):
        self.wait_for("+ schedule nightly/report")
        other = os.path.join(self.folder, "systems", "store")
        write(os.path.join(other, "bus.json"), {"rules": {"paid": BUS["rules"]["paid"]}})
        until(lambda: "it belongs to the folder 'shop'" in self.d.read_log())
        write(os.path.join(other, "machines", "echo", "machine.asl.json"), ECHO)
        until(lambda: "has the same name" in self.d.read_log())
        self.assertEqual(self.d.get("/api/v1/machines")["machines"][0]["version"], 1)

    def test_a_kill_in_between_leaves_all_or_nothing(self):
        self.wait_for("+ schedule nightly/report")
        for n in range(6):
            rules = {"r%d" % i: {"EventPattern": {"source": ["s%d-%d" % (n, i)]}, "Targets": [{"log": "x"}]} for i in range(60)}
            self.put({"rules": rules})
            until(lambda: self.d.read_log().count("rule default/r59") > n or n % 2)  # each other time not waited for
            self.d.kill()
            self.d.start()
            until(lambda: not self.fault())
            sources = {json.loads(r["EventPattern"])["source"][0].split("-")[0] for r in self.events("ListRules", NamePrefix="r")[1]["Rules"]}
            self.assertLessEqual(len(sources), 1)
        until(lambda: {json.loads(r["EventPattern"])["source"][0].split("-")[0]
                       for r in self.events("ListRules", NamePrefix="r")[1]["Rules"]} == {"s5"})

    def get_item(self, key):
        """What a machine finds in the table."""
        name = "get-%s" % key
        write(os.path.join(self.folder, "systems", name, "machine.asl.json"), {"StartAt": "G", "States": {"G": {
            "Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {"TableName": "profiles", "Key": {"id": {"S": key}}}, "End": True}}})
        arn = "arn:aws:states:us-east-1:000000000000:stateMachine:" + name
        until(lambda: self.d.aws("DescribeStateMachine", stateMachineArn=arn)[0] == 200)
        x = self.d.aws("StartExecution", stateMachineArn=arn, input="{}")[1]["executionArn"]
        got = until(lambda: (lambda d: d if d["status"] != "RUNNING" else None)(self.d.aws("DescribeExecution", executionArn=x)[1]))
        return json.loads(got["output"]).get("Item") if got["status"] == "SUCCEEDED" else got["error"]

    def test_tables_begin_with_their_items(self):
        items = [{"id": "a", "n": 5, "tags": ["x", True, None], "of": {"deep": 1.5}}, {"id": {"S": "b"}, "n": {"N": "7"}}]
        write(os.path.join(self.shop, "tables", "profiles.json"), items)
        until(lambda: "items not put: %s/tables/profiles.json:2:2: error: ResourceNotFoundException" % self.shop
              in self.d.read_log())
        write(os.path.join(self.shop, "services.json"), {"tables": {"profiles": {"key": ["id"]}}})
        until(lambda: "services are read again" in self.d.read_log())
        until(lambda: all(m["fault"] is None for m in self.d.get("/api/v1/machines")["machines"]))
        self.assertEqual(self.get_item("a"), {"id": {"S": "a"}, "n": {"N": "5"}, "of": {"M": {"deep": {"N": "1.5"}}},
                                              "tags": {"L": [{"S": "x"}, {"BOOL": True}, {"NULL": True}]}})
        self.assertEqual(self.get_item("b"), items[1])
        # what is there stays; what is new comes
        write(os.path.join(self.shop, "tables", "profiles.json"), [{"id": "b", "n": 99}, {"id": "c", "n": 1}])
        until(lambda: self.get_item("c") == {"id": {"S": "c"}, "n": {"N": "1"}})
        self.assertEqual(self.get_item("b"), items[1])
        for content, wanted in (("[1]", r"profiles.json:1:2: error: INVALID_ITEMS: an item is an object"),
                                ("{}", r"profiles.json:1:1: error: INVALID_ITEMS: a list of items is expected"),
                                ("[\n{]", r"profiles.json:2:2: error: JSON"),
                                ('[{"x": 1}]', r"profiles.json:1:2: error: ValidationException: The provided key element")):
            write(os.path.join(self.shop, "tables", "profiles.json"), content)
            until(lambda: re.search(wanted, "".join(m["fault"] or "" for m in self.d.get("/api/v1/machines")["machines"])))

    def test_tables_can_be_looked_at_by_dynamodbs_own_api(self):
        write(os.path.join(self.shop, "services.json"), {"tables": {"jobs": {"key": ["pk", "at"]}, "one": {"key": ["id"]}}})
        until(lambda: "services are read again" in self.d.read_log())

        def call(action, **parameters):
            status, data = self.d.ask("POST", "/", json.dumps(parameters), {
                "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + action})
            return status, json.loads(data)
        self.assertEqual(call("ListTables"), (200, {"TableNames": ["jobs", "one"]}))
        self.assertEqual(call("DescribeTable", TableName="jobs")[1]["Table"]["KeySchema"],
                         [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}])
        for action in ("DescribeTable", "DescribeTimeToLive"):
            for parameters, error in (({"TableName": "none"}, "ResourceNotFoundException"), ({}, "ValidationException"),
                                      ({"TableName": 5}, "SerializationException")):
                status, answer = call(action, **parameters)
                self.assertEqual((status, answer["__type"].split("#")[-1]), (400, error), (action, parameters))
        for n in (10, 9, 100, 2, 1):
            for pk in ("a", "b"):
                self.assertEqual(call("PutItem", TableName="jobs", Item={"pk": {"S": pk}, "at": {"N": str(n)}, "odd": {"BOOL": n % 2 == 1}}), (200, {}))
        ats = lambda answer: [i["at"]["N"] for i in answer["Items"]]
        query = dict(TableName="jobs", KeyConditionExpression="pk = :p AND #t <= :t", ExpressionAttributeNames={"#t": "at"},
                     ExpressionAttributeValues={":p": {"S": "a"}, ":t": {"N": "10"}})
        status, answer = call("Query", **query)
        self.assertEqual((status, ats(answer), answer["Count"], answer["ScannedCount"]), (200, ["1", "2", "9", "10"], 4, 4))
        self.assertEqual(ats(call("Query", ScanIndexForward=False, **query)[1]), ["10", "9", "2", "1"])
        page = call("Query", Limit=2, **query)[1]
        self.assertEqual((ats(page), page["LastEvaluatedKey"]), (["1", "2"], {"pk": {"S": "a"}, "at": {"N": "2"}}))
        rest = call("Query", ExclusiveStartKey=page["LastEvaluatedKey"], **query)[1]
        self.assertEqual((ats(rest), "LastEvaluatedKey" in rest), (["9", "10"], False))
        odd = dict(query, FilterExpression="odd = :o", ExpressionAttributeValues=dict(query["ExpressionAttributeValues"], **{":o": {"BOOL": True}}))
        self.assertEqual((call("Query", **odd)[1]["Count"], call("Query", **odd)[1]["ScannedCount"]), (2, 4))
        seen, start = [], {}
        while True:
            page = call("Scan", TableName="jobs", Limit=3, **start)[1]
            seen += [(i["pk"]["S"], i["at"]["N"]) for i in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self.assertEqual((len(seen), len(set(seen))), (10, 10))
        self.assertEqual(call("Scan", TableName="jobs", Select="COUNT")[1], {"Count": 10, "ScannedCount": 10})
        self.assertEqual(call("UpdateItem", TableName="jobs", Key={"pk": {"S": "a"}, "at": {"N": "1"}}, UpdateExpression="SET odd = :o",
                              ConditionExpression="attribute_not_exists(pk)", ExpressionAttributeValues={":o": {"BOOL": False}}),
                         (400, {"__type": "ConditionalCheckFailedException", "message": "The conditional request failed"}))
        self.assertEqual(call("Query", TableName="jobs")[1]["__type"], "ValidationException")
        self.assertEqual(call("Scan", TableName="jobs", FilterExpression="odd = :")[1]["__type"], "ValidationException")
        self.assertEqual(call("Scan", TableName="none")[1]["__type"], "ResourceNotFoundException")
        self.assertEqual(call("DeleteItem", TableName="jobs", Key={"pk": {"S": "a"}, "at": {"N": "1"}}), (200, {}))
        self.assertEqual(call("GetItem", TableName="jobs", Key={"pk": {"S": "a"}, "at": {"N": "1"}}), (200, {}))

    def test_tables_in_batches_and_transactions(self):
        write(os.path.join(self.shop, "services.json"), {"tables": {"a": {"key": ["id"], "ttl": "until"}, "b": {"key": ["id"]}}})
        until(lambda: "services are read again" in self.d.read_log())

        def call(action, **parameters):
            status, data = self.d.ask("POST", "/", json.dumps(parameters), {
                "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + action})
            return status, json.loads(data)
        item = lambda i, **more: dict({"id": {"S": i}}, **more)
        put = lambda i, **more: {"PutRequest": {"Item": item(i, **more)}}
        there = lambda: sorted(i["id"]["S"] for t in "ab" for i in call("Scan", TableName=t)[1]["Items"])
        self.assertEqual(call("BatchWriteItem", RequestItems={"a": [put("1"), put("2")], "b": [put("3")]}), (200, {"UnprocessedItems": {}}))
        self.assertEqual(there(), ["1", "2", "3"])
        # an error answered means that nothing was done
        for wrong, wanted in (
                ({"a": [put("4")], "none": [put("5")]}, "ResourceNotFoundException"),
                ({"a": [put("4"), {"PutRequest": {"Item": {"name": {"S": "x"}}}}]}, "ValidationException"),
                ({"a": [put("4"), put("4")]}, "ValidationException"),
                ({"a": [put("4"), {}]}, "ValidationException"),
                ({"a": [dict(put("4"), DeleteRequest={"Key": {"id": {"S": "1"}}})]}, "ValidationException"),
                ({"a": [put("4")], "none": 5}, "ValidationException"),
                ({"a": [put(str(n)) for n in range(26)]}, "ValidationException"),
                ({}, "ValidationException")):
            status, answer = call("BatchWriteItem", RequestItems=wrong)
            self.assertEqual((status, answer["__type"]), (400, wanted))
            self.assertEqual(there(), ["1", "2", "3"])
        status, answer = call("BatchGetItem", RequestItems={"a": {"Keys": [item("1"), item("9")]}, "b": {"Keys": [item("3")]}})
        self.assertEqual((status, answer), (200, {"Responses": {"a": [item("1")], "b": [item("3")]}, "UnprocessedKeys": {}}))
        self.assertIn("ProjectionExpression is not served", call("BatchGetItem", RequestItems={
            "a": {"Keys": [item("1")], "ProjectionExpression": "id"}})[1]["message"])
        absent = "attribute_not_exists(id)"
        status, answer = call("TransactWriteItems", TransactItems=[
            {"Put": {"TableName": "a", "Item": item("5"), "ConditionExpression": absent}},
            {"Put": {"TableName": "b", "Item": item("3"), "ConditionExpression": absent}},
            {"Delete": {"TableName": "a", "Key": item("1")}}])
        self.assertEqual((status, answer["__type"]), (400, "TransactionCanceledException"))
        self.assertIn("[None, ConditionalCheckFailed, None]", answer["message"])
        self.assertEqual(there(), ["1", "2", "3"])
        self.assertEqual(call("TransactWriteItems", TransactItems=[
            {"Put": {"TableName": "a", "Item": item("5"), "ConditionExpression": absent}},
            {"ConditionCheck": {"TableName": "b", "Key": item("3"), "ConditionExpression": "attribute_exists(id)"}},
            {"Update": {"TableName": "a", "Key": item("2"), "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "7"}}}},
            {"Delete": {"TableName": "a", "Key": item("1")}}]), (200, {}))
        self.assertEqual(there(), ["2", "3", "5"])
        self.assertEqual(call("TransactGetItems", TransactItems=[{"Get": {"TableName": "a", "Key": item("2")}}, {"Get": {"TableName": "a", "Key": item("1")}}])[1],
                         {"Responses": [{"Item": item("2", n={"N": "7"})}, {}]})
        for wrong in ({"ConditionCheck": {"TableName": "b", "Key": item("3")}}, {"Put": {"TableName": "a", "Item": item("8")}, "Other": {}}):
            self.assertEqual(call("TransactWriteItems", TransactItems=[wrong])[1]["__type"], "ValidationException")
        self.assertIn("ClientRequestToken is not served", call("TransactWriteItems", ClientRequestToken="t", TransactItems=[
            {"Put": {"TableName": "a", "Item": item("8")}}])[1]["message"])
        self.assertIn("multiple operations on one item", call("TransactWriteItems", TransactItems=[
            {"Delete": {"TableName": "a", "Key": item("2")}}, {"Put": {"TableName": "a", "Item": item("2")}}])[1]["message"])
        # what is over is not there, neither for a reader nor for a condition
        self.assertEqual(call("DescribeTimeToLive", TableName="a")[1], {
            "TimeToLiveDescription": {"AttributeName": "until", "TimeToLiveStatus": "ENABLED"}})
        self.assertEqual(call("DescribeTimeToLive", TableName="b")[1]["TimeToLiveDescription"], {"TimeToLiveStatus": "DISABLED"})
        for i, at in (("6", 1), ("7", time.time() + 3600)):
            self.assertEqual(call("PutItem", TableName="a", Item=item(i, until={"N": "%d" % at}))[0], 200)
        self.assertEqual(there(), ["2", "3", "5", "7"])
        self.assertEqual(call("GetItem", TableName="a", Key=item("6")), (200, {}))
        self.assertEqual(call("PutItem", TableName="a", Item=item("6"), ConditionExpression=absent), (200, {}))
        self.assertEqual(there(), ["2", "3", "5", "6", "7"])

    def test_services_of_systems_are_one_map(self):
        write(os.path.join(self.shop, "services.json"), {"functions": {"f": "http://127.0.0.1:9/f"}, "tables": {"t": {"key": ["id"]}}})
        until(lambda: self.d.read_log().count("services are read again") == 1)
        other = os.path.join(self.folder, "systems", "store")
        write(os.path.join(other, "bus.json"), {})
        for content, wanted in (({"functions": {"f": "http://127.0.0.1:9/other"}}, r"'f' of \\?\"functions\\?\" is mapped otherwise"),
                                ({"timeoutSeconds": 5}, r"services.json:2:2: error: 'timeoutSeconds' is for all systems"),
                                ({"functions": {"g": 5}}, r"services.json:2:2: error: 'g' must be mapped to an http or https URL"),
                                ({"funktions": {}}, r"services.json:2:2: error: there is no field 'funktions'"),
                                ("{,", r"services.json:1:2: error: ")):
            write(os.path.join(other, "services.json"), content)
            until(lambda: re.search("services not taken, what was good stays: [^ ]*" + wanted if wanted.startswith("services") else wanted,
                                    self.d.read_log()), what=self.d.read_log)
        # a start leaves out what is wrong, and takes the rest
        self.d.stop()
        self.d.start()
        self.assertIn("left out, until it is mended: %s" % other, self.d.read_log())
        write(os.path.join(other, "services.json"), {"functions": {"f": "http://127.0.0.1:9/f", "g": "http://127.0.0.1:9/g"}})
        until(lambda: self.d.read_log().count("services are read again") == 2)

    def test_what_depends_on_another_folder_comes_about(self):
        """A bus of a folder that is read later, a thing that moves, what a bus of a folder that is gone still holds."""
        root = os.path.join(self.folder, "systems")
        self.wait_for("+ schedule nightly/report")
        rule = {"EventPattern": {"source": ["x"]}, "Targets": []}
        write(os.path.join(root, "a", "bus.json"), {"rules": {"on-z": dict(rule, EventBusName="zb")}})
        until(lambda: "Event bus zb does not exist" in self.d.read_log())
        write(os.path.join(root, "z", "bus.json"), {"buses": {"zb": {}}, "rules": {"mover": rule}})
        self.wait_for("+ rule zb/on-z")
        write(os.path.join(root, "a", "bus.json"), {"rules": {"on-z": dict(rule, EventBusName="zb"), "mover": rule}})
        write(os.path.join(root, "z", "bus.json"), {"buses": {"zb": {}}})
        until(lambda: self.said().count("+ rule default/mover") == 2)
        self.assertIn("'a'", self.events("DeleteRule", Name="mover")[1]["message"])
        self.events("PutRule", Name="mine", EventBusName="zb", EventPattern='{"source":["x"]}')
        shutil.rmtree(os.path.join(root, "a"))
        shutil.rmtree(os.path.join(root, "z"))
        until(lambda: "of a folder that is gone:1:1: error: ValidationException: Event bus zb can't be deleted" in self.d.read_log())
        self.assertEqual(self.events("DeleteRule", Name="mine", EventBusName="zb")[0], 200)
        self.wait_for("- bus zb", "- rule default/mover")
        # a failure is told once, however often it is tried
        self.assertEqual(self.d.read_log().count("Event bus zb can't be deleted"), 1)

    def test_what_a_review_found(self):
        self.wait_for("+ schedule nightly/report")
        os.makedirs(os.path.join(self.folder.encode(), b"systems", b"\xff\xfe", b"machines"))
        self.assertEqual(self.events("CreateEventBus", Name="apib")[0], 200)
        self.d.ask("POST", "/schedule-groups/gg", "{}", {"Content-Type": "application/json"})
        transformer = {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": {"a": "<a>"}}
        bus = {"buses": {"default": {"Description": "ours"}}, "permissions": {"p": {"EventBusName": "apib", "Principal": "*"}},
               "schemas": [{"Source": "a/b", "DetailType": "c", "Schema": {}}, {"Source": "a", "DetailType": "b/c", "Schema": {}}],
               "rules": {"two": {"EventPattern": {"source": ["x"]}, "Targets": [
                   {"InputTransformer": transformer, "log": "one"}, {"InputTransformer": transformer, "log": "two"}]}},
               "schedules": {"s": {"GroupName": "gg", "ScheduleExpression": "rate(1 day)", "State": "DISABLED",
                                   "Target": {"log": "l", "RoleArn": "arn:aws:iam::000000000000:role/none"}}}}
        self.put(bus)
        until(lambda: "- bus orders" in self.said(), what=self.d.read_log)
        self.assertEqual([t["Id"] for t in self.events("ListTargetsByRule", Rule="two")[1]["Targets"]], ["log-one", "log-two"])
        self.assertIn("belongs to the folder", self.events("UpdateEventBus", Description="api")[1]["message"])
        self.assertEqual(self.d.ask("DELETE", "/schedule-groups/gg")[0], 409)
        # what the API deleted with its bus is gone already
        self.assertEqual(self.events("DeleteEventBus", Name="apib")[0], 200)
        self.put(dict(bus, permissions={}))
        self.wait_for("- permission apib/p")
        # a schedule that deleted itself is made anew when it is changed
        once = lambda seconds: dict(bus, permissions={}, schedules={"once": {
            "ScheduleExpression": time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + seconds)), "ActionAfterCompletion": "DELETE",
            "Target": {"log": "l", "RoleArn": "arn:aws:iam::000000000000:role/none"}}})
        self.put(once(2))
        self.wait_for("+ schedule default/once")
        until(lambda: self.d.ask("GET", "/schedules/once")[0] == 404)
        self.put(once(9000))
        until(lambda: self.d.ask("GET", "/schedules/once")[0] == 200)
        for fields, wanted in (({"rules": {"r": {"EventPattern": {}, "Tags": []}}}, "tags are put by the API"),
                               ({"permissions": [{"Policy": "{}"}]}, "no field 'Policy' here"),
                               ({"rules": {"r": {"EventPattern": {"source": ["x"]}, "Targets": [{"Id": "x", "log": "a"}, {"Id": "x", "log": "b"}]}}},
                                "TWICE: another target of the rule has the same Id"),
                               ({"scheduleGroups": {"g%d" % n: {} for n in range(1001)}}, "at most 1000 things")):
            self.put(fields)
            until(lambda: wanted in (self.fault() or ""), what=self.fault)

    def lists(self, d):
        def events(action, **parameters):
            status, data = d.ask("POST", "/", json.dumps(parameters), {
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents." + action})
            self.assertEqual(status, 200, data)
            return json.loads(data)
        out = {}
        for bus in events("ListEventBuses")["EventBuses"]:
            rules = events("ListRules", EventBusName=bus["Name"])["Rules"]
            out["rules " + bus["Name"]] = rules, bus.get("Policy")
            for rule in rules:
                out["targets %s/%s" % (bus["Name"], rule["Name"])] = events("ListTargetsByRule", Rule=rule["Name"], EventBusName=bus["Name"])
        out["connections"] = events("ListConnections")["Connections"]
        out["destinations"] = events("ListApiDestinations")["ApiDestinations"]
        out["archives"] = events("ListArchives")["Archives"]
        out["schedules"] = json.loads(d.ask("GET", "/schedules")[1])["Schedules"]
        out["groups"] = [g["Name"] for g in json.loads(d.ask("GET", "/schedule-groups")[1])["ScheduleGroups"]]
        # when it was made, and the id of its ARN, are each daemon's own
        text = re.sub(r'"(CreationDate|CreationTime|LastModif\w+|LastAuthorizedTime|SizeBytes|EventCount)": [\d.]+', r'"\1": 0', json.dumps(out))
        return json.loads(re.sub(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "/ID", text))

    def test_export_and_up_again(self):
        self.wait_for("+ schedule nightly/report")
        self.events("PutRule", Name="paid", EventPattern='{"source":["x"],"detail":{"n":[{"numeric":[">",1.50]}]}}', State="DISABLED", Description="of the API")
        self.events("PutTargets", Rule="paid", Targets=[{"Id": "far", "Arn": "arn:aws:events:eu-west-1:222222222222:event-bus/far"},
                                                        {"Id": "f", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "InputPath": "$.detail"}])
        code, out, err = cli("export", "--url", self.d.url)
        self.assertEqual((code, err), (0, ""))
        bus = json.loads(out)
        self.assertEqual([r["Name"] for r in bus["rules"]], ["every", "paid", "paid"])  # a list: two have one name
        self.assertEqual(bus["connections"]["desk"]["AuthParameters"]["BasicAuthParameters"]["Password"], {"env": "PAVANE_DESK_SECRET"})
        again = os.path.join(self.folder, "again")
        write(os.path.join(again, "shop", "bus.json"), out)
        shutil.copytree(os.path.join(self.shop, "machines"), os.path.join(again, "shop", "machines"))
        os.environ["PAVANE_DESK_SECRET"] = "hush"
        try:
            with Daemon(machines=again) as d:
                until(lambda: "+ schedule nightly/report" in d.read_log(), what=d.read_log)
                self.assertEqual(self.lists(d), self.lists(self.d))
                self.assertEqual(json.loads(cli("export", "--url", d.url)[1]), bus)
        finally:
            del os.environ["PAVANE_DESK_SECRET"]

    def test_one_system_alone(self):
        self.d.stop()
        shutil.copytree(os.path.join(TOP, "machines", "car"), os.path.join(self.folder, "alone"))
        write(os.path.join(self.folder, "alone", "bus.json"), {"rules": {"all": {"EventPattern": {"source": ["x"]}}}})
        for path, machine, rule in ((self.shop, "echo", "rule orders/paid"), (os.path.join(self.folder, "alone"), "alone", "rule default/all")):
            with Daemon(machines=path) as d:
                until(lambda: "+ " + rule in d.read_log())
                self.assertEqual([m["machine"] for m in d.get("/api/v1/machines")["machines"]], [machine])


if __name__ == "__main__":
    main()
