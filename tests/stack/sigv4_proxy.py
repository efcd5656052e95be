#!/usr/bin/env python3
"""SQS test proxy: verifies AWS SigV4 on every request, injects faults, counts operations.

  sigv4_proxy.py --listen 127.0.0.1:9400 --upstream http://127.0.0.1:9324
                 --cred AKID:SECRET [--cred AKID2:SECRET2:SESSIONTOKEN[:EXPIRES_EPOCH]]
                 [--region us-east-1] [--skew 300] [--dialect coral|plain] [--no-verify] [--tls-cert C --tls-key K]

Python 3.8+, standard library only; it shares no code with botocore or libcurl, so it is a third opinion.

Verification (as AWS does it, from the SigV4 documentation): algorithm, credential scope (key, date, region, service,
terminator), x-amz-date against this proxy's clock (+-5 min), host must be signed, every x-amz-* header that is sent must
be signed, a signed header that was not sent breaks the signature, repeated headers are joined by ',', blanks collapsed,
payload hash over the bytes received, session token equal to the credential's token.

Refusals, always HTTP 403, JSON {"__type":..., "message":...}, x-amzn-query-error if the client sent x-amzn-query-mode:
  dialect coral (default; what AWS JSON services send)      dialect plain (older / query style names)
  com.amazon.coral.service#MissingAuthenticationTokenException  com.amazonaws.sqs#MissingAuthenticationToken
  com.amazon.coral.service#IncompleteSignatureException         com.amazonaws.sqs#IncompleteSignature
  com.amazon.coral.service#InvalidSignatureException            com.amazonaws.sqs#SignatureDoesNotMatch
  ...#InvalidSignatureException "Signature expired: ..."        com.amazonaws.sqs#RequestExpired
  com.amazon.coral.service#UnrecognizedClientException          com.amazonaws.sqs#InvalidClientTokenId
  com.amazon.coral.service#ExpiredTokenException                com.amazonaws.sqs#ExpiredToken

Control, same port, JSON, never signed:
  GET  /__health
  GET  /__counts          by queue and operation; by operation: requests, forwarded, ok, client_error, server_error, refused, faulted; see also totals
  GET  /__log             the last 500 requests
  POST /__reset           counters, log and faults
  POST /__faults          {"add":[RULE,...]} or {"set":[...]} or {"clear":true}; GET lists them
  POST /__config          {"clock_offset":s, "verify":bool, "dialect":..., "skew":s, "creds":{AK:{"secret":..,"token":..,"expires":..}}}
RULE = {"op":"SendMessage"|"*"|["A","B"], "kind":KIND, "next":N | "prob":0..1, "skip":M, "queue":"substring of QueueUrl", "ms":int,
        "status":int, "type":str, "message":str, "headers":{}}
KINDs
  error            answer status (500) with type (InternalFailure), nothing forwarded.  http500, http503, http502_html: short forms
  throttle         403 com.amazonaws.sqs#RequestThrottled;  throttle_coral: 400 ...availability#ThrottlingException; throttle429
  expired_token    403 ExpiredTokenException;   skewed: 403 InvalidSignatureException "Signature expired"
  denied           403 com.amazon.coral.service#AccessDeniedException;   no_queue: 400 QueueDoesNotExist
  reset_before     TCP reset, not forwarded;    close_before: FIN, not forwarded
  reset_after      forwarded, done, then TCP reset instead of the answer;  close_after: FIN instead
  error_after      forwarded, done, then status (500) instead of the answer
  delay            sleep ms, then forward;      slow_head: forward, then ms before the answer;   hang: no answer for ms, then FIN
  slow_body        answer in 8 pieces over ms;  truncate: half the body under the full Content-Length, then FIN
  chunked          answer with Transfer-Encoding: chunked; no_length: answer delimited by close
  close_idle       good answer with keep-alive, then FIN at once (stale connection for the next request); conn_close: says Connection: close
  duplicate        Send*: forwarded twice.  Receive*: the messages just handed out are handed out again by the next receive on that queue
  empty            Receive*: forwarded, messages swallowed, {} answered
  bad_md5, bad_body  MD5 or body in the answer spoilt;  garbage: 200 and no JSON;  wrong_type: 200 text/html
"""

