"""A C program under test that takes commands and gives results as JSON, a line each."""

import itertools
import json
import os
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

from .processes import DIE_WITH_PARENT, StackError

ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 60


def driver_path(name):
    """Beside the programs' directory that MB_BIN_DIR names."""
    programs = Path(os.environ.get("MB_BIN_DIR", ROOT / "build/release/bin"))
    return programs.resolve().parent / name


class Driver:
    """start() returns at once and result() waits; run() does both. Lines without an id are events,
    and are kept in their order."""

    def __init__(self, name, arguments, environment):
        self._popen = subprocess.Popen(
            DIE_WITH_PARENT + [driver_path(name), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.killed = False
        self._ids = itertools.count(1)
        self._answers = {}
        self._events = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._popen.stdout:
            answer = json.loads(line)
            with self._changed:
                if "id" in answer:
                    self._answers[answer["id"]] = SimpleNamespace(**answer)
                else:
                    self._events.append(SimpleNamespace(**answer))
                self._changed.notify_all()
        with self._changed:
            self._answers[None] = None
            self._changed.notify_all()

    @property
    def pid(self):
        return self._popen.pid

    @property
    def events(self):
        with self._changed:
            return list(self._events)

    def start(self, op, **parameters):
        """The command's id."""
        command = {"id": next(self._ids), "op": op, **parameters}
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

    def run(self, op, **parameters):
        return self.result(self.start(op, **parameters))

    def signal(self, number):
        self._popen.send_signal(number)

    def kill(self):
        self.killed = True
        self._popen.kill()
        self._popen.wait()

    def close(self):
        """The driver frees what it has and ends; its exit code (a sanitizer's complaint is one)."""
        if self._popen.poll() is None:
            self._popen.stdin.close()
        try:
            return self._popen.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
