#!/usr/bin/env python3
"""Our own lint: what compilers do not check.

  third-party headers   only in the files that the design names for them
  modules               include only what they may use; SQL only in engine/store
  banned calls          sprintf into unknown room, strcpy of input, setlocale, ...
  cJSON                 CaseSensitive calls only, behind the strict check
  functions             at most 100 lines (flat tables and switches excepted)
  files                 at most 1,200 lines of C
  readers               only reader_row() asks SQLite: an error is no end of rows
  reported              each fault that people met has its test
  permissions           each row of the tables of actions, resources and pages has one
  planted               each planted bug finds its place in the code
  checklist             each row of the language has a case, or a test that is there
  circles               files that call each other round, headers that reach most of a room: circles.py
  text                  no trailing blanks, no tabs, lines of C at most 80 columns
Prints "file:line: what" and, at last, "N passed, N failed, N skipped".
"""
import glob
import json
import os
import re
import subprocess
import sys

import circles

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

HEADERS = {
    r"event2/": ["engine/net/"],
    r"curl/": ["engine/net/"],
    r"sqlite3\.h": ["engine/store/", "tests/bench/"],
    r"cjson/": ["engine/base/cjson", "include/pavane/cjson.h", "engine/api/", "engine/cli/"],
    r"cmark\.h": ["dashboard/markdown.c"],
    r"openssl/": ["engine/base/digest.c", "engine/net/"],
    r"pcre2\.h": ["engine/lang/"],
    r"zlib\.h": ["dashboard/"],
    r"yaml\.h": ["engine/cli/yaml_doc.c"],
    r"cmocka\.h": ["tests/"],
}
# what each folder may include of include/pavane
BASE = {"arn", "buf", "clock", "digest", "doc", "err", "file", "histogram", "wait_stats", "log", "mem", "names", "cjson", "queue", "tally", "thread",
        "settings", "stored", "text", "zone"}
LANG = {"errors", "history", "index", "jsonata", "machine", "map_run", "path", "pattern", "pick", "record", "schedule", "schema", "step",
        "test_state", "transform"}
STORE = {"alerts", "attention", "backup", "flow", "ledger", "store", "store_bus", "store_work", "reader", "verify"}
ENGINE = {"engine", "envelope", "job", "jobs", "rules"}
NET = {"client", "http", "outbound"}
MAY = {
    "engine/base/": BASE,
    "engine/lang/": BASE | LANG,
    "engine/store/": BASE | STORE,
    "engine/insight/": BASE | LANG | STORE | {"insight"},
    "engine/turn/": BASE | LANG | STORE | ENGINE,
    "engine/bus/": BASE | LANG | STORE | ENGINE,
    "engine/run/": BASE | LANG | STORE | ENGINE,
    "engine/aws/": BASE | LANG | STORE | ENGINE | {"journal", "query"},
    "engine/folder/": BASE | LANG | ENGINE | {"folder", "services"},
    "engine/net/": BASE | NET,
    "engine/play/": BASE | LANG | NET | {"play"},
    "engine/auth/": BASE | NET | {"access"},
    "engine/api/": BASE | LANG | STORE | ENGINE | NET | {"access", "api", "folder", "insight", "journal", "query", "services"},
    "dashboard/": BASE | LANG | {"alerts", "attention", "flow", "insight", "job", "jobs", "journal", "ledger", "reader", "store", "http", "query", "pages", "graph"},
}
# whose private headers the rooms of the engine's thread may include, beside their own
ROOMS = {"turn": {"turn"}, "bus": {"turn", "bus"}, "run": {"turn", "bus", "run"}, "aws": {"turn", "bus", "run", "aws"},
         "folder": {"aws"}, "api": {"aws"}}
# lang is pure: no clock, log, file, thread
IMPURE = re.compile(r"\b(clock_gettime|time|fopen|open|socket|pthread_(?!once)\w+|rand|random|getenv|fprintf|printf)\s*\(")
BANNED = [
    (r"\bcJSON_(Compare|GetObjectItem|HasObjectItem)\s*\(", "this cJSON call is banned"),
    (r"\bcJSON_Parse(WithOpts)?\s*\(", "JSON is parsed by pav_cjson_parse()"),
    (r"\b(gets|strtok|vsprintf|setlocale|tmpnam|mktemp|alloca|system|popen)\s*\(", "this call is banned"),
    (r"CMARK_OPT_UNSAFE", "Markdown is rendered in safe mode"),
    (r"^\s*typedef\s+struct", "no struct typedefs"),
    (r"//(?![^\"]*\")", "comments are /* */"),
]
SQL = re.compile(r'"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\s')
WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# files of others that comments name
FOREIGN_FILES = {"cjson.h"}
# What readers from outside stumbled on, and what they read at once: in messages, public headers, pages and READMEs.
PROSE = [
    (r"\b(is|are) wanted\b", "is expected, must be"),
    (r"\bput off\b", "deferred"),
    (r"\bunder way\b", "in progress, in flight"),
    (r"\bmay be asked\b", "can be queried"),
    (r"\b(is|are) to be\b", "must be"),
    (r"\bstands? (in|at|on|behind|before|there|here|twice|open)\b", "is, follows, appears"),
    (r"\b(is|are|was|be) said\b", "is reported"),
    (r"\bwhat is said\b", "what it says"),
]

