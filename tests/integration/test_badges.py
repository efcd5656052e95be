"""Badges of real images: what they show, how they may be kept, and that they never fail."""

import http.client
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import pytest

from stack.images import Repository, buildkit, image, layer
from stack.processes import wait_until
from stack.samples import HOST

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = "public, max-age=300, s-maxage=300, stale-while-revalidate=3600, stale-if-error=604800"
MISSING = "public, max-age=60, s-maxage=60, stale-if-error=3600"
SHORT = "public, max-age=15, s-maxage=15"
TYPES = "image commit version license layers size pulls stars platforms updated base".split()


@dataclass
class Badge:
    label: str
    value: str
    width: int
    cache_control: str

    @property
    def text(self):
        return f"{self.label} | {self.value}"


def read_svg(body):
    """(root, label, value) of a well-formed badge."""
    root = ElementTree.fromstring(body)
    texts = [element.text for element in root.iter(SVG + "text")]
    label, label_again, value, value_again = texts
    assert (label, value) == (label_again, value_again)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(SVG + "title").text == f"{label}: {value}"
    return root, label, value


def get_badge(suite, kind, name, status=200):
    found, headers, body = suite.get(f"/badges/{kind}/{name}.svg")
    assert found == status, body
    assert headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    root, label, value = read_svg(body)
    return Badge(label, value, int(root.get("width")), headers["Cache-Control"])


def size_text(size_bytes):
    """A size above 1 KB and below 1 MB as v1 wrote it."""
    return f"{size_bytes / 1024:.1f}".removesuffix(".0") + "KB"


@pytest.fixture
def one_suite(make_suite):
    return make_suite().start()


def test_every_type_of_a_labelled_image(one_suite, registry):
    name = f"{HOST}/demo/labels"
    one_suite.wait_status(name)
    size = size_text(registry.samples["demo/labels"].tags["latest"].download_size)
    expected = {
        "image": (size, "4 layers"),
        "commit": ("commit", "9f2c1ab"),
        "version": ("version", "1.4.0"),
        "license": ("license", "Apache-2.0"),
        "layers": ("layers", "4"),
        "size": ("size", size),
        "pulls": ("pulls", "not given"),
        "stars": ("stars", "not given"),
        "platforms": ("platforms", "linux/amd64"),
        "updated": ("updated", "2026-03-01"),
        "base": ("base", "unknown"),
    }
    assert set(expected) == set(TYPES)
    for kind, texts in expected.items():
        badge = get_badge(one_suite, kind, name)
        assert (badge.label, badge.value) == texts
        assert badge.cache_control == KNOWN


def test_the_old_types_keep_their_widths(one_suite):
    name = f"{HOST}/demo/labels"
    one_suite.wait_status(name)
    widths = {kind: get_badge(one_suite, kind, name).width for kind in TYPES[:4]}
    assert widths == {"image": 130, "commit": 116, "version": 116, "license": 122}
    one_suite.wait_status(f"{HOST}/demo/hello")
    for kind in ("commit", "license"):
        badge = get_badge(one_suite, kind, f"{HOST}/demo/hello")
        assert (badge.text, badge.width) == (f"{kind} | not given", 122)


def test_tags_digests_and_platforms(one_suite, registry):
    hello = registry.samples["demo/hello"].tags
    one_suite.wait_status(f"{HOST}/demo/hello")
    name = f"{HOST}/demo/hello"
    assert get_badge(one_suite, "version", name).value == "1.2.3"
    assert get_badge(one_suite, "version", f"{name}:1.2").value == "1.2"
    assert get_badge(one_suite, "version", f"{name}:latest").value == "latest"
    assert get_badge(one_suite, "version", f"{name}@{hello['1.1'].digest}").value == "1.1.0"
    assert get_badge(one_suite, "updated", f"{name}:1.1").value == "2025-11-02"
    assert get_badge(one_suite, "size", f"{name}:1.1").value == size_text(
        hello["1.1"].download_size
    )
    name = f"{HOST}/demo/multi"
    one_suite.wait_status(name)
    multi = registry.samples["demo/multi"].tags["latest"].platforms
    assert get_badge(one_suite, "platforms", name).value == "3"
    assert get_badge(one_suite, "platforms", f"{name}:1.0").value == "2"
    for platform, image in multi.items():
        body = one_suite.get(f"/badges/size/{name}.svg?platform={platform}")[2]
        assert read_svg(body)[1:] == ("size", size_text(image.download_size))
    body = one_suite.get(f"/badges/size/{name}.svg?platform=plan9/mips")[2]
    assert read_svg(body)[1:] == ("platfo…", "not found")


