"""The registry client against a registry that does what it should not: every fault ends as a
result or as an error that says why, within the caps on requests."""

import json
import time
from email.utils import formatdate

import pytest

from stack.faulty_registry import FaultyRegistry, Raw, error, manifest, probe, tag_list
from stack.images import sha256
from stack.webserver import Response

HOST = "faulty.local"
MANIFEST = "/v2/r/manifests/1"
TAGS = "/v2/r/tags/list"
GOOD = manifest()
TRIES = 4


@pytest.fixture
def faulty():
    server = FaultyRegistry().start()
    yield server
    server.stop()


@pytest.fixture
def other():
    """Another origin: where redirects and links lead."""
    server = FaultyRegistry().start()
    yield server
    server.stop()


def ask(server, operation="manifest r:1", *options):
    """The one result of one operation."""
    kind, name = operation.split(" ")
    answer = probe(f"{HOST}={server.url}", f"{kind} {HOST}/{name}", options=options)
    return answer["results"][0]


def is_good(result):
    return result["err"] == "ok" and result["digest"] == result["body_sha256"] == sha256(GOOD.body)


# Rate limits


@pytest.mark.parametrize(
    "retry_after, seconds",
    [
        ("3600", 3600),
        ("11", 11),
        (lambda: str(int(time.time()) + 7200), 7200),
        (lambda: formatdate(time.time() + 1800, usegmt=True), 1800),
        ("172800", 86400),
    ],
    ids=["hours", "just-too-long", "epoch", "date", "beyond-a-day"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_long_retry_after_is_handed_to_the_caller(faulty, status, retry_after, seconds):
    value = retry_after() if callable(retry_after) else retry_after
    faulty.on(MANIFEST, error(status, "TOOMANYREQUESTS", "pull limit", Retry_After=value))
    result = ask(faulty)
    assert result["err"] == "rate limited"
    assert result["text"] == f"manifest 1: {status} after 1 try (TOOMANYREQUESTS: pull limit)"
    assert abs(result["retry_at_ms"] / 1000 - time.time() - seconds) < 30
    assert faulty.count() == 1


def test_short_retry_after_is_waited_for(faulty):
    faulty.on(MANIFEST, error(429, Retry_After="1"), GOOD)
    assert is_good(ask(faulty))
    first, second = faulty.requests
    assert second.at - first.at > 0.99


def test_retry_after_of_the_past_is_no_wait(faulty):
    faulty.on(MANIFEST, error(429, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), GOOD)
    assert is_good(ask(faulty))
    assert faulty.count() == 2


def test_429_without_retry_after_is_a_rate_limit_in_the_end(faulty):
    faulty.on(MANIFEST, error(429))
    result = ask(faulty)
    assert (result["err"], result["retry_at_ms"]) == ("rate limited", 0)
    assert result["text"] == "manifest 1: 429 after 4 tries"
    assert faulty.count() == TRIES


# Failures that may pass


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_passing_failures_are_tried_again(faulty, status):
    faulty.on(MANIFEST, error(status), error(status), GOOD)
    assert is_good(ask(faulty))
    assert faulty.count() == 3


def test_failures_that_stay_end_with_their_number(faulty):
    faulty.on(MANIFEST, error(503, "UNAVAILABLE", "down"))
    result = ask(faulty)
    assert result["err"] == "upstream failure"
    assert result["text"] == "manifest 1: 503 after 4 tries (UNAVAILABLE: down)"
    assert faulty.count() == TRIES


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500


@pytest.mark.parametrize(
    "broken",
    [
        Raw(b"", "reset"),
        Raw(b""),
        Raw(HALF),
        Raw(HALF, "reset"),
        Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
        Raw(b"\x16\x03\x01 what is this?\r\n\r\n"),
    ],
    ids=["reset", "no-answer", "short", "reset-in-body", "short-chunk", "no-http"],
)
def test_case_24_broken_exchanges_are_tried_again(faulty, broken):
    faulty.on(MANIFEST, broken, broken, GOOD)
    assert is_good(ask(faulty))


def test_connections_that_always_break_end_as_network_failure(faulty):
    faulty.on(MANIFEST, Raw(HALF))
    result = ask(faulty)
    assert result["err"] == "network failure"
    assert result["text"].startswith("manifest 1: ")
    assert result["text"].endswith(", after 4 tries")
    assert faulty.count() == TRIES
    assert result["body_bytes"] == 0


def test_nobody_listens(faulty):
    faulty.stop()
    assert ask(faulty)["err"] == "network failure"


# Content


def test_wrong_content_is_fetched_again_and_never_given_out(faulty):
    path = f"/v2/r/manifests/{sha256(GOOD.body)}"
    faulty.on(path, manifest(b'{"schemaVersion":3}'), GOOD)
    assert is_good(ask(faulty, f"manifest r@{sha256(GOOD.body)}"))
    faulty.on(path, manifest(b"{}", Docker_Content_Digest=sha256(GOOD.body)))
    result = ask(faulty, f"manifest r@{sha256(GOOD.body)}")
    assert result["err"] == "malformed answer"
    assert result["text"].endswith("its content does not have its digest, after 4 tries")
    assert (result["body_bytes"], result["digest"]) == (0, "")
    assert faulty.count() == 2 + TRIES


def test_the_digest_of_a_tag_is_computed_whatever_the_header_says(faulty):
    faulty.on(MANIFEST, manifest(Docker_Content_Digest="sha256:" + "0" * 64))
    assert is_good(ask(faulty))


def test_a_digest_that_cannot_be_checked_is_refused(faulty):
    digest = "blake3:" + "a" * 64
    faulty.on(f"/v2/r/blobs/{digest}", Response(200, {}, b"{}"))
    result = ask(faulty, f"blob r@{digest}")
    assert (result["err"], result["body_bytes"]) == ("unsupported", 0)


def test_case_36_a_login_page_is_no_answer(faulty):
    page = Response(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>log in</html>")
    faulty.on(MANIFEST, page)
    faulty.on(TAGS, page)
    for operation in ("manifest r:1", "head r:1", "tags r"):
        result = ask(faulty, operation)
        assert result["err"] == "malformed answer"
        assert "HTML page" in result["text"]
    assert faulty.count() == 3


def test_bodies_have_a_cap(faulty):
    faulty.on(MANIFEST, manifest(b"{" + b" " * 5000 + b"}"))
    assert ask(faulty, "manifest r:1", "--max-body=5002")["err"] == "ok"
    result = ask(faulty, "manifest r:1", "--max-body=5001")
    assert (result["err"], result["body_bytes"]) == ("too large", 0)
    faulty.on(MANIFEST, manifest(b"{" + b" " * (4 << 20) + b"}"))
    assert ask(faulty)["err"] == "too large"
    assert faulty.count() == 3


def test_case_23_endless_headers_end(faulty):
    faulty.on(MANIFEST, Raw(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 2_000_000))
    assert ask(faulty)["err"] == "network failure"


def test_media_type_is_without_parameters(faulty):
    faulty.on(MANIFEST, manifest(Content_Type="application/json; charset=utf-8"))
    assert ask(faulty)["media_type"] == "application/json"
    faulty.on(MANIFEST, Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    assert ask(faulty)["media_type"] == ""


# Errors and their texts


@pytest.mark.parametrize(
    "status, err",
    [(404, "not found"), (403, "missing or private"), (400, "malformed answer"), (501, "upstream")],
)
def test_final_answers_are_not_asked_for_again(faulty, status, err):
    faulty.on(MANIFEST, error(status, "SOME_CODE", "in its own words"))
    result = ask(faulty)
    assert result["err"].startswith(err)
    assert result["text"] == f"manifest 1: {status} (SOME_CODE: in its own words)"
    assert faulty.count() == 1


@pytest.mark.parametrize(
    "body, tail",
    [
        (b"404 page not found\n", ""),
        (b'{"errors":[]}', ""),
        (b'{"errors":"no list"}', ""),
        (b'{"errors":[{"code":7,"message":null}]}', ""),
        (b'{"errors":[{"message":"only words"}]}', " (only words)"),
        (b'{"errors":[{"code":"ONLY_CODE"}]}', " (ONLY_CODE)"),
        (b'{"errors":[{"code":"A","message":"b\xff\\n\\u001b[1m"}]}', " (A: b\ufffd  [1m)"),
        (
            json.dumps({"errors": [{"code": "Ä" * 900, "message": "\N{SNOWMAN}" * 900}]}).encode(),
            None,
        ),
    ],
    ids=["text", "empty", "no-list", "types", "message", "code", "bytes", "long"],
)
def test_error_texts_are_safe_to_show(faulty, body, tail):
    faulty.on(MANIFEST, Response(404, {"Content-Type": "application/json"}, body))
    text = ask(faulty)["text"]
    if tail is None:
        assert len(text.encode()) < 200 and "\N{SNOWMAN}" in text and "\ufffd" not in text
    else:
        assert text == f"manifest 1: 404{tail}"


# Time


def test_case_23_slow_bodies_end_at_the_deadline(faulty):
    faulty.on(MANIFEST, Raw(HALF, "stall", ms=20_000))
    answer = probe(f"{HOST}={faulty.url}", f"manifest {HOST}/r:1", options=["--deadline=700"])
    result = answer["results"][0]
    assert (result["err"], result["text"]) == ("timed out", "manifest 1: no time is left for it")
    assert answer["seconds"] < 10


def test_all_that_waits_ends_at_the_deadline(faulty):
    faulty.on(MANIFEST, Raw(HALF, "stall", ms=20_000))
    faulty.on(TAGS, Raw(HALF, "stall", ms=20_000))
    operations = [f"manifest {HOST}/r:1"] * 40 + [f"tags {HOST}/r"]
    answer = probe(f"{HOST}={faulty.url}", *operations, options=["--deadline=700"])
    assert {result["err"] for result in answer["results"]} == {"timed out"}
    assert answer["requests"] == 1  # the host has not answered yet: nothing more is sent


def test_a_deadline_that_has_passed_sends_nothing(faulty):
    options = ["--deadline=0"]
    answer = probe(
        f"{HOST}={faulty.url}", f"manifest {HOST}/r:1", f"tags {HOST}/r", options=options
    )
    assert [result["err"] for result in answer["results"]] == ["timed out"] * 2
    assert faulty.count() == 0


def test_no_more_than_16_requests_to_one_host_side_by_side(faulty):
    faulty.delay_ms = 50
    faulty.on(MANIFEST, GOOD)
    answer = probe(f"{HOST}={faulty.url}", *[f"manifest {HOST}/r:1"] * 64)
    assert all(is_good(result) for result in answer["results"])
    assert 8 < faulty.max_in_flight <= 16


# Redirects


def test_case_18_redirects_take_no_credentials_to_another_origin(faulty, other):
    faulty.needs_token(MANIFEST, Response(307, {"Location": other.url + "/moved?sig=1"}))
    other.on("/moved", GOOD)
    assert is_good(ask(faulty))
    assert [request.target for request in other.requests] == ["/moved?sig=1"]
    assert "authorization" not in other.requests[0].headers
    assert "Bearer" in faulty.requests[-1].headers["authorization"]


def test_credentials_do_not_come_back_either(faulty, other):
    back = "/v2/back"
    faulty.needs_token(MANIFEST, Response(307, {"Location": other.url + "/moved"}))
    faulty.on(back, GOOD)
    other.on("/moved", Response(302, {"Location": faulty.url + back}))
    assert is_good(ask(faulty))
    assert "authorization" not in faulty.requests[-1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_case_18_redirects_on_the_same_origin_keep_the_credentials(faulty, status):
    faulty.needs_token(MANIFEST, Response(status, {"Location": "other/1"}))
    faulty.needs_token("/v2/r/manifests/other/1", GOOD)
    assert is_good(ask(faulty))


def test_where_a_redirect_leads_to_cannot_ask_for_tokens(faulty, other):
    faulty.on(MANIFEST, Response(307, {"Location": other.url + "/moved"}))
    other.needs_token("/moved", GOOD)
    assert ask(faulty)["err"] == "missing or private"
    assert other.count("/token") == 0


def test_case_18_redirect_loops_end(faulty):
    faulty.on(MANIFEST, Response(307, {"Location": MANIFEST}))
    result = ask(faulty)
    assert (result["err"], result["text"]) == (
        "malformed answer",
        "manifest 1: redirected too often",
    )
    assert faulty.count() == 6


@pytest.mark.parametrize(
    "location, err",
    [
        (None, "malformed answer"),
        ("http://[::", "malformed answer"),
        ("ftp://127.0.0.1/x", "not allowed"),
        ("file:///etc/passwd", "not allowed"),
    ],
)
def test_redirects_to_nowhere(faulty, location, err):
    faulty.on(MANIFEST, Response(307, {"Location": location} if location else {}))
    assert ask(faulty)["err"] == err
    assert faulty.count() == 1


def test_a_failure_behind_a_redirect_is_tried_again(faulty, other):
    faulty.on(MANIFEST, Response(307, {"Location": other.url + "/moved"}))
    other.on("/moved", error(500), GOOD)
    assert is_good(ask(faulty))


# HEAD


def test_head_is_enough_where_it_tells(faulty):
    faulty.on(MANIFEST, GOOD)
    result = ask(faulty, "head r:1")
    assert (result["digest"], result["body_bytes"]) == (sha256(GOOD.body), 0)
    assert [request.method for request in faulty.requests] == ["HEAD"]


@pytest.mark.parametrize(
    "first",
    [
        Response(405),
        Response(501),
        Response(200, {"Content-Type": "application/json"}),
        manifest(Docker_Content_Digest="rubbish"),
        manifest(Docker_Content_Digest="sha256:" + "A" * 64),
    ],
    ids=["405", "501", "no-digest", "rubbish", "upper-case"],
)
def test_case_21_get_where_head_does_not_tell(faulty, first):
    faulty.on(MANIFEST, lambda request: first if request.method == "HEAD" else GOOD)
    assert is_good(ask(faulty, "head r:1"))
    assert [request.method for request in faulty.requests] == ["HEAD", "GET"]


def test_head_of_what_is_not_there(faulty):
    assert ask(faulty, "head r:1")["err"] == "not found"


def test_accept_names_all_that_is_read(faulty):
    faulty.on(MANIFEST, GOOD)
    ask(faulty)
    accept = faulty.requests[0].headers["accept"]
    kinds = ("image.index.v1", "image.manifest.v1", "manifest.list.v2", "manifest.v2")
    for kind in (*kinds, "artifact.manifest.v1", "manifest.v1+prettyjws", "manifest.v1+json"):
        assert kind in accept


# Tags


def test_links_are_followed_relative_and_absolute(faulty):
    def page(request):
        last = request.query.get("last")
        if not last:
            return tag_list("a", "b", link='</v2/r/tags/list?n=2&last=b>; rel="next"')
        if last == "b":
            return tag_list("c", link=f"<{faulty.url}{TAGS}?last=c>; rel=next")
        return tag_list("d")

    faulty.on(TAGS, page)
    result = ask(faulty, "tags r")
    assert (result["err"], result["names"]) == ("ok", ["a", "b", "c", "d"])
    assert [request.query.get("n") for request in faulty.requests] == ["1000", "2", None]


def test_a_page_without_tags_is_not_the_end(faulty):
    link = f'<{TAGS}?last=z>; rel="next"'
    faulty.on(TAGS, tag_list("a", link=link), tag_list(link=f'<{TAGS}?last=y>; rel="next"'))
    faulty.answers[TAGS].append(tag_list("b"))
    assert ask(faulty, "tags r")["names"] == ["a", "b"]


def test_links_to_another_origin_are_not_followed(faulty, other):
    other.on(TAGS, tag_list("evil"))
    for link in (f"<{other.url}{TAGS}>", f"<//127.0.0.1:{other.port}{TAGS}>"):
        faulty.on(TAGS, tag_list("a", link=f'{link}; rel="next"'))
        assert ask(faulty, "tags r")["names"] == ["a"]
    assert other.count() == 0


def test_links_behind_a_redirect_are_of_where_it_leads(faulty, other):
    """registry.k8s.io redirects to a registry with other paths; credentials stay behind."""
    there = "/v2/elsewhere/r/tags/list"
    moved = Response(307, {"Location": f"{other.url}{there}"})
    faulty.needs_token(TAGS, moved)
    link = f'<{there}?last=a>; rel="next"'
    other.on(there, lambda r: tag_list("b") if "last" in r.query else tag_list("a", link=link))
    assert ask(faulty, "tags r")["names"] == ["a", "b"]
    assert [request.target for request in other.requests] == [there, there + "?last=a"]
    assert not any("authorization" in request.headers for request in other.requests)
    assert "authorization" in faulty.requests[-1].headers


def test_head_is_enough_behind_a_redirect(faulty, other):
    faulty.on(MANIFEST, Response(307, {"Location": other.url + "/moved"}))
    other.on("/moved", GOOD)
    assert ask(faulty, "head r:1")["digest"] == sha256(GOOD.body)
    assert [request.method for request in faulty.requests + other.requests] == ["HEAD", "HEAD"]


@pytest.mark.parametrize(
    "links",
    [[f"{TAGS}?n=1000"], [f"{TAGS}?last=x", f"{TAGS}?last=y"]],
    ids=["itself", "in-a-circle"],
)
def test_links_in_a_circle_end(faulty, links):
    def page(request):
        return tag_list("a", link=f'<{links[len(faulty.requests) % len(links)]}>; rel="next"')

    faulty.on(TAGS, page)
    assert ask(faulty, "tags r")["names"] == ["a"]
    assert faulty.count() == len(links) + (len(links) > 1)


def test_page_size_is_left_out_where_it_is_refused(faulty):
    faulty.on(TAGS, lambda r: error(400, "PAGINATION_NUMBER_INVALID") if r.query else tag_list("a"))
    assert ask(faulty, "tags r")["names"] == ["a"]
    assert [request.target for request in faulty.requests] == [TAGS + "?n=1000", TAGS]
    faulty.on(TAGS, error(400, "NAME_INVALID", "no"))
    result = ask(faulty, "tags r")
    assert (result["err"], result["text"]) == ("malformed answer", "tags: 400 (NAME_INVALID: no)")


def test_what_is_no_tag_is_dropped(faulty):
    digest = "sha256:" + "0" * 64
    names = ["ok", None, "ok", digest, "", "-x", ".x", "a/b", "x" * 129, 7, ["y"], "_z", "x" * 128]
    faulty.on(TAGS, Response.of_json({"tags": names}))
    assert ask(faulty, "tags r")["names"] == ["ok", "_z", "x" * 128]


def test_no_tags(faulty):
    for empty in (None, []):
        faulty.on(TAGS, Response.of_json({"name": "r", "tags": empty}))
        result = ask(faulty, "tags r")
        assert (result["err"], result["names"]) == ("ok", [])


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"tags":"a"}', b'{"tags":{"a":1}}', b'{"errors":[]}', b"{", b"ok"]
)
def test_what_is_no_tag_list(faulty, body):
    faulty.on(TAGS, Response(200, {"Content-Type": "application/json"}, body))
    result = ask(faulty, "tags r")
    assert (result["err"], result["names"]) == ("malformed answer", [])


def test_failure_on_a_later_page_is_no_shorter_list(faulty):
    link = f'<{TAGS}?last=a>; rel="next"'
    faulty.on(
        TAGS,
        lambda r: error(404, "NAME_UNKNOWN") if "last" in r.query else tag_list("a", link=link),
    )
    assert ask(faulty, "tags r")["err"] == "not found"


def test_very_many_tags_are_cut(faulty):
    faulty.on(TAGS, tag_list(*[f"t{number}" for number in range(250_010)]))
    result = ask(faulty, "tags r")
    assert (len(result["names"]), result["truncated"]) == (250_000, True)


def test_too_large_a_list_is_cut_between_pages(faulty):
    filler = ",".join(['"-"'] * 9_000_000).encode()  # 36 MB
    body = b'{"tags":["%d",' + filler + b"]}"

    def page(request):
        number = int(request.query.get("last", "0"))
        link = {"Link": f'<{TAGS}?last={number + 1}>; rel="next"'}
        return Response(200, link, body % number)

    faulty.on(TAGS, page)
    result = ask(faulty, "tags r")
    assert (result["err"], result["names"], result["truncated"]) == ("ok", ["0"], True)