faults = []


def fault(path, line, what):
    faults.append("%s:%d: %s" % (path, line, what))


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def check_headers(path, lines):
    for n, line in enumerate(lines, 1):
        m = re.match(r'#include [<"]([^>"]+)[>"]', line)
        if not m:
            continue
        for pattern, places in HEADERS.items():
            if re.match(pattern, m.group(1)) and not any(path.startswith(p) for p in places):
                fault(path, n, "%s belongs to %s" % (m.group(1), ", ".join(places)))
        own = re.match(r"pavane/(\w+)\.h", m.group(1))
        for folder, may in MAY.items():
            if own and path.startswith(folder) and own.group(1) not in may:
                fault(path, n, "%s may not use pavane/%s.h" % (folder, own.group(1)))
        other = re.match(r"(\w+)/\w+\.h", m.group(1))
        room = re.match(r"engine/(\w+)/", path)
        if other and other.group(1) in ROOMS and room and other.group(1) not in ROOMS.get(room.group(1), ()):
            fault(path, n, "engine/%s may not use %s" % (room.group(1), m.group(1)))


def check_code(path, text):
    code = strip_comments(text)
    stepped = 0
    for n, line in enumerate(code.split("\n"), 1):
        bare = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        for pattern, what in BANNED:
            if re.search(pattern, bare) and not path.startswith(("tests/", "engine/base/cjson.c")):
                fault(path, n, what)
        if path.startswith("engine/lang/") and IMPURE.search(bare):
            fault(path, n, "the language is pure")
        if path.startswith("engine/store/reader") and "sqlite3_step(" in bare:
            stepped = stepped + 1
            if stepped > (path == "engine/store/reader.c"):
                fault(path, n, "rows are asked for by reader_row() alone: an error must not look like no rows")
        if SQL.search(line) and not path.startswith(("engine/store/", "tests/")):
            fault(path, n, "SQL lives in engine/store alone")


def check_prose(path, text):
    """Words of the list above: in all of a header or a page, in the strings of code."""
    for n, line in enumerate(text.split("\n"), 1):
        if path.endswith(".c"):
            line = " ".join(re.findall(r'"(?:\\.|[^"\\])*"', line))
        for pattern, better in PROSE:
            found = re.search(pattern, line)
            if found:
                fault(path, n, "'%s' is read twice: %s" % (found.group(0), better))


BRANCH = re.compile(r"\b(?:if|for|while|case)\b|&&|\|\||\?")
BRANCHES_MAX = 35  # McCabe's number; the state machines of framing have the most


def check_functions(path, text):
    """A function of more than 100 lines is asked about, or of more ways through it; tables are not functions."""
    lines = re.sub(r'"(\\.|[^"\\\n])*"', '""', strip_comments(text)).split("\n")
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            if n - start > 100:
                fault(path, start, "a function of %d lines" % (n - start))
            ways = 1 + len(BRANCH.findall("\n".join(lines[start:n])))
            if ways > BRANCHES_MAX:
                fault(path, start, "a function with %d ways through it, at most %d" % (ways, BRANCHES_MAX))
            start = None


def check_text(path, lines, is_c):
    for n, line in enumerate(lines, 1):
        if line.rstrip() != line:
            fault(path, n, "blanks at the end of the line")
        if is_c and "\t" in line:
            fault(path, n, "a tab")
        if is_c and len(line) > 80 and not path.startswith("tests/"):
            fault(path, n, "%d columns" % len(line))
        if WORDS.search(line) and not path.startswith("tests/lint/"):
            fault(path, n, "work that is left: %s" % WORDS.search(line).group(0))


# The rows of the language's checklist.
ROWS = {"A": 13, "B": 12, "C": 5, "D": 15, "E": 12, "F": 13, "G": 18, "H": 13, "I": 9, "J": 6, "K": 5, "L": 8, "M": 12}


