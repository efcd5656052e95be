"""A cluster for the tests: one real node of our own in its namespaces, or (KUBECONFIG) any other."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

from stack.processes import Process, StackError, wait_until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build/k8s"
RESULTS = ROOT / "build/results"
NAMESPACE = "microbadger"
CLONE_NEWNET = 0x40000000
NODE_SECONDS = 300


def report(line):
    """Adds what was measured to RESULTS/k8s-report.txt."""
    with open(RESULTS / "k8s-report.txt", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def enter_network(descriptor):
    """This thread, and the threads and processes that it makes, see the network of that namespace."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Cluster:
    """kubectl on the cluster that `kubeconfig` names; our objects are in NAMESPACE. is_our_own: of
    the node that this process shares the network with."""

    def __init__(self, program, kubeconfig, is_our_own):
        self.program = program
        self.is_our_own = is_our_own
        self.environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}

    def _command(self, arguments):
        words = [str(word) for word in arguments]
        namespace = [] if "-n" in words or "-A" in words else ["--namespace", NAMESPACE]
        return [self.program, *namespace, *words]

    def kubectl(self, *arguments, data=None, check=True, timeout=180):
        """What it printed; StackError with its errors where it failed and check is set."""
        command = self._command(arguments)
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            words = " ".join(map(str, arguments))
            raise StackError(f"kubectl {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @staticmethod
    def wait(condition, seconds, what):
        """wait_until, at a pace that leaves the machine to the cluster."""
        return wait_until(condition, seconds, what, 0.25)

    def as_account(self, name):
        """The same cluster as a service account of ours sees it."""
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
        token = self.kubectl("create", "token", name).strip()
        config["users"] = [{"name": name, "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = name
        path = BUILD / f"{name}.kubeconfig"
        path.write_text(json.dumps(config), encoding="utf-8")
        return Cluster(self.program, path, self.is_our_own)

    def get(self, *arguments):
        """`kubectl get`, parsed."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def names(self, *arguments):
        """Of what `kubectl get` finds."""
        return [item["metadata"]["name"] for item in self.get(*arguments)["items"]]

    def background(self, name, *arguments):
        """kubectl as a Process that is not started."""
        return Process(name, self._command(arguments), RESULTS, env=self.environment)

    def collect(self, name):
        """Writes what there is to know into RESULTS/k8s-NAME/ after a failure."""
        directory = RESULTS / f"k8s-{name}"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        looks = {
            "objects.txt": ("get", "all,pvc,lease,endpointslices", "-o", "wide"),
            "events.txt": ("get", "events", "--sort-by=.metadata.creationTimestamp"),
            "pods.txt": ("describe", "pods"),
        }
        for file, arguments in looks.items():
            text = self.kubectl(*arguments, check=False, timeout=60)
            (directory / file).write_text(text, encoding="utf-8")
        for pod in self.names("pods"):
            for previous in ("false", "true"):
                text = self.kubectl(
                    "logs", pod, "--all-containers", f"--previous={previous}", check=False
                )
                if text:
                    path = directory / f"{pod}{'-previous' if previous == 'true' else ''}.log"
                    path.write_text(text, encoding="utf-8")


class Node:
    """node.sh, and this process in its network while it runs."""

    def __init__(self):
        self.directory = BUILD / "run"
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "k8s-node.log").unlink(missing_ok=True)
        self.process = Process("k8s-node", [HERE / "node.sh", BUILD, self.directory], RESULTS)
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY)

    def start(self):
        (self.directory / "ready").unlink(missing_ok=True)
        self.process.start().wait_ready(self._is_ready, NODE_SECONDS)
        inside = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        enter_network(inside)
        os.close(inside)
        return self

    def _is_ready(self):
        return (self.directory / "ready").exists() and (self.directory / "pid").exists()

    @property
    def pid(self):
        return (self.directory / "pid").read_text(encoding="ascii").strip()

    @property
    def kubeconfig(self):
        return self.directory / "admin.kubeconfig"

    def run(self, *command):
        """Runs a command in the node's namespaces; what it printed."""
        enter = ["nsenter", "--target", self.pid, "--mount", "--net", "--pid"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def import_image(self, archive, tag=None):
        """tag: under this tag instead of its own."""
        images = ["ctr", "-n", "k8s.io", "images"]
        name = self.run(*images, "import", str(archive)).split()[1]
        if tag:
            self.run(*images, "tag", "--force", name, f"{name.rpartition(':')[0]}:{tag}")

    @staticmethod
    def kill_pod(pod):
        """kill -9 of all its processes, as if the power had failed there. `pod` as of Cluster.get."""
        for path in Path("/sys/fs/cgroup").glob(f"**/pod{pod['metadata']['uid']}/*/cgroup.procs"):
            for number in path.read_text(encoding="ascii").split():
                with suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGKILL)

    def clear_volumes(self):
        self.run("find", "/run/volumes", "-mindepth", "1", "-delete")

    def audit(self):
        """The API server's audit events so far, oldest first."""
        with open(self.directory / "log/audit.log", encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def stop(self):
        enter_network(self._outside)
        self.process.stop(60)


@contextmanager
def own_node():
    node = Node()
    try:
        yield node.start()
    finally:
        node.stop()
