#!/usr/bin/env python3
"""Power cuts: what a daemon wrote, synced and answered is recorded, and its files
are made again as a cut at many places could have left them.

Of what was written behind the last sync a cut keeps anything: nothing, all, a
part, halves of a write.  What was answered before the cut must be there, and the
database must be whole.  Two controls show that the images are hard enough: one
that ignores syncs of the log must lose events, one that ignores syncs of the
database must spoil it.
"""
import http.client
import json
import os
import random
import re
import sqlite3
import struct
import tempfile
import threading
import unittest

from harness import Daemon, MACHINES, PAVANE, main, until

RECORDER = os.path.join(os.path.dirname(PAVANE), "tests", "recorder.so")
HEAD = struct.Struct("<BBHIQQ")
IMAGES = int(os.environ.get("PAVANE_IMAGES", "150"))
PAD = "x" * 1500
START = {"source": "order.service", "detail-type": "OrderReceived"}
THREADS, EACH = 6, 100
KEY = rb"k-\d+-\d+-"


class Recorded(Daemon):
    """A daemon with the recorder before its writes."""

    def start(self, **more):
        self.record = os.path.join(self.folder, "record")
        self.full = os.path.join(self.folder, "full")
        self.hang = os.path.join(self.folder, "hang")
        self.clock = os.path.join(self.folder, "clock")
        added = {"LD_PRELOAD": RECORDER, "RECORDER_OUT": self.record, "RECORDER_FULL": self.full, "RECORDER_HANG": self.hang,
                 "RECORDER_CLOCK": self.clock}
        os.environ.update(added)
        try:
            return super().start(**more)
        finally:
            for name in added:
                del os.environ[name]


def operations(path):
    data, at = open(path, "rb").read(), 0
    while at + HEAD.size <= len(data):
        what, file, _, thread, where, length = HEAD.unpack_from(data, at)
        at += HEAD.size
        yield chr(what), file, thread, where, data[at:at + length]
        at += length


def apply(content, op, dice=None):
    """One write or truncation; with dice, only some of its sectors."""
    what, where, data = op
    if what == "T":
        del content[where:]
        content.extend(bytes(where - len(content)))
        return
    for i in range(0, len(data), 512):
        if dice is None or dice.random() < 0.5:
            part = data[i:i + 512]
            if len(content) < where + i:
                content.extend(bytes(where + i - len(content)))
            content[where + i:where + i + len(part)] = part


class Disk:
    """What is surely on the disk, and what a cut may keep of the rest."""

    def __init__(self, dice, ignored=None):
        self.dice, self.ignored = dice, ignored
        self.sure, self.rest, self.begun = [bytearray(), bytearray()], [[], []], {}

    def take(self, what, file, thread, where, data):
        if what in "WT":
            self.rest[file].append((what, where, data))
        elif what == "S":
            self.begun[thread] = len(self.rest[file])
        elif what == "E" and file != self.ignored:
            for op in self.rest[file][:self.begun[thread]]:
                apply(self.sure[file], op)
            done = self.begun[thread]
            del self.rest[file][:done]
            self.begun = {t: max(0, n - done) if t != thread else 0 for t, n in self.begun.items()}

    def cut(self, folder):
        how = self.dice.choice(("none", "all", "first", "some", "torn"))
        for file, name in ((0, "p.db"), (1, "p.db-wal")):
            content, rest = bytearray(self.sure[file]), self.rest[file]
            upto = {"none": 0, "first": self.dice.randrange(len(rest) + 1)}.get(how, len(rest))
            for op in rest[:upto]:
                if how != "some" or self.dice.random() < 0.5:
                    apply(content, op, self.dice if how == "torn" else None)
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content)


def look(folder):
    """The ids of the events in the image; None: it is spoilt."""
    db = sqlite3.connect(os.path.join(folder, "p.db"))
    try:
        if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return None
        return {row[0] for row in db.execute(
            "SELECT CASE WHEN event_id_at IS NULL THEN event_id ELSE CAST(substr(body,event_id_at>>12,event_id_at&4095) AS TEXT) END"
            " FROM event")}
    except sqlite3.DatabaseError:
        return None
    finally:
        db.close()


class Nth(unittest.TestCase):
    def attempt(self, d, n):
        """A daemon whose n-th write or sync fails, and four events: which it acknowledged, and whether it failed at all."""
        done, kept = os.path.join(d.folder, "nth"), []
        os.environ.update(RECORDER_NTH=str(n), RECORDER_NTH_DONE=done)
        try:
            d.start()
            for i in range(4):
                key = "k-%d-" % i
                if d.post({**START, "id": key, "detail": {"orderId": key}})[0] == 200:
                    kept.append(key)
        except (RuntimeError, OSError, http.client.HTTPException):
            pass  # it did not start, or ended: it may
        finally:
            del os.environ["RECORDER_NTH"], os.environ["RECORDER_NTH_DONE"]
        if d.process:
            d.process.kill()
            d.process.wait()
            d._close()
        return kept, os.path.exists(done)

    def test_each_write_and_sync_fails_once(self):
        """What was acknowledged is there when the daemon is started again, whichever of them it was."""
        n, noticed, failed = 0, 0, True
        while failed:
            n += 1
            d = Recorded(MACHINES)
            d.may_die = True
            try:
                kept, failed = self.attempt(d, n)
                noticed += len(kept) < 4
                d.start()
                keys = {x["correlationId"] for x in d.get("/api/v1/executions?limit=100")["executions"]}
                self.assertLessEqual(set(kept), keys, "number %d failed" % n)
                d.stop()
            finally:
                d.__exit__()
        self.assertEqual(len(kept), 4)  # the first run without a failure
        self.assertGreater(n, 20)
        self.assertGreater(noticed, 5)


