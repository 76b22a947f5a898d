"""The flow map: its sums are what a walk over every history gives, each execution once, also behind kill -9."""
import collections
import contextlib
import html
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import Daemon, MACHINES, PAVANE, cli, main, until

CITIES = ("Lyon", 'a"b c*', "New York")
ENDS = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED"}


def order(kind, key, source):
    return {"source": source, "detail-type": kind, "detail": {"orderId": key}}


def cli_error(d, **changed):
    fields = {"Machine": "order", "Digest": "0" * 64, "Cases": [], "Transitions": [], **changed}
    return json.loads(d.ask("POST", "/", json.dumps(fields), {"X-Amz-Target": "Pavane.PutTested"})[1])["message"]


class Flow(unittest.TestCase):
    def feed(self, d, first, count):
        """Orders that go all ways; some stay open."""
        draw = random.Random(first)
        for i in range(first, first + count):
            key = "order-%d" % i
            way = [("OrderReceived", "order.service")]
            if draw.random() < 0.2:
                way.append(("PaymentRefused", "payment.service"))
            else:
                way.append(("PaymentSettled", "payment.service"))
                if draw.random() < 0.3:
                    way += [("ShopDeclined", "shop.service"), ("RefundIssued", "payment.service")]
                else:
                    way += [("ShopAccepted", "shop.service"), ("ParcelDelivered", "delivery.service")]
            for kind, source in way[:draw.choice((5, 5, 5, 2))]:
                d.send({**order(kind, key, source), "detail": {"orderId": key, "city": CITIES[i % 3]}})

    def walked(self, d):
        """(states, transitions, ends) by counting the events of every history."""
        states, taken, ends = collections.Counter(), collections.Counter(), collections.Counter()
        ids, token = [], ""
        while True:
            page = d.get("/api/v1/executions?machine=order&limit=1000" + token)
            ids += [x["executionId"] for x in page["executions"] if x["status"] != "RUNNING"]
            if not page["next"]:
                break
            token = "&next=" + page["next"]
        for x in ids:
            before = None
            for e in d.history(x):
                kind = e["type"]
                if kind.endswith("StateEntered"):
                    name = e["stateEnteredEventDetails"]["name"]
                    states[name] += 1
                    taken[(before, name)] += 1
                elif kind.endswith("StateExited"):
                    before = e["stateExitedEventDetails"]["name"]
                elif kind in ENDS:
                    ends[ENDS[kind]] += 1
        return states, taken, ends, len(ids)

    def summed(self, d):
        f = d.get("/api/v1/flow?machine=order")
        return (collections.Counter({s["state"]: s["count"] for s in f["states"]}),
                collections.Counter({(t["from"], t["to"]): t["count"] for t in f["transitions"]}),
                collections.Counter({e["status"]: e["count"] for e in f["ends"]}), f["ended"])

    def listed(self, d, href):
        """How many executions the list of a link has: what it says, and what a spreadsheet gets."""
        href = "/" + html.unescape(href).replace("../", "")
        said = re.search(r'<span id="total">([\d,]+) in all', d.ask("GET", href)[1].decode())
        self.assertIsNotNone(said, href)
        rows = d.ask("GET", href + "&part=csv")[1].decode().count("\r\n") - 1
        self.assertEqual(int(said.group(1).replace(",", "")), rows, href)
        return rows

    def test_every_number_opens_its_list(self):
        """Of the map's nodes, edges, bars, ways and ends; of all orders and of those of one city."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(os.path.join(MACHINES, "order"), os.path.join(folder, "order"))
        path = os.path.join(folder, "order", "rules.json")
        rules = json.load(open(path))
        rules["index"] = {"city": "$.detail.city"}
        json.dump(rules, open(path, "w"))
        with Daemon(folder) as d:
            self.feed(d, 0, 90)
            _, _, ends, all_of_them = self.same(d)
            of_city = collections.Counter()
            for x in d.get("/api/v1/executions?machine=order&limit=1000")["executions"]:
                if x["status"] != "RUNNING":
                    of_city[CITIES[int(x["executionId"].split("-")[1]) % 3]] += 1
            for where, ended in [("", all_of_them)] + [("&where=city:" + urllib.parse.quote(c), n) for c, n in of_city.items()]:
                page = d.ask("GET", "/machines/order?tab=flow" + where)[1].decode()
                self.assertIn("%d in all" % ended, page)
                numbers = re.findall(r'<a href="([^"]*&amp;passed=[^"]*)"(?: title="[^"]*" aria-label="([^"]*)")?>(.*?)</a>', page)
                kinds = collections.Counter()
                for href, label, inner in numbers:
                    text = re.sub("<[^>]*>", " ", label or inner)
                    said = re.search(r"\d[\d,]*", text)  # "never": none
                    self.assertEqual(self.listed(d, href), int(said.group(0).replace(",", "")) if said else 0, (href, text))
                    kinds["bar" if label else "edge" if "amount" in inner else "other"] += 1
                self.assertGreaterEqual(min(kinds["bar"], kinds["edge"], kinds["other"]), 4, kinds)
            # One against the usual: the commonest way's newest, with what stays usually take.
            ways = sorted((w["count"], w["way"]) for w in d.get("/api/v1/flow?machine=order")["ways"])
            failed = d.get("/api/v1/executions?machine=order&status=FAILED&limit=1")["executions"][0]["executionId"]
            page = d.ask("GET", "/compare?b=usual&a=" + failed)[1].decode()
            self.assertIn("as %d %% of those" % round(100 * ways[-1][0] / all_of_them), page)
            usual = re.search(r'B: <a href="executions/order%3A(order-\d+)"', page).group(1)
            went = [e["stateEnteredEventDetails"]["name"] for e in d.history("order:" + usual) if e["type"].endswith("StateEntered")]
            self.assertEqual(" > ".join(went), ways[-1][1])
            self.assertEqual(("only A" in page, "only B" in page, 'data-label="Half within"' in page), (True, True, True))
            d.send(order("OrderReceived", "order-alone", "order.service"))
            self.assertIn("usual way</a>", d.ask("GET", "/compare?a=order-alone")[1].decode())
            # Executions that are forgotten are in no list, and a state that there is not has none.
            self.assertIn("0 in all", d.ask("GET", "/executions?machine=order&passed=Nowhere")[1].decode())
            self.assertIn("passed:A, which goes with", d.ask("GET", "/executions?passed=A")[1].decode())

    def test_what_the_map_says(self):
        """What stands on lines and in states, how dark they are, and what did not fit there."""
        with Daemon(MACHINES, virtual_clock="2026-03-02T12:00:00Z") as d:
            self.feed(d, 0, 60)
            d.send(order("OrderReceived", "odd", "order.service"))
            d.send(order("PaymentSettled", "odd", "payment.service"))
            for kind in ("ShelfDusted", "ShelfDusted", "WindowOpened"):
                d.send(order(kind, "odd", "shop.service"))
            d.move("2026-03-02T12:01:00Z")  # the ledger is written now and then
            states, taken, _, ended = self.same(d)
            stands = d.get("/api/v1/executions?machine=order&state=AwaitShop&status=RUNNING")["executions"]

            def map_of(show):
                page = d.ask("GET", "/machines/order?tab=flow" + show)[1].decode()
                return page, re.search("<svg.*?</svg>", page, re.S).group(0)

            def lines(svg):
                """What stands beside each line that was taken."""
                found = re.findall(r'data-from="([^"]*)" data-to="([^"]*)" data-taken="([1-9]\d*)">(.*?)</g>', svg, re.S)
                return {(a, b): (int(n), re.findall(r'class="amount"[^>]*>([^<]*)', g)) for a, b, n, g in found}

            misfit = until(lambda: re.search(r'<a class="misfit" href="([^"]*)" aria-label="[^"]*"><title>(3 [^<]*)</title>.*?<text[^>]*>([^<]*)', map_of("")[1], re.S))
            self.assertEqual(misfit.group(2), "3 events did not fit in AwaitShop, mostly \u2068ShelfDusted\u2069")
            self.assertRegex(misfit.group(3), r"^3( did not fit)? ⇥$")
            page = d.ask("GET", "/" + html.unescape(misfit.group(1)).replace("../", ""))[1].decode()
            self.assertEqual(set(re.findall(r"ShelfDusted|WindowOpened", re.sub("<[^>]*>", "", page))), {"ShelfDusted", "WindowOpened"})
            listed = lambda page: sum(int(n) for n in re.findall(r'data-label="How many"[^>]*><a[^>]*>(\d+)', page))
            self.assertEqual(listed(page), 3)
            for link in re.findall(r'data-label="How many"[^>]*><a[^>]*href="([^"]*)"', page):
                events = d.ask("GET", "/" + html.unescape(link).replace("../", ""))[1].decode()
                self.assertIn("until=", link)
                self.assertEqual(len(set(re.findall(r'data-label="Id"><a href="events/(\d+)"', events))),
                                 int(re.search(re.escape(link) + r'">(\d+)<', page).group(1)))
            for when in ("range=today", "range=7d", "range=90d"):  # of the same days, as the map
                knock = re.search(r'class="misfit" href="([^"]*)".*?>3( did not fit)? ⇥<', map_of("&" + when)[1], re.S)
                self.assertEqual(listed(d.ask("GET", "/" + html.unescape(knock.group(1)).replace("../", ""))[1].decode()), 3, when)
            for none in ("where=Error:Order.Unpaid", "from=2020-01-01&to=2020-01-02"):
                self.assertNotIn('class="misfit"', d.ask("GET", "/machines/order?tab=flow&" + none)[1].decode(), none)

            page, svg = map_of("")
            words = re.search(r'data-for="AwaitShop">(.*?)</g>', svg, re.S).group(1)
            self.assertIn(">%d in · %d now<" % (states["AwaitShop"], len(stands)), words)
            self.assertRegex(svg, r'class="node running h[1-5]" id="[^"]*" data-state="AwaitShop"')
            self.assertIn('aria-label="State AwaitShop, Task, %d in · %d now, half of the stays within ' % (states["AwaitShop"], len(stands)), svg)
            split = ("Was it paid?", "Unpaid")
            of = sum(n for (a, _), n in taken.items() if a == split[0])
            share = "%d %%" % ((taken[split] * 100 + of // 2) // of)
            for show, wanted in (("", "%d · %s" % (taken[split], share)), ("&show=all", "%d · %s" % (taken[split], share)),
                                 ("&show=count", str(taken[split])), ("&show=share", share)):
                page, svg = map_of(show)
                count, notes = lines(svg)[split]
                self.assertEqual((count, notes), (taken[split], [wanted]), show)
            self.assertIn('show=share" aria-current="page"', page)
            for show in ("median", "p95"):
                notes = lines(map_of("&show=" + show)[1])[split][1]
                self.assertRegex(notes[0], r"^\d+ m?s$")
            for odd in ("show=x", "where=bogus", "version=99", "version=x", "from=2026-01-01&to=bogus", "from=2026-01-02&to=2026-01-01"):
                page = d.ask("GET", "/machines/order?tab=flow&" + odd)[1].decode()
                self.assertIn("passed over: <code>%s<" % odd.split("&")[-1], page, odd)
            self.assertIn("passed over: <code>range=8d, show=x<", d.ask("GET", "/machines/order?tab=flow&show=x&range=8d")[1].decode())

    def same(self, d):
        want = self.walked(d)
        until(lambda: self.summed(d)[3] >= want[3], what=lambda: (self.summed(d), want))
        self.assertEqual(self.summed(d), want)
        return want

    def test_the_sums_are_what_a_walk_gives(self):
        d = Daemon(MACHINES).start()
        try:
            self.feed(d, 0, 120)
            states, _, ends, _ = self.same(d)
            self.assertEqual(sum(ends.values()), states["AwaitPayment"])
            for i in range(1, 4):  # whatever dies between: each once
                self.feed(d, 1000 * i, 25)
                d.kill()
                d.start()
            self.feed(d, 9000, 20)
            _, _, ends, all_of_them = self.same(d)
            page = d.ask("GET", "/machines/order?tab=flow&range=7d")[1].decode()
            self.assertIn("%d in all" % all_of_them, page)
            self.assertIn("%d failed" % ends["FAILED"], page)
            self.assertIn("Coverage: never taken", page)
            r = subprocess.run([PAVANE, "flow", "order", "--url", d.url], capture_output=True, text=True)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertIn("%d ended" % all_of_them, r.stdout)
            self.assertLessEqual(max(len(line) for line in r.stdout.split("\n") if " > " not in line), 80)
            self.assertEqual(json.loads(subprocess.run([PAVANE, "flow", "order", "--url", d.url, "--json"],
                                                       capture_output=True, text=True).stdout)["ended"], all_of_them)
            # The same by day: the table of /analyse, and the flow of that day alone, which it links to.
            page = d.ask("GET", "/analyse?machine=order")[1].decode()
            days = re.findall(r'<a href="([^"]*)">(\d{4}-\d\d-\d\d)</a></td>.*?<td data-label="Ended" class="number"><a href="([^"]*)">([\d,]+)<', page)
            self.assertEqual(sum(int(n.replace(",", "")) for _, _, _, n in days), all_of_them)
            for link, _, listed, n in days:
                self.assertIn("%s in all" % n, d.ask("GET", "/" + html.unescape(link))[1].decode())
                csv = d.ask("GET", "/" + html.unescape(listed) + "&part=csv")[1].decode()
                self.assertEqual(csv.count("\r\n") - 1, int(n.replace(",", "")))  # the list has as many as the number says
            self.assertIn('class="failed" x=', page)
            self.assertIn("Nothing of a machine ‘nobody’", d.ask("GET", "/analyse?machine=nobody")[1].decode())
            r = subprocess.run([PAVANE, "flow", "nobody", "--url", d.url], capture_output=True, text=True)
            self.assertEqual(r.returncode, 1)
            self.assertIn("no machine of this name", r.stderr)
        finally:
            if d.process is not None:
                d.stop()

    def test_by_the_hour(self):
        """Started and ended, of a day by the hour and of days by the day; each number's list has as many; behind a kill, and gathered."""
        with Daemon(MACHINES, virtual_clock="2026-03-02T06:30:00Z") as d:
            def table(query):
                page = d.ask("GET", "/analyse?machine=order&" + query)[1].decode()
                rows = []
                # Each number of both tables, how many ended badly among them, leads to as many.
                linked = re.findall(r'<a href="(executions[^"]*)">([\d,]+)</a>', page)
                self.assertGreaterEqual(len(linked), 4)
                for link, n in linked:
                    csv = d.ask("GET", "/" + html.unescape(link) + "&part=csv")[1].decode()
                    self.assertEqual(csv.count("\r\n") - 1, int(n.replace(",", "")), link)
                bad = [int(n) for n in re.findall(r'status%3Afailed[^"]*">(\d+)</a>', page)]
                self.assertEqual(sum(bad[1:]), bad[0])  # the machine's, then its days'
                times = re.findall(r'<a href="(machines/order[^"]*)"><rect class="room"', page)
                self.assertEqual(len(times), len(bad) - 1)
                for link in times:
                    self.assertEqual(d.ask("GET", "/" + html.unescape(link))[0], 200)
                for row in re.findall(r'<td data-label="When">(.*?)</tr>', page, re.S):
                    cells = [re.search(r'data-label="%s"[^>]*>(?:<a href="([^"]*)">)?([\d,]+)<' % name, row).groups() for name in ("Started", "Ended")]
                    for link, n in cells:
                        if link:
                            csv = d.ask("GET", "/" + html.unescape(link) + ("&" if "?" in link else "?") + "part=csv")[1].decode()
                            self.assertEqual(csv.count("\r\n") - 1, int(n.replace(",", "")), link)
                        else:
                            self.assertEqual(n, "0")
                    rows.append((re.search(r">([^<]*)</a>", row).group(1), *(int(n.replace(",", "")) for _, n in cells)))
                return rows
            for i in range(5):
                d.send(order("OrderReceived", "o-%d" % i, "order.service"))
            d.move("2026-03-02T08:10:00Z")
            for i in range(4):
                d.send(order("PaymentRefused", "o-%d" % i, "payment.service"))
            d.send(order("OrderReceived", "o-9", "order.service"))
            d.move("2026-03-03T01:00:00Z")
            d.send(order("PaymentRefused", "o-9", "payment.service"))
            until(lambda: d.get("/api/v1/flow?machine=order")["ended"] == 5)
            hours = [("2026-03-03 01:00", 0, 1), ("2026-03-02 08:00", 1, 4), ("2026-03-02 06:00", 5, 0)]
            self.assertEqual(table("from=2026-03-02&to=2026-03-03"), hours)
            self.assertEqual(table("range=today"), hours[:1])
            self.assertEqual(table("range=7d"), [("2026-03-03", 0, 1), ("2026-03-02", 6, 4)])
            d.kill()
            d.start()
            self.assertEqual(table("from=2026-03-02&to=2026-03-03"), hours)
            d.move("2026-03-03T01:00:00Z")  # a virtual clock begins anew
            for i in range(0, 5000, 100):  # more than a row of names has
                d.post([order("OrderReceived", "n-%d" % (i + k), "order.service") for k in range(100)])
            d.send(order("PaymentRefused", "n-0", "payment.service"))  # who folds it gathers the names as well
            until(lambda: d.get("/api/v1/flow?machine=order")["ended"] == 6)
            hours[0] = ("2026-03-03 01:00", 5000, 2)
            said = lambda: [(w, s.replace(",", ""), e) for w, s, e in re.findall(
                r'>(2026-[^<]*)</a></td><td data-label="Started"[^>]*>(?:<a[^>]*>)?([\d,]+).*?data-label="Ended"[^>]*>(?:<a[^>]*>)?(\d+)',
                d.ask("GET", "/analyse?machine=order&from=2026-03-02&to=2026-03-03")[1].decode())]
            self.assertEqual(said(), [(w, str(s), str(e)) for w, s, e in hours])
            d.kill()
            with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % d.db, uri=True)) as db:
                gathered = db.execute("SELECT sum(count) FROM started").fetchone()[0]
            self.assertGreaterEqual(gathered, 4096)
            d.start()
            self.assertEqual(said(), [(w, str(s), str(e)) for w, s, e in hours])

    def test_each_version_has_its_own(self):
        """What ended as version 1 is not in the flow of version 2, and is found by it."""
        pick = lambda to: {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": to}, to: {"Type": "Succeed"}}}
        with Daemon() as d:
            arn = d.aws("CreateStateMachine", name="m", roleArn="arn:aws:iam::000000000000:role/r",
                        definition=json.dumps(pick("First")))[1]["stateMachineArn"]
            for i in range(3):
                d.aws("StartExecution", stateMachineArn=arn, input="{}")
            until(lambda: d.get("/api/v1/flow?machine=m")["ended"] == 3)
            d.aws("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(pick("Second")))
            for i in range(2):
                d.aws("StartExecution", stateMachineArn=arn, input="{}")
            until(lambda: d.get("/api/v1/flow?machine=m")["ended"] == 2)
            now, old = (d.ask("GET", "/machines/m?tab=flow" + more)[1].decode() for more in ("", "&version=1"))
            self.assertEqual(["2 in all" in now, "Second" in now, "First" in now], [True, True, False])
            self.assertEqual(["3 in all" in old, "Second" in old, "First" in old], [True, False, True])
            self.assertIn('machines/m?tab=flow&amp;version=1">1</a>', now)
            page = d.ask("GET", "/machines/m?tab=versions")[1].decode()
            self.assertIn("Version 2 against version 1", page)
            self.assertIn("States: 1 new, 1 changed, 1 gone: <b>First</b>", page)
            for path, word in (("$.States.A.Next", "changed"), ("$.States.First", "removed"), ("$.States.Second", "added")):
                self.assertRegex(page, r'<code class="path">%s</code> <small>%s</small>' % (re.escape(path), word))
            self.assertRegex(page, r'data-state="Second"')
            self.assertIn("Version 1 against version 2", d.ask("GET", "/machines/m?tab=versions&version=1&from=2")[1].decode())
            self.assertIn("Nothing is earlier than version 1", d.ask("GET", "/machines/m?tab=versions&version=1")[1].decode())
            self.assertRegex(d.ask("GET", "/analyse")[1].decode(), r'>m</a></td><td data-label="Started" class="number"><a [^>]*>5</a></td>'
                             r'<td data-label="Ended" class="number"><a [^>]*>5<')

    def test_how_long_a_transition_comes_behind_its_state(self):
        """Beside a line that others share: half of those that took it had been in the state for so long; with an attribute too."""
        hear = {"StartAt": "Hear", "States": {
            "Hear": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "TimeoutSeconds": 3600, "Next": "Done",
                     "Parameters": {"EventPattern": {"detail-type": ["Go"]}}, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]},
            "Done": {"Type": "Succeed"}, "Late": {"Type": "Succeed"}}}
        rules = {"correlationId": "$.detail.id", "index": {"city": "$.detail.city"},
                 "start": [{"name": "s", "pattern": {"detail-type": ["Start"]}}], "resume": [{"name": "r", "pattern": {"detail-type": ["Go"]}}]}
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "m"))
            for name, what in (("machine.asl.json", hear), ("rules.json", rules)):
                with open(os.path.join(folder, "m", name), "w") as f:
                    json.dump(what, f)
            with Daemon(folder, virtual_clock="2026-01-01T00:00:00Z") as d:
                until(lambda: [m["version"] for m in d.get("/api/v1/machines")["machines"]] == [1])
                for i in range(4):
                    d.send({"source": "a", "detail-type": "Start", "detail": {"id": str(i), "city": "Lyon" if i % 2 else "Paris"}})
                d.move("2026-01-01T00:10:00Z")
                for i in range(2):
                    d.send({"source": "a", "detail-type": "Go", "detail": {"id": str(i)}})
                d.move("2026-01-01T01:30:00Z")
                until(lambda: d.get("/api/v1/flow?machine=m")["ended"] == 4)
                for where, n in (("", 2), ("&where=city:Lyon", 1)):
                    page = html.unescape(d.ask("GET", "/machines/m?tab=flow" + where)[1].decode())
                    notes = re.findall(r">(%d · 50 % · [^<]*)<".replace("% ·", "%% ·") % n, page)
                    self.assertEqual(len(notes), 2, (where, notes))
                    self.assertTrue(any(re.search(r"· (9|10|11) min", t) for t in notes), notes)
                    self.assertTrue(any(re.search(r"· (5\d min|1 h)", t) for t in notes), notes)
                d.stop()
                with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % d.db, uri=True)) as c:
                    sums = dict(c.execute("SELECT a||kind,sum(sum_ms) FROM flow WHERE a='Hear' AND kind IN (0,1) GROUP BY kind").fetchall())
                    caught = c.execute("SELECT sum(sum_ms) FROM flow WHERE a='Hear' AND kind=2").fetchone()[0]
                    self.assertEqual(sums["Hear0"], sums["Hear1"] + caught)  # each stay led somewhere

    def test_what_the_test_cases_take(self):
        """Beside what nobody took, which case takes it; of this definition alone, and behind a kill."""
        with tempfile.TemporaryDirectory() as folder:
            order = os.path.join(folder, "order")
            shutil.copytree(os.path.join(MACHINES, "order"), order)
            d = Daemon(folder).start()
            self.addCleanup(d.__exit__)
            version = lambda: [m["version"] for m in d.get("/api/v1/machines")["machines"]]
            until(lambda: version() == [1])
            page = lambda more="": html.unescape(d.ask("GET", "/machines/order?tab=flow" + more)[1].decode())
            self.assertIn("No test results are known of this version", page())
            code, out, err = cli("test", order, "--tell", "--json", "--url", d.url)
            self.assertEqual(code, 0, err)
            cases = {(t["from"], t["to"]): t["cases"] for t in json.loads(out)["transitions"]}
            self.assertEqual(cases["AwaitPayment", "Was it paid?"], ["delivered.json", "out-of-order.json", "paid-back.json", "unpaid.json", "waiting.json"])
            self.assertEqual(cases["Was it paid?", "OutOfStep"], [])
            taken = sum(bool(c) for c in cases.values())
            for kind, source in (("OrderReceived", "order.service"), ("PaymentRefused", "payment.service")):
                d.send({"source": source, "detail-type": kind, "detail": {"orderId": "o-1"}})
            until(lambda: d.get("/api/v1/flow?machine=order")["ended"] == 1)
            for _ in range(2):
                said = page()
                self.assertIn("the test cases take %d of %d: 5 passed, told" % (taken, len(cases)), said)
                self.assertRegex(said, r"<li>AwaitShop → Does the shop deliver\?.*?<small>tested by delivered.json, out-of-order.json, paid-back.json</small></li>")
                self.assertRegex(said, r"<li>Was it paid\? → OutOfStep.*?<small>no test takes it</small></li>")
                self.assertNotIn("AwaitPayment → Was it paid", said)  # it was taken
                d.kill()
                d.start()
            self.assertIn("there is no machine 'nobody'", cli_error(d, Machine="nobody").lower())
            self.assertIn("ases", cli_error(d, Transitions=[{"From": "a", "To": "b", "Catch": False, "Cases": [None]}]))
            self.assertIn("digest", cli_error(d, Digest="short"))
            path = os.path.join(order, "machine.asl.json")
            with open(path) as f:
                text = f.read()
            with open(path, "w") as f:
                f.write(text.replace('"StartAt"', ' "StartAt"', 1))
            until(lambda: version() == [2])
            self.assertIn("No test results are known of this version", page())
            self.assertIn("5 passed", page("&version=1"))

    def test_redriven_ones_are_there_once_and_stays_are_their_own(self):
        """A redrive adds nothing twice; iterations of a Map are not mixed up."""
        fails = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}}}
        each = {"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 2, "End": True, "ItemProcessor": {
            "StartAt": "I", "States": {"I": {"Type": "Wait", "SecondsPath": "$", "End": True}}}}}}
        with Daemon(virtual_clock="2026-01-01T00:00:00Z") as d:
            for name, definition in (("fails", fails), ("each", each)):
                d.aws("CreateStateMachine", name=name, roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(definition))
            arn = "arn:aws:states:us-east-1:000000000000:stateMachine:"
            _, started = d.aws("StartExecution", stateMachineArn=arn + "fails", name="x", input="{}")
            flow = lambda m: d.get("/api/v1/flow?machine=" + m)
            until(lambda: flow("fails")["ended"] == 1)
            self.assertEqual(d.aws("RedriveExecution", executionArn=started["executionArn"])[0], 200)
            d.aws("StartExecution", stateMachineArn=arn + "each", name="y", input="[1,4,4]")
            d.move("2026-01-01T00:01:00Z")
            until(lambda: flow("each")["ended"] == 1)
            self.assertEqual(flow("fails")["ended"], 1)
            [stay] = [s for s in flow("each")["states"] if s["state"] == "I"]
            self.assertEqual((stay["count"], stay["sumMs"]), (3, 9000))
            self.assertGreater(stay["p50Ms"], 3900)
            # As it was: between its end and the redrive it had failed.
            ended = next(e["id"] for e in d.history("fails:x") if e["type"] == "ExecutionFailed")
            said = d.ask("GET", "/executions/fails%%3Ax?part=text&at=%d" % ended)[1].decode()
            self.assertIn("x failed in F", said)

    def test_a_long_answer_is_cut_where_it_may_be(self):
        """Patterns of hundreds of kilobytes, cut at every place of a tag."""
        wait = {"StartAt": "W", "States": {"W": {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "End": True,
                                                 "Parameters": {"EventPattern": {"source": ["s"], "detail": {"k.$": "States.Array($.k)"}}}}}}
        with Daemon() as d:
            d.long_turns = True
            d.aws("CreateStateMachine", name="w", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(wait))
            for i in range(40):
                d.aws("StartExecution", stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:w", name="c%d" % i,
                      input=json.dumps({"k": "'" * 209600 + "x" * (100 + 11 * i)}))
                status, said = d.ask("GET", "/executions/w%%3Ac%d?part=text" % i)
                self.assertEqual((status, b"cut here" in said or b"Before" in said or b"since" in said), (200, True))


if __name__ == "__main__":
    main()
