#!/usr/bin/env python3
"""A million schedules that wait: memory, start, and how late the due ones fire.

  schedules.py [--build DIR] [--count N] [--due N]

One schedule is made through the API; the others are copies of its row, written while
the daemon is down, for a million requests would measure HTTP.  --due of them come
due one after the other within ten seconds of the start; each starts an execution,
whose start is compared with the schedule's time.  Writes DIR/bench/schedules.json.
"""
import argparse
import atexit
import json
import os
import sqlite3
import subprocess
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
STATES = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


class Daemon:
    def __init__(self, build, folder):
        self.args = [os.path.join(build, "pavane"), "serve", "--db", os.path.join(folder, "p.db"),
                     "--listen", "127.0.0.1:0"]

    def start(self):
        began = time.time()
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        atexit.register(self.process.kill)  # for a run that fails
        self.url = self.process.stdout.readline().split()[-1]
        return time.time() - began

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json", **headers})
        return json.load(urllib.request.urlopen(request))

    def rss_mb(self):
        for line in open("/proc/%d/status" % self.process.pid):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--count", type=int, default=1000000)
    p.add_argument("--due", type=int, default=5000)
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        d = Daemon(o.build, folder)
        d.start()
        aws = {"X-Amz-Target": "AWSStepFunctions.CreateStateMachine"}
        d.ask("/", {"name": "m", "definition": json.dumps(PASS), "roleArn": "arn:aws:iam::0:role/x"}, **aws)
        began = time.time()
        for n in range(200):
            d.ask("/schedules/made%d" % n, {"ScheduleExpression": "at(2099-01-01T00:00:00)",
                                            "FlexibleTimeWindow": {"Mode": "OFF"}, "ActionAfterCompletion": "DELETE",
                                            "Target": {"Arn": STATES, "RoleArn": "r", "Input": "{}"}})
        made = (time.time() - began) / 200
        d.stop()
        db = sqlite3.connect(os.path.join(folder, "p.db"))
        [body] = db.execute("SELECT body FROM schedule WHERE name='made0'").fetchone()
        far, soon = 4070908800000, int(time.time() * 1000) + 15000
        step = 10000 / o.due
        db.executemany("INSERT INTO schedule(kind,owner,name,next_at,body) VALUES(1,1,?,?,?)", (
            ("s%07d" % n, int(soon + n * step) if n < o.due else far + n, body) for n in range(o.count)))
        db.commit()
        db.close()
        while time.time() * 1000 < soon - 5000:
            time.sleep(0.1)
        start = d.start()
        first = d.rss_mb()
        while time.time() * 1000 < soon + 11000:
            time.sleep(0.2)
        most = d.rss_mb()
        d.stop()
        db = sqlite3.connect(os.path.join(folder, "p.db"))
        starts = [t for (t,) in db.execute("SELECT started_at FROM execution ORDER BY started_at")]
        left = db.execute("SELECT count(*) FROM schedule").fetchone()[0]
        late = sorted(s - (soon + n * step) for n, s in enumerate(starts))
        db.close()
    result = {"schedules": o.count, "fired": len(starts), "left": left, "start_s": round(start, 2),
              "rss_mb_at_start": round(first, 1), "rss_mb_after": round(most, 1),
              "late_ms": {"p50": round(late[len(late) // 2]), "max": round(late[-1])},
              "create_ms": round(made * 1000, 2)}
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    json.dump(result, open(os.path.join(o.build, "bench", "schedules.json"), "w"), indent=1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
