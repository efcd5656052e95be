"""Clients written for MicroBadger's v1 API read ours unchanged: each test asks as one of them did and
reads the same fields the same way, from an image that the programs inspected. What each
reads is written down here from its documentation; the clients themselves do not run."""

import http.client
import re
import xml.etree.ElementTree as ElementTree

import pytest

from stack import images

NAME = "oldapp"
OTHER = "oldorg/oldtool"
VUE_ORIGIN = "https://site.example.org"
BADGE_BUDGET_SECONDS = 3  # what badge services wait for
LABELS = {
    "org.label-schema.vcs-ref": "9f2c1ab77d03aa5e2f8c7b1d3e4f5a6b7c8d9e0f",
    "org.label-schema.vcs-url": "git@github.com:example/oldapp.git",
    "org.label-schema.license": "Apache-2.0",
    "com.microscaling.is-scalable": "true",
    "com.microscaling.priority": "1",
    "com.microscaling.max-delta": "2",
    "com.microscaling.min-containers": "3",
    "com.microscaling.max-containers": "10",
}


def repository(name):
    """Two versions: one with all that v1 knew, one with as little as there can be."""
    old_steps = [images.classic_run("make", images.layer({"a": b"old"}))]
    steps = [
        images.classic_run("make", images.layer({"a": name.encode() * 900})),
        images.classic('CMD ["a"]'),
        images.classic_run("make more", images.layer({"b": name.encode() * 9})),
    ]
    old = images.image(old_steps, "2025-01-01T00:00:00Z", docker=True)
    new = images.image(steps, "2026-02-14T10:15:30Z", "Ann Example", labels=LABELS, docker=True)
    tags = {"3.9": old, "3.10": new, "3.10.3": new, "latest": new}
    return images.Repository(name, tags)


class World:
    def __init__(self, suite):
        self.suite = suite
        self.official = repository(f"library/{NAME}")
        self.other = repository(OTHER)

    def json(self, path, headers=None, status=200, timeout=30):
        """The body of an answer as a client without content negotiation parses it."""
        found, answer_headers, body = self.suite.get(path, headers, timeout)
        assert found == status
        assert answer_headers["Content-Type"] == "application/json"
        return body


@pytest.fixture
def world(make_suite, registry, hub):
    """An official image and another one, both inspected; Docker Hub knows only the first."""
    world = World(make_suite())
    registry.push(world.official, world.other)
    hub.add("library", NAME)
    world.suite.start()
    for name in (NAME, OTHER):
        world.suite.wait_status(name)
    return world


# v1's shape: (type, is it left out where empty). What v1 did not have may be there besides.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
HEX = re.compile(r"[0-9a-f]{64}")


def is_time(value):
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def is_sha(value):
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_labels(value):
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def list_of(schema):
    return lambda value: isinstance(value, list) and all(check(item, schema) for item in value)


def an(schema):
    return lambda value: isinstance(value, dict) and check(value, schema)


ALWAYS, OMITTED = False, True
TAG = {"tag": (lambda value: is_text(value) and value == value.lower() != "", ALWAYS)}
LAYER = {
    "BlobSum": (is_text, ALWAYS),
    "Command": (is_text, ALWAYS),
    "DownloadSize": (is_number, ALWAYS),
}
LICENSE = {"Code": (is_text, ALWAYS), "URL": (is_text, OMITTED)}
VERSION_CONTROL = {"Type": (is_text, ALWAYS), "URL": (is_text, ALWAYS), "Commit": (is_text, ALWAYS)}
VERSION = {
    "SHA": (is_sha, ALWAYS),
    "Tags": (list_of(TAG), ALWAYS),
    "ImageName": (is_text, ALWAYS),
    "Author": (is_text, ALWAYS),
    "Labels": (is_labels, OMITTED),
    "LayerCount": (is_number, ALWAYS),
    "DownloadSize": (is_number, ALWAYS),
    "Created": (is_time, ALWAYS),
    "Layers": (list_of(LAYER), OMITTED),
    "MicrobadgerURL": (is_text, OMITTED),
    "License": (an(LICENSE), OMITTED),
    "VersionControl": (an(VERSION_CONTROL), OMITTED),
}
VERSION["Parents"] = VERSION["Identical"] = (list_of(VERSION), OMITTED)
IMAGE = {
    "LatestSHA": (is_sha, ALWAYS),
    "UpdatedAt": (is_time, ALWAYS),
    "Description": (is_text, OMITTED),
    "LastUpdated": (is_time, ALWAYS),
    "PullCount": (is_number, ALWAYS),
    "StarCount": (is_number, ALWAYS),
    "Versions": (list_of(VERSION), OMITTED),
    "Id": (is_sha, OMITTED),
    "ImageName": (is_text, OMITTED),
    "ImageURL": (is_text, OMITTED),
    "Author": (is_text, OMITTED),
    "LayerCount": (is_number, OMITTED),
    "DownloadSize": (is_number, OMITTED),
    "Labels": (is_labels, OMITTED),
    "LatestVersion": (is_text, OMITTED),
}


