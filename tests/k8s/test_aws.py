"""overlays/aws: queues in SQS behind the proxy that checks signatures, keys by Pod Identity that
change all the time, a Redis outside of the cluster."""

import json
import os
import time

import pytest

from cluster import HERE, report
from deployed import Load
from pod_identity import AUDIENCE, PodIdentity
from scale_log import INSPECTOR, SIZE
from stack.redis import Redis
from stack.samples import HOST
from stack.sqs import Sqs

NODE = "10.88.0.1"
SAMPLE = f"{HOST}/demo/hello"
ACCOUNTS = {f"microbadger-{name}" for name in ("api", "inspector", "size", "scaler")}
REST_SECONDS = int(os.environ.get("MB_REST_SECONDS", "45"))
ROTATIONS = 3  # sets of keys that a pod of each account gets during the test


@pytest.fixture(scope="module")
def sqs(node, tmp_path_factory):
    if node is None:
        pytest.skip("SQS, its keys and Redis are on our own node")
    server = Sqs(tmp_path_factory.mktemp("sqs"), NODE, 9400).start()
    server.create_queues()
    server.configure(creds={})  # none but those of identity
    yield server
    server.stop()


@pytest.fixture(scope="module")
def identity(sqs):
    agent = PodIdentity(sqs)
    yield agent.start()
    agent.stop()


@pytest.fixture(scope="module")
def suite(identity, deploy, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), host=NODE, port=6379).start()
    suite = deploy(HERE / "overlays/aws")
    try:
        yield suite.start()
    finally:
        suite.delete()
        redis.stop()


def is_authentic(cluster, token, account):
    """As the API server sees it."""
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    arguments = ("create", "-f", "-", "-o", "json")
    status = json.loads(cluster.kubectl(*arguments, data=json.dumps(review)))["status"]
    user = status.get("user", {}).get("username")
    return status.get("authenticated") and user == f"system:serviceaccount:microbadger:{account}"


def test_nothing_is_lost_while_keys_change(suite, identity, sqs):
    suite.get(f"/v1/images/{SAMPLE}")
    suite.wait_inspected([SAMPLE], 60)
    names = suite.push_many("aws", 200)

    def is_rotated():
        return all(identity.rotations(account) >= ROTATIONS for account in ACCOUNTS)

    identity.call(identity.served.clear)
    with Load(suite, names, SAMPLE) as load:
        load.wait_more(100)
        suite.cluster.wait(is_rotated, 180, "new keys for all")
        load.wait_more(100)
    assert set(load.answers) <= {200, 202}
    suite.wait_inspected(load.accepted, 120)
    assert set(identity.tokens) == ACCOUNTS
    for account, token in identity.tokens.items():
        assert is_authentic(suite.cluster, token, account)
    for queue in ("inspection", "size"):
        sqs.wait_empty(queue, 30)
        assert sum(sqs.depth(f"{queue}-dead")) == 0
    keys = {account: identity.rotations(account) for account in sorted(ACCOUNTS)}
    refused = sqs.counts()["refused"]
    report(f"aws: {len(load.accepted)} inspections kept, sets of keys {keys}, refused {refused}")


def pods_wanted(cluster):
    items = cluster.get("deployments", INSPECTOR, SIZE)["items"]
    return [item["status"].get("replicas", 0) for item in items]


def test_requests_at_rest_are_few(suite, sqs):
    """REST_SECONDS may be made ten minutes, to know how many they are in an hour."""
    suite.cluster.wait(lambda: pods_wanted(suite.cluster) == [1, 0], 300, "the pods at rest")
    sqs.reset_counts()
    time.sleep(REST_SECONDS)
    counts = {name: counted["requests"] for name, counted in sqs.counts()["ops"].items()}
    hourly = sum(counts.values()) * 3600 // REST_SECONDS
    report(f"at rest: {counts} in {REST_SECONDS} s, {hourly} an hour")
    assert set(counts) <= {"ReceiveMessage", "GetQueueAttributes"}
    # 20 s for a poll, 60 s between looks at a queue; one of each kind may be under way.
    assert counts.get("ReceiveMessage", 0) <= REST_SECONDS / 20 + 1
    assert counts.get("GetQueueAttributes", 0) <= 2 * (REST_SECONDS / 60 + 2)
    assert REST_SECONDS < 600 or hourly <= 330
