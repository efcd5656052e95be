"""The scaler's Kubernetes client where the API server, the network or the tokens misbehave: against
the stand-in, which does so when told to."""

import subprocess

import pytest

from stack.certificates import Authority
from stack.driver import driver_path
from stack.fake_kube import FakeKube
from stack.kube_client import KubeClient
from stack.processes import wait_until

SLOW = 60  # seconds


@pytest.fixture
def api():
    server = FakeKube({"urgent": 1, "patient": 1}).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def open_client(client, api):
    """It knows `urgent` and watches it."""
    client.open("urgent")
    wait_until(lambda: api.watches() == ["urgent"], SLOW, "a watch")
    return client


def changes_of(client):
    """(replicas, available) of each change that was told."""
    return [(event.replicas, event.available) for event in client.events]


# Scaling


def slowly(api, seconds=1):
    """The next patch is looked at only after something else has happened."""
    api.fault("slow", verb="patch", seconds=seconds)


def test_a_new_version_with_the_same_number_is_no_conflict(open_client, api):
    slowly(api)
    number = open_client.start("scale", name="urgent", replicas=3)
    wait_until(lambda: api.calls_of("patch"), SLOW, "a patch")
    api.touch("urgent")
    assert open_client.result(number).err == "ok"
    assert api.replicas("urgent") == 3
    assert [call.status for call in api.calls_of("patch")] == [409, 200]
    assert len(api.calls_of("get", "deployments/scale")) == 1


def test_what_somebody_else_set_is_not_written_over(open_client, api):
    slowly(api)
    number = open_client.start("scale", name="urgent", replicas=3)
    wait_until(lambda: api.calls_of("patch"), SLOW, "a patch")
    api.set_replicas("urgent", 5)
    scaled = open_client.result(number)
    assert (scaled.err, scaled.replicas) == ("superseded", 5)
    assert api.replicas("urgent") == 5
    assert open_client.scale("urgent", 3).err == "ok"


def test_conflicts_without_an_end_are_given_up(open_client, api):
    api.fault(409, verb="patch", count=1000)
    assert open_client.scale("urgent", 3).err == "unavailable"
    assert len(api.calls_of("patch")) == 5


@pytest.mark.parametrize(
    "fault, err, retry_after_ms, says",
    [
        (429, "unavailable", 1000, "429: no reason is given; the server is busy"),
        (500, "unavailable", 0, "500: an error on the server (500)"),
        (503, "unavailable", 0, "503: an error on the server (503)"),
        (401, "unavailable", 0, "401: Unauthorized; its token is read again"),
        (403, "not allowed", 0, '403: deployments.apps "urgent" is forbidden'),
        (404, "not found", 0, '404: deployments.apps "urgent" not found'),
        (422, "invalid", 0, "422: Scale.autoscaling"),
        ("cut", "unavailable", 0, "see that the server's address"),
    ],
)
def test_faults_of_a_patch(open_client, api, fault, err, retry_after_ms, says):
    api.fault(fault, verb="patch")
    scaled = open_client.scale("urgent", 3)
    assert (scaled.err, scaled.retry_after_ms, scaled.replicas) == (err, retry_after_ms, 1)
    assert scaled.error.startswith("cannot patch deployments/scale urgent: ")
    assert says in scaled.error
    again = open_client.scale("urgent", 3)
    assert (again.err, again.error) == ("ok", "")


def test_an_answer_that_is_lost_is_seen_by_the_watch(open_client, api):
    api.fault("lost", verb="patch")
    assert open_client.scale("urgent", 3).err == "unavailable"
    open_client.wait_for("urgent", replicas=3)
    assert open_client.scale("urgent", 4).err == "ok"


def test_scaling_at_the_same_time(open_client, api):
    open_client.open("patient")
    numbers = [
        open_client.start("scale", name="patient", replicas=0),
        open_client.start("scale", name="urgent", replicas=2),
        open_client.start("scale", name="urgent", replicas=2),
    ]
    assert [open_client.result(number).err for number in numbers] == ["ok"] * 3
    assert (api.replicas("patient"), api.replicas("urgent")) == (0, 2)


def test_what_is_under_way_ends_with_the_client(open_client, api):
    """Nothing is called back and nothing is lost, which the sanitizer sees to."""
    api.fault("hang", verb="patch")
    open_client.start("scale", name="urgent", replicas=3)
    open_client.start("elect", name="microbadger-scaler", identity="client")
    wait_until(lambda: api.calls_of("patch"), SLOW, "a patch")
    assert open_client.close() == 0


# Watching


def test_a_watch_that_is_cut_is_resumed(open_client, api):
    api.set_available("urgent", 0)
    open_client.wait_for("urgent", available=0)
    assert api.cut_watches() == 1
    api.set_replicas("urgent", 3)  # while nobody watches
    open_client.wait_for("urgent", replicas=3, available=3)
    assert len(api.calls_of("list")) == 1
    assert len(api.calls_of("watch")) == 2


