"""A registry that answers what it is told to, for all that docker-registry and the proxy cannot do
wrong; and the program that drives the suite's registry client."""

import asyncio
import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass

from .images import DOCKER_MANIFEST, sha256
from .suite import bin_directory
from .webserver import Response, WebServer

TOKEN = "a.good-token"


@dataclass
class Raw:
    """Bytes as they go out, and what then becomes of the connection: "close", "reset" or "stall"
    (nothing more comes for `ms`)."""

    data: bytes
    then: str = "close"
    ms: int = 0


def manifest(data=b'{"schemaVersion":2}', **headers):
    """A manifest's answer, with its right digest."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    usual = {"Content-Type": DOCKER_MANIFEST, "Docker-Content-Digest": sha256(data)}
    return Response(200, {**usual, **names}, data)


def tag_list(*names, link=None):
    headers = {"Link": link} if link else {}
    return Response.of_json({"name": "r", "tags": list(names)}, headers=headers)


def error(status, code="", message="", **headers):
    """An error as the distribution-spec wants it."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"errors": [{"code": code, "message": message}]} if code else {}
    return Response.of_json(body, status, names)


class FaultyRegistry(WebServer):
    """on(path, answers...): the answers to a path in their order, the last one for ever. An answer
    is a Response, a Raw, or a function of the Request that gives one. What has no answer is 404."""

    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()
        self.answers = {}
        self.requests = []  # Request, as they came, with `at` (time.monotonic)
        self.in_flight = self.max_in_flight = 0
        self.delay_ms = 0

    def on(self, path, *answers):
        self.answers[path] = list(answers)

    def needs_token(self, path, answer, **challenge):
        """401 without the token of /token, which is for all who ask."""
        parts = {"realm": self.url + "/token", "service": "here", "scope": "repository:r:pull"}
        text = ",".join(f'{key}="{value}"' for key, value in {**parts, **challenge}.items())

        def check(request):
            if request.headers.get("authorization") == f"Bearer {TOKEN}":
                return answer
            return error(401, "UNAUTHORIZED", "who is it?", WWW_Authenticate=f"Bearer {text}")

        self.on(path, check)
        self.on("/token", Response.of_json({"token": TOKEN}))

    def count(self, path=None, method=None):
        with self._lock:
            seen = list(self.requests)
        return sum(1 for r in seen if path in (None, r.path) and method in (None, r.method))

    def _take(self, request):
        with self._lock:
            request.at = time.monotonic()
            self.requests.append(request)
            answers = self.answers.get(request.path, [Response(404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer

    async def handle(self, request, connection):
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            if self.delay_ms:
                await asyncio.sleep(self.delay_ms / 1000)
            answer = self._take(request)
            if isinstance(answer, Response):
                return answer
            connection.writer.write(answer.data)
            await connection.writer.drain()
            if answer.then == "stall":
                await asyncio.sleep(answer.ms / 1000)
            if answer.then == "reset":
                connection.reset()
            return None
        finally:
            self.in_flight -= 1


def probe(registries, *operations, options=(), check=True, env=None):
    """registry-probe's output, with `seconds` and `stderr`; `registries` as MB_REGISTRIES. `env` is
    added to the environment."""
    program = bin_directory().parent / "registry-probe"
    started = time.monotonic()
    done = subprocess.run(
        [program, *options, registries, *operations],
        capture_output=True,
        timeout=90,
        check=False,
        env={**os.environ, **(env or {})},
    )
    if check and done.returncode:
        raise AssertionError(f"registry-probe: {done.returncode}: {done.stderr.decode()}")
    seconds = time.monotonic() - started
    return {**json.loads(done.stdout), "seconds": seconds, "stderr": done.stderr.decode()}
