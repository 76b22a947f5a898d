#!/usr/bin/env python3
"""Where the published sample fails its users (W1 to W14), each with a test.

Every test runs twice: with the rules that Pavane's users write, and with rules that
behave as the sample does wherever such rules can be written (nothing parked, nothing
deduplicated, one token table, an unexpected event is an end).  There, the same
events must lead to the sample's loss: a test that could not fail would not show it.
"""
import concurrent.futures
import json
import os
import time
import unittest

from harness import Daemon, cli, main, until


def wait(kind, then, **more):
    return {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "ResultPath": "$.%s" % then,
            "Parameters": {"EventPattern": {"detail-type": [kind]}}, "Next": then, **more}


def any_wait(then):
    """As the sample waits: one token, for whatever comes next."""
    return {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
            "Parameters": {"TableName": "tokens", "Key": {"id": {"S.$": "$.detail.id"}, "eventName": {"S": "Default"}},
                           "UpdateExpression": "SET t = :t",
                           "ExpressionAttributeValues": {":t": {"S.$": "$$.Task.Token"}}},
            "ResultPath": "$.event", "Next": then}


def chosen(kind, then):
    return {"Type": "Choice", "Choices": [{"Variable": "$.event.detail-type", "StringEquals": kind, "Next": then}],
            "Default": "Unexpected"}


CHAIN = {"StartAt": "First", "States": {"First": wait("Paid", "Second"), "Second": wait("Sent", "Done"),
                                        "Done": {"Type": "Succeed"}}}
SAMPLE = {"StartAt": "First", "States": {
    "First": any_wait("Paid?"), "Paid?": chosen("Paid", "Second"), "Second": any_wait("Sent?"),
    "Sent?": chosen("Sent", "Done"), "Done": {"Type": "Succeed"}, "Unexpected": {"Type": "Fail", "Error": "Unexpected"}}}
BOTH = {"StartAt": "Both", "States": {
    "Both": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": kind, "States": {kind: {k: v for k, v in wait(kind, "x").items() if k != "Next"} | {"End": True}}}
        for kind in ("Paid", "Sent")]}}}


def rules(kind="Placed", **more):
    out = {"correlationId": "$.detail.id", "start": [{"name": "s", "pattern": {"detail-type": [kind]}}],
           "resume": [{"name": "r", "pattern": {"detail-type": [{"anything-but": kind}]}}]}
    out.update(more)
    return out


LOSSY = {"unexpected": "fail", "earlySeconds": 0, "earlyMax": 0, "duplicateWindowSeconds": 0}


class Case(unittest.TestCase):
    def daemon(self, **machines):
        d = Daemon()
        d.machines = os.path.join(d.folder, "machines")
        for name, (definition, its_rules) in machines.items():
            path = os.path.join(d.machines, name)
            os.makedirs(path)
            json.dump(definition, open(os.path.join(path, "machine.asl.json"), "w"))
            json.dump(its_rules, open(os.path.join(path, "rules.json"), "w"))
        self.addCleanup(d.__exit__)
        return d.start()

    def event(self, kind, key="o", event_id=None, **detail):
        out = {"source": "shop", "detail-type": kind, "detail": {"id": key, **detail}}
        if event_id:
            out["id"] = event_id
        return out

    def status(self, d, key="o", machine="m"):
        found = d.executions(correlationId=key, machine=machine)
        return found[0]["status"] if found else None


