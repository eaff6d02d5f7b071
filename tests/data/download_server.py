"""A server on this machine that misbehaves as told, for the tests of downloading."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from ltmlc.data.download.fetch import Patience

IMPATIENT = Patience(timeout=1.0, attempts=3, pause=0.001)  # shorter, and a busy machine looks like a stalled server


class Server(ThreadingHTTPServer):
    """Serves ``files`` (path -> content). ``faults[path]`` are what its next requests meet, one each.

    A fault is a mapping: ``status`` (and ``headers``) answers so; ``cut`` ends the connection after so many bytes of
    the body; ``stall`` sends nothing more after so many; ``content`` sends this instead; ``length`` announces another
    length (None: no length); ``type`` another content type; ``range`` another first byte in Content-Range.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[dict]] = defaultdict(list)
        self.ranges = True
        self.requests: list[tuple[str, str | None]] = []
        self.stopping = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.requests.append((path, self.headers.get("Range")))
        waiting = self.server.faults[path]
        fault = waiting.pop(0) if waiting else {}
        content = fault.get("content", self.server.files.get(path))
        if "status" in fault or content is None:
            self._head(fault.get("status", 404), {"Content-Length": 0, **fault.get("headers", {})})
            return
        start = self._start()
        if start >= len(content) > 0:
            self._head(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": 0})
            return
        body = content[start:]
        headers = {"Content-Type": fault.get("type", "application/octet-stream")}
        if fault.get("length", 0) is not None:
            headers["Content-Length"] = fault.get("length", len(body))
        if start:
            headers["Content-Range"] = f"bytes {fault.get('range', start)}-{len(content) - 1}/{len(content)}"
        self._head(206 if start else 200, headers)
        self.wfile.write(body[: fault.get("cut", fault.get("stall"))])
        if "stall" in fault:
            self.wfile.flush()
            self.server.stopping.wait(5)

    def _start(self) -> int:
        asked = self.headers.get("Range")
        return int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0

    def _head(self, status: int, headers: dict) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server, patch.dict(os.environ, {"no_proxy": "127.0.0.1"}):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
