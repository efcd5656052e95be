"""The terminal client, started on a pipe or on a pseudo-terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from .suite import INHERITED, bin_directory

CLEAN = re.compile(r"\x1b\[[0-9;]*[mK]")


def program():
    return bin_directory() / "microbadger"


def environment(**variables):
    kept = {key: os.environ[key] for key in INHERITED if key in os.environ}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}


def on_pipe(*arguments, stdin="", timeout=60, **variables):
    """What subprocess.run gives, with texts."""
    return subprocess.run(
        [program(), *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        env=environment(**variables),
        check=False,
    )


class Terminal:
    """The client on a pseudo-terminal of so many columns; with_pipe: standard output is a pipe, so
    that what is on the terminal came from standard error."""

    def __init__(self, *arguments, columns=100, with_pipe=False, **variables):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        stdout = subprocess.PIPE if with_pipe else slave
        self.process = subprocess.Popen(
            [program(), *arguments],
            stdin=slave,
            stdout=stdout,
            stderr=slave,
            env=environment(**variables),
        )
        os.close(slave)
        self.raw = b""

    def read_until(self, wanted, seconds=30):
        """Until `wanted` (bytes) is on the terminal, or with None until the program has ended."""
        deadline = time.monotonic() + seconds
        while wanted is None or wanted not in self.raw:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {wanted!r} in {self.raw!r}")
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.raw += os.read(self.master, 65536)
                except OSError:  # the last one that had it open is gone
                    break
        return self.raw

    def finish(self, seconds=60):
        """(exit code, all that was on the terminal, standard output where it is a pipe)"""
        self.read_until(None, seconds)
        output = self.process.stdout.read() if self.process.stdout else b""
        code = self.process.wait(seconds)
        os.close(self.master)
        return code, self.raw.decode(), output.decode()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)


def screen(raw):
    """What is left to see of a terminal's bytes: erased lines are gone, colours too."""
    lines = []
    for line in raw.replace("\r\n", "\n").split("\n"):
        lines.append(CLEAN.sub("", line.split("\r\x1b[K")[-1]))
    return "\n".join(lines)
