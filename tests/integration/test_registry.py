"""The registry client against docker-registry with token authentication, by way of the proxy."""

import pytest

from stack import samples
from stack.faulty_registry import probe
from stack.images import sha256

HOST = samples.HOST
NAME = "demo/hello"


def ask(registry, *operations, options=()):
    return probe(f"{HOST}={registry.url}", *operations, options=options)


def one(registry, operation):
    kind, name = operation.split(" ")
    return ask(registry, f"{kind} {HOST}/{name}")["results"][0]


def test_a_tag_gives_its_manifest_with_its_digest(registry):
    version = registry.samples[NAME].tags["latest"]
    result = one(registry, f"manifest {NAME}:latest")
    assert (result["err"], result["digest"]) == ("ok", version.digest)
    assert (result["media_type"], result["body_bytes"]) == (version.media_type, len(version.data))
    assert result["body_sha256"] == sha256(version.data)


def test_manifests_of_all_kinds_are_themselves(registry):
    """Nothing is rewritten to schema 1 or to a child on the way: the Accept header is enough."""
    wanted = [
        (f"{name}@{version.digest}", version)
        for name, repository in registry.samples.items()
        for version in list(repository.versions.values())[:3]
    ]
    answer = ask(registry, *[f"manifest {HOST}/{name}" for name, _ in wanted])
    found = [(r["digest"], r["body_sha256"], r["media_type"]) for r in answer["results"]]
    assert found == [(v.digest, sha256(v.data), v.media_type) for _, v in wanted]


def test_head_tells_digest_and_type_without_a_body(registry):
    version = registry.samples[NAME].tags["latest"]
    result = one(registry, f"head {NAME}:latest")
    assert (result["digest"], result["media_type"]) == (version.digest, version.media_type)
    assert result["body_bytes"] == 0
    assert registry.proxy.counts(kind="manifests") == {
        "HEAD manifests": 2
    }  # the first without token


def test_blobs(registry):
    version = registry.samples[NAME].tags["latest"]
    blob = version.blobs[0]
    result = one(registry, f"blob {NAME}@{blob.digest}")
    assert (result["err"], result["body_bytes"]) == ("ok", len(blob.data))


def test_blobs_by_redirect_without_credentials(registry):
    registry.proxy.redirect_blobs = True
    blob = registry.samples[NAME].tags["latest"].blobs[0]
    result = one(registry, f"blob {NAME}@{blob.digest}")
    assert result["body_sha256"] == blob.digest
    (redirected,) = registry.proxy.blobs.requests
    assert "authorization" not in redirected.headers


@pytest.mark.parametrize("page_size", [0, 1, 3])
def test_all_tags(registry, page_size):
    registry.proxy.page_size = page_size
    repository = registry.fresh(tag_count=7)
    result = one(registry, f"tags {repository.name}")
    assert (result["err"], result["truncated"]) == ("ok", False)
    assert sorted(result["names"]) == sorted(repository.tags)


def test_a_repository_that_is_not_there(registry):
    results = ask(registry, f"manifest {HOST}/no/where:1", f"tags {HOST}/no/where")["results"]
    assert [result["err"] for result in results] == ["not found"] * 2
    assert results[0]["text"] == "manifest 1: 404 (MANIFEST_UNKNOWN: manifest unknown)"
    assert results[1]["text"].startswith("tags: 404 (NAME_UNKNOWN: ")


def test_a_tag_that_is_not_there(registry):
    assert one(registry, f"manifest {NAME}:nope")["err"] == "not found"
    assert one(registry, f"head {NAME}:nope")["err"] == "not found"


def test_a_private_repository(registry):
    registry.tokens.denied.add(NAME)
    result = one(registry, f"manifest {NAME}:latest")
    assert result["err"] == "missing or private"
    assert result["text"].startswith("manifest latest: missing or private (UNAUTHORIZED: ")
    assert registry.proxy.counts() == {"GET manifests": 2, "GET token": 1}


def test_everything_of_an_image_takes_one_token(registry):
    repository = registry.fresh(tag_count=20)
    first = f"tags {HOST}/{repository.name}"
    heads = [f"head {HOST}/{repository.name}:{tag}" for tag in repository.tags]
    answer = ask(registry, first, options=["--in-order"])
    assert answer["requests"] == 3
    registry.proxy.reset()
    answer = ask(registry, first, *heads)
    assert [result["err"] for result in answer["results"]] == ["ok"] * 21
    assert registry.proxy.counts()["GET token"] == 1
    found = {result["digest"] for result in answer["results"][1:]}
    assert found == set(repository.versions)


@pytest.mark.parametrize("action", ["spoil", "truncate", "reset_body", "reset"])
def test_faults_on_the_way_are_tried_again(registry, action):
    version = registry.samples[NAME].tags["latest"]
    fault = registry.proxy.fault(action, kind="manifests", skip=1, times=2)
    result = one(registry, f"manifest {NAME}@{version.digest}")
    assert (result["err"], result["body_sha256"]) == ("ok", version.digest)
    assert fault.hits == 2


def test_case_05_a_damaged_file_in_the_registry_is_noticed(registry):
    """docker-registry serves a tampered file under its old digest."""
    repository = registry.fresh()
    version = repository.tags[next(iter(repository.tags))]
    blob = version.blobs[0]
    path = registry.server.blob_path(blob.digest)
    path.write_bytes(blob.data[:-1] + bytes([blob.data[-1] ^ 1]))
    result = one(registry, f"blob {repository.name}@{blob.digest}")
    assert (result["err"], result["body_bytes"]) == ("malformed answer", 0)
