"""Pages of tags from the stand-in for Docker Hub's web API: what is read, and its oddities."""

import time

import pytest

from stack.faulty_registry import FaultyRegistry, probe
from stack.hub import tag_row
from stack.webserver import Response

PUSHED = "2026-06-21T05:14:48.231504Z"
PUSHED_MS = 1782018888231
NEW = "/v2/namespaces/acme/repositories/tool/tags"
OLD = "/v2/repositories/acme/tool/tags"


def digest(number):
    return f"sha256:{number:064x}"


def rows(count):
    return [tag_row(f"1.{number}", digest(number), PUSHED) for number in range(count)]


@pytest.fixture
def faulty():
    server = FaultyRegistry().start()
    yield server
    server.stop()


def ask(server, name="acme/tool"):
    options = [f"--hub={server.url}", "--deadline=20000"]
    return probe("default", f"hub-tags {name}", options=options)["results"][0]


def on_pages(server, answers):
    """answers: {page: Response}"""
    server.on(NEW, lambda request: answers[int(request.query["page"])])


def one_page(*results, **changes):
    body = {"count": len(results), "next": None, "previous": None, "results": list(results)}
    return Response.of_json({**body, **changes})


def test_a_row_and_its_request(hub):
    images = [("linux/arm/v7", digest(8), 700), ("linux/amd64", digest(9), 900)]
    hub.add("acme", "tool", [tag_row("1.0", digest(1), PUSHED, images)])
    assert ask(hub) == {
        "err": "ok",
        "retry_at_ms": 0,
        "total": 1,
        "is_cut": False,
        "next_page": 0,
        "rows": {"1.0": {"digest": digest(1), "pushed_ms": PUSHED_MS, "size_bytes": 900}},
    }
    assert [r.target for r in hub.requests] == [f"{NEW}?page_size=100&page=1"]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250, 1000])
