"""The scaler with real queues and a stand-in for the Kubernetes API. What a policy decides is
tested in C; here it is what becomes of its decisions."""

import pytest

from stack.fake_kube import FakeKube
from stack.processes import free_port, wait_until
from stack.queues import RedisBackend, SqsBackend
from stack.scaling import INSPECTOR, SIZE, Messages, Scaler, most_at_once, numbers, patches

POOL = 10
SECONDS = 30  # for what takes a second or two
LEASE_SECONDS = 60  # until another scaler takes over
STALE_SECONDS = 90  # until what was last known counts no more
GIVE_BACK_SECONDS = 180


@pytest.fixture
def make_kube():
    """make_kube(inspector, size): the API server with so many replicas."""
    servers = []

    def make(inspector=1, size=0, **options):
        servers.append(FakeKube({INSPECTOR: inspector, SIZE: size}, **options).start())
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def make_scaler(redis, db, tmp_path):
    """make_scaler(kube, backend, MB_POLICY="simple", ...): it runs, and is not ready yet."""
    scalers = []

    def make(kube, backend, cache=None, is_to_run=True, **settings):
        name = f"scaler-{len(scalers) + 1}"
        own = {
            **backend.settings,
            "MB_CACHE_URL": cache or redis.url(db),
            "MB_KUBECONFIG": kube.write_kubeconfig(tmp_path),
            "MB_POOL": str(POOL),
            **settings,
        }
        scalers.append(Scaler(name, own, tmp_path).start())
        if is_to_run:
            scalers[-1].process.wait_ready(scalers[-1].is_alive, SECONDS)
        return scalers[-1]

    yield make
    for scaler in scalers:
        scaler.kill()
    logs = "\n".join(scaler.process.log() for scaler in scalers)
    assert "Sanitizer" not in logs and "runtime error" not in logs


@pytest.fixture
def redis_backend(redis, db):
    return RedisBackend(redis, db)


@pytest.fixture
def sqs_backend(sqs):
    backend = SqsBackend(sqs)
    yield backend
    backend.close()


@pytest.fixture
def messages_of(redis, db):
    return lambda backend: Messages(backend, redis, db)


def wait_numbers(kube, inspectors, size, seconds=SECONDS):
    what = f"{inspectors} inspectors and {size} size workers"
    wait_until(lambda: numbers(kube) == (inspectors, size), seconds, what)


def wait_leads(scaler, seconds=SECONDS):
    wait_until(scaler.leads, seconds, "the scaler to lead and know its queues")
    return scaler


def wait_log(scaler, message, seconds=SECONDS):
    return wait_until(lambda: scaler.lines(message), seconds, f"the line {message!r}")


# Room for a burst


def test_a_burst_takes_the_room_of_size_workers_and_gives_it_back(
    make_kube, make_scaler, messages_of, backend
):
    kube = make_kube(inspector=1, size=8)
    messages = messages_of(backend)
    messages.send("size", 500)
    scaler = wait_leads(make_scaler(kube, backend))
    wait_until(lambda: kube.replicas(SIZE) == 9, SECONDS, "size workers to fill the pool")
    messages.send("inspection", 400)
    wait_numbers(kube, POOL, 0)
    assert patches(kube)[-2:] == [("size", 0), ("inspection", POOL)]  # in one step each, in order
    line = scaler.lines("scales")[-1]["decision"]
    assert "inspector 1 -> 10: " in line and "size 9 -> 0: " in line
    messages.finish("inspection")
    wait_numbers(kube, 1, 9, GIVE_BACK_SECONDS)
    assert most_at_once(kube) == POOL


def test_the_limits_of_both_hold(make_kube, make_scaler, messages_of, redis_backend):
    kube = make_kube(inspector=0, size=0)
    messages = messages_of(redis_backend)
    limits = {"MB_INSPECTOR_MIN": "2", "MB_INSPECTOR_MAX": "5", "MB_SIZE_MIN": "1"}
    limits["MB_SIZE_MAX"] = "3"
    make_scaler(kube, redis_backend, **limits)
    wait_numbers(kube, 2, 1)
    messages.send("inspection", 400)
    messages.send("size", 400)
    wait_numbers(kube, 5, 3)


def test_a_message_wakes_size_without_asking_the_queue(
    make_kube, make_scaler, messages_of, sqs_backend, sqs
):
    kube = make_kube()
    scaler = wait_leads(make_scaler(kube, sqs_backend))
    sqs.fault("throttle", "GetQueueAttributes", prob=1)
    messages_of(sqs_backend).send("size", 1)
    wait_numbers(kube, 1, 1)
    assert scaler.metric("mb_queue_depth", queue="size", state="waiting") == 1


