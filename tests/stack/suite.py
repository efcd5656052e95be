"""The three programs, started from a bin directory with a configuration for tests and `make run`."""

import json
import os
import re
import signal
import time
from pathlib import Path

from .processes import Process, StackError, free_port, http_get, http_is_ok

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("api", "inspector", "size")
METRIC = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?P<labels>\{.*\})? (?P<value>\S+)")
# Of the caller's environment only this reaches the programs: no stray MB_* or proxy.
INHERITED = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LANG")
READY_SECONDS = 15
POLL_SECONDS = 0.02
# Where an api listens, or will again.
api_ports = set()
DRAIN_SECONDS = 60  # the grace that a deployment gives: a 20 s poll on SQS is waited for


def bin_directory():
    """MB_BIN_DIR, or where the release build puts the programs."""
    return Path(os.environ.get("MB_BIN_DIR", ROOT / "build/release/bin")).resolve()


def redis_queues(redis, db=0):
    """The configuration for queues in Redis."""
    return {
        "MB_INSPECTION_QUEUE": redis.url(db, "inspection"),
        "MB_SIZE_QUEUE": redis.url(db, "size"),
    }


def sqs_queues(sqs, names):
    """The configuration for the queues that Sqs.create_queues made."""
    queues = {
        "MB_INSPECTION_QUEUE": sqs.queue_url(names["inspection"]),
        "MB_SIZE_QUEUE": sqs.queue_url(names["size"]),
    }
    return {**sqs.environment(), **queues}


class Program:
    """One running copy of one program."""

    def __init__(self, kind, name, settings, directory):
        self.kind = kind
        self.admin_port = free_port()
        environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
        environment.update(settings)
        environment["MB_ADMIN_LISTEN"] = f"127.0.0.1:{self.admin_port}"
        argv = self.argv(name, environment, Path(directory))
        self.process = Process(name, argv, directory, env=environment)

    def argv(self, _name, _environment, _directory):
        return [bin_directory() / f"microbadger-{self.kind}"]

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin_port}"

    def is_ready(self):
        return http_is_ok(self.admin_url + "/readyz")

    def start(self):
        self.process.start()
        return self

    def wait_ready(self, seconds=READY_SECONDS):
        self.process.wait_ready(self.is_ready, seconds)
        return self

    def metrics(self):
        """{'name{label="value"}': number} as /metrics has it."""
        status, _, body = http_get(self.admin_url + "/metrics")
        if status != 200:
            raise StackError(f"{self.process.name}: /metrics answered {status}")
        found = {}
        for line in body.decode().splitlines():
            if match := METRIC.match(line):
                found[match["name"] + (match["labels"] or "")] = float(match["value"])
        return found

    def term(self, seconds=DRAIN_SECONDS):
        """SIGTERM and the drain; the exit code."""
        return self.process.stop(seconds)

    def kill(self):
        self.process.kill()

    def restart(self):
        """SIGTERM if it runs, and a new start; ready when it returns."""
        self.process.stop()
        return self.start().wait_ready()

    def log_lines(self):
        """Its log lines that are JSON, parsed."""
        lines = self.process.log().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def _without_doubles(pairs):
    """Answers are joined from pieces: no two of them may bring the same member."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a member twice among {keys}"
    return dict(pairs)


class Suite:
    """suite["api"], suite["inspector"], suite["size"] are the first copies; add() starts more."""

    program = Program

    def __init__(self, directory, redis, queues, db=0, port=None, settings=None):
        self.directory = directory
        self.port = port or free_port()
        self.settings = {
            "MB_LOG": "info",
            "MB_LOG_FORMAT": "json",
            "MB_HUB_URL": "none",
            "MB_SUBMIT_PER_ADDRESS": "0",  # all that tests ask for comes from one address
            "MB_SUBMIT_TOTAL": "0",
            "MB_CACHE_URL": redis.url(db),
            **queues,
            **(settings or {}),
        }
        self.programs = {}
        self._ports = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __getitem__(self, name):
        return self.programs[name]

    def _make(self, name):
        kind = name.rstrip("0123456789-")
        settings = dict(self.settings)
        if kind == "api":
            port = self.port if name == "api" else free_port()
            settings["MB_LISTEN"] = f"127.0.0.1:{port}"
            self._ports.add(port)
            api_ports.add(port)
        program = self.programs[name] = self.program(kind, name, settings, self.directory)
        return program

    def add(self, name):
        """Another copy: add("inspector-2"), a second api with a port of its own: add("api-2")."""
        return self.launch(name).wait_ready()

    def launch(self, name):
        """The same, but it may not get ready."""
        return self._make(name).start()

    def start(self, programs=PROGRAMS):
        started = [self._make(name).start() for name in programs]
        for program in started:
            program.wait_ready()
        return self

    def stop(self, seconds=DRAIN_SECONDS):
        """SIGTERM to all at once, and only one: a second would hurry them. {name: exit code}."""
        running = [program for program in self.programs.values() if program.process.is_alive()]
        for program in running:
            program.process.signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for program in running:
            program.process.finish(max(0.1, deadline - time.monotonic()))
        return {name: program.process.exit_code() for name, program in self.programs.items()}

    def kill(self):
        for program in self.programs.values():
            program.process.kill()
        api_ports.difference_update(self._ports)

    def get(self, path, headers=None, timeout=30):
        """(status, headers, body as JSON where it is JSON)"""
        status, answer_headers, body = http_get(self.url + path, headers, timeout)
        if "json" in (answer_headers.get("Content-Type") or ""):
            return status, answer_headers, json.loads(body, object_pairs_hook=_without_doubles)
        return status, answer_headers, body

    def wait_status(self, name, wanted="INSPECTED", seconds=30):
        """Asks for an image until its Status is one of `wanted`; the last document."""
        wanted = (wanted,) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + seconds
        while True:
            status, _, document = self.get(f"/v1/images/{name}")
            if isinstance(document, dict) and document.get("Status") in wanted:
                return document
            if time.monotonic() >= deadline:
                raise StackError(f"{name}: after {seconds} s still {status} {document!r:.400}")
            time.sleep(POLL_SECONDS)
