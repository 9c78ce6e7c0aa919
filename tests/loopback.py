"""A web server on this machine that misbehaves as told, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    """What a client asked for."""

    path: str
    range: str | None
    if_range: str | None


@dataclass
class File:
    """Something served. The lists hold what happens to the first answers, one entry each; then all goes well."""

    content: bytes = b""
    etag: str | None = '"v1"'
    last_modified: str | None = None
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    ranges: bool = True
    heeds_if_range: bool = True
    says_length: bool = True
    chunked: bool = False
    drip: int = 0
    """Bytes sent every 50 ms; 0: all at once."""
    silent: bool = False
    """Takes the request and says nothing."""
    first: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """(status, headers) of answers before the real one."""
    cuts: list[int] = field(default_factory=list)
    """Bytes of its body after which an answer breaks off."""
    before: Callable[[File], None] | None = None
    """Called before each answer, to change something."""


class Loopback:
    """The server; ``files`` by path, ``requests`` in their order. A context manager."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.requests: list[Request] = []
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append(Request(self.path, self.headers.get("Range"), self.headers.get("If-Range")))
                self.close_connection = True
                try:
                    outer._answer(self, outer.files.get(self.path) or outer.files.get(self.path.split("?")[0]))
                except ConnectionError:  # the client has gone
                    pass

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Loopback:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, content: bytes = b"", **options: object) -> File:
        """Serve ``content`` at ``path``; options as the fields of :class:`File`."""
        self.files[path] = File(content, **options)
        return self.files[path]

    def asked(self, path: str = "") -> list[Request]:
        """The requests so far whose path begins so."""
        return [request for request in self.requests if request.path.startswith(path)]

    def _answer(self, handler: BaseHTTPRequestHandler, file: File | None) -> None:
        if file is None:
            return self._send(handler, 404, {"Content-Length": "0"})
        if file.before:
            file.before(file)
        if file.silent:
            self.ended.wait(30)
            return None
        if file.first:
            status, headers = file.first.pop(0)
            return self._send(handler, status, {"Content-Length": "0", **headers})
        status, body = file.status, file.content
        headers = {"Content-Type": file.content_type, **file.headers}
        headers |= {"ETag": file.etag} if file.etag else {}
        headers |= {"Last-Modified": file.last_modified} if file.last_modified else {}
        asked, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        holds = condition in (None, file.etag, file.last_modified) or not file.heeds_if_range
        if asked and file.ranges and holds and status == 200:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(body)) + 1, len(body))
            if start >= len(body):
                return self._send(handler, 416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
            body = body[start:end]
        if file.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif file.says_length:
            headers["Content-Length"] = str(len(body))
        if file.cuts and (cut := file.cuts.pop(0)) < len(body):
            body = body[:cut]
        elif file.chunked:
            return self._send(handler, status, headers, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        if file.chunked:
            body = b"%x\r\n%s" % (len(body) + 1, body)
        return self._send(handler, status, headers, body, file.drip)

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b"", drip: int = 0
    ) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        step = drip or len(body) or 1
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            if drip and self.ended.wait(0.05):
                return
