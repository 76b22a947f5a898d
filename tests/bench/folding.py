"""How far the flow map is behind while executions end, and what that costs.

  folding.py [--build DIR] [--ends N] [--seconds S]

So many orders a second end for so many seconds, ten events a POST, and each
second the flow's count is held against what has ended: the largest difference
in seconds, and how long after the end all of it is there.  On loopback; ends by
itself.
"""
import argparse
import json
import os
import re
import shutil
import tempfile
import threading
import time
import types
import urllib.request

import run


def ask(port, path):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path)) as r:
        return r.read().decode()


def ended(port):
    return int(re.search(r'^pavane_executions{machine="order",status="SUCCEEDED"} (\d+)', ask(port, "/metrics"), re.M).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(run.TOP, "build"))
    parser.add_argument("--ends", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    o = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="pavane-folding-")
    server = run.Server([os.path.join(o.build, "pavane"), "serve", "--db", os.path.join(folder, "p.db"), "--machines", run.BARE,
                         "--listen", "127.0.0.1:0"], folder)
    orders, result = o.ends * o.seconds, {}
    sent = threading.Thread(target=lambda: result.update(run.load(
        types.SimpleNamespace(build=o.build), server, orders=orders, batch=10, rate=o.ends * 4 // 10)))
    try:
        since = time.monotonic()
        sent.start()
        worst = there = 0
        while sent.is_alive() or there < ended(server.port):
            time.sleep(1)
            there = json.loads(ask(server.port, "/api/v1/flow?machine=order&days=2"))["ended"]
            if sent.is_alive():
                worst, until = max(worst, (ended(server.port) - there) / o.ends), time.monotonic()
            elif time.monotonic() - until > 10 * o.seconds:
                break
        print("%d ends a second for %.0f s (%d events/s): behind by at most %.1f s; all %d there %.1f s after the last"
              % (o.ends, until - since, result["eventsPerSecond"], worst, there, time.monotonic() - until))
    finally:
        sent.join()
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
