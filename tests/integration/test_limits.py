"""Limits of Docker Hub's registry and of its web API: what is known is shown, nothing is asked that
would be refused, and the rest comes by itself."""

import pytest

from stack import samples
from stack.hub import tag_row
from stack.processes import wait_until
from stack.proxy import PullLimit
from stack.samples import HOST


@pytest.fixture
def library(registry, hub):
    """library(tags, versions): a repository on docker.io that Hub knows."""

    def make(*counts):
        repository = registry.fresh(*counts, namespace="library")
        hub.add_repository(repository)
        return repository

    return make


def short(repository):
    return repository.name.removeprefix("library/")


def tags_by_sha(document):
    return {v["SHA"]: {tag["tag"] for tag in v["Tags"]} for v in document["Versions"]}


def expected_tags(repository):
    return {d.split(":")[1]: set(repository.tags_of(d)) for d in repository.versions}


def all_tags(document):
    return {tag["tag"]: tag for version in document["Versions"] for tag in version["Tags"]}


def filled(document):
    return [version for version in document["Versions"] if not version.get("Pending")]


def pulls(registry, repository):
    """GETs of manifests that a limit counts, or refused."""
    sent = registry.proxy.requests(repository=repository.name, method="GET", kind="manifests")
    return len([entry for entry in sent if entry.status != 401])


def wait_for_limit(suite, name):
    wait_until(
        lambda: suite.get(f"/v1/status/{name}")[2].get("Stage") == "waiting-rate-limit",
        20,
        "the limit is told",
    )
    return suite.get(f"/v1/status/{name}")[2]


def is_whole(suite, repository, name):
    document = suite.get(f"/v1/images/{name}")[2]
    return (
        document["Status"] == "INSPECTED"
        and tags_by_sha(document) == expected_tags(repository)
        and len(filled(document)) == len(repository.versions)
    )


@pytest.mark.parametrize("is_hub", [True, False], ids=["docker.io", "samples.local"])
def test_spent_pulls_are_waited_for(make_suite, backend, registry, library, is_hub):
    suite = make_suite(backend, MB_MAX_RECEIVES=1).start()
    repository = library(8) if is_hub else registry.fresh(8)
    name = short(repository) if is_hub else f"{HOST}/{repository.name}"
    registry.proxy.pull_limit = PullLimit(limit=100, window_s=40, left=13)
    suite.get(f"/v1/images/{name}")
    assert wait_for_limit(suite, name)["RetryAt"]
    status, _, document = suite.get(f"/v1/images/{name}")
    assert (status, tags_by_sha(document)) == (200, expected_tags(repository))
    # One for the wanted tag; a tenth of the limit is not touched by what nobody waits for.
    assert len(filled(document)) == pulls(registry, repository) == 3
    assert registry.proxy.pull_limit.left == 10
    registry.proxy.pull_limit.left = 100
    wait_until(lambda: is_whole(suite, repository, name), 40, "it is completed")
    assert pulls(registry, repository) == 7
    assert backend.dead("size") == backend.dead("inspection") == 0


def test_the_kept_tenth_serves_who_waits(make_suite, registry, library):
    suite = make_suite().start()
    repository, other = library(8), library(4)
    registry.proxy.pull_limit = PullLimit(limit=100, window_s=6000, left=13)
    suite.get(f"/v1/images/{short(repository)}")
    wait_for_limit(suite, short(repository))
    assert suite.get(f"/v1/images/{short(other)}?wait=20")[0] == 200
    wait_for_limit(suite, short(other))
    document = suite.get(f"/v1/images/{short(other)}")[2]
    assert document["Id"] == other.tags["latest"].digest.split(":")[1]
    assert pulls(registry, other) == 1
    assert registry.proxy.pull_limit.left == 9


def test_one_budget_for_two_workers(make_suite, registry, library):
    suite = make_suite().start()
    first, second = library(4), library(4)
    registry.proxy.pull_limit = PullLimit(limit=100, window_s=60, left=1)
    suite.get(f"/v1/images/{short(first)}")
    wait_for_limit(suite, short(first))
    assert suite["inspector"].term() == 0
    suite.add("inspector-2")
    suite.get(f"/v1/images/{short(second)}")
    told = wait_for_limit(suite, short(second))
    assert "limit of pulls" in told["Error"]
    assert pulls(registry, second) == 0, "what one worker was told, the other knows"
    registry.proxy.pull_limit.left = 100
    for repository in (first, second):
        wait_until(
            lambda r=repository: is_whole(suite, r, short(r)), 60, "it is completed by itself"
        )