class WeakPoints(Case):
    def test_w1_an_event_between_two_waits(self):
        for ours in (True, False):
            d = self.daemon(m=(CHAIN, rules(policies={} if ours else LOSSY)))
            for kind in ("Placed", "Sent", "Paid"):
                d.send(self.event(kind))
            self.assertEqual(self.status(d), "SUCCEEDED" if ours else "RUNNING")

    def test_w2_an_event_before_the_start(self):
        for ours in (True, False):
            d = self.daemon(m=(CHAIN, rules(policies={} if ours else LOSSY)))
            for kind in ("Paid", "Sent", "Placed"):
                d.send(self.event(kind))
            self.assertEqual(self.status(d), "SUCCEEDED" if ours else "RUNNING")
            if ours:
                early = [x for x in d.get("/api/v1/dispositions?correlationId=o")["dispositions"] if x["early"]]
                self.assertEqual(len(early), 2)

    def test_w3_a_duplicate(self):
        for ours in (True, False):
            d = self.daemon(m=(SAMPLE, rules(policies={} if ours else LOSSY)))
            d.send(self.event("Placed"))
            d.send(self.event("Paid", event_id="1"))
            d.send(self.event("Paid", event_id="1"))
            self.assertEqual(self.status(d), "RUNNING" if ours else "FAILED")
            d.send(self.event("Sent"))
            self.assertEqual(self.status(d), "SUCCEEDED" if ours else "FAILED")

    def test_w4_an_unexpected_event(self):
        for policy in ("record", "park", "fail"):
            d = self.daemon(m=(SAMPLE, rules(policies={"unexpected": policy})))
            d.send(self.event("Placed"))
            d.send(self.event("Lost"))
            self.assertEqual(self.status(d), "FAILED" if policy == "fail" else "RUNNING")
            d.send(self.event("Paid"))
            d.send(self.event("Sent"))
            self.assertEqual(self.status(d), "FAILED" if policy == "fail" else "SUCCEEDED")

    def test_w5_two_machines_with_one_id(self):
        for ours in (True, False):
            scope = {} if ours else {"scope": "tokenTable"}
            one = rules("Placed", resume=[{"name": "r", "pattern": {"detail-type": ["Paid", "Sent"]}, **scope}])
            two = rules("Opened", resume=[{"name": "r", "pattern": {"detail-type": ["Closed"]}, **scope}])
            d = self.daemon(m=(SAMPLE, one), n=(SAMPLE, two))
            d.send(self.event("Opened"))
            d.send(self.event("Paid"))  # of machine m, which has no execution yet
            self.assertEqual(self.status(d, machine="n"), "RUNNING")
            d.send(self.event("Placed"))
            d.send(self.event("Sent"))
            taken = {x["machine"] for x in d.get("/api/v1/dispositions?correlationId=o")["dispositions"]
                     if x["detailType"] == "Paid"}
            self.assertEqual(taken, {"m"} if ours else {"n"})

    def test_w6_more_than_one_start_pattern(self):
        for ours in (True, False):
            starts = [{"name": k, "pattern": {"detail-type": [k]}} for k in ("Placed", "Imported")]
            d = self.daemon(m=(CHAIN, rules(start=starts if ours else starts[:1],
                                            resume=[{"name": "r", "pattern": {"detail-type": ["Paid", "Sent"]}}])))
            d.send(self.event("Imported"))
            self.assertEqual(self.status(d), "RUNNING" if ours else None)

    def test_w8_an_event_that_never_comes(self):
        for ours in (True, False):
            d = self.daemon(m=(CHAIN, rules(overdue={"First": 3600} if ours else {})))
            d.send(self.event("Placed"))
            d.kill()
            d.start(clock_offset_seconds=3601)
            if not ours:
                time.sleep(0.3)
                self.assertEqual(d.get("/api/v1/waits?overdue=1")["waits"], [])
                continue
            [w] = until(lambda: d.get("/api/v1/waits?overdue=1")["waits"])
            self.assertEqual((w["state"], w["correlationId"]), ("First", "o"))
            self.assertIn(b"pavane_waits_overdue 1", d.ask("GET", "/metrics")[1])
            self.assertIn(b"Overdue", d.ask("GET", "/")[1])
            [told] = d.get("/api/v1/dispositions?detailType=Wait%20Overdue")["dispositions"]
            self.assertEqual(told["source"], "pavane")
            d.send(self.event("Paid"))
            self.assertEqual(d.get("/api/v1/waits?overdue=1")["waits"], [])

    def test_w9_an_event_behind_the_end(self):
        d = self.daemon(m=(CHAIN, rules()))
        for kind in ("Placed", "Paid", "Sent"):
            d.send(self.event(kind))
        self.assertEqual(d.send(self.event("Paid")), [("m", "late")])
        [late] = d.get("/api/v1/dispositions?correlationId=o&disposition=late")["dispositions"]
        self.assertEqual(late["executionId"], "m:o")

    def test_w10_an_event_that_no_branch_expects(self):
        for ours in (True, False):
            d = self.daemon(m=(BOTH, rules(policies={"unexpected": "record" if ours else "fail"})))
            d.send(self.event("Placed"))
            d.send(self.event("Lost"))
            self.assertEqual(self.status(d), "RUNNING" if ours else "ABORTED")
            d.send(self.event("Sent"))
            d.send(self.event("Paid"))
            self.assertEqual(self.status(d), "SUCCEEDED" if ours else "ABORTED")

    def test_w11_two_events_at_once(self):
        d = self.daemon(m=(BOTH, rules()))
        for n in range(20):
            d.send(self.event("Placed", "o%d" % n))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda x: d.ask("POST", "/events", json.dumps(self.event(x[0], "o%d" % x[1]))),
                          [(k, n) for n in range(20) for k in ("Paid", "Sent")]))
        self.assertEqual({self.status(d, "o%d" % n) for n in range(20)}, {"SUCCEEDED"})

    def test_w13_long_ids_and_a_second_life(self):
        for ours in (True, False):
            d = self.daemon(m=(CHAIN, rules(policies={"generations": ours})))
            key = "an id / with blanks, longer than eighty characters " + "x" * 60
            for _ in range(2):
                for kind in ("Placed", "Paid", "Sent"):
                    d.send(self.event(kind, key))
            self.assertEqual([x["status"] for x in d.executions(correlationId=key)],
                             ["SUCCEEDED"] * (2 if ours else 1))

    def test_w14_search(self):
        d = self.daemon(m=(CHAIN, rules(index={"customer": "$.detail.customer", "city": "$.detail.city"})))
        for n in range(6):
            d.send(self.event("Placed", "o%d" % n, customer="c%d" % (n % 2)))
        d.send(self.event("Paid", "o1"))
        found = lambda **f: sorted(x["correlationId"] for x in d.executions(**f))
        self.assertEqual(found(attribute="customer:c1"), ["o1", "o3", "o5"])
        self.assertEqual(found(state="Second"), ["o1"])
        self.assertEqual(found(eventType="Paid"), ["o1"])
        self.assertEqual(found(attribute="customer:c1", state="First", status="RUNNING"), ["o3", "o5"])
        self.assertEqual(found(startedUntil="2020-01-01T00:00:00Z"), [])
        # how many of each value, and of two attributes together
        for n in range(6, 9):
            d.send(self.event("Placed", "o%d" % n, customer="c1", city="Paris" if n > 6 else "Rome"))
        counts = lambda more="": [tuple(c.values()) for c in d.get("/api/v1/attribute-counts?attribute=customer" + more)["counts"]]
        self.assertEqual(counts(), [("c1", 6), ("c0", 3)])
        self.assertEqual(counts("&by=city"), [("c1", "Paris", 2), ("c1", "Rome", 1)])
        self.assertEqual((counts("&machine=m"), counts("&machine=x"), counts("&until=2020-01-01T00:00:00Z")), (counts(), [], []))
        status, data = d.ask("GET", "/api/v1/attribute-counts")
        self.assertEqual((status, json.loads(data)["at"]), (400, "attribute"))
        self.assertEqual(len(found(startedFrom="2020-01-01T00:00:00Z")), 9)


