"""The way of a request through api, inspector and size worker, on both kinds of queue."""

import concurrent.futures
import json
import subprocess
import urllib.parse

import pytest

from stack.processes import wait_until
from stack.queues import is_idle
from stack.samples import HOST

IMAGE_KEYS = {
    "LatestSHA": str,
    "UpdatedAt": str,
    "LastUpdated": str,
    "PullCount": int,
    "StarCount": int,
    "Versions": list,
    "Id": str,
    "ImageName": str,
    "LayerCount": int,
    "DownloadSize": int,
    "LatestVersion": str,
    "Status": str,
    "Progress": dict,
    "Registry": str,
    "MediaType": str,
    "Platform": str,
    "Platforms": list,
    "Digest": str,
}
VERSION_KEYS = {
    "SHA": str,
    "Tags": list,
    "ImageName": str,
    "Author": str,
    "LayerCount": int,
    "DownloadSize": int,
    "Created": str,
}
LAYER_KEYS = {
    "BlobSum": str,
    "Command": str,
    "DownloadSize": int,
    "CreatedBy": str,
    "DiffID": str,
    "MediaType": str,
    "Empty": bool,
    "Certainty": str,
}


def check_keys(document, keys):
    for key, kind in keys.items():
        assert isinstance(document.get(key), kind), f"{key}: {document.get(key)!r}"


def tags_by_sha(document):
    return {
        version["SHA"]: {tag["tag"] for tag in version["Tags"]} for version in document["Versions"]
    }


def test_first_request_is_accepted_then_the_image_is_inspected(suite):
    status, headers, body = suite.get(f"/v1/images/{HOST}/demo/hello")
    assert status == 202
    assert int(headers["Retry-After"]) >= 1
    assert headers["Link"] == f'</v1/status/{HOST}/demo/hello>; rel="status"'
    assert body["Status"] in ("SUBMITTED", "INSPECTING")
    document = suite.wait_status(f"{HOST}/demo/hello")
    check_keys(document, IMAGE_KEYS)
    for version in document["Versions"]:
        check_keys(version, VERSION_KEYS)
    status, _, body = suite.get(f"/v1/status/{HOST}/demo/hello")
    assert (status, body["Status"], body["Stage"]) == (200, "INSPECTED", "done")
    assert body["Done"] == body["Total"] == len(document["Versions"])


@pytest.mark.parametrize("name", ["demo/hello", "demo/multi", "demo/labels", "demo/tags"])
def test_facts_are_what_was_pushed(suite, registry, name):
    document = suite.wait_status(f"{HOST}/{name}")
    repository = registry.samples[name]
    expected = {}
    for tag, version in repository.tags.items():
        expected.setdefault(version.digest.split(":")[1], set()).add(tag)
    assert tags_by_sha(document) == expected
    latest = repository.tags["latest"]
    assert document["LatestSHA"] == document["Id"] == latest.digest.split(":")[1]
    by_sha = {version["SHA"]: version for version in document["Versions"]}
    filled = [version for version in document["Versions"] if not version.get("Pending")]
    assert len(filled) == min(21, len(expected))
    for version in repository.tags.values():
        shown = by_sha[version.digest.split(":")[1]]
        if not shown.get("Pending"):
            assert shown["DownloadSize"] == version.platforms["linux/amd64"].download_size
    assert document["DownloadSize"] == latest.platforms["linux/amd64"].download_size


def skopeo(registry, name, *options):
    address = urllib.parse.urlsplit(registry.url).netloc
    command = ["skopeo", "inspect", "--tls-verify=false", *options, f"docker://{address}/{name}"]
    return json.loads(subprocess.run(command, capture_output=True, timeout=30, check=True).stdout)


@pytest.mark.parametrize("name", ["demo/hello", "demo/multi", "demo/labels", "demo/layers"])
def test_layers_agree_with_skopeo(make_suite, registry, name):
    suite = make_suite().start()
    document = suite.wait_status(f"{HOST}/{name}")
    seen = skopeo(registry, name)
    status, _, version = suite.get(f"/v1/images/{HOST}/{name}/version/{document['LatestSHA']}")
    assert status == 200
    blobs = [layer["BlobSum"] for layer in version["Layers"] if not layer["Empty"]]
    assert blobs == seen["Layers"]
    digest = version["Platforms"][0]["Digest"]
    manifest = skopeo(registry, f"{name}@{digest}", "--raw")
    sizes = {layer["digest"]: layer["size"] for layer in manifest["layers"]}
    for layer in version["Layers"]:
        check_keys(layer, LAYER_KEYS)
        assert layer["Empty"] or layer["DownloadSize"] == sizes[layer["BlobSum"]]
    assert sum(layer["DownloadSize"] for layer in version["Layers"]) == version["DownloadSize"]
    assert version["LayerCount"] == len(version["Layers"])
    assert version.get("Labels", {}) == (seen["Labels"] or {})
    assert document.get("Labels", {}) == (seen["Labels"] or {})
    assert set(seen["RepoTags"]) == set.union(*tags_by_sha(document).values())


