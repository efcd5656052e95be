"""An image of 10,000 tags on 3,000 digests, from a plain registry and with Docker Hub: every tag is
there, progress moves, and the answer is right."""

import pytest

from stack import samples
from stack.hub import tag_rows
from stack.samples import HOST

TAGS, VERSIONS, EAGER = 10_000, 3_000, 5
SECONDS = 240


@pytest.fixture(scope="module")
def big():
    return samples.tagged("library/big", TAGS, VERSIONS)


def expected_tags(repository):
    tags = {}
    for tag, version in repository.tags.items():
        tags.setdefault(version.digest.split(":")[1], set()).add(tag)
    return tags


def check(suite, repository, name):
    document = suite.wait_status(name, seconds=SECONDS)
    tags = {v["SHA"]: {tag["tag"] for tag in v["Tags"]} for v in document["Versions"]}
    assert len(tags) == len(document["Versions"]) == VERSIONS
    assert tags == expected_tags(repository)
    latest = repository.tags["latest"].digest.split(":")[1]
    assert document["LatestSHA"] == document["Id"] == document["Versions"][0]["SHA"] == latest
    filled = [version for version in document["Versions"] if not version.get("Pending")]
    assert len(filled) == EAGER + 1
    assert document["Progress"] == {"Stage": "done", "Done": EAGER + 1, "Total": EAGER + 1}
    assert "VersionsOmitted" not in document
    return document


def test_plain_registry(make_suite, registry, big):
    suite = make_suite(MB_EAGER_VERSIONS=EAGER).start()
    registry.proxy.remember(big)
    check(suite, big, f"{HOST}/{big.name}")
    counts = registry.proxy.counts(repository=big.name, status=200)
    assert counts["GET tags"] == 1
    assert counts["HEAD manifests"] == TAGS
    assert (counts["GET manifests"], counts["GET blobs"]) == (EAGER + 1, EAGER + 1)
    old = big.tags["1.0"]
    path = f"/v1/images/{HOST}/{big.name}:1.0"
    status, _, opened = suite.get(path + "?wait=25", timeout=60)
    assert (status, opened["Id"]) == (200, old.digest.split(":")[1])


def test_with_hub(make_suite, registry, hub, big):
    suite = make_suite(MB_EAGER_VERSIONS=EAGER).start()
    registry.proxy.remember(big)
    hub.limit = 1000
    hub.add("library", "big", tag_rows(big))
    document = check(suite, big, "big")
    assert all("PushedAt" in tag for version in document["Versions"] for tag in version["Tags"])
    assert sorted(hub.pages()) == list(range(1, TAGS // 100 + 1))
    counts = registry.proxy.counts(repository=big.name, status=200)
    assert (counts["GET tags"], counts["HEAD manifests"]) == (0, 0)
    assert (counts["GET manifests"], counts["GET blobs"]) == (EAGER + 1, EAGER + 1)


def test_progress_moves(make_suite, registry, big):
    """While tags are looked at, Done counts them; later it counts versions."""
    suite = make_suite(MB_EAGER_VERSIONS=EAGER).start()
    registry.proxy.remember(big)
    name = f"{HOST}/{big.name}"
    suite.get(f"/v1/images/{name}")
    seen = []
    while not seen or seen[-1][0] != "done":
        body = suite.get(f"/v1/status/{name}")[2]
        step = (body["Stage"], body["Done"], body["Total"])
        if not seen or seen[-1] != step:
            seen.append(step)
    looked_at = [done for stage, done, total in seen if stage == "manifests" and total == TAGS]
    assert len(looked_at) >= 5
    assert looked_at == sorted(set(looked_at))
