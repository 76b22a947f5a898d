#!/usr/bin/env python3
"""How fast targets outside get their events, with one system up and with all of them.

  targets.py [--build DIR] [--events N]

N events are posted in lists of 500 to a rule with one target: a log, another daemon, a
function that answers after 50 ms.  Seconds are from the first post until the last event
has arrived; a function gets 16 at once, so its bound is 16 / 50 ms.  Writes
DIR/bench/targets.json.
"""
import argparse
import http.server
import json
import os
import shutil
import tempfile
import threading
import time

from schedules import TOP, Daemon

ANSWER_S = 0.05
AWS = "arn:aws:%s:us-east-1:000000000000:%s"
FAR = "arn:aws:events:us-east-1:999999999999:event-bus/default"


class Function:
    def __init__(self):
        self.got, function = 0, self
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(ANSWER_S)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with lock:
                    function.got += 1

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def rule(d, name, arn):
    for action, body in (("PutRule", {"Name": name, "EventPattern": json.dumps({"source": ["bench." + name]})}),
                         ("PutTargets", {"Rule": name, "Targets": [{"Id": "1", "Arn": arn}]})):
        d.ask("/", body, **{"X-Amz-Target": "AWSEvents." + action})


def lines(folder):
    top = os.path.join(folder, "data", "logs", "bench")
    return sum(open(os.path.join(top, f)).read().count("\n") for f in os.listdir(top)) if os.path.isdir(top) else 0


def rate(d, count, name, arrived):
    began = time.monotonic()
    for first in range(0, count, 500):
        d.ask("/events", [{"id": "%s-%d" % (name, first + i), "source": "bench." + name, "detail-type": "X",
                           "detail": {"n": first + i}} for i in range(500)])
    while arrived() < count:
        if time.monotonic() - began > 120:
            raise SystemExit("%s: %d of %d arrived" % (name, arrived(), count))
        time.sleep(0.01)
    return round(count / (time.monotonic() - began))


def run(o, machines):
    with tempfile.TemporaryDirectory() as folder:
        function, other = Function(), Daemon(o.build, os.path.join(folder, "other"))
        os.makedirs(os.path.join(folder, "other"))
        other.start()
        json.dump({"functions": {"bench": function.url}, "buses": {FAR: other.url}},
                  open(os.path.join(folder, "services.json"), "w"))
        d = Daemon(o.build, folder)
        d.args += ["--machines", machines, "--services", os.path.join(folder, "services.json"),
                   "--data", os.path.join(folder, "data")]
        d.start()
        rule(d, "log", AWS % ("logs", "log-group:bench"))
        rule(d, "bus", FAR)
        rule(d, "function", AWS % ("lambda", "function:bench"))
        out = {"log": rate(d, o.events, "log", lambda: lines(folder)),
               "bus": rate(d, o.events, "bus", lambda: other.ask("/api/v1/status")["engine"]["events"]),
               "function": rate(d, o.events // 10, "function", lambda: function.got)}
        d.stop()
        other.stop()
        function.server.shutdown()
        return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--events", type=int, default=10000)
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as one:
        shutil.copytree(os.path.join(TOP, "machines", "refund"), os.path.join(one, "refund"))
        result = {"events_per_s": {"one": run(o, one), "all": run(o, os.path.join(TOP, "machines"))},
                  "function_bound": round(16 / ANSWER_S)}
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    json.dump(result, open(os.path.join(o.build, "bench", "targets.json"), "w"), indent=1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
