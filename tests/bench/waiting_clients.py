"""Ten thousand event streams on one api process: its memory while they wait, and how long a change
takes to reach them all."""

import resource
import selectors
import socket
import time

from stack import suite

from .idle import memory_mib
from .stand import say

CLIENTS = 10_000
TARGET_MIB = 100
NAME = "docker.io/bench/waited-for"
KEY = f"mb:1:status:{NAME}"
LIMIT_SECONDS = 60


def _connect(port, selector):
    request = f"GET /v1/events/{NAME} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(request)
    client.setblocking(False)
    selector.register(client, selectors.EVENT_READ)
    return client


def _wait_all(selector, count, text):
    """Seconds until so many clients have received the text."""
    started = time.monotonic()
    missing = count
    while missing and time.monotonic() - started < LIMIT_SECONDS:
        for key, _ in selector.select(1):
            if text in key.fileobj.recv(65536):
                missing -= 1
    if missing:
        raise RuntimeError(f"{missing} of {count} clients have not received {text}")
    return time.monotonic() - started


def measure(stand):
    say(f"{CLIENTS} event streams")
    resource.setrlimit(resource.RLIMIT_NOFILE, (CLIENTS + 500,) * 2)
    settings = {"MB_MAX_WAITING_PER_ADDRESS": "0", "MB_LOG": "warn"}
    api = suite.Suite(
        stand.directory, stand.redis, suite.redis_queues(stand.redis), db=5, settings=settings
    ).start(["api"])
    pid = api["api"].process.pid
    before = memory_mib(pid, "Rss")
    selector = selectors.DefaultSelector()
    for number in range(0, CLIENTS, 500):
        for _ in range(500):
            _connect(api.port, selector)
    first = _wait_all(selector, CLIENTS, b"UNKNOWN")
    waiting = memory_mib(pid, "Rss")
    with stand.redis.client(5) as redis:
        redis.call("HSET", KEY, "status", "INSPECTING", "updated_ms", "1", "revision", "1")
        redis.call("PUBLISH", "mb:1:notice:5", NAME)
    took = _wait_all(selector, CLIENTS, b"INSPECTING")
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    api.kill()
    return [
        f"Event streams: {CLIENTS} clients of one image on one api process",
        f"  memory (RSS): {before:.0f} MiB before, {waiting:.0f} MiB with all waiting "
        f"(target under {TARGET_MIB})",
        f"  a change reached all of them after {took:.2f} s; none lost "
        f"(their first state: {first:.2f} s after the last connected)",
    ]
