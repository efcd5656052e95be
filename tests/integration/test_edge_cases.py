"""What people really meet, numbered as the edge cases of the project's notes on registries: those
that need a registry. Those that a manifest or a config shows by itself are in
tests/unit/test_edge_cases.c, the others stand where their part of the client is tested.

Not here, because no layer is read: case 22 (ranges), 25 (decompression bombs), 26 (gzip members,
bad checksums, zstd frames), 27 (tar dialects), 28 (hard links), 29 (whiteouts), 30 (what Windows
layers hold). What their manifests say is shown all the same: see the builders' samples.
"""

import base64
import hashlib
import json

import pytest

from stack.images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, compact, sha256
from stack.processes import wait_until
from stack.shelf import SAMPLES, Shelf, config, descriptor
from stack.suite import ROOT
from stack.webserver import Response

SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
SCHEMA1_DIGEST = "sha256:f4b754696aa9df16e382dae6652bc20818b6363caac241626a5c828b5f4b7212"
BLAKE3 = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
FOLDERS = [
    "buildkit/docker-mediatypes",
    "buildkit/estargz",
    "buildkit/multi-platform",
    "buildkit/oci-artifact-attest",
    "buildkit/plain-oci-no-attest",
    "buildkit/provenance-max-sbom",
    "buildkit/provenance-min",
    "buildkit/zstd-annotated",
    "buildah/docker-nolayers",
    "buildah/oci-layers",
    "buildah/squash-timestamp",
    "crane-append",
    "docker-classic",
    "docker-commit",
    "ko",
    "umoci",
]


def versions_by_tag(document):
    return {tag["tag"]: v for v in document["Versions"] for tag in v["Tags"]}


def version_of(shelf, digest):
    """The answer for one version."""
    _, _, answer = shelf.suite.get(f"/v1/images/edge.local/{shelf.name}/version/{digest}")
    return answer


# Real builders


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_of_builders(shelf, folder):
    root = shelf.sample(folder)
    document = shelf.inspect()
    assert document["Digest"] == sha256(root)
    manifest = json.loads(root)
    if "manifests" in manifest:
        images = [m for m in manifest["manifests"] if m["platform"]["os"] != "unknown"]
        assert {p["Digest"] for p in document["Platforms"]} == {m["digest"] for m in images}
        assert not any("unknown" in p["Platform"] for p in document["Platforms"])
        return
    sizes = {layer["digest"]: layer["size"] for layer in manifest["layers"]}
    assert document["DownloadSize"] == sum(sizes.values())
    answer = version_of(shelf, document["SHA"])
    blobs = [layer["BlobSum"] for layer in answer["Layers"] if not layer["Empty"]]
    assert blobs == [layer["digest"] for layer in manifest["layers"]]
    assert answer["ConfigDigest"] == manifest["config"]["digest"]


def test_what_the_config_runs_is_shown(shelf):
    shelf.sample("buildkit/plain-oci-no-attest")
    path = SAMPLES / "buildkit/plain-oci-no-attest/config-linux-amd64-7b04dec8.json"
    run = json.loads(path.read_text())["config"]
    shown = version_of(shelf, shelf.inspect()["SHA"])["Config"]
    for key in ("Env", "Entrypoint", "Cmd", "WorkingDir", "User", "StopSignal"):
        assert shown.get(key) == run.get(key)
    assert shown["ExposedPorts"] == sorted(run["ExposedPorts"])
    assert shown["Healthcheck"]["Test"] == run["Healthcheck"]["Test"]


# Kinds of manifests


def test_indexes_within_indexes_are_one_list(shelf):
    bodies = {
        p: shelf.image(config_data=config(platform=p)) for p in ("linux/amd64", "linux/s390x")
    }
    inner = shelf.index([shelf.child(bodies["linux/amd64"], "linux/amd64")])
    middle = shelf.index([descriptor(inner, OCI_INDEX)])
    gone = descriptor(b"gone", OCI_INDEX)
    outer = [shelf.child(bodies["linux/s390x"], "linux/s390x"), descriptor(middle, OCI_INDEX), gone]
    shelf.index(outer, "latest")
    document = shelf.inspect()
    assert [p["Platform"] for p in document["Platforms"]] == ["linux/amd64", "linux/s390x"]
    assert document["Platform"] == "linux/amd64"


def test_schema_1_is_said_to_be_so(shelf):
    body = (ROOT / "tests/data/manifests/schema1-signed.json").read_bytes()
    shelf.manifest(body, "latest", "old", media_type=SCHEMA1, digest=SCHEMA1_DIGEST)
    shelf.image("new")
    document = shelf.inspect()
    assert document["Digest"] == SCHEMA1_DIGEST
    assert "schema 1" in document["Unreadable"]
    tags = versions_by_tag(document)
    assert "schema 1" in tags["old"]["Unreadable"] and "Pending" not in tags["old"]
    assert tags["new"]["DownloadSize"] == 100 and "Unreadable" not in tags["new"]