def check(value, schema):
    for key, (is_right, is_omitted) in schema.items():
        if key not in value:
            assert is_omitted, f"{key} is missing"
            continue
        assert is_right(value[key]), f"{key}: {value[key]!r}"
        assert value[key] or not is_omitted, f"{key} is there, though empty"
    return True


def test_image_has_v1_keys_types_and_omissions(world):
    document = world.json(f"/v1/images/{NAME}")
    check(document, IMAGE)
    assert set(IMAGE) <= set(document), "this one has everything"
    assert "WebhookURL" not in document, "v1 showed its secret to everybody"
    assert document["ImageName"] == NAME
    assert document["ImageURL"] == f"https://hub.docker.com/r/library/{NAME}/"
    new, old = document["Versions"]
    assert new["License"]["Code"] == "Apache-2.0"
    assert new["VersionControl"]["Commit"] == LABELS["org.label-schema.vcs-ref"]
    assert not {"Layers", "Parents", "Identical"} & (set(new) | set(old))
    assert not {"Labels", "License", "VersionControl"} & set(old)
    assert old["Author"] == ""
    assert [set(tag) for tag in new["Tags"] + old["Tags"]] == [{"tag"}] * 4


def test_image_without_much_leaves_out_what_v1_left_out(world):
    document = world.json(f"/v1/images/{OTHER}:3.9")
    check(document, IMAGE)
    assert not {"Description", "Author", "Labels"} & set(document)
    assert (document["PullCount"], document["StarCount"]) == (0, 0)
    assert document["LastUpdated"] == "0001-01-01T00:00:00Z"


def test_version_has_v1_keys_types_and_omissions(world):
    for version in world.json(f"/v1/images/{NAME}")["Versions"]:
        answer = world.json(f"/v1/images/{NAME}/version/{version['SHA']}")
        check(answer, VERSION)
        assert answer["SHA"] == version["SHA"]
        assert len(answer["Layers"]) == answer["LayerCount"] == version["LayerCount"]
        assert sorted(tag["tag"] for tag in answer["Tags"]) == sorted(
            tag["tag"] for tag in version["Tags"]
        )


def test_short_answer_has_what_v1s_had(make_suite):
    suite = make_suite().start(["api"])
    status, _, body = suite.get(f"/v1/images/{NAME}")
    assert status == 202
    later = ("Versions", "Id", "LayerCount", "DownloadSize", "Labels", "ImageURL", "LatestVersion")
    assert body["ImageName"] == NAME
    assert not set(later) & set(body)


# shields: services/microbadger, as Joi validated it


class InvalidResponse(Exception):
    """What shields drew as "invalid response data"."""


def shields_validate(document):
    if not is_number(document.get("LayerCount")) or not isinstance(document.get("Versions"), list):
        raise InvalidResponse
    for item in (document, *document["Versions"]):
        if "DownloadSize" in item and not is_number(item["DownloadSize"]):
            raise InvalidResponse
    for version in document["Versions"]:
        tags = version.get("Tags")
        if not isinstance(tags, list) or not all(is_text(tag.get("tag")) for tag in tags):
            raise InvalidResponse
        if not is_number(version.get("LayerCount")):
            raise InvalidResponse
    return document


def shields_fetch(suite, user, name):
    """The document, or the word that the badge showed."""
    user = "library" if user == "_" else user
    headers = {"Accept": "application/json", "User-Agent": "Shields.io"}
    path = f"/v1/images/{user}/{name}"
    status, _, body = suite.get(path, headers, timeout=BADGE_BUDGET_SECONDS)
    if status == 404:
        return "not found"
    if status != 200 and status != 202:
        return "inaccessible"
    return shields_validate(body)


