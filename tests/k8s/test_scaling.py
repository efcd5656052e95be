"""The scaler moves room between inspectors and size workers on a real cluster, with real queues."""

import json
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import HERE, report
from scale_log import INSPECTOR, SIZE, most_at_once, refused_calls, scaler_calls, scalings, time_of
from slow_registry import SlowRegistry

POOL = 10
SIZE_MAX = 8  # overlays/scaling
SLOW = 400  # images that wait for a size worker, seconds each: some are left after the burst
BURST = 400
DECIDED = re.compile(r"inspector (\d+) -> (\d+)")


@pytest.fixture(scope="module")
def registry(node):
    if node is None:
        pytest.skip("the audit log and the slow registry are those of our own node")
    server = SlowRegistry(inspect_s={"burst": 1.0}, size_s={"slow": 2.0})
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def suite(registry, deploy):
    return deploy(HERE / "overlays/scaling").start()


def ask(suite, names):
    """For all of them, a few at a time: one message each."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda name: suite.get(f"/v1/images/{name}", timeout=60)[0], names))
    assert answers == [202] * len(names)


def wait_past_inspection(suite, names, seconds):
    """Until the Inspection Q has nothing of theirs."""
    left = set(names)

    def is_past():
        left.difference_update({n for n in left if suite.status(n) in ("SIZE", "INSPECTED")})
        return not left

    suite.cluster.wait(is_past, seconds, f"{len(names)} inspections")


def scale(cluster, name, replicas):
    cluster.kubectl("scale", f"deployment/{name}", f"--replicas={replicas}")
    cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")


def wanted(cluster, name):
    return cluster.get("deployment", name)["spec"]["replicas"]


def leader(cluster):
    """The pod that holds the Lease; None while nobody does."""
    holder = cluster.get("lease", "microbadger-scaler")["spec"].get("holderIdentity") or ""
    pods = cluster.names("pods", "-l", "app.kubernetes.io/component=scaler")
    return next((pod for pod in pods if holder.startswith(pod)), None)


def decisions(log):
    """[(time, inspectors)] of a scaler's lines that change the inspectors' number."""
    found = []
    for line in log.splitlines():
        entry = json.loads(line)
        if entry["msg"] == "scales" and (match := DECIDED.search(entry["decision"])):
            found.append((time_of(entry["ts"]), int(match[2])))
    return found


def fill_size_queue(suite):
    """SLOW messages there, SIZE_MAX workers, and nobody who changes numbers."""
    cluster = suite.cluster
    scale(cluster, "microbadger-scaler", 0)
    scale(cluster, SIZE, 0)
    scale(cluster, INSPECTOR, 2)
    names = [f"slow.local/slow/r{number}" for number in range(SLOW)]
    ask(suite, names)
    wait_past_inspection(suite, names, 120)
    scale(cluster, INSPECTOR, 1)
    scale(cluster, SIZE, SIZE_MAX)


def test_a_burst_gets_the_room_and_gives_it_back(suite, node):
    cluster = suite.cluster
    others = len(node.audit())
    fill_size_queue(suite)
    scale(cluster, "microbadger-scaler", 2)
    cluster.wait(lambda: leader(cluster), 60, "a scaler that leads")
    before = len(scalings(node.audit()[others:]))
    start = time.time()
    names = [f"slow.local/burst/r{number}" for number in range(BURST)]
    ask(suite, names)

    def raised():
        inspectors = wanted(cluster, INSPECTOR)
        return inspectors if inspectors > SIZE_MAX else None

    inspectors = cluster.wait(raised, 60, "the room of the size workers")
    first = leader(cluster)
    log = cluster.kubectl("logs", first)
    node.kill_pod(cluster.get("pod", first))
    cluster.kubectl("delete", "pod", first, "--wait=false")  # no second life under this name
    cluster.wait(lambda: leader(cluster) not in (None, first), 60, "a second scaler that leads")
    wait_past_inspection(suite, names, 180)
    cluster.wait(lambda: wanted(cluster, SIZE) == SIZE_MAX, 120, "the room given back")

    events = node.audit()[others:]
    history = scalings(events)
    assert most_at_once(history) <= POOL
    assert not refused_calls(events)
    check_jump(history[before:], inspectors, decisions(log))
    actors = {scaled.pod for scaled in history[before:] if scaled.pod}
    assert first in actors and len(actors) > 1
    seconds = time.time() - start
    calls = scaler_calls(events, start, start + seconds)
    hourly = round(sum(calls.values()) * 3600 / seconds)
    report(f"burst of {BURST}: {dict(calls)} by the scalers in {seconds:.0f} s, {hourly} an hour")


def check_jump(history, inspectors, decided):
    """The number that was decided is there before the next decision, with one request in the same
    pass as that of the size workers, which made the room for it."""
    at = next(time for time, number in decided if number == inspectors)
    next_at = min((time for time, _ in decided if time > at), default=math.inf)
    jump = next(
        i
        for i, scaled in enumerate(history)
        if scaled.deployment == INSPECTOR and scaled.replicas == inspectors
    )
    assert history[jump - 1].deployment == SIZE
    assert history[jump - 1].replicas == POOL - inspectors
    took_s = history[jump].time - at
    report(f"{inspectors} inspectors in spec.replicas {took_s * 1000:.0f} ms after the decision")
    assert history[jump].time < next_at
