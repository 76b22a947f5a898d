"""The machines of this project and their samples; the folder; the commands."""
import glob
import json
import os
import shutil
import tempfile
import unittest

from harness import Daemon, MACHINES, cli, main, until



SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: orders.asl.yaml
      DefinitionSubstitutions: {PriceArn: !GetAtt Price.Arn}
      Events:
        Placed: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop], detail-type: [Placed], detail: {n: [1, '1', true, ~]}}}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: cron(0 3 * * ? *), Input: '{"night": true}'}}
  Price:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
        Web: {Type: Api, Properties: {Path: /}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Queue: {Type: AWS::SQS::Queue}
  Log: {Type: 'AWS::Logs::LogGroup'}
  Audit:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern:
        source: [{anything-but: [com.shop.sales]}]
      Targets:
        - Arn: !GetAtt Log.Arn
          Id: log
        - {Arn: !GetAtt Queue.Arn, Id: q}
        - {Arn: !Ref Unknown, Id: u}
  Desk:
    Type: AWS::Events::Connection
    Properties: {AuthorizationType: BASIC, AuthParameters: {BasicAuthParameters: {Username: u, Password: !Ref Key}}}
  Tickets:
    Type: AWS::Events::ApiDestination
    Properties: {ConnectionArn: !GetAtt Desk.Arn, HttpMethod: POST, InvocationEndpoint: 'https://x.example/t'}
  Kept: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt Bus.Arn, RetentionDays: 7}}
