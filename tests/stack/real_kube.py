"""A real API server with the scaler's account in a namespace of its own: the same means as FakeKube
has, as far as a real one can be asked, through kubectl."""

import json
import os
import subprocess
from pathlib import Path

from .kube_answers import account_objects, deployment_object
from .processes import StackError


class RealKube:
    """kubeconfig is an administrator's."""

    def __init__(self, kubeconfig, deployments, namespace, lease="microbadger-scaler"):
        self.namespace = namespace
        self._kubeconfig = str(kubeconfig)
        self._names = list(deployments)
        self._lease = lease
        self._deployments = deployments

    def start(self):
        self.kubectl("create", "namespace", self.namespace, namespaced=False)
        for thing in account_objects(self.namespace, self._names, self._lease):
            self.kubectl("apply", "-f", "-", stdin=json.dumps(thing))
        for name, replicas in self._deployments.items():
            self.create(name, replicas)
        return self

    def stop(self):
        self.kubectl("delete", "namespace", self.namespace, "--wait=false", namespaced=False)

    def kubectl(self, *arguments, stdin=None, namespaced=True):
        place = ["-n", self.namespace] if namespaced else []
        done = subprocess.run(
            ["kubectl", f"--kubeconfig={self._kubeconfig}", *place, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"kubectl {arguments[0]}: {done.stderr}")
        return done.stdout

    def _read(self, kind, name, path):
        return self.kubectl("get", kind, name, "-o", f"jsonpath={{{path}}}")

    def replicas(self, name):
        return int(self._read("deployment", name, ".spec.replicas"))

    def available(self, name):
        return int(self._read("deployment", name, ".status.availableReplicas") or 0)

    def set_replicas(self, name, replicas):
        self.kubectl("scale", "deployment", name, f"--replicas={replicas}")

    def create(self, name, replicas):
        thing = deployment_object(self.namespace, name, replicas)
        self.kubectl("apply", "-f", "-", stdin=json.dumps(thing))

    def delete(self, name):
        self.kubectl("delete", "deployment", name)

    def lease(self):
        return json.loads(self.kubectl("get", "lease", self._lease, "-o", "json"))["spec"]

    def set_lease(self, **spec):
        patch = json.dumps({"spec": spec})
        self.kubectl("patch", "lease", self._lease, "--type=merge", "-p", patch)

    def delete_lease(self):
        self.kubectl("delete", "lease", self._lease)

    def new_token(self):
        return self.kubectl("create", "token", "microbadger-scaler", "--duration=10m").strip()

    def write_kubeconfig(self, directory, token=None):
        """For the scaler's account; its token is in the file `token` beside it."""
        directory = Path(directory)
        (directory / "token").write_text(token or self.new_token())
        view = self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        document = json.loads(view)
        document["users"] = [{"name": "u", "user": {"tokenFile": "token"}}]
        context = document["contexts"][0]["context"]
        context.update({"user": "u", "namespace": self.namespace})
        path = directory / "kubeconfig"
        path.write_text(json.dumps(document))
        return str(path)


def administrator():
    """The kubeconfig that MB_TEST_KUBECONFIG names; None: there is no real server to ask."""
    return os.environ.get("MB_TEST_KUBECONFIG")
