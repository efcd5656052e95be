"""Base images, parents, identical images and the reverse index, through all programs."""

import dataclasses
import itertools
import json
from base64 import b64encode

import pytest

from stack import images
from stack.images import (
    Repository,
    Step,
    attestation,
    buildkit,
    buildkit_run,
    image,
    index,
    layer,
    sha256,
)
from stack.processes import wait_until
from stack.samples import HOST

_numbers = itertools.count(1)


def hex_of(digest):
    return digest.split(":")[1]


def chain_id(version):
    """Written from the specification's words, beside the C."""
    chain = ""
    for fact in version.layers:
        if fact.diff_id:
            chain = sha256(f"{chain} {fact.diff_id}".encode()) if chain else fact.diff_id
    return chain


class Family:
    """A base and what is built on it, with layers that no other test has."""

    def __init__(self):
        self.number = next(_numbers)
        self.root = self.blob("root")
        self.base_steps = [
            Step("/bin/sh -c #(nop) ADD file:1 in / ", "ADD rootfs /", self.root),
            buildkit('CMD ["sh"]'),
        ]
        self.base = image(self.base_steps, "2026-01-01T00:00:00Z", run={"Cmd": ["sh"]})
        self.app = self.child("app")

    def name(self, word, namespace="family"):
        return f"{namespace}/{word}{self.number}"

    def blob(self, text):
        return layer({"data": f"{self.number} {text}".encode()})

    def steps(self, text):
        return [
            *self.base_steps,
            buildkit_run(f"make {text}", self.blob(text)),
            buildkit(f"ENV A={text}"),
        ]

    def child(self, text, **options):
        return image(self.steps(text), "2026-02-01T00:00:00Z", "Ann", **options)


@pytest.fixture
def family():
    return Family()


@pytest.fixture
def push(registry):
    """push(name, {tag: version}) and what it is called in requests."""

    def put(name, tags, host=HOST):
        registry.push(Repository(name, tags))
        return f"{host}/{name}"

    return put


def version_of(suite, name, version):
    status, _, body = suite.get(f"/v1/images/{name}/version/{hex_of(version.digest)}")
    assert status == 200, body
    return body


def check_built_on(suite, app_name, family, base_name):
    document = suite.get(f"/v1/images/{app_name}")[2]
    assert document["Base"]["Name"] == base_name
    body = version_of(suite, app_name, family.app)
    base = body["Base"]
    assert base == document["Base"]
    assert (base["Tag"], base["Digest"]) == ("1.0", family.base.digest)
    assert (base["Layers"], base["Certainty"], base["Alternatives"]) == (1, "exact", [])
    assert base["Evidence"] == [
        {
            "Kind": "chain",
            "Name": base_name,
            "Tag": "1.0",
            "Digest": family.base.digest,
            "Layers": 1,
            "History": True,
        }
    ]
    marks = [step.get("Base", False) for step in body["Layers"]]
    assert marks == [True, True, False, False]
    assert len(body["Layers"]) == body["LayerCount"] == 4
    return body


BASE_TAGS = ("1", "1.0", "latest")


def test_base_that_was_inspected_before(make_suite, push, family):
    base = push(family.name("base"), {tag: family.base for tag in BASE_TAGS})
    app = push(family.name("app"), {"latest": family.app})
    suite = make_suite().start()
    suite.wait_status(base)
    suite.wait_status(app)
    body = check_built_on(suite, app, family, base)
    (parent,) = body["Parents"]
    assert parent["SHA"] == hex_of(family.base.digest)
    assert sorted(tag["tag"] for tag in parent["Tags"]) == sorted(BASE_TAGS)
    assert parent["ImageName"] == base
    assert (parent["LayerCount"], parent["DownloadSize"]) == (2, family.base.download_size)
    assert parent["Created"] == "2026-01-01T00:00:00Z"
    assert [step["BlobSum"] for step in parent["Layers"]] == [family.root.digest, ""]
    assert parent["MicrobadgerURL"] == f"/images/{base}:1.0"
    assert "Labels" not in parent
    assert "Base" not in version_of(suite, base, family.base)


