"""GET /v1/compare: what differs between two images, across tags, names, platforms and registries."""

import http.client
import itertools
import urllib.parse

import pytest

from stack import images
from stack.faulty_registry import FaultyRegistry
from stack.images import Repository, Step, buildkit, buildkit_run, image, index, layer
from stack.processes import wait_until
from stack.samples import HOST
from stack.shelf import Shelf

_numbers = itertools.count(1)

HELLO, MULTI = f"{HOST}/demo/hello", f"{HOST}/demo/multi"


def target(a, b, **more):
    return "/v1/compare?" + urllib.parse.urlencode({"a": a, "b": b, **more}, safe="/:@")


def compare(suite, a, b, headers=None, **more):
    return suite.get(target(a, b, **more), headers)


def compared(suite, a, b, seconds=30, **more):
    """The comparison, waited for: each side's version is there."""
    answers = []

    def is_there():
        status, _, body = compare(suite, a, b, wait=10, **more)
        answers.append(body)
        assert status in (200, 202), body
        return status == 200

    wait_until(is_there, seconds, f"{a} and {b} are compared")
    return answers[-1]


def rows(table, change):
    return {
        row["Name"]: (row.get("A"), row.get("B"))
        for row in table["Rows"]
        if row["Change"] == change
    }


def blobs(answer, change):
    return [row["BlobSum"] for row in answer["Layers"]["Rows"] if row["Change"] == change]


def lines(answer, change):
    return [row["Text"] for row in answer["Dockerfile"]["Lines"] if row["Change"] == change]


class Release:
    """Two releases of one image whose differences are known."""

    def __init__(self):
        number = next(_numbers)
        self.name = f"release/app{number}"
        self.base = layer({"base": f"{number}".encode()})
        self.old_app = layer({"app": f"{number} old".encode()})
        self.new_app = layer({"app": f"{number} new".encode() * 50})
        self.tools = layer({"tools": f"{number} tools".encode()})
        self.old = self.version("1.1", [], self.old_app, "2026-01-01T00:00:00Z")
        tools = [buildkit_run("apk add curl", self.tools)]
        self.new = self.version("1.2", tools, self.new_app, "2026-02-01T00:00:00Z")

    def version(self, number, more, app, created):
        is_new = number == "1.2"
        steps = [
            Step("/bin/sh -c #(nop) ADD file:1 in / ", "ADD rootfs /", self.base),
            buildkit(f"ENV APP_VERSION={number}"),
            *more,
            buildkit("COPY app /app", app),
            buildkit('ENTRYPOINT ["/app"]'),
        ]
        labels = {"org.opencontainers.image.version": number, "vendor": "Ann"}
        labels["team" if is_new else "maintainer"] = "core"
        run = {
            "Env": ["PATH=/usr/bin:/bin", f"APP_VERSION={number}"]
            + (["TOOLS=1"] if is_new else ["DEBUG=0"]),
            "Entrypoint": ["/app"],
            "Cmd": ["--fast"] if is_new else ["--slow"],
            "ExposedPorts": {"80/tcp": {}, **({"443/tcp": {}} if is_new else {})},
        }
        if is_new:
            run["User"] = "app"
        else:
            run["Volumes"] = {"/data": {}}
        return image(steps, created, "Ann", labels=labels, run=run)


@pytest.fixture
def release(registry):
    made = Release()
    registry.push(Repository(made.name, {"1.1": made.old, "1.2": made.new, "latest": made.new}))
    return made


