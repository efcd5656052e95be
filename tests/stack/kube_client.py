"""One process that uses the Kubernetes API as the scaler does: build/MODE/kube-driver."""

import itertools
import os
from pathlib import Path

from .driver import Driver
from .processes import wait_until

SOON = 20  # seconds, on a busy machine


class KubeClient(Driver):
    """kubeconfig "": in the cluster, with `account`'s files and KUBERNETES_SERVICE_* of `more`."""

    def __init__(self, kubeconfig="", namespace="", account="", **more):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KUBE")}
        arguments = [str(kubeconfig), namespace, str(account)]
        super().__init__("kube-driver", arguments, {**environment, **more})

    # Deployments

    def open(self, name):
        """Looks at a Deployment from now on, and waits until it is known."""
        self.run("open", name=name)
        return self.wait_for(name, known=True)

    def state(self, name, stale_ms=0):
        """.known .replicas .available .error; stale_ms 0: however old."""
        return self.run("state", name=name, stale_ms=stale_ms)

    def wait_for(self, name, seconds=SOON, **wanted):
        def met():
            state = self.state(name)
            return all(getattr(state, key) == value for key, value in wanted.items()) and state

        return wait_until(met, seconds, f"{name} is seen with {wanted}")

    def scale(self, name, replicas, dry_run=False):
        """.err .retry_after_ms .error .replicas (as known then)"""
        return self.run("scale", name=name, replicas=replicas, dry_run=dry_run)

    # The lease

    def elect(self, identity, name="microbadger-scaler", **times):
        self.run("elect", name=name, identity=identity, **times)

    def lease(self):
        """.held .holder .error"""
        return self.run("lease")

    def is_held(self):
        return self.lease().held

    def release(self):
        self.run("release")

    # Any call

    def call(self, verb, resource, name, body=None, group=None, **more):
        """.status .err .error .retry_after_ms .json"""
        group = group or ("coordination.k8s.io/v1" if resource == "leases" else "apps/v1")
        more.update({"body": body} if body else {})
        return self.run("call", verb=verb, group=group, resource=resource, name=name, **more)


class KubeClients:
    """Makes clients of one server, each with a directory and a kubeconfig of its own there."""

    def __init__(self, api, directory):
        self._api = api
        self._directory = Path(directory)
        self._numbers = itertools.count()
        self._clients = []

    def __call__(self, kubeconfig=None, token=None, **more):
        directory = self._directory / f"client-{next(self._numbers)}"
        directory.mkdir()
        if kubeconfig is None:
            kubeconfig = self._api.write_kubeconfig(directory, token)
        client = KubeClient(kubeconfig, **more)
        client.directory = directory
        self._clients.append(client)
        return client

    def close(self):
        """All that were not killed; how many did not end well."""
        return sum(client.close() != 0 for client in self._clients if not client.killed)