"""


class Samples(unittest.TestCase):
    """Every sample of events leads to the end that it names."""

    def test_samples(self):
        with Daemon(MACHINES) as d:
            for path in sorted(glob.glob(MACHINES + "/*/events/*.json")):
                with self.subTest(os.path.relpath(path, MACHINES)):
                    sample = json.load(open(path))
                    expect = sample["expect"]
                    if any("afterSeconds" in e for e in sample["events"]):
                        # its hours pass on the virtual clock only
                        self.assertEqual(cli("test", os.path.dirname(os.path.dirname(path)))[0], 0)
                        continue
                    status, answer = d.post(sample["events"])
                    self.assertEqual(status, 200)
                    self.assertEqual([r["dispositions"][0]["disposition"] for r in answer["results"]],
                                     expect["dispositions"])
                    [x] = d.executions(correlationId=expect["correlationId"])
                    self.assertEqual((x["status"], x["currentStates"]), (expect["status"], expect["states"]))
                    history = d.history(x["executionId"])
                    self.assertEqual(len(history), expect["historyEvents"])
                    if "error" in expect:
                        self.assertEqual(history[-1]["executionFailedEventDetails"]["error"], expect["error"])

    def test_list_is_one_transaction_and_order_is_kept(self):
        with Daemon(MACHINES) as d:
            sample = json.load(open(MACHINES + "/order/events/delivered.json"))
            bad = {"source": "x", "detail": {}}
            status, answer = d.post(sample["events"][:2] + [bad] + sample["events"][2:])
            self.assertEqual(status, 200)
            self.assertEqual([r["status"] for r in answer["results"]],
                             ["accepted", "accepted", "rejected", "accepted", "accepted"])
            self.assertEqual(answer["results"][2]["error"]["at"], "/detail-type")
            self.assertEqual(d.executions()[0]["status"], "SUCCEEDED")


class Folder(unittest.TestCase):
    def setUp(self):
        self.d = Daemon()
        self.d.machines = os.path.join(self.d.folder, "m")
        shutil.copytree(MACHINES, self.d.machines)
        self.d.start()
        self.addCleanup(self.d.__exit__)

    def machine(self, name):
        return next((m for m in self.d.get("/api/v1/machines")["machines"] if m["machine"] == name), None)

    def test_reload_fault_and_vanishing(self):
        until(lambda: self.machine("order"))
        path = self.d.machines + "/order/machine.asl.json"
        good = json.load(open(path))
        # a new version
        json.dump({**good, "Comment": "changed"}, open(path, "w"))
        until(lambda: self.machine("order")["version"] == 2)
        # a fault: the last good version stays, and the fault is shown
        json.dump({**good, "StartAt": "Nowhere"}, open(path, "w"))
        fault = until(lambda: self.machine("order")["fault"])
        self.assertIn("MISSING_TRANSITION_TARGET", fault)
        self.assertEqual(self.machine("order")["version"], 2)
        self.assertIsNone(self.machine("car")["fault"])
        # mended
        json.dump(good, open(path, "w"))
        until(lambda: self.machine("order")["version"] == 3)
        self.assertIsNone(self.machine("order")["fault"])
        # gone: nothing starts, what runs goes on
        sample = json.load(open(MACHINES + "/order/events/delivered.json"))["events"]
        self.d.post(sample[:1])
        shutil.rmtree(self.d.machines + "/order")
        until(lambda: not self.machine("order")["active"])
        other = json.loads(json.dumps(sample[0]).replace("order-1001", "order-x"))
        self.assertEqual(self.d.send(other), [(None, "unmatched")])
        self.assertEqual(self.d.send(sample[1]), [("order", "resumed")])

    def test_running_executions_keep_their_version(self):
        sample = json.load(open(MACHINES + "/order/events/delivered.json"))["events"]
        self.d.post(sample[:1])
        path = self.d.machines + "/order/machine.asl.json"
        text = open(path).read().replace("AwaitShop", "AskTheShop")
        open(path, "w").write(text)
        until(lambda: self.machine("order")["version"] == 2)
        self.d.post(sample[1:2])
        [x] = self.d.executions(correlationId="order-1001")
        self.assertEqual((x["version"], x["currentStates"]), (1, ["AwaitShop"]))
        # and after a restart
        self.d.kill()
        self.d.start()
        self.d.post(sample[2:])
        [x] = self.d.executions(correlationId="order-1001")
        self.assertEqual((x["version"], x["status"]), (1, "SUCCEEDED"))


class Commands(unittest.TestCase):
    def test_help(self):
        code, out, _ = cli("--help")
        self.assertEqual(code, 0)
        for name in ("serve", "validate", "import", "send", "list", "show", "history"):
            self.assertIn(name, out)
            code, text, _ = cli(name, "--help")
            self.assertEqual(code, 0)
            self.assertIn("usage: pavane " + name, text)

    def test_usage_errors(self):
        for args in ([], ["nothing"], ["serve", "--nothing"], ["validate"], ["show"], ["send"],
                     ["import", "x"], ["list", "--limit", "0"]):
            self.assertEqual(cli(*args)[0], 2, args)

    def test_no_daemon(self):
        code, _, err = cli("list", url="http://127.0.0.1:1")
        self.assertEqual(code, 3)
        self.assertIn("is 'pavane serve' running there", err)

    def test_slips_are_named(self):
        with tempfile.TemporaryDirectory() as t:
            shutil.copytree(MACHINES + "/order", t + "/order")
            rules = open(t + "/order/rules.json").read()
            open(t + "/order/rules.json", "w").write(rules.replace('"source"', '"sourc"').replace(
                '"unexpected"', '"unexpcted"'))
            path = t + "/order/machine.asl.json"
            definition = open(path).read()
            open(path, "w").write(definition.replace('"EventPattern"', '"EventPatern"', 1))
            shutil.copytree(MACHINES + "/car", t + "/bad name")
            code, out, _ = cli("validate", t)
            self.assertEqual(code, 1)
            for text in ("no field 'sourc' here (/start/0/pattern)", "no field 'unexpcted' here (/policies)",
                         "NO_EVENT_PATTERN", "NAME: a machine cannot have this folder's name"):
                self.assertIn(text, out)
            open(path, "w").write(definition.replace("event.waitFor", "evnt.waitFor", 1))
            self.assertIn("Pavane's own is arn:pavane:states:::event.waitForTaskToken", cli("validate", path)[1])

    def test_import_keeps_what_was_changed(self):
        template = {"Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "DefinitionString": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'}}}}
        with tempfile.TemporaryDirectory() as t:
            json.dump(template, open(t + "/t.json", "w"))
            args = ("import", "--cloudformation", t + "/t.json", t + "/out")
            self.assertEqual(cli(*args)[0], 0)
            self.assertEqual(cli(*args)[0], 0)
            open(t + "/out/M/rules.json", "w").write('{"correlationId":"$.detail.id"}')
            code, _, err = cli(*args)
            self.assertEqual(code, 1)
            self.assertIn("/out/M/rules.json: is there and differs; --force writes over it", err)
            self.assertIn("$.detail.id", open(t + "/out/M/rules.json").read())
            self.assertEqual(cli(*args, "--force")[0], 0)

    def test_import_reads_yaml_and_sam(self):
        with tempfile.TemporaryDirectory() as t:
            open(t + "/orders.asl.yaml", "w").write("StartAt: Price\nStates:\n  Price: {Type: Task, Resource: '${PriceArn}', TimeoutSeconds: 5, End: true}\n")
            open(t + "/t.yaml", "w").write(SAM)
            code, out, err = cli("import", "--cloudformation", t + "/t.yaml", t + "/out")
            self.assertEqual((code, err), (0, ""), out)
            for said in ("Orders written to", "event PriceWeb left out: it is neither", "a target of the rule Audit left out: it is nothing that the template makes",
                         "the secret of connection Desk is read from the environment: Desk_Password", "1 machines and 1 rules imported, 0 machines and 2 rules left out"):
                self.assertIn(said, out)
            definition = json.load(open(t + "/out/Orders/machine.asl.json"))
            self.assertEqual(definition["States"]["Price"], {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:Price",
                                                              "TimeoutSeconds": 5, "End": True})
            [start] = json.load(open(t + "/out/Orders/rules.json"))["start"]
            self.assertEqual(start["pattern"], {"source": ["shop"], "detail-type": ["Placed"], "detail": {"n": [1, "1", True, None]}})
            bus = json.load(open(t + "/out/bus/bus.json"))
            self.assertEqual(bus["rules"]["Audit"]["Targets"], [{"log": "Log", "Id": "log"}, {"queue": "Queue", "Id": "q"}])
            self.assertEqual(bus["rules"]["PriceTick"], {"ScheduleExpression": "rate(1 hour)", "Targets": [{"function": "Price"}]})
            self.assertEqual(bus["schedules"]["OrdersNightly"]["Target"]["Input"], {"night": True})
            self.assertEqual(bus["apiDestinations"]["Tickets"]["Connection"], "Desk")
            os.environ["Desk_Password"] = "x"
            self.addCleanup(os.environ.pop, "Desk_Password")
            code, out, err = cli("validate", t + "/out")
            self.assertEqual((code, out), (0, "2 valid\n"), err)
            with Daemon(t + "/out") as d:
                until(lambda: "+ schedule default/OrdersNightly" in d.read_log() and "+ rule default/Audit" in d.read_log())
            for text, wanted in (("Resources: [", "t.yaml: neither JSON nor YAML: line 2, column 1"), ("a: &x [*x]\n", "t.yaml"), ("{]", "neither JSON nor YAML: line 1, column 2"),
                                 ("&a [*a, *a]", "t.yaml"), ("", "'Resources' is missing"), ("? [a]: b", "a key must be a text")):
                open(t + "/t.yaml", "w").write(text)
                code, _, err = cli("import", "--cloudformation", t + "/t.yaml", t + "/out2")
                self.assertEqual((code, wanted in err), (1, True), err)

    def test_validate(self):
        code, out, err = cli("validate", MACHINES)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^\d+ valid\n$")
        self.assertEqual(cli("validate", MACHINES + "/order")[0], 0)
        with Daemon() as d:
            bad = d.folder + "/bad.json"
            open(bad, "w").write('{"StartAt":"A",\n"States":{"A":{"Type":"Pass","Next":"B"},\n'
                                 '"C":{"Type":"Wait","End":true},"D":{"Type":"Task","Resource":"x","End":true}}}')
            code, out, _ = cli("validate", bad)
            self.assertEqual(code, 1)
            self.assertEqual(len(out.strip().split("\n")), 3)
            self.assertIn(bad + ":2:37: error: MISSING_TRANSITION_TARGET: ", out)
            code, out, _ = cli("validate", "--json", bad)
            self.assertEqual(len(json.loads(out)["items"]), 3)

    def test_a_session(self):
        with Daemon(MACHINES) as d:
            events = json.load(open(MACHINES + "/order/events/waiting.json"))["events"]
            code, out, _ = cli("send", "-", url=d.url, stdin=json.dumps(events))
            self.assertEqual(code, 0)
            self.assertIn("order-1004-OrderReceived\tstarted\torder:order-1004", out)
            code, out, _ = cli("list", "--status", "RUNNING", url=d.url)
            self.assertTrue(out.startswith("order:order-1004\tRUNNING\tAwaitShop\t"))
            code, out, _ = cli("show", "order-1004", url=d.url)
            self.assertIn("waits in AwaitShop for ShopAccepted or ShopDeclined since 20", out)
            code, out, _ = cli("history", "order:order-1004", url=d.url)
            self.assertEqual(len(out.strip().split("\n")), 13)
            code, out, _ = cli("show", "--json", "order-1004", url=d.url)
            self.assertEqual(json.loads(out)["status"], "RUNNING")
            self.assertEqual(cli("show", "nobody", url=d.url)[0], 1)
            self.assertEqual(cli("send", "-", url=d.url, stdin="{}")[0], 1)


if __name__ == "__main__":
    main()
