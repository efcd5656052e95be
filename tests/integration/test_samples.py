"""The samples are in the registry as their makers say, by what skopeo and the registry tell."""

import json
import subprocess
import urllib.parse

import pytest

from stack import samples
from stack.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, sha256
from stack.processes import http_get

NAMES = [repository.name for repository in samples.samples()]
ACCEPT = ", ".join([OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST])


def skopeo(registry, reference, *arguments):
    address = urllib.parse.urlsplit(registry.url).netloc
    command = ["skopeo", "inspect", "--tls-verify=false", *arguments]
    command.append(f"docker://{address}/{reference}")
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return done.stdout


def pull_header(registry, name):
    status, _, body = http_get(f"{registry.url}/token?scope=repository:{name}:pull")
    assert status == 200
    return {"Authorization": "Bearer " + json.loads(body)["token"], "Accept": ACCEPT}


@pytest.mark.parametrize("name", NAMES)
def test_tags_are_those_that_were_pushed(registry, name):
    headers = pull_header(registry, name)
    status, _, body = http_get(f"{registry.url}/v2/{name}/tags/list", headers)
    assert status == 200
    assert sorted(json.loads(body)["tags"]) == sorted(registry.samples[name].tags)


@pytest.mark.parametrize("name", NAMES)
def test_manifests_are_those_that_were_made(registry, name):
    repository = registry.samples[name]
    for digest in list(repository.versions)[:3]:
        tag = repository.tags_of(digest)[0]
        raw = skopeo(registry, f"{name}:{tag}", "--raw")
        assert sha256(raw) == digest
        assert raw == repository.tags[tag].data


@pytest.mark.parametrize("name", NAMES)
def test_every_tag_has_its_digest(registry, name):
    headers = pull_header(registry, name)
    for tag, version in registry.samples[name].tags.items():
        url = f"{registry.url}/v2/{name}/manifests/{tag}"
        status, answer_headers, body = http_get(url, headers)
        assert status == 200
        assert answer_headers["Docker-Content-Digest"] == version.digest
        assert answer_headers["Content-Type"] == version.media_type
        assert sha256(body) == version.digest


@pytest.mark.parametrize("name", ["demo/hello", "demo/labels", "demo/layers"])
def test_facts_are_what_skopeo_finds(registry, name):
    version = registry.samples[name].tags["latest"]
    found = json.loads(skopeo(registry, f"{name}:latest"))
    layers = [fact for fact in version.layers if fact.digest]
    assert found["Digest"] == version.digest
    assert found["Created"] == version.created
    assert (found["Labels"] or {}) == version.labels
    assert found["Layers"] == [fact.digest for fact in layers]


def test_history_and_layers_agree(registry):
    version = registry.samples["demo/layers"].tags["latest"]
    config = json.loads(skopeo(registry, "demo/layers:latest", "--config"))
    history = config["history"]
    assert [entry["created_by"] for entry in history] == [f.created_by for f in version.layers]
    assert [not entry.get("empty_layer") for entry in history] == [
        bool(fact.digest) for fact in version.layers
    ]
    assert config["rootfs"]["diff_ids"] == [f.diff_id for f in version.layers if f.digest]
    assert len(config["rootfs"]["diff_ids"]) == 40


def test_index_has_three_platforms_and_an_attestation(registry):
    index = json.loads(skopeo(registry, "demo/multi:latest", "--raw"))
    platforms = ["/".join(entry["platform"].values()) for entry in index["manifests"]]
    assert platforms == ["linux/amd64", "linux/arm64", "linux/arm/v7", "unknown/unknown"]
    version = registry.samples["demo/multi"].tags["latest"]
    assert set(version.platforms) == set(platforms[:3])
    arm = json.loads(skopeo(registry, "demo/multi:latest", "--override-arch=arm64"))
    child = version.platforms["linux/arm64"]
    assert arm["Layers"] == [fact.digest for fact in child.layers if fact.digest]


def test_sizes_are_those_of_the_blobs(registry):
    version = registry.samples["demo/hello"].tags["latest"]
    raw = json.loads(skopeo(registry, "demo/hello:latest", "--raw"))
    assert version.download_size == sum(entry["size"] for entry in raw["layers"])


def test_tags_share_digests():
    repository = samples.tagged("demo/tags", 200, 60)
    assert len(repository.tags) == 200
    assert len(repository.versions) == 60
    assert "latest" in repository.tags


def test_samples_are_the_same_each_time():
    first = {r.name: list(r.versions) for r in samples.samples()}
    assert first == {r.name: list(r.versions) for r in samples.samples()}
