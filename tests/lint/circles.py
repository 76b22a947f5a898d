#!/usr/bin/env python3
"""Files in circles: which files of a room call each other round, by the functions that they call.

  python3 tests/lint/circles.py           each room's number beside its ceiling
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
    "engine/lang": 4,
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
        for name in set(re.findall(r"(?<![.\w>])(?:\w+)\b", code)):
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


def counts():
    """Each room's files, and how many of them stand in circles."""
    for room in CEILINGS:
        calls = graph_of(room)
        yield room, len(calls), sum(len(part) for part in circles(calls))


def main():
    if len(sys.argv) > 1:
        show(sys.argv[1])
        return 0
    for room, files, count in counts():
        print("%-15s %3d of %3d files in circles, ceiling %d" % (room, count, files, CEILINGS[room]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
