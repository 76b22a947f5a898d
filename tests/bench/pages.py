"""What pages cost on a large database: the answer's time, and its bytes as a browser gets them.

  pages.py [--build DIR] [--ended N] [--waiting N] [--repeat N] [--db FILE]

Fills a fresh file with so many executions that ended and that wait (or takes
FILE as it is), lets their histories be folded, then asks for each page so many
times and prints the median in milliseconds, the bytes, and those of gzip.  The
budget is 25 ms and 40 KB.  On loopback; ends by itself.
"""
import argparse
import http.client
import os
import shutil
import statistics
import tempfile
import time
import types

import run

PAGES = ("/", "/attention", "/executions", "/executions?status=RUNNING", "/executions?status=FAILED", "/executions?machine=order",
         "/executions?machine=order&status=SUCCEEDED", "/executions?machine=order&state=AwaitPayment", "/executions?q=status:late",
         "/executions?q=started%3C1h", "/executions?q=waits:PaymentSettled", "/executions?q=key:w-1*", "/by-key/{waiting}",
         "/executions/order%3A{waiting}", "/executions/order%3A{ended}", "/executions/order%3A{ended}?tab=history",
         "/executions/order%3A{ended}?tab=timeline", "/executions/order%3A{ended}?at=5", "/by-key/99999", "/events", "/events?disposition=unmatched",
         "/events/1", "/deviations?range=90d", "/producers?range=90d", "/producers/shop.service?range=90d", "/machines", "/machines/order",
         "/machines/order?tab=flow&range=90d", "/analyse", "/analyse?range=90d", "/analyse?range=today", "/executions?sort=moved", "/bus/schemas", "/alerts", "/executions?status=RUNNING&sort=oldest", "/executions?q=from:shop.service",
         "/executions?q=error:Order.*", "/executions?machine=order&version=1&passed=AwaitPayment",
         "/executions?machine=order&version=1&passed=%5B%22AwaitPayment%22%2C%22AwaitShop%22%5D", "/by-key/-4711", "/by-key/o-such",
         "/compare?a={ended}&b={waiting}", "/bus/rules", "/bus/try", "/help")


def ask(port, path, gzip):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    since = time.perf_counter()
    c.request("GET", path, headers={"Accept-Encoding": "gzip"} if gzip else {})
    r = c.getresponse()
    body = r.read()
    took = (time.perf_counter() - since) * 1000
    c.close()
    return r.status, took, len(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(run.TOP, "build"))
    parser.add_argument("--ended", type=int, default=100000)
    parser.add_argument("--waiting", type=int, default=30000)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--db")
    o = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="pavane-pages-")
    server = run.Server([os.path.join(o.build, "pavane"), "serve", "--db", o.db or os.path.join(folder, "p.db"), "--machines", run.BARE,
                         "--listen", "127.0.0.1:0"], folder)
    build = types.SimpleNamespace(build=o.build)
    try:
        if not o.db:
            since = time.monotonic()
            r = run.load(build, server, orders=o.ended, batch=100, prefix="e")
            print("filled: %d events in %.0f s" % (r["events"], time.monotonic() - since), flush=True)
            run.load(build, server, orders=o.waiting, steps=1, batch=100, prefix="w")
        since, folded = time.monotonic(), -1
        while time.monotonic() - since < 600:  # until the sums stand still
            now = len(ask(server.port, "/machines/order?tab=flow&range=90d", False)) and run.json.load(
                run.urllib.request.urlopen("http://127.0.0.1:%d/api/v1/flow?machine=order&days=90" % server.port))["ended"]
            if now == folded:
                break
            folded = now
            time.sleep(3)
        print("folded: %d executions within %.0f s of the last" % (folded, time.monotonic() - since))
        newest = run.json.load(run.urllib.request.urlopen(
            "http://127.0.0.1:%d/api/v1/executions?status=SUCCEEDED&limit=1" % server.port))["executions"]
        waiting = run.json.load(run.urllib.request.urlopen(
            "http://127.0.0.1:%d/api/v1/executions?status=RUNNING&limit=1" % server.port))["executions"]
        names = {"ended": newest[0]["correlationId"], "waiting": waiting[0]["correlationId"]}
        print("%-52s %8s %8s %8s" % ("page", "ms", "bytes", "gzip"))
        for page in PAGES:
            path = page.format(**names)
            ask(server.port, path, False)
            status, _, plain = ask(server.port, path, False)
            times = [ask(server.port, path, True) for _ in range(o.repeat)]
            ms, packed = statistics.median(t[1] for t in times), times[0][2]
            print("%-52s %8.1f %8d %8d%s%s" % (page, ms, plain, packed, "" if ms <= 25 else "  over 25 ms",
                                               "" if status < 400 or "99999" in page or "key:" in page else "  status %d" % status), flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