class ManyIds(Case):
    def test_one_event_to_several_executions(self):
        ids = "$.detail.items[*].id"
        its_rules = rules(policies={"duplicateContent": True})
        for rule in its_rules["start"] + its_rules["resume"]:
            rule["correlationId"] = ids
        its_rules["resume"][0]["correlationId"] = "{% detail.items.id %}"
        d = self.daemon(m=(CHAIN, its_rules))
        def event(kind, *list, id=None):
            e = {"source": "shop", "detail-type": kind, "detail": {"items": [{"id": i} for i in list]}}
            return dict(e, id=id) if id else e
        words = lambda e: [(x["executionId"], x["disposition"]) for x in d.post(e)[1]["results"][0]["dispositions"]]
        states = lambda: {x["correlationId"]: x["currentStates"] for x in d.executions()}
        self.assertEqual(words(event("Placed", "a", "b", "a", 7, True, id="e1")), [("m:a", "started"), ("m:b", "started"), ("m:7", "started")])
        self.assertEqual(words(event("Paid", "b", "c", 7)), [("m:b", "resumed"), (None, "parked"), ("m:7", "resumed")])
        self.assertEqual(states(), {"a": ["First"], "b": ["Second"], "7": ["Second"]})
        self.assertEqual({w for _, w in words(event("Placed", "a", "b", "a", 7, True, id="e1"))}, {"duplicate"})
        self.assertEqual({w for _, w in words(event("Placed", "a", "b", "a", 7, True, id="e2"))}, {"duplicate"})
        d.kill()
        d.start()
        self.assertEqual(words(event("Placed", "c", "d")), [("m:c", "started"), ("m:d", "started")])
        self.assertEqual(states()["c"], ["Second"])  # what came early was taken
        for list in ([], [True], [str(n) for n in range(101)]):
            [x] = d.post(event("Placed", *list))[1]["results"][0]["dispositions"]
            self.assertEqual(x["disposition"], "rejected")
        self.assertIn("more than 100 correlation ids", x["detail"])
        self.assertEqual(len(words(event("Placed", *["n%d" % n for n in range(60)]))), 60)