def test_a_watch_that_ends_in_its_time_is_resumed_after_its_bookmark(open_client, api):
    api.touch("patient")  # the version goes on, and urgent does not
    api.end_watches()
    wait_until(lambda: len(api.calls_of("watch")) == 2, SLOW, "the next watch")
    first, second = (call.request.query["resourceVersion"] for call in api.calls_of("watch"))
    assert int(second) > int(first)
    api.set_replicas("urgent", 3)
    open_client.wait_for("urgent", replicas=3)
    assert len(api.calls_of("list")) == 1
    assert changes_of(open_client)[0] == (1, 1)


def test_a_watch_is_asked_for_as_the_role_allows(open_client, api):
    query = api.calls_of("watch")[0].request.query
    assert query["fieldSelector"] == "metadata.name=urgent"
    assert query["allowWatchBookmarks"] == "true"
    assert 300 <= int(query["timeoutSeconds"]) <= 360
    assert {(call.verb, call.resource, call.name) for call in api.calls} == {
        ("list", "deployments", "urgent"),
        ("watch", "deployments", "urgent"),
    }


@pytest.mark.parametrize("how", ["an event", "a new watch", "a status"])
def test_a_version_that_is_too_old_is_listed_anew(open_client, api, how):
    if how == "an event":
        api.expire()
    elif how == "a new watch":
        api.expire(tell=False)
        api.cut_watches()
    else:
        api.fault(410, verb="watch")
        api.cut_watches()
    wait_until(lambda: len(api.calls_of("list")) == 2, SLOW, "a second list")
    api.set_replicas("urgent", 3)
    open_client.wait_for("urgent", replicas=3)
    wait_until(lambda: api.watches() == ["urgent"], SLOW, "a watch")


def test_a_deployment_that_is_not_there_is_said_as_long_as_it_is_not(client, api):
    api.delete("urgent")
    client.run("open", name="urgent")
    wait_until(lambda: api.watches() == ["urgent"], SLOW, "a watch")
    for tell in (api.bookmark, api.end_watches):
        tell()
        wait_until(lambda: api.watches() == ["urgent"], SLOW, "a watch")
        assert "there is no Deployment urgent" in client.state("urgent").error
    api.create("urgent", 2)
    client.wait_for("urgent", known=True, replicas=2, error="")


def test_a_server_that_is_away_is_found_again(open_client, api):
    faults = {"verb": "watch", "count": 3}
    api.fault("cut", **faults)
    api.cut_watches()
    wait_until(lambda: open_client.state("urgent").error, SLOW, "an error")
    assert open_client.state("urgent").error.startswith("cannot watch deployments urgent: ")
    api.set_replicas("urgent", 4)
    open_client.wait_for("urgent", replicas=4, error="")
    assert len(api.calls_of("list")) == 1


def test_a_busy_server_is_listed_later(client, api):
    api.fault(429, verb="list", count=2)
    client.open("urgent")
    first, second, third = api.calls_of("list")
    assert [call.status for call in (first, second, third)] == [429, 429, 200]
    assert second.at - first.at >= 1 and third.at - second.at >= 1  # as Retry-After says


def test_a_quiet_watch_is_polled(open_client, api):
    """A stream that a broken network keeps open tells nothing any more."""
    api.fault("hang", verb="watch", count=1000)
    api.cut_watches()
    api.set_replicas("urgent", 3)
    open_client.wait_for("urgent", SLOW, replicas=3)
    assert [call.name for call in api.calls_of("get", "deployments")] == ["urgent"]


def test_what_is_known_becomes_stale(open_client, api):
    assert open_client.state("urgent", 3_600_000).known
    wait_until(lambda: not open_client.state("urgent", 2000).known, SLOW, "it is older than that")

    def is_heard_of():
        api.bookmark()
        return open_client.state("urgent", 2000).known

    wait_until(is_heard_of, SLOW, "it is heard of")


def test_a_status_of_before_is_not_believed(tmp_path):
    """Until the controller has seen the new number it tells of the old one."""
    api = FakeKube({"urgent": 4}, ready_seconds=None).start()
    client = KubeClient(api.write_kubeconfig(tmp_path))
    try:
        api.set_available("urgent", 4)
        client.open("urgent")
        client.wait_for("urgent", available=4)
        api.set_replicas("urgent", 6)
        client.wait_for("urgent", replicas=6, available=4)
        api.set_available("urgent", 5)
        client.wait_for("urgent", replicas=6, available=5)
        assert client.close() == 0
    finally:
        api.stop()


# Tokens


def test_a_token_is_replaced_under_way(open_client, api):
    api.token = "second-token"
    (open_client.directory / "token").write_text("second-token\n")
    scaled = open_client.scale("urgent", 3)
    assert (scaled.err, scaled.error) == ("ok", "")
    assert [call.status for call in api.calls_of("patch")] == [401, 200]
    api.cut_watches()
    api.set_replicas("urgent", 4)
    open_client.wait_for("urgent", replicas=4)


