"""`kubectl apply -k` to a working suite, an update of it under load, and its end."""

import random
import time

import pytest

from cluster import BUILD, report
from deployed import Load
from stack.processes import StackError
from stack.samples import HOST

SAMPLE = f"{HOST}/demo/hello"
ASKED = 240  # new images in a test; more than are asked for in its time
DELETING_SECONDS = 60
DELETE_PAUSE_S = 2


@pytest.fixture(scope="module")
def suite(deploy, overlay):
    return deploy(overlay).start()


def test_a_client_outside_gets_an_image_inspected(suite):
    path = f"/v1/images/{SAMPLE}"
    status, headers, body = suite.get(path)
    assert status == 202
    assert headers["Retry-After"]
    assert body["Status"] in ("SUBMITTED", "INSPECTING")
    suite.wait_inspected([SAMPLE], 60)
    status, _, body = suite.get(path)
    assert status == 200
    assert {tag["tag"] for tag in body["Versions"][0]["Tags"]} == {"1", "1.2", "1.2.3", "latest"}
    assert body["DownloadSize"] > 0
    assert suite.get(f"{path}/version/{body['LatestSHA']}")[2]["Layers"]


def test_a_second_apply_changes_nothing(suite):
    before = suite.versions()
    suite.apply()
    assert suite.versions() == before
    assert suite.cluster.kubectl("diff", "-k", suite.overlay) == ""


def ready_tags(pods):
    """{component: {tags of the images of its ready pods}}"""
    found = {}
    for pod in pods:
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        if conditions.get("Ready") == "True":
            component = pod["metadata"]["labels"].get("app.kubernetes.io/component")
            tag = pod["spec"]["containers"][0]["image"].rpartition(":")[2]
            found.setdefault(component, set()).add(tag)
    return found


def is_updated(deployment):
    """All its pods are new ones, and available."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    return (
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == status.get("availableReplicas", 0) == wanted
    )


def watch_update(cluster, seconds):
    """Waits for the end of an update; the components of which both versions were ready at once."""
    both = set()

    def is_done():
        items = cluster.get("deployments,pods")["items"]
        tags = ready_tags([item for item in items if item["kind"] == "Pod"])
        both.update(component for component, found in tags.items() if len(found) > 1)
        return all(is_updated(item) for item in items if item["kind"] == "Deployment")

    cluster.wait(is_done, seconds, "the update")
    return both


def test_a_rolling_update_under_load_loses_nothing(suite, previous_overlay):
    names = suite.push_many("update", ASKED)
    suite.apply(previous_overlay)
    suite.wait_rollout()
    with Load(suite, names, SAMPLE) as load:
        load.wait_more(50)
        suite.apply()
        both = watch_update(suite.cluster, 180)
        load.wait_more(50)
    assert {"api", "inspector"} <= both
    assert set(load.answers) <= {200, 202}
    assert load.accepted
    suite.wait_inspected(load.accepted, 120)
    start = "the previous commit" if (BUILD / "previous/commit").exists() else "another tag"
    report(f"update from {start}: {load.answers} answers, {len(load.accepted)} inspections kept")


def delete_at_random(cluster, chance):
    """One pod of the suite: most of them in peace, some at once, as a lost node would."""
    pods = [name for name in cluster.names("pods") if name.startswith("microbadger-")]
    victim = chance.choice(pods)
    arguments = ["delete", "pod", victim, "--wait=false", "--ignore-not-found"]
    if not victim.startswith("microbadger-redis") and chance.random() < 0.25:
        arguments += ["--grace-period=0", "--force"]
    cluster.kubectl(*arguments)


def test_deleting_pods_at_random_loses_no_inspection(suite):
    names = suite.push_many("deleted", ASKED)
    chance = random.Random(ASKED)
    deleted = 0
    with Load(suite, names, SAMPLE) as load:
        deadline = time.monotonic() + DELETING_SECONDS
        while time.monotonic() < deadline:
            delete_at_random(suite.cluster, chance)
            deleted += 1
            time.sleep(DELETE_PAUSE_S)
    suite.wait_rollout()
    assert load.accepted
    suite.wait_inspected(load.accepted, 180)
    report(f"{deleted} pods deleted: {load.answers} answers, {len(load.accepted)} inspections kept")


INSPECTOR = "deployments/microbadger-inspector"
SCALE = '{"spec": {"replicas": 2}}'
IMAGE = '{"spec": {"template": {"spec": {"containers": [{"name": "inspector", "image": "x:1"}]}}}}'


def test_the_scalers_account_may_scale_and_nothing_else(suite):
    scaler = suite.cluster.as_account("microbadger-scaler")

    def patch(target, body, *more):
        scaler.kubectl("patch", target, "--dry-run=server", "-p", body, *more)

    patch(INSPECTOR, SCALE, "--subresource=scale", "--type=merge")
    patch("deployments/microbadger-size", SCALE, "--subresource=scale", "--type=merge")
    scaler.kubectl("get", INSPECTOR)
    refused = [
        lambda: patch(INSPECTOR, IMAGE),
        lambda: patch(INSPECTOR, SCALE),
        lambda: patch("deployments/microbadger-api", SCALE, "--subresource=scale", "--type=merge"),
        lambda: scaler.kubectl("get", "deployments/microbadger-api"),
        lambda: scaler.kubectl("get", "pods"),
        lambda: scaler.kubectl("get", "secrets"),
        lambda: scaler.kubectl("get", "leases/other"),
        lambda: scaler.kubectl("delete", INSPECTOR, "--dry-run=server"),
        lambda: scaler.kubectl("create", "configmap", "mine", "--dry-run=server"),
    ]
    for call in refused:
        with pytest.raises(StackError, match="(?i)forbidden"):
            call()


def test_delete_leaves_nothing(suite):
    suite.delete()
    left = suite.cluster.kubectl("get", "all,configmaps,secrets,pvc,leases", "--ignore-not-found")
    assert left == ""
    assert suite.cluster.kubectl("get", "namespace", "microbadger", "--ignore-not-found") == ""
    assert suite.cluster.kubectl("get", "pv", "--ignore-not-found") == ""