def test_schema_1_of_another_digest_is_not_taken(shelf):
    body = (ROOT / "tests/data/manifests/schema1-signed.json").read_bytes()
    shelf.manifest(body, "old", media_type=SCHEMA1, digest=sha256(body))
    shelf.registry.on(shelf.path("manifests", sha256(body)), Response(200, {}, body + b" "))
    shelf.image("latest")
    tags = versions_by_tag(shelf.inspect())
    assert tags["old"]["Pending"] is True


def test_a_wrong_content_type_is_held_against_nobody_else(shelf, shelves):
    """The same digest elsewhere, where the registry says what it is."""
    body = compact({"config": descriptor(config(author="Same"), OCI_CONFIG), "layers": []})
    digest = shelf.manifest(body, "bad", media_type=OCI_INDEX)
    shelf.image("latest")
    assert versions_by_tag(shelf.inspect())["bad"]["Pending"] is True
    other = Shelf(shelves[1], shelf.name + "-other")
    other.blob(config(author="Same"))
    other.manifest(body, "latest")
    document = shelf.suite.wait_status(f"edge.local/{other.name}")
    assert (document["Digest"], document["Author"]) == (digest, "Same")
    assert "Unreadable" not in document


@pytest.mark.parametrize(
    "config_type, layer_type",
    [
        ("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.v1.tar+gzip"),
        ("application/vnd.docker.plugin.v1+json", OCI_LAYER),
        ("application/vnd.wasm.config.v0+json", "application/wasm"),
        (OCI_CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"),
    ],
    ids=["helm", "docker-plugin", "wasm", "cosign"],
)
def test_artifacts_show_their_blobs(shelf, config_type, layer_type):
    body = compact(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(b"{}", config_type),
            "layers": [descriptor(b"content", layer_type)],
        }
    )
    shelf.manifest(body, "latest")
    document = shelf.inspect()
    assert document["ArtifactType"] == (layer_type if config_type == OCI_CONFIG else config_type)
    (layer,) = version_of(shelf, document["SHA"])["Layers"]
    assert (layer["BlobSum"], layer["DownloadSize"]) == (sha256(b"content"), 7)
    assert shelf.registry.count(shelf.path("blobs", sha256(b"{}"))) == 0


def test_an_artifact_manifest(shelf):
    kind = "application/vnd.oci.artifact.manifest.v1+json"
    blobs = [descriptor(b"content", "application/vnd.example.data")]
    body = compact({"mediaType": kind, "artifactType": "application/vnd.example", "blobs": blobs})
    shelf.manifest(body, "latest", media_type=kind)
    document = shelf.inspect()
    assert (document["ArtifactType"], document["DownloadSize"]) == ("application/vnd.example", 7)


def test_inline_data_saves_the_request(shelf):
    data = config(author="Inline")
    own = descriptor(data, OCI_CONFIG, data=base64.b64encode(data).decode())
    shelf.image("latest", config_data=data, config=own)
    assert shelf.inspect()["Author"] == "Inline"
    assert shelf.registry.count(shelf.path("blobs", sha256(data))) == 0


def test_inline_data_that_is_wrong_is_not_used(shelf):
    data = config(author="Fetched")
    own = descriptor(data, OCI_CONFIG, data=base64.b64encode(data[::-1]).decode())
    shelf.image("latest", config_data=data, config=own)
    assert shelf.inspect()["Author"] == "Fetched"


def test_foreign_layers_are_counted_and_not_fetched(shelf):
    layer = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": sha256(b"windows"),
        "size": 1234567,
        "urls": [shelf.registry.url + f"/{shelf.name}-elsewhere"],
    }
    shelf.image("latest", layers=[layer])
    document = shelf.inspect()
    assert document["DownloadSize"] == 1234567
    assert shelf.registry.count(f"/{shelf.name}-elsewhere") == 0
    assert shelf.registry.count(shelf.path("blobs", layer["digest"])) == 0


# Numbered cases


def test_case_03_tag_listed_but_gone(shelf):
    shelf.image("latest")
    shelf.list_tags("gone")
    assert set(versions_by_tag(shelf.inspect())) == {"latest"}


def test_case_04_config_gone_though_the_manifest_is_there(shelf):
    data = config(author="Back again")
    shelf.image("latest", config_data=data)
    shelf.registry.on(shelf.path("blobs", sha256(data)), Response(404))
    document = shelf.inspect()
    assert "config" in document["Unreadable"] and "404" in document["Unreadable"]
    assert document["DownloadSize"] == 100 and "Author" not in document
    shelf.blob(data)

    def is_whole():
        again = shelf.inspect()
        return again.get("Author") == "Back again" and "Unreadable" not in again

    wait_until(is_whole, 20, "the config is read")