class StartedOtherwise(Case):
    """An execution that no start rule starts has an id too: its input says it."""

    def setUp(self):
        noted = {"Type": "Pass", "Parameters": {"order.$": "$.order", "id.$": "$$.Pavane.CorrelationId"}, "Next": "First"}
        chain = {"StartAt": "Noted", "States": {"Noted": noted, **CHAIN["States"]}}
        caller = {"StartAt": "Call", "States": {"Call": {
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True,
            "Parameters": {"StateMachineArn": self.arn("m"), "Input.$": "$"}}}}
        self.d = self.daemon(m=(chain, rules(correlationIdOfInput="$.order")), caller=(caller, rules()))

    @staticmethod
    def arn(name):
        return "arn:aws:states:us-east-1:000000000000:stateMachine:" + name

    def bus(self, action, **fields):
        status, data = self.d.ask("POST", "/", json.dumps(fields), {"X-Amz-Target": "AWSEvents." + action})
        self.assertEqual(status, 200, data)

    def start(self, machine, order):
        return self.d.aws("StartExecution", stateMachineArn=self.arn(machine), input=json.dumps(order))

    def moves_on(self, order):
        """The next event of the id finds it."""
        [x] = until(lambda: self.d.executions(machine="m", correlationId=order, status="RUNNING"))
        self.assertEqual(x["currentStates"], ["First"])
        [w] = [w for w in self.d.post(self.event("Paid", order))[1]["results"][0]["dispositions"] if w["machine"] == "m"]
        self.assertEqual((w["disposition"], w["executionId"]), ("resumed", x["executionId"]))
        return x

    def test_by_the_api(self):
        self.d.send(self.event("Paid", "early"))
        self.assertEqual(self.start("m", {"order": "early"})[0], 200)
        [x] = self.d.executions(machine="m", correlationId="early")
        self.assertEqual(x["currentStates"], ["Second"])
        execution = self.start("m", {"order": 7.0})[1]["executionArn"]
        self.moves_on("7")
        history = self.d.aws("GetExecutionHistory", executionArn=execution)[1]["events"]
        entered = [h["stateEnteredEventDetails"] for h in history if h["type"] == "TaskStateEntered"]
        self.assertEqual(json.loads(entered[0]["input"]), {"order": 7.0, "id": "7"})
        for order, why in (({"order": "7"}, "an execution of the correlation id '7' is open"),
                           ({"order": ["7"]}, "$.order is neither a text nor a number")):
            status, answer = self.start("m", order)
            self.assertEqual((status, answer["__type"].split("#")[-1]), (400, "InvalidExecutionInput"))
            self.assertIn(why, answer["message"])
        self.d.send(self.event("Sent", "7"))
        self.assertEqual(self.start("m", {"order": "7"})[0], 200)  # the first has ended
        self.d.kill()
        self.d.start()
        self.moves_on("7")

    def test_by_a_task(self):
        self.assertEqual(self.start("caller", {"order": "t"})[0], 200)
        self.moves_on("t")
        self.start("caller", {"order": "t"})
        x = until(lambda: self.d.executions(machine="caller", status="FAILED"))[0]
        arn = self.arn("caller").replace("stateMachine", "execution") + x["executionId"][len("caller"):]
        answer = self.d.aws("DescribeExecution", executionArn=arn)[1]
        self.assertEqual(answer["error"], "StepFunctions.InvalidExecutionInputException")

    def test_by_a_rule_and_a_schedule(self):
        self.bus("PutRule", Name="shipments", EventPattern='{"source":["dock"]}')
        self.bus("PutTargets", Rule="shipments", Targets=[{"Id": "1", "Arn": self.arn("m"), "InputPath": "$.detail", "RoleArn": "r"}])
        ship = lambda order: self.d.post({"source": "dock", "detail-type": "Ready", "detail": {"order": order}})
        ship("r")
        self.assertTrue(self.moves_on("r")["executionId"].startswith("m:shipments-"))
        ship("r")
        [dead] = self.d.get("/api/v1/dead-letters")["deadLetters"]
        self.assertEqual(dead["errorCode"], "INVALID_INPUT")
        self.assertIn("is open: '", dead["errorMessage"])
        at = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 2))
        status, _ = self.d.ask("POST", "/schedules/nightly", json.dumps({
            "ScheduleExpression": at, "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": self.arn("m"), "RoleArn": "r", "Input": '{"order":"s"}'}}))
        self.assertEqual(status, 200)
        until(lambda: self.d.executions(machine="m", correlationId="s"))
        self.assertTrue(self.moves_on("s")["executionId"].startswith("m:nightly-"))