def test_what_only_sqs_says_must_come_twice(make_kube, make_scaler, messages_of, sqs_backend, sqs):
    kube = make_kube()
    messages_of(sqs_backend).send("size", 1, counted=False)
    make_scaler(kube, sqs_backend)
    wait_numbers(kube, 1, 1)
    asked = sqs.counts()["queues"][sqs_backend.names["size"]]["GetQueueAttributes"]
    assert asked == 2


def test_rest_asks_the_queues_no_more(make_kube, make_scaler, sqs_backend, sqs):
    kube = make_kube()
    scaler = wait_leads(make_scaler(kube, sqs_backend))
    kube.touch(SIZE)  # the scaler looks at what it knows, and asks nothing
    kube.set_available(INSPECTOR, 0)
    gauge = {"deployment": INSPECTOR}
    wait_until(
        lambda: scaler.metric("mb_scaler_available_replicas", **gauge) == 0,
        SECONDS,
        "the change to be seen",
    )
    counts = sqs.counts()["queues"]
    for role in ("inspection", "size"):
        operations = counts[sqs_backend.names[role]]
        assert list(operations) == ["GetQueueAttributes"]
        assert operations["GetQueueAttributes"] <= 2  # a slow start looks twice
    assert patches(kube) == []


def test_without_redis_the_queues_alone_tell(make_kube, make_scaler, messages_of, sqs_backend):
    kube = make_kube()
    messages_of(sqs_backend).send("size", 100, counted=False)
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    scaler = make_scaler(kube, sqs_backend, cache=nobody)
    wait_numbers(kube, 1, 9)
    assert scaler.is_ready()


# What is not known is not scaled down


def test_without_a_length_nothing_is_scaled_down(
    make_kube, make_scaler, messages_of, sqs_backend, sqs
):
    kube = make_kube(inspector=2, size=3)
    messages = messages_of(sqs_backend)
    messages.send("inspection", 2, counted=False)
    messages.send("size", 2, counted=False)  # as many as may wait: `simple` changes nothing
    scaler = wait_leads(make_scaler(kube, sqs_backend, MB_POLICY="simple"))
    sqs.fault("throttle", "GetQueueAttributes", prob=1)
    messages.finish("inspection")
    messages.finish("size")
    lost = "the length of a queue is not known: nothing is scaled down"
    wait_until(lambda: len(scaler.lines(lost)) == 2, STALE_SECONDS, "both queues to be unknown")
    assert not scaler.is_ready()
    assert scaler.metric("mb_scaler_metric_known", queue="size") == 0
    assert patches(kube) == []
    sqs.reset()
    wait_numbers(kube, 1, 0)
    assert scaler.is_ready()


def test_a_lost_redis_holds_everything(make_kube, make_scaler, own_redis):
    server, backend = own_redis
    messages = Messages(backend, server, 0)
    kube = make_kube(inspector=3, size=3)
    messages.send("inspection", 2)
    messages.send("size", 2)
    scaler = make_scaler(kube, backend, cache=server.url(), MB_POLICY="simple")
    wait_leads(scaler)
    server.kill()
    wait_until(lambda: not scaler.is_ready(), STALE_SECONDS, "the queues to be unknown")
    assert patches(kube) == []
    server.restart()
    messages.finish("inspection")
    messages.finish("size")
    wait_numbers(kube, 1, 0, STALE_SECONDS)


def test_what_is_unknown_from_the_start_is_kept(make_kube, make_scaler, sqs_backend, sqs):
    sqs.fault("throttle", "GetQueueAttributes", prob=1)
    kube = make_kube(inspector=3, size=4)
    scaler = make_scaler(kube, sqs_backend, MB_POLICY="simple")
    failed = {"queue": "size", "result": "error"}
    wait_until(
        lambda: scaler.metric("mb_scaler_depth_polls_total", **failed) >= 3,
        SECONDS,
        "three looks that failed",
    )
    assert not scaler.is_ready()
    assert numbers(kube) == (3, 4) and patches(kube) == []
    sqs.reset()
    wait_numbers(kube, 1, 0)


# Others


