#!/usr/bin/env python3
"""Speed of the language alone, and of reading a long history.

  language.py [--build DIR] [--repeat N]

Times are the best of N runs; instructions are counted with valgrind, where it is
installed, as the difference of two runs of unlike length: that number is the same
on every machine and at every hour.  The history has 25,000 events and is read from
a daemon page by page, 1,000 events each.  Writes DIR/bench/language.json.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ORDER = [os.path.join(TOP, "machines", "order", p) for p in ("machine.asl.json", "events/delivered.json")]
# name, unit, runs for the time, two lengths for the instructions
CASES = (("order", "order", 5000, (20, 120)), ("chain", "200 states", 1000, (5, 25)), ("map-100", "item", 1000, (5, 25)),
         ("map-10000", "item", 10, (1, 2)), ("jsonpath", "200 states", 500, (5, 25)), ("jsonata", "200 states", 500, (5, 25)), ("load", "definition", 500, (5, 25)))
LOOP = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "Z": {"Type": "Succeed"}, "B": {
    "Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": True, "Next": "Z"}], "Default": "A"}}}


def run(build, case, times, under=()):
    p = subprocess.run([*under, os.path.join(build, "tests", "bench_language"), case, str(times), *ORDER],
                       capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit(p.stderr)
    return [int(x) for x in p.stdout.split()], p.stderr


def instructions(build, case, lengths):
    """A unit's, or None without valgrind."""
    if shutil.which("valgrind") is None:
        return None
    seen = []
    for times in lengths:
        (units, *_), said = run(build, case, times, ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"))
        seen.append((units, int(re.search(r"Collected : (\d+)", said).group(1))))
    return (seen[1][1] - seen[0][1]) / (seen[1][0] - seen[0][0])


def ask(port, action, **parameters):
    request = urllib.request.Request("http://127.0.0.1:%d/" % port, json.dumps(parameters).encode(), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AWSStepFunctions." + action})
    return json.load(urllib.request.urlopen(request))


def history(build, folder):
    """Milliseconds of each page."""
    daemon = subprocess.Popen([os.path.join(build, "pavane"), "serve", "--db", os.path.join(folder, "p.db"),
                               "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        port = int(daemon.stdout.readline().decode().rsplit(":", 1)[1])
        machine = ask(port, "CreateStateMachine", name="loop", definition=json.dumps(LOOP),
                      roleArn="arn:aws:iam::000000000000:role/none")["stateMachineArn"]
        execution = ask(port, "StartExecution", stateMachineArn=machine)["executionArn"]
        while ask(port, "DescribeExecution", executionArn=execution)["status"] == "RUNNING":
            time.sleep(0.01)
        pages, token = [], {}
        while True:
            began = time.perf_counter()
            answer = ask(port, "GetExecutionHistory", executionArn=execution, maxResults=1000, **token)
            pages.append((time.perf_counter() - began) * 1000)
            if "nextToken" not in answer:
                break
            token = {"nextToken": answer["nextToken"]}
        return pages
    finally:
        daemon.terminate()
        daemon.wait()
        daemon.stdout.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--repeat", type=int, default=3)
    o = p.parse_args()
    found = {}
    print("%-12s %-12s %12s %14s %12s %14s" % ("case", "unit", "us a unit", "events/s", "us a step", "instructions"))
    for case, unit, times, lengths in CASES:
        runs = [run(o.build, case, times)[0] for _ in range(o.repeat)]
        units, events, steps, ns = min(runs, key=lambda r: r[3])
        count = instructions(o.build, case, lengths)
        found[case] = {"microseconds": ns / units / 1e3, "eventsPerSecond": events / ns * 1e9, "instructions": count}
        print("%-12s %-12s %12.2f %14.0f %12s %14s" % (case, unit, ns / units / 1e3, events / ns * 1e9,
                                                       "%.2f" % (ns / steps / 1e3) if steps else "-",
                                                       "%.0f" % count if count else "no valgrind"), flush=True)
    flat = found["map-10000"]["microseconds"] / found["map-100"]["microseconds"]
    print("an item of 10,000 costs %.2f times one of 100" % flat)
    twins = found["jsonata"]["microseconds"] / found["jsonpath"]["microseconds"]
    print("a machine in JSONata costs %.2f of its twin in JSONPath" % twins)
    with tempfile.TemporaryDirectory() as folder:
        pages = history(o.build, folder)
    found["history"] = {"pages": len(pages), "milliseconds": pages}
    half = len(pages) // 2
    print("history of 25,000 events: %d pages, %.0f ms; a page of the first half %.1f ms, of the second %.1f ms" % (
        len(pages), sum(pages), sum(pages[:half]) / half, sum(pages[half:]) / (len(pages) - half)))
    os.makedirs(os.path.join(o.build, "bench"), exist_ok=True)
    with open(os.path.join(o.build, "bench", "language.json"), "w") as f:
        json.dump(found, f, indent=1)


if __name__ == "__main__":
    main()
