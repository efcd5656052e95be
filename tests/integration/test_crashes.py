"""No lost work: workers killed in the middle, drained under load, queues that come back."""

import itertools
import random
import threading
import time
import urllib.request

import pytest

from stack.processes import wait_until
from stack.queues import is_idle
from stack.samples import HOST

VISIBILITY_SECONDS = 2
KILL_SECONDS = 15  # what the kills fall into is chance: there must be many


@pytest.fixture
def fast_suite(make_suite, redis, backend_fast):
    return make_suite(backend_fast, MB_VISIBILITY_SECONDS=VISIBILITY_SECONDS, MB_MAX_RECEIVES=20)


@pytest.fixture
def backend_fast(backend_of):
    return backend_of(max_receives=23, visibility_seconds=VISIBILITY_SECONDS)


@pytest.mark.parametrize(
    "program, kind, skip", [("inspector", "blobs", 0), ("size", "manifests", 3)]
)
def test_killed_job_completes_after_the_visibility_timeout(
    fast_suite, backend_fast, registry, program, kind, skip
):
    suite = fast_suite.start()
    repository = registry.fresh(4)
    fault = registry.proxy.fault(
        "delay", kind=kind, repository=repository.name, ms=1500, skip=skip, times=6
    )
    name = f"{HOST}/{repository.name}"
    suite.get(f"/v1/images/{name}")
    wait_until(lambda: fault.hits > 0, 20, "work is under way")
    suite[program].kill()
    suite[program].start().wait_ready()
    document = suite.wait_status(name, seconds=40)
    assert {version["SHA"] for version in document["Versions"]} == {
        digest.split(":")[1] for digest in repository.versions
    }
    wait_until(lambda: is_idle(backend_fast), 20, "the queues are empty")
    assert backend_fast.dead("inspection") == backend_fast.dead("size") == 0


def test_sixty_images_under_kills(fast_suite, backend_fast, registry):
    suite = fast_suite.start()
    suite.add("inspector-2")
    suite.add("size-2")
    chance = random.Random(3)
    names = [f"{HOST}/{registry.fresh(3).name}" for _ in range(60)]
    for name in names:
        suite.get(f"/v1/images/{name}")
    until = time.monotonic() + KILL_SECONDS
    for victim in itertools.cycle(["inspector", "size", "inspector-2", "size-2"]):
        time.sleep(chance.uniform(0.05, 0.4))
        suite[victim].kill()
        suite[victim].start()
        if time.monotonic() > until:
            break
    for name in names:
        document = suite.wait_status(name, seconds=60)
        assert not [version for version in document["Versions"] if version.get("Pending")]
    wait_until(lambda: is_idle(backend_fast), 60, "the queues are empty")
    assert backend_fast.dead("inspection") == backend_fast.dead("size") == 0


def test_poison_ends_as_failed_and_in_the_dead_queue(make_suite, backend_of, registry):
    """A registry that never answers well: attempts are used up, and nobody starts it again."""
    backend = backend_of(max_receives=5, visibility_seconds=1)
    suite = make_suite(backend, MB_VISIBILITY_SECONDS=1, MB_MAX_RECEIVES=2).start()
    repository = registry.fresh(1)
    registry.proxy.fault("truncate", kind="manifests", repository=repository.name)
    name = f"{HOST}/{repository.name}"
    suite.get(f"/v1/images/{name}")
    wait_until(
        lambda: suite.get(f"/v1/status/{name}")[2]["Status"] == "FAILED_INSPECTION",
        60,
        "the image has failed",
    )
    wait_until(lambda: backend.dead("inspection") == 1, 20, "the message is in the dead queue")
    sent = backend.sent("inspection")
    for _ in range(3):
        status, headers, body = suite.get(f"/v1/images/{name}?wait=5")
        assert (status, body["Status"]) == (202, "FAILED_INSPECTION")
        assert "manifest" in body["Error"]
        assert int(headers["Retry-After"]) > 60
    assert backend.sent("inspection") == sent
    wait_until(lambda: is_idle(backend), 20, "the queues are empty")


def test_sigterm_under_load_loses_nothing(make_suite, backend, registry):
    suite = make_suite(backend).start()
    names = [f"{HOST}/{registry.fresh(3).name}" for _ in range(20)]
    registry.proxy.delay_ms = 20
    for name in names:
        assert suite.get(f"/v1/images/{name}")[0] == 202
    for program in ("inspector", "size"):
        assert suite[program].term() == 0
    assert backend.depth("inspection")[1] == backend.depth("size")[1] == 0, "left in flight"
    for program in ("inspector", "size"):
        suite[program].start().wait_ready()
    for name in names:
        suite.wait_status(name, seconds=60)
    assert backend.dead("inspection") == backend.dead("size") == 0


def test_sigterm_of_the_api_answers_what_it_has_accepted(suite, registry):
    """Clients that poll over one api while it is told to stop: each answer that was begun arrives."""
    name = f"{HOST}/{registry.fresh(2).name}"
    suite.wait_status(name)
    answers, errors, waited = [], [], []
    stop = threading.Event()

    def client():
        while not stop.is_set():
            try:
                with urllib.request.urlopen(f"{suite.url}/v1/images/{name}", timeout=30) as answer:
                    answer.read()
                    answers.append(answer.status)
            except OSError as error:
                if "refused" not in str(error):  # it listens no more: that is no lost request
                    errors.append(error)
                return

    def waiter():
        waited.append(suite.get(f"/v1/images/{HOST}/never/there:x?wait=25", timeout=40)[0])

    suite["inspector"].term()
    threads = [threading.Thread(target=client) for _ in range(8)]
    threads.append(threading.Thread(target=waiter))
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) > 100, 20, "the load is on")
    assert suite["api"].term() == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert set(answers) == {200}
    assert waited == [202], "a long poll ends with what there is"


def test_redis_lost_and_back(make_suite, own_redis, registry):
    redis, queues = own_redis
    suite = make_suite(queues, MB_CACHE_URL=redis.url(0)).start()
    name = f"{HOST}/demo/hello"
    suite.wait_status(name)
    assert suite.get(f"/v1/images/{name}")[0] == 200
    redis.kill()
    wait_until(lambda: not suite["api"].is_ready(), 20, "the api is not ready")
    assert suite.get(f"/v1/images/{name}")[0] == 200, "from its own memory"
    status, headers, body = suite.get(f"/v1/images/{HOST}/demo/labels")
    assert (status, body["code"]) == (503, "cache_unavailable")
    assert int(headers["Retry-After"]) >= 1
    redis.restart()
    wait_until(suite["api"].is_ready, 20, "the api is ready again")
    suite.wait_status(f"{HOST}/demo/labels", seconds=60)
