"""What a page says of an event: what became of it, by which path it is whose, which rules took it or came near.

On a virtual clock, so that each page is the same for ever: data/explained.txt has them.  And one letter that is
wrong: which rule was meant, and what it wants.
"""
import html
import json
import os
import random
import re
import tempfile
import unittest

from harness import Daemon, TOP, golden, main, until

GOLDEN = os.path.join(TOP, "tests", "e2e", "data", "explained.txt")


def hears(*types, then):
    return {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "Next": then,
            "Parameters": {"EventPattern": {"source": ["bank"], "detail-type": list(types)}}}


DEFINITION = {"StartAt": "Hear", "States": {"Hear": hears("Paid", then="Ship"), "Ship": hears("Shipped", then="Done"), "Done": {"Type": "Succeed"}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "placed", "pattern": {"source": ["shop"], "detail-type": ["Placed"]}}],
         "resume": [{"name": "paid", "pattern": {"source": ["bank"], "detail-type": ["Paid"], "detail": {"sum": [{"numeric": [">", 0]}]}}},
                    {"name": "sent", "correlationId": "$.detail.parcel.of", "pattern": {"source": ["bank"], "detail-type": ["Shipped"]}}],
         "policies": {"unexpected": "record", "earlySeconds": 3600}}
# What is sent: detail-type, source, detail, of an id of its own unless it is said.
SENT = {"started": ("Placed", "shop", {"id": "o-1"}), "resumed": ("Paid", "bank", {"id": "o-1", "sum": 7}),
        "duplicate": ("Paid", "bank", {"id": "o-1", "sum": 7}), "unexpected": ("Paid", "bank", {"id": "o-1", "sum": 8}),
        "resumed by a path of its own": ("Shipped", "bank", {"parcel": {"of": "o-1"}}), "late": ("Paid", "bank", {"id": "o-1", "sum": 9}),
        "parked": ("Paid", "bank", {"id": "o-2", "sum": 1}), "expired": ("Paid", "bank", {"id": "o-3", "sum": 1}),
        "rejected": ("Placed", "shop", {"id": {}}), "unmatched": ("Payd", "bank", {"id": "o-1", "sum": -1}),
        "routed": ("Heard", "radio", {})}


def machine(folder, name, definition, rules):
    os.mkdir(os.path.join(folder, name))
    for file, what in (("machine.asl.json", definition), ("rules.json", rules)):
        with open(os.path.join(folder, name, file), "w") as f:
            json.dump(what, f)


