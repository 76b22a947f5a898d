"""Limits and idempotency of the Step Functions API, where a daemon is needed to show them."""
import json
import unittest

from harness import Daemon, main, until

ROLE = "arn:aws:iam::000000000000:role/none"
FAIL = '{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E"}}}'


class Limits(unittest.TestCase):
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


if __name__ == "__main__":
    main()
