#!/usr/bin/env python3
"""Packs files as an OCI image archive of one layer, without any tool:

    image.py OUT.tar NAME:TAG [--user UID:GID] [--entrypoint PATH] FILE=PATH...

FILE is put at PATH, with the shared libraries that it is linked with. NAME is a full one, such as
docker.io/microbadger/api. The same files make the same digest."""

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def tarball(members):
    """members: {path: (bytes, mode)}"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, (data, mode) in sorted(members.items()):
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def shared_libraries(path):
    """Where the loader looks for them; none of a static program or of a file that is none."""
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", listing.stdout)


def read_files(pairs):
    """What `FILE=PATH` words and the libraries of those files put into the layer."""
    members = {}
    for pair in pairs:
        source, _, target = pair.partition("=")
        wanted = {target: source, **{library: library for library in shared_libraries(source)}}
        for path, name in wanted.items():
            with open(os.path.realpath(name), "rb") as file:
                members[path] = (file.read(), 0o755)
    return members


def image_files(name, layer, user, entrypoint):
    """The members of the archive."""
    blob = gzip.compress(layer, compresslevel=1, mtime=0)
    run = {"User": user, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}
    if entrypoint:
        run["Entrypoint"] = [entrypoint]
    config = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
    }
    config = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor(LAYER, blob)],
    }
    manifest = json.dumps(manifest).encode()
    names = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    entry = descriptor(MANIFEST, manifest, annotations=names)
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
    }
    for data in (blob, config, manifest):
        files["blobs/sha256/" + digest(data).partition(":")[2]] = data
    return {path: (data, 0o644) for path, data in files.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("out")
    parser.add_argument("name")
    parser.add_argument("--user", default="65532:65532")
    parser.add_argument("--entrypoint")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    layer = tarball(read_files(options.files))
    archive = tarball(image_files(options.name, layer, options.user, options.entrypoint))
    with open(options.out, "wb") as file:
        file.write(archive)


if __name__ == "__main__":
    main()
