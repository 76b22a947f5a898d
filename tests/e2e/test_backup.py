#!/usr/bin/env python3
"""Copies of a database in use, and a database out of a copy."""
import os
import shutil
import threading
import unittest

from harness import Daemon, MACHINES, cli, main, until



def order(key, pad=""):
    return {"source": "order.service", "detail-type": "OrderReceived", "id": key, "detail": {"orderId": key, "pad": pad}}


class Backup(unittest.TestCase):
    def test_a_copy_under_load_has_all_that_was_acknowledged(self):
        with Daemon(MACHINES) as d:
            for first in range(0, 2000, 100):
                d.post([order("before%d" % (first + n), "x" * 4000) for n in range(100)])
            ending, sent = threading.Event(), [0]

            def load():
                while not ending.is_set():
                    self.assertEqual(d.post([order("beside%d" % (sent[0] + n)) for n in range(20)])[0], 200)
                    sent[0] += 20

            posting = threading.Thread(target=load)
            posting.start()
            until(lambda: sent[0] > 200)
            told = sent[0]
            code, out, err = cli("backup", "first.db", url=d.url)
            ending.set()
            posting.join()
            self.assertEqual(code, 0, err)
            copy = out.strip()
            self.assertEqual(copy, d.db + "-backups/first.db")
            self.assertEqual(os.stat(copy).st_mode & 0o777, 0o600)
            self.assertEqual(os.listdir(os.path.dirname(copy)), ["first.db"])
            code, out, _ = cli("verify", "--db", copy)
            self.assertEqual(code, 0, out)
            self.assertNotEqual(cli("backup", "first.db", url=d.url)[0], 0)  # never over another
            self.assertNotEqual(cli("backup", "../x", url=d.url)[0], 0)
            self.assertEqual(cli("backup", url=d.url)[0], 0)  # named by the time
            with Daemon(MACHINES, db=os.path.join(d.folder, "again.db")) as other:
                other.stop()
                code, _, err = cli("restore", copy, "--db", other.db)
                self.assertEqual((code, "--force" in err), (3, True), err)
                code, out, err = cli("restore", copy, "--db", other.db, "--force")
                self.assertEqual(code, 0, err)
                self.assertIn("was kept as", out)
                other.start()
                counts = other.get("/api/v1/disposition-counts")["counts"]
                self.assertGreaterEqual(counts["started"], 2000 + told)
                self.assertEqual(other.get("/api/v1/status")["missing"]["events"], 0)
                again = other.post([order("before7"), order("new")])[1]["results"]
                self.assertEqual([r["dispositions"][0]["disposition"] for r in again], ["duplicate", "started"])

    def test_what_is_refused_changes_nothing(self):
        with Daemon(MACHINES) as d:
            for n in range(50):
                d.post(order("k%d" % n))
            copy = cli("backup", "c.db", url=d.url)[1].strip()
            code, _, err = cli("restore", copy, "--db", d.db, "--force")
            self.assertEqual((code, "in use" in err), (3, True), err)
            self.assertEqual(len(d.executions()), 50)
            d.stop()
            damaged = os.path.join(d.folder, "damaged.db")
            shutil.copy(copy, damaged)
            with open(damaged, "r+b") as f:
                for page in range(4, 40):
                    f.seek(page * 4096 + 100)
                    f.write(os.urandom(3000))
            code, _, err = cli("restore", damaged, "--db", d.db, "--force")
            self.assertEqual((code, "nothing was changed" in err), (1, True), err)
            self.assertNotEqual(cli("restore", os.path.join(d.folder, "none.db"), "--db", d.db)[0], 0)
            d.start()
            self.assertEqual(len(d.executions()), 50)


if __name__ == "__main__":
    main()
