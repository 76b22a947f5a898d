#!/usr/bin/env python3
"""Speed of matching: the index over rules beside a loop over the same bytes.

  matching.py [--build DIR] [--events FILE] [--rules FILE] [--passes N]

Without files, parcels of a town are made up (as many as --count says) and six classes
of five rules each are asked; their counts are checked by a plain loop in Python.
With --events (an event a line) and --rules ({"classes": {NAME: [{"pattern",
"matches"}]}}), those.  Then 10 to 100,000 rules of one kind on the same lines.  All
numbers are ratios to the byte loop of the same run.  Writes DIR/bench/matching.json.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STREETS = ["MAPLE", "OAK", "HILLTOP", "HARBOR", "MILL", "MASON", "NORTH", "SOUTHEND", "BRIDGE", "LAKE"]


def events(count):
    r = random.Random(5)
    for n in range(count):
        points = [{"x": -122.5 + r.random() / 5, "y": 37.7 + r.random() / 10, "z": 0.0}
                  for _ in range(max(3, int(r.lognormvariate(2.2, .8))))]
        lot = "%07d" % r.randrange(10 ** 7)
        yield {"type": "Feature", "properties": {
            "MAPBLKLOT": lot, "BLKLOT": lot, "BLOCK_NUM": lot[:4], "LOT_NUM": lot[4:], "FROM_ST": str(r.randrange(4000)),
            "TO_ST": str(r.randrange(4000)), "STREET": r.choice(STREETS), "ST_TYPE": r.choice(["ST", "AVE", None]),
            "ODD_EVEN": r.choice("EO")}, "geometry": {"type": r.choice(["Polygon"] * 99 + ["MultiPolygon"]),
                                                      "firstCoordinates": points[0], "coordinates": points}}


def classes(made):
    lots = [e["properties"]["MAPBLKLOT"] for e in made]
    street = lambda *m: [{"properties": {"STREET": [x]}} for x in m]
    lot = lambda *m: [{"properties": {"MAPBLKLOT": [x]}} for x in m]
    x = lambda where, *m: [{"geometry": {where: {"x": [{"numeric": n}]}}} for n in m]
    ranges = (["<", -122.45], [">", -122.35], [">", -122.4, "<", -122.39], ["=", made[7]["geometry"]["firstCoordinates"]["x"]],
              [">=", -122.5])
    first = lambda e: [e["geometry"]["firstCoordinates"]["x"]]
    every = lambda e: [p["x"] for p in e["geometry"]["coordinates"]]
    compare = {"<": float.__lt__, ">": float.__gt__, "=": float.__eq__, ">=": float.__ge__}
    inside = lambda v, n: all(compare[n[i]](v, float(n[i + 1])) for i in range(0, len(n), 2))
    p = lambda name: lambda e: e["properties"][name]
    out = {
        "exact": (lot(*lots[:5]), [lambda e, v=v: p("MAPBLKLOT")(e) == v for v in lots[:5]]),
        "prefix": (street(*({"prefix": v} for v in ("MA", "H", "SO", "LAKE", "X"))),
                   [lambda e, v=v: p("STREET")(e).startswith(v) for v in ("MA", "H", "SO", "LAKE", "X")]),
        "wildcard": (lot(*({"wildcard": v} for v in ("12*", "*77", "1*2*3", "*000*", "9*9"))), [
            lambda e: p("MAPBLKLOT")(e).startswith("12"), lambda e: p("MAPBLKLOT")(e).endswith("77"),
            lambda e: (lambda v: v[0] == "1" and v[-1] == "3" and "2" in v[1:-1])(p("MAPBLKLOT")(e)),
            lambda e: "000" in p("MAPBLKLOT")(e), lambda e: (lambda v: v[0] == "9" and v[-1] == "9")(p("MAPBLKLOT")(e))]),
        "anything-but": (street(*({"anything-but": [v]} for v in STREETS[:5])),
                         [lambda e, v=v: p("STREET")(e) != v for v in STREETS[:5]]),
        "numeric": (x("firstCoordinates", *ranges), [lambda e, n=n: any(inside(v, n) for v in first(e)) for n in ranges]),
        "complex arrays": (x("coordinates", *ranges), [lambda e, n=n: any(inside(v, n) for v in every(e)) for n in ranges]),
    }
    return {"classes": {name: [{"pattern": pattern, "matches": sum(1 for e in made if check(e))}
                               for pattern, check in zip(patterns, checks)] for name, (patterns, checks) in out.items()}}


def run(build, *args):
    p = subprocess.run([os.path.join(build, "tests", "bench_matching"), *args], capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit(p.stderr)
    return [json.loads(line) for line in p.stdout.splitlines()]


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--build", default=os.path.join(TOP, "build"))
    a.add_argument("--events")
    a.add_argument("--rules")
    a.add_argument("--count", type=int, default=50000)
    a.add_argument("--passes", type=int, default=5)
    o = a.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines, rules = o.events, o.rules
        if not lines:
            made = list(events(o.count))
            lines, rules = os.path.join(folder, "events"), os.path.join(folder, "rules")
            open(lines, "w").write("\n".join(json.dumps(e, separators=(",", ":")) for e in made) + "\n")
            json.dump(classes(made), open(rules, "w"))
        by_class = run(o.build, "classes", lines, rules, str(o.passes))
        by_count = run(o.build, "rules", lines, str(min(o.passes, 5)))
    print("%d events, checked at %d a second" % (by_class[0]["events"], by_class[0]["check"]))
    for c in by_class[1:]:
        print("%-26s %9d a second, %5.2f of the loop, matches %s" % (
            c["class"], c["index"], c["ratio"], "exact" if c["exact"] else "WRONG"))
    for c in by_count[1:]:
        print("%-18s %7d rules %9d a second, %5.2f of the loop, %4d bytes and %6d ns a rule, longest change %5d us" % (
            c["kind"], c["rules"], c["index"], c["ratio"], c["bytes_a_rule"], c["ns_a_rule"], c["longest_us"]))
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    json.dump({"classes": by_class, "rules": by_count}, open(os.path.join(o.build, "bench", "matching.json"), "w"), indent=1)
    return not all(c["exact"] for c in by_class[1:])


if __name__ == "__main__":
    sys.exit(main())
