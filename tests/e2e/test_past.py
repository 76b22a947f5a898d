#!/usr/bin/env python3
"""An execution as it was, and against time: ?at=N is the page of that time, for machines of five shapes; idle time is folded,
on the reader's clock."""
import collections
import html
import json
import os
import re
import tempfile
import unittest

from harness import Daemon, main, until

EVENT = "arn:pavane:states:::event.waitForTaskToken"
POINTS = 20


def hear(*types, **more):
    return {"Type": "Task", "Resource": EVENT, "Parameters": {"EventPattern": {"detail-type": list(types)}}, **more}


def machine(start, **states):
    return {"StartAt": start, "States": states}


def round_and_round(start, **states):
    """It goes on for ever, but for a failure that nobody expects."""
    one = next(s for s in states.values() if s["Type"] in ("Task", "Parallel", "Map"))
    one["Catch"] = one.get("Catch", []) + [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    return machine(start, **states, Done={"Type": "Succeed"})


# Each takes event after event, and goes round.
MACHINES = {
    "loop": round_and_round("Hear", Hear=hear("Go", Next="Count"), Count={"Type": "Pass", "Next": "Hear"}),
    "both": round_and_round("Both", Both={"Type": "Parallel", "Next": "Both", "Branches": [machine("Left", Left=hear("Left", End=True)),
                                                                                  machine("Right", Right=hear("Right", End=True))]}),
    "each": round_and_round("Items", Items={"Type": "Pass", "Result": [1, 2, 3], "Next": "Each"},
                    Each={"Type": "Map", "Next": "Items", "ItemProcessor": machine("One", One=hear("Go", Next="Two"), Two=hear("Left", End=True))}),
    "choose": round_and_round("Hear", Hear=hear("Go", "Left", "Right", Next="Which"),
                      Which={"Type": "Choice", "Default": "Other", "Choices": [
                          {"Variable": "$.detail-type", "StringEquals": "Left", "Next": "One side"}]},
                      **{"One side": {"Type": "Pass", "Next": "Again"}, "Other": hear("Left", Next="Hear"),
                         "Again": hear("Right", "Go", Next="Hear")}),
    "catch": round_and_round("Try", Try=hear("Right", TimeoutSeconds=60, Next="Fine", Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]),
                     Fine={"Type": "Pass", "Next": "Try"}, Late=hear("Go", "Left", Next="Try")),
}
RULES = {"correlationId": "$.detail.id", "policies": {"unexpected": "record"},
         "start": [{"name": "s", "pattern": {"detail-type": ["Start"]}}],
         "resume": [{"name": "r", "pattern": {"detail-type": ["Go", "Left", "Right"]}}]}


class Daemons(unittest.TestCase):
    def daemon(self, **machines):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, (definition, rules) in machines.items():
            os.mkdir(os.path.join(folder.name, name))
            for file, what in (("machine.asl.json", definition), ("rules.json", rules)):
                with open(os.path.join(folder.name, name, file), "w") as f:
                    json.dump(what, f)
        self.d = Daemon(folder.name, virtual_clock="2026-03-20T09:00:00Z").start()
        self.addCleanup(self.d.__exit__)
        until(lambda: len([m for m in self.d.get("/api/v1/machines")["machines"] if m["version"]]) == len(machines))


