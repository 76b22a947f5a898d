#!/usr/bin/env python3
"""Alerts: from what goes wrong to the webhook that is told, once; muted, resolved, and over a kill."""
import json
import unittest

from harness import cli, main, until
from test_bus import Bus, Sink

WAITS = {"StartAt": "Hear", "States": {"Hear": {
    "Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "End": True,
    "Parameters": {"EventPattern": {"source": ["bank"], "detail-type": ["Paid"]}}}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "in", "pattern": {"source": ["shop"], "detail-type": ["Placed"]}}],
         "resume": [{"name": "on", "pattern": {"source": ["bank"]}}], "overdue": {"Hear": 1}}


class Alerts(Bus):
    options = {"pages_url": "https://pavane.example/ops"}

    def prepare(self):
        self.machine("late", WAITS, RULES)
        self.broken = False
        self.sink = Sink(lambda n, r: 503 if self.broken else 200)
        self.addCleanup(self.sink.close)
        self.services(allow=[self.sink.url[7:]], timeoutSeconds=5)

    def alert(self, name, watches, wanted=200, **more):
        return self.events("Pavane.PutAlert", wanted, Name=name, Watches=watches, **more)

    def tell(self):
        self.rule("tell", {"source": ["pavane"], "detail-type": ["Alert Raised", "Alert Resolved"]},
                  self.destination("pager", self.sink.url + "/hook"))

    def told(self, kind, alert):
        got = [json.loads(r["body"]) for r in self.sink.got if r["path"] == "/hook"]
        return [e["detail"] for e in got if e["detail-type"] == kind and e["detail"]["alert"] == alert]

    def overdue(self):
        return {g["group"]: g for g in self.d.get("/api/v1/attention")["attention"] if g["kind"] == "overdue"}

    def raised(self):
        return {a["name"]: a["raised"] for a in self.d.get("/api/v1/alerts")["alerts"]}

    def test_a_group_is_told_once_until_it_is_gone(self):
        self.tell()
        self.alert("any", "overdue", Machine="late")
        self.alert("many", "overdue", Threshold=3)
        self.alert("elsewhere", "overdue", Machine="other")
        for i in (1, 2):
            self.put("shop", "Placed", id="o%d" % i)
        [d] = until(lambda: self.told("Alert Raised", "any"))
        group = list(self.overdue())[0]
        self.assertEqual((d["group"], d["watches"], d["machine"], d["what"]), (group, "overdue", "late", "Hear"))
        self.assertRegex(d["says"], r"^[12] waits? (is|are) overdue$")
        self.assertEqual(d["page"], "https://pavane.example/ops/attention#" + group)
        self.put("shop", "Placed", id="o3")
        until(lambda: self.told("Alert Raised", "many"))  # so rules were looked at with three
        self.assertEqual(len(self.told("Alert Raised", "any")), 1)
        self.assertEqual([len(v) for _, v in sorted(self.raised().items())], [1, 0, 1])
        self.assertEqual(self.told("Alert Resolved", "any"), [])
        for i in (1, 2, 3):
            self.put("bank", "Paid", id="o%d" % i)
        [gone] = until(lambda: self.told("Alert Resolved", "any"))
        self.assertEqual((gone["key"], gone["raised"]), (d["key"], d["raised"]))
        until(lambda: not any(self.raised().values()))
        self.put("shop", "Placed", id="o4")
        until(lambda: len(self.told("Alert Raised", "any")) == 2)
        self.assertNotEqual(self.told("Alert Raised", "any")[1]["key"], d["key"])
        page = self.d.ask("GET", "/alerts")[1].decode()
        self.assertIn("Told by <b>tell</b>", page)
        told = page[page.index("<h2>Told lately"):]
        self.assertRegex(told, r'<a href="events/\d+">Alert Raised</a> <small>routed: rule &#39;tell&#39;')
        self.assertIn('">Alert Resolved</a>', told)
        self.assertRegex(told, r"<b>tell</b>: [1-9]\d* delivered, 0 failed")
        self.assertIn("1 wait is overdue", page)
        code, out, _ = cli("alerts", "--url", self.d.url)
        self.assertEqual(code, 1)
        self.assertIn("1 wait is overdue", out)

    def test_what_is_muted_is_neither_counted_nor_told(self):
        self.tell()
        self.put("shop", "Placed", id="o1")
        group = until(lambda: list(self.overdue()))[0]
        self.assertEqual(self.d.get("/api/v1/attention")["attention"][0]["muted"], None)
        code, _, err = cli("mute", group, "--reason", "holidays", "--url", self.d.url)
        self.assertEqual(code, 0, err)
        self.alert("any", "overdue")
        self.alert("disk", "disk", Threshold=1000000000)
        until(lambda: self.told("Alert Raised", "disk"))  # so rules were looked at
        self.assertEqual(self.told("Alert Raised", "any"), [])
        until(lambda: b'data-wrong="0"' in self.d.ask("GET", "/attention")[1])
        page = self.d.ask("GET", "/attention")[1].decode()
        self.assertIn("holidays", page)
        self.assertEqual(cli("attention", "--url", self.d.url)[0], 0)
        self.assertEqual(cli("mute", group, "--off", "--url", self.d.url)[0], 0)
        until(lambda: self.told("Alert Raised", "any"))

    def test_killed_between_it_is_told_with_the_same_key(self):
        self.broken = True
        self.tell()
        self.alert("any", "overdue")
        self.put("shop", "Placed", id="o1")
        until(lambda: self.told("Alert Raised", "any"))  # heard, and refused
        self.d.kill()
        self.broken, heard = False, len(self.sink.got)
        self.d.start()
        until(lambda: len(self.sink.got) > heard)
        self.assertEqual(len({d["key"] for d in self.told("Alert Raised", "any")}), 1)
        self.assertEqual(len(self.raised()["any"]), 1)

    def test_what_targets_say_differs_each_time(self):
        """Error pages with bytes that are no UTF-8, characters cut in two, ids: one group, told once, and resolved."""
        pages = [b"bad \xff\xfe", "<h1>Erreur</h1>{}".format("é" * 300).encode(), b"trace 0001", b"trace 0002", b"x" * 3000]
        bad = Sink(lambda n, r: (400, pages[n % len(pages)]))
        self.addCleanup(bad.close)
        self.services(allow=[self.sink.url[7:], bad.url[7:]], timeoutSeconds=5)
        self.d.stop()
        self.d.start()
        self.tell()
        self.alert("letters", "deadLetters")
        self.rule("bad", {"source": ["shop"]}, {"Arn": self.destination("bad", bad.url + "/in"), "RetryPolicy": {"MaximumRetryAttempts": 0}})
        for n in range(len(pages)):
            self.put("shop", "Seen", n=n)
            until(lambda: len(self.d.get("/api/v1/dead-letters")["deadLetters"]) == n + 1)
            # A rule that is new is looked at with what is there now.
            self.alert("look%d" % n, "disk", Threshold=1000000000)
            until(lambda: self.told("Alert Raised", "look%d" % n))
            self.assertEqual(self.d.ask("GET", "/alerts")[0], 200)
        self.assertEqual((len(self.told("Alert Raised", "letters")), self.told("Alert Resolved", "letters")), (1, []))
        self.assertEqual([g["count"] for g in self.d.get("/api/v1/attention")["attention"] if g["kind"] == "deadLetters"], [len(pages)])
        self.events("Pavane.DeleteDeadLetters", Ids=[x["id"] for x in self.d.get("/api/v1/dead-letters")["deadLetters"]])
        until(lambda: self.told("Alert Resolved", "letters"))
        self.assertNotIn("damaged", self.d.read_log())

    def test_many_groups_hide_no_other_rule(self):
        self.tell()
        for n in range(60):
            self.put("other%d" % n, "Unknown", n=n)
        self.alert("a-unmatched", "unmatched")
        self.alert("z-disk", "disk", Threshold=1000000000)
        until(lambda: self.told("Alert Raised", "z-disk"))
        until(lambda: len(self.raised()["a-unmatched"]) == 20)
        self.put("zz", "Unknown", n=1)
        self.alert("zz-disk", "disk", Threshold=1000000000)
        until(lambda: self.told("Alert Raised", "zz-disk"))
        self.assertEqual(self.told("Alert Resolved", "a-unmatched"), [])  # cut off is not gone

    def test_silence_lasts_longer_than_the_ledger(self):
        self.put("shop", "Placed", id="o1")
        self.alert("quiet", "silence", Source="shop")
        self.d.stop()
        self.d.start(clock_offset_seconds=7200, retention_days=1)
        until(lambda: self.raised()["quiet"])
        self.d.stop()
        self.d.start(clock_offset_seconds=3 * 86400, retention_days=1)
        until(lambda: not self.d.get("/api/v1/producers?hours=2400")["producers"])  # the ledger forgot it
        self.alert("disk", "disk", Threshold=1000000000)
        until(lambda: self.raised()["disk"])
        self.assertEqual(len(self.raised()["quiet"]), 1)

    def test_silence(self):
        self.tell()
        self.put("shop", "Placed", id="o1")
        self.alert("quiet", "silence", Source="shop")
        self.alert("never", "silence", Source="nobody")
        self.assertEqual(self.told("Alert Raised", "quiet"), [])
        self.d.stop()
        self.d.start(clock_offset_seconds=7200)
        [d] = until(lambda: self.told("Alert Raised", "quiet"))
        self.assertRegex(d["says"], r"^shop has sent nothing for 1[12]\d minutes$")
        self.assertEqual(self.told("Alert Raised", "never"), [])

    def test_rates(self):
        """A share of what ended, or of what came, not a number; ten at least."""
        self.tell()
        self.alert("failing", "failedRate", Threshold=50)
        self.alert("lost", "unmatchedRate", Threshold=50, Source="till")
        status, made = self.d.aws("CreateStateMachine", name="pick", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(
            {"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "F"}], "Default": "S"},
                                        "F": {"Type": "Fail", "Error": "E"}, "S": {"Type": "Succeed"}}}))
        self.assertEqual(status, 200)
        run = lambda bad: self.d.aws("StartExecution", stateMachineArn=made["stateMachineArn"], input=json.dumps({"bad": bad}))
        for _ in range(9):
            run(True)
            self.put("till", "Nonsense")
        self.alert("look", "disk", Threshold=1000000000)
        until(lambda: self.told("Alert Raised", "look"))
        self.assertEqual((self.told("Alert Raised", "failing"), self.told("Alert Raised", "lost")), ([], []))  # nine are none
        run(True)
        self.put("till", "Nonsense")
        [d] = until(lambda: self.told("Alert Raised", "failing"))
        self.assertEqual((d["says"], d["machine"], d["count"]), ("100 % of the last 10 executions ended badly", "pick", 100))
        [d] = until(lambda: self.told("Alert Raised", "lost"))
        self.assertEqual((d["says"], d["what"]), ("100 % of 10 events within the hour matched no rule", "till"))
        for _ in range(11):
            run(False)
        [gone] = until(lambda: self.told("Alert Resolved", "failing"))  # ten of 21
        self.assertEqual(self.told("Alert Resolved", "lost"), [])
        self.alert("x", "failedRate", 400, Source="till")
        self.alert("x", "unmatchedRate", 400, Machine="pick")

    def test_refusals(self):
        self.assertIn("one of fault, overdue,", self.alert("a", "overdew", 400)["message"])
        self.assertIn("whose silence", self.alert("a", "silence", 400)["message"])
        self.alert("a b", "overdue", 400)
        for watches, more in (("disk", {"Source": "shop"}), ("overdue", {"Source": "shop"}), ("deadLetters", {"Machine": "late"}),
                              ("timers", {"Machine": "late"})):
            self.alert("a", watches, 400, **more)
        self.assertIn("There is no alert rule", self.d.ask("GET", "/alerts")[1].decode())
        self.assertEqual(cli("alerts", "--url", self.d.url)[0], 0)
        self.alert("a", "failed")
        self.assertIn("Nobody is told", self.d.ask("GET", "/alerts")[1].decode())
        self.assertEqual(self.events("Pavane.ListAlerts")["Alerts"], [{"Name": "a", "Watches": "failed", "Threshold": 1}])
        for n in range(99):
            self.alert("r%d" % n, "failed")
        self.assertIn("as many as may be", self.alert("r99", "failed", 400)["message"])
        self.alert("r98", "overdue")  # one that is there may change
        for n in range(99):
            self.events("Pavane.DeleteAlert", Name="r%d" % n)
        self.events("Pavane.DeleteAlert", Name="a")
        self.assertEqual(self.events("Pavane.ListAlerts")["Alerts"], [])


if __name__ == "__main__":
    main()
