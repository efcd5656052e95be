"""Credentials of MB_REGISTRY_AUTH_FILE: who gets them, who does not, with docker-registry as the
registry that wants them and a faulty one for the rest."""

import base64
import json
import os
import subprocess
import time

import pytest

from stack import images, samples
from stack.faulty_registry import TOKEN, FaultyRegistry, error, manifest, probe
from stack.processes import free_port, http_get
from stack.registry import Registry
from stack.suite import bin_directory
from stack.tokens import PrivateTokens, TokenServer
from stack.webserver import Response

HOST = "private.local"
USER, PASSWORD, IDENTITY = "puller", "pass word", "identity.token-1"
# bcrypt of PASSWORD
HTPASSWD = f"{USER}:$2b$04$nAMg7u4YNNn8WBS.mvEcVeM6Sy68CHTZ4b.laBHwDHPLu8r3pQhH.\n"
MANIFEST = "/v2/r/manifests/1"
GOOD = manifest()


def basic(user=USER, password=PASSWORD):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


USER_ENTRY = {"auth": basic()[6:]}
WRONG_ENTRY = {"username": USER, "password": "wrong"}
IDENTITY_ENTRY = {"identitytoken": IDENTITY}


@pytest.fixture
def auth_file(tmp_path):
    """auth_file(entry): a config.json with this entry for HOST, or with these contents; its path.
    Again: replaced, as secrets are."""
    path = tmp_path / "config.json"

    def write(entry, contents=None):
        beside = tmp_path / "config.json.new"
        beside.write_text(json.dumps(contents or {"auths": {HOST: entry}}))
        os.replace(beside, path)
        return path

    return write


# docker-registry that wants credentials


class PushByBasic:
    def push_header(self, _repositories):
        return basic()


@pytest.fixture(scope="module")
def basic_registry(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("basic"), htpasswd=HTPASSWD).start()
    images.push([samples.hello()], server.url, PushByBasic())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def token_registry(tmp_path_factory):
    """(docker-registry, its token server that wants credentials), on two ports of one host."""
    directory = tmp_path_factory.mktemp("tokens")
    tokens = TokenServer(directory)
    server = PrivateTokens(tokens, USER, PASSWORD, IDENTITY).start()
    registry = Registry(directory, tokens, server.url + "/token").start()
    images.push([samples.hello()], registry.url, tokens)
    yield registry, server
    registry.stop()
    server.stop()


@pytest.fixture
def private(token_registry):
    registry, tokens = token_registry
    tokens.requests.clear()
    tokens.has_oauth = True
    return registry, tokens


def hello_of(url, path=None):
    """What comes of asking for the sample's tag and its list of tags."""
    name = samples.hello().name
    tag = next(iter(samples.hello().tags))
    options = [f"--auth={path}"] if path else []
    answer = probe(
        f"{HOST}={url}", f"manifest {HOST}/{name}:{tag}", f"tags {HOST}/{name}", options=options
    )
    for secret in (PASSWORD, basic(), IDENTITY):
        assert secret not in json.dumps(answer)
    return answer


def is_hello(answer):
    fetched, tags = answer["results"]
    wanted = next(iter(samples.hello().tags.values()))
    names = sorted(tags["names"])  # docker-registry does not sort
    return fetched["digest"] == wanted.digest and names == sorted(samples.hello().tags)


def is_refused(answer):
    return {result["err"] for result in answer["results"]} == {"missing or private"}


def test_basic_credentials_let_in(basic_registry, auth_file):
    answer = hello_of(basic_registry.url, auth_file(USER_ENTRY))
    assert is_hello(answer)
    assert answer["requests"] == 3  # only the first call learns that they are asked for


def test_basic_registry_without_or_with_wrong_credentials(basic_registry, auth_file):
    assert is_refused(hello_of(basic_registry.url))
    assert is_refused(hello_of(basic_registry.url, auth_file(WRONG_ENTRY)))
    assert is_refused(hello_of(basic_registry.url, auth_file(IDENTITY_ENTRY)))


def test_credentials_get_a_token_that_lets_in(private, auth_file):
    registry, tokens = private
    assert is_hello(hello_of(registry.url, auth_file(USER_ENTRY)))
    assert [r.headers["authorization"] for r in tokens.requests] == [basic()]


