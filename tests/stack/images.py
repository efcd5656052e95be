"""Container images made in Python: real gzip layers, configs, manifests and indexes, the same bytes
each time, with what is true of them kept beside (Version); and pushing them to a registry."""

import gzip
import hashlib
import http.client
import io
import json
import tarfile
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .processes import StackError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

PUSH_CONNECTIONS = 4


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True)
class Blob:
    data: bytes
    digest: str
    diff_id: str = ""  # of a layer: the digest of the tar itself

    @classmethod
    def of(cls, data, diff_id=""):
        return cls(data, sha256(data), diff_id)


def layer(files):
    """A gzip tar of {path: bytes}, a path with a slash at its end a directory; root's, mtime 0."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            info.mode = 0o755 if path.endswith("/") else 0o644
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return Blob.of(gzip.compress(out.getvalue(), mtime=0), sha256(out.getvalue()))


@dataclass(frozen=True)
class Step:
    """One history entry. `layer` None: an empty step. `command` is what should be shown for it."""

    created_by: str
    command: str
    layer: Blob | None = None
    comment: str = ""


def classic(instruction, blob=None):
    """As the classic builder writes metadata, COPY and ADD: `/bin/sh -c #(nop)  CMD ["sh"]`."""
    space = " " if blob is None else ""
    return Step(f"/bin/sh -c #(nop) {space}{instruction}", instruction, blob)


def classic_run(command, blob):
    return Step(f"/bin/sh -c {command}", f"RUN {command}", blob)


def buildkit(instruction, blob=None):
    """As BuildKit writes it: ` # buildkit` ends RUN, COPY and ADD only."""
    tail = " # buildkit" if instruction.split()[0] in ("COPY", "ADD") else ""
    return Step(instruction + tail, instruction, blob, "buildkit.dockerfile.v0")


def buildkit_run(command, blob):
    created_by = f"RUN /bin/sh -c {command} # buildkit"
    return Step(created_by, f"RUN {command}", blob, "buildkit.dockerfile.v0")


@dataclass
class LayerFact:
    """What an answer's Layers should say; digest "" and size 0 for an empty step."""

    digest: str
    size: int  # of the blob, also where the blob is a repeated one
    command: str
    created_by: str
    diff_id: str = ""


@dataclass
class Version:
    """A manifest or an index with the facts about it."""

    media_type: str
    data: bytes
    digest: str
    created: str = ""
    author: str = ""
    platform: str = ""  # "linux/arm/v7"; "" of an index
    labels: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)  # LayerFact, base first
    children: list = field(default_factory=list)  # Version, of an index
    blobs: list = field(default_factory=list)  # Blob: config and layers
    attested: str = ""  # of an attestation: the digest that it speaks of

    @property
    def is_index(self):
        return self.media_type in (OCI_INDEX, DOCKER_LIST)

    @property
    def platforms(self):
        """{platform: Version} without attestations; of an image, itself."""
        images = self.children if self.is_index else [self]
        return {child.platform: child for child in images if child.platform != "unknown/unknown"}

    @property
    def download_size(self):
        """The sum of the distinct layers."""
        return sum({fact.digest: fact.size for fact in self.layers}.values())


def _platform_object(platform):
    names = ("os", "architecture", "variant")
    return dict(zip(names, platform.split("/")))


def _descriptor(media_type, blob, **more):
    return {"mediaType": media_type, "size": len(blob.data), "digest": blob.digest, **more}


