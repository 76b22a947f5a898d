#!/usr/bin/env python3
"""Speed: Pavane beside the floor and a server by hand, in interleaved runs, as ratios.

  run.py [--build DIR] [--repeat N] [--orders N] [--waiting N] [--folder DIR]
         [--node DIR]

Each repetition runs them in turn, on a fresh file, with the order machine
loaded, duplicates checked and the history kept.  The server by hand is
by_hand.mjs; it needs node, and better-sqlite3 in DIR/node_modules (--node), and
is left out without.

  single    one event a POST, 64 connections        x10, x100   lists
  crowd     single events by 1,000 connections: more than it can serve
  at 200/s  an open loop: latency from the moment an event was due
  waiting   single events again, with that many orders waiting after their first

Prints a table of medians (lowest-highest) and the daemon's phases, and writes all
runs to DIR/bench/bench.json.  Everything is on loopback and ends by itself.
Hours differ by a factor of two on one machine: only the ratios mean something.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from statistics import median

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))
from bare import bare_machines  # noqa: E402

BARE = bare_machines()  # order, car and finding


class Server:
    def __init__(self, args, folder):
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "log"), "ab"))
        line = self.process.stdout.readline().decode()
        if "http://" not in line:
            sys.exit("%s did not start: see %s/log" % (args[0], folder))
        self.port = int(line.strip().rsplit(":", 1)[1])

    def spent(self):
        pid = self.process.pid
        stat = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
        io = dict(line.split(": ") for line in open("/proc/%d/io" % pid).read().splitlines())
        memory = dict(line.split(":", 1) for line in open("/proc/%d/status" % pid).read().splitlines() if ":" in line)
        return {"cpu": (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), "written": int(io["write_bytes"]),
                "flushes": flushes(), "rss": int(memory["VmRSS"].split()[0]) / 1024}

    def status(self):
        return json.load(urllib.request.urlopen("http://127.0.0.1:%d/api/v1/status" % self.port))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()


def flushes():
    """Device flushes of the whole machine, for block devices that count them."""
    return sum(int(f[18]) for f in (line.split() for line in open("/proc/diskstats")) if len(f) > 18)


def load(o, server, **options):
    args = [os.path.join(o.build, "tests", "bench_load"), "--port", str(server.port)]
    for name, value in options.items():
        args += ["--" + name, str(value)]
    before = server.spent()
    out = subprocess.run(args, capture_output=True, text=True, timeout=600)
    if out.returncode != 0:
        sys.exit("the load failed: %s%s" % (out.stdout, out.stderr))
    after, r = server.spent(), json.loads(out.stdout)
    r["cpuPer1000"] = (after["cpu"] - before["cpu"]) / r["events"] * 1000
    r["bytesPerEvent"] = (after["written"] - before["written"]) / r["events"]
    r["flushesPerEvent"] = (after["flushes"] - before["flushes"]) / r["events"]
    r["rss"] = after["rss"]
    return r


def measure(o, name, folder):
    """All measures of one server on one fresh file."""
    command = {"floor": [os.path.join(o.build, "tests/bench_floor")],
               "node": ["node", os.path.join(TOP, "tests", "bench", "by_hand.mjs")],
               "pavane": [os.path.join(o.build, "pavane"), "serve", "--listen", "127.0.0.1:0", "--machines",
                          BARE]}[name]
    args = [*command, "--db", os.path.join(folder, name + ".db")]
    server, runs = Server(args, folder), {}
    try:
        load(o, server, orders=200, prefix="warm")
        runs["single"] = load(o, server, orders=o.orders, prefix="a")
        runs["single"]["fileBytes"] = os.path.getsize(os.path.join(folder, name + ".db")) / runs["single"]["events"]
        runs["x10"] = load(o, server, orders=o.orders, batch=10, prefix="b")
        runs["x100"] = load(o, server, orders=o.orders, batch=100, prefix="c")
        runs["crowd"] = load(o, server, orders=o.orders, connections=1000, window=1, prefix="f")
        runs["at 200/s"] = load(o, server, orders=320, window=1, rate=200, prefix="d")
        load(o, server, orders=o.waiting, steps=1, batch=100, prefix="w")
        runs["waiting"] = load(o, server, orders=o.orders, prefix="e")
        if name == "pavane":
            runs["status"] = server.status()
    finally:
        server.stop()
        for end in ("", "-wal", "-shm"):
            path = os.path.join(folder, name + ".db" + end)
            if os.path.exists(path):
                os.remove(path)
    return runs


COLUMNS = (("eventsPerSecond", "events/s", "%.0f"), ("p50", "p50 ms", "%.2f"), ("p99", "p99 ms", "%.2f"),
           ("cpuPer1000", "CPU s/1000", "%.3f"), ("rss", "RSS MB", "%.0f"), ("bytesPerEvent", "B/event", "%.0f"),
           ("flushesPerEvent", "flushes/event", "%.3f"))


def spread(values, form):
    text = form % median(values)
    return text if len(values) == 1 else "%s (%s-%s)" % (text, form % min(values), form % max(values))


def table(results):
    rows = [["measure", "server"] + [c[1] for c in COLUMNS]]
    for measure_name in ("single", "x10", "x100", "crowd", "at 200/s", "waiting"):
        for name, runs in results.items():
            rows.append([measure_name, name] + [spread([r[measure_name][key] for r in runs], form)
                                                for key, _, form in COLUMNS])
        ratios = []
        for key, _, _ in COLUMNS:
            pairs = [(a[measure_name][key], b[measure_name][key]) for a, b in zip(results["pavane"], results["floor"])]
            ratios.append("%.2f" % median(a / b for a, b in pairs if b) if any(b for _, b in pairs) else "-")
        rows.append([measure_name, "ratio"] + ratios)
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(r, widths)).rstrip() for r in rows)


def median_of(results, name, measure_name, key):
    return median(r[measure_name][key] for r in results[name])


def ratio(results, of, measure_name, key):
    pairs = [(a[measure_name][key], b[measure_name][key]) for a, b in zip(results["pavane"], results[of])]
    return median(a / b for a, b in pairs)


def goals(results):
    """What the project asks of itself, as ratios of this run."""
    rows = [["what", "measured", "must", "aim"]]

    def row(what, measured, must, aim, least=True, form="%.2f"):
        fine = measured >= must if least else measured <= must
        rows.append([what, form % measured + ("" if fine else "  not met"), form % must, form % aim])

    row("events/s, one a POST, of the floor", ratio(results, "floor", "single", "eventsPerSecond"), 0.65, 0.8)
    row("ten a POST, of the floor", ratio(results, "floor", "x10", "eventsPerSecond"), 0.4, 0.6)
    row("CPU an event, of the floor", ratio(results, "floor", "single", "cpuPer1000"), 1.8, 1.4, least=False)
    row("bytes written an event, of the floor", ratio(results, "floor", "single", "bytesPerEvent"), 1.6, 1.3, least=False)
    row("file bytes an event", median_of(results, "pavane", "single", "fileBytes"), 1100, 900, least=False, form="%.0f")
    row("p50 at 200/s, of the floor", ratio(results, "floor", "at 200/s", "p50"), 1.2, 1.1, least=False)
    row("p99 at 200/s, of the floor", ratio(results, "floor", "at 200/s", "p99"), 1.3, 1.1, least=False)
    row("20,000 waiting: events/s against empty", median(r["waiting"]["eventsPerSecond"] / r["single"]["eventsPerSecond"]
                                                          for r in results["pavane"]), 0.95, 1)
    row("1,000 connections: events/s against 64", median(r["crowd"]["eventsPerSecond"] / r["single"]["eventsPerSecond"]
                                                          for r in results["pavane"]), 0.9, 1)
    row("the longest turn, ms of processor time", max(r["status"]["microseconds"]["longestTurn"] / 1000 for r in results["pavane"]),
        50, 50, least=False, form="%.1f")
    row("RSS MB, one a POST", median_of(results, "pavane", "single", "rss"), 40, 30, least=False, form="%.0f")
    if results.get("node"):
        row("events/s, one a POST, of the server by hand", ratio(results, "node", "single", "eventsPerSecond"), 1.4, 1.7)
        row("CPU an event, of the server by hand", ratio(results, "node", "single", "cpuPer1000"), 0.8, 0.6, least=False)
        row("p99 at saturation, of the server by hand", ratio(results, "node", "single", "p99"), 0.9, 0.6, least=False)
    widths = [max(len(r[i]) for r in rows) for i in range(4)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip() for r in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--orders", type=int, default=10000)
    p.add_argument("--waiting", type=int, default=20000)
    p.add_argument("--folder", help="where the files of the servers lie; a temporary folder otherwise")
    p.add_argument("--node", help="a folder with node_modules/better-sqlite3, for the server by hand")
    o = p.parse_args()
    folder = o.folder or tempfile.mkdtemp(prefix="pavane-bench-")
    results = {"floor": [], "pavane": []}
    if o.node:
        os.environ["NODE_PATH"] = os.path.abspath(o.node)
        results = {"floor": [], "node": [], "pavane": []}
    for i in range(o.repeat):
        for name in results:
            print("repetition %d of %d: %s" % (i + 1, o.repeat, name), file=sys.stderr, flush=True)
            results[name].append(measure(o, name, folder))
    if not o.folder:
        shutil.rmtree(folder)
    print(table(results))
    print("\n" + goals(results))
    for r in results["pavane"][-1:]:
        s = r["status"]
        events = s["engine"]["events"]
        print("\nthe engine's thread, microseconds an event over all measures: " +
              ", ".join("%s %.1f" % (k, v / events) for k, v in s["microseconds"].items() if k not in ("collect", "longestTurn")))
        print("a commit: %(mean).1f events in the mean, " % s["commits"]["eventsEach"] +
              "%(mean).0f microseconds" % s["commits"]["microsecondsEach"])
    path = os.path.join(o.build, "bench", "bench.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    json.dump(results, open(path, "w"), indent=1)
    print("all runs: " + os.path.relpath(path))


if __name__ == "__main__":
    main()