def test_what_is_not_found_is_a_picture_and_enqueues_nothing(make_suite, backend):
    suite = make_suite(backend).start(["api"])
    names = ["nobody/nothing", f"{HOST}/no/such", "UPPER/Case", "a:-x", "registry.example.com/x"]
    for name in names:
        for kind in TYPES:
            badge = get_badge(suite, kind, name)
            assert (badge.text, badge.width) == ("Image | not found", 122)
            assert badge.cache_control == MISSING
    assert backend.sent("inspection") == 0
    assert suite.get("/v1/status/nobody/nothing")[2]["Status"] == "UNKNOWN"


def test_missing_images_and_tags(one_suite):
    path = f"/v1/images/{HOST}/no/such?wait=20"
    assert one_suite.get(path)[0] == 404
    assert get_badge(one_suite, "size", f"{HOST}/no/such").text == "Image | not found"
    one_suite.wait_status(f"{HOST}/demo/hello")
    for tag, label in {"9": "9", "1.2.3-rc1": "1.2.3-…"}.items():
        badge = get_badge(one_suite, "image", f"{HOST}/demo/hello:{tag}")
        assert (badge.text, badge.width) == (f"{label} | not found", 122)
    digest = "sha256:" + "0123456789abcdef" * 4
    badge = get_badge(one_suite, "image", f"{HOST}/demo/hello@{digest}")
    assert badge.text == "012345… | not found"


def test_types_and_paths_that_are_none(one_suite):
    status, headers, body = one_suite.get("/badges/colour/nginx.svg")
    assert (status, body["code"]) == (400, "bad_request")
    assert headers["Content-Type"] == "application/problem+json"
    assert "platforms" in body["detail"]
    assert one_suite.get("/badges/image/nginx.png")[0] == 404
    assert one_suite.get("/badges/image")[0] == 404


def test_what_is_not_inspected_yet_is_pending(make_suite):
    suite = make_suite().start(["api"])
    name = f"{HOST}/demo/hello"
    assert suite.get(f"/v1/images/{name}")[0] == 202
    for kind in TYPES:
        badge = get_badge(suite, kind, name)
        assert (badge.text, badge.cache_control) == (f"{kind} | pending", SHORT)
    for kind in ("inspector", "size"):
        suite.add(kind)
    suite.wait_status(name)
    wait_until(lambda: get_badge(suite, "layers", name).value == "6", 20, "the badge is drawn")


def test_old_versions_show_what_is_known_of_them(one_suite, registry):
    name = f"{HOST}/{registry.fresh(30).name}"
    document = one_suite.wait_status(name)
    pending = [version for version in document["Versions"] if version.get("Pending")]
    tag = pending[0]["Tags"][0]["tag"]
    assert get_badge(one_suite, "version", f"{name}:{tag}").value == tag
    badge = get_badge(one_suite, "size", f"{name}:{tag}")
    assert (badge.value, badge.cache_control) == ("pending", SHORT)
    assert one_suite.get(f"/v1/images/{name}:{tag}?wait=20")[0] == 200
    badge = get_badge(one_suite, "size", f"{name}:{tag}")
    assert badge.value.endswith("B") and badge.cache_control == KNOWN


def test_hub_counts(one_suite, hub, registry):
    repository = registry.fresh(1)
    repository.name = "library/counted"
    registry.push(repository)
    hub.add("library", "counted")
    one_suite.wait_status("counted")
    for name in ("counted", "library/counted", "_/counted", "docker.io/library/counted"):
        assert get_badge(one_suite, "pulls", name).value == "5B"
    assert get_badge(one_suite, "stars", "counted").value == "1.2k"
    assert get_badge(one_suite, "updated", "counted").value == "2026-06-21"
    created = repository.tags["latest"].created[:10]
    assert get_badge(one_suite, "updated", "counted:latest").value == created


