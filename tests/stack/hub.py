"""A stand-in for Docker Hub's web API: the repository object, its tags in pages, and their errors.

It was built from Docker Hub's documentation, not from recorded traffic, and its names and values
are invented. It proves that the programs follow the documented shapes, not that Hub keeps to them.
"""

import threading
import time
from datetime import datetime, timedelta

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


def tag_row(name, digest, pushed, images=()):
    """One row of a tag list; images are (platform, digest, size), as Hub lists them."""
    rows = []
    for platform, child, size in images:
        system, architecture, *variant = platform.split("/")
        row = {"architecture": architecture, "features": "", "variant": (variant or [None])[0]}
        row.update({"digest": child, "os": system, "os_features": "", "os_version": None})
        row.update({"size": size, "status": "active", "last_pulled": None, "last_pushed": pushed})
        rows.append(row)
    return {
        "creator": 1156,
        "id": 690474,
        "images": rows,
        "last_updated": pushed,
        "last_updater": 1156,
        "last_updater_username": "bot",
        "name": name,
        "repository": 51054,
        "full_size": rows[0]["size"] if rows else 0,
        "v2": True,
        "tag_status": "active",
        "tag_last_pulled": None,
        "tag_last_pushed": pushed,
        "media_type": "application/vnd.oci.image.index.v1+json",
        "content_type": "image",
        "digest": digest,
    }


def tag_rows(repository, first="2026-01-01T00:00:00"):
    """The rows of a stack Repository, newest push first: its tags were pushed a minute apart."""
    start = datetime.fromisoformat(first)
    rows = []
    for number, (tag, version) in enumerate(repository.tags.items()):
        pushed = (start + timedelta(minutes=number)).isoformat() + ".250000Z"
        images = [(i.platform, i.digest, i.download_size) for i in version.platforms.values()]
        rows.append(tag_row(tag, version.digest, pushed, images))
    return rows[::-1]


class Hub(WebServer):
    """add() repositories; anything else is 404. `limited` answers 429; `status` any other error."""

    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        with self._lock:
            self.repositories = {}
            self.tags = {}  # (namespace, name) -> rows, newest first
            self.limit = LIMIT_PER_MINUTE
            self.offset_cap = None  # rows further back are 403, as for clients without a login
            self.page_cap = 100
            self.limited_after = 0  # so many requests are answered first
            self.requests = []  # Request, as they came
            self.limited = 0  # this many requests are answered 429; -1: all
            self.retry_after = None  # its Retry-After, where one is wanted
            self.status = 200  # anything else is answered as such, with an HTML body
            self.old_path_only = False  # as if the new path did not exist

    def add(self, namespace, name, tags=(), **changes):
        with self._lock:
            self.repositories[namespace, name] = repository_object(namespace, name, **changes)
            self.tags[namespace, name] = list(tags)

    def add_repository(self, repository):
        """A repository of the registry's "library", or another namespace, with all its tags."""
        namespace, name = repository.name.split("/")
        self.add(namespace, name, tag_rows(repository))

    def count(self, namespace=None, name=None):
        with self._lock:
            paths = [self._parse(request.path) for request in self.requests]
        wanted = (namespace, name)
        return sum(1 for path in paths if namespace is None or (path and path[:2] == wanted))

    def pages(self):
        """The numbers of the tag pages that were asked for."""
        with self._lock:
            requests = list(self.requests)
        return [int(r.query["page"]) for r in requests if r.path.endswith("/tags")]

    async def handle(self, request, connection):
        with self._lock:
            self.requests.append(request)
            return self._answer(request)

    def _answer(self, request):
        used = len(self.requests)
        headers = {
            "x-ratelimit-limit": self.limit,
            "x-ratelimit-remaining": max(0, self.limit - used),
            "x-ratelimit-reset": int(time.time()) + 60,
        }
        if self.limited_after:
            self.limited_after -= 1
        elif self.limited:
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
        if path[3]:
            return self._page(path, request.query, headers)
        return Response.of_json(found, 200, headers)

    def _page(self, path, query, headers):
        size = min(int(query.get("page_size", 10)), self.page_cap)
        page = int(query.get("page", 1))
        offset = (page - 1) * size
        rows = self.tags[path[:2]]
        if self.offset_cap is not None and offset >= self.offset_cap:
            text = "pagination offset too large for anonymous requests; sign in to page further"
            return Response.of_json({"message": text, "errinfo": {}}, 403, headers)
        if page > 1 and offset >= len(rows):
            return Response.of_json({"message": "object not found", "errinfo": {}}, 404, headers)
        more = f"{self.url}/v2/namespaces/{path[0]}/repositories/{path[1]}/tags?page={page + 1}"
        body = {"count": len(rows), "next": more if offset + size < len(rows) else None}
        body.update({"previous": None, "results": rows[offset : offset + size]})
        return Response.of_json(body, 200, headers)

    @staticmethod
    def _parse(path):
        """(namespace, name, is the new path, is its tags) or None."""
        match path.strip("/").split("/"):
            case ["v2", "namespaces", namespace, "repositories", name]:
                return namespace, name, True, False
            case ["v2", "namespaces", namespace, "repositories", name, "tags"]:
                return namespace, name, True, True
            case ["v2", "repositories", namespace, name]:
                return namespace, name, False, False
            case ["v2", "repositories", namespace, name, "tags"]:
                return namespace, name, False, True
        return None
