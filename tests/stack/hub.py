"""A stand-in for Docker Hub's web API: the repository object and its errors.

It was built from Docker Hub's documentation, not from recorded traffic, and its names and values
are invented. It proves that the programs follow the documented shapes, not that Hub keeps to them.
"""

import threading
import time

from .webserver import Response, WebServer

LIMIT_PER_MINUTE = 180


def repository_object(namespace, name, **changes):
    """What /v2/namespaces/{ns}/repositories/{repo} answers with; changes replace members."""
    document = {
        "user": namespace,
        "name": name,
        "namespace": namespace,
        "repository_type": "image",
        "status": 1,
        "status_description": "active",
        "description": f"An invented description of {namespace}/{name}",
        "is_private": False,
        "is_automated": False,
        "star_count": 1234,
        "pull_count": 5_000_000_000,  # above 2^31, as popular ones are
        "last_updated": "2026-06-21T05:14:48.231504Z",
        "last_modified": "2026-06-21T05:14:48.231504Z",
        "date_registered": "2014-06-05T20:00:14Z",
        "collaborator_count": 0,
        "affiliation": None,
        "hub_user": namespace,
        "has_starred": False,
        "full_description": "# An invented README\n\nWith *text*.\n",
        "permissions": {"read": True, "write": False, "admin": False},
        "media_types": ["application/vnd.oci.image.index.v1+json"],
        "content_types": ["image"],
        "categories": [{"name": "Web servers", "slug": "web-servers"}],
        "immutable_tags_settings": {"enabled": False, "rules": [".*"]},
        "storage_size": 12_345_678_901,
        "source": None,
    }
    return {**document, **changes}


class Hub(WebServer):
    """add() repositories; anything else is 404. `limited` answers 429; `status` any other error."""

    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        with self._lock:
            self.repositories = {}
            self.requests = []  # Request, as they came
            self.limited = 0  # this many requests are answered 429; -1: all
            self.retry_after = None  # its Retry-After, where one is wanted
            self.status = 200  # anything else is answered as such, with an HTML body
            self.old_path_only = False  # as if the new path did not exist

    def add(self, namespace, name, **changes):
        with self._lock:
            self.repositories[namespace, name] = repository_object(namespace, name, **changes)

    def count(self, namespace=None, name=None):
        with self._lock:
            paths = [self._parse(request.path) for request in self.requests]
        wanted = (namespace, name)
        return sum(1 for path in paths if namespace is None or (path and path[:2] == wanted))

    async def handle(self, request, connection):
        with self._lock:
            self.requests.append(request)
            return self._answer(request)

    def _answer(self, request):
        used = len(self.requests)
        headers = {
            "x-ratelimit-limit": LIMIT_PER_MINUTE,
            "x-ratelimit-remaining": max(0, LIMIT_PER_MINUTE - used),
            "x-ratelimit-reset": int(time.time()) + 60,
        }
        if self.limited:
            self.limited -= 1 if self.limited > 0 else 0
            headers["x-ratelimit-remaining"] = 0
            if self.retry_after is not None:
                headers["Retry-After"] = self.retry_after
            body = {"detail": "Rate limit exceeded", "error": False}
            return Response.of_json(body, 429, headers)
        if self.status != 200:
            return Response(self.status, {"Content-Type": "text/html"}, b"<html>no</html>")
        path = self._parse(request.path)
        if path is None or (self.old_path_only and path[2]):
            return Response.of_json({"message": "page not found", "errinfo": {}}, 404, headers)
        found = self.repositories.get(path[:2])
        if found is None:
            info = {"namespace": path[0], "repository": path[1]}
            body = {"message": "object not found", "errinfo": info}
            return Response.of_json(body, 404, headers)
        return Response.of_json(found, 200, headers)

    @staticmethod
    def _parse(path):
        """(namespace, name, is the new path) or None."""
        match path.strip("/").split("/"):
            case ["v2", "namespaces", namespace, "repositories", name]:
                return namespace, name, True
            case ["v2", "repositories", namespace, name]:
                return namespace, name, False
        return None
