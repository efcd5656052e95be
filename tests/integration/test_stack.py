"""The tests' own servers do what they say: a fault that is not injected would prove nothing."""

import json
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from stack import samples
from stack.aws_identity import KINDS, AwsIdentity
from stack.images import DOCKER_MANIFEST, sha256
from stack.processes import (
    Process,
    StackError,
    free_port,
    http_get,
    http_is_ok,
    port_is_free,
)
from stack.queues import is_idle
from stack.redis import Redis
from stack.sqs import REGION, VENV_PYTHON
from stack.suite import METRIC

NAME = "demo/hello"


@pytest.fixture
def pull(registry):
    """pull("manifests/latest"): an answer about demo/hello, with a token for it."""
    url = f"{registry.url}/token?service=registry.test&scope=repository:{NAME}:pull"
    token = json.loads(http_get(url)[2])["token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": DOCKER_MANIFEST}

    def get(path, **more):
        return http_get(f"{registry.url}/v2/{NAME}/{path}", {**headers, **more})

    registry.proxy.reset()
    return get


def test_registry_asks_for_a_token(registry):
    status, headers, _ = http_get(f"{registry.url}/v2/{NAME}/manifests/latest")
    assert status == 401
    challenge = headers["WWW-Authenticate"]
    assert f'realm="{registry.url}/token"' in challenge
    assert f'scope="repository:{NAME}:pull"' in challenge


