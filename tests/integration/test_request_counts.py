"""How much is asked of registries and of Docker Hub, counted exactly: T tags on V versions, all of
them filled in."""

import pytest

from stack.hub import tag_rows
from stack.processes import wait_until
from stack.samples import HOST


@pytest.fixture
def library(registry, hub):
    """library(tags, versions): a repository on docker.io that Hub knows."""

    def make(*counts):
        repository = registry.fresh(*counts, namespace="library")
        hub.add_repository(repository)
        return repository

    return make


def counts(registry, repository):
    """Of answered requests: (tag lists, HEADs, GETs of manifests, GETs of configs)"""
    found = registry.proxy.counts(repository=repository.name, status=200)
    kinds = ("GET tags", "HEAD manifests", "GET manifests", "GET blobs")
    return tuple(found[kind] for kind in kinds)


def shown(repository):
    name = repository.name
    return name.removeprefix("library/") if name.startswith("library/") else f"{HOST}/{name}"


def tags_by_sha(document):
    return {v["SHA"]: {tag["tag"] for tag in v["Tags"]} for v in document["Versions"]}


def expected_tags(repository):
    return {d.split(":")[1]: set(repository.tags_of(d)) for d in repository.versions}


def refresh(suite, backend, repository):
    """Another inspection, through to its end."""
    before = suite.get(f"/v1/images/{shown(repository)}")[2]["UpdatedAt"]
    name = shown(repository) if "/" in shown(repository) else f"library/{shown(repository)}"
    backend.send("inspection", '{"ImageName":"%s"}' % name)

    def is_refreshed():
        document = suite.get(f"/v1/images/{shown(repository)}")[2]
        return document["UpdatedAt"] != before and document["Progress"]["Stage"] == "done"

    wait_until(is_refreshed, 30, "the image is inspected anew")
    return suite.get(f"/v1/images/{shown(repository)}")[2]


@pytest.mark.parametrize("tags, versions", [(15, 5), (120, 12)])
def test_plain_registry(make_suite, registry, tags, versions):
    suite = make_suite().start()
    repository = registry.fresh(tags, versions)
    document = suite.wait_status(shown(repository))
    assert tags_by_sha(document) == expected_tags(repository)
    assert counts(registry, repository) == (1, tags, versions, versions)


def test_plain_registry_of_small_pages(make_suite, registry):
    suite = make_suite().start()
    registry.proxy.page_size = 100
    repository = registry.fresh(250, 5)
    suite.wait_status(shown(repository))
    assert counts(registry, repository) == (3, 250, 5, 5)


@pytest.mark.parametrize("tags, versions", [(15, 5), (100, 10), (250, 12)])
def test_with_hub(make_suite, registry, hub, library, tags, versions):
    suite = make_suite().start()
    repository = library(tags, versions)
    document = suite.wait_status(shown(repository))
    assert tags_by_sha(document) == expected_tags(repository)
    assert sorted(hub.pages()) == list(range(1, (tags + 99) // 100 + 1))
    assert len(hub.requests) == len(hub.pages()) + 1
    assert counts(registry, repository) == (0, 0, versions, versions)


def test_nothing_changed(make_suite, backend, registry, hub, library):
    suite = make_suite(backend).start()
    plain, on_hub = registry.fresh(15, 5), library(150, 5)
    for repository in (plain, on_hub):
        suite.wait_status(shown(repository))
    registry.proxy.entries.clear()
    hub.requests.clear()
    for repository in (plain, on_hub):
        assert tags_by_sha(refresh(suite, backend, repository)) == expected_tags(repository)
    # The wanted tag's digest is asked for once, by the inspector.
    assert counts(registry, plain) == (1, 15, 0, 0)
    assert counts(registry, on_hub) == (0, 0, 0, 0)
    assert len(hub.requests) == 3


@pytest.mark.parametrize("is_opened", [False, True], ids=["found by itself", "asked for"])
def test_new_tag_on_a_known_digest(make_suite, backend, registry, hub, library, is_opened):
    suite = make_suite(backend, MB_NEGATIVE_SECONDS=1).start()
    plain, on_hub = registry.fresh(6, 3), library(6, 3)
    for repository in (plain, on_hub):
        suite.wait_status(shown(repository))
        repository.tags["new"] = repository.tags["1.0"]
        registry.push(repository)
    hub.tags["library", shown(on_hub)] = tag_rows(on_hub)
    registry.proxy.entries.clear()
    for repository in (plain, on_hub):
        if is_opened:
            path = f"/v1/images/{shown(repository)}:new"
            wait_until(lambda: suite.get(path)[0] == 200, 30, "the new tag is there")
        else:
            refresh(suite, backend, repository)
        wait_until(
            lambda: suite.get(f"/v1/images/{shown(repository)}")[2]["Progress"]["Stage"] == "done",
            30,
            "it is whole",
        )
        document = suite.get(f"/v1/images/{shown(repository)}")[2]
        assert tags_by_sha(document) == expected_tags(repository)
    assert counts(registry, plain)[2:] == counts(registry, on_hub)[2:] == (0, 0)
    assert counts(registry, on_hub)[:2] == (0, 0)


def test_without_latest_nothing_is_fetched_twice(make_suite, backend, registry):
    suite = make_suite(backend).start()
    repository = registry.fresh(5)
    del repository.tags["latest"]
    repository.name += "x"
    registry.push(repository)
    suite.wait_status(shown(repository))
    registry.proxy.entries.clear()
    refresh(suite, backend, repository)
    assert counts(registry, repository)[2:] == (0, 0)


def test_no_version_is_filled_in_unasked_but_the_wanted_one(make_suite, registry, library):
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    for repository in (registry.fresh(6), library(6)):
        document = suite.wait_status(shown(repository))
        filled = [version for version in document["Versions"] if not version.get("Pending")]
        assert [version["SHA"] for version in filled] == [document["LatestSHA"]]
        assert counts(registry, repository)[2:] == (1, 1)
