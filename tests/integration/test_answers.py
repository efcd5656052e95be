"""Answers of all samples, ours and those of real builders: joined from pieces, yet no object has a
member twice (Suite.get refuses that)."""

import pytest

from stack import samples
from stack.samples import HOST
from stack.shelf import SAMPLES

FOLDERS = sorted({str(path.parent.relative_to(SAMPLES)) for path in SAMPLES.rglob("manifest-*")})
NAMES = [repository.name for repository in samples.samples()]


def check_answers(suite, name):
    document = suite.wait_status(name, seconds=60)
    opened = [version["SHA"] for version in document["Versions"] if not version.get("Pending")]
    assert document["Id"] in opened
    platforms = {platform["Platform"] for platform in document["Platforms"]} - {"unknown"}
    for platform in platforms:
        status, _, body = suite.get(f"/v1/images/{name}?platform={platform}")
        assert (status, body["Platform"]) == (200, platform)
    for sha in opened:
        status, _, body = suite.get(f"/v1/images/{name}/version/{sha}")
        assert (status, body["SHA"]) == (200, sha)


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_no_member_twice(make_suite, registry, name):
    check_answers(make_suite().start(), f"{HOST}/{name}")


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_builders_samples_have_no_member_twice(shelf, folder):
    shelf.sample(folder)
    check_answers(shelf.suite, f"edge.local/{shelf.name}")
