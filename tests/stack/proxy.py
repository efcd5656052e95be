"""A reverse proxy in front of docker-registry: counts requests, takes its time, and misbehaves by
rule. It also does what docker-registry 2.8 cannot: Link paging of sorted tags, blobs by redirect
to another port, and the token server on its own origin (/token).
"""

import asyncio
import json
import re
import threading
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field

from .webserver import Request, Response, WebServer

PATH = re.compile(
    r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<ref>[^/]+)$"
)
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "host"}

ACTIONS = {
    "status": "answers `status` with `headers` and `body`; nothing is forwarded",
    "reset": "TCP reset instead of an answer",
    "close": "closes without an answer",
    "hang": "says nothing for `ms`, then closes",
    "delay": "waits `ms`, then goes on as usual",
    "headers": "forwards; the answer's headers are set as in `headers`, None removes one",
    "spoil": "forwards; one byte in the middle of the body is changed",
    "truncate": "forwards; half of the body under the full Content-Length, then closes",
    "reset_body": "forwards; half of the body, then a TCP reset",
    "slow": "forwards; the body comes in 8 pieces over `ms`",
    "redirect": "307 to the blob host, another port",
}


@dataclass
class Fault:
    """A rule: which requests ("*" is any), after how many of them, how many times (None: always)."""

    action: str
    kind: str = "*"  # manifests, tags, blobs, referrers, token, ping, other
    method: str = "*"
    repository: str = "*"
    reference: str = "*"  # tag or digest
    skip: int = 0
    times: int | None = None
    status: int = 500
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    ms: int = 0
    hits: int = 0

    def __post_init__(self):
        if self.action not in ACTIONS:
            raise ValueError(f"no such action: {self.action}")

    def matches(self, entry):
        for name in ("kind", "method", "repository", "reference"):
            if getattr(self, name) not in ("*", getattr(entry, name)):
                return False
        return True

    def take(self, entry):
        """True if this request is one to spoil; counts it."""
        if not self.matches(entry):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True


@dataclass
class PullLimit:
    """So many GETs of manifests in a window, as Docker Hub counts them and says so in headers."""

    limit: int
    window_s: int
    left: int

    def take(self, entry):
        """The headers; `Retry-After` among them where the request is refused."""
        is_refused = entry.method == "GET" and self.left == 0
        if entry.method == "GET" and self.left:
            self.left -= 1
        headers = {"ratelimit-limit": f"{self.limit};w={self.window_s}"}
        headers["ratelimit-remaining"] = f"{self.left};w={self.window_s}"
        headers["docker-ratelimit-source"] = "192.0.2.7"
        if is_refused:
            headers["Retry-After"] = str(self.window_s)
        return headers


@dataclass
class Entry:
    """One request as it was seen."""

    method: str
    kind: str
    repository: str
    reference: str
    target: str
    authorization: str
    user_agent: str
    status: int = 0  # 0: never answered
    fault: str = ""


