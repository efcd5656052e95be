"""Registries and queues that misbehave: retried within caps or failed with the reason in the
status; never a crash, never a wrong fact."""

import itertools
import time

import pytest

from stack.processes import wait_until
from stack.queues import SqsBackend, is_idle
from stack.samples import HOST


def expected_shas(repository):
    return {digest.split(":")[1] for digest in repository.versions}


def shas(document):
    return {version["SHA"] for version in document["Versions"]}


def check_facts(document, repository):
    assert shas(document) == expected_shas(repository)
    by_sha = {digest.split(":")[1]: version for digest, version in repository.versions.items()}
    for version in document["Versions"]:
        assert not version.get("Pending")
        assert version["DownloadSize"] == by_sha[version["SHA"]].download_size


def check_alive(suite):
    assert [program.process.is_alive() for program in suite.programs.values()] == [True] * 3


PASSING_FAULTS = {
    "429 with seconds": {"action": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "429 without a word": {"action": "status", "status": 429},
    "500": {"action": "status", "status": 500},
    "503 with seconds": {"action": "status", "status": 503, "headers": {"Retry-After": "1"}},
    "502 with a page": {
        "action": "status",
        "status": 502,
        "headers": {"Content-Type": "text/html"},
        "body": b"<html>Bad Gateway</html>",
    },
    "reset": {"action": "reset"},
    "closed": {"action": "close"},
    "truncated": {"action": "truncate"},
    "reset in the body": {"action": "reset_body"},
    "wrong content": {"action": "spoil"},
    "login page": {
        "action": "status",
        "status": 200,
        "headers": {"Content-Type": "text/html"},
        "body": b"<html>Please log in</html>",
    },
    "slow": {"action": "slow", "ms": 800},
}
# A manifest asked for by tag carries no digest that its content could belie.
KINDS = {"manifests": 2, "blobs": 0, "tags": 0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PASSING_FAULTS)
def test_passing_faults_are_retried(make_suite, registry, name, kind):
    if (name, kind) == ("wrong content", "tags"):
        pytest.skip("a tag list has no digest")
    suite = make_suite().start()
    repository = registry.fresh(3)
    skip = KINDS[kind] if name == "wrong content" else 0
    fault = registry.proxy.fault(
        kind=kind, repository=repository.name, skip=skip, times=2, **PASSING_FAULTS[name]
    )
    document = suite.wait_status(f"{HOST}/{repository.name}", seconds=40)
    check_facts(document, repository)
    assert fault.hits == 2
    check_alive(suite)


def test_token_server_that_fails_at_first(make_suite, registry):
    suite = make_suite().start()
    repository = registry.fresh(2)
    registry.proxy.fault("status", kind="token", status=503, times=2)
    check_facts(suite.wait_status(f"{HOST}/{repository.name}", seconds=40), repository)


@pytest.mark.parametrize(
    "fault, word",
    [
        ({"action": "status", "status": 500}, "500"),
        ({"action": "truncate"}, "manifest"),
        (
            {
                "action": "status",
                "status": 200,
                "body": b'{"schemaVersion":2}',
                "headers": {"Content-Type": "application/vnd.oci.image.manifest.v1+json"},
            },
            "cannot be read",
        ),
        (
            {
                "action": "status",
                "status": 200,
                "body": b'{"layers":[],"config":{},"manifests":[]}',
                "headers": {"Content-Type": "application/json"},
            },
            "cannot be read",
        ),
        ({"action": "status", "status": 200, "body": b"\x00\xff" * 4000}, "cannot be read"),
    ],
)
def test_lasting_faults_fail_with_their_reason(make_suite, registry, fault, word):
    suite = make_suite(MB_VISIBILITY_SECONDS=1, MB_MAX_RECEIVES=1).start()
    repository = registry.fresh(1)
    registry.proxy.fault(kind="manifests", repository=repository.name, **fault)
    name = f"{HOST}/{repository.name}"
    status, headers, body = suite.get(f"/v1/images/{name}?wait=25", timeout=40)
    assert (status, body["Status"]) == (202, "FAILED_INSPECTION")
    assert word in body["Error"]
    assert int(headers["Retry-After"]) > 1
    check_alive(suite)


def test_rate_limit_of_hours_is_waited_for_without_a_message(make_suite, backend, registry):
    suite = make_suite(backend).start()
    repository = registry.fresh(1)
    registry.proxy.fault(
        "status",
        kind="manifests",
        repository=repository.name,
        status=429,
        headers={"Retry-After": "7200"},
    )
    name = f"{HOST}/{repository.name}"
    suite.get(f"/v1/images/{name}")
    wait_until(
        lambda: suite.get(f"/v1/status/{name}")[2]["Stage"] == "waiting-rate-limit",
        20,
        "the limit is told",
    )
    wait_until(lambda: is_idle(backend), 20, "no message is left")
    asked = time.monotonic()
    status, headers, body = suite.get(f"/v1/images/{name}?wait=20")
    assert (status, time.monotonic() - asked < 15) == (202, True), "nothing to wait for"
    assert 7000 < int(headers["Retry-After"]) <= 7200
    assert body["RetryAt"]
    assert backend.sent("inspection") == 1


def test_rate_limit_of_minutes_is_put_off_and_counts_as_no_failure(make_suite, backend, registry):
    suite = make_suite(backend, MB_MAX_RECEIVES=1).start()
    repository = registry.fresh(1)
    registry.proxy.fault(
        "status",
        kind="manifests",
        repository=repository.name,
        status=429,
        headers={"Retry-After": str(int(time.time()) + 12)},
        times=1,
    )
    check_facts(suite.wait_status(f"{HOST}/{repository.name}", seconds=60), repository)
    assert backend.dead("inspection") == 0


def test_paged_tag_lists_and_redirected_blobs(make_suite, registry):
    suite = make_suite().start()
    repository = registry.fresh(30)
    registry.proxy.page_size = 7
    registry.proxy.redirect_blobs = True
    document = suite.wait_status(f"{HOST}/{repository.name}", seconds=40)
    assert shas(document) == expected_shas(repository)
    assert registry.proxy.counts(repository=repository.name, status=200)["GET tags"] == 5
    blob_requests = registry.proxy.blobs.requests
    assert blob_requests
    assert not [request for request in blob_requests if request.headers.get("authorization")]


def test_requests_are_as_few_as_can_be(make_suite, registry):
    """T tags on V eager versions: one list page, T HEADs, two GETs a version."""
    suite = make_suite().start()
    repository = registry.fresh(15, 5)
    suite.wait_status(f"{HOST}/{repository.name}")
    counts = registry.proxy.counts(repository=repository.name, status=200)
    assert counts["GET tags"] == 1
    assert counts["HEAD manifests"] == 15
    assert (counts["GET manifests"], counts["GET blobs"]) == (5, 5)


def test_one_bad_tag_does_not_fail_the_image(make_suite, registry):
    suite = make_suite().start()
    repository = registry.fresh(6)
    registry.proxy.fault(
        "status", kind="manifests", repository=repository.name, reference="1.0", status=500
    )
    document = suite.wait_status(f"{HOST}/{repository.name}", seconds=40)
    rest = [version for version in document["Versions"] if not version["SHA"]]
    assert [tag["tag"] for tag in rest[0]["Tags"]] == ["1.0"]
    assert len(document["Versions"]) == len(repository.versions)


SQS_FAULTS = [
    "throttle",
    "throttle_coral",
    "throttle429",
    "http500",
    "http503",
    "http502_html",
    "reset_before",
    "close_before",
    "reset_after",
    "close_after",
    "error_after",
    "truncate",
    "garbage",
    "wrong_type",
    "bad_md5",
    "bad_body",
    "expired_token",
    "skewed",
    "close_idle",
    "conn_close",
    "chunked",
    "no_length",
    "slow_body",
    "duplicate",
    "empty",
]


SQS_OPERATIONS = "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility".split()


@pytest.mark.parametrize("kind", SQS_FAULTS)
def test_sqs_faults_lose_nothing(make_suite, sqs, registry, kind):
    queues = SqsBackend(sqs, visibility_seconds=2)
    suite = make_suite(queues, MB_VISIBILITY_SECONDS=2).start()
    repositories = [registry.fresh(2) for _ in range(4)]
    for operation, queue in itertools.product(SQS_OPERATIONS, ["inspection", "size"]):
        # A message that meets all four of its queue is done with its fifth receive, the last.
        sqs.fault(kind, operation, queue=queue, next=1, ms=200)
    for repository in repositories:
        suite.get(f"/v1/images/{HOST}/{repository.name}")
    deadline = time.monotonic() + 90
    for repository in repositories:
        left = deadline - time.monotonic()
        document = suite.wait_status(f"{HOST}/{repository.name}", seconds=left)
        check_facts(document, repository)
    sqs.reset()
    wait_until(lambda: is_idle(queues), 60, "the queues are empty")
    check_alive(suite)
    queues.close()


def test_wrong_secret_is_told_and_nothing_crashes(make_suite, sqs, registry):
    queues = SqsBackend(sqs)
    queues.settings = {**queues.settings, "AWS_SECRET_ACCESS_KEY": "wrong"}
    suite = make_suite(queues)
    suite.settings.update(queues.settings)
    suite.start(["api"])
    repository = registry.fresh(1)
    status, headers, body = suite.get(f"/v1/images/{HOST}/{repository.name}")
    assert (status, body["code"]) == (503, "queue_unavailable")
    assert int(headers["Retry-After"]) >= 1
    warnings = [line for line in suite["api"].log_lines() if line["level"] == "warn"]
    assert "Signature" in warnings[0]["error"]
    assert "wrong" not in suite["api"].process.log()
    queues.close()