def test_denied_repository_gets_a_token_without_access(registry):
    registry.tokens.denied.add(NAME)
    token = json.loads(http_get(f"{registry.url}/token?scope=repository:{NAME}:pull")[2])["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert http_get(f"{registry.url}/v2/{NAME}/tags/list", headers)[0] == 401


def test_requests_are_counted_by_kind(registry, pull):
    config = json.loads(pull("manifests/latest")[2])["config"]["digest"]
    assert sha256(pull(f"blobs/{config}")[2]) == config
    pull("tags/list")
    assert registry.proxy.counts() == {"GET manifests": 1, "GET blobs": 1, "GET tags": 1}
    assert registry.proxy.counts(repository="demo/other") == {}
    assert registry.proxy.requests(kind="manifests")[0].reference == "latest"


def test_remembered_answers_are_those_of_the_registry(registry, pull):
    def comparable(path):
        status, headers, body = pull(path)
        return status, headers["Content-Type"], headers["Docker-Content-Digest"], body

    manifest = comparable("manifests/latest")
    blob = "blobs/" + json.loads(manifest[3])["config"]["digest"]
    config = comparable(blob)
    registry.proxy.remember(registry.samples[NAME])
    registry.proxy.upstream.port = 1  # nobody listens: what is answered now comes from memory
    try:
        assert comparable("manifests/latest") == manifest
        assert comparable(blob) == config
        assert len(json.loads(pull("tags/list")[2])["tags"]) == 6
    finally:
        registry.proxy.connect(registry.server)


@pytest.mark.parametrize("value", ["7", "Wed, 21 Oct 2065 07:28:00 GMT", "3000000000"])
def test_fault_status_with_headers(registry, pull, value):
    fault = registry.proxy.fault("status", status=429, headers={"Retry-After": value}, times=1)
    status, headers, _ = pull("manifests/latest")
    assert (status, headers["Retry-After"]) == (429, value)
    assert pull("manifests/latest")[0] == 200
    assert fault.hits == 1


def test_fault_is_chosen_by_kind_and_skips(registry, pull):
    registry.proxy.fault("status", kind="tags", skip=1, times=2)
    assert pull("manifests/latest")[0] == 200
    assert [pull("tags/list")[0] for _ in range(4)] == [200, 500, 500, 200]


@pytest.mark.parametrize("action", ["reset", "close"])
def test_fault_without_an_answer(registry, pull, action):
    registry.proxy.fault(action, times=1)
    assert pull("manifests/latest")[0] == 0
    assert pull("manifests/latest")[0] == 200


def test_fault_spoil_changes_the_body_only(registry, pull):
    registry.proxy.fault("spoil", times=1)
    status, headers, body = pull("manifests/latest")
    digest = samples.hello().tags["latest"].digest
    assert status == 200
    assert headers["Docker-Content-Digest"] == digest
    assert sha256(body) != digest


@pytest.mark.parametrize("action", ["truncate", "reset_body"])
def test_fault_breaks_the_body_off(registry, action):
    registry.proxy.fault(action)
    with socket.create_connection(("127.0.0.1", registry.proxy.port), 5) as connection:
        connection.sendall(b"GET /token HTTP/1.1\r\nHost: test\r\n\r\n")
        received, was_reset = b"", False
        try:
            while data := connection.recv(65536):
                received += data
        except ConnectionResetError:
            was_reset = True
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    assert len(body) == length // 2
    assert was_reset == (action == "reset_body")


def test_fault_slow_gives_the_whole_body(registry, pull):
    registry.proxy.fault("slow", ms=80)
    started = time.monotonic()
    assert sha256(pull("manifests/latest")[2]) == samples.hello().tags["latest"].digest
    assert time.monotonic() - started >= 0.08


def test_fault_headers_replaces_and_removes(registry, pull):
    changes = {"docker-content-digest": None, "Content-Type": "text/html"}
    registry.proxy.fault("headers", headers=changes)
    headers = pull("manifests/latest")[1]
    assert "Docker-Content-Digest" not in headers
    assert headers["Content-Type"] == "text/html"


def test_blobs_by_redirect_are_on_another_port(registry, pull):
    config = json.loads(pull("manifests/latest")[2])["config"]["digest"]
    registry.proxy.redirect_blobs = True
    # urllib carries the Authorization header along, so this also shows that it would be noticed.
    assert sha256(pull(f"blobs/{config}")[2]) == config
    (request,) = registry.proxy.blobs.requests
    assert "authorization" in request.headers


def test_tags_come_in_pages(registry):
    name = "demo/tags"
    registry.proxy.page_size = 90
    url = f"{registry.url}/token?scope=repository:{name}:pull"
    headers = {"Authorization": "Bearer " + json.loads(http_get(url)[2])["token"]}
    path, found, pages = f"/v2/{name}/tags/list?n=1000", [], 0
    while path:
        _, answer_headers, body = http_get(registry.url + path, headers)
        found += json.loads(body)["tags"]
        pages += 1
        link = answer_headers.get("Link")
        path = link[1 : link.index(">")] if link else None
    assert pages == 3
    assert found == sorted(registry.samples[name].tags)


def test_delay_holds_each_request(registry, pull):
    registry.proxy.delay_ms = 30
    started = time.monotonic()
    pull("manifests/latest")
    assert time.monotonic() - started >= 0.03


def test_hub_shapes(hub):
    hub.add("example", "app", star_count=7)
    new, old = "/v2/namespaces/example/repositories/app", "/v2/repositories/example/app/"
    status, headers, body = http_get(hub.url + new)
    assert status == 200
    assert json.loads(body)["star_count"] == 7
    assert headers["x-ratelimit-limit"] == "180"
    assert http_get(hub.url + old)[0] == 200
    assert http_get(hub.url + "/v2/namespaces/example/repositories/other")[0] == 404
    assert hub.count("example", "app") == 2
    hub.limited, hub.retry_after = 1, "9"
    status, headers, _ = http_get(hub.url + new)
    assert (status, headers["Retry-After"]) == (429, "9")
    assert http_get(hub.url + new)[0] == 200


def test_redis_keeps_what_it_should_over_a_kill(tmp_path):
    server = Redis(tmp_path, aof=True).start()
    try:
        with server.client(2) as client:
            assert client.call("SET", "key", "value") == "OK"
        server.kill()
        server.restart()
        with server.client(2) as client:
            assert client.call("GET", "key") == "value"
    finally:
        server.stop()


def test_backends_show_the_same(backend):
    assert is_idle(backend)
    backend.send("inspection", "{}")
    assert backend.depth("inspection") == (1, 0, 0)
    assert backend.depth("size") == (0, 0, 0)
    assert backend.dead("inspection") == 0
    assert (backend.sent("inspection"), backend.sent("size")) == (1, 0)
    assert not is_idle(backend)


SIGNED = ["--user", "AKIDLOCAL:local/secret+key", "--aws-sigv4", f"aws:amz:{REGION}:sqs"]


def curl_sqs(sqs, operation="ListQueues", arguments=SIGNED, **parameters):
    """(curl's exit code, status, body) of the proxy's answer to what curl itself signs."""
    headers = ["-H", f"X-Amz-Target: AmazonSQS.{operation}"]
    headers += ["-H", "Content-Type: application/x-amz-json-1.0"]
    command = ["curl", "-s", "-w", "\n%{http_code}", *headers, *arguments]
    command += ["-d", json.dumps(parameters), sqs.url]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30)
    body, _, status = done.stdout.decode().rpartition("\n")
    return done.returncode, int(status), body


