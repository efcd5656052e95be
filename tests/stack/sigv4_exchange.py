"""One request through sigv4_proxy.py: checked, faulted or forwarded, and answered."""

import asyncio
import json
import time

from sigv4 import NAMES, Refused, amzdate, verify

JSON_HEADERS = [("content-type", "application/x-amz-json-1.0")]
HTML_HEADERS = [("content-type", "text/html")]
CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"

# kind -> status, type, message, query code; a rule may replace the first three.
INTERNAL = (500, CORAL + "InternalFailure", "injected", "InternalFailure")
ERRORS = {
    "error": INTERNAL,
    "http500": INTERNAL,
    "http503": (503, CORAL + "ServiceUnavailableException", "injected", "ServiceUnavailable"),
    "throttle": (403, SQS + "RequestThrottled", "Request was throttled", "RequestThrottled"),
    "throttle_coral": (
        400,
        "com.amazon.coral.availability#ThrottlingException",
        "Rate exceeded",
        "Throttling",
    ),
    "throttle429": (
        429,
        CORAL + "TooManyRequestsException",
        "Rate exceeded",
        "TooManyRequestsException",
    ),
    "expired_token": (
        403,
        NAMES["expired_token"][0],
        "The security token included in the request is expired",
        "ExpiredToken",
    ),
    "denied": (
        403,
        CORAL + "AccessDeniedException",
        "User is not authorized to perform this action",
        "AccessDenied",
    ),
    "no_queue": (
        400,
        SQS + "QueueDoesNotExist",
        "The specified queue does not exist.",
        "AWS.SimpleQueueService.NonExistentQueue",
    ),
}
# kind -> the whole answer
ANSWERS = {
    "http502_html": (502, HTML_HEADERS, b"<html><body>502 Bad Gateway</body></html>"),
    "garbage": (200, JSON_HEADERS, b'{"Messages":[{"Body":"trunc'),
    "wrong_type": (200, HTML_HEADERS, b"<html>login</html>"),
}
BEFORE = ("reset_before", "close_before", "hang")
AFTER = ("reset_after", "close_after", "error_after")
IN_THE_BODY = ("duplicate", "empty", "bad_md5", "bad_body")
OTHERS = ("skewed", "delay", "slow_head", "slow_body", "truncate", "chunked", "no_length")
CLOSING = ("close_idle", "conn_close")
KINDS = {*ERRORS, *ANSWERS, *BEFORE, *AFTER, *IN_THE_BODY, *OTHERS, *CLOSING}


class Gone(Exception):
    """The client closed or broke the connection."""


