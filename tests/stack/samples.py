"""The sample images: what `make run` shows as samples.local/demo/..., and what tests compare with.

samples() makes them; each Repository knows what is true of it (images.Version).
"""

from .images import (
    Repository,
    Step,
    attestation,
    buildkit,
    buildkit_run,
    classic,
    classic_run,
    image,
    index,
    layer,
)

HOST = "samples.local"

LABELS = {
    "org.label-schema.schema-version": "1.0",
    "org.label-schema.name": "labels",
    "org.label-schema.description": "Labels of both families",
    "org.label-schema.vcs-ref": "9f2c1ab",
    "org.label-schema.vcs-url": "https://github.com/example/labels",
    "org.label-schema.version": "1.4.0",
    "org.label-schema.build-date": "2026-03-01T12:00:00Z",
    "org.label-schema.license": "Apache-2.0",
    "org.label-schema.url": "https://labels.example.org",
    "org.opencontainers.image.title": "labels",
    "org.opencontainers.image.description": "Labels of both families",
    "org.opencontainers.image.revision": "9f2c1ab",
    "org.opencontainers.image.source": "https://github.com/example/labels",
    "org.opencontainers.image.version": "1.4.0",
    "org.opencontainers.image.created": "2026-03-01T12:00:00Z",
    "org.opencontainers.image.licenses": "Apache-2.0",
    "org.opencontainers.image.url": "https://labels.example.org",
    "maintainer": "Ann Example <ann@example.org>",
}


def _filler(text, size_bytes):
    """Text that gzip cannot make vanish, so that sizes differ."""
    lines = [f"{text} {number * 2654435761 % 4294967296:08x}\n" for number in range(size_bytes)]
    return "".join(lines).encode()[:size_bytes]


def _root_filesystem():
    return layer({"bin/sh": _filler("sh", 60_000), "etc/os-release": b'NAME="Sample"\nID=sample\n'})


def _rootfs_step(root):
    # Builders record the hash of what was added, not its name.
    return Step("/bin/sh -c #(nop) ADD file:9f2c1ab77d03 in / ", "ADD rootfs /", root)


def hello():
    """Several tags on one digest, an older version beside it; Docker schema2, classic builder."""
    root = _root_filesystem()

    def version(number, created):
        program = layer({"usr/bin/hello": _filler(f"hello {number}", 20_000)})
        steps = [
            _rootfs_step(root),
            classic('CMD ["sh"]'),
            classic_run("set -eux; install -m 755 /tmp/hello /usr/bin/hello", program),
            classic(f"ENV HELLO_VERSION={number}"),
            classic("EXPOSE 8080/tcp"),
            classic('ENTRYPOINT ["/usr/bin/hello"]'),
        ]
        run = {"Entrypoint": ["/usr/bin/hello"], "ExposedPorts": {"8080/tcp": {}}}
        run["Env"] = ["PATH=/usr/bin:/bin", f"HELLO_VERSION={number}"]
        author = "Hello Example <hello@example.org>"
        return image(steps, created, author, docker=True, run=run)

    old = version("1.1.0", "2025-11-02T08:30:00Z")
    new = version("1.2.3", "2026-02-14T10:15:30.123456789Z")
    tags = {"1.1": old, "1.1.0": old, "1": new, "1.2": new, "1.2.3": new, "latest": new}
    return Repository("demo/hello", tags)


def _multi_image(platform, created, docker=False):
    program = layer({"app/server": _filler(f"server {platform}", 15_000)})
    config = layer({"app/server.conf": b"listen = 8080\n"})
    steps = [
        buildkit_run("apk add --no-cache ca-certificates", _root_filesystem()),
        buildkit("WORKDIR /app", layer({"app/": b""})),
        buildkit("COPY server /app/", program),
        buildkit("COPY server.conf /app/", config),
        buildkit('CMD ["/app/server"]'),
    ]
    run = {"Cmd": ["/app/server"], "WorkingDir": "/app"}
    labels = {"org.opencontainers.image.title": f"multi for {platform}"}
    return image(steps, created, platform=platform, labels=labels, docker=docker, run=run)


def multi():
    """An OCI index of three platforms with an attestation; an older Docker manifest list."""
    created = "2026-01-20T00:00:00Z"
    platforms = ("linux/amd64", "linux/arm64", "linux/arm/v7")
    images = [_multi_image(platform, created) for platform in platforms]
    new = index([*images, attestation(images[0], created)])
    created = "2025-06-20T00:00:00Z"
    old = index([_multi_image(p, created, docker=True) for p in platforms[:2]], docker=True)
    return Repository("demo/multi", {"1.0": old, "2.0": new, "latest": new})


def labels():
    """Labels of both families; OCI, BuildKit."""
    steps = [
        buildkit("COPY labels.txt /", layer({"labels.txt": _filler("labels", 5_000)})),
        buildkit("ENV LANG=C.UTF-8"),
        buildkit("LABEL org.label-schema.schema-version=1.0"),
        buildkit('CMD ["cat", "/labels.txt"]'),
    ]
    run = {"Cmd": ["cat", "/labels.txt"], "Env": ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]}
    version = image(steps, "2026-03-01T12:00:00Z", "Ann Example", labels=LABELS, run=run)
    return Repository("demo/labels", {"1.4.0": version, "latest": version})


def layers():
    """40 layers with empty steps between; Docker schema2, BuildKit."""
    steps = [buildkit_run("tar xf /rootfs.tar", _root_filesystem())]
    for number in range(1, 40):
        if number % 3 == 0:
            steps.append(buildkit(f"ENV STEP={number}"))
        blob = layer({f"srv/{number}": _filler(f"layer {number}", 500 * number)})
        steps.append(buildkit_run(f"make step-{number}", blob))
    steps.append(buildkit('CMD ["/srv/39"]'))
    run = {"Cmd": ["/srv/39"], "Env": ["PATH=/usr/bin:/bin", "STEP=39"]}
    version = image(steps, "2026-04-05T06:07:08Z", docker=True, run=run)
    return Repository("demo/layers", {"latest": version})


def tagged(name, tag_count, version_count=None):
    """A repository of this many tags, `latest` among them, on so many digests (default: one each).
    Versions differ by date and a small layer; what they share with other names is the base."""
    version_count = version_count or tag_count
    root = _root_filesystem()
    versions = []
    for number in range(version_count):
        blob = layer({"opt/version": f"{name} {number}\n".encode()})
        steps = [
            _rootfs_step(root),
            buildkit(f"ENV VERSION=1.{number}"),
            buildkit("COPY version /opt/", blob),
            buildkit('CMD ["cat", "/opt/version"]'),
        ]
        day, hour = 1 + number % 28, number // 28 % 24
        created = f"2026-05-{day:02}T{hour:02}:00:00Z"
        run = {"Cmd": ["cat", "/opt/version"]}
        versions.append(image(steps, created, docker=number % 2 == 0, run=run))
    tags = {f"1.{n}": versions[n % version_count] for n in range(tag_count - 1)}
    tags["latest"] = versions[(tag_count - 2) % version_count]
    return Repository(name, tags)


def samples():
    """All that `make run` shows."""
    return [hello(), multi(), labels(), layers(), tagged("demo/tags", 200, 60)]