def shields_of_tag(document, tag):
    """The member of Versions that carries the tag."""
    for version in document["Versions"]:
        if any(entry["tag"] == tag for entry in version["Tags"]):
            return version
    return None


def test_shields_image_size(world):
    document = shields_fetch(world.suite, "_", NAME)
    assert document["DownloadSize"] == world.official.tags["latest"].download_size
    for tag, version in world.official.tags.items():
        assert shields_of_tag(document, tag)["DownloadSize"] == version.download_size
    assert shields_of_tag(document, "none") is None
    document = shields_fetch(world.suite, *OTHER.split("/"))
    assert document["DownloadSize"] == world.other.tags["latest"].download_size


def test_shields_layers(world):
    document = shields_fetch(world.suite, "_", NAME)
    assert document["LayerCount"] == 3
    assert shields_of_tag(document, "3.9")["LayerCount"] == 1
    document = shields_fetch(world.suite, "_", f"{NAME}:3.9")
    assert document["LayerCount"] == 1


def test_shields_version(world):
    for tag in ("", ":latest", ":3.10"):
        document = shields_fetch(world.suite, "_", NAME + tag)
        assert document["LatestVersion"] == "3.10.3"


def test_shields_words_for_what_is_not_there(world):
    assert world.suite.get("/v1/images/nobody/nothing?wait=20")[0] == 404
    assert shields_fetch(world.suite, "nobody", "nothing") == "not found"
    assert shields_fetch(world.suite, "_", f"{NAME}:none") == "not found"


def test_shields_cannot_read_a_short_answer(make_suite):
    suite = make_suite().start(["api"])
    with pytest.raises(InvalidResponse):
        shields_fetch(suite, "_", NAME)


def test_shields_dynamic_json_badge_reads_any_key(world):
    document = world.json(f"/v1/images/library/{NAME}")
    assert document["LastUpdated"] == "2026-06-21T05:14:48.231504Z"
    assert document["PullCount"] == 5_000_000_000


def test_badgen_gets_its_answer_within_its_budget(world):
    document = world.json(f"/v1/images/{NAME}", timeout=BADGE_BUDGET_SECONDS)
    assert document["ImageName"] == NAME


# Go programs: encoding/json finds keys without regard to case, refuses other types, takes null


class GoError(Exception):
    """What json.Unmarshal returned an error for."""


GO_ZERO = {"string": "", "int": 0, "int64": 0, "time": "0001-01-01T00:00:00Z"}


def go_value(kind, value):
    if isinstance(kind, dict):
        return go_decode(kind, value)
    if isinstance(kind, list):
        if value is not None and not isinstance(value, list):
            raise GoError(f"{value!r} is no array")
        return [go_value(kind[0], item) for item in value or []]
    if kind == "map[string]string":
        if value is not None and not is_labels(value):
            raise GoError(f"{value!r} is no map of strings")
        return dict(value or {})
    if value is None:
        return GO_ZERO[kind]
    if kind == "string" and not is_text(value):
        raise GoError(f"{value!r} is no string")
    if kind == "time" and not is_time(value):
        raise GoError(f"{value!r} is no time")
    if kind in ("int", "int64") and not (isinstance(value, int) and not isinstance(value, bool)):
        raise GoError(f"{value!r} is no int")
    return value


def go_decode(struct, document):
    """The struct's fields, zero where the document has nothing for them."""
    if not isinstance(document, dict):
        raise GoError(f"{document!r} is no object")
    decoded = {
        key: go_value(kind, None) if not isinstance(kind, dict) else {}
        for key, kind in struct.items()
    }
    for key, value in document.items():
        field = (
            key if key in struct else next((f for f in struct if f.lower() == key.lower()), None)
        )
        if field is not None:
            decoded[field] = go_value(struct[field], value)
    return decoded


GO_VERSION = {
    "SHA": "string",
    "Tags": [{"tag": "string", "SHA": "string"}],
    "ImageName": "string",
    "Author": "string",
    "Labels": "map[string]string",
    "LayerCount": "int",
    "DownloadSize": "int64",
    "Created": "time",
    "Layers": [{"BlobSum": "string", "Command": "string", "DownloadSize": "int64"}],
    "MicrobadgerURL": "string",
    "License": {"Code": "string", "URL": "string"},
    "VersionControl": {"Type": "string", "URL": "string", "Commit": "string"},
}
GO_IMAGE = {
    "LatestSHA": "string",
    "WebhookURL": "string",
    "UpdatedAt": "time",
    "Description": "string",
    "LastUpdated": "time",
    "PullCount": "int",
    "StarCount": "int",
    "Versions": [GO_VERSION],
    "Id": "string",
    "ImageName": "string",
    "ImageURL": "string",
    "Author": "string",
    "LayerCount": "int",
    "DownloadSize": "int64",
    "Labels": "map[string]string",
    "LatestVersion": "string",
}