def test_what_changed_between_two_releases(suite, release):
    name = f"{HOST}/{release.name}"
    answer = compared(suite, f"{name}:1.1", f"{name}:1.2")
    assert (answer["Match"], answer["Identical"]) == ("none", False)
    assert answer["A"]["Reference"] == f"{name}:1.1" and answer["B"]["Reference"] == f"{name}:1.2"
    assert answer["A"]["ImageDigest"] == release.old.digest
    assert answer["B"]["Digest"] == release.new.digest
    assert answer["DownloadSize"] == {
        "A": release.old.download_size,
        "B": release.new.download_size,
        "Difference": release.new.download_size - release.old.download_size,
    }
    assert blobs(answer, "kept") == [release.base.digest]
    assert blobs(answer, "removed") == [release.old_app.digest]
    assert blobs(answer, "added") == [release.tools.digest, release.new_app.digest]
    sizes = {key: answer["Layers"][key]["DownloadSize"] for key in ("Shared", "Added", "Removed")}
    assert sizes == {
        "Shared": len(release.base.data),
        "Added": len(release.tools.data) + len(release.new_app.data),
        "Removed": len(release.old_app.data),
    }
    assert answer["Labels"]["Kept"] == 1
    assert rows(answer["Labels"], "added") == {"team": (None, "core")}
    assert rows(answer["Labels"], "removed") == {"maintainer": ("core", None)}
    assert rows(answer["Labels"], "changed") == {"org.opencontainers.image.version": ("1.1", "1.2")}
    assert rows(answer["Env"], "changed") == {"APP_VERSION": ("1.1", "1.2")}
    assert rows(answer["Env"], "added") == {"TOOLS": (None, "1")}
    assert rows(answer["Env"], "removed") == {"DEBUG": ("0", None)}
    assert rows(answer["Config"], "changed") == {
        "Cmd": (["--slow"], ["--fast"]),
        "ExposedPorts": (["80/tcp"], ["443/tcp", "80/tcp"]),
    }
    assert rows(answer["Config"], "added") == {"User": (None, "app")}
    assert rows(answer["Config"], "removed") == {"Volumes": (["/data"], None)}
    assert lines(answer, "removed") == ["ENV APP_VERSION=1.1"]
    assert lines(answer, "added") == ["ENV APP_VERSION=1.2", "RUN apk add curl"]
    assert lines(answer, "kept") == ["ADD rootfs /", "COPY app /app", 'ENTRYPOINT ["/app"]']


def test_a_comparison_turned_round(suite, release):
    name = f"{HOST}/{release.name}"
    there = compared(suite, f"{name}:1.1", f"{name}:1.2")
    back = compared(suite, f"{name}:1.2", f"{name}:1.1")
    assert back["DownloadSize"]["Difference"] == -there["DownloadSize"]["Difference"]
    assert blobs(back, "added") == blobs(there, "removed")
    assert blobs(back, "removed") == blobs(there, "added")


def test_an_image_and_itself(suite):
    answer = compared(suite, HELLO, f"{HELLO}:1.2.3")
    assert (answer["Match"], answer["Identical"]) == ("manifest", True)
    assert answer["DownloadSize"]["Difference"] == 0
    assert blobs(answer, "added") == blobs(answer, "removed") == []
    assert [answer[table]["Rows"] for table in ("Labels", "Env", "Config")] == [[], [], []]
    assert answer["Dockerfile"]["Added"] == answer["Dockerfile"]["Removed"] == 0


def test_two_images_of_different_names(suite, session_registry):
    answer = compared(suite, HELLO, f"{HOST}/demo/labels")
    labels = session_registry.samples["demo/labels"].tags["latest"]
    assert answer["A"]["ImageName"] == HELLO and answer["B"]["ImageName"] == f"{HOST}/demo/labels"
    assert answer["Labels"]["Added"] == len(labels.labels)
    assert blobs(answer, "added") == [fact.digest for fact in labels.layers if fact.digest]


def test_two_platforms_of_one_image(suite, session_registry):
    answer = compared(suite, MULTI, MULTI, platform="linux/amd64", platform_b="linux/arm/v7")
    children = session_registry.samples["demo/multi"].tags["latest"].platforms
    assert (answer["A"]["Platform"], answer["B"]["Platform"]) == ("linux/amd64", "linux/arm/v7")
    assert answer["A"]["ImageDigest"] == children["linux/amd64"].digest
    assert answer["B"]["ImageDigest"] == children["linux/arm/v7"].digest
    assert answer["A"]["Digest"] == answer["B"]["Digest"]
    assert not answer["Identical"]
    assert {row["Change"] for row in answer["Platforms"]["Rows"]} == {"kept"}


def test_platforms_that_only_one_has(suite, session_registry):
    new = session_registry.samples["demo/multi"].tags["2.0"].platforms
    compared(suite, f"{MULTI}:1.0", f"{MULTI}:2.0")
    suite.wait_status(MULTI)
    # Of a version that nobody asked for first, platforms are looked at when somebody opens them.
    for platform in new:
        compared(suite, f"{MULTI}:2.0", f"{MULTI}:2.0", platform=platform)
    table = compared(suite, f"{MULTI}:1.0", f"{MULTI}:2.0")["Platforms"]
    only_new = rows(table, "added")["linux/arm/v7"][1]
    assert (only_new["Digest"], only_new["DownloadSize"]) == (
        new["linux/arm/v7"].digest,
        new["linux/arm/v7"].download_size,
    )
    changed = rows(table, "changed")
    assert set(changed) == {"linux/amd64", "linux/arm64"}
    assert {name: b["DownloadSize"] for name, (_, b) in changed.items()} == {
        name: new[name].download_size for name in changed
    }
    assert all(a["DownloadSize"] for a, _ in changed.values())


