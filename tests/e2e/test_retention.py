#!/usr/bin/env python3
"""What is forgotten: executions that ended long ago, their events, and the space that they took."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import unittest

from harness import Daemon, MACHINES, cli, main, until

DAY = 86400
WAY = (("order.service", "OrderReceived"), ("payment.service", "PaymentSettled"), ("shop.service", "ShopAccepted"),
       ("delivery.service", "ParcelDelivered"))


def event(key, step, **more):
    return {"source": WAY[step][0], "detail-type": WAY[step][1], "id": "%s-%d" % (key, step), "detail": {"orderId": key, **more}}


class Retention(unittest.TestCase):
    def orders(self, d, prefix, count, steps, **more):
        for step in range(steps):
            for first in range(0, count, 40):
                status, answer = d.post([event("%s%d" % (prefix, n), step, **more) for n in range(first, min(first + 40, count))])
                self.assertEqual(status, 200, answer)

    def forgotten(self, d, count, events=0):
        def both():
            r = d.get("/api/v1/status")["retention"]
            return r if r["forgottenExecutions"] >= count and r["forgottenEvents"] >= events else None
        return until(both, 60)

    def test_what_ended_long_ago_goes_with_all_that_is_its(self):
        d = Daemon(MACHINES, retention_days=1)
        with d:
            self.orders(d, "done", 40, 4)
            self.orders(d, "open", 20, 2)
            d.post([{"source": "nobody", "detail-type": "asks", "id": "u%d" % n, "detail": {}} for n in range(30)])
            before = d.get("/api/v1/executions/order:open7/history")
            d.stop()
            d.start(clock_offset_seconds=DAY // 2)
            self.orders(d, "young", 5, 4)
            self.assertEqual(d.get("/api/v1/status")["retention"]["forgottenExecutions"], 0)
            d.stop()
            d.start(clock_offset_seconds=DAY + DAY // 4)
            r = self.forgotten(d, 40, 190)
            self.assertEqual((r["forgottenExecutions"], r["forgottenEvents"]), (40, 190))
            names = {x["executionId"] for x in d.executions()}
            self.assertEqual(names, {"order:open%d" % n for n in range(20)} | {"order:young%d" % n for n in range(5)})
            left = d.get("/api/v1/dispositions?limit=1000")["dispositions"]
            self.assertEqual(len(left), 20 * 2 + 5 * 4)
            self.assertEqual(d.get("/api/v1/executions/order:open7/history"), before)
            self.orders(d, "open", 20, 4)  # the first two are duplicates, and then they go on
            self.assertEqual({x["status"] for x in d.executions() if "open" in x["executionId"]}, {"SUCCEEDED"})
            self.assertEqual(d.post(event("done3", 0))[1]["results"][0]["dispositions"][0]["disposition"], "started")
            d.stop()
            code, out, _ = cli("verify", "--db", d.db)
            self.assertEqual(code, 0, out)

    def test_what_was_started_stays_counted(self):
        """Executions that are forgotten long before their names are gathered; gathered ones are counted once."""
        d = Daemon(retention_days=30)
        with d:
            d.machines = os.path.join(d.folder, "machines")
            shutil.copytree(os.path.join(MACHINES, "order"), os.path.join(d.machines, "order"))
            path = os.path.join(d.machines, "order", "rules.json")
            rules = json.load(open(path))
            rules.setdefault("policies", {})["retentionDays"] = 1
            with open(path, "w") as f:
                json.dump(rules, f)

            def counted():
                page = d.ask("GET", "/analyse?machine=order&range=30d")[1].decode()
                return [sum(int(n.replace(",", "")) for n in re.findall(r'<td data-label="%s"[^>]*>(?:<a[^>]*>)?([\d,]+)' % name, page.split("<h2>")[-1]))
                        for name in ("Started", "Ended")]
            d.stop()
            d.start()
            self.orders(d, "first", 40, 4)
            self.orders(d, "open", 10, 1)
            until(lambda: counted() == [50, 40], what=counted)
            d.stop()
            d.start(clock_offset_seconds=3 * DAY)
            self.forgotten(d, 40)
            self.assertEqual(len(d.executions()), 10)
            until(lambda: counted() == [50, 40], what=counted)
            self.orders(d, "many", 5000, 1)  # more than are gathered at once
            self.orders(d, "second", 40, 4)
            until(lambda: counted() == [5090, 80], what=counted)
            d.stop()
            d.start(clock_offset_seconds=6 * DAY)
            self.forgotten(d, 40)
            until(lambda: counted() == [5090, 80], what=counted)

    def test_the_lists_of_a_machine_that_was_deleted_go(self):
        with Daemon(retention_days=1) as d:
            arn = d.aws("CreateStateMachine", name="gone", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps(
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))[1]["stateMachineArn"]
            for _ in range(3):
                d.aws("StartExecution", stateMachineArn=arn, input="{}")
            until(lambda: d.get("/api/v1/flow?machine=gone")["ended"] == 3)
            self.assertEqual(d.aws("DeleteStateMachine", stateMachineArn=arn)[0], 200)
            def lists():
                with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % d.db, uri=True)) as db:
                    return db.execute("SELECT count(*) FROM passed").fetchone()[0]
            d.stop()
            self.assertGreater(lists(), 0)
            d.start(clock_offset_seconds=4 * DAY)
            self.forgotten(d, 3)
            until(lambda: d.get("/api/v1/status")["retention"]["filePages"] > 0)  # the end of a pass
            d.stop()
            self.assertEqual(lists(), 0)

    def test_a_machine_says_otherwise(self):
        d = Daemon(retention_days=1)
        with d:
            folder = os.path.join(d.folder, "machines")
            shutil.copytree(os.path.join(MACHINES, "order"), os.path.join(folder, "order"))
            path = os.path.join(folder, "order", "rules.json")
            rules = json.load(open(path))
            rules.setdefault("policies", {})["retentionDays"] = 30
            json.dump(rules, open(path, "w"))
            d.stop()
            d.machines = folder
            d.start()
            self.orders(d, "x", 10, 4)
            d.stop()
            d.start(clock_offset_seconds=20 * DAY)
            d.post({"source": "nobody", "detail-type": "asks", "id": "u", "detail": {}})
            self.assertEqual(len(d.executions()), 10)
            d.stop()
            d.start(clock_offset_seconds=31 * DAY)
            self.forgotten(d, 10)
            self.assertEqual(d.executions(), [])

    def test_long_histories_go_in_parts_and_the_space_comes_back(self):
        d = Daemon(MACHINES, retention_days=1)
        with d:
            self.orders(d, "large", 400, 4, note="x" * 20000)
            d.stop()
            size = os.path.getsize(d.db)
            d.start(clock_offset_seconds=3 * DAY)
            self.forgotten(d, 400)
            until(lambda: (lambda r: r["filePages"] > 0 and r["freePages"] < 1024)(d.get("/api/v1/status")["retention"]), 60)
            d.stop()
            self.assertLess(os.path.getsize(d.db), size / 4)
            code, out, _ = cli("verify", "--db", d.db)
            self.assertEqual(code, 0, out)

    def test_zero_keeps_all(self):
        d = Daemon(MACHINES, retention_days=0)
        with d:
            self.orders(d, "x", 10, 4)
            d.stop()
            d.start(clock_offset_seconds=3000 * DAY)
            d.post({"source": "nobody", "detail-type": "asks", "id": "u", "detail": {}})
            self.assertEqual(len(d.executions()), 10)
            self.assertEqual(d.get("/api/v1/status")["retention"]["forgottenExecutions"], 0)


if __name__ == "__main__":
    main()
