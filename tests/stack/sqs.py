"""Amazon SQS on loopback: ministack behind sigv4_proxy.py, which checks every signature, counts
operations and injects faults (its own text lists them).

The programs talk to the proxy; the tests' own looks go to ministack directly and are not counted.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

from .processes import Process, StackError, free_port, http_is_ok, opener, wait_until

ROOT = Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / "build/venv/bin/python"
REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "AKIDLOCAL"
SECRET_KEY = "local/secret+key"
DEFAULT_MAX_RECEIVES = 5  # MB_MAX_RECEIVES
DEAD_AFTER = 3  # receives above it before SQS itself moves a message to the dead queue


class SqsError(Exception):
    """An error answer: status, type and message."""


class Sqs:
    """Both servers, the proxy on `host` and `port`. create_queues() for each test, with names of its
    own."""

    def __init__(self, directory, host="127.0.0.1", port=None):
        if not VENV_PYTHON.exists():
            raise StackError("build/venv is missing: run tools/deps venv first")
        self.host = host
        self.port = port or free_port()
        self.server_port = free_port()
        self.server = Process("ministack", self._server_argv(), directory, self._server_env())
        proxy = Path(__file__).with_name("sigv4_proxy.py")
        argv = [VENV_PYTHON, proxy, "--listen", f"{host}:{self.port}"]
        argv += ["--upstream", f"http://127.0.0.1:{self.server_port}"]
        argv += ["--cred", f"{ACCESS_KEY}:{SECRET_KEY}", "--region", REGION]
        self.proxy = Process("sigv4_proxy", argv, directory)

    def _server_argv(self):
        # No worker processes: one process to end. ministack's own command binds all addresses.
        argv = [VENV_PYTHON, "-m", "hypercorn", "--workers", "0", "ministack.app:app"]
        return argv + ["--bind", f"127.0.0.1:{self.server_port}"]

    def _server_env(self):
        own = {"SERVICES": "sqs", "GATEWAY_PORT": str(self.server_port), "LOG_LEVEL": "ERROR"}
        return {**os.environ, **own, "MINISTACK_HOST": "127.0.0.1", "PERSIST_STATE": "0"}

    def start(self):
        self.server.start()
        self.proxy.start()
        self.server.wait_ready(self._server_answers, 30)
        self.proxy.wait_ready(lambda: http_is_ok(self.url + "/__health"), 10)
        return self

    def _server_answers(self):
        try:
            self.call("ListQueues")
        except (OSError, SqsError, ValueError):
            return False
        return True

    def stop(self):
        self.proxy.stop()
        self.server.stop()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def queue_url(self, name):
        """As the programs are given it: through the proxy."""
        return f"{self.url}/{ACCOUNT}/{name}"

    def environment(self):
        """The AWS_* variables of a program that uses this."""
        return {
            "AWS_ENDPOINT_URL_SQS": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def call(self, operation, **parameters):
        """One SQS operation, past the proxy."""
        if queue := parameters.pop("queue", None):
            parameters["QueueUrl"] = self._server_queue_url(queue)
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server_port}/",
            data=json.dumps(parameters).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{operation}",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/sqs/aws4_request",
            },
        )
        try:
            with opener.open(request, timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise SqsError(f"{operation}: {error.code} {text}") from None

    def _server_queue_url(self, name):
        return f"http://127.0.0.1:{self.server_port}/{ACCOUNT}/{name}"

    def create_queues(self, prefix="", max_receives=DEFAULT_MAX_RECEIVES, visibility_seconds=60):
        """The queues inspection and size, each with its dead queue. Their names by role."""
        names = {}
        for role in ("inspection", "size"):
            names[role], names[role + "-dead"] = prefix + role, prefix + role + "-dead"
            self.call("CreateQueue", QueueName=names[role + "-dead"])
            target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{names[role + '-dead']}"
            redrive = {"deadLetterTargetArn": target, "maxReceiveCount": max_receives + DEAD_AFTER}
            attributes = {
                "RedrivePolicy": json.dumps(redrive),
                "VisibilityTimeout": str(visibility_seconds),
            }
            self.call("CreateQueue", QueueName=names[role], Attributes=attributes)
        return names

    def delete_queues(self, names):
        for name in names.values():
            self.call("DeleteQueue", queue=name)

    def depth(self, name):
        """(waiting, in flight, delayed)"""
        kinds = ["", "NotVisible", "Delayed"]
        wanted = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
        answer = self.call("GetQueueAttributes", queue=name, AttributeNames=wanted)
        return tuple(int(answer["Attributes"][key]) for key in wanted)

    def send(self, name, body, delay_seconds=0):
        self.call("SendMessage", queue=name, MessageBody=body, DelaySeconds=delay_seconds)

    def receive(self, name, wait_seconds=0):
        """The body of one message, which is deleted; None if there was none."""
        answer = self.call("ReceiveMessage", queue=name, WaitTimeSeconds=wait_seconds)
        for message in answer.get("Messages") or []:
            self.call("DeleteMessage", queue=name, ReceiptHandle=message["ReceiptHandle"])
            return message["Body"]
        return None

    def _control(self, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        with opener.open(self.url + path, data=data, timeout=10) as answer:
            return json.loads(answer.read())

    def counts(self):
        """What the proxy saw: {"ops": {operation: {...}}, "refused": {...}, ...}."""
        return self._control("/__counts")

    def log(self, queue):
        """The last requests about a queue, oldest first: {"t": seconds, "op": ..., "status": ...}."""
        return [entry for entry in self._control("/__log") if entry["queue"] == queue]

    def fault(self, kind, op="*", **rule):
        """Adds one of the proxy's rules: fault("throttle", "SendMessage", next=2)."""
        self._control("/__faults", {"add": [{"kind": kind, "op": op, **rule}]})

    def configure(self, **settings):
        """clock_offset, verify, dialect, skew, creds, add_creds"""
        self._control("/__config", settings)

    def reset_counts(self):
        self._control("/__reset", {})

    def reset(self):
        """No faults, nothing counted, the one pair of keys."""
        self._control("/__faults", {"clear": True})
        keys = {ACCESS_KEY: {"secret": SECRET_KEY}}
        self.configure(clock_offset=0, verify=True, dialect="coral", skew=300, creds=keys)
        self.reset_counts()

    def wait_empty(self, name, seconds):
        wait_until(lambda: sum(self.depth(name)) == 0, seconds, f"queue {name} to be empty", 0.05)
