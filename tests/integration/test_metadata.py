"""Labels, annotations and config fields on their way into one sheet, licenses and version control."""

import json

import pytest

from stack.images import Repository, buildkit, image, index, layer
from stack.samples import HOST, LABELS

OCI = "org.opencontainers.image."
SCHEMA = "org.label-schema."
CREATED = "2026-03-01T12:00:00Z"
COMMIT = "9f2c1ab77d03"
MIT = {"Code": "MIT", "URL": "https://spdx.org/licenses/MIT.html"}


def steps():
    return [buildkit("COPY x /", layer({"x": b"x"})), buildkit('CMD ["x"]')]


def row(key, value, source, meaning=None, others=(), conflict=False):
    made = {"Key": key, "Value": value, "Source": source}
    if meaning:
        made["Meaning"] = meaning
    if others:
        made["Others"] = [row(*other) for other in others]
    if conflict:
        made["Conflict"] = True
    return made


def annotated():
    """Both families of labels and annotations in all three places; two platforms."""
    labels = {
        OCI + "licenses": "apache-2.0",
        SCHEMA + "license": "Apache-2.0",
        OCI + "title": "labels",
        SCHEMA + "name": "older name",
        SCHEMA + "vcs-url": "git@github.com:example/annotated.git",
        "maintainer": "Ann Example",
        "com.example.html": "<script>alert(1)</script>",
    }
    amd64 = image(
        steps(),
        CREATED,
        "Bob Example",
        labels=labels,
        annotations={OCI + "title": "labels", OCI + "created": "2026-03-01T10:00:00+00:00"},
    )
    arm64 = image(steps(), CREATED, platform="linux/arm64")
    version = index(
        [amd64, arm64],
        annotations={
            OCI + "title": "the whole",
            OCI + "source": "https://github.com/example/annotated",
            OCI + "revision": COMMIT,
            OCI + "licenses": "mit",
        },
        of_children={
            "linux/amd64": {"com.example.entry": "amd64"},
            "linux/arm64": {"com.example.entry": "arm64", OCI + "title": "the entry"},
        },
    )
    return Repository("sheet/annotated", {"latest": version})


AMD64_ROWS = [
    row(
        "maintainer",
        "Ann Example",
        "label",
        "authors",
        [("author", "Bob Example", "config")],
        True,
    ),
    row(
        OCI + "created",
        "2026-03-01T10:00:00+00:00",
        "manifest",
        "created",
        [("created", "2026-03-01T12:00:00Z", "config")],
    ),
    row(
        OCI + "licenses",
        "apache-2.0",
        "label",
        "licenses",
        [(SCHEMA + "license", "Apache-2.0", "label"), (OCI + "licenses", "mit", "index")],
        True,
    ),
    row(OCI + "revision", COMMIT, "index", "revision"),
    row(
        SCHEMA + "vcs-url",
        "git@github.com:example/annotated.git",
        "label",
        "source",
        [(OCI + "source", "https://github.com/example/annotated", "index")],
    ),
    row(
        OCI + "title",
        "labels",
        "label",
        "title",
        [
            (SCHEMA + "name", "older name", "label"),
            (OCI + "title", "labels", "manifest"),
            (OCI + "title", "the whole", "index"),
        ],
        True,
    ),
    row("com.example.entry", "amd64", "descriptor"),
    row("com.example.html", "<script>alert(1)</script>", "label"),
]
ARM64_ROWS = [
    row("created", "2026-03-01T12:00:00Z", "config", "created"),
    row(OCI + "licenses", "mit", "index", "licenses"),
    row(OCI + "revision", COMMIT, "index", "revision"),
    row(OCI + "source", "https://github.com/example/annotated", "index", "source"),
    row(
        OCI + "title",
        "the entry",
        "descriptor",
        "title",
        [(OCI + "title", "the whole", "index")],
        True,
    ),
    row("com.example.entry", "arm64", "descriptor"),
]
CONTROL = {
    "Type": "git",
    "URL": f"https://github.com/example/annotated/tree/{COMMIT}",
    "Commit": COMMIT,
}


def get_body(suite, path):
    status, _, body = suite.get(path)
    assert status == 200
    return body


@pytest.fixture
def plain_suite(make_suite):
    return make_suite().start()


def test_the_sheet_of_an_index(plain_suite, registry):
    registry.push(annotated())
    name = f"{HOST}/sheet/annotated"
    sha = plain_suite.wait_status(name)["Id"]
    for platform, rows in (("linux/amd64", AMD64_ROWS), ("linux/arm64", ARM64_ROWS)):
        top = get_body(plain_suite, f"/v1/images/{name}?platform={platform}")
        assert top["Metadata"] == rows
        version = get_body(plain_suite, f"/v1/images/{name}/version/{sha}?platform={platform}")
        assert version["Metadata"] == rows


def test_licenses_and_version_control_of_an_index(plain_suite, registry):
    registry.push(annotated())
    name = f"{HOST}/sheet/annotated"
    document = plain_suite.wait_status(name)
    apache = {"Code": "Apache-2.0", "URL": "https://spdx.org/licenses/Apache-2.0.html"}
    assert document["Versions"][0]["License"] == document["License"] == apache
    assert document["Versions"][0]["VersionControl"] == document["VersionControl"] == CONTROL
    for path in (
        f"{name}?platform=linux/arm64",
        f"{name}/version/{document['Id']}?platform=linux/arm64",
    ):
        arm64 = get_body(plain_suite, f"/v1/images/{path}")
        assert arm64["License"] == MIT
        assert arm64["VersionControl"] == CONTROL