def test_two_registries(make_suite, registry, release):
    other = FaultyRegistry().start()
    try:
        shelf = Shelf(other, f"r{next(_numbers)}")
        shelf.image("latest")
        registries = f"{HOST}={registry.url},edge.local={other.url}"
        suite = make_suite(MB_REGISTRIES=registries).start()
        answer = compared(suite, f"{HOST}/{release.name}:1.1", f"edge.local/{shelf.name}")
    finally:
        other.stop()
    assert answer["B"]["ImageName"] == f"edge.local/{shelf.name}"
    assert answer["Layers"]["Shared"]["Count"] == 0
    assert len(blobs(answer, "removed")) == 2 and len(blobs(answer, "added")) == 1


# What is not known yet


def test_what_is_unknown_is_inspected_and_told_of(make_suite, release):
    suite = make_suite().start(["api"])
    name = f"{HOST}/{release.name}"
    status, headers, body = compare(suite, f"{name}:1.1", HELLO)
    assert status == 202
    assert int(headers["Retry-After"]) >= 1
    assert (body["A"]["ImageName"], body["B"]["ImageName"]) == (name, HELLO)
    assert body["A"]["Status"] == body["B"]["Status"] == "SUBMITTED"
    assert suite["api"].metrics()["mb_submissions_total"] == 2
    compare(suite, f"{name}:1.1", HELLO)
    assert suite["api"].metrics()["mb_submissions_total"] == 2, "asked for already"


def test_one_side_is_known(suite, release):
    suite.wait_status(HELLO)
    answer = compared(suite, HELLO, f"{HOST}/{release.name}:1.1")
    assert answer["B"]["Digest"] == release.old.digest


def test_a_long_poll_ends_with_both(suite, release):
    status, _, body = compare(suite, f"{HOST}/{release.name}:1.1", HELLO, wait=25)
    assert status == 200
    assert body["A"]["Digest"] == release.old.digest


def test_head_submits_nothing(make_suite, release):
    suite = make_suite().start(["api"])
    connection = http.client.HTTPConnection("127.0.0.1", suite.port, timeout=10)
    connection.request("HEAD", target(HELLO, f"{HOST}/{release.name}"))
    assert connection.getresponse().status == 202
    assert suite["api"].metrics()["mb_submissions_total"] == 0


def test_both_sides_are_the_clients_share(make_suite, release):
    suite = make_suite(MB_SUBMIT_PER_ADDRESS=1).start(["api"])
    status, headers, body = compare(suite, HELLO, f"{HOST}/{release.name}")
    assert (status, body["code"]) == (429, "too_many_submissions")
    assert int(headers["Retry-After"]) >= 1


# Problems


def test_a_side_that_is_missing_is_named(suite):
    suite.wait_status(HELLO)
    name = f"{HOST}/nobody/has{next(_numbers)}"

    def is_missing():
        return compare(suite, HELLO, name, wait=5)[0] == 404

    wait_until(is_missing, 20, "it is found missing")
    status, _, body = compare(suite, HELLO, name)
    assert (status, body["code"], body["side"]) == (404, "image_missing", "b")
    assert body["detail"].startswith("b: ") and name in body["detail"]
    status, _, body = compare(suite, f"{HELLO}:9.9", HELLO)
    assert (status, body["code"], body["side"]) == (404, "tag_missing", "a")
    status, _, body = compare(suite, HELLO, HELLO, platform_b="plan9/amd64")
    assert (status, body["code"], body["side"]) == (404, "platform_missing", "b")


@pytest.mark.parametrize(
    "query, side",
    [
        ("", "a"),
        ("a=nginx", "b"),
        ("b=nginx", "a"),
        ("a=&b=nginx", "a"),
        ("a=nginx&b=UPPER/case", "b"),
        ("a=nginx&b=nginx&platform_b=linux", "b"),
    ],
)
def test_a_bad_side_is_named(suite_api, query, side):
    status, _, body = suite_api.get(f"/v1/compare?{query}")
    assert (status, body["side"]) == (400, side), body
    assert body["detail"].startswith(f"{side}: ")


def test_a_side_of_another_registry_is_named(suite_api):
    status, _, body = suite_api.get("/v1/compare?a=nope.example/x&b=nginx")
    assert (status, body["side"], body["code"]) == (400, "a", "registry_not_allowed")


@pytest.fixture
def suite_api(make_suite):
    return make_suite().start(["api"])


def test_a_form_leaves_the_platform_open(suite):
    suite.wait_status(HELLO)
    path = f"/v1/compare?a=+{HELLO}+&b=%20{HELLO}:1.1&platform=&platform_a=&platform_b="
    assert suite.get(path)[0] == 200