def test_base_that_is_inspected_later(make_suite, push, family):
    base = push(family.name("base"), {tag: family.base for tag in BASE_TAGS})
    app = push(family.name("app"), {"latest": family.app})
    suite = make_suite().start()
    document = suite.wait_status(app)
    assert "Base" not in document
    etag = suite.get(f"/v1/images/{app}")[1]["ETag"]
    suite.wait_status(base)
    wait_until(lambda: "Base" in suite.get(f"/v1/images/{app}")[2], 15, "the base")
    check_built_on(suite, app, family, base)
    assert suite.get(f"/v1/images/{app}")[1]["ETag"] != etag


def test_official_base_keeps_its_namespace_in_parents(make_suite, push, family):
    copy = push(family.name("copy"), {"latest": family.base})
    official = push(family.name("base", "library"), {"1.0": family.base}, "docker.io")
    app = push(family.name("app"), {"latest": family.app})
    suite = make_suite().start()
    for name in (copy, official, app):
        suite.wait_status(name)
    body = version_of(suite, app, family.app)
    word = official.split("/")[-1]
    assert body["Base"]["Name"] == word
    assert [other["Name"] for other in body["Base"]["Alternatives"]] == [copy]
    assert [parent["ImageName"] for parent in body["Parents"]] == [f"library/{word}"]


def test_annotation_and_layers_agree_or_differ(make_suite, push, family, annotated):
    base = push(family.name("base"), {tag: family.base for tag in BASE_TAGS})
    right = annotated(family.app, {"name": f"{base}:1.0", "digest": family.base.digest})
    wrong = annotated(family.child("other"), {"name": "ghcr.io/org/unseen:3"})
    app = push(family.name("app"), {"right": right, "wrong": wrong, "latest": right})
    suite = make_suite().start()
    suite.wait_status(base)
    suite.wait_status(app)
    agreed = version_of(suite, app, right)["Base"]
    assert (agreed["Name"], agreed["Tag"], agreed["Certainty"]) == (base, "1.0", "exact")
    assert [(row["Kind"], row.get("Agrees")) for row in agreed["Evidence"]] == [
        ("annotation", True),
        ("chain", None),
    ]
    differs = version_of(suite, app, wrong)["Base"]
    assert (differs["Name"], differs["Certainty"]) == ("ghcr.io/org/unseen", "declared")
    assert [(row["Kind"], row["Name"], row.get("Agrees")) for row in differs["Evidence"]] == [
        ("annotation", "ghcr.io/org/unseen", False),
        ("chain", base, None),
    ]


@pytest.fixture
def annotated():
    """annotated(version, {"name": ..., "digest": ...}): the manifest with the base's annotations."""

    def make(version, base):
        manifest = json.loads(version.data)
        manifest["annotations"] = {
            f"org.opencontainers.image.base.{key}": value for key, value in base.items()
        }
        data = images.compact(manifest)
        return dataclasses.replace(version, data=data, digest=sha256(data))

    return make


def test_scratch_is_said_plainly(make_suite, push, family, annotated):
    version = annotated(family.base, {"name": "scratch"})
    name = push(family.name("base"), {"latest": version})
    suite = make_suite().start()
    base = suite.wait_status(name)["Base"]
    assert (base["Name"], base["Layers"], base["Certainty"]) == ("scratch", 0, "declared")
    assert "Parents" not in version_of(suite, name, version)


def test_each_platform_has_its_own_base(make_suite, push, family):
    arm_root = family.blob("arm root")
    arm_base = image(
        [buildkit("ADD arm /", arm_root)], "2026-01-01T00:00:00Z", platform="linux/arm64"
    )
    arm_app = image(
        [buildkit("ADD arm /", arm_root), buildkit("COPY x /", family.blob("x"))],
        "2026-02-01T00:00:00Z",
        platform="linux/arm64",
    )
    bases, apps = index([family.base, arm_base]), index([family.app, arm_app])
    base = push(family.name("base"), {"latest": bases})
    app = push(family.name("app"), {"latest": apps})
    suite = make_suite().start()
    suite.wait_status(base)
    suite.wait_status(app)
    path = f"/v1/images/{app}/version/{hex_of(apps.digest)}"
    for platform, layers in (
        ("linux/amd64", [True, True, False, False]),
        ("linux/arm64", [True, False]),
    ):
        body = suite.get(f"{path}?platform={platform}")[2]
        assert body["Base"]["Digest"] == bases.digest
        assert body["Base"]["Platform"] == platform
        assert [step.get("Base", False) for step in body["Layers"]] == layers