import argparse
import asyncio
import collections
import json
import random
import socket
import ssl
import struct
import time
import uuid
from urllib.parse import urlsplit

from sigv4_exchange import KINDS, Exchange, Gone

MAXBODY = 16 << 20


class Conn:
    def __init__(self, r, w):
        self.r, self.w, self.buf = r, w, b""

    async def fill(self):
        d = await self.r.read(65536)
        if not d:
            raise Gone()
        self.buf += d

    async def until(self, sep, limit=65536):
        while sep not in self.buf:
            if len(self.buf) > limit:
                raise ValueError("head too long")
            await self.fill()
        i = self.buf.index(sep) + len(sep)
        d, self.buf = self.buf[:i], self.buf[i:]
        return d

    async def exactly(self, n):
        parts, have = [self.buf], len(self.buf)
        while have < n:
            d = await self.r.read(min(262144, n - have + 65536))
            if not d:
                self.buf = b"".join(parts)
                raise Gone()
            parts.append(d)
            have += len(d)
        b = b"".join(parts)
        self.buf = b[n:]
        return b[:n]

    def reset(self):
        s = self.w.get_extra_info("socket")
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.w.transport.abort()


def parse_head(raw):
    lines = raw.decode("latin-1").split("\r\n")
    hs = []
    for l in lines[1:]:
        if not l:
            continue
        if l[0] in " \t" and hs:
            hs[-1] = (hs[-1][0], hs[-1][1] + " " + l.strip())
            continue
        k, c, v = l.partition(":")
        if not c:
            raise ValueError("bad header line")
        hs.append((k.strip().lower(), v.strip()))
    return lines[0], hs


async def read_chunked(conn):
    out = b""
    while True:
        n = int((await conn.until(b"\r\n")).split(b";")[0], 16)
        if n == 0:
            while (await conn.until(b"\r\n")) != b"\r\n":
                pass
            return out
        out += await conn.exactly(n)
        await conn.exactly(2)
        if len(out) > MAXBODY:
            raise ValueError("too big")


