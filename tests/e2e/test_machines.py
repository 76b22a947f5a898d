"""The machines of this project and their samples; the folder; the commands."""
import glob
import json
import os
import shutil
import tempfile
import unittest

from harness import Daemon, MACHINES, cli, main, until



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
