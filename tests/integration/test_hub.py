"""The Hub client against the stand-in for Docker Hub's web API."""

import time

import pytest

from stack.faulty_registry import FaultyRegistry, Raw, probe
from stack.hub import repository_object
from stack.webserver import Response

NEW = "/v2/namespaces/acme/repositories/tool"
OLD = "/v2/repositories/acme/tool/"
EMPTY = {"description": None, "last_updated": None, "pull_count": 0, "star_count": 0}


@pytest.fixture
def faulty():
    server = FaultyRegistry().start()
    yield server
    server.stop()


def ask(server, name="acme/tool", deadline_ms=20_000):
    options = [f"--hub={server.url}", f"--deadline={deadline_ms}"]
    return probe("default", f"hub {name}", options=options)["results"][0]


def is_empty(result):
    return {key: result[key] for key in EMPTY} == EMPTY


def test_facts_of_a_repository(hub):
    hub.add("acme", "tool", description="A tool & more \N{SNOWMAN}")
    assert ask(hub) == {
        "err": "ok",
        "retry_at_ms": 0,
        "description": "A tool & more \N{SNOWMAN}",
        "last_updated": "2026-06-21T05:14:48.231504Z",
        "pull_count": 5_000_000_000,
        "star_count": 1234,
    }
    assert [request.target for request in hub.requests] == [NEW]


def test_official_images_are_of_library(hub):
    hub.add("library", "nginx")
    assert ask(hub, "nginx")["err"] == "ok"
    assert hub.requests[0].target == "/v2/namespaces/library/repositories/nginx"


def test_the_old_path_where_the_new_one_is_not_there(hub):
    hub.old_path_only = True
    hub.add("acme", "tool")
    assert ask(hub)["pull_count"] == 5_000_000_000
    assert [request.target for request in hub.requests] == [NEW, OLD]


def test_a_repository_that_is_not_there(hub):
    result = ask(hub)
    assert result["err"] == "not found" and is_empty(result)
    assert len(hub.requests) == 2


def test_a_rate_limit_is_not_tried_again(hub):
    hub.add("acme", "tool")
    hub.limited, hub.retry_after = -1, "90"
    result = ask(hub)
    assert result["err"] == "rate limited" and is_empty(result)
    assert abs(result["retry_at_ms"] / 1000 - time.time() - 90) < 30
    assert len(hub.requests) == 1


def test_one_failure_is_tried_again(faulty):
    good = Response.of_json(repository_object("acme", "tool"))
    for broken in (Response(503), Raw(b"", "reset")):
        faulty.on(NEW, broken, good)
        assert ask(faulty)["err"] == "ok"
    assert faulty.count() == 4


def test_two_failures_are_the_end(faulty):
    faulty.on(NEW, Response(500))
    assert ask(faulty)["err"] == "upstream failure"
    assert faulty.count() == 2


def test_what_hub_leaves_out_is_empty(faulty):
    changes = {"description": None, "last_updated": None, "pull_count": "many", "star_count": None}
    faulty.on(NEW, Response.of_json(repository_object("acme", "tool", **changes)))
    empty = {"description": "", "last_updated": "", "pull_count": 0, "star_count": 0}
    assert ask(faulty) == {"err": "ok", "retry_at_ms": 0, **empty}


def test_long_descriptions_are_cut_between_characters(faulty):
    for text in ("é" * 5000, "x" + "é" * 5000):
        faulty.on(NEW, Response.of_json(repository_object("acme", "tool", description=text)))
        found = ask(faulty)["description"]
        assert text.startswith(found) and 4095 <= len(found.encode()) <= 4096


@pytest.mark.parametrize(
    "answer",
    [
        Response.of_json({"count": 0, "results": []}),
        Response.of_json(repository_object("acme", "another")),
        Response(200, {"Content-Type": "text/html"}, b"<html>log in</html>"),
        Response(200, {}, b"[]"),
        Response(403),
        Response(301, {"Location": "/elsewhere"}),
    ],
    ids=["list", "another", "html", "array", "403", "redirect"],
)
def test_what_is_no_answer_about_the_repository(faulty, answer):
    faulty.on(NEW, answer)
    result = ask(faulty)
    assert result["err"] == "malformed answer" and is_empty(result)
    assert faulty.count() == 1


def test_answers_have_a_cap(faulty):
    large = repository_object("acme", "tool", full_description="x" * (1 << 20))
    faulty.on(NEW, Response.of_json(large))
    assert ask(faulty)["err"] == "too large"


def test_the_deadline_holds(faulty):
    faulty.on(NEW, Raw(b"HTTP/1.1 200 OK\r\n", "stall", ms=20_000))
    assert ask(faulty, deadline_ms=500)["err"] == "timed out"


def test_only_names_of_two_parts_are_asked_for(hub):
    assert ask(hub, "a/b/c")["err"] == "not found"
    assert len(hub.requests) == 0


def test_hub_turned_off():
    result = probe("default", "hub acme/tool", options=["--hub=none"])["results"][0]
    assert result["err"] == "not found" and is_empty(result)