def test_a_change_from_outside_is_adopted(make_kube, make_scaler, redis_backend):
    kube = make_kube()
    scaler = wait_leads(make_scaler(kube, redis_backend, MB_POLICY="simple"))
    kube.set_replicas(SIZE, 3)
    line = wait_log(scaler, "changed by somebody else, and adopted")[0]
    assert (line["deployment"], line["from"], line["to"]) == (SIZE, 0, 3)
    wait_numbers(kube, 1, 0)
    assert patches(kube) == [("size", 2), ("size", 1), ("size", 0)]  # from there, step by step
    assert len(scaler.lines("changed by somebody else, and adopted")) == 1
    assert scaler.metric("mb_scaler_outside_changes_total", deployment=SIZE) == 1


def test_two_scalers_take_turns(make_kube, make_scaler, messages_of, redis_backend):
    kube = make_kube()
    messages = messages_of(redis_backend)
    first = wait_leads(make_scaler(kube, redis_backend))
    second = make_scaler(kube, redis_backend).wait_ready()
    messages.send("size", 500)
    wait_numbers(kube, 1, 9)
    assert second.metric("mb_scaler_is_leader") == 0
    assert second.metric("mb_scaler_depth_polls_total", queue="size", result="ok") == 0
    messages.send("inspection", 100)
    first.kill()  # perhaps between two patches
    wait_leads(second, LEASE_SECONDS)
    wait_numbers(kube, POOL, 0)
    assert most_at_once(kube) <= POOL
    third = make_scaler(kube, redis_backend).wait_ready()
    assert second.term() == 0
    wait_leads(third)
    assert numbers(kube) == (POOL, 0)
    assert third.lines("changed by somebody else, and adopted") == []


def test_an_end_leaves_the_replicas_as_they_are(make_kube, make_scaler, messages_of, redis_backend):
    kube = make_kube()
    scaler = wait_leads(make_scaler(kube, redis_backend))
    assert kube.lease()["holderIdentity"].startswith("scaler-1")
    messages_of(redis_backend).send("inspection", 400)
    wait_numbers(kube, POOL, 0)
    assert scaler.term() == 0
    assert numbers(kube) == (POOL, 0)
    assert not kube.lease()["holderIdentity"]  # the next need not wait


def test_a_dry_run_changes_nothing(make_kube, make_scaler, messages_of, redis_backend):
    kube = make_kube(inspector=1, size=8)
    scaler = make_scaler(kube, redis_backend, MB_DRY_RUN="yes").wait_ready()
    messages_of(redis_backend).send("inspection", 400)
    line = wait_until(
        lambda: [it for it in scaler.lines("would scale") if "-> 10" in it["decision"]],
        SECONDS,
        "the decision",
    )[-1]
    assert "inspector 1 -> 10: " in line["decision"] and "size 8 -> 0: " in line["decision"]
    wanted = scaler.metric("mb_scaler_desired_replicas", deployment=INSPECTOR)
    assert wanted == POOL
    assert scaler.term() == 0
    assert patches(kube) == [] and numbers(kube) == (1, 8)
    assert kube.lease() is None  # it stops no other scaler


# A server that refuses


@pytest.mark.parametrize(
    "name, fault, count",
    [
        (SIZE, 409, 1),
        (SIZE, 409, 8),
        (SIZE, 429, 2),
        (SIZE, 500, 1),
        (SIZE, "lost", 1),
        (INSPECTOR, "lost", 1),
        (INSPECTOR, "cut", 1),
    ],
)
def test_a_patch_that_fails_is_made_again(
    make_kube, make_scaler, messages_of, redis_backend, name, fault, count
):
    kube = make_kube(inspector=1, size=9)
    messages = messages_of(redis_backend)
    messages.send("size", 500)
    scaler = wait_leads(make_scaler(kube, redis_backend))
    kube.fault(fault, verb="patch", name=name, count=count)
    messages.send("inspection", 400)
    wait_numbers(kube, POOL, 0)
    assert most_at_once(kube) == POOL
    assert scaler.lines("changed by somebody else, and adopted") == []


@pytest.mark.parametrize("fault, result", [(403, "forbidden"), (422, "invalid")])
def test_where_no_room_is_made_none_is_taken(
    make_kube, make_scaler, messages_of, redis_backend, fault, result
):
    kube = make_kube(inspector=1, size=7)
    messages = messages_of(redis_backend)
    messages.send("size", 500)
    scaler = wait_leads(make_scaler(kube, redis_backend, MB_SIZE_MAX="7"))
    kube.fault(fault, verb="patch", name=SIZE, count=1000)
    messages.send("inspection", 400)
    wait_numbers(kube, 3, 7)  # the room that nobody has
    count = scaler.metric("mb_scaler_scale_operations_total", deployment=SIZE, result=result)
    assert count == 1  # and not again and again
    assert scaler.lines("not scaled")[0]["deployment"] == SIZE
    assert most_at_once(kube) == POOL
    assert scaler.is_ready() == (fault != 403)


