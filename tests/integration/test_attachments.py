"""What is attached to an image: attestations in its index, referrers, cosign's tags; how many
requests that takes, and that it never costs an image its facts."""

import base64
import json

import pytest

from stack.images import OCI_INDEX, OCI_MANIFEST, compact, sha256
from stack.processes import wait_until
from stack.shelf import SAMPLES, config, descriptor
from stack.webserver import Response

FOLDER = "buildkit/provenance-max-sbom"
SLSA = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


def referrer(number, artifact_type, **more):
    body = compact({"number": number})
    return descriptor(body, OCI_MANIFEST, artifactType=artifact_type, **more)


def referrers_answer(*referrers, link=None):
    headers = {"Content-Type": OCI_INDEX, **({"Link": link} if link else {})}
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(referrers)}
    return Response(200, headers, compact(body))


def fallback_tag(digest):
    return digest.replace(":", "-")


def requests(shelf, kind):
    """Paths of this repository and kind that were asked for, in order."""
    prefix = f"/v2/{shelf.name}/{kind}/"
    return [r.path[len(prefix) :] for r in shelf.registry.requests if r.path.startswith(prefix)]


def types(document):
    return [attachment["Type"] for attachment in document["Attachments"]]


def test_attestations_of_buildkit_are_told_apart(shelf):
    root = shelf.sample(FOLDER)
    index = json.loads(root)
    image = index["manifests"][0]["digest"]
    manifest = next((SAMPLES / FOLDER).glob("attestation-unknown-unknown-????????.json"))
    statements = json.loads(manifest.read_bytes())["layers"]
    document = shelf.inspect()
    assert [p["Digest"] for p in document["Platforms"]] == [image]
    assert document["Attachments"] == [
        {
            "Type": kind,
            "MediaType": "application/vnd.in-toto+json",
            "PredicateType": predicate,
            "Digest": statement["digest"],
            "Size": statement["size"],
            "Platform": "linux/amd64",
        }
        for kind, predicate, statement in zip(("sbom", "provenance"), (SPDX, SLSA), statements)
    ]
    _, _, version = shelf.suite.get(f"/v1/images/edge.local/{shelf.name}/version/{document['SHA']}")
    assert version["Attachments"] == document["Attachments"]


def test_every_platform_has_its_own(shelf):
    shelf.sample("buildkit/multi-platform")
    document = shelf.inspect()
    platforms = [p["Platform"] for p in document["Platforms"]]
    assert sorted(a["Platform"] for a in document["Attachments"]) == sorted(platforms)
    assert set(types(document)) == {"provenance"}


def attested_image(shelf, statement, kind=SLSA):
    """An index of one image, which no test has used, with an attestation. (index, image, the
    attestation manifest, statement); all bytes."""
    image = shelf.image(config_data=config(author=shelf.name))
    shelf.blob(statement)
    layer = descriptor(
        statement, "application/vnd.in-toto+json", annotations={"in-toto.io/predicate-type": kind}
    )
    attestation = shelf.image(
        config_data=config(platform="unknown/unknown", author=shelf.name), layers=[layer]
    )
    marks = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": sha256(image),
    }
    children = [
        shelf.child(image, "linux/amd64"),
        {**shelf.child(attestation, "unknown/unknown"), "annotations": marks},
    ]
    return shelf.index(children, "latest"), image, attestation


def statement_of(shelf, dockerfile=None):
    """As BuildKit writes it, version 1."""
    source = {"infos": [{"filename": "Dockerfile", "data": base64_of(dockerfile)}]}
    metadata = {"buildkit_metadata": {"source": source if dockerfile else {}}}
    uri = f"pkg:docker/{shelf.name}@1?platform=linux%2Famd64"
    material = {"uri": uri, "digest": {"sha256": "ab" * 32}}
    predicate = {
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {"configSource": {"path": "Dockerfile"}},
            "resolvedDependencies": [material],
        },
        "runDetails": {"metadata": metadata},
    }
    kind = "https://in-toto.io/Statement/v0.1"
    return compact({"_type": kind, "predicateType": SLSA, "predicate": predicate})


def base64_of(text):
    return base64.b64encode((text or "").encode()).decode()


def test_what_a_look_costs(shelf):
    """Beside the image's own requests: one for referrers, one for each attestation manifest, one
    for the provenance; a second look at the same digests is one for referrers."""
    statement = statement_of(shelf)
    index, image, attestation = attested_image(shelf, statement)
    first = shelf.inspect()
    gets = [r.path for r in shelf.registry.requests if r.method == "GET"]
    manifests = [p.rsplit("/", 1)[1] for p in gets if f"/{shelf.name}/manifests/" in p]
    assert sorted(manifests) == sorted(["latest", sha256(image), sha256(attestation)])
    assert requests(shelf, "referrers") == [sha256(index)]
    assert sorted(requests(shelf, "blobs")) == sorted(
        [json.loads(image)["config"]["digest"], sha256(statement)]
    )
    shelf.image("another")

    def is_again():
        again = shelf.inspect()
        return len(again["Versions"]) == 2 and again

    second = wait_until(is_again, 20, "the second look")
    assert second["Attachments"] == first["Attachments"]
    known = [sha256(body) for body in (index, image, attestation)]
    assert [requests(shelf, "manifests").count(digest) for digest in known] == [0, 1, 1]
    assert requests(shelf, "blobs").count(sha256(statement)) == 1


def kept_provenance(shelf, redis, db, digest):
    with redis.client(db) as client:
        text = client.call("HGET", f"mb:1:ver:{digest}", "provenance")
    return text and json.loads(text)


