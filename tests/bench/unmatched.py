#!/usr/bin/env python3
"""What an event that nobody takes costs, with one system up and with all of them.

  unmatched.py [--build DIR] [--events N] [--functions]

Instructions, not seconds: callgrind counts a daemon that takes N events, one a POST over
one connection, and one that takes three times as many; the difference is the events'.
--functions prints where they go with all systems up.  Writes DIR/bench/unmatched.json.
"""
import argparse
import http.client
import json
import os
import re
import subprocess
import tempfile

from schedules import TOP

KINDS = [("shop.web", "PageViewed"), ("order.service", "OrderViewed"), ("aws.ec2", "EBS Snapshot Notification")]


def counted(o, machines, events, functions=False):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        log = open(os.path.join(folder, "log"), "w+")
        daemon = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, os.path.join(o.build, "pavane"), "serve",
             "--db", os.path.join(folder, "p.db"), "--listen", "127.0.0.1:0", "--machines", machines],
            stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            port = int(daemon.stdout.readline().split()[-1].rsplit(":", 1)[1])
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for n in range(events):
                source, kind = KINDS[n % len(KINDS)]
                c.request("POST", "/events", json.dumps({
                    "id": "e%d" % n, "source": source, "detail-type": kind,
                    "detail": {"orderId": "o%d" % n, "status": "open", "items": [{"sku": "a", "count": 2}]}}),
                          {"Content-Type": "application/json"})
                answer = json.load(c.getresponse())
                assert "unmatched" in json.dumps(answer) or n > 0, answer
        finally:
            daemon.terminate()
            daemon.wait()
        log.seek(0)
        total = int(re.search(r"Collected : (\d+)", log.read()).group(1))
        if functions:
            print(subprocess.run(["callgrind_annotate", out], capture_output=True, text=True).stdout[:6000])
        return total


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--events", type=int, default=300)
    p.add_argument("--functions", action="store_true")
    o = p.parse_args()
    result = {}
    for name, machines in (("one", os.path.join(TOP, "machines", "refund")), ("all", os.path.join(TOP, "machines"))):
        few = counted(o, machines, o.events)
        many = counted(o, machines, 3 * o.events, o.functions and name == "all")
        result[name] = round((many - few) / (2 * o.events))
    result["ratio"] = round(result["all"] / result["one"], 3)
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    json.dump(result, open(os.path.join(o.build, "bench", "unmatched.json"), "w"), indent=1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
