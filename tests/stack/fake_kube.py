"""A stand-in for the Kubernetes API server: Deployments with their scale, Leases, and their errors.

It answers as real servers (1.20 and 1.37) were seen to answer the scaler's calls, refuses what the
scaler's Role does not name, and misbehaves when told to. It knows no pods: a number of replicas
becomes available by itself, or when a test says so. That the scaler works with a real server is
shown against one, not here.

    kube = FakeKube({"microbadger-inspector": 1, "microbadger-size": 0}).start()
    environment["MB_KUBECONFIG"] = kube.write_kubeconfig(directory)
    kube.fault(429, verb="patch", count=2)
    kube.stop()
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from .kube_answers import Refusal, list_of, scale_of, status, watch_error
from .webserver import Response, WebServer

MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
PATH = re.compile(
    r"/apis/(?P<group>apps|coordination\.k8s\.io)/v1/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<resource>deployments|leases)(?:/(?P<name>[^/]+)(?P<subresource>/scale)?)?"
)
PATCH_TYPES = ("application/merge-patch+json", "application/strategic-merge-patch+json")
VERBS = {"GET": "get", "PATCH": "patch", "PUT": "update", "POST": "create", "DELETE": "delete"}


@dataclass
class Call:
    """One request as RBAC sees it, and the status it was answered with (0: none)."""

    verb: str
    resource: str  # "deployments", "deployments/scale", "leases"
    name: str
    request: object
    status: int = 0
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self):
        return json.loads(self.request.body) if self.request.body else None


@dataclass
class Fault:
    """What happens to the next `count` calls that match: a status number, "cut", "hang" or "slow"."""

    kind: object
    count: int
    match: dict
    seconds: float = 0

    def hits(self, call):
        return self.count > 0 and all(
            getattr(call, key) == want for key, want in self.match.items()
        )


def role_of(names, lease):
    """The scaler's Role: (verb, resource, name), where name None stands for any."""
    rules = {("create", "leases", None), ("get", "leases", lease), ("update", "leases", lease)}
    for name in names:
        rules |= {(verb, "deployments", name) for verb in ("get", "list", "watch")}
        rules |= {(verb, "deployments/scale", name) for verb in ("get", "patch")}
    return rules


