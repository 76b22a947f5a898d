#!/usr/bin/env python3
"""Rules put and deleted while events flow: does anybody wait for it?

  rules.py [--build DIR] [--rules N] [--seconds S] [--rate R]

One rule is put through the API; the others are copies of its row with patterns of
their own, written while the daemon is down.  Then events come at a steady rate, first
alone, then with two clients that put and delete rules as fast as they are answered.
The daemon's own account of its longest turn and of its turns' times is printed, and
the latency of the events.  Writes DIR/bench/rules.json.
"""
import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

from schedules import TOP, Daemon

KINDS = ['{"source":["shop.%d"]}', '{"detail":{"sku":[{"prefix":"s%d"}]}}', '{"detail":{"sku":[{"suffix":"%d-x"}]}}',
         '{"detail":{"city":[{"equals-ignore-case":"town%d"}]}}', '{"detail":{"path":[{"wildcard":"/a%d/*/b"}]}}',
         '{"detail":{"amount":[{"numeric":[">",7%06d]}]}}']
LOG = "arn:aws:logs:us-east-1:000000000000:log-group:x"


def pattern(n):
    return KINDS[n % len(KINDS)] % n


def rules(d, action, body):
    return d.ask("/", body, **{"X-Amz-Target": "AWSEvents." + action})


def turns(d):
    return d.ask("/api/v1/status")["microseconds"]["longestTurn"] / 1000


def load(o, d, prefix):
    out = subprocess.run([os.path.join(o.build, "tests", "bench_load"), "--port", d.url.rsplit(":", 1)[1], "--orders",
                          str(o.rate * o.seconds // 4), "--window", "1", "--rate", str(o.rate), "--prefix", prefix],
                         capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def change(d, client, until, made):
    n = 0
    while time.time() < until:
        name = "live-%d-%d" % (client, n % 50)
        if n % 100 < 50:
            rules(d, "PutRule", {"Name": name, "EventPattern": pattern(n)})
        else:
            rules(d, "DeleteRule", {"Name": name})
        n += 1
    made.append(n)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--rules", type=int, default=100000)
    p.add_argument("--seconds", type=int, default=10)
    p.add_argument("--rate", type=int, default=1000)
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(TOP, "machines", "order"), os.path.join(folder, "m", "order"))
        d = Daemon(o.build, folder)
        d.args += ["--machines", os.path.join(folder, "m")]
        d.start()
        rules(d, "PutRule", {"Name": "first", "EventPattern": pattern(0)})
        rules(d, "PutTargets", {"Rule": "first", "Targets": [{"Id": "1", "Arn": LOG}]})
        d.stop()
        db = sqlite3.connect(os.path.join(folder, "p.db"))
        kind, owner, body = db.execute("SELECT kind,owner,body FROM name WHERE name='first'").fetchone()
        body = json.loads(body)
        db.executemany("INSERT INTO name(kind,owner,name,number,body) VALUES(?,?,?,0,?)", (
            (kind, owner, "r%06d" % n, json.dumps({**body, "EventPattern": pattern(n)})) for n in range(1, o.rules)))
        db.commit()
        db.close()
        start = d.start()
        rss = d.rss_mb()
        alone = load(o, d, "alone")
        before = turns(d)
        until, made = time.time() + o.seconds, []
        clients = [threading.Thread(target=change, args=(d, i, until, made)) for i in range(2)]
        for c in clients:
            c.start()
        beside = load(o, d, "beside")
        for c in clients:
            c.join()
        after = turns(d)
        d.stop()
    result = {"rules": o.rules, "start_s": round(start, 2), "rss_mb": round(rss, 1), "events_per_s": o.rate,
              "changes_per_s": round(sum(made) / o.seconds), "longest_turn_ms": {"alone": before, "beside": after},
              "p99_ms": {"alone": alone["p99"], "beside": beside["p99"]},
              "max_ms": {"alone": alone["max"], "beside": beside["max"]}}
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    json.dump(result, open(os.path.join(o.build, "bench", "rules.json"), "w"), indent=1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
