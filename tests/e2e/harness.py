"""A real daemon in a temporary folder, for end-to-end tests.

Environment: PAVANE names the binary; PAVANE_SAMPLE the folder of the published
sample, if it is there.  Every process is ended by the id that was started.
"""
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAVANE = os.environ.get("PAVANE", os.path.join(TOP, "build", "pavane"))
SAMPLE = os.environ.get("PAVANE_SAMPLE")
AWS_TARGET = "AWSStepFunctions."

sys.path.insert(0, os.path.join(TOP, "tests", "support"))
from bare import bare_machines  # noqa: E402

MACHINES = bare_machines()  # order, car and finding

# What a sanitizer finds ends the daemon, or its exit, and the test.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=98", "TSAN_OPTIONS": "halt_on_error=1:exitcode=97",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "LSAN_OPTIONS": "exitcode=96"}
REPORT = re.compile(r"(ERROR|WARNING): \w*Sanitizer.*|runtime error: .*|level=bug .*")
turns = os.environ.get("PAVANE_TURNS")  # a file: the longest turn of each daemon


class Daemon:
    def __init__(self, machines=None, db=None, folder=None, preexec=None, **options):
        self.folder = folder or tempfile.mkdtemp(prefix="pavane-e2e-")
        self.own_folder = folder is None
        self.db = db or os.path.join(self.folder, "p.db")
        self.machines = machines
        self.preexec = preexec
        self.options = options
        self.process = None
        self.may_die = False  # a test that expects it to end by itself
        self.long_turns = False  # a test whose turns are known to be long: see tests/README.md
        self.log_seen = 0

    def start(self, **more):
        args = [PAVANE, "serve", "--db", self.db, "--listen", "127.0.0.1:0"]
        if self.machines:
            args += ["--machines", self.machines]
        for name, value in {**self.options, **more}.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=self.log, preexec_fn=self.preexec,
                                        env={**SANITIZERS, **os.environ})
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on http://"):
            self.process.wait()
            raise RuntimeError("the daemon did not start: " + open(self.log.name).read())
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def kill(self):
        """kill -9, as a power switch would."""
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        self._close()
        self.check_log()
        if code != -signal.SIGKILL and not self.may_die:
            raise AssertionError("the daemon had ended by itself, with %d: %s" % (code, self.read_log()[-2000:]))

    def stop(self):
        """SIGTERM; the exit code.  What a sanitizer said is a failure."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self._close()
        self.check_log()
        if code != 0 and not self.may_die:
            raise AssertionError("the daemon ended with %d: %s" % (code, self.read_log()[-2000:]))
        if not self.may_die:
            self.check_counts()
        return code

    def check_counts(self):
        """Whatever a test did: executions are counted where they are."""
        db = sqlite3.connect("file:%s?mode=ro" % self.db, uri=True)
        try:
            counted = db.execute("SELECT machine_id,child,status,states,count FROM standing").fetchall()
            there = db.execute("SELECT x.machine_id,coalesce(n.run_id,0)>0,x.status,x.states,count(*) FROM execution x"
                               " LEFT JOIN note n ON n.execution_id=x.id GROUP BY 1,2,3,4").fetchall()
        except sqlite3.DatabaseError:
            return  # a test damaged it: it says itself what must hold then
        finally:
            db.close()
        if sorted(counted) != sorted(there):
            raise AssertionError("counted: %s; there: %s" % (sorted(counted), sorted(there)))

    def read_log(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def check_log(self):
        text = self.read_log()
        found = None if self.may_die else REPORT.search(text)
        if found:
            raise AssertionError("%s\n%s" % (found.group(0), text[found.start():][:4000]))
        if turns and not self.long_turns:
            with open(turns, "a") as f:
                f.writelines("%s %s\n" % (us, os.path.basename(sys.argv[0]))
                             for us in re.findall(r"longest_turn_us=(\d+)", text[self.log_seen:]))
        self.log_seen = len(text)

    def _close(self):
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            if self.process:
                self.stop()
        finally:
            if self.process:
                self.process.kill()
                self.process.wait()
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    # -- speaking to it

    def ask(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = {"Content-Type": "application/json"} if body is not None else {}
        head.update(headers or {})
        c.request(method, path, body=body, headers=head)
        r = c.getresponse()
        data = r.read()
        self.headers = dict(r.getheaders())
        c.close()
        return r.status, data

    def get(self, path):
        status, data = self.ask("GET", path)
        if status != 200:
            raise RuntimeError("%s: %d %s" % (path, status, data))
        return json.loads(data)

    def post(self, events):
        status, data = self.ask("POST", "/events", json.dumps(events))
        return status, json.loads(data)

    def send(self, event):
        """One event; its dispositions as [(machine, disposition)]."""
        status, answer = self.post(event)
        if status != 200:
            raise RuntimeError("%d %s" % (status, answer))
        return [(d["machine"], d["disposition"]) for d in answer["results"][0]["dispositions"]]

    def aws(self, action, **parameters):
        status, data = self.ask("POST", "/", json.dumps(parameters),
                                {"Content-Type": "application/x-amz-json-1.0",
                                 "X-Amz-Target": AWS_TARGET + action})
        return status, json.loads(data)

    def move(self, to, quiet=False):
        """A virtual clock, on to that time; with `quiet` until nothing is on its way any more, either."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status, data = self.ask("POST", "/", json.dumps({"Until": to}), {"X-Amz-Target": "Pavane.MoveClock"})
            if status != 200:
                raise RuntimeError("%d %s" % (status, data))
            answer = json.loads(data)
            there = answer["Now"] == to.replace("Z", ".000Z")
            if there and (answer.get("Quiet", True) or not quiet):
                return
            if there:
                time.sleep(0.005)
        raise AssertionError("the clock does not arrive at %s" % to)

    def executions(self, **filters):
        return self.get("/api/v1/executions?" + urllib.parse.urlencode(filters))["executions"]

    def history(self, execution_id):
        events, path = [], "/api/v1/executions/%s/history" % urllib.parse.quote(execution_id, safe="")
        query = ""
        while True:
            page = self.get(path + query)
            events += page["events"]
            if not page["next"]:
                return events
            query = "?next=" + page["next"]