def test_a_hundred_tags_a_page(hub, count):
    hub.add("acme", "tool", rows(count))
    result = ask(hub)
    assert (result["err"], result["is_cut"], result["total"]) == ("ok", False, count)
    assert set(result["rows"]) == {f"1.{number}" for number in range(count)}
    assert sorted(hub.pages()) == list(range(1, (count + 99) // 100 + 1))


def test_the_old_path_where_the_new_one_is_not_there(hub):
    hub.old_path_only = True
    hub.add("acme", "tool", rows(250))
    assert len(ask(hub)["rows"]) == 250
    assert hub.requests[0].path == NEW
    assert [request.path for request in hub.requests[1:]] == [OLD] * 3


def test_a_smaller_page_than_was_asked_for(hub):
    hub.page_cap = 40
    hub.add("acme", "tool", rows(95))
    assert len(ask(hub)["rows"]) == 95
    assert sorted(hub.pages()) == [1, 2, 3]


def test_the_offset_cap_cuts_the_list_and_is_no_failure(hub):
    hub.offset_cap = 500
    hub.add("acme", "tool", rows(2000))
    result = ask(hub)
    assert (result["err"], result["is_cut"], result["next_page"]) == ("ok", True, 0)
    assert len(result["rows"]) == 500
    assert len(hub.requests) <= 5 + 4  # what was under way when the first refusal came


def test_more_pages_than_are_asked_for(hub):
    hub.limit = 1000
    hub.add("acme", "tool", rows(10_150))
    result = ask(hub)
    assert (len(result["rows"]), result["is_cut"], result["total"]) == (10_000, True, 10_150)
    assert len(hub.requests) == 100


@pytest.mark.parametrize("count", [2**63 - 1, 2**31, 1e300, -5, "many", None])
def test_a_count_that_cannot_be(faulty, count):
    pages = {1: one_page(*rows(2), count=count)}
    missing = Response.of_json({"message": "object not found"}, 404)
    faulty.on(NEW, lambda request: pages.get(int(request.query["page"]), missing))
    result = ask(faulty)
    assert (result["err"], set(result["rows"])) == ("ok", {"1.0", "1.1"})
    assert faulty.count() <= 1 + 4


def test_pages_that_shift_name_each_tag_once(faulty):
    pages = {1: one_page(*rows(100), count=150), 2: one_page(*rows(150)[90:], count=150)}
    on_pages(faulty, pages)
    result = ask(faulty)
    assert (len(result["rows"]), result["total"], result["is_cut"]) == (150, 150, False)


def test_a_tag_that_was_pushed_between_two_pages_is_the_newer_one(faulty):
    old = tag_row("1.0", digest(7), "2026-06-21T05:14:48Z")
    new = tag_row("1.0", digest(8), "2026-06-21T05:15:00Z")
    pages = {
        1: one_page(old, *rows(99)[1:], count=102),
        2: one_page(new, *rows(102)[99:], count=102),
    }
    on_pages(faulty, pages)
    assert ask(faulty)["rows"]["1.0"]["digest"] == digest(8)


def test_a_page_past_the_end_ends_the_list(faulty):
    pages = {
        1: one_page(*rows(100), count=130),
        2: Response.of_json({"message": "object not found"}, 404),
    }
    on_pages(faulty, pages)
    result = ask(faulty)
    assert (result["err"], len(result["rows"]), result["total"]) == ("ok", 100, 130)


def test_a_page_that_fails_cuts_the_list(faulty):
    pages = {
        1: one_page(*rows(100), count=250),
        2: Response(500),
        3: one_page(*rows(250)[200:], count=250),
    }
    on_pages(faulty, pages)
    result = ask(faulty)
    assert (result["err"], len(result["rows"]), result["is_cut"]) == ("ok", 150, True)


ODD_ROWS = {
    "no digest": ({"digest": None}, "", PUSHED_MS, 0),
    "no images": ({"images": []}, digest(1), PUSHED_MS, 0),
    "images null": ({"images": None}, digest(1), PUSHED_MS, 0),
    "child without digest": (
        {"images": [{"os": "linux", "architecture": "arm", "digest": None, "size": 5}]},
        digest(1),
        PUSHED_MS,
        5,
    ),
    "attestation first": (
        {
            "images": [
                {"os": "unknown", "architecture": "unknown", "size": 9},
                {"os": "linux", "architecture": "amd64", "size": 7},
            ]
        },
        digest(1),
        PUSHED_MS,
        7,
    ),
    "no time of push": ({"tag_last_pushed": None}, digest(1), PUSHED_MS, 0),
    "no times": ({"tag_last_pushed": None, "last_updated": None}, digest(1), 0, 0),
    "no fraction": ({"tag_last_pushed": "2026-06-21T05:14:48Z"}, digest(1), 1782018888000, 0),
    "bad digest": ({"digest": "sha256:123"}, "", PUSHED_MS, 0),
    "digest of another kind": ({"digest": 5}, "", PUSHED_MS, 0),
    "negative size": (
        {"images": [{"os": "linux", "architecture": "amd64", "size": -1}]},
        digest(1),
        PUSHED_MS,
        0,
    ),
    "v2 as text, no status": ({"v2": "true", "tag_status": None}, digest(1), PUSHED_MS, 0),
}


@pytest.mark.parametrize("name", ODD_ROWS)
def test_odd_rows_are_read_as_far_as_they_go(hub, name):
    changes, found, pushed_ms, size = ODD_ROWS[name]
    hub.add("acme", "tool", [{**tag_row("1.0", digest(1), PUSHED), **changes}])
    expected = {"digest": found, "pushed_ms": pushed_ms, "size_bytes": size}
    assert ask(hub)["rows"] == {"1.0": expected}


def test_what_is_no_tag_is_left_out(faulty):
    odd = [tag_row(name, digest(2), PUSHED) for name in ("..", "", None, "a b", "x" * 129)]
    faulty.on(NEW, one_page(*odd, 5, None, *rows(1)))
    assert list(ask(faulty)["rows"]) == ["1.0"]


@pytest.mark.parametrize(
    "answer, err",
    [
        (one_page(), "not found"),
        (Response.of_json({"message": "object not found"}, 404), "not found"),
        (Response.of_json({"detail": "no"}), "malformed answer"),
        (Response(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "malformed answer"),
        (Response(500), "upstream failure"),
        (Response.of_json({"detail": "Rate limit exceeded", "error": False}, 429), "rate limited"),
    ],
    ids=["empty", "404", "no results", "html", "500", "429"],
)
def test_what_is_no_list(faulty, answer, err):
    faulty.on(NEW, answer)
    faulty.on(OLD, Response.of_json({"message": "object not found"}, 404))
    result = ask(faulty)
    assert (result["err"], result["rows"]) == (err, {})


def test_a_limit_in_the_middle_tells_where_to_go_on(hub):
    hub.add("acme", "tool", rows(1000))
    hub.limited_after, hub.limited, hub.retry_after = 3, -1, "90"
    result = ask(hub)
    assert (result["err"], result["is_cut"]) == ("ok", False)
    assert len(result["rows"]) == 300
    assert 2 <= result["next_page"] <= 4
    assert abs(result["retry_at_ms"] / 1000 - time.time() - 90) < 30