def test_token_registry_without_or_with_wrong_credentials(private, auth_file):
    registry, tokens = private
    assert is_refused(hello_of(registry.url))
    assert all("authorization" not in r.headers for r in tokens.requests)
    assert is_refused(hello_of(registry.url, auth_file(WRONG_ENTRY)))


def test_an_identity_token_is_changed_for_a_token(private, auth_file):
    registry, tokens = private
    assert is_hello(hello_of(registry.url, auth_file(IDENTITY_ENTRY)))
    (request,) = tokens.requests
    assert (request.method, request.target) == ("POST", "/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in request.headers
    fields = dict(part.split("=") for part in request.body.decode().split("&"))
    assert fields.keys() == {"grant_type", "service", "client_id", "scope", "refresh_token"}
    assert (fields["grant_type"], fields["client_id"]) == ("refresh_token", "microbadger")


def test_an_identity_token_where_there_is_no_oauth(private, auth_file):
    registry, tokens = private
    tokens.has_oauth = False
    assert is_hello(hello_of(registry.url, auth_file(IDENTITY_ENTRY)))
    assert [r.method for r in tokens.requests] == ["POST", "GET"]
    assert tokens.requests[1].headers["authorization"] == basic("<token>", IDENTITY)


def test_a_wrong_identity_token_is_refused(private, auth_file):
    registry, tokens = private
    answer = hello_of(registry.url, auth_file({"identitytoken": "another"}))
    assert is_refused(answer)
    assert "UNAUTHORIZED: who?" in answer["results"][0]["text"]
    assert {r.method for r in tokens.requests} == {"POST"}


# Who does not get them


@pytest.fixture
def faulty():
    server = FaultyRegistry().start()
    yield server
    server.stop()


@pytest.fixture
def other():
    server = FaultyRegistry().start()
    server.on("/token", Response.of_json({"token": TOKEN}))
    server.on("/moved", GOOD)
    yield server
    server.stop()


def ask(registries, path, *operations, options=()):
    operations = operations or [f"manifest {HOST}/r:1"]
    return probe(registries, *operations, options=[f"--auth={path}", *options])["results"]


def needs_basic(server, path, answer):
    """401 without USER and PASSWORD."""
    refused = error(401, WWW_Authenticate='Basic realm="x"')
    server.on(path, lambda r: answer if r.headers.get("authorization") == basic() else refused)


def carries_credentials(server):
    return any(
        r.headers.get("authorization", "").startswith("Basic") or r.body for r in server.requests
    )


@pytest.mark.parametrize("entry", [USER_ENTRY, IDENTITY_ENTRY], ids=["user", "identity"])
def test_a_realm_on_another_host_gets_none(faulty, other, auth_file, entry):
    """It is asked anonymously: what is public stays so."""
    realm = f"http://127.0.0.1:{other.port}/token"
    faulty.needs_token(MANIFEST, GOOD, realm=realm)
    registries = f"{HOST}=http://localhost:{faulty.port},other.local={other.url}"
    assert ask(registries, auth_file(entry))[0]["err"] == "ok"
    assert other.count("/token") == 1
    assert not carries_credentials(other) and not carries_credentials(faulty)


@pytest.mark.parametrize("challenge", ["Basic", "Bearer"])
def test_another_registry_gets_none(faulty, other, auth_file, challenge):
    faulty.needs_token(MANIFEST, GOOD)
    if challenge == "Basic":
        faulty.on(MANIFEST, error(401, WWW_Authenticate='Basic realm="x"'))
    path = auth_file(USER_ENTRY)
    ask(f"faulty.local={faulty.url},{HOST}={other.url}", path, "manifest faulty.local/r:1")
    assert faulty.count() > 0 and not carries_credentials(faulty)


def test_a_longer_key_is_for_its_repositories_only(faulty, auth_file):
    path = auth_file(None, {"auths": {f"{HOST}/team": USER_ENTRY}})
    for name in ("team/app", "teams/app", "app"):
        needs_basic(faulty, f"/v2/{name}/manifests/1", GOOD)
    operations = [f"manifest {HOST}/{name}:1" for name in ("team/app", "teams/app", "app")]
    results = ask(f"{HOST}={faulty.url}", path, *operations, options=["--in-order"])
    assert [result["err"] for result in results] == ["ok"] + ["missing or private"] * 2


def test_where_a_redirect_leads_gets_none(faulty, other, auth_file):
    for answer in (GOOD, error(401, WWW_Authenticate='Basic realm="x"')):
        other.on("/moved", answer)
        needs_basic(faulty, MANIFEST, Response(307, {"Location": other.url + "/moved"}))
        ask(f"{HOST}={faulty.url}", auth_file(USER_ENTRY))
    assert other.count("/moved") == 2
    assert carries_credentials(faulty) and not carries_credentials(other)


def test_a_registry_that_asks_for_nothing_gets_none(faulty, auth_file):
    faulty.on(MANIFEST, GOOD)
    assert ask(f"{HOST}={faulty.url}", auth_file(USER_ENTRY))[0]["err"] == "ok"
    assert not carries_credentials(faulty)


def test_basic_that_only_v2_asks_for(faulty, auth_file):
    faulty.on(
        MANIFEST, lambda r: GOOD if r.headers.get("authorization") == basic() else Response(401)
    )
    faulty.on("/v2/", error(401, WWW_Authenticate='Basic realm="x"'))
    assert ask(f"{HOST}={faulty.url}", auth_file(USER_ENTRY))[0]["err"] == "ok"
    assert [request.path for request in faulty.requests] == [MANIFEST, "/v2/", MANIFEST]
    assert ask(f"{HOST}={faulty.url}", auth_file(WRONG_ENTRY))[0]["err"] == "missing or private"
    assert faulty.count() == 6


def test_wrong_credentials_are_tried_once(faulty, auth_file):
    faulty.on(MANIFEST, error(401, "UNAUTHORIZED", "no", WWW_Authenticate='Basic realm="x"'))
    result = ask(f"{HOST}={faulty.url}", auth_file(USER_ENTRY))[0]
    assert (result["err"], faulty.count()) == ("missing or private", 2)


# The programs


def test_replaced_credentials_count_without_a_restart(make_suite, basic_registry, auth_file):
    suite = make_suite(
        MB_REGISTRIES=f"{HOST}={basic_registry.url}",
        MB_REGISTRY_AUTH_FILE=auth_file(WRONG_ENTRY),
        MB_NEGATIVE_SECONDS=1,
        MB_LOG="debug",
    ).start()
    name = f"{HOST}/{samples.hello().name}"

    def status_after(wanted):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            http_get(f"{suite.url}/v1/images/{name}?wait=1")
            status = json.loads(http_get(f"{suite.url}/v1/status/{name}")[2])["Status"]
            if status == wanted:
                break
        return status

    assert status_after("MISSING") == "MISSING"
    auth_file(USER_ENTRY)
    assert status_after("INSPECTED") == "INSPECTED"
    told = [line["msg"] for line in suite["inspector"].log_lines()]
    assert "changed credentials are read" in told
    for program in suite.programs.values():
        log = program.process.log()
        assert not any(secret in log for secret in (PASSWORD, basic()[6:], "wrong"))


def test_credentials_that_cannot_be_used_stop_the_start(auth_file):
    contents = {"auths": {"ghcr.io": {"auth": "c2VjcmV0"}, "a": 7}, "credsStore": "desktop"}
    path = auth_file(None, contents)
    done = subprocess.run(
        [bin_directory() / "microbadger-inspector"],
        env={"MB_REGISTRY_AUTH_FILE": str(path), "MB_ADMIN_LISTEN": f"127.0.0.1:{free_port()}"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    text = done.stderr.decode()
    assert done.returncode == 2
    assert f'MB_REGISTRY_AUTH_FILE="{path}": ' in text
    for part in ('"ghcr.io": its "auth" is not user:password', '"a": is no object', '"credsStore"'):
        assert part in text
    assert "c2VjcmV0" not in text and "secret" not in text


def test_the_api_takes_the_name_for_the_workers(make_suite, auth_file):
    """One environment serves all programs."""
    suite = make_suite(MB_REGISTRY_AUTH_FILE=auth_file(USER_ENTRY))
    assert suite.start(["api"])["api"].is_ready()