def test_a_role_that_is_too_small_shows_at_the_start(make_kube, make_scaler, redis_backend):
    kube = make_kube()
    kube.allowed = {rule for rule in kube.allowed if rule[:2] != ("patch", "deployments/scale")}
    scaler = make_scaler(kube, redis_backend)
    wait_until(
        lambda: len(scaler.lines("the Deployment cannot be scaled")) == 2,
        SECONDS,
        "both to be told",
    )
    assert not scaler.is_ready()
    assert numbers(kube) == (1, 0)


def test_rights_given_later_are_noticed(make_kube, make_scaler, redis_backend):
    kube = make_kube()
    rights = kube.allowed
    kube.allowed = {rule for rule in rights if rule[1] != "leases" and rule[0] != "patch"}
    scaler = make_scaler(kube, redis_backend)
    wait_log(scaler, "the Deployment cannot be scaled")
    line = wait_log(scaler, "the lease cannot be read or written")[0]
    assert "leases" in line["error"]
    assert not scaler.is_ready()
    kube.allowed = rights
    wait_leads(scaler, STALE_SECONDS)


def test_a_deployment_that_is_missing_stops_nothing_for_good(
    make_kube, make_scaler, messages_of, redis_backend
):
    kube = make_kube()
    scaler = wait_leads(make_scaler(kube, redis_backend))
    kube.delete(SIZE)
    wait_until(lambda: not scaler.is_ready(), SECONDS, "the loss to be seen")
    messages_of(redis_backend).send("inspection", 400)
    kube.create(SIZE, 2)
    wait_numbers(kube, POOL, 0, LEASE_SECONDS)
    assert most_at_once(kube) <= POOL + 2  # who made it asked nobody


# Its start


def test_all_problems_of_its_numbers_are_told_together(
    make_kube, make_scaler, redis_backend, tmp_path
):
    kube = make_kube()
    settings = {
        "MB_POOL": "4",
        "MB_INSPECTOR_MIN": "3",
        "MB_INSPECTOR_MAX": "2",
        "MB_SIZE_MIN": "2",
        "MB_SIZE_MAX": "5",
        "MB_POLICY": "pid",
        "MB_LEASE": "No Name",
        "MB_DRY_RUN": "perhaps",
        "MB_INSPECTOR_DEPLOYMENT": "one",
        "MB_SIZE_DEPLOYMENT": "one",
    }
    scaler = make_scaler(kube, redis_backend, is_to_run=False, **settings)
    assert scaler.process.wait(SECONDS) == 2
    lines = [line.strip() for line in scaler.process.log().splitlines()[1:]]
    assert lines == [
        'MB_POLICY="pid": neither drain nor simple',
        'MB_LEASE="No Name": not a name of an object of Kubernetes',
        'MB_DRY_RUN="perhaps": no or yes: decides and logs, and changes nothing',
        "MB_INSPECTOR_MIN=3 is more than its maximum=2",
        "MB_SIZE_MAX=5 is more than MB_POOL=4",
        "MB_INSPECTOR_MIN=3 and MB_SIZE_MIN=2 are together more than MB_POOL=4",
        "MB_INSPECTOR_DEPLOYMENT and MB_SIZE_DEPLOYMENT are the same: one",
    ]
    assert kube.calls == []


def test_without_access_it_says_why(make_kube, make_scaler, redis_backend, tmp_path):
    scaler = make_scaler(
        make_kube(), redis_backend, is_to_run=False, MB_KUBECONFIG=str(tmp_path / "none")
    )
    assert scaler.process.wait(SECONDS) == 1
    assert str(tmp_path / "none") in scaler.lines("no access to Kubernetes")[0]["error"]


def test_its_names_are_known_to_the_whole_suite(make_suite):
    names = {"MB_POOL": "12", "MB_POLICY": "simple", "MB_DRY_RUN": "yes", "MB_LEASE": "l"}
    names |= {"MB_INSPECTOR_DEPLOYMENT": "i", "MB_SIZE_DEPLOYMENT": "s", "MB_NAMESPACE": "n"}
    names |= {"MB_INSPECTOR_MIN": "1", "MB_INSPECTOR_MAX": "2", "MB_KUBECONFIG": "k"}
    names |= {"MB_SIZE_MIN": "0", "MB_SIZE_MAX": "3"}
    names |= {"MB_INSPECTION_TARGET": "3", "MB_SIZE_TARGET": "4"}
    make_suite(**names).start()
