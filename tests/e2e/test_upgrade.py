#!/usr/bin/env python3
"""Databases of earlier versions: data/schema-N.sql as a daemon of that schema left it, schema-N.json what it answered."""
import glob
import json
import os
import re
import shutil
import sqlite3
import time
import unittest

from harness import Daemon, MACHINES, cli, main

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
WAY = (("order.service", "OrderReceived"), ("payment.service", "PaymentSettled"), ("shop.service", "ShopAccepted"),
       ("delivery.service", "ParcelDelivered"))


def event(key, step):
    return {"source": WAY[step][0], "id": "%s-%d" % (key, step), "detail-type": WAY[step][1], "detail": {"orderId": key}}


class Upgrade(unittest.TestCase):
    def check(self, sql):
        said = json.load(open(sql.replace(".sql", ".json")))
        d = Daemon()
        os.makedirs(os.path.join(d.folder, "machines"))
        shutil.copytree(os.path.join(MACHINES, "order"), os.path.join(d.folder, "machines", "order"))
        d.machines = os.path.join(d.folder, "machines")
        db = sqlite3.connect(d.db)
        db.executescript(open(sql).read())
        # A minute behind its last event, whatever today is: ids are known as duplicates for a day.
        last = db.execute("SELECT max(received_at) FROM event").fetchone()[0] // 1000
        d.options = {"retention_days": 0, "virtual_clock": time.strftime("%FT%TZ", time.gmtime(last + 60))}
        db.close()
        os.chmod(d.db, 0o600)
        with d:
            for n, history in said["histories"].items():
                now = d.get("/api/v1/executions/order:k%s/history" % n)["events"]
                self.assertEqual([[e["type"], e["id"], e["previousEventId"], {k: v for k, v in e.items() if k.endswith("Details")}]
                                  for e in now], history)
            self.assertEqual(d.get("/api/v1/waits?limit=100")["waits"], said["waits"])
            for n in range(5):  # k1 has had one event, k2 two, ...
                seen = [d.post(event("k%d" % n, step))[1]["results"][0]["dispositions"][0]["disposition"] for step in range(4)]
                self.assertEqual(seen, ["duplicate"] * n + (["started", "resumed", "resumed", "resumed"])[n:])
            self.assertEqual({x["executionId"]: x["status"] for x in d.executions(machine="order")},
                             {"order:k%d" % n: "SUCCEEDED" for n in range(5)})
            longer = d.get("/api/v1/executions/order:k2/history")["events"]
            self.assertEqual(len(longer), 28)
            d.stop()
            code, out, _ = cli("verify", "--db", d.db)
            self.assertEqual(code, 0, out)

    def test_each_is_read_and_goes_on(self):
        files = sorted(glob.glob(os.path.join(DATA, "schema-*.sql")))
        self.assertTrue(files)
        for sql in files:
            with self.subTest(re.search(r"schema-\d+", sql).group()):
                self.check(sql)


if __name__ == "__main__":
    main()