def check_checklist():
    path = "tests/conformance/cases/asl/checklist.json"
    listed = json.load(open(os.path.join(TOP, path), encoding="utf-8"))
    shown = {c["id"].split("/")[0] for c in listed["cases"]}
    for row, where in listed["elsewhere"].items():
        file, _, test = where.partition(" ")
        if where.startswith("not built: "):
            shown.add(row)
        elif os.path.exists(os.path.join(TOP, file)) and "def %s(" % test in open(os.path.join(TOP, file)).read():
            shown.add(row)
        else:
            fault(path, 1, "row %s: there is no %s" % (row, where))
    for row in ("%s%d" % (letter, n) for letter, last in ROWS.items() for n in range(1, last + 1)):
        if row not in shown:
            fault(path, 1, "row %s has no case" % row)


def check_reported():
    """Each fault that people met has a test by its row: "FILE TEST", the word being in that file."""
    path = "tests/lint/reported.json"
    rows = json.load(open(os.path.join(TOP, path), encoding="utf-8"))
    for row, where in rows.items():
        file, _, word = where.partition(" ")
        if where == "open" or where.startswith("left to "):
            continue
        if not os.path.exists(os.path.join(TOP, file)) or word not in open(os.path.join(TOP, file)).read():
            fault(path, 1, "row %s: there is no %s" % (row, where))
    left = [row for row, where in rows.items() if where == "open"]
    if left:
        print("reported faults without a test: %s" % " ".join(left))


def check_permissions():
    """Who calls an action, or asks for a resource or a page, must be allowed: each row says by which word."""
    word = re.compile(r"^(states|events|scheduler|dynamodb|pavane):[A-Z]\w+$")
    for path in sorted(glob.glob(os.path.join(TOP, "engine/aws/*.c"))):
        text = strip_comments(open(path, encoding="utf-8").read())
        short = os.path.relpath(path, TOP)
        for table in re.finditer(r"const struct aws_action (\w+)_actions\[\] = \{(.*?)END_OF_ACTIONS\}", text, re.S):
            for row in re.finditer(r"(?:\w+\(|\{)\s*\"([\w:]+)\",\s*(\"[^\"]*\"|\w+)", table.group(2)):
                if not word.match(row.group(2).strip('"')):
                    fault(short, 1, "%s has no permission" % row.group(1))
    text = strip_comments(open(os.path.join(TOP, "engine/api/routes.c"), encoding="utf-8").read())
    rows = re.search(r"\} resources\[\] = \{\n(.*?)\n\};", text, re.S).group(1)
    for row in re.finditer(r"\{\s*\"(/[^\"]*)\",\s*(\"[^\"]*\"|\w+)", rows):
        if not word.match(row.group(2).strip('"')):
            fault("engine/api/routes.c", 1, "%s has no permission" % row.group(1))
    for path in sorted(glob.glob(os.path.join(TOP, "dashboard/pages/*.c"))):
        text = strip_comments(open(path, encoding="utf-8").read())
        found = re.findall(r"const struct page_route \w+_page = \{\s*\"(/[^\"]*)\",\s*(\"[^\"]*\"|\w+)", text)
        for route, permission in found:
            if not word.match(permission.strip('"')):
                fault(os.path.relpath(path, TOP), 1, "%s has no permission" % route)
        if not found:
            fault(os.path.relpath(path, TOP), 1, "a page needs its route")


def check_planted():
    """Each planted bug finds its place: else it would be told only when it is planted."""
    path = "tests/faults/planted.py"
    space = {"__name__": "planted", "__file__": os.path.join(TOP, path)}
    exec(compile(open(os.path.join(TOP, path), encoding="utf-8").read(), path, "exec"), space)
    for what, file, place, *_ in space["BUGS"]:
        if not os.path.exists(os.path.join(TOP, file)) or place not in open(os.path.join(TOP, file)).read():
            fault(path, 1, "'%s': its place is gone from %s" % (what, file))


def check_drawing():
    """The drawing in engine/README.md has each room, and what a room links is below it."""
    path = "engine/README.md"
    drawing = open(os.path.join(TOP, path)).read().split("```")[1]
    rooms = []
    for line in drawing.split("\n"):
        bare = re.sub(r"^[ |`-]*", "", line)
        rooms += re.findall(r"[a-z]+", bare.split("  ", 2 if bare.startswith("lang") else 1)[0] + " " +
                            (bare.split("  ")[1] if bare.startswith("lang") else ""))
    at = {room: n for n, room in reversed(list(enumerate(rooms)))}
    linked = open(os.path.join(TOP, "engine/CMakeLists.txt")).read()
    part = {"pattern", "path", "schema", "schedule", "jsonata", "asl"}
    for name, uses in re.findall(r"pav_module\((\w+) SOURCES \S+\s+USES ([^)]*)\)", linked):
        for used in re.findall(r"pav_(\w+)", uses):
            above, below = ("lang" if x in part else x for x in (name, used))
            if above not in at or below not in at:
                fault(path, 1, "the drawing lacks %s" % (below if above in at else above))
            elif above != below and at[above] >= at[below]:
                fault(path, 1, "%s links %s, which the drawing has above it" % (above, below))