@pytest.mark.parametrize("content", [None, "", "two words", "x" * 2_000_000])
def test_a_token_that_cannot_be_read_leaves_the_old_one(open_client, api, content):
    file = open_client.directory / "token"
    file.unlink()
    if content is not None:
        file.write_text(content)
    api.fault(401, verb="patch")
    assert open_client.scale("urgent", 3).err == "unavailable"
    assert open_client.scale("urgent", 3).err == "ok"


# TLS, and the account of a pod


def account(directory, authority, token, namespace="microbadger"):
    """As Kubernetes mounts it: what is read are links into a directory that is swapped as one."""
    data = directory / f"data-{token}"
    data.mkdir()
    for name, text in (("token", token), ("ca.crt", authority.pem), ("namespace", namespace)):
        (data / name).write_text(text)
    link = directory / "..new"
    link.symlink_to(data.name)
    link.replace(directory / "..data")
    for name in ("token", "ca.crt", "namespace"):
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")
    return directory


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def secure_api(authority):
    tls = authority.server("server", "IP:127.0.0.1", "DNS:kubernetes.default.svc")
    server = FakeKube({"urgent": 1}, tls=tls).start()
    try:
        yield server
    finally:
        server.stop()


def in_cluster(api):
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}


def test_a_pod_uses_its_account(make_client, secure_api, authority, tmp_path):
    place = tmp_path / "account"
    place.mkdir()
    account(place, authority, "first-token")
    client = make_client("", account=place, **in_cluster(secure_api))
    assert client.run("namespace").ns == "microbadger"
    client.open("urgent")
    secure_api.token = "second-token"
    account(place, authority, "second-token")
    assert client.scale("urgent", 2).err == "ok"
    assert secure_api.replicas("urgent") == 2


def test_another_authority_is_not_believed(make_client, secure_api, tmp_path):
    place = tmp_path / "account"
    place.mkdir()
    account(place, Authority(tmp_path, "other"), "first-token")
    client = make_client("", account=place, **in_cluster(secure_api))
    answer = client.call("get", "deployments", "urgent")
    assert (answer.status, answer.err) == (0, "network failure")
    assert "certificate" in answer.error
    assert secure_api.calls == []


def test_an_authority_that_changes_is_read_anew(make_client, secure_api, authority, tmp_path):
    trusted = tmp_path / "trusted.crt"
    trusted.write_text(authority.pem)
    trust = {"certificate-authority": "trusted.crt"}
    client = make_client(secure_api.write_kubeconfig(tmp_path, **trust))
    assert client.call("get", "deployments", "urgent").err == "ok"
    trusted.write_text(Authority(tmp_path, "other").pem)
    secure_api.fault(401)  # all files are looked at then
    answer = client.call("get", "deployments", "urgent")
    assert (answer.status, answer.err) == (0, "network failure")


@pytest.mark.parametrize(
    "cluster, err",
    [
        ({}, "network failure"),  # the system's authorities do not know it
        ({"insecure-skip-tls-verify": True}, "ok"),
        ({"certificate-authority": "ca.crt"}, "ok"),
        ({"certificate-authority": "ca.crt", "tls-server-name": "kubernetes.default.svc"}, "ok"),
        ({"certificate-authority": "ca.crt", "tls-server-name": "other.test"}, "network failure"),
    ],
)
def test_how_a_kubeconfig_trusts(make_client, secure_api, authority, tmp_path, cluster, err):
    assert authority.path == tmp_path / "ca.crt"
    client = make_client(secure_api.write_kubeconfig(tmp_path, **cluster))
    assert client.call("get", "deployments", "urgent").err == err


@pytest.mark.parametrize("has_certificate", [True, False])
def test_a_client_certificate(make_client, authority, tmp_path, has_certificate):
    clients = Authority(tmp_path, "clients")
    tls = authority.server("server", "IP:127.0.0.1", clients=clients)
    certificate, key = clients.issue("administrator")
    user = {"token": "first-token"}
    if has_certificate:
        user.update({"client-certificate": certificate.name, "client-key": str(key)})
    api = FakeKube({"urgent": 1}, tls=tls).start()
    try:
        trust = {"certificate-authority": "ca.crt"}
        client = make_client(api.write_kubeconfig(tmp_path, user=user, **trust))
        answer = client.call("get", "deployments", "urgent")
        assert answer.err == ("ok" if has_certificate else "network failure")
    finally:
        api.stop()


@pytest.mark.parametrize(
    "environment, says",
    [
        ({}, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"),
        ({"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "x"}, "make no address"),
        (
            {"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"},
            "ca.crt: cannot be read",
        ),
    ],
)
def test_without_an_account_it_says_what_is_missing(environment, says, tmp_path):
    run = subprocess.run(
        [driver_path("kube-driver"), "", "", tmp_path],
        capture_output=True,
        text=True,
        env=environment,
        timeout=20,
    )
    assert run.returncode == 2
    assert says in run.stderr
