"""A registry that means harm: nothing it names leads to private addresses, off https, or to another
host with credentials; and it can hold or fill nothing. The hostile registry is reached as
`localhost`, so that every other way to write a loopback address is a foreign one. What needs TLS or
many addresses is in tests/unit/test_httpc.c, test_url.c, test_registry_token.c and test_address.c.
"""

import gzip
import json

import pytest

from stack.faulty_registry import FaultyRegistry, Raw, manifest, probe, tag_list
from stack.images import sha256
from stack.processes import http_get
from stack.webserver import Response

HOST = "hostile.local"
MANIFEST = "/v2/r/manifests/1"
TAGS = "/v2/r/tags/list"
GOOD = manifest()
PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
]


@pytest.fixture
def hostile():
    server = FaultyRegistry().start()
    yield server
    server.stop()


@pytest.fixture
def inner():
    """What must not be reached."""
    server = FaultyRegistry().start()
    server.on("/secret", GOOD)
    yield server
    server.stop()


def ask(server, operation="manifest r:1", registries="", options=(), env=None):
    kind, name = operation.split(" ")
    allowed = f"{HOST}=http://localhost:{server.port},{registries}"
    answer = probe(allowed, f"{kind} {HOST}/{name}", options=options, env=env)
    return answer["results"][0]


def is_good(result):
    return result["err"] == "ok" and result["digest"] == sha256(GOOD.body)


@pytest.mark.parametrize("address", PRIVATE)
def test_redirects_to_private_addresses_are_refused(hostile, inner, address):
    hostile.on(MANIFEST, Response(307, {"Location": f"http://{address}:{inner.port}/secret"}))
    result = ask(hostile)
    assert (result["err"], result["body_bytes"]) == ("not allowed", 0)
    assert result["text"] == "manifest 1: its address is private"
    assert (hostile.count(), inner.count()) == (1, 0)


@pytest.mark.parametrize("address", PRIVATE)
def test_realms_at_private_addresses_are_refused(hostile, inner, address):
    hostile.needs_token(MANIFEST, GOOD, realm=f"http://{address}:{inner.port}/secret")
    result = ask(hostile)
    assert result["err"] == "not allowed"
    assert result["text"] == "manifest 1: the token server: its address is private"
    assert inner.count() == 0


@pytest.mark.parametrize("address", PRIVATE)
def test_links_to_other_hosts_are_not_followed(hostile, inner, address):
    inner.on(TAGS, tag_list("secret"))
    link = f'<http://{address}:{inner.port}{TAGS}?last=a>; rel="next"'
    hostile.on(TAGS, tag_list("a", link=link))
    assert ask(hostile, "tags r")["names"] == ["a"]
    assert inner.count() == 0


@pytest.mark.parametrize("kind", ["redirect", "realm"])
def test_a_name_that_resolves_to_a_private_address_is_refused(hostile, inner, kind):
    """The registry is reached by address here, so the name of the same machine is foreign."""
    url = f"http://localhost:{inner.port}/secret"
    if kind == "redirect":
        hostile.on(MANIFEST, Response(307, {"Location": url}))
    else:
        hostile.needs_token(MANIFEST, GOOD, realm=url)
    answer = probe(f"{HOST}={hostile.url}", f"manifest {HOST}/r:1")
    assert answer["results"][0]["err"] == "not allowed"
    assert inner.count() == 0


def test_docker_hub_s_redirects_are_no_exception(hostile, inner):
    path = "/v2/library/x/manifests/1"
    hostile.on(path, Response(307, {"Location": f"http://127.0.0.1:{inner.port}/secret"}))
    answer = probe(f"docker.io=http://localhost:{hostile.port}", "manifest x:1")
    assert answer["results"][0]["text"] == "manifest 1: its address is private"
    assert (hostile.count(path), inner.count()) == (1, 0)


