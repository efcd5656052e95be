"""A token server for docker-registry (distribution's token specification): ES256, signed by the
openssl command."""

import base64
import json
import subprocess
import time
import urllib.parse
import uuid
from collections import Counter

from .processes import StackError
from .webserver import Response, WebServer

ISSUER = "microbadger-tests"
SERVICE = "registry.test"


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode:
        raise StackError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def raw_signature(der):
    """r||s, 32 bytes each, of the DER form SEQUENCE { INTEGER r, INTEGER s } that openssl writes."""
    offset = 2  # a P-256 signature is below 128 bytes, so its length is one byte
    numbers = []
    for _ in range(2):
        length = der[offset + 1]
        numbers.append(int.from_bytes(der[offset + 2 : offset + 2 + length], "big"))
        offset += 2 + length
    return b"".join(number.to_bytes(32, "big") for number in numbers)


class TokenServer:
    """Issues tokens; the proxy routes /token to `respond`. Repositories in `denied` get a token
    without access, as Docker Hub does for what is private or missing."""

    def __init__(self, directory, expires_seconds=300):
        self.key_path = str(directory / "token.key")
        self.certificate_path = str(directory / "token.crt")
        self._usual_expires_seconds = expires_seconds
        self.reset()
        curve = ["-pkeyopt", "ec_paramgen_curve:P-256"]
        name = ["-subj", f"/CN={ISSUER}", "-days", "30", "-nodes"]
        files = ["-keyout", self.key_path, "-out", self.certificate_path]
        _openssl("req", "-x509", "-newkey", "ec", *curve, *name, *files)
        with open(self.certificate_path, encoding="ascii") as file:
            body = [line for line in file.read().splitlines() if not line.startswith("-")]
        self._x5c = ["".join(body)]

    def reset(self):
        self.expires_seconds = self._usual_expires_seconds
        self.denied = set()
        self.counts = Counter()  # by scope

    def issue(self, access):
        """A signed token for [{"type", "name", "actions"}]."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": "",
            "iat": now,
            "nbf": now - 10,
            "exp": now + self.expires_seconds,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        head = {"typ": "JWT", "alg": "ES256", "x5c": self._x5c}
        text = ".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
        der = _openssl("dgst", "-sha256", "-sign", self.key_path, data=text.encode())
        return f"{text}.{_base64url(raw_signature(der))}"

    def push_header(self, repositories):
        """The Authorization header to fill these repositories with."""
        actions = ["pull", "push"]
        access = [{"type": "repository", "name": n, "actions": actions} for n in repositories]
        return f"Bearer {self.issue(access)}"

    def respond(self, scope):
        """The answer to GET /token?scope=...: pulling is granted to everybody, nothing else."""
        self.counts[scope] += 1
        access = []
        for part in scope.split():
            kind, _, rest = part.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository" and name not in self.denied and "pull" in actions:
                access.append({"type": kind, "name": name, "actions": ["pull"]})
        token = self.issue(access)
        return {"token": token, "access_token": token, "expires_in": self.expires_seconds}


class PrivateTokens(WebServer):
    """A token server that grants pulling to those who know user and password (GET with Basic), or an
    identity token (POST, OAuth2; off with `has_oauth` false). To others it gives tokens without
    access, as Docker Hub does."""

    def __init__(self, tokens, user, password, identity_token):
        super().__init__()
        self.tokens = tokens
        self.has_oauth = True
        self.identity_token = identity_token
        pairs = [f"{user}:{password}", f"<token>:{identity_token}"]
        self.basics = {f"Basic {base64.b64encode(pair.encode()).decode()}" for pair in pairs}
        self.requests = []

    def _token(self, scope, is_known):
        names = [part.split(":")[1] for part in scope.split()] if is_known else []
        access = [{"type": "repository", "name": name, "actions": ["pull"]} for name in names]
        return self.tokens.issue(access)

    async def handle(self, request, connection):
        self.requests.append(request)
        if request.method == "GET":
            is_known = request.headers.get("authorization") in self.basics
            return Response.of_json({"token": self._token(request.query["scope"], is_known)})
        if not self.has_oauth:
            return Response(404)
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        if form.get("refresh_token") != self.identity_token:
            return Response.of_json({"errors": [{"code": "UNAUTHORIZED", "message": "who?"}]}, 401)
        return Response.of_json({"access_token": self._token(form["scope"], True)})
