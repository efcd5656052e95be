"""The scaler's Kubernetes client (scaler/kube.h, deployment.h, lease.h) against an API server: the
stand-in, and where MB_TEST_KUBECONFIG names an administrator's kubeconfig, a real one, too. What is
said here of the stand-in's answers is so shown to be what real ones give."""

import signal
import uuid

import pytest

from stack.fake_kube import FakeKube
from stack.processes import wait_until
from stack.real_kube import RealKube, administrator

NAMES = ["urgent", "patient", "gone"]  # the account may ask for all, and the last one is not there
NOBODY = "nobody"  # it may not ask for this one
LEASE = "microbadger-scaler"
SLOW = 60  # seconds: real pods take their time
KINDS = ["fake", *(["real"] if administrator() else [])]


@pytest.fixture(params=KINDS)
def api(request):
    replicas = dict.fromkeys(NAMES, 1)
    if request.param == "fake":
        server = FakeKube(replicas).start()
    else:
        namespace = f"client-{uuid.uuid4().hex[:8]}"
        server = RealKube(administrator(), replicas, namespace).start()
    server.delete("gone")
    try:
        yield server
    finally:
        server.stop()


def scale_patch(replicas, version=None):
    metadata = {"metadata": {"resourceVersion": version}} if version else {}
    return {**metadata, "spec": {"replicas": replicas}}


def lease_object(holder, when="2026-11-23T21:10:00.000000Z", version=None, seconds=15):
    metadata = {"name": LEASE, **({"resourceVersion": version} if version else {})}
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": when}
    thing = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    return {**thing, "metadata": metadata, "spec": spec}


# What the server answers


@pytest.mark.parametrize(
    "verb, resource, name, body, status, err",
    [
        ("get", "deployments", "urgent", None, 200, "ok"),
        ("list", "deployments", "urgent", None, 200, "ok"),
        ("get", "deployments/scale", "urgent", None, 200, "ok"),
        ("patch", "deployments/scale", "urgent", scale_patch(2), 200, "ok"),
        ("patch", "deployments/scale", "urgent", scale_patch(2, "1"), 409, "superseded"),
        ("patch", "deployments/scale", "urgent", scale_patch(-1), 422, "invalid"),
        ("get", "deployments", "gone", None, 404, "not found"),
        ("patch", "deployments/scale", "gone", scale_patch(2), 404, "not found"),
        ("get", "leases", LEASE, None, 404, "not found"),
        ("create", "leases", LEASE, lease_object("a"), 201, "ok"),
        ("create", "leases", LEASE, lease_object("a", "2026-11-23T21:10:00Z"), 400, "invalid"),
        # What the Role does not name
        ("get", "deployments", NOBODY, None, 403, "not allowed"),
        ("list", "deployments", NOBODY, None, 403, "not allowed"),
        ("patch", "deployments", "urgent", scale_patch(2), 403, "not allowed"),
        ("update", "deployments/scale", "urgent", scale_patch(2), 403, "not allowed"),
        ("patch", "deployments/scale", NOBODY, scale_patch(2), 403, "not allowed"),
        ("create", "deployments", "urgent", scale_patch(2), 403, "not allowed"),
        ("list", "leases", LEASE, None, 403, "not allowed"),
        ("get", "leases", "another", None, 403, "not allowed"),
        ("patch", "leases", LEASE, {"spec": {}}, 403, "not allowed"),
    ],
)
def test_answers(client, verb, resource, name, body, status, err):
    answer = client.call(verb, resource, name, body)
    assert (answer.status, answer.err) == (status, err)
    if err == "ok":
        assert answer.error == "" and answer.json["metadata"]["resourceVersion"]
        return
    assert answer.error.startswith(f"cannot {verb} {resource} {name}: {status}: ")
    if status == 403:
        assert "give the account this verb" in answer.error
        assert f'cannot {verb} resource "{resource}"' in answer.error  # the server's own words