class Exchange:
    """proxy: the counters, rules and upstream; answers are (status, headers, body)."""

    def __init__(self, proxy, conn, method, target, headers, body, close):
        self.proxy = proxy
        self.conn = conn
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.close = close
        self.started = time.time()
        target_header = self._header("x-amz-target")
        self.op = target_header.removeprefix("AmazonSQS.") or "(none)"
        self.parameters = self._parse()
        self.queue = self.parameters.get("QueueUrl") or ""
        self.counts = proxy.counts[self.op]
        self.entry = {
            "t": round(self.started, 3),
            "op": self.op,
            "status": None,
            "fault": None,
            "refused": None,
            "bytes": len(body),
            "queue": self.queue.rsplit("/", 1)[-1],
            "wait_seconds": self.parameters.get("WaitTimeSeconds"),
        }
        self.rule = {}
        self.kind = None

    def _header(self, name):
        return next((value for key, value in self.headers if key == name), "")

    def _parse(self):
        try:
            value = json.loads(self.body) if self.body else {}
        except ValueError:
            self.proxy.lint["body is not JSON"] += 1
            return {}
        return value if isinstance(value, dict) else {}

    async def run(self):
        """False when the connection must not be used any more."""
        self.counts["requests"] += 1
        self.proxy.tot["requests"] += 1
        self.proxy.log.append(self.entry)
        self.proxy.queues[self.entry["queue"]][self.op] += 1
        self._lint()
        answer = self._refusal()
        if answer is None:
            self._pick_rule()
        if self.kind in BEFORE:
            return await self._end_before()
        if self.kind == "delay":
            await self._wait()
        answer = answer or self._injected() or self._redelivered() or await self._forwarded()
        if self.kind in AFTER:
            answer = self._lose(answer)
            if answer is None:
                return False
        if self.kind in IN_THE_BODY and answer[0] == 200:
            answer = (*answer[:2], self._spoilt(answer[2]))
        if self.kind == "slow_head":
            await self._wait()
        self._count_answer(answer[0])
        return await self._send(*answer)

    def _lint(self):
        target = self._header("x-amz-target")
        media_type = self._header("content-type")
        checks = {
            "method is not POST": self.method == "POST",
            "path is not /": self.target == "/",
            "x-amz-target lacks AmazonSQS.": target.startswith("AmazonSQS."),
            f"content-type is not {JSON_HEADERS[0][1]}": media_type == JSON_HEADERS[0][1],
            "no user-agent": bool(self._header("user-agent")),
            "chunked request": not self._header("transfer-encoding"),
        }
        for what, holds in checks.items():
            if not holds:
                self.proxy.lint[what] += 1

    def _refusal(self):
        """The answer to a request whose signature is not right; else None."""
        proxy = self.proxy
        if not proxy.verify:
            return None
        request = (self.method, self.target, self.headers, self.body)
        scope = (proxy.creds, proxy.region, proxy.service, proxy.now(), proxy.skew)
        try:
            proxy.keys[verify(*request, *scope)] += 1
        except Refused as error:
            coral, plain, code = NAMES[error.why]
            proxy.refused[error.why] += 1
            self.counts["refused"] += 1
            self.entry["refused"] = error.why
            self.entry["why"] = error.message.split("\n")[0][:200]
            name = coral if proxy.dialect == "coral" else plain
            return proxy.err(error.status, name, error.message, self.headers, code)
        return None

    def _pick_rule(self):
        rule = self.proxy.pick(self.op, self.queue)
        if rule:
            self.rule = rule
            self.kind = self.entry["fault"] = rule["kind"]
            self.counts["faulted"] += 1

    @property
    def seconds(self):
        return self.rule.get("ms", 0) / 1000

    async def _watched(self, coroutine):
        """Gives up when the client does, and notes it."""
        try:
            return await self.proxy.with_client_watch(self.conn, coroutine)
        except Gone:
            self.proxy.tot["client_gone"] += 1
            self._note("client gone")
            raise

    async def _wait(self, seconds=None):
        await self._watched(asyncio.sleep(self.seconds if seconds is None else seconds))

    def _note(self, status):
        self.entry["status"] = status
        self.entry["ms"] = round((time.time() - self.started) * 1000)

    async def _end_before(self):
        if self.kind == "hang":
            await self._wait(self.seconds or 3600)
        self._note(self.kind)
        if self.kind == "reset_before":
            self.conn.reset()
        return False

    def _error(self, status, name, message, code):
        rule = self.rule
        return self.proxy.err(
            rule.get("status", status),
            rule.get("type", name),
            rule.get("message", message),
            self.headers,
            code,
            list(rule.get("headers", {}).items()),
        )

    def _injected(self):
        """The answer of a rule that forwards nothing; else None."""
        if self.kind in ERRORS:
            return self._error(*ERRORS[self.kind])
        if self.kind == "skewed":
            now = self.proxy.now()
            signed, limit = amzdate(now - 600), amzdate(now - 300)
            message = f"Signature expired: {signed} is now earlier than {limit}"
            message += f" ({amzdate(now)} - 5 min.)"
            return self._error(403, NAMES["expired"][0], message, "SignatureDoesNotMatch")
        return ANSWERS.get(self.kind)

    def _redelivered(self):
        """Messages that a `duplicate` rule handed out before; else None."""
        waiting = self.proxy.redeliver.get(self.queue)
        if self.op != "ReceiveMessage" or not waiting:
            return None
        count = int(self.parameters.get("MaxNumberOfMessages", 1) or 1)
        messages, self.proxy.redeliver[self.queue] = waiting[:count], waiting[count:]
        self.proxy.tot["redelivered"] += len(messages)
        self.entry["fault"] = "redelivered"
        return 200, JSON_HEADERS, json.dumps({"Messages": messages}).encode()

    async def _forwarded(self):
        proxy = self.proxy
        self.counts["forwarded"] += 1
        proxy.inflight[self.op] += 1
        proxy.maxinflight[self.op] = max(proxy.maxinflight[self.op], proxy.inflight[self.op])
        request = (self.method, self.target, self.headers, self.body)
        try:
            if self.kind in AFTER:  # must be done whatever the client does
                answer = await proxy.forward(*request)
            else:
                answer = await self._watched(proxy.forward(*request))
            if self.kind == "duplicate" and self.op.startswith("SendMessage"):
                await proxy.forward(*request)
                proxy.tot["sent_twice"] += 1
            return answer
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            proxy.tot["upstream_failed"] += 1
            body = json.dumps({"__type": "proxy#UpstreamFailed", "message": repr(error)}).encode()
            return 502, [("content-type", "application/json")], body
        finally:
            proxy.inflight[self.op] -= 1

    def _lose(self, answer):
        """What comes instead of the answer to what has been done; None for nothing."""
        self.counts["done_but_answer_lost"] += 1
        if self.kind == "error_after":
            name, code = CORAL + "InternalFailure", "InternalFailure"
            return self._error(500, name, "injected after the fact", code)
        self.entry["status"] = f"{answer[0]}, then {self.kind}"
        if self.kind == "reset_after":
            self.conn.reset()
        return None

    def _spoilt(self, data):
        try:
            document = json.loads(data)
        except ValueError:
            document = {}
        messages = document.get("Messages") or []
        if self.op == "ReceiveMessage" and self.kind == "duplicate":
            self.proxy.redeliver[self.queue] += messages
        elif self.op == "ReceiveMessage" and self.kind == "empty":
            self.proxy.tot["swallowed"] += len(messages)
            document = {}
        for part in [*messages, *(document.get("Successful") or []), document]:
            self._spoil_part(part)
        return json.dumps(document).encode()

    def _spoil_part(self, part):
        if self.kind == "bad_md5":
            part.update({k: "0" * 32 for k in ("MD5OfBody", "MD5OfMessageBody") if k in part})
        elif self.kind == "bad_body" and "Body" in part:
            last = "y" if part["Body"].endswith("x") else "x"
            part["Body"] = part["Body"][:-1] + last

    def _count_answer(self, status):
        group = "ok" if status < 400 else "client_error" if status < 500 else "server_error"
        self.counts[group] += 1
        self._note(status)

    async def _send(self, status, headers, data):
        head, write = self.proxy.head, self.conn.w.write
        good = True
        if self.kind == "truncate":
            write(head(status, headers, len(data)) + data[: len(data) // 2])
            good = False
        elif self.kind == "no_length":
            write(head(status, headers, None, True) + data)
            good = False
        elif self.kind == "slow_body":
            write(head(status, headers, len(data), self.close))
            step = max(1, (len(data) + 7) // 8)
            for start in range(0, len(data), step):
                await self.conn.w.drain()
                await asyncio.sleep(self.seconds / 8)
                write(data[start : start + step])
        elif self.kind == "chunked":
            write(head(status, headers, None, self.close, True))
            for start in range(0, len(data), 7):
                piece = data[start : start + 7]
                write(b"%x\r\n" % len(piece) + piece + b"\r\n")
            write(b"0\r\n\r\n")
        else:
            write(head(status, headers, len(data), self.close or self.kind == "conn_close") + data)
            good = self.kind not in CLOSING
        await self.conn.w.drain()
        return good
