"""`microbadger --local`: no server, the same answers; what registries do wrong, told by exit status."""

import json
import os
import signal
import subprocess
import urllib.request

import pytest

from stack.processes import wait_until
from stack.samples import HOST
from stack.suite import INHERITED, bin_directory

NOT_FOUND, FAILED, PENDING = 3, 4, 5
# What tells of time and progress, which no two inspections share.
OF_TIME = {"UpdatedAt", "Progress"}


class Client:
    """The client with a configuration of its own, in an empty home."""

    def __init__(self, home, settings):
        self.home = home
        self.settings = settings

    def start(self, *arguments, **settings):
        environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
        environment |= self.settings | settings | {"HOME": str(self.home)}
        command = [bin_directory() / "microbadger", *arguments]
        return subprocess.Popen(
            command,
            env=environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **settings):
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments, **settings):
        result = self.run("--local", "--quiet", "--json", *arguments, **settings)
        assert (result.returncode, result.stderr) == (0, ""), result.stderr
        return json.loads(result.stdout)


@pytest.fixture
def client(registry, hub, tmp_path):
    registries = f"{HOST}={registry.url},docker.io={registry.url}"
    home = tmp_path / "home"
    home.mkdir()
    return Client(home, {"MB_REGISTRIES": registries, "MB_HUB_URL": hub.url})


def fetch(suite, path):
    with urllib.request.urlopen(suite.url + path, timeout=30) as response:
        assert response.status == 200
        return response.read().decode()


def timeless(text):
    """The members, in their order."""
    document = json.loads(text) if isinstance(text, str) else text
    return [(key, value) for key, value in document.items() if key not in OF_TIME]


def ask_api(suite, reference, query=""):
    suite.wait_status(reference)
    return fetch(suite, f"/v1/images/{reference}{query}")


def test_it_answers_as_the_api(make_suite, registry, client):
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    for name in registry.samples:
        reference = f"{HOST}/{name}"
        expected = timeless(ask_api(suite, reference))
        assert timeless(client.json("inspect", reference)) == expected, name
        text = client.run("--local", "--quiet", "dockerfile", reference)
        assert text.stdout == fetch(suite, f"/v1/dockerfile/{reference}"), name


@pytest.mark.parametrize("platform", ["linux/arm64", "linux/arm/v7", "linux/arm"])
def test_a_platform_is_that_of_the_api(make_suite, client, platform):
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    reference = f"{HOST}/demo/multi"
    expected = ask_api(suite, reference, f"?platform={platform}")
    assert timeless(client.json("inspect", reference, "--platform", platform)) == timeless(expected)


def test_all_versions_where_they_are_wanted(make_suite, client):
    suite = make_suite(MB_EAGER_VERSIONS=5).start()
    reference = f"{HOST}/demo/multi"
    expected = ask_api(suite, reference)
    assert not any(version.get("Pending") for version in json.loads(expected)["Versions"])
    by_variable = client.json("inspect", reference, MB_EAGER_VERSIONS="5")
    by_flag = client.json("inspect", reference, "--eager-versions=5")
    assert timeless(by_variable) == timeless(by_flag) == timeless(expected)


def test_docker_hub_is_asked_too(make_suite, registry, hub, client):
    repository = registry.fresh(3, namespace="library")
    hub.add_repository(repository)
    name = repository.name.removeprefix("library/")
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    expected = timeless(ask_api(suite, name))
    assert dict(expected)["PullCount"] > 0
    assert timeless(client.json("inspect", name)) == expected
    assert client.json("inspect", name, "--hub-url=none")["PullCount"] == 0


def test_a_version_by_digest_and_one_image_of_it(registry, client):
    multi = registry.samples["demo/multi"]
    digest = multi.tags["1.0"].digest
    document = client.json("inspect", f"{HOST}/demo/multi@{digest}")
    assert document["Digest"] == digest
    child = next(p for p in document["Platforms"] if p["Platform"] == "linux/arm64")["Digest"]
    version = client.json("layers", f"{HOST}/demo/multi@{child}")
    assert version["Platform"] == "linux/arm64" and version["Layers"]


def test_two_tags_of_one_repository(registry, client):
    lines = client.run(
        "--local", "-q", "--json", "inspect", f"{HOST}/demo/hello:1.1", f"{HOST}/demo/hello:1"
    ).stdout.splitlines()
    digests = [json.loads(line)["Digest"] for line in lines]
    tags = registry.samples["demo/hello"].tags
    assert digests == [tags["1.1"].digest, tags["1"].digest]


def test_a_comparison_is_that_of_the_api(make_suite, client):
    suite = make_suite(MB_EAGER_VERSIONS=5).start()
    a, b = f"{HOST}/demo/hello:1.1", f"{HOST}/demo/multi"
    for reference in (a, b):
        suite.wait_status(reference)
    expected = json.loads(fetch(suite, f"/v1/compare?a={a}&b={b}&platform=linux/amd64"))
    found = client.json("compare", a, b, "--platform", "linux/amd64")
    for side in ("A", "B"):
        assert found[side].pop("Status") in ("SIZE", "INSPECTED")
        assert expected[side].pop("Status") == "INSPECTED"
        # Which other tags point there, and other platforms, are not looked at to compare one.
        assert found[side].pop("LatestVersion") and expected[side].pop("LatestVersion")
    found.pop("Platforms"), expected.pop("Platforms")
    assert found == expected
    missing = client.run("--local", "compare", a, f"{HOST}/no/such")
    assert missing.returncode == NOT_FOUND
    assert "no/such" in missing.stderr


