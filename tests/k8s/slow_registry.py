"""A registry that has an image under every name, and takes its time: what a worker does for an image
then lasts as long as a test wants."""

import asyncio

from stack.images import Repository, buildkit, image, layer
from stack.proxy import PATH
from stack.webserver import Response, WebServer


def small_image(name):
    """Of this name alone: nothing of it is known from another one."""

    def version(number):
        step = buildkit("COPY name /", layer({"name": f"{name} {number}\n".encode()}))
        return image([step], f"2026-0{number}-01T00:00:00Z")

    return Repository(name, {"1.0": version(1), "latest": version(2)})


class SlowRegistry(WebServer):
    """inspect_s and size_s: {first part of a name: how long a manifest takes}, of the tag that the
    inspector looks at, and of the other one, which it leaves to the size worker."""

    host = "10.88.0.1"  # the node's
    port = 5100

    def __init__(self, inspect_s, size_s):
        super().__init__()
        self.inspect_s = inspect_s
        self.size_s = size_s
        self._repositories = {}

    def _repository(self, name):
        if name not in self._repositories:
            self._repositories[name] = small_image(name)
        return self._repositories[name]

    async def handle(self, request, connection):
        match = PATH.match(request.path)
        if not match:
            return Response(200 if request.path == "/v2/" else 404)
        repository = self._repository(match["repository"])
        await asyncio.sleep(self._delay_s(match))
        if match["kind"] == "tags":
            return Response.of_json({"name": repository.name, "tags": list(repository.tags)})
        if match["kind"] == "manifests":
            return self._manifest(repository, match["ref"])
        return self._blob(repository, match["ref"])

    def _delay_s(self, match):
        delays_s = {"latest": self.inspect_s, "1.0": self.size_s}.get(match["ref"], {})
        return delays_s.get(match["repository"].partition("/")[0], 0)

    @staticmethod
    def _manifest(repository, reference):
        for tag, version in repository.tags.items():
            if reference in (tag, version.digest):
                headers = {"Content-Type": version.media_type}
                headers["Docker-Content-Digest"] = version.digest
                return Response(200, headers, version.data)
        return Response(404)

    @staticmethod
    def _blob(repository, digest):
        for version in repository.tags.values():
            for blob in version.blobs:
                if blob.digest == digest:
                    return Response(200, {"Content-Type": "application/octet-stream"}, blob.data)
        return Response(404)