class Attributes(Case):
    def test_B16_of_early_events_and_of_several_values(self):
        its_rules = rules(index={"customer": "$.detail.customer", "item": "$.detail.items[*].sku", "tag": "$.detail.tags"})
        d = self.daemon(m=(CHAIN, its_rules))
        d.send(self.event("Paid", customer="c1", items=[{"sku": "a"}, {"sku": "b"}], tags=["x", 5]))  # early
        self.assertEqual(d.executions(attribute="customer:c1"), [])
        d.send(self.event("Placed"))
        for value in ("customer:c1", "item:a", "item:b", "tag:x", "tag:5"):
            [x] = d.executions(attribute=value)
            self.assertEqual(x["correlationId"], "o")
        self.assertEqual(x["attributes"], {"customer": ["c1"], "item": ["a", "b"], "tag": ["5", "x"]})
        page = d.ask("GET", "/executions")[1].decode()
        self.assertIn("item: a, b", page)


class Line(Case):
    def test_the_place_in_the_line_of_a_state(self):
        d = self.daemon(m=(CHAIN, rules()), other=(CHAIN, rules()))
        for order in "abcdefg":
            d.send(self.event("Placed", order))
        for order in "bd":
            d.send(self.event("Paid", order))
        def line(**query):
            path = "/api/v1/waits?machine=m&state=First&" + "&".join("%s=%s" % q for q in query.items())
            answer = d.get(path)
            return [(w["correlationId"], w["place"]) for w in answer["waits"]], answer["next"]
        whole = [("a", 1), ("c", 2), ("e", 3), ("f", 4), ("g", 5)]
        self.assertEqual(line()[0], whole)
        self.assertEqual(line(correlationId="f")[0], [("f", 4)])
        self.assertEqual(line(correlationId="b")[0], [])
        self.assertEqual(line(overdue=1)[0], [])
        pages, after = [], None
        while after is not None or not pages:
            page, after = line(limit=2, **({"next": after} if after else {}))
            pages += page
        self.assertEqual(pages, whole)
        self.assertEqual({w["correlationId"] for w in d.get("/api/v1/waits?machine=m&state=Second")["waits"]}, {"b", "d"})
        self.assertNotIn("place", d.get("/api/v1/waits?machine=m")["waits"][0])
        self.assertEqual(d.ask("GET", "/api/v1/waits?state=First")[0], 400)