class Past(Daemons):
    def stand(self, name, **at):
        """The answer without its durations, and how each state stands."""
        where = "/executions/%s%%3A%s-1" % (name, name)
        query = "".join("&at=%d" % v for v in at.values())
        text = self.d.ask("GET", where + "?part=text" + query)[1].decode()
        page = self.d.ask("GET", where + "?tab=graph" + query)[1].decode()
        text = re.sub(r"https?://\S*|\([^)]*\)|, after [^.,]*", "", text)
        text = "\n".join(line for line in text.split("\n") if "It is as it was" not in line and "after event" not in line).strip()
        return text, sorted(set(re.findall(r'data-state="([^"]*)"[^>]*data-status="([^"]*)"', page)))

    @staticmethod
    def waits(text):
        """What it waits for, or how it ended: its sentences, whatever is first."""
        return sorted(re.findall(r"(?:waits in|is in|ended|failed in|succeeded) [^.]*", text))

    def test_at_each_of_twenty_points_of_five_machines(self):
        self.daemon(**{name: (definition, {**RULES, "start": [{"name": "s", "pattern": {"detail-type": ["Start"], "source": [name]}}]})
                       for name, definition in MACHINES.items()})
        for name in MACHINES:
            said, minute, kinds = {}, 0, ("Go", "Left", "Right")
            self.d.send({"source": name, "detail-type": "Start", "detail": {"id": name + "-1"}})
            for n in range(200):
                events = [e["id"] for e in self.d.history("%s:%s-1" % (name, name))]
                if events[-1] not in said:
                    said[events[-1]] = self.stand(name)
                if len(said) == POINTS:
                    break
                self.d.send({"source": "any", "detail-type": kinds[n % 3], "detail": {"id": name + "-1"}})
            self.assertEqual(len(said), POINTS, name)
            shapes = {tuple(s[1]) for s in said.values()}
            self.assertGreater(len(shapes), 1, name)  # they do differ
            for last, was in said.items():
                now = self.stand(name, at=last)
                self.assertEqual(now[1], was[1], (name, last))
                self.assertEqual(self.waits(now[0]), self.waits(was[0]), (name, last))


