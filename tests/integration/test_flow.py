"""What programs count of the queues in Redis (common/flow.h), and that a worker at rest asks its
queue seldom."""

from collections import Counter

import pytest

from stack.processes import wait_until
from stack.queues import SqsBackend, is_idle
from stack.redis import RedisClient
from stack.samples import HOST
from stack.suite import PROGRAMS

STAGES = ("inspection", "size")
TOTALS = ("sent", "received", "done", "busy_ms")
VISIBILITY_SECONDS = 2
POLL_SECONDS = 20


def flow_of(redis, db, stage):
    """The stage's totals by name; what was never counted is 0."""
    with redis.client(db) as client:
        pairs = client.call("HGETALL", f"mb:1:flow:{stage}")
    found = dict(zip(pairs[::2], map(int, pairs[1::2])))
    assert set(found) <= set(TOTALS)
    return {name: found.get(name, 0) for name in TOTALS}


@pytest.fixture
def counts(redis, db):
    """counts("size"): (sent, received, done)"""
    return lambda stage: tuple(flow_of(redis, db, stage)[name] for name in TOTALS[:3])


@pytest.fixture
def wait_counts(counts):
    def wait(stage, *wanted):
        wait_until(lambda: counts(stage) == wanted, 30, f"{stage} counts {wanted}")

    return wait


class Listener:
    """Hears the notices of one database."""

    def __init__(self, redis, db):
        self.client = RedisClient(redis.port, db, timeout=30)
        assert self.client.call("SUBSCRIBE", f"mb:1:flow-notice:{db}")[0] == "subscribe"

    def stage(self):
        """Waits for the next notice."""
        return self.client.answer()[2]


@pytest.fixture
def listener(redis, db):
    made = Listener(redis, db)
    yield made
    made.client.close()


def images(registry, count):
    return [f"{HOST}/{registry.fresh(1).name}" for _ in range(count)]


def test_each_message_is_counted_once_in_each_stage(suite, registry, redis, db, wait_counts):
    suite.add("inspector-2")
    suite.add("size-2")
    names = images(registry, 12)
    for name in names:
        suite.get(f"/v1/images/{name}")
    for name in names:
        suite.wait_status(name)
    for stage in STAGES:
        wait_counts(stage, 12, 12, 12)
        assert flow_of(redis, db, stage)["busy_ms"] > 0
        with redis.client(db) as client:
            assert client.call("PTTL", f"mb:1:flow:{stage}") == -1, "it must not run out"


def test_notice_comes_when_the_message_is_in_the_queue(
    make_suite, backend, registry, listener, counts
):
    suite = make_suite(backend).start(["api"])
    for number, name in enumerate(images(registry, 3), 1):
        suite.get(f"/v1/images/{name}")
        assert listener.stage() == "inspection"
        assert backend.depth("inspection")[0] == number
        assert counts("inspection") == (number, 0, 0)
    suite.add("inspector")
    for number in range(1, 4):
        assert listener.stage() == "size"
        assert backend.depth("size")[0] >= number
        assert counts("size")[0] >= number


@pytest.mark.parametrize("program, stage", [("inspector", "inspection"), ("size", "size")])
def test_killed_job_is_received_and_done_once(
    make_suite, backend_of, registry, program, stage, counts, wait_counts
):
    backend = backend_of(max_receives=23, visibility_seconds=VISIBILITY_SECONDS)
    settings = {"MB_VISIBILITY_SECONDS": VISIBILITY_SECONDS, "MB_MAX_RECEIVES": 20}
    before = PROGRAMS[: PROGRAMS.index(program)]
    suite = make_suite(backend, **settings).start(before)
    (name,) = images(registry, 1)
    suite.get(f"/v1/images/{name}")
    wait_counts(stage, 1, 0, 0)
    fault = registry.proxy.fault("hang", repository=name.removeprefix(HOST + "/"), ms=60_000)
    suite.add(program)
    wait_until(lambda: fault.hits > 0, 20, "work is under way")
    suite[program].kill()
    assert counts(stage) == (1, 1, 0)
    registry.reset()
    suite[program].start().wait_ready()
    for other in PROGRAMS[len(before) + 1 :]:
        suite.add(other)
    suite.wait_status(name, seconds=40)
    for each in STAGES:
        wait_counts(each, 1, 1, 1)


def test_deferred_message_leaves_and_its_copy_is_sent(
    make_suite, backend, registry, listener, counts, wait_counts
):
    suite = make_suite(backend).start()
    repository = registry.fresh(1)
    limit = {"status": 429, "headers": {"Retry-After": "600"}}
    registry.proxy.fault("status", kind="manifests", repository=repository.name, **limit)
    suite.get(f"/v1/images/{HOST}/{repository.name}")
    wait_counts("inspection", 2, 1, 1)
    assert backend.depth("inspection") == (0, 0, 1)
    assert [listener.stage(), listener.stage()] == ["inspection", "inspection"]
    assert counts("size") == (0, 0, 0)


