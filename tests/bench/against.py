"""Two builds beside each other: what a change costs, in turns within one run.

  against.py OTHER [--build DIR] [--repeat N] [--orders N]

OTHER is the build folder of the other side, with the same machines.  Each
repetition runs both, single events by 64 connections and ten a POST, each on a
fresh file; prints the medians and their ratio.  CPU is the daemon's own,
microseconds an event.  On loopback; ends by itself.
"""
import argparse
import os
import shutil
import statistics
import tempfile
import types

import run

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("other")
parser.add_argument("--build", default=os.path.join(run.TOP, "build"))
parser.add_argument("--repeat", type=int, default=5)
parser.add_argument("--orders", type=int, default=20000)
o = parser.parse_args()
found = {}
for n in range(o.repeat):
    for side in ((o.build, o.other), (o.other, o.build))[n % 2]:
        folder = tempfile.mkdtemp(prefix="pavane-against-")
        server = run.Server([os.path.join(side, "pavane"), "serve", "--db", os.path.join(folder, "p.db"), "--machines",
                             run.BARE, "--listen", "127.0.0.1:0"], folder)
        try:
            with_build = types.SimpleNamespace(build=o.build)
            run.load(with_build, server, orders=200, prefix="warm")
            for name, options in (("single", {"prefix": "a"}), ("x10", {"prefix": "b", "batch": 10})):
                r = run.load(with_build, server, orders=o.orders, **options)
                found.setdefault((name, side), []).append(r)
        finally:
            server.stop()
            shutil.rmtree(folder)
for name in ("single", "x10"):
    for key in sorted(k for k, v in found[(name, o.build)][0].items() if isinstance(v, (int, float))):
        ours, theirs = ([r[key] for r in found[(name, side)]] for side in (o.build, o.other))
        a, b = statistics.median(ours), statistics.median(theirs)
        print("%-8s %-24s %12.2f %12.2f  %s" % (name, key, a, b, "%.3f" % (a / b) if b else ""))