class Proxy:
    def __init__(self, a):
        u = urlsplit(a.upstream)
        self.up = (u.hostname, u.port or 80)
        self.region, self.service, self.skew, self.dialect, self.verify = (
            a.region,
            a.service,
            a.skew,
            a.dialect,
            not a.no_verify,
        )
        self.offset = 0.0
        self.creds = {}
        for c in a.cred:
            p = c.split(":")
            self.creds[p[0]] = {
                "secret": p[1],
                "token": p[2] if len(p) > 2 and p[2] else None,
                "expires": float(p[3]) if len(p) > 3 else None,
            }
        self.rng = random.Random(a.seed)
        self.idle = []
        self.reset()

    def reset(self):
        self.counts = collections.defaultdict(lambda: collections.Counter())
        self.tot = collections.Counter()
        self.queues = collections.defaultdict(collections.Counter)
        self.refused, self.faultc, self.lint = (
            collections.Counter(),
            collections.Counter(),
            collections.Counter(),
        )
        self.keys = collections.Counter()
        self.log = collections.deque(maxlen=500)
        self.faults, self.redeliver = [], collections.defaultdict(list)
        self.inflight, self.maxinflight = collections.Counter(), collections.Counter()

    def now(self):
        return time.time() + self.offset

    # ---- upstream
    async def forward(self, method, target, headers, body):
        """one request on a connection of its own, so that nothing here can repeat a request"""
        r, w = await asyncio.open_connection(*self.up)
        c = Conn(r, w)
        try:
            skip = {
                "connection",
                "content-length",
                "transfer-encoding",
                "expect",
                "keep-alive",
                "te",
                "upgrade",
            }
            h = f"{method} {target} HTTP/1.1\r\n" + "".join(
                f"{k}: {v}\r\n" for k, v in headers if k not in skip
            )
            h += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            w.write(h.encode("latin-1") + body)
            await w.drain()
            while True:
                line, hs = parse_head(await c.until(b"\r\n\r\n"))
                st = int(line.split(" ")[1])
                if st >= 200:
                    break
            d = dict(hs)
            if "chunked" in d.get("transfer-encoding", ""):
                data = await read_chunked(c)
            elif "content-length" in d:
                data = await c.exactly(int(d["content-length"]))
            else:
                try:
                    while True:
                        await c.fill()
                except Gone:
                    pass
                data = c.buf
            keep = [
                (k, v)
                for k, v in hs
                if k
                not in (
                    "connection",
                    "content-length",
                    "transfer-encoding",
                    "keep-alive",
                    "date",
                    "server",
                )
            ]
            return st, keep, data
        finally:
            w.transport.abort()

    def err(self, st, typ, msg, headers, code=None, extra=()):
        hs = [("content-type", "application/x-amz-json-1.0")] + list(extra)
        if any(k == "x-amzn-query-mode" for k, _ in headers):
            hs.append(
                (
                    "x-amzn-query-error",
                    f"{code or typ.split('#')[-1]};{'Receiver' if st >= 500 else 'Sender'}",
                )
            )
        return st, hs, json.dumps({"__type": typ, "message": msg}).encode()

    def pick(self, op, queue):
        for f in self.faults:
            ops = f.get("op", "*")
            if not (ops == "*" or op == ops or (isinstance(ops, list) and op in ops)):
                continue
            if f.get("queue") and f["queue"] not in (queue or ""):
                continue
            if f.get("skip", 0) > 0:
                f["skip"] -= 1
                continue
            if "next" in f:
                if f["next"] <= 0:
                    continue
                f["next"] -= 1
            elif self.rng.random() >= f.get("prob", 1.0):
                continue
            f["hits"] = f.get("hits", 0) + 1
            self.faultc[f["kind"]] += 1
            return f
        return None

    # ---- sending
    def head(self, st, hs, n, close=False, chunked=False):
        reason = {
            200: "OK",
            400: "Bad Request",
            403: "Forbidden",
            404: "Not Found",
            429: "Too Many Requests",
            500: "Internal Server Error",
            502: "Bad Gateway",
            503: "Service Unavailable",
        }.get(st, "X")
        out = f"HTTP/1.1 {st} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in hs)
        if not any(k == "x-amzn-requestid" for k, _ in hs):
            out += f"x-amzn-RequestId: {uuid.uuid4()}\r\n"
        out += (
            "Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.now())) + "\r\n"
        )
        if chunked:
            out += "Transfer-Encoding: chunked\r\n"
        elif n is not None:
            out += f"Content-Length: {n}\r\n"
        if close:
            out += "Connection: close\r\n"
        return (out + "\r\n").encode("latin-1")

    async def with_client_watch(self, conn, coro):
        """runs coro, but gives up when the client goes away (so that an abandoned long poll is abandoned upstream too)"""
        task = asyncio.ensure_future(coro)
        while True:
            watch = asyncio.ensure_future(conn.fill())
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                if not watch.done():
                    watch.cancel()
                try:
                    await watch
                except (Gone, asyncio.CancelledError, OSError):
                    pass
                return task.result()
            try:
                watch.result()  # pipelined bytes: go on waiting
                if len(conn.buf) > MAXBODY:
                    raise Gone()
            except (Gone, OSError):
                task.cancel()
                try:
                    await task
                except BaseException:
                    pass
                raise Gone()

    async def client(self, r, w):
        conn = Conn(r, w)
        s = w.get_extra_info("socket")
        if s is not None:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tot["connections"] += 1
        self.tot["open_connections"] += 1
        n = 0
        try:
            while True:
                raw = await conn.until(b"\r\n\r\n")
                n += 1
                if n == 2:
                    self.tot["connections_reused"] += 1
                line, hs = parse_head(raw)
                method, target, ver = line.split(" ")
                d = dict(hs)
                if d.get("expect", "").lower() == "100-continue":
                    self.tot["expect_100"] += 1
                    w.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                if "chunked" in d.get("transfer-encoding", "").lower():
                    body = await read_chunked(conn)
                else:
                    cl = int(d.get("content-length", "0"))
                    if cl > MAXBODY:
                        raise ValueError("too big")
                    body = await conn.exactly(cl)
                close = d.get("connection", "").lower() == "close" or ver == "HTTP/1.0"
                if target.startswith("/__"):
                    st, obj = self.control(method, target, body)
                    data = json.dumps(obj, indent=1).encode()
                    w.write(
                        self.head(st, [("content-type", "application/json")], len(data), close)
                        + data
                    )
                    await w.drain()
                else:
                    if not await self.handle(conn, method, target, hs, body, close):
                        return
                if close:
                    return
        except (Gone, ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        except (ValueError, KeyError):
            self.tot["bad_http"] += 1
            try:
                w.write(self.head(400, [], 0, True))
                await w.drain()
            except Exception:
                pass
        finally:
            self.tot["open_connections"] -= 1
            try:
                w.close()
            except Exception:
                pass

    async def handle(self, conn, method, target, hs, body, close):
        """-> False when the connection must not be used any more"""
        return await Exchange(self, conn, method, target, hs, body, close).run()

    def control(self, method, target, body):
        p = target.split("?")[0]
        try:
            o = json.loads(body) if body else {}
        except ValueError:
            return 400, {"error": "bad JSON"}
        if p == "/__health":
            return 200, {"ok": True, "now": self.now(), "upstream": "%s:%d" % self.up}
        if p == "/__counts":
            return 200, {
                "ops": {k: dict(v) for k, v in sorted(self.counts.items())},
                "queues": {k: dict(v) for k, v in self.queues.items()},
                "totals": dict(self.tot),
                "refused": dict(self.refused),
                "faults": dict(self.faultc),
                "lint": dict(self.lint),
                "keys": dict(self.keys),
                "inflight": dict(self.inflight),
                "max_inflight": dict(self.maxinflight),
            }
        if p == "/__log":
            return 200, list(self.log)
        if p == "/__reset" and method == "POST":
            oc = self.tot["open_connections"]
            self.reset()
            self.tot["open_connections"] = oc
            return 200, {"ok": True}
        if p == "/__faults":
            if method == "POST":
                new = o.get("add", o.get("set", []))
                for f in new:
                    if f.get("kind") not in KINDS:
                        return 400, {
                            "error": f"unknown kind {f.get('kind')}",
                            "kinds": sorted(KINDS),
                        }
                if o.get("clear") or "set" in o:
                    self.faults = []
                    self.redeliver.clear()
                self.faults += new
            return 200, self.faults
        if p == "/__config":
            if method == "POST":
                if "clock_offset" in o:
                    self.offset = float(o["clock_offset"])
                if "verify" in o:
                    self.verify = bool(o["verify"])
                if "dialect" in o:
                    self.dialect = o["dialect"]
                if "skew" in o:
                    self.skew = int(o["skew"])
                if "creds" in o:
                    self.creds = o["creds"]
                if "add_creds" in o:
                    self.creds.update(o["add_creds"])
            return 200, {
                "clock_offset": self.offset,
                "verify": self.verify,
                "dialect": self.dialect,
                "skew": self.skew,
                "keys": sorted(self.creds),
            }
        return 404, {"error": "no such control"}


async def main(a):
    p = Proxy(a)
    ctx = None
    if a.tls_cert:
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(a.tls_cert, a.tls_key)
    host, _, port = a.listen.rpartition(":")
    srv = await asyncio.start_server(p.client, host, int(port), ssl=ctx, backlog=512, limit=1 << 20)
    print("listening on", srv.sockets[0].getsockname(), flush=True)
    async with srv:
        await srv.serve_forever()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--listen", default="127.0.0.1:9400")
    ap.add_argument("--upstream", required=True)
    ap.add_argument("--cred", action="append", default=[])
    ap.add_argument("--region", default="us-east-1")
    ap.add_argument("--service", default="sqs")
    ap.add_argument("--skew", type=int, default=300)
    ap.add_argument("--dialect", choices=["coral", "plain"], default="coral")
    ap.add_argument("--no-verify", action="store_true")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--tls-cert")
    ap.add_argument("--tls-key")
    try:
        asyncio.run(main(ap.parse_args()))
    except KeyboardInterrupt:
        pass