def identical(body):
    return [(other["ImageName"], other["Match"]) for other in body.get("Identical", [])]


def test_identical_under_two_names_and_with_another_config(make_suite, push, family):
    one = push(family.name("one"), {"a": family.app, "b": family.app})
    suite = make_suite().start()
    suite.wait_status(one)
    assert "Identical" not in version_of(suite, one, family.app)
    two = push(family.name("two"), {"latest": family.app})
    relabelled = family.child("app", labels={"k": "v"})
    three = push(family.name("three"), {"latest": relabelled})
    suite.wait_status(two)
    suite.wait_status(three)
    wait_until(
        lambda: len(identical(version_of(suite, one, family.app))) == 2, 15, "identical ones"
    )
    assert identical(version_of(suite, one, family.app)) == [(two, "config"), (three, "layers")]
    assert identical(version_of(suite, two, family.app)) == [(one, "config"), (three, "layers")]
    body = version_of(suite, three, relabelled)
    assert identical(body) == [(one, "layers"), (two, "layers")]
    first = body["Identical"][0]
    assert first["SHA"] == hex_of(family.app.digest)
    assert sorted(tag["tag"] for tag in first["Tags"]) == ["a", "b"]
    assert first["Author"] == "Ann"
    assert "Layers" not in first


def test_parents_do_not_hide_identical_ones(make_suite, push, family):
    """v1 lost the one where it had found the other."""
    names = [push(family.name(word), {"latest": family.app}) for word in ("one", "two")]
    base = push(family.name("base"), {"1.0": family.base})
    suite = make_suite().start()
    for name in (base, *names):
        suite.wait_status(name)
    body = version_of(suite, names[1], family.app)
    assert [parent["ImageName"] for parent in body["Parents"]] == [base]
    assert identical(body) == [(names[0], "config")]


def test_a_base_that_was_evicted_breaks_nothing(make_suite, push, family, redis, db):
    base = push(family.name("base"), {"1.0": family.base})
    suite = make_suite().start()
    suite.wait_status(base)
    client = redis.client(db)
    assert client.call("DEL", f"mb:1:doc:{base}") == 1
    first = push(family.name("first"), {"latest": family.app})
    suite.wait_status(first)
    body = version_of(suite, first, family.app)
    assert (body["Base"]["Name"], body["Parents"][0]["Tags"]) == (base, [])
    assert client.call("DEL", f"mb:1:ver:{family.base.digest}") == 1
    other = family.child("second")
    second = push(family.name("second"), {"latest": other})
    assert "Base" not in suite.wait_status(second)
    assert client.call("DEL", f"mb:1:rel:{family.app.digest}") == 1
    status, _, body = suite.get(f"/v1/images/{first}?platform=linux/amd64")
    assert (status, body["Status"], "Base" in body) == (200, "INSPECTED", False)


def test_opening_an_old_version_brings_its_relations(make_suite, push, family):
    base = push(family.name("base"), {"1.0": family.base})
    old = family.child("old")
    app = push(family.name("app"), {"1": old, "2": family.app, "latest": family.app})
    suite = make_suite(MB_EAGER_VERSIONS=0).start()
    suite.wait_status(base)
    suite.wait_status(app)
    path = f"/v1/images/{app}/version/{hex_of(old.digest)}"
    assert suite.get(path)[0] == 202
    wait_until(lambda: suite.get(path)[0] == 200, 15, "the version")
    assert suite.get(path)[2]["Base"]["Name"] == base