def test_a_scale_has_what_is_read_of_it(client):
    client.call("patch", "deployments/scale", "urgent", scale_patch(3))
    scale = client.call("get", "deployments/scale", "urgent").json
    deployment = client.call("get", "deployments", "urgent").json
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 3)
    assert deployment["spec"]["replicas"] == 3
    client.call("patch", "deployments/scale", "urgent", scale_patch(0))
    zero = client.call("get", "deployments/scale", "urgent").json
    assert "replicas" not in zero["spec"]  # absent is 0


def test_a_change_to_the_same_is_no_change(client, api):
    def is_unchanged():
        """Also while nobody else changes it: a real controller writes conditions for a while."""
        before = client.call("get", "deployments/scale", "urgent").json
        after = client.call("patch", "deployments/scale", "urgent", scale_patch(1)).json
        return after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]

    wait_until(is_unchanged, SLOW, "a change that is none")


def test_a_lease_is_written_over_by_its_version_only(client):
    created = client.call("create", "leases", LEASE, lease_object("a"))
    again = client.call("create", "leases", LEASE, lease_object("b"))
    assert (again.status, again.err) == (409, "superseded")
    version = created.json["metadata"]["resourceVersion"]
    blind = client.call("update", "leases", LEASE, lease_object("b"))
    assert (blind.status, blind.err) == (422, "invalid")
    first = client.call("update", "leases", LEASE, lease_object("b", version=version))
    assert first.err == "ok"
    stale = client.call("update", "leases", LEASE, lease_object("c", version=version))
    assert (stale.status, stale.err) == (409, "superseded")
    assert client.call("get", "leases", LEASE).json["spec"]["holderIdentity"] == "b"


# A Deployment


def test_what_others_do_is_seen(client, api):
    assert client.open("urgent").replicas == 1
    client.wait_for("urgent", SLOW, replicas=1, available=1)
    api.set_replicas("urgent", 3)
    client.wait_for("urgent", SLOW, replicas=3, available=3)
    api.set_replicas("urgent", 0)
    client.wait_for("urgent", SLOW, replicas=0, available=0)


def test_scaling_is_known_at_once_and_done(client, api):
    client.open("urgent")
    scaled = client.scale("urgent", 4)
    assert (scaled.err, scaled.replicas, scaled.error) == ("ok", 4, "")
    assert api.replicas("urgent") == 4
    client.wait_for("urgent", SLOW, available=4)
    assert client.scale("urgent", 0).replicas == 0
    assert api.replicas("urgent") == 0


def test_scaling_while_pods_come_is_no_conflict(client, api):
    """Each pod that comes gives the Deployment a new version."""
    client.open("urgent")
    for replicas in (2, 3, 1, 4, 2, 3):
        assert client.scale("urgent", replicas).err == "ok"
    assert api.replicas("urgent") == 3
    client.wait_for("urgent", SLOW, replicas=3, available=3)


def test_dry_run_changes_nothing_and_shows_what_is_not_allowed(client, api):
    client.open("urgent")
    dry = client.scale("urgent", 7, dry_run=True)
    assert (dry.err, dry.replicas) == ("ok", 1)
    assert api.replicas("urgent") == 1
    client.run("open", name=NOBODY)
    refused = client.scale(NOBODY, 7, dry_run=True)
    assert refused.err == "not allowed"
    assert "deployments/scale" in refused.error


def test_a_number_that_cannot_be_is_refused(client, api):
    client.open("urgent")
    refused = client.scale("urgent", -1)
    assert refused.err == "invalid"
    assert "422" in refused.error and "spec.replicas" in refused.error
    assert api.replicas("urgent") == 1


def test_a_deployment_comes_and_goes(client, api):
    client.run("open", name="gone")
    wait_until(lambda: "there is no Deployment gone" in client.state("gone").error, SLOW, "no gone")
    assert not client.state("gone").known
    assert client.scale("gone", 2).err == "not found"
    api.create("gone", 2)
    client.wait_for("gone", SLOW, known=True, replicas=2, error="")
    api.delete("gone")
    client.wait_for("gone", SLOW, known=False)
    assert "there is no Deployment gone" in client.state("gone").error
    assert client.scale("gone", 2).err == "not found"


