"""The ledger: what became of events, counted by who sent them, is what their rows say, also behind kill -9."""
import collections
import datetime
import hashlib
import html
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import unittest

from harness import Daemon, MACHINES, PAVANE, cli, main, until


def order(kind, key, source="order.service", **more):
    return {"source": source, "detail-type": kind, "detail": {"orderId": key}, **more}


def rows_say(db):
    """Outcomes by source, type, machine and kind, out of the events' and dispositions' own rows."""
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % db, uri=True)) as c:
        found = collections.Counter()
        text = "CASE WHEN e.{0}_at IS NULL THEN e.{0} ELSE CAST(substr(e.body,e.{0}_at>>12,e.{0}_at&4095) AS TEXT) END"
        names = "%s,%s" % (text.format("source"), text.format("detail_type"))
        for row in c.execute("SELECT %s,e.first_machine,e.first_kind FROM event e WHERE e.first_kind IS NOT NULL" % names):
            found[row] += 1
        for row in c.execute("SELECT %s,coalesce(d.machine_id,0),d.kind FROM disposition d JOIN event e ON e.id=d.id/1024" % names):
            found[row] += 1
        return found


def ledger_says(db):
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % db, uri=True)) as c:
        return collections.Counter({tuple(r[:4]): r[4] for r in c.execute(
            "SELECT source,type,machine_id,kind,sum(count) FROM ledger GROUP BY 1,2,3,4")})