def cli(*args, url=None, stdin=None):
    """Run a subcommand: (exit code, output, errors)."""
    command = [PAVANE, *args] + (["--url", url] if url else [])
    r = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def shape(history):
    """A history without what may differ between two runs."""
    out = []
    for e in history:
        e = json.loads(json.dumps(e))
        e.pop("timestamp")
        text = json.dumps(e, sort_keys=True)
        scheduled = e.get("taskScheduledEventDetails")
        if scheduled:
            parameters = json.loads(scheduled["parameters"])
            text = text.replace(find_token(parameters) or "\0", "TOKEN")
        out.append(text)
    return out


def find_token(value):
    if isinstance(value, str):
        return value if len(value) == 43 else None
    for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        found = find_token(v)
        if found:
            return found
    return None


PATIENCE = int(os.environ.get("PAVANE_PATIENCE", "120"))  # seconds: a machine may be busy with other things


def golden(path, text):
    """What a file says that a text must be; with PAVANE_GOLDEN it is written anew."""
    if os.environ.get("PAVANE_GOLDEN"):
        with open(path, "w") as f:
            f.write(text)
    with open(path) as f:
        return f.read()


def until(condition, seconds=PATIENCE, what=None):
    """Wait for a condition, not for a time; `what` tells what there was instead."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not come true within %d s%s" % (seconds, ": %s" % (what(),) if what else ""))


def main():
    """Runs the file's tests, or those named; the last line is the tally."""
    here, names = __import__("__main__"), [a for a in sys.argv[1:] if not a.startswith("-")]
    load = unittest.defaultTestLoader
    suite = load.loadTestsFromNames(names, here) if names else load.loadTestsFromModule(here)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print("%d passed, %d failed, %d skipped" % (result.testsRun - failed - skipped, failed, skipped))
    raise SystemExit(1 if failed else 0)