def test_base_is_what_relations_tell(one_suite, registry):
    root = layer({"root": b"of the badge"})
    base = image([buildkit("ADD root /", root)], "2026-01-01T00:00:00Z")
    steps = [buildkit("ADD root /", root), buildkit("COPY x /", layer({"x": b"badge"}))]
    app = image(steps, "2026-02-01T00:00:00Z")
    empty = image(steps[1:], "", annotations={"org.opencontainers.image.base.name": "scratch"})
    for name, tag, version in (
        ("library/badgebase", "12-slim", base),
        ("badge/app", "latest", app),
        ("badge/empty", "latest", empty),
    ):
        registry.push(Repository(name, {tag: version}))
    one_suite.wait_status("badge/app")
    assert get_badge(one_suite, "base", "badge/app").text == "base | unknown"
    one_suite.wait_status("badgebase")
    wait_until(
        lambda: get_badge(one_suite, "base", "badge/app").text == "base | badgebase:12-slim",
        15,
        "the base",
    )
    one_suite.wait_status("badge/empty")
    assert get_badge(one_suite, "base", "badge/empty").text == "base | scratch"
    assert get_badge(one_suite, "base", "badgebase").text == "base | unknown"


HOSTILE = {
    "<script>alert(1)</script>": "<script>a…",
    "a&b\"c'd": "a&b\"c'd",
    "\N{RIGHT-TO-LEFT OVERRIDE}TIM": "TIM",
    "MIT\ncommit=\x01": "MIT commi…",
    "é" * 10: "é" * 10,
    "é" * 10_000: "é" * 9 + "…",
    "<" * 10_000: "<" * 9 + "…",
}


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_labels_are_only_ever_text(one_suite, registry, number):
    text, shown = list(HOSTILE.items())[number]
    labels = {"org.opencontainers.image.licenses": text}
    repository = registry.fresh(1)
    steps = [buildkit("COPY a /", layer({"a": text.encode()}))]
    repository.tags = {"latest": image(steps, "2026-01-01T00:00:00Z", labels=labels)}
    registry.push(repository)
    name = f"{HOST}/{repository.name}"
    one_suite.wait_status(name)
    status, _, body = one_suite.get(f"/badges/license/{name}.svg")
    root, label, value = read_svg(body)
    assert (status, label, value) == (200, "license", shown)
    assert len(body) < 4096
    allowed = "svg title linearGradient stop mask rect g path text".split()
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in allowed
        assert not any(key.startswith("on") or "href" in key for key in element.keys())


def raw(suite, method, target, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", suite.port, timeout=20)
    connection.request(method, target, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_headers_for_proxies_and_browsers(one_suite):
    name = f"{HOST}/demo/labels"
    one_suite.wait_status(name)
    target = f"/badges/license/{name}.svg"
    answer, body = raw(one_suite, "GET", target, {"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] is None
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    assert answer.headers["Content-Security-Policy"] == policy
    etag = answer.headers["ETag"]
    head, nothing = raw(one_suite, "HEAD", target)
    assert (head.status, nothing) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(body)
    assert head.headers["ETag"] == etag
    again, nothing = raw(one_suite, "GET", target, {"If-None-Match": f'"x", {etag}'})
    assert (again.status, nothing) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"] == KNOWN
    other, _ = raw(one_suite, "GET", target.replace("license", "commit"), {"If-None-Match": etag})
    assert other.status == 200


def test_hot_badges_come_from_memory_and_are_counted(one_suite):
    name = f"{HOST}/demo/hello"
    one_suite.wait_status(name)
    api = one_suite["api"]
    get_badge(one_suite, "size", name)
    before = api.metrics()
    for _ in range(20):
        get_badge(one_suite, "size", name)
    after = api.metrics()
    assert after["mb_memory_answers_total"] - before["mb_memory_answers_total"] >= 19
    key = 'mb_badges_total{type="size"}'
    assert after[key] - before[key] == 20


def test_redis_lost(make_suite, own_redis):
    redis, queues = own_redis
    suite = make_suite(queues, MB_CACHE_URL=redis.url(0)).start()
    name = f"{HOST}/demo/hello"
    suite.wait_status(name)
    last_known = get_badge(suite, "layers", name)
    assert get_badge(suite, "size", f"{HOST}/demo/other").text == "Image | not found"
    redis.kill()
    wait_until(lambda: not suite["api"].is_ready(), 20, "the api is not ready")
    assert get_badge(suite, "layers", name) == last_known
    for kind in TYPES:
        badge = get_badge(suite, kind, f"{HOST}/demo/other")
        assert (badge.text, badge.cache_control) == (f"{kind} | try later", SHORT)
    redis.restart()
    wait_until(suite["api"].is_ready, 20, "the api is ready again")
    assert get_badge(suite, "size", f"{HOST}/demo/other").text == "Image | not found"