def check_named_files(tracked):
    """Files that READMEs name in backquotes, and comments of code by themselves, are there."""
    names = {}
    for path in tracked:
        names.setdefault(os.path.basename(path), []).append("/" + path)
    for path in tracked:
        if not os.path.exists(os.path.join(TOP, path)):
            continue
        if path in ("engine/README.md", "dashboard/README.md", "tests/README.md"):
            found = re.findall(r"`([\w./-]+\.(?:c|h|py|sh|html))`", open(os.path.join(TOP, path), encoding="utf-8").read())
        elif path.endswith((".c", ".h")) and not path.startswith("tests/"):
            comments = re.findall(r"/\*.*?\*/", open(os.path.join(TOP, path), encoding="utf-8").read(), re.S)
            found = re.findall(r"\b([a-z_]+(?:/[a-z_]+)*\.[ch])\b", " ".join(comments))
        else:
            continue
        for name in found:
            if not any(full.endswith("/" + name) for full in names.get(os.path.basename(name), [])) and "NAME" not in name and \
                    "_X" not in name and "/X" not in name and name not in FOREIGN_FILES:
                fault(path, 1, "there is no %s" % name)


def check_circles():
    for room in circles.CEILINGS:
        for header, n, files in circles.hubs(room):
            fault(header, 1, "it reaches %d of %d files of its room, more than half: split it by what it is about" % (n, files))
    for room, _, count in circles.counts():
        ceiling = circles.CEILINGS[room]
        if count > ceiling:
            fault(room, 1, "%d files call each other in circles, %d may: python3 tests/lint/circles.py %s" %
                  (count, ceiling, room))
        elif count < ceiling:
            fault("tests/lint/circles.py", 1, "%s has %d files in circles: its ceiling falls" % (room, count))


def check_suites():
    """What tests/run.sh does not name never runs."""
    run = open(os.path.join(TOP, "tests", "run.sh"), encoding="utf-8").read()
    named = {word for line in re.findall(r"e2e \S+ e2e- (.*)", run) for word in line.split()}
    for name in sorted(os.listdir(os.path.join(TOP, "tests", "e2e"))):
        m = re.fullmatch(r"test_(\w+)\.py", name)
        if m and m.group(1) not in named:
            fault("tests/e2e/" + name, 1, "tests/run.sh does not run it")


def main():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True,
                           check=True).stdout.split()
    checked = 0
    allowed = {"engine", "machines", "dashboard", "include", "tests", "CMakeLists.txt", "README.md", "LICENSE"}
    for path in files:
        if path.split("/")[0] not in allowed and not path.startswith("."):
            fault(path, 1, "not one of the top-level names")
        if re.search(r"/seeds/.*/[0-9a-f]{40}$", path):
            fault(path, 1, "an input that a fuzzer made: a seed has a name that says what it is")
        if not os.path.exists(os.path.join(TOP, path)) or \
                path.endswith((".png", ".svg")) or path.startswith("tests/fuzz/seeds/"):
            continue
        text = open(os.path.join(TOP, path), encoding="utf-8").read()
        lines = text.split("\n")
        is_c = path.endswith((".c", ".h"))
        checked += 1
        check_text(path, lines, is_c)
        if not path.startswith("tests/") and path.endswith((".c", ".h", ".md", ".html", ".1")):
            check_prose(path, text)
        if is_c:
            check_headers(path, lines)
            check_code(path, text)
            if not path.startswith("tests/"):
                check_functions(path, text)
                if len(lines) > 1200:
                    fault(path, 1, "%d lines: split or defend" % len(lines))
    check_checklist()
    check_suites()
    check_reported()
    check_permissions()
    check_planted()
    check_circles()
    check_drawing()
    check_named_files(files)
    # the README lists every setting of the daemon
    serve = open(os.path.join(TOP, "engine/cli/serve.c")).read()
    table = serve[serve.index("settings[] = {"):serve.index("SETTING_HELP")]
    readme_path = os.path.join(TOP, "README.md")
    readme = open(readme_path).read() if os.path.exists(readme_path) else ""
    for name in re.findall(r'\{"([a-z-]+)"', table):
        if "`--%s" % name not in readme:
            fault("README.md", 1, "the setting --%s is not listed" % name)
    for f in faults:
        print(f)
    bad = len({f.split(":")[0] for f in faults})
    print("%d passed, %d failed, 0 skipped" % (checked - bad, bad))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
