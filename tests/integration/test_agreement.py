"""For the sample registry's images skopeo, umoci and our answers tell the same."""

import json
import subprocess
import urllib.parse
from datetime import datetime, timedelta

import pytest

from stack import samples
from stack.images import sha256

NAMES = [repository.name for repository in samples.samples()]
MOST_VERSIONS = 3  # of demo/tags; the others have fewer


def run(*command):
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
    return done.stdout


def platform_options(platform):
    system, architecture, *variant = platform.split("/")
    options = [f"--override-os={system}", f"--override-arch={architecture}"]
    return options + [f"--override-variant={v}" for v in variant]


class Tools:
    """skopeo and umoci on one repository."""

    def __init__(self, registry, name, directory):
        self.address = f"docker://{urllib.parse.urlsplit(registry.url).netloc}/{name}"
        self.directory = directory

    def raw(self, reference):
        return run("skopeo", "inspect", "--tls-verify=false", "--raw", self.address + reference)

    def inspect(self, reference, platform, *more):
        options = platform_options(platform)
        command = ["skopeo", *options, "inspect", "--tls-verify=false", *more]
        return json.loads(run(*command, self.address + reference))

    def stat(self, reference, platform):
        """umoci's rows of history."""
        tag = platform.replace("/", "-")
        layout = self.directory / reference.strip(":@").replace(":", "-")
        copy = ["skopeo", *platform_options(platform), "copy", "-q", "--src-tls-verify=false"]
        run(*copy, self.address + reference, f"oci:{layout}:{tag}")
        return json.loads(run("umoci", "stat", "--json", "--image", f"{layout}:{tag}"))["history"]


def to_milliseconds(text):
    """RFC 3339 to milliseconds, cut off as ours are."""
    time = datetime.fromisoformat(text)
    return time - timedelta(microseconds=time.microsecond % 1000)


def check_version(answer, found, config):
    """Our version answer against `skopeo inspect` and `skopeo inspect --config`."""
    own = config.get("config", {})
    blobs = [layer["BlobSum"] for layer in answer["Layers"] if not layer["Empty"]]
    assert blobs == found["Layers"]
    assert answer.get("Labels", {}) == (found["Labels"] or {})
    assert to_milliseconds(answer["Created"]) == to_milliseconds(found["Created"])
    assert answer["Platform"].split("/")[:2] == [found["Os"], found["Architecture"]]
    assert answer["Config"]["Env"] == found["Env"] == own["Env"]
    assert answer["Config"].get("Cmd") == own.get("Cmd")
    assert answer["Config"].get("Entrypoint") == own.get("Entrypoint")
    assert answer["Author"] == config.get("author", "")


def check_layers(answer, manifest, rows):
    """Our layers against the manifest (`skopeo inspect --raw`) and `umoci stat`."""
    sizes = {layer["digest"]: layer["size"] for layer in manifest["layers"]}
    assert answer["DownloadSize"] == sum(sizes.values())
    assert answer["ConfigDigest"] == manifest["config"]["digest"]
    assert answer["LayerCount"] == len(answer["Layers"]) == len(rows)
    seen = set()
    for layer, row in zip(answer["Layers"], rows):
        assert layer["CreatedBy"] == row.get("created_by", "")
        assert layer["Empty"] == row.get("empty_layer", False)
        if layer["Empty"]:
            assert (layer["BlobSum"], layer["DownloadSize"], layer["DiffID"]) == ("", 0, "")
            continue
        digest = row["layer"]["digest"]
        assert (layer["BlobSum"], layer["DiffID"]) == (digest, row["diff_id"])
        assert row["layer"]["size"] == sizes[digest]
        assert layer["DownloadSize"] == (0 if digest in seen else sizes[digest])
        seen.add(digest)


@pytest.fixture
def answers(make_suite, registry):
    """answers(name): the suite with everything of this image."""

    def make(name):
        suite = make_suite().start()
        return suite, suite.wait_status(f"{samples.HOST}/{name}")

    return make


@pytest.mark.parametrize("name", NAMES)
def test_tools_agree(answers, registry, tmp_path, name):
    suite, document = answers(name)
    tools = Tools(registry, name, tmp_path)
    by_tag = {tag["tag"]: v["Digest"] for v in document["Versions"] for tag in v["Tags"]}
    found = tools.inspect(":" + next(iter(by_tag)), "linux/amd64")
    assert sorted(found["RepoTags"]) == sorted(by_tag)
    for version in document["Versions"][:MOST_VERSIONS]:
        digest = version["Digest"]
        raw = tools.raw("@" + digest)
        assert sha256(raw) == digest
        assert all(by_tag[tag["tag"]] == digest for tag in version["Tags"])
        assert {json.loads(raw)["mediaType"]} == {version["MediaType"]}
        check_platforms(version, json.loads(raw))
        for platform in version["Platforms"]:
            check_platform(suite, tools, name, version, platform)


def check_platforms(version, manifest):
    if "manifests" not in manifest:
        assert [p["Digest"] for p in version["Platforms"]] == [version["Digest"]]
        return
    images = {
        "/".join(entry["platform"].values()): entry["digest"]
        for entry in manifest["manifests"]
        if entry["platform"]["os"] != "unknown"
    }
    assert {p["Platform"]: p["Digest"] for p in version["Platforms"]} == images


def check_platform(suite, tools, name, version, platform):
    path = f"/v1/images/{samples.HOST}/{name}/version/{version['SHA']}"
    status, _, answer = suite.get(f"{path}?platform={platform['Platform']}")
    if status == 202:  # a version that was not the wanted one has its default platform only
        answer = wait_version(suite, f"{path}?platform={platform['Platform']}")
    image = "@" + platform["Digest"]
    manifest = json.loads(tools.raw(image))
    found = tools.inspect(image, platform["Platform"])
    config = tools.inspect(image, platform["Platform"], "--config")
    assert (answer["Digest"], answer["SHA"]) == (version["Digest"], version["SHA"])
    check_version(answer, found, config)
    check_layers(answer, manifest, tools.stat(image, platform["Platform"]))


def wait_version(suite, path):
    status, _, answer = suite.get(path, headers={"Prefer": "wait=20"})
    assert status == 200, answer
    return answer
