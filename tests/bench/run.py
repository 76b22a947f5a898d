#!/usr/bin/env python3
"""Speed: Pavane beside the floor, in interleaved runs, as ratios.

  run.py [--build DIR] [--repeat N] [--orders N] [--waiting N] [--folder DIR]

Each repetition runs the floor and the daemon in turn, on a fresh file, with the
order machine loaded, duplicates checked and the history kept:

  single    one event a POST, 64 connections        x10, x100   lists
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
    binary = {"floor": ["tests/bench_floor"], "pavane": ["pavane", "serve", "--listen", "127.0.0.1:0", "--machines",
                                                         os.path.join(TOP, "machines")]}[name]
    args = [os.path.join(o.build, binary[0]), *binary[1:], "--db", os.path.join(folder, name + ".db")]
    server, runs = Server(args, folder), {}
    try:
        load(o, server, orders=200, prefix="warm")
        runs["single"] = load(o, server, orders=o.orders, prefix="a")
        runs["x10"] = load(o, server, orders=o.orders, batch=10, prefix="b")
        runs["x100"] = load(o, server, orders=o.orders, batch=100, prefix="c")
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
    for measure_name in ("single", "x10", "x100", "at 200/s", "waiting"):
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


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--orders", type=int, default=10000)
    p.add_argument("--waiting", type=int, default=20000)
    p.add_argument("--folder", help="where the files of the servers lie; a temporary folder otherwise")
    o = p.parse_args()
    folder = o.folder or tempfile.mkdtemp(prefix="pavane-bench-")
    results = {"floor": [], "pavane": []}
    for i in range(o.repeat):
        for name in results:
            print("repetition %d of %d: %s" % (i + 1, o.repeat, name), file=sys.stderr, flush=True)
            results[name].append(measure(o, name, folder))
    if not o.folder:
        shutil.rmtree(folder)
    print(table(results))
    for r in results["pavane"][-1:]:
        s = r["status"]
        events = s["engine"]["events"]
        print("\nthe engine's thread, microseconds an event over all measures: " +
              ", ".join("%s %.1f" % (k, v / events) for k, v in s["microseconds"].items() if k != "collect"))
        print("a commit: %(mean).1f events in the mean, " % s["commits"]["eventsEach"] +
              "%(mean).0f microseconds" % s["commits"]["microsecondsEach"])
    path = os.path.join(o.build, "bench", "bench.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    json.dump(results, open(path, "w"), indent=1)
    print("all runs: " + os.path.relpath(path))


if __name__ == "__main__":
    main()
