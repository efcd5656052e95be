"""Child processes: started on loopback, waited for with a deadline, dead when their parent dies."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# The kernel ends a child when the thread that started it ends, so start processes from the main
# thread. setpriv (util-linux) then becomes the program: no Python runs between fork and exec.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"]

PORTS_A_PROCESS = 500
PORTS = []  # this process's, the one to try next first
CLAIMS = []

# Never through a proxy that the environment names: all of this is on loopback.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StackError(Exception):
    """Something of the stack did not start, died, or did not answer in time."""


def port_is_free(port, host="127.0.0.1"):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
        return True


def claim_ports():
    """The first of PORTS_A_PROCESS ports that are this process's alone while it lives: tests run in
    several at once, and a port is not yet in use when the next is asked for."""
    directory = os.path.join(tempfile.gettempdir(), f"microbadger-ports-{os.getuid()}")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for first in range(12_000, 32_000, PORTS_A_PROCESS):
        claim = open(os.path.join(directory, str(first)), "w", encoding="ascii")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            continue
        CLAIMS.append(claim)  # open, so locked, until the process ends
        return first
    raise StackError("all loopback ports from 12000 to 31999 are claimed by other test runs")


def free_port():
    """A loopback port that nobody listens on or was given before by this process, below those of
    outgoing connections: it stays free while its server is down between a kill and a restart."""
    if not CLAIMS:
        first = claim_ports()
        PORTS.extend(range(first, first + PORTS_A_PROCESS))
    for _ in range(PORTS_A_PROCESS):
        port = PORTS.pop(0)
        PORTS.append(port)
        if port_is_free(port):
            return port
    raise StackError("none of this process's loopback ports is free")


def wait_until(condition, seconds, what, every=0.01):
    """Returns the first true value of condition(); StackError naming `what` at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise StackError(f"{what}: not within {seconds} s")
        time.sleep(every)


def http_get(url, headers=None, timeout=5):
    """http_request with GET."""
    return http_request("GET", url, None, headers, timeout)


def http_request(method, url, data=None, headers=None, timeout=5):
    """(status, headers, body); error statuses are answers too, a broken exchange is status 0."""
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
    except (OSError, http.client.HTTPException):
        return 0, {}, b""


def http_is_ok(url):
    return http_get(url, timeout=1)[0] == 200


def make_directory(prefix="microbadger-"):
    """A fresh directory below TMPDIR; whoever asks removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix))


class Process:
    """One child with its log file, in a session of its own so that Ctrl-C does not reach it."""

    def __init__(self, name, argv, log_directory, env=None, cwd=None):
        self.name = name
        self.argv = [str(part) for part in argv]
        self.env = env
        self.cwd = cwd
        self.log_path = Path(log_directory) / f"{name}.log"
        self._popen = None

    def start(self):
        if self.is_alive():
            raise StackError(f"{self.name} runs already")
        try:
            with open(self.log_path, "ab") as log:
                self._popen = subprocess.Popen(
                    DIE_WITH_PARENT + self.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.env,
                    cwd=self.cwd,
                    start_new_session=True,
                )
        except OSError as error:
            raise StackError(f"{self.name}: {error}") from error
        return self

    def wait_ready(self, condition, seconds):
        """Waits for condition(); the log's end is in the error if the process dies before."""

        def ready_or_dead():
            if not self.is_alive():
                raise StackError(f"{self.name} ended with {self.exit_code()}:\n{self.log_tail()}")
            return condition()

        try:
            wait_until(ready_or_dead, seconds, f"{self.name} to get ready")
        except StackError as error:
            log = self.log_tail()
            self.kill()
            raise error if log in str(error) else StackError(f"{error}\n{log}") from error
        return self

    @property
    def pid(self):
        return self._popen.pid if self._popen else None

    def is_alive(self):
        return self._popen is not None and self._popen.poll() is None

    def exit_code(self):
        """As subprocess gives it: negative for a signal; None while it runs or never ran."""
        return self._popen.poll() if self._popen else None

    def signal(self, number):
        if self.is_alive():
            self._popen.send_signal(number)

    def wait(self, seconds):
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StackError(f"{self.name} did not end within {seconds} s") from None

    def stop(self, seconds=10):
        """SIGTERM, then finish()."""
        self.signal(signal.SIGTERM)
        return self.finish(seconds)

    def finish(self, seconds):
        """Waits for the end, SIGKILL to the group at the deadline. The exit code."""
        if self._popen is None:
            return None
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._popen.returncode

    def kill(self):
        """kill -9 of the whole group, and waits for the end. Where it has ended, its number may be
        another's by now."""
        if self.is_alive():
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=20):
        return "\n".join(self.log().splitlines()[-lines:])
