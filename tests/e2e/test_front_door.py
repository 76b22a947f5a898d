"""The front door attacked: malformed requests at every split, slow clients, no descriptors.

Each malformed request carries a second one behind it: whoever reads it as two
has been split.  PAVANE_SLOW sets the number of slow connections (2000).
"""
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
import unittest

from harness import Daemon, MACHINES, main, until

SLOW = int(os.environ.get("PAVANE_SLOW", "2000"))
SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
P = b"POST /events HTTP/1.1\r\n"
H = b"Host: localhost\r\nContent-Type: application/json\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
BODY = b'{"a":1}'
LEN = b"Content-Length: 7\r\n"
CHUNKED = b"7\r\n" + BODY + b"\r\n0\r\n\r\n"


def field(line):
    return P + H + line + b"\r\n" + LEN + b"\r\n" + BODY


def chunks(body, more=b""):
    return P + H + TE + more + b"\r\n" + body


# what must be refused, and with what when it matters
MALFORMED = {
    "length and chunks": P + H + LEN + TE + b"\r\n" + CHUNKED,
    "chunks and length": P + H + TE + LEN + b"\r\n" + CHUNKED,
    "two lengths, different": P + H + LEN + b"Content-Length: 8\r\n\r\n" + BODY,
    "two lengths, same": P + H + LEN + LEN + b"\r\n" + BODY,
    "length list": P + H + b"Content-Length: 7, 7\r\n\r\n" + BODY,
    "length with plus": P + H + b"Content-Length: +7\r\n\r\n" + BODY,
    "length with minus": P + H + b"Content-Length: -7\r\n\r\n" + BODY,
    "length in hex": P + H + b"Content-Length: 0x7\r\n\r\n" + BODY,
    "length with NUL": P + H + b"Content-Length: 7\0\r\n\r\n" + BODY,
    "length with blank inside": P + H + b"Content-Length: 7 0\r\n\r\n" + BODY,
    "length with dot": P + H + b"Content-Length: 7.0\r\n\r\n" + BODY,
    "length empty": P + H + b"Content-Length:\r\n\r\n" + BODY,
    "length huge": P + H + b"Content-Length: 99999999999999999999\r\n\r\n" + BODY,
    "length with letters": P + H + b"Content-Length: 7a\r\n\r\n" + BODY,
    "length with blank before colon": P + H + b"Content-Length : 7\r\n\r\n" + BODY,
    "length folded": P + H + b"Content-Length:\r\n 7\r\n\r\n" + BODY,
    "xchunked": P + H + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
    "chunked twice": P + H + TE + TE + b"\r\n" + CHUNKED,
    "chunked, identity": P + H + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
    "identity": P + H + b"Transfer-Encoding: identity\r\n\r\n" + CHUNKED,
    "gzip, chunked": P + H + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED,
    "vertical tab before chunked": P + H + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + CHUNKED,
    "form feed before chunked": P + H + b"Transfer-Encoding:\x0cchunked\r\n\r\n" + CHUNKED,
    "blank before colon of chunked": P + H + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED,
    "tab before colon of chunked": P + H + b"Transfer-Encoding\t: chunked\r\n\r\n" + CHUNKED,
    "folded chunked": P + H + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED,
    "chunked in quotes": P + H + b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKED,
    "chunked with NUL": P + H + b"Transfer-Encoding: chunked\0\r\n\r\n" + CHUNKED,
    "chunked empty": P + H + b"Transfer-Encoding:\r\n\r\n" + CHUNKED,
    "chunked in HTTP/1.0": P.replace(b"1.1", b"1.0") + H + TE + b"\r\n" + CHUNKED,
    "size 0x7": chunks(b"0x7\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size with blank before": chunks(b" 7\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size with blank behind": chunks(b"7 \r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size with plus": chunks(b"+7\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size with minus": chunks(b"-7\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size empty": chunks(b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size with underscore": chunks(b"0_7\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "size that overflows": chunks(b"10000000000000007\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "wrong bytes behind a chunk": chunks(b"7\r\n" + BODY + b"XX0\r\n\r\n"),
    "no CR behind a chunk": chunks(b"7\r\n" + BODY + b"\n0\r\n\r\n"),
    "LF behind a size": chunks(b"7\n" + BODY + b"\r\n0\r\n\r\n"),
    "CR alone behind a size": chunks(b"7\r" + BODY + b"\r\n0\r\n\r\n"),
    "LF behind the last size": chunks(b"7\r\n" + BODY + b"\r\n0\n\r\n"),
    "LF at the end": chunks(b"7\r\n" + BODY + b"\r\n0\r\n\n"),
    "control byte in an extension": chunks(b"7;a\x01\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "LF in an extension": chunks(b"7;a\n" + BODY + b"\r\n0\r\n\r\n"),
    "NUL in a trailer": chunks(b"7\r\n" + BODY + b"\r\n0\r\nA: b\0\r\n\r\n"),
    "length as a trailer": chunks(b"7\r\n" + BODY + b"\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "trailer without colon": chunks(b"7\r\n" + BODY + b"\r\n0\r\nabc\r\n\r\n"),
    "LF line ends": (P + H + LEN + b"\r\n").replace(b"\r\n", b"\n") + BODY,
    "one LF line end": P + b"Host: localhost\n" + b"Content-Type: application/json\r\n" + LEN + b"\r\n" + BODY,
    "CR alone": P + b"Host: localhost\r" + b"A: b\r\n" + LEN + b"\r\n" + BODY,
    "NUL in a value": field(b"A: b\0c"),
    "CR in a value": field(b"A: b\rc"),
    "control byte in a value": field(b"A: b\x01c"),
    "DEL in a value": field(b"A: b\x7fc"),
    "NUL in a name": field(b"A\0: b"),
    "Host with blank before colon": P + b"Host : localhost\r\n" + LEN + b"\r\n" + BODY,
    "folded value": field(b"A: b\r\n c"),
    "folded with tab": field(b"A: b\r\n\tc"),
    "folded first line": P + b" A: b\r\n" + H + LEN + b"\r\n" + BODY,
    "empty name": field(b": b"),
    "line without colon": field(b"abc"),
    "blank in a name": field(b"A b: c"),
    "eight bits in a name": field(b"A\xc3\xbc: c"),
    "bracket in a name": field(b"A(b): c"),
    "no Host": P + b"Content-Type: application/json\r\n" + LEN + b"\r\n" + BODY,
    "two Hosts": P + H + b"Host: localhost\r\n" + LEN + b"\r\n" + BODY,
    "two Hosts, different": P + H + b"Host: other\r\n" + LEN + b"\r\n" + BODY,
    "Host with user": P + b"Host: a@localhost\r\n" + LEN + b"\r\n" + BODY,
    "Host with path": P + b"Host: localhost/x\r\n" + LEN + b"\r\n" + BODY,
    "Host with more behind a bracket": P + b"Host: [::1]evil\r\n" + LEN + b"\r\n" + BODY,
    "Host empty": P + b"Host:\r\n" + LEN + b"\r\n" + BODY,
    "target with other host": b"POST http://other/events HTTP/1.1\r\n" + H + LEN + b"\r\n" + BODY,
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/2.0": P.replace(b"1.1", b"2.0") + H + LEN + b"\r\n" + BODY,
    "HTTP/1.2": P.replace(b"1.1", b"1.2") + H + LEN + b"\r\n" + BODY,
    "http/1.1": P.replace(b"HTTP", b"http") + H + LEN + b"\r\n" + BODY,
    "HTTP/1.1 with more": P.replace(b"1.1", b"1.1x") + H + LEN + b"\r\n" + BODY,
    "HTTP/01.1": P.replace(b"1.1", b"01.1") + H + LEN + b"\r\n" + BODY,
    "control byte in target": P.replace(b"/events", b"/ev\x01ents") + H + LEN + b"\r\n" + BODY,
    "blank in target": P.replace(b"/events", b"/ev ents") + H + LEN + b"\r\n" + BODY,
    "tab in target": P.replace(b"/events", b"/ev\tents") + H + LEN + b"\r\n" + BODY,
    "eight bits in target": P.replace(b"/events", b"/ev\xc3\xbcents") + H + LEN + b"\r\n" + BODY,
    "fragment in target": P.replace(b"/events", b"/events#x") + H + LEN + b"\r\n" + BODY,
    "target without slash": P.replace(b"/events", b"events") + H + LEN + b"\r\n" + BODY,
    "bad escape in target": P.replace(b"/events", b"/%zz") + H + LEN + b"\r\n" + BODY,
    "NUL escape in target": P.replace(b"/events", b"/%00") + H + LEN + b"\r\n" + BODY,
    "two blanks": P.replace(b" /", b"  /") + H + LEN + b"\r\n" + BODY,
    "tab for blank": P.replace(b" /", b"\t/") + H + LEN + b"\r\n" + BODY,
    "blank first": b" " + P + H + LEN + b"\r\n" + BODY,
    "no method": b"/events HTTP/1.1\r\n" + H + LEN + b"\r\n" + BODY,
    "method with brace": b"PO{T /events HTTP/1.1\r\n" + H + LEN + b"\r\n" + BODY,
    "lower case method": b"post /events HTTP/1.1\r\n" + H + LEN + b"\r\n" + BODY,
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\n" + H + b"\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
    "expectation unknown": P + H + b"Expect: the-best\r\n" + LEN + b"\r\n" + BODY,
    "65 fields": P + H + b"".join(b"A%d: b\r\n" % i for i in range(70)) + LEN + b"\r\n" + BODY,
}
FINE = {
    "length": P + H + LEN + b"\r\n" + BODY,
    "chunked": chunks(CHUNKED),
    "chunked, upper case": P + H + b"TRANSFER-ENCODING: Chunked\r\n\r\n" + CHUNKED,
    "extension and trailer": chunks(b"7;a=b\r\n" + BODY + b"\r\n0\r\nA: b\r\n\r\n"),
    "leading zeros of a size": chunks(b"0007\r\n" + BODY + b"\r\n000\r\n\r\n"),
    "blanks around a value": P + H + b"Content-Length: \t 7 \t\r\n\r\n" + BODY,
    "no blank before a value": P + H + b"Content-Length:7\r\n\r\n" + BODY,
    "eight bits in a value": field(b"A: \xc3\xbc"),
    "an option that only looks like close": field(b"Connection: x-close, keep-alive"),
    "absolute target": b"POST http://localhost/events HTTP/1.1\r\n" + H + LEN + b"\r\n" + BODY,
}


class Doors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(MACHINES).start()

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__()

    def statuses(self, *parts):
        """What one connection answers to these bytes, until it is closed."""
        with socket.create_connection(("127.0.0.1", self.d.port), timeout=20) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            data = b""
            try:
                for i, part in enumerate(parts):
                    if i > 0:
                        time.sleep(0.0004)  # so that the pieces arrive as pieces, mostly
                    s.sendall(part)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has refused already
            try:
                while piece := s.recv(65536):
                    data += piece
            except ConnectionResetError:
                pass
        out = []
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            out.append(int(head.split(b" ")[1]))
            length = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length")]
            data = data[length[0]:] if length else data
        return out

    def test_malformed(self):
        """All refused, none read as two, wherever they are cut."""
        tried = 0
        for name, request in MALFORMED.items():
            whole = request + SMUGGLED
            for at in range(len(request) + 1):
                got = self.statuses(whole[:at], whole[at:])
                self.assertEqual(len(got), 1, (name, at, got))
                self.assertGreaterEqual(got[0], 400, (name, at, got))
                tried += 1
        print("  %d malformed requests, %d ways to cut them" % (len(MALFORMED), tried))
        self.assertEqual(self.statuses(SMUGGLED), [200])

    def test_fine(self):
        """What is unusual and right is taken, and the next one too."""
        for name, request in FINE.items():
            whole = request + SMUGGLED
            for at in range(len(request) + 1):
                got = self.statuses(whole[:at], whole[at:])
                self.assertEqual(got, [400, 200], (name, at))  # {"a":1} is read, and is no event

    def test_slow_clients(self):
        """Slow heads, slow bodies, readers that do not read: a healthy client does not notice."""
        kinds = ("head", "body", "deaf", "stream")
        slow, selector = [], selectors.DefaultSelector()
        began = time.monotonic()
        for i in range(SLOW):
            s = socket.socket()
            s.bind(("127.0.0.%d" % (2 + i % 8), 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", self.d.port))
            kind = kinds[i % 4 if i < SLOW // 4 else i % 2]
            s.sendall({"head": b"GET / HT", "body": P + H + b"Content-Length: 5000\r\n\r\n{",
                       "deaf": b"GET /machines/car HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40,
                       "stream": b"GET /api/v1/stream?topic=executions HTTP/1.1\r\nHost: localhost\r\n\r\n"}[kind])
            s.setblocking(False)
            slow.append((s, kind))
        healthy = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--healthy", str(self.d.port)],
                                   stdout=subprocess.PIPE, text=True)
        left = {s: kind for s, kind in slow if kind in ("head", "body")}
        while healthy.poll() is None or left:
            for s, kind in list(left.items()):
                try:
                    s.send(b"x")
                    if s.recv(4096) == b"":
                        del left[s]
                except BlockingIOError:
                    pass
                except OSError:
                    del left[s]
            self.assertLess(time.monotonic() - began, 40, "%d slow heads and bodies are still there" % len(left))
            time.sleep(0.25)
        took = time.monotonic() - began
        rounds = json.loads(healthy.stdout.read())
        healthy.stdout.close()
        print("  %d slow connections; healthy p99 %s ms; the last slow head or body gone after %.1f s"
              % (SLOW, ["%.1f" % r for r in rounds], took))
        self.assertLess(min(rounds), 50)
        for s, _ in slow:
            s.close()
        until(lambda: self.d.get("/api/v1/status")["http"]["open"] <= 1)
        with open("/proc/%d/status" % self.d.process.pid) as f:
            rss = int(next(l for l in f if l.startswith("VmRSS")).split()[1]) // 1024
        self.assertLess(rss, 400 if os.environ.get("PAVANE", "").find("asan") >= 0 else 150)

    def test_deaf_streams_are_cut(self):
        """A stream that is not read is cut off, and others go on."""
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.connect(("127.0.0.1", self.d.port))
        s.sendall(b"GET /api/v1/stream?topic=executions HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: self.d.get("/api/v1/status")["http"]["streams"] == 1)
        before = self.d.get("/api/v1/status")["http"]["streamsCut"]

        def push(n=[0]):
            n[0] += 1
            self.d.post([{"source": "order.service", "detail-type": "OrderReceived",
                          "detail": {"orderId": "deaf-%d-%d-%s" % (n[0], i, "x" * 50)}} for i in range(400)])
            time.sleep(0.12)  # a message of its own: more in one would only be a "resync"
            return self.d.get("/api/v1/status")["http"]["streamsCut"] > before
        until(push)
        s.close()

    def test_no_descriptors(self):
        """With 128 descriptors and 1,000 clients: little work, few words, and then it goes on."""
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
        with Daemon(preexec=few) as d:
            held = []
            for _ in range(1000):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", d.port))
                held.append(s)
            time.sleep(0.3)
            used, since = cpu(d.process.pid), time.monotonic()
            time.sleep(2)
            share = (cpu(d.process.pid) - used) / (time.monotonic() - since)
            lines = open(os.path.join(d.folder, "log")).read().count("\n")
            print("  without descriptors: %.1f %% of a core, %d lines of log" % (100 * share, lines))
            self.assertLess(share, 0.05 if "asan" not in os.environ.get("PAVANE", "") else 0.5)
            self.assertLess(lines, 12)
            for s in held:
                s.close()
            until(lambda: works(d))

    def test_per_address(self):
        with Daemon(max_per_address=5) as d:
            held = [socket.create_connection(("127.0.0.1", d.port)) for _ in range(5)]
            until(lambda: d_status(d, "127.0.0.2") == 200)
            self.assertEqual(d_status(d, "127.0.0.1"), 503)
            held.pop().close()
            until(lambda: d_status(d, "127.0.0.1") == 200)
            for s in held:
                s.close()


def d_status(d, source):
    try:
        s = socket.create_connection(("127.0.0.1", d.port), timeout=20, source_address=(source, 0))
        s.sendall(SMUGGLED)
        data = s.recv(100)
        s.close()
        return int(data.split(b" ")[1]) if data else 503
    except OSError:
        return 503


def works(d):
    try:
        return d.ask("GET", "/livez")[0] == 200
    except OSError:
        return False


def cpu(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def healthy(port):
    """The 99th percentile of three rounds, in ms, as JSON; 100 requests a second."""
    rounds = []
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(3):
        times = []
        for _ in range(150):
            since = time.monotonic()
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.recv(4096)
            took = time.monotonic() - since
            times.append(took * 1000)
            time.sleep(max(0, 0.01 - took))
        rounds.append(sorted(times)[int(len(times) * 0.99)])
    print(json.dumps(rounds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--healthy"]:
        healthy(int(sys.argv[2]))
    else:
        main()