def test_an_image_without_an_index(plain_suite, registry):
    name = f"{HOST}/demo/labels"
    document = plain_suite.wait_status(name)
    version = get_body(plain_suite, f"/v1/images/{name}/version/{document['Id']}")
    rows = {row["Key"]: row for row in version["Metadata"]}
    assert version["Metadata"] == document["Metadata"]
    shown = {(row["Key"], row["Value"]) for row in rows.values()}
    others = {(o["Key"], o["Value"]) for row in rows.values() for o in row.get("Others", [])}
    assert set(LABELS.items()) <= shown | others
    assert rows[OCI + "licenses"]["Others"] == [row(SCHEMA + "license", "Apache-2.0", "label")]
    conflicts = [key for key, row in rows.items() if "Conflict" in row]
    assert conflicts == ["maintainer"]  # the config's author is written in another way


def foreign(label_text):
    """The config's bytes with its labels replaced by what no builder should write."""
    return lambda data: data.replace(b'"Labels":{"x":"x"}', b'"Labels":' + label_text)


HOSTILE = [
    ("null", b"null", {}, []),
    ("empty", b"{}", {}, []),
    ("list", b'["a"]', {}, []),
    (
        "scalars",
        b'{"a":1,"b":null,"c":{"d":"e"},"f":true,"g":["h"]}',
        {"a": "1", "f": "true"},
        [row("a", "1", "label"), row("f", "true", "label")],
    ),
    ("duplicates", b'{"a":"1","a":"2"}', {"a": "2"}, [row("a", "2", "label")]),
    ("bad-utf8", b'{"a":"\xff\xe2\x82"}', {"a": "\ufffd" * 3}, [row("a", "\ufffd" * 3, "label")]),
    ("surrogate", b'{"a":"x\\ud800y"}', {"a": "x\ufffdy"}, [row("a", "x\ufffdy", "label")]),
    ("nul", b'{"a":"x\\u0000y"}', {"a": "xy"}, [row("a", "xy", "label")]),
]


@pytest.mark.parametrize("kind,text,labels,rows", HOSTILE, ids=[case[0] for case in HOSTILE])
def test_labels_that_no_builder_should_write(plain_suite, registry, kind, text, labels, rows):
    version = image(steps(), "", labels={"x": "x"}, edit=foreign(text))
    registry.push(Repository(f"sheet/{kind}", {"latest": version}))
    document = plain_suite.wait_status(f"{HOST}/sheet/{kind}")
    assert document.get("Labels", {}) == labels
    assert document["Metadata"] == rows


def test_a_label_of_a_megabyte_is_cut(plain_suite, registry):
    labels = {"big": "\u20ac" * 350_000, "small": "kept"}
    version = image(steps(), "", labels=labels)
    registry.push(Repository("sheet/big", {"latest": version}))
    document = plain_suite.wait_status(f"{HOST}/sheet/big")
    assert document["Labels"] == {"big": "\u20ac" * (65536 // 3), "small": "kept"}
    big, small = document["Metadata"]
    assert big == {**row("big", "\u20ac" * (4096 // 3), "label"), "Truncated": True}
    assert small == row("small", "kept", "label")


def test_addresses_that_are_none_lead_nowhere(plain_suite, registry):
    labels = {
        OCI + "source": "javascript://github.com/%0aalert(1)",
        OCI + "revision": COMMIT,
        OCI + "licenses": "javascript:alert(1)",
    }
    registry.push(Repository("sheet/script", {"latest": image(steps(), "", labels=labels)}))
    document = plain_suite.wait_status(f"{HOST}/sheet/script")
    assert "VersionControl" not in document
    assert "VersionControl" not in document["Versions"][0]
    assert document["License"] == {"Code": "javascript:alert(1)"}


def test_all_sheets_together_are_bounded(plain_suite, registry):
    """Many rows with long keys; what has no room loses its sheet and nothing else."""
    filler = {f"{number:03}.{'k' * 240}": "v" for number in range(900)}
    children = [
        image(steps(), "", platform=f"linux/p{number}", labels={**filler, "n": str(number)})
        for number in range(40)
    ]
    registry.push(Repository("sheet/many", {"latest": index(children)}))
    document = plain_suite.wait_status(f"{HOST}/sheet/many", seconds=60)
    assert len(document["Platforms"]) == len(children)
    sheets = []
    for child in children:
        path = f"/v1/images/{HOST}/sheet/many/version/{child.digest}"
        shown = get_body(plain_suite, path)
        assert shown["Labels"] == child.labels
        sheets.append(shown.get("Metadata"))
    assert sheets[0] == [row(key, value, "label") for key, value in children[0].labels.items()]
    shown_count = len([sheet for sheet in sheets if sheet])
    assert 0 < shown_count < len(sheets)
    assert not any(sheets[shown_count:])
    assert len(json.dumps(sheets)) < 9 << 20
