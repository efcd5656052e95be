"""The pages as people use them, in headless Chromium: tests/browser has the scenarios."""

import gzip
import http.client
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from stack.processes import http_get
from stack.samples import HOST

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(os.environ.get("MB_NODE_DIR", ROOT / "build/node")).resolve()
SHOTS = ROOT / "build/screenshots"
SCENARIO_SECONDS = 120
BUDGET_BYTES = 30_000
HELLO, MULTI, LABELS = f"{HOST}/demo/hello", f"{HOST}/demo/multi", f"{HOST}/demo/labels"
MANY = f"{HOST}/demo/layers"
MANY_STEPS = 40 + 13 + 1  # RUN, ENV, CMD: samples.layers()


def play(suite, scenario, **given):
    """Runs one scenario against the suite."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    given = {"url": suite.url, "hello": HELLO, "multi": MULTI, **given}
    environment = {**os.environ, "MB_NODE_DIR": str(NODE), "MB_SHOTS": str(SHOTS)}
    done = subprocess.run(
        ["node", ROOT / "tests/browser/driver.mjs", scenario, json.dumps(given)],
        env=environment,
        timeout=SCENARIO_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def known(make_suite):
    """A suite that knows the samples."""
    suite = make_suite().start()
    for name in (HELLO, MULTI, LABELS, MANY):
        suite.wait_status(name)
    return suite


def test_an_unknown_image_comes_to_completion_without_a_reload(make_suite, registry):
    registry.proxy.fault("delay", kind="manifests", ms=150)
    suite = make_suite().start()
    play(suite, "first_visit", unknown=MANY, layers=MANY_STEPS)


@pytest.mark.parametrize(
    "scenario",
    ["search", "tags_and_platforms", "compare", "dockerfile", "copy", "keyboard", "themes"],
)
def test_people_find_their_way(known, scenario):
    play(known, scenario)


def test_without_javascript_all_is_there(known):
    play(known, "no_javascript", unknown=f"{HOST}/demo/tags")


def pages(suite):
    """A path of each kind of page."""
    digest = suite.get(f"/v1/images/{MULTI}")[2]["Digest"]
    return [
        "/",
        "/search?q=demo",
        "/search?q=NO+NAME",
        "/images/UPPER",
        f"/images/{HELLO}",
        f"/images/{MULTI}@{digest}?platform=linux/arm64",
        f"/images/{LABELS}",
        f"/images/{MANY}",
        f"/images/{HELLO}:none",
        f"/images/{HELLO}?view=dockerfile",
        "/compare",
        f"/compare?a={HELLO}:1.1&b={HELLO}",
    ]


@pytest.mark.parametrize(
    "scenario", ["narrow", "accessible", "accessible_dark", "accessible_narrow", "valid"]
)
def test_each_kind_of_page_is_well_made(known, scenario):
    play(known, scenario, paths=pages(known))


def test_a_failing_registry_is_told_with_the_time_of_the_next_try(make_suite, registry):
    suite = make_suite(MB_VISIBILITY_SECONDS=1, MB_MAX_RECEIVES=1).start()
    repository = registry.fresh(1)
    body = b"\x00\xff" * 4000
    registry.proxy.fault(
        "status", kind="manifests", repository=repository.name, status=200, body=body
    )
    play(suite, "failing_registry", failing=f"{HOST}/{repository.name}", reason="cannot be read")


def test_a_missing_image_is_told(make_suite):
    play(make_suite().start(), "missing", missing=f"{HOST}/none/such")


# What the browser need not be asked about


def page(suite, path, **headers):
    status, answer, body = http_get(suite.url + path, headers)
    return status, answer, body.decode()


def test_a_page_and_all_that_it_needs_is_small(known):
    total = 0
    _, _, html = page(known, f"/images/{HELLO}")
    for path in [f"/images/{HELLO}", *re.findall(r'(?:href|src)="(/assets/[^"]+)"', html)]:
        status, headers, body = http_get(known.url + path, {"Accept-Encoding": "gzip"})
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(body)
        total += len(body)
    assert html.count("/assets/") == 4
    assert total < BUDGET_BYTES


def test_pages_allow_nothing_foreign_and_files_stay(known):
    for path in pages(known):
        _, headers, html = page(known, path)
        assert "script-src 'self'; style-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"]
        assert " style=" not in html and "<style" not in html
    for path in set(re.findall(r'"(/assets/[^"]+)"', html)):
        status, headers, _ = http_get(known.url + path)
        assert status == 200 and "immutable" in headers["Cache-Control"]
        status, _, body = http_get(known.url + path, {"If-None-Match": headers["ETag"]})
        assert (status, body) == (304, b"")
    assert http_get(known.url + "/assets/page-000000000000.css")[0] == 404


def test_a_page_has_its_own_etag_and_answers_304(known):
    _, headers, _ = page(known, f"/images/{HELLO}")
    status, _, body = http_get(known.url + f"/images/{HELLO}", {"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    "typed, path",
    [
        ("docker+pull+a/b:1", "/images/a/b:1"),
        ("https://hub.docker.com/_/nginx", "/images/nginx"),
        ("unknown-to-all", "/images/unknown-to-all"),
        (HELLO, f"/images/{HELLO}"),
        ("", "/"),
    ],
)
def test_what_is_typed_leads_to_an_image(known, typed, path):
    connection = http.client.HTTPConnection("127.0.0.1", known.port, timeout=10)
    connection.request("GET", f"/search?q={typed}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, path)
    connection.close()


def test_the_page_is_described_for_search_bars(known):
    status, headers, body = page(known, "/opensearch.xml")
    assert status == 200
    assert headers["Content-Type"].startswith("application/opensearchdescription+xml")
    assert f'template="{known.url}/search?q={{searchTerms}}"' in body


def test_featured_and_recent_images_are_on_the_start_page(make_suite):
    suite = make_suite(MB_FEATURED="nginx,ghcr.io/o/n").start()
    suite.wait_status(HELLO)
    html = page(suite, "/")[2]
    for name in ("nginx", "ghcr.io/o/n", HELLO):
        assert f'<a href="/images/{name}">' in html


def test_more_versions_than_a_page_shows(make_suite, registry):
    suite = make_suite(MB_EAGER_VERSIONS=2).start()
    repository = registry.fresh(130)
    name = f"{HOST}/{repository.name}"
    suite.wait_status(name)
    html = page(suite, f"/images/{name}")[2]
    assert html.count('<tr><th scope="row"><a class="tag"') + html.count('class="current"') == 100
    assert "the newest 100" in html
