"""The suite as deployed by one of the tests' overlays, and a client outside of the pods."""

import json
import threading

from cluster import NAMESPACE
from slow_registry import small_image
from stack import images, samples
from stack.processes import StackError, free_port, http_get, http_is_ok

# Enough for pods to start on a machine that does much else.
ROLLOUT_SECONDS = 180
# How often a client of Load comes again.
READ_PAUSE_S = 0.05
ASK_PAUSE_S = 0.25


class Deployed:
    """The suite of one overlay; start() applies it and fills the registry with the samples."""

    def __init__(self, cluster, overlay):
        self.cluster = cluster
        self.overlay = overlay
        self.url = None
        self.registry_url = None
        self._processes = []

    def apply(self, overlay=None):
        self.cluster.kubectl("apply", "-k", overlay or self.overlay)

    def versions(self):
        """{object: the generation of what is wanted of it, or where it has none, its version}"""
        text = self.cluster.kubectl("kustomize", self.overlay)
        arguments = ("get", "-f", "-", "-o", "json")
        objects = json.loads(self.cluster.kubectl(*arguments, data=text))["items"]
        metadata = [(item["kind"], item["metadata"]) for item in objects]
        return {
            f"{kind}/{m['name']}": m.get("generation", m["resourceVersion"]) for kind, m in metadata
        }

    def wait_rollout(self, *names):
        """Until the new pods are there, and only they."""
        for name in names or self.cluster.names("deployments,statefulsets"):
            kind = "statefulset" if name.endswith("-redis") else "deployment"
            timeout = f"--timeout={ROLLOUT_SECONDS}s"
            arguments = ("rollout", "status", f"{kind}/{name}", timeout)
            self.cluster.kubectl(*arguments, timeout=ROLLOUT_SECONDS + 30)

    def start(self):
        self.apply()
        self.wait_rollout()
        self.url = self._service_url("microbadger-api", 80)
        self.registry_url = self._service_url("samples-registry", 5000)
        self.push(samples.samples())
        return self

    def delete(self):
        """Everything, and it is gone when this returns."""
        for process in self._processes:
            process.stop()
        self._processes.clear()
        arguments = ("delete", "-k", self.overlay, "--ignore-not-found", "--timeout=180s")
        return self.cluster.kubectl(*arguments, timeout=240)

    def _service_url(self, name, port):
        """Our own node's network has the Services' addresses; elsewhere kubectl leads there."""
        if self.cluster.is_our_own:
            address = self.cluster.get("service", name)["spec"]["clusterIP"]
            return f"http://{address}:{port}"
        if name == "microbadger-api":
            return self._proxy_url(name)
        local = free_port()
        arguments = ("port-forward", f"service/{name}", f"{local}:{port}")
        return self._background(f"port-forward-{name}", arguments, f"http://127.0.0.1:{local}")

    def _proxy_url(self, name):
        """Through the API server, which chooses a pod for every request."""
        local = free_port()
        path = f"/api/v1/namespaces/{NAMESPACE}/services/{name}:http/proxy"
        url = f"http://127.0.0.1:{local}{path}"
        return self._background("proxy", ("proxy", f"--port={local}"), url)

    def _background(self, name, arguments, url):
        process = self.cluster.background(name, *arguments).start()
        self._processes.append(process)
        process.wait_ready(lambda: http_is_ok(url + "/"), 30)
        return url

    def push(self, repositories):
        images.push(repositories, self.registry_url)

    def push_many(self, prefix, count):
        """Small images of two versions each; their names."""
        repositories = [small_image(f"{prefix}/r{number}") for number in range(count)]
        self.push(repositories)
        return [f"{samples.HOST}/{repository.name}" for repository in repositories]

    def get(self, path, timeout=30):
        """(status, headers, body, parsed where it is JSON)"""
        status, headers, body = http_get(self.url + path, timeout=timeout)
        is_json = "json" in (headers.get("Content-Type") or "")
        return status, headers, json.loads(body) if is_json else body

    def status(self, name):
        """The image's Status, or None where there was no answer."""
        code, _, body = self.get(f"/v1/status/{name}")
        return body["Status"] if code == 200 else None

    def wait_inspected(self, names, seconds):
        """Until every one of the images is complete. Asks for none of them: nothing is enqueued."""
        left = set(names)

        def all_inspected():
            left.difference_update({name for name in left if self.status(name) == "INSPECTED"})
            return not left

        try:
            self.cluster.wait(all_inspected, seconds, "all inspections")
        except StackError as error:
            states = {name: self.status(name) for name in sorted(left)[:10]}
            raise StackError(f"{error}: {len(left)} of {len(names)} left: {states}") from None


class Load:
    """Clients outside, until the block ends: one asks for new images, each once, the others read what
    is known. `answers` counts by status; `accepted` are the images that were promised (202)."""

    def __init__(self, suite, names, known, readers=3):
        self.suite = suite
        self.known = known
        self.answers = {}
        self.accepted = []
        self._new = iter(names)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(readers)]
        self._threads.append(threading.Thread(target=self._ask))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def count(self):
        with self._lock:
            return sum(self.answers.values())

    def wait_more(self, count):
        """Until so many more requests were answered."""
        wanted = self.count() + count
        self.suite.cluster.wait(lambda: self.count() >= wanted, 60, f"{count} more answers")

    def _get(self, name):
        status = self.suite.get(f"/v1/images/{name}")[0]
        with self._lock:
            self.answers[status] = self.answers.get(status, 0) + 1
        return status

    def _read(self):
        while not self._stop.wait(READ_PAUSE_S):
            self._get(self.known)

    def _ask(self):
        for name in self._new:
            if self._get(name) == 202:
                self.accepted.append(name)
            if self._stop.wait(ASK_PAUSE_S):
                break
