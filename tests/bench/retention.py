#!/usr/bin/env python3
"""What forgetting costs those who send: latency with it beside latency without, in turns.

  retention.py [--build DIR] [--executions N] [--rate R] [--seconds S]
               [--rounds N] [--folder DIR]

Makes N executions that ended (2,000,000: about 9 GB of disk), and then serves
the same file a hundred days later, in turns without retention and with 30 days
of it, each turn under an open loop of R events a second.  Last it lets the rest
be forgotten and shows that new events fill the space: the file stops growing.
Everything is on loopback and ends by itself.
"""
import argparse
import os
import shutil
import tempfile
import time
from statistics import median

from run import BARE, TOP, Server, load

LATER_SECONDS = 100 * 86400


def serve(o, folder, *more):
    return Server([os.path.join(o.build, "pavane"), "serve", "--listen", "127.0.0.1:0", "--db", os.path.join(folder, "old.db"),
                   "--machines", BARE, *more], folder)


def file_mb(folder):
    return os.path.getsize(os.path.join(folder, "old.db")) / 1e6


def make(o, folder):
    server = serve(o, folder, "--retention-days", "0")
    try:
        for first in range(0, o.executions, 100000):
            count = min(100000, o.executions - first)
            load(o, server, orders=count, batch=100, prefix="old%d-" % first)
            print("%d ended, file %.0f MB" % (first + count, file_mb(folder)), flush=True)
    finally:
        server.stop()


def turn(o, folder, days, name):
    server = serve(o, folder, "--clock-offset-seconds", str(LATER_SECONDS), "--retention-days", str(days))
    try:
        load(o, server, orders=int(o.rate), window=4, rate=o.rate, prefix="warm" + name)
        before = server.status()["retention"]["forgottenExecutions"]
        r = load(o, server, orders=int(o.rate * o.seconds / 4), window=4, rate=o.rate, prefix=name)
        status = server.status()
        r["forgotten"] = status["retention"]["forgottenExecutions"] - before
        r["longestTurn"] = status["microseconds"]["longestTurn"] / 1000
    finally:
        server.stop()
    print("%2d days: p50 %.2f ms, p99 %.2f ms, %.0f events/s, %d executions forgotten meanwhile, longest turn %.1f ms, file %.0f MB"
          % (days, r["p50"], r["p99"], r["eventsPerSecond"], r["forgotten"], r["longestTurn"], file_mb(folder)), flush=True)
    return r


def settle(o, folder):
    """Lets the rest go, then sends as many orders again, twice: the file does not grow."""
    for again in range(3):
        server = serve(o, folder, "--clock-offset-seconds", str(LATER_SECONDS * (again + 1)), "--retention-days", "30")
        try:
            began, before, now = time.monotonic(), None, server.status()["retention"]
            while now != before and time.monotonic() - began < 3600:
                time.sleep(5)
                before, now = now, server.status()["retention"]
            print("forgotten after %.0f s: %d executions, %d events; file %.0f MB, %.0f of it free"
                  % (time.monotonic() - began, now["forgottenExecutions"], now["forgottenEvents"], file_mb(folder),
                     now["freePages"] * 4096 / 1e6), flush=True)
            if again < 2:
                load(o, server, orders=o.executions // 10, batch=100, prefix="again%d" % again)
                print("%d more: file %.0f MB" % (o.executions // 10, file_mb(folder)), flush=True)
        finally:
            server.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--executions", type=int, default=2000000)
    p.add_argument("--rate", type=float, default=8000)
    p.add_argument("--seconds", type=float, default=20)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--folder", help="where the file lies, and is used again; a temporary folder otherwise")
    o = p.parse_args()
    folder = o.folder or tempfile.mkdtemp(prefix="pavane-retention-")
    os.makedirs(folder, exist_ok=True)
    try:
        if not os.path.exists(os.path.join(folder, "old.db")):
            make(o, folder)
        ratios = []
        for n in range(o.rounds):
            without, beside = (turn(o, folder, days, "%d-%d-" % (n, days)) for days in (0, 30))
            ratios.append((beside["p50"] / without["p50"], beside["p99"] / without["p99"]))
        print("with retention, of without: p50 %.2f, p99 %.2f (medians of %d)"
              % (median(r[0] for r in ratios), median(r[1] for r in ratios), o.rounds), flush=True)
        settle(o, folder)
    finally:
        if not o.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