class Upstream:
    """Keep-alive connections to docker-registry; used from one thread."""

    def __init__(self):
        self.port = None
        self._idle = []

    async def fetch(self, method, target, headers, body=b""):
        for reader, writer in self._reusable():
            try:
                return await self._exchange(reader, writer, method, target, headers, body)
            except (OSError, asyncio.IncompleteReadError):
                writer.close()  # it was closed while idle: take the next, in the end a new one
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return await self._exchange(reader, writer, method, target, headers, body)

    def _reusable(self):
        while self._idle:
            yield self._idle.pop()

    async def _exchange(self, reader, writer, method, target, headers, body):
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{k}: {v}" for k, v in headers.items() if k.lower() not in HOP_BY_HOP]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        received = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        lower = {name.lower(): value for name, value in received.items()}
        content = b""
        if method != "HEAD" and status not in (204, 304):
            content = await self._read_body(reader, lower)
        if lower.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        kept = {k: v for k, v in received.items() if k.lower() not in HOP_BY_HOP}
        return Response(status, kept, content)

    async def _read_body(self, reader, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", "0")))
        chunks = []
        while length := int(await reader.readline(), 16):
            chunks.append(await reader.readexactly(length))
            await reader.readline()
        await reader.readline()
        return b"".join(chunks)

    def close(self):
        for _, writer in self._idle:
            writer.close()


class BlobHost(WebServer):
    """Where redirected blobs are: another port, which must never see an Authorization header."""

    def __init__(self, tokens):
        super().__init__()
        self.tokens = tokens
        self.upstream = Upstream()
        self.requests = []  # Request, as they came

    async def closed(self):
        self.upstream.close()

    async def handle(self, request, connection):
        self.requests.append(request)
        match = PATH.match(request.path)
        if not match:
            return Response(404)
        headers = {}
        if self.tokens:
            repository = match["repository"]
            access = [{"type": "repository", "name": repository, "actions": ["pull"]}]
            headers["Authorization"] = f"Bearer {self.tokens.issue(access)}"
        return await self.upstream.fetch(request.method, request.path, headers)


class RegistryProxy(WebServer):
    """Start it, then give it its registry by `connect`; settings may be changed at any time."""

    def __init__(self, tokens=None):
        super().__init__()
        self.tokens = tokens
        self.upstream = Upstream()
        self.blobs = BlobHost(tokens)
        self.delay_ms = 0
        self.page_size = 0  # 0: tags/list as docker-registry gives it, unpaged and unsorted
        self.redirect_blobs = False
        self.memory = {}  # target -> Response, by `remember`
        self.pull_limit = None  # a PullLimit
        self.faults = []
        self.entries = []
        self.max_in_flight = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def start(self):
        self.blobs.start()
        return super().start()

    def connect(self, registry):
        self.upstream.port = registry.port
        self.blobs.upstream.port = registry.port

    def stop(self):
        super().stop()
        self.blobs.stop()

    async def closed(self):
        self.upstream.close()

    def fault(self, action, **rule):
        """Adds a rule; the first rule that takes a request has it. The rule, to read its hits."""
        fault = Fault(action, **rule)
        with self._lock:
            self.faults.append(fault)
        return fault

    def remember(self, repository):
        """Answers for this Repository from memory from now on: docker-registry takes half a
        millisecond a request, which would be most of what a bench measures."""
        base = f"/v2/{repository.name}"
        memory = {f"{base}/tags/list": self._json_of_tags(repository)}
        for tag, version in repository.tags.items():
            memory[f"{base}/manifests/{tag}"] = self._of_manifest(version)
            for image in [version, *version.children]:
                memory[f"{base}/manifests/{image.digest}"] = self._of_manifest(image)
                for blob in image.blobs:
                    headers = {"Docker-Content-Digest": blob.digest}
                    headers["Content-Type"] = "application/octet-stream"
                    memory[f"{base}/blobs/{blob.digest}"] = Response(200, headers, blob.data)
        self.memory.update(memory)

    @staticmethod
    def _json_of_tags(repository):
        return Response.of_json({"name": repository.name, "tags": list(repository.tags)})

    @staticmethod
    def _of_manifest(version):
        headers = {"Content-Type": version.media_type, "Docker-Content-Digest": version.digest}
        return Response(200, headers, version.data)

    def _remembered(self, request, entry):
        # Without a token the challenge is docker-registry's to send.
        if self.tokens and not entry.authorization:
            return None
        found = self.memory.get(request.path)
        return Response(found.status, dict(found.headers), found.body) if found else None

    def reset(self):
        """Honest and quick again, with nothing counted."""
        with self._lock:
            self.faults.clear()
            self.entries.clear()
            self.blobs.requests.clear()
            self.memory.clear()
            self.delay_ms = self.page_size = self.max_in_flight = 0
            self.redirect_blobs = False
            self.pull_limit = None

    def requests(self, **wanted):
        """The requests whose members are as wanted: requests(kind="tags", repository="a/b")."""
        with self._lock:
            entries = list(self.entries)
        return [e for e in entries if all(getattr(e, k) == v for k, v in wanted.items())]

    def counts(self, **wanted):
        """Counter by "METHOD kind": {"GET tags": 1, "HEAD manifests": 3, "GET token": 1}."""
        return Counter(f"{entry.method} {entry.kind}" for entry in self.requests(**wanted))

    async def handle(self, request, connection):
        entry = self._note(request)
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        try:
            return await self._serve(request, connection, entry)
        finally:
            self._in_flight -= 1

    def _note(self, request):
        match = PATH.match(request.path)
        kind, repository, reference = "other", "", ""
        if match:
            kind, repository, reference = match["kind"], match["repository"], match["ref"]
        elif request.path == "/token":
            kind = "token"
        elif request.path in ("/v2/", "/v2"):
            kind = "ping"
        get = request.headers.get
        names = (request.method, kind, repository, urllib.parse.unquote(reference))
        entry = Entry(*names, request.target, get("authorization", ""), get("user-agent", ""))
        with self._lock:
            self.entries.append(entry)
        return entry

    async def _serve(self, request, connection, entry):
        with self._lock:
            fault = next((rule for rule in self.faults if rule.take(entry)), None)
        action = entry.fault = fault.action if fault else ""
        wait_ms = self.delay_ms + (fault.ms if action in ("delay", "hang") else 0)
        if wait_ms:
            await asyncio.sleep(wait_ms / 1000)
        if action == "reset":
            connection.reset()
        if action in ("reset", "close", "hang"):
            return None
        limit = self.pull_limit if entry.kind == "manifests" and entry.authorization else None
        told = limit.take(entry) if limit else {}
        if "Retry-After" in told:
            error = {"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}
            response = Response.of_json({"errors": [error]}, 429, told)
        elif action == "status":
            response = Response(fault.status, dict(fault.headers), fault.body)
        else:
            response = await self._answer(request, entry, action)
            response.headers.update(told)
        entry.status = response.status
        return await self._spoil(response, fault, request, connection)

    async def _answer(self, request, entry, action):
        if entry.kind == "token" and self.tokens:
            scopes = urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query)
            # Signing runs the openssl command: off this thread, so that others go on.
            loop = asyncio.get_running_loop()
            text = " ".join(scopes.get("scope", []))
            return Response.of_json(await loop.run_in_executor(None, self.tokens.respond, text))
        response = self._remembered(request, entry) or await self.upstream.fetch(
            request.method, request.target, request.headers, request.body
        )
        if response.status != 200:
            return response
        if entry.kind == "blobs" and (self.redirect_blobs or action == "redirect"):
            return Response(307, {"Location": self.blobs.url + request.path})
        if entry.kind == "tags" and self.page_size and request.method == "GET":
            return self._page(request, response)
        return response

    def _page(self, request: Request, response: Response):
        document = json.loads(response.body)
        last = request.query.get("last", "")
        size = min(int(request.query.get("n", self.page_size)), self.page_size)
        rest = sorted(tag for tag in document["tags"] or [] if tag > last)
        document["tags"] = page = rest[:size]
        headers = {}
        if len(rest) > size:
            query = urllib.parse.urlencode({"n": size, "last": page[-1]})
            headers["Link"] = f'<{request.path}?{query}>; rel="next"'
        return Response.of_json(document, headers=headers)

    async def _spoil(self, response, fault, request, connection):
        action = fault.action if fault else ""
        body = response.body
        if action == "headers":
            lower = {name.lower() for name in fault.headers}
            kept = {k: v for k, v in response.headers.items() if k.lower() not in lower}
            added = {k: v for k, v in fault.headers.items() if v is not None}
            response.headers = {**kept, **added}
        elif action == "spoil" and body:
            middle = len(body) // 2
            response.body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        elif action in ("truncate", "reset_body"):
            connection.writer.write(response.head(len(body)) + body[: len(body) // 2])
            await connection.writer.drain()
            if action == "reset_body":
                await asyncio.sleep(0.05)  # else the reset overtakes the half that was sent
                connection.reset()
            return None
        elif action == "slow":
            await self._dribble(response, fault.ms, request, connection)
            return None
        return response

    async def _dribble(self, response, ms, request, connection):
        body = b"" if request.method == "HEAD" else response.body
        response.headers["Connection"] = "close"
        connection.writer.write(response.head(len(response.body)))
        step = max(1, (len(body) + 7) // 8)
        for start in range(0, len(body), step):
            await asyncio.sleep(ms / 8000)
            connection.writer.write(body[start : start + step])
            await connection.writer.drain()
