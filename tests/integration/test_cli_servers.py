"""The terminal client and servers that are busy, of another kind, or hostile."""

import json

import pytest

from stack.faulty_registry import FaultyRegistry, Raw
from stack.terminal import Terminal, on_pipe, screen
from stack.webserver import Response

DIGEST = "sha256:" + "a" * 64
IMAGE = {"ImageName": "app", "Digest": DIGEST, "Status": "INSPECTED", "DownloadSize": 5}
PENDING = {"ImageName": "app", "Status": "SIZE", "Stage": "layers", "Done": 1, "Total": 3}


@pytest.fixture
def server():
    stub = FaultyRegistry().start()
    yield stub
    stub.stop()


def busy(seconds):
    problem = {"code": "queue_unavailable", "detail": "The queue is away."}
    return Response.of_json(problem, 503, {"Retry-After": str(seconds)})


def test_a_busy_server_is_asked_again_when_it_says(server):
    server.on("/v1/images/app", busy(1), Response.of_json(IMAGE))
    result = on_pipe("labels", "--json", "app", "-s", server.url)
    assert (result.returncode, json.loads(result.stdout)) == (0, IMAGE)
    first, second = (r.at for r in server.requests if r.path == "/v1/images/app")
    assert second - first >= 1


@pytest.mark.parametrize("arguments", [["--no-wait"], ["--timeout=2s"]])
def test_a_server_that_is_busy_for_too_long_is_not_waited_for(server, arguments):
    server.on("/v1/images/app", busy(30))
    result = on_pipe("labels", "app", "-s", server.url, *arguments)
    assert result.returncode == 1
    assert result.stderr == "microbadger labels: app: The queue is away.\n"
    assert server.count("/v1/images/app") == 1


def test_without_events_the_status_is_asked_for(server):
    partly = {**IMAGE, "Status": "SIZE"}
    done = {**PENDING, "Status": "INSPECTED", "Stage": "done"}
    server.on("/v1/images/app", Response.of_json(partly), Response.of_json(IMAGE))
    server.on("/v1/status/app", Response.of_json(PENDING), Response.of_json(done))
    result = on_pipe("tags", "--json", "app", "-s", server.url)
    assert (result.returncode, json.loads(result.stdout)) == (0, IMAGE)
    assert result.stderr == "app: layers 1 of 3\napp: done 1 of 3\n"
    watched = on_pipe("watch", "app", "-s", server.url)
    assert watched.returncode == 0


def test_requests_are_held_and_carry_what_was_asked(server):
    server.on(
        "/v1/images/app",
        Response.of_json(PENDING, 202, {"Retry-After": "1"}),
        Response.of_json(IMAGE),
    )
    assert on_pipe("labels", "app", "-qp", "linux/arm64", "-s", server.url + "/").returncode == 0
    first, second = (r for r in server.requests if r.path == "/v1/images/app")
    assert first.target == second.target == "/v1/images/app?platform=linux%2Farm64"
    assert "prefer" not in first.headers
    assert second.headers["prefer"] == "wait=20"
    assert first.headers["user-agent"].startswith("microbadger/")


@pytest.mark.parametrize(
    "answer, words",
    [
        (Response(200, {}, b"<html>"), "gave something else than a JSON object"),
        (Response(301, {"Location": "/"}), "answered with status 301; is it a MicroBadger API?"),
        (Response(500, {}, b"\x1b[2J"), "answered with status 500"),
        (Raw(b"SSH-2.0-x\r\n"), "cannot reach"),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "cannot reach"),
        (Response.of_json({**IMAGE, "Digest": "../../x"}), "told no digest"),
    ],
)
def test_servers_of_another_kind(server, answer, words):
    server.on("/v1/images/app", answer)
    result = on_pipe("app", "-s", server.url)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert "\x1b" not in result.stderr


def test_a_server_that_says_nothing(server):
    server.on("/v1/images/app", Raw(b"", "stall", 5000))
    result = on_pipe("app", "-s", server.url, "--timeout=300ms")
    assert (result.returncode, result.stdout) == (1, "")
    assert "gave no answer in time" in result.stderr


def test_a_servers_own_words_cannot_drive_the_terminal(server):
    evil = "\x1b]0;x\x07\u009b2J\u202e"
    problem = {"code": "image_missing", "detail": f"None {evil}"}
    server.on("/v1/images/app", Response.of_json(problem, 404))
    server.on("/v1/dockerfile/app", Response(200, {}, f"FROM x\n{evil}\n".encode()))
    server.on("/v1/images/search/app", Response.of_json({"Images": [evil]}))
    server.on("/v1/status/app", Response.of_json({**PENDING, "Stage": evil, "Error": evil}))
    for arguments in (["app"], ["dockerfile", "app"], ["search", "app"], ["status", "app"]):
        raw = Terminal(*arguments, "-s", server.url, NO_COLOR="1").finish()[1]
        assert "x" in raw
        for character in "\x1b\x07\u009b\u202e":
            assert character not in screen(raw), arguments


def test_compare_waits_for_both_sides(server):
    sides = {"A": {"Status": "INSPECTED", "Stage": "done"}, "B": PENDING}
    result = {"A": {"Reference": "app:1"}, "B": {"Reference": "app:2"}, "Match": "layers"}
    pending = Response.of_json(sides, 202, {"Retry-After": "1"})
    server.on("/v1/compare", pending, Response.of_json(result))
    done = on_pipe("compare", "app:1", "app:2", "-s", server.url)
    assert done.returncode == 0
    assert "  Match        the same layers under another config" in done.stdout.splitlines()
    assert done.stderr == "app:1 and app:2: layers 1 of 3\n"
    assert server.requests[0].target == "/v1/compare?a=app%3A1&b=app%3A2"
    server.on("/v1/compare", pending)
    late = on_pipe("compare", "app:1", "app:2", "-qs", server.url, "--no-wait")
    assert late.returncode == 5
