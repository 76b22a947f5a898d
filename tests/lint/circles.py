#!/usr/bin/env python3
"""Files in circles: which files of a room call each other round, by the functions that they call.  And hubs: private headers
that reach more than half of their room's files, directly or through another header.

  python3 tests/lint/circles.py           each room's number beside its ceiling, and the header that reaches most
  python3 tests/lint/circles.py ROOM      the circles of ROOM, file by file, and the calls that close them

A file uses another when it names a function or a table that the other defines.  Headers do not count: a declaration binds
nobody.  Ceilings only fall: a room that has fewer than its ceiling is an error too, so that the number here is the number there.
"""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CEILINGS = {
    "engine/base": 0,
    "engine/lang": 8,  # two grammars and an evaluator that recurse
    "engine/store": 0,
    "engine/turn": 0,
    "engine/bus": 0,
    "engine/run": 0,
    "engine/aws": 0,
    "engine/folder": 0,
    "engine/net": 2,
    "engine/auth": 0,
    "engine/api": 0,
    "engine/cli": 0,
    "dashboard": 0,
}
# Headers that all of a room are written against, or other rooms: what a room, a table, a command or a page is.
CONTRACTS = {"engine/turn/turn.h", "engine/bus/bus.h", "engine/aws/aws.h", "engine/store/sql.h", "engine/cli/cli.h",
             "dashboard/template.h", "dashboard/pages/pages.h", "dashboard/frame.h", "dashboard/view.h"}
TABLE = re.compile(r"^(?!static\b|extern\b)[A-Za-z_][\w ]*[ *](\w+)(?:\[[^\]]*\])*\s*=", re.M)


def code_of(path):
    text = open(path, encoding="utf-8").read()
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def files_of(room):
    return sorted(glob.glob(os.path.join(TOP, room, "*.c")) + glob.glob(os.path.join(TOP, room, "*", "*.c")))


def definitions(code):
    """Names that a file gives to others: a line of column 0 that goes on to a body."""
    found = set()
    for m in re.finditer(r"^([A-Za-z_][^;{}=#]*?)\b(\w+)\(([^;{}]*)\)\s*\n\{", code, re.M):
        if not re.search(r"\bstatic\b", m.group(1)):
            found.add(m.group(2))
    for m in TABLE.finditer(code):
        found.add(m.group(1))
    return found


def graph_of(room):
    codes = {os.path.relpath(p, os.path.join(TOP, room)): code_of(p) for p in files_of(room)}
    owner = {}
    for path, code in codes.items():
        for name in definitions(code):
            owner[name] = path
    calls = {path: {} for path in codes}
    for path, code in codes.items():
        for name in set(re.findall(r"(?<![.\w>])(?<!struct )(?:\w+)\b", code)):
            other = owner.get(name)
            if other and other != path:
                calls[path].setdefault(other, set()).add(name)
    return calls


def circles(calls):
    """Strongly connected components of two files and more (Tarjan, without recursion)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for root in calls:
        if root in index:
            continue
        work = [(root, iter(calls[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(calls[other])))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while True:
                        other = stack.pop()
                        on.discard(other)
                        part.append(other)
                        if other == node:
                            break
                    if len(part) > 1:
                        found.append(sorted(part))
    return found


def show(room):
    calls = graph_of(room)
    for part in sorted(circles(calls), key=len, reverse=True):
        print("%d files" % len(part))
        for path in part:
            for other in sorted(calls[path]):
                if other in part:
                    print("  %s -> %s: %s" % (path, other, ", ".join(sorted(calls[path][other]))))


def reach_of(room):
    """Each private header of a room, and how many of its .c files it reaches."""
    top = os.path.join(TOP, room)
    paths = [os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs if f.endswith((".c", ".h"))]
    places = {p: [os.path.dirname(p), os.path.join(TOP, "engine"), os.path.join(TOP, "dashboard")] for p in paths}
    includes = {}
    for p in paths:
        names = re.findall(r'#include "([^"]+)"', open(p, encoding="utf-8").read())
        found = (os.path.normpath(os.path.join(place, name)) for name in names for place in places[p])
        includes[p] = {f for f in found if f in places}
    reach = {p: 0 for p in paths if p.endswith(".h")}
    for p in paths:
        seen, todo = set(), [p] if p.endswith(".c") else []
        while todo:
            new = includes[todo.pop()] - seen
            seen |= new
            todo += new
        for header in seen:
            reach[header] += 1
    return {os.path.relpath(p, TOP): n for p, n in reach.items()}, sum(p.endswith(".c") for p in paths)


def hubs(room):
    """Headers of a room that reach more than half of it, and are not what it is written against."""
    reach, files = reach_of(room)
    return [(p, n, files) for p, n in sorted(reach.items()) if 2 * n > files and p not in CONTRACTS]


def counts():
    """Each room's files, and how many of them are in circles."""
    for room in CEILINGS:
        calls = graph_of(room)
        yield room, len(calls), sum(len(part) for part in circles(calls))


def main():
    if len(sys.argv) > 1:
        show(sys.argv[1])
        return 0
    for room, files, count in counts():
        reach = {p: n for p, n in reach_of(room)[0].items() if p not in CONTRACTS}
        widest = max(reach, key=reach.get, default="-")
        print("%-15s %3d of %3d files in circles, ceiling %d; %s reaches %d" % (room, count, files, CEILINGS[room], widest,
                                                                            reach.get(widest, 0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