def test_it_asks_for_little(registry, client):
    client.json("layers", f"{HOST}/demo/hello")
    assert registry.proxy.counts(kind="manifests", method="GET").total() == 1
    assert registry.proxy.counts(kind="blobs").total() == 1
    assert registry.proxy.counts(kind="manifests", method="HEAD").total() == 0
    registry.reset()
    client.json("tags", f"{HOST}/demo/hello")
    assert registry.proxy.counts(kind="manifests", method="GET").total() == 1
    assert registry.proxy.counts(kind="manifests", method="HEAD").total() == 6
    assert registry.proxy.counts(kind="token").total() == 1


def test_of_many_tags_most_are_names_only(registry, client):
    repository = registry.fresh(1)
    tags = dict(repository.tags)
    version = tags["latest"]
    repository.tags.update({f"1.{number}": version for number in range(700)})
    registry.proxy.remember(repository)
    document = client.json("inspect", f"{HOST}/{repository.name}")
    assert registry.proxy.counts(kind="manifests", method="HEAD").total() == 512
    assert sum(len(entry["Tags"]) for entry in document["Versions"]) == 701
    assert document["Status"] == "INSPECTED"


def test_nothing_is_written(client):
    client.json("inspect", f"{HOST}/demo/hello")
    assert list(client.home.iterdir()) == []


def test_progress_is_told(client):
    result = client.run("--local", "inspect", f"{HOST}/demo/hello")
    assert result.returncode == 0
    stages = [line.split(": ", 1)[1].split()[0] for line in result.stderr.splitlines()]
    assert stages == ["tags", "queued", "manifests", "layers", "done"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["inspect", f"{HOST}/no/such"], "There is no public image"),
        (["inspect", f"{HOST}/demo/hello:none"], "has no tag none"),
        (["tags", f"{HOST}/demo/hello:none"], "has no tag none"),
        (["layers", f"{HOST}/demo/hello@sha256:" + "0" * 64], "has no such version"),
        (["inspect", "-p", "linux/s390x", f"{HOST}/demo/multi"], "There are: linux/amd64"),
    ],
)
def test_what_is_missing(client, arguments, words):
    result = client.run("--local", *arguments)
    assert result.returncode == NOT_FOUND
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "fault, words",
    [
        ({"action": "status", "status": 500, "kind": "manifests"}, "500"),
        ({"action": "status", "status": 200, "kind": "manifests", "body": b"\0"}, "cannot be read"),
        ({"action": "status", "status": 500, "kind": "token"}, "token"),
    ],
)
def test_failures_tell_why(registry, client, fault, words):
    repository = registry.fresh(1)
    registry.proxy.fault(**fault)
    result = client.run("--local", "-q", "inspect", f"{HOST}/{repository.name}")
    assert (result.returncode, result.stdout) == (FAILED, ""), result.stderr
    assert words in result.stderr


def test_what_is_not_what_was_asked_for_is_not_believed(registry, client):
    repository = registry.fresh(1)
    registry.proxy.fault("spoil", kind="manifests")
    digest = repository.tags["latest"].digest
    result = client.run("--local", "-q", "inspect", f"{HOST}/{repository.name}@{digest}")
    assert (result.returncode, result.stdout) == (FAILED, ""), result.stderr
    assert "digest" in result.stderr


def test_a_passing_fault_is_retried(registry, client):
    repository = registry.fresh(1)
    fault = registry.proxy.fault("reset", kind="manifests", times=1)
    assert client.json("inspect", f"{HOST}/{repository.name}")["Status"] == "INSPECTED"
    assert fault.hits == 1


def test_a_rate_limit_says_when(registry, client):
    repository = registry.fresh(1)
    limit = {"status": 429, "headers": {"Retry-After": "3600"}}
    registry.proxy.fault("status", kind="manifests", **limit)
    result = client.run("--local", "-q", "inspect", f"{HOST}/{repository.name}")
    assert result.returncode == FAILED
    assert "not before 20" in result.stderr


def test_a_limit_in_the_middle_shows_what_is_known(registry, client):
    repository = registry.fresh(3)
    limit = {"status": 429, "headers": {"Retry-After": "3600"}}
    registry.proxy.fault("status", kind="manifests", method="HEAD", **limit)
    result = client.run("--local", "-q", "inspect", f"{HOST}/{repository.name}")
    assert result.returncode == PENDING
    assert "not before 20" in result.stderr
    assert repository.tags["latest"].digest in result.stdout


def test_time_is_up(registry, client):
    registry.proxy.fault("hang", kind="manifests", ms=30000)
    result = client.run("--local", "-q", "-t", "1s", "inspect", f"{HOST}/demo/hello")
    assert result.returncode == PENDING
    assert "--timeout" in result.stderr


def test_an_interrupt_ends_it(registry, client):
    fault = registry.proxy.fault("hang", kind="manifests", ms=30000)
    process = client.start("--local", "-q", "inspect", f"{HOST}/demo/hello")
    wait_until(lambda: fault.hits, 30, "no manifest was asked for")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


@pytest.mark.parametrize(
    "arguments, settings, words",
    [
        (["--local", "search", "x"], {}, "--local does not go with 'search'"),
        (["--local", "--server", "http://127.0.0.1", "tags", "x"], {}, "not with --local"),
        (["--hub-url", "none", "tags", "x"], {}, "with --local"),
        (["--local", "tags", "x"], {"MB_REGISTRIES": "a b"}, "MB_REGISTRIES"),
        (["--local", "--eager-versions=-1", "tags", "x"], {}, "MB_EAGER_VERSIONS"),
    ],
)
def test_wrong_command_lines(client, arguments, settings, words):
    result = client.run(*arguments, **settings)
    assert result.returncode == 2
    assert words in result.stderr


def test_a_registry_that_is_not_allowed(client):
    result = client.run("--local", "inspect", "elsewhere.example/x/y")
    assert result.returncode == 1
    assert "elsewhere.example may not be asked" in result.stderr