def test_a_private_host_that_the_configuration_names_may_be_led_to(hostile, inner):
    """A registry in a cluster that keeps its blobs at an object store there."""
    inner.needs_token("/secret", GOOD)
    inner.on("/secret", GOOD)
    hostile.needs_token(
        MANIFEST,
        Response(307, {"Location": inner.url + "/secret"}),
        realm=f"http://localhost:{hostile.port}/token",
    )
    assert is_good(ask(hostile, registries=f"store.local={inner.url}"))
    assert "authorization" in hostile.requests[-1].headers
    assert "authorization" not in inner.requests[0].headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:6379", "localhost:6379", "[::1]:80", "169.254.169.254"]
)
def test_names_of_registries_that_are_not_allowed_go_nowhere(make_suite, host):
    suite = make_suite().start(["api"])
    for route in ("images", "status"):
        status, _, body = http_get(f"{suite.url}/v1/{route}/{host}/a/b")
        assert (status, json.loads(body)["code"]) == (400, "registry_not_allowed")
        assert host in json.loads(body)["detail"]


def test_redirect_loops_over_two_hosts_end(hostile, inner):
    there = f"http://localhost:{inner.port}/loop"
    hostile.on(MANIFEST, Response(307, {"Location": there}))
    inner.on("/loop", Response(307, {"Location": f"http://localhost:{hostile.port}{MANIFEST}"}))
    result = ask(hostile)
    assert result["text"] == "manifest 1: redirected too often"
    assert hostile.count() + inner.count() == 6


def test_redirects_carry_no_user_of_their_own(hostile, inner):
    url = f"http://user:password@localhost:{inner.port}/secret"
    hostile.on(MANIFEST, Response(307, {"Location": url}))
    result = ask(hostile)
    assert result["err"] == "network failure"
    assert "password" not in result["text"]
    assert inner.count() == 0


def test_proxies_of_the_environment_are_not_used(hostile, inner):
    hostile.on(MANIFEST, GOOD)
    names = ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"]
    assert is_good(ask(hostile, env={name: inner.url for name in names}))
    assert inner.count() == 0


def test_many_headers_are_too_large(hostile):
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 900) for number in range(1000))
    hostile.on(MANIFEST, Raw(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n"))
    assert ask(hostile)["err"] == "too large"
    assert hostile.count() == 1


def test_more_bytes_than_announced_are_cut_off(hostile):
    digest = sha256(GOOD.body)
    longer = Response(200, {}, GOOD.body + b" " * 1000)
    hostile.on(f"/v2/r/blobs/{digest}", longer)
    result = ask(hostile, f"blob r@{digest}", options=[f"--max-body={len(GOOD.body)}"])
    assert (result["err"], result["body_bytes"]) == ("too large", 0)


def encoded(data, encoding="gzip"):
    return manifest(data, Content_Encoding=encoding, Docker_Content_Digest=sha256(GOOD.body))


def test_an_encoding_that_was_not_asked_for_is_taken_off(hostile):
    path = f"/v2/r/manifests/{sha256(GOOD.body)}"
    hostile.on(path, encoded(gzip.compress(GOOD.body)))
    assert is_good(ask(hostile, f"manifest r@{sha256(GOOD.body)}"))
    assert hostile.requests[0].headers["accept-encoding"] == "identity"


def test_an_encoding_that_is_a_bomb_is_too_large(hostile):
    bomb = gzip.compress(b" " * (64 << 20))
    hostile.on(MANIFEST, encoded(bomb))
    assert ask(hostile)["err"] == "too large"


@pytest.mark.parametrize(
    "body, encoding",
    [(b"no gzip at all", "gzip"), (GOOD.body, "whatever")],
    ids=["none", "unknown"],
)
def test_an_encoding_that_is_none_is_read_as_it_comes(hostile, body, encoding):
    """Labels lie: what is asked for by digest is checked all the same."""
    hostile.on(MANIFEST, encoded(body, encoding))
    result = ask(hostile)
    assert (result["err"], result["body_bytes"]) == ("ok", len(body))
    assert hostile.count(MANIFEST) == 2


def test_an_encoding_that_ends_too_soon_has_not_the_digest(hostile):
    hostile.on(f"/v2/r/manifests/{sha256(GOOD.body)}", encoded(gzip.compress(GOOD.body)[:12]))
    result = ask(hostile, f"manifest r@{sha256(GOOD.body)}")
    assert (result["err"], result["body_bytes"]) == ("malformed answer", 0)


def test_a_registry_that_drips_is_given_up(hostile):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    hostile.on(MANIFEST, Raw(head, "stall", ms=20_000))
    result = ask(hostile, options=["--deadline=500"])
    assert (result["err"], result["body_bytes"]) == ("timed out", 0)