def test_case_37_429_in_the_middle_of_hubs_pages(make_suite, backend, registry, hub, library):
    suite = make_suite(backend, MB_MAX_RECEIVES=1).start()
    repository = library(800, 20)
    hub.limited_after, hub.limited, hub.retry_after = 4, -1, "3"
    suite.get(f"/v1/images/{short(repository)}")
    told = wait_for_limit(suite, short(repository))
    assert told["RetryAt"] and "limit" in told["Error"]
    status, _, document = suite.get(f"/v1/images/{short(repository)}")
    assert status == 200
    assert document["Id"] == repository.tags["latest"].digest.split(":")[1]
    known = all_tags(document)
    assert 200 <= len(known) < 800
    assert all(tag["PushedAt"] for tag in known.values())
    read = hub.pages()
    hub.limited = 0
    wait_until(lambda: is_whole(suite, repository, short(repository)), 60, "it is completed")
    again = hub.pages()[len(read) :]
    assert 1 not in again and max(again) == 8, "the list is gone on with, not begun anew"
    assert registry.proxy.counts(repository=repository.name, status=200)["GET tags"] == 0
    assert backend.dead("inspection") == 0


def test_case_37_429_in_the_middle_of_pulls(make_suite, backend, registry, library):
    suite = make_suite(backend, MB_MAX_RECEIVES=1).start()
    repository = library(8)
    registry.proxy.fault(
        "status",
        kind="manifests",
        method="GET",
        repository=repository.name,
        skip=3,
        status=429,
        headers={"Retry-After": "11"},
        times=2,
    )
    suite.get(f"/v1/images/{short(repository)}")
    wait_for_limit(suite, short(repository))
    assert len(filled(suite.get(f"/v1/images/{short(repository)}")[2])) == 5
    wait_until(lambda: is_whole(suite, repository, short(repository)), 60, "it is completed")
    assert backend.dead("size") == 0


def test_case_38_a_cache_that_spends_the_limit_of_another(make_suite, registry):
    """A mirror passes the limit's headers on: what they tell counts for it as for docker.io, and
    what HEAD can tell is not pulled."""
    suite = make_suite().start()
    mirrored = registry.fresh(40, 4)
    registry.proxy.pull_limit = PullLimit(limit=200, window_s=3600, left=24)
    document = suite.wait_status(f"{HOST}/{mirrored.name}")
    assert tags_by_sha(document) == expected_tags(mirrored)
    assert registry.proxy.pull_limit.left == 20
    other = registry.fresh(4)
    suite.get(f"/v1/images/{HOST}/{other.name}")
    wait_for_limit(suite, f"{HOST}/{other.name}")
    assert pulls(registry, other) == 1


@pytest.mark.parametrize("retry_after", ["1", "7200"])
def test_hubs_limit_that_does_not_end_is_done_without(
    make_suite, registry, hub, library, retry_after
):
    suite = make_suite().start()
    repository = library(120, 4)
    hub.limited, hub.retry_after = -1, retry_after
    document = suite.wait_status(short(repository), seconds=60)
    assert tags_by_sha(document) == expected_tags(repository)
    assert document["PullCount"] == 0
    counts = registry.proxy.counts(repository=repository.name, status=200)
    assert (counts["GET tags"], counts["HEAD manifests"]) == (1, 120)


@pytest.mark.parametrize("cap", [100, 500])
def test_offset_cap_is_completed_from_the_registry(make_suite, registry, hub, library, cap):
    suite = make_suite().start()
    repository = library(650, 6)
    hub.offset_cap = cap
    document = suite.wait_status(short(repository), seconds=60)
    assert tags_by_sha(document) == expected_tags(repository)
    pushed = {name for name, tag in all_tags(document).items() if "PushedAt" in tag}
    assert pushed == set(list(repository.tags)[-cap:])
    counts = registry.proxy.counts(repository=repository.name, status=200)
    assert (counts["GET tags"], counts["HEAD manifests"]) == (1, 650 - cap)
    assert counts["GET manifests"] == 6


def refresh(suite, backend, name):
    before = suite.get(f"/v1/images/{name}")[2]["UpdatedAt"]
    backend.send("inspection", '{"ImageName":"library/%s"}' % name)

    def is_refreshed():
        document = suite.get(f"/v1/images/{name}")[2]
        return document["UpdatedAt"] != before and document["Progress"]["Stage"] == "done"

    wait_until(is_refreshed, 30, "the image is inspected anew")
    return suite.get(f"/v1/images/{name}")[2]


@pytest.mark.parametrize("failure", ["503", "404", "empty"])
def test_facts_of_hub_outlive_its_failures(make_suite, backend, registry, hub, library, failure):
    suite = make_suite(backend).start()
    repository = library(120, 4)
    name = short(repository)
    first = suite.wait_status(name)
    if failure == "503":
        hub.status = 503
    elif failure == "404":
        del hub.repositories["library", name]
    else:
        hub.tags["library", name] = []
        hub.repositories["library", name]["name"] = "another"
    second = refresh(suite, backend, name)
    for key in ("PullCount", "StarCount", "Description", "LastUpdated", "LatestSHA", "Versions"):
        assert second[key] == first[key], key
    assert first["PullCount"] == 5_000_000_000
    assert registry.proxy.counts(repository=repository.name, status=200)["GET tags"] == 1