def test_microbadgers_own_go_client_reads_labels(world):
    document = world.json(f"/v1/images/{NAME}", {"User-Agent": "Go-http-client/1.1"})
    labels = go_decode({"Labels": "map[string]string"}, document)["Labels"]
    prefix = "com.microscaling."
    settings = {key.removeprefix(prefix): labels[key] for key in labels if key.startswith(prefix)}
    assert settings == {
        "is-scalable": "true",
        "priority": "1",
        "max-delta": "2",
        "min-containers": "3",
        "max-containers": "10",
    }
    document = world.json(f"/v1/images/{OTHER}:3.9")
    assert go_decode({"Labels": "map[string]string"}, document)["Labels"] == {}


def test_another_go_wrapper_reads_labels_and_tags(world):
    document = go_decode(GO_IMAGE, world.json(f"/v1/images/{OTHER}"))
    assert document["Labels"] == LABELS
    tags = [tag["tag"] for version in document["Versions"] for tag in version["Tags"]]
    assert sorted(tags) == sorted(world.other.tags)


def test_nwn_bot_decodes_the_whole_image(world):
    headers = {"Accept": "application/vnd.api+json"}
    document = go_decode(GO_IMAGE, world.json(f"/v1/images/{OTHER}", headers))
    digest = world.other.tags["latest"].digest.removeprefix("sha256:")
    assert document["Id"] == document["LatestSHA"] == digest
    assert document["WebhookURL"] == ""
    assert document["Author"] == "Ann Example"
    assert document["DownloadSize"] == world.other.tags["latest"].download_size
    newest = document["Versions"][0]
    assert newest["Created"].startswith("2026-02-14T10:15:30")
    assert newest["VersionControl"]["Type"] == "git"
    version = world.json(f"/v1/images/{OTHER}/version/{document['LatestSHA']}", headers)
    layers = go_decode(GO_VERSION, version)["Layers"]
    assert [layer["Command"] for layer in layers] == ["RUN make", 'CMD ["a"]', "RUN make more"]


# Browsers and READMEs


def test_vue_site_asks_from_a_browser_with_a_trailing_slash(world):
    headers = {"Origin": VUE_ORIGIN, "Accept": "application/json, text/plain, */*"}
    status, answer_headers, body = world.suite.get(f"/v1/images/{OTHER}/", headers)
    assert status == 200, "and no redirect, which CORS would have to allow too"
    assert answer_headers["Access-Control-Allow-Origin"] == "*"
    assert body["ImageName"] == OTHER
    assert world.json(f"/v1/images/{OTHER}")["LatestSHA"] == body["LatestSHA"]
    status, answer_headers, _ = world.suite.get("/v1/images/UPPER/", headers)
    assert status == 400
    assert answer_headers["Access-Control-Allow-Origin"] == "*", "errors can be read, too"


def readme_picture(suite, target):
    connection = http.client.HTTPConnection("127.0.0.1", suite.port, timeout=20)
    connection.request("GET", target, headers={"Host": "images.microbadger.com"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    return [
        element.text for element in ElementTree.fromstring(body).iter() if "text" in element.tag
    ]


def test_readme_pictures(world):
    for name in (NAME, f"library/{NAME}", OTHER):
        texts = {
            kind: readme_picture(world.suite, f"/badges/{kind}/{name}.svg")[::2]
            for kind in ("image", "commit", "version", "license")
        }
        assert texts["image"][1] == "3 layers"
        assert texts["commit"] == ["commit", "9f2c1a…"]
        assert texts["version"] == ["version", "3.10.3"]
        assert texts["license"] == ["license", "Apache-2.0"]
        tagged = f"/badges/%s/{name}:3.9.svg"
        assert readme_picture(world.suite, tagged % "version")[::2] == ["version", "3.9"]
        assert readme_picture(world.suite, tagged % "license")[::2] == ["license", "not given"]