def test_sqs_checks_signatures(sqs):
    assert curl_sqs(sqs)[:2] == (0, 200)
    wrong = ["--user", "AKIDLOCAL:wrong", *SIGNED[2:]]
    _, status, body = curl_sqs(sqs, arguments=wrong)
    assert (status, "InvalidSignature" in body) == (403, True)
    assert curl_sqs(sqs, arguments=[])[1] == 403
    counts = sqs.counts()
    assert counts["ops"]["ListQueues"]["ok"] == 1
    assert counts["refused"] == {"mismatch": 1, "missing_auth": 1}


BOTOCORE = """\
import botocore.session
keys = botocore.session.get_session().get_credentials()
print(keys.method, *keys.get_frozen_credentials())
"""


@pytest.mark.parametrize("kind", KINDS)
def test_aws_own_library_takes_the_stand_in_s_keys(sqs, tmp_path, kind):
    identity = AwsIdentity(sqs, tmp_path).start()
    environment = {"HOME": str(tmp_path), **identity.environment(kind)}
    command = [VENV_PYTHON, "-c", BOTOCORE]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    identity.stop()
    methods = ["assume-role-with-web-identity", "container-role", "iam-role"]
    method, access_key, secret_key, token = done.stdout.decode().split()[:4]
    assert method == dict(zip(KINDS, methods))[kind]
    assert access_key.startswith("ASIA")
    assert [secret_key, token] == identity.secrets


CURL_RESET, CURL_EMPTY, CURL_PARTIAL = 56, 52, 18


@pytest.mark.parametrize(
    "kind, exit_code, status, text",
    [
        ("error", 0, 500, "InternalFailure"),
        ("http503", 0, 503, "ServiceUnavailable"),
        ("http502_html", 0, 502, "<html>"),
        ("throttle", 0, 403, "RequestThrottled"),
        ("throttle_coral", 0, 400, "ThrottlingException"),
        ("throttle429", 0, 429, "TooManyRequests"),
        ("expired_token", 0, 403, "ExpiredToken"),
        ("skewed", 0, 403, "Signature expired: 20"),
        ("denied", 0, 403, "AccessDenied"),
        ("no_queue", 0, 400, "QueueDoesNotExist"),
        ("garbage", 0, 200, '"Body":"trunc'),
        ("wrong_type", 0, 200, "<html>"),
        ("reset_before", CURL_RESET, 0, ""),
        ("reset_after", CURL_RESET, 0, ""),
        ("close_before", CURL_EMPTY, 0, ""),
        ("close_after", CURL_EMPTY, 0, ""),
        ("hang", CURL_EMPTY, 0, ""),
        ("error_after", 0, 500, "after the fact"),
        ("truncate", CURL_PARTIAL, 200, ""),
        ("delay", 0, 200, "QueueUrls"),
        ("slow_head", 0, 200, "QueueUrls"),
        ("slow_body", 0, 200, "QueueUrls"),
        ("chunked", 0, 200, "QueueUrls"),
        ("no_length", 0, 200, "QueueUrls"),
        ("close_idle", 0, 200, "QueueUrls"),
        ("conn_close", 0, 200, "QueueUrls"),
    ],
)
def test_sqs_faults(sqs, kind, exit_code, status, text):
    sqs.call("CreateQueue", QueueName="faults")
    sqs.fault(kind, "ListQueues", next=1, ms=20)
    found = curl_sqs(sqs)
    assert found[:2] == (exit_code, status)
    assert text in found[2]
    assert curl_sqs(sqs)[:2] == (0, 200)
    assert sqs.counts()["faults"] == {kind: 1}


