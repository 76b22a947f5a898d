#!/usr/bin/env python3
"""Fuzzes every target: the seeds, then inputs made from them, under ASan and UBSan.

  run.py BUILD [--runs N] [--only TARGET] [--seed N]

BUILD is a tree configured with -DPAV_FUZZ=ON.  --runs is per target (20,000 unless
given); the HTTP target, which is light, gets five times as many.  What a target
finds is kept in BUILD/fuzz/TARGET/.  Prints a line a target and, at last,
"N passed, N failed, N skipped".
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = ("json", "http", "definition", "path", "pattern", "index", "intrinsic", "step", "rules", "schema", "schedule",
           "envelope", "settings", "jsonata_parse", "jsonata", "jsonata_picture", "jsonata_regex")
LIGHT = {"http": 5}
# Lengths that reach the limits; 4,096 elsewhere.
LONG = {"rules": 65536, "definition": 65536, "schema": 16384, "schedule": 400, "envelope": 16384}
# Targets whose seeds are also the expressions of our conformance cases.
OF_CASES = ("jsonata", "jsonata_parse")


def expressions(build):
    folder = os.path.join(build, "fuzz-cases")
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob(os.path.join(HERE, "..", "conformance", "cases", "jsonata", "*.json")):
        with open(path, encoding="utf-8") as f:
            cases = json.load(f)["cases"]
        for c in cases:
            with open(os.path.join(folder, c["id"].replace("/", "-")), "w", encoding="utf-8") as out:
                out.write(c["expr"])
    return folder


def fuzz(build, target, runs, seed):
    corpus = os.path.join(build, "fuzz", target)
    os.makedirs(corpus, exist_ok=True)
    args = [os.path.join(build, "tests", "fuzz_" + target), "-runs=%d" % runs, "-seed=%d" % seed, "-timeout=5",
            "-max_len=%d" % LONG.get(target, 4096), "-rss_limit_mb=2048", "-print_final_stats=1", "-artifact_prefix=%s/found-" % corpus,
            "-verbosity=1"]
    words = os.path.join(HERE, target + ".dict")
    if os.path.exists(words):
        args.append("-dict=" + words)
    seeds = [os.path.join(HERE, "seeds", target)] + ([expressions(build)] if target in OF_CASES else [])
    # new inputs go to the corpus of this tree, seeds are only read
    r = subprocess.run(args + [corpus] + seeds, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace")
    count = re.search(r"number_of_executed_units:\s*(\d+)", r.stdout)
    speed = re.search(r"average_exec_per_sec:\s*(\d+)", r.stdout)
    said = [line for line in r.stdout.splitlines() if "ERROR" in line or "runtime error" in line or "level=bug" in line]
    print("%-12s %9s inputs %7s a second  %s" % (target, count and count.group(1), speed and speed.group(1),
                                                 "nothing found" if r.returncode == 0 else (said or ["?"])[0][:160]),
          flush=True)
    if r.returncode != 0:
        print(r.stdout[-3000:])
    return r.returncode == 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--runs", type=int, default=20000)
    p.add_argument("--only", choices=TARGETS)
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    good = [fuzz(o.build, t, o.runs * LIGHT.get(t, 1), o.seed) for t in ([o.only] if o.only else TARGETS)]
    print("%d passed, %d failed, 0 skipped" % (sum(good), len(good) - sum(good)))
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
