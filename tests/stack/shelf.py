"""One repository of a FaultyRegistry, filled with bytes as they are: what docker-registry would
refuse, and what real builders wrote (tests/data/samples)."""

import json

from .images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, compact, sha256
from .suite import ROOT
from .webserver import Response

SAMPLES = ROOT / "tests/data/samples"


def descriptor(content, media_type, **more):
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content), **more}


def config(created="2026-01-02T03:04:05Z", platform="linux/amd64", **more):
    system, architecture, *variant = platform.split("/")
    value = {"os": system, "architecture": architecture, "created": created, **more}
    if variant:
        value["variant"] = variant[0]
    return compact(value)


class Shelf:
    """shelf.path(...) is what is asked for; every put answers with the digest."""

    def __init__(self, registry, name):
        self.registry = registry
        self.name = name
        self.tags = []
        self.list_tags()

    def path(self, kind, reference):
        return f"/v2/{self.name}/{kind}/{reference}"

    def list_tags(self, *more):
        """The tag list as it stands, with more that nothing was put under."""
        value = {"name": self.name, "tags": [*self.tags, *more]}
        self.registry.on(f"/v2/{self.name}/tags/list", Response.of_json(value))

    def blob(self, data, digest=None):
        digest = digest or sha256(data)
        self.registry.on(self.path("blobs", digest), Response(200, {}, data))
        return digest

    def manifest(self, data, *tags, media_type=OCI_MANIFEST, digest=None):
        digest = digest or sha256(data)
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        for reference in (digest, *tags):
            self.registry.on(self.path("manifests", reference), Response(200, headers, data))
        self.tags += tags
        self.list_tags()
        return digest

    def image(self, *tags, config_data=None, layers=None, **more):
        """An OCI image; layers are descriptors, one of 100 bytes by default. Its bytes."""
        data = config() if config_data is None else config_data
        self.blob(data)
        if layers is None:
            layers = [{"mediaType": OCI_LAYER, "digest": sha256(data + b"layer"), "size": 100}]
        value = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(data, OCI_CONFIG),
            "layers": layers,
            **more,
        }
        body = compact(value)
        self.manifest(body, *tags)
        return body

    def index(self, children, *tags, **more):
        """An OCI index of descriptors. Its bytes."""
        value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children, **more}
        body = compact(value)
        self.manifest(body, *tags, media_type=OCI_INDEX)
        return body

    def child(self, body, platform, **more):
        names = ("os", "architecture", "variant")
        own = dict(zip(names, platform.split("/")))
        return descriptor(body, OCI_MANIFEST, platform={**own, **more})

    def sample(self, folder, tag="latest"):
        """Everything of one real builder's output, the tag on what is outermost. Its bytes."""
        root = None
        for path in sorted((SAMPLES / folder).glob("*.json")):
            data = path.read_bytes()
            kind = path.name.split("-")[0]
            is_manifest = path.name.startswith(("manifest-", "index-")) or (
                kind == "attestation" and "config" not in path.name and "intoto" not in path.name
            )
            if not is_manifest:
                self.blob(data)
                continue
            self.manifest(data, media_type=json.loads(data).get("mediaType", OCI_MANIFEST))
            if root is None or kind == "index":
                root = data
        self.manifest(root, tag, media_type=json.loads(root).get("mediaType", OCI_MANIFEST))
        return root