def test_digests_lead_to_images(make_suite, push, family):
    both = index([family.app])
    app = push(family.name("app"), {"1": family.app, "latest": both})
    suite = make_suite().start()
    suite.wait_status(app)
    config = family.app.blobs[0].digest
    step = family.app.layers[2]
    expected = {
        step.digest: "layer",
        step.diff_id: "diff-id",
        config: "config",
        chain_id(family.app): "chain",
        family.app.digest: "manifest",
    }
    places = {family.app.digest, both.digest}
    for digest, kind in expected.items():
        status, headers, body = suite.get(f"/v1/digests/{digest}")
        assert (status, body["Digest"]) == (200, digest)
        assert {row["Digest"] for row in body["Images"]} == places
        for row in body["Images"]:
            assert row["SHA"] == hex_of(row["Digest"])
            assert (row["ImageName"], row["Platform"], row["As"]) == (app, "linux/amd64", kind)
        known = {"If-None-Match": headers["ETag"]}
        assert suite.get(f"/v1/digests/{hex_of(digest)}", known)[0] == 304
    row, *_ = suite.get(f"/v1/digests/{both.digest}")[2]["Images"]
    assert (row["ImageName"], row["As"]) == (app, "index")
    status, _, problem = suite.get("/v1/digests/sha256:" + "0" * 64)
    assert (status, problem["code"]) == (404, "digest_unknown")
    status, _, problem = suite.get("/v1/digests/latest")
    assert (status, problem["code"]) == (400, "bad_request")


def provenance_of(material, dockerfile):
    """Of a statement as BuildKit writes it, version 0.2."""
    source = {"infos": [{"filename": "Dockerfile", "data": b64encode(dockerfile).decode()}]}
    predicate = {
        "buildType": "https://mobyproject.org/buildkit@v1",
        "invocation": {"configSource": {"entryPoint": "Dockerfile"}},
        "materials": [{"uri": material, "digest": {"sha256": "ab" * 32}}],
        "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"source": source}},
    }
    return {"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": predicate}


def claiming(version, base, provenance):
    """An index of one image that claims all that an index can claim of it."""
    name = "org.opencontainers.image.base.name"
    attested = attestation(version, "2026-03-01T00:00:00Z", **provenance)
    entry = {"linux/amd64": {name: base}}
    return index([version, attested], annotations={name: base}, of_children=entry)


def shown(suite, name, version):
    """All that is said of a version, but for the other places where the image is found."""
    answers = [suite.get(f"/v1/images/{name}")[2], version_of(suite, name, version)]
    answers += [suite.get(f"/v1/dockerfile/{name}")[2], suite.get(f"/badges/base/{name}.svg")[2]]
    answers[1].pop("Identical", None)
    return answers


def evidence(body):
    return [(row["Kind"], row["Name"]) for row in body["Base"]["Evidence"]]


def test_claims_of_another_index_change_nothing(make_suite, push, family):
    """Anybody's index may name anybody's image."""
    base = push(family.name("base"), {"1.0": family.base})
    honest = provenance_of("pkg:docker/honest/build@1", b"FROM honest\n")
    forged = provenance_of("pkg:docker/forged/build@1", b"FROM forged\n")
    scratch = {"org.opencontainers.image.base.name": "scratch"}
    versions = {
        "first": claiming(family.app, f"{base}:1.0", honest),
        "plain": family.app,
        "second": claiming(family.app, "ghcr.io/forged/base:6", forged),
        "third": index([family.app], annotations=scratch),
    }
    names = {word: push(family.name(word), {"latest": v}) for word, v in versions.items()}
    suite = make_suite().start()
    for name in (base, names["first"], names["plain"]):
        suite.wait_status(name)
    kept = {word: shown(suite, names[word], versions[word]) for word in ("first", "plain")}
    for word in ("second", "third"):
        suite.wait_status(names[word])
    for word in ("first", "plain"):
        others = {names[other] for other in versions} - {names[word]}
        wait_until(
            lambda: {n for n, _ in identical(version_of(suite, names[word], versions[word]))}
            == others,
            15,
            "that the other places are known",
        )
        assert shown(suite, names[word], versions[word]) == kept[word]
    assert evidence(kept["first"][1]) == [
        ("annotation", base),
        ("chain", base),
        ("provenance", "honest/build"),
    ]
    assert evidence(kept["plain"][1]) == [("chain", base)]
    document, body, dockerfile, badge = shown(suite, names["second"], versions["second"])
    assert (
        evidence(body)
        == evidence(document)
        == [
            ("annotation", "ghcr.io/forged/base"),
            ("chain", base),
            ("provenance", "forged/build"),
        ]
    )
    assert b"FROM forged\n" in dockerfile and b"FROM forged" not in kept["first"][2]
    assert b"FROM honest\n" in kept["first"][2] and b"honest" not in kept["plain"][2]
    assert b"ghcr.io/forged/base:6" in badge
    document, body, dockerfile, badge = shown(suite, names["third"], versions["third"])
    assert body["Base"]["Name"] == document["Base"]["Name"] == "scratch"
    assert not any("Base" in step for step in body["Layers"])
    assert b"# Steps of the base image:" not in dockerfile
    assert b"base: scratch" in badge