def test_the_dockerfile_is_stored_with_the_facts(make_suite, registry, redis, db):
    suite = make_suite().start()
    document = suite.wait_status(f"{HOST}/demo/layers")
    digest = document["Platforms"][0]["Digest"]
    with redis.client(db) as client:
        stored = client.call("HGET", f"mb:1:ver:{digest}", "dockerfile")
    assert stored.startswith("MBF1")
    assert "# Reconstructed from the image's history" in stored
    pushed = registry.samples["demo/layers"].tags["latest"].platforms["linux/amd64"]
    assert f"\n{pushed.layers[-1].command}\n" in stored


def test_commands_are_those_of_the_dockerfile(make_suite, registry):
    suite = make_suite().start()
    for name in ("demo/hello", "demo/multi", "demo/labels", "demo/layers"):
        document = suite.wait_status(f"{HOST}/{name}")
        path = f"/v1/images/{HOST}/{name}/version/{document['LatestSHA']}"
        version = suite.get(path)[2]
        pushed = registry.samples[name].tags["latest"].platforms["linux/amd64"]
        commands = [layer["Command"] for layer in version["Layers"]]
        assert commands == [fact.command for fact in pushed.layers]
        assert [layer["BlobSum"] for layer in version["Layers"]] == [
            fact.digest for fact in pushed.layers
        ]


def test_long_poll_on_an_unknown_image_answers_once_with_facts(suite):
    status, _, document = suite.get(f"/v1/images/{HOST}/demo/labels?wait=20")
    assert status == 200
    assert document["Labels"]["org.opencontainers.image.title"] == "labels"
    assert document["Versions"][0]["License"]["Code"] == "Apache-2.0"
    assert document["Versions"][0]["VersionControl"] == {
        "Type": "git",
        "URL": "https://github.com/example/labels/tree/9f2c1ab",
        "Commit": "9f2c1ab",
    }


def test_long_poll_by_prefer_header(make_suite):
    suite = make_suite().start()
    status, _, _ = suite.get(f"/v1/images/{HOST}/demo/labels", {"Prefer": "wait=20"})
    assert status == 200


def test_thousand_clients_make_one_message(suite, backend, registry):
    name = f"{HOST}/{registry.fresh(3).name}"

    def client(_):
        while True:
            status, _, _ = suite.get(f"/v1/images/{name}?wait=20", timeout=60)
            if status != 202:
                return status

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(client, range(1000)))
    assert answers == [200] * 1000
    suite.wait_status(name)
    assert backend.sent("inspection") == 1


def test_missing_image_is_404_after_one_inspection(suite, backend):
    path = f"/v1/images/{HOST}/no/such"
    status, _, body = suite.get(path + "?wait=20")
    assert (status, body["code"]) == (404, "image_missing")
    for _ in range(3):
        status, headers, body = suite.get(path)
        assert (status, body["code"]) == (404, "image_missing")
        assert headers["Content-Type"] == "application/problem+json"
    assert backend.sent("inspection") == 1
    assert suite.get(f"/v1/status/{HOST}/no/such")[2]["Status"] == "MISSING"


def test_missing_image_is_looked_for_again_after_the_negative_lifetime(
    make_suite, backend, registry
):
    suite = make_suite(backend, MB_NEGATIVE_SECONDS=1).start()
    name = f"late/{backend.name}"
    assert suite.get(f"/v1/images/{HOST}/{name}?wait=20")[0] == 404
    repository = registry.fresh(1)
    repository.name = name
    registry.push(repository)
    suite.wait_status(f"{HOST}/{name}", seconds=20)


def test_missing_tag_is_404_and_the_image_is_not(suite, backend):
    path = f"/v1/images/{HOST}/demo/hello"
    status, _, body = suite.get(path + ":no-such-tag?wait=20")
    assert (status, body["code"]) == (404, "tag_missing")
    assert suite.get(path)[0] == 200
    assert suite.get(path + ":no-such-tag")[0] == 404
    assert backend.sent("inspection") == 1


