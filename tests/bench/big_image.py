"""An image of 10,000 tags on 3,000 digests: how long it takes, what memory it needs, and how long
others wait for the api meanwhile: a small image is read all the time on another connection."""

import http.client
import json
import re
import statistics
import threading
import time
from pathlib import Path

from stack import samples

from .stand import say

TAGS, VERSIONS = 10_000, 3_000
LIMIT_SECONDS = 300
PAUSE_SECONDS = 0.002
SMALL, BIG = "bench/small", "bench/big"
TARGET_MS = 5


class Reader(threading.Thread):
    """Reads the small image until it is stopped; times_ms has what each read took."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.times_ms = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.is_set():
            started = time.monotonic()
            self._connection.request("GET", f"/v1/images/{samples.HOST}/{SMALL}")
            self._connection.getresponse().read()
            self.times_ms.append((time.monotonic() - started) * 1000)
            time.sleep(PAUSE_SECONDS)

    def stop(self):
        self._stopped.set()
        self.join()
        self._connection.close()
        return self.times_ms


def _line(name, times_ms):
    times_ms = sorted(times_ms)
    p99 = times_ms[int(len(times_ms) * 0.99)]
    return (
        f"    {name:34}{statistics.median(times_ms):8.2f}{p99:9.2f}{times_ms[-1]:9.2f}"
        f"{len(times_ms):9}"
    )


def _peak_mib(program):
    text = Path(f"/proc/{program.process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)[1]) / 1024


def _until_whole(stand, path):
    """Seconds until INSPECTED; the image is long-polled, as a browser does."""
    connection = http.client.HTTPConnection("127.0.0.1", stand.programs.port, timeout=60)
    etag, started = "", time.monotonic()
    while time.monotonic() - started < LIMIT_SECONDS:
        headers = {"Accept-Encoding": "gzip", **({"If-None-Match": etag} if etag else {})}
        connection.request("GET", path + "?wait=20", headers=headers)
        answer = connection.getresponse()
        answer.read()
        etag = answer.headers["ETag"] or ""
        if answer.status == 200 and "max-age" in answer.headers["Cache-Control"]:
            connection.close()
            return time.monotonic() - started
    raise RuntimeError(f"{path}: not complete within {LIMIT_SECONDS} s")


def _read_anew(stand, path, times):
    """The big answer, each time made anew from Redis, after a notice."""
    connection = http.client.HTTPConnection("127.0.0.1", stand.programs.port, timeout=60)
    body = b""
    with stand.redis.client() as client:
        for _ in range(times):
            client.call("PUBLISH", "mb:1:notice:0", path.removeprefix("/v1/images/"))
            time.sleep(PAUSE_SECONDS)
            connection.request("GET", path)
            body = connection.getresponse().read()
    connection.close()
    return body


def _with_reader(stand, work, *arguments):
    reader = Reader(stand.programs.port)
    reader.start()
    result = work(stand, *arguments)
    return result, reader.stop()


def measure(stand):
    say(f"an image of {TAGS} tags")
    stand.publish(samples.tagged(SMALL, 1))
    stand.programs.wait_status(f"{samples.HOST}/{SMALL}")
    stand.proxy.remember(samples.tagged(BIG, TAGS, VERSIONS))
    path = f"/v1/images/{samples.HOST}/{BIG}"
    _, alone = _with_reader(stand, lambda _: time.sleep(5))
    seconds, meanwhile = _with_reader(stand, _until_whole, path)
    body, reading = _with_reader(stand, _read_anew, path, 50)
    document = json.loads(body)
    assert sum(len(version["Tags"]) for version in document["Versions"]) == TAGS
    peaks = {name: _peak_mib(program) for name, program in stand.programs.programs.items()}
    return [
        f"An image of {TAGS} tags on {VERSIONS} digests: complete in {seconds:.1f} s, answer of"
        f" {len(body) / 1e6:.1f} MB",
        "  peak memory, MiB: " + ", ".join(f"{n} {mib:.0f}" for n, mib in peaks.items()),
        f"  reads of a small image on another connection, ms (target: {TARGET_MS} more at most)",
        "                                        median      p99      max    reads",
        _line("alone", alone),
        _line("while it is inspected and polled", meanwhile),
        _line("while it is read anew 50 times", reading),
    ]