def test_the_dockerfile_tells_the_steps_of_the_base(make_suite, push, family):
    base = push(family.name("base"), {"1.0": family.base})
    app = push(family.name("app"), {"latest": family.app})
    suite = make_suite().start()
    suite.wait_status(app)
    before = suite.get(f"/v1/dockerfile/{app}")[2].decode()
    assert "# Steps of" not in before
    suite.wait_status(base)
    wait_until(lambda: "Base" in suite.get(f"/v1/images/{app}")[2], 15, "the base")
    after = suite.get(f"/v1/dockerfile/{app}")[2].decode()
    head, rest = after.split("\n# Steps of the base image:\n")
    below, above = rest.split("\n# Steps of this image:\n")
    assert "ADD rootfs /" in below and 'CMD ["sh"]' in below
    assert "RUN make app" in above and "ENV A=app" in above
    assert head + below + above == before


def rows_of(document):
    return {row["Key"]: row.get("Inherited", False) for row in document["Metadata"]}


def test_labels_of_the_base_are_marked_as_inherited(make_suite, push, family):
    labels = {"a.same": "1", "b.changed": "1"}
    base_version = image(family.base_steps, "2026-01-01T00:00:00Z", labels=labels)
    version = family.child("app", labels={**labels, "b.changed": "2", "c.own": "3"})
    base = push(family.name("base"), {"1.0": base_version})
    app = push(family.name("app"), {"latest": version})
    scratch = index([version], annotations={"org.opencontainers.image.base.name": "scratch"})
    other = push(family.name("other"), {"latest": scratch})
    suite = make_suite().start()
    for name in (base, app, other):
        suite.wait_status(name)
    marks = rows_of(suite.get(f"/v1/images/{app}")[2])
    assert [marks[key] for key in ("a.same", "b.changed", "c.own")] == [True, False, False]
    assert rows_of(version_of(suite, app, version)) == marks
    assert not any(rows_of(suite.get(f"/v1/images/{base}")[2]).values())
    assert not any(rows_of(suite.get(f"/v1/images/{other}")[2]).values())


def test_inherited_labels_are_marked_when_the_base_came_later(make_suite, push, family):
    """At the next inspection."""
    labels = {"a.same": "1"}
    base_version = image(family.base_steps, "2026-01-01T00:00:00Z", labels=labels)
    base = push(family.name("base"), {"1.0": base_version})
    app = push(family.name("app"), {"latest": family.child("app", labels=labels)})
    suite = make_suite(MB_FRESH_SECONDS=1).start()
    assert not rows_of(suite.wait_status(app))["a.same"]
    suite.wait_status(base)
    wait_until(lambda: rows_of(suite.get(f"/v1/images/{app}")[2])["a.same"], 15, "the mark")


def test_an_unchanged_image_keeps_its_place_in_the_index(make_suite, push, family, redis, db):
    app = push(family.name("app"), {"latest": family.app})
    suite = make_suite(MB_FRESH_SECONDS=1).start()
    suite.wait_status(app)
    client = redis.client(db)
    keys = client.call("KEYS", "mb:1:idx:*")
    assert len(keys) > 5
    for key in keys:
        assert client.call("EXPIRE", key, "1000") == 1

    def is_renewed():
        suite.get(f"/v1/images/{app}")
        return all(client.call("TTL", key) > 1000 for key in keys)

    wait_until(is_renewed, 15, "longer lives")
