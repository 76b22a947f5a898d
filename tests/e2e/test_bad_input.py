"""Bad input gets one clear message that names place and reason, and loses nothing."""
import json
import os
import socket
import subprocess
import tempfile
import unittest

from harness import Daemon, MACHINES, PAVANE, main

START = {"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": "o"}}


def refused_start(*args):
    r = subprocess.run([PAVANE, "serve", *args], capture_output=True, text=True, timeout=20)
    return r.returncode, r.stderr.strip()


class Start(unittest.TestCase):
    def test_busy_port(self):
        with Daemon() as d, tempfile.TemporaryDirectory() as t:
            code, err = refused_start("--db", t + "/x.db", "--listen", "127.0.0.1:%d" % d.port)
            self.assertEqual(code, 3)
            self.assertIn("127.0.0.1:%d: the port is in use by another program" % d.port, err)
            self.assertEqual(d.ask("GET", "/livez")[0], 200)

    def test_database(self):
        with Daemon() as d, tempfile.TemporaryDirectory() as t:
            text = t + "/text.db"
            open(text, "w").write("no database at all, only a text that is long enough\n" * 5)
            code, err = refused_start("--db", text, "--listen", "127.0.0.1:0")
            self.assertEqual((code, err), (3, "pavane serve: %s: this file is no SQLite database, or its "
                                              "first page is damaged; name another file, or restore it from a backup" % text))
            code, err = refused_start("--db", t + "/nowhere/x.db", "--listen", "127.0.0.1:0")
            self.assertEqual(code, 3)
            self.assertIn(t + "/nowhere/x.db: cannot be opened for writing", err)
            code, err = refused_start("--db", d.db, "--listen", "127.0.0.1:0")
            self.assertEqual(code, 3)
            self.assertIn("in use by another process", err)

    def test_damaged_database(self):
        with tempfile.TemporaryDirectory() as t:
            db = t + "/x.db"
            with Daemon(MACHINES, db=db) as d:
                for n in range(200):
                    d.post({**START, "detail": {"orderId": "o%d" % n, "note": "x" * 1000}})
                d.stop()
            with open(db, "r+b") as f:
                data = bytearray(f.read())
                data[4096::97] = bytes(b ^ 0x5a for b in data[4096::97])
                f.seek(0)
                f.write(data)
            code, err = refused_start("--db", db, "--listen", "127.0.0.1:0")
            self.assertEqual(code, 3, err)
            self.assertRegex(err, ": the database is damaged where .* restore the file from a backup.*malformed")

    def test_settings(self):
        with tempfile.TemporaryDirectory() as t:
            with open(t + "/tokens", "w") as f:
                f.write("o" * 16 + "\n" + "t" * 16 + " 12345\n")
            for args, code, said in (
                    (["--token-file", t + "/tokens", "--listen", "127.0.0.1:0"], 3, "line 2 must be TOKEN ACCOUNT"),
                    (["--listen", "8080"], 2, "'8080' is no ADDRESS:PORT"),
                    (["--queue", "x"], 2, "'x' is not a whole number from 16 to 10000000"),
                    (["--listen", "0.0.0.0:0"], 3, "not loopback: --token-file is needed"),
                    (["--machines", t + "/none", "--listen", "127.0.0.1:0"], 3, "the folder of machines cannot be read"),
                    (["--log-level", "loud"], 2, "'loud' is none of debug, info, warn, error")):
                got, err = refused_start("--db", t + "/x.db", *args)
                self.assertEqual(got, code, err)
                self.assertIn(said, err)


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(MACHINES).start()

    @classmethod
    def tearDownClass(cls):
        assert cls.d.stop() == 0
        cls.d.__exit__()

    def refused(self, body, status, *said, path="/events", **headers):
        got, data = self.d.ask("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        self.assertEqual(got, status, data)
        for text in said:
            self.assertIn(text, data.decode())

    def test_events(self):
        self.refused("{", 400, '"at":"line 1, column 2"')
        self.refused('{"a":1} x', 400, "text behind the end of the value")
        self.refused("7", 400, "an event, or a list of events, is expected")
        self.refused("{}", 400, '"at":"/source"', "the field 'source' is required: a text")
        self.refused('{"source":"s"}', 400, '"at":"/detail-type"')
        self.refused('{"source":1,"detail-type":"x"}', 400, "the field 'source' must be a text of 1 to 256 bytes")
        self.refused('{"source":"s","detail-type":"x","detail":[]}', 400, "'detail' must be an object")
        self.refused('{"Source":"s","DetailType":"x","Detail":"[1"}', 400, "Detail is malformed.")
        self.refused(b'{"source":"\xff"}', 400, "these bytes are not UTF-8")
        self.refused("[" * 1001 + "]" * 1001, 413, "nested too deeply")
        self.refused(json.dumps({**START, "detail": {"orderId": "o", "x": "y" * 1048576}}), 413,
                     "at most 1048576 are taken here")
        self.refused(" " * (1024 * 1024 + 1), 413, "at most 1048576 are taken here")
        for field in ("id", "source", "detail-type"):
            for text in ("\\ud800", "a\\u0000b"):
                body = json.dumps({"id": "1", "source": "s", "detail-type": "x", field: "?"}).replace("?", text)
                self.refused(body, 400, "the field '%s' holds U+0000 or half a character" % field)
        self.assertEqual(self.d.ask("POST", "/events", "[]"), (200, b'{"results":[]}\n'))

    def test_no_correlation_id(self):
        for detail in ({}, {"orderId": ["x"]}, {"orderId": ""}, {"orderId": "a\0b"}, {"orderId": "k" * 1025}):
            status, answer = self.d.post({**START, "detail": detail})
            self.assertEqual(status, 200)
            [d] = answer["results"][0]["dispositions"]
            self.assertEqual((d["machine"], d["disposition"]), ("order", "rejected"))
            self.assertIn("$.detail.orderId", d["detail"])

    def test_a_number_is_a_correlation_id(self):
        self.assertEqual(self.d.send({**START, "detail": {"orderId": 17}}), [("order", "started")])
        self.assertEqual(self.d.executions(correlationId="17")[0]["executionId"], "order:17")

    def test_half_a_character_is_shown_as_unknown(self):
        body = json.dumps({**START, "detail": {"orderId": "half-?"}}).replace("?", "\\ud800")
        self.assertEqual(self.d.ask("POST", "/events", body)[0], 200)
        for path in ("/api/v1/executions", "/api/v1/waits", "/api/v1/dispositions", "/executions", "/events"):
            self.assertIn("half-\ufffd", self.d.ask("GET", path)[1].decode("utf-8"), path)

    def test_as_deep_as_is_taken(self):
        for n in (990, 995, 998, 1000, 1005):
            detail = '{"orderId":"deep%d","x":%s%s}' % (n, "[" * n, "]" * n)
            event = '{"source":"order.service","detail-type":"OrderReceived","detail":%s}' % detail
            entry = json.dumps([{"Source": "payment.service", "DetailType": "PaymentReceived", "Detail": detail}])
            for body in (entry, event):
                self.assertIn(self.d.ask("POST", "/events", body)[0], (200, 400, 413))
        self.assertEqual(self.d.executions(correlationId="deep990")[0]["status"], "RUNNING")

    def test_filters_that_are_none(self):
        for query in ("correlationId=%zz", "correlationId=%00", "correlationId=" + "x" * 5000, "key=x", "bogus"):
            status, data = self.d.ask("GET", "/api/v1/executions?" + query)
            self.assertEqual((status, json.loads(data)["message"][:14]), (400, "the parameters"), query)
        status, page = self.d.ask("GET", "/executions?status=sleeping")
        self.assertEqual((status, b"<code>status:sleeping</code>" in page), (200, True))

    def test_access(self):
        body = json.dumps(START)
        self.refused(body, 403, "this Host is not known here", Host="evil.example")
        self.refused(body, 403, "other origins are refused", Origin="http://evil.example")
        self.refused(body, 403, "other origins are refused", Origin="null")
        self.refused(body, 415, "application/json", Content_Type="text/plain")
        self.refused(body, 415, "application/json", Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(self.d.ask("POST", "/events", body, {"Origin": "http://127.0.0.1:%d" % self.d.port})[0], 200)

    def test_unknown_places(self):
        self.refused("{}", 404, "POST /events takes events", path="/nothing")
        for path, status in (("/api/v1/nothing", 404), ("/nothing", 404), ("/executions/x", 404),
                             ("/machines/x", 404), ("/api/v1/executions/a:b", 404),
                             ("/api/v1/machines/order", 404), ("/api/v1/waits/x", 404),
                             ("/api/v1/executions?status=X", 400), ("/api/v1/executions?limit=x", 400),
                             ("/api/v1/executions?limit=5000", 400), ("/api/v1/dispositions?disposition=x", 400),
                             ("/api/v1/waits?next=x", 400)):
            self.assertEqual(self.d.ask("GET", path)[0], status, path)

    def aws_refused(self, error, action, said="", **parameters):
        status, answer = self.d.aws(action, **parameters)
        self.assertEqual((status, answer["__type"]), (400, error))
        self.assertIn(said, answer["message"])

    def test_step_functions_api(self):
        arn = "arn:aws:states:us-east-1:000000000000:"
        self.aws_refused("StateMachineDoesNotExist", "StartExecution", stateMachineArn=arn + "stateMachine:none")
        self.aws_refused("InvalidArn", "StartExecution", stateMachineArn="order")
        self.aws_refused("InvalidArn", "StartExecution", stateMachineArn="arn:aws:states:::stateMachine::order")
        self.aws_refused("SerializationException", "StartExecution", "The field 'input' must be a string",
                         stateMachineArn=arn + "stateMachine:order", input={"a": 1})
        self.aws_refused("SerializationException", "StartExecution", "U+0000",
                         stateMachineArn=arn + "stateMachine:order", input="{}\0x")
        self.aws_refused("InvalidName", "StartExecution", stateMachineArn=arn + "stateMachine:order", name="a b")
        self.aws_refused("InvalidExecutionInput", "StartExecution", stateMachineArn=arn + "stateMachine:order", input="{")
        self.aws_refused("ExecutionDoesNotExist", "DescribeExecution", executionArn=arn + "execution:order:none")
        self.aws_refused("ExecutionDoesNotExist", "StopExecution", executionArn=arn + "execution:order:none")
        self.aws_refused("InvalidToken", "SendTaskSuccess", taskToken="x", output="{}")
        self.aws_refused("TaskDoesNotExist", "SendTaskFailure", taskToken="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        self.aws_refused("ValidationException", "SendTaskSuccess", "taskToken", output="{}")
        self.aws_refused("UnknownOperationException", "DeleteEverything")
        self.aws_refused("InvalidDefinition", "CreateStateMachine", "MISSING_TRANSITION_TARGET: There is no state 'B'",
                         name="m", roleArn="arn:aws:iam::000000000000:role/r", definition='{"StartAt":"B","States":{"A":{"Type":"Succeed"}}}')
        self.aws_refused("ConflictException", "CreateStateMachine", "belongs to a folder",
                         name="order", roleArn="arn:aws:iam::000000000000:role/r", definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}')

    def test_nothing_was_lost_by_all_that(self):
        self.assertEqual(self.d.send({**START, "detail": {"orderId": "still-here"}}), [("order", "started")])


@unittest.skipUnless(os.geteuid() == 0, "a small file system needs root")
class FullDisk(unittest.TestCase):
    def test_full_disk(self):
        with tempfile.TemporaryDirectory() as t:
            mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", t]
            if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("nothing can be mounted here")
            try:
                self.fill(t)
            finally:
                subprocess.run(["umount", "-l", t], check=True)

    def fill(self, t):
        with Daemon(MACHINES, folder=t) as d:
            acked, refused = [], None
            for i in range(10000):
                e = {**START, "id": str(i), "detail": {"orderId": "o%d" % i, "pad": "x" * 20000}}
                status, answer = d.post(e)
                if status != 200:
                    refused = status, answer
                    break
                acked.append("o%d" % i)
            self.assertEqual(refused[0], 507)
            self.assertIn("no space left on the disk", refused[1]["message"])
            self.assertEqual(refused[1]["at"], d.db)
            self.assertEqual(d.ask("GET", "/readyz")[0], 503)
            self.assertEqual(d.ask("GET", "/livez")[0], 200)
            # room again: it goes on by itself, on the same file
            subprocess.run(["mount", "-o", "remount,size=64m", t], check=True)
            for _ in range(200):
                if d.ask("GET", "/readyz")[0] == 200:
                    break
                subprocess.run(["sleep", "0.05"])
            self.assertEqual(d.send({**START, "detail": {"orderId": "after"}}), [("order", "started")])
            have = set()
            query = ""
            while True:
                page = d.get("/api/v1/executions?limit=1000" + query)
                have |= {x["correlationId"] for x in page["executions"]}
                if not page["next"]:
                    break
                query = "&next=" + page["next"]
            self.assertEqual(have, set(acked) | {"after"})


class Token(unittest.TestCase):
    def test_token(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("0123456789abcdef\n")
            f.flush()
            with Daemon(MACHINES, token_file=f.name) as d:
                self.assertEqual(d.ask("GET", "/livez")[0], 200)
                self.assertEqual(d.ask("GET", "/api/v1/executions")[0], 401)
                for other in ("0123456789abcdeF", "0123456789abcde", "0", "", "0123456789abcdef0"):
                    self.assertEqual(d.ask("GET", "/api/v1/executions",
                                           headers={"Authorization": "Bearer " + other})[0], 401, other)
                self.assertEqual(d.ask("GET", "/api/v1/executions",
                                       headers={"Authorization": "Bearer 0123456789abcdef"})[0], 200)


if __name__ == "__main__":
    main()