class Explained(unittest.TestCase):
    def test_each_outcome(self):
        with tempfile.TemporaryDirectory() as folder:
            machine(folder, "order", DEFINITION, RULES)
            with Daemon(folder, virtual_clock="2026-03-02T09:00:00Z") as self.d:
                until(lambda: any(m["version"] for m in self.d.get("/api/v1/machines")["machines"]))
                self.events("PutRule", Name="heard", EventPattern='{"source":["radio"]}')
                self.events("PutTargets", Rule="heard", Targets=[{"Id": "t", "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}])
                for name, (kind, source, detail) in SENT.items():
                    if name == "parked":  # what expires came an hour before
                        self.post("expired")
                        self.d.move("2026-03-02T10:30:00Z", quiet=True)
                    if name != "expired":
                        self.post(name)
                rows = {}
                for x in self.d.get("/api/v1/dispositions?limit=1000")["dispositions"]:
                    rows.setdefault(x["eventId"], []).append(x["disposition"])
                said = []
                for name in SENT:
                    self.assertIn(name.split()[0], rows["resumed" if name == "duplicate" else name], (name, rows))
                    said.append("# %s\n%s\n" % (name, self.page(name)))
        text = "\n".join(said)
        self.assertEqual(text, golden(GOLDEN, text))

    def test_where_it_was_taken(self):
        """In the branch, not in what is around it; by the path that led there, not by another."""
        both = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "A", "States": {"A": {**hears("Paid", then="X"), "Next": "OverA"}, "OverA": {"Type": "Pass", "End": True}}},
            {"StartAt": "B", "States": {"B": {**hears("Shipped", then="X"), "Next": "OverB"}, "OverB": {"Type": "Pass", "End": True}}}]}}}
        rules = {**RULES, "correlationId": "$.detail.second", "start": [{"name": "placed", "correlationId": "$.detail.first", "pattern": {"source": ["shop", "bank"]}}],
                 "resume": [{"name": "on", "pattern": {"source": ["bank"]}}]}
        with tempfile.TemporaryDirectory() as folder:
            machine(folder, "both", both, rules)
            with Daemon(folder) as d:
                until(lambda: any(m["version"] for m in d.get("/api/v1/machines")["machines"]))
                d.post({"id": "e0", "source": "shop", "detail-type": "Placed", "detail": {"first": "k"}})
                for n, kind in enumerate(("Paid", "Shipped")):
                    d.post({"id": "e%d" % (n + 1), "source": "bank", "detail-type": kind, "detail": {"first": "other-%d" % n, "second": "k"}})
                list_ = d.ask("GET", "/events")[1].decode()
                for event, said in (("e0", "By $.detail.first it is of k: both:k, which it started."), ("e1", "By $.detail.second it is of k: both:k, where A took it."),
                                    ("e2", "By $.detail.second it is of k: both:k, where B took it.")):
                    number = re.findall(r'<a href="events/(\d+)"><code>%s</code>' % event, list_)[-1]
                    self.assertIn(said, re.sub(r"<[^>]*>", "", d.ask("GET", "/events/" + number)[1].decode()))

    def events(self, action, **fields):
        status, answer = self.d.ask("POST", "/", json.dumps(fields), {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents." + action})
        self.assertEqual(status, 200, answer)

    def post(self, name):
        kind, source, detail = SENT[name]
        status, answer = self.d.post({"id": "resumed" if name == "duplicate" else name, "source": source, "detail-type": kind, "detail": detail})
        self.assertEqual(status, 200, answer)

    def page(self, name):
        """A line for each row and paragraph of the part that explains."""
        list_ = self.d.ask("GET", "/events?" + ("disposition=duplicate" if name == "duplicate" else ""))[1].decode()
        number = re.findall(r'<a href="events/(\d+)"><code>%s</code>' % ("resumed" if name == "duplicate" else name), list_)[-1]
        body = self.d.ask("GET", "/events/" + number)[1].decode()
        body = body[body.index("<h2>What became of it"):body.index("<h2>As it was sent")]
        body = re.sub(r"<thead>.*?</thead>|<caption.*?</caption>", "", body, flags=re.S)
        body = re.sub(r"\n", " ", body)
        body = re.sub(r"</(?:tr|p|h2|summary)>", "\n", body)
        body = html.unescape(re.sub(r"<[^>]*>", " ", body))
        return "\n".join(" ".join(line.split()) for line in body.split("\n") if line.strip())


class Typos(unittest.TestCase):
    """One letter that is wrong, in a source, a type or a field: the rule that was meant and what it wants are said."""

    MACHINES = {"orders": [{"source": ["shop.service"], "detail-type": ["OrderPlaced"], "detail": {"channel": ["web", "till"]}}],
                "payments": [{"source": ["bank.gateway"], "detail-type": ["PaymentSettled", "PaymentRefused"]},
                             {"source": ["ledger.books"], "detail-type": ["EntryPosted"], "detail": {"entry": {"kind": ["credit"], "state": ["final"]}}}],
                "parcels": [{"source": ["courier.depot"], "detail-type": ["ParcelDelivered"], "detail": {"status": ["DELIVERED"], "depot": [{"exists": True}]}}],
                "returns": [{"source": ["customer.app"], "detail-type": ["ReturnRequested"], "detail": {"reason": ["damaged", "late", "unwanted"]}}]}

    def typo(self, text):
        at, kind = self.random.randrange(len(text)), self.random.randrange(4)
        other = self.random.choice("abcdefghijklmnopqrstuvwxyz".replace(text[at].lower(), ""))
        if kind == 0:
            return text[:at] + text[at + 1:]
        if kind == 1:
            return text[:at] + other + text[at:]
        if kind == 2 or at + 1 == len(text) or text[at] == text[at + 1]:
            return text[:at] + other + text[at + 1:]
        return text[:at] + text[at + 1] + text[at] + text[at + 2:]

    def fields(self, pattern, path=()):
        for key, value in pattern.items():
            if isinstance(value, dict):
                yield from self.fields(value, path + (key,))
            else:
                yield path + (key,), value

    def event(self, pattern):
        event = {"detail": {"id": "1"}}
        for path, wanted in self.fields(pattern):
            at = event
            for key in path[:-1]:
                at = at.setdefault(key, {})
            at[path[-1]] = wanted[0] if isinstance(wanted[0], str) else "north"
        return event

    def test_thirty_of_them(self):
        self.random = random.Random(20261130)
        places = [(name, n, path, wanted) for name, patterns in self.MACHINES.items() for n, pattern in enumerate(patterns)
                  for path, wanted in self.fields(pattern) if isinstance(wanted[0], str)]
        with tempfile.TemporaryDirectory() as folder:
            for name, patterns in self.MACHINES.items():
                machine(folder, name, {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}, {
                    "correlationId": "$.detail.id", "start": [{"name": "%s-%d" % (name, n), "pattern": p} for n, p in enumerate(patterns)]})
            with Daemon(folder) as d:
                until(lambda: len([m for m in d.get("/api/v1/machines")["machines"] if m["version"]]) == len(self.MACHINES))
                missed = []
                for i in range(30):
                    name, n, path, wanted = places[i % len(places)]
                    event = {**self.event(self.MACHINES[name][n]), "id": "typo-%d" % i}
                    at = event
                    for key in path[:-1]:
                        at = at[key]
                    at[path[-1]] = came = self.typo(wanted[0])
                    status, answer = d.post(event)
                    self.assertEqual(status, 200, answer)
                    [x] = answer["results"][0]["dispositions"]
                    said = x["detail"] or ""
                    if x["disposition"] != "unmatched" or "rule '%s-%d' of machine '%s'" % (name, n, name) not in said or wanted[0] not in said:
                        missed.append((came, wanted, said))
                    missed += self.not_on_the_page(d, "typo-%d" % i, "%s-%d" % (name, n), ".".join(path), wanted[0], came)
        self.assertEqual(missed, [])

    def not_on_the_page(self, d, event, rule, path, wanted, came):
        list_ = d.ask("GET", "/events?disposition=unmatched")[1].decode()
        page = html.unescape(d.ask("GET", "/events/" + re.search(r'events/(\d+)"><code>%s<' % event, list_).group(1))[1].decode())
        rows = re.search(r"rule</?b?[^>]*> *<b>%s</b>.*?</table>" % rule, page.replace(", rule <b>", ", rule</b> <b>"), re.S)
        for text in (path, '"%s"' % wanted, json.dumps(came, ensure_ascii=False), "✕ no"):
            if rows is None or text not in rows.group(0):
                return [(event, rule, text)]
        return []


if __name__ == "__main__":
    main()