class Ledger(unittest.TestCase):
    def feed(self, d, first, count):
        for i in range(first, first + count):
            key = "order-%d" % i
            d.send(order("OrderReceived", key))
            d.send(order("PaymentSettled", key, "payment.service"))
            if i % 3 == 0:
                d.send(order("ShopAcepted", key, "shop.service"))  # misspelt: it fits nowhere
            if i % 4 == 0:
                d.send(order("OrderRecieved", key))  # misspelt: no rule
            if i % 5 == 0:
                d.send(order("PaymentSettled", key, "payment.service", id="twice-%d" % i))
                d.send(order("PaymentSettled", key, "payment.service", id="twice-%d" % i))

    def test_it_is_what_the_rows_say(self):
        d = Daemon(MACHINES).start()
        try:
            self.feed(d, 0, 60)
            d.stop()
            self.assertEqual(ledger_says(d.db), rows_say(d.db))
            d.start()
            self.feed(d, 60, 40)  # not written yet, mostly
            d.kill()
            d.start()
            self.feed(d, 100, 20)
            d.stop()
            self.assertEqual(ledger_says(d.db), rows_say(d.db))
        finally:
            if d.process is not None:
                d.stop()

    def test_who_errs_and_who_owes(self):
        with Daemon(MACHINES) as d:
            self.feed(d, 0, 30)
            got = until(lambda: [v for v in d.get("/api/v1/deviations")["deviations"] if v["detailType"] == "OrderRecieved"])
            self.assertEqual([(v["source"], v["disposition"], v["count"], v["of"]) for v in got], [("order.service", "unmatched", 8, 8)])
            self.assertIn("OrderReceived", got[0]["reason"])
            answer = d.get("/api/v1/producers")
            sent = {p["source"]: p["events"] for p in answer["producers"]}
            self.assertEqual((sent["order.service"], sent["payment.service"], sent["shop.service"]), (38, 42, 10))
            shop = [v for v in d.get("/api/v1/deviations?source=shop.service")["deviations"]]
            self.assertEqual([(v["disposition"], v["machine"], v["count"], v["reason"]) for v in shop],
                             [("unexpected", "order", 10, "in AwaitShop: is it ShopAccepted, misspelt?")])
            # The sum of what is owed is what waits with a source; the machine's rules name three, one sends.
            owed = {(v["source"], v["machine"], v["state"]): v["count"] for v in answer["debts"]}
            waits = collections.Counter((w["machine"], w["state"]) for w in d.get("/api/v1/waits?limit=1000")["waits"])
            self.assertEqual(waits[("order", "AwaitShop")], 30)
            self.assertEqual(sum(n for (_, m, _), n in owed.items() if m == "order"), 30)
            for kind in ("ShopAccepted", "ShopDeclined"):  # what is sent tells whose it is
                d.send(order(kind, "order-1" if kind == "ShopAccepted" else "order-2", "shop.service"))
            until(lambda: any(v["source"] == "shop.service" and v["state"] == "AwaitShop" and v["count"] == 28
                              for v in d.get("/api/v1/producers")["debts"]), what=lambda: d.get("/api/v1/producers")["debts"])
            for command in ("producers", "deviations"):
                r = subprocess.run([PAVANE, command, "--url", d.url], capture_output=True, text=True)
                self.assertEqual((r.returncode, r.stderr), (int(command == "deviations"), ""))
                self.assertIn("shop.service", r.stdout)
                self.assertLessEqual(max(len(line) for line in r.stdout.split("\n")), 250)
                json.loads(subprocess.run([PAVANE, command, "--url", d.url, "--json"], capture_output=True, text=True).stdout)

    def test_samples_and_clocks(self):
        """A deviation shows its newest five events; a producer whose events have another time has a clock that is off."""
        with Daemon(MACHINES) as d:
            at = lambda seconds: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
            stamp = lambda source, i, time: d.send({**order("OrderRecieved", "o-%d" % i, source), **({"time": time} if time else {})})
            for i in range(7):
                stamp("slow.service", i, at(-5400))
                stamp("early.service", 10 + i, at(60))
                stamp("right.service", 20 + i, None)
            until(lambda: len(d.get("/api/v1/deviations")["deviations"]) == 3)
            page = d.ask("GET", "/deviations")[1].decode()
            samples = re.findall(r'<a href="events/(\d+)">([^<]*)</a></small>', page)
            self.assertEqual(len(samples), 15)
            for row, _ in samples[:5]:
                self.assertIn("OrderRecieved", d.ask("GET", "/events/" + row)[1].decode())
            page = d.ask("GET", "/producers")[1].decode()
            clocks = {s: re.findall(r"\w[\w ]* (?:ahead|behind)", row) for s, row in re.findall(
                r'<a class="key" href="producers/[^"]*">([^<]*)</a>.*?data-label="Its clock"(.*?)</td>', page, re.S)}
            self.assertEqual((clocks["slow.service"], clocks["right.service"]), (["1 h 30 min behind"], []))
            self.assertRegex(clocks["early.service"][0], r"^(1 min.*|5\d s) ahead$")

    def test_marks(self):
        """What is expected or accepted stays in its lists, with the reason, and counts nowhere."""
        with Daemon(MACHINES) as d:
            mark = lambda **fields: json.loads(d.ask("POST", "/", json.dumps(fields), {"X-Amz-Target": "Pavane.PutMute"})[1])
            d.send(order("OrderReceived", "o-1"))
            d.send(order("OrderRecieved", "o-1"))               # misspelt: no rule
            d.send(order("ShopAccepted", "o-1", "till.service"))  # of another source: it fits nowhere, or matches nothing
            d.send(order("PaymentSettled", "o-1", "payment.service"))
            d.send(order("Nonsense", "o-1", "shop.service"))
            found = until(lambda: len(d.get("/api/v1/deviations")["deviations"]) == 3 and d.get("/api/v1/deviations")["deviations"])
            groups = {g["group"] for g in d.get("/api/v1/attention")["attention"]}
            self.assertEqual({r["group"] for r in found}, groups)  # the same name in both lists
            self.assertIn("Minutes", mark(Group=found[0]["group"], Reason="r")["message"])
            self.assertIn("accepted", mark(Group=found[0]["group"], Reason="r", As="wanted")["message"])
            for r, word in zip(found, ("expected", "accepted")):
                self.assertEqual(cli("mute", r["group"], "--as", word, "--reason", "it is <%s>" % word, "--url", d.url)[0], 0)
            left = [g for g in d.get("/api/v1/attention")["attention"] if g["as"] is None]
            self.assertEqual([g["group"] for g in left], [found[2]["group"]])
            marks = {r["group"]: (r["as"], r["muted"]) for r in d.get("/api/v1/deviations")["deviations"]}
            self.assertEqual(marks[found[0]["group"]], ("expected", "it is <expected>"))
            self.assertIn("accepted: it is &lt;accepted&gt;", d.ask("GET", "/deviations")[1].decode())
            code, out, _ = cli("deviations", "--url", d.url)
            self.assertIn("accepted: it is <accepted>", out)
            self.assertEqual(code, 1)
            self.assertEqual(cli("mute", found[2]["group"], "--as", "accepted", "--reason", "r", "--url", d.url)[0], 0)
            self.assertEqual(cli("deviations", "--url", d.url)[0], 0)
            d.kill()
            d.start()
            self.assertEqual([g["group"] for g in d.get("/api/v1/attention")["attention"] if g["as"] is None], [])
            # As an earlier version named it, by its reason too, and without a word for how.
            [odd] = [g for g in d.get("/api/v1/attention")["attention"] if g["kind"] == "unexpected"]
            self.assertEqual(cli("mute", odd["group"], "--off", "--url", d.url)[0], 0)
            about = "%s\n0\n%s\n%s" % (odd["machine"], odd["what"], odd["why"])
            mark(Group="unexpected-" + hashlib.sha256(about.encode()).hexdigest()[:12], Reason="of old", Minutes=5)
            [odd] = [g for g in d.get("/api/v1/attention")["attention"] if g["kind"] == "unexpected"]
            self.assertEqual((odd["as"], odd["muted"]), ("muted", "of old"))
            # What is very long is cut in one place, and is the same thing in both.
            d.send({"source": "s" * 231, "detail-type": "T", "detail": {}})
            until(lambda: any(r["source"].startswith("sss") for r in d.get("/api/v1/deviations")["deviations"]))
            groups = {r["group"] for r in d.get("/api/v1/deviations")["deviations"]}
            self.assertLessEqual({g["group"] for g in d.get("/api/v1/attention")["attention"]}, groups)

    def test_a_number_and_its_list(self):
        """Each row of Deviations and Attention opens a list of as many events, and its samples are of it."""
        with Daemon(MACHINES) as d:
            for i in range(3):
                d.send(order("OrderReceived", "o-%d" % i))
                d.send(order("OrderRecieved", "o-%d" % i))
            d.send({"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": ""}})   # rejected
            d.send({"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": [1]}})  # for another reason
            d.send(order("PaymentSettled", "o-1", "payment.service"))
            d.send(order("Nonsense", "o-1", "shop.service"))
            d.send(order("Nonsense", "o-2", "shop.service"))
            until(lambda: sum(r["count"] for r in d.get("/api/v1/deviations")["deviations"]) >= 7)
            row = lambda page: re.findall(r'<td data-label="How many" class="number"><a class="key" href="([^"]*)">([\d,]+)</a>(.*?)</tr>', page, re.S)
            seen = 0
            for path in ("/deviations", "/attention", "/attention?sort=most", "/attention?sort=oldest"):
                rows = row(d.ask("GET", path)[1].decode())
                counts = [int(n) for _, n, _ in rows]
                if path.endswith("most"):
                    self.assertEqual(counts, sorted(counts, reverse=True))
                for link, n, rest in rows:
                    page = d.ask("GET", "/" + html.unescape(link))[1].decode()
                    if "events?" not in link:
                        continue
                    seen += 1
                    ids = set(re.findall(r'<td data-label="Id"><a href="events/(\d+)"', page)) or set(re.findall(r'href="events/(\d+)"', page))
                    self.assertEqual(len(ids), int(n), (path, link))
                    samples = re.findall(r'href="events/(\d+)"', rest)
                    self.assertLessEqual(set(samples), ids, (path, link))
                    if path == "/deviations":
                        self.assertEqual(len(samples), min(5, int(n)), (path, link))
            self.assertGreater(seen, 8)

    def test_how_long_a_producer_lets_one_wait(self):
        """Half and most of the waits for its events, once ten have ended; of nobody before that."""
        with Daemon(MACHINES, virtual_clock="2026-03-02T09:00:00Z") as d:
            def at(minute):
                d.move("2026-03-02T09:%02d:00Z" % minute)
            for i in range(12):
                d.send(order("OrderReceived", "order-%d" % i))
            at(10)
            for i in range(9):
                d.send(order("PaymentSettled", "order-%d" % i, "payment.service"))
            page = d.ask("GET", "/producers?range=24h")[1].decode()
            self.assertNotIn("<small class=\"nobr\">95 %", page)
            for i in range(9, 12):
                d.send(order("PaymentSettled", "order-%d" % i, "payment.service"))
            at(20)  # what waits took is written now and then
            until(lambda: "<small class=\"nobr\">95 %" in d.ask("GET", "/producers?range=24h")[1].decode())
            page = d.ask("GET", "/producers/payment.service?range=24h")[1].decode()
            within = re.search(r"get what they wait for within (\d+) min", page)
            self.assertIn(int(within.group(1)), range(8, 13))  # learned in classes: right within a fifth
            self.assertNotIn("get what they wait for", d.ask("GET", "/producers/shop.service?range=24h")[1].decode())

    def test_deviations_of_a_day(self):
        """By days: what came later counts neither for the number, nor for its share, nor in its list."""
        with Daemon(MACHINES, virtual_clock="2026-03-01T09:00:00Z") as d:
            def accepted(i):
                for kind, source in (("OrderReceived", "order.service"), ("PaymentSettled", "payment.service"), ("ShopAccepted", "shop.service")):
                    d.send(order(kind, "o-%d" % i, source))
            accepted(0)
            d.send(order("ShopAccepted", "o-0", "shop.service"))
            d.move("2026-03-02T09:00:00Z")
            for i in range(1, 9):
                accepted(i)
            for i in range(3):
                d.send(order("ShopAccepted", "o-%d" % i, "shop.service"))
            d.move("2026-03-02T09:01:00Z")

            def row(days):
                page = d.ask("GET", "/deviations?%s" % days)[1].decode()
                link, n, share = re.search(r'data-label="How many"[^>]*><a class="key" href="([^"]*)">(\d+)<.*?data-label="Of all such"[^>]*>([^<]*)<', page, re.S).groups()
                listed = d.ask("GET", "/" + html.unescape(link))[1].decode()
                return int(n), share, len(set(re.findall(r'data-label="Id"><a href="events/(\d+)"', listed)))
            self.assertEqual(row("from=2026-03-01&to=2026-03-01"), (1, "50.0 %", 1))
            self.assertEqual(row("from=2026-03-02&to=2026-03-02"), (3, "27.3 %", 3))
            self.assertEqual(row("range=7d"), (4, "30.8 %", 4))
            page = d.ask("GET", "/deviations?from=2026-03-01&to=soon")[1].decode()
            self.assertIn("Events on 2026-03-01 that", page)
            self.assertIn("passed over: <code>to=soon<", page)
            self.assertIn("passed over: <code>until=soon<", d.ask("GET", "/events?until=soon")[1].decode())

    def test_many_groups_take_one_screen(self):
        """Of more than 25 the gravest 20 are in sight, the others behind a fold; none is left out."""
        with Daemon(MACHINES) as d:
            for many, first, rest in ((25, 25, 0), (40, 20, 20)):
                for i in range(many):
                    d.send({"source": "stray-%d" % i, "detail-type": "Odd", "detail": {}})
                until(lambda: len(d.get("/api/v1/attention")["attention"]) == many)
                page = d.ask("GET", "/attention")[1].decode()
                seen, _, folded = page.partition('<details id="more-groups">')
                rows = lambda part: re.findall(r'<tr id="(unmatched-[^"]*)"', part)
                self.assertEqual((len(rows(seen)), len(rows(folded))), (first, rest))
                self.assertEqual(len(set(rows(page))), many)
                self.assertEqual("<summary>%d more</summary>" % rest in page, rest > 0)

    def test_what_will_expire_soon(self):
        """Early events that nothing took, two hours before their day is over; those that went are not counted."""
        with Daemon(MACHINES, virtual_clock="2026-01-01T00:00:00Z") as d:
            def parked():
                return [g for g in d.get("/api/v1/attention")["attention"] if g["kind"] == "parked"]
            for i in range(3):
                d.send(order("PaymentSettled", "o-%d" % i, "payment.service"))
            d.move("2026-01-01T21:59:00Z")
            d.send(order("PaymentSettled", "o-new", "payment.service"))
            d.send(order("ParcelDelivered", "o-newer", "delivery.service"))
            self.assertEqual(parked(), [])
            d.move("2026-01-01T22:30:00Z")
            [group] = parked()
            self.assertEqual((group["count"], group["machine"], group["what"]), (4, "order", "payment.service: PaymentSettled"))
            self.assertIn("the first expires in 1 h 30 min", group["why"])
            page = d.ask("GET", "/attention")[1].decode()
            link, n = re.search(r'href="(events\?disposition=parked[^"]*)">(\d+)<', page).groups()
            rows = re.findall(r'data-label="Id"><a href="events/\d+"', d.ask("GET", "/" + html.unescape(link))[1].decode())
            self.assertEqual((int(n), len(rows)), (4, 4))
            kept = re.findall(r'kept until <time datetime="([^"]*)"', d.ask("GET", "/" + html.unescape(link))[1].decode())
            self.assertEqual([t[:16] for t in kept], ["2026-01-02T21:59"] + ["2026-01-02T00:00"] * 3)
            d.send(order("OrderReceived", "o-1", "order.service"))
            until(lambda: [g["count"] for g in parked()] == [3])
            d.move("2026-01-02T00:30:00Z")
            until(lambda: [g["count"] for g in d.get("/api/v1/attention")["attention"] if g["kind"] == "expired"] == [2])
            self.assertEqual(parked(), [])  # of what is left the first has a day before it

    def test_what_expired_is_a_deviation(self):
        with Daemon(MACHINES, virtual_clock="2026-01-01T00:00:00Z") as d:
            until(lambda: any(m["machine"] == "order" for m in d.get("/api/v1/machines")["machines"]))
            self.assertEqual(d.send(order("PaymentSettled", "never", "payment.service")), [("order", "parked")])
            d.move("2026-01-03T12:00:00Z")
            got = d.get("/api/v1/deviations?hours=168")["deviations"]
            self.assertEqual([(v["source"], v["detailType"], v["disposition"], v["count"]) for v in got],
                             [("payment.service", "PaymentSettled", "expired", 1)])

    def test_no_sender_makes_it_large(self):
        """A source for each event: an hour has a thousand groups, and one for the others."""
        with Daemon(MACHINES) as d:
            for i in range(30):
                status, said = d.post([{"source": "s%d-%d" % (i, k), "detail-type": "x" * 100, "detail": {}} for k in range(100)])
                self.assertEqual(status, 200, str(said)[:300])
            until(lambda: any(p["source"] == "(others)" for p in d.get("/api/v1/producers")["producers"]))
            d.stop()
            with contextlib.closing(sqlite3.connect(d.db)) as c:
                self.assertLessEqual(c.execute("SELECT max(n) FROM (SELECT count(*) AS n FROM ledger GROUP BY hour)").fetchone()[0], 1010)
                self.assertEqual(c.execute("SELECT sum(count) FROM ledger").fetchone()[0], 3000)
                self.assertLess(os.path.getsize(d.db), 60 << 20)
            d.start()


if __name__ == "__main__":
    main()
