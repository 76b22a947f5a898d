"""Limits and idempotency of the Step Functions API, where a daemon is needed to show them."""
import json
import time
import unittest

from harness import Daemon, main, until

ROLE = "arn:aws:iam::000000000000:role/none"
FAIL = '{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E"}}}'


class Api(unittest.TestCase):
    def setUp(self):
        self.d = Daemon().start()

    def tearDown(self):
        self.d.stop()

    def ask(self, action, **parameters):
        status, answer = self.d.aws(action, **parameters)
        self.assertEqual(status, 200, answer)
        return answer

    def refused(self, error, action, **parameters):
        status, answer = self.d.aws(action, **parameters)
        self.assertEqual((status, answer.get("__type")), (400, error), answer)

    def machine(self, name="m", definition=FAIL, **more):
        return self.ask("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **more)["stateMachineArn"]


class Limits(Api):
    def test_create_again(self):
        arn = self.machine()
        self.assertEqual(self.machine(), arn)
        self.refused("StateMachineAlreadyExists", "CreateStateMachine", name="m", definition=FAIL.replace(":", ": "), roleArn=ROLE)

    def test_names(self):
        for name in ("a b", "a<b", "a{b", "a[b", "a?b", "a*b", 'a"b', "a#b", "a%b", "a\\b", "a^b", "a|b", "a~b", "a`b", "a$b",
                     "a&b", "a,b", "a;b", "a:b", "a/b", "a\x01b", "a\u0085b"):
            self.refused("InvalidName", "CreateStateMachine", name=name, definition=FAIL, roleArn=ROLE)
        for name in ("", "a" * 81):
            self.assertEqual(self.d.aws("CreateStateMachine", name=name, definition=FAIL, roleArn=ROLE)[0], 400)
        self.machine("a" * 80)
        self.machine("ä-_.1")

    def test_redrivable_for_14_days(self):
        x = self.ask("StartExecution", stateMachineArn=self.machine())["executionArn"]
        until(lambda: self.ask("DescribeExecution", executionArn=x)["status"] == "FAILED")
        day = 24 * 3600
        for days, fine in ((13, True), (15 + 13, False)):
            self.d.stop()
            self.d.start(clock_offset_seconds=days * day)
            if fine:
                self.ask("RedriveExecution", executionArn=x)
                until(lambda: self.ask("DescribeExecution", executionArn=x)["status"] == "FAILED")
            else:
                self.refused("ExecutionNotRedrivable", "RedriveExecution", executionArn=x)
                self.assertEqual(self.ask("DescribeExecution", executionArn=x)["redriveStatusReason"],
                                 "Execution has exceeded the redrivable period of 14 days")

    def test_tags_versions_aliases(self):
        arn = self.machine()
        self.ask("TagResource", resourceArn=arn, tags=[{"key": "k%d" % n, "value": ""} for n in range(50)])
        self.assertEqual(len(self.ask("ListTagsForResource", resourceArn=arn)["tags"]), 50)
        self.refused("TooManyTags", "TagResource", resourceArn=arn, tags=[{"key": "more", "value": ""}])
        one = self.ask("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
        for n in range(100):
            self.ask("CreateStateMachineAlias", name="a%d" % n, routingConfiguration=[{"stateMachineVersionArn": one, "weight": 100}])
        self.refused("ServiceQuotaExceededException", "CreateStateMachineAlias", name="more",
                     routingConfiguration=[{"stateMachineVersionArn": one, "weight": 100}])
        for routing in ([], [{"stateMachineVersionArn": one, "weight": 99}], [{"stateMachineVersionArn": one, "weight": 101}]):
            self.assertEqual(self.d.aws("CreateStateMachineAlias", name="x", routingConfiguration=routing)[0], 400)

    def test_tags_of_a_new_machine(self):
        arn = self.machine(tags=[{"key": "team", "value": "x"}])
        self.assertEqual(self.ask("ListTagsForResource", resourceArn=arn)["tags"], [{"key": "team", "value": "x"}])
        self.ask("DeleteStateMachine", stateMachineArn=arn)
        self.assertEqual(self.ask("ListTagsForResource", resourceArn=self.machine())["tags"], [])

    def test_a_number_is_given_once(self):
        arn = self.machine()
        for n in range(1, 4):
            self.ask("UpdateStateMachine", stateMachineArn=arn, definition=FAIL.replace("E", "E%d" % n))
            published = self.ask("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
            self.assertEqual(published, "%s:%d" % (arn, n))
            self.ask("DeleteStateMachineVersion", stateMachineVersionArn=published)

    def test_versions_page_to_the_last(self):
        arn = self.machine()
        for n in range(5):
            self.ask("UpdateStateMachine", stateMachineArn=arn, definition=FAIL.replace("E", "E%d" % n), publish=True)
        for size in (1, 2, 3, 4, 5):
            seen, token = [], {}
            while True:
                page = self.ask("ListStateMachineVersions", stateMachineArn=arn, maxResults=size, **token)
                seen += [int(v["stateMachineVersionArn"].rsplit(":", 1)[1]) for v in page["stateMachineVersions"]]
                if "nextToken" not in page:
                    break
                token = {"nextToken": page["nextToken"]}
            self.assertEqual(seen, [5, 4, 3, 2, 1])

    def test_pages(self):
        arn = self.machine()
        self.refused("ValidationException", "ListExecutions", stateMachineArn=arn, maxResults=1001)
        for action, more in (("ListExecutions", {"stateMachineArn": arn}), ("ListActivities", {}), ("ListStateMachines", {}),
                             ("ListStateMachineVersions", {"stateMachineArn": arn})):
            self.refused("InvalidToken", action, nextToken="x", **more)

    def test_an_update_keeps_what_it_does_not_name(self):
        arn = self.machine(tracingConfiguration={"enabled": True})
        self.ask("UpdateStateMachine", stateMachineArn=arn, loggingConfiguration={"level": "OFF", "includeExecutionData": True})
        d = self.ask("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual((d["tracingConfiguration"], d["loggingConfiguration"]["includeExecutionData"]), ({"enabled": True}, True))

    def test_a_redrive_is_idempotent_by_its_token(self):
        x = self.ask("StartExecution", stateMachineArn=self.machine())["executionArn"]
        for token in ("one", "two", "one", "two"):
            until(lambda: self.ask("DescribeExecution", executionArn=x)["status"] == "FAILED")
            self.ask("RedriveExecution", executionArn=x, clientToken=token)
        self.assertEqual(self.ask("DescribeExecution", executionArn=x)["redriveCount"], 2)


class C14(Api):
    """What the service refuses, and how it says it; and pages while others create."""

    LOG = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*"}}
    BUS = "arn:aws:events:us-east-1:000000000000:event-bus/default"

    def bus(self, action, **parameters):
        status, data = self.d.ask("POST", "/", json.dumps(parameters), {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents." + action})
        return status, json.loads(data)

    def told(self, answer, error, *words):
        status, data = answer
        self.assertEqual((status, data.get("__type", data.get("Message") and "ValidationException")), (400, error), data)
        for word in words:
            self.assertIn(word, data.get("message", data.get("Message")))

    def create(self, **more):
        return self.d.aws("CreateStateMachine", name="new", definition=FAIL, roleArn=ROLE, **more)

    def test_C14_logging_and_keys(self):
        one = "Must specify exactly one Log Destination."
        for logging in ({"level": "ALL"}, {"level": "ERROR", "destinations": []}, {"level": "FATAL", "destinations": [{}]},
                        {"level": "ALL", "destinations": [self.LOG, self.LOG]}, {"destinations": [self.LOG, self.LOG]}):
            self.told(self.create(loggingConfiguration=logging), "InvalidLoggingConfiguration", one)
        self.told(self.create(loggingConfiguration={"level": "ALL", "destinations": [
            {"cloudWatchLogsLogGroup": {"logGroupArn": "x" * 257}}]}), "ValidationException",
            "'loggingConfiguration.destinations.1.member.cloudWatchLogsLogGroup.logGroupArn' failed", "equal to 256")
        self.told(self.create(encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY"}),
                  "InvalidEncryptionConfiguration", "kmsKeyId is expected")
        self.told(self.create(encryptionConfiguration={"type": "MINE", "kmsKeyId": "k"}), "ValidationException",
                  "enum value set: [AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]")
        self.told(self.create(encryptionConfiguration={"kmsKeyId": "k"}), "ValidationException",
                  "Value null at 'encryptionConfiguration.type'")
        self.told(self.create(encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k",
                                                       "kmsDataKeyReusePeriodSeconds": 59}), "ValidationException", "60")
        self.assertEqual(self.create(loggingConfiguration={"level": "ALL", "destinations": [self.LOG]},
                                     encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"})[0], 200)
        self.told(self.d.aws("UpdateStateMachine", stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:new",
                             loggingConfiguration={"level": "ALL"}), "InvalidLoggingConfiguration", one)

    def test_C14_tags(self):
        arn = self.machine()
        for tag, where in (({"key": "x" * 129, "value": ""}, "'tags.1.member.key'"), ({"key": "", "value": ""}, "'tags.1.member.key'"),
                           ({"key": "k", "value": "x" * 257}, "'tags.1.member.value'")):
            self.told(self.create(tags=[tag]), "ValidationException", where)
            self.told(self.d.aws("CreateActivity", name="a", tags=[tag]), "ValidationException", where)
            self.told(self.d.aws("TagResource", resourceArn=arn, tags=[tag]), "ValidationException", where)
            upper = {k.capitalize(): v for k, v in tag.items()}
            self.told(self.bus("PutRule", Name="r", EventPattern='{"source":["a"]}', Tags=[upper]), "ValidationException", where)
            self.told(self.bus("CreateEventBus", Name="b", Tags=[upper]), "ValidationException", where)
            self.told(self.bus("TagResource", ResourceARN=self.BUS, Tags=[upper]), "ValidationException", where)
        self.told(self.bus("TagResource", ResourceARN=self.BUS, Tags=[{"Key": "k"}]), "ValidationException",
                  "Value null at 'tags.1.member.value'")
        self.told(self.d.aws("TagResource", resourceArn=arn, tags=["x"]), "SerializationException")
        self.ask("TagResource", resourceArn=arn, tags=[{"key": "ä" * 128, "value": "x" * 256}])

    def test_C14_an_alias_has_a_version_once(self):
        arn = self.machine(publish=True)
        twice = [{"stateMachineVersionArn": arn + ":1", "weight": 60}, {"stateMachineVersionArn": arn + ":1", "weight": 40}]
        self.told(self.d.aws("CreateStateMachineAlias", name="al", routingConfiguration=twice), "ValidationException", "distinct")
        self.told(self.d.aws("CreateStateMachineAlias", name="al", routingConfiguration=[{**twice[0], "weight": 101}]),
                  "ValidationException", "'routingConfiguration.1.member.weight'")
        self.ask("CreateStateMachineAlias", name="al", routingConfiguration=[{**twice[0], "weight": 100}])
        self.told(self.d.aws("UpdateStateMachineAlias", stateMachineAliasArn=arn + ":al", routingConfiguration=twice),
                  "ValidationException", "distinct")

    def test_C14_a_policy_has_at_most_10240_bytes(self):
        policy = {"Version": "2012-10-17", "Statement": [{"Sid": "s", "Effect": "Allow", "Principal": {"AWS": ["1" * 12] * 900},
                                                          "Action": "events:PutEvents", "Resource": self.BUS}]}
        self.told(self.bus("PutPermission", Policy=json.dumps(policy)), "PolicyLengthExceededException", "10240")
        added = 0
        while added < 100:
            status, answer = self.bus("PutPermission", StatementId="s%d" % added, Principal="%012d" % added, Action="events:PutEvents")
            if status != 200:
                break
            added += 1
        self.told((status, answer), "PolicyLengthExceededException", "10240")
        kept = json.loads(self.bus("DescribeEventBus")[1]["Policy"])
        self.assertEqual(len(kept["Statement"]), added)
        self.assertLessEqual(len(json.dumps(kept, separators=(",", ":"))), 10240)
        self.told(self.bus("PutPermission", StatementId="x", Principal="12345", Action="events:PutEvents"), "ValidationException")

    def test_C14_states_windows_and_dates(self):
        def schedule(**more):
            status, data = self.d.ask("POST", "/schedules/s", json.dumps({
                "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": self.BUS, "RoleArn": ROLE, "EventBridgeParameters": {"Source": "s", "DetailType": "d"}}, **more}))
            return status, json.loads(data)
        now = time.time()
        for more, *words in (
                ({"State": "ON"}, "enum value set: [ENABLED, DISABLED]"),
                ({"FlexibleTimeWindow": {"Mode": "SOMETIMES"}}, "'flexibleTimeWindow.mode'", "[OFF, FLEXIBLE]"),
                ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}}, "1440"),
                ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 0}}, "greater than or equal to 1"),
                ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "must be set"),
                ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "must be null"),
                ({"FlexibleTimeWindow": {}}, "Value null at 'flexibleTimeWindow.mode'"),
                ({"StartDate": now + 100, "EndDate": now + 50}, "EndDate must be after the StartDate"),
                ({"EndDate": now - 50}, "in the past"), ({"StartDate": now - 1000}, "earlier than 5 minutes ago"),
                ({"StartDate": -1}, "'startDate'"), ({"EndDate": 1e300}, "Invalid EndDate"),
                ({"ActionAfterCompletion": "WAIT"}, "[NONE, DELETE]"),
                ({"Target": {"Arn": self.BUS, "EventBridgeParameters": {"Source": "s"}}}, "'target.eventBridgeParameters.detailType'")):
            self.told(schedule(**more), "ValidationException", *words)
        self.assertEqual(schedule(StartDate=now + 50, EndDate=now + 100,
                                  FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440})[0], 200)
        for path in ("/schedules?State=ON", "/schedules?MaxResults=0", "/schedule-groups?MaxResults=101"):
            self.assertEqual(self.d.ask("GET", path)[0], 400, path)
        self.told(self.bus("PutRule", Name="r", EventPattern='{"source":["a"]}', State="ON"), "ValidationException", "enum value set")
        for action in ("ListArchives", "ListReplays"):
            self.told(self.bus(action, State="ON"), "ValidationException", "'state'")
        self.told(self.bus("ListConnections", ConnectionState="ON"), "ValidationException", "'connectionState'")
        self.told(self.bus("CreateArchive", ArchiveName="a", EventSourceArn=self.BUS, RetentionDays=-1), "ValidationException")

    def test_C14_events_of_one_mebibyte(self):
        entry = lambda size: {"Source": "s", "DetailType": "d", "Detail": json.dumps({"x": "y" * (size - 2 - 9)})}
        status, answer = self.bus("PutEvents", Entries=[entry(1048576)])
        self.assertEqual((status, answer["FailedEntryCount"]), (200, 0))
        self.assertEqual(self.bus("PutEvents", Entries=[entry(524288), entry(524288)])[1]["FailedEntryCount"], 0)
        for entries in ([entry(1048577)], [entry(524288), entry(524289)]):
            self.told(self.bus("PutEvents", Entries=entries), "ValidationException",
                      "Total size of the entries in the request is over the limit.")
        self.told(self.bus("PutEvents", Entries=[{**entry(20), "Resources": ["x" * 2049]}]), "ValidationException",
                  "'entries.1.member.resources.1.member'")
        # Of what an execution is to hold the bound stays.
        self.machine("small", json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))
        self.bus("PutRule", Name="r", EventPattern='{"source":["s"]}')
        self.bus("PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:small"}])
        self.bus("PutEvents", Entries=[entry(300000)])
        until(lambda: [x["status"] for x in self.d.executions(machine="small")] == ["FAILED"])
        [x] = self.d.executions(machine="small")
        self.assertIn("States.DataLimitExceeded", json.dumps(self.d.history(x["executionId"])))

    def test_C14_pages_while_others_create(self):
        for name in "bdfh":
            self.machine(name)
        seen, token, new = [], {}, iter("aceg")
        while True:
            page = self.ask("ListStateMachines", maxResults=1, **token)
            seen += [m["name"] for m in page["stateMachines"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
            self.machine(next(new))
        self.assertEqual([n for n in seen if n in "bdfh"], list("bdfh"))
        self.assertEqual(sorted(set(seen)), seen)
        self.refused("InvalidToken", "ListStateMachines", nextToken="1")

    def test_C14_map_runs_page(self):
        runs = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": [1], "Next": "M0"}, **{
            "M%d" % i: {"Type": "Map", "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "A%d" % i,
                "States": {"A%d" % i: {"Type": "Pass", "End": True}}}, "ResultPath": None,
                **({"Next": "M%d" % (i + 1)} if i < 2 else {"End": True})} for i in range(3)}}}
        x = self.ask("StartExecution", stateMachineArn=self.machine("runs", json.dumps(runs)))["executionArn"]
        until(lambda: self.ask("DescribeExecution", executionArn=x)["status"] == "SUCCEEDED")
        seen, token = [], {}
        while token is not None:
            page = self.ask("ListMapRuns", executionArn=x, maxResults=1, **token)
            seen += [r["mapRunArn"] for r in page["mapRuns"]]
            token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
        self.assertEqual(len(set(seen)), 3)
        self.assertEqual(len(seen), 3)


if __name__ == "__main__":
    main()
