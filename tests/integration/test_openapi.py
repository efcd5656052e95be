"""The description of the API: served as it is written, and schemathesis finds nothing against it."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stack import described
from stack.processes import http_request
from stack.samples import HOST
from stack.suite import ROOT

DESCRIPTION = ROOT / "api/web/openapi.json"
CONFIG = ROOT / "tests/openapi/schemathesis.toml"
SEED = os.environ.get("OPENAPI_SEED", "1")
EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "8")
SECONDS = int(os.environ.get("OPENAPI_SECONDS", "40"))


DEFAULT_HOSTS = (
    "docker.io",
    "ghcr.io",
    "quay.io",
    "public.ecr.aws",
    "mcr.microsoft.com",
    "gcr.io",
    "registry.k8s.io",
    "registry.gitlab.com",
)


@pytest.fixture(scope="module")
def schemathesis():
    return Path(sys.executable).with_name("schemathesis")


def test_schemathesis_finds_nothing(make_suite, registry, schemathesis, tmp_path):
    # Every registry that the description names is reached here, at the sample registry.
    allowed = ",".join(f"{host}={registry.url}" for host in (HOST, *DEFAULT_HOSTS))
    suite = make_suite(MB_MAX_WAITING_PER_ADDRESS=0, MB_REGISTRIES=allowed).start()
    for name in registry.samples:
        suite.wait_status(f"{HOST}/{name}")
    command = [schemathesis, "--config-file", CONFIG, "run", DESCRIPTION, "--url", suite.url]
    command += ["--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES]
    command += ["--max-time", str(SECONDS), "--workers", "2", "--continue-on-failure"]
    command += ["--no-color", "--suppress-health-check", "all"]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS * 5 + 120,
        check=False,
    )
    (ROOT / "build/results").mkdir(parents=True, exist_ok=True)
    (ROOT / "build/results/schemathesis.txt").write_text(run.stdout + run.stderr)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert re.search(r"\b[1-9][0-9]* passed", run.stdout), run.stdout
    assert suite["api"].process.is_alive()


def test_description_is_served_as_it_is_written(make_suite):
    suite = make_suite().start(["api"])
    status, headers, body = http_request("GET", suite.url + "/openapi.json")
    assert (status, body) == (200, DESCRIPTION.read_bytes())
    assert headers["Content-Type"] == "application/json"
    assert headers["Access-Control-Allow-Origin"] == "*"
    known = {"If-None-Match": headers["ETag"]}
    assert http_request("GET", suite.url + "/openapi.json", None, known)[0] == 304
    packed = {"Accept-Encoding": "gzip"}
    _, headers, body = http_request("GET", suite.url + "/openapi.json", None, packed)
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == DESCRIPTION.read_bytes()


def test_description_is_found(make_suite):
    suite = make_suite().start(["api"])
    _, headers, version = suite.get("/version")
    assert headers["Link"] == '</openapi.json>; rel="service-desc"'
    assert version["Name"] == "microbadger-api"
    assert version["Version"] == (ROOT / "VERSION").read_text().strip()
    status, headers, catalog = suite.get("/.well-known/api-catalog")
    assert (status, headers["Content-Type"]) == (200, "application/linkset+json")
    (links,) = catalog["linkset"]
    for target in [*links["service-desc"], *links["service-meta"]]:
        assert suite.get(target["href"])[1]["Content-Type"] == target["type"]


def test_codes_of_problems_are_one_list():
    problem = described.DOCUMENT["components"]["schemas"]["Problem"]
    codes = problem["properties"]["code"]["enum"]
    assert re.findall(r"^\| `(\w+)` \|", problem["description"], re.MULTILINE) == codes
    sources = [*(ROOT / "api").glob("*.c"), ROOT / "common/httpd.c"]
    text = "".join(path.read_text() for path in sources)
    given = set(re.findall(r'(?:problem|refuse)\([^;"]*?"([a-z_]+)"', text))
    given |= set(re.findall(r'\? "(tag_missing)" : "(version_missing)"', text)[0])
    given |= set(re.findall(r'"code\\":\\"(\w+)\\"', text))
    assert given == set(codes)


def test_what_is_not_described_is_noticed(make_suite):
    """The check itself, on answers that were tampered with."""
    suite = make_suite().start()
    path = f"/v1/images/{HOST}/demo/hello"
    suite.wait_status(f"{HOST}/demo/hello")
    status, headers, body = http_request("GET", suite.url + path)

    def errors(body=body, status=status, path=path):
        return described.answer_errors("GET", path, status, headers, body)

    assert errors() == []
    document = json.loads(body)
    assert errors(json.dumps({**document, "Surprise": 1}).encode()) != []
    assert errors(json.dumps({**document, "PullCount": "1"}).encode()) != []
    del document["Versions"][0]["Tags"]
    assert errors(json.dumps(document).encode()) != []
    assert errors(body[:-1]) != []
    assert errors(status=201) != []
    assert errors(path="/v1/me") != []
    del headers["ETag"]
    assert errors() != []
    headers["ETag"] = '"0123456789abcdef"'
    assert errors() == []
    headers["X-Surprise"] = "1"
    assert errors() != []
