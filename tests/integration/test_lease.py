"""Election by a Lease (scaler/lease.h) where two want it, or the API server fails: against the
stand-in, which does so when told to."""

import itertools
import time

import pytest

from stack.fake_kube import FakeKube
from stack.processes import wait_until

SLOW = 60  # seconds
SHORT = {"duration_ms": 10_000, "renew_deadline_ms": 4000, "retry_ms": 100}


@pytest.fixture
def api():
    server = FakeKube({}).start()
    try:
        yield server
    finally:
        server.stop()


def test_the_first_of_two_creators_wins(make_client, api):
    """The other one finds the Lease there, between its look and its attempt."""
    first, second = make_client(), make_client()
    api.fault("slow", verb="create", seconds=2)
    first.elect("first")  # of more patience
    wait_until(lambda: api.calls_of("create"), SLOW, "an attempt")
    second.elect("second", **SHORT)
    wait_until(second.is_held, SLOW, "the second holds it")
    wait_until(lambda: first.lease().holder.startswith("second_"), SLOW, "the first sees it")
    assert 409 in [call.status for call in api.calls_of("create")]
    assert not first.is_held() and first.events == []


def test_a_renewal_whose_answer_is_lost_loses_nothing(client, api):
    client.elect("client", **SHORT)
    wait_until(client.is_held, SLOW, "held")
    api.fault("lost", verb="update")
    wait_until(lambda: 409 in [c.status for c in api.calls_of("update")], SLOW, "a conflict")
    renewals = len(api.calls_of("update"))
    wait_until(lambda: len(api.calls_of("update")) > renewals + 2, SLOW, "further renewals")
    assert [event.held for event in client.events] == [True]


@pytest.mark.parametrize("fault", ["hang", "cut", 429, 500, 403, 401])
def test_who_cannot_renew_stops_acting(client, api, fault):
    client.elect("client", **SHORT)
    wait_until(client.is_held, SLOW, "held")
    api.fault(fault, count=100_000)
    wait_until(lambda: not client.is_held(), SLOW, "no longer held")
    assert api.lease()["holderIdentity"] == client.lease().holder  # by the record it still is
    assert client.lease().error.startswith("cannot ")
    api.heal()
    wait_until(client.is_held, SLOW, "held again")
    assert [event.held for event in client.events] == [True, False, True]
    assert api.lease()["leaseTransitions"] == 0


def intervals(client):
    """When it held the lease, as far as told: pairs of milliseconds."""
    starts = [event.at_ms for event in client.events if event.held]
    ends = [event.at_ms for event in client.events if not event.held]
    return list(itertools.zip_longest(starts, ends, fillvalue=float("inf")))


def test_never_both_hold(make_client, api):
    clients = [make_client(), make_client()]
    for number, client in enumerate(clients):
        client.elect(f"client-{number}", **SHORT)
    for fault in ("hang", 500, "cut"):
        wait_until(lambda: any(client.is_held() for client in clients), SLOW, "a holder")
        api.fault(fault, verb="update", count=100_000)
        wait_until(lambda: not any(c.is_held() for c in clients), SLOW, "nobody")
        api.heal()
    wait_until(lambda: any(client.is_held() for client in clients), SLOW, "a holder")
    held = sorted(itertools.chain(*(intervals(client) for client in clients)))
    assert len(held) >= 4
    for (_, end), (start, _) in zip(held, held[1:]):
        assert end <= start


def test_another_program_that_holds_it_is_waited_for(client, api):
    """By its own duration, and as long as it renews; times of its clock do not matter."""
    long_ago = "2001-01-01T00:00:00.000000Z"
    spec = {"holderIdentity": "other", "leaseDurationSeconds": 5, "acquireTime": long_ago}
    api.set_lease(**spec, renewTime=long_ago)
    client.elect("client", **SHORT)
    end = time.monotonic() + 8
    for number in itertools.takewhile(lambda _: time.monotonic() < end, itertools.count(1)):
        looks = len(api.calls_of("get", "leases"))
        wait_until(lambda: len(api.calls_of("get", "leases")) > looks + 1, SLOW, "looks")
        api.set_lease(**spec, renewTime=f"2001-01-01T00:00:00.{number:06}Z")
        assert client.events == []
    assert client.lease().holder == "other"
    wait_until(client.is_held, SLOW, "held")
    assert api.lease()["leaseTransitions"] == 1


def test_what_others_wrote_into_the_lease_stays(client, api):
    api.set_lease(holderIdentity="", leaseDurationSeconds=1, strategy="OldestEmulationVersion")
    client.elect("client", **SHORT)
    wait_until(client.is_held, SLOW, "held")
    assert api.lease()["strategy"] == "OldestEmulationVersion"


def test_a_release_that_fails_ends_all_the_same(client, api):
    client.elect("client", **SHORT)
    wait_until(client.is_held, SLOW, "held")
    api.fault(500, verb="update", count=100_000)
    client.release()
    assert not client.is_held()
    assert [event.held for event in client.events] == [True]


def test_a_release_before_it_was_held(client, api):
    api.set_lease(holderIdentity="other", leaseDurationSeconds=3600)
    client.elect("client", **SHORT)
    client.release()
    assert api.lease()["holderIdentity"] == "other"


def test_a_lease_that_is_not_allowed_is_said(client, api):
    api.allowed = set()
    client.elect("client", **SHORT)
    wait_until(lambda: client.lease().error, SLOW, "an error")
    error = client.lease().error
    assert error.startswith("cannot get leases microbadger-scaler: 403: ")
    assert "in its Role" in error