def test_dead_message_is_done_and_its_attempts_were_work(
    make_suite, backend_of, registry, redis, db, wait_counts
):
    backend = backend_of(max_receives=5, visibility_seconds=1)
    suite = make_suite(backend, MB_VISIBILITY_SECONDS=1, MB_MAX_RECEIVES=2).start()
    backend.send("inspection", "this is no message")  # and nobody counted it
    wait_counts("inspection", 0, 1, 1)
    repository = registry.fresh(1)
    fault = registry.proxy.fault("status", kind="manifests", repository=repository.name)
    suite.get(f"/v1/images/{HOST}/{repository.name}")
    wait_until(lambda: fault.hits > 0, 20, "the first attempt is under way")
    wait_counts("inspection", 1, 2, 2)
    assert backend.dead("inspection") == 2
    assert flow_of(redis, db, "inspection")["busy_ms"] > 0


def test_drained_workers_have_told_all(make_suite, backend, registry, counts):
    suite = make_suite(backend).start()
    registry.proxy.delay_ms = 20
    for name in images(registry, 10):
        suite.get(f"/v1/images/{name}")
    wait_until(lambda: counts("size")[2] > 0, 20, "the work has begun")
    for program in ("inspector", "size"):
        assert suite[program].term() == 0
    for stage in STAGES:
        sent, received, done = counts(stage)
        assert received == done
        assert backend.depth(stage) == (sent - done, 0, 0)


@pytest.mark.parametrize("program, stage", [("inspector", "inspection"), ("size", "size")])
def test_drain_releases_what_takes_too_long(
    make_suite, backend, registry, program, stage, counts, wait_counts
):
    """A registry that says nothing: the message is in the queue again, as if it were new."""
    before = PROGRAMS[: PROGRAMS.index(program)]
    suite = make_suite(backend, MB_DRAIN_SECONDS=4, MB_MAX_RECEIVES=1).start(before)
    (name,) = images(registry, 1)
    suite.get(f"/v1/images/{name}")
    wait_counts(stage, 1, 0, 0)
    fault = registry.proxy.fault("hang", repository=name.removeprefix(HOST + "/"), ms=60_000)
    suite.add(program)
    wait_until(lambda: fault.hits > 0, 20, "work is under way")
    assert suite[program].term() == 0
    assert backend.depth(stage) == (1, 0, 0)
    assert counts(stage) == (2, 1, 1)
    registry.reset()
    suite[program].start().wait_ready()
    for other in PROGRAMS[len(before) + 1 :]:
        suite.add(other)
    suite.wait_status(name)
    wait_counts(stage, 2, 2, 2)


def test_lost_redis_loses_counts_and_nothing_else(make_suite, backend, own_redis, registry):
    """The queues are elsewhere: Redis goes in the middle of the work."""
    cache, _ = own_redis
    suite = make_suite(backend, MB_CACHE_URL=cache.url(0)).start()
    names = images(registry, 6)
    fault = registry.proxy.fault("delay", kind="manifests", ms=300)
    for name in names:
        suite.get(f"/v1/images/{name}")
    wait_until(lambda: fault.hits > 1, 20, "work is under way")
    cache.kill()
    wait_until(lambda: not suite["inspector"].is_ready(), 20, "the inspector is not ready")
    cache.restart()
    before = {stage: flow_of(cache, 0, stage)["done"] for stage in STAGES}
    for name in names:
        suite.wait_status(name, seconds=60)
    wait_until(lambda: is_idle(backend), 30, "the queues are empty")
    assert backend.dead("inspection") == backend.dead("size") == 0
    for stage in STAGES:
        wait_until(lambda: flow_of(cache, 0, stage)["done"] > before[stage], 30, f"{stage} goes on")


def test_programs_that_count_nothing_disturb_no_reader(make_suite, backend, registry, wait_counts):
    """As beside a producer of an older version: received goes above sent."""
    make_suite(backend).start(["inspector", "size"])
    repository = registry.fresh(1)
    backend.send("inspection", f'{{"ImageName":"{HOST}/{repository.name}"}}')
    wait_counts("inspection", 0, 1, 1)
    wait_counts("size", 1, 1, 1)


def test_workers_at_rest_ask_sqs_three_times_a_minute(make_suite, sqs):
    queues = SqsBackend(sqs)
    make_suite(queues).start(["inspector", "size"])

    def receives(stage):
        log = sqs.log(queues.names[stage])
        first = next((i for i, entry in enumerate(log) if entry["op"] == "ReceiveMessage"), 0)
        return log[first:]

    for stage in STAGES:
        wait_until(lambda: len(receives(stage)) >= 2, 60, "the second poll")
        first, second = receives(stage)[:2]
        assert first["wait_seconds"] == second["wait_seconds"] == POLL_SECONDS
        assert second["t"] - first["t"] >= POLL_SECONDS - 0.1
        assert Counter(entry["op"] for entry in receives(stage)).keys() == {"ReceiveMessage"}
    queues.close()