def test_provenance_is_kept_under_the_index_that_claims_it(shelf, redis, module_db):
    """Another repository may attach whatever it likes to an image that is not its own."""
    index, image, _ = attested_image(shelf, statement_of(shelf, "FROM scratch\nCOPY a /\n"))
    shelf.inspect()
    kept = kept_provenance(shelf, redis, module_db, sha256(index))
    assert kept["Image"] == sha256(image)
    assert kept["Materials"][0]["Digest"] == "sha256:" + "ab" * 32
    assert kept["Dockerfile"] == "FROM scratch\nCOPY a /\n"
    assert kept_provenance(shelf, redis, module_db, sha256(image)) is None
    document = f"mb:1:doc:edge.local/{shelf.name}"
    field = f"d:{sha256(index)} {sha256(image)}"
    with redis.client(module_db) as client:
        assert client.call("HEXISTS", document, field) == 1


@pytest.mark.parametrize(
    "statement",
    [b"", b"{}", b"null", b"not JSON", b'{"_type":"x"}', b"[" * 100000, b" " * (4 << 20) + b"{}"],
    ids=["empty", "object", "null", "text", "no-predicate", "deep", "too-large"],
)
def test_provenance_that_is_none_is_left_out(shelf, redis, module_db, statement):
    index, _, _ = attested_image(shelf, statement)
    assert types(shelf.inspect()) == ["provenance"]
    assert kept_provenance(shelf, redis, module_db, sha256(index)) is None


def test_referrers_of_all_pages(shelf):
    digest = sha256(shelf.image("latest"))
    path = shelf.path("referrers", digest)
    second = f"{path}?page=2"

    def answer(request):
        if request.query.get("page"):
            return referrers_answer(referrer(2, "application/spdx+json"))
        first = referrer(1, SIGNATURE, annotations={"a": "b"})
        return referrers_answer(first, link=f'<{second}>; rel="next"')

    shelf.registry.on(path, answer)
    document = shelf.inspect()
    assert types(document) == ["signature", "sbom"]
    one = document["Attachments"][0]
    assert one["ArtifactType"] == SIGNATURE and one["Digest"] == sha256(compact({"number": 1}))
    assert len(requests(shelf, "referrers")) == 2


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/elsewhere", None], ids=["origin", "circle"])
def test_links_of_referrers_end(shelf, link):
    digest = sha256(shelf.image("latest"))
    path = shelf.path("referrers", digest)
    link = f'<{link or path}>; rel="next"'
    shelf.registry.on(path, referrers_answer(referrer(1, SIGNATURE), link=link))
    assert set(types(shelf.inspect())) == {"signature"}
    assert len(requests(shelf, "referrers")) <= 8


def test_the_tag_stands_in_where_there_is_no_api(shelf):
    digest = sha256(shelf.image("latest"))
    tag = fallback_tag(digest)
    body = shelf.index([referrer(1, "application/vnd.cncf.notary.signature")], tag)
    document = shelf.inspect()
    assert types(document) == ["signature"]
    assert [tag["tag"] for version in document["Versions"] for tag in version["Tags"]] == ["latest"]
    assert requests(shelf, "manifests").count(tag) == 1
    assert sha256(body) not in [version["Digest"] for version in document["Versions"]]


def test_without_api_and_tag_nothing_more_is_asked(shelf):
    digest = sha256(shelf.image("latest"))
    assert shelf.inspect()["Attachments"] == []
    assert requests(shelf, "referrers") == [digest]
    assert set(requests(shelf, "manifests")) <= {"latest", digest}


def test_tags_of_cosign_are_no_versions(shelf):
    """Not counted, not asked for, and never the latest, though they are the newest."""
    digest = sha256(shelf.image("1.0", config_data=config("2024-01-01T00:00:00Z")))
    other = fallback_tag(sha256(b"another image"))
    names = [fallback_tag(digest) + end for end in (".sig", ".att", ".sbom")] + [other + ".sig"]
    shelf.image(*names, config_data=config("2026-01-01T00:00:00Z"))
    document = shelf.inspect()
    assert len(document["Versions"]) == 1 and document["LatestVersion"] == "1.0"
    assert [(a["Type"], a["Tag"]) for a in document["Attachments"]] == [
        ("signature", names[0]),
        ("attestation", names[1]),
        ("sbom", names[2]),
    ]
    assert not set(requests(shelf, "manifests")) & set(names)


@pytest.mark.parametrize(
    "answer",
    [
        Response(500),
        Response(401),
        Response(200, {"Content-Type": "text/html"}, b"<html>"),
        Response(200, {"Content-Type": OCI_INDEX}, b"{}"),
        Response(200, {"Content-Type": OCI_INDEX}, b'{"manifests":[{"digest":"x"}]}'),
        Response(302, {"Location": "http://10.0.0.1/"}),
    ],
    ids=["500", "401", "html", "no-index", "bad-digest", "private-address"],
)
def test_referrers_never_fail_an_image(shelf, answer):
    digest = sha256(shelf.image("latest"))
    shelf.registry.on(shelf.path("referrers", digest), answer)
    document = shelf.inspect()
    assert document["Attachments"] == [] and document["DownloadSize"] == 100


def test_attestations_that_are_gone_never_fail_an_image(shelf):
    _, _, attestation = attested_image(shelf, statement_of(shelf))
    shelf.registry.on(shelf.path("manifests", sha256(attestation)), Response(404))
    document = shelf.inspect()
    assert types(document) == ["attestation"]
    assert document["Attachments"][0]["Digest"] == sha256(attestation)
