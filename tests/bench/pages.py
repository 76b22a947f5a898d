"""What pages cost on a large database: the answer's time, and its bytes as a browser gets them.

  pages.py [--build DIR] [--ended N] [--waiting N] [--repeat N] [--db FILE]

Fills a fresh file with so many executions that ended and that wait (or takes
FILE as it is), adds one with a history of 25,000 events and a few of a machine
with 200 states, lets their histories be folded, then asks for each page so many
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
         "/compare?a={ended}&b={waiting}", "/bus/rules", "/bus/deliveries", "/bus/archives", "/bus/schedules", "/bus/resources",
         "/bus/tables", "/bus/limits", "/bus/try", "/bus/try?event={event}", "/settings", "/help") + tuple(
             "/executions/ticks%3A{long}" + view for view in ("", "?tab=history", "?tab=timeline", "?tab=visits", "?tab=data", "?at=12000",
                                                            "?state=Hear&visit=7")) + tuple(
             "/machines/wide?tab=" + tab for tab in ("now", "flow", "times", "coverage", "versions", "rules", "definition")) + (
         "/executions/wide%3A{wide}", "/executions/wide%3A{wide}?tab=timeline")
RULES = {"correlationId": "$.detail.id", "start": [{"name": "begun", "pattern": {"source": ["ticker"], "detail-type": ["Begun"]}}],
         "resume": [{"name": "ticked", "pattern": {"source": ["ticker"], "detail-type": ["Ticked"]}}]}


def hears(then):
    return {"Type": "Task", "Resource": "arn:pavane:states:::event.waitForTaskToken", "ResultPath": None,
            "Parameters": {"EventPattern": {"source": ["ticker"], "detail-type": ["Ticked"]}}, **then}


# A loop that hears 3,572 times until its history is full; a way of 200 states.
TICKS = {"StartAt": "Count", "States": {"Count": {"Type": "Pass", "Next": "Hear"}, "Hear": hears({"Next": "Enough"}), "Enough": {
    "Type": "Choice", "Choices": [{"Variable": "$.enough", "IsPresent": True, "Next": "Done"}], "Default": "Count"}, "Done": {"Type": "Succeed"}}}
WIDE = {"StartAt": "Step000", "States": {"Step%03d" % n: {"Type": "Pass", "Next": "Step%03d" % (n + 1)} for n in range(199)}}
WIDE["States"]["Step199"] = hears({"End": True})


def machines(folder):
    """Those of the bench, and the long and the wide one."""
    shutil.copytree(run.BARE, folder)
    for name, definition in (("ticks", TICKS), ("wide", WIDE)):
        os.mkdir(os.path.join(folder, name))
        for file, content in (("machine.asl.json", definition), ("rules.json", {**RULES, "start": [{**RULES["start"][0], "pattern": {
                "source": ["ticker"], "detail-type": ["Begun"], "detail": {"machine": [name]}}}]})):
            with open(os.path.join(folder, name, file), "w") as f:
                run.json.dump(content, f)
    return folder


def post(port, events):
    for first in range(0, len(events), 100):
        run.urllib.request.urlopen(run.urllib.request.Request(
            "http://127.0.0.1:%d/events" % port, run.json.dumps(events[first:first + 100]).encode(), {"Content-Type": "application/json"})).read()


def fill_long_and_wide(port):
    """The ids of the long one and of a wide one."""
    now = "%d" % time.time()

    def event(n, kind, key, **more):
        return {"id": "%s-%s-%s" % (kind, key, n), "source": "ticker", "detail-type": kind, "detail": {"id": key, **more}}
    wide = ["wide-%s-%d" % (now, n) for n in range(200)]
    post(port, [event(0, "Begun", "long-" + now, machine="ticks")] + [event(n, "Ticked", "long-" + now) for n in range(3600)])
    post(port, [event(0, "Begun", key, machine="wide") for key in wide] + [event(0, "Ticked", key) for key in wide[:150]])
    return {"long": "long-" + now, "wide": wide[0], "event": run.urllib.request.quote(run.json.dumps(event(0, "Begn", wide[0])))}


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
    server = run.Server([os.path.join(o.build, "pavane"), "serve", "--db", o.db or os.path.join(folder, "p.db"), "--machines",
                         machines(os.path.join(folder, "machines")), "--listen", "127.0.0.1:0"], folder)
    build = types.SimpleNamespace(build=o.build)
    try:
        if not o.db:
            since = time.monotonic()
            r = run.load(build, server, orders=o.ended, batch=100, prefix="e")
            print("filled: %d events in %.0f s" % (r["events"], time.monotonic() - since), flush=True)
            run.load(build, server, orders=o.waiting, steps=1, batch=100, prefix="w")
        names = fill_long_and_wide(server.port)
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
            "http://127.0.0.1:%d/api/v1/executions?machine=order&status=SUCCEEDED&limit=1" % server.port))["executions"]
        waiting = run.json.load(run.urllib.request.urlopen(
            "http://127.0.0.1:%d/api/v1/executions?machine=order&status=RUNNING&limit=1" % server.port))["executions"]
        names |= {"ended": newest[0]["correlationId"], "waiting": waiting[0]["correlationId"]}
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
