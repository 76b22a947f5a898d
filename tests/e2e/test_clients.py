"""AWS's own clients, unmodified, against the real daemon: Debian's awscli and boto3 with
every action that they know, and the SDK for JavaScript with all."""
import json
import os
import subprocess
import tempfile
import threading
import unittest

import boto3
import botocore.config
import botocore.exceptions

from harness import Daemon, TOP, main, until

TOOLS = os.environ.get("PAVANE_TOOLS", os.path.join(TOP, "build", "tools", "node_modules"))
SDK = os.environ.get("PAVANE_SDK", os.path.join(TOOLS, "@aws-sdk", "client-sfn"))
ROLE = "arn:aws:iam::000000000000:role/none"
KNOWN = 26  # actions that Debian 12's clients know
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "PATH": os.environ["PATH"]}


def machine(**states):
    return json.dumps({"StartAt": list(states)[0], "States": states})


PASS = machine(A={"Type": "Pass", "Result": {"n": 1}, "End": True})


class Case(unittest.TestCase):
    def setUp(self):
        self.d = Daemon().start()
        self.called = set()

    def tearDown(self):
        self.d.stop()

    def ended(self, arn):
        def look():
            d = self.ask("describe_execution", executionArn=arn)
            return None if d["status"] in ("RUNNING", "PENDING_REDRIVE") else d
        return until(look)

    def drive(self):
        """Every action that Debian's clients know, by the names of boto3."""
        ask, refused = self.ask, self.refused
        activity = ask("create_activity", name="work")["activityArn"]
        self.assertEqual(ask("describe_activity", activityArn=activity)["name"], "work")
        self.assertEqual([a["activityArn"] for a in ask("list_activities")["activities"]], [activity])
        refused("InvalidName", "create_activity", name="a b")

        m = ask("create_state_machine", name="m", definition=PASS, roleArn=ROLE,
                tags=[{"key": "a", "value": "b"}])["stateMachineArn"]
        refused("InvalidDefinition", "create_state_machine", name="x", definition="{", roleArn=ROLE)
        refused("StateMachineAlreadyExists", "create_state_machine", name="m", definition=machine(B={"Type": "Succeed"}), roleArn=ROLE)
        self.assertEqual(ask("describe_state_machine", stateMachineArn=m)["definition"], PASS)
        self.assertEqual([x["name"] for x in ask("list_state_machines")["stateMachines"]], ["m"])
        ask("update_state_machine", stateMachineArn=m, roleArn=ROLE + "2")
        ask("tag_resource", resourceArn=m, tags=[{"key": "c", "value": "d"}])
        ask("untag_resource", resourceArn=m, tagKeys=["a"])
        self.assertEqual(ask("list_tags_for_resource", resourceArn=m)["tags"], [{"key": "c", "value": "d"}])

        x = ask("start_execution", stateMachineArn=m, name="x", input='{"q":1}')["executionArn"]
        self.assertEqual(self.ended(x)["output"], '{"n":1}')
        refused("ExecutionAlreadyExists", "start_execution", stateMachineArn=m, name="x", input='{"q":2}')
        refused("InvalidExecutionInput", "start_execution", stateMachineArn=m, input="{")
        self.assertEqual(ask("describe_state_machine_for_execution", executionArn=x)["roleArn"], ROLE + "2")
        self.assertEqual([e["type"] for e in ask("get_execution_history", executionArn=x)["events"]],
                         ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"])
        self.assertEqual([e["name"] for e in ask("list_executions", stateMachineArn=m)["executions"]], ["x"])
        express = ask("create_state_machine", name="e", definition=PASS, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
        self.assertEqual(ask("start_sync_execution", stateMachineArn=express)["output"], '{"n":1}')

        w = ask("create_state_machine", name="w", roleArn=ROLE, definition=machine(
            A={"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60, "End": True}))["stateMachineArn"]
        for settle, more, status in (("success", {"output": '{"r":1}'}, "SUCCEEDED"),
                                     ("failure", {"error": "E", "cause": "C"}, "FAILED")):
            x = ask("start_execution", stateMachineArn=w, input='{"q":1}')["executionArn"]
            task = ask("get_activity_task", activityArn=activity, workerName="me")
            self.assertEqual(task["input"], '{"q":1}')
            ask("send_task_heartbeat", taskToken=task["taskToken"])
            ask("send_task_" + settle, taskToken=task["taskToken"], **more)
            self.assertEqual(self.ended(x)["status"], status)
        refused("TaskTimedOut", "send_task_heartbeat", taskToken=task["taskToken"])
        x = ask("start_execution", stateMachineArn=w)["executionArn"]
        ask("stop_execution", executionArn=x, error="S")
        self.assertEqual(self.ended(x)["status"], "ABORTED")

        d = ask("create_state_machine", name="d", roleArn=ROLE, definition=machine(M={
            "Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 1, "End": True, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I",
                "States": {"I": {"Type": "Wait", "Seconds": 1, "End": True}}}}))["stateMachineArn"]
        x = ask("start_execution", stateMachineArn=d, input='{"l":[1,2,3]}')["executionArn"]
        run = until(lambda: ask("list_map_runs", executionArn=x)["mapRuns"])[0]["mapRunArn"]
        ask("update_map_run", mapRunArn=run, maxConcurrency=3)
        self.assertEqual(ask("describe_map_run", mapRunArn=run)["maxConcurrency"], 3)
        self.assertEqual(self.ended(x)["status"], "SUCCEEDED")
        ask("delete_activity", activityArn=activity)
        ask("delete_state_machine", stateMachineArn=m)
        refused("StateMachineDoesNotExist", "describe_state_machine", stateMachineArn=m)


class Boto3(Case):
    def client(self, **config):
        return boto3.client("stepfunctions", endpoint_url=self.d.url, region_name="us-east-1",
                            aws_access_key_id="any", aws_secret_access_key="any",
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, **config))

    def ask(self, action, **parameters):
        self.called.add(action)
        return getattr(self.sfn, action)(**parameters)

    def refused(self, error, action, **parameters):
        with self.assertRaises(getattr(self.sfn.exceptions, error)):
            self.ask(action, **parameters)

    def test_every_action(self):
        self.sfn = self.client(inject_host_prefix=False)
        self.drive()
        known = {boto3.session.botocore.xform_name(n) for n in self.sfn.meta.service_model.operation_names}
        self.assertEqual((self.called, len(known)), (known, KNOWN))

    def test_paginators_and_long_polls(self):
        self.sfn = self.client()
        m = self.ask("create_state_machine", name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
        for n in range(7):
            self.ask("start_execution", stateMachineArn=m, name="x%d" % n)
        pages = self.sfn.get_paginator("list_executions").paginate(stateMachineArn=m, PaginationConfig={"PageSize": 3})
        self.assertEqual([len(p["executions"]) for p in pages], [3, 3, 1])
        activity = self.ask("create_activity", name="work")["activityArn"]
        w = self.ask("create_state_machine", name="w", roleArn=ROLE, definition=machine(
            A={"Type": "Task", "Resource": activity, "End": True}))["stateMachineArn"]
        got = []
        poller = threading.Thread(target=lambda: got.append(self.ask("get_activity_task", activityArn=activity)))
        poller.start()
        self.ask("start_execution", stateMachineArn=w, input='"here"')
        poller.join()
        self.assertEqual(got[0]["input"], '"here"')


class Cli(Case):
    def setUp(self):
        super().setUp()
        self.home = tempfile.TemporaryDirectory()

    def tearDown(self):
        super().tearDown()
        self.home.cleanup()

    def run_aws(self, action, **parameters):
        # The client puts "sync-" before the host's name, which no resolver knows: as its own
        # proxy the daemon is asked for that host, as an entry in /etc/hosts would have it.
        more = {"HTTP_PROXY": self.d.url} if action == "start_sync_execution" else {}
        return subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", self.d.url.replace("127.0.0.1", "localhost"), "--output", "json",
             "stepfunctions", action.replace("_", "-"), "--cli-input-json", json.dumps(parameters)],
            env={**ENVIRONMENT, **more, "HOME": self.home.name}, capture_output=True, text=True, timeout=120)

    def ask(self, action, **parameters):
        self.called.add(action)
        p = self.run_aws(action, **parameters)
        self.assertEqual(p.returncode, 0, p.stderr)
        return json.loads(p.stdout or "{}")

    def refused(self, error, action, **parameters):
        p = self.run_aws(action, **parameters)
        self.assertEqual(p.returncode, 254)
        self.assertIn("An error occurred (%s)" % error, p.stderr)

    def test_every_action(self):
        self.drive()
        self.assertEqual(len(self.called), KNOWN)


class JavaScript(Case):
    def test_every_action(self):
        p = subprocess.run(["node", os.path.join(os.path.dirname(__file__), "clients.mjs"), SDK, self.d.url],
                           capture_output=True, text=True, timeout=300)
        self.assertEqual((p.returncode, p.stdout.splitlines()[-1:]), (0, ["37 actions, 0 faults"]), p.stdout + p.stderr)


class BusJavaScript(Case):
    def test_every_action(self):
        p = subprocess.run(["node", os.path.join(os.path.dirname(__file__), "bus_clients.mjs"), TOOLS, self.d.url],
                           capture_output=True, text=True, timeout=300)
        self.assertEqual((p.returncode, p.stdout.splitlines()[-1:]), (0, ["51 actions, 0 faults"]), p.stdout + p.stderr)


class BusCli(Cli):
    """awscli against buses, rules, targets, PutEvents, archives and replays."""

    def aws(self, *words):
        p = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.d.url, "--output", "json", "events", *words],
                           env={**ENVIRONMENT, "HOME": self.home.name}, capture_output=True, text=True, timeout=120)
        self.assertEqual(p.returncode, 0, p.stderr)
        return json.loads(p.stdout or "{}")

    def test_every_action(self):
        default = "arn:aws:events:us-east-1:000000000000:event-bus/default"
        self.aws("create-event-bus", "--name", "side")
        self.aws("put-rule", "--name", "sold", "--event-pattern", '{"source": ["shop"]}')
        self.aws("put-targets", "--rule", "sold", "--targets",
                 "Id=1,Arn=arn:aws:events:us-east-1:000000000000:event-bus/side")
        archive = self.aws("create-archive", "--archive-name", "a", "--event-source-arn", default)["ArchiveArn"]
        put = self.aws("put-events", "--entries", json.dumps(
            [{"Source": "shop", "DetailType": "x", "Detail": "{}", "Time": "2026-01-02T03:04:05Z"}] * 2))
        self.assertEqual((put["FailedEntryCount"], len(put["Entries"])), (0, 2))
        self.assertEqual(self.aws("describe-archive", "--archive-name", "a")["EventCount"], 2)
        self.aws("start-replay", "--replay-name", "r", "--event-source-arn", archive, "--event-start-time",
                 "2026-01-02T00:00:00Z", "--event-end-time", "2026-01-03T00:00:00Z", "--destination", "Arn=" + default)
        until(lambda: self.aws("describe-replay", "--replay-name", "r")["State"] == "COMPLETED")
        self.assertEqual(self.aws("list-targets-by-rule", "--rule", "sold")["Targets"][0]["Id"], "1")
        self.aws("remove-targets", "--rule", "sold", "--ids", "1")
        self.aws("delete-rule", "--name", "sold")
        self.aws("delete-event-bus", "--name", "side")
        self.assertEqual([b["Name"] for b in self.aws("list-event-buses")["EventBuses"]], ["default"])


if __name__ == "__main__":
    main()