class Timeline(Daemons):
    def test_idle_days_are_folded_on_the_readers_clock(self):
        """Scenario 17: three bursts over nine days, one of them behind a change of the clocks."""
        self.daemon(loop=(MACHINES["loop"], RULES))
        self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": "loop-1"}})
        for day in ("20", "24", "29"):
            for minute in (1, 2, 3):
                self.d.move("2026-03-%sT10:0%d:00Z" % (day, minute))
                self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}})
        page = self.page()
        self.assertEqual(re.findall(r'idle" x="[^"]*" y="33">([^<]*)<', page), ["3 d 23 h", "4 d 23 h"])
        [unfold] = set(re.findall(r'href="([^"]*)"><title>[^<]*: unfold it', page))
        whole = self.d.ask("GET", "/executions/" + html.unescape(unfold).split("executions/")[-1])[1].decode()
        self.assertNotIn('class="fold"', whole)
        self.assertEqual(whole.count('class="bar"'), page.count('class="bar"'))
        self.assertIn("Fold the idle time", whole)
        # The same as a table, a row for each bar.
        self.assertEqual(page.split('id="stays"')[1].count('<td data-label="State">'), page.count('class="bar"'))
        data = self.d.ask("GET", "/executions/loop%3Aloop-1?tab=data&state=Hear&visit=1")[1].decode()
        self.assertIn("Input and output of Hear", data)
        self.assertRegex(data, '(?s)moved <bdi class="key">loop-1</bdi> on.*started <bdi class="key">loop-1</bdi>')
        # Kathmandu is 5 h 45 min ahead; Berlin's clocks went forward on the 29th.
        for zone, first, last in (("UTC", "Fri 20 Mar 09:00", "10:03:00"), ("Asia/Kathmandu", "Fri 20 Mar 14:45", "15:48:00"),
                                  ("Europe/Berlin", "Fri 20 Mar 10:00", "12:03:00")):
            page = self.page(Cookie="zone=" + zone)
            axis = re.findall(r'<text class="(?:scale|last)" x="[^"]*" y="15">([^<]*)<', page)
            self.assertEqual((axis[0], axis[-1]), (first, last), zone)
            self.assertRegex(page, r"<title>Hear: [^<]*, from 2026-03-20 %s:00\.000" % first[-5:])
            history = self.d.ask("GET", "/executions/loop%3Aloop-1?tab=history", headers={"Cookie": "zone=" + zone})[1].decode()
            self.assertIn(">%s</time>" % first, history)

    def page(self, more="", name="loop", **headers):
        return self.d.ask("GET", "/executions/%s%%3A%s-1?tab=timeline%s" % (name, name, more), headers=headers)[1].decode()

    def names(self, page):
        return re.findall(r'<text class="name"[^>]*>([^<]*)<', page)

    def test_many_stays_in_a_state_are_one_row(self):
        """×14 with what half of them take and the longest; a row for each on demand; a part of the time alone."""
        self.daemon(loop=(MACHINES["loop"], RULES))
        self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": "loop-1"}})
        for minute in list(range(1, 13)) + [59]:
            self.d.move("2026-03-20T09:%02d:00Z" % minute)
            self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}})
        page = self.page()
        self.assertEqual(self.names(page), ["Hear", "Count"])
        self.assertIn("×14, half within 1 min, the longest 47 min", page)
        each = html.unescape(re.search(r'href="([^"]*)">A row for each stay', page).group(1)).split("loop-1")[1]
        each = self.d.ask("GET", "/executions/loop%3Aloop-1" + each)[1].decode()
        self.assertEqual(collections.Counter(self.names(each)), {"Hear": 14, "Count": 13})
        self.assertIn("A row for each state", each)
        part = self.page("&from=2026-03-20T09:02:30.000Z&to=2026-03-20T09:04:30.000Z")
        self.assertEqual(self.names(part), ["Hear", "Count", "Hear", "Count", "Hear"])
        self.assertEqual(part.split('id="stays"')[1].count('<td data-label="State">'), 5)
        before, after = (html.unescape(re.search(r'href="([^"]*)">' + word, part).group(1)) for word in ("‹ before", "after ›"))
        self.assertIn("from=2026-03-20T09:00:30.000Z&to=2026-03-20T09:02:30.000Z", before)
        self.assertIn("from=2026-03-20T09:04:30.000Z&to=2026-03-20T09:06:30.000Z", after)
        # What a stay takes is not cut by what is looked at; what is outside is not drawn.
        part = self.page("&from=2026-03-20T09:12:10.000Z&to=2026-03-20T09:12:20.000Z")
        self.assertEqual((self.names(part), re.findall(r"<title>Hear: ([^,]*),", part)), (["Hear"], ["47 min"]))
        self.assertEqual(len(set(re.findall(r'y="15">([^<]*)<', self.page("&from=2026-03-20T09:12:10.000Z&to=2026-03-20T09:12:10.500Z")))), 6)
        for odd in ("&from=yesterday", "&from=2026-03-21T00:00:00Z", "&from=2026-03-20T09:05:00Z&to=2026-03-20T09:04:00Z"):
            self.assertEqual(self.names(self.page(odd)), ["Hear", "Count"], odd)  # the whole

    def test_items_of_maps(self):
        """An item that is still open says how its state stands; a distributed Map has the numbers of its run; ?item= leads to one."""
        each = machine("Each", Each={"Type": "Map", "End": True, "ItemsPath": "$.detail.items", "ItemProcessor": machine(
            "One", One=hear("Go", End=True))})
        far = machine("Far", Far={"Type": "Map", "End": True, "ItemsPath": "$.detail.items", "ToleratedFailurePercentage": 100, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **machine(
                "Which", Which={"Type": "Choice", "Default": "Fine", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Bad"}]},
                Fine={"Type": "Succeed"}, Bad={"Type": "Fail", "Error": "Two"})}})
        self.daemon(each=(each, RULES), far=(far, RULES))
        for name in ("each", "far"):
            self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": name + "-1", "items": [1, 2, 3, 4, 5]}})
        for _ in range(2):
            self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "each-1"}})
        page = self.d.ask("GET", "/executions/each%3Aeach-1")[1].decode()
        self.assertRegex(page, r'data-state="One"[^>]*data-status="running"')
        self.assertIn("in 3 of 5 items", page)
        for item, word in ((1, "succeeded"), (4, "waiting")):
            look = self.d.ask("GET", "/executions/each%%3Aeach-1?item=%d" % item)[1].decode().split('id="inspector"')[1]
            self.assertRegex(look, r"</span> %s</span> Task · item %d" % (word, item))
        until(lambda: self.d.get("/api/v1/executions/far:far-1")["status"] == "SUCCEEDED")
        page = self.d.ask("GET", "/executions/far%3Afar-1?tab=graph&state=Far")[1].decode()
        self.assertIn("<b>5 items</b>: 4 done, 0 waiting, 1 failed", page)
        self.assertIn("4 of 5 done, 1 failed", page)

    def test_a_row_of_many_says_what_is_wrong(self):
        """Of many stays in one row the class is that of what is late, and each of those is hatched."""
        self.daemon(loop=(MACHINES["loop"], {**RULES, "overdue": {"Hear": 600}}))
        self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": "loop-1"}})
        for minute in range(1, 15):
            self.d.move("2026-03-20T09:%02d:00Z" % minute)
            self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}})
        self.d.move("2026-03-20T09:40:00Z")
        page = until(lambda: 'class="late"' in self.page() and self.page())
        self.assertRegex(page, r'<a class="overdue"[^>]*><title>Hear: ×15')
        self.assertRegex(page, r'<a class="succeeded"[^>]*><title>Count: ×14')

    def test_the_history_of_a_past_moment(self):
        """Every link of it stays in that moment; each event is on one page, either way round."""
        self.daemon(loop=(MACHINES["loop"], RULES))
        self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": "loop-1"}})
        self.d.post([{"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}} for _ in range(60)])
        until(lambda: self.d.history("loop:loop-1")[-1]["id"] > 400)
        page = lambda link: self.d.ask("GET", link)[1].decode()
        begin = "/executions/loop%3Aloop-1?tab=history&at=250"
        total = int(re.search(r"History, (\d+) events", page(begin)).group(1))
        self.assertLess(total, 260)
        for sort, on in (("", "Earlier"), ("&sort=oldest", "Later")):
            ids, link = [], begin + sort
            while link:
                text = page(link)
                self.assertIn("History, %d events" % total, text)
                ids += [int(i) for i in re.findall(r'<tr id="event-(\d+)"', text)]
                more = re.search(r'<a href="([^"]*)">%s events' % on, text)
                link = more and "/" + html.unescape(more.group(1)).split("../")[-1]
            self.assertEqual(sorted(ids), list(range(1, total + 1)), sort)
            self.assertEqual(ids, sorted(ids, reverse=not sort))
        self.assertEqual(len(re.findall(r'id="event-', page(begin + "&part=block&from=201"))), total - 200)
        other = html.unescape(re.search(r'<a href="([^"]*)">The oldest first', page(begin)).group(1))
        self.assertIn("at=", other)

    def test_attempts_and_what_is_late(self):
        """A task that is tried again shows its attempts and the pauses between; the part of a wait that is overdue is hatched."""
        ask = hear("Go", TimeoutSeconds=60, End=True, Retry=[{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 120, "MaxAttempts": 2}])
        self.daemon(again=(machine("Ask", Ask=ask), RULES), loop=(MACHINES["loop"], {**RULES, "overdue": {"Hear": 600}}))
        for name in ("again", "loop"):
            self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": name + "-1"}})
        self.d.move("2026-03-20T09:15:00Z")
        bars = lambda page, kind: [float(w) for w in re.findall(r'<rect class="%s" x="[^"]*" y="[^"]*" width="([^"]*)"' % kind, page)]
        page = self.page("&unfold=1", "again")
        whole = bars(page, "bar pauses")[0]
        self.assertEqual([round(w / whole * 10) for w in bars(page, "attempt failed")], [1, 1, 1])  # a minute of nine or so, and two pauses
        self.assertEqual(bars(self.page("&from=2026-03-20T09:01:10.000Z&to=2026-03-20T09:02:00.000Z", "again"), "attempt failed"), [])
        page = until(lambda: "overdue" in self.page("&unfold=1") and self.page("&unfold=1"))
        self.assertEqual(bars(self.page("&from=2026-03-20T09:01:00.000Z&to=2026-03-20T09:05:00.000Z"), "late"), [])
        self.assertAlmostEqual(bars(page, "late")[0] / bars(page, "bar")[0], 5 / 15, delta=0.01)

    def test_what_is_usual_is_behind_each_stay(self):
        """A ghost bar of the median, once ten waits have told it."""
        self.daemon(loop=(MACHINES["loop"], RULES))
        self.d.send({"source": "a", "detail-type": "Start", "detail": {"id": "loop-1"}})
        for minute in range(1, 10):
            self.d.move("2026-03-20T09:%02d:00Z" % minute)
            self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}})
        self.assertNotIn("usually", self.page("&each=1"))
        for minute in range(10, 14):
            self.d.move("2026-03-20T09:%02d:00Z" % minute)
            self.d.send({"source": "a", "detail-type": "Go", "detail": {"id": "loop-1"}})
        until(lambda: "usually" in self.page("&each=1"))
        self.assertRegex(self.page("&each=1"), r'class="usual"[^>]*><title>usually (5\d s|1 min( \d+ s)?)<')


if __name__ == "__main__":
    main()