class Attention(Case):
    def test_a_group_for_each_thing_that_is_wrong(self):
        d = self.daemon(m=(CHAIN, rules(policies={"unexpected": "fail"}, overdue={"First": 1})))
        at = lambda: [(g["kind"], g["count"], g["machine"], g["what"]) for g in d.get("/api/v1/attention")["attention"]]
        self.assertEqual(at(), [])
        self.assertEqual(cli("attention", url=d.url)[:2], (0, "nothing needs attention\n"))
        page = d.ask("GET", "/attention")[1].decode()
        self.assertIn("Nothing needs attention", page)
        for n in range(3):
            d.send(self.event("Placed", "late%d" % n))
        for n in range(2):
            d.send(self.event("Placed", "bad%d" % n))
            d.send(self.event("Never", "bad%d" % n))
        for n in range(4):
            d.post({"source": "shop", "detail-type": "Placd", "detail": {"id": "x"}})
        d.post({"source": "shop", "detail-type": "Placed", "detail": {}})
        broken = os.path.join(d.machines, "broken")
        os.makedirs(broken)
        open(os.path.join(broken, "machine.asl.json"), "w").write("{")
        wanted = [("fault", 1, "broken", None), ("overdue", 3, "m", "First"), ("failed", 2, "m", "FAILED")]
        until(lambda: at()[:3] == wanted, what=at)
        groups = d.get("/api/v1/attention")["attention"]
        self.assertEqual(sum(g["count"] for g in groups if g["kind"] == "rejected"), 1)
        code, out, _ = cli("attention", url=d.url)
        self.assertEqual(code, 1)
        self.assertIn("     3  waits are overdue\n        m > First\n        since ", out)
        self.assertIn("broken", out)
        code, out, _ = cli("attention", "--json", url=d.url)
        self.assertEqual([g["kind"] for g in json.loads(out)["items"]], [g["kind"] for g in groups])
        page = d.ask("GET", "/attention")[1].decode()
        self.assertIn('href="executions?machine=m&amp;state=First&amp;status=late">3</a>', page)
        self.assertIn('href="executions?machine=m&amp;status=FAILED&amp;q=ended%3C1d%20error%3A%22Pavane.UnexpectedEvent%22">2</a>', page)
        for n in range(3):
            d.send(self.event("Paid", "late%d" % n))
        until(lambda: "overdue" not in [g[0] for g in at()])


class Learned(Case):
    def test_a_deadline_that_was_learned(self):
        d = self.daemon(m=(CHAIN, rules(overdue={"First": "p99"})))
        for n in range(25):
            d.send(self.event("Placed", "a%d" % n))
            d.send(self.event("Paid", "a%d" % n))
        until(lambda: d.get("/api/v1/wait-times?machine=m")["waitTimes"], 10)
        d.send(self.event("Placed", "slow"))
        [w] = until(lambda: d.get("/api/v1/waits?overdue=1")["waits"])
        self.assertEqual(w["correlationId"], "slow")
        [t] = [t for t in d.get("/api/v1/wait-times")["waitTimes"] if t["state"] == "First"]
        self.assertEqual(t["count"], 25)
        self.assertLessEqual(t["p50Ms"], t["p99Ms"])

    def test_counts_and_exports(self):
        d = self.daemon(m=(CHAIN, rules()))
        d.send(self.event("Placed", '=1+1"'))
        d.send(self.event("Placed", "b"))
        d.send({"source": "x", "detail-type": "y", "detail": {}})
        counts = d.get("/api/v1/disposition-counts?machine=m")["counts"]
        self.assertEqual((counts["started"], counts["rejected"]), (2, 1))
        csv = d.ask("GET", "/api/v1/dispositions?format=csv")[1].decode()
        self.assertIn("\"'=1+1\"\"\"", csv)
        self.assertEqual(len(csv.strip().split("\r\n")), 4)
        lines = d.ask("GET", "/api/v1/dispositions?format=jsonl&disposition=started")[1].decode().strip().split("\n")
        self.assertEqual(sorted(json.loads(x)["correlationId"] for x in lines), ['=1+1"', "b"])


if __name__ == "__main__":
    main()