def test_case_05_content_without_its_digest(shelf):
    good = shelf.image(config_data=config(platform="linux/arm64"))
    bad = shelf.image(config_data=config(author="Nobody"))
    shelf.manifest(bad + b" ", digest=sha256(bad))
    children = [shelf.child(bad, "linux/amd64"), shelf.child(good, "linux/arm64")]
    shelf.index(children, "latest")
    shelf.image("other")
    document = shelf.inspect()
    assert document["Platform"] == "linux/arm64"
    pending = {p["Platform"]: p.get("Pending", False) for p in document["Platforms"]}
    assert pending == {"linux/arm64": False, "linux/amd64": True}
    assert versions_by_tag(document)["other"]["DownloadSize"] == 100


def test_case_05_config_without_its_digest(shelf):
    data = config(author="Original")
    shelf.image("latest", config_data=data)
    shelf.blob(data.replace(b"Original", b"Tampered"), digest=sha256(data))
    document = shelf.inspect()
    assert "digest" in document["Unreadable"] and "Author" not in document


def test_case_07_bad_utf8(shelf):
    data = config(author="Jorg", config={"Labels": {"a": "ok"}}).replace(b"Jorg", b"J\xf6rg")
    body = shelf.image("latest", config_data=data, annotations={"note": "x?y"})
    damaged = body.replace(b"x?y", b"x\xffy")
    shelf.tags.clear()
    shelf.manifest(damaged, "latest")
    document = shelf.inspect()
    assert document["Digest"] == sha256(damaged)
    assert document["Author"] == "J\ufffdrg" and document["Labels"] == {"a": "ok"}
    assert document["Annotations"] == {"note": "x\ufffdy"}


def test_case_08_unset_and_future_dates_are_not_the_latest(shelf):
    dates = {
        "zero": "0001-01-01T00:00:00Z",
        "epoch": "1970-01-01T00:00:00Z",
        "dos": "1980-01-01T00:00:01Z",
        "future": "2199-01-01T00:00:00Z",
        "older": "2024-01-01T00:00:00Z",
        "newer": "2025-01-01T00:00:00.123456789+01:00",
        "nonsense": "yesterday",
    }
    for tag, created in dates.items():
        shelf.image(tag, config_data=config(created, author=tag))
    document = shelf.inspect()
    order = [version["Tags"][0]["tag"] for version in document["Versions"]]
    assert order[:2] == ["newer", "older"] and set(order) == set(dates)
    assert document["LatestSHA"] == document["Versions"][0]["SHA"]


def test_case_10_a_config_that_is_null(shelf):
    shelf.image("latest", config_data=b"null")
    document = shelf.inspect()
    assert document["Unreadable"] == "Its config cannot be read."
    assert (document["Platform"], document["DownloadSize"]) == ("unknown", 100)


def test_case_10_a_manifest_whose_config_is_null(shelf):
    shelf.image("latest")
    bad = compact({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": None, "layers": []})
    shelf.manifest(bad, "bad")
    tags = versions_by_tag(shelf.inspect())
    assert tags["bad"]["Unreadable"] == "Its manifest cannot be read."
    assert tags["latest"]["DownloadSize"] == 100


def test_case_11_upper_case_names(shelf):
    status, _, _ = shelf.suite.get("/v1/images/edge.local/Upper")
    assert status == 400
    shelf.image("V1.Final")
    assert set(versions_by_tag(shelf.inspect())) == {"V1.Final"}


def test_case_12_tags_of_all_sorts_and_no_latest(shelf):
    tags = ["list", "a..b", "x" * 128, "_lead"]
    shelf.image(*tags)
    shelf.list_tags("..", ".x", "-y", "x" * 129, "a/b", None, 7)
    document = shelf.inspect()
    assert set(versions_by_tag(document)) == set(tags)
    prefix = shelf.path("manifests", "")
    asked = {r.path for r in shelf.registry.requests if r.path.startswith(prefix)}
    assert not asked & {prefix + tag for tag in ("..", ".x", "-y", "x" * 129, "a/b")}


def test_case_13_digests_of_other_algorithms(shelf):
    data = config(author="Sha512")
    sha512 = "sha512:" + hashlib.sha512(data).hexdigest()
    own = {"mediaType": OCI_CONFIG, "digest": sha512, "size": len(data)}
    layers = [{"mediaType": OCI_LAYER, "digest": d, "size": 5} for d in (sha512, BLAKE3)]
    shelf.image("latest", config_data=data, config=own, layers=layers)
    shelf.blob(data, digest=sha512)
    document = shelf.inspect()
    assert (document["Author"], document["DownloadSize"]) == ("Sha512", 10)
    known, unknown = version_of(shelf, document["SHA"])["Layers"]
    assert "Unverified" not in known and unknown["Unverified"] is True


def test_case_13_a_config_that_nobody_can_check(shelf):
    own = {"mediaType": OCI_CONFIG, "digest": BLAKE3, "size": 2}
    shelf.image("latest", config=own)
    shelf.blob(config(author="Anybody"), digest=BLAKE3)
    document = shelf.inspect()
    assert "Unreadable" in document and "Author" not in document


def test_case_14_trailing_slashes(shelf):
    shelf.image("latest")
    path = shelf.path("manifests", "latest")
    whole = shelf.registry.answers[path][0]
    shelf.registry.on(path + "/", whole)
    shelf.registry.on(path, Response(301, {"Location": path + "/"}))
    assert shelf.inspect()["DownloadSize"] == 100


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "identity"])
def test_case_21_encodings_that_are_not_there(shelf, encoding):
    data = config(author="Plain")
    shelf.image("latest", config_data=data)
    answer = Response(200, {"Content-Encoding": encoding}, data)
    shelf.registry.on(shelf.path("blobs", sha256(data)), answer)
    assert shelf.inspect()["Author"] == "Plain"


