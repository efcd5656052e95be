"""Lists, search, counts, webhooks, refresh and limits with all three programs."""

import base64
import hashlib
import hmac
import os
import subprocess

import pytest

from stack.processes import http_request, wait_until
from stack.samples import HOST
from stack.suite import INHERITED, bin_directory

SECRET = "the operator's secret"
TOKEN = "the-operators-token"


def webhook_path(name, secret=SECRET):
    """/images/{name}/{token}: how anybody with the secret makes it."""
    mac = hmac.new(secret.encode(), name.encode(), hashlib.sha256).digest()
    return f"/images/{name}/{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def official(registry, hub, **facts):
    """A fresh image of docker.io/library; its name."""
    repository = registry.fresh(1, namespace="library")
    name = repository.name.removeprefix("library/")
    hub.add("library", name, **facts)
    return name


def test_an_inspected_image_is_listed_and_found(suite, registry, hub):
    badges = "![](https://images.microbadger.com/badges/image/a/b.svg)" * 3
    name = official(registry, hub, full_description=f"# Read me\n{badges}")
    suite.wait_status(name)
    suite.wait_status(f"{HOST}/demo/labels")

    def found(path):
        status, _, body = suite.get(path)
        assert status == 200
        return body.get("Images", [])

    path = f"/v1/images/search/{name.upper()}"
    wait_until(lambda: found(path) == [name], 20, "search finds the image")
    assert found(f"/v1/images/search/{HOST}/demo?") == [f"{HOST}/demo/labels"]
    recent = suite.get("/v1/images?query=recent")[2]
    assert set(recent["Images"]) == {name, f"{HOST}/demo/labels"}
    assert (recent["CurrentPage"], recent["PageCount"], recent["ImageCount"]) == (1, 1, 2)
    counts = suite.get("/v1/badges/counts")[2]
    assert counts == {"docker_hub": {"badges": 3, "images": 1}}


def test_images_with_label_schema_labels_are_listed(make_suite, registry):
    suite = make_suite(MB_FEATURED=f"nginx,{HOST}/demo/hello").start()
    listed = []
    for name in sorted(registry.samples):
        if not name.startswith("demo/"):
            continue
        document = suite.wait_status(f"{HOST}/{name}")
        if any(key.startswith("org.label-schema.") for key in document.get("Labels", {})):
            listed.append(f"{HOST}/{name}")
    body = suite.get("/v1/images?query=labelschema")[2]
    assert body.get("Images", []) == listed
    assert listed, "no sample has such labels"
    body = suite.get("/v1/images?query=featured")[2]
    assert body["Images"] == ["nginx", f"{HOST}/demo/hello"]


def test_bug_5_a_webhook_after_a_push_shows_it(make_suite, registry):
    suite = make_suite(MB_WEBHOOK_SECRET=SECRET).start()
    repository = registry.fresh(1)
    name = f"{HOST}/{repository.name}"
    first = suite.wait_status(name)
    sample = registry.samples["demo/multi"].tags["latest"]
    repository.tags["pushed"] = sample
    registry.push(repository)
    status, _, body = http_request("POST", suite.url + webhook_path(name), b"<any>body")
    assert (status, body) == (200, b"OK")

    def tags():
        document = suite.get(f"/v1/images/{name}")[2]
        return {tag["tag"] for version in document["Versions"] for tag in version["Tags"]}

    wait_until(lambda: "pushed" in tags(), 20, "the new tag is shown")
    assert suite.get(f"/v1/images/{name}")[2]["UpdatedAt"] != first["UpdatedAt"]


def test_a_webhook_for_a_missing_image_looks_again(make_suite, registry):
    suite = make_suite(MB_WEBHOOK_SECRET=SECRET).start()
    repository = registry.fresh(1)
    repository.name = "late/" + repository.name
    name = f"{HOST}/{repository.name}"
    assert suite.get(f"/v1/images/{name}?wait=20")[0] == 404
    registry.push(repository)
    assert suite.get(f"/v1/images/{name}")[0] == 404
    assert http_request("POST", suite.url + webhook_path(name))[0] == 200
    suite.wait_status(name)


def test_wrong_tokens_are_refused_and_appear_nowhere(make_suite):
    suite = make_suite(MB_WEBHOOK_SECRET=SECRET, MB_REFRESH_TOKEN=TOKEN).start(["api"])
    name = f"{HOST}/demo/hello"
    status, headers, _ = http_request("POST", suite.url + webhook_path(name, "another"))
    assert status == 403
    assert headers["Content-Type"] == "application/problem+json"
    assert http_request("POST", suite.url + webhook_path(name))[0] == 200
    assert suite.get(f"/v1/images/{name}?refresh={TOKEN}")[0] == 202
    log = suite["api"].process.log()
    assert "submitted" in log
    for word in (SECRET, TOKEN, webhook_path(name).rsplit("/", 1)[1]):
        assert word not in log


