"""One process that uses a queue as the programs do: build/MODE/queue-driver, by JSON lines."""

import itertools
import json
import os
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

from .processes import DIE_WITH_PARENT, StackError, wait_until

ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 60


def driver_path():
    """Beside the programs' directory that MB_BIN_DIR names."""
    programs = Path(os.environ.get("MB_BIN_DIR", ROOT / "build/release/bin"))
    return programs.resolve().parent / "queue-driver"


class Consumer:
    """start() returns at once and result() waits; the operations' own methods do both."""

    def __init__(self, settings, visibility_ms=60_000, max_receives=5, wait=True, **queues):
        urls = {"a": settings["MB_INSPECTION_QUEUE"], "b": settings["MB_SIZE_QUEUE"], **queues}
        names = [f"{name}={url}" for name, url in urls.items()]
        environment = {key: value for key, value in os.environ.items() if key[:4] != "AWS_"}
        environment.update({key: value for key, value in settings.items() if key[:4] == "AWS_"})
        self._popen = subprocess.Popen(
            DIE_WITH_PARENT + [driver_path(), str(visibility_ms), str(max_receives), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.killed = False
        self._ids = itertools.count(1)
        self._answers = {}
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            wait_until(lambda: all(self.health(q).healthy for q in urls), 10, "the driver's queues")

    def _read(self):
        for line in self._popen.stdout:
            answer = json.loads(line)
            with self._changed:
                self._answers[answer["id"]] = SimpleNamespace(**answer)
                self._changed.notify_all()
        with self._changed:
            self._answers[None] = None
            self._changed.notify_all()

    @property
    def pid(self):
        return self._popen.pid

    def start(self, op, queue="a", **parameters):
        """The command's id."""
        command = {"id": next(self._ids), "op": op, "queue": queue, **parameters}
        self._popen.stdin.write(json.dumps(command).encode() + b"\n")
        self._popen.stdin.flush()
        return command["id"]

    def is_done(self, number):
        with self._changed:
            return number in self._answers

    def result(self, number, seconds=ANSWER_SECONDS):
        with self._changed:
            self._changed.wait_for(
                lambda: number in self._answers or None in self._answers, seconds
            )
            if number not in self._answers:
                raise StackError(f"command {number}: the driver ended or was late")
            return self._answers.pop(number)

    def run(self, op, queue="a", **parameters):
        return self.result(self.start(op, queue, **parameters))

    def send(self, body, queue="a", **more):
        return self.run("send", queue, body=body, **more).err

    def receive(self, wait_ms=5000, queue="a", **more):
        """What came: .err, .body (None: nothing), .id to name the message by."""
        return self.run("receive", queue, wait_ms=wait_ms, **more)

    def delete(self, message, queue="a", **more):
        return self.run("delete", queue, message=message.id, **more).err

    def extend(self, message, visibility_ms, queue="a", **more):
        return self.run(
            "extend", queue, message=message.id, visibility_ms=visibility_ms, **more
        ).err

    def complete(self, message, body, next="b", queue="a", **more):
        return self.run("complete", queue, message=message.id, next=next, body=body, **more).err

    def defer(self, message, body, delay_ms, queue="a", **more):
        return self.run(
            "defer", queue, message=message.id, body=body, delay_ms=delay_ms, **more
        ).err

    def dead(self, message, reason, queue="a", **more):
        return self.run("dead", queue, message=message.id, reason=reason, **more).err

    def depth(self, queue="a", **more):
        return self.run("depth", queue, **more)

    def check(self, queue="a", **more):
        return self.run("check", queue, **more).err

    def health(self, queue="a"):
        return self.run("health", queue)

    def kill(self):
        self.killed = True
        self._popen.kill()
        self._popen.wait()

    def close(self):
        """The driver frees its queues and ends; its exit code (a sanitizer's complaint is one)."""
        if self._popen.poll() is None:
            self._popen.stdin.close()
        try:
            return self._popen.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
