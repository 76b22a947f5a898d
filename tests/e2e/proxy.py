"""A proxy on loopback that serves a daemon under a path, as nginx would."""
import http.client
import http.server
import threading


class Proxy:
    def __init__(self, port, prefix):
        outer = self
        self.prefix = prefix.rstrip("/")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith(outer.prefix + "/"):
                    self.send_error(404)
                    return
                c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                head = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                c.request("GET", self.path[len(outer.prefix):], headers=head)
                r = c.getresponse()
                self.send_response(r.status)
                for k, v in r.getheaders():
                    if k.lower() not in ("connection", "transfer-encoding"):
                        self.send_header(k, v)
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    while piece := r.read1(65536):
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    pass
                c.close()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d%s" % (self.server.server_port, self.prefix)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