class FakeKube(WebServer):
    """`deployments` are their names and replicas. ready_seconds: how long until replicas are
    available; None: only set_available says so. The tests' own methods may be called from any
    thread."""

    def __init__(
        self,
        deployments,
        namespace="microbadger",
        lease="microbadger-scaler",
        token="first-token",
        ready_seconds=0,
        tls=None,
    ):
        super().__init__()
        self.namespace = namespace
        self.token = token
        self.ready_seconds = ready_seconds
        self.tls = tls
        self.allowed = role_of(deployments, lease)  # None: everything
        self.calls = []
        self._faults = []
        self._version = 100
        self._compacted = 0  # watches from before this version are too old
        self._deployments = {}
        self._leases = {}
        self._events = []  # (version, type, object)
        self._watches = {}  # queue of a watch: its name
        for name, replicas in deployments.items():
            self._add(name, replicas)

    # What tests look at and do

    def replicas(self, name):
        return self.call(lambda: self._deployments[name]["spec"]["replicas"])

    def available(self, name):
        return self.call(lambda: self._deployments[name]["status"].get("availableReplicas", 0))

    def history(self):
        """[(name, spec.replicas)] of every change of a Deployment, in order."""
        events = self.call(lambda: list(self._events))
        return [(it["metadata"]["name"], it["spec"]["replicas"]) for _, _, it in events]

    def set_replicas(self, name, replicas):
        """As `kubectl scale` by somebody else."""
        self.call(self._scale, name, replicas)

    def set_available(self, name, available):
        self.call(self._set_available, name, available)

    def touch(self, name):
        """A change that leaves spec as it is: a new resourceVersion."""
        self.call(lambda: self._change(name, lambda _: None))

    def create(self, name, replicas):
        self.call(self._add, name, replicas)

    def delete(self, name):
        self.call(self._delete, name)

    def lease(self, name="microbadger-scaler"):
        """Its spec; None where there is none."""
        return self.call(lambda: dict(self._leases[name]["spec"]) if name in self._leases else None)

    def set_lease(self, name="microbadger-scaler", **spec):
        """As another holder would write it."""
        self.call(self._store_lease, name, spec)

    def delete_lease(self, name="microbadger-scaler"):
        self.call(self._leases.pop, name)

    def fault(self, kind, count=1, seconds=0, **match):
        """match: verb, resource, name. kind: a status (401, 403, 404, 409, 410, 422, 429, 500, 503),
        "cut" (reset before the answer), "lost" (done, then reset), "hang", or "slow" by `seconds`.
        """
        self.call(self._faults.append, Fault(kind, count, match, seconds))

    def heal(self):
        self.call(self._faults.clear)

    def expire(self, tell=True):
        """What a watch wants to resume from is too old now; tell: those under way hear it, too."""
        self.call(self._expire, tell)

    def cut_watches(self):
        """Resets every stream; returns how many there were."""
        return self.call(self._send_all, "cut")

    def end_watches(self):
        """In their time, as real servers do every few minutes."""
        return self.call(self._send_all, "end")

    def bookmark(self):
        self.call(lambda: self._send_all("bookmark"))

    def watches(self):
        """The names that are watched now."""
        return self.call(lambda: sorted(self._watches.values()))

    def calls_of(self, verb, resource=None, name=None):
        wanted = {"verb": verb, "resource": resource, "name": name}
        return [
            call
            for call in list(self.calls)
            if all(want in (None, getattr(call, key)) for key, want in wanted.items())
        ]

    def write_kubeconfig(self, directory, token=None, user=None, **cluster):
        """A kubeconfig whose token is in the file `token` beside it, unless another user is given;
        returns its path."""
        directory = Path(directory)
        (directory / "token").write_text(token or self.token)
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "contexts": [
                {
                    "name": "fake",
                    "context": {"cluster": "c", "user": "u", "namespace": self.namespace},
                }
            ],
            "clusters": [{"name": "c", "cluster": {"server": self.url, **cluster}}],
            "users": [{"name": "u", "user": user or {"tokenFile": "token"}}],
        }
        path = directory / "kubeconfig"
        path.write_text(json.dumps(document))  # JSON is YAML
        return str(path)

    # State, in the server's thread

    def _next_version(self):
        self._version += 1
        return self._version

    def _announce(self, kind, thing):
        copy = json.loads(json.dumps(thing))
        version = int(copy["metadata"]["resourceVersion"])
        self._events.append((version, kind, copy))
        for queue, name in self._watches.items():
            if name == copy["metadata"]["name"]:
                queue.put_nowait({"type": kind, "object": copy})

    def _send_all(self, what):
        for queue in self._watches:
            queue.put_nowait(what)
        return len(self._watches)

    def _expire(self, tell):
        self._compacted = self._next_version()
        if tell:
            self._send_all(watch_error(410, "Expired", "too old resource version: 1 (2)"))

    def _add(self, name, replicas):
        self._deployments[name] = {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "uid": f"uid-of-{name}-{self._version}",
                "resourceVersion": str(self._next_version()),
                "generation": 1,
            },
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}},
            "status": {"observedGeneration": 1},
        }
        self._announce("ADDED", self._deployments[name])
        if self.ready_seconds is not None:
            self._set_available(name, replicas)

    def _delete(self, name):
        gone = self._deployments.pop(name)
        gone["metadata"]["resourceVersion"] = str(self._next_version())
        self._announce("DELETED", gone)

    def _change(self, name, change):
        deployment = self._deployments[name]
        change(deployment)
        deployment["metadata"]["resourceVersion"] = str(self._next_version())
        self._announce("MODIFIED", deployment)

    def _scale(self, name, replicas):
        deployment = self._deployments[name]
        if deployment["spec"]["replicas"] == replicas:
            return  # no change, no version

        def change(it):
            it["spec"]["replicas"] = replicas
            it["metadata"]["generation"] += 1

        self._change(name, change)
        if self.ready_seconds == 0:
            self._set_available(name, replicas)
        elif self.ready_seconds:
            asyncio.get_running_loop().call_later(self.ready_seconds, self._settle, name, replicas)

    def _settle(self, name, replicas):
        if name in self._deployments and self._deployments[name]["spec"]["replicas"] == replicas:
            self._set_available(name, replicas)

    def _set_available(self, name, available):
        def change(it):
            it["status"] = {"observedGeneration": it["metadata"]["generation"]}
            if available:  # absent where it is 0
                keys = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
                it["status"].update(dict.fromkeys(keys, available))

        self._change(name, change)

    def _store_lease(self, name, spec, more=None):
        self._leases[name] = {
            "kind": "Lease",
            "apiVersion": "coordination.k8s.io/v1",
            "metadata": {
                **(more or {}),
                "name": name,
                "namespace": self.namespace,
                "uid": f"uid-of-{name}",
                "resourceVersion": str(self._next_version()),
            },
            "spec": spec,
        }
        return self._leases[name]

    # Requests

    async def handle(self, request, connection):
        found = PATH.fullmatch(request.path)
        if not found:
            return status(404, "NotFound", "the server could not find the requested resource")
        call = self._call_of(found, request)
        self.calls.append(call)
        fault = self._take_fault(call)
        kind = fault.kind if fault else None
        if kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif kind == "hang":
            await connection.reader.read()
            return None
        elif kind == "cut":
            connection.reset()
            return None
        if isinstance(kind, int):
            response = Refusal.of_status(kind, call).response
        else:
            response = await self._answer(call, connection)
        if kind == "lost":
            connection.reset()
            return None
        call.status = response.status if response else 200
        return response

    def _take_fault(self, call):
        for fault in self._faults:
            if fault.hits(call):
                fault.count -= 1
                return fault
        return None

    def _call_of(self, found, request):
        name = found["name"]
        verb = VERBS.get(request.method, "other")
        if verb == "get" and not name:
            selector = request.query.get("fieldSelector", "")
            name = selector.partition("metadata.name=")[2] or None
            verb = "watch" if request.query.get("watch") in ("1", "true") else "list"
        return Call(verb, found["resource"] + (found["subresource"] or ""), name, request)

    async def _answer(self, call, connection):
        try:
            self._check_access(call)
            if call.resource == "leases":
                return self._answer_lease(call)
            if call.verb == "watch":
                return await self._watch(call, connection)
            return self._answer_deployment(call)
        except Refusal as refusal:
            return refusal.response

    def _check_access(self, call):
        if call.request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Unauthorized", "Unauthorized")
        keys = {(call.verb, call.resource, call.name), (call.verb, call.resource, None)}
        if self.allowed is not None and not keys & self.allowed:
            raise Refusal.of_status(403, call)

    def _answer_deployment(self, call):
        if call.verb == "list":
            items = [it for name, it in self._deployments.items() if call.name in (None, name)]
            return Response.of_json(list_of("Deployment", items, self._version))
        deployment = self._deployments.get(call.name)
        if not deployment:
            raise Refusal.of_status(404, call)
        if call.resource == "deployments":
            return Response.of_json(deployment)
        if call.verb == "patch":
            deployment = self._patch_scale(call, deployment)
        return Response.of_json(scale_of(deployment))

    def _patch_scale(self, call, deployment):
        """The Deployment as it is then; a copy where it was a dry run."""
        if call.request.headers.get("content-type") not in PATCH_TYPES:
            raise Refusal(
                415, "UnsupportedMediaType", "the body of the request was in an unknown format"
            )
        body = call.body
        version = body.get("metadata", {}).get("resourceVersion")
        if version not in (None, deployment["metadata"]["resourceVersion"]):
            raise Refusal.of_status(409, call)
        replicas = body.get("spec", {}).get("replicas", deployment["spec"]["replicas"])
        if replicas < 0:
            raise Refusal.of_status(422, call)
        if call.request.query.get("dryRun") == "All":
            copy = json.loads(json.dumps(deployment))
            copy["spec"]["replicas"] = replicas
            return copy
        self._scale(call.name, replicas)
        return deployment

    def _answer_lease(self, call):
        if call.verb == "create":
            return self._create_lease(call)
        lease = self._leases.get(call.name)
        if not lease:
            raise Refusal.of_status(404, call)
        if call.verb == "update":
            body = self._checked_lease(call)
            version = body["metadata"].get("resourceVersion")
            if not version:
                raise Refusal.of_status(422, call)
            if version != lease["metadata"]["resourceVersion"]:
                raise Refusal.of_status(409, call)
            lease = self._store_lease(call.name, body["spec"], body["metadata"])
        return Response.of_json(lease)

    def _create_lease(self, call):
        body = self._checked_lease(call)
        name = body["metadata"]["name"]
        if name in self._leases:
            message = f'leases.coordination.k8s.io "{name}" already exists'
            raise Refusal(409, "AlreadyExists", message)
        return Response.of_json(self._store_lease(name, body["spec"], body["metadata"]), 201)

    def _checked_lease(self, call):
        for key in ("acquireTime", "renewTime"):
            text = call.body["spec"].get(key)
            if text is not None and not MICRO_TIME.fullmatch(text):
                raise Refusal(400, "BadRequest", f'parsing time "{text}" as MicroTime: no match')
        return call.body

    # Watches

    async def _watch(self, call, connection):
        query = call.request.query
        start = int(query.get("resourceVersion") or 0)
        if start and start < self._compacted:
            # As real servers do: an error in a stream, not an HTTP status.
            events = [watch_error(410, "Expired", f"too old resource version: {start}")]
        else:
            events = self._events_since(call.name, start)
        call.status = 200
        queue = asyncio.Queue()
        for event in events:
            queue.put_nowait(event)
        self._watches[queue] = call.name
        try:
            await self._stream(queue, connection, query)
        finally:
            del self._watches[queue]
        return None

    def _events_since(self, name, start):
        if not start:
            now = [self._deployments[name]] if name in self._deployments else []
            return [{"type": "ADDED", "object": json.loads(json.dumps(it))} for it in now]
        return [
            {"type": kind, "object": it}
            for version, kind, it in self._events
            if version > start and it["metadata"]["name"] == name
        ]

    async def _stream(self, queue, connection, query):
        writer = connection.writer
        headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        writer.write(Response(200, headers).head(0))
        end = time.monotonic() + float(query.get("timeoutSeconds", 1800))
        gone = asyncio.ensure_future(connection.reader.read(1))
        event = None
        try:
            while event != "end":
                event = await self._next_event(queue, gone, end - time.monotonic())
                if event == "gone":
                    return
                if event == "cut":
                    connection.reset()
                    return
                if event in ("bookmark", "end"):
                    line = self._bookmark() if "allowWatchBookmarks" in query else None
                else:
                    line = event
                    event = "end" if event["type"] == "ERROR" else event
                data = json.dumps(line).encode() + b"\n" if line else b""
                writer.write(b"%x\r\n%s\r\n" % (len(data), data) if data else b"")
                await writer.drain()
        finally:
            gone.cancel()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _next_event(self, queue, gone, seconds):
        """ "gone" where the client is, "end" where nothing came for so long."""
        wait = asyncio.ensure_future(queue.get())
        try:
            await asyncio.wait((wait, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return "gone"
            return wait.result() if wait.done() else "end"
        finally:
            wait.cancel()

    def _bookmark(self):
        metadata = {"resourceVersion": str(self._version), "creationTimestamp": None}
        thing = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": metadata}
        return {"type": "BOOKMARK", "object": {**thing, "spec": {}, "status": {}}}