def test_case_21_chunks_instead_of_a_length(shelf):
    data = config(author="Chunked")
    shelf.image("latest", config_data=data)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    answer = Response(200, {"Transfer-Encoding": "chunked"}, chunks)
    shelf.registry.on(shelf.path("blobs", sha256(data)), answer)
    assert shelf.inspect()["Author"] == "Chunked"


def test_case_24_a_body_longer_than_its_descriptor(shelf):
    data = config(author="Long")
    own = {**descriptor(data, OCI_CONFIG), "size": len(data) - 1}
    shelf.image("latest", config_data=data, config=own)
    document = shelf.inspect()
    assert "Unreadable" in document and document["DownloadSize"] == 100


def test_case_31_an_image_without_layers(shelf):
    shelf.image("latest", layers=[])
    document = shelf.inspect()
    assert "LayerCount" not in document and "DownloadSize" not in document  # as v1 had it
    version = document["Versions"][0]
    assert (version["LayerCount"], version["DownloadSize"]) == (0, 0)


def test_case_32_windows_by_its_versions(shelf):
    bodies = [shelf.image(config_data=config(platform="windows/amd64", author=a)) for a in "ab"]
    versions = ["10.0.20348.1", "10.0.17763.2"]
    children = [
        shelf.child(body, "windows/amd64", **{"os.version": version})
        for body, version in zip(bodies, versions)
    ]
    shelf.index(children, "latest")
    document = shelf.inspect()
    shown = [(p["Platform"], p["OSVersion"], p["Digest"]) for p in document["Platforms"]]
    wanted = [("windows/amd64", v, sha256(b)) for v, b in zip(versions, bodies)]
    assert shown == wanted and document["Author"] == "a"


def test_case_33_a_mirror_of_some_platforms(shelf):
    here = shelf.image(config_data=config(platform="linux/s390x"))
    children = [
        descriptor(b"a", OCI_MANIFEST, platform={"os": "linux", "architecture": "amd64"}),
        descriptor(b"b", OCI_MANIFEST, platform={"os": "linux", "architecture": "arm64"}),
        shelf.child(here, "linux/s390x"),
    ]
    shelf.index(children, "latest")
    document = shelf.inspect()
    assert (document["Platform"], document["DownloadSize"]) == ("linux/s390x", 100)
    shown = {p["Platform"]: p.get("Pending", False) for p in document["Platforms"]}
    assert shown == {"linux/s390x": False, "linux/amd64": True, "linux/arm64": True}


def test_case_34_a_tag_that_moves_meanwhile(shelf):
    """It is read as one version, then found on another; both are shown as what they are."""
    old = shelf.image("latest", config_data=config(author="Old"))
    new = shelf.image(config_data=config(author="New"))
    path = shelf.path("manifests", "latest")
    moved = shelf.registry.answers[shelf.path("manifests", sha256(new))][0]
    shelf.registry.on(path, shelf.registry.answers[path][0], moved)
    document = shelf.inspect()
    authors = {version["Digest"]: version["Author"] for version in document["Versions"]}
    assert authors[sha256(new)] == "New"
    assert authors.get(sha256(old), "Old") == "Old"
    assert versions_by_tag(document)["latest"]["Digest"] == sha256(new)


def test_one_bad_tag_never_fails_an_image(shelf):
    """Whatever is wrong with the tag that is asked for, the others are shown."""
    shelf.image("good")
    shelf.tags.append("latest")
    shelf.list_tags()
    headers = {"Content-Type": OCI_MANIFEST}
    shelf.registry.on(shelf.path("manifests", "latest"), Response(403, headers))
    tags = versions_by_tag(shelf.inspect())
    assert tags["good"]["DownloadSize"] == 100