def _config(steps, created, author, platform, labels, run):
    history = []
    for step in steps:
        entry = {"created": created, "created_by": step.created_by}
        if step.comment:
            entry["comment"] = step.comment
        if step.layer is None:
            entry["empty_layer"] = True
        history.append(entry)
    config = {**_platform_object(platform), "created": created}
    if author:
        config["author"] = author
    config["config"] = {"Env": ["PATH=/usr/bin:/bin"], **run}
    if labels:
        config["config"]["Labels"] = labels
    diff_ids = [step.layer.diff_id for step in steps if step.layer]
    config["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    config["history"] = history
    return config


def image(
    steps,
    created,
    author="",
    platform="linux/amd64",
    labels=None,
    docker=False,
    run=None,
    annotations=None,
    edit=None,
):
    """An image manifest: Docker schema2 if docker, else OCI. run joins the config's `config`; edit
    makes other bytes of the config's, such as no JSON library would write."""
    data = compact(_config(steps, created, author, platform, labels, run or {}))
    config = Blob.of(edit(data) if edit else data)
    types = (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER)
    types = types if docker else (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER)
    blobs = [step.layer for step in steps if step.layer]
    manifest = {
        "schemaVersion": 2,
        "mediaType": types[0],
        "config": _descriptor(types[1], config),
        "layers": [_descriptor(types[2], blob) for blob in blobs],
    }
    if annotations:
        manifest["annotations"] = annotations
    data = compact(manifest)
    facts = []
    for step in steps:
        blob = step.layer
        digest, size, diff_id = (blob.digest, len(blob.data), blob.diff_id) if blob else ("", 0, "")
        facts.append(LayerFact(digest, size, step.command, step.created_by, diff_id))
    version = Version(types[0], data, sha256(data), created, author, platform, labels or {}, facts)
    version.blobs = [config, *blobs]
    return version


def attestation(subject, created, **more):
    """An attestation as BuildKit adds it for the manifest `subject`, with its index entry. more
    joins the statement's members."""
    kind = "https://in-toto.io/Statement/v0.1"
    statement = Blob.of(compact({"_type": kind, "subject": [subject.digest], **more}))
    config = {"architecture": "unknown", "os": "unknown", "config": {}, "created": created}
    config["rootfs"] = {"type": "layers", "diff_ids": [statement.digest]}
    config_blob = Blob.of(compact(config))
    predicate = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
    data = compact(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(OCI_CONFIG, config_blob),
            "layers": [
                _descriptor("application/vnd.in-toto+json", statement, annotations=predicate)
            ],
        }
    )
    version = Version(OCI_MANIFEST, data, sha256(data), created, platform="unknown/unknown")
    version.blobs = [config_blob, statement]
    version.attested = subject.digest
    return version


def index(children, docker=False, annotations=None, of_children=None):
    """An OCI index, or a Docker manifest list, of these in this order. of_children: annotations of
    entries, by platform."""
    entries = []
    for child in children:
        entry = {"mediaType": child.media_type, "size": len(child.data), "digest": child.digest}
        entry["platform"] = _platform_object(child.platform)
        if child.attested:
            entry["annotations"] = {
                "vnd.docker.reference.digest": child.attested,
                "vnd.docker.reference.type": "attestation-manifest",
            }
        elif child.platform in (of_children or {}):
            entry["annotations"] = of_children[child.platform]
        entries.append(entry)
    media_type = DOCKER_LIST if docker else OCI_INDEX
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    if annotations:
        document["annotations"] = annotations
    data = compact(document)
    return Version(media_type, data, sha256(data), children=list(children))


@dataclass
class Repository:
    """name is the path in the registry; tags in the order they were pushed."""

    name: str
    tags: dict  # tag -> Version

    @property
    def versions(self):
        """{digest: Version} of what tags point to."""
        return {version.digest: version for version in self.tags.values()}

    def tags_of(self, digest):
        return sorted(tag for tag, version in self.tags.items() if version.digest == digest)


class _Pusher:
    """One keep-alive connection to a registry."""

    def __init__(self, base_url, authorization):
        url = urllib.parse.urlsplit(base_url)
        self._connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self._headers = {"Authorization": authorization} if authorization else {}

    def _send(self, method, target, body=b"", media_type="application/octet-stream"):
        headers = {**self._headers, "Content-Type": media_type, "Content-Length": str(len(body))}
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (201, 202):
            raise StackError(f"{method} {target}: {answer.status} {text[:300]!r}")
        return answer

    def push_blob(self, repository, blob):
        location = self._send("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        url = urllib.parse.urlsplit(location)
        digest = urllib.parse.quote(blob.digest, safe="")
        self._send("PUT", f"{url.path}?{url.query}&digest={digest}", blob.data)

    def push_version(self, repository, version, reference):
        target = f"/v2/{repository}/manifests/{reference}"
        self._send("PUT", target, version.data, version.media_type)


def _push_repository(repository, base_url, authorization):
    pusher = _Pusher(base_url, authorization)
    images = [image for version in repository.versions.values() for image in _images(version)]
    blobs = {blob.digest: blob for image in images for blob in image.blobs}
    for blob in blobs.values():
        pusher.push_blob(repository.name, blob)
    for version in repository.versions.values():
        for child in version.children:
            pusher.push_version(repository.name, child, child.digest)
    for tag, version in repository.tags.items():
        pusher.push_version(repository.name, version, tag)


def _images(version):
    return version.children if version.is_index else [version]


def push(repositories, base_url, tokens=None):
    """Pushes them all; tokens (TokenServer) where the registry asks for them."""
    names = [repository.name for repository in repositories]
    authorization = tokens.push_header(names) if tokens else None
    with ThreadPoolExecutor(PUSH_CONNECTIONS) as pool:
        jobs = [pool.submit(_push_repository, r, base_url, authorization) for r in repositories]
        for job in jobs:
            job.result()
