"""Bearer tokens: challenges of all forms, one token for all requests of a repository, and token
servers that fail."""

import time

import pytest

from stack.faulty_registry import TOKEN, FaultyRegistry, Raw, error, manifest, probe
from stack.images import sha256
from stack.webserver import Response

HOST = "faulty.local"
MANIFEST = "/v2/r/manifests/1"
GOOD = manifest()
TRIES = 4


@pytest.fixture
def faulty():
    server = FaultyRegistry().start()
    yield server
    server.stop()


def ask_all(server, *operations, options=()):
    return probe(f"{HOST}={server.url}", *operations, options=options)


def ask(server):
    return ask_all(server, f"manifest {HOST}/r:1")["results"][0]


def is_good(result):
    return result["err"] == "ok" and result["digest"] == sha256(GOOD.body)


def test_a_token_is_asked_for_by_the_challenge(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    assert is_good(ask(faulty))
    assert [request.path for request in faulty.requests] == [MANIFEST, "/token", MANIFEST]
    assert faulty.requests[1].query == {"service": "here", "scope": "repository:r:pull"}
    assert "authorization" not in faulty.requests[1].headers


def test_scope_is_made_where_the_challenge_has_none(faulty):
    faulty.needs_token(MANIFEST, GOOD, scope="", service="")
    assert is_good(ask(faulty))
    assert faulty.requests[1].query == {"scope": "repository:r:pull"}


def test_realms_with_a_query_keep_it(faulty):
    faulty.needs_token(MANIFEST, GOOD, realm=faulty.url + "/token?account=a%20b")
    assert is_good(ask(faulty))
    query = {"account": "a b", "service": "here", "scope": "repository:r:pull"}
    assert faulty.requests[1].query == query


@pytest.mark.parametrize(
    "body",
    [
        {"token": TOKEN},
        {"access_token": TOKEN},
        {"token": "", "access_token": TOKEN},
        {"token": None, "access_token": TOKEN, "expires_in": "soon"},
        {"token": TOKEN, "expires_in": -5, "issued_at": "no date"},
    ],
)
def test_case_15_both_names_of_a_token(faulty, body):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", Response.of_json(body))
    assert is_good(ask(faulty))


def test_one_token_for_all_requests_of_a_repository(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.delay_ms = 20
    answer = ask_all(faulty, *[f"manifest {HOST}/r:1"] * 40)
    assert all(is_good(result) for result in answer["results"])
    assert faulty.count("/token") == 1
    assert answer["requests"] == faulty.count()
    assert faulty.count(MANIFEST) == 40 + 1  # only the first came without


def test_a_token_is_kept_for_later_requests(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    ask_all(faulty, *[f"manifest {HOST}/r:1"] * 5, options=["--in-order"])
    assert (faulty.count(MANIFEST), faulty.count("/token")) == (6, 1)


def test_case_17_each_repository_has_a_token_of_its_own(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.needs_token("/v2/s/manifests/1", GOOD, scope="repository:s:pull")
    answer = ask_all(faulty, f"manifest {HOST}/r:1", f"manifest {HOST}/s:1", options=["--in-order"])
    assert all(is_good(result) for result in answer["results"])
    scopes = [request.query["scope"] for request in faulty.requests if request.path == "/token"]
    assert scopes == ["repository:r:pull", "repository:s:pull"]


def test_a_token_that_is_refused_later_is_renewed_once(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    refused = error(
        401, "UNAUTHORIZED", "expired", WWW_Authenticate='Bearer realm="%s/token"' % faulty.url
    )
    check = faulty.answers[MANIFEST][0]
    faulty.on(MANIFEST, check, check, refused, check)
    answer = ask_all(faulty, *[f"manifest {HOST}/r:1"] * 2, options=["--in-order"])
    assert all(is_good(result) for result in answer["results"])
    assert faulty.count("/token") == 2


def test_case_16_401_with_a_fresh_token_is_final(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", Response.of_json({"token": "another"}))
    result = ask(faulty)
    assert result["err"] == "missing or private"
    assert result["text"] == "manifest 1: missing or private (UNAUTHORIZED: who is it?)"
    assert (faulty.count(MANIFEST), faulty.count("/token")) == (2, 1)


def test_case_16_many_requests_to_a_private_repository_go_out_once_each(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", Response.of_json({"token": "another"}))
    answer = ask_all(faulty, *[f"manifest {HOST}/r:1"] * 16)
    assert {result["err"] for result in answer["results"]} == {"missing or private"}
    assert faulty.count(MANIFEST) == 16 + 1  # the first came without a token
    assert faulty.count("/token") <= 2


@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="here", {}',
        '{}, Basic realm="here"',
        'Negotiate, NTLM, {}, Basic realm="a, Bearer b"',
        "Negotiate YWJj==, {}",
    ],
)
def test_case_16_bearer_is_picked_out_of_several(faulty, challenge):
    bearer = f'bearer Realm="{faulty.url}/token", service=here , scope="repository:r:pull,push"'
    faulty.needs_token(MANIFEST, GOOD)
    check = faulty.answers[MANIFEST][0]
    refused = error(401, WWW_Authenticate=challenge.format(bearer))
    faulty.on(MANIFEST, refused, check)
    assert is_good(ask(faulty))
    assert faulty.requests[1].query["scope"] == "repository:r:pull,push"


def test_case_16_bearer_is_picked_out_of_several_headers(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    check = faulty.answers[MANIFEST][0]
    head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n'
    bearer = f'WWW-Authenticate: Bearer realm="{faulty.url}/token"\r\n\r\n'.encode()
    faulty.on(MANIFEST, Raw(head + bearer), check)
    assert is_good(ask(faulty))


@pytest.mark.parametrize(
    "headers",
    [
        {"WWW-Authenticate": 'Basic realm="x"'},
        {"WWW-Authenticate": 'Bearer realm="", x'},
        {"WWW-Authenticate": "Negotiate"},
    ],
    ids=["basic", "no-realm", "negotiate"],
)
def test_case_16_401_that_cannot_be_answered_is_final(faulty, headers):
    faulty.on(MANIFEST, Response(401, headers))
    assert ask(faulty)["err"] == "missing or private"
    assert faulty.count() == 1


# 401 without a challenge, as gcr.io gives: /v2/ has it


def needs_ping(server, *paths):
    """Real paths refuse without a word; /v2/ says where tokens are."""
    for path in paths:
        server.on(
            path,
            lambda r: (
                GOOD if r.headers.get("authorization") == f"Bearer {TOKEN}" else Response(401)
            ),
        )
    challenge = f'Bearer realm="{server.url}/token",service="here"'
    server.on("/v2/", error(401, "UNAUTHORIZED", WWW_Authenticate=challenge))
    server.on("/token", Response.of_json({"token": TOKEN}))


def test_a_challenge_that_is_missing_is_asked_for_at_v2(faulty):
    needs_ping(faulty, MANIFEST)
    assert is_good(ask(faulty))
    assert [r.path for r in faulty.requests] == [MANIFEST, "/v2/", "/token", MANIFEST]
    assert faulty.requests[2].query == {"service": "here", "scope": "repository:r:pull"}


def test_v2_is_asked_once_for_a_host(faulty):
    faulty.delay_ms = 10
    paths = [f"/v2/r{number}/manifests/1" for number in range(20)]
    needs_ping(faulty, *paths)
    answer = ask_all(faulty, *[f"manifest {HOST}/r{number}:1" for number in range(20)])
    assert all(is_good(result) for result in answer["results"])
    assert (faulty.count("/v2/"), faulty.count("/token")) == (1, 20)
    assert faulty.count() == 1 + 1 + 20 + 20
    assert answer["requests"] == faulty.count()


@pytest.mark.parametrize(
    "ping",
    [Response(200), Response(401), Response(404), error(401, WWW_Authenticate='Basic realm="x"')],
    ids=["open", "silent", "none", "basic"],
)
def test_a_ping_that_does_not_help_is_final(faulty, ping):
    faulty.on(MANIFEST, Response(401))
    faulty.on("/v2/", ping)
    result = ask(faulty)
    assert (result["err"], faulty.count()) == ("missing or private", 2)


def test_a_ping_that_fails_is_tried_again(faulty):
    needs_ping(faulty, MANIFEST)
    faulty.answers["/v2/"][:0] = [error(503), Raw(b"", "reset")]
    assert is_good(ask(faulty))
    assert faulty.count("/v2/") == 3


def test_a_ping_that_always_fails_ends(faulty):
    faulty.on(MANIFEST, Response(401))
    faulty.on("/v2/", error(503))
    result = ask(faulty)
    assert result["err"] == "upstream failure"
    assert faulty.count("/v2/") == TRIES


def test_401_from_where_a_redirect_leads_asks_nobody(faulty):
    other = FaultyRegistry().start()
    faulty.on(MANIFEST, Response(307, {"Location": other.url + "/moved"}))
    other.on("/moved", Response(401))
    result = ask(faulty)
    other.stop()
    assert (result["err"], faulty.count("/v2/"), other.count()) == ("missing or private", 0, 1)


def test_case_16_insufficient_scope_is_tried_once_with_the_scope_that_is_named(faulty):
    faulty.needs_token(MANIFEST, GOOD, scope="repository:wrong:pull")
    first = faulty.answers[MANIFEST][0]
    text = f'Bearer realm="{faulty.url}/token",scope="repository:right:pull",error="insufficient_scope"'
    refused = error(401, "DENIED", "more", WWW_Authenticate=text)
    faulty.on(MANIFEST, first, refused, first)
    assert is_good(ask(faulty))
    scopes = [request.query["scope"] for request in faulty.requests if request.path == "/token"]
    assert scopes == ["repository:wrong:pull", "repository:right:pull"]
    faulty.requests.clear()
    faulty.on(MANIFEST, refused)
    assert ask(faulty)["err"] == "missing or private"
    assert faulty.count(MANIFEST) <= 3


# Token servers that fail


def test_a_token_server_that_fails_for_a_while(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    good = Response.of_json({"token": TOKEN})
    faulty.on("/token", error(500), Raw(b"", "reset"), good)
    assert is_good(ask(faulty))
    assert faulty.count("/token") == 3


@pytest.mark.parametrize(
    "answer, err, tail",
    [
        (error(500), "upstream failure", "the token server answered 500"),
        (
            Response(200, {"Content-Type": "text/html"}, b"<html>log in</html>"),
            "malformed answer",
            "the token server answered 200 without a token",
        ),
        (
            Response.of_json({"errors": [{"code": "OTHER", "message": "no"}]}),
            "malformed answer",
            "the token server answered 200 without a token (OTHER: no)",
        ),
        (Response.of_json({"token": "a b"}), "malformed answer", None),
        (Response.of_json({"token": "a\r\nX: y"}), "malformed answer", None),
        (Response.of_json({"token": "a\u00e9"}), "malformed answer", None),
        (Response.of_json({"token": ["a"]}), "malformed answer", None),
        (Response(302, {"Location": "/elsewhere"}), "malformed answer", None),
    ],
    ids=["500", "html", "error-in-200", "blank", "newline", "no-ascii", "list", "redirect"],
)
def test_case_15_a_token_server_that_stays_bad(faulty, answer, err, tail):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", answer)
    result = ask(faulty)
    assert result["err"] == err
    assert result["text"] == f"manifest 1: {tail}" if tail else "token" in result["text"]
    assert faulty.count("/token") == TRIES
    assert faulty.count("/elsewhere") == 0


@pytest.mark.parametrize("status", [200, 401, 403])
@pytest.mark.parametrize("code", ["DENIED", "UNAUTHORIZED"])
def test_a_token_server_that_refuses_is_final(faulty, status, code):
    """ghcr.io and others also refuse with a 200."""
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", error(status, code, "no"))
    result = ask(faulty)
    assert (result["err"], faulty.count("/token")) == ("missing or private", 1)
    assert result["text"].endswith(f" ({code}: no)")


def test_a_token_server_with_a_rate_limit(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", error(429, Retry_After="600"))
    result = ask(faulty)
    assert result["err"] == "rate limited"
    assert abs(result["retry_at_ms"] / 1000 - time.time() - 600) < 30
    assert faulty.count("/token") == 1


def test_a_token_of_too_many_bytes(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", Response.of_json({"token": "a" * 70_000}))
    assert ask(faulty)["err"] == "too large"


def test_a_token_server_that_never_answers(faulty):
    faulty.needs_token(MANIFEST, GOOD)
    faulty.on("/token", Raw(b"HTTP/1.1 200 OK\r\n", "stall", ms=20_000))
    operations = [f"manifest {HOST}/r:1"] * 3
    answer = ask_all(faulty, *operations, options=["--deadline=700"])
    assert {result["err"] for result in answer["results"]} == {"timed out"}


@pytest.mark.parametrize("realm", ["ftp://127.0.0.1/token", "file:///etc/passwd", "token", "//x/t"])
def test_realms_that_are_no_web_address(faulty, realm):
    faulty.needs_token(MANIFEST, GOOD, realm=realm)
    result = ask(faulty)
    assert (result["err"], faulty.count()) == ("not allowed", 1)


# Who may be reached


def test_only_hosts_on_the_list_are_asked(faulty):
    answer = probe(f"{HOST}={faulty.url}", "manifest ghcr.io/a/b:1", "tags quay.io/a/b")
    texts = [f"the registry {host} is not on the allow list" for host in ("ghcr.io", "quay.io")]
    assert [(r["err"], r["text"]) for r in answer["results"]] == [("not allowed", t) for t in texts]
    assert answer["requests"] == 0


def test_private_addresses_are_reached_only_where_a_url_names_them(faulty):
    host = f"127.0.0.1:{faulty.port}"
    result = probe(host, f"manifest {host}/r:1")["results"][0]
    assert (result["err"], result["text"]) == ("not allowed", "manifest 1: its address is private")
    assert faulty.count() == 0
