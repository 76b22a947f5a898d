"""The server over raw sockets: splits, pipelines, malformed requests, deadlines."""
import gzip
import json
import os
import re
import socket
import threading
import time
import unittest

from harness import Daemon, MACHINES, main, until

HOST = "Host: 127.0.0.1\r\n"


class Raw(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(MACHINES).start()

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__()

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.d.port), timeout=20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def answers(self, s, count):
        """That many status codes, read to the end of each answer."""
        data, out = b"", []
        while len(out) < count:
            while b"\r\n\r\n" not in data:
                more = s.recv(65536)
                if not more:
                    return out
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            length = next((int(l.split(b":")[1]) for l in head.split(b"\r\n")
                           if l.lower().startswith(b"content-length")), 0)
            while len(data) < length:
                data += s.recv(65536)
            data = data[length:]
            out.append(int(head.split(b" ")[1]))
        return out

    def request(self, body, extra="", chunked=False):
        if chunked:
            middle = len(body) // 2
            text = "".join("%x\r\n%s\r\n" % (len(p), p) for p in (body[:middle], body[middle:])) + "0\r\n\r\n"
            length = "Transfer-Encoding: chunked\r\n"
        else:
            text, length = body, "Content-Length: %d\r\n" % len(body)
        return ("POST /events HTTP/1.1\r\n%sContent-Type: application/json\r\n%s%s\r\n%s"
                % (HOST, extra, length, text)).encode()

    def test_empty_header_values(self):
        """They point into the buffer that moves when a body is large."""
        body = json.dumps({"pad": "x" * 20000})
        head = ("POST /events HTTP/1.1\r\n%sContent-Type: application/json\r\nce-specversion: 1.0\r\n"
                "ce-id: h1\r\nce-source: s\r\nce-type: t\r\nce-foo:\r\nX-Amz-Target:\r\nContent-Length: %d\r\n\r\n"
                % (HOST, len(body))).encode()
        s = self.connect()
        s.sendall(head)
        for i in range(0, len(body), 5000):
            s.sendall(body[i:i + 5000].encode())
        self.assertEqual(self.answers(s, 1), [200])
        s.close()

    def test_binary_cloud_event_is_not_pasted(self):
        s = self.connect()
        s.sendall(self.request('{"a":1},"source":"evil"',
                               "ce-specversion: 1.0\r\nce-id: h2\r\nce-source: s\r\nce-type: t\r\n"))
        self.assertEqual(self.answers(s, 1), [400])
        s.close()

    def test_split_at_every_byte(self):
        body = json.dumps([{"source": "s", "detail-type": "t"}])
        for chunked in (False, True):
            text = self.request(body, chunked=chunked)
            s = self.connect()
            for cut in range(1, len(text), 3):
                s.sendall(text[:cut])
                s.sendall(text[cut:])
                self.assertEqual(self.answers(s, 1), [200])
            s.close()

    def test_pipelined(self):
        s = self.connect()
        s.sendall(self.request("[]") * 200)
        self.assertEqual(self.answers(s, 200), [200] * 200)
        # behind a large body, whose buffer has room for very many
        many = ("GET /livez HTTP/1.1\r\n%s\r\n" % HOST).encode() * 9700
        sender = threading.Thread(target=s.sendall, args=(self.request(" " * 1000000 + "[]", chunked=True) + many,))
        sender.start()
        self.assertEqual(self.answers(s, 9701), [200] * 9701)
        sender.join()
        s.close()

    def test_requests_of_one_connection(self):
        """After 10,000 it ends, and says so; no answer is lost by that."""
        s = self.connect()
        many = ("GET /livez HTTP/1.1\r\n%s\r\n" % HOST).encode() * 10100
        sender = threading.Thread(target=s.sendall, args=(many,))
        sender.start()
        self.assertEqual(self.answers(s, 10100), [200] * 10000)
        sender.join()
        s.close()

    def test_malformed_ends_the_connection(self):
        for text in ("GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
                     "POST /events HTTP/1.1\r\n%sContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}" % HOST,
                     "POST /events HTTP/1.1\r\n%sTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" % HOST,
                     "POST /events HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" % HOST,
                     "POST /events HTTP/1.1\r\n%sContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n" % HOST):
            s = self.connect()
            # what follows must never be taken for a second request
            s.sendall((text + "GET /livez HTTP/1.1\r\n%s\r\n" % HOST).encode())
            self.assertEqual(self.answers(s, 2), [400], text)
            s.close()

    def test_refused_while_sending(self):
        """The answer arrives although the client has not finished."""
        s = self.connect()
        s.sendall(("POST /events HTTP/1.1\r\n%sContent-Type: application/json\r\n"
                   "Content-Length: 4000000\r\n\r\n" % HOST).encode())
        s.sendall(b" " * 4000000)
        self.assertEqual(self.answers(s, 2), [413])
        s.close()

    def test_head_and_continue(self):
        s = self.connect()
        s.sendall(("HEAD /livez HTTP/1.1\r\n%s\r\n" % HOST).encode())
        data = s.recv(65536)
        self.assertIn(b"200 OK", data)
        self.assertTrue(data.endswith(b"\r\n\r\n"))
        text = self.request("[]", "Expect: 100-continue\r\n")
        head, body = text.split(b"\r\n\r\n")
        s.sendall(head + b"\r\n\r\n")
        self.assertEqual(s.recv(65536), b"HTTP/1.1 100 Continue\r\n\r\n")
        s.sendall(body)
        self.assertEqual(self.answers(s, 1), [200])
        s.close()

    def test_refused_head_has_no_body(self):
        s = self.connect()
        s.sendall(b"HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        self.assertTrue(self.until_end(s).endswith(b"\r\n\r\n"))

    def test_half_closed_gets_its_answer(self):
        s = self.connect()
        s.sendall(self.request("[]"))
        s.shutdown(socket.SHUT_WR)
        self.assertTrue(self.until_end(s).startswith(b"HTTP/1.1 200 "))

    @staticmethod
    def until_end(s):
        data = b""
        while piece := s.recv(65536):
            data += piece
        return data

    def test_a_client_that_left(self):
        before = self.d.get("/api/v1/status")["engine"]["events"]
        for i in range(50):
            s = self.connect()
            s.sendall(self.request(json.dumps({"source": "gone", "detail-type": "t", "id": "gone-%d" % i})))
            s.close()
        until(lambda: self.d.get("/api/v1/status")["engine"]["events"] >= before + 50)
        until(lambda: self.d.get("/api/v1/status")["http"]["open"] <= 1)

    def test_slow_head_is_cut_off(self):
        s = self.connect()
        s.sendall(b"GET / HTTP/1.1\r\n")
        self.assertEqual(self.answers(s, 1), [408])
        self.assertEqual(s.recv(1), b"")
        # A17: it had its time; nobody waits for what it still sends.
        self.assertEqual(self.d.get("/api/v1/status")["http"]["open"], 1)
        s.close()

    def test_slow_body_is_cut_off(self):
        """By its rate, long before the deadline of a body (30 s)."""
        s, began = self.connect(), time.monotonic()
        s.sendall(self.request("x" * 5000)[:-4990])
        s.settimeout(0.2)
        while time.monotonic() - began < 25:
            try:
                if s.recv(1) == b"":
                    break
            except socket.timeout:
                s.sendall(b"x")
            except OSError:
                break
        self.assertLess(time.monotonic() - began, 25)
        s.close()

    def test_security_headers(self):
        self.d.ask("GET", "/executions")
        csp = self.d.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", csp)
        self.assertNotIn("unsafe", csp)
        self.assertEqual(self.d.headers["X-Content-Type-Options"], "nosniff")


class Packed(unittest.TestCase):
    """Who takes gzip gets it, and the same answer."""

    def test_answers_are_smaller(self):
        with Daemon(MACHINES) as d:
            for n in range(30):
                d.send({"source": "order.service", "detail-type": "OrderReceived", "detail": {"orderId": "order-%d" % n}})
            style = re.search(rb'assets/[^"]+/style.css', d.ask("GET", "/")[1]).group(0).decode()
            for path in ("/", "/executions", "/machines/order", "/executions?part=main", "/" + style, "/metrics",
                         "/api/v1/executions?limit=20"):
                self.assertEqual(d.ask("GET", path)[0], 200)
                for accepts, packed in (("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False)):
                    status, data = d.ask("GET", path, headers={"Accept-Encoding": accepts})
                    self.assertEqual((status, d.headers.get("Content-Encoding")), (200, "gzip" if packed else None), path)
                    if packed:
                        whole = gzip.decompress(data)
                        self.assertLess(2 * len(data), len(whole), path)
                        self.assertIn("Accept-Encoding", d.headers["Vary"])
                        self.assertEqual(str(len(data)), d.headers["Content-Length"])
                    elif path == "/" + style:
                        self.assertEqual(whole, data)
                        self.assertEqual(d.headers["Vary"], "Accept-Encoding")
            d.ask("GET", "/livez", headers={"Accept-Encoding": "gzip"})
            self.assertNotIn("Content-Encoding", d.headers)  # it is small


class Ceiling(unittest.TestCase):
    def test_connections(self):
        with Daemon(max_connections=5) as d:
            held = [socket.create_connection(("127.0.0.1", d.port)) for _ in range(5)]
            until(lambda: self.turned_away(d))
            for s in held:
                s.close()
            until(lambda: not self.turned_away(d))

    @staticmethod
    def turned_away(d):
        s = socket.create_connection(("127.0.0.1", d.port), timeout=20)
        try:
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b" 503 " in s.recv(100)
        except ConnectionResetError:
            return True
        finally:
            s.close()


if __name__ == "__main__":
    main()
