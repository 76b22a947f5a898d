#!/usr/bin/env python3
"""Very many open executions: memory, the start, reads, and timers due at one instant.

  open.py [--build DIR] [--orders N] [--timers N] [--folder DIR]

Leaves that many orders waiting after their first event (1,000,000; at most
about 2 GB of disk), starts the daemon again, reads what people look at, and
then lets --timers executions (100,000) wait for one instant.  Prints what each
took.  Everything is on loopback and ends by itself.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from run import TOP, Server

WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "TimestampPath": "$.detail.at", "End": True}}}
RULES = {"correlationId": "$.detail.id", "start": [{"name": "start", "pattern": {"source": ["bench.timers"]}}], "resume": []}


def serve(o, folder, machines):
    return Server([os.path.join(o.build, "pavane"), "serve", "--listen", "127.0.0.1:0", "--machines", machines, "--db",
                   os.path.join(folder, "open.db")], folder)


def load(o, server, **options):
    args = [os.path.join(o.build, "tests", "bench_load"), "--port", str(server.port)]
    for name, value in options.items():
        args += ["--" + name, str(value)]
    return json.loads(subprocess.run(args, capture_output=True, text=True, check=True).stdout)


def post(server, events):
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:%d/events" % server.port, json.dumps(events).encode(),
                                                  {"Content-Type": "application/json"})).read()


def seconds(server, path):
    began = time.monotonic()
    urllib.request.urlopen("http://127.0.0.1:%d%s" % (server.port, path)).read()
    return time.monotonic() - began


def timers(o, server):
    at = time.time() + max(3, o.timers / 10000)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    for first in range(0, o.timers, 200):
        post(server, [{"source": "bench.timers", "detail-type": "Wait", "id": "t%d" % (first + n),
                       "detail": {"id": "t%d" % (first + n), "at": when}} for n in range(200)])
    due = int(at)
    late = time.time() - due
    if late > 0:
        print("setting them took %.1f s longer than the time that was left" % late)
    time.sleep(max(0, -late))
    while time.time() - due < 120:
        # the count is exact: an index says it
        text = urllib.request.urlopen("http://127.0.0.1:%d/metrics" % server.port).read().decode()
        if 'pavane_executions{machine="timers",status="RUNNING"} 0\n' in text:
            return time.time() - max(due, due + late)
        time.sleep(0.1)
    sys.exit("the timers did not all fire within 120 s")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--orders", type=int, default=1000000)
    p.add_argument("--timers", type=int, default=100000)
    p.add_argument("--folder", help="where the file lies; a temporary folder otherwise")
    o = p.parse_args()
    folder = o.folder or tempfile.mkdtemp(prefix="pavane-open-")
    machines = os.path.join(folder, "machines")
    shutil.copytree(os.path.join(TOP, "machines", "order"), os.path.join(machines, "order"))
    os.makedirs(os.path.join(machines, "timers"))
    json.dump(WAIT, open(os.path.join(machines, "timers", "machine.asl.json"), "w"))
    json.dump(RULES, open(os.path.join(machines, "timers", "rules.json"), "w"))
    server = serve(o, folder, machines)
    try:
        for first in range(0, o.orders, 100000):
            r = load(o, server, orders=min(100000, o.orders - first), steps=1, batch=100, prefix="open%d" % first)
            print("%d open: %.0f events/s, RSS %.0f MB" % (first + r["events"], r["eventsPerSecond"], server.spent()["rss"]),
                  flush=True)
        server.stop()
        began = time.monotonic()
        server = serve(o, folder, machines)
        seconds(server, "/readyz")
        print("ready %.2f s after the start, RSS %.0f MB" % (time.monotonic() - began, server.spent()["rss"]))
        for path in ("/", "/executions?status=RUNNING", "/api/v1/executions?status=RUNNING&limit=100",
                     "/api/v1/executions?machine=order&limit=100", "/api/v1/executions?correlationId=open0-77",
                     "/api/v1/waits?machine=order&limit=100", "/api/v1/waits?limit=100", "/api/v1/dispositions?limit=100",
                     "/machines/order", "/metrics"):
            seconds(server, path)
            print("%7.1f ms  %s" % (1000 * seconds(server, path), path))
        r = load(o, server, orders=5000, prefix="on")
        print("beside them: %.0f events/s, p99 %.1f ms, RSS %.0f MB" % (r["eventsPerSecond"], r["p99"], server.spent()["rss"]))
        print("%d timers due at one instant: the last had fired %.1f s after it" % (o.timers, timers(o, server)))
        print("the longest turn: %.1f ms of processor time" % (server.status()["microseconds"]["longestTurn"] / 1000))
    finally:
        server.stop()
        if not o.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