def test_what_is_not_allowed_is_said(client):
    client.run("open", name=NOBODY)
    wait_until(lambda: client.state(NOBODY).error, SLOW, "an error")
    error = client.state(NOBODY).error
    assert error.startswith(f"cannot list deployments {NOBODY}: 403: ")
    assert not client.state(NOBODY).known


# Tokens


def test_a_token_that_rotates_is_read_anew(make_client, api):
    client = make_client(token="never-a-token")
    refused = client.call("get", "deployments", "urgent")
    assert (refused.status, refused.err) == (401, "missing or private")
    api.write_kubeconfig(client.directory)
    assert client.call("get", "deployments", "urgent").err == "ok"


# The Lease


def test_a_lease_goes_from_one_to_the_other(make_client, api):
    first, second = make_client(), make_client()
    first.elect("first")
    wait_until(first.is_held, SLOW, "the first holds it")
    spec = api.lease()
    assert spec["holderIdentity"] == first.lease().holder
    assert spec["holderIdentity"].startswith("first_")
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
    second.elect("second")
    wait_until(lambda: second.lease().holder == spec["holderIdentity"], SLOW, "it is seen")
    assert not second.is_held()
    first.release()
    assert not first.is_held()
    wait_until(second.is_held, SLOW, "the second holds it")
    later = api.lease()
    assert later["holderIdentity"].startswith("second_")
    assert later["leaseTransitions"] == 1
    assert later["acquireTime"] > spec["acquireTime"]


def test_a_renewal_changes_its_time_only(client, api):
    client.elect("holder", duration_ms=15000, renew_deadline_ms=10000, retry_ms=100)
    wait_until(client.is_held, SLOW, "held")
    before = api.lease()
    wait_until(lambda: api.lease()["renewTime"] != before["renewTime"], SLOW, "a renewal")
    after = api.lease()
    assert {**after, "renewTime": ""} == {**before, "renewTime": ""}
    assert after["renewTime"] > before["renewTime"]


def test_a_holder_that_hangs_is_replaced_and_knows_it(make_client, api):
    """Stopped in the middle, it must not act on what it knew before."""
    first, second = make_client(), make_client()
    for name, client in (("first", first), ("second", second)):
        client.elect(name, duration_ms=4000, renew_deadline_ms=2000, retry_ms=100)
        wait_until(lambda: first.is_held(), SLOW, "the first holds it")
    first.signal(signal.SIGSTOP)
    wait_until(second.is_held, SLOW, "the second takes over")
    question = first.start("lease")
    first.signal(signal.SIGCONT)
    assert not first.result(question).held
    wait_until(second.is_held, SLOW, "the second goes on holding it")
    assert api.lease()["holderIdentity"].startswith("second_")
    wait_until(lambda: first.lease().holder.startswith("second_"), SLOW, "the first sees it")


def test_a_holder_that_dies_is_replaced(make_client, api):
    first, second = make_client(), make_client()
    first.elect("first", duration_ms=2000, renew_deadline_ms=1500, retry_ms=100)
    wait_until(first.is_held, SLOW, "the first holds it")
    second.elect("second", duration_ms=2000, renew_deadline_ms=1500, retry_ms=100)
    first.kill()
    wait_until(second.is_held, SLOW, "the second takes over")
    assert api.lease()["leaseTransitions"] == 1


def test_a_lease_that_somebody_else_took_is_lost(client, api):
    client.elect("client", duration_ms=15000, renew_deadline_ms=10000, retry_ms=100)
    wait_until(client.is_held, SLOW, "held")
    api.set_lease(holderIdentity="somebody", leaseDurationSeconds=3600)
    wait_until(lambda: not client.is_held(), SLOW, "it is lost")
    assert client.lease().holder == "somebody"
    assert api.lease()["holderIdentity"] == "somebody"
    api.delete_lease()
    wait_until(client.is_held, SLOW, "held again")