def test_hub_down_from_the_start(make_suite, registry, hub, library):
    suite = make_suite(MB_HUB_URL="http://127.0.0.1:1").start()
    repository = library(30, 5)
    document = suite.wait_status(short(repository))
    assert tags_by_sha(document) == expected_tags(repository)
    assert not [tag for tag in all_tags(document).values() if "PushedAt" in tag]


def test_newest_push_where_there_is_no_latest(make_suite, registry, hub):
    repository = registry.fresh(6, namespace="library")
    del repository.tags["latest"]
    repository.name += "n"
    registry.push(repository)
    # Pushed in another order than the names and the dates of creation have.
    order = ["1.2", "1.4", "1.0", "1.3", "1.1"]
    rows = [
        tag_row(tag, repository.tags[tag].digest, f"2026-03-0{9 - n}T10:00:00.5Z")
        for n, tag in enumerate(order)
    ]
    hub.add("library", short(repository), rows)
    suite = make_suite(MB_EAGER_VERSIONS=2).start()
    document = suite.wait_status(short(repository))
    assert [version["Tags"][0]["tag"] for version in document["Versions"]] == order
    assert document["LatestSHA"] == repository.tags["1.2"].digest.split(":")[1]
    assert all_tags(document)["1.4"]["PushedAt"] == "2026-03-08T10:00:00.500Z"
    assert [version["Tags"][0]["tag"] for version in filled(document)] == ["1.2", "1.4", "1.0"]


def test_size_that_hub_tells_stands_in(make_suite, registry, hub, library):
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    repository = library(4)
    document = suite.wait_status(short(repository))
    sizes = {d.split(":")[1]: v.download_size for d, v in repository.versions.items()}
    assert {v["SHA"]: v["DownloadSize"] for v in document["Versions"]} == sizes
    assert len(filled(document)) == 1


def test_rows_that_hub_has_wrong(make_suite, registry, hub):
    """Digests that are gone, or missing, for the wanted tag and others."""
    repository = registry.fresh(6, namespace="library")
    pushed = "2026-03-01T10:00:00Z"
    gone = "sha256:" + "0" * 64
    digests = {tag: version.digest for tag, version in repository.tags.items()}
    wrong = {**digests, "latest": gone, "1.1": gone, "1.2": None}
    hub.add("library", short(repository), [tag_row(t, d, pushed) for t, d in wrong.items()])
    suite = make_suite().start()
    document = suite.wait_status(short(repository))
    expected = {d.split(":")[1]: set(repository.tags_of(d)) for d in digests.values()}
    expected["0" * 64] = {"1.1"}
    expected[digests["1.1"].split(":")[1]] -= {"1.1"}
    expected = {sha: tags for sha, tags in expected.items() if tags}
    assert tags_by_sha(document) == expected
    assert document["LatestSHA"] == digests["latest"].split(":")[1]
    pending = [version["SHA"] for version in document["Versions"] if version.get("Pending")]
    assert pending == ["0" * 64]


def test_old_versions_open_by_the_digests_that_hub_tells(make_suite, registry, hub):
    repository = registry.samples["demo/multi"]
    hub.add_repository(repository)
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    name = "docker.io/demo/multi"
    document = suite.wait_status(name)
    old = repository.tags["1.0"]
    assert [version["SHA"] for version in document["Versions"] if version.get("Pending")] == [
        old.digest.split(":")[1]
    ]
    status, _, opened = suite.get(f"/v1/images/{name}:1.0?wait=20&platform=linux/arm64")
    assert (status, opened["Platform"]) == (200, "linux/arm64")
    assert opened["DownloadSize"] == old.platforms["linux/arm64"].download_size
    assert [row["Platform"] for row in opened["Platforms"]] == list(old.platforms)
    child = old.platforms["linux/arm64"].digest
    assert suite.get(f"/v1/images/{name}/version/{child}")[2]["Digest"] == old.digest


def test_requests_to_hub_are_kept_for_who_waits(make_suite, registry, hub, library):
    """Pages stop before the limit does: the kept tenth answers for another image."""
    suite = make_suite().start()
    repository, other = samples.tagged("library/many", 2500, 3), library(3)
    registry.proxy.remember(repository)
    hub.add_repository(repository)
    hub.limit = 20
    suite.get(f"/v1/images/{short(repository)}")
    wait_for_limit(suite, short(repository))
    status, _, document = suite.get(f"/v1/images/{short(repository)}")
    assert (status, len(hub.requests)) == (200, 18)
    assert len(all_tags(document)) == 1700
    document = suite.wait_status(short(other))
    assert document["PullCount"] == 5_000_000_000
    assert len(hub.requests) == 20