def test_refresh_inspects_anew(make_suite, registry):
    suite = make_suite(MB_REFRESH_TOKEN=TOKEN).start()
    name = f"{HOST}/{registry.fresh(1).name}"
    first = suite.wait_status(name)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    status, _, body = suite.get(f"/v1/images/{name}?refresh", headers)
    assert (status, body["Status"]) == (202, "INSPECTED")
    assert suite.get(f"/v1/images/{name}?refresh=other")[0] == 200
    wait_until(
        lambda: suite.get(f"/v1/images/{name}")[2]["UpdatedAt"] != first["UpdatedAt"],
        20,
        "the image is inspected again",
    )


def test_limits_refuse_new_images_only(make_suite, backend):
    suite = make_suite(
        backend, MB_SUBMIT_PER_ADDRESS=2, MB_SUBMIT_TOTAL=3, MB_TRUSTED_PROXIES="127.0.0.1"
    ).start(["api"])

    def ask(name, client):
        return suite.get(f"/v1/images/{HOST}/{name}", {"X-Forwarded-For": client})

    assert [ask(f"a/{n}", "192.0.2.1")[0] for n in (1, 2, 3, 1)] == [202, 202, 429, 202]
    status, headers, body = ask("a/3", "192.0.2.1")
    assert (status, body["code"]) == (429, "too_many_submissions")
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert [ask(f"a/{n}", "192.0.2.2")[0] for n in (3, 4)] == [202, 429]
    assert suite["api"].metrics()["mb_submissions_limited_total"] == 3
    assert backend.sent("inspection") == 3


def run_api(*flags, **settings):
    """The api's own (exit code, output, errors)."""
    environment = {key: os.environ[key] for key in INHERITED if key in os.environ}
    done = subprocess.run(
        [bin_directory() / "microbadger-api", *flags],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout, done.stderr


def test_only_the_operator_reads_webhook_urls(tmp_path):
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET + "\n")
    path = webhook_path("docker.io/library/nginx").replace("docker.io/library/", "")
    assert run_api("--webhook-url", "nginx", MB_WEBHOOK_SECRET=SECRET) == (0, path + "\n", "")
    settings = {
        "MB_WEBHOOK_SECRET_FILE": str(secret_file),
        "MB_PUBLIC_URL": "https://badges.example/",
    }
    answer = run_api("--webhook-url=library/nginx", **settings)
    assert answer == (0, f"https://badges.example{path}\n", "")
    for name, settings in (
        ("nginx", {}),
        ("nginx:1", {"MB_WEBHOOK_SECRET": SECRET}),
        ("No/Name", {"MB_WEBHOOK_SECRET": SECRET}),
    ):
        code, output, errors = run_api("--webhook-url", name, **settings)
        assert (code, output) == (2, "")
        assert len(errors) > 10


BAD_SETTINGS = {
    "MB_TRUSTED_PROXIES": "10.0.0.0/33",
    "MB_FEATURED": "nginx,Bad",
    "MB_PUBLIC_URL": "ftp://x",
    "MB_SUBMIT_PER_ADDRESS": "-1",
    "MB_SUBMIT_TOTAL": "many",
    "MB_WEBHOOK_SECRET_FILE": "/does/not/exist",
}


def test_bad_settings_are_all_told_and_secrets_are_not():
    secrets = {"MB_REFRESH_TOKEN": TOKEN, "MB_CACHE_URL": "nothing://user:hidden@x"}
    code, output, errors = run_api(**BAD_SETTINGS, **secrets)
    assert (code, output) == (2, "")
    for name in BAD_SETTINGS:
        assert name in errors
    assert TOKEN not in errors and "hidden" not in errors
    _, output, _ = run_api("--help", MB_WEBHOOK_SECRET=SECRET, MB_REFRESH_TOKEN=TOKEN)
    assert "--webhook-secret" in output
    assert SECRET not in output and TOKEN not in output


@pytest.mark.parametrize(
    "method, path, status, allow",
    [
        ("HEAD", "/v1/images?query=recent", 200, None),
        ("HEAD", "/v1/images/search/x", 200, None),
        ("HEAD", "/v1/badges/counts", 200, None),
        ("HEAD", "/v1/me", 200, None),
        ("HEAD", "/v1/me/", 200, None),
        ("HEAD", "/healthcheck.txt", 200, None),
        ("HEAD", "/v1/dockerfile/nginx", 202, None),
        ("HEAD", "/nothing", 404, None),
        ("POST", "/v1/me", 405, "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/badges/counts", 405, "GET, HEAD, OPTIONS"),
        ("POST", "/v1/images?query=recent", 405, "GET, HEAD, OPTIONS"),
        ("GET", "/images/a/b", 202, None),
        ("PUT", "/images/a/b", 405, "GET, HEAD, POST, OPTIONS"),
        ("POST", "/images/a/b", 403, None),
        ("POST", "/v1/registries/", 404, None),
        ("GET", "/__/test?next=http://evil.example", 404, None),
        ("GET", "/v1/auth/github?next=http://evil.example", 404, None),
    ],
)
def test_bugs_15_and_19_methods_and_paths(make_suite, method, path, status, allow):
    suite = make_suite().start(["api"])
    got, headers, body = http_request(method, suite.url + path)
    assert got == status
    assert headers.get("Allow") == allow
    assert headers["Content-Type"] != "application/javascript"
    if method == "HEAD":
        assert body == b""