def test_what_is_too_large_is_said(suite, registry):
    steps = [buildkit(f"ENV V{n}=" + "x" * 1000) for n in range(200)]
    blob = layer({"big": b"big"})
    version = image([buildkit_run("make", blob), *steps], "2026-01-01T00:00:00Z")
    name = f"big/app{next(_numbers)}"
    registry.push(Repository(name, {"latest": version}))
    suite.wait_status(f"{HOST}/{name}")
    suite.wait_status(HELLO)
    status, _, body = compare(suite, HELLO, f"{HOST}/{name}")
    assert (status, body["code"], body["side"]) == (422, "too_large_to_compare", "b")
    assert suite.get("/healthcheck.txt")[0] == 200


# Caches


def test_known_comparisons_are_not_sent_again(suite):
    compared(suite, HELLO, f"{HELLO}:1.1")
    suite.wait_status(HELLO)
    status, headers, _ = compare(suite, HELLO, f"{HELLO}:1.1")
    known = {"If-None-Match": headers["ETag"]}
    assert (status, headers["Content-Type"]) == (200, "application/json")
    status, again, body = compare(suite, HELLO, f"{HELLO}:1.1", known)
    assert (status, again["ETag"], body) == (304, headers["ETag"], b"")
    status, other, _ = compare(suite, f"{HELLO}:1.1", HELLO, known)
    assert status == 200 and other["ETag"] != headers["ETag"]


@pytest.mark.parametrize("moved", ["a", "b"])
def test_a_side_that_moves_is_seen_at_once(make_suite, registry, release, moved):
    suite = make_suite(MB_REFRESH_TOKEN="secret").start()
    name = f"{HOST}/{release.name}"
    sides = {"a": HELLO, "b": HELLO, moved: f"{name}:latest"}
    suite.wait_status(HELLO)
    suite.wait_status(name)
    key = moved.upper()
    assert compared(suite, **sides)[key]["Digest"] == release.new.digest
    registry.push(Repository(release.name, {"latest": release.old}))
    bearer = {"Authorization": "Bearer secret"}
    assert suite.get(f"/v1/images/{name}?refresh=true", bearer)[0] in (200, 202)
    wait_until(
        lambda: compare(suite, **sides)[2][key].get("Digest") == release.old.digest,
        8,  # less than an answer's age in memory
        "the comparison is of the new one",
    )


def test_an_index_and_its_own_image_are_one_manifest(suite, registry):
    blob = layer({"one": f"{next(_numbers)}".encode()})
    child = image([buildkit_run("make", blob)], "2026-01-01T00:00:00Z")
    name = f"index/app{next(_numbers)}"
    registry.push(Repository(name, {"index": index([child]), "image": child}))
    answer = compared(suite, f"{HOST}/{name}:index", f"{HOST}/{name}:image")
    assert answer["Identical"] and answer["A"]["Digest"] != answer["B"]["Digest"]
    assert images.sha256(child.data) == answer["A"]["ImageDigest"]


# The page


def page(suite, a, b, **more):
    status, headers, body = suite.get(target(a, b, **more).removeprefix("/v1"))
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    return status, body.decode()


def test_the_page_of_two_releases(suite, release):
    name = f"{HOST}/{release.name}"
    compared(suite, f"{name}:1.1", f"{name}:1.2")
    status, html = page(suite, f"{name}:1.1", f"{name}:1.2")
    assert status == 200
    assert '<del class="line removed">- ENV APP_VERSION=1.1\n</del>' in html
    assert '<ins class="line added">+ RUN apk add curl\n</ins>' in html
    assert f'name="a" value="{name}:1.1"' in html
    status, html = page(suite, f"{name}:1.2", f"{name}:latest")
    assert status == 200 and "Both are the same image" in html


def test_the_page_waits_for_what_is_unknown(make_suite, release):
    suite = make_suite().start(["api"])
    status, html = page(suite, f"{HOST}/{release.name}", HELLO)
    assert status == 202
    assert '<meta http-equiv="refresh"' in html and 'id="retry"' in html
    assert suite["api"].metrics()["mb_submissions_total"] == 2


def test_the_pages_problems_have_the_form(suite):
    suite.wait_status(HELLO)
    status, html = page(suite, HELLO, f"{HELLO}:9.9")
    assert status == 404
    assert "has no tag 9.9" in html and f'name="a" value="{HELLO}"' in html
    status, html = page(suite, HELLO, "UPPER/case")
    assert status == 400 and f'name="a" value="{HELLO}"' in html


def test_the_form_comes_first(suite_api):
    status, html = page(suite_api, HELLO, "")
    assert status == 200
    assert f'name="a" value="{HELLO}"' in html and 'name="b" value=""' in html