BAD_NAMES = {
    "../etc": "host name",
    "%2e%2e/etc": "host name",
    "UPPER/Case": "upper-case",
    "a" * 300: "255",
    "demo/hello:-bad": "tag",
    "demo/hello@sha256:123": "digest",
    "demo//hello": "lower-case",
    "a%00b": "control",
    "a%zz": "escape",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_400_and_enqueue_nothing(suite_without_workers, name):
    suite, backend = suite_without_workers
    status, headers, body = suite.get(f"/v1/images/{name}")
    assert status == 400
    assert headers["Content-Type"] == "application/problem+json"
    assert BAD_NAMES[name] in body["detail"]
    assert backend.sent("inspection") == 0


@pytest.mark.parametrize("name", ["registry.example.com/x", "evil.example:5000/a/b"])
def test_other_registries_are_400_and_enqueue_nothing(suite_without_workers, name):
    suite, backend = suite_without_workers
    status, _, body = suite.get(f"/v1/images/{name}")
    assert (status, body["code"]) == (400, "registry_not_allowed")
    assert "MB_REGISTRIES" in body["detail"]
    assert backend.sent("inspection") == 0


@pytest.fixture
def suite_without_workers(make_suite, backend):
    return make_suite(backend).start(["api"]), backend


def test_old_tag_is_filled_in_when_somebody_opens_it(suite, backend, registry):
    name = f"{HOST}/{registry.fresh(30).name}"
    document = suite.wait_status(name)
    pending = [version for version in document["Versions"] if version.get("Pending")]
    assert len(pending) == 30 - 1 - 21
    tag = pending[0]["Tags"][0]["tag"]
    status, _, opened = suite.get(f"/v1/images/{name}:{tag}?wait=20")
    assert status == 200
    assert opened["Id"] == pending[0]["SHA"]
    assert opened["DownloadSize"] > 0
    sha = pending[1]["SHA"]
    wait_until(
        lambda: suite.get(f"/v1/images/{name}/version/{sha}")[0] == 200, 20, "the version is there"
    )
    document = suite.get(f"/v1/images/{name}")[2]
    assert len([version for version in document["Versions"] if version.get("Pending")]) == 6
    assert backend.sent("inspection") == 3
    assert backend.sent("size") == 1


def test_every_platform_of_the_wanted_version(suite, registry):
    name = f"{HOST}/demo/multi"
    document = suite.wait_status(name)
    pushed = registry.samples["demo/multi"].tags["latest"]
    assert [row["Platform"] for row in document["Platforms"]] == [
        "linux/amd64",
        "linux/arm64",
        "linux/arm/v7",
    ]
    for image, row in zip(pushed.platforms.values(), document["Platforms"]):
        assert row["Digest"] == image.digest
        assert row["DownloadSize"] == image.download_size
        shown = suite.get(f"/v1/images/{name}?platform={row['Platform']}")[2]
        assert shown["Platform"] == row["Platform"]
        assert shown["DownloadSize"] == image.download_size
        assert shown["Id"] == document["Id"]
        child = suite.get(f"/v1/images/{name}/version/{image.digest}")[2]
        assert child["Platform"] == row["Platform"]
        assert child["Digest"] == document["Digest"]
    status, _, problem = suite.get(f"/v1/images/{name}?platform=plan9/mips")
    assert (status, problem["code"]) == (404, "platform_missing")
    assert "linux/arm64" in problem["detail"]


def test_known_digests_are_not_fetched_again(make_suite, registry):
    suite = make_suite(MB_FRESH_SECONDS=1).start()
    repository = registry.fresh(5)
    name = f"{HOST}/{repository.name}"
    first = suite.wait_status(name)
    manifests = len(registry.proxy.requests(kind="manifests", method="GET", status=200))
    blobs = len(registry.proxy.requests(kind="blobs", method="GET", status=200))
    assert (manifests, blobs) == (4, 4)

    def is_refreshed():
        document = suite.get(f"/v1/images/{name}")[2]
        return (
            document["UpdatedAt"] != first["UpdatedAt"] and document["Progress"]["Stage"] == "done"
        )

    wait_until(is_refreshed, 20, "the image is refreshed")
    # Only what `latest` points to is asked for, since a tag may have moved.
    assert len(registry.proxy.requests(kind="manifests", method="GET", status=200)) <= manifests + 1
    assert len(registry.proxy.requests(kind="blobs", method="GET", status=200)) == blobs


def test_hub_facts_of_an_official_image(suite, hub, registry):
    repository = registry.fresh(1)
    repository.name = "library/official"
    registry.push(repository)
    hub.add("library", "official")
    document = suite.wait_status("official")
    assert document["ImageName"] == "official"
    assert document["ImageURL"] == "https://hub.docker.com/r/library/official/"
    assert document["PullCount"] == 5_000_000_000
    assert document["StarCount"] == 1234
    assert document["LastUpdated"] == "2026-06-21T05:14:48.231504Z"
    assert document["Description"]
    for other in ("library/official", "_/official", "docker.io/official", "official/"):
        assert suite.get(f"/v1/images/{other}")[2]["LatestSHA"] == document["LatestSHA"]


def test_original_messages_are_understood(suite, backend):
    backend.send("inspection", '{"ImageName":"%s/demo/hello","ReceiptHandle":null}' % HOST)
    wait_until(
        lambda: suite.get(f"/v1/status/{HOST}/demo/hello")[2]["Status"] == "INSPECTED",
        20,
        "the message is worked on",
    )
    wait_until(lambda: is_idle(backend), 20, "the queues are empty")


def test_counters_are_there_before_they_count(make_suite):
    suite = make_suite().start()
    api = suite["api"].metrics()
    for name in ("mb_submissions_total", "mb_submissions_limited_total", "mb_memory_answers_total"):
        assert api[name] == 0
    assert api['mb_badges_total{type="license"}'] == 0
    for program, stage in (("inspector", "inspection"), ("size", "size")):
        metrics = suite[program].metrics()
        for result in ("done", "next", "again", "deferred", "retry", "failed", "missing"):
            assert metrics[f'mb_jobs_total{{worker="{stage}",result="{result}"}}'] == 0
        assert metrics["mb_job_duration_seconds_count"] == 0
