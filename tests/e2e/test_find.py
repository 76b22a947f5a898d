"""Finding without a browser: the list by words, what is like an id, the reader's clock, an event tried on the rules."""
import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import Daemon, MACHINES, PAVANE, main, until

EVENT = "arn:pavane:states:::event.waitForTaskToken"
DEFINITION = {"StartAt": "Hear", "States": {
    "Hear": {"Type": "Task", "Resource": EVENT, "Parameters": {"EventPattern": {"source": ["bank"], "detail-type": ["Paid"]}}, "Next": "Done"},
    "Done": {"Type": "Succeed"}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "begin", "pattern": {"source": ["shop"], "detail-type": ["Ordered"]}}],
         "resume": [{"name": "on", "pattern": {"source": ["bank"], "detail-type": ["Paid"], "detail": {"sum": [{"numeric": [">", 0]}]}}}],
         "index": {"city": "$.detail.city"}, "overdue": {"Hear": 3600}}


class Find(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        os.mkdir(os.path.join(cls.folder.name, "till"))
        for name, what in (("machine.asl.json", DEFINITION), ("rules.json", RULES)):
            with open(os.path.join(cls.folder.name, "till", name), "w") as f:
                json.dump(what, f)
        cls.d = Daemon(cls.folder.name, virtual_clock="2026-03-02T09:00:00Z").start()
        until(lambda: any(m["version"] for m in cls.d.get("/api/v1/machines")["machines"]))
        for i, city in enumerate(("Lyon", "Paris", "New York", "Lyon")):
            cls.d.send({"source": "shop", "detail-type": "Ordered", "detail": {"id": "Order-%d" % (1234 + i), "city": city}})
        cls.d.send({"source": "bank", "detail-type": "Paid", "detail": {"id": "Order-1237", "sum": 7}})
        cls.d.move("2026-03-02T11:00:00Z")
        cls.d.send({"source": "shop", "detail-type": "Ordered", "detail": {"id": "x-12345", "city": "=1+1"}})
        cls.d.send({"source": "shop", "detail-type": "Orderd", "detail": {"id": "order-unk", "city": "Rome"}})

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()
        cls.folder.cleanup()

    def page(self, path, **headers):
        return self.d.ask("GET", path, headers=headers)[1].decode()

    def found(self, words, **more):
        page = self.page("/executions?" + urllib.parse.urlencode({"q": words, **more}))
        return re.findall(r'class="key" href="[^"]*">([^<]*)<', page), page

    def test_the_list_by_words(self):
        for words, keys in (("city:Lyon", ["Order-1237", "Order-1234"]), ('city:"New York"', ["Order-1236"]),
                            ("status:late", ["Order-1236", "Order-1235", "Order-1234"]), ("status:late city:Lyon", ["Order-1234"]),
                            ("status:succeeded", ["Order-1237"]), ("waits:Paid key:Order-*", ["Order-1236", "Order-1235", "Order-1234"]),
                            ("started>1h", ["Order-1237", "Order-1236", "Order-1235", "Order-1234"]), ("started<1h", ["x-12345"]),
                            ("age<1h machine:till", ["x-12345"]), ("started>2026-03-02T10:00:00Z", ["x-12345"]), ("started>2027-01-01", []),
                            ("234", ["x-12345", "Order-1234"]), ("ORDER-1235", ["Order-1235"]), ("state:Hear key:x-12345", ["x-12345"]),
                            ("waits:Pai", []), ("machine:nobody", [])):
            self.assertEqual(self.found(words)[0], keys, words)

    def test_each_part_can_be_taken_away_and_none_is_passed_over(self):
        _, page = self.found("status:late nosuch:x started>soon city:Lyon", machine="till")
        for word in ("nosuch:x", "started&gt;soon"):
            self.assertIn("<code>%s</code>" % word, page)
        links = {html.unescape(name): html.unescape(link) for link, name in
                 re.findall(r'<a href="([^"]*)" aria-label="without ([^"]*)"', page)}
        self.assertEqual(sorted(links), ["city: Lyon", "machine: till", "status: late"])
        rest = urllib.parse.parse_qs(urllib.parse.urlsplit(links["city: Lyon"]).query)
        self.assertEqual(rest, {"machine": ["till"], "q": ["status:late nosuch:x started>soon"]})
        rest = urllib.parse.parse_qs(urllib.parse.urlsplit(links["machine: till"]).query)
        self.assertEqual(rest, {"q": ["status:late nosuch:x started>soon city:Lyon"]})

    def test_as_a_table(self):
        rows = list(csv.reader(io.StringIO(self.page("/executions?part=csv&q=key:x-*"))))
        self.assertEqual(rows[0][:4], ["key", "machine", "version", "status"])
        self.assertEqual(rows[1][:6], ["x-12345", "till", "1", "RUNNING", '["Hear"]', "2026-03-02T11:00:00.000Z"])
        self.assertFalse(any(cell.startswith("=") for row in rows for cell in row))

    def test_what_is_like_an_id(self):
        status, _ = self.d.ask("GET", "/find?q=Order-1234")
        self.assertEqual(status, 303)
        page = self.page("/by-key/1234")
        near = re.findall(r'class="key" href="[^"]*">([^<]*)<', page)
        self.assertEqual(near[0], "Order-1234")  # where it is a word of its own, before x-12345
        self.assertEqual(sorted(near), ["Order-1234", "x-12345"])
        self.assertIn("Executions that have it as a value", self.page("/by-key/Paris"))
        page = self.page("/by-key/order-unk")
        self.assertIn("1 that matched no rule had it in the payload", re.sub(r"\s+", " ", page))
        self.assertEqual(json.loads(self.page("/find?part=suggest&q=Order-12")), ["Order-1237", "Order-1236", "Order-1235", "Order-1234"])
        self.assertIn("An order is stuck", self.page("/by-key/stuck"))

    def goes_to(self, path):
        self.assertEqual(self.d.ask("GET", path)[0], 303, path)
        return self.d.headers["Location"]

    def test_the_box_takes_words_and_events(self):
        """What has a part of the grammar is a search; the id of one event is its page; an id with a colon stays an id."""
        for words, to in (("status:late", "executions?q=status%3Alate"), ("city:Lyon", "executions?q=city%3ALyon"),
                          ("age>1d", "executions?q=age%3E1d"), ("Order-1234", "by-key/Order-1234"), ("shop:7", "by-key/shop%3A7"),
                          ("till:Order-1234", "by-key/till%3AOrder-1234")):
            self.assertTrue(self.goes_to("/find?q=" + urllib.parse.quote(words)).endswith(to), words)
        self.d.send({"id": "event-77", "source": "shop", "detail-type": "Odd", "detail": {}})
        self.assertRegex(self.goes_to("/find?q=event-77"), r"events/\d+$")

    def test_an_age_is_of_what_goes_on(self):
        keys, page = self.found("age>1h")
        self.assertEqual(keys, ["Order-1236", "Order-1235", "Order-1234"])  # 1237 has ended
        self.assertIn("age: &gt; 1h", page)

    def test_what_ended_today(self):
        today = lambda: [int(re.search(word + r" today <b>(\d+)<", self.page("/executions")).group(1)) for word in ("Done", "Failed")]
        until(lambda: today() == [1, 0])  # it is folded some seconds behind
        keys = re.findall(r'class="key" href="[^"]*">([^<]*)<', self.page("/executions?status=SUCCEEDED&ended=2026-03-02"))
        self.assertEqual(keys, ["Order-1237"])
        self.assertEqual(len(re.findall(r'class="key"', self.page("/executions?startedFrom=1h"))), 1)

    def test_what_is_late_now(self):
        page = html.unescape(self.page("/analyse"))
        self.assertRegex(re.sub(r"<[^>]*>", "", page), r"⏰ 3 in till › Hear, owed by bank the oldest waits for 2 h")
        link = re.search(r'class="overdue" href="([^"]*)"', page).group(1)
        self.assertEqual(re.findall(r'class="key" href="[^"]*">([^<]*)<', self.page("/" + link)), ["Order-1236", "Order-1235", "Order-1234"])

    def test_a_value_that_is_passed_over_is_said(self):
        for path in ("/machines/till?tab=flo", "/machines/till?tab=flow&range=8d", "/analyse?from=soon", "/attention?sort=worst",
                     "/executions/till%3AOrder-1234?tab=grap", "/executions/till%3AOrder-1234?tab=history&only=nothing", "/producers?range=x",
                     "/executions/till%3AOrder-1237?at=x", "/executions/till%3AOrder-1237?item=0", "/executions/till%3AOrder-1237?visit=-1"):
            said = html.unescape(self.page(path))
            self.assertIn("Not understood, and passed over: <code>%s</code>" % re.split("[?&]", path)[-1], said, path)
        for path in ("/machines/till", "/machines/till?tab=flow&range=7d", "/analyse?from=2026-03-01&to=2026-03-02", "/attention?sort=oldest",
                     "/executions/till%3AOrder-1234?tab=history&only=visits", "/machines/till?tab=times", "/producers?range=1h",
                     "/executions/till%3AOrder-1237?at=2"):
            self.assertNotIn("passed over", self.page(path), path)
        self.assertRegex(self.page("/machines"), r'class="plain-number zero" href="[^"]*status=FAILED">0<')

    def test_a_value_turns_no_sign(self):
        """U+202E in a payload is written as JSON may write it: no quote and no comma moves."""
        self.d.send({"id": "event-78", "source": "shop", "detail-type": "Turned", "detail": {"id": "z-\u202eabc", "n": 1}})
        page = html.unescape(self.page("/" + self.goes_to("/find?q=event-78").split("./")[-1]))
        self.assertIn('"z-\\u202eabc"', page)
        self.assertNotIn("\u202e", page[page.index("As it was sent"):])

    def test_the_readers_clock(self):
        path = "/executions/till%3AOrder-1234"
        self.assertIn('<time datetime="2026-03-02T09:00:00.000Z" title="2026-03-02T09:00:00.000Z">09:00:00</time>', self.page(path))
        self.assertIn(">14:30:00</time>", self.page(path, Cookie="theme=dark; zone=Asia/Kolkata"))
        self.assertIn("2026-03-02 14:30:00.000", self.page(path + "?tab=history", Cookie="zone=Asia/Kolkata"))
        self.assertIn(">14:30:00</text>", self.page(path + "?tab=timeline", Cookie="zone=Asia/Kolkata"))
        self.assertIn(">09:00:00</time>", self.page(path, Cookie="zone=../../etc/passwd"))
        status, _ = self.d.ask("GET", "/zone?to=Asia/Kolkata&back=executions")
        self.assertEqual((status, self.d.headers["Set-Cookie"].split(";")[0]), (303, "zone=Asia/Kolkata"))
        status, said = self.d.ask("GET", "/zone?to=Nowhere/Land")
        self.assertEqual((status, b"there is no time zone" in said), (400, True))

    def test_an_event_tried_on_the_rules(self):
        def tried(event):
            page = self.page("/bus/try?" + urllib.parse.urlencode({"event": event if isinstance(event, str) else json.dumps(event)}))
            return html.unescape(re.sub(r"<[^>]*>", " ", page[page.index("</form>"):]))
        self.assertIn("✓ takes it", tried({"source": "shop", "detail-type": "Ordered", "detail": {}}))
        said = tried({"source": "bank", "detail-type": "Payd", "detail": {"sum": 0}})
        self.assertIn("1 of 3 hold", said)
        self.assertRegex(said, r"is it\s+Paid\s*, misspelt")
        self.assertIn('[{"numeric":[">",0]}]', said)
        self.assertIn("This is no JSON", tried("{"))
        page = html.unescape(self.page("/events/7"))
        self.assertRegex(re.sub(r"<[^>]*>", " ", page), r"is it\s+Ordered\s*, misspelt")

    def test_a_history_by_what_it_is_about(self):
        def rows(query):
            return re.findall(r'data-label="Type">([^<]*)<', self.page("/executions/till%3AOrder-1237?tab=history&" + query))
        self.assertEqual(rows("only=events"), ["TaskSucceeded", "ExecutionStarted"])
        self.assertEqual(rows("only=failures"), [])
        self.assertEqual([t.endswith(("Entered", "Exited")) for t in rows("only=states")], [True] * 4)
        self.assertEqual(rows("find=SUM"), ["ExecutionSucceeded", "SucceedStateExited", "SucceedStateEntered", "TaskStateExited", "TaskSucceeded"])
        self.assertEqual(rows("find=nowhere"), [])
        self.assertEqual(rows(""), rows("sort=oldest")[::-1])
        page = self.page("/executions/till%3AOrder-1237?tab=history&only=visits")
        self.assertEqual(re.findall(r'data-label="State"><a[^>]*>([^<]*)<', page), ["Done", "Hear"])
        page = self.page("/executions/till%3AOrder-1237?tab=history&only=visits&find=hea")
        self.assertEqual(re.findall(r'data-label="State"><a[^>]*>([^<]*)<', page), ["Hear"])


class Items(unittest.TestCase):
    def test_a_map_says_how_its_items_stand(self):
        """Scenario 14: counts on the node and beside it; those that failed first; a thousand items add no node."""
        inside = {"StartAt": "Look", "States": {
            "Look": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericLessThan": 0, "Next": "Bad"}], "Default": "Rest"},
            "Bad": {"Type": "Fail", "Error": "Item.Bad"}, "Rest": {"Type": "Wait", "SecondsPath": "$", "End": True}}}
        each = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": inside, "Next": "Over"},
                                              "Over": {"Type": "Succeed"}}}
        with Daemon(virtual_clock="2026-03-02T09:00:00Z") as d:
            d.aws("CreateStateMachine", name="each", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(each))
            def start(name, items):
                d.aws("StartExecution", stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:each", name=name, input=json.dumps(items))
            def page(name, more=""):
                return html.unescape(d.ask("GET", "/executions/each%3A" + name + more)[1].decode())
            start("some", [0, 0, 600, 600, 0])
            d.move("2026-03-02T09:01:00Z")
            said = page("some", "?state=Each")
            self.assertIn("▷ 3 of 5 done", said)
            self.assertIn("<b>5 items</b>: 3 done, 2 waiting, 0 failed", said)
            self.assertEqual(re.findall(r">item (\d+)</a>", said), ["3", "4", "1", "2", "5"])
            [link] = re.findall(r'href="([^"]*)">item 4</a>', said)
            self.assertIn("Wait · item 4", re.sub(r"<[^>]*>", "", page("some", link[link.index("?"):])))
            start("bad", [600, 0, -1])
            said = page("bad", "?state=Each")
            self.assertIn("1 failed", re.sub(r"(?s)^.*inspector", "", said))
            self.assertEqual(re.findall(r">item (\d+)</a>", said)[0], "3")
            start("many", [0] * 1000)
            self.assertLess(page("many").count('class="node'), 10)
            self.assertEqual(len(re.findall(r">item (\d+)</a>", page("many", "?state=Each"))), 50)


TRY = {"StartAt": "Hear", "States": {
    "Hear": {"Type": "Task", "Resource": EVENT, "Parameters": {"EventPattern": {"source": ["bank"], "detail-type": ["Paid"]}}, "Next": "Judge"},
    "Judge": {"Type": "Choice", "Choices": [{"Variable": "$.detail.sum", "NumericGreaterThan": 100, "Next": "Much"},
                                            {"Variable": "$.detail.sum", "NumericGreaterThan": 10, "Next": "Wait on"}], "Default": "Odd"},
    "Much": {"Type": "Fail", "Error": "Order.TooMuch", "Cause": "over 100"}, "Odd": {"Type": "Fail", "Error": "Other"},
    "Wait on": {"Type": "Task", "Resource": EVENT, "Parameters": {"EventPattern": {"source": ["courier"]}}, "End": True}}}


class Attempts(unittest.TestCase):
    def test_each_failed_attempt_says_why(self):
        """Beside the state: how often it was tried, and what each try ended with."""
        activity = "arn:aws:states:us-east-1:000000000000:activity:a"
        task = {"StartAt": "Call", "States": {"Call": {
            "Type": "Task", "Resource": activity, "End": True,
            "Retry": [{"ErrorEquals": ["Shy"], "MaxAttempts": 3, "IntervalSeconds": 1, "BackoffRate": 1}]}}}
        with Daemon() as d:
            d.aws("CreateActivity", name="a")
            arn = d.aws("CreateStateMachine", name="m", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(task))[1]["stateMachineArn"]
            d.aws("StartExecution", stateMachineArn=arn, name="x", input="{}")
            for n in range(3):
                token = d.aws("GetActivityTask", activityArn=activity)[1]["taskToken"]
                if n < 2:
                    d.aws("SendTaskFailure", taskToken=token, error="Shy", cause="try %d" % n)
                else:
                    d.aws("SendTaskSuccess", taskToken=token, output="{}")
            page = until(lambda: [p for p in [d.ask("GET", "/executions/m%3Ax?state=Call")[1].decode()] if "SUCCEEDED" in p])[0]
            self.assertRegex(page, r"<dt>Attempts</dt><dd>3<br><small>ActivityFailed: <code>Shy</code> try 0</small>"
                                   r"<br><small>ActivityFailed: <code>Shy</code> try 1</small></dd>")


class Ended(unittest.TestCase):
    """What is in progress by who owes it and by its age; what ended by its error; counts that are exact."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.mkdir(os.path.join(folder.name, "till"))
        rules = {**RULES, "resume": [{"name": "on", "pattern": {"source": ["bank", "courier"]}}], "index": {"city": "$.detail.city"}}
        for name, what in (("machine.asl.json", TRY), ("rules.json", rules)):
            with open(os.path.join(folder.name, "till", name), "w") as f:
                json.dump(what, f)
        self.d = Daemon(folder.name, virtual_clock="2026-03-02T09:00:00Z").start()
        self.addCleanup(self.d.__exit__)
        until(lambda: any(m["version"] for m in self.d.get("/api/v1/machines")["machines"]))
        for i in range(60):
            self.send("shop", "Ordered", i, city="Lyon" if i % 2 else "Aachen")
        for i, total in ((1, 500), (2, 501), (3, 1), (4, 50), (5, 51)):
            self.send("bank", "Paid", i, sum=total)

    def send(self, source, kind, i, **detail):
        self.d.send({"source": source, "detail-type": kind, "detail": {"id": "o-%d" % i, **detail}})

    def list(self, words, **more):
        page = self.d.ask("GET", "/executions?" + urllib.parse.urlencode({"q": words, **more}))[1].decode()
        total = re.search(r'id="total">([\d,]+) in all', page)
        return re.findall(r'class="key" href="[^"]*">([^<]*)<', page), total and int(total.group(1).replace(",", "")), page

    def test_by_error(self):
        self.assertEqual(self.list("error:Order.TooMuch")[0], ["o-2", "o-1"])
        self.assertEqual(self.list("error:O*")[0], ["o-3", "o-2", "o-1"])
        self.assertEqual(self.list("status:failed error:Other")[0], ["o-3"])
        page = self.d.ask("GET", "/attention")[1].decode()
        self.assertIn("Order.TooMuch", page)
        link = [html.unescape(x) for x in re.findall(r'class="key" href="([^"]*)">2<', page)]
        self.assertEqual(re.findall(r'class="key" href="[^"]*">([^<]*)<', self.d.ask("GET", "/" + link[0])[1].decode()), ["o-2", "o-1"])
        counts = self.d.get("/api/v1/attribute-counts?attribute=Error")["counts"]
        self.assertEqual({c["value"]: c["count"] for c in counts}, {"Order.TooMuch": 2, "Other": 1})
        arn = "arn:aws:states:us-east-1:000000000000:execution:till:o-3"
        self.assertEqual(self.d.aws("RedriveExecution", executionArn=arn)[0], 200)
        until(lambda: self.d.aws("DescribeExecution", executionArn=arn)[1]["redriveCount"] == 1)
        self.assertEqual(self.list("error:Other")[0], ["o-3"])  # it failed again, and is there once

    def test_a_filter_more_has_no_row_more(self):
        """What ended is found by the state that it ended in, however it is asked for."""
        for state, status, keys in (("Much", "", ["o-2", "o-1"]), ("Much", "FAILED", ["o-2", "o-1"]), ("Much", "RUNNING", []),
                                    ("Wait on", "", ["o-5", "o-4"]), ("Odd", "FAILED", ["o-3"])):
            for more in ({}, {"machine": "till"}, {"startedFrom": "2020-01-01T00:00:00Z"}):
                found, total, _ = self.list("", state=state, **more, **({"status": status} if status else {}))
                self.assertEqual((found, total), (keys, None if "startedFrom" in more else len(keys)), (state, status, more))

    def test_by_who_owes(self):
        keys, _, page = self.list("from:courier")
        self.assertEqual(keys, ["o-5", "o-4"])
        self.assertIn("from: courier", page)
        self.assertEqual(len(self.list("from:bank city:Lyon")[0]), 27)
        self.assertEqual(self.list("from:nobody")[0], [])

    def test_by_the_day_of_its_end(self):
        self.d.move("2026-03-03T11:00:00Z")
        self.send("bank", "Paid", 6, sum=500)
        self.assertEqual(self.list("ended:2026-03-02")[0], ["o-3", "o-2", "o-1"])
        self.assertEqual(self.list("ended:2026-03-03 machine:till")[0], ["o-6"])
        self.assertEqual(self.list("ended:2026-03-04")[0], [])
        self.assertIn("<code>ended:soon</code>", self.list("ended:soon")[2])

    def test_what_moved_last_first(self):
        """What took the last step, whenever it began; of one status; page by page; not with what looks into rows."""
        self.send("bank", "Paid", 7, sum=500)
        self.assertEqual(self.list("sort:moved")[0][:2], ["o-7", "o-5"])
        keys, total, page = self.list("status:running sort:moved")
        rest = html.unescape(re.search(r'href="([^"]*)" rel="next"', page).group(1))
        keys += re.findall(r'class="key" href="[^"]*">([^<]*)<', self.d.ask("GET", "/" + rest)[1].decode())
        self.assertEqual(len(keys), total)
        self.assertEqual(keys[:3] + keys[-2:], ["o-5", "o-4", "o-59", "o-6", "o-0"])
        self.send("bank", "Paid", 6, sum=500)
        self.assertEqual(self.list("machine:till status:failed sort:moved")[0][:2], ["o-6", "o-7"])
        self.assertIn("goes with a status", self.list("sort:moved key:o-1*")[2])
        self.assertEqual(self.list("machine:nosuch sort:moved")[:2], ([], 0))
        self.assertIn("<code>sort:oldest</code>", self.list("sort:moved status:running sort:oldest")[2])
        links = [html.unescape(x) for x in re.findall(r'<a href="([^"]*)"[^>]*>(?:newest|last moved|oldest)<', self.list("sort:moved status:running")[2])]
        self.assertEqual(links, ["executions?q=status%3Arunning", "executions?sort=moved&q=status%3Arunning", "executions?sort=oldest&q=status%3Arunning"])
        self.assertRegex(self.list("")[2], r'href="executions\?sort=moved')

    def test_the_oldest_first(self):
        keys, total, page = self.list("status:running sort:oldest")
        self.assertEqual((keys[:3], total), (["o-0", "o-4", "o-5"], 57))
        rest = html.unescape(re.search(r'href="([^"]*)" rel="next"', page).group(1))
        more = re.findall(r'class="key" href="[^"]*">([^<]*)<', self.d.ask("GET", "/" + rest)[1].decode())
        self.assertEqual(keys + more, ["o-0", "o-4", "o-5"] + ["o-%d" % i for i in range(6, 60)])
        self.assertIn("goes with status:RUNNING", self.list("sort:oldest")[2])
        self.assertIn("sort=oldest", self.list("status:running")[2])
        self.d.move("2026-03-02T11:00:00Z")
        keys, total, page = self.list("status:late sort:oldest")
        self.assertEqual((keys[0], len(keys), total), ("o-0", 50, 55))  # "Wait on" has no deadline
        rest = html.unescape(re.search(r'href="([^"]*)" rel="next"', page).group(1))
        self.assertEqual(len(re.findall(r'class="key" href="[^"]*">([^<]*)<', self.d.ask("GET", "/" + rest)[1].decode())), 5)

    def test_columns(self):
        page = self.list("status:running", columns="city,Error")[2]
        self.assertIn("<th>city</th><th>Error</th>", page)
        self.assertIn('<td data-label="city">Lyon</td><td data-label="Error"></td>', page)
        self.assertNotIn("city: Lyon", page)

    def test_lists_say_how_many_they_have(self):
        for words, total in (("status:running", 57), ("status:failed", 3), ("state:Hear", 55), ("machine:till", 60), ("machine:nobody", 0)):
            self.assertEqual(self.list(words)[1], total, words)
        page = self.list("")[2]
        for word, count in (("All", 60), ("In flight", 57), ("Late", 0), ("Failed", 3)):
            self.assertRegex(page, r">%s <b>%d</b>" % (word, count))
        self.assertEqual(self.list("city:Lyon")[1], None)  # only reading them would tell


class Names(unittest.TestCase):
    def near(self, d, part):
        page = d.ask("GET", "/by-key/" + urllib.parse.quote(part))[1].decode()
        self.assertNotIn("among the newest", page)  # all were looked at
        return re.findall(r'class="key" href="[^"]*">([^<]*)<', page)

    def test_a_part_of_any_name(self):
        """Names are gathered in the background; the first of 9,000 is found by a part of it as is the last, behind a kill too."""
        with Daemon(MACHINES) as d:
            def order(*keys):
                d.post([{"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": k}} for k in keys])
            to_gather = lambda: int(re.search(r"^pavane_names_to_gather (\d+)", d.ask("GET", "/metrics")[1].decode(), re.M).group(1))
            order("Élan-Needle-a", "plain", "with needle Inside", "li\nne")
            for i in range(0, 4400, 400):
                order(*("bulk-%d" % (i + k) for k in range(400)))
            until(lambda: to_gather() == 4404 - 4096, what=to_gather)
            d.kill()
            d.start()
            for i in range(4400, 8800, 400):
                order(*("bulk-%d" % (i + k) for k in range(400)))
            until(lambda: to_gather() == 8804 - 2 * 4096, what=to_gather)
            order("the-last-NEEDLE")
            self.assertEqual(sorted(self.near(d, "needle")), ["the-last-NEEDLE", "with needle Inside", "Élan-Needle-a"])
            self.assertEqual(self.near(d, "lan-n"), ["Élan-Needle-a"])
            self.assertEqual(self.near(d, "ulk-4395"), ["bulk-4395"])
            self.assertEqual(self.near(d, "4395"), ["bulk-4395"])
            self.assertEqual(self.near(d, "nowhere"), [])
            self.assertEqual(self.near(d, "plain\nwith"), [])  # not over the end of one


class Case(unittest.TestCase):
    """An execution becomes a case of `pavane test`, which holds."""

    def test_what_was_is_a_case_that_holds(self):
        shown = re.compile(r'href="([^"]*part=case)"')
        with Daemon(MACHINES) as d, tempfile.TemporaryDirectory() as folder:
            shutil.copytree(os.path.join(MACHINES, "order"), os.path.join(folder, "order"))
            events = os.path.join(folder, "order", "events")
            shutil.rmtree(events)
            os.mkdir(events)
            names = sorted(os.listdir(os.path.join(MACHINES, "order", "events")))
            for name in names:
                with open(os.path.join(MACHINES, "order", "events", name)) as f:
                    case = json.load(f)
                d.post(case["events"])
                key = case["expect"]["correlationId"]
                page = d.ask("GET", "/executions/order%%3A%s" % key)[1].decode()
                link = html.unescape(shown.search(page).group(1))
                made = d.ask("GET", "/executions/order%%3A%s?part=case" % key)[1].decode()
                self.assertTrue(link.endswith("executions/order%%3A%s?part=case" % key), link)
                with open(os.path.join(events, name), "w") as f:
                    f.write(made)
                made = json.loads(made)
                self.assertEqual([e["id"] for e in made["events"]], [e["id"] for e in case["events"]])
                for field in ("status", "states", "error", "dispositions"):
                    if field in case["expect"]:
                        self.assertEqual(made["expect"].get(field), case["expect"][field], (name, field))
            r = subprocess.run([PAVANE, "test", os.path.join(folder, "order")], capture_output=True, text=True)
            self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
            self.assertIn("%d passed" % len(names), r.stdout)
            page = d.ask("GET", "/events/1")[1].decode()
            self.assertIn("as a test case", page)


if __name__ == "__main__":
    main()