def test_sqs_faults_in_messages(sqs):
    names = sqs.create_queues("messages-")
    queue = {"QueueUrl": sqs.queue_url(names["size"])}

    def receive(kind):
        sqs.fault(kind, "ReceiveMessage", next=1)
        return json.loads(curl_sqs(sqs, "ReceiveMessage", **queue)[2]).get("Messages") or []

    sqs.fault("duplicate", "SendMessage", next=1)
    assert curl_sqs(sqs, "SendMessage", MessageBody="abc", **queue)[1] == 200
    assert sqs.depth(names["size"]) == (2, 0, 0)
    assert receive("empty") == []
    assert sqs.depth(names["size"]) == (1, 1, 0)
    (first,) = receive("duplicate")
    (again,) = receive("delay")
    assert (first["Body"], again) == ("abc", first)
    sqs.send(names["size"], "abc")
    assert receive("bad_body")[0]["Body"] == "abx"
    sqs.send(names["size"], "abc")
    assert receive("bad_md5")[0]["MD5OfBody"] == "0" * 32
    sqs.delete_queues(names)


def test_sqs_queues_have_their_redrive_policy(sqs):
    names = sqs.create_queues("redrive-", max_receives=4)
    answer = sqs.call("GetQueueAttributes", queue=names["size"], AttributeNames=["All"])
    policy = json.loads(answer["Attributes"]["RedrivePolicy"])
    assert policy["deadLetterTargetArn"].endswith(":redrive-size-dead")
    assert int(policy["maxReceiveCount"]) == 7
    sqs.send(names["size"], "hello")
    assert sqs.receive(names["size"]) == "hello"
    assert sqs.receive(names["size"]) is None
    sqs.delete_queues(names)


def test_process_that_dies_early_shows_its_log(tmp_path):
    process = Process("early", ["sh", "-c", "echo the reason; exit 3"], tmp_path).start()
    with pytest.raises(StackError, match="(?s)ended with 3.*the reason"):
        process.wait_ready(lambda: False, 5)


def test_children_end_with_their_parent(tmp_path):
    port = free_port()
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from stack.processes import Process\n"
        "server = [sys.executable, '-m', 'http.server', '--bind', '127.0.0.1', sys.argv[3]]\n"
        "Process('child', server, sys.argv[2]).start(); time.sleep(60)"
    )
    tests = str(VENV_PYTHON.parents[3] / "tests")
    parent = Process("parent", [sys.executable, "-c", code, tests, tmp_path, port], tmp_path)
    parent.start().wait_ready(lambda: http_is_ok(f"http://127.0.0.1:{port}/"), 10)
    parent.signal(signal.SIGKILL)
    assert parent.wait(5) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while not port_is_free(port) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert port_is_free(port)


def test_metric_lines_are_read():
    match = METRIC.match('mb_requests_total{route="/v1/images/{ref}",code="200"} 3')
    assert match["name"] == "mb_requests_total"
    assert match["labels"] == '{route="/v1/images/{ref}",code="200"}'
    assert float(match["value"]) == 3
    assert not METRIC.match("# HELP mb_requests_total Requests.")
