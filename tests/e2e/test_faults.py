"""kill -9 at random under load: no acknowledged event is lost, none applied twice.

PAVANE_KILLS says how often (20).  The ledger holds every id whose answer was
read; after each restart the store must hold all of them, each once.
"""
import json
import os
import random
import threading
import unittest

from harness import Daemon, MACHINES, main

KILLS = int(os.environ.get("PAVANE_KILLS", "20"))
KINDS = [("order.service", "OrderReceived"), ("payment.service", "PaymentSettled"),
         ("shop.service", "ShopAccepted"), ("delivery.service", "ParcelDelivered")]


class Orders:
    """Many orders, each of four events, sent by some threads."""

    def __init__(self, d, ledger, number):
        self.d, self.ledger, self.number = d, ledger, number
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            with self.ledger.lock:
                self.ledger.orders += 1
                key = "o-%d" % self.ledger.orders
            for step, (source, kind) in enumerate(KINDS):
                e = {"id": "%s-%d" % (key, step), "source": source, "detail-type": kind, "detail": {"orderId": key}}
                try:
                    status, _ = self.d.ask("POST", "/events", json.dumps(e))
                except Exception:
                    return
                if status != 200:
                    return
                with self.ledger.lock:
                    self.ledger.acked.add(e["id"])


class Ledger:
    def __init__(self):
        self.lock, self.orders, self.acked = threading.Lock(), 0, set()


class Kills(unittest.TestCase):
    def test_kills(self):
        seed = int(os.environ.get("PAVANE_SEED", random.randrange(1 << 30)))
        print("seed", seed)
        chance = random.Random(seed)
        ledger = Ledger()
        with Daemon(MACHINES) as d:
            for _ in range(KILLS):
                workers = [Orders(d, ledger, n) for n in range(4)]
                threads = [threading.Thread(target=w.run) for w in workers]
                for t in threads:
                    t.start()
                threading.Event().wait(chance.uniform(0.01, 0.2))
                d.kill()
                for w in workers:
                    w.stop.set()
                for t in threads:
                    t.join()
                d.start()
            self.check(d, ledger)
        print("%d kills, %d acknowledged events, 0 lost" % (KILLS, len(ledger.acked)))

    def check(self, d, ledger):
        seen, applied, query = set(), {}, ""
        while True:
            page = d.get("/api/v1/dispositions?limit=1000" + query)
            for x in page["dispositions"]:
                self.assertNotIn(x["eventId"], seen, "an event twice")
                seen.add(x["eventId"])
                if x["disposition"] in ("started", "resumed"):
                    applied[x["correlationId"]] = applied.get(x["correlationId"], 0) + 1
            if not page["next"]:
                break
            query = "&next=" + page["next"]
        self.assertGreater(len(ledger.acked), KILLS)
        self.assertEqual(ledger.acked - seen, set(), "acknowledged and lost")
        # each history is what its number of events makes it: 5, 13, 21, 28
        for key, count in applied.items():
            [x] = d.executions(correlationId=key)
            history = d.history(x["executionId"])
            self.assertEqual(len(history), [5, 13, 21, 28][count - 1], key)
            self.assertEqual([e["id"] for e in history], list(range(1, len(history) + 1)))
            self.assertEqual(x["status"], "SUCCEEDED" if count == 4 else "RUNNING")


if __name__ == "__main__":
    main()
