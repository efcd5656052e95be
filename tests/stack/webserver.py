"""A small HTTP/1.1 server on asyncio in a thread of its own, for the stand-ins and the proxy.

A handler gets a Request and returns a Response, or drives the connection itself where it must
misbehave. Everything of one server runs in its one thread; tests reach in through `call`.
"""

import asyncio
import json
import socket
import struct
import threading
import urllib.parse
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

HEAD_MAX_BYTES = 64 << 10
BODY_MAX_BYTES = 64 << 20


@dataclass
class Request:
    method: str
    target: str  # path and query as they came
    headers: dict  # lower-case names
    body: bytes

    @property
    def path(self):
        return self.target.split("?", 1)[0]

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))


@dataclass
class Response:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(cls, value, status=200, headers=None):
        all_headers = {"Content-Type": "application/json", **(headers or {})}
        return cls(status, all_headers, json.dumps(value).encode())

    def head(self, content_length):
        """The head as it goes out; a Content-Length among the headers wins."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        names = {name.lower() for name in self.headers}
        if "date" not in names:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        if "content-length" not in names and "transfer-encoding" not in names:
            if self.status not in (204, 304):
                lines.append(f"Content-Length: {content_length}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Connection:
    """The client's side of one connection, with the means to break it."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def read_request(self):
        """None at the end of the connection."""
        try:
            first = await self.reader.readexactly(1)
            if not first.isalpha():  # a client that tries TLS first would wait for its answer
                return None
            head = first + await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        line, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {}
        for text in rest:
            name, colon, value = text.partition(":")
            if colon:
                known = headers.get(name.lower())  # skopeo sends one Accept line a type
                headers[name.lower()] = f"{known}, {value.strip()}" if known else value.strip()
        length = min(int(headers.get("content-length", "0")), BODY_MAX_BYTES)
        body = await self.reader.readexactly(length) if length else b""
        return Request(method, target, headers, body)

    async def send(self, response, method="GET"):
        body = b"" if method == "HEAD" else response.body
        self.writer.write(response.head(len(response.body)) + body)
        await self.writer.drain()

    def reset(self):
        """A TCP reset instead of an end."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class WebServer:
    """Subclass it and write `async def handle(self, request, connection)`: a Response to be sent,
    or None when the connection has been dealt with and is to be closed."""

    tls = None  # an ssl.SSLContext where it speaks HTTPS
    host = "127.0.0.1"
    port = 0  # one that is free, known from start() on

    def __init__(self):
        self.stopping = False
        self._loop = None
        self._thread = None
        self._tasks = set()

    def start(self):
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError(f"{type(self).__name__} did not start")
        return self

    def _run(self, started):
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._listen(started))
        self._loop.close()

    async def _listen(self, started):
        self._end = asyncio.Event()
        server = await asyncio.start_server(
            self._client,
            self.host,
            self.port,
            backlog=1024,
            limit=HEAD_MAX_BYTES,
            ssl=self.tls,
        )
        self.port = server.sockets[0].getsockname()[1]
        await self.opened()
        started.set()
        await self._end.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.closed()

    async def opened(self):
        """In the server's thread, before the first request."""

    async def closed(self):
        """In the server's thread, after the last request."""

    async def _client(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._converse(Connection(reader, writer))
        except (OSError, ValueError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass  # the client went away, spoke no HTTP, or the server stops
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, connection):
        while request := await connection.read_request():
            response = await self.handle(request, connection)
            if response is None:
                return
            await connection.send(response, request.method)
            if request.headers.get("connection", "").lower() == "close":
                return

    async def handle(self, request, connection):
        raise NotImplementedError

    def call(self, function, *arguments):
        """Runs function in the server's thread and returns its value."""
        if threading.current_thread() is self._thread:
            return function(*arguments)

        async def run():
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def stop(self):
        if self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(10)
