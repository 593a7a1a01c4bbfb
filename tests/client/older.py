"""A server as it was before folders: it knows neither their addresses nor that part of the feed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROBLEM = b'{"type": "about:blank", "title": "", "status": %d, "code": "not_found", "detail": "no such address"}'


@contextmanager
def older_server(port: int, status: int) -> Iterator[str]:
    """The address of one in front of the server at *port*; it answers what it does not know with *status*."""

    class Older(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/api/v1/sync/folders"):
                self.answer(status, [("Content-Type", "application/problem+json")], PROBLEM % status)
                return
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
            server.request(self.command, self.path.replace("&folders=1", ""), body, dict(self.headers))
            found = server.getresponse()
            kept = [one for one in found.getheaders() if one[0].lower() not in ("content-length", "connection")]
            self.answer(found.status, kept, found.read())
            server.close()

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            with suppress(OSError):  # whoever asked may have hung up
                self.send_response(status)
                for name, value in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = pass_on

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Older) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