class Power(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Posts by several and reads by others, over several checkpoints."""
        cls.d = Recorded(MACHINES).start()
        cls.addClassCleanup(cls.d.__exit__)
        ending = threading.Event()

        def post(n):
            for i in range(EACH):
                key = "k-%d-%d-" % (n, i)
                cls.d.post({**START, "id": key, "detail": {"orderId": key, "pad": PAD}})

        def read():
            while not ending.is_set():
                cls.d.ask("GET", "/api/v1/executions?limit=3")

        readers = [threading.Thread(target=read) for _ in range(2)]
        posters = [threading.Thread(target=post, args=(n,)) for n in range(THREADS)]
        for t in readers + posters:
            t.start()
        for t in posters:
            t.join()
        ending.set()
        for t in readers:
            t.join()
        cls.d.kill()
        cls.operations = list(operations(cls.d.record))
        cls.news, told = [], set()  # places right behind an answer that tells something new
        for i, op in enumerate(cls.operations):
            ids = set(re.findall(KEY, op[4])) if op[0] == "A" else set()
            if not ids <= told:
                cls.news.append(i + 1)
            told |= ids

    def images(self, ignored=None, count=IMAGES, seed=1):
        """Of images at many places: (spoilt, with events lost)."""
        dice = random.Random(seed)
        first = next(i for i, op in enumerate(self.operations) if op[0] == "A" and b"k-" in op[4])
        places = set(dice.sample(range(first, len(self.operations)), min(count, len(self.operations) - first)))
        places |= set(dice.sample(self.news, min(count, len(self.news))))
        disk, told, spoilt, lost = Disk(dice, ignored), set(), 0, 0
        for i, op in enumerate(self.operations):
            if i in places:
                with tempfile.TemporaryDirectory(prefix="pavane-cut-") as folder:
                    disk.cut(folder)
                    have = look(folder)
                    spoilt += have is None
                    lost += have is not None and not told <= have
            if op[0] == "A":
                told |= {m.decode() for m in re.findall(KEY, op[4])}
            else:
                disk.take(*op)
        return spoilt, lost

    def test_T4_nothing_that_was_told_is_lost(self):
        self.assertEqual(self.images(), (0, 0))

    def test_T4_control_the_syncs_of_the_log(self):
        spoilt, lost = self.images(ignored=1)
        print("  without the log's syncs: %d of %d images lost events" % (lost, IMAGES))
        self.assertGreater(lost, 0)

    def test_T4_control_the_syncs_of_the_database(self):
        spoilt, lost = self.images(ignored=0)
        print("  without the database's syncs: %d of %d images are spoilt" % (spoilt, IMAGES))
        self.assertGreater(spoilt, 0)

    def test_T4_checkpoints_let_the_log_begin_anew(self):
        heads = sum(1 for what, file, _, where, _ in self.operations if (what, file, where) == ("W", 1, 0))
        longest = max(where + len(data) for what, file, _, where, data in self.operations if file == 1)
        print("  %d heads" % heads)
        self.assertGreater(heads, 2)
        self.assertLess(longest, 16 << 20)


class Rollback(unittest.TestCase):
    def test_T4_what_was_rolled_back_is_new_when_it_comes_again(self):
        with Recorded(MACHINES) as d:
            d.post({**START, "id": "first", "detail": {"orderId": "first"}})
            event = {**START, "id": "again", "detail": {"orderId": "again", "pad": PAD * 20}}
            open(d.full, "w").close()
            self.assertEqual(d.post(event)[0], 507)
            os.remove(d.full)
            until(lambda: d.ask("GET", "/readyz")[0] == 200)
            self.assertEqual(d.send(event), [("order", "started")])
            self.assertEqual(d.send(event), [("order", "duplicate")])

    def test_T4_ids_on_their_way_to_the_table_outlive_a_rollback(self):
        """Of a full tail of 32,768, what a full disk took back is moved again (N2 of seen.c)."""
        def batch(name, n):
            return [{"source": "nobody", "detail-type": "t", "id": "%s-%d-%d" % (name, n, i)} for i in range(500)]

        with Recorded(MACHINES) as d:
            for n in range(66):
                self.assertEqual(d.post(batch("e", n))[0], 200)
            open(d.full, "w").close()
            self.assertEqual(d.post(batch("full", 0))[0], 507)
            os.remove(d.full)
            until(lambda: d.ask("GET", "/readyz")[0] == 200)
            for n in range(40):
                self.assertEqual(d.post(batch("f", n))[0], 200)
            for n in range(66):
                results = d.post(batch("e", n))[1]["results"]
                self.assertEqual({x["disposition"] for r in results for x in r["dispositions"]}, {"duplicate"}, n)
            for key in ("e-0-0", "e-65-499", "f-39-499"):  # a reader looks where they went
                found = d.get("/api/v1/dispositions?eventId=" + key)["dispositions"]
                self.assertEqual({x["eventId"] for x in found}, {key})


if __name__ == "__main__":
    main()
