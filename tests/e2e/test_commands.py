#!/usr/bin/env python3
"""The commands, whoever answers them, and what is reported of files that lack something."""
import fcntl
import http.server
import json
import os
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import unittest
import urllib.parse

from harness import Daemon, MACHINES, PATIENCE, PAVANE, TOP, cli, main, until



class Stranger:
    """A server that is not Pavane: one answer for everybody."""

    def __init__(self, status, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Commands(unittest.TestCase):
    def test_C4_a_server_that_is_not_pavane(self):
        bodies = [b"<html>hello</html>", b"{}", b"[]", b"null", b"5", b'"executions"', b"", b'{"executions":{"a":1}}',
                  b'{"executions":[1,null]}', b'{"executions":[]}', b'{"results":[]}', b'{"results":{}}', b'{"results":[3]}',
                  b'{"executionId":5}', b'{"executions":[{}]}', b'{"executions":[{"executionId":"m:a"}]}',
                  b'{"events":[1],"executionId":"m:a","waits":[2],"deadLetters":[3],"executions":[{"executionId":"m:a"}]}',
                  b'{"message":7}', b'{"Count":{}}']
        commands = [["list"], ["show", "a"], ["show", "m:a"], ["history", "a"], ["history", "m:a"], ["dead-letters"],
                    ["dead-letters", "--redrive"], ["what-if", os.path.join(MACHINES, "order"), "--archive", "a"]]
        event = json.dumps({"id": "1", "source": "s", "detail-type": "t", "detail": {}})
        for status in (200, 404, 503):
            for body in bodies if status == 200 else bodies[:4]:
                with Stranger(status, body) as s:
                    for command in commands:
                        for more in ([], ["--json"]):
                            code, out, err = cli(*command, *more, url=s.url)
                            if code == 0:  # the right shape, from whomever
                                self.assertEqual((status, command[0] == "what-if"), (200, False), (command, body, out))
                                continue
                            wanted = (1, 3) if status == 200 else (3,)
                            self.assertIn(code, wanted, (command, status, body, err))
                            self.assertTrue(err.startswith("pavane " + command[0]), err)
                            if code == 3:
                                self.assertIn("is not Pavane", err)
                    code, out, err = cli("send", "-", url=s.url, stdin=event)
                    self.assertEqual((code, out), (3, ""), (status, body, out, err))

    def test_C19_one_shape(self):
        with Daemon(MACHINES) as d:
            sample = json.load(open(MACHINES + "/order/events/waiting.json"))["events"]
            code, out, _ = cli("send", "-", "--json", url=d.url, stdin=json.dumps(sample))
            self.assertEqual((code, len(json.loads(out)["items"])), (0, len(sample)))
            order = dict(sample[0], id="other", detail=dict(sample[0]["detail"], orderId="other"))
            cli("send", "-", url=d.url, stdin=json.dumps(order))
            code, out, err = cli("list", "--limit", "1", url=d.url)
            self.assertIn("more follow: --next ", err)
            code, out, _ = cli("list", "--limit", "1", "--json", "--next", err.split()[-1], url=d.url)
            answer = json.loads(out)
            self.assertEqual((len(answer["items"]), answer["next"]), (1, None))
            shown = json.loads(cli("show", "order-1004", "--json", url=d.url)[1])
            self.assertEqual([w["state"] for w in shown["waits"]], ["AwaitShop"])
            for command in (["history", "order-1004"], ["dead-letters"], ["list"]):
                self.assertEqual(set(json.loads(cli(*command, "--json", url=d.url)[1])), {"items", "next"}, command)
            stray = json.dumps({"id": "x", "source": "nobody", "detail-type": "t", "detail": {}})
            self.assertEqual(cli("send", "-", url=d.url, stdin=stray)[0], 0)
            self.assertEqual(cli("send", "-", "--strict", url=d.url, stdin=stray.replace('"x"', '"y"'))[0], 1)

    def terminal(self, columns, *args):
        """What a terminal that is so wide gets."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        p = subprocess.Popen([PAVANE, *args], stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # its other end is closed
                break
            if not piece:
                break
            said += piece
        os.close(ours)
        p.communicate()
        return said.decode().replace("\r\n", "\n")

    def test_a_terminal_of_80_columns(self):
        """Rows in columns and no line that is wider; a pipe gets tabs, and whole lines."""
        with Daemon(MACHINES) as d:
            for n in range(30):
                d.send({"source": "order.service" if n % 5 else "a.producer.with.a.long.name", "detail-type": "OrderReceived" if n % 3 else "OrderRecieved",
                        "detail": {"orderId": "order-\u00e9-%d%s" % (n, "-of-a-long-name" if n % 7 == 0 else "")}})
            until(lambda: sum(p["events"] for p in d.get("/api/v1/producers")["producers"]) == 30)  # they are gathered
            for command in (["attention"], ["deviations"], ["producers"], ["deliveries"], ["flow", "order"], ["list"], ["show", "order-\u00e9-1"]):
                whole = cli(*command, url=d.url)[1]
                for columns in (80, 60, 200):
                    said = self.terminal(columns, *command, "--url", d.url)
                    for line in said.splitlines():
                        self.assertLessEqual(len(line), columns, (command, line))
                    self.assertEqual(said.split(), whole.split(), command)
            piped = cli("list", url=d.url)[1].splitlines()
            self.assertEqual({line.count("\t") for line in piped}, {3})
            rows = [x for x in self.terminal(80, "list", "--url", d.url).splitlines() if x.endswith("Z") and not x.startswith(" ")]
            self.assertEqual(len({len(x) for x in rows}), 1, rows)  # dates are below each other

    def comes(self, process, text):
        for line in process.stdout:
            if text in line:
                return
        self.fail("%s was not printed" % text)

    def test_watch(self):
        with Daemon(MACHINES) as d:
            d.send({"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": "o-1"}})
            watching = {c: subprocess.Popen([PAVANE, *c.split(), "--watch", "--url", d.url], stdout=subprocess.PIPE, text=True)
                        for c in ("attention", "deviations", "producers", "deliveries", "flow order")}
            patience = threading.Timer(PATIENCE, lambda: [p.kill() for p in watching.values()])  # what is not printed ends as well
            patience.start()
            try:
                first = {c: watching[c].stdout.readline() for c in ("attention", "deviations", "flow order")}
                self.assertEqual(first["attention"], "nothing needs attention\n")
                self.assertEqual(first["deviations"], "every event of that time did what it should\n")
                self.comes(watching["producers"], "1 events: 1 started")
                self.assertEqual(first["flow order"], "order, version 1: 0 ended\n")
                d.send({"source": "order.service", "detail-type": "OrderRecieved", "detail": {"orderId": "o-2"}})
                self.assertRegex(watching["attention"].stdout.readline(), "1  ")
                self.assertRegex(watching["deviations"].stdout.readline(), "1 of 1 unmatched: OrderRecieved of order.service")
                self.comes(watching["producers"], "2 events: 1 started, 1 unmatched")
                self.assertEqual([p.poll() for p in watching.values()], [None] * 5)
                refused = subprocess.run([PAVANE, "flow", "nosuch", "--watch", "--url", d.url], capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual((refused.returncode, refused.stdout), (1, ""), refused.stderr)
            finally:
                patience.cancel()
                for p in watching.values():
                    p.terminate()
                    p.communicate()

    def test_C19_history_tells_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            self.machine(folder, "m", {"F": {"Type": "Fail", "Error": "Broken", "Cause": "one\ntwo"}},
                         {"correlationId": "$.detail.id", "start": [{"name": "r", "pattern": {"source": ["s"]}}]})
            with Daemon(folder) as d:
                d.post({"source": "s", "detail-type": "t", "detail": {"id": "k"}})
                self.assertTrue(cli("history", "k", url=d.url)[1].endswith("\tBroken\tone two\n"))

    def test_C18_what_is_near(self):
        code, out, err = cli("lst")
        self.assertEqual((code, out, "did you mean 'list'?" in err), (2, "", True))
        self.assertEqual(cli("-h")[0], 0)
        self.assertIn("usage: pavane list", cli("list", "-h")[1])
        self.assertIn("did you mean 'status'?", cli("list", "--sttus", "RUNNING")[2])
        code, _, err = cli("serve", "--account", "12", "--listen", "127.0.0.1:0")
        self.assertEqual((code, "--account: '12' is not an account id" in err), (2, True), err)
        code, _, err = cli("serve", "--data", "/nowhere/x", "--listen", "127.0.0.1:0")
        self.assertEqual((code, "--data: '/nowhere/x' is no folder" in err), (3, True), err)
        code, _, err = cli("list", "--url", "https://x")
        self.assertEqual((code, "'https://x' is no http://HOST:PORT" in err), (2, True), err)
        with tempfile.TemporaryDirectory() as folder:
            path = self.machine(folder, "m", {"A": {"Type": "Succeed"}})
            rule = '{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.x","StringEqual":"a","Next":"A"}]}}}'
            for text, said in (("\ufeff{}", "byte order mark"), ("StartAt: A\n", "YAML"), ('{"StartAt":"A","StartAt":"B"}', "the key 'StartAt' appears"),
                               (rule, "'StringEqual' is none: did you mean 'StringEquals'?")):
                with open(os.path.join(path, "machine.asl.json"), "w", encoding="utf-8") as f:
                    f.write(text)
                self.assertIn(said, cli("validate", path)[1])
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            for text, said in (('{"db": 5}', "'db' must be a text"), ('{"listn": "x"}', "did you mean 'listen'?")):
                f.seek(0)
                f.truncate()
                f.write(text)
                f.flush()
                code, _, err = cli("serve", "--settings", f.name)
                self.assertEqual((code, said in err), (2, True), err)
            self.assertFalse(os.path.exists("5"))

    def test_C20_C21_readme_and_install(self):
        with open(os.path.join(TOP, "README.md")) as f:
            readme = f.read()
        for word in ("AWS_ENDPOINT_URL", "AWS_DISABLE_HOST_PREFIX_INJECTION", "cmake --install"):
            self.assertIn(word, readme)
        event = json.loads(re.search(r"-d '\n +(\{.*?\})'\n", readme).group(1))
        self.assertNotIn(event["id"], ("1", "2"))
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run(["cmake", "--install", os.path.dirname(PAVANE), "--prefix", prefix], check=True, capture_output=True)
            out = subprocess.run([os.path.join(prefix, "bin", "pavane"), "--version"], capture_output=True, text=True).stdout
            self.assertTrue(out.startswith("pavane "), out)
            for path in ("share/man/man1/pavane.1", "lib/systemd/system/pavane.service",
                         "share/bash-completion/completions/pavane", "share/zsh/site-functions/_pavane"):
                self.assertTrue(os.path.exists(os.path.join(prefix, path)), path)
            with open(os.path.join(prefix, "share/man/man1/pavane.1")) as f:
                page = f.read().replace("\\-", "-")
            for command in re.findall(r"^  (\S+) ", cli("--help")[1], re.M):
                self.assertIn(".SS %s\n" % command, page)
                for option in re.findall(r"^  (--[\w-]+)", cli(command, "--help")[1], re.M):
                    self.assertIn(option, page, command)
            script = os.path.join(prefix, "share/bash-completion/completions/pavane")
            ask = "source %s; COMP_WORDS=(pavane %%s); COMP_CWORD=%%d; _pavane; echo ${COMPREPLY[@]}" % script
            def completed(words, at):
                return subprocess.run(["bash", "-c", ask % (words, at)], capture_output=True, text=True, check=True).stdout.split()
            self.assertEqual(completed("atten", 1), ["attention"])
            self.assertEqual(completed("attention --w", 2), ["--watch"])
            self.assertEqual(completed("serve --dat", 2), ["--data"])
            self.assertIn("CMakeLists.txt", completed("validate CMake", 2))

    def test_C17_parameters(self):
        with Daemon(MACHINES) as d:
            for n in range(4):
                d.post({"source": "nobody", "detail-type": "t", "id": str(n), "detail": {}})
            for form, lines in (("csv", 3), ("jsonl", 2)):
                text = d.ask("GET", "/api/v1/dispositions?limit=2&format=" + form)[1].decode()
                self.assertEqual(len(text.strip().splitlines()), lines)
                self.assertIn("X-Pavane-Next", d.headers)
            event = json.dumps({"source": "nobody", "detail-type": "t", "detail": {}})
            status, answer = d.ask("POST", "/events?buss=x", event)
            self.assertEqual((status, json.loads(answer)["at"]), (400, "buss"))
            for page in ("/?attribute=a:b", "/executions?machin=x", "/machines/order?Tab=x"):
                status, answer = d.ask("GET", page)
                self.assertEqual((status, b"No page has a parameter" in answer), (400, True), page)

    def test_D7_D8_a_key_that_no_rule_found_and_one_that_turns_text(self):
        with Daemon(MACHINES) as d:
            d.post({"source": "nobody.knows", "detail-type": "t", "detail": {"orderId": "order-unk-1"}})
            page = d.ask("GET", "/by-key/order-unk-1")[1].decode()
            self.assertNotIn("None came", page)
            self.assertIn("had it in the payload", page)
            for key, apart in (("a\u202eb", True), ("\u05d0\u05d1", True), ("\u00e9-\u4e2d", False)):
                d.post({"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": key}})
                page = d.ask("GET", "/executions/" + urllib.parse.quote("order:" + key))[1].decode()
                self.assertEqual("\u2068%s\u2069" % key in page, apart, key)
                self.assertNotIn('"\u2068', page)

    def test_B20_hangup_reads_the_tokens_again(self):
        with tempfile.NamedTemporaryFile("w") as f:
            def write(text):
                f.seek(0)
                f.truncate()
                f.write(text)
                f.flush()

            def status(token):
                return d.ask("GET", "/api/v1/executions", headers={"Authorization": "Bearer " + token})[0]

            write("a" * 16)
            with Daemon(MACHINES, token_file=f.name) as d:
                self.assertEqual((status("a" * 16), status("b" * 16)), (200, 401))
                write("b" * 16)
                os.kill(d.process.pid, signal.SIGHUP)
                until(lambda: status("b" * 16) == 200)
                self.assertEqual(status("a" * 16), 401)
                write("short")
                os.kill(d.process.pid, signal.SIGHUP)
                until(lambda: "tokens stay as they were" in d.read_log())
                self.assertEqual(status("b" * 16), 200)

    def test_B20_hangup_reads_settings_and_services_again(self):
        """Tables, endpoints and the log's level are those of the files now; a fault in one leaves all as they were."""
        with tempfile.TemporaryDirectory() as t:
            files = {name: os.path.join(t, name + ".json") for name in ("settings", "services")}

            def write(name, **content):
                with open(files[name], "w") as f:
                    json.dump(content, f)

            def again(text):
                seen = len(d.read_log())
                os.kill(d.process.pid, signal.SIGHUP)
                until(lambda: text in d.read_log()[seen:])
                return d.read_log()[seen:]

            def put(table):
                x = d.aws("StartExecution", stateMachineArn=arn, input=json.dumps({"t": table}))[1]["executionArn"]
                return until(lambda: (lambda e: e if e["status"] != "RUNNING" else None)(
                    d.aws("DescribeExecution", executionArn=x)[1]))

            write("settings", services=files["services"])
            write("services", tables={"one": {"key": ["id"]}})
            with Daemon(settings=files["settings"]) as d:
                arn = d.aws("CreateStateMachine", name="m", roleArn="arn:aws:iam::000000000000:role/r", definition=json.dumps({
                    "StartAt": "P", "States": {"P": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {
                        "TableName.$": "$.t", "Item": {"id": {"S": "1"}}}, "End": True}}}))[1]["stateMachineArn"]
                self.assertEqual([put(t)["status"] for t in ("one", "two")], ["SUCCEEDED", "FAILED"])
                write("services", tables={"two": {"key": ["id"]}})
                write("settings", services=files["services"], **{"log-level": "debug", "queue": 100})
                log = again("are read again")
                self.assertIn("the setting 'queue' has changed; it is read at the start only", log)
                self.assertEqual([put(t)["status"] for t in ("one", "two")], ["FAILED", "SUCCEEDED"])
                d.aws("ListActivities", nobodyKnows=1)  # told on the debug level
                until(lambda: "level=debug" in d.read_log())
                write("services", tables=5)
                self.assertIn("services.json", again("stay as they were"))
                write("services", tables={})
                write("settings", services=files["services"], nonsense=1)
                self.assertIn("nonsense", again("stay as they were"))
                self.assertEqual(put("two")["status"], "SUCCEEDED")

    def test_parameters_that_nobody_reads_are_told(self):
        def told(resource, **parameters):
            with tempfile.NamedTemporaryFile("w", suffix=".asl.json") as f:
                json.dump({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::" + resource,
                                                            "Parameters": parameters, "End": True}}}, f)
                f.flush()
                return [line.split(": ", 2)[2] for line in cli("validate", f.name)[1].splitlines() if "warning" in line]
        f = "UNKNOWN_FIELD: %s has no '%s'; it is ignored; did you mean '%s'? (/States/A/Parameters/%s)"
        self.assertEqual(told("lambda:invoke", FunctionName="f", **{"Payloadd.$": "$"}),
                         [f % ("lambda:invoke", "Payloadd", "Payload", "Payloadd")])
        self.assertEqual(told("lambda:invoke.waitForTaskToken", FunctionName="f", Qualifier="1", Payload={"t.$": "$$.Task.Token"}),
                         ["NO_EFFECT: 'Qualifier' of lambda:invoke has no effect here (/States/A/Parameters/Qualifier)"])
        self.assertEqual(told("aws-sdk:sfn:sendTaskSuccess", TaskToken="t", Outputt="{}"),
                         [f % ("sfn:sendTaskSuccess", "Outputt", "Output", "Outputt")])
        self.assertEqual(told("events:putEvents", Entries=[{"Source": "s", "DetailTyp": "t", "Detail": {"any": 1}}]),
                         [f % ("an entry of putEvents", "DetailTyp", "DetailType", "Entries/0/DetailTyp")])
        for resource, parameters in (("sqs:sendMessage", {"QueueUrl": "q", "MessageBody.$": "$", "DelaySeconds": 1}),
                                     ("dynamodb:updateItem", {"TableName": "t", "Key": {}, "UpdateExpression": "SET a = :a"}),
                                     ("aws-sdk:s3:getObject", {"Anything": 1})):
            self.assertEqual(told(resource, **parameters), [], resource)

    # ---- files ----

    def machine(self, folder, name, states, rules=None, **files):
        path = os.path.join(folder, name)
        os.makedirs(path)
        json.dump({"StartAt": next(iter(states)), "States": states}, open(os.path.join(path, "machine.asl.json"), "w"))
        if rules is not None:
            json.dump(rules, open(os.path.join(path, "rules.json"), "w"))
        for file, text in files.items():
            with open(os.path.join(path, file.replace("_", ".")), "w") as f:
                f.write(text)
        return path

    def test_C11_misspelt_cases(self):
        rules = {"correlationId": "$.detail.id", "start": [{"name": "r", "pattern": {"source": ["s"]}}]}
        event = {"id": "1", "source": "s", "detail-type": "t", "detail": {"id": "k"}}
        cases = [({"events": [event], "expect": {"statuss": "FAILED"}}, 1, "expect has no field 'statuss'; did you mean 'status'?"),
                 ({"event": [event], "expect": {"status": "SUCCEEDED"}}, 1, "the case has no field 'event'; did you mean 'events'?"),
                 ({"events": event, "expect": {}}, 1, "events must be a list"),
                 ({"events": [event]}, 0, "the case expects nothing"),
                 ({"events": [dict(event, detail={})], "expect": {"status": "SUCCEEDED"}}, 1, "event 1 is rejected: "),
                 ({"events": [event], "expect": {"status": "SUCCEEDED"}}, 0, "ok ")]
        with tempfile.TemporaryDirectory() as folder:
            path = self.machine(folder, "m", {"A": {"Type": "Succeed"}}, rules)
            os.makedirs(os.path.join(path, "events"))
            for case, wanted, said in cases:
                json.dump(case, open(os.path.join(path, "events", "c.json"), "w"))
                code, out, err = cli("test", path)
                self.assertEqual((code, said in out), (wanted, True), out + err)

    def test_C12_what_a_folder_lacks(self):
        good = {"A": {"Type": "Succeed"}}
        rules = {"correlationId": "$.detail.id", "start": [{"name": "r", "pattern": {"source": ["s"]}}]}
        retried = {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},
                         "Retry": [{"ErrorEquals": ["States.Timeuot"]}], "End": True}}
        with tempfile.TemporaryDirectory() as folder:
            self.machine(folder, "bad name", good, rules)
            os.makedirs(os.path.join(folder, "empty"))
            self.machine(folder, "norules", good)
            self.machine(folder, "rule", good, rule_json="{}")
            self.machine(folder, "start", good, dict(rules, start=[]))
            self.machine(folder, "readme", good, rules, README_md="# m\n\n## A\n\nfine\n\n## Elsewhere\n\nlost\n")
            self.machine(folder, "timeuot", retried, rules)
            said = {"bad name": "error: NAME", "empty": "warning: NO_DEFINITION", "norules": "warning: NO_RULES",
                    "rule": "is 'rule.json' meant to be it?", "start": "warning: NO_START",
                    "readme": "README.md:7:1: warning: NO_SUCH_STATE", "timeuot": "did you mean 'States.Timeout'?"}
            out = cli("validate", folder)[1]
            for name, text in said.items():
                self.assertIn(text, out, name)
            with Daemon(folder) as d:
                def lacking():  # the folders are read one after the other while pages are already answered
                    pages = (d.ask("GET", "/machines")[1] + d.ask("GET", "/")[1]).decode().replace("&apos;", "&#39;")
                    return [name for name, text in said.items() if text.replace("'", "&#39;") not in pages]
                until(lambda: not lacking())
                log = d.read_log()
                for name, text in said.items():
                    self.assertIn(text, log, name)
                names = {m["machine"] for m in d.get("/api/v1/machines")["machines"]}
                self.assertLessEqual({"norules", "rule", "start", "readme", "timeuot"}, names)
                os.remove(os.path.join(folder, "norules", "machine.asl.json"))  # it stays as a folder, not as a machine
                until(lambda: "NO_DEFINITION" in d.ask("GET", "/machines/norules")[1].decode())
                self.assertIn("Its folder is gone", d.ask("GET", "/machines/norules")[1].decode())

    def test_B21_faults_of_rules_have_their_place(self):
        rules = {"correlationId": ["$.detail.items[*]", "$.source"], "index": {"items": "$$.Execution.Id"}, "start": [
            {"name": "a", "pattern": {"source": ["s"]}, "inputTransformer": {"InputPathsMap": {"x": "$.detail.id"}, "InputTemplate": "<y>"}},
            {"name": "b", "pattern": {"detail": {"n": [{"prefixx": "s"}]}}}]}
        with tempfile.TemporaryDirectory() as folder:
            out = cli("validate", self.machine(folder, "m", {"A": {"Type": "Succeed"}}, rules))[1]
        self.assertRegex(out, r"a path to a part of the correlation id must name one value, without \[\*\].* \(/correlationId\)")
        self.assertIn("a path to an attribute must name values of the event (/index/items)", out)
        self.assertIn("(/start/0/inputTransformer", out)
        self.assertRegex(out, r"rules.json:\d+:\d+: .*Unrecognized match type prefixx \(at 'detail.n'\) \(/start/1/pattern/detail/n\)")

    def test_B21_a_fault_beside_names_with_nul(self):
        rules = {"correlationId": "$.detail.id", "start": [{"name": "a", "pattern": {"a\0" + "b" * 900000: ["x"], "a": []}}]}
        with tempfile.TemporaryDirectory() as folder:
            code, out, _ = cli("validate", self.machine(folder, "m", {"A": {"Type": "Succeed"}}, rules))
        self.assertEqual((code, "Event pattern is not valid" in out), (1, True), out[:300])

    def test_A15_only_plain_files_are_opened(self):
        with tempfile.TemporaryDirectory() as folder:
            path = self.machine(folder, "m", {"A": {"Type": "Succeed"}})
            os.mkfifo(os.path.join(path, "rules.json"))
            self.assertIn("not a plain file", cli("validate", path)[1])
            with Daemon(folder) as d:
                until(lambda: "not a plain file" in d.ask("GET", "/machines")[1].decode())


if __name__ == "__main__":
    main()
